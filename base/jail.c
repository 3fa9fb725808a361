#include "base/jail.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/jail_pool.h"

enum { WALL_US = 5000000, QUEUE_US = 5000000, WAITING_PER_CHILD = 4 };

result jail_question(struct scope *scope, struct jail_ask *ask, const struct jail_message *question,
                     struct jail_message *ret) {
    REQUIRE(scope, !ask->has_asked, INVALID, "jail.asked");
    ask->has_asked = true;
    return ask->send(scope, ask, question, ret);
}

static struct jail *make(const struct jail_roles *roles) {
    struct jail *jail = calloc(1, sizeof *jail);
    if (jail == NULL) {
        abort();
    }
    assert(roles->count <= JAIL_ROLES_MAX);
    jail->roles = roles;
    (void) pthread_mutex_init(&jail->lock, NULL);
    return jail;
}

static void set_up_pool(struct jail *jail, size_t role) {
    struct pool *pool = &jail->pools[role];
    const size_t wanted = jail->settings.children[role];
    const size_t waiting = jail->settings.waiting[role];
    assert(wanted >= 1 && wanted <= JAIL_CHILDREN_MAX);
    pool->role = &jail->roles->roles[role];
    pool->children = wanted;
    pool->count = 2 * wanted;
    pool->max_waiting = waiting == 0 ? wanted * WAITING_PER_CHILD : waiting;
    pool->line = -1;
    for (size_t i = 0; i < pool->count; i++) {
        pool->places[i].fd = -1;
    }
}

result jail_new(struct scope *scope, const struct jail_settings *settings, struct jail **ret) {
    struct jail *jail = make(settings->roles);
    jail->settings = *settings;
    jail->settings.wall_us = settings->wall_us == 0 ? WALL_US : settings->wall_us;
    jail->settings.queue_us = settings->queue_us == 0 ? QUEUE_US : settings->queue_us;
    assert(settings->program != NULL && settings->messages >= 1);
    for (size_t i = 0; i < settings->roles->count; i++) {
        set_up_pool(jail, i);
    }
    const result started = jail_manager_start(scope, jail);
    if (!is_ok(started)) {
        jail_free(&jail);
        return started;
    }
    jail->is_running = true;
    *ret = jail;
    return OK_RESULT;
}

struct jail *jail_new_local(const struct jail_roles *roles) {
    struct jail *jail = make(roles);
    jail->is_local = true;
    jail->arena = arena_new();
    return jail;
}

void jail_free(struct jail **jail) {
    struct jail *ended = *jail;
    if (ended == NULL) {
        return;
    }
    if (ended->is_running) {
        jail_manager_stop(ended);
    }
    if (ended->is_local) {
        jail_local_stop(ended);
    }
    (void) pthread_mutex_destroy(&ended->lock);
    free(ended);
    *jail = NULL;
}

/* One call while a child is held for it. */
struct exchange {
    const struct jail_call *call;
    const struct jail_role *role;
    struct jail_line line;
    uint64_t number;
    bool has_asked;
    result replied; /* of the caller's reply to the question */
    const char *reason;
};

static enum jail_outcome outcome_of(enum jail_io io) {
    switch (io) {
    case JAIL_IO_DONE: return JAIL_ANSWERED;
    case JAIL_IO_ENDED: return JAIL_CRASHED;
    case JAIL_IO_LATE: return JAIL_TIMED_OUT;
    case JAIL_IO_WRONG: return JAIL_BROKE_PROTOCOL;
    }
    return JAIL_BROKE_PROTOCOL;
}

/* The caller's time is not the child's: the deadline moves. */
static enum jail_outcome reply(struct scope *scope, struct exchange *exchange,
                               const struct jail_message *question) {
    if (exchange->has_asked || exchange->call->reply == NULL) {
        return JAIL_BROKE_PROTOCOL;
    }
    exchange->has_asked = true;
    const int64_t began_us = clock_monotonic_us();
    struct jail_message message = {.kind = JAIL_REPLY};
    exchange->replied = exchange->call->reply(scope, exchange->call->context, question, &message);
    exchange->reason = scope->reason;
    exchange->line.deadline_us += clock_monotonic_us() - began_us;
    const struct jail_message nothing = {.kind = JAIL_REPLY, .number = exchange->number};
    message.kind = JAIL_REPLY;
    message.number = exchange->number;
    const enum jail_io io =
        jail_line_send(scope, &exchange->line, is_ok(exchange->replied) ? &message : &nothing,
                       exchange->role->requests);
    return outcome_of(io);
}

