/* The doors, with children that give what they were given, or lie. Each test runs in real children
 * and in-process. */
#include "identity/saml/saml_jail.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "identity/saml/saml_jail_child.h"
#include "identity/saml/saml_jail_life.h"
#include "tests/support/fixture.h"

/* What a child does, by the first byte of the message. */
enum { GIVE_FACTS = 'f', GIVE_REASON = 'r', ASK_KEYS = 'k', LIE = 'l' };

static void pack_trust(struct pack *pack, void *trust) {
    saml_pack_trust(pack, trust);
}

static void pack_keys(struct pack *pack, void *keys) {
    saml_pack_keys(pack, keys);
}

static void pack_response(struct pack *pack, void *facts) {
    saml_pack_response(pack, facts);
}

static void pack_party(struct pack *pack, void *party) {
    saml_pack_party(pack, party);
}

static void pack_request(struct pack *pack, void *request) {
    saml_pack_authn_request(pack, request);
}

static void pack_outgoing(struct pack *pack, void *outgoing) {
    saml_pack_outgoing(pack, outgoing);
}

static struct str number_row(struct scope *scope, int64_t number) {
    struct pack pack = pack_write(scope->arena, 64);
    struct str row = STR("");
    pack_number(&pack, &number, 0, INT64_MAX);
    return is_ok(pack_end(scope, &pack, &row)) ? row : STR("");
}

/* The second byte says how. */
static result lie(struct scope *scope, char how, struct jail_message *ret) {
    struct saml_response *facts = NEW(scope->arena, struct saml_response);
    TRY(saml_child_say(scope, OK_RESULT, pack_response, facts, SAML_GATE_VOLUME, ret));
    if (how == '1') {
        jail_message_set(ret, SAML_TAG_VERDICT, number_row(scope, SAML_REASON_COUNT));
    } else if (how == '2') {
        jail_message_set(ret, SAML_TAG_VERDICT, number_row(scope, SAML_JAIL_BUSY));
    } else if (how == '3') {
        ret->has[SAML_TAG_VERDICT] = false;
    } else if (how == '4') {
        ret->has[SAML_TAG_FACTS] = false;
    } else if (how == '5') {
        jail_message_set(ret, SAML_TAG_VERDICT, number_row(scope, SAML_SIGNATURE));
    } else if (how == '6') {
        jail_message_set(ret, SAML_TAG_FACTS, STR("no row"));
    } else if (how == '7') {
        const struct str row = str_copy(scope->arena, ret->values[SAML_TAG_FACTS]);
        char *bytes = arena_alloc(scope->arena, row.len + 1);
        memcpy(bytes, row.at, row.len);
        jail_message_set(ret, SAML_TAG_FACTS, (struct str){bytes, row.len + 1});
    }
    return OK_RESULT;
}

static result ask(struct scope *scope, struct jail_ask *asking, struct saml_response *facts) {
    const struct jail_message question = {.kind = 0};
    struct jail_message reply;
    struct saml_keys keys = {.count = 0};
    TRY(jail_question(scope, asking, &question, &reply));
    SAML_REQUIRE(scope, reply.has[SAML_TAG_KEYS], SAML_DECRYPT);
    TRY(saml_child_read(scope, &reply, SAML_TAG_KEYS, pack_keys, &keys));
    facts->id = keys.count > 1 ? keys.keys[1].bytes : STR("none");
    return OK_RESULT;
}

static result verify(struct scope *scope, void *state, struct jail_ask *asking,
                     const struct jail_message *request, struct jail_message *ret) {
    struct saml_trust trust = {.certificate_count = 0};
    struct saml_response *facts = NEW(scope->arena, struct saml_response);
    struct str bytes;
    result handled = OK_RESULT;
    (void) state;
    TRY(saml_child_read(scope, request, SAML_TAG_TRUST, pack_trust, &trust));
    TRY(saml_child_bytes(scope, request, &bytes));
    if (bytes.at[0] == LIE) {
        return lie(scope, bytes.at[1], ret);
    }
    facts->id = bytes;
    facts->issuer = trust.certificate_count > 1 ? trust.certificates[1] : STR("");
    facts->protection.is_message_signed = trust.must_sign == SAML_SIGNED_BOTH;
    if (bytes.at[0] == GIVE_REASON) {
        handled = saml_fail(scope, SAML_GATE_NODE);
    } else if (bytes.at[0] == ASK_KEYS) {
        handled = ask(scope, asking, facts);
    }
    return saml_child_say(scope, handled, pack_response, facts, SAML_GATE_VOLUME, ret);
}

