/* Live connections that wait, listen, and talk. */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/load.h"

enum { ANSWER_BYTES = 65536, WINDOW = 4 }; /* a connection may have 8 commands under way */

void load_open_all(struct load *load, const struct load_seed *seed, size_t first, size_t count,
                   size_t session) {
    enum { BATCH = 100 };
    for (size_t i = 0; i < count; i += BATCH) {
        const size_t batch = count - i < BATCH ? count - i : BATCH;
        for (size_t j = i; j < i + batch; j++) {
            load_open(load, first + j, seed->sessions[(session + j) % seed->count].cookie);
        }
        load_wait_open(load, first + i, batch);
    }
    while (load->texts < load->opened) { /* the hello of each */
        load_poll(load, 100);
    }
}

static bool has_input(void) {
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    return poll(&input, 1, 0) != 0;
}

static void say(const char *word, size_t count) {
    (void) printf("%s %zu\n", word, count);
    (void) fflush(stdout);
}

int load_idle_run(char **args) {
    struct load_seed seed;
    struct load load;
    load_seed_read(args[1], &seed);
    const size_t sockets = strtoul(args[2], NULL, 10);
    load_init(&load, (int) strtol(args[0], NULL, 10), sockets);
    load_open_all(&load, &seed, 0, sockets, 0);
    say("OPEN", sockets);
    while (!has_input()) {
        load_poll(&load, 50);
    }
    return load.closes == 0 ? 0 : 1;
}

static void find_conversation(const struct load_seed *seed, int port, char *ret, size_t room) {
    static char answer[ANSWER_BYTES];
    char request[1024];
    const int fd = load_connect(port);
    const int len =
        snprintf(request, sizeof request,
                 "GET /api/v1/conversations HTTP/1.1\r\nHost: a\r\nCookie: gatehouse=%s\r\n\r\n",
                 seed->sessions[0].cookie);
    const int status = load_request(fd, request, (size_t) len, answer, sizeof answer);
    const char *id = strstr(answer, "\"id\":\"");
    if (status != 200 || id == NULL) {
        (void) fprintf(stderr, "load: no conversation (%d)\n", status);
        exit(1);
    }
    (void) snprintf(ret, room, "%.36s", id + 6);
    (void) close(fd);
}

/* Sockets of one organisation; the first of them speaks. */
struct talk {
    struct load_seed seed;
    struct load load;
    size_t sockets;
    uint64_t sent, before;
    char conversation[64];
};

static void talk_open(struct talk *talk, char **args) {
    *talk = (struct talk){.sockets = strtoul(args[2], NULL, 10)};
    const int port = (int) strtol(args[0], NULL, 10);
    load_seed_read(args[1], &talk->seed);
    load_init(&talk->load, port, talk->sockets);
    find_conversation(&talk->seed, port, talk->conversation, sizeof talk->conversation);
    load_open_all(&talk->load, &talk->seed, 0, talk->sockets, 0);
    talk->before = talk->load.texts;
    talk->load.longest_text = 0;
}

static void talk_send(struct talk *talk) {
    char text[512];
    (void) snprintf(
        text, sizeof text,
        "{\"type\":\"send\",\"id\":\"%llu\",\"conversation\":\"%s\",\"nonce\":\"%d-%llu\","
        "\"text\":\"a message of some length that people would write to each other\"}",
        (unsigned long long) talk->sent, talk->conversation, (int) getpid(),
        (unsigned long long) talk->sent);
    load_send_text(&talk->load.sockets[0], text);
    talk->sent++;
}

/* Messages that arrived, less the acknowledgements. */
static uint64_t talk_got(const struct talk *talk) {
    const uint64_t texts = talk->load.texts - talk->before;
    return texts > talk->sent ? texts - talk->sent : 0;
}

static void talk_print(const struct talk *talk, uint64_t start_ns, double cpu) {
    const double seconds = (double) (load_now_ns() - start_ns) / 1e9;
    const double deliveries = (double) talk_got(talk);
    (void) printf("{\"sockets\":%zu,\"messages\":%llu,\"seconds\":%.3f", talk->sockets,
                  (unsigned long long) talk->sent, seconds);
    (void) printf(",\"per_second\":%.0f,\"cpu_us\":%.3f,\"frame_bytes\":%llu,\"closed\":%llu}\n",
                  deliveries / seconds, cpu * 1e6 / deliveries,
                  (unsigned long long) talk->load.longest_text + 4,
                  (unsigned long long) talk->load.closes);
}

