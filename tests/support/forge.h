#pragma once
/* Makes what honest and hostile identity providers send. It is an independent judge: canonical form
 * from libxml2, signatures and encryption from OpenSSL, nothing of the code under test, no xmlsec.
 * Messages are texts; they are edited as texts, before a signature is made (the provider has said
 * it) or afterwards (somebody has changed it). A failure inside ends the test. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define FORGE_RSA_SHA1     "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
#define FORGE_RSA_SHA256   "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define FORGE_RSA_SHA384   "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
#define FORGE_RSA_SHA512   "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
#define FORGE_RSA_MD5      "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"
#define FORGE_RSA_PSS      "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
#define FORGE_ECDSA_SHA256 "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define FORGE_ECDSA_SHA384 "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
#define FORGE_HMAC_SHA1    "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
#define FORGE_HMAC_SHA256  "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
#define FORGE_SHA1         "http://www.w3.org/2000/09/xmldsig#sha1"
#define FORGE_SHA256       "http://www.w3.org/2001/04/xmlenc#sha256"
#define FORGE_SHA384       "http://www.w3.org/2001/04/xmldsig-more#sha384"
#define FORGE_SHA512       "http://www.w3.org/2001/04/xmlenc#sha512"
#define FORGE_MD5          "http://www.w3.org/2001/04/xmldsig-more#md5"
#define FORGE_EXCLUSIVE    "http://www.w3.org/2001/10/xml-exc-c14n#"
#define FORGE_INCLUSIVE    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define FORGE_ENVELOPED    "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
#define FORGE_AES128_GCM   "http://www.w3.org/2009/xmlenc11#aes128-gcm"
#define FORGE_AES192_GCM   "http://www.w3.org/2009/xmlenc11#aes192-gcm"
#define FORGE_AES256_GCM   "http://www.w3.org/2009/xmlenc11#aes256-gcm"
#define FORGE_AES128_CBC   "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
#define FORGE_AES256_CBC   "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
#define FORGE_3DES_CBC     "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"
#define FORGE_OAEP         "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
#define FORGE_OAEP11       "http://www.w3.org/2009/xmlenc11#rsa-oaep"
#define FORGE_RSA15        "http://www.w3.org/2001/04/xmlenc#rsa-1_5"
#define FORGE_MGF1_SHA1    "http://www.w3.org/2009/xmlenc11#mgf1sha1"
#define FORGE_MGF1_SHA256  "http://www.w3.org/2009/xmlenc11#mgf1sha256"

#define FORGE_NS_PROTOCOL  "urn:oasis:names:tc:SAML:2.0:protocol"
#define FORGE_NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define FORGE_NS_METADATA  "urn:oasis:names:tc:SAML:2.0:metadata"
#define FORGE_NS_DSIG      "http://www.w3.org/2000/09/xmldsig#"
#define FORGE_NS_XENC      "http://www.w3.org/2001/04/xmlenc#"

/* Keys are made when first asked for and kept until the process ends. */
enum forge_owner {
    FORGE_IDP,
    FORGE_IDP_OLD,
    FORGE_IDP_EXPIRED, /* its certificate ended in 2020 */
    FORGE_IDP_P256,
    FORGE_IDP_P384,
    FORGE_ATTACKER,
    FORGE_SP,
    FORGE_SP_NEXT,
    FORGE_RSA_512, /* too weak, or of another kind */
    FORGE_RSA_1024,
    FORGE_P521,
    FORGE_SECP256K1,
    FORGE_ED25519,
    FORGE_OWNER_COUNT
};

struct evp_pkey_st;
struct forge_key {
    struct evp_pkey_st *pkey;
    struct str certificate; /* DER */
};

const struct forge_key *forge_key(enum forge_owner owner);
struct str forge_private_pem(struct arena *arena, enum forge_owner owner); /* PKCS#8 */
struct str forge_public_der(struct arena *arena, enum forge_owner owner); /* SubjectPublicKeyInfo */
struct str forge_public_pem(struct arena *arena, enum forge_owner owner);
const char *forge_certificate_base64(struct arena *arena, enum forge_owner owner);

