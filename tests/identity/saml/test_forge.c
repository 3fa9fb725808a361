/* The forge judges others, so a few of its answers are worked out by hand here. */
#include "tests/support/forge.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/crypto.h"
#include "tests/support/fixture.h"

static void is_in(const char *text, const char *what) {
    if (strstr(text, what) == NULL) {
        fail_msg("\"%s\" is not in %s", what, text);
    }
}

static void the_digest_is_that_of_the_canonical_form_without_the_signature(void **state) {
    struct arena *arena = ((struct fixture *) *state)->scope.arena;
    const char *text =
        "<p:R xmlns:p='u:p' xmlns:q='u:q'>"
        "<q:A  b='2'\n a=\"1\" ID='_x'>" SIGN_ASSERTION "<q:E/>&#65;<!-- no --></q:A>"
        "</p:R>";

    const char *done = forge_sign(arena, text, SIGN_ASSERTION, &(struct forge_signing){0});

    const struct str canonical =
        STR("<q:A xmlns:q=\"u:q\" ID=\"_x\" a=\"1\" b=\"2\"><q:E></q:E>A</q:A>");
    is_in(done, forge_text(arena, "<ds:DigestValue>%s</ds:DigestValue>",
                           forge_base64(arena, sha256(arena, canonical))));
    is_in(done, "<ds:Reference URI=\"#_x\">");
}

static void inclusive_canonical_form_takes_the_namespaces_around(void **state) {
    struct arena *arena = ((struct fixture *) *state)->scope.arena;
    const char *text =
        "<p:R xmlns:p=\"u:p\" xmlns:q=\"u:q\"><q:A ID=\"_x\">" SIGN_ASSERTION "</q:A></p:R>";

    const char *done =
        forge_sign(arena, text, SIGN_ASSERTION, &(struct forge_signing){.reference_c14n = ""});

    const struct str canonical = STR("<q:A xmlns:p=\"u:p\" xmlns:q=\"u:q\" ID=\"_x\"></q:A>");
    is_in(done, forge_base64(arena, sha256(arena, canonical)));
}

static void the_signature_is_over_the_canonical_signed_info(void **state) {
    struct arena *arena = ((struct fixture *) *state)->scope.arena;
    const struct forge forge = forge_begin(arena);

    const char *done = forge_sign(arena, forge_response(&forge, &(struct forge_response){0}),
                                  SIGN_ASSERTION, &(struct forge_signing){0});

    /* What the forge writes is canonical but for empty elements and the inherited namespace. */
    const char *info = cut(arena, done, "<ds:SignedInfo>", "</ds:SignedInfo>");
    info = edit(arena, info, "<ds:SignedInfo>", "<ds:SignedInfo xmlns:ds=\"" FORGE_NS_DSIG "\">");
    const char *names[] = {"CanonicalizationMethod", "SignatureMethod", "Transform",
                           "DigestMethod"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        info = edit(arena, info, "\"/>", forge_text(arena, "\"></ds:%s>", names[i]));
    }
    const struct str value = forge_sign_bytes(arena, str_from_c(info), &(struct forge_signing){0});
    is_in(done, forge_text(arena, "<ds:SignatureValue>%s</ds:SignatureValue>",
                           forge_base64(arena, value)));
}

static void a_signature_of_one_key_is_not_that_of_another(void **state) {
    struct arena *arena = ((struct fixture *) *state)->scope.arena;
    const struct str value =
        forge_sign_bytes(arena, STR("bytes"), &(struct forge_signing){.key = FORGE_ATTACKER});

    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL,
                                             forge_key(FORGE_IDP)->pkey, NULL),
                     1);
    assert_int_not_equal(EVP_DigestVerify(context, (const unsigned char *) value.at, value.len,
                                          (const unsigned char *) "bytes", 5),
                         1);
    EVP_MD_CTX_free(context);
}

static void edits_change_what_they_name(void **state) {
    struct arena *arena = ((struct fixture *) *state)->scope.arena;
    assert_string_equal(edit(arena, "abab", "b", "c"), "acab");
    assert_string_equal(edit_last(arena, "abab", "b", "c"), "abac");
    assert_string_equal(edit_all(arena, "abab", "b", "bb"), "abbabb");
    assert_string_equal(edit_before(arena, "abab", "b", "x"), "axbab");
    assert_string_equal(edit_after(arena, "abab", "b", "x"), "abxab");
    assert_string_equal(cut(arena, "<a><b>c</b></a>", "<b>", "</b>"), "<b>c</b>");
    assert_string_equal(without(arena, "<a><b>c</b></a>", "<b>", "</b>"), "<a></a>");
    assert_string_equal(repeat(arena, "ab", 3), "ababab");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_digest_is_that_of_the_canonical_form_without_the_signature),
        SENTENCE(inclusive_canonical_form_takes_the_namespaces_around),
        SENTENCE(the_signature_is_over_the_canonical_signed_info),
        SENTENCE(a_signature_of_one_key_is_not_that_of_another),
        SENTENCE(edits_change_what_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