/* Keeps a few messages under way, so that the server is never idle and no queue overflows. */
int load_fanout_run(char **args) {
    static struct talk talk;
    talk_open(&talk, args);
    const uint64_t messages = strtoul(args[3], NULL, 10);
    const clockid_t server = load_cpu_clock(args[4]);
    const double cpu = load_cpu_seconds(server);
    const uint64_t start = load_now_ns();
    while (talk_got(&talk) < messages * talk.sockets && talk.load.closes == 0) {
        while (talk.sent < messages &&
               talk.sent * talk.sockets < talk_got(&talk) + WINDOW * talk.sockets) {
            talk_send(&talk);
        }
        load_poll(&talk.load, 10);
    }
    talk_print(&talk, start, load_cpu_seconds(server) - cpu);
    return talk.load.closes == 0 ? 0 : 1;
}

int load_chatter_run(char **args) {
    static struct talk talk;
    talk_open(&talk, args);
    const double per_second = strtod(args[3], NULL);
    say("OPEN", talk.sockets);
    const uint64_t start = load_now_ns();
    while (!has_input()) {
        const double due = (double) (load_now_ns() - start) / 1e9 * per_second;
        while ((double) talk.sent < due) {
            talk_send(&talk);
        }
        load_poll(&talk.load, 1);
    }
    talk_print(&talk, start, 0);
    return talk.load.closes == 0 ? 0 : 1;
}

/* What the child tells the reader. */
struct bare {
    int listener;
    size_t sockets, bytes;
    uint64_t messages;
    double *cpu;
    int credit[2]; /* a byte for each message that everybody has, as ours gets acknowledgements */
};

/* The bare loop: accepts, then sends the same bytes to every socket in turn, blocking. */
static void bare_server(const struct bare *bare) {
    int *fds = calloc(bare->sockets, sizeof *fds);
    unsigned char *frame = calloc(1, bare->bytes);
    if (fds == NULL || frame == NULL) {
        exit(1);
    }
    frame[0] = 0x81;
    frame[1] = 126;
    frame[2] = (unsigned char) ((bare->bytes - 4) >> 8);
    frame[3] = (unsigned char) ((bare->bytes - 4) & 0xff);
    for (size_t i = 0; i < bare->sockets; i++) {
        const int on = 1;
        fds[i] = accept(bare->listener, NULL, NULL);
        (void) setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* as the server's */
    }
    const double before = load_cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t m = 0; m < bare->messages; m++) {
        char one;
        if (m >= WINDOW && read(bare->credit[0], &one, 1) != 1) {
            exit(1);
        }
        for (size_t i = 0; i < bare->sockets; i++) {
            if (send(fds[i], frame, bare->bytes, MSG_NOSIGNAL) != (ssize_t) bare->bytes) {
                exit(1);
            }
        }
    }
    *bare->cpu = load_cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - before;
    char end;
    for (size_t i = 0; i < bare->sockets; i++) {
        (void) recv(fds[i], &end, 1, 0); /* the reader has everything and closes */
    }
    exit(0);
}

int load_bare_run(char **args) {
    struct bare bare = {
        .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        .sockets = strtoul(args[0], NULL, 10),
        .messages = strtoul(args[1], NULL, 10),
        .bytes = strtoul(args[2], NULL, 10),
        .cpu =
            mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
    };
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    if (bare.cpu == MAP_FAILED || pipe(bare.credit) != 0 ||
        bind(bare.listener, (const struct sockaddr *) &address, len) != 0 ||
        listen(bare.listener, 4096) != 0 ||
        getsockname(bare.listener, (struct sockaddr *) &address, &len) != 0) {
        perror("bare");
        return 1;
    }
    const pid_t child = fork();
    if (child == 0) {
        load_pin(args[3]);
        bare_server(&bare);
    }
    struct load load;
    load_init(&load, ntohs(address.sin_port), bare.sockets);
    for (size_t i = 0; i < bare.sockets; i++) {
        load_open(&load, i, NULL);
    }
    const uint64_t start = load_now_ns();
    const uint64_t wanted = bare.messages * bare.sockets;
    uint64_t complete = 0;
    while (load.texts < wanted) {
        load_poll(&load, 100);
        for (; complete < load.texts / bare.sockets; complete++) {
            if (write(bare.credit[1], "", 1) != 1) {
                return 1;
            }
        }
    }
    const double seconds = (double) (load_now_ns() - start) / 1e9;
    for (size_t i = 0; i < bare.sockets; i++) {
        (void) close(load.sockets[i].fd);
    }
    (void) waitpid(child, NULL, 0);
    (void) printf("{\"sockets\":%zu,\"messages\":%llu,\"seconds\":%.3f", bare.sockets,
                  (unsigned long long) bare.messages, seconds);
    (void) printf(",\"per_second\":%.0f,\"cpu_us\":%.3f}\n", (double) wanted / seconds,
                  *bare.cpu * 1e6 / (double) wanted);
    return 0;
}
