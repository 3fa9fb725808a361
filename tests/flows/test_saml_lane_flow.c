/* The product's own routes: who floods one SAML connection is told so, and holds nobody else up. */
#include "tests/flows/world.h"

#include "gateway/routes.h"
#include "tests/flows/flow_main.h"

enum { PLACES = 8, WORKERS = 4 };

static struct reply *post_begin(struct world *w, const char *connection_id) {
    return ask_begin(w, NODE_1,
                     &(struct ask){.method = HTTP_POST,
                                   .path = "/saml/%s/acs",
                                   .arg = str_from_c(connection_id),
                                   .content_type = "application/x-www-form-urlencoded",
                                   .body = "SAMLResponse=AAAA"});
}

static void a_flood_at_one_connection_leaves_the_others_answering(void **state) {
    struct world *w = world_open_with(state, &ROUTES, 1);
    struct node *node = &w->nodes[NODE_1];
    AUTO(queue_free) struct queue *saml = queue_new_shared(PLACES, WORKERS);
    node->pools.lanes[RUN_SAML] = saml; /* its workers are all at work elsewhere, for now */
    struct reply *flood[PLACES];
    for (size_t i = 0; i < PLACES; i++) {
        flood[i] = post_begin(w, "con_flooded");
        world_pump(w);
        assert_true(flood[i]->is_answered == (i >= PLACES / 2));
    }
    assert_status(flood[PLACES - 1], 503);
    assert_string_equal(flood[PLACES - 1]->code, "shard.queue_full");
    struct reply *other = post_begin(w, "con_other");
    world_pump(w);
    assert_false(other->is_answered);
    assert_status(
        ask(w, NODE_1, &(struct ask){.method = HTTP_GET, .path = "/oidc/con_flooded/callback"}),
        404);
    const struct worker_settings settings = {
        .env = &node->env,
        .store = w->d->store,
        .queue = saml,
        .follower = node->follower,
        .messaging = &node->messaging,
        .identity = &w->identity,
        .metrics = node->metrics,
    };
    AUTO(worker_free) struct worker *worker = worker_new(&settings);
    while (worker_try_step(worker)) {
    }
    world_pump(w);
    assert_status(flood[0], 404);
    assert_status(flood[PLACES / 2 - 1], 404);
    assert_status(other, 404);
    struct reply *again = post_begin(w, "con_flooded"); /* its places are free again */
    assert_false(again->is_answered);
    assert_true(worker_try_step(worker));
    world_pump(w);
    assert_status(again, 404);
    world_close(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_flood_at_one_connection_leaves_the_others_answering),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
