/* An accepted filter can be held against a resource and be planned for a search. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "provisioning/scim/scim_finder.h"
#include "provisioning/scim/scim_match.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct scim_filter *filter = NULL;
    const struct json *ana = NULL;
    const result read =
        json_read(&scope,
                  STR("{\"userName\":\"ana\",\"active\":true,\"emails\":[{"
                      "\"value\":\"a@x\",\"type\":\"work\"}],"
                      "\"meta\":{\"resourceType\":\"User\",\"created\":\"2026-05-13T04:42:34Z\"}}"),
                  &ana);
    assert(is_ok(read));
    const struct str text = {(const char *) bytes, len};
    if (is_ok(scim_filter_parse(&scope, &SCIM_USER_TYPE, text, &filter))) {
        const bool fits = scim_match(&scope, filter, ana);
        const struct scim_query query =
            scim_query_plan(&scope, &SCIM_USER_TYPE, SCIM_USER_FINDER.lookup, filter, STR("c"));
        assert(!query.is_nothing || !fits);
        assert(query.has_rest || query.is_nothing || query.search.by != BY_NOTHING || fits);
    }
    return 0;
}
