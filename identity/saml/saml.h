#pragma once
/* What SAML messages and metadata say, once they have been verified: the values that the jail gives
 * and that checks, sign-in and logout look at. Facts only; nothing here has been compared with what
 * was expected. Names are those of SAML 2.0 core, bindings and metadata. */

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum {
    SAML_BODY_MAX = 512 * 1024,    /* a posted form */
    SAML_MESSAGE_MAX = 256 * 1024, /* a decoded message */
    SAML_METADATA_MAX = 5 * 1024 * 1024,
    SAML_CERTIFICATES_MAX = 16,
    SAML_CONFIRMATIONS_MAX = 8,
    SAML_RESTRICTIONS_MAX = 8,
    SAML_AUDIENCES_MAX = 64, /* of one restriction */
    SAML_ATTRIBUTES_MAX = 64,
    SAML_VALUES_MAX = 1000, /* of all attributes together */
    SAML_NAME_ID_MAX = 255,
    SAML_SESSION_INDEXES_MAX = 64,
    SAML_ENDPOINTS_MAX = 8,
    SAML_URL_MAX = 2048
};

enum saml_binding { SAML_REDIRECT, SAML_POST, SAML_BINDING_COUNT };

/* Who has to have signed what is believed. */
enum saml_signed {
    SAML_SIGNED_EITHER,
    SAML_SIGNED_RESPONSE,
    SAML_SIGNED_ASSERTION,
    SAML_SIGNED_BOTH,
    SAML_SIGNED_COUNT
};

/* AES-CBC can be changed without the key: opened only inside what was verified, unless told. */
enum saml_cbc { SAML_CBC_SIGNED_RESPONSE, SAML_CBC_OFF, SAML_CBC_ALWAYS, SAML_CBC_COUNT };

struct saml_time {
    bool is_present;
    int64_t us;
};

struct saml_name_id {
    struct str value; /* exact bytes; at most SAML_NAME_ID_MAX */
    struct str format, name_qualifier, sp_name_qualifier; /* empty: absent */
};

struct saml_confirmation {
    struct str method;
    size_t data_count; /* SubjectConfirmationData elements; the rest is of the first */
    struct str recipient, in_response_to;
    struct saml_time not_before, not_on_or_after;
};

struct saml_restriction {
    size_t count;
    struct str *audiences; /* outer blanks trimmed */
};

struct saml_attribute {
    struct str name, name_format, friendly_name;
    size_t count;
    /* Exact text of each AttributeValue; a NameID inside a value gives its text. */
    struct str *values;
};

struct saml_authn {
    size_t count; /* AuthnStatement elements; the rest is of the first */
    struct str session_index, class_ref;
    struct saml_time authn_instant;
    struct saml_time session_not_on_or_after; /* the earliest of all */
};

struct saml_assertion {
    struct str id, version, issuer;
    struct saml_time issue_instant;
    size_t subject_count, name_id_count; /* the rest of the subject is of the first */
    struct saml_name_id name_id;
    size_t confirmation_count;
    struct saml_confirmation confirmations[SAML_CONFIRMATIONS_MAX];
    size_t conditions_count; /* Conditions elements; the rest is of the first */
    struct saml_time not_before, not_on_or_after;
    size_t restriction_count;
    struct saml_restriction restrictions[SAML_RESTRICTIONS_MAX];
    bool has_unknown_condition; /* any but AudienceRestriction, OneTimeUse, ProxyRestriction */
    struct saml_authn authn;
    size_t attribute_count;
    struct saml_attribute attributes[SAML_ATTRIBUTES_MAX];
    bool has_group_overage; /* the provider sent a link in place of too many groups */
};

/* How a message was protected: for records an administrator reads. */
struct saml_protection {
    bool is_message_signed, is_assertion_signed, is_encrypted;
    struct str signature_algorithm, digest_algorithm; /* of what was verified first */
    struct str data_algorithm, key_algorithm;         /* of what was decrypted */
    size_t certificate; /* the place, among those given, of the one that fitted */
};

/* A Response. When its own signature is missing, its attributes are hints: they can refuse, never
 * allow. */
struct saml_response {
    struct str id, version;
    struct saml_time issue_instant;
    bool has_destination, has_in_response_to, has_issuer;
    struct str destination, in_response_to, issuer;
    struct str status, sub_status; /* StatusCode values: one of the fixed list, else empty */
    struct str status_message;     /* at most 200 characters; for administrators only */
    bool has_assertion;            /* else nothing but the status was looked at */
    struct saml_assertion assertion;
    struct saml_protection protection;
};

/* A LogoutRequest or LogoutResponse, verified. */
struct saml_logout {
    bool is_request;
    struct str id, version, issuer;
    struct saml_time issue_instant, not_on_or_after;
    bool has_destination;
    struct str destination;
    struct saml_name_id name_id; /* request */
    size_t session_index_count;  /* request; none: all sessions of the subject */
    struct str session_indexes[SAML_SESSION_INDEXES_MAX];
    struct str in_response_to, status, sub_status; /* response */
    struct str relay_state;                        /* as sent; at most 80 bytes */
    struct saml_protection protection;
};

struct saml_endpoint {
    enum saml_binding binding;
    struct str location;
    struct str response_location; /* logout only; empty: the same */
};

struct saml_certificate {
    struct str der;
    int64_t not_before_us, not_after_us;
};

/* An identity provider, from its metadata or typed in by hand. */
struct saml_idp {
    struct str entity_id;
    size_t sign_on_count, logout_count;
    struct saml_endpoint sign_on[SAML_ENDPOINTS_MAX], logout[SAML_ENDPOINTS_MAX];
    size_t certificate_count; /* signing; at least one */
    struct saml_certificate certificates[SAML_CERTIFICATES_MAX];
    size_t unreadable_count; /* certificates that were passed over: a warning */
    bool wants_requests_signed;
    struct saml_time valid_until;
    int64_t cache_duration_us; /* 0: not said */
};

/* One key pair of ours. */
struct saml_key {
    struct str id;
    struct str key_pem; /* secret; the caller wipes the arena */
    struct str certificate_pem, certificate_der;
};
