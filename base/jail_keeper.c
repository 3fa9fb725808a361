#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/jail_internal.h"
#include "base/random.h"

enum { EXIT_USAGE = 2, EXIT_NOT_STARTED = 3 };
enum { READY_MS = 5000, FIRST_DELAY_MS = 20, LAST_DELAY_MS = 2000 };

struct kept {
    pid_t pid; /* 0: an empty place */
    uint32_t number;
    bool is_dismissed; /* the server has told it to end */
};

struct keeper {
    const struct jail_role *role;
    void *state; /* what the role's start made */
    size_t count;
    struct kept children[JAIL_CHILDREN_MAX];
    uint32_t next_number;
    int signals;  /* of children that ended */
    int delay_ms; /* before the next attempt; 0: the last one went well */
    bool is_over; /* the server is gone */
};

static bool send_notice(const struct jail_notice *notice, int fd) {
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights = {.bytes = {0}};
    struct jail_notice copy = *notice;
    struct iovec piece = {&copy, sizeof copy};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = rights.bytes;
        message.msg_controllen = sizeof rights.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    return sendmsg(JAIL_FD, &message, MSG_NOSIGNAL) == (ssize_t) sizeof copy;
}

/* The child says one byte when it is closed in; before that the server must not see it. */
static bool is_ready(int fd) {
    struct pollfd wait = {fd, POLLIN, 0};
    char byte = 0;
    return poll(&wait, 1, READY_MS) == 1 && read(fd, &byte, 1) == 1 && byte == JAIL_READY_BYTE;
}

static void end_child(pid_t pid) {
    (void) kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0) { /* interrupted */
    }
}

static bool hand_over(struct keeper *keeper, struct kept *place, pid_t pid, int fd) {
    if (!is_ready(fd)) {
        end_child(pid);
        return false;
    }
    *place = (struct kept){.pid = pid, .number = keeper->next_number++};
    const struct jail_notice notice = {.kind = JAIL_NOTICE_CHILD, .number = place->number};
    keeper->is_over = !send_notice(&notice, fd);
    return true;
}

static bool make_child(struct keeper *keeper, struct kept *place) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    const pid_t self = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        jail_child_run(keeper->role, keeper->state, ends[1], self);
    }
    (void) close(ends[1]);
    const bool is_made = pid > 0 && hand_over(keeper, place, pid, ends[0]);
    (void) close(ends[0]);
    return is_made;
}

/* One attempt for each empty place; after a failure none until the delay is over. */
static void fill(struct keeper *keeper) {
    for (size_t i = 0; i < keeper->count && !keeper->is_over; i++) {
        if (keeper->children[i].pid != 0) {
            continue;
        }
        if (!make_child(keeper, &keeper->children[i])) {
            const int longer = keeper->delay_ms * 2;
            keeper->delay_ms = longer == 0              ? FIRST_DELAY_MS
                               : longer > LAST_DELAY_MS ? LAST_DELAY_MS
                                                        : longer;
            return;
        }
        keeper->delay_ms = 0;
    }
}

static struct kept *find_pid(struct keeper *keeper, pid_t pid) {
    for (size_t i = 0; i < keeper->count; i++) {
        if (keeper->children[i].pid == pid) {
            return &keeper->children[i];
        }
    }
    return NULL;
}

/* A child that ended by itself is told, also when its dismissal came at the same time. */
static void tell_end(struct keeper *keeper, const struct kept *child, int status) {
    const struct jail_notice notice = {
        .kind = JAIL_NOTICE_DEAD,
        .number = child->number,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
    };
    const bool is_expected =
        child->is_dismissed && (notice.signal == SIGKILL || notice.signal + notice.code == 0);
    keeper->is_over = keeper->is_over || (!is_expected && !send_notice(&notice, -1));
}

static void reap(struct keeper *keeper) {
    struct signalfd_siginfo ignored;
    const ssize_t got = read(keeper->signals, &ignored, sizeof ignored);
    (void) got; /* one signal may stand for several children: waitpid tells */
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct kept *child = find_pid(keeper, pid);
        if (child != NULL) {
            tell_end(keeper, child, status);
            *child = (struct kept){.pid = 0};
        }
    }
}

