#include "gateway/http/loop.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/url.h"
#include "gateway/http/address_table.h"
#include "gateway/http/client_address.h"
#include "gateway/http/internal.h"

enum {
    EVENTS_PER_PASS = 256,
    LONGEST_WAIT_MS = 1000,
    LISTEN_BACKLOG = 1024,
    ACCEPT_PAUSE_MS = 200,
    ANSWER_BUFFER_BYTES = 64 * 1024
};

/* What an epoll event without a live socket is about: their addresses tell. */
static const char LISTENER_MARK, PARSER_MARK, MAILBOX_MARK;

static void *mark(const char *which) {
    union {
        const char *from;
        void *to;
    } pointer = {.from = which};
    return pointer.to;
}

static bool watch_fd(struct http_loop *loop, int fd, const char *which) {
    struct epoll_event event = {EPOLLIN, {.ptr = mark(which)}};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* libmicrohttpd reports what clients do wrong, with their bytes in it: not for our log. */
static void ignore_log(void *cls, const char *format, va_list arguments) {
    (void) cls;
    (void) format;
    (void) arguments;
}

static struct MHD_Daemon *start_parser(struct http_loop *loop) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_UPGRADE | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG,
        0, NULL, NULL, request_data, loop,                  /* */
        MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,       /* first: it is used while starting */
        MHD_OPTION_URI_LOG_CALLBACK, request_started, loop, /* */
        MHD_OPTION_NOTIFY_CONNECTION, request_peer_changed, loop,                   /* */
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, loop,                       /* */
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) loop->limits.max_connections + 16U, /* */
        MHD_OPTION_CONNECTION_TIMEOUT, 0U,                       /* our deadlines do it */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) POOL_BYTES, /* */
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

result http_loop_new(struct scope *scope, const struct http_loop_settings *settings,
                     struct http_loop **ret) {
    struct http_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        abort();
    }
    loop->transport =
        (struct transport){request_answer, live_io_flush, live_io_cut, respond_revoked};
    loop->env = settings->env;
    loop->limits = settings->limits;
    loop->addresses = settings->addresses;
    loop->trusted_proxies = settings->trusted_proxies;
    loop->public_url = settings->public_url;
    loop->is_https = str_has_prefix(settings->public_url, STR("https://"));
    loop->metrics = settings->metrics;
    loop->stop = settings->stop;
    loop->end = settings->end;
    loop->drained = settings->drained;
    loop->listener = settings->listener;
    loop->is_accepting = true;
    loop->deadlines[DEADLINE_HEADERS].duration_us = settings->limits.header_timeout_us;
    loop->deadlines[DEADLINE_KEEP_ALIVE].duration_us = settings->limits.keep_alive_us;
    loop->deadlines[DEADLINE_REQUEST].duration_us = settings->limits.request_timeout_us;
    loop->wheel_second = clock_boot_us(loop->env->clock) / US_PER_S;
    loop->pool = ws_pool_new(WS_POOL_CONTEXTS);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->daemon = start_parser(loop);
    if (loop->epoll < 0 || loop->daemon == NULL) {
        http_loop_free(&loop);
        return FAIL(scope, UNAVAILABLE, "http.loop");
    }
    *ret = loop;
    return OK_RESULT;
}

void http_loop_free(struct http_loop **loop) {
    if (*loop == NULL) {
        return;
    }
    live_io_bury(*loop);
    if ((*loop)->daemon != NULL) {
        MHD_stop_daemon((*loop)->daemon);
    }
    if ((*loop)->listener >= 0) {
        (void) close((*loop)->listener);
    }
    if ((*loop)->epoll >= 0) {
        (void) close((*loop)->epoll);
    }
    ws_pool_free(&(*loop)->pool);
    free(*loop);
    *loop = NULL;
}

struct transport *http_loop_transport(struct http_loop *loop) {
    return &loop->transport;
}

void http_loop_attach(struct http_loop *loop, struct shard *shard) {
    loop->shard = shard;
}

