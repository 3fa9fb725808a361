#include "messaging/audit.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/random.h"

static const struct statement INSERT_AUDIT = {
    "audit.insert", TENANT,
    "INSERT INTO audit (org_id, id, at_us, actor_kind, actor_id, source, action, subject_kind, "
    "subject_id, reason_code, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    NULL};

static const struct statement PAGE = {
    "audit.page", TENANT,
    "SELECT id, at_us, actor_kind, actor_id, source, action, subject_kind, subject_id, "
    "reason_code, request_id FROM audit WHERE org_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
    NULL};

static const struct statement *const STATEMENTS[] = {&INSERT_AUDIT, &PAGE};
const struct statement_list AUDIT_STATEMENTS = {STATEMENTS, sizeof STATEMENTS / sizeof *STATEMENTS};

result audit_append(struct scope *scope, struct tx *tx, const struct audit *audit) {
    static const struct actor NOBODY = {.kind = ACTOR_NONE};
    const struct actor *actor = audit->actor == NULL ? &NOBODY : audit->actor;
    return tx_send(
        scope, tx, &INSERT_AUDIT,
        VALUES(value_text(audit->org_id), value_text(uuid_v7(scope)),
               value_number(clock_now_us(scope->env->clock)),
               value_text(str_from_c(actor_kind_name(actor->kind))), value_text_or_null(actor->id),
               value_text(str_from_c(source_name(audit->source))),
               value_text(str_from_c(audit_action_name(audit->action))),
               value_text(str_from_c(audit_subject_name(audit->subject_kind))),
               value_text(audit->subject_id), value_text_or_null(str_from_c(audit->reason_code)),
               value_text_or_null(audit->request_id)),
        NULL);
}

static struct audit_row decode(const struct rows *rows, size_t row) {
    return (struct audit_row){
        .id = rows_text(rows, row, 0),
        .at_us = rows_number(rows, row, 1),
        .actor_kind = rows_text(rows, row, 2),
        .actor_id = rows_text(rows, row, 3),
        .source = rows_text(rows, row, 4),
        .action = rows_text(rows, row, 5),
        .subject_kind = rows_text(rows, row, 6),
        .subject_id = rows_text(rows, row, 7),
        .reason_code = rows_text(rows, row, 8),
        .request_id = rows_text(rows, row, 9),
    };
}

result audit_list(struct scope *scope, struct db *db, struct str org_id, int64_t limit,
                  struct str before, struct audit_list *ret) {
    struct rows rows;
    const struct str from = str_is_empty(before) ? STR("z") : before; /* behind every UUID */
    TRY(db_run(scope, db, &PAGE,
               VALUES(value_text(org_id), value_text(from), value_number(limit + 1)), &rows));
    struct audit_list list = {0};
    list.count = rows.count > (size_t) limit ? (size_t) limit : rows.count;
    list.rows = NEW_ARRAY(scope->arena, list.count, struct audit_row);
    for (size_t i = 0; i < list.count; i++) {
        list.rows[i] = decode(&rows, i);
    }
    if (rows.count > list.count) {
        list.next_cursor = list.rows[list.count - 1].id;
    }
    *ret = list;
    return OK_RESULT;
}
