#include <fcntl.h>

#include "gateway/http/internal.h"

/* Everything a page needs and nothing from elsewhere. */
static const char PAGE_POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
static const char DATA_POLICY[] = "default-src 'none'; frame-ancestors 'none'";

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    (void) MHD_add_response_header(response, name, value);
}

static void add_header_str(struct arena *arena, struct MHD_Response *response, struct str name,
                           struct str value) {
    add_header(response, str_copy(arena, name).at, str_copy(arena, value).at);
}

/* A page whose form goes elsewhere says so itself, and everything else of the policy with it. */
static bool has_own_policy(const struct http_response *answer) {
    for (size_t i = 0; i < answer->header_count; i++) {
        if (str_eq_ascii_nocase(answer->headers[i].name, STR("Content-Security-Policy"))) {
            return true;
        }
    }
    return false;
}

static void add_security_headers(const struct http_loop *loop, struct MHD_Response *response,
                                 const struct http_response *answer) {
    const bool is_page = answer->content_type != NULL &&
                         str_has_prefix(str_from_c(answer->content_type), STR("text/html"));
    if (answer->status == 304) {
        return; /* RFC 9111 section 3.2: what it carries replaces the policy of the stored page */
    }
    if (!has_own_policy(answer)) {
        add_header(response, "Content-Security-Policy", is_page ? PAGE_POLICY : DATA_POLICY);
    }
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Referrer-Policy", "no-referrer");
    if (is_page) {
        add_header(response, "Cross-Origin-Opener-Policy", "same-origin");
        add_header(response, "Permissions-Policy", "camera=(), microphone=(), geolocation=()");
    }
    if (loop->is_https) {
        add_header(response, "Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    }
    if (!answer->is_cacheable) {
        add_header(response, "Cache-Control", "no-store");
    }
}

static void on_upgraded(void *cls, struct MHD_Connection *connection, void *state,
                        const char *extra, size_t extra_len, MHD_socket fd,
                        struct MHD_UpgradeResponseHandle *handle) {
    (void) connection;
    (void) state;
    struct exchange *exchange = cls;
    struct request_slot *slot = exchange->transport_data;
    /* A duplicate of our own: the parser keeps upgraded connections in a list that every resume
     * walks, so it gets its own back at once. */
    const int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    (void) MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
    slot->loop->needs_run = true;
    if (own >= 0) {
        live_io_adopt(slot->loop, exchange, own, extra, extra_len);
    }
}

static struct MHD_Response *make_upgrade(struct exchange *exchange) {
    struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgraded, exchange);
    if (response != NULL) {
        add_header(response, "Upgrade", "websocket");
        add_header_str(exchange->arena, response, STR("Sec-WebSocket-Accept"),
                       exchange->upgrade_accept);
        add_header(response, "Sec-WebSocket-Protocol", "gatehouse.v1");
    }
    return response;
}

static struct MHD_Response *make_response(struct http_loop *loop, struct exchange *exchange) {
    const struct http_response *answer = &exchange->response;
    /* The body lies in the exchange's arena, which outlives the response. */
    union {
        const char *from;
        char *to;
    } body = {.from = answer->body.at};
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body.len, body.to, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return NULL;
    }
    if (answer->content_type != NULL) {
        add_header(response, "Content-Type", answer->content_type);
    }
    for (size_t i = 0; i < answer->header_count; i++) {
        add_header_str(exchange->arena, response, answer->headers[i].name,
                       answer->headers[i].value);
    }
    add_header_str(exchange->arena, response, STR("X-Request-Id"), exchange->request.request_id);
    add_security_headers(loop, response, answer);
    if (loop->is_draining) {
        add_header(response, "Connection", "close");
    }
    return response;
}

static void answering_enter(struct request_slot *slot, struct exchange *exchange) {
    slot->exchange = exchange;
    slot->prev = NULL;
    slot->next = slot->loop->answering;
    if (slot->next != NULL) {
        slot->next->prev = slot;
    }
    slot->loop->answering = slot;
    slot->is_answering = true;
}

void answering_leave(struct request_slot *slot) {
    if (!slot->is_answering) {
        return;
    }
    *(slot->prev == NULL ? &slot->loop->answering : &slot->prev->next) = slot->next;
    if (slot->next != NULL) {
        slot->next->prev = slot->prev;
    }
    slot->is_answering = false;
}

/* What a revoked person has not read yet must not leave the kernel: dissolving the association
 * (connect to AF_UNSPEC) resets the connection and throws the send buffer away; the parser finds
 * out at its next write. */
void respond_revoked(struct transport *transport) {
    struct http_loop *loop = (struct http_loop *) (void *) transport;
    for (struct request_slot *slot = loop->answering; slot != NULL;) {
        struct request_slot *next = slot->next;
        if (!shard_exchange_stands(loop->shard, slot->exchange)) {
            const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
            (void) connect(slot->peer->fd, &nobody, sizeof nobody);
            answering_leave(slot);
            loop->needs_run = true;
        }
        slot = next;
    }
}

enum MHD_Result respond(struct http_loop *loop, struct MHD_Connection *connection,
                        struct exchange *exchange) {
    struct request_slot *slot = exchange->transport_data;
    slot->is_queued = true;
    deadline_start(loop, slot->peer, DEADLINE_REQUEST); /* who does not read is not waited for */
    const bool is_upgrade = exchange->socket != NULL;
    struct MHD_Response *response =
        is_upgrade ? make_upgrade(exchange) : make_response(loop, exchange);
    if (response == NULL) {
        return MHD_NO;
    }
    const unsigned status =
        is_upgrade ? MHD_HTTP_SWITCHING_PROTOCOLS : (unsigned) exchange->response.status;
    if (!is_upgrade && exchange->has_principal) {
        answering_enter(slot, exchange);
    }
    const enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}
