#include "tests/identity/saml/verify_desk.h"

#include <string.h>
#include <time.h>

#define GROUPS_LINK "http://schemas.microsoft.com/claims/groups.link"

static void a_signed_assertion_is_read(void **state) {
    struct verify_desk *desk = *state;
    struct saml_response got;
    assert_ok(verify_text(desk, signed_assertion(desk), &got));
    assert_true(got.has_assertion);
    assert_true(got.protection.is_assertion_signed);
    assert_false(got.protection.is_message_signed);
    assert_false(got.protection.is_encrypted);
    assert_str(got.protection.signature_algorithm, FORGE_RSA_SHA256);
    assert_str(got.protection.digest_algorithm, FORGE_SHA256);
    assert_str(got.id, "_message-1");
    assert_str(got.version, "2.0");
    assert_str(got.destination, desk->forge.acs);
    assert_str(got.in_response_to, desk->forge.request_id);
    assert_str(got.issuer, desk->forge.idp);
    assert_str(got.status, "urn:oasis:names:tc:SAML:2.0:status:Success");
    assert_int_equal(desk->asked, 0);
}

static void every_fact_of_the_assertion_is_read(void **state) {
    struct verify_desk *desk = *state;
    struct saml_response got;
    assert_ok(verify_text(desk, signed_assertion(desk), &got));
    const struct saml_assertion *facts = &got.assertion;
    assert_str(facts->id, "_assertion-1");
    assert_str(facts->issuer, desk->forge.idp);
    assert_int_equal(facts->issue_instant.us, desk->forge.now_us - S_TO_US(2));
    assert_int_equal(facts->subject_count, 1);
    assert_int_equal(facts->name_id_count, 1);
    assert_str(facts->name_id.value, "ada-4711");
    assert_str(facts->name_id.format, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    assert_int_equal(facts->confirmation_count, 1);
    assert_int_equal(facts->confirmations[0].data_count, 1);
    assert_str(facts->confirmations[0].recipient, desk->forge.acs);
    assert_int_equal(facts->confirmations[0].not_on_or_after.us, desk->forge.now_us + S_TO_US(300));
    assert_false(facts->confirmations[0].not_before.is_present);
    assert_int_equal(facts->conditions_count, 1);
    assert_int_equal(facts->not_before.us, desk->forge.now_us - S_TO_US(60));
    assert_int_equal(facts->restriction_count, 1);
    assert_str(facts->restrictions[0].audiences[0], desk->forge.sp);
    assert_int_equal(facts->authn.count, 1);
    assert_str(facts->authn.session_index, "_session-1");
    assert_int_equal(facts->attribute_count, 2);
    assert_str(facts->attributes[0].values[0], "ada@example.com");
    assert_int_equal(facts->attributes[1].count, 2);
    assert_str(facts->attributes[1].values[1], "admins");
    assert_false(facts->has_unknown_condition);
    assert_false(facts->has_group_overage);
}

static void an_assertion_in_a_signed_message_counts_as_signed(void **state) {
    struct verify_desk *desk = *state;
    struct saml_response got;
    assert_ok(verify_text(desk, signed_message(desk), &got));
    assert_true(got.protection.is_message_signed);
    assert_false(got.protection.is_assertion_signed);
}

static void the_connection_says_who_has_to_sign(void **state) {
    struct verify_desk *desk = *state;
    const struct forge_signing signing = {.key = FORGE_IDP};
    const char *both =
        forge_sign(desk->forge.arena, signed_assertion(desk), SIGN_MESSAGE, &signing);
    const char *none = forge_response(&desk->forge, &(struct forge_response){0});
    const struct {
        enum saml_signed must_sign;
        bool message, assertion;
    } cases[] = {
        {SAML_SIGNED_EITHER, true, true},
        {SAML_SIGNED_RESPONSE, true, false},
        {SAML_SIGNED_ASSERTION, false, true},
        {SAML_SIGNED_BOTH, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct saml_response got;
        desk->trust.must_sign = cases[i].must_sign;
        assert_ok(verify_text(desk, both, &got));
        assert_int_equal(verify_text(desk, signed_message(desk), &got).code,
                         cases[i].message ? OK : UNAUTHENTICATED);
        assert_int_equal(verify_text(desk, signed_assertion(desk), &got).code,
                         cases[i].assertion ? OK : UNAUTHENTICATED);
        assert_refused(desk, none, "saml.unsigned");
    }
}

static void a_changed_byte_is_refused(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    assert_refused(desk, edit(arena, signed_assertion(desk), "ada-4711", "eve-4711"),
                   "saml.signature");
    assert_refused(desk, edit(arena, signed_message(desk), "ada-4711", "eve-4711"),
                   "saml.signature");
    assert_refused(desk, edit(arena, signed_message(desk), "_request-1", "_request-2"),
                   "saml.signature");
}

static void a_bad_signature_refuses_beside_a_good_one(void **state) {
    struct verify_desk *desk = *state;
    const struct forge_signing foreign = {.key = FORGE_ATTACKER};
    assert_refused(desk,
                   forge_sign(desk->forge.arena, signed_assertion(desk), SIGN_MESSAGE, &foreign),
                   "saml.signature");
}

static void a_key_in_the_message_is_not_believed(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const char *xml = forge_response(&desk->forge, &(struct forge_response){0});
    const struct forge_signing signing = {
        .key = FORGE_ATTACKER,
        .key_info_xml = forge_x509_data(arena, FORGE_ATTACKER),
    };
    assert_refused(desk, forge_sign(arena, xml, SIGN_ASSERTION, &signing), "saml.signature");
}

static void any_of_the_certificates_may_fit(void **state) {
    struct verify_desk *desk = *state;
    struct saml_response got;
    desk->certificates[0] = STR("no certificate");
    desk->certificates[1] = forge_key(FORGE_IDP_P256)->certificate;
    desk->certificates[2] = forge_key(FORGE_IDP_OLD)->certificate;
    desk->certificates[3] = forge_key(FORGE_IDP)->certificate;
    desk->trust.certificate_count = 3;
    assert_refused(desk, signed_assertion(desk), "saml.signature");
    desk->trust.certificate_count = 4;
    assert_ok(verify_text(desk, signed_assertion(desk), &got));
    assert_int_equal(got.protection.certificate, 3);
    desk->trust.certificate_count = 0;
    assert_refused(desk, signed_assertion(desk), "saml.signature");
}

static const char *signed_by(struct verify_desk *desk, enum forge_owner owner, const char *method,
                             const char *digest) {
    const struct forge_signing signing = {.key = owner, .method = method, .digest = digest};
    return forge_sign(desk->forge.arena, forge_response(&desk->forge, &(struct forge_response){0}),
                      SIGN_ASSERTION, &signing);
}

static void every_algorithm_of_the_list_verifies(void **state) {
    struct verify_desk *desk = *state;
    static const struct {
        enum forge_owner key;
        const char *method, *digest;
    } GOOD[] = {
        {FORGE_IDP, FORGE_RSA_SHA256, FORGE_SHA512},
        {FORGE_IDP, FORGE_RSA_SHA384, FORGE_SHA384},
        {FORGE_IDP, FORGE_RSA_SHA512, FORGE_SHA256},
        {FORGE_IDP_EXPIRED, FORGE_RSA_SHA256, FORGE_SHA256},
        {FORGE_IDP_P256, FORGE_ECDSA_SHA256, FORGE_SHA256},
        {FORGE_IDP_P384, FORGE_ECDSA_SHA384, FORGE_SHA384},
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        struct saml_response got;
        trust_only(desk, GOOD[i].key);
        const char *xml = signed_by(desk, GOOD[i].key, GOOD[i].method, GOOD[i].digest);
        assert_ok(verify_text(desk, xml, &got));
        assert_str(got.protection.signature_algorithm, GOOD[i].method);
    }
}

static void sha1_is_a_switch_of_the_connection(void **state) {
    struct verify_desk *desk = *state;
    struct saml_response got;
    const char *xml = signed_by(desk, FORGE_IDP, FORGE_RSA_SHA1, FORGE_SHA1);
    assert_refused(desk, xml, "saml.gate_algorithm");
    desk->trust.is_sha1_allowed = true;
    assert_ok(verify_text(desk, xml, &got));
    desk->trust.is_sha1_allowed = false;
    assert_refused(desk, xml, "saml.gate_algorithm");
}

static void weak_keys_verify_nothing(void **state) {
    struct verify_desk *desk = *state;
    trust_only(desk, FORGE_RSA_1024);
    assert_refused(desk, signed_by(desk, FORGE_RSA_1024, FORGE_RSA_SHA256, FORGE_SHA256),
                   "saml.signature");
    trust_only(desk, FORGE_P521);
    assert_refused(desk, signed_by(desk, FORGE_P521, FORGE_ECDSA_SHA256, FORGE_SHA256),
                   "saml.signature");
}

static void a_response_without_assertion_is_a_status(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_response denied = {
        .assertion_xml = "",
        .status_xml = forge_status(arena, "urn:oasis:names:tc:SAML:2.0:status:Responder",
                                   "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"),
    };
    struct saml_response got;
    const char *xml = forge_response(&desk->forge, &denied);
    assert_ok(verify_text(desk, xml, &got));
    assert_false(got.has_assertion);
    assert_str(got.status, "urn:oasis:names:tc:SAML:2.0:status:Responder");
    assert_str(got.sub_status, "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed");
    const struct forge_signing foreign = {.key = FORGE_ATTACKER};
    assert_refused(desk, forge_sign(arena, xml, SIGN_MESSAGE, &foreign), "saml.signature");
}

static void a_status_of_their_own_is_not_repeated(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_response odd = {
        .assertion_xml = "",
        .status_xml = forge_text(arena,
                                 "<samlp:Status><samlp:StatusCode Value=\"urn:x:mine\"/>"
                                 "<samlp:StatusMessage>%s</samlp:StatusMessage></samlp:Status>",
                                 repeat(arena, "\xc3\xa9", 300)),
    };
    struct saml_response got;
    assert_ok(verify_text(desk, forge_response(&desk->forge, &odd), &got));
    assert_str(got.status, "");
    assert_int_equal(got.status_message.len, 400); /* 200 characters of two bytes */
}

/* Signed as it is here, so that only the reader can refuse it. */
static const char *signed_edit(struct verify_desk *desk, const char *from, const char *to) {
    const struct forge_signing signing = {.key = FORGE_IDP};
    struct arena *arena = desk->forge.arena;
    const char *xml = forge_response(&desk->forge, &(struct forge_response){0});
    return forge_sign(arena, edit_last(arena, xml, from, to), SIGN_ASSERTION, &signing);
}

static void text_that_decides_is_one_text(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct {
        const char *from, *to, *reason;
    } cases[] = {
        {"ada-4711</saml:NameID>", "ada<x/>-4711</saml:NameID>", "saml.name_id"},
        {"ada-4711</saml:NameID>", forge_text(arena, "%s</saml:NameID>", repeat(arena, "a", 256)),
         "saml.name_id"},
        {"</saml:Audience>", "<x/></saml:Audience>", "saml.audience"},
        {"</saml:Issuer>", "<x/></saml:Issuer>", "saml.issuer"},
        {"</saml:Issuer>", "</saml:Issuer><saml:Issuer>x</saml:Issuer>", "saml.issuer"},
        {"</saml:AuthnContextClassRef>", "<x/></saml:AuthnContextClassRef>", "saml.authn_context"},
        {"NotBefore=\"2026", "NotBefore=\"x2026", "saml.time"},
        {"AuthnInstant=\"2026-01-02T03:03:35Z", "AuthnInstant=\"2026-01-02T03:03:35", "saml.time"},
        {"SessionNotOnOrAfter=\"2026", "SessionNotOnOrAfter=\"\" x=\"", "saml.time"},
        {"</saml:AttributeStatement>",
         forge_text(arena, "%s</saml:AttributeStatement>",
                    repeat(arena,
                           "<saml:Attribute Name=\"mail\"><saml:AttributeValue>x"
                           "</saml:AttributeValue></saml:Attribute>",
                           998)),
         "saml.gate_volume"},
        {"<saml:AudienceRestriction>",
         forge_text(arena, "%s<saml:AudienceRestriction>",
                    repeat(arena, "<saml:AudienceRestriction/>", 8)),
         "saml.gate_volume"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_refused(desk, signed_edit(desk, cases[i].from, cases[i].to), cases[i].reason);
    }
}

static void odd_but_honest_texts_are_read(void **state) {
    struct verify_desk *desk = *state;
    struct saml_response got;
    assert_ok(verify_text(desk, signed_edit(desk, "ada-4711", "a&amp;&#xe9;"), &got));
    assert_str(got.assertion.name_id.value, "a&\xc3\xa9");
    assert_ok(verify_text(desk, signed_edit(desk, "<saml:Audience>", "<saml:Audience> \n"), &got));
    assert_str(got.assertion.restrictions[0].audiences[0], desk->forge.sp);
    assert_ok(verify_text(desk,
                          signed_edit(desk, "<saml:AttributeValue>admins",
                                      "<saml:AttributeValue><saml:NameID>adm</saml:NameID>"
                                      "</saml:AttributeValue><saml:AttributeValue><x>y</x>"
                                      "</saml:AttributeValue><saml:AttributeValue>admins"),
                          &got));
    assert_int_equal(got.assertion.attributes[1].count, 3);
    assert_str(got.assertion.attributes[1].values[1], "adm");
    assert_ok(verify_text(desk, signed_edit(desk, "Name=\"groups\"", "Name=\"mail\""), &got));
    assert_int_equal(got.assertion.attribute_count, 1);
    assert_int_equal(got.assertion.attributes[0].count, 3);
    assert_ok(
        verify_text(desk, signed_edit(desk, "Name=\"groups\"", "Name=\"" GROUPS_LINK "\""), &got));
    assert_true(got.assertion.has_group_overage);
    assert_ok(verify_text(
        desk, signed_edit(desk, "</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>"),
        &got));
    assert_false(got.assertion.has_unknown_condition);
    assert_ok(verify_text(
        desk, signed_edit(desk, "</saml:Conditions>", "<saml:Condition/></saml:Conditions>"),
        &got));
    assert_true(got.assertion.has_unknown_condition);
}

/* Every canonical form in which SignedInfo may be signed, in a document that is large. */
static void large_documents_are_verified_by_their_signed_info_first(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_signing ways[] = {
        {.key = FORGE_IDP},
        {.key = FORGE_IDP, .c14n = FORGE_INCLUSIVE},
        {.key = FORGE_IDP, .c14n = FORGE_INCLUSIVE, .reference_c14n = ""},
        {.key = FORGE_IDP, .prefixes = "samlp"},
    };
    const char *groups = forge_text(arena, "%s</saml:AttributeStatement>",
                                    repeat(arena,
                                           "<saml:Attribute Name=\"groups\"><saml:AttributeValue>x"
                                           "</saml:AttributeValue></saml:Attribute>",
                                           400));
    desk->certificates[0] = forge_key(FORGE_IDP_OLD)->certificate;
    desk->certificates[1] = forge_key(FORGE_IDP)->certificate;
    desk->trust.certificate_count = 2;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct saml_response got;
        const char *xml = edit(arena, forge_response(&desk->forge, &(struct forge_response){0}),
                               "</saml:AttributeStatement>", groups);
        const char *whole = forge_sign(arena, xml, SIGN_ASSERTION, &ways[i]);
        assert_ok(verify_text(desk, whole, &got));
        assert_int_equal(got.assertion.attributes[1].count, 402);
        assert_int_equal(got.protection.certificate, 1);
        assert_refused(desk, edit(arena, whole, "ada-4711", "eve-4711"), "saml.signature");
        assert_refused(desk, edit(arena, whole, "<ds:SignedInfo>", "<ds:SignedInfo >\n"),
                       "saml.signature");
    }
}

/* What costs most, from somebody who has no key: 16 certificates must not cost 16 times as much. */
static void a_large_forgery_is_cheap(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    for (size_t i = 0; i < SAML_CERTIFICATES_MAX; i++) {
        desk->certificates[i] = forge_key(FORGE_IDP)->certificate;
    }
    desk->trust.certificate_count = SAML_CERTIFICATES_MAX;
    const struct forge_signing foreign = {.key = FORGE_ATTACKER};
    const char *xml =
        edit(arena, forge_response(&desk->forge, &(struct forge_response){0}),
             "<saml:AttributeStatement>",
             forge_text(arena, "%s<saml:AttributeStatement>", repeat(arena, "<x a=''/>", 18000)));
    const char *whole = forge_sign(arena, xml, SIGN_ASSERTION, &foreign);
    assert_refused(desk, whole, "saml.signature"); /* reads the certificates */
    const clock_t before = clock();
    assert_refused(desk, whole, "saml.signature");
    assert_true(clock() - before < CLOCKS_PER_SEC / 10); /* twice for the forge's own base64 */
}

/* More certificates than are kept: the oldest goes, and comes again. */
static void keys_that_were_dropped_are_read_again(void **state) {
    struct verify_desk *desk = *state;
    struct saml_response got;
    const char *xml = signed_assertion(desk);
    assert_ok(verify_text(desk, xml, &got));
    for (size_t i = 0; i < SAML_KEYS_KEPT + 8; i++) {
        desk->certificates[0] =
            str_format(desk->forge.arena, "certificate %d", (int) (i % (SAML_KEYS_KEPT + 8)));
        assert_refused(desk, xml, "saml.signature");
    }
    trust_only(desk, FORGE_IDP);
    assert_ok(verify_text(desk, xml, &got));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK(a_signed_assertion_is_read),
        DESK(every_fact_of_the_assertion_is_read),
        DESK(an_assertion_in_a_signed_message_counts_as_signed),
        DESK(the_connection_says_who_has_to_sign),
        DESK(a_changed_byte_is_refused),
        DESK(a_bad_signature_refuses_beside_a_good_one),
        DESK(a_key_in_the_message_is_not_believed),
        DESK(any_of_the_certificates_may_fit),
        DESK(every_algorithm_of_the_list_verifies),
        DESK(sha1_is_a_switch_of_the_connection),
        DESK(weak_keys_verify_nothing),
        DESK(a_response_without_assertion_is_a_status),
        DESK(a_status_of_their_own_is_not_repeated),
        DESK(text_that_decides_is_one_text),
        DESK(odd_but_honest_texts_are_read),
        DESK(large_documents_are_verified_by_their_signed_info_first),
        DESK(a_large_forgery_is_cheap),
        DESK(keys_that_were_dropped_are_read_again),
    };
    return RUN_DESK(tests);
}
