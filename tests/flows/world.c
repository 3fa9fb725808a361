#include "tests/flows/world.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bus.h"
#include "base/event_log.h"
#include "gateway/answer.h"
#include "gateway/node_store.h"
#include "gateway/tables.h"
#include "identity/api_token.h"
#include "identity/connection_schema.h"
#include "identity/identity_schema.h"
#include "identity/session.h"
#include "messaging/message.h"
#include "tests/flows/world_routes.h"

static void *allocate(size_t size) {
    void *bytes = calloc(1, size);
    assert_non_null(bytes);
    return bytes;
}

static struct node *node_of_clock(const struct clock *clock) {
    return ((const struct node_clock *) (const void *) clock)->node;
}

static int64_t node_now(const struct clock *clock) {
    return node_of_clock(clock)->world->fixture->time.now_us;
}

static int64_t node_boot(const struct clock *clock) {
    struct node *node = node_of_clock(clock);
    if (node->readings_until > 0 && --node->readings_until == 0) {
        node->at_reading(node);
    }
    return node->world->fixture->time.boot_us;
}

static struct world *world_of_bus(struct bus *bus) {
    return (struct world *) (void *) ((char *) bus - offsetof(struct world, own_bus));
}

static void bus_publish(struct bus *bus, const struct bus_message *message) {
    struct world *world = world_of_bus(bus);
    if (world->is_bus_silent || world->is_bus_lossy) {
        return;
    }
    world->inner_bus->publish(world->inner_bus, message);
    if (world->is_bus_doubling) {
        world->inner_bus->publish(world->inner_bus, message);
    }
}

static void bus_subscribe(struct bus *bus, void (*receive)(void *, const struct bus_message *),
                          void *self) {
    struct world *world = world_of_bus(bus);
    world->inner_bus->subscribe(world->inner_bus, receive, self);
}

static bool bus_is_alive(struct bus *bus) {
    return !world_of_bus(bus)->is_bus_silent;
}

static void transport_answer(struct transport *transport, struct exchange *exchange) {
    (void) transport;
    struct reply *reply = exchange->transport_data;
    struct arena *arena = reply->node->world->scope->arena;
    reply->is_ready = true;
    reply->status = exchange->socket != NULL ? 101 : exchange->response.status;
    reply->code = is_ok(exchange->outcome) ? NULL : exchange->reason;
    reply->body = str_copy(arena, exchange->response.body);
    if (exchange->socket == NULL) {
        reply->is_answered = true;
    }
}

static void read_frame(struct peer *peer, const struct ws_frame *frame) {
    const size_t header = frame->bytes[1] < 126 ? 2 : frame->bytes[1] == 126 ? 4 : 10;
    assert_true(peer->frame_count < WORLD_FRAMES);
    const size_t len = frame->len - header;
    const size_t kept = len < WORLD_FRAME_BYTES - 1 ? len : WORLD_FRAME_BYTES - 1;
    memcpy(peer->frames[peer->frame_count], frame->bytes + header, kept);
    peer->frames[peer->frame_count][kept] = '\0';
    peer->frame_count++;
}

/* The kernel takes what it has room for; a frame counts as received with its last byte. */
static void transport_flush(struct transport *transport, struct live_socket *socket) {
    struct world_transport *own = (struct world_transport *) (void *) transport;
    struct shard *shard = own->node->shards[own->shard];
    struct peer *peer = socket->io;
    while (socket->queue_count > 0 && peer->room > 0) {
        const struct ws_frame *frame = socket->queue[socket->queue_first];
        const size_t left = frame->len - socket->first_sent;
        const size_t sent = left < peer->room ? left : peer->room;
        if (sent == left) {
            read_frame(peer, frame);
        }
        peer->room -= peer->room == SIZE_MAX ? 0 : sent;
        shard_socket_sent(shard, socket, sent);
    }
}

static void peer_close(struct peer *peer, int code, struct str reason) {
    peer->is_open = false;
    peer->socket = NULL;
    peer->close_code = code;
    (void) snprintf(peer->close_reason, sizeof peer->close_reason, "%.*s", STR_ARG(reason));
}

static void transport_cut(struct transport *transport, struct live_socket *socket, uint16_t code,
                          struct str reason) {
    (void) transport;
    struct peer *peer = socket->io;
    if (peer == NULL) { /* not adopted: the connection goes, without a frame */
        const struct reply *reply = socket->opening->transport_data;
        peer_close(reply->peer, CLOSED_RESET, STR(""));
        return;
    }
    socket->io = NULL;
    const bool is_clean = shard_socket_may_say_why(socket, peer->has_unsent);
    peer_close(peer, is_clean ? code : CLOSED_RESET, reason);
}

