/* A message counts once: on two nodes with one database, at the same moment, after a restart. Each
 * node has a connection to the database, a jail and randomness of its own. */
#include "base/form.h"
#include "identity/connection_http.h"
#include "identity/saml/saml_http.h"
#include "identity/saml/saml_jail_life.h"
#include "identity/saml/saml_provider.h"
#include "tests/identity/known.h"
#include "tests/support/forge.h"
#include "tests/support/jail_ready.h"
#include "tests/support/saml_message.h"

#include <pthread.h>

enum { NODES = 2, RUNNERS = 4, ROUNDS = 5 };

static struct saml_jail *jails[NODES];

struct node {
    struct fixture fixture;
    struct db *db;
    struct identity identity;
    struct saml_reader reader;
};

struct world {
    struct database *d;
    struct company company;
    struct str connection_id;
    struct forge forge;
    struct node nodes[NODES];
    struct str cookie, form;
};

struct page {
    result result;
    const char *reason;
    struct http_response *response;
};

static void open_node(struct world *w, size_t at) {
    struct node *node = &w->nodes[at];
    fixture_open(&node->fixture);
    node->fixture.random.count = at * 1000003;
    node->db = database_connect(w->d);
    node->reader = (struct saml_reader){.read = saml_jail_read, .context = jails[at]};
    node->identity = IDENTITY;
    node->identity.public_url = STR("https://chat.example");
    node->identity.is_public_url_https = true;
    node->identity.seal_key = (struct secret){STR("0123456789abcdef0123456789abcdef")};
    node->identity.saml_jail = jails[at];
    node->identity.saml_reader = &node->reader;
}

static void close_node(struct node *node) {
    db_close(&node->db);
    fixture_close(&node->fixture);
}

struct request {
    call_handler handler;
    const char *query;
    struct str body, cookie;
    const struct actor *actor;
};

static struct page visit_with(const struct world *w, struct node *node, struct scope *scope,
                              struct db *db, const struct request *request) {
    struct http_request *http = NEW(scope->arena, struct http_request);
    struct http_response *response = NEW(scope->arena, struct http_response);
    http->query = str_from_c(request->query);
    http->path_args[0] = w->connection_id;
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
                        .identity = &node->identity};
    scope->reason = "";
    const result done = request->handler(scope, &call);
    return (struct page){done, is_ok(done) ? "" : scope->reason, response};
}

static struct page visit(struct world *w, size_t at, const struct request *request) {
    struct node *node = &w->nodes[at];
    return visit_with(w, node, &node->fixture.scope, node->db, request);
}

static struct str header(const struct page *page, const char *name) {
    for (size_t i = 0; i < page->response->header_count; i++) {
        if (str_eq(page->response->headers[i].name, str_from_c(name))) {
            return page->response->headers[i].value;
        }
    }
    return STR("");
}

static bool has_session(const struct page *page) {
    for (size_t i = 0; i < page->response->header_count; i++) {
        if (str_has_prefix(page->response->headers[i].value, STR("__Host-gatehouse="))) {
            return true;
        }
    }
    return false;
}

static void make_connection(struct world *w, const struct actor *admin) {
    struct scope *scope = &w->nodes[0].fixture.scope;
    const char *xml =
        forge_done(scope->arena, forge_metadata(&w->forge, &(struct forge_metadata){0}));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "kind", STR("saml"));
    json_out_member(&out, "name", STR("IdP"));
    json_out_member(&out, "provisioning", STR("jit"));
    json_out_member(&out, "metadata_xml", str_from_c(xml));
    json_out_close_object(&out);
    const struct page made = visit(w, 0,
                                   &(struct request){.handler = connection_create_http,
                                                     .query = "",
                                                     .body = json_out_end(&out),
                                                     .actor = admin});
    assert_string_equal(made.reason, "");
    const struct json *json = NULL;
    assert_ok(json_read(scope, made.response->body, &json));
    w->connection_id = json_as_string(json_get(json, STR("id")));
    const struct page enabled = visit(w, 0,
                                      &(struct request){.handler = connection_enable_http,
                                                        .query = "",
                                                        .body = STR("{\"untested\":true}"),
                                                        .actor = admin});
    assert_string_equal(enabled.reason, "");
    const char *base =
        forge_text(w->forge.arena, "https://chat.example/saml/%.*s", STR_ARG(w->connection_id));
    w->forge.acs = forge_text(w->forge.arena, "%s/acs", base);
    w->forge.sp = forge_text(w->forge.arena, "%s/metadata", base);
}

