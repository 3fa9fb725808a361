/* The PATCH engine without a database: what operations make of a resource, or why they do not. */
#include "provisioning/scim/scim_patch.h"

#include "base/json.h"
#include "provisioning/scim/scim_resource.h"
#include "tests/support/fixture.h"

#define ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define CORE       "urn:ietf:params:scim:schemas:core:2.0:User"
#define PATCH_OP   "urn:ietf:params:scim:api:messages:2.0:PatchOp"

static const struct scim_rules TOLERANT = {.type = &SCIM_USER_TYPE, .profile = &SCIM_TOLERANT};
static const struct scim_rules STRICT = {.type = &SCIM_USER_TYPE, .profile = &SCIM_STRICT};

static const struct json *read(struct scope *scope, const char *text) {
    const struct json *json = NULL;
    const result r = json_read(scope, str_from_c(text), &json);
    if (!is_ok(r)) {
        fail_msg("not JSON: %s", text);
    }
    return json;
}

static result patch(struct scope *scope, const struct scim_rules *rules, const char *resource,
                    const char *operations, struct json **ret) {
    const struct str body =
        str_format(scope->arena, "{\"schemas\":[\"" PATCH_OP "\"],\"Operations\":%s}", operations);
    struct scim_patch parsed = {0};
    TRY(scim_patch_parse(scope, rules, read(scope, body.at), &parsed));
    return scim_patch_apply(scope, rules, &parsed, read(scope, resource), ret);
}

