/* An accepted form, written again, parses to the same fields. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct form form;
    if (!is_ok(form_parse(&scope, (struct str){(const char *) bytes, len}, &form))) {
        return 0;
    }
    struct form again;
    const struct str text = form_write(arena, form.fields, form.count);
    const bool is_parsed = text.len > FORM_MAX_BYTES || is_ok(form_parse(&scope, text, &again));
    assert(is_parsed);
    for (size_t i = 0; text.len <= FORM_MAX_BYTES && i < form.count; i++) {
        assert(str_eq(form.fields[i].name, again.fields[i].name));
        assert(str_eq(form.fields[i].value, again.fields[i].value));
    }
    return 0;
}