/* Full: a word and a close instead of a client that hangs in the backlog. */
static void turn_away(int fd) {
    static const char ANSWER[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                 "Retry-After: 1\r\nConnection: close\r\n\r\n";
    (void) send(fd, ANSWER, sizeof ANSWER - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void) close(fd);
}

static void admit_connection(struct http_loop *loop, int fd, const struct sockaddr *address,
                             socklen_t address_len) {
    unsigned char key[16];
    client_address_from_socket(address, key);
    const bool is_proxy = address_matches(key, loop->trusted_proxies);
    if (loop->connections >= loop->limits.max_connections ||
        (!is_proxy && !address_table_enter(loop->addresses, key))) {
        turn_away(fd);
        return;
    }
    const int on = 1;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* By default the kernel takes megabytes for a client that does not read: memory that nobody
     * limits, and an answer that a revocation could not cut any more. */
    const int buffer = ANSWER_BUFFER_BYTES;
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    loop->connections++;
    if (MHD_add_connection(loop->daemon, fd, address, address_len) != MHD_YES) {
        loop->connections--; /* the parser has closed it without telling request_peer_changed */
        if (!is_proxy) {
            address_table_leave(loop->addresses, key);
        }
    }
}

/* False: nothing more to accept. */
static bool accept_some(struct http_loop *loop) {
    for (int i = 0; i < ACCEPTS_PER_PASS; i++) {
        struct sockaddr_storage address;
        socklen_t len = sizeof address;
        const int fd = accept4(loop->listener, (struct sockaddr *) &address, &len,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE) {
                /* The listener stays readable: pause it, or the loop spins. */
                (void) epoll_ctl(loop->epoll, EPOLL_CTL_DEL, loop->listener, NULL);
                loop->is_accepting = false;
                loop->accept_again_boot_us =
                    clock_boot_us(loop->env->clock) + MS_TO_US(ACCEPT_PAUSE_MS);
            }
            if (errno == EINTR || errno == ECONNABORTED) {
                continue;
            }
            return false;
        }
        admit_connection(loop, fd, (struct sockaddr *) &address, len);
        loop->needs_run = true;
    }
    return true;
}

static void resume_accepting(struct http_loop *loop) {
    const bool may_try = clock_boot_us(loop->env->clock) >= loop->accept_again_boot_us;
    if (loop->listener >= 0 && !loop->is_accepting && may_try) {
        loop->is_accepting = watch_fd(loop, loop->listener, &LISTENER_MARK);
    }
}

static void begin_drain(struct http_loop *loop) {
    loop->is_draining = true;
    while (loop->listener >= 0 && accept_some(loop)) {
    }
    (void) close(loop->listener);
    loop->listener = -1;
    loop->is_accepting = false;
}

static int wait_ms(struct http_loop *loop, bool has_more) {
    if (has_more || loop->needs_run) {
        return 0;
    }
    int64_t wait = LONGEST_WAIT_MS;
    MHD_UNSIGNED_LONG_LONG parser_ms = 0;
    if (MHD_get_timeout(loop->daemon, &parser_ms) == MHD_YES && parser_ms < (unsigned) wait) {
        wait = (int64_t) parser_ms;
    }
    int64_t next_us = deadline_next_us(loop);
    const int64_t timer_us = shard_next_timer_us(loop->shard);
    next_us = timer_us < next_us ? timer_us : next_us;
    if (next_us != INT64_MAX) {
        const int64_t left = (next_us - clock_boot_us(loop->env->clock) + 999) / US_PER_MS;
        wait = left < 0 ? 0 : left < wait ? left : wait;
    }
    return loop->is_draining && wait > 20 ? 20 : (int) wait;
}

static void dispatch(struct http_loop *loop, const struct epoll_event *event) {
    if (event->data.ptr == mark(&LISTENER_MARK)) {
        return; /* after the mailbox: revocations first */
    }
    if (event->data.ptr == mark(&PARSER_MARK) || event->data.ptr == mark(&MAILBOX_MARK)) {
        loop->needs_run = true;
        return;
    }
    live_io_ready(event->data.ptr, event->events);
}

