/* Logout messages: what is accepted and refused before anything is compared with sessions. */
#include "tests/identity/saml/lists.h"

#include <string.h>

static const char *request(struct lab *lab) {
    return forge_logout_request(&lab->forge, &(struct forge_logout_request){0});
}

static struct str post(struct lab *lab, const char *text) {
    return posted(lab, sign_message(lab, text));
}

/* A query from here on. */
static struct str sent(struct lab *lab, const char *query) {
    lab->logout.binding = SAML_REDIRECT;
    return str_from_c(query);
}

static const char *good_query(struct lab *lab, const char *relay_state) {
    return forge_redirect(lab->arena, "SAMLRequest", request(lab), relay_state,
                          &(struct forge_signing){0});
}

static struct str request_posted(struct lab *lab) {
    return post(lab, request(lab));
}

static struct str request_sent(struct lab *lab) {
    return sent(lab, good_query(lab, NULL));
}

static struct str request_with_state(struct lab *lab) {
    lab->said = forge_text(lab->arena, "%sstate/1 +&", lab->said);
    return sent(lab, good_query(lab, "state/1 +&"));
}

static struct str state_too_long(struct lab *lab) {
    return sent(lab, good_query(lab, repeat(lab->arena, "x", 81)));
}

static struct str other_parameters(struct lab *lab) {
    return sent(lab, forge_text(lab->arena, "a=1&%s&utm=2", good_query(lab, NULL)));
}

static struct str reordered(struct lab *lab) {
    const char *query = good_query(lab, NULL);
    const char *signature = strstr(query, "&Signature=");
    return sent(lab,
                forge_text(lab->arena, "%s&%.*s", signature + 1, (int) (signature - query), query));
}

static struct str sha512_sent(struct lab *lab) {
    return sent(lab, forge_redirect(lab->arena, "SAMLRequest", request(lab), NULL,
                                    &(struct forge_signing){.method = FORGE_RSA_SHA512}));
}

static struct str ecdsa_sent(struct lab *lab) {
    trust_only(lab, FORGE_IDP_P256);
    return sent(
        lab, forge_redirect(lab->arena, "SAMLRequest", request(lab), NULL,
                            &(struct forge_signing){FORGE_IDP_P256, .method = FORGE_ECDSA_SHA256}));
}

static struct str two_indexes(struct lab *lab) {
    lab->said = edit(lab->arena, lab->said, "_session-1,", "_session-1,_session-2,");
    return post(lab, edit_after(lab->arena, request(lab), "</samlp:SessionIndex>",
                                "<samlp:SessionIndex>_session-2</samlp:SessionIndex>"));
}

static struct str no_index(struct lab *lab) {
    lab->said = edit(lab->arena, lab->said, "_session-1,", "");
    return post(lab, forge_logout_request(&lab->forge,
                                          &(struct forge_logout_request){.session_index_xml = ""}));
}

static const char *hidden_name(struct lab *lab) {
    const char *name = cut(lab->arena, request(lab), "<saml:NameID", "</saml:NameID>");
    const char *whole = edit(lab->arena, name, "<saml:NameID",
                             "<saml:NameID xmlns:saml=\"" FORGE_NS_ASSERTION "\"");
    return edit(
        lab->arena, request(lab), name,
        forge_encrypt(lab->arena, str_from_c(whole), "EncryptedID", &(struct forge_encryption){0}));
}

static struct str encrypted_name(struct lab *lab) {
    return post(lab, hidden_name(lab));
}

static struct str encrypted_name_sent(struct lab *lab) {
    return sent(lab, forge_redirect(lab->arena, "SAMLRequest", hidden_name(lab), NULL,
                                    &(struct forge_signing){0}));
}

static const char *answer(struct lab *lab) {
    lab->logout.is_request = false;
    lab->said = forge_text(lab->arena,
                           "response|%s||||||_request-1|"
                           "urn:oasis:names:tc:SAML:2.0:status:Success|",
                           lab->forge.idp);
    return forge_logout_response(&lab->forge, &(struct forge_logout_response){0});
}

