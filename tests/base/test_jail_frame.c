#include "base/jail_frame.h"

#include <string.h>

#include "tests/support/fixture.h"

static const struct jail_limits LIMITS = {.frame = 64, .tags = {[0] = 16, [3] = 32, [31] = 8}};

/* The frame in one piece. */
static struct str join(struct arena *arena, const struct jail_pieces *pieces) {
    struct strbuf bytes = strbuf_begin(arena, 1 << 20);
    for (size_t i = 0; i < pieces->count; i++) {
        strbuf_add(&bytes, pieces->pieces[i]);
    }
    return strbuf_str(&bytes);
}

static result read_frame(struct scope *scope, struct str frame, struct jail_message *ret) {
    struct jail_header header;
    TRY(jail_header_read(scope, (const unsigned char *) frame.at, &LIMITS, &header));
    return jail_body_read(scope, &header, str_from(frame, JAIL_HEADER_BYTES), &LIMITS, ret);
}

static struct jail_message good(void) {
    struct jail_message message = {.kind = 0x1234, .number = UINT64_C(0x1122334455667788)};
    jail_message_set(&message, 0, STR("first"));
    jail_message_set(&message, 31, STR(""));
    return message;
}

static struct str good_frame(struct scope *scope) {
    struct jail_pieces *pieces = NEW(scope->arena, struct jail_pieces);
    const struct jail_message message = good();
    assert_ok(jail_frame_write(scope, &message, &LIMITS, pieces));
    return join(scope->arena, pieces);
}

static void a_frame_says_what_was_written(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct jail_message read;
    assert_ok(read_frame(scope, good_frame(scope), &read));
    assert_int_equal(read.kind, 0x1234);
    assert_true(read.number == UINT64_C(0x1122334455667788));
    assert_true(read.has[0] && read.has[31] && !read.has[3]);
    assert_str(read.values[0], "first");
    assert_int_equal(read.values[31].len, 0);
}

static void its_bytes_are_those_of_the_header_file(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    static const char BYTES[] = "\x11\0\0\0\1\0\x34\x12\x88\x77\x66\x55\x44\x33\x22\x11"
                                "\0\0\5\0\0\0first"
                                "\x1f\0\0\0\0\0";
    const struct str frame = good_frame(scope);
    assert_int_equal(frame.len, sizeof BYTES - 1);
    assert_memory_equal(frame.at, BYTES, frame.len);
}

/* Each changes one thing of a good frame, or adds to it. */
static const struct {
    const char *name;
    size_t at;
    unsigned char byte;
} CHANGES[] = {
    {"a longer length than there is", 0, 0x12},
    {"a shorter length", 0, 0x10},
    {"a length over the limit", 1, 0x01},
    {"another version", 4, 2},
    {"a version with a high byte", 5, 1},
    {"a tag that is not in the table", 16, 1},
    {"a tag past the table", 16, 32},
    {"a tag with a high byte", 17, 1},
    {"a field longer than the frame", 18, 13},
    {"a field longer than its limit", 18, 17},
    {"a field of 4 GB", 21, 0xff},
    {"a repeated tag", 27, 0},
};

static void a_changed_frame_is_refused(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        const struct str frame = good_frame(scope);
        char *changed = arena_alloc(scope->arena, frame.len);
        memcpy(changed, frame.at, frame.len);
        changed[CHANGES[i].at] = (char) CHANGES[i].byte;
        struct jail_message read = {.kind = 7};
        scope->reason = "";
        if (is_ok(read_frame(scope, (struct str){changed, frame.len}, &read))) {
            fail_msg("%s was taken", CHANGES[i].name);
        }
        assert_string_equal(scope->reason, "jail.frame");
        assert_int_equal(read.kind, 7); /* untouched */
    }
}

static void a_cut_frame_is_refused(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct str frame = good_frame(scope);
    for (size_t len = JAIL_HEADER_BYTES; len < frame.len; len++) {
        struct jail_message read;
        assert_failed(read_frame(scope, str_first(frame, len), &read), scope, INVALID,
                      "jail.frame");
    }
}

static void what_does_not_fit_is_not_written(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct jail_pieces *pieces = NEW(scope->arena, struct jail_pieces);
    struct jail_message unknown = good();
    jail_message_set(&unknown, 1, STR(""));
    assert_failed(jail_frame_write(scope, &unknown, &LIMITS, pieces), scope, INVALID, "jail.frame");
    struct jail_message longer = good();
    jail_message_set(&longer, 31, STR("123456789"));
    assert_failed(jail_frame_write(scope, &longer, &LIMITS, pieces), scope, INVALID, "jail.frame");
    struct jail_message full = good();
    jail_message_set(&full, 0, STR("1234567890123456"));
    jail_message_set(&full, 31, STR("12345678"));
    assert_ok(jail_frame_write(scope, &full, &LIMITS, pieces));
    jail_message_set(&full, 3, STR("12345678901234567890123"));
    assert_failed(jail_frame_write(scope, &full, &LIMITS, pieces), scope, INVALID, "jail.frame");
    jail_message_set(&full, 3, STR("1234567890123456789012")); /* 64 bytes in all */
    assert_ok(jail_frame_write(scope, &full, &LIMITS, pieces));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_frame_says_what_was_written),
        SENTENCE(its_bytes_are_those_of_the_header_file),
        SENTENCE(a_changed_frame_is_refused),
        SENTENCE(a_cut_frame_is_refused),
        SENTENCE(what_does_not_fit_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
