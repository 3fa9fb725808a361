/* The jail without a jail: the handlers in the caller's thread, one at a time, every message
 * written to a frame and read from it as if it had travelled. */
#include "base/arena.h"
#include "base/jail_pool.h"

static result pass(struct scope *scope, const struct jail_message *message,
                   const struct jail_limits *limits, struct jail_message *ret) {
    struct jail_pieces *pieces = NEW(scope->arena, struct jail_pieces);
    TRY(jail_frame_write(scope, message, limits, pieces));
    struct strbuf frame = strbuf_begin(scope->arena, SIZE_MAX / 4);
    for (size_t i = 0; i < pieces->count; i++) {
        strbuf_add(&frame, pieces->pieces[i]);
    }
    const struct str bytes = strbuf_str(&frame);
    struct jail_header header;
    TRY(jail_header_read(scope, (const unsigned char *) bytes.at, limits, &header));
    return jail_body_read(scope, &header, str_from(bytes, JAIL_HEADER_BYTES), limits, ret);
}

struct local {
    struct scope *caller; /* whose reason a failed reply is */
    const struct jail_call *call;
    result replied;
    bool has_broken;
};

static result ask_caller(struct scope *scope, struct jail_ask *ask,
                         const struct jail_message *question, struct jail_message *ret) {
    struct local *local = ask->context;
    struct jail_message asked;
    struct jail_message reply = {.kind = JAIL_REPLY};
    local->has_broken =
        local->call->reply == NULL || !is_ok(pass(scope, question, ask->role->answers, &asked));
    REQUIRE(scope, !local->has_broken, INTERNAL, "jail.frame");
    local->replied = local->call->reply(local->caller, local->call->context, &asked, &reply);
    const struct jail_message nothing = {.kind = JAIL_REPLY};
    return pass(scope, is_ok(local->replied) ? &reply : &nothing, ask->role->requests, ret);
}

/* Roles are warmed at their first call: a program that uses one does not start the other. */
static bool warm(struct scope *scope, struct jail *jail, size_t number) {
    const struct jail_role *role = &jail->roles->roles[number];
    if (!jail->is_started[number] && role->start != NULL) {
        struct scope lasting = {.arena = jail->arena, .env = scope->env};
        jail->is_started[number] = is_ok(role->start(&lasting, &jail->states[number]));
        return jail->is_started[number];
    }
    return true;
}

static enum jail_outcome handle(struct scope *scope, struct jail *jail, struct local *local,
                                struct jail_message *ret) {
    const struct jail_call *call = local->call;
    const struct jail_role *role = &jail->roles->roles[call->role];
    struct jail_message request;
    struct jail_message answer = {.kind = JAIL_ANSWER};
    struct jail_ask ask = {.role = role, .send = ask_caller, .context = local};
    if (!warm(scope, jail, call->role) ||
        !is_ok(pass(scope, call->request, role->requests, &request))) {
        return JAIL_CRASHED;
    }
    if (request.kind != JAIL_PING &&
        !is_ok(role->handle(scope, jail->states[call->role], &ask, &request, &answer))) {
        return local->has_broken ? JAIL_BROKE_PROTOCOL : JAIL_CRASHED;
    }
    const bool is_good =
        is_ok(pass(scope, &answer, role->answers, ret)) &&
        (call->accept == NULL || !is_ok(local->replied) || call->accept(scope, call->context, ret));
    return is_good ? JAIL_ANSWERED : JAIL_BROKE_PROTOCOL;
}

result jail_local_send(struct scope *scope, struct jail *jail, const struct jail_call *call,
                       enum jail_outcome *ret_outcome, struct jail_message *ret_answer) {
    struct local local = {.caller = scope, .call = call};
    struct scope inside = {.arena = scope->arena, .env = scope->env};
    struct jail_message answer = {.kind = 0};
    (void) pthread_mutex_lock(&jail->lock);
    const enum jail_outcome outcome = handle(&inside, jail, &local, &answer);
    (void) pthread_mutex_unlock(&jail->lock);
    TRY(local.replied);
    *ret_outcome = outcome;
    if (outcome == JAIL_ANSWERED) {
        *ret_answer = answer;
    }
    return OK_RESULT;
}

void jail_local_stop(struct jail *jail) {
    for (size_t i = 0; i < jail->roles->count; i++) {
        if (jail->is_started[i] && jail->roles->roles[i].stop != NULL) {
            jail->roles->roles[i].stop(&jail->states[i]);
        }
    }
    arena_end(&jail->arena); /* the states lie in it */
}
