#include "gateway/serve.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "base/log.h"
#include "gateway/app.h"

static void block_signals(sigset_t *ret) {
    (void) sigemptyset(ret);
    (void) sigaddset(ret, SIGTERM);
    (void) sigaddset(ret, SIGINT);
    (void) sigaddset(ret, SIGHUP);
    (void) pthread_sigmask(SIG_BLOCK, ret, NULL);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void) sigaction(SIGPIPE, &ignore, NULL);
}

/* No core dumps: memory holds secrets. As many descriptors as the hard limit allows. */
static void set_limits(void) {
    const struct rlimit none = {0, 0};
    (void) setrlimit(RLIMIT_CORE, &none);
    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int wait_for_child(pid_t child, const sigset_t *signals) {
    for (;;) {
        int status = 0;
        const pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        const struct timespec second = {1, 0};
        const int signal_number = sigtimedwait(signals, NULL, &second);
        if (signal_number > 0 && signal_number != SIGCHLD) {
            (void) kill(child, signal_number);
        }
    }
}

/* The kernel does not let a signal of its own namespace kill PID 1, so the dead man could not: as
 * PID 1 we only reap and pass signals on. */
static void leave_pid_1(const sigset_t *signals) {
    if (getpid() != 1) {
        return;
    }
    sigset_t waits = *signals;
    (void) sigaddset(&waits, SIGCHLD);
    (void) pthread_sigmask(SIG_BLOCK, &waits, NULL);
    const pid_t child = fork();
    if (child > 0) {
        _exit(wait_for_child(child, &waits));
    }
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

result gateway_serve(struct scope *scope, const struct serve_settings *settings) {
    sigset_t signals;
    block_signals(&signals);
    leave_pid_1(&signals);
    set_limits();
    struct app *app = NULL;
    const result started = app_start(scope, settings, &app);
    if (!is_ok(started)) {
        log_error(scope, "serve.refused", LOG_CODE(started), LOG_REASON(scope));
        return started;
    }
    log_info(scope, "serve.started", LOG_COUNT("shards", (int64_t) app->shard_count),
             LOG_COUNT("workers", (int64_t) app->worker_count));
    int signal_number = SIGHUP;
    while (signal_number == SIGHUP) { /* nothing to reload: settings are fixed for a run */
        (void) sigwait(&signals, &signal_number);
    }
    log_info(scope, "serve.stopping", LOG_COUNT("signal", signal_number));
    app_stop(&app);
    log_info(scope, "serve.stopped", LOG_COUNT("signal", signal_number));
    return OK_RESULT;
}
