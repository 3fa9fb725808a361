/* Provisioning tokens whose maker has left: flagged, ended after the grace, and who is told. */
#include "tests/identity/known.h"

#include "base/job.h"
#include "base/mail.h"
#include "identity/token_leaver.h"
#include "messaging/user_cleanup.h"

#define DAY_US S_TO_US(24 * 3600)

enum { MAILS = 8 };

/* Keeps what is sent. */
struct kept_mail {
    struct mailer mailer; /* first */
    struct arena *arena;
    bool is_relay_away;
    size_t count;
    struct mail mails[MAILS];
};

static result keep(struct mailer *mailer, struct scope *scope, const struct mail *mail) {
    struct kept_mail *kept = (struct kept_mail *) (void *) mailer;
    REQUIRE(scope, !kept->is_relay_away, UNAVAILABLE, "mail.unreachable");
    assert_true(kept->count < MAILS);
    kept->mails[kept->count++] =
        (struct mail){str_copy(kept->arena, mail->to), str_copy(kept->arena, mail->subject),
                      str_copy(kept->arena, mail->text)};
    return OK_RESULT;
}

struct stage {
    struct database *d;
    struct scope *scope;
    struct identity identity;
    struct kept_mail kept;
    struct company acme;
    struct user leaver;
    struct api_token token;
    struct str secret;
};

static struct stage *stage_open(void **state) {
    struct database *d = *state;
    struct stage *s = NEW(d->fixture.scope.arena, struct stage);
    s->d = d;
    s->scope = &d->fixture.scope;
    s->identity = IDENTITY;
    s->identity.token_grace_us = 14 * DAY_US;
    s->kept = (struct kept_mail){.mailer = {keep}, .arena = s->scope->arena};
    d->fixture.env.mail = &s->kept.mailer;
    s->acme = given_company(d, "acme");
    s->leaver = given_user(d, s->acme.org.id, "leaver", ROLE_ADMIN);
    const struct actor actor = actor_of(&s->leaver);
    const struct new_api_token input = {
        .org_id = s->leaver.org_id,
        .kind = CREDENTIAL_SCIM_TOKEN,
        .name = STR("entra"),
        .expires_us = d->fixture.time.now_us + 100 * DAY_US,
        .actor = &actor,
        .source = SOURCE_CONSOLE,
    };
    assert_ok(api_token_create(s->scope, d->db, &input, &s->token, &s->secret));
    return s;
}

/* As the runner does it; false: nothing is due. */
static bool run_one(struct stage *s) {
    struct job job;
    if (!is_ok(job_claim(s->scope, s->d->db, STR("runner"), S_TO_US(60), &job))) {
        return false;
    }
    result done = {INTERNAL};
    if (str_eq(job.kind, STR(USER_CLEANUP_JOB))) {
        done = user_cleanup_run(s->scope, &BACKEND, s->d->db, &job);
        if (is_ok(done)) {
            done = token_leaver_flag(s->scope, &s->identity, s->d->db, &job);
        }
    } else if (str_eq(job.kind, STR(TOKEN_END_JOB))) {
        done = token_leaver_end(s->scope, &BACKEND, s->d->db, &job);
    } else if (str_eq(job.kind, STR(TOKEN_NOTICE_JOB))) {
        done = token_leaver_notice(s->scope, &s->identity, s->d->db, &job);
    }
    if (!is_ok(done)) {
        assert_ok(job_retry(s->scope, s->d->db, &job, STR("runner"), s->scope->reason));
        return true;
    }
    assert_ok(job_finish(s->scope, s->d->db, &job, STR("runner")));
    return true;
}

static void run_jobs(struct stage *s) {
    while (run_one(s)) {
    }
}

static void leave(struct stage *s, const struct user *who) {
    const struct state_change change = change_of(s->d, who, SOURCE_SCIM);
    struct revoked revoked;
    assert_ok(user_deactivate(s->scope, &BACKEND, s->d->db, &change, &revoked));
}

static struct api_token_list tokens_of(struct stage *s) {
    struct api_token_list list = {0};
    assert_ok(api_token_list_all(s->scope, s->d->db, s->acme.org.id, &list));
    return list;
}

static bool is_mailed(const struct stage *s, struct str to, const char *subject) {
    for (size_t i = 0; i < s->kept.count; i++) {
        if (str_eq(s->kept.mails[i].to, to) &&
            str_has_prefix(s->kept.mails[i].subject, str_from_c(subject))) {
            return true;
        }
    }
    return false;
}

static void it_is_flagged_and_ends_after_the_grace(void **state) {
    struct stage *s = stage_open(state);
    const int64_t left_us = s->d->fixture.time.now_us;
    struct principal who = {0};
    leave(s, &s->leaver);
    run_jobs(s);

    const struct api_token_list list = tokens_of(s);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.tokens[0].flagged_us, left_us);
    assert_int_equal(list.tokens[0].expires_us, left_us + 14 * DAY_US);
    assert_ok(check_bearer(s->d, s->secret, &who)); /* provisioning goes on */

    fake_clock_advance(&s->d->fixture.time, 14 * DAY_US - 1);
    run_jobs(s);
    assert_ok(check_bearer(s->d, s->secret, &who));
    fake_clock_advance(&s->d->fixture.time, 1);
    assert_int_equal(check_bearer(s->d, s->secret, &who).code, UNAUTHENTICATED);
    run_jobs(s);
    assert_int_equal(tokens_of(s).count, 0);
    assert_int_equal(number_of(s->d,
                               "SELECT count(*) FROM revocation WHERE org_id = $1 AND subject = $2",
                               s->acme.org.id, s->token.id),
                     1);
}

