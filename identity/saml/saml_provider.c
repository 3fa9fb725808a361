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

static enum saml_origin origin_of(const struct saml_source *source) {
    if (source->metadata_xml.len > 0) {
        return SAML_ORIGIN_UPLOAD;
    }
    return source->sso_url.len > 0 ? SAML_ORIGIN_MANUAL : SAML_ORIGIN_URL;
}

static result check_url(struct scope *scope, struct str text) {
    struct url url;
    REQUIRE(scope,
            is_plain_text(text, SAML_URL_MAX) && is_ok(url_parse_web(scope, text, false, &url)),
            INVALID, "saml.metadata_url");
    return OK_RESULT;
}

static result check_typed_in(struct scope *scope, const struct saml_provider *provider,
                             const struct saml_source *source) {
    REQUIRE(scope, provider->wanted_entity_id.len > 0, INVALID, "saml.metadata_entity");
    REQUIRE(scope,
            is_plain_text(source->sso_url, SAML_URL_MAX) &&
                is_plain_text(source->slo_url, SAML_URL_MAX),
            INVALID, "saml.metadata_url");
    return OK_RESULT;
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

static result obtain_from_url(struct scope *scope, const struct saml_reader *reader,
                              struct saml_provider *provider) {
    struct saml_fetched *fetched = NEW(scope->arena, struct saml_fetched);
    TRY(check_url(scope, provider->url));
    const result done = saml_fetch(scope, reader, provider, fetched);
    if (!is_ok(done)) {
        return explain(scope, done);
    }
    provider->facts = fetched->idp;
    provider->etag = fetched->etag;
    return OK_RESULT;
}

static result obtain(struct scope *scope, const struct saml_reader *reader,
                     const struct saml_source *source, struct saml_provider *provider) {
    struct str xml = source->metadata_xml;
    switch (provider->origin) {
    case SAML_ORIGIN_URL: return obtain_from_url(scope, reader, provider);
    case SAML_ORIGIN_MANUAL:
        TRY(check_typed_in(scope, provider, source));
        TRY(saml_fetch_compose(scope, provider->wanted_entity_id, source, &xml));
        break;
    case SAML_ORIGIN_UPLOAD:
        REQUIRE(scope, xml.len <= SAML_METADATA_MAX, INVALID, "saml.metadata_xml");
        break;
    case SAML_ORIGIN_COUNT: return FAIL(scope, INTERNAL, "saml.provider_row");
    }
    return saml_fetch_read(scope, reader, provider, xml, &provider->facts);
}

static uint32_t any_number(struct scope *scope) {
    uint32_t number = 0;
    scope->env->random->bytes(scope->env->random, &number, sizeof number);
    return number;
}

result saml_provider_import(struct scope *scope, const struct saml_reader *reader,
                            const struct saml_settings *settings, const struct saml_source *source,
                            struct saml_provider *ret) {
    struct saml_provider *provider = NEW(scope->arena, struct saml_provider);
    REQUIRE(scope, reader != NULL, UNAVAILABLE, "saml.no_jail");
    provider->origin = origin_of(source);
    const bool is_url = provider->origin == SAML_ORIGIN_URL;
    provider->url = is_url ? settings->metadata_url : STR("");
    provider->ca_pem = is_url ? settings->ca_pem : STR("");
    provider->wanted_entity_id = settings->entity_id;
    REQUIRE(scope, is_plain_text(settings->entity_id, SAML_URL_MAX), INVALID,
            "saml.metadata_entity");
    if (provider->origin != SAML_ORIGIN_MANUAL) {
        TRY(read_signer(scope, settings->metadata_signer, &provider->signer_der));
    }
    TRY(obtain(scope, reader, source, provider));
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
