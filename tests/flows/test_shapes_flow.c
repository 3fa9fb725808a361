/* The product's own routes: every shape in which somebody is put out, against everything that a
 * person can hold at that moment. */
#include "tests/flows/world.h"

#include "tests/flows/flow_main.h"

#define PATCH_OP "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define CORE     "urn:ietf:params:scim:schemas:core:2.0:User"
#define OPS(ops) "{\"schemas\":[\"" PATCH_OP "\"],\"Operations\":[" ops "]}"

enum who { BY_DIRECTORY, BY_ADMIN, BY_ADMIN_TOKEN };

static const struct shape {
    const char *name;
    enum who who;
    enum http_method method;
    const char *path, *body;
    int status;
} SHAPES[] = {
    {"console", BY_ADMIN, HTTP_POST, "/api/v1/users/%s/deactivate", "{}", 200},
    {"admin token", BY_ADMIN_TOKEN, HTTP_POST, "/api/v1/users/%s/deactivate", "{}", 200},
    {"path and boolean", BY_DIRECTORY, HTTP_PATCH, "/scim/v2/Users/%s",
     OPS("{\"op\":\"replace\",\"path\":\"active\",\"value\":false}"), 200},
    {"text", BY_DIRECTORY, HTTP_PATCH, "/scim/v2/Users/%s",
     OPS("{\"op\":\"Replace\",\"path\":\"active\",\"value\":\"False\"}"), 200},
    {"no path", BY_DIRECTORY, HTTP_PATCH, "/scim/v2/Users/%s",
     OPS("{\"op\":\"replace\",\"value\":{\"active\":false}}"), 200},
    {"URN key", BY_DIRECTORY, HTTP_PATCH, "/scim/v2/Users/%s",
     OPS("{\"op\":\"replace\",\"value\":{\"" CORE ":active\":\"False\"}}"), 200},
    {"wrapped", BY_DIRECTORY, HTTP_PATCH, "/scim/v2/Users/%s",
     OPS("{\"op\":\"Replace\",\"path\":\"active\",\"value\":[{\"value\":\"False\"}]}"), 200},
    {"several operations", BY_DIRECTORY, HTTP_PATCH, "/scim/v2/Users/%s",
     OPS("{\"op\":\"replace\",\"path\":\"title\",\"value\":\"x\"},"
         "{\"op\":\"REPLACE\",\"path\":\"ACTIVE\",\"value\":\"FALSE\"}"),
     200},
    {"refused, and still heard", BY_DIRECTORY, HTTP_PATCH, "/scim/v2/Users/%s",
     OPS("{\"op\":\"replace\",\"path\":\"active\",\"value\":false},"
         "{\"op\":\"replace\",\"path\":\"title\",\"value\":1}"),
     400},
    {"PUT", BY_DIRECTORY, HTTP_PUT, "/scim/v2/Users/%s",
     "{\"schemas\":[\"" CORE "\"],\"userName\":\"replaced\",\"active\":false}", 200},
    {"DELETE", BY_DIRECTORY, HTTP_DELETE, "/scim/v2/Users/%s", "", 204},
};

struct holdings {
    struct person person, second;
    struct str token;
    struct peer *here, *there;
    struct reply *opening, *in_flight;
};

static struct reply *me_on(struct world *w, const struct person *who, unsigned shard) {
    return ask(
        w, NODE_1,
        &(struct ask){.who = who, .method = HTTP_GET, .path = "/api/v1/session", .shard = shard});
}

static struct reply *use(struct world *w, struct str token) {
    return ask(w, NODE_1,
               &(struct ask){.bearer = token, .method = HTTP_GET, .path = "/api/v1/users"});
}

static struct reply *open_on(struct world *w, const struct person *who, unsigned shard) {
    return ask_begin(w, NODE_1,
                     &(struct ask){.who = who,
                                   .method = HTTP_GET,
                                   .path = "/api/v1/live",
                                   .shard = shard,
                                   .is_upgrade = true});
}

