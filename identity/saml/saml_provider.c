#include "identity/saml/saml_provider.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"
#include "base/url.h"
#include "identity/saml/saml_facts.h"
#include "identity/saml/saml_fetch.h"
#include "identity/saml/saml_provider_store.h"

static const int64_t HINT_EVERY_US = S_TO_US(300);

static bool is_plain_text(struct str text, size_t max) {
    return text.len <= max && !str_has_control(text);
}

static result read_signer(struct scope *scope, struct str pem, struct str *ret_der) {
    if (pem.len == 0) {
        *ret_der = STR("");
        return OK_RESULT;
    }
    const struct str text = saml_fetch_next_certificate(scope, &pem);
    REQUIRE(scope, text.len > 0 && is_ok(base64_decode(scope, text, ret_der)), INVALID,
            "saml.metadata_signer");
    return OK_RESULT;
}

static result check_input(struct scope *scope, const struct saml_provider_input *input) {
    struct url url;
    REQUIRE(scope, is_plain_text(input->entity_id, SAML_URL_MAX), INVALID, "saml.metadata_entity");
    switch (input->source) {
    case SAML_SOURCE_URL:
        REQUIRE(scope,
                is_plain_text(input->url, SAML_URL_MAX) &&
                    is_ok(url_parse_web(scope, input->url, false, &url)),
                INVALID, "saml.metadata_url");
        return OK_RESULT;
    case SAML_SOURCE_UPLOAD:
        REQUIRE(scope, input->xml.len > 0 && input->xml.len <= SAML_METADATA_MAX, INVALID,
                "saml.metadata_xml");
        return OK_RESULT;
    case SAML_SOURCE_MANUAL:
        REQUIRE(scope, input->entity_id.len > 0, INVALID, "saml.metadata_entity");
        REQUIRE(scope,
                input->sign_on_url.len > 0 && is_plain_text(input->sign_on_url, SAML_URL_MAX) &&
                    is_plain_text(input->logout_url, SAML_URL_MAX),
                INVALID, "saml.metadata_url");
        return OK_RESULT;
    case SAML_SOURCE_COUNT: break;
    }
    return FAIL(scope, INTERNAL, "saml.provider_row");
}

/* What is wrong with the address is the sender's to mend; a provider that is away may be tried
 * again. */
static result explain(const struct scope *scope, result failure) {
    static const char *const SENDERS[] = {"http.address", "http.tls", "http.url", "http.size"};
    for (size_t i = 0; i < sizeof SENDERS / sizeof *SENDERS; i++) {
        if (str_eq(str_from_c(scope->reason), str_from_c(SENDERS[i]))) {
            return (result){INVALID};
        }
    }
    return failure;
}

static result obtain(struct scope *scope, const struct saml_reader *reader,
                     const struct saml_provider_input *input, struct saml_provider *provider) {
    if (input->source == SAML_SOURCE_URL) {
        struct saml_fetched fetched;
        const result done = saml_fetch(scope, reader, provider, &fetched);
        if (!is_ok(done)) {
            return explain(scope, done);
        }
        provider->facts = fetched.idp;
        provider->etag = fetched.etag;
        return OK_RESULT;
    }
    struct str xml = input->xml;
    if (input->source == SAML_SOURCE_MANUAL) {
        TRY(saml_fetch_compose(scope, input, &xml));
    }
    return saml_fetch_read(scope, reader, provider, xml, &provider->facts);
}

static uint32_t any_number(struct scope *scope) {
    uint32_t number = 0;
    scope->env->random->bytes(scope->env->random, &number, sizeof number);
    return number;
}

result saml_provider_import(struct scope *scope, const struct saml_reader *reader,
                            const struct saml_provider_input *input, struct saml_provider *ret) {
    const bool is_url = input->source == SAML_SOURCE_URL;
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    TRY(check_input(scope, input));
    provider->source = input->source;
    provider->url = is_url ? input->url : STR("");
    provider->ca_pem = is_url ? input->ca_pem : STR("");
    provider->wanted_entity_id = input->entity_id;
    TRY(read_signer(scope, input->signer_pem, &provider->signer_der));
    TRY(obtain(scope, reader, input, provider));
    const int64_t now_us = clock_now_us(scope->env->clock);
    provider->fetched_us = now_us;
    provider->good_us = now_us;
    provider->changed_us = now_us;
    provider->next_us =
        is_url ? saml_next_refresh_us(&provider->facts, now_us, any_number(scope)) : 0;
    *ret = *provider;
    return OK_RESULT;
}

result saml_provider_store(struct scope *scope, struct tx *tx, struct str org_id,
                           struct str connection_id, const struct saml_provider *imported) {
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    *provider = *imported;
    provider->org_id = org_id;
    provider->connection_id = connection_id;
    return saml_provider_store_put(scope, tx, provider);
}

result saml_provider_find(struct scope *scope, struct db *db, struct str org_id,
                          struct str connection_id, struct saml_provider *ret) {
    return saml_provider_store_find(scope, db, org_id, connection_id, ret);
}

result saml_provider_facts(struct scope *scope, struct db *db, struct str org_id,
                           struct str connection_id, struct saml_idp *ret, int64_t *ret_version) {
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    TRY(saml_provider_store_find(scope, db, org_id, connection_id, provider));
    const struct saml_time *until = &provider->facts.valid_until;
    REQUIRE(scope, !until->is_present || clock_now_us(scope->env->clock) < until->us, UNAVAILABLE,
            "saml.metadata_expired");
    *ret = provider->facts;
    *ret_version = provider->version;
    return OK_RESULT;
}

result saml_provider_hint_bad_signature(struct scope *scope, struct db *db, struct str org_id,
                                        struct str connection_id) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(saml_provider_store_hint(scope, tx, org_id, connection_id, now_us, now_us - HINT_EVERY_US));
    return tx_commit(scope, tx);
}
