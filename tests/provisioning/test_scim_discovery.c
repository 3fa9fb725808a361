/* What the server says of itself is what it does: the documents come from the tables. */
#include "tests/provisioning/teams.h"

#include "base/http_values.h"
#include "provisioning/scim/scim_model.h"

static struct provisioning provisioning = {.public_url = STR_INIT("https://chat.test")};

struct answer {
    int status;
    struct str body;
    const struct json *json;
};

/* Without an actor: discovery is for everybody whom the route lets in. */
static struct answer ask_plain(struct fixture *f, call_handler handler, const char *id,
                               const char *query) {
    struct http_request request = {.path_args = {str_from_c(id)}, .query = str_from_c(query)};
    struct http_response response = {0};
    struct call call = {.request = &request, .response = &response, .provisioning = &provisioning};
    struct answer answer = {0};
    assert_ok(handler(&f->scope, &call));
    assert_string_equal(response.content_type, "application/scim+json");
    answer.status = response.status;
    answer.body = response.body;
    assert_ok(json_read(&f->scope, response.body, &answer.json));
    return answer;
}

static bool supported(const struct answer *answer, const char *name) {
    const struct json *value = at(answer->json, name, "supported", NULL);
    assert_true(json_is_boolean(value));
    return json_as_boolean(value);
}

static void the_configuration_tells_what_is_offered(void **state) {
    const struct answer config = ask_plain(*state, scim_config, NULL, "filter=x"); /* D5, Q5 */

    assert_int_equal(config.status, 200);
    assert_true(supported(&config, "patch"));
    assert_true(supported(&config, "filter"));
    assert_true(supported(&config, "etag"));
    assert_false(supported(&config, "bulk"));
    assert_true(supported(&config, "sort"));
    assert_false(supported(&config, "changePassword"));
    assert_int_equal(json_as_integer(at(config.json, "filter", "maxResults", NULL)), 200);
    const struct json *scheme = json_at(at(config.json, "authenticationSchemes", NULL), 0);
    assert_str(json_as_string(at(scheme, "type", NULL)), "oauthbearertoken");
    assert_true(json_as_string(at(scheme, "name", NULL)).len > 0);
    assert_true(json_as_string(at(scheme, "description", NULL)).len > 0);
}

static void lists_and_single_documents_agree(void **state) {
    const struct answer types = ask_plain(*state, scim_resource_type_list, NULL, "");
    const struct answer schemas = ask_plain(*state, scim_schema_list, NULL, "");
    const struct answer user = ask_plain(*state, scim_resource_type_get, "User", "");
    const struct answer core = ask_plain(*state, scim_schema_get, CORE_URN, "");
    const struct answer enterprise = ask_plain(*state, scim_schema_get, ENTERPRISE_URN, "");

    assert_int_equal(json_as_integer(at(types.json, "totalResults", NULL)), 2); /* D4 */
    assert_int_equal(json_as_integer(at(schemas.json, "totalResults", NULL)), 3);
    assert_true(json_equals(json_at(at(types.json, "Resources", NULL), 0), user.json));
    assert_true(json_equals(json_at(at(schemas.json, "Resources", NULL), 0), core.json));
    assert_true(json_equals(json_at(at(schemas.json, "Resources", NULL), 2), enterprise.json));
    assert_str(json_as_string(at(user.json, "id", NULL)), "User"); /* D10 */
    assert_true(str_eq(json_as_string(at(user.json, "schema", NULL)),
                       json_as_string(at(core.json, "id", NULL)))); /* D7 */
    const struct answer group = ask_plain(*state, scim_resource_type_get, "Group", "");
    assert_true(json_equals(json_at(at(types.json, "Resources", NULL), 1), group.json));
    assert_str(json_as_string(at(group.json, "endpoint", NULL)), "/Groups");
    assert_str(json_as_string(at(group.json, "schema", NULL)), GROUP_URN);
    const struct json *extension = json_at(at(user.json, "schemaExtensions", NULL), 0);
    assert_true(str_eq(json_as_string(at(extension, "schema", NULL)),
                       json_as_string(at(enterprise.json, "id", NULL))));
}

static void what_is_not_there_is_404_and_a_filter_on_a_list_403(void **state) {
    assert_int_equal(ask_plain(*state, scim_schema_get, "urn:x", "").status, 404);
    assert_int_equal(ask_plain(*state, scim_resource_type_get, "Widget", "").status, 404);
    assert_int_equal(ask_plain(*state, scim_schema_list, NULL, "filter=id+pr").status, 403);
    assert_int_equal(ask_plain(*state, scim_resource_type_list, NULL, "filter=id+pr").status, 403);
    assert_int_equal(ask_plain(*state, scim_schema_list, NULL, "count=0&startIndex=9").status, 200);
}

