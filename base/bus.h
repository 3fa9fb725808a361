#pragma once
/* Hints between and inside nodes: "stream X is at N", "instance K has applied these positions".
 * Losing one costs latency, never correctness. No personal data and no secret goes through it. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { BUS_PARTITIONS = 16 };

enum bus_kind {
    BUS_STREAM,  /* an event stream moved */
    BUS_HEADS,   /* revocation heads known to the sender */
    BUS_APPLIED, /* positions that all shards of the instance have applied */
};

struct bus_message {
    enum bus_kind kind;
    struct str stream; /* BUS_STREAM */
    struct str instance, generation;
    int64_t positions[BUS_PARTITIONS]; /* BUS_HEADS, BUS_APPLIED; BUS_STREAM: [0] = seq */
};

struct bus {
    /* Any thread; never blocks for long, never fails: a lost hint is allowed. */
    void (*publish)(struct bus *bus, const struct bus_message *message);
    /* The receiver copies what it keeps. One subscriber per node: its follower. */
    void (*subscribe)(struct bus *bus,
                      void (*receive)(void *self, const struct bus_message *message), void *self);
    /* True while hints can be relied on to arrive; false: poll the database. */
    bool (*is_alive)(struct bus *bus);
    /* Its hints stay in this process: with other nodes on the database it counts as gone. */
    bool is_local;
};

/* Hints inside one process: publish calls the subscribers at once. */
struct bus *process_bus_new(void);
void process_bus_free(struct bus **bus);
