/* Sign-in through SAML from the first redirect to the session, on both engines: requests made by
 * lasso, answers forged and signed by the tests, the jail's work done in-process. */

#include <pthread.h>

#include "base/form.h"
#include "base/url.h"
#include "identity/connection_http.h"
#include "identity/saml/saml_http.h"
#include "identity/saml/saml_jail_life.h"
#include "identity/saml/saml_meter.h"
#include "identity/saml/saml_provider.h"
#include "identity/saml/saml_session.h"
#include "identity/sign_in_record.h"
#include "tests/identity/known.h"
#include "tests/support/forge.h"
#include "tests/support/saml_message.h"

enum { COOKIES = 16 };

struct jar {
    struct str names[COOKIES], values[COOKIES];
    size_t count;
};

struct page {
    result result;
    const char *reason;
    int status;
    struct str location, body;
};

struct world {
    struct database *d;
    struct company company;
    struct actor admin;
    struct identity identity;
    struct saml_reader reader;
    struct connection connection;
    struct forge forge;
    struct jar jar;
    struct str relay_state;
    struct saml_meter meter;
    int counted[SAML_REASON_COUNT + 1];
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

static void keep_cookie(struct world *w, struct jar *jar, struct str line) {
    struct arena *arena = w->d->fixture.scope.arena;
    struct str pair;
    struct str name;
    const struct str attributes = str_split(line, ';', &pair);
    const struct str value = str_split(pair, '=', &name);
    const bool is_attempt = str_find(name, STR("saml")) >= 0;
    assert_true(str_has_prefix(name, STR("__Host-")));
    assert_true(str_find(attributes, STR("HttpOnly")) >= 0);
    assert_true(str_find(attributes, STR("Secure")) >= 0);
    /* the provider's form comes from elsewhere: a Lax cookie would stay behind */
    assert_true(str_find(attributes, is_attempt ? STR("SameSite=None") : STR("SameSite=Lax")) >= 0);
    size_t at = 0;
    while (at < jar->count && !str_eq(jar->names[at], name)) {
        at++;
    }
    assert_true(at < COOKIES);
    jar->count = at == jar->count ? at + 1 : jar->count;
    jar->names[at] = str_copy(arena, name);
    jar->values[at] = str_copy(arena, value);
    if (str_find(attributes, STR("Max-Age=0")) >= 0) {
        jar->count--;
        jar->names[at] = jar->names[jar->count];
        jar->values[at] = jar->values[jar->count];
    }
}

static struct str cookie_header(struct world *w, const struct jar *jar) {
    struct strbuf out = strbuf_begin(w->d->fixture.scope.arena, 8192);
    for (size_t i = 0; i < jar->count; i++) {
        strbuf_add_c(&out, i == 0 ? "" : "; ");
        strbuf_add(&out, jar->names[i]);
        strbuf_add_byte(&out, '=');
        strbuf_add(&out, jar->values[i]);
    }
    return strbuf_str(&out);
}

struct request {
    const char *query;
    struct str body;
    const struct actor *actor;
    const char *site; /* Sec-Fetch-Site */
};

static struct page visit(struct world *w, struct jar *jar, call_handler handler,
                         const struct request *request) {
    struct scope *scope = &w->d->fixture.scope;
    struct http_request *http = NEW(scope->arena, struct http_request);
    struct http_response *response = NEW(scope->arena, struct http_response);
    http->query = str_from_c(request->query);
    http->path_args[0] = w->connection.id;
    http->body = request->body;
    http->request_id = STR("request-1");
    http->received_us = clock_now_us(scope->env->clock);
    http->headers[0] = (struct http_header){STR("Cookie"), cookie_header(w, jar)};
    http->headers[1] = (struct http_header){STR("Content-Type"), STR("application/json")};
    http->headers[2] = (struct http_header){STR("Sec-Fetch-Site"), str_from_c(request->site)};
    http->header_count = 3;
    struct call call = {.db = w->d->db,
                        .actor = request->actor,
                        .request = http,
                        .response = response,
                        .messaging = &BACKEND,
                        .identity = &w->identity};
    scope->reason = "";
    struct page page = {.result = handler(scope, &call)};
    page.reason = is_ok(page.result) ? "" : scope->reason;
    page.status = response->status;
    page.body = response->body;
    for (size_t i = 0; is_ok(page.result) && i < response->header_count; i++) {
        const struct http_header *header = &response->headers[i];
        if (str_eq(header->name, STR("Set-Cookie"))) {
            keep_cookie(w, jar, header->value);
        } else if (str_eq(header->name, STR("Location"))) {
            page.location = header->value;
        }
    }
    return page;
}

static const char *json_text(struct arena *arena, const char *text) {
    struct json_out out = json_out_begin(arena);
    json_out_string(&out, str_from_c(text));
    return str_format(arena, "%.*s%c", STR_ARG(json_out_end(&out)), '\0').at;
}

/* As an administrator makes it, over the API; `members` begin with a comma or are empty. */
static void make_connection(struct world *w, const char *members) {
    struct scope *scope = &w->d->fixture.scope;
    const char *xml =
        forge_done(scope->arena, forge_metadata(&w->forge, &(struct forge_metadata){0}));
    const struct request create = {
        .query = "",
        .body = str_format(scope->arena,
                           "{\"kind\":\"saml\",\"name\":\"IdP\",\"provisioning\":\"jit\","
                           "\"metadata_xml\":%s%s}",
                           json_text(scope->arena, xml), members),
        .actor = &w->admin,
    };
    const struct page made = visit(w, &w->jar, connection_create_http, &create);
    assert_string_equal(made.reason, "");
    const struct json *json = NULL;
    assert_ok(json_read(scope, made.body, &json));
    assert_ok(connection_find(scope, w->d->db, w->company.org.id,
                              json_as_string(json_get(json, STR("id"))), &w->connection));
    w->forge.acs =
        forge_text(scope->arena, "%.*s", STR_ARG(json_as_string(json_get(json, STR("acs_url")))));
    w->forge.sp = forge_text(scope->arena, "%.*s",
                             STR_ARG(json_as_string(json_get(json, STR("metadata_url")))));
}

static void enable(struct world *w) {
    const struct request request = {
        .query = "", .body = STR("{\"untested\":true}"), .actor = &w->admin};
    assert_ok(visit(w, &w->jar, connection_enable_http, &request).result);
    assert_ok(connection_find(&w->d->fixture.scope, w->d->db, w->company.org.id, w->connection.id,
                              &w->connection));
}

static void count(void *context, enum saml_message_kind kind, enum saml_reason reason) {
    struct world *w = context;
    assert_int_equal(kind, SAML_MESSAGE_RESPONSE);
    w->counted[reason]++;
}

static struct world *open_world(void **state, const char *members) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct world *w = NEW(scope->arena, struct world);
    w->d = d;
    w->forge = forge_begin(scope->arena);
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
    w->meter = (struct saml_meter){count, w};
    w->identity.saml_meter = &w->meter;
    make_connection(w, members);
    enable(w);
    return w;
}

