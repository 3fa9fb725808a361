#include "gateway/follower.h"
#include "gateway/shard_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/env.h"

enum { RUN_MOST = 16 }; /* events that one socket gets in one write */

static const struct live_event *run_last(const struct live_org *org) {
    return &org->letters->batch->events[org->run_end - 1];
}

int64_t live_reach(const struct live_org *org) {
    return org->is_running ? run_last(org)->seq : org->position;
}

static void give_back(struct shard *shard, struct events_letter *letter) {
    for (size_t i = 0; letter->frames != NULL && i < letter->batch->count; i++) {
        ws_frame_unref(&letter->frames[i]);
    }
    free((void *) letter->frames);
    letter->frames = NULL;
    follower_delivered(shard->set.follower, letter);
}

static void activate(struct shard *shard, struct live_org *org) {
    org->is_active = true;
    org->active_next = NULL;
    *shard->active_end = org;
    shard->active_end = &org->active_next;
}

static void deactivate(struct shard *shard, struct live_org *org) {
    if (!org->is_active) {
        return;
    }
    struct live_org **at = &shard->active_first;
    while (*at != org) {
        at = &(*at)->active_next;
    }
    *at = org->active_next;
    if (shard->active_end == &org->active_next) {
        shard->active_end = at;
    }
    org->is_active = false;
}

void live_fanout_drop(struct shard *shard, struct live_org *org) {
    deactivate(shard, org);
    while (org->letters != NULL) {
        struct events_letter *letter = org->letters;
        org->letters = letter->next_of_org;
        give_back(shard, letter);
    }
    org->letters_end = &org->letters;
    org->is_running = false;
}

void live_fanout_forget(struct live_socket *socket) {
    if (socket->org->at_socket == socket) {
        socket->org->at_socket = socket->org_next;
    }
}

static void begin_watch(struct shard *shard, struct live_org *org, int64_t head) {
    org->position = head;
    struct live_socket *socket = org->first;
    while (socket != NULL) {
        struct live_socket *next = socket->org_next;
        if (socket->is_waiting) {
            live_greet(shard, socket);
            live_flush(shard, socket);
        }
        socket = next;
    }
}

/* The position behind the letters that wait already. */
static int64_t last_known(const struct live_org *org) {
    int64_t last = org->position;
    for (const struct events_letter *letter = org->letters; letter != NULL;
         letter = letter->next_of_org) {
        last = letter->batch->events[letter->batch->count - 1].seq;
    }
    return last;
}

void live_events(struct shard *shard, struct events_letter *letter) {
    const struct live_batch *batch = letter->batch;
    struct live_org *org = live_org_find(shard, batch->org_id);
    if (org == NULL || org->watch != letter->watch) {
        give_back(shard, letter);
        return;
    }
    if (batch->is_start) {
        begin_watch(shard, org, batch->head);
        give_back(shard, letter);
        return;
    }
    assert(batch->count > 0 && batch->after == last_known(org));
    letter->next_of_org = NULL;
    *org->letters_end = letter;
    org->letters_end = &letter->next_of_org;
    if (!org->is_active) {
        org->is_blocked = false;
        activate(shard, org);
    }
}

static struct ws_frame *frame_of(struct events_letter *letter, size_t at) {
    if (letter->frames == NULL) {
        letter->frames = (struct ws_frame **) calloc(letter->batch->count, sizeof(void *));
        if (letter->frames == NULL) {
            abort();
        }
    }
    if (letter->frames[at] == NULL) {
        letter->frames[at] = ws_frame_new(WS_TEXT, letter->batch->events[at].text);
    }
    return letter->frames[at];
}

