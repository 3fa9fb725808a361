#include "identity/saml/saml_jail.h"

#include <stdlib.h>

#include "base/arena.h"
#include "identity/saml/saml_jail_life.h"

struct saml_jail {
    struct jail *jail;
};

static struct saml_jail *make(struct jail *inner) {
    struct saml_jail *jail = calloc(1, sizeof *jail);
    if (jail == NULL) {
        abort();
    }
    jail->jail = inner;
    return jail;
}

result saml_jail_new(struct scope *scope, const struct saml_jail_settings *settings,
                     struct saml_jail **ret) {
    struct jail_settings inner = {
        .env = settings->env,
        .roles = settings->roles,
        .program = settings->program,
        .messages = settings->messages,
        .on_death = settings->on_death,
        .context = settings->context,
    };
    for (size_t i = 0; i < SAML_ROLE_COUNT; i++) {
        inner.children[i] = settings->children[i];
        inner.waiting[i] = settings->waiting[i];
    }
    struct jail *jail = NULL;
    TRY(jail_new(scope, &inner, &jail));
    *ret = make(jail);
    return OK_RESULT;
}

struct saml_jail *saml_jail_new_local(const struct jail_roles *roles) {
    return make(jail_new_local(roles));
}

void saml_jail_free(struct saml_jail **jail) {
    if (*jail == NULL) {
        return;
    }
    jail_free(&(*jail)->jail);
    free(*jail);
    *jail = NULL;
}

void saml_jail_stats(struct saml_jail *jail, enum saml_role role, struct jail_stats *ret) {
    jail_stats(jail->jail, role, ret);
}

/* One call: what goes in, and where the facts of the answer go. */
struct door {
    enum saml_role role;
    struct str share;
    struct jail_message request;
    const struct saml_key_source *keys;
    void (*read)(struct pack *pack, void *facts);
    void *facts;
    struct str location; /* where a message of ours may go; the build role only */
    enum saml_binding binding;
    enum saml_reason verdict;
};

static void read_verdict(struct pack *pack, void *verdict) {
    saml_pack_verdict(pack, verdict);
}

static bool read_row(struct scope *scope, struct str bytes,
                     void (*read)(struct pack *pack, void *value), void *value) {
    struct pack pack = pack_read(scope->arena, bytes);
    read(&pack, value);
    return is_ok(pack_end(scope, &pack, NULL));
}

/* The browser is sent to the endpoint that was asked for, whatever a child says. */
static bool goes_where_asked(const struct door *door) {
    const struct saml_outgoing *outgoing = door->facts;
    if (door->role != SAML_ROLE_BUILD) {
        return true;
    }
    if (outgoing->binding != door->binding || !str_has_prefix(outgoing->url, door->location)) {
        return false;
    }
    const struct str added = str_from(outgoing->url, door->location.len);
    const bool has_query = str_find_byte(door->location, '?') >= 0;
    return outgoing->binding == SAML_POST ? added.len == 0
                                          : has_query || str_has_prefix(added, STR("?"));
}

/* A verdict, and facts exactly when it is the good one. */
static bool accept(struct scope *scope, void *context, const struct jail_message *answer) {
    struct door *door = context;
    const bool has_facts = answer->has[SAML_TAG_FACTS];
    return answer->has[SAML_TAG_VERDICT] &&
           read_row(scope, answer->values[SAML_TAG_VERDICT], read_verdict, &door->verdict) &&
           has_facts == (door->verdict == SAML_FINE) &&
           (!has_facts ||
            (read_row(scope, answer->values[SAML_TAG_FACTS], door->read, door->facts) &&
             goes_where_asked(door)));
}

static result give_keys(struct scope *scope, void *context, const struct jail_message *question,
                        struct jail_message *ret) {
    const struct door *door = context;
    (void) question;
    struct saml_keys keys = {.count = 0};
    TRY(door->keys->open(scope, door->keys->context, keys.keys, &keys.count));
    struct pack pack = pack_write(scope->arena, SAML_OPENING_KEYS_MAX * (SAML_PEM_MAX + 64));
    saml_pack_keys(&pack, &keys);
    struct str row;
    TRY(pack_end(scope, &pack, &row));
    jail_message_set(ret, SAML_TAG_KEYS, row);
    return OK_RESULT;
}

