#include "identity/saml/saml_build.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/xml/saml-2.0/saml2_authn_statement.h>
#include <lasso/xml/saml-2.0/saml2_strings.h>
#include <lasso/xml/saml-2.0/samlp2_authn_request.h>
#include <lasso/xml/saml-2.0/samlp2_logout_request.h>
#include <lasso/xml/saml-2.0/samlp2_logout_response.h>
#include <lasso/xml/saml-2.0/samlp2_name_id_policy.h>
#include <lasso/xml/saml-2.0/samlp2_requested_authn_context.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/time_text.h"
#include "identity/saml/saml_metadata_write.h"
#include "identity/saml/saml_reason.h"

/* lasso's server object of one connection, and what it was made of. */
struct kept {
    LassoServer *server;
    char fingerprint[SHA256_BYTES];
    int64_t used; /* place in the order of uses */
};

struct saml_builder {
    int64_t uses;
    size_t count;
    struct kept kept[SAML_SERVERS_MAX];
};

static void close_server(LassoServer **server) {
    LassoServer *old = *server;
    *server = NULL;
    if (old == NULL) {
        return;
    }
    if (old->private_key != NULL) { /* lasso frees it as it is */
        explicit_bzero(old->private_key, strlen(old->private_key));
    }
    g_object_unref(old);
}

static void close_login(LassoLogin **login) {
    g_clear_object(login);
}

static void close_logout(LassoLogout **logout) {
    g_clear_object(logout);
}

static void replace(char **field, struct str value) {
    g_free(*field);
    *field = value.len == 0 ? NULL : g_strndup(value.at, value.len);
}

/* "2026-01-02T03:04:05Z": some readers know no fractions. */
static struct str instant(struct scope *scope, int64_t us) {
    const struct str text = time_format(scope->arena, us);
    return str_format(scope->arena, "%.*sZ", (int) (sizeof "2026-01-02T03:04:05" - 1), text.at);
}

static LassoHttpMethod method_of(enum saml_binding binding) {
    return binding == SAML_POST ? LASSO_HTTP_METHOD_POST : LASSO_HTTP_METHOD_REDIRECT;
}

/* All that goes into a server object, each part with its length. The version alone would do, were
 * it raised by every change of a key. */
static struct str fingerprint_of(struct scope *scope, const struct saml_party *party) {
    const struct str parts[] = {
        party->connection_id,   party->sp_metadata,
        party->key.key_pem,     party->key.certificate_pem,
        party->idp_entity_id,   party->sign_on.location,
        party->logout.location, party->logout.response_location,
    };
    enum { PARTS = sizeof parts / sizeof *parts };
    size_t len = 0;
    for (size_t i = 0; i < PARTS; i++) {
        len += parts[i].len;
    }
    struct strbuf all = strbuf_begin(scope->arena, len + 32 * (PARTS + 1));
    strbuf_add_number(&all, party->version);
    strbuf_add_byte(&all, (char) ('0' + (int) party->sign_on.binding));
    strbuf_add_byte(&all, (char) ('0' + (int) party->logout.binding));
    for (size_t i = 0; i < PARTS; i++) {
        strbuf_add_number(&all, (int64_t) parts[i].len);
        strbuf_add_byte(&all, ':');
        strbuf_add(&all, parts[i]);
    }
    return sha256(scope->arena, strbuf_str(&all));
}

static result make_server(struct scope *scope, const struct saml_party *party, LassoServer **ret) {
    struct str provider;
    const char *ours = NULL;
    const char *theirs = NULL;
    const char *key = NULL;
    const char *certificate = NULL;
    TRY(saml_metadata_write_provider(scope, party, &provider));
    TRY(str_to_c(scope, party->sp_metadata, &ours));
    TRY(str_to_c(scope, provider, &theirs));
    TRY(str_to_c(scope, party->key.key_pem, &key));
    TRY(str_to_c(scope, party->key.certificate_pem, &certificate));
    AUTO(close_server)
    LassoServer *server = lasso_server_new_from_buffers(ours, key, NULL, certificate);
    SAML_REQUIRE(scope, server != NULL, SAML_BUILD);
    server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256; /* else SHA-1 */
    /* No key and no CA chain of theirs: lasso has nothing to trust. */
    SAML_REQUIRE(scope,
                 lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, theirs,
                                                       NULL, NULL) == 0,
                 SAML_BUILD);
    *ret = server;
    server = NULL;
    return OK_RESULT;
}

