#include "gateway/command_settings.h"

#include "gateway/settings_print.h"

int command_check_config(struct command_call *call) {
    command_print(call, STR("The settings are in order.\n"));
    return COMMAND_DONE;
}

int command_print_settings(struct command_call *call) {
    struct arena *arena = call->scope->arena;
    if (command_has(call, "--markdown")) {
        command_print(call, settings_as_markdown(arena));
        return COMMAND_DONE;
    }
    command_print(call, call->is_json ? settings_as_json(arena, call->settings)
                                      : settings_as_text(arena, call->settings));
    command_print(call, call->is_json ? STR("\n") : STR(""));
    return COMMAND_DONE;
}
