#pragma once
/* Settings as text: for operators, for scripts, for docs/settings.md. Secrets are never shown. */

#include "gateway/settings.h"

struct str settings_as_text(struct arena *arena, const struct settings *settings);
struct str settings_as_json(struct arena *arena, const struct settings *settings);
/* The table alone: the same whatever is configured. */
struct str settings_as_markdown(struct arena *arena);
