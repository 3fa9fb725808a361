#pragma once
/* A browser, an organisation with a connection, and the provider behind it: what sign-in tests
 * play with. One request is one call of a handler, as a worker makes it. */

#include "identity/connection.h"
#include "identity/identity.h"
#include "tests/messaging/given.h"
#include "tests/support/hostile_op.h"

struct oidc;

enum { JAR_COOKIES = 16 };

struct browser {
    struct {
        struct str name, value;
    } cookies[JAR_COOKIES];
    size_t count;
};

struct reply {
    result result;
    const char *reason; /* of a failure */
    int status;
    struct str location, body;
};

struct sign_in {
    struct database *d;
    struct company company;
    struct actor admin;
    struct messaging messaging;
    struct identity identity;
    struct oidc *oidc;
    struct hostile_op op;
    struct connection connection; /* enabled, jit */
    struct browser browser;
    struct str state; /* of the last authorization request */
};

/* Migrations of everything that sign-in touches, for on_both_use. */
extern const struct migration_list *const SIGN_IN_MIGRATIONS[];
extern const size_t SIGN_IN_MIGRATIONS_COUNT;

struct sign_in *sign_in_open(struct database *d, const struct op_keys *keys);
void sign_in_close(struct sign_in **s); /* AUTO(sign_in_close) */

/* A second organisation with a connection to the same provider. */
struct connection given_connection(struct sign_in *s, const struct actor *admin,
                                   enum provision_rule rule);
/* Settings of the connection, changed as by its administrator. */
void given_settings(struct sign_in *s, const struct lie *lie);

/* One request: `path_arg` fills {…}, cookies come from and go to the jar. */
struct request {
    enum http_method method;
    const char *query;
    struct str path_arg, body;
    const struct actor *actor;
    const char *header, *header_value;
};
struct reply browse(struct sign_in *s, struct browser *browser, call_handler handler,
                    const struct request *request);
bool has_cookie(const struct browser *browser, const char *name);

/* Goes to …/login and takes state, nonce and challenge out of the redirect. */
struct reply start_sign_in(struct sign_in *s, struct browser *browser, const char *query);
/* …/callback with the code and the state, or as the lie wants it. */
struct reply finish_sign_in(struct sign_in *s, struct browser *browser);
/* Both, under the lie. */
struct reply sign_in(struct sign_in *s, const struct lie *lie);
int64_t sessions_of(struct sign_in *s);
