#include "identity/saml/saml_read.h"

#include "base/arena.h"
#include "base/time_text.h"
#include "identity/saml/saml_xml.h"

enum { STATUS_MESSAGE_MAX = 200 };

#define STATUS(name) STR_INIT("urn:oasis:names:tc:SAML:2.0:status:" name)

/* SAML core 3.2.2.2. */
static const struct str STATUSES[] = {
    STATUS("Success"),
    STATUS("Requester"),
    STATUS("Responder"),
    STATUS("VersionMismatch"),
    STATUS("AuthnFailed"),
    STATUS("InvalidAttrNameOrValue"),
    STATUS("InvalidNameIDPolicy"),
    STATUS("NoAuthnContext"),
    STATUS("NoAvailableIDP"),
    STATUS("NoPassive"),
    STATUS("NoSupportedIDP"),
    STATUS("PartialLogout"),
    STATUS("ProxyCountExceeded"),
    STATUS("RequestDenied"),
    STATUS("RequestUnsupported"),
    STATUS("RequestVersionDeprecated"),
    STATUS("RequestVersionTooHigh"),
    STATUS("RequestVersionTooLow"),
    STATUS("ResourceNotRecognized"),
    STATUS("TooManyResponses"),
    STATUS("UnknownAttrProfile"),
    STATUS("UnknownPrincipal"),
    STATUS("UnsupportedBinding"),
};

static struct str attribute(struct scope *scope, const xmlNode *node, const char *name) {
    return str_copy(scope->arena, saml_xml_attribute(node, name));
}

static result read_time(struct scope *scope, const xmlNode *node, const char *name,
                        struct saml_time *ret) {
    struct saml_time time = {.is_present = saml_xml_has_attribute(node, name)};
    SAML_REQUIRE(scope,
                 !time.is_present ||
                     is_ok(time_parse(scope, saml_xml_attribute(node, name), &time.us)),
                 SAML_TIME);
    *ret = time;
    return OK_RESULT;
}

/* Text that decides is exactly one text node. */
static result read_text(struct scope *scope, const xmlNode *node, enum saml_reason reason,
                        struct str *ret) {
    struct str text;
    SAML_REQUIRE(scope, saml_xml_text(node, &text), reason);
    *ret = str_copy(scope->arena, text);
    return OK_RESULT;
}

static result read_issuer(struct scope *scope, const xmlNode *parent, bool *ret_is_there,
                          struct str *ret) {
    const xmlNode *issuer = saml_xml_child(parent, SAML_NS, "Issuer");
    SAML_REQUIRE(scope, issuer == NULL || saml_xml_next(issuer) == NULL, SAML_ISSUER);
    *ret_is_there = issuer != NULL;
    return issuer == NULL ? OK_RESULT : read_text(scope, issuer, SAML_ISSUER, ret);
}

/* A literal of the list, so that it may be shown and logged; else empty. */
static struct str known_status(const xmlNode *code) {
    const struct str value = saml_xml_attribute(code, "Value");
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        if (str_eq(value, STATUSES[i])) {
            return STATUSES[i];
        }
    }
    return STR("");
}

static struct str first_characters(struct str text, size_t max) {
    size_t at = 0;
    size_t count = 0;
    while (at < text.len && count < max) {
        for (at++; at < text.len && ((unsigned char) text.at[at] & 0xc0) == 0x80; at++) {
        }
        count++;
    }
    return str_first(text, at);
}

struct status {
    struct str code, sub_code, message;
};

static result read_status(struct scope *scope, const xmlNode *root, struct status *ret) {
    const xmlNode *status = saml_xml_child(root, SAMLP_NS, "Status");
    SAML_REQUIRE(scope,
                 saml_xml_count(root, SAMLP_NS, "Status") <= 1 &&
                     saml_xml_count(status, SAMLP_NS, "StatusCode") <= 1,
                 SAML_STATUS);
    const xmlNode *code = saml_xml_child(status, SAMLP_NS, "StatusCode");
    const xmlNode *message = saml_xml_child(status, SAMLP_NS, "StatusMessage");
    struct str text = STR("");
    if (message != NULL && !saml_xml_text(message, &text)) {
        text = STR("");
    }
    *ret = (struct status){
        .code = known_status(code),
        .sub_code = known_status(saml_xml_child(code, SAMLP_NS, "StatusCode")),
        .message = str_copy(scope->arena, first_characters(text, STATUS_MESSAGE_MAX)),
    };
    return OK_RESULT;
}

