#include "messaging/role.h"
#include "tests/support/fixture.h"

static const struct {
    enum permission permission;
    bool guest, member, admin, creator;
} WANTED[] = {
    {MAY_USE_MESSENGER, true, true, true, true},   {MAY_LIST_PEOPLE, false, true, true, true},
    {MAY_MANAGE_PEOPLE, false, false, true, true}, {MAY_MANAGE_ACCESS, false, false, true, true},
    {MAY_READ_RECORDS, false, false, true, true},  {MAY_MANAGE_ORG, false, false, false, true},
};

static void each_role_may_what_the_matrix_says_and_nothing_else(void **state) {
    (void) state;
    assert_int_equal(sizeof WANTED / sizeof *WANTED, PERMISSION_COUNT);
    for (size_t i = 0; i < PERMISSION_COUNT; i++) {
        assert_int_equal(role_may(ROLE_GUEST, WANTED[i].permission), WANTED[i].guest);
        assert_int_equal(role_may(ROLE_MEMBER, WANTED[i].permission), WANTED[i].member);
        assert_int_equal(role_may(ROLE_ADMIN, WANTED[i].permission), WANTED[i].admin);
        assert_int_equal(role_may(ROLE_CREATOR, WANTED[i].permission), WANTED[i].creator);
    }
}

static void a_role_is_read_by_the_name_it_is_written_with(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        enum role role = ROLE_GUEST;
        assert_ok(role_parse(&f->scope, str_from_c(role_name((enum role) i)), &role));
        assert_int_equal(role, i);
    }
}

static void a_name_that_is_almost_a_role_is_refused(void **state) {
    struct fixture *f = *state;
    enum role role = ROLE_GUEST;
    assert_failed(role_parse(&f->scope, STR("Admin"), &role), &f->scope, INVALID, "role.unknown");
    assert_failed(role_parse(&f->scope, STR("admin "), &role), &f->scope, INVALID, "role.unknown");
    assert_failed(role_parse(&f->scope, STR(""), &role), &f->scope, INVALID, "role.unknown");
    assert_int_equal(role, ROLE_GUEST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(each_role_may_what_the_matrix_says_and_nothing_else),
        SENTENCE(a_role_is_read_by_the_name_it_is_written_with),
        SENTENCE(a_name_that_is_almost_a_role_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
