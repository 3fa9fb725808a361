#include "tests/support/saml_message.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <zlib.h>

#include "base/crypto.h"
#include "base/url.h"
#include "base/x509.h"

enum { MESSAGE_MAX = 1024 * 1024 };

static const xmlChar *xml(const char *text) {
    return (const xmlChar *) text;
}

struct str saml_message_parameter(struct scope *scope, struct str url, const char *name) {
    const ptrdiff_t mark = str_find_byte(url, '?');
    assert_true(mark > 0);
    struct str rest = str_from(url, (size_t) mark + 1);
    struct str found = STR("");
    int times = 0;
    while (rest.len > 0) {
        struct str pair;
        struct str key;
        rest = str_split(rest, '&', &pair);
        const struct str value = str_split(pair, '=', &key);
        if (str_eq(key, str_from_c(name))) {
            assert_ok(url_decode(scope, value, &found));
            times++;
        }
    }
    assert_int_equal(times, 1);
    return found;
}

static struct str inflate_raw(struct scope *scope, struct str deflated) {
    z_stream stream = {.next_in = (Bytef *) (uintptr_t) deflated.at,
                       .avail_in = (uInt) deflated.len};
    char *text = arena_alloc(scope->arena, MESSAGE_MAX);
    stream.next_out = (Bytef *) text;
    stream.avail_out = MESSAGE_MAX;
    assert_int_equal(inflateInit2(&stream, -MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0);
    (void) inflateEnd(&stream);
    return (struct str){text, stream.total_out};
}

struct saml_message saml_message_parse(struct scope *scope, struct str text) {
    struct saml_message message = {.scope = scope, .xml = text};
    message.doc = xmlReadMemory(text.at, (int) text.len, NULL, "UTF-8", XML_PARSE_NONET);
    assert_non_null(message.doc);
    return message;
}

struct saml_message saml_message_open(struct scope *scope, const struct saml_outgoing *outgoing) {
    struct str decoded;
    if (outgoing->binding == SAML_POST) {
        assert_ok(base64_decode(scope, outgoing->value, &decoded));
        return saml_message_parse(scope, decoded);
    }
    const bool is_request = str_find(outgoing->url, STR("SAMLRequest=")) >= 0;
    const struct str value =
        saml_message_parameter(scope, outgoing->url, is_request ? "SAMLRequest" : "SAMLResponse");
    assert_ok(base64_decode(scope, value, &decoded));
    return saml_message_parse(scope, inflate_raw(scope, decoded));
}

void saml_message_close(struct saml_message *message) {
    xmlFreeDoc(message->doc);
}

static xmlXPathContext *context_of(const struct saml_message *message) {
    xmlXPathContext *context = xmlXPathNewContext(message->doc);
    assert_non_null(context);
    (void) xmlXPathRegisterNs(context, xml("samlp"), xml("urn:oasis:names:tc:SAML:2.0:protocol"));
    (void) xmlXPathRegisterNs(context, xml("saml"), xml("urn:oasis:names:tc:SAML:2.0:assertion"));
    (void) xmlXPathRegisterNs(context, xml("md"), xml("urn:oasis:names:tc:SAML:2.0:metadata"));
    (void) xmlXPathRegisterNs(context, xml("ds"), xml("http://www.w3.org/2000/09/xmldsig#"));
    return context;
}

struct str saml_message_ask(const struct saml_message *message, const char *xpath) {
    xmlXPathContext *context = context_of(message);
    xmlXPathObject *value = xmlXPathEvalExpression(xml(xpath), context);
    assert_non_null(value);
    xmlChar *text = xmlXPathCastToString(value);
    const struct str answer = str_copy(message->scope->arena, str_from_c((const char *) text));
    xmlFree(text);
    xmlXPathFreeObject(value);
    xmlXPathFreeContext(context);
    return answer;
}

static struct str canonical(const struct saml_message *message, const char *nodes) {
    xmlXPathContext *context = context_of(message);
    xmlXPathObject *set = xmlXPathEvalExpression(xml(nodes), context);
    xmlChar *text = NULL;
    assert_non_null(set);
    const int len =
        xmlC14NDocDumpMemory(message->doc, set->nodesetval, XML_C14N_EXCLUSIVE_1_0, NULL, 0, &text);
    assert_true(len > 0);
    const struct str copy =
        str_copy(message->scope->arena, (struct str){(const char *) text, (size_t) len});
    xmlFree(text);
    xmlXPathFreeObject(set);
    xmlXPathFreeContext(context);
    return copy;
}

static struct str without_blanks(struct scope *scope, struct str text) {
    struct strbuf dense = strbuf_begin(scope->arena, text.len);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] > ' ') {
            strbuf_add_byte(&dense, text.at[i]);
        }
    }
    return strbuf_str(&dense);
}