static struct str answer_posted(struct lab *lab) {
    return post(lab, answer(lab));
}

static struct str answer_sent(struct lab *lab) {
    return sent(lab, forge_redirect(lab->arena, "SAMLResponse", answer(lab), NULL,
                                    &(struct forge_signing){0}));
}

static const struct saml_case FINE[] = {
    ACCEPT("a LogoutRequest, posted", request_posted),
    ACCEPT("a LogoutRequest in a query", request_sent),
    ACCEPT("a RelayState in a query", request_with_state),
    ACCEPT("a RelayState that is too long is left out", state_too_long),
    ACCEPT("other parameters around", other_parameters),
    ACCEPT("parameters in another order", reordered),
    ACCEPT("rsa-sha512 in a query", sha512_sent),
    ACCEPT("ECDSA in a query", ecdsa_sent),
    ACCEPT("two SessionIndexes", two_indexes),
    ACCEPT("no SessionIndex", no_index),
    ACCEPT("an EncryptedID", encrypted_name),
    ACCEPT("an EncryptedID in a query", encrypted_name_sent),
    ACCEPT("a LogoutResponse, posted", answer_posted),
    ACCEPT("a LogoutResponse in a query", answer_sent),
};
const struct saml_class CASES_LOGOUT_ACCEPT = {"accepted: logout", "profiles 4.4", OF_LOGOUT, SAID,
                                               CASES(FINE)};

static struct str unsigned_post(struct lab *lab) {
    return posted(lab, request(lab));
}

static struct str unsigned_query(struct lab *lab) {
    const char *query = good_query(lab, NULL);
    return sent(lab,
                forge_text(lab->arena, "%.*s", (int) (strstr(query, "&SigAlg=") - query), query));
}

static struct str foreign_post(struct lab *lab) {
    return posted(lab, forge_sign(lab->arena, request(lab), SIGN_MESSAGE,
                                  &(struct forge_signing){.key = FORGE_ATTACKER}));
}

static struct str foreign_query(struct lab *lab) {
    return sent(lab, forge_redirect(lab->arena, "SAMLRequest", request(lab), NULL,
                                    &(struct forge_signing){.key = FORGE_ATTACKER}));
}

static struct str changed_post(struct lab *lab) {
    return posted(lab, edit(lab->arena, sign_message(lab, request(lab)), "ada-4711", "mallory"));
}

static struct str unsigned_encrypted(struct lab *lab) {
    return posted(lab, hidden_name(lab));
}

static struct str foreign_encrypted(struct lab *lab) {
    return posted(lab, forge_sign(lab->arena, hidden_name(lab), SIGN_MESSAGE,
                                  &(struct forge_signing){.key = FORGE_ATTACKER}));
}

static struct str response_as_request(struct lab *lab) {
    const char *text = answer(lab);
    lab->logout.is_request = true;
    return post(lab, text);
}

static struct str request_as_response(struct lab *lab) {
    lab->logout.is_request = false;
    return request_posted(lab);
}

static struct str sign_on_answer(struct lab *lab) {
    lab->logout.is_request = false;
    return posted(lab, sign_message(lab, good(lab)));
}

static struct str comment(struct lab *lab) {
    return posted(lab, edit(lab->arena, sign_message(lab, request(lab)), "ada-", "ada-<!---->"));
}

static struct str doctype(struct lab *lab) {
    return posted(lab, forge_text(lab->arena, "<!DOCTYPE a>%s", sign_message(lab, request(lab))));
}

static struct str wrapped_request(struct lab *lab) {
    const char *honest = forge_done(lab->arena, sign_message(lab, request(lab)));
    const char *evil = edit(lab->arena, edit(lab->arena, request(lab), "ada-4711", "mallory"),
                            "_message-1", "_evil");
    return posted(lab, edit_before(lab->arena, evil, "</samlp:LogoutRequest>",
                                   forge_text(lab->arena, "<samlp:Extensions>%s</samlp:Extensions>",
                                              honest)));
}

