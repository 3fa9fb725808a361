/* The load generator of ./check bench. One line of JSON per run on standard output.
 *
 *   load idle   PORT SEED SOCKETS              opens, prints OPEN, waits for end of input
 *   load fanout PORT SEED SOCKETS MESSAGES     one sender, everybody receives; deliveries per
 * second load bare   SOCKETS MESSAGES BYTES         the yardstick of fanout: a send() loop, same
 * reader load revoke PORT SEED IDLE LEAVERS SOCKETS PROBE-URL SCIM active=false, request sent ->
 * last close frame, interleaved with commits of the same rows (PROBE-URL)
 *
 * SEED is what bench_seed wrote. */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/load_client.h"
#include "tests/bench/probe.h"

enum { LINE_BYTES = 512, ANSWER_BYTES = 65536, WINDOW = 64 };

struct seed_line {
    char user[64], cookie[256];
};

struct seed {
    char org[64], token[256];
    struct seed_line *lines;
    size_t count;
};

static void read_seed(const char *path, struct seed *seed) {
    FILE *file = fopen(path, "r");
    char line[LINE_BYTES];
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        perror(path);
        exit(1);
    }
    char *save = NULL;
    (void) snprintf(seed->org, sizeof seed->org, "%s", strtok_r(line, " \n", &save));
    (void) snprintf(seed->token, sizeof seed->token, "%s", strtok_r(NULL, " \n", &save));
    seed->count = 0;
    seed->lines = calloc(200000, sizeof *seed->lines);
    while (seed->lines != NULL && seed->count < 200000 && fgets(line, sizeof line, file) != NULL) {
        struct seed_line *at = &seed->lines[seed->count++];
        (void) snprintf(at->user, sizeof at->user, "%s", strtok_r(line, " \n", &save));
        (void) snprintf(at->cookie, sizeof at->cookie, "%s", strtok_r(NULL, " \n", &save));
    }
    (void) fclose(file);
}

static void open_all(struct load *load, const struct seed *seed, size_t first, size_t count) {
    enum { BATCH = 100 };
    for (size_t i = 0; i < count; i += BATCH) {
        const size_t batch = count - i < BATCH ? count - i : BATCH;
        for (size_t j = 0; j < batch; j++) {
            load_open(load, first + i + j, seed->lines[(first + i + j) % seed->count].cookie);
        }
        load_wait_open(load, first + i, batch);
    }
}

static int run_idle(char **args) {
    struct seed seed;
    struct load load;
    read_seed(args[1], &seed);
    const size_t sockets = strtoul(args[2], NULL, 10);
    load_init(&load, (int) strtol(args[0], NULL, 10), sockets);
    open_all(&load, &seed, 0, sockets);
    (void) printf("OPEN %zu\n", sockets);
    (void) fflush(stdout);
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    while (poll(&input, 1, 0) == 0) {
        load_poll(&load, 50);
    }
    return load.closes == 0 ? 0 : 1;
}

static void find_conversation(const struct seed *seed, int port, char *ret, size_t room) {
    static char answer[ANSWER_BYTES];
    char request[1024];
    const int fd = load_connect(port);
    const int len =
        snprintf(request, sizeof request,
                 "GET /api/v1/conversations HTTP/1.1\r\nHost: a\r\nCookie: gatehouse=%s\r\n\r\n",
                 seed->lines[0].cookie);
    const int status = load_request(fd, request, (size_t) len, answer, sizeof answer);
    const char *id = strstr(answer, "\"id\":\"");
    if (status != 200 || id == NULL) {
        (void) fprintf(stderr, "load: no conversation (%d)\n", status);
        exit(1);
    }
    (void) snprintf(ret, room, "%.36s", id + 6);
    (void) close(fd);
}

