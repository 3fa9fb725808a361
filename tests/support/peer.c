#include "tests/support/peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/fixture.h"

enum { START_TIMEOUT_MS = 30000, STOP_PAUSES = 300 };

static void run_child(const char *const *argv, const int to_child[2], const int from_child[2]) {
    (void) dup2(to_child[0], STDIN_FILENO);
    (void) dup2(from_child[1], STDOUT_FILENO);
    (void) close(to_child[1]);
    (void) close(from_child[0]);
    (void) execvp(argv[0], (char *const *) (uintptr_t) argv);
    _exit(127);
}

/* Reads until the line READY; ends every line with NUL. */
static bool read_lines(struct peer *peer) {
    size_t len = 0;
    for (;;) {
        struct pollfd poll_fd = {peer->output, POLLIN, 0};
        if (len + 2 >= PEER_TEXT_BYTES || poll(&poll_fd, 1, START_TIMEOUT_MS) <= 0) {
            return false;
        }
        const ssize_t got = read(peer->output, peer->text + len, PEER_TEXT_BYTES - 2 - len);
        if (got <= 0) {
            return false;
        }
        len += (size_t) got;
        peer->text[len] = '\0';
        char *ready = strstr(peer->text, "READY\n");
        if (ready == NULL) {
            continue;
        }
        *ready = '\0';
        for (char *at = peer->text; at < ready; at++) {
            *at = *at == '\n' ? '\0' : *at;
        }
        return true;
    }
}

bool peer_start(struct peer *peer, const char *const *argv) {
    memset(peer, 0, sizeof *peer);
    int to_child[2];
    int from_child[2];
    if (pipe2(to_child, 0) != 0 || pipe2(from_child, 0) != 0) {
        return false;
    }
    (void) signal(SIGPIPE, SIG_IGN);
    peer->pid = fork();
    if (peer->pid == 0) {
        run_child(argv, to_child, from_child);
    }
    (void) close(to_child[0]);
    (void) close(from_child[1]);
    peer->input = to_child[1];
    peer->output = from_child[0];
    if (peer->pid > 0 && read_lines(peer)) {
        return true;
    }
    peer_stop(peer);
    return false;
}

const char *peer_value(const struct peer *peer, const char *key) {
    const size_t len = strlen(key);
    for (const char *line = peer->text; *line != '\0'; line += strlen(line) + 1) {
        if (strncmp(line, key, len) == 0 && line[len] == '=') {
            return line + len + 1;
        }
    }
    fail_msg("the peer printed no %s", key);
    return "";
}

static bool ends_by_itself(pid_t pid) {
    const struct timespec pause = {0, 10 * 1000 * 1000};
    for (int i = 0; i < STOP_PAUSES; i++) {
        if (waitpid(pid, NULL, WNOHANG) == pid) {
            return true;
        }
        (void) nanosleep(&pause, NULL);
    }
    return false;
}

void peer_stop(struct peer *peer) {
    if (peer->pid <= 0) {
        return;
    }
    (void) close(peer->input);
    (void) close(peer->output);
    if (!ends_by_itself(peer->pid)) {
        (void) kill(peer->pid, SIGKILL);
        while (waitpid(peer->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    peer->pid = 0;
}

void peer_missing(const char *what) {
    if (getenv("CI") != NULL) {
        fail_msg("%s", what);
    }
    (void) fprintf(stderr, "skipped: %s\n", what);
    skip();
}
