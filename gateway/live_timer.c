#include "gateway/shard_internal.h"

#include "base/env.h"

/* One slot a second. Every socket is in the wheel once, for its next look: at its session's end, or
 * when its credential is checked again although nothing was revoked (a hint that never came, a
 * session that ran out by a rule of the database). */

static void put(struct shard *shard, struct live_socket *socket, int64_t second) {
    struct live_socket **slot = &shard->wheel[(size_t) (second % WHEEL_SLOTS)];
    socket->wheel_next = *slot;
    if (*slot != NULL) {
        (*slot)->wheel_slot = &socket->wheel_next;
    }
    socket->wheel_slot = slot;
    *slot = socket;
}

static void put_after(struct shard *shard, struct live_socket *socket, int64_t wait_us) {
    const int64_t next = (shard_now(shard) + wait_us) / US_PER_S + 1;
    const int64_t first = shard->wheel_second + 1;
    const int64_t last = shard->wheel_second + WHEEL_SLOTS - 1;
    put(shard, socket, next < first ? first : next > last ? last : next);
}

void live_timer_set(struct shard *shard, struct live_socket *socket) {
    /* Spread: ten thousand sockets that came in one second must not ask in one second. */
    const int64_t spread_s = RECHECK_S / 2 + (int64_t) (socket->id * 7 % (RECHECK_S / 2));
    const int64_t left_us = socket->expires_us - clock_now_us(shard->set.env->clock);
    put_after(shard, socket, left_us < S_TO_US(spread_s) ? left_us : S_TO_US(spread_s));
}

void live_timer_clear(struct live_socket *socket) {
    if (socket->wheel_slot == NULL) {
        return;
    }
    *socket->wheel_slot = socket->wheel_next;
    if (socket->wheel_next != NULL) {
        socket->wheel_next->wheel_slot = socket->wheel_slot;
    }
    socket->wheel_slot = NULL;
    socket->wheel_next = NULL;
}

static void check_again(struct shard *shard, struct live_socket *socket) {
    struct exchange *exchange = shard_exchange_new(shard);
    exchange->step = STEP_RECHECK;
    exchange->socket_id = socket->id;
    const struct principal *principal = &socket->kept->value;
    exchange->credential = (struct credential){
        .kind = principal->kind,
        .org_id = str_copy(exchange->arena, principal->actor.org_id),
        .token_hash = str_copy(exchange->arena, principal->token_hash),
    };
    exchange->has_credential = true;
    socket->is_rechecking = shard_push(shard, exchange, RUN_DATABASE);
    if (!socket->is_rechecking) {
        shard_exchange_free(&exchange); /* busy: at the next look */
    }
}

static void look_at(struct shard *shard, struct live_socket *socket) {
    live_timer_clear(socket);
    if (socket->expires_us <= clock_now_us(shard->set.env->clock)) {
        live_cut(shard, socket, LIVE_CLOSE_REVOKED, STR("session.expired"));
        return;
    }
    live_timer_set(shard, socket);
    if (!socket->is_rechecking) {
        check_again(shard, socket);
    }
}

void live_timers_run(struct shard *shard) {
    const int64_t now = shard_now(shard) / US_PER_S;
    if (now - shard->wheel_second > WHEEL_SLOTS) {
        shard->wheel_second = now - WHEEL_SLOTS; /* every slot once is enough */
    }
    while (shard->wheel_second < now) {
        shard->wheel_second++;
        struct live_socket *due = shard->wheel[(size_t) (shard->wheel_second % WHEEL_SLOTS)];
        while (due != NULL) {
            struct live_socket *next = due->wheel_next;
            look_at(shard, due);
            due = next;
        }
    }
}

void live_recheck_done(struct shard *shard, struct exchange *exchange) {
    struct live_socket *socket = live_find(shard, exchange->socket_id);
    if (socket == NULL) {
        return;
    }
    socket->is_rechecking = false;
    if (exchange->has_principal) {
        socket->expires_us = exchange->principal.expires_us;
        if (socket->kept->value.actor.role != exchange->principal.actor.role) {
            kept_principal_unref(&socket->kept); /* the keys are the same */
            socket->kept = kept_principal_new(&exchange->principal);
        }
        live_timer_clear(socket);
        live_timer_set(shard, socket);
        return;
    }
    if (exchange->outcome.code == UNAUTHENTICATED) {
        live_cut(shard, socket, LIVE_CLOSE_REVOKED, STR("session.revoked"));
    }
}
