/* What a signature says it covers, and how: everything but one plain Reference refuses. */
#include "tests/identity/saml/lists.h"

#include <string.h>

#include "base/crypto.h"

/* One edit of a message that was signed well. */
static struct str changed(struct lab *lab, const char *from, const char *to) {
    return posted(lab, edit(lab->arena, good_signed(lab), from, to));
}

static const char *signed_info(struct lab *lab) {
    return cut(lab->arena, good_signed(lab), "<ds:SignedInfo>", "</ds:SignedInfo>");
}

/* SignedInfo of an assertion of the attacker's: its digest is right, its signature cannot be. */
static const char *evil_signed_info(struct lab *lab) {
    const char *evil = sign_assertion(lab, edit(lab->arena, good(lab), "ada-4711", "mallory"));
    return cut(lab->arena, evil, "<ds:SignedInfo>", "</ds:SignedInfo>");
}

static struct str evil_info_before(struct lab *lab) {
    return posted(lab,
                  edit_before(lab->arena, edit(lab->arena, good_signed(lab), "ada-4711", "mallory"),
                              "<ds:SignedInfo>", evil_signed_info(lab)));
}

static struct str evil_info_behind(struct lab *lab) {
    return posted(lab,
                  edit_after(lab->arena, edit(lab->arena, good_signed(lab), "ada-4711", "mallory"),
                             "</ds:SignedInfo>", evil_signed_info(lab)));
}

static struct str evil_info_at_end(struct lab *lab) {
    return posted(lab,
                  edit_after(lab->arena, edit(lab->arena, good_signed(lab), "ada-4711", "mallory"),
                             "</ds:SignatureValue>", evil_signed_info(lab)));
}

static struct str info_twice(struct lab *lab) {
    return changed(lab, "<ds:SignedInfo>",
                   forge_text(lab->arena, "%s<ds:SignedInfo>", signed_info(lab)));
}

/* CVE-2025-29775: a comment hides one digest from one reader and shows it to another. */
static struct str comment_in_digest(struct lab *lab) {
    const char *evil =
        cut(lab->arena, evil_signed_info(lab), "<ds:DigestValue>", "</ds:DigestValue>");
    const char *value = cut(lab->arena, evil, ">", "<");
    return changed(
        lab, "<ds:DigestValue>",
        forge_text(lab->arena, "<ds:DigestValue><!--%.*s-->", (int) strlen(value) - 2, value + 1));
}

static struct str split_digest(struct lab *lab) {
    return changed(lab, "</ds:DigestValue>", "<ds:x/></ds:DigestValue>");
}

static struct str cdata_in_digest(struct lab *lab) {
    return changed(lab, "</ds:DigestValue>", "<![CDATA[]]></ds:DigestValue>");
}

static struct str second_digest(struct lab *lab) {
    return changed(lab, "<ds:DigestValue>",
                   "<ds:DigestValue>AAAA</ds:DigestValue><ds:DigestValue>");
}

/* CVE-2024-45409: an XPath that starts at the top finds the first DigestValue of all. */
static struct str digest_elsewhere(struct lab *lab) {
    const char *evil =
        cut(lab->arena, evil_signed_info(lab), "<ds:DigestValue>", "</ds:DigestValue>");
    const char *text = edit(lab->arena, good_signed(lab), "ada-4711", "mallory");
    return posted(lab, edit_before(lab->arena, text, "<samlp:Status>",
                                   forge_text(lab->arena,
                                              "<samlp:Extensions xmlns:ds=\"" FORGE_NS_DSIG
                                              "\">%s</samlp:Extensions>",
                                              evil)));
}

static struct str digest_in_status(struct lab *lab) {
    const char *evil =
        cut(lab->arena, evil_signed_info(lab), "<ds:DigestValue>", "</ds:DigestValue>");
    const char *text = edit(lab->arena, good_signed(lab), "ada-4711", "mallory");
    return posted(lab, edit_before(lab->arena, text, "</samlp:Status>",
                                   forge_text(lab->arena,
                                              "<samlp:StatusDetail xmlns:ds=\"" FORGE_NS_DSIG
                                              "\">%s</samlp:StatusDetail>",
                                              evil)));
}

