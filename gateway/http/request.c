/* From the parser's callbacks to an exchange and back. The order of calls for one request:
 * request_started (target), request_data (headers: guard, route, admission), request_data (body,
 * any number of times), request_data (end: begin; suspended while a worker has it), request_data
 * (answer) and request_completed. */

#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/random.h"
#include "base/url.h"
#include "gateway/answer.h"
#include "gateway/http/address_table.h"
#include "gateway/http/client_address.h"
#include "gateway/http/guard.h"
#include "gateway/http/internal.h"

/* More than this beyond the limit, and nobody reads the refusal anyway. */
enum { DISCARD_BYTES = 256 * 1024 };

void *request_started(void *cls, const char *target, struct MHD_Connection *connection) {
    struct http_loop *loop = cls;
    struct exchange *exchange = shard_exchange_new(loop->shard);
    struct request_slot *slot = NEW(exchange->arena, struct request_slot);
    slot->loop = loop;
    slot->connection = connection;
    slot->peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    slot->raw_target = str_copy(exchange->arena, str_from_c(target));
    exchange->transport_data = slot;
    return exchange;
}

struct header_reader {
    struct exchange *exchange;
    bool is_over;
};

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len) {
    (void) kind;
    struct header_reader *reader = cls;
    struct http_request *request = &reader->exchange->request;
    if (request->header_count == HTTP_MAX_HEADERS) {
        reader->is_over = true;
        return MHD_NO;
    }
    request->headers[request->header_count++] = (struct http_header){
        str_copy(reader->exchange->arena, (struct str){name, name_len}),
        value == NULL ? STR("") : str_copy(reader->exchange->arena, (struct str){value, value_len}),
    };
    return MHD_YES;
}

/* They name requests and guard nothing, so the system is asked once for many. */
static struct str next_request_id(struct scope *scope, struct http_loop *loop) {
    if (loop->id_count == 0) {
        scope->env->random->bytes(scope->env->random, loop->id_bytes, sizeof loop->id_bytes);
        loop->id_count = REQUEST_IDS;
    }
    return base64url_encode(scope->arena, loop->id_bytes[--loop->id_count], REQUEST_ID_BYTES);
}

/* Several lines are one list (RFC 9110 section 5.3): a proxy may add a line of its own behind the
 * client's, and only the last address is the proxy's word. */
static struct str forwarded_for(struct scope *scope, const struct http_request *request) {
    struct strbuf list = strbuf_begin(scope->arena, POOL_BYTES);
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_eq_ascii_nocase(request->headers[i].name, STR("x-forwarded-for"))) {
            strbuf_add(&list, list.len > 0 ? STR(",") : STR(""));
            strbuf_add(&list, request->headers[i].value);
        }
    }
    return strbuf_str(&list);
}

static void read_client(struct scope *scope, const struct request_slot *slot,
                        struct http_request *request) {
    const struct str forwarded = forwarded_for(scope, request);
    if (forwarded.len == 0) { /* as most come: the text is ready */
        request->client_address = str_copy(scope->arena, str_from_c(slot->peer->address_text));
        return;
    }
    unsigned char client[16];
    client_address_find(slot->peer->address, forwarded, slot->loop->trusted_proxies, client);
    request->client_address = client_address_text(scope->arena, client);
}

/* Everything of the request but its body. */
static result read_head(struct scope *scope, struct exchange *exchange, const char *method) {
    struct request_slot *slot = exchange->transport_data;
    struct http_request *request = &exchange->request;
    request->method = http_method_parse(str_from_c(method));
    exchange->is_head = request->method == HTTP_HEAD;
    request->request_id = next_request_id(scope, slot->loop);
    struct header_reader reader = {exchange, false};
    (void) MHD_get_connection_values_n(slot->connection, MHD_HEADER_KIND, read_header, &reader);
    REQUIRE(scope, !reader.is_over, TOO_LARGE, "http.headers");
    TRY(http_guard(scope, request));
    read_client(scope, slot, request);
    struct str raw_path;
    request->query = str_split(slot->raw_target, '?', &raw_path);
    return url_decode_path(scope, raw_path, &request->path);
}

static bool is_live_route(const struct exchange *exchange) {
    return exchange->route != NULL && exchange->route->handler == NULL;
}

static result read_upgrade(struct scope *scope, struct exchange *exchange) {
    struct request_slot *slot = exchange->transport_data;
    TRY(http_upgrade_check(scope, &exchange->request, slot->loop->public_url,
                           &exchange->upgrade_accept));
    exchange->wants_upgrade = true;
    return OK_RESULT;
}

static struct scope scope_of(const struct exchange *exchange) {
    const struct request_slot *slot = exchange->transport_data;
    return (struct scope){exchange->arena, slot->loop->env, NULL};
}

static enum MHD_Result refuse(struct exchange *exchange, result why, const char *reason) {
    exchange->outcome = why;
    exchange->reason = reason;
    answer_failure(exchange);
    struct request_slot *slot = exchange->transport_data;
    slot->is_answered = true;
    return respond(slot->loop, slot->connection, exchange);
}