/* A free place, or that of the server which nobody has used for longest. */
static struct kept *place_for(struct saml_builder *builder) {
    if (builder->count < SAML_SERVERS_MAX) {
        return &builder->kept[builder->count++];
    }
    struct kept *oldest = &builder->kept[0];
    for (size_t i = 1; i < builder->count; i++) {
        oldest = builder->kept[i].used < oldest->used ? &builder->kept[i] : oldest;
    }
    close_server(&oldest->server);
    return oldest;
}

static result server_for(struct scope *scope, struct saml_builder *builder,
                         const struct saml_party *party, LassoServer **ret) {
    const struct str fingerprint = fingerprint_of(scope, party);
    builder->uses++;
    for (size_t i = 0; i < builder->count; i++) {
        struct kept *kept = &builder->kept[i];
        if (str_eq((struct str){kept->fingerprint, SHA256_BYTES}, fingerprint)) {
            kept->used = builder->uses;
            *ret = kept->server;
            return OK_RESULT;
        }
    }
    LassoServer *server = NULL;
    TRY(make_server(scope, party, &server));
    struct kept *kept = place_for(builder);
    kept->server = server;
    kept->used = builder->uses;
    memcpy(kept->fingerprint, fingerprint.at, SHA256_BYTES);
    *ret = server;
    return OK_RESULT;
}

static result outgoing_of(struct scope *scope, const LassoProfile *profile,
                          enum saml_binding binding, const char *field, struct str relay_state,
                          struct saml_outgoing *ret) {
    struct saml_outgoing outgoing = {.binding = binding, .relay_state = relay_state};
    SAML_REQUIRE(scope, profile->msg_url != NULL, SAML_BUILD);
    outgoing.url = str_copy(scope->arena, str_from_c(profile->msg_url));
    if (binding == SAML_POST) {
        SAML_REQUIRE(scope, profile->msg_body != NULL, SAML_BUILD);
        outgoing.field = str_from_c(field);
        outgoing.value = str_copy(scope->arena, str_from_c(profile->msg_body));
    }
    *ret = outgoing;
    return OK_RESULT;
}

static void fill_abstract(struct scope *scope, LassoSamlp2RequestAbstract *request, struct str id,
                          int64_t issue_instant_us) {
    replace(&request->ID, id);
    replace(&request->IssueInstant, instant(scope, issue_instant_us));
}

static void ask_for_contexts(LassoSamlp2AuthnRequest *message,
                             const struct saml_authn_request *request) {
    LassoSamlp2RequestedAuthnContext *asked =
        LASSO_SAMLP2_REQUESTED_AUTHN_CONTEXT(lasso_samlp2_requested_authn_context_new());
    replace(&asked->Comparison, STR("exact"));
    for (size_t i = 0; i < request->class_ref_count; i++) {
        const struct str class_ref = request->class_refs[i];
        asked->AuthnContextClassRef =
            g_list_append(asked->AuthnContextClassRef, g_strndup(class_ref.at, class_ref.len));
    }
    g_clear_object(&message->RequestedAuthnContext);
    message->RequestedAuthnContext = asked;
}

static void fill_authn_request(struct scope *scope, LassoSamlp2AuthnRequest *message,
                               const struct saml_authn_request *request) {
    fill_abstract(scope, &message->parent, request->id, request->issue_instant_us);
    replace(&message->ProtocolBinding, STR(LASSO_SAML2_METADATA_BINDING_POST));
    replace(&message->AssertionConsumerServiceURL, request->acs_url);
    message->ForceAuthn = request->is_forced;
    message->IsPassive = request->is_passive;
    if (request->name_id_format.len == 0) {
        g_clear_object(&message->NameIDPolicy); /* lasso asks for a transient one */
    } else {
        if (message->NameIDPolicy == NULL) {
            message->NameIDPolicy = LASSO_SAMLP2_NAME_ID_POLICY(lasso_samlp2_name_id_policy_new());
        }
        replace(&message->NameIDPolicy->Format, request->name_id_format);
        replace(&message->NameIDPolicy->SPNameQualifier, STR(""));
        message->NameIDPolicy->AllowCreate = true;
    }
    if (request->class_ref_count > 0) {
        ask_for_contexts(message, request);
    }
}

