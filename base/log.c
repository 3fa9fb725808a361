#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/time_text.h"

/* Below PIPE_BUF, so that a line is written as one piece into a pipe. */
enum { LINE_BYTES = 2048, ID_MAX_BYTES = 128 };

struct log { /* any thread: constant but for what was kept */
    int fd;  /* -1: kept */
    enum log_format format;
    enum log_level level;
    pthread_mutex_t mutex; /* guards the rest */
    char *kept;
    size_t kept_len, kept_capacity;
};

static void *need_memory(void *bytes) {
    if (bytes == NULL) {
        abort();
    }
    return bytes;
}

struct log *log_new(int fd, enum log_format format, enum log_level level) {
    struct log *log = need_memory(calloc(1, sizeof *log));
    log->fd = fd;
    log->format = format;
    log->level = level;
    const int failed = pthread_mutex_init(&log->mutex, NULL);
    assert(!failed);
    return log;
}

struct log *log_new_kept(void) {
    return log_new(-1, LOG_FORMAT_JSON, LOG_LEVEL_DEBUG);
}

void log_free(struct log **log) {
    if (*log == NULL) {
        return;
    }
    (void) pthread_mutex_destroy(&(*log)->mutex);
    free((*log)->kept);
    free(*log);
    *log = NULL;
}

struct str log_kept(struct arena *arena, struct log *log) {
    (void) pthread_mutex_lock(&log->mutex);
    const struct str copy = str_copy(arena, (struct str){log->kept, log->kept_len});
    (void) pthread_mutex_unlock(&log->mutex);
    return copy;
}

static void keep(struct log *log, struct str line) {
    (void) pthread_mutex_lock(&log->mutex);
    if (log->kept_capacity - log->kept_len < line.len) {
        log->kept_capacity = 2 * log->kept_capacity + LINE_BYTES;
        log->kept = need_memory(realloc(log->kept, log->kept_capacity));
    }
    memcpy(log->kept + log->kept_len, line.at, line.len);
    log->kept_len += line.len;
    (void) pthread_mutex_unlock(&log->mutex);
}

/* A line that cannot be written is lost: logging must not stop the service. */
static void write_line(int fd, struct str line) {
    while (line.len > 0) {
        const ssize_t written = write(fd, line.at, line.len);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        line = str_from(line, (size_t) written);
    }
}

struct line {
    char bytes[LINE_BYTES];
    size_t len;
    bool is_human, is_cut;
};

/* The last 32 bytes are for the end of the line. */
static bool has_room(struct line *line, size_t len) {
    line->is_cut = line->is_cut || len > LINE_BYTES - 32 - line->len;
    return !line->is_cut;
}

static void put_text(struct line *line, struct str text) {
    memcpy(line->bytes + line->len, text.at, text.len);
    line->len += text.len;
}

/* `value` is number or text in which nothing needs an escape. */
static void put_pair(struct line *line, struct str name, struct str value, bool is_quoted) {
    if (!has_room(line, name.len + value.len + 8)) {
        return;
    }
    const bool has_quotes = is_quoted && !line->is_human;
    if (line->is_human) {
        put_text(line, STR(" "));
        put_text(line, name);
        put_text(line, STR("="));
    } else {
        put_text(line, line->len > 1 ? STR(",\"") : STR("\""));
        put_text(line, name);
        put_text(line, STR("\":"));
    }
    put_text(line, has_quotes ? STR("\"") : STR(""));
    put_text(line, value);
    put_text(line, has_quotes ? STR("\"") : STR(""));
}

static bool is_word_byte(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '.' || byte == '_' || byte == '-';
}

/* Whatever came from outside is shown whole or not at all. */
static struct str clean_or_unknown(struct str text) {
    bool is_clean = text.len > 0 && text.len <= ID_MAX_BYTES;
    for (size_t i = 0; is_clean && i < text.len; i++) {
        is_clean = is_word_byte(text.at[i]);
    }
    return is_clean ? text : STR("?");
}

static void put_milliseconds(struct line *line, const struct log_field *field) {
    char name[64];
    char digits[40];
    const bool is_negative = field->number < 0;
    const uint64_t us = is_negative ? -(uint64_t) field->number : (uint64_t) field->number;
    (void) snprintf(name, sizeof name, "%s_ms", field->name);
    (void) snprintf(digits, sizeof digits, "%s%llu.%03llu", is_negative ? "-" : "",
                    (unsigned long long) (us / 1000), (unsigned long long) (us % 1000));
    put_pair(line, str_from_c(name), str_from_c(digits), false);
}

static void put_field(struct line *line, const struct log_field *field) {
    const struct str name = str_from_c(field->name);
    char digits[24];
    switch (field->kind) {
    case LOG_FIELD_END: break;
    case LOG_FIELD_ID:
        if (field->text.len > 0) {
            put_pair(line, name, clean_or_unknown(field->text), true);
        }
        break;
    case LOG_FIELD_WORD:
        if (field->word != NULL) {
            put_pair(line, name, clean_or_unknown(str_from_c(field->word)), true);
        }
        break;
    case LOG_FIELD_NUMBER:
        (void) snprintf(digits, sizeof digits, "%lld", (long long) field->number);
        put_pair(line, name, str_from_c(digits), false);
        break;
    case LOG_FIELD_US: put_milliseconds(line, field); break;
    }
}

static void put_start(struct line *line, int64_t now_us, enum log_level level, const char *event) {
    static const struct {
        struct str json, human;
    } LEVELS[] = {
        [LOG_LEVEL_DEBUG] = {STR_INIT("debug"), STR_INIT(" DEBUG   ")},
        [LOG_LEVEL_INFO] = {STR_INIT("info"), STR_INIT(" INFO    ")},
        [LOG_LEVEL_WARNING] = {STR_INIT("warning"), STR_INIT(" WARNING ")},
        [LOG_LEVEL_ERROR] = {STR_INIT("error"), STR_INIT(" ERROR   ")},
    };
    char time[TIME_TEXT_LEN];
    time_format_into(now_us, time);
    const struct str name = clean_or_unknown(str_from_c(event));
    if (line->is_human) {
        put_text(line, (struct str){time, sizeof time});
        put_text(line, LEVELS[level].human);
        put_text(line, name);
        return;
    }
    put_text(line, STR("{"));
    put_pair(line, STR("time"), (struct str){time, sizeof time}, true);
    put_pair(line, STR("level"), LEVELS[level].json, true);
    put_pair(line, STR("event"), name, true);
}

static void put_end(struct line *line) {
    if (line->is_cut) {
        put_text(line, line->is_human ? STR(" cut=true") : STR(",\"cut\":true"));
    }
    put_text(line, line->is_human ? STR("\n") : STR("}\n"));
}

void log_write(const struct env *env, enum log_level level, const char *event,
               const struct log_field *fields, size_t count) {
    struct log *log = env == NULL ? NULL : env->log;
    if (log == NULL || level < log->level) {
        return;
    }
    struct line line;
    line.len = 0;
    line.is_human = log->format == LOG_FORMAT_HUMAN;
    line.is_cut = false;
    put_start(&line, clock_now_us(env->clock), level, event);
    for (size_t i = 0; i < count; i++) {
        put_field(&line, &fields[i]);
    }
    put_end(&line);
    const struct str text = {line.bytes, line.len};
    if (log->fd < 0) {
        keep(log, text);
    } else {
        write_line(log->fd, text);
    }
}
