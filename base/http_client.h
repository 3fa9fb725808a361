#pragma once
/* Outbound HTTP on libcurl. Every URL is hostile input: https only, no redirects, an address filter
 * that runs on the address about to be connected, deadlines, size caps. */

#include <stdint.h>

#include "base/address.h"
#include "base/http_values.h"
#include "base/result.h"

struct http_call {
    const char *method; /* "GET", "POST" */
    struct str url;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    const char *content_type;               /* of the body; NULL: none */
    struct str ca_pem;                      /* empty: the system's */
    struct str proxy;                       /* empty: none, whatever the environment says */
    size_t max_bytes;                       /* 0: 256 KiB */
    int64_t connect_timeout_us, timeout_us; /* 0: 2 s, 5 s */
};

struct http_reply {
    int status;
    struct str content_type; /* lower case, without parameters */
    struct str body;
    struct str etag; /* as sent; empty: none */
};

struct http_client {
    /* Blocks the calling thread until the deadline at most. UNAVAILABLE "http.connect",
     * "http.timeout", "http.tls", "http.failed"; FORBIDDEN "http.address" (refused by the filter),
     * INVALID "http.url"; TOO_LARGE "http.size". Any status is OK. */
    result (*send)(struct http_client *client, struct scope *scope, const struct http_call *call,
                   struct http_reply *ret);
};

/* The rules are borrowed and must outlive the client. Any number of threads may send. */
struct http_client *curl_client_new(const struct address_rules *allowed);
/* For calls that name no time-out of their own; before the first call. */
void curl_client_set_timeout(struct http_client *client, int64_t timeout_us);
void curl_client_free(struct http_client **client);
