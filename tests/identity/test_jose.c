/* The door to signatures, the same list for the library and for OpenSSL (test_jose_openssl is this
 * file, linked with the other half of jose.c). */

#include "identity/oidc/jose.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64url.h"
#include "base/log.h"
#include "tests/support/fixture.h"
#include "tests/support/signer.h"

/* One door per process, and RSA keys are slow to make: made once, read only. */
struct door {
    struct fixture fixture;
    struct jose *jose;
    struct signer signers[JOSE_ALG_COUNT];
    struct signer stranger;
};

static int open_door(void **state) {
    struct door *door = calloc(1, sizeof *door);
    assert_non_null(door);
    fixture_open(&door->fixture);
    struct scope *scope = &door->fixture.scope;
    assert_ok(jose_start(scope, &door->jose));
    const struct signer rsa = signer_make(scope, JOSE_RS256, "k");
    for (int alg = 0; alg < JOSE_ALG_COUNT; alg++) {
        door->signers[alg] = alg <= JOSE_PS512 ? signer_with_alg(&rsa, (enum jose_alg) alg)
                                               : signer_make(scope, (enum jose_alg) alg, "k");
    }
    door->stranger = signer_make(scope, JOSE_ES256, "k");
    *state = door;
    return 0;
}

static int close_door(void **state) {
    struct door *door = *state;
    jose_stop(&door->jose);
    fixture_close(&door->fixture);
    free(door);
    return 0;
}

static const struct str PAYLOAD = STR_INIT("{\"iss\":\"https://op.example\",\"sub\":\"alice\"}");

static result verify(struct door *door, const struct signer *keys, enum jose_alg alg,
                     struct str token) {
    AUTO(jose_key_close) struct jose_key *key = NULL;
    assert_ok(jose_key_open(&door->fixture.scope, door->jose, &keys->jwk.key, &key));
    return jose_verify(&door->fixture.scope, key, alg, token);
}

static struct str token_of(struct door *door, enum jose_alg alg) {
    return signer_token(&door->fixture.scope, &door->signers[alg], PAYLOAD);
}

#define assert_refused(door_, expression)                                                          \
    assert_failed(expression, &(door_)->fixture.scope, UNAUTHENTICATED, "jwt.signature")

static void every_algorithm_accepts_its_own_token(void **state) {
    struct door *door = *state;
    for (int alg = 0; alg < JOSE_ALG_COUNT; alg++) {
        assert_ok(verify(door, &door->signers[alg], (enum jose_alg) alg,
                         token_of(door, (enum jose_alg) alg)));
    }
}

static void one_turned_bit_in_any_part_is_refused(void **state) {
    struct door *door = *state;
    for (int alg = 0; alg < JOSE_ALG_COUNT; alg++) {
        const struct str token = token_of(door, (enum jose_alg) alg);
        const size_t payload = (size_t) str_find_byte(token, '.') + 1;
        const size_t spots[] = {2, payload + 9, token.len - 20};
        for (size_t i = 0; i < sizeof spots / sizeof spots[0]; i++) {
            const struct str damaged = flipped(&door->fixture.scope, token, spots[i]);
            assert_refused(door, verify(door, &door->signers[alg], (enum jose_alg) alg, damaged));
        }
    }
}

static void a_token_of_another_key_is_refused(void **state) {
    struct door *door = *state;
    const struct str token = signer_token(&door->fixture.scope, &door->stranger, PAYLOAD);
    assert_refused(door, verify(door, &door->signers[JOSE_ES256], JOSE_ES256, token));
}

static void a_ps256_token_is_refused_where_rs256_was_asked(void **state) {
    struct door *door = *state;
    assert_refused(
        door, verify(door, &door->signers[JOSE_RS256], JOSE_RS256, token_of(door, JOSE_PS256)));
    assert_refused(
        door, verify(door, &door->signers[JOSE_RS256], JOSE_PS256, token_of(door, JOSE_RS256)));
    assert_refused(
        door, verify(door, &door->signers[JOSE_RS256], JOSE_RS512, token_of(door, JOSE_RS256)));
}

