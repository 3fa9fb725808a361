#include "gateway/settings.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/url.h"
#include "base/yaml.h"
#include "gateway/setting_parse.h"

/* Sources in order; a later one replaces what an earlier one gave. All problems are collected. */

static const char PREFIX[] = "GATEHOUSE_";

/* What the sources gave for one setting. */
struct given {
    struct setting_value value;
    struct str where;
    enum setting_origin origin;
    bool is_present, is_path; /* path: NAME_file, the value stands in that file */
};

struct loader {
    struct scope *scope;
    struct settings_report *report;
    const struct setting *table;
    size_t count;
    struct given given[SETTINGS_MAX];
};

static void complain(struct loader *loader, struct str where, struct str key, struct str what) {
    struct settings_report *report = loader->report;
    if (report->count < SETTINGS_MAX_PROBLEMS) {
        report->problems[report->count++] = (struct settings_problem){where, key, what};
    }
}

/* The row of a key, or of the secret that KEY_file points to. -1: no such setting. */
static ptrdiff_t find_row(const struct loader *loader, struct str key, bool *ret_is_path) {
    for (size_t i = 0; i < loader->count; i++) {
        const struct setting *setting = &loader->table[i];
        const struct str name = str_from_c(setting->name);
        *ret_is_path = setting->is_secret && str_has_suffix(key, STR("_file")) &&
                       str_eq(str_first(key, key.len - 5), name);
        if (str_eq(key, name) || *ret_is_path) {
            return (ptrdiff_t) i;
        }
    }
    return -1;
}

/* Keeps what a source says about a key; the rules of one source against itself. */
static void take(struct loader *loader, struct str key, const struct given *given) {
    bool is_path = false;
    const ptrdiff_t row = find_row(loader, key, &is_path);
    if (row < 0) {
        complain(loader, given->where, key, STR("is no setting; see: gatehouse print-settings"));
        return;
    }
    struct given *kept = &loader->given[row];
    if (kept->is_present && kept->origin == given->origin && kept->is_path != is_path) {
        complain(loader, given->where, key, STR("is given as a value and as a file"));
    }
    *kept = *given;
    kept->is_present = true;
    kept->is_path = is_path;
}

static bool wants_list(const struct loader *loader, struct str key) {
    bool is_path = false;
    const ptrdiff_t row = find_row(loader, key, &is_path);
    return row >= 0 && loader->table[row].type == SETTING_RANGES;
}

static void take_entry(struct loader *loader, struct str name, const struct yaml_entry *entry) {
    struct arena *arena = loader->scope->arena;
    bool is_path = false;
    struct given given = {.origin = ORIGIN_FILE};
    given.where = str_format(arena, "%.*s:%zu", STR_ARG(name), entry->line);
    const bool is_known = find_row(loader, entry->key, &is_path) >= 0;
    if (is_known && entry->is_empty) {
        complain(loader, given.where, entry->key, STR("has no value"));
        return;
    }
    if (is_known && entry->is_list != wants_list(loader, entry->key)) {
        complain(loader, given.where, entry->key,
                 entry->is_list ? STR("must be one value, not a list") : STR("must be a list"));
        return;
    }
    struct str *items = NEW_ARRAY(arena, entry->count + 1, struct str);
    for (size_t i = 0; i < entry->count; i++) {
        items[i] = entry->items[i].text;
    }
    given.value = (struct setting_value){items, entry->count};
    take(loader, entry->key, &given);
}

static void load_file(struct loader *loader, const char *path) {
    struct arena *arena = loader->scope->arena;
    const struct str name = str_from_c(path);
    struct str text;
    if (!is_ok(setting_read_file(loader->scope, name, &text))) {
        complain(loader, name, STR(""), STR("cannot be read"));
        return;
    }
    const struct yaml_document document = yaml_read(arena, text);
    for (size_t i = 0; i < document.problem_count; i++) {
        const struct yaml_problem *problem = &document.problems[i];
        const struct str where = str_format(arena, "%s:%zu", path, problem->line);
        complain(loader, where, problem->key, str_from_c(problem->what));
    }
    for (size_t i = 0; i < document.entry_count; i++) {
        take_entry(loader, name, &document.entries[i]);
    }
}

