/* "Not active", in every shape a provider sends it, means that access is cut: user row,
 * credentials, revocation row, receipt. And nothing else means it. */
#include "tests/provisioning/desk.h"

#include <pthread.h>

static void assert_out(const struct desk *desk, struct str id, const struct reply *reply,
                       const char *name) {
    const struct user now = person(desk, id);
    if (now.state != USER_DEACTIVATED || credentials_of(desk, id) != 0 || !reply->revoked.is_set ||
        reply->revoked.seq != now.revoked_seq || reply->revoked.generation.len == 0 ||
        revocations_of(desk, id) != 1) {
        fail_msg("%s: %.*s", name, STR_ARG(reply->body));
    }
}

static void assert_in(const struct desk *desk, struct str id, const struct reply *reply,
                      const char *name) {
    if (person(desk, id).state != USER_ACTIVE || credentials_of(desk, id) == 0 ||
        reply->revoked.is_set || revocations_of(desk, id) != 0) {
        fail_msg("%s: %.*s", name, STR_ARG(reply->body));
    }
}

static const struct {
    const char *name, *operations;
} SHAPES[] = {
    {"boolean with a path", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]"},
    {"EN2 text, capital op", "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]"},
    {"text in small letters", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"false\"}]"},
    {"all capitals", "[{\"op\":\"REPLACE\",\"path\":\"ACTIVE\",\"value\":\"FALSE\"}]"},
    {"add", "[{\"op\":\"Add\",\"path\":\"active\",\"value\":false}]"},
    {"OK3 no path", "[{\"op\":\"replace\",\"value\":{\"active\":false}}]"},
    {"no path, text", "[{\"op\":\"Replace\",\"value\":{\"Active\":\"False\"}}]"},
    {"empty path", "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"active\":false}}]"},
    {"URN path", "[{\"op\":\"replace\",\"path\":\"" CORE_URN ":active\",\"value\":false}]"},
    {"EN4 URN key", "[{\"op\":\"replace\",\"value\":{\"" CORE_URN ":active\":\"False\"}}]"},
    {"container as a key",
     "[{\"op\":\"replace\",\"value\":{\"" CORE_URN "\":{\"active\":false}}}]"},
    {"list of one", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":[\"False\"]}]"},
    {"wrapped",
     "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":[{\"$ref\":null,\"value\":\"False\"}]}]"},
    {"EN4 beside dotted keys",
     "[{\"op\":\"replace\",\"value\":{\"name.givenName\":\"A\",\"active\":false}}]"},
    {"the last of several",
     "[{\"op\":\"replace\",\"path\":\"title\",\"value\":\"x\"},"
     "{\"op\":\"Replace\",\"path\":\"emails[type eq \\\"work\\\"].value\",\"value\":\"a@x.test\"},"
     "{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}]"},
    {"the first of several", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":false},"
                             "{\"op\":\"remove\",\"path\":\"title\"}]"},
    {"true, then false", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":true},"
                         "{\"op\":\"replace\",\"value\":{\"active\":false}}]"},
};

static void every_patch_that_says_not_active_cuts_access_before_the_answer(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    struct arena *arena = desk.d->fixture.scope.arena;
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        const struct str id = hired(&desk, str_format(arena, "user%d", (int) i).at);
        const struct str body = str_format(arena, OPERATIONS("%s"), SHAPES[i].operations);

        const struct reply reply = patch(&desk, id, body.at);

        assert_status(reply, 200);
        assert_out(&desk, id, &reply, SHAPES[i].name);
        assert_int_equal(json_kind(at(reply.json, "active", NULL)), JSON_FALSE);
    }
}

/* The same words that do not say it: nobody goes. */
static const struct {
    const char *name, *operations;
    int status;
} NEIGHBOURS[] = {
    {"true", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":true}]", 200},
    {"text true", "[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"True\"}]", 200},
    {"false, then true",
     "[{\"op\":\"replace\",\"path\":\"active\",\"value\":false},"
     "{\"op\":\"replace\",\"path\":\"active\",\"value\":\"true\"}]",
     200},
    {"null", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":null}]", 200},
    {"removed", "[{\"op\":\"remove\",\"path\":\"active\"}]", 200},
    {"an unknown attribute", "[{\"op\":\"replace\",\"path\":\"activ\",\"value\":false}]", 200},
    {"of an extension",
     "[{\"op\":\"replace\",\"path\":\"" ENTERPRISE_URN ":active\",\"value\":false}]", 200},
    {"no boolean", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"no\"}]", 400},
    {"zero", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":0}]", 400},
    {"two values", "[{\"op\":\"replace\",\"path\":\"active\",\"value\":[false,false]}]", 400},
};

static void a_patch_that_does_not_say_it_cuts_nobody(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    struct arena *arena = desk.d->fixture.scope.arena;
    for (size_t i = 0; i < sizeof NEIGHBOURS / sizeof NEIGHBOURS[0]; i++) {
        const struct str id = hired(&desk, str_format(arena, "user%d", (int) i).at);
        const struct str body = str_format(arena, OPERATIONS("%s"), NEIGHBOURS[i].operations);

        const struct reply reply = patch(&desk, id, body.at);

        assert_status(reply, NEIGHBOURS[i].status);
        assert_in(&desk, id, &reply, NEIGHBOURS[i].name);
    }
}

static void a_put_that_says_not_active_cuts_access(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const char *const bodies[] = {
        NEW_USER("\"userName\":\"a\",\"active\":false"),
        NEW_USER("\"userName\":\"b\",\"Active\":\"False\""),
        NEW_USER("\"userName\":\"c\",\"" CORE_URN ":active\":\"false\""),
        "{\"userName\":\"d\",\"active\":[false]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        const char name[] = {(char) ('a' + i), 0};
        const struct str id = hired(&desk, name);

        const struct reply reply = put(&desk, id, bodies[i]);

        assert_status(reply, 200);
        assert_out(&desk, id, &reply, bodies[i]);
    }
}

static void a_put_without_active_neither_cuts_nor_lets_in(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str here = hired(&desk, "here");
    const struct str gone = hired(&desk, "gone");
    assert_status(put(&desk, gone, NEW_USER("\"userName\":\"gone\",\"active\":false")), 200);

    const struct reply stays = put(&desk, here, NEW_USER("\"userName\":\"here\",\"title\":\"x\""));
    const struct reply out = put(&desk, gone, NEW_USER("\"userName\":\"gone\",\"title\":\"x\""));

    assert_status(stays, 200);
    assert_in(&desk, here, &stays, "PC3");
    assert_status(out, 200);
    assert_int_equal(person(&desk, gone).state, USER_DEACTIVATED);
    assert_false(out.revoked.is_set);
}

static void a_delete_cuts_access_keeps_the_account_and_frees_the_name(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "Ana");

    const struct reply reply = drop(&desk, id);

    assert_status(reply, 204);
    assert_int_equal(reply.body.len, 0);
    assert_out(&desk, id, &reply, "X1");
    assert_status(get(&desk, id), 404); /* X2 */
    assert_status(put(&desk, id, NEW_USER("\"userName\":\"Ana\"")), 404);
    assert_status(patch(&desk, id, OPERATIONS("[{\"op\":\"add\",\"value\":{\"title\":\"x\"}}]")),
                  404);
    assert_status(drop(&desk, id), 404);
    const struct reply all = list(&desk, "filter=userName+eq+%22ana%22"); /* X3 */
    assert_int_equal(json_as_integer(at(all.json, "totalResults", NULL)), 0);
    const struct str again = hired(&desk, "ana"); /* X4 */
    assert_false(str_eq(again, id));
    assert_int_equal(person(&desk, again).state, USER_ACTIVE);
    assert_int_equal(person(&desk, id).state, USER_DEACTIVATED);
}

