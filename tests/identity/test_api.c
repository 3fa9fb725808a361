/* The handlers of messaging and identity: who may, what is read, what is answered. */

#include "identity/identity_http.h"
#include "messaging/messaging_http.h"
#include "tests/identity/known.h"

/* One exchange: a person, a request, and what came back. */
struct exchange {
    struct database *d;
    struct identity identity;
    struct messaging messaging;
    struct actor actor;
    struct http_request request;
    struct http_response response;
    struct call call;
};

static void exchange_begin(struct exchange *x, struct database *d, const struct user *user) {
    *x = (struct exchange){.d = d, .identity = IDENTITY, .messaging = BACKEND};
    x->actor = actor_of(user);
    x->request.request_id = STR("request-1");
    x->request.received_us = d->fixture.time.now_us;
    x->request.client_address = STR("192.0.2.1");
    x->call = (struct call){.db = d->db,
                            .actor = &x->actor,
                            .request = &x->request,
                            .response = &x->response,
                            .messaging = &x->messaging,
                            .identity = &x->identity};
}

static void give_body(struct exchange *x, const char *body) {
    x->request.body = str_from_c(body);
    x->request.headers[0] = (struct http_header){STR("Content-Type"), STR("application/json")};
    x->request.header_count = 1;
}

static const struct json *answer(struct exchange *x) {
    const struct json *json = NULL;
    assert_ok(json_read(&x->d->fixture.scope, x->response.body, &json));
    return json;
}

static struct str text_at(const struct json *json, const char *name) {
    return json_as_string(json_get(json, str_from_c(name)));
}

static void an_administrator_deactivates_and_sees_person_and_receipt(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    (void) given_session(d, &ann);
    struct exchange x;
    exchange_begin(&x, d, &acme.creator);
    x.request.path_args[0] = ann.id;
    give_body(&x, "{\"reason\":\"left the company\"}");

    assert_ok(user_deactivate_http(&d->fixture.scope, &x.call));

    assert_int_equal(x.response.status, 200);
    assert_true(x.call.revoked.is_set);
    const struct json *json = answer(&x);
    assert_str(text_at(json_get(json, STR("user")), "state"), "deactivated");
    const struct json *receipt = json_get(json, STR("revocation"));
    assert_true(str_eq(text_at(receipt, "id"), x.call.revoked.id));
    assert_true(str_eq(text_at(receipt, "user"), ann.id));
    assert_str(text_at(receipt, "source"), "console");
    assert_int_equal(json_as_integer(json_get(json_get(receipt, STR("closed")), STR("sessions"))),
                     1);
    assert_int_equal(json_kind(json_get(receipt, STR("answered_at"))), JSON_NULL);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM user_block WHERE user_id = $1 AND reason = $2",
                               ann.id, STR("left the company")),
                     1);
}

static void a_repeated_call_gives_the_same_receipt_and_waits_too(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    struct exchange first;
    struct exchange second;
    exchange_begin(&first, d, &acme.creator);
    first.request.path_args[0] = ann.id;
    exchange_begin(&second, d, &acme.creator);
    second.request.path_args[0] = ann.id;

    assert_ok(user_deactivate_http(&d->fixture.scope, &first.call));
    assert_ok(user_deactivate_http(&d->fixture.scope, &second.call));

    assert_true(second.call.revoked.is_set);
    assert_int_equal(second.call.revoked.seq, first.call.revoked.seq);
    assert_true(
        str_eq(text_at(json_get(answer(&second), STR("revocation")), "id"), first.call.revoked.id));
}

static void an_administrator_does_not_touch_a_creator(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    struct exchange x;
    exchange_begin(&x, d, &admin);
    x.request.path_args[0] = acme.creator.id;

    assert_failed(user_deactivate_http(scope, &x.call), scope, FORBIDDEN, "role.forbidden");
    assert_failed(user_reactivate_http(scope, &x.call), scope, FORBIDDEN, "role.forbidden");
    assert_failed(user_sessions_end_http(scope, &x.call), scope, FORBIDDEN, "role.forbidden");
    assert_int_equal(reloaded(d, &acme.creator).state, USER_ACTIVE);
}

