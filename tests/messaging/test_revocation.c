#include <poll.h>
#include <pthread.h>

#include "base/crypto.h"
#include "messaging/revocation.h"
#include "messaging/revoke.h"
#include "tests/messaging/given.h"

static const struct messaging MESSAGING = {.instance = STR_INIT("node-1")};

static struct revocation revoke(struct database *d, const char *org_id, const char *session) {
    struct scope *scope = &d->fixture.scope;
    const struct revoking what = {.org_id = str_from_c(org_id),
                                  .kind = REVOKED_SESSION,
                                  .subject = str_from_c(session),
                                  .source = SOURCE_CONSOLE,
                                  .reason = STR("session.revoked"),
                                  .sessions = 1};
    struct revocation row = {0};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_REVOCATION, &tx));
    assert_ok(revoke_in(scope, &MESSAGING, tx, &what, &row));
    assert_ok(tx_commit(scope, tx));
    return row;
}

static void an_organisation_has_its_partition_for_ever(void **state) {
    struct fixture *f = *state;
    assert_int_equal(revocation_partition(&f->scope, STR("")), 0xe3 & 15);
    assert_int_equal(revocation_partition(&f->scope, STR("abc")), 0xba & 15);
}

static void positions_of_a_partition_follow_each_other(void **state) {
    struct database *d = *state;
    int64_t heads[REVOCATION_PARTITIONS];
    const struct revocation one = revoke(d, "org-a", "s1");
    const struct revocation two = revoke(d, "org-a", "s2");

    assert_int_equal(one.seq, 1);
    assert_int_equal(two.seq, 2);
    assert_int_equal(one.partition, two.partition);
    assert_ok(revocation_heads(&d->fixture.scope, d->db, heads));
    assert_int_equal(heads[one.partition], 2);
    assert_int_equal(heads[(one.partition + 1) % REVOCATION_PARTITIONS], 0);
}

static void a_transaction_that_is_rolled_back_leaves_no_gap(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct revocation row = {.org_id = STR("org-a"), .kind = REVOKED_ORG};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_REVOCATION, &tx));
    assert_ok(revocation_append(scope, tx, &row));
    assert_int_equal(row.seq, 1);
    tx_end(&tx);

    assert_int_equal(revoke(d, "org-a", "s1").seq, 1);
}

static void the_stream_is_read_behind_a_position(void **state) {
    struct database *d = *state;
    const struct revocation one = revoke(d, "org-a", "s1");
    (void) revoke(d, "org-a", "s2");
    struct revocation_page page = {0};

    assert_ok(revocation_read(&d->fixture.scope, d->db, one.partition, 0, &page));
    assert_int_equal(page.count, 2);
    assert_str(page.rows[0].subject, "s1");
    assert_str(page.rows[0].org_id, "org-a");
    assert_str(page.rows[0].origin, "node-1");
    assert_int_equal(page.rows[0].kind, REVOKED_SESSION);
    assert_ok(revocation_read(&d->fixture.scope, d->db, one.partition, 2, &page));
    assert_int_equal(page.count, 0);
}

static void trimming_takes_what_is_old_and_remembers_where_it_stopped(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct revocation one = revoke(d, "org-a", "s1");
    fake_clock_advance(&d->fixture.time, S_TO_US(3600));
    const int64_t young_us = d->fixture.time.now_us;
    (void) revoke(d, "org-a", "s2");
    int64_t oldest = -1;
    struct revocation_page page = {0};

    assert_ok(revocation_trim(scope, d->db, young_us));

    assert_ok(revocation_oldest(scope, d->db, one.partition, &oldest));
    assert_int_equal(oldest, 1);
    assert_ok(revocation_read(scope, d->db, one.partition, 0, &page));
    assert_int_equal(page.count, 1);
    assert_str(page.rows[0].subject, "s2");
    assert_ok(revocation_trim(scope, d->db, young_us + 1));
    assert_ok(revocation_oldest(scope, d->db, one.partition, &oldest));
    assert_int_equal(oldest, 2);
    assert_int_equal(revoke(d, "org-a", "s3").seq, 3);
}