/* Takes id and handle out of the redirect, as the provider would. */
static void note_request(struct world *w, const struct page *page) {
    struct scope *scope = &w->d->fixture.scope;
    const struct saml_outgoing outgoing = {.binding = SAML_REDIRECT, .url = page->location};
    assert_int_equal(page->status, 303);
    AUTO(saml_message_close)
    struct saml_message message = saml_message_open(scope, &outgoing);
    const struct str id = saml_message_ask(&message, "/samlp:AuthnRequest/@ID");
    w->forge.request_id = forge_text(scope->arena, "%.*s", STR_ARG(id));
    w->relay_state = saml_message_parameter(scope, page->location, "RelayState");
    assert_int_equal(w->relay_state.len, 22);
}

static struct str asked(struct world *w, const struct page *page, const char *path) {
    const struct saml_outgoing outgoing = {.binding = SAML_REDIRECT, .url = page->location};
    AUTO(saml_message_close)
    struct saml_message message = saml_message_open(&w->d->fixture.scope, &outgoing);
    return str_copy(w->d->fixture.scope.arena, saml_message_ask(&message, path));
}

static struct page start(struct world *w, struct jar *jar, const char *query) {
    const struct request request = {.query = query};
    const struct page page = visit(w, jar, saml_login_http, &request);
    if (is_ok(page.result)) {
        note_request(w, &page);
    }
    return page;
}

static const char *answer_of(struct world *w, const struct forge_response *response) {
    struct arena *arena = w->d->fixture.scope.arena;
    const struct forge_signing signing = {.key = FORGE_IDP};
    const char *xml = forge_response(&w->forge, response);
    xml = forge_sign(arena, xml, SIGN_ASSERTION, &signing);
    return forge_base64(arena, str_from_c(forge_done(arena, xml)));
}

