#pragma once
/* What bench_saml measures; one line of JSON each on standard output. */

int saml_acs_run(char **args);      /* SECONDS ROUNDS */
int saml_redirect_run(char **args); /* PORT PATH CONNECTIONS MILLISECONDS PID */
int saml_sign_in_run(char **args);  /* ISSUER; orders on standard input */
