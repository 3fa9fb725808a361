#include "identity/oidc/oidc_userinfo.h"

#include "base/json.h"
#include "identity/oidc/oidc_call.h"

result oidc_userinfo(struct scope *scope, const struct connection *connection,
                     const struct oidc_metadata *metadata, struct str access_token, struct str sub,
                     struct oidc_person *ret) {
    REQUIRE(scope, metadata->userinfo_endpoint.len > 0, UNAVAILABLE, "oidc.no_userinfo");
    const struct http_header bearer = {
        STR("Authorization"), str_format(scope->arena, "Bearer %.*s", STR_ARG(access_token))};
    struct oidc_answer answer;
    TRY(oidc_get(scope, connection, metadata->userinfo_endpoint, &bearer, &answer));
    /* Without this check a token of somebody else could be slipped in (section 5.3.2). */
    const struct str said = json_as_string(json_get(answer.json, STR("sub")));
    REQUIRE(scope, sub.len > 0 && str_eq(said, sub), UNAUTHENTICATED, "oidc.userinfo_sub");
    *ret = oidc_person_read(answer.json, connection->match_claim);
    return OK_RESULT;
}
