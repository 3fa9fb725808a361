/* Encrypted assertions: the ways of real providers, and what must end in one and the same refusal
 * once the decryption key is in use. */
#include "tests/identity/saml/lists.h"

#include <string.h>

/* A Response, signed as a whole or not, around the encryption of `plain`. */
static const char *around(struct lab *lab, struct str plain,
                          const struct forge_encryption *encryption) {
    return forge_response(
        &lab->forge,
        &(struct forge_response){
            .assertion_xml = forge_encrypt(lab->arena, plain, "EncryptedAssertion", encryption)});
}

static const char *signed_assertion(struct lab *lab) {
    return assertion_of(lab, good_signed(lab));
}

static struct str encrypted(struct lab *lab, struct forge_encryption encryption) {
    return posted(lab, around(lab, str_from_c(signed_assertion(lab)), &encryption));
}

static struct str plain_in_signed_response(struct lab *lab, struct forge_encryption encryption) {
    const char *plain = forge_done(lab->arena, assertion_of(lab, good(lab)));
    return posted(lab, sign_message(lab, around(lab, str_from_c(plain), &encryption)));
}

static struct str gcm_128(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.data = FORGE_AES128_GCM});
}

static struct str gcm_192(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.data = FORGE_AES192_GCM});
}

static struct str gcm_256(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.data = FORGE_AES256_GCM});
}

static struct str oaep_sha256(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.digest = FORGE_SHA256});
}

static struct str oaep_said_sha1(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.digest = FORGE_SHA1});
}

static struct str oaep11(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.transport = FORGE_OAEP11,
                                                    .digest = FORGE_SHA256,
                                                    .mgf = FORGE_MGF1_SHA256});
}

static struct str oaep11_mixed(struct lab *lab) {
    return encrypted(
        lab, (struct forge_encryption){.transport = FORGE_OAEP11, .mgf = FORGE_MGF1_SHA256});
}

static struct str sibling(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.is_sibling = true});
}

static struct str sibling_named(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.is_sibling = true, .has_retrieval = true});
}

static struct str cbc_in_signed(struct lab *lab) {
    return plain_in_signed_response(lab, (struct forge_encryption){.data = FORGE_AES256_CBC});
}

static struct str cbc_128_in_signed(struct lab *lab) {
    return plain_in_signed_response(lab, (struct forge_encryption){.data = FORGE_AES128_CBC});
}

static struct str unsigned_in_signed(struct lab *lab) {
    return plain_in_signed_response(lab, (struct forge_encryption){0});
}

static struct str cbc_always(struct lab *lab) {
    lab->trust.cbc = SAML_CBC_ALWAYS;
    return encrypted(lab, (struct forge_encryption){.data = FORGE_AES128_CBC});
}

static struct str both_signed(struct lab *lab) {
    lab->trust.must_sign = SAML_SIGNED_BOTH;
    const char *text =
        around(lab, str_from_c(signed_assertion(lab)), &(struct forge_encryption){0});
    return posted(lab, sign_message(lab, text));
}

static struct str second_key(struct lab *lab) {
    lab->decryption_keys[1] = FORGE_SP_NEXT;
    lab->decryption_key_count = 2;
    return encrypted(lab, (struct forge_encryption){.key = FORGE_SP_NEXT});
}

static struct str encrypted_name(struct lab *lab) {
    const char *text = good(lab);
    const char *name = cut(lab->arena, text, "<saml:NameID", "</saml:NameID>");
    const char *whole = edit(lab->arena, name, "<saml:NameID",
                             "<saml:NameID xmlns:saml=\"" FORGE_NS_ASSERTION "\"");
    const char *hidden =
        forge_encrypt(lab->arena, str_from_c(whole), "EncryptedID", &(struct forge_encryption){0});
    return posted(lab, sign_assertion(lab, edit(lab->arena, text, name, hidden)));
}

