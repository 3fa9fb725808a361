#include "provisioning/scim/scim_list_http.h"

#include "base/arena.h"
#include "base/percent.h"
#include "provisioning/provisioning.h"
#include "provisioning/scim/scim_http.h"
#include "provisioning/scim/scim_list.h"
#include "provisioning/scim/scim_member.h"
#include "provisioning/scim/scim_patch.h"
#include "provisioning/scim/scim_request.h"

#define SEARCH_URN "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

/* A list as asked for, and where its cursors come from. */
struct ask {
    struct scim_source source;
    struct scim_list list;
    struct str question; /* what a cursor is good for */
    struct scim_cursor cursor;
    bool is_continued;
};

static result parse_filter(struct scope *scope, const struct scim_type *type, bool is_any,
                           struct str text, const struct scim_filter **ret) {
    return is_any ? scim_filter_parse_any(scope, type, text, ret)
                  : scim_filter_parse(scope, type, text, ret);
}

/* Some clients escape the value twice. */
static result read_filter(struct scope *scope, const struct scim_type *type, bool is_any,
                          struct str text, const struct scim_filter **ret) {
    struct str decoded;
    if (text.len == 0) {
        return OK_RESULT;
    }
    const result parsed = parse_filter(scope, type, is_any, text, ret);
    if (is_ok(parsed) || str_find_byte(text, '%') < 0 ||
        !percent_decode(scope->arena, text, true, &decoded)) {
        return parsed;
    }
    return parse_filter(scope, type, is_any, decoded, ret);
}

/* RFC 7644 table 6: what is too small is the smallest. */
static result read_number(struct scope *scope, struct str text, int64_t min, int64_t fallback,
                          int64_t *ret) {
    const struct str digits = str_has_prefix(text, STR("-")) ? str_from(text, 1) : text;
    int64_t number = fallback;
    if (text.len > 0) {
        REQUIRE(scope, is_ok(parse_i64(scope, digits, 0, INT32_MAX, &number)), INVALID,
                "scim.page");
        number = digits.len < text.len ? min : number;
    }
    *ret = number < min ? min : number;
    return OK_RESULT;
}

static result read_part(struct scope *scope, const struct scim_query_text *text,
                        const struct scim_source *source, bool is_any, struct scim_part *part) {
    const struct scim_type *type = part->finder->type;
    TRY(scim_projection_parse(scope, type, text->attributes, text->excluded, &part->projection));
    TRY(read_filter(scope, type, is_any, text->filter, &part->filter));
    if (text->sort_by.len > 0) {
        TRY(scim_sort_parse(scope, type, text->sort_by, &part->sort_by));
        REQUIRE(scope,
                is_any || part->sort_by.attribute != NULL || source->profile->ignores_unknown,
                INVALID, "scim.sort");
    }
    return OK_RESULT;
}

static result read_order(struct scope *scope, const struct scim_query_text *text,
                         struct scim_list *list) {
    const struct str order = text->sort_order;
    list->is_sorted = text->sort_by.len > 0;
    list->is_descending = str_eq_ascii_nocase(order, STR("descending"));
    REQUIRE(scope,
            order.len == 0 || list->is_descending || str_eq_ascii_nocase(order, STR("ascending")),
            INVALID, "scim.sort");
    return OK_RESULT;
}

/* Each parameter behind its length: two questions never look the same. */
static struct str question_of(struct scope *scope, const struct scim_query_text *text,
                              const struct scim_scope *over) {
    const struct str parts[] = {
        over->name, text->filter, text->sort_by, text->sort_order, text->attributes, text->excluded,
    };
    struct strbuf buf = strbuf_begin(scope->arena, JSON_MAX_BYTES);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        strbuf_add_number(&buf, (int64_t) parts[i].len);
        strbuf_add_byte(&buf, ':');
        strbuf_add(&buf, parts[i]);
    }
    return strbuf_str(&buf);
}

static result read_index(struct scope *scope, const struct scim_query_text *text,
                         struct scim_list *list) {
    TRY(read_number(scope, text->start, 1, 1, &list->start));
    TRY(read_number(scope, text->count, 0, SCIM_PAGE_DEFAULT, &list->count));
    list->count = list->count < SCIM_PAGE_MAX ? list->count : SCIM_PAGE_MAX;
    return OK_RESULT;
}

