/* Refresh and sign-out of sessions that came from a provider. */

#include "base/cookie.h"
#include "base/form.h"
#include "identity/identity_http.h"
#include "identity/oidc/oidc_http.h"
#include "identity/oidc/oidc_refresh.h"
#include "identity/principal.h"
#include "tests/support/sign_in.h"

#include <pthread.h>

static struct fixture key_fixture;
static struct op_keys keys;

static int make_keys(void **state) {
    (void) state;
    fixture_open(&key_fixture);
    keys = op_keys_make(&key_fixture.scope);
    return 0;
}

static int drop_keys(void **state) {
    fixture_close(&key_fixture);
    return on_both_stop(state);
}

static struct actor signed_in_actor(struct sign_in *s) {
    struct scope *scope = &s->d->fixture.scope;
    struct credential credential;
    struct principal principal;
    for (size_t i = 0; i < s->browser.count; i++) {
        if (str_eq(s->browser.cookies[i].name, STR("__Host-gatehouse"))) {
            assert_ok(credential_parse_session(scope, s->browser.cookies[i].value, &credential));
            assert_ok(principal_check(scope, s->d->db, &credential, &principal));
            return principal.actor;
        }
    }
    fail_msg("nobody is signed in");
    return (struct actor){.kind = ACTOR_NONE};
}

/* Signed in with a refresh token, and the access token at its end. */
static struct actor given_due_session(struct sign_in *s) {
    const struct lie lie = {.refresh_token = "refresh-1"};
    assert_ok(sign_in(s, &lie).result);
    fake_clock_advance(&s->d->fixture.time, S_TO_US(295));
    return signed_in_actor(s);
}

static struct reply refresh(struct sign_in *s, const struct actor *actor, const struct lie *lie) {
    s->op.lie = *lie;
    const struct request request = {.method = HTTP_POST, .query = "", .actor = actor};
    return browse(s, &s->browser, oidc_refresh_http, &request);
}

static bool asked_with(const struct sign_in *s, const char *field) {
    return str_find(s->op.token_request, str_from_c(field)) >= 0;
}

static void what_is_not_due_asks_nobody(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie lie = {.refresh_token = "refresh-1"};
    assert_ok(sign_in(s, &lie).result);
    const struct actor actor = signed_in_actor(s);
    const struct reply reply = refresh(s, &actor, &lie);
    assert_int_equal(reply.status, 200);
    assert_true(str_find(reply.body, STR("\"refreshed\":false")) >= 0);
    assert_int_equal(s->op.token, 1);
}

static void a_refresh_rotates_the_token_and_keeps_an_old_one_that_is_not_replaced(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct actor actor = given_due_session(s);
    const struct lie rotating = {.refresh_token = "refresh-2"};
    const struct reply reply = refresh(s, &actor, &rotating);
    assert_int_equal(reply.status, 200);
    assert_true(str_find(reply.body, STR("\"refreshed\":true")) >= 0);
    assert_true(asked_with(s, "refresh_token=refresh-1"));
    fake_clock_advance(&d->fixture.time, S_TO_US(295));
    const struct lie keeping = {.iss = NULL};
    assert_int_equal(refresh(s, &actor, &keeping).status, 200);
    assert_true(asked_with(s, "refresh_token=refresh-2"));
    fake_clock_advance(&d->fixture.time, S_TO_US(295));
    assert_int_equal(refresh(s, &actor, &keeping).status, 200);
    assert_true(asked_with(s, "refresh_token=refresh-2"));
}

static void an_answer_without_an_id_token_is_fine_and_one_without_a_nonce_too(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct actor actor = given_due_session(s);
    const struct lie bare = {.without_id_token = true};
    assert_int_equal(refresh(s, &actor, &bare).status, 200);
    fake_clock_advance(&d->fixture.time, S_TO_US(295));
    const struct lie without_nonce = {.nonce = OMIT};
    assert_int_equal(refresh(s, &actor, &without_nonce).status, 200);
}

static void what_the_provider_takes_back_is_over_here(void **state) {
    struct database *d = *state;
    static const struct lie ENDINGS[] = {
        {.token_body = "{\"error\":\"invalid_grant\"}", .token_status = 400},
        {.sub = "\"mallory\""},
        {.iss = "\"https://evil.example\""},
        {.nonce = "\"another\""},
        {.signing = SIGN_FLIPPED},
    };
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        s->browser.count = 0;
        const struct actor actor = given_due_session(s);
        const struct reply reply = refresh(s, &actor, &ENDINGS[i]);
        assert_int_equal(reply.status, 401);
        assert_false(has_cookie(&s->browser, "__Host-gatehouse"));
        assert_int_equal(sessions_of(s), 0);
    }
}

