#pragma once
/* One line per event, JSON or for people, with typed fields. There is no field for free text:
 * ids, codes, reasons, counts and durations are all that can be logged. */

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_JSON, LOG_FORMAT_HUMAN };

struct log;

/* Writes to the descriptor, a whole line per write(2); any thread. */
struct log *log_new(int fd, enum log_format format, enum log_level level);
void log_free(struct log **log);
/* Tests: the lines collect in memory instead. */
struct log *log_new_kept(void);
/* What was kept so far, copied. */
struct str log_kept(struct arena *arena, struct log *log);

enum log_field_kind { LOG_FIELD_END, LOG_FIELD_ID, LOG_FIELD_WORD, LOG_FIELD_NUMBER, LOG_FIELD_US };

struct log_field {
    enum log_field_kind kind;
    const char *name;
    struct str text;  /* LOG_FIELD_ID: [0-9A-Za-z._-] only, else shown as "?"; empty: left out */
    const char *word; /* LOG_FIELD_WORD: a literal of ours */
    int64_t number;
};

#define LOG_ID(name_, id_) ((struct log_field){LOG_FIELD_ID, "" name_, (id_), NULL, 0})
#define LOG_ORG(id_)       LOG_ID("org", id_)
#define LOG_USER(id_)      LOG_ID("user", id_)
#define LOG_REQUEST(id_)   LOG_ID("request", id_)
/* `word_` must be a literal or a name out of a table of ours, never data. */
#define LOG_WORD(name_, word_) ((struct log_field){LOG_FIELD_WORD, "" name_, {"", 0}, (word_), 0})
#define LOG_CODE(result_)      LOG_WORD("code", code_name((result_).code))
#define LOG_REASON(scope_)     LOG_WORD("reason", (scope_)->reason)
#define LOG_COUNT(name_, number_)                                                                  \
    ((struct log_field){LOG_FIELD_NUMBER, "" name_, {"", 0}, NULL, (number_)})
/* LOG_MS("took", us) is written as took_ms with three decimals. */
#define LOG_MS(name_, us_) ((struct log_field){LOG_FIELD_US, "" name_, {"", 0}, NULL, (us_)})

void log_write(const struct env *env, enum log_level level, const char *event,
               const struct log_field *fields, size_t count);

#define LOG_FIELDS_(...)                                                                           \
    (const struct log_field[]){__VA_ARGS__},                                                       \
        sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)
/* log_info(scope, "login.refused", LOG_ORG(id), LOG_CODE(r)); at least one field. */
#define log_debug(scope_, event_, ...)                                                             \
    log_write((scope_)->env, LOG_LEVEL_DEBUG, "" event_, LOG_FIELDS_(__VA_ARGS__))
#define log_info(scope_, event_, ...)                                                              \
    log_write((scope_)->env, LOG_LEVEL_INFO, "" event_, LOG_FIELDS_(__VA_ARGS__))
#define log_warning(scope_, event_, ...)                                                           \
    log_write((scope_)->env, LOG_LEVEL_WARNING, "" event_, LOG_FIELDS_(__VA_ARGS__))
#define log_error(scope_, event_, ...)                                                             \
    log_write((scope_)->env, LOG_LEVEL_ERROR, "" event_, LOG_FIELDS_(__VA_ARGS__))
