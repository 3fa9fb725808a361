/* Connections as administrators see them: settings field by field, test, enable, end. */

#include "identity/connection_config.h"
#include "identity/connection_http.h"
#include "identity/oidc/oidc_http.h"
#include "tests/support/sign_in.h"

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

#define HEAD                                                                                       \
    "\"kind\":\"oidc\",\"name\":\"OP\",\"issuer\":\"" OP_ISSUER "\",\"client_id\":\"gatehouse\""
#define GOOD HEAD ",\"client_secret\":\"s3cret\""

static result read_input(struct database *d, const char *members, struct connection_input *ret) {
    const struct json *body = NULL;
    assert_ok(
        json_read(&d->fixture.scope, str_format(d->fixture.scope.arena, "{%s}", members), &body));
    return connection_input_read(&d->fixture.scope, body, NULL, ret);
}

static void every_field_is_checked_by_itself(void **state) {
    struct database *d = *state;
    static const struct {
        const char *members, *reason;
    } CASES[] = {
        {"\"name\":\"OP\"", "connection.kind"},
        {"\"kind\":\"scim\"", "connection.kind"},
        {GOOD ",\"secret\":1", "connection.member"},
        {"\"kind\":\"oidc\",\"name\":\"\"", "connection.name"},
        {"\"kind\":\"oidc\",\"name\":\"a\\nb\"", "connection.name"},
        {"\"kind\":\"oidc\",\"name\":\"a\"", "connection.issuer"},
        {"\"kind\":\"oidc\",\"name\":\"a\",\"issuer\":\"http://op.example\"", "connection.issuer"},
        {"\"kind\":\"oidc\",\"name\":\"a\",\"issuer\":\"https://op.example?x\"",
         "connection.issuer"},
        {"\"kind\":\"oidc\",\"name\":\"a\",\"issuer\":\"https://op.example#x\"",
         "connection.issuer"},
        {"\"kind\":\"oidc\",\"name\":\"a\",\"issuer\":\"https://u:p@op.example\"",
         "connection.issuer"},
        {"\"kind\":\"oidc\",\"name\":\"a\",\"issuer\":\"file:///etc/passwd\"", "connection.issuer"},
        {"\"kind\":\"oidc\",\"name\":\"a\",\"issuer\":7", "connection.issuer"},
        {"\"kind\":\"oidc\",\"name\":\"a\",\"issuer\":\"" OP_ISSUER "\"", "connection.client_id"},
        {HEAD, "connection.client_secret"},
        {GOOD ",\"client_auth\":\"none\"", "connection.client_auth"},
        {GOOD ",\"client_alg\":\"HS256\"", "connection.client_alg"},
        {GOOD ",\"scopes\":\"openid\"", "connection.scopes"},
        {GOOD ",\"scopes\":[\"a b\"]", "connection.scopes"},
        {GOOD ",\"id_token_algs\":[\"none\"]", "connection.id_token_algs"},
        {GOOD ",\"id_token_algs\":[]", "connection.id_token_algs"},
        {GOOD ",\"id_token_algs\":[\"HS256\"]", "connection.id_token_algs"},
        {GOOD ",\"provisioning\":\"all\"", "connection.provisioning"},
        {GOOD ",\"match\":{\"claim\":\"sub\"}", "connection.match"},
        {GOOD ",\"match\":{\"claim\":\"sub\",\"attribute\":\"id\"}", "connection.match"},
        {GOOD ",\"match\":{\"claim\":\"upn\",\"attribute\":\"email\"}", "connection.match"},
        {GOOD ",\"match\":\"sub\"", "connection.match"},
        {GOOD ",\"domains\":\"acme.test\"", "connection.domains"},
        {GOOD ",\"domains\":[\"acme\"]", "connection.domains"},
        {GOOD ",\"ca_pem\":\"not a certificate\"", "connection.ca_pem"},
        {GOOD ",\"ca_pem\":7", "connection.ca_pem"},
        {GOOD ",\"prompt\":\"a\\u0001b\"", "connection.request"},
        {GOOD ",\"max_age_s\":-2", "connection.max_age"},
        {GOOD ",\"skew_s\":301", "connection.skew"},
        {GOOD ",\"userinfo\":\"yes\"", "connection.userinfo"},
    };
    struct connection_input *input = NEW(d->fixture.scope.arena, struct connection_input);
    assert_ok(read_input(d, GOOD, input));
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        print_message("%s\n", CASES[i].members);
        assert_failed(read_input(d, CASES[i].members, input), &d->fixture.scope, INVALID,
                      CASES[i].reason);
    }
}

