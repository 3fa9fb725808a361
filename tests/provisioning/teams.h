#pragma once
/* Requests about groups, for tests: the desk's, and short forms of what they say. */

#include "tests/provisioning/desk.h"

#define GROUP_URN       "urn:ietf:params:scim:schemas:core:2.0:Group"
#define NEW_GROUP(more) "{\"schemas\":[\"" GROUP_URN "\"]," more "}"

/* Text made by a format, in the desk's arena. */
const char *text_of(const struct desk *desk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct reply team_post(const struct desk *desk, const char *body);
struct reply team_put(const struct desk *desk, struct str id, const char *body);
struct reply team_patch(const struct desk *desk, struct str id, const char *body);
struct reply team_get(const struct desk *desk, struct str id, const char *query);
struct reply team_list(const struct desk *desk, const char *query);
struct reply team_drop(const struct desk *desk, struct str id);

/* A group of that name without members. */
struct str founded(const struct desk *desk, const char *name);
/* One operation on members: kind "add", "remove" or "replace", `rest` what follows the path. */
struct reply change_members(const struct desk *desk, struct str id, const char *kind,
                            const char *rest);
void join(const struct desk *desk, struct str group, struct str member);
bool is_in(const struct desk *desk, struct str group, struct str member);
/* Rows of the group. */
int64_t size_of(const struct desk *desk, struct str group);
int64_t version_of(const struct desk *desk, struct str group);
/* `count` people with the ids crowd-1, crowd-2 … whom no directory has written to. */
void given_crowd(const struct desk *desk, int64_t count);
/* The ids crowd-1 … as values of members. */
const char *crowd_members(const struct desk *desk, int64_t count);
