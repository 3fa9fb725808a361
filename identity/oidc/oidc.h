#pragma once
/* The relying party's long-lived part: the door to signatures and what is known about each
 * provider. Made once per process by the main thread, before any other thread starts. */

#include "base/result.h"

struct oidc;
struct jose;

RESULT oidc_new(struct scope *scope, struct oidc **ret);
/* After all other threads have joined. */
void oidc_free(struct oidc **oidc);
struct jose *oidc_jose(struct oidc *oidc);
