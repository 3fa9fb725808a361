/* Many broken ciphertexts, one answer: neither the verdict nor the time tells an attacker what was
 * wrong (Jager and Somorovsky 2011, Bleichenbacher 1998). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identity/saml/saml_verify.h"
#include "tests/identity/saml/lab.h"

enum { VARIANTS = 120 }; /* of each kind */

struct oracle {
    struct fixture fixture;
    struct saml_verifier *verifier;
};

static int setup(void **state) {
    struct oracle *oracle = calloc(1, sizeof *oracle);
    if (oracle == NULL) {
        return -1;
    }
    fixture_open(&oracle->fixture);
    *state = oracle;
    return is_ok(saml_verify_start(&oracle->fixture.scope, &oracle->verifier)) ? 0 : -1;
}

static int teardown(void **state) {
    struct oracle *oracle = *state;
    saml_verify_stop(&oracle->verifier);
    fixture_close(&oracle->fixture);
    free(oracle);
    return 0;
}

static const struct kind {
    const char *name, *data, *transport;
    enum forge_damage damage;
    enum forge_owner key;
} KINDS[] = {
    {"GCM, the first block", FORGE_AES128_GCM, FORGE_OAEP, FORGE_DAMAGED_FIRST, FORGE_SP},
    {"GCM, the tag", FORGE_AES256_GCM, FORGE_OAEP, FORGE_DAMAGED_LAST, FORGE_SP},
    {"CBC, the padding", FORGE_AES128_CBC, FORGE_OAEP, FORGE_DAMAGED_PADDING, FORGE_SP},
    {"the wrapped key", FORGE_AES128_GCM, FORGE_OAEP, FORGE_DAMAGED_KEY, FORGE_SP},
    {"a key of another length", FORGE_AES128_GCM, FORGE_OAEP, FORGE_SHORT_KEY, FORGE_SP},
    {"for another key", FORGE_AES128_GCM, FORGE_OAEP, FORGE_INTACT, FORGE_ATTACKER},
};
enum { KIND_COUNT = sizeof KINDS / sizeof KINDS[0] };

/* A Response that nobody signed, where the connection opens even CBC in such: the worst case. */
static struct str variant(struct lab *lab, const struct kind *kind, unsigned number) {
    const char *plain = forge_done(lab->arena, assertion_of(lab, good(lab)));
    return posted(
        lab,
        forge_response(&lab->forge, &(struct forge_response){
                                        .assertion_xml = forge_encrypt(
                                            lab->arena, str_from_c(plain), "EncryptedAssertion",
                                            &(struct forge_encryption){.key = kind->key,
                                                                       .data = kind->data,
                                                                       .transport = kind->transport,
                                                                       .damage = kind->damage,
                                                                       .bit = number})}));
}

static int64_t cpu_ns(void) {
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The processor time of one refusal, which must be the one there is. */
static int64_t refused_ns(struct oracle *oracle, const struct kind *kind, unsigned number) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena, .env = &oracle->fixture.env};
    struct lab lab;
    lab_open(&lab, &scope, OF_RESPONSE);
    lab.trust.cbc = SAML_CBC_ALWAYS;
    const struct saml_key_source keys = lab_keys(&lab);
    const struct str message = variant(&lab, kind, number);
    struct saml_response *response = NEW(arena, struct saml_response);
    const int64_t begin_ns = cpu_ns();
    const result got =
        saml_verify_response(&scope, oracle->verifier, &lab.trust, &keys, message, response);
    const int64_t used_ns = cpu_ns() - begin_ns;
    assert_failed(got, &scope, UNAUTHENTICATED, "saml.decrypt");
    return used_ns;
}

static void whatever_is_wrong_with_a_ciphertext_looks_the_same(void **state) {
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (unsigned number = 0; number < VARIANTS; number++) {
            (void) refused_ns(*state, &KINDS[i], number * 7);
        }
    }
}

static int by_size(const void *a, const void *b) {
    const int64_t left = *(const int64_t *) a, right = *(const int64_t *) b;
    return (left > right) - (left < right);
}

/* Fastest and slowest tenth left out: what the machine does beside. */
static void the_time_of_a_refusal_does_not_tell_what_was_wrong(void **state) {
    int64_t low[KIND_COUNT], high[KIND_COUNT];
    int64_t used[KIND_COUNT][VARIANTS];
    for (unsigned number = 0; number < VARIANTS; number++) { /* taking turns */
        for (size_t i = 0; i < KIND_COUNT; i++) {
            used[i][number] = refused_ns(*state, &KINDS[i], number);
        }
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        qsort(used[i], VARIANTS, sizeof used[i][0], by_size);
        low[i] = used[i][VARIANTS / 10];
        high[i] = used[i][VARIANTS - 1 - VARIANTS / 10];
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        for (size_t j = 0; j < KIND_COUNT; j++) {
            if (low[i] > high[j]) {
                fail_msg("\"%s\" takes at least %lld ns, \"%s\" at most %lld ns", KINDS[i].name,
                         (long long) low[i], KINDS[j].name, (long long) high[j]);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_wrong_with_a_ciphertext_looks_the_same),
        cmocka_unit_test(the_time_of_a_refusal_does_not_tell_what_was_wrong),
    };
    return cmocka_run_group_tests(tests, setup, teardown); /* the verifier is one per process */
}
