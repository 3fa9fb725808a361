/* People as resources: created, shown, found, changed, restored, by the statements of RFC 7643 and
 * 7644 and in the dialects of providers. */
#include "tests/provisioning/desk.h"

#include <stdio.h>

#define DEACTIVATE OPERATIONS("[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]")

static int64_t total(const struct desk *desk, const char *query) {
    const struct reply reply = list(desk, query);
    assert_status(reply, 200);
    return json_as_integer(at(reply.json, "totalResults", NULL));
}

static bool has_only(const struct json *json, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (json_get(json, str_from_c(names[i])) == NULL) {
            return false;
        }
    }
    return json_count(json) == count;
}

static void a_new_person_is_shown_as_stored(void **state) {
    const struct desk desk = given_desk(*state, "acme");

    const struct reply reply = post(
        &desk,
        NEW_USER("\"userName\":\"Ana@Acme.test\",\"externalId\":\"00u1\",\"id\":\"mine\","
                 "\"name\":{\"givenName\":\"Ana\",\"familyName\":\"New\",\"middleName\":\"\"},"
                 "\"emails\":[{\"value\":\"Ana@Acme.test\",\"type\":\"work\",\"primary\":true}],"
                 "\"password\":\"canary-password\",\"groups\":[],\"roles\":[],"
                 "\"meta\":{\"resourceType\":\"Group\"},\"shoeSize\":42,"
                 "\"" ENTERPRISE_URN "\":{\"department\":\"Tour\",\"manager\":\"m-1\"}"));

    assert_status(reply, 201);
    const struct str id = text_at(&reply, "id");
    assert_false(str_eq(id, STR("mine")));                    /* R7 */
    assert_str(text_at(&reply, "userName"), "Ana@Acme.test"); /* R22 */
    assert_str(text_at(&reply, "externalId"), "00u1");
    assert_null(at(reply.json, "password", NULL)); /* C3 */
    assert_null(at(reply.json, "shoeSize", NULL)); /* Q1 */
    assert_null(at(reply.json, "roles", NULL));    /* R17, R18 */
    assert_null(at(reply.json, "name", "middleName", NULL));
    assert_int_equal(json_kind(at(reply.json, "active", NULL)), JSON_TRUE);           /* P7 */
    assert_int_equal(json_count(at(reply.json, "schemas", NULL)), 2);                 /* R2 */
    assert_str(json_as_string(at(reply.json, "meta", "resourceType", NULL)), "User"); /* R12 */
    assert_true(str_eq(json_as_string(at(reply.json, "meta", "created", NULL)),
                       json_as_string(at(reply.json, "meta", "lastModified", NULL)))); /* R13 */
    const struct str location = str_format(desk.d->fixture.scope.arena,
                                           "https://chat.test/scim/v2/Users/%.*s", STR_ARG(id));
    assert_true(str_eq(reply.location, location)); /* P1 */
    assert_true(str_eq(json_as_string(at(reply.json, "meta", "location", NULL)), location));
    assert_true(str_eq(json_as_string(at(reply.json, "meta", "version", NULL)), reply.etag));
    assert_true(str_eq(get(&desk, id).body, reply.body));
    assert_int_equal(number_of(desk.d,
                               "SELECT count(*) FROM scim_user WHERE org_id = $1 AND attributes "
                               "LIKE '%canary%' AND $2 = ''",
                               desk.actor.org_id, STR("")),
                     0);
}

static void the_messenger_takes_over_name_and_address(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply reply =
        post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e-1\","
                             "\"name\":{\"givenName\":\"Ana\",\"familyName\":\"New\"},"
                             "\"emails\":[{\"value\":\"home@x.test\"},"
                             "{\"value\":\"work@x.test\",\"primary\":true}]"));

    const struct user ana = person(&desk, text_at(&reply, "id"));

    assert_str(ana.display_name, "Ana New");
    assert_str(ana.email, "work@x.test");
    assert_str(ana.external_id, "e-1");
    assert_int_equal(ana.role, ROLE_MEMBER);
    assert_true(ana.is_directory_managed);
    assert_int_equal(audits_of(&desk, ana.id, "user.created"), 1);
}

