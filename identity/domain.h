#pragma once
/* Domains of e-mail addresses that an organisation has proved (DNS TXT). Only a proved domain
 * routes sign-ins and makes an e-mail address worth matching on. One organisation at a time can
 * have proved a domain. */

#include "messaging/call.h"

enum { DOMAINS_PER_ORG = 100 };

struct domain {
    struct str org_id, name;  /* lower case ASCII */
    struct str connection_id; /* where its people sign in; empty: the organisation's only one */
    struct str challenge;     /* what the TXT record says */
    int64_t verified_us, created_us; /* verified_us 0: not proved */
};

struct domain_list {
    size_t count;
    struct domain *domains;
};

/* A host name with at least two labels, lower-cased: INVALID "domain.name". */
RESULT domain_name_check(struct scope *scope, struct str text, struct str *ret);
/* "_gatehouse-challenge.example.com" */
struct str domain_record_name(struct scope *scope, struct str domain);

struct actor;

/* Whoever changes domains is guarded (revocation.md rule 4): UNAUTHENTICATED "user.gone".
 * CONFLICT "domain.exists", "domain.limit". */
RESULT domain_add(struct scope *scope, struct db *db, const struct actor *actor,
                  struct str request_id, struct str name, struct domain *ret);
/* NOT_FOUND "domain.unknown". */
RESULT domain_find(struct scope *scope, struct db *db, struct str org_id, struct str name,
                   struct domain *ret);
RESULT domain_list_all(struct scope *scope, struct db *db, struct str org_id,
                       struct domain_list *ret);
/* Looks the challenge up; `*ret` says whether it was there. CONFLICT "domain.taken" when another
 * organisation has proved it; UNAVAILABLE "dns.failed". */
RESULT domain_prove(struct scope *scope, struct db *db, const struct actor *actor,
                    struct str request_id, struct str name, struct domain *ret);
RESULT domain_remove(struct scope *scope, struct db *db, const struct actor *actor,
                     struct str request_id, struct str name);
/* True only when this organisation has proved it. Exact match, never a suffix. */
RESULT domain_is_proved(struct scope *scope, struct db *db, struct str org_id, struct str name,
                        bool *ret);
/* For connections: the domain (added if new, not proved by that) signs in there. */
RESULT domain_claim(struct scope *scope, struct tx *tx, struct str org_id, struct str name,
                    struct str connection_id);
RESULT domain_release(struct scope *scope, struct tx *tx, struct str org_id,
                      struct str connection_id);
/* Which organisation has proved it: NOT_FOUND "domain.unknown". */
RESULT domain_find_proved(struct scope *scope, struct db *db, struct str name, struct domain *ret);
