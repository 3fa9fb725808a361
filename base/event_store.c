#include "base/event_store.h"

/* A stream is an organisation (or one of the installation's own), so `stream = $1` is its tenant
 * rule. */
static const struct statement CREATE = {"event.create", TENANT,
                                        "INSERT INTO event_head(stream, seq) VALUES ($1, 0)", NULL};

static const struct statement BUMP = {
    "event.bump", TENANT, "UPDATE event_head SET seq = seq + 1 WHERE stream = $1 RETURNING seq",
    NULL};

static const struct statement INSERT = {
    "event.insert", TENANT,
    "INSERT INTO event(stream, seq, topic, payload, created_us) VALUES ($1, $2, $3, $4, $5)", NULL};

const struct statement EVENT_HEAD = {"event.head", TENANT,
                                     "SELECT seq FROM event_head WHERE stream = $1", NULL};

const struct statement EVENT_READ = {
    "event.read", TENANT,
    "SELECT seq, topic, payload, created_us FROM event WHERE stream = $1 AND seq > $2"
    " ORDER BY seq LIMIT $3",
    NULL};

static const struct statement *const STATEMENTS[] = {&CREATE, &BUMP, &INSERT, &EVENT_HEAD,
                                                     &EVENT_READ};
const struct statement_list EVENT_LOG_STATEMENTS = {STATEMENTS,
                                                    sizeof STATEMENTS / sizeof STATEMENTS[0]};

result event_store_create(struct scope *scope, struct tx *tx, struct str stream) {
    return tx_run(scope, tx, &CREATE, VALUES(value_text(stream)), NULL);
}

static result single_seq(struct scope *scope, const struct rows *rows, int64_t *ret_seq) {
    REQUIRE(scope, rows->count == 1, NOT_FOUND, "event.stream");
    *ret_seq = rows_number(rows, 0, 0);
    return OK_RESULT;
}

result event_store_bump(struct scope *scope, struct tx *tx, struct str stream, int64_t *ret_seq) {
    struct rows rows;
    TRY(tx_run(scope, tx, &BUMP, VALUES(value_text(stream)), &rows));
    return single_seq(scope, &rows, ret_seq);
}

result event_store_send_bump(struct scope *scope, struct tx *tx, struct str stream,
                             const struct rows **ret) {
    return tx_send(scope, tx, &BUMP, VALUES(value_text(stream)), ret);
}

result event_store_bumped(struct scope *scope, const struct rows *rows, int64_t *ret_seq) {
    return single_seq(scope, rows, ret_seq);
}

result event_store_insert(struct scope *scope, struct tx *tx, struct str stream,
                          const struct event *event) {
    return tx_send(scope, tx, &INSERT,
                   VALUES(value_text(stream), value_number(event->seq), value_text(event->topic),
                          value_text(event->payload), value_number(event->created_us)),
                   NULL);
}

result event_store_head(struct scope *scope, struct db *db, struct str stream, int64_t *ret_seq) {
    struct rows rows;
    TRY(db_run(scope, db, &EVENT_HEAD, VALUES(value_text(stream)), &rows));
    return single_seq(scope, &rows, ret_seq);
}

result event_store_read(struct scope *scope, struct db *db, struct str stream, int64_t after,
                        int64_t limit, struct rows *ret) {
    return db_run(scope, db, &EVENT_READ,
                  VALUES(value_text(stream), value_number(after), value_number(limit)), ret);
}
