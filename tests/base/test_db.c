#include "tests/support/on_both.h"

static const struct statement MAKE = {
    "", INSTALLATION,
    "CREATE TABLE thing (id TEXT NOT NULL PRIMARY KEY, size BIGINT NOT NULL CHECK (size >= 0),"
    " note TEXT, parent TEXT REFERENCES thing (id))",
    NULL};
static const struct statement ADD = {
    "thing.add", INSTALLATION, "INSERT INTO thing(id, size, note, parent) VALUES ($1, $2, $3, $4)",
    NULL};
static const struct statement LIST = {"thing.list", INSTALLATION,
                                      "SELECT id, size, note FROM thing ORDER BY id", NULL};
static const struct statement COUNT = {"thing.count", INSTALLATION, "SELECT count(*) FROM thing",
                                       NULL};
static const struct statement GROW = {
    "thing.grow", INSTALLATION, "UPDATE thing SET size = size + $2 WHERE id = $1 RETURNING size",
    NULL};
static const struct statement SWAPPED = {
    "thing.swapped", INSTALLATION,
    "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($11 AS BIGINT)"
    " WHERE CAST($3 AS BIGINT) + CAST($4 AS BIGINT) + CAST($5 AS BIGINT) + CAST($6 AS BIGINT) +"
    " CAST($7 AS BIGINT) + CAST($8 AS BIGINT) + CAST($9 AS BIGINT) + CAST($10 AS BIGINT) = 52",
    NULL};

static struct tx *begin(struct database *d) {
    struct tx *tx = NULL;
    assert_ok(tx_begin(&d->fixture.scope, d->db, LANE_NORMAL, &tx));
    return tx;
}

static void given_table(struct database *d) {
    struct tx *tx = begin(d);
    assert_ok(tx_run(&d->fixture.scope, tx, &MAKE, NO_VALUES, NULL));
    assert_ok(tx_commit(&d->fixture.scope, tx));
    tx_end(&tx);
}

static result add(struct database *d, struct tx *tx, const char *id, int64_t size) {
    return tx_run(
        &d->fixture.scope, tx, &ADD,
        VALUES(value_text(str_from_c(id)), value_number(size), value_null(), value_null()), NULL);
}

static int64_t count_things(struct database *d) {
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &COUNT, NO_VALUES, &rows));
    return rows_number(&rows, 0, 0);
}

static void given_thing(struct database *d, const char *id, int64_t size) {
    struct tx *tx = begin(d);
    assert_ok(add(d, tx, id, size));
    assert_ok(tx_commit(&d->fixture.scope, tx));
    tx_end(&tx);
}

static void values_come_back_as_they_went_in(void **state) {
    struct database *d = *state;
    given_table(d);
    struct tx *tx = begin(d);
    assert_ok(tx_run(&d->fixture.scope, tx, &ADD,
                     VALUES(value_text(STR("a")), value_number(INT64_MAX),
                            value_text(STR("caf\xc3\xa9 '; --")), value_text(STR("a"))),
                     NULL));
    assert_ok(tx_run(
        &d->fixture.scope, tx, &ADD,
        VALUES(value_text(STR("b")), value_number(0), value_text(STR("")), value_null()), NULL));
    assert_ok(add(d, tx, "c", 7));
    assert_ok(tx_commit(&d->fixture.scope, tx));
    tx_end(&tx);

    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &LIST, NO_VALUES, &rows));
    assert_int_equal(rows.count, 3);
    assert_int_equal(rows.columns, 3);
    assert_int_equal(rows.changed, 0);
    assert_int_equal(rows_number(&rows, 0, 1), INT64_MAX);
    assert_str(rows_text(&rows, 0, 2), "caf\xc3\xa9 '; --");
    assert_false(rows_is_null(&rows, 1, 2));
    assert_str(rows_text(&rows, 1, 2), "");
    assert_true(rows_is_null(&rows, 2, 2));
    assert_str(rows_text(&rows, 2, 0), "c");
}

static void parameters_are_bound_by_their_number(void **state) {
    struct database *d = *state;
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &SWAPPED,
                     VALUES(value_text(STR("one")), value_text(STR("two")), value_number(3),
                            value_number(4), value_number(5), value_number(6), value_number(7),
                            value_number(8), value_number(9), value_number(10), value_number(11)),
                     &rows));
    assert_int_equal(rows.count, 1);
    assert_str(rows_text(&rows, 0, 0), "two");
    assert_str(rows_text(&rows, 0, 1), "one");
    assert_int_equal(rows_number(&rows, 0, 2), 11);
}

