#include "identity/saml/saml_metadata_read.h"

#include <assert.h>

#include "base/arena.h"
#include "base/public_key.h"
#include "base/time_text.h"
#include "base/url.h"
#include "identity/saml/saml_duration.h"
#include "identity/saml/saml_signature.h"
#include "identity/saml/saml_xml.h"

enum { ENTITY_ID_MAX = 1024 };

#define BINDING(name) STR_INIT("urn:oasis:names:tc:SAML:2.0:bindings:" name)

static const struct str BINDINGS[SAML_BINDING_COUNT] = {
    [SAML_REDIRECT] = BINDING("HTTP-Redirect"),
    [SAML_POST] = BINDING("HTTP-POST"),
};

/* A pinned signer vouches for the root and all that is below it. */
static result check_signer(struct scope *scope, struct saml_verifier *verifier,
                           const struct saml_metadata_input *input, xmlNode *root) {
    if (input->signer_der.len == 0) {
        return OK_RESULT;
    }
    const struct saml_gate gate = {.root = SAML_ROOT_METADATA};
    const struct saml_trust trust = {.certificate_count = 1, .certificates = &input->signer_der};
    struct saml_protection protection = {.certificate = 0};
    const xmlNode *signature = saml_xml_child(root, DSIG_NS, "Signature");
    SAML_REQUIRE(scope,
                 signature != NULL && is_ok(saml_gate_signature(scope, &gate, signature)) &&
                     is_ok(saml_signature_verify(scope, verifier, &trust, root, &protection)),
                 SAML_METADATA_SIGNATURE);
    return OK_RESULT;
}

static bool speaks_saml2(const xmlNode *role) {
    struct str list = saml_xml_attribute(role, "protocolSupportEnumeration");
    while (list.len > 0) {
        struct str name;
        list = str_split(list, ' ', &name);
        if (str_eq(name, STR(SAMLP_NS))) {
            return true;
        }
    }
    return false;
}

static size_t count_roles(const xmlNode *entity, const xmlNode **ret_last) {
    size_t count = 0;
    for (const xmlNode *role = saml_xml_child(entity, METADATA_NS, "IDPSSODescriptor");
         role != NULL; role = saml_xml_next(role)) {
        if (speaks_saml2(role)) {
            *ret_last = role;
            count++;
        }
    }
    return count;
}

/* Down into groups only; NULL behind the last element. */
static const xmlNode *next_in_groups(const xmlNode *root, const xmlNode *node) {
    const xmlNode *below =
        saml_xml_is(node, METADATA_NS, "EntitiesDescriptor") ? saml_xml_first_element(node) : NULL;
    if (below != NULL) {
        return below;
    }
    while (node != root && saml_xml_next_element(node) == NULL) {
        node = node->parent;
    }
    return node == root ? NULL : saml_xml_next_element(node);
}

static bool is_wanted(const xmlNode *entity, struct str entity_id) {
    const xmlNode *role = NULL;
    return entity_id.len > 0 ? str_eq(saml_xml_attribute(entity, "entityID"), entity_id)
                             : count_roles(entity, &role) > 0;
}

static result pick(struct scope *scope, const xmlNode *root, struct str entity_id,
                   const xmlNode **ret_role) {
    const xmlNode *found = NULL;
    for (const xmlNode *node = root; node != NULL; node = next_in_groups(root, node)) {
        if (saml_xml_is(node, METADATA_NS, "EntityDescriptor") && is_wanted(node, entity_id)) {
            SAML_REQUIRE(scope, found == NULL, SAML_METADATA_ENTITY);
            found = node;
        }
    }
    const xmlNode *role = NULL;
    SAML_REQUIRE(scope, found != NULL && count_roles(found, &role) == 1, SAML_METADATA_ENTITY);
    *ret_role = role;
    return OK_RESULT;
}

static result read_entity_id(struct scope *scope, const xmlNode *entity, struct str *ret) {
    const struct str id = saml_xml_attribute(entity, "entityID");
    SAML_REQUIRE(scope,
                 id.len > 0 && id.len <= ENTITY_ID_MAX && !str_has_control(id) &&
                     str_find_byte(id, ' ') < 0,
                 SAML_METADATA_ENTITY);
    *ret = str_copy(scope->arena, id);
    return OK_RESULT;
}

