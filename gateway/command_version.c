#include "gateway/command_version.h"

#include "base/json.h"
#include "base/libraries.h"

int command_version(struct command_call *call) {
    struct arena *arena = call->scope->arena;
    size_t count = 0;
    const struct library *libraries = library_versions(arena, &count);
    if (!call->is_json) {
        (void) fprintf(call->out, "gatehouse %s (%s, %s)\n", GATEHOUSE_VERSION, GATEHOUSE_BUILD,
                       __VERSION__);
        for (size_t i = 0; i < count; i++) {
            (void) fprintf(call->out, "  %-10s %s\n", libraries[i].name, libraries[i].version);
        }
        return COMMAND_DONE;
    }
    struct json_out out = json_out_begin(arena);
    json_out_open_object(&out);
    json_out_member(&out, "version", STR(GATEHOUSE_VERSION));
    json_out_member(&out, "build", STR(GATEHOUSE_BUILD));
    json_out_member(&out, "compiler", STR(__VERSION__));
    json_out_name(&out, "libraries");
    json_out_open_object(&out);
    for (size_t i = 0; i < count; i++) {
        json_out_member(&out, libraries[i].name, str_from_c(libraries[i].version));
    }
    json_out_close_object(&out);
    json_out_close_object(&out);
    (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&out)));
    return COMMAND_DONE;
}
