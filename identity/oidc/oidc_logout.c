#include "identity/oidc/oidc_logout.h"

#include "base/cookie.h"
#include "base/crypto.h"
#include "base/form.h"
#include "base/random.h"
#include "identity/oidc/oidc_session.h"

enum { STATE_BYTES = 24, STATE_LIFE_S = 600, HINT_MAX = 4096 };

static struct str cookie_name(const struct identity *identity) {
    return identity->is_public_url_https ? STR("__Host-gatehouse-logout") : STR("gatehouse-logout");
}

static result set_state_cookie(struct scope *scope, struct call *call, struct str value,
                               int64_t max_age_s) {
    const struct cookie cookie = {
        .name = cookie_name(call->identity),
        .value = value,
        .path = STR("/"),
        .max_age_s = max_age_s,
        .is_secure = call->identity->is_public_url_https,
        .is_http_only = true,
        .same_site = "Lax",
    };
    struct str line;
    TRY(cookie_format(scope, &cookie, &line));
    return http_header_add(scope, call->response, "Set-Cookie", line);
}

result oidc_logout_url(struct scope *scope, struct call *call, struct str org_id,
                       struct str session_id, struct str *ret_url) {
    struct oidc_session session;
    const result found = oidc_session_find(scope, call->db, org_id, session_id, &session);
    if (found.code == NOT_FOUND) {
        *ret_url = STR("");
        return OK_RESULT;
    }
    TRY(found);
    if (session.end_session_endpoint.len == 0) {
        *ret_url = STR("");
        return OK_RESULT;
    }
    struct connection connection;
    struct str id_token;
    TRY(connection_find(scope, call->db, org_id, session.connection_id, &connection));
    TRY(oidc_session_id_token(scope, call->identity, &session, &id_token));
    const struct str state = random_token(scope, STATE_BYTES);
    TRY(set_state_cookie(scope, call, sha256_text(scope->arena, state), STATE_LIFE_S));
    struct form_field fields[] = {
        {STR("client_id"), connection.oidc.client_id},
        {STR("post_logout_redirect_uri"),
         str_format(scope->arena, "%.*s/oidc/%.*s/logged-out", STR_ARG(call->identity->public_url),
                    STR_ARG(connection.id))},
        {STR("state"), state},
        {STR("id_token_hint"), id_token},
    };
    /* A token with hundreds of groups does not fit into an address; client_id serves too. */
    const size_t count = id_token.len <= HINT_MAX ? 4 : 3;
    const bool has_query = str_find_byte(session.end_session_endpoint, '?') >= 0;
    *ret_url = str_format(scope->arena, "%.*s%c%.*s", STR_ARG(session.end_session_endpoint),
                          has_query ? '&' : '?', STR_ARG(form_write(scope->arena, fields, count)));
    return OK_RESULT;
}

result oidc_logout_check_return(struct scope *scope, struct call *call, struct str state) {
    if (state.len == 0) {
        return OK_RESULT;
    }
    struct str kept = STR("");
    REQUIRE(scope,
            is_ok(cookie_get(scope, http_header_get(call->request, "cookie"),
                             cookie_name(call->identity), &kept)) &&
                kept.len > 0 && secret_equal(kept, sha256_text(scope->arena, state)),
            INVALID, "oidc.logout_state");
    return set_state_cookie(scope, call, STR(""), 0);
}
