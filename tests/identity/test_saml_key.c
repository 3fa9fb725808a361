#include "identity/saml/saml_key.h"

#include "base/x509.h"
#include "identity/connection_schema.h"
#include "identity/identity.h"
#include "identity/identity_schema.h"
#include "identity/saml/saml_key_http.h"
#include "identity/saml/saml_schema.h"
#include "identity/saml/saml_service.h"
#include "tests/messaging/given.h"
#include "tests/support/saml_message.h"

struct house {
    struct database *d;
    struct scope *scope;
    struct company company;
    struct actor admin;
    struct messaging messaging;
    struct identity identity;
    struct connection connection;
};

static struct connection a_connection(struct house *h, const struct actor *admin,
                                      enum connection_kind kind) {
    const struct connection_change change = {&h->identity, &h->messaging, admin, STR("r-1"), 0};
    struct connection_input *input = NEW(h->scope->arena, struct connection_input);
    input->connection.kind = kind;
    input->connection.name = STR("IdP");
    input->connection.saml.metadata_url = STR("https://idp.example/metadata");
    input->connection.saml.sign_requests = true;
    input->connection.saml.skew_s = 120;
    struct connection connection;
    assert_ok(connection_create(h->scope, &change, h->d->db, input, &connection));
    return connection;
}

static struct house *house_of(void **state) {
    struct database *d = *state;
    struct house *h = NEW(d->fixture.scope.arena, struct house);
    h->d = d;
    h->scope = &d->fixture.scope;
    h->company = given_company(d, "acme");
    h->admin = actor_of(&h->company.creator);
    h->identity = (struct identity){.public_url = STR("https://chat.example"),
                                    .seal_key = {STR("0123456789abcdef0123456789abcdef")}};
    h->connection = a_connection(h, &h->admin, CONNECTION_SAML);
    return h;
}

static struct saml_key_change change_by(struct house *h, const struct actor *actor) {
    return (struct saml_key_change){.identity = &h->identity,
                                    .actor = actor,
                                    .source = SOURCE_CONSOLE,
                                    .org_id = h->connection.org_id,
                                    .connection_id = h->connection.id,
                                    .request_id = STR("r-2")};
}

static struct saml_own_keys keys_of(struct house *h) {
    struct saml_own_keys keys;
    assert_ok(saml_keys_list(h->scope, h->d->db, h->connection.org_id, h->connection.id, &keys));
    return keys;
}

static struct saml_own_key published(struct house *h, enum saml_key_use use) {
    const struct saml_key_change change = change_by(h, &h->admin);
    struct saml_own_key key;
    assert_ok(saml_key_publish(h->scope, &change, h->d->db, use, &key));
    return key;
}

static struct saml_own_key key_in(struct house *h, enum saml_key_use use,
                                  enum saml_key_state state) {
    const struct saml_own_keys keys = keys_of(h);
    for (size_t i = 0; i < keys.count; i++) {
        if (keys.keys[i].use == use && keys.keys[i].state == state) {
            return keys.keys[i];
        }
    }
    fail_msg("no %s key is %s", saml_key_use_name(use), saml_key_state_name(state));
    return keys.keys[0];
}

static int64_t audited(struct house *h, const char *action, struct str key_id) {
    return number_of(h->d,
                     str_format(h->scope->arena,
                                "SELECT count(*) FROM audit WHERE org_id = $1 AND subject_id = $2 "
                                "AND subject_kind = 'key' AND action = '%s'",
                                action)
                         .at,
                     h->connection.org_id, key_id);
}

static struct saml_message metadata_of(struct house *h) {
    const struct saml_own_keys keys = keys_of(h);
    struct str text;
    assert_ok(
        saml_service_metadata(h->scope, h->identity.public_url, &h->connection, &keys, &text));
    return saml_message_parse(h->scope, text);
}

static struct str certificate_at(struct house *h, const char *use, int place) {
    AUTO(saml_message_close) struct saml_message message = metadata_of(h);
    const struct str xpath =
        str_format(h->scope->arena, "string(//md:KeyDescriptor[@use='%s'][%d]//ds:X509Certificate)",
                   use, place);
    const struct str text = saml_message_ask(&message, xpath.at);
    return text;
}