static void adopt(struct reply *reply) {
    struct exchange *exchange = reply->exchange;
    struct live_socket *socket = exchange->socket;
    struct peer *peer = reply->peer;
    reply->is_answered = true;
    if (!peer->is_open) { /* shut down before its 101 */
        return;
    }
    peer->socket = socket;
    socket->io = peer;
    (void) shard_socket_adopt(exchange->shard, socket);
}

/* What the loop does behind the parser: bytes of answers go out, upgrades are adopted. */
static bool take_ready(struct world *world) {
    bool has_moved = false;
    for (struct reply *reply = world->replies; reply != NULL; reply = reply->next) {
        if (!reply->is_ready || reply->exchange == NULL ||
            (reply->exchange->socket != NULL && reply->node->is_adoption_stalled)) {
            continue;
        }
        if (reply->exchange->socket != NULL) {
            adopt(reply);
        }
        reply->is_answered = true;
        shard_exchange_free(&reply->exchange);
        has_moved = true;
    }
    return has_moved;
}

static void start_shard(struct node *node, unsigned number) {
    struct world *world = node->world;
    struct world_transport *transport = &node->transports[number];
    transport->transport =
        (struct transport){transport_answer, transport_flush, transport_cut, NULL};
    transport->node = node;
    transport->shard = number;
    const struct shard_settings settings = {
        .number = number,
        .bound_us = world->bound_us,
        .max_cached = 1000,
        .max_sockets_per_user = 4,
        .env = &node->env,
        .pools = &node->pools,
        .follower = node->follower,
        .transport = &transport->transport,
        .metrics = node->metrics,
        .routes = world->routes,
        .messaging = &node->messaging,
        .identity = &world->identity,
        .provisioning = &world->provisioning,
    };
    node->shards[number] = shard_new(&settings);
}

void node_start(struct world *world, unsigned number, unsigned shards) {
    struct node *node = &world->nodes[number];
    *node = (struct node){.world = world, .number = number, .shard_count = shards};
    node->env = world->fixture->env;
    node->env.bus = &world->own_bus;
    node->clock = (struct node_clock){{node_now, node_boot}, node};
    node->follower_env = node->env;
    node->follower_env.clock = &node->clock.clock;
    node->metrics = metrics_new(METRICS, METRIC_COUNT);
    node->queue = queue_new(64, 64);
    for (size_t i = RUN_DATABASE; i < ROUTE_LANE_COUNT; i++) {
        node->pools.lanes[i] = node->queue;
    }
    const struct follower_settings follower = {
        .bound_us = world->bound_us,
        .env = &node->follower_env,
        .store = world->d->store,
        .metrics = node->metrics,
        .messaging = &node->messaging,
        .receipts = node->queue,
    };
    node->follower = follower_new(&follower);
    node->messaging = (struct messaging){
        .registry = &world->registry,
        .instance = follower_instance(node->follower),
        .public_url = STR("http://127.0.0.1:8080"),
    };
    for (unsigned i = 0; i < shards; i++) {
        start_shard(node, i);
    }
    follower_set_shards(node->follower, node->shards, shards);
    const struct worker_settings worker = {
        .env = &node->env,
        .store = world->d->store,
        .queue = node->queue,
        .follower = node->follower,
        .messaging = &node->messaging,
        .identity = &world->identity,
        .provisioning = &world->provisioning,
        .metrics = node->metrics,
    };
    node->worker = worker_new(&worker);
    node->follower_wait.fd = -1;
    node->is_running = true;
}

static bool is_readable(int fd) {
    struct pollfd waits = {fd, POLLIN, 0};
    return poll(&waits, 1, 0) == 1;
}

void shard_pump(struct node *node, unsigned number) {
    struct shard *shard = node->shards[number];
    while (shard_step(shard) || is_readable(mailbox_fd(shard_mailbox(shard)))) {
    }
}

void worker_pump(struct node *node) {
    while (worker_try_step(node->worker)) {
    }
}

void follower_pump(struct node *node) {
    follower_step(node->follower, &node->follower_wait);
}

static bool pump_shard(struct node *node, unsigned number) {
    struct shard *shard = node->shards[number];
    const bool is_due = shard_next_timer_us(shard) <= node->world->fixture->time.boot_us;
    if (!is_due && !is_readable(mailbox_fd(shard_mailbox(shard)))) {
        return false;
    }
    shard_pump(node, number);
    return true;
}

/* A real database may take its time; nobody else's clock moves meanwhile. */
static bool pump_follower(struct node *node) {
    if (node->follower_wait.fd >= 0) {
        struct pollfd waits = {node->follower_wait.fd, node->follower_wait.events, 0};
        if (poll(&waits, 1, 10000) == 0) {
            fail_msg("the follower waits for what does not come");
        }
        follower_pump(node);
        return true;
    }
    const bool is_due = node->follower_wait.until_boot_us <= node->world->fixture->time.boot_us;
    if (!is_due && !is_readable(mailbox_fd(follower_mailbox(node->follower)))) {
        return false;
    }
    follower_pump(node);
    return true;
}

