/* What a provider's row holds, what a difference means, and when to look again. */

#include "identity/saml/saml_facts.h"

#include <string.h>

#include "tests/support/fixture.h"

enum { HOUR = 3600 };

static struct saml_idp idp_of(const char *entity, const char *sign_on, const char *key) {
    return (struct saml_idp){
        .entity_id = str_from_c(entity),
        .sign_on_count = 1,
        .sign_on = {{.binding = SAML_REDIRECT, .location = str_from_c(sign_on)}},
        .logout_count = 1,
        .logout = {{.binding = SAML_POST,
                    .location = STR("https://idp.example/slo"),
                    .response_location = STR("https://idp.example/slo-answer")}},
        .certificate_count = 1,
        .certificates = {{.der = str_from_c(key), .not_before_us = 1, .not_after_us = 2}},
    };
}

static struct saml_idp good(void) {
    return idp_of("https://idp.example", "https://idp.example/sso?a=b&c=\"", "key one");
}

static void what_is_written_is_read_back_whole(void **state) {
    struct fixture *f = *state;
    struct saml_idp idp = good();
    struct saml_idp back;
    struct str text;
    idp.certificates[1] = (struct saml_certificate){STR("\x00\xff\x80 bytes"), -5, 7};
    idp.certificate_count = 2;
    idp.wants_requests_signed = true;
    idp.valid_until = (struct saml_time){true, S_TO_US(1000)};
    idp.cache_duration_us = S_TO_US(60);
    idp.unreadable_count = 3;
    assert_ok(saml_facts_write(&f->scope, &idp, &text));
    assert_ok(saml_facts_read(&f->scope, text, &back));
    assert_str(back.entity_id, "https://idp.example");
    assert_int_equal(back.sign_on_count, 1);
    assert_int_equal(back.sign_on[0].binding, SAML_REDIRECT);
    assert_str(back.sign_on[0].location, "https://idp.example/sso?a=b&c=\"");
    assert_int_equal(back.logout[0].binding, SAML_POST);
    assert_str(back.logout[0].response_location, "https://idp.example/slo-answer");
    assert_int_equal(back.certificate_count, 2);
    assert_true(str_eq(back.certificates[1].der, idp.certificates[1].der));
    assert_int_equal(back.certificates[1].not_before_us, -5);
    assert_true(back.wants_requests_signed);
    assert_true(back.valid_until.is_present);
    assert_int_equal(back.valid_until.us, S_TO_US(1000));
    assert_int_equal(back.cache_duration_us, S_TO_US(60));
    assert_int_equal(back.unreadable_count, 3);
}

static char long_text[SAML_CERTIFICATE_MAX + 2];

static void drop_entity(struct saml_idp *idp) {
    idp->entity_id = STR("");
}
static void drop_sign_on(struct saml_idp *idp) {
    idp->sign_on_count = 0;
}
static void add_many_endpoints(struct saml_idp *idp) {
    idp->logout_count = SAML_ENDPOINTS_MAX + 1;
}
static void drop_keys(struct saml_idp *idp) {
    idp->certificate_count = 0;
}
static void add_many_keys(struct saml_idp *idp) {
    idp->certificate_count = SAML_CERTIFICATES_MAX + 1;
}
static void give_long_key(struct saml_idp *idp) {
    idp->certificates[0].der = (struct str){long_text, SAML_CERTIFICATE_MAX + 1};
}
static void give_long_location(struct saml_idp *idp) {
    idp->sign_on[0].location = (struct str){long_text, SAML_URL_MAX + 1};
}
static void give_odd_binding(struct saml_idp *idp) {
    idp->sign_on[0].binding = SAML_BINDING_COUNT;
}
static void give_endless_time(struct saml_idp *idp) {
    idp->certificates[0].not_after_us = INT64_MAX;
}

static const struct {
    const char *name;
    void (*change)(struct saml_idp *);
} UNWRITABLE[] = {
    {"no entityID", drop_entity},
    {"nowhere to sign in", drop_sign_on},
    {"too many endpoints", add_many_endpoints},
    {"no key", drop_keys},
    {"too many keys", add_many_keys},
    {"a key without end", give_long_key},
    {"an address without end", give_long_location},
    {"a binding of a newer version", give_odd_binding},
    {"a time beyond all calendars", give_endless_time},
};

static void facts_beyond_the_limits_are_not_written(void **state) {
    struct fixture *f = *state;
    memset(long_text, 'x', sizeof long_text);
    for (size_t i = 0; i < sizeof UNWRITABLE / sizeof *UNWRITABLE; i++) {
        struct saml_idp idp = good();
        struct str text;
        UNWRITABLE[i].change(&idp);
        assert_failed(saml_facts_write(&f->scope, &idp, &text), &f->scope, INTERNAL,
                      "saml.provider_row");
    }
}

#define ROW(sign_on_, certificates_)                                                               \
    "{\"entity_id\":\"e\",\"sign_on\":" sign_on_ ",\"logout\":[],\"certificates\":" certificates_  \
    "}"
