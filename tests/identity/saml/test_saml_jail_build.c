/* lasso behind its filter: the build child of the server's own table makes what a provider reads.
 */
#include <stdlib.h>

#include "base/x509.h"
#include "identity/saml/saml_jail_life.h"
#include "identity/saml/saml_metadata_write.h"
#include "tests/support/jail_ready.h"
#include "tests/support/saml_message.h"

#define SSO "https://idp.example/sso?tenant=7"
#define AT  INT64_C(1767323045678000) /* 2026-01-02T03:04:05.678Z */

struct ours { /* of the whole program: RSA keys are slow to make */
    struct fixture fixture;
    struct secret key;
    struct x509 certificate;
};

static struct ours ours;
static const char *program;

static int start(void **state) {
    (void) state;
    fixture_open(&ours.fixture);
    const struct x509_wish wish = {.common_name = STR("ours"),
                                   .bits = 2048,
                                   .not_before_us = AT,
                                   .not_after_us = AT + S_TO_US(3600)};
    assert_ok(x509_make(&ours.fixture.scope, &wish, &ours.key, &ours.certificate));
    return 0;
}

static int stop(void **state) {
    (void) state;
    fixture_close(&ours.fixture);
    return 0;
}

static void die(void *context, size_t role, enum jail_outcome cause) {
    (void) context;
    (void) role;
    (void) cause;
    abort(); /* a good message may cost no child its life */
}

static struct saml_jail *open_jail(unsigned messages) {
    const struct saml_jail_settings settings = {
        .env = &ours.fixture.env,
        .roles = &SAML_JAIL_ROLES,
        .program = program,
        .children = {1, 1},
        .messages = messages,
        .on_death = die,
    };
    struct saml_jail *jail = NULL;
    assert_ok(saml_jail_new(&ours.fixture.scope, &settings, &jail));
    assert_ok(jail_wait_ready(&ours.fixture.scope, jail));
    return jail;
}

static struct saml_party our_party(struct scope *scope) {
    const struct saml_service service = {.entity_id = STR("https://us.example/saml/1/metadata"),
                                         .acs_url = STR("https://us.example/saml/1/acs"),
                                         .slo_url = STR("https://us.example/saml/1/slo"),
                                         .signing_count = 1,
                                         .signing = {ours.certificate.der},
                                         .signs_requests = true};
    struct saml_party party = {
        .connection_id = STR("1"),
        .version = 1,
        .key = {.key_pem = ours.key.bytes,
                .certificate_pem = x509_to_pem(scope->arena, ours.certificate.der),
                .certificate_der = ours.certificate.der},
        .idp_entity_id = STR("https://idp.example/metadata"),
        .sign_on = {.binding = SAML_REDIRECT, .location = STR(SSO)},
        .logout = {.binding = SAML_REDIRECT, .location = STR("https://idp.example/slo")},
    };
    assert_ok(saml_metadata_write_service(scope, &service, &party.sp_metadata));
    return party;
}

static void send_one(struct saml_jail *jail, enum saml_binding binding, const char *id) {
    struct scope *scope = &ours.fixture.scope;
    struct saml_party party = our_party(scope);
    party.sign_on.binding = binding;
    const struct saml_authn_request request = {
        .binding = binding,
        .id = str_from_c(id),
        .issue_instant_us = AT,
        .acs_url = STR("https://us.example/saml/1/acs"),
        .relay_state = STR("handle"),
        .is_signed = true,
    };
    struct saml_outgoing outgoing;
    assert_ok(saml_jail_authn_request(scope, jail, &party, &request, &outgoing));
    assert_int_equal(outgoing.binding, binding);
    AUTO(saml_message_close) struct saml_message message = saml_message_open(scope, &outgoing);
    assert_str(saml_message_ask(&message, "string(/samlp:AuthnRequest/@ID)"), id);
    assert_true(saml_message_is_signed(scope, &outgoing, ours.certificate.der));
}

static void requests_of_both_bindings_are_signed_by_a_closed_in_child(void **state) {
    (void) state;
    struct saml_jail *jail = open_jail(1000);
    send_one(jail, SAML_REDIRECT, "_0123456789abcdef0123456789abcdef01234567");
    send_one(jail, SAML_REDIRECT, "_1123456789abcdef0123456789abcdef01234567"); /* a kept server */
    send_one(jail, SAML_POST, "_2123456789abcdef0123456789abcdef01234567");
    saml_jail_free(&jail);
}

static void a_fresh_child_for_each_message_does_as_well(void **state) {
    (void) state;
    struct saml_jail *jail = open_jail(1);
    send_one(jail, SAML_REDIRECT, "_0123456789abcdef0123456789abcdef01234567");
    send_one(jail, SAML_POST, "_1123456789abcdef0123456789abcdef01234567");
    saml_jail_free(&jail);
}

static void what_cannot_be_made_is_a_reason_and_no_crash(void **state) {
    (void) state;
    struct scope *scope = &ours.fixture.scope;
    struct saml_jail *jail = open_jail(1000);
    struct saml_party party = our_party(scope);
    party.key.key_pem = STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    party.version = 2;
    const struct saml_authn_request request = {
        .id = STR("_0123456789abcdef0123456789abcdef01234567"),
        .issue_instant_us = AT,
        .acs_url = STR("https://us.example/saml/1/acs"),
        .is_signed = true,
    };
    struct saml_outgoing outgoing;
    assert_failed(saml_jail_authn_request(scope, jail, &party, &request, &outgoing), scope,
                  INTERNAL, "saml.build");
    send_one(jail, SAML_REDIRECT, "_0123456789abcdef0123456789abcdef01234567");
    saml_jail_free(&jail);
}

int main(int argc, char **argv) {
    int code = 0;
    program = argv[0];
    if (jail_keeper_main(&SAML_JAIL_ROLES, argc, argv, &code)) {
        return code;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_both_bindings_are_signed_by_a_closed_in_child),
        cmocka_unit_test(a_fresh_child_for_each_message_does_as_well),
        cmocka_unit_test(what_cannot_be_made_is_a_reason_and_no_crash),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