static bool is_at(struct house *h, const char *use, int place, const struct saml_own_key *key) {
    struct x509 certificate;
    const struct str pem =
        str_format(h->scope->arena, "-----BEGIN CERTIFICATE-----%.*s-----END CERTIFICATE-----",
                   STR_ARG(certificate_at(h, use, place)));
    return is_ok(x509_read_pem(h->scope, pem, &certificate)) &&
           str_eq(certificate.fingerprint, key->fingerprint);
}

static void a_new_connection_has_one_active_key_of_each_use(void **state) {
    struct house *h = house_of(state);
    const struct saml_own_keys keys = keys_of(h);
    assert_int_equal(keys.count, 2);
    const struct saml_own_key signing = key_in(h, SAML_KEY_SIGNING, SAML_KEY_ACTIVE);
    const struct saml_own_key other = key_in(h, SAML_KEY_ENCRYPTION, SAML_KEY_ACTIVE);
    assert_false(str_eq(signing.fingerprint, other.fingerprint));
    struct x509 certificate;
    assert_ok(x509_read(h->scope, signing.certificate_der, &certificate));
    assert_int_equal(certificate.key, X509_RSA);
    assert_int_equal(certificate.bits, SAML_KEY_BITS);
    assert_int_equal(certificate.not_after_us, signing.not_after_us);
    assert_str(certificate.fingerprint, signing.fingerprint.at);
    const int64_t now_us = clock_now_us(h->scope->env->clock);
    assert_true(signing.not_before_us < now_us);
    assert_true(signing.not_after_us > now_us + S_TO_US(86400) * 365);
}

static void a_connection_of_another_kind_has_none(void **state) {
    struct house *h = house_of(state);
    const struct connection other = a_connection(h, &h->admin, CONNECTION_SCIM);
    struct saml_own_keys keys;
    assert_ok(saml_keys_list(h->scope, h->d->db, other.org_id, other.id, &keys));
    assert_int_equal(keys.count, 0);
    struct saml_key_change change = change_by(h, &h->admin);
    struct saml_own_key key;
    change.connection_id = other.id;
    assert_failed(saml_key_publish(h->scope, &change, h->d->db, SAML_KEY_SIGNING, &key), h->scope,
                  NOT_FOUND, "connection.unknown");
}

static void a_sealed_key_opens_for_its_own_row_alone(void **state) {
    struct house *h = house_of(state);
    struct saml_own_keys keys = keys_of(h);
    struct saml_key opened;
    assert_ok(saml_key_signing(h->scope, &h->identity, &keys, &opened));
    assert_true(str_has_prefix(opened.key_pem, STR("-----BEGIN PRIVATE KEY-----")));
    assert_true(str_has_prefix(opened.certificate_pem, STR("-----BEGIN CERTIFICATE-----")));
    for (size_t i = 0; i < keys.count; i++) {
        assert_true(str_find(keys.keys[i].key_sealed, STR("PRIVATE")) < 0);
        keys.keys[i].connection_id = STR("another");
    }
    assert_failed(saml_key_signing(h->scope, &h->identity, &keys, &opened), h->scope, INTERNAL,
                  "saml.key_seal");
}