static const struct {
    const char *name;
    call_handler handler;
    enum role lowest;
} POLICY[] = {
    {"users", users_list_http, ROLE_MEMBER},
    {"user", user_get_http, ROLE_MEMBER},
    {"deactivate", user_deactivate_http, ROLE_ADMIN},
    {"reactivate", user_reactivate_http, ROLE_ADMIN},
    {"org", org_get_http, ROLE_GUEST},
    {"conversations", conversations_list_http, ROLE_GUEST},
    {"revocations", revocations_list_http, ROLE_ADMIN},
    {"audit", audit_list_http, ROLE_ADMIN},
    {"tokens", tokens_list_http, ROLE_ADMIN},
    {"sessions of others", user_sessions_list_http, ROLE_ADMIN},
};

static void try_policy(struct database *d, const struct user *user, const struct user *subject,
                       size_t i) {
    struct exchange x;
    exchange_begin(&x, d, user);
    x.request.path_args[0] = subject->id;
    const result r = POLICY[i].handler(&d->fixture.scope, &x.call);
    if (is_ok(r) != (user->role >= POLICY[i].lowest)) {
        fail_msg("%s as %s: %s", POLICY[i].name, role_name(user->role), code_name(r.code));
    }
    if (!is_ok(r)) {
        assert_int_equal(r.code, FORBIDDEN);
        assert_string_equal(d->fixture.scope.reason, "role.forbidden");
    }
}

static void every_handler_asks_for_the_role_by_itself(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user subject = given_user(d, acme.org.id, "subject", ROLE_MEMBER);
    for (size_t role = 0; role < ROLE_COUNT; role++) {
        const struct user user =
            given_user(d, acme.org.id, role_name((enum role) role), (enum role) role);
        for (size_t i = 0; i < sizeof POLICY / sizeof *POLICY; i++) {
            try_policy(d, &user, &subject, i);
        }
    }
}

static void a_directorys_token_is_no_person(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    for (size_t i = 0; i < sizeof POLICY / sizeof *POLICY; i++) {
        struct exchange x;
        exchange_begin(&x, d, &acme.creator);
        x.actor.kind = ACTOR_CONNECTION;
        assert_failed(POLICY[i].handler(&d->fixture.scope, &x.call), &d->fixture.scope, FORBIDDEN,
                      "role.forbidden");
    }
}

static void colleagues_see_names_and_nothing_else_of_each_other(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    fake_clock_advance(&d->fixture.time, S_TO_US(1)); /* the list is in order of making */
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    struct exchange x;
    exchange_begin(&x, d, &ann);

    assert_ok(users_list_http(&d->fixture.scope, &x.call));
    const struct json *items = json_get(answer(&x), STR("items"));
    assert_int_equal(json_count(items), 2);
    assert_int_equal(json_count(json_at(items, 0)), 3);
    assert_str(text_at(json_at(items, 0), "display_name"), "The Boss");
    x.request.path_args[0] = ann.id;
    assert_ok(user_get_http(&d->fixture.scope, &x.call));
    assert_str(text_at(answer(&x), "email"), "ann@example.com");
    exchange_begin(&x, d, &acme.creator);
    assert_ok(users_list_http(&d->fixture.scope, &x.call));
    items = json_get(answer(&x), STR("items"));
    assert_str(text_at(json_at(items, 1), "email"), "ann@example.com");
    assert_str(json_as_string(json_at(json_get(json_at(items, 1), STR("roles")), 0)), "member");
}

static void somebody_of_another_organisation_is_not_found(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct company other = given_company(d, "other");
    struct exchange x;
    exchange_begin(&x, d, &acme.creator);
    x.request.path_args[0] = other.creator.id;

    assert_failed(user_get_http(scope, &x.call), scope, NOT_FOUND, "user.unknown");
    assert_failed(user_deactivate_http(scope, &x.call), scope, NOT_FOUND, "user.unknown");
    assert_failed(user_sessions_list_http(scope, &x.call), scope, NOT_FOUND, "user.unknown");
    assert_false(x.call.revoked.is_set);
}