static void what_is_stored_reads_back_the_same(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    assert_ok(read_input(d,
                         GOOD
                         ",\"client_auth\":\"client_secret_post\",\"scopes\":[\"email\"],"
                         "\"id_token_algs\":[\"ES256\",\"EdDSA\"],\"provisioning\":\"jit\","
                         "\"match\":{\"claim\":\"email\",\"attribute\":\"email\"},"
                         "\"max_age_s\":60,\"skew_s\":5,\"userinfo\":true,\"prompt\":\"login\"",
                         input));
    struct connection again = {.kind = CONNECTION_OIDC, .name = STR("OP")};
    assert_ok(
        connection_config_read(scope, connection_config_write(scope, &input->connection), &again));
    assert_str(again.oidc.scopes, "openid email");
    assert_int_equal(again.oidc.algs, JOSE_BIT(JOSE_ES256) | JOSE_BIT(JOSE_EDDSA));
    assert_int_equal(again.oidc.client_auth, CLIENT_SECRET_POST);
    assert_int_equal(again.provisioning, PROVISION_JIT);
    assert_int_equal(again.match_attribute, MATCH_EMAIL);
    assert_int_equal(again.oidc.max_age_s, 60);
    assert_int_equal(again.oidc.skew_s, 5);
    assert_true(again.oidc.needs_userinfo);
    assert_str(again.oidc.prompt, "login");
    assert_failed(connection_config_read(scope, STR("{\"issuer\":7}"), &again), scope, INTERNAL,
                  "connection.row");
}

static struct reply administer(struct sign_in *s, call_handler handler, const char *id,
                               const char *body) {
    const struct request request = {.method = HTTP_POST,
                                    .query = "",
                                    .path_arg = str_from_c(id),
                                    .body = str_from_c(body),
                                    .actor = &s->admin};
    return browse(s, &s->browser, handler, &request);
}

static const char *id_of(struct sign_in *s, struct str body) {
    const struct json *json = NULL;
    const char *id = NULL;
    assert_ok(json_read(&s->d->fixture.scope, body, &json));
    assert_ok(str_to_c(&s->d->fixture.scope, json_as_string(json_get(json, STR("id"))), &id));
    return id;
}

static bool says(struct reply reply, const char *text) {
    return str_find(reply.body, str_from_c(text)) >= 0;
}

static void a_connection_is_made_tested_and_enabled(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct reply made =
        administer(s, connection_create_http, "", "{" GOOD ",\"domains\":[\"Acme.Test\"]}");
    assert_ok(made.result);
    assert_int_equal(made.status, 201);
    assert_true(says(made, "\"state\":\"new\""));
    assert_true(says(made, "\"domains\":[\"acme.test\"]"));
    assert_true(says(made, "\"userinfo\":true")); /* discovery has said so */
    assert_false(says(made, "s3cret"));
    const char *id = id_of(s, made.body);
    assert_string_equal(administer(s, connection_enable_http, id, "").reason,
                        "connection.untested");
    const struct reply tested = administer(s, connection_test_http, id, "");
    assert_true(says(tested, "\"ok\":true"));
    assert_true(says(administer(s, connection_get_http, id, ""), "\"state\":\"tested\""));
    assert_true(says(administer(s, connection_enable_http, id, ""), "\"state\":\"enabled\""));
    assert_true(says(administer(s, connections_list_http, "", ""), id));
    /* new settings keep it open, but have to be tested again after an end */
    assert_ok(administer(s, connection_patch_http, id, "{\"name\":\"Other\"}").result);
    assert_true(says(administer(s, connection_get_http, id, ""), "\"tested_at\":null"));
    assert_true(says(administer(s, connection_patch_http, id, "{\"state\":\"disabled\"}"),
                     "\"state\":\"disabled\""));
    assert_string_equal(administer(s, connection_enable_http, id, "{}").reason,
                        "connection.untested");
    assert_ok(administer(s, connection_enable_http, id, "{\"untested\":true}").result);
}

