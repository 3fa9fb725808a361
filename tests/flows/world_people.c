#include <stdlib.h>
#include <string.h>

#include "base/event_log.h"
#include "gateway/answer.h"
#include "gateway/node_store.h"
#include "identity/api_token.h"
#include "identity/session.h"
#include "messaging/conversation.h"
#include "messaging/message.h"
#include "tests/flows/world.h"

struct person signed_in(struct world *world, const struct user *user) {
    struct scope *scope = world->scope;
    const struct new_session input = {
        .org_id = user->org_id,
        .user_id = user->id,
        .epoch = user->epoch,
        .method = "password",
        .received_us = world->fixture->time.now_us,
    };
    const struct messaging messaging = {.registry = &world->registry};
    struct session_secret secret;
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, world->d->db, LANE_NORMAL, &tx));
    assert_ok(session_create(scope, &world->identity, &messaging, tx, &input, &secret));
    assert_ok(tx_commit(scope, tx));
    return (struct person){
        .user = *user,
        .cookie = str_format(scope->arena, "%s=%.*s", session_cookie_name(&world->identity),
                             STR_ARG(secret.cookie_value)),
        .csrf = secret.csrf,
        .session_id = secret.id,
    };
}

struct person given_person(struct world *world, const struct company *company, const char *name,
                           enum role role) {
    const struct user user = given_user(world->d, company->org.id, name, role);
    return signed_in(world, &user);
}

struct person given_boss(struct world *world, const struct company *company) {
    return signed_in(world, &company->creator);
}

struct str given_token(struct world *world, enum credential_kind kind, const struct user *owner) {
    const bool is_scim = kind == CREDENTIAL_SCIM_TOKEN;
    const struct new_api_token input = {
        .org_id = owner->org_id,
        .kind = kind,
        .name = STR("token"),
        .owner_id = is_scim ? STR("") : owner->id,
        .owner_epoch = owner->epoch,
        .expires_us = world->fixture->time.now_us + S_TO_US(86400),
        .actor = &OPERATOR,
        .source = SOURCE_OPERATOR,
    };
    struct api_token token;
    struct str secret;
    assert_ok(api_token_create(world->scope, world->d->db, &input, &token, &secret));
    return str_format(world->scope->arena, "Bearer %.*s", STR_ARG(secret));
}

static void add_header(struct http_request *request, const char *name, struct str value) {
    if (value.len > 0) {
        request->headers[request->header_count++] = (struct http_header){str_from_c(name), value};
    }
}

static void fill(struct world *world, struct exchange *exchange, const struct ask *ask) {
    struct http_request *request = &exchange->request;
    struct arena *arena = exchange->arena;
    request->method = ask->method;
    request->path = str_from_c(ask->path);
    const ptrdiff_t at = str_find(request->path, STR("%s"));
    if (at >= 0) {
        request->path = str_format(arena, "%.*s%.*s%s", (int) at, ask->path, STR_ARG(ask->arg),
                                   ask->path + at + 2);
    }
    request->request_id = uuid_v7(world->scope);
    request->client_address = STR("127.0.0.1");
    request->received_us = world->fixture->time.now_us;
    request->body = str_from_c(ask->body);
    request->query = str_from_c(ask->query);
    if (ask->who != NULL) {
        add_header(request, "Cookie", ask->who->cookie);
        add_header(request, "X-Gatehouse-Csrf", ask->who->csrf);
    }
    add_header(request, "Authorization", ask->bearer);
    add_header(request, "Content-Type", str_from_c(ask->content_type));
    exchange->wants_upgrade = ask->is_upgrade;
}

struct reply *ask_begin(struct world *world, unsigned node, const struct ask *ask) {
    struct node *at = &world->nodes[node];
    struct shard *shard = at->shards[ask->shard];
    struct reply *reply = calloc(1, sizeof *reply);
    assert_non_null(reply);
    reply->node = at;
    reply->next = world->replies;
    world->replies = reply;
    struct exchange *exchange = shard_exchange_new(shard);
    reply->exchange = exchange;
    exchange->transport_data = reply;
    fill(world, exchange, ask);
    if (ask->is_upgrade) {
        reply->peer = calloc(1, sizeof *reply->peer);
        assert_non_null(reply->peer);
        reply->peer->node = at;
        reply->peer->shard = ask->shard;
        reply->peer->is_open = true;
        reply->peer->room = SIZE_MAX;
        reply->peer->next = world->peers;
        world->peers = reply->peer;
    }
    if (!shard_exchange_admit(shard, exchange)) {
        reply->is_answered = true;
        reply->status = exchange->response.status;
        reply->code = exchange->reason;
        reply->body = str_copy(world->scope->arena, exchange->response.body);
        shard_exchange_free(&reply->exchange);
        return reply;
    }
    shard_exchange_begin(shard, exchange);
    return reply;
}