static struct str form_of(struct world *w, const char *answer, struct str relay_state) {
    const struct form_field fields[] = {{STR("SAMLResponse"), str_from_c(answer)},
                                        {STR("RelayState"), relay_state}};
    return form_write(w->d->fixture.scope.arena, fields, relay_state.len > 0 ? 2 : 1);
}

static struct page post(struct world *w, struct jar *jar, struct str form, const char *site) {
    const struct request request = {.query = "", .body = form, .site = site};
    return visit(w, jar, saml_acs_http, &request);
}

static struct page finish(struct world *w, struct jar *jar) {
    const char *answer = answer_of(w, &(struct forge_response){0});
    return post(w, jar, form_of(w, answer, w->relay_state), NULL);
}

static int64_t sessions(struct world *w) {
    return number_of(
        w->d,
        "SELECT count(*) FROM session s JOIN saml_session m ON m.org_id = s.org_id AND "
        "m.session_id = s.id WHERE s.org_id = $1 AND s.connection_id = $2",
        w->company.org.id, w->connection.id);
}

static bool has_session(const struct jar *jar) {
    for (size_t i = 0; i < jar->count; i++) {
        if (str_eq(jar->names[i], STR("__Host-gatehouse"))) {
            return true;
        }
    }
    return false;
}

static struct sign_in_record last_record(struct world *w) {
    struct sign_in_records list;
    assert_ok(sign_in_record_list(&w->d->fixture.scope, w->d->db, w->company.org.id,
                                  w->connection.id, 10, STR(""), &list));
    assert_true(list.count > 0);
    return list.records[0];
}

/* Nothing is told to the browser but that it did not work; the record has the reason. */
static void assert_refused(struct world *w, const struct page *page, const char *reason) {
    assert_int_equal(page->result.code, INVALID);
    assert_string_equal(page->reason, "saml.refused");
    assert_str(last_record(w).reason, reason);
}

static void who_comes_from_the_provider_is_signed_in(void **state) {
    struct world *w = open_world(state, "");
    assert_ok(start(w, &w->jar, "return=%2Fconsole%2Fpeople").result);
    const struct page page = finish(w, &w->jar);
    assert_string_equal(page.reason, "");
    assert_int_equal(page.status, 303);
    assert_str(page.location, "/console/people");
    assert_true(has_session(&w->jar));
    assert_int_equal(w->jar.count, 1); /* the attempt's cookie is gone */
    assert_int_equal(w->counted[SAML_FINE], 1);
    assert_int_equal(sessions(w), 1);
}

static void the_second_sign_in_is_the_same_person(void **state) {
    struct world *w = open_world(state, "");
    for (int i = 0; i < 2; i++) {
        struct jar jar = {.count = 0};
        assert_ok(start(w, &jar, "").result);
        w->forge.now_us += S_TO_US(i);
        const struct forge_assertion assertion = {.id = i == 0 ? "_a1" : "_a2"};
        const char *answer = answer_of(
            w, &(struct forge_response){.assertion_xml = forge_assertion(&w->forge, &assertion)});
        assert_string_equal(post(w, &jar, form_of(w, answer, w->relay_state), NULL).reason, "");
    }
    assert_int_equal(number_of(w->d,
                               "SELECT count(*) FROM identity_link WHERE org_id = $1 AND "
                               "connection_id = $2",
                               w->company.org.id, w->connection.id),
                     1);
    assert_int_equal(sessions(w), 2);
}

static void a_message_counts_once(void **state) {
    struct world *w = open_world(state, "");
    struct jar other = {.count = 0};
    assert_ok(start(w, &w->jar, "").result);
    const struct str form = form_of(w, answer_of(w, &(struct forge_response){0}), w->relay_state);
    assert_ok(post(w, &w->jar, form, NULL).result);

    const struct page stranger = post(w, &other, form, NULL);
    assert_refused(w, &stranger, "saml.replay");
    /* who is signed in has arrived */
    const struct page again = post(w, &w->jar, form, NULL);
    assert_str(again.location, "/");
    /* browsers keep the session's cookie to themselves at first: they are asked on our own site */
    const struct page hop = post(w, &other, form, "cross-site");
    assert_true(str_has_suffix(hop.location, STR("/login?used=1")));
    const struct request used = {.query = "used=1"};
    assert_str(visit(w, &w->jar, saml_login_http, &used).location, "/");
    assert_string_equal(visit(w, &other, saml_login_http, &used).reason, "saml.state");
    assert_int_equal(sessions(w), 1);
}

