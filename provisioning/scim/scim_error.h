#pragma once
/* Failures as SCIM errors (RFC 7644 section 3.12): the one table from our reasons to status,
 * scimType and a sentence. */

#include "base/http_values.h"

struct scim_refusal {
    result failure;
    const char *reason;
    bool is_deactivated;    /* refused, but the person was cut off */
    struct str inactive_id; /* of "scim.other_person" */
    struct str request_id;
};

/* False for what the gateway answers: unavailability, our own bugs, credentials, limits. */
bool scim_error_is_ours(result failure);
void scim_error_answer(struct scope *scope, const struct scim_refusal *refusal,
                       struct http_response *response);
