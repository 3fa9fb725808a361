#pragma once
/* The yardstick of a revocation: a bare transaction of the same rows on the same disk, in a
 * database of its own, with the same tables, beside the server's. */

#include <stddef.h>
#include <stdint.h>

struct probe;

/* A database of bench_seed, and its file; who stands at `first` and behind goes. */
struct probe *probe_open(const char *url, const char *seed, size_t first);
/* Runs one transaction; how long it took from BEGIN to the confirmed COMMIT. */
uint64_t probe_commit(struct probe *probe);
void probe_close(struct probe *probe);
