/* Groups by the statements of RFC 7643 and 7644 and in the dialects of providers; the names of the
 * tests begin with the statement's id. */
#include "tests/provisioning/teams.h"

static int64_t total(const struct desk *desk, const char *query) {
    const struct reply reply = team_list(desk, query);
    assert_status(reply, 200);
    return json_as_integer(at(reply.json, "totalResults", NULL));
}

static void p1_a_new_group_is_shown_as_stored(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ana = hired(&desk, "ana");

    const struct reply reply = team_post(
        &desk, text_of(&desk,
                       NEW_GROUP("\"displayName\":\"Ops\",\"externalId\":\"g1\",\"id\":\"mine\","
                                 "\"meta\":{\"resourceType\":\"User\"},\"members\":[{\"value\":"
                                 "\"%.*s\",\"display\":\"x\"}]"),
                       STR_ARG(ana)));

    assert_status(reply, 201);
    const struct str id = text_at(&reply, "id");
    assert_false(str_eq(id, STR("mine"))); /* R7 */
    assert_str(text_at(&reply, "displayName"), "Ops");
    assert_str(text_at(&reply, "externalId"), "g1");
    assert_str(json_as_string(json_at(at(reply.json, "schemas", NULL), 0)), GROUP_URN); /* R1 */
    assert_int_equal(json_count(at(reply.json, "schemas", NULL)), 1);
    assert_str(json_as_string(at(reply.json, "meta", "resourceType", NULL)), "Group"); /* R12 */
    assert_true(str_eq(json_as_string(at(reply.json, "meta", "created", NULL)),
                       json_as_string(at(reply.json, "meta", "lastModified", NULL)))); /* R13 */
    assert_str(reply.location,
               text_of(&desk, "https://chat.test/scim/v2/Groups/%.*s", STR_ARG(id)));
    assert_true(str_eq(json_as_string(at(reply.json, "meta", "location", NULL)), reply.location));
    assert_true(str_eq(json_as_string(at(reply.json, "meta", "version", NULL)), reply.etag));
    assert_true(str_eq(team_get(&desk, id, "").body, reply.body)); /* L1 */
    assert_int_equal(audits_of(&desk, id, "group.created"), 1);
}

static void g1_a_group_needs_a_name(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const char *const NAMELESS[] = {NEW_GROUP("\"externalId\":\"e\""),
                                    NEW_GROUP("\"displayName\":\"\""),
                                    NEW_GROUP("\"displayName\":null")};
    for (size_t i = 0; i < sizeof NAMELESS / sizeof NAMELESS[0]; i++) {
        const struct reply created = team_post(&desk, NAMELESS[i]);
        assert_error(&created, 400, "invalidValue");
        const struct reply replaced = team_put(&desk, ops, NAMELESS[i]); /* U4 */
        assert_error(&replaced, 400, "invalidValue");
    }
    const struct reply removed =
        team_patch(&desk, ops, OPERATIONS("[{\"op\":\"remove\",\"path\":\"displayName\"}]"));
    assert_error(&removed, 400, "mutability");
    const struct reply number = team_post(&desk, NEW_GROUP("\"displayName\":7"));
    assert_error(&number, 400, "invalidValue");
    const struct reply broken = team_post(&desk, NEW_GROUP("\"displayName\":\"a\\nb\""));
    assert_error(&broken, 400, "invalidValue");
    assert_int_equal(total(&desk, ""), 1);
    assert_int_equal(version_of(&desk, ops), 1);
}

static void g7_a_name_belongs_to_one_group_of_a_tenant(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct desk other = given_desk(*state, "other");
    (void) founded(&desk, "Ops");
    const struct str night = founded(&desk, "Night");

    const struct reply twice = team_post(&desk, NEW_GROUP("\"displayName\":\"OPS\""));
    const struct reply renamed = team_patch(
        &desk, night, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"displayName\":\"ops\"}}]"));

    assert_error(&twice, 409, "uniqueness");
    assert_error(&renamed, 409, "uniqueness"); /* H31 */
    assert_status(team_post(&other, NEW_GROUP("\"displayName\":\"Ops\"")), 201);
    assert_int_equal(total(&desk, "filter=displayName+eq+%22ops%22"), 1);
    assert_int_equal(total(&desk, "filter=displayName+eq+%22night%22"), 1);
    assert_status(
        team_patch(&desk, night,
                   OPERATIONS("[{\"op\":\"replace\",\"value\":{\"displayName\":\"NIGHT\"}}]")),
        204);
}

