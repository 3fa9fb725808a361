/* Settings of a SAML connection: read from what an administrator sent, and written. What the
 * provider's metadata says is not among them: it is read in the jail and stored apart. */

#include <assert.h>

#include "base/arena.h"
#include "base/url.h"
#include "identity/connection_input.h"

enum { NAME_MAX = 256, ENTITY_ID_MAX = 1024, CERTIFICATE_TEXT_MAX = 64 * 1024 };

#define TRANSIENT "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

static const char *const SIGNED[] = {"either", "response", "assertion", "both"};
static const char *const CBC[] = {"signed_response", "off", "always"};
static const char *const IDP_INITIATED[] = {"off", "convert"};
static const char *const BINDINGS[] = {"redirect", "post"};
static_assert(sizeof SIGNED / sizeof *SIGNED == SAML_SIGNED_COUNT, "a name each");
static_assert(sizeof CBC / sizeof *CBC == SAML_CBC_COUNT, "a name each");
static_assert(sizeof IDP_INITIATED / sizeof *IDP_INITIATED == SAML_IDP_INITIATED_COUNT,
              "a name each");
static_assert(sizeof BINDINGS / sizeof *BINDINGS == SAML_BINDING_COUNT, "a name each");

/* One word of visible ASCII: entity ids, formats and classes are URIs and compared by bytes. */
static bool is_uri(struct str text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= 0x20 || text.at[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static bool read_uri(const struct json *body, struct str member, size_t max, struct str *ret) {
    return input_text(body, member, max, ret) && is_uri(*ret);
}

static bool is_there(const struct json *body, struct str member) {
    return json_kind(json_get(body, member)) != JSON_NULL;
}

static result read_metadata_url(struct scope *scope, const struct json *body, struct str *ret) {
    struct url url;
    REQUIRE(scope,
            input_text(body, STR("metadata_url"), SAML_URL_MAX, ret) &&
                (ret->len == 0 || is_ok(url_parse_web(scope, *ret, false, &url))),
            INVALID, "connection.metadata_url");
    return OK_RESULT;
}

static result read_binding(struct scope *scope, const struct json *body, struct str member,
                           enum saml_binding *ret) {
    const int binding = input_choice(body, member, BINDINGS, SAML_BINDING_COUNT, SAML_REDIRECT);
    REQUIRE(scope, binding >= 0, INVALID, "connection.binding");
    *ret = (enum saml_binding) binding;
    return OK_RESULT;
}

static result read_by_hand(struct scope *scope, const struct json *body,
                           struct connection_input *input) {
    struct saml_source *source = &input->source;
    TRY(read_binding(scope, body, STR("sso_binding"), &source->sso_binding));
    TRY(read_binding(scope, body, STR("slo_binding"), &source->slo_binding));
    REQUIRE(scope,
            read_uri(body, STR("sso_url"), SAML_URL_MAX, &source->sso_url) &&
                read_uri(body, STR("slo_url"), SAML_URL_MAX, &source->slo_url),
            INVALID, "connection.sso_url");
    const struct str text = json_as_string(json_get(body, STR("certificate")));
    REQUIRE(scope,
            text.len <= CERTIFICATE_TEXT_MAX && str_find(text, STR("PRIVATE KEY")) < 0 &&
                (text.len > 0) == is_there(body, STR("certificate")),
            INVALID, "connection.certificate");
    source->certificates = text;
    const bool is_complete =
        source->certificates.len > 0 && input->connection.saml.entity_id.len > 0;
    REQUIRE(scope, source->sso_url.len == 0 || is_complete, INVALID, "connection.source");
    REQUIRE(scope,
            source->sso_url.len > 0 || (source->slo_url.len == 0 && source->certificates.len == 0),
            INVALID, "connection.source");
    return OK_RESULT;
}

/* One way at a time, so that nobody wonders later which of two was believed. */
static result read_source(struct scope *scope, const struct json *body, bool is_first,
                          struct connection_input *input) {
    struct saml_settings *saml = &input->connection.saml;
    struct saml_source *source = &input->source;
    const bool has_url = json_as_string(json_get(body, STR("metadata_url"))).len > 0;
    REQUIRE(scope, read_uri(body, STR("entity_id"), ENTITY_ID_MAX, &saml->entity_id), INVALID,
            "connection.entity_id");
    TRY(read_metadata_url(scope, body, &saml->metadata_url));
    REQUIRE(scope,
            is_ok(json_optional_string(scope, body, STR("metadata_xml"), &source->metadata_xml)) &&
                source->metadata_xml.len <= SAML_METADATA_MAX,
            INVALID, "connection.metadata_xml");
    TRY(read_by_hand(scope, body, input));
    const int ways = has_url + (source->metadata_xml.len > 0) + (source->sso_url.len > 0);
    REQUIRE(scope, ways <= 1 && (ways == 1 || !is_first), INVALID, "connection.source");
    if (ways == 1 && !has_url) {
        saml->metadata_url = STR("");
    }
    input->has_new_source =
        ways == 1 || is_there(body, STR("entity_id")) || is_there(body, STR("metadata_signer"));
    return OK_RESULT;
}

static result read_trust(struct scope *scope, const struct json *body, struct saml_settings *saml) {
    const int must_sign =
        input_choice(body, STR("must_sign"), SIGNED, SAML_SIGNED_COUNT, (int) saml->must_sign);
    const int cbc = input_choice(body, STR("cbc"), CBC, SAML_CBC_COUNT, (int) saml->cbc);
    const int unasked = input_choice(body, STR("idp_initiated"), IDP_INITIATED,
                                     SAML_IDP_INITIATED_COUNT, (int) saml->idp_initiated);
    REQUIRE(scope, must_sign >= 0, INVALID, "connection.must_sign");
    REQUIRE(scope, cbc >= 0, INVALID, "connection.cbc");
    REQUIRE(scope, unasked >= 0, INVALID, "connection.idp_initiated");
    saml->must_sign = (enum saml_signed) must_sign;
    saml->cbc = (enum saml_cbc) cbc;
    saml->idp_initiated = (enum saml_idp_initiated) unasked;
    REQUIRE(scope,
            is_ok(json_optional_integer(scope, body, STR("skew_s"), 0, CONNECTION_SKEW_MAX_S,
                                        &saml->skew_s)),
            INVALID, "connection.skew");
    TRY(input_certificates(scope, body, STR("ca_pem"), &saml->ca_pem));
    return input_certificates(scope, body, STR("metadata_signer"), &saml->metadata_signer);
}

static result read_switches(struct scope *scope, const struct json *body,
                            struct saml_settings *saml) {
    const struct {
        struct str member;
        bool *value;
    } SWITCHES[] = {
        {STR("allow_sha1"), &saml->is_sha1_allowed},
        {STR("sign_requests"), &saml->sign_requests},
        {STR("encryption"), &saml->wants_encryption},
        {STR("force_authn"), &saml->force_authn},
        {STR("email_trusted"), &saml->is_email_trusted},
    };
    for (size_t i = 0; i < sizeof SWITCHES / sizeof *SWITCHES; i++) {
        REQUIRE(scope,
                is_ok(json_optional_boolean(scope, body, SWITCHES[i].member, SWITCHES[i].value)),
                INVALID, "connection.switch");
    }
    return OK_RESULT;
}

static result read_contexts(struct scope *scope, const struct json *body,
                            struct saml_settings *saml) {
    const struct json *classes = json_get(body, STR("authn_contexts"));
    if (classes == NULL) {
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_array(classes) && json_count(classes) <= SAML_CLASS_REFS_MAX, INVALID,
            "connection.authn_contexts");
    for (size_t i = 0; i < json_count(classes); i++) {
        const struct str one = json_as_string(json_at(classes, i));
        REQUIRE(scope, one.len > 0 && one.len <= NAME_MAX && is_uri(one), INVALID,
                "connection.authn_contexts");
        saml->class_refs[i] = one;
    }
    saml->class_ref_count = json_count(classes);
    return OK_RESULT;
}

static result read_request(struct scope *scope, const struct json *body,
                           struct saml_settings *saml) {
    REQUIRE(scope, read_uri(body, STR("sp_entity_id"), ENTITY_ID_MAX, &saml->sp_entity_id), INVALID,
            "connection.sp_entity_id");
    REQUIRE(scope, read_uri(body, STR("name_id_format"), NAME_MAX, &saml->name_id_format), INVALID,
            "connection.name_id_format");
    /* A name that is new at each sign-in knows nobody again. */
    REQUIRE(scope, !str_eq(saml->name_id_format, STR(TRANSIENT)) || saml->subject_attribute.len > 0,
            INVALID, "connection.name_id_format");
    return read_contexts(scope, body, saml);
}

static result read_attributes(struct scope *scope, const struct json *body,
                              struct saml_settings *saml) {
    static const struct str MEMBERS[] = {STR_INIT("user_name"), STR_INIT("email"),
                                         STR_INIT("display_name"), STR_INIT("groups")};
    REQUIRE(scope, input_text(body, STR("subject_attribute"), NAME_MAX, &saml->subject_attribute),
            INVALID, "connection.subject_attribute");
    const struct json *names = json_get(body, STR("attributes"));
    if (names == NULL) {
        return OK_RESULT;
    }
    REQUIRE(scope,
            json_is_object(names) && is_ok(json_only(scope, names, MEMBERS, 4)) &&
                input_text(names, MEMBERS[0], NAME_MAX, &saml->user_name) &&
                input_text(names, MEMBERS[1], NAME_MAX, &saml->email) &&
                input_text(names, MEMBERS[2], NAME_MAX, &saml->display_name) &&
                input_text(names, MEMBERS[3], NAME_MAX, &saml->groups),
            INVALID, "connection.attributes");
    return OK_RESULT;
}

/* Creators own the organisation: nobody becomes one because a directory says so. */
static bool read_group_role(struct scope *scope, const struct json *json,
                            struct saml_group_role *ret) {
    static const struct str MEMBERS[] = {STR_INIT("group"), STR_INIT("role")};
    ret->group = STR("");
    return json_is_object(json) && is_ok(json_only(scope, json, MEMBERS, 2)) &&
           input_text(json, MEMBERS[0], NAME_MAX, &ret->group) && ret->group.len > 0 &&
           is_ok(role_parse(scope, json_as_string(json_get(json, MEMBERS[1])), &ret->role)) &&
           ret->role != ROLE_CREATOR;
}

static result read_roles(struct scope *scope, const struct json *body, struct saml_settings *saml) {
    const struct json *roles = json_get(body, STR("roles"));
    if (roles == NULL) {
        return OK_RESULT;
    }
    REQUIRE(scope, json_is_array(roles) && json_count(roles) <= SAML_GROUP_ROLES_MAX, INVALID,
            "connection.roles");
    for (size_t i = 0; i < json_count(roles); i++) {
        REQUIRE(scope, read_group_role(scope, json_at(roles, i), &saml->roles[i]), INVALID,
                "connection.roles");
    }
    saml->role_count = json_count(roles);
    return OK_RESULT;
}

result connection_input_read_saml(struct scope *scope, const struct json *body, bool is_first,
                                  struct connection_input *input) {
    static const struct str MEMBERS[] = {
        STR_INIT("kind"),           STR_INIT("name"),
        STR_INIT("provisioning"),   STR_INIT("match"),
        STR_INIT("domains"),        STR_INIT("metadata_url"),
        STR_INIT("metadata_xml"),   STR_INIT("entity_id"),
        STR_INIT("sso_url"),        STR_INIT("sso_binding"),
        STR_INIT("slo_url"),        STR_INIT("slo_binding"),
        STR_INIT("certificate"),    STR_INIT("metadata_signer"),
        STR_INIT("ca_pem"),         STR_INIT("sp_entity_id"),
        STR_INIT("must_sign"),      STR_INIT("cbc"),
        STR_INIT("allow_sha1"),     STR_INIT("sign_requests"),
        STR_INIT("encryption"),     STR_INIT("force_authn"),
        STR_INIT("email_trusted"),  STR_INIT("idp_initiated"),
        STR_INIT("skew_s"),         STR_INIT("name_id_format"),
        STR_INIT("authn_contexts"), STR_INIT("subject_attribute"),
        STR_INIT("attributes"),     STR_INIT("roles"),
    };
    struct saml_settings *saml = &input->connection.saml;
    TRY(input_only(scope, body, MEMBERS, sizeof MEMBERS / sizeof *MEMBERS));
    TRY(read_source(scope, body, is_first, input));
    TRY(read_trust(scope, body, saml));
    TRY(read_switches(scope, body, saml));
    TRY(read_attributes(scope, body, saml));
    TRY(read_request(scope, body, saml));
    return read_roles(scope, body, saml);
}

static void write_attributes(struct json_out *out, const struct saml_settings *saml) {
    json_out_name(out, "attributes");
    json_out_open_object(out);
    json_out_member(out, "user_name", saml->user_name);
    json_out_member(out, "email", saml->email);
    json_out_member(out, "display_name", saml->display_name);
    json_out_member(out, "groups", saml->groups);
    json_out_close_object(out);
}

static void write_roles(struct json_out *out, const struct saml_settings *saml) {
    json_out_name(out, "roles");
    json_out_open_array(out);
    for (size_t i = 0; i < saml->role_count; i++) {
        json_out_open_object(out);
        json_out_member(out, "group", saml->roles[i].group);
        json_out_member(out, "role", str_from_c(role_name(saml->roles[i].role)));
        json_out_close_object(out);
    }
    json_out_close_array(out);
}

static void write_contexts(struct json_out *out, const struct saml_settings *saml) {
    json_out_name(out, "authn_contexts");
    json_out_open_array(out);
    for (size_t i = 0; i < saml->class_ref_count; i++) {
        json_out_string(out, saml->class_refs[i]);
    }
    json_out_close_array(out);
}

void connection_write_saml(struct json_out *out, const struct connection *connection) {
    const struct saml_settings *saml = &connection->saml;
    json_out_member(out, "entity_id", saml->entity_id);
    json_out_member(out, "metadata_signer", saml->metadata_signer);
    json_out_member(out, "ca_pem", saml->ca_pem);
    json_out_member(out, "sp_entity_id", saml->sp_entity_id);
    json_out_member(out, "must_sign", str_from_c(SIGNED[saml->must_sign]));
    json_out_member(out, "cbc", str_from_c(CBC[saml->cbc]));
    json_out_member(out, "idp_initiated", str_from_c(IDP_INITIATED[saml->idp_initiated]));
    json_out_member_number(out, "skew_s", saml->skew_s);
    json_out_member_boolean(out, "allow_sha1", saml->is_sha1_allowed);
    json_out_member_boolean(out, "sign_requests", saml->sign_requests);
    json_out_member_boolean(out, "encryption", saml->wants_encryption);
    json_out_member_boolean(out, "force_authn", saml->force_authn);
    json_out_member_boolean(out, "email_trusted", saml->is_email_trusted);
    json_out_member(out, "name_id_format", saml->name_id_format);
    write_contexts(out, saml);
    json_out_member(out, "subject_attribute", saml->subject_attribute);
    write_attributes(out, saml);
    write_roles(out, saml);
}
