#include "identity/oidc/oidc_call.h"

#include "base/env.h"
#include "identity/connection.h"

static bool is_json_type(struct str type) {
    return str_eq(type, STR("application/json")) || str_eq(type, STR("application/jwk-set+json"));
}

result oidc_call(struct scope *scope, const struct connection *connection,
                 const struct http_call *call, struct oidc_answer *ret) {
    struct http_call outgoing = *call;
    outgoing.ca_pem = connection->oidc.ca_pem;
    outgoing.proxy = STR("");
    struct http_reply reply;
    if (!is_ok(scope->env->http->send(scope->env->http, scope, &outgoing, &reply))) {
        return (result){UNAVAILABLE}; /* with the client's reason: we could not ask */
    }
    struct oidc_answer answer = {.status = reply.status, .text = reply.body};
    const struct json *json = NULL;
    if (is_json_type(reply.content_type) && is_ok(json_read(scope, reply.body, &json)) &&
        json_is_object(json)) {
        answer.json = json;
    }
    *ret = answer;
    return OK_RESULT;
}

result oidc_get(struct scope *scope, const struct connection *connection, struct str url,
                const struct http_header *authorization, struct oidc_answer *ret) {
    const struct http_header headers[] = {
        {STR("Accept"), STR("application/json")},
        authorization == NULL ? (struct http_header){STR(""), STR("")} : *authorization,
    };
    const struct http_call call = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .header_count = authorization == NULL ? 1 : 2,
    };
    struct oidc_answer answer;
    TRY(oidc_call(scope, connection, &call, &answer));
    REQUIRE(scope, answer.status == 200, UNAVAILABLE, "oidc.status");
    REQUIRE(scope, answer.json != NULL, UNAVAILABLE, "oidc.answer");
    *ret = answer;
    return OK_RESULT;
}