static void the_same_assertion_in_another_attempt_is_a_replay(void **state) {
    struct world *w = open_world(state, "");
    assert_ok(start(w, &w->jar, "").result);
    assert_ok(finish(w, &w->jar).result);
    struct jar other = {.count = 0};
    assert_ok(start(w, &other, "").result); /* the forge gives the assertion the same ID */
    const struct page page = finish(w, &other);
    assert_refused(w, &page, "saml.replay");
    assert_false(has_session(&other));
    assert_int_equal(sessions(w), 1);
}

static void a_browser_without_the_cookie_starts_again_once(void **state) {
    struct world *w = open_world(state, "");
    struct jar lost = {.count = 0};
    assert_ok(start(w, &w->jar, "return=%2Fdeep").result);
    const struct page restarted = finish(w, &lost);
    note_request(w, &restarted);
    assert_false(has_session(&lost));
    assert_int_equal(sessions(w), 0);

    struct jar lost_again = {.count = 0};
    const struct forge_assertion assertion = {.id = "_a2"};
    const char *answer = answer_of(
        w, &(struct forge_response){.assertion_xml = forge_assertion(&w->forge, &assertion)});
    const struct str form = form_of(w, answer, w->relay_state);
    const struct page refused = post(w, &lost_again, form, NULL);
    assert_refused(w, &refused, "saml.state");
    const struct page page = post(w, &lost, form, NULL); /* which holds the second cookie */
    assert_str(page.location, "/deep");
    assert_int_equal(sessions(w), 1);
}

static struct forge unasked(const struct forge *forge) {
    struct forge without_request = *forge;
    without_request.request_id = "";
    return without_request;
}

static const char *unasked_answer(struct world *w, const char *id) {
    const struct forge asked = w->forge;
    const struct forge_assertion assertion = {.id = id};
    w->forge = unasked(&asked);
    const char *answer = answer_of(
        w, &(struct forge_response){.assertion_xml = forge_assertion(&w->forge, &assertion)});
    w->forge = asked;
    return answer;
}

static void an_answer_that_nobody_asked_for_is_refused(void **state) {
    struct world *w = open_world(state, "");
    const struct page page =
        post(w, &w->jar, form_of(w, unasked_answer(w, "_a1"), STR("/deep")), NULL);
    assert_refused(w, &page, "saml.unsolicited");
    assert_int_equal(sessions(w), 0);
}

static void where_allowed_it_starts_a_sign_in_of_our_own(void **state) {
    struct world *w = open_world(state, ",\"idp_initiated\":\"convert\"");
    const struct page first =
        post(w, &w->jar, form_of(w, unasked_answer(w, "_a1"), STR("/deep")), NULL);
    note_request(w, &first);
    assert_str(asked(w, &first, "/samlp:AuthnRequest/@IsPassive"), "true");
    assert_false(has_session(&w->jar));
    /* no going round: a second unasked one is not taken for the answer */
    const struct page second =
        post(w, &w->jar, form_of(w, unasked_answer(w, "_a2"), STR("")), NULL);
    assert_refused(w, &second, "saml.unsolicited");
    const struct forge_assertion assertion = {.id = "_a3"};
    const char *answer = answer_of(
        w, &(struct forge_response){.assertion_xml = forge_assertion(&w->forge, &assertion)});
    const struct page page = post(w, &w->jar, form_of(w, answer, w->relay_state), NULL);
    assert_str(page.location, "/deep");
    assert_int_equal(sessions(w), 1);
}

static void a_relay_state_that_is_no_path_leads_to_the_start_page(void **state) {
    static const char *const BAD[] = {"//evil.example", "///evil.example", "/\\evil.example",
                                      "https://evil.example", "/a\r\nb"};
    struct world *w = open_world(state, ",\"idp_initiated\":\"convert\"");
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct jar jar = {.count = 0};
        const char *id = forge_text(w->d->fixture.scope.arena, "_u%zu", i);
        const struct page first =
            post(w, &jar, form_of(w, unasked_answer(w, id), str_from_c(BAD[i])), NULL);
        note_request(w, &first);
        const struct forge_assertion assertion = {
            .id = forge_text(w->d->fixture.scope.arena, "_v%zu", i)};
        const char *answer = answer_of(
            w, &(struct forge_response){.assertion_xml = forge_assertion(&w->forge, &assertion)});
        assert_str(post(w, &jar, form_of(w, answer, w->relay_state), NULL).location, "/");
    }
}

