#include "gateway/seal_check_store.h"

#include "base/crypto.h"

static const struct statement READ = {"seal_check.read", INSTALLATION,
                                      "SELECT value FROM installation WHERE key = 'seal_check'",
                                      NULL};
static const struct statement INSERT = {
    "seal_check.insert", INSTALLATION,
    "INSERT INTO installation(key, value) VALUES ('seal_check', $1) ON CONFLICT(key) DO NOTHING",
    NULL};

static const struct statement *const STATEMENTS[] = {&READ, &INSERT};
const struct statement_list SEAL_CHECK_STATEMENTS = {STATEMENTS,
                                                     sizeof STATEMENTS / sizeof STATEMENTS[0]};

static result leave_word(struct scope *scope, struct db *db, struct secret key) {
    struct str sealed;
    TRY(seal(scope, key, STR("installation.seal_check"), STR("gatehouse"), &sealed));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(tx_run(scope, tx, &INSERT, VALUES(value_text(sealed)), NULL));
    return tx_commit(scope, tx);
}

result seal_check(struct scope *scope, struct db *db, struct secret key) {
    struct rows rows;
    TRY(db_run(scope, db, &READ, NO_VALUES, &rows));
    if (rows.count == 0) {
        TRY(leave_word(scope, db, key));
        TRY(db_run(scope, db, &READ, NO_VALUES, &rows)); /* another server may have been first */
    }
    struct str word;
    const bool is_opened =
        rows.count == 1 &&
        is_ok(unseal(scope, key, STR("installation.seal_check"), rows_text(&rows, 0, 0), &word));
    REQUIRE(scope, is_opened, CONFLICT, "secrets.wrong_key");
    return OK_RESULT;
}
