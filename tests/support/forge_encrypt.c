/* Encryption in XML (xmlenc-core1): a fresh content key, wrapped for the receiver's RSA key. */
#include "tests/support/forge.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/fixture.h"

enum { TAG_BYTES = 16, BLOCK_MAX = 16 };

static const struct data_cipher {
    const char *uri, *name;
    size_t key, iv;
    bool is_gcm;
} CIPHERS[] = {
    {FORGE_AES128_GCM, "AES-128-GCM", 16, 12, true},
    {FORGE_AES192_GCM, "AES-192-GCM", 24, 12, true},
    {FORGE_AES256_GCM, "AES-256-GCM", 32, 12, true},
    {FORGE_AES128_CBC, "AES-128-CBC", 16, 16, false},
    {FORGE_AES256_CBC, "AES-256-CBC", 32, 16, false},
    {FORGE_3DES_CBC, "DES-EDE3-CBC", 24, 8, false},
};

static const struct data_cipher *cipher_of(const char *uri) {
    for (size_t i = 0; i < sizeof CIPHERS / sizeof CIPHERS[0]; i++) {
        if (strcmp(CIPHERS[i].uri, uri) == 0) {
            return &CIPHERS[i];
        }
    }
    fail_msg("the forge does not encrypt with %s", uri);
    abort();
}

static const char *or_good(const char *wish, const char *good) {
    return wish == NULL ? good : wish;
}

static const char *hash_of(const char *uri) {
    if (uri == NULL || strstr(uri, "sha1") != NULL) {
        return "SHA1";
    }
    return strstr(uri, "sha256") != NULL ? "SHA256" : "SHA512";
}

/* xmlenc 5.2: the last byte counts the padding, the bytes before it are arbitrary. */
static struct str padded(struct arena *arena, struct str plain, size_t block,
                         enum forge_damage damage) {
    const size_t missing = block - plain.len % block;
    unsigned char *ret = arena_alloc(arena, plain.len + missing);
    memcpy(ret, plain.at, plain.len);
    memset(ret + plain.len, 'p', missing);
    ret[plain.len + missing - 1] = damage == FORGE_DAMAGED_PADDING ? 0 : (unsigned char) missing;
    return (struct str){(const char *) ret, plain.len + missing};
}

static struct str enciphered(struct arena *arena, const struct data_cipher *cipher,
                             const unsigned char *key, struct str plain) {
    EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, cipher->name, NULL);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_non_null(algorithm);
    unsigned char *ret = arena_alloc(arena, cipher->iv + plain.len + TAG_BYTES);
    assert_int_equal(RAND_bytes(ret, (int) cipher->iv), 1);
    assert_int_equal(EVP_EncryptInit_ex2(context, algorithm, key, ret, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(context, 0), 1);
    int len = 0;
    int last = 0;
    unsigned char *out = ret + cipher->iv;
    assert_int_equal(
        EVP_EncryptUpdate(context, out, &len, (const unsigned char *) plain.at, (int) plain.len),
        1);
    assert_int_equal(EVP_EncryptFinal_ex(context, out + len, &last), 1);
    size_t total = cipher->iv + (size_t) len + (size_t) last;
    if (cipher->is_gcm) {
        assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, ret + total),
                         1);
        total += TAG_BYTES;
    }
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(algorithm);
    return (struct str){(const char *) ret, total};
}

static struct str wrapped(struct arena *arena, const struct forge_encryption *encryption,
                          struct str key) {
    const enum forge_owner owner = encryption->key == FORGE_IDP ? FORGE_SP : encryption->key;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, forge_key(owner)->pkey, NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    const bool is_oaep = strcmp(or_good(encryption->transport, FORGE_OAEP), FORGE_RSA15) != 0;
    assert_int_equal(
        EVP_PKEY_CTX_set_rsa_padding(context, is_oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING),
        1);
    if (is_oaep) {
        assert_int_equal(
            EVP_PKEY_CTX_set_rsa_oaep_md_name(context, hash_of(encryption->digest), NULL), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, hash_of(encryption->mgf), NULL),
                         1);
    }
    size_t len = 0;
    const unsigned char *at = (const unsigned char *) key.at;
    assert_int_equal(EVP_PKEY_encrypt(context, NULL, &len, at, key.len), 1);
    unsigned char *ret = arena_alloc(arena, len);
    assert_int_equal(EVP_PKEY_encrypt(context, ret, &len, at, key.len), 1);
    EVP_PKEY_CTX_free(context);
    return (struct str){(const char *) ret, len};
}

