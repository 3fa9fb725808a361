#include "base/event_log.h"
#include "messaging/live_command.h"
#include "messaging/message.h"
#include "tests/messaging/given.h"

#include <string.h>

static const struct table_registry REGISTRY = {NULL, 0};
static const struct messaging MESSAGING = {.registry = &REGISTRY};

static struct str general_of(struct database *d, const struct user *user) {
    struct conversation_list list = {0};
    assert_ok(
        conversation_list_of(&d->fixture.scope, d->db, user->org_id, user->id, 10, STR(""), &list));
    assert_int_equal(list.conversations[0].kind, CONVERSATION_GENERAL);
    return list.conversations[0].id;
}

static result send(struct database *d, const struct actor *actor, struct str conversation_id,
                   const char *nonce, struct message *ret) {
    const struct new_message input = {
        .conversation_id = conversation_id, .text = str_from_c(nonce), .nonce = str_from_c(nonce)};
    return message_send(&d->fixture.scope, d->db, actor, &input, ret);
}

static struct event_batch events_of(struct database *d, struct str org_id) {
    struct event_batch batch = {0};
    assert_ok(event_read(&d->fixture.scope, d->db, org_id, 0, 100, &batch));
    return batch;
}

static void a_message_stands_in_history_and_stream_at_the_same_place(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct actor boss = actor_of(&acme.creator);
    struct message sent = {0};

    assert_ok(send(d, &boss, general_of(d, &acme.creator), "hello", &sent));

    struct message_list history = {0};
    assert_ok(message_history(&d->fixture.scope, d->db, acme.org.id, sent.conversation_id, 10, 0,
                              &history));
    assert_int_equal(history.count, 1);
    assert_int_equal(history.messages[0].seq, sent.seq);
    assert_str(history.messages[0].text, "hello");
    assert_str(history.messages[0].sender_name, "The Boss");
    const struct event_batch batch = events_of(d, acme.org.id);
    assert_int_equal(batch.events[0].seq, sent.seq);
    const struct str wanted = str_format(
        d->fixture.scope.arena,
        "{\"audience\":\"org\",\"event\":{\"type\":\"message.created\",\"message\":"
        "{\"id\":\"%.*s\",\"conversation\":\"%.*s\",\"sender\":{\"id\":\"%.*s\","
        "\"display_name\":\"The Boss\"},\"text\":\"hello\",\"created_at\":"
        "\"2026-01-02T03:04:05.000Z\",\"seq\":%d}}}",
        STR_ARG(sent.id), STR_ARG(sent.conversation_id), STR_ARG(acme.creator.id), (int) sent.seq);
    assert_str(batch.events[0].payload,
               str_format(d->fixture.scope.arena, "%.*s%c", STR_ARG(wanted), 0).at);
}

static void the_same_nonce_gives_the_first_message_and_no_second_event(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct actor boss = actor_of(&acme.creator);
    const struct str general = general_of(d, &acme.creator);
    struct message first = {0};
    struct message again = {0};

    assert_ok(send(d, &boss, general, "once", &first));
    assert_ok(send(d, &boss, general, "once", &again));

    assert_true(str_eq(first.id, again.id));
    assert_int_equal(first.seq, again.seq);
    assert_int_equal(events_of(d, acme.org.id).count, 1);
}

static void two_people_may_use_the_same_nonce(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct actor boss = actor_of(&acme.creator);
    const struct actor other = actor_of(&ann);
    const struct str general = general_of(d, &ann);
    struct message first = {0};
    struct message second = {0};

    assert_ok(send(d, &boss, general, "nonce", &first));
    assert_ok(send(d, &other, general, "nonce", &second));
    assert_false(str_eq(first.id, second.id));
    assert_true(second.seq > first.seq);
}

static void a_direct_message_goes_to_two_people_alone(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct user eve = given_user(d, acme.org.id, "eve", ROLE_CREATOR);
    const struct actor boss = actor_of(&acme.creator);
    const struct actor listener = actor_of(&eve);
    struct conversation direct = {0};
    struct conversation again = {0};
    struct message sent = {0};
    bool is_new = false;

    assert_ok(conversation_open_direct(scope, d->db, &boss, ann.id, &direct, &is_new));
    assert_true(is_new);
    const struct actor other = actor_of(&ann);
    assert_ok(conversation_open_direct(scope, d->db, &other, acme.creator.id, &again, &is_new));
    assert_false(is_new);
    assert_true(str_eq(direct.id, again.id));
    assert_str(direct.other_name, "ann");
    assert_str(again.other_name, "The Boss");
    assert_ok(send(d, &boss, direct.id, "secret", &sent));

    const struct event_batch batch = events_of(d, acme.org.id);
    const struct str payload = batch.events[batch.count - 1].payload;
    const struct str audience = str_format(scope->arena, "{\"audience\":[\"%.*s\",\"%.*s\"],",
                                           STR_ARG(direct.members[0]), STR_ARG(direct.members[1]));
    assert_true(str_has_prefix(payload, audience));
    assert_int_equal(str_find(payload, eve.id), -1);
    assert_failed(send(d, &listener, direct.id, "me too", &sent), scope, NOT_FOUND,
                  "conversation.unknown");
}

