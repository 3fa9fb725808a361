#include "gateway/barrier.h"

#include "tests/support/fixture.h"

/* Rules 7 to 10 and 13, without a database: reads and acknowledgements go in, ends come out. */

static const int64_t BOUND_US = S_TO_US(2);

static struct exchange *exchange_of(struct fixture *f, int partition, int64_t seq) {
    struct exchange *exchange = NEW(f->scope.arena, struct exchange);
    exchange->arena = f->scope.arena;
    exchange->began_boot_us = f->time.boot_us - S_TO_US(1);
    exchange->revoked = (struct revoked){.is_set = true,
                                         .partition = partition,
                                         .seq = seq,
                                         .id = STR("row-1"),
                                         .generation = STR("history-1"),
                                         .committed_boot_us = f->time.boot_us};
    return exchange;
}

static struct barriers *waiting(struct fixture *f) {
    struct barriers *barriers = barriers_new(BOUND_US);
    barriers_add(barriers, exchange_of(f, 3, 10));
    return barriers;
}

static void read_with(struct fixture *f, struct barriers *barriers, int64_t head,
                      const char *generation) {
    static const struct node_row NODES[] = {{.instance = STR_INIT("a")},
                                            {.instance = STR_INIT("b")}};
    const struct node_list nodes = {2, NODES};
    const int64_t heads[REVOCATION_PARTITIONS] = {[3] = head};
    barriers_read(barriers,
                  &(struct barrier_read){str_from_c(generation), heads, &nodes, f->time.boot_us});
}

static void acknowledge(struct fixture *f, struct barriers *barriers, const char *instance,
                        int64_t seq) {
    const int64_t positions[REVOCATION_PARTITIONS] = {[3] = seq};
    barriers_acknowledge(barriers, str_from_c(instance), STR("history-1"), positions,
                         f->time.boot_us);
}

static bool has_ended(struct fixture *f, struct barriers *barriers, enum barrier_end *ret) {
    return barriers_take_ended(barriers, f->time.boot_us, ret) != NULL;
}

static void it_opens_when_every_listed_instance_has_acknowledged(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_LOST;
    read_with(f, barriers, 10, "history-1");
    acknowledge(f, barriers, "a", 10);
    assert_false(has_ended(f, barriers, &end));
    acknowledge(f, barriers, "b", 9);
    assert_false(has_ended(f, barriers, &end));
    acknowledge(f, barriers, "c", 10);
    assert_false(has_ended(f, barriers, &end));
    acknowledge(f, barriers, "b", 11);
    assert_true(has_ended(f, barriers, &end));
    assert_int_equal(end, BARRIER_ACKNOWLEDGED);
    barriers_free(&barriers);
}

static void an_acknowledgement_may_come_before_the_list(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_LOST;
    acknowledge(f, barriers, "b", 10);
    acknowledge(f, barriers, "a", 12);
    acknowledge(f, barriers, "a", 5); /* late and old: the maximum stays */
    assert_false(has_ended(f, barriers, &end));
    read_with(f, barriers, 10, "history-1");
    assert_true(has_ended(f, barriers, &end));
    barriers_free(&barriers);
}

static void a_list_from_before_the_commit_does_not_count(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_LOST;
    acknowledge(f, barriers, "a", 10);
    acknowledge(f, barriers, "b", 10);
    read_with(f, barriers, 9, "history-1");
    assert_true(barriers_want_read(barriers));
    assert_false(has_ended(f, barriers, &end));
    read_with(f, barriers, 10, "history-1");
    assert_false(barriers_want_read(barriers));
    assert_true(has_ended(f, barriers, &end));
    barriers_free(&barriers);
}

static void one_bound_after_the_commit_it_opens_by_itself(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_LOST;
    assert_int_equal(barriers_next_us(barriers), f->time.boot_us + BOUND_US);
    fake_clock_advance(&f->time, BOUND_US - 1);
    assert_false(has_ended(f, barriers, &end));
    fake_clock_advance(&f->time, 1);
    assert_true(has_ended(f, barriers, &end));
    assert_int_equal(end, BARRIER_BOUND);
    assert_int_equal(barriers_next_us(barriers), INT64_MAX);
    barriers_free(&barriers);
}

