/* What answers carry: the parts of a resource that were asked for, and its tag. The letter and
 * number of each test is the statement that it shows. */
#include "tests/provisioning/desk.h"

#define TITLE OPERATIONS("[{\"op\":\"replace\",\"path\":\"title\",\"value\":\"x\"}]")
#define SEARCH(more)                                                                               \
    "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:SearchRequest\"]," more "}"
#define ANA                                                                                        \
    "\"userName\":\"ana\",\"name\":{\"givenName\":\"A\",\"familyName\":\"N\"},"                    \
    "\"emails\":[{\"value\":\"a@x.test\",\"type\":\"work\"},{\"value\":\"a@y.test\"}],"            \
    "\"" ENTERPRISE_URN "\":{\"department\":\"D\",\"division\":\"V\"}"

static const char *c_text(const struct desk *desk, struct str text) {
    return str_format(desk->d->fixture.scope.arena, "%.*s", STR_ARG(text)).at;
}

/* The names at the top of a resource are these and no others: "schemas id userName". */
static void assert_only(const struct json *resource, const char *names) {
    struct str rest = str_from_c(names);
    size_t count = 0;
    while (rest.len > 0) {
        struct str name;
        rest = str_split(rest, ' ', &name);
        if (json_get(resource, name) == NULL) {
            fail_msg("no %.*s", STR_ARG(name));
        }
        count++;
    }
    assert_int_equal(json_count(resource), count);
}

static struct reply get_with(const struct desk *desk, const char *id, const char *query) {
    const struct reply reply =
        ask(desk, scim_user_get, (struct request_text){.id = id, .query = query});
    assert_status(reply, 200);
    return reply;
}

static void a1_a9_every_answer_is_cut_to_what_was_asked_for(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    static const char *const wanted = "attributes=userName";
    static const char *const left = "schemas id userName";
    const struct reply made =
        ask(&desk, scim_user_create, (struct request_text){.query = wanted, .body = NEW_USER(ANA)});
    const char *id = c_text(&desk, text_at(&made, "id"));
    const struct reply replaced = ask(
        &desk, scim_user_replace,
        (struct request_text){.id = id, .query = wanted, .body = NEW_USER(ANA ",\"title\":\"y\"")});
    const struct reply patched = ask(
        &desk, scim_user_patch, (struct request_text){.id = id, .query = wanted, .body = TITLE});
    const struct reply listed = list(&desk, "filter=userName+eq+%22ana%22&attributes=userName");
    const struct reply searched =
        ask(&desk, scim_user_search,
            (struct request_text){.body = SEARCH("\"filter\":\"userName eq \\\"ana\\\"\","
                                                 "\"attributes\":[\"userName\"]")});

    assert_status(made, 201);
    assert_only(made.json, left);
    assert_true(made.etag.len > 0 && made.location.len > 0);
    assert_status(replaced, 200);
    assert_only(replaced.json, left);
    assert_status(patched, 200); /* A9 */
    assert_only(patched.json, left);
    assert_only(get_with(&desk, id, wanted).json, left);
    assert_only(json_at(at(listed.json, "Resources", NULL), 0), left);
    assert_only(json_at(at(searched.json, "Resources", NULL), 0), left);
}

static void a2_a4_a5_a6_a10_names_of_attributes(void **state) {
    static const struct {
        const char *id, *query, *left;
    } CASES[] = {
        {"A2", "attributes=userName", "schemas id userName"},
        {"A2 meta", "attributes=userName,meta", "schemas id userName meta"},
        {"A4 core", "attributes=" CORE_URN ":userName", "schemas id userName"},
        {"A4 container", "attributes=" ENTERPRISE_URN, "schemas id " ENTERPRISE_URN},
        {"A5 case", "attributes=USERNAME,+Emails", "schemas id userName emails"},
        {"A5 unknown", "attributes=shoeSize,userName", "schemas id userName"},
        {"A5 none known", "attributes=shoeSize", "schemas id"},
        {"A5 empty", "attributes=&excludedAttributes=emails,name,meta," ENTERPRISE_URN,
         "schemas id userName active"},
        {"A6", "excludedAttributes=name,emails,meta," ENTERPRISE_URN, "schemas id userName active"},
        {"A6 always", "excludedAttributes=id,schemas,meta",
         "schemas id userName active name emails " ENTERPRISE_URN},
        {"A10", "attributes=emails%5Btype+eq+%22work%22%5D", "schemas id emails"},
        {"A10 odd", "attributes=%5B%2C%5D,,emails.", "schemas id"},
        {"C3", "attributes=password", "schemas id"},
    };
    const struct desk desk = given_desk(*state, "acme");
    const struct reply made = post(&desk, NEW_USER(ANA ",\"password\":\"canary\""));
    const char *id = c_text(&desk, text_at(&made, "id"));
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_only(get_with(&desk, id, CASES[i].query).json, CASES[i].left);
    }
}