static result fail_outcome(struct scope *scope, enum jail_outcome outcome) {
    switch (outcome) {
    case JAIL_ANSWERED: return OK_RESULT;
    case JAIL_CRASHED: return saml_fail(scope, SAML_JAIL_CRASH);
    case JAIL_TIMED_OUT: return saml_fail(scope, SAML_JAIL_TIMEOUT);
    case JAIL_BROKE_PROTOCOL: return saml_fail(scope, SAML_JAIL_PROTOCOL);
    case JAIL_ALL_BUSY: return saml_fail(scope, SAML_JAIL_BUSY);
    case JAIL_OUTCOME_COUNT: break;
    }
    return saml_fail(scope, SAML_JAIL_PROTOCOL);
}

static result knock(struct scope *scope, struct saml_jail *jail, struct door *door) {
    const struct jail_call call = {
        .role = door->role,
        .share = door->share,
        .request = &door->request,
        .reply = door->keys == NULL ? NULL : give_keys,
        .accept = accept,
        .context = door,
    };
    enum jail_outcome outcome = JAIL_OUTCOME_COUNT;
    struct jail_message answer;
    SAML_REQUIRE(scope, jail != NULL, SAML_JAIL_BUSY); /* a server without a jail reads nothing */
    TRY(jail_send(scope, jail->jail, &call, &outcome, &answer));
    TRY(fail_outcome(scope, outcome));
    return door->verdict == SAML_FINE ? OK_RESULT : saml_fail(scope, door->verdict);
}

result saml_jail_ping(struct scope *scope, struct saml_jail *jail, enum saml_role role) {
    const struct jail_message request = {.kind = JAIL_PING};
    const struct jail_call call = {.role = role, .share = STR("ping"), .request = &request};
    enum jail_outcome outcome = JAIL_OUTCOME_COUNT;
    struct jail_message answer;
    TRY(jail_send(scope, jail->jail, &call, &outcome, &answer));
    return fail_outcome(scope, outcome);
}

/* Rows of requests. The structs are copied: packing may change what it looks at. */
static result add_row(struct scope *scope, struct jail_message *request, enum saml_request_tag tag,
                      const struct pack *pack) {
    struct str row;
    TRY(pack_end(scope, pack, &row));
    jail_message_set(request, tag, row);
    return OK_RESULT;
}

static struct pack begin_row(struct scope *scope) {
    return pack_write(scope->arena, SAML_BODY_MAX);
}

static result add_trust(struct scope *scope, struct door *door, const struct saml_trust *trust) {
    struct saml_trust copy = *trust;
    struct pack pack = begin_row(scope);
    saml_pack_trust(&pack, &copy);
    door->share = trust->connection_id;
    return add_row(scope, &door->request, SAML_TAG_TRUST, &pack);
}

static result add_party(struct scope *scope, struct door *door, const struct saml_party *party) {
    struct saml_party copy = *party;
    struct pack pack = begin_row(scope);
    saml_pack_party(&pack, &copy);
    door->share = party->connection_id;
    return add_row(scope, &door->request, SAML_TAG_PARTY, &pack);
}

static void read_response(struct pack *pack, void *facts) {
    saml_pack_response(pack, facts);
}

static void read_logout(struct pack *pack, void *facts) {
    saml_pack_logout(pack, facts);
}

static void read_idp(struct pack *pack, void *facts) {
    saml_pack_idp(pack, facts);
}

static void read_outgoing(struct pack *pack, void *facts) {
    saml_pack_outgoing(pack, facts);
}

result saml_jail_response(struct scope *scope, struct saml_jail *jail,
                          const struct saml_trust *trust, const struct saml_key_source *keys,
                          struct str form_value, struct saml_response *ret) {
    struct saml_response *facts = NEW(scope->arena, struct saml_response);
    struct door door = {.role = SAML_ROLE_VERIFY,
                        .request = {.kind = SAML_KIND_RESPONSE},
                        .keys = keys,
                        .read = read_response,
                        .facts = facts};
    SAML_REQUIRE(scope, form_value.len <= SAML_BODY_MAX, SAML_GATE_SIZE);
    TRY(add_trust(scope, &door, trust));
    jail_message_set(&door.request, SAML_TAG_BYTES, form_value);
    TRY(knock(scope, jail, &door));
    *ret = *facts;
    return OK_RESULT;
}

