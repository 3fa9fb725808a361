#include "gateway/session_cache.h"
#include "tests/support/fixture.h"

static struct kept_principal *put(struct session_cache *cache, struct scope *scope, int number,
                                  int64_t at_us) {
    const struct principal principal = {
        .actor = {.kind = ACTOR_USER,
                  .org_id = STR("org-1"),
                  .id = str_format(scope->arena, "user-%d", number / 2), /* two sessions each */
                  .credential_id = str_format(scope->arena, "session-%d", number),
                  .epoch = 1},
        .connection_id = number % 2 == 0 ? STR("connection-1") : STR(""),
        .token_hash = str_format(scope->arena, "hash-%d", number),
    };
    struct kept_principal *kept = kept_principal_new(&principal);
    session_cache_put(cache, kept, at_us);
    struct kept_principal *borrowed = kept;
    kept_principal_unref(&kept);
    return borrowed;
}

static bool has(struct session_cache *cache, struct scope *scope, int number) {
    return session_cache_find(cache, str_format(scope->arena, "hash-%d", number), 0) != NULL;
}

static struct session_cache *filled(struct scope *scope, int count) {
    struct session_cache *cache = session_cache_new(100);
    for (int i = 0; i < count; i++) {
        (void) put(cache, scope, i, i);
    }
    return cache;
}

static void what_was_put_is_found_until_it_is_too_old(void **state) {
    struct fixture *f = *state;
    struct session_cache *cache = filled(&f->scope, 3);
    assert_non_null(session_cache_find(cache, STR("hash-2"), 2));
    assert_null(session_cache_find(cache, STR("hash-2"), 3));
    assert_null(session_cache_find(cache, STR("hash-3"), 0));
    session_cache_free(&cache);
}

static void the_least_recently_used_makes_room(void **state) {
    struct fixture *f = *state;
    struct session_cache *cache = filled(&f->scope, 100);
    assert_true(has(cache, &f->scope, 0)); /* used just now */
    (void) put(cache, &f->scope, 100, 0);
    assert_true(has(cache, &f->scope, 0));
    assert_false(has(cache, &f->scope, 1));
    assert_int_equal(session_cache_count(cache), 100);
    session_cache_free(&cache);
}

static void a_second_put_replaces_the_first(void **state) {
    struct fixture *f = *state;
    struct session_cache *cache = filled(&f->scope, 1);
    (void) put(cache, &f->scope, 0, 50);
    assert_int_equal(session_cache_count(cache), 1);
    assert_non_null(session_cache_find(cache, STR("hash-0"), 50));
    session_cache_free(&cache);
}

static void a_revocation_drops_what_it_names_and_nothing_else(void **state) {
    struct fixture *f = *state;
    static const struct {
        struct revocation row;
        size_t left;
        int gone, stays;
    } CASES[] = {
        {{.kind = REVOKED_USER, .subject = STR_INIT("user-1"), .epoch = 2}, 8, 3, 4},
        {{.kind = REVOKED_USER, .subject = STR_INIT("user-1"), .epoch = 1}, 10, -1, 3},
        {{.kind = REVOKED_SESSION, .subject = STR_INIT("session-3")}, 9, 3, 2},
        {{.kind = REVOKED_TOKEN, .subject = STR_INIT("session-4")}, 9, 4, 5},
        {{.kind = REVOKED_CONNECTION, .subject = STR_INIT("connection-1")}, 5, 4, 5},
        {{.kind = REVOKED_CONNECTION, .subject = STR_INIT("connection-2")}, 10, -1, 4},
        {{.kind = REVOKED_ORG, .subject = STR_INIT("")}, 0, 0, -1},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct session_cache *cache = filled(&f->scope, 10);
        struct revocation row = CASES[i].row;
        row.org_id = STR("org-2");
        session_cache_revoke(cache, &row);
        assert_int_equal(session_cache_count(cache), 10);
        row.org_id = STR("org-1");
        session_cache_revoke(cache, &row);
        assert_int_equal(session_cache_count(cache), CASES[i].left);
        assert_false(CASES[i].gone >= 0 && has(cache, &f->scope, CASES[i].gone));
        assert_true(CASES[i].stays < 0 || has(cache, &f->scope, CASES[i].stays));
        session_cache_free(&cache);
    }
}

static void a_reference_outlives_its_entry(void **state) {
    struct fixture *f = *state;
    struct session_cache *cache = filled(&f->scope, 1);
    struct kept_principal *kept = kept_principal_ref(session_cache_find(cache, STR("hash-0"), 0));
    session_cache_clear(cache);
    assert_str(kept->value.actor.id, "user-0");
    kept_principal_unref(&kept);
    assert_null(kept);
    session_cache_free(&cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(what_was_put_is_found_until_it_is_too_old),
        SENTENCE(the_least_recently_used_makes_room),
        SENTENCE(a_second_put_replaces_the_first),
        SENTENCE(a_revocation_drops_what_it_names_and_nothing_else),
        SENTENCE(a_reference_outlives_its_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