#define BASE       "{\"id\":\"u1\",\"userName\":\"ana\",\"active\":true}"
#define INERT      "{\"id\":\"u1\",\"userName\":\"ana\",\"active\":false}"
#define WITH(more) "{\"id\":\"u1\",\"userName\":\"ana\",\"active\":true," more "}"
#define TWO_MAILS                                                                                  \
    "\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":true},"                          \
    "{\"value\":\"b@x\",\"type\":\"home\"}]"

struct change_case {
    const char *name, *before, *operations, *after;
};

static const struct change_case CHANGES[] = {
    /* every shape of active */
    {"H3 EN1 capital op", BASE, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":false}]",
     INERT},
    {"EN2 boolean in text", BASE, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]",
     INERT},
    {"text in small letters", BASE,
     "[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"false\"}]", INERT},
    {"name in capitals", BASE, "[{\"op\":\"REPLACE\",\"path\":\"ACTIVE\",\"value\":\"FALSE\"}]",
     INERT},
    {"OK3 without a path", BASE, "[{\"op\":\"replace\",\"value\":{\"active\":false}}]", INERT},
    {"without a path, text", BASE, "[{\"op\":\"replace\",\"value\":{\"Active\":\"False\"}}]",
     INERT},
    {"empty path", BASE, "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"active\":false}}]",
     INERT},
    {"null path", BASE, "[{\"op\":\"replace\",\"path\":null,\"value\":{\"active\":false}}]", INERT},
    {"add", BASE, "[{\"op\":\"add\",\"path\":\"active\",\"value\":false}]", INERT},
    {"add without a path", BASE, "[{\"op\":\"Add\",\"value\":{\"active\":\"False\"}}]", INERT},
    {"list of one", BASE, "[{\"op\":\"replace\",\"path\":\"active\",\"value\":[false]}]", INERT},
    {"list of one text", BASE, "[{\"op\":\"replace\",\"path\":\"active\",\"value\":[\"False\"]}]",
     INERT},
    {"wrapped value", BASE,
     "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":[{\"$ref\":null,\"value\":\"False\"}]}]",
     INERT},
    {"H28 URN path", BASE, "[{\"op\":\"replace\",\"path\":\"" CORE ":active\",\"value\":false}]",
     INERT},
    {"EN4 URN key", BASE, "[{\"op\":\"replace\",\"value\":{\"" CORE ":active\":false}}]", INERT},
    {"core container as path", BASE,
     "[{\"op\":\"replace\",\"path\":\"" CORE "\",\"value\":{\"active\":false}}]", INERT},
    {"core container as key", BASE,
     "[{\"op\":\"replace\",\"value\":{\"" CORE "\":{\"active\":false}}}]", INERT},
    {"H33 the last one counts", BASE,
     "[{\"op\":\"replace\",\"path\":\"active\",\"value\":true},"
     "{\"op\":\"replace\",\"path\":\"active\",\"value\":\"False\"}]",
     INERT},
    {"one of several operations", WITH("\"title\":\"x\""),
     "[{\"op\":\"remove\",\"path\":\"title\"},{\"op\":\"replace\",\"path\":\"active\",\"value\":"
     "false}]",
     INERT},
    {"EN30 and back", INERT, "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"True\"}]", BASE},

    /* single attributes */
    {"H13 add replaces", WITH("\"title\":\"x\""),
     "[{\"op\":\"add\",\"path\":\"title\",\"value\":\"y\"}]", WITH("\"title\":\"y\"")},
    {"H22 replace of what is not there", BASE,
     "[{\"op\":\"replace\",\"path\":\"title\",\"value\":\"y\"}]", WITH("\"title\":\"y\"")},
    {"H34 null unassigns", WITH("\"title\":\"x\""),
     "[{\"op\":\"replace\",\"path\":\"title\",\"value\":null}]", BASE},
    {"EN15 the empty text unassigns", WITH("\"title\":\"x\""),
     "[{\"op\":\"replace\",\"path\":\"title\",\"value\":\"\"}]", BASE},
    {"Q1 unknown path", BASE, "[{\"op\":\"add\",\"path\":\"shoeSize\",\"value\":42}]", BASE},
    {"Q1 unknown key", BASE, "[{\"op\":\"add\",\"value\":{\"shoeSize\":42,\"title\":\"y\"}}]",
     WITH("\"title\":\"y\"")},
    {"unknown URN", BASE, "[{\"op\":\"add\",\"path\":\"urn:x:y:2.0:User:shoe\",\"value\":42}]",
     BASE},
    {"unknown attribute with brackets", BASE,
     "[{\"op\":\"add\",\"path\":\"shoes[type eq \\\"left\\\"].size\",\"value\":42}]", BASE},
    {"password is dropped", BASE, "[{\"op\":\"add\",\"path\":\"password\",\"value\":\"secret\"}]",
     BASE},
    {"H29 own id, schemas and meta", BASE,
     "[{\"op\":\"replace\",\"value\":{\"id\":\"u1\",\"schemas\":[],\"meta\":{},\"title\":\"y\"}}]",
     WITH("\"title\":\"y\"")},

    /* complex attributes */
    {"H14 add merges", WITH("\"name\":{\"givenName\":\"Ana\"}"),
     "[{\"op\":\"add\",\"path\":\"name\",\"value\":{\"familyName\":\"New\"}}]",
     WITH("\"name\":{\"givenName\":\"Ana\",\"familyName\":\"New\"}")},
    {"Q10 replace merges", WITH("\"name\":{\"givenName\":\"Ana\"}"),
     "[{\"op\":\"replace\",\"path\":\"name\",\"value\":{\"familyName\":\"New\"}}]",
     WITH("\"name\":{\"givenName\":\"Ana\",\"familyName\":\"New\"}")},
    {"EN4 dotted keys", BASE,
     "[{\"op\":\"replace\",\"value\":{\"name.givenName\":\"Ana\",\"NAME.familyname\":\"New\"}}]",
     WITH("\"name\":{\"givenName\":\"Ana\",\"familyName\":\"New\"}")},
    {"remove of a sub-attribute", WITH("\"name\":{\"givenName\":\"Ana\",\"familyName\":\"N\"}"),
     "[{\"op\":\"remove\",\"path\":\"name.familyName\"}]",
     WITH("\"name\":{\"givenName\":\"Ana\"}")},
    {"remove of the last sub-attribute", WITH("\"name\":{\"givenName\":\"Ana\"}"),
     "[{\"op\":\"remove\",\"path\":\"name.givenName\"}]", BASE},

    /* lists */
    {"H15 add appends", WITH("\"emails\":[{\"value\":\"a@x\"}]"),
     "[{\"op\":\"add\",\"path\":\"emails\",\"value\":[{\"value\":\"b@x\"}]}]",
     WITH("\"emails\":[{\"value\":\"a@x\"},{\"value\":\"b@x\"}]")},
    {"H15 an equal value is there already", WITH(TWO_MAILS),
     "[{\"op\":\"add\",\"path\":\"emails\",\"value\":[{\"value\":\"B@x\",\"type\":\"home\"}]}]",
     WITH("\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":true},"
          "{\"value\":\"B@x\",\"type\":\"home\"}]")},
    {"one value for a list", BASE,
     "[{\"op\":\"add\",\"path\":\"emails\",\"value\":{\"value\":\"b@x\"}}]",
     WITH("\"emails\":[{\"value\":\"b@x\"}]")},
    {"H16 remove of the list", WITH(TWO_MAILS), "[{\"op\":\"remove\",\"path\":\"emails\"}]", BASE},
    {"EN5 remove of named values only", WITH(TWO_MAILS),
     "[{\"op\":\"Remove\",\"path\":\"emails\",\"value\":[{\"$ref\":null,\"value\":\"b@x\"}]}]",
     WITH("\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":true}]")},
    {"EN5 an empty list names nothing", WITH(TWO_MAILS),
     "[{\"op\":\"Remove\",\"path\":\"emails\",\"value\":[]}]", WITH(TWO_MAILS)},
    {"H17 remove with a filter", WITH(TWO_MAILS),
     "[{\"op\":\"remove\",\"path\":\"emails[type eq \\\"home\\\"]\"}]",
     WITH("\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":true}]")},
    {"H17 none left", WITH("\"emails\":[{\"value\":\"a@x\",\"type\":\"work\"}]"),
     "[{\"op\":\"remove\",\"path\":\"emails[value eq \\\"A@X\\\"]\"}]", BASE},
    {"H18 remove of a sub-attribute",
     WITH("\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"display\":\"A\"}]"),
     "[{\"op\":\"remove\",\"path\":\"emails[type eq \\\"work\\\"].display\"}]",
     WITH("\"emails\":[{\"value\":\"a@x\",\"type\":\"work\"}]")},
    {"H19 remove of what is not there", WITH(TWO_MAILS),
     "[{\"op\":\"remove\",\"path\":\"emails[type eq \\\"other\\\"]\"}]", WITH(TWO_MAILS)},
    {"H20 replace of the list", WITH(TWO_MAILS),
     "[{\"op\":\"replace\",\"path\":\"emails\",\"value\":[{\"value\":\"c@x\"}]}]",
     WITH("\"emails\":[{\"value\":\"c@x\"}]")},
    {"EN15 the empty list unassigns", WITH(TWO_MAILS),
     "[{\"op\":\"replace\",\"path\":\"emails\",\"value\":[]}]", BASE},
    {"H23 replace of a sub-attribute", WITH(TWO_MAILS),
     "[{\"op\":\"replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"n@x\"}]",
     WITH("\"emails\":[{\"value\":\"n@x\",\"type\":\"work\",\"primary\":true},"
          "{\"value\":\"b@x\",\"type\":\"home\"}]")},
    {"EN15 an emptied value takes its record away", WITH(TWO_MAILS),
     "[{\"op\":\"replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"\"}]",
     WITH("\"emails\":[{\"value\":\"b@x\",\"type\":\"home\"}]")},
    {"Q7 EN10 replace creates for a usual type", BASE,
     "[{\"op\":\"Replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"n@x\"}]",
     WITH("\"emails\":[{\"type\":\"work\",\"value\":\"n@x\"}]")},
    {"EN10 capital sub-attribute", BASE,
     "[{\"op\":\"Add\",\"path\":\"addresses[type eq \\\"other\\\"].Formatted\",\"value\":\"s\"}]",
     WITH("\"addresses\":[{\"type\":\"other\",\"formatted\":\"s\"}]")},
    {"EN10 two operations fill one record", BASE,
     "[{\"op\":\"Add\",\"path\":\"phoneNumbers[type eq \\\"mobile\\\"].value\",\"value\":\"1\"},"
     "{\"op\":\"Add\",\"path\":\"phoneNumbers[type eq \\\"mobile\\\"].display\",\"value\":\"m\"}]",
     WITH("\"phoneNumbers\":[{\"type\":\"mobile\",\"value\":\"1\",\"display\":\"m\"}]")},
    {"H25 add creates from the filter's terms", BASE,
     "[{\"op\":\"add\",\"path\":\"roles[primary eq \\\"True\\\"].value\",\"value\":\"boss\"}]",
     WITH("\"roles\":[{\"primary\":true,\"value\":\"boss\"}]")},
    {"F30 no blank after the operator", WITH(TWO_MAILS),
     "[{\"op\":\"remove\",\"path\":\"emails[value eq\\\"b@x\\\"]\"}]",
     WITH("\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":true}]")},
    {"H26 a new primary ends the others", WITH(TWO_MAILS),
     "[{\"op\":\"add\",\"path\":\"emails\",\"value\":[{\"value\":\"c@x\",\"primary\":true}]}]",
     WITH("\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":false},"
          "{\"value\":\"b@x\",\"type\":\"home\"},{\"value\":\"c@x\",\"primary\":true}]")},
    {"EN3 primary in text", BASE,
     "[{\"op\":\"add\",\"path\":\"roles\",\"value\":[{\"primary\":\"True\",\"value\":\"r\"}]}]",
     WITH("\"roles\":[{\"primary\":true,\"value\":\"r\"}]")},

    /* extensions */
    {"H28 extension path", BASE,
     "[{\"op\":\"add\",\"path\":\"" ENTERPRISE ":department\",\"value\":\"D\"}]",
     WITH("\"" ENTERPRISE "\":{\"department\":\"D\"}")},
    {"EN4 extension key", BASE,
     "[{\"op\":\"replace\",\"value\":{\"" ENTERPRISE ":employeeNumber\":\"771\"}}]",
     WITH("\"" ENTERPRISE "\":{\"employeeNumber\":\"771\"}")},
    {"container merges", WITH("\"" ENTERPRISE "\":{\"department\":\"D\"}"),
     "[{\"op\":\"replace\",\"value\":{\"" ENTERPRISE "\":{\"division\":\"V\"}}}]",
     WITH("\"" ENTERPRISE "\":{\"department\":\"D\",\"division\":\"V\"}")},
    {"container removed", WITH("\"" ENTERPRISE "\":{\"department\":\"D\"}"),
     "[{\"op\":\"remove\",\"path\":\"" ENTERPRISE "\"}]", BASE},
    {"EN8 manager as text", BASE,
     "[{\"op\":\"Add\",\"path\":\"" ENTERPRISE ":manager\",\"value\":\"u-9\"}]",
     WITH("\"" ENTERPRISE "\":{\"manager\":{\"value\":\"u-9\"}}")},
    {"EN8 manager in a list", BASE,
     "[{\"op\":\"Add\",\"path\":\"" ENTERPRISE
     ":manager\",\"value\":[{\"$ref\":\"x\",\"value\":\"u-9\"}]}]",
     WITH("\"" ENTERPRISE "\":{\"manager\":{\"$ref\":\"x\",\"value\":\"u-9\"}}")},
    {"EN8 manager emptied",
     WITH("\"" ENTERPRISE "\":{\"manager\":{\"$ref\":\"x\",\"value\":\"u\"}}"),
     "[{\"op\":\"Replace\",\"path\":\"" ENTERPRISE ":manager\",\"value\":{\"value\":\"\"}}]", BASE},
};

