#include "base/event_log.h"

#include "tests/support/on_both.h"

static struct tx *begin(struct database *d) {
    struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    return tx;
}

static void given_stream(struct database *d, const char *stream) {
    struct tx *tx = begin(d);
    assert_ok(event_stream_create(&d->fixture.scope, tx, str_from_c(stream)));
    assert_ok(tx_commit(&d->fixture.scope, tx));
    tx_end(&tx);
}

static int64_t append(struct database *d, const char *stream, const char *payload) {
    struct tx *tx = begin(d);
    int64_t seq = 0;
    assert_ok(event_append(&d->fixture.scope, tx, str_from_c(stream), STR("message.created"),
                           str_from_c(payload), &seq));
    assert_ok(tx_commit(&d->fixture.scope, tx));
    tx_end(&tx);
    return seq;
}

static void events_are_read_in_the_order_they_were_written(void **state) {
    struct database *d = *state;
    given_stream(d, "a");
    assert_int_equal(append(d, "a", "{\"n\":1}"), 1);
    fake_clock_advance(&d->fixture.time, 5);
    assert_int_equal(append(d, "a", "{\"n\":2}"), 2);

    struct event_batch batch;
    assert_ok(event_read(&d->fixture.scope, d->db, STR("a"), 0, 10, &batch));
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.events[0].seq, 1);
    assert_str(batch.events[0].topic, "message.created");
    assert_str(batch.events[1].payload, "{\"n\":2}");
    assert_int_equal(batch.events[1].created_us - batch.events[0].created_us, 5);
}

static void a_reader_goes_on_behind_its_position_and_within_its_limit(void **state) {
    struct database *d = *state;
    given_stream(d, "a");
    for (int i = 0; i < 5; i++) {
        (void) append(d, "a", "{}");
    }
    struct event_batch batch;
    assert_ok(event_read(&d->fixture.scope, d->db, STR("a"), 1, 2, &batch));
    assert_int_equal(batch.count, 2);
    assert_int_equal(batch.events[0].seq, 2);
    assert_ok(event_read(&d->fixture.scope, d->db, STR("a"), 5, 10, &batch));
    assert_int_equal(batch.count, 0);
    assert_ok(event_read(&d->fixture.scope, d->db, STR("a"), 0, -1, &batch));
    assert_int_equal(batch.count, 0);
}

static void streams_do_not_mix(void **state) {
    struct database *d = *state;
    given_stream(d, "a");
    given_stream(d, "b");
    (void) append(d, "a", "{}");
    (void) append(d, "a", "{}");
    assert_int_equal(append(d, "b", "{}"), 1);
    int64_t head = 0;
    assert_ok(event_head(&d->fixture.scope, d->db, STR("a"), &head));
    assert_int_equal(head, 2);
    struct event_batch batch;
    assert_ok(event_read(&d->fixture.scope, d->db, STR("b"), 0, 10, &batch));
    assert_int_equal(batch.count, 1);
}

static void a_stream_is_made_once(void **state) {
    struct database *d = *state;
    given_stream(d, "a");
    struct tx *tx = begin(d);
    assert_failed(event_stream_create(&d->fixture.scope, tx, STR("a")), &d->fixture.scope, CONFLICT,
                  "db.unique");
    tx_end(&tx);
}

static void a_stream_that_is_not_there_is_not_found(void **state) {
    struct database *d = *state;
    int64_t seq = 0;
    struct tx *tx = begin(d);
    assert_failed(event_append(&d->fixture.scope, tx, STR("no"), STR("t"), STR("{}"), &seq),
                  &d->fixture.scope, NOT_FOUND, "event.stream");
    tx_end(&tx);
    assert_failed(event_head(&d->fixture.scope, d->db, STR("no"), &seq), &d->fixture.scope,
                  NOT_FOUND, "event.stream");
}

static void a_bump_without_commit_leaves_no_gap(void **state) {
    struct database *d = *state;
    given_stream(d, "a");
    int64_t seq = 0;
    struct tx *tx = begin(d);
    assert_ok(event_head_bump(&d->fixture.scope, tx, STR("a"), &seq));
    assert_ok(event_insert(&d->fixture.scope, tx, STR("a"), seq, STR("t"), STR("{}")));
    tx_end(&tx);
    assert_int_equal(append(d, "a", "{}"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(events_are_read_in_the_order_they_were_written),
        ON_BOTH(a_reader_goes_on_behind_its_position_and_within_its_limit),
        ON_BOTH(streams_do_not_mix),
        ON_BOTH(a_stream_is_made_once),
        ON_BOTH(a_stream_that_is_not_there_is_not_found),
        ON_BOTH(a_bump_without_commit_leaves_no_gap),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
