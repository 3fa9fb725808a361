/* One thread looks after the keepers: starts them, takes the sockets of new children in, hears of
 * dead ones, starts a keeper that ended again. It lives as long as the jail, because a keeper dies
 * with the thread that started it (PR_SET_PDEATHSIG). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/jail_filter.h"
#include "base/jail_pool.h"
#include "base/log.h"

enum { FIRST_DELAY_US = 50000, LAST_DELAY_US = 5000000, STEADY_US = 10000000, END_MS = 3000 };

static char *writable(struct arena *arena, struct str text) {
    char *copy = NEW_ARRAY(arena, text.len + 1, char);
    memcpy(copy, text.at, text.len);
    return copy;
}

/* Nothing of the server's environment, which may hold secrets; sanitizers and coverage take their
 * options from it. */
static char **make_environment(struct arena *arena) {
    static const char *const KEPT[] = {
        "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "GCOV_PREFIX=", "GCOV_PREFIX_STRIP="};
    enum { MOST = sizeof KEPT / sizeof KEPT[0] };
    char **environment = NEW_ARRAY(arena, MOST + 2, char *);
    size_t count = 0;
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        for (size_t i = 0; i < MOST && count < MOST; i++) {
            if (strncmp(*variable, KEPT[i], strlen(KEPT[i])) == 0) {
                environment[count++] = *variable;
            }
        }
    }
    environment[count] = writable(arena, STR("TZ=UTC"));
    return environment;
}

/* The line first: it may have come into a place of the standard streams. */
static bool plan_descriptors(posix_spawn_file_actions_t *actions, int line) {
    bool is_planned = posix_spawn_file_actions_adddup2(actions, line, JAIL_FD) == 0;
    for (int fd = 0; fd < JAIL_FD; fd++) {
        const bool is_kept = JAIL_IS_SANITIZED && fd == STDERR_FILENO; /* findings are shown */
        is_planned =
            is_planned &&
            (is_kept || posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0) == 0);
    }
    return is_planned && posix_spawn_file_actions_addclosefrom_np(actions, JAIL_FD + 1) == 0;
}

/* No signal blocked and none ignored, whatever the server does with them. */
static bool plan_signals(posix_spawnattr_t *attributes) {
    sigset_t none;
    sigset_t all;
    (void) sigemptyset(&none);
    (void) sigfillset(&all);
    const short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    return posix_spawnattr_setflags(attributes, flags) == 0 &&
           posix_spawnattr_setsigmask(attributes, &none) == 0 &&
           posix_spawnattr_setsigdefault(attributes, &all) == 0;
}

static bool spawn(struct arena *arena, struct jail *jail, struct pool *pool, int line) {
    char *const words[] = {
        writable(arena, STR("gatehouse")),
        writable(arena, STR(JAIL_KEEPER_COMMAND)),
        writable(arena, str_from_c(pool->role->name)),
        writable(arena, str_format(arena, "%zu", pool->children)),
        NULL,
    };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    (void) posix_spawn_file_actions_init(&actions);
    (void) posix_spawnattr_init(&attributes);
    pid_t pid = 0;
    const bool is_started = plan_descriptors(&actions, line) && plan_signals(&attributes) &&
                            posix_spawn(&pid, jail->settings.program, &actions, &attributes, words,
                                        make_environment(arena)) == 0;
    (void) posix_spawn_file_actions_destroy(&actions);
    (void) posix_spawnattr_destroy(&attributes);
    if (is_started) {
        (void) pthread_mutex_lock(&jail->lock);
        pool->pid = pid;
        (void) pthread_mutex_unlock(&jail->lock);
    }
    return is_started;
}

static void put_off(struct pool *pool, int64_t now_us) {
    const int64_t longer = pool->delay_us == 0 ? FIRST_DELAY_US : pool->delay_us * 2;
    pool->delay_us = longer > LAST_DELAY_US ? LAST_DELAY_US : longer;
    pool->restart_us = now_us + pool->delay_us;
}

static void start_keeper(struct jail *jail, struct pool *pool, int64_t now_us) {
    AUTO(arena_end) struct arena *arena = arena_new();
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        put_off(pool, now_us);
        return;
    }
    pool->started_us = now_us;
    const bool is_started = spawn(arena, jail, pool, ends[1]);
    (void) close(ends[1]);
    if (!is_started) {
        (void) close(ends[0]);
        put_off(pool, now_us);
        return;
    }
    (void) pthread_mutex_lock(&jail->lock);
    pool->line = ends[0];
    (void) pthread_mutex_unlock(&jail->lock);
}

static void log_end(const struct jail *jail, const struct pool *pool, const char *event,
                    const struct jail_notice *end) {
    const struct log_field fields[] = {
        LOG_WORD("role", pool->role->name),
        LOG_COUNT("signal", end->signal),
        LOG_COUNT("exit_code", end->code),
    };
    log_write(jail->settings.env, LOG_LEVEL_WARNING, event, fields,
              sizeof fields / sizeof fields[0]);
}

/* The line is broken: whatever is left of the keeper is ended; the next one comes at once, or later
 * if this one did not live long. */
