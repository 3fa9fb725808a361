/* Bytes of a connection, at the real server in this process: parser, guard, routes, live upgrade.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/gateway/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct server SERVER;

static void stop(void) {
    server_stop(&SERVER);
}

static struct server *started(void) {
    if (SERVER.app == NULL) {
        server_start(&SERVER, &(struct server_options){.header_timeout_us = MS_TO_US(500)});
        (void) atexit(stop);
    }
    return &SERVER;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    const int fd = client_connect(started());
    (void) send(fd, bytes, len, MSG_NOSIGNAL);
    (void) shutdown(fd, SHUT_WR);
    char answer[4096];
    while (recv(fd, answer, sizeof answer, 0) > 0) {
    }
    (void) close(fd);
    return 0;
}
