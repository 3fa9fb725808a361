/* The order of what happens to a message: gate, outer signature, decryption, the gate again, inner
 * signature, facts. What the facts must be is saml_check's business. */

#include "identity/saml/saml_verify.h"

#include "base/arena.h"
#include "identity/saml/saml_decrypt.h"
#include "identity/saml/saml_read.h"
#include "identity/saml/saml_redirect.h"
#include "identity/saml/saml_self_test.h"
#include "identity/saml/saml_xml.h"

enum { RELAY_STATE_MAX = 80 };

/* One message on its way. */
struct work {
    struct saml_verifier *verifier;
    const struct saml_trust *trust;
    const struct saml_key_source *source;
    bool has_asked;
    struct saml_decryption_keys keys;
    struct saml_protection protection;
    bool is_oracle; /* a failure from here on may not tell why */
};

result saml_verify_start(struct scope *scope, struct saml_verifier **ret) {
    TRY(saml_signature_start(scope));
    struct saml_verifier *verifier = saml_verifier_new();
    const result tested = saml_self_test(scope, verifier);
    if (!is_ok(tested)) {
        saml_verifier_free(&verifier);
        return tested;
    }
    *ret = verifier;
    return OK_RESULT;
}

void saml_verify_stop(struct saml_verifier **verifier) {
    saml_verifier_free(verifier);
}

static struct saml_gate gate_for(const struct work *work, enum saml_root root) {
    return (struct saml_gate){
        .root = root,
        .is_sha1_allowed = work->trust->is_sha1_allowed,
        .is_cbc_allowed = work->trust->cbc != SAML_CBC_OFF,
    };
}

/* A signature that is there has to be good, whatever the connection asks for. */
static result verify_if_signed(struct scope *scope, struct work *work, xmlNode *element,
                               bool *ret_is_signed) {
    if (saml_xml_child(element, DSIG_NS, "Signature") == NULL) {
        *ret_is_signed = false;
        return OK_RESULT;
    }
    TRY(saml_signature_verify(scope, work->verifier, work->trust, element, &work->protection));
    *ret_is_signed = true;
    return OK_RESULT;
}

static result ask_for_keys(struct scope *scope, struct work *work) {
    if (work->has_asked || work->source == NULL) {
        return OK_RESULT;
    }
    work->has_asked = true;
    TRY(work->source->open(scope, work->source->context, work->keys.pem, &work->keys.count));
    SAML_REQUIRE(scope, work->keys.count <= SAML_DECRYPTION_KEYS_MAX, SAML_DECRYPT);
    return OK_RESULT;
}

static result decrypt(struct scope *scope, struct work *work, const xmlNode *container,
                      enum saml_root root, xmlDoc **ret) {
    struct saml_cipher cipher;
    SAML_REQUIRE(scope, saml_cipher_parts(container, &cipher), SAML_GATE_ELEMENT);
    TRY(ask_for_keys(scope, work));
    const struct saml_gate gate = gate_for(work, root);
    TRY(saml_decrypt(scope, &work->keys, &cipher, &gate, ret));
    if (!work->protection.is_encrypted) {
        work->protection.is_encrypted = true;
        work->protection.data_algorithm =
            str_copy(scope->arena, saml_xml_attribute(cipher.data_method, "Algorithm"));
        work->protection.key_algorithm =
            str_copy(scope->arena, saml_xml_attribute(cipher.key_method, "Algorithm"));
    }
    return OK_RESULT;
}

/* AES-CBC can be changed without the key, and what then goes wrong would tell about the text: only
 * inside what was verified, unless the connection takes the risk; then no failure says why. */
static result check_cbc(struct scope *scope, struct work *work, const xmlNode *container) {
    struct saml_cipher cipher;
    struct saml_cipher_names names;
    SAML_REQUIRE(scope, saml_cipher_parts(container, &cipher) && saml_cipher_names(&cipher, &names),
                 SAML_GATE_ELEMENT);
    if (saml_cipher_is_cbc(names.kind) && !work->protection.is_message_signed) {
        SAML_REQUIRE(scope, work->trust->cbc == SAML_CBC_ALWAYS, SAML_CBC_UNSIGNED);
        work->is_oracle = true;
    }
    return OK_RESULT;
}

