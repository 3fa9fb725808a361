#pragma once
/* The yardstick of a revocation: a bare transaction of the same rows on the same disk, in a
 * database of its own beside the server's. */

#include <stdint.h>

struct probe;

struct probe *probe_open(const char *url);
/* Runs one transaction; how long it took from BEGIN to the confirmed COMMIT. */
uint64_t probe_commit(struct probe *probe);
void probe_close(struct probe *probe);
