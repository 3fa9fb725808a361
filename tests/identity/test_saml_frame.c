#include "identity/saml/saml_frame.h"

#include <string.h>

#include "tests/support/fixture.h"

static struct str AUDIENCES[] = {STR_INIT("https://sp.example/a"), STR_INIT("urn:b")};
static struct str GROUPS[] = {STR_INIT("Entwickl\xc3\xbcng"), STR_INIT(""), STR_INIT("ops")};

static void full_response(struct saml_response *ret) {
    memset(ret, 0, sizeof *ret);
    ret->id = STR("_response");
    ret->version = STR("2.0");
    ret->issue_instant = (struct saml_time){true, 1767323045000000};
    ret->has_destination = true;
    ret->destination = STR("https://sp.example/acs");
    ret->status = STR("urn:oasis:names:tc:SAML:2.0:status:Success");
    ret->has_assertion = true;
    struct saml_assertion *assertion = &ret->assertion;
    assertion->id = STR("_assertion");
    assertion->subject_count = 1;
    assertion->name_id_count = 1;
    assertion->name_id.value = STR("ann");
    assertion->name_id.format = STR("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    assertion->confirmation_count = SAML_CONFIRMATIONS_MAX;
    assertion->confirmations[SAML_CONFIRMATIONS_MAX - 1].recipient = STR("https://sp.example/acs");
    assertion->confirmations[0].not_on_or_after = (struct saml_time){true, -1};
    assertion->conditions_count = 1;
    assertion->restriction_count = 1;
    assertion->restrictions[0] = (struct saml_restriction){2, AUDIENCES};
    assertion->authn = (struct saml_authn){.count = 1, .session_index = STR("_session")};
    assertion->attribute_count = 2;
    assertion->attributes[0].name = STR("empty");
    assertion->attributes[1] =
        (struct saml_attribute){.name = STR("groups"), .count = 3, .values = GROUPS};
    ret->protection.is_message_signed = true;
    ret->protection.certificate = SAML_CERTIFICATES_MAX - 1;
}

static result write_response(struct scope *scope, struct saml_response *response, struct str *ret) {
    struct pack pack = pack_write(scope->arena, SAML_ANSWER_MAX);
    saml_pack_response(&pack, response);
    return pack_end(scope, &pack, ret);
}

static result read_response(struct scope *scope, struct str row, struct saml_response *ret) {
    struct pack pack = pack_read(scope->arena, row);
    saml_pack_response(&pack, ret);
    return pack_end(scope, &pack, NULL);
}

static void a_response_comes_back_with_every_field(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_response *given = NEW(scope->arena, struct saml_response);
    struct saml_response *read = NEW(scope->arena, struct saml_response);
    struct str row;
    struct str again;
    full_response(given);
    assert_ok(write_response(scope, given, &row));
    assert_ok(read_response(scope, row, read));
    assert_str(read->destination, "https://sp.example/acs");
    assert_true(read->has_assertion && read->issue_instant.is_present);
    assert_int_equal(read->assertion.confirmation_count, SAML_CONFIRMATIONS_MAX);
    assert_true(read->assertion.confirmations[0].not_on_or_after.us == -1);
    assert_str(read->assertion.restrictions[0].audiences[1], "urn:b");
    assert_str(read->assertion.attributes[1].values[0], "Entwickl\xc3\xbcng");
    assert_int_equal(read->assertion.attributes[1].count, 3);
    assert_int_equal(read->protection.certificate, SAML_CERTIFICATES_MAX - 1);
    assert_ok(write_response(scope, read, &again)); /* and nothing else */
    assert_true(str_eq(row, again));
}

static void without_an_assertion_nothing_of_one_travels(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_response *given = NEW(scope->arena, struct saml_response);
    struct saml_response *read = NEW(scope->arena, struct saml_response);
    struct str row;
    full_response(given);
    given->has_assertion = false;
    assert_ok(write_response(scope, given, &row));
    assert_ok(read_response(scope, row, read));
    assert_int_equal(read->assertion.name_id.value.len, 0);
    assert_int_equal(read->assertion.attribute_count, 0);
}

static struct str long_text(struct arena *arena, size_t len) {
    char *bytes = arena_alloc(arena, len);
    memset(bytes, 'x', len);
    return (struct str){bytes, len};
}

static void confirmations(struct arena *arena, struct saml_response *response) {
    (void) arena;
    response->assertion.confirmation_count = SAML_CONFIRMATIONS_MAX + 1;
}

static void restrictions(struct arena *arena, struct saml_response *response) {
    (void) arena;
    response->assertion.restriction_count = SAML_RESTRICTIONS_MAX + 1;
}

static void audiences(struct arena *arena, struct saml_response *response) {
    response->assertion.restrictions[0] = (struct saml_restriction){
        SAML_AUDIENCES_MAX + 1, NEW_ARRAY(arena, SAML_AUDIENCES_MAX + 1, struct str)};
}

static void attributes(struct arena *arena, struct saml_response *response) {
    (void) arena;
    response->assertion.attribute_count = SAML_ATTRIBUTES_MAX + 1;
}

static void values(struct arena *arena, struct saml_response *response) {
    response->assertion.attributes[0].count = SAML_VALUES_MAX - 2; /* 3 more in the other */
    response->assertion.attributes[0].values = NEW_ARRAY(arena, SAML_VALUES_MAX, struct str);
}

static void certificate(struct arena *arena, struct saml_response *response) {
    (void) arena;
    response->protection.certificate = SAML_CERTIFICATES_MAX;
}

static void long_issuer(struct arena *arena, struct saml_response *response) {
    response->issuer = long_text(arena, SAML_TEXT_MAX + 1);
}

static void long_status_message(struct arena *arena, struct saml_response *response) {
    response->status_message = long_text(arena, SAML_STATUS_TEXT_MAX + 1);
}

static void broken_text(struct arena *arena, struct saml_response *response) {
    (void) arena;
    response->assertion.name_id.value = STR("ann\xc3");
}

static void text_with_nul(struct arena *arena, struct saml_response *response) {
    (void) arena;
    response->assertion.name_id.value = STR("ann\0bob");
}

static const struct {
    const char *name;
    void (*change)(struct arena *arena, struct saml_response *response);
} CASES[] = {
    {"one confirmation too many", confirmations},
    {"one restriction too many", restrictions},
    {"one audience too many", audiences},
    {"one attribute too many", attributes},
    {"one value too many", values},
    {"a certificate that was not given", certificate},
    {"an issuer that is too long", long_issuer},
    {"a status message that is too long", long_status_message},
    {"text that is not UTF-8", broken_text},
    {"text with a NUL", text_with_nul},
};

static void what_is_out_of_bounds_does_not_travel(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct saml_response *response = NEW(scope->arena, struct saml_response);
        struct str row;
        full_response(response);
        CASES[i].change(scope->arena, response);
        scope->reason = "";
        if (is_ok(write_response(scope, response, &row))) {
            fail_msg("%s was taken", CASES[i].name);
        }
        assert_string_equal(scope->reason, "pack.wrong");
    }
}