static void what_says_nothing_about_the_person_keeps_the_session(void **state) {
    struct database *d = *state;
    static const struct lie FAULTS[] = {
        {.token_body = "{}", .token_status = 500},
        {.token_body = "<html>", .token_content = "text/html", .token_status = 502},
        {.token_body = "<html>", .token_content = "text/html"},
        {.token_body = "{\"error\":\"invalid_client\"}", .token_status = 401},
        {.token_type = "mac"},
    };
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct actor actor = given_due_session(s);
    for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++) {
        assert_int_equal(refresh(s, &actor, &FAULTS[i]).result.code, UNAVAILABLE);
        assert_int_equal(sessions_of(s), 1);
    }
    const struct lie good = {.refresh_token = "refresh-2"};
    s->op.silent = 1;
    assert_int_equal(refresh(s, &actor, &good).result.code, UNAVAILABLE);
    assert_int_equal(refresh(s, &actor, &good).status, 200); /* the lease was given back */
}

static void a_token_whose_key_cannot_be_fetched_keeps_the_session_and_the_new_refresh_token(
    void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct actor actor = given_due_session(s);
    const struct lie away = {
        .refresh_token = "refresh-2", .signer = KEY_RSA_OTHER, .jwks_status = 500};
    assert_int_equal(refresh(s, &actor, &away).result.code, UNAVAILABLE);
    assert_int_equal(sessions_of(s), 1);
    const struct lie good = {.refresh_token = "refresh-3"};
    assert_int_equal(refresh(s, &actor, &good).status, 200);
    assert_true(asked_with(s, "refresh_token=refresh-2"));
}

static void a_session_without_refresh_token_cannot_be_refreshed(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie bare = {.iss = NULL};
    assert_ok(sign_in(s, &bare).result);
    const struct actor actor = signed_in_actor(s);
    assert_string_equal(refresh(s, &actor, &bare).reason, "oidc.no_refresh_token");
    const struct actor stranger = {.kind = ACTOR_USER,
                                   .org_id = actor.org_id,
                                   .id = actor.id,
                                   .credential_id = STR("01900000-0000-7000-8000-000000000000")};
    assert_string_equal(refresh(s, &stranger, &bare).reason, "oidc.no_session");
}

static void a_refresh_under_an_old_epoch_stores_nothing(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    struct actor actor = given_due_session(s);
    actor.epoch--;
    const struct lie good = {.refresh_token = "refresh-2"};
    const struct reply reply = refresh(s, &actor, &good);
    assert_int_equal(reply.result.code, UNAUTHENTICATED);
    assert_string_equal(reply.reason, "user.gone");
    actor.epoch++;
    assert_int_equal(refresh(s, &actor, &good).status, 200);
    assert_true(asked_with(s, "refresh_token=refresh-1"));
}

/* One flight over all nodes: eight workers with connections of their own. */
enum { WORKERS = 8 };

struct worker {
    struct sign_in *s;
    const struct actor *actor;
    struct db *db;
    struct fixture fixture;
    result result;
};

static void *refresh_as_worker(void *argument) {
    struct worker *worker = argument;
    struct scope scope = {worker->fixture.scope.arena, &worker->fixture.env, ""};
    struct http_request *request = NEW(scope.arena, struct http_request);
    struct http_response *response = NEW(scope.arena, struct http_response);
    struct call call = {
        .db = worker->db,
        .actor = worker->actor,
        .request = request,
        .response = response,
        .messaging = &worker->s->messaging,
        .identity = &worker->s->identity,
    };
    struct oidc_refreshed refreshed = {.was_due = false};
    worker->result = oidc_refresh(&scope, &call, &refreshed);
    return NULL;
}

static void eight_refreshes_at_once_are_one_call(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct actor actor = given_due_session(s);
    s->op.lie = (struct lie){.refresh_token = "refresh-2"};
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.s = s, .actor = &actor, .db = database_connect(d)};
        fixture_open(&workers[i].fixture);
        workers[i].fixture.random.count = (uint64_t) (i + 1) << 32; /* no two alike */
        workers[i].fixture.env.clock = d->fixture.env.clock;
        workers[i].fixture.env.http = d->fixture.env.http;
        assert_int_equal(pthread_create(&threads[i], NULL, refresh_as_worker, &workers[i]), 0);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_ok(workers[i].result);
        db_close(&workers[i].db);
        fixture_close(&workers[i].fixture);
    }
    assert_int_equal(s->op.token, 2); /* the sign-in's and one */
}

