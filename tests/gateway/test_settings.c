#include "gateway/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/settings_print.h"
#include "tests/support/fixture.h"

/* One file on disk, which the test writes; an environment; arguments. */
struct sources {
    struct fixture *f;
    char path[64];
    const char *environment[8];
    struct settings_argument arguments[8];
    struct settings_input input;
    struct settings_report *report;
    struct settings *settings;
};

static void write_file(const char *path, struct str text) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static void open_sources(struct sources *s, struct fixture *f, const char *text) {
    *s = (struct sources){.f = f,
                          .path = "gatehouse-test-XXXXXX",
                          .report = NEW(f->scope.arena, struct settings_report),
                          .settings = NEW(f->scope.arena, struct settings)};
    const int fd = mkstemp(s->path);
    assert_true(fd >= 0);
    (void) close(fd);
    write_file(s->path, str_from_c(text));
    s->input.file = s->path;
    s->input.environment = s->environment;
    s->input.arguments = s->arguments;
}

static void close_sources(struct sources *s) {
    (void) unlink(s->path);
}

static result load(struct sources *s) {
    return settings_load(&s->f->scope, &s->input, s->report, s->settings);
}

static void add_argument(struct sources *s, const char *name, const char *value) {
    s->arguments[s->input.argument_count++] =
        (struct settings_argument){str_from_c(name), str_from_c(value)};
}

/* "LINE key what" of each problem; the file's name is left out. */
static struct str problems(struct sources *s) {
    struct strbuf buf = strbuf_begin(s->f->scope.arena, 65536);
    for (size_t i = 0; i < s->report->count; i++) {
        const struct settings_problem *problem = &s->report->problems[i];
        struct str where = problem->where;
        where =
            str_has_prefix(where, str_from_c(s->path)) ? str_from(where, strlen(s->path)) : where;
        strbuf_add(&buf, str_format(s->f->scope.arena, "%.*s %.*s %.*s\n", STR_ARG(where),
                                    STR_ARG(problem->key), STR_ARG(problem->what)));
    }
    return strbuf_str(&buf);
}

#define assert_problems(s, expected)                                                               \
    do {                                                                                           \
        assert_failed(load(&(s)), &(s).f->scope, INVALID, "settings.invalid");                     \
        assert_str(problems(&(s)), expected);                                                      \
    } while (0)

#define SOURCES(text)                                                                              \
    AUTO(close_sources) struct sources s;                                                          \
    open_sources(&s, *state, text)

static void without_any_source_the_defaults_hold(void **state) {
    SOURCES("");
    assert_ok(load(&s));
    assert_str(s.settings->http_listen, "127.0.0.1:8080");
    assert_str(s.settings->http_public_url, "http://127.0.0.1:8080");
    assert_str(s.settings->database_url, "sqlite:./data/gatehouse.db");
    assert_int_equal(s.settings->revocation_bound_ms, 2000);
    assert_true(s.settings->revocation_dead_man);
    assert_false(s.settings->signup_open);
    assert_int_equal(s.settings->outbound_allow_addresses.count, 0);
    assert_int_equal(s.settings->secrets_key.bytes.len, 0);
}

static void the_command_line_wins_over_the_environment_and_that_over_the_file(void **state) {
    SOURCES("database:\n  workers: 2\nhttp:\n  shards: 2\nrevocation:\n  bound_ms: 2001\n");
    s.environment[0] = "GATEHOUSE_HTTP_SHARDS=3";
    s.environment[1] = "GATEHOUSE_REVOCATION_BOUND_MS=3001";
    s.environment[2] = "HTTP_SHARDS=9";
    add_argument(&s, "revocation.bound_ms", "4000");
    add_argument(&s, "revocation.bound_ms", "4001");
    assert_ok(load(&s));
    assert_int_equal(s.settings->database_workers, 2);
    assert_int_equal(s.settings->http_shards, 3);
    assert_int_equal(s.settings->revocation_bound_ms, 4001);
}

static void lists_come_from_every_source(void **state) {
    SOURCES("http:\n  trusted_proxies:\n    - 10.0.0.0/8\n    - \"::1\"\n"
            "outbound:\n  allow_addresses: [127.0.0.0/8]\n");
    s.environment[0] = "GATEHOUSE_OUTBOUND_ALLOW_ADDRESSES=10.1.0.0/16 443 8443, 10.2.0.0/16";
    assert_ok(load(&s));
    assert_int_equal(s.settings->http_trusted_proxies.count, 2);
    assert_int_equal(s.settings->outbound_allow_addresses.count, 2);
    assert_int_equal(s.settings->outbound_allow_addresses.rules[0].port_count, 2);
    assert_int_equal(s.settings->outbound_allow_addresses.rules[1].port_count, 0);
}

