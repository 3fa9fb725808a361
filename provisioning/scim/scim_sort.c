#include "provisioning/scim/scim_sort.h"

#include <string.h>

#include "base/time_text.h"
#include "provisioning/scim/scim_match.h"

result scim_sort_parse(struct scope *scope, const struct scim_type *type, struct str text,
                       struct scim_ref *ret) {
    struct scim_ref ref = {0};
    bool is_known = false;
    const result parsed = scim_ref_parse(scope, type, str_trim_blanks(text), &ref, &is_known);
    REQUIRE(scope, is_ok(parsed), INVALID, "scim.sort");
    if (!is_known) {
        *ret = (struct scim_ref){0};
        return OK_RESULT;
    }
    REQUIRE(scope, ref.attribute != NULL, INVALID, "scim.sort");
    const struct scim_attribute *target = scim_ref_target(&ref);
    if (target->kind == SCIM_COMPLEX) {
        ref.sub = scim_default_sub(target);
        REQUIRE(scope, ref.sub != NULL, INVALID, "scim.sort");
    }
    REQUIRE(scope, ref.attribute->returned != SCIM_RETURNED_NEVER, INVALID, "scim.sort");
    *ret = ref;
    return OK_RESULT;
}

static const struct json *first_of(const struct json *value) {
    if (!json_is_array(value)) {
        return value;
    }
    for (size_t i = 0; i < json_count(value); i++) {
        if (json_as_boolean(json_get(json_at(value, i), STR("primary")))) {
            return json_at(value, i);
        }
    }
    return json_at(value, 0);
}

/* The bits of a double as a number that grows with it. */
static uint64_t order_of_real(double real) {
    uint64_t bits = 0;
    memcpy(&bits, &real, sizeof bits);
    const uint64_t sign = UINT64_C(1) << 63U;
    return (bits & sign) != 0 ? ~bits : bits | sign;
}

/* As many whole characters as fit. */
static struct str bounded(struct str text) {
    size_t len = text.len < SCIM_SORT_KEY_MAX_BYTES ? text.len : SCIM_SORT_KEY_MAX_BYTES;
    while (len < text.len && len > 0 && ((unsigned char) text.at[len] & 0xc0U) == 0x80U) {
        len--;
    }
    return str_first(text, len);
}

static struct str number_text(struct scope *scope, uint64_t number) {
    return str_format(scope->arena, "%020llu", (unsigned long long) number);
}

static struct str text_key(struct scope *scope, const struct scim_attribute *target,
                           struct str text) {
    return bounded(target->is_case_exact ? text : scim_key(scope, text));
}

static struct str time_key(struct scope *scope, struct str text) {
    int64_t us = 0;
    if (!is_ok(time_parse(scope, text, &us))) {
        return bounded(text);
    }
    return number_text(scope, (uint64_t) us + (UINT64_C(1) << 63U));
}

struct scim_sort_key scim_sort_key(struct scope *scope, const struct scim_ref *by,
                                   const struct json *shown) {
    if (by->attribute == NULL) {
        return (struct scim_sort_key){0};
    }
    const struct scim_attribute *target = scim_ref_target(by);
    const struct json *holder = by->extension == NULL ? shown : json_get(shown, by->extension->id);
    const struct json *value = first_of(json_get(holder, by->attribute->name));
    value = by->sub == NULL ? value : json_get(value, by->sub->name);
    switch (target->kind) {
    case SCIM_BOOLEAN:
        return (struct scim_sort_key){json_is_boolean(value),
                                      json_as_boolean(value) ? STR("1") : STR("0")};
    case SCIM_INTEGER:
    case SCIM_DECIMAL:
        return (struct scim_sort_key){json_kind(value) == JSON_INTEGER ||
                                          json_kind(value) == JSON_REAL,
                                      number_text(scope, order_of_real(json_as_real(value)))};
    case SCIM_DATE_TIME:
        return (struct scim_sort_key){json_is_string(value),
                                      time_key(scope, json_as_string(value))};
    case SCIM_STRING:
    case SCIM_BINARY:
    case SCIM_REFERENCE:
        return (struct scim_sort_key){json_as_string(value).len > 0,
                                      text_key(scope, target, json_as_string(value))};
    case SCIM_COMPLEX:
    case SCIM_KIND_COUNT: break;
    }
    return (struct scim_sort_key){0};
}

int scim_sort_compare(const struct scim_sort_key *a, const struct scim_sort_key *b) {
    if (!a->has_value || !b->has_value) {
        return (int) b->has_value - (int) a->has_value;
    }
    return str_compare(a->text, b->text);
}