static struct str object_in_signature(struct lab *lab) {
    return changed(lab, "</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>");
}

static struct str two_values(struct lab *lab) {
    return changed(lab, "<ds:SignatureValue>",
                   "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:SignatureValue>");
}

static struct str two_methods(struct lab *lab) {
    return changed(lab, "<ds:SignatureMethod",
                   "<ds:SignatureMethod Algorithm=\"" FORGE_HMAC_SHA256 "\"/><ds:SignatureMethod");
}

static struct str comment_in_value(struct lab *lab) {
    return changed(lab, "</ds:SignatureValue>", "<!-- --></ds:SignatureValue>");
}

static struct str text_in_info(struct lab *lab) {
    return changed(lab, "<ds:SignatureMethod", "x<ds:SignatureMethod");
}

static struct str hmac_length(struct lab *lab) {
    return changed(lab, "\"" FORGE_RSA_SHA256 "\"/>",
                   "\"" FORGE_RSA_SHA256
                   "\"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>");
}

static const struct saml_case SIGNED_INFO[] = {
    REFUSE("SignedInfo of another assertion before the right one", "gate_signature",
           evil_info_before),
    REFUSE("SignedInfo of another assertion behind the right one", "gate_signature",
           evil_info_behind),
    REFUSE("SignedInfo of another assertion behind the value", "gate_signature", evil_info_at_end),
    REFUSE("the same SignedInfo twice", "gate_signature", info_twice),
    REFUSE("another digest in a comment in DigestValue", "gate_signature", comment_in_digest),
    REFUSE("an element in DigestValue", "gate_signature", split_digest),
    REFUSE("CDATA in DigestValue", "gate_signature", cdata_in_digest),
    REFUSE("two DigestValues", "gate_signature", second_digest),
    REFUSE("a DigestValue of another assertion in Extensions", "gate_signature", digest_elsewhere),
    REFUSE("a DigestValue of another assertion in StatusDetail", "gate_signature",
           digest_in_status),
    REFUSE("an Object in the signature", "gate_signature", object_in_signature),
    REFUSE("two SignatureValues", "gate_signature", two_values),
    REFUSE("two SignatureMethods", "gate_signature", two_methods),
    REFUSE("a comment in SignatureValue", "gate_signature", comment_in_value),
    REFUSE("text in SignedInfo", "gate_signature", text_in_info),
    REFUSE("HMACOutputLength", "gate_signature", hmac_length),
};
const struct saml_class CASES_SIGNED_INFO = {
    "duplicated SignedInfo or digest",
    "CVE-2025-29774, -29775, -47949, -54369, -54419, CVE-2024-45409", OF_RESPONSE, CHANGED,
    CASES(SIGNED_INFO)};

/* A library that cannot canonicalise may digest nothing at all: the digest is that of "". */
static struct str empty_digest(struct lab *lab, const char *place, const char *declaration) {
    const char *digest = forge_base64(lab->arena, sha256(lab->arena, STR("")));
    const char *text =
        sign_assertion_with(lab, good(lab), &(struct forge_signing){.digest_value = digest});
    return posted(lab, edit_after(lab->arena, text, place, declaration));
}

static struct str void_assertion(struct lab *lab) {
    return empty_digest(lab, "<saml:Subject", " xmlns:x=\"relative\"");
}

static struct str void_signed_info(struct lab *lab) {
    return empty_digest(lab, "<ds:SignedInfo", " xmlns:x=\"../relative\"");
}

static struct str void_root(struct lab *lab) {
    return empty_digest(lab, "<samlp:Response", " xmlns:x=\"1\"");
}

static struct str void_default(struct lab *lab) {
    return changed(lab, "<samlp:Status>", "<samlp:Status xmlns=\"relative/uri\">");
}

static struct str digest_of_nothing(struct lab *lab) {
    return empty_digest(lab, "<saml:Subject", "");
}

