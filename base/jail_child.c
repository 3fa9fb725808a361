#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/jail_filter.h"
#include "base/jail_internal.h"
#include "base/random.h"

enum { EXIT_GONE = 0, EXIT_UNSAFE = 3, EXIT_BAD_REQUEST = 4, EXIT_TIME_UP = 5, EXIT_FAILED = 6 };

/* Two limits of one kind: nobody raises it again. */
static bool limit(int resource, rlim_t value) {
    const struct rlimit limits = {value, value};
    return setrlimit((__rlimit_resource_t) resource, &limits) == 0;
}

/* The processor time of a message is used up. Only what a handler of a signal may do: a frame that
 * was made before (number 0; whose call it was the server knows) and the end. */
static void say_time_up(int signal_number) {
    (void) signal_number;
    static const unsigned char FRAME[JAIL_HEADER_BYTES] = {
        [4] = JAIL_FRAME_VERSION, [6] = JAIL_TIME_UP};
    _exit(write(JAIL_FD, FRAME, sizeof FRAME) < 0 ? EXIT_GONE : EXIT_TIME_UP);
}

static bool set_time(int64_t ms) {
    const struct itimerval timer = {.it_value = {ms / 1000, ms % 1000 * 1000}};
    return setitimer(ITIMER_PROF, &timer, NULL) == 0;
}

/* The socket becomes descriptor 3 and the last one. */
static bool keep_only(int fd) {
    return (fd == JAIL_FD || dup2(fd, JAIL_FD) == JAIL_FD) && close_range(JAIL_FD + 1, ~0U, 0) == 0;
}

static bool set_signals(void) {
    const struct sigaction time_up = {.sa_handler = say_time_up};
    sigset_t none;
    (void) sigemptyset(&none);
    return sigaction(SIGPROF, &time_up, NULL) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

static bool close_in(enum jail_filter filter, int fd, pid_t keeper) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == keeper && keep_only(fd) &&
           set_signals() && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           (JAIL_IS_SANITIZED || limit(RLIMIT_AS, JAIL_MEMORY_BYTES)) &&
           limit(RLIMIT_CPU, JAIL_LIFE_CPU_S) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0) &&
           limit(RLIMIT_NOFILE, JAIL_FD + 1) && jail_filter_load(filter);
}

static result ask_over_line(struct scope *scope, struct jail_ask *ask,
                            const struct jail_message *question, struct jail_message *ret) {
    const struct jail_line line = {.fd = JAIL_FD};
    struct jail_message out = *question;
    out.kind = JAIL_QUESTION;
    out.number = ask->number;
    struct jail_message in = {0};
    const bool is_answered =
        jail_line_send(scope, &line, &out, ask->role->answers) == JAIL_IO_DONE &&
        jail_line_receive(scope, &line, ask->role->requests, &in) == JAIL_IO_DONE &&
        in.kind == JAIL_REPLY && in.number == ask->number;
    REQUIRE(scope, is_answered, INTERNAL, "jail.frame");
    *ret = in;
    return OK_RESULT;
}

/* One message, or the end of the process. */
static void serve_one(struct scope *scope, const struct jail_role *role, void *state) {
    const struct jail_line line = {.fd = JAIL_FD};
    struct jail_message request;
    const enum jail_io received = jail_line_receive(scope, &line, role->requests, &request);
    if (received != JAIL_IO_DONE) {
        _exit(received == JAIL_IO_ENDED ? EXIT_GONE : EXIT_BAD_REQUEST);
    }
    (void) set_time(JAIL_MESSAGE_CPU_MS);
    struct jail_message answer = {.kind = JAIL_ANSWER, .number = request.number};
    struct jail_ask ask = {.role = role, .number = request.number, .send = ask_over_line};
    if (request.kind != JAIL_PING) {
        const result handled = role->handle(scope, state, &ask, &request, &answer);
        if (!is_ok(handled)) {
            _exit(EXIT_FAILED);
        }
    }
    (void) set_time(0);
    answer.kind = JAIL_ANSWER;
    answer.number = request.number;
    if (jail_line_send(scope, &line, &answer, role->answers) != JAIL_IO_DONE) {
        _exit(EXIT_FAILED);
    }
}

_Noreturn void jail_child_run(const struct jail_role *role, void *state, int fd, pid_t keeper) {
    static const char READY = JAIL_READY_BYTE;
    struct arena *arena = arena_new();
    const struct env env = {.clock = system_clock(), .random = system_random()};
    struct scope scope = {.arena = arena, .env = &env};
    if (!close_in(role->filter, fd, keeper) || write(JAIL_FD, &READY, 1) != 1) {
        _exit(EXIT_UNSAFE);
    }
    for (;;) {
        serve_one(&scope, role, state);
        arena_reset(arena); /* keys and messages do not linger */
        scope.reason = NULL;
    }
}
