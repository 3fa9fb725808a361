#include "base/form.h"

#include <assert.h>

#include "base/arena.h"
#include "base/percent.h"

static result decode(struct scope *scope, struct str text, struct str *ret) {
    struct str decoded;
    REQUIRE(scope, percent_decode(scope->arena, text, true, &decoded), INVALID, "form.malformed");
    REQUIRE(scope, str_is_utf8(decoded) && str_find_byte(decoded, '\0') < 0, INVALID,
            "form.malformed");
    *ret = decoded;
    return OK_RESULT;
}

result form_parse(struct scope *scope, struct str text, struct form *ret) {
    struct form form = {.count = 0};
    REQUIRE(scope, text.len <= FORM_MAX_BYTES, TOO_LARGE, "form.size");
    while (text.len > 0) {
        struct str piece;
        text = str_split(text, '&', &piece);
        if (piece.len == 0) {
            continue;
        }
        REQUIRE(scope, form.count < FORM_MAX_FIELDS, TOO_LARGE, "form.size");
        struct form_field *field = &form.fields[form.count++];
        struct str name;
        const struct str value = str_split(piece, '=', &name);
        REQUIRE(scope, name.len > 0, INVALID, "form.malformed");
        TRY(decode(scope, name, &field->name));
        TRY(decode(scope, value, &field->value));
    }
    *ret = form;
    return OK_RESULT;
}

result form_get(struct scope *scope, const struct form *form, struct str name, struct str *ret,
                bool *ret_is_present) {
    const struct form_field *found = NULL;
    for (size_t i = 0; i < form->count; i++) {
        if (str_eq(form->fields[i].name, name)) {
            REQUIRE(scope, found == NULL, INVALID, "form.duplicate");
            found = &form->fields[i];
        }
    }
    *ret = found == NULL ? STR("") : found->value;
    if (ret_is_present != NULL) {
        *ret_is_present = found != NULL;
    }
    return OK_RESULT;
}

/* A blank becomes %20, not '+': every decoder reads it, those of plain URLs too. */
struct str form_encode(struct arena *arena, struct str text) {
    return percent_encode(arena, text, "-._*");
}

struct str form_write(struct arena *arena, const struct form_field *fields, size_t count) {
    struct strbuf buf = strbuf_begin(arena, SIZE_MAX / 4);
    for (size_t i = 0; i < count; i++) {
        strbuf_add(&buf, i == 0 ? STR("") : STR("&"));
        strbuf_add(&buf, form_encode(arena, fields[i].name));
        strbuf_add_byte(&buf, '=');
        strbuf_add(&buf, form_encode(arena, fields[i].value));
    }
    return strbuf_str(&buf);
}