static struct str field_of(struct sign_in *s, struct str url, struct str name) {
    struct scope *scope = &s->d->fixture.scope;
    struct form *form = NEW(scope->arena, struct form);
    struct str path;
    struct str value = STR("");
    assert_ok(form_parse(scope, str_split(url, '?', &path), form));
    assert_ok(form_get(scope, form, name, &value, NULL));
    return value;
}

static struct str redirect_of(struct sign_in *s, struct str body) {
    const struct json *json = NULL;
    assert_ok(json_read(&s->d->fixture.scope, body, &json));
    return json_as_string(json_get(json, STR("redirect")));
}

static struct reply return_from_logout(struct sign_in *s, struct browser *browser,
                                       struct str state) {
    const char *query = NULL;
    assert_ok(str_to_c(&s->d->fixture.scope,
                       state.len == 0
                           ? STR("")
                           : str_format(s->d->fixture.scope.arena, "state=%.*s", STR_ARG(state)),
                       &query));
    const struct request request = {.query = query, .path_arg = s->connection.id};
    return browse(s, browser, oidc_logged_out_http, &request);
}

static void signing_out_ends_the_session_and_leads_on_to_the_provider(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {.refresh_token = "refresh-1"};
    assert_ok(sign_in(s, &good).result);
    const struct actor actor = signed_in_actor(s);
    const struct request request = {.method = HTTP_DELETE, .query = "", .actor = &actor};
    const struct reply reply = browse(s, &s->browser, session_sign_out_http, &request);
    assert_int_equal(reply.status, 200);
    assert_int_equal(sessions_of(s), 0);
    assert_false(has_cookie(&s->browser, "__Host-gatehouse"));
    const struct str url = redirect_of(s, reply.body);
    assert_true(str_has_prefix(url, STR(OP_ISSUER "/logout?")));
    assert_str(field_of(s, url, STR("client_id")), "gatehouse");
    assert_true(field_of(s, url, STR("id_token_hint")).len > 100);
    const struct str back = field_of(s, url, STR("post_logout_redirect_uri"));
    assert_true(str_has_suffix(back, STR("/logged-out")));
    const struct str given = field_of(s, url, STR("state"));
    struct browser other = {.count = 0};
    assert_string_equal(return_from_logout(s, &other, given).reason, "oidc.logout_state");
    assert_string_equal(return_from_logout(s, &s->browser, STR("foreign")).reason,
                        "oidc.logout_state");
    assert_int_equal(return_from_logout(s, &s->browser, given).status, 303);
    assert_string_equal(return_from_logout(s, &s->browser, given).reason, "oidc.logout_state");
    assert_int_equal(return_from_logout(s, &other, STR("")).status, 303);
}

static void the_tokens_of_a_session_go_with_it_and_are_sealed_before(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {.refresh_token = "refresh-of-alice"};
    assert_ok(sign_in(s, &good).result);
    const struct actor actor = signed_in_actor(s);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM oidc_session WHERE org_id = $1 AND "
                               "(refresh_token_sealed LIKE $2 OR id_token_sealed LIKE 'eyJ%')",
                               actor.org_id, STR("%refresh-of%")),
                     0);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM oidc_session WHERE org_id = $1 AND "
                               "session_id = $2",
                               actor.org_id, actor.credential_id),
                     1);
    const struct request request = {.method = HTTP_DELETE, .query = "", .actor = &actor};
    assert_int_equal(browse(s, &s->browser, session_sign_out_http, &request).status, 200);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM oidc_session WHERE org_id = $1 AND "
                               "session_id = $2",
                               actor.org_id, actor.credential_id),
                     0);
}

int main(void) {
    on_both_use(SIGN_IN_MIGRATIONS, SIGN_IN_MIGRATIONS_COUNT);
    const struct CMUnitTest tests[] = {
        ON_SQLITE(what_is_not_due_asks_nobody),
        ON_BOTH(a_refresh_rotates_the_token_and_keeps_an_old_one_that_is_not_replaced),
        ON_SQLITE(an_answer_without_an_id_token_is_fine_and_one_without_a_nonce_too),
        ON_BOTH(what_the_provider_takes_back_is_over_here),
        ON_BOTH(what_says_nothing_about_the_person_keeps_the_session),
        ON_SQLITE(a_token_whose_key_cannot_be_fetched_keeps_the_session_and_the_new_refresh_token),
        ON_SQLITE(a_session_without_refresh_token_cannot_be_refreshed),
        ON_BOTH(a_refresh_under_an_old_epoch_stores_nothing),
        ON_BOTH(eight_refreshes_at_once_are_one_call),
        ON_BOTH(signing_out_ends_the_session_and_leads_on_to_the_provider),
        ON_BOTH(the_tokens_of_a_session_go_with_it_and_are_sealed_before),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
