#pragma once
/* Our own keys, per connection: two places for signing and two for decryption. A new key is
 * published first, so that the provider learns it; an administrator switches when the provider has;
 * the old one stays published (signing) or opens what is still on its way (decryption) until it is
 * dropped. A switch can be undone while the old key is there. */

#include "identity/connection.h"
#include "identity/saml/saml.h"

enum { SAML_KEY_BITS = 2048, SAML_KEY_YEARS = 3, SAML_KEY_SLOTS = 2, SAML_KEYS_MAX = 4 };

enum saml_key_use { SAML_KEY_SIGNING, SAML_KEY_ENCRYPTION, SAML_KEY_USE_COUNT };
enum saml_key_state {
    SAML_KEY_PUBLISHED, /* in our metadata, not used yet; decryption keys open already */
    SAML_KEY_ACTIVE,    /* exactly one of each use */
    SAML_KEY_RETIRING,  /* was active; as a decryption key no longer in our metadata */
    SAML_KEY_STATE_COUNT
};

struct saml_own_key {
    struct str org_id, connection_id, id;
    enum saml_key_use use;
    enum saml_key_state state;
    int64_t slot;               /* 0 or 1 */
    struct str certificate_der; /* self-signed; its dates are those below */
    struct str fingerprint;     /* SHA-256 of it, lower-case hex */
    struct str key_sealed;
    int64_t not_before_us, not_after_us, created_us, changed_us;
};

struct saml_own_keys { /* of one connection, the active ones first */
    size_t count;
    struct saml_own_key keys[SAML_KEYS_MAX];
};

/* Who changes what: an administrator, or the operator's command. */
struct saml_key_change {
    const struct identity *identity;
    const struct actor *actor;
    enum source source;
    struct str org_id, connection_id, request_id;
};

const char *saml_key_use_name(enum saml_key_use use);       /* "signing", "encryption" */
const char *saml_key_state_name(enum saml_key_state state); /* "published" … */
/* INVALID "saml.key_use". */
RESULT saml_key_use_parse(struct scope *scope, struct str text, enum saml_key_use *ret);

/* For a new connection: one active key of each use. Making them takes a while, so not inside the
 * transaction; storing them belongs into that of the connection. */
RESULT saml_keys_make(struct scope *scope, const struct identity *identity, struct str org_id,
                      struct str connection_id, struct saml_own_keys *ret);
RESULT saml_keys_insert(struct scope *scope, struct tx *tx, const struct saml_own_keys *keys);

RESULT saml_keys_list(struct scope *scope, struct db *db, struct str org_id,
                      struct str connection_id, struct saml_own_keys *ret);
/* The active signing key, opened. INTERNAL "saml.no_key", "saml.key_seal". */
RESULT saml_key_signing(struct scope *scope, const struct identity *identity,
                        const struct saml_own_keys *keys, struct saml_key *ret);
/* Every decryption key as PEM, the active one first. INTERNAL "saml.key_seal". */
RESULT saml_keys_decryption(struct scope *scope, const struct identity *identity,
                            const struct saml_own_keys *keys, struct secret ret[SAML_KEY_SLOTS],
                            size_t *ret_count);

/* A new key in the free place. NOT_FOUND "connection.unknown"; CONFLICT "saml.key_slots" when both
 * are taken. */
RESULT saml_key_publish(struct scope *scope, const struct saml_key_change *change, struct db *db,
                        enum saml_key_use use, struct saml_own_key *ret);
/* The key is used from now on; the one before retires. Nothing happens to one that is active.
 * NOT_FOUND "saml.key_unknown". */
RESULT saml_key_activate(struct scope *scope, const struct saml_key_change *change, struct db *db,
                         struct str id, struct saml_own_key *ret);
/* CONFLICT "saml.key_active": the one in use stays. NOT_FOUND "saml.key_unknown". */
RESULT saml_key_drop(struct scope *scope, const struct saml_key_change *change, struct db *db,
                     struct str id);

/* Keys of all organisations whose certificate ends before that time, in pages: `after` NULL begins,
 * else the last one of the page before. An empty page is the end. */
enum { SAML_KEY_PAGE = 100 };
RESULT saml_key_expiring(struct scope *scope, struct db *db, int64_t before_us,
                         const struct saml_own_key *after, struct saml_own_key **ret,
                         size_t *ret_count);
