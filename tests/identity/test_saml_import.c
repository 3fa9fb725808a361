/* From what a provider or an administrator gives to stored facts, through the reader that runs in
 * the jail, here in-process: real documents, real certificates. */

#include "identity/saml/saml_facts.h"
#include "identity/saml/saml_metadata_read.h"
#include "identity/saml/saml_refresh.h"
#include "tests/identity/saml_idp_stub.h"
#include "tests/support/forge.h"
#include "tests/support/peer.h"

#include <stdio.h>

static struct saml_verifier *verifier;

static struct peer server;

static int start_verifier(void **state) {
    (void) state;
    static const char *const ARGV[] = {"/usr/bin/python3", "-Wignore", HTTPS_SERVER, NULL};
    (void) peer_start(&server, ARGV);
    struct fixture fixture;
    fixture_open(&fixture);
    const result started = saml_verify_start(&fixture.scope, &verifier);
    fixture_close(&fixture);
    return is_ok(started) ? 0 : -1;
}

static int stop_verifier(void **state) {
    saml_verify_stop(&verifier);
    peer_stop(&server);
    return on_both_stop(state);
}

static result read_really(struct scope *scope, void *context,
                          const struct saml_metadata_input *input, struct saml_idp *ret) {
    (void) context;
    return saml_metadata_read(scope, verifier, input, ret);
}

struct office {
    struct idp_world *w;
    struct forge forge;
};

static struct office open_office(void **state) {
    struct database *d = *state;
    struct office office = {.forge = forge_begin(d->fixture.scope.arena)};
    d->fixture.time.now_us = office.forge.now_us;
    office.w = idp_world_open(d, "x|https://x.example/|x");
    office.w->reader = (struct saml_reader){.read = read_really};
    return office;
}

static const char *document(struct office *office, const struct forge_metadata *metadata) {
    return forge_done(office->forge.arena, forge_metadata(&office->forge, metadata));
}

static result import(struct office *office, const struct saml_settings *settings,
                     const struct saml_source *source, struct saml_provider *ret) {
    return saml_provider_import(&office->w->d->fixture.scope, &office->w->reader, settings, source,
                                ret);
}

static const struct saml_settings BY_URL = {.metadata_url = STR_INIT(IDP_URL)};
static const struct saml_source NO_SOURCE = {.metadata_xml = STR_INIT("")};

static void a_published_document_becomes_facts(void **state) {
    struct office office = open_office(state);
    struct saml_provider provider;
    office.w->idp.body = document(&office, &(struct forge_metadata){0});
    assert_ok(import(&office, &BY_URL, &NO_SOURCE, &provider));
    assert_str(provider.facts.entity_id, office.forge.idp);
    assert_int_equal(provider.facts.certificate_count, 1);
    assert_true(saml_facts_has_certificate(&provider.facts, forge_key(FORGE_IDP)->certificate));
    assert_true(provider.facts.certificates[0].not_after_us > office.forge.now_us);
}

static struct saml_source typed_in(struct office *office, enum forge_owner owner) {
    return (struct saml_source){
        .sso_url = STR("https://typed.example/sso?a=1&b=%22"),
        .sso_binding = SAML_POST,
        .slo_url = STR("https://typed.example/slo"),
        .certificates =
            str_from_c(forge_text(office->forge.arena,
                                  "-----BEGIN CERTIFICATE-----\n%s\n-----END "
                                  "CERTIFICATE-----\n",
                                  forge_certificate_base64(office->forge.arena, owner))),
    };
}

static void what_is_typed_in_is_read_like_a_published_document(void **state) {
    struct office office = open_office(state);
    const struct saml_settings settings = {.entity_id = STR("https://typed.example/a?b=1&c=2")};
    struct saml_source source = typed_in(&office, FORGE_IDP_OLD);
    struct saml_provider provider;
    assert_ok(import(&office, &settings, &source, &provider));
    assert_str(provider.facts.entity_id, "https://typed.example/a?b=1&c=2");
    assert_int_equal(provider.facts.sign_on_count, 1);
    assert_int_equal(provider.facts.sign_on[0].binding, SAML_POST);
    assert_str(provider.facts.sign_on[0].location, "https://typed.example/sso?a=1&b=%22");
    assert_int_equal(provider.facts.logout[0].binding, SAML_REDIRECT);
    assert_str(provider.facts.logout[0].location, "https://typed.example/slo");
    assert_true(saml_facts_has_certificate(&provider.facts, forge_key(FORGE_IDP_OLD)->certificate));
    source.certificates =
        str_from_c(forge_certificate_base64(office.forge.arena, FORGE_IDP)); /* without armour */
    assert_ok(import(&office, &settings, &source, &provider));
    assert_true(saml_facts_has_certificate(&provider.facts, forge_key(FORGE_IDP)->certificate));
}