static void g8_a_patch_answers_204_and_members_may_be_left_out(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply null =
        team_post(&desk, NEW_GROUP("\"displayName\":\"Ops\",\"members\":null"));
    const struct reply none = team_post(&desk, NEW_GROUP("\"displayName\":\"Night\""));
    const struct str id = text_at(&null, "id");
    const char *rename =
        OPERATIONS("[{\"op\":\"replace\",\"path\":\"displayName\",\"value\":\"O\"}]");

    const struct reply plain = team_patch(&desk, id, rename);
    const struct reply asked = ask(&desk, scim_group_patch_http,
                                   (struct request_text){.id = text_of(&desk, "%.*s", STR_ARG(id)),
                                                         .query = "attributes=displayName",
                                                         .body = rename});
    const struct reply excluded =
        ask(&desk, scim_group_patch_http,
            (struct request_text){.id = text_of(&desk, "%.*s", STR_ARG(id)),
                                  .query = "excludedAttributes=members",
                                  .body = rename});

    assert_status(null, 201);
    assert_status(none, 201);
    assert_null(at(null.json, "members", NULL));
    assert_status(plain, 204); /* H8, EN12 */
    assert_int_equal(plain.body.len, 0);
    assert_str(plain.etag, "W/\"2\"");
    assert_true(plain.location.len > 0);
    assert_status(asked, 200); /* A9 */
    assert_str(text_at(&asked, "displayName"), "O");
    assert_int_equal(json_count(asked.json), 3);
    assert_status(excluded, 204);
}

static void h5_h9_h12_a_malformed_patch_is_refused_and_changes_nothing(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const struct {
        const char *operations, *type;
    } cases[] = {
        {OPERATIONS("[{\"op\":\"add\",\"path\":\"members[\",\"value\":1}]"), "invalidFilter"},
        {OPERATIONS("[{\"op\":\"add\",\"path\":\"members[0]\",\"value\":1}]"), "invalidFilter"},
        {OPERATIONS("[{\"op\":\"remove\",\"path\":\"members[shoe eq 1]\"}]"), "invalidFilter"},
        {OPERATIONS("[{\"op\":\"add\",\"path\":\"members..value\",\"value\":1}]"), "invalidPath"},
        {OPERATIONS("[{\"op\":\"remove\"}]"), "noTarget"},
        {OPERATIONS("[{\"op\":\"add\",\"path\":\"members\"}]"), "invalidValue"},
        {OPERATIONS("[{\"op\":\"move\",\"path\":\"members\"}]"), "invalidSyntax"},
        {OPERATIONS("[]"), "invalidSyntax"},
        {OPERATIONS("[{\"op\":\"replace\",\"path\":\"id\",\"value\":\"x\"}]"), "mutability"},
    };
    join(&desk, ops, ana);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply = team_patch(&desk, ops, cases[i].operations);
        assert_error(&reply, 400, cases[i].type);
    }
    const struct reply half = team_patch(
        &desk, ops,
        OPERATIONS("[{\"op\":\"remove\",\"path\":\"members\"},{\"op\":\"replace\",\"path\":"
                   "\"members[value eq \\\"x\\\"].value\",\"value\":\"y\"}]"));
    assert_error(&half, 400, "mutability");
    assert_true(is_in(&desk, ops, ana)); /* H7 */
    assert_int_equal(version_of(&desk, ops), 2);
}

static void en7_a_group_comes_with_an_unknown_schema_and_without_members(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply reply = team_post(
        &desk, "{\"schemas\":[\"" GROUP_URN "\",\"http://schemas.microsoft.com/2006/11/"
               "ResourceManagement/ADSCIM/2.0/Group\"],\"externalId\":\"e-1\",\"displayName\":"
               "\"Ops\",\"meta\":{\"resourceType\":\"Group\"}}");
    assert_status(reply, 201);
    assert_int_equal(json_count(at(reply.json, "schemas", NULL)), 1); /* R5 */
    assert_int_equal(total(&desk, "filter=externalId+eq+%22e-1%22"), 1);
}