#define SIGN_ON "[{\"binding\":\"post\",\"location\":\"https://a\"}]"
#define KEYS    "[{\"der\":\"AAAA\",\"not_before_us\":0,\"not_after_us\":1}]"

static const char *const UNREADABLE[] = {
    "",
    "[]",
    "{}",
    ROW("[]", KEYS),
    ROW(SIGN_ON, "[]"),
    ROW(SIGN_ON, "{}"),
    ROW(SIGN_ON, "[{\"der\":\"A*\"}]"),
    ROW(SIGN_ON, "[{\"der\":\"\"}]"),
    ROW("[{\"binding\":\"soap\",\"location\":\"https://a\"}]", KEYS),
    ROW("[{\"binding\":\"post\"}]", KEYS),
};

static void rows_of_another_form_are_not_read(void **state) {
    struct fixture *f = *state;
    struct saml_idp idp;
    assert_ok(saml_facts_read(&f->scope, STR(ROW(SIGN_ON, KEYS)), &idp));
    for (size_t i = 0; i < sizeof UNREADABLE / sizeof *UNREADABLE; i++) {
        assert_failed(saml_facts_read(&f->scope, str_from_c(UNREADABLE[i]), &idp), &f->scope,
                      INTERNAL, "saml.provider_row");
    }
}

static void new_keys_are_taken_over_and_old_ones_go(void **state) {
    (void) state;
    const struct saml_idp accepted = good();
    struct saml_idp fetched = good();
    struct saml_merge merge;
    fetched.certificates[0].der = STR("key two");
    fetched.certificates[1] = accepted.certificates[0];
    fetched.certificate_count = 2;
    saml_facts_merge(&accepted, &fetched, &merge);
    assert_true(merge.is_changed);
    assert_false(merge.must_wait);
    assert_int_equal(merge.added, 1);
    assert_int_equal(merge.removed, 0);
    assert_true(saml_facts_has_certificate(&merge.facts, STR("key two")));
    saml_facts_merge(&fetched, &accepted, &merge);
    assert_int_equal(merge.added, 0);
    assert_int_equal(merge.removed, 1);
    assert_false(saml_facts_has_certificate(&merge.facts, STR("key two")));
}

static void the_same_document_changes_nothing(void **state) {
    (void) state;
    const struct saml_idp accepted = good();
    struct saml_idp fetched = good();
    struct saml_merge merge;
    fetched.valid_until = (struct saml_time){true, 5};
    saml_facts_merge(&accepted, &fetched, &merge);
    assert_false(merge.is_changed);
    assert_false(merge.must_wait);
    assert_int_equal(merge.facts.valid_until.us, 5); /* but its times are the new ones */
}

static void of_another_entity_nothing_is_taken_over(void **state) {
    (void) state;
    const struct saml_idp accepted = good();
    const struct saml_idp fetched =
        idp_of("https://evil.example", "https://idp.example/sso?a=b&c=\"", "evil key");
    struct saml_merge merge;
    saml_facts_merge(&accepted, &fetched, &merge);
    assert_true(merge.must_wait);
    assert_true(merge.is_entity_changed);
    assert_false(merge.is_changed);
    assert_int_equal(merge.added, 0);
    assert_str(merge.facts.entity_id, "https://idp.example");
    assert_false(saml_facts_has_certificate(&merge.facts, STR("evil key")));
}

static void another_endpoint_waits_but_keys_do_not(void **state) {
    (void) state;
    const struct saml_idp accepted = good();
    const struct saml_idp fetched =
        idp_of("https://idp.example", "https://elsewhere.example/sso", "key two");
    struct saml_merge merge;
    saml_facts_merge(&accepted, &fetched, &merge);
    assert_true(merge.must_wait);
    assert_false(merge.is_entity_changed);
    assert_str(merge.facts.sign_on[0].location, "https://idp.example/sso?a=b&c=\"");
    assert_true(saml_facts_has_certificate(&merge.facts, STR("key two")));
}

static void move_logout(struct saml_idp *idp) {
    idp->logout[0].location = STR("https://elsewhere.example/slo");
}
static void move_logout_answer(struct saml_idp *idp) {
    idp->logout[0].response_location = STR("");
}
static void drop_logout(struct saml_idp *idp) {
    idp->logout_count = 0;
}
static void add_endpoint(struct saml_idp *idp) {
    idp->sign_on[1] = (struct saml_endpoint){SAML_POST, STR("https://idp.example/p"), STR("")};
    idp->sign_on_count = 2;
}
static void turn_binding(struct saml_idp *idp) {
    idp->sign_on[0].binding = SAML_POST;
}

static void (*const MOVES[])(struct saml_idp *) = {move_logout, move_logout_answer, drop_logout,
                                                   add_endpoint, turn_binding};

