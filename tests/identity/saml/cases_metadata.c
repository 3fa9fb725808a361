/* Metadata of providers: every rule of an import, one document each. */
#include "tests/identity/saml/lists.h"

#include <string.h>

static struct str text(const char *xml) {
    return str_from_c(xml);
}

static struct str made(struct lab *lab, struct forge_metadata metadata) {
    return text(forge_done(lab->arena, forge_metadata(&lab->forge, &metadata)));
}

static const char *good_document(struct lab *lab) {
    return forge_metadata(&lab->forge, &(struct forge_metadata){0});
}

static struct str edited(struct lab *lab, const char *from, const char *to) {
    return text(forge_done(lab->arena, edit(lab->arena, good_document(lab), from, to)));
}

static struct str edited_all(struct lab *lab, const char *from, const char *to) {
    return text(forge_done(lab->arena, edit_all(lab->arena, good_document(lab), from, to)));
}

static const char *descriptor(struct lab *lab, enum forge_owner owner) {
    return forge_key_descriptor(lab->arena, owner, "signing");
}

static struct str with_keys(struct lab *lab, const char *keys) {
    return made(lab, (struct forge_metadata){.keys_xml = keys});
}

static struct str plain(struct lab *lab) {
    return made(lab, (struct forge_metadata){0});
}

static struct str key_without_use(struct lab *lab) {
    return with_keys(lab, forge_key_descriptor(lab->arena, FORGE_IDP, ""));
}

static struct str two_keys(struct lab *lab) {
    lab->said = edit(lab->arena, lab->said, "1 certificates", "2 certificates");
    return with_keys(lab, forge_text(lab->arena, "%s%s", descriptor(lab, FORGE_IDP),
                                     descriptor(lab, FORGE_IDP_OLD)));
}

static struct str encryption_key_beside(struct lab *lab) {
    return with_keys(lab,
                     forge_text(lab->arena, "%s%s", descriptor(lab, FORGE_IDP),
                                forge_key_descriptor(lab->arena, FORGE_IDP_OLD, "encryption")));
}

static struct str one_bad_certificate(struct lab *lab) {
    lab->said = edit(lab->arena, lab->said, "0 unreadable", "1 unreadable");
    const char *bad = edit(lab->arena, descriptor(lab, FORGE_IDP_OLD), "<ds:X509Certificate>MII",
                           "<ds:X509Certificate>AAA");
    return with_keys(lab, forge_text(lab->arena, "%s%s", descriptor(lab, FORGE_IDP), bad));
}

static struct str expired_certificate(struct lab *lab) {
    return with_keys(lab, descriptor(lab, FORGE_IDP_EXPIRED));
}

static struct str curve_keys(struct lab *lab) {
    lab->said = edit(lab->arena, lab->said, "1 certificates", "2 certificates");
    return with_keys(lab, forge_text(lab->arena, "%s%s", descriptor(lab, FORGE_IDP_P256),
                                     descriptor(lab, FORGE_IDP_P384)));
}

static struct str with_comments(struct lab *lab) {
    return text(forge_text(lab->arena, "<!-- federation -->%s<!-- end -->",
                           edit(lab->arena, forge_done(lab->arena, good_document(lab)),
                                "<md:IDPSSODescriptor", "<!-- ours --><md:IDPSSODescriptor")));
}

static struct str indented_certificate(struct lab *lab) {
    return edited(lab, "<ds:X509Certificate>MII", "<ds:X509Certificate>\r\n\t   MII");
}

static struct str still_valid(struct lab *lab) {
    return made(lab,
                (struct forge_metadata){.root_attributes = " validUntil=\"2026-01-02T03:04:06Z\""
                                                           " cacheDuration=\"PT6H\""});
}

static struct str sp_beside(struct lab *lab) {
    return edited(lab, "<md:IDPSSODescriptor",
                  "<md:SPSSODescriptor protocolSupportEnumeration=\"" FORGE_NS_PROTOCOL
                  "\"/><md:IDPSSODescriptor");
}

