/* Who is in a group, by the statements of RFC 7643 and 7644 and in the dialects of providers; the
 * names of the tests begin with the statement's id. */
#include "tests/provisioning/teams.h"

#include <pthread.h>

static int64_t total(const struct desk *desk, const char *query) {
    const struct reply reply = team_list(desk, query);
    assert_status(reply, 200);
    return json_as_integer(at(reply.json, "totalResults", NULL));
}

static void g2_the_parts_of_a_member_are_immutable(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const struct str bea = hired(&desk, "bea");
    join(&desk, ops, ana);
    const char *a = text_of(&desk, "%.*s", STR_ARG(ana));
    const char *b = text_of(&desk, "%.*s", STR_ARG(bea));
    const char *const REFUSED[] = {
        text_of(&desk, "[value eq \\\"%s\\\"].value\",\"value\":\"%s\"", a, b),
        text_of(&desk, "[value eq \\\"%s\\\"].type\",\"value\":\"Group\"", a),
        text_of(&desk, "[value eq \\\"%s\\\"].$ref\",\"value\":\"x\"", a),
        text_of(&desk, "[value eq \\\"%s\\\"].display\",\"value\":\"x\"", a),
        text_of(&desk, "[value eq \\\"%s\\\"]\",\"value\":{\"value\":\"%s\"}", a, b),
        text_of(&desk, ".value\",\"value\":\"%s\"", b),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        const struct reply reply = change_members(&desk, ops, "replace", REFUSED[i]);
        assert_error(&reply, 400, "mutability");
    }
    const struct reply removed =
        change_members(&desk, ops, "remove", text_of(&desk, "[value eq \\\"%s\\\"].value\"", a));
    assert_error(&removed, 400, "mutability");
    const struct reply same = change_members(
        &desk, ops, "replace",
        text_of(&desk, "[value eq \\\"%s\\\"]\",\"value\":{\"value\":\"%s\"}", a, a));
    assert_status(same, 204);
    assert_true(is_in(&desk, ops, ana));
    assert_false(is_in(&desk, ops, bea));
    assert_int_equal(version_of(&desk, ops), 2);
}

static void g3_a_member_is_a_person_or_a_group_and_says_which(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str night = founded(&desk, "Night");
    const struct str ana = hired(&desk, "ana");
    join(&desk, ops, ana);
    const struct reply plain =
        team_get(&desk, ops, "attributes=members.value,members.$ref,members.type");
    const struct json *person = json_at(at(plain.json, "members", NULL), 0);
    join(&desk, ops, night);
    const struct reply both = team_get(&desk, ops, "");

    assert_str(json_as_string(at(person, "type", NULL)), "User");
    assert_str(json_as_string(at(person, "$ref", NULL)),
               text_of(&desk, "https://chat.test/scim/v2/Users/%.*s", STR_ARG(ana)));
    assert_int_equal(json_count(at(both.json, "members", NULL)), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct json *member = json_at(at(both.json, "members", NULL), i);
        const bool is_group = str_eq(json_as_string(at(member, "value", NULL)), night);
        assert_str(json_as_string(at(member, "type", NULL)), is_group ? "Group" : "User");
        assert_null(at(member, "display", NULL)); /* V5: not of the default representation */
    }
    const struct reply named = team_get(&desk, ops, "attributes=members.display");
    assert_str(
        json_as_string(at(json_at(at(named.json, "members", NULL), 0), "display", NULL)),
        str_eq(json_as_string(at(json_at(at(both.json, "members", NULL), 0), "value", NULL)), ana)
            ? "ana"
            : "Night");
}

