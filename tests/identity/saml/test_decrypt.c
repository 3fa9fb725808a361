#include "tests/identity/saml/verify_desk.h"

#define NAME_ID                                                                                    \
    "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">ada-4711</saml:NameID>"

static void every_way_of_encrypting_opens(void **state) {
    struct verify_desk *desk = *state;
    static const struct forge_encryption GOOD[] = {
        {.data = FORGE_AES128_GCM},
        {.data = FORGE_AES192_GCM},
        {.data = FORGE_AES256_GCM},
        {.digest = FORGE_SHA256},
        {.transport = FORGE_OAEP11},
        {.transport = FORGE_OAEP11, .digest = FORGE_SHA256, .mgf = FORGE_MGF1_SHA256},
        {.is_sibling = true},
        {.is_sibling = true, .has_retrieval = true},
        {.is_sibling = true, .is_unnamed = true},
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        struct saml_response got;
        desk->asked = 0;
        assert_ok(verify_text(desk, encrypted_assertion(desk, &GOOD[i]), &got));
        assert_true(got.protection.is_encrypted);
        assert_true(got.protection.is_assertion_signed);
        assert_str(got.protection.data_algorithm,
                   GOOD[i].data == NULL ? FORGE_AES128_GCM : GOOD[i].data);
        assert_str(got.assertion.name_id.value, "ada-4711");
        assert_int_equal(desk->asked, 1);
    }
}

/* The Response is signed around what `encryption` made; the assertion inside is not. */
static const char *in_signed_message(struct verify_desk *desk,
                                     const struct forge_encryption *encryption) {
    struct arena *arena = desk->forge.arena;
    const struct forge_signing signing = {.key = FORGE_IDP};
    const char *plain =
        forge_done(arena, forge_assertion(&desk->forge, &(struct forge_assertion){0}));
    const struct forge_response around = {
        .assertion_xml = forge_encrypt(arena, str_from_c(plain), "EncryptedAssertion", encryption),
    };
    return forge_sign(arena, forge_response(&desk->forge, &around), SIGN_MESSAGE, &signing);
}

static void cbc_opens_inside_what_was_verified(void **state) {
    struct verify_desk *desk = *state;
    const struct forge_encryption cbc[] = {{.data = FORGE_AES128_CBC}, {.data = FORGE_AES256_CBC}};
    for (size_t i = 0; i < 2; i++) {
        struct saml_response got;
        desk->trust.cbc = SAML_CBC_SIGNED_RESPONSE;
        assert_ok(verify_text(desk, in_signed_message(desk, &cbc[i]), &got));
        assert_refused(desk, encrypted_assertion(desk, &cbc[i]), "saml.cbc_unsigned");
        desk->trust.cbc = SAML_CBC_OFF;
        assert_refused(desk, in_signed_message(desk, &cbc[i]), "saml.gate_algorithm");
        desk->trust.cbc = SAML_CBC_ALWAYS;
        assert_ok(verify_text(desk, encrypted_assertion(desk, &cbc[i]), &got));
    }
}

static void nobody_asks_for_a_key_in_vain(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_encryption plain = {.key = FORGE_SP};
    const struct forge_encryption cbc = {.data = FORGE_AES128_CBC};
    const struct forge_signing foreign = {.key = FORGE_ATTACKER};
    const char *xml = encrypted_assertion(desk, &plain);
    assert_refused(desk, encrypted_assertion(desk, &cbc), "saml.cbc_unsigned");
    assert_refused(desk, edit(arena, in_signed_message(desk, &plain), "_request-1", "_request-2"),
                   "saml.signature");
    assert_refused(desk, edit_before(arena, xml, "</samlp:Response>", "<saml:Assertion/>"),
                   "saml.gate_element");
    desk->trust.must_sign = SAML_SIGNED_RESPONSE;
    assert_refused(desk, xml, "saml.unsigned");
    assert_refused(desk, forge_sign(arena, signed_assertion(desk), SIGN_MESSAGE, &foreign),
                   "saml.signature");
    assert_int_equal(desk->asked, 0);
}

static void whatever_fails_with_the_key_has_one_reason(void **state) {
    struct verify_desk *desk = *state;
    static const struct forge_encryption BAD[] = {
        {.damage = FORGE_DAMAGED_FIRST},
        {.damage = FORGE_DAMAGED_LAST},
        {.damage = FORGE_DAMAGED_KEY},
        {.damage = FORGE_SHORT_KEY},
        {.damage = FORGE_TRUNCATED},
        {.key = FORGE_ATTACKER},
        {.data = FORGE_AES128_CBC, .damage = FORGE_DAMAGED_FIRST},
        {.data = FORGE_AES128_CBC, .damage = FORGE_DAMAGED_LAST},
        {.data = FORGE_AES128_CBC, .damage = FORGE_DAMAGED_PADDING},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        desk->trust.cbc = SAML_CBC_SIGNED_RESPONSE;
        assert_refused(desk, in_signed_message(desk, &BAD[i]), "saml.decrypt");
        desk->trust.cbc = SAML_CBC_ALWAYS;
        assert_refused(desk, encrypted_assertion(desk, &BAD[i]), "saml.decrypt");
    }
}