result saml_read_response(struct scope *scope, struct saml_hint root, struct saml_response *ret) {
    const xmlNode *node = root.node;
    struct status status;
    TRY(read_status(scope, node, &status));
    struct saml_response response = {
        .id = attribute(scope, node, "ID"),
        .version = attribute(scope, node, "Version"),
        .has_destination = saml_xml_has_attribute(node, "Destination"),
        .has_in_response_to = saml_xml_has_attribute(node, "InResponseTo"),
        .destination = attribute(scope, node, "Destination"),
        .in_response_to = attribute(scope, node, "InResponseTo"),
        .status = status.code,
        .sub_status = status.sub_code,
        .status_message = status.message,
    };
    TRY(read_time(scope, node, "IssueInstant", &response.issue_instant));
    TRY(read_issuer(scope, node, &response.has_issuer, &response.issuer));
    *ret = response;
    return OK_RESULT;
}

static result read_name_id(struct scope *scope, const xmlNode *node, struct saml_name_id *ret) {
    struct saml_name_id name = {
        .format = attribute(scope, node, "Format"),
        .name_qualifier = attribute(scope, node, "NameQualifier"),
        .sp_name_qualifier = attribute(scope, node, "SPNameQualifier"),
    };
    TRY(read_text(scope, node, SAML_NAME_ID, &name.value));
    SAML_REQUIRE(scope, name.value.len <= SAML_NAME_ID_MAX, SAML_NAME_ID);
    *ret = name;
    return OK_RESULT;
}

/* NameID, or what was in EncryptedID, below `parent`. */
static result read_subject_name(struct scope *scope, const xmlNode *parent,
                                struct saml_verified opened, size_t *ret_count,
                                struct saml_name_id *ret) {
    const xmlNode *plain = saml_xml_child(parent, SAML_NS, "NameID");
    const xmlNode *name = plain != NULL ? plain : opened.node;
    *ret_count =
        saml_xml_count(parent, SAML_NS, "NameID") + saml_xml_count(parent, SAML_NS, "EncryptedID");
    return name == NULL ? OK_RESULT : read_name_id(scope, name, ret);
}

static result read_confirmation(struct scope *scope, const xmlNode *node,
                                struct saml_confirmation *ret) {
    const xmlNode *data = saml_xml_child(node, SAML_NS, "SubjectConfirmationData");
    struct saml_confirmation confirmation = {
        .method = attribute(scope, node, "Method"),
        .data_count = saml_xml_count(node, SAML_NS, "SubjectConfirmationData"),
        .recipient = attribute(scope, data, "Recipient"),
        .in_response_to = attribute(scope, data, "InResponseTo"),
    };
    TRY(read_time(scope, data, "NotBefore", &confirmation.not_before));
    TRY(read_time(scope, data, "NotOnOrAfter", &confirmation.not_on_or_after));
    *ret = confirmation;
    return OK_RESULT;
}

static result read_subject(struct scope *scope, const xmlNode *node, struct saml_verified name_id,
                           struct saml_assertion *assertion) {
    const xmlNode *subject = saml_xml_child(node, SAML_NS, "Subject");
    assertion->subject_count = saml_xml_count(node, SAML_NS, "Subject");
    TRY(read_subject_name(scope, subject, name_id, &assertion->name_id_count, &assertion->name_id));
    SAML_REQUIRE(scope,
                 saml_xml_count(subject, SAML_NS, "SubjectConfirmation") <= SAML_CONFIRMATIONS_MAX,
                 SAML_GATE_VOLUME);
    for (const xmlNode *child = saml_xml_child(subject, SAML_NS, "SubjectConfirmation");
         child != NULL; child = saml_xml_next(child)) {
        TRY(read_confirmation(scope, child,
                              &assertion->confirmations[assertion->confirmation_count]));
        assertion->confirmation_count++;
    }
    return OK_RESULT;
}

