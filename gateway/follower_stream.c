#include "gateway/follower_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "gateway/live_event.h"

/* Event streams of the organisations that have sockets here. */

void follower_streams_open(struct follower *follower) {
    index_open(&follower->streams);
    follower->dirty_end = &follower->dirty_first;
}

static struct stream *find(const struct follower *follower, struct str org_id) {
    struct index_link *link = index_find(&follower->streams, index_key('o', org_id, STR("")));
    for (; link != NULL; link = index_next(link)) {
        struct stream *stream = CONTAINER(link, struct stream, link);
        if (str_eq(stream->org_id, org_id)) {
            return stream;
        }
    }
    return NULL;
}

static void *allocate(size_t count, size_t size) {
    void *bytes = calloc(count, size);
    if (bytes == NULL) {
        abort();
    }
    return bytes;
}

static struct stream *stream_new(struct follower *follower, struct str org_id) {
    struct stream *stream = allocate(1, sizeof *stream);
    char *copy = allocate(1, org_id.len + 1);
    memcpy(copy, org_id.at, org_id.len);
    stream->org_id = (struct str){copy, org_id.len};
    stream->watches = allocate(follower->shard_count, sizeof *stream->watches);
    stream->is_started = allocate(follower->shard_count, sizeof *stream->is_started);
    stream->position = -1;
    stream->number = ++follower->stream_number;
    index_add(&follower->streams, &stream->link, index_key('o', org_id, STR("")));
    return stream;
}

static void stream_free(struct stream *stream) {
    free((void *) (uintptr_t) stream->org_id.at);
    free(stream->watches);
    free(stream->is_started);
    free(stream);
}

static void dirty_add(struct follower *follower, struct stream *stream) {
    if (stream->is_dirty || stream->is_dead) {
        return;
    }
    stream->is_dirty = true;
    stream->dirty_next = NULL;
    *follower->dirty_end = stream;
    follower->dirty_end = &stream->dirty_next;
}

static struct stream *dirty_take(struct follower *follower) {
    struct stream *stream = follower->dirty_first;
    if (stream == NULL) {
        return NULL;
    }
    follower->dirty_first = stream->dirty_next;
    if (follower->dirty_first == NULL) {
        follower->dirty_end = &follower->dirty_first;
    }
    stream->is_dirty = false;
    return stream;
}

static bool is_wanted(const struct follower *follower, const struct stream *stream) {
    for (size_t i = 0; i < follower->shard_count; i++) {
        if (stream->watches[i] != 0) {
            return true;
        }
    }
    return false;
}

/* In the dirty list or in a call it is freed by whoever takes it out of there. */
static void stream_drop(struct follower *follower, struct stream *stream) {
    index_remove(&follower->streams, &stream->link);
    stream->is_dead = true;
    if (!stream->is_dirty && !stream->is_called) {
        stream_free(stream);
    }
}

static void send(struct follower *follower, struct stream *stream, struct live_batch *batch,
                 size_t shard) {
    struct events_letter *letter = NEW(batch->arena, struct events_letter);
    letter->work.kind = WORK_EVENTS;
    letter->batch = batch;
    letter->shard_number = (unsigned) shard;
    letter->watch = stream->watches[shard];
    batch->letters[batch->outstanding++] = letter;
    stream->letters++;
    (void) follower;
}

/* After all letters are made: the last one back ends the arena. */
static void post(struct follower *follower, struct live_batch *batch) {
    const unsigned count = batch->outstanding;
    if (count == 0) {
        live_batch_free(batch);
        return;
    }
    struct events_letter *letters[SHARD_MAX];
    memcpy((void *) letters, (const void *) batch->letters, count * sizeof letters[0]);
    for (unsigned i = 0; i < count; i++) {
        mailbox_post(shard_mailbox(follower->shards[letters[i]->shard_number]), MAILBOX_NORMAL,
                     &letters[i]->work.letter);
    }
}

static struct live_batch *batch_new(const struct follower *follower, const struct stream *stream) {
    struct arena *arena = arena_new();
    struct live_batch *batch = NEW(arena, struct live_batch);
    batch->arena = arena;
    batch->org_id = str_copy(arena, stream->org_id);
    batch->stream_number = stream->number;
    batch->letters = NEW_ARRAY(arena, follower->shard_count, struct events_letter *);
    return batch;
}