static void an_algorithm_of_another_kind_of_key_is_refused(void **state) {
    struct door *door = *state;
    assert_refused(
        door, verify(door, &door->signers[JOSE_ES256], JOSE_RS256, token_of(door, JOSE_ES256)));
    assert_refused(
        door, verify(door, &door->signers[JOSE_ES256], JOSE_ES384, token_of(door, JOSE_ES256)));
}

static void a_token_with_algorithm_none_is_refused(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    const struct str naked = unsigned_token(scope, "{\"alg\":\"none\"}", PAYLOAD);
    assert_refused(door, verify(door, &door->signers[JOSE_RS256], JOSE_RS256, naked));
    const struct str padded = str_format(scope->arena, "%.*sAAAA", STR_ARG(naked));
    assert_refused(door, verify(door, &door->signers[JOSE_RS256], JOSE_RS256, padded));
}

static void an_hmac_keyed_with_the_public_key_is_refused(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    const struct str key = jwk_canonical(scope, &door->signers[JOSE_RS256].jwk.key);
    const struct str token = hmac_token(scope, "{\"alg\":\"HS256\"}", PAYLOAD, key);
    for (int alg = 0; alg < JOSE_ALG_COUNT; alg++) {
        assert_refused(door, verify(door, &door->signers[JOSE_RS256], (enum jose_alg) alg, token));
    }
}

static void a_key_inside_the_token_does_not_count(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    const struct str own = jwk_canonical(scope, &door->stranger.jwk.key);
    const char *header = NULL;
    assert_ok(str_to_c(scope,
                       str_format(scope->arena, "{\"alg\":\"ES256\",\"jwk\":%.*s}", STR_ARG(own)),
                       &header));
    const struct str token = signer_sign(scope, &door->stranger, header, PAYLOAD);
    assert_ok(verify(door, &door->stranger, JOSE_ES256, token));
    assert_refused(door, verify(door, &door->signers[JOSE_ES256], JOSE_ES256, token));
}

static void text_that_is_no_token_is_refused(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    const struct str good = token_of(door, JOSE_ES256);
    const struct str refused[] = {
        STR(""),
        STR("."),
        STR(".."),
        STR("a.b"),
        jwk_canonical(scope, &door->signers[JOSE_ES256].jwk.key),
        str_format(scope->arena, "%.*s.", STR_ARG(good)),
        str_format(scope->arena, "%.*s=", STR_ARG(good)),
        str_format(scope->arena, "%.*sA", STR_ARG(good)),
        str_format(scope->arena, " %.*s", STR_ARG(good)),
        str_format(scope->arena, "%.*s\n", STR_ARG(good)),
        str_first(good, good.len - 1),
        str_from(good, 1),
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_refused(door, verify(door, &door->signers[JOSE_ES256], JOSE_ES256, refused[i]));
    }
}

static void a_token_with_an_embedded_nul_is_refused(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    const struct str good = token_of(door, JOSE_ES256);
    char *longer = arena_alloc(scope->arena, good.len + 2);
    memcpy(longer, good.at, good.len);
    longer[good.len + 1] = 'x';
    assert_refused(door, verify(door, &door->signers[JOSE_ES256], JOSE_ES256,
                                (struct str){longer, good.len + 2}));
}

static void times_are_not_judged_at_the_door(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    const struct str expired =
        signer_token(scope, &door->signers[JOSE_RS256], STR("{\"exp\":1,\"iat\":9999999999}"));
    assert_ok(verify(door, &door->signers[JOSE_RS256], JOSE_RS256, expired));
}

static void a_token_that_was_good_for_one_key_is_not_good_for_another_one_later(void **state) {
    struct door *door = *state;
    const struct str token = token_of(door, JOSE_ES256);
    assert_ok(verify(door, &door->signers[JOSE_ES256], JOSE_ES256, token));
    assert_refused(door, verify(door, &door->stranger, JOSE_ES256, token));
    assert_ok(verify(door, &door->signers[JOSE_ES256], JOSE_ES256, token));
}