static void every_mistake_is_reported_at_once_with_line_and_key(void **state) {
    SOURCES("database:\n"
            "  workers: many\n"
            "  wrokers: 3\n"
            "http:\n"
            "  listen: localhost:80\n"
            "  trusted_proxies: 10.0.0.0/8\n"
            "signup:\n"
            "  open: yes\n"
            "  open: true\n"
            "log:\n  level: [info]\n  format:\n");
    s.environment[0] = "GATEHOUSE_HTTP_SHARD=3";
    add_argument(&s, "revocation.bound_ms", "1");
    assert_problems(s, ":9 signup.open appears twice\n"
                       ":3 database.wrokers is no setting; see: gatehouse print-settings\n"
                       ":6 http.trusted_proxies must be a list\n"
                       ":11 log.level must be one value, not a list\n"
                       ":12 log.format has no value\n"
                       "the environment GATEHOUSE_HTTP_SHARD is no setting; see: gatehouse "
                       "print-settings\n"
                       ":2 database.workers must be a number from 1 to 64\n"
                       ":5 http.listen must be ADDRESS:PORT, as 127.0.0.1:8080 or [::1]:8080\n"
                       "the command line revocation.bound_ms must be a number from 200 to 60000\n"
                       ":8 signup.open must be true or false\n");
}

