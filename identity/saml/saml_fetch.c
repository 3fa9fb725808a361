#include "identity/saml/saml_fetch.h"

#include "base/address.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/http_client.h"
#include "base/url.h"
#include "identity/saml/saml_facts.h"

#define PEM_BEGIN STR("-----BEGIN CERTIFICATE-----")
#define PEM_END   STR("-----END CERTIFICATE-----")

enum { COMPOSED_MAX = 512 * 1024 };

/* Names are not looked up: what they mean to us now says nothing about a browser later. */
static bool is_listed(const struct saml_reader *reader, const struct url *url) {
    const struct str host = str_eq(url->host, STR("localhost")) ? STR("127.0.0.1") : url->host;
    unsigned char address[ADDRESS_BYTES];
    return reader->http_rules != NULL && address_parse(host, address) &&
           address_is_listed(address, url->port, reader->http_rules);
}

/* Where browsers are sent: whatever the document says, https, no user, no fragment. Providers
 * without TLS exist in networks of the operator's own. */
static bool is_web_address(struct scope *scope, const struct saml_reader *reader,
                           struct str location) {
    struct url url;
    return is_ok(url_parse_web(scope, location, true, &url)) &&
           (str_eq(url.scheme, STR("https")) || is_listed(reader, &url));
}

static bool are_web_addresses(struct scope *scope, const struct saml_reader *reader,
                              const struct saml_endpoint *endpoints, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct saml_endpoint *endpoint = &endpoints[i];
        if (!is_web_address(scope, reader, endpoint->location) ||
            (endpoint->response_location.len > 0 &&
             !is_web_address(scope, reader, endpoint->response_location))) {
            return false;
        }
    }
    return true;
}

result saml_fetch_read(struct scope *scope, const struct saml_reader *reader,
                       const struct saml_provider *provider, struct str xml, struct saml_idp *ret) {
    const struct saml_metadata_input input = {
        .xml = xml,
        .entity_id = provider->wanted_entity_id,
        .signer_der = provider->signer_der,
        .now_us = clock_now_us(scope->env->clock),
        .is_http_allowed = reader->http_rules != NULL && reader->http_rules->count > 0,
    };
    struct saml_idp *idp = NEW(scope->arena, struct saml_idp);
    TRY(reader->read(scope, reader->context, &input, idp));
    REQUIRE(scope, idp->sign_on_count > 0 && idp->entity_id.len > 0, INVALID,
            "saml.metadata_entity");
    REQUIRE(scope, idp->certificate_count > 0, INVALID, "saml.metadata_key");
    REQUIRE(scope, !idp->valid_until.is_present || idp->valid_until.us > input.now_us, INVALID,
            "saml.metadata_expired");
    REQUIRE(scope,
            are_web_addresses(scope, reader, idp->sign_on, idp->sign_on_count) &&
                are_web_addresses(scope, reader, idp->logout, idp->logout_count),
            INVALID, "saml.metadata_url");
    *ret = *idp;
    return OK_RESULT;
}

/* Sent back in a header as it came: visible ASCII only. */
static struct str usable_etag(struct str etag) {
    if (etag.len > SAML_ETAG_MAX) {
        return STR("");
    }
    for (size_t i = 0; i < etag.len; i++) {
        if (etag.at[i] <= 0x20 || etag.at[i] > 0x7e) {
            return STR("");
        }
    }
    return etag;
}

result saml_fetch(struct scope *scope, const struct saml_reader *reader,
                  const struct saml_provider *provider, struct saml_fetched *ret) {
    const struct http_header headers[] = {
        {STR("Accept"), STR("application/samlmetadata+xml, application/xml, text/xml, */*;q=0.1")},
        {STR("If-None-Match"), provider->etag},
    };
    const struct http_call call = {
        .method = "GET",
        .url = provider->url,
        .headers = headers,
        .header_count = provider->etag.len > 0 ? 2 : 1,
        .ca_pem = provider->ca_pem,
        .proxy = STR(""),
        .max_bytes = SAML_METADATA_MAX,
    };
    struct http_reply reply = {.status = 0};
    struct saml_fetched *fetched = NEW(scope->arena, struct saml_fetched);
    TRY(scope->env->http->send(scope->env->http, scope, &call, &reply));
    if (reply.status == 304 && provider->etag.len > 0) {
        fetched->is_unchanged = true;
        fetched->etag = provider->etag;
        *ret = *fetched;
        return OK_RESULT;
    }
    /* A redirect is one of these: following it would be somebody else's choice of an address. */
    REQUIRE(scope, reply.status == 200, UNAVAILABLE, "saml.metadata_fetch");
    TRY(saml_fetch_read(scope, reader, provider, reply.body, &fetched->idp));
    fetched->etag = usable_etag(reply.etag);
    *ret = *fetched;
    return OK_RESULT;
}

