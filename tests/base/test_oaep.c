#include "base/oaep.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/crypto.h"
#include "base/x509.h"
#include "tests/support/fixture.h"
#include "tests/support/forge.h"

static void every_pair_of_digests_wraps_and_opens(void **state) {
    struct fixture *f = *state;
    assert_ok(oaep_self_test(&f->scope));
}

static const struct str CONTENT_KEY = STR_INIT("sixteen bytes...");

static struct str wrapped_for(struct arena *arena, EVP_PKEY *pkey) {
    enum { ROOM = 512 };
    unsigned char *bytes = arena_alloc(arena, ROOM);
    size_t len = ROOM;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(context, bytes, &len, (const unsigned char *) CONTENT_KEY.at,
                                      CONTENT_KEY.len),
                     1);
    EVP_PKEY_CTX_free(context);
    return (struct str){(const char *) bytes, len};
}

static void a_key_that_we_made_opens_what_was_wrapped_for_its_certificate(void **state) {
    struct fixture *f = *state;
    struct scope *scope = &f->scope;
    for (int bits = 2048; bits <= 3072; bits += 1024) {
        const struct x509_wish wish = {
            .common_name = STR("ours"), .bits = bits, .not_after_us = S_TO_US(86400)};
        struct secret key_pem;
        struct secret opened;
        struct x509 certificate;
        assert_ok(x509_make(scope, &wish, &key_pem, &certificate));
        const unsigned char *at = (const unsigned char *) certificate.der.at;
        X509 *x509 = d2i_X509(NULL, &at, (long) certificate.der.len);
        const struct str wrapped = wrapped_for(scope->arena, X509_get0_pubkey(x509));
        X509_free(x509);
        assert_ok(oaep_open(scope, key_pem, OAEP_SHA1, OAEP_SHA1, wrapped, &opened));
        assert_str(opened.bytes, "sixteen bytes...");
    }
}

/* PKCS #8 of an RSA key with one byte changed: 0 to leave it. */
static struct secret changed(struct scope *scope, size_t place, unsigned char byte, size_t more) {
    const struct str pem = forge_private_pem(scope->arena, FORGE_SP);
    const char *text = forge_text(scope->arena, "%.*s", STR_ARG(pem));
    const char *base64 = edit_all(scope->arena, text, "\n", "");
    base64 = edit(scope->arena, base64, "-----BEGIN PRIVATE KEY-----", "");
    base64 = edit(scope->arena, base64, "-----END PRIVATE KEY-----", "");
    struct str der;
    assert_ok(base64_decode(scope, str_from_c(base64), &der));
    char *copy = arena_alloc(scope->arena, der.len + more);
    memset(copy, 0, der.len + more);
    memcpy(copy, der.at, der.len);
    copy[place] = byte == 0 ? copy[place] : (char) byte;
    const char *again = forge_base64(scope->arena, (struct str){copy, der.len + more});
    return (struct secret){str_format(scope->arena,
                                      "-----BEGIN PRIVATE KEY-----\n%s\n"
                                      "-----END PRIVATE KEY-----\n",
                                      again)};
}

static void a_private_key_is_read_to_the_letter(void **state) {
    /* SEQUENCE, version, algorithm (OID ending in 1: rsaEncryption), OCTET STRING, in it SEQUENCE,
     * version, modulus. */
    enum { OID_END = 19, INNER_TAG = 26, INNER_VERSION = 32, MODULUS_TAG = 33, RSA_PSS = 10 };
    struct fixture *f = *state;
    struct scope *scope = &f->scope;
    const struct str wrapped = wrapped_for(scope->arena, forge_key(FORGE_SP)->pkey);
    struct secret opened;
    assert_ok(oaep_open(scope, changed(scope, 0, 0, 0), OAEP_SHA1, OAEP_SHA1, wrapped, &opened));
    assert_str(opened.bytes, "sixteen bytes...");
    const struct secret keys[] = {
        changed(scope, OID_END, RSA_PSS, 0),
        changed(scope, INNER_TAG, 0x31, 0),
        changed(scope, INNER_VERSION, 1, 0),
        changed(scope, MODULUS_TAG, 0x04, 0),
        changed(scope, 0, 0, 1),
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_failed(oaep_open(scope, keys[i], OAEP_SHA1, OAEP_SHA1, wrapped, &opened), scope,
                      UNAUTHENTICATED, "oaep.open");
    }
}

static void what_does_not_open_has_one_reason(void **state) {
    struct fixture *f = *state;
    const struct secret keys[] = {
        {STR("")},
        {STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")},
        {forge_private_pem(f->scope.arena, FORGE_IDP_P256)},
        {forge_private_pem(f->scope.arena, FORGE_SP)},
    };
    const struct str texts[] = {STR(""), STR("short"), str_from_c(repeat(f->scope.arena, "x", 256)),
                                str_from_c(repeat(f->scope.arena, "x", 5000))};
    for (size_t i = 0; i < 16; i++) {
        struct secret got = {STR("untouched")};
        assert_failed(oaep_open(&f->scope, keys[i / 4], OAEP_SHA256, OAEP_SHA1, texts[i % 4], &got),
                      &f->scope, UNAUTHENTICATED, "oaep.open");
        assert_str(got.bytes, "untouched");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(every_pair_of_digests_wraps_and_opens),
        SENTENCE(a_key_that_we_made_opens_what_was_wrapped_for_its_certificate),
        SENTENCE(a_private_key_is_read_to_the_letter),
        SENTENCE(what_does_not_open_has_one_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
