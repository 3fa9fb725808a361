/* Filters: what the grammar takes, what it means, and what is refused. */
#include "provisioning/scim/scim_filter.h"

#include "provisioning/scim/scim_match.h"
#include "tests/support/fixture.h"

#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define CORE       "urn:ietf:params:scim:schemas:core:2.0:User"

static const char *const ANA =
    "{\"schemas\":[\"" CORE "\",\"" ENTERPRISE "\"],\"id\":\"Id-1\",\"externalId\":\"Ext\","
    "\"userName\":\"Ana\",\"name\":{\"familyName\":\"O'Malley\"},\"title\":\"Chief \\\"x\\\" é\","
    "\"active\":true,\"emails\":[{\"value\":\"ana@x.test\",\"type\":\"work\",\"primary\":true},"
    "{\"value\":\"ana@y.test\",\"type\":\"home\"}],"
    "\"" ENTERPRISE "\":{\"department\":\"Tour\",\"manager\":{\"value\":\"m-1\"}},"
    "\"meta\":{\"resourceType\":\"User\",\"lastModified\":\"2026-05-13T04:42:34Z\"}}";

static const struct {
    const char *filter;
    bool fits;
} MEANINGS[] = {
    {"userName eq \"ana\"", true},
    {"userName eq \"ANA\"", true}, /* F12 */
    {"Username Eq \"ana\"", true}, /* F2 */
    {"userName eq \"anna\"", false},
    {"userName ne \"ana\"", false},
    {"externalId eq \"Ext\"", true},
    {"externalId eq \"ext\"", false}, /* F12: caseExact */
    {"id eq \"Id-1\"", true},
    {"id eq \"id-1\"", false},
    {"userName co \"N\" and userName sw \"a\" and userName ew \"A\"", true},
    {"userName sw \"n\"", false},
    {"title co \"\\\"X\\\" \\u00e9\"", true}, /* F8 */
    {"title pr and name pr and emails pr", true},
    {"nickName pr", false},
    {"nickName eq null", true}, /* F19 */
    {"nickName ne null", false},
    {"title ne null", true},
    {"nickName ne \"x\"", true}, /* F18 */
    {"active eq true", true},
    {"active eq \"True\"", true},
    {"active eq false", false},
    {"active ne false", true},
    /* F3: a or b and c = a or (b and c) */
    {"userName eq \"ana\" or userName eq \"b\" and active eq false", true},
    {"(userName eq \"ana\" or userName eq \"b\") and active eq false", false},
    {"not (userName eq \"b\") and active eq true", true},
    {"not(userName eq \"ana\")", false},
    {"not userName eq \"b\" and active eq false", false},
    {"((active eq true))", true},
    /* F13, F14, F15 */
    {"emails.value eq \"ANA@y.test\"", true},
    {"emails eq \"ana@x.test\"", true},
    {"emails co \"@z\"", false},
    {"emails.type eq \"work\" and emails.value co \"@y\"", true},
    {"emails[type eq \"work\" and value co \"@y\"]", false},
    {"emails[type eq \"work\" and value co \"@x\"]", true},
    {"emails[not (type eq \"work\") or primary eq true]", true}, /* F16 */
    {"emails[type eq \"work\"].value eq \"ana@x.test\"", true},  /* F29 */
    {"emails[type eq \"work\"].value eq \"ana@y.test\"", false},
    {"emails[type eq \"work\"].value eq \"ana@x.test\" and active eq false", false},
    {"name.familyName eq \"o'malley\"", true},
    /* F20 - F23 */
    {CORE ":userName sw \"a\"", true},
    {"URN:ietf:params:scim:schemas:core:2.0:user:userName sw \"a\"", true},
    {ENTERPRISE ":department eq \"tour\"", true},
    {ENTERPRISE ":manager.value eq \"m-1\"", true},
    {ENTERPRISE ":manager eq \"m-1\"", true},
    {ENTERPRISE ":division pr", false},
    {"schemas eq \"" ENTERPRISE "\"", true},
    {"meta.resourceType eq \"User\"", true},
    {"meta.lastModified ge \"2026-05-13T04:42:34Z\"", true},
    {"meta.lastModified gt \"2026-05-13T06:42:34+02:00\"", false},
    {"meta.lastModified le \"2026-05-13T06:42:34+02:00\"", true},
    {"meta.lastModified lt \"2026-05-13T04:42:34.001Z\"", true},
    {"userName gt \"amelie\" and userName lt \"anb\"", true},
    {"userName\teq   \"ana\" ", true},
    {"userName eq\"ana\"", true}, /* F30 */
};

static void a_filter_means_what_the_text_says(void **state) {
    struct fixture *f = *state;
    const struct json *ana = NULL;
    assert_ok(json_read(&f->scope, str_from_c(ANA), &ana));
    for (size_t i = 0; i < sizeof MEANINGS / sizeof MEANINGS[0]; i++) {
        const struct scim_filter *filter = NULL;
        const struct str text = str_from_c(MEANINGS[i].filter);
        if (!is_ok(scim_filter_parse(&f->scope, &SCIM_USER_TYPE, text, &filter))) {
            fail_msg("refused: %s", MEANINGS[i].filter);
        }
        if (scim_match(&f->scope, filter, ana) != MEANINGS[i].fits) {
            fail_msg("wrong: %s", MEANINGS[i].filter);
        }
    }
}