static void a_post_of_somebody_inactive_makes_an_account_that_is_out(void **state) {
    const struct desk desk = given_desk(*state, "acme");

    const struct reply reply = post(&desk, NEW_USER("\"userName\":\"ana\",\"active\":\"False\""));

    assert_status(reply, 201);
    assert_out(&desk, text_at(&reply, "id"), &reply, "P7");
    assert_int_equal(json_kind(at(reply.json, "active", NULL)), JSON_FALSE);
}

static void a_duplicate_post_that_says_not_active_is_refused_and_cuts_access(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str by_name = hired(&desk, "ana");
    const struct reply bob = post(&desk, NEW_USER("\"userName\":\"bob\",\"externalId\":\"e-2\""));
    give_credential(&desk, text_at(&bob, "id"));

    const struct reply one = post(&desk, NEW_USER("\"userName\":\"ANA\",\"active\":false"));
    const struct reply two = post(
        &desk, NEW_USER("\"userName\":\"robert\",\"externalId\":\"e-2\",\"active\":\"False\""));

    assert_error(&one, 409, "uniqueness");
    assert_out(&desk, by_name, &one, "by name");
    assert_true(str_has_prefix(text_at(&one, "detail"), STR("The user was deactivated")));
    assert_error(&two, 409, "uniqueness");
    assert_out(&desk, text_at(&bob, "id"), &two, "by externalId");
}

