/* What a job runner looks after between jobs. */

#include "gateway/watch.h"

#include "gateway/metric.h"
#include "tests/identity/saml_idp_stub.h"

#define GOOD "https://idp.example|https://idp.example/sso|key1:400"

enum { PROVIDER, OWN, NOTHING_S = 315360000, REFRESH_S = 86400 };

static void close_metrics(struct metrics **metrics) {
    metrics_free(metrics);
}

static int64_t jobs(struct idp_world *w) {
    return number_of(w->d, "SELECT count(*) FROM job WHERE org_id = $1 AND kind = $2",
                     w->company.org.id, STR("saml.refresh"));
}

static void pass(struct idp_world *w, int64_t seconds) {
    fake_clock_advance(&w->d->fixture.time, S_TO_US(seconds));
}

static void what_is_due_becomes_a_job_within_seconds(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    struct watch watch = {.has_started = false};
    watch_step(scope, w->d->db, NULL, &watch);
    assert_int_equal(jobs(w), 0);
    pass(w, REFRESH_S);
    watch_step(scope, w->d->db, NULL, &watch);
    assert_int_equal(jobs(w), 1);
    watch_step(scope, w->d->db, NULL, &watch);
    pass(w, SCHEDULE_EVERY_S);
    watch_step(scope, w->d->db, NULL, &watch);
    assert_int_equal(jobs(w), 1); /* somebody is at it */
}

static void the_metric_has_one_number_for_each_kind(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    struct watch watch = {.has_started = false};
    AUTO(close_metrics) struct metrics *metrics = metrics_new(METRICS, METRIC_COUNT);
    watch_step(scope, w->d->db, metrics, &watch);
    assert_int_equal(metric_value(metrics, METRIC_CERTIFICATE_EXPIRY, PROVIDER), 400 * 86400);
    assert_int_equal(metric_value(metrics, METRIC_CERTIFICATE_EXPIRY, OWN), NOTHING_S);
    pass(w, CERTIFICATES_EVERY_S - 1);
    watch_step(scope, w->d->db, metrics, &watch);
    assert_int_equal(metric_value(metrics, METRIC_CERTIFICATE_EXPIRY, PROVIDER), 400 * 86400);
    pass(w, 1);
    watch_step(scope, w->d->db, metrics, &watch);
    assert_int_equal(metric_value(metrics, METRIC_CERTIFICATE_EXPIRY, PROVIDER),
                     400 * 86400 - 3600);
    const struct str text = metrics_write(scope->arena, metrics);
    assert_true(str_find(text, STR("gatehouse_certificate_expiry_seconds{owner=\"provider\"}")) >=
                0);
    assert_true(str_find(text, w->company.org.id) < 0);
    assert_true(str_find(text, w->connection_id) < 0);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(what_is_due_becomes_a_job_within_seconds),
        ON_SQLITE(the_metric_has_one_number_for_each_kind),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
