#include "identity/oidc/jwk.h"

#include "tests/support/fixture.h"

/* The RSA key of RFC 7638 section 3.1, whose thumbprint the RFC gives. */
#define RSA_MEMBERS                                                                                \
    "\"kty\":\"RSA\",\"n\":"                                                                       \
    "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK"                      \
    "7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4Q" \
    "yQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrd" \
    "kt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\"," \
    "\"e\":\"AQAB\""
#define EC_MEMBERS                                                                                 \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","      \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""
#define OKP_MEMBERS                                                                                \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""

static void the_thumbprint_is_that_of_rfc_7638(void **state) {
    struct fixture *f = *state;
    struct jwk_set set;
    assert_ok(jwks_parse(&f->scope, STR("{\"keys\":[{" RSA_MEMBERS "}]}"), &set));
    assert_int_equal(set.count, 1);
    assert_str(jwk_thumbprint(&f->scope, &set.keys[0].key),
               "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

static void the_members_that_decide_are_read(void **state) {
    struct fixture *f = *state;
    struct jwk_set set;
    assert_ok(jwks_parse(&f->scope,
                         STR("{\"keys\":[{" EC_MEMBERS ",\"kid\":\"a\",\"alg\":\"ES256\"},"
                             "{" OKP_MEMBERS ",\"use\":\"sig\",\"key_ops\":[\"verify\"]}]}"),
                         &set));
    assert_int_equal(set.count, 2);
    assert_str(set.keys[0].kid, "a");
    assert_true(set.keys[0].has_alg);
    assert_int_equal(set.keys[0].alg, JOSE_ES256);
    assert_int_equal(set.keys[0].key.x.len, 32);
    assert_int_equal(set.keys[1].key.curve, CURVE_ED25519);
    assert_false(set.keys[1].has_alg);
}

static void keys_that_cannot_sign_for_us_are_left_out(void **state) {
    struct fixture *f = *state;
    static const char *const LEFT_OUT[] = {
        "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T\"}",
        "{" EC_MEMBERS ",\"use\":\"enc\"}",
        "{" EC_MEMBERS ",\"key_ops\":[\"encrypt\"]}",
        "{" EC_MEMBERS ",\"alg\":\"ES384\"}",
        "{" EC_MEMBERS ",\"alg\":\"HS256\"}",
        "{" EC_MEMBERS ",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}",
        "{" EC_MEMBERS ",\"kid\":7}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        ("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_"
         "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"),
        "{\"kty\":\"RSA\",\"n\":\"AA==\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "7",
    };
    for (size_t i = 0; i < sizeof LEFT_OUT / sizeof LEFT_OUT[0]; i++) {
        struct jwk_set set;
        assert_ok(jwks_parse(
            &f->scope, str_format(f->scope.arena, "{\"keys\":[%s,{" OKP_MEMBERS "}]}", LEFT_OUT[i]),
            &set));
        assert_int_equal(set.count, 1);
        assert_int_equal(set.keys[0].key.kind, JWK_OKP);
    }
}

static void text_that_is_no_key_set_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {
        "", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[]} x", "{\"keys\":[],\"keys\":[]}", "<html>"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct jwk_set set;
        assert_failed(jwks_parse(&f->scope, str_from_c(REFUSED[i]), &set), &f->scope, INVALID,
                      "jwks.malformed");
    }
}

static void sixty_four_keys_are_read_and_sixty_five_refused(void **state) {
    struct fixture *f = *state;
    struct jwk_set set;
    struct strbuf text = strbuf_begin(f->scope.arena, 65536);
    strbuf_add_c(&text, "{\"keys\":[");
    for (int i = 0; i < JWKS_MAX_KEYS; i++) {
        strbuf_add_c(&text, i == 0 ? "{" OKP_MEMBERS "}" : ",{" OKP_MEMBERS "}");
    }
    const struct str start = str_copy(f->scope.arena, strbuf_str(&text));
    assert_ok(jwks_parse(&f->scope, str_format(f->scope.arena, "%.*s]}", STR_ARG(start)), &set));
    assert_int_equal(set.count, JWKS_MAX_KEYS);
    assert_failed(jwks_parse(&f->scope,
                             str_format(f->scope.arena, "%.*s,{" OKP_MEMBERS "}]}", STR_ARG(start)),
                             &set),
                  &f->scope, TOO_LARGE, "jwks.keys");
}

static void a_key_set_beyond_the_limit_is_refused_before_it_is_parsed(void **state) {
    struct fixture *f = *state;
    struct jwk_set set;
    const struct str text = {arena_alloc(f->scope.arena, JWKS_MAX_BYTES + 1), JWKS_MAX_BYTES + 1};
    assert_failed(jwks_parse(&f->scope, text, &set), &f->scope, TOO_LARGE, "jwks.size");
}

static void what_is_written_reads_back(void **state) {
    struct fixture *f = *state;
    struct jwk_set set;
    assert_ok(
        jwks_parse(&f->scope,
                   STR("{\"keys\":[{" EC_MEMBERS ",\"alg\":\"ES256\",\"kid\":\"e\"},{" RSA_MEMBERS
                       ",\"alg\":\"PS256\",\"kid\":\"r\"},{" OKP_MEMBERS
                       ",\"alg\":\"EdDSA\",\"kid\":\"o\"}]}"),
                   &set));
    assert_int_equal(set.count, 3);
    struct jwk_set again;
    assert_ok(jwks_parse(&f->scope, jwks_write(&f->scope, set.keys, set.count), &again));
    assert_int_equal(again.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(str_eq(again.keys[i].kid, set.keys[i].kid));
        assert_int_equal(again.keys[i].alg, set.keys[i].alg);
        assert_true(str_eq(jwk_thumbprint(&f->scope, &again.keys[i].key),
                           jwk_thumbprint(&f->scope, &set.keys[i].key)));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_thumbprint_is_that_of_rfc_7638),
        SENTENCE(the_members_that_decide_are_read),
        SENTENCE(keys_that_cannot_sign_for_us_are_left_out),
        SENTENCE(text_that_is_no_key_set_is_refused),
        SENTENCE(sixty_four_keys_are_read_and_sixty_five_refused),
        SENTENCE(a_key_set_beyond_the_limit_is_refused_before_it_is_parsed),
        SENTENCE(what_is_written_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
