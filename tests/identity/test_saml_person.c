/* From an assertion to a person: keys that never mix two people up, and words that are only words.
 */

#include "identity/saml/saml_person.h"
#include "tests/support/fixture.h"

#define IDP   "https://idp.example/entity"
#define SP    "https://chat.example/saml/c-1/metadata"
#define EMAIL "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"

static struct saml_assertion assertion_of(const char *name) {
    return (struct saml_assertion){.issuer = STR(IDP), .name_id = {.value = str_from_c(name)}};
}

static void add(struct saml_assertion *assertion, const char *name, struct str *values,
                size_t count) {
    assertion->attributes[assertion->attribute_count++] =
        (struct saml_attribute){.name = str_from_c(name), .values = values, .count = count};
}

static struct saml_person read_person(struct fixture *f, const struct connection *connection,
                                      const struct saml_assertion *assertion) {
    struct saml_person person = {0};
    assert_ok(saml_person_read(&f->scope, connection, STR(SP), assertion, &person));
    return person;
}

static struct str key_of(struct fixture *f, struct saml_name_id name) {
    return saml_subject_of_name(&f->scope, &name, STR(IDP), STR(SP));
}

static void no_two_names_share_a_key(void **state) {
    struct fixture *f = *state;
    const struct saml_name_id names[] = {
        {.value = STR("alice")},
        {.value = STR("Alice")},
        {.value = STR("alice"), .format = STR(EMAIL)},
        {.value = STR("alice"), .name_qualifier = STR("q")},
        {.value = STR("alice"), .sp_name_qualifier = STR("q")},
        {.value = STR("1:qalice")},
        {.value = STR("0:alice")},
        {.value = STR("qalice"), .name_qualifier = STR("1:")},
        {.value = STR("@alice")},
        {.value = STR("alice"), .name_qualifier = STR("q"), .sp_name_qualifier = STR("q")},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_false(str_eq(key_of(f, names[i]), key_of(f, names[j])));
        }
    }
}