/* RFC 9865 section 2: an empty cursor asks for the first page; later ones repeat the question. */
static result read_cursor(struct scope *scope, const struct call *call,
                          const struct scim_query_text *text, struct ask *ask) {
    struct scim_list *list = &ask->list;
    const struct str cursor = str_trim_blanks(text->cursor);
    list->is_by_cursor = true;
    list->count = SCIM_PAGE_DEFAULT;
    REQUIRE(scope, text->start.len == 0, INVALID, "scim.cursor_start");
    REQUIRE(scope,
            text->count.len == 0 ||
                is_ok(parse_i64(scope, text->count, 0, SCIM_PAGE_MAX, &list->count)),
            INVALID, "scim.cursor_count");
    ask->cursor = (struct scim_cursor){.count = list->count, .total = -1};
    if (cursor.len == 0) {
        return OK_RESULT;
    }
    TRY(scim_cursor_read(scope, call->provisioning->seal_key, &ask->source, ask->question, cursor,
                         &ask->cursor));
    REQUIRE(scope, text->count.len == 0 || list->count == ask->cursor.count, INVALID,
            "scim.cursor_count");
    list->count = ask->cursor.count;
    ask->is_continued = true;
    return OK_RESULT;
}

static result read_ask(struct scope *scope, const struct call *call, const struct scim_scope *over,
                       const struct scim_query_text *text, struct ask *ask) {
    struct scim_part *parts = NEW_ARRAY(scope->arena, over->count, struct scim_part);
    for (size_t i = 0; i < over->count; i++) {
        parts[i].finder = over->finders[i];
        TRY(read_part(scope, text, &ask->source, over->name.len == 0, &parts[i]));
    }
    ask->list.parts = parts;
    ask->list.part_count = over->count;
    ask->question = question_of(scope, text, over);
    TRY(read_order(scope, text, &ask->list));
    return text->cursor.len == 0 ? read_index(scope, text, &ask->list)
                                 : read_cursor(scope, call, text, ask);
}

static result write_items(struct scope *scope, const struct call *call, const struct ask *ask,
                          const struct scim_found *found, struct json_out *out) {
    int64_t budget = SCIM_MEMBERS_SHOWN_MAX;
    json_out_name(out, "Resources");
    json_out_open_array(out);
    for (size_t i = 0; i < found->count; i++) {
        const struct scim_listed *item = &found->items[i];
        const struct scim_part *part = &ask->list.parts[item->part];
        if (part->finder->write == NULL) {
            json_out_value(out,
                           scim_project(scope, part->finder->type, &part->projection, item->shown));
            continue;
        }
        const struct scim_item shown = {.shown = item->shown};
        TRY(part->finder->write(scope, &ask->source, call->db, &part->projection, &shown, out,
                                &budget));
    }
    json_out_close_array(out);
    return OK_RESULT;
}

static result next_cursor(struct scope *scope, const struct call *call, const struct ask *ask,
                          const struct scim_found *found, struct str *ret) {
    const struct scim_cursor next = {
        .behind = found->last, .count = ask->list.count, .total = found->total};
    *ret = STR("");
    if (!found->has_next) {
        return OK_RESULT;
    }
    return scim_cursor_write(scope, call->provisioning->seal_key, &ask->source, ask->question,
                             &next, ret);
}

static result answer(struct scope *scope, struct call *call, struct ask *ask) {
    struct scim_found found;
    struct str next;
    ask->list.behind = ask->is_continued ? &ask->cursor.behind : NULL;
    TRY(scim_list_run(scope, &ask->source, call->db, &ask->list, &found));
    if (ask->is_continued && !ask->list.is_sorted) {
        found.total = ask->cursor.total; /* as counted for the first page */
    }
    TRY(next_cursor(scope, call, ask, &found, &next));
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "schemas");
    json_out_open_array(&out);
    json_out_string(&out, STR(SCIM_LIST_URN));
    json_out_close_array(&out);
    if (found.total >= 0) {
        json_out_member_number(&out, "totalResults", found.total);
    }
    if (!ask->list.is_by_cursor) {
        json_out_member_number(&out, "startIndex", ask->list.start);
    }
    json_out_member_number(&out, "itemsPerPage", (int64_t) found.count);
    if (next.len > 0) {
        json_out_member(&out, "nextCursor", next);
    }
    TRY(write_items(scope, call, ask, &found, &out));
    json_out_close_object(&out);
    scim_answer_text(call, 200, json_out_end(&out));
    return OK_RESULT;
}

static result get_list(struct scope *scope, struct call *call, const struct scim_scope *over) {
    struct ask ask = {0};
    struct scim_query_text text;
    TRY(scim_request_source(scope, call, &ask.source));
    TRY(scim_request_query(scope, call, &text));
    TRY(read_ask(scope, call, over, &text, &ask));
    return answer(scope, call, &ask);
}

/* Texts, in a member as in a parameter: what is there but empty is one blank. */
static result text_member(struct scope *scope, const struct json *body, struct str name,
                          struct str *ret) {
    const struct json *value = scim_member(body, name);
    if (json_kind(value) == JSON_NULL) {
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_string(value), INVALID, "scim.value");
    const struct str text = json_as_string(value);
    *ret = text.len == 0 ? STR(" ") : text;
    return OK_RESULT;
}

