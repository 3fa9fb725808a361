#pragma once
/* RFC 3339 times in UTC and the durations people write ("90d"). */

#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum { TIME_TEXT_LEN = 24 };

/* "2026-01-02T03:04:05.678Z"; times before 1970 are shown as 1970, after 9999 as the end of 9999.
 */
struct str time_format(struct arena *arena, int64_t us);
/* The same without an arena: TIME_TEXT_LEN bytes, no NUL. */
void time_format_into(int64_t us, char *ret);
/* xsd:dateTime with zone (Z or an offset); years 1970-9999; INVALID "time.malformed". */
RESULT time_parse(struct scope *scope, struct str text, int64_t *ret_us);
/* A number and one of ms s m h d; INVALID "time.duration". */
RESULT duration_parse(struct scope *scope, struct str text, int64_t *ret_us);
