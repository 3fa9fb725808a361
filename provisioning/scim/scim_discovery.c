#include "provisioning/scim/scim_discovery.h"

#include "provisioning/scim/scim_list.h"

#define CONFIG_URN "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
#define TYPE_URN   "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
#define SCHEMA_URN "urn:ietf:params:scim:schemas:core:2.0:Schema"

static void set(struct scope *scope, struct json *object, const char *name,
                const struct json *value) {
    json_add(scope->arena, object, str_from_c(name), value);
}

static void set_text(struct scope *scope, struct json *object, const char *name, struct str text) {
    set(scope, object, name, json_new_string(scope->arena, text));
}

static void set_boolean(struct scope *scope, struct json *object, const char *name, bool value) {
    set(scope, object, name, json_new_boolean(scope->arena, value));
}

static void set_number(struct scope *scope, struct json *object, const char *name, int64_t number) {
    set(scope, object, name, json_new_integer(scope->arena, number));
}

static struct json *begin(struct scope *scope, const char *urn) {
    struct json *object = json_new_object(scope->arena);
    struct json *schemas = json_new_array(scope->arena);
    json_append(scope->arena, schemas, json_new_string(scope->arena, str_from_c(urn)));
    set(scope, object, "schemas", schemas);
    return object;
}

static void set_meta(struct scope *scope, struct json *object, const char *type,
                     struct str location) {
    struct json *meta = json_new_object(scope->arena);
    set_text(scope, meta, "resourceType", str_from_c(type));
    set_text(scope, meta, "location", location);
    set(scope, object, "meta", meta);
}

static struct json *supported(struct scope *scope, bool is_supported) {
    struct json *object = json_new_object(scope->arena);
    set_boolean(scope, object, "supported", is_supported);
    return object;
}

static struct json *authentication(struct scope *scope) {
    struct json *scheme = json_new_object(scope->arena);
    struct json *schemes = json_new_array(scope->arena);
    set_text(scope, scheme, "type", STR("oauthbearertoken"));
    set_text(scope, scheme, "name", STR("Bearer token"));
    set_text(scope, scheme, "description",
             STR("A token that an administrator makes in the console (RFC 6750)."));
    set_boolean(scope, scheme, "primary", true);
    json_append(scope->arena, schemes, scheme);
    return schemes;
}

static struct json *pagination(struct scope *scope) {
    struct json *object = json_new_object(scope->arena);
    set_boolean(scope, object, "cursor", true);
    set_boolean(scope, object, "index", true);
    set_text(scope, object, "defaultPaginationMethod", STR("index"));
    set_number(scope, object, "defaultPageSize", SCIM_PAGE_DEFAULT);
    set_number(scope, object, "maxPageSize", SCIM_PAGE_MAX);
    set_number(scope, object, "cursorTimeout", SCIM_CURSOR_TIMEOUT_S);
    return object;
}

struct json *scim_show_config(struct scope *scope, struct str base_url) {
    struct json *config = begin(scope, CONFIG_URN);
    struct json *bulk = supported(scope, false);
    struct json *filter = supported(scope, true);
    set_number(scope, bulk, "maxOperations", 0);
    set_number(scope, bulk, "maxPayloadSize", 0);
    set_number(scope, filter, "maxResults", SCIM_PAGE_MAX);
    set(scope, config, "patch", supported(scope, true));
    set(scope, config, "bulk", bulk);
    set(scope, config, "filter", filter);
    set(scope, config, "changePassword", supported(scope, false));
    set(scope, config, "sort", supported(scope, true));
    set(scope, config, "etag", supported(scope, true));
    set(scope, config, "pagination", pagination(scope));
    set(scope, config, "authenticationSchemes", authentication(scope));
    set_meta(scope, config, "ServiceProviderConfig",
             str_format(scope->arena, "%.*s/ServiceProviderConfig", STR_ARG(base_url)));
    return config;
}