static struct str wsfed_role_beside(struct lab *lab) {
    return edited(lab, "<md:IDPSSODescriptor",
                  "<md:RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
                  " xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\""
                  " xsi:type=\"fed:SecurityTokenServiceType\""
                  " protocolSupportEnumeration=\"urn:x\"/><md:IDPSSODescriptor");
}

static struct str soap_logout_passed_over(struct lab *lab) {
    return edited(lab, "<md:SingleLogoutService",
                  "<md:SingleLogoutService"
                  " Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\""
                  " Location=\"https://idp.example/soap\"/><md:SingleLogoutService");
}

static struct str no_logout(struct lab *lab) {
    lab->said = edit(lab->arena, lab->said, "redirect https://idp.example/slo,", "");
    return made(lab, (struct forge_metadata){.logout_xml = ""});
}

static const char *aggregate(struct lab *lab) {
    const char *other =
        forge_metadata(&lab->forge, &(struct forge_metadata){.entity_id = "https://other.example"});
    return forge_text(lab->arena,
                      "<md:EntitiesDescriptor xmlns:md=\"" FORGE_NS_METADATA "\">%s%s"
                      "</md:EntitiesDescriptor>",
                      edit(lab->arena, forge_done(lab->arena, other), "_metadata-1", "_other"),
                      forge_done(lab->arena, good_document(lab)));
}

static struct str picked(struct lab *lab) {
    lab->metadata.entity_id = str_from_c(lab->forge.idp);
    return text(aggregate(lab));
}

static struct str http_by_operator(struct lab *lab) {
    lab->metadata.is_http_allowed = true;
    lab->said = edit_all(lab->arena, lab->said, "https://idp.example/s", "http://idp.example/s");
    return edited_all(lab, "https://idp.example/s", "http://idp.example/s");
}

static struct str internal_host(struct lab *lab) {
    lab->said = edit_all(lab->arena, lab->said, "idp.example/s", "10.0.0.7:8443/s");
    return edited_all(lab, "idp.example/s", "10.0.0.7:8443/s");
}

static struct str sso_with_query(struct lab *lab) {
    lab->said = edit(lab->arena, lab->said, "idp.example/sso,", "idp.example/sso?idpid=C1&x=2,");
    return edited(lab, "idp.example/sso\"", "idp.example/sso?idpid=C1&amp;x=2\"");
}

static struct str pinned(struct lab *lab) {
    lab->metadata.signer_der = forge_key(FORGE_IDP_OLD)->certificate;
    return text(forge_sign(lab->arena, good_document(lab), SIGN_MESSAGE,
                           &(struct forge_signing){.key = FORGE_IDP_OLD}));
}

static struct str signed_by_anybody(struct lab *lab) {
    return text(forge_sign(lab->arena, good_document(lab), SIGN_MESSAGE,
                           &(struct forge_signing){.key = FORGE_ATTACKER}));
}

static const struct saml_case FINE[] = {
    ACCEPT("metadata", plain),
    ACCEPT("a key without use", key_without_use),
    ACCEPT("two keys", two_keys),
    ACCEPT("an encryption key beside", encryption_key_beside),
    ACCEPT("one bad certificate beside a good one", one_bad_certificate),
    ACCEPT("an expired certificate", expired_certificate),
    ACCEPT("keys on P-256 and P-384", curve_keys),
    ACCEPT("comments between elements", with_comments),
    ACCEPT("a certificate with blanks", indented_certificate),
    ACCEPT("validUntil in the future", still_valid),
    ACCEPT("a service provider's role beside", sp_beside),
    ACCEPT("a role of another protocol beside", wsfed_role_beside),
    ACCEPT("other bindings are passed over", soap_logout_passed_over),
    ACCEPT("no logout", no_logout),
    ACCEPT("one entity picked out of two", picked),
    ACCEPT("http where the operator allows it", http_by_operator),
    ACCEPT("an internal host", internal_host),
    ACCEPT("an address with a query", sso_with_query),
    ACCEPT("signed by the pinned signer", pinned),
    ACCEPT("signed by somebody, nobody pinned", signed_by_anybody),
};
const struct saml_class CASES_METADATA_ACCEPT = {"accepted: metadata", "SAML 2.0 metadata",
                                                 OF_METADATA, SAID, CASES(FINE)};

