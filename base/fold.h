#pragma once
/* The one comparison key for names: Unicode NFKC with case folding (utf8proc), for uniqueness,
 * filters and look-ups alike. */

#include "base/result.h"
#include "base/str.h"

/* INVALID "text.utf8"; "text.control" for control characters. Outer blanks are trimmed. */
RESULT fold_key(struct scope *scope, struct str text, struct str *ret);