static void each_type_refuses_the_neighbours_of_what_it_accepts(void **state) {
    static const struct {
        const char *key, *good, *bad;
    } CASES[] = {
        {"database.workers", "1", "0"},
        {"database.workers", "64", "65"},
        {"database.workers", "7", "7x"},
        {"database.workers", "7", "-7"},
        {"database.workers", "7", "99999999999999999999"},
        {"revocation.dead_man", "false", "False"},
        {"revocation.dead_man", "true", "1"},
        {"log.format", "human", "pretty"},
        {"log.format", "json", "auto|json"},
        {"log.level", "debug", ""},
        {"http.listen", "[::1]:0", "::1:8080"},
        {"http.listen", "127.0.0.1:65535", "127.0.0.1:65536"},
        {"http.listen", "127.0.0.1:1", "[127.0.0.1]:1"},
        {"http.listen", "127.0.0.1:1", "127.0.0.1"},
        {"database.url", "sqlite:/a/b.db", "sqlite:"},
        {"database.url", "sqlite:x", "mysql://x/y"},
        {"http.public_url", "https://a.example", "http://a.example"},
        {"http.public_url", "https://a.example/", "https://a.example/path"},
        {"http.public_url", "https://a.example:8443", "https://a.example?q=1"},
        {"http.public_url", "http://127.0.0.1:8080", "ftp://127.0.0.1"},
        {"http.public_url", "http://localhost:8080", "http://localhost.example:8080"},
        {"outbound.allow_addresses", "10.0.0.0/8", "10.0.0.1/8"},
        {"outbound.allow_addresses", "127.0.0.1 443", "localhost"},
        {"secrets.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="},
        {"secrets.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "password"},
        {"data_dir", "/a", ""},
        {"smtp.ca_file", "", "/no/such/file"},
        {"data_dir", "/a", "/a\nb"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        SOURCES("");
        s.input.argument_count = 0;
        add_argument(&s, CASES[i].key, CASES[i].good);
        const bool is_good = is_ok(load(&s));
        s.input.argument_count = 0;
        add_argument(&s, CASES[i].key, CASES[i].bad);
        const bool is_bad = !is_ok(load(&s)) && s.report->count == 1 &&
                            str_eq(s.report->problems[0].key, str_from_c(CASES[i].key));
        if (!is_good || !is_bad) {
            fail_msg("%s: \"%s\" %d, \"%s\" %d", CASES[i].key, CASES[i].good, is_good, CASES[i].bad,
                     is_bad);
        }
    }
}

static void settings_that_contradict_each_other_are_refused(void **state) {
    static const struct {
        const char *key, *value, *broken;
    } CASES[] = {
        {"http.listen", "0.0.0.0:8080", "http.public_url"},
        {"database.url", "postgresql://localhost/g", "secrets.key"},
        {"smtp.url", "smtp://localhost:25", "smtp.from"},
        {"smtp.user", "gw", "smtp.password"},
        {"smtp.password", "gwpass", "smtp.user"},
        {"session.absolute_hours", "1", "session.idle_minutes"},
        {"http.request_timeout_ms", "1000", "http.header_timeout_ms"},
        {"ops.listen", "127.0.0.1:8080", "ops.listen"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        SOURCES("");
        add_argument(&s, CASES[i].key, CASES[i].value);
        assert_failed(load(&s), &s.f->scope, INVALID, "settings.invalid");
        assert_int_equal(s.report->count, 1);
        assert_str(s.report->problems[0].key, CASES[i].broken);
    }
}

static void a_secret_may_stand_in_a_file_of_its_own(void **state) {
    SOURCES("");
    char secret[] = "gatehouse-secret-XXXXXX";
    const int fd = mkstemp(secret);
    (void) close(fd);
    write_file(secret, STR("pass word\n"));
    add_argument(&s, "smtp.user", "gw");
    add_argument(&s, "smtp.password_file", secret);
    const result loaded = load(&s);
    (void) unlink(secret);
    assert_ok(loaded);
    assert_str(s.settings->smtp_password.bytes, "pass word");
}

static void a_secret_in_a_file_obeys_the_order_of_sources(void **state) {
    SOURCES("smtp:\n  user: gw\n  password_file: /no/such/file\n");
    assert_problems(s, ":3 smtp.password_file names a file that cannot be read\n");
    s.environment[0] = "GATEHOUSE_SMTP_PASSWORD=from the environment";
    assert_ok(load(&s));
    assert_str(s.settings->smtp_password.bytes, "from the environment");
    s.environment[1] = "GATEHOUSE_SMTP_PASSWORD_FILE=/no/such/file";
    assert_problems(s, "the environment smtp.password_file is given as a value and as a file\n"
                       "the environment smtp.password_file names a file that cannot be read\n");
}

static void only_secrets_may_stand_in_files(void **state) {
    SOURCES("smtp:\n  user_file: /etc/hostname\n");
    assert_problems(s, ":2 smtp.user_file is no setting; see: gatehouse print-settings\n");
}

static void variables_that_kubernetes_sets_are_no_mistakes(void **state) {
    SOURCES("");
    s.environment[0] = "GATEHOUSE_PORT=tcp://10.0.0.1:8080";
    s.environment[1] = "GATEHOUSE_SERVICE_HOST=10.0.0.1";
    s.environment[2] = "GATEHOUSE_PORT_8080_TCP=tcp://10.0.0.1:8080";
    s.environment[3] = "GATEHOUSE_CONFIG=/etc/gatehouse.yaml";
    assert_ok(load(&s));
    s.environment[0] = "GATEHOUSE_PORTS=1";
    assert_problems(s, "the environment GATEHOUSE_PORTS is no setting; see: gatehouse "
                       "print-settings\n");
}

static void a_missing_file_and_a_file_that_is_no_yaml_are_reported(void **state) {
    SOURCES("http: [\n");
    assert_failed(load(&s), &s.f->scope, INVALID, "settings.invalid");
    assert_str(s.report->problems[0].what, "is not YAML");
    s.input.file = "/no/such/file.yaml";
    assert_failed(load(&s), &s.f->scope, INVALID, "settings.invalid");
    assert_str(s.report->problems[0].where, "/no/such/file.yaml");
    assert_str(s.report->problems[0].what, "cannot be read");
}

static void no_secret_is_ever_printed(void **state) {
    SOURCES("");
    add_argument(&s, "smtp.user", "gw");
    add_argument(&s, "smtp.password", "canary-one");
    add_argument(&s, "secrets.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    add_argument(&s, "database.url",
                 "postgresql://user:canary-two@db.test/g?password=canary-three");
    assert_ok(load(&s));
    const struct str text = settings_as_text(s.f->scope.arena, s.settings);
    const struct str json = settings_as_json(s.f->scope.arena, s.settings);
    const char *const HIDDEN[] = {"canary", "AAAA"};
    for (size_t i = 0; i < 2; i++) {
        assert_true(str_find(text, str_from_c(HIDDEN[i])) < 0);
        assert_true(str_find(json, str_from_c(HIDDEN[i])) < 0);
    }
    assert_true(str_find(text, STR("postgresql://db.test/g")) >= 0);
    assert_true(str_find(json, STR("\"smtp.password\":{\"value\":\"(set)\",\"origin\":\"command "
                                   "line\"}")) >= 0);
    assert_true(str_find(json, STR("\"http.shards\":{\"value\":0,\"origin\":\"default\"}")) >= 0);
    assert_true(str_find(json, STR("\"signup.open\":{\"value\":false,")) >= 0);
}

static void every_setting_has_a_unique_name_and_a_default_that_is_valid(void **state) {
    (void) state;
    size_t count = 0;
    const struct setting *table = settings_table(&count);
    assert_true(count > 25);
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(table[i].help) > 10);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(table[i].name, table[j].name);
            assert_true(table[i].at != table[j].at);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(without_any_source_the_defaults_hold),
        SENTENCE(the_command_line_wins_over_the_environment_and_that_over_the_file),
        SENTENCE(lists_come_from_every_source),
        SENTENCE(every_mistake_is_reported_at_once_with_line_and_key),
        SENTENCE(each_type_refuses_the_neighbours_of_what_it_accepts),
        SENTENCE(settings_that_contradict_each_other_are_refused),
        SENTENCE(a_secret_may_stand_in_a_file_of_its_own),
        SENTENCE(a_secret_in_a_file_obeys_the_order_of_sources),
        SENTENCE(only_secrets_may_stand_in_files),
        SENTENCE(variables_that_kubernetes_sets_are_no_mistakes),
        SENTENCE(a_missing_file_and_a_file_that_is_no_yaml_are_reported),
        SENTENCE(no_secret_is_ever_printed),
        SENTENCE(every_setting_has_a_unique_name_and_a_default_that_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
