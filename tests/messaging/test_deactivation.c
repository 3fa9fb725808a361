#include "base/event_log.h"
#include "messaging/deactivation.h"
#include "tests/messaging/given.h"

#include <string.h>

/* A credential of another folder, so that the registry's part is seen without that folder. */
static const char *const CREDENTIAL_TABLE[] = {
    "CREATE TABLE test_credential (org_id TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, "
    "epoch BIGINT NOT NULL, PRIMARY KEY (org_id, id))",
    NULL};
static const struct migration MIGRATIONS[] = {{199, "test: credentials", CREDENTIAL_TABLE}};
static const struct migration_list TEST_MIGRATIONS = {MIGRATIONS, 1};

static const struct statement END_CREDENTIALS = {
    "test.end", TENANT, "DELETE FROM test_credential WHERE org_id = $1 AND user_id = $2", NULL};
static const struct statement GIVE_CREDENTIAL = {
    "test.give", TENANT,
    "INSERT INTO test_credential (org_id, id, user_id, epoch) VALUES ($1, $2, $3, $4)", NULL};
static const struct table_rule RULES[] = {{.table = "test_credential",
                                           .on_deactivation = &END_CREDENTIALS,
                                           .counted_as = COUNTED_SESSIONS}};
static const struct table_rule_list LISTS[] = {{RULES, 1}};
static const struct table_registry REGISTRY = {LISTS, 1};
static const struct messaging MESSAGING = {.registry = &REGISTRY, .instance = STR_INIT("node-1")};

static void give_credential(struct database *d, const struct user *user, const char *id) {
    given_row(d, &GIVE_CREDENTIAL,
              VALUES(value_text(user->org_id), value_text(str_from_c(id)), value_text(user->id),
                     value_number(user->epoch)));
}

static int64_t credentials_of(struct database *d, const struct user *user) {
    return number_of(d, "SELECT count(*) FROM test_credential WHERE org_id = $1 AND user_id = $2",
                     user->org_id, user->id);
}

static int64_t revocations_of(struct database *d, const struct user *user) {
    return number_of(d, "SELECT count(*) FROM revocation WHERE org_id = $1 AND subject = $2",
                     user->org_id, user->id);
}

static int64_t audits_of(struct database *d, const struct user *user, const char *action) {
    return number_of(d, "SELECT count(*) FROM audit WHERE subject_id = $1 AND action = $2",
                     user->id, str_from_c(action));
}

static struct revoked deactivate(struct database *d, const struct user *user, enum source source) {
    const struct state_change change = change_of(d, user, source);
    struct revoked revoked = {0};
    assert_ok(user_deactivate(&d->fixture.scope, &MESSAGING, d->db, &change, &revoked));
    return revoked;
}

static void a_deactivation_cuts_access_and_leaves_every_record(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);
    give_credential(d, &leaver, "one");
    give_credential(d, &leaver, "two");

    const struct revoked revoked = deactivate(d, &leaver, SOURCE_SCIM);

    const struct user now = reloaded(d, &leaver);
    assert_int_equal(now.state, USER_DEACTIVATED);
    assert_int_equal(now.epoch, leaver.epoch + 1);
    assert_int_equal(now.revoked_seq, revoked.seq);
    assert_int_equal(credentials_of(d, &leaver), 0);
    assert_int_equal(audits_of(d, &leaver, "user.deactivated"), 1);
    assert_true(revoked.is_set);
    assert_int_equal(revoked.committed_boot_us, d->fixture.time.boot_us);
    assert_int_equal(number_of(d, "SELECT count(*) FROM job WHERE org_id = $1 AND kind = $2",
                               leaver.org_id, STR("user.cleanup")),
                     1);
    struct receipt receipt = {0};
    assert_ok(receipt_find(&d->fixture.scope, d->db, leaver.org_id, revoked.id, &receipt));
    assert_int_equal(receipt.sessions, 2);
    assert_int_equal(receipt.tokens, 0);
    assert_int_equal(receipt.answered_us, 0);
    assert_int_equal(receipt.source, SOURCE_SCIM);
}

