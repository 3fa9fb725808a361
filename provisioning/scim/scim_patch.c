#include "provisioning/scim/scim_patch.h"

#include "base/arena.h"

#define PATCH_SCHEMA "urn:ietf:params:scim:api:messages:2.0:PatchOp"

static const struct {
    struct str name;
    enum scim_op_kind kind;
} KINDS[] = {
    {STR_INIT("add"), SCIM_ADD},
    {STR_INIT("replace"), SCIM_REPLACE},
    {STR_INIT("remove"), SCIM_REMOVE},
};

const struct json *scim_member(const struct json *object, struct str name) {
    for (size_t i = 0; json_is_object(object) && i < json_count(object); i++) {
        const struct json_member member = json_member_at(object, i);
        if (str_eq_ascii_nocase(member.name, name)) {
            return member.value;
        }
    }
    return NULL;
}

static bool lists_schema(const struct json *schemas, struct str urn) {
    for (size_t i = 0; json_is_array(schemas) && i < json_count(schemas); i++) {
        if (str_eq_ascii_nocase(json_as_string(json_at(schemas, i)), urn)) {
            return true;
        }
    }
    return false;
}

static result parse_kind(struct scope *scope, const struct json *json, enum scim_op_kind *ret) {
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (str_eq_ascii_nocase(KINDS[i].name, json_as_string(json))) {
            *ret = KINDS[i].kind;
            return OK_RESULT;
        }
    }
    return FAIL(scope, INVALID, "scim.syntax");
}

static result parse_op(struct scope *scope, const struct scim_rules *rules, const struct json *json,
                       struct scim_op *ret) {
    struct scim_op op = {0};
    REQUIRE(scope, json_is_object(json), INVALID, "scim.syntax");
    TRY(parse_kind(scope, scim_member(json, STR("op")), &op.change.kind));
    op.change.value = scim_member(json, STR("value"));
    const struct json *path = scim_member(json, STR("path"));
    REQUIRE(scope, json_kind(path) == JSON_NULL || json_is_string(path), INVALID, "scim.path");
    const struct str text = str_trim_blanks(json_as_string(path));
    op.has_path = text.len > 0 && !str_eq_ascii_nocase(text, rules->type->schema->id);
    if (op.has_path) {
        TRY(scim_path_parse(scope, rules->type, text, &op.change.path));
    }
    REQUIRE(scope, op.has_path || op.change.kind != SCIM_REMOVE, INVALID, "scim.no_target");
    REQUIRE(scope, op.change.value != NULL || op.change.kind == SCIM_REMOVE, INVALID, "scim.value");
    *ret = op;
    return OK_RESULT;
}

result scim_patch_parse(struct scope *scope, const struct scim_rules *rules,
                        const struct json *body, struct scim_patch *ret) {
    const struct json *schemas = scim_member(body, STR("schemas"));
    const struct json *list = scim_member(body, STR("Operations"));
    REQUIRE(scope,
            (schemas == NULL && rules->profile->infers_schemas) ||
                lists_schema(schemas, STR(PATCH_SCHEMA)),
            INVALID, "scim.syntax");
    REQUIRE(scope, json_is_array(list) && json_count(list) > 0, INVALID, "scim.syntax");
    REQUIRE(scope, json_count(list) <= SCIM_MAX_OPERATIONS, TOO_LARGE, "scim.operations");
    struct scim_patch patch = {json_count(list),
                               NEW_ARRAY(scope->arena, json_count(list), struct scim_op)};
    for (size_t i = 0; i < patch.count; i++) {
        TRY(parse_op(scope, rules, json_at(list, i), &patch.ops[i]));
    }
    *ret = patch;
    return OK_RESULT;
}

result scim_patch_apply(struct scope *scope, const struct scim_rules *rules,
                        const struct scim_patch *patch, const struct json *resource,
                        struct json **ret) {
    struct json *copy = json_clone(scope->arena, resource);
    for (size_t i = 0; i < patch->count; i++) {
        const struct scim_op *op = &patch->ops[i];
        if (op->has_path) {
            TRY(scim_apply(scope, rules, &op->change, copy));
        } else {
            TRY(scim_apply_members(scope, rules, &op->change, copy));
        }
    }
    *ret = copy;
    return OK_RESULT;
}

/* The unsafe direction is never guessed: what cannot be read says nothing. */
static bool is_active_name(struct scope *scope, const struct scim_type *type, struct str name) {
    struct scim_ref ref = {0};
    bool is_known = false;
    return is_ok(scim_ref_parse(scope, type, str_trim_blanks(name), &ref, &is_known)) && is_known &&
           ref.attribute != NULL && ref.extension == NULL &&
           str_eq(ref.attribute->name, STR("active"));
}

/* The members "active" of an object, under any of their names: the last one counts. Also inside
 * a container of the type's own schema. */
/* NOLINTNEXTLINE(misc-no-recursion): a core container is not looked for inside another one */
static void hear_members(struct scope *scope, const struct scim_type *type,
                         const struct json *object, bool is_nested, bool *is_inactive) {
    for (size_t i = 0; json_is_object(object) && i < json_count(object); i++) {
        const struct json_member member = json_member_at(object, i);
        bool value = false;
        if (!is_nested && str_eq_ascii_nocase(member.name, type->schema->id)) {
            hear_members(scope, type, member.value, true, is_inactive);
        }
        if (is_active_name(scope, type, member.name) && scim_active_read(member.value, &value)) {
            *is_inactive = !value;
        }
    }
}

static void hear_op(struct scope *scope, const struct scim_type *type, const struct json *op,
                    bool *is_inactive) {
    const struct json *value = scim_member(op, STR("value"));
    const struct str path = str_trim_blanks(json_as_string(scim_member(op, STR("path"))));
    bool active = false;
    if (str_eq_ascii_nocase(json_as_string(scim_member(op, STR("op"))), STR("remove"))) {
        return;
    }
    if (path.len == 0 || str_eq_ascii_nocase(path, type->schema->id)) {
        hear_members(scope, type, value, false, is_inactive);
        return;
    }
    if (is_active_name(scope, type, path) && scim_active_read(value, &active)) {
        *is_inactive = !active;
    }
}

bool scim_says_inactive(struct scope *scope, const struct scim_type *type,
                        const struct json *body) {
    bool is_inactive = false;
    hear_members(scope, type, body, false, &is_inactive);
    const struct json *list = scim_member(body, STR("Operations"));
    const size_t count = json_is_array(list) ? json_count(list) : 0;
    for (size_t i = 0; i < count && i < SCIM_MAX_OPERATIONS; i++) {
        hear_op(scope, type, json_at(list, i), &is_inactive);
    }
    return is_inactive;
}
