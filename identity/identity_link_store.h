#pragma once
/* SQL of identity links: (organisation, connection, issuer, subject) -> person. */

#include "identity/identity.h"

extern const struct statement_list IDENTITY_LINK_STATEMENTS;

/* NOT_FOUND "login.no_link". */
RESULT identity_link_find(struct scope *scope, struct db *db, const struct verified_identity *who,
                          struct str *ret_user_id);
/* CONFLICT "login.linked" when the subject has one. */
RESULT identity_link_insert(struct scope *scope, struct tx *tx, const struct verified_identity *who,
                            struct str user_id);
/* Whether the person is linked to another subject of this connection already. */
RESULT identity_link_is_taken(struct scope *scope, struct db *db,
                              const struct verified_identity *who, struct str user_id, bool *ret);
