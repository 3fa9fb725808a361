#include "gateway/command_serve.h"

#include "base/clock.h"
#include "base/jail.h"
#include "gateway/data_dir.h"
#include "gateway/serve.h"

static struct smtp_settings smtp_of(const struct settings *settings) {
    return (struct smtp_settings){
        .url = settings->smtp_url,
        .from = settings->smtp_from,
        .user = settings->smtp_user,
        .password = settings->smtp_password,
        .ca_pem = settings->smtp_ca_pem,
        .is_plain_allowed = settings->smtp_allow_plain,
    };
}

static struct serve_settings serve_of(const struct settings *settings, struct secret key) {
    return (struct serve_settings){
        .database = {.url = settings->database_url,
                     .statement_timeout_us = MS_TO_US(settings->database_statement_timeout_ms),
                     .connect_timeout_us = MS_TO_US(settings->database_connect_timeout_ms)},
        .is_auto_migrating = settings->database_auto_migrate,
        .listen = settings->http_listen,
        .ops_listen = settings->ops_listen,
        .public_url = settings->http_public_url,
        .source_url = settings->http_source_url,
        .shards = (unsigned) settings->http_shards,
        .database_workers = (unsigned) settings->database_workers,
        .outbound_workers = (unsigned) settings->outbound_workers,
        .jail_program = JAIL_OWN_PROGRAM,
        .jail_children = (unsigned) settings->saml_jail_children,
        .jail_build_children = (unsigned) settings->saml_jail_build_children,
        .jail_messages = (unsigned) settings->saml_jail_messages,
        .bound_us = MS_TO_US(settings->revocation_bound_ms),
        .has_dead_man = settings->revocation_dead_man,
        .session_idle_us = S_TO_US(settings->session_idle_minutes * 60),
        .session_absolute_us = S_TO_US(settings->session_absolute_hours * 3600),
        .sessions_per_person = settings->session_max_per_person,
        .token_grace_us = S_TO_US(settings->token_leaver_grace_days * 24 * 3600),
        .is_signup_open = settings->signup_open,
        .max_connections = (size_t) settings->http_max_connections,
        .max_connections_per_address = (size_t) settings->http_max_connections_per_address,
        .header_timeout_us = MS_TO_US(settings->http_header_timeout_ms),
        .request_timeout_us = MS_TO_US(settings->http_request_timeout_ms),
        .max_sockets_per_user = (unsigned) settings->live_max_per_user,
        .outbound_timeout_us = MS_TO_US(settings->outbound_timeout_ms),
        .dns_server = settings->outbound_dns_server,
        .outbound_allowed = settings->outbound_allow_addresses,
        .trusted_proxies = settings->http_trusted_proxies,
        .seal_key = key,
        .smtp = smtp_of(settings),
    };
}

int command_serve(struct command_call *call) {
    struct secret key;
    const bool is_embedded = str_has_prefix(call->settings->database_url, STR("sqlite:"));
    if (is_embedded && !is_ok(data_dir_make(call->scope, call->settings->data_dir))) {
        return command_failed(call, "the data folder cannot be made or written");
    }
    if (!is_ok(data_dir_key(call->scope, call->settings, &key))) {
        return command_failed(call, "secret.key in the data folder cannot be used");
    }
    const struct serve_settings settings = serve_of(call->settings, key);
    if (!is_ok(gateway_serve(call->scope, &settings))) {
        return command_failed(call, "the server could not be started");
    }
    return COMMAND_DONE;
}
