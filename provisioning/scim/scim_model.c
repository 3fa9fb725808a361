#include "provisioning/scim/scim_model.h"

#include <assert.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SUBS(array)  .kind = SCIM_COMPLEX, .subs = (array), .sub_count = COUNT(array)
#define NAME(text)   .name = STR_INIT(text)

static const struct scim_attribute META[] = {
    {NAME("resourceType"), .is_case_exact = true, .mutability = SCIM_READ_ONLY},
    {NAME("created"), .kind = SCIM_DATE_TIME, .mutability = SCIM_READ_ONLY},
    {NAME("lastModified"), .kind = SCIM_DATE_TIME, .mutability = SCIM_READ_ONLY},
    {NAME("location"), .kind = SCIM_REFERENCE, .is_case_exact = true, .mutability = SCIM_READ_ONLY},
    {NAME("version"), .is_case_exact = true, .mutability = SCIM_READ_ONLY},
};

static const struct scim_attribute COMMON[] = {
    {NAME("id"), .is_case_exact = true, .mutability = SCIM_READ_ONLY,
     .returned = SCIM_RETURNED_ALWAYS, .uniqueness = SCIM_UNIQUE_SERVER},
    {NAME("externalId"), .is_case_exact = true},
    {NAME("schemas"), .kind = SCIM_REFERENCE, .is_multi = true, .mutability = SCIM_READ_ONLY,
     .returned = SCIM_RETURNED_ALWAYS},
    {NAME("meta"), SUBS(META), .mutability = SCIM_READ_ONLY},
};

static const char *const WORK_HOME_OTHER[] = {"work", "home", "other", NULL};
static const char *const PHONE_TYPES[] = {"work", "home", "mobile", "fax", "pager", "other", NULL};
static const char *const IM_TYPES[] = {"aim",   "gtalk", "icq",   "xmpp", "msn",
                                       "skype", "qq",    "yahoo", NULL};
static const char *const PHOTO_TYPES[] = {"photo", "thumbnail", NULL};
static const char *const EXTERNAL[] = {"external", NULL};
static const char *const USERS[] = {"User", NULL};
static const char *const GROUPS[] = {"Group", NULL};
static const char *const USERS_AND_GROUPS[] = {"User", "Group", NULL};
static const char *const MEMBERSHIPS[] = {"direct", "indirect", NULL};

static const struct scim_attribute NAME_SUBS[] = {
    {NAME("formatted"), "The full name, as one would write it."},
    {NAME("familyName"), "The family name."},
    {NAME("givenName"), "The given name."},
    {NAME("middleName"), "The middle names."},
    {NAME("honorificPrefix"), "A title in front of the name."},
    {NAME("honorificSuffix"), "A suffix behind the name."},
};

#define DISPLAY                                                                                    \
    { NAME("display"), "A name for people to read." }
#define PRIMARY                                                                                    \
    { NAME("primary"), "The preferred value of all.", .kind = SCIM_BOOLEAN }
#define TYPE(list)                                                                                 \
    { NAME("type"), "What the value is for.", .canonical = (list) }

static const struct scim_attribute EMAILS[] = {
    {NAME("value"), "The address."}, DISPLAY, TYPE(WORK_HOME_OTHER), PRIMARY};
static const struct scim_attribute PHONES[] = {
    {NAME("value"), "The number."}, DISPLAY, TYPE(PHONE_TYPES), PRIMARY};
static const struct scim_attribute IMS[] = {
    {NAME("value"), "The address."}, DISPLAY, TYPE(IM_TYPES), PRIMARY};
static const struct scim_attribute PHOTOS[] = {{NAME("value"), "Where the picture is.",
                                                .kind = SCIM_REFERENCE, .is_case_exact = true,
                                                .references = EXTERNAL},
                                               DISPLAY,
                                               TYPE(PHOTO_TYPES),
                                               PRIMARY};