/* Texts. Every edit must find its place. */
const char *forge_text(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *edit(struct arena *arena, const char *text, const char *from, const char *to);
const char *edit_last(struct arena *arena, const char *text, const char *from, const char *to);
const char *edit_all(struct arena *arena, const char *text, const char *from, const char *to);
const char *edit_before(struct arena *arena, const char *text, const char *place, const char *add);
const char *edit_after(struct arena *arena, const char *text, const char *place, const char *add);
/* From the first `begin` through the first `end` behind it. */
const char *cut(struct arena *arena, const char *text, const char *begin, const char *end);
const char *without(struct arena *arena, const char *text, const char *begin, const char *end);
const char *repeat(struct arena *arena, const char *text, size_t count);

/* One exchange: who speaks to whom, and when. */
struct forge {
    struct arena *arena;
    int64_t now_us;
    const char *idp, *sp, *acs, *slo, *request_id;
};

/* The names that the tests use, at 2026-01-02T03:04:05Z. */
struct forge forge_begin(struct arena *arena);
/* "2026-01-02T03:04:05Z", so many seconds from now. */
const char *forge_time(const struct forge *forge, int64_t seconds);

/* In all settings: NULL is what a good message has, "" leaves the thing out. Fields whose name ends
 * in _xml are whole elements. */
struct forge_assertion {
    const char *id, *version, *issue_instant;
    const char *issuer_xml, *subject_xml, *conditions_xml, *authn_xml, *attributes_xml;
};
struct forge_subject {
    const char *name_id_xml, *recipient, *in_response_to, *not_on_or_after;
};
struct forge_response {
    const char *id, *version, *issue_instant, *destination, *in_response_to;
    const char *issuer_xml, *extensions_xml, *status_xml, *assertion_xml;
};
struct forge_logout_request {
    const char *id, *version, *issue_instant, *destination, *not_on_or_after;
    const char *issuer_xml, *name_id_xml, *session_index_xml;
};
struct forge_logout_response {
    const char *id, *version, *issue_instant, *destination, *in_response_to;
    const char *issuer_xml, *status_xml;
};
struct forge_metadata {
    const char *entity_id, *root_attributes, *role_attributes;
    const char *extensions_xml, *keys_xml, *logout_xml, *sign_on_xml;
};

/* Places where a signature goes: forge_sign fills one, forge_done drops what is left. */
#define SIGN_MESSAGE   "@sign-message@"
#define SIGN_ASSERTION "@sign-assertion@"

const char *forge_subject(const struct forge *forge, const struct forge_subject *subject);
const char *forge_assertion(const struct forge *forge, const struct forge_assertion *assertion);
const char *forge_response(const struct forge *forge, const struct forge_response *response);
const char *forge_logout_request(const struct forge *forge,
                                 const struct forge_logout_request *request);
const char *forge_logout_response(const struct forge *forge,
                                  const struct forge_logout_response *response);
const char *forge_metadata(const struct forge *forge, const struct forge_metadata *metadata);
/* use: "signing", "encryption" or "" for both. */
const char *forge_key_descriptor(struct arena *arena, enum forge_owner owner, const char *use);
const char *forge_status(struct arena *arena, const char *code, const char *sub_code);
const char *forge_done(struct arena *arena, const char *text);

struct forge_signing {
    enum forge_owner key;
    const char *method, *digest; /* URIs; NULL: RSA and SHA-256 */
    const char *c14n;            /* of SignedInfo; NULL: exclusive */
    const char *reference_c14n;  /* of the element; NULL: exclusive; "": no transform, inclusive */
    const char *prefixes;        /* InclusiveNamespaces of the element's transform */
    /* In place of what is right: */
    const char *uri, *transforms_xml, *digest_value, *reference_xml;
    const char *more_xml;     /* further elements in SignedInfo, behind the Reference */
    const char *key_info_xml; /* behind SignatureValue; NULL: none */
    const char *value;        /* SignatureValue */
    struct str hmac_key;      /* for the HMAC methods */
};

/* Signs the element in which `place` stands, as the text is now, and puts the signature there. */
const char *forge_sign(struct arena *arena, const char *text, const char *place,
                       const struct forge_signing *signing);
const char *forge_x509_data(struct arena *arena, enum forge_owner owner); /* KeyInfo */
const char *forge_key_value(struct arena *arena, enum forge_owner owner); /* KeyInfo, RSA */
/* A bare signature over bytes, as the query of HTTP-Redirect has it. */
struct str forge_sign_bytes(struct arena *arena, struct str bytes,
                            const struct forge_signing *signing);

/* What is wrong with an encrypted thing. */
enum forge_damage {
    FORGE_INTACT,
    FORGE_DAMAGED_FIRST,   /* a bit of the first block */
    FORGE_DAMAGED_LAST,    /* of the last: padding or tag */
    FORGE_DAMAGED_PADDING, /* CBC: the number of padding bytes is 0 */
    FORGE_DAMAGED_KEY,     /* a bit of the wrapped key */
    FORGE_SHORT_KEY,       /* a key of another length is wrapped */
    FORGE_TRUNCATED,       /* only the first 16 bytes */
    FORGE_EMPTY
};

struct forge_encryption {
    enum forge_owner key;         /* FORGE_IDP, the 0, means FORGE_SP */
    const char *data, *transport; /* URIs; NULL: AES-128-GCM, rsa-oaep-mgf1p */
    const char *digest, *mgf;     /* of OAEP; NULL: not said, SHA-1 */
    bool is_sibling;              /* EncryptedKey beside EncryptedData */
    bool has_retrieval;           /* the sibling is named by a RetrievalMethod */
    bool is_unnamed;              /* as a sibling: EncryptedKey without Id */
    enum forge_damage damage;
    unsigned bit; /* which one is damaged */
};

/* wrapper: "EncryptedAssertion", "EncryptedID", "EncryptedAttribute". */
const char *forge_encrypt(struct arena *arena, struct str plain, const char *wrapper,
                          const struct forge_encryption *encryption);

const char *forge_base64(struct arena *arena, struct str bytes);
struct str forge_deflate(struct arena *arena, struct str bytes);
/* field=…[&RelayState=…]&SigAlg=…&Signature=… ; relay_state NULL: none. */
const char *forge_redirect(struct arena *arena, const char *field, const char *xml,
                           const char *relay_state, const struct forge_signing *signing);
/* Adds Signature over a query that is complete otherwise. */
const char *forge_sign_query(struct arena *arena, const char *query,
                             const struct forge_signing *signing);
const char *forge_escape(struct arena *arena, const char *text);
