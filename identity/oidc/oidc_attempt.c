#include "identity/oidc/oidc_attempt.h"

#include "base/crypto.h"
#include "base/random.h"
#include "identity/login_attempt.h"

enum { NONCE_BYTES = 24, VERIFIER_BYTES = 48 };

static const struct attempt_kind KIND = {"gatehouse-login", "Lax", 24};

result oidc_attempt_begin(struct scope *scope, struct call *call,
                          const struct connection *connection, struct str return_path,
                          struct oidc_attempt_begun *ret) {
    struct oidc_attempt_begun begun = {
        .attempt = {.nonce = random_token(scope, NONCE_BYTES),
                    .verifier = random_token(scope, VERIFIER_BYTES),
                    .return_path = return_path},
    };
    const struct str secrets = str_format(scope->arena, "%.*s.%.*s", STR_ARG(begun.attempt.nonce),
                                          STR_ARG(begun.attempt.verifier));
    TRY(login_attempt_begin(scope, call, &KIND, connection, secrets, return_path, &begun.state));
    *ret = begun;
    return OK_RESULT;
}

/* One reason for unknown, used, expired, or another browser. */
static result refuse_missing(struct scope *scope, result found) {
    return found.code == NOT_FOUND ? FAIL(scope, FORBIDDEN, "oidc.attempt") : found;
}

result oidc_attempt_consume(struct scope *scope, struct call *call,
                            const struct connection *connection, struct str state,
                            struct oidc_attempt *ret) {
    struct login_attempt attempt;
    TRY(refuse_missing(scope, login_attempt_find(scope, call, &KIND, connection, state, &attempt)));
    REQUIRE(scope, attempt.is_bound, FORBIDDEN, "oidc.attempt");
    AUTO(tx_end) struct tx *tx = NULL;
    TRY(tx_begin(scope, call->db, LANE_NORMAL, &tx));
    TRY(refuse_missing(scope, login_attempt_consume(scope, tx, &attempt)));
    TRY(tx_commit(scope, tx));
    TRY(login_attempt_clear_cookie(scope, call, &KIND, &attempt));
    struct oidc_attempt opened = {.return_path = attempt.row.return_path};
    opened.verifier = str_split(attempt.secrets, '.', &opened.nonce);
    *ret = opened;
    return OK_RESULT;
}

struct str oidc_attempt_challenge(struct scope *scope, const struct oidc_attempt *attempt) {
    return sha256_text(scope->arena, attempt->verifier);
}
