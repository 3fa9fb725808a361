#include "gateway/follower_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "gateway/holes.h"
#include "gateway/metric.h"

/* From heads to rows to letters for all shards, and the acknowledgement when they are back. */

void follower_fetch_drop(struct follower *follower) {
    if (follower->fetch.is_open) {
        arena_end(&follower->fetch.arena);
    }
    follower->fetch = (struct fetch){.is_open = false};
}

static void fetch_open(struct follower *follower, int64_t lease_us,
                       const int64_t heads[REVOCATION_PARTITIONS]) {
    assert(!follower->fetch.is_open); /* rows in it would be lost */
    follower->fetch.is_open = true;
    follower->fetch.arena = arena_new();
    follower->fetch.lease_us = lease_us;
    memcpy(follower->fetch.heads, heads, sizeof follower->fetch.heads);
}

static struct apply_batch *batch_new(struct follower *follower) {
    struct fetch *fetch = &follower->fetch;
    struct arena *arena = fetch->is_open ? fetch->arena : arena_new();
    struct apply_batch *batch = NEW(arena, struct apply_batch);
    batch->arena = arena;
    batch->number = ++follower->batch_number;
    batch->instance = follower->instance;
    batch->generation = follower->generation;
    batch->is_bus_gone = follower->is_bus_gone;
    memcpy(batch->positions, follower->positions, sizeof batch->positions);
    if (fetch->is_open) {
        batch->rows = fetch->rows;
        batch->count = fetch->count;
        batch->lease_us = fetch->lease_us;
    }
    batch->cut_sockets = NEW_ARRAY(arena, batch->count, int64_t);
    follower->fetch = (struct fetch){.is_open = false};
    return batch;
}

void follower_post(struct follower *follower, bool is_reset) {
    struct apply_batch *batch = batch_new(follower);
    batch->is_reset = is_reset;
    batch->outstanding = (unsigned) follower->shard_count;
    follower->batches++;
    /* Every letter before the first post: the last one back ends the arena. */
    struct apply_letter **letters =
        NEW_ARRAY(batch->arena, follower->shard_count, struct apply_letter *);
    for (size_t i = 0; i < follower->shard_count; i++) {
        letters[i] = NEW(batch->arena, struct apply_letter);
        letters[i]->work.kind = WORK_APPLY;
        letters[i]->batch = batch;
        letters[i]->shard_number = (unsigned) i;
        letters[i]->cut_sockets = NEW_ARRAY(batch->arena, batch->count, int64_t);
        if (batch->lease_us != 0 && follower->dead_man != NULL) {
            dead_man_arm(follower->dead_man, shard_number(follower->shards[i]), batch->lease_us);
        }
    }
    for (size_t i = 0; i < follower->shard_count; i++) {
        mailbox_post(shard_mailbox(follower->shards[i]), MAILBOX_CONTROL, &letters[i]->work.letter);
    }
}

static void publish_applied(struct follower *follower, const struct apply_batch *batch) {
    struct bus *bus = follower->set.env->bus;
    if (bus == NULL) {
        return;
    }
    struct bus_message message = {
        .kind = BUS_APPLIED,
        .stream = {"", 0},
        .instance = batch->instance,
        .generation = batch->generation,
    };
    memcpy(message.positions, batch->positions, sizeof message.positions);
    bus->publish(bus, &message);
}

/* Rule 13: all shards are done. */
static void acknowledge(struct follower *follower, const struct apply_batch *batch) {
    const int64_t now = follower_now(follower);
    for (size_t i = 0; i < batch->count; i++) {
        const struct revocation *row = &batch->rows[i];
        barriers_cut(follower->barriers, row->partition, row->seq, batch->cut_sockets[i]);
        follower_stream_dirty(follower, row->org_id);
        if (row->origin.len == 0 || follower->is_bus_gone) {
            follower->wants_beat = true; /* who waits reads our row */
        }
    }
    barriers_acknowledge(follower->barriers, batch->instance, batch->generation, batch->positions,
                         now);
    if (batch->count > 0) {
        publish_applied(follower, batch);
    }
    if (!str_eq(batch->instance, follower->instance)) {
        return;
    }
    memcpy(follower->acked, batch->positions, sizeof follower->acked);
    if (batch->lease_us != 0 && follower->phase == PHASE_RUN) {
        follower->lease_us = batch->lease_us;
        follower->has_lease = true;
        follower_not_ready(follower, NULL);
        if (follower->dead_man != NULL) {
            dead_man_move(follower->dead_man, batch->lease_us);
        }
    }
}

void follower_batch_back(struct follower *follower, struct apply_letter *letter) {
    struct apply_batch *batch = letter->batch;
    for (size_t i = 0; i < batch->count; i++) {
        batch->cut_sockets[i] += letter->cut_sockets[i];
    }
    batch->outstanding--;
    if (HOLE(5) && !batch->is_reset && batch->outstanding + 1 == follower->shard_count) {
        acknowledge(follower, batch);
    }
    if (batch->outstanding > 0) {
        return;
    }
    follower->batches--;
    if (!batch->is_reset) {
        acknowledge(follower, batch);
    }
    apply_batch_free(batch);
}