static const struct {
    const char *query, *reason;
} PAGES[] = {
    {"limit=1", NULL},           {"limit=200", NULL},        {"limit=0", "page.limit"},
    {"limit=201", "page.limit"}, {"limit=x", "page.limit"},  {"limit=1&limit=2", "form.duplicate"},
    {"cursor=x", "page.cursor"}, {"limit=-1", "page.limit"},
};

static void pages_have_their_limits(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++) {
        struct exchange x;
        exchange_begin(&x, d, &acme.creator);
        x.request.query = str_from_c(PAGES[i].query);
        const result r = audit_list_http(&d->fixture.scope, &x.call);
        if (PAGES[i].reason == NULL) {
            assert_ok(r);
        } else {
            assert_failed(r, &d->fixture.scope, INVALID, PAGES[i].reason);
        }
    }
}

static void bodies_are_json_objects_and_say_so(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    struct exchange x;
    exchange_begin(&x, d, &acme.creator);
    assert_failed(org_patch_http(scope, &x.call), scope, INVALID, "request.body");
    give_body(&x, "[]");
    assert_failed(org_patch_http(scope, &x.call), scope, INVALID, "request.body");
    give_body(&x, "{\"nam\":\"x\"}");
    assert_failed(org_patch_http(scope, &x.call), scope, INVALID, "json.unknown");
    give_body(&x, "{\"name\":1}");
    assert_failed(org_patch_http(scope, &x.call), scope, INVALID, "json.type");
    give_body(&x, "{\"name\":\"Acme & Sons\"}");
    assert_ok(org_patch_http(scope, &x.call));
    assert_str(text_at(answer(&x), "name"), "Acme & Sons");
    x.request.headers[0].value = STR("text/plain");
    assert_failed(org_patch_http(scope, &x.call), scope, INVALID, "request.body");
}

static void a_token_is_shown_once(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    struct exchange x;
    exchange_begin(&x, d, &acme.creator);
    give_body(&x, "{\"kind\":\"scim\",\"name\":\"IdP\",\"expires_in\":\"90d\","
                  "\"scopes\":[]}");

    assert_ok(token_create_http(&d->fixture.scope, &x.call));
    assert_int_equal(x.response.status, 201);
    const struct str secret = text_at(answer(&x), "secret");
    struct principal who = {0};
    assert_ok(check_bearer(d, secret, &who));
    assert_str(who.scopes, "");
    assert_int_equal(who.expires_us, d->fixture.time.now_us + S_TO_US(90 * 86400));
    assert_ok(tokens_list_http(&d->fixture.scope, &x.call));
    assert_int_equal(str_find(x.response.body, str_from(secret, 41)), -1);
    x.request.path_args[0] = who.actor.credential_id;
    assert_ok(token_revoke_http(&d->fixture.scope, &x.call));
    assert_true(x.call.revoked.is_set);
    assert_int_equal(x.response.status, 204);
    assert_int_equal(check_bearer(d, secret, &who).code, UNAUTHENTICATED);
    assert_failed(token_revoke_http(&d->fixture.scope, &x.call), &d->fixture.scope, NOT_FOUND,
                  "token.unknown");
}