static const struct {
    const char *name, *body, *type;
    int status;
} REFUSED_POSTS[] = {
    {"T6 no JSON", "{", "invalidSyntax", 400},
    {"T6 bad UTF-8", "{\"userName\":\"\xff\"}", "invalidSyntax", 400},
    {"no object", "[]", "invalidSyntax", 400},
    {"a member twice", "{\"userName\":\"a\",\"userName\":\"b\"}", "invalidSyntax", 400},
    {"T27 in two cases", NEW_USER("\"userName\":\"a\",\"username\":\"b\""), "invalidSyntax", 400},
    {"schemas are no list", "{\"schemas\":\"x\",\"userName\":\"a\"}", "invalidSyntax", 400},
    {"schemas are no texts", "{\"schemas\":[1],\"userName\":\"a\"}", "invalidSyntax", 400},
    {"C10 no userName", NEW_USER("\"title\":\"x\""), "invalidValue", 400},
    {"C10 empty userName", NEW_USER("\"userName\":\"\""), "invalidValue", 400},
    {"C10 blank userName", NEW_USER("\"userName\":\"  \""), "invalidValue", 400},
    {"userName of two lines", NEW_USER("\"userName\":\"a\\nb\""), "invalidValue", 400},
    {"C12 number for text", NEW_USER("\"userName\":1"), "invalidValue", 400},
    {"C12 text for complex", NEW_USER("\"userName\":\"a\",\"name\":\"x\""), "invalidValue", 400},
    {"C12 list for complex", NEW_USER("\"userName\":\"a\",\"name\":[1,2]"), "invalidValue", 400},
    {"P3 duplicate", NEW_USER("\"userName\":\"boss\""), "uniqueness", 409},
    {"P3 duplicate in another case", NEW_USER("\"userName\":\"BOSS\""), "uniqueness", 409},
    {"C18 duplicate in wide letters",
     NEW_USER("\"userName\":\"\xef\xbd\x82\xef\xbd\x8f\xef\xbd\x93\xef\xbd\x93\""), "uniqueness",
     409},
};

static void what_cannot_be_a_person_is_refused_and_leaves_nothing(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    for (size_t i = 0; i < sizeof REFUSED_POSTS / sizeof REFUSED_POSTS[0]; i++) {
        const struct reply reply = post(&desk, REFUSED_POSTS[i].body);
        if (reply.status != REFUSED_POSTS[i].status) {
            fail_msg("%s: %d %.*s", REFUSED_POSTS[i].name, reply.status, STR_ARG(reply.body));
        }
        assert_error(&reply, REFUSED_POSTS[i].status, REFUSED_POSTS[i].type);
    }
    assert_int_equal(total(&desk, ""), 1); /* the creator */
}

static void limits_hold_at_their_edge(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    struct arena *arena = desk.d->fixture.scope.arena;
    char text[1100];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = 'x';
    }
    const struct str name256 = str_format(arena, NEW_USER("\"userName\":\"%.256s\""), text);
    const struct str name257 = str_format(arena, NEW_USER("\"userName\":\"%.257s\""), text);
    const struct str id1024 =
        str_format(arena, NEW_USER("\"userName\":\"a\",\"externalId\":\"%.1024s\""), text);
    const struct str id1025 =
        str_format(arena, NEW_USER("\"userName\":\"b\",\"externalId\":\"%.1025s\""), text);

    assert_status(post(&desk, name256.at), 201);
    assert_status(post(&desk, name257.at), 400);
    assert_status(post(&desk, id1024.at), 201);
    assert_status(post(&desk, id1025.at), 400);
}

static void media_types_are_taken_as_clients_send_them(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const char *const types[] = {"application/json", "application/scim+json; charset=utf-8",
                                 "Application/SCIM+JSON", ""};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const struct str body =
            str_format(desk.d->fixture.scope.arena, NEW_USER("\"userName\":\"user%d\""), (int) i);
        assert_status(ask(&desk, scim_user_create,
                          (struct request_text){.body = body.at, .content_type = types[i]}),
                      201);
    }
    const struct reply refused = ask(&desk, scim_user_create,
                                     (struct request_text){.body = NEW_USER("\"userName\":\"x\""),
                                                           .content_type = "application/xml"});
    assert_error(&refused, 415, "");
}

