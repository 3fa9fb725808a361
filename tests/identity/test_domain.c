/* Domains, their proof by DNS, and what the login page finds by them. */

#include "base/dns.h"
#include "identity/connection_http.h"
#include "identity/domain.h"
#include "tests/support/sign_in.h"

/* Answers one name with one text. */
struct scripted_dns {
    struct dns dns; /* first */
    struct str name, text;
    bool is_away;
    int asked;
};

static result answer_txt(struct dns *dns, struct scope *scope, struct str name,
                         struct dns_texts *ret) {
    struct scripted_dns *scripted = (struct scripted_dns *) (void *) dns;
    scripted->asked++;
    REQUIRE(scope, !scripted->is_away, UNAVAILABLE, "dns.failed");
    ret->count = 0;
    ret->texts[ret->count++] = STR("v=spf1 -all");
    if (str_eq(name, scripted->name)) {
        ret->texts[ret->count++] = scripted->text;
    }
    return OK_RESULT;
}

static struct op_keys no_keys;

static void names_of_hosts_are_domains(void **state) {
    struct fixture *f = *state;
    struct str name;
    assert_ok(domain_name_check(&f->scope, STR("Example.COM"), &name));
    assert_str(name, "example.com");
    assert_ok(domain_name_check(&f->scope, STR("xn--bcher-kva.example"), &name));
    assert_ok(domain_name_check(&f->scope, STR("a-b.c3.example"), &name));
    static const char *const REFUSED[] = {
        "",           "com",     "example.",     ".example.com", "a..b",
        "-a.example", "a-.test", "exa mple.com", "a_b.example",  "10.0.0.1",
        "*.a.com",    "a.com/x", "a@b.com",      "b\xc3\xbc.de", "a.com:443",
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        assert_failed(domain_name_check(&f->scope, str_from_c(REFUSED[i]), &name), &f->scope,
                      INVALID, "domain.name");
    }
}

static struct domain given_proved(struct sign_in *s, struct scripted_dns *dns,
                                  const struct actor *admin, const char *name) {
    struct scope *scope = &s->d->fixture.scope;
    struct domain domain;
    assert_ok(domain_add(scope, s->d->db, admin, STR("r"), str_from_c(name), &domain));
    dns->name = domain_record_name(scope, domain.name);
    dns->text = domain.challenge;
    assert_ok(domain_prove(scope, s->d->db, admin, STR("r"), domain.name, &domain));
    return domain;
}

static struct sign_in *open_with_dns(struct database *d, struct scripted_dns *dns) {
    *dns = (struct scripted_dns){.dns = {answer_txt}, .name = STR(""), .text = STR("")};
    d->fixture.env.dns = &dns->dns;
    return sign_in_open(d, &no_keys);
}

static void only_the_right_record_proves_a_domain(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct scripted_dns dns;
    AUTO(sign_in_close) struct sign_in *s = open_with_dns(d, &dns);
    const struct str org = s->company.org.id;
    struct domain domain;
    bool is_proved = true;
    assert_ok(domain_add(scope, d->db, &s->admin, STR("r"), STR("acme.test"), &domain));
    assert_failed(domain_add(scope, d->db, &s->admin, STR("r"), STR("ACME.test"), &domain), scope,
                  CONFLICT, "domain.exists");
    assert_ok(domain_prove(scope, d->db, &s->admin, STR("r"), STR("acme.test"), &domain));
    assert_int_equal(domain.verified_us, 0);
    dns.name = STR("_gatehouse-challenge.acme.test");
    dns.text = STR("gatehouse-domain-verification=guessed");
    assert_ok(domain_prove(scope, d->db, &s->admin, STR("r"), STR("acme.test"), &domain));
    assert_int_equal(domain.verified_us, 0);
    assert_ok(domain_is_proved(scope, d->db, org, STR("acme.test"), &is_proved));
    assert_false(is_proved);
    dns.is_away = true;
    assert_failed(domain_prove(scope, d->db, &s->admin, STR("r"), STR("acme.test"), &domain), scope,
                  UNAVAILABLE, "dns.failed");
    dns.is_away = false;
    dns.text = domain.challenge;
    assert_ok(domain_prove(scope, d->db, &s->admin, STR("r"), STR("acme.test"), &domain));
    assert_true(domain.verified_us > 0);
    assert_ok(domain_is_proved(scope, d->db, org, STR("acme.test"), &is_proved));
    assert_true(is_proved);
    assert_ok(domain_is_proved(scope, d->db, org, STR("sub.acme.test"), &is_proved));
    assert_false(is_proved); /* never a suffix */
    const int asked = dns.asked;
    assert_ok(domain_prove(scope, d->db, &s->admin, STR("r"), STR("acme.test"), &domain));
    assert_int_equal(dns.asked, asked);
    assert_failed(domain_prove(scope, d->db, &s->admin, STR("r"), STR("other.test"), &domain),
                  scope, NOT_FOUND, "domain.unknown");
}

