#include "messaging/user.h"
#include "messaging/user_cleanup.h"
#include "tests/messaging/given.h"

#include <string.h>

static result try_create(struct database *d, struct str org_id, const struct user_profile *profile,
                         struct user *ret) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    TRY(user_create(&d->fixture.scope, tx, org_id, profile, ROLE_MEMBER, false, ret));
    return tx_commit(&d->fixture.scope, tx);
}

static void a_name_is_taken_in_whatever_case_it_is_written(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct company other = given_company(d, "other");
    const struct user_profile first = {.user_name = STR("Ångström")};
    const struct user_profile same = {.user_name = STR("ÅNGSTRÖM ")};
    struct user user = {0};
    assert_ok(try_create(d, acme.org.id, &first, &user));

    assert_failed(try_create(d, acme.org.id, &same, &user), &d->fixture.scope, CONFLICT,
                  "user.name_taken");
    assert_ok(try_create(d, other.org.id, &same, &user));
    struct user found = {0};
    assert_ok(user_find_by_name(&d->fixture.scope, d->db, acme.org.id, STR("ångström"), &found));
    assert_str(found.user_name, "Ångström");
}

static const struct {
    struct user_profile profile;
    const char *reason;
} BAD_PROFILES[] = {
    {{.user_name = STR_INIT("")}, "user.name"},
    {{.user_name = STR_INIT("   ")}, "user.name"},
    {{.user_name = STR_INIT("a\nb")}, "user.name"},
    {{.user_name = STR_INIT("\xff")}, "user.name"},
    {{.user_name = STR_INIT("x"), .display_name = STR_INIT("a\tb")}, "user.name"},
    {{.user_name = STR_INIT("x"), .external_id = STR_INIT("a\x7f")}, "user.name"},
    {{.user_name = STR_INIT("x"), .email = STR_INIT("x")}, "user.email"},
    {{.user_name = STR_INIT("x"), .email = STR_INIT("x@")}, "user.email"},
    {{.user_name = STR_INIT("x"), .email = STR_INIT("a@b@c.example")}, "user.email"},
};

static void profiles_that_cannot_be_are_refused(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    struct user user;
    for (size_t i = 0; i < sizeof BAD_PROFILES / sizeof *BAD_PROFILES; i++) {
        assert_failed(try_create(d, acme.org.id, &BAD_PROFILES[i].profile, &user),
                      &d->fixture.scope, INVALID, BAD_PROFILES[i].reason);
    }
}

static void names_have_their_limit(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    char name[USER_NAME_MAX_BYTES + 1];
    memset(name, 'x', sizeof name);
    struct user_profile profile = {.user_name = {name, USER_NAME_MAX_BYTES}};
    struct user user;
    assert_ok(try_create(d, acme.org.id, &profile, &user));
    profile.user_name.len++;
    assert_failed(try_create(d, acme.org.id, &profile, &user), &d->fixture.scope, INVALID,
                  "user.name");
}

static void an_address_of_two_people_finds_nobody(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user_profile one = {.user_name = STR("one"), .email = STR("x@example.com")};
    const struct user_profile two = {.user_name = STR("two"), .email = STR("X@example.com")};
    struct user user = {0};
    struct user found = {0};
    assert_ok(try_create(d, acme.org.id, &one, &user));
    assert_ok(
        user_find_by_email(&d->fixture.scope, d->db, acme.org.id, STR("X@Example.com"), &found));
    assert_true(str_eq(found.id, user.id));
    assert_ok(try_create(d, acme.org.id, &two, &user));

    assert_failed(
        user_find_by_email(&d->fixture.scope, d->db, acme.org.id, STR("x@example.com"), &found),
        &d->fixture.scope, NOT_FOUND, "user.unknown");
}

