/* The mailed link with which somebody sets their first password. */
#include "tests/identity/known.h"

#include "base/job.h"
#include "base/mail.h"
#include "identity/invitation.h"

#define DAY_US S_TO_US(24 * 3600)

struct kept_mail {
    struct mailer mailer; /* first */
    struct arena *arena;
    int failures; /* of the next tries */
    size_t count;
    struct mail last;
};

static result keep(struct mailer *mailer, struct scope *scope, const struct mail *mail) {
    struct kept_mail *kept = (struct kept_mail *) (void *) mailer;
    kept->last =
        (struct mail){str_copy(kept->arena, mail->to), str_copy(kept->arena, mail->subject),
                      str_copy(kept->arena, mail->text)};
    REQUIRE(scope, kept->failures-- <= 0, UNAVAILABLE, "mail.unreachable");
    kept->count++;
    return OK_RESULT;
}

struct stage {
    struct database *d;
    struct scope *scope;
    struct kept_mail kept;
    struct company acme;
    struct user guest;
};

static struct stage *stage_open(void **state) {
    struct database *d = *state;
    struct stage *s = NEW(d->fixture.scope.arena, struct stage);
    s->d = d;
    s->scope = &d->fixture.scope;
    s->kept = (struct kept_mail){.mailer = {keep}, .arena = s->scope->arena};
    d->fixture.env.mail = &s->kept.mailer;
    s->acme = given_company(d, "acme");
    s->guest = given_user(d, s->acme.org.id, "guest", ROLE_ADMIN);
    return s;
}

static void invite(struct stage *s) {
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(s->scope, s->d->db, LANE_NORMAL, &tx));
    assert_ok(invitation_enqueue(s->scope, tx, &s->guest));
    assert_ok(tx_commit(s->scope, tx));
}

static result run_mail(struct stage *s) {
    struct job job = {0};
    do {
        TRY(job_claim(s->scope, s->d->db, STR("runner"), S_TO_US(60), &job));
    } while (!str_eq(job.kind, STR(INVITATION_JOB)));
    const result sent = invitation_mail_run(s->scope, &IDENTITY, s->d->db, &job);
    if (is_ok(sent)) {
        return job_finish(s->scope, s->d->db, &job, STR("runner"));
    }
    assert_ok(job_retry(s->scope, s->d->db, &job, STR("runner"), s->scope->reason));
    return sent;
}

/* The token of the link that was mailed last. */
static struct str mailed_token(const struct stage *s) {
    const struct str mark = STR("http://127.0.0.1:8080/welcome#token=");
    const ptrdiff_t at = str_find(s->kept.last.text, mark);
    assert_true(at >= 0);
    struct str token;
    (void) str_split(str_from(s->kept.last.text, (size_t) at + mark.len), '\n', &token);
    return token;
}

static result accept(struct stage *s, struct str token, const char *password) {
    const struct invitation_answer answer = {.token = token, .password = {str_from_c(password)}};
    struct str org_id = STR("");
    const result accepted = invitation_accept(s->scope, s->d->db, &answer, &org_id);
    if (is_ok(accepted)) {
        assert_true(str_eq(org_id, s->acme.org.id));
    }
    return accepted;
}

static int64_t passwords_of(struct stage *s) {
    return number_of(s->d, "SELECT count(*) FROM local_password WHERE org_id = $1 AND user_id = $2",
                     s->acme.org.id, s->guest.id);
}

static void the_link_sets_the_password_once(void **state) {
    struct stage *s = stage_open(state);
    invite(s);
    assert_ok(run_mail(s));
    assert_int_equal(s->kept.count, 1);
    assert_true(str_eq(s->kept.last.to, s->guest.email));
    const struct str token = mailed_token(s);
    assert_int_equal(passwords_of(s), 0);
    assert_ok(accept(s, token, "a long enough password"));
    assert_int_equal(passwords_of(s), 1);
    assert_failed(accept(s, token, "another long password"), s->scope, UNAUTHENTICATED,
                  "invitation.refused");
    assert_int_equal(number_of(s->d,
                               "SELECT count(*) FROM audit WHERE org_id = $1 AND subject_id = $2 "
                               "AND action = 'password.set'",
                               s->acme.org.id, s->guest.id),
                     1);
}

static void the_link_itself_is_kept_nowhere(void **state) {
    struct stage *s = stage_open(state);
    invite(s);
    assert_ok(run_mail(s));
    const struct str token = mailed_token(s);
    assert_int_equal(number_of(s->d,
                               "SELECT count(*) FROM invitation WHERE token_hash = $1 OR "
                               "token_hash = $2",
                               token, str_from(token, 4)),
                     0);
    assert_int_equal(number_of(s->d,
                               "SELECT count(*) FROM invitation WHERE org_id = $1 AND user_id = $2",
                               s->acme.org.id, s->guest.id),
                     1);
}

static void it_works_for_seven_days(void **state) {
    struct stage *s = stage_open(state);
    invite(s);
    assert_ok(run_mail(s));
    fake_clock_advance(&s->d->fixture.time, 7 * DAY_US);
    assert_failed(accept(s, mailed_token(s), "a long enough password"), s->scope, UNAUTHENTICATED,
                  "invitation.refused");
    s->d->fixture.time.now_us--;
    assert_ok(accept(s, mailed_token(s), "a long enough password"));
}

