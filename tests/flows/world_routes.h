#pragma once
/* The routes of a world. */

#include "gateway/route.h"

extern const struct route_list WORLD_ROUTES;
/* Runs in POST /users/{id}/slow before its transaction; NULL: nothing. */
extern void (*world_before_commit)(void);
