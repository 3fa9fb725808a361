#pragma once
/* The jail of saml_jail.h from its start to its end: made by the gateway, or in-process by tests.
 */

#include "base/jail.h"
#include "identity/saml/saml_frame.h"

/* What the children do: the table for the server's own keepers (jail_keeper_main in main). */
extern const struct jail_roles SAML_JAIL_ROLES;

struct saml_jail_settings {
    const struct env *env;
    const struct jail_roles *roles; /* SAML_JAIL_ROLES; tests have their own */
    const char *program;            /* whose binary the keepers are: base/jail.h */
    size_t children[SAML_ROLE_COUNT];
    size_t waiting[SAML_ROLE_COUNT]; /* 0: four for each child */
    unsigned messages;               /* after so many a child is replaced */
    void (*on_death)(void *context, size_t role, enum jail_outcome cause); /* any thread */
    void *context;
};

/* Starts and does not wait. UNAVAILABLE "jail.start". */
RESULT saml_jail_new(struct scope *scope, const struct saml_jail_settings *settings,
                     struct saml_jail **ret);
/* The same doors with the same frames, but the work is done in the caller's thread. */
struct saml_jail *saml_jail_new_local(const struct jail_roles *roles);
/* When no call is under way. */
void saml_jail_free(struct saml_jail **jail);

void saml_jail_stats(struct saml_jail *jail, enum saml_role role, struct jail_stats *ret);
/* What a struct saml_reader calls (saml_provider.h): `jail` is a struct saml_jail. */
result saml_jail_read(struct scope *scope, void *jail, const struct saml_metadata_input *input,
                      struct saml_idp *ret);
/* One empty message through a child of the role: does it work here? As the doors fail. */
RESULT saml_jail_ping(struct scope *scope, struct saml_jail *jail, enum saml_role role);
