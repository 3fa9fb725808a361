#include "gateway/setting_parse.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/url.h"

enum { MAX_FILE_BYTES = 256 * 1024, MAX_TEXT_BYTES = 4096, KEY_BYTES = 32, MAX_PORT = 65535 };

static void store(struct settings *settings, const struct setting *setting, const void *value,
                  size_t size) {
    memcpy((char *) settings + setting->at, value, size);
}

static void store_text(struct settings *settings, const struct setting *setting, struct str text) {
    store(settings, setting, &text, sizeof text); /* struct secret holds a str alone */
}

static void close_fd(const int *fd) {
    if (*fd >= 0) {
        (void) close(*fd);
    }
}

result setting_read_file(struct scope *scope, struct str path, struct str *ret) {
    const char *c_path = NULL;
    TRY(str_to_c(scope, path, &c_path));
    AUTO(close_fd) const int fd = open(c_path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    REQUIRE(scope, fd >= 0 && fstat(fd, &facts) == 0 && !S_ISDIR(facts.st_mode), INVALID,
            "settings.file");
    char *bytes = arena_alloc(scope->arena, MAX_FILE_BYTES + 1);
    size_t len = 0;
    for (;;) {
        const ssize_t got = read(fd, bytes + len, MAX_FILE_BYTES + 1 - len);
        REQUIRE(scope, got >= 0, INVALID, "settings.file");
        len += (size_t) got;
        REQUIRE(scope, len <= MAX_FILE_BYTES, INVALID, "settings.file");
        if (got == 0) {
            break;
        }
    }
    struct str text = {bytes, len};
    text.len -= str_has_suffix(text, STR("\n")) ? 1 : 0;
    text.len -= str_has_suffix(text, STR("\r")) ? 1 : 0;
    *ret = text;
    return OK_RESULT;
}

static struct str choices_text(struct arena *arena, const char *choices) {
    struct strbuf buf = strbuf_begin(arena, 256);
    struct str rest = str_from_c(choices);
    while (rest.len > 0) {
        struct str word;
        rest = str_split(rest, '|', &word);
        strbuf_add_c(&buf, buf.len == 0 ? "" : rest.len == 0 ? " or " : ", ");
        strbuf_add(&buf, word);
    }
    return strbuf_str(&buf);
}

struct str setting_describe(struct arena *arena, const struct setting *setting) {
    switch (setting->type) {
    case SETTING_TEXT: return STR("text");
    case SETTING_NUMBER:
        return str_format(arena, "a number from %lld to %lld", (long long) setting->min,
                          (long long) setting->max);
    case SETTING_BOOLEAN: return STR("true or false");
    case SETTING_CHOICE: return choices_text(arena, setting->choices);
    case SETTING_LISTEN: return STR("ADDRESS:PORT, as 127.0.0.1:8080 or [::1]:8080");
    case SETTING_DATABASE: return STR("sqlite:PATH or postgresql://…");
    case SETTING_WEB_URL: return STR("https://HOST without a path, or http:// on loopback");
    case SETTING_MAIL_URL: return STR("smtp://HOST:PORT or smtps://HOST:PORT");
    case SETTING_MAIL_ADDRESS: return STR("a mail address");
    case SETTING_PEM_FILE: return STR("a readable file with PEM certificates");
    case SETTING_KEY: return STR("base64 of 32 bytes, as from: openssl rand -base64 32");
    case SETTING_RANGES:
        return STR("a list of addresses or CIDR ranges, each with ports if needed");
    }
    return STR("");
}

static bool parse_number(struct scope *scope, const struct setting *setting, struct str text,
                         struct settings *settings) {
    int64_t number = 0;
    if (!is_ok(parse_i64(scope, text, setting->min, setting->max, &number))) {
        return false;
    }
    store(settings, setting, &number, sizeof number);
    return true;
}

static bool parse_boolean(const struct setting *setting, struct str text,
                          struct settings *settings) {
    const bool value = str_eq(text, STR("true"));
    if (!value && !str_eq(text, STR("false"))) {
        return false;
    }
    store(settings, setting, &value, sizeof value);
    return true;
}

static bool is_choice(const char *choices, struct str text) {
    struct str rest = str_from_c(choices);
    while (rest.len > 0) {
        struct str word;
        rest = str_split(rest, '|', &word);
        if (str_eq(word, text)) {
            return true;
        }
    }
    return false;
}

static bool is_listen_address(struct scope *scope, struct str text) {
    size_t colon = text.len;
    while (colon > 0 && text.at[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return false;
    }
    struct str host = str_first(text, colon - 1);
    const bool is_bracketed = str_has_prefix(host, STR("[")) && str_has_suffix(host, STR("]"));
    if (is_bracketed) {
        host = str_first(str_from(host, 1), host.len - 2);
    }
    unsigned char address[ADDRESS_BYTES];
    uint64_t port = 0;
    const bool is_ipv6 = str_find_byte(host, ':') >= 0;
    return is_bracketed == is_ipv6 && address_parse(host, address) &&
           is_ok(parse_u64(scope, str_from(text, colon), MAX_PORT, &port));
}

static bool is_database_url(struct str text) {
    const bool is_postgres =
        str_has_prefix(text, STR("postgresql://")) || str_has_prefix(text, STR("postgres://"));
    return is_postgres || (str_has_prefix(text, STR("sqlite:")) && text.len > 7);
}

static bool is_loopback_host(struct str host) {
    static const struct address_rule LOOPBACK[] = {
        {.address = {[10] = 0xff, [11] = 0xff, [12] = 127}, .prefix_bits = 104},
        {.address = {[15] = 1}, .prefix_bits = 128},
    };
    static const struct address_rules RULES = {LOOPBACK, 2};
    unsigned char address[ADDRESS_BYTES];
    return address_parse(host, address)
               ? address_matches(address, &RULES)
               : str_eq(host, STR("localhost")) || str_has_suffix(host, STR(".localhost"));
}

static bool parse_web_url(struct scope *scope, const struct setting *setting, struct str text,
                          struct settings *settings) {
    struct url url;
    if (!is_ok(url_parse_web(scope, text, true, &url)) || url.query.len > 0) {
        return false;
    }
    const bool is_plain = str_eq(url.scheme, STR("http"));
    if ((is_plain && !is_loopback_host(url.host)) ||
        (url.path.len > 0 && !str_eq(url.path, STR("/")))) {
        return false;
    }
    text.len -= url.path.len;
    store_text(settings, setting, text);
    return true;
}

static bool is_mail_url(struct scope *scope, struct str text) {
    struct url url;
    return is_ok(url_parse(scope, text, &url)) && url.host.len > 0 && url.path.len <= 1 &&
           (str_eq(url.scheme, STR("smtp")) || str_eq(url.scheme, STR("smtps")));
}

static bool parse_pem_file(struct scope *scope, const struct setting *setting, struct str path,
                           struct settings *settings) {
    struct str pem;
    if (!is_ok(setting_read_file(scope, path, &pem)) ||
        str_find(pem, STR("-----BEGIN CERTIFICATE-----")) < 0) {
        return false;
    }
    store_text(settings, setting, pem);
    return true;
}

static bool parse_key(struct scope *scope, const struct setting *setting, struct str text,
                      struct settings *settings) {
    struct str key;
    if (!is_ok(base64_decode(scope, text, &key)) || key.len != KEY_BYTES) {
        return false;
    }
    store_text(settings, setting, key);
    return true;
}

static bool parse_ranges(struct scope *scope, const struct setting *setting,
                         const struct setting_value *value, struct settings *settings) {
    struct address_rule *rules = NEW_ARRAY(scope->arena, value->count + 1, struct address_rule);
    for (size_t i = 0; i < value->count; i++) {
        if (!is_ok(address_rule_parse(scope, value->items[i], &rules[i]))) {
            return false;
        }
    }
    const struct address_rules list = {rules, value->count};
    store(settings, setting, &list, sizeof list);
    return true;
}

static bool keep_if(bool is_good, struct settings *settings, const struct setting *setting,
                    struct str text) {
    if (is_good) {
        store_text(settings, setting, text);
    }
    return is_good;
}

static bool parse_value(struct scope *scope, const struct setting *setting,
                        const struct setting_value *value, struct settings *settings) {
    const struct str text = value->count == 0 ? STR("") : value->items[0];
    struct str domain;
    switch (setting->type) {
    case SETTING_TEXT: return keep_if(true, settings, setting, text);
    case SETTING_NUMBER: return parse_number(scope, setting, text, settings);
    case SETTING_BOOLEAN: return parse_boolean(setting, text, settings);
    case SETTING_CHOICE: return keep_if(is_choice(setting->choices, text), settings, setting, text);
    case SETTING_LISTEN: return keep_if(is_listen_address(scope, text), settings, setting, text);
    case SETTING_DATABASE: return keep_if(is_database_url(text), settings, setting, text);
    case SETTING_WEB_URL: return parse_web_url(scope, setting, text, settings);
    case SETTING_MAIL_URL: return keep_if(is_mail_url(scope, text), settings, setting, text);
    case SETTING_MAIL_ADDRESS:
        return keep_if(is_ok(email_domain(scope, text, &domain)), settings, setting, text);
    case SETTING_PEM_FILE: return parse_pem_file(scope, setting, text, settings);
    case SETTING_KEY: return parse_key(scope, setting, text, settings);
    case SETTING_RANGES: return parse_ranges(scope, setting, value, settings);
    }
    return false;
}

struct str setting_parse(struct scope *scope, const struct setting *setting,
                         const struct setting_value *value, struct settings *settings) {
    for (size_t i = 0; i < value->count; i++) {
        const struct str item = value->items[i];
        if (item.len > MAX_TEXT_BYTES || str_has_control(item) || !str_is_utf8(item)) {
            return STR("has control characters or is too long");
        }
    }
    if (parse_value(scope, setting, value, settings)) {
        return STR("");
    }
    const struct str wanted = setting_describe(scope->arena, setting);
    return str_format(scope->arena, "must be %.*s", STR_ARG(wanted));
}
