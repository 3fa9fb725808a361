#include "gateway/follower_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/holes.h"

/* What other threads and nodes tell, beside letters that come back. */
struct note {
    struct work work; /* first; WORK_HINT, WORK_WATCH, WORK_BUS */
    struct str org_id;
    unsigned shard_number;
    uint64_t watch;
    struct bus_message message;
    char bytes[]; /* behind the slices above */
};

static struct note *note_new(enum work_kind kind, size_t bytes) {
    struct note *note = calloc(1, sizeof *note + bytes);
    if (note == NULL) {
        abort();
    }
    note->work.kind = kind;
    return note;
}

static struct str note_keep(struct note *note, size_t *used, struct str text) {
    char *at = note->bytes + *used;
    if (text.len > 0) {
        memcpy(at, text.at, text.len);
    }
    *used += text.len;
    return (struct str){at, text.len};
}

/* Any thread: the subscription of the bus. */
static void receive(void *self, const struct bus_message *message) {
    struct follower *follower = self;
    struct note *note =
        note_new(WORK_BUS, message->stream.len + message->instance.len + message->generation.len);
    size_t used = 0;
    note->message = *message;
    note->message.stream = note_keep(note, &used, message->stream);
    note->message.instance = note_keep(note, &used, message->instance);
    note->message.generation = note_keep(note, &used, message->generation);
    mailbox_post(follower->mailbox, MAILBOX_NORMAL, &note->work.letter);
}

int64_t follower_now(const struct follower *follower) {
    return clock_boot_us(follower->set.env->clock);
}

struct scope follower_scope(const struct follower *follower, struct arena *arena) {
    return (struct scope){.arena = arena, .env = follower->set.env};
}

void follower_not_ready(struct follower *follower, const char *reason) {
    atomic_store(&follower->reason, reason);
}

static void new_instance(struct follower *follower) {
    struct scope scope = follower_scope(follower, follower->arena);
    follower->instance = uuid_v7(&scope);
}

struct follower *follower_new(const struct follower_settings *settings) {
    struct follower *follower = calloc(1, sizeof *follower);
    if (follower == NULL) {
        abort();
    }
    follower->set = *settings;
    follower->mailbox = mailbox_new();
    follower->arena = arena_new();
    follower->barriers = barriers_new(settings->bound_us);
    new_instance(follower);
    follower_streams_open(follower);
    follower_not_ready(follower, "joining");
    if (settings->env->bus != NULL) {
        settings->env->bus->subscribe(settings->env->bus, receive, follower);
    }
    return follower;
}

void follower_set_shards(struct follower *follower, struct shard *const *shards, size_t count) {
    assert(count > 0 && count <= SHARD_MAX);
    follower->shards = (struct shard **) calloc(count, sizeof *follower->shards);
    if (follower->shards == NULL) {
        abort();
    }
    memcpy((void *) follower->shards, (const void *) shards, count * sizeof *shards);
    follower->shard_count = count;
    if (!follower->set.has_dead_man) {
        return;
    }
    struct scope scope = follower_scope(follower, follower->arena);
    const int64_t hard_us = follower->set.bound_us * 9 / 10;
    if (!is_ok(dead_man_new(&scope, hard_us, &follower->dead_man))) {
        abort(); /* a kernel without timers: never run without the promise */
    }
    for (size_t i = 0; i < count; i++) {
        shard_set_dead_man(shards[i], follower->dead_man);
    }
}

struct mailbox *follower_mailbox(struct follower *follower) {
    return follower->mailbox;
}

struct str follower_instance(const struct follower *follower) {
    return follower->instance;
}

void follower_barrier(struct follower *follower, struct exchange *exchange) {
    mailbox_post(follower->mailbox, MAILBOX_CONTROL, &exchange->work.letter);
}

void follower_hint(struct follower *follower, struct str org_id) {
    size_t used = 0;
    struct note *note = note_new(WORK_HINT, org_id.len);
    note->org_id = note_keep(note, &used, org_id);
    mailbox_post(follower->mailbox, MAILBOX_NORMAL, &note->work.letter);
}

void follower_watch(struct follower *follower, struct str org_id, unsigned shard_number,
                    uint64_t watch) {
    size_t used = 0;
    struct note *note = note_new(WORK_WATCH, org_id.len);
    note->org_id = note_keep(note, &used, org_id);
    note->shard_number = shard_number;
    note->watch = watch;
    mailbox_post(follower->mailbox, MAILBOX_NORMAL, &note->work.letter);
}

