/* What only SQLite can do to us: its file, its lock, its disk. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/on_both.h"

static const struct statement PUT = {"test.put", INSTALLATION,
                                     "INSERT INTO installation(key, value) VALUES ($1, $2)", NULL};
static const struct statement COUNT = {"test.count", INSTALLATION,
                                       "SELECT count(*) FROM installation", NULL};
static const struct statement PAGE_LIMIT = {"", INSTALLATION, "PRAGMA max_page_count = 40", NULL};
static const struct statement OVERFLOW = {"test.overflow", INSTALLATION,
                                          "SELECT 9223372036854775807 + CAST($1 AS BIGINT)", NULL};
static const struct statement SLOW = {
    "test.slow", INSTALLATION,
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT count(*) FROM n",
    NULL};

static const char *file(struct database *d, const char *suffix) {
    return str_format(d->fixture.scope.arena, "%s/test.db%s", d->folder, suffix).at;
}

static result open_url(struct database *d, const char *url, struct store **ret) {
    const struct store_settings settings = {.url = str_from_c(url),
                                            .statement_timeout_us = MS_TO_US(50)};
    return store_open(&d->fixture.scope, &settings, ret);
}

static result put(struct database *d, const char *key, size_t size) {
    struct scope *scope = &d->fixture.scope;
    char *bytes = arena_alloc(scope->arena, size + 1);
    memset(bytes, 'x', size);
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    TRY(tx_run(scope, tx, &PUT,
               VALUES(value_text(str_from_c(key)), value_text((struct str){bytes, size})), NULL));
    return tx_commit(scope, tx);
}

static int64_t count_rows(struct database *d) {
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &COUNT, NO_VALUES, &rows));
    return rows_number(&rows, 0, 0);
}

static void the_files_belong_to_their_owner_alone(void **state) {
    struct database *d = *state;
    static const char *const SUFFIXES[] = {"", "-wal", "-shm", ".lock"};
    assert_ok(store_lock(&d->fixture.scope, d->store));
    assert_ok(put(d, "a", 1));
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof SUFFIXES[0]; i++) {
        struct stat info;
        assert_int_equal(stat(file(d, SUFFIXES[i]), &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static off_t size_of_file(struct database *d) {
    struct stat info;
    assert_int_equal(stat(file(d, ""), &info), 0);
    return info.st_size;
}

static void the_log_is_moved_into_the_file_beside_the_commits(void **state) {
    enum { MEBIBYTE = 1024 * 1024 };
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    assert_ok(put(d, "little", MEBIBYTE));
    assert_ok(db_tend(scope, d->db));
    assert_true(size_of_file(d) < MEBIBYTE); /* not worth it yet */
    assert_ok(put(d, "enough", 6 * MEBIBYTE));
    assert_true(size_of_file(d) < MEBIBYTE); /* a commit does not wait for it */
    assert_ok(db_tend(scope, d->db));
    assert_true(size_of_file(d) > 7 * MEBIBYTE);
    assert_int_equal(count_rows(d), 3);
}

static void a_log_that_nobody_tends_ends_all_the_same(void **state) {
    enum { MEBIBYTE = 1024 * 1024 };
    struct database *d = *state;
    assert_ok(put(d, "much", 40 * MEBIBYTE));
    assert_true(size_of_file(d) > 40 * MEBIBYTE);
}

static void a_second_process_does_not_get_the_lock(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct store *second = NULL;
    assert_ok(store_lock(scope, d->store));
    assert_ok(open_url(d, d->url.at, &second));
    assert_failed(store_lock(scope, second), scope, CONFLICT, "db.locked");
    store_close(&second);
    db_close(&d->db);
    store_close(&d->store);
    assert_ok(open_url(d, d->url.at, &second));
    assert_ok(store_lock(scope, second));
    store_close(&second);
}

static void write_file(const char *path, const char *text, off_t size) {
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    assert_int_equal(ftruncate(fd, size), 0);
    (void) close(fd);
}

