#pragma once
/* People with credentials, for tests of identity. */

#include "identity/api_token.h"
#include "identity/connection_schema.h"
#include "identity/identity_schema.h"
#include "identity/password_login.h"
#include "identity/saml/saml_schema.h"
#include "identity/session.h"
#include "tests/messaging/given.h"

/* Sessions of 30 minutes idle, 12 hours in all, on http loopback. */
extern const struct identity IDENTITY;
extern const struct messaging BACKEND; /* with the registry of messaging and identity */

struct session_secret given_session(struct database *d, const struct user *user);
/* *ret is what the check says. */
result check_cookie(struct database *d, struct str cookie, struct principal *ret);
result check_bearer(struct database *d, struct str token, struct principal *ret);
struct str given_token(struct database *d, const struct user *owner, enum credential_kind kind,
                       struct api_token *ret);
/* The migrations of base, messaging and identity. */
void use_all_migrations(void);
