/* What becomes of a provider's facts when its address says something else, on both engines. */

#include "identity/saml/saml_refresh.h"

#include "identity/alert.h"
#include "identity/certificate_watch.h"
#include "identity/saml/saml_facts.h"
#include "tests/identity/saml_idp_stub.h"

#define ENTITY "https://idp.example"
#define SSO    "https://idp.example/sso"
#define GOOD   ENTITY "|" SSO "|key1"

static int64_t audits(struct idp_world *w, const char *action) {
    return number_of(w->d, "SELECT count(*) FROM audit WHERE org_id = $1 AND action = $2",
                     w->company.org.id, str_from_c(action));
}

static int64_t events(struct idp_world *w, const char *alert) {
    return number_of(w->d, "SELECT count(*) FROM event WHERE stream = $1 AND payload LIKE $2",
                     w->company.org.id,
                     str_format(w->d->fixture.scope.arena, "%%\"alert\":\"%s\"%%", alert));
}

static void what_was_imported_is_what_signing_in_gets(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct saml_idp facts;
    int64_t version = 0;
    assert_ok(saml_provider_facts(&w->d->fixture.scope, w->d->db, w->company.org.id,
                                  w->connection_id, &facts, &version));
    assert_str(facts.entity_id, ENTITY);
    assert_str(facts.sign_on[0].location, SSO);
    assert_int_equal(version, 1);
    assert_str(w->idp.seen_url, IDP_URL);
    assert_int_equal(w->idp.seen_limit, SAML_METADATA_MAX);
    assert_failed(saml_provider_facts(&w->d->fixture.scope, w->d->db, w->company.org.id, STR("no"),
                                      &facts, &version),
                  &w->d->fixture.scope, NOT_FOUND, "saml.no_provider");
}

static void another_organisation_gets_nothing(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    const struct company other = given_company(w->d, "other");
    struct saml_idp facts;
    int64_t version = 0;
    assert_failed(saml_provider_facts(&w->d->fixture.scope, w->d->db, other.org.id,
                                      w->connection_id, &facts, &version),
                  &w->d->fixture.scope, NOT_FOUND, "saml.no_provider");
}

static void nothing_is_fetched_before_its_time_and_once_when_it_is(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    assert_ok(saml_refresh_schedule(&w->d->fixture.scope, w->d->db));
    assert_int_equal(idp_run_jobs(w), 0);
    assert_int_equal(w->idp.calls, 1);
    const struct saml_provider provider = idp_provider(w);
    fake_clock_advance(&w->d->fixture.time, provider.next_us - w->d->fixture.time.now_us);
    assert_ok(saml_refresh_schedule(&w->d->fixture.scope, w->d->db));
    assert_ok(saml_refresh_schedule(&w->d->fixture.scope, w->d->db)); /* another node */
    assert_int_equal(idp_run_jobs(w), 1);
    assert_int_equal(w->idp.calls, 2);
}

static void an_unchanged_document_is_not_sent_again(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    w->idp.etag = "\"v1\"";
    idp_refresh_when_due(w);
    assert_str(w->idp.seen_etag, ""); /* none was known yet */
    w->idp.status = 304;
    w->idp.body = "";
    idp_refresh_when_due(w);
    assert_str(w->idp.seen_etag, "\"v1\"");
    const struct saml_provider provider = idp_provider(w);
    assert_str(provider.failure, "");
    assert_str(provider.facts.entity_id, ENTITY);
    assert_int_equal(provider.good_us, w->d->fixture.time.now_us);
}

static void an_answer_304_that_was_not_asked_for_is_a_failure(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    w->idp.status = 304;
    idp_refresh_when_due(w);
    assert_str(idp_provider(w).failure, "saml.metadata_fetch");
}

static void an_etag_that_is_no_header_value_is_not_kept(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    w->idp.etag = "\"v1\"\r\nX-Other: 1";
    idp_refresh_when_due(w);
    assert_str(idp_provider(w).etag, "");
}

