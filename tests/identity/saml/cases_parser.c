/* Two readers of one text who see different things, and texts that cost more than they weigh. */
#include "tests/identity/saml/lists.h"

#include <string.h>

#include "base/crypto.h"

/* Each is put in behind a signature that stays good: canonical form drops comments and makes text
 * of CDATA. (A PI is signed, but the gate comes first.) */
#define SPLIT(where, place)                                                                        \
    BROKEN("a comment in " where, "gate_node", place, place "<!---->"),                            \
        BROKEN("a processing instruction in " where, "gate_node", place, place "<?x y?>"),         \
        BROKEN("CDATA in " where, "gate_node", place, place "<![CDATA[x]]>")

static struct str signed_with_comment(struct lab *lab) {
    return posted(lab, sign_assertion(lab, edit(lab->arena, good(lab), "ada-4711",
                                                "ada-4711<!---->.evil.example")));
}

static struct str signed_with_cdata(struct lab *lab) {
    return posted(
        lab, sign_assertion(lab, edit(lab->arena, good(lab), "ada-4711", "<![CDATA[ada-4711]]>")));
}

static struct str comment_before_root(struct lab *lab) {
    return posted(lab, forge_text(lab->arena, "<!-- x -->%s", good_signed(lab)));
}

static struct str comment_behind_root(struct lab *lab) {
    return posted(lab, forge_text(lab->arena, "%s<!-- x -->", good_signed(lab)));
}

static struct str stylesheet(struct lab *lab) {
    return posted(lab, forge_text(lab->arena, "<?xml-stylesheet href=\"http://127.0.0.1:1/\"?>%s",
                                  good_signed(lab)));
}

static const struct saml_case TRUNCATION[] = {
    SPLIT("the NameID", "ada-"),
    SPLIT("an AttributeValue", "ada@"),
    SPLIT("the Audience", "<saml:Audience>https://"),
    SPLIT("the assertion's Issuer", "Version=\"2.0\"><saml:Issuer>https://"),
    SPLIT("the Response's Issuer", "<saml:Issuer>https://"),
    SPLIT("the text between elements", "</saml:Subject>"),
    REFUSE("a comment in the NameID that the provider has signed", "gate_node",
           signed_with_comment),
    REFUSE("CDATA in the NameID that the provider has signed", "gate_node", signed_with_cdata),
    REFUSE("a comment before the root", "gate_node", comment_before_root),
    REFUSE("a comment behind the root", "gate_node", comment_behind_root),
    REFUSE("a stylesheet instruction", "gate_node", stylesheet),
};
const struct saml_class CASES_TRUNCATION = {"text truncation",
                                            "CVE-2017-11427 to -11430, CVE-2018-0489", OF_RESPONSE,
                                            CHANGED, CASES(TRUNCATION)};

static struct str prefixed(struct lab *lab, const char *prefix) {
    return posted(lab, forge_text(lab->arena, "%s%s", prefix, good_signed(lab)));
}

static struct str doctype(struct lab *lab) {
    return prefixed(lab, "<!DOCTYPE Response>");
}

static struct str doctype_behind_declaration(struct lab *lab) {
    return prefixed(lab, "<?xml version=\"1.0\"?>\n<!DOCTYPE Response []>");
}

static struct str id_by_dtd(struct lab *lab) {
    return prefixed(lab, "<!DOCTYPE Response [<!ATTLIST Status x ID #IMPLIED>]>");
}

static struct str external_subset(struct lab *lab) {
    return prefixed(lab, "<!DOCTYPE Response SYSTEM \"http://127.0.0.1:1/x.dtd\">");
}

static struct str with_entity(struct lab *lab, const char *declarations, const char *use) {
    const char *text = edit(lab->arena, good_signed(lab), "ada-4711", use);
    return posted(lab, forge_text(lab->arena, "<!DOCTYPE Response [%s]>%s", declarations, text));
}

static struct str internal_entity(struct lab *lab) {
    return with_entity(lab, "<!ENTITY a \"ada-4711\">", "&a;");
}

