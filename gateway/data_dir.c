#include "gateway/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/random.h"

enum { KEY_BYTES = 32, MAX_KEY_FILE_BYTES = 256, FOLDER_MODE = 0700, KEY_MODE = 0600 };

static void close_fd(const int *fd) {
    if (*fd >= 0) {
        (void) close(*fd);
    }
}

static bool is_folder(const char *path) {
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

result data_dir_make(struct scope *scope, struct str path) {
    const char *c_path = NULL;
    TRY(str_to_c(scope, path, &c_path));
    char *part = arena_alloc(scope->arena, path.len + 1);
    for (size_t i = 0; i <= path.len; i++) {
        if (i > 0 && (i == path.len || path.at[i] == '/')) {
            memcpy(part, path.at, i);
            part[i] = '\0';
            const bool is_made = mkdir(part, FOLDER_MODE) == 0 || is_folder(part);
            REQUIRE(scope, is_made, UNAVAILABLE, "data_dir.make");
        }
    }
    REQUIRE(scope, access(c_path, W_OK | X_OK) == 0, UNAVAILABLE, "data_dir.make");
    return OK_RESULT;
}

static result read_key(struct scope *scope, int fd, struct secret *ret) {
    struct stat facts;
    REQUIRE(scope, fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode), UNAVAILABLE, "data_dir.key");
    REQUIRE(scope, (facts.st_mode & 077) == 0, FORBIDDEN, "data_dir.key_mode");
    char *bytes = arena_alloc(scope->arena, MAX_KEY_FILE_BYTES);
    const ssize_t got = read(fd, bytes, MAX_KEY_FILE_BYTES);
    REQUIRE(scope, got >= 0, UNAVAILABLE, "data_dir.key");
    struct str text = {bytes, (size_t) got};
    text.len -= str_has_suffix(text, STR("\n")) ? 1 : 0;
    struct str key;
    REQUIRE(scope, is_ok(base64_decode(scope, text, &key)) && key.len == KEY_BYTES, INVALID,
            "data_dir.key_malformed");
    ret->bytes = key;
    return OK_RESULT;
}

static bool write_whole(int fd, struct str text) {
    while (text.len > 0) {
        const ssize_t put = write(fd, text.at, text.len);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        text = str_from(text, put > 0 ? (size_t) put : 0);
    }
    return fsync(fd) == 0;
}

/* A whole file appears under its name, or none; two servers at once agree on the first one's. */
static result make_key(struct scope *scope, struct str folder, const char *path) {
    unsigned char key[KEY_BYTES];
    scope->env->random->bytes(scope->env->random, key, sizeof key);
    const struct str text =
        base64_encode(scope->arena, (struct str){(const char *) key, KEY_BYTES});
    const struct str line = str_format(scope->arena, "%.*s\n", STR_ARG(text));
    const struct str name = random_token(scope, 8);
    const char *draft = str_format(scope->arena, "%s.%.*s", path, STR_ARG(name)).at;
    AUTO(close_fd) const int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, KEY_MODE);
    REQUIRE(scope, fd >= 0, UNAVAILABLE, "data_dir.key");
    const bool is_written = write_whole(fd, line);
    const bool is_named = is_written && (link(draft, path) == 0 || errno == EEXIST);
    (void) unlink(draft);
    REQUIRE(scope, is_named, UNAVAILABLE, "data_dir.key");
    const char *c_folder = str_format(scope->arena, "%.*s", STR_ARG(folder)).at;
    AUTO(close_fd) const int folder_fd = open(c_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(scope, folder_fd >= 0 && fsync(folder_fd) == 0, UNAVAILABLE, "data_dir.key");
    return OK_RESULT;
}

result data_dir_key(struct scope *scope, const struct settings *settings, struct secret *ret) {
    if (settings->secrets_key.bytes.len > 0) {
        *ret = settings->secrets_key;
        return OK_RESULT;
    }
    const struct str folder = settings->data_dir;
    const char *path = str_format(scope->arena, "%.*s/secret.key", STR_ARG(folder)).at;
    TRY(data_dir_make(scope, folder));
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        TRY(make_key(scope, folder, path));
    }
    AUTO(close_fd) const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    REQUIRE(scope, fd >= 0, UNAVAILABLE, "data_dir.key");
    return read_key(scope, fd, ret);
}
