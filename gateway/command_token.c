#include "base/clock.h"
#include "base/env.h"
#include "base/json.h"
#include "base/time_text.h"
#include "gateway/command_org.h"
#include "gateway/command_store.h"
#include "gateway/command_wait.h"
#include "identity/api_token.h"
#include "messaging/org.h"

static const char *kind_name(enum credential_kind kind) {
    switch (kind) {
    case CREDENTIAL_SESSION: return "session";
    case CREDENTIAL_SCIM_TOKEN: return "scim";
    case CREDENTIAL_ADMIN_TOKEN: return "admin";
    case CREDENTIAL_BOT_TOKEN: return "bot";
    }
    return "";
}

/* Opens the store and finds --org; says itself what failed. */
static int open_org(const struct command_call *call, struct command_store *store,
                    struct org *ret_org) {
    const struct str slug = command_option(call, "--org");
    if (slug.len == 0) {
        return command_usage(call, "--org is needed");
    }
    if (!command_store_open(call, store)) {
        return COMMAND_FAILED;
    }
    if (!is_ok(org_find_by_slug(call->scope, store->db, slug, ret_org))) {
        return command_failed(call, "no such organisation");
    }
    return COMMAND_DONE;
}

static bool read_kind(struct str text, enum credential_kind *ret) {
    *ret = str_eq(text, STR("admin")) ? CREDENTIAL_ADMIN_TOKEN : CREDENTIAL_SCIM_TOKEN;
    return str_eq(text, STR("admin")) || str_eq(text, STR("scim"));
}

/* An admin token acts for a person: the organisation's first creator. */
static result create_token(const struct command_call *call, const struct command_store *store,
                           struct new_api_token *input, struct api_token *ret,
                           struct str *ret_secret) {
    struct scope *scope = call->scope;
    if (input->kind == CREDENTIAL_ADMIN_TOKEN) {
        struct user creator = {.epoch = 0};
        TRY(org_first_creator(scope, store->db, input->org_id, &creator));
        input->owner_id = creator.id;
        input->owner_epoch = creator.epoch;
    }
    return api_token_create(scope, store->db, input, ret, ret_secret);
}

static void write_token(struct json_out *out, const struct api_token *token,
                        const struct str *secret) {
    json_out_open_object(out);
    json_out_member(out, "id", token->id);
    json_out_member(out, "kind", str_from_c(kind_name(token->kind)));
    json_out_member(out, "name", token->name);
    json_out_member(out, "scopes", token->scopes);
    json_out_member_or_null(out, "connection", token->connection_id);
    json_out_member_time(out, "created_at", token->created_us);
    json_out_member_time(out, "expires_at", token->expires_us);
    json_out_member_time(out, "used_at", token->used_us);
    if (secret != NULL) {
        json_out_member(out, "secret", *secret);
    }
    json_out_close_object(out);
}

int command_token_create(struct command_call *call) {
    struct new_api_token input = {.name = command_option(call, "--name"),
                                  .scopes = command_option(call, "--scope"),
                                  .connection_id = command_option(call, "--connection"),
                                  .source = SOURCE_OPERATOR};
    int64_t life_us = 0;
    const struct str expires = command_option(call, "--expires");
    if (!read_kind(command_option(call, "--kind"), &input.kind)) {
        return command_usage(call, "--kind is scim or admin");
    }
    if (!is_ok(duration_parse(call->scope, expires.len == 0 ? STR("90d") : expires, &life_us))) {
        return command_usage(call, "--expires is a duration, as 90d or 12h");
    }
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    struct org org = {.created_us = 0};
    const int opened = open_org(call, &store, &org);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    input.org_id = org.id;
    input.name = input.name.len == 0 ? STR("command line") : input.name;
    input.actor = &store.operator_actor;
    input.expires_us = clock_now_us(call->scope->env->clock) + life_us;
    struct api_token token = {.created_us = 0};
    struct str secret = STR("");
    if (!is_ok(create_token(call, &store, &input, &token, &secret))) {
        return command_failed(call, "the token was not made");
    }
    if (call->is_json) {
        struct json_out out = json_out_begin(call->scope->arena);
        write_token(&out, &token, &secret);
        (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&out)));
        return COMMAND_DONE;
    }
    (void) fprintf(call->out, "%.*s\n", STR_ARG(secret));
    (void) fprintf(call->err, "Token %.*s made. Its secret is shown this once.\n",
                   STR_ARG(token.id));
    return COMMAND_DONE;
}

int command_token_list(struct command_call *call) {
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    struct org org = {.created_us = 0};
    const int opened = open_org(call, &store, &org);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    struct api_token_list list;
    if (!is_ok(api_token_list_all(call->scope, store.db, org.id, &list))) {
        return command_failed(call, "the tokens cannot be read");
    }
    struct json_out out = json_out_begin(call->scope->arena);
    json_out_open_array(&out);
    for (size_t i = 0; i < list.count; i++) {
        const struct api_token *token = &list.tokens[i];
        write_token(&out, token, NULL);
        if (!call->is_json) {
            const struct str until = time_format(call->scope->arena, token->expires_us);
            (void) fprintf(call->out, "%.*s  %-6s until %.*s  %.*s\n", STR_ARG(token->id),
                           kind_name(token->kind), STR_ARG(until), STR_ARG(token->name));
        }
    }
    json_out_close_array(&out);
    if (call->is_json) {
        (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&out)));
    }
    return COMMAND_DONE;
}

int command_token_revoke(struct command_call *call) {
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    struct org org = {.created_us = 0};
    const int opened = open_org(call, &store, &org);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    const struct token_end end = {
        .org_id = org.id,
        .id = call->operands[0],
        .actor = &store.operator_actor,
        .source = SOURCE_OPERATOR,
        .received_us = clock_now_us(call->scope->env->clock),
    };
    struct revoked revoked = {.is_set = false};
    if (!is_ok(api_token_revoke(call->scope, &store.messaging, store.db, &end, &revoked))) {
        return command_failed(call, "the token was not revoked");
    }
    struct command_waited waited = {.nodes = 0};
    if (revoked.is_set && !is_ok(command_wait(call, &store, &revoked, &waited))) {
        return command_failed(call, "the token is revoked; whether every node knows is not known");
    }
    (void) fprintf(call->out, "Token revoked; %zu of %zu running servers have acted on it.\n",
                   waited.acknowledged, waited.nodes);
    return COMMAND_DONE;
}