/* validUntil and cacheDuration of the role and of everything around it: the strictest holds. */
static result read_validity(struct scope *scope, const xmlNode *role, int64_t now_us,
                            struct saml_idp *idp) {
    for (const xmlNode *node = role; node != NULL && node->type == XML_ELEMENT_NODE;
         node = node->parent) {
        int64_t us = 0;
        if (saml_xml_has_attribute(node, "validUntil")) {
            SAML_REQUIRE(scope,
                         is_ok(time_parse(scope, saml_xml_attribute(node, "validUntil"), &us)),
                         SAML_METADATA_XML);
            if (!idp->valid_until.is_present || us < idp->valid_until.us) {
                idp->valid_until = (struct saml_time){.is_present = true, .us = us};
            }
        }
        if (saml_xml_has_attribute(node, "cacheDuration")) {
            SAML_REQUIRE(scope, saml_duration_parse(saml_xml_attribute(node, "cacheDuration"), &us),
                         SAML_METADATA_XML);
            if (us > 0 && (idp->cache_duration_us == 0 || us < idp->cache_duration_us)) {
                idp->cache_duration_us = us;
            }
        }
    }
    SAML_REQUIRE(scope, !idp->valid_until.is_present || idp->valid_until.us > now_us,
                 SAML_METADATA_EXPIRED);
    return OK_RESULT;
}

static result read_location(struct scope *scope, const xmlNode *node, const char *name,
                            bool is_http_allowed, struct str *ret) {
    const struct str location = saml_xml_attribute(node, name);
    struct url url;
    SAML_REQUIRE(scope,
                 location.len <= SAML_URL_MAX &&
                     is_ok(url_parse_web(scope, location, is_http_allowed, &url)),
                 SAML_METADATA_URL);
    *ret = str_copy(scope->arena, location);
    return OK_RESULT;
}

struct endpoints {
    size_t count;
    struct saml_endpoint list[SAML_ENDPOINTS_MAX];
};

/* Those of our two bindings; others (SOAP, artifact) are passed over. */
static result read_endpoints(struct scope *scope, const xmlNode *role, const char *name,
                             bool is_http_allowed, struct endpoints *ret) {
    struct endpoints found = {.count = 0};
    for (const xmlNode *node = saml_xml_child(role, METADATA_NS, name); node != NULL;
         node = saml_xml_next(node)) {
        const struct str uri = saml_xml_attribute(node, "Binding");
        enum saml_binding binding = SAML_REDIRECT;
        while (binding < SAML_BINDING_COUNT && !str_eq(uri, BINDINGS[binding])) {
            binding++;
        }
        if (binding == SAML_BINDING_COUNT) {
            continue;
        }
        SAML_REQUIRE(scope, found.count < SAML_ENDPOINTS_MAX, SAML_METADATA_URL);
        struct saml_endpoint *endpoint = &found.list[found.count];
        endpoint->binding = binding;
        TRY(read_location(scope, node, "Location", is_http_allowed, &endpoint->location));
        endpoint->response_location = STR("");
        if (saml_xml_has_attribute(node, "ResponseLocation")) {
            TRY(read_location(scope, node, "ResponseLocation", is_http_allowed,
                              &endpoint->response_location));
        }
        found.count++;
    }
    *ret = found;
    return OK_RESULT;
}

static bool is_known(const struct saml_idp *idp, struct str der) {
    for (size_t i = 0; i < idp->certificate_count; i++) {
        if (str_eq(idp->certificates[i].der, der)) {
            return true;
        }
    }
    return false;
}

