/* Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (2012), XSW 1 to 8, and what has
 * been found since: what was signed is still there, but something else is in its place. */
#include "tests/identity/saml/lists.h"

#include <string.h>

static const char *join(struct lab *lab, const char *a, const char *b) {
    return forge_text(lab->arena, "%s%s", a, b);
}

static const char *done(struct lab *lab, const char *text) {
    return forge_done(lab->arena, text);
}

/* The assertion as it was signed, still with its signature, and without. */
static const char *honest(struct lab *lab) {
    return assertion_of(lab, done(lab, good_signed(lab)));
}

static const char *honest_bare(struct lab *lab) {
    return without(lab->arena, honest(lab), "<ds:Signature ", "</ds:Signature>");
}

static const char *honest_signature(struct lab *lab) {
    return signature_of(lab, good_signed(lab));
}

static struct str response_with(struct lab *lab, const char *assertions) {
    return posted(
        lab, forge_response(&lab->forge, &(struct forge_response){.assertion_xml = assertions}));
}

/* The whole of a signed Response, to stand inside another. */
static const char *signed_response(struct lab *lab) {
    return done(lab, sign_message(lab, good(lab)));
}

static const char *evil_response(struct lab *lab) {
    return forge_response(
        &lab->forge,
        &(struct forge_response){.id = "_evil-message", .assertion_xml = evil_assertion(lab)});
}

static struct str xsw1(struct lab *lab) {
    const char *signature = signature_of(lab, signed_response(lab));
    const char *inner =
        without(lab->arena, signed_response(lab), "<ds:Signature ", "</ds:Signature>");
    const char *outer =
        edit(lab->arena, signature, "</ds:Signature>", join(lab, inner, "</ds:Signature>"));
    return posted(lab, edit(lab->arena, evil_response(lab), SIGN_MESSAGE, outer));
}

static struct str xsw2(struct lab *lab) {
    const char *signature = signature_of(lab, signed_response(lab));
    const char *inner =
        without(lab->arena, signed_response(lab), "<ds:Signature ", "</ds:Signature>");
    return posted(lab,
                  edit(lab->arena, evil_response(lab), SIGN_MESSAGE, join(lab, inner, signature)));
}

static struct str xsw3(struct lab *lab) {
    return response_with(lab, join(lab, evil_assertion(lab), honest(lab)));
}

static struct str xsw3_behind(struct lab *lab) {
    return response_with(lab, join(lab, honest(lab), evil_assertion(lab)));
}

static const char *with_inside(struct lab *lab, const char *outer, const char *inner) {
    return edit_before(lab->arena, outer, "</saml:Assertion>", inner);
}

static struct str xsw4(struct lab *lab) {
    return response_with(lab, with_inside(lab, evil_assertion(lab), honest(lab)));
}

static const char *evil_with_signature(struct lab *lab, const char *signature) {
    return edit_after(lab->arena, evil_assertion(lab), "</saml:Issuer>", signature);
}

static struct str xsw5(struct lab *lab) {
    return response_with(
        lab, join(lab, evil_with_signature(lab, honest_signature(lab)), honest_bare(lab)));
}

static struct str xsw6(struct lab *lab) {
    const char *signature =
        edit_before(lab->arena, honest_signature(lab), "</ds:Signature>", honest_bare(lab));
    return response_with(lab, evil_with_signature(lab, signature));
}

static struct str xsw7(struct lab *lab) {
    const char *extensions =
        forge_text(lab->arena, "<samlp:Extensions>%s</samlp:Extensions>", evil_assertion(lab));
    return posted(lab, edit(lab->arena, good_signed(lab), "<samlp:Status>",
                            join(lab, extensions, "<samlp:Status>")));
}

static struct str in_object(struct lab *lab, const char *what) {
    const char *object = forge_text(lab->arena, "<ds:Object>%s</ds:Object></ds:Signature>", what);
    const char *signature = edit(lab->arena, honest_signature(lab), "</ds:Signature>", object);
    return response_with(lab, evil_with_signature(lab, signature));
}

