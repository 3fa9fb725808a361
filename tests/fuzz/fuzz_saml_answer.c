/* What is posted to the assertion consumer service: one message, at most one RelayState. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/saml/saml_login.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct saml_answer answer = {.response = {NULL, 0}};
    if (is_ok(saml_answer_parse(&scope, (struct str){(const char *) bytes, len}, &answer))) {
        assert(answer.response.at != NULL && str_is_utf8(answer.response) &&
               str_is_utf8(answer.relay_state));
    }
    return 0;
}
