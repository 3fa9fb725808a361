#pragma once
/* URLs that we are given (issuers, endpoints, return paths) and the paths of requests. */

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum { URL_MAX_BYTES = 2048 };

struct url {
    struct str scheme; /* lower case */
    struct str host;   /* lower case, ASCII; IPv6 without brackets */
    uint16_t port;     /* with the scheme's default filled in */
    bool has_port;
    struct str path; /* starts with '/', "" when absent */
    struct str query;
    struct str fragment;
};

/* http, https, postgresql, redis, smtp, smtps … with authority; no user info unless `may_have_user`
 * is a matter of the caller (see url_parse_with_user). Blanks, controls, backslashes and bytes
 * above 0x7e are refused: INVALID "url.malformed". */
RESULT url_parse(struct scope *scope, struct str text, struct url *ret);
/* https (or http where is_plain_allowed), no fragment, no user info. INVALID "url.scheme". */
RESULT url_parse_web(struct scope *scope, struct str text, bool is_plain_allowed, struct url *ret);
/* A path on our own site to return to: one '/', second byte neither '/' nor '\', no controls, at
 * most 1024 bytes. INVALID "url.return_path". */
RESULT url_check_return_path(struct scope *scope, struct str text);
/* The path of a request: percent-decoded once, valid UTF-8, no NUL or control, no '//' , no '.' or
 * '..' segment, no encoded slash. INVALID "url.path". */
RESULT url_decode_path(struct scope *scope, struct str raw, struct str *ret);
/* Percent-encodes everything but unreserved characters (RFC 3986 section 2.3). */
struct str url_encode(struct arena *arena, struct str text);
RESULT url_decode(struct scope *scope, struct str text, struct str *ret);
/* The domain of an e-mail address: exactly one '@', non-empty local part, a host name behind it,
 * lower case. INVALID "email.malformed". */
RESULT email_domain(struct scope *scope, struct str email, struct str *ret);