static void a_password_that_is_too_short_leaves_the_link_as_it_is(void **state) {
    struct stage *s = stage_open(state);
    invite(s);
    assert_ok(run_mail(s));
    assert_failed(accept(s, mailed_token(s), "short"), s->scope, INVALID, "password.length");
    assert_ok(accept(s, mailed_token(s), "a long enough password"));
}

static void who_has_left_cannot_use_it_nor_after_coming_back(void **state) {
    struct stage *s = stage_open(state);
    invite(s);
    assert_ok(run_mail(s));
    const struct state_change change = change_of(s->d, &s->guest, SOURCE_OPERATOR);
    struct revoked revoked;
    assert_ok(user_deactivate(s->scope, &BACKEND, s->d->db, &change, &revoked));
    assert_failed(accept(s, mailed_token(s), "a long enough password"), s->scope, UNAUTHENTICATED,
                  "invitation.refused");
    assert_ok(user_reactivate(s->scope, &BACKEND, s->d->db, &change));
    assert_failed(accept(s, mailed_token(s), "a long enough password"), s->scope, UNAUTHENTICATED,
                  "invitation.refused");
    assert_int_equal(passwords_of(s), 0);
}

/* The row is there, but from before: the epoch alone refuses. */
static void an_invitation_of_another_epoch_is_refused(void **state) {
    static const struct statement LATER = {
        "test.later", INSTALLATION, "UPDATE org_user SET epoch = epoch + 1 WHERE id = $1", NULL};
    struct stage *s = stage_open(state);
    invite(s);
    assert_ok(run_mail(s));
    given_row(s->d, &LATER, VALUES(value_text(s->guest.id)));
    assert_failed(accept(s, mailed_token(s), "a long enough password"), s->scope, UNAUTHENTICATED,
                  "invitation.refused");
    assert_int_equal(passwords_of(s), 0);
}

static void who_left_before_the_mail_gets_none(void **state) {
    struct stage *s = stage_open(state);
    invite(s);
    const struct state_change change = change_of(s->d, &s->guest, SOURCE_OPERATOR);
    struct revoked revoked;
    assert_ok(user_deactivate(s->scope, &BACKEND, s->d->db, &change, &revoked));
    assert_ok(user_reactivate(s->scope, &BACKEND, s->d->db, &change));
    assert_ok(run_mail(s));
    assert_int_equal(s->kept.count, 0);
}

static void only_the_last_link_works(void **state) {
    struct stage *s = stage_open(state);
    invite(s);
    s->kept.failures = 1;
    assert_failed(run_mail(s), s->scope, UNAVAILABLE, "mail.unreachable");
    const struct str first = mailed_token(s);
    fake_clock_advance(&s->d->fixture.time, S_TO_US(5));
    assert_ok(run_mail(s));
    assert_failed(accept(s, first, "a long enough password"), s->scope, UNAUTHENTICATED,
                  "invitation.refused");
    assert_ok(accept(s, mailed_token(s), "a long enough password"));
}

static void without_a_relay_it_waits(void **state) {
    struct stage *s = stage_open(state);
    s->d->fixture.env.mail = NULL;
    invite(s);
    assert_failed(run_mail(s), s->scope, UNAVAILABLE, "mail.none");
    s->d->fixture.env.mail = &s->kept.mailer;
    fake_clock_advance(&s->d->fixture.time, S_TO_US(5));
    assert_ok(run_mail(s));
    assert_int_equal(s->kept.count, 1);
}

static void what_is_no_link_of_ours_is_refused(void **state) {
    struct stage *s = stage_open(state);
    invite(s);
    assert_ok(run_mail(s));
    const struct str token = mailed_token(s);
    const struct company other = given_company(s->d, "other");
    const struct str wrong[] = {
        STR(""),
        STR("ghi_"),
        STR("ghi_nobody.secret"),
        str_from(token, 4),
        str_first(token, token.len - 1),
        str_format(s->scope->arena, "%.*sA", STR_ARG(token)),
        str_format(s->scope->arena, "ghi_%.*s%.*s", STR_ARG(other.org.id),
                   STR_ARG(str_from(token, 4 + s->acme.org.id.len))),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_failed(accept(s, wrong[i], "a long enough password"), s->scope, UNAUTHENTICATED,
                      "invitation.refused");
    }
    assert_ok(accept(s, token, "a long enough password"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(the_link_sets_the_password_once),
        ON_BOTH(the_link_itself_is_kept_nowhere),
        ON_SQLITE(it_works_for_seven_days),
        ON_SQLITE(a_password_that_is_too_short_leaves_the_link_as_it_is),
        ON_BOTH(who_has_left_cannot_use_it_nor_after_coming_back),
        ON_BOTH(an_invitation_of_another_epoch_is_refused),
        ON_BOTH(who_left_before_the_mail_gets_none),
        ON_BOTH(only_the_last_link_works),
        ON_BOTH(without_a_relay_it_waits),
        ON_BOTH(what_is_no_link_of_ours_is_refused),
    };
    use_all_migrations();
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
