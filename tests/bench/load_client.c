#include "tests/bench/load_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

uint64_t load_now_ns(void) {
    struct timespec at;
    (void) clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t) at.tv_sec * UINT64_C(1000000000) + (uint64_t) at.tv_nsec;
}

static void give_up(const char *what) {
    perror(what);
    exit(1);
}

void load_init(struct load *load, int port, size_t count) {
    *load = (struct load){.epoll = epoll_create1(EPOLL_CLOEXEC), .port = port, .count = count};
    load->sockets = calloc(count, sizeof *load->sockets);
    if (load->epoll < 0 || load->sockets == NULL) {
        give_up("load");
    }
}

/* Source addresses 127.p.x.1, p by process, a hundred connections each: one address runs out of
 * ports, and of what the server allows an address. */
int load_connect(int port) {
    static unsigned next;
    const unsigned net = (1 + (unsigned) getpid() % 250) << 16;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    (void) setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const struct sockaddr_in from = {
        .sin_family = AF_INET, .sin_addr = {htonl(0x7f000001 + net + ((next++ / 100 % 250) << 8))}};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t) port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (bind(fd, (const struct sockaddr *) &from, sizeof from) != 0 ||
        connect(fd, (const struct sockaddr *) &to, sizeof to) != 0) {
        give_up("connect");
    }
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void load_open(struct load *load, size_t index, const char *cookie) {
    struct load_socket *socket = &load->sockets[index];
    socket->fd = load_connect(load->port);
    load->opened++;
    struct epoll_event event = {EPOLLIN, {.u64 = index}};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, socket->fd, &event) != 0) {
        give_up("epoll");
    }
    if (cookie == NULL) {
        socket->is_open = true;
        return;
    }
    char request[1024];
    const int len =
        snprintf(request, sizeof request,
                 "GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                 "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: "
                 "gatehouse.v1\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://127.0.0.1:%d\r\n"
                 "Cookie: gatehouse=%s\r\n\r\n",
                 load->port, cookie);
    if (send(socket->fd, request, (size_t) len, MSG_NOSIGNAL) != len) {
        give_up("upgrade");
    }
}

/* Bytes of the 101 answer; returns how many of `len` belong to it. */
static size_t take_head(struct load_socket *socket, const char *bytes, size_t len) {
    size_t used = 0;
    while (used < len && !socket->is_open) {
        if (socket->head_len + 1 >= HEAD_BYTES) {
            (void) fprintf(stderr, "load: answer head too long\n");
            exit(1);
        }
        socket->head[socket->head_len++] = bytes[used++];
        socket->is_open = socket->head_len >= 4 &&
                          memcmp(socket->head + socket->head_len - 4, "\r\n\r\n", 4) == 0;
    }
    if (socket->is_open && socket->head_len > 0 && strncmp(socket->head, "HTTP/1.1 101", 12) != 0) {
        (void) fprintf(stderr, "load: refused: %.*s\n", (int) strcspn(socket->head, "\r"),
                       socket->head);
        exit(1);
    }
    return used;
}

static void frame_done(struct load *load, struct load_socket *socket) {
    static const unsigned char PONG[] = {0x8a, 0x80, 0, 0, 0, 0};
    if (socket->opcode == 1) {
        load->texts++;
        load->longest_text =
            socket->payload > load->longest_text ? socket->payload : load->longest_text;
    } else if (socket->opcode == 9) { /* who stays silent is taken for gone */
        (void) send(socket->fd, PONG, sizeof PONG, MSG_NOSIGNAL);
    } else if (socket->opcode == 8 && !socket->is_closed) {
        socket->is_closed = true;
        socket->closed_ns = load_now_ns();
        load->closes++;
    }
    socket->frame_len = 0;
}

/* The first two bytes of a close frame; they come in one piece with its header. */
static void note_close_code(struct load_socket *socket, const unsigned char *bytes) {
    if (socket->opcode == 8 && socket->payload_left == socket->payload && socket->payload >= 2) {
        socket->close_code = bytes[0] << 8 | bytes[1];
    }
}

static size_t header_len(const struct load_socket *socket) {
    if (socket->frame_len < 2) {
        return 2;
    }
    const int len = socket->frame[1] & 0x7f;
    return len == 126 ? 4 : len == 127 ? 10 : 2;
}