static struct str sha1_post(struct lab *lab) {
    return posted(lab, forge_sign(lab->arena, request(lab), SIGN_MESSAGE,
                                  &(struct forge_signing){.method = FORGE_RSA_SHA1}));
}

static struct str sha1_query(struct lab *lab) {
    return sent(lab, forge_redirect(lab->arena, "SAMLRequest", request(lab), NULL,
                                    &(struct forge_signing){.method = FORGE_RSA_SHA1}));
}

static struct str hmac_query(struct lab *lab) {
    return sent(lab, forge_redirect(lab->arena, "SAMLRequest", request(lab), NULL,
                                    &(struct forge_signing){
                                        .method = FORGE_HMAC_SHA256,
                                        .hmac_key = forge_public_pem(lab->arena, FORGE_IDP)}));
}

static struct str damaged_name(struct lab *lab) {
    const char *name = cut(lab->arena, request(lab), "<saml:NameID", "</saml:NameID>");
    return post(lab, edit(lab->arena, request(lab), name,
                          forge_encrypt(lab->arena, str_from_c(name), "EncryptedID",
                                        &(struct forge_encryption){.damage = FORGE_DAMAGED_LAST})));
}

static struct str no_name(struct lab *lab) {
    return post(
        lab, forge_logout_request(&lab->forge, &(struct forge_logout_request){.name_id_xml = ""}));
}

static struct str bad_time(struct lab *lab) {
    return post(lab, forge_logout_request(
                         &lab->forge, &(struct forge_logout_request){.not_on_or_after = "soon"}));
}

static struct str too_many_indexes(struct lab *lab) {
    const char *one = "<samlp:SessionIndex>x</samlp:SessionIndex>";
    return post(lab, forge_logout_request(&lab->forge,
                                          &(struct forge_logout_request){
                                              .session_index_xml = repeat(lab->arena, one, 65)}));
}

static const struct saml_case REFUSED[] = {
    REFUSE("unsigned, posted", "unsigned", unsigned_post),
    REFUSE("unsigned, in a query", "unsigned", unsigned_query),
    REFUSE("signed with another key, posted", "signature", foreign_post),
    REFUSE("signed with another key, in a query", "signature", foreign_query),
    REFUSE("the NameID was changed", "signature", changed_post),
    REFUSE("unsigned with an EncryptedID", "unsigned", unsigned_encrypted),
    REFUSE("signed with another key, with an EncryptedID", "signature", foreign_encrypted),
    REFUSE("a LogoutResponse as SAMLRequest", "gate_element", response_as_request),
    REFUSE("a LogoutRequest as SAMLResponse", "gate_element", request_as_response),
    REFUSE("a Response of sign-in", "gate_element", sign_on_answer),
    REFUSE("a comment in the NameID", "gate_node", comment),
    REFUSE("DOCTYPE", "gate_dtd", doctype),
    REFUSE("the signed request in an evil one's Extensions", "gate_element", wrapped_request),
    REFUSE("rsa-sha1, posted", "gate_algorithm", sha1_post),
    REFUSE("rsa-sha1 in a query", "gate_algorithm", sha1_query),
    REFUSE("HMAC with the public key in a query", "gate_algorithm", hmac_query),
    REFUSE("an EncryptedID that does not open", "decrypt", damaged_name),
    REFUSE("no NameID", "name_id", no_name),
    REFUSE("NotOnOrAfter is garbage", "time", bad_time),
    REFUSE("65 SessionIndexes", "gate_volume", too_many_indexes),
};
const struct saml_class CASES_LOGOUT = {"logout messages", "profiles 4.4.4", OF_LOGOUT, SAID,
                                        CASES(REFUSED)};

static struct str answer_to_nothing(struct lab *lab) {
    lab->logout.is_request = false;
    return post(lab, forge_logout_response(&lab->forge,
                                           &(struct forge_logout_response){.in_response_to = ""}));
}

