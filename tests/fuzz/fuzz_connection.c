/* Settings of a connection: what is accepted is stored and reads back the same. */
#include <assert.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/connection_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    const struct json *body = NULL;
    struct connection_input *input = NEW(arena, struct connection_input);
    if (!is_ok(json_read(&scope, (struct str){(const char *) bytes, len}, &body)) ||
        !is_ok(connection_input_read(&scope, body, NULL, input))) {
        return 0;
    }
    const struct str config = connection_config_write(&scope, &input->connection);
    struct connection again = {.kind = input->connection.kind, .name = input->connection.name};
    assert(is_ok(connection_config_read(&scope, config, &again)));
    again.id = input->connection.id;
    assert(str_eq(config, connection_config_write(&scope, &again)));
    return 0;
}
