#pragma once
/* Where an organisation's people and records come from: an OpenID or SAML provider, or a SCIM
 * source. One row each; what a kind needs is its configuration, checked when it is written, so that
 * nothing that reads it has to doubt it. */

#include "base/json.h"
#include "base/secret.h"
#include "identity/oidc/jose.h"
#include "identity/saml/saml.h"
#include "messaging/call.h"

struct identity;
struct saml_provider; /* identity/saml/saml_provider.h */

enum { CONNECTIONS_PER_ORG = 64, CONNECTION_SKEW_MAX_S = 300, CONNECTION_DOMAINS = 16 };

enum connection_kind { CONNECTION_OIDC, CONNECTION_SAML, CONNECTION_SCIM, CONNECTION_KIND_COUNT };

enum connection_state {
    CONNECTION_NEW,    /* not open to people yet */
    CONNECTION_TESTED, /* the same, but its provider has been looked at and found good */
    CONNECTION_ENABLED,
    CONNECTION_DISABLED,
    CONNECTION_STATE_COUNT
};

enum client_auth {
    CLIENT_SECRET_BASIC,
    CLIENT_SECRET_POST,
    CLIENT_PRIVATE_KEY_JWT,
    CLIENT_AUTH_COUNT
};

enum provision_rule {
    PROVISION_MATCH, /* only people whom the organisation has already */
    PROVISION_JIT,   /* unknown people are created at their first sign-in */
    PROVISION_RULE_COUNT
};

enum match_attribute {
    MATCH_EXTERNAL_ID,
    MATCH_USER_NAME,
    MATCH_EMAIL, /* only if the provider says verified and the domain is proved */
    MATCH_ATTRIBUTE_COUNT
};

struct oidc_settings {
    struct str issuer; /* exact bytes */
    struct str client_id;
    enum client_auth client_auth;
    enum jose_alg client_alg;                  /* CLIENT_PRIVATE_KEY_JWT */
    struct str scopes;                         /* blank-separated, "openid" included */
    unsigned algs;                             /* ID token signatures: bits of enum jose_alg */
    struct str ca_pem;                         /* empty: the system's */
    struct str prompt, acr_values, login_hint; /* empty: not sent */
    int64_t max_age_s;                         /* -1: not asked */
    int64_t skew_s;
    bool needs_userinfo; /* claims are completed from the UserInfo endpoint */
};

enum saml_idp_initiated {
    SAML_IDP_INITIATED_OFF,
    SAML_IDP_INITIATED_CONVERT, /* an unasked answer starts a sign-in of our own, no more */
    SAML_IDP_INITIATED_COUNT
};

enum { SAML_GROUP_ROLES_MAX = 32, SAML_CLASS_REFS_MAX = 8 };

/* Who is in the group gets the role. */
struct saml_group_role {
    struct str group;
    enum role role;
};

/* What an administrator decides; what the provider says of itself is in saml_idp. */
struct saml_settings {
    struct str metadata_url;    /* empty: uploaded, or typed in */
    struct str entity_id;       /* which provider of the document; empty: the only one */
    struct str metadata_signer; /* PEM: who must have signed the document; empty: not asked */
    struct str ca_pem;          /* for metadata_url; empty: the system's */
    struct str sp_entity_id;    /* ours, for migrations; empty: the address of our metadata */
    enum saml_signed must_sign;
    enum saml_cbc cbc;
    bool is_sha1_allowed;
    bool sign_requests;
    bool wants_encryption; /* publish a certificate to encrypt for */
    bool force_authn;
    bool is_email_trusted; /* the provider verifies addresses: they may be matched on */
    enum saml_idp_initiated idp_initiated;
    int64_t skew_s;
    struct str name_id_format; /* asked for; empty: no NameIDPolicy */
    size_t class_ref_count;    /* RequestedAuthnContext; 0: not asked */
    struct str class_refs[SAML_CLASS_REFS_MAX];
    struct str subject_attribute; /* who somebody is; empty: the NameID */
    /* names of attributes; empty: the usual ones */
    struct str user_name, email, display_name, groups;
    size_t role_count; /* the highest that fits counts; none fits: at most member */
    struct saml_group_role roles[SAML_GROUP_ROLES_MAX];
};

/* The provider as it came with a POST or PATCH: a document, or fields typed in. Not part of the
 * settings, because what it says is stored as saml_idp. */
struct saml_source {
    struct str metadata_xml;
    struct str sso_url, slo_url; /* typed in, with settings.entity_id */
    enum saml_binding sso_binding, slo_binding;
    struct str certificates; /* PEM, one or several, or one DER in base64 */
};

