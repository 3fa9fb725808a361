#pragma once
/* Rule 21: the kernel kills this process when it cannot keep the promise any more. A timer on
 * CLOCK_BOOTTIME with SIGKILL works while the process is stopped, when no code of ours would; the
 * kernel then closes the sockets. It does not kill PID 1 of a PID namespace: there `serve` runs the
 * server in a child. Any thread. */

#include <stdint.h>

#include "base/result.h"

struct dead_man;

/* UNAVAILABLE "dead_man.timer". `hard_us` behind the oldest lease of an unfenced shard it strikes.
 */
RESULT dead_man_new(struct scope *scope, int64_t hard_us, struct dead_man **ret);
void dead_man_free(struct dead_man **dead_man);
/* Before the post that ends a fence. */
void dead_man_arm(struct dead_man *dead_man, unsigned shard_number, int64_t lease_us);
/* All shards have applied the beat: those that are not fenced have this lease now. */
void dead_man_move(struct dead_man *dead_man, int64_t lease_us);
/* The shard is fenced. */
void dead_man_disarm(struct dead_man *dead_man, unsigned shard_number);
