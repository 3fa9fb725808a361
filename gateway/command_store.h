#pragma once
/* The store as commands use it, beside a running server or without one. */

#include "base/db.h"
#include "gateway/command.h"
#include "gateway/tables.h"
#include "messaging/call.h"

struct command_store {
    struct store *store;
    struct db *db;
    struct table_storage tables;
    struct messaging messaging;
    struct actor operator_actor;
};

/* Opens and, where settings allow, brings the schema up to date. Says itself what failed. */
bool command_store_open(const struct command_call *call, struct command_store *ret);
void command_store_close(struct command_store *store); /* AUTO */
/* The same without touching the schema. */
RESULT command_store_connect(const struct command_call *call, struct command_store *ret);
