#include "messaging/user_store.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "messaging/actor.h"

#define COLUMNS                                                                                    \
    "org_id, id, user_name, display_name, email, external_id, state, role, is_directory_managed, " \
    "epoch, revoked_seq, created_us, changed_us, seen_us"

static const struct statement INSERT_USER = {
    "user.insert", TENANT,
    "INSERT INTO org_user (org_id, id, user_name, name_key, display_name, display_key, email, "
    "email_key, external_id, state, role, is_directory_managed, epoch, revoked_seq, created_us, "
    "changed_us, seen_us) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, 0, $13, $14, 0)",
    NULL};

static const struct statement UPDATE_PROFILE = {
    "user.update_profile", TENANT,
    "UPDATE org_user SET user_name = $3, name_key = $4, display_name = $5, display_key = $6, "
    "email = $7, email_key = $8, external_id = $9, changed_us = $10 "
    "WHERE org_id = $1 AND id = $2 AND state NOT IN ('anonymised', 'erased')",
    NULL};

static const struct statement FIND = {
    "user.find", TENANT, "SELECT " COLUMNS " FROM org_user WHERE org_id = $1 AND id = $2", NULL};

static const struct statement FIND_LOCKED = {
    "user.find_locked", TENANT,
    "UPDATE org_user SET seen_us = seen_us WHERE org_id = $1 AND id = $2 RETURNING " COLUMNS, NULL};

static const struct statement FIND_BY_NAME = {
    "user.find_by_name", TENANT,
    "SELECT " COLUMNS " FROM org_user WHERE org_id = $1 AND name_key = $2", NULL};

static const struct statement FIND_BY_EMAIL = {
    "user.find_by_email", TENANT,
    "SELECT " COLUMNS " FROM org_user WHERE org_id = $1 AND email_key = $2 LIMIT 2", NULL};

static const struct statement FIND_BY_EXTERNAL_ID = {
    "user.find_by_external_id", TENANT,
    "SELECT " COLUMNS " FROM org_user WHERE org_id = $1 AND external_id = $2 LIMIT 2", NULL};

static const struct statement PAGE = {
    "user.page", TENANT,
    "SELECT " COLUMNS " FROM org_user WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3", NULL};

/* $2 id, $3 folded prefix, $4 limit. */
#define PAGE_WHERE(condition_)                                                                     \
    "SELECT " COLUMNS " FROM org_user WHERE org_id = $1 AND id > $2 AND " condition_               \
    " ORDER BY id LIMIT $4"
#define STARTS(column_) "substr(" column_ ", 1, length(CAST($3 AS TEXT))) = $3"
#define FOUND(column_)                                                                             \
    "SELECT id FROM org_user WHERE org_id = $1 AND substr(" column_                                \
    ", 1, 2) = substr(CAST($3 AS TEXT), 1, 2) AND " STARTS(column_)
#define ANY_STARTS                                                                                 \
    "(" STARTS("name_key") " OR " STARTS("display_key") " OR " STARTS("email_key") ")"
#define ANY_FOUND                                                                                  \
    "id IN (" FOUND("name_key") " UNION " FOUND("display_key") " UNION " FOUND("email_key") ")"

static const struct statement SEARCH = {"user.search", TENANT, PAGE_WHERE(ANY_FOUND), NULL};

static const struct statement SEARCH_DIRECTORY = {
    "user.search_directory", TENANT, PAGE_WHERE("id IN (" FOUND("display_key") ")"), NULL};

/* A single character matches so many that they are met in the order of ids. */
static const struct statement SEARCH_SHORT = {"user.search_short", TENANT, PAGE_WHERE(ANY_STARTS),
                                              NULL};

static const struct statement SEARCH_DIRECTORY_SHORT = {"user.search_directory_short", TENANT,
                                                        PAGE_WHERE(STARTS("display_key")), NULL};

static const struct statement ADMINISTRATORS = {
    "user.administrators", TENANT,
    "SELECT " COLUMNS " FROM org_user WHERE org_id = $1 AND role IN ('admin', 'creator') "
    "AND state = 'active' ORDER BY id LIMIT 64",
    NULL};

