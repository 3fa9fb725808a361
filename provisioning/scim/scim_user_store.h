#pragma once
/* SQL of people as directories see them: org_user, and what the directory added in scim_user. A
 * person is seen under the id of their live row, or under their own id while no directory has
 * written to them; who was deleted by a directory is not seen. */

#include "messaging/user.h"
#include "provisioning/scim/scim_search.h"

/* Longer keys of e-mail addresses and display names stand in no index. */
enum { SCIM_KEY_MAX_BYTES = 512 };

/* A person as stored. */
struct scim_row {
    struct user user;
    bool is_stored;           /* a row in scim_user is there */
    struct str id;            /* scim id: the user's own unless stored otherwise */
    struct str connection_id; /* is_stored */
    struct str external_id;   /* of that connection; empty: none */
    struct str attributes;    /* JSON; is_stored */
    struct str display_key;   /* empty: none that an index takes */
    int64_t version;          /* 0 unless stored */
    int64_t created_us, changed_us;
};

struct scim_row_list {
    size_t count;
    struct scim_row *rows;
};

struct scim_email_key {
    struct str value_key, type_key;
};

extern const struct statement_list SCIM_USER_STATEMENTS;

/* Sorted by the person's id, from behind `after` on (empty: from the first). */
struct scim_row_range {
    struct str after;
    int64_t limit;
};
RESULT scim_user_store_search(struct scope *scope, struct db *db, struct str org_id,
                              const struct scim_search *search, struct scim_row_range range,
                              struct scim_row_list *ret);
/* The person's id at that place, counted from 1; empty when there are fewer. */
RESULT scim_user_store_place(struct scope *scope, struct db *db, struct str org_id,
                             const struct scim_search *search, int64_t place, struct str *ret_id);
RESULT scim_user_store_count(struct scope *scope, struct db *db, struct str org_id,
                             const struct scim_search *search, int64_t *ret);
/* NOT_FOUND "scim.unknown" for an unknown, a deleted and another organisation's id. */
RESULT scim_user_store_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                            struct scim_row *ret);
/* The account that was kept when this directory deleted its last resource of that externalId;
 * *ret_user_id is empty when there is none. */
RESULT scim_user_store_find_deleted(struct scope *scope, struct db *db, struct str org_id,
                                    struct str connection_id, struct str external_id,
                                    struct str *ret_user_id);

/* row->version as it shall be; CONFLICT "scim.raced" when another writer was first. */
RESULT scim_user_store_insert(struct scope *scope, struct tx *tx, const struct scim_row *row);
RESULT scim_user_store_update(struct scope *scope, struct tx *tx, const struct scim_row *row);
RESULT scim_user_store_set_emails(struct scope *scope, struct tx *tx, const struct scim_row *row,
                                  const struct scim_email_key *keys, size_t count);
/* Makes the live row a tombstone: without attributes, with its external_id. */
RESULT scim_user_store_bury(struct scope *scope, struct tx *tx, const struct scim_row *row,
                            int64_t now_us);
