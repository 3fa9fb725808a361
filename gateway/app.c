#include "gateway/app.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/dns.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/http/address_table.h"
#include "gateway/jobs.h"
#include "gateway/metric.h"
#include "gateway/routes.h"
#include "gateway/seal_check_store.h"
#include "identity/oidc/oidc.h"

enum {
    QUEUE_CAPACITY = 4096,
    REVOCATION_CAPACITY = 1024,
    CACHED_PER_SHARD = 100000,
    FD_RESERVE = 512,
    REVOCATION_WORKERS = 2
};

static result bring_up_to_date(struct scope *scope, struct app *app, struct db *db) {
    struct migration_list lists[TABLE_LISTS];
    const size_t count = tables_migrations(lists);
    if (!app->settings->is_auto_migrating) {
        return migrate_check(scope, db, lists, count);
    }
    int applied = 0;
    TRY(migrate_run(scope, db, lists, count, &applied));
    if (applied > 0) {
        log_info(scope, "database.migrated", LOG_COUNT("applied", applied));
    }
    return OK_RESULT;
}

static result start_store(struct scope *scope, struct app *app) {
    TRY(store_open(scope, &app->settings->database, &app->store));
    TRY(store_lock(scope, app->store));
    AUTO(db_close) struct db *db = NULL;
    TRY(db_open(scope, app->store, &db));
    TRY(bring_up_to_date(scope, app, db));
    return seal_check(scope, db, app->settings->seal_key);
}

static result start_contexts(struct scope *scope, struct app *app) {
    const struct serve_settings *settings = app->settings;
    tables_registry(&app->tables);
    app->bus = process_bus_new();
    app->metrics = metrics_new(METRICS, METRIC_COUNT);
    app->env.bus = app->bus;
    TRY(system_dns_new(scope, settings->dns_server, &app->env.dns));
    app->env.http = curl_client_new(&settings->outbound_allowed);
    curl_client_set_timeout(app->env.http, settings->outbound_timeout_us);
    app->env.mail = settings->smtp.url.len > 0 ? smtp_mailer_new(&settings->smtp) : NULL;
    const struct str public_url = str_copy(app->arena, settings->public_url);
    app->messaging = (struct messaging){
        .registry = &app->tables.registry,
        .public_url = public_url,
        .source_url = str_copy(app->arena, settings->source_url),
        .is_signup_open = settings->is_signup_open,
    };
    app->provisioning =
        (struct provisioning){.public_url = public_url, .seal_key = settings->seal_key};
    app->identity = (struct identity){
        .public_url = public_url,
        .is_public_url_https = str_has_prefix(public_url, STR("https://")),
        .seal_key = settings->seal_key,
        .session_idle_us = settings->session_idle_us,
        .session_absolute_us = settings->session_absolute_us,
        .sessions_per_person = settings->sessions_per_person,
        .token_grace_us = settings->token_grace_us,
    };
    struct scope with_clients = {scope->arena, &app->env, NULL};
    const result opened = oidc_new(&with_clients, &app->identity.oidc);
    scope->reason = with_clients.reason;
    return opened;
}

static void start_queues(struct app *app) {
    app->database_queue = queue_new(QUEUE_CAPACITY, REVOCATION_CAPACITY);
    app->cpu_queue = queue_new(QUEUE_CAPACITY / 16, 1);
    app->outbound_queue = queue_new(QUEUE_CAPACITY / 16, 1);
    app->saml_queue = queue_new_shared(QUEUE_CAPACITY / 16, gateway_saml_workers(app->settings));
    app->pools.lanes[RUN_DATABASE] = app->database_queue;
    app->pools.lanes[RUN_REVOKING] = app->database_queue;
    app->pools.lanes[RUN_CPU] = app->cpu_queue;
    app->pools.lanes[RUN_OUTBOUND] = app->outbound_queue;
    app->pools.lanes[RUN_SAML] = app->saml_queue;
}