static struct str encrypted_attribute(struct lab *lab) {
    const char *hidden = forge_encrypt(lab->arena, STR("x"), "EncryptedAttribute",
                                       &(struct forge_encryption){.damage = FORGE_DAMAGED_LAST});
    return posted(lab, sign_assertion(lab, edit_before(lab->arena, good(lab),
                                                       "</saml:AttributeStatement>", hidden)));
}

static const struct saml_case FINE[] = {
    ACCEPT("AES-128-GCM with OAEP", gcm_128),
    ACCEPT("AES-192-GCM", gcm_192),
    ACCEPT("AES-256-GCM", gcm_256),
    ACCEPT("rsa-oaep-mgf1p with SHA-256", oaep_sha256),
    ACCEPT("rsa-oaep-mgf1p that names SHA-1", oaep_said_sha1),
    ACCEPT("xmlenc11 rsa-oaep with MGF1-SHA256", oaep11),
    ACCEPT("xmlenc11 rsa-oaep with SHA-1 and MGF1-SHA256", oaep11_mixed),
    ACCEPT("EncryptedKey as sibling", sibling),
    ACCEPT("EncryptedKey as sibling, named by a RetrievalMethod", sibling_named),
    ACCEPT("AES-256-CBC in a signed Response", cbc_in_signed),
    ACCEPT("AES-128-CBC in a signed Response", cbc_128_in_signed),
    ACCEPT("an unsigned encrypted assertion in a signed Response", unsigned_in_signed),
    ACCEPT("AES-CBC in an unsigned Response, where the connection allows it", cbc_always),
    ACCEPT("encrypted, both signed", both_signed),
    ACCEPT("encrypted for the second of two keys", second_key),
    ACCEPT("an EncryptedID in a signed assertion", encrypted_name),
    ACCEPT("an EncryptedAttribute is passed over", encrypted_attribute),
};
const struct saml_class CASES_ACCEPT_ENCRYPTED = {
    "accepted: encryption", "XML Encryption 1.0 and 1.1", OF_RESPONSE, SAID, CASES(FINE)};

static struct str hidden(struct lab *lab, const char *plain) {
    return posted(lab, around(lab, str_from_c(plain), &(struct forge_encryption){0}));
}

static struct str hidden_response(struct lab *lab) {
    return hidden(lab, good_signed(lab));
}

static struct str hidden_name(struct lab *lab) {
    return hidden(lab, "<saml:NameID xmlns:saml=\"" FORGE_NS_ASSERTION "\">mallory</saml:NameID>");
}

static struct str hidden_twice(struct lab *lab) {
    return hidden(lab, forge_encrypt(lab->arena, str_from_c(signed_assertion(lab)),
                                     "EncryptedAssertion", &(struct forge_encryption){0}));
}

static struct str hidden_two(struct lab *lab) {
    const char *one = signed_assertion(lab);
    return hidden(lab, forge_text(lab->arena, "%s%s", one, one));
}

static struct str hidden_tail(struct lab *lab) {
    return hidden(lab, forge_text(lab->arena, "%s and more", signed_assertion(lab)));
}

static struct str hidden_dtd(struct lab *lab) {
    return hidden(
        lab, forge_text(lab->arena, "<!DOCTYPE a [<!ENTITY x \"y\">]>%s", signed_assertion(lab)));
}

static struct str hidden_comment(struct lab *lab) {
    return hidden(lab, edit(lab->arena, signed_assertion(lab), "ada-4711", "ada<!---->-4711"));
}

static struct str hidden_depth(struct lab *lab) {
    return hidden(lab, forge_text(lab->arena, "%s%s", repeat(lab->arena, "<a>", 5000),
                                  repeat(lab->arena, "</a>", 5000)));
}

static struct str hidden_garbage(struct lab *lab) {
    return hidden(lab, "no XML at all");
}

static struct str hidden_binary(struct lab *lab) {
    const struct str bytes = forge_key(FORGE_IDP)->certificate;
    return posted(lab, around(lab, bytes, &(struct forge_encryption){0}));
}