static void en12_a7_reads_without_members_read_none(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    join(&desk, ops, hired(&desk, "ana"));

    const struct reply one = team_get(&desk, ops, "excludedAttributes=members");
    const struct reply all =
        team_list(&desk, "excludedAttributes=members&filter=DisplayName+eq+%22ops%22");
    const struct reply name = team_get(&desk, ops, "attributes=displayName");
    const struct reply part = team_get(&desk, ops, "excludedAttributes=members.$ref,members.type");
    const struct reply both = team_get(&desk, ops, "attributes=id&excludedAttributes=members");

    assert_null(at(one.json, "members", NULL));
    assert_non_null(at(one.json, "meta", NULL));
    assert_int_equal(json_as_integer(at(all.json, "totalResults", NULL)), 1);
    assert_null(at(json_at(at(all.json, "Resources", NULL), 0), "members", NULL));
    assert_int_equal(json_count(name.json), 3); /* A2 */
    assert_int_equal(json_count(json_at(at(part.json, "members", NULL), 0)), 1);
    assert_error(&both, 400, "invalidValue"); /* A8 */
}

static void ok7_the_group_push_of_a_directory(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ana = hired(&desk, "ana");
    const struct str bea = hired(&desk, "bea");
    const struct reply made = team_post(&desk, NEW_GROUP("\"displayName\":\"Ops\",\"members\":[]"));
    assert_status(made, 201);
    const struct str ops = text_at(&made, "id");
    join(&desk, ops, ana);
    const char *rename =
        text_of(&desk,
                OPERATIONS("[{\"op\":\"replace\",\"value\":{\"id\":\"%.*s\",\"displayName\":\"Ops "
                           "2\"}}]"),
                STR_ARG(ops));
    const char *mixed = text_of(
        &desk,
        OPERATIONS("[{\"op\":\"remove\",\"path\":\"members[value eq \\\"%.*s\\\"]\"},{\"op\":"
                   "\"add\",\"path\":\"members\",\"value\":[{\"value\":\"%.*s\",\"display\":"
                   "\"b@x.test\"}]}]"),
        STR_ARG(ana), STR_ARG(bea));

    assert_status(team_patch(&desk, ops, rename), 204); /* H29 */
    const int64_t version = version_of(&desk, ops);
    assert_status(team_patch(&desk, ops, rename), 204); /* repeated each time */
    assert_int_equal(version_of(&desk, ops), version);
    assert_status(team_patch(&desk, ops, mixed), 204);
    assert_false(is_in(&desk, ops, ana));
    assert_true(is_in(&desk, ops, bea));
    const struct reply put_back = team_put(
        &desk, ops,
        text_of(&desk,
                NEW_GROUP("\"id\":\"%.*s\",\"displayName\":\"Ops 2\",\"members\":[{\"value\":"
                          "\"%.*s\"},{\"value\":\"%.*s\"}]"),
                STR_ARG(ops), STR_ARG(ana), STR_ARG(bea)));
    assert_status(put_back, 200); /* AIW: the whole list */
    assert_int_equal(size_of(&desk, ops), 2);
    assert_status(team_drop(&desk, ops), 204); /* unlinked */
}

static void u2_a_put_clears_what_it_leaves_out(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ana = hired(&desk, "ana");
    const struct reply made = team_post(
        &desk, text_of(&desk,
                       NEW_GROUP("\"displayName\":\"Ops\",\"externalId\":\"e\",\"members\":[{"
                                 "\"value\":\"%.*s\"}]"),
                       STR_ARG(ana)));
    const struct str ops = text_at(&made, "id");

    const struct reply reply = team_put(&desk, ops, NEW_GROUP("\"displayName\":\"Ops\""));

    assert_status(reply, 200); /* U5 */
    assert_null(at(reply.json, "members", NULL));
    assert_null(at(reply.json, "externalId", NULL));
    assert_str(reply.etag, "W/\"2\"");
    assert_status(team_put(&desk, STR("nobody"), NEW_GROUP("\"displayName\":\"X\"")), 404); /* U1 */
}

