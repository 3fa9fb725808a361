#include "base/ws.h"

#include <string.h>

#include "tests/support/fixture.h"

/* What a socket saw: texts joined by '|', control frames, pongs, the close. */
struct seen {
    char texts[256 * 1024];
    size_t len, text_count;
    unsigned char control[256];
    size_t control_len, control_count, pongs, closes;
    uint16_t close_code;
    struct ws_pool *pool; /* set: the first text drops the socket */
    struct ws_in **in;
};

static void see_text(void *self, struct str text) {
    struct seen *seen = self;
    assert_true(seen->len + text.len + 1 <= sizeof seen->texts);
    memcpy(seen->texts + seen->len, text.at, text.len);
    seen->len += text.len;
    seen->texts[seen->len++] = '|';
    seen->text_count++;
    if (seen->pool != NULL) {
        ws_in_drop(seen->pool, seen->in);
    }
}

static void see_control(void *self, struct ws_frame *frame) {
    struct seen *seen = self;
    assert_true(frame->len <= sizeof seen->control);
    memcpy(seen->control, frame->bytes, frame->len);
    seen->control_len = frame->len;
    seen->control_count++;
    ws_frame_unref(&frame);
}

static void see_pong(void *self) {
    ((struct seen *) self)->pongs++;
}

static void see_close(void *self, uint16_t code) {
    struct seen *seen = self;
    seen->closes++;
    seen->close_code = code;
}

struct socket_pair {
    struct ws_pool *pool;
    struct ws_in *in;
    struct seen *seen;
    struct ws_handler handler;
    struct strbuf stream;
    uint16_t code;
};

static void open_pair(struct socket_pair *s, struct fixture *f, struct ws_pool *pool) {
    *s = (struct socket_pair){.pool = pool, .seen = NEW(f->scope.arena, struct seen)};
    s->handler = (struct ws_handler){s->seen, see_text, see_control, see_pong, see_close};
    s->stream = strbuf_begin(f->scope.arena, 1024 * 1024);
}

enum { FIN = 0x80, RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10, OP_TEXT = 1, OP_BINARY = 2 };
enum { OP_CONTINUE = 0, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

static void add_masked(struct strbuf *stream, struct str payload) {
    static const unsigned char MASK[4] = {0x12, 0xab, 0x34, 0xcd};
    strbuf_add(stream, (struct str){(const char *) MASK, 4});
    for (size_t i = 0; i < payload.len; i++) {
        strbuf_add_byte(stream, (char) ((unsigned char) payload.at[i] ^ MASK[i % 4]));
    }
}

/* A client frame with the smallest length form. */
static void add_frame(struct socket_pair *s, int head, struct str payload) {
    strbuf_add_byte(&s->stream, (char) head);
    if (payload.len < 126) {
        strbuf_add_byte(&s->stream, (char) (0x80 | (int) payload.len));
    } else if (payload.len <= UINT16_MAX) {
        strbuf_add_byte(&s->stream, (char) (0x80 | 126));
        strbuf_add_byte(&s->stream, (char) (payload.len >> 8));
        strbuf_add_byte(&s->stream, (char) (payload.len & 0xff));
    } else {
        strbuf_add_byte(&s->stream, (char) (0x80 | 127));
        for (int shift = 56; shift >= 0; shift -= 8) {
            strbuf_add_byte(&s->stream, (char) ((uint64_t) payload.len >> shift & 0xff));
        }
    }
    add_masked(&s->stream, payload);
}

static enum ws_fed feed(struct socket_pair *s, struct str bytes) {
    return ws_feed(s->pool, &s->in, bytes.at, bytes.len, &s->handler, &s->code);
}

static enum ws_fed feed_all(struct socket_pair *s) {
    const struct str bytes = strbuf_str(&s->stream);
    s->stream.len = 0;
    return feed(s, bytes);
}

static struct str texts(const struct socket_pair *s) {
    return (struct str){s->seen->texts, s->seen->len};
}

static struct str filled(struct fixture *f, size_t len) {
    char *text = arena_alloc(f->scope.arena, len);
    memset(text, 'a', len);
    return (struct str){text, len};
}

#define POOL(count) AUTO(ws_pool_free) struct ws_pool *pool = ws_pool_new(count)

static void a_message_arrives_and_gives_its_context_back(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, FIN | OP_TEXT, STR("hello"));
    add_frame(&s, FIN | OP_TEXT, STR(""));
    add_frame(&s, FIN | OP_TEXT, STR("gr\xc3\xbc\xc3\x9f"));
    assert_int_equal(feed_all(&s), WS_FED_OK);
    assert_str(texts(&s), "hello||gr\xc3\xbc\xc3\x9f|");
    assert_null(s.in);
    assert_int_equal(ws_pool_used(pool), 0);
}