static enum MHD_Result request_head(struct exchange *exchange, const char *method) {
    struct request_slot *slot = exchange->transport_data;
    struct scope scope = scope_of(exchange);
    slot->is_begun = true;
    deadline_start(slot->loop, slot->peer, DEADLINE_REQUEST);
    const result head = read_head(&scope, exchange, method);
    if (!is_ok(head)) {
        return refuse(exchange, head, scope.reason);
    }
    if (slot->loop->is_draining) {
        return refuse(exchange, (result){UNAVAILABLE}, "server.stopping");
    }
    if (!shard_exchange_admit(slot->loop->shard, exchange)) {
        slot->is_answered = true;
        return respond(slot->loop, slot->connection, exchange);
    }
    if (is_live_route(exchange)) {
        const result upgrade = read_upgrade(&scope, exchange);
        if (!is_ok(upgrade)) {
            return refuse(exchange, upgrade, scope.reason);
        }
    }
    slot->body = strbuf_begin(exchange->arena, exchange->route->body_limit);
    return MHD_YES;
}

static enum MHD_Result request_body(struct exchange *exchange, const char *data, size_t *size) {
    struct request_slot *slot = exchange->transport_data;
    strbuf_add(&slot->body, (struct str){data, *size});
    if (slot->body.is_full) {
        slot->discarded += *size;
    }
    *size = 0;
    return slot->discarded > DISCARD_BYTES ? MHD_NO : MHD_YES;
}

/* The last byte is here: to the shard, which answers at once or when a worker is done. */
static enum MHD_Result request_end(struct exchange *exchange) {
    struct request_slot *slot = exchange->transport_data;
    slot->is_complete = true;
    if (slot->body.is_full) {
        return refuse(exchange, (result){TOO_LARGE}, "request.size");
    }
    deadline_stop(slot->loop, slot->peer); /* from here the time is ours */
    exchange->request.body = strbuf_str(&slot->body);
    exchange->request.received_us = clock_now_us(slot->loop->env->clock);
    shard_exchange_begin(slot->loop->shard, exchange);
    if (slot->is_answered) {
        return respond(slot->loop, slot->connection, exchange);
    }
    MHD_suspend_connection(slot->connection);
    slot->is_suspended = true;
    slot->loop->suspended++;
    return MHD_YES;
}

void request_answer(struct transport *transport, struct exchange *exchange) {
    (void) transport;
    struct request_slot *slot = exchange->transport_data;
    slot->is_answered = true;
    if (slot->is_suspended) {
        slot->is_suspended = false;
        slot->loop->suspended--;
        slot->loop->needs_run = true;
        MHD_resume_connection(slot->connection);
    }
}

/* NOLINTNEXTLINE(readability-function-size): as libmicrohttpd declares it */
enum MHD_Result request_data(void *cls, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *data,
                             size_t *data_size, void **state) {
    (void) cls;
    (void) connection;
    (void) url; /* decoded by the parser; we decode the raw target strictly */
    (void) version;
    struct exchange *exchange = *state;
    struct request_slot *slot = exchange->transport_data;
    if (!slot->is_begun) {
        return request_head(exchange, method);
    }
    if (slot->is_answered) {
        return slot->is_queued ? MHD_YES : respond(slot->loop, slot->connection, exchange);
    }
    if (*data_size > 0) {
        return request_body(exchange, data, data_size);
    }
    return slot->is_complete ? MHD_YES : request_end(exchange);
}

void request_completed(void *cls, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode why) {
    (void) connection;
    (void) why;
    struct http_loop *loop = cls;
    struct exchange *exchange = *state;
    *state = NULL;
    if (exchange == NULL) {
        return;
    }
    struct request_slot *slot = exchange->transport_data;
    answering_leave(slot);
    if (slot->peer != NULL) {
        deadline_start(loop, slot->peer, DEADLINE_KEEP_ALIVE);
    }
    if (slot->is_suspended) {
        slot->is_suspended = false;
        loop->suspended--;
    }
    if (slot->is_complete && !slot->is_answered) {
        shard_exchange_abandon(exchange);
        return;
    }
    if (exchange->socket != NULL && !exchange->socket->is_adopted) {
        shard_socket_gone(loop->shard, exchange->socket); /* 101 never reached the client */
    }
    shard_exchange_free(&exchange);
}

static void peer_opened(struct http_loop *loop, struct MHD_Connection *connection,
                        void **socket_context) {
    struct http_connection *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        abort();
    }
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    client_address_from_socket(address->client_addr, peer->address);
    client_address_write(peer->address, peer->address_text);
    peer->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    peer->is_counted = true;
    peer->is_in_table = !address_matches(peer->address, loop->trusted_proxies);
    *socket_context = peer;
    deadline_start(loop, peer, DEADLINE_HEADERS);
}

void request_peer_changed(void *cls, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what) {
    struct http_loop *loop = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        peer_opened(loop, connection, socket_context);
        return;
    }
    struct http_connection *peer = *socket_context;
    deadline_stop(loop, peer);
    if (peer->is_counted) {
        loop->connections--;
    }
    if (peer->is_counted && peer->is_in_table) {
        address_table_leave(loop->addresses, peer->address);
    }
    loop->accept_again_boot_us = 0;
    free(peer);
    *socket_context = NULL;
}
