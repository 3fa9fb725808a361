#pragma once
/* How often somebody may try to sign in: per account and per address, counted before the password
 * is looked at, so that parallel guesses count too. */

#include "base/db.h"

enum { LOGIN_ACCOUNT_ATTEMPTS = 10, LOGIN_ADDRESS_ATTEMPTS = 100, LOGIN_WINDOW_S = 900 };

extern const struct statement_list LOGIN_THROTTLE_STATEMENTS;

/* THROTTLED "login.throttled" with *ret_retry_after_s when one of the two is over its limit.
 * `account` is what the person typed, known or not: both are counted alike. */
RESULT login_throttle_count(struct scope *scope, struct db *db, struct str account,
                            struct str address, int64_t *ret_retry_after_s);
/* After a success the account starts anew; the address does not, or one own account would pay for
 * guesses at the others. */
RESULT login_throttle_clear(struct scope *scope, struct tx *tx, struct str account);
/* Windows that are long over: for the sweeper. */
RESULT login_throttle_sweep(struct scope *scope, struct db *db);
