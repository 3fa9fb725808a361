#pragma once
/* Between what is stored of a person and the resource a directory sees: reading, showing, writing.
 * The mapping to the messenger's own profile can never refuse a resource: what does not fit the
 * profile is left out of it and kept in the resource. */

#include "messaging/deactivation.h"
#include "provisioning/scim/scim_resource.h"
#include "provisioning/scim/scim_user_store.h"

/* Who asks, through which connection, by which rules. */
struct scim_source {
    struct str org_id, connection_id, request_id;
    struct str base_url; /* of locations: "https://…/scim/v2" */
    const struct actor *actor;
    const struct messaging *messaging;
    const struct scim_profile *profile;
    int64_t received_us;
};

struct scim_person {
    struct scim_row row;
    struct json *resource; /* id, userName, externalId, active and all attributes */
};

bool scim_record_is_active(const struct user *user);
RESULT scim_record_read(struct scope *scope, const struct scim_source *source,
                        const struct scim_row *row, struct scim_person *ret);
/* W/"…": grows with every change of the resource and with every edge of the person's state. */
struct str scim_record_version(struct scope *scope, const struct scim_person *person);
struct str scim_record_location(struct scope *scope, const struct scim_source *source,
                                const struct scim_person *person);
struct json *scim_record_show(struct scope *scope, const struct scim_source *source,
                              const struct scim_person *person);

/* What the messenger takes over from a resource. */
struct user_profile scim_record_profile(struct scope *scope, const struct json *resource);
/* Writes the profile and the row: a new one (row->is_stored false) or the next version. */
RESULT scim_record_write(struct scope *scope, const struct scim_source *source, struct tx *tx,
                         struct scim_row *row, const struct json *resource);
/* The row alone, beside a person who was made from the same resource a moment ago. */
RESULT scim_record_write_first(struct scope *scope, const struct scim_source *source, struct tx *tx,
                               struct scim_row *row, const struct json *resource);