static void a_patch_changes_a_resource_as_the_texts_and_dialects_say(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof CHANGES / sizeof CHANGES[0]; i++) {
        const struct change_case *c = &CHANGES[i];
        struct json *after = NULL;
        const result r = patch(&f->scope, &TOLERANT, c->before, c->operations, &after);
        if (!is_ok(r)) {
            fail_msg("%s: %s", c->name, f->scope.reason);
        }
        if (!json_equals(after, read(&f->scope, c->after))) {
            const struct str got = json_write(f->scope.arena, after);
            fail_msg("%s: got %.*s", c->name, STR_ARG(got));
        }
    }
}

struct refusal_case {
    const char *name, *before, *operations, *reason;
};

static const struct refusal_case REFUSALS[] = {
    {"H2 no operations", BASE, "[]", "scim.syntax"},
    {"H2 no list", BASE, "{\"op\":\"add\"}", "scim.syntax"},
    {"an operation that is none", BASE, "[1]", "scim.syntax"},
    {"H2 no op", BASE, "[{\"path\":\"title\",\"value\":\"x\"}]", "scim.syntax"},
    {"H4 unknown op", BASE, "[{\"op\":\"frob\",\"path\":\"title\",\"value\":\"x\"}]",
     "scim.syntax"},
    {"H32 move", BASE, "[{\"op\":\"move\",\"path\":\"title\"}]", "scim.syntax"},
    {"H5 malformed path", BASE, "[{\"op\":\"add\",\"path\":\"a b\",\"value\":1}]", "scim.path"},
    {"H5 path of three", BASE, "[{\"op\":\"add\",\"path\":\"a.b.c\",\"value\":1}]", "scim.path"},
    {"H5 path that is no text", BASE, "[{\"op\":\"add\",\"path\":1,\"value\":1}]", "scim.path"},
    {"H5 bad filter in brackets", WITH(TWO_MAILS),
     "[{\"op\":\"add\",\"path\":\"emails[type is \\\"work\\\"].value\",\"value\":\"x\"}]",
     "scim.filter"},
    {"H5 bracket left open", WITH(TWO_MAILS),
     "[{\"op\":\"remove\",\"path\":\"emails[type eq \\\"work\\\"\"}]", "scim.filter"},
    {"text behind the bracket", WITH(TWO_MAILS),
     "[{\"op\":\"remove\",\"path\":\"emails[type eq \\\"work\\\"]x\"}]", "scim.path"},
    {"H32 index", WITH(TWO_MAILS), "[{\"op\":\"remove\",\"path\":\"emails[0]\"}]", "scim.filter"},
    {"filter on a single attribute", BASE,
     "[{\"op\":\"remove\",\"path\":\"name[givenName eq \\\"x\\\"]\"}]", "scim.path"},
    {"H9 remove without a path", BASE, "[{\"op\":\"remove\",\"value\":{\"title\":\"x\"}}]",
     "scim.no_target"},
    {"H12 add without a value", BASE, "[{\"op\":\"add\",\"path\":\"title\"}]", "scim.value"},
    {"no path, no object", BASE, "[{\"op\":\"add\",\"value\":\"x\"}]", "scim.value"},
    {"C7 read-only", BASE, "[{\"op\":\"replace\",\"path\":\"id\",\"value\":\"x\"}]",
     "scim.mutability"},
    {"C7 read-only sub-attribute", BASE,
     "[{\"op\":\"replace\",\"path\":\"meta.created\",\"value\":\"x\"}]", "scim.mutability"},
    {"H29 another id", BASE, "[{\"op\":\"replace\",\"value\":{\"id\":\"u2\"}}]", "scim.mutability"},
    {"C11 required", BASE, "[{\"op\":\"remove\",\"path\":\"userName\"}]", "scim.mutability"},
    {"H24 replace of nothing", WITH(TWO_MAILS),
     "[{\"op\":\"replace\",\"path\":\"emails[value eq \\\"z@x\\\"].display\",\"value\":\"x\"}]",
     "scim.no_target"},
    {"Q7 no usual type", WITH(TWO_MAILS),
     "[{\"op\":\"replace\",\"path\":\"emails[type eq \\\"boat\\\"].value\",\"value\":\"x\"}]",
     "scim.no_target"},
    {"Q7 two terms", WITH(TWO_MAILS),
     "[{\"op\":\"replace\",\"path\":\"emails[type eq \\\"other\\\" and primary eq true].value\","
     "\"value\":\"x\"}]",
     "scim.no_target"},
    {"H25 a filter that describes nothing", BASE,
     "[{\"op\":\"add\",\"path\":\"emails[type ne \\\"work\\\"].value\",\"value\":\"x\"}]",
     "scim.no_target"},
    {"H30 number for text", BASE, "[{\"op\":\"add\",\"path\":\"title\",\"value\":1}]",
     "scim.value"},
    {"H30 a word that is no boolean", BASE,
     "[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"no\"}]", "scim.value"},
    {"H30 number for a boolean", BASE, "[{\"op\":\"replace\",\"path\":\"active\",\"value\":0}]",
     "scim.value"},
    {"two values for one", BASE, "[{\"op\":\"add\",\"path\":\"title\",\"value\":[\"a\",\"b\"]}]",
     "scim.value"},
    {"C14 no base64", BASE,
     "[{\"op\":\"add\",\"path\":\"x509Certificates\",\"value\":[{\"value\":\"%%\"}]}]",
     "scim.value"},
    {"H7 the second of two", BASE,
     "[{\"op\":\"add\",\"path\":\"title\",\"value\":\"x\"},{\"op\":\"add\",\"path\":\"title\","
     "\"value\":1}]",
     "scim.value"},
};