static const char *const MALFORMED[] = {
    "", /* F31 */
    " ",
    "userName",
    "userName eq",
    "userName eq bjensen", /* F7, Q6 */
    "userName eq 'ana'",
    "userName eq \"ana",
    "userName eq \"a\\x\"",
    "userName eq \"ana\" extra",
    "userName eq \"ana\" and",
    "and userName eq \"ana\"",
    "userName eq \"ana\" userName eq \"b\"",
    "(userName eq \"ana\"",
    "userName eq \"ana\")",
    "userName is \"ana\"", /* F9 */
    "userName eq 1",
    "userName eq [\"ana\"]",
    "userName eq {\"a\":1}",
    "shoeSize eq \"1\"", /* F25 */
    "name.nick eq \"1\"",
    "urn:x:User:userName eq \"1\"",
    ENTERPRISE " eq \"1\"",
    "name eq \"x\"",  /* F24 */
    "active gt true", /* F10 */
    "active co \"true\"",
    "active eq \"yes\"",
    "active eq 1",
    "x509Certificates.value gt \"AA\"",
    "meta.created gt \"yesterday\"",
    "title gt null",
    "password eq \"x\"", /* F26 */
    "password pr",
    "emails[type eq \"work\"",
    "emails[]",
    "emails[shoe eq \"1\"]",
    "emails[type eq \"work\"].shoe eq \"1\"",
    "emails[emails[type eq \"work\"]]",
    "name[givenName eq \"x\"]",
    "emails.type[value eq \"x\"]",
    "not",
    "not ()",
    "userName eq \"\xff\"",
};

static void what_is_no_filter_is_refused(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof MALFORMED / sizeof MALFORMED[0]; i++) {
        const struct scim_filter *filter = NULL;
        f->scope.reason = "";
        const result r =
            scim_filter_parse(&f->scope, &SCIM_USER_TYPE, str_from_c(MALFORMED[i]), &filter);
        if (r.code != INVALID || !str_eq(str_from_c(f->scope.reason), STR("scim.filter"))) {
            fail_msg("%s: %s", MALFORMED[i], f->scope.reason);
        }
    }
}

static struct str nested(struct fixture *f, int depth) {
    struct strbuf buf = strbuf_begin(f->scope.arena, 8192);
    for (int i = 0; i < depth; i++) {
        strbuf_add_byte(&buf, '(');
    }
    strbuf_add_c(&buf, "title pr");
    for (int i = 0; i < depth; i++) {
        strbuf_add_byte(&buf, ')');
    }
    return strbuf_str(&buf);
}

static struct str chained(struct fixture *f, int terms) {
    struct strbuf buf = strbuf_begin(f->scope.arena, 8192);
    for (int i = 0; i < terms; i++) {
        strbuf_add_c(&buf, i == 0 ? "title pr" : " or title pr");
    }
    return strbuf_str(&buf);
}

static void depth_length_and_number_of_terms_are_bounded(void **state) {
    struct fixture *f = *state;
    const struct scim_filter *filter = NULL;
    const struct scim_type *type = &SCIM_USER_TYPE;
    char long_name[SCIM_FILTER_MAX_BYTES + 2];
    for (size_t i = 0; i < sizeof long_name; i++) {
        long_name[i] = 'a';
    }

    assert_ok(scim_filter_parse(&f->scope, type, nested(f, SCIM_FILTER_MAX_DEPTH - 1), &filter));
    assert_failed(scim_filter_parse(&f->scope, type, nested(f, SCIM_FILTER_MAX_DEPTH), &filter),
                  &f->scope, INVALID, "scim.filter");
    assert_failed(scim_filter_parse(&f->scope, type, nested(f, 2000), &filter), &f->scope, INVALID,
                  "scim.filter");
    assert_ok(scim_filter_parse(&f->scope, type, chained(f, SCIM_FILTER_MAX_TERMS), &filter));
    assert_failed(
        scim_filter_parse(&f->scope, type, chained(f, SCIM_FILTER_MAX_TERMS + 1), &filter),
        &f->scope, INVALID, "scim.filter");
    assert_failed(
        scim_filter_parse(&f->scope, type, (struct str){long_name, sizeof long_name}, &filter),
        &f->scope, INVALID, "scim.filter");
}

static void every_name_in_the_tables_is_found_in_any_case(void **state) {
    (void) state;
    for (size_t i = 0; i < SCIM_SCHEMA_COUNT; i++) {
        const struct scim_schema *schema = SCIM_SCHEMAS[i];
        for (size_t j = 0; j < schema->attribute_count; j++) {
            const struct scim_attribute *attribute = &schema->attributes[j];
            assert_ptr_equal(scim_schema_find(schema, attribute->name), attribute);
            assert_true(scim_is_name(attribute->name));
            assert_int_equal(attribute->sub_count > 0, attribute->kind == SCIM_COMPLEX);
        }
    }
    assert_ptr_equal(scim_schema_find(SCIM_SCHEMAS[0], STR("USERNAME")),
                     scim_schema_find(SCIM_SCHEMAS[0], STR("userName")));
    assert_null(scim_schema_find(SCIM_SCHEMAS[0], STR("user")));
    assert_null(scim_schema_find(SCIM_SCHEMAS[0], STR("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_filter_means_what_the_text_says),
        SENTENCE(what_is_no_filter_is_refused),
        SENTENCE(depth_length_and_number_of_terms_are_bounded),
        SENTENCE(every_name_in_the_tables_is_found_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
