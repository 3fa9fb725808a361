#pragma once
/* Failures as answers: the shape follows the route (problem+json, SCIM error, page). */

#include "gateway/shard.h"

/* Makes exchange->response from outcome, reason and retry_after_s, and writes the one log line and
 * the counter of the failure. Before routing: problem+json. */
void answer_failure(struct exchange *exchange);