static void a_reused_name_with_another_external_id_cuts_nobody(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply ana = post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e-1\""));
    give_credential(&desk, text_at(&ana, "id"));

    const struct reply other =
        post(&desk, NEW_USER("\"userName\":\"ana\",\"externalId\":\"e-2\",\"active\":false"));

    assert_error(&other, 409, "uniqueness");
    assert_in(&desk, text_at(&ana, "id"), &other, "another person");
}

/* PC7: refused for a reason of its own, and still heard. */
static const struct {
    const char *name, *body, *type;
    int status;
} REFUSED[] = {
    {"a value of another type",
     OPERATIONS("[{\"op\":\"replace\",\"path\":\"active\",\"value\":false},"
                "{\"op\":\"replace\",\"path\":\"title\",\"value\":1}]"),
     "invalidValue", 400},
    {"a value of another type in front",
     OPERATIONS("[{\"op\":\"replace\",\"path\":\"title\",\"value\":{}},"
                "{\"op\":\"replace\",\"path\":\"nickName\",\"value\":1},"
                "{\"op\":\"replace\",\"path\":\"active\",\"value\":\"False\"}]"),
     "invalidValue", 400},
    {"unknown op", OPERATIONS("[{\"op\":\"frob\",\"path\":\"active\",\"value\":false}]"),
     "invalidSyntax", 400},
    {"malformed path",
     OPERATIONS("[{\"op\":\"add\",\"path\":\"a b\",\"value\":1},"
                "{\"op\":\"replace\",\"value\":{\"active\":false}}]"),
     "invalidPath", 400},
    {"malformed filter",
     OPERATIONS("[{\"op\":\"add\",\"path\":\"emails[type]\",\"value\":1},"
                "{\"op\":\"replace\",\"value\":{\"active\":false}}]"),
     "invalidFilter", 400},
    {"no target",
     OPERATIONS("[{\"op\":\"replace\",\"path\":\"emails[value eq \\\"x\\\"].type\",\"value\":\"w\"}"
                ",{\"op\":\"replace\",\"value\":{\"active\":false}}]"),
     "noTarget", 400},
    {"read-only",
     OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false,\"id\":\"other\"}}]"),
     "mutability", 400},
    {"another schema",
     "{\"schemas\":[\"urn:x\"],\"Operations\":[{\"op\":\"replace\",\"path\":\"active\","
     "\"value\":false}]}",
     "invalidSyntax", 400},
    {"no PatchOp at all", "{\"active\":false}", "invalidSyntax", 400},
    {"a name that is taken",
     OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false,\"userName\":\"boss\"}}]"),
     "uniqueness", 409},
    {"T27 two names that differ in case",
     OPERATIONS("[{\"op\":\"replace\",\"value\":{\"title\":\"a\",\"Title\":\"b\","
                "\"active\":false}}]"),
     "invalidSyntax", 400},
    {"two names of active",
     OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":true,\"Active\":false}}]"),
     "invalidSyntax", 400},
};