static struct notice_letter *notice_new(struct str org_id, struct str from,
                                        const struct live_notice *notice) {
    const struct str texts[] = {org_id, from, notice->text, notice->audience[0],
                                notice->audience[1]};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    size_t bytes = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        bytes += texts[i].len;
    }
    struct notice_letter *letter = calloc(1, sizeof *letter + bytes);
    if (letter == NULL) {
        abort();
    }
    struct str *const places[TEXTS] = {&letter->org_id, &letter->from, &letter->notice.text,
                                       &letter->notice.audience[0], &letter->notice.audience[1]};
    char *at = letter->bytes;
    for (size_t i = 0; i < TEXTS; i++) {
        if (texts[i].len > 0) {
            memcpy(at, texts[i].at, texts[i].len);
        }
        *places[i] = (struct str){at, texts[i].len};
        at += texts[i].len;
    }
    letter->work.kind = WORK_NOTICE;
    letter->notice.is_org_wide = notice->is_org_wide;
    return letter;
}

void follower_notice(struct follower *follower, struct str org_id, struct str from,
                     const struct live_notice *notice) {
    for (size_t i = 0; i < follower->shard_count; i++) {
        struct notice_letter *letter = notice_new(org_id, from, notice);
        mailbox_post(shard_mailbox(follower->shards[i]), MAILBOX_NORMAL, &letter->work.letter);
    }
}

void follower_applied(struct follower *follower, struct apply_letter *letter) {
    mailbox_post(follower->mailbox, MAILBOX_CONTROL, &letter->work.letter);
}

void follower_delivered(struct follower *follower, struct events_letter *letter) {
    mailbox_post(follower->mailbox, MAILBOX_NORMAL, &letter->work.letter);
}

static void publish_heads(struct follower *follower, const struct revoked *revoked) {
    struct bus *bus = follower->set.env->bus;
    if (bus == NULL) {
        return;
    }
    struct bus_message message = {
        .kind = BUS_HEADS,
        .stream = {"", 0},
        .instance = follower->instance,
        .generation = revoked->generation,
    };
    memcpy(message.positions, follower->known, sizeof message.positions);
    if (message.positions[revoked->partition] < revoked->seq) {
        message.positions[revoked->partition] = revoked->seq;
    }
    bus->publish(bus, &message);
}

static void take_barrier(struct follower *follower, struct exchange *exchange) {
    const struct revoked *revoked = &exchange->revoked;
    barriers_add(follower->barriers, exchange);
    follower->wants_read = true;
    publish_heads(follower, revoked);
    if (follower->positions[revoked->partition] >= revoked->seq) {
        /* A repetition: no row of it will be acknowledged, but it may have written an event. */
        follower_stream_dirty(follower, revoked->org_id);
    }
}

static void take_bus(struct follower *follower, const struct bus_message *message, int64_t now) {
    if (str_eq(message->instance, follower->instance)) {
        return;
    }
    switch (message->kind) {
    case BUS_STREAM: follower_stream_dirty(follower, message->stream); break;
    case BUS_HEADS:
        for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
            if (message->positions[i] > follower->positions[i]) {
                follower->hinted[i] = true;
                follower->wants_read = true;
            }
        }
        break;
    case BUS_APPLIED:
        barriers_acknowledge(follower->barriers, message->instance, message->generation,
                             message->positions, now);
        break;
    }
}

static void take_note(struct follower *follower, struct note *note, int64_t now) {
    if (note->work.kind == WORK_HINT) {
        follower_stream_dirty(follower, note->org_id);
    } else if (note->work.kind == WORK_WATCH) {
        follower_stream_watch(follower, note->org_id, note->shard_number, note->watch);
    } else {
        take_bus(follower, &note->message, now);
    }
    free(note);
}

static void take_letters(struct follower *follower, enum mailbox_lane lane, int64_t now) {
    struct letter *letter = mailbox_take(follower->mailbox, lane);
    while (letter != NULL) {
        struct letter *next = letter->next;
        switch (((struct work *) (void *) letter)->kind) {
        case WORK_EXCHANGE: take_barrier(follower, (struct exchange *) (void *) letter); break;
        case WORK_APPLY:
            follower_batch_back(follower, (struct apply_letter *) (void *) letter);
            break;
        case WORK_EVENTS:
            follower_events_back(follower, (struct events_letter *) (void *) letter);
            break;
        case WORK_HINT:
        case WORK_WATCH:
        case WORK_BUS: take_note(follower, (struct note *) (void *) letter, now); break;
        case WORK_REPAIRED: follower_repaired(follower, letter); break;
        case WORK_CHORE:
        case WORK_NOTICE:
        case WORK_CAUGHT_UP: abort(); /* never posted here */
        }
        letter = next;
    }
}

void follower_reset(struct follower *follower, enum phase phase, const char *reason) {
    struct scope scope = follower_scope(follower, follower->arena);
    log_warning(&scope, "follower.reset", LOG_ID("instance", follower->instance),
                LOG_WORD("reason", reason));
    follower_fetch_drop(follower);
    follower_not_ready(follower, reason);
    follower->has_lease = false;
    follower->is_generation_known = false;
    memset(follower->positions, 0, sizeof follower->positions);
    memset(follower->known, 0, sizeof follower->known);
    memset(follower->acked, 0, sizeof follower->acked);
    follower_post(follower, true);
    follower_streams_reset(follower);
    new_instance(follower);
    follower->phase = phase;
    follower->next_beat_us = 0;
}

