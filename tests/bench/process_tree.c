#include "tests/bench/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIDS_MAX = 512, TRIES = 100 };

struct tree {
    size_t count;
    pid_t pids[PIDS_MAX];
};

static void add_children(struct tree *tree, pid_t pid, const char *thread) {
    char path[128];
    (void) snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int) pid, thread);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return; /* it has just ended */
    }
    char text[8192];
    const size_t len = fread(text, 1, sizeof text - 1, file);
    (void) fclose(file);
    text[len] = '\0';
    char *at = text;
    while (tree->count < PIDS_MAX) {
        char *end = at;
        const long child = strtol(at, &end, 10);
        if (end == at) {
            return;
        }
        tree->pids[tree->count++] = (pid_t) child;
        at = end;
    }
}

/* Any thread may have started a process. */
static void add_all_children(struct tree *tree, pid_t pid) {
    char path[64];
    (void) snprintf(path, sizeof path, "/proc/%d/task", (int) pid);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            add_children(tree, pid, entry->d_name);
        }
    }
    (void) closedir(folder);
}

static void list(struct tree *tree, pid_t root) {
    *tree = (struct tree){.count = 1, .pids = {root}};
    for (size_t i = 0; i < tree->count; i++) {
        add_all_children(tree, tree->pids[i]);
    }
}

/* Of children that were waited for: fields 16 and 17 of proc(5)'s stat, behind the name. */
static bool ended_seconds(pid_t pid, double *ret) {
    enum { FIELDS_BEFORE = 13 };
    char path[64];
    char text[1024];
    (void) snprintf(path, sizeof path, "/proc/%d/stat", (int) pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    const size_t len = fread(text, 1, sizeof text - 1, file);
    (void) fclose(file);
    text[len] = '\0';
    char *at = strrchr(text, ')');
    for (int i = 0; at != NULL && i <= FIELDS_BEFORE; i++) {
        at = strchr(at + 1, ' ');
    }
    if (at == NULL) {
        return false;
    }
    char *end = NULL;
    const unsigned long user = strtoul(at, &end, 10);
    const unsigned long system_ticks = strtoul(end, NULL, 10);
    *ret = (double) (user + system_ticks) / (double) sysconf(_SC_CLK_TCK);
    return true;
}

static bool seconds_of(pid_t pid, double *ret) {
    clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
    struct timespec at = {0};
    double ended = 0;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &at) != 0 ||
        !ended_seconds(pid, &ended)) {
        return false;
    }
    *ret = ended + (double) at.tv_sec + (double) at.tv_nsec / 1e9;
    return true;
}

double process_tree_seconds(pid_t root) {
    struct tree before;
    struct tree after;
    for (int i = 0; i < TRIES; i++) {
        double sum = 0;
        bool is_good = true;
        list(&before, root);
        for (size_t at = 0; at < before.count && is_good; at++) {
            double one = 0;
            is_good = seconds_of(before.pids[at], &one);
            sum += one;
        }
        list(&after, root);
        /* Who ended in between would count twice, or not at all. */
        if (is_good && before.count == after.count &&
            memcmp(before.pids, after.pids, before.count * sizeof *before.pids) == 0) {
            return sum;
        }
    }
    (void) fprintf(stderr, "process_tree: %d: no steady set of processes\n", (int) root);
    exit(1);
}