/* An empty key is nobody's: it never equals a stored one, which is NULL then. */
static const struct statement IS_KNOWN = {
    "user.is_known", TENANT,
    "SELECT 1 FROM org_user WHERE org_id = $1 AND (name_key = $2 OR email_key = $3 "
    "OR external_id = $4) LIMIT 1",
    NULL};

/* A folded name holds no capital letters, so that nobody can be called like this key. */
static const struct statement RELEASE_NAME = {
    "user.release_name", TENANT,
    "UPDATE org_user SET name_key = 'RELEASED ' || id, email_key = NULL, external_id = NULL, "
    "role = CASE role WHEN 'guest' THEN 'guest' ELSE 'member' END, changed_us = $3 "
    "WHERE org_id = $1 AND id = $2 AND state = 'deactivated'",
    NULL};

static const struct statement SET_ROLE = {
    "user.set_role", TENANT,
    "UPDATE org_user SET role = $3, changed_us = $4 WHERE org_id = $1 AND id = $2 "
    "AND state = 'active' AND role <> 'creator' AND $3 <> 'creator' RETURNING 1",
    NULL};

static const struct statement GUARD_ACTIVE = {
    "user.guard_active", TENANT,
    "UPDATE org_user SET seen_us = $3 WHERE org_id = $1 AND id = $2 AND state = 'active' "
    "AND epoch = $4 RETURNING 1",
    NULL};

static const struct statement GUARD_WRITER = {
    "user.guard_writer", TENANT,
    "SELECT 1 FROM org_user u JOIN org o ON o.org_id = u.org_id WHERE u.org_id = $1 AND u.id = $2 "
    "AND u.state = 'active' AND u.epoch = $3 AND o.state = 'active'",
    NULL};

static const struct statement *const STATEMENTS[] = {
    &RELEASE_NAME,
    &INSERT_USER,
    &UPDATE_PROFILE,
    &FIND,
    &FIND_LOCKED,
    &FIND_BY_NAME,
    &FIND_BY_EMAIL,
    &FIND_BY_EXTERNAL_ID,
    &PAGE,
    &SEARCH,
    &SEARCH_DIRECTORY,
    &SEARCH_SHORT,
    &SEARCH_DIRECTORY_SHORT,
    &IS_KNOWN,
    &GUARD_ACTIVE,
    &GUARD_WRITER,
    &ADMINISTRATORS,
    &SET_ROLE,
};
const struct statement_list USER_STATEMENTS = {STATEMENTS, sizeof STATEMENTS / sizeof *STATEMENTS};

static result decode(struct scope *scope, const struct rows *rows, size_t row, struct user *ret) {
    struct user user = {
        .org_id = rows_text(rows, row, 0),
        .id = rows_text(rows, row, 1),
        .user_name = rows_text(rows, row, 2),
        .display_name = rows_text(rows, row, 3),
        .email = rows_text(rows, row, 4),
        .external_id = rows_text(rows, row, 5),
        .is_directory_managed = rows_number(rows, row, 8) == 1,
        .epoch = rows_number(rows, row, 9),
        .revoked_seq = rows_number(rows, row, 10),
        .created_us = rows_number(rows, row, 11),
        .changed_us = rows_number(rows, row, 12),
        .seen_us = rows_number(rows, row, 13),
    };
    TRY(user_state_parse(scope, rows_text(rows, row, 6), &user.state));
    TRY(role_parse(scope, rows_text(rows, row, 7), &user.role));
    *ret = user;
    return OK_RESULT;
}

