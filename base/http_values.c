#include "base/http_values.h"

#include <assert.h>

#include "base/arena.h"
#include "base/json.h"

static const char *const METHODS[] = {
    [HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",   [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OTHER] = "OTHER",
};

/* Methods are case-sensitive: RFC 9110 section 9.1. */
enum http_method http_method_parse(struct str text) {
    static const enum http_method ALL[] = {HTTP_GET, HTTP_HEAD,  HTTP_POST,
                                           HTTP_PUT, HTTP_PATCH, HTTP_DELETE};
    for (size_t i = 0; i < sizeof ALL / sizeof ALL[0]; i++) {
        if (str_eq(text, str_from_c(METHODS[ALL[i]]))) {
            return ALL[i];
        }
    }
    return HTTP_OTHER;
}

const char *http_method_name(enum http_method method) {
    return METHODS[method];
}

static const struct http_header *find_header(const struct http_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_eq_ascii_nocase(request->headers[i].name, str_from_c(name))) {
            return &request->headers[i];
        }
    }
    return NULL;
}

struct str http_header_get(const struct http_request *request, const char *name) {
    const struct http_header *header = find_header(request, name);
    return header == NULL ? STR("") : header->value;
}

bool http_header_is_present(const struct http_request *request, const char *name) {
    return find_header(request, name) != NULL;
}

/* RFC 9110 section 5.5 */
static bool is_header_value(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char) text.at[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

result http_header_add(struct scope *scope, struct http_response *response, const char *name,
                       struct str value) {
    REQUIRE(scope, is_header_value(value), INVALID, "http.header_value");
    REQUIRE(scope, response->header_count < HTTP_MAX_HEADERS, INTERNAL, "http.headers");
    response->headers[response->header_count++] = (struct http_header){str_from_c(name), value};
    return OK_RESULT;
}

struct str http_content_type(struct scope *scope, const struct http_request *request) {
    struct str type;
    (void) str_split(http_header_get(request, "Content-Type"), ';', &type);
    return str_lower_ascii(scope->arena, str_trim_blanks(type));
}

static void answer(struct http_response *response, int status, const char *content_type,
                   struct str body) {
    response->status = status;
    response->content_type = content_type;
    response->body = body;
}

void http_answer_json(struct http_response *response, int status, struct str body) {
    answer(response, status, "application/json", body);
}

void http_answer_html(struct http_response *response, int status, struct str body) {
    answer(response, status, "text/html; charset=utf-8", body);
}

void http_answer_empty(struct http_response *response, int status) {
    answer(response, status, NULL, STR(""));
}

static bool is_location(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char) text.at[i];
        if (byte <= 0x20 || byte >= 0x7f || byte == '\\') {
            return false;
        }
    }
    return text.len > 0;
}

result http_answer_redirect(struct scope *scope, struct http_response *response, int status,
                            struct str location) {
    assert(status >= 300 && status <= 399);
    REQUIRE(scope, is_location(location), INVALID, "http.location");
    TRY(http_header_add(scope, response, "Location", location));
    http_answer_empty(response, status);
    return OK_RESULT;
}

/* What people are told: the same for every reason, so that nothing leaks. */
static const struct {
    int status;
    const char *title, *detail;
} PROBLEMS[] = {
    {400, "Bad request", "The request cannot be understood or is not allowed in this form."},
    {401, "Not signed in", "Sign in, or send valid credentials, and try again."},
    {403, "Forbidden", "You may not do this."},
    {404, "Not found", "There is nothing here, or you may not see it."},
    {405, "Method not allowed", "This address does not offer this method."},
    {409, "Conflict", "The request contradicts the present state."},
    {413, "Too large", "The request is larger than allowed."},
    {415, "Unsupported media type", "Send the body in a format that this address reads."},
    {429, "Too many requests", "Wait a moment and try again."},
    {503, "Unavailable", "The service cannot answer right now. Try again later."},
    {500, "Internal error", "Something went wrong on our side."}, /* last: for all others */
};

enum { PROBLEM_COUNT = sizeof PROBLEMS / sizeof PROBLEMS[0] };

void http_answer_problem(struct scope *scope, struct http_response *response, int status,
                         const char *code, struct str request_id) {
    size_t i = 0;
    while (i + 1 < PROBLEM_COUNT && PROBLEMS[i].status != status) {
        i++;
    }
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "type", STR("about:blank"));
    json_out_member(&out, "title", str_from_c(PROBLEMS[i].title));
    json_out_member_number(&out, "status", status);
    json_out_member(&out, "detail", str_from_c(PROBLEMS[i].detail));
    json_out_member(&out, "code", str_from_c(code));
    json_out_member(&out, "request_id", request_id);
    json_out_close_object(&out);
    answer(response, status, "application/problem+json", json_out_end(&out));
    response->is_cacheable = false;
}

struct str html_escape(struct arena *arena, struct str text) {
    struct strbuf buf = strbuf_begin(arena, SIZE_MAX / 4);
    for (size_t i = 0; i < text.len; i++) {
        switch (text.at[i]) {
        case '&': strbuf_add(&buf, STR("&amp;")); break;
        case '<': strbuf_add(&buf, STR("&lt;")); break;
        case '>': strbuf_add(&buf, STR("&gt;")); break;
        case '"': strbuf_add(&buf, STR("&quot;")); break;
        case '\'': strbuf_add(&buf, STR("&#39;")); break;
        default: strbuf_add_byte(&buf, text.at[i]); break;
        }
    }
    return strbuf_str(&buf);
}
