/* The one form of an XML signature that is let through: everything an attack of the last twenty
 * years has hung into a Signature has no place in it. */

#include "base/arena.h"
#include "identity/saml/saml_algorithm.h"
#include "identity/saml/saml_gate_rules.h"
#include "identity/saml/saml_xml.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *const SIGNATURE_CHILDREN[] = {"SignedInfo", "SignatureValue", "KeyInfo"};
static const char *const SIGNED_INFO_CHILDREN[] = {"CanonicalizationMethod", "SignatureMethod",
                                                   "Reference"};
static const char *const REFERENCE_CHILDREN[] = {"Transforms", "DigestMethod", "DigestValue"};
static const char *const TRANSFORMS_CHILDREN[] = {"Transform", "Transform"};
static const char *const C14N_CHILDREN[] = {"InclusiveNamespaces"};

/* Where else than in the chain below a Signature these have no business. */
static const struct {
    const char *name, *parent; /* NULL: nowhere */
} PLACES[] = {
    {"SignedInfo", "Signature"},
    {"SignatureValue", "Signature"},
    {"CanonicalizationMethod", "SignedInfo"},
    {"SignatureMethod", "SignedInfo"},
    {"Reference", "SignedInfo"},
    {"Transforms", "Reference"},
    {"Transform", "Transforms"},
    {"DigestValue", "Reference"},
    {"Object", NULL},
    {"Manifest", NULL},
    {"SignatureProperties", NULL},
    {"SignatureProperty", NULL},
};

static struct str algorithm(const xmlNode *node) {
    return saml_xml_attribute(node, "Algorithm");
}

static bool is_one_text(const xmlNode *node) {
    struct str text;
    return saml_xml_text(node, &text) && text.len > 0;
}

/* Canonicalisation looks for each prefix at each element: a list of 60,000 took minutes, before any
 * signature was compared. Providers name one to six. */
static bool is_short_prefix_list(const xmlNode *namespaces) {
    enum { PREFIX_LIST_MAX = 128 };
    return saml_xml_is_empty(namespaces) &&
           saml_xml_attribute(namespaces, "PrefixList").len <= PREFIX_LIST_MAX;
}

/* InclusiveNamespaces is the only child, and of exclusive canonicalisation alone. */
static bool has_c14n_form(const xmlNode *node) {
    if (saml_xml_is_empty(node)) {
        return true;
    }
    return str_eq(algorithm(node), STR(C14N_EXCLUSIVE)) &&
           saml_xml_children_are(node, EXC_C14N_NS, C14N_CHILDREN, COUNT(C14N_CHILDREN)) &&
           is_short_prefix_list(saml_xml_first_element(node));
}

static result check_transforms(struct scope *scope, const xmlNode *transforms) {
    SAML_REQUIRE(scope,
                 saml_xml_children_are(transforms, DSIG_NS, TRANSFORMS_CHILDREN, 1) ||
                     saml_xml_children_are(transforms, DSIG_NS, TRANSFORMS_CHILDREN, 2),
                 SAML_GATE_SIGNATURE);
    const xmlNode *enveloped = saml_xml_first_element(transforms);
    SAML_REQUIRE(scope,
                 str_eq(algorithm(enveloped), STR(TRANSFORM_ENVELOPED)) &&
                     saml_xml_is_empty(enveloped),
                 SAML_GATE_SIGNATURE);
    const xmlNode *c14n = saml_xml_next_element(enveloped);
    if (c14n == NULL) {
        return OK_RESULT;
    }
    SAML_REQUIRE(scope, !saml_algorithm_is_other_c14n(algorithm(c14n)), SAML_GATE_ALGORITHM);
    SAML_REQUIRE(scope, saml_algorithm_is_c14n(algorithm(c14n)) && has_c14n_form(c14n),
                 SAML_GATE_SIGNATURE);
    return OK_RESULT;
}

static bool points_at(const xmlNode *reference, const xmlNode *element) {
    const struct str id = saml_xml_attribute(element, "ID");
    const struct str uri = saml_xml_attribute(reference, "URI");
    return id.len > 0 && str_has_prefix(uri, STR("#")) && str_eq(str_from(uri, 1), id);
}

