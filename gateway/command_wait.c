#include "gateway/command_wait.h"

#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "gateway/node_store.h"
#include "messaging/receipt.h"

enum { PAUSE_NS = 5 * 1000 * 1000 };

static bool has_applied(const struct node_list *nodes, struct str instance,
                        const struct revoked *revoked) {
    for (size_t i = 0; i < nodes->count; i++) {
        const struct node_row *node = &nodes->rows[i];
        if (str_eq(node->instance, instance)) {
            return node->has_applied && str_eq(node->generation, revoked->generation) &&
                   node->applied[revoked->partition] >= revoked->seq;
        }
    }
    return true; /* it has left: nothing is served there */
}

static result list_nodes(struct scope *scope, const struct command_store *store,
                         struct node_list *ret) {
    struct rows rows;
    TRY(db_run(scope, store->db, &NODE_LIST, NO_VALUES, &rows));
    node_decode(scope, &rows, ret);
    return OK_RESULT;
}

static size_t note_acks(struct scope *scope, const struct command_store *store,
                        const struct revoked *revoked, struct receipt_ack *acks, size_t count) {
    struct node_list nodes;
    size_t acknowledged = 0;
    const bool is_read = is_ok(list_nodes(scope, store, &nodes));
    const int64_t now_us = clock_boot_us(scope->env->clock);
    for (size_t i = 0; i < count; i++) {
        if (is_read && acks[i].acknowledged_us < 0 &&
            has_applied(&nodes, acks[i].instance, revoked)) {
            acks[i].acknowledged_us = now_us - revoked->committed_boot_us;
        }
        acknowledged += acks[i].acknowledged_us >= 0 ? 1 : 0;
    }
    return acknowledged;
}

result command_wait(const struct command_call *call, const struct command_store *store,
                    const struct revoked *revoked, struct command_waited *ret) {
    struct scope *scope = call->scope;
    const struct clock *clock = scope->env->clock;
    struct node_list nodes;
    TRY(list_nodes(scope, store, &nodes));
    struct receipt_ack *acks = NEW_ARRAY(scope->arena, nodes.count + 1, struct receipt_ack);
    for (size_t i = 0; i < nodes.count; i++) {
        acks[i] = (struct receipt_ack){nodes.rows[i].instance, -1};
    }
    const int64_t end_us =
        revoked->committed_boot_us + MS_TO_US(call->settings->revocation_bound_ms);
    const struct timespec pause = {0, PAUSE_NS};
    size_t acknowledged = note_acks(scope, store, revoked, acks, nodes.count);
    while (acknowledged < nodes.count && clock_boot_us(clock) < end_us) {
        (void) nanosleep(&pause, NULL);
        acknowledged = note_acks(scope, store, revoked, acks, nodes.count);
    }
    const int64_t took_us = clock_boot_us(clock) - revoked->committed_boot_us;
    const int64_t now_us = clock_now_us(clock);
    const struct receipt_answer answer = {.committed_us = now_us - took_us,
                                          .answered_us = now_us,
                                          .acks = acks,
                                          .ack_count = nodes.count};
    *ret = (struct command_waited){nodes.count, acknowledged, took_us / US_PER_MS};
    return receipt_complete(scope, store->db, revoked->org_id, revoked->id, &answer);
}