static bool needs_signed_message(enum saml_signed must_sign) {
    return must_sign == SAML_SIGNED_RESPONSE || must_sign == SAML_SIGNED_BOTH;
}

static bool needs_signed_assertion(const struct work *work) {
    switch (work->trust->must_sign) {
    case SAML_SIGNED_EITHER: return !work->protection.is_message_signed;
    case SAML_SIGNED_RESPONSE: return false;
    case SAML_SIGNED_ASSERTION:
    case SAML_SIGNED_BOTH:
    case SAML_SIGNED_COUNT: break;
    }
    return true;
}

static const struct saml_verified NOTHING = {NULL};

/* The subject's EncryptedID, below something that has been verified. */
static result open_name_id(struct scope *scope, struct work *work, const xmlNode *parent,
                           xmlDoc **document, struct saml_verified *ret) {
    const xmlNode *encrypted = saml_xml_child(parent, SAML_NS, "EncryptedID");
    *ret = NOTHING;
    if (encrypted == NULL) {
        return OK_RESULT;
    }
    SAML_REQUIRE(scope,
                 saml_xml_next(encrypted) == NULL &&
                     saml_xml_child(parent, SAML_NS, "NameID") == NULL,
                 SAML_NAME_ID);
    TRY(decrypt(scope, work, encrypted, SAML_ROOT_NAME_ID, document));
    *ret = (struct saml_verified){xmlDocGetRootElement(*document)};
    return OK_RESULT;
}

static result take_assertion(struct scope *scope, struct work *work, xmlNode *assertion,
                             struct saml_assertion *ret) {
    bool *is_signed = &work->protection.is_assertion_signed;
    TRY(verify_if_signed(scope, work, assertion, is_signed));
    SAML_REQUIRE(scope, *is_signed || !needs_signed_assertion(work), SAML_UNSIGNED);
    AUTO(saml_gate_close) xmlDoc *opened = NULL;
    struct saml_verified name_id;
    TRY(open_name_id(scope, work, saml_xml_child(assertion, SAML_NS, "Subject"), &opened,
                     &name_id));
    return saml_read_assertion(scope, (struct saml_verified){assertion}, name_id, ret);
}

static result take_encrypted(struct scope *scope, struct work *work, const xmlNode *container,
                             struct saml_assertion *ret) {
    TRY(check_cbc(scope, work, container));
    AUTO(saml_gate_close) xmlDoc *opened = NULL;
    TRY(decrypt(scope, work, container, SAML_ROOT_ASSERTION, &opened));
    const result taken = take_assertion(scope, work, xmlDocGetRootElement(opened), ret);
    return is_ok(taken) || !work->is_oracle ? taken : saml_fail(scope, SAML_DECRYPT);
}

static result take_content(struct scope *scope, struct work *work, xmlNode *root,
                           struct saml_response *response) {
    xmlNode *plain = saml_xml_child(root, SAML_NS, "Assertion");
    const xmlNode *encrypted = saml_xml_child(root, SAML_NS, "EncryptedAssertion");
    response->has_assertion = plain != NULL || encrypted != NULL;
    if (!response->has_assertion) {
        return OK_RESULT;
    }
    /* before a key is asked for */
    SAML_REQUIRE(
        scope, work->protection.is_message_signed || !needs_signed_message(work->trust->must_sign),
        SAML_UNSIGNED);
    return plain != NULL ? take_assertion(scope, work, plain, &response->assertion)
                         : take_encrypted(scope, work, encrypted, &response->assertion);
}

