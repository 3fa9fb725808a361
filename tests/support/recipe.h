#pragma once
/* A recipe is what a fuzzer mutates in place of a signed message: which message, and what an
 * attacker does to it. The message is forged and signed when the recipe is cooked, with the keys of
 * this process, so a corpus of recipes stays good without any key in it. */

#include "tests/support/forge.h"

enum {
    STEP_BYTES = 8, /* what to do, how (a byte each), three places (two bytes each) */
    STEPS_MAX = 64
};

/* The text after all steps: those that find no place change nothing. */
const char *recipe_cook(struct arena *arena, const char *text, const uint8_t *steps, size_t len);
/* What a LLVMFuzzerCustomMutator does: whole steps are added, dropped, repeated and changed. The
 * first `head` bytes are not steps. */
size_t recipe_mutate(uint8_t *bytes, size_t len, size_t max, size_t head, unsigned seed);
