/* People who leave: how long until their last connection is closed, and how many a second. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/bench/load.h"
#include "tests/bench/probe.h"

enum { ANSWER_BYTES = 65536, QUIET_MS = 5, PATIENCE_S = 10 };

static size_t write_patch(const struct load_seed *seed, size_t session, char *ret, size_t room) {
    static const char BODY[] =
        "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],"
        "\"Operations\":[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]}";
    const struct load_session *leaver = &seed->sessions[session];
    return (size_t) snprintf(
        ret, room,
        "PATCH /scim/v2/Users/%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/scim+json\r\nContent-Length: %zu\r\n\r\n%s",
        leaver->user, seed->orgs[leaver->org].token, sizeof BODY - 1, BODY);
}

static void must_be_done(int status, const char *answer) {
    if (status != 200 && status != 204) {
        const char *body = strstr(answer, "\r\n\r\n");
        (void) fprintf(stderr, "load: PATCH answered %d %s\n", status, body == NULL ? "" : body);
        exit(1);
    }
}

struct revoke_run {
    struct load load;
    struct load_seed seed;
    int scim;
    size_t idle, first, leavers, per_leaver;
    uint64_t *close_ns, *answer_ns, *commit_ns;
};

static bool are_closed(const struct revoke_run *run, size_t first) {
    for (size_t i = first; i < first + run->per_leaver; i++) {
        if (!run->load.sockets[i].is_closed) {
            return false;
        }
    }
    return true;
}

/* From the request's first byte to the last close frame. The answer is read behind it, so that
 * nothing delays the look at the close frames: its time is an upper bound. */
static void revoke_one(struct revoke_run *run, size_t leaver) {
    static char answer[ANSWER_BYTES];
    char request[2048];
    const size_t first = run->idle + leaver * run->per_leaver;
    const size_t len =
        write_patch(&run->seed, run->first + leaver * run->per_leaver, request, sizeof request);
    const uint64_t start = load_now_ns();
    load_send(run->scim, request, len);
    while (!are_closed(run, first)) {
        load_poll(&run->load, 1000);
        if (load_now_ns() - start > PATIENCE_S * UINT64_C(1000000000)) {
            (void) fprintf(stderr, "load: connections of a leaver stay open\n");
            must_be_done(load_answer(run->scim, answer, sizeof answer), answer);
            exit(1);
        }
    }
    must_be_done(load_answer(run->scim, answer, sizeof answer), answer);
    run->answer_ns[leaver] = load_now_ns() - start;
    uint64_t last = start;
    for (size_t i = first; i < first + run->per_leaver; i++) {
        const uint64_t closed = run->load.sockets[i].closed_ns;
        last = closed > last ? closed : last;
        if (run->load.sockets[i].close_code != 4401) {
            (void) fprintf(stderr, "load: closed with %d\n", run->load.sockets[i].close_code);
            exit(1);
        }
    }
    run->close_ns[leaver] = last - start;
}

/* The colleagues of a leaver hear of it, and a job cleans up behind: let both pass. */
static void settle(struct load *load) {
    uint64_t texts = 0;
    do {
        texts = load->texts;
        load_poll(load, QUIET_MS);
        const uint64_t until = load_now_ns() + QUIET_MS * UINT64_C(1000000);
        while (load_now_ns() < until) {
            load_poll(load, 1);
        }
    } while (load->texts != texts);
}

static uint64_t *room_for(size_t count) {
    uint64_t *room = calloc(count, sizeof *room);
    if (room == NULL) {
        abort();
    }
    return room;
}

static void print_times(const char *name, uint64_t *ns, size_t count) {
    (void) printf(",\"%s_p50_us\":%.0f,\"%s_p99_us\":%.0f,\"%s_us\":[", name,
                  percentile_us(ns, count, 50), name, percentile_us(ns, count, 99), name);
    for (size_t i = 0; i < count; i++) {
        (void) printf("%s%.0f", i == 0 ? "" : ",", (double) ns[i] / 1000.0);
    }
    (void) printf("]");
}

