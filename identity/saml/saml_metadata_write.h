#pragma once
/* Metadata that we write, through a serialiser: of our own side, which is published and which lasso
 * gets, and of a provider, for lasso alone. Fields in, text out; nothing here is stored. */

#include "identity/saml/saml_jail.h"

enum { SAML_OWN_KEYS_MAX = 2 }; /* of each use: one in use, one coming or going */

struct saml_service { /* our side */
    struct str entity_id, acs_url, slo_url;
    size_t signing_count, encryption_count;   /* at least one signing certificate */
    struct str signing[SAML_OWN_KEYS_MAX];    /* DER, the one in use first */
    struct str encryption[SAML_OWN_KEYS_MAX]; /* none: assertions come unencrypted */
    struct str name_id_format;                /* empty: none is named */
    bool signs_requests, wants_assertions_signed;
    bool opens_cbc; /* AES-CBC is named beside AES-GCM */
};

/* INTERNAL "saml.build" when a field is no clean text. */
RESULT saml_metadata_write_service(struct scope *scope, const struct saml_service *service,
                                   struct str *ret);
/* The provider as lasso sees it: its name and where to send, no key to trust. */
RESULT saml_metadata_write_provider(struct scope *scope, const struct saml_party *party,
                                    struct str *ret);
