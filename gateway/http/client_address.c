#include "gateway/http/client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const unsigned char MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void client_address_from_socket(const struct sockaddr *address, unsigned char ret[16]) {
    memset(ret, 0, 16);
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        memcpy(ret, MAPPED, sizeof MAPPED);
        memcpy(ret + 12, &v4.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(ret, &v6.sin6_addr, 16);
    }
}

/* Takes the last piece of the comma-separated list off. */
static struct str take_last(struct str *list) {
    size_t start = list->len;
    while (start > 0 && list->at[start - 1] != ',') {
        start--;
    }
    const struct str last = str_trim_blanks(str_from(*list, start));
    list->len = start > 0 ? start - 1 : 0;
    return last;
}

void client_address_find(const unsigned char peer[16], struct str forwarded_for,
                         const struct address_rules *trusted, unsigned char ret[16]) {
    memcpy(ret, peer, 16);
    while (forwarded_for.len > 0 && address_matches(ret, trusted)) {
        unsigned char next[16];
        if (!address_parse(take_last(&forwarded_for), next)) {
            return;
        }
        memcpy(ret, next, sizeof next);
    }
}

void client_address_write(const unsigned char address[16], char ret[INET6_ADDRSTRLEN]) {
    const bool is_v4 = memcmp(address, MAPPED, sizeof MAPPED) == 0;
    (void) inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? address + 12 : address, ret,
                     INET6_ADDRSTRLEN);
}

struct str client_address_text(struct arena *arena, const unsigned char address[16]) {
    char text[INET6_ADDRSTRLEN];
    client_address_write(address, text);
    return str_copy(arena, str_from_c(text));
}
