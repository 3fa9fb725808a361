#include "tests/identity/saml_logout_world.h"

#include "base/form.h"
#include "identity/connection_http.h"
#include "identity/saml/saml_http.h"
#include "identity/saml/saml_jail_life.h"
#include "identity/saml/saml_logout_http.h"

#define STATUS "/samlp:LogoutResponse/samlp:Status/samlp:StatusCode"

const struct guest ADA = {"ada-4711", "_session-1"};

static struct saml_jail *jail;

int start_jail(void **state) {
    (void) state;
    jail = saml_jail_new_local(&SAML_JAIL_ROLES);
    return 0;
}

int stop_jail(void **state) {
    saml_jail_free(&jail);
    return on_both_stop(state);
}

static result read_metadata(struct scope *scope, void *context,
                            const struct saml_metadata_input *input, struct saml_idp *ret) {
    (void) context;
    return saml_jail_metadata(scope, jail, input, ret);
}

struct str header(const struct http_response *response, const char *name) {
    for (size_t i = 0; i < response->header_count; i++) {
        if (str_eq(response->headers[i].name, str_from_c(name))) {
            return response->headers[i].value;
        }
    }
    return STR("");
}

struct page visit_with(struct world *w, struct scope *scope, struct db *db, call_handler handler,
                       const struct request *request) {
    struct http_request *http = NEW(scope->arena, struct http_request);
    struct http_response *response = NEW(scope->arena, struct http_response);
    http->query = str_from_c(request->query);
    http->path_args[0] = w->connection.id;
    http->body = request->body;
    http->request_id = STR("request-1");
    http->received_us = clock_now_us(scope->env->clock);
    http->headers[0] = (struct http_header){STR("Cookie"), request->cookie};
    http->headers[1] = (struct http_header){STR("Content-Type"), STR("application/json")};
    http->header_count = 2;
    struct call call = {.db = db,
                        .actor = request->actor,
                        .request = http,
                        .response = response,
                        .messaging = &BACKEND,
                        .identity = &w->identity};
    scope->reason = "";
    const result done = handler(scope, &call);
    return (struct page){done, is_ok(done) ? "" : scope->reason, response, call.revoked,
                         header(response, "Location")};
}

struct page visit(struct world *w, call_handler handler, const struct request *request) {
    return visit_with(w, &w->d->fixture.scope, w->d->db, handler, request);
}

/* Another connection of the company, to the same provider, whose logout endpoints these are. */
void make_connection(struct world *w, const char *logout_xml) {
    struct scope *scope = &w->d->fixture.scope;
    const struct forge_metadata metadata = {.logout_xml = logout_xml};
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "kind", STR("saml"));
    json_out_member(&out, "name", STR("IdP"));
    json_out_member(&out, "provisioning", STR("jit"));
    json_out_member(&out, "metadata_xml",
                    str_from_c(forge_done(scope->arena, forge_metadata(&w->forge, &metadata))));
    json_out_close_object(&out);
    const struct request create = {.query = "", .body = json_out_end(&out), .actor = &w->admin};
    const struct page made = visit(w, connection_create_http, &create);
    assert_string_equal(made.reason, "");
    const struct json *json = NULL;
    assert_ok(json_read(scope, made.response->body, &json));
    w->connection.id = json_as_string(json_get(json, STR("id")));
    const struct request enable = {
        .query = "", .body = STR("{\"untested\":true}"), .actor = &w->admin};
    assert_ok(visit(w, connection_enable_http, &enable).result);
    assert_ok(
        connection_find(scope, w->d->db, w->company.org.id, w->connection.id, &w->connection));
    const char *base =
        forge_text(w->forge.arena, "https://chat.example/saml/%.*s", STR_ARG(w->connection.id));
    w->forge.acs = forge_text(w->forge.arena, "%s/acs", base);
    w->forge.slo = forge_text(w->forge.arena, "%s/slo", base);
    w->forge.sp = forge_text(w->forge.arena, "%s/metadata", base);
}

