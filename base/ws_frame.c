#include "base/ws.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIN_BIT = 0x80,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    MAX_CONTROL_BYTES = 125,
    NO_STATUS = 1005
};

/* RFC 6455 section 5.2, server to client: no mask, always one final frame. */
static size_t write_header(unsigned char *at, enum ws_opcode opcode, uint64_t len) {
    at[0] = (unsigned char) (FIN_BIT | (unsigned) opcode);
    if (len < LENGTH_16) {
        at[1] = (unsigned char) len;
        return 2;
    }
    const size_t bytes = len <= UINT16_MAX ? 2 : 8;
    at[1] = bytes == 2 ? LENGTH_16 : LENGTH_64;
    for (size_t i = 0; i < bytes; i++) {
        at[2 + i] = (unsigned char) (len >> (8 * (bytes - 1 - i)));
    }
    return 2 + bytes;
}

struct ws_frame *ws_frame_new(enum ws_opcode opcode, struct str payload) {
    assert(opcode == WS_TEXT || payload.len <= MAX_CONTROL_BYTES);
    unsigned char header[10];
    const size_t header_len = write_header(header, opcode, payload.len);
    struct ws_frame *frame = malloc(sizeof *frame + header_len + payload.len);
    if (frame == NULL) {
        abort();
    }
    frame->refs = 1;
    frame->len = header_len + payload.len;
    memcpy(frame->bytes, header, header_len);
    if (payload.len > 0) {
        memcpy(frame->bytes + header_len, payload.at, payload.len);
    }
    return frame;
}

struct ws_frame *ws_frame_new_close(uint16_t code, struct str reason) {
    if (code == 0 || code == NO_STATUS) { /* 1005 must not be sent, section 7.4.1 */
        return ws_frame_new(WS_CLOSE, STR(""));
    }
    assert(reason.len <= MAX_CONTROL_BYTES - 2);
    char payload[MAX_CONTROL_BYTES];
    payload[0] = (char) (unsigned char) (code >> 8);
    payload[1] = (char) (unsigned char) (code & 0xff);
    if (reason.len > 0) {
        memcpy(payload + 2, reason.at, reason.len);
    }
    return ws_frame_new(WS_CLOSE, (struct str){payload, reason.len + 2});
}

struct ws_frame *ws_frame_ref(struct ws_frame *frame) {
    frame->refs++;
    return frame;
}

void ws_frame_unref(struct ws_frame **frame) {
    if (*frame != NULL) {
        assert((*frame)->refs > 0);
        (*frame)->refs--;
        if ((*frame)->refs == 0) {
            free(*frame);
        }
    }
    *frame = NULL;
}