static void a_new_key_counts_at_once_with_event_and_audit(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    w->idp.body = ENTITY "|" SSO "|key1,key2";
    idp_refresh_when_due(w);
    struct saml_provider provider = idp_provider(w);
    assert_true(saml_facts_has_certificate(&provider.facts, STR("key2")));
    assert_int_equal(provider.version, 2);
    assert_false(provider.has_pending);
    assert_int_equal(audits(w, "provider.keys_added"), 1);
    assert_int_equal(events(w, "provider_new_keys"), 1);
    assert_int_equal(w->mail.count, 0);
    w->idp.body = ENTITY "|" SSO "|key2";
    idp_refresh_when_due(w);
    provider = idp_provider(w);
    assert_false(saml_facts_has_certificate(&provider.facts, STR("key1")));
    assert_int_equal(audits(w, "provider.keys_removed"), 1);
}

static void a_flipped_entity_waits_with_one_mail_to_each_administrator(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    (void) given_user(w->d, w->company.org.id, "member", ROLE_MEMBER);
    w->idp.body = "https://evil.example|https://evil.example/sso|evil";
    idp_refresh_when_due(w);
    struct saml_provider provider = idp_provider(w);
    assert_str(provider.facts.entity_id, ENTITY);
    assert_str(provider.facts.sign_on[0].location, SSO);
    assert_false(saml_facts_has_certificate(&provider.facts, STR("evil")));
    assert_true(provider.has_pending);
    assert_str(provider.pending.entity_id, "https://evil.example");
    assert_int_equal(audits(w, "provider.waits"), 1);
    assert_int_equal(events(w, "provider_waits"), 1);
    assert_int_equal(w->mail.count, 1);
    assert_true(str_eq(w->mail.to[0], w->company.creator.email));
    assert_true(str_find(w->mail.subject[0], STR("Big IdP")) >= 0);
    idp_refresh_when_due(w); /* the same again: everybody has heard */
    assert_int_equal(w->mail.count, 1);
    assert_int_equal(audits(w, "provider.waits"), 1);
    w->idp.body = GOOD;
    idp_refresh_when_due(w); /* the provider has thought better of it */
    provider = idp_provider(w);
    assert_false(provider.has_pending);
}

static void an_administrator_accepts_exactly_what_was_seen(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    w->idp.body = ENTITY "|https://idp.example/new|key1";
    idp_refresh_when_due(w);
    struct saml_provider seen = idp_provider(w);
    assert_str(seen.facts.sign_on[0].location, SSO);
    w->idp.body = ENTITY "|https://elsewhere.example/sso|key1";
    idp_refresh_when_due(w);
    struct saml_provider now = idp_provider(w);
    assert_failed(saml_refresh_accept(scope, &w->change, w->d->db, seen.pending_hash, &now), scope,
                  CONFLICT, "saml.provider_changed");
    /* … also when the refresh came between looking and writing */
    assert_failed(saml_refresh_accept(scope, &w->change, w->d->db, seen.pending_hash, &seen), scope,
                  CONFLICT, "saml.provider_changed");
    assert_str(idp_provider(w).facts.sign_on[0].location, SSO);
    assert_ok(saml_refresh_accept(scope, &w->change, w->d->db, now.pending_hash, &now));
    const struct saml_provider after = idp_provider(w);
    assert_str(after.facts.sign_on[0].location, "https://elsewhere.example/sso");
    assert_false(after.has_pending);
    assert_int_equal(after.version, now.version);
    assert_int_equal(audits(w, "provider.accepted"), 1);
    assert_failed(saml_refresh_accept(scope, &w->change, w->d->db, now.pending_hash, &now), scope,
                  CONFLICT, "saml.provider_nothing");
}

static void an_administrator_who_is_out_accepts_nothing(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    w->idp.body = ENTITY "|https://idp.example/new|key1";
    idp_refresh_when_due(w);
    struct saml_provider seen = idp_provider(w);
    w->admin.epoch++;
    assert_failed(saml_refresh_accept(scope, &w->change, w->d->db, seen.pending_hash, &seen), scope,
                  UNAUTHENTICATED, "user.gone");
    assert_true(idp_provider(w).has_pending);
}

