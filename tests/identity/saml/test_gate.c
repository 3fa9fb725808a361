#include "identity/saml/saml_gate.h"
#include "tests/identity/saml/verify_desk.h"

#include <string.h>

#define RESPONSE_END "</samlp:Response>"

static result open_text(struct verify_desk *desk, const char *xml, xmlDoc **ret) {
    const struct saml_gate gate = {.root = SAML_ROOT_RESPONSE, .is_cbc_allowed = true};
    return saml_gate_open(&desk->fixture.scope, &gate, str_from_c(xml), ret);
}

static void assert_gate(struct verify_desk *desk, const char *name, const char *xml,
                        const char *reason) {
    AUTO(saml_gate_close) xmlDoc *document = NULL;
    desk->fixture.scope.reason = "";
    const result got = open_text(desk, xml, &document);
    if (got.code != (reason == NULL ? OK : INVALID) ||
        (reason != NULL && strcmp(desk->fixture.scope.reason, reason) != 0)) {
        fail_msg("%s: %s", name, desk->fixture.scope.reason);
    }
}

static const char *good(struct verify_desk *desk) {
    return forge_done(desk->forge.arena, signed_assertion(desk));
}

static void what_providers_send_passes(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const char *xml = good(desk);
    assert_gate(desk, "as it is", xml, NULL);
    assert_gate(desk, "a declaration",
                forge_text(arena, "<?xml version='1.0' encoding='utf-8'?>\n%s", xml), NULL);
    assert_gate(desk, "a byte order mark", forge_text(arena, "\xef\xbb\xbf%s", xml), NULL);
    assert_gate(desk, "a type of a value",
                edit(arena, xml, "<saml:AttributeValue>",
                     "<saml:AttributeValue xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
                     "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xsi:type=\"xs:string\">"),
                NULL);
    assert_gate(desk, "references to characters",
                edit(arena, xml, "ada-4711", "a&amp;&#x64;&lt;\xc3\xa9"), NULL);
    assert_gate(desk, "extensions",
                edit(arena, xml, "<samlp:Status>", "<samlp:Extensions/><samlp:Status>"), NULL);
    assert_gate(desk, "no assertion", without(arena, xml, "<saml:Assertion", "</saml:Assertion>"),
                NULL);
}

