#include "tests/identity/saml/verify_desk.h"

#include <stdlib.h>

static result open_keys(struct scope *scope, void *context, struct secret ret_keys[2],
                        size_t *ret_count) {
    struct verify_desk *desk = context;
    desk->asked++;
    for (size_t i = 0; i < desk->decryption_count; i++) {
        ret_keys[i] = (struct secret){forge_private_pem(scope->arena, desk->decryption[i])};
    }
    *ret_count = desk->decryption_count;
    return OK_RESULT;
}

void trust_only(struct verify_desk *desk, enum forge_owner owner) {
    desk->certificates[0] = forge_key(owner)->certificate;
    desk->trust.certificate_count = 1;
}

int verifier_setup(void **state) {
    AUTO(arena_end) struct arena *arena = arena_new();
    struct scope scope = {.arena = arena};
    struct saml_verifier *verifier = NULL;
    assert_ok(saml_verify_start(&scope, &verifier));
    *state = verifier;
    return 0;
}

int verifier_teardown(void **state) {
    struct saml_verifier *verifier = *state;
    saml_verify_stop(&verifier);
    return 0;
}

int verify_desk_setup(void **state) {
    struct verify_desk *desk = calloc(1, sizeof *desk);
    fixture_open(&desk->fixture);
    desk->forge = forge_begin(desk->fixture.scope.arena);
    desk->verifier = *state;
    desk->trust = (struct saml_trust){.certificates = desk->certificates};
    trust_only(desk, FORGE_IDP);
    desk->source = (struct saml_key_source){.open = open_keys, .context = desk};
    desk->decryption[0] = FORGE_SP;
    desk->decryption_count = 1;
    *state = desk;
    return 0;
}

int verify_desk_teardown(void **state) {
    struct verify_desk *desk = *state;
    fixture_close(&desk->fixture);
    free(desk);
    return 0;
}

const char *signed_assertion(struct verify_desk *desk) {
    const struct forge_signing signing = {.key = FORGE_IDP};
    const char *xml = forge_response(&desk->forge, &(struct forge_response){.id = NULL});
    return forge_sign(desk->forge.arena, xml, SIGN_ASSERTION, &signing);
}

const char *signed_message(struct verify_desk *desk) {
    const struct forge_signing signing = {.key = FORGE_IDP};
    const char *xml = forge_response(&desk->forge, &(struct forge_response){.id = NULL});
    return forge_sign(desk->forge.arena, xml, SIGN_MESSAGE, &signing);
}

const char *encrypted_assertion(struct verify_desk *desk,
                                const struct forge_encryption *encryption) {
    struct arena *arena = desk->forge.arena;
    const char *whole = forge_done(arena, signed_assertion(desk));
    const char *plain = cut(arena, whole, "<saml:Assertion", "</saml:Assertion>");
    return edit(arena, whole, plain,
                forge_encrypt(arena, str_from_c(plain), "EncryptedAssertion", encryption));
}

result verify_text(struct verify_desk *desk, const char *xml, struct saml_response *ret) {
    struct arena *arena = desk->forge.arena;
    const char *text = forge_base64(arena, str_from_c(forge_done(arena, xml)));
    return saml_verify_response(&desk->fixture.scope, desk->verifier, &desk->trust, &desk->source,
                                str_from_c(text), ret);
}