/* Cached on both shards, a token, a socket on each, one that opens, and a request in flight. */
static struct holdings holdings_of(struct world *w, struct person person) {
    struct node *node = &w->nodes[NODE_1];
    struct holdings h = {.person = person, .second = signed_in(w, &person.user)};
    h.token = given_token(w, CREDENTIAL_ADMIN_TOKEN, &person.user);
    assert_status(use(w, h.token), 200);
    for (unsigned shard = 0; shard < 2; shard++) {
        assert_status(me_on(w, &person, shard), 200);
        struct reply *opened = open_on(w, &person, shard);
        world_pump(w);
        assert_status(opened, 101);
        *(shard == 0 ? &h.here : &h.there) = opened->peer;
    }
    node->is_shard_stalled[1] = true;
    h.opening = open_on(w, &h.second, 1);
    h.in_flight =
        ask(w, NODE_1,
            &(struct ask){.who = &h.second, .method = HTTP_GET, .path = "/api/v1/me", .shard = 1});
    return h;
}

static void assert_all_dead(struct world *w, const struct holdings *h) {
    assert_closed(h->here, 4401);
    assert_closed(h->there, 4401);
    assert_status(h->opening, 401);
    assert_null(h->opening->peer->socket);
    assert_status(h->in_flight, 401);
    for (unsigned shard = 0; shard < 2; shard++) {
        assert_status(me_on(w, &h->person, shard), 401);
        assert_status(me_on(w, &h->second, shard), 401);
    }
    assert_status(use(w, h->token), 401);
}

struct office {
    struct world *w;
    struct person boss;
    struct str boss_token, directory;
    struct person stays, foreigner;
    struct peer *staying, *foreign;
};

static struct reply *put_out(struct office *office, const struct shape *shape,
                             const struct user *leaver) {
    struct ask request = {.method = shape->method,
                          .path = shape->path,
                          .arg = leaver->id,
                          .body = shape->body,
                          .content_type = "application/json"};
    switch (shape->who) {
    case BY_DIRECTORY:
        request.bearer = office->directory;
        request.content_type = "application/scim+json";
        break;
    case BY_ADMIN: request.who = &office->boss; break;
    case BY_ADMIN_TOKEN: request.bearer = office->boss_token; break;
    }
    return ask(office->w, NODE_1, &request);
}

static void one_shape(struct office *office, const struct shape *shape, int number) {
    struct world *w = office->w;
    const struct str name = str_format(w->scope->arena, "leaver-%d", number);
    const struct holdings h = holdings_of(w, given_person(w, &w->acme, name.at, ROLE_ADMIN));
    struct reply *out = put_out(office, shape, &h.person.user);
    if (out->is_answered) { /* the second shard has not cut anything yet */
        fail_msg("%s: %d %.*s", shape->name, out->status, STR_ARG(out->body));
    }
    w->nodes[NODE_1].is_shard_stalled[1] = false;
    world_pump(w);

    if (!out->is_answered || out->status != shape->status) {
        fail_msg("%s: %d %.*s", shape->name, out->status, STR_ARG(out->body));
    }
    assert_all_dead(w, &h);
    assert_true(office->staying->is_open);
    assert_true(office->foreign->is_open);
    assert_status(me_on(w, &office->stays, 0), 200);
    assert_status(me_on(w, &office->foreigner, 0), 200);
}

static void every_shape_of_deactivation_ends_everything_a_person_holds(void **state) {
    struct world *w = world_open_with(state, &ROUTES, 2);
    struct office office = {
        .w = w,
        .boss = given_boss(w, &w->acme),
        .stays = given_person(w, &w->acme, "stays", ROLE_MEMBER),
        .foreigner = given_person(w, &w->other, "stays", ROLE_MEMBER),
    };
    office.boss_token = given_token(w, CREDENTIAL_ADMIN_TOKEN, &office.boss.user);
    office.directory = given_token(w, CREDENTIAL_SCIM_TOKEN, &office.boss.user);
    struct reply *staying = open_on(w, &office.stays, 0);
    struct reply *foreign = open_on(w, &office.foreigner, 1);
    world_pump(w);
    office.staying = staying->peer;
    office.foreign = foreign->peer;
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        one_shape(&office, &SHAPES[i], (int) i);
        office.staying->frame_count = 0;
    }
    world_close(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(every_shape_of_deactivation_ends_everything_a_person_holds),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