static void x1_x2_x3_a_deleted_group_is_gone_everywhere(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str all = founded(&desk, "All");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    join(&desk, ops, ana);
    join(&desk, all, ops);

    const struct reply gone = team_drop(&desk, ops);

    assert_status(gone, 204);
    assert_int_equal(gone.body.len, 0);
    assert_false(gone.revoked.is_set); /* nobody is cut off */
    assert_status(team_get(&desk, ops, ""), 404);
    assert_status(team_put(&desk, ops, NEW_GROUP("\"displayName\":\"X\"")), 404);
    assert_status(change_members(&desk, ops, "remove", "\""), 404);
    assert_status(team_drop(&desk, ops), 404);
    assert_int_equal(total(&desk, ""), 1);
    assert_int_equal(size_of(&desk, all), 0);
    assert_int_equal(version_of(&desk, all), 3); /* V5 */
    assert_status(get(&desk, ana), 200);
    assert_status(team_post(&desk, NEW_GROUP("\"displayName\":\"Ops\"")), 201); /* X4 */
    assert_int_equal(audits_of(&desk, ops, "group.deleted"), 1);
}

static void v2_v3_v4_x6_conditional_requests_follow_the_tag(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const char *id = text_of(&desk, "%.*s", STR_ARG(ops));
    const char *rename = OPERATIONS("[{\"op\":\"replace\",\"value\":{\"displayName\":\"O\"}}]");
    const struct request_text stale = {.id = id, .if_match = "W/\"7\"", .body = rename};
    const struct request_text any = {.id = id, .if_match = "*", .body = rename};

    const struct reply known = ask(&desk, scim_group_get_http,
                                   (struct request_text){.id = id, .if_none_match = "W/\"1\""});
    const struct reply refused = ask(&desk, scim_group_patch_http, stale);
    const struct reply kept =
        ask(&desk, scim_group_delete_http, (struct request_text){.id = id, .if_match = "W/\"7\""});
    const struct reply done = ask(&desk, scim_group_patch_http, any);
    const struct reply newer = ask(&desk, scim_group_get_http,
                                   (struct request_text){.id = id, .if_none_match = "W/\"1\""});

    assert_status(known, 304);
    assert_int_equal(known.body.len, 0);
    assert_error(&refused, 412, NULL);
    assert_error(&kept, 412, NULL);
    assert_status(done, 204);
    assert_status(newer, 200);
}

