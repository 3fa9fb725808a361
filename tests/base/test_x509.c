#include "base/x509.h"

#include "base/crypto.h"
#include "tests/support/fixture.h"

#define AT INT64_C(1767323045000000) /* 2026-01-02T03:04:05Z */

/* Made by the openssl program; its dates and fingerprint as that program prints them. */
static const char EC_PEM[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIBcTCCARegAwIBAgIUHZ+yU1JGWZVwMyYgbWeBebC/gWYwCgYIKoZIzj0EAwIw\n"
                             "DTELMAkGA1UEAwwCZWMwIBcNMjYxMTIzMTcwMTAwWhgPMjA1MTA3MTUxNzAxMDBa\n"
                             "MA0xCzAJBgNVBAMMAmVjMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEO7rbs+Ec\n"
                             "HML/lJyK6fLGeJCpZMoo/P+tmGYfoc8Nb9bHkRhgX+AseAsMuzc+1gDmoM0cs7Ll\n"
                             "G8O4mzxePgtEzKNTMFEwHQYDVR0OBBYEFBr/73yzMuZj3wlAWrrhlHsDYf72MB8G\n"
                             "A1UdIwQYMBaAFBr/73yzMuZj3wlAWrrhlHsDYf72MA8GA1UdEwEB/wQFMAMBAf8w\n"
                             "CgYIKoZIzj0EAwIDSAAwRQIhAKS8UgQ/Q0KtS7hYBhhXj82KwrvAumgqgUSZCegf\n"
                             "DyW5AiBBiYW2zrGY2z3+VhS2ktc1Uj7lFUW4UXV3jcVDBi2JFA==\n"
                             "-----END CERTIFICATE-----\n";

static const char RSA_PEM[] = "-----BEGIN CERTIFICATE-----\n"
                              "MIIC/zCCAeegAwIBAgIUM9s7Uy8yFpQFHYLNk6p0utzLeZUwDQYJKoZIhvcNAQEL\n"
                              "BQAwDjEMMAoGA1UEAwwDcnNhMCAXDTI2MTEyMzE3MDEwMFoYDzIwNTEwNzE1MTcw\n"
                              "MTAwWjAOMQwwCgYDVQQDDANyc2EwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEK\n"
                              "AoIBAQC08Hyz0Hk+tehldVJVeBcp/j8KsBPA4gdBr05TGRbKu8QRa53XE4ZIUnK6\n"
                              "03vT0CUdV1SWyyBxacjKIU3L/0VEzkOQikIB7EuAD1BtNRoM3EN/HUaY3pPxjMhT\n"
                              "j0IP/YsbYpU23fX8ufLaiJ5bMryEFcc87seMEXdz1L+vXPiNUTKuNKi6lqxZK9TX\n"
                              "Vd1pqfT3On+3paaQryFkLDonqS3O8k+37uWckQp26YnNZLfVQCBlbyd77sR3BGCk\n"
                              "WRpqXqC6yTXMOBIxkULKL10shJwooHUW5buJO0tC67HKHgqfb954GuZydNnDe1Zp\n"
                              "YqDjwMSmz5SsIaNe+SZcJYimiJKZAgMBAAGjUzBRMB0GA1UdDgQWBBQPa2EPfmrh\n"
                              "8N4218ErSvWf4n5X5zAfBgNVHSMEGDAWgBQPa2EPfmrh8N4218ErSvWf4n5X5zAP\n"
                              "BgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IBAQBl/ub124WFBQBswSU/\n"
                              "Zk53xl7Q3juklsXjBMRdHgrytdifqLWI0wmX8SFUVA9NTXKxk8223zEW5vedibYp\n"
                              "6ZX0GMTfWfwEnw3cV0gFNcjDjB2xVd0Zkfbz9cdsT0yvV4UmWBq185EW44k+Vynn\n"
                              "wNYPmdlwhaPjpfxggZBzwLcONJcFkQl0hlGmtvp/ll3xtnwGYXvQPbDjLktnIiCO\n"
                              "h6yHrip5JpJy1jAesgWLyYY0lud8n6yidpdQLrvYInvHw3L+LYUa51tnwvlEcz+r\n"
                              "CSC5AqThbNIjF15k9rvP2LnsnZphBSPcJivTr9lZsnY9glpH+JUJCbB1VSC8g6yE\n"
                              "gen3\n"
                              "-----END CERTIFICATE-----\n";
static const char RSA_SIGNATURE[] =
    "YK8tX6x463liB0oeOEec1KFtkvopmxcgOSEeM/PkT47NuQOyjD0tyFqVwFJfE97VrGFYxN/52tv2"
    "rukT+a28gyt/trkYsqykQmjFHe+WyBnq3wID79607ZiTeg3Jr2C+roTMWzS5SgfknBBFJWVi++kV"
    "bv5fgQKIaONvexSPKitcsXp4esLo0TQrSlz4R9KlRNSA+asL1dvr2GJLP0Be4ROcIsLd/gZr6VND"
    "AxabHSe9i5vHbWFse7ao+FrjaZyEmc6Sgvcruvncx/sK0tznNr873L6dtHyMEp8awcej+NCwvbLj"
    "a8QIlcn2ZAdf29RIH4ulYO+mzLlGJCtRxeB2hg==";

static struct x509_wish wish_for(int bits) {
    return (struct x509_wish){.common_name = STR("who"),
                              .bits = bits,
                              .not_before_us = AT,
                              .not_after_us = AT + S_TO_US(86400)};
}

static void a_made_certificate_says_what_was_wished(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct x509_wish wish = wish_for(2048);
    struct secret key;
    struct x509 made;
    assert_ok(x509_make(scope, &wish, &key, &made));
    assert_int_equal(made.key, X509_RSA);
    assert_int_equal(made.bits, 2048);
    assert_int_equal(made.not_before_us, AT);
    assert_int_equal(made.not_after_us, AT + S_TO_US(86400));
    assert_int_equal(made.fingerprint.len, 2 * SHA256_BYTES);
    assert_true(str_has_prefix(key.bytes, STR("-----BEGIN PRIVATE KEY-----\n")));
}

static void two_made_certificates_share_nothing(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    const struct x509_wish wish = wish_for(2048);
    struct secret keys[2];
    struct x509 made[2];
    assert_ok(x509_make(scope, &wish, &keys[0], &made[0]));
    assert_ok(x509_make(scope, &wish, &keys[1], &made[1]));
    assert_false(str_eq(made[0].fingerprint, made[1].fingerprint));
    assert_false(secret_equal(keys[0].bytes, keys[1].bytes));
}

static void dates_curve_and_fingerprint_are_read_as_openssl_prints_them(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct x509 read;
    assert_ok(x509_read_pem(scope, str_from_c(EC_PEM), &read));
    assert_int_equal(read.key, X509_EC_P256);
    assert_int_equal(read.bits, 256);
    assert_int_equal(read.not_before_us, INT64_C(1795453260000000));
    assert_int_equal(read.not_after_us, INT64_C(2573053260000000));
    assert_str(read.fingerprint,
               "9ba5939684156a125da121d2f6716a3a173f6d5d581cfd135386c1e2a79c6cc3");
}

static void a_certificate_survives_pem(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct x509 read;
    struct x509 again;
    assert_ok(x509_read_pem(scope, str_from_c(EC_PEM), &read));
    assert_str(x509_to_pem(scope->arena, read.der), EC_PEM);
    const struct str shifted = str_format(scope->arena, " \r\n%s\n\n", EC_PEM);
    assert_ok(x509_read_pem(scope, shifted, &again));
    assert_true(str_eq(read.der, again.der));
}

static void what_is_no_single_certificate_is_refused(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct x509 read;
    assert_ok(x509_read_pem(scope, str_from_c(EC_PEM), &read));
    const struct str der = read.der;
    char *more = arena_alloc(scope->arena, der.len + 1);
    for (size_t i = 0; i < der.len; i++) {
        more[i] = der.at[i];
    }
    const struct str wrong[] = {
        STR(""), STR("x"), str_first(der, der.len - 1), {more, der.len + 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_failed(x509_read(scope, wrong[i], &read), scope, INVALID, "x509.malformed");
    }
    const struct str pem = str_from_c(EC_PEM);
    const struct str not_pem[] = {
        STR(""),
        der,
        str_first(pem, pem.len - 4),
        str_from(pem, 1),
        str_format(scope->arena, "%s%s", EC_PEM, EC_PEM),
        STR("-----BEGIN CERTIFICATE----------END CERTIFICATE-----"),
        STR("-----BEGIN CERTIFICATE-----\n####\n-----END CERTIFICATE-----"),
    };
    for (size_t i = 0; i < sizeof not_pem / sizeof *not_pem; i++) {
        assert_failed(x509_read_pem(scope, not_pem[i], &read), scope, INVALID, "x509.malformed");
    }
}

static void an_ec_key_verifies_no_rsa_signature(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct x509 read;
    assert_ok(x509_read_pem(scope, str_from_c(EC_PEM), &read));
    assert_failed(x509_verify_rsa_sha256(scope, read.der, STR("text"), STR("signature")), scope,
                  UNAUTHENTICATED, "x509.signature");
    assert_failed(x509_verify_rsa_sha256(scope, STR("x"), STR("text"), STR("signature")), scope,
                  INVALID, "x509.malformed");
}

/* Of the openssl program: `openssl dgst -sha256 -sign` over "text". */
static void an_rsa_signature_fits_its_text_and_key_alone(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct x509 signer;
    struct str signature;
    assert_ok(x509_read_pem(scope, str_from_c(RSA_PEM), &signer));
    assert_ok(base64_decode(scope, str_from_c(RSA_SIGNATURE), &signature));
    assert_ok(x509_verify_rsa_sha256(scope, signer.der, STR("text"), signature));
    assert_failed(x509_verify_rsa_sha256(scope, signer.der, STR("texT"), signature), scope,
                  UNAUTHENTICATED, "x509.signature");
    assert_failed(x509_verify_rsa_sha256(scope, signer.der, STR("text"), STR("")), scope,
                  UNAUTHENTICATED, "x509.signature");
    const struct x509_wish wish = wish_for(2048);
    struct secret key;
    struct x509 other;
    assert_ok(x509_make(scope, &wish, &key, &other));
    assert_failed(x509_verify_rsa_sha256(scope, other.der, STR("text"), signature), scope,
                  UNAUTHENTICATED, "x509.signature");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_made_certificate_says_what_was_wished),
        SENTENCE(two_made_certificates_share_nothing),
        SENTENCE(dates_curve_and_fingerprint_are_read_as_openssl_prints_them),
        SENTENCE(a_certificate_survives_pem),
        SENTENCE(what_is_no_single_certificate_is_refused),
        SENTENCE(an_ec_key_verifies_no_rsa_signature),
        SENTENCE(an_rsa_signature_fits_its_text_and_key_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
