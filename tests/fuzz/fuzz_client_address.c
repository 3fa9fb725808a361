/* X-Forwarded-For behind a proxy that is trusted: always ends at an address. */
#include "gateway/http/client_address.h"
#include "tests/support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    struct fixture fixture;
    fixture_open(&fixture);
    static const struct address_rule EVERYBODY = {.prefix_bits = 0};
    const struct address_rules trusted = {&EVERYBODY, 1};
    const unsigned char peer[16] = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = 1};
    unsigned char client[16];
    client_address_find(peer, (struct str){(const char *) bytes, len}, &trusted, client);
    assert_true(client_address_text(fixture.scope.arena, client).len >= 2);
    fixture_close(&fixture);
    return 0;
}
