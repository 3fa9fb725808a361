/* Single logout both ways, on both engines: messages forged and signed by the tests, ours made by
 * lasso, the jail's work done in-process. Requests come without any cookie. */

#include "base/form.h"
#include "identity/connection_http.h"
#include "identity/identity_http.h"
#include "identity/saml/saml_http.h"
#include "identity/saml/saml_jail_life.h"
#include "identity/saml/saml_key.h"
#include "identity/saml/saml_logout_http.h"
#include "identity/saml/saml_logout_store.h"
#include "identity/saml/saml_provider.h"
#include "identity/saml/saml_session.h"
#include "identity/sign_in_record.h"
#include "tests/identity/known.h"
#include "tests/support/forge.h"
#include "tests/support/saml_message.h"

#include <pthread.h>
#include <sched.h>

#define POST_ENDPOINT                                                                              \
    "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" "          \
    "Location=\"https://idp.example/slo\" "                                                        \
    "ResponseLocation=\"https://idp.example:8443/slo/back\"/>"
#define STATUS "/samlp:LogoutResponse/samlp:Status/samlp:StatusCode"

struct world {
    struct database *d;
    struct company company;
    struct actor admin;
    struct identity identity;
    struct saml_reader reader;
    struct connection connection;
    struct forge forge;
    int count; /* of messages, for their names */
};

struct page {
    result result;
    const char *reason;
    struct http_response *response;
    struct revoked revoked;
    struct str location;
};

struct request {
    const char *query;
    struct str body, cookie;
    const struct actor *actor;
};

static struct saml_jail *jail;

static int start_jail(void **state) {
    (void) state;
    jail = saml_jail_new_local(&SAML_JAIL_ROLES);
    return 0;
}

static int stop_jail(void **state) {
    saml_jail_free(&jail);
    return on_both_stop(state);
}

static result read_metadata(struct scope *scope, void *context,
                            const struct saml_metadata_input *input, struct saml_idp *ret) {
    (void) context;
    return saml_jail_metadata(scope, jail, input, ret);
}

static struct str header(const struct http_response *response, const char *name) {
    for (size_t i = 0; i < response->header_count; i++) {
        if (str_eq(response->headers[i].name, str_from_c(name))) {
            return response->headers[i].value;
        }
    }
    return STR("");
}

