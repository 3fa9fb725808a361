#include "base/migrate.h"

#include <assert.h>

#include "base/arena.h"
#include "base/db_driver.h"
#include "base/migrate_store.h"

enum { FIRST_OF_BASE = 1 };

/* All lists as one, by number. */
struct plan {
    const struct migration **migrations;
    size_t count;
};

static struct plan plan_make(struct arena *arena, const struct migration_list *lists,
                             size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += lists[i].count;
    }
    struct plan plan = {NEW_ARRAY(arena, total, const struct migration *), 0};
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < lists[i].count; j++) {
            const struct migration *added = &lists[i].migrations[j];
            size_t at = plan.count++;
            for (; at > 0 && plan.migrations[at - 1]->number > added->number; at--) {
                plan.migrations[at] = plan.migrations[at - 1];
            }
            plan.migrations[at] = added;
        }
    }
    for (size_t i = 1; i < plan.count; i++) {
        assert(plan.migrations[i - 1]->number < plan.migrations[i]->number);
    }
    return plan;
}

/* Both sides are sorted. The first that is missing; NULL: none. */
static result find_missing(struct scope *scope, const struct plan *plan, const struct rows *applied,
                           const struct migration **ret) {
    const struct migration *missing = NULL;
    size_t row = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const bool is_applied =
            row < applied->count && rows_number(applied, row, 0) == plan->migrations[i]->number;
        row += is_applied;
        if (!is_applied && missing == NULL) {
            missing = plan->migrations[i];
        }
    }
    REQUIRE(scope, row == applied->count, CONFLICT, "migrate.newer");
    *ret = missing;
    return OK_RESULT;
}

/* One migration in one transaction: another process may have been faster. */
static result apply_next(struct scope *scope, struct db *db, const struct plan *plan,
                         bool *ret_is_complete) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, db, LANE_NORMAL, &tx));
    TRY(tx_migration_lock(scope, tx));
    TRY(migrate_table_create(scope, tx));
    struct rows applied;
    TRY(migrate_applied(scope, tx_db(tx), &applied));
    const struct migration *missing = NULL;
    TRY(find_missing(scope, plan, &applied, &missing));
    if (missing == NULL) {
        *ret_is_complete = true;
        return OK_RESULT;
    }
    TRY(migrate_apply(scope, tx, missing));
    if (missing->number == FIRST_OF_BASE) {
        /* It makes the table where the history of the database stands. */
        TRY(db_generation_renew(scope, tx));
    }
    *ret_is_complete = false;
    return tx_commit(scope, tx);
}

result migrate_run(struct scope *scope, struct db *db, const struct migration_list *lists,
                   size_t count, int *ret_applied) {
    const struct plan plan = plan_make(scope->arena, lists, count);
    int applied = 0;
    for (bool is_complete = false;;) {
        TRY(apply_next(scope, db, &plan, &is_complete));
        if (is_complete) {
            break;
        }
        applied++;
    }
    *ret_applied = applied;
    return OK_RESULT;
}

result migrate_check(struct scope *scope, struct db *db, const struct migration_list *lists,
                     size_t count) {
    bool exists = false;
    TRY(migrate_table_exists(scope, db, &exists));
    REQUIRE(scope, exists, UNAVAILABLE, "migrate.behind");
    struct rows applied;
    TRY(migrate_applied(scope, db, &applied));
    const struct plan plan = plan_make(scope->arena, lists, count);
    const struct migration *missing = NULL;
    TRY(find_missing(scope, &plan, &applied, &missing));
    REQUIRE(scope, missing == NULL, UNAVAILABLE, "migrate.behind");
    return OK_RESULT;
}
