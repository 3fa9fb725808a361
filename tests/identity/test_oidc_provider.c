/* One provider that does not answer holds up nobody else, and is asked once by all who wait. */

#include "identity/oidc/oidc_provider.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/http_client.h"
#include "tests/support/fixture.h"

#define METADATA(host_)                                                                            \
    "{\"issuer\":\"https://" host_ "\",\"authorization_endpoint\":\"https://" host_ "/a\","        \
    "\"token_endpoint\":\"https://" host_ "/t\",\"jwks_uri\":\"https://" host_ "/k\"}"

/* "slow.example" answers when it is let go; "fast.example" at once. */
struct gate {
    struct http_client client; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open;
    int waiting, slow_calls, fast_calls, bad_calls;
};

static result pass(struct http_client *client, struct scope *scope, const struct http_call *call,
                   struct http_reply *ret) {
    struct gate *gate = (struct gate *) (void *) client;
    const bool is_slow = str_find(call->url, STR("slow.example")) >= 0;
    (void) pthread_mutex_lock(&gate->lock);
    gate->slow_calls += is_slow;
    gate->fast_calls += !is_slow;
    gate->waiting++;
    (void) pthread_cond_broadcast(&gate->changed);
    while (is_slow && !gate->is_open) {
        (void) pthread_cond_wait(&gate->changed, &gate->lock);
    }
    gate->waiting--;
    const bool is_bad = gate->bad_calls > 0;
    gate->bad_calls -= is_bad;
    (void) pthread_mutex_unlock(&gate->lock);
    REQUIRE(scope, !is_bad, UNAVAILABLE, "http.timeout");
    *ret = (struct http_reply){
        .status = 200,
        .content_type = STR("application/json"),
        .body = is_slow ? STR(METADATA("slow.example")) : STR(METADATA("fast.example")),
    };
    return OK_RESULT;
}

struct house {
    struct fixture fixture;
    struct gate gate;
    struct oidc *oidc;
};

static int open_house(void **state) {
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    fixture_open(&house->fixture);
    house->gate.client.send = pass;
    assert_int_equal(pthread_mutex_init(&house->gate.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&house->gate.changed, NULL), 0);
    house->fixture.env.http = &house->gate.client;
    assert_ok(oidc_new(&house->fixture.scope, &house->oidc));
    *state = house;
    return 0;
}

static int close_house(void **state) {
    struct house *house = *state;
    oidc_free(&house->oidc);
    (void) pthread_cond_destroy(&house->gate.changed);
    (void) pthread_mutex_destroy(&house->gate.lock);
    fixture_close(&house->fixture);
    free(house);
    return 0;
}

static struct connection connection(const char *id, const char *issuer, int64_t version) {
    return (struct connection){.org_id = STR("o"),
                               .id = str_from_c(id),
                               .version = version,
                               .oidc = {.issuer = str_from_c(issuer)}};
}

struct asker {
    struct house *house;
    pthread_t thread;
    result result;
};

static void *ask_slow(void *argument) {
    struct asker *asker = argument;
    struct fixture own;
    fixture_open(&own);
    struct scope scope = {own.scope.arena, &asker->house->fixture.env, ""};
    const struct connection slow = connection("slow", "https://slow.example", 1);
    struct oidc_metadata metadata;
    asker->result = oidc_provider_metadata(&scope, asker->house->oidc, &slow, &metadata);
    fixture_close(&own);
    return NULL;
}

static void wait_until_slow_is_asked(struct gate *gate) {
    (void) pthread_mutex_lock(&gate->lock);
    while (gate->waiting == 0) {
        (void) pthread_cond_wait(&gate->changed, &gate->lock);
    }
    (void) pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct gate *gate) {
    (void) pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    (void) pthread_cond_broadcast(&gate->changed);
    (void) pthread_mutex_unlock(&gate->lock);
}

static void a_provider_that_does_not_answer_holds_up_nobody_else(void **state) {
    struct house *house = *state;
    struct asker askers[4];
    for (size_t i = 0; i < 4; i++) {
        askers[i] = (struct asker){.house = house};
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_slow, &askers[i]), 0);
    }
    wait_until_slow_is_asked(&house->gate);
    const struct connection fast = connection("fast", "https://fast.example", 1);
    struct oidc_metadata metadata;
    assert_ok(oidc_provider_metadata(&house->fixture.scope, house->oidc, &fast, &metadata));
    assert_str(metadata.token_endpoint, "https://fast.example/t");
    open_gate(&house->gate);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
        assert_ok(askers[i].result);
    }
    assert_int_equal(house->gate.slow_calls, 1); /* shared by all who waited */
}

