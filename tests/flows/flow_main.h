#pragma once
/* The end of every flow test: all migrations, then the group. */

#include "base/base_schema.h"
#include "identity/connection_schema.h"
#include "identity/identity_schema.h"
#include "identity/saml/saml_schema.h"
#include "messaging/schema.h"
#include "provisioning/schema.h"

static const struct migration_list *const FLOW_MIGRATIONS[] = {
    &BASE_MIGRATIONS,     &MESSAGING_MIGRATIONS, &CONNECTION_MIGRATIONS,
    &IDENTITY_MIGRATIONS, &SAML_MIGRATIONS,      &PROVISIONING_MIGRATIONS};

#define FLOW_MAIN(tests_)                                                                          \
    int main(void) {                                                                               \
        on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);          \
        return cmocka_run_group_tests(tests_, NULL, on_both_stop);                                 \
    }
