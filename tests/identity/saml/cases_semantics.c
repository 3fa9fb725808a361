/* What a message says, well signed: one wrong word each. The skew is 120 seconds, the clock stands
 * at 2026-01-02T03:04:05Z. */
#include "tests/identity/saml/lists.h"

#include <string.h>

#define CONDITIONS_END   "NotOnOrAfter=\"2026-01-02T03:14:05Z\""
#define CONFIRMATION_END "NotOnOrAfter=\"2026-01-02T03:09:05Z\""
#define CONDITIONS_BEGIN "NotBefore=\"2026-01-02T03:03:05Z\""
#define MESSAGE_ISSUED   "IssueInstant=\"2026-01-02T03:04:04Z\""
#define ISSUED           "IssueInstant=\"2026-01-02T03:04:03Z\""
#define SESSION_END      "SessionNotOnOrAfter=\"2026-01-02T11:04:05Z\""
#define AUTHENTICATED    "AuthnInstant=\"2026-01-02T03:03:35Z\""

static const struct saml_case TIME[] = {
    BROKEN("the Conditions have expired", "expired", CONDITIONS_END,
           "NotOnOrAfter=\"2026-01-02T03:02:04Z\""),
    BROKEN("the Conditions expired as long ago as the skew", "expired", CONDITIONS_END,
           "NotOnOrAfter=\"2026-01-02T03:02:05Z\""),
    BROKEN("the Conditions are not yet valid", "not_yet_valid", CONDITIONS_BEGIN,
           "NotBefore=\"2026-01-02T03:06:06Z\""),
    BROKEN("the Conditions begin a fraction behind the skew", "not_yet_valid", CONDITIONS_BEGIN,
           "NotBefore=\"2026-01-02T03:06:05.001Z\""),
    BROKEN("the confirmation has expired", "expired", CONFIRMATION_END,
           "NotOnOrAfter=\"2026-01-02T03:02:05Z\""),
    BROKEN("the session is over", "session_expired", SESSION_END,
           "SessionNotOnOrAfter=\"2026-01-02T03:02:05Z\""),
    BROKEN("the assertion was issued more than an hour ago", "issue_instant", ISSUED,
           "IssueInstant=\"2026-01-02T02:04:04Z\""),
    BROKEN("the assertion will be issued", "issue_instant", ISSUED,
           "IssueInstant=\"2026-01-02T03:06:06Z\""),
    BROKEN("the Response was issued more than an hour ago", "issue_instant", MESSAGE_ISSUED,
           "IssueInstant=\"2026-01-02T02:04:04Z\""),
    BROKEN("the Response will be issued", "issue_instant", MESSAGE_ISSUED,
           "IssueInstant=\"2026-01-02T03:06:06Z\""),
    BROKEN("the assertion has no IssueInstant", "issue_instant", " " ISSUED, ""),
    BROKEN("the Response has no IssueInstant", "issue_instant", " " MESSAGE_ISSUED, ""),
    BROKEN("NotOnOrAfter is garbage", "time", CONDITIONS_END, "NotOnOrAfter=\"tomorrow\""),
    BROKEN("NotOnOrAfter is empty", "time", CONDITIONS_END, "NotOnOrAfter=\"\""),
    BROKEN("NotOnOrAfter has no zone", "time", CONDITIONS_END,
           "NotOnOrAfter=\"2026-01-02T03:14:05\""),
    BROKEN("NotOnOrAfter is on a day that is none", "time", CONDITIONS_END,
           "NotOnOrAfter=\"2026-02-30T03:14:05Z\""),
    BROKEN("NotOnOrAfter is too far to count", "time", CONDITIONS_END,
           "NotOnOrAfter=\"99999-01-02T03:14:05Z\""),
    BROKEN("NotOnOrAfter has a blank", "time", CONDITIONS_END,
           "NotOnOrAfter=\" 2026-01-02T03:14:05Z\""),
    BROKEN("NotOnOrAfter goes on behind the zone", "time", CONDITIONS_END,
           "NotOnOrAfter=\"2026-01-02T03:14:05Z2\""),
    BROKEN("NotBefore is garbage", "time", CONDITIONS_BEGIN, "NotBefore=\"0\""),
    BROKEN("the confirmation's time is garbage", "time", CONFIRMATION_END, "NotOnOrAfter=\"0\""),
    BROKEN("IssueInstant is garbage", "time", ISSUED, "IssueInstant=\"now\""),
    BROKEN("SessionNotOnOrAfter is garbage", "time", SESSION_END, "SessionNotOnOrAfter=\"never\""),
    BROKEN("AuthnInstant is garbage", "time", AUTHENTICATED, "AuthnInstant=\"-\""),
};
const struct saml_class CASES_TIME = {"times", "core 1.3.3, 2.5.1.2; both sides of the skew",
                                      OF_RESPONSE, SAID, CASES(TIME)};

