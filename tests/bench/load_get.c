/* A closed loop over plain HTTP: each connection asks again as soon as it has its answer. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "tests/bench/load.h"

enum { ROOM = 16384, SAMPLES_MAX = 4000000, STATUSES = 600 };

struct getter {
    int fd;
    size_t have;
    uint64_t sent_ns;
    char answer[ROOM];
};

struct get_run {
    int epoll;
    char request[4096];
    size_t request_len;
    struct getter *getters;
    uint64_t statuses[STATUSES];
    uint64_t *samples, count;
};

static void ask(struct get_run *run, struct getter *getter) {
    getter->have = 0;
    getter->sent_ns = load_now_ns();
    if (send(getter->fd, run->request, run->request_len, MSG_NOSIGNAL) !=
        (ssize_t) run->request_len) {
        perror("get");
        exit(1);
    }
}

/* Length of the complete answer; 0: more is to come. */
static size_t answer_len(const struct getter *getter) {
    const char *end = memmem(getter->answer, getter->have, "\r\n\r\n", 4);
    if (end == NULL) {
        return 0;
    }
    const char *length = strcasestr(getter->answer, "\r\nContent-Length:");
    const size_t head = (size_t) (end - getter->answer) + 4;
    const size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return getter->have >= head + body ? head + body : 0;
}

static void take_answer(struct get_run *run, struct getter *getter) {
    const ssize_t got =
        recv(getter->fd, getter->answer + getter->have, ROOM - 1 - getter->have, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        (void) fprintf(stderr, "get: the connection was closed\n");
        exit(1);
    }
    getter->have += (size_t) got;
    getter->answer[getter->have] = '\0';
    if (answer_len(getter) == 0) {
        return;
    }
    const unsigned long status = strtoul(getter->answer + 9, NULL, 10);
    run->statuses[status < STATUSES ? status : 0]++;
    if (run->count < SAMPLES_MAX) {
        run->samples[run->count] = load_now_ns() - getter->sent_ns;
    }
    run->count++;
    ask(run, getter);
}

static void read_request(struct get_run *run, const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    run->request_len = fread(run->request, 1, sizeof run->request, file);
    (void) fclose(file);
}

static void print_statuses(const struct get_run *run) {
    const char *comma = "";
    (void) printf("\"statuses\":{");
    for (size_t i = 0; i < STATUSES; i++) {
        if (run->statuses[i] > 0) {
            (void) printf("%s\"%zu\":%llu", comma, i, (unsigned long long) run->statuses[i]);
            comma = ",";
        }
    }
    (void) printf("}");
}

static void run_for(struct get_run *run, uint64_t duration_ns) {
    const uint64_t start = load_now_ns();
    while (load_now_ns() - start < duration_ns) {
        struct epoll_event events[256];
        const int count = epoll_wait(run->epoll, events, 256, 100);
        for (int i = 0; i < count; i++) {
            take_answer(run, &run->getters[events[i].data.u64]);
        }
    }
}

static void open_getters(struct get_run *run, int port, size_t connections) {
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    run->getters = calloc(connections, sizeof *run->getters);
    run->samples = calloc(SAMPLES_MAX, sizeof *run->samples);
    if (run->getters == NULL || run->samples == NULL) {
        abort();
    }
    for (size_t i = 0; i < connections; i++) {
        run->getters[i].fd = load_connect(port);
        struct epoll_event event = {EPOLLIN, {.u64 = i}};
        (void) epoll_ctl(run->epoll, EPOLL_CTL_ADD, run->getters[i].fd, &event);
        ask(run, &run->getters[i]);
    }
}

int load_get_run(char **args) {
    static struct get_run run;
    const uint64_t duration_ns = strtoul(args[2], NULL, 10) * UINT64_C(1000000);
    const clockid_t server = load_cpu_clock(args[4]);
    read_request(&run, args[3]);
    open_getters(&run, (int) strtol(args[0], NULL, 10), strtoul(args[1], NULL, 10));
    run_for(&run, duration_ns / 10); /* caches and buffers get warm */
    run.count = 0;
    memset(run.statuses, 0, sizeof run.statuses);
    const double cpu = load_cpu_seconds(server);
    const uint64_t start = load_now_ns();
    run_for(&run, duration_ns);
    const double used = load_cpu_seconds(server) - cpu;
    const double seconds = (double) (load_now_ns() - start) / 1e9;
    const uint64_t kept = run.count < SAMPLES_MAX ? run.count : SAMPLES_MAX;
    (void) printf("{\"requests\":%llu,\"seconds\":%.3f,\"per_second\":%.0f,\"cpu_us\":%.3f,",
                  (unsigned long long) run.count, seconds, (double) run.count / seconds,
                  used * 1e6 / (double) run.count);
    print_statuses(&run);
    (void) printf(",\"p50_us\":%.0f,\"p99_us\":%.0f}\n", percentile_us(run.samples, kept, 50),
                  percentile_us(run.samples, kept, 99));
    return 0;
}
