#include "base/public_key.h"

#include "base/crypto.h"
#include "base/time_text.h"
#include "tests/support/fixture.h"
#include "tests/support/forge.h"

/* A certificate on P-256 and its signature in DER over "abc", by the openssl program. */
#define CERTIFICATE                                                                                \
    "MIIBcjCCARmgAwIBAgIUMkp6buMlVNPDzT8aunrT2ViRAz0wCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEcDI1NjAeFw0y" \
    "NjExMjMxNzIwMjZaFw0zNjExMjAxNzIwMjZaMA8xDTALBgNVBAMMBHAyNTYwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC" \
    "AATfuZy2TNanPo2OePxhIv9nydZfp0M6G0Bb2L4fsD+RtCkx357p0s6OkX6uGAQJvL8ETsDttzb5ymMUwM5DVm/Do1Mw" \
    "UTAdBgNVHQ4EFgQUkKnBUeBMqW3k8MtsltKIrDgHBPcwHwYDVR0jBBgwFoAUkKnBUeBMqW3k8MtsltKIrDgHBPcwDwYD" \
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiByR4B3DPpsP2zXHrnddnjMFa+eRS+9vI4a3dh5Yme/TgIgSwLX" \
    "40MrPqpseeZPjrySy6hIr2CA7bWSNYN5fyNYbXE="
#define SIGNATURE                                                                                  \
    "MEUCIQC8rSBx2JeYsA1DefP2ByKFFYCes/L4TuGz0amPyc3jIwIgW4SZrnFBaWBOFa1yKCYJ94uUvy7DFHsm6f8ZWP4q" \
    "SF4="

static void the_facts_of_a_certificate_are_read(void **state) {
    struct fixture *f = *state;
    struct str der;
    struct certificate facts;
    assert_ok(base64_decode(&f->scope, STR(CERTIFICATE), &der));
    assert_ok(certificate_read(&f->scope, der, &facts));
    assert_int_equal(facts.kind, PUBLIC_KEY_P256);
    assert_int_equal(facts.bits, 256);
    assert_str(time_format(f->scope.arena, facts.not_before_us), "2026-11-23T17:20:26.000Z");
    assert_str(time_format(f->scope.arena, facts.not_after_us), "2036-11-20T17:20:26.000Z");
    assert_ok(certificate_read(&f->scope, forge_key(FORGE_IDP)->certificate, &facts));
    assert_int_equal(facts.kind, PUBLIC_KEY_RSA);
    assert_int_equal(facts.bits, 2048);
    assert_true(str_eq(facts.subject_public_key, forge_public_der(f->scope.arena, FORGE_IDP)));
}

static void strong_keys_are_told_from_others(void **state) {
    struct fixture *f = *state;
    static const struct {
        enum forge_owner owner;
        bool is_strong;
    } KEYS[] = {
        {FORGE_IDP, true},        {FORGE_IDP_P256, true},  {FORGE_IDP_P384, true},
        {FORGE_RSA_512, false},   {FORGE_RSA_1024, false}, {FORGE_P521, false},
        {FORGE_SECP256K1, false}, {FORGE_ED25519, false},
    };
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        struct certificate facts;
        assert_ok(certificate_read(&f->scope, forge_key(KEYS[i].owner)->certificate, &facts));
        assert_int_equal(certificate_is_strong(&facts), KEYS[i].is_strong);
    }
    assert_true(certificate_is_strong(&(struct certificate){.kind = PUBLIC_KEY_RSA, .bits = 8192}));
    assert_false(
        certificate_is_strong(&(struct certificate){.kind = PUBLIC_KEY_RSA, .bits = 8193}));
    assert_false(
        certificate_is_strong(&(struct certificate){.kind = PUBLIC_KEY_RSA, .bits = 2047}));
}