static void a_patch_is_refused_for_its_own_reason(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        const struct refusal_case *c = &REFUSALS[i];
        struct json *after = NULL;
        f->scope.reason = "";
        const result r = patch(&f->scope, &TOLERANT, c->before, c->operations, &after);
        if (is_ok(r) || !str_eq(str_from_c(f->scope.reason), str_from_c(c->reason))) {
            fail_msg("%s: %s instead of %s", c->name, is_ok(r) ? "accepted" : f->scope.reason,
                     c->reason);
        }
        assert_null(after);
    }
}

/* The tolerances one by one: each of these is accepted above. */
static const struct refusal_case STRICT_REFUSALS[] = {
    {"unknown path", BASE, "[{\"op\":\"add\",\"path\":\"shoeSize\",\"value\":42}]",
     "scim.attribute"},
    {"unknown key", BASE, "[{\"op\":\"add\",\"value\":{\"shoeSize\":42}}]", "scim.attribute"},
    {"unknown sub-attribute", BASE,
     "[{\"op\":\"add\",\"path\":\"name\",\"value\":{\"nick\":\"x\"}}]", "scim.attribute"},
    {"boolean in text", BASE, "[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"False\"}]",
     "scim.value"},
    {"list of one", BASE, "[{\"op\":\"replace\",\"path\":\"active\",\"value\":[false]}]",
     "scim.value"},
    {"one value for a list", BASE,
     "[{\"op\":\"add\",\"path\":\"emails\",\"value\":{\"value\":\"b@x\"}}]", "scim.value"},
    {"H24 replace of an absent usual type", BASE,
     "[{\"op\":\"replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"x\"}]",
     "scim.no_target"},
};