static void who_is_out_is_refused_and_never_made_again(void **state) {
    struct world *w = open_world(state, "");
    struct scope *scope = &w->d->fixture.scope;
    struct rows rows;
    assert_ok(start(w, &w->jar, "").result);
    assert_ok(finish(w, &w->jar).result);
    static const struct statement WHO = {
        "test.who", TENANT, "SELECT user_id FROM identity_link WHERE org_id = $1", NULL};
    assert_ok(db_run(scope, w->d->db, &WHO, VALUES(value_text(w->company.org.id)), &rows));
    struct user leaver;
    assert_ok(user_find(scope, w->d->db, w->company.org.id, rows_text(&rows, 0, 0), &leaver));
    const struct state_change change = change_of(w->d, &leaver, SOURCE_SCIM);
    struct revoked revoked;
    assert_ok(user_deactivate(scope, &BACKEND, w->d->db, &change, &revoked));
    assert_int_equal(sessions(w), 0);

    struct jar jar = {.count = 0};
    assert_ok(start(w, &jar, "").result);
    const struct forge_assertion assertion = {.id = "_a2"};
    const char *answer = answer_of(
        w, &(struct forge_response){.assertion_xml = forge_assertion(&w->forge, &assertion)});
    const struct page page = post(w, &jar, form_of(w, answer, w->relay_state), NULL);
    assert_int_equal(page.result.code, FORBIDDEN);
    assert_string_equal(page.reason, "login.refused");
    assert_str(last_record(w).reason, "user.gone");
    assert_int_equal(w->counted[SAML_REASON_COUNT], 1);
    assert_int_equal(sessions(w), 0);
    assert_int_equal(number_of(w->d, "SELECT count(*) FROM org_user WHERE org_id = $1 AND id <> $2",
                               w->company.org.id, STR("")),
                     2);
}

static void a_test_shows_what_came_and_signs_nobody_in(void **state) {
    struct world *w = open_world(state, "");
    make_connection(w, ""); /* another one, not open to people */
    assert_string_equal(start(w, &w->jar, "").reason, "connection.unknown");
    assert_string_equal(start(w, &w->jar, "test=1").reason, "saml.tester");
    const struct session_secret session = given_session(w->d, &w->company.creator);
    w->jar.names[0] = STR("__Host-gatehouse");
    w->jar.values[0] = session.cookie_value;
    w->jar.count = 1;
    const struct request link = {.query = "test=1", .site = "cross-site"};
    assert_string_equal(visit(w, &w->jar, saml_login_http, &link).reason, "saml.tester");
    const struct request here = {.query = "test=1", .site = "same-origin"};
    assert_ok(visit(w, &w->jar, saml_login_http, &here).result);
    assert_ok(start(w, &w->jar, "test=1").result);
    const struct page page = finish(w, &w->jar);
    assert_string_equal(page.reason, "");
    assert_int_equal(page.status, 200);
    assert_true(str_find(page.body, STR("ada-4711")) >= 0);
    assert_int_equal(sessions(w), 0);
    assert_true(str_eq(w->jar.values[0], session.cookie_value));
    assert_ok(connection_find(&w->d->fixture.scope, w->d->db, w->company.org.id, w->connection.id,
                              &w->connection));
    assert_int_equal(w->connection.state, CONNECTION_TESTED);
    const struct request request = {.query = "", .body = STR(""), .actor = &w->admin};
    assert_ok(visit(w, &w->jar, connection_enable_http, &request).result);
}

static const struct statement CHANGE_TESTER = {
    "test.change_tester", TENANT,
    "UPDATE org_user SET role = $3, epoch = epoch + $4 WHERE org_id = $1 AND id = $2", NULL};

static void who_lost_the_right_since_sees_no_test(void **state) {
    struct world *w = open_world(state, "");
    const struct user tester = given_user(w->d, w->company.org.id, "tester", ROLE_ADMIN);
    const struct session_secret session = given_session(w->d, &tester);
    w->jar.names[0] = STR("__Host-gatehouse");
    w->jar.values[0] = session.cookie_value;
    w->jar.count = 1;
    assert_ok(start(w, &w->jar, "test=1").result);
    const struct value org_id = value_text(tester.org_id);
    const struct value id = value_text(tester.id);
    given_row(w->d, &CHANGE_TESTER, VALUES(org_id, id, value_text(STR("member")), value_number(0)));
    assert_string_equal(finish(w, &w->jar).reason, "saml.tester");
    given_row(w->d, &CHANGE_TESTER, VALUES(org_id, id, value_text(STR("admin")), value_number(1)));
    assert_string_equal(finish(w, &w->jar).reason, "saml.tester");
    given_row(w->d, &CHANGE_TESTER, VALUES(org_id, id, value_text(STR("admin")), value_number(-1)));
    const struct page page = finish(w, &w->jar);
    assert_string_equal(page.reason, "");
    assert_true(str_find(page.body, STR("ada-4711")) >= 0);
}

