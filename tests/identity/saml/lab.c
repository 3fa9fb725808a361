#include "tests/identity/saml/lab.h"

#include <inttypes.h>
#include <string.h>

#include "base/crypto.h"

const char *good(struct lab *lab) {
    return forge_response(&lab->forge, &(struct forge_response){0});
}

const char *sign_assertion_with(struct lab *lab, const char *text,
                                const struct forge_signing *signing) {
    return forge_sign(lab->arena, text, SIGN_ASSERTION, signing);
}

const char *sign_assertion(struct lab *lab, const char *text) {
    return sign_assertion_with(lab, text, &(struct forge_signing){0});
}

const char *sign_message(struct lab *lab, const char *text) {
    return forge_sign(lab->arena, text, SIGN_MESSAGE, &(struct forge_signing){0});
}

const char *good_signed(struct lab *lab) {
    return sign_assertion(lab, good(lab));
}

const char *assertion_of(struct lab *lab, const char *text) {
    return cut(lab->arena, text, "<saml:Assertion", "</saml:Assertion>");
}

const char *signature_of(struct lab *lab, const char *text) {
    return cut(lab->arena, text, "<ds:Signature ", "</ds:Signature>");
}

const char *evil_assertion(struct lab *lab) {
    const char *text = edit(lab->arena, assertion_of(lab, good(lab)), "ada-4711", "mallory");
    return forge_done(lab->arena, edit(lab->arena, text, "_assertion-1", "_evil"));
}

struct str posted_bytes(struct lab *lab, struct str bytes) {
    return base64_encode(lab->arena, bytes);
}

struct str posted(struct lab *lab, const char *text) {
    return posted_bytes(lab, str_from_c(forge_done(lab->arena, text)));
}

void trust_only(struct lab *lab, enum forge_owner owner) {
    lab->certificates[0] = forge_key(owner)->certificate;
    lab->trust.certificate_count = 1;
}

static result open_keys(struct scope *scope, void *context, struct secret ret_keys[2],
                        size_t *ret_count) {
    struct lab *lab = context;
    lab->keys_asked++;
    for (size_t i = 0; i < lab->decryption_key_count; i++) {
        ret_keys[i].bytes = forge_private_pem(scope->arena, lab->decryption_keys[i]);
    }
    *ret_count = lab->decryption_key_count;
    return OK_RESULT;
}

struct saml_key_source lab_keys(struct lab *lab) {
    return (struct saml_key_source){open_keys, lab};
}

#define PERSISTENT "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

static const char *said_by_good(const struct forge *forge, enum case_kind kind) {
    switch (kind) {
    case OF_RESPONSE:
        return forge_text(forge->arena,
                          "ada-4711|" PERSISTENT
                          "|||%s|_assertion-1|_session-1|mail=ada@example.com,"
                          "groups=engineers,admins,",
                          forge->idp);
    case OF_LOGOUT:
        return forge_text(forge->arena, "request|%s|ada-4711|" PERSISTENT "|||_session-1,|||",
                          forge->idp);
    case OF_METADATA:
        return forge_text(forge->arena,
                          "%s|redirect https://idp.example/sso,post https://idp.example/sso/post,|"
                          "redirect https://idp.example/slo,|1 certificates|0 unreadable",
                          forge->idp);
    }
    return NULL;
}

void lab_open(struct lab *lab, struct scope *scope, enum case_kind kind) {
    *lab = (struct lab){.scope = scope, .arena = scope->arena};
    lab->forge = forge_begin(scope->arena);
    const struct forge *forge = &lab->forge;
    lab->trust = (struct saml_trust){.connection_id = STR("connection-1"),
                                     .certificates = lab->certificates};
    trust_only(lab, FORGE_IDP);
    lab->decryption_keys[0] = FORGE_SP;
    lab->decryption_key_count = 1;
    lab->want = (struct saml_want){.acs_url = str_from_c(forge->acs),
                                   .idp_entity_id = str_from_c(forge->idp),
                                   .sp_entity_id = str_from_c(forge->sp),
                                   .request_id = str_from_c(forge->request_id),
                                   .now_us = forge->now_us,
                                   .skew_us = S_TO_US(120)};
    lab->want_logout = (struct saml_logout_want){.slo_url = str_from_c(forge->slo),
                                                 .idp_entity_id = str_from_c(forge->idp),
                                                 .now_us = forge->now_us,
                                                 .skew_us = S_TO_US(120)};
    lab->logout = (struct saml_logout_input){.binding = SAML_POST, .is_request = true};
    lab->metadata.now_us = forge->now_us;
    lab->said = said_by_good(forge, kind);
}

