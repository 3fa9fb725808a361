#pragma once
/* The facts of an identity provider as text for its row, and what a difference between two sets of
 * facts means. Pure. */

#include "identity/saml/saml.h"

enum { SAML_CERTIFICATE_MAX = 16 * 1024, SAML_FACTS_MAX = 512 * 1024 };

/* INTERNAL "saml.provider_row" for facts beyond the limits of saml.h, in both directions: what is
 * written can be read back. */
RESULT saml_facts_write(struct scope *scope, const struct saml_idp *idp, struct str *ret);
RESULT saml_facts_read(struct scope *scope, struct str text, struct saml_idp *ret);

/* What is used after `fetched` was read over `accepted`. Keys are taken over, because the provider
 * must be able to roll them without a human; where people are sent, and who speaks, is not. */
struct saml_merge {
    struct saml_idp facts;
    bool is_changed;        /* facts differ from what was accepted */
    bool must_wait;         /* entityID or endpoints: an administrator has to look first */
    bool is_entity_changed; /* … somebody else speaks: nothing of it was taken over */
    size_t added, removed;  /* certificates */
    size_t first_added;     /* place of the first added one in facts */
};
void saml_facts_merge(const struct saml_idp *accepted, const struct saml_idp *fetched,
                      struct saml_merge *ret);
bool saml_facts_has_same_endpoints(const struct saml_idp *a, const struct saml_idp *b);
bool saml_facts_has_certificate(const struct saml_idp *idp, struct str der);

/* Names a difference that somebody has seen: another one as soon as either side would send people
 * elsewhere or trust other keys. Times do not count: some documents have new ones at each fetch. */
struct str saml_facts_hash(struct scope *scope, const struct saml_idp *accepted,
                           const struct saml_idp *pending);
/* SHA-256 of the DER in lower-case hex, as administrators compare it. */
struct str saml_fingerprint(struct scope *scope, struct str der);

/* When to look again: three quarters of what the provider allows, 1 to 24 hours, up to a tenth
 * earlier (`random` is any number) so that nodes and connections spread. */
int64_t saml_next_refresh_us(const struct saml_idp *idp, int64_t now_us, uint32_t random);
/* After so many failures in a row: 5 minutes, doubling to an hour. */
int64_t saml_next_retry_us(int64_t failures, int64_t now_us, uint32_t random);
