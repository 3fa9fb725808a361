#include "identity/oidc/oidc_provider.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "identity/oidc/key_set.h"
#include "identity/oidc/oidc_call.h"

enum { PROVIDERS_MAX = 4096, CALLS_AT_ONCE = 8 };
static const int64_t FRESH_US = INT64_C(3600) * US_PER_S;
static const int64_t LAST_GOOD_US = INT64_C(86400) * US_PER_S;
static const int64_t RETRY_US = INT64_C(10) * US_PER_S;

enum what { METADATA, KEYS, WHAT_COUNT };

/* One of the two things that are fetched, and when. Times are boot times. */
struct slot {
    bool is_fetching, was_tried, has_failed; /* the last try */
    bool has_value;
    int64_t tried_us, good_us;
};

struct provider { /* under oidc->lock */
    char *id;     /* of the connection */
    size_t id_len;
    int64_t version; /* of the connection that all this was fetched for */
    unsigned users;  /* threads that hold the pointer without the lock */
    unsigned calls;
    int64_t used_us;
    struct slot slots[WHAT_COUNT];
    char *metadata; /* the provider's text */
    size_t metadata_len;
    struct key_set *keys;
    bool was_refetched;
    int64_t refetched_us; /* for an unknown key */
};

struct oidc {
    struct jose *jose;
    pthread_mutex_t lock;
    pthread_cond_t changed;      /* a fetch ended */
    struct provider **providers; /* in the order of their ids */
    size_t count;
};

result oidc_new(struct scope *scope, struct oidc **ret) {
    struct jose *jose = NULL;
    TRY(jose_start(scope, &jose));
    struct oidc *oidc = calloc(1, sizeof *oidc);
    assert(oidc != NULL);
    oidc->jose = jose;
    oidc->providers = calloc(PROVIDERS_MAX, sizeof *oidc->providers);
    assert(oidc->providers != NULL);
    int failed = pthread_mutex_init(&oidc->lock, NULL);
    failed |= pthread_cond_init(&oidc->changed, NULL);
    assert(failed == 0);
    *ret = oidc;
    return OK_RESULT;
}

static void forget_fetched(struct provider *provider) {
    free(provider->metadata);
    provider->metadata = NULL;
    key_set_release(&provider->keys);
    for (int what = 0; what < WHAT_COUNT; what++) {
        provider->slots[what].has_value = false;
        provider->slots[what].was_tried = false;
    }
    provider->was_refetched = false;
}

static void free_provider(struct provider *provider) {
    forget_fetched(provider);
    free(provider->id);
    free(provider);
}

void oidc_free(struct oidc **oidc) {
    struct oidc *old = *oidc;
    *oidc = NULL;
    if (old == NULL) {
        return;
    }
    for (size_t i = 0; i < old->count; i++) {
        free_provider(old->providers[i]);
    }
    free(old->providers);
    (void) pthread_mutex_destroy(&old->lock);
    (void) pthread_cond_destroy(&old->changed);
    jose_stop(&old->jose);
    free(old);
}

struct jose *oidc_jose(struct oidc *oidc) {
    return oidc->jose;
}

