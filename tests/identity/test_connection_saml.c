/* Settings of SAML connections: each field by itself, and what is stored reads back the same. */

#include "identity/connection_config.h"
#include "tests/support/fixture.h"

#define HEAD "\"kind\":\"saml\",\"name\":\"IdP\""
#define GOOD HEAD ",\"metadata_url\":\"https://idp.example/metadata\""
#define HAND                                                                                       \
    HEAD ",\"entity_id\":\"https://idp.example/\",\"sso_url\":\"https://idp.example/sso\","        \
         "\"certificate\":\"MIIB\""

static result read_input(struct fixture *f, const char *members, const struct connection *base,
                         struct connection_input *ret) {
    const struct json *body = NULL;
    assert_ok(json_read(&f->scope, str_format(f->scope.arena, "{%s}", members), &body));
    return connection_input_read(&f->scope, body, base, ret);
}

static const struct {
    const char *members, *reason;
} REFUSED[] = {
    {"\"kind\":\"saml2\",\"name\":\"IdP\"", "connection.kind"},
    {GOOD ",\"issuer\":\"https://idp.example\"", "connection.member"},
    {HEAD, "connection.source"},
    {HEAD ",\"metadata_url\":\"\"", "connection.source"},
    {HEAD ",\"metadata_url\":\"http://idp.example/metadata\"", "connection.metadata_url"},
    {HEAD ",\"metadata_url\":\"file:///etc/passwd\"", "connection.metadata_url"},
    {HEAD ",\"metadata_url\":7", "connection.metadata_url"},
    {HEAD ",\"metadata_xml\":7", "connection.metadata_xml"},
    {GOOD ",\"metadata_xml\":\"<x/>\"", "connection.source"},
    {HAND ",\"metadata_xml\":\"<x/>\"", "connection.source"},
    {HAND ",\"metadata_url\":\"https://idp.example/metadata\"", "connection.source"},
    {HEAD ",\"sso_url\":\"https://idp.example/sso\",\"certificate\":\"MIIB\"", "connection.source"},
    {HEAD ",\"sso_url\":\"https://idp.example/sso\",\"entity_id\":\"x\"", "connection.source"},
    {GOOD ",\"certificate\":\"MIIB\"", "connection.source"},
    {GOOD ",\"slo_url\":\"https://idp.example/slo\"", "connection.source"},
    {HEAD ",\"entity_id\":\"x\",\"sso_url\":\"https://idp.example/a b\",\"certificate\":\"MIIB\"",
     "connection.sso_url"},
    {HAND ",\"sso_binding\":\"artifact\"", "connection.binding"},
    {GOOD ",\"certificate\":\"PRIVATE KEY\"", "connection.certificate"},
    {GOOD ",\"certificate\":7", "connection.certificate"},
    {GOOD ",\"entity_id\":\"a b\"", "connection.entity_id"},
    {GOOD ",\"metadata_signer\":\"x\"", "connection.ca_pem"},
    {GOOD ",\"ca_pem\":\"x\"", "connection.ca_pem"},
    {GOOD ",\"sp_entity_id\":\"a\\nb\"", "connection.sp_entity_id"},
    {GOOD ",\"must_sign\":\"none\"", "connection.must_sign"},
    {GOOD ",\"cbc\":\"sometimes\"", "connection.cbc"},
    {GOOD ",\"idp_initiated\":\"on\"", "connection.idp_initiated"},
    {GOOD ",\"skew_s\":301", "connection.skew"},
    {GOOD ",\"skew_s\":-1", "connection.skew"},
    {GOOD ",\"allow_sha1\":\"yes\"", "connection.switch"},
    {GOOD ",\"email_trusted\":1", "connection.switch"},
    {GOOD ",\"name_id_format\":\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"",
     "connection.name_id_format"},
    {GOOD ",\"name_id_format\":7", "connection.name_id_format"},
    {GOOD ",\"authn_contexts\":\"x\"", "connection.authn_contexts"},
    {GOOD ",\"authn_contexts\":[\"\"]", "connection.authn_contexts"},
    {GOOD ",\"authn_contexts\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]",
     "connection.authn_contexts"},
    {GOOD ",\"subject_attribute\":7", "connection.subject_attribute"},
    {GOOD ",\"attributes\":{\"name\":\"x\"}", "connection.attributes"},
    {GOOD ",\"attributes\":{\"email\":7}", "connection.attributes"},
    {GOOD ",\"attributes\":\"email\"", "connection.attributes"},
    {GOOD ",\"roles\":[{\"group\":\"g\",\"role\":\"creator\"}]", "connection.roles"},
    {GOOD ",\"roles\":[{\"group\":\"g\",\"role\":\"root\"}]", "connection.roles"},
    {GOOD ",\"roles\":[{\"group\":\"\",\"role\":\"admin\"}]", "connection.roles"},
    {GOOD ",\"roles\":[{\"role\":\"admin\"}]", "connection.roles"},
    {GOOD ",\"roles\":[\"admin\"]", "connection.roles"},
    {GOOD ",\"match\":{\"claim\":\"mail\",\"attribute\":\"email\"}", "connection.match"},
};

