#include "tests/fuzz/saml_signed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/saml/saml_verify.h"
#include "tests/support/recipe.h"

struct saml_verifier *saml_fuzz_verifier(void) {
    static struct saml_verifier *verifier;
    if (verifier == NULL) {
        struct fixture fixture;
        fixture_open(&fixture);
        if (!is_ok(saml_verify_start(&fixture.scope, &verifier))) {
            (void) fprintf(stderr, "%s\n", fixture.scope.reason);
            abort();
        }
        fixture_close(&fixture);
    }
    return verifier;
}

void saml_fuzz_lab(struct lab *lab, struct scope *scope, enum case_kind kind) {
    lab_open(lab, scope, kind);
    lab->certificates[1] = forge_key(FORGE_IDP_P256)->certificate;
    lab->trust.certificate_count = 2;
    lab->metadata.signer_der = forge_key(FORGE_IDP)->certificate;
}

static const char *sign_curve(struct lab *lab, const char *text, const char *place) {
    return forge_sign(lab->arena, text, place,
                      &(struct forge_signing){FORGE_IDP_P256, .method = FORGE_ECDSA_SHA256});
}

static const char *hidden(struct lab *lab, const char *assertion, const char *cipher) {
    return forge_response(
        &lab->forge,
        &(struct forge_response){
            .assertion_xml = forge_encrypt(lab->arena, str_from_c(assertion), "EncryptedAssertion",
                                           &(struct forge_encryption){.data = cipher})});
}

static const char *response(struct lab *lab, unsigned which) {
    const char *assertion = assertion_of(lab, good_signed(lab));
    switch (which % 6) {
    case 0: return good_signed(lab);
    case 1: return sign_message(lab, good(lab));
    case 2: return sign_curve(lab, sign_curve(lab, good(lab), SIGN_ASSERTION), SIGN_MESSAGE);
    case 3: return hidden(lab, assertion, FORGE_AES256_GCM);
    case 4: return sign_message(lab, hidden(lab, assertion, FORGE_AES128_CBC));
    default: break;
    }
    return sign_assertion_with(
        lab, good(lab), &(struct forge_signing){.c14n = FORGE_INCLUSIVE, .reference_c14n = ""});
}

static const char *logout(struct lab *lab, unsigned which) {
    const struct forge *forge = &lab->forge;
    const char *request = forge_logout_request(forge, &(struct forge_logout_request){0});
    const char *answer = forge_logout_response(forge, &(struct forge_logout_response){0});
    const struct forge_signing signing = {0};
    switch (which % 4) {
    case 0: return sign_message(lab, request);
    case 1: return sign_curve(lab, answer, SIGN_MESSAGE);
    case 2: return forge_redirect(lab->arena, "SAMLRequest", request, "state", &signing);
    default: break;
    }
    return forge_redirect(lab->arena, "SAMLResponse", answer, NULL, &signing);
}

static const char *metadata(struct lab *lab) {
    return sign_message(lab, forge_metadata(&lab->forge, &(struct forge_metadata){0}));
}

/* Signing is dear: each honest message is made once and kept. */
static const char *honest(struct lab *lab, enum case_kind kind, unsigned which) {
    enum { KINDS = 3, MESSAGES = 6 };
    static char *kept[KINDS][MESSAGES];
    char **place = &kept[kind][which % MESSAGES];
    if (*place == NULL) {
        const char *text = NULL;
        switch (kind) {
        case OF_RESPONSE: text = response(lab, which); break;
        case OF_LOGOUT: text = logout(lab, which); break;
        case OF_METADATA: text = metadata(lab); break;
        }
        *place = strdup(forge_done(lab->arena, text));
    }
    return *place;
}

struct str saml_fuzz_message(struct lab *lab, enum case_kind kind, const uint8_t *bytes, size_t len,
                             struct str *ret_honest) {
    const unsigned which = len == 0 ? 0 : bytes[0] % (kind == OF_LOGOUT ? 4U : 6U);
    const char *text = honest(lab, kind, which);
    const char *cooked = len == 0 ? text : recipe_cook(lab->arena, text, bytes + 1, len - 1);
    const bool is_query = kind == OF_LOGOUT && which >= 2;
    const bool is_form = kind != OF_METADATA && !is_query;
    lab->logout.binding = is_query ? SAML_REDIRECT : SAML_POST;
    lab->logout.is_request = which % 2 == 0;
    *ret_honest = is_form ? posted(lab, text) : str_from_c(text);
    return is_form ? posted(lab, cooked) : str_from_c(cooked);
}

void saml_fuzz_same(const char *accepted, const char *said) {
    if (strcmp(accepted, said) != 0) {
        (void) fprintf(stderr, "accepted: %s\nsigned:   %s\n", accepted, said);
        abort();
    }
}