static struct str answer_elsewhere(struct lab *lab) {
    lab->logout.is_request = false;
    return post(lab, forge_logout_response(&lab->forge, &(struct forge_logout_response){
                                                            .destination = lab->forge.acs}));
}

static struct str no_id_sent(struct lab *lab) {
    return sent(lab, forge_redirect(lab->arena, "SAMLRequest",
                                    edit(lab->arena, request(lab), " ID=\"_message-1\"", ""), NULL,
                                    &(struct forge_signing){0}));
}

#define SLO       "Destination=\"https://chat.example/saml/one/slo\""
#define IDP       "<saml:Issuer>https://idp.example/metadata</saml:Issuer>"
#define NAME_TEXT ">ada-4711<"

static const struct saml_case WANTED[] = {
    REFUSE("a LogoutResponse that answers nothing", "in_response_to", answer_to_nothing),
    REFUSE("a LogoutResponse for another address", "destination", answer_elsewhere),
    REFUSE("no ID, in a query", "gate_id", no_id_sent),
    BROKEN("version 1.1", "version", "Version=\"2.0\"", "Version=\"1.1\""),
    BROKEN("for another address", "destination", SLO,
           "Destination=\"https://chat.example/saml/two/slo\""),
    BROKEN("no Destination", "destination", " " SLO, ""),
    BROKEN("another Issuer", "issuer", IDP, "<saml:Issuer>https://idp.example/other</saml:Issuer>"),
    BROKEN("no Issuer", "issuer", IDP, ""),
    BROKEN("two Issuers", "issuer", IDP, IDP IDP),
    BROKEN("issued more than an hour ago", "issue_instant", "2026-01-02T03:04:04Z",
           "2026-01-02T02:04:04Z"),
    BROKEN("issued in the future", "issue_instant", "2026-01-02T03:04:04Z", "2026-01-02T03:06:06Z"),
    BROKEN("no IssueInstant", "issue_instant", " IssueInstant=\"2026-01-02T03:04:04Z\"", ""),
    BROKEN("expired as long ago as the skew", "expired", "2026-01-02T03:09:05Z",
           "2026-01-02T03:02:05Z"),
    EDITED("expired within the skew", "2026-01-02T03:09:05Z", "2026-01-02T03:02:06Z"),
    EDITED("no NotOnOrAfter", " NotOnOrAfter=\"2026-01-02T03:09:05Z\"", ""),
    BROKEN("an empty NameID", "name_id", NAME_TEXT, "><"),
    BROKEN("a NameID with outer blanks", "name_id", NAME_TEXT, "> ada-4711<"),
    BROKEN("a NameID with an element", "name_id", NAME_TEXT, ">ada<saml:x/>-4711<"),
    BROKEN("two NameIDs", "name_id", "<samlp:SessionIndex>",
           "<saml:NameID>mallory</saml:NameID><samlp:SessionIndex>"),
    BROKEN("an empty SessionIndex", "name_id", "_session-1", ""),
    BROKEN("a SessionIndex with an element", "name_id", "_session-1", "_session<saml:x/>-1"),
    BROKEN("IssueInstant is garbage", "time", "2026-01-02T03:04:04Z", "now"),
};
const struct saml_class CASES_LOGOUT_WANT = {"what logout messages say", "core 3.7; profiles 4.4.4",
                                             OF_LOGOUT, SAID, CASES(WANTED)};

static struct str with_more(struct lab *lab, const char *more) {
    return sent(lab, forge_text(lab->arena, "%s&%s", good_query(lab, "state"), more));
}

static struct str first(struct lab *lab, const char *more) {
    return sent(lab, forge_text(lab->arena, "%s&%s", more, good_query(lab, "state")));
}

static const char *evil_message(struct lab *lab) {
    const char *query = forge_redirect(lab->arena, "SAMLRequest",
                                       edit(lab->arena, request(lab), "ada-4711", "mallory"), NULL,
                                       &(struct forge_signing){.key = FORGE_ATTACKER});
    return cut(lab->arena, query, "SAMLRequest=", "&");
}

