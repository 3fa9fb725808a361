/* Another kind of message than was asked for, or the right one in another wrapping. */
#include "tests/identity/saml/lists.h"

#include <string.h>

#define TYPED "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type="

static struct str logout_request(struct lab *lab) {
    return posted(lab, sign_message(lab, forge_logout_request(&lab->forge,
                                                              &(struct forge_logout_request){0})));
}

static struct str logout_response(struct lab *lab) {
    return posted(lab, sign_message(lab, forge_logout_response(
                                             &lab->forge, &(struct forge_logout_response){0})));
}

static struct str renamed_root(struct lab *lab, const char *name) {
    const char *text =
        edit_all(lab->arena, good(lab), "samlp:Response", forge_text(lab->arena, "samlp:%s", name));
    return posted(lab, sign_message(lab, text));
}

static struct str authn_request(struct lab *lab) {
    return renamed_root(lab, "AuthnRequest");
}

static struct str artifact_response(struct lab *lab) {
    return renamed_root(lab, "ArtifactResponse");
}

static struct str bare_assertion(struct lab *lab) {
    return posted(lab, assertion_of(lab, good_signed(lab)));
}

static struct str soap(struct lab *lab) {
    return posted(lab, forge_text(lab->arena,
                                  "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/"
                                  "\"><s:Body>%s</s:Body></s:Envelope>",
                                  good_signed(lab)));
}

static struct str saml_1_response(struct lab *lab) {
    return posted(lab, edit(lab->arena, good_signed(lab), FORGE_NS_PROTOCOL,
                            "urn:oasis:names:tc:SAML:1.0:protocol"));
}

static struct str saml_1_assertion(struct lab *lab) {
    const char *text = assertion_of(lab, good(lab));
    return posted(lab, edit(lab->arena, good(lab), text,
                            edit(lab->arena, text, FORGE_NS_ASSERTION,
                                 "urn:oasis:names:tc:SAML:1.0:assertion")));
}

static struct str request_in_extensions(struct lab *lab) {
    return posted(lab, edit_before(lab->arena, good_signed(lab), "<samlp:Status>",
                                   "<samlp:Extensions><samlp:AuthnRequest ID=\"_x\"/>"
                                   "</samlp:Extensions>"));
}

static struct str query_in_advice(struct lab *lab) {
    return posted(lab, edit_before(lab->arena, good_signed(lab), "<saml:AuthnStatement",
                                   "<samlp:AttributeQuery/>"));
}

static struct str raw_xml(struct lab *lab) {
    return str_from_c(forge_done(lab->arena, good_signed(lab)));
}

static struct str deflated(struct lab *lab) {
    const char *text = forge_done(lab->arena, good_signed(lab));
    return posted_bytes(lab, forge_deflate(lab->arena, str_from_c(text)));
}

static struct str base64_twice(struct lab *lab) {
    return posted_bytes(lab, posted(lab, good_signed(lab)));
}

static struct str other_alphabet(struct lab *lab) {
    /* A text whose base64 has a '+' or '/' somewhere: the declaration shifts what follows. */
    const struct str text = posted(
        lab, forge_text(lab->arena, "%s<!-- \x3e\x3e\x3e\x3f\x3f\x3f -->", good_signed(lab)));
    char *copy = arena_alloc(lab->arena, text.len);
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        copy[i] = (char) (byte == '+' ? '-' : byte);
        copy[i] = (char) (byte == '/' ? '_' : copy[i]);
    }
    copy[0] = '_';
    return (struct str){copy, text.len};
}

static struct str cut_short(struct lab *lab) {
    const struct str text = posted(lab, good_signed(lab));
    return str_first(text, text.len / 4 * 4 - 5);
}

static struct str padding_inside(struct lab *lab) {
    const struct str text = posted(lab, good_signed(lab));
    return str_format(lab->arena, "%.*s====%.*s", 8, text.at, STR_ARG(str_from(text, 8)));
}

static struct str percent_escaped(struct lab *lab) {
    const struct str text = posted(lab, good_signed(lab));
    return str_format(lab->arena, "%.*s%%3D", STR_ARG(text));
}

static const struct saml_case TYPE[] = {
    REFUSE("a LogoutRequest", "gate_element", logout_request),
    REFUSE("a LogoutResponse", "gate_element", logout_response),
    REFUSE("an AuthnRequest", "gate_element", authn_request),
    REFUSE("an ArtifactResponse", "gate_element", artifact_response),
    REFUSE("a bare assertion", "gate_element", bare_assertion),
    REFUSE("SOAP", "gate_element", soap),
    REFUSE("a Response of SAML 1", "gate_element", saml_1_response),
    REFUSE("an AuthnRequest in Extensions", "gate_element", request_in_extensions),
    REFUSE("an AttributeQuery in the assertion", "gate_element", query_in_advice),
    REFUSE("an assertion of SAML 1", "status", saml_1_assertion),
    REFUSE("raw XML", "gate_base64", raw_xml),
    REFUSE("deflated", "gate_xml", deflated),
    REFUSE("base64 twice", "gate_xml", base64_twice),
    REFUSE("base64url", "gate_base64", other_alphabet),
    REFUSE("base64 cut short", "gate_base64", cut_short),
    REFUSE("padding within base64", "gate_base64", padding_inside),
    REFUSE("percent escapes left in base64", "gate_base64", percent_escaped),
    BROKEN("xsi:type at the Response", "gate_type", "<samlp:Response ",
           "<samlp:Response " TYPED "\"samlp:ArtifactResponseType\" "),
    BROKEN("xsi:type at the assertion", "gate_type", "<saml:Assertion ",
           "<saml:Assertion " TYPED "\"x\" "),
    BROKEN("xsi:type at the NameID", "gate_type", "<saml:NameID ", "<saml:NameID " TYPED "\"x\" "),
    BROKEN("xsi:type at the signature", "gate_type", "<ds:SignedInfo",
           "<ds:SignedInfo " TYPED "\"x\""),
};
const struct saml_class CASES_TYPE = {"type confusion", "bindings 3.5; XML Schema 2.6.1",
                                      OF_RESPONSE, CHANGED, CASES(TYPE)};