static void g4_a_person_shows_direct_and_indirect_groups_on_request(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str all = founded(&desk, "All");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const struct reply before = get(&desk, ana);
    join(&desk, all, ops);
    join(&desk, ops, ana);
    const char *id = text_of(&desk, "%.*s", STR_ARG(ana));

    const struct reply plain = get(&desk, ana);
    const struct reply asked =
        ask(&desk, scim_user_get, (struct request_text){.id = id, .query = "attributes=groups"});
    const struct reply excluded = ask(
        &desk, scim_user_get, (struct request_text){.id = id, .query = "excludedAttributes=title"});

    assert_null(at(plain.json, "groups", NULL));
    assert_null(at(excluded.json, "groups", NULL));
    assert_true(str_eq(plain.etag, before.etag)); /* outside the person's tag */
    assert_true(str_eq(asked.etag, before.etag));
    const struct json *groups = at(asked.json, "groups", NULL);
    assert_int_equal(json_count(groups), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct json *group = json_at(groups, i);
        const struct str value = json_as_string(at(group, "value", NULL));
        const bool is_direct = str_eq(value, ops);
        assert_str(json_as_string(at(group, "type", NULL)), is_direct ? "direct" : "indirect");
        assert_str(json_as_string(at(group, "display", NULL)), is_direct ? "Ops" : "All");
        assert_str(json_as_string(at(group, "$ref", NULL)),
                   text_of(&desk, "https://chat.test/scim/v2/Groups/%.*s", STR_ARG(value)));
    }
    const struct reply listed = list(&desk, "attributes=groups&filter=userName+eq+%22ana%22");
    assert_int_equal(json_count(at(json_at(at(listed.json, "Resources", NULL), 0), "groups", NULL)),
                     2);
}

static void g5_memberships_change_in_groups_alone(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const char *group = text_of(&desk, "%.*s", STR_ARG(ops));

    const struct reply patched =
        patch(&desk, ana,
              text_of(&desk,
                      OPERATIONS("[{\"op\":\"add\",\"path\":\"groups\",\"value\":[{\"value\":"
                                 "\"%s\"}]}]"),
                      group));
    const struct reply replaced = put(
        &desk, ana,
        text_of(&desk, NEW_USER("\"userName\":\"ana\",\"groups\":[{\"value\":\"%s\"}]"), group));
    const struct reply created =
        post(&desk, text_of(&desk, NEW_USER("\"userName\":\"bea\",\"groups\":[{\"value\":\"%s\"}]"),
                            group));

    assert_error(&patched, 400, "mutability"); /* C7 */
    assert_status(replaced, 200);              /* C6, OK5 */
    assert_status(created, 201);
    assert_int_equal(size_of(&desk, ops), 0);
}

static void g6_groups_that_hold_each_other_end_no_request(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str a = founded(&desk, "A");
    const struct str b = founded(&desk, "B");
    const struct str ana = hired(&desk, "ana");
    join(&desk, a, b);
    join(&desk, b, a);
    join(&desk, a, a);
    join(&desk, b, ana);

    const struct reply asked = ask(&desk, scim_user_get,
                                   (struct request_text){.id = text_of(&desk, "%.*s", STR_ARG(ana)),
                                                         .query = "attributes=groups"});

    assert_int_equal(json_count(at(asked.json, "groups", NULL)), 2);
    assert_int_equal(json_count(at(team_get(&desk, a, "").json, "members", NULL)), 2);
    assert_status(team_drop(&desk, a), 204);
    assert_status(team_get(&desk, a, ""), 404);
    assert_int_equal(size_of(&desk, b), 1);
}

enum { MANY = 10000, MEBIBYTE = 1024 * 1024 };

