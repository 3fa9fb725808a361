#include "gateway/web/page.h"

#include "base/arena.h"
#include "base/http_values.h"
#include "gateway/web/assets.h"

#include <assert.h>

struct words {
    int status; /* 0: every other one */
    bool is_sign_in;
    const char *code; /* NULL: every one */
    struct str heading, message;
};

static const struct words WORDS[] = {
    {400, true, "saml.refused", STR_INIT("Your sign-in was not accepted"),
     STR_INIT(
         "What your identity provider sent could not be accepted, or it came too late. Nothing "
         "has happened to your account. Try once more; if it stays like this, give your "
         "administrator the two lines below. The console lists the reason for them.")},
    {403, true, "saml.tester", STR_INIT("This test is for administrators"),
     STR_INIT("Sign in to the console in this browser, as an administrator of the organisation, "
              "then start the test there again.")},
    {403, true, NULL, STR_INIT("You cannot sign in here"),
     STR_INIT("Your identity provider knows you, but your organisation has not given you access "
              "here, or has withdrawn it. Your administrator can tell you more.")},
    {404, true, NULL, STR_INIT("This sign-in address does not exist"),
     STR_INIT("The link is wrong or the connection has been removed. Start again from the sign-in "
              "page.")},
    {429, true, NULL, STR_INIT("Too many attempts"),
     STR_INIT("Wait a minute, then sign in again.")},
    {503, true, NULL, STR_INIT("Signing in is not possible right now"),
     STR_INIT("Your identity provider or this service does not answer. Nothing is lost; try again "
              "in a moment.")},
    {0, true, NULL, STR_INIT("Signing in did not work"),
     STR_INIT("The sign-in was not completed. It may have taken too long, or it was started in "
              "another window. Please try again.")},
    {403, false, NULL, STR_INIT("You may not open this"),
     STR_INIT("This page is not for your account.")},
    {404, false, NULL, STR_INIT("There is nothing here"),
     STR_INIT("The address is wrong, or what was here has been removed.")},
    {429, false, NULL, STR_INIT("Too many requests"), STR_INIT("Wait a minute, then try again.")},
    {503, false, NULL, STR_INIT("This service is not available right now"),
     STR_INIT("Nothing is lost; try again in a moment.")},
    {0, false, NULL, STR_INIT("That did not work"), STR_INIT("Please go back and try again.")},
};

static bool is_about(const struct words *words, const struct error_page *page) {
    const bool is_status = words->status == page->status || words->status == 0;
    const bool is_code = words->code == NULL || str_eq(page->code, str_from_c(words->code));
    return words->is_sign_in == page->is_sign_in && is_status && is_code;
}

static const struct words *find_words(const struct error_page *page) {
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        const struct words *words = &WORDS[i];
        if (is_about(words, page)) {
            return words;
        }
    }
    assert(false && "WORDS has a last row for each kind");
    return NULL;
}

static void add_escaped(struct strbuf *buf, struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        switch (text.at[i]) {
        case '&': strbuf_add_c(buf, "&amp;"); break;
        case '<': strbuf_add_c(buf, "&lt;"); break;
        case '>': strbuf_add_c(buf, "&gt;"); break;
        case '"': strbuf_add_c(buf, "&quot;"); break;
        case '\'': strbuf_add_c(buf, "&#39;"); break;
        default: strbuf_add_byte(buf, text.at[i]); break;
        }
    }
}

static struct str value_of(const struct error_page *page, const struct words *words,
                           struct str name) {
    if (str_eq(name, STR("heading"))) {
        return words->heading;
    }
    if (str_eq(name, STR("message"))) {
        return words->message;
    }
    if (str_eq(name, STR("code"))) {
        return page->code;
    }
    if (str_eq(name, STR("href"))) {
        return page->is_sign_in ? STR("/login") : STR("/");
    }
    if (str_eq(name, STR("next"))) {
        return page->is_sign_in ? STR("Go to the sign-in page") : STR("Go to the start page");
    }
    assert(str_eq(name, STR("request_id")));
    return page->request_id;
}

struct str error_page_render(struct arena *arena, const struct error_page *page) {
    const struct asset *template = asset_find(STR("/error"));
    assert(template != NULL);
    const struct words *words = find_words(page);
    struct strbuf buf = strbuf_begin(arena, 64 * 1024);
    struct str rest = template->bytes;
    for (ptrdiff_t at = str_find(rest, STR("{{")); at >= 0; at = str_find(rest, STR("{{"))) {
        strbuf_add(&buf, str_first(rest, (size_t) at));
        rest = str_from(rest, (size_t) at + 2);
        const ptrdiff_t end = str_find(rest, STR("}}"));
        assert(end > 0);
        add_escaped(&buf, value_of(page, words, str_first(rest, (size_t) end)));
        rest = str_from(rest, (size_t) end + 2);
    }
    strbuf_add(&buf, rest);
    return strbuf_str(&buf);
}
