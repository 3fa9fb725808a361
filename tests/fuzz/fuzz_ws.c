/* Cutting a stream must not change what it says: one feed against pieces whose sizes the first byte
 * decides, through a context that other streams used before. */
#include <assert.h>

#include "tests/fuzz/ws_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    if (len == 0) {
        return 0;
    }
    struct ws_pool *pool = ws_pool_new(1);
    const struct ws_record whole = ws_record_of(pool, bytes + 1, len - 1, len);
    const struct ws_record cut = ws_record_of(pool, bytes + 1, len - 1, 1U + bytes[0] % 32U);
    if (whole.code != 1007 && cut.code != 1007) { /* see take_message: reasons cut by wslay */
        assert(whole.outcome == cut.outcome && whole.code == cut.code);
        assert(whole.closes == cut.closes && whole.is_pending == cut.is_pending);
    }
    assert(whole.texts == cut.texts && whole.bytes == cut.bytes && whole.hash == cut.hash);
    assert(ws_pool_used(pool) == 0);
    ws_pool_free(&pool);
    return 0;
}