/* What cannot be read is a warning; what can be read and is weak refuses. */
static result read_certificate(struct scope *scope, const xmlNode *node, struct saml_idp *idp) {
    struct str text;
    struct str der;
    struct certificate facts;
    if (!saml_xml_text(node, &text) || !is_ok(saml_gate_decode(scope, text, &der)) ||
        !is_ok(certificate_read(scope, der, &facts))) {
        idp->unreadable_count++;
        return OK_RESULT;
    }
    SAML_REQUIRE(scope, certificate_is_strong(&facts), SAML_METADATA_KEY);
    if (is_known(idp, der)) {
        return OK_RESULT;
    }
    SAML_REQUIRE(scope, idp->certificate_count < SAML_CERTIFICATES_MAX, SAML_METADATA_KEY);
    idp->certificates[idp->certificate_count] = (struct saml_certificate){
        .der = str_copy(scope->arena, der),
        .not_before_us = facts.not_before_us,
        .not_after_us = facts.not_after_us,
    };
    idp->certificate_count++;
    return OK_RESULT;
}

static result read_key_info(struct scope *scope, const xmlNode *key_info, struct saml_idp *idp) {
    for (const xmlNode *data = saml_xml_child(key_info, DSIG_NS, "X509Data"); data != NULL;
         data = saml_xml_next(data)) {
        for (const xmlNode *node = saml_xml_child(data, DSIG_NS, "X509Certificate"); node != NULL;
             node = saml_xml_next(node)) {
            TRY(read_certificate(scope, node, idp));
        }
    }
    return OK_RESULT;
}

/* A KeyDescriptor without `use` is for both. */
static result read_keys(struct scope *scope, const xmlNode *role, struct saml_idp *idp) {
    for (const xmlNode *key = saml_xml_child(role, METADATA_NS, "KeyDescriptor"); key != NULL;
         key = saml_xml_next(key)) {
        if (!saml_xml_has_attribute(key, "use") ||
            str_eq(saml_xml_attribute(key, "use"), STR("signing"))) {
            TRY(read_key_info(scope, saml_xml_child(key, DSIG_NS, "KeyInfo"), idp));
        }
    }
    SAML_REQUIRE(scope, idp->certificate_count > 0, SAML_METADATA_KEY);
    return OK_RESULT;
}

static result read_all_endpoints(struct scope *scope, const xmlNode *role, bool is_http_allowed,
                                 struct saml_idp *idp) {
    struct endpoints found;
    TRY(read_endpoints(scope, role, "SingleSignOnService", is_http_allowed, &found));
    SAML_REQUIRE(scope, found.count > 0, SAML_METADATA_URL);
    for (size_t i = 0; i < found.count; i++) {
        idp->sign_on[i] = found.list[i];
    }
    idp->sign_on_count = found.count;
    TRY(read_endpoints(scope, role, "SingleLogoutService", is_http_allowed, &found));
    for (size_t i = 0; i < found.count; i++) {
        idp->logout[i] = found.list[i];
    }
    idp->logout_count = found.count;
    return OK_RESULT;
}

static bool is_true(struct str text) {
    return str_eq(text, STR("true")) || str_eq(text, STR("1"));
}

result saml_metadata_read(struct scope *scope, struct saml_verifier *verifier,
                          const struct saml_metadata_input *input, struct saml_idp *ret) {
    const struct saml_gate gate = {.root = SAML_ROOT_METADATA};
    AUTO(saml_gate_close) xmlDoc *document = NULL;
    SAML_REQUIRE(scope, is_ok(saml_gate_open(scope, &gate, input->xml, &document)),
                 SAML_METADATA_XML);
    xmlNode *root = xmlDocGetRootElement(document);
    const xmlNode *role = NULL;
    TRY(check_signer(scope, verifier, input, root));
    TRY(pick(scope, root, input->entity_id, &role));
    assert(role != NULL);
    struct saml_idp *idp = NEW(scope->arena, struct saml_idp);
    TRY(read_entity_id(scope, role->parent, &idp->entity_id));
    TRY(read_validity(scope, role, input->now_us, idp));
    TRY(read_all_endpoints(scope, role, input->is_http_allowed, idp));
    TRY(read_keys(scope, role, idp));
    idp->wants_requests_signed = is_true(saml_xml_attribute(role, "WantAuthnRequestsSigned"));
    *ret = *idp;
    return OK_RESULT;
}