static void a_refused_request_that_says_not_active_cuts_access_and_changes_nothing_else(
    void **state) {
    const struct desk desk = given_desk(*state, "acme");
    struct arena *arena = desk.d->fixture.scope.arena;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        const struct str id = hired(&desk, str_format(arena, "user%d", (int) i).at);

        const struct reply reply = patch(&desk, id, REFUSED[i].body);

        assert_error(&reply, REFUSED[i].status, REFUSED[i].type);
        assert_out(&desk, id, &reply, REFUSED[i].name);
        assert_true(str_has_prefix(text_at(&reply, "detail"), STR("The user was deactivated")));
        const struct reply now = get(&desk, id);
        assert_null(at(now.json, "title", NULL));
        assert_int_equal(json_kind(at(now.json, "active", NULL)), JSON_FALSE);
    }
}

static void around_the_body_refusals_are_heard_too(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str a = hired(&desk, "a");
    const struct str b = hired(&desk, "b");
    const struct str c = hired(&desk, "c");
    const char *body = OPERATIONS("[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]");

    const struct reply stale = ask(
        &desk, scim_user_patch,
        (struct request_text){.id = str_format(desk.d->fixture.scope.arena, "%.*s", STR_ARG(a)).at,
                              .body = body,
                              .if_match = "W/\"99\""});
    const struct reply type = ask(
        &desk, scim_user_patch,
        (struct request_text){.id = str_format(desk.d->fixture.scope.arena, "%.*s", STR_ARG(b)).at,
                              .body = body,
                              .content_type = "text/plain"});
    const struct reply query = ask(
        &desk, scim_user_patch,
        (struct request_text){.id = str_format(desk.d->fixture.scope.arena, "%.*s", STR_ARG(c)).at,
                              .body = body,
                              .query = "attributes=id&excludedAttributes=name"});

    assert_error(&stale, 412, "");
    assert_out(&desk, a, &stale, "If-Match");
    assert_error(&type, 415, "");
    assert_out(&desk, b, &type, "media type");
    assert_error(&query, 400, "invalidValue");
    assert_out(&desk, c, &query, "projection");
}

static void a_refused_request_lets_nobody_in_and_harms_nobody_unknown(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    assert_status(
        patch(&desk, id, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]")), 200);

    const struct reply refused = patch(
        &desk, id, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":true,\"title\":1}}]"));
    const struct reply unknown =
        patch(&desk, STR("nobody"),
              OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false,\"title\":1}}]"));

    assert_error(&refused, 400, "invalidValue");
    assert_int_equal(person(&desk, id).state, USER_DEACTIVATED);
    assert_false(refused.revoked.is_set);
    assert_error(&unknown, 404, "");
    assert_false(unknown.revoked.is_set);
}

static void a_mapping_that_fails_blocks_nothing(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    struct strbuf buf = strbuf_begin(desk.d->fixture.scope.arena, 8192);
    strbuf_add_c(&buf, "[{\"op\":\"replace\",\"value\":{\"displayName\":\"");
    for (int i = 0; i < 1000; i++) {
        strbuf_add_byte(&buf, 'x');
    }
    strbuf_add_c(&buf, "\",\"emails\":[{\"value\":\"no address\",\"primary\":true}],"
                       "\"active\":\"False\"}}]");
    const struct str body =
        str_format(desk.d->fixture.scope.arena, OPERATIONS("%.*s"), STR_ARG(strbuf_str(&buf)));

    const struct reply reply = patch(&desk, id, body.at);

    assert_status(reply, 200);
    assert_out(&desk, id, &reply, "PC7");
    assert_int_equal(text_at(&reply, "displayName").len, 1000);
    assert_str(person(&desk, id).display_name, "");
    assert_str(person(&desk, id).email, "");
}

static void a_repetition_waits_on_the_first_revocation_and_changes_nothing(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    const char *body = OPERATIONS("[{\"op\":\"replace\",\"path\":\"active\",\"value\":\"False\"}]");
    const struct reply first = patch(&desk, id, body);
    fake_clock_advance(&desk.d->fixture.time, S_TO_US(5));

    const struct reply again = patch(&desk, id, body);
    const struct reply as_put = put(&desk, id, NEW_USER("\"userName\":\"ana\",\"active\":false"));
    const struct reply other =
        patch(&desk, id, OPERATIONS("[{\"op\":\"replace\",\"path\":\"title\",\"value\":\"x\"}]"));

    assert_status(again, 200);
    assert_out(&desk, id, &again, "rule 8");
    assert_int_equal(again.revoked.seq, first.revoked.seq);
    assert_true(str_eq(again.revoked.id, first.revoked.id));
    assert_true(str_eq(again.etag, first.etag));
    assert_true(str_eq(again.body, first.body));
    assert_status(as_put, 200);
    assert_int_equal(as_put.revoked.seq, first.revoked.seq);
    assert_status(other, 200);
    assert_false(other.revoked.is_set);
    assert_int_equal(audits_of(&desk, id, "user.deactivated"), 1);
}

