#pragma once
/* Why a sign-in was refused, for the organisation's administrators: kept seven days. The person
 * sees a sentence and the request id; the record has the failing check and both of its sides, never
 * a name, a value or a message. */

#include "identity/connection.h"

enum { SIGN_IN_RECORD_DAYS = 7, SIGN_IN_RECORDS_KEPT = 200, SIGN_IN_DETAIL_MAX = 8 * 1024 };

struct sign_in_record {
    struct str org_id, id, connection_id, request_id;
    int64_t at_us;
    bool is_test;
    bool is_junk;         /* nothing of it was verified: anybody can send that */
    int64_t times;        /* equal junk of a minute is one record */
    struct str reason;    /* "saml.audience" */
    struct str want, got; /* empty: nothing to compare, or nothing to show */
    struct str detail;    /* a JSON object of the protocol's own */
};

struct sign_in_records {
    size_t count;
    struct sign_in_record *records;
    struct str next_cursor;
};

extern const struct statement_list SIGN_IN_RECORD_STATEMENTS;

/* In a transaction of its own. Of each connection the newest are kept, so that junk at its door
 * fills no disk; junk apart from the rest, so that it hides nothing either. */
RESULT sign_in_record_add(struct scope *scope, struct db *db, const struct sign_in_record *record);
/* Newest first, older than `before` (an id; empty: from the newest). */
RESULT sign_in_record_list(struct scope *scope, struct db *db, struct str org_id,
                           struct str connection_id, int64_t limit, struct str before,
                           struct sign_in_records *ret);
RESULT sign_in_record_sweep(struct scope *scope, struct db *db);

struct call;
/* Makes the record of a refusal of this call; a failure to write it is logged and goes no further.
 * scope->reason stays. */
void sign_in_record_refusal(struct scope *scope, struct call *call,
                            const struct connection *connection, struct sign_in_record record);
RESULT connection_logins_http(struct scope *scope, struct call *call); /* {id} */
