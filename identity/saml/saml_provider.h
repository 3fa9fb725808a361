#pragma once
/* The identity provider of a SAML connection: what its metadata says (the accepted facts), what it
 * says now but an administrator has not seen yet (the pending facts), and how fetching it goes. The
 * facts are a row of their own: what the provider changes is no change of the connection. */

#include "base/db.h"
#include "identity/connection.h"
#include "identity/saml/saml_jail.h"

enum { SAML_ETAG_MAX = 256, SAML_FAILURE_MAX = 64 };

enum saml_origin { SAML_ORIGIN_URL, SAML_ORIGIN_UPLOAD, SAML_ORIGIN_MANUAL, SAML_ORIGIN_COUNT };

/* Who reads documents: the jail; in tests its child's function, in-process. */
struct saml_reader {
    result (*read)(struct scope *scope, void *context, const struct saml_metadata_input *input,
                   struct saml_idp *ret);
    void *context;
    /* Endpoints on plain http: only at addresses that the operator has listed. NULL: nowhere. */
    const struct address_rules *http_rules;
};

/* One row. `facts` are used; `pending` waits. */
struct saml_provider {
    struct str org_id, connection_id;
    enum saml_origin origin;
    struct str url, wanted_entity_id, signer_der, ca_pem; /* to fetch with */
    struct saml_idp facts;
    bool has_pending;
    struct saml_idp pending;
    struct str pending_hash; /* of both: names the difference that an administrator has seen */
    struct str etag;
    int64_t fetched_us; /* last try; 0: never */
    int64_t good_us;    /* last time that the provider said something we could read */
    int64_t next_us;    /* 0: never (upload, by hand) */
    int64_t hinted_us;  /* last early refresh */
    int64_t failures;   /* in a row */
    struct str failure; /* reason of the last one; empty: the last try was good */
    int64_t version;    /* grows with each change of the facts: caches hang on it */
    int64_t changed_us; /* of the facts */
};

extern const struct statement_list SAML_PROVIDER_STATEMENTS;

const char *saml_origin_name(enum saml_origin origin); /* "url" … */

/* Reads what came with a POST or PATCH, a document or fields typed in, else fetches
 * settings->metadata_url; nothing is stored. UNAVAILABLE "saml.metadata_fetch" and
 * reasons of the HTTP client; INVALID "saml.metadata_url", "saml.metadata_xml", "_entity", "_key",
 * "_expired", "_signature"; UNAVAILABLE of the jail. Blocks: outbound workers. */
RESULT saml_provider_import(struct scope *scope, const struct saml_reader *reader,
                            const struct saml_settings *settings, const struct saml_source *source,
                            struct saml_provider *ret);
/* In the transaction that makes or changes the connection: makes or replaces its row. An
 * administrator has asked for it, so nothing waits. */
RESULT saml_provider_store(struct scope *scope, struct tx *tx, struct str org_id,
                           struct str connection_id, const struct saml_provider *imported);
/* For sign-in and logout: the accepted facts and their version. NOT_FOUND "saml.no_provider";
 * UNAVAILABLE "saml.metadata_expired" when validUntil has passed and nothing newer came. */
RESULT saml_provider_facts(struct scope *scope, struct db *db, struct str org_id,
                           struct str connection_id, struct saml_idp *ret, int64_t *ret_version);
/* NOT_FOUND "saml.no_provider". */
RESULT saml_provider_find(struct scope *scope, struct db *db, struct str org_id,
                          struct str connection_id, struct saml_provider *ret);
/* A signature fitted no key: perhaps the provider has a new one. Asks for a refresh by the job, at
 * most once in 5 minutes for each connection; calls nobody. To be called after the refused sign-in,
 * outside a transaction; a failure is of no consequence for it. */
RESULT saml_provider_hint_bad_signature(struct scope *scope, struct db *db, struct str org_id,
                                        struct str connection_id);
