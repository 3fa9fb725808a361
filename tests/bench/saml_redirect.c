/* Navigations that are answered by a redirect to the identity provider: each browser asks again as
 * soon as it has its answer. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/process_tree.h"
#include "tests/bench/saml_bench.h"
#include "tests/bench/saml_browser.h"

enum { BROWSERS_MAX = 64, REQUEST_MAX = 2048, ASKS_EACH = 50 };

struct run {
    int port;
    char request[REQUEST_MAX];
    size_t request_len;
    uint64_t until_ns;
    _Atomic unsigned next; /* connection */
    _Atomic unsigned long redirects, others;
};

/* A request to a provider, signed: anything else is not what is measured. */
static bool is_redirect(int status, const char *answer) {
    const char *at = answer;
    const struct str location = browser_header(&at, "\r\nLocation: ", "\r\n");
    return (status == 302 || status == 303) && str_find(location, STR("SAMLRequest=")) > 0 &&
           str_find(location, STR("&Signature=")) > 0 && str_find(location, STR("rsa-sha256")) > 0;
}

static void *browse(void *context) {
    struct run *run = context;
    char *answer = calloc(1, BROWSER_ROOM);
    while (load_now_ns() < run->until_ns) {
        const int fd = browser_connect(run->port, 100 * atomic_fetch_add(&run->next, 1));
        for (int i = 0; i < ASKS_EACH && load_now_ns() < run->until_ns; i++) {
            const int status =
                load_request(fd, run->request, run->request_len, answer, BROWSER_ROOM);
            (void) atomic_fetch_add(is_redirect(status, answer) ? &run->redirects : &run->others,
                                    1);
        }
        (void) close(fd);
    }
    free(answer);
    return NULL;
}

static void browse_for(struct run *run, unsigned long browsers, uint64_t ns) {
    pthread_t threads[BROWSERS_MAX];
    run->until_ns = load_now_ns() + ns;
    for (unsigned long i = 0; i < browsers; i++) {
        if (pthread_create(&threads[i], NULL, browse, run) != 0) {
            abort();
        }
    }
    for (unsigned long i = 0; i < browsers; i++) {
        (void) pthread_join(threads[i], NULL);
    }
}

int saml_redirect_run(char **args) {
    static struct run run;
    const unsigned long asked = strtoul(args[2], NULL, 10);
    const unsigned long browsers = asked < BROWSERS_MAX ? asked : BROWSERS_MAX;
    const uint64_t ns = strtoul(args[3], NULL, 10) * UINT64_C(1000000);
    const pid_t server = (pid_t) strtol(args[4], NULL, 10);
    run.port = (int) strtol(args[0], NULL, 10);
    run.request_len = (size_t) snprintf(run.request, sizeof run.request,
                                        "GET %.1500s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                                        "Accept: text/html\r\n\r\n",
                                        args[1], run.port);
    browse_for(&run, browsers, ns / 5); /* processes, caches and server objects are there */
    atomic_store(&run.redirects, 0);
    const double cpu = process_tree_seconds(server);
    const uint64_t start = load_now_ns();
    browse_for(&run, browsers, ns);
    const double used = process_tree_seconds(server) - cpu;
    const double seconds = (double) (load_now_ns() - start) / 1e9;
    const double redirects = (double) atomic_load(&run.redirects);
    (void) printf("{\"redirects\":%.0f,\"others\":%lu,\"per_second\":%.0f,\"cpu_us\":%.2f}\n",
                  redirects, atomic_load(&run.others), redirects / seconds, used * 1e6 / redirects);
    return 0;
}
