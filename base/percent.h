#pragma once
/* Percent escapes (RFC 3986 section 2.1), shared by URLs and forms. */

#include <stdbool.h>

#include "base/str.h"

/* Decodes %XX, and '+' to a blank where `plus_is_blank`. False: a broken escape. */
bool percent_decode(struct arena *arena, struct str text, bool plus_is_blank, struct str *ret);
/* Encodes all but letters, digits and the bytes of `plain`. */
struct str percent_encode(struct arena *arena, struct str text, const char *plain);
bool percent_is_well_formed(struct str text);
