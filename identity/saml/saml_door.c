#include "identity/saml/saml_door.h"

#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"
#include "identity/saml/saml_provider.h"
#include "identity/saml/saml_reason.h"
#include "identity/saml/saml_service.h"

enum { ID_BYTES = 20 };

struct str saml_message_id(struct scope *scope) {
    static const char HEX[] = "0123456789abcdef";
    unsigned char bytes[ID_BYTES];
    scope->env->random->bytes(scope->env->random, bytes, sizeof bytes);
    struct strbuf id = strbuf_begin(scope->arena, 2 * ID_BYTES + 1);
    strbuf_add_byte(&id, '_');
    for (size_t i = 0; i < sizeof bytes; i++) {
        strbuf_add_byte(&id, HEX[bytes[i] >> 4]);
        strbuf_add_byte(&id, HEX[bytes[i] & 15]);
    }
    return strbuf_str(&id);
}

/* Redirect where there is a choice: no page in between. */
static struct saml_endpoint endpoint_of(const struct saml_endpoint *endpoints, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (endpoints[i].binding == SAML_REDIRECT) {
            return endpoints[i];
        }
    }
    return count > 0 ? endpoints[0] : (struct saml_endpoint){.location = STR("")};
}

/* Server objects are cached under it: another one as soon as anything of the party differs. */
static int64_t version_of(struct scope *scope, const struct saml_party *party) {
    const struct str text =
        str_format(scope->arena, "%.*s %.*s %.*s %.*s %.*s", STR_ARG(party->key.id),
                   STR_ARG(party->idp_entity_id), STR_ARG(party->sign_on.location),
                   STR_ARG(party->logout.location), STR_ARG(party->sp_metadata));
    const struct str hash = sha256(scope->arena, text);
    uint64_t version = 0;
    for (size_t i = 0; i < 8; i++) {
        version = version << 8 | (unsigned char) hash.at[i];
    }
    return (int64_t) (version >> 1);
}

static result make_party(struct scope *scope, const struct call *call,
                         const struct connection *connection, struct saml_door *door) {
    const struct identity *identity = call->identity;
    struct saml_party party = {
        .connection_id = connection->id,
        .idp_entity_id = door->idp.entity_id,
        .sign_on = endpoint_of(door->idp.sign_on, door->idp.sign_on_count),
        .logout = endpoint_of(door->idp.logout, door->idp.logout_count),
    };
    TRY(saml_service_metadata(scope, identity->public_url, connection, &door->keys,
                              &party.sp_metadata));
    TRY(saml_key_signing(scope, identity, &door->keys, &party.key));
    party.version = version_of(scope, &party);
    door->party = party;
    return OK_RESULT;
}

result saml_door_open(struct scope *scope, const struct call *call,
                      const struct connection *connection, struct saml_door *ret) {
    const struct str public_url = call->identity->public_url;
    struct saml_door door = {
        .acs_url = saml_acs_url(scope, public_url, connection->id),
        .sp_entity_id = saml_sp_entity_id(scope, public_url, connection),
    };
    SAML_REQUIRE(scope, call->identity->saml_jail != NULL, SAML_JAIL_BUSY);
    TRY(saml_provider_facts(scope, call->db, connection->org_id, connection->id, &door.idp,
                            &door.idp_version));
    TRY(saml_keys_list(scope, call->db, connection->org_id, connection->id, &door.keys));
    TRY(make_party(scope, call, connection, &door));
    *ret = door;
    return OK_RESULT;
}

result saml_door_open_keys(struct scope *scope, void *context, struct secret ret_keys[2],
                           size_t *ret_count) {
    const struct saml_door_keys *keys = context;
    return saml_keys_decryption(scope, keys->identity, keys->keys, ret_keys, ret_count);
}

struct saml_trust saml_door_trust(const struct connection *connection, const struct saml_door *door,
                                  struct str *certificates) {
    for (size_t i = 0; i < door->idp.certificate_count; i++) {
        certificates[i] = door->idp.certificates[i].der;
    }
    return (struct saml_trust){
        .connection_id = connection->id,
        .certificate_count = door->idp.certificate_count,
        .certificates = certificates,
        .must_sign = connection->saml.must_sign,
        .cbc = connection->saml.cbc,
        .is_sha1_allowed = connection->saml.is_sha1_allowed,
    };
}

result saml_door_read(struct scope *scope, const struct call *call,
                      const struct connection *connection, const struct saml_door *door,
                      struct str form_value, struct saml_response *ret) {
    struct str certificates[SAML_CERTIFICATES_MAX];
    const struct saml_trust trust = saml_door_trust(connection, door, certificates);
    struct saml_door_keys context = {call->identity, &door->keys};
    const struct saml_key_source keys = {saml_door_open_keys, &context};
    return saml_jail_response(scope, call->identity->saml_jail, &trust, &keys, form_value, ret);
}
