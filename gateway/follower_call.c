#include "gateway/follower_internal.h"

#include <assert.h>
#include <string.h>

#include "base/env.h"
#include "base/generation_store.h"
#include "base/log.h"
#include "gateway/holes.h"

/* Conversations with the database, one at a time and none that blocks. */

static int64_t beat_every(const struct follower *follower) {
    return follower->set.bound_us / 4;
}

static bool is_sqlite(const struct follower *follower) {
    return store_engine(follower->set.store) == ENGINE_SQLITE;
}

void follower_add_step(struct follower *follower, const struct statement *statement,
                       struct values values) {
    struct follower_call *at = &follower->at;
    assert(at->step_count < CALL_MOST_STEPS);
    struct value *copy = NEW_ARRAY(at->scope.arena, values.count, struct value);
    for (size_t i = 0; i < values.count; i++) {
        copy[i] = values.at[i];
    }
    at->steps[at->step_count++] = (struct db_step){statement, (struct values){copy, values.count}};
}

static void call_open(struct follower *follower, enum call_kind kind, int64_t now) {
    follower->at = (struct follower_call){
        .kind = kind,
        .scope = follower_scope(follower, arena_new()),
        .sent_us = now,
        .deadline_us = now + follower->set.bound_us / 2,
    };
}

void follower_call_drop(struct follower *follower) {
    db_call_end(&follower->at.call);
    arena_end(&follower->at.scope.arena);
}

/* Every call is begun again from what is still to be done: nothing is lost but time, and the lease
 * counts it. */
void follower_call_failed(struct follower *follower) {
    const enum call_kind kind = follower->at.kind;
    if (kind == CALL_EVENTS) {
        follower_streams_failed(follower);
    }
    /* CALL_PAGES: what was fetched stays, and the same pages are asked for again. */
    follower->wants_read = follower->wants_read || kind == CALL_READ;
    follower->at.question = NULL;
    follower_call_drop(follower);
    const int64_t now = follower_now(follower);
    follower->next_try_us = now + MS_TO_US(50);
    if (kind == CALL_BEAT) {
        /* Writes may fail where reads do not: let the rows come, though without a lease. */
        follower->next_beat_us = now + follower->set.bound_us / 8;
        follower->wants_beat = follower->has_beat_failed = true;
        follower->wants_read = follower->phase == PHASE_RUN;
    }
    if (now - follower->lease_us >= follower->set.bound_us * 7 / 10) {
        follower->has_lease = false;
    }
    if (!follower->has_lease) {
        follower_not_ready(follower, "database");
    }
}

static void join_steps(struct follower *follower) {
    const struct value me = value_text(follower->instance);
    if (is_sqlite(follower)) {
        /* The lock on the data directory says that nobody else is alive. */
        follower_add_step(follower, &NODE_ALONE, VALUES(me));
    }
    const int64_t now_us = clock_now_us(follower->set.env->clock);
    follower_add_step(follower, &NODE_JOIN, VALUES(me, value_number(now_us)));
}

/* Without a bus, or when a command line waits, the row says what is applied; on SQLite a beat is
 * a plain read otherwise, for there is one process only. */
static void own_step(struct follower *follower) {
    const struct value me = value_text(follower->instance);
    struct follower_call *at = &follower->at;
    at->own_step = at->step_count;
    if (at->kind == CALL_READ || (is_sqlite(follower) && !follower->wants_beat)) {
        follower_add_step(follower, &NODE_OWN, VALUES(me));
        return;
    }
    const struct str applied = node_positions_write(at->scope.arena, follower->acked);
    follower_add_step(follower, &NODE_BEAT,
                      VALUES(me, value_text(follower->generation), value_text(applied)));
}