static struct str external_entity(struct lab *lab) {
    return with_entity(lab, "<!ENTITY a SYSTEM \"file:///etc/passwd\">", "&a;");
}

static struct str parameter_entity(struct lab *lab) {
    return with_entity(lab, "<!ENTITY % a SYSTEM \"http://127.0.0.1:1/x\"> %a;", "ada");
}

#define LAUGHS                                                                                     \
    "<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"                             \
    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\">" \
    "<!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\"><!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\">" \
    "<!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\"><!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\">"

static struct str laughs_in_text(struct lab *lab) {
    return with_entity(lab, LAUGHS, "&h;");
}

static struct str laughs_in_attribute(struct lab *lab) {
    const char *text =
        edit(lab->arena, good_signed(lab), "<samlp:Status>", "<samlp:Status x=\"&h;\">");
    return posted(lab, forge_text(lab->arena, "<!DOCTYPE Response [" LAUGHS "]>%s", text));
}

static struct str quadratic(struct lab *lab) {
    return with_entity(lab,
                       forge_text(lab->arena, "<!ENTITY a \"%s\">", repeat(lab->arena, "x", 50000)),
                       repeat(lab->arena, "&a;", 20000));
}

static struct str undeclared_entity(struct lab *lab) {
    return posted(lab, edit(lab->arena, good_signed(lab), "ada-4711", "ada&nbsp;4711"));
}

/* Every byte as a UTF-16 unit, little end first. */
static struct str utf16(struct lab *lab, const char *text, bool has_mark) {
    const size_t len = strlen(text);
    char *bytes = arena_alloc(lab->arena, 2 * len + 2);
    memcpy(bytes, "\xff\xfe", 2);
    for (size_t i = 0; i < len; i++) {
        bytes[2 + 2 * i] = text[i];
    }
    const struct str all = {bytes, 2 * len + 2};
    return posted_bytes(lab, has_mark ? all : str_from(all, 2));
}

static struct str utf16_marked(struct lab *lab) {
    return utf16(lab, forge_done(lab->arena, good_signed(lab)), true);
}

static struct str utf16_doctype(struct lab *lab) {
    return utf16(lab,
                 forge_text(lab->arena, "<?xml version=\"1.0\" encoding=\"UTF-16\"?><!DOCTYPE a>%s",
                            forge_done(lab->arena, good_signed(lab))),
                 false);
}

static struct str utf7(struct lab *lab) {
    return posted(lab, forge_text(lab->arena,
                                  "<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADwAIQ-DOCTYPE a"
                                  " [+ADw-!ENTITY x +ACI-y+ACI->]+AD4-%s",
                                  good_signed(lab)));
}

