/* Hole 16 with a real kernel: what a leaver has not read yet must not arrive after the answer. */
#include "tests/gateway/server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/holes.h"

_Atomic unsigned hole_open = 0;

enum { MESSAGES = 2, MESSAGE_BYTES = 9000 }; /* the kernel takes them, a little reader does not */

static void post_messages(struct server *s, const char *nonce) {
    struct arena *arena = s->fixture.scope.arena;
    const char *list = api_call(s, "GET", "/api/v1/conversations", s->cookie, s->csrf, NULL);
    const char *id = strstr(list, "\"id\":\"");
    assert_non_null(id);
    const struct str path = str_format(arena, "/api/v1/conversations/%.36s/messages", id + 6);
    char *text = arena_alloc(arena, MESSAGE_BYTES + 1);
    memset(text, 'x', MESSAGE_BYTES);
    text[MESSAGE_BYTES] = '\0';
    for (int i = 0; i < MESSAGES; i++) {
        const struct str body =
            str_format(arena, "{\"text\":\"%s\",\"nonce\":\"%s%d\"}", text, nonce, i);
        assert_int_equal(answer_status(api_call(s, "POST", path.at, s->cookie, s->csrf, body.at)),
                         201);
    }
}

/* How the connection of somebody who reads nothing ends after a deactivation: the errno of the read
 * behind what had arrived, 0 for an orderly end. */
static int end_of_a_leaver_who_does_not_read(struct server *s, const char *name) {
    const struct str leaver = server_add_person(s, name);
    const struct str cookie = server_sign_in(s, leaver);
    int status = 0;
    s->receive_buffer = 2048;
    const int fd = ws_client_open(s, cookie, &status);
    s->receive_buffer = 0;
    assert_int_equal(status, 101);
    (void) ws_client_wait(s, fd, "\"type\":\"hello\"");
    s->cookie = server_sign_in(s, s->user_id);
    post_messages(s, name);
    const struct str out =
        str_format(s->fixture.scope.arena, "/api/v1/users/%.*s/deactivate", STR_ARG(leaver));
    assert_int_equal(answer_status(api_call(s, "POST", out.at, s->cookie, s->csrf, "{}")), 200);
    static char bytes[65536];
    ssize_t got = 0;
    while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0) {
    }
    const int error = got == 0 ? 0 : errno;
    (void) close(fd);
    return error;
}

static void what_the_kernel_still_holds_does_not_arrive(void **state) {
    (void) state;
    struct server *s = test_malloc(sizeof *s);
    server_start(s, &(struct server_options){0});
    assert_int_equal(end_of_a_leaver_who_does_not_read(s, "first"), ECONNRESET);
    hole_open = 16;
    assert_int_equal(end_of_a_leaver_who_does_not_read(s, "second"), 0); /* the test would notice */
    hole_open = 0;
    server_stop(s);
    test_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_kernel_still_holds_does_not_arrive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
