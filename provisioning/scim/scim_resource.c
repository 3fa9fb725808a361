#include "provisioning/scim/scim_resource.h"

#include "base/arena.h"
#include "base/time_text.h"
#include "provisioning/scim/scim_patch.h"

enum { MAX_PROJECTED = 64 };

/* RFC 7643 section 3.3. Schemas that nobody knows are tolerated, because providers send them. */
static result check_schemas(struct scope *scope, const struct scim_rules *rules,
                            const struct json *schemas) {
    bool is_listed = false;
    if (schemas == NULL) {
        REQUIRE(scope, rules->profile->infers_schemas, INVALID, "scim.syntax");
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_array(schemas), INVALID, "scim.syntax");
    for (size_t i = 0; i < json_count(schemas); i++) {
        const struct json *urn = json_at(schemas, i);
        REQUIRE(scope, json_is_string(urn), INVALID, "scim.syntax");
        is_listed = is_listed || str_eq_ascii_nocase(json_as_string(urn), rules->type->schema->id);
    }
    REQUIRE(scope, is_listed || rules->profile->infers_schemas, INVALID, "scim.syntax");
    return OK_RESULT;
}

result scim_resource_read(struct scope *scope, const struct scim_rules *rules,
                          const struct json *body, struct json **ret) {
    REQUIRE(scope, json_is_object(body), INVALID, "scim.syntax");
    TRY(check_schemas(scope, rules, scim_member(body, STR("schemas"))));
    struct json *resource = json_new_object(scope->arena);
    const struct scim_change change = {.kind = SCIM_ADD, .value = body, .skips_read_only = true};
    TRY(scim_apply_members(scope, rules, &change, resource));
    *ret = resource;
    return OK_RESULT;
}

result scim_resource_check(struct scope *scope, const struct scim_type *type,
                           const struct json *resource) {
    const struct scim_schema *schema = type->schema;
    for (size_t i = 0; i < schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &schema->attributes[i];
        REQUIRE(scope, !attribute->is_required || json_get(resource, attribute->name) != NULL,
                INVALID, "scim.required");
    }
    for (size_t i = 0; i < type->extension_count; i++) {
        const struct scim_extension *extension = &type->extensions[i];
        REQUIRE(scope, !extension->is_required || json_get(resource, extension->schema->id) != NULL,
                INVALID, "scim.required");
    }
    const struct str external_id = json_as_string(json_get(resource, STR("externalId")));
    REQUIRE(scope, external_id.len <= SCIM_EXTERNAL_ID_MAX_BYTES, INVALID, "scim.value");
    REQUIRE(scope, json_write(scope->arena, resource).len <= SCIM_RESOURCE_MAX_BYTES, TOO_LARGE,
            "scim.size");
    return OK_RESULT;
}

result scim_resource_check_immutable(struct scope *scope, const struct scim_type *type,
                                     const struct json *old, const struct json *resource) {
    for (size_t i = 0; i < type->schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &type->schema->attributes[i];
        const struct json *value = json_get(old, attribute->name);
        REQUIRE(scope,
                attribute->mutability != SCIM_IMMUTABLE || value == NULL ||
                    json_equals(value, json_get(resource, attribute->name)),
                INVALID, "scim.mutability");
    }
    return OK_RESULT;
}

static void show_member(struct scope *scope, const struct json *resource, struct str name,
                        struct json *shown) {
    const struct json *value = json_get(resource, name);
    if (value != NULL) {
        json_add(scope->arena, shown, name, value);
    }
}

static struct json *show_schemas(struct scope *scope, const struct scim_type *type,
                                 const struct json *resource) {
    struct json *schemas = json_new_array(scope->arena);
    json_append(scope->arena, schemas, json_new_string(scope->arena, type->schema->id));
    for (size_t i = 0; i < type->extension_count; i++) {
        const struct str urn = type->extensions[i].schema->id;
        if (json_get(resource, urn) != NULL) {
            json_append(scope->arena, schemas, json_new_string(scope->arena, urn));
        }
    }
    return schemas;
}

