#include "base/ws.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <wslay/wslay.h>

#include "base/crypto.h"

/* A wslay context costs some 10 KB, so a socket borrows one only while a message is incomplete.
 * wslay has no test for "nothing is pending"; this one is exact, because wslay refuses lengths that
 * are not minimal: the bytes handed to it equal the bytes of all finished frames, no fragmented
 * message is open, and it wants to write nothing. A context that closed or failed is never used
 * again. What wslay queues is thrown away: its replies could land inside a half-sent frame, so
 * pongs and closes are made here and go through the socket's own queue. */

enum {
    MASK_BYTES = 4,
    CONTROL_BIT = 8,
    MAX_CONTROL_BYTES = 125,
    MAX_FRAGMENTS = 1024, /* wslay allocates per fragment: bytes alone do not bound its memory */
    KEY_TEXT_BYTES = 24,
    KEY_BYTES = 16
};

enum {
    CODE_NORMAL_LIMIT = 1000,
    CODE_PROTOCOL = 1002,
    CODE_UNSUPPORTED = 1003,
    CODE_NO_STATUS = 1005,
    CODE_NOT_UTF8 = 1007,
    CODE_TOO_LARGE = 1009
};

struct ws_in {
    struct ws_in *next_free;
    wslay_event_context_ptr context;  /* made at the first borrowing, and anew after an error */
    const struct ws_handler *handler; /* of the running call */
    const unsigned char *bytes;
    size_t left;
    uint64_t fed, used, frame_bytes;
    unsigned fragments;
    bool is_open; /* the last data frame was not final */
    bool is_feeding, is_dropped, has_pong;
    uint16_t refused; /* our own verdict: a close code, 0 for none */
    size_t pong_len;
    char pong[MAX_CONTROL_BYTES];
};

struct ws_pool {
    size_t count, used;
    struct ws_in *free;
    struct ws_in *slots;
};

