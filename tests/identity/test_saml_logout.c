/* Single logout from the provider, on both engines, with messages forged and signed by the tests;
 * the sessions are found without a cookie. */

#include "base/form.h"
#include "identity/saml/saml_key.h"
#include "identity/saml/saml_logout_http.h"
#include "identity/saml/saml_session.h"
#include "identity/session.h"
#include "tests/identity/saml_logout_world.h"

#include <pthread.h>
#include <sched.h>

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
        ON_POSTGRES(a_sign_in_that_was_first_is_found),
    };
    return cmocka_run_group_tests(tests, start_jail, stop_jail);
}