static void the_others_in_charge_are_told_both_times(void **state) {
    struct stage *s = stage_open(state);
    const struct user other = given_user(s->d, s->acme.org.id, "other", ROLE_ADMIN);
    const struct user member = given_user(s->d, s->acme.org.id, "member", ROLE_MEMBER);
    leave(s, &s->leaver);
    run_jobs(s);
    assert_int_equal(s->kept.count, 2);
    assert_true(is_mailed(s, s->acme.creator.email, "A provisioning token ends on 2026-01-16"));
    assert_true(is_mailed(s, other.email, "A provisioning token ends on 2026-01-16"));
    assert_true(str_find(s->kept.mails[0].text, STR("\"entra\"")) >= 0);
    assert_true(str_find(s->kept.mails[0].text, STR("http://127.0.0.1:8080/console")) >= 0);

    leave(s, &other); /* nobody writes to who is out */
    fake_clock_advance(&s->d->fixture.time, 14 * DAY_US);
    run_jobs(s);
    assert_int_equal(s->kept.count, 3);
    assert_true(is_mailed(s, s->acme.creator.email, "A provisioning token has ended"));
    assert_false(is_mailed(s, member.email, "A"));
    assert_false(is_mailed(s, s->leaver.email, "A"));
}

static void clean_up_again(struct stage *s) {
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(s->scope, s->d->db, LANE_NORMAL, &tx));
    assert_ok(user_cleanup_enqueue(s->scope, tx, s->acme.org.id, s->leaver.id, 2));
    assert_ok(tx_commit(s->scope, tx));
}

static void repeated_jobs_change_and_send_nothing_more(void **state) {
    struct stage *s = stage_open(state);
    leave(s, &s->leaver);
    run_jobs(s);
    const size_t mails = s->kept.count;
    const struct api_token before = tokens_of(s).tokens[0];
    clean_up_again(s);
    fake_clock_advance(&s->d->fixture.time, DAY_US);
    run_jobs(s);
    assert_int_equal(s->kept.count, mails);
    assert_int_equal(tokens_of(s).tokens[0].expires_us, before.expires_us);
}

static void who_is_back_before_the_job_has_left_all_the_same(void **state) {
    struct stage *s = stage_open(state);
    leave(s, &s->leaver);
    const struct state_change change = change_of(s->d, &s->leaver, SOURCE_SCIM);
    assert_ok(user_reactivate(s->scope, &BACKEND, s->d->db, &change));
    run_jobs(s);
    assert_true(tokens_of(s).tokens[0].flagged_us > 0);
}

static void tokens_of_others_and_of_the_operator_stay(void **state) {
    struct stage *s = stage_open(state);
    const struct user stranger = given_user(s->d, s->acme.org.id, "stranger", ROLE_ADMIN);
    leave(s, &stranger);
    run_jobs(s);
    assert_int_equal(tokens_of(s).tokens[0].flagged_us, 0);
    assert_int_equal(s->kept.count, 0);
}

static void an_earlier_end_of_its_own_stays(void **state) {
    struct stage *s = stage_open(state);
    s->identity.token_grace_us = 365 * DAY_US;
    leave(s, &s->leaver);
    run_jobs(s);
    assert_int_equal(tokens_of(s).tokens[0].expires_us, s->token.expires_us);
}

static void one_that_is_replaced_in_time_ends_quietly(void **state) {
    struct stage *s = stage_open(state);
    leave(s, &s->leaver);
    run_jobs(s);
    const size_t mails = s->kept.count;
    const struct actor creator = actor_of(&s->acme.creator);
    const struct token_end end = {
        .org_id = s->acme.org.id, .id = s->token.id, .actor = &creator, .source = SOURCE_CONSOLE};
    struct revoked revoked;
    assert_ok(api_token_revoke(s->scope, &BACKEND, s->d->db, &end, &revoked));
    fake_clock_advance(&s->d->fixture.time, 14 * DAY_US);
    run_jobs(s);
    assert_int_equal(s->kept.count, mails);
}

static void a_relay_that_is_away_is_asked_again(void **state) {
    struct stage *s = stage_open(state);
    s->kept.is_relay_away = true;
    leave(s, &s->leaver);
    run_jobs(s);
    assert_int_equal(s->kept.count, 0);
    s->kept.is_relay_away = false;
    fake_clock_advance(&s->d->fixture.time, S_TO_US(5));
    run_jobs(s);
    assert_int_equal(s->kept.count, 1);
    run_jobs(s);
    assert_int_equal(s->kept.count, 1);
}

static void without_a_relay_it_ends_all_the_same(void **state) {
    struct stage *s = stage_open(state);
    s->d->fixture.env.mail = NULL;
    leave(s, &s->leaver);
    run_jobs(s);
    fake_clock_advance(&s->d->fixture.time, 14 * DAY_US);
    run_jobs(s);
    assert_int_equal(tokens_of(s).count, 0);
    assert_int_equal(number_of(s->d, "SELECT count(*) FROM job WHERE kind <> $1 AND kind <> $2",
                               STR("-"), STR("--")),
                     0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(it_is_flagged_and_ends_after_the_grace),
        ON_BOTH(the_others_in_charge_are_told_both_times),
        ON_BOTH(repeated_jobs_change_and_send_nothing_more),
        ON_BOTH(who_is_back_before_the_job_has_left_all_the_same),
        ON_BOTH(tokens_of_others_and_of_the_operator_stay),
        ON_BOTH(an_earlier_end_of_its_own_stays),
        ON_BOTH(one_that_is_replaced_in_time_ends_quietly),
        ON_BOTH(a_relay_that_is_away_is_asked_again),
        ON_BOTH(without_a_relay_it_ends_all_the_same),
    };
    use_all_migrations();
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
