#include "identity/login_attempt.h"

#include "base/clock.h"
#include "base/cookie.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"

enum { BINDING_BYTES = 24, ATTEMPT_LIFE_S = 600, STATE_MAX = 64 };

static struct str cookie_name(struct scope *scope, const struct identity *identity,
                              const struct attempt_kind *kind, size_t slot) {
    return str_format(scope->arena, "%s%s-%zu", identity->is_public_url_https ? "__Host-" : "",
                      kind->cookie, slot);
}

/* A cookie is "seconds.binding": the seconds tell which is the oldest. */
struct slot {
    int64_t created_s; /* 0: empty or not ours */
    struct str binding;
};

static struct slot read_slot(struct scope *scope, const struct call *call,
                             const struct attempt_kind *kind, size_t number) {
    const struct slot empty = {0, STR("")};
    struct str value = STR("");
    if (!is_ok(cookie_get(scope, http_header_get(call->request, "cookie"),
                          cookie_name(scope, call->identity, kind, number), &value)) ||
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

/* Browsers keep SameSite=None only with Secure; on http loopback all ports are one site. */
static result set_slot(struct scope *scope, struct call *call, const struct attempt_kind *kind,
                       size_t number, struct str value, int64_t max_age_s) {
    const bool is_https = call->identity->is_public_url_https;
    const struct cookie cookie = {
        .name = cookie_name(scope, call->identity, kind, number),
        .value = value,
        .path = STR("/"),
        .max_age_s = max_age_s,
        .is_secure = is_https,
        .is_http_only = true,
        .same_site = is_https ? kind->same_site : "Lax",
    };
    struct str line;
    TRY(cookie_format(scope, &cookie, &line));
    return http_header_add(scope, call->response, "Set-Cookie", line);
}

static size_t oldest_slot(struct scope *scope, const struct call *call,
                          const struct attempt_kind *kind) {
    size_t oldest = 0;
    int64_t oldest_s = INT64_MAX;
    for (size_t i = 0; i < ATTEMPT_BINDINGS; i++) {
        const struct slot slot = read_slot(scope, call, kind, i);
        if (slot.created_s < oldest_s) {
            oldest = i;
            oldest_s = slot.created_s;
        }
    }
    return oldest;
}

static void read_bindings(struct scope *scope, const struct call *call,
                          const struct attempt_kind *kind, struct str ret[ATTEMPT_BINDINGS]) {
    for (size_t i = 0; i < ATTEMPT_BINDINGS; i++) {
        const struct slot slot = read_slot(scope, call, kind, i);
        ret[i] = slot.binding.len == 0 ? STR("") : sha256_text(scope->arena, slot.binding);
    }
}

static struct str seal_context(struct scope *scope, const struct attempt_row *row) {
    return str_format(scope->arena, "login_attempt/%.*s/%.*s", STR_ARG(row->org_id),
                      STR_ARG(row->state_hash));
}

result login_attempt_begin(struct scope *scope, struct call *call, const struct attempt_kind *kind,
                           const struct connection *connection, struct str secrets,
                           struct str return_path, struct str *ret_state) {
    const struct str state = random_token(scope, kind->state_bytes);
    const struct str binding = random_token(scope, BINDING_BYTES);
    const int64_t now_us = clock_now_us(scope->env->clock);
    struct attempt_row row = {
        .org_id = connection->org_id,
        .state_hash = sha256_text(scope->arena, state),
        .connection_id = connection->id,
        .binding_hash = sha256_text(scope->arena, binding),
        .return_path = return_path,
        .created_us = now_us,
        .expires_us = now_us + S_TO_US(ATTEMPT_LIFE_S),
    };
    TRY(seal(scope, call->identity->seal_key, seal_context(scope, &row), secrets,
             &row.secrets_sealed));
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(login_attempt_insert(scope, tx, &row));
    TRY(tx_commit(scope, tx));
    const struct str value =
        str_format(scope->arena, "%lld.%.*s", (long long) (now_us / US_PER_S), STR_ARG(binding));
    TRY(set_slot(scope, call, kind, oldest_slot(scope, call, kind), value, ATTEMPT_LIFE_S));
    *ret_state = state;
    return OK_RESULT;
}

static result open_row(struct scope *scope, const struct call *call, const struct attempt_row *row,
                       struct login_attempt *ret) {
    struct login_attempt attempt = {.row = *row};
    TRY(unseal(scope, call->identity->seal_key, seal_context(scope, row), row->secrets_sealed,
               &attempt.secrets));
    *ret = attempt;
    return OK_RESULT;
}

result login_attempt_find(struct scope *scope, struct call *call, const struct attempt_kind *kind,
                          const struct connection *connection, struct str state,
                          struct login_attempt *ret) {
    REQUIRE(scope, state.len > 0 && state.len <= STATE_MAX, NOT_FOUND, "login.attempt");
    const struct attempt_row wanted = {
        .org_id = connection->org_id,
        .state_hash = sha256_text(scope->arena, state),
        .connection_id = connection->id,
    };
    struct attempt_row row;
    struct str bindings[ATTEMPT_BINDINGS];
    struct login_attempt attempt;
    TRY(login_attempt_peek(scope, call->db, &wanted, &row));
    TRY(open_row(scope, call, &row, &attempt));
    read_bindings(scope, call, kind, bindings);
    for (size_t i = 0; i < ATTEMPT_BINDINGS; i++) {
        attempt.is_bound = attempt.is_bound || str_eq(bindings[i], row.binding_hash);
    }
    *ret = attempt;
    return OK_RESULT;
}

result login_attempt_list(struct scope *scope, struct call *call, const struct attempt_kind *kind,
                          const struct connection *connection,
                          struct login_attempt ret[ATTEMPT_BINDINGS], size_t *ret_count) {
    const struct attempt_row wanted = {.org_id = connection->org_id,
                                       .connection_id = connection->id};
    struct str bindings[ATTEMPT_BINDINGS];
    struct attempt_row rows[ATTEMPT_BINDINGS];
    size_t count = 0;
    read_bindings(scope, call, kind, bindings);
    TRY(login_attempt_list_bound(scope, call->db, &wanted, bindings, rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(open_row(scope, call, &rows[i], &ret[i]));
        ret[i].is_bound = true;
    }
    *ret_count = count;
    return OK_RESULT;
}

result login_attempt_consume(struct scope *scope, struct tx *tx,
                             const struct login_attempt *attempt) {
    return login_attempt_take(scope, tx, &attempt->row);
}

result login_attempt_clear_cookie(struct scope *scope, struct call *call,
                                  const struct attempt_kind *kind,
                                  const struct login_attempt *attempt) {
    struct str bindings[ATTEMPT_BINDINGS];
    read_bindings(scope, call, kind, bindings);
    for (size_t i = 0; i < ATTEMPT_BINDINGS; i++) {
        if (str_eq(bindings[i], attempt->row.binding_hash)) {
            TRY(set_slot(scope, call, kind, i, STR(""), 0));
        }
    }
    return OK_RESULT;
}