static bool is_acceptable(struct scope *scope, const struct exchange *exchange,
                          const struct jail_message *answer) {
    const struct jail_call *call = exchange->call;
    return !jail_line_is_disturbed(exchange->line.fd) &&
           (call->accept == NULL || !is_ok(exchange->replied) ||
            call->accept(scope, call->context, answer));
}

/* Not an answer: the child asks, or breaks the protocol. */
static enum jail_outcome take_other(struct scope *scope, struct exchange *exchange,
                                    const struct jail_message *message) {
    if (message->kind == JAIL_TIME_UP) { /* said by a signal handler, which knows no number */
        return JAIL_TIMED_OUT;
    }
    const bool is_question = message->kind == JAIL_QUESTION && message->number == exchange->number;
    return is_question ? reply(scope, exchange, message) : JAIL_BROKE_PROTOCOL;
}

static enum jail_outcome take_answer(struct scope *scope, struct exchange *exchange,
                                     struct jail_message *ret) {
    struct jail_message message;
    enum jail_outcome outcome = JAIL_ANSWERED;
    while (outcome == JAIL_ANSWERED) {
        outcome = outcome_of(
            jail_line_receive(scope, &exchange->line, exchange->role->answers, &message));
        if (outcome != JAIL_ANSWERED) {
            return outcome;
        }
        if (message.kind == JAIL_ANSWER && message.number == exchange->number) {
            *ret = message;
            return is_acceptable(scope, exchange, &message) ? JAIL_ANSWERED : JAIL_BROKE_PROTOCOL;
        }
        outcome = take_other(scope, exchange, &message);
    }
    return outcome;
}

static enum jail_outcome run(struct scope *scope, struct exchange *exchange,
                             struct jail_message *ret) {
    struct jail_message request = *exchange->call->request;
    request.number = exchange->number;
    const enum jail_io io =
        jail_line_send(scope, &exchange->line, &request, exchange->role->requests);
    return io == JAIL_IO_DONE ? take_answer(scope, exchange, ret) : outcome_of(io);
}

static uint64_t next_number(struct jail *jail) {
    (void) pthread_mutex_lock(&jail->lock);
    const uint64_t number = ++jail->last_number;
    (void) pthread_mutex_unlock(&jail->lock);
    return number;
}

result jail_send(struct scope *scope, struct jail *jail, const struct jail_call *call,
                 enum jail_outcome *ret_outcome, struct jail_message *ret_answer) {
    const struct jail_role *role = &jail->roles->roles[call->role];
    struct jail_pieces *checked = NEW(scope->arena, struct jail_pieces);
    TRY(jail_frame_write(scope, call->request, role->requests, checked));
    if (jail->is_local) {
        return jail_local_send(scope, jail, call, ret_outcome, ret_answer);
    }
    struct pool *pool = &jail->pools[call->role];
    struct place *place = jail_pool_take(jail, pool, call->share);
    if (place == NULL) {
        *ret_outcome = JAIL_ALL_BUSY;
        return OK_RESULT;
    }
    struct exchange exchange = {
        .call = call,
        .role = role,
        .line = {place->fd, clock_monotonic_us() + jail->settings.wall_us},
        .number = next_number(jail),
    };
    place->served++;
    struct jail_message answer;
    const enum jail_outcome outcome = run(scope, &exchange, &answer);
    jail_pool_release(jail, pool, place, outcome);
    if (!is_ok(exchange.replied)) {
        scope->reason = exchange.reason;
        return exchange.replied;
    }
    *ret_outcome = outcome;
    if (outcome == JAIL_ANSWERED) {
        *ret_answer = answer;
    }
    return OK_RESULT;
}

void jail_stats(struct jail *jail, size_t role, struct jail_stats *ret) {
    const struct pool *pool = &jail->pools[role];
    struct jail_stats stats = {.children = 0};
    (void) pthread_mutex_lock(&jail->lock);
    for (size_t i = 0; i < pool->count; i++) {
        stats.children += pool->places[i].state == PLACE_EMPTY ? 0 : 1;
        stats.busy += pool->places[i].state == PLACE_BUSY ? 1 : 0;
    }
    for (const struct waiter *waiter = pool->first; waiter != NULL; waiter = waiter->next) {
        stats.waiting++;
    }
    stats.restarts = pool->restarts;
    (void) pthread_mutex_unlock(&jail->lock);
    *ret = stats;
}

int64_t jail_keeper_pid(struct jail *jail, size_t role) {
    (void) pthread_mutex_lock(&jail->lock);
    const pid_t pid = jail->pools[role].pid;
    (void) pthread_mutex_unlock(&jail->lock);
    return pid;
}