static void the_revocation_row_names_the_new_epoch_and_its_origin(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);

    const struct revoked revoked = deactivate(d, &leaver, SOURCE_SCIM);

    struct revocation_page page = {0};
    assert_ok(revocation_read(&d->fixture.scope, d->db, revoked.partition, revoked.seq - 1, &page));
    assert_int_equal(page.count, 1);
    assert_str(page.rows[0].subject, leaver.id.at);
    assert_int_equal(page.rows[0].kind, REVOKED_USER);
    assert_int_equal(page.rows[0].epoch, leaver.epoch + 1);
    assert_str(page.rows[0].reason, "user.deactivated");
    assert_str(page.rows[0].origin, "node-1");
    assert_true(str_eq(page.rows[0].id, revoked.id));
}

static void the_event_tells_everybody_who_left(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);

    (void) deactivate(d, &leaver, SOURCE_SCIM);

    struct event_batch batch = {0};
    assert_ok(event_read(&d->fixture.scope, d->db, leaver.org_id, 0, 10, &batch));
    assert_int_equal(batch.count, 1);
    assert_str(batch.events[0].topic, "user.deactivated");
    const struct str wanted = str_format(
        d->fixture.scope.arena,
        "{\"audience\":\"org\",\"event\":{\"type\":\"user.deactivated\",\"user\":\"%.*s\"}}",
        STR_ARG(leaver.id));
    assert_true(str_eq(batch.events[0].payload, wanted));
}

static void a_repeated_deactivation_waits_on_the_first_one_and_writes_nothing(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);
    const struct revoked first = deactivate(d, &leaver, SOURCE_SCIM);
    fake_clock_advance(&d->fixture.time, S_TO_US(10));

    const struct revoked again = deactivate(d, &leaver, SOURCE_SCIM);

    assert_true(again.is_set);
    assert_int_equal(again.seq, first.seq);
    assert_true(str_eq(again.id, first.id));
    assert_int_equal(again.committed_boot_us, first.committed_boot_us + S_TO_US(10));
    assert_int_equal(revocations_of(d, &leaver), 1);
    assert_int_equal(reloaded(d, &leaver).epoch, leaver.epoch + 1);
    assert_int_equal(audits_of(d, &leaver, "user.deactivated"), 1);
    assert_int_equal(audits_of(d, &leaver, "user.block_added"), 0);
}

static void somebody_unknown_and_somebody_of_another_organisation_are_not_found(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct company other = given_company(d, "other");
    const struct user stranger = given_user(d, other.org.id, "stranger", ROLE_MEMBER);
    struct state_change change = change_of(d, &stranger, SOURCE_SCIM);
    change.org_id = acme.org.id;
    struct revoked revoked = {0};

    assert_failed(user_deactivate(&d->fixture.scope, &MESSAGING, d->db, &change, &revoked),
                  &d->fixture.scope, NOT_FOUND, "user.unknown");
    assert_failed(user_reactivate(&d->fixture.scope, &MESSAGING, d->db, &change), &d->fixture.scope,
                  NOT_FOUND, "user.unknown");
    assert_false(revoked.is_set);
    assert_int_equal(reloaded(d, &stranger).state, USER_ACTIVE);
}

static void a_reason_beyond_the_limit_changes_nothing(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);
    struct state_change change = change_of(d, &leaver, SOURCE_SCIM);
    change.reason.len = STATE_REASON_MAX_BYTES + 1;
    char *text = arena_alloc(d->fixture.scope.arena, change.reason.len);
    memset(text, 'x', change.reason.len);
    change.reason.at = text;
    struct revoked revoked = {0};

    assert_failed(user_deactivate(&d->fixture.scope, &MESSAGING, d->db, &change, &revoked),
                  &d->fixture.scope, INVALID, "user.reason");
    assert_int_equal(reloaded(d, &leaver).state, USER_ACTIVE);
    change.reason.len = STATE_REASON_MAX_BYTES;
    assert_ok(user_deactivate(&d->fixture.scope, &MESSAGING, d->db, &change, &revoked));
}

