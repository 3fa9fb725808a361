/* What decodes strictly is the one text of its bytes. */
#include <stdlib.h>

#include "base/base64url.h"
#include "tests/support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    struct fixture fixture;
    fixture_open(&fixture);
    const struct str text = {(const char *) bytes, len};
    struct str decoded;
    if (is_ok(base64url_decode(&fixture.scope, text, &decoded)) &&
        !str_eq(base64url_encode(fixture.scope.arena, decoded.at, decoded.len), text)) {
        abort();
    }
    fixture_close(&fixture);
    return 0;
}
