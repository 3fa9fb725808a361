/* Every text goes through all parsers of URLs, paths and addresses. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct str text = {(const char *) bytes, len};
    struct url url;
    struct str user;
    struct str out;
    if (is_ok(url_parse_with_user(&scope, text, &url, &user))) {
        assert(url.host.len > 0 && url.host.len + url.path.len + url.query.len < len);
    }
    assert(!is_ok(url_parse(&scope, text, &url)) || str_find_byte(url.host, '@') < 0);
    assert(!is_ok(url_parse_web(&scope, text, true, &url)) || url.fragment.len == 0);
    assert(!is_ok(url_check_return_path(&scope, text)) || !str_has_prefix(text, STR("//")));
    assert(!is_ok(url_decode_path(&scope, text, &out)) || str_find(out, STR("/../")) < 0);
    assert(!is_ok(email_domain(&scope, text, &out)) || str_find_byte(out, '@') < 0);
    if (is_ok(url_decode(&scope, url_encode(arena, text), &out))) {
        assert(str_eq(out, text));
    }
    return 0;
}