static void as_many_values_as_allowed_do(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_response *response = NEW(scope->arena, struct saml_response);
    struct saml_response *read = NEW(scope->arena, struct saml_response);
    struct str row;
    full_response(response);
    response->assertion.attributes[0].count = SAML_VALUES_MAX - 3;
    response->assertion.attributes[0].values = NEW_ARRAY(scope->arena, SAML_VALUES_MAX, struct str);
    assert_ok(write_response(scope, response, &row));
    assert_ok(read_response(scope, row, read));
    assert_int_equal(read->assertion.attributes[0].count, SAML_VALUES_MAX - 3);
}

/* A child that was taken over writes what it likes. */
static void a_row_changed_anywhere_stays_within_bounds(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    struct saml_response *response = NEW(scope->arena, struct saml_response);
    struct str row;
    size_t refused = 0;
    full_response(response);
    assert_ok(write_response(scope, response, &row));
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope inner = {.arena = arena, .env = scope->env};
    for (size_t i = 0; i < row.len; i++) {
        char *bytes = arena_alloc(arena, row.len);
        memcpy(bytes, row.at, row.len);
        bytes[i] = (char) ~bytes[i];
        struct saml_response *read = NEW(arena, struct saml_response);
        refused += is_ok(read_response(&inner, (struct str){bytes, row.len}, read)) ? 0 : 1;
        assert_true(read->assertion.attribute_count <= SAML_ATTRIBUTES_MAX);
        assert_true(read->assertion.confirmation_count <= SAML_CONFIRMATIONS_MAX);
        assert_true(read->assertion.restriction_count <= SAML_RESTRICTIONS_MAX);
        arena_reset(arena);
    }
    assert_true(refused > row.len / 2);
}