static void the_last_creator_is_cut_off_by_a_provider_and_the_organisation_flagged(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");

    (void) deactivate(d, &acme.creator, SOURCE_SCIM);

    struct org org = {0};
    assert_ok(org_find(&d->fixture.scope, d->db, acme.org.id, &org));
    assert_true(org.is_ownerless);
    assert_int_equal(reloaded(d, &acme.creator).state, USER_DEACTIVATED);
    assert_int_equal(number_of(d,
                               "SELECT count(*) FROM audit WHERE subject_id = $1 AND action = $2",
                               acme.org.id, STR("org.ownerless")),
                     1);
}

static void a_creator_who_is_not_the_last_one_leaves_the_organisation_owned(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user second = given_user(d, acme.org.id, "second", ROLE_CREATOR);

    (void) deactivate(d, &second, SOURCE_SCIM);

    struct org org = {0};
    assert_ok(org_find(&d->fixture.scope, d->db, acme.org.id, &org));
    assert_false(org.is_ownerless);
}

static void the_last_creator_is_not_removed_by_hand(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct state_change change = change_of(d, &acme.creator, SOURCE_CONSOLE);
    struct revoked revoked = {0};

    assert_failed(user_deactivate(&d->fixture.scope, &MESSAGING, d->db, &change, &revoked),
                  &d->fixture.scope, CONFLICT, "user.last_creator");
    assert_int_equal(reloaded(d, &acme.creator).state, USER_ACTIVE);
    assert_int_equal(revocations_of(d, &acme.creator), 0);
}

static void a_creator_who_comes_back_ends_the_ownerless_state(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    (void) deactivate(d, &acme.creator, SOURCE_SCIM);
    const struct state_change change = change_of(d, &acme.creator, SOURCE_SCIM);

    assert_ok(user_reactivate(&d->fixture.scope, &MESSAGING, d->db, &change));

    struct org org = {0};
    assert_ok(org_find(&d->fixture.scope, d->db, acme.org.id, &org));
    assert_false(org.is_ownerless);
}

static void a_reactivation_raises_the_epoch_and_revives_no_credential(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);
    give_credential(d, &leaver, "one");
    (void) deactivate(d, &leaver, SOURCE_SCIM);
    const struct state_change change = change_of(d, &leaver, SOURCE_SCIM);

    assert_ok(user_reactivate(scope, &MESSAGING, d->db, &change));

    const struct user now = reloaded(d, &leaver);
    assert_int_equal(now.state, USER_ACTIVE);
    assert_int_equal(now.epoch, leaver.epoch + 2);
    assert_int_equal(credentials_of(d, &leaver), 0);
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_NORMAL, &tx));
    for (int64_t proof = leaver.epoch; proof < now.epoch; proof++) {
        assert_failed(user_guard_active(scope, tx, leaver.org_id, leaver.id, proof), scope,
                      UNAUTHENTICATED, "user.gone");
    }
    assert_ok(user_guard_active(scope, tx, leaver.org_id, leaver.id, now.epoch));
}

static void reactivating_the_active_changes_nothing(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user user = given_user(d, acme.org.id, "user", ROLE_MEMBER);
    const struct state_change change = change_of(d, &user, SOURCE_SCIM);

    assert_ok(user_reactivate(&d->fixture.scope, &MESSAGING, d->db, &change));

    assert_int_equal(reloaded(d, &user).epoch, user.epoch);
    assert_int_equal(audits_of(d, &user, "user.reactivated"), 0);
}

static const struct {
    enum source blocked_by, second_block, lifted_by;
    bool is_second, is_lifted;
} BLOCKS[] = {
    {SOURCE_SCIM, SOURCE_COUNT, SOURCE_SCIM, false, true},
    {SOURCE_SCIM, SOURCE_COUNT, SOURCE_LDAP, false, false},
    {SOURCE_SCIM, SOURCE_COUNT, SOURCE_CONSOLE, false, true},
    {SOURCE_CONSOLE, SOURCE_COUNT, SOURCE_SCIM, false, false},
    {SOURCE_OPERATOR, SOURCE_COUNT, SOURCE_SCIM, false, false},
    {SOURCE_CONSOLE, SOURCE_COUNT, SOURCE_OPERATOR, false, true},
    {SOURCE_OPERATOR, SOURCE_COUNT, SOURCE_CONSOLE, false, true},
    {SOURCE_SCIM, SOURCE_CONSOLE, SOURCE_SCIM, true, false},
    {SOURCE_CONSOLE, SOURCE_SCIM, SOURCE_SCIM, true, false},
    {SOURCE_SCIM, SOURCE_CONSOLE, SOURCE_CONSOLE, true, true},
    {SOURCE_EXPIRY, SOURCE_COUNT, SOURCE_SCIM, false, false},
};