static void take_frames(struct load *load, struct load_socket *socket, const char *bytes,
                        size_t len) {
    size_t at = 0;
    while (at < len) {
        if (socket->payload_left > 0) {
            const size_t part =
                socket->payload_left < len - at ? (size_t) socket->payload_left : len - at;
            note_close_code(socket, (const unsigned char *) bytes + at);
            socket->payload_left -= part;
            at += part;
            if (socket->payload_left == 0) {
                frame_done(load, socket);
            }
            continue;
        }
        socket->frame[socket->frame_len++] = (unsigned char) bytes[at++];
        if (socket->frame_len < 2 || socket->frame_len < header_len(socket)) {
            continue;
        }
        socket->opcode = socket->frame[0] & 0x0f;
        uint64_t payload = socket->frame[1] & 0x7f;
        const size_t more = header_len(socket) - 2;
        payload = more > 0 ? 0 : payload;
        for (size_t i = 0; i < more; i++) {
            payload = payload << 8 | socket->frame[2 + i];
        }
        socket->payload = payload;
        socket->payload_left = payload;
        if (payload == 0) {
            frame_done(load, socket);
        }
    }
}

static void read_socket(struct load *load, size_t index) {
    static char bytes[65536];
    struct load_socket *socket = &load->sockets[index];
    const ssize_t got = recv(socket->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        (void) epoll_ctl(load->epoll, EPOLL_CTL_DEL, socket->fd, NULL);
        (void) close(socket->fd);
        socket->fd = -1;
        if (!socket->is_closed) { /* a reset is a close, too */
            socket->is_closed = true;
            socket->closed_ns = load_now_ns();
            load->closes++;
        }
        return;
    }
    const size_t used = socket->is_open ? 0 : take_head(socket, bytes, (size_t) got);
    take_frames(load, socket, bytes + used, (size_t) got - used);
}

void load_poll(struct load *load, int wait_ms) {
    struct epoll_event events[256];
    const int count = epoll_wait(load->epoll, events, 256, wait_ms);
    for (int i = 0; i < count; i++) {
        read_socket(load, (size_t) events[i].data.u64);
    }
}

void load_wait_open(struct load *load, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) {
        while (!load->sockets[i].is_open) {
            load_poll(load, 1000);
            if (load->sockets[i].is_closed) {
                (void) fprintf(stderr, "load: connection %zu was closed\n", i);
                exit(1);
            }
        }
    }
}

void load_send_text(struct load_socket *socket, const char *text) {
    const size_t len = strlen(text);
    unsigned char frame[2048] = {0x81, (unsigned char) (0x80 | (len < 126 ? len : 126))};
    size_t at = 2;
    if (len >= 126) {
        frame[at++] = (unsigned char) (len >> 8);
        frame[at++] = (unsigned char) (len & 0xff);
    }
    at += 4; /* a mask of zeroes */
    if (len > sizeof frame - at) {
        exit(1);
    }
    memcpy(frame + at, text, len);
    if (send(socket->fd, frame, at + len, MSG_NOSIGNAL) != (ssize_t) (at + len)) {
        give_up("send");
    }
}

void load_send(int fd, const char *request, size_t len) {
    if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t) len) {
        give_up("request");
    }
}

int load_answer(int fd, char *answer, size_t room) {
    size_t have = 0;
    size_t want = 0; /* of the whole answer, once its length is known */
    while (want == 0 || have < want) {
        const ssize_t got = recv(fd, answer + have, room - have - 1, 0);
        if (got <= 0) {
            give_up("answer");
        }
        have += (size_t) got;
        answer[have] = '\0';
        const char *end = strstr(answer, "\r\n\r\n");
        const char *length = strcasestr(answer, "\r\nContent-Length:");
        if (want == 0 && end != NULL) {
            want = (size_t) (end - answer) + 4 +
                   (length != NULL && length < end ? (size_t) strtoul(length + 17, NULL, 10) : 0);
        }
    }
    return (int) strtol(answer + 9, NULL, 10);
}

int load_request(int fd, const char *request, size_t len, char *answer, size_t room) {
    load_send(fd, request, len);
    return load_answer(fd, answer, room);
}

clockid_t load_cpu_clock(const char *pid) {
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    if (clock_getcpuclockid((pid_t) strtol(pid, NULL, 10), &clock) != 0) {
        give_up(pid);
    }
    return clock;
}

double load_cpu_seconds(clockid_t clock) {
    struct timespec at = {0};
    (void) clock_gettime(clock, &at);
    return (double) at.tv_sec + (double) at.tv_nsec / 1e9;
}

void load_pin(const char *core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(strtoul(core, NULL, 10), &set);
    if (core[0] != '-' && sched_setaffinity(0, sizeof set, &set) != 0) {
        give_up(core);
    }
}

static int compare_ns(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *) a;
    const uint64_t right = *(const uint64_t *) b;
    return (left > right) - (left < right);
}

double percentile_us(uint64_t *ns, size_t count, double percent) {
    if (count == 0) {
        return 0;
    }
    qsort(ns, count, sizeof *ns, compare_ns);
    size_t at = (size_t) (percent / 100.0 * (double) (count - 1) + 0.5);
    at = at < count ? at : count - 1;
    return (double) ns[at] / 1000.0;
}