/* One row exactly: none and several are both "unknown". */
static result find_one(struct scope *scope, struct db *db, const struct statement *statement,
                       struct str org_id, struct str key, struct user *ret) {
    struct rows rows;
    TRY(db_run(scope, db, statement, VALUES(value_text(org_id), value_text(key)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "user.unknown");
    return decode(scope, &rows, 0, ret);
}

static result name_taken(struct scope *scope, result failure) {
    if (failure.code == CONFLICT && str_eq(str_from_c(scope->reason), STR("db.unique"))) {
        return FAIL(scope, CONFLICT, "user.name_taken");
    }
    return failure;
}

result user_store_insert(struct scope *scope, struct tx *tx, const struct user *user,
                         const struct user_keys *keys) {
    struct rows rows;
    return name_taken(
        scope,
        tx_run(scope, tx, &INSERT_USER,
               VALUES(value_text(user->org_id), value_text(user->id), value_text(user->user_name),
                      value_text(keys->name_key), value_text(user->display_name),
                      value_text(keys->display_key), value_text_or_null(user->email),
                      value_text_or_null(keys->email_key), value_text_or_null(user->external_id),
                      value_text(str_from_c(user_state_name(user->state))),
                      value_text(str_from_c(role_name(user->role))),
                      value_number(user->is_directory_managed), value_number(user->created_us),
                      value_number(user->changed_us)),
               &rows));
}

result user_store_update(struct scope *scope, struct tx *tx, const struct user *user,
                         const struct user_keys *keys) {
    struct rows rows;
    TRY(name_taken(
        scope, tx_run(scope, tx, &UPDATE_PROFILE,
                      VALUES(value_text(user->org_id), value_text(user->id),
                             value_text(user->user_name), value_text(keys->name_key),
                             value_text(user->display_name), value_text(keys->display_key),
                             value_text_or_null(user->email), value_text_or_null(keys->email_key),
                             value_text_or_null(user->external_id), value_number(user->changed_us)),
                      &rows)));
    REQUIRE(scope, rows.changed == 1, NOT_FOUND, "user.unknown");
    return OK_RESULT;
}

result user_set_role(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                     enum role role) {
    struct rows rows;
    TRY(tx_run(scope, tx, &SET_ROLE,
               VALUES(value_text(org_id), value_text(id), value_text(str_from_c(role_name(role))),
                      value_number(clock_now_us(scope->env->clock))),
               &rows));
    REQUIRE(scope, rows.count == 1, CONFLICT, "user.role");
    return OK_RESULT;
}

result user_release_name(struct scope *scope, struct tx *tx, struct str org_id, struct str id) {
    struct rows rows;
    TRY(tx_run(
        scope, tx, &RELEASE_NAME,
        VALUES(value_text(org_id), value_text(id), value_number(clock_now_us(scope->env->clock))),
        &rows));
    REQUIRE(scope, rows.changed == 1, NOT_FOUND, "user.unknown");
    return OK_RESULT;
}

result user_store_by_name_key(struct scope *scope, struct db *db, struct str org_id,
                              struct str name_key, struct user *ret) {
    return find_one(scope, db, &FIND_BY_NAME, org_id, name_key, ret);
}

result user_store_by_email_key(struct scope *scope, struct db *db, struct str org_id,
                               struct str email_key, struct user *ret) {
    return find_one(scope, db, &FIND_BY_EMAIL, org_id, email_key, ret);
}

result user_store_is_known(struct scope *scope, struct db *db, struct str org_id,
                           const struct user_keys *keys, struct str external_id, bool *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &IS_KNOWN,
               VALUES(value_text(org_id), value_text(keys->name_key), value_text(keys->email_key),
                      value_text(external_id)),
               &rows));
    *ret = rows.count == 1;
    return OK_RESULT;
}

result user_find(struct scope *scope, struct db *db, struct str org_id, struct str id,
                 struct user *ret) {
    return find_one(scope, db, &FIND, org_id, id, ret);
}

result user_find_locked(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                        struct user *ret) {
    struct rows rows;
    TRY(tx_run(scope, tx, &FIND_LOCKED, VALUES(value_text(org_id), value_text(id)), &rows));
    REQUIRE(scope, rows.count == 1, NOT_FOUND, "user.unknown");
    return decode(scope, &rows, 0, ret);
}

result user_find_by_external_id(struct scope *scope, struct db *db, struct str org_id,
                                struct str external_id, struct user *ret) {
    return find_one(scope, db, &FIND_BY_EXTERNAL_ID, org_id, external_id, ret);
}

