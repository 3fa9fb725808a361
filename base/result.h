#pragma once
/* The one error convention: a function that can fail returns `result`, and the compiler refuses to
 * let it be ignored or used as a truth value. */

#include <stdbool.h>

#define MUST_USE __attribute__((warn_unused_result))
#define RESULT   MUST_USE result

struct arena;
struct env;

enum code {
    OK = 0,
    INVALID,         /* 400: the caller sent something malformed */
    UNAUTHENTICATED, /* 401 */
    FORBIDDEN,       /* 403 */
    NOT_FOUND,       /* 404 */
    CONFLICT,        /* 409: unique or state rule broken */
    TOO_LARGE,       /* 413 */
    THROTTLED,       /* 429: a limit of this client; with Retry-After */
    UNAVAILABLE,     /* 503: database or peer is away; may be retried */
    INTERNAL,        /* 500: our bug */
    CODE_COUNT
};

typedef struct result { /* not a scalar: cannot be used as a truth value */
    enum code code;
} result;

/* What every function of one unit of work may use. */
struct scope {
    struct arena *arena;
    const struct env *env;
    const char *reason; /* set by FAIL: a literal, never data */
};

#define OK_RESULT ((result){OK})

static inline bool is_ok(result r) {
    return r.code == OK;
}

/* Makes a failure. The "" glued to the reason lets only a string literal compile. */
#define FAIL(scope, failure, why) ((scope)->reason = "" why, (result){failure})

/* Passes a failure on. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        const result try_result_ = (expression);                                                   \
        if (try_result_.code != OK) {                                                              \
            return try_result_;                                                                    \
        }                                                                                          \
    } while (0)

/* Makes a failure and returns it unless the condition holds. */
#define REQUIRE(scope, condition, failure, why)                                                    \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return FAIL(scope, failure, why);                                                      \
        }                                                                                          \
    } while (0)

/* A handle that is closed when its block ends: AUTO(tx_end) struct tx *tx = NULL;
 * The closing function takes a pointer to the handle and accepts a NULL handle. */
#define AUTO(close_function) __attribute__((cleanup(close_function)))

/* "invalid", "unauthenticated" …: for logs and metrics. */
const char *code_name(enum code code);
/* The HTTP status of a code: 200, 400 … */
int code_status(enum code code);