/* A list in one text: "10.0.0.0/8 443, ::1". */
static struct setting_value split_list(struct arena *arena, struct str text) {
    struct str *items = NEW_ARRAY(arena, text.len + 1, struct str);
    size_t count = 0;
    while (text.len > 0) {
        struct str item;
        text = str_split(text, ',', &item);
        item = str_trim_blanks(item);
        if (item.len > 0) {
            items[count++] = item;
        }
    }
    return (struct setting_value){items, count};
}

static void take_text(struct loader *loader, struct str key, struct str text, struct given given) {
    struct arena *arena = loader->scope->arena;
    struct str *one = NEW(arena, struct str);
    *one = text;
    given.value =
        wants_list(loader, key) ? split_list(arena, text) : (struct setting_value){one, 1};
    take(loader, key, &given);
}

static bool is_variable_of(struct str name, const char *setting, const char *suffix) {
    const size_t len = strlen(setting);
    if (name.len != len + strlen(suffix) || !str_has_suffix(name, str_from_c(suffix))) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char want = setting[i] == '.' ? '_' : (char) toupper((unsigned char) setting[i]);
        if (name.at[i] != want) {
            return false;
        }
    }
    return true;
}

/* Kubernetes sets these in every pod beside a service that is called gatehouse; GATEHOUSE_CONFIG is
 * the command line's. */
static bool is_not_ours(struct str name) {
    return str_eq(name, STR("PORT")) || str_has_prefix(name, STR("PORT_")) ||
           str_has_prefix(name, STR("SERVICE_")) || str_eq(name, STR("CONFIG"));
}

static void take_variable(struct loader *loader, struct str name, struct str value) {
    const struct given given = {.where = STR("the environment"), .origin = ORIGIN_ENVIRONMENT};
    for (size_t i = 0; i < loader->count; i++) {
        const struct setting *setting = &loader->table[i];
        if (is_variable_of(name, setting->name, "")) {
            take_text(loader, str_from_c(setting->name), value, given);
            return;
        }
        if (setting->is_secret && is_variable_of(name, setting->name, "_FILE")) {
            const struct str key = str_format(loader->scope->arena, "%s_file", setting->name);
            take_text(loader, key, value, given);
            return;
        }
    }
    if (!is_not_ours(name)) {
        const struct str key = str_format(loader->scope->arena, "%s%.*s", PREFIX, STR_ARG(name));
        complain(loader, given.where, key, STR("is no setting; see: gatehouse print-settings"));
    }
}

static void load_environment(struct loader *loader, const char *const *environment) {
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        struct str name;
        const struct str value = str_split(str_from_c(environment[i]), '=', &name);
        if (str_has_prefix(name, str_from_c(PREFIX))) {
            take_variable(loader, str_from(name, sizeof PREFIX - 1), value);
        }
    }
}

static void load_arguments(struct loader *loader, const struct settings_input *input) {
    const struct given given = {.where = STR("the command line"), .origin = ORIGIN_ARGUMENT};
    for (size_t i = 0; i < input->argument_count; i++) {
        take_text(loader, input->arguments[i].name, input->arguments[i].value, given);
    }
}

static struct str join(struct arena *arena, const struct setting_value *value) {
    struct strbuf buf = strbuf_begin(arena, 64 * 1024);
    for (size_t i = 0; i < value->count; i++) {
        strbuf_add_c(&buf, i > 0 ? ", " : "");
        strbuf_add(&buf, value->items[i]);
    }
    return strbuf_str(&buf);
}

static bool read_secret(struct loader *loader, const struct setting *setting, struct given *given) {
    struct str *text = NEW(loader->scope->arena, struct str);
    const struct str path = given->value.count == 0 ? STR("") : given->value.items[0];
    if (!is_ok(setting_read_file(loader->scope, path, text))) {
        const struct str key = str_format(loader->scope->arena, "%s_file", setting->name);
        complain(loader, given->where, key, STR("names a file that cannot be read"));
        return false;
    }
    given->value = (struct setting_value){text, 1};
    return true;
}

