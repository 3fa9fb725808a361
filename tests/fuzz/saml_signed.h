#pragma once
/* What the fuzzers of signed SAML messages share: honest messages of several kinds, made once with
 * the keys of this process, and what a recipe makes of them. */

#include "tests/identity/saml/lab.h"

struct saml_verifier;

struct saml_verifier *saml_fuzz_verifier(void);
/* A lab whose connection trusts the keys of the messages below. */
void saml_fuzz_lab(struct lab *lab, struct scope *scope, enum case_kind kind);
/* The first byte says which message, the rest is a recipe (tests/support/recipe.h). Of logouts the
 * lab's input is set. The message before the recipe in *ret_honest. */
struct str saml_fuzz_message(struct lab *lab, enum case_kind kind, const uint8_t *bytes, size_t len,
                             struct str *ret_honest);
/* Ends the process unless both texts are the same: an accepted message says what was signed. */
void saml_fuzz_same(const char *accepted, const char *honest);