static void people_are_listed_in_pages_and_by_prefix(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    (void) given_user(d, acme.org.id, "anna", ROLE_MEMBER);
    (void) given_user(d, acme.org.id, "annette", ROLE_MEMBER);
    (void) given_user(d, acme.org.id, "berta", ROLE_MEMBER);
    struct user_list list = {0};

    assert_ok(user_list(scope, d->db, acme.org.id, STR(""), 3, STR(""), &list));
    assert_int_equal(list.count, 3);
    assert_ok(user_list(scope, d->db, acme.org.id, STR(""), 3, list.next_cursor, &list));
    assert_int_equal(list.count, 1);
    assert_true(str_is_empty(list.next_cursor));
    assert_ok(user_list(scope, d->db, acme.org.id, STR("ANN"), 10, STR(""), &list));
    assert_int_equal(list.count, 2);
    assert_ok(user_list(scope, d->db, acme.org.id, STR("%"), 10, STR(""), &list));
    assert_int_equal(list.count, 0);
    assert_failed(user_list(scope, d->db, acme.org.id, STR(""), 10, STR("x"), &list), scope,
                  INVALID, "page.cursor");
}

static void colleagues_do_not_search_by_address(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    struct user_list list = {0};

    assert_ok(user_list(scope, d->db, acme.org.id, STR("boss@"), 10, STR(""), &list));
    assert_int_equal(list.count, 1);
    assert_ok(user_list_directory(scope, d->db, acme.org.id, STR("boss@"), 10, STR(""), &list));
    assert_int_equal(list.count, 0);
    assert_ok(user_list_directory(scope, d->db, acme.org.id, STR("the b"), 10, STR(""), &list));
    assert_int_equal(list.count, 1);
}

static void a_profile_is_changed_without_touching_state_or_role(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_ADMIN);
    const struct user_profile changed = {.user_name = STR("anne"), .external_id = STR("e1")};
    const struct user_profile taken = {.user_name = STR("BOSS")};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(user_update_profile(scope, tx, acme.org.id, ann.id, &changed));
    assert_failed(user_update_profile(scope, tx, acme.org.id, STR("nobody"), &changed), scope,
                  NOT_FOUND, "user.unknown");
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_failed(user_update_profile(scope, tx, acme.org.id, ann.id, &taken), scope, CONFLICT,
                  "user.name_taken");
    tx_end(&tx);

    struct user now = {0};
    assert_ok(user_find_by_external_id(scope, d->db, acme.org.id, STR("e1"), &now));
    assert_str(now.user_name, "anne");
    assert_true(str_is_empty(now.email));
    assert_int_equal(now.role, ROLE_ADMIN);
    assert_int_equal(now.state, USER_ACTIVE);
    assert_int_equal(now.epoch, ann.epoch);
}

static void the_clean_up_may_run_twice_and_spares_who_is_back(void **state) {
    static const struct table_registry REGISTRY = {NULL, 0};
    static const struct messaging MESSAGING = {.registry = &REGISTRY};
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct state_change change = change_of(d, &ann, SOURCE_SCIM);
    struct revoked revoked;
    struct job job = {0};
    assert_ok(user_deactivate(scope, &MESSAGING, d->db, &change, &revoked));
    assert_ok(job_claim(scope, d->db, STR("runner-1"), S_TO_US(60), &job));
    assert_str(job.kind, USER_CLEANUP_JOB);

    assert_ok(user_cleanup_run(scope, &MESSAGING, d->db, &job));
    assert_ok(user_cleanup_run(scope, &MESSAGING, d->db, &job));
    assert_ok(user_reactivate(scope, &MESSAGING, d->db, &change));
    assert_ok(user_cleanup_run(scope, &MESSAGING, d->db, &job));
    job.payload = STR("{\"user\":\"nobody\"}");
    assert_failed(user_cleanup_run(scope, &MESSAGING, d->db, &job), scope, NOT_FOUND,
                  "user.unknown");
}