static void try_blocks(struct database *d, const struct user *user, size_t i) {
    (void) deactivate(d, user, BLOCKS[i].blocked_by);
    if (BLOCKS[i].is_second) {
        (void) deactivate(d, user, BLOCKS[i].second_block);
        assert_int_equal(audits_of(d, user, "user.block_added"), 1);
    }
    const struct state_change change = change_of(d, user, BLOCKS[i].lifted_by);
    const result lifted = user_reactivate(&d->fixture.scope, &MESSAGING, d->db, &change);
    if (BLOCKS[i].is_lifted) {
        assert_ok(lifted);
        assert_int_equal(reloaded(d, user).state, USER_ACTIVE);
        return;
    }
    assert_failed(lifted, &d->fixture.scope, CONFLICT, "user.blocked");
    assert_int_equal(reloaded(d, user).state, USER_DEACTIVATED);
    assert_int_equal(reloaded(d, user).epoch, user->epoch + 1);
}

static void a_directory_lifts_its_own_block_only_and_people_in_charge_lift_all(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    for (size_t i = 0; i < sizeof BLOCKS / sizeof *BLOCKS; i++) {
        const struct str name = str_format(d->fixture.scope.arena, "user-%zu", i);
        const struct user user = given_user(d, acme.org.id, name.at, ROLE_MEMBER);
        try_blocks(d, &user, i);
    }
}

static const struct {
    const char *state;
    bool is_cut, may_return;
    const char *reason;
} EDGES[] = {
    {"invited", true, false, "user.state"},
    {"active", true, true, NULL},
    {"suspended", true, true, NULL},
    {"deactivated", false, true, NULL},
    {"anonymised", false, false, "user.state"},
    {"erased", false, false, "user.state"},
};

static void put_into_state(struct database *d, const struct user *user, const char *state) {
    static const struct statement FORCE = {
        "test.force", TENANT, "UPDATE org_user SET state = $3 WHERE org_id = $1 AND id = $2", NULL};
    given_row(
        d, &FORCE,
        VALUES(value_text(user->org_id), value_text(user->id), value_text(str_from_c(state))));
}

static void only_who_can_be_in_is_taken_out(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    assert_int_equal(sizeof EDGES / sizeof *EDGES, USER_STATE_COUNT);
    for (size_t i = 0; i < USER_STATE_COUNT; i++) {
        const struct user user = given_user(d, acme.org.id, EDGES[i].state, ROLE_MEMBER);
        put_into_state(d, &user, EDGES[i].state);
        (void) deactivate(d, &user, SOURCE_SCIM);
        assert_int_equal(revocations_of(d, &user), EDGES[i].is_cut);
        assert_int_equal(reloaded(d, &user).epoch, user.epoch + EDGES[i].is_cut);
    }
}

static void only_the_suspended_and_the_deactivated_come_back(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    for (size_t i = 0; i < USER_STATE_COUNT; i++) {
        const struct user user = given_user(d, acme.org.id, EDGES[i].state, ROLE_MEMBER);
        put_into_state(d, &user, EDGES[i].state);
        const struct state_change change = change_of(d, &user, SOURCE_OPERATOR);
        const result r = user_reactivate(scope, &MESSAGING, d->db, &change);
        assert_int_equal(is_ok(r), EDGES[i].may_return);
        if (!EDGES[i].may_return) {
            assert_failed(r, scope, CONFLICT, "user.state");
            assert_str(str_from_c(user_state_name(reloaded(d, &user).state)), EDGES[i].state);
        }
    }
}

