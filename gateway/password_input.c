#include "gateway/password_input.h"

#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/arena.h"
#include "gateway/setting_parse.h"

enum { MAX_LINE_BYTES = 1100, INTERRUPT_KEY = 3 };

static void close_fd(const int *fd) {
    if (*fd >= 0) {
        (void) close(*fd);
    }
}

static void say(int terminal, const char *text) {
    (void) !write(terminal, text, strlen(text));
}

/* One line, echo off; the terminal is as before in every case but a signal. */
static bool read_line(int terminal, const char *prompt, char *line, size_t *ret_len) {
    struct termios before;
    if (tcgetattr(terminal, &before) != 0) {
        return false;
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t) (ECHO | ISIG); /* no signal may leave the echo off: ^C ends */
    silent.c_lflag |= ICANON;                    /* the line instead, and is no newline */
    silent.c_cc[VEOL] = INTERRUPT_KEY;
    if (tcsetattr(terminal, TCSAFLUSH, &silent) != 0) {
        return false;
    }
    say(terminal, prompt);
    const ssize_t got = read(terminal, line, MAX_LINE_BYTES);
    (void) tcsetattr(terminal, TCSAFLUSH, &before);
    say(terminal, "\n");
    const bool is_line = got > 0 && line[got - 1] == '\n';
    *ret_len = is_line ? (size_t) got - 1 : 0;
    return is_line;
}

static result ask(struct scope *scope, struct secret *ret) {
    AUTO(close_fd) const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    REQUIRE(scope, terminal >= 0, INVALID, "password.terminal");
    char *first = arena_alloc(scope->arena, MAX_LINE_BYTES);
    char *second = arena_alloc(scope->arena, MAX_LINE_BYTES);
    size_t first_len = 0;
    size_t second_len = 0;
    const bool is_read = read_line(terminal, "Password: ", first, &first_len) &&
                         read_line(terminal, "Once more: ", second, &second_len);
    REQUIRE(scope, is_read, INVALID, "password.terminal");
    const struct str password = {first, first_len};
    REQUIRE(scope, secret_equal(password, (struct str){second, second_len}), INVALID,
            "password.differs");
    ret->bytes = password;
    return OK_RESULT;
}

result password_input(const struct command_call *call, struct str file, struct secret *ret) {
    if (file.len == 0) {
        return ask(call->scope, ret);
    }
    const result got = setting_read_file(call->scope, file, &ret->bytes);
    REQUIRE(call->scope, is_ok(got), INVALID, "password.file");
    return OK_RESULT;
}
