#pragma once
/* Organisations: the owner of everything else, made together with its creator in one transaction.
 */

#include "messaging/actor.h"
#include "messaging/user.h"

enum org_state { ORG_ACTIVE, ORG_SUSPENDED, ORG_CLOSING, ORG_ERASING, ORG_ERASED, ORG_STATE_COUNT };

enum { ORG_NAME_MAX_BYTES = 480, ORG_SLUG_MAX_BYTES = 63, DPA_TEXT_MAX_BYTES = 256 };

struct org {
    struct str id, slug, name;
    enum org_state state;
    bool is_ownerless; /* the last creator was cut off by a provider */
    int64_t created_us, changed_us;
};

/* The accepted data processing agreement; an empty version: none. */
struct dpa {
    struct str version, language, signer_name, legal_name;
};

struct new_org {
    struct str slug, name;
    struct user_profile creator;
    struct dpa dpa;
    const struct actor *actor; /* the operator; NULL: the creator signs up */
    enum source source;
    struct str request_id;
};

struct org_list {
    size_t count;
    struct org *orgs;
    struct str next_cursor;
};

extern const struct statement_list ORG_STATEMENTS;

const char *org_state_name(enum org_state state);
RESULT org_state_parse(struct scope *scope, struct str text, enum org_state *ret);

/* Organisation, routing, event stream, general conversation, creator, agreement and audit.
 * CONFLICT "org.slug_taken"; INVALID "org.slug", "org.name", "org.dpa", "user.name", "user.email".
 */
RESULT org_create(struct scope *scope, struct tx *tx, const struct new_org *input, struct org *ret,
                  struct user *ret_creator);
/* NOT_FOUND "org.unknown". */
RESULT org_find(struct scope *scope, struct db *db, struct str org_id, struct org *ret);
RESULT org_find_by_slug(struct scope *scope, struct db *db, struct str slug, struct org *ret);
/* The operator's view over the whole installation, in order of creation. */
RESULT org_list(struct scope *scope, struct db *db, int64_t limit, struct str after,
                struct org_list *ret);
/* INVALID "org.name". */
RESULT org_rename(struct scope *scope, struct tx *tx, struct str org_id, struct str name);
/* The creator who came first and is active: who answers for what the operator makes. NOT_FOUND
 * "user.unknown". */
RESULT org_first_creator(struct scope *scope, struct db *db, struct str org_id, struct user *ret);

/* The one routing table for look-ups that start without an organisation. */
enum lookup_kind { LOOKUP_SLUG, LOOKUP_DOMAIN, LOOKUP_CONNECTION };
struct lookup {
    struct str org_id, subject;
};
/* CONFLICT "lookup.taken". */
RESULT lookup_insert(struct scope *scope, struct tx *tx, enum lookup_kind kind, struct str key,
                     struct str org_id, struct str subject);
/* NOT_FOUND "lookup.unknown". */
RESULT lookup_find(struct scope *scope, struct db *db, enum lookup_kind kind, struct str key,
                   struct lookup *ret);
/* Only the organisation's own. */
RESULT lookup_delete(struct scope *scope, struct tx *tx, enum lookup_kind kind, struct str key,
                     struct str org_id);
