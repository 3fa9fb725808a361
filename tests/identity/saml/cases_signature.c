/* No signature, somebody else's, or another algorithm than was agreed. */
#include "tests/identity/saml/lists.h"

#include <string.h>

#include "base/crypto.h"

static struct str signed_with(struct lab *lab, struct forge_signing signing) {
    return posted(lab, sign_assertion_with(lab, good(lab), &signing));
}

static struct str message_signed_with(struct lab *lab, struct forge_signing signing) {
    return posted(lab, forge_sign(lab->arena, good(lab), SIGN_MESSAGE, &signing));
}

static struct str nothing_signed(struct lab *lab) {
    return posted(lab, good(lab));
}

static struct str removed(struct lab *lab) {
    return posted(lab, without(lab->arena, good_signed(lab), "<ds:Signature ", "</ds:Signature>"));
}

static struct str empty_value(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.value = ""});
}

static struct str zero_value(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.value = "AA=="});
}

static struct str garbage_value(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.value = "*** no base64 ***"});
}

static struct str no_reference(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.reference_xml = ""});
}

static struct str no_signed_info(struct lab *lab) {
    return posted(lab,
                  without(lab->arena, good_signed(lab), "<ds:SignedInfo>", "</ds:SignedInfo>"));
}

static struct str no_value(struct lab *lab) {
    return posted(
        lab, without(lab->arena, good_signed(lab), "<ds:SignatureValue>", "</ds:SignatureValue>"));
}

static struct str bare_signature(struct lab *lab) {
    return posted(lab, edit(lab->arena, good(lab), SIGN_ASSERTION,
                            "<ds:Signature xmlns:ds=\"" FORGE_NS_DSIG "\"/>"));
}

static struct str one_of_two(struct lab *lab) {
    return posted(
        lab, edit_before(lab->arena, good_signed(lab), "</samlp:Response>", evil_assertion(lab)));
}

static struct str encrypted_unsigned(struct lab *lab) {
    return posted(
        lab,
        forge_response(&lab->forge, &(struct forge_response){
                                        .assertion_xml = forge_encrypt(
                                            lab->arena, str_from_c(evil_assertion(lab)),
                                            "EncryptedAssertion", &(struct forge_encryption){0})}));
}

static struct str foreign(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.key = FORGE_ATTACKER});
}

static struct str foreign_with_certificate(struct lab *lab) {
    return signed_with(
        lab, (struct forge_signing){FORGE_ATTACKER,
                                    .key_info_xml = forge_x509_data(lab->arena, FORGE_ATTACKER)});
}

static struct str foreign_with_key_value(struct lab *lab) {
    return signed_with(
        lab, (struct forge_signing){FORGE_ATTACKER,
                                    .key_info_xml = forge_key_value(lab->arena, FORGE_ATTACKER)});
}

static struct str foreign_under_our_certificate(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){FORGE_ATTACKER, .key_info_xml = forge_x509_data(
                                                                       lab->arena, FORGE_IDP)});
}

static struct str foreign_response(struct lab *lab) {
    return message_signed_with(lab, (struct forge_signing){.key = FORGE_ATTACKER});
}

static struct str bad_response_good_assertion(struct lab *lab) {
    return posted(lab, forge_sign(lab->arena, good_signed(lab), SIGN_MESSAGE,
                                  &(struct forge_signing){.key = FORGE_ATTACKER}));
}

static struct str good_response_bad_assertion(struct lab *lab) {
    const char *text =
        sign_assertion_with(lab, good(lab), &(struct forge_signing){.key = FORGE_ATTACKER});
    return posted(lab, sign_message(lab, text));
}

/* The key of the provider is ours to verify with, ours is not theirs to sign with. */
static struct str signed_by_us(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.key = FORGE_SP});
}