static void one_organisation_at_a_time_has_a_domain(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct scripted_dns dns;
    AUTO(sign_in_close) struct sign_in *s = open_with_dns(d, &dns);
    const struct company other = given_company(d, "other");
    const struct actor rival = actor_of(&other.creator);
    (void) given_proved(s, &dns, &s->admin, "acme.test");
    struct domain theirs;
    assert_ok(domain_add(scope, d->db, &rival, STR("r"), STR("acme.test"), &theirs));
    dns.text = theirs.challenge;
    assert_failed(domain_prove(scope, d->db, &rival, STR("r"), STR("acme.test"), &theirs), scope,
                  CONFLICT, "domain.taken");
    assert_failed(domain_remove(scope, d->db, &rival, STR("r"), STR("unknown.test")), scope,
                  NOT_FOUND, "domain.unknown");
    assert_ok(domain_remove(scope, d->db, &s->admin, STR("r"), STR("acme.test")));
    assert_ok(domain_prove(scope, d->db, &rival, STR("r"), STR("acme.test"), &theirs));
    assert_true(theirs.verified_us > 0);
}

static void an_administrator_who_was_cut_off_changes_no_domain(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct scripted_dns dns;
    AUTO(sign_in_close) struct sign_in *s = open_with_dns(d, &dns);
    const struct user admin = given_user(d, s->company.org.id, "leaver", ROLE_ADMIN);
    const struct actor in_flight = actor_of(&admin);
    struct domain domain;
    assert_ok(domain_add(scope, d->db, &in_flight, STR("r"), STR("acme.test"), &domain));
    dns.name = domain_record_name(scope, domain.name);
    dns.text = domain.challenge;
    const struct state_change out = change_of(d, &admin, SOURCE_SCIM);
    struct revoked revoked = {0};
    assert_ok(user_deactivate(scope, &s->messaging, d->db, &out, &revoked));

    assert_failed(domain_add(scope, d->db, &in_flight, STR("r"), STR("more.test"), &domain), scope,
                  UNAUTHENTICATED, "user.gone");
    assert_failed(domain_prove(scope, d->db, &in_flight, STR("r"), STR("acme.test"), &domain),
                  scope, UNAUTHENTICATED, "user.gone");
    assert_failed(domain_remove(scope, d->db, &in_flight, STR("r"), STR("acme.test")), scope,
                  UNAUTHENTICATED, "user.gone");
    struct domain_list list;
    assert_ok(domain_list_all(scope, d->db, s->company.org.id, &list));
    assert_int_equal(list.count, 1);
    assert_str(list.domains[0].name, "acme.test");
    assert_int_equal(list.domains[0].verified_us, 0);
}

static struct reply discover(struct sign_in *s, const char *body) {
    const struct request request = {.method = HTTP_POST, .query = "", .body = str_from_c(body)};
    return browse(s, &s->browser, login_discover_http, &request);
}

#define NOBODY "{\"methods\":[{\"kind\":\"password\",\"org\":null}]}"

