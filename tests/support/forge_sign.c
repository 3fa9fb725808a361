/* Signatures in XML (xmldsig-core) by the forge's own reading of the standard: the element in
 * canonical form without its signature, its digest in SignedInfo, SignedInfo in canonical form,
 * signed. */
#include "tests/support/forge.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"

enum kind { PKCS1, PSS, ECDSA, HMAC_KEYED };

static const struct method {
    const char *uri, *hash;
    enum kind kind;
} METHODS[] = {
    {FORGE_RSA_SHA1, "SHA1", PKCS1},
    {FORGE_RSA_SHA256, "SHA256", PKCS1},
    {FORGE_RSA_SHA384, "SHA384", PKCS1},
    {FORGE_RSA_SHA512, "SHA512", PKCS1},
    {FORGE_RSA_MD5, "MD5", PKCS1},
    {FORGE_RSA_PSS, "SHA256", PSS},
    {FORGE_ECDSA_SHA256, "SHA256", ECDSA},
    {FORGE_ECDSA_SHA384, "SHA384", ECDSA},
    {FORGE_HMAC_SHA1, "SHA1", HMAC_KEYED},
    {FORGE_HMAC_SHA256, "SHA256", HMAC_KEYED},
    {FORGE_SHA1, "SHA1", PKCS1},
    {FORGE_SHA256, "SHA256", PKCS1},
    {FORGE_SHA384, "SHA384", PKCS1},
    {FORGE_SHA512, "SHA512", PKCS1},
    {FORGE_MD5, "MD5", PKCS1},
};

static const struct method *method_of(const char *uri) {
    for (size_t i = 0; i < sizeof METHODS / sizeof METHODS[0]; i++) {
        if (strcmp(METHODS[i].uri, uri) == 0) {
            return &METHODS[i];
        }
    }
    fail_msg("the forge does not know %s", uri);
    abort();
}

static const char *or_good(const char *wish, const char *good) {
    return wish == NULL ? good : wish;
}

struct part {
    const xmlNode *top, *hidden;
};

static int is_visible(void *context, xmlNodePtr node, xmlNodePtr parent) {
    const struct part *part = context;
    const xmlNode *at = node;
    if (node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE) {
        at = parent;
    }
    for (; at != NULL; at = at->parent) {
        if (at == part->hidden) {
            return 0;
        }
        if (at == part->top) {
            return 1;
        }
    }
    return 0;
}

static struct str canonical(struct arena *arena, struct part part, const char *uri,
                            const char *prefix) {
    xmlOutputBuffer *buffer = xmlAllocOutputBuffer(NULL);
    assert_non_null(buffer);
    const bool is_exclusive = strstr(uri, "xml-exc-c14n") != NULL;
    const bool has_comments = strstr(uri, "WithComments") != NULL;
    xmlChar *prefixes[] = {prefix == NULL ? NULL : xmlStrdup((const xmlChar *) prefix), NULL};
    const int done = xmlC14NExecute(part.top->doc, is_visible, &part,
                                    is_exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0, prefixes,
                                    has_comments, buffer);
    assert_true(done >= 0);
    const struct str ret =
        str_copy(arena, (struct str){(const char *) xmlOutputBufferGetContent(buffer),
                                     xmlOutputBufferGetSize(buffer)});
    (void) xmlOutputBufferClose(buffer);
    xmlFree(prefixes[0]);
    return ret;
}

static void free_document(xmlDoc **doc) {
    xmlFreeDoc(*doc);
}

static xmlDoc *parsed(const char *text) {
    xmlDoc *doc = xmlReadMemory(text, (int) strlen(text), NULL, "UTF-8",
                                XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOENT |
                                    XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (doc == NULL) {
        fail_msg("the forge cannot sign what is not XML: %s", text);
    }
    return doc;
}

/* The first element of the name, in document order. */
static xmlNode *element_named(xmlDoc *doc, const char *name) {
    xmlNode *node = xmlDocGetRootElement(doc);
    while (node != NULL) {
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, name) == 0) {
            return node;
        }
        if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
            node = node->children;
            continue;
        }
        while (node != NULL && node->next == NULL) {
            node = node->parent;
        }
        node = node == NULL ? NULL : node->next;
    }
    fail_msg("no element %s", name);
    abort();
}

static struct str hashed(struct arena *arena, const char *hash, struct str bytes) {
    unsigned char *digest = arena_alloc(arena, EVP_MAX_MD_SIZE);
    size_t len = 0;
    assert_int_equal(EVP_Q_digest(NULL, hash, NULL, bytes.at, bytes.len, digest, &len), 1);
    return (struct str){(const char *) digest, len};
}

/* xmldsig wants r and s as numbers of the curve's width, one behind the other. */
static struct str raw_ecdsa(struct arena *arena, struct str der, int bits) {
    const int width = (bits + 7) / 8;
    const unsigned char *at = (const unsigned char *) der.at;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long) der.len);
    assert_non_null(signature);
    unsigned char *ret = arena_alloc(arena, (size_t) width * 2);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret, width), width);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret + width, width), width);
    ECDSA_SIG_free(signature);
    return (struct str){(const char *) ret, (size_t) width * 2};
}

static struct str hmac(struct arena *arena, const char *hash, struct str key, struct str bytes) {
    unsigned char *ret = arena_alloc(arena, EVP_MAX_MD_SIZE);
    size_t len = 0;
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, hash, NULL, key.at, key.len,
                              (const unsigned char *) bytes.at, bytes.len, ret, EVP_MAX_MD_SIZE,
                              &len));
    return (struct str){(const char *) ret, len};
}

