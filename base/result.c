#include "base/result.h"

#include <assert.h>
#include <stddef.h>

static const struct {
    const char *name;
    int status;
} CODES[] = {
    [OK] = {"ok", 200},
    [INVALID] = {"invalid", 400},
    [UNAUTHENTICATED] = {"unauthenticated", 401},
    [FORBIDDEN] = {"forbidden", 403},
    [NOT_FOUND] = {"not_found", 404},
    [CONFLICT] = {"conflict", 409},
    [TOO_LARGE] = {"too_large", 413},
    [THROTTLED] = {"throttled", 429},
    [UNAVAILABLE] = {"unavailable", 503},
    [INTERNAL] = {"internal", 500},
};

_Static_assert(sizeof CODES / sizeof CODES[0] == CODE_COUNT, "every code has a name and a status");

const char *code_name(enum code code) {
    assert(code < CODE_COUNT);
    return CODES[code].name;
}

int code_status(enum code code) {
    assert(code < CODE_COUNT);
    return CODES[code].status;
}