static struct str xsw8(struct lab *lab) {
    return in_object(lab, honest_bare(lab));
}

static struct str object_with_whole(struct lab *lab) {
    return in_object(lab, honest(lab));
}

static struct str honest_in(struct lab *lab, const char *before, const char *begin,
                            const char *end) {
    const char *inner = forge_text(lab->arena, "%s%s%s", begin, honest(lab), end);
    return response_with(lab, edit_before(lab->arena, evil_assertion(lab), before, inner));
}

static struct str in_advice(struct lab *lab) {
    return honest_in(lab, "<saml:AuthnStatement", "<saml:Advice>", "</saml:Advice>");
}

static struct str in_value(struct lab *lab) {
    return honest_in(lab, "</saml:AttributeStatement>",
                     "<saml:Attribute Name=\"x\"><saml:AttributeValue>",
                     "</saml:AttributeValue></saml:Attribute>");
}

static struct str in_confirmation(struct lab *lab) {
    const char *evil = edit(lab->arena, evil_assertion(lab), "/></saml:SubjectConfirmation>",
                            forge_text(lab->arena,
                                       ">%s</saml:SubjectConfirmationData>"
                                       "</saml:SubjectConfirmation>",
                                       honest(lab)));
    return response_with(lab, evil);
}

static struct str in_extensions(struct lab *lab) {
    return posted(
        lab, forge_response(&lab->forge, &(struct forge_response){
                                             .extensions_xml = forge_text(lab->arena,
                                                                          "<samlp:Extensions>%s"
                                                                          "</samlp:Extensions>",
                                                                          honest(lab)),
                                             .assertion_xml = evil_assertion(lab)}));
}

static struct str in_status(struct lab *lab) {
    const char *detail = forge_text(
        lab->arena, "<samlp:StatusDetail>%s</samlp:StatusDetail></samlp:Status>", honest(lab));
    const char *text =
        forge_response(&lab->forge, &(struct forge_response){.assertion_xml = evil_assertion(lab)});
    return posted(lab, edit(lab->arena, text, "</samlp:Status>", detail));
}

static struct str in_foreign_element(struct lab *lab) {
    return response_with(lab, forge_text(lab->arena, "%s<x:box xmlns:x=\"urn:x\">%s</x:box>",
                                         evil_assertion(lab), honest(lab)));
}

static struct str only_in_foreign_element(struct lab *lab) {
    return response_with(
        lab, forge_text(lab->arena, "<x:box xmlns:x=\"urn:x\">%s</x:box>", honest(lab)));
}

static struct str evil_inside_honest(struct lab *lab) {
    return response_with(lab, with_inside(lab, honest(lab), evil_assertion(lab)));
}

static struct str evil_with_same_id(struct lab *lab) {
    const char *evil = edit(lab->arena, evil_assertion(lab), "_evil", "_assertion-1");
    return response_with(lab, join(lab, evil, honest(lab)));
}

static struct str response_in_response(struct lab *lab) {
    return posted(lab, edit(lab->arena, evil_response(lab), "</samlp:Response>",
                            join(lab, signed_response(lab), "</samlp:Response>")));
}

static struct str response_in_extensions(struct lab *lab) {
    const char *box =
        forge_text(lab->arena, "<samlp:Extensions>%s</samlp:Extensions>", signed_response(lab));
    return posted(lab, edit(lab->arena, evil_response(lab), "<samlp:Status>",
                            join(lab, box, "<samlp:Status>")));
}

/* The signature over the assertion is hung onto the Response, whose assertion is another one. */
static struct str signature_moved_up(struct lab *lab) {
    const char *text =
        forge_response(&lab->forge, &(struct forge_response){.assertion_xml = evil_assertion(lab)});
    return posted(lab, edit(lab->arena, text, SIGN_MESSAGE, honest_signature(lab)));
}

static struct str signature_moved_down(struct lab *lab) {
    const char *text = without(lab->arena, good_signed(lab), "<ds:Signature ", "</ds:Signature>");
    return posted(
        lab, edit_before(lab->arena, text, "<saml:SubjectConfirmation ", honest_signature(lab)));
}