static void a_context_is_kept_while_any_byte_is_missing(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, FIN | OP_TEXT, STR("hello"));
    const struct str bytes = strbuf_str(&s.stream);
    for (size_t i = 0; i + 1 < bytes.len; i++) {
        assert_int_equal(feed(&s, (struct str){bytes.at + i, 1}), WS_FED_OK);
        assert_non_null(s.in);
        assert_int_equal(ws_pool_used(pool), 1);
    }
    assert_int_equal(feed(&s, (struct str){bytes.at + bytes.len - 1, 1}), WS_FED_OK);
    assert_null(s.in);
    assert_str(texts(&s), "hello|");
}

static void a_context_is_kept_between_fragments(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, OP_TEXT, STR("one "));
    assert_int_equal(feed_all(&s), WS_FED_OK);
    assert_non_null(s.in);
    add_frame(&s, FIN | OP_PING, STR("ping"));
    assert_int_equal(feed_all(&s), WS_FED_OK);
    assert_non_null(s.in);
    add_frame(&s, OP_CONTINUE, STR(""));
    add_frame(&s, FIN | OP_CONTINUE, STR("two"));
    assert_int_equal(feed_all(&s), WS_FED_OK);
    assert_null(s.in);
    assert_str(texts(&s), "one two|");
    assert_int_equal(s.seen->control_count, 1);
    assert_memory_equal(s.seen->control, "\x8a\x04ping", 6);
}

static void an_exhausted_pool_consumes_nothing_and_recovers(void **state) {
    struct socket_pair first;
    struct socket_pair second;
    POOL(1);
    open_pair(&first, *state, pool);
    open_pair(&second, *state, pool);
    add_frame(&first, FIN | OP_TEXT, STR("first"));
    add_frame(&second, FIN | OP_TEXT, STR("second"));
    const struct str bytes = strbuf_str(&first.stream);
    assert_int_equal(feed(&first, str_first(bytes, 3)), WS_FED_OK);
    assert_int_equal(feed(&second, strbuf_str(&second.stream)), WS_FED_NO_CONTEXT);
    assert_null(second.in);
    assert_int_equal(second.seen->text_count, 0);
    assert_int_equal(feed(&first, str_from(bytes, 3)), WS_FED_OK);
    assert_int_equal(feed(&second, strbuf_str(&second.stream)), WS_FED_OK);
    assert_str(texts(&first), "first|");
    assert_str(texts(&second), "second|");
}

static void a_dropped_message_leaves_nothing_for_the_next_socket(void **state) {
    struct socket_pair first;
    struct socket_pair second;
    POOL(1);
    open_pair(&first, *state, pool);
    open_pair(&second, *state, pool);
    add_frame(&first, OP_TEXT, STR("half of a secr"));
    assert_int_equal(feed_all(&first), WS_FED_OK);
    ws_in_drop(pool, &first.in);
    assert_null(first.in);
    ws_in_drop(pool, &first.in);
    assert_int_equal(ws_pool_used(pool), 0);
    add_frame(&second, FIN | OP_TEXT, STR("clean"));
    assert_int_equal(feed_all(&second), WS_FED_OK);
    assert_str(texts(&second), "clean|");
}

