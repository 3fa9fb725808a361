#include "tests/support/forge.h"

#include <string.h>

#define BEARER   "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define PASSWORD "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
#define REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define POST     "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
#define SUCCESS  "urn:oasis:names:tc:SAML:2.0:status:Success"

static const char *or_good(const char *wish, const char *good) {
    return wish == NULL ? good : wish;
}

static const char *attribute(struct arena *arena, const char *name, const char *wish,
                             const char *good) {
    const char *value = or_good(wish, good);
    return value[0] == '\0' ? "" : forge_text(arena, " %s=\"%s\"", name, value);
}

static const char *issuer(const struct forge *forge) {
    return forge_text(forge->arena, "<saml:Issuer>%s</saml:Issuer>", forge->idp);
}

static const char *name_id(void) {
    return "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">"
           "ada-4711</saml:NameID>";
}

const char *forge_subject(const struct forge *forge, const struct forge_subject *subject) {
    struct arena *arena = forge->arena;
    return forge_text(
        arena,
        "<saml:Subject>%s<saml:SubjectConfirmation Method=\"" BEARER "\">"
        "<saml:SubjectConfirmationData%s%s%s/></saml:SubjectConfirmation></saml:Subject>",
        or_good(subject->name_id_xml, name_id()),
        attribute(arena, "InResponseTo", subject->in_response_to, forge->request_id),
        attribute(arena, "NotOnOrAfter", subject->not_on_or_after, forge_time(forge, 300)),
        attribute(arena, "Recipient", subject->recipient, forge->acs));
}

static const char *conditions(const struct forge *forge) {
    return forge_text(forge->arena,
                      "<saml:Conditions NotBefore=\"%s\" NotOnOrAfter=\"%s\">"
                      "<saml:AudienceRestriction><saml:Audience>%s</saml:Audience>"
                      "</saml:AudienceRestriction></saml:Conditions>",
                      forge_time(forge, -60), forge_time(forge, 600), forge->sp);
}

static const char *authn(const struct forge *forge) {
    return forge_text(forge->arena,
                      "<saml:AuthnStatement AuthnInstant=\"%s\" SessionIndex=\"_session-1\""
                      " SessionNotOnOrAfter=\"%s\"><saml:AuthnContext>"
                      "<saml:AuthnContextClassRef>" PASSWORD "</saml:AuthnContextClassRef>"
                      "</saml:AuthnContext></saml:AuthnStatement>",
                      forge_time(forge, -30), forge_time(forge, 8 * 3600));
}

static const char *attributes(void) {
    return "<saml:AttributeStatement>"
           "<saml:Attribute Name=\"mail\"><saml:AttributeValue>ada@example.com"
           "</saml:AttributeValue></saml:Attribute>"
           "<saml:Attribute Name=\"groups\"><saml:AttributeValue>engineers</saml:AttributeValue>"
           "<saml:AttributeValue>admins</saml:AttributeValue></saml:Attribute>"
           "</saml:AttributeStatement>";
}

const char *forge_assertion(const struct forge *forge, const struct forge_assertion *assertion) {
    struct arena *arena = forge->arena;
    return forge_text(
        arena,
        "<saml:Assertion xmlns:saml=\"" FORGE_NS_ASSERTION "\"%s%s%s>%s" SIGN_ASSERTION
        "%s%s%s%s</saml:Assertion>",
        attribute(arena, "ID", assertion->id, "_assertion-1"),
        attribute(arena, "IssueInstant", assertion->issue_instant, forge_time(forge, -2)),
        attribute(arena, "Version", assertion->version, "2.0"),
        or_good(assertion->issuer_xml, issuer(forge)),
        or_good(assertion->subject_xml, forge_subject(forge, &(struct forge_subject){0})),
        or_good(assertion->conditions_xml, conditions(forge)),
        or_good(assertion->authn_xml, authn(forge)),
        or_good(assertion->attributes_xml, attributes()));
}

const char *forge_status(struct arena *arena, const char *code, const char *sub_code) {
    const char *inner =
        sub_code == NULL ? "" : forge_text(arena, "<samlp:StatusCode Value=\"%s\"/>", sub_code);
    return forge_text(arena,
                      "<samlp:Status><samlp:StatusCode Value=\"%s\">%s</samlp:StatusCode>"
                      "</samlp:Status>",
                      code, inner);
}