struct connection {
    struct str org_id, id;
    enum connection_kind kind;
    enum connection_state state;
    struct str name;
    enum provision_rule provisioning;
    struct str match_claim; /* empty: first sign-ins are not matched */
    enum match_attribute match_attribute;
    struct oidc_settings oidc; /* CONNECTION_OIDC */
    struct saml_settings saml; /* CONNECTION_SAML */
    struct str secret_sealed, client_key_sealed;
    int64_t version;                           /* grows with each change: caches hang on it */
    int64_t tested_us, created_us, changed_us; /* tested_us 0: never */
};

struct connection_list {
    size_t count;
    struct connection *connections;
};

const char *connection_kind_name(enum connection_kind kind);
const char *connection_state_name(enum connection_state state);
const char *client_auth_name(enum client_auth auth);
const char *provision_rule_name(enum provision_rule rule);
const char *match_attribute_name(enum match_attribute attribute);

/* NOT_FOUND "connection.unknown", also for another organisation's. */
RESULT connection_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                       struct connection *ret);
/* By its id alone, through the routing table: for the paths that browsers come to. */
RESULT connection_find_routed(struct scope *scope, struct db *db, struct str id,
                              struct connection *ret);
RESULT connection_list_all(struct scope *scope, struct db *db, struct str org_id,
                           struct connection_list *ret);

/* The body of POST (`base` NULL) or PATCH (over `base`) to settings, pure. One typed reason per
 * field: INVALID "connection.issuer", "connection.client_id" … */
struct connection_input {
    struct connection connection;
    struct str client_secret; /* in clear; empty: unchanged */
    /* CONNECTION_SAML: at most one of metadata_url, metadata_xml, sso_url came; exactly one on POST
     */
    struct saml_source source;
    bool has_new_source;
    const struct saml_provider *provider; /* what became of the source; NULL: as before */
    struct str domains[CONNECTION_DOMAINS];
    size_t domain_count;
};
RESULT connection_input_read(struct scope *scope, const struct json *body,
                             const struct connection *base, struct connection_input *ret);

/* Who changes it: filled from the call of an administrator. Every change is guarded by its actor
 * (revocation.md rule 4): UNAUTHENTICATED "user.gone". */
struct connection_change {
    const struct identity *identity;
    const struct messaging *messaging;
    const struct actor *actor;
    struct str request_id;
    int64_t received_us;
};

/* Makes the row, its routing, its domains (not proved yet) and, for private_key_jwt, its own client
 * key. CONFLICT "connection.limit". */
RESULT connection_create(struct scope *scope, const struct connection_change *change, struct db *db,
                         struct connection_input *input, struct connection *ret);
/* A SCIM source, made with the first SCIM token, enabled at once. Inside the token's transaction.
 */
RESULT connection_create_scim(struct scope *scope, struct tx *tx, struct str org_id,
                              struct str name, struct str *ret_id);
/* New settings have to be tested again; a connection that is open to people stays so. */
RESULT connection_update(struct scope *scope, const struct connection_change *change, struct db *db,
                         struct connection_input *input, struct connection *ret);
/* CONFLICT "connection.untested" unless tested since its last change or `is_untested_fine`. */
RESULT connection_enable(struct scope *scope, const struct connection_change *change, struct db *db,
                         struct connection *connection, bool is_untested_fine);
RESULT connection_mark_tested(struct scope *scope, struct db *db, const struct actor *actor,
                              struct connection *connection);
/* For whatever gives a session out, behind the guard of the person: the connection is open and
 * still the one that the sign-in was judged by, and stays so until the transaction ends. CONFLICT
 * "connection.closed". */
RESULT connection_guard(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                        int64_t version);
/* Closed for people; its sign-ins in flight, sessions and tokens die. */
RESULT connection_disable(struct scope *scope, const struct connection_change *change,
                          struct db *db, struct connection *connection, struct revoked *ret);
/* The same, and the row is gone. */
RESULT connection_delete(struct scope *scope, const struct connection_change *change, struct db *db,
                         const struct connection *connection, struct revoked *ret);
/* A new key signs client assertions from now on; the one before stays published. */
RESULT connection_rotate_key(struct scope *scope, const struct connection_change *change,
                             struct db *db, struct connection *connection);

/* Plain text of the sealed columns; empty when there is none. */
RESULT connection_secret(struct scope *scope, const struct identity *identity,
                         const struct connection *connection, struct secret *ret);
RESULT connection_client_key(struct scope *scope, const struct identity *identity,
                             const struct connection *connection, struct secret *ret);