static struct str trim(struct str text) {
    while (text.len > 0 && str_find_byte(STR(" \t\r\n"), text.at[0]) >= 0) {
        text = str_from(text, 1);
    }
    while (text.len > 0 && str_find_byte(STR(" \t\r\n"), text.at[text.len - 1]) >= 0) {
        text.len--;
    }
    return text;
}

static result read_restriction(struct scope *scope, const xmlNode *node,
                               struct saml_restriction *ret) {
    const size_t count = saml_xml_count(node, SAML_NS, "Audience");
    SAML_REQUIRE(scope, count <= SAML_AUDIENCES_MAX, SAML_GATE_VOLUME);
    struct saml_restriction restriction = {
        .audiences = NEW_ARRAY(scope->arena, count, struct str),
    };
    for (const xmlNode *audience = saml_xml_child(node, SAML_NS, "Audience"); audience != NULL;
         audience = saml_xml_next(audience)) {
        struct str text = STR("");
        TRY(read_text(scope, audience, SAML_AUDIENCE, &text));
        restriction.audiences[restriction.count] = trim(text);
        restriction.count++;
    }
    *ret = restriction;
    return OK_RESULT;
}

static result read_condition(struct scope *scope, const xmlNode *node,
                             struct saml_assertion *assertion) {
    if (saml_xml_is(node, SAML_NS, "AudienceRestriction")) {
        SAML_REQUIRE(scope, assertion->restriction_count < SAML_RESTRICTIONS_MAX, SAML_GATE_VOLUME);
        TRY(read_restriction(scope, node, &assertion->restrictions[assertion->restriction_count]));
        assertion->restriction_count++;
        return OK_RESULT;
    }
    if (!saml_xml_is(node, SAML_NS, "OneTimeUse") &&
        !saml_xml_is(node, SAML_NS, "ProxyRestriction")) {
        assertion->has_unknown_condition = true;
    }
    return OK_RESULT;
}

static result read_conditions(struct scope *scope, const xmlNode *node,
                              struct saml_assertion *assertion) {
    const xmlNode *conditions = saml_xml_child(node, SAML_NS, "Conditions");
    assertion->conditions_count = saml_xml_count(node, SAML_NS, "Conditions");
    TRY(read_time(scope, conditions, "NotBefore", &assertion->not_before));
    TRY(read_time(scope, conditions, "NotOnOrAfter", &assertion->not_on_or_after));
    for (const xmlNode *child = saml_xml_first_element(conditions); child != NULL;
         child = saml_xml_next_element(child)) {
        TRY(read_condition(scope, child, assertion));
    }
    return OK_RESULT;
}

/* Of several statements the one that ends first: none of them vouches for longer. */
static result read_session_end(struct scope *scope, const xmlNode *statement,
                               struct saml_time *ret) {
    struct saml_time earliest = {.is_present = false};
    for (const xmlNode *node = statement; node != NULL; node = saml_xml_next(node)) {
        struct saml_time end = {.is_present = false};
        TRY(read_time(scope, node, "SessionNotOnOrAfter", &end));
        if (end.is_present && (!earliest.is_present || end.us < earliest.us)) {
            earliest = end;
        }
    }
    *ret = earliest;
    return OK_RESULT;
}