static void what_is_typed_in_is_refused_like_a_published_document(void **state) {
    struct office office = open_office(state);
    struct scope *scope = &office.w->d->fixture.scope;
    const struct saml_settings settings = {.entity_id = STR("https://typed.example")};
    struct saml_provider provider;
    struct saml_source source = typed_in(&office, FORGE_RSA_1024);
    assert_failed(import(&office, &settings, &source, &provider), scope, INVALID,
                  "saml.metadata_key");
    source = typed_in(&office, FORGE_IDP);
    source.certificates = STR("AAAA</ds:X509Certificate><x/>");
    assert_int_equal(import(&office, &settings, &source, &provider).code, INVALID);
    source = typed_in(&office, FORGE_IDP);
    source.sso_url = STR("javascript:alert(1)");
    assert_failed(import(&office, &settings, &source, &provider), scope, INVALID,
                  "saml.metadata_url");
    source.sso_url = STR("http://typed.example/sso");
    assert_failed(import(&office, &settings, &source, &provider), scope, INVALID,
                  "saml.metadata_url");
}

static const struct {
    const char *sso_url;
    bool is_taken;
} PLAIN[] = {
    {"http://10.1.2.3:8080/sso", true},
    {"http://[fd00::7]:8080/sso", true},
    {"http://localhost:8080/sso", true},
    {"https://typed.example/sso", true},
    {"http://10.1.2.3/sso", false}, /* another port than the listed one */
    {"http://10.2.2.3:8080/sso", false},
    {"http://192.0.2.1:8080/sso", false},
    {"http://typed.example:8080/sso", false}, /* a name may mean anything tomorrow */
    {"http://localhost.typed.example:8080/sso", false},
    {"ftp://10.1.2.3:8080/sso", false},
};

/* A list for one organisation's provider opens plain http to no other address. */
static void plain_http_is_for_listed_addresses_alone(void **state) {
    struct office office = open_office(state);
    struct scope *scope = &office.w->d->fixture.scope;
    const struct saml_settings settings = {.entity_id = STR("https://typed.example")};
    struct saml_provider provider;
    struct address_rule rules[3];
    assert_ok(address_rule_parse(scope, STR("10.1.0.0/16 8080"), &rules[0]));
    assert_ok(address_rule_parse(scope, STR("127.0.0.0/8"), &rules[1]));
    assert_ok(address_rule_parse(scope, STR("fd00::/16"), &rules[2]));
    const struct address_rules list = {rules, 3};
    const struct address_rules none = {0};
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
        struct saml_source source = typed_in(&office, FORGE_IDP);
        source.sso_url = str_from_c(PLAIN[i].sso_url);
        office.w->reader.http_rules = &list;
        if (is_ok(import(&office, &settings, &source, &provider)) != PLAIN[i].is_taken) {
            fail_msg("%s: %s", PLAIN[i].sso_url, scope->reason);
        }
        office.w->reader.http_rules = &none;
        const bool is_https = str_find(source.sso_url, STR("https:")) == 0;
        assert_int_equal(is_ok(import(&office, &settings, &source, &provider)), is_https);
    }
    office.w->reader.http_rules = &list;
    struct saml_source source = typed_in(&office, FORGE_IDP);
    source.slo_url = STR("http://typed.example/slo");
    assert_failed(import(&office, &settings, &source, &provider), scope, INVALID,
                  "saml.metadata_url");
}

static void a_pinned_signer_must_have_signed(void **state) {
    struct office office = open_office(state);
    struct scope *scope = &office.w->d->fixture.scope;
    struct saml_settings settings = {.metadata_url = STR(IDP_URL),
                                     .metadata_signer = typed_in(&office, FORGE_IDP).certificates};
    struct saml_provider provider;
    office.w->idp.body = document(&office, &(struct forge_metadata){0});
    assert_failed(import(&office, &settings, &NO_SOURCE, &provider), scope, INVALID,
                  "saml.metadata_signature");
    settings.metadata_signer = STR("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----");
    assert_failed(import(&office, &settings, &NO_SOURCE, &provider), scope, INVALID,
                  "saml.metadata_signer");
}

static void store(struct office *office, const struct saml_provider *provider) {
    struct scope *scope = &office->w->d->fixture.scope;
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, office->w->d->db, LANE_NORMAL, &tx));
    assert_ok(saml_provider_store(scope, tx, office->w->company.org.id, office->w->connection_id,
                                  provider));
    assert_ok(tx_commit(scope, tx));
}