static void every_part_of_an_endpoint_counts_but_their_order(void **state) {
    (void) state;
    for (size_t i = 0; i < sizeof MOVES / sizeof *MOVES; i++) {
        const struct saml_idp a = good();
        struct saml_idp b = good();
        MOVES[i](&b);
        assert_false(saml_facts_has_same_endpoints(&a, &b));
        assert_false(saml_facts_has_same_endpoints(&b, &a));
    }
    struct saml_idp a = good();
    add_endpoint(&a);
    struct saml_idp b = a;
    b.sign_on[0] = a.sign_on[1];
    b.sign_on[1] = a.sign_on[0];
    assert_true(saml_facts_has_same_endpoints(&a, &b));
    b.sign_on[1] = b.sign_on[0]; /* as many, but one of them twice */
    assert_false(saml_facts_has_same_endpoints(&a, &b));
}

static void a_difference_keeps_its_name_until_it_is_another_one(void **state) {
    struct fixture *f = *state;
    const struct saml_idp accepted = good();
    struct saml_idp pending = idp_of("https://new.example", "https://new.example/sso", "key two");
    const struct str name = saml_facts_hash(&f->scope, &accepted, &pending);
    pending.valid_until = (struct saml_time){true, 99};
    assert_true(str_eq(name, saml_facts_hash(&f->scope, &accepted, &pending)));
    struct saml_idp other = pending;
    other.certificates[0].der = STR("key three");
    assert_false(str_eq(name, saml_facts_hash(&f->scope, &accepted, &other)));
    other = pending;
    other.sign_on[0].location = STR("https://third.example/sso");
    assert_false(str_eq(name, saml_facts_hash(&f->scope, &accepted, &other)));
    assert_false(str_eq(name, saml_facts_hash(&f->scope, &pending, &pending)));
}

static int64_t wait_s(int64_t cache_s, int64_t valid_s, uint32_t random) {
    struct saml_idp idp = good();
    const int64_t now_us = S_TO_US(1000000);
    idp.cache_duration_us = S_TO_US(cache_s);
    idp.valid_until = (struct saml_time){valid_s != 0, now_us + S_TO_US(valid_s)};
    return (saml_next_refresh_us(&idp, now_us, random) - now_us) / US_PER_S;
}

static void the_next_look_comes_at_three_quarters_within_a_day(void **state) {
    (void) state;
    assert_int_equal(wait_s(0, 0, 0), 24 * HOUR);
    assert_int_equal(wait_s(8 * HOUR, 0, 0), 6 * HOUR);
    assert_int_equal(wait_s(8 * HOUR, 4 * HOUR, 0), 3 * HOUR);
    assert_int_equal(wait_s(4 * HOUR, 8 * HOUR, 0), 3 * HOUR);
    assert_int_equal(wait_s(1, 0, 0), 1 * HOUR);
    assert_int_equal(wait_s(0, 60, 0), 1 * HOUR);
    assert_int_equal(wait_s(0, -60, 0), 1 * HOUR);
    assert_int_equal(wait_s(400 * 24 * HOUR, 0, 0), 24 * HOUR);
}

static void looks_spread_over_a_tenth_of_the_time(void **state) {
    (void) state;
    assert_in_range(wait_s(0, 0, 999999), 24 * HOUR * 9 / 10, 24 * HOUR * 9 / 10 + 2);
    assert_in_range(wait_s(0, 0, 500000), 24 * HOUR * 95 / 100 - 1, 24 * HOUR * 95 / 100 + 1);
    assert_int_equal(wait_s(0, 0, 1000000), 24 * HOUR);
}

static void failures_are_tried_again_at_longer_and_longer_times(void **state) {
    (void) state;
    assert_int_equal(saml_next_retry_us(1, 0, 0), S_TO_US(300));
    assert_int_equal(saml_next_retry_us(2, 0, 0), S_TO_US(600));
    assert_int_equal(saml_next_retry_us(4, 0, 0), S_TO_US(2400));
    assert_int_equal(saml_next_retry_us(5, 0, 0), S_TO_US(3600));
    assert_int_equal(saml_next_retry_us(INT64_MAX, 0, 0), S_TO_US(3600));
}

static void a_fingerprint_is_what_other_tools_show(void **state) {
    struct fixture *f = *state;
    assert_str(saml_fingerprint(&f->scope, STR("abc")),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(what_is_written_is_read_back_whole),
        SENTENCE(facts_beyond_the_limits_are_not_written),
        SENTENCE(rows_of_another_form_are_not_read),
        SENTENCE(new_keys_are_taken_over_and_old_ones_go),
        SENTENCE(the_same_document_changes_nothing),
        SENTENCE(of_another_entity_nothing_is_taken_over),
        SENTENCE(another_endpoint_waits_but_keys_do_not),
        SENTENCE(every_part_of_an_endpoint_counts_but_their_order),
        SENTENCE(a_difference_keeps_its_name_until_it_is_another_one),
        SENTENCE(the_next_look_comes_at_three_quarters_within_a_day),
        SENTENCE(looks_spread_over_a_tenth_of_the_time),
        SENTENCE(failures_are_tried_again_at_longer_and_longer_times),
        SENTENCE(a_fingerprint_is_what_other_tools_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
