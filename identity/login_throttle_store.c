#include "identity/login_throttle.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"

/* One statement counts and reads: two attempts at the same moment cannot both see the last free
 * place. */
static const struct statement COUNT = {
    "throttle.count", INSTALLATION,
    "INSERT INTO login_throttle (kind, key, attempts, window_us) VALUES ($1, $2, 1, $3) "
    "ON CONFLICT (kind, key) DO UPDATE SET "
    "attempts = CASE WHEN login_throttle.window_us <= $4 THEN 1 "
    "ELSE login_throttle.attempts + 1 END, "
    "window_us = CASE WHEN login_throttle.window_us <= $4 THEN excluded.window_us "
    "ELSE login_throttle.window_us END RETURNING attempts, window_us",
    NULL};

static const struct statement CLEAR = {"throttle.clear", INSTALLATION,
                                       "DELETE FROM login_throttle WHERE kind = $1 AND key = $2",
                                       NULL};

static const struct statement SWEEP = {"throttle.sweep", INSTALLATION,
                                       "DELETE FROM login_throttle WHERE window_us <= $1", NULL};

static const struct statement *const STATEMENTS[] = {&COUNT, &CLEAR, &SWEEP};
const struct statement_list LOGIN_THROTTLE_STATEMENTS = {STATEMENTS,
                                                         sizeof STATEMENTS / sizeof *STATEMENTS};

/* The network that one customer of a provider has: IPv4 whole, IPv6 its first 64 bits. */
static struct str network_of(struct scope *scope, struct str address) {
    enum { IPV6_NETWORK_BYTES = 8, MAPPED_PREFIX_BYTES = 12 };
    static const unsigned char MAPPED[MAPPED_PREFIX_BYTES] = {[10] = 0xff, [11] = 0xff};
    unsigned char bytes[ADDRESS_BYTES];
    if (!address_parse(address, bytes)) {
        return address;
    }
    const struct str whole = {(const char *) bytes, ADDRESS_BYTES};
    const struct str mapped = {(const char *) MAPPED, MAPPED_PREFIX_BYTES};
    return str_copy(scope->arena,
                    str_has_prefix(whole, mapped) ? whole : str_first(whole, IPV6_NETWORK_BYTES));
}

static result count_one(struct scope *scope, struct tx *tx, struct str kind, struct str key,
                        int64_t limit, int64_t *ret_retry_after_s) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct rows rows;
    TRY(tx_run(scope, tx, &COUNT,
               VALUES(value_text(kind), value_text(sha256_text(scope->arena, key)),
                      value_number(now_us), value_number(now_us - S_TO_US(LOGIN_WINDOW_S))),
               &rows));
    if (rows_number(&rows, 0, 0) <= limit) {
        return OK_RESULT;
    }
    const int64_t left_us = rows_number(&rows, 0, 1) + S_TO_US(LOGIN_WINDOW_S) - now_us;
    const int64_t left_s = left_us / US_PER_S + 1;
    *ret_retry_after_s = left_s > *ret_retry_after_s ? left_s : *ret_retry_after_s;
    return OK_RESULT;
}

result login_throttle_count(struct scope *scope, struct db *db, struct str account,
                            struct str address, int64_t *ret_retry_after_s) {
    int64_t retry_after_s = 0;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(count_one(scope, tx, STR("address"), network_of(scope, address), LOGIN_ADDRESS_ATTEMPTS,
                  &retry_after_s));
    TRY(count_one(scope, tx, STR("account"), account, LOGIN_ACCOUNT_ATTEMPTS, &retry_after_s));
    TRY(tx_commit(scope, tx));
    if (retry_after_s > 0) {
        *ret_retry_after_s = retry_after_s;
        return FAIL(scope, THROTTLED, "login.throttled");
    }
    return OK_RESULT;
}

result login_throttle_clear(struct scope *scope, struct tx *tx, struct str account) {
    struct rows rows;
    return tx_run(
        scope, tx, &CLEAR,
        VALUES(value_text(STR("account")), value_text(sha256_text(scope->arena, account))), &rows);
}

result login_throttle_sweep(struct scope *scope, struct db *db) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    struct rows rows;
    TRY(tx_run(scope, tx, &SWEEP,
               VALUES(value_number(clock_now_us(scope->env->clock) - S_TO_US(LOGIN_WINDOW_S))),
               &rows));
    return tx_commit(scope, tx);
}