/* Heads before nodes: whoever joined before the heads moved is in the list. */
static void heads_steps(struct follower *follower) {
    struct follower_call *at = &follower->at;
    own_step(follower);
    at->heads_step = at->step_count;
    follower_add_step(follower, &REVOCATION_HEADS, NO_VALUES);
    at->generation_step = at->step_count;
    follower_add_step(follower, generation_statement(store_engine(follower->set.store)), NO_VALUES);
    at->nodes_step = at->step_count;
    follower_add_step(follower, &NODE_LIST, NO_VALUES);
    if (follower->phase == PHASE_RUN) {
        barriers_hint(follower->barriers, follower->hinted);
        follower_add_page_steps(follower, follower->hinted);
        memset(follower->hinted, 0, sizeof follower->hinted);
    }
    if (at->kind == CALL_BEAT) {
        follower->wants_beat = false;
    }
    follower->wants_read = false;
}

static void question_steps(struct follower *follower) {
    struct barrier *barrier = barriers_questioned(follower->barriers);
    const struct revoked *revoked = &barrier->exchange->revoked;
    follower->at.question = barrier;
    follower->at.generation_step = 0;
    follower_add_step(follower, generation_statement(store_engine(follower->set.store)), NO_VALUES);
    follower_add_step(follower, &NODE_REVOCATION,
                      VALUES(value_number(revoked->partition), value_number(revoked->seq),
                             value_text(revoked->id)));
}

/* Rule 15: a row whose beat has stood still for a bound holds no lease any more. */
static const struct foreign *still_one(const struct follower *follower, int64_t now) {
    for (size_t i = 0; i < follower->foreign_count; i++) {
        if (now - follower->foreign[i].since_boot_us >= follower->set.bound_us) {
            return &follower->foreign[i];
        }
    }
    return NULL;
}

static void sweep_steps(struct follower *follower, int64_t now) {
    const struct foreign *foreign = still_one(follower, now);
    assert(foreign != NULL); /* choose_running has seen one at this very moment */
    const struct str instance =
        str_copy(follower->at.scope.arena, (struct str){foreign->instance, foreign->len});
    follower_add_step(follower, &NODE_SWEEP,
                      VALUES(value_text(instance), value_number(foreign->beat)));
}

static bool is_beat_due(const struct follower *follower, int64_t now) {
    return now >= follower->next_beat_us || (follower->wants_beat && !follower->has_beat_failed);
}

/* What is due, most urgent first. False: nothing. */
static bool choose_running(struct follower *follower, int64_t now, enum call_kind *ret) {
    bool partitions[REVOCATION_PARTITIONS] = {false};
    const bool has_room = follower->batches < BATCHES_MOST;
    if (follower_wants_pages(follower, partitions)) {
        *ret = CALL_PAGES;
    } else if (has_room && is_beat_due(follower, now)) {
        *ret = CALL_BEAT;
    } else if (barriers_questioned(follower->barriers) != NULL) {
        *ret = CALL_QUESTION;
    } else if (follower->prefers_events && follower_streams_want(follower)) {
        *ret = CALL_EVENTS;
    } else if (has_room && (follower->wants_read || now >= follower->next_read_us)) {
        *ret = CALL_READ;
    } else if (follower_streams_want(follower)) {
        *ret = CALL_EVENTS;
    } else if (!is_sqlite(follower) && still_one(follower, now) != NULL) {
        *ret = CALL_SWEEP;
    } else {
        return false;
    }
    return true;
}

static bool choose(struct follower *follower, int64_t now, enum call_kind *ret) {
    switch (follower->phase) {
    case PHASE_JOIN: *ret = CALL_JOIN; return true;
    case PHASE_FIRST: *ret = CALL_BEAT; return true;
    case PHASE_RUN: return choose_running(follower, now, ret);
    case PHASE_LEAVE: *ret = CALL_LEAVE; return true;
    case PHASE_REPAIR:
    case PHASE_LEFT: break;
    }
    return false;
}

static void add_steps(struct follower *follower, int64_t now) {
    bool partitions[REVOCATION_PARTITIONS] = {false};
    switch (follower->at.kind) {
    case CALL_JOIN: join_steps(follower); break;
    case CALL_BEAT:
    case CALL_READ: heads_steps(follower); break;
    case CALL_PAGES:
        (void) follower_wants_pages(follower, partitions);
        follower_add_page_steps(follower, partitions);
        break;
    case CALL_EVENTS: follower_streams_steps(follower); break;
    case CALL_QUESTION: question_steps(follower); break;
    case CALL_SWEEP: sweep_steps(follower, now); break;
    case CALL_LEAVE:
        follower_add_step(follower, &NODE_LEAVE, VALUES(value_text(follower->instance)));
        break;
    }
}

