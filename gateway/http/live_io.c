/* Upgraded sockets: bytes in through borrowed contexts, shared frames out, pings, and the cut. */

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gateway/http/address_table.h"
#include "gateway/http/internal.h"

/* By default a stalled client holds megabytes of kernel memory. */
enum { SEND_BUFFER_BYTES = 16384, UNACKNOWLEDGED_MS = 20000 };

static void list_push(struct live_io **head, struct live_io *io) {
    io->prev = NULL;
    io->next = *head;
    if (*head != NULL) {
        (*head)->prev = io;
    }
    *head = io;
}

static void list_remove(struct live_io **head, struct live_io *io) {
    *(io->prev == NULL ? head : &io->prev->next) = io->next;
    if (io->next != NULL) {
        io->next->prev = io->prev;
    }
    io->next = io->prev = NULL;
}

static void wheel_leave(struct live_io *io) {
    if (io->is_in_wheel) {
        list_remove(&io->loop->wheel[io->wheel_second], io);
        io->is_in_wheel = false;
    }
}

static void wheel_enter(struct live_io *io, int64_t seconds) {
    wheel_leave(io);
    io->wheel_second = (unsigned) ((io->loop->wheel_second + seconds) % PING_WHEEL_SECONDS);
    list_push(&io->loop->wheel[io->wheel_second], io);
    io->is_in_wheel = true;
}

static void watch(struct live_io *io, bool wants_write) {
    if (io->wants_write != wants_write) {
        struct epoll_event event = {EPOLLIN | (wants_write ? EPOLLOUT : 0U), {.ptr = io}};
        (void) epoll_ctl(io->loop->epoll, EPOLL_CTL_MOD, io->fd, &event);
        io->wants_write = wants_write;
    }
}

/* Off every list, out of the poll set, closed; freed at the end of the pass, since events of this
 * pass may still name it. */
static void finish(struct live_io *io) {
    struct http_loop *loop = io->loop;
    wheel_leave(io);
    if (io->is_lingering) {
        list_remove(&loop->lingering, io);
    }
    ws_in_drop(loop->pool, &io->in);
    (void) epoll_ctl(loop->epoll, EPOLL_CTL_DEL, io->fd, NULL);
    (void) close(io->fd);
    io->fd = -1;
    io->socket = NULL;
    if (io->is_in_table) {
        address_table_leave(loop->addresses, io->address);
    }
    loop->connections--;
    loop->accept_again_boot_us = 0;
    list_push(&loop->graveyard, io);
}

/* The peer is gone, or broke a rule: the shard learns it. */
static void lose(struct live_io *io) {
    struct live_socket *socket = io->socket;
    io->socket = NULL;
    if (socket != NULL) {
        socket->io = NULL;
        shard_socket_gone(io->loop->shard, socket);
    }
    finish(io);
}

void live_io_bury(struct http_loop *loop) {
    while (loop->graveyard != NULL) {
        struct live_io *io = loop->graveyard;
        loop->graveyard = io->next;
        free(io);
    }
}

/* All queued frames with one call; the one frame of a fan-out without a list of parts, which the
 * kernel would have to copy and check for each of a thousand sockets. */
