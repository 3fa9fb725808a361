#include "tests/bench/saml_peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <lasso/lasso.h>

#include "base/arena.h"
#include "base/x509.h"
#include "identity/saml/saml_gate.h"
#include "identity/saml/saml_metadata_write.h"
#include "identity/saml/saml_read.h"
#include "identity/saml/saml_xml.h"

struct saml_peer {
    LassoServer *server;
};

static const char *c_text(struct scope *scope, struct str text) {
    return forge_text(scope->arena, "%.*s", STR_ARG(text));
}

static LassoServer *make_server(struct scope *scope, const struct forge *forge) {
    struct str ours;
    const struct str certificate = forge_key(FORGE_SP)->certificate;
    const struct saml_service service = {.entity_id = str_from_c(forge->sp),
                                         .acs_url = str_from_c(forge->acs),
                                         .slo_url = str_from_c(forge->slo),
                                         .signing_count = 1,
                                         .signing = {certificate},
                                         .encryption_count = 1,
                                         .encryption = {certificate}};
    if (!is_ok(saml_metadata_write_service(scope, &service, &ours))) {
        return NULL;
    }
    const char *key = c_text(scope, forge_private_pem(scope->arena, FORGE_SP));
    const char *theirs =
        forge_done(scope->arena, forge_metadata(forge, &(struct forge_metadata){0}));
    LassoServer *server = lasso_server_new_from_buffers(
        c_text(scope, ours), key, NULL, c_text(scope, x509_to_pem(scope->arena, certificate)));
    if (server == NULL || lasso_server_set_encryption_private_key(server, key) != 0 ||
        lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, theirs, NULL,
                                              NULL) != 0) {
        return NULL;
    }
    return server;
}

struct saml_peer *saml_peer_new(struct scope *scope, const struct forge *forge) {
    (void) unsetenv("LASSO_FLAG");
    (void) setenv("TZ", "UTC", 1);
    (void) setenv("SSL_CERT_FILE", "/dev/null", 1);
    (void) setenv("SSL_CERT_DIR", "/nonexistent", 1);
    struct saml_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL || lasso_init() != 0) {
        free(peer);
        return NULL;
    }
    peer->server = make_server(scope, forge);
    if (peer->server == NULL) {
        (void) fprintf(stderr, "saml: lasso makes no server object\n");
        free(peer);
        return NULL;
    }
    return peer;
}

void saml_peer_free(struct saml_peer **peer) {
    if (*peer != NULL) {
        g_object_unref((*peer)->server);
        free(*peer);
        *peer = NULL;
    }
}

static bool lasso_accepts(struct saml_peer *peer, const char *form_text) {
    LassoLogin *login = lasso_login_new(peer->server);
    const int processed =
        lasso_login_process_authn_response_msg(login, (char *) (uintptr_t) form_text);
    const int accepted = processed == 0 ? lasso_login_accept_sso(login) : processed;
    if (accepted != 0) {
        (void) fprintf(stderr, "saml: lasso: %s\n", lasso_strerror(accepted));
    }
    g_object_unref(login);
    return accepted == 0;
}

static bool has_good_facts(struct scope *scope, const xmlDoc *message, const xmlDoc *assertion,
                           const struct saml_want *want) {
    struct saml_response *facts = NEW(scope->arena, struct saml_response);
    struct saml_finding finding;
    const xmlNode *root = xmlDocGetRootElement(message);
    const xmlNode *inner = xmlDocGetRootElement(assertion);
    const struct saml_verified node = {saml_xml_is(inner, SAML_NS, "Assertion")
                                           ? inner
                                           : saml_xml_child(inner, SAML_NS, "Assertion")};
    if (!is_ok(saml_read_response(scope, (struct saml_hint){root}, facts))) {
        return false;
    }
    facts->has_assertion = true;
    return is_ok(
               saml_read_assertion(scope, node, (struct saml_verified){NULL}, &facts->assertion)) &&
           is_ok(saml_check(scope, facts, want, &finding));
}

bool saml_peer_accepts(struct scope *scope, struct saml_peer *peer, struct str form_value,
                       const char *form_text, struct str plain, const struct saml_want *want) {
    const struct saml_gate gate = {.root = SAML_ROOT_RESPONSE};
    const struct saml_gate inner = {.root = SAML_ROOT_ASSERTION};
    struct str xml;
    AUTO(saml_gate_close) xmlDoc *message = NULL;
    AUTO(saml_gate_close) xmlDoc *assertion = NULL;
    if (!is_ok(saml_gate_decode(scope, form_value, &xml)) ||
        !is_ok(saml_gate_open(scope, &gate, xml, &message)) || !lasso_accepts(peer, form_text)) {
        return false;
    }
    if (plain.len == 0) {
        return has_good_facts(scope, message, message, want);
    }
    return is_ok(saml_gate_open(scope, &inner, plain, &assertion)) &&
           has_good_facts(scope, message, assertion, want);
}
