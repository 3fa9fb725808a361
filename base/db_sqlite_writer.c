/* Group commit. With synchronous=FULL a lone commit costs one flush of the disk, so transactions
 * share it: each runs in a savepoint of one open SQLite transaction, passes the turn on and waits;
 * the one who ends the group runs COMMIT and wakes all of them. A transaction that fails rolls back
 * to its savepoint and leaves the others alone. The first of a group has nobody to leave alone: it
 * rolls back the whole, and spares SQLite the copy of every page that a savepoint costs.
 *
 * A group ends when 64 are in it, when it is 2 ms old, when nobody waits for a turn, or when it
 * holds a revocation and no other revocation waits. It can end only between turns, so a slow
 * transaction delays those before it: do nothing slow between tx_begin and tx_commit. */
#include "base/db_sqlite.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

enum { GROUP_MEMBERS = 64, GROUP_US = 2000 };

static void list_add(struct turn_list *list, struct turn *turn) {
    turn->next = NULL;
    if (list->last == NULL) {
        list->first = turn;
    } else {
        list->last->next = turn;
    }
    list->last = turn;
}

static struct turn *list_take(struct turn_list *list) {
    struct turn *turn = list->first;
    if (turn != NULL) {
        list->first = turn->next;
        if (list->first == NULL) {
            list->last = NULL;
        }
    }
    return turn;
}

static void list_remove(struct turn_list *list, const struct turn *turn) {
    struct turn_list kept = {NULL, NULL};
    for (struct turn *at = list_take(list); at != NULL; at = list_take(list)) {
        if (at != turn) {
            list_add(&kept, at);
        }
    }
    *list = kept;
}

void sqlite_writer_init(struct sqlite_writer *writer, int64_t timeout_us) {
    writer->timeout_us = timeout_us;
    const int failed = pthread_mutex_init(&writer->mutex, NULL);
    assert(!failed);
}

void sqlite_writer_close(struct sqlite_writer *writer) {
    assert(!writer->is_taken && writer->members.first == NULL);
    pthread_mutex_destroy(&writer->mutex);
}

/* With the mutex held: to the next one who waits, revocations first. False: nobody waits. */
static bool hand_over(struct sqlite_writer *writer) {
    struct turn *next = list_take(&writer->waiting[LANE_REVOCATION]);
    if (next == NULL) {
        next = list_take(&writer->waiting[LANE_NORMAL]);
    }
    if (next == NULL) {
        return false;
    }
    writer->counts.waiting--;
    next->is_mine = true;
    pthread_cond_signal(&next->moved);
    return true;
}

static result take_turn(struct scope *scope, struct sqlite_writer *writer, struct turn *turn) {
    const struct timespec deadline = clock_timespec(clock_monotonic_us() + writer->timeout_us);
    pthread_mutex_lock(&writer->mutex);
    turn->is_mine = !writer->is_taken;
    if (!writer->is_taken) {
        writer->is_taken = true;
    } else {
        list_add(&writer->waiting[turn->lane], turn);
        writer->counts.waiting++;
    }
    int failed = 0;
    while (!turn->is_mine && !failed) {
        failed = pthread_cond_clockwait(&turn->moved, &writer->mutex, CLOCK_MONOTONIC, &deadline);
    }
    const bool is_mine = turn->is_mine;
    if (!is_mine) {
        list_remove(&writer->waiting[turn->lane], turn);
        writer->counts.waiting--;
    }
    pthread_mutex_unlock(&writer->mutex);
    return is_mine ? OK_RESULT : db_fail(scope, DB_BUSY);
}

/* With the mutex held. */
static bool is_group_over(const struct sqlite_writer *writer) {
    const bool is_urgent_waiting = writer->waiting[LANE_REVOCATION].first != NULL;
    const bool is_anybody_waiting = is_urgent_waiting || writer->waiting[LANE_NORMAL].first != NULL;
    return !is_anybody_waiting || writer->member_count >= GROUP_MEMBERS ||
           clock_monotonic_us() - writer->opened_us >= GROUP_US ||
           (writer->is_urgent && !is_urgent_waiting);
}

struct ending {
    enum turn_outcome outcome;
    enum db_error error;
};

/* By the one who has the turn, without the mutex: the flush. */
static struct ending write_group(struct sqlite_writer *writer) {
    if (sqlite3_get_autocommit(writer->connection.handle)) {
        /* An error inside (full disk, I/O, interruption) made SQLite roll everything back. */
        return (struct ending){TURN_LOST, DB_UNAVAILABLE};
    }
    const int code = sqlite_execute(&writer->connection, "COMMIT");
    if (code == SQLITE_OK) {
        return (struct ending){TURN_WRITTEN, DB_UNAVAILABLE};
    }
    if (!sqlite3_get_autocommit(writer->connection.handle)) {
        (void) sqlite_execute(&writer->connection, "ROLLBACK");
    }
    /* A failed flush says nothing about what a recovery will find in the log. */
    const bool is_certain = (code & 0xff) != SQLITE_IOERR;
    return (struct ending){is_certain ? TURN_LOST : TURN_UNCERTAIN, sqlite_error(code)};
}

