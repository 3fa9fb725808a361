#include "base/log.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"

#include "tests/support/fixture.h"

static void a_line_is_json_with_typed_fields(void **state) {
    struct fixture *f = *state;
    AUTO(log_free) struct log *log = log_new_kept();
    f->env.log = log;
    f->scope.reason = "saml.audience";
    log_info(&f->scope, "login.refused", LOG_ORG(STR("0192-a_B.c")),
             LOG_CODE(((result){UNAUTHENTICATED})), LOG_REASON(&f->scope), LOG_COUNT("tries", -3),
             LOG_MS("took", 12345), LOG_MS("skew", -1500));
    assert_str(log_kept(f->scope.arena, log),
               "{\"time\":\"2026-01-02T03:04:05.000Z\",\"level\":\"info\","
               "\"event\":\"login.refused\",\"org\":\"0192-a_B.c\",\"code\":\"unauthenticated\","
               "\"reason\":\"saml.audience\",\"tries\":-3,\"took_ms\":12.345,"
               "\"skew_ms\":-1.500}\n");
}

static void text_that_is_no_id_is_not_shown(void **state) {
    struct fixture *f = *state;
    AUTO(log_free) struct log *log = log_new_kept();
    f->env.log = log;
    static const struct str HOSTILE[] = {
        STR_INIT("ann@example.org"), STR_INIT("a\nb"), STR_INIT("\"},{\""), STR_INIT("a b"),
        STR_INIT("gr\xc3\xbc"),      STR_INIT("a\0b"), STR_INIT("a/b"),     STR_INIT("\\"),
    };
    for (size_t i = 0; i < sizeof HOSTILE / sizeof HOSTILE[0]; i++) {
        log_warning(&f->scope, "x", LOG_ID("id", HOSTILE[i]));
        const struct str kept = log_kept(f->scope.arena, log);
        assert_true(str_has_suffix(kept, STR(",\"event\":\"x\",\"id\":\"?\"}\n")));
    }
    char *text = arena_alloc(f->scope.arena, 129);
    memset(text, 'a', 129);
    log_info(&f->scope, "x", LOG_USER(((struct str){text, 129})));
    assert_true(str_has_suffix(log_kept(f->scope.arena, log), STR("\"user\":\"?\"}\n")));
    log_info(&f->scope, "x", LOG_USER(((struct str){text, 128})));
    assert_true(str_has_suffix(log_kept(f->scope.arena, log), STR("aaa\"}\n")));
    log_info(&f->scope, "x", LOG_USER(STR("")), LOG_WORD("none", NULL));
    assert_true(str_has_suffix(log_kept(f->scope.arena, log), STR("\"event\":\"x\"}\n")));
}

static void a_line_too_long_is_cut_between_fields_and_says_so(void **state) {
    struct fixture *f = *state;
    AUTO(log_free) struct log *log = log_new_kept();
    f->env.log = log;
    char *text = arena_alloc(f->scope.arena, 128);
    memset(text, 'a', 128);
    struct log_field fields[20];
    for (size_t i = 0; i < 20; i++) {
        fields[i] = LOG_ID("id", ((struct str){text, 128}));
    }
    log_write(f->scope.env, LOG_LEVEL_INFO, "x", fields, 20);
    const struct str kept = log_kept(f->scope.arena, log);
    assert_true(kept.len <= 2048 && kept.len > 1800);
    assert_true(str_has_suffix(kept, STR("aaa\",\"cut\":true}\n")));
}

static struct str read_all(struct fixture *f, int fd) {
    char *bytes = arena_alloc(f->scope.arena, 65536);
    const ssize_t len = read(fd, bytes, 65536);
    assert_true(len >= 0);
    return (struct str){bytes, (size_t) len};
}

static void people_read_plain_words_and_lower_levels_are_silent(void **state) {
    struct fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    AUTO(log_free) struct log *log = log_new(ends[1], LOG_FORMAT_HUMAN, LOG_LEVEL_WARNING);
    f->env.log = log;
    log_debug(&f->scope, "quiet", LOG_COUNT("n", 1));
    log_info(&f->scope, "quiet", LOG_COUNT("n", 1));
    log_error(&f->scope, "db.open", LOG_WORD("state", "08006"), LOG_COUNT("n", 1));
    assert_str(read_all(f, ends[0]), "2026-01-02T03:04:05.000Z ERROR   db.open state=08006 n=1\n");
    (void) close(ends[0]);
    (void) close(ends[1]);
}

static void without_a_log_nothing_happens(void **state) {
    struct fixture *f = *state;
    f->env.log = NULL;
    log_error(&f->scope, "x", LOG_COUNT("n", 1));
    log_write(NULL, LOG_LEVEL_ERROR, "x", NULL, 0);
    struct log *none = NULL;
    log_free(&none);
}

enum { WRITERS = 4, LINES = 100 };

static void *write_lines(void *env) {
    for (int i = 0; i < LINES; i++) {
        const struct log_field field = LOG_COUNT("n", i);
        log_write(env, LOG_LEVEL_INFO, "thread.line", &field, 1);
    }
    return NULL;
}

static void lines_of_several_threads_stay_whole(void **state) {
    struct fixture *f = *state;
    AUTO(log_free) struct log *log = log_new_kept();
    f->env.log = log;
    pthread_t threads[WRITERS];
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &f->env), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    struct str rest = log_kept(f->scope.arena, log);
    int count = 0;
    while (rest.len > 0) {
        struct str line;
        rest = str_split(rest, '\n', &line);
        const struct json *json = NULL;
        assert_ok(json_read(&f->scope, line, &json));
        count++;
    }
    assert_int_equal(count, WRITERS * LINES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_line_is_json_with_typed_fields),
        SENTENCE(text_that_is_no_id_is_not_shown),
        SENTENCE(a_line_too_long_is_cut_between_fields_and_says_so),
        SENTENCE(people_read_plain_words_and_lower_levels_are_silent),
        SENTENCE(without_a_log_nothing_happens),
        SENTENCE(lines_of_several_threads_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
