#pragma once
/* What a provider sent, verified with the keys of its connection: bytes to facts. Runs in a verify
 * child; plain functions without files, sockets or a database, so that tests and fuzzers call them
 * in-process. One thread for each process: xmlsec keeps its lists there. */

#include "identity/saml/saml_jail.h"

enum { SAML_KEYS_KEPT = 256 }; /* parsed public keys; the one used last stays */

struct saml_verifier; /* of the process: the kept keys */

/* Once for each process, before a filter closes it (the keeper may call it and fork: children
 * inherit libraries that are warm). Starts libxml2 and xmlsec, takes from xmlsec whatever is not on
 * our list, then verifies a known answer for each algorithm, whole and damaged: INTERNAL
 * "saml.self_test". Takes the time of making an RSA key. */
RESULT saml_verify_start(struct scope *scope, struct saml_verifier **ret);
void saml_verify_stop(struct saml_verifier **verifier);

/* The value of the form field SAMLResponse. The texts of *ret live in the scope's arena. `keys` is
 * asked at most once, and only for an encrypted message that has passed the gate and its outer
 * signature; what that call fails with is passed on. A Response without an assertion is fine here,
 * signed or not (has_assertion is false): saml_check refuses it by its status. */
RESULT saml_verify_response(struct scope *scope, struct saml_verifier *verifier,
                            const struct saml_trust *trust, const struct saml_key_source *keys,
                            struct str form_value, struct saml_response *ret);
/* Always signed. relay_state is read from a query only, and left out when longer than 80 bytes. */
RESULT saml_verify_logout(struct scope *scope, struct saml_verifier *verifier,
                          const struct saml_trust *trust, const struct saml_key_source *keys,
                          const struct saml_logout_input *input, struct saml_logout *ret);
