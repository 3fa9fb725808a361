#include "base/fold.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/arena.h"

static void free_bytes(utf8proc_uint8_t **bytes) {
    free(*bytes);
}

/* Controls of both sets, and the separators that end a line or a paragraph. */
static bool is_control(utf8proc_int32_t code_point) {
    const utf8proc_category_t category = utf8proc_category(code_point);
    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

static bool has_control(struct str text) {
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *) text.at;
    utf8proc_ssize_t left = (utf8proc_ssize_t) text.len;
    while (left > 0) {
        utf8proc_int32_t code_point = -1;
        const utf8proc_ssize_t len = utf8proc_iterate(at, left, &code_point);
        if (len <= 0 || is_control(code_point)) {
            return true;
        }
        at += len;
        left -= len;
    }
    return false;
}

static result map(struct scope *scope, struct str text, int options, struct str *ret) {
    AUTO(free_bytes) utf8proc_uint8_t *mapped = NULL;
    const utf8proc_ssize_t len =
        utf8proc_map((const utf8proc_uint8_t *) text.at, (utf8proc_ssize_t) text.len, &mapped,
                     (utf8proc_option_t) options);
    REQUIRE(scope, len >= 0, INVALID, "text.utf8");
    *ret = str_copy(scope->arena, (struct str){(const char *) mapped, (size_t) len});
    return OK_RESULT;
}

/* Unicode 3.13, D147 and toNFKC_Casefold. Decomposing first gives canonically equal texts one key:
 * case folding makes a letter of the Greek iota subscript, and marks must be in order by then. */
static result casefold(struct scope *scope, struct str text, struct str *ret) {
    struct str decomposed;
    TRY(map(scope, text, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &decomposed));
    return map(scope, decomposed,
               UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                   UTF8PROC_IGNORE,
               ret);
}

result fold_key(struct scope *scope, struct str text, struct str *ret) {
    struct str key;
    REQUIRE(scope, text.len <= FOLD_MAX_BYTES, TOO_LARGE, "text.size");
    REQUIRE(scope, str_is_utf8(text), INVALID, "text.utf8");
    text = str_trim_blanks(text);
    REQUIRE(scope, !has_control(text), INVALID, "text.control");
    TRY(casefold(scope, text, &key));
    *ret = str_trim_blanks(key); /* wide and unbreakable blanks have become plain ones */
    return OK_RESULT;
}
