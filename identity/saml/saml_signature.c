#include "identity/saml/saml_signature.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <xmlsec/app.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/keysmngr.h>
#include <xmlsec/parser.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "identity/saml/saml_signed_info.h"
#include "identity/saml/saml_verify.h"
#include "identity/saml/saml_xml.h"

/* Parsing a certificate costs as much as verifying with it: keys are kept by the hash of their
 * certificate. One that cannot be used is kept as such. */
struct kept_key {
    unsigned char hash[SHA256_BYTES];
    uint64_t used;
    enum public_key_kind kind;
    struct public_key *public_key; /* NULL: cannot be used */
    xmlSecKeyPtr key;
};

struct saml_verifier {
    uint64_t uses;
    size_t count;
    struct kept_key keys[SAML_KEYS_KEPT];
};

static void discard(void *context, const char *format, ...) {
    (void) context, (void) format;
}

static bool register_transforms(void) {
    const xmlSecTransformId ids[] = {
        xmlSecTransformExclC14NId,  xmlSecTransformInclC14NId,    xmlSecTransformEnvelopedId,
        xmlSecTransformBase64Id,    xmlSecTransformSha256Id,      xmlSecTransformSha384Id,
        xmlSecTransformSha512Id,    xmlSecTransformRsaSha256Id,   xmlSecTransformRsaSha384Id,
        xmlSecTransformRsaSha512Id, xmlSecTransformEcdsaSha256Id, xmlSecTransformEcdsaSha384Id,
        xmlSecTransformAes128GcmId, xmlSecTransformAes192GcmId,   xmlSecTransformAes256GcmId,
        xmlSecTransformAes128CbcId, xmlSecTransformAes256CbcId,
    };
    xmlSecPtrListEmpty(xmlSecTransformIdsGet());
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (ids[i] == xmlSecTransformIdUnknown || xmlSecTransformIdsRegister(ids[i]) < 0) {
            return false;
        }
    }
    return true;
}

/* SHA-1 enters the process with the first connection that has the switch; the gate decides for each
 * message. */
static bool register_sha1(void) {
    const xmlSecTransformId ids[] = {xmlSecTransformSha1Id, xmlSecTransformRsaSha1Id};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (xmlSecTransformIdListFind(xmlSecTransformIdsGet(), ids[i]) != 1 &&
            xmlSecTransformIdsRegister(ids[i]) < 0) {
            return false;
        }
    }
    return true;
}

result saml_signature_start(struct scope *scope) {
    xmlInitParser();
    REQUIRE(scope,
            xmlSecInit() == 0 && xmlSecCheckVersion() == 1 && xmlSecCryptoAppInit(NULL) == 0 &&
                xmlSecCryptoInit() == 0,
            INTERNAL, "saml.self_test");
    xmlSecIOCleanupCallbacks(); /* no file:, no http:, for any URI */
    xmlSecParserSetDefaultOptions(XML_PARSE_NONET | XML_PARSE_NODICT); /* was with XML_PARSE_HUGE */
    REQUIRE(scope, register_transforms(), INTERNAL, "saml.self_test");
    xmlSetGenericErrorFunc(NULL, discard); /* canonicalisation prints otherwise */
    xmlSecErrorsSetCallback(NULL);
    return OK_RESULT;
}

struct saml_verifier *saml_verifier_new(void) {
    struct saml_verifier *verifier = calloc(1, sizeof *verifier);
    assert(verifier != NULL);
    return verifier;
}

static void drop_key(struct kept_key *kept) {
    public_key_close(&kept->public_key);
    if (kept->key != NULL) {
        xmlSecKeyDestroy(kept->key);
    }
    *kept = (struct kept_key){.used = 0};
}

void saml_verifier_free(struct saml_verifier **verifier) {
    if (*verifier == NULL) {
        return;
    }
    for (size_t i = 0; i < (*verifier)->count; i++) {
        drop_key(&(*verifier)->keys[i]);
    }
    free(*verifier);
    *verifier = NULL;
}

static void close_key(xmlSecKeyPtr *key) {
    if (*key != NULL) {
        xmlSecKeyDestroy(*key);
    }
}

/* The public key alone: a duplicate of the loaded key would drag the certificate along, for each
 * message. */
static xmlSecKeyPtr load_key(struct str der) {
    AUTO(close_key)
    xmlSecKeyPtr loaded =
        xmlSecCryptoAppKeyLoadMemory((const xmlSecByte *) der.at, (xmlSecSize) der.len,
                                     xmlSecKeyDataFormatCertDer, NULL, NULL, NULL);
    xmlSecKeyDataPtr value =
        loaded == NULL ? NULL : xmlSecKeyDataDuplicate(xmlSecKeyGetValue(loaded));
    xmlSecKeyPtr key = value == NULL ? NULL : xmlSecKeyCreate();
    if (key == NULL || xmlSecKeySetValue(key, value) < 0) {
        if (value != NULL) {
            xmlSecKeyDataDestroy(value);
        }
        close_key(&key);
        return NULL;
    }
    return key;
}