static result build(struct scope *scope, void *state, struct jail_ask *asking,
                    const struct jail_message *request, struct jail_message *ret) {
    struct saml_party party = {.version = 0};
    struct saml_authn_request input = {.is_signed = false};
    (void) state;
    (void) asking;
    TRY(saml_child_read(scope, request, SAML_TAG_PARTY, pack_party, &party));
    TRY(saml_child_read(scope, request, SAML_TAG_INPUT, pack_request, &input));
    struct saml_outgoing outgoing = {
        .binding = str_eq(input.id, STR("bound elsewhere")) ? SAML_REDIRECT : SAML_POST,
        .url = input.acs_url.len > 0 ? input.acs_url : party.sign_on.location,
        .value = input.class_ref_count > 0 ? input.class_refs[0] : STR(""),
        .relay_state = input.relay_state,
    };
    return saml_child_say(scope, OK_RESULT, pack_outgoing, &outgoing, SAML_BUILD, ret);
}

static const struct jail_role ROLES[] = {
    [SAML_ROLE_VERIFY] = {"verify", JAIL_PURE, &SAML_VERIFY_REQUESTS, &SAML_VERIFY_ANSWERS, NULL,
                          NULL, verify},
    [SAML_ROLE_BUILD] = {"build", JAIL_DENIED_FILES, &SAML_BUILD_REQUESTS, &SAML_BUILD_ANSWERS,
                         NULL, NULL, build},
};
static const struct jail_roles FAKES = {SAML_ROLE_COUNT, ROLES};

static const char *program;

struct doors {
    struct fixture fixture; /* first */
    struct saml_jail *jail;
    _Atomic int deaths;
};

static void count_death(void *context, size_t role, enum jail_outcome cause) {
    struct doors *doors = context;
    (void) role;
    (void) cause;
    atomic_fetch_add(&doors->deaths, 1);
}

static int set_up_children(void **state) {
    struct doors *doors = calloc(1, sizeof *doors);
    fixture_open(&doors->fixture);
    const struct saml_jail_settings settings = {
        .env = &doors->fixture.env,
        .roles = &FAKES,
        .program = program,
        .children = {1, 1},
        .messages = 100,
        .on_death = count_death,
        .context = doors,
    };
    assert_ok(saml_jail_new(&doors->fixture.scope, &settings, &doors->jail));
    *state = doors;
    return 0;
}

static int set_up_local(void **state) {
    struct doors *doors = calloc(1, sizeof *doors);
    fixture_open(&doors->fixture);
    doors->jail = saml_jail_new_local(&FAKES);
    *state = doors;
    return 0;
}

static int tear_down(void **state) {
    struct doors *doors = *state;
    saml_jail_free(&doors->jail);
    fixture_close(&doors->fixture);
    free(doors);
    return 0;
}

#define BOTH_WAYS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, set_up_children, tear_down),                             \
        cmocka_unit_test_setup_teardown(test, set_up_local, tear_down)

static const struct str CERTIFICATES[] = {STR_INIT("first"), STR_INIT("second")};

static result enter(struct doors *doors, const struct saml_key_source *keys, const char *message,
                    struct saml_response *ret) {
    const struct saml_trust trust = {.connection_id = STR("connection"),
                                     .certificate_count = 2,
                                     .certificates = CERTIFICATES,
                                     .must_sign = SAML_SIGNED_BOTH};
    doors->fixture.scope.reason = "";
    return saml_jail_response(&doors->fixture.scope, doors->jail, &trust, keys, str_from_c(message),
                              ret);
}

static void trust_and_message_go_in_and_facts_come_out(void **state) {
    struct doors *doors = *state;
    struct saml_response response;
    assert_ok(enter(doors, NULL, "facts", &response));
    assert_str(response.id, "facts");
    assert_str(response.issuer, "second");
    assert_true(response.protection.is_message_signed);
}