static struct str latin1(struct lab *lab) {
    const char *text = edit(lab->arena, good(lab), "ada-4711", "ad\xe4-4711");
    return posted(
        lab, forge_text(lab->arena, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>%s", text));
}

static struct str overlong(struct lab *lab) {
    return posted(lab, edit(lab->arena, good_signed(lab), "ada-4711", "ad\xc1\xa1-4711"));
}

static struct str false_encoding(struct lab *lab) {
    return prefixed(lab, "<?xml version=\"1.0\" encoding=\"EBCDIC-US\"?>");
}

static struct str nul_byte(struct lab *lab) {
    const char *text = forge_done(lab->arena, good_signed(lab));
    const size_t len = strlen(text);
    char *bytes = arena_alloc(lab->arena, len + 1);
    memcpy(bytes, text, len);
    const char *name = strstr(text, "ada-4711");
    bytes[name - text + 3] = '\0';
    return posted_bytes(lab, (struct str){bytes, len});
}

static struct str tail_behind_nul(struct lab *lab) {
    const char *text = forge_done(lab->arena, good_signed(lab));
    const struct str parts = {text, strlen(text) + 1};
    return posted_bytes(lab, parts);
}

static struct str two_roots(struct lab *lab) {
    const char *text = good_signed(lab);
    return posted(lab, forge_text(lab->arena, "%s%s", text, text));
}

static struct str tail(struct lab *lab) {
    return posted(lab, forge_text(lab->arena, "%s and more", good_signed(lab)));
}

static struct str empty(struct lab *lab) {
    return posted(lab, "");
}

static struct str nothing(struct lab *lab) {
    (void) lab;
    return STR("");
}

static const struct saml_case PARSER[] = {
    REFUSE("DOCTYPE", "gate_dtd", doctype),
    REFUSE("DOCTYPE behind an XML declaration", "gate_dtd", doctype_behind_declaration),
    REFUSE("a DTD that makes an ID", "gate_dtd", id_by_dtd),
    REFUSE("an external subset", "gate_dtd", external_subset),
    REFUSE("an internal entity", "gate_dtd", internal_entity),
    REFUSE("an external entity", "gate_dtd", external_entity),
    REFUSE("a parameter entity", "gate_dtd", parameter_entity),
    REFUSE("a billion laughs in a text", "gate_dtd", laughs_in_text),
    REFUSE("a billion laughs in an attribute", "gate_dtd", laughs_in_attribute),
    REFUSE("one large entity many times", "gate_dtd", quadratic),
    REFUSE("an entity that nobody declared", "gate_xml", undeclared_entity),
    REFUSE("UTF-16", "gate_xml", utf16_marked),
    REFUSE("UTF-16 with a DOCTYPE", "gate_xml", utf16_doctype),
    REFUSE("a DOCTYPE in UTF-7", "gate_xml", utf7),
    REFUSE("Latin-1", "gate_xml", latin1),
    REFUSE("an overlong UTF-8 sequence", "gate_xml", overlong),
    REFUSE("another encoding than it says", "gate_xml", false_encoding),
    REFUSE("a NUL in the NameID", "gate_xml", nul_byte),
    REFUSE("a NUL behind the root", "gate_xml", tail_behind_nul),
    REFUSE("two roots", "gate_xml", two_roots),
    REFUSE("text behind the root", "gate_xml", tail),
    REFUSE("no bytes in base64", "gate_xml", empty),
    REFUSE("nothing at all", "gate_xml", nothing),
    BROKEN("the same attribute twice", "gate_xml", " ID=\"_assertion-1\"",
           " ID=\"_assertion-1\" ID=\"_evil\""),
    BROKEN("the same attribute under two prefixes", "gate_xml", "<saml:AttributeValue>ada@",
           "<saml:AttributeValue xmlns:p=\"urn:p\" xmlns:q=\"urn:p\" p:a=\"1\" q:a=\"2\">ada@"),
    BROKEN("a prefix that nobody declared", "gate_xml", "<saml:AttributeValue>ada@",
           "<saml:AttributeValue p:a=\"1\">ada@"),
    BROKEN("an end tag is missing", "gate_xml", "</saml:Conditions>", ""),
    BROKEN("a lower-case doctype", "gate_xml", "<samlp:Response", "<!doctype a><samlp:Response"),
};
const struct saml_class CASES_PARSER = {"parser differentials and entities",
                                        "CVE-2025-25291, -25292, -66567, -23369; XXE", OF_RESPONSE,
                                        CHANGED, CASES(PARSER)};

static struct str deep_in(struct lab *lab, size_t depth) {
    const char *inner = forge_text(lab->arena, "<samlp:Extensions>%s%s</samlp:Extensions>",
                                   repeat(lab->arena, "<x:a xmlns:x=\"urn:x\">", depth),
                                   repeat(lab->arena, "</x:a>", depth));
    return posted(lab, edit_before(lab->arena, good_signed(lab), "<samlp:Status>", inner));
}

static struct str depth_49(struct lab *lab) {
    return deep_in(lab, 47);
}

static struct str depth_10000(struct lab *lab) {
    const char *inner =
        forge_text(lab->arena, "<samlp:Extensions>%s%s</samlp:Extensions>",
                   repeat(lab->arena, "<a>", 10000), repeat(lab->arena, "</a>", 10000));
    return posted(lab, edit_before(lab->arena, good_signed(lab), "<samlp:Status>", inner));
}

static struct str values(struct lab *lab, const char *value, size_t count) {
    return posted(lab, sign_assertion(lab, edit_before(lab->arena, good(lab), "</saml:Attribute>",
                                                       repeat(lab->arena, value, count))));
}

static struct str values_64000(struct lab *lab) {
    return values(lab, "<saml:AttributeValue>x</saml:AttributeValue>", 64000);
}

static struct str nodes_20001(struct lab *lab) {
    return posted(lab, edit_before(lab->arena, good_signed(lab), "<samlp:Status>",
                                   forge_text(lab->arena, "<samlp:Extensions>%s</samlp:Extensions>",
                                              repeat(lab->arena, "<a/>", 20000))));
}

static struct str five_megabytes(struct lab *lab) {
    return posted(lab, edit(lab->arena, good_signed(lab), "ada-4711",
                            repeat(lab->arena, "x", 5 * 1000 * 1000)));
}

static const char *attributes(struct lab *lab, size_t count) {
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        text = forge_text(lab->arena, "%s a%zu=\"\"", text, i);
    }
    return text;
}

static struct str attributes_33(struct lab *lab) {
    return posted(lab,
                  edit_after(lab->arena, good_signed(lab), "<samlp:Status", attributes(lab, 33)));
}

static struct str attributes_many(struct lab *lab) {
    return posted(lab,
                  edit_after(lab->arena, good_signed(lab), "<samlp:Status", attributes(lab, 8000)));
}

static struct str namespaces_many(struct lab *lab) {
    const char *text = "";
    for (int i = 0; i < 5000; i++) {
        text = forge_text(lab->arena, "%s xmlns:n%d=\"urn:n\"", text, i);
    }
    return posted(lab, edit_after(lab->arena, good_signed(lab), "<samlp:Status", text));
}

static struct str id_too_long(struct lab *lab) {
    return posted(lab,
                  edit(lab->arena, good_signed(lab), "_message-1", repeat(lab->arena, "x", 257)));
}

static struct str attribute_names(struct lab *lab, size_t count) {
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        text = forge_text(lab->arena,
                          "%s<saml:Attribute Name=\"x%zu\"><saml:AttributeValue>y"
                          "</saml:AttributeValue></saml:Attribute>",
                          text, i);
        lab->said = forge_text(lab->arena, "%sx%zu=y,", lab->said, i);
    }
    return posted(lab, sign_assertion(lab, edit_before(lab->arena, good(lab),
                                                       "</saml:AttributeStatement>", text)));
}

