/* Filters over HTTP: whom each finds, on both engines, whether an index answers or each resource is
 * compared. The letter and number of each line is the statement that it shows. */
#include "tests/provisioning/desk.h"

#include "base/percent.h"

#define U CORE_URN
#define E ENTERPRISE_URN

static struct str add(const struct desk *desk, const char *members) {
    fake_clock_advance(&desk->d->fixture.time, 1000);
    const struct reply reply =
        post(desk, str_format(desk->d->fixture.scope.arena, NEW_USER("%s"), members).at);
    assert_status(reply, 201);
    return text_at(&reply, "id");
}

/* Besides them the creator: "boss", whom no directory has written to. */
static struct desk given_three(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    (void) add(&desk, "\"userName\":\"Ana\",\"externalId\":\"Ext-1\",\"displayName\":\"Ana Novak\","
                      "\"name\":{\"givenName\":\"Ana\",\"familyName\":\"O'Malley\"},"
                      "\"title\":\"Chief \\\"x\\\" \\u00e9\",\"userType\":\"Employee\","
                      "\"emails\":[{\"value\":\"ana@x.test\",\"type\":\"work\",\"primary\":true},"
                      "{\"value\":\"ana@y.test\",\"type\":\"home\"}],"
                      "\"photos\":[{\"value\":\"https://x.test/A.png\",\"type\":\"photo\"}],"
                      "\"" E "\":{\"department\":\"Tour\",\"manager\":{\"value\":\"m-1\"}}");
    (void) add(&desk, "\"userName\":\"bob\",\"externalId\":\"ext-1\",\"title\":\"line\\none\","
                      "\"emails\":[{\"value\":\"bob@x.test\",\"type\":\"home\"}],"
                      "\"x509Certificates\":[{\"value\":\"MIIB\"}]");
    fake_clock_advance(&desk.d->fixture.time, 60 * 1000000);
    (void) add(&desk, "\"userName\":\"carl\",\"active\":false,\"userType\":\"Guest\","
                      "\"displayName\":\"Carl\"");
    return desk;
}

struct meaning {
    const char *id, *filter, *names;
};

static struct str names_of(const struct desk *desk, const struct reply *reply) {
    const struct json *resources = json_get(reply->json, STR("Resources"));
    struct strbuf buf = strbuf_begin(desk->d->fixture.scope.arena, 4096);
    for (size_t i = 0; i < json_count(resources); i++) {
        strbuf_add_c(&buf, i == 0 ? "" : " ");
        strbuf_add(&buf, json_as_string(json_get(json_at(resources, i), STR("userName"))));
    }
    return strbuf_str(&buf);
}

static struct reply filtered(const struct desk *desk, const char *filter) {
    struct arena *arena = desk->d->fixture.scope.arena;
    const struct str encoded = percent_encode(arena, str_from_c(filter), "");
    return list(desk, str_format(arena, "filter=%.*s", STR_ARG(encoded)).at);
}

static void check(const struct desk *desk, const struct meaning *meanings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct reply reply = filtered(desk, meanings[i].filter);
        const struct str names = names_of(desk, &reply);
        if (reply.status != 200 || !str_eq(names, str_from_c(meanings[i].names))) {
            fail_msg("%s: %s: %d %.*s", meanings[i].id, meanings[i].filter, reply.status,
                     STR_ARG(names));
        }
    }
}

#define CHECK(desk, meanings) check(desk, meanings, sizeof(meanings) / sizeof((meanings)[0]))

static void f1_f2_f3_f4_f5_operators_and_their_precedence(void **state) {
    static const struct meaning MEANINGS[] = {
        {"F1 eq", "userName eq \"bob\"", "bob"},
        {"F1 ne", "userName ne \"bob\"", "boss Ana carl"},
        {"F1 co", "userName co \"O\"", "boss bob"},
        {"F1 sw", "userName sw \"b\"", "boss bob"},
        {"F1 ew", "userName ew \"A\"", "Ana"},
        {"F1 pr", "title pr", "Ana bob"},
        {"F1 gt", "userName gt \"bob\"", "boss carl"},
        {"F1 ge", "userName ge \"bob\"", "boss bob carl"},
        {"F1 lt", "userName lt \"bob\"", "Ana"},
        {"F1 le", "userName le \"bob\"", "Ana bob"},
        {"F2", "USERNAME Eq \"bob\" OR username EQ \"ana\"", "Ana bob"},
        {"F3", "userName eq \"ana\" or userName eq \"bob\" and active eq false", "Ana"},
        {"F3 grouped", "(userName eq \"ana\" or userName eq \"bob\") and active eq false", ""},
        {"F3 not", "not (userName eq \"ana\") and active eq true", "boss bob"},
        {"F4", "title pr and emails pr or userType pr", "Ana bob carl"},
        {"F5 glued", "not(active eq true)", "carl"},
        {"F5 spaced", "not (active eq true)", "carl"},
    };
    const struct desk desk = given_three(state);
    CHECK(&desk, MEANINGS);
}

