#include "gateway/command_parse.h"

#include <string.h>

#include "base/arena.h"

const struct command_option COMMAND_GLOBAL_OPTIONS[] = {
    {"--config", "FILE", NULL, "settings file (YAML); otherwise GATEHOUSE_CONFIG"},
    {"--data", "DIR", "data_dir", "data folder"},
    {"--database", "URL", "database.url", "sqlite:PATH or postgresql://…"},
    {"--set", "KEY=VALUE", NULL, "any setting, may be repeated; see: gatehouse print-settings"},
    {"--log-level", "LEVEL", "log.level", "debug, info, warning or error"},
    {"--log-format", "FORMAT", "log.format", "auto, json or human"},
    {"--help", NULL, NULL, "this help, or that of the command"},
    {"--version", NULL, NULL, "same as: gatehouse version"},
    {NULL, NULL, NULL, NULL},
};

static const struct command_option JSON_OPTION = {"--json", NULL, NULL, "print JSON"};

struct parser {
    struct scope *scope;
    const struct command_list *commands;
    int argc, at;
    const char *const *argv;
    struct command_words *words;
    struct str group; /* first word of a command of two; empty: none seen */
};

static void refuse(struct parser *parser, const char *format, struct str text) {
    struct str wrong = str_from_c(format);
    const ptrdiff_t hole = str_find(wrong, STR("%"));
    if (hole >= 0) {
        wrong = str_format(parser->scope->arena, "%.*s%.*s%s", (int) hole, format, STR_ARG(text),
                           format + hole + 1);
    }
    if (parser->words->wrong.len == 0) { /* the first one explains the rest */
        parser->words->wrong = wrong;
    }
}

static const struct command_option *find_in(const struct command_option *options, struct str name) {
    for (; options != NULL && options->name != NULL; options++) {
        if (str_eq(str_from_c(options->name), name)) {
            return options;
        }
    }
    return NULL;
}

static const struct command_option *find_option(const struct parser *parser, struct str name) {
    const struct command *command = parser->words->call.command;
    if (command != NULL && command->prints_data && str_eq(name, STR("--json"))) {
        return &JSON_OPTION;
    }
    const struct command_option *found = find_in(COMMAND_GLOBAL_OPTIONS, name);
    return found == NULL && command != NULL ? find_in(command->options, name) : found;
}

static void add_argument(struct parser *parser, struct str name, struct str value) {
    struct command_words *words = parser->words;
    if (words->argument_count == COMMAND_MAX_ARGUMENTS) {
        refuse(parser, "too many settings", STR(""));
        return;
    }
    words->arguments[words->argument_count++] = (struct settings_argument){name, value};
}

static void take_set(struct parser *parser, struct str value) {
    if (str_find_byte(value, '=') <= 0) {
        refuse(parser, "--set wants KEY=VALUE, not %", value);
        return;
    }
    struct str name;
    const struct str rest = str_split(value, '=', &name);
    add_argument(parser, name, rest);
}

static void keep_option(struct parser *parser, const struct command_option *option,
                        struct str value) {
    struct command_words *words = parser->words;
    const struct str name = str_from_c(option->name);
    if (option->setting != NULL) {
        add_argument(parser, str_from_c(option->setting), value);
    } else if (str_eq(name, STR("--set"))) {
        take_set(parser, value);
    } else if (str_eq(name, STR("--config"))) {
        words->config = value.at; /* ends with argv's NUL */
    } else if (str_eq(name, STR("--help"))) {
        words->wants_help = true;
    } else if (str_eq(name, STR("--version"))) {
        words->wants_version = true;
    } else if (str_eq(name, STR("--json"))) {
        words->call.is_json = true;
    } else if (words->call.given_count == COMMAND_MAX_OPTIONS) {
        refuse(parser, "too many options", STR(""));
    } else {
        words->call.given[words->call.given_count++] = (struct command_given){option->name, value};
    }
}

/* "--name value", "--name=value" or a switch. */
static void take_option(struct parser *parser, struct str word) {
    struct str name;
    struct str value = str_split(word, '=', &name);
    const bool has_value = name.len < word.len;
    const struct command_option *option = find_option(parser, name);
    if (option == NULL) {
        refuse(parser,
               parser->words->call.command == NULL ? "% is no option, or stands before its command"
                                                   : "% is no option of this command",
               name);
        return;
    }
    if (option->value == NULL && has_value) {
        refuse(parser, "% takes no value", name);
        return;
    }
    if (option->value != NULL && !has_value) {
        if (parser->at == parser->argc) {
            refuse(parser, "% wants a value", name);
            return;
        }
        value = str_from_c(parser->argv[parser->at++]);
    }
    keep_option(parser, option, value);
}

static const struct command *find_command(const struct parser *parser, struct str name,
                                          bool *ret_is_group) {
    *ret_is_group = false;
    const struct str start = str_format(parser->scope->arena, "%.*s ", STR_ARG(name));
    for (size_t i = 0; i < parser->commands->count; i++) {
        const struct command *command = &parser->commands->commands[i];
        const struct str full = str_from_c(command->name);
        if (str_eq(full, name)) {
            return command;
        }
        *ret_is_group = *ret_is_group || str_has_prefix(full, start);
    }
    return NULL;
}

static void take_word(struct parser *parser, struct str word) {
    struct command_call *call = &parser->words->call;
    if (call->command != NULL) {
        if (call->operand_count == call->command->operand_count) {
            refuse(parser, "% is one word too many", word);
            return;
        }
        call->operands[call->operand_count++] = word;
        return;
    }
    const struct str name =
        parser->group.len == 0
            ? word
            : str_format(parser->scope->arena, "%.*s %.*s", STR_ARG(parser->group), STR_ARG(word));
    bool is_group = false;
    call->command = find_command(parser, name, &is_group);
    if (call->command == NULL && is_group && parser->group.len == 0) {
        parser->group = word;
    } else if (call->command == NULL) {
        refuse(parser, "% is no command", name);
    }
}

void command_parse(struct scope *scope, const struct command_list *commands, int argc,
                   const char *const *argv, struct command_words *ret) {
    *ret = (struct command_words){.call = {.scope = scope}};
    struct parser parser = {scope, commands, argc, 1, argv, ret, STR("")};
    bool are_words = false; /* behind "--" nothing is an option */
    while (parser.at < argc && ret->wrong.len == 0) {
        const struct str word = str_from_c(argv[parser.at++]);
        if (!are_words && str_eq(word, STR("--"))) {
            are_words = true;
        } else if (!are_words && str_has_prefix(word, STR("-")) && word.len > 1) {
            take_option(&parser, word);
        } else {
            take_word(&parser, word);
        }
    }
    const struct command *command = ret->call.command;
    if (command != NULL && !ret->wants_help && ret->call.operand_count < command->operand_count) {
        refuse(&parser, "% is missing", str_from_c(command->operands));
    }
    if (command == NULL && parser.group.len > 0 && !ret->wants_help) {
        refuse(&parser, "% wants one more word; see: gatehouse --help", parser.group);
    }
}
