#pragma once
/* The seams to the outside world. Production versions live in base; tests pass their own. */

struct clock;
struct random;
struct http_client;
struct mailer;
struct bus;
struct dns;
struct log;

struct env {
    const struct clock *clock;
    const struct random *random;
    struct http_client *http; /* NULL where a program makes no outbound calls */
    struct mailer *mail;
    struct bus *bus;
    struct dns *dns; /* NULL where no domain is proved */
    struct log *log; /* NULL: nothing is logged */
};
