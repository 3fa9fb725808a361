#pragma once
/* A SAML sign-in from the first redirect to the session: Web Browser SSO, service provider first.
 * An answer that nobody asked for is at most a trigger for that. */

#include "identity/connection.h"
#include "identity/identity.h"
#include "identity/saml/saml_jail.h"
#include "identity/saml/saml_person.h"

/* Why a request is sent. */
struct saml_start {
    struct str return_path;     /* checked */
    bool is_restarted;          /* the first attempt's cookie was lost; not a second time */
    bool is_converted;          /* an unasked answer came before */
    const struct actor *tester; /* an administrator looks: no session comes of it; NULL: no test */
};

/* Writes the attempt and its cookie; `ret` is where the browser goes. NOT_FOUND
 * "connection.unknown" unless the connection is open to people, or this is a test. */
RESULT saml_login_begin(struct scope *scope, struct call *call, const struct connection *connection,
                        const struct saml_start *start, struct saml_outgoing *ret);

enum saml_end {
    SAML_SIGNED_IN, /* session and return path */
    SAML_RESTARTED, /* another request: outgoing */
    SAML_TESTED     /* the administrator's own values: person and assertion */
};

struct saml_arrival {
    enum saml_end end;
    struct login_result login;
    struct str return_path;
    struct saml_outgoing outgoing;
    struct saml_response response;
    struct saml_person person;
};

/* What was posted to the assertion consumer service. */
struct saml_answer {
    struct str response;    /* SAMLResponse, as sent */
    struct str relay_state; /* empty: absent */
};
/* The form, pure: INVALID "saml.query" when it is malformed, SAMLResponse is not there exactly once
 * or RelayState more than once. A foreign RelayState is no error. */
RESULT saml_answer_parse(struct scope *scope, struct str body, struct saml_answer *ret);

/* All checks in their order, then one transaction: the attempt, the message, the session. Each
 * refusal leaves a record. */
RESULT saml_login_finish(struct scope *scope, struct call *call,
                         const struct connection *connection, const struct saml_answer *answer,
                         struct saml_arrival *ret);
