#include "identity/saml/saml_metadata_write.h"

#include <assert.h>

#include <libxml/xmlwriter.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "identity/saml/saml_reason.h"

static const char METADATA_NS[] = "urn:oasis:names:tc:SAML:2.0:metadata";
static const char SIGNATURE_NS[] = "http://www.w3.org/2000/09/xmldsig#";
static const char PROTOCOL[] = "urn:oasis:names:tc:SAML:2.0:protocol";
static const char *const BINDINGS[] = {
    [SAML_REDIRECT] = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
    [SAML_POST] = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
};
static_assert(sizeof BINDINGS / sizeof *BINDINGS == SAML_BINDING_COUNT, "one name each");

/* In the order in which a provider should take them; what the decryption opens. */
static const char *const CIPHERS[] = {
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
};
enum { CIPHERS_WITHOUT_CBC = 2, CIPHERS_ALL = sizeof CIPHERS / sizeof *CIPHERS };
static const char KEY_TRANSPORT[] = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";

/* What stays wrong once: the writer's calls are many, the question is asked at the end. */
struct page {
    struct arena *arena;
    xmlBufferPtr text;
    xmlTextWriterPtr writer;
    bool has_failed;
};

static void page_close(struct page *page) {
    xmlFreeTextWriter(page->writer);
    xmlBufferFree(page->text);
}

static void must(struct page *page, int returned) {
    page->has_failed = page->has_failed || returned < 0;
}

static const xmlChar *xml(const char *text) {
    return (const xmlChar *) text;
}

/* The library wants C strings; what is no clean text would make a document nobody can read. */
static const xmlChar *clean(struct page *page, struct str text) {
    page->has_failed = page->has_failed || !str_is_utf8(text) || str_has_control(text);
    return (const xmlChar *) str_format(page->arena, "%.*s", STR_ARG(text)).at;
}

static void open_element(struct page *page, const char *name) {
    must(page, xmlTextWriterStartElement(page->writer, xml(name)));
}

static void close_element(struct page *page) {
    must(page, xmlTextWriterEndElement(page->writer));
}

static void attribute(struct page *page, const char *name, struct str value) {
    must(page, xmlTextWriterWriteAttribute(page->writer, xml(name), clean(page, value)));
}

static void text_element(struct page *page, const char *name, struct str value) {
    must(page, xmlTextWriterWriteElement(page->writer, xml(name), clean(page, value)));
}

static void key_descriptor(struct page *page, const char *use, struct str der,
                           size_t cipher_count) {
    open_element(page, "md:KeyDescriptor");
    attribute(page, "use", str_from_c(use));
    open_element(page, "ds:KeyInfo");
    open_element(page, "ds:X509Data");
    text_element(page, "ds:X509Certificate", base64_encode(page->arena, der));
    close_element(page);
    close_element(page);
    for (size_t i = 0; i < cipher_count; i++) {
        open_element(page, "md:EncryptionMethod");
        attribute(page, "Algorithm", str_from_c(CIPHERS[i]));
        close_element(page);
    }
    if (cipher_count > 0) {
        open_element(page, "md:EncryptionMethod");
        attribute(page, "Algorithm", str_from_c(KEY_TRANSPORT));
        close_element(page);
    }
    close_element(page);
}

static void endpoint(struct page *page, const char *name, const struct saml_endpoint *where) {
    open_element(page, name);
    attribute(page, "Binding", str_from_c(BINDINGS[where->binding]));
    attribute(page, "Location", where->location);
    if (where->response_location.len > 0) {
        attribute(page, "ResponseLocation", where->response_location);
    }
}

static void open_entity(struct page *page, struct str entity_id) {
    must(page, xmlTextWriterStartDocument(page->writer, NULL, "UTF-8", NULL));
    open_element(page, "md:EntityDescriptor");
    attribute(page, "xmlns:md", str_from_c(METADATA_NS));
    attribute(page, "xmlns:ds", str_from_c(SIGNATURE_NS));
    attribute(page, "entityID", entity_id);
}

static void boolean(struct page *page, const char *name, bool value) {
    attribute(page, name, value ? STR("true") : STR("false"));
}

static void write_service(struct page *page, const struct saml_service *service) {
    const size_t ciphers = service->opens_cbc ? CIPHERS_ALL : CIPHERS_WITHOUT_CBC;
    open_entity(page, service->entity_id);
    open_element(page, "md:SPSSODescriptor");
    boolean(page, "AuthnRequestsSigned", service->signs_requests);
    boolean(page, "WantAssertionsSigned", service->wants_assertions_signed);
    attribute(page, "protocolSupportEnumeration", str_from_c(PROTOCOL));
    for (size_t i = 0; i < service->signing_count; i++) {
        key_descriptor(page, "signing", service->signing[i], 0);
    }
    for (size_t i = 0; i < service->encryption_count; i++) {
        key_descriptor(page, "encryption", service->encryption[i], ciphers);
    }
    for (int binding = 0; binding < SAML_BINDING_COUNT; binding++) {
        const struct saml_endpoint logout = {.binding = (enum saml_binding) binding,
                                             .location = service->slo_url};
        endpoint(page, "md:SingleLogoutService", &logout);
        close_element(page);
    }
    if (service->name_id_format.len > 0) {
        text_element(page, "md:NameIDFormat", service->name_id_format);
    }
    const struct saml_endpoint consumer = {.binding = SAML_POST, .location = service->acs_url};
    endpoint(page, "md:AssertionConsumerService", &consumer);
    attribute(page, "index", STR("0"));
    attribute(page, "isDefault", STR("true"));
    close_element(page);
}

static void write_provider(struct page *page, const struct saml_party *party) {
    open_entity(page, party->idp_entity_id);
    open_element(page, "md:IDPSSODescriptor");
    attribute(page, "protocolSupportEnumeration", str_from_c(PROTOCOL));
    if (party->logout.location.len > 0) {
        endpoint(page, "md:SingleLogoutService", &party->logout);
        close_element(page);
    }
    endpoint(page, "md:SingleSignOnService", &party->sign_on);
    close_element(page);
}

static struct page page_open(struct scope *scope) {
    struct page page = {.arena = scope->arena, .text = xmlBufferCreate()};
    assert(page.text != NULL);
    page.writer = xmlNewTextWriterMemory(page.text, 0);
    assert(page.writer != NULL);
    return page;
}

static result page_finish(struct scope *scope, struct page *page, struct str *ret) {
    must(page, xmlTextWriterEndDocument(page->writer)); /* closes what is open */
    must(page, xmlTextWriterFlush(page->writer));
    SAML_REQUIRE(scope, !page->has_failed, SAML_BUILD);
    const struct str text = {(const char *) xmlBufferContent(page->text),
                             (size_t) xmlBufferLength(page->text)};
    *ret = str_copy(scope->arena, text);
    return OK_RESULT;
}

result saml_metadata_write_service(struct scope *scope, const struct saml_service *service,
                                   struct str *ret) {
    assert(service->signing_count > 0 && service->signing_count <= SAML_OWN_KEYS_MAX &&
           service->encryption_count <= SAML_OWN_KEYS_MAX);
    AUTO(page_close) struct page page = page_open(scope);
    write_service(&page, service);
    return page_finish(scope, &page, ret);
}

result saml_metadata_write_provider(struct scope *scope, const struct saml_party *party,
                                    struct str *ret) {
    AUTO(page_close) struct page page = page_open(scope);
    write_provider(&page, party);
    return page_finish(scope, &page, ret);
}