static void f6_f8_f11_f12_values_are_compared_by_type_and_case(void **state) {
    static const struct meaning MEANINGS[] = {
        {"F6 true", "active eq true and userType eq \"employee\"", "Ana"},
        {"F6 null", "userType eq null", "boss bob"},
        {"F8 quote", "title eq \"chief \\\"X\\\" \\u00c9\"", "Ana"},
        {"F8 newline", "title eq \"line\\none\"", "bob"},
        {"F11 across offsets",
         "meta.created gt \"2020-01-01T00:00:00+14:00\" and userName eq \"bob\"", "bob"},
        {"F11 text", "userName gt \"a\" and userName lt \"b\"", "Ana"},
        {"F12 folds", "userName eq \"ANA\"", "Ana"},
        {"F12 folds, compared", "userName eq \"ANA\" and title pr", "Ana"},
        {"F12 exact", "externalId eq \"Ext-1\"", "Ana"},
        {"F12 exact, other", "externalId eq \"ext-1\"", "bob"},
        {"F12 exact, none", "externalId eq \"EXT-1\"", ""},
        {"F12 exact, compared", "externalId co \"Ext\"", "Ana"},
        {"F12 wide letters", "userName eq \"\xef\xbc\xa1na\"", "Ana"},
    };
    const struct desk desk = given_three(state);
    CHECK(&desk, MEANINGS);
}

static void f13_f14_f15_f16_f29_f30_values_of_lists(void **state) {
    static const struct meaning MEANINGS[] = {
        {"F13", "emails.value eq \"ANA@y.test\"", "Ana"},
        {"F13 compared", "emails.value ew \"@y.test\"", "Ana"},
        {"F14 same value", "emails[type eq \"work\" and value co \"@x\"]", "Ana"},
        {"F14 another value", "emails[type eq \"work\" and value co \"@y\"]", ""},
        {"F14 apart", "emails.type eq \"work\" and emails.value co \"@y\"", "Ana"},
        {"F15 eq", "emails eq \"bob@x.test\"", "bob"},
        {"F15 co", "emails co \"@x\"", "Ana bob"},
        {"F15 indexed", "emails[value eq \"bob@x.test\"]", "bob"},
        {"F15 reversed", "emails[value eq \"bob@x.test\" and type eq \"home\"]", "bob"},
        {"F15 other type", "emails[value eq \"bob@x.test\" and type eq \"work\"]", ""},
        {"F16", "emails[not (type eq \"work\") or primary eq true]", "boss Ana bob"},
        {"F29", "emails[type eq \"work\"].value eq \"ANA@x.test\"", "Ana"},
        {"F29 other type", "emails[type eq \"work\"].value eq \"bob@x.test\"", ""},
        {"F30", "emails[value eq\"bob@x.test\"]", "bob"},
    };
    const struct desk desk = given_three(state);
    CHECK(&desk, MEANINGS);
}

static void f17_f18_f19_what_is_not_there(void **state) {
    static const struct meaning MEANINGS[] = {
        {"F17 complex", "name pr", "Ana"},
        {"F17 list", "photos pr", "Ana"},
        {"F17 sub-attribute", "emails.type pr and photos.type pr", "Ana"},
        {"F17 none", "ims pr", ""},
        {"F18 unassigned", "userType ne \"Guest\"", "boss Ana bob"},
        {"F18 any value", "emails.type ne \"work\" and title pr", "Ana bob"},
        {"F19 eq", "userType eq null and title pr", "bob"},
        {"F19 ne", "userType ne null", "Ana carl"},
    };
    const struct desk desk = given_three(state);
    CHECK(&desk, MEANINGS);
}

