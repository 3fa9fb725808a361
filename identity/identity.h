#pragma once
/* The long-lived context of identity: settings, the key that seals secrets at rest, the caches of
 * providers. Made by the gateway at start; safe for all worker threads. */

#include "base/secret.h"
#include "identity/connection.h"
#include "messaging/call.h"

struct oidc;        /* identity/oidc: provider caches and budgets */
struct saml_jail;   /* identity/saml: closed-in processes that read and make messages */
struct saml_meter;  /* identity/saml: counts messages */
struct saml_reader; /* identity/saml: reads metadata */

struct identity {
    struct str public_url;
    bool is_public_url_https; /* cookies get Secure and the __Host- prefix */
    struct secret seal_key;   /* 32 bytes */
    int64_t session_idle_us, session_absolute_us;
    int64_t sessions_per_person; /* 0: no limit */
    int64_t token_grace_us;      /* of provisioning tokens whose maker has left */
    struct oidc *oidc;
    struct saml_jail *saml_jail;           /* NULL: SAML is not served */
    const struct saml_reader *saml_reader; /* NULL: SAML is not served */
    const struct saml_meter *saml_meter;   /* NULL: nobody counts */
};

/* Who a provider says is knocking: the same value from OpenID Connect and SAML. */
struct verified_identity {
    struct str org_id, connection_id;
    int64_t connection_version; /* by which it was judged */
    const char *method;         /* of the session: "oidc", "saml" */
    struct str issuer, subject;
    struct str sid; /* the provider's session; may be empty */
    struct str user_name, email, display_name;
    bool is_email_verified;
    /* what the connection's match rule looks at, already picked */
    struct str match_value;
    enum match_attribute match_attribute;
    enum provision_rule provisioning;
    bool is_domain_proved; /* the organisation has proved the domain of `email` */
    int64_t auth_time_us;  /* 0: unknown */
    int64_t end_us;        /* the provider ends the session no later; 0: unknown */
    bool has_role;         /* the provider's groups say which; else the person keeps theirs */
    bool is_role_highest;  /* no group gives one: nobody is raised to `role` */
    enum role role;
};

/* The one login completion: find the linked person, or match once, or create (jit); refuse who is
 * not active; end the browser's old session; a new session. FORBIDDEN "login.refused" for
 * everything that must not tell why. *ret_secret is the cookie value. */
struct login_result {
    struct str user_id, session_id, cookie_value, csrf;
    int64_t epoch;       /* of the person, as the session was made under */
    const char *refused; /* set on failure, too: why, for the administrators' record; or NULL */
};
/* `rider` (may be NULL) commits with the session; what it refuses is passed on as it is.
 * When the answer is "login.refused", ret->refused says why. */
struct session_rider;
RESULT login_complete(struct scope *scope, struct call *call, const struct verified_identity *who,
                      const struct session_rider *rider, struct login_result *ret);
/* The Set-Cookie lines of a new session, or of its end. */
RESULT session_set_cookie(struct scope *scope, const struct identity *identity, struct str value,
                          struct http_response *response);
RESULT session_clear_cookie(struct scope *scope, const struct identity *identity,
                            struct http_response *response);
/* "__Host-gatehouse", or "gatehouse" on http loopback. */
const char *session_cookie_name(const struct identity *identity);
