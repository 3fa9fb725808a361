/* What real providers send, each one step away from the good message. */
#include "tests/identity/saml/lists.h"

#include <string.h>

static struct str assertion_signed(struct lab *lab) {
    return posted(lab, good_signed(lab));
}

static struct str response_signed(struct lab *lab) {
    return posted(lab, sign_message(lab, good(lab)));
}

static struct str both_signed(struct lab *lab) {
    lab->trust.must_sign = SAML_SIGNED_BOTH;
    return posted(lab, sign_message(lab, good_signed(lab)));
}

static struct str older_of_two_keys(struct lab *lab) {
    lab->certificates[1] = forge_key(FORGE_IDP_OLD)->certificate;
    lab->trust.certificate_count = 2;
    return posted(
        lab, sign_assertion_with(lab, good(lab), &(struct forge_signing){.key = FORGE_IDP_OLD}));
}

static struct str sixteen_keys(struct lab *lab) {
    for (size_t i = 0; i < SAML_CERTIFICATES_MAX; i++) {
        lab->certificates[i] = forge_key(FORGE_IDP_OLD)->certificate;
    }
    lab->certificates[SAML_CERTIFICATES_MAX - 1] = forge_key(FORGE_IDP)->certificate;
    lab->trust.certificate_count = SAML_CERTIFICATES_MAX;
    return assertion_signed(lab);
}

static struct str expired_certificate(struct lab *lab) {
    trust_only(lab, FORGE_IDP_EXPIRED);
    return posted(lab, sign_assertion_with(lab, good(lab),
                                           &(struct forge_signing){.key = FORGE_IDP_EXPIRED}));
}

static struct str signed_with(struct lab *lab, struct forge_signing signing) {
    trust_only(lab, signing.key);
    return posted(lab, sign_assertion_with(lab, good(lab), &signing));
}

static struct str ecdsa_p256(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){FORGE_IDP_P256, .method = FORGE_ECDSA_SHA256});
}

static struct str ecdsa_p384(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){FORGE_IDP_P384, .method = FORGE_ECDSA_SHA384,
                                                   .digest = FORGE_SHA384});
}

static struct str ecdsa_p384_sha256(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){FORGE_IDP_P384, .method = FORGE_ECDSA_SHA256});
}

static struct str rsa_sha384(struct lab *lab) {
    return signed_with(lab,
                       (struct forge_signing){.method = FORGE_RSA_SHA384, .digest = FORGE_SHA384});
}

static struct str rsa_sha512(struct lab *lab) {
    return signed_with(lab,
                       (struct forge_signing){.method = FORGE_RSA_SHA512, .digest = FORGE_SHA512});
}

static struct str sha1_by_switch(struct lab *lab) {
    lab->trust.is_sha1_allowed = true;
    return signed_with(lab, (struct forge_signing){.method = FORGE_RSA_SHA1, .digest = FORGE_SHA1});
}

static struct str inclusive_c14n(struct lab *lab) {
    return signed_with(
        lab, (struct forge_signing){.c14n = FORGE_INCLUSIVE, .reference_c14n = FORGE_INCLUSIVE});
}

static struct str no_c14n_transform(struct lab *lab) {
    return signed_with(lab, (struct forge_signing){.reference_c14n = ""});
}

static struct str inclusive_namespaces(struct lab *lab) {
    const char *text = edit(lab->arena, good(lab), "<saml:AttributeValue>ada@",
                            "<saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\""
                            " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
                            " xsi:type=\"xs:string\">ada@");
    return posted(lab, sign_assertion_with(lab, text, &(struct forge_signing){.prefixes = "xs"}));
}

static struct str certificate_inside(struct lab *lab) {
    return signed_with(
        lab, (struct forge_signing){.key_info_xml = forge_x509_data(lab->arena, FORGE_IDP)});
}

/* Whose certificate is inside is not looked at, as long as a key of the connection fits. */
static struct str foreign_certificate_inside(struct lab *lab) {
    return signed_with(
        lab, (struct forge_signing){.key_info_xml = forge_x509_data(lab->arena, FORGE_ATTACKER)});
}

static struct str base64_in_lines(struct lab *lab) {
    const struct str text = assertion_signed(lab);
    const char *lines = "";
    for (size_t at = 0; at < text.len; at += 76) {
        lines = forge_text(lab->arena, "%s%.*s \r\n\t", lines,
                           STR_ARG(str_first(str_from(text, at), 76)));
    }
    return str_from_c(lines);
}

static struct str indented(struct lab *lab) {
    const char *text = edit_all(lab->arena, good(lab), "><saml", ">\r\n\t  <saml");
    return posted(lab, sign_assertion(lab, text));
}

