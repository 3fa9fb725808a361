#pragma once
/* Events of an organisation: written under the writer's guard, with the audience inside, so that
 * fan-out needs no query: {"audience": "org" | ["user id", …], "event": {"type": …, …}}. */

#include "base/json.h"
#include "messaging/actor.h"

/* Rule 4 of revocation.md: bumps the head, asks as a statement of its own whether the actor may
 * still write, then inserts. UNAUTHENTICATED "user.gone". */
RESULT event_write(struct scope *scope, struct tx *tx, const struct actor *actor, struct str org_id,
                   struct str topic, struct str payload, int64_t *ret_seq);

/* `audience`: NULL for everybody in the organisation, else an array of user ids. */
struct str event_payload(struct scope *scope, const struct json *audience,
                         const struct json *event);
/* {"type": type, "user": id} for everybody. `type` is a literal. */
struct str event_payload_user(struct scope *scope, const char *type, struct str user_id);