static void a_document_without_keys_is_not_applied_and_told_once(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    w->idp.body = ENTITY "|" SSO "|";
    idp_refresh_when_due(w);
    struct saml_provider provider = idp_provider(w);
    assert_true(saml_facts_has_certificate(&provider.facts, STR("key1")));
    assert_str(provider.failure, "saml.metadata_key");
    assert_int_equal(provider.failures, 1);
    assert_int_equal(provider.version, 1);
    assert_int_equal(w->mail.count, 1);
    assert_int_equal(events(w, "provider_keys"), 1);
    idp_refresh_when_due(w);
    assert_int_equal(w->mail.count, 1);
    w->idp.body = GOOD;
    idp_refresh_when_due(w);
    provider = idp_provider(w);
    assert_str(provider.failure, "");
    assert_int_equal(provider.failures, 0);
}

static const struct {
    const char *what;
    int status;
    const char *body;
    const char *failure;
    enum code code;
    const char *noted;
} HOSTILE[] = {
    {"a redirect, to loopback or wherever", 302, "", NULL, OK, "saml.metadata_fetch"},
    {"an error page", 500, GOOD, NULL, OK, "saml.metadata_fetch"},
    {"an address that became internal", 0, "", "http.address", FORBIDDEN, "http.address"},
    {"10 MB", 0, "", "http.size", TOO_LARGE, "http.size"},
    {"another certificate", 0, "", "http.tls", UNAVAILABLE, "http.tls"},
    {"no XML", 200, "hello", NULL, OK, "saml.metadata_xml"},
    {"javascript", 200, ENTITY "|javascript:alert(1)|key1", NULL, OK, "saml.metadata_url"},
    {"plain http", 200, ENTITY "|http://idp.example/sso|key1", NULL, OK, "saml.metadata_url"},
    {"a user in it", 200, ENTITY "|https://a:b@idp.example/|key1", NULL, OK, "saml.metadata_url"},
    {"past its time", 200, GOOD "|0", NULL, OK, "saml.metadata_expired"},
};

static void a_hostile_address_changes_nothing_but_its_failure(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    for (size_t i = 0; i < sizeof HOSTILE / sizeof *HOSTILE; i++) {
        w->idp.status = HOSTILE[i].status;
        w->idp.body = HOSTILE[i].body;
        w->idp.failure = HOSTILE[i].failure;
        w->idp.failure_code = HOSTILE[i].code;
        idp_refresh_when_due(w);
        const struct saml_provider provider = idp_provider(w);
        assert_str(provider.failure, HOSTILE[i].noted);
        assert_int_equal(provider.failures, i + 1);
        assert_str(provider.facts.sign_on[0].location, SSO);
        assert_false(provider.has_pending);
        assert_int_equal(provider.version, 1);
        assert_in_range(provider.next_us - w->d->fixture.time.now_us, 1, S_TO_US(3600));
    }
}

static void a_hostile_address_is_not_imported(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    const struct saml_settings settings = {.metadata_url = STR(IDP_URL)};
    const struct saml_source source = {.metadata_xml = STR("")};
    struct saml_provider provider;
    for (size_t i = 0; i < sizeof HOSTILE / sizeof *HOSTILE; i++) {
        w->idp.status = HOSTILE[i].status;
        w->idp.body = HOSTILE[i].body;
        w->idp.failure = HOSTILE[i].failure;
        w->idp.failure_code = HOSTILE[i].code;
        const bool may_try_again = str_eq(str_from_c(HOSTILE[i].noted), STR("saml.metadata_fetch"));
        assert_failed(saml_provider_import(scope, &w->reader, &settings, &source, &provider), scope,
                      may_try_again ? UNAVAILABLE : INVALID, HOSTILE[i].noted);
    }
}

static void the_last_good_copy_serves_until_its_own_end(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD "|100000");
    struct scope *scope = &w->d->fixture.scope;
    struct saml_idp facts;
    int64_t version = 0;
    w->idp.failure = "http.connect";
    w->idp.failure_code = UNAVAILABLE;
    idp_refresh_when_due(w);
    assert_ok(saml_provider_facts(scope, w->d->db, w->company.org.id, w->connection_id, &facts,
                                  &version));
    fake_clock_advance(&w->d->fixture.time, facts.valid_until.us - w->d->fixture.time.now_us - 1);
    assert_ok(saml_provider_facts(scope, w->d->db, w->company.org.id, w->connection_id, &facts,
                                  &version));
    fake_clock_advance(&w->d->fixture.time, 1);
    assert_failed(
        saml_provider_facts(scope, w->d->db, w->company.org.id, w->connection_id, &facts, &version),
        scope, UNAVAILABLE, "saml.metadata_expired");
}