#define OURS "https://chat.example/saml/one/metadata"

static const struct saml_case AUDIENCE[] = {
    BROKEN("another Audience", "audience", "<saml:Audience>" OURS,
           "<saml:Audience>https://other.example"),
    BROKEN("an Audience that begins like ours", "audience", OURS "</saml:Audience>",
           OURS "/more</saml:Audience>"),
    BROKEN("an Audience in another case", "audience", OURS "</saml:Audience>",
           "https://CHAT.example/saml/one/metadata</saml:Audience>"),
    BROKEN("no Audience", "audience", "<saml:Audience>" OURS "</saml:Audience>", ""),
    BROKEN("an empty Audience", "audience", "<saml:Audience>" OURS, "<saml:Audience>"),
    BROKEN("no AudienceRestriction", "audience",
           "<saml:AudienceRestriction><saml:Audience>" OURS
           "</saml:Audience></saml:AudienceRestriction>",
           ""),
    BROKEN("two Audiences, neither ours", "audience", "<saml:Audience>" OURS "</saml:Audience>",
           "<saml:Audience>urn:a</saml:Audience><saml:Audience>urn:b</saml:Audience>"),
    BROKEN("two restrictions, the first foreign", "audience", "<saml:AudienceRestriction>",
           "<saml:AudienceRestriction><saml:Audience>urn:a</saml:Audience>"
           "</saml:AudienceRestriction><saml:AudienceRestriction>"),
    BROKEN("two restrictions, the second foreign", "audience", "</saml:AudienceRestriction>",
           "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>urn:a"
           "</saml:Audience></saml:AudienceRestriction>"),
    BROKEN("an unknown Condition", "condition", "</saml:Conditions>",
           "<saml:Condition xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
           " xmlns:x=\"urn:x\" xsi:type=\"x:Delegation\"/></saml:Conditions>"),
    BROKEN("two Conditions", "conditions", "</saml:Conditions>",
           "</saml:Conditions><saml:Conditions/>"),
    BROKEN("a foreign element among the Conditions", "condition", "</saml:Conditions>",
           "<x:only xmlns:x=\"urn:x\"/></saml:Conditions>"),
};
const struct saml_class CASES_AUDIENCE = {"audience and conditions", "core 2.5.1", OF_RESPONSE,
                                          SAID, CASES(AUDIENCE)};

#define RECIPIENT   "Recipient=\"https://chat.example/saml/one/acs\""
#define DESTINATION "Destination=\"https://chat.example/saml/one/acs\""

static const struct saml_case DESTINATIONS[] = {
    BROKEN("the Recipient is another tenant", "recipient", RECIPIENT,
           "Recipient=\"https://chat.example/saml/two/acs\""),
    BROKEN("no Recipient", "recipient", " " RECIPIENT, ""),
    BROKEN("an empty Recipient", "recipient", RECIPIENT, "Recipient=\"\""),
    BROKEN("the Recipient has a query", "recipient", RECIPIENT,
           "Recipient=\"https://chat.example/saml/one/acs?x=1\""),
    BROKEN("the Recipient has a blank", "recipient", RECIPIENT,
           "Recipient=\"https://chat.example/saml/one/acs \""),
    BROKEN("the unsigned Destination is another tenant", "destination", DESTINATION,
           "Destination=\"https://chat.example/saml/two/acs\""),
    BROKEN("the unsigned Destination is empty", "destination", DESTINATION, "Destination=\"\""),
};
const struct saml_class CASES_DESTINATION = {"recipient and destination",
                                             "profiles 4.1.4.2, bindings 3.5.5.2", OF_RESPONSE,
                                             SAID, CASES(DESTINATIONS)};