static void a_change_of_the_signing_key_goes_from_published_to_dropped(void **state) {
    struct house *h = house_of(state);
    const struct saml_key_change change = change_by(h, &h->admin);
    const struct saml_own_key old = key_in(h, SAML_KEY_SIGNING, SAML_KEY_ACTIVE);
    const struct saml_own_key next = published(h, SAML_KEY_SIGNING);
    assert_int_equal(next.state, SAML_KEY_PUBLISHED);
    assert_true(is_at(h, "signing", 1, &old));
    assert_true(is_at(h, "signing", 2, &next));
    struct saml_own_keys keys = keys_of(h);
    struct saml_key opened;
    assert_ok(saml_key_signing(h->scope, &h->identity, &keys, &opened));
    assert_true(str_eq(opened.id, old.id)); /* until the provider knows the next one */

    struct saml_own_key active;
    assert_ok(saml_key_activate(h->scope, &change, h->d->db, next.id, &active));
    assert_int_equal(active.state, SAML_KEY_ACTIVE);
    assert_true(is_at(h, "signing", 1, &next));
    assert_true(is_at(h, "signing", 2, &old)); /* what it signed is still on its way */
    keys = keys_of(h);
    assert_ok(saml_key_signing(h->scope, &h->identity, &keys, &opened));
    assert_true(str_eq(opened.id, next.id));

    assert_ok(saml_key_drop(h->scope, &change, h->d->db, old.id));
    assert_true(is_at(h, "signing", 1, &next));
    assert_int_equal(certificate_at(h, "signing", 2).len, 0);
    assert_int_equal(audited(h, "key.published", next.id), 1);
    assert_int_equal(audited(h, "key.activated", next.id), 1);
    assert_int_equal(audited(h, "key.dropped", old.id), 1);
}

static void a_switch_can_be_undone_while_the_old_key_is_there(void **state) {
    struct house *h = house_of(state);
    const struct saml_key_change change = change_by(h, &h->admin);
    const struct saml_own_key old = key_in(h, SAML_KEY_SIGNING, SAML_KEY_ACTIVE);
    const struct saml_own_key next = published(h, SAML_KEY_SIGNING);
    struct saml_own_key key;
    assert_ok(saml_key_activate(h->scope, &change, h->d->db, next.id, &key));
    assert_ok(saml_key_activate(h->scope, &change, h->d->db, old.id, &key));
    assert_str(key_in(h, SAML_KEY_SIGNING, SAML_KEY_ACTIVE).id, old.id.at);
    assert_str(key_in(h, SAML_KEY_SIGNING, SAML_KEY_RETIRING).id, next.id.at);
    assert_ok(saml_key_activate(h->scope, &change, h->d->db, old.id, &key));
    assert_int_equal(audited(h, "key.activated", old.id), 1); /* nothing happened again */
}

static void both_decryption_keys_open_and_the_retiring_one_is_not_offered(void **state) {
    struct house *h = house_of(state);
    h->connection.saml.wants_encryption = true;
    const struct saml_key_change change = change_by(h, &h->admin);
    const struct saml_own_key old = key_in(h, SAML_KEY_ENCRYPTION, SAML_KEY_ACTIVE);
    const struct saml_own_key next = published(h, SAML_KEY_ENCRYPTION);
    assert_true(is_at(h, "encryption", 1, &old));
    assert_true(is_at(h, "encryption", 2, &next));
    struct saml_own_key key;
    assert_ok(saml_key_activate(h->scope, &change, h->d->db, next.id, &key));
    assert_true(is_at(h, "encryption", 1, &next));
    assert_int_equal(certificate_at(h, "encryption", 2).len, 0);
    const struct saml_own_keys keys = keys_of(h);
    struct secret opened[SAML_KEY_SLOTS];
    size_t count = 0;
    assert_ok(saml_keys_decryption(h->scope, &h->identity, &keys, opened, &count));
    assert_int_equal(count, 2);
    assert_false(secret_equal(opened[0].bytes, opened[1].bytes));
    assert_ok(saml_key_drop(h->scope, &change, h->d->db, old.id));
    const struct saml_own_keys fewer = keys_of(h);
    struct secret left[SAML_KEY_SLOTS];
    assert_ok(saml_keys_decryption(h->scope, &h->identity, &fewer, left, &count));
    assert_int_equal(count, 1);
    assert_true(secret_equal(left[0].bytes, opened[0].bytes)); /* the active one came first */
}

static void no_encryption_certificate_is_published_unless_wanted(void **state) {
    struct house *h = house_of(state);
    assert_int_equal(certificate_at(h, "encryption", 1).len, 0);
    h->connection.saml.wants_encryption = true;
    assert_true(certificate_at(h, "encryption", 1).len > 0);
}

