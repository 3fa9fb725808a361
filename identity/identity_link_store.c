#include "identity/identity_link_store.h"

#include "base/clock.h"
#include "base/env.h"

static const struct statement FIND = {
    "link.find", TENANT,
    "SELECT user_id FROM identity_link WHERE org_id = $1 AND connection_id = $2 AND issuer = $3 "
    "AND subject = $4",
    NULL};

static const struct statement INSERT_LINK = {
    "link.insert", TENANT,
    "INSERT INTO identity_link (org_id, connection_id, issuer, subject, user_id, created_us) "
    "VALUES ($1, $2, $3, $4, $5, $6) "
    "ON CONFLICT (org_id, connection_id, issuer, subject) DO NOTHING",
    NULL};

static const struct statement IS_TAKEN = {
    "link.is_taken", TENANT,
    "SELECT 1 FROM identity_link WHERE org_id = $1 AND connection_id = $2 AND issuer = $3 "
    "AND user_id = $4",
    NULL};

static const struct statement *const STATEMENTS[] = {&FIND, &INSERT_LINK, &IS_TAKEN};
const struct statement_list IDENTITY_LINK_STATEMENTS = {STATEMENTS,
                                                        sizeof STATEMENTS / sizeof *STATEMENTS};

result identity_link_find(struct scope *scope, struct db *db, const struct verified_identity *who,
                          struct str *ret_user_id) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND,
               VALUES(value_text(who->org_id), value_text(who->connection_id),
                      value_text(who->issuer), value_text(who->subject)),
               &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "login.no_link");
    *ret_user_id = rows_text(&rows, 0, 0);
    return OK_RESULT;
}

result identity_link_insert(struct scope *scope, struct tx *tx, const struct verified_identity *who,
                            struct str user_id) {
    struct rows rows;
    TRY(tx_run(scope, tx, &INSERT_LINK,
               VALUES(value_text(who->org_id), value_text(who->connection_id),
                      value_text(who->issuer), value_text(who->subject), value_text(user_id),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    REQUIRE(scope, rows.changed == 1, CONFLICT, "login.linked");
    return OK_RESULT;
}

result identity_link_is_taken(struct scope *scope, struct db *db,
                              const struct verified_identity *who, struct str user_id, bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &IS_TAKEN,
               VALUES(value_text(who->org_id), value_text(who->connection_id),
                      value_text(who->issuer), value_text(user_id)),
               &rows));
    *ret = rows.count == 1;
    return OK_RESULT;
}