static void take_orders(struct keeper *keeper) {
    struct jail_order order;
    ssize_t got;
    while ((got = recv(JAIL_FD, &order, sizeof order, MSG_DONTWAIT)) == (ssize_t) sizeof order) {
        for (size_t i = 0; i < keeper->count; i++) {
            struct kept *child = &keeper->children[i];
            if (child->pid != 0 && child->number == order.number) {
                child->is_dismissed = true;
                (void) kill(child->pid, SIGKILL); /* not reaped yet: the number is still its own */
            }
        }
    }
    keeper->is_over = keeper->is_over || got == 0;
}

static void keep(struct keeper *keeper) {
    while (!keeper->is_over) {
        struct pollfd waits[] = {{JAIL_FD, POLLIN, 0}, {keeper->signals, POLLIN, 0}};
        fill(keeper);
        if (keeper->is_over) {
            return;
        }
        (void) poll(waits, 2, keeper->delay_ms > 0 ? keeper->delay_ms : -1);
        if (waits[0].revents != 0) {
            take_orders(keeper);
        }
        if (waits[1].revents != 0) {
            reap(keeper);
        }
    }
}

/* Signals for the whole group (a terminal's ^C, an orderly stop) are the server's: the keeper stays
 * until the server lets go, so that what is under way is finished. */
static bool take_signals(struct keeper *keeper) {
    static const int IGNORED[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (size_t i = 0; i < sizeof IGNORED / sizeof IGNORED[0]; i++) {
        (void) sigaction(IGNORED[i], &ignore, NULL);
    }
    sigset_t ends;
    (void) sigemptyset(&ends);
    (void) sigaddset(&ends, SIGCHLD);
    (void) sigprocmask(SIG_BLOCK, &ends, NULL);
    keeper->signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    return keeper->signals >= 0;
}

static bool close_in(void) {
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool is_server_there(void) {
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt(JAIL_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

/* jail-keeper ROLE CHILDREN */
static bool read_arguments(struct scope *scope, const struct jail_roles *roles, char **argv,
                           struct keeper *keeper) {
    uint64_t count = 0;
    for (size_t i = 0; i < roles->count; i++) {
        if (strcmp(roles->roles[i].name, argv[2]) == 0) {
            keeper->role = &roles->roles[i];
        }
    }
    const bool is_read = is_ok(parse_u64(scope, str_from_c(argv[3]), JAIL_CHILDREN_MAX, &count));
    keeper->count = (size_t) count;
    return is_read && keeper->role != NULL && is_server_there();
}

static int run(struct scope *scope, struct keeper *keeper) {
    const struct jail_role *role = keeper->role;
    if (!close_in() || !take_signals(keeper)) {
        return EXIT_NOT_STARTED;
    }
    if (role->start != NULL) {
        const result started = role->start(scope, &keeper->state);
        if (!is_ok(started)) {
            return EXIT_NOT_STARTED;
        }
    }
    keep(keeper);
    if (role->stop != NULL) {
        role->stop(&keeper->state);
    }
    return 0; /* children die with the process: PR_SET_PDEATHSIG */
}

bool jail_keeper_main(const struct jail_roles *roles, int argc, char **argv, int *ret_code) {
    if (argc < 2 || strcmp(argv[1], JAIL_KEEPER_COMMAND) != 0) {
        return false;
    }
    AUTO(arena_end) struct arena *arena = arena_new();
    const struct env env = {.clock = system_clock(), .random = system_random()};
    struct scope scope = {.arena = arena, .env = &env};
    struct keeper *keeper = NEW(arena, struct keeper);
    if (argc != 4 || !read_arguments(&scope, roles, argv, keeper)) {
        (void) fputs("jail-keeper is started by the server, and by nobody else\n", stderr);
        *ret_code = EXIT_USAGE;
        return true;
    }
    *ret_code = run(&scope, keeper);
    return true;
}
