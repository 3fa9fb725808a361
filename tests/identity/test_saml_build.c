#include "identity/saml/saml_build.h"

#include <stdlib.h>

#include "base/x509.h"
#include "identity/saml/saml_metadata_write.h"
#include "tests/support/saml_message.h"

#define IDP "https://idp.example/metadata"
#define SSO "https://idp.example/sso?tenant=7&x=y"
#define SLO "https://idp.example/slo"
#define SLR "https://idp.example/slo-answers"
#define ID  "_0123456789abcdef0123456789abcdef01234567"
#define AT  INT64_C(1767323045678000) /* 2026-01-02T03:04:05.678Z */

struct ours { /* of the whole program: RSA keys are slow to make */
    struct fixture fixture;
    struct saml_builder *builder;
    struct secret key_pem[2];
    struct x509 certificate[2];
};

static struct ours ours;

static int start(void **state) {
    (void) state;
    fixture_open(&ours.fixture);
    struct scope *scope = &ours.fixture.scope;
    assert_int_equal(setenv("LASSO_FLAG", "no-verify-signature", 1), 0);
    assert_ok(saml_build_start(scope, &ours.builder));
    for (size_t i = 0; i < 2; i++) {
        const struct x509_wish wish = {.common_name = STR("ours"),
                                       .bits = 2048,
                                       .not_before_us = AT,
                                       .not_after_us = AT + S_TO_US(3600)};
        assert_ok(x509_make(scope, &wish, &ours.key_pem[i], &ours.certificate[i]));
    }
    return 0;
}

static int stop(void **state) {
    (void) state;
    saml_build_stop(&ours.builder);
    fixture_close(&ours.fixture);
    return 0;
}

static struct saml_party party_with(struct scope *scope, size_t key, enum saml_binding binding) {
    const struct saml_service service = {.entity_id = STR("https://us.example/saml/1/metadata"),
                                         .acs_url = STR("https://us.example/saml/1/acs"),
                                         .slo_url = STR("https://us.example/saml/1/slo"),
                                         .signing_count = 1,
                                         .signing = {ours.certificate[key].der},
                                         .signs_requests = true};
    struct saml_party party = {
        .connection_id = STR("1"),
        .version = 1,
        .key = {.key_pem = ours.key_pem[key].bytes,
                .certificate_pem = x509_to_pem(scope->arena, ours.certificate[key].der),
                .certificate_der = ours.certificate[key].der},
        .idp_entity_id = STR(IDP),
        .sign_on = {.binding = binding, .location = STR(SSO)},
        .logout = {.binding = binding, .location = STR(SLO)},
    };
    assert_ok(saml_metadata_write_service(scope, &service, &party.sp_metadata));
    return party;
}

static struct saml_authn_request plain_request(enum saml_binding binding) {
    return (struct saml_authn_request){
        .binding = binding,
        .id = STR(ID),
        .issue_instant_us = AT,
        .acs_url = STR("https://us.example/saml/1/acs"),
        .relay_state = STR("handle & more"),
        .is_signed = true,
    };
}

static struct saml_outgoing sent(struct scope *scope, const struct saml_party *party,
                                 const struct saml_authn_request *request) {
    struct saml_outgoing outgoing;
    assert_ok(saml_build_authn_request(scope, ours.builder, party, request, &outgoing));
    return outgoing;
}

static void assert_says(const struct saml_message *message, const char *xpath, const char *value) {
    assert_str(saml_message_ask(message, xpath), value);
}

static const enum saml_binding BOTH[] = {SAML_REDIRECT, SAML_POST};