static void fill_key(struct scope *scope, struct kept_key *kept, struct str der) {
    struct certificate facts;
    if (!is_ok(certificate_read(scope, der, &facts)) || !certificate_is_strong(&facts) ||
        !is_ok(public_key_open(scope, der, &kept->public_key))) {
        return;
    }
    kept->kind = facts.kind;
    kept->key = load_key(der);
    if (kept->key == NULL) {
        public_key_close(&kept->public_key);
    }
}

/* A free place, or that of the key used longest ago. */
static struct kept_key *place_for_key(struct saml_verifier *verifier) {
    if (verifier->count < SAML_KEYS_KEPT) {
        verifier->count++;
        return &verifier->keys[verifier->count - 1];
    }
    struct kept_key *oldest = &verifier->keys[0];
    for (size_t i = 1; i < verifier->count; i++) {
        if (verifier->keys[i].used < oldest->used) {
            oldest = &verifier->keys[i];
        }
    }
    drop_key(oldest);
    return oldest;
}

static const struct kept_key *find_key(struct scope *scope, struct saml_verifier *verifier,
                                       struct str der) {
    const struct str hash = sha256(scope->arena, der);
    verifier->uses++;
    for (size_t i = 0; i < verifier->count; i++) {
        if (str_eq(hash, (struct str){(const char *) verifier->keys[i].hash, SHA256_BYTES})) {
            verifier->keys[i].used = verifier->uses;
            return &verifier->keys[i];
        }
    }
    struct kept_key *kept = place_for_key(verifier);
    memcpy(kept->hash, hash.at, SHA256_BYTES);
    kept->used = verifier->uses;
    fill_key(scope, kept, der);
    return kept;
}

static bool fits(const struct kept_key *kept, enum signature_kind kind) {
    const bool is_ec = kind == SIGNATURE_ECDSA_SHA256 || kind == SIGNATURE_ECDSA_SHA384;
    return kept->key != NULL && is_ec == (kept->kind != PUBLIC_KEY_RSA);
}

/* For xmlsec, and for libxml2 after it, a reference finds exactly this attribute's element. */
static bool register_id(xmlNode *element) {
    xmlAttr *id = xmlHasNsProp(element, (const xmlChar *) "ID", NULL);
    const struct str text = saml_xml_attribute_text(id);
    const xmlChar *name = (const xmlChar *) text.at;
    if (id == NULL || text.len == 0) {
        return false;
    }
    if (xmlGetID(element->doc, name) == NULL) {
        xmlAddID(NULL, element->doc, name, id);
    }
    return xmlGetID(element->doc, name) == id;
}

static void close_context(xmlSecDSigCtx **context) {
    if (*context != NULL) {
        xmlSecDSigCtxDestroy(*context);
    }
}

static bool enable_transforms(xmlSecDSigCtx *context, bool is_sha1_allowed) {
    const xmlSecTransformId ids[] = {
        xmlSecTransformEnvelopedId, xmlSecTransformExclC14NId, xmlSecTransformInclC14NId,
        xmlSecTransformSha256Id,    xmlSecTransformSha384Id,   xmlSecTransformSha512Id,
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (xmlSecDSigCtxEnableReferenceTransform(context, ids[i]) < 0) {
            return false;
        }
    }
    return !is_sha1_allowed || (register_sha1() && xmlSecDSigCtxEnableReferenceTransform(
                                                       context, xmlSecTransformSha1Id) == 0);
}

static bool verifies(xmlNode *signature, xmlSecKeyPtr key, bool is_sha1_allowed) {
    /* without a keys manager: KeyInfo is never used */
    AUTO(close_context) xmlSecDSigCtx *context = xmlSecDSigCtxCreate(NULL);
    if (context == NULL || !enable_transforms(context, is_sha1_allowed)) {
        return false;
    }
    context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    context->signKey = xmlSecKeyDuplicate(key);
    return context->signKey != NULL && xmlSecDSigCtxVerify(context, signature) >= 0 &&
           context->status == xmlSecDSigStatusSucceeded &&
           xmlSecPtrListGetSize(&context->signedInfoReferences) == 1;
}