static bool pump_node(struct node *node) {
    bool has_moved = false;
    if (!node->is_follower_stalled) {
        has_moved = pump_follower(node);
    }
    for (unsigned i = 0; i < node->shard_count; i++) {
        if (!node->is_shard_stalled[i]) {
            has_moved = pump_shard(node, i) || has_moved;
        }
    }
    if (!node->is_worker_stalled) {
        has_moved = worker_try_step(node->worker) || has_moved;
    }
    return has_moved;
}

void world_pump(struct world *world) {
    bool has_moved = true;
    for (size_t rounds = 0; has_moved; rounds++) {
        if (rounds == 20000) {
            fail_msg("the world does not come to rest");
        }
        has_moved = take_ready(world);
        for (size_t i = 0; i < WORLD_MAX_NODES; i++) {
            if (world->nodes[i].is_running) {
                has_moved = pump_node(&world->nodes[i]) || has_moved;
            }
        }
    }
}

void world_jump(struct world *world, int64_t boot_us, int64_t wall_us) {
    world->fixture->time.boot_us += boot_us;
    world->fixture->time.now_us += wall_us;
}

void world_pass(struct world *world, int64_t us) {
    const int64_t step_us = MS_TO_US(50);
    for (int64_t passed = 0; passed < us; passed += step_us) {
        const int64_t left = us - passed;
        fake_clock_advance(&world->fixture->time, left < step_us ? left : step_us);
        world_pump(world);
    }
}

static struct world *open_world(void **state, const struct route_list *routes, unsigned nodes,
                                unsigned shards) {
    struct world *world = allocate(sizeof *world);
    world->routes = routes;
    world->provisioning = (struct provisioning){.public_url = STR("http://127.0.0.1:8080")};
    world->d = *state;
    world->fixture = &world->d->fixture;
    world->scope = &world->fixture->scope;
    world->bound_us = S_TO_US(2);
    world->inner_bus = process_bus_new();
    world->own_bus = (struct bus){bus_publish, bus_subscribe, bus_is_alive, .is_local = false};
    world->identity = (struct identity){
        .public_url = STR("http://127.0.0.1:8080"),
        .session_idle_us = S_TO_US(8 * 3600),
        .session_absolute_us = S_TO_US(24 * 3600),
    };
    tables_registry(&world->tables);
    world->registry = world->tables.registry;
    world->acme = given_company(world->d, "acme");
    world->other = given_company(world->d, "other");
    for (unsigned i = 0; i < nodes; i++) {
        node_start(world, i, shards);
    }
    world_pump(world);
    return world;
}

struct world *world_open(void **state, unsigned nodes, unsigned shards) {
    return open_world(state, &WORLD_ROUTES, nodes, shards);
}

struct world *world_open_with(void **state, const struct route_list *routes, unsigned shards) {
    return open_world(state, routes, 1, shards);
}

static void node_stop(struct node *node) {
    if (!node->is_running) {
        return;
    }
    node->is_running = false;
    for (unsigned i = 0; i < node->shard_count; i++) {
        node->shards[i] != NULL ? shard_free(&node->shards[i]) : (void) 0;
    }
    follower_free(&node->follower);
    worker_free(&node->worker);
    queue_free(&node->queue);
    metrics_free(&node->metrics);
}

/* Everything comes home first: nothing is stalled, and enough time passes for every barrier. */
static void come_home(struct world *world) {
    for (size_t i = 0; i < WORLD_MAX_NODES; i++) {
        struct node *node = &world->nodes[i];
        node->is_follower_stalled = node->is_worker_stalled = node->is_adoption_stalled = false;
        node->readings_until = 0;
        memset(node->is_shard_stalled, 0, sizeof node->is_shard_stalled);
    }
    world_pump(world);
    world_pass(world, 2 * world->bound_us);
    for (size_t i = 0; i < WORLD_MAX_NODES; i++) {
        struct node *node = &world->nodes[i];
        for (unsigned j = 0; node->is_running && j < node->shard_count; j++) {
            while (!shard_drain(node->shards[j])) {
                world_pump(world);
            }
        }
    }
    world_pump(world);
    for (size_t i = 0; i < WORLD_MAX_NODES; i++) {
        while (world->nodes[i].is_running && !follower_leave(world->nodes[i].follower)) {
            world_pass(world, MS_TO_US(100));
        }
    }
    world_pump(world);
}

void world_close(struct world *world) {
    come_home(world);
    for (size_t i = 0; i < WORLD_MAX_NODES; i++) {
        node_stop(&world->nodes[i]);
    }
    while (world->peers != NULL) {
        struct peer *next = world->peers->next;
        free(world->peers);
        world->peers = next;
    }
    while (world->replies != NULL) {
        struct reply *next = world->replies->next;
        assert_null(world->replies->exchange);
        free(world->replies);
        world->replies = next;
    }
    process_bus_free(&world->inner_bus);
    free(world);
}