/* From the redirect to the form that the browser will post, with an assertion of this name. */
static void answered(struct world *w, size_t at, const char *assertion_id) {
    struct scope *scope = &w->nodes[at].fixture.scope;
    const struct page page =
        visit(w, at, &(struct request){.handler = saml_login_http, .query = ""});
    assert_string_equal(page.reason, "");
    const struct saml_outgoing outgoing = {.binding = SAML_REDIRECT,
                                           .url = header(&page, "Location")};
    AUTO(saml_message_close)
    struct saml_message message = saml_message_open(scope, &outgoing);
    const struct str id = saml_message_ask(&message, "/samlp:AuthnRequest/@ID");
    w->forge.request_id = forge_text(w->forge.arena, "%.*s", STR_ARG(id));
    (void) str_split(header(&page, "Set-Cookie"), ';', &w->cookie);
    const struct forge_assertion assertion = {.id = assertion_id};
    const struct forge_response response = {.assertion_xml =
                                                forge_assertion(&w->forge, &assertion)};
    const char *xml = forge_sign(scope->arena, forge_response(&w->forge, &response), SIGN_ASSERTION,
                                 &(struct forge_signing){0});
    const struct form_field fields[] = {
        {STR("SAMLResponse"),
         str_from_c(forge_base64(scope->arena, str_from_c(forge_done(scope->arena, xml))))},
        {STR("RelayState"), saml_message_parameter(scope, outgoing.url, "RelayState")}};
    w->form = form_write(scope->arena, fields, 2);
}

static struct world *open_world(void **state) {
    struct database *d = *state;
    struct world *w = NEW(d->fixture.scope.arena, struct world);
    w->d = d;
    w->forge = forge_begin(d->fixture.scope.arena);
    w->company = given_company(d, "acme");
    for (size_t i = 0; i < NODES; i++) {
        open_node(w, i);
    }
    const struct actor admin = actor_of(&w->company.creator);
    make_connection(w, &admin);
    return w;
}

static void close_world(struct world *w) {
    for (size_t i = 0; i < NODES; i++) {
        close_node(&w->nodes[i]);
    }
}

static struct request answer_of(const struct world *w) {
    return (struct request){
        .handler = saml_acs_http, .query = "", .body = w->form, .cookie = w->cookie};
}

static struct page post(struct world *w, size_t at) {
    const struct request request = answer_of(w);
    return visit(w, at, &request);
}

static int64_t sessions(struct world *w) {
    return number_of(w->d, "SELECT count(*) FROM session WHERE org_id = $1 AND connection_id = $2",
                     w->company.org.id, w->connection_id);
}

static void what_one_node_has_taken_no_other_takes(void **state) {
    struct world *w = open_world(state);
    answered(w, 0, "_assertion-1");

    const struct page first = post(w, 0);
    const struct page second = post(w, 1);

    assert_string_equal(first.reason, "");
    assert_true(has_session(&first));
    assert_string_equal(second.reason, "saml.refused");
    assert_int_equal(sessions(w), 1);
    close_world(w);
}

static void one_node_finishes_what_another_began(void **state) {
    struct world *w = open_world(state);
    answered(w, 0, "_assertion-1");

    assert_string_equal(post(w, 1).reason, "");

    assert_int_equal(sessions(w), 1);
    close_world(w);
}

static void another_sign_in_on_another_node_cannot_use_the_same_assertion(void **state) {
    struct world *w = open_world(state);
    answered(w, 0, "_assertion-1");
    assert_string_equal(post(w, 0).reason, "");
    answered(w, 1, "_assertion-1"); /* another request, another browser, the same assertion */

    assert_string_equal(post(w, 1).reason, "saml.refused");

    assert_int_equal(sessions(w), 1);
    close_world(w);
}

static void a_restart_forgets_no_message(void **state) {
    struct world *w = open_world(state);
    answered(w, 0, "_assertion-1");
    assert_string_equal(post(w, 0).reason, "");
    db_close(&w->nodes[0].db);
    w->nodes[0].db = database_connect(w->d);
    answered(w, 0, "_assertion-1");

    assert_string_equal(post(w, 0).reason, "saml.refused");

    assert_int_equal(sessions(w), 1);
    close_world(w);
}