static void f20_f21_f22_f23_qualified_names_schemas_and_meta(void **state) {
    static const struct meaning MEANINGS[] = {
        {"F20", U ":userName sw \"A\"", "Ana"},
        {"F20 indexed", U ":userName eq \"ana\"", "Ana"},
        {"F20 any case", "URN:IETF:params:scim:schemas:CORE:2.0:user:userName eq \"ana\"", "Ana"},
        {"F20 sub-attribute", U ":name.givenName eq \"ana\"", "Ana"},
        {"F21", E ":department eq \"tour\"", "Ana"},
        {"F21 manager", E ":manager.value eq \"m-1\"", "Ana"},
        {"F21 manager, exact", E ":manager.value eq \"M-1\"", ""},
        {"F22", "schemas eq \"" E "\"", "Ana"},
        {"F22 base", "schemas eq \"" U "\" and userName eq \"bob\"", "bob"},
        {"F23 all", "meta.lastModified ge \"2011-05-13T04:42:34Z\"", "boss Ana bob carl"},
        {"F23 none", "meta.lastModified lt \"2011-05-13T04:42:34Z\"", ""},
        {"meta.resourceType", "meta.resourceType eq \"User\" and userName eq \"bob\"", "bob"},
        {"another type", "meta.resourceType eq \"Group\" and userName eq \"bob\"", ""},
    };
    const struct desk desk = given_three(state);
    CHECK(&desk, MEANINGS);
}

static void f28_what_providers_use(void **state) {
    static const struct meaning MEANINGS[] = {
        {"userName and active", "userName eq \"ana\" and active eq true", "Ana"},
        {"inactive", "userName eq \"carl\" and active eq false", "carl"},
        {"not inactive", "userName eq \"ana\" and active eq false", ""},
        {"active first", "active eq \"True\" and userName eq \"ana\"", "Ana"},
        {"active alone", "active eq false", "carl"},
        {"displayName", "displayName eq \"ANA novak\"", "Ana"},
        {"displayName and active", "displayName eq \"carl\" and active eq false", "carl"},
        {"empty text", "displayName eq \"\"", ""},
        {"empty address", "emails.value eq \"\"", ""},
        {"two names", "userName eq \"ana\" and userName eq \"bob\"", ""},
        {"two keys", "userName eq \"ana\" and externalId eq \"Ext-1\"", "Ana"},
        {"two keys of two", "userName eq \"ana\" and externalId eq \"ext-1\"", ""},
    };
    const struct desk desk = given_three(state);
    CHECK(&desk, MEANINGS);
    const struct reply reply = filtered(&desk, "userName eq \"ana\"");
    const struct str id =
        json_as_string(at(json_at(at(reply.json, "Resources", NULL), 0), "id", NULL));
    const struct reply by_id =
        filtered(&desk, str_format(desk.d->fixture.scope.arena, "id eq \"%.*s\"", STR_ARG(id)).at);
    assert_str(names_of(&desk, &by_id), "Ana");
}

static void f7_f9_f10_f24_f25_f26_f27_f31_what_is_no_filter_is_refused(void **state) {
    static const struct {
        const char *id, *filter;
    } REFUSED[] = {
        {"F7 unquoted", "userName eq bjensen"},
        {"F7 single quotes", "userName eq 'ana'"},
        {"F7 no value", "userName eq"},
        {"F7 open group", "(userName eq \"ana\""},
        {"F7 open text", "userName eq \"ana"},
        {"F7 bad escape", "userName eq \"a\\x\""},
        {"F9", "userName is \"ana\""},
        {"F10 boolean", "active gt true"},
        {"F10 binary", "x509Certificates.value ge \"MIIB\""},
        {"F24", "name eq \"x\""},
        {"F25", "shoeSize eq \"42\""},
        {"F25 extension", E ":shoeSize eq \"42\""},
        {"F26 co", "password co \"x\""},
        {"F26 sw", "password sw \"x\""},
        {"F26 gt", "password gt \"x\""},
        {"F31", " "},
    };
    const struct desk desk = given_three(state);
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        const struct reply reply = filtered(&desk, REFUSED[i].filter);
        if (reply.status != 400) {
            fail_msg("%s: %d", REFUSED[i].id, reply.status);
        }
        assert_error(&reply, 400, "invalidFilter");
    }
    struct strbuf deep = strbuf_begin(desk.d->fixture.scope.arena, 8192); /* F27 */
    for (int i = 0; i < 1000; i++) {
        strbuf_add_byte(&deep, '(');
    }
    strbuf_add_byte(&deep, '\0');
    const struct reply reply = filtered(&desk, strbuf_str(&deep).at);
    assert_error(&reply, 400, "invalidFilter");
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(f1_f2_f3_f4_f5_operators_and_their_precedence),
        ON_BOTH(f6_f8_f11_f12_values_are_compared_by_type_and_case),
        ON_BOTH(f13_f14_f15_f16_f29_f30_values_of_lists),
        ON_BOTH(f17_f18_f19_what_is_not_there),
        ON_BOTH(f20_f21_f22_f23_qualified_names_schemas_and_meta),
        ON_BOTH(f28_what_providers_use),
        ON_BOTH(f7_f9_f10_f24_f25_f26_f27_f31_what_is_no_filter_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
