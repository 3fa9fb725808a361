#include "base/metrics.h"

#include <pthread.h>

#include "tests/support/fixture.h"

enum { LOGINS, SOCKETS, REVOCATION, WAIT, DEATHS, METRIC_COUNT };
enum { PHASE_COMMIT, PHASE_SPREAD, PHASES };

static const char *const PHASE_NAMES[PHASES] = {"commit", "spread"};
static const char *const CAUSES[] = {"verify,crash", "build,timeout"};
static const int64_t BUCKETS_US[] = {5000, 250000, 2000000};

static const struct metric_definition TABLE[METRIC_COUNT] = {
    [LOGINS] = {.name = "logins_total", .help = "Logins.", .kind = METRIC_COUNTER},
    [SOCKETS] = {.name = "sockets",
                 .help = "Open sockets.",
                 .kind = METRIC_GAUGE,
                 .label = "phase",
                 .label_values = PHASE_NAMES,
                 .label_count = PHASES},
    [REVOCATION] = {.name = "revocation_seconds",
                    .help = "Time.",
                    .kind = METRIC_HISTOGRAM,
                    .label = "phase",
                    .label_values = PHASE_NAMES,
                    .label_count = PHASES,
                    .buckets_us = BUCKETS_US,
                    .bucket_count = 3},
    [WAIT] = {.name = "wait_seconds",
              .help = "Wait.",
              .kind = METRIC_HISTOGRAM,
              .buckets_us = BUCKETS_US,
              .bucket_count = 1},
    [DEATHS] = {.name = "deaths_total",
                .help = "Deaths.",
                .kind = METRIC_COUNTER,
                .label = "role,cause",
                .label_values = CAUSES,
                .label_count = 2},
};

static void the_text_is_what_prometheus_reads(void **state) {
    struct fixture *f = *state;
    AUTO(metrics_free) struct metrics *metrics = metrics_new(TABLE, METRIC_COUNT);
    metric_add(metrics, LOGINS, 2);
    metric_add(metrics, LOGINS, 1);
    metric_set_labelled(metrics, SOCKETS, PHASE_SPREAD, 7);
    metric_add_labelled(metrics, SOCKETS, PHASE_SPREAD, -2);
    metric_observe_labelled(metrics, REVOCATION, PHASE_COMMIT, 5000);    /* on the bound */
    metric_observe_labelled(metrics, REVOCATION, PHASE_COMMIT, 5001);    /* behind it */
    metric_observe_labelled(metrics, REVOCATION, PHASE_COMMIT, 2000001); /* behind the last */
    metric_observe(metrics, WAIT, -5);
    metric_add_labelled(metrics, DEATHS, 1, 3);
    assert_str(metrics_write(f->scope.arena, metrics),
               "# HELP logins_total Logins.\n"
               "# TYPE logins_total counter\n"
               "logins_total 3\n"
               "# HELP sockets Open sockets.\n"
               "# TYPE sockets gauge\n"
               "sockets{phase=\"commit\"} 0\n"
               "sockets{phase=\"spread\"} 5\n"
               "# HELP revocation_seconds Time.\n"
               "# TYPE revocation_seconds histogram\n"
               "revocation_seconds_bucket{phase=\"commit\",le=\"0.005\"} 1\n"
               "revocation_seconds_bucket{phase=\"commit\",le=\"0.25\"} 2\n"
               "revocation_seconds_bucket{phase=\"commit\",le=\"2\"} 2\n"
               "revocation_seconds_bucket{phase=\"commit\",le=\"+Inf\"} 3\n"
               "revocation_seconds_sum{phase=\"commit\"} 2.010002\n"
               "revocation_seconds_count{phase=\"commit\"} 3\n"
               "revocation_seconds_bucket{phase=\"spread\",le=\"0.005\"} 0\n"
               "revocation_seconds_bucket{phase=\"spread\",le=\"0.25\"} 0\n"
               "revocation_seconds_bucket{phase=\"spread\",le=\"2\"} 0\n"
               "revocation_seconds_bucket{phase=\"spread\",le=\"+Inf\"} 0\n"
               "revocation_seconds_sum{phase=\"spread\"} 0\n"
               "revocation_seconds_count{phase=\"spread\"} 0\n"
               "# HELP wait_seconds Wait.\n"
               "# TYPE wait_seconds histogram\n"
               "wait_seconds_bucket{le=\"0.005\"} 1\n"
               "wait_seconds_bucket{le=\"+Inf\"} 1\n"
               "wait_seconds_sum 0\n"
               "wait_seconds_count 1\n"
               "# HELP deaths_total Deaths.\n"
               "# TYPE deaths_total counter\n"
               "deaths_total{role=\"verify\",cause=\"crash\"} 0\n"
               "deaths_total{role=\"build\",cause=\"timeout\"} 3\n");
}

static void values_can_be_asked_for(void **state) {
    (void) state;
    AUTO(metrics_free) struct metrics *metrics = metrics_new(TABLE, METRIC_COUNT);
    metric_set_labelled(metrics, SOCKETS, PHASE_COMMIT, 4);
    metric_observe_labelled(metrics, REVOCATION, PHASE_SPREAD, 1);
    metric_observe_labelled(metrics, REVOCATION, PHASE_SPREAD, INT64_C(9000000));
    assert_int_equal(metric_value(metrics, SOCKETS, PHASE_COMMIT), 4);
    assert_int_equal(metric_value(metrics, SOCKETS, PHASE_SPREAD), 0);
    assert_int_equal(metric_value(metrics, REVOCATION, PHASE_SPREAD), 2);
}

static void without_metrics_nothing_happens(void **state) {
    struct fixture *f = *state;
    metric_add(NULL, LOGINS, 1);
    metric_set(NULL, SOCKETS, 1);
    metric_observe(NULL, WAIT, 1);
    assert_int_equal(metric_value(NULL, LOGINS, 0), 0);
    assert_str(metrics_write(f->scope.arena, NULL), "");
    struct metrics *none = NULL;
    metrics_free(&none);
}

enum { COUNTERS = 4, TIMES = 5000 };

static void *count_up(void *metrics) {
    for (int i = 0; i < TIMES; i++) {
        metric_add(metrics, LOGINS, 1);
        metric_observe(metrics, WAIT, i);
    }
    return NULL;
}

static void counting_in_several_threads_loses_nothing(void **state) {
    struct fixture *f = *state;
    AUTO(metrics_free) struct metrics *metrics = metrics_new(TABLE, METRIC_COUNT);
    pthread_t threads[COUNTERS];
    for (size_t i = 0; i < COUNTERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, metrics), 0);
    }
    assert_true(metrics_write(f->scope.arena, metrics).len > 0);
    for (size_t i = 0; i < COUNTERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(metric_value(metrics, LOGINS, 0), COUNTERS * TIMES);
    assert_int_equal(metric_value(metrics, WAIT, 0), COUNTERS * TIMES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_text_is_what_prometheus_reads),
        SENTENCE(values_can_be_asked_for),
        SENTENCE(without_metrics_nothing_happens),
        SENTENCE(counting_in_several_threads_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
