#pragma once
/* SQL of people. Keys are folded by the caller (user.c). */

#include "messaging/user.h"

struct user_keys {
    struct str name_key, display_key, email_key;
};

RESULT user_store_insert(struct scope *scope, struct tx *tx, const struct user *user,
                         const struct user_keys *keys);
RESULT user_store_update(struct scope *scope, struct tx *tx, const struct user *user,
                         const struct user_keys *keys);
RESULT user_store_by_name_key(struct scope *scope, struct db *db, struct str org_id,
                              struct str name_key, struct user *ret);
RESULT user_store_by_email_key(struct scope *scope, struct db *db, struct str org_id,
                               struct str email_key, struct user *ret);
/* How a page of people is searched by a folded prefix; empty: not at all. */
struct user_search {
    struct str prefix_key;
    bool is_directory; /* by display name alone */
};
/* Sorted by id; up to `limit` behind `after`. */
RESULT user_store_page(struct scope *scope, struct db *db, struct str org_id,
                       const struct user_search *search, int64_t limit, struct str after,
                       struct user_list *ret);
RESULT user_store_is_known(struct scope *scope, struct db *db, struct str org_id,
                           const struct user_keys *keys, struct str external_id, bool *ret);