static struct str hidden_nothing(struct lab *lab) {
    return hidden(lab, "");
}

static struct str hidden_algorithm(struct lab *lab) {
    const char *text =
        sign_assertion_with(lab, good(lab), &(struct forge_signing){.method = FORGE_RSA_SHA1});
    return hidden(lab, assertion_of(lab, text));
}

static struct str damaged_first(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.damage = FORGE_DAMAGED_FIRST});
}

static struct str damaged_tag(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.damage = FORGE_DAMAGED_LAST});
}

static struct str damaged_key(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.damage = FORGE_DAMAGED_KEY});
}

static struct str short_key(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.damage = FORGE_SHORT_KEY});
}

static struct str truncated(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.damage = FORGE_TRUNCATED});
}

static struct str empty(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.damage = FORGE_EMPTY});
}

static struct str foreign_key(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.key = FORGE_ATTACKER});
}

static struct str wrong_digest(struct lab *lab) {
    const char *text = around(lab, str_from_c(signed_assertion(lab)),
                              &(struct forge_encryption){.digest = FORGE_SHA256});
    return posted(lab, edit(lab->arena, text, FORGE_SHA256, FORGE_SHA1));
}

static struct str no_key(struct lab *lab) {
    lab->decryption_key_count = 0;
    return gcm_128(lab);
}

static struct str cbc_padding(struct lab *lab) {
    return plain_in_signed_response(
        lab, (struct forge_encryption){.data = FORGE_AES128_CBC, .damage = FORGE_DAMAGED_PADDING});
}

static struct str cbc_truncated(struct lab *lab) {
    return plain_in_signed_response(
        lab, (struct forge_encryption){.data = FORGE_AES128_CBC, .damage = FORGE_TRUNCATED});
}

/* The provider signed that its NameID is hidden; what was hidden is no NameID. */
static struct str name_that_is_none(struct lab *lab) {
    const char *text = good(lab);
    const char *name = cut(lab->arena, text, "<saml:NameID", "</saml:NameID>");
    const char *wrong = forge_encrypt(lab->arena, str_from_c(signed_assertion(lab)), "EncryptedID",
                                      &(struct forge_encryption){0});
    return posted(lab, sign_assertion(lab, edit(lab->arena, text, name, wrong)));
}

static const struct saml_case DECRYPT[] = {
    REFUSE("the plaintext is a Response", "decrypt", hidden_response),
    REFUSE("the plaintext is a NameID", "decrypt", hidden_name),
    REFUSE("the plaintext is encrypted again", "decrypt", hidden_twice),
    REFUSE("the plaintext is two assertions", "decrypt", hidden_two),
    REFUSE("the plaintext goes on behind the assertion", "decrypt", hidden_tail),
    REFUSE("the plaintext has a DTD", "decrypt", hidden_dtd),
    REFUSE("the plaintext has a comment", "decrypt", hidden_comment),
    REFUSE("the plaintext is nested 5,000 deep", "decrypt", hidden_depth),
    REFUSE("the plaintext is not XML", "decrypt", hidden_garbage),
    REFUSE("the plaintext is not text", "decrypt", hidden_binary),
    REFUSE("the plaintext is empty", "decrypt", hidden_nothing),
    REFUSE("the plaintext is signed with SHA-1", "decrypt", hidden_algorithm),
    REFUSE("GCM, a bit of the first block", "decrypt", damaged_first),
    REFUSE("GCM, a bit of the tag", "decrypt", damaged_tag),
    REFUSE("a bit of the wrapped key", "decrypt", damaged_key),
    REFUSE("the wrapped key is too short", "decrypt", short_key),
    REFUSE("only the first bytes are there", "decrypt", truncated),
    REFUSE("the ciphertext is empty", "gate_element", empty),
    REFUSE("encrypted for another key", "decrypt", foreign_key),
    REFUSE("OAEP with another digest than it says", "decrypt", wrong_digest),
    REFUSE("we have no decryption key", "decrypt", no_key),
    REFUSE("CBC in a signed Response, wrong padding", "decrypt", cbc_padding),
    REFUSE("CBC in a signed Response, only the first block", "decrypt", cbc_truncated),
    REFUSE("an EncryptedID holds an assertion", "decrypt", name_that_is_none),
};
const struct saml_class CASES_DECRYPT = {"encryption", "whatever fails once the key is in use",
                                         OF_RESPONSE, SAID, CASES(DECRYPT)};

