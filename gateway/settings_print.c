#include "gateway/settings_print.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "gateway/setting_parse.h"

enum { MAX_OUTPUT_BYTES = 256 * 1024, VALUE_WIDTH = 32, NAME_WIDTH = 36 };

static const char *origin_name(enum setting_origin origin) {
    switch (origin) {
    case ORIGIN_DEFAULT: return "default";
    case ORIGIN_FILE: return "file";
    case ORIGIN_ENVIRONMENT: return "environment";
    case ORIGIN_ARGUMENT: return "command line";
    }
    return "";
}

/* A database's address without its credentials: they stand before the '@', or in the query. */
static struct str hide_credentials(struct arena *arena, struct str url) {
    const ptrdiff_t scheme_end = str_find(url, STR("://"));
    if (scheme_end < 0) {
        return url;
    }
    struct str rest = str_from(url, (size_t) scheme_end + 3);
    (void) str_split(rest, '?', &rest);
    for (ptrdiff_t at = str_find_byte(rest, '@'); at >= 0; at = str_find_byte(rest, '@')) {
        rest = str_from(rest, (size_t) at + 1);
    }
    return str_format(arena, "%.*s://%.*s", (int) scheme_end, url.at, STR_ARG(rest));
}

static struct str shown(struct arena *arena, const struct setting *setting, struct str text) {
    if (setting->type == SETTING_DATABASE) {
        return hide_credentials(arena, text);
    }
    return setting->is_secret && text.len > 0 ? STR("(set)") : text;
}

struct str settings_as_text(struct arena *arena, const struct settings *settings) {
    struct strbuf buf = strbuf_begin(arena, MAX_OUTPUT_BYTES);
    size_t count = 0;
    const struct setting *table = settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct str value = shown(arena, &table[i], settings->texts[i]);
        const struct str text = value.len == 0 ? STR("-") : value;
        strbuf_add(&buf, str_format(arena, "%-*s %-*.*s %s\n", NAME_WIDTH, table[i].name,
                                    VALUE_WIDTH, STR_ARG(text), origin_name(settings->origins[i])));
    }
    return strbuf_str(&buf);
}

static void write_value(struct json_out *out, const struct setting *setting, struct str text,
                        const struct settings *settings) {
    const char *field = (const char *) settings + setting->at;
    if (setting->type == SETTING_NUMBER) {
        int64_t number = 0;
        memcpy(&number, field, sizeof number);
        json_out_member_number(out, "value", number);
    } else if (setting->type == SETTING_BOOLEAN) {
        bool value = false;
        memcpy(&value, field, sizeof value);
        json_out_member_boolean(out, "value", value);
    } else {
        json_out_member_or_null(out, "value", text);
    }
}

struct str settings_as_json(struct arena *arena, const struct settings *settings) {
    struct json_out out = json_out_begin(arena);
    size_t count = 0;
    const struct setting *table = settings_table(&count);
    json_out_open_object(&out);
    for (size_t i = 0; i < count; i++) {
        json_out_name(&out, table[i].name);
        json_out_open_object(&out);
        write_value(&out, &table[i], shown(arena, &table[i], settings->texts[i]), settings);
        json_out_member(&out, "origin", str_from_c(origin_name(settings->origins[i])));
        json_out_close_object(&out);
    }
    json_out_close_object(&out);
    return json_out_end(&out);
}

static const char INTRODUCTION[] =
    "# Settings\n"
    "\n"
    "Made by `gatehouse print-settings --markdown`; `ctest` compares.\n"
    "\n"
    "A setting comes from, in this order, the file that `--config` (or `GATEHOUSE_CONFIG`) names, "
    "the\n"
    "environment, and the command line; the last one wins. `gatehouse check-config` reports every\n"
    "mistake at once, `gatehouse print-settings` shows what is in force and where it came from.\n"
    "\n"
    "```yaml\n"
    "data_dir: /var/lib/gatehouse\n"
    "http:\n"
    "  public_url: https://chat.example.com\n"
    "  trusted_proxies: [10.0.0.0/8]\n"
    "smtp:\n"
    "  password_file: /run/secrets/smtp\n"
    "```\n"
    "\n"
    "The same in the environment: `GATEHOUSE_HTTP_PUBLIC_URL=https://chat.example.com`,\n"
    "`GATEHOUSE_HTTP_TRUSTED_PROXIES=10.0.0.0/8` (lists are separated by commas); on the command\n"
    "line: `--set http.public_url=https://chat.example.com`. Unknown and repeated keys are "
    "errors.\n"
    "A *secret* may be given as `NAME_file` (`GATEHOUSE_…_FILE`): the value is what the file "
    "holds.\n"
    "\n"
    "| setting | value | default | meaning |\n"
    "|---|---|---|---|\n";

struct str settings_as_markdown(struct arena *arena) {
    struct strbuf buf = strbuf_begin(arena, MAX_OUTPUT_BYTES);
    size_t count = 0;
    const struct setting *table = settings_table(&count);
    strbuf_add_c(&buf, INTRODUCTION);
    for (size_t i = 0; i < count; i++) {
        const struct setting *setting = &table[i];
        const bool has_default = setting->fallback[0] != '\0';
        const struct str kind = setting_describe(arena, setting);
        strbuf_add(&buf, str_format(arena, "| `%s` | %s%.*s | %s%s%s | %s |\n", setting->name,
                                    setting->is_secret ? "*secret*, " : "", STR_ARG(kind),
                                    has_default ? "`" : "", setting->fallback,
                                    has_default ? "`" : "", setting->help));
    }
    return strbuf_str(&buf);
}
