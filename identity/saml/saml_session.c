#include "identity/saml/saml_session.h"

#include "base/crypto.h"
#include "base/json.h"

static struct str context(struct scope *scope, const struct saml_session *session) {
    return str_format(scope->arena, "saml_session/%.*s/%.*s/name_id", STR_ARG(session->org_id),
                      STR_ARG(session->session_id));
}

result saml_session_seal_name(struct scope *scope, const struct identity *identity,
                              const struct saml_name_id *name, struct saml_session *session) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_member(&out, "value", name->value);
    json_out_member(&out, "format", name->format);
    json_out_member(&out, "name_qualifier", name->name_qualifier);
    json_out_member(&out, "sp_name_qualifier", name->sp_name_qualifier);
    json_out_close_object(&out);
    return seal(scope, identity->seal_key, context(scope, session), json_out_end(&out),
                &session->name_id_sealed);
}

result saml_session_name(struct scope *scope, const struct identity *identity,
                         const struct saml_session *session, struct saml_name_id *ret) {
    struct str text;
    const struct json *json = NULL;
    REQUIRE(scope,
            is_ok(unseal(scope, identity->seal_key, context(scope, session),
                         session->name_id_sealed, &text)) &&
                is_ok(json_read(scope, text, &json)),
            INTERNAL, "saml.session_seal");
    *ret = (struct saml_name_id){
        .value = json_as_string(json_get(json, STR("value"))),
        .format = json_as_string(json_get(json, STR("format"))),
        .name_qualifier = json_as_string(json_get(json, STR("name_qualifier"))),
        .sp_name_qualifier = json_as_string(json_get(json, STR("sp_name_qualifier"))),
    };
    return OK_RESULT;
}
