#pragma once
/* How people, organisations, receipts … look in the API (gateway/openapi/openapi.json), written in
 * one place for all handlers. */

#include "base/json.h"
#include "messaging/audit.h"
#include "messaging/conversation.h"
#include "messaging/org.h"
#include "messaging/receipt.h"
#include "messaging/user.h"

/* `is_full`: every attribute; else what colleagues see. */
void api_user(struct json_out *out, const struct user *user, bool is_full);
void api_org(struct json_out *out, const struct org *org);
void api_receipt(struct scope *scope, struct json_out *out, const struct receipt *receipt);
void api_audit(struct json_out *out, const struct audit_row *row);
void api_conversation(struct json_out *out, const struct conversation *conversation);
/* {"items": [ … and … ], "next": cursor | null} */
struct json_out api_list_begin(struct scope *scope);
struct str api_list_end(struct json_out *out, struct str next_cursor);
