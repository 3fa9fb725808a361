#include "identity/saml/saml_logout.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/env.h"
#include "base/log.h"
#include "base/random.h"
#include "identity/saml/saml_door.h"
#include "identity/saml/saml_logout_store.h"
#include "identity/saml/saml_meter.h"
#include "identity/saml/saml_person.h"
#include "identity/saml/saml_provider.h"
#include "identity/saml/saml_record.h"
#include "identity/saml/saml_service.h"
#include "identity/saml/saml_session.h"
#include "identity/session.h"

enum { TICKET_BYTES = 24, ROUNDS_MAX = 16, RELAY_STATE_MAX = 80 };

static result open_request(struct scope *scope, struct call *call,
                           const struct saml_session *session, struct str *ret_url) {
    const struct str ticket = random_token(scope, TICKET_BYTES);
    const struct saml_open_logout open = {
        .org_id = session->org_id,
        .connection_id = session->connection_id,
        .request_id = saml_message_id(scope),
        .ticket_hash = sha256_text(scope->arena, ticket),
        .session_id = session->session_id,
        .user_id = session->user_id,
        .session_index = session->session_index,
        .name_id_sealed = session->name_id_sealed,
        .expires_us = clock_now_us(scope->env->clock) + S_TO_US(SAML_LOGOUT_LIFE_S),
    };
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(saml_logout_insert(scope, tx, &open));
    TRY(tx_commit(scope, tx));
    *ret_url = str_format(scope->arena, "%.*s/saml/%.*s/logout?ticket=%.*s",
                          STR_ARG(call->identity->public_url), STR_ARG(session->connection_id),
                          STR_ARG(ticket));
    return OK_RESULT;
}

result saml_logout_begin(struct scope *scope, struct call *call, struct str org_id,
                         struct str session_id, struct str *ret_url) {
    struct saml_session session;
    struct saml_idp idp;
    int64_t version = 0;
    const result found = saml_session_find(scope, call->db, org_id, session_id, &session);
    if (found.code == NOT_FOUND) {
        *ret_url = STR("");
        return OK_RESULT;
    }
    TRY(found);
    TRY(saml_provider_facts(scope, call->db, org_id, session.connection_id, &idp, &version));
    if (idp.logout_count == 0) {
        *ret_url = STR("");
        return OK_RESULT;
    }
    return open_request(scope, call, &session, ret_url);
}

static result take_ticket(struct scope *scope, const struct call *call,
                          const struct connection *connection, struct str ticket,
                          struct saml_open_logout *ret) {
    const struct saml_open_logout wanted = {
        .org_id = connection->org_id,
        .connection_id = connection->id,
        .ticket_hash = sha256_text(scope->arena, ticket),
    };
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(saml_logout_take_ticket(scope, tx, &wanted, ret));
    return tx_commit(scope, tx);
}

result saml_logout_send(struct scope *scope, struct call *call, const struct connection *connection,
                        struct str ticket, struct saml_outgoing *ret) {
    struct saml_open_logout open;
    struct saml_door door;
    TRY(take_ticket(scope, call, connection, ticket, &open));
    TRY(saml_door_open(scope, call, connection, &door));
    const struct saml_session session = {
        .org_id = open.org_id,
        .session_id = open.session_id,
        .name_id_sealed = open.name_id_sealed,
    };
    struct saml_logout_request request = {
        .binding = door.party.logout.binding,
        .id = open.request_id,
        .issue_instant_us = clock_now_us(scope->env->clock),
        .not_on_or_after_us = open.expires_us,
        .session_index_count = open.session_index.len > 0 ? 1 : 0,
        .session_indexes = &open.session_index,
        .relay_state = STR(""),
    };
    TRY(saml_session_name(scope, call->identity, &session, &request.name_id));
    return saml_jail_logout_request(scope, call->identity->saml_jail, &door.party, &request, ret);
}

/* One message at /slo: what is known so far. */
struct visit {
    struct call *call;
    const struct connection *connection;
    struct saml_door door;
    struct saml_logout logout;
    struct saml_finding finding;
};

static result verify(struct scope *scope, struct visit *visit,
                     const struct saml_logout_input *input) {
    const struct identity *identity = visit->call->identity;
    struct str certificates[SAML_CERTIFICATES_MAX];
    const struct saml_trust trust = saml_door_trust(visit->connection, &visit->door, certificates);
    struct saml_door_keys context = {identity, &visit->door.keys};
    const struct saml_key_source keys = {saml_door_open_keys, &context};
    TRY(saml_jail_logout(scope, identity->saml_jail, &trust, &keys, input, &visit->logout));
    const struct saml_logout_want want = {
        .slo_url = saml_slo_url(scope, identity->public_url, visit->connection->id),
        .idp_entity_id = visit->door.idp.entity_id,
        .now_us = clock_now_us(scope->env->clock),
        .skew_us = S_TO_US(visit->connection->saml.skew_s),
    };
    return saml_logout_check(scope, &visit->logout, &want, &visit->finding);
}

