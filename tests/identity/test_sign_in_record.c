/* Records of refused sign-ins: what anybody can send neither piles up nor hides the rest. */

#include "identity/identity.h"
#include "identity/sign_in_record.h"
#include "tests/identity/known.h"

#define CONNECTION "0190aaaa-0000-7000-8000-000000000001"
#define OTHER      "0190aaaa-0000-7000-8000-000000000002"

static const struct statement ADD_CONNECTION = {
    "test.connection", TENANT,
    "INSERT INTO connection (org_id, id, kind, name, state, config, version, tested_us, "
    "created_us, changed_us) VALUES ($1, $2, 'saml', 'Provider', 'enabled', '{}', 1, 0, 0, 0)",
    NULL};

static struct str given_connections(struct database *d) {
    const struct company acme = given_company(d, "acme");
    given_row(d, &ADD_CONNECTION, VALUES(value_text(acme.org.id), value_text(STR(CONNECTION))));
    given_row(d, &ADD_CONNECTION, VALUES(value_text(acme.org.id), value_text(STR(OTHER))));
    return acme.org.id;
}

static struct sign_in_record refused(struct str org_id, const char *reason, bool is_junk) {
    return (struct sign_in_record){.org_id = org_id,
                                   .connection_id = STR(CONNECTION),
                                   .reason = str_from_c(reason),
                                   .detail = STR("{}"),
                                   .is_junk = is_junk};
}

static void add(struct database *d, struct sign_in_record record) {
    assert_ok(sign_in_record_add(&d->fixture.scope, d->db, &record));
}

static struct sign_in_records all(struct database *d, struct str org_id, const char *connection) {
    struct sign_in_records list;
    assert_ok(sign_in_record_list(&d->fixture.scope, d->db, org_id, str_from_c(connection), 1000,
                                  STR(""), &list));
    return list;
}

static void equal_junk_of_a_minute_is_one_record(void **state) {
    struct database *d = *state;
    const struct str org_id = given_connections(d);
    for (int i = 0; i < 5; i++) {
        add(d, refused(org_id, "saml.gate_xml", true));
    }
    struct sign_in_records list = all(d, org_id, CONNECTION);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.records[0].times, 5);
    assert_true(list.records[0].is_junk);

    fake_clock_advance(&d->fixture.time, S_TO_US(1)); /* for the order */
    add(d, refused(org_id, "saml.unsigned", true));   /* another reason */
    struct sign_in_record elsewhere = refused(org_id, "saml.gate_xml", true);
    elsewhere.connection_id = STR(OTHER);
    add(d, elsewhere);
    fake_clock_advance(&d->fixture.time, S_TO_US(60));
    add(d, refused(org_id, "saml.gate_xml", true)); /* another minute */

    list = all(d, org_id, CONNECTION);
    assert_int_equal(list.count, 3);
    assert_int_equal(list.records[0].times, 1);
    assert_int_equal(list.records[1].times, 1);
    assert_int_equal(list.records[2].times, 5);
    assert_int_equal(all(d, org_id, OTHER).records[0].times, 1);
}

static void what_was_verified_is_a_record_each_time(void **state) {
    struct database *d = *state;
    const struct str org_id = given_connections(d);
    add(d, refused(org_id, "saml.expired", true));
    add(d, refused(org_id, "saml.expired", false));
    add(d, refused(org_id, "saml.expired", false));

    const struct sign_in_records list = all(d, org_id, CONNECTION);

    assert_int_equal(list.count, 3);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.records[i].times, 1);
    }
}

static void junk_pushes_out_nothing_but_junk(void **state) {
    struct database *d = *state;
    const struct str org_id = given_connections(d);
    add(d, refused(org_id, "saml.audience", false));
    for (int i = 0; i < SIGN_IN_RECORDS_KEPT + 5; i++) {
        fake_clock_advance(&d->fixture.time, S_TO_US(60));
        add(d, refused(org_id, "saml.signature", true));
    }

    struct sign_in_records list = all(d, org_id, CONNECTION);
    assert_int_equal(list.count, SIGN_IN_RECORDS_KEPT + 1);
    assert_str(list.records[SIGN_IN_RECORDS_KEPT].reason, "saml.audience");

    for (int i = 0; i < SIGN_IN_RECORDS_KEPT + 5; i++) {
        add(d, refused(org_id, "saml.expired", false));
    }
    list = all(d, org_id, CONNECTION);
    assert_int_equal(list.count, 2 * SIGN_IN_RECORDS_KEPT);
}

static void records_end_after_seven_days_and_do_not_pile_up(void **state) {
    struct database *d = *state;
    const struct str org_id = given_connections(d);
    for (int i = 0; i < SIGN_IN_RECORDS_KEPT + 5; i++) {
        add(d, refused(org_id, "saml.audience", false));
    }
    assert_int_equal(all(d, org_id, CONNECTION).count, SIGN_IN_RECORDS_KEPT);
    fake_clock_advance(&d->fixture.time, S_TO_US(7 * 86400));
    assert_int_equal(all(d, org_id, CONNECTION).count, 0);
    fake_clock_advance(&d->fixture.time, S_TO_US(1));
    assert_ok(sign_in_record_sweep(&d->fixture.scope, d->db));
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM sign_in_record WHERE org_id = $1 AND "
                               "connection_id = $2",
                               org_id, STR(CONNECTION)),
                     0);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(equal_junk_of_a_minute_is_one_record),
        ON_BOTH(what_was_verified_is_a_record_each_time),
        ON_BOTH(junk_pushes_out_nothing_but_junk),
        ON_BOTH(records_end_after_seven_days_and_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