static void the_key_in_use_cannot_be_dropped(void **state) {
    struct house *h = house_of(state);
    const struct saml_key_change change = change_by(h, &h->admin);
    const struct saml_own_key signing = key_in(h, SAML_KEY_SIGNING, SAML_KEY_ACTIVE);
    const struct saml_own_key next = published(h, SAML_KEY_SIGNING);
    assert_failed(saml_key_drop(h->scope, &change, h->d->db, signing.id), h->scope, CONFLICT,
                  "saml.key_active");
    assert_ok(saml_key_drop(h->scope, &change, h->d->db, next.id)); /* the plan is given up */
    assert_failed(saml_key_drop(h->scope, &change, h->d->db, next.id), h->scope, NOT_FOUND,
                  "saml.key_unknown");
    assert_int_equal(keys_of(h).count, 2);
}

static void a_third_key_of_one_use_has_no_place(void **state) {
    struct house *h = house_of(state);
    const struct saml_key_change change = change_by(h, &h->admin);
    struct saml_own_key key;
    (void) published(h, SAML_KEY_SIGNING);
    assert_failed(saml_key_publish(h->scope, &change, h->d->db, SAML_KEY_SIGNING, &key), h->scope,
                  CONFLICT, "saml.key_slots");
    (void) published(h, SAML_KEY_ENCRYPTION);
    assert_int_equal(keys_of(h).count, 4);
}

/* The index, not the look before, decides: two nodes publish at the same time. */
static void two_rows_never_share_a_place_or_the_active_state(void **state) {
    struct house *h = house_of(state);
    static const char *const WRONG[] = {"'published', 0", "'active', 1"};
    for (size_t i = 0; i < 2; i++) {
        const struct statement copy = {
            "test.key_copy", TENANT,
            str_format(h->scope->arena,
                       "INSERT INTO saml_key (org_id, connection_id, id, purpose, state, slot, "
                       "certificate, fingerprint, key_sealed, not_before_us, not_after_us, "
                       "created_us, changed_us) VALUES ($1, $2, 'x', 'signing', %s, '', '', '', "
                       "0, 0, 0, 0)",
                       WRONG[i])
                .at,
            NULL};
        AUTO(tx_end) struct tx *tx = NULL;
        assert_ok(tx_begin(h->scope, h->d->db, LANE_NORMAL, &tx));
        assert_failed(tx_run(h->scope, tx, &copy,
                             VALUES(value_text(h->connection.org_id), value_text(h->connection.id)),
                             NULL),
                      h->scope, CONFLICT, "db.unique");
    }
}

static void another_organisation_sees_and_changes_nothing(void **state) {
    struct house *h = house_of(state);
    const struct company other = given_company(h->d, "other");
    const struct actor stranger = actor_of(&other.creator);
    struct saml_key_change change = change_by(h, &stranger);
    change.org_id = other.org.id;
    const struct saml_own_key next = published(h, SAML_KEY_SIGNING);
    struct saml_own_key key;
    struct saml_own_keys keys;
    assert_ok(saml_keys_list(h->scope, h->d->db, other.org.id, h->connection.id, &keys));
    assert_int_equal(keys.count, 0);
    assert_failed(saml_key_publish(h->scope, &change, h->d->db, SAML_KEY_SIGNING, &key), h->scope,
                  NOT_FOUND, "connection.unknown");
    assert_failed(saml_key_activate(h->scope, &change, h->d->db, next.id, &key), h->scope,
                  NOT_FOUND, "saml.key_unknown");
    assert_failed(saml_key_drop(h->scope, &change, h->d->db, next.id), h->scope, NOT_FOUND,
                  "saml.key_unknown");
}

static void who_has_left_changes_no_key(void **state) {
    struct house *h = house_of(state);
    struct user leaver = given_user(h->d, h->connection.org_id, "leaver", ROLE_ADMIN);
    struct actor actor = actor_of(&leaver);
    actor.epoch--;
    const struct saml_key_change change = change_by(h, &actor);
    const struct saml_own_key next = published(h, SAML_KEY_SIGNING);
    struct saml_own_key key;
    assert_failed(saml_key_publish(h->scope, &change, h->d->db, SAML_KEY_ENCRYPTION, &key),
                  h->scope, UNAUTHENTICATED, "user.gone");
    assert_failed(saml_key_activate(h->scope, &change, h->d->db, next.id, &key), h->scope,
                  UNAUTHENTICATED, "user.gone");
    assert_failed(saml_key_drop(h->scope, &change, h->d->db, next.id), h->scope, UNAUTHENTICATED,
                  "user.gone");
    assert_int_equal(keys_of(h).count, 3);
}

