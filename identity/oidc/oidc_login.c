#include "identity/oidc/oidc_login.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/form.h"
#include "base/url.h"
#include "identity/domain.h"
#include "identity/oidc/oidc_attempt.h"
#include "identity/oidc/oidc_provider.h"
#include "identity/oidc/oidc_session.h"
#include "identity/oidc/oidc_token.h"
#include "identity/oidc/oidc_userinfo.h"
#include "identity/session.h"

enum { PARAMETERS_MAX = 16, CODE_MAX = 4096 };

struct parameters {
    size_t count;
    struct form_field fields[PARAMETERS_MAX];
};

static void add(struct parameters *parameters, struct str name, struct str value) {
    if (value.len > 0) {
        parameters->fields[parameters->count++] = (struct form_field){name, value};
    }
}

static struct str authorization_url(struct scope *scope, const struct oidc_metadata *metadata,
                                    const struct parameters *parameters) {
    const struct str query = form_write(scope->arena, parameters->fields, parameters->count);
    const bool has_query = str_find_byte(metadata->authorization_endpoint, '?') >= 0;
    return str_format(scope->arena, "%.*s%c%.*s", STR_ARG(metadata->authorization_endpoint),
                      has_query ? '&' : '?', STR_ARG(query));
}

result oidc_login_begin(struct scope *scope, struct call *call, const struct connection *connection,
                        struct str return_path, struct str login_hint, struct str *ret_url) {
    const struct oidc_settings *settings = &connection->oidc;
    REQUIRE(scope, connection->kind == CONNECTION_OIDC && connection->state == CONNECTION_ENABLED,
            NOT_FOUND, "connection.unknown");
    if (return_path.len == 0) {
        return_path = STR("/");
    }
    TRY(url_check_return_path(scope, return_path));
    struct oidc_metadata metadata;
    TRY(oidc_provider_metadata(scope, call->identity->oidc, connection, &metadata));
    struct oidc_attempt_begun begun;
    TRY(oidc_attempt_begin(scope, call, connection, return_path, &begun));
    struct parameters parameters = {.count = 0};
    add(&parameters, STR("response_type"), STR("code"));
    add(&parameters, STR("client_id"), settings->client_id);
    add(&parameters, STR("redirect_uri"),
        oidc_redirect_uri(scope, call->identity->public_url, connection->id));
    add(&parameters, STR("scope"), settings->scopes);
    add(&parameters, STR("state"), begun.state);
    add(&parameters, STR("nonce"), begun.attempt.nonce);
    add(&parameters, STR("code_challenge"), oidc_attempt_challenge(scope, &begun.attempt));
    add(&parameters, STR("code_challenge_method"), STR("S256"));
    add(&parameters, STR("prompt"), settings->prompt);
    add(&parameters, STR("acr_values"), settings->acr_values);
    if (settings->max_age_s >= 0) {
        add(&parameters, STR("max_age"),
            str_format(scope->arena, "%lld", (long long) settings->max_age_s));
    }
    add(&parameters, STR("login_hint"), login_hint.len > 0 ? login_hint : settings->login_hint);
    *ret_url = authorization_url(scope, &metadata, &parameters);
    return OK_RESULT;
}

result oidc_callback_parse(struct scope *scope, struct str query, struct oidc_callback *ret) {
    struct form *form = NEW(scope->arena, struct form);
    struct oidc_callback callback = {.code = STR("")};
    struct str error = STR("");
    REQUIRE(scope, is_ok(form_parse(scope, query, form)), INVALID, "oidc.callback");
    REQUIRE(scope,
            is_ok(form_get(scope, form, STR("code"), &callback.code, NULL)) &&
                is_ok(form_get(scope, form, STR("state"), &callback.state, NULL)) &&
                is_ok(form_get(scope, form, STR("iss"), &callback.iss, &callback.has_iss)) &&
                is_ok(form_get(scope, form, STR("error"), &error, &callback.has_error)),
            INVALID, "oidc.callback");
    REQUIRE(scope, callback.code.len <= CODE_MAX, INVALID, "oidc.callback");
    *ret = callback;
    return OK_RESULT;
}

/* One sign-in on its way back: what is known so far. */
struct arrival {
    struct call *call;
    const struct connection *connection;
    struct oidc_metadata metadata;
    struct oidc_attempt attempt;
    struct oidc_tokens tokens;
    struct jwt jwt;
    struct jwt_claims claims;
    struct oidc_person person;
};

static result check_answer(struct scope *scope, const struct arrival *arrival,
                           const struct oidc_callback *callback) {
    /* RFC 9207 section 2.4, before the error is believed: it may be another provider's. */
    REQUIRE(scope,
            callback->has_iss ? str_eq(callback->iss, arrival->connection->oidc.issuer)
                              : !arrival->metadata.is_iss_announced,
            FORBIDDEN, "oidc.iss");
    REQUIRE(scope, !callback->has_error, FORBIDDEN, "oidc.refused");
    REQUIRE(scope, callback->code.len > 0, INVALID, "oidc.callback");
    return OK_RESULT;
}

