#include "base/oaep.h"

#include "tests/support/fixture.h"
#include "tests/support/forge.h"

static void every_pair_of_digests_wraps_and_opens(void **state) {
    struct fixture *f = *state;
    assert_ok(oaep_self_test(&f->scope));
}

static void what_does_not_open_has_one_reason(void **state) {
    struct fixture *f = *state;
    const struct secret keys[] = {
        {STR("")},
        {STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")},
        {forge_private_pem(f->scope.arena, FORGE_IDP_P256)},
        {forge_private_pem(f->scope.arena, FORGE_SP)},
    };
    const struct str texts[] = {STR(""), STR("short"), str_from_c(repeat(f->scope.arena, "x", 256)),
                                str_from_c(repeat(f->scope.arena, "x", 5000))};
    for (size_t i = 0; i < 16; i++) {
        struct secret got = {STR("untouched")};
        assert_failed(oaep_open(&f->scope, keys[i / 4], OAEP_SHA256, OAEP_SHA1, texts[i % 4], &got),
                      &f->scope, UNAUTHENTICATED, "oaep.open");
        assert_str(got.bytes, "untouched");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(every_pair_of_digests_wraps_and_opens),
        SENTENCE(what_does_not_open_has_one_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