static const struct {
    const char *body, *reason;
} BAD_TOKENS[] = {
    {"{\"kind\":\"bot\",\"name\":\"x\"}", "token.kind"},
    {"{\"kind\":\"scim\",\"name\":\"\"}", "token.name"},
    {"{\"kind\":\"scim\"}", "json.missing"},
    {"{\"kind\":\"scim\",\"name\":\"x\",\"expires_in\":\"0d\"}", "token.expiry"},
    {"{\"kind\":\"scim\",\"name\":\"x\",\"expires_in\":\"3651d\"}", "token.expiry"},
    {"{\"kind\":\"scim\",\"name\":\"x\",\"expires_in\":\"soon\"}", "token.expiry"},
    {"{\"kind\":\"scim\",\"name\":\"x\",\"scopes\":[\"a b\"]}", "token.scopes"},
    {"{\"kind\":\"scim\",\"name\":\"x\",\"scopes\":[1]}", "token.scopes"},
    {"{\"kind\":\"scim\",\"name\":\"x\",\"scopes\":[\"users:read\"]}", "token.scopes"},
    {"{\"kind\":\"admin\",\"name\":\"x\",\"scopes\":\"users:read\"}", "token.scopes"},
};

static void tokens_that_cannot_be_are_refused(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    for (size_t i = 0; i < sizeof BAD_TOKENS / sizeof *BAD_TOKENS; i++) {
        struct exchange x;
        exchange_begin(&x, d, &acme.creator);
        give_body(&x, BAD_TOKENS[i].body);
        assert_failed(token_create_http(&d->fixture.scope, &x.call), &d->fixture.scope, INVALID,
                      BAD_TOKENS[i].reason);
    }
}

static void a_scim_token_outlives_its_maker_and_is_flagged(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    struct api_token token = {0};
    const struct str secret = given_token(d, &admin, CREDENTIAL_SCIM_TOKEN, &token);
    const struct state_change change = change_of(d, &admin, SOURCE_SCIM);
    struct revoked revoked;
    struct api_token_list list = {0};
    struct principal who = {0};
    assert_ok(api_token_list_all(scope, d->db, acme.org.id, &list));
    assert_false(list.tokens[0].is_creator_gone);

    assert_ok(user_deactivate(scope, &BACKEND, d->db, &change, &revoked));
    assert_ok(check_bearer(d, secret, &who));
    assert_ok(api_token_list_all(scope, d->db, acme.org.id, &list));
    assert_true(list.tokens[0].is_creator_gone);
    assert_ok(user_reactivate(scope, &BACKEND, d->db, &change));
    assert_ok(api_token_list_all(scope, d->db, acme.org.id, &list));
    assert_true(list.tokens[0].is_creator_gone);
}

static void a_new_organisation_signs_itself_up_where_that_is_open(void **state) {
    static const char *const BODY =
        "{\"name\":\"New\",\"slug\":\"new\",\"creator\":{\"email\":\"me@example.com\","
        "\"password\":\"correct horse battery\",\"display_name\":\"Me\"},"
        "\"dpa\":{\"version\":\"1\",\"language\":\"en\",\"signer_name\":\"Me\","
        "\"legal_name\":\"New Ltd\"}}";
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    struct exchange x;
    exchange_begin(&x, d, &acme.creator);
    x.call.actor = NULL;
    give_body(&x, BODY);
    assert_failed(org_sign_up_http(scope, &x.call), scope, FORBIDDEN, "signup.closed");
    x.messaging.is_signup_open = true;
    assert_ok(org_sign_up_http(scope, &x.call));
    assert_int_equal(x.response.status, 201);

    give_body(&x, "{\"org\":\"new\",\"email\":\"ME@example.com\","
                  "\"password\":\"correct horse battery\"}");
    assert_ok(session_sign_in_http(scope, &x.call));
    assert_int_equal(x.response.status, 200);
    const struct json *json = answer(&x);
    assert_str(text_at(json_get(json, STR("org")), "slug"), "new");
    assert_str(text_at(json_get(json, STR("user")), "display_name"), "Me");
    assert_true(text_at(json, "csrf").len >= 43);
    assert_true(str_has_prefix(x.response.headers[0].value, STR("gatehouse=")));
}