/* Shards that do not know where they start, if the follower does. */
static void send_starts(struct follower *follower, struct stream *stream) {
    if (stream->position < 0) {
        return;
    }
    struct live_batch *batch = batch_new(follower, stream);
    batch->is_start = true;
    batch->head = stream->position;
    for (size_t i = 0; i < follower->shard_count; i++) {
        if (stream->watches[i] != 0 && !stream->is_started[i]) {
            stream->is_started[i] = true;
            send(follower, stream, batch, i);
        }
    }
    post(follower, batch);
}

void follower_events_back(struct follower *follower, struct events_letter *letter) {
    struct live_batch *batch = letter->batch;
    struct stream *stream = find(follower, batch->org_id);
    if (stream != NULL && stream->number == batch->stream_number) {
        stream->letters--;
        if (stream->is_held && !stream->is_called) { /* else the end of the call does it */
            stream->is_held = false;
            dirty_add(follower, stream);
        }
    }
    if (--batch->outstanding == 0) {
        live_batch_free(batch);
    }
}

void follower_stream_watch(struct follower *follower, struct str org_id, unsigned shard_number,
                           uint64_t watch) {
    assert(shard_number < follower->shard_count);
    struct stream *stream = find(follower, org_id);
    if (stream == NULL) {
        if (watch == 0) {
            return;
        }
        stream = stream_new(follower, org_id);
        dirty_add(follower, stream);
    }
    stream->watches[shard_number] = watch;
    stream->is_started[shard_number] = false;
    if (watch == 0 && !is_wanted(follower, stream)) {
        stream_drop(follower, stream);
        return;
    }
    if (!stream->is_called) { /* else the end of the call starts it */
        send_starts(follower, stream);
    }
}

void follower_stream_dirty(struct follower *follower, struct str org_id) {
    struct stream *stream = find(follower, org_id);
    if (stream == NULL) {
        return;
    }
    if (stream->is_called) {
        stream->is_held = true; /* again when the call has ended */
        return;
    }
    dirty_add(follower, stream);
}

void follower_streams_all_dirty(struct follower *follower) {
    for (size_t i = 0; i <= follower->streams.mask; i++) {
        for (struct index_link *link = follower->streams.buckets[i]; link != NULL;
             link = link->next) {
            dirty_add(follower, CONTAINER(link, struct stream, link));
        }
    }
}

/* The shards have dropped every socket and said so, or will: nothing is watched. */
void follower_streams_reset(struct follower *follower) {
    for (size_t i = 0; i <= follower->streams.mask; i++) {
        for (struct index_link *link = follower->streams.buckets[i]; link != NULL;
             link = link->next) {
            struct stream *stream = CONTAINER(link, struct stream, link);
            stream->position = -1;
            memset(stream->is_started, 0, follower->shard_count * sizeof *stream->is_started);
        }
    }
}

void follower_streams_close(struct follower *follower) {
    struct stream *dead = NULL;
    while ((dead = dirty_take(follower)) != NULL) {
        if (dead->is_dead) {
            stream_free(dead);
        }
    }
    for (size_t i = 0; i <= follower->streams.mask; i++) {
        while (follower->streams.buckets[i] != NULL) {
            struct stream *stream = CONTAINER(follower->streams.buckets[i], struct stream, link);
            index_remove(&follower->streams, &stream->link);
            stream_free(stream);
        }
    }
    index_close(&follower->streams);
}

bool follower_streams_want(const struct follower *follower) {
    return follower->dirty_first != NULL;
}

