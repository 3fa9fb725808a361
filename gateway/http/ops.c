#include "gateway/http/ops.h"

#include <stdlib.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/arena.h"
#include "gateway/http/loop.h"

struct ops {
    struct ops_settings settings;
    struct MHD_Daemon *daemon;
};

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned status,
                                 const char *type, struct str body) {
    union {
        const char *from;
        char *to;
    } bytes = {.from = body.at};
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.len, bytes.to, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    (void) MHD_add_response_header(response, "Content-Type", type);
    (void) MHD_add_response_header(response, "Cache-Control", "no-store");
    const enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result send_ready(const struct ops *ops, struct MHD_Connection *connection,
                                  struct arena *arena) {
    struct json_out reasons = json_out_begin(arena);
    json_out_open_array(&reasons);
    const bool is_ready = ops->settings.is_ready(ops->settings.self, &reasons);
    json_out_close_array(&reasons);
    const struct str body =
        str_format(arena, "{\"ready\":%s,\"reasons\":%.*s}\n", is_ready ? "true" : "false",
                   STR_ARG(json_out_end(&reasons)));
    return send_text(connection, is_ready ? 200 : 503, "application/json", body);
}

/* NOLINTNEXTLINE(readability-function-size): as libmicrohttpd declares it */
static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              /* NOLINTNEXTLINE(readability-non-const-parameter) */
                              size_t *data_size, void **state) {
    (void) version;
    (void) data;
    (void) state;
    const struct ops *ops = cls;
    const struct str path = str_from_c(url);
    const struct str verb = str_from_c(method);
    if (*data_size > 0 || !(str_eq(verb, STR("GET")) || str_eq(verb, STR("HEAD")))) {
        return send_text(connection, 405, "text/plain", STR("GET only\n"));
    }
    AUTO(arena_end) struct arena *arena = arena_new();
    if (str_eq(path, STR("/live"))) {
        return send_text(connection, 200, "application/json", STR("{\"live\":true}\n"));
    }
    if (str_eq(path, STR("/ready"))) {
        return send_ready(ops, connection, arena);
    }
    if (str_eq(path, STR("/metrics"))) {
        return send_text(connection, 200, "text/plain; version=0.0.4; charset=utf-8",
                         ops->settings.metrics(ops->settings.self, arena));
    }
    return send_text(connection, 404, "text/plain", STR("/live, /ready, /metrics\n"));
}

result ops_start(struct scope *scope, const struct ops_settings *settings, struct ops **ret) {
    int listener = -1;
    REQUIRE(scope, is_ok(http_listen(scope, settings->listen, &listener)), UNAVAILABLE,
            "ops.listen");
    struct ops *ops = calloc(1, sizeof *ops);
    if (ops == NULL) {
        abort();
    }
    ops->settings = *settings;
    ops->daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, answer, ops,
                                   MHD_OPTION_LISTEN_SOCKET, listener, /* owned by the parser now */
                                   MHD_OPTION_CONNECTION_LIMIT, 64U,   /* */
                                   MHD_OPTION_CONNECTION_TIMEOUT, 10U, MHD_OPTION_END);
    if (ops->daemon == NULL) {
        (void) close(listener);
        free(ops);
        return FAIL(scope, UNAVAILABLE, "ops.listen");
    }
    *ret = ops;
    return OK_RESULT;
}

void ops_stop(struct ops **ops) {
    if (*ops != NULL) {
        MHD_stop_daemon((*ops)->daemon);
        free(*ops);
        *ops = NULL;
    }
}
