#include "messaging/org.h"
#include "tests/messaging/given.h"

static struct new_org acme_input(void) {
    return (struct new_org){
        .slug = STR("acme"),
        .name = STR("Acme"),
        .creator = {.user_name = STR("boss"), .email = STR("boss@example.com")},
        .source = SOURCE_CONSOLE,
    };
}

static result try_create(struct database *d, const struct new_org *input, struct org *ret,
                         struct user *ret_creator) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    TRY(org_create(&d->fixture.scope, tx, input, ret, ret_creator));
    return tx_commit(&d->fixture.scope, tx);
}

static void an_organisation_begins_with_creator_stream_and_conversation(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct new_org input = acme_input();
    input.dpa = (struct dpa){STR("2026-01"), STR("en"), STR("Signer"), STR("Acme Ltd")};
    struct org made = {0};
    struct user creator = {0};

    assert_ok(try_create(d, &input, &made, &creator));

    struct org found = {0};
    assert_ok(org_find_by_slug(scope, d->db, STR("acme"), &found));
    assert_true(str_eq(found.id, made.id));
    assert_int_equal(found.state, ORG_ACTIVE);
    assert_false(found.is_ownerless);
    assert_int_equal(creator.role, ROLE_CREATOR);
    assert_int_equal(number_of(d, "SELECT seq FROM event_head WHERE stream = $1 AND stream = $2",
                               made.id, made.id),
                     0);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM conversation WHERE org_id = $1 AND kind = $2",
                               made.id, STR("general")),
                     1);
    assert_int_equal(
        number_of(d, "SELECT count(*) FROM dpa_acceptance WHERE org_id = $1 AND user_id = $2",
                  made.id, creator.id),
        1);
    assert_int_equal(number_of(d, "SELECT count(*) FROM audit WHERE org_id = $1 AND actor_id = $2",
                               made.id, creator.id),
                     3);
}

static void a_slug_belongs_to_one_organisation_alone(void **state) {
    struct database *d = *state;
    const struct new_org input = acme_input();
    struct org org = {0};
    struct user creator = {0};
    assert_ok(try_create(d, &input, &org, &creator));

    assert_failed(try_create(d, &input, &org, &creator), &d->fixture.scope, CONFLICT,
                  "org.slug_taken");
    struct org_list list = {0};
    assert_ok(org_list(&d->fixture.scope, d->db, 10, STR(""), &list));
    assert_int_equal(list.count, 1);
}

static const struct {
    const char *slug;
    bool is_fine;
} SLUGS[] = {
    {"a", true},
    {"0", true},
    {"a-b", true},
    {"a--b", true},
    {"", false},
    {"-a", false},
    {"a-", false},
    {"A", false},
    {"a_b", false},
    {"a.b", false},
    {"a b", false},
    {"\xc3\xa4", false},
    {"a/b", false},
    {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0", true},
    {"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01", false},
};

static void a_slug_is_a_label_of_host_names(void **state) {
    struct database *d = *state;
    for (size_t i = 0; i < sizeof SLUGS / sizeof *SLUGS; i++) {
        struct new_org input = acme_input();
        input.slug = str_from_c(SLUGS[i].slug);
        struct org org;
        struct user creator;
        const result r = try_create(d, &input, &org, &creator);
        if (SLUGS[i].is_fine) {
            assert_ok(r);
        } else {
            assert_failed(r, &d->fixture.scope, INVALID, "org.slug");
        }
    }
}

static void names_and_agreements_are_single_lines(void **state) {
    struct database *d = *state;
    struct org org;
    struct user creator;
    struct new_org input = acme_input();
    input.name = STR("  ");
    assert_failed(try_create(d, &input, &org, &creator), &d->fixture.scope, INVALID, "org.name");
    input.name = STR("a\nb");
    assert_failed(try_create(d, &input, &org, &creator), &d->fixture.scope, INVALID, "org.name");
    input = acme_input();
    input.dpa.version = STR("1\r\n");
    assert_failed(try_create(d, &input, &org, &creator), &d->fixture.scope, INVALID, "org.dpa");
}

static void a_fault_at_any_call_leaves_no_half_of_an_organisation(void **state) {
    struct database *d = *state;
    const struct new_org input = acme_input();
    struct org org;
    struct user creator;
    result r = {INTERNAL};
    for (int64_t n = 1; !is_ok(r); n++) {
        assert_in_range(n, 1, 40);
        struct db_fault fault = {.fail_at = n};
        db_set_fault(d->db, &fault);
        r = try_create(d, &input, &org, &creator);
        db_set_fault(d->db, NULL);
        assert_int_equal(number_of(d, "SELECT count(*) FROM lookup WHERE kind = $1 AND key = $2",
                                   STR("slug"), STR("acme")),
                         is_ok(r));
    }
}

static void a_lookup_key_is_given_once_and_freed_by_its_owner_alone(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct company other = given_company(d, "other");
    struct lookup found = {0};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));

    assert_ok(lookup_insert(scope, tx, LOOKUP_DOMAIN, STR("example.com"), acme.org.id, STR("x")));
    assert_failed(
        lookup_insert(scope, tx, LOOKUP_DOMAIN, STR("example.com"), other.org.id, STR("y")), scope,
        CONFLICT, "lookup.taken");
    assert_ok(lookup_delete(scope, tx, LOOKUP_DOMAIN, STR("example.com"), other.org.id));
    assert_ok(lookup_find(scope, tx_db(tx), LOOKUP_DOMAIN, STR("example.com"), &found));
    assert_true(str_eq(found.org_id, acme.org.id));
    assert_failed(lookup_find(scope, tx_db(tx), LOOKUP_CONNECTION, STR("example.com"), &found),
                  scope, NOT_FOUND, "lookup.unknown");
    assert_ok(lookup_delete(scope, tx, LOOKUP_DOMAIN, STR("example.com"), acme.org.id));
    assert_failed(lookup_find(scope, tx_db(tx), LOOKUP_DOMAIN, STR("example.com"), &found), scope,
                  NOT_FOUND, "lookup.unknown");
}

static void the_first_active_creator_answers(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    struct user first = {0};

    assert_ok(org_first_creator(scope, d->db, acme.org.id, &first));
    assert_true(str_eq(first.id, acme.creator.id));
    assert_failed(org_first_creator(scope, d->db, STR("nowhere"), &first), scope, NOT_FOUND,
                  "user.unknown");
}

int main(void) {
    static const struct migration_list *const MIGRATED[] = {&BASE_MIGRATIONS,
                                                            &MESSAGING_MIGRATIONS};
    on_both_use(MIGRATED, 2);
    const struct CMUnitTest tests[] = {
        ON_BOTH(an_organisation_begins_with_creator_stream_and_conversation),
        ON_BOTH(a_slug_belongs_to_one_organisation_alone),
        ON_BOTH(a_slug_is_a_label_of_host_names),
        ON_BOTH(names_and_agreements_are_single_lines),
        ON_BOTH(a_fault_at_any_call_leaves_no_half_of_an_organisation),
        ON_BOTH(a_lookup_key_is_given_once_and_freed_by_its_owner_alone),
        ON_BOTH(the_first_active_creator_answers),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