void follower_add_page_steps(struct follower *follower, const bool wanted[REVOCATION_PARTITIONS]) {
    struct follower_call *at = &follower->at;
    at->first_page_step = at->step_count;
    for (int i = 0; i < REVOCATION_PARTITIONS; i++) {
        if (wanted[i]) {
            at->page_partitions[at->page_count++] = i;
            follower_add_step(follower, &REVOCATION_READ,
                              VALUES(value_number(i), value_number(follower->positions[i]),
                                     value_number(REVOCATION_PAGE)));
        }
    }
}

bool follower_wants_pages(const struct follower *follower, bool ret[REVOCATION_PARTITIONS]) {
    bool wants = false;
    for (size_t i = 0; i < REVOCATION_PARTITIONS && follower->fetch.is_open; i++) {
        ret[i] = follower->fetch.heads[i] > follower->positions[i];
        wants = wants || ret[i];
    }
    return wants;
}

static void fetch_add(struct follower *follower, const struct revocation *row) {
    struct fetch *fetch = &follower->fetch;
    if (fetch->count == fetch->capacity) {
        const size_t capacity = fetch->capacity == 0 ? 64 : 2 * fetch->capacity;
        struct revocation *rows = NEW_ARRAY(fetch->arena, capacity, struct revocation);
        for (size_t i = 0; i < fetch->count; i++) {
            rows[i] = fetch->rows[i];
        }
        fetch->rows = rows;
        fetch->capacity = capacity;
    }
    struct revocation copy = *row;
    copy.id = str_copy(fetch->arena, row->id);
    copy.org_id = str_copy(fetch->arena, row->org_id);
    copy.subject = str_copy(fetch->arena, row->subject);
    copy.reason = str_copy(fetch->arena, row->reason);
    copy.origin = str_copy(fetch->arena, row->origin);
    fetch->rows[fetch->count++] = copy;
    follower->positions[row->partition] = row->seq;
    follower_remember(follower, row);
}

/* The position is the last row fetched, never the head. False: a row is missing (rule 14). */
static bool add_page(struct follower *follower, int partition, const struct rows *rows) {
    struct revocation_page page;
    if (!is_ok(revocation_decode(&follower->at.scope, rows, &page))) {
        return false;
    }
    for (size_t i = 0; i < page.count; i++) {
        if (page.rows[i].seq != follower->positions[partition] + 1) {
            return false;
        }
        fetch_add(follower, &page.rows[i]);
    }
    if (HOLE(26) && follower->fetch.heads[partition] > follower->positions[partition]) {
        follower->positions[partition] = follower->fetch.heads[partition];
    }
    return page.count > 0 || follower->fetch.heads[partition] <= follower->positions[partition];
}

static void fetch_close(struct follower *follower) {
    bool partitions[REVOCATION_PARTITIONS] = {false};
    if (follower_wants_pages(follower, partitions)) {
        return;
    }
    if (follower->fetch.count > 0 || follower->fetch.lease_us != 0) {
        follower_post(follower, false);
        return;
    }
    follower_fetch_drop(follower);
}

static bool add_pages(struct follower *follower) {
    const struct follower_call *at = &follower->at;
    for (size_t i = 0; i < at->page_count; i++) {
        const struct rows *rows = db_call_rows(at->call, at->first_page_step + i);
        if (!add_page(follower, at->page_partitions[i], rows)) {
            return false;
        }
    }
    return true;
}

void follower_pages_done(struct follower *follower) {
    if (!add_pages(follower)) {
        follower_reset(follower, PHASE_JOIN, "gap");
        return;
    }
    fetch_close(follower);
}

static void look_at_foreign(struct follower *follower, const struct node_row *node, int64_t now) {
    struct foreign *foreign = NULL;
    for (size_t i = 0; i < follower->foreign_count && foreign == NULL; i++) {
        const struct str name = {follower->foreign[i].instance, follower->foreign[i].len};
        foreign = str_eq(name, node->instance) ? &follower->foreign[i] : NULL;
    }
    if (foreign == NULL) {
        if (follower->foreign_count == FOREIGN_MOST ||
            node->instance.len > sizeof foreign->instance) {
            return;
        }
        foreign = &follower->foreign[follower->foreign_count++];
        *foreign = (struct foreign){.len = node->instance.len, .beat = -1};
        memcpy(foreign->instance, node->instance.at, node->instance.len);
    }
    foreign->is_here = true;
    if (foreign->beat != node->beat) {
        foreign->beat = node->beat;
        foreign->since_boot_us = now;
    }
}