static result number_member(struct scope *scope, const struct json *body, struct str name,
                            struct str *ret) {
    const struct json *value = scim_member(body, name);
    if (json_kind(value) == JSON_INTEGER) {
        *ret = str_format(scope->arena, "%lld", (long long) json_as_integer(value));
    } else if (json_kind(value) != JSON_NULL) {
        *ret = STR("x"); /* refused where it is read, with the error of that way of paging */
    }
    return OK_RESULT;
}

static result names_member(struct scope *scope, const struct json *body, struct str name,
                           struct str *ret) {
    const struct json *value = scim_member(body, name);
    if (json_kind(value) == JSON_NULL) {
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_array(value), INVALID, "scim.value");
    struct strbuf buf = strbuf_begin(scope->arena, JSON_MAX_BYTES);
    for (size_t i = 0; i < json_count(value); i++) {
        REQUIRE(scope, json_is_string(json_at(value, i)), INVALID, "scim.value");
        strbuf_add(&buf, json_as_string(json_at(value, i)));
        strbuf_add_byte(&buf, ',');
    }
    return strbuf_finish(scope, &buf, ret);
}

static result check_message(struct scope *scope, const struct json *body) {
    REQUIRE(scope, json_is_object(body), INVALID, "scim.syntax");
    TRY(scim_names_check(scope, body));
    const struct json *schemas = scim_member(body, STR("schemas"));
    for (size_t i = 0; json_is_array(schemas) && i < json_count(schemas); i++) {
        if (str_eq_ascii_nocase(json_as_string(json_at(schemas, i)), STR(SEARCH_URN))) {
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "scim.syntax");
}

static result read_message(struct scope *scope, const struct call *call,
                           struct scim_query_text *ret) {
    struct scim_query_text text = {0};
    const struct json *body = NULL;
    TRY(scim_request_media_type(scope, call));
    TRY(json_read(scope, call->request->body, &body));
    TRY(check_message(scope, body));
    TRY(names_member(scope, body, STR("attributes"), &text.attributes));
    TRY(names_member(scope, body, STR("excludedAttributes"), &text.excluded));
    TRY(text_member(scope, body, STR("filter"), &text.filter));
    TRY(text_member(scope, body, STR("sortBy"), &text.sort_by));
    TRY(text_member(scope, body, STR("sortOrder"), &text.sort_order));
    TRY(text_member(scope, body, STR("cursor"), &text.cursor));
    TRY(number_member(scope, body, STR("startIndex"), &text.start));
    TRY(number_member(scope, body, STR("count"), &text.count));
    *ret = text;
    return OK_RESULT;
}

static result search_list(struct scope *scope, struct call *call, const struct scim_scope *over) {
    struct ask ask = {0};
    struct scim_query_text text;
    TRY(scim_request_source(scope, call, &ask.source));
    TRY(read_message(scope, call, &text));
    TRY(read_ask(scope, call, over, &text, &ask));
    return answer(scope, call, &ask);
}

result scim_list_get(struct scope *scope, struct call *call, const struct scim_scope *over) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, get_list(scope, call, over));
}

result scim_list_search(struct scope *scope, struct call *call, const struct scim_scope *over) {
    const struct scim_outcome outcome = {0};
    return scim_conclude(scope, call, &outcome, search_list(scope, call, over));
}

static const struct scim_finder *const ALL[] = {&SCIM_USER_FINDER, &SCIM_GROUP_FINDER};
static const struct scim_finder *const USERS[] = {&SCIM_USER_FINDER};
static const struct scim_finder *const GROUPS[] = {&SCIM_GROUP_FINDER};
static const struct scim_scope OVER_ALL = {ALL, sizeof ALL / sizeof ALL[0], STR_INIT("")};
static const struct scim_scope OVER_USERS = {USERS, 1, STR_INIT("User")};
static const struct scim_scope OVER_GROUPS = {GROUPS, 1, STR_INIT("Group")};

result scim_user_list(struct scope *scope, struct call *call) {
    return scim_list_get(scope, call, &OVER_USERS);
}

result scim_user_search(struct scope *scope, struct call *call) {
    return scim_list_search(scope, call, &OVER_USERS);
}

result scim_group_list(struct scope *scope, struct call *call) {
    return scim_list_get(scope, call, &OVER_GROUPS);
}

result scim_group_search(struct scope *scope, struct call *call) {
    return scim_list_search(scope, call, &OVER_GROUPS);
}

result scim_root_list(struct scope *scope, struct call *call) {
    return scim_list_get(scope, call, &OVER_ALL);
}

result scim_root_search(struct scope *scope, struct call *call) {
    return scim_list_search(scope, call, &OVER_ALL);
}
