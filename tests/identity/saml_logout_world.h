#pragma once
/* A company with a SAML connection whose provider is played by the forge; the jail's work is done
 * in-process. Requests to /slo come without any cookie. */

#include "identity/connection.h"
#include "identity/saml/saml_provider.h"
#include "identity/sign_in_record.h"
#include "tests/identity/known.h"
#include "tests/support/forge.h"
#include "tests/support/saml_message.h"

/* A provider that takes forms only, and answers elsewhere. */
#define POST_ENDPOINT                                                                              \
    "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" "          \
    "Location=\"https://idp.example/slo\" "                                                        \
    "ResponseLocation=\"https://idp.example:8443/slo/back\"/>"

struct world {
    struct database *d;
    struct company company;
    struct actor admin;
    struct identity identity;
    struct saml_reader reader;
    struct connection connection;
    struct forge forge;
    int count; /* of messages, for their names */
};

struct page {
    result result;
    const char *reason;
    struct http_response *response;
    struct revoked revoked;
    struct str location;
};

struct request {
    const char *query;
    struct str body, cookie;
    const struct actor *actor;
};

/* Who signs in: the provider's name of them, and its session. */
struct guest {
    const char *name, *session_index;
};

extern const struct guest ADA;

struct ready {
    struct str cookie, form;
};

struct leaver {
    struct actor actor;
};

/* The group's jail. */
int start_jail(void **state);
int stop_jail(void **state);

struct str header(const struct http_response *response, const char *name);
/* One call of a handler on the connection's path; on another database connection for rivals. */
struct page visit_with(struct world *w, struct scope *scope, struct db *db, call_handler handler,
                       const struct request *request);
struct page visit(struct world *w, call_handler handler, const struct request *request);
/* Another connection to the same provider; its logout endpoints, NULL: one for redirects. */
void make_connection(struct world *w, const char *logout_xml);
struct world *open_world(void **state, const char *logout_xml);
void pass(struct world *w, int64_t seconds);
/* Up to the form that the browser will post; posting it; both. */
struct ready asked(struct world *w, const struct guest *guest);
struct page answered(struct world *w, const struct ready *ready);
void sign_in(struct world *w, const struct guest *guest);
int64_t count_of(struct world *w, const char *sql);
int64_t sessions(struct world *w);
int64_t sessions_of(struct world *w, const char *session_index);
/* What the provider says to /slo: by form, by redirect. Each message has a name of its own. */
const char *signed_by(struct world *w, const char *xml, enum forge_owner owner);
struct page post_form(struct world *w, const char *field, const char *xml, const char *relay_state);
const char *said(struct world *w, struct forge_logout_request request);
struct page posted(struct world *w, struct forge_logout_request request);
struct page sent(struct world *w, const char *xml, const char *relay_state);
struct saml_message opened(struct world *w, const struct page *page);
void assert_answered(struct world *w, const struct page *page, bool is_partial);
/* One code for all refusals, the reason in the record, nothing revoked. */
struct sign_in_record last_record(struct world *w);
void assert_refused(struct world *w, const struct page *page, const char *reason);
struct leaver only_person(struct world *w);
