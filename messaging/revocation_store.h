#pragma once
/* How the kinds are called in the database. */

#include "messaging/revocation.h"

const char *revocation_kind_name(enum revocation_kind kind);
/* INTERNAL "revocation.kind". */
RESULT revocation_kind_parse(struct scope *scope, struct str text, enum revocation_kind *ret);