static void note(struct scope *scope, struct saml_protection *protection, struct str signature,
                 struct str digest, size_t certificate) {
    if (protection->signature_algorithm.len == 0) {
        protection->signature_algorithm = str_copy(scope->arena, signature);
        protection->digest_algorithm = str_copy(scope->arena, digest);
        protection->certificate = certificate;
    }
}

static const struct kept_key *find_signer(struct scope *scope, struct saml_verifier *verifier,
                                          const struct saml_trust *trust,
                                          const struct saml_signed_bytes *given, size_t *ret_at) {
    for (size_t i = 0; i < trust->certificate_count && i < SAML_CERTIFICATES_MAX; i++) {
        const struct kept_key *kept = find_key(scope, verifier, trust->certificates[i]);
        if (fits(kept, given->kind) &&
            public_key_verifies(kept->public_key, given->kind, given->bytes, given->signature)) {
            *ret_at = i;
            return kept;
        }
    }
    return NULL;
}

struct signature {
    xmlNode *node;
    struct saml_signed_bytes given; /* the bytes for large documents only */
    struct str digest;
};

static result read_signature(struct scope *scope, const struct saml_trust *trust, xmlNode *element,
                             struct signature *ret) {
    struct signature signature = {.node = saml_xml_child(element, DSIG_NS, "Signature")};
    const xmlNode *info = saml_xml_child(signature.node, DSIG_NS, "SignedInfo");
    const xmlNode *reference = saml_xml_child(info, DSIG_NS, "Reference");
    struct saml_signed_bytes *given = &signature.given;
    given->algorithm =
        saml_xml_attribute(saml_xml_child(info, DSIG_NS, "SignatureMethod"), "Algorithm");
    signature.digest =
        saml_xml_attribute(saml_xml_child(reference, DSIG_NS, "DigestMethod"), "Algorithm");
    SAML_REQUIRE(scope,
                 saml_algorithm_signature(given->algorithm, trust->is_sha1_allowed, &given->kind),
                 SAML_SIGNATURE);
    *ret = signature;
    return OK_RESULT;
}

/* Large documents: SignedInfo first, so that only the owner of a key makes us digest the rest. */
static result verify_large(struct scope *scope, struct saml_verifier *verifier,
                           const struct saml_trust *trust, struct signature *signature,
                           size_t *ret_at) {
    struct saml_signed_bytes *given = &signature->given;
    struct str value = STR("");
    SAML_REQUIRE(
        scope,
        saml_xml_text(saml_xml_child(signature->node, DSIG_NS, "SignatureValue"), &value) &&
            is_ok(saml_gate_decode(scope, value, &given->signature)),
        SAML_SIGNATURE);
    TRY(saml_signed_info_bytes(scope, signature->node, &given->bytes));
    const struct kept_key *kept = find_signer(scope, verifier, trust, given, ret_at);
    SAML_REQUIRE(scope,
                 kept != NULL && verifies(signature->node, kept->key, trust->is_sha1_allowed),
                 SAML_SIGNATURE);
    return OK_RESULT;
}

static result verify_small(struct scope *scope, struct saml_verifier *verifier,
                           const struct saml_trust *trust, const struct signature *signature,
                           size_t *ret_at) {
    for (size_t i = 0; i < trust->certificate_count && i < SAML_CERTIFICATES_MAX; i++) {
        const struct kept_key *kept = find_key(scope, verifier, trust->certificates[i]);
        if (fits(kept, signature->given.kind) &&
            verifies(signature->node, kept->key, trust->is_sha1_allowed)) {
            *ret_at = i;
            return OK_RESULT;
        }
    }
    return saml_fail(scope, SAML_SIGNATURE);
}

result saml_signature_verify(struct scope *scope, struct saml_verifier *verifier,
                             const struct saml_trust *trust, xmlNode *element,
                             struct saml_protection *protection) {
    struct signature signature = {.node = NULL};
    size_t at = 0;
    TRY(read_signature(scope, trust, element, &signature));
    SAML_REQUIRE(scope, register_id(element), SAML_SIGNATURE);
    TRY(saml_is_large(element->doc) ? verify_large(scope, verifier, trust, &signature, &at)
                                    : verify_small(scope, verifier, trust, &signature, &at));
    note(scope, protection, signature.given.algorithm, signature.digest, at);
    return OK_RESULT;
}

result saml_signature_verify_bytes(struct scope *scope, struct saml_verifier *verifier,
                                   const struct saml_trust *trust,
                                   const struct saml_signed_bytes *given,
                                   struct saml_protection *protection) {
    size_t at = 0;
    SAML_REQUIRE(scope, find_signer(scope, verifier, trust, given, &at) != NULL, SAML_SIGNATURE);
    note(scope, protection, given->algorithm, STR(""), at);
    return OK_RESULT;
}
