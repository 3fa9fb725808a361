#pragma once
/* What the readers of a connection's settings share: common members in connection_input.c, those of
 * a kind in a file each. */

#include "identity/connection.h"

/* The position of the member's text among the names; absent: `now`. -1: none of them. */
int input_choice(const struct json *body, struct str member, const char *const *names, int count,
                 int now);
/* False: no text, too long, or not one line. Absent: `*ret` stays. */
bool input_text(const struct json *body, struct str member, size_t max, struct str *ret);
/* INVALID "connection.member". */
RESULT input_only(struct scope *scope, const struct json *body, const struct str *members,
                  size_t count);
/* PEM text of certificates and no private key; absent or null: `*ret` stays. INVALID
 * "connection.ca_pem". */
RESULT input_certificates(struct scope *scope, const struct json *body, struct str member,
                          struct str *ret);

/* `input->connection` holds what was before, or the defaults of the kind. */
RESULT connection_input_read_oidc(struct scope *scope, const struct json *body,
                                  struct connection_input *input);
/* `is_first`: a POST, which must say where the provider's facts come from. */
RESULT connection_input_read_saml(struct scope *scope, const struct json *body, bool is_first,
                                  struct connection_input *input);
void connection_write_oidc(struct json_out *out, const struct connection *connection);
void connection_write_saml(struct json_out *out, const struct connection *connection);
