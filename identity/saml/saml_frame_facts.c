/* The facts that verify children give: hostile until they have passed here. */
#include "base/arena.h"
#include "identity/saml/saml_frame.h"

/* So far from the ends of the type that no sum of what is compared leaves it. */
static void pack_time(struct pack *pack, struct saml_time *time) {
    pack_bool(pack, &time->is_present);
    pack_number(pack, &time->us, INT64_MIN / 4, INT64_MAX / 4);
}

static void pack_name_id(struct pack *pack, struct saml_name_id *name_id) {
    pack_text(pack, &name_id->value, SAML_TEXT_MAX);
    pack_text(pack, &name_id->format, SAML_TEXT_MAX);
    pack_text(pack, &name_id->name_qualifier, SAML_TEXT_MAX);
    pack_text(pack, &name_id->sp_name_qualifier, SAML_TEXT_MAX);
}

static void pack_confirmation(struct pack *pack, struct saml_confirmation *confirmation) {
    pack_text(pack, &confirmation->method, SAML_TEXT_MAX);
    pack_count(pack, &confirmation->data_count, SAML_MESSAGE_MAX);
    pack_text(pack, &confirmation->recipient, SAML_TEXT_MAX);
    pack_text(pack, &confirmation->in_response_to, SAML_TEXT_MAX);
    pack_time(pack, &confirmation->not_before);
    pack_time(pack, &confirmation->not_on_or_after);
}

static void pack_restriction(struct pack *pack, struct saml_restriction *restriction) {
    pack_count(pack, &restriction->count, SAML_AUDIENCES_MAX);
    pack_texts(pack, &restriction->audiences, restriction->count, SAML_TEXT_MAX);
}

static void pack_attribute(struct pack *pack, struct saml_attribute *attribute, size_t *values) {
    pack_text(pack, &attribute->name, SAML_TEXT_MAX);
    pack_text(pack, &attribute->name_format, SAML_TEXT_MAX);
    pack_text(pack, &attribute->friendly_name, SAML_TEXT_MAX);
    pack_count(pack, &attribute->count, SAML_VALUES_MAX - *values);
    pack_texts(pack, &attribute->values, attribute->count, SAML_MESSAGE_MAX);
    *values += attribute->count; /* of all attributes together */
}

static void pack_authn(struct pack *pack, struct saml_authn *authn) {
    pack_count(pack, &authn->count, SAML_MESSAGE_MAX);
    pack_text(pack, &authn->session_index, SAML_TEXT_MAX);
    pack_text(pack, &authn->class_ref, SAML_TEXT_MAX);
    pack_time(pack, &authn->authn_instant);
    pack_time(pack, &authn->session_not_on_or_after);
}

static void pack_conditions(struct pack *pack, struct saml_assertion *assertion) {
    pack_count(pack, &assertion->conditions_count, SAML_MESSAGE_MAX);
    pack_time(pack, &assertion->not_before);
    pack_time(pack, &assertion->not_on_or_after);
    pack_count(pack, &assertion->restriction_count, SAML_RESTRICTIONS_MAX);
    for (size_t i = 0; i < assertion->restriction_count; i++) {
        pack_restriction(pack, &assertion->restrictions[i]);
    }
    pack_bool(pack, &assertion->has_unknown_condition);
}

static void pack_assertion(struct pack *pack, struct saml_assertion *assertion) {
    pack_text(pack, &assertion->id, SAML_TEXT_MAX);
    pack_text(pack, &assertion->version, SAML_TEXT_MAX);
    pack_text(pack, &assertion->issuer, SAML_TEXT_MAX);
    pack_time(pack, &assertion->issue_instant);
    pack_count(pack, &assertion->subject_count, SAML_MESSAGE_MAX);
    pack_count(pack, &assertion->name_id_count, SAML_MESSAGE_MAX);
    pack_name_id(pack, &assertion->name_id);
    pack_count(pack, &assertion->confirmation_count, SAML_CONFIRMATIONS_MAX);
    for (size_t i = 0; i < assertion->confirmation_count; i++) {
        pack_confirmation(pack, &assertion->confirmations[i]);
    }
    pack_conditions(pack, assertion);
    pack_authn(pack, &assertion->authn);
    pack_count(pack, &assertion->attribute_count, SAML_ATTRIBUTES_MAX);
    size_t values = 0;
    for (size_t i = 0; i < assertion->attribute_count; i++) {
        pack_attribute(pack, &assertion->attributes[i], &values);
    }
    pack_bool(pack, &assertion->has_group_overage);
}