static struct str repeated_before(struct lab *lab) {
    const char *evil = evil_message(lab);
    return first(lab, forge_text(lab->arena, "%.*s", (int) strlen(evil) - 1, evil));
}

static struct str repeated_behind(struct lab *lab) {
    const char *evil = evil_message(lab);
    return with_more(lab, forge_text(lab->arena, "%.*s", (int) strlen(evil) - 1, evil));
}

static struct str escaped_name(struct lab *lab) {
    return first(lab, edit(lab->arena, evil_message(lab), "SAMLRequest=", "SAML%52equest="));
}

static struct str escaped_lower(struct lab *lab) {
    return with_more(lab, "%73amlrequest=x&%53AMLRequest=x");
}

static struct str escaped_alone(struct lab *lab) {
    return sent(lab, edit(lab->arena, good_query(lab, NULL), "SAMLRequest=", "SAMLReques%74="));
}

static struct str both_messages(struct lab *lab) {
    return with_more(lab, "SAMLResponse=x");
}

static struct str second_state(struct lab *lab) {
    return with_more(lab, "RelayState=evil");
}

static struct str escaped_state(struct lab *lab) {
    return with_more(lab, "Relay%53tate=evil");
}

static struct str second_method(struct lab *lab) {
    return with_more(lab, "SigAlg=x");
}

static struct str second_signature(struct lab *lab) {
    return with_more(lab, "Signature=x");
}

static struct str semicolons(struct lab *lab) {
    return sent(lab, edit_all(lab->arena, good_query(lab, "state"), "&", ";"));
}

static struct str semicolon_hides(struct lab *lab) {
    return sent(lab, edit(lab->arena, good_query(lab, "state"), "&RelayState", ";RelayState"));
}

static struct str signature_of_another(struct lab *lab) {
    const char *other = forge_redirect(lab->arena, "SAMLRequest",
                                       edit(lab->arena, request(lab), "_message-1", "_other"),
                                       "state", &(struct forge_signing){0});
    const char *good_one = strstr(good_query(lab, "state"), "&Signature=");
    const char *old = strstr(other, "&Signature=");
    return sent(lab, edit(lab->arena, other, old, good_one));
}

static struct str state_changed(struct lab *lab) {
    return sent(lab,
                edit(lab->arena, good_query(lab, "state"), "RelayState=state", "RelayState=evil"));
}

static struct str state_added(struct lab *lab) {
    return sent(lab, edit(lab->arena, good_query(lab, NULL), "&SigAlg", "&RelayState=evil&SigAlg"));
}

static struct str state_removed(struct lab *lab) {
    return sent(lab, edit(lab->arena, good_query(lab, "state"), "&RelayState=state", ""));
}

static struct str method_changed(struct lab *lab) {
    return sent(lab, edit(lab->arena, good_query(lab, NULL), "rsa%2Dsha256", "rsa%2Dsha512"));
}

static struct str escapes_rewritten(struct lab *lab) {
    return sent(lab, edit_all(lab->arena, good_query(lab, "state/1"), "%2F", "%2f"));
}

static struct str empty_signature(struct lab *lab) {
    const char *query = good_query(lab, NULL);
    const char *end = strstr(query, "&Signature=") + strlen("&Signature=");
    return sent(lab, forge_text(lab->arena, "%.*s", (int) (end - query), query));
}

static struct str no_method(struct lab *lab) {
    return sent(lab, without(lab->arena, good_query(lab, NULL), "&SigAlg=", "sha256"));
}

static struct str nothing(struct lab *lab) {
    return sent(lab, "");
}

static struct str no_message(struct lab *lab) {
    return sent(lab, "RelayState=x&SigAlg=y&Signature=z");
}

static struct str escaped_names(struct lab *lab) {
    return sent(lab, forge_text(lab->arena, "%s%s", repeat(lab->arena, "%41=1&", 80000),
                                good_query(lab, NULL)));
}

static struct str query_too_long(struct lab *lab) {
    return sent(lab, forge_text(lab->arena, "%s&a=%s", good_query(lab, NULL),
                                repeat(lab->arena, "x", 512 * 1024)));
}

