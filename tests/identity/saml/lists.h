#pragma once
/* The lists, for the files that fill them. */

#include "tests/identity/saml/lab.h"

#define ACCEPT(name, build)                                                                        \
    { (name), "", (build), NULL, NULL }
#define REFUSE(name, reason, build)                                                                \
    { (name), "saml." reason, (build), NULL, NULL }
#define EDITED(name, from, to)                                                                     \
    { (name), "", NULL, (from), (to) }
#define BROKEN(name, reason, from, to)                                                             \
    { (name), "saml." reason, NULL, (from), (to) }

#define CONFIRMATION "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"
#define SECOND_CONFIRMATION                                                                        \
    CONFIRMATION "<saml:SubjectConfirmationData InResponseTo=\"_request-1\""                       \
                 " NotOnOrAfter=\"2026-01-02T03:09:05Z\""                                          \
                 " Recipient=\"https://other.example/acs\"/></saml:SubjectConfirmation>"

extern const struct saml_class CASES_ACCEPT, CASES_ACCEPT_SAYING, CASES_ACCEPT_ENCRYPTED;
extern const struct saml_class CASES_WRAPPING, CASES_ID, CASES_EXCLUSION, CASES_POLICY;
extern const struct saml_class CASES_ALGORITHM, CASES_SIGNED_INFO, CASES_VOID_C14N, CASES_TRANSFORM;
extern const struct saml_class CASES_TRUNCATION, CASES_PARSER, CASES_TYPE;
extern const struct saml_class CASES_DECRYPT, CASES_ORACLE, CASES_REMOTE, CASES_VOLUME;
extern const struct saml_class CASES_TIME, CASES_AUDIENCE, CASES_DESTINATION,
    CASES_DESTINATION_SIGNED;
extern const struct saml_class CASES_CONFIRMATION, CASES_IN_RESPONSE_TO, CASES_REST, CASES_WANT;
extern const struct saml_class CASES_TENANT;
extern const struct saml_class CASES_LOGOUT_ACCEPT, CASES_LOGOUT, CASES_LOGOUT_WANT, CASES_QUERY;
extern const struct saml_class CASES_METADATA_ACCEPT, CASES_METADATA;