static void a_post_of_somebody_inactive_brings_them_back_without_their_credentials(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply first =
        post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e-1\",\"title\":\"x\""));
    const struct str id = text_at(&first, "id");
    give_credential(&desk, id);
    assert_status(patch(&desk, id, DEACTIVATE), 200);

    const struct reply by_id =
        post(&desk, NEW_USER("\"userName\":\"ana.new\",\"externalId\":\"e-1\",\"nickName\":\"A\""));

    assert_status(by_id, 201);
    assert_true(str_eq(text_at(&by_id, "id"), id));
    assert_true(str_eq(by_id.location, first.location));
    assert_str(text_at(&by_id, "userName"), "ana.new");
    assert_null(at(by_id.json, "title", NULL));
    assert_int_equal(person(&desk, id).state, USER_ACTIVE);
    assert_int_equal(credentials_of(&desk, id), 0);
    assert_status(patch(&desk, id, DEACTIVATE), 200);
    const struct reply by_name = post(&desk, NEW_USER("\"userName\":\"ANA.NEW\""));
    assert_status(by_name, 201);
    assert_true(str_eq(text_at(&by_name, "id"), id));
    assert_int_equal(person(&desk, id).state, USER_ACTIVE);
}

static void a_post_that_says_inactive_updates_somebody_inactive_and_lets_nobody_in(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    const struct reply out = patch(&desk, id, DEACTIVATE);

    const struct reply reply =
        post(&desk, NEW_USER("\"userName\":\"ana\",\"active\":false,\"title\":\"x\""));

    assert_status(reply, 201);
    assert_str(text_at(&reply, "title"), "x");
    assert_int_equal(person(&desk, id).state, USER_DEACTIVATED);
    assert_true(reply.revoked.is_set);
    assert_int_equal(reply.revoked.seq, out.revoked.seq);
}

static void a_reused_name_of_somebody_else_is_refused_by_name(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply first = post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e-1\""));
    const struct str id = text_at(&first, "id");
    assert_status(patch(&desk, id, DEACTIVATE), 200);

    const struct reply reply = post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e-2\""));

    assert_error(&reply, 409, "uniqueness");
    assert_true(str_find(text_at(&reply, "detail"), id) > 0);
    assert_int_equal(person(&desk, id).state, USER_DEACTIVATED);
}

static void several_inactive_people_of_one_external_id_are_too_many(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply a = post(&desk, NEW_USER("\"userName\":\"a\",\"externalId\":\"e\""));
    assert_status(patch(&desk, text_at(&a, "id"), DEACTIVATE), 200);
    const struct reply b = post(&desk, NEW_USER("\"userName\":\"b\""));
    const struct str set =
        STR(OPERATIONS("[{\"op\":\"add\",\"value\":{\"externalId\":\"e\",\"active\":false}}]"));
    assert_status(patch(&desk, text_at(&b, "id"), set.at), 200); /* R10 */

    const struct reply reply = post(&desk, NEW_USER("\"userName\":\"c\",\"externalId\":\"e\""));

    assert_error(&reply, 409, "uniqueness");
}

static void who_was_deleted_comes_back_to_their_account_under_a_new_id(void **state) {
    struct desk desk = given_desk(*state, "acme");
    const struct reply first =
        post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e-1\",\"title\":\"x\""));
    const struct str old = text_at(&first, "id");
    give_credential(&desk, old);
    assert_status(drop(&desk, old), 204);
    const struct desk elsewhere = other_connection(&desk, "connection-2");

    const struct reply foreign =
        post(&elsewhere, NEW_USER("\"userName\":\"eve\",\"externalId\":\"e-1\""));
    const struct reply again = post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e-1\""));

    assert_status(foreign, 201); /* another connection's externalId is another person's */
    assert_false(str_eq(text_at(&foreign, "id"), old));
    assert_status(again, 201);
    const struct str id = text_at(&again, "id");
    assert_false(str_eq(id, old));
    assert_status(get(&desk, old), 404);
    assert_status(get(&desk, id), 200);
    assert_null(at(again.json, "title", NULL));
    const struct user ana = person(&desk, old); /* the account is the old one */
    assert_int_equal(ana.state, USER_ACTIVE);
    assert_str(ana.user_name, "ana");
    assert_int_equal(credentials_of(&desk, old), 0);
    assert_status(patch(&desk, id, DEACTIVATE), 200);
    assert_int_equal(person(&desk, old).state, USER_DEACTIVATED);
}