static void qualifiers_that_say_nothing_new_count_as_absent(void **state) {
    struct fixture *f = *state;
    const struct str plain = key_of(f, (struct saml_name_id){.value = STR("alice")});
    const struct saml_name_id same[] = {
        {.value = STR("alice"), .name_qualifier = STR(IDP)},
        {.value = STR("alice"), .sp_name_qualifier = STR(SP)},
        {.value = STR("alice"), .name_qualifier = STR(SP), .sp_name_qualifier = STR(IDP)},
        {.value = STR("alice"),
         .format = STR("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(str_eq(key_of(f, same[i]), plain));
    }
}

static void an_attribute_may_say_who_somebody_is(void **state) {
    struct fixture *f = *state;
    struct connection connection = {.saml = {.subject_attribute = STR("pairwise-id")}};
    struct str ids[] = {STR("x7@idp.example"), STR("x8@idp.example")};
    struct saml_assertion assertion = assertion_of("transient-1");
    add(&assertion, "pairwise-id", ids, 1);
    const struct saml_person first = read_person(f, &connection, &assertion);
    assertion.name_id.value = STR("transient-2");
    assert_true(str_eq(read_person(f, &connection, &assertion).subject, first.subject));
    assertion.attributes[0].values = &ids[1];
    assert_false(str_eq(read_person(f, &connection, &assertion).subject, first.subject));
}

static void an_attribute_that_does_not_say_it_exactly_once_is_refused(void **state) {
    struct fixture *f = *state;
    const struct connection connection = {.saml = {.subject_attribute = STR("pairwise-id")}};
    struct str bad[] = {STR("a"), STR("b"), STR(" blank"), STR("line\nfeed"), STR("")};
    struct saml_assertion assertion = assertion_of("alice");
    struct saml_person person = {0};
    const struct {
        struct str *values;
        size_t count;
    } CASES[] = {{bad, 2}, {bad + 2, 1}, {bad + 3, 1}, {bad + 4, 1}, {bad, 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assertion.attribute_count = 0;
        add(&assertion, "pairwise-id", CASES[i].values, CASES[i].count);
        assert_failed(saml_person_read(&f->scope, &connection, STR(SP), &assertion, &person),
                      &f->scope, UNAUTHENTICATED, "saml.name_id");
    }
    assertion.attribute_count = 0;
    assert_failed(saml_person_read(&f->scope, &connection, STR(SP), &assertion, &person), &f->scope,
                  UNAUTHENTICATED, "saml.name_id");
}

static void profiles_come_from_the_usual_attributes_or_the_named_ones(void **state) {
    struct fixture *f = *state;
    struct connection connection = {.match_claim = STR("employee")};
    struct str mail[] = {STR("alice@acme.test")};
    struct str name[] = {STR("Alice A.")};
    struct str number[] = {STR("4711")};
    struct saml_assertion assertion = assertion_of("alice");
    add(&assertion, "urn:oid:0.9.2342.19200300.100.1.3", mail, 1);
    add(&assertion, "displayName", name, 1);
    add(&assertion, "employee", number, 1);
    struct saml_person person = read_person(f, &connection, &assertion);
    assert_str(person.user_name, "alice");
    assert_str(person.email, "alice@acme.test");
    assert_false(person.is_email_name);
    assert_str(person.display_name, "Alice A.");
    assert_str(person.match_value, "4711");
    connection.saml.email = STR("employee"); /* named: no other counts any more */
    connection.saml.display_name = STR("nothing");
    person = read_person(f, &connection, &assertion);
    assert_str(person.email, "4711");
    assert_str(person.display_name, "");
}

static void an_address_as_name_is_marked_as_such(void **state) {
    struct fixture *f = *state;
    const struct connection connection = {.match_claim = STR("email")};
    struct saml_assertion assertion = assertion_of("alice@acme.test");
    assert_str(read_person(f, &connection, &assertion).email, "");
    assertion.name_id.format = STR(EMAIL);
    const struct saml_person person = read_person(f, &connection, &assertion);
    assert_str(person.email, "alice@acme.test");
    assert_true(person.is_email_name);
    assert_str(person.match_value, "alice@acme.test");
}

static void words_with_controls_are_not_said(void **state) {
    struct fixture *f = *state;
    const struct connection connection = {.match_claim = STR("name_id")};
    struct str name[] = {STR("Alice\nAdmin")};
    struct saml_assertion assertion = assertion_of("alice");
    add(&assertion, "displayName", name, 1);
    const struct saml_person person = read_person(f, &connection, &assertion);
    assert_str(person.display_name, "");
    assert_str(person.match_value, "alice");
}

static struct connection with_roles(void) {
    return (struct connection){.saml = {.role_count = 3,
                                        .roles = {{STR("outside"), ROLE_GUEST},
                                                  {STR("it"), ROLE_ADMIN},
                                                  {STR("staff"), ROLE_MEMBER}}}};
}

static void the_highest_role_of_the_groups_counts(void **state) {
    struct fixture *f = *state;
    const struct connection connection = with_roles();
    struct str groups[] = {STR("staff"), STR("it"), STR("outside")};
    struct saml_assertion assertion = assertion_of("alice");
    add(&assertion, "groups", groups, 3);
    struct saml_person person = read_person(f, &connection, &assertion);
    assert_true(person.has_role && !person.is_role_highest);
    assert_int_equal(person.role, ROLE_ADMIN);
    assertion.attributes[0].values = groups + 2;
    assertion.attributes[0].count = 1;
    person = read_person(f, &connection, &assertion);
    assert_int_equal(person.role, ROLE_GUEST);
    assert_false(person.is_role_highest);
    add(&assertion, "groups", groups + 1, 1); /* the same attribute a second time */
    assert_int_equal(read_person(f, &connection, &assertion).role, ROLE_ADMIN);
}

static void no_group_is_not_the_same_as_groups_unknown(void **state) {
    struct fixture *f = *state;
    const struct connection connection = with_roles();
    struct saml_assertion assertion = assertion_of("alice");
    struct saml_person person = read_person(f, &connection, &assertion);
    assert_true(person.has_role && person.is_role_highest);
    assert_int_equal(person.role, ROLE_MEMBER);
    assertion.has_group_overage = true;
    person = read_person(f, &connection, &assertion);
    assert_false(person.has_groups);
    assert_false(person.has_role);
    const struct connection without = {.match_claim = STR("")};
    assertion.has_group_overage = false;
    assert_false(read_person(f, &without, &assertion).has_role);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(no_two_names_share_a_key),
        SENTENCE(qualifiers_that_say_nothing_new_count_as_absent),
        SENTENCE(an_attribute_may_say_who_somebody_is),
        SENTENCE(an_attribute_that_does_not_say_it_exactly_once_is_refused),
        SENTENCE(profiles_come_from_the_usual_attributes_or_the_named_ones),
        SENTENCE(an_address_as_name_is_marked_as_such),
        SENTENCE(words_with_controls_are_not_said),
        SENTENCE(the_highest_role_of_the_groups_counts),
        SENTENCE(no_group_is_not_the_same_as_groups_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
