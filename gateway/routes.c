#include "gateway/routes.h"

#include "gateway/about.h"
#include "gateway/pages.h"
#include "identity/connection_http.h"
#include "identity/identity_http.h"
#include "identity/oidc/oidc_http.h"
#include "identity/provider_http.h"
#include "identity/saml/saml_http.h"
#include "identity/saml/saml_key_http.h"
#include "identity/saml/saml_logout_http.h"
#include "identity/sign_in_record.h"
#include "messaging/messaging_http.h"
#include "provisioning/scim/scim_http.h"

#define NO_PERMISSION PERMISSION_COUNT

/* A page or one of its files: public, the same for everybody. */
#define PAGE(pattern_, name_)                                                                      \
    ROUTE(HTTP_GET, pattern_, AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_NONE, RATE_DEFAULT,          \
          RUN_SHARD, ERRORS_PAGE, name_, page_get)

/* A browser on its way to or from a provider. */
#define SIGN_IN_PAGE(pattern_, lane_, name_, handler_)                                             \
    ROUTE(HTTP_GET, pattern_, AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_NONE, RATE_SIGN_IN, lane_,   \
          ERRORS_PAGE, name_, handler_)

/* The API: the permission says who, `auth_` with which kind of credential. */
#define READ(pattern_, auth_, permission_, name_, handler_)                                        \
    ROUTE(HTTP_GET, pattern_, auth_, permission_, CSRF_NO, BODY_NONE, RATE_DEFAULT, RUN_DATABASE,  \
          ERRORS_PROBLEM, name_, handler_)
#define WRITE(method_, pattern_, auth_, permission_, lane_, name_, handler_)                       \
    ROUTE(method_, pattern_, auth_, permission_, CSRF_YES, BODY_API, RATE_DEFAULT, lane_,          \
          ERRORS_PROBLEM, name_, handler_)

/* Directories: the token says which organisation, the handler which refusal. */
#define SCIM(method_, pattern_, limit_, lane_, name_, handler_)                                    \
    ROUTE(method_, pattern_, AUTH_SCIM, NO_PERMISSION, CSRF_NO, limit_, RATE_SCIM, lane_,          \
          ERRORS_SCIM, name_, handler_)