static void more_rows_than_fit_at_first_all_arrive(void **state) {
    struct database *d = *state;
    given_table(d);
    struct tx *tx = begin(d);
    for (int i = 0; i < 100; i++) {
        assert_ok(add(d, tx, str_format(d->fixture.scope.arena, "%03d", i).at, i));
    }
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, tx_db(tx), &LIST, NO_VALUES, &rows));
    tx_end(&tx);
    assert_int_equal(rows.count, 100);
    assert_str(rows_text(&rows, 99, 0), "099");
    assert_int_equal(rows_number(&rows, 42, 1), 42);
}

static void rows_touched_are_counted_and_returned(void **state) {
    struct database *d = *state;
    given_table(d);
    given_thing(d, "a", 1);
    struct tx *tx = begin(d);
    struct rows rows;
    assert_ok(
        tx_run(&d->fixture.scope, tx, &GROW, VALUES(value_text(STR("a")), value_number(4)), &rows));
    assert_int_equal(rows.changed, 1);
    assert_int_equal(rows_number(&rows, 0, 0), 5);
    assert_ok(tx_run(&d->fixture.scope, tx, &GROW, VALUES(value_text(STR("no")), value_number(4)),
                     &rows));
    assert_int_equal(rows.changed, 0);
    assert_int_equal(rows.count, 0);
    tx_end(&tx);
}

static void what_is_not_committed_is_gone(void **state) {
    struct database *d = *state;
    given_table(d);
    struct tx *tx = begin(d);
    assert_ok(add(d, tx, "a", 1));
    tx_end(&tx);
    assert_null(tx);
    assert_int_equal(count_things(d), 0);
}

static void a_transaction_sees_its_own_writes_and_others_do_not(void **state) {
    struct database *d = *state;
    given_table(d);
    struct db *other = database_connect(d);
    struct tx *tx = begin(d);
    assert_ok(add(d, tx, "a", 1));
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, tx_db(tx), &COUNT, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), 1);
    assert_ok(db_run(&d->fixture.scope, other, &COUNT, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), 0);
    assert_ok(tx_commit(&d->fixture.scope, tx));
    tx_end(&tx);
    assert_ok(db_run(&d->fixture.scope, other, &COUNT, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), 1);
    db_close(&other);
}

static void any_error_ends_the_transaction(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    given_table(d);
    struct tx *tx = begin(d);
    assert_ok(add(d, tx, "a", 1));
    assert_failed(add(d, tx, "a", 1), scope, CONFLICT, "db.unique");
    assert_failed(add(d, tx, "b", 1), scope, UNAVAILABLE, "db.tx_over");
    assert_failed(tx_commit(scope, tx), scope, UNAVAILABLE, "db.tx_over");
    tx_end(&tx);
    assert_int_equal(count_things(d), 0);
    given_thing(d, "b", 1);
    assert_int_equal(count_things(d), 1);
}

static const struct statement NO_SUCH = {"thing.no_such", INSTALLATION, "SELECT x FROM no_such",
                                         NULL};
static const struct statement NO_SYNTAX = {"thing.no_syntax", INSTALLATION, "SELEC 1", NULL};

static result send_add(struct database *d, struct tx *tx, const char *id, int64_t size,
                       const struct rows **ret) {
    return tx_send(
        &d->fixture.scope, tx, &ADD,
        VALUES(value_text(str_from_c(id)), value_number(size), value_null(), value_null()), ret);
}

static void what_was_sent_runs_in_order_and_is_there_when_asked_for(void **state) {
    enum { MANY = 40 }; /* more than are sent at a time */
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    given_table(d);
    given_thing(d, "a", 1);
    struct tx *tx = begin(d);
    const struct rows *grown[MANY];
    const struct rows *added = NULL;
    for (int i = 0; i < MANY; i++) {
        const struct values values = VALUES(value_text(STR("a")), value_number(1));
        assert_ok(tx_send(scope, tx, &GROW, values, &grown[i]));
    }
    assert_ok(send_add(d, tx, "b", 1, &added));
    struct rows rows;
    assert_ok(tx_run(scope, tx, &LIST, NO_VALUES, &rows));
    assert_int_equal(rows.count, 2);
    assert_int_equal(added->changed, 1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(rows_number(grown[i], 0, 0), i + 2);
    }
    assert_ok(send_add(d, tx, "c", 1, &added));
    assert_ok(tx_settle(scope, tx));
    assert_int_equal(added->changed, 1);
    assert_ok(tx_settle(scope, tx));
    assert_ok(send_add(d, tx, "d", 1, NULL));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    assert_int_equal(count_things(d), 4);
}