static const struct scim_attribute ADDRESSES[] = {
    {NAME("formatted"), "The whole address, with line breaks."},
    {NAME("streetAddress"), "Street and number."},
    {NAME("locality"), "City."},
    {NAME("region"), "State or region."},
    {NAME("postalCode"), "Postal code."},
    {NAME("country"), "Country, two letters by preference."},
    TYPE(WORK_HOME_OTHER),
    PRIMARY,
};
static const struct scim_attribute ENTITLEMENTS[] = {
    {NAME("value"), "The entitlement."}, DISPLAY, TYPE(NULL), PRIMARY};
static const struct scim_attribute ROLES[] = {
    {NAME("value"), "The role."}, DISPLAY, TYPE(NULL), PRIMARY};
static const struct scim_attribute CERTIFICATES[] = {
    {NAME("value"), "A certificate in DER.", .kind = SCIM_BINARY, .is_case_exact = true},
    DISPLAY,
    TYPE(NULL),
    PRIMARY};

/* Ours to say, in /Groups alone; on request, because one change there would change thousands of
 * people. */
static const struct scim_attribute GROUPS_OF_USER[] = {
    {NAME("value"), "The id of the group.", .is_case_exact = true, .mutability = SCIM_READ_ONLY},
    {NAME("$ref"), "The address of the group's resource.", .kind = SCIM_REFERENCE,
     .is_case_exact = true, .mutability = SCIM_READ_ONLY, .references = GROUPS},
    {NAME("display"), "The group's name.", .mutability = SCIM_READ_ONLY},
    {NAME("type"), "Whether the person is in it, or in a group that is.",
     .mutability = SCIM_READ_ONLY, .canonical = MEMBERSHIPS},
};

static const struct scim_attribute USER[] = {
    {NAME("userName"), "The name that identifies the person in the organisation.",
     .is_required = true, .uniqueness = SCIM_UNIQUE_SERVER},
    {NAME("name"), "The parts of the person's name.", SUBS(NAME_SUBS)},
    {NAME("displayName"), "The name that others see."},
    {NAME("nickName"), "The casual name."},
    {NAME("profileUrl"), "A page about the person.", .kind = SCIM_REFERENCE, .is_case_exact = true,
     .references = EXTERNAL},
    {NAME("title"), "The person's title."},
    {NAME("userType"), "The relation to the organisation, such as Employee."},
    {NAME("preferredLanguage"), "As in the Accept-Language header."},
    {NAME("locale"), "For dates, numbers and currency."},
    {NAME("timezone"), "As in the time zone database."},
    {NAME("active"), "Whether the person may use the messenger.", .kind = SCIM_BOOLEAN},
    {NAME("password"), "Taken and dropped: people sign in at their identity provider.",
     .is_case_exact = true, .mutability = SCIM_WRITE_ONLY, .returned = SCIM_RETURNED_NEVER},
    {NAME("emails"), "E-mail addresses.", SUBS(EMAILS), .is_multi = true},
    {NAME("phoneNumbers"), "Telephone numbers.", SUBS(PHONES), .is_multi = true},
    {NAME("ims"), "Addresses of instant messengers.", SUBS(IMS), .is_multi = true},
    {NAME("photos"), "Pictures of the person.", SUBS(PHOTOS), .is_multi = true},
    {NAME("addresses"), "Postal addresses.", SUBS(ADDRESSES), .is_multi = true},
    {NAME("entitlements"), "What the person is entitled to.", SUBS(ENTITLEMENTS), .is_multi = true},
    {NAME("roles"), "Roles that the directory knows.", SUBS(ROLES), .is_multi = true},
    {NAME("x509Certificates"), "Certificates of the person.", SUBS(CERTIFICATES), .is_multi = true},
    {NAME("groups"), "The groups that the person is in; changed in the groups.",
     SUBS(GROUPS_OF_USER), .is_multi = true, .mutability = SCIM_READ_ONLY,
     .returned = SCIM_RETURNED_REQUEST},
};
const struct scim_attribute *const SCIM_GROUPS = &USER[COUNT(USER) - 1];

static const struct scim_attribute MANAGER[] = {
    {NAME("value"), "The id of the manager.", .is_case_exact = true},
    {NAME("$ref"), "The address of the manager's resource.", .kind = SCIM_REFERENCE,
     .is_case_exact = true, .references = USERS},
    {NAME("displayName"), "The manager's name.", .mutability = SCIM_READ_ONLY},
};