/* Token request, ID token, UserInfo: after a bad token no further call is made. */
static result ask_provider(struct scope *scope, struct arrival *arrival, struct str code) {
    const struct identity *identity = arrival->call->identity;
    const struct connection *connection = arrival->connection;
    const struct oidc_grant grant = {identity, connection, &arrival->metadata};
    const struct jwt_policy policy = jwt_policy_login(&connection->oidc, arrival->attempt.nonce);
    TRY(oidc_token_exchange(scope, &grant, code, arrival->attempt.verifier, &arrival->tokens));
    TRY(oidc_provider_verify(scope, identity->oidc, connection, arrival->tokens.id_token, &policy,
                             &arrival->jwt, &arrival->claims));
    TRY(jwt_check_at_hash(scope, arrival->jwt.alg, &arrival->claims, arrival->tokens.access_token));
    arrival->person = oidc_person_read(arrival->claims.all, connection->match_claim);
    if (connection->oidc.needs_userinfo) {
        struct oidc_person more;
        TRY(oidc_userinfo(scope, connection, &arrival->metadata, arrival->tokens.access_token,
                          arrival->claims.sub, &more));
        arrival->person = oidc_person_merge(&arrival->person, &more);
    }
    return OK_RESULT;
}

static result domain_of_address_is_proved(struct scope *scope, struct db *db, struct str org_id,
                                          struct str email, bool *ret) {
    struct str domain;
    *ret = false;
    if (email.len == 0 || !is_ok(email_domain(scope, email, &domain))) {
        return OK_RESULT;
    }
    return domain_is_proved(scope, db, org_id, domain, ret);
}

static struct str first_said(struct str first, struct str second, struct str third) {
    return first.len > 0 ? first : second.len > 0 ? second : third;
}

static result identity_of(struct scope *scope, const struct arrival *arrival,
                          struct verified_identity *ret) {
    const struct connection *connection = arrival->connection;
    const struct oidc_person *person = &arrival->person;
    const struct jwt_claims *claims = &arrival->claims;
    struct verified_identity who = {
        .org_id = connection->org_id,
        .connection_id = connection->id,
        .connection_version = connection->version,
        .method = "oidc",
        .issuer = claims->iss,
        .subject = claims->sub,
        .sid = claims->sid,
        .user_name = first_said(person->preferred_username, person->email, claims->sub),
        .email = person->email,
        .display_name = person->name,
        .is_email_verified = person->is_email_verified,
        .match_value = person->match_value,
        .match_attribute = connection->match_attribute,
        .provisioning = connection->provisioning,
        .auth_time_us = claims->has_auth_time ? S_TO_US(claims->auth_time_s) : 0,
    };
    TRY(domain_of_address_is_proved(scope, arrival->call->db, connection->org_id, who.email,
                                    &who.is_domain_proved));
    /* Whatever it is matched with, an address that nobody vouches for matches nothing: people can
     * write any address into their profile at some providers. */
    const bool is_address = str_eq(connection->match_claim, STR("email"));
    if (is_address && !(who.is_email_verified && who.is_domain_proved)) {
        who.match_value = STR("");
    }
    *ret = who;
    return OK_RESULT;
}

/* The provider's tokens hang on the session and are committed with it. */
static result keep_tokens(struct scope *scope, struct tx *tx, void *context, struct str user_id,
                          struct str session_id) {
    const struct arrival *arrival = context;
    const struct connection *connection = arrival->connection;
    struct oidc_session session = {
        .org_id = connection->org_id,
        .session_id = session_id,
        .user_id = user_id,
        .connection_id = connection->id,
        .issuer = arrival->claims.iss,
        .subject = arrival->claims.sub,
        .sid = arrival->claims.sid,
        .refresh_token_sealed = STR(""),
        .end_session_endpoint = arrival->metadata.end_session_endpoint,
        .created_us = clock_now_us(scope->env->clock),
    };
    TRY(oidc_session_set_tokens(scope, arrival->call->identity, &arrival->tokens, &session));
    return oidc_session_insert(scope, tx, &session);
}

static result finish_arrival(struct scope *scope, struct arrival *arrival, struct str code,
                             struct login_result *ret) {
    TRY(ask_provider(scope, arrival, code));
    struct verified_identity who;
    TRY(identity_of(scope, arrival, &who));
    const struct session_rider rider = {keep_tokens, arrival};
    return login_complete(scope, arrival->call, &who, &rider, ret);
}

result oidc_login_finish(struct scope *scope, struct call *call,
                         const struct connection *connection, const struct oidc_callback *callback,
                         struct login_result *ret, struct str *ret_return_path) {
    REQUIRE(scope, connection->kind == CONNECTION_OIDC && connection->state == CONNECTION_ENABLED,
            NOT_FOUND, "connection.unknown");
    struct oidc *oidc = call->identity->oidc;
    struct arrival *arrival = NEW(scope->arena, struct arrival);
    arrival->call = call;
    arrival->connection = connection;
    TRY(oidc_attempt_consume(scope, call, connection, callback->state, &arrival->attempt));
    TRY(oidc_provider_metadata(scope, oidc, connection, &arrival->metadata));
    TRY(check_answer(scope, arrival, callback));
    TRY(oidc_provider_enter(scope, oidc, connection));
    const result finished = finish_arrival(scope, arrival, callback->code, ret);
    oidc_provider_leave(oidc, connection->id);
    TRY(finished);
    *ret_return_path = arrival->attempt.return_path;
    return OK_RESULT;
}
