#include "identity/saml/saml_service.h"

static struct str address(struct scope *scope, struct str public_url, struct str connection_id,
                          const char *end) {
    return str_format(scope->arena, "%.*s/saml/%.*s/%s", STR_ARG(public_url),
                      STR_ARG(connection_id), end);
}

struct str saml_acs_url(struct scope *scope, struct str public_url, struct str connection_id) {
    return address(scope, public_url, connection_id, "acs");
}

struct str saml_slo_url(struct scope *scope, struct str public_url, struct str connection_id) {
    return address(scope, public_url, connection_id, "slo");
}

struct str saml_metadata_url(struct scope *scope, struct str public_url, struct str connection_id) {
    return address(scope, public_url, connection_id, "metadata");
}

struct str saml_sp_entity_id(struct scope *scope, struct str public_url,
                             const struct connection *connection) {
    return connection->saml.sp_entity_id.len > 0
               ? connection->saml.sp_entity_id
               : saml_metadata_url(scope, public_url, connection->id);
}

/* All signing keys, so that the provider knows the next one and still believes the last; of the
 * decryption keys those that may be encrypted for. The list has the active ones first. */
static void add_key(struct saml_service *service, const struct saml_own_key *key,
                    bool wants_encryption) {
    if (key->use == SAML_KEY_SIGNING && service->signing_count < SAML_OWN_KEYS_MAX) {
        service->signing[service->signing_count++] = key->certificate_der;
    }
    if (key->use == SAML_KEY_ENCRYPTION && wants_encryption && key->state != SAML_KEY_RETIRING &&
        service->encryption_count < SAML_OWN_KEYS_MAX) {
        service->encryption[service->encryption_count++] = key->certificate_der;
    }
}

result saml_service_metadata(struct scope *scope, struct str public_url,
                             const struct connection *connection, const struct saml_own_keys *keys,
                             struct str *ret) {
    const struct saml_settings *settings = &connection->saml;
    struct saml_service service = {
        .entity_id = saml_sp_entity_id(scope, public_url, connection),
        .acs_url = saml_acs_url(scope, public_url, connection->id),
        .slo_url = saml_slo_url(scope, public_url, connection->id),
        .name_id_format = settings->name_id_format,
        .signs_requests = settings->sign_requests,
        /* A provider that reads this signs what we look at most. */
        .wants_assertions_signed = settings->must_sign != SAML_SIGNED_RESPONSE,
        .opens_cbc = settings->cbc != SAML_CBC_OFF,
    };
    for (size_t i = 0; i < keys->count; i++) {
        add_key(&service, &keys->keys[i], settings->wants_encryption);
    }
    REQUIRE(scope, service.signing_count > 0, INTERNAL, "saml.no_key");
    return saml_metadata_write_service(scope, &service, ret);
}