static void plan_next(struct follower *follower, int64_t now) {
    if (follower->at.kind == CALL_BEAT) {
        follower->next_beat_us = now + beat_every(follower);
        if (follower->is_bus_gone || now >= follower->next_stream_round_us) {
            follower_streams_all_dirty(follower); /* a hint may have been lost */
            follower->next_stream_round_us = now + S_TO_US(5);
        }
    }
    if (follower->at.kind == CALL_BEAT || follower->at.kind == CALL_READ) {
        const bool polls = is_sqlite(follower) || follower->is_bus_gone;
        follower->next_read_us = polls ? now + MS_TO_US(50) : INT64_MAX;
    }
    follower->prefers_events = follower->at.kind == CALL_READ;
}

static RESULT need_db(struct scope *scope, struct follower *follower) {
    return follower->db != NULL ? OK_RESULT : db_open(scope, follower->set.store, &follower->db);
}

bool follower_call_start(struct follower *follower, int64_t now) {
    enum call_kind kind = CALL_JOIN;
    if (now < follower->next_try_us || !choose(follower, now, &kind)) {
        return false;
    }
    call_open(follower, kind, now);
    struct follower_call *at = &follower->at;
    plan_next(follower, now);
    if (!is_ok(need_db(&at->scope, follower))) {
        follower_call_failed(follower);
        return false;
    }
    add_steps(follower, now);
    if (!is_ok(db_call_begin(&at->scope, follower->db, at->steps, at->step_count, &at->call))) {
        follower_call_failed(follower);
        return false;
    }
    return true;
}

static void sweep_done(struct follower *follower) {
    /* Whether it went or had moved: look at it afresh. */
    const int64_t now = follower_now(follower);
    for (size_t i = 0; i < follower->foreign_count; i++) {
        follower->foreign[i].since_boot_us = now;
    }
}

static void question_done(struct follower *follower, int64_t now) {
    follower->wants_read = true;
    if (follower->at.question == NULL) {
        return; /* its barrier has ended meanwhile */
    }
    const struct rows *rows = db_call_rows(follower->at.call, 1);
    const struct str generation = rows_text(db_call_rows(follower->at.call, 0), 0, 0);
    barriers_question_answered(follower->barriers, follower->at.question, rows->count == 1,
                               generation, now);
}

static void call_done(struct follower *follower, int64_t now) {
    switch (follower->at.kind) {
    case CALL_JOIN: follower->phase = PHASE_FIRST; break;
    case CALL_BEAT:
    case CALL_READ: follower_heads_done(follower, now); break;
    case CALL_PAGES: follower_pages_done(follower); break;
    case CALL_EVENTS: follower_streams_done(follower); break;
    case CALL_QUESTION: question_done(follower, now); break;
    case CALL_SWEEP: sweep_done(follower); break;
    case CALL_LEAVE: follower->phase = PHASE_LEFT; break;
    }
}

bool follower_call_go_on(struct follower *follower, int64_t now) {
    bool is_done = false;
    const result went = db_call_advance(&follower->at.scope, follower->at.call, &is_done);
    if (!is_ok(went) || (!is_done && now >= follower->at.deadline_us)) {
        follower_call_failed(follower);
        return true;
    }
    if (is_done) {
        call_done(follower, now);
        follower_call_drop(follower);
    }
    return is_done;
}

int64_t follower_call_next_us(const struct follower *follower) {
    int64_t next = follower->next_try_us;
    if (follower->phase == PHASE_RUN) {
        const int64_t due = follower->next_beat_us < follower->next_read_us
                                ? follower->next_beat_us
                                : follower->next_read_us;
        next = next > due ? next : due;
    }
    if (follower->phase == PHASE_REPAIR && !follower->is_repairing) {
        return follower->next_repair_us;
    }
    return follower->phase == PHASE_REPAIR || follower->phase == PHASE_LEFT ? INT64_MAX : next;
}
