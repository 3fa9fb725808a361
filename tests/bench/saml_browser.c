#include "tests/bench/saml_browser.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int browser_connect(int port, unsigned number) {
    const unsigned net = (1 + (unsigned) getpid() % 250) << 16;
    const unsigned host = number / 100 % 60000 + 256;
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void) setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const struct sockaddr_in from = {.sin_family = AF_INET,
                                     .sin_addr = {htonl(0x7f000000 + net + host)}};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t) port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (bind(fd, (const struct sockaddr *) &from, sizeof from) != 0 ||
        connect(fd, (const struct sockaddr *) &to, sizeof to) != 0) {
        perror("connect");
        exit(1);
    }
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

struct str browser_header(const char **at, const char *name, const char *ends) {
    const char *end = strstr(*at, "\r\n\r\n");
    const char *found = strcasestr(*at, name);
    if (found == NULL || end == NULL || found > end) {
        return STR("");
    }
    found += strlen(name);
    const struct str value = {found, strcspn(found, ends)};
    *at = found + value.len;
    return value;
}
