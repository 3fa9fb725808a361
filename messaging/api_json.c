#include "messaging/api_json.h"

#include "messaging/revocation_store.h"

static struct str shown_name(const struct user *user) {
    return str_is_empty(user->display_name) ? user->user_name : user->display_name;
}

void api_user(struct json_out *out, const struct user *user, bool is_full) {
    json_out_open_object(out);
    json_out_member(out, "id", user->id);
    json_out_member(out, "display_name", shown_name(user));
    json_out_member(out, "state", str_from_c(user_state_name(user->state)));
    if (is_full) {
        json_out_member(out, "user_name", user->user_name);
        json_out_member_or_null(out, "email", user->email);
        json_out_name(out, "roles");
        json_out_open_array(out);
        json_out_string(out, str_from_c(role_name(user->role)));
        json_out_close_array(out);
        json_out_member_or_null(out, "external_id", user->external_id);
        json_out_member_boolean(out, "directory_managed", user->is_directory_managed);
        json_out_member_time(out, "created_at", user->created_us);
        json_out_member_time(out, "updated_at", user->changed_us);
    }
    json_out_close_object(out);
}

void api_org(struct json_out *out, const struct org *org) {
    json_out_open_object(out);
    json_out_member(out, "id", org->id);
    json_out_member(out, "slug", org->slug);
    json_out_member(out, "name", org->name);
    json_out_member(out, "state", str_from_c(org_state_name(org->state)));
    json_out_member_boolean(out, "ownerless", org->is_ownerless);
    json_out_member_time(out, "created_at", org->created_us);
    json_out_close_object(out);
}

/* Stored by us; what cannot be read is shown as an empty list. */
static void nodes(struct scope *scope, struct json_out *out, const struct receipt *receipt) {
    const struct json *stored = NULL;
    json_out_name(out, "nodes");
    if (is_ok(json_read(scope, receipt->nodes, &stored))) {
        json_out_value(out, stored);
        return;
    }
    json_out_open_array(out);
    json_out_close_array(out);
}

/* Since the signal arrived; the times beside it are whole milliseconds. */
static void duration(struct scope *scope, struct json_out *out, const char *name,
                     const struct receipt *receipt, int64_t until_us) {
    json_out_name(out, name);
    if (until_us == 0) {
        json_out_null(out);
        return;
    }
    const double ms = (double) (until_us - receipt->received_us) / 1000.0;
    json_out_value(out, json_new_real(scope->arena, ms));
}

void api_receipt(struct scope *scope, struct json_out *out, const struct receipt *receipt) {
    json_out_open_object(out);
    json_out_member(out, "id", receipt->id);
    json_out_member(out, "kind", str_from_c(revocation_kind_name(receipt->kind)));
    json_out_member(out, "subject", receipt->subject);
    json_out_member_or_null(out, "user", receipt->user_id);
    json_out_member_or_null(out, "display_name", receipt->display_name);
    json_out_member(out, "source", str_from_c(source_name(receipt->source)));
    json_out_member_time(out, "received_at", receipt->received_us);
    json_out_member_time(out, "committed_at", receipt->committed_us);
    json_out_member_time(out, "answered_at", receipt->answered_us);
    json_out_name(out, "closed");
    json_out_open_object(out);
    json_out_member_number(out, "sockets", receipt->sockets);
    json_out_member_number(out, "sessions", receipt->sessions);
    json_out_member_number(out, "tokens", receipt->tokens);
    json_out_close_object(out);
    nodes(scope, out, receipt);
    duration(scope, out, "commit_ms", receipt, receipt->committed_us);
    duration(scope, out, "duration_ms", receipt, receipt->answered_us);
    json_out_close_object(out);
}

/* The document knows a directory's hand as its token, and nobody as the system. */
static struct str shown_kind(struct str stored) {
    if (str_eq(stored, STR("connection"))) {
        return STR("token");
    }
    return str_eq(stored, STR("none")) ? STR("system") : stored;
}

void api_audit(struct json_out *out, const struct audit_row *row) {
    json_out_open_object(out);
    json_out_member(out, "id", row->id);
    json_out_member_time(out, "at", row->at_us);
    json_out_member(out, "action", row->action);
    json_out_name(out, "actor");
    json_out_open_object(out);
    json_out_member(out, "kind", shown_kind(row->actor_kind));
    json_out_member_or_null(out, "id", row->actor_id);
    json_out_close_object(out);
    json_out_member(out, "source", row->source);
    json_out_member(out, "target_kind", row->subject_kind);
    json_out_member(out, "target", row->subject_id);
    json_out_member_or_null(out, "reason", row->reason_code);
    json_out_member_or_null(out, "request_id", row->request_id);
    json_out_close_object(out);
}

void api_conversation(struct json_out *out, const struct conversation *conversation) {
    const bool is_direct = conversation->kind == CONVERSATION_DIRECT;
    json_out_open_object(out);
    json_out_member(out, "id", conversation->id);
    json_out_member(out, "kind", is_direct ? STR("direct") : STR("group"));
    json_out_member(out, "name", is_direct ? conversation->other_name : STR("General"));
    if (is_direct) {
        json_out_name(out, "members");
        json_out_open_array(out);
        json_out_string(out, conversation->members[0]);
        json_out_string(out, conversation->members[1]);
        json_out_close_array(out);
    }
    json_out_member_number(out, "unread", conversation->unread);
    json_out_member_number(out, "read_seq", conversation->read_seq);
    json_out_close_object(out);
}

struct json_out api_list_begin(struct scope *scope) {
    struct json_out out = json_out_begin(scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "items");
    json_out_open_array(&out);
    return out;
}

struct str api_list_end(struct json_out *out, struct str next_cursor) {
    json_out_close_array(out);
    json_out_member_or_null(out, "next", next_cursor);
    json_out_close_object(out);
    return json_out_end(out);
}
