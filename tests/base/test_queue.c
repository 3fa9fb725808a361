#include "base/queue.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "tests/support/fixture.h"

static void each_lane_has_slots_of_its_own(void **state) {
    (void) state;
    AUTO(queue_free) struct queue *queue = queue_new(2, 1);
    struct letter items[4] = {{.next = NULL}};
    assert_true(queue_push(queue, QUEUE_NORMAL, &items[0]));
    assert_true(queue_push(queue, QUEUE_NORMAL, &items[1]));
    assert_false(queue_push(queue, QUEUE_NORMAL, &items[2]));
    assert_true(queue_push(queue, QUEUE_REVOCATION, &items[2]));
    assert_false(queue_push(queue, QUEUE_REVOCATION, &items[3]));
    assert_int_equal(queue_depth(queue, QUEUE_NORMAL), 2);
    assert_int_equal(queue_depth(queue, QUEUE_REVOCATION), 1);
    assert_ptr_equal(queue_try_pop(queue), &items[2]);
    assert_ptr_equal(queue_try_pop(queue), &items[0]);
    assert_true(queue_push(queue, QUEUE_NORMAL, &items[3]));
    assert_ptr_equal(queue_try_pop(queue), &items[1]);
    assert_ptr_equal(queue_try_pop(queue), &items[3]);
    assert_null(queue_try_pop(queue));
}

static void a_revocation_overtakes_and_the_reserved_worker_takes_nothing_else(void **state) {
    (void) state;
    AUTO(queue_free) struct queue *queue = queue_new(4, 4);
    struct letter items[3] = {{.next = NULL}};
    assert_true(queue_push(queue, QUEUE_NORMAL, &items[0]));
    assert_true(queue_push(queue, QUEUE_REVOCATION, &items[1]));
    assert_true(queue_push(queue, QUEUE_REVOCATION, &items[2]));
    assert_ptr_equal(queue_pop(queue, false), &items[1]);
    assert_ptr_equal(queue_pop(queue, true), &items[2]);
    queue_close(queue);
    assert_null(queue_pop(queue, true));
    assert_ptr_equal(queue_pop(queue, false), &items[0]);
}

static void a_closed_queue_takes_nothing_but_hands_out_the_rest(void **state) {
    (void) state;
    AUTO(queue_free) struct queue *queue = queue_new(4, 4);
    struct letter items[2] = {{.next = NULL}};
    assert_true(queue_push(queue, QUEUE_NORMAL, &items[0]));
    queue_close(queue);
    assert_false(queue_push(queue, QUEUE_NORMAL, &items[1]));
    assert_false(queue_push(queue, QUEUE_REVOCATION, &items[1]));
    assert_ptr_equal(queue_pop(queue, false), &items[0]);
    assert_null(queue_pop(queue, false));
}

enum { PUSHERS = 3, ITEMS = 600 };

struct work {
    struct queue *queue;
    struct letter items[PUSHERS][ITEMS];
    _Atomic int pushed, popped, popped_reserved;
    _Atomic size_t next_pusher;
};

static void *push_all(void *self) {
    struct work *work = self;
    const size_t pusher = atomic_fetch_add(&work->next_pusher, 1);
    for (size_t i = 0; i < ITEMS; i++) {
        const enum queue_lane lane = i % 5 == 0 ? QUEUE_REVOCATION : QUEUE_NORMAL;
        while (!queue_push(work->queue, lane, &work->items[pusher][i])) {
        }
        atomic_fetch_add(&work->pushed, 1);
    }
    return NULL;
}

static void *pop_all(void *self) {
    struct work *work = self;
    while (queue_pop(work->queue, false) != NULL) {
        atomic_fetch_add(&work->popped, 1);
    }
    return NULL;
}

static void *pop_reserved(void *self) {
    struct work *work = self;
    while (queue_pop(work->queue, true) != NULL) {
        atomic_fetch_add(&work->popped_reserved, 1);
    }
    return NULL;
}