static void a_strict_tenant_refuses_what_the_texts_do_not_allow(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof STRICT_REFUSALS / sizeof STRICT_REFUSALS[0]; i++) {
        const struct refusal_case *c = &STRICT_REFUSALS[i];
        struct json *after = NULL;
        assert_ok(patch(&f->scope, &TOLERANT, c->before, c->operations, &after));
        f->scope.reason = "";
        const result r = patch(&f->scope, &STRICT, c->before, c->operations, &after);
        if (is_ok(r) || !str_eq(str_from_c(f->scope.reason), str_from_c(c->reason))) {
            fail_msg("%s: %s instead of %s", c->name, is_ok(r) ? "accepted" : f->scope.reason,
                     c->reason);
        }
    }
}

static void a_patch_without_its_schema_is_read_by_a_tolerant_tenant_only(void **state) {
    struct fixture *f = *state;
    const struct json *body = read(
        &f->scope, "{\"Operations\":[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]}");
    const struct json *other =
        read(&f->scope, "{\"schemas\":[\"urn:x\"],\"Operations\":[{\"op\":\"replace\","
                        "\"path\":\"active\",\"value\":false}]}");
    struct scim_patch parsed = {0};

    assert_ok(scim_patch_parse(&f->scope, &TOLERANT, body, &parsed));
    assert_failed(scim_patch_parse(&f->scope, &STRICT, body, &parsed), &f->scope, INVALID,
                  "scim.syntax");
    assert_failed(scim_patch_parse(&f->scope, &TOLERANT, other, &parsed), &f->scope, INVALID,
                  "scim.syntax");
}