static struct str doctype(struct lab *lab) {
    return text(forge_text(lab->arena, "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>%s",
                           forge_done(lab->arena, good_document(lab))));
}

static struct str ten_megabytes(struct lab *lab) {
    return made(lab, (struct forge_metadata){.extensions_xml = forge_text(
                                                 lab->arena, "<md:Extensions>%s</md:Extensions>",
                                                 repeat(lab->arena, "x", 10 * 1000 * 1000))});
}

static struct str not_xml(struct lab *lab) {
    (void) lab;
    return STR("<html><body>Sign in first</body>");
}

static struct str html(struct lab *lab) {
    (void) lab;
    return STR("<html><body>Sign in first</body></html>");
}

static struct str empty(struct lab *lab) {
    (void) lab;
    return STR("");
}

static struct str comment_in_entity(struct lab *lab) {
    return edited(lab, "<ds:X509Certificate>MII", "<ds:X509Certificate>MII<!-- x -->");
}

static struct str two_entities(struct lab *lab) {
    return text(aggregate(lab));
}

static struct str entity_not_there(struct lab *lab) {
    lab->metadata.entity_id = STR("https://nobody.example");
    return text(aggregate(lab));
}

static struct str entity_twice(struct lab *lab) {
    lab->metadata.entity_id = str_from_c(lab->forge.idp);
    return text(edit(lab->arena, aggregate(lab), "https://other.example", lab->forge.idp));
}

static struct str another_entity(struct lab *lab) {
    lab->metadata.entity_id = str_from_c(lab->forge.idp);
    return edited(lab, "https://idp.example/metadata", "https://idp.example/other");
}

static struct str no_role(struct lab *lab) {
    return edited_all(lab, "md:IDPSSODescriptor", "md:SPSSODescriptor");
}

static struct str saml_1_only(struct lab *lab) {
    return edited(lab, "protocolSupportEnumeration=\"" FORGE_NS_PROTOCOL,
                  "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol");
}

static struct str two_roles(struct lab *lab) {
    const char *role =
        cut(lab->arena, good_document(lab), "<md:IDPSSODescriptor", "</md:IDPSSODescriptor>");
    return edited(lab, role, forge_text(lab->arena, "%s%s", role, role));
}

static struct str no_entity_id(struct lab *lab) {
    return made(lab, (struct forge_metadata){.entity_id = ""});
}

static struct str valid_until_past(struct lab *lab) {
    return made(lab,
                (struct forge_metadata){.root_attributes = " validUntil=\"2026-01-02T03:04:05Z\""});
}

static struct str role_expired(struct lab *lab) {
    return made(lab,
                (struct forge_metadata){.role_attributes = " validUntil=\"2025-01-02T03:04:05Z\""});
}

static struct str federation_expired(struct lab *lab) {
    lab->metadata.entity_id = str_from_c(lab->forge.idp);
    return text(edit(lab->arena, aggregate(lab), "<md:EntitiesDescriptor ",
                     "<md:EntitiesDescriptor validUntil=\"2025-01-02T03:04:05Z\" "));
}

static struct str no_key(struct lab *lab) {
    return with_keys(lab, "");
}

static struct str only_encryption(struct lab *lab) {
    return with_keys(lab, forge_key_descriptor(lab->arena, FORGE_IDP, "encryption"));
}

static struct str only_bad_certificate(struct lab *lab) {
    return edited(lab, "<ds:X509Certificate>MII", "<ds:X509Certificate>AAA");
}

static struct str rsa_512(struct lab *lab) {
    return with_keys(lab, descriptor(lab, FORGE_RSA_512));
}

static struct str rsa_1024(struct lab *lab) {
    return with_keys(lab, descriptor(lab, FORGE_RSA_1024));
}

static struct str p521(struct lab *lab) {
    return with_keys(lab, descriptor(lab, FORGE_P521));
}

