#pragma once
/* Mail over SMTP through a relay, with STARTTLS or implicit TLS and AUTH. Blocks: outbound workers.
 */

#include <stdint.h>

#include "base/result.h"
#include "base/secret.h"

struct mail {
    struct str to;      /* one address */
    struct str subject; /* UTF-8, encoded by the sender */
    struct str text;    /* UTF-8 plain text */
};

struct mailer {
    /* UNAVAILABLE "mail.unreachable", "mail.deferred"; INVALID "mail.refused", "mail.address". */
    result (*send)(struct mailer *mailer, struct scope *scope, const struct mail *mail);
};

struct smtp_settings {
    struct str
        url; /* smtp://host:25 (STARTTLS demanded unless plain is allowed), smtps://host:465 */
    struct str from;
    struct str user;
    struct secret password;
    struct str ca_pem;
    bool is_plain_allowed; /* relay on loopback without TLS */
};

/* Goes as far as a mail would go before its addresses: connection, TLS, sign-in. Reasons as above.
 */
RESULT smtp_probe(struct mailer *mailer, struct scope *scope);
/* Copies the settings. */
struct mailer *smtp_mailer_new(const struct smtp_settings *settings);
void smtp_mailer_free(struct mailer **mailer);