static const struct scim_attribute ENTERPRISE[] = {
    {NAME("employeeNumber"), "The number in the organisation."},
    {NAME("costCenter"), "The cost centre."},
    {NAME("organization"), "The organisation."},
    {NAME("division"), "The division."},
    {NAME("department"), "The department."},
    {NAME("manager"), "The person's manager.", SUBS(MANAGER)},
};

/* A member is put in and taken out, never changed (RFC 7643 section 4.2). Its name is the person's,
 * so it is outside the group's tag and shown on request. */
static const struct scim_attribute MEMBERS[] = {
    {NAME("value"), "The id of a person or of another group.", .is_case_exact = true,
     .mutability = SCIM_IMMUTABLE},
    {NAME("$ref"), "The address of the member's resource.", .kind = SCIM_REFERENCE,
     .is_case_exact = true, .mutability = SCIM_IMMUTABLE, .references = USERS_AND_GROUPS},
    {NAME("type"), "What the member is.", .mutability = SCIM_IMMUTABLE,
     .canonical = USERS_AND_GROUPS},
    {NAME("display"), "The member's name.", .mutability = SCIM_READ_ONLY,
     .returned = SCIM_RETURNED_REQUEST},
};

static const struct scim_attribute GROUP[] = {
    {NAME("displayName"), "The name of the group, which no other of the organisation has.",
     .is_required = true, .uniqueness = SCIM_UNIQUE_SERVER},
    {NAME("members"), "Who is in the group.", SUBS(MEMBERS), .is_multi = true, .is_rows = true},
};
const struct scim_attribute *const SCIM_MEMBERS = &GROUP[COUNT(GROUP) - 1];

static const struct scim_schema USER_SCHEMA = {
    .id = STR_INIT(SCIM_USER_SCHEMA),
    NAME("User"),
    .description = "A person of the organisation",
    .attributes = USER,
    .attribute_count = COUNT(USER),
};

static const struct scim_schema ENTERPRISE_SCHEMA = {
    .id = STR_INIT(SCIM_ENTERPRISE_SCHEMA),
    NAME("EnterpriseUser"),
    .description = "What enterprises add to a person",
    .attributes = ENTERPRISE,
    .attribute_count = COUNT(ENTERPRISE),
};

static const struct scim_schema GROUP_SCHEMA = {
    .id = STR_INIT(SCIM_GROUP_SCHEMA),
    NAME("Group"),
    .description = "People and groups under one name",
    .attributes = GROUP,
    .attribute_count = COUNT(GROUP),
};

static const struct scim_extension USER_EXTENSIONS[] = {{&ENTERPRISE_SCHEMA, false}};

const struct scim_type SCIM_USER_TYPE = {
    NAME("User"),
    .endpoint = STR_INIT("/Users"),
    .description = "People",
    .schema = &USER_SCHEMA,
    .extensions = USER_EXTENSIONS,
    .extension_count = COUNT(USER_EXTENSIONS),
};

const struct scim_type SCIM_GROUP_TYPE = {
    NAME("Group"),
    .endpoint = STR_INIT("/Groups"),
    .description = "Groups",
    .schema = &GROUP_SCHEMA,
};

const struct scim_type *const SCIM_TYPES[] = {&SCIM_USER_TYPE, &SCIM_GROUP_TYPE};
const size_t SCIM_TYPE_COUNT = COUNT(SCIM_TYPES);
const struct scim_schema *const SCIM_SCHEMAS[] = {&USER_SCHEMA, &GROUP_SCHEMA, &ENTERPRISE_SCHEMA};
const size_t SCIM_SCHEMA_COUNT = COUNT(SCIM_SCHEMAS);

const struct scim_profile SCIM_TOLERANT = {
    .name = "tolerant",
    .infers_schemas = true,
    .ignores_unknown = true,
    .reads_boolean_text = true,
    .reshapes_values = true,
    .creates_absent = true,
    .restores_inactive = true,
    .deactivates_refused = true,
};