static result check_reference(struct scope *scope, const struct saml_gate *gate,
                              const xmlNode *reference, const xmlNode *signed_element) {
    SAML_REQUIRE(scope,
                 points_at(reference, signed_element) &&
                     saml_xml_children_are(reference, DSIG_NS, REFERENCE_CHILDREN,
                                           COUNT(REFERENCE_CHILDREN)),
                 SAML_GATE_SIGNATURE);
    TRY(check_transforms(scope, saml_xml_child(reference, DSIG_NS, "Transforms")));
    const xmlNode *method = saml_xml_child(reference, DSIG_NS, "DigestMethod");
    SAML_REQUIRE(scope, saml_algorithm_is_digest(algorithm(method), gate->is_sha1_allowed),
                 SAML_GATE_ALGORITHM);
    SAML_REQUIRE(scope,
                 saml_xml_is_empty(method) &&
                     is_one_text(saml_xml_child(reference, DSIG_NS, "DigestValue")),
                 SAML_GATE_SIGNATURE);
    return OK_RESULT;
}

static result check_methods(struct scope *scope, const struct saml_gate *gate,
                            const xmlNode *signed_info) {
    const xmlNode *c14n = saml_xml_child(signed_info, DSIG_NS, "CanonicalizationMethod");
    const xmlNode *method = saml_xml_child(signed_info, DSIG_NS, "SignatureMethod");
    enum signature_kind kind;
    SAML_REQUIRE(scope,
                 saml_algorithm_is_c14n(algorithm(c14n)) &&
                     saml_algorithm_signature(algorithm(method), gate->is_sha1_allowed, &kind),
                 SAML_GATE_ALGORITHM);
    SAML_REQUIRE(scope, has_c14n_form(c14n) && saml_xml_is_empty(method), SAML_GATE_SIGNATURE);
    return OK_RESULT;
}

result saml_gate_signature(struct scope *scope, const struct saml_gate *gate,
                           const xmlNode *signature) {
    const xmlNode *parent = signature->parent;
    SAML_REQUIRE(scope,
                 (saml_xml_children_are(signature, DSIG_NS, SIGNATURE_CHILDREN, 2) ||
                  saml_xml_children_are(signature, DSIG_NS, SIGNATURE_CHILDREN, 3)) &&
                     saml_xml_count(parent, DSIG_NS, "Signature") == 1,
                 SAML_GATE_SIGNATURE);
    const xmlNode *signed_info = saml_xml_child(signature, DSIG_NS, "SignedInfo");
    SAML_REQUIRE(scope,
                 saml_xml_children_are(signed_info, DSIG_NS, SIGNED_INFO_CHILDREN,
                                       COUNT(SIGNED_INFO_CHILDREN)) &&
                     is_one_text(saml_xml_child(signature, DSIG_NS, "SignatureValue")),
                 SAML_GATE_SIGNATURE);
    TRY(check_methods(scope, gate, signed_info));
    return check_reference(scope, gate, saml_xml_child(signed_info, DSIG_NS, "Reference"), parent);
}

static bool is_in_place(const xmlNode *node) {
    for (size_t i = 0; i < COUNT(PLACES); i++) {
        if (saml_xml_is(node, DSIG_NS, PLACES[i].name)) {
            return PLACES[i].parent != NULL && saml_xml_is(node->parent, DSIG_NS, PLACES[i].parent);
        }
    }
    return true;
}

/* Message roots stand at the top; an Assertion stands where the gate has let it. */
static bool may_be_signed(const xmlNode *element) {
    return saml_xml_is(element, SAML_NS, "Assertion") ||
           saml_xml_is(element, SAMLP_NS, "Response") ||
           saml_xml_is(element, SAMLP_NS, "LogoutRequest") ||
           saml_xml_is(element, SAMLP_NS, "LogoutResponse");
}

result saml_gate_dsig_element(struct scope *scope, const struct saml_gate *gate,
                              const xmlNode *node) {
    SAML_REQUIRE(scope, is_in_place(node), SAML_GATE_SIGNATURE);
    if (!saml_xml_is(node, DSIG_NS, "Signature")) {
        return OK_RESULT;
    }
    SAML_REQUIRE(scope, may_be_signed(node->parent), SAML_GATE_SIGNATURE);
    return saml_gate_signature(scope, gate, node);
}