static void lose_keeper(struct jail *jail, struct pool *pool) {
    const int64_t now_us = clock_monotonic_us();
    int status = 0;
    jail_pool_clear(jail, pool);
    (void) kill(pool->pid, SIGKILL);
    while (waitpid(pool->pid, &status, 0) < 0 && errno == EINTR) {
    }
    (void) pthread_mutex_lock(&jail->lock);
    pool->pid = 0;
    pool->restarts++;
    (void) pthread_mutex_unlock(&jail->lock);
    pool->delay_us = now_us - pool->started_us > STEADY_US ? 0 : pool->delay_us;
    put_off(pool, now_us);
    const struct jail_notice end = {
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
    };
    log_end(jail, pool, "jail.keeper_ended", &end);
}

/* One packet. *ret_fd: the socket that came with it, or -1. */
static ssize_t receive(int line, struct jail_notice *ret, int *ret_fd) {
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof(int))];
    } rights;
    struct iovec piece = {ret, sizeof *ret};
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = rights.bytes,
                             .msg_controllen = sizeof rights.bytes};
    const ssize_t got = recvmsg(line, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof *ret_fd)) {
        memcpy(ret_fd, CMSG_DATA(header), sizeof *ret_fd);
    }
    return got;
}

/* False: the line is broken. */
static bool take_notice(struct jail *jail, struct pool *pool) {
    struct jail_notice notice = {.kind = 0};
    int fd = -1;
    const ssize_t got = receive(pool->line, &notice, &fd);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (got != (ssize_t) sizeof notice || (notice.kind == JAIL_NOTICE_CHILD) != (fd >= 0)) {
        if (fd >= 0) {
            (void) close(fd);
        }
        return false;
    }
    if (notice.kind == JAIL_NOTICE_CHILD) {
        jail_pool_add(jail, pool, notice.number, fd);
        return true;
    }
    if (jail_pool_remove(jail, pool, notice.number)) {
        jail_count_death(jail, pool, JAIL_CRASHED);
    }
    log_end(jail, pool, "jail.child_ended", &notice);
    return true;
}

/* When the next keeper is to be started; at most an hour from now. */
static int64_t start_keepers(struct jail *jail) {
    int64_t next_us = clock_monotonic_us() + S_TO_US(3600);
    for (size_t i = 0; i < jail->roles->count; i++) {
        struct pool *pool = &jail->pools[i];
        const int64_t now_us = clock_monotonic_us();
        if (pool->line < 0 && pool->restart_us <= now_us) {
            start_keeper(jail, pool, now_us);
        }
        if (pool->line < 0 && pool->restart_us < next_us) {
            next_us = pool->restart_us;
        }
    }
    return next_us;
}

/* The keeper ends when its line does; one that does not is killed. */
static void end_keeper(struct jail *jail, struct pool *pool) {
    const int64_t until_us = clock_monotonic_us() + MS_TO_US(END_MS);
    if (pool->line < 0) {
        return;
    }
    (void) shutdown(pool->line, SHUT_WR);
    pid_t ended = 0;
    while ((ended = waitpid(pool->pid, NULL, WNOHANG)) == 0 && clock_monotonic_us() < until_us) {
        struct pollfd wait = {pool->line, POLLIN, 0};
        struct jail_notice notice;
        int fd = -1;
        (void) poll(&wait, 1, 10);
        const ssize_t got = receive(pool->line, &notice, &fd);
        if (got > 0 && fd >= 0) {
            (void) close(fd);
        }
    }
    if (ended == 0) {
        (void) kill(pool->pid, SIGKILL);
        (void) waitpid(pool->pid, NULL, 0);
    }
    jail_pool_clear(jail, pool);
}

static void *run(void *self) {
    struct jail *jail = self;
    for (;;) {
        const int64_t next_us = start_keepers(jail);
        struct pollfd waits[JAIL_ROLES_MAX + 1] = {{jail->wake, POLLIN, 0}};
        for (size_t i = 0; i < jail->roles->count; i++) {
            waits[i + 1] = (struct pollfd){jail->pools[i].line, POLLIN, 0}; /* ignores -1 */
        }
        const int64_t left_ms = (next_us - clock_monotonic_us()) / US_PER_MS + 1;
        (void) poll(waits, jail->roles->count + 1, left_ms < 1 ? 1 : (int) left_ms);
        if (waits[0].revents != 0) {
            break;
        }
        for (size_t i = 0; i < jail->roles->count; i++) {
            if (waits[i + 1].revents != 0 && !take_notice(jail, &jail->pools[i])) {
                lose_keeper(jail, &jail->pools[i]);
            }
        }
    }
    for (size_t i = 0; i < jail->roles->count; i++) {
        end_keeper(jail, &jail->pools[i]);
    }
    return NULL;
}

result jail_manager_start(struct scope *scope, struct jail *jail) {
    sigset_t all;
    sigset_t before;
    jail->wake = eventfd(0, EFD_CLOEXEC);
    REQUIRE(scope, jail->wake >= 0, UNAVAILABLE, "jail.start");
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's others */
    const bool is_started = pthread_create(&jail->thread, NULL, run, jail) == 0;
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!is_started) {
        (void) close(jail->wake);
        return FAIL(scope, UNAVAILABLE, "jail.start");
    }
    return OK_RESULT;
}

void jail_manager_stop(struct jail *jail) {
    const uint64_t one = 1;
    (void) !write(jail->wake, &one, sizeof one);
    (void) pthread_join(jail->thread, NULL);
    (void) close(jail->wake);
}
