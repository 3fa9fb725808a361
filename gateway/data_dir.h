#pragma once
/* The data folder: made when it is missing, and the home of the key that an embedded server makes
 * for itself. */

#include "base/secret.h"
#include "gateway/settings.h"

/* With all its parents; new ones are the owner's alone. UNAVAILABLE "data_dir.make". */
RESULT data_dir_make(struct scope *scope, struct str path);
/* The key that seals secrets at rest: the setting, else data_dir/secret.key, which is made when
 * there is none. UNAVAILABLE "data_dir.key"; INVALID "data_dir.key_malformed"; FORBIDDEN
 * "data_dir.key_mode" when others may read it. */
RESULT data_dir_key(struct scope *scope, const struct settings *settings, struct secret *ret);
