#include "tests/bench/load_seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024, ORGS_MAX = 64, SESSIONS_MAX = 200000 };

static void *must_have(size_t count, size_t size) {
    void *room = calloc(count, size);
    if (room == NULL) {
        abort();
    }
    return room;
}

/* The next word of the line, cut off with a NUL; empty at its end. */
static char *next_word(char **line) {
    char *word = *line + strspn(*line, " \n");
    char *end = word + strcspn(word, " \n");
    *line = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

static void read_org(struct load_seed *seed, char *line) {
    struct load_org *org = &seed->orgs[seed->org_count++];
    (void) snprintf(org->id, sizeof org->id, "%s", next_word(&line));
    (void) snprintf(org->token, sizeof org->token, "%s", next_word(&line));
}

static void read_session(struct load_seed *seed, char *line) {
    struct load_session *session = &seed->sessions[seed->count++];
    session->org = strtoul(next_word(&line), NULL, 10);
    (void) snprintf(session->user, sizeof session->user, "%s", next_word(&line));
    (void) snprintf(session->cookie, sizeof session->cookie, "%s", next_word(&line));
}

void load_seed_read(const char *path, struct load_seed *ret) {
    struct load_seed seed = {
        .orgs = must_have(ORGS_MAX, sizeof *seed.orgs),
        .sessions = must_have(SESSIONS_MAX, sizeof *seed.sessions),
    };
    FILE *file = fopen(path, "r");
    char line[LINE_BYTES];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *rest = line;
        const char *kind = next_word(&rest);
        if (strcmp(kind, "org") == 0 && seed.org_count < ORGS_MAX) {
            read_org(&seed, rest);
        } else if (strcmp(kind, "session") == 0 && seed.count < SESSIONS_MAX) {
            read_session(&seed, rest);
        }
    }
    if (file == NULL || fclose(file) != 0 || seed.org_count == 0 || seed.count == 0) {
        (void) fprintf(stderr, "load: %s is no seed\n", path);
        exit(1);
    }
    *ret = seed;
}
