/* An accepted filter can be held against a resource and be planned for a search. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "provisioning/scim/scim_match.h"
#include "provisioning/scim/scim_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct scim_filter *filter = NULL;
    const struct json *ana = NULL;
    const result read = json_read(&scope,
                                  STR("{\"userName\":\"ana\",\"active\":true,\"emails\":[{"
                                      "\"value\":\"a@x\",\"type\":\"work\"}],"
                                      "\"meta\":{\"created\":\"2026-05-13T04:42:34Z\"}}"),
                                  &ana);
    assert(is_ok(read));
    const struct str text = {(const char *) bytes, len};
    if (is_ok(scim_filter_parse(&scope, &SCIM_USER_TYPE, text, &filter))) {
        (void) scim_match(&scope, filter, ana);
        const struct scim_query query = scim_query_plan(&scope, filter, STR("c"));
        assert(query.has_rest || query.search.by != BY_NOTHING);
    }
    return 0;
}
