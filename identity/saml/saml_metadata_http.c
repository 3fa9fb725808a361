#include "identity/identity.h"
#include "identity/saml/saml_key_http.h"
#include "identity/saml/saml_service.h"

/* Public: it holds nothing but addresses and certificates, and the provider's administrator needs
 * it before the connection works. */
result saml_metadata_http(struct scope *scope, struct call *call) {
    struct connection connection;
    struct saml_own_keys keys;
    struct str text;
    TRY(connection_find_routed(scope, call->db, call->request->path_args[0], &connection));
    REQUIRE(scope, connection.kind == CONNECTION_SAML, NOT_FOUND, "connection.unknown");
    TRY(saml_keys_list(scope, call->db, connection.org_id, connection.id, &keys));
    TRY(saml_service_metadata(scope, call->identity->public_url, &connection, &keys, &text));
    struct http_response *response = call->response;
    response->status = 200;
    response->content_type = "application/samlmetadata+xml";
    response->body = text;
    response->is_cacheable = true;
    /* A provider that asks again soon learns of a new key soon. */
    return http_header_add(scope, response, "Cache-Control", STR("public, max-age=300"));
}
