#include "gateway/kept_principal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/index.h"

struct subject_keys subject_keys_of(const struct principal *principal) {
    const struct str org_id = principal->actor.org_id;
    const bool is_person = principal->actor.kind == ACTOR_USER;
    return (struct subject_keys){
        .user = index_key('u', org_id, is_person ? principal->actor.id : STR("")),
        .credential = index_key('c', org_id, principal->actor.credential_id),
        .connection = index_key('n', org_id, principal->connection_id),
        .org = index_key('o', org_id, STR("")),
    };
}

/* Ids of sessions and tokens are random, so one space serves both. */
static char tag_of(enum revocation_kind kind) {
    switch (kind) {
    case REVOKED_USER: return 'u';
    case REVOKED_SESSION: return 'c';
    case REVOKED_TOKEN: return 'c';
    case REVOKED_CONNECTION: return 'n';
    case REVOKED_ORG: return 'o';
    case REVOCATION_KIND_COUNT: break;
    }
    assert(false && "a kind of revocation");
    return 0;
}

uint64_t subject_key_of_revocation(const struct revocation *row) {
    return index_key(tag_of(row->kind), row->org_id,
                     row->kind == REVOKED_ORG ? STR("") : row->subject);
}

bool revocation_hits(const struct revocation *row, const struct principal *principal) {
    const struct actor *actor = &principal->actor;
    if (!str_eq(row->org_id, actor->org_id)) {
        return false;
    }
    switch (row->kind) {
    case REVOKED_USER:
        return actor->kind == ACTOR_USER && actor->epoch < row->epoch &&
               str_eq(row->subject, actor->id);
    case REVOKED_SESSION: return str_eq(row->subject, actor->credential_id);
    case REVOKED_TOKEN: return str_eq(row->subject, actor->credential_id);
    case REVOKED_CONNECTION: return str_eq(row->subject, principal->connection_id);
    case REVOKED_ORG: return true;
    case REVOCATION_KIND_COUNT: break;
    }
    return true;
}

static void keep(struct str *text, char **at) {
    if (text->len > 0) {
        memcpy(*at, text->at, text->len);
    }
    text->at = *at;
    *at += text->len;
}

struct kept_principal *kept_principal_new(const struct principal *principal) {
    const struct actor *actor = &principal->actor;
    const size_t len = actor->org_id.len + actor->id.len + actor->credential_id.len +
                       actor->made_by.len + principal->connection_id.len +
                       principal->csrf_hash.len + principal->scopes.len + principal->token_hash.len;
    struct kept_principal *kept = malloc(sizeof *kept + len);
    if (kept == NULL) {
        abort();
    }
    *kept = (struct kept_principal){1, subject_keys_of(principal), *principal};
    char *at = (char *) (kept + 1);
    keep(&kept->value.actor.org_id, &at);
    keep(&kept->value.actor.id, &at);
    keep(&kept->value.actor.credential_id, &at);
    keep(&kept->value.actor.made_by, &at);
    keep(&kept->value.connection_id, &at);
    keep(&kept->value.csrf_hash, &at);
    keep(&kept->value.scopes, &at);
    keep(&kept->value.token_hash, &at);
    return kept;
}

struct kept_principal *kept_principal_ref(struct kept_principal *kept) {
    kept->refs++;
    return kept;
}

void kept_principal_unref(struct kept_principal **kept) {
    if (*kept != NULL && --(*kept)->refs == 0) {
        free(*kept);
    }
    *kept = NULL;
}