struct world *open_world(void **state, const char *logout_xml) {
    struct database *d = *state;
    struct world *w = NEW(d->fixture.scope.arena, struct world);
    w->d = d;
    w->forge = forge_begin(d->fixture.scope.arena);
    d->fixture.time.now_us = w->forge.now_us;
    w->company = given_company(d, "acme");
    w->admin = actor_of(&w->company.creator);
    w->reader = (struct saml_reader){.read = read_metadata};
    w->identity = IDENTITY;
    w->identity.public_url = STR("https://chat.example");
    w->identity.is_public_url_https = true;
    w->identity.seal_key = (struct secret){STR("0123456789abcdef0123456789abcdef")};
    w->identity.saml_jail = jail;
    w->identity.saml_reader = &w->reader;
    make_connection(w, logout_xml);
    return w;
}

void pass(struct world *w, int64_t seconds) {
    fake_clock_advance(&w->d->fixture.time, S_TO_US(seconds));
    w->forge.now_us += S_TO_US(seconds);
}

/* Up to the form that the browser will post. */
struct ready asked(struct world *w, const struct guest *guest) {
    struct scope *scope = &w->d->fixture.scope;
    const struct request begin = {.query = ""};
    const struct page page = visit(w, saml_login_http, &begin);
    assert_string_equal(page.reason, "");
    const struct saml_outgoing outgoing = {.binding = SAML_REDIRECT, .url = page.location};
    AUTO(saml_message_close)
    struct saml_message message = saml_message_open(scope, &outgoing);
    w->forge.request_id = forge_text(
        scope->arena, "%.*s", STR_ARG(saml_message_ask(&message, "/samlp:AuthnRequest/@ID")));
    const struct forge_assertion assertion = {
        .id = forge_text(scope->arena, "_assertion-%d", ++w->count)};
    const char *xml = forge_assertion(&w->forge, &assertion);
    xml = edit_all(scope->arena, xml, "ada-4711", guest->name);
    xml = edit_all(scope->arena, xml, "ada@example.com",
                   forge_text(scope->arena, "%s@example.com", guest->name));
    xml = edit(scope->arena, xml, "\"_session-1\"",
               forge_text(scope->arena, "\"%s\"", guest->session_index));
    const struct forge_response response = {.assertion_xml = xml};
    xml = forge_sign(scope->arena, forge_response(&w->forge, &response), SIGN_ASSERTION,
                     &(struct forge_signing){0});
    const struct form_field fields[] = {
        {STR("SAMLResponse"),
         str_from_c(forge_base64(scope->arena, str_from_c(forge_done(scope->arena, xml))))},
        {STR("RelayState"), saml_message_parameter(scope, outgoing.url, "RelayState")}};
    struct ready ready = {.form = form_write(scope->arena, fields, 2)};
    (void) str_split(header(page.response, "Set-Cookie"), ';', &ready.cookie);
    return ready;
}

struct page answered(struct world *w, const struct ready *ready) {
    const struct request request = {.query = "", .body = ready->form, .cookie = ready->cookie};
    return visit(w, saml_acs_http, &request);
}

void sign_in(struct world *w, const struct guest *guest) {
    const struct ready ready = asked(w, guest);
    assert_string_equal(answered(w, &ready).reason, "");
}

int64_t count_of(struct world *w, const char *sql) {
    return number_of(w->d, sql, w->company.org.id, w->connection.id);
}

int64_t sessions(struct world *w) {
    return count_of(w, "SELECT count(*) FROM session s JOIN saml_session m ON m.org_id = s.org_id "
                       "AND m.session_id = s.id WHERE s.org_id = $1 AND s.connection_id = $2");
}

int64_t sessions_of(struct world *w, const char *session_index) {
    return number_of(w->d,
                     "SELECT count(*) FROM saml_session WHERE org_id = $1 AND session_index = $2",
                     w->company.org.id, str_from_c(session_index));
}