static void a_file_that_is_no_database_is_named_so(void **state) {
    struct database *d = *state;
    struct store *store = NULL;
    write_file(file(d, ".other"), "From the desk of somebody else", 8192);
    assert_failed(open_url(d, str_format(d->fixture.scope.arena, "%s.other", d->url.at).at, &store),
                  &d->fixture.scope, UNAVAILABLE, "db.corrupt");
    assert_null(store);
}

static void a_missing_directory_is_named_so(void **state) {
    struct database *d = *state;
    struct store *store = NULL;
    assert_failed(open_url(d, "sqlite:/nowhere/at/all.db", &store), &d->fixture.scope, UNAVAILABLE,
                  "db.missing");
}

static void a_symbolic_link_is_not_followed(void **state) {
    struct database *d = *state;
    struct store *store = NULL;
    assert_int_equal(symlink(file(d, ""), file(d, ".link")), 0);
    assert_failed(open_url(d, str_format(d->fixture.scope.arena, "%s.link", d->url.at).at, &store),
                  &d->fixture.scope, UNAVAILABLE, "db.open");
}

static void a_full_disk_is_named_and_the_store_goes_on(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const int64_t before = count_rows(d);
    {
        AUTO(tx_end) struct tx *tx = NULL;
        assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
        assert_ok(tx_run(scope, tx, &PAGE_LIMIT, NO_VALUES, NULL));
    }
    assert_failed(put(d, "large", 400000), scope, UNAVAILABLE, "db.disk_full");
    assert_ok(put(d, "small", 10));
    assert_int_equal(count_rows(d), before + 1);
}

/* No byte more may be written: the log cannot take the COMMIT. */
static void a_commit_that_cannot_be_written_is_never_answered_ok(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const int64_t before = count_rows(d);
    struct stat info;
    assert_int_equal(stat(file(d, "-wal"), &info), 0);
    struct rlimit kept;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);

    const struct rlimit tight = {(rlim_t) info.st_size, kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const result r = put(d, "lost", 20000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &kept), 0);
    (void) signal(SIGXFSZ, handler);

    assert_int_equal(r.code, UNAVAILABLE);
    assert_true(strcmp(scope->reason, "db.commit_uncertain") == 0 ||
                strcmp(scope->reason, "db.disk_full") == 0);
    assert_int_equal(count_rows(d), before);
    assert_ok(put(d, "kept", 10));
    assert_int_equal(count_rows(d), before + 1);
}

static void a_statement_that_takes_too_long_is_cut_off(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct store *store = NULL;
    struct db *db = NULL;
    assert_ok(open_url(d, d->url.at, &store));
    assert_ok(db_open(scope, store, &db));
    struct rows rows;
    assert_failed(db_run(scope, db, &SLOW, NO_VALUES, &rows), scope, UNAVAILABLE, "db.timeout");
    assert_ok(db_run(scope, db, &COUNT, NO_VALUES, &rows));
    db_close(&db);
    store_close(&store);
}

static void an_integer_that_overflows_is_an_error_not_a_real(void **state) {
    struct database *d = *state;
    struct rows rows;
    assert_failed(db_run(&d->fixture.scope, d->db, &OVERFLOW, VALUES(value_number(1)), &rows),
                  &d->fixture.scope, INTERNAL, "db.statement");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_SQLITE(the_files_belong_to_their_owner_alone),
        ON_SQLITE(the_log_is_moved_into_the_file_beside_the_commits),
        ON_SQLITE(a_log_that_nobody_tends_ends_all_the_same),
        ON_SQLITE(a_second_process_does_not_get_the_lock),
        ON_SQLITE(a_file_that_is_no_database_is_named_so),
        ON_SQLITE(a_missing_directory_is_named_so),
        ON_SQLITE(a_symbolic_link_is_not_followed),
        ON_SQLITE(a_full_disk_is_named_and_the_store_goes_on),
        ON_SQLITE(a_commit_that_cannot_be_written_is_never_answered_ok),
        ON_SQLITE(a_statement_that_takes_too_long_is_cut_off),
        ON_SQLITE(an_integer_that_overflows_is_an_error_not_a_real),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