/* The failure shows at once or at the next call, and nothing of the transaction stays. */
static void a_failure_of_what_was_sent_ends_the_transaction(void **state) {
    enum { BY_RUN, BY_SETTLE, BY_COMMIT, BY_END, ENDS };
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    given_table(d);
    given_thing(d, "a", 1);
    for (int end = 0; end < ENDS; end++) {
        struct tx *tx = begin(d);
        assert_ok(send_add(d, tx, "b", 1, NULL));
        result r = send_add(d, tx, "a", 1, NULL);
        r = is_ok(r) ? send_add(d, tx, "c", 1, NULL) : r;
        if (is_ok(r) && end == BY_RUN) {
            r = add(d, tx, "d", 1);
        }
        if (is_ok(r) && end == BY_SETTLE) {
            r = tx_settle(scope, tx);
        }
        if (is_ok(r) && end == BY_COMMIT) {
            r = tx_commit(scope, tx);
        }
        if (end != BY_END) {
            assert_failed(r, scope, CONFLICT, "db.unique");
            assert_failed(tx_commit(scope, tx), scope, UNAVAILABLE, "db.tx_over");
        }
        tx_end(&tx);
        assert_int_equal(count_things(d), 1);
    }
}

static void each_error_has_its_reason(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    given_table(d);
    given_thing(d, "a", 1);
    const struct {
        struct value id, size, note, parent;
        enum code code;
        const char *reason;
    } cases[] = {
        {value_text(STR("a")), value_number(1), value_null(), value_null(), CONFLICT, "db.unique"},
        {value_text(STR("b")), value_number(-1), value_null(), value_null(), INVALID, "db.check"},
        {value_null(), value_number(1), value_null(), value_null(), INVALID, "db.check"},
        {value_text(STR("b")), value_number(1), value_null(), value_text(STR("x")), CONFLICT,
         "db.foreign_key"},
        {value_text(STR("b")), value_number(1), value_text(STR("\xff")), value_null(), INVALID,
         "db.text"},
        {value_text(STR("b")), value_number(1), value_text(STR("a\0b")), value_null(), INVALID,
         "db.text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tx *tx = begin(d);
        assert_failed(tx_run(scope, tx, &ADD,
                             VALUES(cases[i].id, cases[i].size, cases[i].note, cases[i].parent),
                             NULL),
                      scope, cases[i].code, cases[i].reason);
        tx_end(&tx);
    }
    assert_failed(db_run(scope, d->db, &NO_SUCH, NO_VALUES, NULL), scope, INTERNAL, "db.statement");
    assert_failed(db_run(scope, d->db, &NO_SYNTAX, NO_VALUES, NULL), scope, INTERNAL,
                  "db.statement");
    assert_int_equal(count_things(d), 1);
}

static void a_wrong_number_of_values_is_a_bug_that_shows(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    given_table(d);
    assert_failed(db_run(scope, d->db, &COUNT, VALUES(value_number(1)), NULL), scope, INTERNAL,
                  "db.statement");
    struct tx *tx = begin(d);
    assert_failed(tx_run(scope, tx, &GROW, VALUES(value_text(STR("a"))), NULL), scope, INTERNAL,
                  "db.statement");
    tx_end(&tx);
}

static void a_write_outside_a_transaction_is_refused(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    given_table(d);
    assert_failed(db_run(scope, d->db, &GROW, VALUES(value_text(STR("a")), value_number(1)), NULL),
                  scope, INTERNAL, "db.write_outside_tx");
    given_thing(d, "a", 1);
}

static void the_db_itself_is_refused_while_its_transaction_is_open(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct tx *tx = begin(d);
    struct tx *second = NULL;
    struct rows rows;
    assert_failed(db_run(scope, d->db, &LIST, NO_VALUES, &rows), scope, INTERNAL, "db.in_tx");
    assert_failed(tx_begin(scope, d->db, LANE_NORMAL, &second), scope, INTERNAL, "db.in_tx");
    assert_null(second);
    tx_end(&tx);
}

static void the_view_of_an_ended_transaction_is_refused(void **state) {
    struct database *d = *state;
    given_table(d);
    struct tx *tx = begin(d);
    struct db *view = tx_db(tx);
    tx_end(&tx);
    struct rows rows;
    assert_failed(db_run(&d->fixture.scope, view, &COUNT, NO_VALUES, &rows), &d->fixture.scope,
                  UNAVAILABLE, "db.tx_over");
}

static void a_statement_is_told_from_another_of_its_name(void **state) {
    struct database *d = *state;
    const struct statement first = {"same.name", INSTALLATION, "SELECT 1", NULL};
    const struct statement second = {"same.name", INSTALLATION, "SELECT 2", NULL};
    struct rows rows;
    assert_ok(db_run(&d->fixture.scope, d->db, &first, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), 1);
    assert_ok(db_run(&d->fixture.scope, d->db, &second, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), 2);
    assert_ok(db_run(&d->fixture.scope, d->db, &first, NO_VALUES, &rows));
    assert_int_equal(rows_number(&rows, 0, 0), 1);
}

/* One flow of five calls: begin, add, add, commit, count. */
static result flow(struct database *d, const char *first, const char *second) {
    struct scope *scope = &d->fixture.scope;
    {
        AUTO(tx_end) struct tx *tx = NULL;
        TRY(tx_begin(scope, d->db, LANE_NORMAL, &tx));
        TRY(add(d, tx, first, 1));
        TRY(add(d, tx, second, 1));
        TRY(tx_commit(scope, tx));
    }
    struct rows rows;
    return db_run(scope, d->db, &COUNT, NO_VALUES, &rows);
}

static void an_injected_fault_leaves_nothing_half_done(void **state) {
    struct database *d = *state;
    given_table(d);
    for (int64_t n = 1; n <= 5; n++) {
        struct db_fault fault = {.fail_at = n};
        db_set_fault(d->db, &fault);
        assert_failed(flow(d, "a", "b"), &d->fixture.scope, UNAVAILABLE, "db.unavailable");
        assert_int_equal(fault.seen, n);
        db_set_fault(d->db, NULL);
        assert_int_equal(count_things(d), n == 5 ? 2 : 0);
    }
    struct db_fault fault = {.fail_at = 6};
    db_set_fault(d->db, &fault);
    assert_ok(flow(d, "c", "d"));
    assert_int_equal(fault.seen, 5);
    db_set_fault(d->db, NULL);
}

static void an_uncertain_commit_may_have_happened(void **state) {
    struct database *d = *state;
    given_table(d);
    struct db_fault fault = {.fail_at = 4, .is_after = true};
    db_set_fault(d->db, &fault);
    assert_failed(flow(d, "a", "b"), &d->fixture.scope, UNAVAILABLE, "db.commit_uncertain");
    db_set_fault(d->db, NULL);
    assert_int_equal(count_things(d), 2);
}

static void the_generation_stays_until_it_is_renewed(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    struct str first, second, third;
    assert_ok(db_generation(scope, d->db, &first));
    assert_ok(db_generation(scope, d->db, &second));
    assert_true(first.len >= 20);
    assert_true(str_eq(first, second));
    struct tx *tx = begin(d);
    assert_ok(db_generation_renew(scope, tx));
    assert_ok(tx_commit(scope, tx));
    tx_end(&tx);
    assert_ok(db_generation(scope, d->db, &third));
    /* PostgreSQL's own timeline is the truth there. */
    assert_int_equal(str_eq(first, third), d->engine == ENGINE_POSTGRES);
}

static void a_url_of_no_known_engine_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const URLS[] = {"", "sqlite:", "mysql://x", "sqlite", "/var/lib/x.db"};
    for (size_t i = 0; i < sizeof URLS / sizeof URLS[0]; i++) {
        struct store *store = NULL;
        const struct store_settings settings = {.url = str_from_c(URLS[i])};
        assert_failed(store_open(&f->scope, &settings, &store), &f->scope, INVALID, "db.url");
        assert_null(store);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(values_come_back_as_they_went_in),
        ON_BOTH(parameters_are_bound_by_their_number),
        ON_BOTH(more_rows_than_fit_at_first_all_arrive),
        ON_BOTH(rows_touched_are_counted_and_returned),
        ON_BOTH(what_is_not_committed_is_gone),
        ON_BOTH(a_transaction_sees_its_own_writes_and_others_do_not),
        ON_BOTH(any_error_ends_the_transaction),
        ON_BOTH(what_was_sent_runs_in_order_and_is_there_when_asked_for),
        ON_BOTH(a_failure_of_what_was_sent_ends_the_transaction),
        ON_BOTH(each_error_has_its_reason),
        ON_BOTH(a_wrong_number_of_values_is_a_bug_that_shows),
        ON_BOTH(a_write_outside_a_transaction_is_refused),
        ON_BOTH(the_db_itself_is_refused_while_its_transaction_is_open),
        ON_BOTH(the_view_of_an_ended_transaction_is_refused),
        ON_BOTH(a_statement_is_told_from_another_of_its_name),
        ON_BOTH(an_injected_fault_leaves_nothing_half_done),
        ON_BOTH(an_uncertain_commit_may_have_happened),
        ON_BOTH(the_generation_stays_until_it_is_renewed),
        SENTENCE(a_url_of_no_known_engine_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
