#pragma once
/* CPU time of a process with everything that it started: a server with its closed-in children. */

#include <sys/types.h>

/* User and system time in seconds of `root` and all its descendants, those that have ended and were
 * waited for included (their part in ticks of the kernel, usually 10 ms). */
double process_tree_seconds(pid_t root);
