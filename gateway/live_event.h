#pragma once
/* From a row of the event log to a frame's text and who may see it. */

#include "base/event_log.h"
#include "gateway/letters.h"

/* Payloads are {"audience":"org"|[user ids],"event":{…}}; the frame is the event with "type" (the
 * topic) and "seq" in front. INTERNAL "live.event" for a row of another shape. */
RESULT live_event_prepare(struct scope *scope, const struct event *event, struct live_event *ret);
