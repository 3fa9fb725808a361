/* Lists by index, by cursor and by POST .search, sorted, and what of each resource is shown. The
 * letter and number of each test is the statement that it shows. */
#include "tests/provisioning/desk.h"

#include <stdio.h>

#include "provisioning/scim/scim_list.h"

#define SEARCH_URN   "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
#define SEARCH(more) "{\"schemas\":[\"" SEARCH_URN "\"]," more "}"
#define DEACTIVATE   OPERATIONS("[{\"op\":\"replace\",\"path\":\"active\",\"value\":false}]")
#define STAFF        "filter=title+eq+%22staff%22"

static int64_t number_at(const struct reply *reply, const char *name) {
    return json_as_integer(json_get(reply->json, str_from_c(name)));
}

static bool has(const struct reply *reply, const char *name) {
    return json_get(reply->json, str_from_c(name)) != NULL;
}

/* The userNames of a list, in its order: "ana bob". */
static struct str names_in(const struct desk *desk, const struct reply *reply) {
    const struct json *resources = json_get(reply->json, STR("Resources"));
    struct strbuf buf = strbuf_begin(desk->d->fixture.scope.arena, 4096);
    for (size_t i = 0; i < json_count(resources); i++) {
        strbuf_add_c(&buf, i == 0 ? "" : " ");
        strbuf_add(&buf, json_as_string(json_get(json_at(resources, i), STR("userName"))));
    }
    return strbuf_str(&buf);
}

static void assert_names(const struct desk *desk, const char *query, const char *names) {
    const struct reply reply = list(desk, query);
    assert_status(reply, 200);
    const struct str found = names_in(desk, &reply);
    if (!str_eq(found, str_from_c(names))) {
        fail_msg("%s: %.*s, wanted %s", query, STR_ARG(found), names);
    }
}

/* A moment later than everybody before: ids of one moment are in no order. */
static struct str add(const struct desk *desk, const char *members) {
    fake_clock_advance(&desk->d->fixture.time, 1000);
    const struct reply reply =
        post(desk, str_format(desk->d->fixture.scope.arena, NEW_USER("%s"), members).at);
    assert_status(reply, 201);
    return text_at(&reply, "id");
}

/* Five people besides the creator, the last letter first. */
static void given_staff(const struct desk *desk) {
    (void) add(desk, "\"userName\":\"Eve\",\"title\":\"staff\",\"nickName\":\"b\"");
    (void) add(desk,
               "\"userName\":\"dora\",\"title\":\"staff\",\"emails\":[{\"value\":\"z@x.test\"},"
               "{\"value\":\"B@x.test\",\"primary\":true}]");
    (void) add(desk, "\"userName\":\"Carl\",\"title\":\"staff\",\"nickName\":\"A\","
                     "\"emails\":[{\"value\":\"c@x.test\"},{\"value\":\"a@x.test\"}]");
    (void) add(desk, "\"userName\":\"bob\",\"title\":\"staff\",\"nickName\":\"\xc3\xa9\","
                     "\"externalId\":\"b\"");
    (void) add(desk, "\"userName\":\"Ana\",\"title\":\"staff\",\"nickName\":\"Z\","
                     "\"externalId\":\"B\",\"emails\":[{\"value\":\"a0@x.test\"}]");
}

static struct desk given_staffed_desk(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    given_staff(&desk);
    return desk;
}

static void l1_l14_get_shows_location_and_config_the_maximum(void **state) {
    const struct desk desk = given_staffed_desk(state);
    const struct reply found = list(&desk, "filter=userName+eq+%22ana%22");
    const struct json *ana = json_at(at(found.json, "Resources", NULL), 0);
    const struct reply one = get(&desk, json_as_string(at(ana, "id", NULL)));
    const struct reply config = ask(&desk, scim_config, (struct request_text){0});

    assert_status(one, 200);
    assert_true(str_eq(one.location, json_as_string(at(one.json, "meta", "location", NULL))));
    assert_int_equal(json_as_integer(at(config.json, "filter", "maxResults", NULL)), SCIM_PAGE_MAX);
}

