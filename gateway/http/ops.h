#pragma once
/* The operators' listener, on loopback by default: GET /live, /ready, /metrics. A thread of its
 * own, so that it answers when every shard is busy. */

#include "base/json.h"

struct ops;

struct ops_settings {
    const struct env *env;
    struct str listen; /* "127.0.0.1:8081" */
    void *self;
    /* Writes the reasons why not as strings into an open array; true: ready. Any thread. */
    bool (*is_ready)(void *self, struct json_out *reasons);
    /* Prometheus text. Any thread. */
    struct str (*metrics)(void *self, struct arena *arena);
};

/* UNAVAILABLE "ops.listen". */
RESULT ops_start(struct scope *scope, const struct ops_settings *settings, struct ops **ret);
void ops_stop(struct ops **ops);