static void keys_roll_and_a_document_that_drops_them_is_not_applied(void **state) {
    struct office office = open_office(state);
    struct arena *arena = office.forge.arena;
    struct saml_provider provider;
    office.w->idp.body = document(&office, &(struct forge_metadata){0});
    assert_ok(import(&office, &BY_URL, &NO_SOURCE, &provider));
    store(&office, &provider);
    office.w->idp.body = document(
        &office,
        &(struct forge_metadata){
            .keys_xml = forge_text(arena, "%s%s", forge_key_descriptor(arena, FORGE_IDP, "signing"),
                                   forge_key_descriptor(arena, FORGE_IDP_OLD, "signing"))});
    idp_refresh_when_due(office.w);
    provider = idp_provider(office.w);
    assert_str(provider.failure, "");
    assert_int_equal(provider.facts.certificate_count, 2);
    office.w->idp.body = document(
        &office,
        &(struct forge_metadata){.keys_xml = forge_key_descriptor(arena, FORGE_RSA_1024, "")});
    idp_refresh_when_due(office.w);
    provider = idp_provider(office.w);
    assert_str(provider.failure, "saml.metadata_key");
    assert_int_equal(provider.facts.certificate_count, 2);
    assert_int_equal(office.w->mail.count, 1);
    office.w->idp.body =
        document(&office, &(struct forge_metadata){.entity_id = "https://evil.example"});
    idp_refresh_when_due(office.w);
    provider = idp_provider(office.w);
    assert_true(provider.has_pending);
    assert_str(provider.facts.entity_id, office.forge.idp);
    assert_str(provider.pending.entity_id, "https://evil.example");
}

static struct str authority(struct scope *scope) {
    char *text = arena_alloc(scope->arena, 8192);
    FILE *file = fopen(peer_value(&server, "CA"), "rb");
    assert_non_null(file);
    const size_t len = fread(text, 1, 8191, file);
    (void) fclose(file);
    return (struct str){text, len};
}

static void close_client(struct http_client **client) {
    curl_client_free(client);
}

static const struct {
    const char *path;
    bool is_allowed; /* the operator allows loopback */
    enum code code;
    const char *reason;
} REAL[] = {
    {"/hello", false, INVALID, "http.address"},
    {"/redirect", true, UNAVAILABLE, "saml.metadata_fetch"},
    {"/sized?10485760", true, INVALID, "http.size"},
    {"/sized?5242880", true, INVALID, "saml.metadata_xml"},
    {"/hello", true, INVALID, "saml.metadata_xml"},
};

/* With the client that goes out: an address filter, no redirects, a cap. */
static void a_real_address_is_called_under_the_outbound_rules(void **state) {
    struct office office = open_office(state);
    struct scope *scope = &office.w->d->fixture.scope;
    struct address_rule rule;
    struct saml_provider provider;
    if (server.pid == 0) {
        peer_missing("https_server.py does not start: apt-get install python3 openssl");
    }
    assert_ok(address_rule_parse(scope, STR("127.0.0.0/8"), &rule));
    for (size_t i = 0; i < sizeof REAL / sizeof *REAL; i++) {
        const struct address_rules rules = {&rule, REAL[i].is_allowed ? 1 : 0};
        AUTO(close_client) struct http_client *client = curl_client_new(&rules);
        const struct saml_settings settings = {
            .metadata_url = str_format(scope->arena, "https://127.0.0.1:%s%s",
                                       peer_value(&server, "PORT"), REAL[i].path),
            .ca_pem = authority(scope)};
        office.w->d->fixture.env.http = client;
        assert_failed(import(&office, &settings, &NO_SOURCE, &provider), scope, REAL[i].code,
                      REAL[i].reason);
    }
}

int main(void) {
    use_all_migrations();
    const struct CMUnitTest tests[] = {
        ON_SQLITE(a_published_document_becomes_facts),
        ON_SQLITE(what_is_typed_in_is_read_like_a_published_document),
        ON_SQLITE(what_is_typed_in_is_refused_like_a_published_document),
        ON_SQLITE(plain_http_is_for_listed_addresses_alone),
        ON_SQLITE(a_pinned_signer_must_have_signed),
        ON_SQLITE(a_real_address_is_called_under_the_outbound_rules),
        ON_BOTH(keys_roll_and_a_document_that_drops_them_is_not_applied),
    };
    return cmocka_run_group_tests(tests, start_verifier, stop_verifier);
}