static void the_keys_go_with_the_connection(void **state) {
    struct house *h = house_of(state);
    const struct statement end = {"test.connection_delete", TENANT,
                                  "DELETE FROM connection WHERE org_id = $1 AND id = $2", NULL};
    given_row(h->d, &end, VALUES(value_text(h->connection.org_id), value_text(h->connection.id)));
    assert_int_equal(keys_of(h).count, 0);
}

static void keys_that_end_soon_are_listed_page_by_page(void **state) {
    struct house *h = house_of(state);
    struct saml_own_key *page = NULL;
    size_t count = 0;
    const int64_t end_us = key_in(h, SAML_KEY_SIGNING, SAML_KEY_ACTIVE).not_after_us;
    assert_ok(saml_key_expiring(h->scope, h->d->db, end_us, NULL, &page, &count));
    assert_int_equal(count, 0);
    assert_ok(saml_key_expiring(h->scope, h->d->db, end_us + 1, NULL, &page, &count));
    assert_int_equal(count, 2);
    assert_true(str_compare(page[0].id, page[1].id) < 0);
    const struct saml_own_key first = page[0];
    const struct saml_own_key second = page[1];
    assert_ok(saml_key_expiring(h->scope, h->d->db, end_us + 1, &first, &page, &count));
    assert_int_equal(count, 1);
    assert_true(str_eq(page[0].id, second.id));
    assert_ok(saml_key_expiring(h->scope, h->d->db, end_us + 1, &second, &page, &count));
    assert_int_equal(count, 0);
}

static struct http_response called(struct house *h, call_handler handler,
                                   struct http_request *request) {
    struct http_response *response = NEW(h->scope->arena, struct http_response);
    request->request_id = STR("r-3");
    if (request->body.len > 0) {
        request->headers[request->header_count++] =
            (struct http_header){STR("Content-Type"), STR("application/json")};
    }
    struct call call = {.db = h->d->db,
                        .actor = &h->admin,
                        .request = request,
                        .response = response,
                        .messaging = &h->messaging,
                        .identity = &h->identity};
    assert_ok(handler(h->scope, &call));
    return *response;
}

static void administrators_drive_the_change_over_http(void **state) {
    struct house *h = house_of(state);
    const struct saml_own_key old = key_in(h, SAML_KEY_SIGNING, SAML_KEY_ACTIVE);
    struct http_request publish = {.path_args = {h->connection.id},
                                   .body = STR("{\"use\":\"signing\"}")};
    assert_int_equal(called(h, saml_key_publish_http, &publish).status, 201);
    const struct saml_own_key next = key_in(h, SAML_KEY_SIGNING, SAML_KEY_PUBLISHED);
    struct http_request activate = {.path_args = {h->connection.id, next.id}};
    const struct http_response activated = called(h, saml_key_activate_http, &activate);
    assert_int_equal(activated.status, 200);
    assert_true(str_find(activated.body, STR("\"state\":\"active\"")) >= 0);
    struct http_request drop = {.path_args = {h->connection.id, old.id}};
    assert_int_equal(called(h, saml_key_drop_http, &drop).status, 204);
    struct http_request list = {.path_args = {h->connection.id}};
    const struct http_response listed = called(h, saml_keys_list_http, &list);
    assert_true(str_find(listed.body, next.fingerprint) >= 0);
    assert_true(str_find(listed.body, old.fingerprint) < 0);
    assert_true(str_find(listed.body, STR("BEGIN CERTIFICATE")) >= 0);
    assert_true(str_find(listed.body, STR("PRIVATE")) < 0);
    assert_true(str_find(listed.body, next.key_sealed) < 0);
}

