#include "tests/identity/saml/document.h"

const struct saml_story SAML_STORIES[] = {
    {"decryption oracle, in numbers", "many broken ciphertexts, one answer",
     "600 broken ciphertexts", "`saml.decrypt`", "tests/identity/saml/test_saml_oracle.c",
     "whatever_is_wrong_with_a_ciphertext_looks_the_same"},
    {"decryption oracle, in numbers", "many broken ciphertexts, one answer",
     "processor time of each kind of damage", "overlaps", "tests/identity/saml/test_saml_oracle.c",
     "the_time_of_a_refusal_does_not_tell_what_was_wrong"},
};
const size_t SAML_STORY_COUNT = sizeof SAML_STORIES / sizeof SAML_STORIES[0];
