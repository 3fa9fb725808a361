/* What the doctor says about providers, out of what is stored. */

#include "gateway/doctor_saml.h"

#include "identity/saml/saml_refresh.h"
#include "tests/identity/saml_idp_stub.h"

#define GOOD "https://idp.example|https://idp.example/sso|key1:400"

static struct doctor_findings look(struct idp_world *w) {
    static struct doctor_findings findings;
    struct connection connection = {.org_id = w->company.org.id, .id = w->connection_id};
    assert_ok(doctor_saml(&w->d->fixture.scope, w->d->db, &connection, STR("acme"), &findings));
    return findings;
}

static bool says(const struct doctor_findings *findings, const char *words) {
    for (size_t i = 0; i < findings->count; i++) {
        if (!findings->findings[i].is_good &&
            str_find(str_from_c(findings->findings[i].advice), str_from_c(words)) >= 0) {
            return true;
        }
    }
    return false;
}

static void a_provider_in_order_is_one_good_line(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    const struct doctor_findings findings = look(w);
    assert_int_equal(findings.count, 1);
    assert_true(findings.findings[0].is_good);
}

static void certificates_are_named_thirty_days_before(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    fake_clock_advance(&w->d->fixture.time, S_TO_US(369 * 86400));
    struct doctor_findings findings = look(w);
    assert_true(findings.findings[0].is_good);
    fake_clock_advance(&w->d->fixture.time, S_TO_US(2 * 86400));
    findings = look(w);
    assert_int_equal(findings.count, 1);
    assert_true(says(&findings, "expires soon"));
    fake_clock_advance(&w->d->fixture.time, S_TO_US(40 * 86400));
    findings = look(w);
    assert_true(says(&findings, "has expired"));
}

static void a_change_that_waits_and_an_address_that_fails_are_said(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD "|1000000");
    w->idp.body = "https://idp.example|https://idp.example/new|key1:400|1000000";
    idp_refresh_when_due(w);
    struct doctor_findings findings = look(w);
    assert_true(says(&findings, "must look and accept"));
    assert_false(says(&findings, "more than a day"));
    w->idp.status = 500;
    idp_refresh_when_due(w);
    fake_clock_advance(&w->d->fixture.time, S_TO_US(2 * 86400));
    findings = look(w);
    assert_true(says(&findings, "more than a day"));
    fake_clock_advance(&w->d->fixture.time, S_TO_US(12 * 86400));
    findings = look(w);
    assert_true(says(&findings, "nobody can sign in"));
}

static void a_connection_without_metadata_is_said(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    w->connection_id = STR("01900000-0000-7000-8000-000000000000");
    const struct doctor_findings findings = look(w);
    assert_true(says(&findings, "is missing"));
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_SQLITE(a_provider_in_order_is_one_good_line),
        ON_SQLITE(certificates_are_named_thirty_days_before),
        ON_SQLITE(a_change_that_waits_and_an_address_that_fails_are_said),
        ON_SQLITE(a_connection_without_metadata_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
