/* Encrypted elements before anything is decrypted: one piece of data, one key, nothing that points
 * elsewhere. */

#include "base/arena.h"
#include "identity/saml/saml_decrypt.h"
#include "identity/saml/saml_gate_rules.h"
#include "identity/saml/saml_xml.h"

static struct str algorithm(const xmlNode *node) {
    return saml_xml_attribute(node, "Algorithm");
}

static bool is_container(const xmlNode *node) {
    return saml_xml_is(node, SAML_NS, "EncryptedAssertion") ||
           saml_xml_is(node, SAML_NS, "EncryptedID") ||
           saml_xml_is(node, SAML_NS, "EncryptedAttribute");
}

/* EncryptedData and EncryptedKey are built alike. */
static bool has_encrypted_form(const xmlNode *node) {
    const xmlNode *data = saml_xml_child(node, XENC_NS, "CipherData");
    const xmlNode *value = saml_xml_child(data, XENC_NS, "CipherValue");
    struct str text;
    return saml_xml_count(node, XENC_NS, "EncryptionMethod") == 1 &&
           saml_xml_count(node, XENC_NS, "CipherData") == 1 &&
           saml_xml_count(node, DSIG_NS, "KeyInfo") <= 1 && value != NULL &&
           saml_xml_first_element(data) == value && saml_xml_next_element(value) == NULL &&
           saml_xml_text(value, &text) && text.len > 0;
}

bool saml_cipher_parts(const xmlNode *container, struct saml_cipher *ret) {
    xmlNode *data = saml_xml_child(container, XENC_NS, "EncryptedData");
    const xmlNode *key_info = saml_xml_child(data, DSIG_NS, "KeyInfo");
    const xmlNode *inner = saml_xml_child(key_info, XENC_NS, "EncryptedKey");
    const xmlNode *beside = saml_xml_child(container, XENC_NS, "EncryptedKey");
    const xmlNode *key = inner != NULL ? inner : beside;
    const size_t keys = saml_xml_count(key_info, XENC_NS, "EncryptedKey") +
                        saml_xml_count(container, XENC_NS, "EncryptedKey");
    if (saml_xml_count(container, XENC_NS, "EncryptedData") != 1 || keys != 1 ||
        !has_encrypted_form(data) || !has_encrypted_form(key)) {
        return false;
    }
    for (const xmlNode *child = saml_xml_first_element(container); child != NULL;
         child = saml_xml_next_element(child)) {
        if (child != data && child != beside) {
            return false;
        }
    }
    *ret = (struct saml_cipher){
        .data = data,
        .key = key,
        .data_method = saml_xml_child(data, XENC_NS, "EncryptionMethod"),
        .key_method = saml_xml_child(key, XENC_NS, "EncryptionMethod"),
        .key_value =
            saml_xml_child(saml_xml_child(key, XENC_NS, "CipherData"), XENC_NS, "CipherValue"),
    };
    return true;
}

/* OAEPparams would be a label; nobody sends one, and what is not read must not be there. */
static bool read_oaep(const xmlNode *method, struct saml_cipher_names *names) {
    const xmlNode *digest = saml_xml_child(method, DSIG_NS, "DigestMethod");
    const xmlNode *mask = saml_xml_child(method, XENC11_NS, "MGF");
    const bool is_new = saml_algorithm_is_oaep11(algorithm(method));
    names->digest = OAEP_SHA1;
    names->mask = OAEP_SHA1;
    return (is_new || saml_algorithm_is_oaep(algorithm(method))) &&
           saml_xml_child(method, XENC_NS, "OAEPparams") == NULL &&
           saml_xml_count(method, DSIG_NS, "DigestMethod") <= 1 &&
           saml_xml_count(method, XENC11_NS, "MGF") <= (is_new ? 1 : 0) &&
           (digest == NULL || saml_algorithm_oaep_digest(algorithm(digest), &names->digest)) &&
           (mask == NULL || saml_algorithm_oaep_mask(algorithm(mask), &names->mask));
}

bool saml_cipher_names(const struct saml_cipher *cipher, struct saml_cipher_names *ret) {
    struct saml_cipher_names names;
    if (!saml_algorithm_cipher(algorithm(cipher->data_method), &names.kind) ||
        !read_oaep(cipher->key_method, &names)) {
        return false;
    }
    *ret = names;
    return true;
}

static result check_container(struct scope *scope, const struct saml_gate *gate,
                              const xmlNode *node) {
    struct saml_cipher cipher;
    struct saml_cipher_names names;
    SAML_REQUIRE(scope, saml_cipher_parts(node, &cipher), SAML_GATE_ELEMENT);
    SAML_REQUIRE(scope,
                 saml_cipher_names(&cipher, &names) &&
                     (gate->is_cbc_allowed || !saml_cipher_is_cbc(names.kind)),
                 SAML_GATE_ALGORITHM);
    return OK_RESULT;
}

static const xmlNode *parent_in(const xmlNode *node, const char *ns, const char *name) {
    return node != NULL && saml_xml_is(node->parent, ns, name) ? node->parent : NULL;
}

/* The EncryptedData whose KeyInfo this is a child of. */
static const xmlNode *data_around(const xmlNode *node) {
    return parent_in(parent_in(node, DSIG_NS, "KeyInfo"), XENC_NS, "EncryptedData");
}

/* It says where the key is, which we know: only a true one is let through, none is followed. */
static bool is_fine_retrieval(const xmlNode *node) {
    const xmlNode *data = data_around(node);
    struct saml_cipher cipher;
    if (data == NULL || saml_xml_child(node->parent, DSIG_NS, "RetrievalMethod") != node ||
        !saml_cipher_parts(data->parent, &cipher) || !saml_xml_is_empty(node)) {
        return false;
    }
    const struct str id = saml_xml_attribute(cipher.key, "Id");
    const struct str uri = saml_xml_attribute(node, "URI");
    return id.len > 0 && str_has_prefix(uri, STR("#")) && str_eq(str_from(uri, 1), id);
}

result saml_gate_encryption_element(struct scope *scope, const struct saml_gate *gate,
                                    const xmlNode *node) {
    if (is_container(node)) {
        return check_container(scope, gate, node);
    }
    if (saml_xml_is(node, DSIG_NS, "RetrievalMethod")) {
        SAML_REQUIRE(scope, is_fine_retrieval(node), SAML_GATE_ELEMENT);
    }
    if (saml_xml_is(node, XENC_NS, "EncryptedData")) {
        SAML_REQUIRE(scope, is_container(node->parent), SAML_GATE_ELEMENT);
    }
    if (saml_xml_is(node, XENC_NS, "EncryptedKey")) {
        SAML_REQUIRE(scope, is_container(node->parent) || data_around(node) != NULL,
                     SAML_GATE_ELEMENT);
    }
    SAML_REQUIRE(scope, !saml_xml_is(node, XENC_NS, "CipherReference"), SAML_GATE_ELEMENT);
    return OK_RESULT;
}
