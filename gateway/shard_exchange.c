#include "gateway/shard_internal.h"

#include <stdlib.h>

#include "base/cookie.h"
#include "base/env.h"
#include "gateway/access.h"
#include "gateway/answer.h"
#include "gateway/exchange_run.h"
#include "gateway/holes.h"
#include "identity/identity.h"

/* Room for an exchange, its headers and a small answer in one block. */
enum { EXCHANGE_BYTES = 12 * 1024 };

/* Arenas are used again, with their first block: making and freeing blocks of this size for each
 * request costs as much as the request itself. */
static struct arena *take_arena(struct shard *shard) {
    return shard->spare_count > 0 ? shard->spare[--shard->spare_count]
                                  : arena_new_sized(EXCHANGE_BYTES);
}

static void give_arena(struct shard *shard, struct arena *arena) {
#ifdef ARENA_DEBUG
    (void) shard; /* sanitizers shall see who uses an exchange that is over */
#else
    if (shard->spare_count < SPARE_ARENAS) {
        arena_reset(arena);
        shard->spare[shard->spare_count++] = arena;
        return;
    }
#endif
    arena_end(&arena);
}

struct exchange *shard_exchange_new(struct shard *shard) {
    struct arena *arena = take_arena(shard);
    struct exchange *exchange = NEW(arena, struct exchange);
    exchange->work.kind = WORK_EXCHANGE;
    exchange->shard = shard;
    exchange->arena = arena;
    exchange->resume_after = -1;
    exchange->began_boot_us = shard_now(shard);
    return exchange;
}

void shard_exchange_free(struct exchange **exchange) {
    if (*exchange == NULL) {
        return;
    }
    struct live_socket *socket = (*exchange)->socket;
    if (socket != NULL) {
        /* Registered, and its 101 never got there. */
        shard_socket_gone((*exchange)->shard, socket);
    }
    kept_principal_unref(&(*exchange)->kept);
    struct shard *shard = (*exchange)->shard;
    struct arena *arena = (*exchange)->arena; /* the exchange lives in it */
    *exchange = NULL;
    give_arena(shard, arena);
}

static RESULT find_route(struct scope *scope, const struct shard *shard,
                         struct exchange *exchange) {
    unsigned allowed = 0;
    const result found =
        route_find(scope, shard->set.routes, &exchange->request, &exchange->route, &allowed);
    if (is_ok(found) || allowed == 0) {
        return found;
    }
    const char *reason = scope->reason;
    struct strbuf names = strbuf_begin(scope->arena, 64);
    for (unsigned method = HTTP_GET; method < HTTP_OTHER; method++) {
        if ((allowed & (1U << method)) != 0) {
            strbuf_add_c(&names, names.len == 0 ? "" : ", ");
            strbuf_add_c(&names, http_method_name((enum http_method) method));
        }
    }
    TRY(http_header_add(scope, &exchange->response, "Allow", strbuf_str(&names)));
    scope->reason = reason;
    return found;
}

static RESULT check_length(struct scope *scope, const struct exchange *exchange) {
    const struct str text = http_header_get(&exchange->request, "Content-Length");
    if (text.len == 0) {
        return OK_RESULT; /* none, or chunked: the transport counts */
    }
    uint64_t length = 0;
    const result parsed = parse_u64(scope, text, INT64_MAX, &length);
    REQUIRE(scope, is_ok(parsed), INVALID, "request.length");
    REQUIRE(scope, length <= exchange->route->body_limit, TOO_LARGE, "request.too_large");
    return OK_RESULT;
}

static RESULT read_credential(struct scope *scope, const struct shard *shard,
                              struct exchange *exchange) {
    const enum route_auth auth = exchange->route->auth;
    const struct http_request *request = &exchange->request;
    const struct str bearer = http_header_get(request, "Authorization");
    if (auth == AUTH_SCIM || (auth == AUTH_ADMIN && bearer.len > 0)) {
        REQUIRE(scope, bearer.len > 0, UNAUTHENTICATED, "access.credential");
        TRY(credential_parse_bearer(scope, bearer, &exchange->credential));
    } else {
        struct str cookie = {"", 0};
        const struct str name = str_from_c(session_cookie_name(shard->set.identity));
        TRY(cookie_get(scope, http_header_get(request, "Cookie"), name, &cookie));
        REQUIRE(scope, cookie.len > 0, UNAUTHENTICATED, "access.credential");
        TRY(credential_parse_session(scope, cookie, &exchange->credential));
    }
    exchange->has_credential = true;
    return OK_RESULT;
}

static RESULT admit(struct scope *scope, struct shard *shard, struct exchange *exchange) {
    TRY(find_route(scope, shard, exchange));
    const struct route *route = exchange->route;
    exchange->is_head = exchange->request.method == HTTP_HEAD;
    REQUIRE(scope, !shard->is_draining, UNAVAILABLE, "shard.draining");
    TRY(check_length(scope, exchange));
    REQUIRE(scope,
            rate_take(shard->rates, (char) route->rate, exchange->request.client_address,
                      shard->set.rate_per_minute[route->rate], shard_now(shard),
                      &exchange->retry_after_s),
            THROTTLED, "rate.limit");
    if (route->auth != AUTH_NONE) {
        TRY(read_credential(scope, shard, exchange));
    }
    return OK_RESULT;
}

