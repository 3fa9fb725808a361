#pragma once
/* The worker's door to the jail: values in, values or one reason out. Everything that reads XML or
 * links lasso runs behind it, in a child process without files, sockets or a database. A call waits
 * for its answer (workers of a lane of its own); UNAVAILABLE "saml.jail_busy", "saml.jail_crash",
 * "saml.jail_timeout", "saml.jail_protocol" when there is none, and it is never tried again. */

#include "base/secret.h"
#include "identity/saml/saml.h"

struct saml_jail; /* made by the gateway at start; safe for all workers */
struct jail;

/* What a message of one connection is verified with. */
struct saml_trust {
    struct str connection_id; /* fair share of the children, nothing else */
    size_t certificate_count;
    const struct str *certificates; /* DER, of the provider */
    enum saml_signed must_sign;
    enum saml_cbc cbc;
    bool is_sha1_allowed;
};

/* Called only when a message is encrypted and has passed gate and outer signature: opens the
 * sealed decryption keys (PEM), at most two. */
struct saml_key_source {
    result (*open)(struct scope *scope, void *context, struct secret ret_keys[2],
                   size_t *ret_count);
    void *context;
};

/* The value of the form field SAMLResponse, as sent. Facts only: saml_check compares them. */
RESULT saml_jail_response(struct scope *scope, struct saml_jail *jail,
                          const struct saml_trust *trust, const struct saml_key_source *keys,
                          struct str form_value, struct saml_response *ret);
/* SAML_POST: the value of the form field; SAML_REDIRECT: the raw query string. */
struct saml_logout_input {
    enum saml_binding binding;
    bool is_request; /* SAML_POST: which field it was */
    struct str bytes;
};
RESULT saml_jail_logout(struct scope *scope, struct saml_jail *jail, const struct saml_trust *trust,
                        const struct saml_key_source *keys, const struct saml_logout_input *input,
                        struct saml_logout *ret);
/* One provider out of a metadata document. */
struct saml_metadata_input {
    struct str xml;
    struct str entity_id;  /* empty: the document must hold exactly one provider */
    struct str signer_der; /* pinned certificate of the root's signature; empty: not asked */
    int64_t now_us;
    bool is_http_allowed; /* endpoints on plain http: there is a list, which saml_fetch goes by */
};
RESULT saml_jail_metadata(struct scope *scope, struct saml_jail *jail,
                          const struct saml_metadata_input *input, struct saml_idp *ret);

/* Our side, and where it goes: for the build children. `version` is the connection's: server
 * objects are cached under (connection, version). */
struct saml_party {
    struct str connection_id;
    int64_t version;
    struct str sp_metadata; /* XML, the text that is published */
    struct saml_key key;    /* the active signing key */
    struct str idp_entity_id;
    struct saml_endpoint sign_on, logout; /* logout.location may be empty */
};

struct saml_authn_request {
    enum saml_binding binding;
    struct str id; /* "_" and 40 hex digits, ours */
    int64_t issue_instant_us;
    struct str acs_url, relay_state;
    bool is_forced, is_passive, is_signed;
    struct str name_id_format; /* empty: no NameIDPolicy */
    size_t class_ref_count;
    const struct str *class_refs; /* RequestedAuthnContext, exact */
};

/* Where the browser goes: a URL, or a form to post there. */
struct saml_outgoing {
    enum saml_binding binding;
    struct str url;
    struct str field; /* POST: "SAMLRequest" or "SAMLResponse" */
    struct str value; /* POST: base64 */
    struct str relay_state;
};

RESULT saml_jail_authn_request(struct scope *scope, struct saml_jail *jail,
                               const struct saml_party *party,
                               const struct saml_authn_request *request, struct saml_outgoing *ret);

struct saml_logout_request {
    enum saml_binding binding;
    struct str id;
    int64_t issue_instant_us, not_on_or_after_us;
    struct saml_name_id name_id;
    size_t session_index_count;
    const struct str *session_indexes;
    struct str relay_state;
};
RESULT saml_jail_logout_request(struct scope *scope, struct saml_jail *jail,
                                const struct saml_party *party,
                                const struct saml_logout_request *request,
                                struct saml_outgoing *ret);

struct saml_logout_response {
    enum saml_binding binding;
    struct str id, in_response_to, relay_state;
    int64_t issue_instant_us;
    bool is_partial; /* PartialLogout below Success' place; else Success */
};
RESULT saml_jail_logout_response(struct scope *scope, struct saml_jail *jail,
                                 const struct saml_party *party,
                                 const struct saml_logout_response *response,
                                 struct saml_outgoing *ret);
