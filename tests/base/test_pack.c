#include "base/pack.h"

#include <string.h>

#include "tests/support/fixture.h"

struct thing {
    bool is_red;
    int64_t at_us;
    size_t count;
    struct str name, bytes;
    struct str *words;
};

static void pack_thing(struct pack *pack, struct thing *thing) {
    pack_bool(pack, &thing->is_red);
    pack_number(pack, &thing->at_us, INT64_MIN, INT64_MAX);
    pack_text(pack, &thing->name, 8);
    pack_bytes(pack, &thing->bytes, 8);
    pack_count(pack, &thing->count, 3);
    pack_texts(pack, &thing->words, thing->count, 4);
}

static struct str WORDS[] = {STR_INIT("one"), STR_INIT(""), STR_INIT("two")};

static struct thing good(void) {
    return (struct thing){.is_red = true,
                          .at_us = INT64_MIN,
                          .count = 3,
                          .name = STR("K\xc3\xa4the"),
                          .bytes = STR("\0\xff"),
                          .words = WORDS};
}

static result write_thing(struct scope *scope, struct thing thing, size_t limit, struct str *ret) {
    struct pack pack = pack_write(scope->arena, limit);
    pack_thing(&pack, &thing);
    return pack_end(scope, &pack, ret);
}

static result read_thing(struct scope *scope, struct str bytes, struct thing *ret) {
    struct pack pack = pack_read(scope->arena, bytes);
    pack_thing(&pack, ret);
    return pack_end(scope, &pack, NULL);
}

static void a_row_comes_back(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct str row;
    struct thing read;
    assert_ok(write_thing(scope, good(), 1000, &row));
    assert_ok(read_thing(scope, row, &read));
    assert_true(read.is_red);
    assert_true(read.at_us == INT64_MIN);
    assert_str(read.name, "K\xc3\xa4the");
    assert_int_equal(read.bytes.len, 2);
    assert_int_equal(read.count, 3);
    assert_str(read.words[2], "two");
}

static void what_is_out_of_range_is_not_written(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct str row;
    struct thing thing = good();
    thing.name = STR("ninebytes");
    assert_failed(write_thing(scope, thing, 1000, &row), scope, INVALID, "pack.wrong");
    thing = good();
    thing.name = STR("\xff");
    assert_failed(write_thing(scope, thing, 1000, &row), scope, INVALID, "pack.wrong");
    thing = good();
    thing.name = STR("a\0b");
    assert_failed(write_thing(scope, thing, 1000, &row), scope, INVALID, "pack.wrong");
    thing = good();
    thing.count = 4; /* more than the array has: not looked at */
    assert_failed(write_thing(scope, thing, 1000, &row), scope, INVALID, "pack.wrong");
    assert_ok(write_thing(scope, good(), 1000, &row));
    assert_failed(write_thing(scope, good(), row.len - 1, &row), scope, INVALID, "pack.wrong");
}

/* Whatever a byte is changed to, what was read stays within its bounds. */
static void every_changed_byte_is_refused_or_within_bounds(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct str row;
    assert_ok(write_thing(scope, good(), 1000, &row));
    size_t refused = 0;
    for (size_t i = 0; i < row.len * 256; i++) {
        char *bytes = arena_alloc(scope->arena, row.len);
        memcpy(bytes, row.at, row.len);
        bytes[i / 256] = (char) (unsigned char) (i % 256);
        struct thing read = {.count = 0};
        refused += is_ok(read_thing(scope, (struct str){bytes, row.len}, &read)) ? 0 : 1;
        assert_true(read.count <= 3 && read.name.len <= 8 && read.bytes.len <= 8);
    }
    assert_true(refused > row.len * 128);
}

static void a_cut_or_longer_row_is_refused(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct str row;
    struct thing read;
    assert_ok(write_thing(scope, good(), 1000, &row));
    for (size_t len = 0; len < row.len; len++) {
        assert_failed(read_thing(scope, str_first(row, len), &read), scope, INVALID, "pack.wrong");
    }
    char *bytes = arena_alloc(scope->arena, row.len + 1);
    memcpy(bytes, row.at, row.len);
    assert_failed(read_thing(scope, (struct str){bytes, row.len + 1}, &read), scope, INVALID,
                  "pack.wrong");
}

static void a_count_without_its_texts_makes_no_array(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    static const char ROW[8] = "\xff\xff\xff\x7f";
    struct pack pack = pack_read(scope->arena, (struct str){ROW, sizeof ROW});
    size_t count = 0;
    struct str *texts = NULL;
    const size_t before = arena_used(scope->arena);
    pack_count(&pack, &count, INT32_MAX);
    pack_texts(&pack, &texts, count, 10);
    assert_true(arena_used(scope->arena) - before < 64);
    assert_failed(pack_end(scope, &pack, NULL), scope, INVALID, "pack.wrong");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_row_comes_back),
        SENTENCE(what_is_out_of_range_is_not_written),
        SENTENCE(every_changed_byte_is_refused_or_within_bounds),
        SENTENCE(a_cut_or_longer_row_is_refused),
        SENTENCE(a_count_without_its_texts_makes_no_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