result saml_jail_logout(struct scope *scope, struct saml_jail *jail, const struct saml_trust *trust,
                        const struct saml_key_source *keys, const struct saml_logout_input *input,
                        struct saml_logout *ret) {
    struct saml_logout *facts = NEW(scope->arena, struct saml_logout);
    struct door door = {.role = SAML_ROLE_VERIFY,
                        .request = {.kind = SAML_KIND_LOGOUT},
                        .keys = keys,
                        .read = read_logout,
                        .facts = facts};
    struct saml_logout_input copy = *input;
    struct pack pack = begin_row(scope);
    SAML_REQUIRE(scope, input->bytes.len <= SAML_BODY_MAX, SAML_GATE_SIZE);
    saml_pack_logout_input(&pack, &copy);
    TRY(add_row(scope, &door.request, SAML_TAG_INPUT, &pack));
    TRY(add_trust(scope, &door, trust));
    jail_message_set(&door.request, SAML_TAG_BYTES, input->bytes);
    TRY(knock(scope, jail, &door));
    *ret = *facts;
    return OK_RESULT;
}

result saml_jail_metadata(struct scope *scope, struct saml_jail *jail,
                          const struct saml_metadata_input *input, struct saml_idp *ret) {
    struct saml_idp *facts = NEW(scope->arena, struct saml_idp);
    struct door door = {.role = SAML_ROLE_VERIFY,
                        .share = STR("metadata"), /* of all: imports may not crowd sign-ins out */
                        .request = {.kind = SAML_KIND_METADATA},
                        .read = read_idp,
                        .facts = facts};
    struct saml_metadata_input copy = *input;
    struct pack pack = begin_row(scope);
    SAML_REQUIRE(scope, input->xml.len <= SAML_METADATA_MAX, SAML_METADATA_XML);
    saml_pack_metadata_input(&pack, &copy);
    TRY(add_row(scope, &door.request, SAML_TAG_INPUT, &pack));
    jail_message_set(&door.request, SAML_TAG_BYTES, input->xml);
    TRY(knock(scope, jail, &door));
    *ret = *facts;
    return OK_RESULT;
}

result saml_jail_read(struct scope *scope, void *jail, const struct saml_metadata_input *input,
                      struct saml_idp *ret) {
    return saml_jail_metadata(scope, jail, input, ret);
}

/* A message of ours: the row of the kind, and where it goes. */
struct order {
    enum saml_kind kind;
    enum saml_binding binding;
    struct str location;
    const struct pack *input;
};

static result build(struct scope *scope, struct saml_jail *jail, const struct saml_party *party,
                    const struct order *order, struct saml_outgoing *ret) {
    struct saml_outgoing facts = {.binding = SAML_REDIRECT};
    struct door door = {.role = SAML_ROLE_BUILD,
                        .request = {.kind = (uint16_t) order->kind},
                        .read = read_outgoing,
                        .facts = &facts,
                        .location = order->location,
                        .binding = order->binding};
    TRY(add_row(scope, &door.request, SAML_TAG_INPUT, order->input));
    TRY(add_party(scope, &door, party));
    TRY(knock(scope, jail, &door));
    *ret = facts;
    return OK_RESULT;
}

result saml_jail_authn_request(struct scope *scope, struct saml_jail *jail,
                               const struct saml_party *party,
                               const struct saml_authn_request *request,
                               struct saml_outgoing *ret) {
    struct saml_authn_request copy = *request;
    struct pack pack = begin_row(scope);
    saml_pack_authn_request(&pack, &copy);
    const struct order order = {
        .kind = SAML_KIND_AUTHN_REQUEST,
        .binding = request->binding,
        .location = party->sign_on.location,
        .input = &pack,
    };
    return build(scope, jail, party, &order, ret);
}

result saml_jail_logout_request(struct scope *scope, struct saml_jail *jail,
                                const struct saml_party *party,
                                const struct saml_logout_request *request,
                                struct saml_outgoing *ret) {
    struct saml_logout_request copy = *request;
    struct pack pack = begin_row(scope);
    saml_pack_logout_request(&pack, &copy);
    const struct order order = {
        .kind = SAML_KIND_LOGOUT_REQUEST,
        .binding = request->binding,
        .location = party->logout.location,
        .input = &pack,
    };
    return build(scope, jail, party, &order, ret);
}

result saml_jail_logout_response(struct scope *scope, struct saml_jail *jail,
                                 const struct saml_party *party,
                                 const struct saml_logout_response *response,
                                 struct saml_outgoing *ret) {
    struct saml_logout_response copy = *response;
    struct pack pack = begin_row(scope);
    saml_pack_logout_response(&pack, &copy);
    const bool is_apart = party->logout.response_location.len > 0;
    const struct order order = {
        .kind = SAML_KIND_LOGOUT_RESPONSE,
        .binding = response->binding,
        .location = is_apart ? party->logout.response_location : party->logout.location,
        .input = &pack,
    };
    return build(scope, jail, party, &order, ret);
}
