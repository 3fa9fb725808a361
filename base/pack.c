#include "base/pack.h"

#include <string.h>

#include "base/arena.h"

enum { NUMBER_BYTES = 8 };

struct pack pack_write(struct arena *arena, size_t limit_bytes) {
    return (struct pack){.arena = arena, .out = strbuf_begin(arena, limit_bytes)};
}

struct pack pack_read(struct arena *arena, struct str bytes) {
    return (struct pack){.arena = arena, .is_reading = true, .in = bytes};
}

/* The next bytes of what is read; empty and wrong when there are fewer. */
static struct str take(struct pack *pack, size_t len) {
    if (pack->is_wrong || len > pack->in.len) {
        pack->is_wrong = true;
        return STR("");
    }
    const struct str taken = str_first(pack->in, len);
    pack->in = str_from(pack->in, len);
    return taken;
}

static void write_number(struct pack *pack, uint64_t number) {
    char bytes[NUMBER_BYTES];
    for (size_t i = 0; i < NUMBER_BYTES; i++) {
        bytes[i] = (char) (unsigned char) (number >> (8 * i));
    }
    strbuf_add(&pack->out, (struct str){bytes, NUMBER_BYTES});
}

static uint64_t read_number(struct pack *pack) {
    const struct str bytes = take(pack, NUMBER_BYTES);
    uint64_t number = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        number |= (uint64_t) (unsigned char) bytes.at[i] << (8 * i);
    }
    return number;
}

/* Numbers travel as offset from `min`, so that what is out of range is so on both sides. */
void pack_number(struct pack *pack, int64_t *value, int64_t min, int64_t max) {
    const uint64_t span = (uint64_t) max - (uint64_t) min;
    if (!pack->is_reading) {
        pack->is_wrong = pack->is_wrong || *value < min || *value > max;
        *value = pack->is_wrong ? min : *value; /* a count bounds loops of the caller */
        write_number(pack, (uint64_t) *value - (uint64_t) min);
        return;
    }
    const uint64_t offset = read_number(pack);
    pack->is_wrong = pack->is_wrong || offset > span;
    *value = pack->is_wrong ? min : (int64_t) ((uint64_t) min + offset);
}

void pack_bool(struct pack *pack, bool *value) {
    int64_t number = !pack->is_reading && *value ? 1 : 0;
    pack_number(pack, &number, 0, 1);
    *value = number == 1;
}

void pack_count(struct pack *pack, size_t *value, size_t max) {
    int64_t number = 0;
    if (!pack->is_reading) {
        number = *value > INT64_MAX ? INT64_MAX : (int64_t) *value;
    }
    pack_number(pack, &number, 0, (int64_t) max);
    *value = (size_t) number;
}

void pack_bytes(struct pack *pack, struct str *value, size_t max) {
    size_t len = pack->is_reading ? 0 : value->len;
    pack_count(pack, &len, max);
    if (pack->is_reading) {
        *value = take(pack, len);
        return;
    }
    strbuf_add(&pack->out, *value);
}

void pack_text(struct pack *pack, struct str *value, size_t max) {
    pack_bytes(pack, value, max);
    if (!str_is_utf8(*value) || str_find_byte(*value, '\0') >= 0) {
        pack->is_wrong = true;
        *value = pack->is_reading ? STR("") : *value;
    }
}

/* Each text takes a number at least: a row that is too short for its count makes no array. */
void pack_texts(struct pack *pack, struct str **values, size_t count, size_t max) {
    if (pack->is_reading) {
        pack->is_wrong = pack->is_wrong || count > pack->in.len / NUMBER_BYTES;
        *values = NEW_ARRAY(pack->arena, pack->is_wrong ? 0 : count, struct str);
    }
    for (size_t i = 0; i < count && !pack->is_wrong; i++) {
        pack_text(pack, &(*values)[i], max);
    }
}

result pack_end(struct scope *scope, const struct pack *pack, struct str *ret) {
    REQUIRE(scope, !pack->is_wrong && !pack->out.is_full, INVALID, "pack.wrong");
    if (pack->is_reading) {
        REQUIRE(scope, pack->in.len == 0, INVALID, "pack.wrong");
        return OK_RESULT;
    }
    if (ret != NULL) {
        *ret = strbuf_str(&pack->out);
    }
    return OK_RESULT;
}
