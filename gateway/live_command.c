#include "gateway/live_command.h"
#include "gateway/shard_internal.h"

#include "base/env.h"
#include "base/json.h"
#include "gateway/follower.h"

enum { TYPING_EVERY_S = 2 };

static void reply(struct shard *shard, struct live_socket *socket, struct str id,
                  const char *error) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct json_out out = json_out_begin(arena);
    json_out_open_object(&out);
    json_out_member(&out, "type", error == NULL ? STR("ack") : STR("error"));
    json_out_member_or_null(&out, "id", id);
    if (error != NULL) {
        json_out_member(&out, "code", str_from_c(error));
    }
    json_out_close_object(&out);
    live_queue_text(shard, socket, json_out_end(&out));
    live_flush(shard, socket);
}

result live_command_read(struct scope *scope, struct str text, struct command *ret) {
    const struct json *json = NULL;
    TRY(json_read(scope, text, &json));
    REQUIRE(scope, json_is_object(json), INVALID, "live.command");
    struct command command = {{"", 0}, {"", 0}};
    TRY(json_need_string(scope, json, STR("type"), &command.type));
    TRY(json_need_string(scope, json, STR("id"), &command.id));
    REQUIRE(scope, command.id.len > 0 && command.id.len <= COMMAND_ID_MAX, INVALID, "live.id");
    *ret = command;
    return OK_RESULT;
}

static RESULT send_to_worker(struct scope *scope, struct shard *shard, struct live_socket *socket,
                             struct str text, const struct command *command) {
    REQUIRE(scope, socket->commands_under_way < SOCKET_MAX_COMMANDS, THROTTLED, "live.busy");
    struct exchange *exchange = shard_exchange_new(shard);
    exchange->step = STEP_LIVE;
    exchange->socket_id = socket->id;
    exchange->kept = kept_principal_ref(socket->kept);
    exchange->principal = socket->kept->value;
    exchange->has_principal = true;
    exchange->command_id = str_copy(exchange->arena, command->id);
    exchange->request.body = str_copy(exchange->arena, text);
    exchange->request.received_us = clock_now_us(shard->set.env->clock);
    if (!shard_push(shard, exchange, RUN_DATABASE)) {
        shard_exchange_free(&exchange);
        return FAIL(scope, UNAVAILABLE, "shard.queue_full");
    }
    socket->commands_under_way++;
    return OK_RESULT;
}

/* Clients say it while keys are pressed; more often than this it tells nobody anything. */
static RESULT may_say_typing(struct scope *scope, const struct shard *shard,
                             struct live_socket *socket) {
    const int64_t now_us = shard_now(shard);
    const int64_t age_us = now_us - socket->typing_boot_us;
    REQUIRE(scope, socket->typing_boot_us == 0 || age_us >= S_TO_US(TYPING_EVERY_S), THROTTLED,
            "live.too_often");
    socket->typing_boot_us = now_us;
    return OK_RESULT;
}

static void run_command(struct scope *scope, struct shard *shard, struct live_socket *socket,
                        struct str text) {
    struct command command = {{"", 0}, {"", 0}};
    if (!is_ok(live_command_read(scope, text, &command))) {
        reply(shard, socket, STR(""), "live.command");
        return;
    }
    if (str_eq(command.type, STR("ping"))) {
        reply(shard, socket, command.id, NULL);
        return;
    }
    if (str_eq(command.type, STR("typing")) && !is_ok(may_say_typing(scope, shard, socket))) {
        reply(shard, socket, command.id, scope->reason);
        return;
    }
    const result sent = send_to_worker(scope, shard, socket, text, &command);
    if (!is_ok(sent)) {
        reply(shard, socket, command.id, scope->reason);
    }
}

void shard_socket_command(struct shard *shard, struct live_socket *socket, struct str text) {
    if (socket->is_closed || !shard_decide(shard) || socket->is_closed) {
        return;
    }
    if (socket->expires_us <= clock_now_us(shard->set.env->clock)) {
        live_cut(shard, socket, LIVE_CLOSE_REVOKED, STR("session.expired"));
        return;
    }
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena, .env = shard->set.env};
    run_command(&scope, shard, socket, text);
}

void live_command_done(struct shard *shard, struct exchange *exchange) {
    struct live_socket *socket = shard_decide(shard) ? live_find(shard, exchange->socket_id) : NULL;
    if (socket == NULL) {
        return; /* cut, gone, or fenced: nobody to answer */
    }
    socket->commands_under_way--;
    if (!is_ok(exchange->outcome)) {
        reply(shard, socket, exchange->command_id,
              exchange->reason == NULL ? "gateway.unknown" : exchange->reason);
        return;
    }
    if (exchange->notice.text.len > 0) {
        const struct actor *from = &exchange->principal.actor;
        follower_notice(shard->set.follower, from->org_id, from->id, &exchange->notice);
    }
    live_queue_text(shard, socket, exchange->response.body);
    live_flush(shard, socket);
}