static struct str secp256k1(struct lab *lab) {
    return with_keys(lab, descriptor(lab, FORGE_SECP256K1));
}

static struct str ed25519(struct lab *lab) {
    return with_keys(lab, descriptor(lab, FORGE_ED25519));
}

#define BARE_KEY(inner)                                                                            \
    "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"" FORGE_NS_DSIG "\">" inner          \
    "</ds:KeyInfo></md:KeyDescriptor>"

static struct str key_name(struct lab *lab) {
    return with_keys(lab, BARE_KEY("<ds:KeyName>key-1</ds:KeyName>"));
}

static struct str hmac_key(struct lab *lab) {
    return with_keys(lab, BARE_KEY("<ds:KeyValue><x:HMACKeyValue"
                                   " xmlns:x=\"http://www.aleksey.com/xmlsec/2002\">c2VjcmV0"
                                   "</x:HMACKeyValue></ds:KeyValue>"));
}

static struct str retrieved_key(struct lab *lab) {
    return with_keys(lab, BARE_KEY("<ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\"/>"));
}

static struct str sso(struct lab *lab, const char *location) {
    return edited(lab, "https://idp.example/sso\"", forge_text(lab->arena, "%s\"", location));
}

static struct str http(struct lab *lab) {
    return sso(lab, "http://idp.example/sso");
}

static struct str javascript(struct lab *lab) {
    return sso(lab, "javascript:alert(1)");
}

static struct str data_url(struct lab *lab) {
    return sso(lab, "data:text/html,x");
}

static struct str relative(struct lab *lab) {
    return sso(lab, "/sso");
}

static struct str userinfo(struct lab *lab) {
    return sso(lab, "https://idp.example@evil.example/sso");
}

static struct str fragment(struct lab *lab) {
    return sso(lab, "https://idp.example/sso#x");
}

static struct str too_long(struct lab *lab) {
    return sso(lab,
               forge_text(lab->arena, "https://idp.example/%s", repeat(lab->arena, "x", 2048)));
}

static struct str line_break(struct lab *lab) {
    return sso(lab, "https://idp.example/sso&#13;&#10;Set-Cookie: x");
}

static struct str http_logout(struct lab *lab) {
    return edited(lab, "https://idp.example/slo", "http://idp.example/slo");
}

static struct str response_location(struct lab *lab) {
    return edited(lab, "Location=\"https://idp.example/slo\"",
                  "Location=\"https://idp.example/slo\" ResponseLocation=\"javascript:1\"");
}

static struct str no_sign_on(struct lab *lab) {
    return made(lab, (struct forge_metadata){.sign_on_xml = ""});
}

static struct str not_signed(struct lab *lab) {
    lab->metadata.signer_der = forge_key(FORGE_IDP_OLD)->certificate;
    return plain(lab);
}

static struct str foreign_signer(struct lab *lab) {
    lab->metadata.signer_der = forge_key(FORGE_IDP_OLD)->certificate;
    return signed_by_anybody(lab);
}

static struct str changed_behind_signature(struct lab *lab) {
    const struct str whole = pinned(lab);
    return text(edit(lab->arena, forge_text(lab->arena, "%.*s", STR_ARG(whole)),
                     "https://idp.example/sso\"", "https://evil.example/sso\""));
}

static struct str wrapped(struct lab *lab) {
    const struct str whole = pinned(lab);
    const char *evil = edit(lab->arena, good_document(lab), "_metadata-1", "_evil");
    const char *moved =
        edit(lab->arena, evil, SIGN_MESSAGE,
             forge_text(lab->arena, "<md:Extensions>%.*s</md:Extensions>", STR_ARG(whole)));
    return text(forge_done(lab->arena, moved));
}

static struct str pinned_sha1(struct lab *lab) {
    lab->metadata.signer_der = forge_key(FORGE_IDP_OLD)->certificate;
    return text(forge_sign(lab->arena, good_document(lab), SIGN_MESSAGE,
                           &(struct forge_signing){FORGE_IDP_OLD, .method = FORGE_RSA_SHA1}));
}