static void only_names_of_the_table_are_algorithms(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    static const char *const REFUSED[] = {"none", "None", "HS256", "HS512", "ES256K",
                                          "RS1",  "",     "rs256", "RS256 "};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        enum jose_alg alg;
        assert_failed(jose_alg_parse(scope, str_from_c(REFUSED[i]), &alg), scope, INVALID,
                      "jose.alg");
    }
    enum jose_alg alg;
    assert_ok(jose_alg_parse(scope, STR("Ed25519"), &alg));
    assert_int_equal(alg, JOSE_EDDSA);
}

static struct str with_byte(struct scope *scope, struct str bytes, size_t at, unsigned char value) {
    char *copy = arena_alloc(scope->arena, bytes.len);
    memcpy(copy, bytes.at, bytes.len);
    copy[at] = (char) value;
    return (struct str){copy, bytes.len};
}

#define assert_no_key(door_, jwk_)                                                                 \
    do {                                                                                           \
        struct jose_key *key_ = NULL;                                                              \
        assert_failed(jose_key_open(&(door_)->fixture.scope, (door_)->jose, jwk_, &key_),          \
                      &(door_)->fixture.scope, INVALID, "jose.key");                               \
        assert_null(key_);                                                                         \
    } while (0)

static void an_rsa_key_outside_the_limits_is_refused(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    const struct jwk_public good = door->signers[JOSE_RS256].jwk.key;
    struct jwk_public jwk = good;
    jwk.n = str_first(good.n, 255); /* 2040 bits */
    assert_no_key(door, &jwk);
    jwk.n = STR("");
    assert_no_key(door, &jwk);
    jwk = good;
    jwk.n = with_byte(scope, good.n, good.n.len - 1, 2); /* even */
    assert_no_key(door, &jwk);
    char *huge = arena_alloc(scope->arena, 1025);
    memset(huge, 0xff, 1025);
    jwk.n = (struct str){huge, 1025};
    assert_no_key(door, &jwk);
    static const char *const EXPONENTS[] = {"\x01", "\x02", "\x01\x01\x01\x01\x01\x01\x01\x01\x01"};
    for (size_t i = 0; i < sizeof EXPONENTS / sizeof EXPONENTS[0]; i++) {
        jwk = good;
        jwk.e = str_from_c(EXPONENTS[i]);
        assert_no_key(door, &jwk);
    }
    jwk = good;
    jwk.e = STR("");
    assert_no_key(door, &jwk);
}

static void a_point_off_the_curve_is_refused(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    for (int alg = JOSE_ES256; alg <= JOSE_ES512; alg++) {
        struct jwk_public jwk = door->signers[alg].jwk.key;
        jwk.y = flipped(scope, jwk.y, 7);
        assert_no_key(door, &jwk);
    }
}

static void coordinates_of_another_length_are_refused(void **state) {
    struct door *door = *state;
    struct jwk_public jwk = door->signers[JOSE_ES256].jwk.key;
    jwk.x = str_first(jwk.x, 31);
    assert_no_key(door, &jwk);
    jwk.y = str_first(jwk.y, 31);
    assert_no_key(door, &jwk);
    jwk = door->signers[JOSE_EDDSA].jwk.key;
    jwk.x = str_first(jwk.x, 31);
    assert_no_key(door, &jwk);
}

enum { THREADS = 4, ROUNDS = 200 };

struct verifier {
    const struct door *door;
    const struct jose_key *key;
    struct str good, bad;
    int mistakes;
};

static void *verify_many(void *argument) {
    struct verifier *verifier = argument;
    struct fixture fixture;
    fixture_open(&fixture);
    for (int i = 0; i < ROUNDS; i++) {
        verifier->mistakes +=
            !is_ok(jose_verify(&fixture.scope, verifier->key, JOSE_ES256, verifier->good));
        verifier->mistakes +=
            is_ok(jose_verify(&fixture.scope, verifier->key, JOSE_ES256, verifier->bad));
        arena_reset(fixture.scope.arena);
    }
    fixture_close(&fixture);
    return NULL;
}

