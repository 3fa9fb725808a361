#include "identity/saml/saml_jail_child.h"

result saml_child_read(struct scope *scope, const struct jail_message *request,
                       enum saml_request_tag tag, saml_packer packer, void *ret_value) {
    REQUIRE(scope, request->has[tag], INVALID, "jail.frame");
    struct pack pack = pack_read(scope->arena, request->values[tag]);
    packer(&pack, ret_value);
    return pack_end(scope, &pack, NULL);
}

result saml_child_bytes(struct scope *scope, const struct jail_message *request, struct str *ret) {
    REQUIRE(scope, request->has[SAML_TAG_BYTES], INVALID, "jail.frame");
    *ret = request->values[SAML_TAG_BYTES];
    return OK_RESULT;
}

static result say_verdict(struct scope *scope, enum saml_reason verdict, struct jail_message *ret) {
    struct pack pack = pack_write(scope->arena, 64);
    struct str row;
    saml_pack_verdict(&pack, &verdict);
    TRY(pack_end(scope, &pack, &row));
    jail_message_set(ret, SAML_TAG_VERDICT, row);
    return OK_RESULT;
}

result saml_child_say(struct scope *scope, result handled, saml_packer packer, void *facts,
                      enum saml_reason too_large, struct jail_message *ret) {
    if (!is_ok(handled)) {
        const enum saml_reason reason = saml_reason_of(scope);
        return reason == SAML_FINE ? handled : say_verdict(scope, reason, ret);
    }
    struct pack pack = pack_write(scope->arena, SAML_ANSWER_MAX - 64);
    struct str row;
    packer(&pack, facts);
    if (!is_ok(pack_end(scope, &pack, &row))) {
        return say_verdict(scope, too_large, ret);
    }
    jail_message_set(ret, SAML_TAG_FACTS, row);
    return say_verdict(scope, SAML_FINE, ret);
}