static struct str signed_query(struct lab *lab, struct str message) {
    return sent(lab, forge_sign_query(
                         lab->arena,
                         forge_text(lab->arena, "SAMLRequest=%s&SigAlg=%s",
                                    forge_escape(lab->arena, forge_base64(lab->arena, message)),
                                    forge_escape(lab->arena, FORGE_RSA_SHA256)),
                         &(struct forge_signing){0}));
}

static struct str bomb(struct lab *lab) {
    const size_t size = 60 * 1000 * 1000;
    char *zeros = arena_alloc(lab->arena, size);
    memset(zeros, 'x', size);
    return signed_query(lab, forge_deflate(lab->arena, (struct str){zeros, size}));
}

static struct str not_deflated(struct lab *lab) {
    return signed_query(lab, str_from_c(forge_done(lab->arena, request(lab))));
}

static struct str deflate_cut(struct lab *lab) {
    const struct str all =
        forge_deflate(lab->arena, str_from_c(forge_done(lab->arena, request(lab))));
    return signed_query(lab, str_first(all, all.len - 4));
}

static struct str deflate_tail(struct lab *lab) {
    const struct str all =
        forge_deflate(lab->arena, str_from_c(forge_done(lab->arena, request(lab))));
    char *more = arena_alloc(lab->arena, all.len + 8);
    memcpy(more, all.at, all.len);
    return signed_query(lab, (struct str){more, all.len + 8});
}

static struct str bad_base64(struct lab *lab) {
    return sent(lab, forge_sign_query(lab->arena,
                                      forge_text(lab->arena, "SAMLRequest=%%FF*&SigAlg=%s",
                                                 forge_escape(lab->arena, FORGE_RSA_SHA256)),
                                      &(struct forge_signing){0}));
}

static const struct saml_case QUERY[] = {
    REFUSE("a second message before the signed one", "query", repeated_before),
    REFUSE("a second message behind the signed one", "query", repeated_behind),
    REFUSE("a second message under an escaped name", "query", escaped_name),
    REFUSE("an escaped name beside the right one", "query", escaped_lower),
    REFUSE("the only message under an escaped name", "query", escaped_alone),
    REFUSE("SAMLRequest and SAMLResponse", "query", both_messages),
    REFUSE("a second RelayState", "query", second_state),
    REFUSE("a second RelayState under an escaped name", "query", escaped_state),
    REFUSE("a second SigAlg", "query", second_method),
    REFUSE("a second Signature", "query", second_signature),
    REFUSE("semicolons in place of ampersands", "unsigned", semicolons),
    REFUSE("a semicolon before RelayState", "signature", semicolon_hides),
    REFUSE("the signature of another message", "signature", signature_of_another),
    REFUSE("the RelayState was changed", "signature", state_changed),
    REFUSE("a RelayState was added", "signature", state_added),
    REFUSE("the RelayState was taken out", "signature", state_removed),
    REFUSE("SigAlg was changed", "signature", method_changed),
    REFUSE("the escapes were written anew", "signature", escapes_rewritten),
    REFUSE("an empty Signature", "signature", empty_signature),
    REFUSE("a Signature without SigAlg", "query", no_method),
    REFUSE("an empty query", "query", nothing),
    REFUSE("a query without a message", "query", no_message),
    ACCEPT("80,000 other parameters", escaped_names),
    REFUSE("a query of 512 KB", "gate_size", query_too_long),
    REFUSE("60 MB deflated", "inflate", bomb),
    REFUSE("not deflated", "inflate", not_deflated),
    REFUSE("DEFLATE cut short", "inflate", deflate_cut),
    REFUSE("bytes behind DEFLATE", "inflate", deflate_tail),
    REFUSE("signed, but not base64", "gate_base64", bad_base64),
};
const struct saml_class CASES_QUERY = {"query differentials", "bindings 3.4.4.1", OF_LOGOUT, SAID,
                                       CASES(QUERY)};
