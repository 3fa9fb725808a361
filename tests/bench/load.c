/* The load generator of ./check bench. One line of JSON per run on standard output.
 *
 *   bench_load get     PORT CONNECTIONS MILLISECONDS REQUEST-FILE PID
 *       the request over and over on each connection; statuses counted, CPU time of PID
 *   bench_load idle    PORT SEED SOCKETS
 *       opens, prints OPEN, stays until the end of its input
 *   bench_load fanout  PORT SEED SOCKETS MESSAGES PID
 *       one sender, the sockets of one organisation receive: deliveries per second
 *   bench_load chatter PORT SEED SOCKETS MESSAGES-PER-SECOND
 *       the same at a fixed rate, until the end of its input
 *   bench_load bare    SOCKETS MESSAGES BYTES CORE
 *       the yardstick of fanout: a loop of send() on that core ("-": any), the same reader
 *   bench_load revoke  PORT SEED IDLE FIRST LEAVERS SOCKETS PROBE-URL PROBE-SEED PROBE-FIRST
 *       SCIM active=false, request sent -> last close frame read, interleaved with commits of the
 *       same rows; leavers are taken from position FIRST on
 *   bench_load storm   PORT SEED FIRST LEAVERS WRITERS
 *       SCIM active=false by concurrent writers: people per second
 *
 * SEED is what bench_seed wrote. */

#include "tests/bench/load.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
    const char *name;
    int args;
    int (*run)(char **args);
} MODES[] = {
    {"get", 5, load_get_run},         {"idle", 3, load_idle_run}, {"fanout", 5, load_fanout_run},
    {"chatter", 4, load_chatter_run}, {"bare", 4, load_bare_run}, {"revoke", 9, load_revoke_run},
    {"storm", 5, load_storm_run},
};

int main(int argc, char **argv) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
    }
    for (size_t i = 0; argc > 1 && i < sizeof MODES / sizeof MODES[0]; i++) {
        if (strcmp(argv[1], MODES[i].name) == 0 && argc == MODES[i].args + 2) {
            return MODES[i].run(argv + 2);
        }
    }
    (void) fprintf(stderr, "usage: see the head of tests/bench/load.c\n");
    return 2;
}
