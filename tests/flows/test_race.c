/* Real threads: 16 writers deactivate 400 people of two organisations through workers, shards and
 * follower. Every 2xx must be true at the moment it is given, and nobody else may be touched. Label
 * `threads`: also run under the thread sanitizer. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/metric.h"
#include "tests/flows/flow_main.h"
#include "tests/flows/world.h"
#include "tests/flows/world_routes.h"

enum { SHARDS = 2, WRITERS = 16, LEAVERS = 200, STAYERS = 20, ORGS = 2 };

/* A person with a session and a live connection on each shard. */
struct member {
    struct person person;
    bool is_leaver;
    _Atomic(int) open;           /* sockets; shard threads write */
    _Atomic(int) close_code;     /* of the last one that was closed */
    _Atomic(int) after;          /* frames and answers after the 2xx */
    _Atomic(bool) is_out;        /* the 2xx was given */
    _Atomic(int) is_cached_dead; /* shards that refuse the session afterwards */
};

enum errand { ERRAND_CONNECT, ERRAND_DEACTIVATE, ERRAND_PROBE };

/* What a shard thread is asked to begin; answered by its transport. */
struct job {
    struct job *next;
    enum errand errand;
    struct member *member;
    const struct person *admin;
    _Atomic(int) status; /* 0: not yet */
};

struct race;

struct race_shard {
    struct transport transport; /* first */
    struct race *race;
    struct shard *shard;
    pthread_t thread;
    pthread_mutex_t mutex;
    struct job *jobs;
    int wake[2];
};

struct race {
    struct world *w;
    struct env env;
    struct queue *queue;
    struct pools pools;
    struct messaging messaging;
    struct follower *follower;
    struct metrics *metrics;
    struct race_shard shards[SHARDS];
    pthread_t follower_thread, worker_threads[WRITERS];
    struct worker *workers[WRITERS];
    _Atomic(bool) stop, follower_stop;
    struct member members[ORGS][LEAVERS + STAYERS];
    struct person admins[ORGS];
    _Atomic(size_t) next_leaver;
};

static void take_answer(struct transport *transport, struct exchange *exchange) {
    struct race_shard *own = (struct race_shard *) (void *) transport;
    struct job *job = exchange->transport_data;
    int status = exchange->response.status;
    if (exchange->socket != NULL) {
        struct live_socket *socket = exchange->socket;
        socket->io = job->member;
        atomic_fetch_add(&job->member->open, 1);
        status = 101;
        (void) shard_socket_adopt(own->shard, socket);
    }
    shard_exchange_free(&exchange);
    atomic_store(&job->status, status);
}

static void take_frames(struct transport *transport, struct live_socket *socket) {
    struct race_shard *own = (struct race_shard *) (void *) transport;
    struct member *member = socket->io;
    while (socket->queue_count > 0) {
        if (atomic_load(&member->is_out)) {
            atomic_fetch_add(&member->after, 1);
        }
        shard_socket_sent(own->shard, socket, socket->queue[socket->queue_first]->len);
    }
}

static void take_cut(struct transport *transport, struct live_socket *socket, uint16_t code,
                     struct str reason) {
    (void) transport;
    (void) reason;
    struct member *member = socket->io;
    if (member != NULL) {
        atomic_store(&member->close_code, code);
        atomic_fetch_sub(&member->open, 1);
        socket->io = NULL;
    }
}

static void add_header(struct http_request *request, const char *name, struct str value) {
    request->headers[request->header_count++] = (struct http_header){str_from_c(name), value};
}

