#pragma once
/* The door to lasso: what we send to a provider, made from fields that were checked before. lasso
 * reads no byte that came from the network: it gets metadata that we wrote (saml_metadata_write.h)
 * and gives a message. Runs in a build child; one thread for each process, because lasso writes to
 * its objects while it uses them. */

#include "identity/saml/saml_jail.h"

enum { SAML_SERVERS_MAX = 256 }; /* kept lasso servers, 26 KB each; the one used last stays */

struct saml_builder; /* of the process: the kept servers */

/* Once in a process that makes no TLS calls of its own, before the filter closes it (the keeper may
 * call it and fork: children inherit a library that is warm). Changes the environment of the
 * process: LASSO_FLAG, which can switch checks off, goes; TZ is UTC; OpenSSL's CA bundle, which
 * lasso would read for each key, is empty. Then makes a message with a key of its own and verifies
 * it: INTERNAL "saml.build". Takes the time of making an RSA key. */
RESULT saml_build_start(struct scope *scope, struct saml_builder **ret);
void saml_build_stop(struct saml_builder **builder);
/* What the start asks: a message made with a key of its own has to verify. */
RESULT saml_build_self_test(struct scope *scope, struct saml_builder *builder);

/* All: INTERNAL "saml.build" for whatever goes wrong. RSA with SHA-256; ids, times and addresses
 * are those given, never lasso's own. */
RESULT saml_build_authn_request(struct scope *scope, struct saml_builder *builder,
                                const struct saml_party *party,
                                const struct saml_authn_request *request,
                                struct saml_outgoing *ret);
RESULT saml_build_logout_request(struct scope *scope, struct saml_builder *builder,
                                 const struct saml_party *party,
                                 const struct saml_logout_request *request,
                                 struct saml_outgoing *ret);
/* Goes to the provider's response location, where it has one. */
RESULT saml_build_logout_response(struct scope *scope, struct saml_builder *builder,
                                  const struct saml_party *party,
                                  const struct saml_logout_response *response,
                                  struct saml_outgoing *ret);
