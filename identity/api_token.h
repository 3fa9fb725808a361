#pragma once
/* API tokens: of a provisioning source (SCIM), or of a person (admin, bot). Several may stand side
 * by side, so that one is replaced without a gap. */

#include "identity/principal.h"
#include "messaging/call.h"

enum { TOKEN_NAME_MAX_BYTES = 480, TOKENS_PER_ORG = 200 };

struct api_token {
    struct str org_id, id;
    enum credential_kind kind;
    struct str name, scopes; /* blank-separated */
    struct str connection_id;
    struct str owner_id;   /* admin and bot */
    struct str creator_id; /* empty: the operator */
    bool is_creator_gone;  /* a leaver may know the secret: rotate */
    int64_t created_us, expires_us, used_us;
    int64_t flagged_us; /* since when it ends early because of that; 0: it does not */
};

struct api_token_list {
    size_t count;
    struct api_token *tokens;
};

struct new_api_token {
    struct str org_id;
    enum credential_kind kind;
    struct str name, scopes;
    struct str connection_id; /* SCIM: empty makes a connection of its own */
    struct str owner_id;      /* admin, bot: whose rights it has; empty: the actor's */
    int64_t owner_epoch;      /* with owner_id: as read before the transaction */
    int64_t expires_us;
    const struct actor *actor;
    enum source source;
    struct str request_id;
};

extern const struct statement_list API_TOKEN_STATEMENTS;
extern const struct statement API_TOKEN_DELETE_OF_USER; /* $1 org_id, $2 user_id */
extern const struct statement API_TOKEN_GUARD;          /* $1 org_id, $2 id */

/* *ret_secret is shown once and kept nowhere. UNAUTHENTICATED "user.gone"; INVALID "token.name",
 * "token.scopes", "token.expiry", "token.kind"; CONFLICT "token.limit"; NOT_FOUND
 * "connection.unknown". */
RESULT api_token_create(struct scope *scope, struct db *db, const struct new_api_token *input,
                        struct api_token *ret, struct str *ret_secret);
/* All of the organisation; at most TOKENS_PER_ORG. */
RESULT api_token_list_all(struct scope *scope, struct db *db, struct str org_id,
                          struct api_token_list *ret);
struct token_end {
    struct str org_id, id;
    const struct actor *actor;
    enum source source;
    struct str request_id;
    int64_t received_us;
};
/* NOT_FOUND "token.unknown". */
RESULT api_token_revoke(struct scope *scope, const struct messaging *messaging, struct db *db,
                        const struct token_end *end, struct revoked *ret);