static struct str cbc_unsigned(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.data = FORGE_AES128_CBC});
}

static struct str cbc_unsigned_padding(struct lab *lab) {
    return encrypted(
        lab, (struct forge_encryption){.data = FORGE_AES128_CBC, .damage = FORGE_DAMAGED_PADDING});
}

static struct str cbc_bad_signature(struct lab *lab) {
    const char *text = around(lab, str_from_c(signed_assertion(lab)),
                              &(struct forge_encryption){.data = FORGE_AES128_CBC});
    return posted(lab, forge_sign(lab->arena, text, SIGN_MESSAGE,
                                  &(struct forge_signing){.key = FORGE_ATTACKER}));
}

static struct str cbc_off(struct lab *lab) {
    lab->trust.cbc = SAML_CBC_OFF;
    return plain_in_signed_response(lab, (struct forge_encryption){.data = FORGE_AES128_CBC});
}

/* The signed Response's ciphertext, in a Response of the attacker. */
static struct str cbc_moved(struct lab *lab) {
    const char *text = around(lab, str_from_c(signed_assertion(lab)),
                              &(struct forge_encryption){.data = FORGE_AES128_CBC});
    const char *whole = sign_message(lab, text);
    return posted(lab, without(lab->arena, whole, "<ds:Signature ", "</ds:Signature>"));
}

static const struct saml_case ORACLE[] = {
    REFUSE("CBC in an unsigned Response", "cbc_unsigned", cbc_unsigned),
    REFUSE("CBC in an unsigned Response, wrong padding", "cbc_unsigned", cbc_unsigned_padding),
    REFUSE("CBC in a Response that somebody else signed", "signature", cbc_bad_signature),
    REFUSE("CBC where it is off, in a signed Response", "gate_algorithm", cbc_off),
    REFUSE("CBC taken out of a signed Response", "cbc_unsigned", cbc_moved),
};
const struct saml_class CASES_ORACLE = {
    "decryption oracle",
    "Jager and Somorovsky 2011; Bleichenbacher 1998: the key is not used at all", OF_RESPONSE, SAID,
    CASES(ORACLE)};

/* One edit behind the encryption: nothing that names another place is followed. */
static struct str reference_in(struct lab *lab, const char *begin, const char *end,
                               const char *instead) {
    const char *text =
        around(lab, str_from_c(signed_assertion(lab)), &(struct forge_encryption){0});
    return posted(lab, edit_last(lab->arena, text, cut(lab->arena, text, begin, end), instead));
}

#define CIPHER_REFERENCE(uri)                                                                      \
    "<xenc:CipherReference xmlns:xenc=\"" FORGE_NS_XENC "\" URI=\"" uri "\"/>"

static struct str data_over_http(struct lab *lab) {
    const char *text =
        around(lab, str_from_c(signed_assertion(lab)), &(struct forge_encryption){0});
    const char *tail = cut(lab->arena, text, "</xenc:EncryptedKey>", "</xenc:CipherData>");
    const char *data = cut(lab->arena, tail, "<xenc:CipherValue>", "</xenc:CipherValue>");
    return posted(lab, edit(lab->arena, text, data, CIPHER_REFERENCE("http://127.0.0.1:1/x")));
}

static struct str key_over_http(struct lab *lab) {
    return reference_in(lab, "<xenc:CipherValue>", "</xenc:CipherValue>",
                        CIPHER_REFERENCE("http://127.0.0.1:1/x"));
}

