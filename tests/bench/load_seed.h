#pragma once
/* What bench_seed wrote: organisations with their SCIM tokens, and sessions. */

#include <stddef.h>

struct load_org {
    char id[64], token[256];
};

struct load_session {
    size_t org; /* its position among the organisations */
    char user[64], cookie[256];
};

struct load_seed {
    size_t org_count, count;
    struct load_org *orgs;
    struct load_session *sessions; /* those of one person stand together */
};

/* Exits when the file is not one. */
void load_seed_read(const char *path, struct load_seed *ret);