bool shard_exchange_admit(struct shard *shard, struct exchange *exchange) {
    struct scope scope = {.arena = exchange->arena, .env = shard->set.env};
    exchange->outcome = admit(&scope, shard, exchange);
    if (is_ok(exchange->outcome)) {
        return true;
    }
    exchange->reason = scope.reason;
    answer_failure(exchange);
    return false;
}

static void answer(struct shard *shard, struct exchange *exchange) {
    exchange->is_answered = true;
    shard->set.transport->answer(shard->set.transport, exchange);
}

static void answer_outcome(struct shard *shard, struct exchange *exchange) {
    if (!is_ok(exchange->outcome)) {
        answer_failure(exchange);
    }
    answer(shard, exchange);
}

/* `why` is FAIL(exchange, …): an exchange has a reason, as a scope has. */
static void refuse(struct shard *shard, struct exchange *exchange, result why) {
    exchange->outcome = why;
    answer_outcome(shard, exchange);
}

/* Of the connection in the path. Connections that are none, made up to collide, are refused by the
 * first look into the database and do not hold a worker for long. */
static uint64_t share_of(const struct exchange *exchange) {
    const struct str connection_id = exchange->request.path_args[0];
    return index_key('c', STR(""), connection_id) | 1; /* 0 is nobody's */
}

bool shard_push(struct shard *shard, struct exchange *exchange, enum route_lane lane) {
    const enum queue_lane urgency = lane == RUN_REVOKING ? QUEUE_REVOCATION : QUEUE_NORMAL;
    exchange->work.letter.share = lane == RUN_SAML ? share_of(exchange) : 0;
    if (!queue_push(shard->set.pools->lanes[lane], urgency, &exchange->work.letter)) {
        return false;
    }
    exchange->is_away = true;
    shard->away++;
    return true;
}

static void push_or_refuse(struct shard *shard, struct exchange *exchange, enum route_lane lane) {
    if (!shard_push(shard, exchange, lane)) {
        refuse(shard, exchange, FAIL(exchange, UNAVAILABLE, "shard.queue_full"));
    }
}

/* The principal is known and good at this moment, and nothing is suspended before it is used. */
static void act(struct shard *shard, struct exchange *exchange) {
    const enum route_lane lane = exchange->route->lane;
    if (exchange->wants_upgrade) {
        struct scope scope = {.arena = exchange->arena, .env = shard->set.env};
        exchange->outcome = live_register(&scope, shard, exchange);
        exchange->reason = scope.reason;
        answer_outcome(shard, exchange);
        return;
    }
    if (lane != RUN_SHARD) {
        exchange->step = STEP_HANDLE;
        push_or_refuse(shard, exchange, lane);
        return;
    }
    const struct exchange_context context = {
        .env = shard->set.env,
        .messaging = shard->set.messaging,
        .identity = shard->set.identity,
        .provisioning = shard->set.provisioning,
    };
    exchange_run(exchange, &context, exchange->route->handler);
    answer_outcome(shard, exchange);
}

static void use_kept(struct exchange *exchange, struct kept_principal *kept) {
    exchange->kept = kept;
    exchange->principal = kept->value;
    exchange->has_principal = true;
}

static void forget_principal(struct exchange *exchange) {
    kept_principal_unref(&exchange->kept);
    exchange->has_principal = false;
    exchange->is_checked = false;
}

/* From the cache, unless the entry has expired or hints cannot be relied on. */
static struct kept_principal *find_cached(struct shard *shard, const struct exchange *exchange) {
    if (shard->is_bus_gone) {
        return NULL;
    }
    struct kept_principal *kept = session_cache_find(shard->cache, exchange->credential.token_hash,
                                                     shard_now(shard) - S_TO_US(RECHECK_S));
    if (kept == NULL || kept->value.kind != exchange->credential.kind ||
        kept->value.expires_us <= clock_now_us(shard->set.env->clock)) {
        return NULL;
    }
    return kept;
}

void shard_exchange_begin(struct shard *shard, struct exchange *exchange) {
    exchange->began_boot_us = shard_now(shard);
    if (shard->is_draining) {
        refuse(shard, exchange, FAIL(exchange, UNAVAILABLE, "shard.draining"));
        return;
    }
    if (exchange->route->auth == AUTH_NONE) {
        act(shard, exchange);
        return;
    }
    if (!shard_decide(shard)) {
        refuse(shard, exchange, FAIL(exchange, UNAVAILABLE, "shard.lease"));
        return;
    }
    exchange->ticket = shard_ticket(shard);
    struct kept_principal *kept = find_cached(shard, exchange);
    if (kept != NULL) {
        use_kept(exchange, kept_principal_ref(kept));
        act(shard, exchange);
        return;
    }
    const enum route_lane lane = exchange->route->lane;
    const bool is_decided_here = lane == RUN_SHARD || exchange->wants_upgrade;
    exchange->step = is_decided_here ? STEP_CHECK : STEP_HANDLE;
    push_or_refuse(shard, exchange, is_decided_here ? RUN_DATABASE : lane);
}

