#include "gateway/settings.h"

#include <assert.h>

/* name, type, default, min, max, help, field */
#define NUMBER(name_, fallback_, min_, max_, field_, help_)                                        \
    {                                                                                              \
        name_, SETTING_NUMBER, fallback_, min_, max_, NULL, help_,                                 \
            offsetof(struct settings, field_), false                                               \
    }
#define PLAIN(name_, type_, fallback_, field_, help_)                                              \
    { name_, type_, fallback_, 0, 0, NULL, help_, offsetof(struct settings, field_), false }
#define CHOICE(name_, fallback_, choices_, field_, help_)                                          \
    {                                                                                              \
        name_, SETTING_CHOICE, fallback_, 0, 0, choices_, help_,                                   \
            offsetof(struct settings, field_), false                                               \
    }
#define SECRET(name_, type_, field_, help_)                                                        \
    { name_, type_, "", 0, 0, NULL, help_, offsetof(struct settings, field_), true }

static const struct setting TABLE[] = {
    PLAIN("data_dir", SETTING_TEXT, "./data", data_dir,
          "Folder of the embedded database and of `secret.key`. Made when it is missing."),

    SECRET(
        "database.url", SETTING_DATABASE, database_url,
        "`sqlite:PATH` (embedded, one server) or `postgresql://USER:PASSWORD@HOST/NAME`. Without "
        "a value: `sqlite:` and `gatehouse.db` in the data folder."),
    NUMBER(
        "database.workers", "16", 1, 64, database_workers,
        "Threads that talk to the database, each with a connection of its own; two more are kept "
        "for revocations."),
    PLAIN("database.auto_migrate", SETTING_BOOLEAN, "true", database_auto_migrate,
          "Bring the schema up to date at the start; otherwise `gatehouse migrate` does it and the "
          "server refuses an older schema."),
    NUMBER("database.statement_timeout_ms", "5000", 100, 600000, database_statement_timeout_ms,
           "Milliseconds after which a statement is given up."),
    NUMBER("database.connect_timeout_ms", "3000", 100, 60000, database_connect_timeout_ms,
           "Milliseconds after which an attempt to connect is given up."),

    PLAIN("http.listen", SETTING_LISTEN, "127.0.0.1:8080", http_listen,
          "Address and port of people and machines. A proxy in front of it speaks TLS."),
    PLAIN("http.public_url", SETTING_WEB_URL, "", http_public_url,
          "How browsers and identity providers reach this server. Scheme and host of every link "
          "come from here, never from a request. Needed unless `http.listen` is a loopback "
          "address."),
    PLAIN("http.source_url", SETTING_TEXT, "", http_source_url,
          "Where people get the source of this very program: whoever offers a changed one over a "
          "network owes it to them (AGPL-3.0, section 13). Shown at the foot of every page."),
    NUMBER("http.shards", "0", 0, 64, http_shards,
           "Event loops, each with a thread of its own; 0 is one per core."),
    PLAIN("http.trusted_proxies", SETTING_RANGES, "", http_trusted_proxies,
          "Only from these addresses a forwarded client address is believed."),
    NUMBER("http.max_connections", "60000", 16, 1000000, http_max_connections,
           "Open connections at most, live ones included; never more than the limit of open files "
           "allows."),
    NUMBER("http.max_connections_per_address", "1024", 1, 1000000, http_max_connections_per_address,
           "Open connections of one client address at most."),
    NUMBER("http.header_timeout_ms", "10000", 100, 600000, http_header_timeout_ms,
           "Milliseconds in which a request's headers must have arrived."),
    NUMBER("http.request_timeout_ms", "30000", 1000, 600000, http_request_timeout_ms,
           "Milliseconds in which a whole request must have arrived."),

    PLAIN("ops.listen", SETTING_LISTEN, "127.0.0.1:8081", ops_listen,
          "Address and port of `/live`, `/ready` and `/metrics`."),

    NUMBER("revocation.bound_ms", "2000", 200, 60000, revocation_bound_ms,
           "The promise: milliseconds after which no revoked credential works on any node, even if "
           "a node is cut off."),
    PLAIN("revocation.dead_man", SETTING_BOOLEAN, "true", revocation_dead_man,
          "Kill the process when it stalls so long that it could not keep the promise."),

    NUMBER("session.idle_minutes", "720", 1, 43200, session_idle_minutes,
           "Minutes without use after which a sign-in ends."),
    NUMBER("session.absolute_hours", "168", 1, 8760, session_absolute_hours,
           "Hours after which a sign-in ends in any case."),

    NUMBER("session.max_per_person", "20", 0, 1000, session_max_per_person,
           "Sign-ins of one person at a time; a further one ends the oldest. 0 is no limit."),

    NUMBER("token.leaver_grace_days", "14", 0, 365, token_leaver_grace_days,
           "Days after which a provisioning token ends whose maker has left: they may know it."),

    PLAIN("signup.open", SETTING_BOOLEAN, "false", signup_open,
          "Whether anybody may make an organisation; otherwise `gatehouse org create` does."),

    PLAIN("outbound.allow_addresses", SETTING_RANGES, "", outbound_allow_addresses,
          "Private addresses that outbound calls may use, for identity providers on the own "
          "premises: `10.1.0.0/16`, with ports `10.1.0.0/16 443 8443`. All others are refused."),
    PLAIN("outbound.dns_server", SETTING_LISTEN, "", outbound_dns_server,
          "Name server, by its IPv4 address, that is asked for the proof of a domain; without a "
          "value those of the system."),
    NUMBER("outbound.workers", "4", 1, 32, outbound_workers,
           "Threads that talk to identity providers and to the mail relay."),
    NUMBER("outbound.timeout_ms", "5000", 100, 60000, outbound_timeout_ms,
           "Milliseconds after which an outbound call is given up."),

    NUMBER("saml.jail_children", "0", 0, 64, saml_jail_children,
           "Closed-in processes that read SAML messages; 0 is one per core, two at least. One "
           "connection gets at most half of them."),
    NUMBER("saml.jail_build_children", "2", 1, 64, saml_jail_build_children,
           "Closed-in processes that make SAML messages."),
    NUMBER("saml.jail_messages", "1000", 1, 1000000, saml_jail_messages,
           "After so many messages a closed-in process is replaced; 1 is a fresh one for each "
           "message, at a fifth to two fifths of the speed."),

    NUMBER("live.max_per_user", "16", 1, 1024, live_max_per_user,
           "Live connections of one person at most, on each shard."),

    PLAIN("smtp.url", SETTING_MAIL_URL, "", smtp_url,
          "Mail relay: `smtp://HOST:PORT` (with STARTTLS) or `smtps://HOST:PORT`. Without a value "
          "no mail is sent."),
    PLAIN("smtp.from", SETTING_MAIL_ADDRESS, "", smtp_from, "Sender of all mail."),
    PLAIN("smtp.user", SETTING_TEXT, "", smtp_user, "Name for the sign-in at the relay."),
    SECRET("smtp.password", SETTING_TEXT, smtp_password, "Password for the sign-in at the relay."),
    PLAIN("smtp.ca_file", SETTING_PEM_FILE, "", smtp_ca_pem,
          "File with the authorities that may vouch for the relay, instead of the system's."),
    PLAIN("smtp.allow_plain", SETTING_BOOLEAN, "false", smtp_allow_plain,
          "Send without TLS: for a relay on the same host only."),

    CHOICE("log.level", "info", "debug|info|warning|error", log_level,
           "Least level that is logged."),
    CHOICE("log.format", "auto", "auto|json|human", log_format,
           "`auto` writes for people on a terminal and JSON lines elsewhere."),

    SECRET("secrets.key", SETTING_KEY, secrets_key,
           "Base64 of the 32 bytes that seal secrets in the database. Without a value the embedded "
           "server makes `secret.key` in the data folder; with PostgreSQL it must be given, the "
           "same to every node."),
};

static_assert(sizeof TABLE / sizeof TABLE[0] <= SETTINGS_MAX, "texts and origins have room");

const struct setting *settings_table(size_t *ret_count) {
    *ret_count = sizeof TABLE / sizeof TABLE[0];
    return TABLE;
}
