#include "base/mailbox.h"

#include <poll.h>
#include <pthread.h>

#include "tests/support/fixture.h"

struct note {
    struct letter letter; /* first */
    int number;
};

static int number_of(const struct letter *letter) {
    return ((const struct note *) (const void *) letter)->number;
}

static bool is_readable(const struct mailbox *mailbox, int timeout_ms) {
    struct pollfd poll_fd = {.fd = mailbox_fd(mailbox), .events = POLLIN};
    return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void letters_come_out_in_posting_order_by_lane(void **state) {
    (void) state;
    AUTO(mailbox_free) struct mailbox *mailbox = mailbox_new();
    struct note notes[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    mailbox_post(mailbox, MAILBOX_NORMAL, &notes[0].letter);
    mailbox_post(mailbox, MAILBOX_CONTROL, &notes[1].letter);
    mailbox_post(mailbox, MAILBOX_NORMAL, &notes[2].letter);
    mailbox_post(mailbox, MAILBOX_NORMAL, &notes[3].letter);
    const struct letter *control = mailbox_take(mailbox, MAILBOX_CONTROL);
    assert_int_equal(number_of(control), 1);
    assert_null(control->next);
    const struct letter *normal = mailbox_take(mailbox, MAILBOX_NORMAL);
    assert_int_equal(number_of(normal), 0);
    assert_int_equal(number_of(normal->next), 2);
    assert_int_equal(number_of(normal->next->next), 3);
    assert_null(normal->next->next->next);
    assert_null(mailbox_take(mailbox, MAILBOX_NORMAL));
}

static void the_descriptor_rings_when_a_lane_was_empty(void **state) {
    (void) state;
    AUTO(mailbox_free) struct mailbox *mailbox = mailbox_new();
    struct note notes[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    assert_false(is_readable(mailbox, 0));
    mailbox_clear(mailbox); /* nothing to clear: returns */
    mailbox_post(mailbox, MAILBOX_NORMAL, &notes[0].letter);
    assert_true(is_readable(mailbox, 0));
    mailbox_clear(mailbox);
    assert_false(is_readable(mailbox, 0));
    mailbox_post(mailbox, MAILBOX_CONTROL, &notes[1].letter); /* the other lane rings by itself */
    assert_true(is_readable(mailbox, 0));
    mailbox_clear(mailbox);
    (void) mailbox_take(mailbox, MAILBOX_NORMAL);
    mailbox_post(mailbox, MAILBOX_NORMAL, &notes[2].letter);
    assert_true(is_readable(mailbox, 0));
}

enum { POSTERS = 4, LETTERS = 500 };

struct poster {
    struct mailbox *mailbox;
    struct note notes[LETTERS];
};

static void *post_all(void *self) {
    struct poster *poster = self;
    for (int i = 0; i < LETTERS; i++) {
        poster->notes[i].number = i;
        mailbox_post(poster->mailbox, i % 7 == 0 ? MAILBOX_CONTROL : MAILBOX_NORMAL,
                     &poster->notes[i].letter);
    }
    return NULL;
}

static int64_t add_up(const struct letter *letter, int *count) {
    int64_t sum = 0;
    for (; letter != NULL; letter = letter->next) {
        sum += number_of(letter);
        (*count)++;
    }
    return sum;
}

static void no_letter_of_any_thread_is_lost_or_left_unrung(void **state) {
    (void) state;
    AUTO(mailbox_free) struct mailbox *mailbox = mailbox_new();
    static struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    for (size_t i = 0; i < POSTERS; i++) {
        posters[i].mailbox = mailbox;
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    int count = 0;
    int64_t sum = 0;
    while (count < POSTERS * LETTERS) {
        assert_true(is_readable(mailbox, 30000));
        mailbox_clear(mailbox);
        sum += add_up(mailbox_take(mailbox, MAILBOX_CONTROL), &count);
        sum += add_up(mailbox_take(mailbox, MAILBOX_NORMAL), &count);
    }
    for (size_t i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(count, POSTERS * LETTERS);
    assert_int_equal(sum, POSTERS * (LETTERS * (LETTERS - 1) / 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(letters_come_out_in_posting_order_by_lane),
        SENTENCE(the_descriptor_rings_when_a_lane_was_empty),
        SENTENCE(no_letter_of_any_thread_is_lost_or_left_unrung),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
