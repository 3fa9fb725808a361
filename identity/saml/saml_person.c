#include "identity/saml/saml_person.h"

#include "base/arena.h"
#include "identity/saml/saml_check.h"

enum { TEXT_MAX = 512 };

#define FORMAT_UNSPECIFIED "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
#define FORMAT_EMAIL       "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
#define CLAIMS             "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

/* What providers call things unless told otherwise, the most exact name first. */
enum { USUAL_NAMES = 6 };
static const char *const USER_NAMES[USUAL_NAMES] = {"urn:oid:0.9.2342.19200300.100.1.1", "uid",
                                                    "username", "user_name", CLAIMS "name"};
static const char *const EMAILS[USUAL_NAMES] = {"urn:oid:0.9.2342.19200300.100.1.3", "mail",
                                                "email", "emailAddress", CLAIMS "emailaddress"};
static const char *const DISPLAY_NAMES[USUAL_NAMES] = {
    "urn:oid:2.16.840.1.113730.3.1.241", "displayName", "display_name", "cn",
    "http://schemas.microsoft.com/identity/claims/displayname"};
static const char *const GROUPS[USUAL_NAMES] = {
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "http://schemas.xmlsoap.org/claims/Group",
    "groups",
    "memberOf",
    "isMemberOf"};

static const struct saml_attribute *find_named(const struct saml_assertion *assertion,
                                               struct str name) {
    for (size_t i = 0; i < assertion->attribute_count; i++) {
        if (str_eq(assertion->attributes[i].name, name)) {
            return &assertion->attributes[i];
        }
    }
    return NULL;
}

