#include "base/crypto.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/arena.h"
#include "base/base64url.h"
#include "base/env.h"
#include "base/random.h"

enum { NONCE_BYTES = 12, TAG_BYTES = 16, SEALED_MAX_BYTES = 64 * 1024 * 1024 };

static struct str digest(struct arena *arena, const EVP_MD *algorithm, struct str bytes) {
    unsigned char *hash = arena_alloc(arena, EVP_MAX_MD_SIZE);
    unsigned len = 0;
    const int is_done = EVP_Digest(bytes.at, bytes.len, hash, &len, algorithm, NULL);
    assert(is_done == 1);
    return (struct str){(const char *) hash, len};
}

/* OpenSSL looks an algorithm up for each use of EVP_sha256(), with locks and allocations: four
 * times the work of hashing a token, as each cached request does. Kept for the process's life. */
static EVP_MD *kept_sha256;

static void fetch_sha256(void) {
    kept_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    assert(kept_sha256 != NULL);
}

struct str sha256(struct arena *arena, struct str bytes) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const int failed = pthread_once(&once, fetch_sha256);
    assert(!failed);
    return digest(arena, kept_sha256, bytes);
}

struct str sha256_text(struct arena *arena, struct str bytes) {
    const struct str hash = sha256(arena, bytes);
    return base64url_encode(arena, hash.at, hash.len);
}

struct str sha384(struct arena *arena, struct str bytes) {
    return digest(arena, EVP_sha384(), bytes);
}

struct str sha512(struct arena *arena, struct str bytes) {
    return digest(arena, EVP_sha512(), bytes);
}

struct str hmac_sha256(struct arena *arena, struct secret key, struct str bytes) {
    assert(key.bytes.len <= INT_MAX);
    unsigned char *code = arena_alloc(arena, SHA256_BYTES);
    unsigned len = 0;
    const unsigned char *made = HMAC(EVP_sha256(), key.bytes.at, (int) key.bytes.len,
                                     (const unsigned char *) bytes.at, bytes.len, code, &len);
    assert(made != NULL && len == SHA256_BYTES);
    return (struct str){(const char *) code, len};
}

static void close_cipher(EVP_CIPHER_CTX **cipher) {
    EVP_CIPHER_CTX_free(*cipher);
}

/* Key, nonce and context are set; what follows is the text and the tag. */
static EVP_CIPHER_CTX *open_cipher(struct secret key, const unsigned char *nonce,
                                   struct str context, int is_sealing) {
    assert(key.bytes.len == AEAD_KEY_BYTES && context.len <= SEALED_MAX_BYTES);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    assert(cipher != NULL);
    int out = 0;
    const int is_set =
        EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, (const unsigned char *) key.bytes.at,
                          nonce, is_sealing) &&
        EVP_CipherUpdate(cipher, NULL, &out, (const unsigned char *) context.at, (int) context.len);
    assert(is_set == 1);
    return cipher;
}

result seal(struct scope *scope, struct secret key, struct str context, struct str plain,
            struct str *ret) {
    REQUIRE(scope, plain.len <= SEALED_MAX_BYTES, TOO_LARGE, "crypto.size");
    unsigned char *sealed = arena_alloc(scope->arena, NONCE_BYTES + plain.len + TAG_BYTES);
    scope->env->random->bytes(scope->env->random, sealed, NONCE_BYTES);
    unsigned char *text = sealed + NONCE_BYTES;
    AUTO(close_cipher) EVP_CIPHER_CTX *cipher = open_cipher(key, sealed, context, 1);
    int out = 0;
    int last = 0;
    const int is_done =
        EVP_CipherUpdate(cipher, text, &out, (const unsigned char *) plain.at, (int) plain.len) &&
        EVP_CipherFinal_ex(cipher, text + out, &last) &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, text + plain.len);
    assert(is_done == 1 && (size_t) out + (size_t) last == plain.len);
    *ret = base64url_encode(scope->arena, sealed, NONCE_BYTES + plain.len + TAG_BYTES);
    return OK_RESULT;
}

result unseal(struct scope *scope, struct secret key, struct str context, struct str sealed,
              struct str *ret) {
    struct str bytes;
    REQUIRE(scope, is_ok(base64url_decode(scope, sealed, &bytes)), INVALID, "crypto.unseal");
    REQUIRE(scope, bytes.len >= NONCE_BYTES + TAG_BYTES && bytes.len <= SEALED_MAX_BYTES, INVALID,
            "crypto.unseal");
    const size_t len = bytes.len - NONCE_BYTES - TAG_BYTES;
    unsigned char tag[TAG_BYTES];
    memcpy(tag, bytes.at + NONCE_BYTES + len, TAG_BYTES);
    unsigned char *plain = arena_alloc(scope->arena, len + 1);
    AUTO(close_cipher)
    EVP_CIPHER_CTX *cipher = open_cipher(key, (const unsigned char *) bytes.at, context, 0);
    int out = 0;
    int last = 0;
    const int is_open =
        EVP_CipherUpdate(cipher, plain, &out, (const unsigned char *) bytes.at + NONCE_BYTES,
                         (int) len) &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) &&
        EVP_CipherFinal_ex(cipher, plain + out, &last) == 1;
    if (!is_open) {
        explicit_bzero(plain, len); /* text that nobody vouches for */
        return FAIL(scope, INVALID, "crypto.unseal");
    }
    *ret = (struct str){(const char *) plain, len};
    return OK_RESULT;
}

/* Both forms of base64 share one strict codec; they differ in two digits and the padding. */
static void swap_digits(char *text, size_t len, const char *from, const char *into) {
    for (size_t i = 0; i < len; i++) {
        text[i] = text[i] == from[0] ? into[0] : text[i] == from[1] ? into[1] : text[i];
    }
}

struct str base64_encode(struct arena *arena, struct str bytes) {
    const struct str unpadded = base64url_encode(arena, bytes.at, bytes.len);
    const size_t len = (unpadded.len + 3) / 4 * 4;
    char *text = arena_alloc(arena, len + 1);
    memcpy(text, unpadded.at, unpadded.len);
    memset(text + unpadded.len, '=', len - unpadded.len);
    swap_digits(text, unpadded.len, "-_", "+/");
    return (struct str){text, len};
}

result base64_decode(struct scope *scope, struct str text, struct str *ret) {
    REQUIRE(scope, text.len % 4 == 0, INVALID, "base64.malformed");
    REQUIRE(scope, str_find_byte(text, '-') < 0 && str_find_byte(text, '_') < 0, INVALID,
            "base64.malformed");
    size_t len = text.len;
    while (len > 0 && text.len - len < 2 && text.at[len - 1] == '=') {
        len--;
    }
    char *digits = arena_alloc(scope->arena, len + 1);
    memcpy(digits, text.at, len);
    swap_digits(digits, len, "+/", "-_");
    REQUIRE(scope, is_ok(base64url_decode(scope, (struct str){digits, len}, ret)), INVALID,
            "base64.malformed");
    return OK_RESULT;
}
