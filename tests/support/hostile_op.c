#include "tests/support/hostile_op.h"

#include <string.h>

#include "base/base64url.h"
#include "base/crypto.h"
#include "base/form.h"

struct op_keys op_keys_make(struct scope *scope) {
    struct op_keys keys;
    keys.signers[KEY_RSA] = signer_make(scope, JOSE_RS256, "rsa-1");
    keys.signers[KEY_RSA_OTHER] = signer_make(scope, JOSE_RS256, "rsa-2");
    keys.signers[KEY_EC] = signer_make(scope, JOSE_ES256, "ec-1");
    keys.signers[KEY_ED] = signer_make(scope, JOSE_EDDSA, "ed-1");
    keys.signers[KEY_EC_OTHER] = signer_make(scope, JOSE_ES256, "ec-2");
    return keys;
}

static void add_claim(struct strbuf *out, const char *name, const char *raw) {
    if (raw[0] == '\0') {
        return;
    }
    if (out->len > 1) {
        strbuf_add_byte(out, ',');
    }
    strbuf_add_byte(out, '"');
    strbuf_add_c(out, name);
    strbuf_add_c(out, "\":");
    strbuf_add_c(out, raw);
}

static const char *said(const char *lie, const char *truth) {
    return lie == NULL ? truth : lie;
}

static const char *c_text(struct scope *scope, struct str text) {
    const char *copy = NULL;
    assert_ok(str_to_c(scope, text, &copy));
    return copy;
}

static const char *at_hash(struct scope *scope, const struct lie *lie, enum jose_alg alg) {
    if (!lie->with_at_hash && !lie->with_wrong_at_hash) {
        return OMIT;
    }
    const struct str access = lie->with_wrong_at_hash ? STR("another token") : STR(OP_ACCESS);
    const struct str hash =
        alg == JOSE_EDDSA ? sha512(scope->arena, access) : sha256(scope->arena, access);
    const struct str half = base64url_encode(scope->arena, hash.at, hash.len / 2);
    return c_text(scope, str_format(scope->arena, "\"%.*s\"", STR_ARG(half)));
}

static struct str payload(struct hostile_op *op) {
    struct scope *scope = &op->fixture->scope;
    const struct lie *lie = &op->lie;
    if (lie->payload != NULL) {
        return str_from_c(lie->payload);
    }
    const long long now_s = op->fixture->time.now_us / US_PER_S;
    struct strbuf out = strbuf_begin(scope->arena, 16384);
    strbuf_add_byte(&out, '{');
    add_claim(&out, "iss", said(lie->iss, "\"" OP_ISSUER "\""));
    add_claim(&out, "sub", said(lie->sub, "\"alice\""));
    add_claim(&out, "aud", said(lie->aud, "\"gatehouse\""));
    add_claim(&out, "azp", said(lie->azp, OMIT));
    add_claim(
        &out, "nonce",
        said(lie->nonce, c_text(scope, str_format(scope->arena, "\"%.*s\"", STR_ARG(op->nonce)))));
    add_claim(&out, "iat", said(lie->iat, c_text(scope, str_format(scope->arena, "%lld", now_s))));
    add_claim(&out, "exp",
              said(lie->exp, c_text(scope, str_format(scope->arena, "%lld", now_s + 300))));
    add_claim(&out, "nbf", said(lie->nbf, OMIT));
    add_claim(&out, "auth_time", said(lie->auth_time, OMIT));
    add_claim(&out, "at_hash", at_hash(scope, lie, op->keys->signers[lie->signer].alg));
    add_claim(&out, "preferred_username", "\"alice\"");
    add_claim(&out, "name", "\"Alice Example\"");
    if (lie->extra != NULL) {
        strbuf_add_byte(&out, ',');
        strbuf_add_c(&out, lie->extra);
    }
    strbuf_add_byte(&out, '}');
    return str_copy(scope->arena, strbuf_str(&out));
}

static struct str honest_header(struct hostile_op *op, const struct signer *signer) {
    struct scope *scope = &op->fixture->scope;
    if (op->lie.with_own_jwk) {
        return str_format(scope->arena, "{\"alg\":\"%s\",\"kid\":\"rsa-1\",\"jwk\":%.*s}",
                          jose_alg_name(signer->alg),
                          STR_ARG(jwk_canonical(scope, &signer->jwk.key)));
    }
    if (op->lie.without_kid) {
        return str_format(scope->arena, "{\"alg\":\"%s\"}", jose_alg_name(signer->alg));
    }
    return str_format(scope->arena, "{\"alg\":\"%s\",\"kid\":\"%.*s\"}", jose_alg_name(signer->alg),
                      STR_ARG(signer->jwk.kid));
}