static void load_value(struct loader *loader, size_t row, struct settings *settings) {
    const struct setting *setting = &loader->table[row];
    struct given given = loader->given[row];
    const struct str fallback = str_from_c(setting->fallback);
    const struct str key = str_from_c(setting->name);
    if (!given.is_present) {
        given.value = (struct setting_value){&fallback, fallback.len > 0 ? 1 : 0};
    }
    if (given.is_path && !read_secret(loader, setting, &given)) {
        return;
    }
    const struct str text = join(loader->scope->arena, &given.value);
    settings->texts[row] = text;
    settings->origins[row] = given.origin;
    if (text.len == 0 && fallback.len == 0) {
        return; /* as if it were not given: the fields are empty already */
    }
    const struct str wrong = text.len == 0
                                 ? STR("has no value")
                                 : setting_parse(loader->scope, setting, &given.value, settings);
    if (wrong.len > 0) {
        complain(loader, given.where, key, wrong);
    }
}

static bool is_loopback_listen(struct str listen) {
    return str_has_prefix(listen, STR("127.")) || str_has_prefix(listen, STR("[::1]:"));
}

static void show(const struct loader *loader, struct settings *settings, struct str key,
                 struct str text) {
    bool is_path = false;
    const ptrdiff_t row = find_row(loader, key, &is_path);
    settings->texts[row] = text;
}

/* Values that hang on other values. */
static void derive(const struct loader *loader, struct settings *settings) {
    struct arena *arena = loader->scope->arena;
    if (settings->database_url.len == 0) {
        settings->database_url =
            str_format(arena, "sqlite:%.*s/gatehouse.db", STR_ARG(settings->data_dir));
        show(loader, settings, STR("database.url"), settings->database_url);
    }
    if (settings->http_public_url.len == 0 && is_loopback_listen(settings->http_listen)) {
        settings->http_public_url =
            str_format(arena, "http://%.*s", STR_ARG(settings->http_listen));
        show(loader, settings, STR("http.public_url"), settings->http_public_url);
    }
}

static void check_together(struct loader *loader, const struct settings *settings) {
    const struct {
        bool is_broken;
        const char *key, *what;
    } rules[] = {
        {settings->http_public_url.len == 0, "http.public_url",
         "is needed when http.listen is no loopback address"},
        {settings->secrets_key.bytes.len == 0 &&
             !str_has_prefix(settings->database_url, STR("sqlite:")),
         "secrets.key", "is needed with PostgreSQL: every node has the same key"},
        {settings->smtp_url.len > 0 && settings->smtp_from.len == 0, "smtp.from",
         "is needed with smtp.url"},
        {settings->smtp_user.len > 0 && settings->smtp_password.bytes.len == 0, "smtp.password",
         "is needed with smtp.user"},
        {settings->smtp_password.bytes.len > 0 && settings->smtp_user.len == 0, "smtp.user",
         "is needed with smtp.password"},
        {settings->session_idle_minutes > settings->session_absolute_hours * 60,
         "session.idle_minutes", "must not be longer than session.absolute_hours"},
        {settings->http_header_timeout_ms > settings->http_request_timeout_ms,
         "http.header_timeout_ms", "must not be longer than http.request_timeout_ms"},
        {str_eq(settings->http_listen, settings->ops_listen) &&
             !str_has_suffix(settings->ops_listen, STR(":0")),
         "ops.listen", "must differ from http.listen"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].is_broken) {
            complain(loader, STR(""), str_from_c(rules[i].key), str_from_c(rules[i].what));
        }
    }
}

result settings_load(struct scope *scope, const struct settings_input *input,
                     struct settings_report *report, struct settings *ret) {
    struct loader *loader = NEW(scope->arena, struct loader);
    struct settings *settings = NEW(scope->arena, struct settings);
    loader->scope = scope;
    loader->report = report;
    loader->table = settings_table(&loader->count);
    report->count = 0;
    if (input->file != NULL) {
        load_file(loader, input->file);
    }
    load_environment(loader, input->environment);
    load_arguments(loader, input);
    for (size_t i = 0; i < loader->count; i++) {
        load_value(loader, i, settings);
    }
    derive(loader, settings);
    if (report->count == 0) { /* rules about values that were all understood */
        check_together(loader, settings);
    }
    REQUIRE(scope, report->count == 0, INVALID, "settings.invalid");
    *ret = *settings;
    return OK_RESULT;
}