static void every_item_is_handed_to_exactly_one_worker(void **state) {
    (void) state;
    static struct work work;
    AUTO(queue_free) struct queue *queue = queue_new(8, 4);
    work.queue = queue;
    pthread_t pushers[PUSHERS];
    pthread_t workers[3];
    for (size_t i = 0; i < PUSHERS; i++) {
        assert_int_equal(pthread_create(&pushers[i], NULL, push_all, &work), 0);
    }
    assert_int_equal(pthread_create(&workers[0], NULL, pop_all, &work), 0);
    assert_int_equal(pthread_create(&workers[1], NULL, pop_all, &work), 0);
    assert_int_equal(pthread_create(&workers[2], NULL, pop_reserved, &work), 0);
    for (size_t i = 0; i < PUSHERS; i++) {
        assert_int_equal(pthread_join(pushers[i], NULL), 0);
    }
    queue_close(queue);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(workers[i], NULL), 0);
    }
    assert_int_equal(work.pushed, PUSHERS * ITEMS);
    assert_int_equal(work.popped + work.popped_reserved, PUSHERS * ITEMS);
    assert_true(work.popped_reserved <= PUSHERS * ITEMS / 5);
    assert_int_equal(queue_depth(queue, QUEUE_NORMAL), 0);
    assert_int_equal(queue_depth(queue, QUEUE_REVOCATION), 0);
}

enum { ROUNDS = 300 };

struct pair {
    struct queue *to_worker, *from_worker;
};

static void *answer_revocations(void *self) {
    const struct pair *pair = self;
    for (struct letter *item = queue_pop(pair->to_worker, true); item != NULL;
         item = queue_pop(pair->to_worker, true)) {
        while (!queue_push(pair->from_worker, QUEUE_NORMAL, item)) {
        }
    }
    return NULL;
}

/* Each round finds the worker waiting, or about to: a wake-up that is missing hangs the test. */
static void a_waiting_reserved_worker_wakes_for_every_revocation(void **state) {
    (void) state;
    AUTO(queue_free) struct queue *to_worker = queue_new(1, 1);
    AUTO(queue_free) struct queue *from_worker = queue_new(1, 1);
    struct pair pair = {to_worker, from_worker};
    struct letter normal = {.next = NULL};
    struct letter revocation = {.next = NULL};
    pthread_t worker;
    assert_true(queue_push(to_worker, QUEUE_NORMAL, &normal));
    assert_int_equal(pthread_create(&worker, NULL, answer_revocations, &pair), 0);
    for (int i = 0; i < ROUNDS; i++) {
        assert_true(queue_push(to_worker, QUEUE_REVOCATION, &revocation));
        assert_ptr_equal(queue_pop(from_worker, false), &revocation);
    }
    queue_close(to_worker);
    assert_int_equal(pthread_join(worker, NULL), 0);
    assert_int_equal(queue_depth(to_worker, QUEUE_NORMAL), 1);
}

struct busy {
    struct queue *queue;
    struct letter *taken;
    sem_t has_taken, may_go_on;
};

static void *take_one_and_stay_busy(void *self) {
    struct busy *busy = self;
    busy->taken = queue_pop(busy->queue, true);
    assert_int_equal(sem_post(&busy->has_taken), 0);
    assert_int_equal(sem_wait(&busy->may_go_on), 0);
    return NULL;
}

static void *take_any(void *self) {
    struct busy *busy = self;
    return queue_pop(busy->queue, false);
}