static void a_test_says_what_is_wrong(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const char *id = NULL;
    assert_ok(str_to_c(&d->fixture.scope, s->connection.id, &id));
    static const struct {
        struct lie lie;
        const char *answer;
    } CASES[] = {
        {{.metadata_issuer = "https://evil.example"},
         "{\"check\":\"discovery\",\"ok\":false,\"code\":\"oidc.issuer_mismatch\"}"},
        {{.jwks_status = 500}, "{\"check\":\"keys\",\"ok\":false,\"code\":\"oidc.status\"}"},
        {{.jwks = "{\"keys\":[]}"}, "{\"check\":\"keys\",\"ok\":false,\"code\":\"oidc.keys\"}"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        s->op.lie = CASES[i].lie;
        const struct reply reply = administer(s, connection_test_http, id, "");
        assert_true(says(reply, "\"ok\":false,\"checks\""));
        assert_true(says(reply, CASES[i].answer));
    }
}

static void making_one_asks_the_provider_once_and_stores_nothing_when_it_is_not_fine(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    s->op.lie = (struct lie){.metadata_issuer = "https://evil.example"};
    const struct reply mismatch = administer(s, connection_create_http, "", "{" GOOD "}");
    assert_int_equal(mismatch.result.code, INVALID);
    assert_string_equal(mismatch.reason, "oidc.issuer_mismatch");
    s->op.lie = (struct lie){.iss = NULL};
    const struct reply algorithms =
        administer(s, connection_create_http, "", "{" GOOD ",\"id_token_algs\":[\"PS512\"]}");
    assert_string_equal(algorithms.reason, "oidc.algorithms");
    assert_int_equal(number_of(d, "SELECT count(*) FROM connection WHERE org_id = $1 OR id = $2",
                               s->company.org.id, s->connection.id),
                     1);
    const int before = s->op.metadata;
    assert_ok(administer(s, connection_create_http, "", "{" GOOD "}").result);
    assert_int_equal(s->op.metadata, before + 1);
}

static void secrets_are_sealed_and_never_shown(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM connection WHERE id = $1 AND "
                               "(secret_sealed LIKE $2 OR config LIKE $2)",
                               s->connection.id, STR("%client secret%")),
                     0);
    struct secret secret;
    assert_ok(connection_secret(&d->fixture.scope, &s->identity, &s->connection, &secret));
    assert_str(secret.bytes, OP_SECRET);
    struct connection moved = s->connection;
    moved.id = STR("another row");
    assert_failed(connection_secret(&d->fixture.scope, &s->identity, &moved, &secret),
                  &d->fixture.scope, INTERNAL, "connection.seal");
}

static void a_client_key_is_published_and_rotates_with_overlap(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct reply made =
        administer(s, connection_create_http, "",
                   "{" HEAD ",\"client_auth\":\"private_key_jwt\",\"client_alg\":\"EdDSA\"}");
    assert_int_equal(made.status, 201);
    const char *id = id_of(s, made.body);
    struct jwk_set first;
    struct jwk_set second;
    struct jwk_set third;
    assert_ok(jwks_parse(scope, administer(s, oidc_jwks_http, id, "").body, &first));
    assert_int_equal(first.count, 1);
    assert_int_equal(first.keys[0].alg, JOSE_EDDSA);
    const char *rotate = "{\"client_key\":\"rotate\"}";
    assert_ok(administer(s, connection_patch_http, id, rotate).result);
    assert_ok(jwks_parse(scope, administer(s, oidc_jwks_http, id, "").body, &second));
    assert_int_equal(second.count, 2);
    assert_true(str_eq(second.keys[1].kid, first.keys[0].kid));
    assert_ok(administer(s, connection_patch_http, id, rotate).result);
    assert_ok(jwks_parse(scope, administer(s, oidc_jwks_http, id, "").body, &third));
    assert_int_equal(third.count, 2);
    assert_true(str_eq(third.keys[1].kid, second.keys[0].kid));
    const char *plain = NULL;
    assert_ok(str_to_c(scope, s->connection.id, &plain));
    assert_string_equal(administer(s, connection_patch_http, plain, rotate).reason,
                        "connection.no_key");
    assert_str(administer(s, oidc_jwks_http, plain, "").body, "{\"keys\":[]}");
}

