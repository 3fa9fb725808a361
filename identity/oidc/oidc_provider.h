#pragma once
/* What is known about the provider of a connection: its metadata and keys, fetched on first use,
 * fetched again hourly by whoever comes first, kept as last good for a day. No lock is held while
 * fetching, so a slow provider holds up nobody but its own sign-ins. */

#include "identity/connection.h"
#include "identity/oidc/jwt.h"
#include "identity/oidc/oidc.h"
#include "identity/oidc/oidc_metadata.h"

/* UNAVAILABLE "oidc.away" (tried less than 10 s ago), or what fetching said. */
RESULT oidc_provider_metadata(struct scope *scope, struct oidc *oidc,
                              const struct connection *connection, struct oidc_metadata *ret);
/* Header, signature, claims, all by the policy. An unknown key allows one fetch of the key set per
 * connection and 10 s, shared by all who wait. "Could not fetch" is UNAVAILABLE: neither yes nor
 * no. */
RESULT oidc_provider_verify(struct scope *scope, struct oidc *oidc,
                            const struct connection *connection, struct str token,
                            const struct jwt_policy *policy, struct jwt *ret_jwt,
                            struct jwt_claims *ret);
/* Metadata fetched now and kept nowhere: for settings that are not stored yet. */
RESULT oidc_provider_discover(struct scope *scope, const struct connection *connection,
                              struct oidc_metadata *ret);
/* Metadata and keys fetched now, whatever is known: for the administrator's test. */
RESULT oidc_provider_probe(struct scope *scope, struct oidc *oidc,
                           const struct connection *connection, struct oidc_metadata *ret,
                           size_t *ret_keys);
/* A sign-in or refresh that is about to call the provider; more than 8 at a time at one provider
 * are turned away at once: UNAVAILABLE "oidc.busy". Pair with leave. */
RESULT oidc_provider_enter(struct scope *scope, struct oidc *oidc,
                           const struct connection *connection);
void oidc_provider_leave(struct oidc *oidc, struct str connection_id);