static void a_verdict_is_the_reason_of_the_failure(void **state) {
    struct doors *doors = *state;
    struct saml_response response = {.id = STR("untouched")};
    assert_failed(enter(doors, NULL, "reason", &response), &doors->fixture.scope, INVALID,
                  "saml.gate_node");
    assert_str(response.id, "untouched");
    assert_int_equal(atomic_load(&doors->deaths), 0);
}

static void facts_that_do_not_fit_are_a_verdict_and_no_crash(void **state) {
    struct doors *doors = *state;
    struct saml_response response;
    char *message = arena_alloc(doors->fixture.scope.arena, SAML_TEXT_MAX + 2);
    memset(message, 'f', SAML_TEXT_MAX + 1);
    assert_failed(enter(doors, NULL, message, &response), &doors->fixture.scope, INVALID,
                  "saml.gate_volume");
    assert_int_equal(atomic_load(&doors->deaths), 0);
}

static void a_message_over_the_limit_meets_no_child(void **state) {
    struct doors *doors = *state;
    struct saml_response response;
    char *message = arena_alloc(doors->fixture.scope.arena, SAML_BODY_MAX + 2);
    memset(message, 'f', SAML_BODY_MAX + 1);
    assert_failed(enter(doors, NULL, message, &response), &doors->fixture.scope, INVALID,
                  "saml.gate_size");
}

static void a_lying_child_breaks_the_protocol_and_the_next_sign_in_works(void **state) {
    static const char *const LIES[] = {"l1", "l2", "l3", "l4", "l5", "l6", "l7"};
    struct doors *doors = *state;
    struct saml_response response;
    assert_ok(enter(doors, NULL, "l0", &response)); /* the neighbour: nothing changed */
    for (size_t i = 0; i < sizeof LIES / sizeof LIES[0]; i++) {
        assert_failed(enter(doors, NULL, LIES[i], &response), &doors->fixture.scope, UNAVAILABLE,
                      "saml.jail_protocol");
        assert_ok(enter(doors, NULL, "facts", &response));
    }
}

static void a_liar_is_killed(void **state) {
    struct doors *doors = *state;
    struct saml_response response;
    assert_failed(enter(doors, NULL, "l6", &response), &doors->fixture.scope, UNAVAILABLE,
                  "saml.jail_protocol");
    assert_int_equal(atomic_load(&doors->deaths), 1);
}

static result open_two(struct scope *scope, void *context, struct secret ret_keys[2],
                       size_t *ret_count) {
    int *opened = context;
    (*opened)++;
    ret_keys[0].bytes = str_copy(scope->arena, STR("old key"));
    ret_keys[1].bytes = str_copy(scope->arena, STR("new key"));
    *ret_count = 2;
    return OK_RESULT;
}

static result open_none(struct scope *scope, void *context, struct secret ret_keys[2],
                        size_t *ret_count) {
    (void) context;
    (void) ret_keys;
    (void) ret_count;
    return FAIL(scope, UNAVAILABLE, "test.away");
}

static void keys_are_opened_only_when_the_child_asks(void **state) {
    struct doors *doors = *state;
    int opened = 0;
    const struct saml_key_source keys = {open_two, &opened};
    struct saml_response response;
    assert_ok(enter(doors, &keys, "facts", &response));
    assert_int_equal(opened, 0);
    assert_ok(enter(doors, &keys, "keys", &response));
    assert_int_equal(opened, 1);
    assert_str(response.id, "new key");
}

static void keys_that_cannot_be_opened_are_the_calls_failure(void **state) {
    struct doors *doors = *state;
    const struct saml_key_source keys = {open_none, NULL};
    struct saml_response response;
    assert_failed(enter(doors, &keys, "keys", &response), &doors->fixture.scope, UNAVAILABLE,
                  "test.away");
    assert_ok(enter(doors, &keys, "facts", &response));
    assert_int_equal(atomic_load(&doors->deaths), 0);
}

