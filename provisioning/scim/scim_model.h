#pragma once
/* SCIM schemas, resource types and attribute characteristics (RFC 7643) as data. Everything that
 * reads, changes, shows or describes a resource is driven by these tables: another attribute,
 * extension or resource type is a row. */

#include "base/result.h"
#include "base/str.h"

enum scim_kind {
    SCIM_STRING,
    SCIM_BOOLEAN,
    SCIM_INTEGER,
    SCIM_DECIMAL,
    SCIM_DATE_TIME,
    SCIM_BINARY,
    SCIM_REFERENCE,
    SCIM_COMPLEX,
    SCIM_KIND_COUNT
};

enum scim_mutability {
    SCIM_READ_WRITE,
    SCIM_READ_ONLY,
    SCIM_IMMUTABLE,
    SCIM_WRITE_ONLY,
    SCIM_MUTABILITY_COUNT
};

enum scim_returned {
    SCIM_RETURNED_DEFAULT,
    SCIM_RETURNED_ALWAYS,
    SCIM_RETURNED_NEVER,
    SCIM_RETURNED_REQUEST,
    SCIM_RETURNED_COUNT
};

enum scim_uniqueness { SCIM_UNIQUE_NONE, SCIM_UNIQUE_SERVER, SCIM_UNIQUENESS_COUNT };

/* The zeros are the defaults of RFC 7643 section 2.2. */
struct scim_attribute {
    struct str name;
    const char *description;
    enum scim_kind kind;
    bool is_multi, is_required, is_case_exact;
    bool is_rows; /* values too many for the resource: rows of their own, changed one by one */
    enum scim_mutability mutability;
    enum scim_returned returned;
    enum scim_uniqueness uniqueness;
    const char *const *canonical;  /* suggested values of a `type`, NULL at the end; NULL: none */
    const char *const *references; /* SCIM_REFERENCE: what it may point at; NULL at the end */
    const struct scim_attribute *subs; /* SCIM_COMPLEX */
    size_t sub_count;
};

struct scim_schema {
    struct str id; /* the URN */
    struct str name;
    const char *description;
    const struct scim_attribute *attributes;
    size_t attribute_count;
};

struct scim_extension {
    const struct scim_schema *schema;
    bool is_required;
};

struct scim_type {
    struct str name;     /* "User", also its id */
    struct str endpoint; /* "/Users" */
    const char *description;
    const struct scim_schema *schema;
    const struct scim_extension *extensions;
    size_t extension_count;
};

/* How far a tenant's clients may deviate from the texts. What each line is for: the statement or
 * dialect that asks for it. */
struct scim_profile {
    const char *name;
    bool infers_schemas;      /* bodies without "schemas" */
    bool ignores_unknown;     /* attributes and paths that no schema has */
    bool reads_boolean_text;  /* "False" for false, at any depth */
    bool reshapes_values;     /* one value for a list, a list of one for a value, "x" for
                                 {"value": "x"} */
    bool creates_absent;      /* replace of emails[type eq "work"].value where there is none */
    bool restores_inactive;   /* POST of somebody inactive brings them back instead of 409 */
    bool deactivates_refused; /* active:false is carried out although the rest is refused */
};

extern const struct scim_profile SCIM_TOLERANT; /* the default: a superset inside the RFC */
extern const struct scim_profile SCIM_STRICT;

struct scim_row_changes;

/* What a request is read by. */
struct scim_rules {
    const struct scim_type *type;
    const struct scim_profile *profile;
    struct scim_row_changes *rows; /* takes the changes of what is_rows; NULL: the type has none */
};

extern const struct scim_type SCIM_USER_TYPE;
extern const struct scim_type SCIM_GROUP_TYPE;
/* Group.members and User.groups: what is loaded only when somebody looks at it. */
extern const struct scim_attribute *const SCIM_MEMBERS;
extern const struct scim_attribute *const SCIM_GROUPS;
extern const struct scim_type *const SCIM_TYPES[];
extern const size_t SCIM_TYPE_COUNT;
extern const struct scim_schema *const SCIM_SCHEMAS[];
extern const size_t SCIM_SCHEMA_COUNT;

#define SCIM_USER_SCHEMA       "urn:ietf:params:scim:schemas:core:2.0:User"
#define SCIM_GROUP_SCHEMA      "urn:ietf:params:scim:schemas:core:2.0:Group"
#define SCIM_ENTERPRISE_SCHEMA "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

const char *scim_kind_name(enum scim_kind kind);
const char *scim_mutability_name(enum scim_mutability mutability);
const char *scim_returned_name(enum scim_returned returned);
const char *scim_uniqueness_name(enum scim_uniqueness uniqueness);

/* Names match in any case (RFC 7643 section 2.1). NULL: unknown. */
const struct scim_attribute *scim_sub_find(const struct scim_attribute *attribute, struct str name);
const struct scim_attribute *scim_schema_find(const struct scim_schema *schema, struct str name);
/* An attribute of the type's own schema, or one that all resources have: id, externalId, meta,
 * schemas. */
const struct scim_attribute *scim_core_find(const struct scim_type *type, struct str name);
const struct scim_schema *scim_extension_find(const struct scim_type *type, struct str urn);
/* True for one of the suggested values, in any case. */
bool scim_is_canonical(const struct scim_attribute *attribute, struct str value);
/* The sub-attribute that stands for the whole value in filters: "value"; NULL: none. */
const struct scim_attribute *scim_default_sub(const struct scim_attribute *attribute);