/* The vector last, so that it is from a later snapshot than every event (rule 20). */
void follower_streams_steps(struct follower *follower) {
    struct follower_call *at = &follower->at;
    struct stream *stream = NULL;
    while (at->stream_count < STREAMS_OF_A_CALL && (stream = dirty_take(follower)) != NULL) {
        if (stream->is_dead) {
            stream_free(stream);
            continue;
        }
        if (stream->letters >= STREAM_LETTERS_MOST * follower->shard_count) {
            stream->is_held = true; /* the shards have enough of it: when one comes back */
            continue;
        }
        stream->is_called = true;
        at->streams[at->stream_count++] = stream;
        if (stream->position < 0) {
            follower_add_step(follower, &EVENT_HEAD, VALUES(value_text(stream->org_id)));
        } else {
            follower_add_step(follower, &EVENT_READ,
                              VALUES(value_text(stream->org_id), value_number(stream->position),
                                     value_number(STREAM_PAGE)));
        }
    }
    follower_add_step(follower, &REVOCATION_HEADS, NO_VALUES);
}

/* A row that cannot be read is delivered to nobody; the ones behind it are. */
static void prepare(struct scope *scope, const struct event *event, struct live_event *ret) {
    if (!is_ok(live_event_prepare(scope, event, ret))) {
        log_error(scope, "live.event", LOG_COUNT("seq", event->seq), LOG_REASON(scope));
        *ret = (struct live_event){.seq = event->seq};
    }
}

static void publish_stream(struct follower *follower, const struct stream *stream) {
    struct bus *bus = follower->set.env->bus;
    if (bus == NULL) {
        return;
    }
    const struct bus_message message = {
        .kind = BUS_STREAM,
        .stream = stream->org_id,
        .instance = follower->instance,
        .generation = follower->generation,
        .positions = {stream->position},
    };
    bus->publish(bus, &message);
}

static void deliver(struct follower *follower, struct stream *stream, const struct rows *rows,
                    const int64_t vector[REVOCATION_PARTITIONS]) {
    struct live_batch *batch = batch_new(follower, stream);
    struct scope scope = follower_scope(follower, batch->arena);
    struct event_batch events;
    event_decode(&scope, rows, &events);
    struct live_event *ready = NEW_ARRAY(batch->arena, events.count, struct live_event);
    for (size_t i = 0; i < events.count; i++) {
        prepare(&scope, &events.events[i], &ready[i]);
    }
    batch->after = stream->position;
    batch->events = ready;
    batch->count = events.count;
    memcpy(batch->vector, vector, sizeof batch->vector);
    for (size_t i = 0; i < follower->shard_count; i++) {
        if (stream->watches[i] != 0 && stream->is_started[i]) {
            send(follower, stream, batch, i);
        }
    }
    stream->position = events.events[events.count - 1].seq;
    post(follower, batch);
    publish_stream(follower, stream);
}

static void stream_done(struct follower *follower, struct stream *stream, const struct rows *rows,
                        const int64_t vector[REVOCATION_PARTITIONS]) {
    if (stream->position < 0) {
        if (rows->count == 1) {
            stream->position = rows_number(rows, 0, 0);
        }
    } else if (rows->count > 0) {
        deliver(follower, stream, rows, vector);
        stream->is_held = stream->is_held || rows->count == STREAM_PAGE;
    }
    send_starts(follower, stream);
}

/* Ends a stream's part in the call, however it went. */
static void let_go(struct follower *follower, struct stream *stream, bool is_again) {
    stream->is_called = false;
    if (stream->is_dead) {
        if (!stream->is_dirty) {
            stream_free(stream);
        }
        return;
    }
    if (stream->is_held || is_again) {
        stream->is_held = false;
        dirty_add(follower, stream);
    }
}

void follower_streams_done(struct follower *follower) {
    struct follower_call *at = &follower->at;
    int64_t vector[REVOCATION_PARTITIONS];
    const struct rows *heads = db_call_rows(at->call, at->stream_count);
    const bool is_readable = is_ok(revocation_decode_heads(&at->scope, heads, vector));
    for (size_t i = 0; i < at->stream_count; i++) {
        struct stream *stream = at->streams[i];
        if (is_readable && !stream->is_dead) {
            stream_done(follower, stream, db_call_rows(at->call, i), vector);
        }
        let_go(follower, stream, !is_readable);
    }
    at->stream_count = 0;
}

void follower_streams_failed(struct follower *follower) {
    struct follower_call *at = &follower->at;
    for (size_t i = 0; i < at->stream_count; i++) {
        let_go(follower, at->streams[i], true);
    }
    at->stream_count = 0;
}