result saml_build_authn_request(struct scope *scope, struct saml_builder *builder,
                                const struct saml_party *party,
                                const struct saml_authn_request *request,
                                struct saml_outgoing *ret) {
    SAML_REQUIRE(scope, request->binding == party->sign_on.binding, SAML_BUILD);
    LassoServer *server = NULL;
    const char *provider = NULL;
    TRY(server_for(scope, builder, party, &server));
    TRY(str_to_c(scope, party->idp_entity_id, &provider));
    AUTO(close_login) LassoLogin *login = lasso_login_new(server);
    SAML_REQUIRE(scope, login != NULL, SAML_BUILD);
    SAML_REQUIRE(scope,
                 lasso_login_init_authn_request(login, provider, method_of(request->binding)) ==
                         0 &&
                     LASSO_IS_SAMLP2_AUTHN_REQUEST(LASSO_PROFILE(login)->request),
                 SAML_BUILD);
    fill_authn_request(scope, LASSO_SAMLP2_AUTHN_REQUEST(LASSO_PROFILE(login)->request), request);
    replace(&LASSO_PROFILE(login)->msg_relayState, request->relay_state);
    lasso_profile_set_signature_hint(LASSO_PROFILE(login),
                                     request->is_signed ? LASSO_PROFILE_SIGNATURE_HINT_FORCE
                                                        : LASSO_PROFILE_SIGNATURE_HINT_FORBID);
    SAML_REQUIRE(scope, lasso_login_build_authn_request_msg(login) == 0, SAML_BUILD);
    return outgoing_of(scope, LASSO_PROFILE(login), request->binding, "SAMLRequest",
                       request->relay_state, ret);
}

static LassoSaml2NameID *name_id_of(const struct saml_name_id *name_id) {
    LassoSaml2NameID *made = LASSO_SAML2_NAME_ID(lasso_saml2_name_id_new());
    replace(&made->content, name_id->value);
    replace(&made->Format, name_id->format);
    replace(&made->NameQualifier, name_id->name_qualifier);
    replace(&made->SPNameQualifier, name_id->sp_name_qualifier);
    return made;
}

/* lasso takes whom to log out from a session, and the session from an assertion. Ours holds what
 * lasso looks at and nothing that came over the network. */
static LassoSession *session_of(const struct saml_logout_request *request, const char *provider) {
    LassoSaml2Assertion *assertion = LASSO_SAML2_ASSERTION(lasso_saml2_assertion_new());
    replace(&assertion->ID, request->id);
    assertion->Issuer =
        LASSO_SAML2_NAME_ID(lasso_saml2_name_id_new_with_string((char *) (uintptr_t) provider));
    assertion->Subject = LASSO_SAML2_SUBJECT(lasso_saml2_subject_new());
    assertion->Subject->NameID = name_id_of(&request->name_id);
    /* Without a statement the session would know nobody; its index is replaced afterwards. */
    LassoSaml2AuthnStatement *statement =
        LASSO_SAML2_AUTHN_STATEMENT(lasso_saml2_authn_statement_new());
    replace(&statement->SessionIndex, request->id);
    assertion->AuthnStatement = g_list_append(NULL, statement);
    LassoSession *session = lasso_session_new();
    const int failed = lasso_session_add_assertion(session, provider, LASSO_NODE(assertion));
    assert(failed == 0);
    g_object_unref(assertion);
    return session;
}

static void fill_logout_request(struct scope *scope, LassoSamlp2LogoutRequest *message,
                                const struct saml_logout_request *request) {
    fill_abstract(scope, &message->parent, request->id, request->issue_instant_us);
    replace(&message->NotOnOrAfter, instant(scope, request->not_on_or_after_us));
    g_clear_object(&message->NameID);
    message->NameID = name_id_of(&request->name_id);
    GList *indexes = NULL;
    for (size_t i = 0; i < request->session_index_count; i++) {
        const struct str index = request->session_indexes[i];
        indexes = g_list_append(indexes, g_strndup(index.at, index.len));
    }
    lasso_samlp2_logout_request_set_session_indexes(message, indexes); /* copies */
    g_list_free_full(indexes, g_free);
}

static result open_logout(struct scope *scope, struct saml_builder *builder,
                          const struct saml_party *party, enum saml_binding binding,
                          LassoLogout **ret) {
    SAML_REQUIRE(scope, party->logout.location.len > 0 && party->logout.binding == binding,
                 SAML_BUILD);
    LassoServer *server = NULL;
    TRY(server_for(scope, builder, party, &server));
    LassoLogout *logout = lasso_logout_new(server);
    SAML_REQUIRE(scope, logout != NULL, SAML_BUILD);
    lasso_profile_set_signature_hint(LASSO_PROFILE(logout), LASSO_PROFILE_SIGNATURE_HINT_FORCE);
    *ret = logout;
    return OK_RESULT;
}

