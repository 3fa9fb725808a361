#include "tests/support/sign_in.h"

#include <stdlib.h>

#include "base/form.h"
#include "identity/connection_schema.h"
#include "identity/identity_schema.h"
#include "identity/oidc/oidc.h"
#include "identity/oidc/oidc_http.h"
#include "identity/saml/saml_schema.h"

const struct migration_list *const SIGN_IN_MIGRATIONS[] = {
    &BASE_MIGRATIONS, &MESSAGING_MIGRATIONS, &IDENTITY_MIGRATIONS, &CONNECTION_MIGRATIONS,
    &SAML_MIGRATIONS};
const size_t SIGN_IN_MIGRATIONS_COUNT = sizeof SIGN_IN_MIGRATIONS / sizeof *SIGN_IN_MIGRATIONS;

static const struct table_rule_list *const RULES[] = {&MESSAGING_TABLES, &IDENTITY_TABLES,
                                                      &CONNECTION_TABLES, &SAML_TABLES};
enum { RULES_COUNT = sizeof RULES / sizeof *RULES };

static struct table_registry *registry_of_all(struct scope *scope) {
    struct table_rule_list *lists = NEW_ARRAY(scope->arena, RULES_COUNT, struct table_rule_list);
    for (size_t i = 0; i < RULES_COUNT; i++) {
        lists[i] = *RULES[i];
    }
    struct table_registry *registry = NEW(scope->arena, struct table_registry);
    *registry = (struct table_registry){lists, RULES_COUNT};
    return registry;
}

struct connection given_connection(struct sign_in *s, const struct actor *admin,
                                   enum provision_rule rule) {
    struct scope *scope = &s->d->fixture.scope;
    const struct connection_change change = {&s->identity, &s->messaging, admin, STR("r-1"), 0};
    const struct json *body = NULL;
    struct connection_input input;
    struct connection connection;
    const struct str text =
        str_format(scope->arena,
                   "{\"kind\":\"oidc\",\"name\":\"OP\",\"issuer\":\"" OP_ISSUER "\",\"client_id\":"
                   "\"gatehouse\",\"client_secret\":\"" OP_SECRET "\",\"provisioning\":\"%s\"}",
                   provision_rule_name(rule));
    assert_ok(json_read(scope, text, &body));
    assert_ok(connection_input_read(scope, body, NULL, &input));
    assert_ok(connection_create(scope, &change, s->d->db, &input, &connection));
    assert_ok(connection_enable(scope, &change, s->d->db, &connection, true));
    return connection;
}

void given_settings(struct sign_in *s, const struct lie *lie) {
    struct scope *scope = &s->d->fixture.scope;
    const struct connection_change change = {&s->identity, &s->messaging, &s->admin, STR("r-1"), 0};
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    input->connection = s->connection;
    input->connection.oidc.needs_userinfo = lie->needs_userinfo;
    if (lie->algs != 0) {
        input->connection.oidc.algs = lie->algs;
    }
    assert_ok(connection_update(scope, &change, s->d->db, input, &s->connection));
}

struct sign_in *sign_in_open(struct database *d, const struct op_keys *keys) {
    struct scope *scope = &d->fixture.scope;
    struct sign_in *s = NEW(scope->arena, struct sign_in);
    s->d = d;
    s->company = given_company(d, "acme");
    s->admin = actor_of(&s->company.creator);
    s->messaging = (struct messaging){.registry = registry_of_all(scope),
                                      .instance = STR("node-1"),
                                      .public_url = STR("https://chat.example")};
    assert_ok(oidc_new(scope, &s->oidc));
    s->identity = (struct identity){
        .public_url = STR("https://chat.example"),
        .is_public_url_https = true,
        .seal_key = {STR("0123456789abcdef0123456789abcdef")},
        .session_idle_us = S_TO_US(3600),
        .session_absolute_us = S_TO_US(86400),
        .oidc = s->oidc,
    };
    hostile_op_init(&s->op, &d->fixture, keys);
    s->connection = given_connection(s, &s->admin, PROVISION_JIT);
    return s;
}

void sign_in_close(struct sign_in **s) {
    oidc_free(&(*s)->oidc);
}

static void keep_cookie(struct sign_in *s, struct browser *browser, struct str line) {
    struct str pair;
    struct str name;
    const struct str attributes = str_split(line, ';', &pair);
    const struct str value = str_split(pair, '=', &name);
    assert_true(str_find(attributes, STR("HttpOnly")) >= 0);
    assert_true(str_find(attributes, STR("Secure")) >= 0);
    assert_true(str_find(attributes, STR("SameSite=Lax")) >= 0);
    size_t at = 0;
    while (at < browser->count && !str_eq(browser->cookies[at].name, name)) {
        at++;
    }
    assert_true(at < JAR_COOKIES);
    browser->count = at == browser->count ? at + 1 : browser->count;
    browser->cookies[at].name = str_copy(s->d->fixture.scope.arena, name);
    browser->cookies[at].value = str_copy(s->d->fixture.scope.arena, value);
    if (str_find(attributes, STR("Max-Age=0")) >= 0) {
        browser->cookies[at] = browser->cookies[--browser->count];
    }
}

