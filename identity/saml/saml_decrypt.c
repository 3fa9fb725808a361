/* The wrapped key is opened by OpenSSL with explicit digests (xmlsec knows OAEP with SHA-1 alone),
 * the content by xmlsec on a copy: put into the tree it would be parsed by xmlsec, past the gate.
 */

#include "identity/saml/saml_decrypt.h"

#include <xmlsec/buffer.h>
#include <xmlsec/crypto.h>
#include <xmlsec/keys.h>
#include <xmlsec/xmlenc.h>
#include <xmlsec/xmlsec.h>

#include "base/arena.h"
#include "identity/saml/saml_xml.h"

static void close_buffer(xmlSecBuffer **buffer) {
    if (*buffer != NULL) {
        xmlSecBufferDestroy(*buffer);
    }
}

static void close_context(xmlSecEncCtx **context) {
    if (*context != NULL) {
        xmlSecEncCtxDestroy(*context);
    }
}

static xmlSecKeyPtr aes_key(struct secret content_key) {
    AUTO(close_buffer)
    xmlSecBuffer *buffer = xmlSecBufferCreate((xmlSecSize) content_key.bytes.len);
    if (buffer == NULL || xmlSecBufferSetData(buffer, (const xmlSecByte *) content_key.bytes.at,
                                              (xmlSecSize) content_key.bytes.len) < 0) {
        return NULL;
    }
    return xmlSecKeyReadBuffer(xmlSecKeyDataAesId, buffer);
}

/* The data alone, in a document of its own: nothing in its KeyInfo is ever asked. */
static xmlDoc *copy_of(xmlNode *data) {
    xmlDoc *document = xmlNewDoc((const xmlChar *) "1.0");
    xmlNode *copy = document == NULL ? NULL : xmlDocCopyNode(data, document, 1);
    if (copy == NULL) {
        xmlFreeDoc(document);
        return NULL;
    }
    xmlDocSetRootElement(document, copy);
    xmlNode *key_info = saml_xml_child(copy, DSIG_NS, "KeyInfo");
    if (key_info != NULL) {
        xmlUnlinkNode(key_info);
        xmlFreeNode(key_info);
    }
    return document;
}

bool saml_decrypt_content(struct scope *scope, struct secret content_key, xmlNode *data,
                          struct str *ret) {
    AUTO(saml_gate_close) xmlDoc *document = copy_of(data);
    AUTO(close_context) xmlSecEncCtx *context = xmlSecEncCtxCreate(NULL);
    if (document == NULL || context == NULL) {
        return false;
    }
    context->encKey = aes_key(content_key); /* owned by the context */
    if (context->encKey == NULL) {
        return false;
    }
    const xmlSecBuffer *plain =
        xmlSecEncCtxDecryptToBuffer(context, xmlDocGetRootElement(document));
    if (plain == NULL) {
        return false;
    }
    *ret = str_copy(scope->arena, (struct str){(const char *) plain->data, plain->size});
    return true;
}

static bool open_with(struct scope *scope, struct secret key_pem, const struct saml_cipher *cipher,
                      const struct saml_gate *gate, xmlDoc **ret) {
    struct saml_cipher_names names;
    struct str text;
    struct str wrapped;
    struct secret content_key;
    struct str plain;
    return saml_cipher_names(cipher, &names) && saml_xml_text(cipher->key_value, &text) &&
           is_ok(saml_gate_decode(scope, text, &wrapped)) &&
           is_ok(oaep_open(scope, key_pem, names.digest, names.mask, wrapped, &content_key)) &&
           content_key.bytes.len == saml_cipher_key_bytes(names.kind) &&
           saml_decrypt_content(scope, content_key, cipher->data, &plain) &&
           is_ok(saml_gate_open(scope, gate, plain, ret));
}

result saml_decrypt(struct scope *scope, const struct saml_decryption_keys *keys,
                    const struct saml_cipher *cipher, const struct saml_gate *gate, xmlDoc **ret) {
    for (size_t i = 0; i < keys->count; i++) {
        if (open_with(scope, keys->pem[i], cipher, gate, ret)) {
            return OK_RESULT;
        }
    }
    return saml_fail(scope, SAML_DECRYPT);
}