static struct str attribute_names_64(struct lab *lab) {
    return attribute_names(lab, 62);
}

static struct str attribute_names_65(struct lab *lab) {
    return attribute_names(lab, 63);
}

static struct str values_1001(struct lab *lab) {
    return values(lab, "<saml:AttributeValue>x</saml:AttributeValue>", 1001);
}

static struct str confirmations_9(struct lab *lab) {
    return posted(lab,
                  sign_assertion(lab, edit_before(lab->arena, good(lab), CONFIRMATION,
                                                  repeat(lab->arena, SECOND_CONFIRMATION, 9))));
}

static struct str restrictions_9(struct lab *lab) {
    const char *one =
        cut(lab->arena, good(lab), "<saml:AudienceRestriction>", "</saml:AudienceRestriction>");
    return posted(lab, sign_assertion(lab, edit_before(lab->arena, good(lab), one,
                                                       repeat(lab->arena, one, 9))));
}

static struct str audiences_65(struct lab *lab) {
    return posted(
        lab, sign_assertion(
                 lab, edit_before(lab->arena, good(lab), "<saml:Audience>",
                                  repeat(lab->arena, "<saml:Audience>urn:x</saml:Audience>", 65))));
}

/* What costs more than its bytes only when it is canonicalised, before any signature is looked at.
 */