/* Each row changes one thing of a good message. */
static const struct {
    const char *name, *from, *to, *reason;
} EDITS[] = {
    {"an empty element more", "</saml:Subject>", "</saml:Subject><x/>", NULL},
    {"doctype", "<samlp:Response", "<!DOCTYPE x><samlp:Response", "saml.gate_dtd"},
    {"encoding", "<samlp:Response", "<?xml version='1.0' encoding='UTF-7'?><samlp:Response",
     "saml.gate_xml"},
    {"two encodings", "<samlp:Response",
     "<?xml version='1.0' encoding='UTF-8' encoding='UTF-7'?><samlp:Response", "saml.gate_xml"},
    {"version 1.1", "<samlp:Response", "<?xml version='1.1'?><samlp:Response", "saml.gate_xml"},
    {"text before", "<samlp:Response", "x<samlp:Response", "saml.gate_xml"},
    {"no UTF-8", "ada-4711", "ada-\xff", "saml.gate_xml"},
    {"unknown entity", "ada-4711", "&ada;", "saml.gate_xml"},
    {"unbound prefix", "<saml:Subject>", "<no:x/><saml:Subject>", "saml.gate_xml"},
    {"the same attribute by two prefixes", "<saml:Subject>",
     "<x xmlns:a=\"urn:a:b\" xmlns:b=\"urn:a:b\" a:c=\"1\" b:c=\"2\"/><saml:Subject>",
     "saml.gate_xml"},
    {"an open element", "</saml:Subject>", "", "saml.gate_xml"},
    {"comment", "ada-4711", "ada<!-- -->-4711", "saml.gate_node"},
    {"comment before the root", "<samlp:Response", "<!-- --><samlp:Response", "saml.gate_node"},
    {"instruction", "ada-4711", "ada<?x y?>-4711", "saml.gate_node"},
    {"CDATA", "ada-4711", "<![CDATA[ada-4711]]>", "saml.gate_node"},
    {"the same ID twice", "<saml:Subject>", "<x ID=\"_assertion-1\"/><saml:Subject>",
     "saml.gate_id"},
    {"the same ID spelt otherwise", "<saml:Subject>", "<x id=\"_assertion-1\"/><saml:Subject>",
     "saml.gate_id"},
    {"empty ID", "<saml:Subject>", "<x Id=\"\"/><saml:Subject>", "saml.gate_id"},
    {"xml:id", "<saml:Subject>", "<x xml:id=\"a\"/><saml:Subject>", "saml.gate_id"},
    {"ID in a namespace", "<saml:Subject>", "<x xmlns:a=\"urn:a:b\" a:ID=\"b\"/><saml:Subject>",
     "saml.gate_id"},
    {"ID that is a pointer", "<saml:Subject>", "<x ID=\"xpointer(/)\"/><saml:Subject>",
     "saml.gate_id"},
    {"type of something else", "<saml:Subject>",
     "<saml:Subject xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:type=\"i:x\">",
     "saml.gate_type"},
    {"relative namespace", "<saml:Subject>", "<saml:Subject xmlns:a=\"a\">", "saml.gate_namespace"},
    {"namespace taken away", "<saml:Subject>", "<saml:Subject xmlns=\"\">", "saml.gate_namespace"},
    {"namespace with a blank", "<saml:Subject>", "<saml:Subject xmlns:a=\"urn:a b\">",
     "saml.gate_xml"},
    {"second assertion", "</samlp:Response>", "<saml:Assertion/></samlp:Response>",
     "saml.gate_element"},
    {"assertion inside", "<saml:Subject>",
     "<saml:Advice><saml:Assertion/></saml:Advice>"
     "<saml:Subject>",
     "saml.gate_element"},
    {"message inside", "<samlp:Status>",
     "<samlp:Extensions><samlp:Response/></samlp:Extensions>"
     "<samlp:Status>",
     "saml.gate_element"},
    {"other element of the protocol", "<samlp:Status>", "<samlp:NameIDPolicy/><samlp:Status>",
     "saml.gate_element"},
    {"status inside", "<saml:Subject>", "<samlp:Status/><saml:Subject>", "saml.gate_element"},
    {"reference to a cipher", "<saml:Subject>",
     "<e:CipherReference xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/><saml:Subject>",
     "saml.gate_element"},
    {"data without a container", "<saml:Subject>",
     "<e:EncryptedData xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/><saml:Subject>",
     "saml.gate_element"},
    {"key without a container", "<saml:Subject>",
     "<e:EncryptedKey xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/><saml:Subject>",
     "saml.gate_element"},
    {"empty container", "<saml:Subject>", "<saml:EncryptedAttribute/><saml:Subject>",
     "saml.gate_element"},
    {"retrieval of a key", "</ds:SignatureValue>",
     "</ds:SignatureValue><ds:KeyInfo><ds:RetrievalMethod URI=\"#a\"/></ds:KeyInfo>",
     "saml.gate_element"},
    {"signature elsewhere", "<saml:Subject>",
     "<d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"/><saml:Subject>",
     "saml.gate_signature"},
    {"second signature", "<saml:Subject>",
     "<saml:Subject/><d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"/><saml:Subject>",
     "saml.gate_signature"},
    {"object", "</ds:SignatureValue>", "</ds:SignatureValue><ds:Object/>", "saml.gate_signature"},
    {"object elsewhere", "<saml:Subject>",
     "<d:Object xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"/><saml:Subject>",
     "saml.gate_signature"},
    {"digest elsewhere", "<saml:Subject>",
     "<d:DigestValue xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\">a</d:DigestValue>"
     "<saml:Subject>",
     "saml.gate_signature"},
    {"second SignedInfo", "<ds:SignatureValue>", "<ds:SignedInfo/><ds:SignatureValue>",
     "saml.gate_signature"},
    {"text in SignedInfo", "<ds:SignedInfo>", "<ds:SignedInfo>x", "saml.gate_signature"},
    {"empty reference", "URI=\"#_assertion-1\"", "URI=\"\"", "saml.gate_signature"},
    {"reference elsewhere", "URI=\"#_assertion-1\"", "URI=\"#_message-1\"", "saml.gate_signature"},
    {"reference without a sign", "URI=\"#_assertion-1\"", "URI=\"_assertion-1\"",
     "saml.gate_signature"},
    {"XPath", "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
     "http://www.w3.org/TR/1999/REC-xpath-19991116", "saml.gate_signature"},
    {"another digest", "</ds:DigestValue>", "x</ds:DigestValue>", NULL},
    {"element in the digest", "</ds:DigestValue>", "<x/></ds:DigestValue>", "saml.gate_signature"},
    {"element in the value", "</ds:SignatureValue>", "<x/></ds:SignatureValue>",
     "saml.gate_signature"},
    {"HMAC", FORGE_RSA_SHA256, FORGE_HMAC_SHA256, "saml.gate_algorithm"},
    {"SHA-1", FORGE_RSA_SHA256, FORGE_RSA_SHA1, "saml.gate_algorithm"},
    {"SHA-1 digest", "Algorithm=\"" FORGE_SHA256, "Algorithm=\"" FORGE_SHA1, "saml.gate_algorithm"},
    {"canonical form with comments", FORGE_EXCLUSIVE "\"", FORGE_EXCLUSIVE "WithComments\"",
     "saml.gate_algorithm"},
    {"other root", "<samlp:Response ", "<samlp:LogoutResponse ", "saml.gate_xml"},
};

