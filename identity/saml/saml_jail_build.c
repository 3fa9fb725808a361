/* The build child: what we send, from checked fields. */
#include "base/arena.h"
#include "identity/saml/saml_build.h"
#include "identity/saml/saml_jail_child.h"

static void pack_party(struct pack *pack, void *party) {
    saml_pack_party(pack, party);
}

static void pack_authn_request(struct pack *pack, void *request) {
    saml_pack_authn_request(pack, request);
}

static void pack_logout_request(struct pack *pack, void *request) {
    saml_pack_logout_request(pack, request);
}

static void pack_logout_response(struct pack *pack, void *response) {
    saml_pack_logout_response(pack, response);
}

static void pack_outgoing(struct pack *pack, void *outgoing) {
    saml_pack_outgoing(pack, outgoing);
}

/* Its own result: whether the message was made. What cannot be read ends the child. */
struct built {
    result handled;
    struct saml_outgoing outgoing;
};

static result on_authn_request(struct scope *scope, struct saml_builder *builder,
                               const struct saml_party *party, const struct jail_message *request,
                               struct built *ret) {
    struct saml_authn_request input = {.is_signed = false};
    TRY(saml_child_read(scope, request, SAML_TAG_INPUT, pack_authn_request, &input));
    ret->handled = saml_build_authn_request(scope, builder, party, &input, &ret->outgoing);
    return OK_RESULT;
}

static result on_logout_request(struct scope *scope, struct saml_builder *builder,
                                const struct saml_party *party, const struct jail_message *request,
                                struct built *ret) {
    struct saml_logout_request input = {.issue_instant_us = 0};
    TRY(saml_child_read(scope, request, SAML_TAG_INPUT, pack_logout_request, &input));
    ret->handled = saml_build_logout_request(scope, builder, party, &input, &ret->outgoing);
    return OK_RESULT;
}

static result on_logout_response(struct scope *scope, struct saml_builder *builder,
                                 const struct saml_party *party, const struct jail_message *request,
                                 struct built *ret) {
    struct saml_logout_response input = {.issue_instant_us = 0};
    TRY(saml_child_read(scope, request, SAML_TAG_INPUT, pack_logout_response, &input));
    ret->handled = saml_build_logout_response(scope, builder, party, &input, &ret->outgoing);
    return OK_RESULT;
}

result saml_child_build(struct scope *scope, void *state, struct jail_ask *ask,
                        const struct jail_message *request, struct jail_message *ret) {
    struct saml_party party = {.version = 0};
    struct built built = {.handled = OK_RESULT};
    (void) ask;
    TRY(saml_child_read(scope, request, SAML_TAG_PARTY, pack_party, &party));
    if (request->kind == SAML_KIND_AUTHN_REQUEST) {
        TRY(on_authn_request(scope, state, &party, request, &built));
    } else if (request->kind == SAML_KIND_LOGOUT_REQUEST) {
        TRY(on_logout_request(scope, state, &party, request, &built));
    } else {
        REQUIRE(scope, request->kind == SAML_KIND_LOGOUT_RESPONSE, INVALID, "jail.frame");
        TRY(on_logout_response(scope, state, &party, request, &built));
    }
    return saml_child_say(scope, built.handled, pack_outgoing, &built.outgoing, SAML_BUILD, ret);
}