/* A node whose clock is behind wrote the second row: the first one, young by its own clock, is
 * kept, and everything behind it with it. */
static void a_clock_that_is_behind_loses_no_row(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct revocation one = revoke(d, "org-a", "s1");
    const int64_t before_us = d->fixture.time.now_us;
    d->fixture.time.now_us -= S_TO_US(7200);
    (void) revoke(d, "org-a", "s2");
    struct revocation_page page = {0};

    assert_ok(revocation_trim(scope, d->db, before_us));
    assert_ok(revocation_read(scope, d->db, one.partition, 0, &page));
    assert_int_equal(page.count, 2);
}

static void *trim_everything_old(void *self) {
    struct database *d = self;
    struct fixture own;
    fixture_open(&own);
    struct db *db = NULL;
    const bool is_trimmed =
        is_ok(db_open(&own.scope, d->store, &db)) &&
        is_ok(revocation_trim(&own.scope, db, d->fixture.time.now_us - S_TO_US(1)));
    db_close(&db);
    fixture_close(&own);
    return is_trimmed ? d : NULL;
}

static bool somebody_waits(struct database *d) {
    static const struct statement WAITING = {
        "test.waiting", INSTALLATION,
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND query LIKE '%revocation_head%'",
        NULL};
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &WAITING, NO_VALUES, &rows));
    return rows_number(&rows, 0, 0) > 0;
}

/* The trim waits for the head that a revocation holds, and must then see its row. */
static void a_row_that_is_committed_while_the_trim_waits_is_kept(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct db *writer = database_connect(d);
    struct revocation row = {.org_id = STR("org-a"), .kind = REVOKED_ORG};
    struct tx *tx = NULL;
    assert_ok(tx_begin(scope, writer, LANE_REVOCATION, &tx));
    assert_ok(revocation_append(scope, tx, &row));
    pthread_t trim;
    assert_int_equal(pthread_create(&trim, NULL, trim_everything_old, d), 0);
    for (int i = 0; i < 2000 && !somebody_waits(d); i++) {
        (void) poll(NULL, 0, 5);
    }
    assert_true(somebody_waits(d));
    assert_ok(tx_commit(scope, tx));
    void *is_trimmed = NULL;
    assert_int_equal(pthread_join(trim, &is_trimmed), 0);
    tx_end(&tx);
    db_close(&writer);

    struct revocation_page page = {0};
    assert_non_null(is_trimmed);
    assert_ok(revocation_read(scope, d->db, row.partition, 0, &page));
    assert_int_equal(page.count, 1);
}

static void who_waits_gets_the_position_and_the_moment_of_the_commit(void **state) {
    struct database *d = *state;
    const struct revocation row = revoke(d, "org-a", "s1");
    struct revoked revoked = {0};

    revoke_done(&d->fixture.scope, &row, STR("generation-1"), &revoked);

    assert_true(revoked.is_set);
    assert_int_equal(revoked.seq, row.seq);
    assert_int_equal(revoked.partition, row.partition);
    assert_int_equal(revoked.committed_boot_us, d->fixture.time.boot_us);
    assert_str(revoked.generation, "generation-1");
}

int main(void) {
    static const struct migration_list *const MIGRATED[] = {&BASE_MIGRATIONS,
                                                            &MESSAGING_MIGRATIONS};
    on_both_use(MIGRATED, 2);
    const struct CMUnitTest tests[] = {
        SENTENCE(an_organisation_has_its_partition_for_ever),
        ON_BOTH(positions_of_a_partition_follow_each_other),
        ON_BOTH(a_transaction_that_is_rolled_back_leaves_no_gap),
        ON_BOTH(the_stream_is_read_behind_a_position),
        ON_BOTH(trimming_takes_what_is_old_and_remembers_where_it_stopped),
        ON_BOTH(a_clock_that_is_behind_loses_no_row),
        ON_POSTGRES(a_row_that_is_committed_while_the_trim_waits_is_kept),
        ON_BOTH(who_waits_gets_the_position_and_the_moment_of_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
