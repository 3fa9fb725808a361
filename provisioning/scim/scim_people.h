#pragma once
/* What a directory may do to people. Each change is one transaction, composed with the deactivation
 * when the person goes; a refused request that says "not active" still cuts the access off, in a
 * transaction of its own. */

#include "provisioning/scim/scim_record.h"

struct scim_outcome {
    struct scim_person person;
    struct revoked revoked;   /* also set with a failure: see is_only_deactivated */
    bool is_only_deactivated; /* refused, but the person was cut off all the same */
    struct str inactive_id;   /* of "scim.other_person": whom the name belonged to */
};

/* NOT_FOUND "scim.unknown". */
RESULT scim_people_find(struct scope *scope, const struct scim_source *source, struct db *db,
                        struct str id, struct scim_person *ret);

/* CONFLICT "scim.exists", "scim.other_person", "scim.ambiguous", "user.name_taken". */
RESULT scim_people_create(struct scope *scope, const struct scim_source *source, struct db *db,
                          const struct json *body, struct scim_outcome *ret);

struct scim_edit {
    struct str id;
    struct str if_match; /* the header; empty: none */
    bool is_replacement; /* PUT, else PATCH */
    const struct json *body;
};

/* CONFLICT "scim.precondition". */
RESULT scim_people_change(struct scope *scope, const struct scim_source *source, struct db *db,
                          const struct scim_edit *edit, struct scim_outcome *ret);
/* For a request that was refused before it came here: what it says of the person is heard all the
 * same. Gives `failure` back, or UNAVAILABLE when nobody knows. `edit` without an id: a POST. */
RESULT scim_people_refused(struct scope *scope, const struct scim_source *source, struct db *db,
                           const struct scim_edit *edit, result failure, struct scim_outcome *ret);
/* The tombstone; the account stays, deactivated. `edit` without a body. */
RESULT scim_people_delete(struct scope *scope, const struct scim_source *source, struct db *db,
                          const struct scim_edit *edit, struct scim_outcome *ret);
/* If-Match and If-None-Match: "*" or a list of tags, compared weakly. */
bool scim_tag_matches(struct str header, struct str version);