static void a_handler_may_drop_the_socket_it_is_called_for(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    s.seen->pool = pool;
    s.seen->in = &s.in;
    add_frame(&s, FIN | OP_PING, STR("p"));
    add_frame(&s, FIN | OP_TEXT, STR("one"));
    add_frame(&s, FIN | OP_TEXT, STR("two"));
    add_frame(&s, FIN | OP_CLOSE, STR(""));
    assert_int_equal(feed_all(&s), WS_FED_CLOSED);
    assert_str(texts(&s), "one|");
    assert_int_equal(s.seen->control_count + s.seen->closes, 0);
    assert_null(s.in);
    assert_int_equal(ws_pool_used(pool), 0);
}

static void only_the_most_recent_ping_of_a_feed_is_answered(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, FIN | OP_PING, STR("one"));
    add_frame(&s, FIN | OP_PING, STR("two"));
    add_frame(&s, FIN | OP_PONG, STR("mine"));
    assert_int_equal(feed_all(&s), WS_FED_OK);
    assert_int_equal(s.seen->control_count, 1);
    assert_memory_equal(s.seen->control, "\x8a\x03two", 5);
    assert_int_equal(s.seen->pongs, 1);
    assert_null(s.in);
}

static void a_close_is_echoed_with_its_code(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, FIN | OP_TEXT, STR("last"));
    add_frame(&s, FIN | OP_CLOSE, STR("\x03\xe9going"));
    add_frame(&s, FIN | OP_TEXT, STR("late"));
    assert_int_equal(feed_all(&s), WS_FED_CLOSED);
    assert_str(texts(&s), "last|");
    assert_int_equal(s.seen->close_code, 1001);
    assert_int_equal(s.seen->control_len, 4);
    assert_memory_equal(s.seen->control, "\x88\x02\x03\xe9", 4);
    assert_null(s.in);
    assert_int_equal(ws_pool_used(pool), 0);
}

static void a_close_without_code_is_1005_and_echoed_empty(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, FIN | OP_CLOSE, STR(""));
    assert_int_equal(feed_all(&s), WS_FED_CLOSED);
    assert_int_equal(s.seen->close_code, 1005);
    assert_int_equal(s.seen->control_len, 2);
    assert_memory_equal(s.seen->control, "\x88\x00", 2);
}

static void a_context_that_closed_is_not_reused(void **state) {
    struct socket_pair s;
    POOL(1);
    for (int i = 0; i < 3; i++) {
        open_pair(&s, *state, pool);
        add_frame(&s, FIN | OP_TEXT, STR("hello"));
        add_frame(&s, FIN | OP_CLOSE, STR("\x03\xe8"));
        assert_int_equal(feed_all(&s), WS_FED_CLOSED);
        assert_str(texts(&s), "hello|");
    }
}