static void start_follower(struct app *app) {
    const struct follower_settings settings = {
        .bound_us = app->settings->bound_us,
        .has_dead_man = app->settings->has_dead_man,
        .env = &app->env,
        .store = app->store,
        .metrics = app->metrics,
        .messaging = &app->messaging,
        .receipts = app->database_queue,
    };
    app->follower = follower_new(&settings);
    app->messaging.instance = follower_instance(app->follower);
}

static size_t connections_per_shard(const struct app *app) {
    struct rlimit files = {0, 0};
    (void) getrlimit(RLIMIT_NOFILE, &files);
    const size_t room =
        files.rlim_cur > 2 * FD_RESERVE ? (size_t) files.rlim_cur - FD_RESERVE : FD_RESERVE;
    const size_t wanted = app->settings->max_connections;
    return (wanted < room ? wanted : room) / app->shard_count;
}

static result start_loop(struct scope *scope, struct app *app, size_t number) {
    const struct serve_settings *settings = app->settings;
    struct http_loop_settings loop = {
        .env = &app->env,
        .limits = {.max_connections = connections_per_shard(app),
                   .header_timeout_us = settings->header_timeout_us,
                   .request_timeout_us = settings->request_timeout_us,
                   .keep_alive_us = settings->header_timeout_us + S_TO_US(30)},
        .addresses = app->addresses,
        .trusted_proxies = &settings->trusted_proxies,
        .public_url = app->messaging.public_url,
        .metrics = app->metrics,
        .stop = &app->stop,
        .drained = &app->drained,
        .end = &app->end,
    };
    TRY(http_listen(scope, settings->listen, &loop.listener));
    return http_loop_new(scope, &loop, &app->shards[number].loop);
}

static result start_shard(struct scope *scope, struct app *app, size_t number) {
    TRY(start_loop(scope, app, number));
    const struct shard_settings settings = {
        .number = (unsigned) number,
        .bound_us = app->settings->bound_us,
        .max_cached = CACHED_PER_SHARD,
        .max_sockets_per_user = app->settings->max_sockets_per_user,
        .env = &app->env,
        .pools = &app->pools,
        .follower = app->follower,
        .transport = http_loop_transport(app->shards[number].loop),
        .metrics = app->metrics,
        .routes = &ROUTES,
        .rate_per_minute = {[RATE_DEFAULT] = DEFAULT_PER_MINUTE,
                            [RATE_SIGN_IN] = SIGN_IN_PER_MINUTE,
                            [RATE_SCIM] = SCIM_PER_MINUTE},
        .messaging = &app->messaging,
        .identity = &app->identity,
        .provisioning = &app->provisioning,
    };
    app->shards[number].shard = shard_new(&settings);
    http_loop_attach(app->shards[number].loop, app->shards[number].shard);
    return OK_RESULT;
}

static result start_shards(struct scope *scope, struct app *app) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const unsigned wanted = app->settings->shards > 0 ? app->settings->shards
                            : cores > 0               ? (unsigned) cores
                                                      : 1;
    app->shard_count = wanted < MAX_SHARDS ? wanted : MAX_SHARDS;
    app->addresses = address_table_new(app->settings->max_connections + MAX_SHARDS,
                                       app->settings->max_connections_per_address);
    struct shard *shards[MAX_SHARDS];
    for (size_t i = 0; i < app->shard_count; i++) {
        TRY(start_shard(scope, app, i));
        shards[i] = app->shards[i].shard;
    }
    follower_set_shards(app->follower, shards, app->shard_count);
    return OK_RESULT;
}

static void *run_follower(void *self) {
    struct app *app = self;
    while (!atomic_load(&app->follower_stop) || !follower_leave(app->follower)) {
        struct follower_wait wait = {.fd = -1};
        follower_step(app->follower, &wait);
        const int64_t left_us = wait.until_boot_us - clock_boot_us(app->env.clock);
        const int64_t left_ms = left_us <= 0 ? 0 : (left_us + US_PER_MS - 1) / US_PER_MS;
        struct pollfd waits[] = {
            {mailbox_fd(follower_mailbox(app->follower)), POLLIN, 0},
            {wait.fd, wait.events, 0}, /* poll ignores -1 */
        };
        (void) poll(waits, 2, left_ms > 1000 ? 1000 : (int) left_ms);
    }
    return NULL;
}

