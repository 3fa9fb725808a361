#pragma once
/* One shard thread's loop: its listener, libmicrohttpd as the parser inside an epoll loop of our
 * own, and the upgraded sockets. The parser's internal modes stall, stop accepting after one EMFILE
 * and keep upgraded sockets in lists (see docs/ARCHITECTURE.md); ours does not. */

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/http_client.h"
#include "gateway/shard.h"

struct address_table;
struct http_loop;

struct http_limits {
    size_t max_connections; /* of this shard, live sockets included */
    int64_t header_timeout_us, request_timeout_us, keep_alive_us;
};

struct http_loop_settings {
    const struct env *env;
    int listener; /* owned by the loop from here */
    struct http_limits limits;
    struct address_table *addresses;             /* shared by all loops */
    const struct address_rules *trusted_proxies; /* borrowed */
    struct str public_url;
    struct metrics *metrics;
    const atomic_bool *stop; /* set: drain; then `drained` is posted once */
    sem_t *drained;
    /* Set: end. Until then a drained loop goes on applying revocations, so that its lease stays
     * good while the follower still finishes. */
    const atomic_bool *end;
};

/* UNAVAILABLE "http.loop" when the kernel refuses. */
RESULT http_loop_new(struct scope *scope, const struct http_loop_settings *settings,
                     struct http_loop **ret);
void http_loop_free(struct http_loop **loop);
struct transport *http_loop_transport(struct http_loop *loop);
void http_loop_attach(struct http_loop *loop, struct shard *shard);
/* Returns after `end`. After `stop` requests under way are answered and sockets closed with 1012.
 */
void http_loop_run(struct http_loop *loop);
/* A listening socket for one shard (SO_REUSEPORT); "127.0.0.1:8080" or "[::1]:8080".
 * UNAVAILABLE "http.listen", INVALID "http.listen_address". */
RESULT http_listen(struct scope *scope, struct str address, int *ret);
