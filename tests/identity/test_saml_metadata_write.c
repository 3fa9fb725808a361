#include "identity/saml/saml_metadata_write.h"

#include "base/crypto.h"
#include "tests/support/saml_message.h"

static struct saml_service service_with(size_t signing, size_t encryption) {
    return (struct saml_service){
        .entity_id = STR("https://us.example/saml/1/metadata?a=1&b=\"2\"<"),
        .acs_url = STR("https://us.example/saml/1/acs"),
        .slo_url = STR("https://us.example/saml/1/slo"),
        .signing_count = signing,
        .signing = {STR("first"), STR("second")},
        .encryption_count = encryption,
        .encryption = {STR("third"), STR("fourth")},
        .signs_requests = true,
        .wants_assertions_signed = true,
    };
}

static struct saml_message written(struct scope *scope, const struct saml_service *service) {
    struct str text;
    assert_ok(saml_metadata_write_service(scope, service, &text));
    return saml_message_parse(scope, text);
}

static void assert_says(const struct saml_message *message, const char *xpath, const char *value) {
    assert_str(saml_message_ask(message, xpath), value);
}

static void our_metadata_names_us_and_where_we_take_answers(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct saml_service service = service_with(1, 0);
    AUTO(saml_message_close) struct saml_message message = written(scope, &service);
    assert_says(&message, "string(/md:EntityDescriptor/@entityID)",
                "https://us.example/saml/1/metadata?a=1&b=\"2\"<");
    assert_says(&message, "count(/*/md:SPSSODescriptor)", "1");
    assert_says(&message, "string(/*/md:SPSSODescriptor/@protocolSupportEnumeration)",
                "urn:oasis:names:tc:SAML:2.0:protocol");
    assert_says(&message, "count(//md:AssertionConsumerService)", "1");
    assert_says(&message, "string(//md:AssertionConsumerService/@Binding)",
                "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
    assert_says(&message, "string(//md:AssertionConsumerService/@Location)",
                "https://us.example/saml/1/acs");
    assert_says(&message, "string(//md:AssertionConsumerService/@index)", "0");
    assert_says(&message, "count(//md:SingleLogoutService)", "2");
    assert_says(&message,
                "count(//md:SingleLogoutService[@Location='https://us.example/saml/1/slo'])", "2");
    assert_says(&message, "string(//md:SingleLogoutService[1]/@Binding)",
                "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect");
    assert_says(&message, "string(//md:SingleLogoutService[2]/@Binding)",
                "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
}

/* The order that the schema of SAML metadata 2.4.4 demands. */
static void its_elements_come_in_the_order_of_the_schema(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_service service = service_with(2, 2);
    service.name_id_format = STR("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    AUTO(saml_message_close) struct saml_message message = written(scope, &service);
    static const char *const NAMES[] = {
        "md:KeyDescriptor",       "md:KeyDescriptor",
        "md:KeyDescriptor",       "md:KeyDescriptor",
        "md:SingleLogoutService", "md:SingleLogoutService",
        "md:NameIDFormat",        "md:AssertionConsumerService",
    };
    assert_says(&message, "count(/*/*/*)", "8");
    for (int i = 0; i < 8; i++) {
        const char *xpath = str_format(scope->arena, "name(/*/*/*[%d])", i + 1).at;
        assert_says(&message, xpath, NAMES[i]);
    }
    assert_says(&message, "string(//md:NameIDFormat)",
                "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
}

static void both_signing_keys_stand_there_during_a_change_the_one_in_use_first(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct saml_service service = service_with(2, 0);
    AUTO(saml_message_close) struct saml_message message = written(scope, &service);
    assert_says(&message, "count(//md:KeyDescriptor)", "2");
    assert_says(&message, "count(//md:KeyDescriptor[@use='signing'])", "2");
    assert_says(&message, "string(//md:KeyDescriptor[1]//ds:X509Certificate)", "Zmlyc3Q=");
    assert_says(&message, "string(//md:KeyDescriptor[2]//ds:X509Certificate)", "c2Vjb25k");
    assert_says(&message, "count(//md:EncryptionMethod)", "0");
}

static void an_encryption_certificate_says_what_may_be_used_with_it(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_service service = service_with(1, 1);
    AUTO(saml_message_close) struct saml_message strict = written(scope, &service);
    service.opens_cbc = true;
    AUTO(saml_message_close) struct saml_message lenient = written(scope, &service);
    assert_says(&strict, "string(//md:KeyDescriptor[@use='encryption']//ds:X509Certificate)",
                "dGhpcmQ=");
    assert_says(&strict, "count(//md:EncryptionMethod[contains(@Algorithm, 'gcm')])", "2");
    assert_says(&strict, "count(//md:EncryptionMethod[contains(@Algorithm, 'cbc')])", "0");
    assert_says(&strict, "count(//md:EncryptionMethod[contains(@Algorithm, 'rsa-oaep')])", "1");
    assert_says(&lenient, "count(//md:EncryptionMethod[contains(@Algorithm, 'cbc')])", "2");
}

static void what_we_sign_and_want_signed_is_said_either_way(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (int i = 0; i < 2; i++) {
        struct saml_service service = service_with(1, 0);
        service.signs_requests = i == 0;
        service.wants_assertions_signed = i != 0;
        AUTO(saml_message_close) struct saml_message message = written(scope, &service);
        assert_says(&message, "string(//@AuthnRequestsSigned)", i == 0 ? "true" : "false");
        assert_says(&message, "string(//@WantAssertionsSigned)", i == 0 ? "false" : "true");
    }
}

static void text_that_no_xml_can_hold_is_refused(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    static const struct str WRONG[] = {STR_INIT("a\xff"), STR_INIT("a\x01"), STR_INIT("a\0b")};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        struct saml_service service = service_with(1, 0);
        struct str text = STR("untouched");
        service.slo_url = WRONG[i];
        assert_failed(saml_metadata_write_service(scope, &service, &text), scope, INTERNAL,
                      "saml.build");
        assert_str(text, "untouched");
    }
}

static void a_provider_is_written_with_its_addresses_and_without_a_key(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_party party = {
        .idp_entity_id = STR("urn:them"),
        .sign_on = {.binding = SAML_POST, .location = STR("https://idp.example/sso?x=1&y=2")},
    };
    for (int i = 0; i < 2; i++) {
        struct str text;
        assert_ok(saml_metadata_write_provider(scope, &party, &text));
        AUTO(saml_message_close) struct saml_message message = saml_message_parse(scope, text);
        assert_says(&message, "string(/md:EntityDescriptor/@entityID)", "urn:them");
        assert_says(&message, "string(/*/md:IDPSSODescriptor/@protocolSupportEnumeration)",
                    "urn:oasis:names:tc:SAML:2.0:protocol");
        assert_says(&message, "string(//md:SingleSignOnService/@Location)",
                    "https://idp.example/sso?x=1&y=2");
        assert_says(&message, "string(//md:SingleSignOnService/@Binding)",
                    "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
        assert_says(&message, "count(//md:KeyDescriptor)", "0");
        assert_says(&message, "count(//md:SingleLogoutService)", i == 0 ? "0" : "1");
        assert_says(&message, "string(//md:SingleLogoutService/@ResponseLocation)",
                    i == 0 ? "" : "https://idp.example/answers");
        party.logout =
            (struct saml_endpoint){.binding = SAML_REDIRECT,
                                   .location = STR("https://idp.example/slo"),
                                   .response_location = STR("https://idp.example/answers")};
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(our_metadata_names_us_and_where_we_take_answers),
        SENTENCE(its_elements_come_in_the_order_of_the_schema),
        SENTENCE(both_signing_keys_stand_there_during_a_change_the_one_in_use_first),
        SENTENCE(an_encryption_certificate_says_what_may_be_used_with_it),
        SENTENCE(what_we_sign_and_want_signed_is_said_either_way),
        SENTENCE(text_that_no_xml_can_hold_is_refused),
        SENTENCE(a_provider_is_written_with_its_addresses_and_without_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