int load_revoke_run(char **args) {
    static struct revoke_run run;
    const int port = (int) strtol(args[0], NULL, 10);
    load_seed_read(args[1], &run.seed);
    run.idle = strtoul(args[2], NULL, 10);
    run.first = strtoul(args[3], NULL, 10);
    run.leavers = strtoul(args[4], NULL, 10);
    run.per_leaver = strtoul(args[5], NULL, 10);
    const size_t leaving = run.leavers * run.per_leaver;
    if (run.idle > run.first || run.first + leaving > run.seed.count) {
        (void) fprintf(stderr, "load: the seed has %zu sessions\n", run.seed.count);
        return 1;
    }
    load_init(&run.load, port, run.idle + leaving);
    load_open_all(&run.load, &run.seed, 0, run.idle, 0);
    load_open_all(&run.load, &run.seed, run.idle, leaving, run.first);
    run.scim = load_connect(port);
    struct probe *probe = probe_open(args[6], args[7], strtoul(args[8], NULL, 10));
    run.close_ns = room_for(run.leavers);
    run.answer_ns = room_for(run.leavers);
    run.commit_ns = room_for(run.leavers);
    for (size_t i = 0; i < run.leavers; i++) {
        settle(&run.load);
        run.commit_ns[i] = probe_commit(probe);
        settle(&run.load);
        revoke_one(&run, i);
    }
    probe_close(probe);
    (void) printf("{\"idle\":%zu,\"leavers\":%zu,\"sockets_each\":%zu", run.idle, run.leavers,
                  run.per_leaver);
    print_times("commit", run.commit_ns, run.leavers);
    print_times("closed", run.close_ns, run.leavers);
    print_times("answered", run.answer_ns, run.leavers);
    (void) printf("}\n");
    return run.load.closes == leaving ? 0 : 1; /* nobody else was closed */
}

struct storm {
    struct load_seed seed;
    int port;
    size_t step, end; /* a session of each person */
    atomic_size_t next;
};

static void *storm_write(void *self) {
    struct storm *storm = self;
    char *answer = calloc(1, ANSWER_BYTES);
    char request[2048];
    const int fd = load_connect(storm->port);
    for (;;) {
        const size_t session = atomic_fetch_add(&storm->next, storm->step);
        if (answer == NULL || session >= storm->end) {
            free(answer);
            return NULL;
        }
        const size_t len = write_patch(&storm->seed, session, request, sizeof request);
        must_be_done(load_request(fd, request, len, answer, ANSWER_BYTES), answer);
    }
}

static size_t sessions_each(const struct load_seed *seed) {
    size_t count = 1;
    while (count < seed->count && strcmp(seed->sessions[count].user, seed->sessions[0].user) == 0) {
        count++;
    }
    return count;
}

int load_storm_run(char **args) {
    enum { WRITERS_MAX = 64 };
    static struct storm storm;
    pthread_t threads[WRITERS_MAX];
    storm.port = (int) strtol(args[0], NULL, 10);
    load_seed_read(args[1], &storm.seed);
    const size_t leavers = strtoul(args[3], NULL, 10);
    const size_t writers = strtoul(args[4], NULL, 10);
    storm.step = sessions_each(&storm.seed);
    const size_t first = strtoul(args[2], NULL, 10) * storm.step;
    atomic_store(&storm.next, first);
    storm.end = first + leavers * storm.step;
    if (writers > WRITERS_MAX || storm.end > storm.seed.count) {
        (void) fprintf(stderr, "load: the seed has %zu sessions\n", storm.seed.count);
        return 1;
    }
    const uint64_t start = load_now_ns();
    for (size_t i = 0; i < writers; i++) {
        if (pthread_create(&threads[i], NULL, storm_write, &storm) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < writers; i++) {
        (void) pthread_join(threads[i], NULL);
    }
    const double seconds = (double) (load_now_ns() - start) / 1e9;
    (void) printf("{\"writers\":%zu,\"leavers\":%zu,\"seconds\":%.3f,\"per_second\":%.1f}\n",
                  writers, leavers, seconds, (double) leavers / seconds);
    return 0;
}