static void a_violation_gives_the_close_code_of_its_kind(void **state) {
    static const struct {
        const char *name;
        struct str bytes;
        uint16_t code;
    } CASES[] = {
        {"unmasked text", STR_INIT("\x81\x02hi"), 1002},
        {"unmasked ping", STR_INIT("\x89\x00"), 1002},
        {"RSV1", STR_INIT("\xc1\x80\0\0\0\0"), 1002},
        {"RSV2", STR_INIT("\xa1\x80\0\0\0\0"), 1002},
        {"RSV3", STR_INIT("\x91\x80\0\0\0\0"), 1002},
        {"reserved opcode 3", STR_INIT("\x83\x80\0\0\0\0"), 1002},
        {"reserved opcode 11", STR_INIT("\x8b\x80\0\0\0\0"), 1002},
        {"fragmented ping", STR_INIT("\x09\x80\0\0\0\0"), 1002},
        {"long ping", STR_INIT("\x89\xfe\0\x7e\0\0\0\0"), 1002},
        {"length not minimal", STR_INIT("\x81\xfe\0\x01\0\0\0\0a"), 1002},
        {"long length not minimal", STR_INIT("\x81\xff\0\0\0\0\0\0\0\x01\0\0\0\0a"), 1002},
        {"length with top bit", STR_INIT("\x81\xff\x80\0\0\0\0\0\0\x01\0\0\0\0a"), 1002},
        {"continuation of nothing", STR_INIT("\x80\x80\0\0\0\0"), 1002},
        {"text inside a message", STR_INIT("\x01\x80\0\0\0\0\x81\x80\0\0\0\0"), 1002},
        {"close of one byte", STR_INIT("\x88\x81\0\0\0\0\x03"), 1002},
        {"close code 1005", STR_INIT("\x88\x82\0\0\0\0\x03\xed"), 1002},
        {"close code 999", STR_INIT("\x88\x82\0\0\0\0\x03\xe7"), 1002},
        {"close code 5000", STR_INIT("\x88\x82\0\0\0\0\x13\x88"), 1002},
        {"close reason not UTF-8", STR_INIT("\x88\x83\0\0\0\0\x03\xe8\xff"), 1007},
        {"text not UTF-8", STR_INIT("\x81\x81\0\0\0\0\xff"), 1007},
        {"text cut inside a character", STR_INIT("\x81\x81\0\0\0\0\xc3"), 1007},
        {"surrogate", STR_INIT("\x81\x83\0\0\0\0\xed\xa0\x80"), 1007},
        {"overlong", STR_INIT("\x81\x82\0\0\0\0\xc0\xaf"), 1007},
        {"binary", STR_INIT("\x82\x81\0\0\0\0a"), 1003},
        {"binary fragment", STR_INIT("\x02\x81\0\0\0\0a"), 1003},
        {"text of 2^40 bytes", STR_INIT("\x81\xff\0\0\x01\0\0\0\0\0\0\0\0\0a"), 1009},
        {"text of 65537 bytes", STR_INIT("\x81\xff\0\0\0\0\0\x01\0\x01\0\0\0\0a"), 1009},
    };
    POOL(1);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct socket_pair s;
        open_pair(&s, *state, pool);
        const enum ws_fed fed = feed(&s, CASES[i].bytes);
        if (fed != WS_FED_ERROR || s.code != CASES[i].code) {
            fail_msg("%s: outcome %d, code %u", CASES[i].name, (int) fed, s.code);
        }
        assert_int_equal(s.seen->text_count + s.seen->closes + s.seen->control_count, 0);
        assert_null(s.in);
        assert_int_equal(ws_pool_used(pool), 0);
    }
}

static void what_came_before_a_violation_is_delivered(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, FIN | OP_TEXT, STR("good"));
    add_frame(&s, FIN | RSV1 | OP_TEXT, STR("bad"));
    add_frame(&s, FIN | OP_TEXT, STR("late"));
    assert_int_equal(feed_all(&s), WS_FED_ERROR);
    assert_int_equal(s.code, 1002);
    assert_str(texts(&s), "good|");
}

static void the_first_of_two_violations_decides(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, FIN | OP_BINARY, STR(""));
    add_frame(&s, FIN | OP_CLOSE, STR("x"));
    assert_int_equal(feed_all(&s), WS_FED_ERROR);
    assert_int_equal(s.code, 1003);
}

static void a_message_of_64_kib_passes_and_one_byte_more_does_not(void **state) {
    struct fixture *f = *state;
    struct socket_pair s;
    POOL(1);
    open_pair(&s, f, pool);
    add_frame(&s, FIN | OP_TEXT, filled(f, WS_MAX_MESSAGE_BYTES));
    assert_int_equal(feed_all(&s), WS_FED_OK);
    assert_int_equal(s.seen->len, WS_MAX_MESSAGE_BYTES + 1);
    assert_null(s.in);
    open_pair(&s, f, pool);
    add_frame(&s, OP_TEXT, filled(f, WS_MAX_MESSAGE_BYTES));
    assert_int_equal(feed_all(&s), WS_FED_OK);
    add_frame(&s, FIN | OP_CONTINUE, filled(f, 1));
    assert_int_equal(feed_all(&s), WS_FED_ERROR);
    assert_int_equal(s.code, 1009);
}