static void too_many_sign_ins_are_told_when_to_come_back(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    struct exchange x;
    for (int64_t i = 0; i <= 10; i++) {
        exchange_begin(&x, d, &acme.creator);
        x.call.actor = NULL;
        give_body(&x, "{\"org\":\"acme\",\"email\":\"x@example.com\",\"password\":\"wrong\"}");
        const result r = session_sign_in_http(scope, &x.call);
        assert_int_equal(r.code, i < 10 ? UNAUTHENTICATED : OK);
    }
    assert_int_equal(x.response.status, 429);
    assert_str(x.response.headers[0].name, "Retry-After");
    assert_int_equal(str_find(x.response.body, STR("example.com")), -1);
}

static void who_signs_out_is_out(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct session_secret session = given_session(d, &acme.creator);
    struct principal who = {0};
    assert_ok(check_cookie(d, session.cookie_value, &who));
    struct exchange x;
    exchange_begin(&x, d, &acme.creator);
    x.actor = who.actor;
    x.request.headers[0] = (struct http_header){
        STR("Cookie"), str_format(scope->arena, "gatehouse=%.*s", STR_ARG(session.cookie_value))};
    x.request.header_count = 1;
    assert_ok(me_http(scope, &x.call));
    assert_true(str_eq(text_at(answer(&x), "csrf"), session.csrf));

    assert_ok(session_sign_out_http(scope, &x.call));
    assert_true(x.call.revoked.is_set);
    assert_str(x.response.body, "{\"redirect\":null}");
    assert_int_equal(check_cookie(d, session.cookie_value, &who).code, UNAUTHENTICATED);
}

static void messages_are_sent_and_read_over_the_api(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_GUEST);
    struct exchange x;
    exchange_begin(&x, d, &ann);
    give_body(&x, str_format(scope->arena, "{\"kind\":\"direct\",\"user_id\":\"%.*s\"}%c",
                             STR_ARG(acme.creator.id), 0)
                      .at);
    assert_ok(conversation_open_http(scope, &x.call));
    assert_int_equal(x.response.status, 201);
    x.request.path_args[0] = text_at(answer(&x), "id");
    assert_ok(conversation_open_http(scope, &x.call));
    assert_int_equal(x.response.status, 200);
    give_body(&x, "{\"text\":\"hello\"}");
    assert_ok(message_send_http(scope, &x.call));
    assert_ok(message_send_http(scope, &x.call));
    assert_int_equal(x.response.status, 201);

    x.request.query = STR("limit=1");
    assert_ok(messages_list_http(scope, &x.call));
    const struct json *json = answer(&x);
    assert_int_equal(json_count(json_get(json, STR("items"))), 1);
    x.request.query =
        str_format(scope->arena, "limit=1&before=%.*s", STR_ARG(text_at(json, "next")));
    assert_ok(messages_list_http(scope, &x.call));
    assert_int_equal(json_kind(json_get(answer(&x), STR("next"))), JSON_NULL);
    x.request.query = STR("before=x");
    assert_failed(messages_list_http(scope, &x.call), scope, INVALID, "page.cursor");
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(an_administrator_deactivates_and_sees_person_and_receipt),
        ON_BOTH(a_repeated_call_gives_the_same_receipt_and_waits_too),
        ON_BOTH(an_administrator_does_not_touch_a_creator),
        ON_BOTH(every_handler_asks_for_the_role_by_itself),
        ON_BOTH(a_directorys_token_is_no_person),
        ON_BOTH(colleagues_see_names_and_nothing_else_of_each_other),
        ON_BOTH(somebody_of_another_organisation_is_not_found),
        ON_BOTH(pages_have_their_limits),
        ON_BOTH(bodies_are_json_objects_and_say_so),
        ON_BOTH(a_token_is_shown_once),
        ON_BOTH(tokens_that_cannot_be_are_refused),
        ON_BOTH(a_scim_token_outlives_its_maker_and_is_flagged),
        ON_BOTH(a_new_organisation_signs_itself_up_where_that_is_open),
        ON_BOTH(too_many_sign_ins_are_told_when_to_come_back),
        ON_BOTH(who_signs_out_is_out),
        ON_BOTH(messages_are_sent_and_read_over_the_api),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
