#include "identity/local_password_store.h"

#include "base/clock.h"
#include "base/env.h"

/* The person's state is not asked here: the guard of the session decides, at the end and for
 * everybody alike. */
static const struct statement FIND = {
    "password.find", TENANT,
    "SELECT u.id, u.epoch, p.hash FROM org_user u "
    "JOIN org o ON o.org_id = u.org_id AND o.state IN ('active', 'closing') "
    "LEFT JOIN local_password p ON p.org_id = u.org_id AND p.user_id = u.id "
    "WHERE u.org_id = $1 AND u.email_key = $2 LIMIT 2",
    NULL};

static const struct statement PUT = {
    "password.put", TENANT,
    "INSERT INTO local_password (org_id, user_id, hash, changed_us) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (org_id, user_id) DO UPDATE SET hash = excluded.hash, "
    "changed_us = excluded.changed_us",
    NULL};

static const struct statement *const STATEMENTS[] = {&FIND, &PUT};
const struct statement_list LOCAL_PASSWORD_STATEMENTS = {STATEMENTS,
                                                         sizeof STATEMENTS / sizeof *STATEMENTS};

result local_password_find(struct scope *scope, struct db *db, struct str org_id,
                           struct str email_key, struct local_password *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &FIND, VALUES(value_text(org_id), value_text(email_key)), &rows));
    struct local_password found = {0};
    if (rows.count == 1) {
        found = (struct local_password){.user_id = rows_text(&rows, 0, 0),
                                        .hash = rows_text(&rows, 0, 2),
                                        .epoch = rows_number(&rows, 0, 1)};
    }
    *ret = found;
    return OK_RESULT;
}

result local_password_put(struct scope *scope, struct tx *tx, struct str org_id, struct str user_id,
                          struct str hash) {
    struct rows rows;
    return tx_run(scope, tx, &PUT,
                  VALUES(value_text(org_id), value_text(user_id), value_text(hash),
                         value_number(clock_now_us(scope->env->clock))),
                  &rows);
}
