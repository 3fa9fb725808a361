#pragma once
/* Everything of one server process and who owns it: made in app_start's order, ended in the reverse
 * order by app_stop. */

#include <pthread.h>
#include <stdatomic.h>

#include "base/bus.h"
#include "base/env.h"
#include "base/metrics.h"
#include "base/queue.h"
#include "gateway/follower.h"
#include "gateway/http/loop.h"
#include "gateway/http/ops.h"
#include "gateway/saml.h"
#include "gateway/serve.h"
#include "gateway/tables.h"
#include "gateway/worker.h"
#include "identity/identity.h"
#include "provisioning/provisioning.h"

enum { MAX_SHARDS = 64, MAX_WORKERS = 384, JOB_RUNNERS = 2 };

struct app_shard {
    struct shard *shard;
    struct http_loop *loop;
    pthread_t thread;
    bool is_running;
};

struct app_worker {
    struct worker *worker;
    struct queue *queue;
    pthread_t thread;
    bool is_running;
};

struct app_runner {
    struct app *app;
    pthread_t thread;
    bool is_running;
};

struct app {
    const struct serve_settings *settings;
    struct env env;
    struct arena *arena; /* lives as long as the process: texts of the contexts */
    struct store *store;
    struct bus *bus;
    struct metrics *metrics;
    struct table_storage tables;
    struct messaging messaging;
    struct identity identity;
    struct gateway_saml saml;
    struct provisioning provisioning;
    struct queue *database_queue, *cpu_queue, *outbound_queue, *saml_queue;
    struct pools pools;
    struct address_table *addresses;
    struct follower *follower;
    pthread_t follower_thread;
    bool is_follower_running;
    size_t shard_count, worker_count;
    struct app_shard shards[MAX_SHARDS];
    struct app_worker workers[MAX_WORKERS];
    struct app_runner runners[JOB_RUNNERS];
    struct ops *ops;
    atomic_bool stop, follower_stop, runner_stop, end;
    sem_t drained; /* posted by each loop */
};

/* On failure everything that was started is stopped again. */
RESULT app_start(struct scope *scope, const struct serve_settings *settings, struct app **ret);
/* Drains: requests under way are answered, sockets closed with 1012, then threads and stores end.
 */
void app_stop(struct app **handle);