static result hint(struct idp_world *w) {
    return saml_provider_hint_bad_signature(&w->d->fixture.scope, w->d->db, w->company.org.id,
                                            w->connection_id);
}

static int looks(struct idp_world *w) {
    const int before = w->idp.calls;
    assert_ok(saml_refresh_schedule(&w->d->fixture.scope, w->d->db));
    (void) idp_run_jobs(w);
    return w->idp.calls - before;
}

static void bad_signatures_ask_for_one_early_look_in_five_minutes(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    fake_clock_advance(&w->d->fixture.time, S_TO_US(400));
    for (int i = 0; i < 500; i++) {
        assert_ok(hint(w));
    }
    assert_int_equal(w->idp.calls, 1); /* not inside the request */
    assert_int_equal(looks(w), 1);
    fake_clock_advance(&w->d->fixture.time, S_TO_US(299));
    assert_ok(hint(w));
    assert_int_equal(looks(w), 0);
    fake_clock_advance(&w->d->fixture.time, S_TO_US(1));
    assert_ok(hint(w));
    assert_int_equal(looks(w), 1);
}

static result import_source(struct idp_world *w, const struct saml_source *source,
                            struct saml_provider *ret) {
    const struct saml_settings settings = {.entity_id = STR(ENTITY)};
    return saml_provider_import(&w->d->fixture.scope, &w->reader, &settings, source, ret);
}

static void an_upload_is_never_fetched_and_not_refreshed(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct scope *scope = &w->d->fixture.scope;
    const struct saml_source source = {.metadata_xml = STR(ENTITY "|https://up.example/|up")};
    struct saml_provider provider;
    assert_ok(import_source(w, &source, &provider));
    assert_int_equal(w->idp.calls, 1);
    assert_int_equal(provider.next_us, 0);
    assert_int_equal(provider.origin, SAML_ORIGIN_UPLOAD);
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, w->d->db, LANE_NORMAL, &tx));
    assert_ok(saml_provider_store(scope, tx, w->company.org.id, w->connection_id, &provider));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    provider = idp_provider(w);
    assert_int_equal(provider.version, 2);
    assert_failed(saml_refresh_now(scope, &w->reader, &w->change, w->d->db, &provider), scope,
                  CONFLICT, "saml.provider_not_fetched");
    assert_ok(hint(w));
    fake_clock_advance(&w->d->fixture.time, S_TO_US(90 * 86400));
    assert_int_equal(looks(w), 0);
}

static struct str composed;

static result see_composed(struct scope *scope, void *context,
                           const struct saml_metadata_input *input, struct saml_idp *ret) {
    (void) context;
    (void) ret;
    composed = input->xml;
    return FAIL(scope, INVALID, "saml.metadata_xml");
}

static void what_was_typed_in_becomes_a_document_of_the_same_kind(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct saml_source source = {
        .sso_url = STR("https://idp.example/sso?a=1&b=\"><x/>"),
        .slo_url = STR("https://idp.example/slo"),
        .slo_binding = SAML_POST,
        .certificates = STR("-----BEGIN CERTIFICATE-----\nAA\nBB\n-----END CERTIFICATE-----\n"
                            "-----BEGIN CERTIFICATE-----\nCC==\n-----END CERTIFICATE-----\n"),
    };
    struct saml_provider provider;
    w->reader.read = see_composed;
    assert_int_equal(import_source(w, &source, &provider).code, INVALID);
    assert_true(str_find(composed, STR("entityID=\"" ENTITY "\"")) >= 0);
    assert_true(str_find(composed, STR(">AABB<")) >= 0);
    assert_true(str_find(composed, STR(">CC==<")) >= 0);
    assert_true(str_find(composed, STR("a=1&amp;b=&quot;&gt;&lt;x/&gt;")) >= 0);
    assert_true(str_find(composed, STR("HTTP-POST\" Location=\"https://idp.example/slo\"")) >= 0);
    source.certificates = STR(" QUJD\n REVG ");
    assert_int_equal(import_source(w, &source, &provider).code, INVALID);
    assert_true(str_find(composed, STR(">QUJDREVG<")) >= 0);
    source.certificates = STR("-----BEGIN CERTIFICATE-----\nAA");
    assert_failed(import_source(w, &source, &provider), &w->d->fixture.scope, INVALID,
                  "saml.metadata_key");
}