static void the_plaintext_passes_the_gate_again(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_encryption plain = {.key = FORGE_SP};
    const char *const bad[] = {
        "garbage",
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>",
        "<!DOCTYPE x><saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>",
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><!-- "
        "--></saml:Assertion>",
        "<saml:Assertion/>",
        NAME_ID,
        forge_text(arena, "%s%s", repeat(arena, "<x>", 200), repeat(arena, "</x>", 200)),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct forge_response around = {
            .assertion_xml = forge_encrypt(arena, str_from_c(bad[i]), "EncryptedAssertion", &plain),
        };
        const struct forge_signing signing = {.key = FORGE_IDP};
        assert_refused(
            desk, forge_sign(arena, forge_response(&desk->forge, &around), SIGN_MESSAGE, &signing),
            "saml.decrypt");
    }
}

/* GCM tells an attacker nothing about other people's texts; CBC without a signature would. */
static void what_is_wrong_inside_is_told_only_without_an_oracle(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_encryption gcm = {.data = FORGE_AES128_GCM};
    const struct forge_encryption cbc = {.data = FORGE_AES128_CBC};
    const char *assertion =
        forge_done(arena, forge_assertion(&desk->forge, &(struct forge_assertion){0}));
    const struct forge_response in_gcm = {
        .assertion_xml = forge_encrypt(arena, str_from_c(assertion), "EncryptedAssertion", &gcm),
    };
    const struct forge_response in_cbc = {
        .assertion_xml = forge_encrypt(arena, str_from_c(assertion), "EncryptedAssertion", &cbc),
    };
    desk->trust.cbc = SAML_CBC_ALWAYS;
    assert_refused(desk, forge_response(&desk->forge, &in_gcm), "saml.unsigned");
    assert_refused(desk, forge_response(&desk->forge, &in_cbc), "saml.decrypt");
}

static void both_keys_of_a_rollover_are_tried(void **state) {
    struct verify_desk *desk = *state;
    const struct forge_encryption next = {.key = FORGE_SP_NEXT};
    struct saml_response got;
    assert_refused(desk, encrypted_assertion(desk, &next), "saml.decrypt");
    desk->decryption[1] = FORGE_SP_NEXT;
    desk->decryption_count = 2;
    assert_ok(verify_text(desk, encrypted_assertion(desk, &next), &got));
    desk->decryption_count = 0;
    assert_refused(desk, encrypted_assertion(desk, &next), "saml.decrypt");
}

static const char *with_encrypted_id(struct verify_desk *desk, const char *plain,
                                     const struct forge_encryption *encryption) {
    struct arena *arena = desk->forge.arena;
    const struct forge_signing signing = {.key = FORGE_IDP};
    const struct forge_subject subject = {
        .name_id_xml = forge_encrypt(arena, str_from_c(plain), "EncryptedID", encryption),
    };
    const struct forge_assertion assertion = {
        .subject_xml = forge_subject(&desk->forge, &subject),
    };
    const struct forge_response around = {
        .assertion_xml = forge_assertion(&desk->forge, &assertion),
    };
    return forge_sign(arena, forge_response(&desk->forge, &around), SIGN_ASSERTION, &signing);
}

static void an_encrypted_name_opens_below_a_signature(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_encryption cbc = {.data = FORGE_AES128_CBC};
    const struct forge_encryption damaged = {.damage = FORGE_DAMAGED_LAST};
    struct saml_response got;
    const char *xml = with_encrypted_id(desk, NAME_ID, &cbc);
    assert_ok(verify_text(desk, xml, &got));
    assert_str(got.assertion.name_id.value, "ada-4711");
    assert_int_equal(got.assertion.name_id_count, 1);
    desk->asked = 0;
    assert_refused(desk, edit(arena, xml, "_session-1", "_session-2"), "saml.signature");
    assert_int_equal(desk->asked, 0);
    assert_refused(desk, with_encrypted_id(desk, NAME_ID, &damaged), "saml.decrypt");
    assert_refused(desk, with_encrypted_id(desk, "<x/>", &cbc), "saml.decrypt");
}

static void keys_and_data_of_other_kinds_are_refused(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const struct forge_encryption old = {.transport = FORGE_RSA15};
    const struct forge_encryption des = {.data = FORGE_3DES_CBC};
    const struct forge_encryption plain = {.key = FORGE_SP};
    const char *xml = encrypted_assertion(desk, &plain);
    assert_refused(desk, encrypted_assertion(desk, &old), "saml.gate_algorithm");
    assert_refused(desk, encrypted_assertion(desk, &des), "saml.gate_algorithm");
    assert_refused(desk,
                   edit(arena, xml, "<xenc:CipherValue>",
                        "<xenc:CipherReference URI=\"file:///etc/passwd\"/><xenc:CipherValue>"),
                   "saml.gate_element");
    const char *key = cut(arena, xml, "<xenc:EncryptedKey", "</xenc:EncryptedKey>");
    assert_refused(desk, edit_after(arena, xml, "</xenc:EncryptedKey>", key), "saml.gate_element");
    assert_int_equal(desk->asked, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK(every_way_of_encrypting_opens),
        DESK(cbc_opens_inside_what_was_verified),
        DESK(nobody_asks_for_a_key_in_vain),
        DESK(whatever_fails_with_the_key_has_one_reason),
        DESK(the_plaintext_passes_the_gate_again),
        DESK(what_is_wrong_inside_is_told_only_without_an_oracle),
        DESK(both_keys_of_a_rollover_are_tried),
        DESK(an_encrypted_name_opens_below_a_signature),
        DESK(keys_and_data_of_other_kinds_are_refused),
    };
    return RUN_DESK(tests);
}