static bool is_taken_verdict(struct scope *scope, unsigned number) {
    enum saml_reason verdict = (enum saml_reason) number;
    struct pack pack = pack_write(scope->arena, 64);
    saml_pack_verdict(&pack, &verdict);
    return is_ok(pack_end(scope, &pack, NULL));
}

static void a_verdict_is_a_place_in_the_table_but_not_of_the_jail(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    assert_true(is_taken_verdict(scope, SAML_FINE));
    assert_true(is_taken_verdict(scope, SAML_DECRYPT));
    assert_true(is_taken_verdict(scope, SAML_BUILD));
    assert_false(is_taken_verdict(scope, SAML_JAIL_BUSY));
    assert_false(is_taken_verdict(scope, SAML_JAIL_CRASH));
    assert_false(is_taken_verdict(scope, SAML_REASON_COUNT));
}

static void every_reason_has_its_own_text_and_is_found_by_it(void **state) {
    struct scope *scope = &((struct fixture *) *state)->scope;
    for (unsigned i = SAML_FINE + 1; i < SAML_REASON_COUNT; i++) {
        const enum saml_reason reason = (enum saml_reason) i;
        const result failed = saml_fail(scope, reason);
        assert_int_equal(failed.code, saml_reason_code(reason));
        assert_int_not_equal(failed.code, OK);
        assert_true(str_has_prefix(str_from_c(scope->reason), STR("saml.")));
        assert_int_equal(saml_reason_of(scope), reason);
    }
    scope->reason = "text.limit";
    assert_int_equal(saml_reason_of(scope), SAML_FINE);
}

static void a_time_near_the_end_of_its_type_is_refused(void **state) {
    struct fixture *f = *state;
    static const int64_t BAD[] = {INT64_MIN, INT64_MAX, INT64_MAX / 2};
    struct saml_response *response = NEW(f->scope.arena, struct saml_response);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        response->issue_instant = (struct saml_time){.is_present = true, .us = BAD[i]};
        struct pack pack = pack_write(f->scope.arena, 64 * 1024);
        saml_pack_response(&pack, response);
        assert_failed(pack_end(&f->scope, &pack, NULL), &f->scope, INVALID, "pack.wrong");
    }
    response->issue_instant.us = INT64_C(253402300799000000); /* the end of the year 9999 */
    struct pack pack = pack_write(f->scope.arena, 64 * 1024);
    saml_pack_response(&pack, response);
    assert_ok(pack_end(&f->scope, &pack, NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_time_near_the_end_of_its_type_is_refused),
        SENTENCE(a_response_comes_back_with_every_field),
        SENTENCE(without_an_assertion_nothing_of_one_travels),
        SENTENCE(what_is_out_of_bounds_does_not_travel),
        SENTENCE(as_many_values_as_allowed_do),
        SENTENCE(a_row_changed_anywhere_stays_within_bounds),
        SENTENCE(a_verdict_is_a_place_in_the_table_but_not_of_the_jail),
        SENTENCE(every_reason_has_its_own_text_and_is_found_by_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
