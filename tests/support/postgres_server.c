#include "tests/support/postgres_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/db.h"
#include "tests/support/fixture.h"

enum { OUTPUT_BYTES = 4096, PATH_BYTES = 256 };

static struct {
    bool is_tried;
    char folder[64]; /* of the private server */
    char url[PATH_BYTES];
    struct fixture fixture;
    struct store *store;
    struct db *db;
    int schemas;
} server;

/* Exit status of `tests/peers/pg VERB FOLDER`, its output in `ret`. */
static int run_peer(const char *verb, char *ret, size_t size) {
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) {
        return -1;
    }
    const pid_t owner = getpid();
    const pid_t child = fork();
    if (child == 0) {
        char owner_text[24];
        (void) snprintf(owner_text, sizeof owner_text, "%d", (int) owner);
        (void) setenv("OWNER", owner_text, 1);
        (void) dup2(pipes[1], STDOUT_FILENO);
        (void) execl(PEERS "/pg", "pg", verb, server.folder, (char *) NULL);
        _exit(127);
    }
    (void) close(pipes[1]);
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0 && len + 1 < size) {
        got = read(pipes[0], ret + len, size - 1 - len);
        len += got > 0 ? (size_t) got : 0;
    }
    ret[len] = '\0';
    (void) close(pipes[0]);
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool start_private(void) {
    const char *parent = getenv("TMPDIR");
    (void) snprintf(server.folder, sizeof server.folder, "%s/gatehouse-pg-XXXXXX",
                    parent == NULL ? "/tmp" : parent);
    if (mkdtemp(server.folder) == NULL) {
        return false;
    }
    char output[OUTPUT_BYTES];
    if (run_peer("start", output, sizeof output) != 0) {
        return false;
    }
    static const char KEY[] = "DATABASE_URL=";
    const char *line = strstr(output, KEY);
    if (line == NULL) {
        return false;
    }
    line += sizeof KEY - 1;
    (void) snprintf(server.url, sizeof server.url, "%.*s", (int) strcspn(line, "\n"), line);
    return true;
}

static bool open_admin(void) {
    fixture_open(&server.fixture);
    const struct store_settings settings = {.url = str_from_c(server.url)};
    if (!is_ok(store_open(&server.fixture.scope, &settings, &server.store)) ||
        !is_ok(db_open(&server.fixture.scope, server.store, &server.db))) {
        (void) fprintf(stderr, "%s: %s\n", server.url, server.fixture.scope.reason);
        return false;
    }
    return true;
}

const char *postgres_server_url(void) {
    if (server.is_tried) {
        return server.db == NULL ? NULL : server.url;
    }
    server.is_tried = true;
    const char *given = getenv("TEST_POSTGRES_URL");
    if (given != NULL && given[0] != '\0') {
        (void) snprintf(server.url, sizeof server.url, "%s", given);
    } else if (!start_private()) {
        return NULL;
    }
    return open_admin() ? server.url : NULL;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at) {
    (void) info;
    (void) kind;
    (void) at;
    return remove(path);
}

void postgres_server_stop(void) {
    if (server.fixture.scope.arena != NULL) {
        db_close(&server.db);
        store_close(&server.store);
        fixture_close(&server.fixture);
    }
    if (server.folder[0] != '\0') {
        char output[OUTPUT_BYTES];
        (void) run_peer("stop", output, sizeof output);
        (void) nftw(server.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
    memset(&server, 0, sizeof server);
}

static bool run_admin(const char *sql) {
    struct scope *scope = &server.fixture.scope;
    const struct statement statement = {"", INSTALLATION, sql, NULL};
    AUTO(tx_end) struct tx *tx = NULL;
    return is_ok(tx_begin(scope, server.db, LANE_NORMAL, &tx)) &&
           is_ok(tx_run(scope, tx, &statement, NO_VALUES, NULL)) && is_ok(tx_commit(scope, tx));
}

bool postgres_schema_new(char *ret_name, unsigned long name_size, char *ret_url,
                         unsigned long url_size) {
    const char *url = postgres_server_url();
    if (url == NULL) {
        return false;
    }
    char sql[PATH_BYTES];
    (void) snprintf(ret_name, name_size, "gh_%d_%d", (int) getpid(), ++server.schemas);
    (void) snprintf(sql, sizeof sql, "CREATE SCHEMA %s", ret_name);
    (void) snprintf(ret_url, url_size, "%s%soptions=-csearch_path%%3D%s", url,
                    strchr(url, '?') == NULL ? "?" : "&", ret_name);
    return run_admin(sql);
}

void postgres_schema_drop(const char *name) {
    char sql[PATH_BYTES];
    (void) snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", name);
    if (!run_admin(sql)) {
        (void) fprintf(stderr, "could not drop %s: %s\n", name, server.fixture.scope.reason);
    }
}
