#include "gateway/command.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"

static int run_show(struct command_call *call) {
    (void) fprintf(call->out, "show org=%.*s dry=%d json=%d operand=%.*s workers=%lld\n",
                   STR_ARG(command_option(call, "--org")), command_has(call, "--dry-run"),
                   call->is_json, STR_ARG(call->operands[0]),
                   (long long) call->settings->database_workers);
    return COMMAND_DONE;
}

static int run_fail(struct command_call *call) {
    call->scope->reason = "test.reason";
    return command_failed(call, "nothing works");
}

static int run_plain(struct command_call *call) {
    return call->settings == NULL ? COMMAND_DONE : COMMAND_FAILED;
}

static const struct command_option SHOW_OPTIONS[] = {
    {"--org", "SLUG", NULL, "which organisation"},
    {"--dry-run", NULL, NULL, "change nothing"},
    {"--workers", "N", "database.workers", "threads"},
    {NULL, NULL, NULL, NULL},
};

static const struct command TABLE[] = {
    {"thing show", "THING", 1, "Show a thing.", "More about things.", SHOW_OPTIONS, true, true,
     run_show},
    {"thing fail", "", 0, "Fail.", "", NULL, false, true, run_fail},
    {"plain", "", 0, "Need nothing.", "", NULL, false, false, run_plain},
};

static const struct command_list COMMANDS_HERE = {TABLE, 3};

struct run {
    int code;
    char *out, *err;
};

static void close_run(struct run *run) {
    free(run->out);
    free(run->err);
}

/* Runs "gatehouse WORDS" (words divided by '|') with one variable in the environment. */
static struct run run_words(const char *words, const char *variable) {
    char copy[512];
    const char *argv[32] = {"gatehouse"};
    int argc = 1;
    (void) snprintf(copy, sizeof copy, "%s", words);
    for (char *at = copy; at != NULL && *words != '\0';) {
        char *bar = strchr(at, '|');
        argv[argc++] = at;
        if (bar != NULL) {
            *bar = '\0';
        }
        at = bar == NULL ? NULL : bar + 1;
    }
    const char *const environment[] = {variable, NULL};
    struct run run = {0};
    size_t out_len = 0;
    size_t err_len = 0;
    FILE *out = open_memstream(&run.out, &out_len);
    FILE *err = open_memstream(&run.err, &err_len);
    const struct command_process process = {argc, argv, environment, out, err};
    run.code = command_run(&COMMANDS_HERE, &process);
    (void) fclose(out);
    (void) fclose(err);
    return run;
}

static void assert_contains(const char *text, const char *part) {
    if (strstr(text, part) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", part, text);
    }
}

#define RUN(words) AUTO(close_run) struct run run = run_words(words, NULL)

static void options_stand_anywhere_around_the_command(void **state) {
    (void) state;
    static const char *const SPELLINGS[] = {
        "thing|show|lamp|--org|acme|--dry-run|--json|--set|database.workers=7",
        "--set|database.workers=7|thing|show|--org=acme|--json|lamp|--dry-run",
        "thing|--set=database.workers=7|show|--json|--dry-run|--org|acme|--|lamp",
        "thing|show|--workers|7|--org|other|--org|acme|--dry-run|--json|lamp",
    };
    for (size_t i = 0; i < sizeof SPELLINGS / sizeof SPELLINGS[0]; i++) {
        RUN(SPELLINGS[i]);
        assert_string_equal(run.out, "show org=acme dry=1 json=1 operand=lamp workers=7\n");
        assert_string_equal(run.err, "");
        assert_int_equal(run.code, COMMAND_DONE);
    }
}