static void reactivation_works_in_every_shape_and_revives_no_credential(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    const char *const back[] = {
        OPERATIONS("[{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"True\"}]"),
        OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":true}}]"),
        OPERATIONS("[{\"op\":\"add\",\"path\":\"active\",\"value\":true}]"),
    };
    for (size_t i = 0; i < sizeof back / sizeof back[0]; i++) {
        assert_status(
            patch(&desk, id, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]")),
            200);

        const struct reply reply = patch(&desk, id, back[i]);

        assert_status(reply, 200);
        assert_int_equal(json_kind(at(reply.json, "active", NULL)), JSON_TRUE);
        assert_int_equal(person(&desk, id).state, USER_ACTIVE);
        assert_int_equal(credentials_of(&desk, id), 0);
        assert_int_equal(person(&desk, id).epoch, (int64_t) (3 + 2 * i));
    }
}

static void a_block_of_another_source_keeps_the_person_out(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    const struct user ana = person(&desk, id);
    struct state_change change = change_of(desk.d, &ana, SOURCE_OPERATOR);
    static const struct table_registry NONE = {NULL, 0};
    static const struct messaging OPERATORS = {.registry = &NONE};
    struct revoked revoked = {0};
    assert_ok(user_deactivate(&desk.d->fixture.scope, &OPERATORS, desk.d->db, &change, &revoked));
    assert_status(
        patch(&desk, id, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]")), 200);

    const struct reply reply =
        patch(&desk, id, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":true}}]"));

    assert_status(reply, 200);
    assert_int_equal(json_kind(at(reply.json, "active", NULL)), JSON_FALSE);
    assert_int_equal(person(&desk, id).state, USER_DEACTIVATED);
    assert_ok(user_reactivate(&desk.d->fixture.scope, &OPERATORS, desk.d->db, &change));
    assert_int_equal(person(&desk, id).state, USER_ACTIVE);
}

static void the_last_owner_is_cut_off_like_everybody(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str boss = desk.company.creator.id;

    const struct reply reply =
        patch(&desk, boss, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]"));

    assert_status(reply, 200);
    assert_int_equal(person(&desk, boss).state, USER_DEACTIVATED);
    assert_int_equal(number_of(desk.d, "SELECT is_ownerless FROM org WHERE org_id = $1 AND $2 = ''",
                               desk.actor.org_id, STR("")),
                     1);
}

static void another_organisations_people_are_unknown(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct desk other = given_desk(*state, "other");
    const struct str id = hired(&other, "ana");
    const char *body = OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]");

    const struct reply seen = get(&desk, id);
    const struct reply patched = patch(&desk, id, body);
    const struct reply replaced = put(&desk, id, NEW_USER("\"userName\":\"ana\""));
    const struct reply dropped = drop(&desk, id);
    const struct reply unknown = patch(&desk, STR("nobody"), body);

    assert_error(&seen, 404, "");
    assert_error(&patched, 404, "");
    assert_error(&replaced, 404, "");
    assert_error(&dropped, 404, "");
    assert_true(str_eq(unknown.body, patched.body)); /* M2 */
    assert_in(&other, id, &dropped, "another organisation's");
    const struct str same = hired(&desk, "ana"); /* M3 */
    assert_status(patch(&desk, same, body), 200);
    assert_int_equal(person(&other, id).state, USER_ACTIVE);
}