static void *run_loop(void *self) {
    http_loop_run(self);
    return NULL;
}

static void *run_worker(void *self) {
    while (worker_step(self)) {
    }
    return NULL;
}

static void *run_jobs(void *self) {
    struct app_runner *runner = self;
    jobs_run(runner->app, &runner->app->runner_stop);
    return NULL;
}

static result start_thread(struct scope *scope, pthread_t *thread, bool *is_running,
                           void *(*run)(void *), void *self) {
    REQUIRE(scope, pthread_create(thread, NULL, run, self) == 0, UNAVAILABLE, "serve.thread");
    *is_running = true;
    return OK_RESULT;
}

static result start_workers(struct scope *scope, struct app *app, struct queue *queue,
                            unsigned count, unsigned only_revocations) {
    for (unsigned i = 0; i < count && app->worker_count < MAX_WORKERS; i++) {
        struct app_worker *slot = &app->workers[app->worker_count++];
        const struct worker_settings settings = {
            .env = &app->env,
            .store = app->store,
            .queue = queue,
            .only_revocations = i < only_revocations,
            .follower = app->follower,
            .messaging = &app->messaging,
            .identity = &app->identity,
            .provisioning = &app->provisioning,
            .metrics = app->metrics,
        };
        slot->queue = queue;
        slot->worker = worker_new(&settings);
        TRY(start_thread(scope, &slot->thread, &slot->is_running, run_worker, slot->worker));
    }
    return OK_RESULT;
}

static result start_threads(struct scope *scope, struct app *app) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    TRY(start_thread(scope, &app->follower_thread, &app->is_follower_running, run_follower, app));
    TRY(start_workers(scope, app, app->database_queue,
                      app->settings->database_workers + REVOCATION_WORKERS, REVOCATION_WORKERS));
    TRY(start_workers(scope, app, app->outbound_queue, app->settings->outbound_workers, 0));
    TRY(start_workers(scope, app, app->saml_queue, gateway_saml_workers(app->settings), 0));
    TRY(start_workers(scope, app, app->cpu_queue, cores > 0 ? (unsigned) cores : 1, 0));
    for (size_t i = 0; i < app->shard_count; i++) {
        struct app_shard *shard = &app->shards[i];
        TRY(start_thread(scope, &shard->thread, &shard->is_running, run_loop, shard->loop));
    }
    for (size_t i = 0; i < JOB_RUNNERS; i++) {
        struct app_runner *runner = &app->runners[i];
        runner->app = app;
        TRY(start_thread(scope, &runner->thread, &runner->is_running, run_jobs, runner));
    }
    return OK_RESULT;
}

static bool app_is_ready(void *self, struct json_out *reasons) {
    struct app *app = self;
    const char *reason = follower_not_ready_reason(app->follower);
    if (atomic_load(&app->stop)) {
        reason = "stopping";
    }
    if (reason != NULL) {
        json_out_string(reasons, str_from_c(reason));
    }
    return reason == NULL;
}

static struct str app_metrics(void *self, struct arena *arena) {
    struct app *app = self;
    metric_set(app->metrics, METRIC_QUEUE_DEPTH,
               (int64_t) queue_depth(app->database_queue, QUEUE_NORMAL));
    metric_set(app->metrics, METRIC_QUEUE_DEPTH_REVOCATION,
               (int64_t) queue_depth(app->database_queue, QUEUE_REVOCATION));
    gateway_saml_measure(&app->saml);
    return metrics_write(arena, app->metrics);
}

static result start_ops(struct scope *scope, struct app *app) {
    const struct ops_settings settings = {
        .env = &app->env,
        .listen = app->settings->ops_listen,
        .self = app,
        .is_ready = app_is_ready,
        .metrics = app_metrics,
    };
    return ops_start(scope, &settings, &app->ops);
}