result saml_verify_response(struct scope *scope, struct saml_verifier *verifier,
                            const struct saml_trust *trust, const struct saml_key_source *keys,
                            struct str form_value, struct saml_response *ret) {
    struct work work = {.verifier = verifier, .trust = trust, .source = keys};
    const struct saml_gate gate = gate_for(&work, SAML_ROOT_RESPONSE);
    struct str xml;
    TRY(saml_gate_decode(scope, form_value, &xml));
    AUTO(saml_gate_close) xmlDoc *document = NULL;
    TRY(saml_gate_open(scope, &gate, xml, &document));
    xmlNode *root = xmlDocGetRootElement(document);
    TRY(verify_if_signed(scope, &work, root, &work.protection.is_message_signed));
    struct saml_response *response = NEW(scope->arena, struct saml_response);
    TRY(saml_read_response(scope, (struct saml_hint){root}, response));
    TRY(take_content(scope, &work, root, response));
    response->protection = work.protection;
    *ret = *response;
    return OK_RESULT;
}

struct logout_bytes {
    bool is_request, is_query_signed;
    struct str xml, relay_state;
};

static result open_query(struct scope *scope, struct work *work, struct str query,
                         struct logout_bytes *ret) {
    struct saml_query parts;
    struct str xml;
    TRY(saml_redirect_parse(scope, query, work->trust->is_sha1_allowed, &parts));
    TRY(saml_signature_verify_bytes(scope, work->verifier, work->trust, &parts.given,
                                    &work->protection));
    TRY(saml_redirect_inflate(scope, parts.message, &xml));
    const bool is_usable = parts.relay_state.len <= RELAY_STATE_MAX;
    *ret = (struct logout_bytes){
        .is_request = parts.is_request,
        .is_query_signed = true,
        .xml = xml,
        .relay_state = is_usable ? parts.relay_state : STR(""),
    };
    return OK_RESULT;
}

static result open_input(struct scope *scope, struct work *work,
                         const struct saml_logout_input *input, struct logout_bytes *ret) {
    switch (input->binding) {
    case SAML_REDIRECT: return open_query(scope, work, input->bytes, ret);
    case SAML_POST: {
        struct logout_bytes bytes = {.is_request = input->is_request, .relay_state = STR("")};
        TRY(saml_gate_decode(scope, input->bytes, &bytes.xml));
        *ret = bytes;
        return OK_RESULT;
    }
    case SAML_BINDING_COUNT: break;
    }
    return saml_fail(scope, SAML_BINDING);
}

static result take_logout(struct scope *scope, struct work *work, xmlNode *root,
                          struct saml_logout *ret) {
    AUTO(saml_gate_close) xmlDoc *opened = NULL;
    struct saml_verified name_id;
    TRY(open_name_id(scope, work, root, &opened, &name_id));
    return saml_read_logout(scope, (struct saml_verified){root}, name_id, ret);
}

result saml_verify_logout(struct scope *scope, struct saml_verifier *verifier,
                          const struct saml_trust *trust, const struct saml_key_source *keys,
                          const struct saml_logout_input *input, struct saml_logout *ret) {
    struct work work = {.verifier = verifier, .trust = trust, .source = keys};
    struct logout_bytes bytes = {.is_request = false};
    TRY(open_input(scope, &work, input, &bytes));
    const struct saml_gate gate =
        gate_for(&work, bytes.is_request ? SAML_ROOT_LOGOUT_REQUEST : SAML_ROOT_LOGOUT_RESPONSE);
    AUTO(saml_gate_close) xmlDoc *document = NULL;
    TRY(saml_gate_open(scope, &gate, bytes.xml, &document));
    xmlNode *root = xmlDocGetRootElement(document);
    bool is_signed_inside = false;
    TRY(verify_if_signed(scope, &work, root, &is_signed_inside));
    SAML_REQUIRE(scope, is_signed_inside || bytes.is_query_signed, SAML_UNSIGNED);
    work.protection.is_message_signed = true;
    struct saml_logout *logout = NEW(scope->arena, struct saml_logout);
    TRY(take_logout(scope, &work, root, logout));
    logout->relay_state = bytes.relay_state;
    logout->protection = work.protection;
    *ret = *logout;
    return OK_RESULT;
}
