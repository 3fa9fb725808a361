/* Races. Threads record what they saw, the test thread judges it: cmocka's assertions jump. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/event_log.h"
#include "base/job.h"

#include "tests/support/on_both.h"

enum { THREADS = 8, ROUNDS = 25, JOBS = 60 };

static const struct statement PUT = {"test.put", INSTALLATION,
                                     "INSERT INTO installation(key, value) VALUES ($1, '')", NULL};
static const struct statement COUNT = {
    "test.count", INSTALLATION, "SELECT count(*) FROM installation WHERE key LIKE 'k%'", NULL};

struct worker {
    pthread_t thread;
    struct fixture fixture;
    struct db *db;
    int number;
    enum lane lane;
    atomic_int *order; /* who came when */
    int place;
    int succeeded, refused, other;
    char claimed[JOBS * 4][40];
};

static struct worker workers[THREADS];

static void open_workers(struct database *d, int count) {
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < count; i++) {
        struct worker *worker = &workers[i];
        worker->number = i;
        fixture_open(&worker->fixture);
        worker->fixture.env.random = system_random();
        worker->db = database_connect(d);
    }
}

static void start_worker(int i, void *(*run)(void *) ) {
    assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
}

static void close_worker(int i) {
    assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    db_close(&workers[i].db);
    fixture_close(&workers[i].fixture);
}

static void note(struct worker *worker, result r) {
    worker->succeeded += r.code == OK;
    worker->refused += r.code == CONFLICT;
    worker->other += r.code != OK && r.code != CONFLICT;
}

static result append_one(struct worker *worker) {
    struct scope *scope = &worker->fixture.scope;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, worker->db, LANE_NORMAL, &tx));
    int64_t seq = 0;
    TRY(event_append(scope, tx, STR("s"), STR("t"), STR("{}"), &seq));
    return tx_commit(scope, tx);
}

static void *append_many(void *self) {
    struct worker *worker = self;
    for (int i = 0; i < ROUNDS; i++) {
        note(worker, append_one(worker));
    }
    return NULL;
}

static void given_stream(struct database *d) {
    struct scope *scope = &d->fixture.scope;
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(event_stream_create(scope, tx, STR("s")));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
}

/* A reader that always goes on behind the last event it saw meets every one, while they are being
 * written: an event that committed behind a later number would be a gap. */
static void a_reader_behind_the_head_loses_no_event_of_eight_writers(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    given_stream(d);
    open_workers(d, THREADS);
    for (int i = 0; i < THREADS; i++) {
        start_worker(i, append_many);
    }
    int64_t last = 0;
    bool is_contiguous = true;
    for (int reads = 0; last < THREADS * ROUNDS && reads < 1000000; reads++) {
        struct event_batch batch = {0};
        if (!is_ok(event_read(scope, d->db, STR("s"), last, 500, &batch))) {
            break;
        }
        for (size_t i = 0; i < batch.count; i++) {
            is_contiguous = is_contiguous && batch.events[i].seq == last + 1;
            last = batch.events[i].seq;
        }
        arena_reset(scope->arena);
    }
    int succeeded = 0;
    for (int i = 0; i < THREADS; i++) {
        close_worker(i);
        succeeded += workers[i].succeeded;
    }
    assert_true(is_contiguous);
    assert_int_equal(last, THREADS * ROUNDS);
    assert_int_equal(succeeded, THREADS * ROUNDS);
}

static void transactions_of_eight_threads_share_flushes(void **state) {
    struct database *d = *state;
    given_stream(d);
    const struct store_counts before = store_counts(d->store);
    open_workers(d, THREADS);
    for (int i = 0; i < THREADS; i++) {
        start_worker(i, append_many);
    }
    for (int i = 0; i < THREADS; i++) {
        close_worker(i);
    }
    const struct store_counts after = store_counts(d->store);
    assert_int_equal(after.transactions - before.transactions, THREADS * ROUNDS);
    assert_true(after.flushes - before.flushes < (after.transactions - before.transactions) / 2);
    assert_int_equal(after.waiting, 0);
}

static result put(struct worker *worker, const char *key) {
    struct scope *scope = &worker->fixture.scope;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, worker->db, worker->lane, &tx));
    TRY(tx_run(scope, tx, &PUT, VALUES(value_text(str_from_c(key))), NULL));
    return tx_commit(scope, tx);
}

/* Two threads want each key: one gets it. */
static void *put_disputed(void *self) {
    struct worker *worker = self;
    for (int i = 0; i < ROUNDS; i++) {
        char key[32];
        (void) snprintf(key, sizeof key, "k%d-%d", worker->number / 2, i);
        note(worker, put(worker, key));
    }
    return NULL;
}

static void a_transaction_that_fails_does_not_take_its_neighbours_along(void **state) {
    struct database *d = *state;
    open_workers(d, THREADS);
    for (int i = 0; i < THREADS; i++) {
        start_worker(i, put_disputed);
    }
    int succeeded = 0;
    int refused = 0;
    for (int i = 0; i < THREADS; i++) {
        close_worker(i);
        succeeded += workers[i].succeeded;
        refused += workers[i].refused;
    }
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &COUNT, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), THREADS / 2 * ROUNDS);
    assert_int_equal(succeeded, THREADS / 2 * ROUNDS);
    assert_int_equal(refused, THREADS / 2 * ROUNDS);
}