const char *signed_by(struct world *w, const char *xml, enum forge_owner owner) {
    struct arena *arena = w->d->fixture.scope.arena;
    return forge_done(arena,
                      forge_sign(arena, xml, SIGN_MESSAGE, &(struct forge_signing){.key = owner}));
}

struct page post_form(struct world *w, const char *field, const char *xml,
                      const char *relay_state) {
    struct arena *arena = w->d->fixture.scope.arena;
    const struct form_field fields[] = {
        {str_from_c(field), str_from_c(forge_base64(arena, str_from_c(xml)))},
        {STR("RelayState"), str_from_c(relay_state)}};
    const struct request request = {.query = "",
                                    .body = form_write(arena, fields, relay_state == NULL ? 1 : 2)};
    return visit(w, saml_slo_post_http, &request);
}

/* A request of the provider, with a name of its own unless it has one. */
const char *said(struct world *w, struct forge_logout_request request) {
    if (request.id == NULL) {
        request.id = forge_text(w->d->fixture.scope.arena, "_logout-%d", ++w->count);
    }
    return forge_logout_request(&w->forge, &request);
}

struct page posted(struct world *w, struct forge_logout_request request) {
    return post_form(w, "SAMLRequest", signed_by(w, said(w, request), FORGE_IDP), NULL);
}

struct page sent(struct world *w, const char *xml, const char *relay_state) {
    struct arena *arena = w->d->fixture.scope.arena;
    const struct request request = {.query =
                                        forge_redirect(arena, "SAMLRequest", forge_done(arena, xml),
                                                       relay_state, &(struct forge_signing){0})};
    return visit(w, saml_slo_get_http, &request);
}

struct saml_message opened(struct world *w, const struct page *page) {
    const struct saml_outgoing outgoing = {.binding = SAML_REDIRECT, .url = page->location};
    assert_string_equal(page->reason, "");
    assert_int_equal(page->response->status, 303);
    return saml_message_open(&w->d->fixture.scope, &outgoing);
}

/* Success, or Success with PartialLogout below. */
void assert_answered(struct world *w, const struct page *page, bool is_partial) {
    AUTO(saml_message_close) struct saml_message message = opened(w, page);
    assert_true(str_has_prefix(page->location, STR("https://idp.example/slo?SAMLResponse=")));
    assert_str(saml_message_ask(&message, STATUS "/@Value"),
               "urn:oasis:names:tc:SAML:2.0:status:Success");
    assert_str(saml_message_ask(&message, STATUS "/samlp:StatusCode/@Value"),
               is_partial ? "urn:oasis:names:tc:SAML:2.0:status:PartialLogout" : "");
}

struct sign_in_record last_record(struct world *w) {
    struct sign_in_records list;
    assert_ok(sign_in_record_list(&w->d->fixture.scope, w->d->db, w->company.org.id,
                                  w->connection.id, 10, STR(""), &list));
    assert_true(list.count > 0);
    return list.records[0];
}

void assert_refused(struct world *w, const struct page *page, const char *reason) {
    assert_int_equal(page->result.code, INVALID);
    assert_string_equal(page->reason, "saml.refused");
    assert_false(page->revoked.is_set);
    assert_str(last_record(w).reason, reason);
    pass(w, 1); /* records are in the order of time */
}

struct leaver only_person(struct world *w) {
    static const struct statement WHO = {
        "test.who", TENANT,
        "SELECT m.session_id, u.id, u.epoch FROM saml_session m JOIN org_user u ON u.org_id = "
        "m.org_id AND u.id = m.user_id WHERE m.org_id = $1",
        NULL};
    struct rows rows;
    assert_ok(
        db_run(&w->d->fixture.scope, w->d->db, &WHO, VALUES(value_text(w->company.org.id)), &rows));
    assert_int_equal(rows.count, 1);
    return (struct leaver){.actor = {.kind = ACTOR_USER,
                                     .org_id = w->company.org.id,
                                     .credential_id = rows_text(&rows, 0, 0),
                                     .id = rows_text(&rows, 0, 1),
                                     .epoch = rows_number(&rows, 0, 2)}};
}
