#pragma once
/* application/x-www-form-urlencoded bodies and query strings, decoded strictly. */

#include "base/result.h"
#include "base/str.h"

enum { FORM_MAX_FIELDS = 64, FORM_MAX_BYTES = 1024 * 1024 };

struct form_field {
    struct str name, value; /* decoded UTF-8, may be empty */
};

struct form {
    size_t count;
    struct form_field fields[FORM_MAX_FIELDS];
};

/* '+' is a blank, %XX strictly two hex digits, UTF-8, no NUL; empty pieces between '&' are skipped,
 * a piece without a name is malformed. INVALID "form.malformed"; TOO_LARGE "form.size". Repeated
 * names are kept: see form_get. */
RESULT form_parse(struct scope *scope, struct str text, struct form *ret);
/* Absent: OK and empty (*ret_is_present may be NULL). Twice: INVALID "form.duplicate". */
RESULT form_get(struct scope *scope, const struct form *form, struct str name, struct str *ret,
                bool *ret_is_present);
struct str form_encode(struct arena *arena, struct str text);
/* "name=value&…" from pairs, in order. */
struct str form_write(struct arena *arena, const struct form_field *fields, size_t count);