static result read_authn(struct scope *scope, const xmlNode *node, struct saml_authn *ret) {
    const xmlNode *statement = saml_xml_child(node, SAML_NS, "AuthnStatement");
    const xmlNode *context = saml_xml_child(statement, SAML_NS, "AuthnContext");
    const xmlNode *class_ref = saml_xml_child(context, SAML_NS, "AuthnContextClassRef");
    struct saml_authn authn = {
        .count = saml_xml_count(node, SAML_NS, "AuthnStatement"),
        .session_index = attribute(scope, statement, "SessionIndex"),
    };
    TRY(read_time(scope, statement, "AuthnInstant", &authn.authn_instant));
    TRY(read_session_end(scope, statement, &authn.session_not_on_or_after));
    if (class_ref != NULL) {
        SAML_REQUIRE(scope, saml_xml_next(class_ref) == NULL, SAML_AUTHN_CONTEXT);
        TRY(read_text(scope, class_ref, SAML_AUTHN_CONTEXT, &authn.class_ref));
    }
    *ret = authn;
    return OK_RESULT;
}

result saml_read_assertion(struct scope *scope, struct saml_verified assertion,
                           struct saml_verified name_id, struct saml_assertion *ret) {
    const xmlNode *node = assertion.node;
    struct saml_assertion *facts = NEW(scope->arena, struct saml_assertion);
    bool has_issuer = false;
    facts->id = attribute(scope, node, "ID");
    facts->version = attribute(scope, node, "Version");
    TRY(read_time(scope, node, "IssueInstant", &facts->issue_instant));
    TRY(read_issuer(scope, node, &has_issuer, &facts->issuer));
    TRY(read_subject(scope, node, name_id, facts));
    TRY(read_conditions(scope, node, facts));
    TRY(read_authn(scope, node, &facts->authn));
    TRY(saml_read_attributes(scope, assertion, facts));
    *ret = *facts;
    return OK_RESULT;
}

static result read_indexes(struct scope *scope, const xmlNode *root, struct saml_logout *logout) {
    SAML_REQUIRE(scope, saml_xml_count(root, SAMLP_NS, "SessionIndex") <= SAML_SESSION_INDEXES_MAX,
                 SAML_GATE_VOLUME);
    for (const xmlNode *node = saml_xml_child(root, SAMLP_NS, "SessionIndex"); node != NULL;
         node = saml_xml_next(node)) {
        TRY(read_text(scope, node, SAML_NAME_ID,
                      &logout->session_indexes[logout->session_index_count]));
        logout->session_index_count++;
    }
    return OK_RESULT;
}

static result read_logout_request(struct scope *scope, const xmlNode *root,
                                  struct saml_verified name_id, struct saml_logout *logout) {
    size_t count = 0;
    TRY(read_time(scope, root, "NotOnOrAfter", &logout->not_on_or_after));
    TRY(read_subject_name(scope, root, name_id, &count, &logout->name_id));
    SAML_REQUIRE(scope, count == 1, SAML_NAME_ID);
    return read_indexes(scope, root, logout);
}

static result read_logout_response(struct scope *scope, const xmlNode *root,
                                   struct saml_logout *logout) {
    struct status status;
    TRY(read_status(scope, root, &status));
    logout->in_response_to = attribute(scope, root, "InResponseTo");
    logout->status = status.code;
    logout->sub_status = status.sub_code;
    return OK_RESULT;
}

result saml_read_logout(struct scope *scope, struct saml_verified root,
                        struct saml_verified name_id, struct saml_logout *ret) {
    bool has_issuer = false;
    struct saml_logout logout = {
        .is_request = saml_xml_is(root.node, SAMLP_NS, "LogoutRequest"),
        .id = attribute(scope, root.node, "ID"),
        .version = attribute(scope, root.node, "Version"),
        .has_destination = saml_xml_has_attribute(root.node, "Destination"),
        .destination = attribute(scope, root.node, "Destination"),
    };
    TRY(read_time(scope, root.node, "IssueInstant", &logout.issue_instant));
    TRY(read_issuer(scope, root.node, &has_issuer, &logout.issuer));
    if (logout.is_request) {
        TRY(read_logout_request(scope, root.node, name_id, &logout));
    } else {
        TRY(read_logout_response(scope, root.node, &logout));
    }
    *ret = logout;
    return OK_RESULT;
}