static result start_all(struct scope *scope, struct app *app) {
    TRY(start_store(scope, app));
    TRY(start_contexts(scope, app));
    TRY(gateway_saml_start(scope, app, &app->saml));
    start_queues(app);
    start_follower(app);
    TRY(start_shards(scope, app));
    TRY(start_ops(scope, app));
    return start_threads(scope, app);
}

result app_start(struct scope *scope, const struct serve_settings *settings, struct app **ret) {
    struct app *app = calloc(1, sizeof *app);
    if (app == NULL) {
        abort();
    }
    app->settings = settings;
    app->arena = arena_new();
    app->env = *scope->env;
    (void) sem_init(&app->drained, 0, 0);
    const result started = start_all(scope, app);
    if (!is_ok(started)) {
        app_stop(&app);
        return started;
    }
    *ret = app;
    return OK_RESULT;
}

static void join(pthread_t thread, bool *is_running) {
    if (*is_running) {
        (void) pthread_join(thread, NULL);
        *is_running = false;
    }
}

static void stop_workers(struct app *app) {
    struct queue *const queues[] = {app->database_queue, app->cpu_queue, app->outbound_queue,
                                    app->saml_queue};
    for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++) {
        if (queues[i] != NULL) {
            queue_close(queues[i]);
        }
    }
    for (size_t i = 0; i < app->worker_count; i++) {
        join(app->workers[i].thread, &app->workers[i].is_running);
        worker_free(&app->workers[i].worker);
    }
}

static void stop_shards(struct app *app) {
    atomic_store(&app->end, true);
    for (size_t i = 0; i < app->shard_count; i++) {
        join(app->shards[i].thread, &app->shards[i].is_running);
        if (app->shards[i].shard != NULL) {
            (void) shard_step(app->shards[i].shard); /* letters that came in behind its last pass */
        }
    }
    if (app->follower != NULL) {
        follower_dismiss(app->follower);
    }
}

/* Shards drain while workers and the follower still finish what they wait for; a drained shard goes
 * on applying revocations until the follower has left, or the dead man would strike. The workers
 * end last: they write the receipts of the last barriers. */
static void stop_threads(struct app *app) {
    atomic_store(&app->stop, true);
    for (size_t i = 0; i < app->shard_count; i++) {
        if (!app->shards[i].is_running && app->shards[i].shard != NULL) {
            (void) shard_drain(app->shards[i].shard); /* it never ran: nothing is there */
        }
        while (app->shards[i].is_running && sem_wait(&app->drained) != 0) {
        }
    }
    atomic_store(&app->runner_stop, true);
    for (size_t i = 0; i < JOB_RUNNERS; i++) {
        join(app->runners[i].thread, &app->runners[i].is_running);
    }
    atomic_store(&app->follower_stop, true);
    join(app->follower_thread, &app->is_follower_running);
    stop_shards(app);
    stop_workers(app);
}

void app_stop(struct app **handle) {
    struct app *app = *handle;
    if (app == NULL) {
        return;
    }
    stop_threads(app);
    ops_stop(&app->ops);
    for (size_t i = 0; i < app->shard_count; i++) {
        http_loop_free(&app->shards[i].loop);
    }
    follower_free(&app->follower);
    for (size_t i = 0; i < app->shard_count; i++) {
        shard_free(&app->shards[i].shard);
    }
    queue_free(&app->database_queue);
    queue_free(&app->cpu_queue);
    queue_free(&app->outbound_queue);
    queue_free(&app->saml_queue);
    address_table_free(&app->addresses);
    gateway_saml_stop(&app->saml);
    oidc_free(&app->identity.oidc);
    curl_client_free(&app->env.http);
    system_dns_free(&app->env.dns);
    smtp_mailer_free(&app->env.mail);
    process_bus_free(&app->bus);
    metrics_free(&app->metrics);
    store_close(&app->store);
    arena_end(&app->arena);
    (void) sem_destroy(&app->drained);
    free(app);
    *handle = NULL;
}