static struct str two_signatures(struct lab *lab) {
    const char *signature = honest_signature(lab);
    return posted(lab, edit_before(lab->arena, good_signed(lab), "<saml:Subject>", signature));
}

static struct str replaced_in_signed_response(struct lab *lab) {
    const char *text = signed_response(lab);
    return posted(lab, edit(lab->arena, text, assertion_of(lab, text), evil_assertion(lab)));
}

static const char *evil_encrypted(struct lab *lab) {
    return forge_encrypt(lab->arena, str_from_c(evil_assertion(lab)), "EncryptedAssertion",
                         &(struct forge_encryption){0});
}

static struct str encrypted_beside(struct lab *lab) {
    return response_with(lab, join(lab, evil_encrypted(lab), honest(lab)));
}

static struct str encrypted_behind(struct lab *lab) {
    return response_with(lab, join(lab, honest(lab), evil_encrypted(lab)));
}

static struct str two_encrypted(struct lab *lab) {
    const char *whole = forge_encrypt(lab->arena, str_from_c(honest(lab)), "EncryptedAssertion",
                                      &(struct forge_encryption){0});
    return response_with(lab, join(lab, whole, evil_encrypted(lab)));
}

static struct str not_encrypted_after_all(struct lab *lab) {
    return response_with(lab, forge_text(lab->arena,
                                         "<saml:EncryptedAssertion>%s</saml:EncryptedAssertion>",
                                         honest(lab)));
}

static struct str wrapped_in_ciphertext(struct lab *lab) {
    const char *evil = with_inside(lab, evil_assertion(lab), honest(lab));
    return response_with(lab, forge_encrypt(lab->arena, str_from_c(evil), "EncryptedAssertion",
                                            &(struct forge_encryption){0}));
}

static const struct saml_case WRAPPING[] = {
    REFUSE("XSW1: the signed Response inside the evil one's signature", "gate_signature", xsw1),
    REFUSE("XSW2: the signed Response beside its detached signature", "gate_element", xsw2),
    REFUSE("XSW3: an evil assertion before the signed one", "gate_element", xsw3),
    REFUSE("an evil assertion behind the signed one", "gate_element", xsw3_behind),
    REFUSE("XSW4: the signed assertion inside the evil one", "gate_element", xsw4),
    REFUSE("XSW5: the signature copied, the original at the end", "gate_signature", xsw5),
    REFUSE("XSW6: the original inside the copied signature", "gate_signature", xsw6),
    REFUSE("XSW7: the evil assertion in Extensions", "gate_element", xsw7),
    REFUSE("XSW8: the original in the signature's Object", "gate_signature", xsw8),
    REFUSE("the original with its signature in an Object", "gate_signature", object_with_whole),
    REFUSE("the original in Advice", "gate_element", in_advice),
    REFUSE("the original in an AttributeValue", "gate_element", in_value),
    REFUSE("the original in SubjectConfirmationData", "gate_element", in_confirmation),
    REFUSE("the original in Extensions", "gate_element", in_extensions),
    REFUSE("the original in StatusDetail", "gate_element", in_status),
    REFUSE("the original in a foreign element", "gate_element", in_foreign_element),
    REFUSE("the only assertion is in a foreign element", "gate_element", only_in_foreign_element),
    REFUSE("an evil assertion inside the signed one", "gate_element", evil_inside_honest),
    REFUSE("an evil assertion with the same ID", "gate_element", evil_with_same_id),
    REFUSE("the signed Response inside an evil one", "gate_element", response_in_response),
    REFUSE("the signed Response in Extensions", "gate_element", response_in_extensions),
    REFUSE("the assertion's signature at the Response", "gate_signature", signature_moved_up),
    REFUSE("the signature in the Subject", "gate_signature", signature_moved_down),
    REFUSE("two signatures in one assertion", "gate_signature", two_signatures),
    REFUSE("the assertion of a signed Response replaced", "signature", replaced_in_signed_response),
    REFUSE("an evil encrypted assertion before the signed one", "gate_element", encrypted_beside),
    REFUSE("an evil encrypted assertion behind the signed one", "gate_element", encrypted_behind),
    REFUSE("two encrypted assertions", "gate_element", two_encrypted),
    REFUSE("EncryptedAssertion around a plain one", "gate_element", not_encrypted_after_all),
    REFUSE("the wrapping is inside the ciphertext", "decrypt", wrapped_in_ciphertext),
};
const struct saml_class CASES_WRAPPING = {"signature wrapping",
                                          "XSW 1 to 8, Somorovsky et al. 2012, and later",
                                          OF_RESPONSE, SAID, CASES(WRAPPING)};

