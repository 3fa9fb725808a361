#pragma once
/* SQL of connections. Settings are one JSON text, written and read by connection_config. */

#include "identity/connection.h"

extern const struct statement_list CONNECTION_STATEMENTS;

RESULT connection_store_insert(struct scope *scope, struct tx *tx,
                               const struct connection *connection, struct str config);
RESULT connection_store_count(struct scope *scope, struct db *db, struct str org_id, int64_t *ret);
/* NOT_FOUND "connection.unknown". `*ret_config` is the settings' text. */
RESULT connection_store_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                             struct connection *ret, struct str *ret_config);
struct connection_row {
    struct connection connection;
    struct str config;
};
RESULT connection_store_list(struct scope *scope, struct db *db, struct str org_id,
                             struct connection_row **ret, size_t *ret_count);
/* Guarded by the version that was read: CONFLICT "connection.changed". */
RESULT connection_store_update(struct scope *scope, struct tx *tx,
                               const struct connection *connection, struct str config);
RESULT connection_store_set_state(struct scope *scope, struct tx *tx,
                                  const struct connection *connection, enum connection_state state,
                                  int64_t tested_us);
RESULT connection_store_delete(struct scope *scope, struct tx *tx, struct str org_id,
                               struct str id);
/* Sessions and tokens that came through it. */
RESULT connection_store_end_credentials(struct scope *scope, struct tx *tx, struct str org_id,
                                        struct str id, int64_t *ret_sessions, int64_t *ret_tokens);
