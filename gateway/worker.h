#pragma once
/* Runs exchanges on threads that may block: check the credential, run the handler, post the result
 * back to the shard, or hand it to the follower when the answer has to wait for a barrier. */

#include "base/queue.h"
#include "gateway/shard.h"

struct store;

struct worker_settings {
    const struct env *env;
    struct store *store; /* the worker opens its own connection, with its first work */
    struct queue *queue;
    bool only_revocations;
    struct follower *follower;
    const struct messaging *messaging;
    struct identity *identity;
    struct provisioning *provisioning;
    struct metrics *metrics;
    /* Commands of live sockets: request->body is the command, response->body the reply. NULL: the
     * messenger's. */
    call_handler live_command;
};

struct worker;

struct worker *worker_new(const struct worker_settings *settings);
void worker_free(struct worker **worker);
/* Blocks for the next exchange and runs it; false when the queue is closed and empty. */
bool worker_step(struct worker *worker);
/* The same without waiting: for worlds without threads. False: nothing to do. */
bool worker_try_step(struct worker *worker);
/* Tests inject faults into it; NULL before the first work. */
struct db *worker_db(struct worker *worker);

/* A letter in a worker's queue that is no exchange: `run` is called with the worker's connection
 * (NULL: the database cannot be reached) and passes the chore on or frees it. */
struct chore {
    struct work work; /* first; WORK_CHORE */
    void (*run)(struct chore *chore, struct scope *scope, struct db *db);
};
