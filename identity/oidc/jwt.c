#include "identity/oidc/jwt.h"

#include "base/arena.h"
#include "base/base64url.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/secret.h"
#include "identity/connection.h"
#include "identity/oidc/jwk.h"

enum { ID_TOKEN_MAX_AGE_S = 600 };
static const int64_t YEAR_9999_S = INT64_C(253402300799);

struct jwt_policy jwt_policy_login(const struct oidc_settings *settings, struct str nonce) {
    return (struct jwt_policy){
        .algs = settings->algs,
        .iss = settings->issuer,
        .aud = settings->client_id,
        .azp = settings->client_id,
        .nonce = nonce,
        .need = JWT_EXP | JWT_IAT | JWT_SUB | JWT_NONCE,
        .skew_s = settings->skew_s,
        .max_iat_age_s = ID_TOKEN_MAX_AGE_S,
        .max_age_s = settings->max_age_s,
        .acr_values = settings->acr_values,
    };
}

struct jwt_policy jwt_policy_refresh(const struct oidc_settings *settings, struct str sub,
                                     struct str nonce) {
    return (struct jwt_policy){
        .algs = settings->algs,
        .iss = settings->issuer,
        .aud = settings->client_id,
        .azp = settings->client_id,
        .nonce = nonce,
        .sub = sub,
        .need = JWT_EXP | JWT_IAT | JWT_SUB,
        .skew_s = settings->skew_s,
        .max_iat_age_s = ID_TOKEN_MAX_AGE_S,
        .max_age_s = -1,
    };
}

/* RFC 7515 section 4.1.9: compared without case, "application/" may be left out. */
static bool typ_fits(struct str typ, bool is_present, const char *wanted) {
    if (!is_present) {
        return wanted == NULL;
    }
    const struct str prefix = STR("application/");
    if (str_eq_ascii_nocase(str_first(typ, prefix.len), prefix)) {
        typ = str_from(typ, prefix.len);
    }
    return str_eq_ascii_nocase(typ, wanted == NULL ? STR("JWT") : str_from_c(wanted));
}

static result check_header(struct scope *scope, const struct json *header,
                           const struct jwt_policy *policy, struct jwt *jwt) {
    const struct json *kid = json_get(header, STR("kid"));
    const struct json *typ = json_get(header, STR("typ"));
    REQUIRE(scope, kid == NULL || json_is_string(kid), UNAUTHENTICATED, "jwt.header");
    REQUIRE(scope, typ == NULL || json_is_string(typ), UNAUTHENTICATED, "jwt.header");
    jwt->kid = json_as_string(kid);
    REQUIRE(scope, jwt->kid.len <= JWK_MAX_KID, UNAUTHENTICATED, "jwt.header");
    REQUIRE(scope,
            is_ok(jose_alg_parse(scope, json_as_string(json_get(header, STR("alg"))), &jwt->alg)) &&
                (policy->algs & JOSE_BIT(jwt->alg)) != 0,
            UNAUTHENTICATED, "jwt.alg");
    /* We know no extension, so none may be critical (RFC 7515 section 4.1.11, RFC 7797). */
    REQUIRE(scope, json_get(header, STR("crit")) == NULL && json_get(header, STR("b64")) == NULL,
            UNAUTHENTICATED, "jwt.crit");
    REQUIRE(scope, typ_fits(json_as_string(typ), typ != NULL, policy->typ), UNAUTHENTICATED,
            "jwt.typ");
    return OK_RESULT;
}

result jwt_decode(struct scope *scope, struct str text, const struct jwt_policy *policy,
                  struct jwt *ret) {
    REQUIRE(scope, text.len <= JWT_MAX_BYTES, UNAUTHENTICATED, "jwt.size");
    struct str first;
    struct str second;
    const struct str third = str_split(str_split(text, '.', &first), '.', &second);
    struct str header = STR("");
    struct str unused = STR("");
    REQUIRE(scope,
            first.len > 0 && second.len > 0 && third.len > 0 && str_find_byte(third, '.') < 0 &&
                is_ok(base64url_decode(scope, first, &header)) &&
                is_ok(base64url_decode(scope, second, &unused)) &&
                is_ok(base64url_decode(scope, third, &unused)),
            UNAUTHENTICATED, "jwt.encoding");
    const struct json *json = NULL;
    REQUIRE(scope, is_ok(json_read(scope, header, &json)) && json_is_object(json), UNAUTHENTICATED,
            "jwt.header");
    struct jwt jwt = {.text = text};
    TRY(check_header(scope, json, policy, &jwt));
    *ret = jwt;
    return OK_RESULT;
}

static result text_claim(struct scope *scope, const struct json *json, struct str name,
                         struct str *ret, bool *ret_is_present) {
    const struct json *claim = json_get(json, name);
    REQUIRE(scope, claim == NULL || json_is_string(claim), UNAUTHENTICATED, "jwt.claims");
    *ret = json_as_string(claim);
    *ret_is_present = claim != NULL;
    return OK_RESULT;
}

