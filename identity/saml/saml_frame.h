#pragma once
/* What travels between the doors of saml_jail.h and the children: one function for each struct, the
 * same for writing and reading (base/pack.h), with the bound of every text and count. Facts that
 * come out of a child are hostile: what is out of bounds makes the row wrong, and the child is
 * killed. */

#include "base/jail_frame.h"
#include "base/pack.h"
#include "base/secret.h"
#include "identity/saml/saml_jail.h"
#include "identity/saml/saml_reason.h"

enum {
    SAML_TEXT_MAX = 4096,       /* ids, names, addresses in messages */
    SAML_STATUS_TEXT_MAX = 800, /* 200 characters */
    SAML_DER_MAX = 8 * 1024,
    SAML_PEM_MAX = 16 * 1024,
    SAML_RELAY_STATE_MAX = 80,
    SAML_OPENING_KEYS_MAX = 2, /* for decryption: two during a rollover */
    SAML_CLASS_REFS_SENT_MAX = 16,
    SAML_ANSWER_MAX = 256 * 1024
};

enum saml_role { SAML_ROLE_VERIFY, SAML_ROLE_BUILD, SAML_ROLE_COUNT };

enum saml_kind {
    SAML_KIND_RESPONSE = JAIL_KIND_FIRST,
    SAML_KIND_LOGOUT,
    SAML_KIND_METADATA,
    SAML_KIND_AUTHN_REQUEST,
    SAML_KIND_LOGOUT_REQUEST,
    SAML_KIND_LOGOUT_RESPONSE
};

/* Requests: trust, input (the struct of the kind), bytes (message, metadata), party. The reply to a
 * question holds the keys. */
enum saml_request_tag {
    SAML_TAG_TRUST,
    SAML_TAG_INPUT,
    SAML_TAG_BYTES,
    SAML_TAG_PARTY,
    SAML_TAG_KEYS
};
/* Answers: a verdict always, facts with SAML_FINE only. A question has no fields. */
enum saml_answer_tag { SAML_TAG_VERDICT, SAML_TAG_FACTS };

extern const struct jail_limits SAML_VERIFY_REQUESTS, SAML_BUILD_REQUESTS;
extern const struct jail_limits SAML_VERIFY_ANSWERS, SAML_BUILD_ANSWERS;

struct saml_keys {
    size_t count;
    struct secret keys[SAML_OPENING_KEYS_MAX]; /* PEM */
};

/* requests */
void saml_pack_trust(struct pack *pack, struct saml_trust *trust);
void saml_pack_keys(struct pack *pack, struct saml_keys *keys);
void saml_pack_logout_input(struct pack *pack, struct saml_logout_input *input);     /* no bytes */
void saml_pack_metadata_input(struct pack *pack, struct saml_metadata_input *input); /* no xml */
void saml_pack_party(struct pack *pack, struct saml_party *party);
void saml_pack_authn_request(struct pack *pack, struct saml_authn_request *request);
void saml_pack_logout_request(struct pack *pack, struct saml_logout_request *request);
void saml_pack_logout_response(struct pack *pack, struct saml_logout_response *response);
/* answers */
void saml_pack_verdict(struct pack *pack, enum saml_reason *verdict);
void saml_pack_response(struct pack *pack, struct saml_response *response);
void saml_pack_logout(struct pack *pack, struct saml_logout *logout);
void saml_pack_idp(struct pack *pack, struct saml_idp *idp);
void saml_pack_outgoing(struct pack *pack, struct saml_outgoing *outgoing);