static void the_resource_that_was_there_is_never_touched(void **state) {
    struct fixture *f = *state;
    struct scope *scope = &f->scope;
    const struct json *before = read(scope, WITH(TWO_MAILS));
    const struct json *body =
        read(scope, "{\"Operations\":[{\"op\":\"remove\",\"path\":\"emails[type eq "
                    "\\\"work\\\"].value\"},{\"op\":\"add\",\"value\":{\"active\":false}}]}");
    struct scim_patch parsed = {0};
    struct json *after = NULL;

    assert_ok(scim_patch_parse(scope, &TOLERANT, body, &parsed));
    assert_ok(scim_patch_apply(scope, &TOLERANT, &parsed, before, &after));

    assert_true(json_equals(before, read(scope, WITH(TWO_MAILS))));
    assert_false(json_equals(before, after));
}

static const struct {
    const char *body;
    bool says;
} SAYS[] = {
    {"{\"active\":false}", true},
    {"{\"ACTIVE\":\"False\"}", true},
    {"{\"" CORE ":active\":false}", true},
    {"{\"active\":true}", false},
    {"{\"active\":null}", false},
    {"{\"active\":\"no\"}", false},
    {"{}", false},
    {"[]", false},
    {"{\"operations\":[{\"OP\":\"Replace\",\"PATH\":\"Active\",\"VALUE\":[\"false\"]}]}", true},
    {"{\"Operations\":[{\"op\":\"frob\",\"path\":\"active\",\"value\":false}]}", true},
    {"{\"Operations\":[{\"op\":\"replace\",\"value\":{\"active\":false}},1]}", true},
    {"{\"Operations\":[{\"op\":\"replace\",\"value\":{\"active\":false}},"
     "{\"op\":\"replace\",\"path\":\"active\",\"value\":true}]}",
     false},
    {"{\"Operations\":[{\"op\":\"remove\",\"path\":\"active\",\"value\":false}]}", false},
    {"{\"Operations\":[{\"op\":\"replace\",\"path\":\"title\",\"value\":{\"active\":false}}]}",
     false},
    {"{\"Operations\":[{\"op\":\"replace\",\"path\":\"title\",\"value\":false}]}", false},
};

