#pragma once
/* What a browser does in a sign-in, as far as a server can tell. */

#include "base/str.h"
#include "tests/bench/load_client.h"

enum { BROWSER_ROOM = 32768 };

/* The server allows an address some sign-ins a minute: browsers of a hundred share one. */
int browser_connect(int port, unsigned number);
/* Text behind `name` in the head of an answer, as far as the first of `ends`; empty when it is not
 * there. `*at` is where to look from, and where to look for the next one. */
struct str browser_header(const char **at, const char *name, const char *ends);