/* Remembers since when the beats of the others stand still. */
static void look_at_nodes(struct follower *follower, const struct node_list *nodes, int64_t now) {
    for (size_t i = 0; i < follower->foreign_count; i++) {
        follower->foreign[i].is_here = false;
    }
    for (size_t i = 0; i < nodes->count; i++) {
        if (!str_eq(nodes->rows[i].instance, follower->instance)) {
            look_at_foreign(follower, &nodes->rows[i], now);
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < follower->foreign_count; i++) {
        if (follower->foreign[i].is_here) {
            follower->foreign[kept++] = follower->foreign[i];
        }
    }
    follower->foreign_count = kept;
}

struct heads_read {
    bool is_own_row_there;
    struct str generation;
    int64_t heads[REVOCATION_PARTITIONS];
    struct node_list nodes;
};

static RESULT decode(struct follower *follower, struct heads_read *ret) {
    struct follower_call *at = &follower->at;
    struct scope *scope = &at->scope;
    const struct rows *generation = db_call_rows(at->call, at->generation_step);
    REQUIRE(scope, generation->count == 1, UNAVAILABLE, "db.generation");
    ret->is_own_row_there = db_call_rows(at->call, at->own_step)->count == 1;
    ret->generation = rows_text(generation, 0, 0);
    TRY(revocation_decode_heads(scope, db_call_rows(at->call, at->heads_step), ret->heads));
    node_decode(scope, db_call_rows(at->call, at->nodes_step), &ret->nodes);
    return OK_RESULT;
}

static bool went_back(const struct follower *follower, const int64_t heads[]) {
    for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
        if (heads[i] < follower->known[i]) {
            return true;
        }
    }
    return false;
}

static void lost_commits(struct follower *follower) {
    struct scope scope = follower_scope(follower, follower->at.scope.arena);
    log_error(&scope, "revocation.lost", LOG_ID("generation", follower->generation));
    metric_add(follower->set.metrics, METRIC_REVOCATION_LOST, 1);
    barriers_lose_all(follower->barriers);
    follower_reset(follower, PHASE_REPAIR, "lost commits");
}

static void know_generation(struct follower *follower, struct str generation) {
    if (!follower->is_generation_known && !str_eq(follower->generation, generation)) {
        follower->generation = str_copy(follower->arena, generation);
    }
    follower->is_generation_known = true;
}

static void remember_heads(struct follower *follower, const int64_t heads[]) {
    for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
        follower->known[i] = heads[i] > follower->known[i] ? heads[i] : follower->known[i];
    }
}

/* Rule 11: whoever starts here holds nothing, so it needs nothing from before. */
static void start_here(struct follower *follower, const int64_t heads[]) {
    memcpy(follower->positions, heads, sizeof follower->positions);
    memcpy(follower->acked, heads, sizeof follower->acked);
    follower->phase = PHASE_RUN;
    follower->wants_beat = true; /* with the generation, which is known now */
    follower_streams_all_dirty(follower);
}

static int64_t lease_of(const struct follower *follower, int64_t now) {
    const bool is_renewing = follower->at.kind == CALL_BEAT || HOLE(20);
    return !is_renewing ? 0 : HOLE(3) ? now : follower->at.sent_us;
}

static bool is_standing(struct follower *follower, const struct heads_read *read) {
    if (!read->is_own_row_there && !HOLE(9)) {
        follower_reset(follower, PHASE_JOIN, "own row gone");
        return false;
    }
    /* Another server may have been promoted: what it lacks shows in its heads, or in what it does
     * not know of what was read here. */
    if (went_back(follower, read->heads)) {
        lost_commits(follower);
        return false;
    }
    if (follower->is_generation_known && !str_eq(follower->generation, read->generation)) {
        follower_reset(follower, PHASE_REPAIR, "generation changed");
        return false;
    }
    return true;
}

void follower_heads_done(struct follower *follower, int64_t now) {
    struct heads_read read = {.is_own_row_there = false};
    if (!is_ok(decode(follower, &read))) {
        follower->wants_read = true;
        return;
    }
    const struct barrier_read barrier_read = {read.generation, read.heads, &read.nodes, now};
    barriers_read(follower->barriers, &barrier_read);
    if (!is_standing(follower, &read)) {
        return;
    }
    if (follower->at.kind == CALL_BEAT) {
        follower->has_beat_failed = false;
    }
    know_generation(follower, read.generation);
    remember_heads(follower, read.heads);
    look_at_nodes(follower, &read.nodes, now);
    fetch_open(follower, lease_of(follower, now), read.heads);
    if (HOLE(4) && follower->fetch.lease_us != 0) {
        follower_post(follower, false);
        fetch_open(follower, 0, read.heads);
    }
    if (follower->phase == PHASE_FIRST) {
        start_here(follower, read.heads);
    } else if (!add_pages(follower)) {
        follower_reset(follower, PHASE_JOIN, "gap");
        return;
    }
    fetch_close(follower);
    /* A list that is still missing: the commit is not visible yet. Not in a tight loop. */
    if (barriers_want_read(follower->barriers)) {
        const int64_t again = now + MS_TO_US(2);
        follower->next_read_us = again < follower->next_read_us ? again : follower->next_read_us;
    }
}
