#pragma once
/* The server: everything wired together, started in order, stopped in the reverse order. */

#include "base/db.h"
#include "base/http_client.h"
#include "base/mail.h"
#include "base/secret.h"

struct serve_settings {
    struct store_settings database;
    bool is_auto_migrating;
    struct str listen, ops_listen, public_url;
    struct str source_url; /* AGPL section 13; empty: not stated */
    unsigned shards;       /* 0: one per core */
    unsigned database_workers, outbound_workers;
    const char *jail_program; /* base/jail.h; NULL: no jail, and no SAML */
    unsigned jail_children;   /* verify; 0: one per core, two at least */
    unsigned jail_build_children, jail_messages;
    int64_t bound_us; /* revocation bound T */
    bool has_dead_man;
    int64_t session_idle_us, session_absolute_us;
    int64_t sessions_per_person; /* 0: no limit */
    int64_t token_grace_us;
    bool is_signup_open;
    size_t max_connections, max_connections_per_address;
    int64_t header_timeout_us, request_timeout_us;
    unsigned max_sockets_per_user;
    int64_t outbound_timeout_us;
    struct str dns_server; /* ADDRESS:PORT; empty: those of the system */
    struct address_rules outbound_allowed, trusted_proxies;
    struct secret seal_key;    /* 32 bytes */
    struct smtp_settings smtp; /* empty url: no mail */
};

/* Runs until SIGTERM or SIGINT. Every failure to start is one log line with its reason. As PID 1 it
 * forks and the parent only reaps: the dead man cannot kill PID 1 of its namespace. */
RESULT gateway_serve(struct scope *scope, const struct serve_settings *settings);