static void l2_l5_every_query_is_a_list_with_its_numbers(void **state) {
    const struct desk desk = given_staffed_desk(state);
    static const struct {
        const char *query;
        int64_t total, start, items;
    } cases[] = {
        {"filter=userName+eq+%22ana%22", 1, 1, 1},    /* L2 */
        {"filter=userName+eq+%22nobody%22", 0, 1, 0}, /* L3, EN16 */
        {"filter=title+eq+%22nobody%22", 0, 1, 0},
        {STAFF "&count=2", 5, 1, 2}, /* L4, L5, L7, L12 */
        {STAFF "&startIndex=5&count=2", 5, 5, 1},
        {"startIndex=0&count=3", 6, 1, 3}, /* L6 */
        {"count=0", 6, 1, 0},              /* L8 */
        {STAFF "&count=0", 5, 1, 0},
        {"count=-5", 6, 1, 0},     /* L9 */
        {"startIndex=7", 6, 7, 0}, /* L11 */
        {STAFF "&startIndex=6", 5, 6, 0},
        {"sortBy=userName&startIndex=9", 6, 9, 0},
        {"sortBy=userName&count=0", 6, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply = list(&desk, cases[i].query);
        assert_status(reply, 200);
        assert_str(json_as_string(json_at(at(reply.json, "schemas", NULL), 0)),
                   "urn:ietf:params:scim:api:messages:2.0:ListResponse");
        assert_int_equal(number_at(&reply, "totalResults"), cases[i].total);
        assert_int_equal(number_at(&reply, "startIndex"), cases[i].start);
        assert_int_equal(number_at(&reply, "itemsPerPage"), cases[i].items);
        assert_true(json_is_array(at(reply.json, "Resources", NULL)));
        assert_int_equal(json_count(at(reply.json, "Resources", NULL)), cases[i].items);
        assert_false(has(&reply, "nextCursor")); /* K10 */
    }
}

static void l10_l15_k6_k7_what_cannot_be_paged_by_is_refused(void **state) {
    const struct desk desk = given_staffed_desk(state);
    static const struct {
        const char *query, *type;
    } cases[] = {
        {"count=ten", "invalidValue"},
        {"startIndex=1.5", "invalidValue"},
        {"startIndex=--1", "invalidValue"},
        {"cursor=&count=ten", "invalidCount"},
        {"cursor=&count=-1", "invalidCount"},
        {"cursor=&count=201", "invalidCount"},
        {"cursor=&startIndex=2", "invalidValue"},
        {"cursor=abc", "invalidCursor"},
        {"cursor=%00", "invalidValue"},
        {"cursor=%21%21", "invalidCursor"},
        {"cursor=1&cursor=2", "invalidValue"},
        {"sortBy=name", "invalidValue"}, /* complex, without a value */
        {"sortBy=%22", "invalidValue"},
        {"sortBy=password", "invalidValue"},
        {"sortBy=" ENTERPRISE_URN, "invalidValue"},
        {"sortBy=userName&sortOrder=up", "invalidValue"},
        {"attributes=id&excludedAttributes=name", "invalidValue"}, /* A8 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply = list(&desk, cases[i].query);
        if (reply.status != 400) {
            fail_msg("%s: %d", cases[i].query, reply.status);
        }
        assert_error(&reply, 400, cases[i].type);
    }
}

static void l13_pages_by_index_keep_one_order(void **state) {
    const struct desk desk = given_staffed_desk(state);

    assert_names(&desk, STAFF, "Eve dora Carl bob Ana");
    assert_names(&desk, STAFF "&count=2", "Eve dora");
    assert_names(&desk, STAFF "&startIndex=3&count=2", "Carl bob");
    assert_names(&desk, "startIndex=2&count=2", "Eve dora"); /* the creator came first */
    assert_names(&desk, "startIndex=6&count=2", "Ana");
    assert_names(&desk, "filter=active+eq+true&startIndex=4&count=1", "Carl");
}

static void l17_who_is_inactive_stays_in_lists(void **state) {
    const struct desk desk = given_staffed_desk(state);
    const struct str id = hired(&desk, "ina");

    assert_status(patch(&desk, id, DEACTIVATE), 200);

    assert_names(&desk, "filter=userName+eq+%22ina%22", "ina");
    assert_names(&desk, "filter=active+eq+false", "ina");
    assert_names(&desk, "filter=active+eq+false+and+userName+eq+%22ina%22", "ina");
    assert_names(&desk, "filter=active+eq+true+and+userName+eq+%22ina%22", "");
    assert_status(drop(&desk, id), 204); /* X3 */
    assert_names(&desk, "filter=userName+eq+%22ina%22", "");
    assert_names(&desk, "filter=active+eq+false", "");
}

static struct reply root(const struct desk *desk, const char *query) {
    return ask(desk, scim_root_list, (struct request_text){.query = query});
}

static void l16_f25_the_root_asks_all_types(void **state) {
    const struct desk desk = given_staffed_desk(state);
    static const struct {
        const char *query;
        int64_t total;
    } cases[] = {
        {"filter=meta.resourceType+eq+%22User%22+and+title+pr", 5},
        {"filter=meta.resourceType+eq+%22Widget%22", 0},
        {"filter=meta.resourceType+eq+%22user%22", 0}, /* caseExact */
        {"filter=userName+eq+%22ana%22", 1},
        {"filter=userName+eq+%22ana%22+and+meta.resourceType+eq+%22User%22", 1},
        {"filter=shoeSize+eq+%2242%22", 0},
        {"filter=shoeSize+pr+or+userName+eq+%22ana%22", 1},
        {"filter=shoeSize+eq+null+and+userName+eq+%22ana%22", 1},
        {"filter=shoeSize.left+ne+%2242%22+and+userName+eq+%22ana%22", 1},
        {"filter=shoes%5Bsize+eq+42%5D", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply = root(&desk, cases[i].query);
        if (number_at(&reply, "totalResults") != cases[i].total || reply.status != 200) {
            fail_msg("%s: %.*s", cases[i].query, STR_ARG(reply.body));
        }
    }
    const struct reply malformed = root(&desk, "filter=shoeSize+is+1");
    assert_error(&malformed, 400, "invalidFilter");
    const struct reply unknown = list(&desk, "filter=shoeSize+pr");
    assert_error(&unknown, 400, "invalidFilter");
}

static void given_group(const struct desk *desk, const char *body) {
    fake_clock_advance(&desk->d->fixture.time, 1000);
    assert_status(ask(desk, scim_group_create_http, (struct request_text){.body = body}), 201);
}

/* userNames of people, displayNames of groups; the next cursor. */
static struct str assert_root(const struct desk *desk, const char *query, struct str cursor,
                              const char *names) {
    struct arena *arena = desk->d->fixture.scope.arena;
    const struct reply reply = root(desk, str_format(arena, "%s%.*s", query, STR_ARG(cursor)).at);
    const struct json *resources = json_get(reply.json, STR("Resources"));
    struct strbuf buf = strbuf_begin(arena, 4096);
    assert_status(reply, 200);
    for (size_t i = 0; i < json_count(resources); i++) {
        const struct json *name = json_get(json_at(resources, i), STR("userName"));
        strbuf_add_c(&buf, i == 0 ? "" : " ");
        strbuf_add(&buf, json_as_string(name != NULL
                                            ? name
                                            : json_get(json_at(resources, i), STR("displayName"))));
    }
    if (!str_eq(strbuf_str(&buf), str_from_c(names))) {
        fail_msg("%s: %.*s, wanted %s", query, STR_ARG(strbuf_str(&buf)), names);
    }
    return text_at(&reply, "nextCursor");
}

static void l16_k3_o6s_pages_go_on_from_one_type_to_the_next(void **state) {
    const struct desk desk = given_staffed_desk(state);
    given_group(&desk, "{\"schemas\":[\"" SCIM_GROUP_SCHEMA "\"],\"displayName\":\"Blue\"}");
    given_group(&desk, "{\"schemas\":[\"" SCIM_GROUP_SCHEMA "\"],\"displayName\":\"Able\"}");

    (void) assert_root(&desk, "startIndex=5&count=3", STR(""), "bob Ana Blue");
    (void) assert_root(&desk, "startIndex=8&count=3", STR(""), "Able");
    (void) assert_root(&desk, "filter=title+pr+or+displayName+eq+%22Able%22&startIndex=5", STR(""),
                       "Ana Able");
    (void) assert_root(&desk, "filter=meta.resourceType+eq+%22Group%22&sortBy=displayName", STR(""),
                       "Able Blue");
    (void) assert_root(&desk, "sortBy=meta.created&sortOrder=descending&count=3", STR(""),
                       "Able Blue Ana");
    static const char *const by_three = "count=3&cursor=";
    const struct str second = assert_root(&desk, by_three, STR(""), "boss Eve dora");
    const struct str third = assert_root(&desk, by_three, second, "Carl bob Ana");
    assert_int_equal(assert_root(&desk, by_three, third, "Blue Able").len, 0);
    static const char *const sorted = "sortBy=meta.created&sortOrder=descending&count=5&cursor=";
    const struct str rest = assert_root(&desk, sorted, STR(""), "Able Blue Ana bob Carl");
    assert_int_equal(assert_root(&desk, sorted, rest, "dora Eve boss").len, 0);
    const struct reply all = root(&desk, "count=0");
    assert_int_equal(number_at(&all, "totalResults"), 8);
}

/* A page by cursor; the cursor of the next one, or "". */
static struct str page_by_cursor(const struct desk *desk, const char *query, struct str cursor,
                                 const char *names) {
    const struct str text =
        str_format(desk->d->fixture.scope.arena, "%s&cursor=%.*s", query, STR_ARG(cursor));
    const struct reply reply = list(desk, text.at);
    assert_status(reply, 200);
    assert_str(names_in(desk, &reply), names);
    assert_int_equal(number_at(&reply, "itemsPerPage"),
                     json_count(at(reply.json, "Resources", NULL)));
    assert_false(has(&reply, "startIndex"));
    assert_false(has(&reply, "previousCursor")); /* K4 */
    return text_at(&reply, "nextCursor");
}

static bool is_unreserved(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
                              c == '~';
        if (!is_plain) {
            return false;
        }
    }
    return text.len > 0;
}

static void k1_k3_a_cursor_leads_through_all_pages(void **state) {
    const struct desk desk = given_staffed_desk(state);
    static const char *const queries[] = {STAFF "&count=2",
                                          "filter=active+eq+true+and+title+pr&count=2"};
    for (size_t i = 0; i < 2; i++) {
        const struct str second = page_by_cursor(&desk, queries[i], STR(""), "Eve dora");
        assert_true(is_unreserved(second)); /* K2 */
        const struct str third = page_by_cursor(&desk, queries[i], second, "Carl bob");
        assert_true(third.len > 0);
        const struct str none = page_by_cursor(&desk, queries[i], third, "Ana");
        assert_int_equal(none.len, 0);
        (void) page_by_cursor(&desk, queries[i], second, "Carl bob"); /* again */
    }
    /* the last page is full: still no cursor behind it */
    const struct str last = page_by_cursor(&desk, "count=3", STR(""), "boss Eve dora");
    assert_int_equal(page_by_cursor(&desk, "count=3", last, "Carl bob Ana").len, 0);
    assert_int_equal(page_by_cursor(&desk, STAFF "&count=0", STR(""), "").len, 0);
    const struct reply valueless = list(&desk, "cursor&count=2"); /* K1 */
    assert_status(valueless, 200);
    assert_true(text_at(&valueless, "nextCursor").len > 0);
}

static void k3_a_cursor_goes_on_where_it_was_when_people_come_and_go(void **state) {
    const struct desk desk = given_staffed_desk(state);
    const struct str second = page_by_cursor(&desk, "count=2", STR(""), "boss Eve");
    const struct reply dora = list(&desk, "filter=userName+eq+%22dora%22");
    const struct str id =
        json_as_string(at(json_at(at(dora.json, "Resources", NULL), 0), "id", NULL));

    assert_status(drop(&desk, id), 204);
    (void) add(&desk, "\"userName\":\"fay\"");

    const struct str third = page_by_cursor(&desk, "count=2", second, "Carl bob");
    assert_int_equal(page_by_cursor(&desk, "count=2", third, "Ana fay").len, 0);
}

static struct reply with_cursor(const struct desk *desk, const char *query, struct str cursor) {
    return list(
        desk,
        str_format(desk->d->fixture.scope.arena, "%s&cursor=%.*s", query, STR_ARG(cursor)).at);
}

static void k5_k7_a_cursor_answers_its_own_question_only(void **state) {
    const struct desk desk = given_staffed_desk(state);
    const struct str cursor = page_by_cursor(&desk, STAFF "&count=2", STR(""), "Eve dora");
    static const struct {
        const char *query, *type;
    } cases[] = {
        {"filter=title+pr&count=2", "invalidCursor"},
        {"count=2", "invalidCursor"},
        {STAFF "&count=2&sortBy=userName", "invalidCursor"},
        {STAFF "&count=2&sortOrder=descending", "invalidCursor"},
        {STAFF "&count=2&attributes=id", "invalidCursor"},
        {STAFF "&count=3", "invalidCount"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply = with_cursor(&desk, cases[i].query, cursor);
        assert_error(&reply, 400, cases[i].type);
    }
    const struct reply elsewhere =
        root(&desk, str_format(desk.d->fixture.scope.arena, "%s&count=2&cursor=%.*s", STAFF,
                               STR_ARG(cursor))
                        .at);
    assert_error(&elsewhere, 400, "invalidCursor");
    const struct reply without_count = with_cursor(&desk, STAFF, cursor);
    assert_status(without_count, 200);
    assert_int_equal(number_at(&without_count, "itemsPerPage"), 2);
}

static void k6_a_changed_or_expired_cursor_is_refused(void **state) {
    const struct desk desk = given_staffed_desk(state);
    struct fixture *f = &desk.d->fixture;
    const struct str cursor = page_by_cursor(&desk, "count=2", STR(""), "boss Eve");
    for (size_t i = 0; i < cursor.len; i += 7) {
        char text[SCIM_CURSOR_MAX_BYTES] = {0};
        assert_true(cursor.len < sizeof text);
        (void) snprintf(text, sizeof text, "%.*s", STR_ARG(cursor));
        text[i] = text[i] == 'A' ? 'B' : 'A';
        const struct reply forged = with_cursor(&desk, "count=2", str_from_c(text));
        assert_error(&forged, 400, "invalidCursor");
    }
    const struct reply longer = with_cursor(
        &desk, "count=2", str_format(f->scope.arena, "%.*s%05000d", STR_ARG(cursor), 0));
    assert_error(&longer, 400, "invalidCursor");

    fake_clock_advance(&f->time, (int64_t) SCIM_CURSOR_TIMEOUT_S * 1000000 - 1);
    assert_status(with_cursor(&desk, "count=2", cursor), 200);
    fake_clock_advance(&f->time, 1);
    const struct reply late = with_cursor(&desk, "count=2", cursor);
    assert_error(&late, 400, "expiredCursor");
}

static void k8_k13_m2_somebody_elses_cursor_is_no_cursor(void **state) {
    const struct desk desk = given_staffed_desk(state);
    const struct desk stranger = given_desk(*state, "umbra");
    const struct desk sibling = other_connection(&desk, "connection-2");
    struct desk renewed = desk;
    renewed.actor.credential_id = STR("token-2");
    const struct str cursor = page_by_cursor(&desk, "count=2", STR(""), "boss Eve");

    const struct desk *const others[] = {&stranger, &sibling, &renewed};
    const struct reply invented = with_cursor(&desk, "count=2", STR("abc"));
    for (size_t i = 0; i < 3; i++) {
        const struct reply reply = with_cursor(others[i], "count=2", cursor);
        assert_error(&reply, 400, "invalidCursor");
        assert_true(str_eq(reply.body, invented.body));
    }
}

static void k9_totals_are_told_where_an_index_can_count(void **state) {
    const struct desk desk = given_staffed_desk(state);
    const struct reply counted = list(&desk, "cursor=&count=2");
    const struct reply compared = list(&desk, "cursor=&count=2&" STAFF);
    const struct reply sorted = list(&desk, "cursor=&count=2&sortBy=userName&" STAFF);
    const struct reply second = with_cursor(&desk, "count=2", text_at(&counted, "nextCursor"));

    assert_int_equal(number_at(&counted, "totalResults"), 6);
    assert_int_equal(number_at(&second, "totalResults"), 6);
    assert_false(has(&compared, "totalResults"));
    assert_int_equal(number_at(&sorted, "totalResults"), 5);
}

static void k10_k11_the_configuration_describes_both_ways(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    const struct reply config = ask(&desk, scim_config, (struct request_text){0});
    const struct json *pagination = at(config.json, "pagination", NULL);

    assert_true(json_as_boolean(at(pagination, "cursor", NULL)));
    assert_true(json_as_boolean(at(pagination, "index", NULL)));
    assert_str(json_as_string(at(pagination, "defaultPaginationMethod", NULL)), "index");
    assert_int_equal(json_as_integer(at(pagination, "defaultPageSize", NULL)), SCIM_PAGE_DEFAULT);
    assert_int_equal(json_as_integer(at(pagination, "maxPageSize", NULL)), SCIM_PAGE_MAX);
    assert_int_equal(json_as_integer(at(pagination, "cursorTimeout", NULL)), SCIM_CURSOR_TIMEOUT_S);
    assert_true(json_as_boolean(at(config.json, "sort", "supported", NULL))); /* O1s */
    assert_true(json_as_boolean(at(config.json, "etag", "supported", NULL)));
}

static void o2s_o5s_lists_are_sorted_as_asked(void **state) {
    const struct desk desk = given_staffed_desk(state);

    /* O2s, O5s: userName folds */
    assert_names(&desk, STAFF "&sortBy=userName", "Ana bob Carl dora Eve");
    assert_names(&desk, STAFF "&sortBy=username&sortOrder=ascending", "Ana bob Carl dora Eve");
    assert_names(&desk, STAFF "&sortBy=userName&sortOrder=Descending", "Eve dora Carl bob Ana");
    assert_names(&desk, "sortBy=userName&count=3", "Ana bob boss");
    assert_names(&desk, STAFF "&sortBy=" CORE_URN ":userName", "Ana bob Carl dora Eve");
    /* O5s: externalId does not fold; code points, no locale */
    assert_names(&desk, "filter=externalId+pr&sortBy=externalId", "Ana bob");
    assert_names(&desk, STAFF "&sortBy=nickName", "Carl Eve Ana bob dora");
    /* O3s: the primary address, else the first */
    assert_names(&desk, STAFF "&sortBy=emails", "Ana dora Carl Eve bob");
    assert_names(&desk, STAFF "&sortBy=emails.value&count=3", "Ana dora Carl");
    /* O4s: no value comes last, descending first */
    assert_names(&desk, STAFF "&sortBy=nickName&sortOrder=descending", "dora bob Ana Eve Carl");
    /* what nobody has leaves the order of the list */
    assert_names(&desk, STAFF "&sortBy=shoeSize", "Eve dora Carl bob Ana");
    assert_names(&desk, STAFF "&sortOrder=descending", "Eve dora Carl bob Ana");
}

static void o5s_dates_and_booleans_are_sorted_by_type(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    struct fixture *f = &desk.d->fixture;
    given_staff(&desk);
    fake_clock_advance(&f->time, 3000000);
    const struct reply found = list(&desk, "filter=userName+eq+%22Carl%22");
    const struct str carl =
        json_as_string(at(json_at(at(found.json, "Resources", NULL), 0), "id", NULL));
    assert_status(patch(&desk, carl, DEACTIVATE), 200);

    assert_names(&desk, STAFF "&sortBy=meta.lastModified&sortOrder=descending&count=1", "Carl");
    assert_names(&desk, STAFF "&sortBy=meta.created", "Eve dora Carl bob Ana");
    assert_names(&desk, STAFF "&sortBy=active", "Carl Eve dora bob Ana");
}

static void o6s_sorting_comes_before_paging(void **state) {
    const struct desk desk = given_staffed_desk(state);

    assert_names(&desk, STAFF "&sortBy=userName&startIndex=2&count=2", "bob Carl");
    assert_names(&desk, STAFF "&sortBy=userName&startIndex=5&count=2", "Eve");
    static const char *const up = STAFF "&sortBy=userName&count=2";
    const struct str second = page_by_cursor(&desk, up, STR(""), "Ana bob");
    (void) add(&desk,
               "\"userName\":\"aaron\",\"title\":\"staff\",\"nickName\":\"0\""); /* before what was
                                                                                    shown */
    const struct str third = page_by_cursor(&desk, up, second, "Carl dora");
    assert_int_equal(page_by_cursor(&desk, up, third, "Eve").len, 0);
    static const char *const down = STAFF "&sortBy=nickName&sortOrder=descending&count=2";
    const struct str next = page_by_cursor(&desk, down, STR(""), "dora bob");
    const struct str last = page_by_cursor(&desk, down, next, "Ana Eve");
    assert_int_equal(page_by_cursor(&desk, down, last, "Carl aaron").len, 0);
}

static void sorting_values_of_any_length_keeps_cursors_small(void **state) {
    const struct desk desk = given_desk(*state, "acme");
    char text[2000];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char) (i % 2 == 0 ? '\xc3' : '\xa9');
    }
    struct arena *arena = desk.d->fixture.scope.arena;
    (void) add(&desk, str_format(arena, "\"userName\":\"one\",\"title\":\"a%.2000s\"", text).at);
    (void) add(&desk, str_format(arena, "\"userName\":\"two\",\"title\":\"a%.2000s\"", text).at);

    static const char *const query = "filter=title+pr&sortBy=title&count=1";
    const struct str next = page_by_cursor(&desk, query, STR(""), "one");
    assert_true(next.len < 1024);
    assert_int_equal(page_by_cursor(&desk, query, next, "two").len, 0);
}

static struct reply search(const struct desk *desk, const char *body) {
    return ask(desk, scim_user_search, (struct request_text){.body = body});
}

static void s1_s3_k12_a_search_is_a_list_by_post(void **state) {
    const struct desk desk = given_staffed_desk(state);
    const char *const body = SEARCH("\"filter\":\"title eq \\\"staff\\\"\",\"sortBy\":\"userName\","
                                    "\"sortOrder\":\"descending\",\"startIndex\":2,\"count\":2,"
                                    "\"attributes\":[\"userName\",\"title\"]");
    const struct reply found = search(&desk, body);
    const struct reply same =
        list(&desk, STAFF "&sortBy=userName&sortOrder=descending&startIndex=2&count=2"
                          "&attributes=userName,title");
    const struct reply all = ask(&desk, scim_root_search, (struct request_text){.body = body});
    const struct reply less = search(
        &desk, SEARCH("\"count\":1,\"excludedAttributes\":[\"meta\",\"active\",\"displayName\"]"));

    assert_status(found, 200);
    assert_str(names_in(&desk, &found), "dora Carl");
    assert_true(str_eq(found.body, same.body));
    assert_true(str_eq(found.body, all.body));
    assert_null(at(json_at(at(less.json, "Resources", NULL), 0), "meta", NULL));
    const struct reply first = search(&desk, SEARCH("\"cursor\":\"\",\"count\":4")); /* K12 */
    assert_str(names_in(&desk, &first), "boss Eve dora Carl");
    const struct str next =
        str_format(desk.d->fixture.scope.arena, SEARCH("\"cursor\":\"%.*s\",\"count\":4"),
                   STR_ARG(text_at(&first, "nextCursor")));
    const struct reply second = search(&desk, next.at);
    assert_str(names_in(&desk, &second), "bob Ana");
    assert_false(has(&second, "nextCursor"));
    /* both doors ask the same question */
    const struct reply door = with_cursor(&desk, "count=4", text_at(&first, "nextCursor"));
    assert_str(names_in(&desk, &door), "bob Ana");
}

static void s2_s4_a_search_that_is_none_is_refused(void **state) {
    const struct desk desk = given_staffed_desk(state);
    static const struct {
        const char *body, *type;
    } cases[] = {
        {"{\"filter\":\"title pr\"}", "invalidSyntax"}, /* S2 */
        {"{\"schemas\":[\"" PATCH_URN "\"]}", "invalidSyntax"},
        {"{\"schemas\":\"" SEARCH_URN "\"}", "invalidSyntax"},
        {"[]", "invalidSyntax"},
        {"{", "invalidSyntax"},
        {SEARCH("\"count\":1,\"Count\":2"), "invalidSyntax"}, /* T27 */
        {SEARCH("\"filter\":\"title eq\""), "invalidFilter"}, /* S4 */
        {SEARCH("\"filter\":\"\""), "invalidFilter"},
        {SEARCH("\"filter\":1"), "invalidValue"},
        {SEARCH("\"count\":\"2\""), "invalidValue"},
        {SEARCH("\"count\":1.5"), "invalidValue"},
        {SEARCH("\"cursor\":\"\",\"count\":1.5"), "invalidCount"},
        {SEARCH("\"cursor\":\"x\""), "invalidCursor"},
        {SEARCH("\"attributes\":\"userName\""), "invalidValue"},
        {SEARCH("\"attributes\":[1]"), "invalidValue"},
        {SEARCH("\"attributes\":[\"id\"],\"excludedAttributes\":[\"name\"]"), "invalidValue"},
        {SEARCH("\"sortOrder\":\"up\""), "invalidValue"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct reply reply = search(&desk, cases[i].body);
        if (reply.status != 400) {
            fail_msg("%s: %d", cases[i].body, reply.status);
        }
        assert_error(&reply, 400, cases[i].type);
    }
    const struct reply xml =
        ask(&desk, scim_user_search,
            (struct request_text){.body = SEARCH("\"count\":1"), .content_type = "text/xml"});
    assert_error(&xml, 415, "");
    struct desk person = desk;
    person.actor = actor_of(&desk.company.creator);
    const struct reply forbidden = search(&person, SEARCH("\"count\":1"));
    assert_error(&forbidden, 403, "");
}

int main(void) {
    desk_use_migrations();
    const struct CMUnitTest tests[] = {
        ON_BOTH(l1_l14_get_shows_location_and_config_the_maximum),
        ON_BOTH(l2_l5_every_query_is_a_list_with_its_numbers),
        ON_BOTH(l10_l15_k6_k7_what_cannot_be_paged_by_is_refused),
        ON_BOTH(l13_pages_by_index_keep_one_order),
        ON_BOTH(l17_who_is_inactive_stays_in_lists),
        ON_BOTH(l16_f25_the_root_asks_all_types),
        ON_BOTH(l16_k3_o6s_pages_go_on_from_one_type_to_the_next),
        ON_BOTH(k1_k3_a_cursor_leads_through_all_pages),
        ON_BOTH(k3_a_cursor_goes_on_where_it_was_when_people_come_and_go),
        ON_BOTH(k5_k7_a_cursor_answers_its_own_question_only),
        ON_BOTH(k6_a_changed_or_expired_cursor_is_refused),
        ON_BOTH(k8_k13_m2_somebody_elses_cursor_is_no_cursor),
        ON_BOTH(k9_totals_are_told_where_an_index_can_count),
        ON_BOTH(k10_k11_the_configuration_describes_both_ways),
        ON_BOTH(o2s_o5s_lists_are_sorted_as_asked),
        ON_BOTH(o5s_dates_and_booleans_are_sorted_by_type),
        ON_BOTH(o6s_sorting_comes_before_paging),
        ON_BOTH(sorting_values_of_any_length_keeps_cursors_small),
        ON_BOTH(s1_s3_k12_a_search_is_a_list_by_post),
        ON_BOTH(s2_s4_a_search_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
