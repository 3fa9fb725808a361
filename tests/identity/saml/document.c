#include "tests/identity/saml/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void head(struct strbuf *out) {
    strbuf_add_c(
        out,
        "# The attack list of SAML\n\n"
        "Every class of attack on a SAML service provider that we know, the messages that the "
        "tests "
        "build of it, and the reason each one gets ([errors.md](errors.md)). Printed by "
        "`test_saml_attacks --document` from the tables in `tests/identity/saml/`; a test compares "
        "this file with them.\n\n"
        "The messages are forged by `tests/support/forge.h`, which shares no code with what it "
        "judges: canonical form from libxml2, signatures and encryption from OpenSSL. A case is "
        "one "
        "step away from a good message. Each runs in-process (`test_saml_attacks`, also under the "
        "sanitizers) and through the jail (`test_saml_attacks_jail`). A refusal leaves the "
        "caller's "
        "values untouched, takes less than 50 ms of processor time and, where the message can be "
        "judged without it, does not ask for the decryption key. What is accepted says exactly "
        "what "
        "was signed; `fuzz_saml_signed`, `fuzz_saml_logout_signed` and `fuzz_saml_metadata_signed` "
        "look for a message of which that is not true.\n");
}

static void one_class(struct strbuf *out, struct arena *arena, const struct saml_class *class) {
    strbuf_add_c(out, forge_text(arena, "\n## %s\n\n%s.\n\n| message | verdict |\n|---|---|\n",
                                 class->title, class->reference));
    for (size_t i = 0; i < class->count; i++) {
        const struct saml_case *one = &class->cases[i];
        strbuf_add_c(out, one->reason[0] == '\0'
                              ? forge_text(arena, "| %s | accepted |\n", one->name)
                              : forge_text(arena, "| %s | `%s` |\n", one->name, one->reason));
    }
}

static void one_story(struct strbuf *out, struct arena *arena, size_t at) {
    const struct saml_story *story = &SAML_STORIES[at];
    if (at == 0 || strcmp(story->title, SAML_STORIES[at - 1].title) != 0) {
        strbuf_add_c(
            out, forge_text(arena, "\n## %s\n\n%s.\n\n| story | verdict | test |\n|---|---|---|\n",
                            story->title, story->reference));
    }
    strbuf_add_c(out, forge_text(arena, "| %s | %s | `%s`: %s |\n", story->name, story->reason,
                                 story->file, story->function));
}

const char *document_write(struct arena *arena) {
    struct strbuf out = strbuf_begin(arena, 1024 * 1024);
    head(&out);
    for (size_t i = 0; i < SAML_CLASS_COUNT; i++) {
        one_class(&out, arena, SAML_CLASSES[i]);
    }
    for (size_t i = 0; i < SAML_STORY_COUNT; i++) {
        one_story(&out, arena, i);
    }
    return forge_text(arena, "%.*s", STR_ARG(strbuf_str(&out)));
}

static const char *read_whole(struct arena *arena, const char *root, const char *name) {
    enum { FILE_MAX = 1024 * 1024 };
    FILE *file = fopen(forge_text(arena, "%s/%s", root, name), "rb");
    if (file == NULL) {
        return "";
    }
    char *text = arena_alloc(arena, FILE_MAX + 1);
    const size_t len = fread(text, 1, FILE_MAX, file);
    (void) fclose(file);
    text[len] = '\0';
    return text;
}

int document_check(struct arena *arena, const char *source_root) {
    int failed = 0;
    if (strcmp(read_whole(arena, source_root, "docs/saml-attacks.md"), document_write(arena)) !=
        0) {
        (void) fprintf(stderr,
                       "docs/saml-attacks.md is not what test_saml_attacks --document says\n");
        failed = 1;
    }
    for (size_t i = 0; i < SAML_STORY_COUNT; i++) {
        const struct saml_story *story = &SAML_STORIES[i];
        if (strstr(read_whole(arena, source_root, story->file), story->function) == NULL) {
            (void) fprintf(stderr, "%s has no %s\n", story->file, story->function);
            failed = 1;
        }
    }
    return failed;
}
