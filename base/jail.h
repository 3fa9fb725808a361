#pragma once
/* Work on hostile bytes in child processes that can do nothing but compute: no file, no socket but
 * their own, no new process. For each role a keeper is started from the program's own binary (clean
 * memory, one thread); it warms the libraries, forks children, closes them in and replaces those
 * that die. A call is handled by one child and never handed to a second one: what crashes a child
 * is refused.
 *
 * The keeper is a hidden command, `gatehouse jail-keeper ROLE …`, which nobody but the server
 * starts: main calls jail_keeper_main before it looks at anything else. A test program whose main
 * does the same can start jails of its own roles. */

#include <stddef.h>
#include <stdint.h>

#include "base/jail_frame.h"
#include "base/result.h"

struct env;
struct jail;
struct jail_ask;

enum {
    JAIL_ROLES_MAX = 4,
    JAIL_CHILDREN_MAX = 64, /* of one role */
    JAIL_SHARE_MAX = 64     /* bytes of the name of a share */
};

/* Which system calls a child has left; every other one kills it. */
enum jail_filter {
    JAIL_PURE,        /* memory, its own pipe, clock, randomness */
    JAIL_DENIED_FILES /* and calls on files, which are answered with "permission denied" */
};

/* One message in the child. Whatever it says comes as fields of *ret; a failure ends the child, as
 * a crash would. The arena is wiped behind each message. `state` is what `start` made. */
typedef result (*jail_handler)(struct scope *scope, void *state, struct jail_ask *ask,
                               const struct jail_message *request, struct jail_message *ret);

struct jail_role {
    const char *name; /* "verify" */
    enum jail_filter filter;
    const struct jail_limits *requests; /* server to child, replies to questions included */
    const struct jail_limits *answers;  /* child to server, questions included */
    /* In the keeper, before the first child: libraries, self-tests. NULL: nothing to do. */
    result (*start)(struct scope *scope, void **ret_state);
    void (*stop)(void **state);
    jail_handler handle;
};

struct jail_roles {
    size_t count;
    const struct jail_role *roles; /* static tables: the same in the server and in the keeper */
};

/* In a handler: one question to the server, at most once for each message; INVALID "jail.asked" for
 * a second one. Fields of the reply are as the request table says. */
RESULT jail_question(struct scope *scope, struct jail_ask *ask, const struct jail_message *question,
                     struct jail_message *ret);

enum jail_outcome {
    JAIL_ANSWERED,
    JAIL_CRASHED,        /* the child died, or its keeper */
    JAIL_TIMED_OUT,      /* processor time or wall time; the child was killed */
    JAIL_BROKE_PROTOCOL, /* the child answered what it must not; it was killed */
    JAIL_ALL_BUSY,       /* no child became free; the message was seen by none */
    JAIL_OUTCOME_COUNT
};

struct jail_call {
    size_t role;
    struct str share; /* whose work it is: no share gets more than half of the children */
    const struct jail_message *request; /* kind and fields; the number is the jail's */
    /* The reply to the child's question; NULL: a question breaks the protocol. When it fails the
     * child gets an empty reply, and its answer is thrown away: the failure is the call's. */
    result (*reply)(struct scope *scope, void *context, const struct jail_message *question,
                    struct jail_message *ret);
    /* Looks at the answer while the child is still held: false when it says what it must not, and
     * the child is killed. NULL: any well-formed answer will do. */
    bool (*accept)(struct scope *scope, void *context, const struct jail_message *answer);
    void *context;
};

/* For a program whose own main does so; another one would start itself without end. */
#define JAIL_OWN_PROGRAM "/proc/self/exe"

struct jail_settings {
    const struct env *env;
    const struct jail_roles *roles;
    const char *program; /* whose binary the keepers are; its main calls jail_keeper_main */
    size_t children[JAIL_ROLES_MAX];
    unsigned messages; /* after so many a child is replaced; 1: a fresh process for each */
    int64_t wall_us;   /* of one call, from the moment it has a child; 0: 5 s */
    int64_t queue_us;  /* so long a call waits for a child; 0: 5 s */
    size_t waiting[JAIL_ROLES_MAX]; /* so many calls may wait; 0: four for each child */
    /* A child died, or had to be killed: counted. Any thread. */
    void (*on_death)(void *context, size_t role, enum jail_outcome cause);
    void *context;
};

/* Starts the keepers and does not wait for them: calls wait. Any thread may call. UNAVAILABLE
 * "jail.start". */
RESULT jail_new(struct scope *scope, const struct jail_settings *settings, struct jail **ret);
/* The same calls in this very process and thread, one at a time, frames included: for tests, fuzz
 * targets and worlds without threads. Nothing is closed in. */
struct jail *jail_new_local(const struct jail_roles *roles);
/* When no call is under way: ends keepers and children and waits for them. */
void jail_free(struct jail **jail);

/* `*ret_answer` is set with JAIL_ANSWERED only; its values are in the scope's arena. Fails only
 * when `reply` did, or when the request does not fit its table: INVALID "jail.frame". */
RESULT jail_send(struct scope *scope, struct jail *jail, const struct jail_call *call,
                 enum jail_outcome *ret_outcome, struct jail_message *ret_answer);

struct jail_stats {
    size_t children, busy, waiting; /* now */
    int64_t restarts;               /* of the keeper */
};
void jail_stats(struct jail *jail, size_t role, struct jail_stats *ret);
/* For tests that kill it; 0: not running. */
int64_t jail_keeper_pid(struct jail *jail, size_t role);

/* True: the program was started as a keeper; *ret_code is what main returns. */
bool jail_keeper_main(const struct jail_roles *roles, int argc, char **argv, int *ret_code);