static void f28_f32_groups_are_found_by_name_id_and_member(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str night = founded(&desk, "Night");
    const struct str ana = hired(&desk, "ana");
    join(&desk, ops, ana);
    const char *a = text_of(&desk, "%.*s", STR_ARG(ana));
    const char *o = text_of(&desk, "%.*s", STR_ARG(ops));
    const char *n = text_of(&desk, "%.*s", STR_ARG(night));
    const struct {
        const char *filter;
        int64_t total;
    } cases[] = {
        {"", 2},
        {"filter=displayName+eq+%22OPS%22", 1},
        {"filter=displayName+sw+%22o%22", 1},
        {"filter=displayName+eq+%22nobody%22", 0}, /* L3 */
        {text_of(&desk, "filter=id+eq+%%22%s%%22", o), 1},
        {text_of(&desk, "filter=members.value+eq+%%22%s%%22", a), 1},
        {text_of(&desk, "filter=members+eq+%%22%s%%22", a), 1},
        {text_of(&desk, "filter=members%%5Bvalue+eq+%%22%s%%22%%5D", a), 1},
        {text_of(&desk, "filter=id+eq+%%22%s%%22+and+members+eq+%%22%s%%22", o, a), 1},
        {text_of(&desk, "filter=id+eq+%%22%s%%22+and+members+eq+%%22%s%%22", n, a), 0},
        {text_of(&desk, "filter=not+(members.value+eq+%%22%s%%22)", a), 1},
        {text_of(&desk, "filter=members.value+eq+%%22%s%%22+or+displayName+eq+%%22night%%22", a),
         2},
        {"filter=members.value+eq+%22nobody%22", 0},
        {"filter=meta.resourceType+eq+%22Group%22", 2},
        {"filter=members.type+eq+%22User%22", 1}, /* what no index knows is compared */
        {"filter=members.display+sw+%22a%22", 1},
        {"filter=members+pr", 1},
        {"filter=members.type+eq+%22Group%22", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (total(&desk, cases[i].filter) != cases[i].total) {
            fail_msg("%s", cases[i].filter);
        }
    }
    const struct reply unknown = team_list(&desk, "filter=userName+eq+%22ana%22");
    assert_error(&unknown, 400, "invalidFilter"); /* F25 */
}

static void l6_to_l13_lists_come_in_pages_of_stable_order(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    for (int i = 0; i < 5; i++) {
        (void) founded(&desk, text_of(&desk, "Group %d", i));
    }
    const struct reply whole = team_list(&desk, "");
    const struct reply page = team_list(&desk, "startIndex=2&count=2");
    const struct reply none = team_list(&desk, "count=0");
    const struct reply beyond = team_list(&desk, "startIndex=9");

    assert_int_equal(json_as_integer(at(page.json, "totalResults", NULL)), 5); /* L12 */
    assert_int_equal(json_as_integer(at(page.json, "itemsPerPage", NULL)), 2);
    assert_true(json_equals(json_at(at(page.json, "Resources", NULL), 0),
                            json_at(at(whole.json, "Resources", NULL), 1)));
    assert_int_equal(json_as_integer(at(none.json, "totalResults", NULL)), 5); /* L8 */
    assert_int_equal(json_count(at(none.json, "Resources", NULL)), 0);
    assert_int_equal(json_as_integer(at(beyond.json, "itemsPerPage", NULL)), 0); /* L11 */
}

static void o6s_k3_s1_groups_are_sorted_continued_and_searched_like_people(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str b = founded(&desk, "B");
    fake_clock_advance(&desk.d->fixture.time, 1000 * 1000); /* ids grow with time */
    const struct str a = founded(&desk, "A");
    join(&desk, b, hired(&desk, "ana"));

    const struct reply sorted = team_list(&desk, "sortBy=displayName");
    const struct reply first = team_list(&desk, "cursor&count=1");
    const struct reply next =
        team_list(&desk, text_of(&desk, "count=1&cursor=%.*s",
                                 STR_ARG(json_as_string(at(first.json, "nextCursor", NULL)))));
    const struct reply found =
        ask(&desk, scim_group_search,
            (struct request_text){
                .body = "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:SearchRequest\"],"
                        "\"filter\":\"displayName eq \\\"b\\\"\"}"});
    const struct reply root =
        ask(&desk, scim_root_list,
            (struct request_text){.query = "filter=meta.resourceType+eq+%22Group%22"});

    assert_true(
        str_eq(json_as_string(at(json_at(at(sorted.json, "Resources", NULL), 0), "id", NULL)), a));
    assert_true(
        str_eq(json_as_string(at(json_at(at(first.json, "Resources", NULL), 0), "id", NULL)), b));
    assert_true(
        str_eq(json_as_string(at(json_at(at(next.json, "Resources", NULL), 0), "id", NULL)), a));
    assert_null(at(next.json, "nextCursor", NULL));
    assert_int_equal(json_as_integer(at(found.json, "totalResults", NULL)), 1);
    const struct json *with = json_at(at(found.json, "Resources", NULL), 0);
    assert_int_equal(json_count(at(with, "members", NULL)), 1);
    assert_int_equal(json_as_integer(at(root.json, "totalResults", NULL)), 2); /* L16 */
}

static void r9_an_external_id_is_its_connections_own(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct desk other = other_connection(&desk, "connection-2");
    const struct reply made =
        team_post(&desk, NEW_GROUP("\"displayName\":\"Ops\",\"externalId\":\"e\""));
    const struct str ops = text_at(&made, "id");

    assert_null(at(team_get(&other, ops, "").json, "externalId", NULL));
    assert_status(
        team_patch(&other, ops,
                   OPERATIONS("[{\"op\":\"replace\",\"value\":{\"displayName\":\"O\"}}]")),
        204);
    assert_int_equal(total(&other, "filter=externalId+eq+%22e%22"), 0);
    assert_int_equal(total(&desk, "filter=externalId+eq+%22e%22"), 1);
}

static void m2_another_organisations_groups_are_unknown(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct desk other = given_desk(*state, "other");
    const struct str ops = founded(&desk, "Ops");
    const struct reply unknown = team_get(&other, STR("nobody"), "");
    const struct reply foreign = team_get(&other, ops, "");
    const struct reply named = ask(&desk, scim_group_list, (struct request_text){.org = "other"});

    assert_error(&foreign, 404, NULL);
    assert_true(str_eq(foreign.body, unknown.body));
    assert_status(change_members(&other, ops, "remove", "\""), 404);
    assert_status(team_put(&other, ops, NEW_GROUP("\"displayName\":\"X\"")), 404);
    assert_status(team_drop(&other, ops), 404);
    assert_error(&named, 404, NULL); /* M1 */
    assert_int_equal(total(&other, ""), 0);
    assert_int_equal(total(&desk, ""), 1);
}

static void t27_names_that_differ_in_case_are_refused(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply twice =
        team_post(&desk, NEW_GROUP("\"displayName\":\"a\",\"DisplayName\":\"b\""));
    const struct reply inside = team_post(
        &desk, NEW_GROUP("\"displayName\":\"a\",\"members\":[{\"value\":\"x\",\"VALUE\":\"y\"}]"));
    assert_error(&twice, 400, "invalidSyntax");
    assert_error(&inside, 400, "invalidSyntax");
    assert_int_equal(total(&desk, ""), 0);
}

static void a_source_whose_token_was_revoked_meanwhile_changes_no_group(void **state) {
    static const struct statement NO_TOKEN = {
        "test.no_token", TENANT, "SELECT 1 FROM test_credential WHERE org_id = $1 AND user_id = $2",
        NULL};
    struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    desk.actor.credential_id = STR("token-1");
    desk.actor.credential_guard = &NO_TOKEN;

    assert_int_equal(team_drop(&desk, ops).result.code, UNAUTHENTICATED);
    assert_int_equal(change_members(&desk, ops, "remove", "\"").result.code, UNAUTHENTICATED);
    assert_int_equal(team_post(&desk, NEW_GROUP("\"displayName\":\"X\"")).result.code,
                     UNAUTHENTICATED);
    assert_int_equal(total(&desk, ""), 1);
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(p1_a_new_group_is_shown_as_stored),
        ON_BOTH(g1_a_group_needs_a_name),
        ON_BOTH(g7_a_name_belongs_to_one_group_of_a_tenant),
        ON_BOTH(g8_a_patch_answers_204_and_members_may_be_left_out),
        ON_BOTH(h5_h9_h12_a_malformed_patch_is_refused_and_changes_nothing),
        ON_BOTH(en7_a_group_comes_with_an_unknown_schema_and_without_members),
        ON_BOTH(en12_a7_reads_without_members_read_none),
        ON_BOTH(ok7_the_group_push_of_a_directory),
        ON_BOTH(u2_a_put_clears_what_it_leaves_out),
        ON_BOTH(x1_x2_x3_a_deleted_group_is_gone_everywhere),
        ON_BOTH(v2_v3_v4_x6_conditional_requests_follow_the_tag),
        ON_BOTH(f28_f32_groups_are_found_by_name_id_and_member),
        ON_BOTH(l6_to_l13_lists_come_in_pages_of_stable_order),
        ON_BOTH(o6s_k3_s1_groups_are_sorted_continued_and_searched_like_people),
        ON_BOTH(r9_an_external_id_is_its_connections_own),
        ON_BOTH(m2_another_organisations_groups_are_unknown),
        ON_BOTH(t27_names_that_differ_in_case_are_refused),
        ON_BOTH(a_source_whose_token_was_revoked_meanwhile_changes_no_group),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
