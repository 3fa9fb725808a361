#include "gateway/tables.h"

#include <assert.h>

#include "base/base_schema.h"
#include "base/event_log.h"
#include "base/generation_store.h"
#include "base/job.h"
#include "base/migrate_store.h"
#include "gateway/node_store.h"
#include "gateway/seal_check_store.h"
#include "identity/connection_schema.h"
#include "identity/connection_store.h"
#include "identity/domain_store.h"
#include "identity/identity_schema.h"
#include "identity/login_attempt_store.h"
#include "identity/oidc/oidc_health_store.h"
#include "identity/oidc/oidc_revocation_store.h"
#include "identity/oidc/oidc_session_store.h"
#include "identity/saml/saml_schema.h"
#include "messaging/schema.h"
#include "provisioning/schema.h"

size_t tables_migrations(struct migration_list ret[TABLE_LISTS]) {
    ret[0] = BASE_MIGRATIONS;
    ret[1] = MESSAGING_MIGRATIONS;
    ret[2] = IDENTITY_MIGRATIONS;
    ret[3] = CONNECTION_MIGRATIONS;
    ret[4] = SAML_MIGRATIONS;
    ret[5] = PROVISIONING_MIGRATIONS;
    return 6;
}

void tables_registry(struct table_storage *ret) {
    ret->lists[0] = MESSAGING_TABLES;
    ret->lists[1] = IDENTITY_TABLES;
    ret->lists[2] = CONNECTION_TABLES;
    ret->lists[3] = SAML_TABLES;
    ret->lists[4] = PROVISIONING_TABLES;
    ret->registry = (struct table_registry){ret->lists, 5};
}

static size_t add_lists(const struct statement_list *ret[STATEMENT_LISTS], size_t count,
                        const struct statement_list *const *lists, size_t more) {
    assert(count + more <= STATEMENT_LISTS);
    for (size_t i = 0; i < more; i++) {
        ret[count + i] = lists[i];
    }
    return count + more;
}

size_t tables_statements(const struct statement_list *ret[STATEMENT_LISTS]) {
    static const struct statement_list *const OWN[] = {
        &MIGRATE_STATEMENTS,      &GENERATION_STATEMENTS,
        &EVENT_LOG_STATEMENTS,    &JOB_STATEMENTS,
        &NODE_STATEMENTS,         &CONNECTION_STATEMENTS,
        &DOMAIN_STATEMENTS,       &LOGIN_ATTEMPT_STATEMENTS,
        &OIDC_HEALTH_STATEMENTS,  &OIDC_REVOCATION_STATEMENTS,
        &OIDC_SESSION_STATEMENTS, &SEAL_CHECK_STATEMENTS,
    };
    size_t count = add_lists(ret, 0, OWN, sizeof OWN / sizeof OWN[0]);
    count = add_lists(ret, count, MESSAGING_STATEMENTS, MESSAGING_STATEMENTS_COUNT);
    count = add_lists(ret, count, IDENTITY_STATEMENTS, IDENTITY_STATEMENTS_COUNT);
    count = add_lists(ret, count, SAML_STATEMENT_LISTS, SAML_STATEMENT_LISTS_COUNT);
    return add_lists(ret, count, PROVISIONING_STATEMENTS, PROVISIONING_STATEMENTS_COUNT);
}
