#include "gateway/ring.h"
#include "tests/support/fixture.h"

#include <stdlib.h>

static struct kept_principal *somebody(int64_t epoch) {
    const struct principal principal = {
        .actor = {.kind = ACTOR_USER,
                  .org_id = STR("org-1"),
                  .id = STR("user-1"),
                  .credential_id = STR("session-1"),
                  .epoch = epoch},
        .connection_id = STR("connection-1"),
        .token_hash = STR("hash"),
    };
    return kept_principal_new(&principal);
}

static struct revocation row_of(enum revocation_kind kind, const char *subject, int64_t epoch) {
    static int64_t seq = 0;
    return (struct revocation){.partition = 3,
                               .seq = ++seq,
                               .org_id = STR("org-1"),
                               .kind = kind,
                               .subject = str_from_c(subject),
                               .epoch = epoch};
}

static enum ring_verdict after(struct revocation row, const struct revoked *own) {
    struct ring *ring = calloc(1, sizeof *ring);
    assert_non_null(ring);
    struct kept_principal *who = somebody(1);
    enum revocation_kind own_kind = REVOCATION_KIND_COUNT;
    ring_add(ring, &row);
    const enum ring_verdict verdict = ring_test(ring, 0, who, own, &own_kind);
    if (verdict == RING_OWN) {
        assert_int_equal(own_kind, row.kind);
    }
    kept_principal_unref(&who);
    free(ring);
    return verdict;
}

static void each_name_of_a_principal_is_hit(void **state) {
    (void) state;
    static const struct {
        enum revocation_kind kind;
        const char *subject, *neighbour;
    } CASES[] = {
        {REVOKED_USER, "user-1", "user-2"},
        {REVOKED_SESSION, "session-1", "session-2"},
        {REVOKED_TOKEN, "session-1", "session-10"},
        {REVOKED_CONNECTION, "connection-1", "connection-"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(after(row_of(CASES[i].kind, CASES[i].subject, 2), NULL), RING_HIT);
        assert_int_equal(after(row_of(CASES[i].kind, CASES[i].neighbour, 2), NULL), RING_CLEAR);
    }
    assert_int_equal(after(row_of(REVOKED_ORG, "", 0), NULL), RING_HIT);
}

static void another_organisation_is_spared(void **state) {
    (void) state;
    struct revocation row = row_of(REVOKED_USER, "user-1", 2);
    row.org_id = STR("org-2");
    assert_int_equal(after(row, NULL), RING_CLEAR);
}

static void the_epoch_that_the_revocation_began_is_spared(void **state) {
    (void) state;
    assert_int_equal(after(row_of(REVOKED_USER, "user-1", 1), NULL), RING_CLEAR);
    assert_int_equal(after(row_of(REVOKED_USER, "user-1", 2), NULL), RING_HIT);
}

static void ones_own_revocation_is_told_apart(void **state) {
    (void) state;
    const struct revocation row = row_of(REVOKED_SESSION, "session-1", 0);
    struct revoked own = {.is_set = true, .partition = row.partition, .seq = row.seq};
    assert_int_equal(after(row, &own), RING_OWN);
    own.seq++;
    assert_int_equal(after(row, &own), RING_HIT);
    own.seq--;
    own.partition++;
    assert_int_equal(after(row, &own), RING_HIT);
    own.partition--;
    own.is_set = false;
    assert_int_equal(after(row, &own), RING_HIT);
}

static void only_what_came_after_the_ticket_counts(void **state) {
    (void) state;
    struct ring *ring = calloc(1, sizeof *ring);
    assert_non_null(ring);
    struct kept_principal *who = somebody(1);
    enum revocation_kind own_kind;
    const struct revocation row = row_of(REVOKED_USER, "user-1", 2);
    ring_add(ring, &row);
    assert_int_equal(ring_test(ring, 0, who, NULL, &own_kind), RING_HIT);
    assert_int_equal(ring_test(ring, 1, who, NULL, &own_kind), RING_CLEAR);
    kept_principal_unref(&who);
    free(ring);
}

static void a_ticket_older_than_the_ring_is_an_overrun(void **state) {
    (void) state;
    struct ring *ring = calloc(1, sizeof *ring);
    assert_non_null(ring);
    struct kept_principal *who = somebody(1);
    enum revocation_kind own_kind;
    const struct revocation other = row_of(REVOKED_USER, "user-2", 2);
    for (int i = 0; i < RING_ROWS; i++) {
        ring_add(ring, &other);
    }
    assert_int_equal(ring_test(ring, 0, who, NULL, &own_kind), RING_CLEAR);
    ring_add(ring, &other);
    assert_int_equal(ring_test(ring, 0, who, NULL, &own_kind), RING_OVERRUN);
    assert_int_equal(ring_test(ring, 1, who, NULL, &own_kind), RING_CLEAR);
    kept_principal_unref(&who);
    free(ring);
}

static void a_void_ring_overruns_every_ticket_before(void **state) {
    (void) state;
    struct ring *ring = calloc(1, sizeof *ring);
    assert_non_null(ring);
    struct kept_principal *who = somebody(1);
    enum revocation_kind own_kind;
    const uint64_t before = ring->count;
    ring_void(ring);
    assert_int_equal(ring_test(ring, before, who, NULL, &own_kind), RING_OVERRUN);
    assert_int_equal(ring_test(ring, ring->count, who, NULL, &own_kind), RING_CLEAR);
    kept_principal_unref(&who);
    free(ring);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(each_name_of_a_principal_is_hit),
        SENTENCE(another_organisation_is_spared),
        SENTENCE(the_epoch_that_the_revocation_began_is_spared),
        SENTENCE(ones_own_revocation_is_told_apart),
        SENTENCE(only_what_came_after_the_ticket_counts),
        SENTENCE(a_ticket_older_than_the_ring_is_an_overrun),
        SENTENCE(a_void_ring_overruns_every_ticket_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
