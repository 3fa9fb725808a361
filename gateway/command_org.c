#include "gateway/command_org.h"

#include "base/json.h"
#include "base/password.h"
#include "gateway/command_store.h"
#include "gateway/password_input.h"
#include "identity/invitation.h"
#include "identity/password_login.h"
#include "messaging/org.h"

enum { PAGE = 100 };

struct made_org {
    struct org org;
    struct user creator;
};

static result create_org(const struct command_call *call, struct command_store *store,
                         struct str hash, struct made_org *ret) {
    struct scope *scope = call->scope;
    const struct str email = command_option(call, "--creator-email");
    const struct new_org input = {
        .slug = command_option(call, "--slug"),
        .name = command_option(call, "--name"),
        .creator = {.user_name = email,
                    .display_name = command_option(call, "--creator-name"),
                    .email = email},
        .dpa = {.version = command_option(call, "--accept-dpa"),
                .language = command_has(call, "--accept-dpa") ? STR("en") : STR(""),
                .signer_name = command_option(call, "--dpa-signer"),
                .legal_name = command_option(call, "--dpa-legal-name")},
        .actor = &store->operator_actor,
        .source = SOURCE_OPERATOR,
    };
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, store->db, LANE_NORMAL, &tx));
    TRY(org_create(scope, tx, &input, &ret->org, &ret->creator));
    if (command_has(call, "--invite")) {
        TRY(invitation_enqueue(scope, tx, &ret->creator));
        return tx_commit(scope, tx);
    }
    const struct password_change change = {
        .org_id = ret->org.id,
        .user_id = ret->creator.id,
        .hash = hash,
        .actor = &store->operator_actor,
        .source = SOURCE_OPERATOR,
    };
    TRY(local_password_set(scope, tx, &change));
    return tx_commit(scope, tx);
}

static void write_org(struct json_out *out, const struct org *org) {
    json_out_open_object(out);
    json_out_member(out, "id", org->id);
    json_out_member(out, "slug", org->slug);
    json_out_member(out, "name", org->name);
    json_out_member(out, "state", str_from_c(org_state_name(org->state)));
    json_out_member_boolean(out, "ownerless", org->is_ownerless);
    json_out_member_time(out, "created_at", org->created_us);
    json_out_close_object(out);
}

/* COMMAND_DONE: go on, with the hash unless somebody is invited to set the password themselves. */
static int read_password(struct command_call *call, struct str *ret_hash) {
    struct secret password;
    if (command_has(call, "--invite")) {
        if (command_has(call, "--password-file")) {
            return command_usage(call, "either --invite or --password-file");
        }
        return call->settings->smtp_url.len > 0
                   ? COMMAND_DONE
                   : command_failed(call, "no mail can be sent: smtp.url is not set");
    }
    if (!is_ok(password_input(call, command_option(call, "--password-file"), &password))) {
        return command_failed(call,
                              "no password: --password-file FILE, --invite, or ask on a terminal");
    }
    if (!is_ok(password_hash(call->scope, password, ret_hash))) {
        return command_failed(call, "the password must have 10 to 1024 bytes");
    }
    return COMMAND_DONE;
}

static void print_made(const struct command_call *call, const struct made_org *made) {
    if (command_has(call, "--invite")) {
        (void) fprintf(call->out,
                       "Organisation %.*s made; the running server mails %.*s a link to set the "
                       "password.\n",
                       STR_ARG(made->org.slug), STR_ARG(made->creator.email));
        return;
    }
    (void) fprintf(call->out, "Organisation %.*s made; sign in at %.*s/login/%.*s as %.*s.\n",
                   STR_ARG(made->org.slug), STR_ARG(call->settings->http_public_url),
                   STR_ARG(made->org.slug), STR_ARG(made->creator.email));
}

int command_org_create(struct command_call *call) {
    static const char *const NEEDED[] = {"--name", "--slug", "--creator-email"};
    for (size_t i = 0; i < sizeof NEEDED / sizeof NEEDED[0]; i++) {
        if (command_option(call, NEEDED[i]).len == 0) {
            return command_usage(call, "--name, --slug and --creator-email are needed");
        }
    }
    struct str hash = STR("");
    const int read = read_password(call, &hash);
    if (read != COMMAND_DONE) {
        return read;
    }
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    struct made_org made;
    if (!command_store_open(call, &store)) {
        return COMMAND_FAILED;
    }
    if (!is_ok(create_org(call, &store, hash, &made))) {
        return command_failed(call, "the organisation was not made");
    }
    if (!call->is_json) {
        print_made(call, &made);
        return COMMAND_DONE;
    }
    struct json_out out = json_out_begin(call->scope->arena);
    json_out_open_object(&out);
    json_out_name(&out, "org");
    write_org(&out, &made.org);
    json_out_member(&out, "creator_id", made.creator.id);
    json_out_close_object(&out);
    (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&out)));
    return COMMAND_DONE;
}

static void print_org(const struct command_call *call, const struct org *org) {
    (void) fprintf(call->out, "%-24.*s %-10s %.*s\n", STR_ARG(org->slug),
                   org_state_name(org->state), STR_ARG(org->name));
}

int command_org_list(struct command_call *call) {
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    if (!command_store_open(call, &store)) {
        return COMMAND_FAILED;
    }
    struct json_out out = json_out_begin(call->scope->arena);
    json_out_open_array(&out);
    struct str after = STR("");
    do {
        struct org_list page;
        if (!is_ok(org_list(call->scope, store.db, PAGE, after, &page))) {
            return command_failed(call, "the organisations cannot be read");
        }
        for (size_t i = 0; i < page.count && call->is_json; i++) {
            write_org(&out, &page.orgs[i]);
        }
        for (size_t i = 0; i < page.count && !call->is_json; i++) {
            print_org(call, &page.orgs[i]);
        }
        after = page.next_cursor;
    } while (after.len > 0);
    json_out_close_array(&out);
    if (call->is_json) {
        (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&out)));
    }
    return COMMAND_DONE;
}

int command_org_show(struct command_call *call) {
    AUTO(command_store_close) struct command_store store = {.store = NULL};
    struct org org;
    if (!command_store_open(call, &store)) {
        return COMMAND_FAILED;
    }
    if (!is_ok(org_find_by_slug(call->scope, store.db, call->operands[0], &org))) {
        return command_failed(call, "no such organisation");
    }
    struct json_out out = json_out_begin(call->scope->arena);
    write_org(&out, &org);
    const struct str json = json_out_end(&out);
    if (call->is_json) {
        (void) fprintf(call->out, "%.*s\n", STR_ARG(json));
        return COMMAND_DONE;
    }
    (void) fprintf(call->out,
                   "id     %.*s\nslug   %.*s\nname   %.*s\nstate  %s%s\nlogin  %.*s/login/%.*s\n",
                   STR_ARG(org.id), STR_ARG(org.slug), STR_ARG(org.name), org_state_name(org.state),
                   org.is_ownerless ? ", without an owner" : "",
                   STR_ARG(call->settings->http_public_url), STR_ARG(org.slug));
    return COMMAND_DONE;
}
