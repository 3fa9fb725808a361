#include "gateway/node_store.h"

#include <string.h>

#include "base/arena.h"

const struct statement NODE_JOIN = {
    "node.join", INSTALLATION,
    "INSERT INTO node(instance, beat, generation, applied, started_us)"
    " VALUES ($1, 0, '', '', $2)",
    NULL};

const struct statement NODE_ALONE = {"node.alone", INSTALLATION,
                                     "DELETE FROM node WHERE instance <> $1", NULL};

const struct statement NODE_BEAT = {"node.beat", INSTALLATION,
                                    "UPDATE node SET beat = beat + 1, generation = $2, applied = $3"
                                    " WHERE instance = $1 RETURNING beat",
                                    NULL};

const struct statement NODE_OWN = {"node.own", INSTALLATION,
                                   "SELECT beat FROM node WHERE instance = $1", NULL};

const struct statement NODE_LIST = {
    "node.list", INSTALLATION,
    "SELECT instance, generation, beat, applied FROM node ORDER BY instance", NULL};

const struct statement NODE_SWEEP = {"node.sweep", INSTALLATION,
                                     "DELETE FROM node WHERE instance = $1 AND beat = $2", NULL};

const struct statement NODE_LEAVE = {"node.leave", INSTALLATION,
                                     "DELETE FROM node WHERE instance = $1", NULL};

const struct statement NODE_REVOCATION = {
    "node.revocation", INSTALLATION,
    "SELECT seq FROM revocation WHERE partition = $1 AND seq = $2 AND id = $3", NULL};

static const struct statement *const STATEMENTS[] = {
    &NODE_JOIN, &NODE_ALONE, &NODE_BEAT,  &NODE_OWN,
    &NODE_LIST, &NODE_SWEEP, &NODE_LEAVE, &NODE_REVOCATION,
};
const struct statement_list NODE_STATEMENTS = {STATEMENTS, sizeof STATEMENTS / sizeof *STATEMENTS};

struct str node_positions_write(struct arena *arena,
                                const int64_t positions[REVOCATION_PARTITIONS]) {
    struct strbuf text = strbuf_begin(arena, (size_t) REVOCATION_PARTITIONS * 21);
    for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
        if (i > 0) {
            strbuf_add_byte(&text, ',');
        }
        strbuf_add_number(&text, positions[i]);
    }
    return strbuf_str(&text);
}

bool node_positions_read(struct scope *scope, struct str text, int64_t ret[REVOCATION_PARTITIONS]) {
    int64_t positions[REVOCATION_PARTITIONS];
    struct str rest = text;
    for (size_t i = 0; i < REVOCATION_PARTITIONS; i++) {
        struct str number = {"", 0};
        rest = str_split(rest, ',', &number);
        if (!is_ok(parse_i64(scope, number, 0, INT64_MAX, &positions[i]))) {
            return false;
        }
    }
    if (rest.len > 0) {
        return false;
    }
    memcpy(ret, positions, sizeof positions);
    return true;
}

void node_decode(struct scope *scope, const struct rows *rows, struct node_list *ret) {
    struct node_row *nodes = NEW_ARRAY(scope->arena, rows->count, struct node_row);
    for (size_t i = 0; i < rows->count; i++) {
        nodes[i].instance = rows_text(rows, i, 0);
        nodes[i].generation = rows_text(rows, i, 1);
        nodes[i].beat = rows_number(rows, i, 2);
        nodes[i].has_applied = node_positions_read(scope, rows_text(rows, i, 3), nodes[i].applied);
    }
    *ret = (struct node_list){rows->count, nodes};
}