static struct str cookie_header(struct scope *scope, const struct browser *browser) {
    struct strbuf out = strbuf_begin(scope->arena, 8192);
    for (size_t i = 0; i < browser->count; i++) {
        strbuf_add_c(&out, i == 0 ? "" : "; ");
        strbuf_add(&out, browser->cookies[i].name);
        strbuf_add_byte(&out, '=');
        strbuf_add(&out, browser->cookies[i].value);
    }
    return str_copy(scope->arena, strbuf_str(&out));
}

bool has_cookie(const struct browser *browser, const char *name) {
    for (size_t i = 0; i < browser->count; i++) {
        if (str_eq(browser->cookies[i].name, str_from_c(name))) {
            return true;
        }
    }
    return false;
}

static void add_header(struct http_request *request, struct str name, struct str value) {
    request->headers[request->header_count++] = (struct http_header){name, value};
}

struct reply browse(struct sign_in *s, struct browser *browser, call_handler handler,
                    const struct request *request) {
    struct scope *scope = &s->d->fixture.scope;
    struct http_request *http = NEW(scope->arena, struct http_request);
    struct http_response *response = NEW(scope->arena, struct http_response);
    http->method = request->method;
    http->query = str_from_c(request->query);
    http->path_args[0] = request->path_arg;
    http->body = request->body;
    http->request_id = STR("request-1");
    http->received_us = clock_now_us(scope->env->clock);
    add_header(http, STR("Cookie"), cookie_header(scope, browser));
    if (request->body.len > 0) {
        add_header(http, STR("Content-Type"), STR("application/json"));
    }
    if (request->header != NULL) {
        add_header(http, str_from_c(request->header), str_from_c(request->header_value));
    }
    struct call call = {
        .db = s->d->db,
        .actor = request->actor,
        .request = http,
        .response = response,
        .messaging = &s->messaging,
        .identity = &s->identity,
    };
    scope->reason = "";
    struct reply reply = {.result = handler(scope, &call)};
    reply.reason = is_ok(reply.result) ? "" : scope->reason;
    reply.status = response->status;
    reply.body = response->body;
    for (size_t i = 0; is_ok(reply.result) && i < response->header_count; i++) {
        const struct http_header *header = &response->headers[i];
        if (str_eq_ascii_nocase(header->name, STR("Set-Cookie"))) {
            keep_cookie(s, browser, header->value);
        } else if (str_eq_ascii_nocase(header->name, STR("Location"))) {
            reply.location = header->value;
        }
    }
    return reply;
}

static struct str parameter(struct scope *scope, struct str url, struct str name) {
    struct form *form = NEW(scope->arena, struct form);
    struct str path;
    struct str value = STR("");
    assert_ok(form_parse(scope, str_split(url, '?', &path), form));
    assert_ok(form_get(scope, form, name, &value, NULL));
    return value;
}

struct reply start_sign_in(struct sign_in *s, struct browser *browser, const char *query) {
    struct scope *scope = &s->d->fixture.scope;
    const struct request request = {.query = query, .path_arg = s->connection.id};
    const struct reply reply = browse(s, browser, oidc_login_http, &request);
    if (is_ok(reply.result)) {
        assert_int_equal(reply.status, 303);
        assert_true(str_has_prefix(reply.location, STR(OP_ISSUER "/authorize?")));
        assert_str(parameter(scope, reply.location, STR("response_type")), "code");
        assert_str(parameter(scope, reply.location, STR("code_challenge_method")), "S256");
        s->state = parameter(scope, reply.location, STR("state"));
        s->op.nonce = parameter(scope, reply.location, STR("nonce"));
        s->op.challenge = parameter(scope, reply.location, STR("code_challenge"));
        assert_true(s->state.len >= 32 && s->op.nonce.len >= 32 && s->op.challenge.len == 43);
    }
    return reply;
}

static const char *callback_query(struct sign_in *s) {
    struct scope *scope = &s->d->fixture.scope;
    const struct str good = str_format(scope->arena, "code=a-code&state=%.*s", STR_ARG(s->state));
    const char *pattern = s->op.lie.callback == NULL ? "*" : s->op.lie.callback;
    struct strbuf out = strbuf_begin(scope->arena, 8192);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '*') {
            strbuf_add(&out, good);
        } else if (*at == '~') {
            strbuf_add(&out, s->state);
        } else {
            strbuf_add_byte(&out, *at);
        }
    }
    const char *text = NULL;
    assert_ok(str_to_c(scope, strbuf_str(&out), &text));
    return text;
}

struct reply finish_sign_in(struct sign_in *s, struct browser *browser) {
    const struct request request = {.query = callback_query(s), .path_arg = s->connection.id};
    return browse(s, browser, oidc_callback_http, &request);
}

struct reply sign_in(struct sign_in *s, const struct lie *lie) {
    s->op.lie = *lie;
    if (lie->needs_userinfo || lie->algs != 0) {
        given_settings(s, lie);
    }
    const struct reply started = start_sign_in(s, &s->browser, "");
    if (!is_ok(started.result)) {
        return started;
    }
    struct browser other = {.count = 0};
    return finish_sign_in(s, lie->in_other_browser ? &other : &s->browser);
}

int64_t sessions_of(struct sign_in *s) {
    return number_of(s->d, "SELECT count(*) FROM session WHERE org_id = $1 AND org_id = $2",
                     s->company.org.id, s->company.org.id);
}