static struct str deep(struct lab *lab) {
    return edited(lab, "<md:IDPSSODescriptor",
                  forge_text(lab->arena, "<md:Extensions>%s%s</md:Extensions><md:IDPSSODescriptor",
                             repeat(lab->arena, "<a>", 5000), repeat(lab->arena, "</a>", 5000)));
}

static struct str elements_100000(struct lab *lab) {
    return edited(lab, "<md:IDPSSODescriptor",
                  forge_text(lab->arena, "<md:Extensions>%s</md:Extensions><md:IDPSSODescriptor",
                             repeat(lab->arena, "<a/>", 100000)));
}

static const struct saml_case REFUSED[] = {
    REFUSE("DOCTYPE", "metadata_xml", doctype),
    REFUSE("10 MB", "metadata_xml", ten_megabytes),
    REFUSE("not XML", "metadata_xml", not_xml),
    REFUSE("nothing", "metadata_xml", empty),
    REFUSE("nested 5,000 deep", "metadata_xml", deep),
    REFUSE("100,000 elements more", "metadata_xml", elements_100000),
    REFUSE("a page", "metadata_entity", html),
    REFUSE("a comment within a certificate", "metadata_key", comment_in_entity),
    REFUSE("two entities and none named", "metadata_entity", two_entities),
    REFUSE("the named entity is not there", "metadata_entity", entity_not_there),
    REFUSE("the named entity is there twice", "metadata_entity", entity_twice),
    REFUSE("another entity than was named", "metadata_entity", another_entity),
    REFUSE("no role of a provider", "metadata_entity", no_role),
    REFUSE("two roles of a provider", "metadata_entity", two_roles),
    REFUSE("SAML 1.1 only", "metadata_entity", saml_1_only),
    REFUSE("no entityID", "metadata_entity", no_entity_id),
    REFUSE("validUntil is now", "metadata_expired", valid_until_past),
    REFUSE("the role's validUntil is past", "metadata_expired", role_expired),
    REFUSE("the federation's validUntil is past", "metadata_expired", federation_expired),
    REFUSE("no key", "metadata_key", no_key),
    REFUSE("only an encryption key", "metadata_key", only_encryption),
    REFUSE("only a bad certificate", "metadata_key", only_bad_certificate),
    REFUSE("RSA 512", "metadata_key", rsa_512),
    REFUSE("RSA 1024", "metadata_key", rsa_1024),
    REFUSE("P-521", "metadata_key", p521),
    REFUSE("secp256k1", "metadata_key", secp256k1),
    REFUSE("Ed25519", "metadata_key", ed25519),
    REFUSE("KeyName only", "metadata_key", key_name),
    REFUSE("an HMAC key only", "metadata_key", hmac_key),
    REFUSE("a key somewhere on the network", "metadata_key", retrieved_key),
    REFUSE("http", "metadata_url", http),
    REFUSE("javascript:", "metadata_url", javascript),
    REFUSE("data:", "metadata_url", data_url),
    REFUSE("a relative address", "metadata_url", relative),
    REFUSE("userinfo in an address", "metadata_url", userinfo),
    REFUSE("a fragment in an address", "metadata_url", fragment),
    REFUSE("an address over 2 KiB", "metadata_url", too_long),
    REFUSE("a line break in an address", "metadata_url", line_break),
    REFUSE("http for logout", "metadata_url", http_logout),
    REFUSE("javascript: as ResponseLocation", "metadata_url", response_location),
    REFUSE("no address for sign-in", "metadata_url", no_sign_on),
    REFUSE("a signer is pinned, nothing is signed", "metadata_signature", not_signed),
    REFUSE("signed by somebody else than is pinned", "metadata_signature", foreign_signer),
    REFUSE("changed behind the pinned signature", "metadata_signature", changed_behind_signature),
    REFUSE("the signed document in an evil one", "metadata_signature", wrapped),
    REFUSE("signed by the pinned signer with SHA-1", "metadata_signature", pinned_sha1),
};
const struct saml_class CASES_METADATA = {"metadata", "metadata 2.3, 2.4; what an import refuses",
                                          OF_METADATA, SAID, CASES(REFUSED)};