static struct str canonicalised(struct lab *lab, const char *inner,
                                const struct forge_signing *signing) {
    const char *text =
        edit_before(lab->arena, good(lab), "<samlp:Status>",
                    forge_text(lab->arena, "<samlp:Extensions>%s</samlp:Extensions>", inner));
    return posted(lab, forge_sign(lab->arena, text, SIGN_MESSAGE, signing));
}

static struct str prefixes(struct lab *lab, size_t elements, const char *list) {
    for (size_t i = 0; i < SAML_CERTIFICATES_MAX; i++) {
        lab->certificates[i] = forge_key(FORGE_IDP_OLD)->certificate;
    }
    lab->trust.certificate_count = SAML_CERTIFICATES_MAX;
    return canonicalised(lab, repeat(lab->arena, "<a/>", elements),
                         &(struct forge_signing){.key = FORGE_ATTACKER, .prefixes = list});
}

static struct str prefixes_60000(struct lab *lab) {
    const char *list = repeat(lab->arena, "p ", 60000);
    const struct str short_one = prefixes(lab, 900, "@list@");
    struct str xml;
    assert_ok(base64_decode(lab->scope, short_one, &xml));
    return posted(lab,
                  edit(lab->arena, forge_text(lab->arena, "%.*s", STR_ARG(xml)), "@list@", list));
}

static struct str prefixes_64(struct lab *lab) {
    return prefixes(lab, 900, repeat(lab->arena, "p ", 64));
}

static struct str prefixes_64_large(struct lab *lab) {
    return prefixes(lab, 9000, repeat(lab->arena, "p ", 64));
}

static struct str namespaces_in_scope(struct lab *lab) {
    const char *open = "";
    for (int i = 0; i < 8; i++) {
        open = forge_text(lab->arena, "%s<a", open);
        for (int j = 0; j < 30; j++) {
            open = forge_text(lab->arena, "%s xmlns:n%d_%d=\"urn:n\"", open, i, j);
        }
        open = forge_text(lab->arena, "%s>", open);
    }
    const char *inner = forge_text(lab->arena, "%s%s%s", open, repeat(lab->arena, "<a/>", 19000),
                                   repeat(lab->arena, "</a>", 8));
    for (size_t i = 0; i < SAML_CERTIFICATES_MAX; i++) {
        lab->certificates[i] = forge_key(FORGE_IDP_OLD)->certificate;
    }
    lab->trust.certificate_count = SAML_CERTIFICATES_MAX;
    return canonicalised(lab, inner,
                         &(struct forge_signing){
                             .key = FORGE_ATTACKER, .digest_value = "AAAA", .reference_c14n = ""});
}

/* Attributes are sorted by the addresses of their namespaces, which differ at the end only. */
static struct str long_namespaces(struct lab *lab, const char *c14n) {
    const char *open = "";
    const char *attributes = "";
    for (int i = 0; i < 30; i++) {
        open = forge_text(lab->arena, "%s xmlns:n%d=\"urn:%s%02d\"", open, i,
                          repeat(lab->arena, "x", 1000), i);
        attributes = forge_text(lab->arena, " n%d:a=\"\"%s", i, attributes);
    }
    const char *element = forge_text(lab->arena, "<a%s/>", attributes);
    for (size_t i = 0; i < SAML_CERTIFICATES_MAX; i++) {
        lab->certificates[i] = forge_key(FORGE_IDP_OLD)->certificate;
    }
    lab->trust.certificate_count = SAML_CERTIFICATES_MAX;
    return canonicalised(
        lab, forge_text(lab->arena, "<a%s>%s</a>", open, repeat(lab->arena, element, 500)),
        &(struct forge_signing){.key = FORGE_ATTACKER, .reference_c14n = c14n});
}

static struct str long_namespaces_exclusive(struct lab *lab) {
    return long_namespaces(lab, NULL);
}

static struct str long_namespaces_inclusive(struct lab *lab) {
    return long_namespaces(lab, "");
}