static size_t position_of(const struct oidc *oidc, struct str id, bool *ret_is_there) {
    size_t low = 0;
    size_t high = oidc->count;
    *ret_is_there = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct provider *provider = oidc->providers[middle];
        const int order = str_compare((struct str){provider->id, provider->id_len}, id);
        if (order == 0) {
            *ret_is_there = true;
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return low;
}

/* Room for one more: the provider that nobody has used for longest goes. */
static void make_room(struct oidc *oidc) {
    if (oidc->count < PROVIDERS_MAX) {
        return;
    }
    size_t oldest = oidc->count;
    for (size_t i = 0; i < oidc->count; i++) {
        const struct provider *provider = oidc->providers[i];
        if (provider->users == 0 && provider->calls == 0 &&
            (oldest == oidc->count || provider->used_us < oidc->providers[oldest]->used_us)) {
            oldest = i;
        }
    }
    assert(oldest < oidc->count); /* fewer threads than providers */
    free_provider(oidc->providers[oldest]);
    oidc->count--;
    memmove(&oidc->providers[oldest], &oidc->providers[oldest + 1],
            (oidc->count - oldest) * sizeof *oidc->providers);
}

static struct provider *add_provider(struct oidc *oidc, struct str id) {
    make_room(oidc);
    bool is_there = false;
    const size_t at = position_of(oidc, id, &is_there);
    struct provider *provider = calloc(1, sizeof *provider);
    assert(provider != NULL);
    provider->id = malloc(id.len + 1);
    assert(provider->id != NULL);
    memcpy(provider->id, id.at, id.len);
    provider->id_len = id.len;
    memmove(&oidc->providers[at + 1], &oidc->providers[at],
            (oidc->count - at) * sizeof *oidc->providers);
    oidc->providers[at] = provider;
    oidc->count++;
    return provider;
}

/* Under the lock. What was fetched for other settings is forgotten. */
static struct provider *provider_of(struct scope *scope, struct oidc *oidc,
                                    const struct connection *connection) {
    bool is_there = false;
    const size_t at = position_of(oidc, connection->id, &is_there);
    struct provider *provider = is_there ? oidc->providers[at] : add_provider(oidc, connection->id);
    if (provider->version < connection->version) {
        forget_fetched(provider);
        provider->version = connection->version;
    }
    provider->used_us = clock_boot_us(scope->env->clock);
    return provider;
}

enum next { USE_IT, FETCH_IT, GIVE_UP };

enum mode {
    AS_KNOWN, /* what is fresh, or last good */
    NEWER,    /* than the set that knew no key */
    FORCED
};

struct want {
    const struct connection *connection;
    enum what what;
    enum mode mode;
    struct str jwks_uri;        /* KEYS */
    const struct key_set *seen; /* NEWER */
};

struct fetched {
    struct str text;      /* METADATA, in the scope's arena */
    struct key_set *keys; /* KEYS: a reference */
};

/* Under the lock; with `is_good` something may be served meanwhile. */
static enum next next_when_stale(const struct slot *slot, int64_t now_us, bool is_good) {
    const bool is_too_soon =
        slot->was_tried && slot->has_failed && now_us - slot->tried_us < RETRY_US;
    if (!slot->is_fetching && !is_too_soon) {
        return FETCH_IT;
    }
    return is_good ? USE_IT : GIVE_UP;
}

/* Under the lock; waits while somebody else fetches and there is nothing to serve meanwhile. */
static enum next next_as_known(struct scope *scope, struct oidc *oidc, const struct slot *slot) {
    for (;;) {
        const int64_t now_us = clock_boot_us(scope->env->clock);
        const int64_t age_us = slot->has_value ? now_us - slot->good_us : LAST_GOOD_US;
        if (age_us < FRESH_US) {
            return USE_IT;
        }
        const bool is_good = age_us < LAST_GOOD_US;
        if (is_good || !slot->is_fetching) {
            return next_when_stale(slot, now_us, is_good);
        }
        (void) pthread_cond_wait(&oidc->changed, &oidc->lock);
    }
}

/* Under the lock. One fetch per interval, whatever the number of tokens with keys unheard of. */
static enum next next_newer(struct scope *scope, struct oidc *oidc, struct provider *provider,
                            const struct key_set *seen) {
    for (;;) {
        if (provider->keys != NULL && provider->keys != seen) {
            return USE_IT;
        }
        const int64_t now_us = clock_boot_us(scope->env->clock);
        if (!provider->slots[KEYS].is_fetching) {
            if (provider->was_refetched && now_us - provider->refetched_us < RETRY_US) {
                return GIVE_UP;
            }
            provider->was_refetched = true;
            provider->refetched_us = now_us;
            return FETCH_IT;
        }
        (void) pthread_cond_wait(&oidc->changed, &oidc->lock);
    }
}

static enum next next_step(struct scope *scope, struct oidc *oidc, struct provider *provider,
                           const struct want *want) {
    switch (want->mode) {
    case AS_KNOWN: return next_as_known(scope, oidc, &provider->slots[want->what]);
    case NEWER: return next_newer(scope, oidc, provider, want->seen);
    case FORCED: break;
    }
    return FETCH_IT;
}

static result fetch(struct scope *scope, struct oidc *oidc, const struct want *want,
                    struct fetched *ret) {
    const struct connection *connection = want->connection;
    const struct str url =
        want->what == KEYS ? want->jwks_uri : oidc_metadata_url(scope, connection->oidc.issuer);
    struct oidc_answer answer;
    TRY(oidc_get(scope, connection, url, NULL, &answer));
    if (want->what == METADATA) {
        struct oidc_metadata metadata;
        ret->text = answer.text;
        return oidc_metadata_parse(scope, connection->oidc.issuer, answer.text, &metadata);
    }
    struct jwk_set *jwks = NEW(scope->arena, struct jwk_set);
    REQUIRE(scope, is_ok(jwks_parse(scope, answer.text, jwks)), UNAVAILABLE, "oidc.keys");
    ret->keys = key_set_new(scope, oidc->jose, jwks);
    return OK_RESULT;
}

/* Under the lock. What was fetched for settings that have changed meanwhile is not kept. */
static void keep(struct provider *provider, const struct want *want,
                 const struct fetched *fetched) {
    if (provider->version != want->connection->version) {
        return;
    }
    provider->slots[want->what].has_value = true;
    if (want->what == KEYS) {
        key_set_release(&provider->keys);
        provider->keys = key_set_retain(fetched->keys);
        return;
    }
    char *copy = malloc(fetched->text.len + 1);
    assert(copy != NULL);
    memcpy(copy, fetched->text.at, fetched->text.len);
    free(provider->metadata);
    provider->metadata = copy;
    provider->metadata_len = fetched->text.len;
}

/* Under the lock, which is free while the provider is asked. */
static result fetch_and_keep(struct scope *scope, struct oidc *oidc, struct provider *provider,
                             const struct want *want, struct fetched *ret) {
    struct slot *slot = &provider->slots[want->what];
    slot->is_fetching = true;
    (void) pthread_mutex_unlock(&oidc->lock);
    const result fetched = fetch(scope, oidc, want, ret);
    (void) pthread_mutex_lock(&oidc->lock);
    slot->is_fetching = false;
    slot->was_tried = true;
    slot->has_failed = !is_ok(fetched);
    slot->tried_us = clock_boot_us(scope->env->clock);
    if (is_ok(fetched)) {
        slot->good_us = slot->tried_us;
        keep(provider, want, ret);
    }
    (void) pthread_cond_broadcast(&oidc->changed);
    return fetched;
}

/* Under the lock. */
static bool take(struct scope *scope, const struct provider *provider, enum what what,
                 struct fetched *ret) {
    const struct slot *slot = &provider->slots[what];
    if (!slot->has_value || clock_boot_us(scope->env->clock) - slot->good_us >= LAST_GOOD_US) {
        return false;
    }
    if (what == KEYS) {
        ret->keys = key_set_retain(provider->keys);
        return true;
    }
    ret->text = str_copy(scope->arena, (struct str){provider->metadata, provider->metadata_len});
    return true;
}

static result obtain_locked(struct scope *scope, struct oidc *oidc, struct provider *provider,
                            const struct want *want, struct fetched *ret) {
    switch (next_step(scope, oidc, provider, want)) {
    case FETCH_IT: {
        const result fetched = fetch_and_keep(scope, oidc, provider, want, ret);
        if (is_ok(fetched) || want->mode != AS_KNOWN || !take(scope, provider, want->what, ret)) {
            return fetched;
        }
        return OK_RESULT; /* the last good copy serves on */
    }
    case GIVE_UP:
        REQUIRE(scope, want->mode != NEWER || provider->slots[KEYS].has_failed, UNAUTHENTICATED,
                "jwt.key_unknown");
        return FAIL(scope, UNAVAILABLE, "oidc.away");
    case USE_IT: break;
    }
    REQUIRE(scope, take(scope, provider, want->what, ret), UNAVAILABLE, "oidc.away");
    return OK_RESULT;
}

static result obtain(struct scope *scope, struct oidc *oidc, const struct want *want,
                     struct fetched *ret) {
    (void) pthread_mutex_lock(&oidc->lock);
    struct provider *provider = provider_of(scope, oidc, want->connection);
    provider->users++;
    const result obtained = obtain_locked(scope, oidc, provider, want, ret);
    provider->users--;
    (void) pthread_mutex_unlock(&oidc->lock);
    return obtained;
}

result oidc_provider_metadata(struct scope *scope, struct oidc *oidc,
                              const struct connection *connection, struct oidc_metadata *ret) {
    const struct want want = {.connection = connection, .what = METADATA, .mode = AS_KNOWN};
    struct fetched fetched = {.keys = NULL};
    TRY(obtain(scope, oidc, &want, &fetched));
    return oidc_metadata_parse(scope, connection->oidc.issuer, fetched.text, ret);
}

result oidc_provider_discover(struct scope *scope, const struct connection *connection,
                              struct oidc_metadata *ret) {
    struct oidc_answer answer;
    TRY(oidc_get(scope, connection, oidc_metadata_url(scope, connection->oidc.issuer), NULL,
                 &answer));
    return oidc_metadata_parse(scope, connection->oidc.issuer, answer.text, ret);
}

result oidc_provider_probe(struct scope *scope, struct oidc *oidc,
                           const struct connection *connection, struct oidc_metadata *ret,
                           size_t *ret_keys) {
    struct want want = {.connection = connection, .what = METADATA, .mode = FORCED};
    struct fetched fetched = {.keys = NULL};
    TRY(obtain(scope, oidc, &want, &fetched));
    TRY(oidc_metadata_parse(scope, connection->oidc.issuer, fetched.text, ret));
    want.what = KEYS;
    want.jwks_uri = ret->jwks_uri;
    TRY(obtain(scope, oidc, &want, &fetched));
    AUTO(key_set_release) struct key_set *keys = fetched.keys;
    *ret_keys = key_set_count(keys);
    return OK_RESULT;
}

static result verify_signature(struct scope *scope, struct oidc *oidc,
                               const struct connection *connection, const struct jwt *jwt) {
    struct oidc_metadata metadata;
    TRY(oidc_provider_metadata(scope, oidc, connection, &metadata));
    struct want want = {
        .connection = connection, .what = KEYS, .mode = AS_KNOWN, .jwks_uri = metadata.jwks_uri};
    struct fetched known = {.keys = NULL};
    TRY(obtain(scope, oidc, &want, &known));
    AUTO(key_set_release) struct key_set *keys = known.keys;
    const result first = key_set_verify(scope, keys, jwt);
    if (is_ok(first) || !str_eq(str_from_c(scope->reason), STR("jwt.key_unknown"))) {
        return first;
    }
    want.mode = NEWER;
    want.seen = keys;
    struct fetched fresh = {.keys = NULL};
    TRY(obtain(scope, oidc, &want, &fresh));
    AUTO(key_set_release) struct key_set *newer = fresh.keys;
    return key_set_verify(scope, newer, jwt);
}

result oidc_provider_verify(struct scope *scope, struct oidc *oidc,
                            const struct connection *connection, struct str token,
                            const struct jwt_policy *policy, struct jwt *ret_jwt,
                            struct jwt_claims *ret) {
    struct jwt jwt;
    struct jwt_claims *claims = NEW(scope->arena, struct jwt_claims);
    TRY(jwt_decode(scope, token, policy, &jwt));
    TRY(verify_signature(scope, oidc, connection, &jwt));
    TRY(jwt_decode_claims(scope, &jwt, claims));
    TRY(jwt_check(scope, claims, policy, clock_now_us(scope->env->clock)));
    *ret_jwt = jwt;
    *ret = *claims;
    return OK_RESULT;
}

result oidc_provider_enter(struct scope *scope, struct oidc *oidc,
                           const struct connection *connection) {
    (void) pthread_mutex_lock(&oidc->lock);
    struct provider *provider = provider_of(scope, oidc, connection);
    const bool has_room = provider->calls < CALLS_AT_ONCE;
    provider->calls += has_room ? 1 : 0;
    (void) pthread_mutex_unlock(&oidc->lock);
    REQUIRE(scope, has_room, UNAVAILABLE, "oidc.busy");
    return OK_RESULT;
}

void oidc_provider_leave(struct oidc *oidc, struct str connection_id) {
    (void) pthread_mutex_lock(&oidc->lock);
    bool is_there = false;
    const size_t at = position_of(oidc, connection_id, &is_there);
    assert(is_there && oidc->providers[at]->calls > 0);
    oidc->providers[at]->calls--;
    (void) pthread_mutex_unlock(&oidc->lock);
}
