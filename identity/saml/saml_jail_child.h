#pragma once
/* In a child: requests out of frames, verdicts and facts into them. */

#include "base/jail.h"
#include "identity/saml/saml_frame.h"

typedef void (*saml_packer)(struct pack *pack, void *value);

/* INVALID "jail.frame" when the field is missing, "pack.wrong" when it is not as it must be. */
RESULT saml_child_read(struct scope *scope, const struct jail_message *request,
                       enum saml_request_tag tag, saml_packer packer, void *ret_value);
RESULT saml_child_bytes(struct scope *scope, const struct jail_message *request, struct str *ret);
/* The answer to a message that was `handled`: the reason by its number, or the facts. Facts that do
 * not fit are refused with `too_large`. A failure for another reason than those of the table is
 * passed on, and ends the child: it is a fault of ours. */
RESULT saml_child_say(struct scope *scope, result handled, saml_packer packer, void *facts,
                      enum saml_reason too_large, struct jail_message *ret);

/* The handlers of the two roles. */
result saml_child_verify(struct scope *scope, void *state, struct jail_ask *ask,
                         const struct jail_message *request, struct jail_message *ret);
result saml_child_build(struct scope *scope, void *state, struct jail_ask *ask,
                        const struct jail_message *request, struct jail_message *ret);
