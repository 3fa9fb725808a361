#include "identity/saml/saml_frame.h"

#include "base/arena.h"

enum {
    TRUST_MAX = SAML_CERTIFICATES_MAX * (SAML_DER_MAX + 64),
    INPUT_MAX = 64 * 1024,
    KEYS_MAX = SAML_OPENING_KEYS_MAX * (SAML_PEM_MAX + 64),
    PARTY_MAX = 128 * 1024,
    SP_METADATA_MAX = 64 * 1024,
    VERDICT_BYTES = 8
};

const struct jail_limits SAML_VERIFY_REQUESTS = {
    .frame = SAML_METADATA_MAX + TRUST_MAX + INPUT_MAX,
    .tags = {[SAML_TAG_TRUST] = TRUST_MAX,
             [SAML_TAG_INPUT] = INPUT_MAX,
             [SAML_TAG_BYTES] = SAML_METADATA_MAX,
             [SAML_TAG_KEYS] = KEYS_MAX},
};

const struct jail_limits SAML_BUILD_REQUESTS = {
    .frame = PARTY_MAX + INPUT_MAX,
    .tags = {[SAML_TAG_INPUT] = INPUT_MAX, [SAML_TAG_PARTY] = PARTY_MAX},
};

const struct jail_limits SAML_VERIFY_ANSWERS = {
    .frame = SAML_ANSWER_MAX,
    .tags = {[SAML_TAG_VERDICT] = VERDICT_BYTES, [SAML_TAG_FACTS] = SAML_ANSWER_MAX},
};

const struct jail_limits SAML_BUILD_ANSWERS = {
    .frame = SAML_ANSWER_MAX,
    .tags = {[SAML_TAG_VERDICT] = VERDICT_BYTES, [SAML_TAG_FACTS] = SAML_ANSWER_MAX},
};

/* Enumerations: `count` is one past the last value. */
static unsigned pack_choice(struct pack *pack, unsigned value, unsigned count) {
    int64_t number = value;
    pack_number(pack, &number, 0, (int64_t) count - 1);
    return (unsigned) number;
}

static void pack_binding(struct pack *pack, enum saml_binding *binding) {
    *binding = (enum saml_binding) pack_choice(pack, *binding, SAML_BINDING_COUNT);
}

/* A list of a struct with constant elements: `given` is copied to be written. */
static void pack_list(struct pack *pack, const struct str **given, size_t count,
                      void (*pack_one)(struct pack *, struct str *, size_t), size_t max) {
    struct str *list = NEW_ARRAY(pack->arena, pack->is_wrong ? 0 : count, struct str);
    for (size_t i = 0; i < count && !pack->is_wrong; i++) {
        list[i] = pack->is_reading ? (struct str){"", 0} : (*given)[i];
        pack_one(pack, &list[i], max);
    }
    *given = list;
}

void saml_pack_trust(struct pack *pack, struct saml_trust *trust) {
    trust->must_sign = (enum saml_signed) pack_choice(pack, trust->must_sign, SAML_SIGNED_COUNT);
    trust->cbc = (enum saml_cbc) pack_choice(pack, trust->cbc, SAML_CBC_COUNT);
    pack_bool(pack, &trust->is_sha1_allowed);
    pack_text(pack, &trust->connection_id, SAML_TEXT_MAX);
    pack_count(pack, &trust->certificate_count, SAML_CERTIFICATES_MAX);
    pack_list(pack, &trust->certificates, trust->certificate_count, pack_bytes, SAML_DER_MAX);
}

void saml_pack_keys(struct pack *pack, struct saml_keys *keys) {
    pack_count(pack, &keys->count, SAML_OPENING_KEYS_MAX);
    for (size_t i = 0; i < keys->count; i++) {
        pack_bytes(pack, &keys->keys[i].bytes, SAML_PEM_MAX);
    }
}

void saml_pack_logout_input(struct pack *pack, struct saml_logout_input *input) {
    pack_binding(pack, &input->binding);
    pack_bool(pack, &input->is_request);
}

void saml_pack_metadata_input(struct pack *pack, struct saml_metadata_input *input) {
    pack_text(pack, &input->entity_id, SAML_TEXT_MAX);
    pack_bytes(pack, &input->signer_der, SAML_DER_MAX);
    pack_number(pack, &input->now_us, INT64_MIN, INT64_MAX);
    pack_bool(pack, &input->is_http_allowed);
}