static const struct statement *statement_of(const struct user_search *search) {
    size_t characters = 0; /* of UTF-8, as the engines count them */
    for (size_t i = 0; i < search->prefix_key.len; i++) {
        characters += ((unsigned char) search->prefix_key.at[i] & 0xC0U) != 0x80U ? 1 : 0;
    }
    if (search->is_directory) {
        return characters < 2 ? &SEARCH_DIRECTORY_SHORT : &SEARCH_DIRECTORY;
    }
    return characters < 2 ? &SEARCH_SHORT : &SEARCH;
}

static result run_page(struct scope *scope, struct db *db, struct str org_id,
                       const struct user_search *search, struct values page, struct rows *ret) {
    const struct value after = page.at[0];
    const struct value limit = page.at[1];
    if (str_is_empty(search->prefix_key)) {
        return db_run(scope, db, &PAGE, VALUES(value_text(org_id), after, limit), ret);
    }
    return db_run(scope, db, statement_of(search),
                  VALUES(value_text(org_id), after, value_text(search->prefix_key), limit), ret);
}

static result decode_all(struct scope *scope, const struct rows *rows, size_t most,
                         struct user_list *ret) {
    struct user_list list = {.count = rows->count < most ? rows->count : most};
    list.users = NEW_ARRAY(scope->arena, list.count, struct user);
    for (size_t i = 0; i < list.count; i++) {
        TRY(decode(scope, rows, i, &list.users[i]));
    }
    *ret = list;
    return OK_RESULT;
}

result user_store_page(struct scope *scope, struct db *db, struct str org_id,
                       const struct user_search *search, int64_t limit, struct str after,
                       struct user_list *ret) {
    struct rows rows;
    TRY(run_page(scope, db, org_id, search, VALUES(value_text(after), value_number(limit + 1)),
                 &rows));
    struct user_list list;
    TRY(decode_all(scope, &rows, (size_t) limit, &list));
    if (rows.count > list.count) {
        list.next_cursor = list.users[list.count - 1].id;
    }
    *ret = list;
    return OK_RESULT;
}

result user_list_administrators(struct scope *scope, struct db *db, struct str org_id,
                                struct user_list *ret) {
    struct rows rows;
    TRY(db_run(scope, db, &ADMINISTRATORS, VALUES(value_text(org_id)), &rows));
    return decode_all(scope, &rows, rows.count, ret);
}

result user_guard_active(struct scope *scope, struct tx *tx, struct str org_id, struct str id,
                         int64_t epoch) {
    struct rows rows;
    TRY(tx_run(scope, tx, &GUARD_ACTIVE,
               VALUES(value_text(org_id), value_text(id),
                      value_number(clock_now_us(scope->env->clock)), value_number(epoch)),
               &rows));
    REQUIRE(scope, rows.count == 1, UNAUTHENTICATED, "user.gone");
    return OK_RESULT;
}

static result guard_person(struct scope *scope, struct tx *tx, const struct actor *actor) {
    struct rows rows;
    TRY(tx_run(scope, tx, &GUARD_WRITER,
               VALUES(value_text(actor->org_id), value_text(actor->id), value_number(actor->epoch)),
               &rows));
    REQUIRE(scope, rows.count == 1, UNAUTHENTICATED, "user.gone");
    return OK_RESULT;
}

static result guard_credential(struct scope *scope, struct tx *tx, const struct actor *actor) {
    if (actor->credential_guard == NULL) {
        return OK_RESULT;
    }
    struct rows rows;
    TRY(tx_run(scope, tx, actor->credential_guard,
               VALUES(value_text(actor->org_id), value_text(actor->credential_id)), &rows));
    REQUIRE(scope, rows.count == 1, UNAUTHENTICATED, "user.gone");
    return OK_RESULT;
}

result user_guard_writer(struct scope *scope, struct tx *tx, const struct actor *actor) {
    if (actor->kind == ACTOR_USER) {
        TRY(guard_person(scope, tx, actor));
    }
    return guard_credential(scope, tx, actor);
}

result user_guard_actor(struct scope *scope, struct tx *tx, const struct actor *actor) {
    if (actor->kind == ACTOR_USER) {
        TRY(user_guard_active(scope, tx, actor->org_id, actor->id, actor->epoch));
    }
    return guard_credential(scope, tx, actor);
}