static void a_deleted_owner_comes_back_without_the_role(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str boss = desk.company.creator.id;
    const struct str set = STR(OPERATIONS("[{\"op\":\"add\",\"value\":{\"externalId\":\"b\"}}]"));
    assert_status(patch(&desk, boss, set.at), 200);
    assert_status(drop(&desk, boss), 204);

    assert_status(post(&desk, NEW_USER("\"userName\":\"boss\",\"externalId\":\"b\"")), 201);

    assert_int_equal(person(&desk, boss).state, USER_ACTIVE);
    assert_int_equal(person(&desk, boss).role, ROLE_MEMBER);
}

static void somebody_whom_no_directory_has_touched_is_seen_and_can_be_changed(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct user eve = given_user(desk.d, desk.actor.org_id, "Eve", ROLE_ADMIN);

    const struct reply found =
        list(&desk, "filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22EVE@example.com%22");
    const struct reply seen = get(&desk, eve.id);
    const struct reply changed =
        patch(&desk, eve.id, OPERATIONS("[{\"op\":\"add\",\"value\":{\"externalId\":\"e\"}}]"));

    assert_int_equal(json_as_integer(at(found.json, "totalResults", NULL)), 1);
    assert_status(seen, 200);
    assert_str(text_at(&seen, "userName"), "Eve");
    assert_str(text_at(&seen, "displayName"), "Eve");
    assert_status(changed, 200);
    assert_str(text_at(&changed, "externalId"), "e");
    assert_str(text_at(&changed, "displayName"), "Eve");
    assert_int_equal(json_count(at(changed.json, "emails", NULL)), 1);
    assert_int_equal(person(&desk, eve.id).role, ROLE_ADMIN);
    assert_int_equal(total(&desk, "filter=externalId+eq+%22e%22"), 1);
}

static void conditional_requests_follow_the_tag(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    const struct reply first = get(&desk, id);
    const char *tag = str_format(desk.d->fixture.scope.arena, "%.*s", STR_ARG(first.etag)).at;
    const char *c_id = str_format(desk.d->fixture.scope.arena, "%.*s", STR_ARG(id)).at;
    const char *title = OPERATIONS("[{\"op\":\"add\",\"value\":{\"title\":\"x\"}}]");

    const struct reply same =
        ask(&desk, scim_user_get, (struct request_text){.id = c_id, .if_none_match = tag});
    const struct reply changed = ask(
        &desk, scim_user_patch, (struct request_text){.id = c_id, .body = title, .if_match = tag});
    const struct reply stale = ask(
        &desk, scim_user_patch, (struct request_text){.id = c_id, .body = title, .if_match = tag});
    const struct reply any = ask(&desk, scim_user_patch,
                                 (struct request_text){.id = c_id, .body = title, .if_match = "*"});
    const struct reply other =
        ask(&desk, scim_user_get, (struct request_text){.id = c_id, .if_none_match = tag});
    const struct reply stale_drop =
        ask(&desk, scim_user_delete, (struct request_text){.id = c_id, .if_match = tag});

    assert_status(same, 304); /* V2 */
    assert_int_equal(same.body.len, 0);
    assert_status(changed, 200);
    assert_false(str_eq(changed.etag, first.etag));
    assert_error(&stale, 412, ""); /* V3, Q4 */
    assert_status(any, 200);       /* V4 */
    assert_true(str_eq(any.etag, changed.etag));
    assert_status(other, 200);
    assert_error(&stale_drop, 412, ""); /* X6 */
    assert_int_equal(person(&desk, id).state, USER_ACTIVE);
    assert_status(patch(&desk, id, DEACTIVATE), 200);
    assert_false(str_eq(get(&desk, id).etag, changed.etag)); /* V5 */
}

static void a_change_of_nothing_changes_no_version(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply first =
        post(&desk, NEW_USER("\"userName\":\"ana\",\"emails\":[{\"value\":\"a@x.test\"}],"
                             "\"title\":\"x\""));
    const struct str id = text_at(&first, "id");
    fake_clock_advance(&desk.d->fixture.time, S_TO_US(60));

    const struct reply added =
        patch(&desk, id,
              OPERATIONS("[{\"op\":\"add\",\"path\":\"emails\",\"value\":[{\"value\":"
                         "\"a@x.test\"}]},{\"op\":\"replace\",\"value\":{\"title\":\"x\"}}]"));
    const struct reply again = put(&desk, id, first.body.at); /* OK5: the whole object back */

    assert_status(added, 200);
    assert_true(str_eq(added.body, first.body)); /* H15, H35 */
    assert_status(again, 200);
    assert_true(str_eq(again.body, first.body)); /* U3, U8 */
    assert_int_equal(audits_of(&desk, id, "user.changed"), 0);
}