static void every_field_is_checked_by_itself(void **state) {
    struct fixture *f = *state;
    struct connection_input *input = NEW(f->scope.arena, struct connection_input);
    assert_ok(read_input(f, GOOD, NULL, input));
    assert_ok(read_input(f, HAND, NULL, input));
    assert_ok(read_input(f, HEAD ",\"metadata_xml\":\"<x/>\"", NULL, input));
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        print_message("%s\n", REFUSED[i].members);
        assert_failed(read_input(f, REFUSED[i].members, NULL, input), &f->scope, INVALID,
                      REFUSED[i].reason);
    }
}

static void what_is_not_said_is_the_safe_choice(void **state) {
    struct fixture *f = *state;
    struct connection_input *input = NEW(f->scope.arena, struct connection_input);
    assert_ok(read_input(f, GOOD, NULL, input));
    const struct saml_settings *saml = &input->connection.saml;
    assert_int_equal(saml->must_sign, SAML_SIGNED_EITHER);
    assert_int_equal(saml->cbc, SAML_CBC_SIGNED_RESPONSE);
    assert_int_equal(saml->idp_initiated, SAML_IDP_INITIATED_OFF);
    assert_int_equal(saml->skew_s, 120);
    assert_false(saml->is_sha1_allowed);
    assert_false(saml->is_email_trusted);
    assert_true(saml->sign_requests);
    assert_int_equal(input->connection.provisioning, PROVISION_MATCH);
}

static void what_is_stored_reads_back_the_same(void **state) {
    struct fixture *f = *state;
    struct connection_input *input = NEW(f->scope.arena, struct connection_input);
    assert_ok(read_input(f,
                         GOOD
                         ",\"must_sign\":\"both\",\"cbc\":\"off\",\"idp_initiated\":\"convert\","
                         "\"skew_s\":5,\"allow_sha1\":true,\"sign_requests\":false,"
                         "\"subject_attribute\":\"pairwise-id\",\"name_id_format\":\"urn:x\","
                         "\"authn_contexts\":[\"urn:a\",\"urn:b\"],"
                         "\"attributes\":{\"groups\":\"memberOf\"},\"provisioning\":\"jit\","
                         "\"roles\":[{\"group\":\"admins\",\"role\":\"admin\"}]",
                         NULL, input));
    const struct str config = connection_config_write(&f->scope, &input->connection);
    struct connection again = {.kind = CONNECTION_SAML, .name = STR("IdP")};
    assert_ok(connection_config_read(&f->scope, config, &again));
    assert_true(str_eq(connection_config_write(&f->scope, &again), config));
    assert_str(again.saml.metadata_url, "https://idp.example/metadata");
    assert_int_equal(again.saml.must_sign, SAML_SIGNED_BOTH);
    assert_int_equal(again.saml.cbc, SAML_CBC_OFF);
    assert_str(again.saml.class_refs[1], "urn:b");
    assert_int_equal(again.saml.class_ref_count, 2);
    assert_str(again.saml.groups, "memberOf");
    assert_int_equal(again.saml.roles[0].role, ROLE_ADMIN);
    assert_int_equal(again.provisioning, PROVISION_JIT);
}

static void a_change_of_source_replaces_the_one_before(void **state) {
    struct fixture *f = *state;
    struct connection_input *first = NEW(f->scope.arena, struct connection_input);
    struct connection_input *next = NEW(f->scope.arena, struct connection_input);
    assert_ok(read_input(f, GOOD, NULL, first));

    assert_ok(read_input(f, "\"metadata_xml\":\"<x/>\"", &first->connection, next));

    assert_true(next->has_new_source);
    assert_str(next->connection.saml.metadata_url, "");
    assert_ok(read_input(f, "\"skew_s\":1", &first->connection, next));
    assert_false(next->has_new_source);
    assert_str(next->connection.saml.metadata_url, "https://idp.example/metadata");
    assert_failed(read_input(f, "\"kind\":\"oidc\"", &first->connection, next), &f->scope, INVALID,
                  "connection.kind");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(every_field_is_checked_by_itself),
        SENTENCE(what_is_not_said_is_the_safe_choice),
        SENTENCE(what_is_stored_reads_back_the_same),
        SENTENCE(a_change_of_source_replaces_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
