#pragma once
/* RFC 3339 times in UTC and the durations people write ("90d"). */

#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

/* "2026-01-02T03:04:05.678Z" */
struct str time_format(struct arena *arena, int64_t us);
/* xsd:dateTime with zone (Z or an offset); years 1970-9999; INVALID "time.malformed". */
RESULT time_parse(struct scope *scope, struct str text, int64_t *ret_us);
/* A number and one of ms s m h d; INVALID "time.duration". */
RESULT duration_parse(struct scope *scope, struct str text, int64_t *ret_us);