static void a_put_clears_what_it_leaves_out(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply first =
        post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e\",\"title\":\"x\","
                             "\"" ENTERPRISE_URN "\":{\"department\":\"D\"}"));
    const struct str id = text_at(&first, "id");

    const struct reply reply =
        put(&desk, id, NEW_USER("\"userName\":\"Ana2\",\"nickName\":\"A\",\"id\":\"other\""));

    assert_status(reply, 200);
    static const char *const LEFT[] = {"schemas", "id", "userName", "nickName", "active", "meta"};
    assert_true(has_only(reply.json, LEFT, 6)); /* U2, U9 */
    assert_int_equal(json_count(at(reply.json, "schemas", NULL)), 1);
    assert_true(str_eq(text_at(&reply, "id"), id));
    const struct reply missing = put(&desk, id, NEW_USER("\"nickName\":\"A\""));
    assert_error(&missing, 400, "invalidValue"); /* U4 */
    const struct reply taken = put(&desk, id, NEW_USER("\"userName\":\"boss\""));
    assert_error(&taken, 409, "uniqueness"); /* U6 */
    assert_true(str_eq(get(&desk, id).body, reply.body));
}

static void a_rename_keeps_the_id_and_moves_the_name(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");

    const struct reply reply = patch(
        &desk, id, OPERATIONS("[{\"op\":\"Replace\",\"path\":\"userName\",\"value\":\"Ann\"}]"));

    assert_status(reply, 200); /* EN25 */
    assert_int_equal(person(&desk, id).state, USER_ACTIVE);
    assert_int_equal(credentials_of(&desk, id), 1);
    assert_int_equal(total(&desk, "filter=userName+eq+%22ANN%22"), 1);
    assert_int_equal(total(&desk, "filter=userName+eq+%22ana%22"), 0);
    assert_status(post(&desk, NEW_USER("\"userName\":\"ana\"")), 201);
}

static void given_people(const struct desk *desk) {
    assert_status(post(desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"E-1\",\"displayName\":"
                                      "\"Ana N\",\"emails\":[{\"value\":\"ana@x.test\",\"type\":"
                                      "\"work\"},{\"value\":\"ana@home.test\",\"type\":\"home\"}],"
                                      "\"title\":\"Chief\"")),
                  201);
    assert_status(post(desk, NEW_USER("\"userName\":\"bob\",\"externalId\":\"E-2\",\"emails\":[{"
                                      "\"value\":\"bob@x.test\",\"type\":\"work\"}],\"active\":"
                                      "false")),
                  201);
    assert_status(post(desk, NEW_USER("\"userName\":\"cleo\",\"externalId\":\"E-3\"")), 201);
}