/* The sessions that are meant; `session_index` empty: all of the subject. */
static struct saml_session meant(struct scope *scope, const struct visit *visit,
                                 struct str session_index) {
    return (struct saml_session){
        .org_id = visit->connection->org_id,
        .connection_id = visit->connection->id,
        .subject = saml_subject_of_name(scope, &visit->logout.name_id, visit->door.idp.entity_id,
                                        visit->door.sp_entity_id),
        .session_index = session_index,
    };
}

/* Core 3.7.3.2: the request applies to assertions that arrive after it as well. */
static result note_late(struct scope *scope, struct tx *tx, const struct visit *visit,
                        struct str session_index) {
    const struct saml_session session = meant(scope, visit, session_index);
    const int64_t skew_us = S_TO_US(CONNECTION_SKEW_MAX_S); /* as saml_replay_insert's */
    const struct saml_logged_out logged_out = {
        .org_id = session.org_id,
        .connection_id = session.connection_id,
        .subject = session.subject,
        .session_index = session_index,
        .issued_us = visit->logout.issue_instant.us,
        .until_us = saml_logout_late_us(&visit->logout, skew_us),
    };
    return saml_logged_out_note(scope, tx, &logged_out);
}

/* The message is used up, and whoever signs in with an older assertion from here on is refused:
 * sign-ins of the connection are before this, and their sessions are found, or behind it. */
static result use_up(struct scope *scope, const struct visit *visit) {
    const struct connection *connection = visit->connection;
    const struct saml_logout *logout = &visit->logout;
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, visit->call->db, LANE_REVOCATION, &tx));
    TRY(saml_logout_lock(scope, tx, connection->org_id, connection->id));
    TRY(saml_replay_insert(scope, tx, connection->org_id, connection->id, logout->id,
                           saml_logout_until_us(logout, S_TO_US(CONNECTION_SKEW_MAX_S))));
    for (size_t i = 0; i < logout->session_index_count; i++) {
        TRY(note_late(scope, tx, visit, logout->session_indexes[i]));
    }
    if (logout->session_index_count == 0) {
        TRY(note_late(scope, tx, visit, STR("")));
    }
    return tx_commit(scope, tx);
}

static result end_one(struct scope *scope, struct call *call, const struct saml_session *session) {
    const struct actor provider = {
        .kind = ACTOR_CONNECTION, .org_id = session->org_id, .id = session->connection_id};
    const struct session_end end = {
        .org_id = session->org_id,
        .user_id = session->user_id,
        .session_id = session->session_id,
        .actor = &provider,
        .source = SOURCE_SIGNAL,
        .request_id = call->request->request_id,
        .received_us = call->request->received_us,
    };
    const result ended = session_end(scope, call->messaging, call->db, &end, &call->revoked);
    return ended.code == NOT_FOUND ? OK_RESULT : ended; /* it has ended meanwhile */
}

/* A person has few sessions; who has more than one look at the table shows is looked at again. One
 * that cannot be ended is no reason to spare the others. */
static result end_meant(struct scope *scope, const struct visit *visit, struct str session_index) {
    const struct saml_session wanted = meant(scope, visit, session_index);
    struct saml_session *found = NEW_ARRAY(scope->arena, SAML_SESSIONS_MAX, struct saml_session);
    result worst = OK_RESULT;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        size_t count = 0;
        TRY(saml_session_list(scope, visit->call->db, &wanted, found, &count));
        for (size_t i = 0; i < count; i++) {
            const result ended = end_one(scope, visit->call, &found[i]);
            worst = is_ok(ended) ? worst : ended;
        }
        if (count < SAML_SESSIONS_MAX || !is_ok(worst)) {
            return worst;
        }
    }
    return FAIL(scope, UNAVAILABLE, "saml.logout_sessions");
}

static result end_all(struct scope *scope, const struct visit *visit) {
    const struct saml_logout *logout = &visit->logout;
    result worst = OK_RESULT;
    if (logout->session_index_count == 0) {
        return end_meant(scope, visit, STR(""));
    }
    for (size_t i = 0; i < logout->session_index_count; i++) {
        const result ended = end_meant(scope, visit, logout->session_indexes[i]);
        worst = is_ok(ended) ? worst : ended;
    }
    return worst;
}