static const struct saml_case VOID_C14N[] = {
    REFUSE("a relative namespace in the assertion, the digest of nothing", "gate_namespace",
           void_assertion),
    REFUSE("a relative namespace in SignedInfo", "gate_namespace", void_signed_info),
    REFUSE("a relative namespace at the root", "gate_namespace", void_root),
    REFUSE("a relative default namespace", "gate_namespace", void_default),
    REFUSE("the digest of nothing", "signature", digest_of_nothing),
};
const struct saml_class CASES_VOID_C14N = {"void canonicalisation",
                                           "CVE-2025-66568, \"The Fragile Lock\"", OF_RESPONSE,
                                           CHANGED, CASES(VOID_C14N)};

static struct str transformed(struct lab *lab, const char *transforms_xml) {
    return posted(lab,
                  sign_assertion_with(lab, good(lab),
                                      &(struct forge_signing){.transforms_xml = transforms_xml}));
}

#define TRANSFORM(uri, inner) "<ds:Transform Algorithm=\"" uri "\">" inner "</ds:Transform>"
#define TRANSFORMS(inner)     "<ds:Transforms>" inner "</ds:Transforms>"
#define ENVELOPED             TRANSFORM(FORGE_ENVELOPED, "")
#define EXCLUSIVE             TRANSFORM(FORGE_EXCLUSIVE, "")

static struct str xslt(struct lab *lab) {
    return transformed(
        lab, TRANSFORMS(ENVELOPED TRANSFORM(
                 "http://www.w3.org/TR/1999/REC-xslt-19991116",
                 "<xsl:stylesheet version=\"1.0\""
                 " xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template match=\"/\">"
                 "<xsl:value-of select=\"document('file:///etc/passwd')\"/></xsl:template>"
                 "</xsl:stylesheet>")));
}

static struct str xpath(struct lab *lab) {
    return transformed(lab, TRANSFORMS(ENVELOPED TRANSFORM(
                                "http://www.w3.org/TR/1999/REC-xpath-19991116",
                                "<ds:XPath>not(ancestor-or-self::Subject)</ds:XPath>") EXCLUSIVE));
}

static struct str xpath_filter(struct lab *lab) {
    return transformed(lab, TRANSFORMS(ENVELOPED TRANSFORM(
                                "http://www.w3.org/2002/06/xmldsig-filter2",
                                "<f:XPath xmlns:f=\"http://www.w3.org/2002/06/xmldsig-filter2\""
                                " Filter=\"subtract\">//Subject</f:XPath>")));
}

static struct str base64_transform(struct lab *lab) {
    return transformed(lab, TRANSFORMS(ENVELOPED TRANSFORM(FORGE_NS_DSIG "base64", "")));
}

static struct str no_transforms(struct lab *lab) {
    return transformed(lab, "");
}

static struct str empty_transforms(struct lab *lab) {
    return transformed(lab, TRANSFORMS(""));
}

static struct str not_enveloped(struct lab *lab) {
    return transformed(lab, TRANSFORMS(EXCLUSIVE));
}

static struct str enveloped_last(struct lab *lab) {
    return transformed(lab, TRANSFORMS(EXCLUSIVE ENVELOPED));
}

static struct str enveloped_twice(struct lab *lab) {
    return transformed(lab, TRANSFORMS(ENVELOPED ENVELOPED));
}

static struct str c14n_twice(struct lab *lab) {
    return transformed(lab, TRANSFORMS(ENVELOPED EXCLUSIVE EXCLUSIVE));
}

static struct str c14n_2000(struct lab *lab) {
    return transformed(lab, forge_text(lab->arena, TRANSFORMS(ENVELOPED "%s"),
                                       repeat(lab->arena, EXCLUSIVE, 2000)));
}

static struct str xpath_in_c14n(struct lab *lab) {
    return transformed(
        lab, TRANSFORMS(ENVELOPED TRANSFORM(FORGE_EXCLUSIVE, "<ds:XPath>//Subject</ds:XPath>")));
}

static struct str transform_in_c14n_method(struct lab *lab) {
    return changed(lab, "\"" FORGE_EXCLUSIVE "\"/>",
                   "\"" FORGE_EXCLUSIVE "\"><ds:XPath>x</ds:XPath></ds:CanonicalizationMethod>");
}

static const char *reference(struct lab *lab) {
    return cut(lab->arena, good_signed(lab), "<ds:Reference", "</ds:Reference>");
}

static struct str references(struct lab *lab, size_t count) {
    return posted(
        lab, sign_assertion_with(lab, good(lab),
                                 &(struct forge_signing){
                                     .reference_xml = repeat(lab->arena, reference(lab), count)}));
}