static void a_refusal_leaves_a_record_without_names(void **state) {
    struct world *w = open_world(state, "");
    assert_ok(start(w, &w->jar, "").result);
    w->forge.sp = "https://other.example";
    const struct page page = finish(w, &w->jar);
    assert_refused(w, &page, "saml.audience");
    assert_int_equal(w->counted[SAML_AUDIENCE], 1);
    const struct sign_in_record record = last_record(w);
    assert_false(record.is_junk);
    assert_str(record.got, "https://other.example");
    assert_str(record.request_id, "request-1");
    assert_true(str_find(record.detail, STR("assertion_signed")) >= 0);
    assert_true(str_find(record.detail, STR("ada-4711")) < 0);
    const struct request request = {.query = "", .actor = &w->admin};
    const struct page list = visit(w, &w->jar, connection_logins_http, &request);
    assert_true(str_find(list.body, STR("\"reason\":\"saml.audience\"")) >= 0);
    assert_true(str_find(list.body, STR("ada-4711")) < 0);
    /* the attempt is not used up by what was not believed */
    w->forge.sp = forge_text(w->d->fixture.scope.arena, "https://chat.example/saml/%.*s/metadata",
                             STR_ARG(w->connection.id));
    assert_ok(finish(w, &w->jar).result);
}

static struct page finish_with_authn(struct world *w, const char *authn) {
    const struct forge_assertion assertion = {.authn_xml = authn};
    const char *answer = answer_of(
        w, &(struct forge_response){.assertion_xml = forge_assertion(&w->forge, &assertion)});
    return post(w, &w->jar, form_of(w, answer, w->relay_state), NULL);
}

static const char *ending(struct world *w, int64_t seconds) {
    return forge_text(w->d->fixture.scope.arena,
                      "<saml:AuthnStatement AuthnInstant=\"%s\" SessionNotOnOrAfter=\"%s\">"
                      "<saml:AuthnContext><saml:AuthnContextClassRef>urn:any"
                      "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>",
                      forge_time(&w->forge, 0), forge_time(&w->forge, seconds));
}

static int64_t session_end_us(struct world *w) {
    return number_of(w->d,
                     "SELECT expires_us FROM session WHERE org_id = $1 AND connection_id = $2",
                     w->connection.org_id, w->connection.id);
}

static void a_session_that_the_checks_let_in_is_not_over_at_once(void **state) {
    struct world *w = open_world(state, ",\"skew_s\":60");
    assert_ok(start(w, &w->jar, "").result);
    const struct page over = finish_with_authn(w, ending(w, -60));
    assert_refused(w, &over, "saml.session_expired");

    assert_string_equal(finish_with_authn(w, ending(w, -30)).reason, "");

    assert_int_equal(session_end_us(w), w->forge.now_us + S_TO_US(30));
}

static void of_several_statements_the_one_that_ends_first_counts(void **state) {
    struct world *w = open_world(state, ",\"skew_s\":60");
    assert_ok(start(w, &w->jar, "").result);
    const char *over =
        forge_text(w->d->fixture.scope.arena, "%s%s", ending(w, 3600), ending(w, -60));
    const struct page late = finish_with_authn(w, over);
    assert_refused(w, &late, "saml.session_expired");
    const char *both = forge_text(w->d->fixture.scope.arena, "%s%s%s", ending(w, 3600),
                                  ending(w, 600), ending(w, 1200));

    assert_string_equal(finish_with_authn(w, both).reason, "");

    assert_int_equal(session_end_us(w), w->forge.now_us + S_TO_US(660));
}

static struct page finish_with(struct world *w, const char *instant, const char *class_ref) {
    const char *authn = forge_text(w->d->fixture.scope.arena,
                                   "<saml:AuthnStatement AuthnInstant=\"%s\"><saml:AuthnContext>"
                                   "<saml:AuthnContextClassRef>%s</saml:AuthnContextClassRef>"
                                   "</saml:AuthnContext></saml:AuthnStatement>",
                                   instant, class_ref);
    return finish_with_authn(w, authn);
}

