#pragma once
/* Settings of a connection as text: what is stored and what the API shows. */

#include "identity/connection.h"

/* The members inside an open object; nothing secret is among them. */
void connection_write_settings(struct json_out *out, const struct connection *connection);
struct str connection_config_write(struct scope *scope, const struct connection *connection);
/* Fills what the text holds: INTERNAL "connection.row" when it is not ours. */
RESULT connection_config_read(struct scope *scope, struct str config,
                              struct connection *connection);