static const struct route TABLE[] = {
    PAGE("/", "page.messenger"),
    PAGE("/login", "page.login"),
    PAGE("/login/{org}", "page.login_org"),
    PAGE("/console", "page.console"),
    PAGE("/console/{path*}", "page.console_part"),
    PAGE("/logged-out", "page.logged_out"),
    PAGE("/welcome", "page.welcome"),
    PAGE("/assets/{path*}", "page.asset"),
    PAGE("/api/v1/openapi.json", "openapi"),
    ROUTE(HTTP_GET, "/version", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_NONE, RATE_DEFAULT,
          RUN_SHARD, ERRORS_PROBLEM, "version", version_get),

    /* Signing in and out */
    ROUTE(HTTP_POST, "/login/discover", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_SMALL, RATE_SIGN_IN,
          RUN_DATABASE, ERRORS_PROBLEM, "login.discover", login_discover_http),
    ROUTE(HTTP_POST, "/api/v1/session", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_SMALL, RATE_SIGN_IN,
          RUN_CPU, ERRORS_PROBLEM, "session.create", session_sign_in_http),
    ROUTE(HTTP_GET, "/api/v1/session", AUTH_SESSION, NO_PERMISSION, CSRF_NO, BODY_NONE, RATE_NONE,
          RUN_SHARD, ERRORS_PROBLEM, "session.check", session_check_http),
    WRITE(HTTP_DELETE, "/api/v1/session", AUTH_SESSION, NO_PERMISSION, RUN_REVOKING,
          "session.delete", session_sign_out_http),
    WRITE(HTTP_POST, "/api/v1/session/refresh", AUTH_SESSION, NO_PERMISSION, RUN_OUTBOUND,
          "session.refresh", oidc_refresh_http),
    ROUTE(HTTP_POST, "/api/v1/invitations/accept", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_SMALL,
          RATE_SIGN_IN, RUN_CPU, ERRORS_PROBLEM, "invitation.accept", invitation_accept_http),
    READ("/api/v1/me", AUTH_SESSION, NO_PERMISSION, "me", me_http),
    SIGN_IN_PAGE("/oidc/{connection}/login", RUN_OUTBOUND, "oidc.login", oidc_login_http),
    SIGN_IN_PAGE("/oidc/{connection}/callback", RUN_OUTBOUND, "oidc.callback", oidc_callback_http),
    SIGN_IN_PAGE("/oidc/{connection}/logged-out", RUN_DATABASE, "oidc.logged_out",
                 oidc_logged_out_http),
    SIGN_IN_PAGE("/saml/{connection}/login", RUN_SAML, "saml.login", saml_login_http),
    SIGN_IN_PAGE("/saml/{connection}/acs", RUN_DATABASE, "saml.acs_get", saml_acs_get_http),
    ROUTE(HTTP_POST, "/saml/{connection}/acs", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_SAML,
          RATE_SIGN_IN, RUN_SAML, ERRORS_PAGE, "saml.acs", saml_acs_http),
    SIGN_IN_PAGE("/saml/{connection}/slo", RUN_SAML, "saml.slo_get", saml_slo_get_http),
    ROUTE(HTTP_POST, "/saml/{connection}/slo", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_SAML,
          RATE_SIGN_IN, RUN_SAML, ERRORS_PAGE, "saml.slo_post", saml_slo_post_http),
    SIGN_IN_PAGE("/saml/{connection}/logout", RUN_SAML, "saml.logout", saml_logout_http),
    ROUTE(HTTP_GET, "/oidc/{connection}/jwks", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_NONE,
          RATE_DEFAULT, RUN_DATABASE, ERRORS_PROBLEM, "oidc.jwks", oidc_jwks_http),
    ROUTE(HTTP_GET, "/saml/{connection}/metadata", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_NONE,
          RATE_DEFAULT, RUN_DATABASE, ERRORS_PROBLEM, "saml.metadata", saml_metadata_http),

    /* The organisation and its people */
    ROUTE(HTTP_POST, "/api/v1/orgs", AUTH_NONE, NO_PERMISSION, CSRF_NO, BODY_SMALL, RATE_SIGN_IN,
          RUN_CPU, ERRORS_PROBLEM, "org.create", org_sign_up_http),
    READ("/api/v1/org", AUTH_ADMIN, MAY_LIST_PEOPLE, "org.get", org_get_http),
    WRITE(HTTP_PATCH, "/api/v1/org", AUTH_ADMIN, MAY_MANAGE_ORG, RUN_DATABASE, "org.update",
          org_patch_http),
    READ("/api/v1/users", AUTH_ADMIN, MAY_LIST_PEOPLE, "user.list", users_list_http),
    READ("/api/v1/users/{id}", AUTH_ADMIN, MAY_LIST_PEOPLE, "user.get", user_get_http),
    WRITE(HTTP_POST, "/api/v1/users/{id}/deactivate", AUTH_ADMIN, MAY_MANAGE_PEOPLE, RUN_REVOKING,
          "user.deactivate", user_deactivate_http),
    WRITE(HTTP_POST, "/api/v1/users/{id}/reactivate", AUTH_ADMIN, MAY_MANAGE_PEOPLE, RUN_DATABASE,
          "user.reactivate", user_reactivate_http),
    READ("/api/v1/users/{id}/sessions", AUTH_ADMIN, NO_PERMISSION, "user.sessions",
         user_sessions_list_http),
    WRITE(HTTP_DELETE, "/api/v1/users/{id}/sessions", AUTH_ADMIN, NO_PERMISSION, RUN_REVOKING,
          "user.sessions_end", user_sessions_end_http),
    WRITE(HTTP_DELETE, "/api/v1/users/{id}/sessions/{session}", AUTH_ADMIN, NO_PERMISSION,
          RUN_REVOKING, "user.session_end", user_session_end_http),

    /* Access: connections, domains, tokens */
    READ("/api/v1/connections", AUTH_ADMIN, MAY_MANAGE_ACCESS, "connection.list",
         connections_list_http),
    ROUTE(HTTP_POST, "/api/v1/connections", AUTH_ADMIN, MAY_MANAGE_ACCESS, CSRF_YES, BODY_METADATA,
          RATE_DEFAULT, RUN_OUTBOUND, ERRORS_PROBLEM, "connection.create", connection_create_http),
    READ("/api/v1/connections/{id}", AUTH_ADMIN, MAY_MANAGE_ACCESS, "connection.get",
         connection_get_http),
    ROUTE(HTTP_PATCH, "/api/v1/connections/{id}", AUTH_ADMIN, MAY_MANAGE_ACCESS, CSRF_YES,
          BODY_METADATA, RATE_DEFAULT, RUN_OUTBOUND, ERRORS_PROBLEM, "connection.update",
          connection_patch_http),
    WRITE(HTTP_DELETE, "/api/v1/connections/{id}", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_REVOKING,
          "connection.delete", connection_delete_http),
    WRITE(HTTP_POST, "/api/v1/connections/{id}/test", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_OUTBOUND,
          "connection.test", connection_test_http),
    WRITE(HTTP_POST, "/api/v1/connections/{id}/enable", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_DATABASE,
          "connection.enable", connection_enable_http),
    READ("/api/v1/connections/{id}/keys", AUTH_ADMIN, MAY_MANAGE_ACCESS, "connection.key_list",
         saml_keys_list_http),
    WRITE(HTTP_POST, "/api/v1/connections/{id}/keys", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_CPU,
          "connection.key_publish", saml_key_publish_http),
    WRITE(HTTP_POST, "/api/v1/connections/{id}/keys/{key}/activate", AUTH_ADMIN, MAY_MANAGE_ACCESS,
          RUN_DATABASE, "connection.key_activate", saml_key_activate_http),
    WRITE(HTTP_DELETE, "/api/v1/connections/{id}/keys/{key}", AUTH_ADMIN, MAY_MANAGE_ACCESS,
          RUN_DATABASE, "connection.key_drop", saml_key_drop_http),
    READ("/api/v1/connections/{id}/provider", AUTH_ADMIN, MAY_MANAGE_ACCESS, "connection.provider",
         connection_provider_http),
    WRITE(HTTP_POST, "/api/v1/connections/{id}/provider/refresh", AUTH_ADMIN, MAY_MANAGE_ACCESS,
          RUN_OUTBOUND, "connection.provider_refresh", connection_provider_refresh_http),
    WRITE(HTTP_POST, "/api/v1/connections/{id}/provider/accept", AUTH_ADMIN, MAY_MANAGE_ACCESS,
          RUN_DATABASE, "connection.provider_accept", connection_provider_accept_http),
    READ("/api/v1/connections/{id}/logins", AUTH_ADMIN, MAY_MANAGE_ACCESS, "connection.logins",
         connection_logins_http),
    READ("/api/v1/domains", AUTH_ADMIN, MAY_MANAGE_ACCESS, "domain.list", domains_list_http),
    WRITE(HTTP_POST, "/api/v1/domains", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_DATABASE,
          "domain.create", domain_create_http),
    WRITE(HTTP_DELETE, "/api/v1/domains/{id}", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_DATABASE,
          "domain.delete", domain_delete_http),
    WRITE(HTTP_POST, "/api/v1/domains/{id}/verify", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_OUTBOUND,
          "domain.verify", domain_verify_http),
    READ("/api/v1/tokens", AUTH_ADMIN, MAY_MANAGE_ACCESS, "token.list", tokens_list_http),
    WRITE(HTTP_POST, "/api/v1/tokens", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_DATABASE, "token.create",
          token_create_http),
    WRITE(HTTP_DELETE, "/api/v1/tokens/{id}", AUTH_ADMIN, MAY_MANAGE_ACCESS, RUN_REVOKING,
          "token.revoke", token_revoke_http),

    /* Records */
    READ("/api/v1/revocations", AUTH_ADMIN, MAY_READ_RECORDS, "revocation.list",
         revocations_list_http),
    READ("/api/v1/audit", AUTH_ADMIN, MAY_READ_RECORDS, "audit.list", audit_list_http),

    /* Directories */
    SCIM(HTTP_GET, "/scim/v2/Users", BODY_NONE, RUN_DATABASE, "scim.user_list", scim_user_list),
    SCIM(HTTP_POST, "/scim/v2/Users", BODY_SCIM, RUN_DATABASE, "scim.user_create",
         scim_user_create),
    SCIM(HTTP_POST, "/scim/v2/Users/.search", BODY_SCIM, RUN_DATABASE, "scim.user_search",
         scim_user_search),
    SCIM(HTTP_GET, "/scim/v2/Users/{id}", BODY_NONE, RUN_DATABASE, "scim.user_get", scim_user_get),
    SCIM(HTTP_PUT, "/scim/v2/Users/{id}", BODY_SCIM, RUN_REVOKING, "scim.user_replace",
         scim_user_replace),
    SCIM(HTTP_PATCH, "/scim/v2/Users/{id}", BODY_SCIM, RUN_REVOKING, "scim.user_patch",
         scim_user_patch),
    SCIM(HTTP_DELETE, "/scim/v2/Users/{id}", BODY_NONE, RUN_REVOKING, "scim.user_delete",
         scim_user_delete),
    SCIM(HTTP_GET, "/scim/v2", BODY_NONE, RUN_DATABASE, "scim.root_list", scim_root_list),
    SCIM(HTTP_POST, "/scim/v2/.search", BODY_SCIM, RUN_DATABASE, "scim.root_search",
         scim_root_search),
    SCIM(HTTP_GET, "/scim/v2/Groups", BODY_NONE, RUN_DATABASE, "scim.group_list", scim_group_list),
    SCIM(HTTP_POST, "/scim/v2/Groups", BODY_SCIM_GROUP, RUN_DATABASE, "scim.group_create",
         scim_group_create_http),
    SCIM(HTTP_POST, "/scim/v2/Groups/.search", BODY_SCIM, RUN_DATABASE, "scim.group_search",
         scim_group_search),
    SCIM(HTTP_GET, "/scim/v2/Groups/{id}", BODY_NONE, RUN_DATABASE, "scim.group_get",
         scim_group_get_http),
    SCIM(HTTP_PUT, "/scim/v2/Groups/{id}", BODY_SCIM_GROUP, RUN_DATABASE, "scim.group_replace",
         scim_group_replace_http),
    SCIM(HTTP_PATCH, "/scim/v2/Groups/{id}", BODY_SCIM_GROUP, RUN_DATABASE, "scim.group_patch",
         scim_group_patch_http),
    SCIM(HTTP_DELETE, "/scim/v2/Groups/{id}", BODY_NONE, RUN_DATABASE, "scim.group_delete",
         scim_group_delete_http),
    SCIM(HTTP_GET, "/scim/v2/ServiceProviderConfig", BODY_NONE, RUN_DATABASE, "scim.config",
         scim_config),
    SCIM(HTTP_GET, "/scim/v2/ResourceTypes", BODY_NONE, RUN_DATABASE, "scim.resource_type_list",
         scim_resource_type_list),
    SCIM(HTTP_GET, "/scim/v2/ResourceTypes/{id}", BODY_NONE, RUN_DATABASE, "scim.resource_type_get",
         scim_resource_type_get),
    SCIM(HTTP_GET, "/scim/v2/Schemas", BODY_NONE, RUN_DATABASE, "scim.schema_list",
         scim_schema_list),
    SCIM(HTTP_GET, "/scim/v2/Schemas/{id}", BODY_NONE, RUN_DATABASE, "scim.schema_get",
         scim_schema_get),
    SCIM(HTTP_GET, "/scim/v2/{path*}", BODY_NONE, RUN_DATABASE, "scim.other_get", scim_other),
    SCIM(HTTP_POST, "/scim/v2/{path*}", BODY_SCIM, RUN_DATABASE, "scim.other_post", scim_other),
    SCIM(HTTP_PUT, "/scim/v2/{path*}", BODY_SCIM, RUN_DATABASE, "scim.other_put", scim_other),
    SCIM(HTTP_PATCH, "/scim/v2/{path*}", BODY_SCIM, RUN_DATABASE, "scim.other_patch", scim_other),
    SCIM(HTTP_DELETE, "/scim/v2/{path*}", BODY_NONE, RUN_DATABASE, "scim.other_delete", scim_other),

    /* The messenger */
    READ("/api/v1/conversations", AUTH_SESSION, MAY_USE_MESSENGER, "conversation.list",
         conversations_list_http),
    WRITE(HTTP_POST, "/api/v1/conversations", AUTH_SESSION, MAY_USE_MESSENGER, RUN_DATABASE,
          "conversation.create", conversation_open_http),
    READ("/api/v1/conversations/{id}/messages", AUTH_SESSION, MAY_USE_MESSENGER, "message.list",
         messages_list_http),
    WRITE(HTTP_POST, "/api/v1/conversations/{id}/messages", AUTH_SESSION, MAY_USE_MESSENGER,
          RUN_DATABASE, "message.create", message_send_http),
    /* No handler: the upgrade to a live connection, answered by the shard itself. */
    ROUTE(HTTP_GET, "/api/v1/live", AUTH_SESSION, MAY_USE_MESSENGER, CSRF_NO, BODY_NONE,
          RATE_DEFAULT, RUN_SHARD, ERRORS_PROBLEM, "live", NULL),
};

const struct route_list ROUTES = {TABLE, sizeof TABLE / sizeof TABLE[0]};