static void our_metadata_is_public_and_is_the_text_that_lasso_gets(void **state) {
    struct house *h = house_of(state);
    struct http_request get = {.path_args = {h->connection.id}};
    const struct http_response response = called(h, saml_metadata_http, &get);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.content_type, "application/samlmetadata+xml");
    assert_true(response.is_cacheable);
    const struct saml_own_keys keys = keys_of(h);
    struct str text;
    assert_ok(
        saml_service_metadata(h->scope, h->identity.public_url, &h->connection, &keys, &text));
    assert_true(str_eq(response.body, text));
    AUTO(saml_message_close) struct saml_message message = metadata_of(h);
    const struct str base =
        str_format(h->scope->arena, "https://chat.example/saml/%.*s", STR_ARG(h->connection.id));
    assert_str(saml_message_ask(&message, "string(/*/@entityID)"),
               str_format(h->scope->arena, "%.*s/metadata", STR_ARG(base)).at);
    assert_str(saml_message_ask(&message, "string(//md:AssertionConsumerService/@Location)"),
               str_format(h->scope->arena, "%.*s/acs", STR_ARG(base)).at);
    assert_str(saml_message_ask(&message, "string(//md:SingleLogoutService[1]/@Location)"),
               str_format(h->scope->arena, "%.*s/slo", STR_ARG(base)).at);
}

static void a_name_that_was_brought_along_stands_in_the_metadata(void **state) {
    struct house *h = house_of(state);
    h->connection.saml.sp_entity_id = STR("urn:old:system");
    AUTO(saml_message_close) struct saml_message message = metadata_of(h);
    assert_str(saml_message_ask(&message, "string(/*/@entityID)"), "urn:old:system");
}

static void other_kinds_and_unknown_connections_have_no_metadata(void **state) {
    struct house *h = house_of(state);
    const struct connection other = a_connection(h, &h->admin, CONNECTION_SCIM);
    const struct str ids[] = {other.id, STR("x"), STR("00000000-0000-7000-8000-000000000000")};
    for (size_t i = 0; i < 3; i++) {
        struct http_response response = {.status = 0};
        const struct http_request request = {.path_args = {ids[i]}};
        struct call call = {
            .db = h->d->db, .request = &request, .response = &response, .identity = &h->identity};
        assert_failed(saml_metadata_http(h->scope, &call), h->scope, NOT_FOUND,
                      "connection.unknown");
    }
}

int main(void) {
    static const struct migration_list *const LISTS[] = {&BASE_MIGRATIONS, &MESSAGING_MIGRATIONS,
                                                         &IDENTITY_MIGRATIONS,
                                                         &CONNECTION_MIGRATIONS, &SAML_MIGRATIONS};
    on_both_use(LISTS, sizeof LISTS / sizeof *LISTS);
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_new_connection_has_one_active_key_of_each_use),
        ON_SQLITE(a_connection_of_another_kind_has_none),
        ON_SQLITE(a_sealed_key_opens_for_its_own_row_alone),
        ON_BOTH(a_change_of_the_signing_key_goes_from_published_to_dropped),
        ON_SQLITE(a_switch_can_be_undone_while_the_old_key_is_there),
        ON_SQLITE(both_decryption_keys_open_and_the_retiring_one_is_not_offered),
        ON_SQLITE(no_encryption_certificate_is_published_unless_wanted),
        ON_BOTH(the_key_in_use_cannot_be_dropped),
        ON_SQLITE(a_third_key_of_one_use_has_no_place),
        ON_BOTH(two_rows_never_share_a_place_or_the_active_state),
        ON_BOTH(another_organisation_sees_and_changes_nothing),
        ON_SQLITE(who_has_left_changes_no_key),
        ON_BOTH(the_keys_go_with_the_connection),
        ON_BOTH(keys_that_end_soon_are_listed_page_by_page),
        ON_SQLITE(administrators_drive_the_change_over_http),
        ON_SQLITE(our_metadata_is_public_and_is_the_text_that_lasso_gets),
        ON_SQLITE(a_name_that_was_brought_along_stands_in_the_metadata),
        ON_SQLITE(other_kinds_and_unknown_connections_have_no_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