struct json *scim_show_type(struct scope *scope, struct str base_url,
                            const struct scim_type *type) {
    struct json *shown = begin(scope, TYPE_URN);
    struct json *extensions = json_new_array(scope->arena);
    for (size_t i = 0; i < type->extension_count; i++) {
        struct json *extension = json_new_object(scope->arena);
        set_text(scope, extension, "schema", type->extensions[i].schema->id);
        set_boolean(scope, extension, "required", type->extensions[i].is_required);
        json_append(scope->arena, extensions, extension);
    }
    set_text(scope, shown, "id", type->name);
    set_text(scope, shown, "name", type->name);
    set_text(scope, shown, "endpoint", type->endpoint);
    set_text(scope, shown, "description", str_from_c(type->description));
    set_text(scope, shown, "schema", type->schema->id);
    set(scope, shown, "schemaExtensions", extensions);
    set_meta(scope, shown, "ResourceType",
             str_format(scope->arena, "%.*s/ResourceTypes/%.*s", STR_ARG(base_url),
                        STR_ARG(type->name)));
    return shown;
}

static struct json *texts(struct scope *scope, const char *const *list) {
    struct json *array = json_new_array(scope->arena);
    for (size_t i = 0; list[i] != NULL; i++) {
        json_append(scope->arena, array, json_new_string(scope->arena, str_from_c(list[i])));
    }
    return array;
}

static struct json *show_attributes(struct scope *scope, const struct scim_attribute *attributes,
                                    size_t count);

/* RFC 7643 section 7. A complex attribute has no uniqueness (erratum 6004). */
/* NOLINTNEXTLINE(misc-no-recursion): attributes have sub-attributes, those have none */
static struct json *show_attribute(struct scope *scope, const struct scim_attribute *attribute) {
    struct json *shown = json_new_object(scope->arena);
    set_text(scope, shown, "name", attribute->name);
    set_text(scope, shown, "type", str_from_c(scim_kind_name(attribute->kind)));
    set_boolean(scope, shown, "multiValued", attribute->is_multi);
    set_text(scope, shown, "description", str_from_c(attribute->description));
    set_boolean(scope, shown, "required", attribute->is_required);
    if (attribute->canonical != NULL) {
        set(scope, shown, "canonicalValues", texts(scope, attribute->canonical));
    }
    set_boolean(scope, shown, "caseExact", attribute->is_case_exact);
    set_text(scope, shown, "mutability", str_from_c(scim_mutability_name(attribute->mutability)));
    set_text(scope, shown, "returned", str_from_c(scim_returned_name(attribute->returned)));
    if (attribute->references != NULL) {
        set(scope, shown, "referenceTypes", texts(scope, attribute->references));
    }
    if (attribute->kind == SCIM_COMPLEX) {
        set(scope, shown, "subAttributes",
            show_attributes(scope, attribute->subs, attribute->sub_count));
    } else {
        set_text(scope, shown, "uniqueness",
                 str_from_c(scim_uniqueness_name(attribute->uniqueness)));
    }
    return shown;
}

/* NOLINTNEXTLINE(misc-no-recursion): attributes have sub-attributes, those have none */
static struct json *show_attributes(struct scope *scope, const struct scim_attribute *attributes,
                                    size_t count) {
    struct json *array = json_new_array(scope->arena);
    for (size_t i = 0; i < count; i++) {
        json_append(scope->arena, array, show_attribute(scope, &attributes[i]));
    }
    return array;
}

struct json *scim_show_schema(struct scope *scope, struct str base_url,
                              const struct scim_schema *schema) {
    struct json *shown = begin(scope, SCHEMA_URN);
    set_text(scope, shown, "id", schema->id);
    set_text(scope, shown, "name", schema->name);
    set_text(scope, shown, "description", str_from_c(schema->description));
    set(scope, shown, "attributes",
        show_attributes(scope, schema->attributes, schema->attribute_count));
    set_meta(scope, shown, "Schema",
             str_format(scope->arena, "%.*s/Schemas/%.*s", STR_ARG(base_url), STR_ARG(schema->id)));
    return shown;
}

const struct scim_type *scim_type_find(struct str name) {
    for (size_t i = 0; i < SCIM_TYPE_COUNT; i++) {
        if (str_eq(SCIM_TYPES[i]->name, name)) {
            return SCIM_TYPES[i];
        }
    }
    return NULL;
}

const struct scim_schema *scim_schema_by_urn(struct str urn) {
    for (size_t i = 0; i < SCIM_SCHEMA_COUNT; i++) {
        if (str_eq_ascii_nocase(SCIM_SCHEMAS[i]->id, urn)) {
            return SCIM_SCHEMAS[i];
        }
    }
    return NULL;
}
