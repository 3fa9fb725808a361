#include "identity/oidc/oidc_attempt.h"

#include <assert.h>

#include "base/clock.h"
#include "base/cookie.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/oidc/oidc_attempt_store.h"

enum { STATE_BYTES = 24, VERIFIER_BYTES = 48, ATTEMPT_LIFE_S = 600 };
static_assert((int) OIDC_ATTEMPT_COOKIES == (int) ATTEMPT_BINDINGS, "one binding per cookie");

static struct str cookie_name(struct scope *scope, const struct identity *identity, size_t slot) {
    return str_format(scope->arena, "%sgatehouse-login-%zu",
                      identity->is_public_url_https ? "__Host-" : "", slot);
}

/* A cookie is "seconds.binding": the seconds tell which is the oldest. */
struct slot {
    int64_t created_s; /* 0: empty or not ours */
    struct str binding;
};

static struct slot read_slot(struct scope *scope, const struct call *call, size_t number) {
    const struct slot empty = {0, STR("")};
    struct str value = STR("");
    if (!is_ok(cookie_get(scope, http_header_get(call->request, "cookie"),
                          cookie_name(scope, call->identity, number), &value)) ||
        value.len == 0) {
        return empty;
    }
    struct slot slot = empty;
    struct str seconds;
    slot.binding = str_split(value, '.', &seconds);
    if (!is_ok(parse_i64(scope, seconds, 1, INT64_C(253402300799), &slot.created_s))) {
        return empty;
    }
    return slot;
}

static result set_slot(struct scope *scope, struct call *call, size_t number, struct str value,
                       int64_t max_age_s) {
    const struct cookie cookie = {
        .name = cookie_name(scope, call->identity, number),
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

static size_t oldest_slot(struct scope *scope, const struct call *call) {
    size_t oldest = 0;
    int64_t oldest_s = INT64_MAX;
    for (size_t i = 0; i < OIDC_ATTEMPT_COOKIES; i++) {
        const struct slot slot = read_slot(scope, call, i);
        if (slot.created_s < oldest_s) {
            oldest = i;
            oldest_s = slot.created_s;
        }
    }
    return oldest;
}

static struct str seal_context(struct scope *scope, const struct attempt_row *row) {
    return str_format(scope->arena, "login_attempt/%.*s/%.*s", STR_ARG(row->org_id),
                      STR_ARG(row->state_hash));
}

result oidc_attempt_begin(struct scope *scope, struct call *call,
                          const struct connection *connection, struct str return_path,
                          struct oidc_attempt_begun *ret) {
    const struct str binding = random_token(scope, STATE_BYTES);
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct oidc_attempt_begun begun = {
        .state = random_token(scope, STATE_BYTES),
        .attempt = {.nonce = random_token(scope, STATE_BYTES),
                    .verifier = random_token(scope, VERIFIER_BYTES),
                    .return_path = return_path},
    };
    struct attempt_row row = {
        .org_id = connection->org_id,
        .state_hash = sha256_text(scope->arena, begun.state),
        .connection_id = connection->id,
        .binding_hash = sha256_text(scope->arena, binding),
        .return_path = return_path,
        .created_us = now_us,
        .expires_us = now_us + S_TO_US(ATTEMPT_LIFE_S),
    };
    const struct str secrets = str_format(scope->arena, "%.*s.%.*s", STR_ARG(begun.attempt.nonce),
                                          STR_ARG(begun.attempt.verifier));
    TRY(seal(scope, call->identity->seal_key, seal_context(scope, &row), secrets,
             &row.secrets_sealed));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(oidc_attempt_insert(scope, tx, &row));
    TRY(tx_commit(scope, tx));
    const struct str value =
        str_format(scope->arena, "%lld.%.*s", (long long) (now_us / US_PER_S), STR_ARG(binding));
    TRY(set_slot(scope, call, oldest_slot(scope, call), value, ATTEMPT_LIFE_S));
    *ret = begun;
    return OK_RESULT;
}

static result open_secrets(struct scope *scope, const struct identity *identity,
                           const struct attempt_row *row, struct oidc_attempt *ret) {
    struct str secrets;
    TRY(unseal(scope, identity->seal_key, seal_context(scope, row), row->secrets_sealed, &secrets));
    struct oidc_attempt attempt = {.return_path = row->return_path};
    attempt.verifier = str_split(secrets, '.', &attempt.nonce);
    *ret = attempt;
    return OK_RESULT;
}

result oidc_attempt_consume(struct scope *scope, struct call *call,
                            const struct connection *connection, struct str state,
                            struct oidc_attempt *ret) {
    REQUIRE(scope, state.len > 0 && state.len <= 64, FORBIDDEN, "oidc.attempt");
    struct str bindings[ATTEMPT_BINDINGS];
    for (size_t i = 0; i < ATTEMPT_BINDINGS; i++) {
        const struct slot slot = read_slot(scope, call, i);
        bindings[i] = slot.binding.len == 0 ? STR("") : sha256_text(scope->arena, slot.binding);
    }
    const struct attempt_row wanted = {
        .org_id = connection->org_id,
        .state_hash = sha256_text(scope->arena, state),
        .connection_id = connection->id,
    };
    struct attempt_row row;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    const result taken = oidc_attempt_take(scope, tx, &wanted, bindings, &row);
    REQUIRE(scope, taken.code != NOT_FOUND, FORBIDDEN, "oidc.attempt");
    TRY(taken);
    TRY(tx_commit(scope, tx));
    for (size_t i = 0; i < ATTEMPT_BINDINGS; i++) {
        if (str_eq(bindings[i], row.binding_hash)) {
            TRY(set_slot(scope, call, i, STR(""), 0));
        }
    }
    return open_secrets(scope, call->identity, &row, ret);
}

struct str oidc_attempt_challenge(struct scope *scope, const struct oidc_attempt *attempt) {
    return sha256_text(scope->arena, attempt->verifier);
}