/* Past the limit it is no certificate. */
static struct str without_blanks(struct scope *scope, struct str text) {
    struct strbuf dense = strbuf_begin(scope->arena, SAML_CERTIFICATE_MAX * 2);
    for (size_t i = 0; i < text.len; i++) {
        const char byte = text.at[i];
        if (byte != ' ' && byte != '\t' && byte != '\r' && byte != '\n') {
            strbuf_add_byte(&dense, byte);
        }
    }
    return dense.is_full ? STR("") : strbuf_str(&dense);
}

struct str saml_fetch_next_certificate(struct scope *scope, struct str *pem) {
    const struct str text = *pem;
    const ptrdiff_t begin = str_find(text, PEM_BEGIN);
    *pem = STR("");
    if (begin < 0) {
        return str_find(text, STR("-----")) < 0 ? without_blanks(scope, text) : STR("");
    }
    const struct str rest = str_from(text, (size_t) begin + PEM_BEGIN.len);
    const ptrdiff_t end = str_find(rest, PEM_END);
    if (end < 0) {
        return STR("");
    }
    const struct str after = str_from(rest, (size_t) end + PEM_END.len);
    *pem = str_find(after, PEM_BEGIN) >= 0 ? after : STR("");
    return without_blanks(scope, str_first(rest, (size_t) end));
}

static void add_attribute(struct scope *scope, struct strbuf *xml, const char *name,
                          struct str value) {
    strbuf_add_byte(xml, ' ');
    strbuf_add_c(xml, name);
    strbuf_add_c(xml, "=\"");
    strbuf_add(xml, html_escape(scope->arena, value));
    strbuf_add_byte(xml, '"');
}

static void add_service(struct scope *scope, struct strbuf *xml, const char *name,
                        enum saml_binding binding, struct str location) {
    strbuf_add_c(xml, "<md:");
    strbuf_add_c(xml, name);
    add_attribute(scope, xml, "Binding",
                  binding == SAML_POST ? STR("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
                                       : STR("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"));
    add_attribute(scope, xml, "Location", location);
    strbuf_add_c(xml, "/>");
}

static size_t add_certificates(struct scope *scope, struct strbuf *xml, struct str pem) {
    size_t count = 0;
    for (;;) {
        const struct str certificate = saml_fetch_next_certificate(scope, &pem);
        if (certificate.len == 0) {
            return count;
        }
        strbuf_add_c(xml, "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data>"
                          "<ds:X509Certificate>");
        strbuf_add(xml, html_escape(scope->arena, certificate));
        strbuf_add_c(xml, "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>");
        count++;
    }
}

result saml_fetch_compose(struct scope *scope, struct str entity_id,
                          const struct saml_source *source, struct str *ret_xml) {
    struct strbuf xml = strbuf_begin(scope->arena, COMPOSED_MAX);
    strbuf_add_c(&xml, "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\""
                       " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"");
    add_attribute(scope, &xml, "entityID", entity_id);
    strbuf_add_c(&xml, "><md:IDPSSODescriptor"
                       " protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">");
    REQUIRE(scope, add_certificates(scope, &xml, source->certificates) > 0, INVALID,
            "saml.metadata_key");
    if (source->slo_url.len > 0) {
        add_service(scope, &xml, "SingleLogoutService", source->slo_binding, source->slo_url);
    }
    add_service(scope, &xml, "SingleSignOnService", source->sso_binding, source->sso_url);
    strbuf_add_c(&xml, "</md:IDPSSODescriptor></md:EntityDescriptor>");
    return strbuf_finish(scope, &xml, ret_xml);
}