static const struct saml_case DESTINATIONS_SIGNED[] = {
    BROKEN("a signed Response for another tenant", "destination", DESTINATION,
           "Destination=\"https://chat.example/saml/two/acs\""),
    BROKEN("a signed Response without Destination", "destination", " " DESTINATION, ""),
    BROKEN("a signed Response for the logout address", "destination", DESTINATION,
           "Destination=\"https://chat.example/saml/one/slo\""),
};
const struct saml_class CASES_DESTINATION_SIGNED = {"destination, the Response signed",
                                                    "bindings 3.5.5.2", OF_RESPONSE, SAID_IN_WHOLE,
                                                    CASES(DESTINATIONS_SIGNED)};

static const struct saml_case CONFIRMATIONS[] = {
    BROKEN("holder-of-key", "confirmation", "cm:bearer", "cm:holder-of-key"),
    BROKEN("sender-vouches", "confirmation", "cm:bearer", "cm:sender-vouches"),
    BROKEN("no method", "confirmation", " Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"", ""),
    BROKEN("two confirmations, neither ours", "confirmation",
           CONFIRMATION "<saml:SubjectConfirmationData InResponseTo=\"_request-1\"",
           SECOND_CONFIRMATION CONFIRMATION
           "<saml:SubjectConfirmationData InResponseTo=\"_request-2\""),
    BROKEN("no NotOnOrAfter", "confirmation", " " CONFIRMATION_END, ""),
    BROKEN("NotBefore in the confirmation", "confirmation", "<saml:SubjectConfirmationData",
           "<saml:SubjectConfirmationData NotBefore=\"2026-01-02T03:00:00Z\""),
    BROKEN("two SubjectConfirmationData", "confirmation", "</saml:SubjectConfirmation>",
           "<saml:SubjectConfirmationData/></saml:SubjectConfirmation>"),
};
const struct saml_class CASES_CONFIRMATION = {"confirmation", "profiles 3.3, 4.1.4.2", OF_RESPONSE,
                                              SAID, CASES(CONFIRMATIONS)};

static struct str no_confirmation(struct lab *lab) {
    return posted(lab,
                  sign_assertion(lab, without(lab->arena, good(lab), "<saml:SubjectConfirmation ",
                                              "</saml:SubjectConfirmation>")));
}

static struct str no_data(struct lab *lab) {
    return posted(lab, sign_assertion(lab, without(lab->arena, good(lab),
                                                   "<saml:SubjectConfirmationData", "/>")));
}

static struct str no_conditions(struct lab *lab) {
    return posted(lab, sign_assertion(lab, without(lab->arena, good(lab), "<saml:Conditions",
                                                   "</saml:Conditions>")));
}

static struct str no_authn(struct lab *lab) {
    return posted(lab, sign_assertion(lab, without(lab->arena, good(lab), "<saml:AuthnStatement",
                                                   "</saml:AuthnStatement>")));
}

static struct str no_subject(struct lab *lab) {
    return posted(lab, sign_assertion(lab, without(lab->arena, good(lab), "<saml:Subject>",
                                                   "</saml:Subject>")));
}

static struct str no_name(struct lab *lab) {
    return posted(
        lab, sign_assertion(lab, without(lab->arena, good(lab), "<saml:NameID", "</saml:NameID>")));
}

static struct str other_class(struct lab *lab) {
    static const struct str classes[] = {STR_INIT("urn:oasis:names:tc:SAML:2.0:ac:classes:X509")};
    lab->want.class_refs = classes;
    lab->want.class_ref_count = 1;
    return posted(lab, good_signed(lab));
}

static struct str stale(struct lab *lab) {
    /* Asked for a fresh authentication; this one is older than the skew forgives. */
    lab->want.authn_after_us = lab->forge.now_us + S_TO_US(91);
    return posted(lab, good_signed(lab));
}

static struct str nobody_asked(struct lab *lab) {
    lab->want.request_id = STR("");
    return posted(lab, good_signed(lab));
}

static struct str status_without_assertion(struct lab *lab) {
    return posted(lab,
                  forge_response(&lab->forge,
                                 &(struct forge_response){
                                     .status_xml = forge_status(
                                         lab->arena, "urn:oasis:names:tc:SAML:2.0:status:Responder",
                                         "urn:oasis:names:tc:SAML:2.0:status:NoPassive"),
                                     .assertion_xml = ""}));
}

static struct str success_without_assertion(struct lab *lab) {
    return posted(lab, sign_message(lab, forge_response(&lab->forge, &(struct forge_response){
                                                                         .assertion_xml = ""})));
}

static struct str name_too_long(struct lab *lab) {
    return posted(lab, sign_assertion(lab, edit(lab->arena, good(lab), "ada-4711",
                                                repeat(lab->arena, "x", 256))));
}

static struct str no_id(struct lab *lab) {
    return posted(lab, sign_message(lab, edit(lab->arena, good(lab), " ID=\"_assertion-1\"", "")));
}

static const struct saml_case WANT[] = {
    REFUSE("a signed Response around an assertion without ID", "gate_id", no_id),
    REFUSE("no SubjectConfirmation", "confirmation", no_confirmation),
    REFUSE("no SubjectConfirmationData", "confirmation", no_data),
    REFUSE("no Conditions", "conditions", no_conditions),
    REFUSE("no AuthnStatement", "authn_statement", no_authn),
    REFUSE("no Subject", "name_id", no_subject),
    REFUSE("no NameID", "name_id", no_name),
    REFUSE("a NameID of 256 bytes", "name_id", name_too_long),
    REFUSE("another AuthnContextClassRef than was asked for", "authn_context", other_class),
    REFUSE("an authentication from before the step-up", "authn_stale", stale),
    REFUSE("an answer though nothing was asked", "in_response_to", nobody_asked),
    REFUSE("NoPassive, unsigned, without an assertion", "status", status_without_assertion),
    REFUSE("Success without an assertion", "status", success_without_assertion),
};
const struct saml_class CASES_WANT = {"what is missing", "profiles 4.1.4", OF_RESPONSE, SAID,
                                      CASES(WANT)};

#define MESSAGE_ANSWERS "Version=\"2.0\" InResponseTo=\"_request-1\""
#define ANSWERS         "<saml:SubjectConfirmationData InResponseTo=\"_request-1\""

static const struct saml_case IN_RESPONSE_TO[] = {
    BROKEN("the Response answers another request", "in_response_to", MESSAGE_ANSWERS,
           "Version=\"2.0\" InResponseTo=\"_request-2\""),
    BROKEN("the confirmation answers another request", "in_response_to", ANSWERS,
           "<saml:SubjectConfirmationData InResponseTo=\"_request-2\""),
    BROKEN("the Response answers nothing", "in_response_to", MESSAGE_ANSWERS, "Version=\"2.0\""),
    BROKEN("the confirmation answers nothing", "in_response_to", ANSWERS,
           "<saml:SubjectConfirmationData"),
    BROKEN("the Response answers the empty request", "in_response_to", MESSAGE_ANSWERS,
           "Version=\"2.0\" InResponseTo=\"\""),
};
const struct saml_class CASES_IN_RESPONSE_TO = {"InResponseTo", "profiles 4.1.4.2, 4.1.4.5",
                                                OF_RESPONSE, SAID, CASES(IN_RESPONSE_TO)};

#define STATUS(code) "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:" code "\">"
#define NAME                                                                                       \
    "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">ada-4711"        \
    "</saml:NameID>"

static const struct saml_case REST[] = {
    BROKEN("the Response is of version 1.1", "version", "Version=\"2.0\"", "Version=\"1.1\""),
    BROKEN("the assertion is of version 1.1", "version",
           "IssueInstant=\"2026-01-02T03:04:03Z\" Version=\"2.0\"",
           "IssueInstant=\"2026-01-02T03:04:03Z\" Version=\"1.1\""),
    BROKEN("the Response has no version", "version", " Version=\"2.0\"", ""),
    BROKEN("a failed status with a good assertion", "status", STATUS("Success"),
           STATUS("Responder")),
    BROKEN("an unknown status", "status", STATUS("Success"), "<samlp:StatusCode Value=\"urn:x\">"),
    BROKEN("Success below a failure", "status", STATUS("Success"),
           STATUS("Requester") STATUS("Success") "</samlp:StatusCode>"),
    BROKEN("the assertion has another Issuer", "issuer",
           "Version=\"2.0\"><saml:Issuer>https://idp.example/metadata</saml:Issuer>@sign-a",
           "Version=\"2.0\"><saml:Issuer>https://idp.example/other</saml:Issuer>@sign-a"),
    BROKEN("the Response has another Issuer", "issuer", "<saml:Issuer>https://idp.example/metadata",
           "<saml:Issuer>https://idp.example/other"),
    BROKEN("the assertion has an empty Issuer", "issuer",
           "<saml:Issuer>https://idp.example/metadata</saml:Issuer>@sign-assertion@",
           "<saml:Issuer/>@sign-assertion@"),
    BROKEN("the assertion has no Issuer", "issuer",
           "<saml:Issuer>https://idp.example/metadata</saml:Issuer>@sign-assertion@",
           "@sign-assertion@"),
    BROKEN("the Response has an empty Issuer", "issuer",
           "<saml:Issuer>https://idp.example/metadata</saml:Issuer>@sign-message@",
           "<saml:Issuer/>@sign-message@"),
    BROKEN("the Issuer has a blank", "issuer",
           "<saml:Issuer>https://idp.example/metadata</saml:Issuer>@sign-assertion@",
           "<saml:Issuer> https://idp.example/metadata</saml:Issuer>@sign-assertion@"),
    BROKEN("a transient NameID", "name_id", "nameid-format:persistent", "nameid-format:transient"),
    BROKEN("an empty NameID", "name_id", "ada-4711", ""),
    BROKEN("a NameID of blanks", "name_id", "ada-4711", "  "),
    BROKEN("a NameID with outer blanks", "name_id", "ada-4711", "ada-4711 "),
    BROKEN("a NameID with a line break", "name_id", "ada-4711", "ada&#10;4711"),
    BROKEN("a NameID with an element", "name_id", "ada-4711", "ada<saml:x/>-4711"),
    BROKEN("two NameIDs", "name_id", NAME, NAME NAME),
    BROKEN("two Subjects", "name_id", "</saml:Subject>",
           "</saml:Subject><saml:Subject>" NAME "</saml:Subject>"),
};
const struct saml_class CASES_REST = {"the rest of the rules", "core 2.3.3, 2.4.1, 3.2.2",
                                      OF_RESPONSE, SAID, CASES(REST)};

/* Two organisations may use one provider; whose key fits is the connection's to say. */
static struct str answer_for_other_tenant(struct lab *lab) {
    lab->forge.sp = "https://chat.example/saml/two/metadata";
    lab->forge.acs = "https://chat.example/saml/two/acs";
    return posted(lab, sign_message(lab, good(lab)));
}

static struct str other_tenants_key(struct lab *lab) {
    return posted(
        lab, sign_assertion_with(lab, good(lab), &(struct forge_signing){.key = FORGE_ATTACKER}));
}

static struct str same_key_other_issuer(struct lab *lab) {
    lab->forge.idp = "https://idp.example/tenant-b";
    return posted(lab, sign_assertion(lab, good(lab)));
}

static struct str own_key_at_own_connection(struct lab *lab) {
    trust_only(lab, FORGE_ATTACKER);
    return other_tenants_key(lab);
}

static const struct saml_case TENANT[] = {
    REFUSE("the answer for another tenant of the same provider", "destination",
           answer_for_other_tenant),
    REFUSE("the provider's entityID with another tenant's key", "signature", other_tenants_key),
    REFUSE("the right key under another entityID", "issuer", same_key_other_issuer),
    ACCEPT("the other tenant's key at its own connection", own_key_at_own_connection),
};
const struct saml_class CASES_TENANT = {"tenants", "keys belong to the connection", OF_RESPONSE,
                                        SAID, CASES(TENANT)};
