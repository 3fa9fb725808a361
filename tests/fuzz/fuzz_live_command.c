/* A text message of a live connection, and an event on its way out. */
#include "gateway/live_command.h"
#include "gateway/live_event.h"
#include "tests/support/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fixture fixture;
    fixture_open(&fixture);
    const struct str text = {(const char *) data, size};
    struct command command;
    if (is_ok(live_command_read(&fixture.scope, text, &command)) && command.id.len == 0) {
        __builtin_trap();
    }
    const struct event event = {.seq = 1, .topic = STR("x"), .payload = text};
    struct live_event ready;
    if (is_ok(live_event_prepare(&fixture.scope, &event, &ready)) &&
        !str_has_prefix(ready.text, STR("{\"type\":\"x\",\"seq\":1"))) {
        __builtin_trap();
    }
    fixture_close(&fixture);
    return 0;
}