static const struct saml_case EXCLUSION[] = {
    REFUSE("nothing is signed", "unsigned", nothing_signed),
    REFUSE("the signature was taken out", "unsigned", removed),
    REFUSE("an empty SignatureValue", "gate_signature", empty_value),
    REFUSE("a SignatureValue of one byte", "signature", zero_value),
    REFUSE("a SignatureValue that is not base64", "signature", garbage_value),
    REFUSE("no Reference", "gate_signature", no_reference),
    REFUSE("no SignedInfo", "gate_signature", no_signed_info),
    REFUSE("no SignatureValue", "gate_signature", no_value),
    REFUSE("an empty Signature", "gate_signature", bare_signature),
    REFUSE("one of two assertions is signed", "gate_element", one_of_two),
    REFUSE("encrypted but not signed", "unsigned", encrypted_unsigned),
    REFUSE("signed with another key", "signature", foreign),
    REFUSE("signed with another key, its certificate in KeyInfo", "signature",
           foreign_with_certificate),
    REFUSE("signed with another key, the key in KeyValue", "signature", foreign_with_key_value),
    REFUSE("signed with another key, the provider's certificate in KeyInfo", "signature",
           foreign_under_our_certificate),
    REFUSE("the Response is signed with another key", "signature", foreign_response),
    REFUSE("a bad signature of the Response around a good assertion", "signature",
           bad_response_good_assertion),
    REFUSE("a bad signature of the assertion in a good Response", "signature",
           good_response_bad_assertion),
    REFUSE("signed with our own key", "signature", signed_by_us),
    BROKEN("the NameID was changed", "signature", "ada-4711", "mallory"),
    BROKEN("an attribute was changed", "signature", "engineers", "admins"),
    BROKEN("an attribute was added", "signature", "</saml:AttributeStatement>",
           "<saml:Attribute Name=\"role\"><saml:AttributeValue>creator</saml:AttributeValue>"
           "</saml:Attribute></saml:AttributeStatement>"),
    BROKEN("an Audience was added", "signature", "</saml:AudienceRestriction>",
           "<saml:Audience>https://evil.example</saml:Audience></saml:AudienceRestriction>"),
    BROKEN("the Conditions were taken out", "signature", "<saml:Conditions",
           "<saml:Advice/><saml:Conditions"),
    BROKEN("a blank was added", "signature", "<saml:Subject>", "<saml:Subject> "),
};
const struct saml_class CASES_EXCLUSION = {"signature exclusion and faking",
                                           "signature removed, empty, or of a key in the message",
                                           OF_RESPONSE, CHANGED, CASES(EXCLUSION)};

static struct str need_response(struct lab *lab) {
    lab->trust.must_sign = SAML_SIGNED_RESPONSE;
    return posted(lab, good_signed(lab));
}

static struct str need_both_has_assertion(struct lab *lab) {
    lab->trust.must_sign = SAML_SIGNED_BOTH;
    return posted(lab, good_signed(lab));
}

static struct str need_both_has_response(struct lab *lab) {
    lab->trust.must_sign = SAML_SIGNED_BOTH;
    return posted(lab, sign_message(lab, good(lab)));
}

static struct str no_certificate(struct lab *lab) {
    lab->trust.certificate_count = 0;
    return posted(lab, good_signed(lab));
}

static struct str need_response_is(struct lab *lab) {
    lab->trust.must_sign = SAML_SIGNED_RESPONSE;
    return posted(lab, sign_message(lab, good(lab)));
}

static struct str need_assertion_is(struct lab *lab) {
    lab->trust.must_sign = SAML_SIGNED_ASSERTION;
    return posted(lab, good_signed(lab));
}

static const struct saml_case POLICY[] = {
    ACCEPT("the Response has to be signed and is", need_response_is),
    ACCEPT("the assertion has to be signed and is", need_assertion_is),
    REFUSE("the Response has to be signed, the assertion is", "unsigned", need_response),
    REFUSE("both have to be signed, the assertion is", "unsigned", need_both_has_assertion),
    REFUSE("both have to be signed, the Response is", "unsigned", need_both_has_response),
    REFUSE("the connection has no certificate", "signature", no_certificate),
};
const struct saml_class CASES_POLICY = {"signature policy", "what a connection asks for",
                                        OF_RESPONSE, SAID, CASES(POLICY)};

static struct str hmac(struct lab *lab, const char *method, struct str key) {
    return signed_with(lab, (struct forge_signing){.method = method, .hmac_key = key});
}

static struct str hmac_public_pem(struct lab *lab) {
    return hmac(lab, FORGE_HMAC_SHA256, forge_public_pem(lab->arena, FORGE_IDP));
}

static struct str hmac_public_der(struct lab *lab) {
    return hmac(lab, FORGE_HMAC_SHA256, forge_public_der(lab->arena, FORGE_IDP));
}

static struct str hmac_certificate(struct lab *lab) {
    return hmac(lab, FORGE_HMAC_SHA1, forge_key(FORGE_IDP)->certificate);
}

static struct str hmac_certificate_text(struct lab *lab) {
    return hmac(lab, FORGE_HMAC_SHA1, str_from_c(forge_certificate_base64(lab->arena, FORGE_IDP)));
}

static struct str hmac_empty(struct lab *lab) {
    return hmac(lab, FORGE_HMAC_SHA256, STR(""));
}

static struct str method(struct lab *lab, const char *uri) {
    return signed_with(lab, (struct forge_signing){.method = uri});
}

static struct str rsa_md5(struct lab *lab) {
    return method(lab, FORGE_RSA_MD5);
}

static struct str rsa_sha1(struct lab *lab) {
    return method(lab, FORGE_RSA_SHA1);
}

static struct str rsa_pss(struct lab *lab) {
    return method(lab, FORGE_RSA_PSS);
}

static struct str digest_sha1(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.digest = FORGE_SHA1});
}

static struct str digest_md5(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.digest = FORGE_MD5});
}

static struct str renamed(struct lab *lab, const char *from, const char *to) {
    return posted(lab, edit(lab->arena, good_signed(lab), from, to));
}