static void what_was_asked_for_has_to_be_answered(void **state) {
    struct world *w = open_world(state, ",\"force_authn\":true,\"authn_contexts\":[\"urn:mfa\"]");
    const struct page first = start(w, &w->jar, "");
    assert_str(asked(w, &first, "/samlp:AuthnRequest/@ForceAuthn"), "true");
    assert_str(asked(w, &first, "string(//saml:AuthnContextClassRef)"), "urn:mfa");
    const struct page weak = finish_with(w, forge_time(&w->forge, 0), "urn:password");
    assert_refused(w, &weak, "saml.authn_context");
    fake_clock_advance(&w->d->fixture.time, S_TO_US(1));
    const struct page stale = finish_with(w, forge_time(&w->forge, -600), "urn:mfa");
    assert_refused(w, &stale, "saml.authn_stale");
    assert_int_equal(sessions(w), 0);
    assert_string_equal(finish_with(w, forge_time(&w->forge, 0), "urn:mfa").reason, "");
    assert_int_equal(sessions(w), 1);
}

/* What an unsigned Response says is cut to be shown; not through a character, which no database
 * would take. */
static void a_long_foreign_word_leaves_a_record(void **state) {
    struct world *w = open_world(state, "");
    struct arena *arena = w->d->fixture.scope.arena;
    assert_ok(start(w, &w->jar, "").result);
    const char *destination = forge_text(arena, "https://xy/%s", repeat(arena, "\xc3\xa9", 200));
    const char *answer = answer_of(w, &(struct forge_response){.destination = destination});
    const struct page page = post(w, &w->jar, form_of(w, answer, w->relay_state), NULL);
    assert_refused(w, &page, "saml.destination");
    assert_true(last_record(w).got.len >= 250);
}

static void what_cannot_be_read_leaves_a_record_too(void **state) {
    struct world *w = open_world(state, "");
    const struct page form = post(w, &w->jar, STR("SAMLResponse=a&SAMLResponse=b"), NULL);
    assert_refused(w, &form, "saml.query");
    assert_int_equal(w->counted[SAML_QUERY], 1);
    fake_clock_advance(&w->d->fixture.time, S_TO_US(1)); /* records are in order of their time */
    const struct request get = {.query = "SAMLResponse=abc"};
    assert_string_equal(visit(w, &w->jar, saml_acs_get_http, &get).reason, "saml.binding");
    assert_str(last_record(w).reason, "saml.binding");
    assert_true(last_record(w).is_junk);
    assert_int_equal(w->counted[SAML_BINDING], 1);
    /* without a provider nothing can be judged: administrators hear of it */
    fake_clock_advance(&w->d->fixture.time, S_TO_US(1));
    assert_ok(start(w, &w->jar, "").result);
    w->identity.saml_jail = NULL;
    assert_string_equal(finish(w, &w->jar).reason, "saml.jail_busy");
    assert_str(last_record(w).reason, "saml.jail_busy");
}

static void a_fault_at_any_call_signs_nobody_in(void **state) {
    struct world *w = open_world(state, "");
    int faults = 0;
    for (int64_t call = 1; call < 100; call++) {
        struct jar jar = {.count = 0};
        assert_ok(start(w, &jar, "").result);
        const char *answer = answer_of(w, &(struct forge_response){0});
        struct db_fault fault = {.fail_at = call};
        db_set_fault(w->d->db, &fault);
        const struct page page = post(w, &jar, form_of(w, answer, w->relay_state), NULL);
        db_set_fault(w->d->db, NULL);
        if (fault.seen < call) {
            assert_ok(page.result);
            break;
        }
        faults++;
        assert_int_equal(page.result.code, UNAVAILABLE);
        assert_false(has_session(&jar));
        assert_int_equal(sessions(w), 0);
    }
    assert_true(faults >= 10);
    assert_int_equal(sessions(w), 1);
}

/* Another node: a connection, an arena and a browser of its own. */
struct node {
    struct world w;
    struct database d;
    struct str form;
    struct page page;
    pthread_t thread;
};

static void *post_there(void *argument) {
    struct node *node = argument;
    node->page = post(&node->w, &node->w.jar, node->form, NULL);
    return NULL;
}

static bool is_somebody_waiting(struct database *d, struct scope *scope, struct db *watcher) {
    static const struct statement WAITING = {
        "test.waiting", INSTALLATION,
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
        "current_database()",
        NULL};
    struct rows rows;
    if (d->engine == ENGINE_SQLITE) {
        return store_counts(d->store).waiting > 0;
    }
    assert_ok(db_run(scope, watcher, &WAITING, NO_VALUES, &rows));
    return rows_number(&rows, 0, 0) > 0;
}