static struct str with_payload(struct scope *scope, struct str token, const char *other) {
    struct str header;
    struct str middle;
    const struct str signature = str_split(str_split(token, '.', &header), '.', &middle);
    const struct str swapped = base64url_encode(scope->arena, other, strlen(other));
    return str_format(scope->arena, "%.*s.%.*s.%.*s", STR_ARG(header), STR_ARG(swapped),
                      STR_ARG(signature));
}

static struct str replaced(struct scope *scope, struct str text, struct str old, struct str new) {
    const ptrdiff_t at = str_find(text, old);
    assert_true(at >= 0);
    return str_format(scope->arena, "%.*s%.*s%.*s", STR_ARG(str_first(text, (size_t) at)),
                      STR_ARG(new), STR_ARG(str_from(text, (size_t) at + old.len)));
}

struct str hostile_op_id_token(struct hostile_op *op) {
    struct scope *scope = &op->fixture->scope;
    const struct signer *signer = &op->keys->signers[op->lie.signer];
    const char *header = said(op->lie.header, c_text(scope, honest_header(op, signer)));
    const struct str body = payload(op);
    const struct str good = signer_sign(scope, signer, header, body);
    switch (op->lie.signing) {
    case SIGN_WELL: return good;
    case SIGN_NONE: return unsigned_token(scope, "{\"alg\":\"none\"}", body);
    case SIGN_STRIPPED: return unsigned_token(scope, header, body);
    case SIGN_FLIPPED: return flipped(scope, good, good.len - 9);
    case SIGN_OTHER_PAYLOAD:
        return with_payload(
            scope, good,
            c_text(scope, replaced(scope, body, STR("\"alice\""), STR("\"mallory\""))));
    case SIGN_HMAC_SECRET: return hmac_token(scope, "{\"alg\":\"HS256\"}", body, STR(OP_SECRET));
    case SIGN_HMAC_PUBLIC_KEY:
        return hmac_token(scope, "{\"alg\":\"HS256\",\"kid\":\"rsa-1\"}", body,
                          jwk_canonical(scope, &op->keys->signers[KEY_RSA].jwk.key));
    case SIGN_HMAC_OCT: break;
    }
    return hmac_token(scope, "{\"alg\":\"HS256\",\"kid\":\"oct-1\"}", body,
                      STR("a key of thirty-two bytes, exactly"));
}

static struct http_reply json_reply(int status, struct str body) {
    return (struct http_reply){
        .status = status == 0 ? 200 : status,
        .content_type = STR("application/json"),
        .body = body,
    };
}

static struct http_reply answer_metadata(struct hostile_op *op) {
    op->metadata++;
    return json_reply(
        op->lie.metadata_status,
        str_format(op->fixture->scope.arena,
                   "{\"issuer\":\"%s\",\"authorization_endpoint\":\"" OP_ISSUER "/authorize\","
                   "\"token_endpoint\":\"" OP_ISSUER "/token\",\"jwks_uri\":\"" OP_ISSUER "/jwks\","
                   "\"userinfo_endpoint\":\"" OP_ISSUER "/userinfo\","
                   "\"end_session_endpoint\":\"" OP_ISSUER "/logout\",%s"
                   "\"id_token_signing_alg_values_supported\":[\"RS256\",\"ES256\",\"EdDSA\"],"
                   "\"authorization_response_iss_parameter_supported\":%s}",
                   said(op->lie.metadata_issuer, OP_ISSUER),
                   op->lie.without_revocation ? ""
                                              : "\"revocation_endpoint\":\"" OP_ISSUER "/revoke\",",
                   op->lie.announces_iss ? "true" : "false"));
}

static struct http_reply answer_jwks(struct hostile_op *op) {
    op->jwks++;
    if (op->lie.jwks != NULL) {
        return json_reply(op->lie.jwks_status, str_from_c(op->lie.jwks));
    }
    const unsigned published =
        op->lie.published == 0 ? BIT(KEY_RSA) | BIT(KEY_EC) | BIT(KEY_ED) : op->lie.published;
    struct signer signers[OP_KEYS];
    size_t count = 0;
    for (int key = 0; key < OP_KEYS; key++) {
        if ((published & BIT(key)) != 0) {
            signers[count++] = op->keys->signers[key];
        }
    }
    return json_reply(op->lie.jwks_status, signer_jwks(&op->fixture->scope, signers, count));
}

