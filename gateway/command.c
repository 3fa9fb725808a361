#include "gateway/command.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "base/random.h"
#include "gateway/command_parse.h"

enum { NAME_COLUMN = 34 };

struct str command_option(const struct command_call *call, const char *name) {
    struct str value = STR("");
    for (size_t i = 0; i < call->given_count; i++) {
        if (strcmp(call->given[i].name, name) == 0) {
            value = call->given[i].value;
        }
    }
    return value;
}

bool command_has(const struct command_call *call, const char *name) {
    for (size_t i = 0; i < call->given_count; i++) {
        if (strcmp(call->given[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

int command_failed(const struct command_call *call, const char *what) {
    (void) fprintf(call->err, "gatehouse: %s (%s)\n", what,
                   call->scope->reason == NULL ? "unknown" : call->scope->reason);
    return COMMAND_FAILED;
}

int command_usage(const struct command_call *call, const char *what) {
    (void) fprintf(call->err, "gatehouse: %s; see: gatehouse %s --help\n", what,
                   call->command->name);
    return COMMAND_USAGE;
}

void command_print(const struct command_call *call, struct str text) {
    (void) fwrite(text.at, 1, text.len, call->out);
}

static void print_options(FILE *out, const struct command_option *options) {
    for (; options != NULL && options->name != NULL; options++) {
        char left[NAME_COLUMN];
        (void) snprintf(left, sizeof left, "%s%s%s", options->name,
                        options->value == NULL ? "" : " ",
                        options->value == NULL ? "" : options->value);
        (void) fprintf(out, "  %-30s %s\n", left, options->help);
    }
}

static void print_overview(FILE *out, const struct command_list *commands) {
    (void) fputs("Usage: gatehouse [OPTIONS] COMMAND\n\nCommands:\n", out);
    for (size_t i = 0; i < commands->count; i++) {
        (void) fprintf(out, "  %-30s %s\n", commands->commands[i].name,
                       commands->commands[i].summary);
    }
    (void) fputs("\nOptions:\n", out);
    print_options(out, COMMAND_GLOBAL_OPTIONS);
    (void) fputs("\nMore: gatehouse COMMAND --help\n", out);
}

static void print_help(FILE *out, const struct command *command) {
    const bool has_options = command->options != NULL && command->options[0].name != NULL;
    (void) fprintf(out, "Usage: gatehouse %s%s%s%s\n\n%s\n", command->name,
                   has_options || command->prints_data ? " [OPTIONS]" : "",
                   command->operands[0] == '\0' ? "" : " ", command->operands, command->summary);
    if (command->details[0] != '\0') {
        (void) fprintf(out, "\n%s\n", command->details);
    }
    if (has_options || command->prints_data) {
        (void) fputs("\nOptions:\n", out);
        print_options(out, command->options);
    }
    if (command->prints_data) {
        (void) fprintf(out, "  %-30s %s\n", "--json", "print JSON");
    }
    (void) fputs("\nOptions of all commands: gatehouse --help\n", out);
}

static const char *find_variable(const char *const *environment, struct str name) {
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        struct str key;
        const struct str value = str_split(str_from_c(environment[i]), '=', &key);
        if (str_eq(key, name) && value.len > 0) {
            return value.at;
        }
    }
    return NULL;
}

static void print_problems(FILE *err, const struct settings_report *report) {
    for (size_t i = 0; i < report->count; i++) {
        const struct settings_problem *problem = &report->problems[i];
        (void) fprintf(err, "%.*s%s%.*s%s%.*s\n", STR_ARG(problem->where),
                       problem->where.len > 0 ? ": " : "", STR_ARG(problem->key),
                       problem->key.len > 0 ? " " : "", STR_ARG(problem->what));
    }
    (void) fprintf(err, "gatehouse: %zu mistake%s in the settings\n", report->count,
                   report->count == 1 ? "" : "s");
}

static struct log *open_log(const struct settings *settings) {
    static const char *const LEVELS[] = {"debug", "info", "warning", "error"};
    enum log_level level = LOG_LEVEL_INFO;
    for (size_t i = 0; i < sizeof LEVELS / sizeof LEVELS[0]; i++) {
        level = str_eq(settings->log_level, str_from_c(LEVELS[i])) ? (enum log_level) i : level;
    }
    const bool is_auto = str_eq(settings->log_format, STR("auto"));
    const bool is_human =
        is_auto ? isatty(STDERR_FILENO) == 1 : str_eq(settings->log_format, STR("human"));
    return log_new(STDERR_FILENO, is_human ? LOG_FORMAT_HUMAN : LOG_FORMAT_JSON, level);
}

static int run_with_settings(struct command_words *words, const struct command_process *process,
                             struct env *env) {
    struct command_call *call = &words->call;
    const char *variable = find_variable(process->environment, STR("GATEHOUSE_CONFIG"));
    const struct settings_input input = {
        .file = words->config != NULL ? words->config : variable,
        .environment = process->environment,
        .arguments = words->arguments,
        .argument_count = words->argument_count,
    };
    struct settings_report *report = NEW(call->scope->arena, struct settings_report);
    struct settings *settings = NEW(call->scope->arena, struct settings);
    if (!is_ok(settings_load(call->scope, &input, report, settings))) {
        print_problems(call->err, report);
        return COMMAND_FAILED;
    }
    call->settings = settings;
    AUTO(log_free) struct log *log = open_log(settings);
    env->log = log;
    const int code = call->command->run(call);
    env->log = NULL;
    return code;
}

static int run_words(const struct command_list *commands, struct command_words *words,
                     const struct command_process *process, struct env *env) {
    if (words->wrong.len > 0) {
        const struct command *command = words->call.command;
        (void) fprintf(process->err, "gatehouse: %.*s; see: gatehouse %s%s--help\n",
                       STR_ARG(words->wrong), command == NULL ? "" : command->name,
                       command == NULL ? "" : " ");
        return COMMAND_USAGE;
    }
    if (words->wants_help && words->call.command != NULL) {
        print_help(process->out, words->call.command);
        return COMMAND_DONE;
    }
    if (words->call.command == NULL) {
        print_overview(words->wants_help ? process->out : process->err, commands);
        return words->wants_help ? COMMAND_DONE : COMMAND_USAGE;
    }
    words->call.out = process->out;
    words->call.err = process->err;
    return words->call.command->needs_settings ? run_with_settings(words, process, env)
                                               : words->call.command->run(&words->call);
}

static int flush_and_finish(const struct command_process *process, int code) {
    const bool is_written = fflush(process->out) == 0 && ferror(process->out) == 0;
    if (!is_written && code == COMMAND_DONE) {
        (void) fputs("gatehouse: the output could not be written\n", process->err);
        return COMMAND_FAILED;
    }
    return code;
}

int command_run(const struct command_list *commands, const struct command_process *process) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct env env = {.clock = system_clock(), .random = system_random()};
    struct scope scope = {.arena = arena, .env = &env};
    struct command_words *words = NEW(arena, struct command_words);
    command_parse(&scope, commands, process->argc, process->argv, words);
    if (words->wants_version && words->call.command == NULL && words->wrong.len == 0) {
        static const char *const VERSION[] = {"gatehouse", "version"};
        command_parse(&scope, commands, 2, VERSION, words);
    }
    return flush_and_finish(process, run_words(commands, words, process, &env));
}