/* The connection's own difference may be raised later, and a copy must not pass by that. */
static void a_message_is_remembered_by_the_largest_difference_of_clocks(void **state) {
    struct world *w = open_world(state);
    answered(w, 0, "_assertion-1");
    assert_string_equal(post(w, 0).reason, "");
    assert_int_equal(number_of(w->d,
                               "SELECT until_us FROM saml_replay WHERE org_id = $1 AND "
                               "connection_id = $2",
                               w->company.org.id, w->connection_id),
                     w->forge.now_us + S_TO_US(600 + CONNECTION_SKEW_MAX_S));
    close_world(w);
}

/* One post of several that run at once. */
struct runner {
    struct world *w;
    struct node *node;
    struct fixture fixture;
    struct db *db;
    pthread_barrier_t *line;
    pthread_t thread;
    bool is_in;
};

static void *run(void *argument) {
    struct runner *runner = argument;
    const struct request request = answer_of(runner->w);
    (void) pthread_barrier_wait(runner->line);
    const struct page page =
        visit_with(runner->w, runner->node, &runner->fixture.scope, runner->db, &request);
    runner->is_in = is_ok(page.result) && has_session(&page);
    return NULL;
}

static int posted_at_once(struct world *w) {
    struct runner runners[RUNNERS];
    pthread_barrier_t line;
    int winners = 0;
    assert_int_equal(pthread_barrier_init(&line, NULL, RUNNERS), 0);
    for (size_t i = 0; i < RUNNERS; i++) {
        runners[i] = (struct runner){.w = w, .node = &w->nodes[i % NODES], .line = &line};
        fixture_open(&runners[i].fixture);
        runners[i].fixture.random.count = (i + 7) * 1000003 + w->nodes[0].fixture.random.count * 31;
        runners[i].db = database_connect(w->d);
    }
    for (size_t i = 0; i < RUNNERS; i++) {
        assert_int_equal(pthread_create(&runners[i].thread, NULL, run, &runners[i]), 0);
    }
    for (size_t i = 0; i < RUNNERS; i++) {
        assert_int_equal(pthread_join(runners[i].thread, NULL), 0);
        winners += runners[i].is_in;
        db_close(&runners[i].db);
        fixture_close(&runners[i].fixture);
    }
    (void) pthread_barrier_destroy(&line);
    return winners;
}

static void of_several_at_the_same_moment_one_gets_in(void **state) {
    struct world *w = open_world(state);
    for (int round = 0; round < ROUNDS; round++) {
        answered(w, 0, forge_text(w->forge.arena, "_assertion-%d", round));
        assert_int_equal(posted_at_once(w), 1);
        assert_int_equal(sessions(w), round + 1);
    }
    close_world(w);
}

static int start_jails(void **state) {
    (void) state;
    static struct fixture fixture;
    fixture_open(&fixture);
    for (size_t i = 0; i < NODES; i++) {
        const struct saml_jail_settings settings = {
            .env = &fixture.env,
            .roles = &SAML_JAIL_ROLES,
            .program = JAIL_OWN_PROGRAM,
            .children = {[SAML_ROLE_VERIFY] = 2, [SAML_ROLE_BUILD] = 1},
            .messages = 1000};
        if (!is_ok(saml_jail_new(&fixture.scope, &settings, &jails[i])) ||
            !is_ok(jail_wait_ready(&fixture.scope, jails[i]))) {
            return -1;
        }
    }
    fixture_close(&fixture);
    return 0;
}

static int stop_jails(void **state) {
    for (size_t i = 0; i < NODES; i++) {
        saml_jail_free(&jails[i]);
    }
    return on_both_stop(state);
}

int main(int argc, char **argv) {
    int code = 0;
    if (jail_keeper_main(&SAML_JAIL_ROLES, argc, argv, &code)) {
        return code;
    }
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(what_one_node_has_taken_no_other_takes),
        ON_BOTH(one_node_finishes_what_another_began),
        ON_BOTH(another_sign_in_on_another_node_cannot_use_the_same_assertion),
        ON_BOTH(a_restart_forgets_no_message),
        ON_BOTH(a_message_is_remembered_by_the_largest_difference_of_clocks),
        ON_BOTH(of_several_at_the_same_moment_one_gets_in),
    };
    return cmocka_run_group_tests(tests, start_jails, stop_jails);
}
