/* "name:value" lines as the headers of a request that the parser let through. */
#include <stdlib.h>

#include "gateway/http/guard.h"
#include "tests/support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    struct fixture fixture;
    fixture_open(&fixture);
    struct http_request request = {.method = HTTP_GET};
    struct str left = {(const char *) bytes, len};
    while (left.len > 0 && request.header_count < HTTP_MAX_HEADERS) {
        struct http_header *header = &request.headers[request.header_count++];
        struct str line;
        left = str_split(left, '\n', &line);
        header->value = str_split(line, ':', &header->name);
    }
    struct str accept;
    const result guarded = http_guard(&fixture.scope, &request);
    const result upgraded =
        http_upgrade_check(&fixture.scope, &request, STR("https://chat.example.com"), &accept);
    if (is_ok(guarded) && is_ok(upgraded) && accept.len != 28) {
        abort(); /* SHA-1 in base64 */
    }
    fixture_close(&fixture);
    return 0;
}