static void another_history_is_asked_for_the_row(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_LOST;
    read_with(f, barriers, 10, "history-2");
    struct barrier *questioned = barriers_questioned(barriers);
    assert_non_null(questioned);
    fake_clock_advance(&f->time, BOUND_US);
    assert_false(has_ended(f, barriers, &end)); /* the bound says nothing about a lost commit */

    barriers_question_answered(barriers, questioned, true, STR("history-2"), f->time.boot_us);

    assert_null(barriers_questioned(barriers));
    assert_false(has_ended(f, barriers, &end)); /* a new list, a new start */
    acknowledge(f, barriers, "a", 10);          /* of the old history */
    acknowledge(f, barriers, "b", 10);
    read_with(f, barriers, 10, "history-2");
    assert_false(has_ended(f, barriers, &end));
    fake_clock_advance(&f->time, BOUND_US);
    assert_true(has_ended(f, barriers, &end));
    assert_int_equal(end, BARRIER_BOUND);
    barriers_free(&barriers);
}

static void a_row_that_is_gone_is_a_lost_commit(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_BOUND;
    read_with(f, barriers, 10, "history-2");
    barriers_question_answered(barriers, barriers_questioned(barriers), false, STR("history-2"),
                               f->time.boot_us);
    assert_true(has_ended(f, barriers, &end));
    assert_int_equal(end, BARRIER_LOST);
    barriers_free(&barriers);
}

static void a_question_without_an_answer_ends_as_lost(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_BOUND;
    read_with(f, barriers, 10, "history-2");
    fake_clock_advance(&f->time, 5 * BOUND_US);
    assert_true(has_ended(f, barriers, &end));
    assert_int_equal(end, BARRIER_LOST);
    barriers_free(&barriers);
}

static void the_rows_of_instances_acknowledge_too(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_LOST;
    const struct node_row nodes[] = {{.instance = STR("a"),
                                      .generation = STR("history-1"),
                                      .has_applied = true,
                                      .applied = {[3] = 10}},
                                     {.instance = STR("b"),
                                      .generation = STR("history-0"),
                                      .has_applied = true,
                                      .applied = {[3] = 10}}};
    const struct node_list list = {2, nodes};
    const int64_t heads[REVOCATION_PARTITIONS] = {[3] = 10};
    const struct barrier_read read = {STR("history-1"), heads, &list, f->time.boot_us};
    barriers_read(barriers, &read);
    assert_false(has_ended(f, barriers, &end)); /* b spoke of another history */
    acknowledge(f, barriers, "b", 10);
    assert_true(has_ended(f, barriers, &end));
    barriers_free(&barriers);
}

static void sockets_are_counted_whichever_comes_first(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = barriers_new(BOUND_US);
    barriers_cut(barriers, 3, 10, 2);
    barriers_add(barriers, exchange_of(f, 3, 10));
    barriers_cut(barriers, 3, 10, 3);
    barriers_cut(barriers, 4, 10, 7);
    enum barrier_end end = BARRIER_LOST;
    fake_clock_advance(&f->time, BOUND_US);
    const struct barrier *ended = barriers_take_ended(barriers, f->time.boot_us, &end);
    assert_non_null(ended);
    assert_int_equal(ended->sockets, 5);
    barriers_free(&barriers);
}

static void when_commits_are_lost_nobody_gets_a_success(void **state) {
    struct fixture *f = *state;
    struct barriers *barriers = waiting(f);
    enum barrier_end end = BARRIER_BOUND;
    read_with(f, barriers, 10, "history-1");
    acknowledge(f, barriers, "a", 10);
    acknowledge(f, barriers, "b", 10);
    barriers_lose_all(barriers);
    assert_true(has_ended(f, barriers, &end));
    assert_int_equal(end, BARRIER_LOST);
    barriers_free(&barriers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(it_opens_when_every_listed_instance_has_acknowledged),
        SENTENCE(an_acknowledgement_may_come_before_the_list),
        SENTENCE(a_list_from_before_the_commit_does_not_count),
        SENTENCE(one_bound_after_the_commit_it_opens_by_itself),
        SENTENCE(another_history_is_asked_for_the_row),
        SENTENCE(a_row_that_is_gone_is_a_lost_commit),
        SENTENCE(a_question_without_an_answer_ends_as_lost),
        SENTENCE(the_rows_of_instances_acknowledge_too),
        SENTENCE(sockets_are_counted_whichever_comes_first),
        SENTENCE(when_commits_are_lost_nobody_gets_a_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