static void begin(struct race_shard *own, struct job *job) {
    const struct person *who = job->errand == ERRAND_DEACTIVATE ? job->admin : &job->member->person;
    struct exchange *exchange = shard_exchange_new(own->shard);
    struct http_request *request = &exchange->request;
    exchange->transport_data = job;
    request->method = job->errand == ERRAND_DEACTIVATE ? HTTP_POST : HTTP_GET;
    request->request_id = STR("request-1");
    request->client_address = STR("127.0.0.1");
    request->received_us = clock_now_us(own->race->env.clock);
    add_header(request, "Cookie", who->cookie);
    add_header(request, "X-Gatehouse-Csrf", who->csrf);
    switch (job->errand) {
    case ERRAND_CONNECT:
        request->path = STR("/live");
        exchange->wants_upgrade = true;
        break;
    case ERRAND_DEACTIVATE:
        request->path = str_format(exchange->arena, "/users/%.*s/deactivate",
                                   STR_ARG(job->member->person.user.id));
        break;
    case ERRAND_PROBE: request->path = STR("/me"); break;
    }
    if (!shard_exchange_admit(own->shard, exchange)) {
        atomic_store(&job->status, exchange->response.status);
        shard_exchange_free(&exchange);
        return;
    }
    shard_exchange_begin(own->shard, exchange);
}

static void begin_jobs(struct race_shard *own) {
    (void) pthread_mutex_lock(&own->mutex);
    struct job *job = own->jobs;
    own->jobs = NULL;
    (void) pthread_mutex_unlock(&own->mutex);
    while (job != NULL) {
        struct job *next = job->next; /* once begun it may be over */
        begin(own, job);
        job = next;
    }
}

static void *run_shard(void *self) {
    struct race_shard *own = self;
    bool has_more = false;
    while (!atomic_load(&own->race->stop) || !shard_drain(own->shard)) {
        struct pollfd waits[] = {{mailbox_fd(shard_mailbox(own->shard)), POLLIN, 0},
                                 {own->wake[0], POLLIN, 0}};
        (void) poll(waits, 2, has_more ? 0 : 20);
        if ((waits[1].revents & POLLIN) != 0) {
            char bytes[64];
            (void) !read(own->wake[0], bytes, sizeof bytes);
        }
        has_more = shard_step(own->shard);
        begin_jobs(own);
    }
    return NULL;
}

static void *run_follower(void *self) {
    struct race *race = self;
    while (!atomic_load(&race->follower_stop) || !follower_leave(race->follower)) {
        struct follower_wait wait = {.fd = -1};
        follower_step(race->follower, &wait);
        const int64_t left_us = wait.until_boot_us - clock_boot_us(race->env.clock);
        struct pollfd waits[] = {{mailbox_fd(follower_mailbox(race->follower)), POLLIN, 0},
                                 {wait.fd, wait.events, 0}};
        (void) poll(waits, 2, left_us <= 0 ? 0 : left_us > 20000 ? 20 : (int) (left_us / 1000) + 1);
    }
    return NULL;
}

static void *run_worker(void *self) {
    while (worker_step(self)) {
    }
    return NULL;
}

static void post(struct race_shard *shard, struct job *job) {
    (void) pthread_mutex_lock(&shard->mutex);
    job->next = shard->jobs;
    shard->jobs = job;
    (void) pthread_mutex_unlock(&shard->mutex);
    (void) !write(shard->wake[1], "!", 1);
}

static int status_of(struct race_shard *shard, struct job *job) {
    post(shard, job);
    while (atomic_load(&job->status) == 0) {
        (void) usleep(200);
    }
    return atomic_load(&job->status);
}

static int run_job(struct race *race, unsigned shard, enum errand errand, struct member *member,
                   const struct person *admin) {
    struct job job = {.errand = errand, .member = member, .admin = admin};
    return status_of(&race->shards[shard], &job);
}

/* 503 says that the shard is fenced or busy: nothing was promised, so it is asked again. */
static int persistently(struct race *race, unsigned shard, enum errand errand,
                        struct member *member, const struct person *admin) {
    int status = 503;
    for (int i = 0; status == 503 && i < 200; i++) {
        status = run_job(race, shard, errand, member, admin);
        if (status == 503) {
            (void) usleep(10000);
        }
    }
    return status;
}