static void a_request_carries_our_id_time_and_addresses_in_both_bindings(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (size_t i = 0; i < 2; i++) {
        const struct saml_party party = party_with(scope, 0, BOTH[i]);
        const struct saml_authn_request request = plain_request(BOTH[i]);
        const struct saml_outgoing outgoing = sent(scope, &party, &request);
        AUTO(saml_message_close)
        struct saml_message message = saml_message_open(scope, &outgoing);
        assert_says(&message, "name(/*)", "samlp:AuthnRequest");
        assert_says(&message, "string(/*/@ID)", ID);
        assert_says(&message, "string(/*/@Version)", "2.0");
        assert_says(&message, "string(/*/@IssueInstant)", "2026-01-02T03:04:05Z");
        assert_says(&message, "string(/*/@Destination)", SSO);
        assert_says(&message, "string(/*/saml:Issuer)", "https://us.example/saml/1/metadata");
        assert_says(&message, "string(/*/@AssertionConsumerServiceURL)",
                    "https://us.example/saml/1/acs");
        assert_says(&message, "string(/*/@ProtocolBinding)",
                    "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
        assert_says(&message, "count(/*/@AssertionConsumerServiceIndex)", "0");
    }
}

static void a_request_is_signed_with_sha_256_by_our_key_and_no_other(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (size_t i = 0; i < 2; i++) {
        const struct saml_party party = party_with(scope, 0, BOTH[i]);
        const struct saml_authn_request request = plain_request(BOTH[i]);
        const struct saml_outgoing outgoing = sent(scope, &party, &request);
        assert_true(saml_message_is_signed(scope, &outgoing, ours.certificate[0].der));
        assert_false(saml_message_is_signed(scope, &outgoing, ours.certificate[1].der));
        const struct str text = BOTH[i] == SAML_POST ? outgoing.value : outgoing.url;
        assert_true(str_find(text, STR("sha1")) < 0);
    }
}

static void a_request_is_unsigned_when_the_connection_says_so(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (size_t i = 0; i < 2; i++) {
        const struct saml_party party = party_with(scope, 0, BOTH[i]);
        struct saml_authn_request request = plain_request(BOTH[i]);
        request.is_signed = false;
        const struct saml_outgoing outgoing = sent(scope, &party, &request);
        AUTO(saml_message_close)
        struct saml_message message = saml_message_open(scope, &outgoing);
        assert_says(&message, "count(//ds:Signature)", "0");
        assert_true(str_find(outgoing.url, STR("Signature=")) < 0);
    }
}

static void a_redirect_keeps_the_query_of_the_address_and_carries_the_relay_state(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct saml_party party = party_with(scope, 0, SAML_REDIRECT);
    const struct saml_authn_request request = plain_request(SAML_REDIRECT);
    const struct saml_outgoing outgoing = sent(scope, &party, &request);
    assert_true(str_has_prefix(outgoing.url, STR(SSO "&SAMLRequest=")));
    assert_str(saml_message_parameter(scope, outgoing.url, "RelayState"), "handle & more");
    assert_int_equal(outgoing.value.len, 0);
}

static void a_post_gives_the_form_its_field_and_the_relay_state_beside_it(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct saml_party party = party_with(scope, 0, SAML_POST);
    const struct saml_authn_request request = plain_request(SAML_POST);
    const struct saml_outgoing outgoing = sent(scope, &party, &request);
    assert_str(outgoing.url, SSO);
    assert_str(outgoing.field, "SAMLRequest");
    assert_str(outgoing.relay_state, "handle & more");
}

static void no_name_id_policy_is_asked_for_unless_named(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct saml_party party = party_with(scope, 0, SAML_REDIRECT);
    struct saml_authn_request request = plain_request(SAML_REDIRECT);
    const struct saml_outgoing without = sent(scope, &party, &request);
    request.name_id_format = STR("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    const struct saml_outgoing with = sent(scope, &party, &request);
    AUTO(saml_message_close) struct saml_message first = saml_message_open(scope, &without);
    AUTO(saml_message_close) struct saml_message second = saml_message_open(scope, &with);
    assert_says(&first, "count(//samlp:NameIDPolicy)", "0");
    assert_says(&second, "string(//samlp:NameIDPolicy/@Format)",
                "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    assert_says(&second, "string(//samlp:NameIDPolicy/@AllowCreate)", "true");
    assert_says(&second, "count(//samlp:NameIDPolicy/@SPNameQualifier)", "0");
}

static void force_and_passive_are_said_only_when_asked(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct saml_party party = party_with(scope, 0, SAML_REDIRECT);
    struct saml_authn_request request = plain_request(SAML_REDIRECT);
    const struct saml_outgoing quiet = sent(scope, &party, &request);
    request.is_forced = true;
    const struct saml_outgoing forced = sent(scope, &party, &request);
    request.is_forced = false;
    request.is_passive = true;
    const struct saml_outgoing passive = sent(scope, &party, &request);
    AUTO(saml_message_close) struct saml_message first = saml_message_open(scope, &quiet);
    AUTO(saml_message_close) struct saml_message second = saml_message_open(scope, &forced);
    AUTO(saml_message_close) struct saml_message third = saml_message_open(scope, &passive);
    assert_says(&first, "string(/*/@ForceAuthn = 'true' or /*/@IsPassive = 'true')", "false");
    assert_says(&second, "string(/*/@ForceAuthn)", "true");
    assert_says(&second, "string(/*/@IsPassive = 'true')", "false");
    assert_says(&third, "string(/*/@IsPassive)", "true");
    assert_says(&third, "string(/*/@ForceAuthn = 'true')", "false");
}

static void each_wanted_context_is_asked_for_exactly(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    static const struct str CLASSES[] = {
        STR_INIT("urn:oasis:names:tc:SAML:2.0:ac:classes:X509"),
        STR_INIT("https://refeds.org/profile/mfa"),
    };
    const struct saml_party party = party_with(scope, 0, SAML_REDIRECT);
    struct saml_authn_request request = plain_request(SAML_REDIRECT);
    const struct saml_outgoing without = sent(scope, &party, &request);
    request.class_refs = CLASSES;
    request.class_ref_count = 2;
    const struct saml_outgoing with = sent(scope, &party, &request);
    AUTO(saml_message_close) struct saml_message first = saml_message_open(scope, &without);
    AUTO(saml_message_close) struct saml_message second = saml_message_open(scope, &with);
    assert_says(&first, "count(//samlp:RequestedAuthnContext)", "0");
    assert_says(&second, "string(//samlp:RequestedAuthnContext/@Comparison)", "exact");
    assert_says(&second, "count(//saml:AuthnContextClassRef)", "2");
    assert_says(&second, "string(//saml:AuthnContextClassRef[1])",
                "urn:oasis:names:tc:SAML:2.0:ac:classes:X509");
    assert_says(&second, "string(//saml:AuthnContextClassRef[2])",
                "https://refeds.org/profile/mfa");
}

static void a_new_key_signs_at_once_although_the_version_stays(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct saml_authn_request request = plain_request(SAML_REDIRECT);
    for (size_t key = 0; key < 2; key++) {
        const struct saml_party party = party_with(scope, key, SAML_REDIRECT);
        const struct saml_outgoing outgoing = sent(scope, &party, &request);
        assert_true(saml_message_is_signed(scope, &outgoing, ours.certificate[key].der));
    }
}

static void more_connections_than_are_kept_all_get_their_own_message(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_party party = party_with(scope, 0, SAML_REDIRECT);
    const struct saml_authn_request request = plain_request(SAML_REDIRECT);
    for (int i = 0; i < SAML_SERVERS_MAX + 8; i++) {
        party.connection_id = str_format(scope->arena, "c%d", i);
        party.sign_on.location = str_format(scope->arena, "https://idp.example/sso/%d", i);
        const struct saml_outgoing outgoing = sent(scope, &party, &request);
        const struct str start_of =
            str_format(scope->arena, "%.*s?SAMLRequest=", STR_ARG(party.sign_on.location));
        assert_true(str_has_prefix(outgoing.url, start_of));
    }
}

static struct saml_logout_request goodbye(enum saml_binding binding) {
    return (struct saml_logout_request){
        .binding = binding,
        .id = STR(ID),
        .issue_instant_us = AT,
        .not_on_or_after_us = AT + S_TO_US(300),
        .name_id = {.value = STR("a<b&\"c"),
                    .format = STR("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
                    .name_qualifier = STR(IDP),
                    .sp_name_qualifier = STR("group")},
        .relay_state = STR("handle"),
    };
}

static void a_logout_request_names_the_person_and_every_session(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    static const struct str INDEXES[] = {STR_INIT("_s1"), STR_INIT("_s2")};
    for (size_t i = 0; i < 2; i++) {
        const struct saml_party party = party_with(scope, 0, BOTH[i]);
        struct saml_logout_request request = goodbye(BOTH[i]);
        request.session_indexes = INDEXES;
        request.session_index_count = 2;
        struct saml_outgoing outgoing;
        assert_ok(saml_build_logout_request(scope, ours.builder, &party, &request, &outgoing));
        assert_true(saml_message_is_signed(scope, &outgoing, ours.certificate[0].der));
        assert_false(saml_message_is_signed(scope, &outgoing, ours.certificate[1].der));
        AUTO(saml_message_close)
        struct saml_message message = saml_message_open(scope, &outgoing);
        assert_says(&message, "name(/*)", "samlp:LogoutRequest");
        assert_says(&message, "string(/*/@ID)", ID);
        assert_says(&message, "string(/*/@IssueInstant)", "2026-01-02T03:04:05Z");
        assert_says(&message, "string(/*/@NotOnOrAfter)", "2026-01-02T03:09:05Z");
        assert_says(&message, "string(/*/@Destination)", SLO);
        assert_says(&message, "string(/*/saml:Issuer)", "https://us.example/saml/1/metadata");
        assert_says(&message, "string(/*/saml:NameID)", "a<b&\"c");
        assert_says(&message, "string(/*/saml:NameID/@Format)",
                    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
        assert_says(&message, "string(/*/saml:NameID/@NameQualifier)", IDP);
        assert_says(&message, "string(/*/saml:NameID/@SPNameQualifier)", "group");
        assert_says(&message, "count(/*/samlp:SessionIndex)", "2");
        assert_says(&message, "string(/*/samlp:SessionIndex[1])", "_s1");
        assert_says(&message, "string(/*/samlp:SessionIndex[2])", "_s2");
    }
}

static void a_logout_request_without_sessions_means_all_and_names_no_qualifiers(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct saml_party party = party_with(scope, 0, SAML_REDIRECT);
    struct saml_logout_request request = goodbye(SAML_REDIRECT);
    request.name_id = (struct saml_name_id){.value = STR("alice")};
    struct saml_outgoing outgoing;
    assert_ok(saml_build_logout_request(scope, ours.builder, &party, &request, &outgoing));
    AUTO(saml_message_close) struct saml_message message = saml_message_open(scope, &outgoing);
    assert_says(&message, "count(/*/samlp:SessionIndex)", "0");
    assert_says(&message, "string(/*/saml:NameID)", "alice");
    assert_says(&message, "count(/*/saml:NameID/@*)", "0");
    assert_str(saml_message_parameter(scope, outgoing.url, "RelayState"), "handle");
}

static void a_logout_response_answers_the_request_at_the_response_address(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (size_t i = 0; i < 4; i++) {
        const bool is_partial = i >= 2;
        struct saml_party party = party_with(scope, 0, BOTH[i % 2]);
        party.logout.response_location = is_partial ? STR(SLR) : STR("");
        const struct saml_logout_response response = {.binding = BOTH[i % 2],
                                                      .id = STR(ID),
                                                      .in_response_to = STR("_theirs"),
                                                      .relay_state = STR("theirs too"),
                                                      .issue_instant_us = AT,
                                                      .is_partial = is_partial};
        struct saml_outgoing outgoing;
        assert_ok(saml_build_logout_response(scope, ours.builder, &party, &response, &outgoing));
        assert_true(saml_message_is_signed(scope, &outgoing, ours.certificate[0].der));
        assert_false(saml_message_is_signed(scope, &outgoing, ours.certificate[1].der));
        assert_true(str_has_prefix(outgoing.url, is_partial ? STR(SLR) : STR(SLO)));
        assert_str(outgoing.relay_state, "theirs too");
        AUTO(saml_message_close)
        struct saml_message message = saml_message_open(scope, &outgoing);
        assert_says(&message, "name(/*)", "samlp:LogoutResponse");
        assert_says(&message, "string(/*/@ID)", ID);
        assert_says(&message, "string(/*/@Version)", "2.0");
        assert_says(&message, "string(/*/@InResponseTo)", "_theirs");
        assert_says(&message, "string(/*/@IssueInstant)", "2026-01-02T03:04:05Z");
        assert_says(&message, "string(/*/@Destination)", is_partial ? SLR : SLO);
        assert_says(&message, "string(/*/saml:Issuer)", "https://us.example/saml/1/metadata");
        assert_says(&message, "string(/*/samlp:Status/samlp:StatusCode/@Value)",
                    "urn:oasis:names:tc:SAML:2.0:status:Success");
        assert_says(&message, "string(//samlp:StatusCode/samlp:StatusCode/@Value)",
                    is_partial ? "urn:oasis:names:tc:SAML:2.0:status:PartialLogout" : "");
    }
}

static void what_cannot_be_made_has_one_reason(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_outgoing outgoing = {.url = STR("untouched")};
    const struct saml_authn_request request = plain_request(SAML_REDIRECT);
    const struct saml_logout_request logout = goodbye(SAML_REDIRECT);
    struct saml_party wrong[] = {
        party_with(scope, 0, SAML_POST), /* another binding than asked */
        party_with(scope, 0, SAML_REDIRECT), party_with(scope, 0, SAML_REDIRECT),
        party_with(scope, 0, SAML_REDIRECT), party_with(scope, 0, SAML_REDIRECT),
    };
    wrong[1].key.key_pem = STR("no key");
    wrong[2].sp_metadata = STR("<html/>");
    wrong[3].idp_entity_id = STR("\xff");
    wrong[4].sign_on.location = STR("https://idp.example/\nsso");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_failed(saml_build_authn_request(scope, ours.builder, &wrong[i], &request, &outgoing),
                      scope, INTERNAL, "saml.build");
    }
    struct saml_party silent = party_with(scope, 0, SAML_REDIRECT);
    silent.logout.location = STR("");
    assert_failed(saml_build_logout_request(scope, ours.builder, &silent, &logout, &outgoing),
                  scope, INTERNAL, "saml.build");
    assert_str(outgoing.url, "untouched");
}

static void the_start_takes_away_the_switch_that_turns_checks_off(void **state) {
    (void) state;
    assert_null(getenv("LASSO_FLAG"));
    assert_string_equal(getenv("TZ"), "UTC");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_request_carries_our_id_time_and_addresses_in_both_bindings),
        SENTENCE(a_request_is_signed_with_sha_256_by_our_key_and_no_other),
        SENTENCE(a_request_is_unsigned_when_the_connection_says_so),
        SENTENCE(a_redirect_keeps_the_query_of_the_address_and_carries_the_relay_state),
        SENTENCE(a_post_gives_the_form_its_field_and_the_relay_state_beside_it),
        SENTENCE(no_name_id_policy_is_asked_for_unless_named),
        SENTENCE(force_and_passive_are_said_only_when_asked),
        SENTENCE(each_wanted_context_is_asked_for_exactly),
        SENTENCE(a_new_key_signs_at_once_although_the_version_stays),
        SENTENCE(more_connections_than_are_kept_all_get_their_own_message),
        SENTENCE(a_logout_request_names_the_person_and_every_session),
        SENTENCE(a_logout_request_without_sessions_means_all_and_names_no_qualifiers),
        SENTENCE(a_logout_response_answers_the_request_at_the_response_address),
        SENTENCE(what_cannot_be_made_has_one_reason),
        SENTENCE(the_start_takes_away_the_switch_that_turns_checks_off),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
