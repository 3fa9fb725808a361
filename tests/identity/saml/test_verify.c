#include "tests/identity/saml/verify_desk.h"

static void a_signed_assertion_is_read(void **state) {
    struct verify_desk *desk = *state;
    struct saml_response got;
    assert_ok(verify_text(desk, signed_assertion(desk), &got));
    assert_true(got.has_assertion);
    assert_true(got.protection.is_assertion_signed);
    assert_false(got.protection.is_message_signed);
    assert_str(got.protection.signature_algorithm, FORGE_RSA_SHA256);
    assert_str(got.protection.digest_algorithm, FORGE_SHA256);
    assert_str(got.assertion.issuer, desk->forge.idp);
    assert_int_equal(desk->asked, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK(a_signed_assertion_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