static void deactivate_one(struct race *race, struct member *member, const struct person *admin,
                           unsigned shard) {
    const int status = persistently(race, shard, ERRAND_DEACTIVATE, member, admin);
    if (status != 200) {
        atomic_store(&member->close_code, -status);
        return;
    }
    /* The promise, looked at the moment it is given. */
    atomic_store(&member->is_out, true);
    if (atomic_load(&member->open) != 0) {
        atomic_fetch_add(&member->after, 1000);
    }
    for (unsigned i = 0; i < SHARDS; i++) {
        const int probe = run_job(race, i, ERRAND_PROBE, member, NULL);
        atomic_fetch_add(&member->is_cached_dead, probe == 401 || probe == 503 ? 1 : 0);
    }
}

static void *run_writer(void *self) {
    struct race *race = self;
    for (;;) {
        const size_t turn = atomic_fetch_add(&race->next_leaver, 1);
        if (turn >= (size_t) LEAVERS * ORGS) {
            return NULL;
        }
        const size_t org = turn % ORGS;
        deactivate_one(race, &race->members[org][turn / ORGS], &race->admins[org],
                       (unsigned) (turn % SHARDS));
    }
}

static void start_shard(struct race *race, unsigned number) {
    struct race_shard *own = &race->shards[number];
    own->transport = (struct transport){take_answer, take_frames, take_cut, NULL};
    own->race = race;
    (void) pthread_mutex_init(&own->mutex, NULL);
    assert_int_equal(pipe(own->wake), 0);
    const struct shard_settings settings = {
        .number = number,
        .bound_us = race->w->bound_us,
        .max_cached = 10000,
        .max_sockets_per_user = 4,
        .env = &race->env,
        .pools = &race->pools,
        .follower = race->follower,
        .transport = &own->transport,
        .metrics = race->metrics,
        .routes = &WORLD_ROUTES,
        .messaging = &race->messaging,
        .identity = &race->w->identity,
    };
    own->shard = shard_new(&settings);
}

static void start_threads(struct race *race) {
    assert_int_equal(pthread_create(&race->follower_thread, NULL, run_follower, race), 0);
    for (size_t i = 0; i < WRITERS; i++) {
        const struct worker_settings settings = {
            .env = &race->env,
            .store = race->w->d->store,
            .queue = race->queue,
            .only_revocations = i < 2,
            .follower = race->follower,
            .messaging = &race->messaging,
            .identity = &race->w->identity,
            .metrics = race->metrics,
        };
        race->workers[i] = worker_new(&settings);
        assert_int_equal(
            pthread_create(&race->worker_threads[i], NULL, run_worker, race->workers[i]), 0);
    }
    for (size_t i = 0; i < SHARDS; i++) {
        assert_int_equal(pthread_create(&race->shards[i].thread, NULL, run_shard, &race->shards[i]),
                         0);
    }
}

static struct race *race_open(void **state) {
    struct race *race = calloc(1, sizeof *race);
    assert_non_null(race);
    race->w = world_open(state, 0, 0);
    /* Sessions were made by the fixture's clock; the real one must be within their time. */
    race->env = race->w->fixture->env;
    race->env.clock = system_clock();
    race->env.random = system_random();
    race->env.bus = process_bus_new();
    race->queue = queue_new(1024, 1024);
    race->metrics = metrics_new(METRICS, METRIC_COUNT);
    for (size_t i = RUN_DATABASE; i < ROUTE_LANE_COUNT; i++) {
        race->pools.lanes[i] = race->queue;
    }
    const struct follower_settings follower = {
        .bound_us = race->w->bound_us,
        .has_dead_man = false, /* a sanitizer may stop the world for longer */
        .env = &race->env,
        .store = race->w->d->store,
        .metrics = race->metrics,
        .receipts = race->queue,
    };
    race->follower = follower_new(&follower);
    race->messaging = (struct messaging){.registry = &race->w->registry,
                                         .instance = follower_instance(race->follower)};
    struct shard *shards[SHARDS];
    for (unsigned i = 0; i < SHARDS; i++) {
        start_shard(race, i);
        shards[i] = race->shards[i].shard;
    }
    follower_set_shards(race->follower, shards, SHARDS);
    return race;
}

