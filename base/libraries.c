#include "base/libraries.h"

#include <string.h>

#include <curl/curl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <sodium.h>
#include <sqlite3.h>
#include <utf8proc.h>
#include <yaml.h>

#include "base/arena.h"

enum { LIBRARIES = 7 };

const struct library *library_versions(struct arena *arena, size_t *ret_count) {
    struct library *versions = NEW_ARRAY(arena, LIBRARIES, struct library);
    const struct library now[LIBRARIES] = {
        {"curl", curl_version_info(CURLVERSION_NOW)->version},
        {"jansson", jansson_version_str()},
        {"libsodium", sodium_version_string()},
        {"libyaml", yaml_get_version_string()},
        {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
        {"sqlite", sqlite3_libversion()},
        {"utf8proc", utf8proc_version()},
    };
    memcpy(versions, now, sizeof now);
    *ret_count = LIBRARIES;
    return versions;
}