static void g9_ten_thousand_members_in_one_body_and_one_row_for_one_member(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    struct arena *arena = desk.d->fixture.scope.arena;
    const struct str ops = founded(&desk, "Ops");
    given_crowd(&desk, MANY + 1);
    const char *everybody = crowd_members(&desk, MANY);
    size_t before = arena_used(arena);

    const struct reply added =
        change_members(&desk, ops, "add", text_of(&desk, "\",\"value\":%s", everybody));
    assert_status(added, 204);
    assert_true(arena_used(arena) - before < 48 * MEBIBYTE);
    assert_int_equal(size_of(&desk, ops), MANY);

    before = arena_used(arena);
    join(&desk, ops, STR("crowd-10001"));
    assert_status(change_members(&desk, ops, "remove", "[value eq \\\"crowd-1\\\"]\""), 204);
    assert_true(arena_used(arena) - before < MEBIBYTE / 8);
    assert_int_equal(size_of(&desk, ops), MANY);
    const struct reply lean = team_get(&desk, ops, "excludedAttributes=members"); /* A7 */
    assert_null(at(lean.json, "members", NULL));
    assert_true(arena_used(arena) - before < MEBIBYTE / 4);

    const struct reply again =
        change_members(&desk, ops, "replace", text_of(&desk, "\",\"value\":%s", everybody));
    assert_str(again.etag, "W/\"5\"");
    const struct reply same =
        change_members(&desk, ops, "replace", text_of(&desk, "\",\"value\":%s", everybody));
    assert_str(same.etag, "W/\"5\""); /* H35 */
    assert_int_equal(json_count(at(team_get(&desk, ops, "").json, "members", NULL)), MANY);
    const struct reply removed = /* a filter that names nobody is held against all of them */
        change_members(&desk, ops, "remove", "[value sw \\\"crowd-9\\\"]\"");
    assert_status(removed, 204);
    assert_int_equal(size_of(&desk, ops), MANY - 1111);
    assert_status(
        change_members(&desk, ops, "remove", text_of(&desk, "\",\"value\":%s", everybody)), 204);
    assert_int_equal(size_of(&desk, ops), 0);
}

static void g10_pc5_who_is_inactive_stays_a_member_and_who_is_deleted_does_not(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    join(&desk, ops, ana);
    const struct reply before = team_get(&desk, ops, "");
    const char *of_ana = text_of(&desk, "filter=members.value+eq+%%22%.*s%%22", STR_ARG(ana));

    assert_status(
        patch(&desk, ana, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]")), 200);
    assert_true(str_eq(team_get(&desk, ops, "").body, before.body)); /* PC5, EN19 */
    assert_status(
        patch(&desk, ana, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":true}}]")), 200);
    assert_true(is_in(&desk, ops, ana));
    assert_int_equal(total(&desk, of_ana), 1);

    assert_status(drop(&desk, ana), 204);
    const struct reply after = team_get(&desk, ops, "");
    assert_null(at(after.json, "members", NULL));  /* X3 */
    assert_false(str_eq(after.etag, before.etag)); /* V5 */
    assert_int_equal(total(&desk, of_ana), 0);
    assert_int_equal(size_of(&desk, ops), 0);
    const struct reply back = change_members(
        &desk, ops, "add", text_of(&desk, "\",\"value\":[{\"value\":\"%.*s\"}]", STR_ARG(ana)));
    assert_error(&back, 400, "invalidValue");
}

static void g11_en6_a_null_reference_is_tolerated(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");

    const struct reply added = change_members(
        &desk, ops, "Add",
        text_of(&desk, "\",\"value\":[{\"$ref\":null,\"value\":\"%.*s\"}]", STR_ARG(ana)));

    assert_status(added, 204);
    assert_true(is_in(&desk, ops, ana));
}

