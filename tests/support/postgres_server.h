#pragma once
/* One PostgreSQL server per test program: TEST_POSTGRES_URL, or a private one that ends with the
 * program. */

#include <stdbool.h>

/* The URL of a superuser; NULL when there is no server to be had. Starts it at the first call. */
const char *postgres_server_url(void);
void postgres_server_stop(void);
/* An empty schema; *ret_url leads into it. False: no server. */
bool postgres_schema_new(char *ret_name, unsigned long name_size, char *ret_url,
                         unsigned long url_size);
void postgres_schema_drop(const char *name);