static int64_t found(struct database *d, struct str org_id, const char *search, bool is_directory) {
    struct scope *scope = &d->fixture.scope;
    struct user_list list;
    const struct str text = str_from_c(search);
    assert_ok(is_directory ? user_list_directory(scope, d->db, org_id, text, 50, STR(""), &list)
                           : user_list(scope, d->db, org_id, text, 50, STR(""), &list));
    return (int64_t) list.count;
}

static void a_prefix_of_any_length_finds_whom_it_begins(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct company other = given_company(d, "other");
    static const char *const NAMES[] = {
        "anna",     "annika",    "an",           "a",
        "bannanna", "\u00e4nne", "\u00c4nnchen", "\U0001F600\U0001F600x"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        (void) given_user(d, acme.org.id, NAMES[i], ROLE_MEMBER);
    }
    (void) given_user(d, other.org.id, "anna", ROLE_MEMBER);
    const struct {
        const char *search;
        int64_t count;
    } cases[] = {
        {"an", 3}, {"AN", 3},      {"ann", 2},       {"anna", 1},       {"annab", 0},
        {"nn", 0}, {"\u00e4n", 2}, {"\u00c4NNE", 1}, {"\U0001F600", 1}, {"\U0001F600\U0001F600", 1},
        {"%", 0},  {"_n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(found(d, acme.org.id, cases[i].search, false), cases[i].count);
        assert_int_equal(found(d, acme.org.id, cases[i].search, true), cases[i].count);
    }
    assert_true(found(d, acme.org.id, "a", true) >= 4);
}

/* No row of the organisation is looked at that does not begin with the same two characters. */
static void a_search_goes_through_the_indexes(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const char *sql = NULL;
    for (size_t i = 0; i < USER_STATEMENTS.count; i++) {
        if (str_eq(str_from_c(USER_STATEMENTS.statements[i]->name), STR("user.search"))) {
            sql = USER_STATEMENTS.statements[i]->sql;
        }
    }
    assert_non_null(sql);
    const struct statement explain = {"test.explain", INSTALLATION,
                                      str_format(scope->arena, "EXPLAIN QUERY PLAN %s", sql).at,
                                      NULL};
    struct rows rows;
    assert_ok(db_run(scope, d->db, &explain,
                     VALUES(value_text(STR("org")), value_text(STR("")), value_text(STR("ann")),
                            value_number(50)),
                     &rows));
    struct strbuf plan = strbuf_begin(scope->arena, 4096);
    for (size_t i = 0; i < rows.count; i++) {
        strbuf_add(&plan, rows_text(&rows, i, 3));
        strbuf_add_byte(&plan, '\n');
    }
    const struct str text = strbuf_str(&plan);
    assert_true(str_find(text, STR("org_user_name_start (org_id=? AND <expr>=?)")) >= 0);
    assert_true(str_find(text, STR("org_user_display_start (org_id=? AND <expr>=?)")) >= 0);
    assert_true(str_find(text, STR("org_user_email_start (org_id=? AND <expr>=?)")) >= 0);
    assert_true(str_find(text, STR("SCAN org_user")) < 0);
}

int main(void) {
    static const struct migration_list *const MIGRATED[] = {&BASE_MIGRATIONS,
                                                            &MESSAGING_MIGRATIONS};
    on_both_use(MIGRATED, 2);
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_prefix_of_any_length_finds_whom_it_begins),
        ON_SQLITE(a_search_goes_through_the_indexes),
        ON_BOTH(a_name_is_taken_in_whatever_case_it_is_written),
        ON_BOTH(profiles_that_cannot_be_are_refused),
        ON_BOTH(names_have_their_limit),
        ON_BOTH(an_address_of_two_people_finds_nobody),
        ON_BOTH(people_are_listed_in_pages_and_by_prefix),
        ON_BOTH(colleagues_do_not_search_by_address),
        ON_BOTH(a_profile_is_changed_without_touching_state_or_role),
        ON_BOTH(the_clean_up_may_run_twice_and_spares_who_is_back),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
