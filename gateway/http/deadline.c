#include <sys/socket.h>

#include "gateway/http/internal.h"

/* The parser's own time-out is one of inactivity: a byte now and then keeps a connection for ever.
 * These are deadlines. */

void deadline_stop(struct http_loop *loop, struct http_connection *peer) {
    if (!peer->is_listed) {
        return;
    }
    struct deadline_list *list = &loop->deadlines[peer->deadline];
    *(peer->prev == NULL ? &list->first : &peer->prev->next) = peer->next;
    *(peer->next == NULL ? &list->last : &peer->next->prev) = peer->prev;
    peer->is_listed = false;
}

void deadline_start(struct http_loop *loop, struct http_connection *peer, enum deadline_kind kind) {
    deadline_stop(loop, peer);
    struct deadline_list *list = &loop->deadlines[kind];
    peer->deadline = kind;
    peer->until_boot_us = loop->now_us + list->duration_us;
    peer->next = NULL;
    peer->prev = list->last;
    *(list->last == NULL ? &list->first : &list->last->next) = peer;
    list->last = peer;
    peer->is_listed = true;
}

int64_t deadline_next_us(const struct http_loop *loop) {
    int64_t next = INT64_MAX;
    for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
        const struct http_connection *first = loop->deadlines[kind].first;
        if (first != NULL && first->until_boot_us < next) {
            next = first->until_boot_us;
        }
    }
    return next;
}

void deadline_sweep(struct http_loop *loop, int64_t now_us) {
    for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
        struct http_connection *peer = loop->deadlines[kind].first;
        while (peer != NULL && peer->until_boot_us <= now_us) {
            struct http_connection *next = peer->next;
            deadline_stop(loop, peer);
            /* The parser sees the end of the stream and gives the connection up. */
            (void) shutdown(peer->fd, SHUT_RDWR);
            loop->needs_run = true;
            peer = next;
        }
    }
}