static void nobody_opens_a_conversation_with_who_is_out_or_elsewhere(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct company other = given_company(d, "other");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct state_change change = change_of(d, &ann, SOURCE_SCIM);
    const struct actor boss = actor_of(&acme.creator);
    struct revoked revoked;
    struct conversation direct = {0};
    bool is_new = false;
    assert_ok(user_deactivate(scope, &MESSAGING, d->db, &change, &revoked));

    assert_failed(conversation_open_direct(scope, d->db, &boss, ann.id, &direct, &is_new), scope,
                  NOT_FOUND, "user.unknown");
    assert_failed(conversation_open_direct(scope, d->db, &boss, other.creator.id, &direct, &is_new),
                  scope, NOT_FOUND, "user.unknown");
}

static void who_was_cut_off_writes_nothing_any_more(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct actor stale = actor_of(&ann);
    const struct str general = general_of(d, &ann);
    const struct state_change change = change_of(d, &ann, SOURCE_SCIM);
    struct message sent = {0};
    struct revoked revoked;
    assert_ok(send(d, &stale, general, "before", &sent));
    assert_ok(user_deactivate(scope, &MESSAGING, d->db, &change, &revoked));
    const size_t events = events_of(d, acme.org.id).count;

    assert_failed(send(d, &stale, general, "after", &sent), scope, UNAUTHENTICATED, "user.gone");
    assert_failed(message_edit(scope, d->db, &stale, sent.id, STR("x"), &sent), scope,
                  UNAUTHENTICATED, "user.gone");
    assert_failed(message_delete(scope, d->db, &stale, sent.id, &sent), scope, UNAUTHENTICATED,
                  "user.gone");
    assert_failed(conversation_mark_read(scope, d->db, &stale, general, 1), scope, UNAUTHENTICATED,
                  "user.gone");
    assert_ok(user_reactivate(scope, &MESSAGING, d->db, &change));
    assert_failed(send(d, &stale, general, "later", &sent), scope, UNAUTHENTICATED, "user.gone");
    assert_int_equal(events_of(d, acme.org.id).count, events + 1); /* user.reactivated */
}

static void a_credential_that_is_gone_writes_nothing_any_more(void **state) {
    static const struct statement GONE = {
        "test.gone", TENANT, "SELECT 1 FROM receipt WHERE org_id = $1 AND id = $2", NULL};
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    struct actor boss = actor_of(&acme.creator);
    boss.credential_id = STR("session-1");
    boss.credential_guard = &GONE;
    struct message sent = {0};

    assert_failed(send(d, &boss, general_of(d, &acme.creator), "late", &sent), &d->fixture.scope,
                  UNAUTHENTICATED, "user.gone");
    assert_int_equal(events_of(d, acme.org.id).count, 0);
}

static void a_fault_at_any_call_leaves_message_and_event_together(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct actor boss = actor_of(&acme.creator);
    const struct str general = general_of(d, &acme.creator);
    struct message sent = {0};
    result r = {INTERNAL};
    for (int64_t n = 1; !is_ok(r); n++) {
        assert_in_range(n, 1, 30);
        struct db_fault fault = {.fail_at = n, .is_after = n % 2 == 0};
        db_set_fault(d->db, &fault);
        r = send(d, &boss, general, "hello", &sent);
        db_set_fault(d->db, NULL);
        const int64_t messages =
            number_of(d, "SELECT count(*) FROM message WHERE org_id = $1 AND conversation_id = $2",
                      acme.org.id, general);
        assert_int_equal(events_of(d, acme.org.id).count, messages);
        assert_in_range(messages, is_ok(r), 1);
    }
}

static const struct {
    size_t text_len, nonce_len;
    enum code code;
    const char *reason;
} LENGTHS[] = {
    {0, 1, INVALID, "message.text"},
    {1, 1, OK, NULL},
    {MESSAGE_MAX_BYTES, 1, OK, NULL},
    {MESSAGE_MAX_BYTES + 1, 1, TOO_LARGE, "message.size"},
    {1, 0, INVALID, "message.nonce"},
    {1, NONCE_MAX_BYTES, OK, NULL},
    {1, NONCE_MAX_BYTES + 1, INVALID, "message.nonce"},
};