struct reply *ask(struct world *world, unsigned node, const struct ask *ask_) {
    struct reply *reply = ask_begin(world, node, ask_);
    world_pump(world);
    return reply;
}

struct reply *get_me(struct world *world, unsigned node, const struct person *who) {
    return ask(world, node, &(struct ask){.who = who, .method = HTTP_GET, .path = "/me"});
}

struct reply *deactivate_begin(struct world *world, unsigned node, const struct person *admin,
                               const struct user *leaver) {
    return ask_begin(
        world, node,
        &(struct ask){
            .who = admin, .method = HTTP_POST, .path = "/users/%s/deactivate", .arg = leaver->id});
}

struct reply *deactivate(struct world *world, unsigned node, const struct person *admin,
                         const struct user *leaver) {
    struct reply *reply = deactivate_begin(world, node, admin, leaver);
    world_pump(world);
    return reply;
}

struct reply *scim_deactivate(struct world *world, unsigned node, struct str bearer,
                              const struct user *leaver) {
    return ask(world, node,
               &(struct ask){.bearer = bearer,
                             .method = HTTP_PATCH,
                             .path = "/scim/v2/Users/%s",
                             .arg = leaver->id,
                             .body = "{\"active\":false}"});
}

struct reply *reactivate(struct world *world, unsigned node, const struct person *admin,
                         const struct user *back) {
    return ask(
        world, node,
        &(struct ask){
            .who = admin, .method = HTTP_POST, .path = "/users/%s/reactivate", .arg = back->id});
}

struct reply *say(struct world *world, unsigned node, const struct person *who, const char *text) {
    return ask(world, node,
               &(struct ask){.who = who, .method = HTTP_POST, .path = "/say", .body = text});
}

struct reply *connect_begin(struct world *world, unsigned node, unsigned shard,
                            const struct person *who) {
    return ask_begin(
        world, node,
        &(struct ask){
            .who = who, .method = HTTP_GET, .path = "/live", .shard = shard, .is_upgrade = true});
}

struct peer *connect_socket(struct world *world, unsigned node, const struct person *who) {
    struct reply *reply = connect_begin(world, node, 0, who);
    world_pump(world);
    assert_status(reply, 101);
    assert_true(reply->peer->is_open);
    assert_true(peer_has(reply->peer, "\"hello\""));
    return reply->peer;
}

void peer_sends(struct peer *peer, const char *text) {
    assert_non_null(peer->socket);
    shard_socket_command(peer->node->shards[peer->shard], peer->socket, str_from_c(text));
}

bool peer_has(const struct peer *peer, const char *part) {
    for (size_t i = 0; i < peer->frame_count; i++) {
        if (strstr(peer->frames[i], part) != NULL) {
            return true;
        }
    }
    return false;
}

struct revoked committed_elsewhere(struct world *world, const struct user *leaver) {
    const struct messaging messaging = {.registry = &world->registry, .instance = STR("elsewhere")};
    const struct state_change change = change_of(world->d, leaver, SOURCE_SCIM);
    struct revoked revoked = {0};
    assert_ok(user_deactivate(world->scope, &messaging, world->d->db, &change, &revoked));
    return revoked;
}

struct str general_of(struct world *world, const struct user *user) {
    struct conversation_list list;
    assert_ok(conversation_list_of(world->scope, world->d->db, user->org_id, user->id, 1, STR(""),
                                   &list));
    return list.conversations[0].id;
}

void said_elsewhere(struct world *world, const struct user *who, const char *text) {
    struct actor actor = actor_of(who);
    struct message message;
    const struct new_message input = {general_of(world, who), str_from_c(text),
                                      uuid_v7(world->scope)};
    assert_ok(message_send(world->scope, world->d->db, &actor, &input, &message));
}

void said_directly(struct world *world, const struct user *who, const struct user *to,
                   const char *text) {
    struct actor actor = actor_of(who);
    struct conversation conversation;
    struct message message;
    bool is_new = false;
    assert_ok(conversation_open_direct(world->scope, world->d->db, &actor, to->id, &conversation,
                                       &is_new));
    const struct new_message input = {conversation.id, str_from_c(text), uuid_v7(world->scope)};
    assert_ok(message_send(world->scope, world->d->db, &actor, &input, &message));
}

void given_ghost(struct world *world, const char *instance) {
    given_row(world->d, &NODE_JOIN, VALUES(value_text(str_from_c(instance)), value_number(1)));
}

int64_t nodes_listed(struct world *world) {
    return number_of(world->d, "SELECT count(*) FROM node WHERE instance <> $1 OR instance <> $2",
                     STR(""), STR(""));
}