/* The attribute that the connection names, or the first of the usual ones that is there. */
static const struct saml_attribute *find_attribute(const struct saml_assertion *assertion,
                                                   struct str configured,
                                                   const char *const usual[USUAL_NAMES]) {
    if (configured.len > 0) {
        return find_named(assertion, configured);
    }
    for (size_t i = 0; i < USUAL_NAMES && usual[i] != NULL; i++) {
        const struct saml_attribute *found = find_named(assertion, str_from_c(usual[i]));
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/* Text that people see must be text: anything else is treated as not said. */
static struct str first_text(const struct saml_attribute *attribute) {
    if (attribute == NULL || attribute->count == 0) {
        return STR("");
    }
    const struct str text = str_trim_blanks(attribute->values[0]);
    return text.len <= TEXT_MAX && !str_has_control(text) ? text : STR("");
}

/* The length in front keeps the parts apart, whatever bytes they have. */
static void add_part(struct strbuf *key, struct str part) {
    strbuf_add_number(key, (int64_t) part.len);
    strbuf_add_byte(key, ':');
    strbuf_add(key, part);
}

static struct str unless(struct str text, struct str nothing_new) {
    return str_eq(text, nothing_new) ? STR("") : text;
}

struct str saml_subject_of_name(struct scope *scope, const struct saml_name_id *name,
                                struct str idp_entity_id, struct str sp_entity_id) {
    struct strbuf key = strbuf_begin(scope->arena, 16 * 1024);
    add_part(&key, unless(name->format, STR(FORMAT_UNSPECIFIED)));
    add_part(&key, unless(unless(name->name_qualifier, idp_entity_id), sp_entity_id));
    add_part(&key, unless(unless(name->sp_name_qualifier, sp_entity_id), idp_entity_id));
    strbuf_add(&key, name->value);
    return strbuf_str(&key);
}

static result read_subject(struct scope *scope, const struct saml_settings *settings,
                           struct str sp_entity_id, const struct saml_assertion *assertion,
                           struct str *ret) {
    const struct str name = settings->subject_attribute;
    if (name.len == 0) {
        *ret = saml_subject_of_name(scope, &assertion->name_id, assertion->issuer, sp_entity_id);
        return OK_RESULT;
    }
    const struct saml_attribute *attribute = find_named(assertion, name);
    SAML_REQUIRE(scope,
                 attribute != NULL && attribute->count == 1 && saml_is_name(attribute->values[0]),
                 SAML_NAME_ID);
    struct strbuf key = strbuf_begin(scope->arena, 16 * 1024);
    strbuf_add_byte(&key, '@'); /* no key of a NameID begins like this */
    add_part(&key, name);
    strbuf_add(&key, attribute->values[0]);
    *ret = strbuf_str(&key);
    return OK_RESULT;
}

static void read_email(const struct saml_settings *settings, const struct saml_assertion *assertion,
                       struct saml_person *person) {
    person->email = first_text(find_attribute(assertion, settings->email, EMAILS));
    if (person->email.len == 0 && str_eq(assertion->name_id.format, STR(FORMAT_EMAIL))) {
        person->email = assertion->name_id.value;
        person->is_email_name = true;
    }
}

static struct str match_value_of(const struct connection *connection,
                                 const struct saml_assertion *assertion,
                                 const struct saml_person *person) {
    const struct str claim = connection->match_claim;
    if (str_eq(claim, STR("name_id"))) {
        return assertion->name_id.value;
    }
    if (str_eq(claim, STR("email"))) {
        return person->email;
    }
    if (str_eq(claim, STR("user_name"))) {
        return person->user_name;
    }
    return claim.len == 0 ? claim : first_text(find_named(assertion, claim));
}

/* Attributes may be there several times, with values each. */
static void read_groups(struct scope *scope, const struct saml_settings *settings,
                        const struct saml_assertion *assertion, struct saml_person *person) {
    const struct saml_attribute *first = find_attribute(assertion, settings->groups, GROUPS);
    struct str *groups = NEW_ARRAY(scope->arena, SAML_VALUES_MAX, struct str);
    for (size_t i = 0; first != NULL && i < assertion->attribute_count; i++) {
        const struct saml_attribute *attribute = &assertion->attributes[i];
        const bool is_meant = str_eq(attribute->name, first->name);
        for (size_t j = 0; is_meant && j < attribute->count; j++) {
            if (person->group_count < SAML_VALUES_MAX) {
                groups[person->group_count++] = attribute->values[j];
            }
        }
    }
    person->groups = groups;
    person->has_groups = !assertion->has_group_overage;
}

static bool is_in_group(const struct saml_person *person, struct str group) {
    for (size_t i = 0; i < person->group_count; i++) {
        if (str_eq(person->groups[i], group)) {
            return true;
        }
    }
    return false;
}

/* The highest role that a group gives; in none of them nobody is more than a member. */
static void read_role(const struct saml_settings *settings, struct saml_person *person) {
    if (settings->role_count == 0 || !person->has_groups) {
        return;
    }
    person->has_role = true;
    person->is_role_highest = true;
    person->role = ROLE_MEMBER;
    for (size_t i = 0; i < settings->role_count; i++) {
        const struct saml_group_role *rule = &settings->roles[i];
        const bool is_better = person->is_role_highest || rule->role > person->role;
        if (is_better && is_in_group(person, rule->group)) {
            person->role = rule->role;
            person->is_role_highest = false;
        }
    }
}

result saml_person_read(struct scope *scope, const struct connection *connection,
                        struct str sp_entity_id, const struct saml_assertion *assertion,
                        struct saml_person *ret) {
    const struct saml_settings *settings = &connection->saml;
    struct saml_person person = {.role = ROLE_MEMBER};
    TRY(read_subject(scope, settings, sp_entity_id, assertion, &person.subject));
    person.user_name = first_text(find_attribute(assertion, settings->user_name, USER_NAMES));
    if (person.user_name.len == 0) {
        person.user_name = assertion->name_id.value;
    }
    person.display_name =
        first_text(find_attribute(assertion, settings->display_name, DISPLAY_NAMES));
    read_email(settings, assertion, &person);
    person.match_value = match_value_of(connection, assertion, &person);
    read_groups(scope, settings, assertion, &person);
    read_role(settings, &person);
    *ret = person;
    return OK_RESULT;
}