/* An enveloped signature over the root, in the exclusive canonical form. */
static bool is_document_signed(struct scope *scope, const struct saml_outgoing *outgoing,
                               struct str certificate_der) {
    AUTO(saml_message_close)
    struct saml_message message = saml_message_open(scope, outgoing);
    if (!str_eq(saml_message_ask(&message, "string(count(/*/ds:Signature))"), STR("1"))) {
        return false;
    }
    const char *const wanted[][2] = {
        {"string(//ds:SignatureMethod/@Algorithm)",
         "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"},
        {"string(//ds:DigestMethod/@Algorithm)", "http://www.w3.org/2001/04/xmlenc#sha256"},
        {"string(//ds:CanonicalizationMethod/@Algorithm)",
         "http://www.w3.org/2001/10/xml-exc-c14n#"},
        {"string(count(//ds:Reference))", "1"},
        {"string(//ds:Transform[1]/@Algorithm)",
         "http://www.w3.org/2000/09/xmldsig#enveloped-signature"},
        {"string(//ds:Transform[2]/@Algorithm)", "http://www.w3.org/2001/10/xml-exc-c14n#"},
        {"string(//ds:Reference/@URI = concat('#', /*/@ID))", "true"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_str(saml_message_ask(&message, wanted[i][0]), wanted[i][1]);
    }
    const struct str text =
        canonical(&message, "(//. | //@* | //namespace::*)[not(ancestor-or-self::ds:Signature)]");
    const struct str info =
        canonical(&message, "(//. | //@* | //namespace::*)[ancestor-or-self::ds:SignedInfo]");
    const struct str digest = base64_encode(scope->arena, sha256(scope->arena, text));
    struct str signature;
    assert_ok(base64_decode(
        scope, without_blanks(scope, saml_message_ask(&message, "string(//ds:SignatureValue)")),
        &signature));
    return str_eq(digest,
                  without_blanks(scope, saml_message_ask(&message, "string(//ds:DigestValue)"))) &&
           is_ok(x509_verify_rsa_sha256(scope, certificate_der, info, signature));
}

bool saml_message_is_signed(struct scope *scope, const struct saml_outgoing *outgoing,
                            struct str certificate_der) {
    if (outgoing->binding == SAML_POST) {
        return is_document_signed(scope, outgoing, certificate_der);
    }
    const ptrdiff_t start = str_find(outgoing->url, STR("SAMLRe"));
    const ptrdiff_t end = str_find(outgoing->url, STR("&Signature="));
    if (start < 0 || end < start) {
        return false;
    }
    assert_str(saml_message_parameter(scope, outgoing->url, "SigAlg"),
               "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
    struct str signature;
    assert_ok(base64_decode(scope, saml_message_parameter(scope, outgoing->url, "Signature"),
                            &signature));
    const struct str query = {outgoing->url.at + start, (size_t) (end - start)};
    return is_ok(x509_verify_rsa_sha256(scope, certificate_der, query, signature));
}
