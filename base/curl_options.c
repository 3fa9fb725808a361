#include "base/curl_options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void curl_easy_close(CURL **easy) {
    curl_easy_cleanup(*easy);
}

void curl_lines_close(struct curl_slist **lines) {
    for (struct curl_slist *line = *lines; line != NULL; line = line->next) {
        explicit_bzero(line->data, strlen(line->data));
    }
    curl_slist_free_all(*lines);
}

void curl_lines_add(struct curl_slist **lines, const char *line) {
    struct curl_slist *longer = curl_slist_append(*lines, line);
    if (longer == NULL) {
        abort();
    }
    *lines = longer;
}

void curl_trust(CURL *easy, struct str ca_pem) {
    CURL_SET(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    CURL_SET(easy, CURLOPT_PROXY_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    CURL_SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    CURL_SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (ca_pem.len == 0) {
        return;
    }
    /* libcurl copies; its struct has no const */
    struct curl_blob blob = {(void *) (uintptr_t) ca_pem.at, ca_pem.len, CURL_BLOB_COPY};
    CURL_SET(easy, CURLOPT_CAPATH, NULL);
    CURL_SET(easy, CURLOPT_CAINFO_BLOB, &blob);
    CURL_SET(easy, CURLOPT_PROXY_CAPATH, NULL);
    CURL_SET(easy, CURLOPT_PROXY_CAINFO_BLOB, &blob);
}

bool curl_is_tls_failure(CURLcode code) {
    static const CURLcode CODES[] = {
        CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
        CURLE_SSL_CIPHER,        CURLE_SSL_CACERT_BADFILE,       CURLE_SSL_ISSUER_ERROR,
        CURLE_USE_SSL_FAILED,
    };
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        if (CODES[i] == code) {
            return true;
        }
    }
    return false;
}