static struct str other_prefixes(struct lab *lab) {
    const char *text = edit_all(lab->arena, good(lab), "samlp:", "ns0:");
    text = edit(lab->arena, text, "xmlns:samlp", "xmlns:ns0");
    text = edit_all(lab->arena, text, "saml:", "ns1:");
    return posted(lab, sign_assertion(lab, edit_all(lab->arena, text, "xmlns:saml", "xmlns:ns1")));
}

static struct str default_namespaces(struct lab *lab) {
    const char *text = edit_all(lab->arena, good(lab), "samlp:", "");
    text = edit(lab->arena, text, "xmlns:samlp", "xmlns");
    const char *assertion = assertion_of(lab, text);
    const char *bare =
        edit_all(lab->arena, edit(lab->arena, assertion, "xmlns:saml", "xmlns"), "saml:", "");
    return posted(lab, sign_assertion(lab, edit(lab->arena, text, assertion, bare)));
}

static struct str with_declaration(struct lab *lab) {
    return posted(lab, forge_text(lab->arena, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%s",
                                  good_signed(lab)));
}

static struct str groups_300(struct lab *lab) {
    const char *values = "";
    const char *names = "";
    for (int i = 0; i < 300; i++) {
        const char *name =
            forge_text(lab->arena, "CN=Group %03d,OU=Teams and Projects,DC=example", i);
        values =
            forge_text(lab->arena, "%s<saml:AttributeValue>%s</saml:AttributeValue>", values, name);
        names = forge_text(lab->arena, "%s%s,", names, name);
    }
    lab->said = edit(lab->arena, lab->said, "engineers,admins,", names);
    return posted(lab, sign_assertion(lab, edit(lab->arena, good(lab),
                                                "<saml:AttributeValue>engineers"
                                                "</saml:AttributeValue><saml:AttributeValue>admins"
                                                "</saml:AttributeValue>",
                                                values)));
}

/* The message says `xml` in place of `from`, and that has to be read as `now` in place of `was`. */
static struct str read_as(struct lab *lab, const char *from, const char *xml, const char *was,
                          const char *now) {
    lab->said = edit(lab->arena, lab->said, was, now);
    return posted(lab, sign_assertion(lab, edit(lab->arena, good(lab), from, xml)));
}

static struct str references_in_name(struct lab *lab) {
    return read_as(lab, "ada-4711", "a&amp;d&#97;&#x2d;&lt;", "ada-4711", "a&da-<");
}

static struct str non_ascii_name(struct lab *lab) {
    return read_as(lab, "ada-4711", "ad\xc3\xa4-\xe6\x97\xa5\xf0\x9f\x98\x80", "ada-4711",
                   "ad\xc3\xa4-\xe6\x97\xa5\xf0\x9f\x98\x80");
}

static struct str name_id_in_value(struct lab *lab) {
    return read_as(lab, "<saml:AttributeValue>ada@example.com</saml:AttributeValue>",
                   "<saml:AttributeValue><saml:NameID>pairwise-9</saml:NameID>"
                   "</saml:AttributeValue>",
                   "ada@example.com", "pairwise-9");
}

static struct str qualified_name(struct lab *lab) {
    return read_as(lab, "<saml:NameID ",
                   "<saml:NameID NameQualifier=\"q1\" SPNameQualifier=\"q2\" ", "|||", "|q1|q2|");
}

static const struct saml_case BUILT[] = {
    ACCEPT("the assertion is signed", assertion_signed),
    ACCEPT("the Response is signed", response_signed),
    ACCEPT("both are signed", both_signed),
    ACCEPT("signed with the older of two keys", older_of_two_keys),
    ACCEPT("signed with the last of sixteen keys", sixteen_keys),
    ACCEPT("the certificate of the provider has expired", expired_certificate),
    ACCEPT("ECDSA P-256", ecdsa_p256),
    ACCEPT("ECDSA P-384", ecdsa_p384),
    ACCEPT("ECDSA P-384 with SHA-256", ecdsa_p384_sha256),
    ACCEPT("rsa-sha384", rsa_sha384),
    ACCEPT("rsa-sha512", rsa_sha512),
    ACCEPT("SHA-1 where the connection allows it", sha1_by_switch),
    ACCEPT("inclusive canonicalisation", inclusive_c14n),
    ACCEPT("no canonicalisation among the transforms", no_c14n_transform),
    ACCEPT("InclusiveNamespaces and xsi:type on a value", inclusive_namespaces),
    ACCEPT("the certificate is in KeyInfo", certificate_inside),
    ACCEPT("a foreign certificate is in KeyInfo", foreign_certificate_inside),
    ACCEPT("base64 with line breaks, blanks and tabs", base64_in_lines),
    ACCEPT("indented", indented),
    ACCEPT("other prefixes", other_prefixes),
    ACCEPT("default namespaces", default_namespaces),
    ACCEPT("an XML declaration", with_declaration),
    ACCEPT("300 groups", groups_300),
    ACCEPT("character references in a NameID", references_in_name),
    ACCEPT("a NameID beyond ASCII", non_ascii_name),
    ACCEPT("a NameID in an AttributeValue", name_id_in_value),
    ACCEPT("a NameID with qualifiers", qualified_name),
};
const struct saml_class CASES_ACCEPT = {"accepted: messages", "what real providers send",
                                        OF_RESPONSE, SAID, CASES(BUILT)};

