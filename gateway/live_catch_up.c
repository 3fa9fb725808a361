#include "gateway/shard_internal.h"

#include <stdlib.h>

#include "base/event_log.h"
#include "base/json.h"
#include "gateway/live_event.h"

static void say_hello(struct shard *shard, struct live_socket *socket, int64_t seq) {
    const struct actor *actor = &socket->kept->value.actor;
    AUTO(arena_end) struct arena *arena = arena_new();
    struct json_out out = json_out_begin(arena);
    json_out_open_object(&out);
    json_out_member(&out, "type", STR("hello"));
    json_out_member(&out, "user", actor->id);
    json_out_member(&out, "org", actor->org_id);
    json_out_member(&out, "resume", str_format(arena, "%lld", (long long) seq));
    json_out_member_number(&out, "seq", seq);
    json_out_close_object(&out);
    live_queue_text(shard, socket, json_out_end(&out));
    socket->delivered_seq = seq;
}

void live_greet(struct shard *shard, struct live_socket *socket) {
    socket->is_waiting = socket->org->position < 0;
    if (socket->is_waiting) {
        return;
    }
    const int64_t reach = live_reach(socket->org);
    if (socket->resume_after < 0 || socket->resume_after == reach) {
        say_hello(shard, socket, reach);
        return;
    }
    say_hello(shard, socket, socket->resume_after);
    socket->is_catching_up = true;
    live_catch_up_next(shard, socket);
}

/* On a worker. The head before the events and the vector after them: the vector is from a later
 * snapshot than any event that was seen (rule 20). */
static RESULT read_page(struct scope *scope, struct db *db, struct live_batch *batch) {
    TRY(event_head(scope, db, batch->org_id, &batch->head));
    struct event_batch events = {0};
    if (batch->after < batch->head && batch->head - batch->after <= MISSED_MOST) {
        TRY(event_read(scope, db, batch->org_id, batch->after, MISSED_PAGE, &events));
    }
    struct live_event *ready = NEW_ARRAY(scope->arena, events.count, struct live_event);
    for (size_t i = 0; i < events.count; i++) {
        TRY(live_event_prepare(scope, &events.events[i], &ready[i]));
    }
    batch->events = ready;
    batch->count = events.count;
    return revocation_heads(scope, db, batch->vector);
}

static void run_page(struct chore *chore, struct scope *scope, struct db *db) {
    struct catch_up *page = (struct catch_up *) (void *) chore;
    struct scope own = {.arena = page->arena, .env = scope->env};
    page->is_failed = !is_ok(read_page(&own, db, &page->batch));
    page->chore.work.kind = WORK_CAUGHT_UP;
    mailbox_post(page->to, MAILBOX_NORMAL, &page->chore.work.letter);
}

static void page_free(struct catch_up *page) {
    arena_end(&page->arena);
    free(page);
}

void live_catch_up_next(struct shard *shard, struct live_socket *socket) {
    if (socket->is_reading) {
        return;
    }
    struct catch_up *page = calloc(1, sizeof *page);
    if (page == NULL) {
        abort();
    }
    page->chore.work.kind = WORK_CHORE;
    page->chore.run = run_page;
    page->to = shard->mailbox;
    page->socket_id = socket->id;
    page->arena = arena_new();
    page->batch.org_id = str_copy(page->arena, socket->org->id);
    page->batch.after = socket->delivered_seq;
    socket->is_reading = true;
    if (!queue_push(shard->set.pools->lanes[RUN_DATABASE], QUEUE_NORMAL,
                    &page->chore.work.letter)) {
        page_free(page);
        live_cut(shard, socket, LIVE_CLOSE_LATER, STR("busy"));
    }
}

static void give_up(struct shard *shard, struct live_socket *socket) {
    const int64_t reach = live_reach(socket->org);
    AUTO(arena_end) struct arena *arena = arena_new();
    struct json_out out = json_out_begin(arena);
    json_out_open_object(&out);
    json_out_member(&out, "type", STR("resync"));
    json_out_member_number(&out, "seq", reach);
    json_out_close_object(&out);
    socket->is_catching_up = false;
    socket->delivered_seq = reach;
    live_queue_text(shard, socket, json_out_end(&out));
    live_flush(shard, socket);
}

static bool is_for(const struct live_event *event, struct str user_id) {
    for (size_t i = 0; i < event->audience_count; i++) {
        if (str_eq(event->audience[i], user_id)) {
            return true;
        }
    }
    return event->is_org_wide;
}

static void give_page(struct shard *shard, struct live_socket *socket,
                      const struct live_batch *batch) {
    const struct str user_id = socket->kept->value.actor.id;
    for (size_t i = 0; i < batch->count && !socket->is_closed; i++) {
        const struct live_event *event = &batch->events[i];
        if (is_for(event, user_id)) {
            live_queue_text(shard, socket, event->text);
        }
        socket->delivered_seq = event->seq;
    }
    if (socket->is_closed) {
        return;
    }
    socket->is_catching_up = socket->delivered_seq < live_reach(socket->org);
    live_flush(shard, socket);
    if (!socket->is_closed && socket->is_catching_up && socket->queue_count == 0) {
        live_catch_up_next(shard, socket);
    }
}

/* Behind the head, as events are kept without a gap, comes the next one; anything else is another
 * history, or too long ago. */
static bool is_usable(const struct live_batch *batch) {
    if (batch->after == batch->head) {
        return true;
    }
    return batch->count > 0 && batch->events[0].seq == batch->after + 1;
}

static void deliver_page(struct shard *shard, struct catch_up *page) {
    struct live_socket *socket = shard_decide(shard) ? live_find(shard, page->socket_id) : NULL;
    if (socket != NULL) {
        socket->is_reading = false;
        if (page->is_failed) {
            live_cut(shard, socket, LIVE_CLOSE_LATER, STR("busy"));
        } else if (is_usable(&page->batch)) {
            give_page(shard, socket, &page->batch);
        } else {
            give_up(shard, socket);
        }
    }
    page_free(page);
}

void live_caught_up(struct shard *shard, struct catch_up *page) {
    const bool is_wanted = !page->is_failed && live_find(shard, page->socket_id) != NULL;
    if (is_wanted && !shard_covers(shard, page->batch.vector)) {
        page->next = shard->uncovered;
        shard->uncovered = page;
        return;
    }
    deliver_page(shard, page);
}

void live_covered(struct shard *shard) {
    for (struct live_org *org = shard->active_first; org != NULL; org = org->active_next) {
        org->is_blocked = false;
    }
    struct catch_up *pages = shard->uncovered;
    shard->uncovered = NULL;
    while (pages != NULL) {
        struct catch_up *next = pages->next;
        live_caught_up(shard, pages);
        pages = next;
    }
}
