#include "base/http_values.h"

#include "base/json.h"

#include "tests/support/fixture.h"

static void methods_are_known_by_their_exact_names(void **state) {
    (void) state;
    assert_int_equal(http_method_parse(STR("PATCH")), HTTP_PATCH);
    assert_int_equal(http_method_parse(STR("GET")), HTTP_GET);
    assert_int_equal(http_method_parse(STR("get")), HTTP_OTHER);
    assert_int_equal(http_method_parse(STR("OTHER")), HTTP_OTHER);
    assert_int_equal(http_method_parse(STR("")), HTTP_OTHER);
    assert_string_equal(http_method_name(HTTP_DELETE), "DELETE");
}

static void headers_are_found_in_any_case(void **state) {
    struct fixture *f = *state;
    const struct http_request request = {
        .headers = {{STR("content-TYPE"), STR(" Application/JSON ; charset=utf-8")},
                    {STR("X"), STR("1")},
                    {STR("x"), STR("2")}},
        .header_count = 3};
    assert_str(http_header_get(&request, "x"), "1");
    assert_str(http_header_get(&request, "Absent"), "");
    assert_true(http_header_is_present(&request, "Content-Type"));
    assert_false(http_header_is_present(&request, "Content"));
    assert_str(http_content_type(&f->scope, &request), "application/json");
    assert_str(http_content_type(&f->scope, &(struct http_request){.header_count = 0}), "");
}

static void a_header_cannot_be_split(void **state) {
    struct fixture *f = *state;
    static const struct str REFUSED[] = {STR_INIT("a\r\nB: c"), STR_INIT("a\n"),  STR_INIT("\r"),
                                         STR_INIT("a\0b"),      STR_INIT("\x7f"), STR_INIT("\x1b")};
    struct http_response response = {.status = 0};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        assert_failed(http_header_add(&f->scope, &response, "X", REFUSED[i]), &f->scope, INVALID,
                      "http.header_value");
    }
    assert_int_equal(response.header_count, 0);
    assert_ok(http_header_add(&f->scope, &response, "X", STR("a\tb gr\xc3\xbc")));
    assert_str(response.headers[0].value, "a\tb gr\xc3\xbc");
}

static void there_is_room_for_so_many_headers(void **state) {
    struct fixture *f = *state;
    struct http_response response = {.status = 0};
    for (size_t i = 0; i < HTTP_MAX_HEADERS; i++) {
        assert_ok(http_header_add(&f->scope, &response, "X", STR("")));
    }
    assert_failed(http_header_add(&f->scope, &response, "X", STR("")), &f->scope, INTERNAL,
                  "http.headers");
}

static void a_redirect_goes_to_one_clean_place(void **state) {
    struct fixture *f = *state;
    static const struct str REFUSED[] = {STR_INIT(""),          STR_INIT("/a b"),
                                         STR_INIT("/a\r\nX:"),  STR_INIT("/\\e"),
                                         STR_INIT("/\xc3\xbc"), STR_INIT("/a\0")};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct http_response response = {.status = 0};
        assert_failed(http_answer_redirect(&f->scope, &response, 303, REFUSED[i]), &f->scope,
                      INVALID, "http.location");
        assert_int_equal(response.status, 0);
    }
    struct http_response response = {.status = 0};
    assert_ok(http_answer_redirect(&f->scope, &response, 303, STR("https://idp/?a=b%20c")));
    assert_int_equal(response.status, 303);
    assert_null(response.content_type);
    assert_str(response.headers[0].name, "Location");
    assert_str(response.headers[0].value, "https://idp/?a=b%20c");
}

static void answers_have_their_media_type(void **state) {
    (void) state;
    struct http_response response = {.status = 0};
    http_answer_json(&response, 201, STR("{}"));
    assert_string_equal(response.content_type, "application/json");
    assert_int_equal(response.status, 201);
    http_answer_html(&response, 200, STR("<p>"));
    assert_string_equal(response.content_type, "text/html; charset=utf-8");
    http_answer_empty(&response, 204);
    assert_null(response.content_type);
    assert_int_equal(response.body.len, 0);
}

static void a_problem_carries_code_and_request_id_and_a_generic_sentence(void **state) {
    struct fixture *f = *state;
    struct http_response response = {.is_cacheable = true};
    http_answer_problem(&f->scope, &response, 409, "db.unique", STR("r-1"));
    assert_false(response.is_cacheable);
    assert_int_equal(response.status, 409);
    assert_string_equal(response.content_type, "application/problem+json");
    assert_str(response.body, "{\"type\":\"about:blank\",\"title\":\"Conflict\",\"status\":409,"
                              "\"detail\":\"The request contradicts the present state.\","
                              "\"code\":\"db.unique\",\"request_id\":\"r-1\"}");
    http_answer_problem(&f->scope, &response, 599, "x", STR(""));
    const struct json *json = NULL;
    assert_ok(json_read(&f->scope, response.body, &json));
    assert_int_equal(json_as_integer(json_get(json, STR("status"))), 599);
    assert_str(json_as_string(json_get(json, STR("title"))), "Internal error");
}

static void html_text_cannot_become_markup(void **state) {
    struct fixture *f = *state;
    assert_str(html_escape(f->scope.arena, STR("<a href=\"x\" b='y'>&amp;gr\xc3\xbc")),
               "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;gr\xc3\xbc");
    assert_str(html_escape(f->scope.arena, STR("")), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(methods_are_known_by_their_exact_names),
        SENTENCE(headers_are_found_in_any_case),
        SENTENCE(a_header_cannot_be_split),
        SENTENCE(there_is_room_for_so_many_headers),
        SENTENCE(a_redirect_goes_to_one_clean_place),
        SENTENCE(answers_have_their_media_type),
        SENTENCE(a_problem_carries_code_and_request_id_and_a_generic_sentence),
        SENTENCE(html_text_cannot_become_markup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
