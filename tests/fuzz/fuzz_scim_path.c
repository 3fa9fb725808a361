/* An accepted path names an attribute, a container, or nothing we know. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "provisioning/scim/scim_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct scim_path path = {0};
    const struct str text = {(const char *) bytes, len};
    if (is_ok(scim_path_parse(&scope, &SCIM_USER_TYPE, text, &path)) && path.is_known) {
        assert(path.ref.attribute != NULL || path.ref.extension != NULL);
        assert(path.filter == NULL || path.ref.attribute->is_multi);
        assert(path.ref.sub == NULL || path.ref.attribute->sub_count > 0);
    }
    return 0;
}
