#pragma once
/* docs/saml-attacks.md, printed from the lists: what is refused, with which reason, by which test.
 */

#include "tests/identity/saml/lab.h"

/* Classes that need a server's state, and the tests that show them. */
struct saml_story {
    const char *title, *reference, *name, *reason, *file, *function;
};
extern const struct saml_story SAML_STORIES[];
extern const size_t SAML_STORY_COUNT;

const char *document_write(struct arena *arena);
/* 0: the file is what would be written, and every story's test is in its file. */
int document_check(struct arena *arena, const char *source_root);
