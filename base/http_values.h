#pragma once
/* HTTP requests and responses as values: what a handler sees and what it answers, free of sockets
 * and of the parser. All slices live in the exchange's arena. */

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/str.h"

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OTHER };

enum { HTTP_MAX_HEADERS = 64, HTTP_MAX_PATH_ARGS = 4, HTTP_MAX_SET_COOKIES = 8 };

struct http_header {
    struct str name, value;
};

struct http_request {
    enum http_method method;
    struct str path;                          /* percent-decoded once, normalised: see url.h */
    struct str query;                         /* raw, without '?' */
    struct str path_args[HTTP_MAX_PATH_ARGS]; /* what {names} of the route matched */
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t header_count;
    struct str body;
    struct str client_address; /* textual, after trusted_proxies */
    struct str request_id;
    int64_t received_us; /* wall clock at the last body byte */
};

struct http_response {
    int status;               /* 0: the handler set nothing */
    const char *content_type; /* a literal; NULL: no body */
    struct str body;
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t header_count;
    bool is_cacheable; /* false: Cache-Control: no-store */
};

enum http_method http_method_parse(struct str text);
const char *http_method_name(enum http_method method);
/* First value of the header, name in any case; empty when absent. */
struct str http_header_get(const struct http_request *request, const char *name);
bool http_header_is_present(const struct http_request *request, const char *name);
/* INVALID "http.header_value" for controls (CR, LF, NUL …) except tabs; INTERNAL "http.headers"
 * when there is no room. */
RESULT http_header_add(struct scope *scope, struct http_response *response, const char *name,
                       struct str value);
/* The media type without parameters, lower case. */
struct str http_content_type(struct scope *scope, const struct http_request *request);

void http_answer_json(struct http_response *response, int status, struct str body);
void http_answer_html(struct http_response *response, int status, struct str body);
void http_answer_empty(struct http_response *response, int status);
/* 303 (or another 3xx) with Location, which is visible ASCII: else INVALID "http.location". */
RESULT http_answer_redirect(struct scope *scope, struct http_response *response, int status,
                            struct str location);
/* RFC 9457: type, title, status, detail, code, request_id. `code` is the stable reason. */
void http_answer_problem(struct scope *scope, struct http_response *response, int status,
                         const char *code, struct str request_id);

/* Text for an HTML element or a quoted attribute. */
struct str html_escape(struct arena *arena, struct str text);
