#pragma once
/* One good provider, one good connection, one exchange between them. A case of the attack list
 * changes one thing and says what has to come out. The lists are data: the same cases run
 * in-process and through the jail, and docs/saml-attacks.md is printed from them. */

#include "identity/saml/saml_check.h"
#include "identity/saml/saml_jail.h"
#include "identity/saml/saml_logout_check.h"
#include "tests/support/fixture.h"
#include "tests/support/forge.h"

enum case_kind { OF_RESPONSE, OF_LOGOUT, OF_METADATA };

struct lab {
    struct scope *scope;
    struct arena *arena;
    struct forge forge;
    /* The connection. */
    struct saml_trust trust;
    struct str certificates[SAML_CERTIFICATES_MAX];
    enum forge_owner decryption_keys[2];
    size_t decryption_key_count, keys_asked;
    struct saml_want want;
    struct saml_logout_want want_logout;
    struct saml_logout_input logout;     /* but for the bytes */
    struct saml_metadata_input metadata; /* but for the XML */
    /* What an accepted message must have said. */
    const char *said;
};

struct saml_case {
    const char *name;
    const char *reason; /* "" : accepted */
    struct str (*build)(struct lab *lab);
    /* In place of build: an edit of a good message. */
    const char *from, *to;
};

/* What becomes of the edit of a case that has no function. */
enum saml_edit {
    SAID,          /* the provider says and signs it (the assertion) */
    SAID_IN_WHOLE, /* the provider says it and signs the message */
    CHANGED        /* it was changed behind the signature of the assertion */
};

struct saml_class {
    const char *title, *reference;
    enum case_kind kind;
    enum saml_edit edit;
    size_t count;
    const struct saml_case *cases;
};

#define CASES(list) .count = sizeof(list) / sizeof(list)[0], .cases = (list)

extern const struct saml_class *const SAML_CLASSES[];
extern const size_t SAML_CLASS_COUNT;

void lab_open(struct lab *lab, struct scope *scope, enum case_kind kind);
struct saml_key_source lab_keys(struct lab *lab);
struct str lab_message(struct lab *lab, const struct saml_class *class,
                       const struct saml_case *one);
/* The facts as one line each: what is compared with `said`. */
const char *said_response(struct arena *arena, const struct saml_response *response);
/* And what the checks look at: confirmations, conditions, the session. */
const char *said_in_full(struct arena *arena, const struct saml_response *response);
const char *said_logout(struct arena *arena, const struct saml_logout *logout);
const char *said_metadata(struct arena *arena, const struct saml_idp *idp);

/* Shorthand for the cases. */
const char *good(struct lab *lab); /* Response, not signed yet */
const char *sign_assertion(struct lab *lab, const char *text);
const char *sign_message(struct lab *lab, const char *text);
const char *sign_assertion_with(struct lab *lab, const char *text,
                                const struct forge_signing *signing);
const char *good_signed(struct lab *lab); /* the assertion is signed */
const char *assertion_of(struct lab *lab, const char *text);
const char *signature_of(struct lab *lab, const char *text);
/* The assertion of a good Response, with another NameID and ID and without a signature. */
const char *evil_assertion(struct lab *lab);
struct str posted(struct lab *lab, const char *text); /* base64 of what is left */
struct str posted_bytes(struct lab *lab, struct str bytes);
void trust_only(struct lab *lab, enum forge_owner owner);
