#include "tests/identity/known.h"

const struct identity IDENTITY = {
    .public_url = STR_INIT("http://127.0.0.1:8080"),
    .session_idle_us = S_TO_US(30 * 60),
    .session_absolute_us = S_TO_US(12 * 3600),
};

/* Lists of other files are not constant expressions: filled by use_all_migrations. */
static struct table_rule_list lists[4];
static const struct table_registry REGISTRY = {lists, 4};
const struct messaging BACKEND = {.registry = &REGISTRY, .instance = STR_INIT("node-1")};

void use_all_migrations(void) {
    static const struct migration_list *const MIGRATED[] = {
        &BASE_MIGRATIONS, &MESSAGING_MIGRATIONS, &IDENTITY_MIGRATIONS, &CONNECTION_MIGRATIONS,
        &SAML_MIGRATIONS};
    lists[0] = MESSAGING_TABLES;
    lists[1] = IDENTITY_TABLES;
    lists[2] = CONNECTION_TABLES;
    lists[3] = SAML_TABLES;
    on_both_use(MIGRATED, 5);
}

struct session_secret given_session(struct database *d, const struct user *user) {
    struct scope *scope = &d->fixture.scope;
    const struct new_session input = {
        .org_id = user->org_id, .user_id = user->id, .epoch = user->epoch, .method = "password"};
    struct session_secret secret = {0};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(session_create(scope, &IDENTITY, &BACKEND, tx, &input, &secret));
    assert_ok(tx_commit(scope, tx));
    return secret;
}

result check_cookie(struct database *d, struct str cookie, struct principal *ret) {
    struct credential credential;
    TRY(credential_parse_session(&d->fixture.scope, cookie, &credential));
    return principal_check(&d->fixture.scope, d->db, &credential, ret);
}

result check_bearer(struct database *d, struct str token, struct principal *ret) {
    struct credential credential;
    const struct str header = str_format(d->fixture.scope.arena, "Bearer %.*s", STR_ARG(token));
    TRY(credential_parse_bearer(&d->fixture.scope, header, &credential));
    return principal_check(&d->fixture.scope, d->db, &credential, ret);
}

struct str given_token(struct database *d, const struct user *owner, enum credential_kind kind,
                       struct api_token *ret) {
    const struct actor actor = actor_of(owner);
    const struct new_api_token input = {
        .org_id = owner->org_id,
        .kind = kind,
        .name = STR("a token"),
        .expires_us = d->fixture.time.now_us + S_TO_US(3600),
        .actor = &actor,
        .source = SOURCE_CONSOLE,
    };
    struct str secret = STR("");
    assert_ok(api_token_create(&d->fixture.scope, d->db, &input, ret, &secret));
    return secret;
}
