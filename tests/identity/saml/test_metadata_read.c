#include "identity/saml/saml_metadata_read.h"

#include "base/time_text.h"
#include "tests/identity/saml/verify_desk.h"

static result read_text(struct verify_desk *desk, const char *xml, struct saml_idp *ret) {
    const struct saml_metadata_input input = {
        .xml = str_from_c(forge_done(desk->forge.arena, xml)),
        .now_us = desk->forge.now_us,
    };
    return saml_metadata_read(&desk->fixture.scope, desk->verifier, &input, ret);
}

static const char *good(struct verify_desk *desk) {
    return forge_metadata(&desk->forge, &(struct forge_metadata){0});
}

static void every_fact_of_a_provider_is_read(void **state) {
    struct verify_desk *desk = *state;
    struct saml_idp idp;
    const char *xml = edit(desk->forge.arena, good(desk), "<md:IDPSSODescriptor ",
                           "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"1\" ");
    assert_ok(read_text(desk,
                        edit(desk->forge.arena, xml, "Location=\"https://idp.example/slo\"",
                             "Location=\"https://idp.example/slo\""
                             " ResponseLocation=\"https://idp.example/slo/back\""),
                        &idp));
    assert_str(idp.entity_id, desk->forge.idp);
    assert_int_equal(idp.sign_on_count, 2);
    assert_int_equal(idp.sign_on[0].binding, SAML_REDIRECT);
    assert_str(idp.sign_on[0].location, "https://idp.example/sso");
    assert_int_equal(idp.sign_on[1].binding, SAML_POST);
    assert_str(idp.sign_on[1].location, "https://idp.example/sso/post");
    assert_int_equal(idp.logout_count, 1);
    assert_str(idp.logout[0].response_location, "https://idp.example/slo/back");
    assert_int_equal(idp.certificate_count, 1);
    assert_true(str_eq(idp.certificates[0].der, forge_key(FORGE_IDP)->certificate));
    assert_true(idp.certificates[0].not_before_us < desk->forge.now_us);
    assert_true(idp.certificates[0].not_after_us > desk->forge.now_us);
    assert_true(idp.wants_requests_signed);
    assert_false(idp.valid_until.is_present);
    assert_int_equal(idp.cache_duration_us, 0);
}

static const char *group(struct verify_desk *desk, const char *attributes, const char *inner) {
    return forge_text(
        desk->forge.arena,
        "<md:EntitiesDescriptor xmlns:md=\"" FORGE_NS_METADATA "\" %s>"
        "<md:EntitiesDescriptor><md:EntityDescriptor entityID=\"https://sp.example\"/>"
        "%s</md:EntitiesDescriptor></md:EntitiesDescriptor>",
        attributes, inner);
}

static void the_strictest_time_around_a_role_holds(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    struct saml_idp idp;
    const struct forge_metadata timed = {
        .root_attributes = " validUntil=\"2026-03-01T00:00:00Z\" cacheDuration=\"P1D\"",
    };
    const char *one = forge_metadata(&desk->forge, &timed);
    assert_ok(read_text(
        desk, group(desk, "validUntil=\"2026-02-01T00:00:00Z\" cacheDuration=\"P2D\"", one), &idp));
    assert_str(time_format(arena, idp.valid_until.us), "2026-02-01T00:00:00.000Z");
    assert_int_equal(idp.cache_duration_us, S_TO_US(86400));
    assert_failed(read_text(desk, group(desk, "validUntil=\"2026-01-02T03:04:05Z\"", one), &idp),
                  &desk->fixture.scope, INVALID, "saml.metadata_expired");
    assert_failed(read_text(desk, group(desk, "validUntil=\"soon\"", one), &idp),
                  &desk->fixture.scope, INVALID, "saml.metadata_xml");
    assert_failed(read_text(desk, group(desk, "cacheDuration=\"soon\"", one), &idp),
                  &desk->fixture.scope, INVALID, "saml.metadata_xml");
}

static void one_provider_is_found_in_nested_groups(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    struct saml_idp idp;
    const char *other = edit_all(
        arena, forge_metadata(&desk->forge, &(struct forge_metadata){.entity_id = "urn:other"}),
        "_metadata-1", "_metadata-2");
    assert_ok(read_text(desk, group(desk, "", good(desk)), &idp));
    assert_str(idp.entity_id, desk->forge.idp);
    assert_failed(
        read_text(desk, group(desk, "", forge_text(arena, "%s%s", good(desk), other)), &idp),
        &desk->fixture.scope, INVALID, "saml.metadata_entity");
    assert_failed(read_text(desk, group(desk, "", ""), &idp), &desk->fixture.scope, INVALID,
                  "saml.metadata_entity");
    /* the name of an element alone does not make it one */
    assert_failed(read_text(desk, edit_all(arena, good(desk), FORGE_NS_METADATA, "urn:x:y"), &idp),
                  &desk->fixture.scope, INVALID, "saml.metadata_entity");
}

static void certificates_are_counted_once(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    struct saml_idp idp;
    const char *key = forge_key_descriptor(arena, FORGE_IDP, "signing");
    const struct forge_metadata many = {.keys_xml = repeat(arena, key, 40)};
    assert_ok(read_text(desk, forge_metadata(&desk->forge, &many), &idp));
    assert_int_equal(idp.certificate_count, 1);
    const struct forge_metadata weak = {
        .keys_xml =
            forge_text(arena, "%s%s", key, forge_key_descriptor(arena, FORGE_RSA_1024, "signing")),
    };
    assert_failed(read_text(desk, forge_metadata(&desk->forge, &weak), &idp), &desk->fixture.scope,
                  INVALID, "saml.metadata_key");
}

static void endpoints_are_bounded(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    struct saml_idp idp;
    const char *one = "<md:SingleSignOnService Location=\"https://idp.example/s\""
                      " Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"/>";
    const struct forge_metadata eight = {.sign_on_xml = repeat(arena, one, SAML_ENDPOINTS_MAX)};
    const struct forge_metadata nine = {.sign_on_xml = repeat(arena, one, SAML_ENDPOINTS_MAX + 1)};
    assert_ok(read_text(desk, forge_metadata(&desk->forge, &eight), &idp));
    assert_int_equal(idp.sign_on_count, SAML_ENDPOINTS_MAX);
    assert_failed(read_text(desk, forge_metadata(&desk->forge, &nine), &idp), &desk->fixture.scope,
                  INVALID, "saml.metadata_url");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK(every_fact_of_a_provider_is_read),
        DESK(the_strictest_time_around_a_role_holds),
        DESK(one_provider_is_found_in_nested_groups),
        DESK(certificates_are_counted_once),
        DESK(endpoints_are_bounded),
    };
    return RUN_DESK(tests);
}
