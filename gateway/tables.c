#include "gateway/tables.h"

#include <assert.h>

#include "base/base_schema.h"
#include "base/event_log.h"
#include "base/job.h"
#include "gateway/node_store.h"
#include "identity/connection_schema.h"
#include "identity/schema.h"
#include "messaging/schema.h"
#include "provisioning/schema.h"

size_t tables_migrations(struct migration_list ret[TABLE_LISTS]) {
    ret[0] = BASE_MIGRATIONS;
    ret[1] = MESSAGING_MIGRATIONS;
    ret[2] = IDENTITY_MIGRATIONS;
    ret[3] = CONNECTION_MIGRATIONS;
    ret[4] = PROVISIONING_MIGRATIONS;
    return 5;
}

void tables_registry(struct table_storage *ret) {
    ret->lists[0] = MESSAGING_TABLES;
    ret->lists[1] = IDENTITY_TABLES;
    ret->lists[2] = CONNECTION_TABLES;
    ret->lists[3] = PROVISIONING_TABLES;
    ret->registry = (struct table_registry){ret->lists, 4};
}
