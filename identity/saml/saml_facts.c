#include "identity/saml/saml_facts.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"

enum { JITTER_PARTS = 10, RETRY_DOUBLINGS_MAX = 4 };
static const int64_t LEAST_US = S_TO_US(3600);
static const int64_t MOST_US = S_TO_US(86400);
static const int64_t RETRY_US = S_TO_US(300);
static const int64_t TIME_MAX_US = INT64_C(253402300800) * US_PER_S;

static const char *const BINDINGS[SAML_BINDING_COUNT] = {
    [SAML_REDIRECT] = "redirect",
    [SAML_POST] = "post",
};

static bool is_url_sized(struct str text) {
    return text.len <= SAML_URL_MAX;
}

static bool are_endpoints_bounded(const struct saml_endpoint *endpoints, size_t count) {
    if (count > SAML_ENDPOINTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct saml_endpoint *endpoint = &endpoints[i];
        if ((unsigned) endpoint->binding >= SAML_BINDING_COUNT || endpoint->location.len == 0 ||
            !is_url_sized(endpoint->location) || !is_url_sized(endpoint->response_location)) {
            return false;
        }
    }
    return true;
}

static bool is_time(int64_t us) {
    return us >= -TIME_MAX_US && us <= TIME_MAX_US;
}

static bool are_certificates_bounded(const struct saml_idp *idp) {
    if (idp->certificate_count == 0 || idp->certificate_count > SAML_CERTIFICATES_MAX) {
        return false;
    }
    for (size_t i = 0; i < idp->certificate_count; i++) {
        const struct saml_certificate *certificate = &idp->certificates[i];
        if (certificate->der.len == 0 || certificate->der.len > SAML_CERTIFICATE_MAX ||
            !is_time(certificate->not_before_us) || !is_time(certificate->not_after_us)) {
            return false;
        }
    }
    return true;
}

static bool is_bounded(const struct saml_idp *idp) {
    return idp->entity_id.len > 0 && is_url_sized(idp->entity_id) && idp->sign_on_count > 0 &&
           are_endpoints_bounded(idp->sign_on, idp->sign_on_count) &&
           are_endpoints_bounded(idp->logout, idp->logout_count) && are_certificates_bounded(idp) &&
           is_time(idp->valid_until.us) && idp->cache_duration_us >= 0 &&
           idp->cache_duration_us <= TIME_MAX_US;
}

static void write_endpoints(struct json_out *out, const char *name,
                            const struct saml_endpoint *endpoints, size_t count) {
    json_out_name(out, name);
    json_out_open_array(out);
    for (size_t i = 0; i < count; i++) {
        json_out_open_object(out);
        json_out_member(out, "binding", str_from_c(BINDINGS[endpoints[i].binding]));
        json_out_member(out, "location", endpoints[i].location);
        json_out_member(out, "response_location", endpoints[i].response_location);
        json_out_close_object(out);
    }
    json_out_close_array(out);
}

/* What an administrator compares; without the times, which may be others at every fetch. */
static void write_compared(struct scope *scope, struct json_out *out, const struct saml_idp *idp) {
    json_out_member(out, "entity_id", idp->entity_id);
    write_endpoints(out, "sign_on", idp->sign_on, idp->sign_on_count);
    write_endpoints(out, "logout", idp->logout, idp->logout_count);
    json_out_name(out, "certificates");
    json_out_open_array(out);
    for (size_t i = 0; i < idp->certificate_count; i++) {
        json_out_open_object(out);
        json_out_member(out, "der", base64_encode(scope->arena, idp->certificates[i].der));
        json_out_member_number(out, "not_before_us", idp->certificates[i].not_before_us);
        json_out_member_number(out, "not_after_us", idp->certificates[i].not_after_us);
        json_out_close_object(out);
    }
    json_out_close_array(out);
}

result saml_facts_write(struct scope *scope, const struct saml_idp *idp, struct str *ret) {
    REQUIRE(scope, is_bounded(idp), INTERNAL, "saml.provider_row");
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    write_compared(scope, &out, idp);
    json_out_member_number(&out, "unreadable", (int64_t) idp->unreadable_count);
    json_out_member_boolean(&out, "wants_requests_signed", idp->wants_requests_signed);
    json_out_name(&out, "valid_until_us");
    if (idp->valid_until.is_present) {
        json_out_number(&out, idp->valid_until.us);
    } else {
        json_out_null(&out);
    }
    json_out_member_number(&out, "cache_duration_us", idp->cache_duration_us);
    json_out_close_object(&out);
    *ret = json_out_end(&out);
    return OK_RESULT;
}