static void p8_who_is_unknown_is_never_skipped(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct desk other = given_desk(*state, "other");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const struct str stranger = hired(&other, "stranger");
    const struct str strangers = founded(&other, "Strangers");
    const char *const UNKNOWN[] = {
        "nobody",
        text_of(&desk, "%.*s", STR_ARG(stranger)),
        text_of(&desk, "%.*s", STR_ARG(strangers)),
    };
    for (size_t i = 0; i < sizeof UNKNOWN / sizeof UNKNOWN[0]; i++) {
        const char *both =
            text_of(&desk, "[{\"value\":\"%.*s\"},{\"value\":\"%s\"}]", STR_ARG(ana), UNKNOWN[i]);
        const struct reply created = team_post(
            &desk, text_of(&desk, NEW_GROUP("\"displayName\":\"New\",\"members\":%s"), both));
        const struct reply added =
            change_members(&desk, ops, "add", text_of(&desk, "\",\"value\":%s", both));
        const struct reply replaced =
            team_put(&desk, ops,
                     text_of(&desk, NEW_GROUP("\"displayName\":\"Renamed\",\"members\":%s"), both));
        assert_error(&created, 400, "invalidValue");
        assert_error(&added, 400, "invalidValue");
        assert_error(&replaced, 400, "invalidValue");
    }
    const char *const SHAPELESS[] = {"[{\"display\":\"x\"}]", "[{\"value\":\"\"}]", "[7]",
                                     "[{\"value\":7}]", "[null]"};
    for (size_t i = 0; i < sizeof SHAPELESS / sizeof SHAPELESS[0]; i++) {
        const struct reply reply =
            change_members(&desk, ops, "add", text_of(&desk, "\",\"value\":%s", SHAPELESS[i]));
        assert_error(&reply, 400, "invalidValue"); /* H30 */
    }
    assert_int_equal(total(&desk, ""), 1);
    assert_int_equal(size_of(&desk, ops), 0); /* H7 */
    assert_int_equal(version_of(&desk, ops), 1);
    assert_int_equal(total(&desk, "filter=displayName+eq+%22ops%22"), 1);
}

static void en5_a_removal_with_values_removes_only_those(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const struct str bea = hired(&desk, "bea");
    const struct str cem = hired(&desk, "cem");
    join(&desk, ops, ana);
    join(&desk, ops, bea);
    join(&desk, ops, cem);

    const struct reply named = change_members(
        &desk, ops, "Remove",
        text_of(&desk, "\",\"value\":[{\"$ref\":null,\"value\":\"%.*s\"}]", STR_ARG(ana)));
    const struct reply nobody = change_members(&desk, ops, "Remove", "\",\"value\":[]");
    const struct reply filtered = change_members(
        &desk, ops, "remove", text_of(&desk, "[value eq \\\"%.*s\\\"]\"", STR_ARG(bea)));

    assert_status(named, 204);
    assert_status(nobody, 204);
    assert_true(str_eq(nobody.etag, named.etag));
    assert_status(filtered, 204); /* H17 */
    assert_false(is_in(&desk, ops, ana));
    assert_false(is_in(&desk, ops, bea));
    assert_true(is_in(&desk, ops, cem));
}

static void h16_a_removal_without_values_empties_the_group(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    join(&desk, ops, hired(&desk, "ana"));
    join(&desk, ops, hired(&desk, "bea"));

    assert_status(change_members(&desk, ops, "remove", "\""), 204);

    assert_int_equal(size_of(&desk, ops), 0);
    assert_null(at(team_get(&desk, ops, "").json, "members", NULL)); /* R17 */
}