/* Whatever call fails: the person is wholly in or wholly out, 2xx comes only when they are out. */
static void run_with_faults(const struct desk *desk, const char *name, const char *body, int wanted,
                            bool is_after) {
    const struct str id = hired(desk, name);
    struct reply reply = {.status = 0};
    int64_t n = 0;
    while (reply.status != wanted) {
        n++;
        assert_in_range(n, 1, 90);
        struct db_fault fault = {.fail_at = n, .is_after = is_after};
        db_set_fault(desk->d->db, &fault);
        reply = patch(desk, id, body);
        db_set_fault(desk->d->db, NULL);
        const struct user now = person(desk, id);
        const bool is_out = now.state == USER_DEACTIVATED;
        assert_int_equal(credentials_of(desk, id), is_out ? 0 : 1);
        assert_int_equal(revocations_of(desk, id), is_out);
        assert_int_equal(reply.revoked.is_set, is_ok(reply.result));
        if (!is_ok(reply.result)) {
            assert_int_equal(reply.result.code, UNAVAILABLE);
        } else {
            assert_true(is_out);
        }
    }
    assert_true(n > 10);
}

static void a_fault_at_any_call_leaves_the_person_in_or_out_and_no_false_answer(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const char *fine = OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false,"
                                  "\"title\":\"x\",\"emails\":[{\"value\":\"a@x.test\"}]}}]");
    const char *refused = OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false,"
                                     "\"title\":1}}]");

    run_with_faults(&desk, "a", fine, 200, false);
    run_with_faults(&desk, "b", fine, 200, true);
    run_with_faults(&desk, "c", refused, 400, false);
    run_with_faults(&desk, "d", refused, 400, true);
}

static void a_source_whose_token_was_revoked_meanwhile_changes_nothing(void **state) {
    static const struct statement NO_TOKEN = {
        "test.no_token", TENANT, "SELECT 1 FROM test_credential WHERE org_id = $1 AND user_id = $2",
        NULL};
    struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    desk.actor.credential_id = STR("token-1");
    desk.actor.credential_guard = &NO_TOKEN;

    const struct reply reply =
        patch(&desk, id, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]"));

    assert_int_equal(reply.result.code, UNAUTHENTICATED);
    assert_in(&desk, id, &reply, "no token");
}

enum { WRITERS = 16 };

struct writer {
    struct desk desk;
    struct database database; /* its own connection and scope */
    pthread_t thread;
    const char *body;
    struct str id; /* empty: POST */
    int status;
};

static void *write_once(void *self) {
    struct writer *writer = self;
    const struct reply reply = writer->id.len == 0 ? post(&writer->desk, writer->body)
                                                   : patch(&writer->desk, writer->id, writer->body);
    writer->status = reply.status;
    return NULL;
}

static void run_writers(const struct desk *desk, struct str id, const char *body,
                        struct writer writers[WRITERS]) {
    for (size_t i = 0; i < WRITERS; i++) {
        struct writer *writer = &writers[i];
        writer->database = *desk->d;
        fixture_open(&writer->database.fixture);
        /* ids of several writers must not be the same */
        *writer->database.fixture.random.counter = (uint64_t) (i + 1) << 32;
        writer->database.db = database_connect(desk->d);
        writer->desk = *desk;
        writer->desk.d = &writer->database;
        writer->id = id;
        writer->body = body;
    }
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_once, &writers[i]), 0);
    }
    for (size_t i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(writers[i].thread, NULL), 0);
        db_close(&writers[i].database.db);
        fixture_close(&writers[i].database.fixture);
    }
}

static size_t count_status(const struct writer writers[WRITERS], int status) {
    size_t count = 0;
    for (size_t i = 0; i < WRITERS; i++) {
        count += writers[i].status == status;
    }
    return count;
}

static void of_sixteen_equal_posts_one_makes_the_person(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    struct writer writers[WRITERS] = {0};

    run_writers(&desk, STR(""), NEW_USER("\"userName\":\"ana\",\"externalId\":\"e\""), writers);

    assert_int_equal(count_status(writers, 201), 1);
    assert_int_equal(count_status(writers, 409), WRITERS - 1);
}

static void sixteen_equal_deactivations_are_one_and_all_are_true(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    struct writer writers[WRITERS] = {0};

    run_writers(&desk, id, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]"),
                writers);

    assert_int_equal(count_status(writers, 200), WRITERS);
    assert_int_equal(revocations_of(&desk, id), 1);
    assert_int_equal(person(&desk, id).epoch, 2);
}