static bool read_binding(struct str name, enum saml_binding *ret) {
    for (int i = 0; i < SAML_BINDING_COUNT; i++) {
        if (str_eq(name, str_from_c(BINDINGS[i]))) {
            *ret = (enum saml_binding) i;
            return true;
        }
    }
    return false;
}

static bool read_endpoints(const struct json *list, struct saml_endpoint *ret, size_t *ret_count) {
    if (!json_is_array(list) || json_count(list) > SAML_ENDPOINTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *one = json_at(list, i);
        ret[i].location = json_as_string(json_get(one, STR("location")));
        ret[i].response_location = json_as_string(json_get(one, STR("response_location")));
        if (!read_binding(json_as_string(json_get(one, STR("binding"))), &ret[i].binding)) {
            return false;
        }
    }
    *ret_count = json_count(list);
    return true;
}

static bool read_certificates(struct scope *scope, const struct json *list, struct saml_idp *ret) {
    if (!json_is_array(list) || json_count(list) > SAML_CERTIFICATES_MAX) {
        return false;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *one = json_at(list, i);
        struct saml_certificate *certificate = &ret->certificates[i];
        certificate->not_before_us = json_as_integer(json_get(one, STR("not_before_us")));
        certificate->not_after_us = json_as_integer(json_get(one, STR("not_after_us")));
        if (!is_ok(base64_decode(scope, json_as_string(json_get(one, STR("der"))),
                                 &certificate->der))) {
            return false;
        }
    }
    ret->certificate_count = json_count(list);
    return true;
}

result saml_facts_read(struct scope *scope, struct str text, struct saml_idp *ret) {
    const struct json *json = NULL;
    struct saml_idp *idp = NEW(scope->arena, struct saml_idp);
    REQUIRE(scope, text.len <= SAML_FACTS_MAX && is_ok(json_read(scope, text, &json)), INTERNAL,
            "saml.provider_row");
    idp->entity_id = json_as_string(json_get(json, STR("entity_id")));
    idp->wants_requests_signed = json_as_boolean(json_get(json, STR("wants_requests_signed")));
    idp->valid_until.is_present = json_kind(json_get(json, STR("valid_until_us"))) == JSON_INTEGER;
    idp->valid_until.us = json_as_integer(json_get(json, STR("valid_until_us")));
    idp->cache_duration_us = json_as_integer(json_get(json, STR("cache_duration_us")));
    const int64_t unreadable = json_as_integer(json_get(json, STR("unreadable")));
    idp->unreadable_count = unreadable > 0 ? (size_t) unreadable : 0;
    REQUIRE(scope,
            read_endpoints(json_get(json, STR("sign_on")), idp->sign_on, &idp->sign_on_count) &&
                read_endpoints(json_get(json, STR("logout")), idp->logout, &idp->logout_count) &&
                read_certificates(scope, json_get(json, STR("certificates")), idp) &&
                is_bounded(idp),
            INTERNAL, "saml.provider_row");
    *ret = *idp;
    return OK_RESULT;
}

static bool is_same_endpoint(const struct saml_endpoint *a, const struct saml_endpoint *b) {
    return a->binding == b->binding && str_eq(a->location, b->location) &&
           str_eq(a->response_location, b->response_location);
}

static bool are_all_in(const struct saml_endpoint *some, size_t count,
                       const struct saml_endpoint *others, size_t other_count) {
    for (size_t i = 0; i < count; i++) {
        bool is_there = false;
        for (size_t j = 0; j < other_count; j++) {
            is_there = is_there || is_same_endpoint(&some[i], &others[j]);
        }
        if (!is_there) {
            return false;
        }
    }
    return true;
}

bool saml_facts_has_same_endpoints(const struct saml_idp *a, const struct saml_idp *b) {
    return are_all_in(a->sign_on, a->sign_on_count, b->sign_on, b->sign_on_count) &&
           are_all_in(b->sign_on, b->sign_on_count, a->sign_on, a->sign_on_count) &&
           are_all_in(a->logout, a->logout_count, b->logout, b->logout_count) &&
           are_all_in(b->logout, b->logout_count, a->logout, a->logout_count);
}

