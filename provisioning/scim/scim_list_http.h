#pragma once
/* Lists of any resource type, asked for by GET or by POST .search, and answered (RFC 7644 sections
 * 3.4.2 and 3.4.3, RFC 9865). */

#include "messaging/call.h"
#include "provisioning/scim/scim_finder.h"

/* Over which resources: one type, or several in this order. */
struct scim_scope {
    const struct scim_finder *const *finders;
    size_t count;
    struct str name; /* of the type; empty: the root, where a type need not have what is named */
};

/* The whole handler, refusals included. */
RESULT scim_list_get(struct scope *scope, struct call *call, const struct scim_scope *over);
RESULT scim_list_search(struct scope *scope, struct call *call, const struct scim_scope *over);