/* Keeps a few messages under way, so that the server is never idle and no queue overflows. */
static int run_fanout(char **args) {
    struct seed seed;
    struct load load;
    read_seed(args[1], &seed);
    const int port = (int) strtol(args[0], NULL, 10);
    const size_t sockets = strtoul(args[2], NULL, 10);
    const uint64_t messages = strtoul(args[3], NULL, 10);
    load_init(&load, port, sockets);
    char conversation[64];
    find_conversation(&seed, port, conversation, sizeof conversation);
    open_all(&load, &seed, 0, sockets);
    load_poll(&load, 500); /* hello frames */
    while (load.texts < sockets) {
        load_poll(&load, 100);
    }
    const uint64_t before = load.texts;
    const uint64_t wanted = messages * sockets;
    const uint64_t start = load_now_ns();
    uint64_t sent = 0;
    uint64_t got = 0;
    while (got < wanted && load.closes == 0) {
        while (sent < messages && sent * sockets < got + WINDOW / 8 * sockets) {
            char text[512];
            (void) snprintf(
                text, sizeof text,
                "{\"type\":\"send\",\"id\":\"%llu\",\"conversation\":\"%s\",\"nonce\":\"%d-%llu\","
                "\"text\":\"a message of some length that people would write to each other\"}",
                (unsigned long long) sent, conversation, (int) getpid(), (unsigned long long) sent);
            load_send_text(&load.sockets[0], text);
            sent++;
        }
        load_poll(&load, 10);
        got = load.texts - before > sent ? load.texts - before - sent : 0; /* less the acks */
    }
    const double seconds = (double) (load_now_ns() - start) / 1e9;
    (void) printf("{\"sockets\":%zu,\"messages\":%llu,\"seconds\":%.3f,\"deliveries_per_second\":%."
                  "0f,\"closed\":%llu}\n",
                  sockets, (unsigned long long) messages, seconds, (double) wanted / seconds,
                  (unsigned long long) load.closes);
    return load.closes == 0 ? 0 : 1;
}

/* The bare loop: accepts, then sends the same bytes to every socket in turn, blocking. */
static void bare_server(int listener, size_t sockets, uint64_t messages, size_t bytes) {
    int *fds = calloc(sockets, sizeof *fds);
    unsigned char *frame = calloc(1, bytes);
    if (fds == NULL || frame == NULL) {
        exit(1);
    }
    frame[0] = 0x81;
    frame[1] = 126;
    frame[2] = (unsigned char) ((bytes - 4) >> 8);
    frame[3] = (unsigned char) ((bytes - 4) & 0xff);
    for (size_t i = 0; i < sockets; i++) {
        fds[i] = accept(listener, NULL, NULL);
    }
    for (uint64_t m = 0; m < messages; m++) {
        for (size_t i = 0; i < sockets; i++) {
            if (send(fds[i], frame, bytes, MSG_NOSIGNAL) != (ssize_t) bytes) {
                exit(1);
            }
        }
    }
    (void) sleep(1); /* the reader is at its last frames */
    exit(0);
}

static int run_bare(char **args) {
    const size_t sockets = strtoul(args[0], NULL, 10);
    const uint64_t messages = strtoul(args[1], NULL, 10);
    const size_t bytes = strtoul(args[2], NULL, 10);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    if (bind(listener, (const struct sockaddr *) &address, len) != 0 ||
        listen(listener, 4096) != 0 ||
        getsockname(listener, (struct sockaddr *) &address, &len) != 0) {
        perror("bare");
        return 1;
    }
    const pid_t child = fork();
    if (child == 0) {
        bare_server(listener, sockets, messages, bytes);
    }
    struct load load;
    load_init(&load, ntohs(address.sin_port), sockets);
    for (size_t i = 0; i < sockets; i++) {
        load_open(&load, i, NULL);
    }
    const uint64_t start = load_now_ns();
    while (load.texts < messages * sockets) {
        load_poll(&load, 100);
    }
    const double seconds = (double) (load_now_ns() - start) / 1e9;
    (void) printf(
        "{\"sockets\":%zu,\"messages\":%llu,\"seconds\":%.3f,\"deliveries_per_second\":%.0f}\n",
        sockets, (unsigned long long) messages, seconds, (double) (messages * sockets) / seconds);
    (void) waitpid(child, NULL, 0);
    return 0;
}

struct revoke_run {
    struct load load;
    struct seed seed;
    int scim;
    size_t idle, per_leaver;
};