static void a_request_is_built_from_party_and_fields(void **state) {
    struct doors *doors = *state;
    struct scope *scope = &doors->fixture.scope;
    static const struct str REFS[] = {STR_INIT("urn:mfa")};
    const struct saml_party party = {.connection_id = STR("connection"),
                                     .sign_on = {.location = STR("https://idp.example/sso")}};
    struct saml_authn_request request = {.binding = SAML_POST,
                                         .relay_state = STR("handle"),
                                         .class_ref_count = 1,
                                         .class_refs = REFS};
    struct saml_outgoing outgoing;
    assert_ok(saml_jail_authn_request(scope, doors->jail, &party, &request, &outgoing));
    assert_int_equal(outgoing.binding, SAML_POST);
    assert_str(outgoing.url, "https://idp.example/sso");
    assert_str(outgoing.value, "urn:mfa");
    assert_str(outgoing.relay_state, "handle");
    request.class_ref_count = SAML_CLASS_REFS_SENT_MAX + 1;
    assert_failed(saml_jail_authn_request(scope, doors->jail, &party, &request, &outgoing), scope,
                  INVALID, "pack.wrong");
}

/* The child sends the browser to `url`, by redirect if the id says so. */
static result send_to(struct doors *doors, enum saml_binding binding, const char *location,
                      const char *id, const char *url) {
    const struct saml_party party = {.connection_id = STR("connection"),
                                     .sign_on = {.location = str_from_c(location)}};
    const struct saml_authn_request request = {
        .binding = binding, .id = str_from_c(id), .acs_url = str_from_c(url)};
    struct saml_outgoing outgoing;
    return saml_jail_authn_request(&doors->fixture.scope, doors->jail, &party, &request, &outgoing);
}

static void a_browser_is_sent_nowhere_else(void **state) {
    struct doors *doors = *state;
    static const char IDP[] = "https://idp.example";
    static const char WITH_QUERY[] = "https://idp.example/?a=b";
    assert_ok(send_to(doors, SAML_POST, IDP, "", IDP));
    assert_ok(send_to(doors, SAML_REDIRECT, IDP, "bound elsewhere", "https://idp.example?S=1"));
    assert_ok(send_to(doors, SAML_REDIRECT, WITH_QUERY, "bound elsewhere",
                      "https://idp.example/?a=b&S=1"));
    static const struct {
        enum saml_binding binding;
        const char *id, *url;
    } BAD[] = {
        {SAML_POST, "", "https://evil.example"},
        {SAML_POST, "", "javascript:alert(1)"},
        {SAML_POST, "", "https://idp.example?S=1"},
        {SAML_POST, "bound elsewhere", IDP},
        {SAML_REDIRECT, "", IDP},
        {SAML_REDIRECT, "bound elsewhere", "https://evil.example?S=1"},
        {SAML_REDIRECT, "bound elsewhere", "https://idp.example.evil.example?S=1"},
        {SAML_REDIRECT, "bound elsewhere", "https://idp.example@evil.example?S=1"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_failed(send_to(doors, BAD[i].binding, IDP, BAD[i].id, BAD[i].url),
                      &doors->fixture.scope, UNAVAILABLE, "saml.jail_protocol");
    }
}

static void both_roles_answer_a_ping(void **state) {
    struct doors *doors = *state;
    assert_ok(saml_jail_ping(&doors->fixture.scope, doors->jail, SAML_ROLE_VERIFY));
    assert_ok(saml_jail_ping(&doors->fixture.scope, doors->jail, SAML_ROLE_BUILD));
}

int main(int argc, char **argv) {
    int code = 0;
    program = argv[0];
    if (jail_keeper_main(&FAKES, argc, argv, &code)) {
        return code;
    }
    const struct CMUnitTest tests[] = {
        BOTH_WAYS(trust_and_message_go_in_and_facts_come_out),
        BOTH_WAYS(a_verdict_is_the_reason_of_the_failure),
        BOTH_WAYS(facts_that_do_not_fit_are_a_verdict_and_no_crash),
        BOTH_WAYS(a_message_over_the_limit_meets_no_child),
        BOTH_WAYS(a_lying_child_breaks_the_protocol_and_the_next_sign_in_works),
        cmocka_unit_test_setup_teardown(a_liar_is_killed, set_up_children, tear_down),
        BOTH_WAYS(keys_are_opened_only_when_the_child_asks),
        BOTH_WAYS(keys_that_cannot_be_opened_are_the_calls_failure),
        BOTH_WAYS(a_request_is_built_from_party_and_fields),
        BOTH_WAYS(a_browser_is_sent_nowhere_else),
        BOTH_WAYS(both_roles_answer_a_ping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