static void h15_h19_h35_what_is_so_already_changes_nothing(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const struct str bea = hired(&desk, "bea");
    join(&desk, ops, ana);
    const struct reply before = team_get(&desk, ops, "");
    const char *a = text_of(&desk, "%.*s", STR_ARG(ana));
    const char *b = text_of(&desk, "%.*s", STR_ARG(bea));
    fake_clock_advance(&desk.d->fixture.time, 1000 * 1000);
    const struct {
        const char *kind, *rest;
    } cases[] = {
        {"add", text_of(&desk, "\",\"value\":[{\"value\":\"%s\"},{\"value\":\"%s\"}]", a, a)},
        {"replace", text_of(&desk, "\",\"value\":[{\"value\":\"%s\"}]", a)},
        {"remove", text_of(&desk, "[value eq \\\"%s\\\"]\"", b)},
        {"remove", text_of(&desk, "\",\"value\":[{\"value\":\"%s\"},{\"value\":\"nobody\"}]", b)},
        {"remove", "[type eq \\\"Group\\\"]\""},
        {"add", "\",\"value\":[]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_status(change_members(&desk, ops, cases[i].kind, cases[i].rest), 204);
    }
    assert_status(
        team_put(&desk, ops,
                 text_of(&desk, NEW_GROUP("\"displayName\":\"Ops\",\"members\":[\"%s\"]"), a)),
        200); /* U8 */

    assert_true(str_eq(team_get(&desk, ops, "").body, before.body));
    assert_int_equal(audits_of(&desk, ops, "group.changed"), 1);
}

static void h20_h23_h33_values_are_replaced_and_operations_run_in_order(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const struct str bea = hired(&desk, "bea");
    const struct str night = founded(&desk, "Night");
    const char *a = text_of(&desk, "%.*s", STR_ARG(ana));
    const char *b = text_of(&desk, "%.*s", STR_ARG(bea));
    join(&desk, ops, ana);
    join(&desk, ops, night);

    assert_status(change_members(&desk, ops, "replace",
                                 text_of(&desk, "\",\"value\":[{\"value\":\"%s\"}]", b)),
                  204);
    assert_int_equal(size_of(&desk, ops), 1);
    assert_true(is_in(&desk, ops, bea));

    const struct reply several = team_patch(
        &desk, ops,
        text_of(&desk,
                OPERATIONS("[{\"op\":\"add\",\"path\":\"members\",\"value\":[\"%s\"]},"
                           "{\"op\":\"remove\",\"path\":\"members[value eq \\\"%s\\\"]\"},"
                           "{\"op\":\"remove\",\"path\":\"members[value eq \\\"%s\\\"]\"},"
                           "{\"op\":\"add\",\"path\":\"" GROUP_URN ":members\",\"value\":\"%s\"}]"),
                a, b, a, b)); /* EN28: plain ids */
    assert_status(several, 204);
    assert_false(is_in(&desk, ops, ana));
    assert_true(is_in(&desk, ops, bea));

    const struct reply absent = change_members(
        &desk, ops, "replace",
        text_of(&desk, "[value eq \\\"%s\\\"]\",\"value\":{\"value\":\"%s\"}", a, a));
    assert_error(&absent, 400, "noTarget"); /* H24 */
    assert_status(change_members(&desk, ops, "add",
                                 text_of(&desk, "[value eq \\\"%s\\\"]\",\"value\":{}", a)),
                  204); /* H25 */
    assert_true(is_in(&desk, ops, ana));
    assert_status(change_members(&desk, ops, "replace", "\",\"value\":null"), 204); /* H34 */
    assert_int_equal(size_of(&desk, ops), 0);
}

static void v5_the_tag_changes_exactly_with_the_members(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    join(&desk, ops, ana);
    const struct reply before = team_get(&desk, ops, "");

    assert_status(
        patch(&desk, ana,
              OPERATIONS("[{\"op\":\"replace\",\"path\":\"displayName\",\"value\":\"New\"}]")),
        200);
    const struct reply renamed = team_get(&desk, ops, "");
    assert_status(change_members(&desk, ops, "remove", "\""), 204);
    const struct reply emptied = team_get(&desk, ops, "");

    assert_true(str_eq(renamed.body, before.body));
    assert_true(str_eq(renamed.etag, before.etag));
    assert_false(str_eq(emptied.etag, before.etag));
    assert_true(str_eq(json_as_string(at(emptied.json, "meta", "version", NULL)), emptied.etag));
}

static void f33_people_are_found_by_their_groups(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str all = founded(&desk, "All");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    (void) hired(&desk, "bea");
    join(&desk, all, ops);
    join(&desk, ops, ana);
    const struct str groups[] = {all, ops};
    for (size_t i = 0; i < 2; i++) {
        const struct reply reply =
            list(&desk, text_of(&desk, "filter=groups.value+eq+%%22%.*s%%22", STR_ARG(groups[i])));
        assert_int_equal(json_as_integer(at(reply.json, "totalResults", NULL)), 1);
        assert_str(
            json_as_string(at(json_at(at(reply.json, "Resources", NULL), 0), "userName", NULL)),
            "ana");
    }
    const struct reply none = list(&desk, "filter=groups.value+eq+%22nobody%22");
    assert_int_equal(json_as_integer(at(none.json, "totalResults", NULL)), 0);
}

enum { WRITERS = 16 };

struct writer {
    struct desk desk;
    struct database database; /* its own connection and scope */
    pthread_t thread;
    struct str group;
    const char *body;
    int status;
};

static void *write_once(void *self) {
    struct writer *writer = self;
    writer->status = team_patch(&writer->desk, writer->group, writer->body).status;
    return NULL;
}

/* Every second one says `second`. */
static void run_writers(const struct desk *desk, struct str group, const char *first,
                        const char *second) {
    struct writer writers[WRITERS] = {0};
    for (size_t i = 0; i < WRITERS; i++) {
        struct writer *writer = &writers[i];
        writer->database = *desk->d;
        fixture_open(&writer->database.fixture);
        *writer->database.fixture.random.counter = (uint64_t) (i + 1) << 32;
        writer->database.db = database_connect(desk->d);
        writer->desk = *desk;
        writer->desk.d = &writer->database;
        writer->group = group;
        writer->body = i % 2 == 0 ? first : second;
    }
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_once, &writers[i]), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
        assert_int_equal(writers[i].status, 204);
        db_close(&writers[i].database.db);
        fixture_close(&writers[i].database.fixture);
    }
}