static void discovery_tells_by_the_proved_domain_alone(void **state) {
    struct database *d = *state;
    struct scripted_dns dns;
    AUTO(sign_in_close) struct sign_in *s = open_with_dns(d, &dns);
    struct domain claimed;
    assert_ok(
        domain_add(&d->fixture.scope, d->db, &s->admin, STR("r"), STR("claimed.test"), &claimed));
    (void) given_proved(s, &dns, &s->admin, "acme.test");
    const struct reply known = discover(s, "{\"email\":\"Someone@ACME.test\"}");
    const struct str wanted =
        str_format(d->fixture.scope.arena,
                   "{\"methods\":[{\"kind\":\"oidc\",\"name\":\"OP\",\"url\":\"/oidc/%.*s/login\"},"
                   "{\"kind\":\"password\",\"org\":\"acme\"}]}",
                   STR_ARG(s->connection.id));
    assert_true(str_eq(known.body, wanted));
    /* who exists and who does not look the same: boss@example.com is a person here */
    assert_str(discover(s, "{\"email\":\"boss@example.com\"}").body, NOBODY);
    assert_str(discover(s, "{\"email\":\"nobody@example.com\"}").body, NOBODY);
    assert_str(discover(s, "{\"email\":\"a@claimed.test\"}").body, NOBODY);
    assert_str(discover(s, "{\"email\":\"a@sub.acme.test\"}").body, NOBODY);
    assert_str(discover(s, "{\"email\":\"a@elsewhere.test\",\"org\":\"acme\"}").body,
               "{\"methods\":[{\"kind\":\"password\",\"org\":\"acme\"}]}");
    static const char *const REFUSED[] = {
        "{\"email\":\"acme.test\"}",
        "{\"email\":\"a@b@acme.test\"}",
        "{\"email\":7}",
        "{}",
        "{\"email\":\"a@acme.test\",\"x\":1}",
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        assert_int_equal(discover(s, REFUSED[i]).result.code, INVALID);
    }
}

static void a_connection_that_is_not_enabled_is_not_offered(void **state) {
    struct database *d = *state;
    struct scripted_dns dns;
    AUTO(sign_in_close) struct sign_in *s = open_with_dns(d, &dns);
    (void) given_proved(s, &dns, &s->admin, "acme.test");
    const struct connection_change change = {&s->identity, &s->messaging, &s->admin, STR("r"), 0};
    struct revoked revoked = {0};
    assert_ok(connection_disable(&d->fixture.scope, &change, d->db, &s->connection, &revoked));
    assert_str(discover(s, "{\"email\":\"a@acme.test\"}").body,
               "{\"methods\":[{\"kind\":\"password\",\"org\":\"acme\"}]}");
}

static void domains_are_administered_by_their_names(void **state) {
    struct database *d = *state;
    struct scripted_dns dns;
    AUTO(sign_in_close) struct sign_in *s = open_with_dns(d, &dns);
    struct request request = {.method = HTTP_POST,
                              .query = "",
                              .body = STR("{\"domain\":\"Acme.test\"}"),
                              .actor = &s->admin};
    const struct reply made = browse(s, &s->browser, domain_create_http, &request);
    assert_int_equal(made.status, 201);
    assert_true(str_find(made.body, STR("\"id\":\"acme.test\",\"domain\":\"acme.test\","
                                        "\"state\":\"pending\",\"txt_name\":"
                                        "\"_gatehouse-challenge.acme.test\"")) >= 0);
    request.body = STR("{\"domain\":\"acme\"}");
    assert_string_equal(browse(s, &s->browser, domain_create_http, &request).reason, "domain.name");
    request.body = STR("");
    request.path_arg = STR("acme.test");
    struct domain domain;
    assert_ok(domain_find(&d->fixture.scope, d->db, s->company.org.id, STR("acme.test"), &domain));
    dns.name = domain_record_name(&d->fixture.scope, domain.name);
    dns.text = domain.challenge;
    const struct reply proved = browse(s, &s->browser, domain_verify_http, &request);
    assert_true(str_find(proved.body, STR("\"state\":\"proved\"")) >= 0);
    assert_true(
        str_find(browse(s, &s->browser, domains_list_http, &request).body, STR("acme.test")) >= 0);
    assert_int_equal(browse(s, &s->browser, domain_delete_http, &request).status, 204);
    assert_string_equal(browse(s, &s->browser, domain_delete_http, &request).reason,
                        "domain.unknown");
}

int main(void) {
    on_both_use(SIGN_IN_MIGRATIONS, SIGN_IN_MIGRATIONS_COUNT);
    const struct CMUnitTest tests[] = {
        SENTENCE(names_of_hosts_are_domains),
        ON_BOTH(only_the_right_record_proves_a_domain),
        ON_BOTH(one_organisation_at_a_time_has_a_domain),
        ON_BOTH(an_administrator_who_was_cut_off_changes_no_domain),
        ON_BOTH(discovery_tells_by_the_proved_domain_alone),
        ON_SQLITE(a_connection_that_is_not_enabled_is_not_offered),
        ON_SQLITE(domains_are_administered_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