/* Acknowledgements reach the other nodes through the bus; without one, or towards a command line,
 * through the own row. */
static void look_at_bus(struct follower *follower) {
    struct bus *bus = follower->set.env->bus;
    const bool is_short = bus != NULL && bus->is_local && follower->foreign_count > 0;
    const bool is_gone = bus == NULL || is_short || !bus->is_alive(bus);
    if (is_gone != follower->is_bus_gone && !follower->fetch.is_open) {
        follower->is_bus_gone = is_gone;
        follower->wants_read = true; /* and polls from then on, or waits for hints again */
        if (follower->phase == PHASE_RUN) {
            follower_post(follower, false); /* the shards ask the database from here on, or not */
        }
    }
}

static bool step_once(struct follower *follower, int64_t now) {
    take_letters(follower, MAILBOX_CONTROL, now);
    take_letters(follower, MAILBOX_NORMAL, now);
    look_at_bus(follower);
    bool has_moved = false;
    if (follower->at.call != NULL) {
        has_moved = follower_call_go_on(follower, now);
    }
    if (follower->at.call == NULL) {
        has_moved = follower_call_start(follower, now) || has_moved;
    }
    follower_end_barriers(follower, now);
    follower_push_receipts(follower);
    follower_push_repair(follower, now);
    return has_moved;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

void follower_step(struct follower *follower, struct follower_wait *ret) {
    enum { MOST_ROUNDS = 32 }; /* then the thread looks at its mailbox and its deadline again */
    mailbox_clear(follower->mailbox);
    bool has_moved = true;
    for (size_t i = 0; has_moved && i < MOST_ROUNDS; i++) {
        has_moved = step_once(follower, follower_now(follower));
    }
    const int64_t now = follower_now(follower);
    int64_t until =
        follower->at.call == NULL ? follower_call_next_us(follower) : follower->at.deadline_us;
    until = earlier(until, barriers_next_us(follower->barriers));
    if (follower->receipts != NULL) {
        until = earlier(until, now + MS_TO_US(50));
    }
    const struct db_call *call = follower->at.call;
    *ret = (struct follower_wait){
        .until_boot_us = has_moved ? now : until,
        .fd = call == NULL ? -1 : db_call_fd(call),
        .events = call == NULL ? (short) 0 : db_call_events(call),
    };
}

bool follower_is_ready(const struct follower *follower) {
    return atomic_load(&follower->reason) == NULL;
}

const char *follower_not_ready_reason(const struct follower *follower) {
    return atomic_load(&follower->reason);
}

struct db *follower_db(struct follower *follower) {
    return follower->db;
}

/* Rule 15: nobody waits for an instance without a row, so it goes when nothing is held any more. */
static bool is_empty(const struct follower *follower) {
    for (size_t i = 0; i < follower->shard_count; i++) {
        if (!shard_is_drained(follower->shards[i])) {
            return HOLE(10);
        }
    }
    return true;
}

bool follower_leave(struct follower *follower) {
    if (!is_empty(follower)) {
        return false;
    }
    if (follower->phase == PHASE_JOIN || follower->phase == PHASE_REPAIR) {
        follower->phase = PHASE_LEFT; /* no row of this instance is there, or none that counts */
    }
    if (follower->phase != PHASE_LEFT && follower->phase != PHASE_LEAVE) {
        follower_not_ready(follower, "leaving");
        follower->phase = PHASE_LEAVE;
        follower->next_try_us = 0;
        follower->leave_until_us = follower_now(follower) + follower->set.bound_us;
    }
    if (follower->phase == PHASE_LEAVE && follower_now(follower) >= follower->leave_until_us) {
        follower->phase = PHASE_LEFT; /* the database is away: the others sweep the row */
    }
    return follower->phase == PHASE_LEFT && !follower->is_repairing &&
           barriers_next_us(follower->barriers) == INT64_MAX;
}

void follower_dismiss(struct follower *follower) {
    dead_man_free(&follower->dead_man);
}

void follower_free(struct follower **follower) {
    if (*follower == NULL) {
        return;
    }
    take_letters(*follower, MAILBOX_CONTROL, 0);
    take_letters(*follower, MAILBOX_NORMAL, 0);
    follower_streams_failed(*follower);
    follower_call_drop(*follower);
    follower_fetch_drop(*follower);
    follower_drop_receipts(*follower);
    follower_streams_close(*follower);
    db_close(&(*follower)->db);
    dead_man_free(&(*follower)->dead_man);
    barriers_free(&(*follower)->barriers);
    arena_end(&(*follower)->arena);
    mailbox_free(&(*follower)->mailbox);
    free((void *) (*follower)->shards);
    free(*follower);
    *follower = NULL;
}
