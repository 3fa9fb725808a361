#include "gateway/data_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/fixture.h"

/* A folder of the test's own, removed with what these tests leave in it. */
struct place {
    char path[64];
    struct settings *settings;
};

static void open_place(struct place *place, struct fixture *f) {
    (void) snprintf(place->path, sizeof place->path, "gatehouse-data-XXXXXX");
    assert_non_null(mkdtemp(place->path));
    place->settings = NEW(f->scope.arena, struct settings);
    place->settings->data_dir = str_from_c(place->path);
}

static const char *inside(const struct place *place, struct fixture *f, const char *name) {
    return str_format(f->scope.arena, "%s/%s", place->path, name).at;
}

static void close_place(struct place *place) {
    static const char *const LEFT[] = {"/secret.key", "/a/b/c", "/a/b", "/a", ""};
    for (size_t i = 0; i < sizeof LEFT / sizeof LEFT[0]; i++) {
        char path[128];
        (void) snprintf(path, sizeof path, "%s%s", place->path, LEFT[i]);
        (void) remove(path);
    }
}

#define PLACE                                                                                      \
    struct fixture *f = *state;                                                                    \
    AUTO(close_place) struct place place;                                                          \
    open_place(&place, f)

static void the_key_is_made_once_and_belongs_to_the_owner_alone(void **state) {
    PLACE;
    struct secret first;
    struct secret second;
    struct stat facts;
    assert_ok(data_dir_key(&f->scope, place.settings, &first));
    assert_ok(data_dir_key(&f->scope, place.settings, &second));
    assert_int_equal(first.bytes.len, 32);
    assert_true(str_eq(first.bytes, second.bytes));
    assert_int_equal(stat(inside(&place, f, "secret.key"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
}

static void a_key_in_the_settings_needs_no_file(void **state) {
    PLACE;
    struct secret key;
    place.settings->secrets_key = (struct secret){STR("0123456789abcdef0123456789abcdef")};
    assert_ok(data_dir_key(&f->scope, place.settings, &key));
    assert_str(key.bytes, "0123456789abcdef0123456789abcdef");
    assert_int_not_equal(access(inside(&place, f, "secret.key"), F_OK), 0);
}

static void a_key_that_others_may_read_is_refused(void **state) {
    PLACE;
    struct secret key;
    assert_ok(data_dir_key(&f->scope, place.settings, &key));
    assert_int_equal(chmod(inside(&place, f, "secret.key"), 0640), 0);
    assert_failed(data_dir_key(&f->scope, place.settings, &key), &f->scope, FORBIDDEN,
                  "data_dir.key_mode");
}

static void write_key(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void a_damaged_key_is_refused_and_never_replaced(void **state) {
    PLACE;
    static const char *const DAMAGED[] = {
        "",
        "\n",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
        "not base64 at all",
    };
    for (size_t i = 0; i < sizeof DAMAGED / sizeof DAMAGED[0]; i++) {
        struct secret key;
        struct stat facts;
        write_key(inside(&place, f, "secret.key"), DAMAGED[i]);
        assert_failed(data_dir_key(&f->scope, place.settings, &key), &f->scope, INVALID,
                      "data_dir.key_malformed");
        assert_int_equal(stat(inside(&place, f, "secret.key"), &facts), 0);
        assert_int_equal(facts.st_size, strlen(DAMAGED[i]));
    }
}

static void a_key_behind_a_symbolic_link_is_refused(void **state) {
    PLACE;
    struct secret key;
    assert_int_equal(symlink("/etc/hostname", inside(&place, f, "secret.key")), 0);
    assert_failed(data_dir_key(&f->scope, place.settings, &key), &f->scope, UNAVAILABLE,
                  "data_dir.key");
}

static void the_folder_is_made_with_its_parents(void **state) {
    PLACE;
    struct stat facts;
    const char *deep = inside(&place, f, "a/b/c");
    assert_ok(data_dir_make(&f->scope, str_from_c(deep)));
    assert_ok(data_dir_make(&f->scope, str_from_c(deep)));
    assert_int_equal(stat(deep, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
    assert_int_equal(stat(inside(&place, f, "a"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
}

static void a_folder_that_cannot_be_made_is_reported(void **state) {
    PLACE;
    struct secret key;
    assert_ok(data_dir_key(&f->scope, place.settings, &key));
    const char *below_a_file = inside(&place, f, "secret.key/below");
    assert_failed(data_dir_make(&f->scope, str_from_c(below_a_file)), &f->scope, UNAVAILABLE,
                  "data_dir.make");
    assert_failed(data_dir_make(&f->scope, STR("")), &f->scope, UNAVAILABLE, "data_dir.make");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_key_is_made_once_and_belongs_to_the_owner_alone),
        SENTENCE(a_key_in_the_settings_needs_no_file),
        SENTENCE(a_key_that_others_may_read_is_refused),
        SENTENCE(a_damaged_key_is_refused_and_never_replaced),
        SENTENCE(a_key_behind_a_symbolic_link_is_refused),
        SENTENCE(the_folder_is_made_with_its_parents),
        SENTENCE(a_folder_that_cannot_be_made_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
