#pragma once
/* Counters, gauges and histograms of one process, described by a const table of their owner and
 * written as Prometheus text. Label values come from the table only: no data of a request, and no
 * growing number of series. Any thread may count; every function accepts NULL metrics. */

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

enum metric_kind {
    METRIC_COUNTER,  /* only grows; its name ends in _total */
    METRIC_GAUGE,    /* is set */
    METRIC_HISTOGRAM /* of durations: observed in microseconds, written in seconds */
};

enum { METRIC_MAX_BUCKETS = 20 };

struct metric_definition {
    const char *name; /* "gatehouse_revocation_seconds" */
    const char *help;
    enum metric_kind kind;
    /* NULL: none, and one series. Several are written "role,cause", each value "verify,crash". */
    const char *label;
    const char *const *label_values;
    size_t label_count;
    const int64_t *buckets_us; /* upper bounds, ascending; +Inf is added */
    size_t bucket_count;
};

struct metrics;

/* The table stays where it is; metrics are addressed by their place in it. A wrong table is an
 * assertion. */
struct metrics *metrics_new(const struct metric_definition *definitions, size_t count);
void metrics_free(struct metrics **metrics);

/* `value` is the place in label_values; 0 without a label. */
void metric_add_labelled(struct metrics *metrics, size_t metric, size_t value, int64_t number);
void metric_set_labelled(struct metrics *metrics, size_t metric, size_t value, int64_t number);
void metric_observe_labelled(struct metrics *metrics, size_t metric, size_t value, int64_t us);

static inline void metric_add(struct metrics *metrics, size_t metric, int64_t number) {
    metric_add_labelled(metrics, metric, 0, number);
}

static inline void metric_set(struct metrics *metrics, size_t metric, int64_t number) {
    metric_set_labelled(metrics, metric, 0, number);
}

static inline void metric_observe(struct metrics *metrics, size_t metric, int64_t us) {
    metric_observe_labelled(metrics, metric, 0, us);
}

/* For tests and health checks: the counter or gauge; of a histogram the number of observations. */
int64_t metric_value(const struct metrics *metrics, size_t metric, size_t value);

/* Content-Type of metrics_write. */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
struct str metrics_write(struct arena *arena, const struct metrics *metrics);
