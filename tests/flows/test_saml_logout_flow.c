/* A provider logs somebody out: it learns of it when nothing of the session is open any more. */
#include "tests/flows/world.h"

#include "base/form.h"
#include "base/json.h"
#include "gateway/routes.h"
#include "identity/saml/saml_jail_life.h"
#include "identity/saml/saml_person.h"
#include "identity/saml/saml_provider.h"
#include "identity/saml/saml_session.h"
#include "tests/flows/flow_main.h"
#include "tests/support/forge.h"

struct story {
    struct world *w;
    struct saml_jail *jail;
    struct saml_reader reader;
    struct forge forge;
    struct person boss, leaver, stays;
    struct str connection_id;
};

static result read_metadata(struct scope *scope, void *context,
                            const struct saml_metadata_input *input, struct saml_idp *ret) {
    return saml_jail_metadata(scope, context, input, ret);
}

static struct reply *as_boss(struct story *s, const char *path, struct str arg, const char *body) {
    return ask(s->w, NODE_1,
               &(struct ask){.who = &s->boss,
                             .method = HTTP_POST,
                             .path = path,
                             .arg = arg,
                             .body = body,
                             .content_type = "application/json"});
}

static void make_connection(struct story *s) {
    struct scope *scope = s->w->scope;
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "kind", STR("saml"));
    json_out_member(&out, "name", STR("IdP"));
    json_out_member(&out, "provisioning", STR("jit"));
    json_out_member(&out, "metadata_xml",
                    str_from_c(forge_done(scope->arena,
                                          forge_metadata(&s->forge, &(struct forge_metadata){0}))));
    json_out_close_object(&out);
    const char *body = forge_text(scope->arena, "%.*s", STR_ARG(json_out_end(&out)));
    struct reply *made = as_boss(s, "/api/v1/connections", STR(""), body);
    assert_status(made, 201);
    const struct json *json = NULL;
    assert_ok(json_read(scope, made->body, &json));
    s->connection_id = json_as_string(json_get(json, STR("id")));
    assert_status(
        as_boss(s, "/api/v1/connections/%s/enable", s->connection_id, "{\"untested\":true}"), 200);
    s->forge.slo =
        forge_text(scope->arena, "http://127.0.0.1:8080/saml/%.*s/slo", STR_ARG(s->connection_id));
}

/* As if their session had come from the provider. */
static void ride(struct story *s, const struct person *person, const char *name) {
    struct scope *scope = s->w->scope;
    const struct saml_name_id name_id = {
        .value = str_from_c(name),
        .format = STR("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")};
    const struct saml_session session = {
        .org_id = person->user.org_id,
        .session_id = person->session_id,
        .user_id = person->user.id,
        .connection_id = s->connection_id,
        .subject = saml_subject_of_name(scope, &name_id, str_from_c(s->forge.idp), STR("")),
        .session_index = STR("_session-1"),
        .name_id_sealed = STR("-"),
    };
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, s->w->d->db, LANE_NORMAL, &tx));
    assert_ok(saml_session_insert(scope, tx, &session));
    assert_ok(tx_commit(scope, tx));
}

static struct story *story_open(void **state) {
    struct world *w = world_open_with(state, &ROUTES, 2);
    struct story *s = NEW(w->scope->arena, struct story);
    s->w = w;
    s->jail = saml_jail_new_local(&SAML_JAIL_ROLES);
    s->reader = (struct saml_reader){.read = read_metadata, .context = s->jail};
    w->identity.seal_key = (struct secret){STR("0123456789abcdef0123456789abcdef")};
    w->identity.saml_jail = s->jail;
    w->identity.saml_reader = &s->reader;
    s->forge = forge_begin(w->scope->arena);
    s->forge.now_us = w->fixture->time.now_us;
    s->boss = given_boss(w, &w->acme);
    s->leaver = given_person(w, &w->acme, "leaver", ROLE_MEMBER);
    s->stays = given_person(w, &w->acme, "stays", ROLE_MEMBER);
    make_connection(s);
    ride(s, &s->leaver, "ada-4711");
    ride(s, &s->stays, "grace-1");
    return s;
}

static void story_close(struct story *s) {
    struct saml_jail *jail = s->jail;
    world_close(s->w);
    saml_jail_free(&jail);
}

static struct reply *open_on(struct story *s, const struct person *who, unsigned shard) {
    struct reply *reply = ask_begin(s->w, NODE_1,
                                    &(struct ask){.who = who,
                                                  .method = HTTP_GET,
                                                  .path = "/api/v1/live",
                                                  .shard = shard,
                                                  .is_upgrade = true});
    world_pump(s->w);
    assert_true(reply->peer->is_open);
    return reply;
}

static struct reply *provider_says(struct story *s) {
    struct arena *arena = s->w->scope->arena;
    const char *xml = forge_logout_request(&s->forge, &(struct forge_logout_request){0});
    xml = forge_done(arena, forge_sign(arena, xml, SIGN_MESSAGE, &(struct forge_signing){0}));
    const struct form_field field = {STR("SAMLRequest"),
                                     str_from_c(forge_base64(arena, str_from_c(xml)))};
    const char *body = forge_text(arena, "%.*s", STR_ARG(form_write(arena, &field, 1)));
    return ask(s->w, NODE_1,
               &(struct ask){.method = HTTP_POST,
                             .path = "/saml/%s/slo",
                             .arg = s->connection_id,
                             .body = body,
                             .content_type = "application/x-www-form-urlencoded"});
}

static void the_provider_is_answered_when_nothing_of_the_session_is_open(void **state) {
    struct story *s = story_open(state);
    struct reply *here = open_on(s, &s->leaver, 0);
    struct reply *there = open_on(s, &s->leaver, 1);
    struct reply *other = open_on(s, &s->stays, 1);

    s->w->nodes[NODE_1].is_shard_stalled[1] = true;
    struct reply *answer = provider_says(s);

    assert_closed(here->peer, 4401);
    assert_true(there->peer->is_open);
    assert_false(answer->is_answered); /* one shard has not heard of it */
    s->w->nodes[NODE_1].is_shard_stalled[1] = false;
    world_pump(s->w);
    assert_closed(there->peer, 4401);
    assert_status(answer, 303);
    assert_true(other->peer->is_open);
    story_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(the_provider_is_answered_when_nothing_of_the_session_is_open),
    };
    on_both_use(FLOW_MIGRATIONS, sizeof FLOW_MIGRATIONS / sizeof FLOW_MIGRATIONS[0]);
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
