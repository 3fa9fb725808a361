#pragma once
/* People of an organisation (memberships: one row per organisation and person) and the states they
 * can be in. State is written by messaging/deactivation.c alone. */

#include <stdint.h>

#include "base/db.h"
#include "messaging/role.h"

enum { USER_NAME_MAX_BYTES = 256, USER_EMAIL_MAX_BYTES = 320 };

enum user_state {
    USER_INVITED,
    USER_ACTIVE,
    USER_SUSPENDED,
    USER_DEACTIVATED,
    USER_ANONYMISED,
    USER_ERASED,
    USER_STATE_COUNT
};

struct user {
    struct str org_id, id;
    struct str user_name;    /* as sent; unique per organisation by its folded key */
    struct str display_name; /* empty: shown by user_name */
    struct str email;        /* empty: unknown; never an identity */
    struct str external_id;  /* of the managing directory; empty: none */
    enum user_state state;
    enum role role;
    bool is_directory_managed;
    int64_t epoch;
    int64_t revoked_seq; /* position of the last revocation of this person; 0: never */
    int64_t created_us, changed_us, seen_us;
};

struct user_profile {
    struct str user_name, display_name, email, external_id;
};

struct user_list {
    size_t count;
    struct user *users;
    struct str next_cursor; /* empty: the last page */
};

extern const struct statement_list USER_STATEMENTS;

const char *user_state_name(enum user_state state);
/* INVALID "user.state". */
RESULT user_state_parse(struct scope *scope, struct str text, enum user_state *ret);

/* State active, epoch 1. CONFLICT "user.name_taken"; INVALID "user.name", "user.email". */
RESULT user_create(struct scope *scope, struct tx *tx, struct str org_id,
                   const struct user_profile *profile, enum role role, bool is_directory_managed,
                   struct user *ret);
/* NOT_FOUND "user.unknown", also for another organisation's. */
RESULT user_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                 struct user *ret);
/* The same with the row locked until the transaction ends. */
RESULT user_find_locked(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                        struct user *ret);
RESULT user_find_by_name(struct scope *scope, struct db *db, struct str org_id,
                         struct str user_name, struct user *ret);
/* By folded e-mail; NOT_FOUND when none or more than one. */
RESULT user_find_by_email(struct scope *scope, struct db *db, struct str org_id, struct str email,
                          struct user *ret);
RESULT user_find_by_external_id(struct scope *scope, struct db *db, struct str org_id,
                                struct str external_id, struct user *ret);
/* Whether anybody, in whatever state, has this user name, e-mail or (unless empty) external id. */
RESULT user_is_known(struct scope *scope, struct db *db, struct str org_id,
                     const struct user_profile *profile, bool *ret);
/* `search` matches the start of user name, display name or e-mail; empty: all. */
RESULT user_list(struct scope *scope, struct db *db, struct str org_id, struct str search,
                 int64_t limit, struct str cursor, struct user_list *ret);
/* Who runs the organisation and can act on an alert: active administrators and creators, at most
 * 64. */
RESULT user_list_administrators(struct scope *scope, struct db *db, struct str org_id,
                                struct user_list *ret);
/* What colleagues may look through: `search` matches the start of the display name alone. */
RESULT user_list_directory(struct scope *scope, struct db *db, struct str org_id, struct str search,
                           int64_t limit, struct str cursor, struct user_list *ret);
/* Profile only, never state or role. CONFLICT "user.name_taken". */
RESULT user_update_profile(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                           const struct user_profile *profile);
/* The role of somebody who is active and no creator: a directory neither makes nor unmakes owners.
 * CONFLICT "user.role" otherwise. */
RESULT user_set_role(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                     enum role role);
/* What a directory's deletion leaves of a deactivated person: the account under its id. The name,
 * the e-mail address and the external id are free for others, and no role is left to come back to.
 */
RESULT user_release_name(struct scope *scope, struct tx *tx, struct str org_id, struct str id);
/* Rule 3 of revocation.md: the first statement of whatever gives a credential out.
 * UNAUTHENTICATED "user.gone" unless active with exactly this epoch. */
RESULT user_guard_active(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                         int64_t epoch);
/* Rule 4: behind event_head_bump, as a statement of its own. UNAUTHENTICATED "user.gone". */
struct actor;
RESULT user_guard_writer(struct scope *scope, struct tx *tx, const struct actor *actor);
/* For writes of the actor that have no event: the lock on the actor's own row orders them against
 * the actor's deactivation. The first statement of the transaction. UNAUTHENTICATED "user.gone". */
RESULT user_guard_actor(struct scope *scope, struct tx *tx, const struct actor *actor);
