#pragma once
/* A provider's address that answers what the test says, and a reader that takes documents of one
 * line, "entity|sign-on URL|key,key|life in seconds", so that a test says what a document says. */

#include "base/http_client.h"
#include "base/job.h"
#include "base/mail.h"
#include "identity/saml/saml_provider.h"
#include "tests/identity/known.h"

#define IDP_URL "https://idp.example/metadata"

struct idp_stub {
    struct http_client client; /* first */
    int status, calls;
    const char *body, *etag;
    const char *failure; /* a reason of the HTTP client instead of an answer */
    enum code failure_code;
    struct str seen_etag, seen_url, seen_ca;
    size_t seen_limit;
};

struct kept_mail {
    struct mailer mailer; /* first */
    int count;
    const char *failure;
    enum code failure_code;
    struct str to[8], subject[8], text[8];
};

struct idp_world {
    struct database *d;
    struct idp_stub idp;
    struct kept_mail mail;
    struct company company;
    struct actor admin;
    struct connection_change change;
    struct saml_reader reader;
    int64_t made_us; /* certificates: "name:days" lives so many days from then */
    struct str connection_id;
};

/* A company with a connection that was imported from IDP_URL with this document. */
struct idp_world *idp_world_open(struct database *d, const char *body);
struct saml_provider idp_provider(struct idp_world *w);
/* Runs whatever jobs are due. Gives how many there were. */
int idp_run_jobs(struct idp_world *w);
/* Time passes until the provider is due, and the job has looked. */
void idp_refresh_when_due(struct idp_world *w);