/* The run's events for one socket, in one write. Number of writes. */
static size_t give(struct shard *shard, struct live_org *org, struct live_socket *socket) {
    if (socket->is_closed || socket->is_waiting || socket->is_catching_up) {
        return 0;
    }
    if (socket->expires_us <= clock_now_us(shard->set.env->clock)) {
        live_cut(shard, socket, LIVE_CLOSE_REVOKED, STR("session.expired"));
        return 1;
    }
    struct events_letter *letter = org->letters;
    size_t count = 0;
    for (size_t i = org->run_first; i < org->run_end; i++) {
        const int64_t seq = letter->batch->events[i].seq;
        if (seq <= socket->delivered_seq) {
            continue;
        }
        if (!shard_socket_queue(shard, socket, frame_of(letter, i))) {
            return 1;
        }
        socket->delivered_seq = seq;
        count++;
    }
    if (count > 0) {
        live_flush(shard, socket);
    }
    return count > 0 ? 1 : 0;
}

/* False: nothing left, or it waits for its vector (rule 20). */
static bool run_begin(struct shard *shard, struct live_org *org) {
    while (org->letters != NULL && org->run_end == org->letters->batch->count) {
        struct events_letter *letter = org->letters;
        org->letters = letter->next_of_org;
        if (org->letters == NULL) {
            org->letters_end = &org->letters;
        }
        org->run_end = 0;
        give_back(shard, letter);
    }
    if (org->letters == NULL) {
        return false;
    }
    const struct live_batch *batch = org->letters->batch;
    if (!shard_covers(shard, batch->vector)) {
        org->is_blocked = true;
        return false;
    }
    org->run_first = org->run_end;
    org->run_end++;
    while (batch->events[org->run_first].is_org_wide && org->run_end < batch->count &&
           org->run_end - org->run_first < RUN_MOST && batch->events[org->run_end].is_org_wide) {
        org->run_end++;
    }
    org->is_running = true;
    org->at_socket = org->first;
    org->at_person = 0;
    return true;
}

static size_t give_person(struct shard *shard, struct live_org *org, struct str user_id) {
    const struct live_user *user = live_user_find(shard, org->id, user_id);
    struct live_socket *socket = user == NULL ? NULL : user->sockets;
    size_t writes = 0;
    while (socket != NULL && !org->is_dead) {
        struct live_socket *next = socket->user_next;
        writes += give(shard, org, socket);
        socket = next;
    }
    return writes;
}

/* Goes on with the run until it ends or `budget` writes are done. */
static size_t run_on(struct shard *shard, struct live_org *org, size_t budget) {
    const struct live_event *event = &org->letters->batch->events[org->run_first];
    size_t writes = 0;
    if (!event->is_org_wide) {
        while (writes < budget && !org->is_dead && org->at_person < event->audience_count) {
            writes += give_person(shard, org, event->audience[org->at_person++]);
        }
        if (!org->is_dead && org->at_person == event->audience_count) {
            org->position = event->seq;
            org->is_running = false;
        }
        return writes;
    }
    while (writes < budget && org->at_socket != NULL && !org->is_dead) {
        struct live_socket *socket = org->at_socket;
        org->at_socket = socket->org_next; /* before anything can take it out */
        writes += give(shard, org, socket);
    }
    if (!org->is_dead && org->at_socket == NULL) {
        org->position = run_last(org)->seq;
        org->is_running = false;
    }
    return writes;
}

static size_t org_slice(struct shard *shard, struct live_org *org, size_t budget) {
    size_t writes = 0;
    while (writes < budget && !org->is_dead) {
        if (!org->is_running && !run_begin(shard, org)) {
            break;
        }
        writes += run_on(shard, org, budget - writes);
    }
    return writes;
}

static struct live_org *first_ready(const struct shard *shard) {
    struct live_org *org = shard->active_first;
    while (org != NULL && org->is_blocked) {
        org = org->active_next;
    }
    return org;
}

bool live_fanout(struct shard *shard) {
    size_t budget = FANOUT_SLICE;
    while (budget > 0) {
        struct live_org *org = first_ready(shard);
        if (org == NULL || !shard_decide(shard)) {
            return false;
        }
        deactivate(shard, org);
        const size_t writes = org_slice(shard, org, budget);
        budget -= writes < budget ? writes : budget;
        if (!org->is_dead && org->letters != NULL) {
            activate(shard, org);
        }
    }
    return first_ready(shard) != NULL;
}
