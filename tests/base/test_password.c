#include "base/password.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/support/fixture.h"

static struct secret secret_of(const char *text) {
    return (struct secret){str_from_c(text)};
}

static void the_right_password_and_no_other_matches(void **state) {
    struct fixture *f = *state;
    struct str hash;
    assert_ok(password_hash(&f->scope, secret_of("correct horse"), &hash));
    assert_true(str_has_prefix(hash, STR("$argon2id$v=19$m=19456,t=2,p=1$")));
    assert_ok(password_verify(&f->scope, secret_of("correct horse"), hash));
    static const char *const WRONG[] = {"correct hors", "correct horsf", "Correct horse",
                                        "correct horse ", ""};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        assert_failed(password_verify(&f->scope, secret_of(WRONG[i]), hash), &f->scope,
                      UNAUTHENTICATED, "password.mismatch");
    }
}

static void a_nul_does_not_end_a_password(void **state) {
    struct fixture *f = *state;
    struct str hash;
    const struct secret whole = {STR("0123456789\0tail")};
    const struct secret cut = {STR("0123456789")};
    assert_ok(password_hash(&f->scope, whole, &hash));
    assert_ok(password_verify(&f->scope, whole, hash));
    assert_failed(password_verify(&f->scope, cut, hash), &f->scope, UNAUTHENTICATED,
                  "password.mismatch");
}

static void the_same_password_hashes_differently_each_time(void **state) {
    struct fixture *f = *state;
    struct str first;
    struct str second;
    assert_ok(password_hash(&f->scope, secret_of("correct horse"), &first));
    assert_ok(password_hash(&f->scope, secret_of("correct horse"), &second));
    assert_false(str_eq(first, second));
}

static void a_length_outside_the_bounds_is_refused(void **state) {
    struct fixture *f = *state;
    char long_text[PASSWORD_MAX_BYTES + 1];
    memset(long_text, 'a', sizeof long_text);
    const struct secret longest = {{long_text, PASSWORD_MAX_BYTES}};
    const struct secret too_long = {{long_text, PASSWORD_MAX_BYTES + 1}};
    struct str hash;
    assert_ok(password_hash(&f->scope, longest, &hash));
    assert_ok(password_verify(&f->scope, longest, hash));
    assert_failed(password_verify(&f->scope, too_long, hash), &f->scope, UNAUTHENTICATED,
                  "password.mismatch");
    assert_failed(password_hash(&f->scope, too_long, &hash), &f->scope, INVALID, "password.length");
    assert_failed(password_hash(&f->scope, secret_of("123456789"), &hash), &f->scope, INVALID,
                  "password.length");
    assert_ok(password_hash(&f->scope, secret_of("1234567890"), &hash));
}

static void an_absent_or_malformed_hash_never_matches(void **state) {
    struct fixture *f = *state;
    static const struct str HASHES[] = {
        STR_INIT(""),
        STR_INIT("plain text"),
        STR_INIT("$argon2id$v=19$m=19456,t=2,p=1$"),
        STR_INIT("$argon2id$v=19$m=19456,t=2,p=1$nH21ZNGsymEADeBUsvmWVw$\0"),
        STR_INIT("$argon2id$v=19$m=19456,t=2,p=1$nH21ZNGsymEADeBUsvmWVwnH21ZNGsymEADeBUsvmWVw$QX/"
                 "PuQvGTVU8JGjIOxihJXHS4zAdWrLKOxYIwxlMzkEQX/PuQvGTVU8JGjIOxihJXHS4zAdWrLKOxYIw"),
    };
    for (size_t i = 0; i < sizeof HASHES / sizeof HASHES[0]; i++) {
        assert_failed(password_verify(&f->scope, secret_of(""), HASHES[i]), &f->scope,
                      UNAUTHENTICATED, "password.mismatch");
        assert_failed(password_verify(&f->scope, secret_of("correct horse"), HASHES[i]), &f->scope,
                      UNAUTHENTICATED, "password.mismatch");
    }
}

/* CPU time of this thread, which other load does not stretch. */
static int64_t verify_cpu_us(struct fixture *f, struct str hash) {
    struct timespec start;
    struct timespec end;
    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    assert_failed(password_verify(&f->scope, secret_of("wrong password"), hash), &f->scope,
                  UNAUTHENTICATED, "password.mismatch");
    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    return (end.tv_sec - start.tv_sec) * 1000000 + (end.tv_nsec - start.tv_nsec) / 1000;
}

static int64_t fastest_of_five(struct fixture *f, struct str hash) {
    int64_t fastest = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        const int64_t us = verify_cpu_us(f, hash);
        fastest = us < fastest ? us : fastest;
    }
    return fastest;
}

static void an_unknown_account_takes_as_long_as_a_wrong_password(void **state) {
    struct fixture *f = *state;
    struct str hash;
    assert_ok(password_hash(&f->scope, secret_of("correct horse"), &hash));
    const int64_t known_us = fastest_of_five(f, hash);
    const int64_t unknown_us = fastest_of_five(f, STR(""));
    assert_true(unknown_us * 2 > known_us && known_us * 2 > unknown_us);
}

static void a_hash_of_other_cost_verifies_and_asks_for_a_rehash(void **state) {
    struct fixture *f = *state;
    /* libargon2's reference: "password", "somesalt", t=2, m=2^16, p=1 (RFC 9106 implementation) */
    const struct str old = STR("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
                               "$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
    struct str hash;
    assert_ok(password_verify(&f->scope, secret_of("password"), old));
    assert_true(password_needs_rehash(old));
    assert_ok(password_hash(&f->scope, secret_of("correct horse"), &hash));
    assert_false(password_needs_rehash(hash));
    assert_true(password_needs_rehash(STR("")));
    assert_true(password_needs_rehash(STR("plain text")));
}

#ifndef ARENA_DEBUG /* sanitizers need the address space */
static void too_little_memory_makes_no_hash_and_lets_nobody_in(void **state) {
    struct fixture *f = *state;
    struct str hash;
    assert_ok(password_hash(&f->scope, secret_of("correct horse"), &hash));
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    const struct rlimit tight = {16 * 1024 * 1024, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &tight), 0);
    struct str other = STR("untouched");
    const result hashed = password_hash(&f->scope, secret_of("correct horse"), &other);
    const char *hash_reason = f->scope.reason;
    const result verified = password_verify(&f->scope, secret_of("correct horse"), hash);
    assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
    assert_int_equal(hashed.code, UNAVAILABLE);
    assert_string_equal(hash_reason, "password.memory");
    assert_false(is_ok(verified));
    assert_str(other, "untouched");
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_right_password_and_no_other_matches),
        SENTENCE(a_nul_does_not_end_a_password),
        SENTENCE(the_same_password_hashes_differently_each_time),
        SENTENCE(a_length_outside_the_bounds_is_refused),
        SENTENCE(an_absent_or_malformed_hash_never_matches),
        SENTENCE(an_unknown_account_takes_as_long_as_a_wrong_password),
        SENTENCE(a_hash_of_other_cost_verifies_and_asks_for_a_rehash),
#ifndef ARENA_DEBUG
        SENTENCE(too_little_memory_makes_no_hash_and_lets_nobody_in),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