static void sign_in_with_a_key_of_our_own_sends_no_secret(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct reply made = administer(
        s, connection_create_http, "",
        "{" HEAD
        ",\"client_auth\":\"private_key_jwt\",\"provisioning\":\"jit\",\"userinfo\":false}");
    const char *id = id_of(s, made.body);
    assert_ok(administer(s, connection_enable_http, id, "{\"untested\":true}").result);
    assert_ok(connection_find(&d->fixture.scope, d->db, s->company.org.id, str_from_c(id),
                              &s->connection));
    const struct lie good = {.iss = NULL};
    assert_ok(sign_in(s, &good).result);
    assert_int_equal(s->op.token_authorization.len, 0);
    assert_true(str_find(s->op.token_request, STR("client_assertion=eyJ")) >= 0);
    assert_true(str_find(s->op.token_request, STR("client_secret")) < 0);
}

static void deleting_one_ends_its_sessions_and_is_told_to_every_node(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {.refresh_token = "refresh-1"};
    assert_ok(sign_in(s, &good).result);
    const struct connection_change change = {&s->identity, &s->messaging, &s->admin, STR("r"), 0};
    struct revoked revoked = {0};
    assert_ok(connection_delete(&d->fixture.scope, &change, d->db, &s->connection, &revoked));
    assert_true(revoked.is_set && revoked.seq > 0);
    assert_int_equal(sessions_of(s), 0);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM revocation WHERE org_id = $1 AND kind = "
                               "'connection' AND subject = $2",
                               s->company.org.id, s->connection.id),
                     1);
    assert_string_equal(start_sign_in(s, &s->browser, "").reason, "connection.unknown");
    struct revoked again = {0};
    assert_failed(connection_delete(&d->fixture.scope, &change, d->db, &s->connection, &again),
                  &d->fixture.scope, NOT_FOUND, "connection.unknown");
}

static void another_organisation_sees_nothing_of_it(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct company other = given_company(d, "other");
    const char *id = NULL;
    assert_ok(str_to_c(&d->fixture.scope, s->connection.id, &id));
    s->admin = actor_of(&other.creator);
    static const call_handler HANDLERS[] = {
        connection_get_http,  connection_patch_http,  connection_delete_http,
        connection_test_http, connection_enable_http,
    };
    for (size_t i = 0; i < sizeof HANDLERS / sizeof *HANDLERS; i++) {
        assert_string_equal(administer(s, HANDLERS[i], id, "{}").reason, "connection.unknown");
    }
    assert_true(says(administer(s, connections_list_http, "", ""), "\"items\":[]"));
}

static void a_member_may_not_administer(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct user member = given_user(d, s->company.org.id, "member", ROLE_MEMBER);
    s->admin = actor_of(&member);
    static const call_handler HANDLERS[] = {
        connections_list_http,  connection_create_http, connection_get_http,
        connection_patch_http,  connection_delete_http, connection_test_http,
        connection_enable_http, domains_list_http,      domain_create_http,
        domain_delete_http,     domain_verify_http,
    };
    for (size_t i = 0; i < sizeof HANDLERS / sizeof *HANDLERS; i++) {
        assert_string_equal(administer(s, HANDLERS[i], "x", "{}").reason, "role.forbidden");
    }
}

static void two_changes_at_once_do_not_overwrite_each_other(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct connection_change change = {&s->identity, &s->messaging, &s->admin, STR("r"), 0};
    struct connection_input *mine = NEW(scope->arena, struct connection_input);
    struct connection_input *yours = NEW(scope->arena, struct connection_input);
    mine->connection = s->connection;
    yours->connection = s->connection;
    struct connection now;
    assert_ok(connection_update(scope, &change, d->db, mine, &now));
    assert_failed(connection_update(scope, &change, d->db, yours, &now), scope, CONFLICT,
                  "connection.changed");
}

