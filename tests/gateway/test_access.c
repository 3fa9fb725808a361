#include "gateway/access.h"

#include "base/crypto.h"
#include "tests/support/fixture.h"

/* A call that is allowed, and one change each that makes it refused. */
struct attempt {
    struct route route;
    struct principal principal;
    struct http_request request;
};

static struct attempt allowed(struct fixture *f) {
    return (struct attempt){
        .route = {.method = HTTP_POST,
                  .auth = AUTH_ADMIN,
                  .permission = MAY_MANAGE_PEOPLE,
                  .csrf = CSRF_YES},
        .principal = {.actor = {.kind = ACTOR_USER, .role = ROLE_ADMIN},
                      .kind = CREDENTIAL_SESSION,
                      .csrf_hash = sha256_text(f->scope.arena, STR("the csrf value"))},
        .request = {.headers = {{STR("X-Gatehouse-Csrf"), STR("the csrf value")}},
                    .header_count = 1},
    };
}

static void drop_header(struct attempt *a) {
    a->request.header_count = 0;
}
static void change_header(struct attempt *a) {
    a->request.headers[0].value = STR("the csrf valuf");
}
static void be_member(struct attempt *a) {
    a->principal.actor.role = ROLE_MEMBER;
}
static void be_connection(struct attempt *a) {
    a->principal.actor.kind = ACTOR_CONNECTION;
}
static void use_scim(struct attempt *a) {
    a->principal.kind = CREDENTIAL_SCIM_TOKEN;
}
static void use_bot(struct attempt *a) {
    a->principal.kind = CREDENTIAL_BOT_TOKEN;
}
static void close_org(struct attempt *a) {
    a->principal.is_org_closing = true;
}
static void want_session(struct attempt *a) {
    a->route.auth = AUTH_SESSION;
    a->principal.kind = CREDENTIAL_ADMIN_TOKEN;
}
static void want_scim(struct attempt *a) {
    a->route.auth = AUTH_SCIM;
}

static const struct {
    const char *name;
    void (*change)(struct attempt *);
    const char *reason;
} CASES[] = {
    {"no header", drop_header, "access.csrf"},
    {"another header", change_header, "access.csrf"},
    {"no permission", be_member, "access.permission"},
    {"not a person", be_connection, "access.permission"},
    {"a directory's token", use_scim, "access.kind"},
    {"a bot's token", use_bot, "access.kind"},
    {"a token where a session is wanted", want_session, "access.kind"},
    {"a session where a directory is wanted", want_scim, "access.kind"},
    {"closing", close_org, "access.org_closing"},
};

static void each_rule_refuses_by_itself(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct attempt attempt = allowed(f);
        assert_ok(access_check(&f->scope, &attempt.route, &attempt.principal, &attempt.request));
        CASES[i].change(&attempt);
        const result checked =
            access_check(&f->scope, &attempt.route, &attempt.principal, &attempt.request);
        if (checked.code != FORBIDDEN) {
            fail_msg("%s was not refused", CASES[i].name);
        }
        assert_string_equal(f->scope.reason, CASES[i].reason);
    }
}

static void a_token_needs_no_csrf_header(void **state) {
    struct fixture *f = *state;
    struct attempt attempt = allowed(f);
    attempt.principal.kind = CREDENTIAL_ADMIN_TOKEN;
    drop_header(&attempt);
    assert_ok(access_check(&f->scope, &attempt.route, &attempt.principal, &attempt.request));
}

static void nobody_may_call_what_needs_somebody(void **state) {
    struct fixture *f = *state;
    struct attempt attempt = allowed(f);
    assert_failed(access_check(&f->scope, &attempt.route, NULL, &attempt.request), &f->scope,
                  UNAUTHENTICATED, "access.credential");
    attempt.route.auth = AUTH_NONE;
    assert_ok(access_check(&f->scope, &attempt.route, NULL, &attempt.request));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(each_rule_refuses_by_itself),
        SENTENCE(a_token_needs_no_csrf_header),
        SENTENCE(nobody_may_call_what_needs_somebody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
