#include "identity/oidc/oidc_metadata.h"

#include "identity/oidc/jose.h"
#include "tests/support/fixture.h"

#define ISSUER "https://op.example/realm"
#define NEEDED                                                                                     \
    "\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"https://op.example/a\","               \
    "\"token_endpoint\":\"https://op.example/t\",\"jwks_uri\":\"https://op.example/k\""

static result parse(struct fixture *f, const char *text, struct oidc_metadata *ret) {
    return oidc_metadata_parse(&f->scope, STR(ISSUER), str_from_c(text), ret);
}

static void the_address_is_made_from_the_issuer_with_and_without_a_slash(void **state) {
    struct fixture *f = *state;
    assert_str(oidc_metadata_url(&f->scope, STR("https://op.example")),
               "https://op.example/.well-known/openid-configuration");
    assert_str(oidc_metadata_url(&f->scope, STR("https://op.example/realm/")),
               "https://op.example/realm/.well-known/openid-configuration");
}

static void what_is_needed_is_enough(void **state) {
    struct fixture *f = *state;
    struct oidc_metadata metadata;
    assert_ok(parse(f, "{" NEEDED "}", &metadata));
    assert_str(metadata.token_endpoint, "https://op.example/t");
    assert_int_equal(metadata.userinfo_endpoint.len, 0);
    assert_false(metadata.is_iss_announced);
    assert_int_equal(metadata.algs, (1U << JOSE_ALG_COUNT) - 1);
}

static void what_else_is_said_is_read(void **state) {
    struct fixture *f = *state;
    struct oidc_metadata metadata;
    assert_ok(parse(f,
                    "{" NEEDED ",\"userinfo_endpoint\":\"https://op.example/u\","
                    "\"authorization_response_iss_parameter_supported\":true,"
                    "\"id_token_signing_alg_values_supported\":[\"none\",\"HS256\",\"ES256\",7]}",
                    &metadata));
    assert_true(metadata.is_iss_announced);
    assert_int_equal(metadata.algs, JOSE_BIT(JOSE_ES256));
    assert_str(metadata.userinfo_endpoint, "https://op.example/u");
}

static void each_rule_refuses_its_own_case(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *reason;
    } CASES[] = {
        {"", "oidc.metadata"},
        {"[]", "oidc.metadata"},
        {"{}", "oidc.metadata"},
        {"{" NEEDED ",\"issuer\":\"https://evil.example\"}", "oidc.metadata"},
        {"{\"issuer\":\"" ISSUER "/\"}", "oidc.issuer_mismatch"},
        {"{\"issuer\":\"https://OP.example/realm\"}", "oidc.issuer_mismatch"},
        {"{\"issuer\":\"" ISSUER "\"}", "oidc.endpoint"},
        {"{" NEEDED ",\"userinfo_endpoint\":\"http://op.example/u\"}", "oidc.endpoint"},
        {"{" NEEDED ",\"userinfo_endpoint\":\"file:///etc/passwd\"}", "oidc.endpoint"},
        {"{" NEEDED ",\"end_session_endpoint\":\"javascript:alert(1)\"}", "oidc.endpoint"},
        {"{" NEEDED ",\"end_session_endpoint\":7}", "oidc.endpoint"},
        {"{" NEEDED ",\"authorization_response_iss_parameter_supported\":\"yes\"}",
         "oidc.metadata"},
        {"{" NEEDED ",\"id_token_signing_alg_values_supported\":[\"none\",\"HS256\"]}",
         "oidc.algorithms"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct oidc_metadata metadata;
        assert_failed(parse(f, CASES[i].text, &metadata), &f->scope, UNAVAILABLE, CASES[i].reason);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_address_is_made_from_the_issuer_with_and_without_a_slash),
        SENTENCE(what_is_needed_is_enough),
        SENTENCE(what_else_is_said_is_read),
        SENTENCE(each_rule_refuses_its_own_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
