#include "identity/principal_store.h"

#include "base/clock.h"
#include "base/env.h"
#include "identity/api_token_store.h"
#include "identity/session_store.h"

/* revocation.md rule 5: credential, its owner's state and epoch, organisation and connection in one
 * statement, hence in one snapshot. */
static const struct statement CHECK_SESSION = {
    "principal.session", TENANT,
    "SELECT s.id, s.user_id, s.epoch, s.connection_id, s.csrf_hash, s.seen_us, s.idle_us, "
    "s.expires_us, u.role, o.state FROM session s "
    "JOIN org_user u ON u.org_id = s.org_id AND u.id = s.user_id "
    "JOIN org o ON o.org_id = s.org_id "
    "LEFT JOIN connection c ON c.org_id = s.org_id AND c.id = s.connection_id "
    "WHERE s.org_id = $1 AND s.token_hash = $2 AND s.expires_us > $3 "
    "AND s.seen_us + s.idle_us > $3 AND u.state = 'active' AND u.epoch = s.epoch "
    "AND o.state IN ('active', 'closing') AND (s.connection_id IS NULL OR c.state = 'enabled')",
    NULL};

static const struct statement CHECK_TOKEN = {
    "principal.token", TENANT,
    "SELECT t.id, t.owner_id, t.epoch, t.connection_id, t.scopes, t.used_us, t.expires_us, u.role, "
    "o.state, t.creator_id FROM api_token t "
    "LEFT JOIN org_user u ON u.org_id = t.org_id AND u.id = t.owner_id "
    "JOIN org o ON o.org_id = t.org_id "
    "LEFT JOIN connection c ON c.org_id = t.org_id AND c.id = t.connection_id "
    "WHERE t.org_id = $1 AND t.token_hash = $2 AND t.kind = $3 AND t.expires_us > $4 "
    "AND (t.owner_id IS NULL OR (u.state = 'active' AND u.epoch = t.epoch)) "
    "AND o.state = 'active' AND (t.connection_id IS NULL OR c.state = 'enabled')",
    NULL};

static const struct statement TOUCH_SESSION = {
    "principal.touch_session", TENANT,
    "UPDATE session SET seen_us = $3 WHERE org_id = $1 AND id = $2 AND seen_us <= $4", NULL};

static const struct statement TOUCH_TOKEN = {
    "principal.touch_token", TENANT,
    "UPDATE api_token SET used_us = $3 WHERE org_id = $1 AND id = $2 AND used_us <= $4", NULL};

static const struct statement *const STATEMENTS[] = {
    &CHECK_SESSION,
    &CHECK_TOKEN,
    &TOUCH_SESSION,
    &TOUCH_TOKEN,
};
const struct statement_list PRINCIPAL_STATEMENTS = {STATEMENTS,
                                                    sizeof STATEMENTS / sizeof *STATEMENTS};

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

result principal_store_session(struct scope *scope, struct db *db,
                               const struct credential *credential, struct principal *ret,
                               int64_t *ret_seen_us) {
    struct rows rows;
    TRY(db_run(scope, db, &CHECK_SESSION,
               VALUES(value_text(credential->org_id), value_text(credential->token_hash),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    REQUIRE(scope, rows.count == 1, UNAUTHENTICATED, "credential.unknown");
    const int64_t seen_us = rows_number(&rows, 0, 5);
    struct principal principal = {
        .actor = {.kind = ACTOR_USER,
                  .org_id = credential->org_id,
                  .id = rows_text(&rows, 0, 1),
                  .credential_id = rows_text(&rows, 0, 0),
                  .epoch = rows_number(&rows, 0, 2),
                  .credential_guard = &SESSION_GUARD},
        .kind = CREDENTIAL_SESSION,
        .connection_id = rows_text(&rows, 0, 3),
        .csrf_hash = rows_text(&rows, 0, 4),
        .token_hash = credential->token_hash,
        .expires_us = earlier(seen_us + rows_number(&rows, 0, 6), rows_number(&rows, 0, 7)),
        .is_org_closing = str_eq(rows_text(&rows, 0, 9), STR("closing")),
    };
    TRY(role_parse(scope, rows_text(&rows, 0, 8), &principal.actor.role));
    *ret = principal;
    *ret_seen_us = seen_us;
    return OK_RESULT;
}

result principal_store_token(struct scope *scope, struct db *db,
                             const struct credential *credential, struct principal *ret,
                             int64_t *ret_seen_us) {
    struct rows rows;
    TRY(db_run(scope, db, &CHECK_TOKEN,
               VALUES(value_text(credential->org_id), value_text(credential->token_hash),
                      value_text(str_from_c(credential_kind_name(credential->kind))),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    REQUIRE(scope, rows.count == 1, UNAUTHENTICATED, "credential.unknown");
    const bool has_owner = !rows_is_null(&rows, 0, 1);
    struct principal principal = {
        .actor = {.kind = has_owner ? ACTOR_USER : ACTOR_CONNECTION,
                  .org_id = credential->org_id,
                  .id = rows_text(&rows, 0, has_owner ? 1 : 3),
                  .credential_id = rows_text(&rows, 0, 0),
                  .made_by = has_owner ? STR("") : rows_text(&rows, 0, 9),
                  .role = ROLE_GUEST,
                  .epoch = rows_number(&rows, 0, 2),
                  .credential_guard = &API_TOKEN_GUARD},
        .kind = credential->kind,
        .connection_id = rows_text(&rows, 0, 3),
        .scopes = rows_text(&rows, 0, 4),
        .token_hash = credential->token_hash,
        .expires_us = rows_number(&rows, 0, 6),
    };
    if (has_owner) {
        TRY(role_parse(scope, rows_text(&rows, 0, 7), &principal.actor.role));
    }
    *ret = principal;
    *ret_seen_us = rows_number(&rows, 0, 5);
    return OK_RESULT;
}

result principal_store_touch(struct scope *scope, struct db *db,
                             const struct principal *principal) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct rows rows;
    TRY(tx_run(scope, tx, principal->kind == CREDENTIAL_SESSION ? &TOUCH_SESSION : &TOUCH_TOKEN,
               VALUES(value_text(principal->actor.org_id),
                      value_text(principal->actor.credential_id), value_number(now_us),
                      value_number(now_us - S_TO_US(TOUCH_EVERY_S))),
               &rows));
    return tx_commit(scope, tx);
}