static void an_administrator_who_was_cut_off_changes_nobody(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct user victim = given_user(d, acme.org.id, "victim", ROLE_MEMBER);
    const struct actor stale = actor_of(&admin);
    (void) deactivate(d, &admin, SOURCE_SCIM);
    struct state_change change = change_of(d, &victim, SOURCE_CONSOLE);
    change.actor = &stale;
    struct revoked revoked = {0};

    assert_failed(user_deactivate(&d->fixture.scope, &MESSAGING, d->db, &change, &revoked),
                  &d->fixture.scope, UNAUTHENTICATED, "user.gone");
    assert_int_equal(reloaded(d, &victim).state, USER_ACTIVE);
}

static int64_t blocks_of(struct database *d, const struct user *user) {
    return number_of(d, "SELECT count(*) FROM user_block WHERE org_id = $1 AND user_id = $2",
                     user->org_id, user->id);
}

static void nobody_lets_themselves_in_again(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct actor in_flight = actor_of(&admin);
    (void) deactivate(d, &admin, SOURCE_SCIM);
    struct state_change change = change_of(d, &admin, SOURCE_CONSOLE);
    change.actor = &in_flight;

    assert_failed(user_reactivate(scope, &MESSAGING, d->db, &change), scope, FORBIDDEN,
                  "user.self");
    assert_int_equal(reloaded(d, &admin).state, USER_DEACTIVATED);
    assert_int_equal(reloaded(d, &admin).epoch, admin.epoch + 1);
    assert_int_equal(blocks_of(d, &admin), 1);
}

/* Who leaves may have kept the secret of a directory's token. */
static void a_token_of_the_leavers_making_does_not_bring_them_back(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user maker = given_user(d, acme.org.id, "maker", ROLE_ADMIN);
    const struct user other = given_user(d, acme.org.id, "other", ROLE_MEMBER);
    (void) deactivate(d, &maker, SOURCE_SCIM);
    (void) deactivate(d, &other, SOURCE_SCIM);
    const struct actor directory = {
        .kind = ACTOR_CONNECTION, .org_id = acme.org.id, .made_by = maker.id};
    struct state_change change = change_of(d, &maker, SOURCE_SCIM);
    change.actor = &directory;

    assert_failed(user_reactivate(scope, &MESSAGING, d->db, &change), scope, CONFLICT,
                  "user.blocked");
    assert_int_equal(reloaded(d, &maker).state, USER_DEACTIVATED);

    change = change_of(d, &other, SOURCE_SCIM);
    change.actor = &directory;
    assert_ok(user_reactivate(scope, &MESSAGING, d->db, &change));
    assert_int_equal(reloaded(d, &other).state, USER_ACTIVE);
}

static void an_administrator_who_was_cut_off_lets_nobody_in(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct user friend = given_user(d, acme.org.id, "friend", ROLE_ADMIN);
    const struct actor in_flight = actor_of(&admin);
    (void) deactivate(d, &admin, SOURCE_SCIM);
    (void) deactivate(d, &friend, SOURCE_SCIM);
    struct state_change change = change_of(d, &friend, SOURCE_CONSOLE);
    change.actor = &in_flight;

    assert_failed(user_reactivate(scope, &MESSAGING, d->db, &change), scope, UNAUTHENTICATED,
                  "user.gone");
    assert_int_equal(reloaded(d, &friend).state, USER_DEACTIVATED);
    assert_int_equal(blocks_of(d, &friend), 1);
}

static void an_administrator_who_was_cut_off_blocks_nobody_a_second_time(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct user other = given_user(d, acme.org.id, "other", ROLE_MEMBER);
    const struct actor in_flight = actor_of(&admin);
    (void) deactivate(d, &other, SOURCE_SCIM);
    struct state_change change = change_of(d, &other, SOURCE_CONSOLE);
    change.actor = &in_flight;
    struct revoked revoked = {0};
    assert_ok(user_deactivate(scope, &MESSAGING, d->db, &change, &revoked));
    assert_int_equal(blocks_of(d, &other), 2);
    change.source = SOURCE_OPERATOR;
    (void) deactivate(d, &admin, SOURCE_SCIM);

    assert_failed(user_deactivate(scope, &MESSAGING, d->db, &change, &revoked), scope,
                  UNAUTHENTICATED, "user.gone");
    assert_int_equal(blocks_of(d, &other), 2);
}