/* One pass. True: fan-out is left. */
static bool pass(struct http_loop *loop, bool has_more) {
    struct epoll_event events[EVENTS_PER_PASS];
    const int count = epoll_wait(loop->epoll, events, EVENTS_PER_PASS, wait_ms(loop, has_more));
    loop->now_us = clock_boot_us(loop->env->clock);
    has_more = shard_step(loop->shard);
    bool has_clients = false;
    for (int i = 0; i < count; i++) {
        has_clients = has_clients || events[i].data.ptr == mark(&LISTENER_MARK);
        dispatch(loop, &events[i]);
    }
    if (has_clients && loop->listener >= 0 && loop->is_accepting) {
        (void) accept_some(loop);
    }
    deadline_sweep(loop, loop->now_us);
    live_io_tick(loop, loop->now_us);
    /* What a run resumes, answers or upgrades may leave work for a second one. */
    for (int runs = 0; runs < 3 && (runs == 0 || loop->needs_run); runs++) {
        loop->needs_run = false;
        (void) MHD_run(loop->daemon);
    }
    live_io_bury(loop);
    return has_more;
}

static void note_drained(struct http_loop *loop) {
    const bool is_empty = shard_drain(loop->shard) && loop->suspended == 0;
    if (is_empty && !loop->is_drained) {
        for (int i = 0; i < 5; i++) { /* let the last answers out */
            (void) pass(loop, true);
        }
        loop->is_drained = true;
        (void) sem_post(loop->drained);
    }
}

void http_loop_run(struct http_loop *loop) {
    bool has_more =
        !watch_fd(loop, loop->listener, &LISTENER_MARK) ||
        !watch_fd(loop, MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
                  &PARSER_MARK) ||
        !watch_fd(loop, mailbox_fd(shard_mailbox(loop->shard)), &MAILBOX_MARK);
    if (has_more) {
        abort(); /* three descriptors into a fresh epoll set: only a broken kernel refuses */
    }
    while (!loop->is_drained || !atomic_load(loop->end)) {
        has_more = pass(loop, has_more);
        if (!loop->is_accepting && !loop->is_draining) {
            resume_accepting(loop);
        }
        if (!loop->is_draining && atomic_load_explicit(loop->stop, memory_order_relaxed)) {
            begin_drain(loop);
        }
        if (loop->is_draining) {
            note_drained(loop);
        }
    }
}

static result parse_port(struct scope *scope, struct str address, struct str *ret_host,
                         struct str *ret_port) {
    size_t colon = address.len;
    while (colon > 0 && address.at[colon - 1] != ':') {
        colon--;
    }
    REQUIRE(scope, colon > 1, INVALID, "http.listen_address");
    *ret_host = str_first(address, colon - 1);
    *ret_port = str_from(address, colon);
    if (ret_host->at[0] == '[' && str_has_suffix(*ret_host, STR("]"))) {
        *ret_host = str_first(str_from(*ret_host, 1), ret_host->len - 2);
    }
    return OK_RESULT;
}

static int open_listener(const unsigned char address[16], uint16_t port) {
    static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const bool is_v4 = memcmp(address, MAPPED, sizeof MAPPED) == 0;
    const int fd =
        socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    const int on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memcpy(&v4.sin_addr, address + 12, 4);
    memcpy(&v6.sin6_addr, address, 16);
    const int bound = is_v4 ? bind(fd, (const struct sockaddr *) &v4, sizeof v4)
                            : bind(fd, (const struct sockaddr *) &v6, sizeof v6);
    if (bound != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        (void) close(fd);
        return -1;
    }
    return fd;
}

result http_listen(struct scope *scope, struct str address, int *ret) {
    struct str host;
    struct str port_text;
    TRY(parse_port(scope, address, &host, &port_text));
    uint64_t port = 0;
    REQUIRE(scope, is_ok(parse_u64(scope, port_text, UINT16_MAX, &port)), INVALID,
            "http.listen_address");
    unsigned char bytes[16];
    REQUIRE(scope, address_parse(host, bytes), INVALID, "http.listen_address");
    const int fd = open_listener(bytes, (uint16_t) port);
    REQUIRE(scope, fd >= 0, UNAVAILABLE, "http.listen");
    *ret = fd;
    return OK_RESULT;
}
