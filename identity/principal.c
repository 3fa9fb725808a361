#include "identity/principal.h"

#include <assert.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/log.h"
#include "base/random.h"
#include "identity/principal_store.h"

/* "<organisation, 36><.><256 random bits as base64url, 43>", tokens with a prefix of 4. */
enum { ORG_ID_LEN = 36, SECRET_BYTES = 32, SECRET_LEN = 43, PREFIX_LEN = 4 };
enum { BARE_LEN = ORG_ID_LEN + 1 + SECRET_LEN };

static struct str prefix_of(enum credential_kind kind) {
    switch (kind) {
    case CREDENTIAL_SESSION: return STR("");
    case CREDENTIAL_SCIM_TOKEN: return STR("ghs_");
    case CREDENTIAL_ADMIN_TOKEN: return STR("gha_");
    case CREDENTIAL_BOT_TOKEN: return STR("ghb_");
    }
    assert(false);
    return STR("");
}

const char *credential_kind_name(enum credential_kind kind) {
    switch (kind) {
    case CREDENTIAL_SESSION: return "session";
    case CREDENTIAL_SCIM_TOKEN: return "scim";
    case CREDENTIAL_ADMIN_TOKEN: return "admin";
    case CREDENTIAL_BOT_TOKEN: return "bot";
    }
    assert(false);
    return "session";
}

static bool is_base64url(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

static result parse_bare(struct scope *scope, struct str bare, struct str whole,
                         enum credential_kind kind, struct credential *ret) {
    REQUIRE(scope, bare.len == BARE_LEN && bare.at[ORG_ID_LEN] == '.', UNAUTHENTICATED,
            "credential.malformed");
    const struct str org_id = str_first(bare, ORG_ID_LEN);
    REQUIRE(scope, uuid_is_valid(org_id) && is_base64url(str_from(bare, ORG_ID_LEN + 1)),
            UNAUTHENTICATED, "credential.malformed");
    *ret = (struct credential){kind, org_id, sha256_text(scope->arena, whole)};
    return OK_RESULT;
}

result credential_parse_session(struct scope *scope, struct str cookie_value,
                                struct credential *ret) {
    return parse_bare(scope, cookie_value, cookie_value, CREDENTIAL_SESSION, ret);
}

/* RFC 6750 section 2.1; the scheme in any case (RFC 9110 section 11.1). */
result credential_parse_bearer(struct scope *scope, struct str authorization,
                               struct credential *ret) {
    static const enum credential_kind KINDS[] = {CREDENTIAL_SCIM_TOKEN, CREDENTIAL_ADMIN_TOKEN,
                                                 CREDENTIAL_BOT_TOKEN};
    struct str scheme;
    const struct str rest = str_split(authorization, ' ', &scheme);
    REQUIRE(scope, str_eq_ascii_nocase(scheme, STR("bearer")), UNAUTHENTICATED,
            "credential.malformed");
    const struct str token = str_trim_blanks(rest);
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (str_has_prefix(token, prefix_of(KINDS[i]))) {
            return parse_bare(scope, str_from(token, PREFIX_LEN), token, KINDS[i], ret);
        }
    }
    return FAIL(scope, UNAUTHENTICATED, "credential.malformed");
}

result credential_make(struct scope *scope, enum credential_kind kind, struct str org_id,
                       struct str *ret_secret, struct str *ret_token_hash) {
    REQUIRE(scope, uuid_is_valid(org_id), INTERNAL, "credential.org");
    const struct str prefix = prefix_of(kind);
    const struct str random = random_token(scope, SECRET_BYTES);
    const struct str secret = str_format(scope->arena, "%.*s%.*s.%.*s", STR_ARG(prefix),
                                         STR_ARG(org_id), STR_ARG(random));
    *ret_token_hash = sha256_text(scope->arena, secret);
    *ret_secret = secret;
    return OK_RESULT;
}

/* A use that could not be noted is no reason to refuse it. */
static void touch(struct scope *scope, struct db *db, const struct principal *principal,
                  int64_t seen_us) {
    if (clock_now_us(scope->env->clock) - seen_us < S_TO_US(TOUCH_EVERY_S)) {
        return;
    }
    const result touched = principal_store_touch(scope, db, principal);
    if (!is_ok(touched)) {
        log_warning(scope, "credential.not_touched", LOG_ORG(principal->actor.org_id),
                    LOG_CODE(touched), LOG_REASON(scope));
    }
}

result principal_check(struct scope *scope, struct db *db, const struct credential *credential,
                       struct principal *ret) {
    int64_t seen_us = 0;
    TRY(credential->kind == CREDENTIAL_SESSION
            ? principal_store_session(scope, db, credential, ret, &seen_us)
            : principal_store_token(scope, db, credential, ret, &seen_us));
    touch(scope, db, ret, seen_us);
    return OK_RESULT;
}

result csrf_check(struct scope *scope, const struct principal *principal, struct str header) {
    if (principal->kind != CREDENTIAL_SESSION) {
        return OK_RESULT; /* a browser never sends a bearer token by itself */
    }
    REQUIRE(scope, !str_is_empty(header), FORBIDDEN, "csrf.missing");
    REQUIRE(scope, secret_equal(sha256_text(scope->arena, header), principal->csrf_hash), FORBIDDEN,
            "csrf.mismatch");
    return OK_RESULT;
}

struct str csrf_of_session(struct scope *scope, struct str cookie_value) {
    const struct secret key = {cookie_value};
    return sha256_text(scope->arena, hmac_sha256(scope->arena, key, STR("csrf")));
}