static void an_administrator_may_leave_by_their_own_hand(void **state) {
    struct database *d = *state;
    const struct company acme = given_company(d, "acme");
    const struct user admin = given_user(d, acme.org.id, "admin", ROLE_ADMIN);
    const struct actor self = actor_of(&admin);
    struct state_change change = change_of(d, &admin, SOURCE_CONSOLE);
    change.actor = &self;
    struct revoked revoked = {0};

    assert_ok(user_deactivate(&d->fixture.scope, &MESSAGING, d->db, &change, &revoked));
    assert_int_equal(reloaded(d, &admin).state, USER_DEACTIVATED);
}

static void a_caller_writes_rows_of_its_own_into_the_same_transaction(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);
    const struct state_change change = change_of(d, &leaver, SOURCE_SCIM);
    const struct user_profile renamed = {.user_name = STR("leaver"),
                                         .display_name = STR("Renamed")};
    struct deactivation deactivation = {0};
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, d->db, LANE_REVOCATION, &tx));

    assert_ok(deactivation_begin(scope, &MESSAGING, tx, &change, &deactivation));
    assert_ok(user_update_profile(scope, tx, leaver.org_id, leaver.id, &renamed));
    assert_ok(deactivation_finish(scope, &MESSAGING, tx, &change, &deactivation));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);

    assert_false(deactivation.is_noop);
    assert_str(reloaded(d, &leaver).display_name, "Renamed");
    assert_int_equal(reloaded(d, &leaver).revoked_seq, deactivation.revoked_seq);
}

/* In or out, never between: credentials gone, state, epoch and revocation row stand together. */
static void assert_whole(struct database *d, const struct user *before) {
    const struct user now = reloaded(d, before);
    const bool is_out = now.state == USER_DEACTIVATED;
    assert_int_equal(now.epoch, before->epoch + is_out);
    assert_int_equal(credentials_of(d, before), is_out ? 0 : 1);
    assert_int_equal(revocations_of(d, before), is_out);
    assert_int_equal(audits_of(d, before, "user.deactivated"), is_out);
    assert_int_equal(now.revoked_seq > 0, is_out);
}

static void run_with_faults(struct database *d, bool is_after) {
    const struct company acme = given_company(d, is_after ? "acme-after" : "acme-before");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_CREATOR);
    give_credential(d, &leaver, is_after ? "after" : "before");
    const struct state_change change = change_of(d, &leaver, SOURCE_SCIM);
    result r = {INTERNAL};
    int64_t n = 0;
    while (!is_ok(r)) {
        n++;
        assert_in_range(n, 1, 60);
        struct db_fault fault = {.fail_at = n, .is_after = is_after};
        struct revoked revoked = {0};
        db_set_fault(d->db, &fault);
        r = user_deactivate(&d->fixture.scope, &MESSAGING, d->db, &change, &revoked);
        db_set_fault(d->db, NULL);
        assert_int_equal(revoked.is_set, is_ok(r));
        if (!is_ok(r)) {
            assert_int_equal(r.code, UNAVAILABLE);
        }
        assert_whole(d, &leaver);
    }
    assert_true(n > 10); /* every call of it was made to fail once */
    assert_int_equal(reloaded(d, &leaver).state, USER_DEACTIVATED);
}

static void a_fault_at_any_call_leaves_the_person_in_or_out_and_a_retry_completes(void **state) {
    run_with_faults(*state, false);
}

static void a_commit_that_was_done_but_not_confirmed_is_completed_by_the_retry(void **state) {
    run_with_faults(*state, true);
}