static void a_message_in_too_many_fragments_is_refused(void **state) {
    struct socket_pair s;
    POOL(1);
    open_pair(&s, *state, pool);
    add_frame(&s, OP_TEXT, STR("a"));
    for (int i = 0; i < 1022; i++) {
        add_frame(&s, OP_CONTINUE, STR("b"));
    }
    add_frame(&s, FIN | OP_CONTINUE, STR("c"));
    assert_int_equal(feed_all(&s), WS_FED_OK);
    assert_int_equal(s.seen->len, 1025);
    add_frame(&s, OP_TEXT, STR("a"));
    for (int i = 0; i < 1024; i++) {
        add_frame(&s, OP_CONTINUE, STR("b"));
    }
    assert_int_equal(feed_all(&s), WS_FED_ERROR);
    assert_int_equal(s.code, 1009);
}

/* 32 bits that repeat from run to run. */
static uint32_t roll(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t) (*seed >> 33);
}

/* A legal stream of messages, fragments and pings; returns the texts it carries. */
static struct str random_stream(struct fixture *f, struct socket_pair *s, uint64_t *seed) {
    struct strbuf expected = strbuf_begin(f->scope.arena, 1024 * 1024);
    const uint32_t messages = 1 + roll(seed) % 4;
    for (uint32_t i = 0; i < messages; i++) {
        const uint32_t fragments = 1 + roll(seed) % 4;
        for (uint32_t j = 0; j < fragments; j++) {
            const struct str part =
                filled(f, roll(seed) % 8 == 0 ? roll(seed) % 5000 : roll(seed) % 130);
            const int fin = j + 1 == fragments ? FIN : 0;
            add_frame(s, fin | (j == 0 ? OP_TEXT : OP_CONTINUE), part);
            strbuf_add(&expected, part);
            if (roll(seed) % 3 == 0) {
                add_frame(s, FIN | OP_PING, filled(f, roll(seed) % 126));
            }
        }
        strbuf_add_byte(&expected, '|');
    }
    return strbuf_str(&expected);
}

/* Two sockets take turns on two contexts; cuts are random, contexts are reused all the time. */
static void random_cuts_through_reused_contexts_change_nothing(void **state) {
    struct fixture *f = *state;
    uint64_t seed = 42;
    POOL(2);
    for (int round = 0; round < 1500; round++) {
        struct socket_pair sockets[2];
        struct str expected[2];
        struct str left[2];
        for (size_t i = 0; i < 2; i++) {
            open_pair(&sockets[i], f, pool);
            expected[i] = random_stream(f, &sockets[i], &seed);
            left[i] = strbuf_str(&sockets[i].stream);
        }
        while (left[0].len + left[1].len > 0) {
            const size_t i = left[0].len == 0 ? 1 : left[1].len == 0 ? 0 : roll(&seed) % 2;
            const size_t most = roll(&seed) % 4 == 0 ? 6000 : 1 + roll(&seed) % 200;
            const struct str cut = str_first(left[i], most < left[i].len ? most : left[i].len);
            assert_int_equal(feed(&sockets[i], cut), WS_FED_OK);
            left[i] = str_from(left[i], cut.len);
        }
        for (size_t i = 0; i < 2; i++) {
            assert_true(str_eq(texts(&sockets[i]), expected[i]));
            assert_null(sockets[i].in);
        }
        assert_int_equal(ws_pool_used(pool), 0);
        arena_reset(f->scope.arena);
    }
}

