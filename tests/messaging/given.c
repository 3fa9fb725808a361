#include "tests/messaging/given.h"

const struct actor OPERATOR = {.kind = ACTOR_OPERATOR};
const struct actor DIRECTORY = {.kind = ACTOR_CONNECTION, .id = STR_INIT("directory-1")};

struct company given_company(struct database *d, const char *slug) {
    struct scope *scope = &d->fixture.scope;
    const struct new_org input = {
        .slug = str_from_c(slug),
        .name = str_from_c(slug),
        .creator = {.user_name = STR("boss"),
                    .display_name = STR("The Boss"),
                    .email = STR("boss@example.com")},
        .actor = &OPERATOR,
        .source = SOURCE_OPERATOR,
    };
    struct company company = {0};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(org_create(scope, tx, &input, &company.org, &company.creator));
    assert_ok(tx_commit(scope, tx));
    return company;
}

struct user given_user(struct database *d, struct str org_id, const char *name, enum role role) {
    struct scope *scope = &d->fixture.scope;
    const struct str email = str_format(scope->arena, "%s@example.com", name);
    const struct user_profile profile = {
        .user_name = str_from_c(name), .display_name = str_from_c(name), .email = email};
    struct user user = {0};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(user_create(scope, tx, org_id, &profile, role, false, &user));
    assert_ok(tx_commit(scope, tx));
    return user;
}

struct actor actor_of(const struct user *user) {
    return (struct actor){.kind = ACTOR_USER,
                          .org_id = user->org_id,
                          .id = user->id,
                          .role = user->role,
                          .epoch = user->epoch};
}

struct state_change change_of(struct database *d, const struct user *user, enum source source) {
    return (struct state_change){
        .org_id = user->org_id,
        .user_id = user->id,
        .actor = source == SOURCE_OPERATOR ? &OPERATOR : &DIRECTORY,
        .source = source,
        .reason = STR("left"),
        .request_id = STR("request-1"),
        .received_us = clock_now_us(d->fixture.env.clock),
    };
}

struct user reloaded(struct database *d, const struct user *user) {
    struct user now = {0};
    assert_ok(user_find(&d->fixture.scope, d->db, user->org_id, user->id, &now));
    return now;
}

void given_row(struct database *d, const struct statement *statement, struct values values) {
    struct rows rows;
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    assert_ok(tx_run(&d->fixture.scope, tx, statement, values, &rows));
    assert_ok(tx_commit(&d->fixture.scope, tx));
}

int64_t number_of(struct database *d, const char *sql, struct str a, struct str b) {
    const struct statement statement = {
        str_format(d->fixture.scope.arena, "test.%p", (const void *) sql).at, INSTALLATION, sql,
        NULL};
    struct rows rows;
    assert_ok(
        db_run(&d->fixture.scope, d->db, &statement, VALUES(value_text(a), value_text(b)), &rows));
    assert_int_equal(rows.count, 1);
    return rows_number(&rows, 0, 0);
}
