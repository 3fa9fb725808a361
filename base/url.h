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

/* Any scheme with "://" and a host: http, https, postgresql, redis, smtp, smtps … The host is a
 * name of letters, digits, '-' and '_', or an IP address in its one usual form: what some resolvers
 * read as an address in disguise ("0x7f.1", "127.1") is refused. User info, blanks, controls,
 * backslashes, broken percent escapes and bytes above 0x7e are refused: INVALID "url.malformed". */
RESULT url_parse(struct scope *scope, struct str text, struct url *ret);
/* The same where "user:password@" may stand before the host; *ret_user gets it raw, without the
 * '@', empty when absent. */
RESULT url_parse_with_user(struct scope *scope, struct str text, struct url *ret,
                           struct str *ret_user);
/* https (or http where is_plain_allowed), no fragment, no user info. INVALID "url.scheme",
 * "url.fragment". */
RESULT url_parse_web(struct scope *scope, struct str text, bool is_plain_allowed, struct url *ret);
/* A path on our own site to return to: one '/', second byte neither '/' nor '\', only visible
 * ASCII without '\\', at most 1024 bytes. INVALID "url.return_path". */
RESULT url_check_return_path(struct scope *scope, struct str text);
/* The path of a request: percent-decoded once, valid UTF-8, no control, no '//', no '.' or
 * '..' segment, no encoded slash, no backslash. INVALID "url.path". */
RESULT url_decode_path(struct scope *scope, struct str raw, struct str *ret);
/* Percent-encodes everything but unreserved characters (RFC 3986 section 2.3). */
struct str url_encode(struct arena *arena, struct str text);
/* '+' stays '+'. INVALID "url.malformed": a broken escape, no UTF-8, a NUL. */
RESULT url_decode(struct scope *scope, struct str text, struct str *ret);
/* The domain of an e-mail address: exactly one '@', a local part without blanks and controls, a
 * host name of letters, digits and '-' behind it, lower case, at most 254 bytes in all. INVALID
 * "email.malformed". */
RESULT email_domain(struct scope *scope, struct str email, struct str *ret);
