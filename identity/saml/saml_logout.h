#pragma once
/* Single logout, both ways. A provider's request ends sessions found by subject and SessionIndex,
 * never by a cookie: it comes in frames, where browsers keep cookies back. Ours goes out after the
 * session here has ended; whatever comes back, or does not, changes nothing. Neither deactivates
 * anybody. */

#include "identity/connection.h"
#include "identity/saml/saml_jail.h"
#include "identity/saml/saml_logout_check.h"

enum { SAML_LOGOUT_LIFE_S = 600 }; /* of a request of ours */

/* Where the browser goes on to sign out at the provider; empty when the session did not come from
 * one that can. To be asked before the session is ended, because the provider's name of the person
 * ends with it. Calls nobody: it is an address of ours, good once, where the message is made. */
RESULT saml_logout_begin(struct scope *scope, struct call *call, struct str org_id,
                         struct str session_id, struct str *ret_url);
/* What the browser came for with `ticket`. NOT_FOUND "saml.logout_ticket" when it was used or is
 * too old. */
RESULT saml_logout_send(struct scope *scope, struct call *call, const struct connection *connection,
                        struct str ticket, struct saml_outgoing *ret);

/* What came to /slo, and what the browser gets for it. */
struct saml_logout_arrival {
    bool is_request;
    bool has_answer;             /* request: the provider says where answers go */
    struct saml_outgoing answer; /* request */
    struct str framed_by;        /* request: an address of the provider, whose pages may frame it */
    enum saml_logout_outcome outcome; /* response */
};

/* UNAUTHENTICATED and INVALID for what is not believed, which leaves a record. A request that is
 * believed never fails: sets call->revoked, and its answer says whether all went well. */
RESULT saml_logout_finish(struct scope *scope, struct call *call,
                          const struct connection *connection,
                          const struct saml_logout_input *input, struct str relay_state,
                          struct saml_logout_arrival *ret);