static struct json *show_meta(struct scope *scope, const struct scim_type *type,
                              const struct scim_meta *meta) {
    struct arena *arena = scope->arena;
    struct json *shown = json_new_object(arena);
    json_add(arena, shown, STR("resourceType"), json_new_string(arena, type->name));
    json_add(arena, shown, STR("created"),
             json_new_string(arena, time_format(arena, meta->created_us)));
    json_add(arena, shown, STR("lastModified"),
             json_new_string(arena, time_format(arena, meta->changed_us)));
    json_add(arena, shown, STR("location"), json_new_string(arena, meta->location));
    json_add(arena, shown, STR("version"), json_new_string(arena, meta->version));
    return shown;
}

struct json *scim_resource_show(struct scope *scope, const struct scim_type *type,
                                const struct json *resource, const struct scim_meta *meta) {
    struct json *shown = json_new_object(scope->arena);
    json_add(scope->arena, shown, STR("schemas"), show_schemas(scope, type, resource));
    show_member(scope, resource, STR("id"), shown);
    show_member(scope, resource, STR("externalId"), shown);
    for (size_t i = 0; i < type->schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &type->schema->attributes[i];
        if (attribute->returned != SCIM_RETURNED_NEVER) {
            show_member(scope, resource, attribute->name, shown);
        }
    }
    for (size_t i = 0; i < type->extension_count; i++) {
        show_member(scope, resource, type->extensions[i].schema->id, shown);
    }
    json_add(scope->arena, shown, STR("meta"), show_meta(scope, type, meta));
    return shown;
}

/* emails[type eq "work"] is asked for as well: taken for emails. Commas inside the brackets would
 * cut a name in two, of which neither is known. */
static void add_ref(struct scope *scope, const struct scim_type *type, struct str name,
                    struct scim_projection *projection) {
    struct str head;
    bool is_known = false;
    struct scim_ref ref = {0};
    (void) str_split(str_trim_blanks(name), '[', &head);
    if (is_ok(scim_ref_parse(scope, type, head, &ref, &is_known)) && is_known &&
        projection->count < MAX_PROJECTED) {
        projection->refs[projection->count++] = ref;
    }
}

result scim_projection_parse(struct scope *scope, const struct scim_type *type,
                             struct str attributes, struct str excluded,
                             struct scim_projection *ret) {
    struct scim_projection projection = {
        .is_given = attributes.len + excluded.len > 0,
        .is_exclusion = excluded.len > 0,
        .refs = NEW_ARRAY(scope->arena, MAX_PROJECTED, struct scim_ref),
    };
    REQUIRE(scope, attributes.len == 0 || excluded.len == 0, INVALID, "scim.projection");
    struct str rest = projection.is_exclusion ? excluded : attributes;
    while (rest.len > 0) {
        struct str name;
        rest = str_split(rest, ',', &name);
        add_ref(scope, type, name, &projection);
    }
    *ret = projection;
    return OK_RESULT;
}

/* How much of an attribute is named: nothing, all of it, or the sub-attributes in between. */
enum named { NAMED_NOT, NAMED_PARTLY, NAMED_WHOLLY };

static enum named named_in(const struct scim_projection *projection,
                           const struct scim_schema *extension,
                           const struct scim_attribute *attribute) {
    enum named named = NAMED_NOT;
    for (size_t i = 0; i < projection->count; i++) {
        const struct scim_ref *ref = &projection->refs[i];
        const bool is_container = ref->attribute == NULL;
        if (ref->extension != extension || (!is_container && ref->attribute != attribute)) {
            continue;
        }
        if (ref->sub == NULL) {
            return NAMED_WHOLLY;
        }
        named = NAMED_PARTLY;
    }
    return named;
}

static bool names_sub(const struct scim_projection *projection,
                      const struct scim_attribute *attribute, struct str name) {
    for (size_t i = 0; i < projection->count; i++) {
        const struct scim_ref *ref = &projection->refs[i];
        if (ref->attribute == attribute && ref->sub != NULL && str_eq(ref->sub->name, name)) {
            return true;
        }
    }
    return false;
}

