#pragma once
/* What the two users of libcurl, HTTP and mail, share. Included by them only. */

#include <assert.h>

#include <curl/curl.h>

#include "base/str.h"

/* Options are ours, so a refused one is our bug. */
#define CURL_SET(easy, option, value)                                                              \
    do {                                                                                           \
        const CURLcode curl_set_code_ = curl_easy_setopt((easy), (option), (value));               \
        assert(curl_set_code_ == CURLE_OK);                                                        \
    } while (0)

void curl_easy_close(CURL **easy); /* AUTO */
/* Wipes the lines: headers carry credentials. AUTO */
void curl_lines_close(struct curl_slist **lines);
void curl_lines_add(struct curl_slist **lines, const char *line);
/* TLS 1.2 or later, peer and name verified, by these authorities instead of the system's. */
void curl_trust(CURL *easy, struct str ca_pem);
bool curl_is_tls_failure(CURLcode code);
