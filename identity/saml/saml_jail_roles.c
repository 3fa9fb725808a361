#include "identity/saml/saml_build.h"
#include "identity/saml/saml_jail_child.h"
#include "identity/saml/saml_jail_life.h"
#include "identity/saml/saml_verify.h"

static result start_verifier(struct scope *scope, void **ret_state) {
    struct saml_verifier *verifier = NULL;
    TRY(saml_verify_start(scope, &verifier));
    *ret_state = verifier;
    return OK_RESULT;
}

static void stop_verifier(void **state) {
    struct saml_verifier *verifier = *state;
    saml_verify_stop(&verifier);
    *state = NULL;
}

static result start_builder(struct scope *scope, void **ret_state) {
    struct saml_builder *builder = NULL;
    TRY(saml_build_start(scope, &builder));
    *ret_state = builder;
    return OK_RESULT;
}

static void stop_builder(void **state) {
    struct saml_builder *builder = *state;
    saml_build_stop(&builder);
    *state = NULL;
}

static const struct jail_role ROLES[SAML_ROLE_COUNT] = {
    [SAML_ROLE_VERIFY] = {"verify", JAIL_PURE, &SAML_VERIFY_REQUESTS, &SAML_VERIFY_ANSWERS,
                          start_verifier, stop_verifier, saml_child_verify},
    [SAML_ROLE_BUILD] = {"build", JAIL_DENIED_FILES, &SAML_BUILD_REQUESTS, &SAML_BUILD_ANSWERS,
                         start_builder, stop_builder, saml_child_build},
};

const struct jail_roles SAML_JAIL_ROLES = {SAML_ROLE_COUNT, ROLES};
