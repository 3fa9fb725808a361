#pragma once
/* Claims from the UserInfo endpoint (OpenID Connect Core section 5.3). */

#include "identity/connection.h"
#include "identity/oidc/oidc_metadata.h"
#include "identity/oidc/oidc_person.h"

/* `sub` is that of the verified ID token: UNAUTHENTICATED "oidc.userinfo_sub" when the answer has
 * none or another one. UNAVAILABLE when there is no answer. */
RESULT oidc_userinfo(struct scope *scope, const struct connection *connection,
                     const struct oidc_metadata *metadata, struct str access_token, struct str sub,
                     struct oidc_person *ret);
