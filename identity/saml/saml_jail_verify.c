/* The verify child: what a provider sent, to facts. */
#include "base/arena.h"
#include "identity/saml/saml_jail_child.h"
#include "identity/saml/saml_metadata_read.h"
#include "identity/saml/saml_verify.h"

static void pack_trust(struct pack *pack, void *trust) {
    saml_pack_trust(pack, trust);
}

static void pack_keys(struct pack *pack, void *keys) {
    saml_pack_keys(pack, keys);
}

static void pack_logout_input(struct pack *pack, void *input) {
    saml_pack_logout_input(pack, input);
}

static void pack_metadata_input(struct pack *pack, void *input) {
    saml_pack_metadata_input(pack, input);
}

static void pack_response(struct pack *pack, void *facts) {
    saml_pack_response(pack, facts);
}

static void pack_logout(struct pack *pack, void *facts) {
    saml_pack_logout(pack, facts);
}

static void pack_idp(struct pack *pack, void *facts) {
    saml_pack_idp(pack, facts);
}

/* The server opens the sealed keys only now. An empty reply: it could not, and says so itself. */
static result ask_for_keys(struct scope *scope, void *context, struct secret ret_keys[2],
                           size_t *ret_count) {
    const struct jail_message question = {.kind = JAIL_QUESTION};
    struct jail_message reply;
    struct saml_keys keys = {.count = 0};
    TRY(jail_question(scope, context, &question, &reply));
    SAML_REQUIRE(scope, reply.has[SAML_TAG_KEYS], SAML_DECRYPT);
    TRY(saml_child_read(scope, &reply, SAML_TAG_KEYS, pack_keys, &keys));
    for (size_t i = 0; i < keys.count; i++) {
        ret_keys[i] = keys.keys[i];
    }
    *ret_count = keys.count;
    return OK_RESULT;
}

static result on_response(struct scope *scope, struct saml_verifier *verifier, struct jail_ask *ask,
                          const struct jail_message *request, struct jail_message *ret) {
    const struct saml_key_source keys = {ask_for_keys, ask};
    struct saml_trust trust = {.certificate_count = 0};
    struct saml_response *facts = NEW(scope->arena, struct saml_response);
    struct str value;
    TRY(saml_child_read(scope, request, SAML_TAG_TRUST, pack_trust, &trust));
    TRY(saml_child_bytes(scope, request, &value));
    const result handled = saml_verify_response(scope, verifier, &trust, &keys, value, facts);
    return saml_child_say(scope, handled, pack_response, facts, SAML_GATE_VOLUME, ret);
}

static result on_logout(struct scope *scope, struct saml_verifier *verifier, struct jail_ask *ask,
                        const struct jail_message *request, struct jail_message *ret) {
    const struct saml_key_source keys = {ask_for_keys, ask};
    struct saml_trust trust = {.certificate_count = 0};
    struct saml_logout_input input = {.is_request = false};
    struct saml_logout *facts = NEW(scope->arena, struct saml_logout);
    TRY(saml_child_read(scope, request, SAML_TAG_TRUST, pack_trust, &trust));
    TRY(saml_child_read(scope, request, SAML_TAG_INPUT, pack_logout_input, &input));
    TRY(saml_child_bytes(scope, request, &input.bytes));
    const result handled = saml_verify_logout(scope, verifier, &trust, &keys, &input, facts);
    return saml_child_say(scope, handled, pack_logout, facts, SAML_GATE_VOLUME, ret);
}

static result on_metadata(struct scope *scope, struct saml_verifier *verifier,
                          const struct jail_message *request, struct jail_message *ret) {
    struct saml_metadata_input input = {.now_us = 0};
    struct saml_idp *facts = NEW(scope->arena, struct saml_idp);
    TRY(saml_child_read(scope, request, SAML_TAG_INPUT, pack_metadata_input, &input));
    TRY(saml_child_bytes(scope, request, &input.xml));
    const result handled = saml_metadata_read(scope, verifier, &input, facts);
    return saml_child_say(scope, handled, pack_idp, facts, SAML_METADATA_XML, ret);
}

result saml_child_verify(struct scope *scope, void *state, struct jail_ask *ask,
                         const struct jail_message *request, struct jail_message *ret) {
    if (request->kind == SAML_KIND_RESPONSE) {
        return on_response(scope, state, ask, request, ret);
    }
    if (request->kind == SAML_KIND_LOGOUT) {
        return on_logout(scope, state, ask, request, ret);
    }
    REQUIRE(scope, request->kind == SAML_KIND_METADATA, INVALID, "jail.frame");
    return on_metadata(scope, state, request, ret);
}