static void answer_request(struct scope *scope, const struct visit *visit, bool is_partial,
                           struct str relay_state, struct saml_logout_arrival *arrival) {
    const struct saml_party *party = &visit->door.party;
    if (party->logout.location.len == 0) {
        return;
    }
    const struct saml_logout_response response = {
        .binding = party->logout.binding,
        .id = saml_message_id(scope),
        .in_response_to = visit->logout.id,
        .relay_state = relay_state,
        .issue_instant_us = clock_now_us(scope->env->clock),
        .is_partial = is_partial,
    };
    const result built = saml_jail_logout_response(scope, visit->call->identity->saml_jail, party,
                                                   &response, &arrival->answer);
    arrival->has_answer = is_ok(built);
    arrival->framed_by = party->logout.location;
    if (!is_ok(built)) {
        log_warning(scope, "saml.logout_unanswered", LOG_ORG(visit->connection->org_id),
                    LOG_ID("connection", visit->connection->id), LOG_CODE(built),
                    LOG_REASON(scope));
    }
}

static result follow(struct scope *scope, const struct visit *visit, struct str relay_state,
                     struct saml_logout_arrival *arrival) {
    result ended = use_up(scope, visit);
    if (ended.code == UNAUTHENTICATED) { /* a replay */
        return ended;
    }
    if (is_ok(ended)) {
        ended = end_all(scope, visit);
    }
    if (!is_ok(ended)) {
        log_warning(scope, "saml.logout_partial", LOG_ORG(visit->connection->org_id),
                    LOG_ID("connection", visit->connection->id), LOG_CODE(ended),
                    LOG_REASON(scope));
    }
    answer_request(scope, visit, !is_ok(ended), relay_state, arrival);
    return OK_RESULT;
}

/* Single use; nothing else hangs on it. */
static result close_request(struct scope *scope, const struct visit *visit) {
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, visit->call->db, LANE_NORMAL, &tx));
    TRY(saml_logout_take_answered(scope, tx, visit->connection->org_id, visit->connection->id,
                                  visit->logout.in_response_to));
    return tx_commit(scope, tx);
}

static result judge(struct scope *scope, struct visit *visit, const struct saml_logout_input *input,
                    struct str relay_state, struct saml_logout_arrival *arrival) {
    TRY(verify(scope, visit, input));
    arrival->is_request = visit->logout.is_request;
    if (visit->logout.is_request) {
        const bool is_in_query = input->binding == SAML_REDIRECT;
        return follow(scope, visit, is_in_query ? visit->logout.relay_state : relay_state, arrival);
    }
    TRY(close_request(scope, visit));
    arrival->outcome = saml_logout_outcome_of(&visit->logout);
    return OK_RESULT;
}

/* As the message says, once it is verified; before, as it looks. */
static enum saml_message_kind kind_of(const struct visit *visit,
                                      const struct saml_logout_input *input) {
    const bool looks_like_request = input->binding == SAML_POST
                                        ? input->is_request
                                        : str_find(input->bytes, STR("SAMLResponse=")) < 0;
    const bool is_verified = visit->logout.version.len > 0;
    return (is_verified ? visit->logout.is_request : looks_like_request)
               ? SAML_MESSAGE_LOGOUT_REQUEST
               : SAML_MESSAGE_LOGOUT_RESPONSE;
}

static void note_refusal(struct scope *scope, const struct visit *visit, result failure) {
    const struct connection *connection = visit->connection;
    const char *reason = scope->reason;
    log_info(scope, "saml.logout_refused", LOG_ORG(connection->org_id),
             LOG_ID("connection", connection->id), LOG_CODE(failure), LOG_REASON(scope));
    const struct saml_logout_refusal refusal = {
        .logout = &visit->logout, .idp = &visit->door.idp, .finding = &visit->finding};
    saml_record_logout_refusal(scope, visit->call, connection, &refusal);
    if (saml_reason_of(scope) == SAML_SIGNATURE &&
        !is_ok(saml_provider_hint_bad_signature(scope, visit->call->db, connection->org_id,
                                                connection->id))) {
        log_debug(scope, "saml.hint_failed", LOG_REASON(scope));
    }
    scope->reason = reason;
}

result saml_logout_finish(struct scope *scope, struct call *call,
                          const struct connection *connection,
                          const struct saml_logout_input *input, struct str relay_state,
                          struct saml_logout_arrival *ret) {
    struct visit *visit = NEW(scope->arena, struct visit);
    visit->call = call;
    visit->connection = connection;
    const struct str echoed = relay_state.len <= RELAY_STATE_MAX ? relay_state : STR("");
    struct saml_logout_arrival arrival = {.outcome = SAML_LOGOUT_FAILED};
    TRY(saml_door_open(scope, call, connection, &visit->door));
    const result judged = judge(scope, visit, input, echoed, &arrival);
    saml_meter_count(call->identity->saml_meter, scope, kind_of(visit, input), judged);
    if (!is_ok(judged)) {
        note_refusal(scope, visit, judged);
        return judged;
    }
    *ret = arrival;
    return OK_RESULT;
}
