#include "base/json.h"
#include "base/time_text.h"
#include "gateway/command_org.h"
#include "gateway/command_store.h"
#include "gateway/data_dir.h"
#include "gateway/seal_check_store.h"
#include "identity/identity.h"
#include "identity/saml/saml_key.h"
#include "messaging/org.h"

/* What every one of these commands stands on. */
struct keyring {
    struct command_store store;
    struct identity identity;
    struct saml_key_change change;
};

static void keyring_close(struct keyring *keyring) {
    command_store_close(&keyring->store);
}

/* Opens the store, finds organisation and connection; says itself what failed. */
static int keyring_open(const struct command_call *call, struct keyring *ret) {
    struct scope *scope = call->scope;
    const struct str slug = command_option(call, "--org");
    struct org org = {.created_us = 0};
    struct connection connection;
    if (slug.len == 0) {
        return command_usage(call, "--org is needed");
    }
    if (!command_store_open(call, &ret->store)) {
        return COMMAND_FAILED;
    }
    if (!is_ok(org_find_by_slug(scope, ret->store.db, slug, &org))) {
        return command_failed(call, "no such organisation");
    }
    if (!is_ok(connection_find(scope, ret->store.db, org.id, call->operands[0], &connection)) ||
        connection.kind != CONNECTION_SAML) {
        return command_failed(call, "the organisation has no such SAML connection");
    }
    ret->change = (struct saml_key_change){.identity = &ret->identity,
                                           .actor = &ret->store.operator_actor,
                                           .source = SOURCE_OPERATOR,
                                           .org_id = org.id,
                                           .connection_id = connection.id};
    return COMMAND_DONE;
}

static void write_key(struct json_out *out, const struct saml_own_key *key) {
    json_out_open_object(out);
    json_out_member(out, "id", key->id);
    json_out_member(out, "use", str_from_c(saml_key_use_name(key->use)));
    json_out_member(out, "state", str_from_c(saml_key_state_name(key->state)));
    json_out_member(out, "fingerprint", key->fingerprint);
    json_out_member_time(out, "expires_at", key->not_after_us);
    json_out_close_object(out);
}

static void print_key(const struct command_call *call, const struct saml_own_key *key) {
    if (call->is_json) {
        struct json_out out = json_out_begin(call->scope->arena);
        write_key(&out, key);
        (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&out)));
        return;
    }
    const struct str until = time_format(call->scope->arena, key->not_after_us);
    (void) fprintf(call->out, "%.*s  %-10s %-9s until %.*s  %.*s\n", STR_ARG(key->id),
                   saml_key_use_name(key->use), saml_key_state_name(key->state), STR_ARG(until),
                   STR_ARG(key->fingerprint));
}

int command_key_list(struct command_call *call) {
    AUTO(keyring_close) struct keyring keyring = {.store = {.store = NULL}};
    const int opened = keyring_open(call, &keyring);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    struct saml_own_keys keys;
    if (!is_ok(saml_keys_list(call->scope, keyring.store.db, keyring.change.org_id,
                              keyring.change.connection_id, &keys))) {
        return command_failed(call, "the keys cannot be read");
    }
    struct json_out out = json_out_begin(call->scope->arena);
    json_out_open_array(&out);
    for (size_t i = 0; i < keys.count; i++) {
        write_key(&out, &keys.keys[i]);
        if (!call->is_json) {
            print_key(call, &keys.keys[i]);
        }
    }
    json_out_close_array(&out);
    if (call->is_json) {
        (void) fprintf(call->out, "%.*s\n", STR_ARG(json_out_end(&out)));
    }
    return COMMAND_DONE;
}

/* A key sealed with anything but the server's own could never be used. */
static result server_key(const struct command_call *call, struct keyring *keyring) {
    TRY(data_dir_key(call->scope, call->settings, &keyring->identity.seal_key));
    return seal_check(call->scope, keyring->store.db, keyring->identity.seal_key);
}

int command_key_publish(struct command_call *call) {
    const struct str wanted = command_option(call, "--use");
    enum saml_key_use use = SAML_KEY_SIGNING;
    if (wanted.len > 0 && !is_ok(saml_key_use_parse(call->scope, wanted, &use))) {
        return command_usage(call, "--use is signing or encryption");
    }
    AUTO(keyring_close) struct keyring keyring = {.store = {.store = NULL}};
    const int opened = keyring_open(call, &keyring);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    struct saml_own_key key;
    if (!is_ok(server_key(call, &keyring))) {
        return command_failed(call, "the key that seals secrets cannot be used");
    }
    if (!is_ok(saml_key_publish(call->scope, &keyring.change, keyring.store.db, use, &key))) {
        return command_failed(call, "no key was published");
    }
    print_key(call, &key);
    (void) fprintf(call->err,
                   "Published in the metadata. Switch to it when the provider has it.\n");
    return COMMAND_DONE;
}

int command_key_switch(struct command_call *call) {
    AUTO(keyring_close) struct keyring keyring = {.store = {.store = NULL}};
    const int opened = keyring_open(call, &keyring);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    struct saml_own_key key;
    if (!is_ok(saml_key_activate(call->scope, &keyring.change, keyring.store.db, call->operands[1],
                                 &key))) {
        return command_failed(call, "the key is not in use");
    }
    print_key(call, &key);
    return COMMAND_DONE;
}

int command_key_drop(struct command_call *call) {
    AUTO(keyring_close) struct keyring keyring = {.store = {.store = NULL}};
    const int opened = keyring_open(call, &keyring);
    if (opened != COMMAND_DONE) {
        return opened;
    }
    if (!is_ok(saml_key_drop(call->scope, &keyring.change, keyring.store.db, call->operands[1]))) {
        return command_failed(call, "the key was not dropped");
    }
    (void) fprintf(call->out, "Key dropped.\n");
    return COMMAND_DONE;
}