static void answer_members(struct sqlite_writer *writer, struct turn_list members,
                           struct ending ending) {
    for (struct turn *turn = list_take(&members); turn != NULL; turn = list_take(&members)) {
        turn->outcome = ending.outcome;
        turn->error = ending.error;
        writer->counts.transactions += ending.outcome == TURN_WRITTEN;
        pthread_cond_signal(&turn->moved); /* the last touch: its owner may go on at once */
    }
}

/* With the mutex held, which is given up during the flush. */
static void end_group(struct sqlite_writer *writer) {
    const struct turn_list members = writer->members;
    writer->members = (struct turn_list){NULL, NULL};
    writer->member_count = 0;
    writer->is_open = false;
    writer->is_urgent = false;
    pthread_mutex_unlock(&writer->mutex);
    const struct ending ending = write_group(writer);
    pthread_mutex_lock(&writer->mutex);
    writer->counts.flushes += ending.outcome == TURN_WRITTEN && members.first != NULL;
    answer_members(writer, members, ending);
}

/* With the mutex held, by the one who has the turn. */
static void end_turn(struct sqlite_writer *writer) {
    const bool is_void = writer->is_open && sqlite3_get_autocommit(writer->connection.handle);
    if (writer->is_open && (is_void || is_group_over(writer))) {
        end_group(writer);
    }
    writer->is_taken = hand_over(writer);
}

result sqlite_writer_begin(struct scope *scope, struct sqlite_writer *writer, struct turn *turn,
                           enum lane lane) {
    turn->lane = lane;
    turn->outcome = TURN_PENDING;
    TRY(take_turn(scope, writer, turn));
    writer->is_alone = !writer->is_open;
    const int code = sqlite_execute(&writer->connection,
                                    writer->is_alone ? "BEGIN IMMEDIATE" : "SAVEPOINT turn");
    if (writer->is_alone) {
        writer->is_open = code == SQLITE_OK;
        writer->opened_us = clock_monotonic_us();
    }
    if (code == SQLITE_OK) {
        return OK_RESULT;
    }
    pthread_mutex_lock(&writer->mutex);
    end_turn(writer);
    pthread_mutex_unlock(&writer->mutex);
    return db_fail(scope, sqlite_error(code));
}

static result outcome_result(struct scope *scope, const struct turn *turn) {
    switch (turn->outcome) {
    case TURN_WRITTEN: return OK_RESULT;
    case TURN_UNCERTAIN: return db_fail(scope, DB_COMMIT_UNCERTAIN);
    case TURN_PENDING:
    case TURN_LOST: return db_fail(scope, turn->error);
    }
    abort();
}

result sqlite_writer_commit(struct scope *scope, struct sqlite_writer *writer, struct turn *turn) {
    const int code =
        writer->is_alone ? SQLITE_OK : sqlite_execute(&writer->connection, "RELEASE turn");
    if (code != SQLITE_OK) {
        sqlite_writer_rollback(writer);
        return db_fail(scope, sqlite_error(code));
    }
    pthread_mutex_lock(&writer->mutex);
    list_add(&writer->members, turn);
    writer->member_count++;
    writer->is_urgent = writer->is_urgent || turn->lane == LANE_REVOCATION;
    end_turn(writer);
    while (turn->outcome == TURN_PENDING) {
        pthread_cond_wait(&turn->moved, &writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
    return outcome_result(scope, turn);
}

void sqlite_writer_rollback(struct sqlite_writer *writer) {
    sqlite3 *handle = writer->connection.handle;
    if (!sqlite3_get_autocommit(handle) && writer->is_alone) {
        (void) sqlite_execute(&writer->connection, "ROLLBACK");
    } else if (!sqlite3_get_autocommit(handle)) {
        /* Cannot fail while the savepoint is there; if it did, nothing of the group may stay. */
        if (sqlite_execute(&writer->connection, "ROLLBACK TO turn") != SQLITE_OK ||
            sqlite_execute(&writer->connection, "RELEASE turn") != SQLITE_OK) {
            (void) sqlite_execute(&writer->connection, "ROLLBACK");
        }
    }
    pthread_mutex_lock(&writer->mutex);
    end_turn(writer);
    pthread_mutex_unlock(&writer->mutex);
}