static void other_endpoints_are_unknown_or_not_offered(void **state) {
    assert_int_equal(ask_plain(*state, scim_other, "Widgets/1", "").status, 404);     /* T13 */
    assert_int_equal(ask_plain(*state, scim_other, "Bulk", "").status, 501);          /* T14 */
    assert_int_equal(ask_plain(*state, scim_other, "Me", "").status, 501);            /* E1m */
    assert_int_equal(ask_plain(*state, scim_other, "Schemas/urn:x", "").status, 501); /* D6 */
}

/* The members that RFC 7643 section 7 demands, nothing null, nothing misspelt (D8, D9). */
static void assert_described(const struct json *attribute) {
    static const char *const TEXTS[] = {"name", "type", "description", "mutability", "returned"};
    static const char *const FLAGS[] = {"multiValued", "required", "caseExact"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        assert_true(json_as_string(at(attribute, TEXTS[i], NULL)).len > 0);
    }
    for (size_t i = 0; i < sizeof FLAGS / sizeof FLAGS[0]; i++) {
        assert_true(json_is_boolean(at(attribute, FLAGS[i], NULL)));
    }
    const bool is_complex = str_eq(json_as_string(at(attribute, "type", NULL)), STR("complex"));
    assert_int_equal(at(attribute, "uniqueness", NULL) == NULL, is_complex);
    assert_int_equal(at(attribute, "subAttributes", NULL) != NULL, is_complex);
}

static void every_attribute_is_described_in_full(void **state) {
    const char *const urns[] = {CORE_URN, GROUP_URN, ENTERPRISE_URN};
    for (size_t i = 0; i < SCIM_SCHEMA_COUNT; i++) {
        const struct answer schema = ask_plain(*state, scim_schema_get, urns[i], "");
        const struct json *attributes = at(schema.json, "attributes", NULL);
        assert_int_equal(json_count(attributes), SCIM_SCHEMAS[i]->attribute_count);
        for (size_t j = 0; j < json_count(attributes); j++) {
            const struct json *attribute = json_at(attributes, j);
            assert_described(attribute);
            const struct json *subs = at(attribute, "subAttributes", NULL);
            for (size_t k = 0; k < json_count(subs); k++) {
                assert_described(json_at(subs, k));
            }
        }
        assert_true(str_find(schema.body, STR("null")) < 0);
    }
}

static const struct json *named(const struct json *attributes, const char *name) {
    for (size_t i = 0; i < json_count(attributes); i++) {
        if (str_eq(json_as_string(at(json_at(attributes, i), "name", NULL)), str_from_c(name))) {
            return json_at(attributes, i);
        }
    }
    fail_msg("no attribute %s", name);
    return NULL;
}

static void d8_d9_g1_g2_the_schema_of_groups_says_what_the_server_does(void **state) {
    const struct answer group = ask_plain(*state, scim_schema_get, GROUP_URN, "");
    const struct answer user = ask_plain(*state, scim_schema_get, CORE_URN, "");
    const struct json *attributes = at(group.json, "attributes", NULL);
    const struct json *members = at(named(attributes, "members"), "subAttributes", NULL);
    assert_int_equal(json_kind(at(named(attributes, "displayName"), "required", NULL)), JSON_TRUE);
    const char *const IMMUTABLE[] = {"value", "$ref", "type"};
    for (size_t i = 0; i < sizeof IMMUTABLE / sizeof IMMUTABLE[0]; i++) {
        assert_str(json_as_string(at(named(members, IMMUTABLE[i]), "mutability", NULL)),
                   "immutable");
    }
    assert_str(json_as_string(at(named(members, "display"), "returned", NULL)), "request");
    const struct json *groups = named(at(user.json, "attributes", NULL), "groups");
    assert_str(json_as_string(at(groups, "mutability", NULL)), "readOnly"); /* G4 */
    assert_str(json_as_string(at(groups, "returned", NULL)), "request");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_configuration_tells_what_is_offered),
        SENTENCE(lists_and_single_documents_agree),
        SENTENCE(what_is_not_there_is_404_and_a_filter_on_a_list_403),
        SENTENCE(other_endpoints_are_unknown_or_not_offered),
        SENTENCE(every_attribute_is_described_in_full),
        SENTENCE(d8_d9_g1_g2_the_schema_of_groups_says_what_the_server_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
