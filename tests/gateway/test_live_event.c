#include "gateway/live_event.h"

#include "gateway/node_store.h"
#include "tests/support/fixture.h"

static result prepare(struct fixture *f, const char *payload, struct live_event *ret) {
    const struct event event = {
        .seq = 7, .topic = STR("message.created"), .payload = str_from_c(payload)};
    return live_event_prepare(&f->scope, &event, ret);
}

static void the_frame_begins_with_type_and_position(void **state) {
    struct fixture *f = *state;
    struct live_event ready;
    assert_ok(prepare(
        f, "{\"audience\":\"org\",\"event\":{\"type\":\"x\",\"seq\":9,\"text\":\"hi\"}}", &ready));
    assert_true(ready.is_org_wide);
    assert_int_equal(ready.seq, 7);
    assert_str(ready.text, "{\"type\":\"message.created\",\"seq\":7,\"text\":\"hi\"}");
}

static void an_audience_may_be_people(void **state) {
    struct fixture *f = *state;
    struct live_event ready;
    assert_ok(prepare(f, "{\"audience\":[\"u1\",\"u2\"],\"event\":{}}", &ready));
    assert_false(ready.is_org_wide);
    assert_int_equal(ready.audience_count, 2);
    assert_str(ready.audience[1], "u2");
}

static void nobody_is_an_audience_too(void **state) {
    struct fixture *f = *state;
    struct live_event ready;
    assert_ok(prepare(f, "{\"audience\":[],\"event\":{}}", &ready));
    assert_false(ready.is_org_wide);
    assert_int_equal(ready.audience_count, 0);
}

static void other_shapes_are_delivered_to_nobody(void **state) {
    struct fixture *f = *state;
    static const char *const WRONG[] = {
        "",
        "[]",
        "{\"event\":{}}",
        "{\"audience\":\"all\",\"event\":{}}",
        "{\"audience\":null,\"event\":{}}",
        "{\"audience\":\"org\"}",
        "{\"audience\":\"org\",\"event\":[]}",
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        struct live_event ready;
        assert_failed(prepare(f, WRONG[i], &ready), &f->scope, INTERNAL, "live.event");
    }
}

static void positions_survive_their_text(void **state) {
    struct fixture *f = *state;
    int64_t positions[REVOCATION_PARTITIONS] = {0, 1, [15] = INT64_MAX};
    int64_t back[REVOCATION_PARTITIONS] = {0};
    const struct str text = node_positions_write(f->scope.arena, positions);
    assert_str(text, "0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,9223372036854775807");
    assert_true(node_positions_read(&f->scope, text, back));
    assert_memory_equal(positions, back, sizeof back);
}

static void other_texts_are_no_positions(void **state) {
    struct fixture *f = *state;
    static const char *const WRONG[] = {
        "",
        "0",
        "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
        "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
        "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,x",
        "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,-1",
        "0,,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        int64_t back[REVOCATION_PARTITIONS];
        assert_false(node_positions_read(&f->scope, str_from_c(WRONG[i]), back));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_frame_begins_with_type_and_position),
        SENTENCE(an_audience_may_be_people),
        SENTENCE(nobody_is_an_audience_too),
        SENTENCE(other_shapes_are_delivered_to_nobody),
        SENTENCE(positions_survive_their_text),
        SENTENCE(other_texts_are_no_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
