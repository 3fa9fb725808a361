#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/random.h"
#include "gateway/command_org.h"
#include "gateway/command_store.h"
#include "gateway/command_wait.h"
#include "messaging/deactivation.h"
#include "messaging/org.h"

/* Who is meant: an id, a user name, or an e-mail address that only one person has. */
static result find_user(const struct command_call *call, const struct command_store *store,
                        struct str org_id, struct user *ret) {
    struct scope *scope = call->scope;
    const struct str who = call->operands[0];
    if (uuid_is_valid(who)) {
        return user_find(scope, store->db, org_id, who, ret);
    }
    const result found = user_find_by_name(scope, store->db, org_id, who, ret);
    return found.code == NOT_FOUND ? user_find_by_email(scope, store->db, org_id, who, ret) : found;
}

/* Opens the store and finds both; says itself what failed. */
static int open_user(const struct command_call *call, struct command_store *store,
                     struct state_change *ret) {
    struct org org = {.created_us = 0};
    struct user user = {.created_us = 0};
    const struct str slug = command_option(call, "--org");
    if (slug.len == 0) {
        return command_usage(call, "--org is needed");
    }
    if (!command_store_open(call, store)) {
        return COMMAND_FAILED;
    }
    if (!is_ok(org_find_by_slug(call->scope, store->db, slug, &org))) {
        return command_failed(call, "no such organisation");
    }
    if (!is_ok(find_user(call, store, org.id, &user))) {
        return command_failed(call, "no such person");
    }
    *ret = (struct state_change){
        .org_id = org.id,
        .user_id = user.id,
        .actor = &store->operator_actor,
        .source = SOURCE_OPERATOR,
        .reason = command_option(call, "--reason"),
        .received_us = clock_now_us(call->scope->env->clock),
    };
    return COMMAND_DONE;
}

static void print_json(const struct command_call *call, const struct state_change *change,
                       const char *state, const struct command_waited *waited) {
    struct json_out out = json_out_begin(call->scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "user", change->user_id);
    json_out_member(&out, "state", str_from_c(state));
    if (waited != NULL) {
        json_out_member_number(&out, "nodes", (int64_t) waited->nodes);
        json_out_member_number(&out, "acknowledged", (int64_t) waited->acknowledged);
        json_out_member_number(&out, "duration_ms", waited->duration_ms);
    }
    json_out_close_object(&out);
    (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&out)));
}

int command_user_deactivate(struct command_call *call) {
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    struct state_change change = {.received_us = 0};
    const int opened = open_user(call, &store, &change);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    struct revoked revoked = {.is_set = false};
    if (!is_ok(user_deactivate(call->scope, &store.messaging, store.db, &change, &revoked))) {
        return command_failed(call, "the person was not deactivated");
    }
    struct command_waited waited = {.nodes = 0};
    if (revoked.is_set && !is_ok(command_wait(call, &store, &revoked, &waited))) {
        return command_failed(call, "deactivated; whether every server knows cannot be read");
    }
    if (call->is_json) {
        print_json(call, &change, "deactivated", &waited);
        return COMMAND_DONE;
    }
    (void) fprintf(call->out, "Deactivated; %zu of %zu running servers acted on it in %lld ms.\n",
                   waited.acknowledged, waited.nodes, (long long) waited.duration_ms);
    if (waited.acknowledged < waited.nodes) {
        (void) fputs("The others were silent for the whole bound and have lost their lease.\n",
                     call->out);
    }
    return COMMAND_DONE;
}

int command_user_reactivate(struct command_call *call) {
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    struct state_change change = {.received_us = 0};
    const int opened = open_user(call, &store, &change);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    if (!is_ok(user_reactivate(call->scope, &store.messaging, store.db, &change))) {
        return command_failed(call, "the person was not reactivated");
    }
    if (call->is_json) {
        print_json(call, &change, "active", NULL);
        return COMMAND_DONE;
    }
    command_print(call, STR("Reactivated; every device has to sign in again.\n"));
    return COMMAND_DONE;
}