bool scim_projection_shows(const struct scim_projection *projection,
                           const struct scim_attribute *attribute,
                           const struct scim_attribute *sub) {
    const enum named named = named_in(projection, NULL, attribute);
    const bool is_named =
        sub == NULL ? named != NAMED_NOT
                    : names_sub(projection, attribute, sub->name) ||
                          (named == NAMED_WHOLLY && sub->returned != SCIM_RETURNED_REQUEST);
    if (projection->is_given && !projection->is_exclusion) {
        return is_named;
    }
    const bool is_left_out = named == NAMED_WHOLLY || (sub != NULL && is_named);
    return !is_left_out && attribute->returned != SCIM_RETURNED_REQUEST &&
           (sub == NULL || sub->returned != SCIM_RETURNED_REQUEST);
}

static const struct json *project_object(struct scope *scope,
                                         const struct scim_projection *projection,
                                         const struct scim_attribute *attribute,
                                         const struct json *object) {
    struct json *kept = json_new_object(scope->arena);
    for (size_t i = 0; i < json_count(object); i++) {
        const struct json_member member = json_member_at(object, i);
        if (names_sub(projection, attribute, member.name) != projection->is_exclusion) {
            json_add(scope->arena, kept, member.name, member.value);
        }
    }
    return json_count(kept) == 0 ? NULL : kept;
}

static const struct json *project_subs(struct scope *scope,
                                       const struct scim_projection *projection,
                                       const struct scim_attribute *attribute,
                                       const struct json *value) {
    if (!json_is_array(value)) {
        return project_object(scope, projection, attribute, value);
    }
    struct json *kept = json_new_array(scope->arena);
    for (size_t i = 0; i < json_count(value); i++) {
        const struct json *element =
            project_object(scope, projection, attribute, json_at(value, i));
        if (element != NULL) {
            json_append(scope->arena, kept, element);
        }
    }
    return json_count(kept) == 0 ? NULL : kept;
}

/* NULL: not shown. */
static const struct json *project_value(struct scope *scope,
                                        const struct scim_projection *projection,
                                        const struct scim_schema *extension,
                                        const struct scim_attribute *attribute,
                                        const struct json *value) {
    if (attribute->returned == SCIM_RETURNED_ALWAYS) {
        return value;
    }
    switch (named_in(projection, extension, attribute)) {
    case NAMED_NOT: return projection->is_exclusion ? value : NULL;
    case NAMED_WHOLLY: return projection->is_exclusion ? NULL : value;
    case NAMED_PARTLY: return project_subs(scope, projection, attribute, value);
    }
    return value;
}

static const struct json *project_container(struct scope *scope,
                                            const struct scim_projection *projection,
                                            const struct scim_schema *extension,
                                            const struct json *container) {
    struct json *kept = json_new_object(scope->arena);
    for (size_t i = 0; i < json_count(container); i++) {
        const struct json_member member = json_member_at(container, i);
        const struct scim_attribute *attribute = scim_schema_find(extension, member.name);
        const struct json *value = attribute == NULL ? NULL
                                                     : project_value(scope, projection, extension,
                                                                     attribute, member.value);
        if (value != NULL) {
            json_add(scope->arena, kept, member.name, value);
        }
    }
    return json_count(kept) == 0 ? NULL : kept;
}

const struct json *scim_project(struct scope *scope, const struct scim_type *type,
                                const struct scim_projection *projection,
                                const struct json *shown) {
    if (!projection->is_given) {
        return shown;
    }
    struct json *kept = json_new_object(scope->arena);
    for (size_t i = 0; i < json_count(shown); i++) {
        const struct json_member member = json_member_at(shown, i);
        const struct scim_schema *extension = scim_extension_find(type, member.name);
        const struct scim_attribute *attribute =
            extension == NULL ? scim_core_find(type, member.name) : NULL;
        const struct json *value =
            extension != NULL ? project_container(scope, projection, extension, member.value)
                              : project_value(scope, projection, NULL, attribute, member.value);
        if (value != NULL) {
            json_add(scope->arena, kept, member.name, value);
        }
    }
    return kept;
}