static void a3_a4_sub_attributes_can_be_named(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply made = post(&desk, NEW_USER(ANA));
    const char *id = c_text(&desk, text_at(&made, "id"));

    const struct reply some =
        get_with(&desk, id, "attributes=name.givenName,emails.type," ENTERPRISE_URN ":division");
    const struct reply others =
        get_with(&desk, id, "excludedAttributes=name.givenName," ENTERPRISE_URN ":division");

    assert_only(some.json, "schemas id name emails " ENTERPRISE_URN);
    assert_only(at(some.json, "name", NULL), "givenName");
    assert_int_equal(json_count(at(some.json, "emails", NULL)), 1); /* one has a type */
    assert_only(json_at(at(some.json, "emails", NULL), 0), "type");
    assert_only(at(some.json, ENTERPRISE_URN, NULL), "division");
    assert_only(at(others.json, "name", NULL), "familyName");
    assert_only(at(others.json, ENTERPRISE_URN, NULL), "department");
}

static void a8_both_lists_at_once_are_refused(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    static const char *const query = "attributes=userName&excludedAttributes=name";
    const struct reply made =
        ask(&desk, scim_user_create, (struct request_text){.query = query, .body = NEW_USER(ANA)});
    const struct reply listed = list(&desk, query);

    assert_error(&made, 400, "invalidValue");
    assert_error(&listed, 400, "invalidValue");
    const struct reply none = list(&desk, "filter=userName+eq+%22ana%22");
    assert_int_equal(json_as_integer(at(none.json, "totalResults", NULL)), 0);
}

static void v1_p2_r15_the_tag_is_the_version(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply made = post(&desk, NEW_USER(ANA));
    const struct str id = text_at(&made, "id");
    const struct reply replies[] = {made, get(&desk, id), patch(&desk, id, TITLE),
                                    put(&desk, id, NEW_USER(ANA))};
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        assert_true(str_has_prefix(replies[i].etag, STR("W/\"")));
        assert_true(
            str_eq(replies[i].etag, json_as_string(at(replies[i].json, "meta", "version", NULL))));
    }
    assert_true(str_eq(replies[0].etag, replies[1].etag));
    assert_false(str_eq(replies[1].etag, replies[2].etag)); /* V5 */
    assert_false(str_eq(replies[2].etag, replies[3].etag));
}

static void v2_what_is_known_is_not_sent_again(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply made = post(&desk, NEW_USER(ANA));
    const char *id = c_text(&desk, text_at(&made, "id"));
    const char *tag = c_text(&desk, made.etag);
    const char *among = str_format(desk.d->fixture.scope.arena, "\"a\", %s", tag).at;
    const char *const known[] = {tag, "*", among};
    for (size_t i = 0; i < 3; i++) {
        const struct reply reply =
            ask(&desk, scim_user_get, (struct request_text){.id = id, .if_none_match = known[i]});
        assert_status(reply, 304);
        assert_int_equal(reply.body.len, 0);
        assert_true(str_eq(reply.etag, made.etag));
    }
    const struct reply other =
        ask(&desk, scim_user_get, (struct request_text){.id = id, .if_none_match = "W/\"0.0\""});
    assert_status(other, 200);
}

static void v3_v4_x6_a_change_can_be_bound_to_the_tag(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply made = post(&desk, NEW_USER(ANA));
    const struct str id_text = text_at(&made, "id");
    const char *id = c_text(&desk, id_text);
    static const struct {
        const char *name;
        call_handler handler;
        const char *body;
    } CHANGES[] = {
        {"PUT", scim_user_replace, NEW_USER("\"userName\":\"eve\"")},
        {"PATCH", scim_user_patch, TITLE},
        {"DELETE", scim_user_delete, NULL},
    };
    for (size_t i = 0; i < 3; i++) { /* V3 */
        const struct reply reply =
            ask(&desk, CHANGES[i].handler,
                (struct request_text){.id = id, .body = CHANGES[i].body, .if_match = "W/\"0.0\""});
        assert_error(&reply, 412, "");
        assert_true(str_eq(get(&desk, id_text).body, made.body));
    }
    const struct reply any = ask(&desk, scim_user_patch,
                                 (struct request_text){.id = id, .body = TITLE, .if_match = "*"});
    assert_status(any, 200); /* V4 */
    const struct reply right =
        ask(&desk, scim_user_delete,
            (struct request_text){.id = id, .if_match = c_text(&desk, any.etag)});
    assert_status(right, 204);
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(a1_a9_every_answer_is_cut_to_what_was_asked_for),
        ON_BOTH(a2_a4_a5_a6_a10_names_of_attributes),
        ON_BOTH(a3_a4_sub_attributes_can_be_named),
        ON_BOTH(a8_both_lists_at_once_are_refused),
        ON_BOTH(v1_p2_r15_the_tag_is_the_version),
        ON_BOTH(v2_what_is_known_is_not_sent_again),
        ON_BOTH(v3_v4_x6_a_change_can_be_bound_to_the_tag),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