static const struct saml_case SAYING[] = {
    EDITED("two SubjectConfirmations, the second ours", CONFIRMATION,
           SECOND_CONFIRMATION CONFIRMATION),
    EDITED("holder-of-key beside bearer", CONFIRMATION,
           "<saml:SubjectConfirmation "
           "Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"/>" CONFIRMATION),
    EDITED("two Audiences in one restriction, the second ours", "<saml:Audience>",
           "<saml:Audience>https://other.example</saml:Audience><saml:Audience>"),
    EDITED("two restrictions, both with us", "<saml:AudienceRestriction>",
           "<saml:AudienceRestriction><saml:Audience>https://chat.example/saml/one/metadata"
           "</saml:Audience></saml:AudienceRestriction><saml:AudienceRestriction>"),
    EDITED("an Audience with outer blanks", "<saml:Audience>https://chat.example/saml/one/metadata",
           "<saml:Audience>\n  https://chat.example/saml/one/metadata \t"),
    EDITED("OneTimeUse and ProxyRestriction", "</saml:Conditions>",
           "<saml:OneTimeUse/><saml:ProxyRestriction Count=\"0\"/></saml:Conditions>"),
    EDITED("times with fractions", "2026-01-02T03:14:05Z", "2026-01-02T03:14:05.1234567Z"),
    EDITED("times with an offset east", "2026-01-02T03:09:05Z", "2026-01-02T05:09:05+02:00"),
    EDITED("times with an offset west", "2026-01-02T03:09:05Z", "2026-01-01T21:39:05-05:30"),
    EDITED("no SessionNotOnOrAfter", " SessionNotOnOrAfter=\"2026-01-02T11:04:05Z\"", ""),
    EDITED("Conditions without times",
           " NotBefore=\"2026-01-02T03:03:05Z\" NotOnOrAfter=\"2026-01-02T03:14:05Z\"", ""),
    EDITED("an Address in the confirmation", "<saml:SubjectConfirmationData",
           "<saml:SubjectConfirmationData Address=\"192.0.2.1\""),
    EDITED(
        "Extensions in the Response", "<samlp:Status>",
        "<samlp:Extensions><x:hint xmlns:x=\"urn:x\">1</x:hint></samlp:Extensions><samlp:Status>"),
    EDITED("a StatusMessage", "</samlp:Status>",
           "<samlp:StatusMessage>fine</samlp:StatusMessage></samlp:Status>"),
    EDITED("an unsigned Response without Destination",
           " Destination=\"https://chat.example/saml/one/acs\"", ""),
    EDITED("a Response without Issuer",
           "Version=\"2.0\" "
           "InResponseTo=\"_request-1\"><saml:Issuer>https://idp.example/metadata</saml:Issuer>",
           "Version=\"2.0\" InResponseTo=\"_request-1\">"),
    EDITED("Conditions expired within the skew", "NotOnOrAfter=\"2026-01-02T03:14:05Z\"",
           "NotOnOrAfter=\"2026-01-02T03:02:06Z\""),
    EDITED("Conditions begin within the skew", "NotBefore=\"2026-01-02T03:03:05Z\"",
           "NotBefore=\"2026-01-02T03:06:05Z\""),
    EDITED("the confirmation expired within the skew", "NotOnOrAfter=\"2026-01-02T03:09:05Z\"",
           "NotOnOrAfter=\"2026-01-02T03:02:06Z\""),
    EDITED("the session ended within the skew", "2026-01-02T11:04:05Z", "2026-01-02T03:02:06Z"),
    EDITED("issued an hour ago", "IssueInstant=\"2026-01-02T03:04:03Z\"",
           "IssueInstant=\"2026-01-02T02:04:05Z\""),
    EDITED("issued ahead within the skew", "IssueInstant=\"2026-01-02T03:04:03Z\"",
           "IssueInstant=\"2026-01-02T03:06:05Z\""),
};
const struct saml_class CASES_ACCEPT_SAYING = {"accepted: contents", "SAML 2.0 core and profiles",
                                               OF_RESPONSE, SAID, CASES(SAYING)};