static result ask_fast(struct house *house, int64_t version) {
    const struct connection fast = connection("fast", "https://fast.example", version);
    struct oidc_metadata metadata;
    return oidc_provider_metadata(&house->fixture.scope, house->oidc, &fast, &metadata);
}

static void what_is_fresh_is_not_fetched_again(void **state) {
    struct house *house = *state;
    assert_ok(ask_fast(house, 1));
    fake_clock_advance(&house->fixture.time, S_TO_US(3599));
    assert_ok(ask_fast(house, 1));
    assert_int_equal(house->gate.fast_calls, 1);
    fake_clock_advance(&house->fixture.time, S_TO_US(1));
    assert_ok(ask_fast(house, 1));
    assert_int_equal(house->gate.fast_calls, 2);
}

static void new_settings_forget_what_was_fetched_for_the_old_ones(void **state) {
    struct house *house = *state;
    assert_ok(ask_fast(house, 1));
    assert_ok(ask_fast(house, 2));
    assert_int_equal(house->gate.fast_calls, 2);
    assert_ok(ask_fast(house, 2));
    assert_int_equal(house->gate.fast_calls, 2);
}

static void a_provider_that_is_away_is_not_asked_again_for_ten_seconds(void **state) {
    struct house *house = *state;
    house->gate.bad_calls = 1;
    assert_failed(ask_fast(house, 1), &house->fixture.scope, UNAVAILABLE, "http.timeout");
    assert_failed(ask_fast(house, 1), &house->fixture.scope, UNAVAILABLE, "oidc.away");
    assert_int_equal(house->gate.fast_calls, 1);
    fake_clock_advance(&house->fixture.time, S_TO_US(10));
    assert_ok(ask_fast(house, 1));
}

static void the_last_good_answer_serves_for_a_day(void **state) {
    struct house *house = *state;
    assert_ok(ask_fast(house, 1));
    house->gate.bad_calls = 100;
    fake_clock_advance(&house->fixture.time, S_TO_US(86399));
    assert_ok(ask_fast(house, 1));
    assert_ok(ask_fast(house, 1));
    assert_int_equal(house->gate.fast_calls, 2);
    fake_clock_advance(&house->fixture.time, S_TO_US(10));
    assert_failed(ask_fast(house, 1), &house->fixture.scope, UNAVAILABLE, "http.timeout");
}

static void the_ninth_call_at_once_to_one_provider_is_turned_away(void **state) {
    struct house *house = *state;
    struct scope *scope = &house->fixture.scope;
    const struct connection one = connection("one", "https://fast.example", 1);
    const struct connection two = connection("two", "https://fast.example", 1);
    for (int i = 0; i < 8; i++) {
        assert_ok(oidc_provider_enter(scope, house->oidc, &one));
    }
    assert_failed(oidc_provider_enter(scope, house->oidc, &one), scope, UNAVAILABLE, "oidc.busy");
    assert_ok(oidc_provider_enter(scope, house->oidc, &two));
    oidc_provider_leave(house->oidc, one.id);
    assert_ok(oidc_provider_enter(scope, house->oidc, &one));
    oidc_provider_leave(house->oidc, two.id);
    for (int i = 0; i < 8; i++) {
        oidc_provider_leave(house->oidc, one.id);
    }
}

#define HOUSE_TEST(test) cmocka_unit_test_setup_teardown(test, open_house, close_house)

int main(void) {
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(a_provider_that_does_not_answer_holds_up_nobody_else),
        HOUSE_TEST(what_is_fresh_is_not_fetched_again),
        HOUSE_TEST(new_settings_forget_what_was_fetched_for_the_old_ones),
        HOUSE_TEST(a_provider_that_is_away_is_not_asked_again_for_ten_seconds),
        HOUSE_TEST(the_last_good_answer_serves_for_a_day),
        HOUSE_TEST(the_ninth_call_at_once_to_one_provider_is_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