static struct str method_unknown(struct lab *lab) {
    return renamed(lab, FORGE_RSA_SHA256, "urn:x:none");
}

static struct str method_empty(struct lab *lab) {
    return renamed(lab, FORGE_RSA_SHA256, "");
}

static struct str method_dsa(struct lab *lab) {
    return renamed(lab, FORGE_RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#dsa-sha1");
}

static struct str method_relabelled(struct lab *lab) {
    return renamed(lab, FORGE_RSA_SHA256, FORGE_HMAC_SHA256);
}

static struct str method_of_another_kind(struct lab *lab) {
    return renamed(lab, FORGE_RSA_SHA256, FORGE_ECDSA_SHA256);
}

static struct str method_of_another_hash(struct lab *lab) {
    return renamed(lab, FORGE_RSA_SHA256, FORGE_RSA_SHA512);
}

static struct str c14n_with_comments(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.c14n = FORGE_EXCLUSIVE "WithComments"});
}

static struct str transform_with_comments(struct lab *lab) {
    return signed_with(lab,
                       (struct forge_signing){.reference_c14n = FORGE_INCLUSIVE "#WithComments"});
}

static struct str c14n_11(struct lab *lab) {
    return renamed(lab, "<ds:CanonicalizationMethod Algorithm=\"" FORGE_EXCLUSIVE,
                   "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2006/12/xml-c14n11");
}

static struct str encrypted(struct lab *lab, struct forge_encryption encryption) {
    const char *plain = assertion_of(lab, good_signed(lab));
    return posted(lab, forge_response(&lab->forge, &(struct forge_response){
                                                       .assertion_xml = forge_encrypt(
                                                           lab->arena, str_from_c(plain),
                                                           "EncryptedAssertion", &encryption)}));
}

static struct str rsa_15(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.transport = FORGE_RSA15});
}

static struct str triple_des(struct lab *lab) {
    lab->trust.cbc = SAML_CBC_ALWAYS;
    return encrypted(lab, (struct forge_encryption){.data = FORGE_3DES_CBC});
}

static struct str key_wrap(struct lab *lab) {
    const struct str text = encrypted(lab, (struct forge_encryption){0});
    struct str xml;
    assert_ok(base64_decode(lab->scope, text, &xml));
    return posted(lab, edit(lab->arena, forge_text(lab->arena, "%.*s", STR_ARG(xml)), FORGE_OAEP,
                            "http://www.w3.org/2001/04/xmlenc#kw-aes128"));
}

static struct str oaep_md5(struct lab *lab) {
    return encrypted(lab, (struct forge_encryption){.digest = FORGE_MD5});
}

static const struct saml_case ALGORITHM[] = {
    REFUSE("HMAC keyed with the public key (PEM)", "gate_algorithm", hmac_public_pem),
    REFUSE("HMAC keyed with the public key (DER)", "gate_algorithm", hmac_public_der),
    REFUSE("HMAC keyed with the certificate", "gate_algorithm", hmac_certificate),
    REFUSE("HMAC keyed with the certificate's base64", "gate_algorithm", hmac_certificate_text),
    REFUSE("HMAC keyed with nothing", "gate_algorithm", hmac_empty),
    REFUSE("rsa-md5", "gate_algorithm", rsa_md5),
    REFUSE("rsa-sha1", "gate_algorithm", rsa_sha1),
    REFUSE("RSA-PSS", "gate_algorithm", rsa_pss),
    REFUSE("a SHA-1 digest", "gate_algorithm", digest_sha1),
    REFUSE("an MD5 digest", "gate_algorithm", digest_md5),
    REFUSE("an unknown signature method", "gate_algorithm", method_unknown),
    REFUSE("an empty signature method", "gate_algorithm", method_empty),
    REFUSE("DSA", "gate_algorithm", method_dsa),
    REFUSE("a signature relabelled as HMAC", "gate_algorithm", method_relabelled),
    REFUSE("an RSA signature relabelled as ECDSA", "signature", method_of_another_kind),
    REFUSE("a signature relabelled with another hash", "signature", method_of_another_hash),
    REFUSE("canonicalisation with comments", "gate_algorithm", c14n_with_comments),
    REFUSE("a transform that keeps comments", "gate_algorithm", transform_with_comments),
    REFUSE("canonicalisation 1.1", "gate_algorithm", c14n_11),
    REFUSE("rsa-1_5 key transport", "gate_algorithm", rsa_15),
    REFUSE("3DES", "gate_algorithm", triple_des),
    REFUSE("AES key wrap", "gate_algorithm", key_wrap),
    REFUSE("OAEP with MD5", "gate_algorithm", oaep_md5),
};
const struct saml_class CASES_ALGORITHM = {"algorithm confusion",
                                           "the message must not choose how it is verified",
                                           OF_RESPONSE, CHANGED, CASES(ALGORITHM)};