/* What the organisation has, in one number: rows, their changes and what was noted about them. */
static int64_t trace_of(struct sign_in *s) {
    return number_of(s->d,
                     "SELECT (SELECT count(*) FROM connection WHERE org_id = $1) * 1000000 + "
                     "(SELECT count(*) FROM audit WHERE org_id = $1) * 1000 + "
                     "(SELECT count(*) FROM revocation WHERE org_id = $1) * 100 + "
                     "(SELECT version FROM connection WHERE org_id = $1 AND id = $2)",
                     s->company.org.id, s->connection.id);
}

static const char *state_of(struct sign_in *s, struct connection *ret) {
    assert_ok(
        connection_find(&s->d->fixture.scope, s->d->db, s->company.org.id, s->connection.id, ret));
    return connection_state_name(ret->state);
}

/* Read under the old epoch, written after the deactivation: nothing of it may stand. */
static void an_administrator_who_was_cut_off_changes_no_connection(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct user admin = given_user(d, s->company.org.id, "leaver", ROLE_ADMIN);
    const struct actor in_flight = actor_of(&admin);
    const struct connection_change change = {&s->identity, &s->messaging, &in_flight, STR("r"), 0};
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    assert_ok(read_input(d, GOOD, input));
    struct connection_input *update = NEW(scope->arena, struct connection_input);
    update->connection = s->connection;
    const struct state_change out = change_of(d, &admin, SOURCE_SCIM);
    struct revoked revoked = {0};
    assert_ok(user_deactivate(scope, &s->messaging, d->db, &out, &revoked));
    struct connection now;
    struct connection closed = s->connection;
    closed.state = CONNECTION_DISABLED;
    struct connection keyed = s->connection;
    keyed.oidc.client_auth = CLIENT_PRIVATE_KEY_JWT;
    const int64_t before = trace_of(s);
    struct revoked none = {0};

    assert_failed(connection_create(scope, &change, d->db, input, &now), scope, UNAUTHENTICATED,
                  "user.gone");
    assert_failed(connection_update(scope, &change, d->db, update, &now), scope, UNAUTHENTICATED,
                  "user.gone");
    assert_failed(connection_rotate_key(scope, &change, d->db, &keyed), scope, UNAUTHENTICATED,
                  "user.gone");
    assert_failed(connection_enable(scope, &change, d->db, &closed, true), scope, UNAUTHENTICATED,
                  "user.gone");
    assert_failed(connection_mark_tested(scope, d->db, &in_flight, &closed), scope, UNAUTHENTICATED,
                  "user.gone");
    assert_failed(connection_disable(scope, &change, d->db, &s->connection, &none), scope,
                  UNAUTHENTICATED, "user.gone");
    assert_failed(connection_delete(scope, &change, d->db, &s->connection, &none), scope,
                  UNAUTHENTICATED, "user.gone");
    assert_false(none.is_set);
    assert_int_equal(trace_of(s), before);
    assert_string_equal(state_of(s, &now), "enabled");
    assert_int_equal(now.tested_us, s->connection.tested_us);
}

int main(void) {
    on_both_use(SIGN_IN_MIGRATIONS, SIGN_IN_MIGRATIONS_COUNT);
    const struct CMUnitTest tests[] = {
        ON_SQLITE(every_field_is_checked_by_itself),
        ON_SQLITE(what_is_stored_reads_back_the_same),
        ON_BOTH(a_connection_is_made_tested_and_enabled),
        ON_SQLITE(a_test_says_what_is_wrong),
        ON_SQLITE(making_one_asks_the_provider_once_and_stores_nothing_when_it_is_not_fine),
        ON_BOTH(secrets_are_sealed_and_never_shown),
        ON_SQLITE(a_client_key_is_published_and_rotates_with_overlap),
        ON_SQLITE(sign_in_with_a_key_of_our_own_sends_no_secret),
        ON_BOTH(deleting_one_ends_its_sessions_and_is_told_to_every_node),
        ON_BOTH(another_organisation_sees_nothing_of_it),
        ON_SQLITE(a_member_may_not_administer),
        ON_BOTH(two_changes_at_once_do_not_overwrite_each_other),
        ON_BOTH(an_administrator_who_was_cut_off_changes_no_connection),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
