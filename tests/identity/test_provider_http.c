/* What administrators see of a SAML provider and may do about it. */

#include "identity/provider_http.h"

#include "identity/certificate_watch.h"
#include "identity/connection_http.h"
#include "identity/saml/saml_facts.h"
#include "identity/saml/saml_key.h"
#include "tests/identity/saml_idp_stub.h"

#define ENTITY "https://idp.example"
#define SSO    "https://idp.example/sso"
#define GOOD   ENTITY "|" SSO "|key1"

struct exchange {
    struct identity identity;
    struct http_request request;
    struct http_response response;
};

static result call(struct idp_world *w, call_handler handler, const char *body,
                   struct exchange *x) {
    *x = (struct exchange){.identity = IDENTITY};
    x->identity.saml_reader = &w->reader;
    x->request.path_args[0] = w->connection_id;
    x->request.request_id = STR("request-1");
    x->request.body = str_from_c(body);
    x->request.headers[0] = (struct http_header){STR("Content-Type"), STR("application/json")};
    x->request.header_count = 1;
    struct call how = {.db = w->d->db,
                       .actor = &w->admin,
                       .request = &x->request,
                       .response = &x->response,
                       .messaging = &BACKEND,
                       .identity = &x->identity};
    return handler(&w->d->fixture.scope, &how);
}

static const struct json *seen(struct idp_world *w, call_handler handler, const char *body) {
    struct exchange x;
    const struct json *json = NULL;
    assert_ok(call(w, handler, body, &x));
    assert_int_equal(x.response.status, 200);
    assert_ok(json_read(&w->d->fixture.scope, x.response.body, &json));
    return json;
}

static struct str text(const struct json *json, const char *name) {
    return json_as_string(json_get(json, str_from_c(name)));
}

static void an_administrator_sees_facts_and_certificates(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    const struct json *json = seen(w, connection_provider_http, "");
    assert_str(text(json, "kind"), "saml");
    assert_str(text(json, "origin"), "url");
    assert_str(text(json, "url"), IDP_URL);
    assert_str(text(json, "entity_id"), ENTITY);
    const struct json *certificate = json_at(json_get(json, STR("certificates")), 0);
    assert_true(str_eq(text(certificate, "fingerprint"),
                       saml_fingerprint(&w->d->fixture.scope, STR("key1"))));
    assert_true(text(certificate, "expires_at").len > 0);
    assert_int_equal(json_kind(json_get(json, STR("pending"))), JSON_NULL);
    assert_int_equal(json_kind(json_get(json, STR("failure"))), JSON_NULL);
}

static void a_difference_is_shown_and_accepted_by_its_hash(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    struct exchange x;
    w->idp.body = "https://new.example|https://new.example/sso|key2";
    const struct json *json = seen(w, connection_provider_refresh_http, "");
    const struct json *pending = json_get(json, STR("pending"));
    assert_str(text(json, "entity_id"), ENTITY);
    assert_str(text(pending, "entity_id"), "https://new.example");
    assert_int_equal(json_count(json_get(pending, STR("changes"))), 3);
    assert_failed(call(w, connection_provider_accept_http, "{\"hash\":\"another\"}", &x), scope,
                  CONFLICT, "saml.provider_changed");
    assert_failed(call(w, connection_provider_accept_http, "{}", &x), scope, INVALID,
                  "json.missing");
    assert_failed(call(w, connection_provider_accept_http, "{\"hash\":\"\",\"x\":1}", &x), scope,
                  INVALID, "json.unknown");
    const struct str hash = text(pending, "hash");
    json = seen(w, connection_provider_accept_http,
                str_format(scope->arena, "{\"hash\":\"%.*s\"}", STR_ARG(hash)).at);
    assert_str(text(json, "entity_id"), "https://new.example");
    assert_int_equal(json_kind(json_get(json, STR("pending"))), JSON_NULL);
}

static void a_failure_is_an_answer_and_stands_in_the_connection(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    w->idp.status = 404;
    const struct json *json = seen(w, connection_provider_refresh_http, "");
    assert_str(text(json, "failure"), "saml.metadata_fetch");
    json = seen(w, connection_get_http, "");
    const struct json *health = json_get(json, STR("health"));
    assert_str(text(health, "failure"), "saml.metadata_fetch");
    assert_false(json_as_boolean(json_get(health, STR("waits"))));
}

static const call_handler HANDLERS[] = {connection_provider_http, connection_provider_refresh_http,
                                        connection_provider_accept_http};

static void only_administrators_of_the_organisation_are_answered(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    const struct user member = given_user(w->d, w->company.org.id, "member", ROLE_MEMBER);
    const struct company other = given_company(w->d, "other");
    struct exchange x;
    for (size_t i = 0; i < sizeof HANDLERS / sizeof *HANDLERS; i++) {
        w->admin = actor_of(&member);
        assert_failed(call(w, HANDLERS[i], "{\"hash\":\"\"}", &x), scope, FORBIDDEN,
                      "role.forbidden");
        w->admin = actor_of(&other.creator);
        assert_failed(call(w, HANDLERS[i], "{\"hash\":\"\"}", &x), scope, NOT_FOUND,
                      "connection.unknown");
    }
    assert_int_equal(w->idp.calls, 1);
}

static void a_directory_has_no_provider(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    struct exchange x;
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, w->d->db, LANE_NORMAL, &tx));
    assert_ok(connection_create_scim(scope, tx, w->company.org.id, STR("SCIM"), &w->connection_id));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    for (size_t i = 0; i < sizeof HANDLERS / sizeof *HANDLERS; i++) {
        assert_failed(call(w, HANDLERS[i], "{\"hash\":\"\"}", &x), scope, INVALID,
                      "connection.kind");
    }
}

static void our_own_certificates_are_alerted_about_too(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    struct identity identity = IDENTITY;
    struct saml_own_keys *keys = NEW(scope->arena, struct saml_own_keys);
    struct certificate_outlook outlook;
    identity.seal_key = (struct secret){STR("0123456789abcdef0123456789abcdef")};
    assert_ok(saml_keys_make(scope, &identity, w->company.org.id, w->connection_id, keys));
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, w->d->db, LANE_NORMAL, &tx));
    assert_ok(saml_keys_insert(scope, tx, keys));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    assert_ok(certificate_watch(scope, w->d->db, &outlook));
    assert_true(outlook.has_own);
    assert_int_equal(idp_run_jobs(w), 0);
    fake_clock_advance(&w->d->fixture.time, outlook.own_left_us - S_TO_US(6 * 86400));
    assert_ok(certificate_watch(scope, w->d->db, &outlook));
    assert_int_equal(outlook.own_left_us, S_TO_US(6 * 86400));
    assert_int_equal(idp_run_jobs(w), (int) keys->count);
    assert_int_equal(w->mail.count, (int) keys->count);
    assert_true(str_find(w->mail.text[0], STR("It belongs to Gatehouse.")) >= 0);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_SQLITE(an_administrator_sees_facts_and_certificates),
        ON_BOTH(a_difference_is_shown_and_accepted_by_its_hash),
        ON_SQLITE(a_failure_is_an_answer_and_stands_in_the_connection),
        ON_SQLITE(only_administrators_of_the_organisation_are_answered),
        ON_SQLITE(a_directory_has_no_provider),
        ON_BOTH(our_own_certificates_are_alerted_about_too),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
