/* Prometheus text exposition format 0.0.4. */
#include "base/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Any thread, relaxed: numbers need no order among each other. A histogram being written may show
 * an observation in its sum before it shows it in its buckets. */
struct series {
    _Atomic int64_t value;                           /* counter, gauge; histogram: sum in us */
    _Atomic int64_t buckets[METRIC_MAX_BUCKETS + 1]; /* not cumulated; the last is +Inf */
};

struct metrics {
    const struct metric_definition *definitions;
    size_t count;
    size_t *first; /* place of the first series of each metric */
    struct series *series;
};

static void *need_memory(void *bytes) {
    if (bytes == NULL) {
        abort();
    }
    return bytes;
}

static size_t series_count(const struct metric_definition *definition) {
    return definition->label == NULL ? 1 : definition->label_count;
}

/* Names and label values of the table are literals of ours that need no escapes. */
static bool is_plain_name(const char *text) {
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz_";
    return text[0] != '\0' && strspn(text, LETTERS) > 0 &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}

/* The parts of "role,cause". */
static bool are_plain_names(const char *text) {
    struct str left = str_from_c(text);
    bool is_plain = true;
    while (is_plain && left.len > 0) {
        struct str name;
        char copy[64];
        left = str_split(left, ',', &name);
        (void) snprintf(copy, sizeof copy, "%.*s", STR_ARG(name));
        is_plain = name.len < sizeof copy && is_plain_name(copy);
    }
    return is_plain;
}

static bool is_plain_text(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\') {
            return false;
        }
    }
    return true;
}

static void check(const struct metric_definition *definition) {
    assert(is_plain_name(definition->name) && is_plain_text(definition->help));
    assert((definition->label == NULL) == (definition->label_count == 0));
    assert(definition->label == NULL || are_plain_names(definition->label));
    for (size_t i = 0; i < definition->label_count; i++) {
        assert(is_plain_text(definition->label_values[i]));
    }
    assert((definition->kind == METRIC_HISTOGRAM) == (definition->bucket_count > 0));
    assert(definition->bucket_count <= METRIC_MAX_BUCKETS);
    for (size_t i = 1; i < definition->bucket_count; i++) {
        assert(definition->buckets_us[i - 1] < definition->buckets_us[i]);
    }
}

struct metrics *metrics_new(const struct metric_definition *definitions, size_t count) {
    struct metrics *metrics = need_memory(calloc(1, sizeof *metrics));
    metrics->definitions = definitions;
    metrics->count = count;
    metrics->first = need_memory(calloc(count + 1, sizeof *metrics->first));
    for (size_t i = 0; i < count; i++) {
        check(&definitions[i]);
        metrics->first[i + 1] = metrics->first[i] + series_count(&definitions[i]);
    }
    metrics->series = need_memory(calloc(metrics->first[count] + 1, sizeof *metrics->series));
    return metrics;
}

void metrics_free(struct metrics **metrics) {
    if (*metrics == NULL) {
        return;
    }
    free((*metrics)->series);
    free((*metrics)->first);
    free(*metrics);
    *metrics = NULL;
}

static struct series *find_series(const struct metrics *metrics, size_t metric, size_t value) {
    assert(metric < metrics->count && value < series_count(&metrics->definitions[metric]));
    return &metrics->series[metrics->first[metric] + value];
}

void metric_add_labelled(struct metrics *metrics, size_t metric, size_t value, int64_t number) {
    if (metrics == NULL) {
        return;
    }
    struct series *series = find_series(metrics, metric, value);
    assert(metrics->definitions[metric].kind != METRIC_HISTOGRAM);
    assert(metrics->definitions[metric].kind == METRIC_GAUGE || number >= 0);
    atomic_fetch_add_explicit(&series->value, number, memory_order_relaxed);
}

void metric_set_labelled(struct metrics *metrics, size_t metric, size_t value, int64_t number) {
    if (metrics == NULL) {
        return;
    }
    struct series *series = find_series(metrics, metric, value);
    assert(metrics->definitions[metric].kind == METRIC_GAUGE);
    atomic_store_explicit(&series->value, number, memory_order_relaxed);
}

void metric_observe_labelled(struct metrics *metrics, size_t metric, size_t value, int64_t us) {
    if (metrics == NULL) {
        return;
    }
    struct series *series = find_series(metrics, metric, value);
    const struct metric_definition *definition = &metrics->definitions[metric];
    assert(definition->kind == METRIC_HISTOGRAM);
    const int64_t taken_us = us < 0 ? 0 : us;
    size_t bucket = 0;
    while (bucket < definition->bucket_count && taken_us > definition->buckets_us[bucket]) {
        bucket++;
    }
    atomic_fetch_add_explicit(&series->value, taken_us, memory_order_relaxed);
    atomic_fetch_add_explicit(&series->buckets[bucket], 1, memory_order_relaxed);
}

static int64_t observations(const struct series *series, size_t buckets) {
    int64_t count = 0;
    for (size_t i = 0; i < buckets; i++) {
        count += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
    }
    return count;
}

