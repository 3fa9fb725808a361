#pragma once
/* A counterpart that a test starts itself: it prints KEY=VALUE lines and then READY on standard
 * output, and ends when its standard input closes, so a killed test leaves nothing behind. */

#include <stdbool.h>
#include <sys/types.h>

enum { PEER_TEXT_BYTES = 4096 };

struct peer {
    pid_t pid;
    int input, output;
    char text[PEER_TEXT_BYTES]; /* the lines, each ended by NUL; an empty one ends the list */
};

/* False: it could not be started or died before READY. */
bool peer_start(struct peer *peer, const char *const *argv);
/* The value of a key; fails the test when absent. */
const char *peer_value(const struct peer *peer, const char *key);
void peer_stop(struct peer *peer);
/* A missing counterpart fails the test in CI and skips it elsewhere. */
void peer_missing(const char *what);