struct str forge_sign_bytes(struct arena *arena, struct str bytes,
                            const struct forge_signing *signing) {
    const struct method *method = method_of(or_good(signing->method, FORGE_RSA_SHA256));
    if (method->kind == HMAC_KEYED) {
        return hmac(arena, method->hash, signing->hmac_key, bytes);
    }
    EVP_PKEY *pkey = forge_key(signing->key)->pkey;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;
    assert_int_equal(
        EVP_DigestSignInit_ex(context, &parameters, method->hash, NULL, NULL, pkey, NULL), 1);
    if (method->kind == PSS) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    size_t len = 0;
    const unsigned char *at = (const unsigned char *) bytes.at;
    assert_int_equal(EVP_DigestSign(context, NULL, &len, at, bytes.len), 1);
    unsigned char *value = arena_alloc(arena, len);
    assert_int_equal(EVP_DigestSign(context, value, &len, at, bytes.len), 1);
    EVP_MD_CTX_free(context);
    const struct str ret = {(const char *) value, len};
    return method->kind == ECDSA ? raw_ecdsa(arena, ret, EVP_PKEY_get_bits(pkey)) : ret;
}

static const char *transforms(struct arena *arena, const struct forge_signing *signing) {
    const char *c14n = or_good(signing->reference_c14n, FORGE_EXCLUSIVE);
    const char *prefixes = signing->prefixes == NULL
                               ? ""
                               : forge_text(arena,
                                            "<ec:InclusiveNamespaces xmlns:ec=\"" FORGE_EXCLUSIVE
                                            "\" PrefixList=\"%s\"/>",
                                            signing->prefixes);
    const char *second =
        c14n[0] == '\0'
            ? ""
            : forge_text(arena, "<ds:Transform Algorithm=\"%s\">%s</ds:Transform>", c14n, prefixes);
    return forge_text(arena,
                      "<ds:Transforms><ds:Transform Algorithm=\"" FORGE_ENVELOPED "\"/>%s"
                      "</ds:Transforms>",
                      second);
}

static const char *reference(struct arena *arena, const char *text, const char *place,
                             const struct forge_signing *signing) {
    const char *marked = forge_done(arena, edit(arena, text, place, "<sign-here/>"));
    AUTO(free_document) xmlDoc *doc = parsed(marked);
    xmlNode *hidden = element_named(doc, "sign-here");
    const char *c14n = or_good(signing->reference_c14n, FORGE_EXCLUSIVE);
    const struct str bytes = canonical(arena, (struct part){hidden->parent, hidden},
                                       c14n[0] == '\0' ? FORGE_INCLUSIVE : c14n, signing->prefixes);
    const char *digest = or_good(signing->digest, FORGE_SHA256);
    const struct str value = hashed(arena, method_of(digest)->hash, bytes);
    xmlChar *id = xmlGetNoNsProp(hidden->parent, (const xmlChar *) "ID");
    const char *uri = forge_text(arena, "#%s", id == NULL ? "" : (const char *) id);
    xmlFree(id);
    return forge_text(arena,
                      "<ds:Reference URI=\"%s\">%s<ds:DigestMethod Algorithm=\"%s\"/>"
                      "<ds:DigestValue>%s</ds:DigestValue></ds:Reference>",
                      or_good(signing->uri, uri),
                      or_good(signing->transforms_xml, transforms(arena, signing)), digest,
                      or_good(signing->digest_value, forge_base64(arena, value)));
}

#define VALUE_HERE "@signature-value@"

static const char *signature(struct arena *arena, const char *text, const char *place,
                             const struct forge_signing *signing) {
    return forge_text(
        arena,
        "<ds:Signature xmlns:ds=\"" FORGE_NS_DSIG "\"><ds:SignedInfo>"
        "<ds:CanonicalizationMethod Algorithm=\"%s\"/><ds:SignatureMethod Algorithm=\"%s\"/>%s%s"
        "</ds:SignedInfo><ds:SignatureValue>" VALUE_HERE "</ds:SignatureValue>%s</ds:Signature>",
        or_good(signing->c14n, FORGE_EXCLUSIVE), or_good(signing->method, FORGE_RSA_SHA256),
        signing->reference_xml != NULL ? signing->reference_xml
                                       : reference(arena, text, place, signing),
        or_good(signing->more_xml, ""), or_good(signing->key_info_xml, ""));
}

/* The SignedInfo in front of the SignatureValue that is still open. */
static const xmlNode *open_signed_info(xmlDoc *doc) {
    const xmlNode *mark = element_named(doc, "value-here");
    const xmlNode *info = mark->parent->prev;
    assert_non_null(info);
    assert_string_equal((const char *) info->name, "SignedInfo");
    return info;
}

const char *forge_sign(struct arena *arena, const char *text, const char *place,
                       const struct forge_signing *signing) {
    const char *with = edit(arena, text, place, signature(arena, text, place, signing));
    if (signing->value != NULL) {
        return edit(arena, with, VALUE_HERE, signing->value);
    }
    AUTO(free_document)
    xmlDoc *doc = parsed(forge_done(arena, edit(arena, with, VALUE_HERE, "<value-here/>")));
    const struct str bytes = canonical(arena, (struct part){open_signed_info(doc), NULL},
                                       or_good(signing->c14n, FORGE_EXCLUSIVE), NULL);
    const struct str value = forge_sign_bytes(arena, bytes, signing);
    return edit(arena, with, VALUE_HERE, forge_base64(arena, value));
}
