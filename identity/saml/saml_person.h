#pragma once
/* Who a checked assertion speaks of: the key of the account, what is known of the person, and what
 * the groups make of them. Pure. */

#include "identity/connection.h"
#include "identity/saml/saml.h"

struct saml_person {    /* empty: not said */
    struct str subject; /* key of the account, with format and qualifiers, or with the attribute */
    struct str user_name, email, display_name, match_value;
    bool is_email_name; /* `email` is the NameID itself: counts for proved domains alone */
    bool has_groups;    /* false: not known, as when there were too many to send */
    size_t group_count;
    const struct str *groups;
    bool has_role, is_role_highest;
    enum role role;
};

/* UNAUTHENTICATED "saml.name_id" when the attribute that says who somebody is, is not there exactly
 * once and usable. `sp_entity_id` is ours: a qualifier that says nothing new counts as absent. */
RESULT saml_person_read(struct scope *scope, const struct connection *connection,
                        struct str sp_entity_id, const struct saml_assertion *assertion,
                        struct saml_person *ret);
/* The key of a NameID alone: sign-in and logout have to make the same. */
struct str saml_subject_of_name(struct scope *scope, const struct saml_name_id *name,
                                struct str idp_entity_id, struct str sp_entity_id);
