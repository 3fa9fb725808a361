#pragma once
/* The one comparison key for names: Unicode NFKC with case folding (utf8proc), for uniqueness,
 * filters and look-ups alike. */

#include "base/result.h"
#include "base/str.h"

enum { FOLD_MAX_BYTES = 4096 };

/* NFKC_Casefold of Unicode: full and half width, compatibility forms and case are one, invisible
 * characters vanish. Folding a key gives the same key. Outer blanks are trimmed; the key may be
 * empty. INVALID "text.utf8"; "text.control" for controls and line separators; TOO_LARGE
 * "text.size". */
RESULT fold_key(struct scope *scope, struct str text, struct str *ret);
