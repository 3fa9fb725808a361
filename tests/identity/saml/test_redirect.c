#include "identity/saml/saml_redirect.h"
#include "tests/identity/saml/verify_desk.h"

#include <string.h>

#define SHA256 "http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256"
#define TAIL   "&SigAlg=" SHA256 "&Signature=YWJj"

static const struct {
    const char *query, *reason; /* NULL: accepted */
} QUERIES[] = {
    {"SAMLRequest=a" TAIL, NULL},
    {"SAMLResponse=a&RelayState=b" TAIL, NULL},
    {"Signature=YWJj&x=y&SigAlg=" SHA256 "&y&RelayState=&SAMLRequest=a", NULL},
    {"", "saml.query"},
    {"x=y" TAIL, "saml.query"},
    {"SAMLRequest=a&SAMLResponse=b" TAIL, "saml.query"},
    {"SAMLRequest=a&SAMLRequest=a" TAIL, "saml.query"},
    {"SAMLRequest=a&RelayState=b&RelayState=b" TAIL, "saml.query"},
    {"SAMLRequest=a&Signature=YWJj" TAIL, "saml.query"},
    {"SAMLRequest=a&%52elayState=b" TAIL, "saml.query"},
    {"SAMLRequest=a&SAMLReques%74=b" TAIL, "saml.query"},
    {"SAMLRequest=a&x%zz=b" TAIL, "saml.query"},
    {"SAMLRequest=a;RelayState=b" TAIL, NULL}, /* all of it is the value, and so it is signed */
    {"x;SAMLRequest=a" TAIL, "saml.query"},
    {"samlrequest=a" TAIL, "saml.query"},
    {"SAMLRequest=a", "saml.unsigned"},
    {"SAMLRequest=a&Signature=YWJj", "saml.query"},
    {"SAMLRequest=a&SigAlg=" SHA256, "saml.query"},
    {"SAMLRequest=a&SigAlg=%zz&Signature=YWJj", "saml.query"},
    {"SAMLRequest=a&SigAlg=" SHA256 "&Signature=YWJ", "saml.query"},
    {"SAMLRequest=a&RelayState=%zz" TAIL, "saml.query"},
    {"SAMLRequest=a&SigAlg=&Signature=YWJj", "saml.gate_algorithm"},
    {"SAMLRequest=a&SigAlg=http%3A%2F%2Fwww.w3.org%2F2000%2F09%2Fxmldsig%23rsa-sha1&Signature=YWJj",
     "saml.gate_algorithm"},
};

static void names_are_literal_and_come_once(void **state) {
    struct verify_desk *desk = *state;
    struct scope *scope = &desk->fixture.scope;
    for (size_t i = 0; i < sizeof QUERIES / sizeof QUERIES[0]; i++) {
        struct saml_query got;
        scope->reason = "";
        const result parsed = saml_redirect_parse(scope, str_from_c(QUERIES[i].query), false, &got);
        const char *wanted = QUERIES[i].reason == NULL ? "" : QUERIES[i].reason;
        if (is_ok(parsed) != (QUERIES[i].reason == NULL) || strcmp(scope->reason, wanted) != 0) {
            fail_msg("%s: %s", QUERIES[i].query, scope->reason);
        }
    }
}

static void the_signature_is_over_the_raw_parts_in_their_order(void **state) {
    struct verify_desk *desk = *state;
    struct saml_query got;
    assert_ok(saml_redirect_parse(
        &desk->fixture.scope,
        STR("x=1&RelayState=%62&Signature=YWJj&SigAlg=" SHA256 "&SAMLRequest=a%2b+"), false, &got));
    assert_str(got.given.bytes, "SAMLRequest=a%2b+&RelayState=%62&SigAlg=" SHA256);
    assert_str(got.given.signature, "abc");
    assert_str(got.relay_state, "b");
    assert_str(got.message, "a%2b+");
    assert_true(got.is_request);
    assert_int_equal(got.given.kind, SIGNATURE_RSA_SHA256);
}

static result logout(struct verify_desk *desk, const char *query, struct saml_logout *ret) {
    const struct saml_logout_input input = {.binding = SAML_REDIRECT, .bytes = str_from_c(query)};
    return saml_verify_logout(&desk->fixture.scope, desk->verifier, &desk->trust, &desk->source,
                              &input, ret);
}

static const char *request(struct verify_desk *desk) {
    return forge_done(desk->forge.arena,
                      forge_logout_request(&desk->forge, &(struct forge_logout_request){0}));
}

static void a_signed_query_is_read(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_signing rsa = {.key = FORGE_IDP};
    const struct forge_signing ec = {.key = FORGE_IDP_P384, .method = FORGE_ECDSA_SHA384};
    struct saml_logout got;
    assert_ok(
        logout(desk, forge_redirect(arena, "SAMLRequest", request(desk), "handle", &rsa), &got));
    assert_true(got.is_request);
    assert_true(got.protection.is_message_signed);
    assert_str(got.name_id.value, "ada-4711");
    assert_str(got.session_indexes[0], "_session-1");
    assert_str(got.relay_state, "handle");
    assert_str(got.issuer, desk->forge.idp);
    trust_only(desk, FORGE_IDP_P384);
    assert_ok(logout(desk, forge_redirect(arena, "SAMLRequest", request(desk), NULL, &ec), &got));
    assert_str(got.protection.signature_algorithm, FORGE_ECDSA_SHA384);
}

static void a_long_relay_state_is_left_out(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_signing rsa = {.key = FORGE_IDP};
    struct saml_logout got;
    assert_ok(logout(
        desk, forge_redirect(arena, "SAMLRequest", request(desk), repeat(arena, "x", 80), &rsa),
        &got));
    assert_int_equal(got.relay_state.len, 80);
    assert_ok(logout(
        desk, forge_redirect(arena, "SAMLRequest", request(desk), repeat(arena, "x", 81), &rsa),
        &got));
    assert_int_equal(got.relay_state.len, 0);
}

static void the_field_says_which_message_it_is(void **state) {
    struct verify_desk *desk = *state;
    const struct forge_signing rsa = {.key = FORGE_IDP};
    struct saml_logout got;
    assert_failed(
        logout(desk, forge_redirect(desk->forge.arena, "SAMLResponse", request(desk), NULL, &rsa),
               &got),
        &desk->fixture.scope, INVALID, "saml.gate_element");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK(names_are_literal_and_come_once),
        DESK(the_signature_is_over_the_raw_parts_in_their_order),
        DESK(a_signed_query_is_read),
        DESK(a_long_relay_state_is_left_out),
        DESK(the_field_says_which_message_it_is),
    };
    return RUN_DESK(tests);
}