static void an_administrator_may_look_at_once(void **state) {
    struct idp_world *w = idp_world_open(*state, GOOD);
    struct saml_provider provider = idp_provider(w);
    w->idp.body = ENTITY "|" SSO "|key1,key2";
    assert_ok(saml_refresh_now(&w->d->fixture.scope, &w->reader, &w->change, w->d->db, &provider));
    assert_int_equal(provider.version, 2);
    assert_int_equal(idp_provider(w).version, 2);
    assert_int_equal(number_of(w->d,
                               "SELECT count(*) FROM audit WHERE org_id = $1 AND actor_id = $2 "
                               "AND action = 'provider.keys_added'",
                               w->company.org.id, w->company.creator.id),
                     1);
}

static void a_deleted_connection_takes_its_provider_and_alerts_along(void **state) {
    struct idp_world *w = idp_world_open(*state, ENTITY "|" SSO "|key1:5");
    struct scope *scope = &w->d->fixture.scope;
    struct certificate_outlook outlook;
    struct connection connection;
    struct revoked revoked;
    assert_ok(certificate_watch(scope, w->d->db, &outlook));
    assert_ok(connection_find(scope, w->d->db, w->company.org.id, w->connection_id, &connection));
    assert_ok(connection_delete(scope, &w->change, w->d->db, &connection, &revoked));
    assert_int_equal(number_of(w->d,
                               "SELECT (SELECT count(*) FROM saml_idp WHERE org_id = $1) + (SELECT "
                               "count(*) FROM certificate_alert WHERE connection_id = $2)",
                               w->company.org.id, w->connection_id),
                     0);
    (void) idp_run_jobs(w);
    assert_int_equal(w->mail.count, 0); /* nobody has to do anything any more */
}

static void watch(struct idp_world *w, struct certificate_outlook *ret) {
    assert_ok(certificate_watch(&w->d->fixture.scope, w->d->db, ret));
    (void) idp_run_jobs(w);
}

static void each_threshold_of_a_certificate_is_one_mail(void **state) {
    struct idp_world *w = idp_world_open(*state, ENTITY "|" SSO "|key1:40,key2:500");
    struct certificate_outlook outlook;
    static const struct {
        int64_t days;
        int mails;
    } STEPS[] = {{9, 0}, {1, 1}, {0, 1}, {22, 1}, {1, 2}, {5, 2}, {1, 3}, {0, 3}, {1, 3}, {9, 3}};
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++) {
        fake_clock_advance(&w->d->fixture.time, S_TO_US(STEPS[i].days * 86400));
        watch(w, &outlook);
        watch(w, &outlook); /* an hour later, or another node */
        assert_int_equal(w->mail.count, STEPS[i].mails);
    }
    assert_true(str_find(w->mail.text[0], STR("in 30 days or less")) >= 0);
    assert_true(str_find(w->mail.text[1], STR("in 7 days or less")) >= 0);
    assert_true(str_find(w->mail.text[2], STR("in 1 day or less")) >= 0);
    assert_true(str_find(w->mail.text[2], saml_fingerprint(&w->d->fixture.scope, STR("key1"))) >=
                0);
    assert_true(str_find(w->mail.text[2], w->company.org.name) >= 0);
    assert_true(outlook.has_provider);
    assert_int_equal(outlook.provider_left_us, S_TO_US((500 - 49) * 86400)); /* key2 is left */
}

static void a_certificate_that_ends_tomorrow_when_first_seen_is_one_mail(void **state) {
    struct idp_world *w = idp_world_open(*state, ENTITY "|" SSO "|key1:1,key2:-3");
    struct certificate_outlook outlook;
    watch(w, &outlook);
    assert_int_equal(w->mail.count, 1);
    assert_int_equal(outlook.provider_left_us, S_TO_US(86400));
}