static struct str edited(struct lab *lab, const struct saml_class *class,
                         const struct saml_case *one) {
    if (class->kind == OF_LOGOUT) {
        const char *request = forge_logout_request(&lab->forge, &(struct forge_logout_request){0});
        return posted(lab, sign_message(lab, edit(lab->arena, request, one->from, one->to)));
    }
    const char *text = good(lab);
    switch (class->edit) {
    case SAID: return posted(lab, sign_assertion(lab, edit(lab->arena, text, one->from, one->to)));
    case SAID_IN_WHOLE:
        return posted(lab, sign_message(lab, edit(lab->arena, text, one->from, one->to)));
    case CHANGED: break;
    }
    return posted(lab, edit(lab->arena, sign_assertion(lab, text), one->from, one->to));
}

struct str lab_message(struct lab *lab, const struct saml_class *class,
                       const struct saml_case *one) {
    return one->build != NULL ? one->build(lab) : edited(lab, class, one);
}

static const char *joined(struct arena *arena, const char *text, struct str value) {
    return forge_text(arena, "%s%.*s,", text, STR_ARG(value));
}

const char *said_response(struct arena *arena, const struct saml_response *response) {
    const struct saml_assertion *assertion = &response->assertion;
    const struct saml_name_id *name = &assertion->name_id;
    const char *attributes = "";
    for (size_t i = 0; i < assertion->attribute_count; i++) {
        const struct saml_attribute *attribute = &assertion->attributes[i];
        attributes = forge_text(arena, "%s%.*s=", attributes, STR_ARG(attribute->name));
        for (size_t j = 0; j < attribute->count; j++) {
            attributes = joined(arena, attributes, attribute->values[j]);
        }
    }
    return forge_text(arena, "%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|%.*s|%s", STR_ARG(name->value),
                      STR_ARG(name->format), STR_ARG(name->name_qualifier),
                      STR_ARG(name->sp_name_qualifier), STR_ARG(assertion->issuer),
                      STR_ARG(assertion->id), STR_ARG(assertion->authn.session_index), attributes);
}

static const char *with_time(struct arena *arena, const char *text, struct saml_time time) {
    return time.is_present ? forge_text(arena, "%s|%" PRId64, text, time.us)
                           : forge_text(arena, "%s|-", text);
}

const char *said_in_full(struct arena *arena, const struct saml_response *response) {
    const struct saml_assertion *assertion = &response->assertion;
    const char *text = said_response(arena, response);
    for (size_t i = 0; i < assertion->confirmation_count; i++) {
        const struct saml_confirmation *one = &assertion->confirmations[i];
        text = forge_text(arena, "%s|%.*s %.*s %.*s %zu", text, STR_ARG(one->method),
                          STR_ARG(one->recipient), STR_ARG(one->in_response_to), one->data_count);
        text = with_time(arena, with_time(arena, text, one->not_before), one->not_on_or_after);
    }
    for (size_t i = 0; i < assertion->restriction_count; i++) {
        const struct saml_restriction *one = &assertion->restrictions[i];
        for (size_t j = 0; j < one->count; j++) {
            text = joined(arena, text, one->audiences[j]);
        }
    }
    text = with_time(arena, text, assertion->not_before);
    text = with_time(arena, text, assertion->not_on_or_after);
    text = with_time(arena, text, assertion->issue_instant);
    text = with_time(arena, text, assertion->authn.authn_instant);
    text = with_time(arena, text, assertion->authn.session_not_on_or_after);
    return forge_text(arena, "%s|%.*s|%zu|%zu|%zu|%zu|%zu|%d", text,
                      STR_ARG(assertion->authn.class_ref), assertion->subject_count,
                      assertion->name_id_count, assertion->conditions_count, assertion->authn.count,
                      assertion->restriction_count, assertion->has_unknown_condition);
}

const char *said_logout(struct arena *arena, const struct saml_logout *logout) {
    const struct saml_name_id *name = &logout->name_id;
    const char *indexes = "";
    for (size_t i = 0; i < logout->session_index_count; i++) {
        indexes = joined(arena, indexes, logout->session_indexes[i]);
    }
    return forge_text(arena, "%s|%.*s|%.*s|%.*s|%.*s|%.*s|%s|%.*s|%.*s|%.*s",
                      logout->is_request ? "request" : "response", STR_ARG(logout->issuer),
                      STR_ARG(name->value), STR_ARG(name->format), STR_ARG(name->name_qualifier),
                      STR_ARG(name->sp_name_qualifier), indexes, STR_ARG(logout->in_response_to),
                      STR_ARG(logout->status), STR_ARG(logout->relay_state));
}

static const char *endpoints(struct arena *arena, size_t count, const struct saml_endpoint *list) {
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        text = joined(
            arena,
            forge_text(arena, "%s%s ", text, list[i].binding == SAML_POST ? "post" : "redirect"),
            list[i].location);
    }
    return text;
}

const char *said_metadata(struct arena *arena, const struct saml_idp *idp) {
    return forge_text(arena, "%.*s|%s|%s|%zu certificates|%zu unreadable", STR_ARG(idp->entity_id),
                      endpoints(arena, idp->sign_on_count, idp->sign_on),
                      endpoints(arena, idp->logout_count, idp->logout), idp->certificate_count,
                      idp->unreadable_count);
}