/* Rule 18: does what the worker found out still stand? RING_OVERRUN also when it took too long. */
static enum ring_verdict test_ticket(const struct shard *shard, const struct exchange *exchange,
                                     enum revocation_kind *ret_own_kind) {
    const enum ring_verdict verdict =
        ring_test(&shard->ring, exchange->ticket.applied_count, exchange->kept,
                  exchange->is_handled ? &exchange->revoked : NULL, ret_own_kind);
    const int64_t age_us = shard_now(shard) - exchange->ticket.taken_boot_us;
    return verdict == RING_CLEAR && age_us >= shard->soft_us ? RING_OVERRUN : verdict;
}

bool shard_exchange_stands(const struct shard *shard, const struct exchange *exchange) {
    enum revocation_kind own_kind = REVOKED_USER;
    return exchange->kept == NULL ||
           ring_test(&shard->ring, exchange->ticket.applied_count, exchange->kept,
                     &exchange->revoked, &own_kind) != RING_HIT;
}

/* The credential only, never the handler again. */
static void check_again(struct shard *shard, struct exchange *exchange) {
    if (++exchange->checks >= EXCHANGE_MAX_CHECKS) {
        refuse(shard, exchange, FAIL(exchange, UNAVAILABLE, "shard.checks"));
        return;
    }
    forget_principal(exchange);
    exchange->ticket = shard_ticket(shard);
    exchange->step = STEP_CHECK;
    push_or_refuse(shard, exchange, RUN_DATABASE);
}

/* Whoever has just cut their own access off learns that it worked; who only signed out may have the
 * rest of the answer as well (rule 19). */
static void answer_own(struct shard *shard, struct exchange *exchange, enum revocation_kind kind) {
    if (kind != REVOKED_SESSION && kind != REVOKED_TOKEN) {
        const int status = exchange->response.status;
        exchange->response = (struct http_response){.status = status};
    }
    forget_principal(exchange);
    answer_outcome(shard, exchange);
}

static void decide(struct shard *shard, struct exchange *exchange) {
    enum revocation_kind own_kind = REVOCATION_KIND_COUNT;
    const bool is_opening = !exchange->is_handled && exchange->wants_upgrade;
    const bool is_blind = (exchange->is_handled && HOLE(22)) || (is_opening && HOLE(2)) ||
                          (!exchange->is_handled && !is_opening && HOLE(1));
    const enum ring_verdict verdict =
        is_blind ? RING_CLEAR : test_ticket(shard, exchange, &own_kind);
    switch (verdict) {
    case RING_HIT:
    case RING_OVERRUN: check_again(shard, exchange); return;
    case RING_OWN: answer_own(shard, exchange, own_kind); return;
    case RING_CLEAR: break;
    }
    if (exchange->is_checked) {
        session_cache_put(shard->cache, exchange->kept, exchange->ticket.taken_boot_us);
        exchange->is_checked = false;
    }
    if (exchange->is_handled || !is_ok(exchange->outcome)) {
        answer_outcome(shard, exchange);
        return;
    }
    act(shard, exchange);
}

static void finish(struct shard *shard, struct exchange *exchange) {
    if (exchange->route->auth == AUTH_NONE) {
        answer_outcome(shard, exchange);
        return;
    }
    if (!exchange->has_principal) { /* the check failed */
        if (exchange->outcome.code == UNAUTHENTICATED) {
            session_cache_drop(shard->cache, exchange->credential.token_hash);
        }
        exchange->response = (struct http_response){0};
        answer_outcome(shard, exchange);
        return;
    }
    if (!shard_decide(shard)) {
        exchange->response = (struct http_response){0};
        refuse(shard, exchange, FAIL(exchange, UNAVAILABLE, "shard.lease"));
        return;
    }
    if (exchange->kept == NULL) {
        use_kept(exchange, kept_principal_new(&exchange->principal));
    }
    decide(shard, exchange);
}

void shard_exchange_back(struct shard *shard, struct exchange *exchange) {
    exchange->is_away = false;
    shard->away--;
    if (exchange->step == STEP_LIVE) {
        live_command_done(shard, exchange);
        shard_exchange_free(&exchange);
        return;
    }
    if (exchange->step == STEP_RECHECK) {
        live_recheck_done(shard, exchange);
        shard_exchange_free(&exchange);
        return;
    }
    if (exchange->is_abandoned) {
        shard_exchange_free(&exchange);
        return;
    }
    finish(shard, exchange);
}

bool shard_exchange_abandon(struct exchange *exchange) {
    exchange->is_abandoned = true;
    return exchange->is_away;
}
