#pragma once
/* The server's side: who has which child, who waits, and the thread that looks after the keepers.
 */

#include "base/jail_internal.h"

enum place_state { PLACE_EMPTY, PLACE_IDLE, PLACE_BUSY };

struct place { /* under jail->lock; fd and served belong to the caller while it is busy */
    enum place_state state;
    int fd;
    uint32_t number;
    unsigned generation; /* of the keeper that made it */
    unsigned served;
    char share[JAIL_SHARE_MAX];
    size_t share_len;
};

struct waiter { /* on the stack of its caller; under jail->lock */
    struct waiter *next;
    struct str share;
    struct place *given;
    pthread_cond_t wake;
};

/* Twice as many places as children: the successor of a child may come before its last caller has
 * let go of it. */
struct pool {
    const struct jail_role *role;
    struct place places[2 * JAIL_CHILDREN_MAX];
    size_t children, count; /* count: of places */
    size_t max_waiting;
    struct waiter *first; /* in the order of arrival */
    /* the keeper; written by the jail's thread alone */
    int line; /* to the keeper; -1: there is none */
    pid_t pid;
    unsigned generation;
    int64_t started_us, restart_us, delay_us;
    int64_t restarts;
};

struct jail {
    struct jail_settings settings;
    const struct jail_roles *roles;
    pthread_mutex_t lock;
    struct pool pools[JAIL_ROLES_MAX];
    uint64_t last_number; /* of a call */
    pthread_t thread;
    int wake; /* eventfd: stop */
    bool is_running;
    /* in this very process */
    bool is_local;
    struct arena *arena; /* what the roles' starts have made */
    bool is_started[JAIL_ROLES_MAX];
    void *states[JAIL_ROLES_MAX];
};

/* jail_pool.c; all of them take the lock. NULL: nothing became free. */
struct place *jail_pool_take(struct jail *jail, struct pool *pool, struct str share);
void jail_pool_release(struct jail *jail, struct pool *pool, struct place *place,
                       enum jail_outcome outcome);
void jail_pool_add(struct jail *jail, struct pool *pool, uint32_t number, int fd);
/* A child ended. True: nobody had it. */
bool jail_pool_remove(struct jail *jail, struct pool *pool, uint32_t number);
/* The keeper ended: forgets what it made. */
void jail_pool_clear(struct jail *jail, struct pool *pool);
void jail_count_death(struct jail *jail, const struct pool *pool, enum jail_outcome cause);

/* jail_manager.c */
RESULT jail_manager_start(struct scope *scope, struct jail *jail);
void jail_manager_stop(struct jail *jail);

/* jail_local.c */
RESULT jail_local_send(struct scope *scope, struct jail *jail, const struct jail_call *call,
                       enum jail_outcome *ret_outcome, struct jail_message *ret_answer);
void jail_local_stop(struct jail *jail);
