#include "gateway/command_database.h"

#include "gateway/command_store.h"

int command_migrate(struct command_call *call) {
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    if (!is_ok(command_store_connect(call, &store))) {
        return command_failed(call, "the database cannot be opened");
    }
    struct migration_list lists[TABLE_LISTS];
    const size_t count = tables_migrations(lists);
    int applied = 0;
    if (command_has(call, "--check")) {
        if (!is_ok(migrate_check(call->scope, store.db, lists, count))) {
            return command_failed(call, "the schema is not this program's");
        }
        command_print(call, STR("The schema is up to date.\n"));
        return COMMAND_DONE;
    }
    if (!is_ok(migrate_run(call->scope, store.db, lists, count, &applied))) {
        return command_failed(call, "the schema could not be brought up to date");
    }
    (void) fprintf(call->out, "%d migration%s applied; the schema is up to date.\n", applied,
                   applied == 1 ? "" : "s");
    return COMMAND_DONE;
}
