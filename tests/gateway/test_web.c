#include "tests/support/fixture.h"

#include "base/http_values.h"
#include "gateway/web/assets.h"
#include "gateway/web/page.h"

static bool contains(struct str text, const char *needle) {
    return str_find(text, str_from_c(needle)) >= 0;
}

static void every_page_and_what_it_loads_is_embedded(void **state) {
    (void) state;
    static const struct {
        const char *path, *content_type;
    } EXPECTED[] = {
        {"/", "text/html; charset=utf-8"},
        {"/api/v1/openapi.json", "application/json"},
        {"/assets/app.css", "text/css; charset=utf-8"},
        {"/assets/console.js", "text/javascript; charset=utf-8"},
        {"/assets/icon.svg", "image/svg+xml"},
        {"/assets/login.js", "text/javascript; charset=utf-8"},
        {"/assets/messenger.js", "text/javascript; charset=utf-8"},
        {"/assets/plain.js", "text/javascript; charset=utf-8"},
        {"/assets/post.js", "text/javascript; charset=utf-8"},
        {"/assets/welcome.js", "text/javascript; charset=utf-8"},
        {"/console", "text/html; charset=utf-8"},
        {"/error", "text/html; charset=utf-8"},
        {"/logged-out", "text/html; charset=utf-8"},
        {"/login", "text/html; charset=utf-8"},
        {"/welcome", "text/html; charset=utf-8"},
    };
    size_t count = 0;
    const struct asset *all = asset_all(&count);
    assert_int_equal(count, sizeof(EXPECTED) / sizeof(EXPECTED[0]));
    for (size_t i = 0; i < count; i++) {
        assert_str(all[i].path, EXPECTED[i].path);
        assert_str(all[i].content_type, EXPECTED[i].content_type);
        assert_ptr_equal(asset_find(all[i].path), &all[i]);
    }
}

static void an_unknown_path_finds_no_asset(void **state) {
    (void) state;
    assert_null(asset_find(STR("")));
    assert_null(asset_find(STR("/login/")));
    assert_null(asset_find(STR("/Login")));
    assert_null(asset_find(STR("/assets/../console")));
}

static void etags_are_quoted_and_differ(void **state) {
    (void) state;
    size_t count = 0;
    const struct asset *all = asset_all(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(str_has_prefix(all[i].etag, STR("\"")) &&
                    str_has_suffix(all[i].etag, STR("\"")));
        assert_int_equal(all[i].etag.len, 34);
        for (size_t j = 0; j < i; j++) {
            assert_false(str_eq(all[i].etag, all[j].etag));
        }
    }
}

/* The content security policy allows neither; the browser would drop them without a word. */
static void no_page_has_inline_scripts_styles_or_foreign_addresses(void **state) {
    (void) state;
    size_t count = 0;
    const struct asset *all = asset_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (!str_has_prefix(all[i].content_type, STR("text/html"))) {
            continue;
        }
        assert_false(contains(all[i].bytes, "<script>"));
        assert_false(contains(all[i].bytes, "<style"));
        assert_false(contains(all[i].bytes, "style="));
        assert_false(contains(all[i].bytes, " on"
                                            "click="));
        assert_false(contains(all[i].bytes, "//"));
        assert_true(contains(all[i].bytes, "AGPL"));
    }
}

static void an_error_page_carries_words_code_and_request_id(void **state) {
    struct fixture *fixture = *state;
    const struct error_page page = {.status = 503,
                                    .code = STR("oidc.provider_away"),
                                    .request_id = STR("0190-req"),
                                    .is_sign_in = true};
    const struct str html = error_page_render(fixture->scope.arena, &page);
    assert_true(contains(html, "<h1>Signing in is not possible right now</h1>"));
    assert_true(contains(html, "<code>oidc.provider_away</code>"));
    assert_true(contains(html, "<code>0190-req</code>"));
    assert_false(contains(html, "{{"));
    assert_true(str_has_suffix(html, STR("</html>\n")));
}

static void an_unlisted_status_has_words_of_its_own_kind(void **state) {
    struct fixture *fixture = *state;
    struct error_page page = {.status = 400, .code = STR("x.y"), .is_sign_in = true};
    assert_true(
        contains(error_page_render(fixture->scope.arena, &page), "Signing in did not work"));
    page.is_sign_in = false;
    assert_true(contains(error_page_render(fixture->scope.arena, &page), "That did not work"));
}

static void a_refused_saml_answer_says_what_to_do_and_who_finds_the_reason(void **state) {
    struct fixture *fixture = *state;
    struct error_page page = {.status = 400,
                              .code = STR("saml.refused"),
                              .request_id = STR("0190-req"),
                              .is_sign_in = true};
    const struct str html = error_page_render(fixture->scope.arena, &page);
    assert_true(contains(html, "<h1>Your sign-in was not accepted</h1>"));
    assert_true(contains(html, "Try once more"));
    assert_true(contains(html, "<code>0190-req</code>"));
    page.code = STR("oidc.refused");
    assert_false(contains(error_page_render(fixture->scope.arena, &page), "was not accepted"));
}

static void the_way_on_from_a_failed_sign_in_is_the_sign_in_page(void **state) {
    struct fixture *fixture = *state;
    struct error_page page = {.status = 403, .code = STR("login.refused"), .is_sign_in = true};
    assert_true(
        contains(error_page_render(fixture->scope.arena, &page), "id=\"next\" href=\"/login\""));
    page.is_sign_in = false;
    const struct str html = error_page_render(fixture->scope.arena, &page);
    assert_false(contains(html, "href=\"/login\""));
    assert_true(contains(html, "href=\"/\">Go to the start page"));
}

static void markup_in_a_value_is_text_on_the_page(void **state) {
    struct fixture *fixture = *state;
    const struct error_page page = {.status = 400,
                                    .code = STR("{{heading}}"),
                                    .request_id = STR("<script>alert('&\"')</script>")};
    const struct str html = error_page_render(fixture->scope.arena, &page);
    assert_true(contains(html, "<code>{{heading}}</code>"));
    assert_true(contains(html, "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;"));
    assert_false(contains(html, "<script>"));
}

static void escaping_leaves_other_bytes_alone(void **state) {
    struct fixture *fixture = *state;
    assert_str(html_escape(fixture->scope.arena, STR("Zoë & co")), "Zoë &amp; co");
    assert_str(html_escape(fixture->scope.arena, STR("\"\"\"\"")), "&quot;&quot;&quot;&quot;");
    assert_str(html_escape(fixture->scope.arena, STR("")), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(every_page_and_what_it_loads_is_embedded),
        SENTENCE(an_unknown_path_finds_no_asset),
        SENTENCE(etags_are_quoted_and_differ),
        SENTENCE(no_page_has_inline_scripts_styles_or_foreign_addresses),
        SENTENCE(an_error_page_carries_words_code_and_request_id),
        SENTENCE(an_unlisted_status_has_words_of_its_own_kind),
        SENTENCE(a_refused_saml_answer_says_what_to_do_and_who_finds_the_reason),
        SENTENCE(the_way_on_from_a_failed_sign_in_is_the_sign_in_page),
        SENTENCE(markup_in_a_value_is_text_on_the_page),
        SENTENCE(escaping_leaves_other_bytes_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