static void four_threads_share_one_key(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    AUTO(jose_key_close) struct jose_key *key = NULL;
    assert_ok(jose_key_open(scope, door->jose, &door->signers[JOSE_ES256].jwk.key, &key));
    const struct str good = token_of(door, JOSE_ES256);
    struct verifier verifiers[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        verifiers[i] = (struct verifier){door, key, good, flipped(scope, good, good.len - 9), 0};
        assert_int_equal(pthread_create(&threads[i], NULL, verify_many, &verifiers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(verifiers[i].mistakes, 0);
    }
}

/* The library puts whole tokens into its messages: none may reach the terminal. */
static void nothing_is_written_to_the_terminal(void **state) {
    struct door *door = *state;
    (void) fflush(stderr);
    FILE *caught = tmpfile();
    assert_non_null(caught);
    const int kept = dup(STDERR_FILENO);
    assert_true(dup2(fileno(caught), STDERR_FILENO) >= 0);
    const struct str good = token_of(door, JOSE_RS256);
    const result first = verify(door, &door->signers[JOSE_RS256], JOSE_RS256, good);
    const result second = verify(door, &door->signers[JOSE_RS256], JOSE_RS256,
                                 flipped(&door->fixture.scope, good, good.len - 9));
    (void) fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void) close(kept);
    assert_ok(first);
    assert_int_equal(second.code, UNAUTHENTICATED);
    (void) fseek(caught, 0, SEEK_END);
    assert_int_equal(ftell(caught), 0);
    (void) fclose(caught);
}

static void our_own_keys_sign_what_their_public_half_verifies(void **state) {
    struct door *door = *state;
    struct scope *scope = &door->fixture.scope;
    static const enum jose_alg OWN[] = {JOSE_ES256, JOSE_PS256, JOSE_EDDSA, JOSE_RS256};
    for (size_t i = 0; i < sizeof OWN / sizeof OWN[0]; i++) {
        const struct signer *signer = &door->signers[OWN[i]];
        struct jwk_public public;
        assert_ok(jose_private_public(scope, signer->pkcs8, &public));
        assert_true(jose_alg_fits(OWN[i], &public));
        assert_ok(verify(door, signer, OWN[i], token_of(door, OWN[i])));
    }
    struct str out;
    assert_failed(jose_sign(scope, (struct secret){STR("no key")}, JOSE_ES256, STR("a.b"), &out),
                  scope, INVALID, "jose.private");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_accepts_its_own_token),
        cmocka_unit_test(one_turned_bit_in_any_part_is_refused),
        cmocka_unit_test(a_token_of_another_key_is_refused),
        cmocka_unit_test(a_ps256_token_is_refused_where_rs256_was_asked),
        cmocka_unit_test(an_algorithm_of_another_kind_of_key_is_refused),
        cmocka_unit_test(a_token_with_algorithm_none_is_refused),
        cmocka_unit_test(an_hmac_keyed_with_the_public_key_is_refused),
        cmocka_unit_test(a_key_inside_the_token_does_not_count),
        cmocka_unit_test(text_that_is_no_token_is_refused),
        cmocka_unit_test(a_token_with_an_embedded_nul_is_refused),
        cmocka_unit_test(times_are_not_judged_at_the_door),
        cmocka_unit_test(a_token_that_was_good_for_one_key_is_not_good_for_another_one_later),
        cmocka_unit_test(only_names_of_the_table_are_algorithms),
        cmocka_unit_test(an_rsa_key_outside_the_limits_is_refused),
        cmocka_unit_test(a_point_off_the_curve_is_refused),
        cmocka_unit_test(coordinates_of_another_length_are_refused),
        cmocka_unit_test(four_threads_share_one_key),
        cmocka_unit_test(nothing_is_written_to_the_terminal),
        cmocka_unit_test(our_own_keys_sign_what_their_public_half_verifies),
    };
    return cmocka_run_group_tests(tests, open_door, close_door);
}