/* A missing wake-up hangs the test. */
static void a_revocation_wakes_another_worker_while_the_reserved_one_is_busy(void **state) {
    (void) state;
    AUTO(queue_free) struct queue *queue = queue_new(4, 4);
    struct letter items[2] = {{.next = NULL}};
    struct busy busy = {.queue = queue};
    assert_int_equal(sem_init(&busy.has_taken, 0, 0), 0);
    assert_int_equal(sem_init(&busy.may_go_on, 0, 0), 0);
    pthread_t workers[2];
    assert_int_equal(pthread_create(&workers[0], NULL, take_one_and_stay_busy, &busy), 0);
    assert_true(queue_push(queue, QUEUE_REVOCATION, &items[0]));
    assert_int_equal(sem_wait(&busy.has_taken), 0);
    assert_int_equal(pthread_create(&workers[1], NULL, take_any, &busy), 0);
    assert_true(queue_push(queue, QUEUE_REVOCATION, &items[1]));
    void *second = NULL;
    assert_int_equal(pthread_join(workers[1], &second), 0);
    assert_ptr_equal(second, &items[1]);
    assert_int_equal(sem_post(&busy.may_go_on), 0);
    assert_int_equal(pthread_join(workers[0], NULL), 0);
    assert_ptr_equal(busy.taken, &items[0]);
}

static void one_share_gets_half_of_the_places(void **state) {
    (void) state;
    AUTO(queue_free) struct queue *queue = queue_new_shared(4, 8);
    struct letter flood[3] = {{.share = 7}, {.share = 7}, {.share = 7}};
    struct letter other[2] = {{.share = 8}, {.share = 0}};
    struct letter late = {.share = 9};
    assert_true(queue_push(queue, QUEUE_NORMAL, &flood[0]));
    assert_true(queue_push(queue, QUEUE_NORMAL, &flood[1]));
    assert_false(queue_push(queue, QUEUE_NORMAL, &flood[2]));
    assert_true(queue_push(queue, QUEUE_NORMAL, &other[0]));
    assert_true(queue_push(queue, QUEUE_NORMAL, &other[1]));
    assert_false(queue_push(queue, QUEUE_NORMAL, &late));
    assert_ptr_equal(queue_try_pop(queue), &flood[0]);
    assert_true(queue_push(queue, QUEUE_NORMAL, &flood[2]));
    assert_ptr_equal(queue_try_pop(queue), &flood[1]);
    assert_ptr_equal(queue_try_pop(queue), &other[0]);
    assert_ptr_equal(queue_try_pop(queue), &other[1]);
    assert_ptr_equal(queue_try_pop(queue), &flood[2]);
    assert_null(queue_try_pop(queue));
}

static void one_share_gets_half_of_the_workers_and_others_overtake_it(void **state) {
    (void) state;
    AUTO(queue_free) struct queue *queue = queue_new_shared(16, 4);
    struct letter flood[4] = {{.share = 7}, {.share = 7}, {.share = 7}, {.share = 7}};
    struct letter other[2] = {{.share = 8}, {.share = 8}};
    for (size_t i = 0; i < 4; i++) {
        assert_true(queue_push(queue, QUEUE_NORMAL, &flood[i]));
    }
    assert_ptr_equal(queue_try_pop(queue), &flood[0]);
    assert_ptr_equal(queue_try_pop(queue), &flood[1]);
    assert_null(queue_try_pop(queue));
    assert_true(queue_push(queue, QUEUE_NORMAL, &other[0]));
    assert_ptr_equal(queue_try_pop(queue), &other[0]);
    queue_done(queue, 8);
    assert_null(queue_try_pop(queue));
    queue_done(queue, 7);
    assert_ptr_equal(queue_try_pop(queue), &flood[2]);
    assert_true(queue_push(queue, QUEUE_NORMAL, &other[1])); /* behind one that may not go */
    assert_ptr_equal(queue_try_pop(queue), &other[1]);
    queue_done(queue, 7);
    assert_ptr_equal(queue_try_pop(queue), &flood[3]);
    assert_int_equal(queue_depth(queue, QUEUE_NORMAL), 0);
    assert_true(queue_push(queue, QUEUE_NORMAL, &other[0])); /* the end of the list is in order */
    queue_done(queue, 7);
    queue_done(queue, 8);
    assert_ptr_equal(queue_try_pop(queue), &other[0]);
}