static void one_change_is_refused_with_its_reason(void **state) {
    struct verify_desk *desk = *state;
    const char *xml = good(desk);
    for (size_t i = 0; i < sizeof EDITS / sizeof EDITS[0]; i++) {
        assert_gate(desk, EDITS[i].name, edit(desk->forge.arena, xml, EDITS[i].from, EDITS[i].to),
                    EDITS[i].reason);
    }
}

static void another_message_is_not_the_expected_one(void **state) {
    struct verify_desk *desk = *state;
    const char *request = forge_logout_request(&desk->forge, &(struct forge_logout_request){0});
    assert_gate(desk, "request", forge_done(desk->forge.arena, request), "saml.gate_element");
    assert_gate(desk, "assertion alone",
                forge_assertion(&desk->forge, &(struct forge_assertion){0}), "saml.gate_element");
}

static void volume_is_bounded(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    const char *xml = good(desk);
    const struct {
        const char *name, *add, *reason;
    } cases[] = {
        {"depth of 46 more",
         forge_text(arena, "%s%s", repeat(arena, "<x>", 46), repeat(arena, "</x>", 46)), NULL},
        {"depth of 48 more",
         forge_text(arena, "%s%s", repeat(arena, "<x>", 48), repeat(arena, "</x>", 48)),
         "saml.gate_volume"},
        {"nodes", repeat(arena, "<x/>", 20001), "saml.gate_volume"},
        {"texts", repeat(arena, "<x>y</x>", 10001), "saml.gate_volume"},
        {"many elements", repeat(arena, "<x>y</x>", 9000), NULL},
        {"32 attributes",
         "<x a1='' a2='' a3='' a4='' a5='' a6='' a7='' a8='' b1='' b2='' b3='' b4='' b5='' b6='' "
         "b7='' b8='' c1='' c2='' c3='' c4='' c5='' c6='' c7='' c8='' d1='' d2='' d3='' d4='' "
         "d5='' d6='' d7='' d8=''/>",
         NULL},
        {"33 attributes",
         "<x a1='' a2='' a3='' a4='' a5='' a6='' a7='' a8='' b1='' b2='' b3='' b4='' b5='' b6='' "
         "b7='' b8='' c1='' c2='' c3='' c4='' c5='' c6='' c7='' c8='' d1='' d2='' d3='' d4='' "
         "d5='' d6='' d7='' d8='' e=''/>",
         "saml.gate_volume"},
        {"an ID of 256", forge_text(arena, "<x ID='%s'/>", repeat(arena, "i", 256)), NULL},
        {"an ID of 257", forge_text(arena, "<x ID='%s'/>", repeat(arena, "i", 257)),
         "saml.gate_volume"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_gate(desk, cases[i].name, edit_before(arena, xml, RESPONSE_END, cases[i].add),
                    cases[i].reason);
    }
}

/* Before the parser sees them: its cost grows with their square. */
static void thousands_of_attributes_cost_nothing(void **state) {
    struct verify_desk *desk = *state;
    struct strbuf text = strbuf_begin(desk->forge.arena, SAML_MESSAGE_MAX);
    strbuf_add_c(&text, "<x");
    for (int64_t i = 0; i < 20000; i++) {
        strbuf_add_c(&text, " a");
        strbuf_add_number(&text, i);
        strbuf_add_c(&text, "=''");
    }
    strbuf_add_c(&text, "/>");
    const int64_t before_us = clock_monotonic_us();
    AUTO(saml_gate_close) xmlDoc *document = NULL;
    const struct saml_gate gate = {.root = SAML_ROOT_RESPONSE};
    assert_failed(saml_gate_open(&desk->fixture.scope, &gate, strbuf_str(&text), &document),
                  &desk->fixture.scope, INVALID, "saml.gate_volume");
    assert_true(clock_monotonic_us() - before_us < MS_TO_US(50));
}

static void namespaces_in_scope_are_bounded(void **state) {
    struct verify_desk *desk = *state;
    struct arena *arena = desk->forge.arena;
    struct strbuf text = strbuf_begin(arena, SAML_MESSAGE_MAX);
    for (int64_t i = 0; i < 300; i++) {
        strbuf_add_c(&text, i % 10 == 0 ? "<x" : "");
        strbuf_add_c(&text, " xmlns:a");
        strbuf_add_number(&text, i);
        strbuf_add_c(&text, "='urn:a:b'");
        strbuf_add_c(&text, i % 10 == 9 ? ">" : "");
    }
    strbuf_add_c(&text, repeat(arena, "</x>", 30));
    const char *many = str_format(arena, "%.*s", STR_ARG(strbuf_str(&text))).at;
    assert_gate(desk, "nested", edit_before(arena, good(desk), RESPONSE_END, many),
                "saml.gate_volume");
    assert_gate(desk, "side by side",
                edit_before(arena, good(desk), RESPONSE_END,
                            repeat(arena, "<x xmlns:a='urn:a:b' xmlns:b='urn:b:c'/>", 600)),
                NULL);
}

static void sizes_and_base64_are_strict(void **state) {
    struct verify_desk *desk = *state;
    struct scope *scope = &desk->fixture.scope;
    struct str got;
    assert_ok(saml_gate_decode(scope, STR(" Y\t2\r\nE = "), &got));
    assert_str(got, "ca");
    assert_failed(saml_gate_decode(scope, STR("Y2E"), &got), scope, INVALID, "saml.gate_base64");
    assert_failed(saml_gate_decode(scope, STR("Y2-="), &got), scope, INVALID, "saml.gate_base64");
    assert_failed(saml_gate_decode(scope, STR("Y2F=Y2E="), &got), scope, INVALID,
                  "saml.gate_base64");
    assert_failed(saml_gate_decode(scope, STR("Y2\0E="), &got), scope, INVALID, "saml.gate_base64");
    const char *large = repeat(desk->forge.arena, "AAAA", SAML_MESSAGE_MAX / 3 + 1);
    assert_failed(saml_gate_decode(scope, str_from_c(large), &got), scope, INVALID,
                  "saml.gate_size");
    const struct saml_gate gate = {.root = SAML_ROOT_RESPONSE};
    AUTO(saml_gate_close) xmlDoc *document = NULL;
    assert_failed(saml_gate_open(scope, &gate, STR("<a>\0</a>"), &document), scope, INVALID,
                  "saml.gate_xml");
    assert_failed(saml_gate_open(scope, &gate, STR(""), &document), scope, INVALID,
                  "saml.gate_xml");
    /* the first bytes of a declaration in EBCDIC */
    assert_failed(saml_gate_open(scope, &gate, STR("\x4c\x6f\xa7\x94\x93"), &document), scope,
                  INVALID, "saml.gate_xml");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK(what_providers_send_passes),
        DESK(one_change_is_refused_with_its_reason),
        DESK(another_message_is_not_the_expected_one),
        DESK(volume_is_bounded),
        DESK(thousands_of_attributes_cost_nothing),
        DESK(namespaces_in_scope_are_bounded),
        DESK(sizes_and_base64_are_strict),
    };
    return RUN_DESK(tests);
}