static void pack_endpoint(struct pack *pack, struct saml_endpoint *endpoint) {
    pack_binding(pack, &endpoint->binding);
    pack_text(pack, &endpoint->location, SAML_URL_MAX);
    pack_text(pack, &endpoint->response_location, SAML_URL_MAX);
}

void saml_pack_party(struct pack *pack, struct saml_party *party) {
    pack_text(pack, &party->connection_id, SAML_TEXT_MAX);
    pack_number(pack, &party->version, INT64_MIN, INT64_MAX);
    pack_text(pack, &party->sp_metadata, SP_METADATA_MAX);
    pack_text(pack, &party->key.id, SAML_TEXT_MAX);
    pack_text(pack, &party->key.key_pem, SAML_PEM_MAX);
    pack_text(pack, &party->key.certificate_pem, SAML_PEM_MAX);
    pack_bytes(pack, &party->key.certificate_der, SAML_DER_MAX);
    pack_text(pack, &party->idp_entity_id, SAML_TEXT_MAX);
    pack_endpoint(pack, &party->sign_on);
    pack_endpoint(pack, &party->logout);
}

void saml_pack_authn_request(struct pack *pack, struct saml_authn_request *request) {
    pack_binding(pack, &request->binding);
    pack_text(pack, &request->id, SAML_TEXT_MAX);
    pack_number(pack, &request->issue_instant_us, INT64_MIN, INT64_MAX);
    pack_text(pack, &request->acs_url, SAML_URL_MAX);
    pack_text(pack, &request->relay_state, SAML_RELAY_STATE_MAX);
    pack_bool(pack, &request->is_forced);
    pack_bool(pack, &request->is_passive);
    pack_bool(pack, &request->is_signed);
    pack_text(pack, &request->name_id_format, SAML_TEXT_MAX);
    pack_count(pack, &request->class_ref_count, SAML_CLASS_REFS_SENT_MAX);
    pack_list(pack, &request->class_refs, request->class_ref_count, pack_text, SAML_URL_MAX);
}

static void pack_name_id(struct pack *pack, struct saml_name_id *name_id, size_t max) {
    pack_text(pack, &name_id->value, max);
    pack_text(pack, &name_id->format, SAML_TEXT_MAX);
    pack_text(pack, &name_id->name_qualifier, SAML_TEXT_MAX);
    pack_text(pack, &name_id->sp_name_qualifier, SAML_TEXT_MAX);
}

void saml_pack_logout_request(struct pack *pack, struct saml_logout_request *request) {
    pack_binding(pack, &request->binding);
    pack_text(pack, &request->id, SAML_TEXT_MAX);
    pack_number(pack, &request->issue_instant_us, INT64_MIN, INT64_MAX);
    pack_number(pack, &request->not_on_or_after_us, INT64_MIN, INT64_MAX);
    pack_name_id(pack, &request->name_id, SAML_TEXT_MAX);
    pack_count(pack, &request->session_index_count, SAML_SESSION_INDEXES_MAX);
    pack_list(pack, &request->session_indexes, request->session_index_count, pack_text,
              SAML_TEXT_MAX);
    pack_text(pack, &request->relay_state, SAML_RELAY_STATE_MAX);
}

void saml_pack_logout_response(struct pack *pack, struct saml_logout_response *response) {
    pack_binding(pack, &response->binding);
    pack_text(pack, &response->id, SAML_TEXT_MAX);
    pack_text(pack, &response->in_response_to, SAML_TEXT_MAX);
    pack_text(pack, &response->relay_state, SAML_RELAY_STATE_MAX);
    pack_number(pack, &response->issue_instant_us, INT64_MIN, INT64_MAX);
    pack_bool(pack, &response->is_partial);
}

/* What the jail says about itself is not for children to say. */
void saml_pack_verdict(struct pack *pack, enum saml_reason *verdict) {
    *verdict = (enum saml_reason) pack_choice(pack, *verdict, SAML_REASON_COUNT);
    pack->is_wrong = pack->is_wrong || (*verdict >= SAML_JAIL_CRASH && *verdict != SAML_BUILD);
}

void saml_pack_outgoing(struct pack *pack, struct saml_outgoing *outgoing) {
    pack_binding(pack, &outgoing->binding);
    pack_text(pack, &outgoing->url, SAML_BODY_MAX);
    pack_text(pack, &outgoing->field, SAML_TEXT_MAX);
    pack_text(pack, &outgoing->value, SAML_BODY_MAX);
    pack_text(pack, &outgoing->relay_state, SAML_RELAY_STATE_MAX);
}