int64_t metric_value(const struct metrics *metrics, size_t metric, size_t value) {
    if (metrics == NULL) {
        return 0;
    }
    const struct series *series = find_series(metrics, metric, value);
    const struct metric_definition *definition = &metrics->definitions[metric];
    return definition->kind == METRIC_HISTOGRAM
               ? observations(series, definition->bucket_count + 1)
               : atomic_load_explicit(&series->value, memory_order_relaxed);
}

static void put_seconds(struct strbuf *buf, int64_t us) {
    char digits[40];
    int len = snprintf(digits, sizeof digits, "%lld.%06lld", (long long) (us / US_PER_S),
                       (long long) (us % US_PER_S));
    while (digits[len - 1] == '0') {
        len--;
    }
    len -= digits[len - 1] == '.';
    strbuf_add(buf, (struct str){digits, (size_t) len});
}

struct sample {
    const struct metric_definition *definition;
    size_t value;
    const char *suffix; /* "", "_bucket", "_sum", "_count" */
    const char *bound;  /* le of a bucket, or NULL */
};

/* name="value", of each label */
static void put_labels(struct strbuf *buf, struct str names, struct str values) {
    while (names.len > 0) {
        struct str name;
        struct str value;
        names = str_split(names, ',', &name);
        values = str_split(values, ',', &value);
        strbuf_add(buf, name);
        strbuf_add_c(buf, "=\"");
        strbuf_add(buf, value);
        strbuf_add_c(buf, names.len > 0 ? "\"," : "\"");
    }
}

/* name_suffix{label="value",le="bound"} */
static void put_series(struct strbuf *buf, const struct sample *sample) {
    const struct metric_definition *definition = sample->definition;
    const bool has_label = definition->label != NULL;
    strbuf_add_c(buf, definition->name);
    strbuf_add_c(buf, sample->suffix);
    strbuf_add_c(buf, has_label || sample->bound != NULL ? "{" : "");
    if (has_label) {
        put_labels(buf, str_from_c(definition->label),
                   str_from_c(definition->label_values[sample->value]));
        strbuf_add_c(buf, sample->bound != NULL ? "," : "");
    }
    if (sample->bound != NULL) {
        strbuf_add_c(buf, "le=\"");
        strbuf_add_c(buf, sample->bound);
        strbuf_add_c(buf, "\"");
    }
    strbuf_add_c(buf, has_label || sample->bound != NULL ? "} " : " ");
}

static void put_number(struct strbuf *buf, const struct sample *sample, int64_t number) {
    put_series(buf, sample);
    strbuf_add_number(buf, number);
    strbuf_add_byte(buf, '\n');
}

static void put_histogram(struct arena *arena, struct strbuf *buf, struct sample sample,
                          const struct series *series) {
    const struct metric_definition *definition = sample.definition;
    int64_t cumulated = 0;
    sample.suffix = "_bucket";
    for (size_t i = 0; i <= definition->bucket_count; i++) {
        struct strbuf bound = strbuf_begin(arena, 64);
        if (i < definition->bucket_count) {
            put_seconds(&bound, definition->buckets_us[i]);
        } else {
            strbuf_add_c(&bound, "+Inf");
        }
        strbuf_add_byte(&bound, '\0');
        sample.bound = strbuf_str(&bound).at;
        cumulated += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        put_number(buf, &sample, cumulated);
    }
    sample.bound = NULL;
    sample.suffix = "_sum";
    put_series(buf, &sample);
    put_seconds(buf, atomic_load_explicit(&series->value, memory_order_relaxed));
    strbuf_add_byte(buf, '\n');
    sample.suffix = "_count";
    put_number(buf, &sample, cumulated); /* the same as +Inf, whatever came in meanwhile */
}

static void put_metric(struct arena *arena, struct strbuf *buf, const struct metrics *metrics,
                       size_t metric) {
    static const char *const TYPES[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    const struct metric_definition *definition = &metrics->definitions[metric];
    strbuf_add_c(buf, "# HELP ");
    strbuf_add_c(buf, definition->name);
    strbuf_add_byte(buf, ' ');
    strbuf_add_c(buf, definition->help);
    strbuf_add_c(buf, "\n# TYPE ");
    strbuf_add_c(buf, definition->name);
    strbuf_add_byte(buf, ' ');
    strbuf_add_c(buf, TYPES[definition->kind]);
    strbuf_add_byte(buf, '\n');
    for (size_t value = 0; value < series_count(definition); value++) {
        const struct sample sample = {definition, value, "", NULL};
        const struct series *series = find_series(metrics, metric, value);
        if (definition->kind == METRIC_HISTOGRAM) {
            put_histogram(arena, buf, sample, series);
        } else {
            put_number(buf, &sample, atomic_load_explicit(&series->value, memory_order_relaxed));
        }
    }
}

struct str metrics_write(struct arena *arena, const struct metrics *metrics) {
    struct strbuf buf = strbuf_begin(arena, SIZE_MAX / 4);
    for (size_t i = 0; metrics != NULL && i < metrics->count; i++) {
        put_metric(arena, &buf, metrics, i);
    }
    return strbuf_str(&buf);
}