static struct str flipped_bit(struct arena *arena, struct str bytes, size_t at, unsigned bit) {
    assert_true(at < bytes.len);
    char *ret = arena_alloc(arena, bytes.len);
    memcpy(ret, bytes.at, bytes.len);
    ret[at] = (char) ((unsigned char) ret[at] ^ (1U << (bit % 8)));
    return (struct str){ret, bytes.len};
}

static struct str damaged_data(struct arena *arena, const struct forge_encryption *encryption,
                               const struct data_cipher *cipher, struct str bytes) {
    switch (encryption->damage) {
    case FORGE_DAMAGED_FIRST:
        return flipped_bit(arena, bytes, cipher->iv + encryption->bit / 8 % BLOCK_MAX,
                           encryption->bit);
    case FORGE_DAMAGED_LAST:
        return flipped_bit(arena, bytes, bytes.len - 1 - encryption->bit / 8 % BLOCK_MAX,
                           encryption->bit);
    case FORGE_TRUNCATED: return str_first(bytes, BLOCK_MAX);
    case FORGE_EMPTY: return str_first(bytes, 0);
    case FORGE_INTACT:
    case FORGE_DAMAGED_PADDING:
    case FORGE_DAMAGED_KEY:
    case FORGE_SHORT_KEY: break;
    }
    return bytes;
}

static const char *encrypted_key(struct arena *arena, const struct forge_encryption *encryption,
                                 struct str key) {
    struct str bytes = wrapped(arena, encryption, key);
    if (encryption->damage == FORGE_DAMAGED_KEY) {
        bytes =
            flipped_bit(arena, bytes, 1 + encryption->bit / 8 % (bytes.len - 1), encryption->bit);
    }
    const char *digest =
        encryption->digest == NULL
            ? ""
            : forge_text(arena,
                         "<ds:DigestMethod xmlns:ds=\"" FORGE_NS_DSIG "\" Algorithm=\"%s\"/>",
                         encryption->digest);
    const char *mgf = encryption->mgf == NULL
                          ? ""
                          : forge_text(arena,
                                       "<x11:MGF xmlns:x11=\"http://www.w3.org/2009/xmlenc11#\""
                                       " Algorithm=\"%s\"/>",
                                       encryption->mgf);
    const bool is_named = encryption->is_sibling && !encryption->is_unnamed;
    return forge_text(arena,
                      "<xenc:EncryptedKey xmlns:xenc=\"" FORGE_NS_XENC "\"%s>"
                      "<xenc:EncryptionMethod Algorithm=\"%s\">%s%s</xenc:EncryptionMethod>"
                      "<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData>"
                      "</xenc:EncryptedKey>",
                      is_named ? " Id=\"_key-1\"" : "", or_good(encryption->transport, FORGE_OAEP),
                      digest, mgf, forge_base64(arena, bytes));
}

static const char *key_info(struct arena *arena, const struct forge_encryption *encryption,
                            const char *key) {
    if (!encryption->is_sibling) {
        return forge_text(arena, "<ds:KeyInfo xmlns:ds=\"" FORGE_NS_DSIG "\">%s</ds:KeyInfo>", key);
    }
    return !encryption->has_retrieval
               ? ""
               : "<ds:KeyInfo xmlns:ds=\"" FORGE_NS_DSIG "\"><ds:RetrievalMethod"
                 " Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"#_key-1\"/>"
                 "</ds:KeyInfo>";
}

const char *forge_encrypt(struct arena *arena, struct str plain, const char *wrapper,
                          const struct forge_encryption *encryption) {
    const char *uri = or_good(encryption->data, FORGE_AES128_GCM);
    const struct data_cipher *cipher = cipher_of(uri);
    unsigned char key[32];
    assert_int_equal(RAND_bytes(key, sizeof key), 1);
    const struct str content =
        cipher->is_gcm ? plain : padded(arena, plain, cipher->iv, encryption->damage);
    const struct str data =
        damaged_data(arena, encryption, cipher, enciphered(arena, cipher, key, content));
    const size_t key_len = encryption->damage == FORGE_SHORT_KEY ? 8 : cipher->key;
    const char *wrapped_key =
        encrypted_key(arena, encryption, (struct str){(const char *) key, key_len});
    return forge_text(arena,
                      "<saml:%s xmlns:saml=\"" FORGE_NS_ASSERTION "\">"
                      "<xenc:EncryptedData xmlns:xenc=\"" FORGE_NS_XENC
                      "\" Type=\"http://www.w3.org/2001/04/xmlenc#Element\">"
                      "<xenc:EncryptionMethod Algorithm=\"%s\"/>%s"
                      "<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData>"
                      "</xenc:EncryptedData>%s</saml:%s>",
                      wrapper, uri, key_info(arena, encryption, wrapped_key),
                      forge_base64(arena, data), encryption->is_sibling ? wrapped_key : "",
                      wrapper);
}
