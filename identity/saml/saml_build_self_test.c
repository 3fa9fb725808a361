#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/url.h"
#include "base/x509.h"
#include "identity/saml/saml_build.h"
#include "identity/saml/saml_metadata_write.h"
#include "identity/saml/saml_reason.h"

/* A party that nobody else knows: its message has to verify with its certificate. */
static result make_test_party(struct scope *scope, struct saml_party *ret) {
    const int64_t now_us = clock_now_us(scope->env->clock);
    const struct x509_wish wish = {.common_name = STR("self-test"),
                                   .bits = 2048,
                                   .not_before_us = now_us,
                                   .not_after_us = now_us + S_TO_US(3600)};
    struct secret key_pem;
    struct x509 certificate;
    TRY(x509_make(scope, &wish, &key_pem, &certificate));
    const struct saml_service service = {.entity_id = STR("https://self-test.invalid/us"),
                                         .acs_url = STR("https://self-test.invalid/acs"),
                                         .slo_url = STR("https://self-test.invalid/slo"),
                                         .signing_count = 1,
                                         .signing = {certificate.der},
                                         .signs_requests = true};
    struct saml_party party = {
        .connection_id = STR("self-test"),
        .key = {.key_pem = key_pem.bytes,
                .certificate_pem = x509_to_pem(scope->arena, certificate.der),
                .certificate_der = certificate.der},
        .idp_entity_id = STR("https://self-test.invalid/them"),
        .sign_on = {.binding = SAML_REDIRECT, .location = STR("https://self-test.invalid/sso")},
    };
    TRY(saml_metadata_write_service(scope, &service, &party.sp_metadata));
    *ret = party;
    return OK_RESULT;
}

static result check_signature(struct scope *scope, struct str certificate_der, struct str url) {
    const struct str marks[] = {STR("?SAMLRequest="), STR("&Signature=")};
    const ptrdiff_t start = str_find(url, marks[0]);
    const ptrdiff_t end = str_find(url, marks[1]);
    SAML_REQUIRE(scope, start >= 0 && end > start, SAML_BUILD);
    const struct str query = {url.at + start + 1, (size_t) (end - start - 1)};
    struct str text;
    struct str signature;
    SAML_REQUIRE(scope,
                 is_ok(url_decode(scope, str_from(url, (size_t) end + marks[1].len), &text)) &&
                     is_ok(base64_decode(scope, text, &signature)) &&
                     is_ok(x509_verify_rsa_sha256(scope, certificate_der, query, signature)),
                 SAML_BUILD);
    return OK_RESULT;
}

result saml_build_self_test(struct scope *scope, struct saml_builder *builder) {
    struct saml_party party;
    struct saml_outgoing outgoing;
    TRY(make_test_party(scope, &party));
    const struct saml_authn_request request = {.binding = SAML_REDIRECT,
                                               .id = STR("_self-test"),
                                               .acs_url = STR("https://self-test.invalid/acs"),
                                               .is_signed = true};
    TRY(saml_build_authn_request(scope, builder, &party, &request, &outgoing));
    return check_signature(scope, party.key.certificate_der, outgoing.url);
}