const struct scim_profile SCIM_STRICT = {.name = "strict"};

static const char *const KINDS[] = {
    [SCIM_STRING] = "string",       [SCIM_BOOLEAN] = "boolean",    [SCIM_INTEGER] = "integer",
    [SCIM_DECIMAL] = "decimal",     [SCIM_DATE_TIME] = "dateTime", [SCIM_BINARY] = "binary",
    [SCIM_REFERENCE] = "reference", [SCIM_COMPLEX] = "complex",
};
static_assert(COUNT(KINDS) == SCIM_KIND_COUNT, "every kind has a name");

static const char *const MUTABILITIES[] = {
    [SCIM_READ_WRITE] = "readWrite",
    [SCIM_READ_ONLY] = "readOnly",
    [SCIM_IMMUTABLE] = "immutable",
    [SCIM_WRITE_ONLY] = "writeOnly",
};
static_assert(COUNT(MUTABILITIES) == SCIM_MUTABILITY_COUNT, "every mutability has a name");

static const char *const RETURNED[] = {
    [SCIM_RETURNED_DEFAULT] = "default",
    [SCIM_RETURNED_ALWAYS] = "always",
    [SCIM_RETURNED_NEVER] = "never",
    [SCIM_RETURNED_REQUEST] = "request",
};
static_assert(COUNT(RETURNED) == SCIM_RETURNED_COUNT, "every way of returning has a name");

static const char *const UNIQUENESS[] = {
    [SCIM_UNIQUE_NONE] = "none", [SCIM_UNIQUE_SERVER] = "server"};
static_assert(COUNT(UNIQUENESS) == SCIM_UNIQUENESS_COUNT, "every uniqueness has a name");

const char *scim_kind_name(enum scim_kind kind) {
    assert(kind < SCIM_KIND_COUNT);
    return KINDS[kind];
}

const char *scim_mutability_name(enum scim_mutability mutability) {
    assert(mutability < SCIM_MUTABILITY_COUNT);
    return MUTABILITIES[mutability];
}

const char *scim_returned_name(enum scim_returned returned) {
    assert(returned < SCIM_RETURNED_COUNT);
    return RETURNED[returned];
}

const char *scim_uniqueness_name(enum scim_uniqueness uniqueness) {
    assert(uniqueness < SCIM_UNIQUENESS_COUNT);
    return UNIQUENESS[uniqueness];
}

static const struct scim_attribute *find(const struct scim_attribute *attributes, size_t count,
                                         struct str name) {
    for (size_t i = 0; i < count; i++) {
        if (str_eq_ascii_nocase(attributes[i].name, name)) {
            return &attributes[i];
        }
    }
    return NULL;
}

const struct scim_attribute *scim_sub_find(const struct scim_attribute *attribute,
                                           struct str name) {
    return find(attribute->subs, attribute->sub_count, name);
}

const struct scim_attribute *scim_schema_find(const struct scim_schema *schema, struct str name) {
    return find(schema->attributes, schema->attribute_count, name);
}

const struct scim_attribute *scim_core_find(const struct scim_type *type, struct str name) {
    const struct scim_attribute *common = find(COMMON, COUNT(COMMON), name);
    return common != NULL ? common : scim_schema_find(type->schema, name);
}

const struct scim_schema *scim_extension_find(const struct scim_type *type, struct str urn) {
    for (size_t i = 0; i < type->extension_count; i++) {
        if (str_eq_ascii_nocase(type->extensions[i].schema->id, urn)) {
            return type->extensions[i].schema;
        }
    }
    return NULL;
}

bool scim_is_canonical(const struct scim_attribute *attribute, struct str value) {
    const char *const *canonical = attribute->canonical;
    for (size_t i = 0; canonical != NULL && canonical[i] != NULL; i++) {
        if (str_eq_ascii_nocase(str_from_c(canonical[i]), value)) {
            return true;
        }
    }
    return false;
}

const struct scim_attribute *scim_default_sub(const struct scim_attribute *attribute) {
    return scim_sub_find(attribute, STR("value"));
}