result saml_build_logout_request(struct scope *scope, struct saml_builder *builder,
                                 const struct saml_party *party,
                                 const struct saml_logout_request *request,
                                 struct saml_outgoing *ret) {
    const char *provider = NULL;
    TRY(str_to_c(scope, party->idp_entity_id, &provider));
    AUTO(close_logout) LassoLogout *logout = NULL;
    TRY(open_logout(scope, builder, party, request->binding, &logout));
    LassoProfile *profile = LASSO_PROFILE(logout);
    profile->session = session_of(request, provider);
    SAML_REQUIRE(scope,
                 lasso_logout_init_request(logout, (char *) (uintptr_t) provider,
                                           method_of(request->binding)) == 0 &&
                     LASSO_IS_SAMLP2_LOGOUT_REQUEST(profile->request),
                 SAML_BUILD);
    fill_logout_request(scope, LASSO_SAMLP2_LOGOUT_REQUEST(profile->request), request);
    replace(&profile->msg_relayState, request->relay_state);
    SAML_REQUIRE(scope, lasso_logout_build_request_msg(logout) == 0, SAML_BUILD);
    return outgoing_of(scope, profile, request->binding, "SAMLRequest", request->relay_state, ret);
}

static LassoSamlp2StatusCode *status_code(const char *value) {
    LassoSamlp2StatusCode *code = LASSO_SAMLP2_STATUS_CODE(lasso_samlp2_status_code_new());
    code->Value = g_strdup(value);
    return code;
}

static LassoNode *response_of(struct scope *scope, const LassoServer *server,
                              const struct saml_logout_response *response) {
    LassoNode *node = lasso_samlp2_logout_response_new();
    LassoSamlp2StatusResponse *message = LASSO_SAMLP2_STATUS_RESPONSE(node);
    replace(&message->ID, response->id);
    replace(&message->Version, STR("2.0"));
    replace(&message->IssueInstant, instant(scope, response->issue_instant_us));
    replace(&message->InResponseTo, response->in_response_to);
    message->Issuer =
        LASSO_SAML2_NAME_ID(lasso_saml2_name_id_new_with_string(server->parent.ProviderID));
    message->Status = LASSO_SAMLP2_STATUS(lasso_samlp2_status_new());
    message->Status->StatusCode = status_code(LASSO_SAML2_STATUS_CODE_SUCCESS);
    if (response->is_partial) {
        message->Status->StatusCode->StatusCode =
            status_code(LASSO_SAML2_STATUS_CODE_PARTIAL_LOGOUT);
    }
    return node;
}

result saml_build_logout_response(struct scope *scope, struct saml_builder *builder,
                                  const struct saml_party *party,
                                  const struct saml_logout_response *response,
                                  struct saml_outgoing *ret) {
    AUTO(close_logout) LassoLogout *logout = NULL;
    TRY(open_logout(scope, builder, party, response->binding, &logout));
    LassoProfile *profile = LASSO_PROFILE(logout);
    replace(&profile->remote_providerID, party->idp_entity_id);
    replace(&profile->msg_relayState, response->relay_state);
    profile->response = response_of(scope, profile->server, response);
    logout->initial_http_request_method = method_of(response->binding);
    SAML_REQUIRE(scope, lasso_logout_build_response_msg(logout) == 0, SAML_BUILD);
    return outgoing_of(scope, profile, response->binding, "SAMLResponse", response->relay_state,
                       ret);
}

static void discard(const gchar *domain, GLogLevelFlags level, const gchar *message,
                    gpointer data) {
    (void) domain;
    (void) level;
    (void) message;
    (void) data;
}

static void forget_servers(struct saml_builder *builder) {
    while (builder->count > 0) {
        close_server(&builder->kept[--builder->count].server);
    }
}

result saml_build_start(struct scope *scope, struct saml_builder **ret) {
    SAML_REQUIRE(scope,
                 unsetenv("LASSO_FLAG") == 0 && setenv("TZ", "UTC", 1) == 0 &&
                     setenv("SSL_CERT_FILE", "/dev/null", 1) == 0 &&
                     setenv("SSL_CERT_DIR", "/nonexistent", 1) == 0,
                 SAML_BUILD);
    (void) g_log_set_default_handler(discard, NULL); /* it would print messages and keys */
    SAML_REQUIRE(scope, lasso_init() == 0, SAML_BUILD);
    AUTO(saml_build_stop) struct saml_builder *builder = calloc(1, sizeof *builder);
    assert(builder != NULL);
    TRY(saml_build_self_test(scope, builder));
    forget_servers(builder);
    *ret = builder;
    builder = NULL;
    return OK_RESULT;
}

void saml_build_stop(struct saml_builder **builder) {
    struct saml_builder *old = *builder;
    *builder = NULL;
    if (old != NULL) {
        forget_servers(old);
        free(old);
    }
}