static ssize_t send_queued(int fd, const struct live_socket *socket) {
    struct ws_frame *first = socket->queue[socket->queue_first];
    if (socket->queue_count == 1) {
        return send(fd, first->bytes + socket->first_sent, first->len - socket->first_sent,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    struct iovec parts[SOCKET_MAX_FRAMES];
    for (unsigned i = 0; i < socket->queue_count; i++) {
        struct ws_frame *frame = socket->queue[(socket->queue_first + i) % SOCKET_MAX_FRAMES];
        const size_t skip = i == 0 ? socket->first_sent : 0;
        parts[i] = (struct iovec){frame->bytes + skip, frame->len - skip};
    }
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = socket->queue_count};
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Writes queued frames; false when the peer is gone. */
static bool flush(struct live_io *io) {
    struct live_socket *socket = io->socket;
    while (socket->queue_count > 0) {
        const ssize_t sent = send_queued(io->fd, socket);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            watch(io, true);
            return errno == EAGAIN;
        }
        shard_socket_sent(io->loop->shard, socket, (size_t) sent);
    }
    watch(io, false);
    return true;
}

void live_io_flush(struct transport *transport, struct live_socket *socket) {
    (void) transport;
    struct live_io *io = socket->io;
    if (io != NULL && !flush(io)) {
        /* Not from inside the shard's own walk: the next event on the descriptor ends it. */
        (void) shutdown(io->fd, SHUT_RDWR);
    }
}

/* Bytes from before the cut that the kernel still holds? */
static bool has_unsent(int fd) {
    int unsent = 0;
    return ioctl(fd, SIOCOUTQ, &unsent) != 0 || unsent > 0;
}

static void reset(struct live_io *io) {
    const struct linger now = {1, 0};
    (void) setsockopt(io->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    finish(io);
}

/* The close frame is out and our side is shut; input is thrown away until the peer's end or a
 * second, for unread input at close() makes a reset that can swallow the frame. */
static void linger(struct live_io *io) {
    wheel_leave(io);
    ws_in_drop(io->loop->pool, &io->in);
    watch(io, false);
    io->is_lingering = true;
    io->linger_until_boot_us = clock_boot_us(io->loop->env->clock) + LINGER_US;
    list_push(&io->loop->lingering, io);
}

/* Registered, its 101 on the way or read already: nothing may follow it. */
static void cut_opening(const struct live_socket *socket) {
    if (socket->opening != NULL) {
        const struct request_slot *slot = socket->opening->transport_data;
        (void) shutdown(slot->peer->fd, SHUT_RDWR);
    }
}

void live_io_cut(struct transport *transport, struct live_socket *socket, uint16_t code,
                 struct str reason) {
    (void) transport;
    struct live_io *io = socket->io;
    if (io == NULL) {
        cut_opening(socket);
        return;
    }
    socket->io = NULL;
    io->socket = NULL;
    if (!shard_socket_may_say_why(socket, has_unsent(io->fd))) {
        reset(io);
        return;
    }
    struct ws_frame *frame = ws_frame_new_close(code, reason);
    const ssize_t sent = send(io->fd, frame->bytes, frame->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    const bool is_out = sent == (ssize_t) frame->len;
    ws_frame_unref(&frame);
    if (!is_out) {
        reset(io);
        return;
    }
    (void) shutdown(io->fd, SHUT_WR);
    linger(io);
}

static void on_text(void *self, struct str text) {
    struct live_io *io = self;
    if (io->socket != NULL) {
        shard_socket_command(io->loop->shard, io->socket, text);
    }
}

static void on_control(void *self, struct ws_frame *frame) {
    struct live_io *io = self;
    if (io->socket != NULL) {
        shard_socket_queue(io->loop->shard, io->socket, frame);
    }
    ws_frame_unref(&frame);
}

static void on_pong(void *self) {
    (void) self; /* any byte counts as a sign of life */
}

static void on_close(void *self, uint16_t code) {
    (void) self;
    (void) code; /* the echo was queued by on_control */
}

/* A peer that broke the protocol gets its close code, then nothing. */
static void punish(struct live_io *io, uint16_t code) {
    struct live_socket *socket = io->socket;
    live_io_cut(&io->loop->transport, socket, code, STR("protocol"));
    shard_socket_gone(io->loop->shard, socket);
}

/* An incomplete message holds a context: its deadline is a turn of the wheel. */
static void watch_message(struct live_io *io) {
    if (io->in == NULL) {
        io->message_until_boot_us = 0;
        return;
    }
    if (io->message_until_boot_us == 0) {
        io->message_until_boot_us = clock_boot_us(io->loop->env->clock) + S_TO_US(MESSAGE_SECONDS);
        wheel_enter(io, MESSAGE_SECONDS + 1);
    }
}

static void feed(struct live_io *io, const void *bytes, size_t len) {
    const struct ws_handler handler = {io, on_text, on_control, on_pong, on_close};
    uint16_t code = 0;
    const enum ws_fed fed = ws_feed(io->loop->pool, &io->in, bytes, len, &handler, &code);
    if (io->socket == NULL) {
        return; /* cut meanwhile */
    }
    switch (fed) {
    case WS_FED_OK:
        watch_message(io);
        if (!flush(io)) { /* a pong, or the acks of what was fed */
            lose(io);
        }
        break;
    case WS_FED_NO_CONTEXT: punish(io, 1013); break;
    case WS_FED_CLOSED:
        (void) flush(io);
        lose(io);
        break;
    case WS_FED_ERROR: punish(io, code); break;
    }
}

static void read_some(struct live_io *io) {
    struct http_loop *loop = io->loop;
    const ssize_t got = recv(io->fd, loop->read_buffer, sizeof loop->read_buffer, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        if (io->is_lingering) {
            finish(io);
        } else {
            lose(io);
        }
        return;
    }
    if (!io->is_lingering) {
        io->heard_boot_us = clock_boot_us(loop->env->clock);
        feed(io, loop->read_buffer, (size_t) got);
    }
}

void live_io_ready(struct live_io *io, uint32_t events) {
    if (io->fd < 0) {
        return; /* buried in this pass */
    }
    if ((events & EPOLLOUT) != 0 && io->socket != NULL && !flush(io)) {
        lose(io);
        return;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        read_some(io);
    }
}

static void set_options(int fd) {
    const int on = 1;
    const int buffer = SEND_BUFFER_BYTES;
    const int unacknowledged = UNACKNOWLEDGED_MS;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    (void) setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof unacknowledged);
}

void live_io_adopt(struct http_loop *loop, struct exchange *exchange, int fd, const char *extra,
                   size_t extra_len) {
    const struct request_slot *slot = exchange->transport_data;
    struct live_io *io = calloc(1, sizeof *io);
    if (io == NULL) {
        abort();
    }
    io->loop = loop;
    io->fd = fd;
    io->socket = exchange->socket;
    io->heard_boot_us = clock_boot_us(loop->env->clock);
    for (size_t i = 0; i < sizeof io->address; i++) {
        io->address[i] = slot->peer->address[i];
    }
    io->is_in_table = slot->peer->is_in_table;
    slot->peer->is_counted = false; /* the live socket counts from here */
    set_options(fd);
    struct epoll_event event = {EPOLLIN, {.ptr = io}};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        exchange->socket->io = NULL;
        lose(io);
        return;
    }
    unsigned char jitter = 0;
    loop->env->random->bytes(loop->env->random, &jitter, 1);
    wheel_enter(io, 1 + jitter % PING_SECONDS);
    exchange->socket->io = io;
    shard_socket_adopt(loop->shard, exchange->socket);
    if (io->socket != NULL && extra_len > 0) {
        feed(io, extra, extra_len);
    }
}

static void ping(struct live_io *io, int64_t now_us) {
    if (now_us - io->heard_boot_us > S_TO_US(SILENT_SECONDS)) {
        lose(io);
        return;
    }
    wheel_enter(io, PING_SECONDS);
    struct ws_frame *frame = ws_frame_new(WS_PING, STR(""));
    shard_socket_queue(io->loop->shard, io->socket, frame);
    ws_frame_unref(&frame);
    if (io->socket != NULL && !flush(io)) {
        lose(io);
    }
}

static void tick_second(struct http_loop *loop, int64_t now_us) {
    struct live_io *io = loop->wheel[loop->wheel_second % PING_WHEEL_SECONDS];
    while (io != NULL) {
        struct live_io *next = io->next;
        if (io->message_until_boot_us > 0 && io->message_until_boot_us < now_us) {
            punish(io, 1008);
        } else {
            ping(io, now_us);
        }
        io = next;
    }
}

void live_io_tick(struct http_loop *loop, int64_t now_us) {
    const int64_t second = now_us / US_PER_S;
    if (second - loop->wheel_second > PING_WHEEL_SECONDS) {
        loop->wheel_second = second - PING_WHEEL_SECONDS; /* after a pause: one turn is enough */
    }
    while (loop->wheel_second < second) {
        loop->wheel_second++;
        tick_second(loop, now_us);
    }
    for (struct live_io *io = loop->lingering; io != NULL;) {
        struct live_io *next = io->next;
        if (io->linger_until_boot_us <= now_us) {
            finish(io);
        }
        io = next;
    }
}