/* RFC 7519 section 2, NumericDate: a fraction is allowed and dropped. */
static result time_claim(struct scope *scope, const struct json *json, struct str name,
                         int64_t *ret_s, bool *ret_is_present) {
    const struct json *claim = json_get(json, name);
    *ret_is_present = claim != NULL;
    if (claim == NULL) {
        return OK_RESULT;
    }
    const enum json_kind kind = json_kind(claim);
    REQUIRE(scope, kind == JSON_INTEGER || kind == JSON_REAL, UNAUTHENTICATED, "jwt.time");
    if (kind == JSON_INTEGER) {
        const int64_t value = json_as_integer(claim);
        REQUIRE(scope, value >= 0 && value <= YEAR_9999_S, UNAUTHENTICATED, "jwt.time");
        *ret_s = value;
        return OK_RESULT;
    }
    const double value = json_as_real(claim);
    REQUIRE(scope, value >= 0 && value <= (double) YEAR_9999_S, UNAUTHENTICATED, "jwt.time");
    *ret_s = (int64_t) value;
    return OK_RESULT;
}

static result audience_claim(struct scope *scope, const struct json *json,
                             struct jwt_claims *claims) {
    const struct json *aud = json_get(json, STR("aud"));
    if (aud == NULL) {
        return OK_RESULT;
    }
    if (json_is_string(aud)) {
        claims->audiences[claims->audience_count++] = json_as_string(aud);
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_array(aud) && json_count(aud) <= JWT_MAX_AUDIENCES, UNAUTHENTICATED,
            "jwt.claims");
    for (size_t i = 0; i < json_count(aud); i++) {
        const struct json *member = json_at(aud, i);
        REQUIRE(scope, json_is_string(member), UNAUTHENTICATED, "jwt.claims");
        claims->audiences[claims->audience_count++] = json_as_string(member);
    }
    return OK_RESULT;
}

static void note(struct jwt_claims *claims, bool is_present, enum jwt_claim bit) {
    claims->has |= is_present ? (unsigned) bit : 0U;
}

static result read_times(struct scope *scope, const struct json *json, struct jwt_claims *claims) {
    bool is_present = false;
    TRY(time_claim(scope, json, STR("exp"), &claims->exp_s, &is_present));
    note(claims, is_present, JWT_EXP);
    TRY(time_claim(scope, json, STR("iat"), &claims->iat_s, &is_present));
    note(claims, is_present, JWT_IAT);
    TRY(time_claim(scope, json, STR("nbf"), &claims->nbf_s, &claims->has_nbf));
    return time_claim(scope, json, STR("auth_time"), &claims->auth_time_s, &claims->has_auth_time);
}

static result read_texts(struct scope *scope, const struct json *json, struct jwt_claims *claims) {
    bool is_present = false;
    TRY(text_claim(scope, json, STR("iss"), &claims->iss, &is_present));
    TRY(text_claim(scope, json, STR("sub"), &claims->sub, &is_present));
    note(claims, is_present, JWT_SUB);
    TRY(text_claim(scope, json, STR("nonce"), &claims->nonce, &is_present));
    note(claims, is_present, JWT_NONCE);
    TRY(text_claim(scope, json, STR("jti"), &claims->jti, &is_present));
    note(claims, is_present, JWT_JTI);
    TRY(text_claim(scope, json, STR("azp"), &claims->azp, &claims->has_azp));
    TRY(text_claim(scope, json, STR("at_hash"), &claims->at_hash, &claims->has_at_hash));
    TRY(text_claim(scope, json, STR("sid"), &claims->sid, &is_present));
    return text_claim(scope, json, STR("acr"), &claims->acr, &is_present);
}

result jwt_decode_claims(struct scope *scope, const struct jwt *jwt, struct jwt_claims *ret) {
    struct str header = STR("");
    struct str payload;
    (void) str_split(str_split(jwt->text, '.', &header), '.', &payload);
    struct str bytes;
    const struct json *json = NULL;
    REQUIRE(scope,
            is_ok(base64url_decode(scope, payload, &bytes)) &&
                is_ok(json_read(scope, bytes, &json)) && json_is_object(json),
            UNAUTHENTICATED, "jwt.payload");
    struct jwt_claims claims = {.all = json};
    TRY(read_texts(scope, json, &claims));
    TRY(read_times(scope, json, &claims));
    TRY(audience_claim(scope, json, &claims));
    *ret = claims;
    return OK_RESULT;
}

static result check_present(struct scope *scope, const struct jwt_claims *claims,
                            const struct jwt_policy *policy) {
    const unsigned missing = policy->need & ~claims->has;
    REQUIRE(scope, (missing & JWT_EXP) == 0, UNAUTHENTICATED, "jwt.exp_missing");
    REQUIRE(scope, (missing & JWT_IAT) == 0, UNAUTHENTICATED, "jwt.iat_missing");
    REQUIRE(scope, (missing & JWT_SUB) == 0, UNAUTHENTICATED, "jwt.sub_missing");
    REQUIRE(scope, (missing & JWT_JTI) == 0, UNAUTHENTICATED, "jwt.jti_missing");
    REQUIRE(scope, (missing & JWT_NONCE) == 0, UNAUTHENTICATED, "jwt.nonce_missing");
    REQUIRE(scope, (policy->forbid & claims->has) == 0, UNAUTHENTICATED, "jwt.forbidden");
    return OK_RESULT;
}