static bool verifier_fits(struct hostile_op *op, struct str request) {
    struct scope *scope = &op->fixture->scope;
    struct form *form = NEW(scope->arena, struct form);
    struct str verifier = STR("");
    struct str grant = STR("");
    assert_ok(form_parse(scope, request, form));
    assert_ok(form_get(scope, form, STR("grant_type"), &grant, NULL));
    if (!str_eq(grant, STR("authorization_code"))) {
        return true;
    }
    assert_ok(form_get(scope, form, STR("code_verifier"), &verifier, NULL));
    assert_true(verifier.len >= 43);
    return str_eq(sha256_text(scope->arena, verifier), op->challenge) &&
           !op->lie.wants_other_verifier;
}

static struct http_reply answer_token(struct hostile_op *op, struct str request) {
    struct scope *scope = &op->fixture->scope;
    op->token++;
    op->token_request = request;
    op->token_authorization = op->authorization;
    if (op->lie.token_body != NULL) {
        struct http_reply reply = json_reply(op->lie.token_status, str_from_c(op->lie.token_body));
        reply.content_type = str_from_c(said(op->lie.token_content, "application/json"));
        return reply;
    }
    if (!verifier_fits(op, request)) {
        return json_reply(400, STR("{\"error\":\"invalid_grant\"}"));
    }
    const struct str id_token = hostile_op_id_token(op);
    return json_reply(
        op->lie.token_status,
        str_format(scope->arena,
                   "{\"access_token\":\"" OP_ACCESS "\",\"token_type\":\"%s\",\"expires_in\":300"
                   "%s%.*s%s%s%s%s}",
                   said(op->lie.token_type, "Bearer"),
                   op->lie.without_id_token ? ",\"x\":\"" : ",\"id_token\":\"", STR_ARG(id_token),
                   "\"", op->lie.refresh_token == NULL ? "" : ",\"refresh_token\":\"",
                   op->lie.refresh_token == NULL ? "" : op->lie.refresh_token,
                   op->lie.refresh_token == NULL ? "" : "\""));
}

static struct http_reply answer_userinfo(struct hostile_op *op) {
    op->userinfo++;
    return json_reply(
        op->lie.userinfo_status,
        str_from_c(said(op->lie.userinfo, "{\"sub\":\"alice\",\"email\":\"alice@example.com\","
                                          "\"email_verified\":true}")));
}

static struct http_reply answer_revocation(struct hostile_op *op, struct str request) {
    op->revocations++;
    op->token_request = request;
    op->token_authorization = op->authorization;
    return json_reply(op->lie.revocation_status, STR("{}"));
}

static void note_authorization(struct hostile_op *op, const struct http_call *call) {
    op->authorization = STR("");
    for (size_t i = 0; i < call->header_count; i++) {
        if (str_eq(call->headers[i].name, STR("Authorization"))) {
            op->authorization = call->headers[i].value;
        }
    }
}

static result answer(struct http_client *client, struct scope *scope, const struct http_call *call,
                     struct http_reply *ret) {
    struct hostile_op *op = (struct hostile_op *) (void *) client;
    note_authorization(op, call);
    if (op->silent > 0) {
        op->silent--;
        return FAIL(scope, UNAVAILABLE, "http.timeout");
    }
    if (str_eq(call->url, STR(OP_ISSUER "/.well-known/openid-configuration"))) {
        *ret = answer_metadata(op);
    } else if (str_eq(call->url, STR(OP_ISSUER "/jwks"))) {
        *ret = answer_jwks(op);
    } else if (str_eq(call->url, STR(OP_ISSUER "/token"))) {
        *ret = answer_token(op, call->body);
    } else if (str_eq(call->url, STR(OP_ISSUER "/userinfo"))) {
        *ret = answer_userinfo(op);
    } else if (str_eq(call->url, STR(OP_ISSUER "/revoke"))) {
        *ret = answer_revocation(op, call->body);
    } else {
        fail_msg("asked for %.*s", STR_ARG(call->url));
    }
    return OK_RESULT;
}

void hostile_op_init(struct hostile_op *op, struct fixture *fixture, const struct op_keys *keys) {
    *op =
        (struct hostile_op){.client = {answer}, .fixture = fixture, .keys = keys, .nonce = STR("")};
    fixture->env.http = &op->client;
}