static const struct {
    const char *name, *query;
    int64_t total;
} FINDS[] = {
    {"all, with the creator", "", 4},
    {"EN16 a random GUID", "filter=userName+eq+%226f1c9a4e%22", 0},
    {"OK1", "filter=userName%20eq%20%22ana%22&startIndex=1&count=100", 1},
    {"F12 folded", "filter=userName+eq+%22ANA%22", 1},
    {"externalId", "filter=externalId+eq+%22E-1%22", 1},
    {"externalId is caseExact", "filter=externalId+eq+%22e-1%22", 0},
    {"id unknown", "filter=id+eq+%22nobody%22", 0},
    {"email", "filter=emails.value+eq+%22ANA@HOME.test%22", 1},
    {"PingFederate", "filter=emails+eq+%22ana@x.test%22", 1},
    {"EN11 typed email", "filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22ana@x.test%22", 1},
    {"typed email of another type",
     "filter=emails%5Btype+eq+%22home%22%5D.value+eq+%22ana@x.test%22", 0},
    {"typed email, value first",
     "filter=emails%5Bvalue+eq+%22ana@x.test%22+and+type+eq+%22work%22%5D", 1},
    {"two terms on one address", "filter=emails%5Btype+eq+%22home%22+and+value+co+%22@x%22%5D", 0},
    {"displayName", "filter=displayName+eq+%22ana%20n%22", 1},
    {"displayName of somebody untouched", "filter=displayName+eq+%22the+boss%22", 1},
    {"EN28 capital", "filter=DisplayName+eq+%22Ana+N%22", 1},
    {"active", "filter=active+eq+true", 3},
    {"active in text", "filter=active+eq+%22False%22", 1},
    {"L17 inactive people are there", "filter=userName+eq+%22bob%22", 1},
    {"and", "filter=userName+eq+%22ana%22+and+active+eq+true", 1},
    {"and that fails", "filter=userName+eq+%22ana%22+and+active+eq+false", 0},
    {"and in the other order", "filter=active+eq+false+and+externalId+eq+%22E-2%22", 1},
    {"or", "filter=userName+eq+%22ana%22+or+userName+eq+%22bob%22", 2},
    {"not", "filter=not+(userName+eq+%22ana%22)", 3},
    {"sw", "filter=userName+sw+%22b%22", 2},
    {"pr", "filter=title+pr", 1},
    {"meta", "filter=meta.resourceType+eq+%22User%22", 4},
    {"EN26 escaped twice", "filter=userName%2520eq%2520%2522ana%2522", 1},
    {"T17 unknown parameters", "frob=1&sortBy=userName", 4},
    {"T22 other case", "FILTER=userName+eq+%22ana%22", 1},
};

static void a_filter_finds_whom_it_means_on_both_engines(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct desk other = given_desk(*state, "other");
    given_people(&desk);
    given_people(&other);
    for (size_t i = 0; i < sizeof FINDS / sizeof FINDS[0]; i++) {
        const int64_t found = total(&desk, FINDS[i].query);
        if (found != FINDS[i].total) {
            fail_msg("%s: %d", FINDS[i].name, (int) found);
        }
    }
    const struct str id = hired(&desk, "dora");
    const struct str query =
        str_format(desk.d->fixture.scope.arena, "filter=id+eq+%%22%.*s%%22", STR_ARG(id));
    assert_int_equal(total(&desk, query.at), 1);
    assert_int_equal(total(&other, query.at), 0);
}

static const struct {
    const char *query, *type;
} BAD_QUERIES[] = {
    {"filter=", "invalidFilter"}, /* F31 */
    {"filter=userName+eq+bjensen", "invalidFilter"},
    {"filter=shoeSize+eq+%221%22", "invalidFilter"},
    {"filter=userName", "invalidFilter"},
    {"count=ten", "invalidValue"}, /* L10 */
    {"startIndex=1.5", "invalidValue"},
    {"count=99999999999999999999", "invalidValue"},
    {"attributes=id&excludedAttributes=name", "invalidValue"}, /* A8 */
    {"filter=id+pr&filter=id+pr", "invalidValue"},
    {"filter=%zz", "invalidValue"},
};

static void a_query_that_cannot_be_read_is_refused(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    for (size_t i = 0; i < sizeof BAD_QUERIES / sizeof BAD_QUERIES[0]; i++) {
        const struct reply reply = list(&desk, BAD_QUERIES[i].query);
        assert_error(&reply, 400, BAD_QUERIES[i].type);
    }
}

static void assert_page(const struct desk *desk, const char *query, int64_t start, int64_t items) {
    const struct reply reply = list(desk, query);
    assert_status(reply, 200);
    assert_int_equal(json_as_integer(at(reply.json, "totalResults", NULL)), 4);
    assert_int_equal(json_as_integer(at(reply.json, "startIndex", NULL)), start);
    assert_int_equal(json_as_integer(at(reply.json, "itemsPerPage", NULL)), items);
    assert_int_equal(json_count(at(reply.json, "Resources", NULL)), items);
    assert_true(json_is_array(at(reply.json, "Resources", NULL)));
}

