#pragma once
/* A verifier and what a connection would give it, for tests of the inbound side. */

#include "identity/saml/saml_verify.h"
#include "tests/support/fixture.h"
#include "tests/support/forge.h"

struct verify_desk {
    struct fixture fixture;
    struct forge forge;
    struct saml_verifier *verifier;
    struct saml_trust trust;
    struct str certificates[SAML_CERTIFICATES_MAX];
    struct saml_key_source source;
    enum forge_owner decryption[2]; /* whose private keys the source has */
    size_t decryption_count, asked;
};

/* The verifier is of the process: the state of the group. */
int verifier_setup(void **state);
int verifier_teardown(void **state);
int verify_desk_setup(void **state);
int verify_desk_teardown(void **state);
void trust_only(struct verify_desk *desk, enum forge_owner owner);

/* Assertion signed, Response not: what most providers send. */
const char *signed_assertion(struct verify_desk *desk);
const char *signed_message(struct verify_desk *desk);
/* A Response around an encrypted assertion, which is signed inside. */
const char *encrypted_assertion(struct verify_desk *desk,
                                const struct forge_encryption *encryption);
RESULT verify_text(struct verify_desk *desk, const char *xml, struct saml_response *ret);

#define DESK(test)      cmocka_unit_test_setup_teardown(test, verify_desk_setup, verify_desk_teardown)
#define RUN_DESK(tests) cmocka_run_group_tests(tests, verifier_setup, verifier_teardown)
#define assert_refused(desk, xml, reason_)                                                         \
    do {                                                                                           \
        struct saml_response response_;                                                            \
        const result result_ = verify_text(desk, xml, &response_);                                 \
        assert_int_not_equal(result_.code, OK);                                                    \
        assert_string_equal((desk)->fixture.scope.reason, reason_);                                \
    } while (0)