static struct str shallow_namespaces(struct lab *lab) {
    const char *open = "";
    for (int i = 0; i < 28; i++) {
        open = forge_text(lab->arena, "%s xmlns:n%d=\"urn:n\"", open, i);
    }
    for (size_t i = 0; i < SAML_CERTIFICATES_MAX; i++) {
        lab->certificates[i] = forge_key(FORGE_IDP_OLD)->certificate;
    }
    lab->trust.certificate_count = SAML_CERTIFICATES_MAX;
    return canonicalised(lab,
                         forge_text(lab->arena, "<a%s><b%s>%s</b></a>", open,
                                    edit_all(lab->arena, open, ":n", ":m"),
                                    repeat(lab->arena, "<a/>", 900)),
                         &(struct forge_signing){.key = FORGE_ATTACKER, .reference_c14n = ""});
}

static struct str long_text(struct lab *lab) {
    for (size_t i = 0; i < SAML_CERTIFICATES_MAX; i++) {
        lab->certificates[i] = forge_key(FORGE_IDP_OLD)->certificate;
    }
    lab->trust.certificate_count = SAML_CERTIFICATES_MAX;
    return canonicalised(lab, repeat(lab->arena, "&#13;", 50000),
                         &(struct forge_signing){.key = FORGE_ATTACKER});
}

static struct str many_retrievals(struct lab *lab) {
    const char *text = forge_response(
        &lab->forge, &(struct forge_response){.assertion_xml = forge_encrypt(
                                                  lab->arena, STR("x"), "EncryptedAssertion",
                                                  &(struct forge_encryption){
                                                      .is_sibling = true, .has_retrieval = true})});
    const char *one = cut(lab->arena, text, "<ds:RetrievalMethod", "/>");
    return posted(lab, edit(lab->arena, text, one,
                            repeat(lab->arena, "<ds:RetrievalMethod URI=\"#_key-1\"/>", 7000)));
}

static const struct saml_case VOLUME[] = {
    REFUSE("nested 49 deep", "gate_volume", depth_49),
    REFUSE("nested 10,000 deep", "gate_volume", depth_10000),
    REFUSE("64,000 values", "gate_size", values_64000),
    REFUSE("20,000 elements more", "gate_volume", nodes_20001),
    REFUSE("5 MB", "gate_size", five_megabytes),
    REFUSE("33 attributes at one element", "gate_volume", attributes_33),
    REFUSE("8,000 attributes at one element", "gate_volume", attributes_many),
    REFUSE("5,000 namespaces at one element", "gate_volume", namespaces_many),
    REFUSE("an ID of 257 bytes", "gate_volume", id_too_long),
    ACCEPT("64 attribute names", attribute_names_64),
    REFUSE("65 attribute names", "gate_volume", attribute_names_65),
    REFUSE("1,001 values more", "gate_volume", values_1001),
    REFUSE("nine confirmations more", "gate_volume", confirmations_9),
    REFUSE("nine audience restrictions more", "gate_volume", restrictions_9),
    REFUSE("65 audiences more", "gate_volume", audiences_65),
    REFUSE("60,000 prefixes for 900 elements", "gate_signature", prefixes_60000),
    REFUSE("64 prefixes for 900 elements", "signature", prefixes_64),
    REFUSE("64 prefixes for 9,000 elements", "signature", prefixes_64_large),
    REFUSE("19,000 elements below 240 namespaces", "gate_volume", namespaces_in_scope),
    REFUSE("15,000 attributes in long namespaces, exclusive", "signature",
           long_namespaces_exclusive),
    REFUSE("15,000 attributes in long namespaces, inclusive", "signature",
           long_namespaces_inclusive),
    REFUSE("900 elements below 56 namespaces", "signature", shallow_namespaces),
    REFUSE("a text of 250 KB", "signature", long_text),
    REFUSE("7,000 RetrievalMethods", "gate_element", many_retrievals),
};
const struct saml_class CASES_VOLUME = {"volume", "more of anything than a provider needs",
                                        OF_RESPONSE, SAID, CASES(VOLUME)};
