#pragma once
/* What can be configured, as one table; everything else about settings follows from it: reading
 * them (file, then environment, then command line), checking, printing, docs/settings.md. Loaded
 * once; immutable afterwards. */

#include "base/address.h"
#include "base/secret.h"

enum setting_type {
    SETTING_TEXT,
    SETTING_NUMBER,   /* min to max */
    SETTING_BOOLEAN,  /* true or false */
    SETTING_CHOICE,   /* one of the words in `choices` */
    SETTING_LISTEN,   /* ADDRESS:PORT, [IPv6]:PORT */
    SETTING_DATABASE, /* sqlite:PATH or postgresql://… */
    SETTING_WEB_URL,  /* https://host, or http:// on loopback; no path */
    SETTING_MAIL_URL, /* smtp:// or smtps:// */
    SETTING_MAIL_ADDRESS,
    SETTING_PEM_FILE, /* a path; its content is what is kept */
    SETTING_KEY,      /* base64 of 32 bytes */
    SETTING_RANGES,   /* a list of address ranges */
};

struct setting {
    const char *name; /* "revocation.bound_ms"; GATEHOUSE_REVOCATION_BOUND_MS in the environment */
    enum setting_type type;
    const char *fallback; /* as written in a file; "" is no value */
    int64_t min, max;
    const char *choices; /* "auto|json|human" */
    const char *help;
    size_t at;      /* in struct settings */
    bool is_secret; /* not printed; may be given as NAME_file */
};

enum setting_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_ARGUMENT };

enum { SETTINGS_MAX = 48, SETTINGS_MAX_PROBLEMS = 64 };

struct settings {
    struct str data_dir;
    struct str database_url;
    int64_t database_workers, database_statement_timeout_ms, database_connect_timeout_ms;
    bool database_auto_migrate;
    struct str http_listen, http_public_url, http_source_url;
    int64_t http_shards, http_max_connections, http_max_connections_per_address;
    int64_t http_header_timeout_ms, http_request_timeout_ms;
    struct address_rules http_trusted_proxies;
    struct str ops_listen;
    int64_t revocation_bound_ms;
    bool revocation_dead_man;
    int64_t session_idle_minutes, session_absolute_hours, session_max_per_person;
    int64_t token_leaver_grace_days;
    bool signup_open;
    struct address_rules outbound_allow_addresses;
    struct str outbound_dns_server;
    int64_t outbound_workers, outbound_timeout_ms;
    int64_t saml_jail_children, saml_jail_build_children, saml_jail_messages;
    int64_t live_max_per_user;
    struct str smtp_url, smtp_from, smtp_user, smtp_ca_pem;
    struct secret smtp_password;
    bool smtp_allow_plain;
    struct str log_level, log_format;
    struct secret secrets_key; /* empty: kept in data_dir/secret.key */

    /* as given, by row of the table: for printing */
    struct str texts[SETTINGS_MAX];
    enum setting_origin origins[SETTINGS_MAX];
};

struct settings_argument {
    struct str name, value; /* of --set name=value, or what a flag stands for */
};

struct settings_input {
    const char *file;                          /* NULL: none */
    const char *const *environment;            /* environ; NULL: none */
    const struct settings_argument *arguments; /* in order, the last one wins */
    size_t argument_count;
};

struct settings_problem {
    struct str where; /* "gatehouse.yaml:12", "the environment", "the command line"; may be empty */
    struct str key;   /* may be empty */
    struct str what;  /* "must be a number from 1 to 64" */
};

struct settings_report {
    size_t count;
    struct settings_problem problems[SETTINGS_MAX_PROBLEMS];
};

const struct setting *settings_table(size_t *ret_count);
/* INVALID "settings.invalid": the report names every problem. */
RESULT settings_load(struct scope *scope, const struct settings_input *input,
                     struct settings_report *report, struct settings *ret);
