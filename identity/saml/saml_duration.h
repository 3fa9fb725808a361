#pragma once
/* xsd:duration, as cacheDuration has it. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Not negative; a year counts 365 days, a month 30; at most ten years come out. */
bool saml_duration_parse(struct str text, int64_t *ret_us);