static void active_false_is_heard_in_every_shape_and_nowhere_else(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof SAYS / sizeof SAYS[0]; i++) {
        if (scim_says_inactive(&f->scope, &SCIM_USER_TYPE, read(&f->scope, SAYS[i].body)) !=
            SAYS[i].says) {
            fail_msg("%s", SAYS[i].body);
        }
    }
}

static void too_many_operations_are_too_large(void **state) {
    struct fixture *f = *state;
    struct json *list = json_new_array(f->scope.arena);
    for (size_t i = 0; i < SCIM_MAX_OPERATIONS; i++) {
        json_append(f->scope.arena, list,
                    read(&f->scope, "{\"op\":\"add\",\"path\":\"title\",\"value\":\"x\"}"));
    }
    struct json *body = json_new_object(f->scope.arena);
    json_set(f->scope.arena, body, STR("Operations"), list);
    struct scim_patch parsed = {0};

    assert_ok(scim_patch_parse(&f->scope, &TOLERANT, body, &parsed));
    json_append(f->scope.arena, list, json_at(list, 0));
    assert_failed(scim_patch_parse(&f->scope, &TOLERANT, body, &parsed), &f->scope, TOO_LARGE,
                  "scim.operations");
}

static void a_list_takes_a_bounded_number_of_values(void **state) {
    struct fixture *f = *state;
    struct strbuf buf = strbuf_begin(f->scope.arena, 64 * 1024);
    for (int i = 0; i < SCIM_MAX_VALUES; i++) {
        strbuf_add_c(&buf, i == 0 ? "{\"value\":\"" : ",{\"value\":\"");
        strbuf_add_number(&buf, i);
        strbuf_add_c(&buf, "\"}");
    }
    const struct str full =
        str_format(f->scope.arena, "[{\"op\":\"add\",\"path\":\"roles\",\"value\":[%.*s]}]",
                   STR_ARG(strbuf_str(&buf)));
    const struct str over =
        str_format(f->scope.arena,
                   "[{\"op\":\"add\",\"path\":\"roles\",\"value\":[%.*s]},"
                   "{\"op\":\"add\",\"path\":\"roles\",\"value\":\"one more\"}]",
                   STR_ARG(strbuf_str(&buf)));
    struct json *after = NULL;

    assert_ok(patch(&f->scope, &TOLERANT, BASE, full.at, &after));
    assert_failed(patch(&f->scope, &TOLERANT, BASE, over.at, &after), &f->scope, INVALID,
                  "scim.value");
}

