/* An accepted filter can be held against a resource, and its plan finds no less than it means. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "provisioning/scim/scim_finder.h"
#include "provisioning/scim/scim_match.h"

static const struct str ANA =
    STR_INIT("{\"userName\":\"ana\",\"active\":true,\"emails\":[{\"value\":\"a@x\",\"type\":"
             "\"work\"}],\"meta\":{\"resourceType\":\"User\"}}");

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct scim_type *type = &SCIM_USER_TYPE;
    const struct str text = {(const char *) bytes, len};
    const struct scim_filter *read[2] = {NULL, NULL};
    const struct json *ana = NULL;
    const result own = scim_filter_parse(&scope, type, text, &read[0]);
    const result any = scim_filter_parse_any(&scope, type, text, &read[1]);
    assert(is_ok(json_read(&scope, ANA, &ana)) && (is_ok(any) || !is_ok(own)));
    for (size_t i = is_ok(own) ? 0 : 1; i < (is_ok(any) ? 2 : 1); i++) {
        const bool fits = scim_match(&scope, read[i], ana);
        const struct scim_query query =
            scim_query_plan(&scope, type, SCIM_USER_FINDER.lookup, read[i], STR("c"));
        assert(!query.is_nothing || !fits);
        assert(query.has_rest || query.is_nothing || query.search.by != BY_NOTHING || fits);
    }
    return 0;
}