static struct str references_two(struct lab *lab) {
    return references(lab, 2);
}

static struct str references_400(struct lab *lab) {
    return references(lab, 400);
}

static struct str references_5000(struct lab *lab) {
    return references(lab, 5000);
}

static struct str manifest(struct lab *lab) {
    return posted(lab, sign_assertion_with(
                           lab, good(lab),
                           &(struct forge_signing){
                               .more_xml = "<ds:Manifest><ds:Reference URI=\"file:///etc/passwd\"/>"
                                           "</ds:Manifest>"}));
}

static struct str uri(struct lab *lab, const char *value) {
    return posted(lab, sign_assertion_with(lab, good(lab), &(struct forge_signing){.uri = value}));
}

static struct str uri_empty(struct lab *lab) {
    return uri(lab, "");
}

static struct str uri_missing(struct lab *lab) {
    const char *bare = edit(lab->arena, reference(lab), " URI=\"#_assertion-1\"", "");
    return posted(
        lab, sign_assertion_with(lab, good(lab), &(struct forge_signing){.reference_xml = bare}));
}

static struct str uri_http(struct lab *lab) {
    return uri(lab, "http://127.0.0.1:1/x#_assertion-1");
}

static struct str uri_file(struct lab *lab) {
    return uri(lab, "file:///etc/passwd");
}

static struct str uri_xpointer_root(struct lab *lab) {
    return uri(lab, "#xpointer(/)");
}

static struct str uri_xpointer_id(struct lab *lab) {
    return uri(lab, "#xpointer(id('_assertion-1'))");
}

static struct str uri_other(struct lab *lab) {
    return uri(lab, "#_message-1");
}

static struct str uri_nothing(struct lab *lab) {
    return uri(lab, "#_nobody");
}

static struct str uri_escaped(struct lab *lab) {
    return uri(lab, "#%5Fassertion-1");
}

static const struct saml_case TRANSFORMS_LIST[] = {
    REFUSE("XSLT", "gate_signature", xslt),
    REFUSE("XPath", "gate_signature", xpath),
    REFUSE("XPath filter 2", "gate_signature", xpath_filter),
    REFUSE("base64 as a transform", "gate_signature", base64_transform),
    REFUSE("no Transforms", "gate_signature", no_transforms),
    REFUSE("empty Transforms", "gate_signature", empty_transforms),
    REFUSE("not enveloped", "gate_signature", not_enveloped),
    REFUSE("enveloped behind the canonicalisation", "gate_signature", enveloped_last),
    REFUSE("enveloped twice", "gate_signature", enveloped_twice),
    REFUSE("canonicalised twice", "gate_signature", c14n_twice),
    REFUSE("canonicalised 2,000 times", "gate_signature", c14n_2000),
    REFUSE("XPath inside a canonicalisation", "gate_signature", xpath_in_c14n),
    REFUSE("XPath inside CanonicalizationMethod", "gate_signature", transform_in_c14n_method),
    REFUSE("two References", "gate_signature", references_two),
    REFUSE("400 References", "gate_signature", references_400),
    REFUSE("5,000 References", "gate_size", references_5000),
    REFUSE("a Manifest", "gate_signature", manifest),
    REFUSE("an empty URI", "gate_signature", uri_empty),
    REFUSE("no URI", "gate_signature", uri_missing),
    REFUSE("a URI on the network", "gate_signature", uri_http),
    REFUSE("a URI of a file", "gate_signature", uri_file),
    REFUSE("an xpointer of the root", "gate_signature", uri_xpointer_root),
    REFUSE("an xpointer of the ID", "gate_signature", uri_xpointer_id),
    REFUSE("the URI of the element around", "gate_signature", uri_other),
    REFUSE("the URI of nothing", "gate_signature", uri_nothing),
    REFUSE("the right ID with percent escapes", "gate_signature", uri_escaped),
};
const struct saml_class CASES_TRANSFORM = {"transforms and references",
                                           "XML Signature best practices; CVE-2013-6440 and others",
                                           OF_RESPONSE, CHANGED, CASES(TRANSFORMS_LIST)};
