#pragma once
/* Text and bytes as a slice passed by value. Not NUL-terminated: str_to_c makes the copy that a
 * library wants and refuses an embedded NUL. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

struct arena;

struct str {
    const char *at;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* The same for static tables. */
#define STR_INIT(literal)                                                                          \
    { "" literal, sizeof(literal) - 1 }

struct str str_from_c(const char *text); /* NULL gives an empty slice */
bool str_eq(struct str a, struct str b);
bool str_eq_ascii_nocase(struct str a, struct str b);
int str_compare(struct str a, struct str b); /* by bytes: < 0, 0, > 0 */
bool str_is_empty(struct str text);
bool str_has_prefix(struct str text, struct str prefix);
bool str_has_suffix(struct str text, struct str suffix);
/* The slice behind `skip` bytes; empty when there are fewer. */
struct str str_from(struct str text, size_t skip);
struct str str_first(struct str text, size_t len);
/* The same for UTF-8: a character that would be cut in two is left out. */
struct str str_first_text(struct str text, size_t len);
/* Position of the byte or of the text; -1 when absent. */
ptrdiff_t str_find_byte(struct str text, char byte);
ptrdiff_t str_find(struct str text, struct str needle);
/* Splits at the first `separator`: head gets what is before, the result is what is behind.
 * Without a separator head is everything and the rest empty. */
struct str str_split(struct str text, char separator, struct str *ret_head);
struct str str_trim_blanks(struct str text); /* spaces and tabs */
bool str_is_utf8(struct str text);
/* True when any byte is below 0x20 or 0x7f. */
bool str_has_control(struct str text);

struct str str_copy(struct arena *arena, struct str text);
struct str str_lower_ascii(struct arena *arena, struct str text);
/* Refuses an embedded NUL: INVALID "text.nul". */
RESULT str_to_c(struct scope *scope, struct str text, const char **ret);
/* printf into the arena, for text that our own code makes (URLs, SQL-free messages). */
struct str str_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* For "%.*s": STR_ARG(text). */
#define STR_ARG(text) ((int) (text).len), (text).at

/* Decimal digits only, the whole slice, within the range; else INVALID "text.number". */
RESULT parse_u64(struct scope *scope, struct str text, uint64_t max, uint64_t *ret);
RESULT parse_i64(struct scope *scope, struct str text, int64_t min, int64_t max, int64_t *ret);

/* A growing text with a limit given at birth. Past the limit it stops growing and is_full is set:
 * strbuf_finish then fails with TOO_LARGE "text.limit". */
struct strbuf {
    struct arena *arena;
    char *at;
    size_t len, capacity, limit;
    bool is_full;
};

struct strbuf strbuf_begin(struct arena *arena, size_t limit);
void strbuf_add(struct strbuf *buf, struct str text);
void strbuf_add_c(struct strbuf *buf, const char *text);
void strbuf_add_byte(struct strbuf *buf, char byte);
void strbuf_add_number(struct strbuf *buf, int64_t number);
RESULT strbuf_finish(struct scope *scope, const struct strbuf *buf, struct str *ret);
/* What is there, without the check: for text whose size our own code bounds. */
struct str strbuf_str(const struct strbuf *buf);