static void text_and_nonce_have_their_limits(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct actor boss = actor_of(&acme.creator);
    const struct str general = general_of(d, &acme.creator);
    char *many = arena_alloc(d->fixture.scope.arena, MESSAGE_MAX_BYTES + 1);
    memset(many, 'x', MESSAGE_MAX_BYTES + 1);
    for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
        many[0] = (char) ('a' + i); /* another nonce each time */
        const struct new_message input = {.conversation_id = general,
                                          .text = {many, LENGTHS[i].text_len},
                                          .nonce = {many, LENGTHS[i].nonce_len}};
        struct message sent;
        const result r = message_send(&d->fixture.scope, d->db, &boss, &input, &sent);
        assert_int_equal(r.code, LENGTHS[i].code);
        if (LENGTHS[i].reason != NULL) {
            assert_string_equal(d->fixture.scope.reason, LENGTHS[i].reason);
        }
    }
}

static void text_that_is_not_utf8_is_refused(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct actor boss = actor_of(&acme.creator);
    const struct new_message bad = {
        .conversation_id = general_of(d, &acme.creator), .text = STR("\xff"), .nonce = STR("n")};
    const struct new_message nul = {
        .conversation_id = bad.conversation_id, .text = STR("a\0b"), .nonce = STR("n")};
    struct message sent;
    assert_failed(message_send(&d->fixture.scope, d->db, &boss, &bad, &sent), &d->fixture.scope,
                  INVALID, "message.text");
    assert_failed(message_send(&d->fixture.scope, d->db, &boss, &nul, &sent), &d->fixture.scope,
                  INVALID, "message.text");
}

static void history_comes_in_pages_oldest_first_and_without_the_deleted(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct actor boss = actor_of(&acme.creator);
    const struct str general = general_of(d, &acme.creator);
    struct message sent[4] = {0};
    assert_ok(send(d, &boss, general, "one", &sent[0]));
    assert_ok(send(d, &boss, general, "two", &sent[1]));
    assert_ok(send(d, &boss, general, "three", &sent[2]));
    assert_ok(send(d, &boss, general, "four", &sent[3]));
    assert_ok(message_delete(scope, d->db, &boss, sent[1].id, &sent[1]));

    struct message_list page = {0};
    assert_ok(message_history(scope, d->db, acme.org.id, general, 2, 0, &page));
    assert_int_equal(page.count, 2);
    assert_str(page.messages[0].text, "three");
    assert_str(page.messages[1].text, "four");
    assert_int_equal(page.next_before, sent[2].seq);
    assert_ok(message_history(scope, d->db, acme.org.id, general, 2, page.next_before, &page));
    assert_int_equal(page.count, 1);
    assert_str(page.messages[0].text, "one");
    assert_int_equal(page.next_before, 0);
}

static void only_the_sender_edits_and_deletes(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_ADMIN);
    const struct actor boss = actor_of(&acme.creator);
    const struct actor other = actor_of(&ann);
    struct message sent = {0};
    struct message changed = {0};
    assert_ok(send(d, &boss, general_of(d, &ann), "mine", &sent));

    assert_failed(message_edit(scope, d->db, &other, sent.id, STR("x"), &changed), scope, NOT_FOUND,
                  "message.unknown");
    assert_failed(message_delete(scope, d->db, &other, sent.id, &changed), scope, NOT_FOUND,
                  "message.unknown");
    assert_ok(message_edit(scope, d->db, &boss, sent.id, STR("better"), &changed));
    assert_str(changed.text, "better");
    assert_ok(message_delete(scope, d->db, &boss, sent.id, &changed));
    assert_failed(message_edit(scope, d->db, &boss, sent.id, STR("x"), &changed), scope, NOT_FOUND,
                  "message.unknown");
    assert_int_equal(number_of(d, "SELECT count(*) FROM message WHERE org_id = $1 AND body = $2",
                               acme.org.id, STR("")),
                     1);
    const struct event_batch batch = events_of(d, acme.org.id);
    assert_str(batch.events[1].topic, "message.edited");
    assert_str(batch.events[2].topic, "message.deleted");
    assert_int_equal(str_find(batch.events[2].payload, STR("better")), -1);
}

static void the_unread_are_those_of_others_behind_the_position(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user ann = given_user(d, acme.org.id, "ann", ROLE_MEMBER);
    const struct actor boss = actor_of(&acme.creator);
    const struct actor reader = actor_of(&ann);
    const struct str general = general_of(d, &ann);
    struct message sent[3] = {0};
    struct conversation seen = {0};
    assert_ok(send(d, &boss, general, "one", &sent[0]));
    assert_ok(send(d, &boss, general, "two", &sent[1]));
    assert_ok(send(d, &reader, general, "mine", &sent[2]));

    assert_ok(conversation_find(scope, d->db, acme.org.id, ann.id, general, &seen));
    assert_int_equal(seen.unread, 2);
    assert_ok(conversation_mark_read(scope, d->db, &reader, general, sent[1].seq));
    assert_ok(conversation_mark_read(scope, d->db, &reader, general, sent[0].seq));
    assert_ok(conversation_find(scope, d->db, acme.org.id, ann.id, general, &seen));
    assert_int_equal(seen.unread, 0);
    assert_int_equal(seen.read_seq, sent[1].seq);
}

