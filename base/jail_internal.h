#pragma once
/* What the files of the jail share: how the keeper is called, what it says, and the descriptors
 * that they all agree on. */

#include <pthread.h>
#include <sys/types.h>

#include "base/jail.h"

/* In the keeper the line to the server, in a child the socket of its messages: the only descriptor
 * behind the standard streams. */
enum { JAIL_FD = 3 };

enum {
    JAIL_MESSAGE_CPU_MS = 500,
    JAIL_LIFE_CPU_S = 60,
    JAIL_MEMORY_BYTES = 256 * 1024 * 1024,
    JAIL_READY_BYTE = 'R'
};

#define JAIL_KEEPER_COMMAND "jail-keeper"

/* Keeper to server, a packet each (SOCK_SEQPACKET): a child is ready and its socket comes with the
 * packet, or a child that was not told to end is dead. */
enum jail_notice_kind { JAIL_NOTICE_CHILD = 1, JAIL_NOTICE_DEAD };
struct jail_notice {
    uint32_t kind;
    uint32_t number; /* of the child, never used again by this keeper */
    int32_t signal;  /* dead: what killed it, or 0 */
    int32_t code;    /* dead: exit code */
};

/* Server to keeper: this child is not needed any more; another one takes its place. */
struct jail_order {
    uint32_t number;
};

/* How a handler asks: over the socket, or in the same process. */
struct jail_ask {
    const struct jail_role *role;
    uint64_t number;
    bool has_asked;
    result (*send)(struct scope *scope, struct jail_ask *ask, const struct jail_message *question,
                   struct jail_message *ret);
    void *context;
};

/* Whole frames over a socket. The child: blocking, no deadline; false at the end of the stream or
 * when something is wrong. */
struct jail_line {
    int fd;
    int64_t deadline_us; /* clock_monotonic_us; 0: blocking, with read and write only */
};
enum jail_io { JAIL_IO_DONE, JAIL_IO_ENDED, JAIL_IO_LATE, JAIL_IO_WRONG };
enum jail_io jail_line_send(struct scope *scope, const struct jail_line *line,
                            const struct jail_message *message, const struct jail_limits *limits);
enum jail_io jail_line_receive(struct scope *scope, const struct jail_line *line,
                               const struct jail_limits *limits, struct jail_message *ret);
/* Something lies unread, or the other side is gone. */
bool jail_line_is_disturbed(int fd);

/* The child's life, from behind the fork; never returns. */
_Noreturn void jail_child_run(const struct jail_role *role, void *state, int fd, pid_t keeper);