static void a_receipt_is_completed_once(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user leaver = given_user(d, acme.org.id, "leaver", ROLE_MEMBER);
    const struct revoked revoked = deactivate(d, &leaver, SOURCE_SCIM);
    const struct receipt_ack acks[] = {{STR("node-1"), 1500}, {STR("node-2"), -1}};
    const struct receipt_answer first = {
        .committed_us = 11, .answered_us = 22, .sockets = 3, .acks = acks, .ack_count = 2};
    const struct receipt_answer second = {.committed_us = 33, .answered_us = 44};

    assert_ok(receipt_complete(scope, d->db, leaver.org_id, revoked.id, &first));
    assert_ok(receipt_complete(scope, d->db, leaver.org_id, revoked.id, &second));

    struct receipt_list list = {0};
    assert_ok(receipt_list(scope, d->db, leaver.org_id, STR(""), 10, STR(""), &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.receipts[0].committed_us, 11);
    assert_int_equal(list.receipts[0].answered_us, 22);
    assert_int_equal(list.receipts[0].sockets, 3);
    assert_str(list.receipts[0].nodes, "[{\"node\":\"node-1\",\"acknowledged_ms\":1.5},"
                                       "{\"node\":\"node-2\",\"acknowledged_ms\":null}]");
}

static void receipts_come_in_pages_newest_first_and_by_person(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    const struct company acme = given_company(d, "acme");
    const struct user first = given_user(d, acme.org.id, "first", ROLE_MEMBER);
    const struct user second = given_user(d, acme.org.id, "second", ROLE_MEMBER);
    (void) deactivate(d, &first, SOURCE_SCIM);
    fake_clock_advance(&d->fixture.time, S_TO_US(1));
    (void) deactivate(d, &second, SOURCE_SCIM);

    struct receipt_list page = {0};
    assert_ok(receipt_list(scope, d->db, acme.org.id, STR(""), 1, STR(""), &page));
    assert_int_equal(page.count, 1);
    assert_true(str_eq(page.receipts[0].user_id, second.id));
    assert_ok(receipt_list(scope, d->db, acme.org.id, STR(""), 1, page.next_cursor, &page));
    assert_true(str_eq(page.receipts[0].user_id, first.id));
    assert_true(str_is_empty(page.next_cursor));
    assert_ok(receipt_list(scope, d->db, acme.org.id, second.id, 10, STR(""), &page));
    assert_int_equal(page.count, 1);
}

int main(void) {
    static const struct migration_list *const MIGRATED[] = {&BASE_MIGRATIONS, &MESSAGING_MIGRATIONS,
                                                            &TEST_MIGRATIONS};
    on_both_use(MIGRATED, 3);
    const struct CMUnitTest tests[] = {
        ON_BOTH(a_deactivation_cuts_access_and_leaves_every_record),
        ON_BOTH(the_revocation_row_names_the_new_epoch_and_its_origin),
        ON_BOTH(the_event_tells_everybody_who_left),
        ON_BOTH(a_repeated_deactivation_waits_on_the_first_one_and_writes_nothing),
        ON_BOTH(somebody_unknown_and_somebody_of_another_organisation_are_not_found),
        ON_BOTH(a_reason_beyond_the_limit_changes_nothing),
        ON_BOTH(the_last_creator_is_cut_off_by_a_provider_and_the_organisation_flagged),
        ON_BOTH(a_creator_who_is_not_the_last_one_leaves_the_organisation_owned),
        ON_BOTH(the_last_creator_is_not_removed_by_hand),
        ON_BOTH(a_creator_who_comes_back_ends_the_ownerless_state),
        ON_BOTH(a_reactivation_raises_the_epoch_and_revives_no_credential),
        ON_BOTH(reactivating_the_active_changes_nothing),
        ON_BOTH(a_directory_lifts_its_own_block_only_and_people_in_charge_lift_all),
        ON_BOTH(only_who_can_be_in_is_taken_out),
        ON_BOTH(only_the_suspended_and_the_deactivated_come_back),
        ON_BOTH(an_administrator_who_was_cut_off_changes_nobody),
        ON_BOTH(nobody_lets_themselves_in_again),
        ON_BOTH(a_token_of_the_leavers_making_does_not_bring_them_back),
        ON_BOTH(an_administrator_who_was_cut_off_lets_nobody_in),
        ON_BOTH(an_administrator_who_was_cut_off_blocks_nobody_a_second_time),
        ON_BOTH(an_administrator_may_leave_by_their_own_hand),
        ON_BOTH(a_caller_writes_rows_of_its_own_into_the_same_transaction),
        ON_BOTH(a_fault_at_any_call_leaves_the_person_in_or_out_and_a_retry_completes),
        ON_BOTH(a_commit_that_was_done_but_not_confirmed_is_completed_by_the_retry),
        ON_BOTH(a_receipt_is_completed_once),
        ON_BOTH(receipts_come_in_pages_newest_first_and_by_person),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
