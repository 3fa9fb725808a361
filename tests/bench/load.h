#pragma once
/* The modes of bench_load; each takes the words behind its name and returns the exit code. */

#include "tests/bench/load_client.h"
#include "tests/bench/load_seed.h"

int load_get_run(char **args);
int load_idle_run(char **args);
int load_fanout_run(char **args);
int load_chatter_run(char **args);
int load_bare_run(char **args);
int load_revoke_run(char **args);
int load_storm_run(char **args);

/* Opens sockets [first, first + count) with the sessions from `session` on, round and round. */
void load_open_all(struct load *load, const struct load_seed *seed, size_t first, size_t count,
                   size_t session);
