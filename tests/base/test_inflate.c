#include "base/inflate.h"

#include "tests/support/fixture.h"
#include "tests/support/forge.h"

enum { LIMIT = 256 * 1024, BOMB = 60 * 1024 * 1024 };

static void what_was_packed_comes_out(void **state) {
    struct fixture *f = *state;
    struct str got;
    assert_ok(inflate_raw(&f->scope, forge_deflate(f->scope.arena, STR("<a>b</a>")), LIMIT, &got));
    assert_str(got, "<a>b</a>");
    const struct str packed = forge_deflate(f->scope.arena, STR(""));
    assert_ok(inflate_raw(&f->scope, packed, LIMIT, &got));
    assert_int_equal(got.len, 0);
}

static void the_limit_is_exact(void **state) {
    struct fixture *f = *state;
    struct str got;
    const struct str text = str_from_c(repeat(f->scope.arena, "x", LIMIT));
    const struct str packed = forge_deflate(f->scope.arena, text);
    assert_ok(inflate_raw(&f->scope, packed, LIMIT, &got));
    assert_int_equal(got.len, LIMIT);
    assert_failed(inflate_raw(&f->scope, packed, LIMIT - 1, &got), &f->scope, TOO_LARGE,
                  "inflate.limit");
}

static void a_bomb_stops_at_the_limit(void **state) {
    struct fixture *f = *state;
    AUTO(arena_end) struct arena *large = arena_new();
    const struct str bomb = forge_deflate(large, (struct str){arena_alloc(large, BOMB), BOMB});
    struct str got;
    const size_t before = arena_used(f->scope.arena);
    assert_failed(inflate_raw(&f->scope, bomb, LIMIT, &got), &f->scope, TOO_LARGE, "inflate.limit");
    assert_true(arena_used(f->scope.arena) - before < 4 * LIMIT);
}

static void what_is_not_one_whole_stream_is_refused(void **state) {
    struct fixture *f = *state;
    const struct str packed = forge_deflate(f->scope.arena, STR("some text, some text"));
    const struct str bad[] = {
        STR(""),
        STR("not packed"),
        str_first(packed, packed.len - 1),
        str_format(f->scope.arena, "%.*sx", STR_ARG(packed)),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct str got;
        assert_failed(inflate_raw(&f->scope, bad[i], LIMIT, &got), &f->scope, INVALID,
                      "inflate.malformed");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(what_was_packed_comes_out),
        SENTENCE(the_limit_is_exact),
        SENTENCE(a_bomb_stops_at_the_limit),
        SENTENCE(what_is_not_one_whole_stream_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