static void *put_once(void *self) {
    struct worker *worker = self;
    struct scope *scope = &worker->fixture.scope;
    AUTO(tx_end) struct tx *tx = NULL;
    if (is_ok(tx_begin(scope, worker->db, worker->lane, &tx))) {
        worker->place = atomic_fetch_add(worker->order, 1);
        note(worker, tx_commit(scope, tx));
    }
    return NULL;
}

static void wait_until_waiting(struct database *d, int64_t count) {
    while (store_counts(d->store).waiting < count) {
        (void) sched_yield();
    }
}

static void a_revocation_takes_the_next_turn(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    enum { REVOKER = 3, WAITERS = 4 };
    atomic_int order = 0;
    open_workers(d, WAITERS);
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    for (int i = 0; i < WAITERS; i++) {
        workers[i].order = &order;
        workers[i].lane = i == REVOKER ? LANE_REVOCATION : LANE_NORMAL;
        start_worker(i, put_once);
        wait_until_waiting(d, i + 1);
    }
    tx_end(&tx);
    for (int i = 0; i < WAITERS; i++) {
        close_worker(i);
        assert_int_equal(workers[i].succeeded, 1);
    }
    assert_int_equal(workers[REVOKER].place, 0);
    assert_int_equal(workers[0].place, 1);
    assert_int_equal(workers[2].place, 3);
}

static void waiting_for_the_writer_ends_at_the_timeout(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct store_settings settings = {.url = d->url, .statement_timeout_us = MS_TO_US(20)};
    struct store *store = NULL;
    struct db *first = NULL;
    struct db *second = NULL;
    struct tx *held = NULL;
    struct tx *tx = NULL;
    assert_ok(store_open(scope, &settings, &store));
    assert_ok(db_open(scope, store, &first));
    assert_ok(db_open(scope, store, &second));
    assert_ok(tx_begin(scope, first, LANE_NORMAL, &held));
    assert_failed(tx_begin(scope, second, LANE_NORMAL, &tx), scope, UNAVAILABLE, "db.busy");
    assert_int_equal(store_counts(store).waiting, 0);
    tx_end(&held);
    assert_ok(tx_begin(scope, second, LANE_NORMAL, &tx));
    tx_end(&tx);
    db_close(&second);
    db_close(&first);
    store_close(&store);
}

static void *claim_all(void *self) {
    struct worker *worker = self;
    struct scope *scope = &worker->fixture.scope;
    const struct str owner = str_format(scope->arena, "w%d", worker->number);
    for (int misses = 0; misses < 20;) {
        struct job job;
        const result r = job_claim(scope, worker->db, owner, S_TO_US(3600), &job);
        if (is_ok(r) && worker->succeeded < JOBS * 4) {
            (void) snprintf(worker->claimed[worker->succeeded++], 40, "%.*s", STR_ARG(job.id));
        } else {
            misses++;
            worker->other += r.code != NOT_FOUND && r.code != OK;
        }
    }
    return NULL;
}

static bool is_claimed_before(int worker, int at) {
    for (int i = 0; i <= worker; i++) {
        const int end = i == worker ? at : workers[i].succeeded;
        for (int j = 0; j < end; j++) {
            if (strcmp(workers[i].claimed[j], workers[worker].claimed[at]) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void eight_claimers_never_get_the_same_job(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    for (int i = 0; i < JOBS; i++) {
        assert_ok(job_enqueue(scope, tx, STR("org"), STR("mail"), STR("{}"), 0));
    }
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);

    open_workers(d, THREADS);
    for (int i = 0; i < THREADS; i++) {
        start_worker(i, claim_all);
    }
    for (int i = 0; i < THREADS; i++) {
        close_worker(i);
    }
    int claimed = 0;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].other, 0);
        for (int j = 0; j < workers[i].succeeded; j++) {
            assert_false(is_claimed_before(i, j));
            claimed++;
        }
    }
    assert_int_equal(claimed, JOBS);
}

static const char *const STEP[] = {"CREATE TABLE raced (id TEXT NOT NULL PRIMARY KEY)",
                                   "INSERT INTO raced(id) VALUES ('once')", NULL};
static const struct migration MIGRATIONS[] = {{901, "raced", STEP}};
static const struct statement RACED = {"test.raced", INSTALLATION, "SELECT count(*) FROM raced",
                                       NULL};

static void *migrate(void *self) {
    struct worker *worker = self;
    const struct migration_list lists[] = {BASE_MIGRATIONS, {MIGRATIONS, 1}};
    int applied = 0;
    note(worker, migrate_run(&worker->fixture.scope, worker->db, lists, 2, &applied));
    worker->place = applied;
    return NULL;
}

static void processes_that_start_together_migrate_once(void **state) {
    struct database *d = *state;
    open_workers(d, THREADS);
    for (int i = 0; i < THREADS; i++) {
        start_worker(i, migrate);
    }
    int applied = 0;
    for (int i = 0; i < THREADS; i++) {
        close_worker(i);
        assert_int_equal(workers[i].succeeded, 1);
        applied += workers[i].place;
    }
    assert_int_equal(applied, 1);
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &RACED, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_reader_behind_the_head_loses_no_event_of_eight_writers),
        ON_BOTH(a_transaction_that_fails_does_not_take_its_neighbours_along),
        ON_BOTH(eight_claimers_never_get_the_same_job),
        ON_BOTH(processes_that_start_together_migrate_once),
        ON_SQLITE(transactions_of_eight_threads_share_flushes),
        ON_SQLITE(a_revocation_takes_the_next_turn),
        ON_SQLITE(waiting_for_the_writer_ends_at_the_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
