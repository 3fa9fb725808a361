#include <string.h>

#include "tests/support/fixture.h"

static void bytes_are_zeroed_aligned_and_apart(void **state) {
    struct fixture *f = *state;
    unsigned char *previous = NULL;
    for (size_t size = 1; size < 9000; size += 97) {
        unsigned char *bytes = arena_alloc(f->scope.arena, size);
        assert_int_equal((uintptr_t) bytes % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(bytes[i], 0);
        }
        memset(bytes, 0xaa, size);
        assert_ptr_not_equal(bytes, previous);
        previous = bytes;
    }
}

static void a_reset_arena_hands_out_zeroed_bytes_again(void **state) {
    struct fixture *f = *state;
    char *secret = arena_alloc(f->scope.arena, 64);
    memset(secret, 's', 64);
    arena_reset(f->scope.arena);
    assert_int_equal(arena_used(f->scope.arena), 0);
    const char *fresh = arena_alloc(f->scope.arena, 64);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(fresh[i], 0);
    }
}

static void an_empty_allocation_is_valid_and_ending_null_is_allowed(void **state) {
    struct fixture *f = *state;
    assert_non_null(arena_alloc(f->scope.arena, 0));
    struct arena *none = NULL;
    arena_end(&none);
    assert_null(none);
}

static void the_handle_may_lie_in_the_arena_itself(void **state) {
    (void) state;
    struct arena *arena = arena_new();
    struct arena **handle = arena_alloc(arena, sizeof(struct arena *));
    *handle = arena;
    arena_end(handle); /* sanitizers see a write behind the end */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(bytes_are_zeroed_aligned_and_apart),
        SENTENCE(a_reset_arena_hands_out_zeroed_bytes_again),
        SENTENCE(an_empty_allocation_is_valid_and_ending_null_is_allowed),
        SENTENCE(the_handle_may_lie_in_the_arena_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