static struct page visit_with(struct world *w, struct scope *scope, struct db *db,
                              call_handler handler, const struct request *request) {
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

static struct page visit(struct world *w, call_handler handler, const struct request *request) {
    return visit_with(w, &w->d->fixture.scope, w->d->db, handler, request);
}

/* Another connection of the company, to the same provider, whose logout endpoints these are. */
static void make_connection(struct world *w, const char *logout_xml) {
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

static struct world *open_world(void **state, const char *logout_xml) {
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

static void pass(struct world *w, int64_t seconds) {
    fake_clock_advance(&w->d->fixture.time, S_TO_US(seconds));
    w->forge.now_us += S_TO_US(seconds);
}

/* Who signs in: the provider's name of them, and its session. */
struct guest {
    const char *name, *session_index;
};

static const struct guest ADA = {"ada-4711", "_session-1"};

struct ready {
    struct str cookie, form;
};

/* Up to the form that the browser will post. */
static struct ready asked(struct world *w, const struct guest *guest) {
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

static struct page answered(struct world *w, const struct ready *ready) {
    const struct request request = {.query = "", .body = ready->form, .cookie = ready->cookie};
    return visit(w, saml_acs_http, &request);
}

static void sign_in(struct world *w, const struct guest *guest) {
    const struct ready ready = asked(w, guest);
    assert_string_equal(answered(w, &ready).reason, "");
}

static int64_t count_of(struct world *w, const char *sql) {
    return number_of(w->d, sql, w->company.org.id, w->connection.id);
}

static int64_t sessions(struct world *w) {
    return count_of(w, "SELECT count(*) FROM session s JOIN saml_session m ON m.org_id = s.org_id "
                       "AND m.session_id = s.id WHERE s.org_id = $1 AND s.connection_id = $2");
}

static int64_t sessions_of(struct world *w, const char *session_index) {
    return number_of(w->d,
                     "SELECT count(*) FROM saml_session WHERE org_id = $1 AND session_index = $2",
                     w->company.org.id, str_from_c(session_index));
}

static const char *signed_by(struct world *w, const char *xml, enum forge_owner owner) {
    struct arena *arena = w->d->fixture.scope.arena;
    return forge_done(arena,
                      forge_sign(arena, xml, SIGN_MESSAGE, &(struct forge_signing){.key = owner}));
}

static struct page post_form(struct world *w, const char *field, const char *xml,
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
static const char *said(struct world *w, struct forge_logout_request request) {
    if (request.id == NULL) {
        request.id = forge_text(w->d->fixture.scope.arena, "_logout-%d", ++w->count);
    }
    return forge_logout_request(&w->forge, &request);
}

static struct page posted(struct world *w, struct forge_logout_request request) {
    return post_form(w, "SAMLRequest", signed_by(w, said(w, request), FORGE_IDP), NULL);
}

static struct page sent(struct world *w, const char *xml, const char *relay_state) {
    struct arena *arena = w->d->fixture.scope.arena;
    const struct request request = {.query =
                                        forge_redirect(arena, "SAMLRequest", forge_done(arena, xml),
                                                       relay_state, &(struct forge_signing){0})};
    return visit(w, saml_slo_get_http, &request);
}

static struct saml_message opened(struct world *w, const struct page *page) {
    const struct saml_outgoing outgoing = {.binding = SAML_REDIRECT, .url = page->location};
    assert_string_equal(page->reason, "");
    assert_int_equal(page->response->status, 303);
    return saml_message_open(&w->d->fixture.scope, &outgoing);
}

/* Success, or Success with PartialLogout below. */
static void assert_answered(struct world *w, const struct page *page, bool is_partial) {
    AUTO(saml_message_close) struct saml_message message = opened(w, page);
    assert_true(str_has_prefix(page->location, STR("https://idp.example/slo?SAMLResponse=")));
    assert_str(saml_message_ask(&message, STATUS "/@Value"),
               "urn:oasis:names:tc:SAML:2.0:status:Success");
    assert_str(saml_message_ask(&message, STATUS "/samlp:StatusCode/@Value"),
               is_partial ? "urn:oasis:names:tc:SAML:2.0:status:PartialLogout" : "");
}

static struct sign_in_record last_record(struct world *w) {
    struct sign_in_records list;
    assert_ok(sign_in_record_list(&w->d->fixture.scope, w->d->db, w->company.org.id,
                                  w->connection.id, 10, STR(""), &list));
    assert_true(list.count > 0);
    return list.records[0];
}

static void assert_refused(struct world *w, const struct page *page, const char *reason) {
    assert_int_equal(page->result.code, INVALID);
    assert_string_equal(page->reason, "saml.refused");
    assert_false(page->revoked.is_set);
    assert_str(last_record(w).reason, reason);
    pass(w, 1); /* records are in the order of time */
}

/* From the provider ------------------------------------------------------------------------- */

static void a_request_ends_the_session_it_names_and_the_answer_waits(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    sign_in(w, &(struct guest){"ada-4711", "_session-2"});

    const struct page page = posted(w, (struct forge_logout_request){0});

    assert_answered(w, &page, false);
    assert_true(page.revoked.is_set); /* by which the gateway holds the answer back */
    assert_int_equal(count_of(w, "SELECT count(*) FROM revocation WHERE org_id = $1 AND "
                                 "kind = 'session' AND $2 <> ''"),
                     1);
    assert_int_equal(sessions_of(w, "_session-1"), 0);
    assert_int_equal(sessions_of(w, "_session-2"), 1);
}

static void the_answer_is_signed_says_to_what_and_goes_where_answers_go(void **state) {
    struct world *w = open_world(state, NULL);
    struct scope *scope = &w->d->fixture.scope;
    struct saml_own_keys keys;
    sign_in(w, &ADA);

    const struct page page =
        sent(w, said(w, (struct forge_logout_request){.id = "_their-request"}), "state/1 +&");

    assert_answered(w, &page, false);
    AUTO(saml_message_close) struct saml_message message = opened(w, &page);
    assert_str(saml_message_ask(&message, "/samlp:LogoutResponse/@InResponseTo"), "_their-request");
    assert_str(saml_message_ask(&message, "/samlp:LogoutResponse/@Destination"),
               "https://idp.example/slo");
    assert_str(saml_message_ask(&message, "/samlp:LogoutResponse/saml:Issuer"), w->forge.sp);
    assert_str(saml_message_parameter(scope, page.location, "RelayState"), "state/1 +&");
    assert_ok(saml_keys_list(scope, w->d->db, w->company.org.id, w->connection.id, &keys));
    const struct saml_outgoing outgoing = {.binding = SAML_REDIRECT, .url = page.location};
    assert_true(saml_message_is_signed(scope, &outgoing, keys.keys[0].certificate_der));
    assert_true(str_find(header(page.response, "Content-Security-Policy"),
                         STR("frame-ancestors https://idp.example:443;")) >= 0);
}

static void a_provider_that_takes_forms_gets_one_that_its_pages_may_frame(void **state) {
    struct world *w = open_world(state, POST_ENDPOINT);
    sign_in(w, &ADA);

    const struct page page = post_form(
        w, "SAMLRequest", signed_by(w, said(w, (struct forge_logout_request){0}), FORGE_IDP),
        "their \"state\"");

    assert_string_equal(page.reason, "");
    assert_int_equal(page.response->status, 200);
    const struct str body = page.response->body;
    assert_true(str_find(body, STR("action=\"https://idp.example:8443/slo/back\"")) >= 0);
    assert_true(str_find(body, STR("name=\"SAMLResponse\"")) >= 0);
    assert_true(str_find(body, STR("their &quot;state&quot;")) >= 0);
    const struct str policy = header(page.response, "Content-Security-Policy");
    assert_true(str_find(policy, STR("form-action https://idp.example:8443;")) >= 0);
    assert_true(str_find(policy, STR("frame-ancestors https://idp.example:443;")) >= 0);
    assert_int_equal(sessions(w), 0);
}

static void several_indexes_end_several_sessions_and_no_other(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    sign_in(w, &(struct guest){"ada-4711", "_session-2"});
    sign_in(w, &(struct guest){"ada-4711", "_session-3"});

    const struct page page =
        posted(w, (struct forge_logout_request){
                      .session_index_xml = "<samlp:SessionIndex>_session-3</samlp:SessionIndex>"
                                           "<samlp:SessionIndex>_session-1</samlp:SessionIndex>"});

    assert_answered(w, &page, false);
    assert_int_equal(sessions(w), 1);
    assert_int_equal(sessions_of(w, "_session-2"), 1);
}

static void no_index_ends_all_sessions_of_the_person_and_nobody_elses(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    sign_in(w, &(struct guest){"ada-4711", "_session-2"});
    sign_in(w, &(struct guest){"grace-1", "_session-3"});

    const struct page page = posted(w, (struct forge_logout_request){.session_index_xml = ""});

    assert_answered(w, &page, false);
    assert_int_equal(sessions(w), 1);
    assert_int_equal(sessions_of(w, "_session-3"), 1);
    /* the account stays as it is */
    assert_int_equal(count_of(w, "SELECT count(*) FROM org_user WHERE org_id = $1 AND "
                                 "state <> 'active' AND id <> $2"),
                     0);
}

static void whom_nobody_knows_is_logged_out_with_success(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    const struct page page = posted(
        w, (struct forge_logout_request){.name_id_xml = "<saml:NameID>nobody</saml:NameID>"});
    assert_answered(w, &page, false);
    assert_false(page.revoked.is_set);
    /* the same name in another format is another person */
    const struct page other = posted(
        w, (struct forge_logout_request){.name_id_xml = "<saml:NameID>ada-4711</saml:NameID>"});
    assert_answered(w, &other, false);
    assert_int_equal(sessions(w), 1);
}

static void an_encrypted_name_is_opened_behind_the_signature_only(void **state) {
    struct world *w = open_world(state, NULL);
    struct scope *scope = &w->d->fixture.scope;
    sign_in(w, &ADA);
    const char *name =
        forge_encrypt(scope->arena,
                      STR("<saml:NameID xmlns:saml=\"" FORGE_NS_ASSERTION
                          "\" Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">"
                          "ada-4711</saml:NameID>"),
                      "EncryptedID", &(struct forge_encryption){.key = FORGE_SP});
    const char *xml = said(w, (struct forge_logout_request){.name_id_xml = name});
    const struct page page = post_form(w, "SAMLRequest", forge_done(scope->arena, xml), NULL);
    assert_refused(w, &page, "saml.unsigned");
    /* signed, but for somebody else's key: nothing is told, not even to administrators */
    const struct page foreign = post_form(w, "SAMLRequest", signed_by(w, xml, FORGE_IDP), NULL);
    assert_refused(w, &foreign, "saml.decrypt");
    assert_str(last_record(w).detail, "{}");
    assert_int_equal(sessions(w), 1);
}

static struct page unsigned_form(struct world *w) {
    return post_form(w, "SAMLRequest",
                     forge_done(w->forge.arena, said(w, (struct forge_logout_request){0})), NULL);
}

static struct page unsigned_query(struct world *w) {
    const char *query =
        forge_redirect(w->forge.arena, "SAMLRequest",
                       forge_done(w->forge.arena, said(w, (struct forge_logout_request){0})), NULL,
                       &(struct forge_signing){0});
    const struct request request = {.query = cut(w->forge.arena, query, "SAMLRequest=", "&")};
    return visit(w, saml_slo_get_http, &request);
}

static struct page foreign_key(struct world *w) {
    return post_form(w, "SAMLRequest",
                     signed_by(w, said(w, (struct forge_logout_request){0}), FORGE_ATTACKER), NULL);
}

static struct page changed_query(struct world *w) {
    const char *query =
        forge_redirect(w->forge.arena, "SAMLRequest",
                       forge_done(w->forge.arena, said(w, (struct forge_logout_request){0})), "a",
                       &(struct forge_signing){0});
    const struct request request = {
        .query = edit(w->forge.arena, query, "RelayState=a", "RelayState=b")};
    return visit(w, saml_slo_get_http, &request);
}

static struct page expired(struct world *w) {
    return posted(w, (struct forge_logout_request){.not_on_or_after = forge_time(&w->forge, -120)});
}

static struct page old(struct world *w) {
    return posted(w, (struct forge_logout_request){.issue_instant = forge_time(&w->forge, -3601),
                                                   .not_on_or_after = ""});
}

static struct page other_destination(struct world *w) {
    return posted(
        w, (struct forge_logout_request){.destination = "https://chat.example/saml/other/slo"});
}

static struct page other_issuer(struct world *w) {
    return posted(w, (struct forge_logout_request){
                         .issuer_xml = "<saml:Issuer>https://evil.example</saml:Issuer>"});
}

static struct page request_in_the_answers_field(struct world *w) {
    return post_form(w, "SAMLResponse",
                     signed_by(w, said(w, (struct forge_logout_request){0}), FORGE_IDP), NULL);
}

static void what_is_not_believed_ends_nothing(void **state) {
    static const struct {
        const char *name;
        struct page (*say)(struct world *w);
        const char *reason;
    } CASES[] = {
        {"unsigned, by form", unsigned_form, "saml.unsigned"},
        {"unsigned, by redirect", unsigned_query, "saml.unsigned"},
        {"another key", foreign_key, "saml.signature"},
        {"changed behind the signature", changed_query, "saml.signature"},
        {"expired", expired, "saml.expired"},
        {"made too long ago", old, "saml.issue_instant"},
        {"another destination", other_destination, "saml.destination"},
        {"another issuer", other_issuer, "saml.issuer"},
        {"a request in the field of answers", request_in_the_answers_field, "saml.gate_element"},
    };
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        print_message("%s\n", CASES[i].name);
        const struct page page = CASES[i].say(w);
        assert_refused(w, &page, CASES[i].reason);
    }
    assert_int_equal(sessions(w), 1);
    assert_true(str_find(last_record(w).detail, STR("ada-4711")) < 0);
    const struct page good = posted(w, (struct forge_logout_request){0});
    assert_answered(w, &good, false);
    assert_int_equal(sessions(w), 0);
}

static void a_request_counts_once(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    const char *xml = signed_by(w, said(w, (struct forge_logout_request){0}), FORGE_IDP);
    const struct page first = post_form(w, "SAMLRequest", xml, NULL);
    assert_answered(w, &first, false);
    pass(w, 2);
    sign_in(w, &ADA);
    const struct page again = post_form(w, "SAMLRequest", xml, NULL);
    assert_refused(w, &again, "saml.replay");
    assert_int_equal(sessions(w), 1);
}

static void malformed_forms_are_refused(void **state) {
    static const char *const BAD[] = {"", "RelayState=a", "SAMLRequest=a&SAMLResponse=b",
                                      "SAMLRequest=a&SAMLRequest=b",
                                      "SAMLRequest=a&RelayState=b&RelayState=c"};
    struct world *w = open_world(state, NULL);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        const struct request request = {.query = "", .body = str_from_c(BAD[i])};
        assert_string_equal(visit(w, saml_slo_post_http, &request).reason, "saml.refused");
    }
}

static void another_connection_of_the_same_provider_ends_nothing(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    const struct str first = w->connection.id;
    make_connection(w, NULL);
    const struct page page = posted(w, (struct forge_logout_request){.session_index_xml = ""});
    assert_answered(w, &page, false);
    assert_false(page.revoked.is_set);
    w->connection.id = first;
    assert_int_equal(sessions(w), 1);
    /* and a message for one is none for the other */
    const struct page other = posted(w, (struct forge_logout_request){0});
    assert_refused(w, &other, "saml.destination");
    assert_int_equal(sessions(w), 1);
}

static void another_organisation_with_the_same_provider_keeps_its_sessions(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    const struct company acme = w->company;
    const struct str connection_id = w->connection.id;
    w->company = given_company(w->d, "other");
    w->admin = actor_of(&w->company.creator);
    make_connection(w, NULL);
    sign_in(w, &ADA);
    const struct page page = posted(w, (struct forge_logout_request){.session_index_xml = ""});
    assert_answered(w, &page, false);
    assert_int_equal(sessions(w), 0);
    w->company = acme;
    w->connection.id = connection_id;
    assert_int_equal(sessions(w), 1);
}

/* Core 3.7.3.2: what the provider said before it logged the person out comes too late. */
static void an_assertion_from_before_the_logout_signs_nobody_in(void **state) {
    struct world *w = open_world(state, NULL);
    const struct ready late = asked(w, &ADA);
    const struct ready other = asked(w, &(struct guest){"ada-4711", "_session-2"});
    const struct page page = posted(w, (struct forge_logout_request){0});
    assert_answered(w, &page, false);

    assert_string_equal(answered(w, &late).reason, "saml.refused");
    assert_str(last_record(w).reason, "saml.logged_out");
    assert_string_equal(answered(w, &other).reason, ""); /* another session of theirs */
    pass(w, 2);
    sign_in(w, &ADA); /* who signs in afterwards is in, whatever the provider calls its session */
    assert_int_equal(sessions(w), 2);
}

static void what_could_not_be_ended_makes_the_answer_partial(void **state) {
    struct world *w = open_world(state, NULL);
    int partial = 0;
    sign_in(w, &ADA);
    for (int64_t call = 1; call < 100; call++) {
        const char *xml = signed_by(w, said(w, (struct forge_logout_request){0}), FORGE_IDP);
        struct db_fault fault = {.fail_at = call};
        db_set_fault(w->d->db, &fault);
        const struct page page = post_form(w, "SAMLRequest", xml, NULL);
        db_set_fault(w->d->db, NULL);
        if (fault.seen < call) {
            assert_answered(w, &page, false);
            break;
        }
        if (!is_ok(page.result)) { /* before the message was believed */
            assert_int_equal(page.result.code, UNAVAILABLE);
            assert_int_equal(partial, 0);
            continue;
        }
        assert_answered(w, &page, true);
        assert_int_equal(sessions(w), 1);
        partial++;
    }
    assert_in_range(partial, 8, 90);
    assert_int_equal(sessions(w), 0);
}

/* From here ---------------------------------------------------------------------------------- */

struct leaver {
    struct actor actor;
};

static struct leaver only_person(struct world *w) {
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

/* Signs out here; what the API says goes on. */
static struct str signed_out(struct world *w) {
    struct scope *scope = &w->d->fixture.scope;
    const struct leaver leaver = only_person(w);
    const struct request request = {.query = "", .actor = &leaver.actor};
    const struct page page = visit(w, session_sign_out_http, &request);
    assert_string_equal(page.reason, "");
    assert_true(page.revoked.is_set);
    assert_int_equal(sessions(w), 0);
    const struct json *json = NULL;
    assert_ok(json_read(scope, page.response->body, &json));
    return str_copy(scope->arena, json_as_string(json_get(json, STR("redirect"))));
}

static struct page go_on(struct world *w, struct str url) {
    struct scope *scope = &w->d->fixture.scope;
    const struct str start = str_format(scope->arena, "https://chat.example/saml/%.*s/logout?",
                                        STR_ARG(w->connection.id));
    assert_true(str_has_prefix(url, start));
    const struct request request = {
        .query = forge_text(scope->arena, "%.*s", (int) (url.len - start.len), url.at + start.len)};
    return visit(w, saml_logout_http, &request);
}

/* The provider has the request, and answers it. */
static void take_request(struct world *w, const struct page *page) {
    AUTO(saml_message_close) struct saml_message message = opened(w, page);
    w->forge.request_id =
        forge_text(w->d->fixture.scope.arena, "%.*s",
                   STR_ARG(saml_message_ask(&message, "/samlp:LogoutRequest/@ID")));
}

static struct page answer_with(struct world *w, struct forge_logout_response response) {
    response.id = forge_text(w->d->fixture.scope.arena, "_answer-%d", ++w->count);
    const char *xml = forge_logout_response(&w->forge, &response);
    return post_form(w, "SAMLResponse", signed_by(w, xml, FORGE_IDP), NULL);
}

static void who_signs_out_here_is_sent_on_with_a_request_for_that_session(void **state) {
    struct world *w = open_world(state, NULL);
    struct scope *scope = &w->d->fixture.scope;
    struct saml_own_keys keys;
    sign_in(w, &ADA);

    const struct page page = go_on(w, signed_out(w));

    AUTO(saml_message_close) struct saml_message message = opened(w, &page);
    assert_true(str_has_prefix(page.location, STR("https://idp.example/slo?SAMLRequest=")));
    assert_str(saml_message_ask(&message, "/samlp:LogoutRequest/saml:NameID"), "ada-4711");
    assert_str(saml_message_ask(&message, "/samlp:LogoutRequest/saml:NameID/@Format"),
               "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    assert_str(saml_message_ask(&message, "/samlp:LogoutRequest/samlp:SessionIndex"), "_session-1");
    assert_str(saml_message_ask(&message, "/samlp:LogoutRequest/@Destination"),
               "https://idp.example/slo");
    assert_true(saml_message_ask(&message, "/samlp:LogoutRequest/@NotOnOrAfter").len > 0);
    assert_ok(saml_keys_list(scope, w->d->db, w->company.org.id, w->connection.id, &keys));
    const struct saml_outgoing outgoing = {.binding = SAML_REDIRECT, .url = page.location};
    assert_true(saml_message_is_signed(scope, &outgoing, keys.keys[0].certificate_der));
    /* the name is not kept once it was sent */
    assert_int_equal(count_of(w, "SELECT count(*) FROM saml_logout WHERE org_id = $1 AND "
                                 "connection_id = $2 AND name_id_sealed = ''"),
                     1);
}

static void a_provider_that_takes_forms_gets_the_request_by_form(void **state) {
    struct world *w = open_world(state, POST_ENDPOINT);
    sign_in(w, &ADA);
    const struct page page = go_on(w, signed_out(w));
    assert_string_equal(page.reason, "");
    const struct str body = page.response->body;
    assert_true(str_find(body, STR("action=\"https://idp.example/slo\"")) >= 0);
    assert_true(str_find(body, STR("name=\"SAMLRequest\"")) >= 0);
    const struct str policy = header(page.response, "Content-Security-Policy");
    assert_true(str_find(policy, STR("form-action https://idp.example:443;")) >= 0);
    assert_true(str_find(policy, STR("frame-ancestors 'none'")) >= 0);
}

static void the_way_on_is_good_once_and_for_ten_minutes(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    const struct str url = signed_out(w);
    assert_true(str_has_prefix(go_on(w, url).location, STR("https://idp.example/")));
    assert_str(go_on(w, url).location, "/logged-out");
    sign_in(w, &ADA);
    const struct str late = signed_out(w);
    pass(w, 600);
    assert_str(go_on(w, late).location, "/logged-out");
}

static void a_provider_without_logout_is_not_asked(void **state) {
    struct world *w = open_world(state, "");
    sign_in(w, &ADA);
    assert_str(signed_out(w), "");
    /* and where it asks all the same, the session ends, but there is nowhere to answer */
    sign_in(w, &ADA);
    const struct page page = posted(w, (struct forge_logout_request){0});
    assert_str(page.location, "/logged-out");
    assert_true(page.revoked.is_set);
    assert_int_equal(sessions(w), 0);
}

static void a_jail_that_is_away_keeps_nobody_signed_in(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    const struct str url = signed_out(w);
    w->identity.saml_jail = NULL;
    assert_str(go_on(w, url).location, "/logged-out?provider=failed");
}

static void the_page_says_how_it_went_at_the_provider(void **state) {
    struct world *w = open_world(state, NULL);
    struct arena *arena = w->d->fixture.scope.arena;
    const char *const success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    const struct {
        const char *status_xml, *location;
    } CASES[] = {
        {forge_status(arena, success, NULL), "/logged-out?provider=done"},
        {forge_status(arena, success, "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"),
         "/logged-out?provider=partial"},
        {forge_status(arena, "urn:oasis:names:tc:SAML:2.0:status:Responder", NULL),
         "/logged-out?provider=failed"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        sign_in(w, &ADA);
        const struct page sent_on = go_on(w, signed_out(w));
        take_request(w, &sent_on);
        const struct page page =
            answer_with(w, (struct forge_logout_response){.status_xml = CASES[i].status_xml});
        assert_string_equal(page.reason, "");
        assert_str(page.location, CASES[i].location);
        assert_false(page.revoked.is_set);
        pass(w, 1);
    }
}

static void an_answer_is_to_one_request_of_ours(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    const struct str url = signed_out(w);
    const struct page unknown =
        answer_with(w, (struct forge_logout_response){.in_response_to = "_other"});
    assert_refused(w, &unknown, "saml.in_response_to");
    const struct page sent_on = go_on(w, url);
    take_request(w, &sent_on);
    const struct page nothing =
        answer_with(w, (struct forge_logout_response){.in_response_to = ""});
    assert_refused(w, &nothing, "saml.in_response_to");
    const struct page elsewhere = answer_with(
        w, (struct forge_logout_response){.destination = "https://chat.example/saml/other/slo"});
    assert_refused(w, &elsewhere, "saml.destination");
    const char *xml = forge_logout_response(&w->forge, &(struct forge_logout_response){0});
    const struct page unsigned_one =
        post_form(w, "SAMLResponse", forge_done(w->forge.arena, xml), NULL);
    assert_refused(w, &unsigned_one, "saml.unsigned");
    /* none of them has used the request up; the good one does */
    assert_str(answer_with(w, (struct forge_logout_response){0}).location,
               "/logged-out?provider=done");
    const struct page again = answer_with(w, (struct forge_logout_response){0});
    assert_refused(w, &again, "saml.in_response_to");
}

static void an_answer_after_ten_minutes_is_to_nothing(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    const struct page sent_on = go_on(w, signed_out(w));
    take_request(w, &sent_on);
    pass(w, 600);
    const struct page late = answer_with(w, (struct forge_logout_response){0});
    assert_refused(w, &late, "saml.in_response_to");
}

static void old_rows_are_swept(void **state) {
    struct world *w = open_world(state, NULL);
    sign_in(w, &ADA);
    (void) signed_out(w);
    (void) posted(w, (struct forge_logout_request){0});
    const char *const open = "SELECT count(*) FROM saml_logout WHERE org_id = $1 AND "
                             "connection_id = $2";
    const char *const noted = "SELECT count(*) FROM saml_logged_out WHERE org_id = $1 AND "
                              "connection_id = $2";
    pass(w, 599);
    assert_ok(saml_logout_sweep(&w->d->fixture.scope, w->d->db));
    assert_int_equal(count_of(w, open), 1);
    pass(w, 2);
    assert_ok(saml_logout_sweep(&w->d->fixture.scope, w->d->db));
    assert_int_equal(count_of(w, open), 0);
    assert_int_equal(count_of(w, noted), 1);
    pass(w, 3600);
    assert_ok(saml_logout_sweep(&w->d->fixture.scope, w->d->db));
    assert_int_equal(count_of(w, noted), 0);
}

/* A logout beside a sign-in that is about to commit ---------------------------------------- */

struct rival {
    struct world *w;
    struct scope scope;
    struct db *db;
    struct str body;
    struct page page;
    pthread_t thread;
};

static void *log_out(void *argument) {
    struct rival *rival = argument;
    const struct request request = {.query = "", .body = rival->body};
    rival->page = visit_with(rival->w, &rival->scope, rival->db, saml_slo_post_http, &request);
    return NULL;
}

static void wait_until_blocking(struct database *d, struct tx *tx) {
    static const struct statement BLOCKED = {
        "test.blocked", INSTALLATION,
        "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = "
        "ANY (pg_blocking_pids(pid))",
        NULL};
    for (int64_t tries = 0;; tries++) {
        struct rows rows;
        assert_in_range(tries, 0, 1000000);
        assert_ok(tx_run(&d->fixture.scope, tx, &BLOCKED, NO_VALUES, &rows));
        if (rows_number(&rows, 0, 0) > 0) {
            return;
        }
        (void) sched_yield();
    }
}

static result ride(struct scope *scope, struct tx *tx, void *context, struct str user_id,
                   struct str session_id) {
    struct saml_session session = *(const struct saml_session *) context;
    session.user_id = user_id;
    session.session_id = session_id;
    return saml_session_insert(scope, tx, &session);
}

static struct saml_session session_of(struct world *w) {
    static const struct statement SUBJECT = {
        "test.subject", TENANT, "SELECT subject FROM saml_session WHERE org_id = $1", NULL};
    struct rows rows;
    assert_ok(db_run(&w->d->fixture.scope, w->d->db, &SUBJECT,
                     VALUES(value_text(w->company.org.id)), &rows));
    return (struct saml_session){.org_id = w->company.org.id,
                                 .connection_id = w->connection.id,
                                 .subject = rows_text(&rows, 0, 0),
                                 .session_index = STR("_session-2")};
}

static void a_sign_in_that_was_first_is_found(void **state) {
    struct world *w = open_world(state, NULL);
    struct database *d = w->d;
    struct scope *scope = &d->fixture.scope;
    sign_in(w, &ADA);
    const struct leaver ada = only_person(w);
    struct saml_session session = session_of(w);
    const struct session_rider rider = {ride, &session};
    const struct new_session input = {.org_id = ada.actor.org_id,
                                      .user_id = ada.actor.id,
                                      .epoch = ada.actor.epoch,
                                      .connection_id = w->connection.id,
                                      .connection_version = w->connection.version,
                                      .rider = &rider,
                                      .method = "saml"};
    const struct form_field field = {
        STR("SAMLRequest"),
        str_from_c(forge_base64(
            scope->arena,
            str_from_c(signed_by(w, said(w, (struct forge_logout_request){.session_index_xml = ""}),
                                 FORGE_IDP))))};
    struct rival rival = {.w = w, .body = form_write(scope->arena, &field, 1)};
    struct session_secret secret;
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    assert_ok(session_create(scope, &w->identity, &BACKEND, tx, &input, &secret));

    rival.db = database_connect(d);
    rival.scope = (struct scope){.arena = arena_new(), .env = &d->fixture.env};
    assert_int_equal(pthread_create(&rival.thread, NULL, log_out, &rival), 0);
    wait_until_blocking(d, tx);
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    assert_int_equal(pthread_join(rival.thread, NULL), 0);

    assert_answered(w, &rival.page, false);
    assert_true(rival.page.revoked.is_set);
    assert_int_equal(sessions(w), 0);
    db_close(&rival.db);
    arena_end(&rival.scope.arena);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_request_ends_the_session_it_names_and_the_answer_waits),
        ON_BOTH(the_answer_is_signed_says_to_what_and_goes_where_answers_go),
        ON_BOTH(a_provider_that_takes_forms_gets_one_that_its_pages_may_frame),
        ON_BOTH(several_indexes_end_several_sessions_and_no_other),
        ON_BOTH(no_index_ends_all_sessions_of_the_person_and_nobody_elses),
        ON_BOTH(whom_nobody_knows_is_logged_out_with_success),
        ON_BOTH(an_encrypted_name_is_opened_behind_the_signature_only),
        ON_BOTH(what_is_not_believed_ends_nothing),
        ON_BOTH(a_request_counts_once),
        ON_SQLITE(malformed_forms_are_refused),
        ON_BOTH(another_connection_of_the_same_provider_ends_nothing),
        ON_BOTH(another_organisation_with_the_same_provider_keeps_its_sessions),
        ON_BOTH(an_assertion_from_before_the_logout_signs_nobody_in),
        ON_BOTH(what_could_not_be_ended_makes_the_answer_partial),
        ON_BOTH(who_signs_out_here_is_sent_on_with_a_request_for_that_session),
        ON_BOTH(a_provider_that_takes_forms_gets_the_request_by_form),
        ON_BOTH(the_way_on_is_good_once_and_for_ten_minutes),
        ON_BOTH(a_provider_without_logout_is_not_asked),
        ON_BOTH(a_jail_that_is_away_keeps_nobody_signed_in),
        ON_BOTH(the_page_says_how_it_went_at_the_provider),
        ON_BOTH(an_answer_is_to_one_request_of_ours),
        ON_BOTH(an_answer_after_ten_minutes_is_to_nothing),
        ON_BOTH(old_rows_are_swept),
        ON_POSTGRES(a_sign_in_that_was_first_is_found),
    };
    return cmocka_run_group_tests(tests, start_jail, stop_jail);
}