bool saml_facts_has_certificate(const struct saml_idp *idp, struct str der) {
    for (size_t i = 0; i < idp->certificate_count; i++) {
        if (str_eq(idp->certificates[i].der, der)) {
            return true;
        }
    }
    return false;
}

static size_t count_missing(const struct saml_idp *from, const struct saml_idp *in,
                            size_t *ret_first) {
    size_t missing = 0;
    for (size_t i = 0; i < from->certificate_count; i++) {
        if (!saml_facts_has_certificate(in, from->certificates[i].der)) {
            *ret_first = missing == 0 ? i : *ret_first;
            missing++;
        }
    }
    return missing;
}

void saml_facts_merge(const struct saml_idp *accepted, const struct saml_idp *fetched,
                      struct saml_merge *ret) {
    *ret = (struct saml_merge){.facts = *accepted};
    ret->is_entity_changed = !str_eq(accepted->entity_id, fetched->entity_id);
    ret->must_wait = ret->is_entity_changed || !saml_facts_has_same_endpoints(accepted, fetched);
    if (ret->is_entity_changed) {
        return;
    }
    size_t first_removed = 0;
    ret->added = count_missing(fetched, accepted, &ret->first_added);
    ret->removed = count_missing(accepted, fetched, &first_removed);
    ret->facts = *fetched;
    ret->is_changed = ret->added > 0 || ret->removed > 0 ||
                      accepted->wants_requests_signed != fetched->wants_requests_signed;
    if (!ret->must_wait) {
        return;
    }
    ret->facts.sign_on_count = accepted->sign_on_count;
    ret->facts.logout_count = accepted->logout_count;
    for (size_t i = 0; i < SAML_ENDPOINTS_MAX; i++) {
        ret->facts.sign_on[i] = accepted->sign_on[i];
        ret->facts.logout[i] = accepted->logout[i];
    }
}

struct str saml_facts_hash(struct scope *scope, const struct saml_idp *accepted,
                           const struct saml_idp *pending) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_array(&out);
    json_out_string(&out, accepted->entity_id);
    json_out_open_object(&out);
    write_endpoints(&out, "sign_on", accepted->sign_on, accepted->sign_on_count);
    write_endpoints(&out, "logout", accepted->logout, accepted->logout_count);
    json_out_close_object(&out);
    json_out_open_object(&out);
    write_compared(scope, &out, pending);
    json_out_close_object(&out);
    json_out_close_array(&out);
    return sha256_text(scope->arena, json_out_end(&out));
}

struct str saml_fingerprint(struct scope *scope, struct str der) {
    static const char HEX[] = "0123456789abcdef";
    const struct str hash = sha256(scope->arena, der);
    struct strbuf text = strbuf_begin(scope->arena, 2 * SHA256_BYTES);
    for (size_t i = 0; i < hash.len; i++) {
        const unsigned char byte = (unsigned char) hash.at[i];
        strbuf_add_byte(&text, HEX[byte >> 4]);
        strbuf_add_byte(&text, HEX[byte & 15]);
    }
    return strbuf_str(&text);
}

static int64_t earlier(int64_t wait_us, uint32_t random) {
    return wait_us - (wait_us / JITTER_PARTS / US_PER_S) * (int64_t) (random % US_PER_S);
}

int64_t saml_next_refresh_us(const struct saml_idp *idp, int64_t now_us, uint32_t random) {
    int64_t span_us = 2 * MOST_US;
    if (idp->cache_duration_us > 0 && idp->cache_duration_us < span_us) {
        span_us = idp->cache_duration_us;
    }
    if (idp->valid_until.is_present && idp->valid_until.us - now_us < span_us) {
        span_us = idp->valid_until.us - now_us;
    }
    int64_t wait_us = span_us / 4 * 3;
    wait_us = wait_us < LEAST_US ? LEAST_US : wait_us;
    wait_us = wait_us > MOST_US ? MOST_US : wait_us;
    return now_us + earlier(wait_us, random);
}

int64_t saml_next_retry_us(int64_t failures, int64_t now_us, uint32_t random) {
    int64_t wait_us = RETRY_US;
    for (int64_t i = 1; i < failures && i <= RETRY_DOUBLINGS_MAX; i++) {
        wait_us *= 2;
    }
    return now_us + earlier(wait_us < LEAST_US ? wait_us : LEAST_US, random);
}
