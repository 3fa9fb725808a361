#include "gateway/shard_internal.h"

#include <stdlib.h>

#include "base/env.h"

/* What is worth nothing a moment later is for sockets that have nothing waiting: it never fills a
 * buffer, and so never cuts a slow reader. */
static bool is_idle(const struct shard *shard, const struct live_socket *socket) {
    return !socket->is_closed && socket->is_adopted && !socket->is_waiting &&
           !socket->is_catching_up && socket->queue_count == 0 &&
           socket->expires_us > clock_now_us(shard->set.env->clock);
}

static void give(struct shard *shard, struct live_socket *socket, struct ws_frame *frame) {
    if (is_idle(shard, socket) && shard_socket_queue(shard, socket, frame)) {
        live_flush(shard, socket);
    }
}

static void give_person(struct shard *shard, const struct notice_letter *letter, struct str id,
                        struct ws_frame *frame) {
    const struct live_user *user = live_user_find(shard, letter->org_id, id);
    struct live_socket *socket = user == NULL ? NULL : user->sockets;
    while (socket != NULL) { /* the last one takes the user with it */
        struct live_socket *next = socket->user_next;
        give(shard, socket, frame);
        socket = next;
    }
}

/* Not sliced, so for as many as a slice holds: in a larger crowd nobody is told. */
static void give_org(struct shard *shard, const struct notice_letter *letter,
                     struct ws_frame *frame) {
    const struct live_org *org = live_org_find(shard, letter->org_id);
    struct live_socket *socket = org == NULL || org->count > FANOUT_SLICE ? NULL : org->first;
    while (socket != NULL) {
        struct live_socket *next = socket->org_next;
        if (!str_eq(socket->kept->value.actor.id, letter->from)) {
            give(shard, socket, frame);
        }
        socket = next;
    }
}

static void deliver(struct shard *shard, const struct notice_letter *letter) {
    const struct live_notice *notice = &letter->notice;
    struct ws_frame *frame = ws_frame_new(WS_TEXT, notice->text);
    if (notice->is_org_wide) {
        give_org(shard, letter, frame);
    }
    for (size_t i = 0; i < 2 && !notice->is_org_wide; i++) {
        if (!str_eq(notice->audience[i], letter->from)) {
            give_person(shard, letter, notice->audience[i], frame);
        }
    }
    ws_frame_unref(&frame);
}

void live_notice(struct shard *shard, struct notice_letter *letter) {
    if (shard_decide(shard)) {
        deliver(shard, letter);
    }
    free(letter);
}
