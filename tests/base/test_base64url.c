#include "base/base64url.h"

#include "tests/support/fixture.h"

static void the_vectors_of_rfc_4648_encode_without_padding(void **state) {
    struct fixture *f = *state;
    assert_str(base64url_encode(f->scope.arena, "", 0), "");
    assert_str(base64url_encode(f->scope.arena, "f", 1), "Zg");
    assert_str(base64url_encode(f->scope.arena, "fo", 2), "Zm8");
    assert_str(base64url_encode(f->scope.arena, "foo", 3), "Zm9v");
    assert_str(base64url_encode(f->scope.arena, "foobar", 6), "Zm9vYmFy");
    assert_str(base64url_encode(f->scope.arena, "\xfb\xff", 2), "-_8");
}

static void what_was_encoded_decodes_to_the_same_bytes(void **state) {
    struct fixture *f = *state;
    struct str bytes;
    assert_ok(base64url_decode(&f->scope, STR("Zm9vYmFy"), &bytes));
    assert_str(bytes, "foobar");
    assert_ok(base64url_decode(&f->scope, STR("Zm8"), &bytes));
    assert_str(bytes, "fo");
    assert_ok(base64url_decode(&f->scope, STR(""), &bytes));
    assert_int_equal(bytes.len, 0);
}

static void anything_but_strict_base64url_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {"Zg==", "Zm9v\n", " Zm9v", "Zm9+",
                                          "Zm9/", "Z",      "Zh",    "Zm9vY"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct str bytes;
        assert_failed(base64url_decode(&f->scope, str_from_c(REFUSED[i]), &bytes), &f->scope,
                      INVALID, "base64url.malformed");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_vectors_of_rfc_4648_encode_without_padding),
        SENTENCE(what_was_encoded_decodes_to_the_same_bytes),
        SENTENCE(anything_but_strict_base64url_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
