#include "gateway/command_store.h"

#include "base/arena.h"
#include "base/clock.h"
#include "gateway/data_dir.h"

result command_store_connect(const struct command_call *call, struct command_store *ret) {
    struct scope *scope = call->scope;
    const struct settings *settings = call->settings;
    if (str_has_prefix(settings->database_url, STR("sqlite:"))) {
        TRY(data_dir_make(scope, settings->data_dir));
    }
    const struct store_settings store = {
        .url = settings->database_url,
        .statement_timeout_us = MS_TO_US(settings->database_statement_timeout_ms),
        .connect_timeout_us = MS_TO_US(settings->database_connect_timeout_ms),
    };
    TRY(store_open(scope, &store, &ret->store));
    return db_open(scope, ret->store, &ret->db);
}

static result check_schema(const struct command_call *call, struct command_store *store) {
    struct migration_list lists[TABLE_LISTS];
    const size_t count = tables_migrations(lists);
    int applied = 0;
    return call->settings->database_auto_migrate
               ? migrate_run(call->scope, store->db, lists, count, &applied)
               : migrate_check(call->scope, store->db, lists, count);
}

bool command_store_open(const struct command_call *call, struct command_store *ret) {
    *ret = (struct command_store){.operator_actor = {.kind = ACTOR_OPERATOR}};
    if (!is_ok(command_store_connect(call, ret))) {
        (void) command_failed(call, "the database cannot be opened");
        return false;
    }
    if (!is_ok(check_schema(call, ret))) {
        (void) command_failed(call, "the database's schema does not fit; see: gatehouse migrate");
        return false;
    }
    tables_registry(&ret->tables);
    ret->messaging = (struct messaging){
        .registry = &ret->tables.registry,
        .public_url = call->settings->http_public_url,
        .is_signup_open = call->settings->signup_open,
    };
    return true;
}

void command_store_close(struct command_store *store) {
    db_close(&store->db);
    store_close(&store->store);
}