static struct str same_id_as_response(struct lab *lab) {
    return posted(lab, edit(lab->arena, good_signed(lab), "_message-1", "_assertion-1"));
}

/* The lists of the standard do not know the ID, but somebody's getElementById might. */
static struct str with_attribute(struct lab *lab, const char *attribute) {
    return posted(lab, edit(lab->arena, good_signed(lab), "<samlp:Status>",
                            forge_text(lab->arena, "<samlp:Status %s>", attribute)));
}

static struct str same_id_in_lower_case(struct lab *lab) {
    return with_attribute(lab, "id=\"_assertion-1\"");
}

static struct str same_id_in_mixed_case(struct lab *lab) {
    return with_attribute(lab, "Id=\"_assertion-1\"");
}

static struct str xml_id(struct lab *lab) {
    return with_attribute(lab, "xml:id=\"_assertion-1\"");
}

static struct str xml_id_of_its_own(struct lab *lab) {
    return with_attribute(lab, "xml:id=\"_other\"");
}

static struct str namespaced_id_beside(struct lab *lab) {
    return posted(lab, edit(lab->arena, good_signed(lab), "ID=\"_assertion-1\"",
                            "ID=\"_assertion-1\" saml:ID=\"_other\""));
}

static struct str namespaced_id_instead(struct lab *lab) {
    return posted(
        lab, edit(lab->arena, good_signed(lab), "ID=\"_assertion-1\"", "saml:ID=\"_assertion-1\""));
}

static struct str empty_id(struct lab *lab) {
    return with_attribute(lab, "ID=\"\"");
}

static struct str two_spellings(struct lab *lab) {
    return posted(lab, edit(lab->arena, good_signed(lab), "ID=\"_assertion-1\"",
                            "ID=\"_assertion-1\" Id=\"_other\""));
}

static struct str no_id(struct lab *lab) {
    const char *text = edit(lab->arena, good(lab), " ID=\"_assertion-1\"", "");
    return posted(lab, sign_assertion_with(lab, text, &(struct forge_signing){.uri = "#"}));
}

static struct str id_with_blanks(struct lab *lab) {
    return posted(
        lab, edit(lab->arena, good_signed(lab), "ID=\"_assertion-1\"", "ID=\" _assertion-1\""));
}

static const struct saml_case ID[] = {
    REFUSE("Response and assertion have the same ID", "gate_id", same_id_as_response),
    REFUSE("the same ID on an element that has none, as id", "gate_id", same_id_in_lower_case),
    REFUSE("the same ID on an element that has none, as Id", "gate_id", same_id_in_mixed_case),
    REFUSE("the same ID as xml:id", "gate_id", xml_id),
    REFUSE("an xml:id of its own", "gate_id", xml_id_of_its_own),
    REFUSE("a namespaced ID beside ID", "gate_id", namespaced_id_beside),
    REFUSE("a namespaced ID instead of ID", "gate_id", namespaced_id_instead),
    REFUSE("an empty ID", "gate_id", empty_id),
    REFUSE("an Id was added beside ID", "signature", two_spellings),
    REFUSE("the signed assertion has no ID", "gate_signature", no_id),
    REFUSE("the ID differs from the reference by a blank", "gate_id", id_with_blanks),
};
const struct saml_class CASES_ID = {"ID confusion", "xmldsig-core 4.4.3.1; xml:id", OF_RESPONSE,
                                    SAID, CASES(ID)};
