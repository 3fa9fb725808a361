#include "identity/saml/saml_page.h"

#include "base/url.h"

enum { PAGE_MAX = 512 * 1024 };

static const char HEAD[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<link rel=\"icon\" href=\"/assets/icon.svg\">\n"
    "<link rel=\"stylesheet\" href=\"/assets/app.css\">\n";
#define MARK "<img class=\"mark\" src=\"/assets/icon.svg\" width=\"40\" height=\"40\" alt=\"\">\n"
static const char TAIL[] =
    "</main>\n<footer class=\"foot\">\n<p>Gatehouse is free software (AGPL-3.0-or-later): "
    "<a href=\"/version\">source and version</a></p>\n</footer>\n</body>\n</html>\n";

static void add_escaped(struct scope *scope, struct strbuf *page, struct str text) {
    strbuf_add(page, html_escape(scope->arena, text));
}

static void add_field(struct scope *scope, struct strbuf *page, struct str name, struct str value) {
    strbuf_add_c(page, "<input type=\"hidden\" name=\"");
    add_escaped(scope, page, name);
    strbuf_add_c(page, "\" value=\"");
    add_escaped(scope, page, value);
    strbuf_add_c(page, "\">\n");
}

/* "https://idp.example:443". The host has passed the URL's rules: it cannot end a directive. */
static result origin_of(struct scope *scope, struct str address, struct str *ret) {
    struct url url;
    TRY(url_parse_web(scope, address, true, &url));
    const bool is_v6 = str_find_byte(url.host, ':') >= 0;
    *ret = str_format(scope->arena, "%.*s://%s%.*s%s:%u", STR_ARG(url.scheme), is_v6 ? "[" : "",
                      STR_ARG(url.host), is_v6 ? "]" : "", (unsigned) url.port);
    return OK_RESULT;
}

/* What a browser is told with a message. */
struct passage {
    const char *title;
    struct str framed_by; /* an address; empty: nobody */
};

/* Everything the page needs, and a form that goes to one origin. */
static result add_policy(struct scope *scope, struct str target, struct str framed_by,
                         struct http_response *response) {
    struct str origin;
    struct str ancestor = STR("'none'");
    TRY(origin_of(scope, target, &origin));
    if (framed_by.len > 0) {
        TRY(origin_of(scope, framed_by, &ancestor));
    }
    return http_header_add(
        scope, response, "Content-Security-Policy",
        str_format(scope->arena,
                   "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                   "form-action %.*s; frame-ancestors %.*s; base-uri 'none'",
                   STR_ARG(origin), STR_ARG(ancestor)));
}

static result answer_form(struct scope *scope, const struct saml_outgoing *outgoing,
                          const struct passage *passage, struct http_response *response) {
    struct strbuf page = strbuf_begin(scope->arena, PAGE_MAX);
    strbuf_add_c(&page, HEAD);
    strbuf_add_c(&page, "<title>");
    strbuf_add_c(&page, passage->title);
    strbuf_add_c(&page, " – Gatehouse</title>\n"
                        "<script src=\"/assets/post.js\" defer></script>\n</head>\n"
                        "<body class=\"centred\">\n<main class=\"card\" id=\"main\">\n" MARK
                        "<h1>On to your identity provider</h1>\n"
                        "<form id=\"onward\" method=\"post\" action=\"");
    add_escaped(scope, &page, outgoing->url);
    strbuf_add_c(&page, "\">\n");
    add_field(scope, &page, outgoing->field, outgoing->value);
    if (outgoing->relay_state.len > 0) {
        add_field(scope, &page, STR("RelayState"), outgoing->relay_state);
    }
    strbuf_add_c(&page, "<button class=\"button\">Continue</button>\n</form>\n");
    strbuf_add_c(&page, TAIL);
    struct str text;
    TRY(strbuf_finish(scope, &page, &text));
    TRY(add_policy(scope, outgoing->url, passage->framed_by, response));
    http_answer_html(response, 200, text);
    return OK_RESULT;
}

static result answer_outgoing(struct scope *scope, const struct saml_outgoing *outgoing,
                              const struct passage *passage, struct http_response *response) {
    switch (outgoing->binding) {
    case SAML_REDIRECT: return http_answer_redirect(scope, response, 303, outgoing->url);
    case SAML_POST: return answer_form(scope, outgoing, passage, response);
    case SAML_BINDING_COUNT: break;
    }
    return FAIL(scope, INTERNAL, "saml.build");
}

result saml_page_outgoing(struct scope *scope, const struct saml_outgoing *outgoing,
                          struct http_response *response) {
    const struct passage passage = {.title = "Signing in", .framed_by = STR("")};
    return answer_outgoing(scope, outgoing, &passage, response);
}

result saml_page_logout(struct scope *scope, const struct saml_outgoing *outgoing,
                        struct str framed_by, struct http_response *response) {
    const struct passage passage = {.title = "Signing out", .framed_by = framed_by};
    if (outgoing->binding == SAML_REDIRECT && framed_by.len > 0) {
        TRY(add_policy(scope, outgoing->url, framed_by, response));
    }
    return answer_outgoing(scope, outgoing, &passage, response);
}

static void add_row(struct scope *scope, struct strbuf *page, struct str name, struct str value) {
    strbuf_add_c(page, "<dt>");
    add_escaped(scope, page, name);
    strbuf_add_c(page, "</dt><dd>");
    add_escaped(scope, page, value.len > 0 ? value : STR("–"));
    strbuf_add_c(page, "</dd>\n");
}

static void add_attribute(struct scope *scope, struct strbuf *page,
                          const struct saml_attribute *attribute) {
    if (attribute->count == 0) {
        add_row(scope, page, attribute->name, STR(""));
    }
    for (size_t i = 0; i < attribute->count; i++) {
        add_row(scope, page, attribute->name, attribute->values[i]);
    }
}

static struct str role_text(const struct saml_person *person) {
    return person->has_role ? str_from_c(role_name(person->role)) : STR("not decided by groups");
}

void saml_page_tested(struct scope *scope, struct str connection_id,
                      const struct saml_arrival *arrival, struct http_response *response) {
    const struct saml_assertion *assertion = &arrival->response.assertion;
    const struct saml_person *person = &arrival->person;
    struct strbuf page = strbuf_begin(scope->arena, PAGE_MAX);
    strbuf_add_c(&page, HEAD);
    strbuf_add_c(&page,
                 "<title>Test sign-in – Gatehouse</title>\n</head>\n<body class=\"centred\">\n"
                 "<main class=\"card noticed\" id=\"main\">\n" MARK
                 "<h1>The test sign-in worked</h1>\n"
                 "<p>This is what the provider says about you. It is shown once and stored "
                 "nowhere; you are signed in as before.</p>\n<dl class=\"facts long\">\n");
    add_row(scope, &page, STR("User name"), person->user_name);
    add_row(scope, &page, STR("E-mail"), person->email);
    add_row(scope, &page, STR("Display name"), person->display_name);
    add_row(scope, &page, STR("Matched by"), person->match_value);
    add_row(scope, &page, STR("Role"), role_text(person));
    add_row(scope, &page, STR("NameID"), assertion->name_id.value);
    add_row(scope, &page, STR("Format"), assertion->name_id.format);
    for (size_t i = 0; i < assertion->attribute_count; i++) {
        add_attribute(scope, &page, &assertion->attributes[i]);
    }
    strbuf_add_c(&page, "</dl>\n<p><a class=\"button\" href=\"/console#connections/");
    add_escaped(scope, &page, connection_id);
    strbuf_add_c(&page, "\">Back to the console</a></p>\n");
    strbuf_add_c(&page, TAIL);
    http_answer_html(response, 200, strbuf_str(&page));
}
