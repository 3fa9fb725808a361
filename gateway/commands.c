#include "gateway/command.h"
#include "gateway/command_database.h"
#include "gateway/command_doctor.h"
#include "gateway/command_org.h"
#include "gateway/command_serve.h"
#include "gateway/command_settings.h"
#include "gateway/command_version.h"

#define NO_MORE                                                                                    \
    { NULL, NULL, NULL, NULL }

static const struct command_option NONE[] = {NO_MORE};

static const struct command_option SERVE[] = {
    {"--listen", "ADDRESS:PORT", "http.listen", "where people and machines connect"},
    {"--ops-listen", "ADDRESS:PORT", "ops.listen", "where /live, /ready and /metrics are"},
    {"--public-url", "URL", "http.public_url", "how browsers reach this server"},
    NO_MORE,
};

static const struct command_option PRINT[] = {
    {"--markdown", NULL, NULL, "print docs/settings.md: the table alone"},
    NO_MORE,
};

static const struct command_option MIGRATE[] = {
    {"--check", NULL, NULL, "change nothing; fail if something is missing"},
    NO_MORE,
};

static const struct command_option ORG_CREATE[] = {
    {"--name", "NAME", NULL, "what people call it"},
    {"--slug", "SLUG", NULL, "its part of addresses: a-z, 0-9 and -"},
    {"--creator-email", "EMAIL", NULL, "who owns it; also the name to sign in with"},
    {"--creator-name", "NAME", NULL, "shown name of the creator"},
    {"--password-file", "FILE", NULL, "first line: the creator's password; else it is asked"},
    {"--invite", NULL, NULL, "mail the creator a link to set the password (needs smtp.url)"},
    {"--accept-dpa", "VERSION", NULL, "record the data processing agreement as accepted"},
    {"--dpa-signer", "NAME", NULL, "who accepted it"},
    {"--dpa-legal-name", "NAME", NULL, "for which legal entity"},
    NO_MORE,
};

static const struct command_option OF_ORG[] = {
    {"--org", "SLUG", NULL, "the organisation"},
    NO_MORE,
};

static const struct command_option TOKEN_CREATE[] = {
    {"--org", "SLUG", NULL, "the organisation"},
    {"--kind", "KIND", NULL, "scim (for a directory) or admin (for scripts)"},
    {"--name", "NAME", NULL, "what it is for"},
    {"--scope", "SCOPES", NULL, "refused: a token has every right of its kind"},
    {"--connection", "ID", NULL, "scim: an existing source; otherwise a new one is made"},
    {"--expires", "DURATION", NULL, "90d unless given"},
    NO_MORE,
};

static const struct command_option KEY_PUBLISH[] = {
    {"--org", "SLUG", NULL, "the organisation"},
    {"--use", "USE", NULL, "signing (unless given) or encryption"},
    NO_MORE,
};

static const struct command_option USER_STATE[] = {
    {"--org", "SLUG", NULL, "the organisation"},
    {"--reason", "TEXT", NULL, "kept in the audit trail"},
    NO_MORE,
};

static const struct command TABLE[] = {
    {"serve", "", 0, "Run the server until SIGTERM.",
     "Requests under way are answered and live connections are told to come back.", SERVE, false,
     true, command_serve},
    {"check-config", "", 0, "Check the settings and report every mistake.", "", NONE, false, true,
     command_check_config},
    {"print-settings", "", 0, "Print the settings in force and where they come from.",
     "Secrets are shown as (set); credentials in the database's address are left out.", PRINT, true,
     true, command_print_settings},
    {"migrate", "", 0, "Bring the database's schema up to date.", "", MIGRATE, false, true,
     command_migrate},
    {"doctor", "", 0, "Look at everything the server needs and say what to do.",
     "Settings, limits, clock, database, key, mail relay and identity providers. Exit code 1 when "
     "something failed.",
     NONE, true, true, command_doctor},
    {"org create", "", 0, "Make an organisation and its creator.",
     "Without --password-file the password is asked on the terminal; it is never taken from the "
     "command line.",
     ORG_CREATE, true, true, command_org_create},
    {"org list", "", 0, "List all organisations.", "", NONE, true, true, command_org_list},
    {"org show", "SLUG", 1, "Show one organisation.", "", NONE, true, true, command_org_show},
    {"token create", "", 0, "Make an API token and print its secret once.",
     "An admin token acts for the organisation's first creator.", TOKEN_CREATE, true, true,
     command_token_create},
    {"token list", "", 0, "List an organisation's tokens, without their secrets.", "", OF_ORG, true,
     true, command_token_list},
    {"token revoke", "ID", 1, "End a token on every running server.", "", OF_ORG, false, true,
     command_token_revoke},
    {"key list", "CONNECTION", 1, "List our own keys of a SAML connection.", "", OF_ORG, true, true,
     command_key_list},
    {"key publish", "CONNECTION", 1, "Make the next key and publish it in our metadata.",
     "It is not used before the switch, so that the provider can learn it first.", KEY_PUBLISH,
     true, true, command_key_publish},
    {"key switch", "CONNECTION KEY", 2, "Use a published key from now on.",
     "The key before stays published until it is dropped; switching back to it undoes this.",
     OF_ORG, true, true, command_key_switch},
    {"key drop", "CONNECTION KEY", 2, "Drop a key that is not in use.", "", OF_ORG, false, true,
     command_key_drop},
    {"user deactivate", "USER", 1, "Shut a person out everywhere, now.",
     "USER is an id, a user name or an e-mail address. Returns when every running server has "
     "closed the person's connections, or has lost the right to serve.",
     USER_STATE, true, true, command_user_deactivate},
    {"user reactivate", "USER", 1, "Let a person in again.",
     "Lifts every block. No old session or token comes back.", USER_STATE, true, true,
     command_user_reactivate},
    {"version", "", 0, "Print the version of the program and of its libraries.", "", NONE, true,
     false, command_version},
};

const struct command_list COMMANDS = {TABLE, sizeof TABLE / sizeof TABLE[0]};
