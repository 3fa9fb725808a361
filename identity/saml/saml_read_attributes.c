/* Attributes: two passes, because providers may send one attribute in several elements. */

#include "base/arena.h"
#include "identity/saml/saml_read.h"
#include "identity/saml/saml_xml.h"

/* In place of too many groups Microsoft Entra sends an address where to ask for them. */
static const struct str GROUPS_LINK = STR_INIT("http://schemas.microsoft.com/claims/groups.link");

struct pass {
    size_t total;                       /* values */
    size_t counts[SAML_ATTRIBUTES_MAX]; /* by attribute */
    bool is_filling;
};

/* The only text, or that of a NameID inside (eduPersonTargetedID). Other element content is
 * ignored, never flattened. */
static bool value_of(const xmlNode *node, struct str *ret) {
    static const char *const NAME_ID[] = {"NameID"};
    if (saml_xml_first_element(node) == NULL) {
        return saml_xml_text(node, ret);
    }
    return saml_xml_children_are(node, SAML_NS, NAME_ID, 1) &&
           saml_xml_text(saml_xml_first_element(node), ret);
}

static result find_or_add(struct scope *scope, const xmlNode *node, struct saml_assertion *facts,
                          size_t *ret) {
    const struct str name = saml_xml_attribute(node, "Name");
    const struct str format = saml_xml_attribute(node, "NameFormat");
    for (size_t i = 0; i < facts->attribute_count; i++) {
        if (str_eq(facts->attributes[i].name, name) &&
            str_eq(facts->attributes[i].name_format, format)) {
            *ret = i;
            return OK_RESULT;
        }
    }
    SAML_REQUIRE(scope, facts->attribute_count < SAML_ATTRIBUTES_MAX, SAML_GATE_VOLUME);
    facts->attributes[facts->attribute_count] = (struct saml_attribute){
        .name = str_copy(scope->arena, name),
        .name_format = str_copy(scope->arena, format),
        .friendly_name = str_copy(scope->arena, saml_xml_attribute(node, "FriendlyName")),
    };
    *ret = facts->attribute_count;
    facts->attribute_count++;
    return OK_RESULT;
}

static result take_values(struct scope *scope, const xmlNode *node, struct pass *pass,
                          struct saml_assertion *facts) {
    size_t at = 0;
    TRY(find_or_add(scope, node, facts, &at));
    struct saml_attribute *attribute = &facts->attributes[at];
    for (const xmlNode *child = saml_xml_child(node, SAML_NS, "AttributeValue"); child != NULL;
         child = saml_xml_next(child)) {
        struct str value;
        if (!value_of(child, &value)) {
            continue;
        }
        pass->total++;
        pass->counts[at]++;
        SAML_REQUIRE(scope, pass->total <= SAML_VALUES_MAX, SAML_GATE_VOLUME);
        if (pass->is_filling && attribute->values != NULL) {
            attribute->values[attribute->count] = str_copy(scope->arena, value);
            attribute->count++;
        }
    }
    return OK_RESULT;
}

static result run_pass(struct scope *scope, const xmlNode *assertion, struct pass *pass,
                       struct saml_assertion *facts) {
    for (const xmlNode *statement = saml_xml_child(assertion, SAML_NS, "AttributeStatement");
         statement != NULL; statement = saml_xml_next(statement)) {
        for (const xmlNode *node = saml_xml_child(statement, SAML_NS, "Attribute"); node != NULL;
             node = saml_xml_next(node)) {
            TRY(take_values(scope, node, pass, facts));
        }
    }
    return OK_RESULT;
}

result saml_read_attributes(struct scope *scope, struct saml_verified assertion,
                            struct saml_assertion *assertion_facts) {
    struct pass counting = {.total = 0};
    TRY(run_pass(scope, assertion.node, &counting, assertion_facts));
    for (size_t i = 0; i < assertion_facts->attribute_count; i++) {
        struct saml_attribute *attribute = &assertion_facts->attributes[i];
        attribute->values = NEW_ARRAY(scope->arena, counting.counts[i], struct str);
        if (str_eq(attribute->name, GROUPS_LINK)) {
            assertion_facts->has_group_overage = true;
        }
    }
    struct pass filling = {.is_filling = true};
    return run_pass(scope, assertion.node, &filling, assertion_facts);
}