static void names_that_differ_in_case_only_are_refused_at_any_depth(void **state) {
    struct fixture *f = *state;
    assert_ok(scim_names_check(&f->scope, read(&f->scope, "{\"a\":{\"b\":1},\"b\":[{\"a\":1}]}")));
    assert_failed(scim_names_check(&f->scope, read(&f->scope, "{\"active\":true,\"Active\":1}")),
                  &f->scope, INVALID, "scim.duplicate_name");
    assert_failed(
        scim_names_check(&f->scope, read(&f->scope, "{\"x\":[{\"y\":{\"a\":1,\"A\":2}}]}")),
        &f->scope, INVALID, "scim.duplicate_name");
}

static const struct scim_attribute BADGE[] = {
    {.name = STR_INIT("badge"), .mutability = SCIM_IMMUTABLE}};
static const struct scim_schema BADGE_SCHEMA = {
    .id = STR_INIT("urn:example:Badge"), .attributes = BADGE, .attribute_count = 1};
static const struct scim_type BADGE_TYPE = {.name = STR_INIT("Badge"), .schema = &BADGE_SCHEMA};

static void an_immutable_attribute_is_set_once(void **state) {
    struct fixture *f = *state;
    const struct scim_rules rules = {.type = &BADGE_TYPE, .profile = &SCIM_TOLERANT};
    const char *set = "[{\"op\":\"add\",\"path\":\"badge\",\"value\":\"7\"}]";
    struct json *after = NULL;

    assert_ok(patch(&f->scope, &rules, "{}", set, &after));
    assert_ok(patch(&f->scope, &rules, "{\"badge\":\"7\"}", set, &after));
    assert_failed(patch(&f->scope, &rules, "{\"badge\":\"8\"}", set, &after), &f->scope, INVALID,
                  "scim.mutability");
    assert_failed(patch(&f->scope, &rules, "{\"badge\":\"8\"}",
                        "[{\"op\":\"remove\",\"path\":\"badge\"}]", &after),
                  &f->scope, INVALID, "scim.mutability");
    assert_ok(scim_resource_check_immutable(&f->scope, &BADGE_TYPE, read(&f->scope, "{}"),
                                            read(&f->scope, "{\"badge\":\"7\"}")));
    assert_failed(scim_resource_check_immutable(&f->scope, &BADGE_TYPE,
                                                read(&f->scope, "{\"badge\":\"7\"}"),
                                                read(&f->scope, "{}")),
                  &f->scope, INVALID, "scim.mutability");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_patch_changes_a_resource_as_the_texts_and_dialects_say),
        SENTENCE(a_patch_is_refused_for_its_own_reason),
        SENTENCE(a_strict_tenant_refuses_what_the_texts_do_not_allow),
        SENTENCE(a_patch_without_its_schema_is_read_by_a_tolerant_tenant_only),
        SENTENCE(the_resource_that_was_there_is_never_touched),
        SENTENCE(active_false_is_heard_in_every_shape_and_nowhere_else),
        SENTENCE(too_many_operations_are_too_large),
        SENTENCE(a_list_takes_a_bounded_number_of_values),
        SENTENCE(names_that_differ_in_case_only_are_refused_at_any_depth),
        SENTENCE(an_immutable_attribute_is_set_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
