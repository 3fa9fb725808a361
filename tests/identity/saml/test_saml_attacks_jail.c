/* The attack list through the jail, as the server uses it: no message may cost a child its life. */
#include <stdatomic.h>
#include <stdio.h>

#include "identity/saml/saml_jail.h"
#include "identity/saml/saml_jail_life.h"
#include "tests/identity/saml/judge.h"
#include "tests/support/jail_ready.h"

static result on_response(void *context, struct lab *lab, struct str bytes,
                          struct saml_response *ret) {
    const struct saml_key_source keys = lab_keys(lab);
    return saml_jail_response(lab->scope, context, &lab->trust, &keys, bytes, ret);
}

static result on_logout(void *context, struct lab *lab, struct str bytes, struct saml_logout *ret) {
    const struct saml_key_source keys = lab_keys(lab);
    lab->logout.bytes = bytes;
    return saml_jail_logout(lab->scope, context, &lab->trust, &keys, &lab->logout, ret);
}

static result on_metadata(void *context, struct lab *lab, struct str bytes, struct saml_idp *ret) {
    lab->metadata.xml = bytes;
    return saml_jail_metadata(lab->scope, context, &lab->metadata, ret);
}

static void count_death(void *context, size_t role, enum jail_outcome cause) {
    (void) fprintf(stderr, "a child of role %zu died (%d)\n", role, (int) cause);
    atomic_fetch_add((_Atomic int *) context, 1);
}

int main(int argc, char **argv) {
    int code = 0;
    if (jail_keeper_main(&SAML_JAIL_ROLES, argc, argv, &code)) {
        return code;
    }
    struct fixture fixture;
    fixture_open(&fixture);
    _Atomic int deaths = 0;
    const struct saml_jail_settings settings = {
        .env = &fixture.env,
        .roles = &SAML_JAIL_ROLES,
        .program = argv[0],
        .children = {[SAML_ROLE_VERIFY] = 2, [SAML_ROLE_BUILD] = 1},
        .messages = 1000,
        .on_death = count_death,
        .context = &deaths};
    struct saml_jail *jail = NULL;
    if (!is_ok(saml_jail_new(&fixture.scope, &settings, &jail)) ||
        !is_ok(jail_wait_ready(&fixture.scope, jail))) {
        (void) fprintf(stderr, "%s\n", fixture.scope.reason);
        return 1;
    }
    const struct judge judge = {jail, on_response, on_logout, on_metadata, false};
    const int failed = judge_all(&judge);
    saml_jail_free(&jail);
    fixture_close(&fixture);
    return failed != 0 || atomic_load(&deaths) != 0;
}
