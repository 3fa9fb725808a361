/* What lasso makes, read by our own gate and verifier: the two halves were written against the same
 * standard by different hands. First everything is made, then the verifier takes away from xmlsec
 * what it does not want. */

#include "base/x509.h"
#include "identity/saml/saml_build.h"
#include "identity/saml/saml_metadata_write.h"
#include "identity/saml/saml_verify.h"
#include "tests/support/fixture.h"

#define IDP "https://idp.example/metadata"
#define AT  INT64_C(1767323045000000) /* 2026-01-02T03:04:05Z */

struct sides {
    struct fixture fixture;
    struct saml_builder *builder;
    struct saml_verifier *verifier;
    struct x509 certificate[2];
    struct saml_outgoing requests[SAML_BINDING_COUNT], responses[SAML_BINDING_COUNT];
};

static struct sides sides;

static struct saml_party party_with(struct scope *scope, struct secret key_pem,
                                    enum saml_binding binding) {
    const struct saml_service service = {.entity_id = STR("https://us.example/saml/1/metadata"),
                                         .acs_url = STR("https://us.example/saml/1/acs"),
                                         .slo_url = STR("https://us.example/saml/1/slo"),
                                         .signing_count = 1,
                                         .signing = {sides.certificate[0].der},
                                         .signs_requests = true};
    struct saml_party party = {
        .connection_id = STR("1"),
        .key = {.key_pem = key_pem.bytes,
                .certificate_pem = x509_to_pem(scope->arena, sides.certificate[0].der),
                .certificate_der = sides.certificate[0].der},
        .idp_entity_id = STR(IDP),
        .sign_on = {.binding = binding, .location = STR("https://idp.example/sso")},
        .logout = {.binding = binding, .location = STR("https://idp.example/slo")},
    };
    assert_ok(saml_metadata_write_service(scope, &service, &party.sp_metadata));
    return party;
}

static void build(struct scope *scope, struct secret key_pem, enum saml_binding binding) {
    static const struct str INDEXES[] = {STR_INIT("_s1"), STR_INIT("_s2")};
    const struct saml_party party = party_with(scope, key_pem, binding);
    const struct saml_logout_request request = {
        .binding = binding,
        .id = STR("_request"),
        .issue_instant_us = AT,
        .not_on_or_after_us = AT + S_TO_US(300),
        .name_id = {.value = STR("alice & bob"),
                    .format = STR("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
                    .name_qualifier = STR(IDP),
                    .sp_name_qualifier = STR("group")},
        .session_index_count = 2,
        .session_indexes = INDEXES,
        .relay_state = STR("handle"),
    };
    const struct saml_logout_response response = {.binding = binding,
                                                  .id = STR("_response"),
                                                  .in_response_to = STR("_theirs"),
                                                  .relay_state = STR("theirs"),
                                                  .issue_instant_us = AT,
                                                  .is_partial = true};
    assert_ok(saml_build_logout_request(scope, sides.builder, &party, &request,
                                        &sides.requests[binding]));
    assert_ok(saml_build_logout_response(scope, sides.builder, &party, &response,
                                         &sides.responses[binding]));
}

static int start(void **state) {
    (void) state;
    fixture_open(&sides.fixture);
    struct scope *scope = &sides.fixture.scope;
    struct secret key_pem[2];
    for (size_t i = 0; i < 2; i++) {
        const struct x509_wish wish = {.common_name = STR("ours"),
                                       .bits = 2048,
                                       .not_before_us = AT,
                                       .not_after_us = AT + S_TO_US(3600)};
        assert_ok(x509_make(scope, &wish, &key_pem[i], &sides.certificate[i]));
    }
    assert_ok(saml_build_start(scope, &sides.builder));
    build(scope, key_pem[0], SAML_REDIRECT);
    build(scope, key_pem[0], SAML_POST);
    assert_ok(saml_verify_start(scope, &sides.verifier));
    return 0;
}

static int stop(void **state) {
    (void) state;
    saml_verify_stop(&sides.verifier);
    saml_build_stop(&sides.builder);
    fixture_close(&sides.fixture);
    return 0;
}

static result read_back(struct scope *scope, const struct saml_outgoing *outgoing,
                        const struct x509 *certificate, bool is_request, struct saml_logout *ret) {
    const struct saml_trust trust = {
        .connection_id = STR("1"), .certificate_count = 1, .certificates = &certificate->der};
    const struct saml_key_source keys = {.open = NULL};
    struct saml_logout_input input = {.binding = outgoing->binding, .is_request = is_request};
    struct str address;
    input.bytes =
        outgoing->binding == SAML_POST ? outgoing->value : str_split(outgoing->url, '?', &address);
    return saml_verify_logout(scope, sides.verifier, &trust, &keys, &input, ret);
}

static void our_verifier_believes_our_logout_requests(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (int binding = 0; binding < SAML_BINDING_COUNT; binding++) {
        struct saml_logout *read = NEW(scope->arena, struct saml_logout);
        assert_ok(read_back(scope, &sides.requests[binding], &sides.certificate[0], true, read));
        assert_true(read->is_request);
        assert_str(read->id, "_request");
        assert_str(read->issuer, "https://us.example/saml/1/metadata");
        assert_str(read->destination, "https://idp.example/slo");
        assert_int_equal(read->issue_instant.us, AT);
        assert_int_equal(read->not_on_or_after.us, AT + S_TO_US(300));
        assert_str(read->name_id.value, "alice & bob");
        assert_str(read->name_id.format, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
        assert_str(read->name_id.name_qualifier, IDP);
        assert_str(read->name_id.sp_name_qualifier, "group");
        assert_int_equal(read->session_index_count, 2);
        assert_str(read->session_indexes[1], "_s2");
    }
    assert_str(sides.requests[SAML_POST].relay_state, "handle");
}

static void our_verifier_believes_our_logout_responses(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (int binding = 0; binding < SAML_BINDING_COUNT; binding++) {
        struct saml_logout *read = NEW(scope->arena, struct saml_logout);
        assert_ok(read_back(scope, &sides.responses[binding], &sides.certificate[0], false, read));
        assert_false(read->is_request);
        assert_str(read->id, "_response");
        assert_str(read->in_response_to, "_theirs");
        assert_str(read->status, "urn:oasis:names:tc:SAML:2.0:status:Success");
        assert_str(read->sub_status, "urn:oasis:names:tc:SAML:2.0:status:PartialLogout");
    }
}

static void nobody_believes_them_with_another_certificate(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (int binding = 0; binding < SAML_BINDING_COUNT; binding++) {
        struct saml_logout *read = NEW(scope->arena, struct saml_logout);
        assert_failed(read_back(scope, &sides.requests[binding], &sides.certificate[1], true, read),
                      scope, UNAUTHENTICATED, "saml.signature");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(our_verifier_believes_our_logout_requests),
        SENTENCE(our_verifier_believes_our_logout_responses),
        SENTENCE(nobody_believes_them_with_another_certificate),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
