#include "base/password.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"

enum { PASSES = 2, MEMORY_KIB = 19456, SALT_BYTES = 16, HASH_BYTES = 32 };

#define MEMORY_BYTES ((size_t) MEMORY_KIB * 1024)

static_assert((int) SALT_BYTES == (int) crypto_pwhash_argon2id_SALTBYTES, "libsodium's salt");

/* Random salt and hash: no password has it. Verified in place of a hash that is not there. */
static const char NOBODYS[crypto_pwhash_STRBYTES] =
    "$argon2id$v=19$m=19456,t=2,p=1$nH21ZNGsymEADeBUsvmWVw"
    "$QX/PuQvGTVU8JGjIOxihJXHS4zAdWrLKOxYIwxlMzkE";

static struct str unpadded_base64(struct arena *arena, const void *bytes, size_t len) {
    struct str text = base64_encode(arena, (struct str){bytes, len});
    while (str_has_suffix(text, STR("="))) {
        text.len--;
    }
    return text;
}

result password_hash(struct scope *scope, struct secret password, struct str *ret) {
    const struct str bytes = password.bytes;
    REQUIRE(scope, bytes.len >= PASSWORD_MIN_BYTES && bytes.len <= PASSWORD_MAX_BYTES, INVALID,
            "password.length");
    REQUIRE(scope, sodium_init() >= 0, INTERNAL, "password.library");
    unsigned char salt[SALT_BYTES];
    unsigned char hash[HASH_BYTES];
    scope->env->random->bytes(scope->env->random, salt, sizeof salt);
    const int failed = crypto_pwhash_argon2id(hash, sizeof hash, bytes.at, bytes.len, salt, PASSES,
                                              MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13);
    REQUIRE(scope, failed == 0, UNAVAILABLE, "password.memory");
    const struct str salt_text = unpadded_base64(scope->arena, salt, sizeof salt);
    const struct str hash_text = unpadded_base64(scope->arena, hash, sizeof hash);
    *ret = str_format(scope->arena, "$argon2id$v=19$m=%d,t=%d,p=1$%.*s$%.*s", MEMORY_KIB, PASSES,
                      STR_ARG(salt_text), STR_ARG(hash_text));
    return OK_RESULT;
}

/* libsodium wants a NUL-terminated text of at most 128 bytes. False: not such a text. */
static bool copy_hash(struct str hash, char ret[crypto_pwhash_STRBYTES]) {
    if (hash.len == 0 || hash.len >= crypto_pwhash_STRBYTES || str_find_byte(hash, '\0') >= 0) {
        return false;
    }
    memcpy(ret, hash.at, hash.len);
    ret[hash.len] = '\0';
    return true;
}

result password_verify(struct scope *scope, struct secret password, struct str hash) {
    REQUIRE(scope, sodium_init() >= 0, INTERNAL, "password.library");
    char text[crypto_pwhash_STRBYTES];
    const bool is_possible = copy_hash(hash, text) && password.bytes.len <= PASSWORD_MAX_BYTES;
    const struct str bytes = is_possible ? password.bytes : STR("");
    const int failed =
        crypto_pwhash_argon2id_str_verify(is_possible ? text : NOBODYS, bytes.at, bytes.len);
    /* libsodium calls a lack of memory a mismatch as well: refused either way */
    REQUIRE(scope, failed == 0 && is_possible, UNAUTHENTICATED, "password.mismatch");
    return OK_RESULT;
}

bool password_needs_rehash(struct str hash) {
    char text[crypto_pwhash_STRBYTES];
    return !copy_hash(hash, text) ||
           crypto_pwhash_argon2id_str_needs_rehash(text, PASSES, MEMORY_BYTES) != 0;
}