static void a_relay_that_is_away_is_tried_again_and_a_refusal_is_not(void **state) {
    struct idp_world *w = idp_world_open(*state, ENTITY "|" SSO "|key1:5");
    struct certificate_outlook outlook;
    w->mail.failure = "mail.unreachable";
    w->mail.failure_code = UNAVAILABLE;
    watch(w, &outlook);
    fake_clock_advance(&w->d->fixture.time, S_TO_US(60));
    w->mail.failure = NULL;
    assert_int_equal(idp_run_jobs(w), 1);
    assert_int_equal(w->mail.count, 1);
    w->mail.failure = "mail.refused";
    w->mail.failure_code = INVALID;
    fake_clock_advance(&w->d->fixture.time, S_TO_US(4 * 86400));
    watch(w, &outlook);
    w->mail.failure = NULL;
    fake_clock_advance(&w->d->fixture.time, S_TO_US(7200));
    assert_int_equal(idp_run_jobs(w), 0);
    assert_int_equal(w->mail.count, 1);
}

static void who_is_out_when_the_mail_is_sent_gets_none(void **state) {
    struct idp_world *w = idp_world_open(*state, ENTITY "|" SSO "|key1:5");
    struct certificate_outlook outlook;
    const struct user admin = given_user(w->d, w->company.org.id, "ann", ROLE_ADMIN);
    assert_ok(certificate_watch(&w->d->fixture.scope, w->d->db, &outlook));
    static const struct statement OUT = {
        "test.out", TENANT,
        "UPDATE org_user SET state = 'deactivated' WHERE org_id = $1 AND id = $2", NULL};
    given_row(w->d, &OUT, VALUES(value_text(admin.org_id), value_text(admin.id)));
    assert_int_equal(idp_run_jobs(w), 2);
    assert_int_equal(w->mail.count, 1);
    assert_true(str_eq(w->mail.to[0], w->company.creator.email));
}

static void thresholds_are_thirty_seven_and_one(void **state) {
    (void) state;
    assert_int_equal(alert_threshold_days(S_TO_US(30 * 86400) + 1), 0);
    assert_int_equal(alert_threshold_days(S_TO_US(30 * 86400)), 30);
    assert_int_equal(alert_threshold_days(S_TO_US(7 * 86400) + 1), 30);
    assert_int_equal(alert_threshold_days(S_TO_US(7 * 86400)), 7);
    assert_int_equal(alert_threshold_days(S_TO_US(86400)), 1);
    assert_int_equal(alert_threshold_days(1), 1);
    assert_int_equal(alert_threshold_days(0), 0);
    assert_int_equal(alert_threshold_days(-5), 0);
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(what_was_imported_is_what_signing_in_gets),
        ON_BOTH(another_organisation_gets_nothing),
        ON_BOTH(nothing_is_fetched_before_its_time_and_once_when_it_is),
        ON_SQLITE(an_unchanged_document_is_not_sent_again),
        ON_SQLITE(an_answer_304_that_was_not_asked_for_is_a_failure),
        ON_SQLITE(an_etag_that_is_no_header_value_is_not_kept),
        ON_BOTH(a_new_key_counts_at_once_with_event_and_audit),
        ON_BOTH(a_flipped_entity_waits_with_one_mail_to_each_administrator),
        ON_BOTH(an_administrator_accepts_exactly_what_was_seen),
        ON_BOTH(an_administrator_who_is_out_accepts_nothing),
        ON_BOTH(a_document_without_keys_is_not_applied_and_told_once),
        ON_BOTH(a_hostile_address_changes_nothing_but_its_failure),
        ON_SQLITE(a_hostile_address_is_not_imported),
        ON_BOTH(the_last_good_copy_serves_until_its_own_end),
        ON_BOTH(bad_signatures_ask_for_one_early_look_in_five_minutes),
        ON_BOTH(an_upload_is_never_fetched_and_not_refreshed),
        ON_SQLITE(what_was_typed_in_becomes_a_document_of_the_same_kind),
        ON_BOTH(an_administrator_may_look_at_once),
        ON_BOTH(a_deleted_connection_takes_its_provider_and_alerts_along),
        ON_BOTH(each_threshold_of_a_certificate_is_one_mail),
        ON_BOTH(a_certificate_that_ends_tomorrow_when_first_seen_is_one_mail),
        ON_BOTH(a_relay_that_is_away_is_tried_again_and_a_refusal_is_not),
        ON_BOTH(who_is_out_when_the_mail_is_sent_gets_none),
        SENTENCE(thresholds_are_thirty_seven_and_one),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