static ssize_t give_bytes(wslay_event_context_ptr context, uint8_t *buf, size_t len, int flags,
                          void *self) {
    (void) flags;
    struct ws_in *in = self;
    if (in->left == 0 || in->refused != 0 || in->is_dropped) {
        wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    const size_t count = in->left < len ? in->left : len;
    memcpy(buf, in->bytes, count);
    in->bytes += count;
    in->left -= count;
    in->fed += count;
    return (ssize_t) count;
}

static ssize_t discard_bytes(wslay_event_context_ptr context, const uint8_t *bytes, size_t len,
                             int flags, void *self) {
    (void) context;
    (void) bytes;
    (void) flags;
    (void) self;
    return (ssize_t) len;
}

/* The first verdict stays: the bytes behind it that were already handed over mean nothing. */
static void refuse(struct ws_in *in, uint16_t code) {
    in->refused = in->refused != 0 ? in->refused : code;
}

static void note_frame_start(wslay_event_context_ptr context,
                             const struct wslay_event_on_frame_recv_start_arg *frame, void *self) {
    (void) context;
    struct ws_in *in = self;
    const uint64_t len = frame->payload_length;
    in->frame_bytes = (len < 126 ? 2U : len <= UINT16_MAX ? 4U : 10U) + MASK_BYTES + len;
    if (frame->opcode == WSLAY_CONNECTION_CLOSE && len == 1) {
        refuse(in, CODE_PROTOCOL); /* half a code, section 5.5.1; wslay lets it pass */
    }
    if ((frame->opcode & CONTROL_BIT) != 0) {
        return;
    }
    in->is_open = frame->fin == 0;
    in->fragments = frame->opcode == WSLAY_CONTINUATION_FRAME ? in->fragments + 1 : 1;
    if (frame->opcode == WSLAY_BINARY_FRAME) {
        refuse(in, CODE_UNSUPPORTED);
    }
    if (in->fragments > MAX_FRAGMENTS) {
        refuse(in, CODE_TOO_LARGE);
    }
}

static void note_frame_end(wslay_event_context_ptr context, void *self) {
    (void) context;
    struct ws_in *in = self;
    in->used += in->frame_bytes;
}

static void take_message(wslay_event_context_ptr context,
                         const struct wslay_event_on_msg_recv_arg *message, void *self) {
    (void) context;
    struct ws_in *in = self;
    if (in->is_dropped || in->refused != 0) {
        return;
    }
    if (message->opcode == WSLAY_TEXT_FRAME) {
        const struct str text = {(const char *) message->msg, message->msg_length};
        in->handler->on_text(in->handler->self, text.len == 0 ? STR("") : text);
    } else if (message->opcode == WSLAY_PONG) {
        in->handler->on_pong(in->handler->self);
    } else if (message->opcode == WSLAY_PING) {
        /* RFC 6455 section 5.5.3: a pong for the most recent ping is enough */
        in->has_pong = true;
        in->pong_len = message->msg_length;
        if (in->pong_len > 0) {
            memcpy(in->pong, message->msg, in->pong_len);
        }
    } else if (message->opcode == WSLAY_CONNECTION_CLOSE && message->msg_length > 2 &&
               !str_is_utf8(
                   (struct str){(const char *) message->msg + 2, message->msg_length - 2})) {
        /* wslay looks at the wrong bytes of a reason that comes in pieces: a bad one it overlooks
         * is caught here, a good one it refuses is answered with 1007; both end the connection */
        refuse(in, CODE_NOT_UTF8);
    }
}

static void make_context(struct ws_in *in) {
    static const struct wslay_event_callbacks CALLBACKS = {
        .recv_callback = give_bytes,
        .send_callback = discard_bytes,
        .on_frame_recv_start_callback = note_frame_start,
        .on_frame_recv_end_callback = note_frame_end,
        .on_msg_recv_callback = take_message,
    };
    if (wslay_event_context_server_init(&in->context, &CALLBACKS, in) != 0) {
        abort();
    }
    wslay_event_config_set_max_recv_msg_length(in->context, WS_MAX_MESSAGE_BYTES);
}

struct ws_pool *ws_pool_new(size_t contexts) {
    struct ws_pool *pool = calloc(1, sizeof *pool);
    struct ws_in *slots = calloc(contexts, sizeof *slots);
    if (pool == NULL || slots == NULL) {
        abort();
    }
    pool->count = contexts;
    pool->slots = slots;
    for (size_t i = 0; i < contexts; i++) {
        slots[i].next_free = pool->free;
        pool->free = &slots[i];
    }
    return pool;
}

void ws_pool_free(struct ws_pool **pool) {
    if (*pool == NULL) {
        return;
    }
    for (size_t i = 0; i < (*pool)->count; i++) {
        wslay_event_context_free((*pool)->slots[i].context);
    }
    free((*pool)->slots);
    free(*pool);
    *pool = NULL;
}

size_t ws_pool_used(const struct ws_pool *pool) {
    return pool->used;
}

static struct ws_in *borrow(struct ws_pool *pool) {
    struct ws_in *in = pool->free;
    if (in == NULL) {
        return NULL;
    }
    pool->free = in->next_free;
    pool->used++;
    const wslay_event_context_ptr context = in->context;
    *in = (struct ws_in){.context = context};
    if (context == NULL) {
        make_context(in);
    }
    return in;
}

/* A context is kept for the next socket only when nothing of this one is left in it. */
static void give_back(struct ws_pool *pool, struct ws_in *in, bool is_clean) {
    if (!is_clean) {
        wslay_event_context_free(in->context);
        in->context = NULL;
    }
    in->next_free = pool->free;
    pool->free = in;
    pool->used--;
}

void ws_in_drop(struct ws_pool *pool, struct ws_in **in) {
    struct ws_in *dropped = *in;
    *in = NULL;
    if (dropped == NULL) {
        return;
    }
    if (dropped->is_feeding) { /* from inside a handler: ws_feed gives it back */
        dropped->is_dropped = true;
        return;
    }
    give_back(pool, dropped, false);
}

static void send_pong(struct ws_in *in) {
    if (in->has_pong) {
        const struct ws_handler *handler = in->handler;
        in->has_pong = false;
        handler->on_control(handler->self,
                            ws_frame_new(WS_PONG, (struct str){in->pong, in->pong_len}));
    }
}

/* What the context has come to after all bytes: going on, closed by the peer, or an error. */
static enum ws_fed judge(struct ws_in *in, int outcome, uint16_t *ret_code) {
    if (in->refused != 0) {
        *ret_code = in->refused;
        return WS_FED_ERROR;
    }
    const bool is_sent = wslay_event_send(in->context) == 0;
    if (wslay_event_get_close_received(in->context)) {
        return WS_FED_CLOSED;
    }
    if (outcome != 0 || !is_sent || !wslay_event_get_read_enabled(in->context)) {
        const uint16_t code = wslay_event_get_status_code_sent(in->context);
        *ret_code = code > CODE_NORMAL_LIMIT && code != CODE_NO_STATUS && code != 1006
                        ? code
                        : CODE_PROTOCOL;
        return WS_FED_ERROR;
    }
    return WS_FED_OK;
}

static void report_close(struct ws_in *in) {
    const struct ws_handler *handler = in->handler;
    const uint16_t code = wslay_event_get_status_code_received(in->context);
    handler->on_control(handler->self, ws_frame_new_close(code, STR("")));
    if (!in->is_dropped) {
        handler->on_close(handler->self, code == 0 ? CODE_NO_STATUS : code);
    }
}

enum ws_fed ws_feed(struct ws_pool *pool, struct ws_in **in, const void *bytes, size_t len,
                    const struct ws_handler *handler, uint16_t *ret_code) {
    if (*in == NULL && len == 0) {
        return WS_FED_OK;
    }
    *in = *in != NULL ? *in : borrow(pool);
    struct ws_in *now = *in; /* a handler may drop *in */
    if (now == NULL) {
        return WS_FED_NO_CONTEXT;
    }
    now->handler = handler;
    now->bytes = bytes;
    now->left = len;
    now->is_feeding = true;
    const int outcome = wslay_event_recv(now->context);
    enum ws_fed fed = now->is_dropped ? WS_FED_CLOSED : judge(now, outcome, ret_code);
    if (!now->is_dropped && fed != WS_FED_ERROR) {
        send_pong(now);
    }
    if (!now->is_dropped && fed == WS_FED_CLOSED) {
        report_close(now);
    }
    now->is_feeding = false;
    const bool is_clean = fed == WS_FED_OK && !now->is_dropped;
    const bool is_pending =
        now->fed != now->used || now->is_open || wslay_event_want_write(now->context);
    if (is_clean && is_pending) {
        return WS_FED_OK;
    }
    fed = now->is_dropped ? WS_FED_CLOSED : fed;
    if (!now->is_dropped) {
        *in = NULL;
    }
    give_back(pool, now, is_clean);
    return fed;
}

result ws_accept(struct scope *scope, struct str key, struct str *ret) {
    struct str bytes;
    REQUIRE(scope, key.len == KEY_TEXT_BYTES, INVALID, "ws.key");
    REQUIRE(scope, is_ok(base64_decode(scope, key, &bytes)) && bytes.len == KEY_BYTES, INVALID,
            "ws.key");
    const struct str joined = str_format(scope->arena, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                                         STR_ARG(key)); /* section 1.3 */
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_len = 0;
    const int is_done = EVP_Digest(joined.at, joined.len, hash, &hash_len, EVP_sha1(), NULL);
    assert(is_done == 1);
    *ret = base64_encode(scope->arena, (struct str){(const char *) hash, hash_len});
    return OK_RESULT;
}