static void lists_come_in_pages_of_stable_order(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    given_people(&desk);

    assert_page(&desk, "", 1, 4);
    assert_page(&desk, "startIndex=2&count=2", 2, 2);
    assert_page(&desk, "startIndex=4&count=2", 4, 1);
    assert_page(&desk, "startIndex=9", 9, 0);  /* L11 */
    assert_page(&desk, "startIndex=-3", 1, 4); /* L6 */
    assert_page(&desk, "startIndex=0", 1, 4);
    assert_page(&desk, "count=0", 1, 0);  /* L8 */
    assert_page(&desk, "count=-1", 1, 0); /* L9 */
    assert_page(&desk, "count=1000", 1, 4);
    assert_page(&desk, "filter=userName+pr&startIndex=2&count=2", 2, 2); /* compared one by one */
    const struct reply all = list(&desk, "");
    for (int i = 0; i < 4; i++) { /* L13 */
        char query[32];
        (void) snprintf(query, sizeof query, "startIndex=%d&count=1", i + 1);
        const struct reply one = list(&desk, query);
        assert_true(json_equals(json_at(at(one.json, "Resources", NULL), 0),
                                json_at(at(all.json, "Resources", NULL), (size_t) i)));
    }
}

static void a_scan_of_too_many_people_is_refused_and_an_index_is_not(void **state) {
    static const struct statement CROWD = {
        "test.crowd", TENANT,
        "INSERT INTO org_user (org_id, id, user_name, name_key, display_name, display_key, state, "
        "role, is_directory_managed, epoch, revoked_seq, created_us, changed_us, seen_us) "
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "SELECT $1, 'crowd-' || i, 'crowd' || i, 'crowd' || i, '', '', 'active', 'member', 0, 1, "
        "0, "
        "1, 1, 0 FROM n",
        NULL};
    const struct desk desk = given_desk(*state, "acme");
    given_row(desk.d, &CROWD, VALUES(value_text(desk.actor.org_id)));

    const struct reply scan = list(&desk, "filter=userName+sw+%22crowd%22");
    const struct reply found = list(&desk, "filter=userName+eq+%22crowd7%22+and+active+eq+true");
    const struct reply page = list(&desk, "startIndex=20000");

    assert_error(&scan, 400, "tooMany"); /* L15 */
    assert_int_equal(json_as_integer(at(found.json, "totalResults", NULL)), 1);
    assert_int_equal(json_as_integer(at(page.json, "totalResults", NULL)), 20001);
    assert_int_equal(json_as_integer(at(page.json, "itemsPerPage", NULL)), 2);
    assert_int_equal(json_count(at(list(&desk, "").json, "Resources", NULL)), 100);
    assert_int_equal(json_count(at(list(&desk, "count=500").json, "Resources", NULL)), 200);
}

