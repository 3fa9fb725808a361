#pragma once
/* The holes of the obvious implementation (docs/revocation.md) as switches, so
 * that a test can prove that it would notice each of them. HOLE(n) is constant false in the
 * product; tests/flows compiles the gateway a second time with -DHOLES and opens one at a time.
 * Numbers above 20 are rules that the table of holes does not name:
 * 21 an overrun ring counts as clear (rule 18)
 * 22 an answer that comes back from a worker is not tested again (rule 19)
 * 24 a fence does not void tickets (rule 17)
 * 26 the position is taken from the head while there are more pages (rule 12) */

#ifdef HOLES
extern _Atomic unsigned hole_open; /* a running server looks at it, too */
#define HOLE(n) (hole_open == (n))
#else
#define HOLE(n) 0
#endif