static void race_people(struct race *race) {
    struct world *w = race->w;
    w->fixture->time.now_us = clock_now_us(system_clock());
    for (size_t org = 0; org < ORGS; org++) {
        const struct company *company = org == 0 ? &w->acme : &w->other;
        race->admins[org] = given_boss(w, company);
        for (size_t i = 0; i < LEAVERS + STAYERS; i++) {
            const struct str name = str_format(w->scope->arena, "person-%zu", i);
            struct member *member = &race->members[org][i];
            member->person = given_person(w, company, name.at, ROLE_MEMBER);
            member->is_leaver = i < LEAVERS;
        }
    }
}

static void race_connect(struct race *race) {
    while (!follower_is_ready(race->follower)) {
        (void) usleep(1000);
    }
    for (size_t org = 0; org < ORGS; org++) {
        for (size_t i = 0; i < LEAVERS + STAYERS; i++) {
            for (unsigned shard = 0; shard < SHARDS; shard++) {
                const int status =
                    persistently(race, shard, ERRAND_CONNECT, &race->members[org][i], NULL);
                assert_int_equal(status, 101);
            }
        }
    }
}

static void race_run(struct race *race) {
    pthread_t writers[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&writers[i], NULL, run_writer, race), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    }
}

static void race_close(struct race *race) {
    atomic_store(&race->stop, true);
    for (size_t i = 0; i < SHARDS; i++) {
        (void) pthread_join(race->shards[i].thread, NULL);
    }
    atomic_store(&race->follower_stop, true);
    (void) pthread_join(race->follower_thread, NULL);
    queue_close(race->queue);
    for (size_t i = 0; i < WRITERS; i++) {
        (void) pthread_join(race->worker_threads[i], NULL);
        worker_free(&race->workers[i]);
    }
    for (size_t i = 0; i < SHARDS; i++) {
        (void) shard_step(race->shards[i].shard); /* letters that came in behind its last pass */
    }
    follower_free(&race->follower);
    for (size_t i = 0; i < SHARDS; i++) {
        shard_free(&race->shards[i].shard);
        (void) close(race->shards[i].wake[0]);
        (void) close(race->shards[i].wake[1]);
        (void) pthread_mutex_destroy(&race->shards[i].mutex);
    }
    queue_free(&race->queue);
    metrics_free(&race->metrics);
    process_bus_free(&race->env.bus);
    world_close(race->w);
    free(race);
}

static void check_leaver(const struct member *member) {
    assert_true(atomic_load(&member->is_out));
    assert_int_equal(atomic_load(&member->after), 0);
    assert_int_equal(atomic_load(&member->is_cached_dead), SHARDS);
    assert_int_equal(atomic_load(&member->open), 0);
}

static void check_stayer(struct race *race, struct member *member) {
    assert_int_equal(persistently(race, 0, ERRAND_PROBE, member, NULL), 200);
    const int code = atomic_load(&member->close_code);
    assert_true(code == 0 || code == LIVE_CLOSE_LATER); /* a machine too slow for the lease */
    assert_int_equal(reloaded(race->w->d, &member->person.user).state, USER_ACTIVE);
}

static void sixteen_writers_and_four_hundred_leavers(void **state) {
    struct race *race = race_open(state);
    race_people(race);
    start_threads(race);
    race_connect(race);
    race_run(race);
    for (size_t org = 0; org < ORGS; org++) {
        for (size_t i = 0; i < LEAVERS + STAYERS; i++) {
            if (race->members[org][i].is_leaver) {
                check_leaver(&race->members[org][i]);
            } else {
                check_stayer(race, &race->members[org][i]);
            }
        }
    }
    race_close(race);
}

int main(void) {
    const struct CMUnitTest tests[] = {ON_BOTH(sixteen_writers_and_four_hundred_leavers)};
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
