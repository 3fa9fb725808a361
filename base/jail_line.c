#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/jail_internal.h"

static enum jail_io wait_for(const struct jail_line *line, short events) {
    const int64_t left_us = line->deadline_us - clock_monotonic_us();
    if (left_us <= 0) {
        return JAIL_IO_LATE;
    }
    struct pollfd poll_fd = {line->fd, events, 0};
    (void) poll(&poll_fd, 1, (int) (left_us / US_PER_MS) + 1);
    return JAIL_IO_DONE;
}

static bool is_passing(int error) {
    return error == EINTR || error == EAGAIN || error == EWOULDBLOCK;
}

/* Takes what was written off the pieces. */
static void advance(struct iovec **pieces, size_t *count, size_t written) {
    while (*count > 0 && written >= (*pieces)->iov_len) {
        written -= (*pieces)->iov_len;
        (*pieces)++;
        (*count)--;
    }
    if (*count > 0) {
        (*pieces)->iov_base = (char *) (*pieces)->iov_base + written;
        (*pieces)->iov_len -= written;
    }
}

static enum jail_io write_pieces(const struct jail_line *line, struct iovec *pieces, size_t count) {
    while (count > 0) {
        const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
        const ssize_t written = sendmsg(line->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (written >= 0) {
            advance(&pieces, &count, (size_t) written);
            continue;
        }
        if (!is_passing(errno)) {
            return JAIL_IO_ENDED;
        }
        const enum jail_io waited = wait_for(line, POLLOUT);
        if (waited != JAIL_IO_DONE) {
            return waited;
        }
    }
    return JAIL_IO_DONE;
}

/* A child has nothing but write(2): its frame is copied into one piece, so that it leaves whole. */
static enum jail_io write_whole(struct scope *scope, const struct jail_line *line,
                                const struct jail_pieces *pieces) {
    struct strbuf frame = strbuf_begin(scope->arena, SIZE_MAX / 4);
    for (size_t i = 0; i < pieces->count; i++) {
        strbuf_add(&frame, pieces->pieces[i]);
    }
    struct str left = strbuf_str(&frame);
    while (left.len > 0) {
        const ssize_t written = write(line->fd, left.at, left.len);
        if (written < 0 && errno != EINTR) {
            return JAIL_IO_ENDED;
        }
        left = str_from(left, written < 0 ? 0 : (size_t) written);
    }
    return JAIL_IO_DONE;
}

enum jail_io jail_line_send(struct scope *scope, const struct jail_line *line,
                            const struct jail_message *message, const struct jail_limits *limits) {
    struct jail_pieces *pieces = NEW(scope->arena, struct jail_pieces);
    if (!is_ok(jail_frame_write(scope, message, limits, pieces))) {
        return JAIL_IO_WRONG;
    }
    if (line->deadline_us == 0) {
        return write_whole(scope, line, pieces);
    }
    struct iovec *vectors = NEW_ARRAY(scope->arena, pieces->count, struct iovec);
    for (size_t i = 0; i < pieces->count; i++) {
        union { /* sendmsg only reads, but its type does not say so */
            const char *in;
            void *out;
        } at = {.in = pieces->pieces[i].at};
        vectors[i] = (struct iovec){at.out, pieces->pieces[i].len};
    }
    return write_pieces(line, vectors, pieces->count);
}

static enum jail_io read_exactly(const struct jail_line *line, unsigned char *at, size_t len) {
    while (len > 0) {
        const ssize_t got = line->deadline_us == 0 ? read(line->fd, at, len)
                                                   : recv(line->fd, at, len, MSG_DONTWAIT);
        if (got > 0) {
            at += got;
            len -= (size_t) got;
            continue;
        }
        if (got == 0 || !is_passing(errno)) {
            return JAIL_IO_ENDED;
        }
        const enum jail_io waited = line->deadline_us == 0 ? JAIL_IO_DONE : wait_for(line, POLLIN);
        if (waited != JAIL_IO_DONE) {
            return waited;
        }
    }
    return JAIL_IO_DONE;
}

enum jail_io jail_line_receive(struct scope *scope, const struct jail_line *line,
                               const struct jail_limits *limits, struct jail_message *ret) {
    unsigned char head[JAIL_HEADER_BYTES];
    struct jail_header header;
    enum jail_io io = read_exactly(line, head, sizeof head);
    if (io != JAIL_IO_DONE) {
        return io;
    }
    if (!is_ok(jail_header_read(scope, head, limits, &header))) {
        return JAIL_IO_WRONG;
    }
    char *bytes = arena_alloc(scope->arena, header.length);
    io = read_exactly(line, (unsigned char *) bytes, header.length);
    if (io != JAIL_IO_DONE) {
        return io;
    }
    const struct str body = {bytes, header.length};
    return is_ok(jail_body_read(scope, &header, body, limits, ret)) ? JAIL_IO_DONE : JAIL_IO_WRONG;
}

bool jail_line_is_disturbed(int fd) {
    char byte;
    const ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || !is_passing(errno);
}