static void parallel_patches_of_the_same_member_make_one_row_and_one_version(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const char *add =
        text_of(&desk, OPERATIONS("[{\"op\":\"add\",\"path\":\"members\",\"value\":[\"%.*s\"]}]"),
                STR_ARG(ana));

    run_writers(&desk, ops, add, add);

    assert_int_equal(size_of(&desk, ops), 1);
    assert_int_equal(version_of(&desk, ops), 2);
    assert_int_equal(audits_of(&desk, ops, "group.changed"), 1);
}

static void parallel_additions_and_removals_leave_rows_and_version_in_agreement(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str ops = founded(&desk, "Ops");
    const struct str ana = hired(&desk, "ana");
    const char *add =
        text_of(&desk, OPERATIONS("[{\"op\":\"add\",\"path\":\"members\",\"value\":[\"%.*s\"]}]"),
                STR_ARG(ana));
    const char *remove = text_of(
        &desk, OPERATIONS("[{\"op\":\"remove\",\"path\":\"members[value eq \\\"%.*s\\\"]\"}]"),
        STR_ARG(ana));

    run_writers(&desk, ops, add, remove);

    const int64_t version = version_of(&desk, ops);
    assert_int_equal(audits_of(&desk, ops, "group.changed"), version - 1);
    /* every change that counted turned the one membership over */
    assert_int_equal(size_of(&desk, ops), (version - 1) % 2);
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(g2_the_parts_of_a_member_are_immutable),
        ON_BOTH(g3_a_member_is_a_person_or_a_group_and_says_which),
        ON_BOTH(g4_a_person_shows_direct_and_indirect_groups_on_request),
        ON_BOTH(g5_memberships_change_in_groups_alone),
        ON_BOTH(g6_groups_that_hold_each_other_end_no_request),
        ON_BOTH(g9_ten_thousand_members_in_one_body_and_one_row_for_one_member),
        ON_BOTH(g10_pc5_who_is_inactive_stays_a_member_and_who_is_deleted_does_not),
        ON_BOTH(g11_en6_a_null_reference_is_tolerated),
        ON_BOTH(p8_who_is_unknown_is_never_skipped),
        ON_BOTH(en5_a_removal_with_values_removes_only_those),
        ON_BOTH(h16_a_removal_without_values_empties_the_group),
        ON_BOTH(h15_h19_h35_what_is_so_already_changes_nothing),
        ON_BOTH(h20_h23_h33_values_are_replaced_and_operations_run_in_order),
        ON_BOTH(v5_the_tag_changes_exactly_with_the_members),
        ON_BOTH(f33_people_are_found_by_their_groups),
        ON_BOTH(parallel_patches_of_the_same_member_make_one_row_and_one_version),
        ON_BOTH(parallel_additions_and_removals_leave_rows_and_version_in_agreement),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