/* OpenID Connect Core section 3.1.3.7, rules 3 to 5. */
static result check_audience(struct scope *scope, const struct jwt_claims *claims,
                             const struct jwt_policy *policy) {
    bool is_ours = false;
    bool has_others = false;
    for (size_t i = 0; i < claims->audience_count; i++) {
        const bool is_equal = str_eq(claims->audiences[i], policy->aud);
        is_ours = is_ours || is_equal;
        has_others = has_others || !is_equal;
    }
    REQUIRE(scope, is_ours, UNAUTHENTICATED, "jwt.audience");
    if (policy->azp.len > 0) {
        REQUIRE(scope, claims->has_azp || !has_others, UNAUTHENTICATED, "jwt.azp");
        REQUIRE(scope, !claims->has_azp || str_eq(claims->azp, policy->azp), UNAUTHENTICATED,
                "jwt.azp");
    }
    return OK_RESULT;
}

static result check_times(struct scope *scope, const struct jwt_claims *claims,
                          const struct jwt_policy *policy, int64_t now_s) {
    const int64_t skew = policy->skew_s;
    REQUIRE(scope, (claims->has & JWT_EXP) == 0 || now_s - skew < claims->exp_s, UNAUTHENTICATED,
            "jwt.expired");
    REQUIRE(scope, !claims->has_nbf || claims->nbf_s <= now_s + skew, UNAUTHENTICATED,
            "jwt.not_yet_valid");
    if ((claims->has & JWT_IAT) != 0) {
        REQUIRE(scope, claims->iat_s <= now_s + skew, UNAUTHENTICATED, "jwt.issued_in_future");
        REQUIRE(scope,
                policy->max_iat_age_s == 0 || now_s - claims->iat_s <= policy->max_iat_age_s + skew,
                UNAUTHENTICATED, "jwt.too_old");
    }
    if (policy->max_age_s >= 0) {
        REQUIRE(scope,
                claims->has_auth_time && claims->auth_time_s <= now_s + skew &&
                    now_s - claims->auth_time_s <= policy->max_age_s + skew,
                UNAUTHENTICATED, "jwt.auth_time");
    }
    return OK_RESULT;
}

static bool is_word_of(struct str word, struct str words) {
    while (words.len > 0) {
        struct str one;
        words = str_split(words, ' ', &one);
        if (one.len > 0 && str_eq(one, word)) {
            return true;
        }
    }
    return false;
}

/* The order is that of OpenID Connect Core section 3.1.3.7, what is missing first. */
result jwt_check(struct scope *scope, const struct jwt_claims *claims,
                 const struct jwt_policy *policy, int64_t now_us) {
    REQUIRE(scope, policy->iss.len > 0 && policy->aud.len > 0, INTERNAL, "jwt.policy");
    REQUIRE(scope, str_eq(claims->iss, policy->iss), UNAUTHENTICATED, "jwt.issuer");
    TRY(check_audience(scope, claims, policy));
    TRY(check_present(scope, claims, policy));
    TRY(check_times(scope, claims, policy, now_us / US_PER_S));
    REQUIRE(scope,
            (claims->has & JWT_SUB) == 0 || (claims->sub.len > 0 && claims->sub.len <= JWT_MAX_SUB),
            UNAUTHENTICATED, "jwt.subject");
    REQUIRE(scope, policy->sub.len == 0 || str_eq(claims->sub, policy->sub), UNAUTHENTICATED,
            "jwt.subject_changed");
    if ((claims->has & JWT_NONCE) != 0) {
        REQUIRE(scope, policy->nonce.len > 0 && secret_equal(claims->nonce, policy->nonce),
                UNAUTHENTICATED, "jwt.nonce");
    }
    REQUIRE(scope, policy->acr_values.len == 0 || is_word_of(claims->acr, policy->acr_values),
            UNAUTHENTICATED, "jwt.acr");
    return OK_RESULT;
}

static struct str hash_of(struct arena *arena, enum jose_alg alg, struct str bytes) {
    switch (jose_alg_hash(alg)) {
    case JOSE_SHA256: return sha256(arena, bytes);
    case JOSE_SHA384: return sha384(arena, bytes);
    case JOSE_SHA512: break;
    }
    return sha512(arena, bytes);
}

result jwt_check_at_hash(struct scope *scope, enum jose_alg alg, const struct jwt_claims *claims,
                         struct str access_token) {
    if (!claims->has_at_hash) {
        return OK_RESULT;
    }
    const struct str hash = hash_of(scope->arena, alg, access_token);
    const struct str half = base64url_encode(scope->arena, hash.at, hash.len / 2);
    REQUIRE(scope, secret_equal(half, claims->at_hash), UNAUTHENTICATED, "jwt.at_hash");
    return OK_RESULT;
}