static void of_sixteen_restores_one_brings_the_person_back(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str id = hired(&desk, "ana");
    struct writer writers[WRITERS] = {0};
    assert_status(
        patch(&desk, id, OPERATIONS("[{\"op\":\"replace\",\"value\":{\"active\":false}}]")), 200);

    run_writers(&desk, STR(""), NEW_USER("\"userName\":\"ana\""), writers);

    assert_int_equal(count_status(writers, 201), 1);
    assert_int_equal(count_status(writers, 409), WRITERS - 1);
    assert_int_equal(person(&desk, id).epoch, 3);
}

/* The token decides; the address may only agree. */
static void an_address_that_names_another_organisation_does_nothing(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    (void) given_desk(*state, "other");
    const struct str id = hired(&desk, "leaver");
    const char *out = OPERATIONS("[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]");
    const char *const WRONG[] = {"other", "nobody", "ACME"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        const struct reply refused =
            ask(&desk, scim_user_patch,
                (struct request_text){.id = id.at, .body = out, .org = WRONG[i]});
        assert_error(&refused, 404, NULL);
        const struct reply config = ask(&desk, scim_config, (struct request_text){.org = WRONG[i]});
        assert_error(&config, 404, NULL);
        const struct reply types =
            ask(&desk, scim_resource_type_list, (struct request_text){.org = WRONG[i]});
        assert_error(&types, 404, NULL);
        const struct reply schema =
            ask(&desk, scim_schema_get, (struct request_text){.id = CORE_URN, .org = WRONG[i]});
        assert_error(&schema, 404, NULL);
    }
    assert_int_equal(person(&desk, id).state, USER_ACTIVE);
    assert_int_equal(credentials_of(&desk, id), 1);
    const struct reply done =
        ask(&desk, scim_user_patch, (struct request_text){.id = id.at, .body = out, .org = "acme"});
    assert_status(done, 200);
    assert_int_equal(person(&desk, id).state, USER_DEACTIVATED);
}

static void an_address_may_name_the_organisation_by_its_id(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct str org = desk.company.org.id;
    const char *id = str_format(desk.d->fixture.scope.arena, "%.*s", STR_ARG(org)).at;
    assert_status(ask(&desk, scim_config, (struct request_text){.org = id}), 200);
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(an_address_that_names_another_organisation_does_nothing),
        ON_BOTH(an_address_may_name_the_organisation_by_its_id),
        ON_BOTH(every_patch_that_says_not_active_cuts_access_before_the_answer),
        ON_BOTH(a_patch_that_does_not_say_it_cuts_nobody),
        ON_BOTH(a_put_that_says_not_active_cuts_access),
        ON_BOTH(a_put_without_active_neither_cuts_nor_lets_in),
        ON_BOTH(a_delete_cuts_access_keeps_the_account_and_frees_the_name),
        ON_BOTH(a_post_of_somebody_inactive_makes_an_account_that_is_out),
        ON_BOTH(a_duplicate_post_that_says_not_active_is_refused_and_cuts_access),
        ON_BOTH(a_reused_name_with_another_external_id_cuts_nobody),
        ON_BOTH(a_refused_request_that_says_not_active_cuts_access_and_changes_nothing_else),
        ON_BOTH(around_the_body_refusals_are_heard_too),
        ON_BOTH(a_refused_request_lets_nobody_in_and_harms_nobody_unknown),
        ON_BOTH(a_mapping_that_fails_blocks_nothing),
        ON_BOTH(a_repetition_waits_on_the_first_revocation_and_changes_nothing),
        ON_BOTH(reactivation_works_in_every_shape_and_revives_no_credential),
        ON_BOTH(a_block_of_another_source_keeps_the_person_out),
        ON_BOTH(the_last_owner_is_cut_off_like_everybody),
        ON_BOTH(another_organisations_people_are_unknown),
        ON_BOTH(a_fault_at_any_call_leaves_the_person_in_or_out_and_no_false_answer),
        ON_BOTH(a_source_whose_token_was_revoked_meanwhile_changes_nothing),
        ON_BOTH(of_sixteen_equal_posts_one_makes_the_person),
        ON_BOTH(sixteen_equal_deactivations_are_one_and_all_are_true),
        ON_BOTH(of_sixteen_restores_one_brings_the_person_back),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