static void server_frames_have_the_smallest_length_form(void **state) {
    struct fixture *f = *state;
    static const struct {
        size_t payload, header;
        const char *bytes;
    } CASES[] = {
        {0, 2, "\x81\x00"},
        {125, 2, "\x81\x7d"},
        {126, 4, "\x81\x7e\x00\x7e"},
        {65535, 4, "\x81\x7e\xff\xff"},
        {65536, 10, "\x81\x7f\0\0\0\0\0\x01\0\0"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct ws_frame *frame = ws_frame_new(WS_TEXT, filled(f, CASES[i].payload));
        assert_int_equal(frame->len, CASES[i].header + CASES[i].payload);
        assert_memory_equal(frame->bytes, CASES[i].bytes, CASES[i].header);
        ws_frame_unref(&frame);
        assert_null(frame);
    }
}

static void a_close_frame_carries_code_and_reason(void **state) {
    (void) state;
    AUTO(ws_frame_unref) struct ws_frame *frame = ws_frame_new_close(4401, STR("user.deactivated"));
    assert_int_equal(frame->len, 20);
    assert_memory_equal(frame->bytes, "\x88\x12\x11\x31user.deactivated", 20);
}

static void a_frame_lives_until_its_last_reference_goes(void **state) {
    (void) state;
    struct ws_frame *first = ws_frame_new(WS_PING, STR("x"));
    struct ws_frame *second = ws_frame_ref(first);
    ws_frame_unref(&first);
    assert_int_equal(second->refs, 1);
    assert_memory_equal(second->bytes, "\x89\x01x", 3);
    ws_frame_unref(&second);
    ws_frame_unref(&second);
}

static void the_example_of_rfc_6455_is_accepted(void **state) {
    struct fixture *f = *state;
    struct str accept;
    assert_ok(ws_accept(&f->scope, STR("dGhlIHNhbXBsZSBub25jZQ=="), &accept));
    assert_str(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void a_key_that_is_not_16_bytes_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {"",
                                          "dGhlIHNhbXBsZSBub25jZQ",
                                          "dGhlIHNhbXBsZSBub25jZQ= ",
                                          "dGhlIHNhbXBsZSBub25jZSEh",
                                          "dGhlIHNhbXBsZSBub25jZR==",
                                          "dGhlIHNhbXBsZSBub25jZQ==a",
                                          "dGhlIHNhbXBsZSBub25j\r\n=="};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct str accept;
        assert_failed(ws_accept(&f->scope, str_from_c(REFUSED[i]), &accept), &f->scope, INVALID,
                      "ws.key");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_message_arrives_and_gives_its_context_back),
        SENTENCE(a_context_is_kept_while_any_byte_is_missing),
        SENTENCE(a_context_is_kept_between_fragments),
        SENTENCE(an_exhausted_pool_consumes_nothing_and_recovers),
        SENTENCE(a_dropped_message_leaves_nothing_for_the_next_socket),
        SENTENCE(a_handler_may_drop_the_socket_it_is_called_for),
        SENTENCE(only_the_most_recent_ping_of_a_feed_is_answered),
        SENTENCE(a_close_is_echoed_with_its_code),
        SENTENCE(a_close_without_code_is_1005_and_echoed_empty),
        SENTENCE(a_context_that_closed_is_not_reused),
        SENTENCE(a_violation_gives_the_close_code_of_its_kind),
        SENTENCE(what_came_before_a_violation_is_delivered),
        SENTENCE(the_first_of_two_violations_decides),
        SENTENCE(a_message_of_64_kib_passes_and_one_byte_more_does_not),
        SENTENCE(a_message_in_too_many_fragments_is_refused),
        SENTENCE(random_cuts_through_reused_contexts_change_nothing),
        SENTENCE(server_frames_have_the_smallest_length_form),
        SENTENCE(a_close_frame_carries_code_and_reason),
        SENTENCE(a_frame_lives_until_its_last_reference_goes),
        SENTENCE(the_example_of_rfc_6455_is_accepted),
        SENTENCE(a_key_that_is_not_16_bytes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
