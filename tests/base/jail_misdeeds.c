#include "tests/base/jail_misdeeds.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/jail_filter.h"
#include "base/jail_internal.h"

static const struct jail_limits REQUESTS = {
    .frame = 512 * 1024,
    .tags = {[TAG_TEXT] = 512 * 1024, [TAG_NUMBER] = 8, [TAG_ONLY_REQUEST] = 8},
};
static const struct jail_limits ANSWERS = {.frame = 64 * 1024,
                                           .tags = {[TAG_TEXT] = 64 * 1024, [TAG_NUMBER] = 8}};

static struct str number_text(struct arena *arena, int64_t number) {
    return str_format(arena, "%lld", (long long) number);
}

static void write_raw(const void *bytes, size_t len) {
    if (write(JAIL_FD, bytes, len) < 0) {
        _exit(1);
    }
}

/* An empty frame of the version and kind, `times` over, in one write. */
static void write_frames(uint64_t number, unsigned kind, unsigned version, size_t times) {
    unsigned char frames[4][JAIL_HEADER_BYTES] = {{0}};
    for (size_t i = 0; i < times; i++) {
        frames[i][4] = (unsigned char) version;
        frames[i][6] = (unsigned char) kind;
        memcpy(frames[i] + 8, &number, sizeof number);
    }
    write_raw(frames, times * JAIL_HEADER_BYTES);
}

static void spin(void) {
    volatile unsigned turns = 0;
    for (;;) {
        turns++;
    }
}

static void use_memory(void) {
    for (;;) {
        if (malloc(1 << 20) == NULL) {
            abort();
        }
    }
}

/* What the child's own process still knows of the message before. */
static bool leaves_trace(void) {
    static bool was_here = false;
    const bool before = was_here;
    was_here = true;
    return before;
}

static result ask(struct scope *scope, struct jail_ask *asking, int times,
                  struct jail_message *ret) {
    const struct jail_message question = {.kind = 0};
    struct jail_message reply = {.kind = 0};
    for (int i = 0; i < times; i++) {
        TRY(jail_question(scope, asking, &question, &reply));
    }
    if (reply.has[TAG_TEXT]) {
        jail_message_set(ret, TAG_TEXT, str_copy(scope->arena, reply.values[TAG_TEXT]));
    }
    return OK_RESULT;
}

static void misbehave(enum misdeed misdeed, uint64_t number) {
    if (misdeed == DO_CRASH) {
        raise(SIGSEGV);
    } else if (misdeed == DO_SPIN) {
        spin();
    } else if (misdeed == DO_SLEEP) {
        char byte;
        (void) !read(JAIL_FD, &byte, 1); /* nothing comes */
    } else if (misdeed == DO_GARBAGE) {
        write_raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
    } else if (misdeed == DO_WRONG_VERSION) {
        write_frames(number, JAIL_ANSWER, JAIL_FRAME_VERSION + 1, 1);
    } else if (misdeed == DO_WRONG_NUMBER) {
        write_frames(number + 1, JAIL_ANSWER, JAIL_FRAME_VERSION, 1);
    } else if (misdeed == DO_TWICE) {
        write_frames(number, JAIL_ANSWER, JAIL_FRAME_VERSION, 2);
    } else if (misdeed == DO_ASK_RAW_TWICE) {
        write_frames(number, JAIL_QUESTION, JAIL_FRAME_VERSION, 2);
    } else if (misdeed == DO_USE_MEMORY) {
        use_memory();
    } else if (misdeed == DO_SOCKET) {
        (void) socket(AF_INET, SOCK_STREAM, 0);
    } else if (misdeed == DO_FORK) {
        (void) fork();
    } else if (misdeed == DO_EXECUTE_MEMORY) {
        (void) mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    } else if (misdeed == DO_KILL_KEEPER) {
        (void) kill(getppid(), SIGKILL);
    }
}

static result handle(struct scope *scope, void *state, struct jail_ask *asking,
                     const struct jail_message *request, struct jail_message *ret) {
    assert(state != NULL && strcmp(state, "warm") == 0);
    const enum misdeed misdeed = (enum misdeed) request->kind;
    misbehave(misdeed, request->number);
    if (misdeed == DO_ECHO) {
        jail_message_set(ret, TAG_TEXT, request->values[TAG_TEXT]);
    } else if (misdeed == DO_TELL_PID) {
        jail_message_set(ret, TAG_TEXT, number_text(scope->arena, getpid()));
    } else if (misdeed == DO_LEAVE_TRACE) {
        jail_message_set(ret, TAG_TEXT, leaves_trace() ? STR("used") : STR("fresh"));
    } else if (misdeed == DO_FAIL) {
        return FAIL(scope, INTERNAL, "test.failed");
    } else if (misdeed == DO_OPEN) {
        const int fd = open("/etc/passwd", O_RDONLY);
        jail_message_set(ret, TAG_TEXT, number_text(scope->arena, fd >= 0 ? 0 : errno));
    } else if (misdeed == DO_LARGE) {
        jail_message_set(ret, TAG_TEXT,
                         (struct str){arena_alloc(scope->arena, 65 * 1024), 65 * 1024});
    } else if (misdeed == DO_WRONG_TAG) {
        jail_message_set(ret, TAG_ONLY_REQUEST, STR("x"));
    } else if (misdeed == DO_ASK || misdeed == DO_ASK_TWICE) {
        return ask(scope, asking, misdeed == DO_ASK ? 1 : 2, ret);
    }
    return OK_RESULT;
}

static result start(struct scope *scope, void **ret_state) {
    *ret_state = arena_alloc(scope->arena, sizeof "warm");
    memcpy(*ret_state, "warm", sizeof "warm");
    return OK_RESULT;
}

static result start_badly(struct scope *scope, void **ret_state) {
    (void) ret_state;
    return FAIL(scope, INTERNAL, "test.self_test");
}

static const struct jail_role ROLES[] = {
    [ROLE_PURE] = {"pure", JAIL_PURE, &REQUESTS, &ANSWERS, start, NULL, handle},
    [ROLE_FILES] = {"files", JAIL_DENIED_FILES, &REQUESTS, &ANSWERS, start, NULL, handle},
    [ROLE_BROKEN] = {"broken", JAIL_PURE, &REQUESTS, &ANSWERS, start_badly, NULL, handle},
};

const struct jail_roles MISDEEDS = {sizeof ROLES / sizeof ROLES[0], ROLES};