/* From the request's first byte to the last close frame; *ret_answer_ns: to the answer. */
static uint64_t revoke_one(struct revoke_run *run, size_t leaver, uint64_t *ret_answer_ns) {
    static const char BODY[] =
        "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],"
        "\"Operations\":[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]}";
    static char answer[ANSWER_BYTES];
    char request[2048];
    const size_t first = run->idle + leaver * run->per_leaver;
    const int len =
        snprintf(request, sizeof request,
                 "PATCH /scim/v2/Users/%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                 "Content-Type: application/scim+json\r\nContent-Length: %zu\r\n\r\n%s",
                 run->seed.lines[first].user, run->seed.token, sizeof BODY - 1, BODY);
    const uint64_t start = load_now_ns();
    const int status = load_request(run->scim, request, (size_t) len, answer, sizeof answer);
    *ret_answer_ns = load_now_ns() - start;
    if (status != 200 && status != 204) {
        (void) fprintf(stderr, "load: PATCH answered %d\n", status);
        exit(1);
    }
    uint64_t last = start;
    for (size_t i = first; i < first + run->per_leaver; i++) {
        while (!run->load.sockets[i].is_closed) {
            load_poll(&run->load, 1000);
        }
        const uint64_t closed = run->load.sockets[i].closed_ns;
        last = closed > last ? closed : last;
    }
    return last - start;
}

static int run_revoke(char **args) {
    struct revoke_run run = {.idle = strtoul(args[2], NULL, 10),
                             .per_leaver = strtoul(args[4], NULL, 10)};
    const size_t leavers = strtoul(args[3], NULL, 10);
    const int port = (int) strtol(args[0], NULL, 10);
    read_seed(args[1], &run.seed);
    load_init(&run.load, port, run.idle + leavers * run.per_leaver);
    if (run.seed.count < run.load.count) {
        (void) fprintf(stderr, "load: the seed has %zu sessions, %zu needed\n", run.seed.count,
                       run.load.count);
        return 1;
    }
    open_all(&run.load, &run.seed, 0, run.load.count);
    run.scim = load_connect(port);
    struct probe *probe = probe_open(args[5]);
    uint64_t *close_ns = calloc(leavers, sizeof *close_ns);
    uint64_t *answer_ns = calloc(leavers, sizeof *answer_ns);
    uint64_t *commit_ns = calloc(leavers, sizeof *commit_ns);
    for (size_t i = 0; i < leavers; i++) {
        commit_ns[i] = probe_commit(probe);
        close_ns[i] = revoke_one(&run, i, &answer_ns[i]);
    }
    probe_close(probe);
    (void) printf("{\"idle\":%zu,\"leavers\":%zu,\"sockets_each\":%zu", run.idle, leavers,
                  run.per_leaver);
    (void) printf(",\"commit_p50_us\":%.0f,\"commit_p99_us\":%.0f",
                  percentile_us(commit_ns, leavers, 50), percentile_us(commit_ns, leavers, 99));
    (void) printf(",\"closed_p50_us\":%.0f,\"closed_p99_us\":%.0f",
                  percentile_us(close_ns, leavers, 50), percentile_us(close_ns, leavers, 99));
    (void) printf(",\"answered_p50_us\":%.0f,\"answered_p99_us\":%.0f}\n",
                  percentile_us(answer_ns, leavers, 50), percentile_us(answer_ns, leavers, 99));
    return 0;
}

static const struct {
    const char *name;
    int args;
    int (*run)(char **args);
} MODES[] = {
    {"idle", 3, run_idle},
    {"fanout", 4, run_fanout},
    {"bare", 3, run_bare},
    {"revoke", 6, run_revoke},
};

int main(int argc, char **argv) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &files);
    }
    for (size_t i = 0; argc > 1 && i < sizeof MODES / sizeof MODES[0]; i++) {
        if (strcmp(argv[1], MODES[i].name) == 0 && argc == MODES[i].args + 2) {
            return MODES[i].run(argv + 2);
        }
    }
    (void) fprintf(stderr, "usage: see the head of tests/bench/load.c\n");
    return 2;
}
