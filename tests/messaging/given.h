#pragma once
/* Organisations and people for tests of messaging and of what stands on it. */

#include "messaging/call.h"
#include "messaging/conversation.h"
#include "messaging/deactivation.h"
#include "messaging/org.h"
#include "messaging/schema.h"
#include "messaging/table_registry.h"
#include "tests/support/on_both.h"

struct company {
    struct org org;
    struct user creator;
};

struct company given_company(struct database *d, const char *slug);
struct user given_user(struct database *d, struct str org_id, const char *name, enum role role);
struct actor actor_of(const struct user *user);
extern const struct actor OPERATOR;
extern const struct actor DIRECTORY; /* a provisioning source without a guard of its own */

/* A change of `user` from that source, now, by a fitting actor. */
struct state_change change_of(struct database *d, const struct user *user, enum source source);
struct user reloaded(struct database *d, const struct user *user);
/* Runs a statement that writes, in a transaction of its own. */
void given_row(struct database *d, const struct statement *statement, struct values values);
/* A number out of one row of one column. */
int64_t number_of(struct database *d, const char *sql, struct str a, struct str b);
