#include "tests/flows/world_routes.h"

#include "base/json.h"
#include "messaging/conversation.h"
#include "messaging/deactivation.h"
#include "messaging/message.h"

#include "identity/session.h"

/* A few routes, of each kind that the core tells apart, over the real functions behind. */

static result me(struct scope *scope, struct call *call) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "user", call->actor->id);
    json_out_close_object(&out);
    http_answer_json(call->response, 200, json_out_end(&out));
    return OK_RESULT;
}

static struct state_change change_of_call(struct call *call, enum source source) {
    return (struct state_change){
        .org_id = call->actor->org_id,
        .user_id = call->request->path_args[0],
        .actor = call->actor,
        .source = source,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
}

static result deactivate_by_admin(struct scope *scope, struct call *call) {
    const struct state_change change = change_of_call(call, SOURCE_CONSOLE);
    TRY(user_deactivate(scope, call->messaging, call->db, &change, &call->revoked));
    http_answer_json(call->response, 200, STR("{\"state\":\"deactivated\"}"));
    return OK_RESULT;
}

static result deactivate_by_scim(struct scope *scope, struct call *call) {
    const struct state_change change = change_of_call(call, SOURCE_SCIM);
    TRY(user_deactivate(scope, call->messaging, call->db, &change, &call->revoked));
    http_answer_json(call->response, 200, STR("{\"active\":false}"));
    return OK_RESULT;
}

static result reactivate_by_admin(struct scope *scope, struct call *call) {
    const struct state_change change = change_of_call(call, SOURCE_CONSOLE);
    TRY(user_reactivate(scope, call->messaging, call->db, &change));
    http_answer_json(call->response, 200, STR("{\"state\":\"active\"}"));
    return OK_RESULT;
}

static result sign_out(struct scope *scope, struct call *call) {
    const struct session_end end = {
        .org_id = call->actor->org_id,
        .user_id = call->actor->id,
        .session_id = call->actor->credential_id,
        .actor = call->actor,
        .source = SOURCE_CONSOLE,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
    TRY(session_end(scope, call->messaging, call->db, &end, &call->revoked));
    http_answer_json(call->response, 200, STR("{\"redirect\":null}"));
    return OK_RESULT;
}

static result say_in_general(struct scope *scope, struct call *call) {
    struct conversation_list list;
    TRY(conversation_list_of(scope, call->db, call->actor->org_id, call->actor->id, 1, STR(""),
                             &list));
    REQUIRE(scope, list.count == 1, INTERNAL, "test.general");
    const struct new_message input = {list.conversations[0].id, call->request->body,
                                      call->request->request_id};
    struct message message;
    TRY(message_send(scope, call->db, call->actor, &input, &message));
    http_answer_json(call->response, 201, STR("{}"));
    return OK_RESULT;
}

static result look(struct scope *scope, struct call *call) {
    struct user user;
    TRY(user_find(scope, call->db, call->actor->org_id, call->actor->id, &user));
    http_answer_json(call->response, 200, user.user_name);
    return OK_RESULT;
}

static result health(struct scope *scope, struct call *call) {
    (void) scope;
    http_answer_json(call->response, 200, STR("{}"));
    return OK_RESULT;
}

void (*world_before_commit)(void) = NULL;

static result slow_deactivate(struct scope *scope, struct call *call) {
    if (world_before_commit != NULL) {
        world_before_commit();
    }
    return deactivate_by_admin(scope, call);
}

static const struct route ROWS[] = {
    ROUTE(HTTP_GET, "/health", AUTH_NONE, PERMISSION_COUNT, CSRF_NO, 0, RATE_NONE, RUN_SHARD,
          ERRORS_PROBLEM, "health", health),
    ROUTE(HTTP_GET, "/me", AUTH_SESSION, PERMISSION_COUNT, CSRF_NO, 0, RATE_NONE, RUN_SHARD,
          ERRORS_PROBLEM, "me", me),
    ROUTE(HTTP_GET, "/admin/me", AUTH_ADMIN, MAY_MANAGE_PEOPLE, CSRF_NO, 0, RATE_NONE, RUN_SHARD,
          ERRORS_PROBLEM, "admin.me", me),
    ROUTE(HTTP_GET, "/look", AUTH_SESSION, PERMISSION_COUNT, CSRF_NO, 0, RATE_NONE, RUN_DATABASE,
          ERRORS_PROBLEM, "look", look),
    ROUTE(HTTP_GET, "/live", AUTH_SESSION, MAY_USE_MESSENGER, CSRF_NO, 0, RATE_NONE, RUN_SHARD,
          ERRORS_PROBLEM, "live", NULL),
    ROUTE(HTTP_POST, "/say", AUTH_SESSION, MAY_USE_MESSENGER, CSRF_YES, 4096, RATE_NONE,
          RUN_DATABASE, ERRORS_PROBLEM, "say", say_in_general),
    ROUTE(HTTP_POST, "/users/{id}/deactivate", AUTH_ADMIN, MAY_MANAGE_PEOPLE, CSRF_YES, 4096,
          RATE_NONE, RUN_REVOKING, ERRORS_PROBLEM, "user.deactivate", deactivate_by_admin),
    ROUTE(HTTP_POST, "/users/{id}/slow", AUTH_ADMIN, MAY_MANAGE_PEOPLE, CSRF_YES, 4096, RATE_NONE,
          RUN_REVOKING, ERRORS_PROBLEM, "user.slow", slow_deactivate),
    ROUTE(HTTP_POST, "/users/{id}/reactivate", AUTH_ADMIN, MAY_MANAGE_PEOPLE, CSRF_YES, 4096,
          RATE_NONE, RUN_DATABASE, ERRORS_PROBLEM, "user.reactivate", reactivate_by_admin),
    ROUTE(HTTP_PATCH, "/scim/v2/Users/{id}", AUTH_SCIM, PERMISSION_COUNT, CSRF_NO, 4096, RATE_SCIM,
          RUN_REVOKING, ERRORS_SCIM, "scim.user", deactivate_by_scim),
    ROUTE(HTTP_DELETE, "/session", AUTH_SESSION, PERMISSION_COUNT, CSRF_YES, 0, RATE_NONE,
          RUN_REVOKING, ERRORS_PROBLEM, "session.end", sign_out),
};

const struct route_list WORLD_ROUTES = {ROWS, sizeof ROWS / sizeof ROWS[0]};