static struct str key_from_file(struct lab *lab) {
    return reference_in(lab, "<xenc:CipherValue>", "</xenc:CipherValue>",
                        CIPHER_REFERENCE("file:///etc/passwd"));
}

static struct str key_by_transform(struct lab *lab) {
    return reference_in(lab, "<xenc:CipherValue>", "</xenc:CipherValue>",
                        "<xenc:CipherReference URI=\"#_message-1\"><xenc:Transforms><ds:Transform"
                        " xmlns:ds=\"" FORGE_NS_DSIG "\" Algorithm=\"http://www.w3.org/TR/1999/"
                        "REC-xslt-19991116\"/></xenc:Transforms></xenc:CipherReference>");
}

static struct str retrieval(struct lab *lab, const char *uri) {
    const char *text =
        around(lab, str_from_c(signed_assertion(lab)),
               &(struct forge_encryption){.is_sibling = true, .has_retrieval = true});
    return posted(
        lab, edit(lab->arena, text, "URI=\"#_key-1\"", forge_text(lab->arena, "URI=\"%s\"", uri)));
}

static struct str retrieval_over_http(struct lab *lab) {
    return retrieval(lab, "http://127.0.0.1:1/key");
}

static struct str retrieval_from_file(struct lab *lab) {
    return retrieval(lab, "file:///etc/passwd");
}

static struct str retrieval_of_another(struct lab *lab) {
    return retrieval(lab, "#_message-1");
}

static struct str retrieval_in_signature(struct lab *lab) {
    return posted(lab, sign_assertion_with(
                           lab, good(lab),
                           &(struct forge_signing){
                               .key_info_xml = "<ds:KeyInfo><ds:RetrievalMethod"
                                               " URI=\"http://127.0.0.1:1/key\"/></ds:KeyInfo>"}));
}

static struct str two_keys(struct lab *lab) {
    const char *text =
        around(lab, str_from_c(signed_assertion(lab)), &(struct forge_encryption){0});
    const char *key = cut(lab->arena, text, "<xenc:EncryptedKey", "</xenc:EncryptedKey>");
    return posted(lab, edit_before(lab->arena, text, "<xenc:EncryptedKey", key));
}

static struct str no_wrapped_key(struct lab *lab) {
    const char *text =
        around(lab, str_from_c(signed_assertion(lab)), &(struct forge_encryption){0});
    return posted(lab, without(lab->arena, text, "<xenc:EncryptedKey", "</xenc:EncryptedKey>"));
}

static struct str two_data(struct lab *lab) {
    const char *text =
        around(lab, str_from_c(signed_assertion(lab)), &(struct forge_encryption){0});
    const char *data = cut(lab->arena, text, "<xenc:EncryptedData", "</xenc:EncryptedData>");
    return posted(lab, edit_before(lab->arena, text, "<xenc:EncryptedData", data));
}

static const struct saml_case REMOTE[] = {
    REFUSE("the ciphertext is somewhere on the network", "gate_element", data_over_http),
    REFUSE("the wrapped key is somewhere on the network", "gate_element", key_over_http),
    REFUSE("the wrapped key is in a file", "gate_element", key_from_file),
    REFUSE("the wrapped key is made by a transform", "gate_element", key_by_transform),
    REFUSE("RetrievalMethod on the network", "gate_element", retrieval_over_http),
    REFUSE("RetrievalMethod of a file", "gate_element", retrieval_from_file),
    REFUSE("RetrievalMethod of another element", "gate_element", retrieval_of_another),
    REFUSE("RetrievalMethod in a signature", "gate_element", retrieval_in_signature),
    REFUSE("two EncryptedKeys", "gate_element", two_keys),
    REFUSE("no EncryptedKey", "gate_element", no_wrapped_key),
    REFUSE("two EncryptedData", "gate_element", two_data),
};
const struct saml_class CASES_REMOTE = {"remote references", "XML Encryption 1.1, 3.3.1 and 3.5",
                                        OF_RESPONSE, SAID, CASES(REMOTE)};
