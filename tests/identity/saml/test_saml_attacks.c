/* The attack list in-process: forged messages in, one verdict each. */
#include <stdio.h>
#include <string.h>

#include "identity/saml/saml_metadata_read.h"
#include "identity/saml/saml_verify.h"
#include "tests/identity/saml/document.h"
#include "tests/identity/saml/judge.h"

static result on_response(void *context, struct lab *lab, struct str bytes,
                          struct saml_response *ret) {
    const struct saml_key_source keys = lab_keys(lab);
    return saml_verify_response(lab->scope, context, &lab->trust, &keys, bytes, ret);
}

static result on_logout(void *context, struct lab *lab, struct str bytes, struct saml_logout *ret) {
    const struct saml_key_source keys = lab_keys(lab);
    lab->logout.bytes = bytes;
    return saml_verify_logout(lab->scope, context, &lab->trust, &keys, &lab->logout, ret);
}

static result on_metadata(void *context, struct lab *lab, struct str bytes, struct saml_idp *ret) {
    lab->metadata.xml = bytes;
    return saml_metadata_read(lab->scope, context, &lab->metadata, ret);
}

static int puts_whole(const char *text) {
    return fputs(text, stdout) == EOF;
}

int main(int argc, char **argv) {
    struct fixture fixture;
    fixture_open(&fixture);
    if (argc == 2 && strcmp(argv[1], "--document") == 0) {
        return puts_whole(document_write(fixture.scope.arena));
    }
    if (argc == 3 && strcmp(argv[1], "--check") == 0) {
        return document_check(fixture.scope.arena, argv[2]);
    }
    struct saml_verifier *verifier = NULL;
    if (!is_ok(saml_verify_start(&fixture.scope, &verifier))) {
        (void) fprintf(stderr, "%s\n", fixture.scope.reason);
        return 1;
    }
    const struct judge judge = {verifier, on_response, on_logout, on_metadata, true};
    const int failed = judge_all(&judge);
    saml_verify_stop(&verifier);
    fixture_close(&fixture);
    return failed;
}
