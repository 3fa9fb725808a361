/* Real processes and real time: the kernel has to do it, also while the process is stopped. */
#include "gateway/dead_man.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/env.h"
#include "tests/support/fixture.h"

enum { HARD_MS = 150 };

static int64_t now_us(void) {
    return clock_boot_us(system_clock());
}

/* What a child does with its dead man; the parent sees how it ended and when. */
struct ending {
    int signal;
    int64_t after_us;
};

static struct ending run_child(void (*live)(struct dead_man *), bool is_stopped) {
    const int64_t began = now_us();
    const pid_t child = fork();
    if (child == 0) {
        struct scope scope = {.arena = arena_new()};
        struct dead_man *dead_man = NULL;
        if (is_ok(dead_man_new(&scope, MS_TO_US(HARD_MS), &dead_man))) {
            live(dead_man);
        }
        _exit(0);
    }
    if (is_stopped) {
        (void) usleep(50000);
        (void) kill(child, SIGSTOP);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return (struct ending){WIFSIGNALED(status) ? WTERMSIG(status) : 0, now_us() - began};
}

static void hang(struct dead_man *dead_man) {
    dead_man_arm(dead_man, 0, now_us());
    (void) usleep(3000000);
}

static void renew_often(struct dead_man *dead_man) {
    dead_man_arm(dead_man, 0, now_us());
    dead_man_arm(dead_man, 1, now_us());
    for (int i = 0; i < 20; i++) {
        (void) usleep(20000);
        dead_man_move(dead_man, now_us());
    }
}

static void fence_in_time(struct dead_man *dead_man) {
    dead_man_arm(dead_man, 0, now_us());
    dead_man_disarm(dead_man, 0);
    dead_man_move(dead_man, now_us()); /* a fenced shard is not armed by a beat */
    (void) usleep(2 * HARD_MS * 1000);
}

static void fence_one_of_two(struct dead_man *dead_man) {
    dead_man_arm(dead_man, 0, now_us());
    dead_man_arm(dead_man, 1, now_us());
    dead_man_disarm(dead_man, 1);
    (void) usleep(3000000);
}

static void arm_again_keeps_the_older_lease(struct dead_man *dead_man) {
    dead_man_arm(dead_man, 0, now_us());
    for (int i = 0; i < 100; i++) {
        (void) usleep(20000);
        dead_man_arm(dead_man, 0, now_us());
    }
}

static void a_process_that_hangs_is_killed(void **state) {
    (void) state;
    const struct ending ending = run_child(hang, false);
    assert_int_equal(ending.signal, SIGKILL);
    assert_true(ending.after_us >= MS_TO_US(HARD_MS));
}

static void a_stopped_process_is_killed_while_it_is_stopped(void **state) {
    (void) state;
    const struct ending ending = run_child(hang, true);
    assert_int_equal(ending.signal, SIGKILL);
    assert_true(ending.after_us < MS_TO_US(2500)); /* it would have slept for 3 s */
}

static void who_renews_lives(void **state) {
    (void) state;
    assert_int_equal(run_child(renew_often, false).signal, 0);
}

static void who_is_fenced_lives(void **state) {
    (void) state;
    assert_int_equal(run_child(fence_in_time, false).signal, 0);
}

static void one_unfenced_shard_is_enough(void **state) {
    (void) state;
    assert_int_equal(run_child(fence_one_of_two, false).signal, SIGKILL);
}

static void arming_an_armed_one_moves_nothing(void **state) {
    (void) state;
    assert_int_equal(run_child(arm_again_keeps_the_older_lease, false).signal, SIGKILL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_hangs_is_killed),
        cmocka_unit_test(a_stopped_process_is_killed_while_it_is_stopped),
        cmocka_unit_test(who_renews_lives),
        cmocka_unit_test(who_is_fenced_lives),
        cmocka_unit_test(one_unfenced_shard_is_enough),
        cmocka_unit_test(arming_an_armed_one_moves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
