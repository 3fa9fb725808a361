#pragma once
/* Whose request it is: the peer's address, or the one that a trusted proxy names. Pure. */

#include "base/http_client.h"
#include "base/http_values.h"

#include <netinet/in.h>

struct sockaddr;

/* 16 bytes, IPv4 mapped into IPv6. */
void client_address_from_socket(const struct sockaddr *address, unsigned char ret[16]);
/* The last address of X-Forwarded-For that is not itself a trusted proxy, when the peer is one;
 * else the peer's. A malformed entry ends the search at the last good one. */
void client_address_find(const unsigned char peer[16], struct str forwarded_for,
                         const struct address_rules *trusted, unsigned char ret[16]);
/* "192.0.2.1" or "2001:db8::1". */
void client_address_write(const unsigned char address[16], char ret[INET6_ADDRSTRLEN]);
struct str client_address_text(struct arena *arena, const unsigned char address[16]);