static void pack_protection(struct pack *pack, struct saml_protection *protection) {
    pack_bool(pack, &protection->is_message_signed);
    pack_bool(pack, &protection->is_assertion_signed);
    pack_bool(pack, &protection->is_encrypted);
    pack_text(pack, &protection->signature_algorithm, SAML_TEXT_MAX);
    pack_text(pack, &protection->digest_algorithm, SAML_TEXT_MAX);
    pack_text(pack, &protection->data_algorithm, SAML_TEXT_MAX);
    pack_text(pack, &protection->key_algorithm, SAML_TEXT_MAX);
    pack_count(pack, &protection->certificate, SAML_CERTIFICATES_MAX - 1);
}

void saml_pack_response(struct pack *pack, struct saml_response *response) {
    pack_text(pack, &response->id, SAML_TEXT_MAX);
    pack_text(pack, &response->version, SAML_TEXT_MAX);
    pack_time(pack, &response->issue_instant);
    pack_bool(pack, &response->has_destination);
    pack_bool(pack, &response->has_in_response_to);
    pack_bool(pack, &response->has_issuer);
    pack_text(pack, &response->destination, SAML_TEXT_MAX);
    pack_text(pack, &response->in_response_to, SAML_TEXT_MAX);
    pack_text(pack, &response->issuer, SAML_TEXT_MAX);
    pack_text(pack, &response->status, SAML_TEXT_MAX);
    pack_text(pack, &response->sub_status, SAML_TEXT_MAX);
    pack_text(pack, &response->status_message, SAML_STATUS_TEXT_MAX);
    pack_bool(pack, &response->has_assertion);
    if (response->has_assertion) {
        pack_assertion(pack, &response->assertion);
    }
    pack_protection(pack, &response->protection);
}

void saml_pack_logout(struct pack *pack, struct saml_logout *logout) {
    pack_bool(pack, &logout->is_request);
    pack_text(pack, &logout->id, SAML_TEXT_MAX);
    pack_text(pack, &logout->version, SAML_TEXT_MAX);
    pack_text(pack, &logout->issuer, SAML_TEXT_MAX);
    pack_time(pack, &logout->issue_instant);
    pack_time(pack, &logout->not_on_or_after);
    pack_bool(pack, &logout->has_destination);
    pack_text(pack, &logout->destination, SAML_TEXT_MAX);
    pack_name_id(pack, &logout->name_id);
    pack_count(pack, &logout->session_index_count, SAML_SESSION_INDEXES_MAX);
    for (size_t i = 0; i < logout->session_index_count; i++) {
        pack_text(pack, &logout->session_indexes[i], SAML_TEXT_MAX);
    }
    pack_text(pack, &logout->in_response_to, SAML_TEXT_MAX);
    pack_text(pack, &logout->status, SAML_TEXT_MAX);
    pack_text(pack, &logout->sub_status, SAML_TEXT_MAX);
    pack_text(pack, &logout->relay_state, SAML_RELAY_STATE_MAX);
    pack_protection(pack, &logout->protection);
}

static void pack_endpoints(struct pack *pack, struct saml_endpoint *endpoints, size_t *count) {
    pack_count(pack, count, SAML_ENDPOINTS_MAX);
    for (size_t i = 0; i < *count; i++) {
        int64_t binding = endpoints[i].binding;
        pack_number(pack, &binding, 0, SAML_BINDING_COUNT - 1);
        endpoints[i].binding = (enum saml_binding) binding;
        pack_text(pack, &endpoints[i].location, SAML_URL_MAX);
        pack_text(pack, &endpoints[i].response_location, SAML_URL_MAX);
    }
}

void saml_pack_idp(struct pack *pack, struct saml_idp *idp) {
    pack_text(pack, &idp->entity_id, SAML_TEXT_MAX);
    pack_endpoints(pack, idp->sign_on, &idp->sign_on_count);
    pack_endpoints(pack, idp->logout, &idp->logout_count);
    pack_count(pack, &idp->certificate_count, SAML_CERTIFICATES_MAX);
    for (size_t i = 0; i < idp->certificate_count; i++) {
        struct saml_certificate *certificate = &idp->certificates[i];
        pack_bytes(pack, &certificate->der, SAML_DER_MAX);
        pack_number(pack, &certificate->not_before_us, INT64_MIN, INT64_MAX);
        pack_number(pack, &certificate->not_after_us, INT64_MIN, INT64_MAX);
    }
    pack_count(pack, &idp->unreadable_count, SAML_METADATA_MAX);
    pack_bool(pack, &idp->wants_requests_signed);
    pack_time(pack, &idp->valid_until);
    pack_number(pack, &idp->cache_duration_us, 0, INT64_MAX);
}
