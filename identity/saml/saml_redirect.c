#include "identity/saml/saml_redirect.h"

#include "base/arena.h"
#include "base/inflate.h"
#include "base/percent.h"

enum part { PART_REQUEST, PART_RESPONSE, PART_RELAY_STATE, PART_SIG_ALG, PART_SIGNATURE, PARTS };

static const struct str NAMES[PARTS] = {
    [PART_REQUEST] = STR_INIT("SAMLRequest"),    [PART_RESPONSE] = STR_INIT("SAMLResponse"),
    [PART_RELAY_STATE] = STR_INIT("RelayState"), [PART_SIG_ALG] = STR_INIT("SigAlg"),
    [PART_SIGNATURE] = STR_INIT("Signature"),
};

struct parts {
    bool is_there[PARTS];
    struct str raw[PARTS];
};

static enum part part_named(struct str name) {
    enum part part = PART_REQUEST;
    while (part < PARTS && !str_eq(name, NAMES[part])) {
        part++;
    }
    return part;
}

/* A name that says one of ours only when decoded: others would read what we do not. */
static bool is_disguised(struct scope *scope, struct str name) {
    struct str decoded;
    return str_find_byte(name, '%') >= 0 &&
           (!percent_decode(scope->arena, name, true, &decoded) || part_named(decoded) != PARTS);
}

static result take(struct scope *scope, struct str pair, struct parts *parts) {
    struct str name;
    const struct str value = str_split(pair, '=', &name);
    const enum part part = part_named(name);
    if (part == PARTS) {
        SAML_REQUIRE(scope, !is_disguised(scope, name), SAML_QUERY);
        return OK_RESULT;
    }
    SAML_REQUIRE(scope, !parts->is_there[part], SAML_QUERY);
    parts->is_there[part] = true;
    parts->raw[part] = value;
    return OK_RESULT;
}

static result split(struct scope *scope, struct str query, struct parts *ret) {
    struct parts parts = {.is_there = {false}};
    while (query.len > 0) {
        struct str pair;
        query = str_split(query, '&', &pair);
        TRY(take(scope, pair, &parts));
    }
    SAML_REQUIRE(scope, parts.is_there[PART_REQUEST] != parts.is_there[PART_RESPONSE], SAML_QUERY);
    SAML_REQUIRE(scope, parts.is_there[PART_SIG_ALG] || parts.is_there[PART_SIGNATURE],
                 SAML_UNSIGNED);
    SAML_REQUIRE(scope, parts.is_there[PART_SIG_ALG] && parts.is_there[PART_SIGNATURE], SAML_QUERY);
    *ret = parts;
    return OK_RESULT;
}

static result decode(struct scope *scope, struct str raw, struct str *ret) {
    SAML_REQUIRE(scope, percent_decode(scope->arena, raw, true, ret), SAML_QUERY);
    return OK_RESULT;
}

static struct str signed_text(struct scope *scope, const struct parts *parts, enum part message) {
    struct str text = str_format(scope->arena, "%.*s=%.*s", STR_ARG(NAMES[message]),
                                 STR_ARG(parts->raw[message]));
    if (parts->is_there[PART_RELAY_STATE]) {
        text = str_format(scope->arena, "%.*s&RelayState=%.*s", STR_ARG(text),
                          STR_ARG(parts->raw[PART_RELAY_STATE]));
    }
    return str_format(scope->arena, "%.*s&SigAlg=%.*s", STR_ARG(text),
                      STR_ARG(parts->raw[PART_SIG_ALG]));
}

result saml_redirect_parse(struct scope *scope, struct str query, bool is_sha1_allowed,
                           struct saml_query *ret) {
    SAML_REQUIRE(scope, query.len <= SAML_BODY_MAX, SAML_GATE_SIZE);
    SAML_REQUIRE(scope, str_find_byte(query, '\0') < 0, SAML_QUERY);
    struct parts parts = {.is_there = {false}};
    TRY(split(scope, query, &parts));
    const enum part message = parts.is_there[PART_REQUEST] ? PART_REQUEST : PART_RESPONSE;
    struct saml_query found = {
        .is_request = message == PART_REQUEST,
        .message = parts.raw[message],
        .given = {.bytes = signed_text(scope, &parts, message)},
    };
    struct str signature;
    TRY(decode(scope, parts.raw[PART_SIG_ALG], &found.given.algorithm));
    TRY(decode(scope, parts.raw[PART_SIGNATURE], &signature));
    if (parts.is_there[PART_RELAY_STATE]) {
        TRY(decode(scope, parts.raw[PART_RELAY_STATE], &found.relay_state));
    }
    SAML_REQUIRE(
        scope, saml_algorithm_signature(found.given.algorithm, is_sha1_allowed, &found.given.kind),
        SAML_GATE_ALGORITHM);
    SAML_REQUIRE(scope, is_ok(saml_gate_decode(scope, signature, &found.given.signature)),
                 SAML_QUERY);
    *ret = found;
    return OK_RESULT;
}

result saml_redirect_inflate(struct scope *scope, struct str message, struct str *ret) {
    struct str text;
    struct str packed;
    TRY(decode(scope, message, &text));
    TRY(saml_gate_decode(scope, text, &packed));
    SAML_REQUIRE(scope, is_ok(inflate_raw(scope, packed, SAML_MESSAGE_MAX, ret)), SAML_INFLATE);
    return OK_RESULT;
}