/* Both nodes have checked the message; one commits its use first. */
static void a_message_that_comes_to_two_nodes_at_once_counts_once(void **state) {
    struct world *w = open_world(state, "");
    struct scope *scope = &w->d->fixture.scope;
    assert_ok(start(w, &w->jar, "").result);
    const struct forge_assertion assertion = {.id = "_race"};
    const char *answer = answer_of(
        w, &(struct forge_response){.assertion_xml = forge_assertion(&w->forge, &assertion)});
    struct node node = {.w = *w, .d = *w->d, .form = form_of(w, answer, w->relay_state)};
    node.w.d = &node.d;
    fixture_open(&node.d.fixture);
    node.d.fixture.random.count = UINT64_C(1) << 32; /* no two alike */
    node.d.fixture.env.clock = w->d->fixture.env.clock;
    node.d.db = database_connect(w->d);
    struct db *watcher = database_connect(w->d);
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, w->d->db, LANE_NORMAL, &tx));
    assert_ok(saml_replay_insert(scope, tx, w->company.org.id, w->connection.id, STR("_race"),
                                 INT64_MAX));
    assert_int_equal(pthread_create(&node.thread, NULL, post_there, &node), 0);
    while (!is_somebody_waiting(w->d, scope, watcher)) {
    }
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    assert_int_equal(pthread_join(node.thread, NULL), 0);
    assert_refused(w, &node.page, "saml.replay");
    assert_int_equal(sessions(w), 0);
    assert_int_equal(number_of(w->d, "SELECT count(*) FROM org_user WHERE org_id = $1 AND id <> $2",
                               w->company.org.id, STR("")),
                     1);
    db_close(&watcher);
    db_close(&node.d.db);
    fixture_close(&node.d.fixture);
}

static void an_answer_of_another_connection_is_refused(void **state) {
    struct world *w = open_world(state, "");
    assert_ok(start(w, &w->jar, "").result);
    const char *answer = answer_of(w, &(struct forge_response){0});
    const struct str relay_state = w->relay_state;
    make_connection(w, ""); /* the same provider, another connection */
    enable(w);
    const struct page page = post(w, &w->jar, form_of(w, answer, relay_state), NULL);
    assert_refused(w, &page, "saml.state");
    assert_int_equal(sessions(w), 0);
}

static void malformed_forms_are_refused(void **state) {
    struct world *w = open_world(state, "");
    static const char *const BAD[] = {"", "SAMLResponse=a&SAMLResponse=b",
                                      "SAMLResponse=a&RelayState=b&RelayState=c", "SAMLRequest=a",
                                      "SAMLResponse=%GG"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_string_equal(post(w, &w->jar, str_from_c(BAD[i]), NULL).reason, "saml.refused");
    }
    const struct request get = {.query = ""};
    assert_string_equal(visit(w, &w->jar, saml_acs_get_http, &get).reason, "saml.binding");
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(who_comes_from_the_provider_is_signed_in),
        ON_BOTH(the_second_sign_in_is_the_same_person),
        ON_BOTH(a_message_counts_once),
        ON_BOTH(the_same_assertion_in_another_attempt_is_a_replay),
        ON_BOTH(a_browser_without_the_cookie_starts_again_once),
        ON_BOTH(an_answer_that_nobody_asked_for_is_refused),
        ON_BOTH(where_allowed_it_starts_a_sign_in_of_our_own),
        ON_SQLITE(a_relay_state_that_is_no_path_leads_to_the_start_page),
        ON_BOTH(who_is_out_is_refused_and_never_made_again),
        ON_BOTH(a_test_shows_what_came_and_signs_nobody_in),
        ON_BOTH(who_lost_the_right_since_sees_no_test),
        ON_BOTH(a_refusal_leaves_a_record_without_names),
        ON_BOTH(what_was_asked_for_has_to_be_answered),
        ON_BOTH(a_session_that_the_checks_let_in_is_not_over_at_once),
        ON_BOTH(of_several_statements_the_one_that_ends_first_counts),
        ON_BOTH(a_long_foreign_word_leaves_a_record),
        ON_BOTH(what_cannot_be_read_leaves_a_record_too),
        ON_BOTH(a_fault_at_any_call_signs_nobody_in),
        ON_BOTH(a_message_that_comes_to_two_nodes_at_once_counts_once),
        ON_BOTH(an_answer_of_another_connection_is_refused),
        ON_SQLITE(malformed_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, start_jail, stop_jail);
}