static void attributes_can_be_asked_for_and_left_out(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply first = post(
        &desk, NEW_USER("\"userName\":\"ana\",\"name\":{\"givenName\":\"A\",\"familyName\":\"N\"},"
                        "\"emails\":[{\"value\":\"a@x.test\",\"type\":\"work\"}],"
                        "\"" ENTERPRISE_URN "\":{\"department\":\"D\",\"division\":\"V\"}"));
    const char *id =
        str_format(desk.d->fixture.scope.arena, "%.*s", STR_ARG(text_at(&first, "id"))).at;
    static const struct {
        const char *query, *wanted;
    } cases[] = {
        {"attributes=userName", "schemas id userName"},       /* A2 */
        {"attributes=USERNAME,title", "schemas id userName"}, /* A5 */
        {"attributes=shoeSize", "schemas id"},
        {"attributes=" CORE_URN ":userName", "schemas id userName"}, /* A4 */
        {"attributes=" ENTERPRISE_URN, "schemas id " ENTERPRISE_URN},
        {"attributes=emails%5Btype+eq+%22work%22%5D", "schemas id emails"}, /* A10 */
        {"excludedAttributes=id,schemas,name,emails,meta," ENTERPRISE_URN,
         "schemas id userName active"}, /* A6 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply =
            ask(&desk, scim_user_get, (struct request_text){.id = id, .query = cases[i].query});
        assert_status(reply, 200);
        struct str rest = str_from_c(cases[i].wanted);
        size_t count = 0;
        while (rest.len > 0) {
            struct str name;
            rest = str_split(rest, ' ', &name);
            assert_non_null(json_get(reply.json, name));
            count++;
        }
        assert_int_equal(json_count(reply.json), count);
    }
    const struct reply sub =
        ask(&desk, scim_user_get,
            (struct request_text){.id = id,
                                  .query = "attributes=name.givenName,emails.type," ENTERPRISE_URN
                                           ":division"}); /* A3 */
    assert_int_equal(json_count(at(sub.json, "name", NULL)), 1);
    assert_str(json_as_string(at(sub.json, "name", "givenName", NULL)), "A");
    assert_int_equal(json_count(json_at(at(sub.json, "emails", NULL), 0)), 1);
    assert_int_equal(json_count(at(sub.json, ENTERPRISE_URN, NULL)), 1);
    const struct reply without =
        ask(&desk, scim_user_get,
            (struct request_text){.id = id, .query = "excludedAttributes=name.givenName"});
    assert_int_equal(json_count(at(without.json, "name", NULL)), 1);
    assert_non_null(at(without.json, "name", "familyName", NULL));
    const struct reply in_list = list(&desk, "attributes=userName&filter=userName+eq+%22ana%22");
    assert_int_equal(json_count(json_at(at(in_list.json, "Resources", NULL), 0)), 3); /* A1 */
    const struct reply in_patch =
        ask(&desk, scim_user_patch,
            (struct request_text){
                .id = id,
                .query = "attributes=title",
                .body = OPERATIONS("[{\"op\":\"add\",\"path\":\"title\",\"value\":\"x\"}]")});
    assert_status(in_patch, 200); /* A9 */
    assert_int_equal(json_count(in_patch.json), 3);
}

static void an_external_id_is_its_connections_own(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct desk other = other_connection(&desk, "connection-2");
    const struct reply ana = post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e\""));
    const struct str id = text_at(&ana, "id");

    const struct reply seen = get(&other, id); /* R9 */
    const struct reply changed =
        patch(&other, id, OPERATIONS("[{\"op\":\"add\",\"value\":{\"title\":\"x\"}}]"));

    assert_null(at(seen.json, "externalId", NULL));
    assert_status(changed, 200);
    assert_int_equal(total(&other, "filter=externalId+eq+%22e%22"), 0);
    assert_int_equal(total(&desk, "filter=externalId+eq+%22e%22"), 1);
    const struct reply kept = get(&desk, id);
    assert_str(text_at(&kept, "externalId"), "e");
}

static void only_a_connection_may_call(void **state) {
    struct desk desk = given_desk(*state, "acme");
    desk.actor = actor_of(&desk.company.creator);

    const struct reply all = list(&desk, "");
    const struct reply one = post(&desk, NEW_USER("\"userName\":\"boss\",\"active\":false"));

    assert_error(&all, 403, "");
    assert_error(&one, 403, "");
    assert_false(one.revoked.is_set);
    assert_int_equal(person(&desk, desk.company.creator.id).state, USER_ACTIVE);
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_new_person_is_shown_as_stored),
        ON_BOTH(the_messenger_takes_over_name_and_address),
        ON_BOTH(what_cannot_be_a_person_is_refused_and_leaves_nothing),
        ON_BOTH(limits_hold_at_their_edge),
        ON_BOTH(media_types_are_taken_as_clients_send_them),
        ON_BOTH(a_post_of_somebody_inactive_brings_them_back_without_their_credentials),
        ON_BOTH(a_post_that_says_inactive_updates_somebody_inactive_and_lets_nobody_in),
        ON_BOTH(a_reused_name_of_somebody_else_is_refused_by_name),
        ON_BOTH(several_inactive_people_of_one_external_id_are_too_many),
        ON_BOTH(who_was_deleted_comes_back_to_their_account_under_a_new_id),
        ON_BOTH(a_deleted_owner_comes_back_without_the_role),
        ON_BOTH(somebody_whom_no_directory_has_touched_is_seen_and_can_be_changed),
        ON_BOTH(conditional_requests_follow_the_tag),
        ON_BOTH(a_change_of_nothing_changes_no_version),
        ON_BOTH(a_put_clears_what_it_leaves_out),
        ON_BOTH(a_rename_keeps_the_id_and_moves_the_name),
        ON_BOTH(a_filter_finds_whom_it_means_on_both_engines),
        ON_BOTH(a_query_that_cannot_be_read_is_refused),
        ON_BOTH(lists_come_in_pages_of_stable_order),
        ON_BOTH(a_scan_of_too_many_people_is_refused_and_an_index_is_not),
        ON_BOTH(attributes_can_be_asked_for_and_left_out),
        ON_BOTH(an_external_id_is_its_connections_own),
        ON_BOTH(only_a_connection_may_call),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
