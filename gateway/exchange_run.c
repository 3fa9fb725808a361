#include "gateway/exchange_run.h"

#include "gateway/access.h"

static RESULT run(struct scope *scope, struct exchange *exchange,
                  const struct exchange_context *context, call_handler handler) {
    const bool has_principal = exchange->has_principal;
    if (exchange->route != NULL) {
        TRY(access_check(scope, exchange->route, has_principal ? &exchange->principal : NULL,
                         &exchange->request));
    }
    REQUIRE(scope, handler != NULL, INTERNAL, "route.handler");
    struct call call = {
        .db = context->db,
        .actor = has_principal ? &exchange->principal.actor : NULL,
        .request = &exchange->request,
        .response = &exchange->response,
        .messaging = context->messaging,
        .identity = context->identity,
        .provisioning = context->provisioning,
    };
    const result outcome = handler(scope, &call);
    exchange->is_handled = true;
    exchange->revoked = call.revoked;
    exchange->notice = call.notice;
    return outcome;
}

void exchange_run(struct exchange *exchange, const struct exchange_context *context,
                  call_handler handler) {
    struct scope scope = {.arena = exchange->arena, .env = context->env};
    exchange->outcome = run(&scope, exchange, context, handler);
    exchange->reason = is_ok(exchange->outcome) ? NULL : scope.reason;
}