static void what_is_no_certificate_is_refused(void **state) {
    struct fixture *f = *state;
    const struct str der = forge_key(FORGE_IDP)->certificate;
    const struct str bad[] = {
        STR(""),
        STR("no certificate"),
        str_first(der, der.len - 1),
        str_format(f->scope.arena, "%.*s%.*s", STR_ARG(der), STR_ARG(der)),
        forge_public_der(f->scope.arena, FORGE_IDP),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct certificate facts;
        struct public_key *key = NULL;
        assert_failed(certificate_read(&f->scope, bad[i], &facts), &f->scope, INVALID,
                      "certificate.malformed");
        assert_failed(public_key_open(&f->scope, bad[i], &key), &f->scope, INVALID,
                      "certificate.malformed");
    }
}

static bool verifies(struct fixture *f, enum forge_owner owner, enum signature_kind kind,
                     struct str signature) {
    AUTO(public_key_close) struct public_key *key = NULL;
    assert_ok(public_key_open(&f->scope, forge_key(owner)->certificate, &key));
    return public_key_verifies(key, kind, STR("abc"), signature) &&
           !public_key_verifies(key, kind, STR("abd"), signature);
}

static struct str signed_by(struct fixture *f, enum forge_owner owner, const char *method) {
    const struct forge_signing signing = {.key = owner, .method = method};
    return forge_sign_bytes(f->scope.arena, STR("abc"), &signing);
}

static void signatures_fit_one_key_one_text_and_one_algorithm(void **state) {
    struct fixture *f = *state;
    static const struct {
        enum forge_owner owner;
        enum signature_kind kind;
        const char *method;
    } KINDS[] = {
        {FORGE_IDP, SIGNATURE_RSA_SHA1, FORGE_RSA_SHA1},
        {FORGE_IDP, SIGNATURE_RSA_SHA256, FORGE_RSA_SHA256},
        {FORGE_IDP, SIGNATURE_RSA_SHA384, FORGE_RSA_SHA384},
        {FORGE_IDP, SIGNATURE_RSA_SHA512, FORGE_RSA_SHA512},
        {FORGE_IDP_P256, SIGNATURE_ECDSA_SHA256, FORGE_ECDSA_SHA256},
        {FORGE_IDP_P384, SIGNATURE_ECDSA_SHA384, FORGE_ECDSA_SHA384},
    };
    for (size_t i = 0; i < 6; i++) {
        const struct str signature = signed_by(f, KINDS[i].owner, KINDS[i].method);
        for (size_t k = 0; k < 6; k++) {
            assert_int_equal(verifies(f, KINDS[i].owner, KINDS[k].kind, signature), i == k);
        }
        assert_false(verifies(f, FORGE_ATTACKER, KINDS[i].kind, signature));
        assert_false(verifies(f, KINDS[i].owner, KINDS[i].kind, str_from(signature, 1)));
        assert_false(verifies(f, KINDS[i].owner, KINDS[i].kind, STR("")));
    }
}

static void ecdsa_signatures_may_be_der(void **state) {
    struct fixture *f = *state;
    struct str der;
    struct str signature;
    assert_ok(base64_decode(&f->scope, STR(CERTIFICATE), &der));
    assert_ok(base64_decode(&f->scope, STR(SIGNATURE), &signature));
    AUTO(public_key_close) struct public_key *key = NULL;
    assert_ok(public_key_open(&f->scope, der, &key));
    assert_true(public_key_verifies(key, SIGNATURE_ECDSA_SHA256, STR("abc"), signature));
    assert_false(public_key_verifies(key, SIGNATURE_ECDSA_SHA256, STR("abcd"), signature));
    assert_false(public_key_verifies(key, SIGNATURE_ECDSA_SHA384, STR("abc"), signature));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_facts_of_a_certificate_are_read),
        SENTENCE(strong_keys_are_told_from_others),
        SENTENCE(what_is_no_certificate_is_refused),
        SENTENCE(signatures_fit_one_key_one_text_and_one_algorithm),
        SENTENCE(ecdsa_signatures_may_be_der),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