static void what_is_not_understood_is_said_and_ends_with_2(void **state) {
    (void) state;
    static const struct {
        const char *words, *said;
    } CASES[] = {
        {"", "Usage: gatehouse [OPTIONS] COMMAND"},
        {"thing", "thing wants one more word"},
        {"thing|paint", "thing paint is no command"},
        {"things", "things is no command"},
        {"plain|more", "more is one word too many; see: gatehouse plain --help"},
        {"thing|show", "THING is missing"},
        {"thing|show|a|b", "b is one word too many"},
        {"thing|show|a|--colour", "--colour is no option of this command"},
        {"--org|acme|thing|show|a", "--org is no option, or stands before its command"},
        {"thing|show|a|--org", "--org wants a value"},
        {"thing|show|a|--dry-run=yes", "--dry-run takes no value"},
        {"thing|fail|--json", "--json is no option of this command"},
        {"plain|--set|database.workers", "--set wants KEY=VALUE, not database.workers"},
        {"plain|--set|=7", "--set wants KEY=VALUE, not =7"},
        {"plain|-v", "-v is no option of this command"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        RUN(CASES[i].words);
        assert_contains(run.err, CASES[i].said);
        assert_string_equal(run.out, "");
        assert_int_equal(run.code, COMMAND_USAGE);
    }
}

static void help_is_an_answer_and_needs_no_valid_settings(void **state) {
    (void) state;
    {
        RUN("--help");
        assert_contains(run.out, "thing show");
        assert_contains(run.out, "--set KEY=VALUE");
        assert_int_equal(run.code, COMMAND_DONE);
    }
    {
        RUN("thing|show|--help|--set|no.such=1");
        assert_contains(run.out, "Usage: gatehouse thing show [OPTIONS] THING\n\nShow a thing.\n\n"
                                 "More about things.\n");
        assert_contains(run.out, "--org SLUG");
        assert_contains(run.out, "--json");
        assert_int_equal(run.code, COMMAND_DONE);
    }
}

static void mistakes_in_settings_are_listed_and_end_with_1(void **state) {
    (void) state;
    AUTO(close_run)
    struct run run = run_words("thing|fail|--set|a.b=1|--data|", "GATEHOUSE_HTTP_SHARDS=x");
    assert_string_equal(run.err,
                        "the command line: a.b is no setting; see: gatehouse print-settings\n"
                        "the command line: data_dir has no value\n"
                        "the environment: http.shards must be a number from 0 to 64\n"
                        "gatehouse: 3 mistakes in the settings\n");
    assert_int_equal(run.code, COMMAND_FAILED);
}

static void a_command_without_settings_runs_beside_broken_ones(void **state) {
    (void) state;
    AUTO(close_run) struct run run = run_words("plain", "GATEHOUSE_HTTP_SHARDS=x");
    assert_int_equal(run.code, COMMAND_DONE);
}

static void a_failure_says_what_and_why(void **state) {
    (void) state;
    RUN("thing|fail");
    assert_string_equal(run.err, "gatehouse: nothing works (test.reason)\n");
    assert_int_equal(run.code, COMMAND_FAILED);
}

static void the_file_comes_from_the_option_or_the_environment(void **state) {
    (void) state;
    {
        AUTO(close_run)
        struct run run = run_words("thing|fail", "GATEHOUSE_CONFIG=/no/such/file");
        assert_contains(run.err, "/no/such/file: cannot be read");
    }
    {
        AUTO(close_run)
        struct run run = run_words("thing|fail|--config|/no/other", "GATEHOUSE_CONFIG=/no/such");
        assert_contains(run.err, "/no/other: cannot be read");
        assert_null(strstr(run.err, "/no/such"));
    }
}

static void output_that_cannot_be_written_is_a_failure(void **state) {
    (void) state;
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    const char *const argv[] = {"gatehouse", "--help"};
    struct run run = {0};
    size_t err_len = 0;
    FILE *err = open_memstream(&run.err, &err_len);
    const struct command_process process = {2, argv, NULL, full, err};
    run.code = command_run(&COMMANDS_HERE, &process);
    (void) fclose(full);
    (void) fclose(err);
    assert_int_equal(run.code, COMMAND_FAILED);
    assert_contains(run.err, "could not be written");
    close_run(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(options_stand_anywhere_around_the_command),
        SENTENCE(what_is_not_understood_is_said_and_ends_with_2),
        SENTENCE(help_is_an_answer_and_needs_no_valid_settings),
        SENTENCE(mistakes_in_settings_are_listed_and_end_with_1),
        SENTENCE(a_command_without_settings_runs_beside_broken_ones),
        SENTENCE(a_failure_says_what_and_why),
        SENTENCE(the_file_comes_from_the_option_or_the_environment),
        SENTENCE(output_that_cannot_be_written_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