/* <samlp:NAME …> with the namespaces and attributes that all messages have. */
static const char *message_start(const struct forge *forge, const char *name,
                                 const struct forge_response *common, const char *more) {
    struct arena *arena = forge->arena;
    return forge_text(
        arena,
        "<samlp:%s xmlns:samlp=\"" FORGE_NS_PROTOCOL "\" xmlns:saml=\"" FORGE_NS_ASSERTION
        "\"%s%s%s%s%s>",
        name, attribute(arena, "Destination", common->destination, forge->acs),
        attribute(arena, "ID", common->id, "_message-1"),
        attribute(arena, "IssueInstant", common->issue_instant, forge_time(forge, -1)),
        attribute(arena, "Version", common->version, "2.0"), more);
}

const char *forge_response(const struct forge *forge, const struct forge_response *response) {
    const char *in_response_to =
        attribute(forge->arena, "InResponseTo", response->in_response_to, forge->request_id);
    return forge_text(
        forge->arena, "%s%s" SIGN_MESSAGE "%s%s%s</samlp:Response>",
        message_start(forge, "Response", response, in_response_to),
        or_good(response->issuer_xml, issuer(forge)), or_good(response->extensions_xml, ""),
        or_good(response->status_xml, forge_status(forge->arena, SUCCESS, NULL)),
        or_good(response->assertion_xml, forge_assertion(forge, &(struct forge_assertion){0})));
}

const char *forge_logout_request(const struct forge *forge,
                                 const struct forge_logout_request *request) {
    const struct forge_response common = {.id = request->id,
                                          .version = request->version,
                                          .issue_instant = request->issue_instant,
                                          .destination = or_good(request->destination, forge->slo)};
    const char *until =
        attribute(forge->arena, "NotOnOrAfter", request->not_on_or_after, forge_time(forge, 300));
    return forge_text(
        forge->arena, "%s%s" SIGN_MESSAGE "%s%s</samlp:LogoutRequest>",
        message_start(forge, "LogoutRequest", &common, until),
        or_good(request->issuer_xml, issuer(forge)), or_good(request->name_id_xml, name_id()),
        or_good(request->session_index_xml, "<samlp:SessionIndex>_session-1</samlp:SessionIndex>"));
}

const char *forge_logout_response(const struct forge *forge,
                                  const struct forge_logout_response *response) {
    const struct forge_response common = {.id = response->id,
                                          .version = response->version,
                                          .issue_instant = response->issue_instant,
                                          .destination =
                                              or_good(response->destination, forge->slo)};
    const char *in_response_to =
        attribute(forge->arena, "InResponseTo", response->in_response_to, forge->request_id);
    return forge_text(forge->arena, "%s%s" SIGN_MESSAGE "%s</samlp:LogoutResponse>",
                      message_start(forge, "LogoutResponse", &common, in_response_to),
                      or_good(response->issuer_xml, issuer(forge)),
                      or_good(response->status_xml, forge_status(forge->arena, SUCCESS, NULL)));
}

const char *forge_key_descriptor(struct arena *arena, enum forge_owner owner, const char *use) {
    return forge_text(arena,
                      "<md:KeyDescriptor%s><ds:KeyInfo xmlns:ds=\"" FORGE_NS_DSIG
                      "\"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data>"
                      "</ds:KeyInfo></md:KeyDescriptor>",
                      attribute(arena, "use", use, ""), forge_certificate_base64(arena, owner));
}

const char *forge_metadata(const struct forge *forge, const struct forge_metadata *metadata) {
    struct arena *arena = forge->arena;
    return forge_text(
        arena,
        "<md:EntityDescriptor xmlns:md=\"" FORGE_NS_METADATA
        "\" ID=\"_metadata-1\"%s%s>" SIGN_MESSAGE
        "%s<md:IDPSSODescriptor%s protocolSupportEnumeration=\"" FORGE_NS_PROTOCOL
        "\">%s%s%s</md:IDPSSODescriptor></md:EntityDescriptor>",
        attribute(arena, "entityID", metadata->entity_id, forge->idp),
        or_good(metadata->root_attributes, ""), or_good(metadata->extensions_xml, ""),
        or_good(metadata->role_attributes, ""),
        or_good(metadata->keys_xml, forge_key_descriptor(arena, FORGE_IDP, "signing")),
        or_good(metadata->logout_xml, "<md:SingleLogoutService Binding=\"" REDIRECT
                                      "\" Location=\"https://idp.example/slo\"/>"),
        or_good(metadata->sign_on_xml, "<md:SingleSignOnService Binding=\"" REDIRECT
                                       "\" Location=\"https://idp.example/sso\"/>"
                                       "<md:SingleSignOnService Binding=\"" POST
                                       "\" Location=\"https://idp.example/sso/post\"/>"));
}