enum { FLOOD_SHARE = 7, OTHER_SHARE = 8, FLOOD = 40, FLOOD_WORKERS = 4 };

struct flood {
    struct queue *queue;
    struct letter letters[FLOOD];
    sem_t has_begun, may_end, is_other_done;
    _Atomic int at_work, most_at_work, done;
};

static void be_flooded(struct flood *flood) {
    const int now = atomic_fetch_add(&flood->at_work, 1) + 1;
    int most = atomic_load(&flood->most_at_work);
    while (now > most && !atomic_compare_exchange_weak(&flood->most_at_work, &most, now)) {
    }
    assert_int_equal(sem_post(&flood->has_begun), 0);
    assert_int_equal(sem_wait(&flood->may_end), 0);
    atomic_fetch_sub(&flood->at_work, 1);
    atomic_fetch_add(&flood->done, 1);
}

static void *work_under_flood(void *self) {
    struct flood *flood = self;
    for (struct letter *item = queue_pop(flood->queue, false); item != NULL;
         item = queue_pop(flood->queue, false)) {
        const uint64_t share = item->share;
        if (share == FLOOD_SHARE) {
            be_flooded(flood);
        } else {
            assert_int_equal(sem_post(&flood->is_other_done), 0);
        }
        queue_done(flood->queue, share);
    }
    return NULL;
}

/* A share that takes every worker hangs the test, and so does one that is forgotten at the close.
 */
static void who_floods_holds_nobody_else_up(void **state) {
    (void) state;
    static struct flood flood;
    AUTO(queue_free) struct queue *queue = queue_new_shared(2 * FLOOD, FLOOD_WORKERS);
    flood.queue = queue;
    assert_int_equal(sem_init(&flood.has_begun, 0, 0), 0);
    assert_int_equal(sem_init(&flood.may_end, 0, 0), 0);
    assert_int_equal(sem_init(&flood.is_other_done, 0, 0), 0);
    for (size_t i = 0; i < FLOOD; i++) {
        flood.letters[i].share = FLOOD_SHARE;
        assert_true(queue_push(queue, QUEUE_NORMAL, &flood.letters[i]));
    }
    pthread_t workers[FLOOD_WORKERS];
    for (size_t i = 0; i < FLOOD_WORKERS; i++) {
        assert_int_equal(pthread_create(&workers[i], NULL, work_under_flood, &flood), 0);
    }
    for (size_t i = 0; i < FLOOD_WORKERS / 2; i++) {
        assert_int_equal(sem_wait(&flood.has_begun), 0);
    }
    struct letter other = {.share = OTHER_SHARE};
    for (int i = 0; i < ROUNDS; i++) {
        assert_true(queue_push(queue, QUEUE_NORMAL, &other));
        assert_int_equal(sem_wait(&flood.is_other_done), 0);
    }
    assert_int_equal(flood.done, 0);
    queue_close(queue);
    for (size_t i = 0; i < FLOOD; i++) {
        assert_int_equal(sem_post(&flood.may_end), 0);
    }
    for (size_t i = 0; i < FLOOD_WORKERS; i++) {
        assert_int_equal(pthread_join(workers[i], NULL), 0);
    }
    assert_int_equal(flood.done, FLOOD);
    assert_int_equal(flood.most_at_work, FLOOD_WORKERS / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(one_share_gets_half_of_the_places),
        SENTENCE(one_share_gets_half_of_the_workers_and_others_overtake_it),
        SENTENCE(who_floods_holds_nobody_else_up),
        SENTENCE(each_lane_has_slots_of_its_own),
        SENTENCE(a_revocation_overtakes_and_the_reserved_worker_takes_nothing_else),
        SENTENCE(a_closed_queue_takes_nothing_but_hands_out_the_rest),
        SENTENCE(every_item_is_handed_to_exactly_one_worker),
        SENTENCE(a_waiting_reserved_worker_wakes_for_every_revocation),
        SENTENCE(a_revocation_wakes_another_worker_while_the_reserved_one_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