static result command(struct database *d, const struct actor *actor, struct str text,
                      struct json *ack) {
    struct live_notice notice = {0};
    const struct live_call call = {.db = d->db, .actor = actor, .notice = &notice};
    const struct json *json = NULL;
    TRY(json_read(&d->fixture.scope, text, &json));
    return live_command_run(&d->fixture.scope, &call, json, ack);
}

static void the_commands_of_the_live_connection_do_what_they_say(void **state) {
    struct database *d = *state;
    struct arena *arena = d->fixture.scope.arena;
    const struct company acme = given_company(d, "acme");
    const struct actor boss = actor_of(&acme.creator);
    const struct str general = general_of(d, &acme.creator);
    struct json *ack = json_new_object(arena);

    assert_ok(command(d, &boss,
                      str_format(arena,
                                 "{\"type\":\"send\",\"id\":\"1\",\"conversation\":\"%.*s\","
                                 "\"text\":\"hi\",\"nonce\":\"n\"}",
                                 STR_ARG(general)),
                      ack));
    const struct json *message = json_get(ack, STR("message"));
    const struct str id = json_as_string(json_get(message, STR("id")));
    assert_str(json_as_string(json_get(message, STR("text"))), "hi");
    assert_ok(command(
        d, &boss,
        str_format(arena, "{\"type\":\"edit\",\"message\":\"%.*s\",\"text\":\"ho\"}", STR_ARG(id)),
        ack));
    assert_ok(command(d, &boss,
                      str_format(arena, "{\"type\":\"read\",\"conversation\":\"%.*s\",\"seq\":1}",
                                 STR_ARG(general)),
                      ack));
    assert_int_equal(json_as_integer(json_get(ack, STR("seq"))), 1);
    assert_ok(command(d, &boss,
                      str_format(arena, "{\"type\":\"delete\",\"message\":\"%.*s\"}", STR_ARG(id)),
                      ack));
}

static const struct {
    const char *text, *reason;
} BAD_COMMANDS[] = {
    {"{}", "json.missing"},
    {"{\"type\":1}", "json.type"},
    {"{\"type\":\"Send\"}", "live.command"},
    {"{\"type\":\"send\"}", "json.missing"},
    {"{\"type\":\"send\",\"conversation\":1,\"text\":\"x\",\"nonce\":\"n\"}", "json.type"},
    {"{\"type\":\"edit\",\"message\":\"x\"}", "json.missing"},
    {"{\"type\":\"delete\"}", "json.missing"},
    {"{\"type\":\"read\",\"conversation\":\"x\"}", "json.missing"},
    {"{\"type\":\"read\",\"conversation\":\"x\",\"seq\":-1}", "json.range"},
};

static void malformed_commands_are_refused_with_their_reason(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct actor boss = actor_of(&acme.creator);
    for (size_t i = 0; i < sizeof BAD_COMMANDS / sizeof *BAD_COMMANDS; i++) {
        struct json *ack = json_new_object(d->fixture.scope.arena);
        assert_failed(command(d, &boss, str_from_c(BAD_COMMANDS[i].text), ack), &d->fixture.scope,
                      INVALID, BAD_COMMANDS[i].reason);
        assert_int_equal(json_count(ack), 0);
    }
}

int main(void) {
    static const struct migration_list *const MIGRATED[] = {&BASE_MIGRATIONS,
                                                            &MESSAGING_MIGRATIONS};
    on_both_use(MIGRATED, 2);
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_message_stands_in_history_and_stream_at_the_same_place),
        ON_BOTH(the_same_nonce_gives_the_first_message_and_no_second_event),
        ON_BOTH(two_people_may_use_the_same_nonce),
        ON_BOTH(a_direct_message_goes_to_two_people_alone),
        ON_BOTH(nobody_opens_a_conversation_with_who_is_out_or_elsewhere),
        ON_BOTH(who_was_cut_off_writes_nothing_any_more),
        ON_BOTH(a_credential_that_is_gone_writes_nothing_any_more),
        ON_BOTH(a_fault_at_any_call_leaves_message_and_event_together),
        ON_BOTH(text_and_nonce_have_their_limits),
        ON_BOTH(text_that_is_not_utf8_is_refused),
        ON_BOTH(history_comes_in_pages_oldest_first_and_without_the_deleted),
        ON_BOTH(only_the_sender_edits_and_deletes),
        ON_BOTH(the_unread_are_those_of_others_behind_the_position),
        ON_BOTH(the_commands_of_the_live_connection_do_what_they_say),
        ON_BOTH(malformed_commands_are_refused_with_their_reason),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
