/* Single logout from here, on both engines: the session ends first, then the browser is sent on,
 * and whatever comes back changes nothing. */

#include "identity/identity_http.h"
#include "identity/saml/saml_key.h"
#include "identity/saml/saml_logout_http.h"
#include "identity/saml/saml_logout_store.h"
#include "tests/identity/saml_logout_world.h"

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

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(who_signs_out_here_is_sent_on_with_a_request_for_that_session),
        ON_BOTH(a_provider_that_takes_forms_gets_the_request_by_form),
        ON_BOTH(the_way_on_is_good_once_and_for_ten_minutes),
        ON_BOTH(a_provider_without_logout_is_not_asked),
        ON_BOTH(a_jail_that_is_away_keeps_nobody_signed_in),
        ON_BOTH(the_page_says_how_it_went_at_the_provider),
        ON_BOTH(an_answer_is_to_one_request_of_ours),
        ON_BOTH(an_answer_after_ten_minutes_is_to_nothing),
        ON_BOTH(old_rows_are_swept),
    };
    return cmocka_run_group_tests(tests, start_jail, stop_jail);
}
