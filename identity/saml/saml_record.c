#include "identity/saml/saml_record.h"

#include "base/arena.h"
#include "base/base64url.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "identity/identity.h"
#include "identity/saml/saml_facts.h"
#include "identity/sign_in_record.h"

enum { HASH_BYTES = 9, NAMES_SHOWN = 32, NAME_SHOWN_MAX = 120 };

/* The same for the same value in one organisation, so that two records can be compared; worth
 * nothing to who does not have the key. */
static struct str redacted(struct scope *scope, const struct call *call,
                           const struct connection *connection, struct str value) {
    const struct str text = str_format(scope->arena, "sign_in_record/%.*s/%.*s",
                                       STR_ARG(connection->org_id), STR_ARG(value));
    const struct str hash = hmac_sha256(scope->arena, call->identity->seal_key, text);
    return base64url_encode(scope->arena, hash.at, HASH_BYTES);
}

static void write_value(struct scope *scope, const struct call *call,
                        const struct connection *connection, struct json_out *out,
                        struct str value) {
    json_out_open_object(out);
    json_out_member_number(out, "length", (int64_t) value.len);
    json_out_member(out, "hash", redacted(scope, call, connection, value));
    json_out_close_object(out);
}

static void write_protection(struct json_out *out, const struct saml_protection *protection) {
    json_out_name(out, "protection");
    json_out_open_object(out);
    json_out_member_boolean(out, "response_signed", protection->is_message_signed);
    json_out_member_boolean(out, "assertion_signed", protection->is_assertion_signed);
    json_out_member_boolean(out, "encrypted", protection->is_encrypted);
    json_out_member_or_null(out, "signature", protection->signature_algorithm);
    json_out_member_or_null(out, "digest", protection->digest_algorithm);
    json_out_member_or_null(out, "data", protection->data_algorithm);
    json_out_member_or_null(out, "key", protection->key_algorithm);
    json_out_close_object(out);
}

static void write_certificates(struct scope *scope, struct json_out *out,
                               const struct saml_idp *idp) {
    json_out_name(out, "certificates");
    json_out_open_array(out);
    for (size_t i = 0; i < idp->certificate_count; i++) {
        json_out_string(out, saml_fingerprint(scope, idp->certificates[i].der));
    }
    json_out_close_array(out);
}

static void write_attributes(struct json_out *out, const struct saml_assertion *assertion) {
    json_out_name(out, "attributes");
    json_out_open_array(out);
    for (size_t i = 0; i < assertion->attribute_count && i < NAMES_SHOWN; i++) {
        json_out_open_object(out);
        json_out_member(out, "name", str_first_text(assertion->attributes[i].name, NAME_SHOWN_MAX));
        json_out_member_number(out, "values", (int64_t) assertion->attributes[i].count);
        json_out_close_object(out);
    }
    json_out_close_array(out);
}

static void write_assertion(struct scope *scope, const struct call *call,
                            const struct connection *connection, struct json_out *out,
                            const struct saml_assertion *assertion) {
    if (assertion->issue_instant.is_present) {
        const int64_t ahead_us = assertion->issue_instant.us - clock_now_us(scope->env->clock);
        json_out_member_number(out, "clock_ahead_ms", ahead_us / 1000);
    }
    json_out_name(out, "name_id");
    write_value(scope, call, connection, out, assertion->name_id.value);
    json_out_member_or_null(out, "name_id_format",
                            str_first_text(assertion->name_id.format, NAME_SHOWN_MAX));
    write_attributes(out, assertion);
}

static bool is_verified(const struct saml_protection *protection) {
    return protection->is_message_signed || protection->is_assertion_signed;
}

static struct str detail_of(struct scope *scope, const struct call *call,
                            const struct connection *connection,
                            const struct saml_refusal *refusal) {
    const struct saml_response *response = refusal->response;
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    write_certificates(scope, &out, refusal->idp);
    if (response->version.len > 0) { /* it came out of the jail */
        json_out_member_or_null(&out, "status", response->status);
        json_out_member_or_null(&out, "sub_status", response->sub_status);
        json_out_member_or_null(&out, "status_message", response->status_message);
        write_protection(&out, &response->protection);
    }
    if (response->has_assertion) {
        write_assertion(scope, call, connection, &out, &response->assertion);
    }
    json_out_close_object(&out);
    const struct str detail = json_out_end(&out);
    return detail.len <= SIGN_IN_DETAIL_MAX ? detail : STR("{}");
}

void saml_record_refusal(struct scope *scope, struct call *call,
                         const struct connection *connection, const struct saml_refusal *refusal) {
    const struct sign_in_record record = {
        .is_test = refusal->is_test,
        .is_junk = !refusal->is_test && !is_verified(&refusal->response->protection),
        .reason = str_from_c(refusal->refused),
        .want = refusal->finding->want,
        .got = refusal->finding->got,
        /* Of decryption nothing is told but that it failed, not even here. */
        .detail = saml_reason_of(scope) == SAML_DECRYPT
                      ? STR("{}")
                      : detail_of(scope, call, connection, refusal),
    };
    sign_in_record_refusal(scope, call, connection, record);
}

static struct str logout_detail_of(struct scope *scope, const struct call *call,
                                   const struct connection *connection,
                                   const struct saml_logout_refusal *refusal) {
    const struct saml_logout *logout = refusal->logout;
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    write_certificates(scope, &out, refusal->idp);
    if (logout->version.len > 0) { /* it came out of the jail */
        json_out_member(&out, "message",
                        logout->is_request ? STR("LogoutRequest") : STR("LogoutResponse"));
        json_out_member_or_null(&out, "status", logout->status);
        json_out_member_or_null(&out, "sub_status", logout->sub_status);
        write_protection(&out, &logout->protection);
        if (logout->issue_instant.is_present) {
            const int64_t ahead_us = logout->issue_instant.us - clock_now_us(scope->env->clock);
            json_out_member_number(&out, "clock_ahead_ms", ahead_us / 1000);
        }
        if (logout->is_request) {
            json_out_name(&out, "name_id");
            write_value(scope, call, connection, &out, logout->name_id.value);
        }
    }
    json_out_close_object(&out);
    const struct str detail = json_out_end(&out);
    return detail.len <= SIGN_IN_DETAIL_MAX ? detail : STR("{}");
}

void saml_record_logout_refusal(struct scope *scope, struct call *call,
                                const struct connection *connection,
                                const struct saml_logout_refusal *refusal) {
    const struct sign_in_record record = {
        .is_junk = !is_verified(&refusal->logout->protection),
        .want = refusal->finding->want,
        .got = refusal->finding->got,
        .detail = saml_reason_of(scope) == SAML_DECRYPT
                      ? STR("{}")
                      : logout_detail_of(scope, call, connection, refusal),
    };
    sign_in_record_refusal(scope, call, connection, record);
}
