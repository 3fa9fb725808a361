#pragma once
/* WebSocket frames (RFC 6455). What comes in goes through wslay, with contexts that are borrowed
 * only while a message is incomplete; what goes out is encoded once and shared by reference count.
 * All of it belongs to one shard thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum { WS_MAX_MESSAGE_BYTES = 64 * 1024, WS_POOL_CONTEXTS = 256 };

enum ws_opcode { WS_TEXT = 1, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

struct ws_frame {
    unsigned refs; /* shard thread only: not atomic */
    size_t len;
    unsigned char bytes[];
};

/* One reference for the caller. */
struct ws_frame *ws_frame_new(enum ws_opcode opcode, struct str payload);
struct ws_frame *ws_frame_new_close(uint16_t code, struct str reason); /* reason <= 123 bytes */
struct ws_frame *ws_frame_ref(struct ws_frame *frame);
void ws_frame_unref(struct ws_frame **frame);

struct ws_pool; /* of one shard */
struct ws_in;   /* the incomplete message of one socket; NULL when there is none */

struct ws_pool *ws_pool_new(size_t contexts);
void ws_pool_free(struct ws_pool **pool);

struct ws_handler {
    void *self;
    /* One complete text message, valid UTF-8; the slice ends with the call. */
    void (*on_text)(void *self, struct str text);
    /* A control frame to send (pong, or the echo of a close); the callee takes the reference. */
    void (*on_control)(void *self, struct ws_frame *frame);
    void (*on_pong)(void *self);
    /* The peer closed; `code` 1005 when it gave none. */
    void (*on_close)(void *self, uint16_t code);
};

enum ws_fed {
    WS_FED_OK,
    WS_FED_NO_CONTEXT, /* pool empty: stop reading this socket, feed the same bytes again later */
    WS_FED_CLOSED,     /* after on_close: read no more */
    WS_FED_ERROR /* protocol error: *ret_code is the close code to send (1002, 1007, 1009, 1003) */
};

/* Feeds bytes that were read from the socket. *in is the socket's slot, NULL at first; it is
 * non-NULL exactly while a message is incomplete. All bytes are consumed unless WS_FED_NO_CONTEXT.
 */
enum ws_fed ws_feed(struct ws_pool *pool, struct ws_in **in, const void *bytes, size_t len,
                    const struct ws_handler *handler, uint16_t *ret_code);
/* Gives an incomplete message up (teardown of a socket). */
void ws_in_drop(struct ws_pool *pool, struct ws_in **in);
/* Contexts in use. */
size_t ws_pool_used(const struct ws_pool *pool);

/* Sec-WebSocket-Accept for a key of exactly 24 base64 characters; INVALID "ws.key". */
RESULT ws_accept(struct scope *scope, struct str key, struct str *ret);
