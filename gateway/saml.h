#pragma once
/* The jail of the server: made from its settings, counted in its metrics. */

#include "base/metrics.h"
#include "identity/saml/saml_jail_life.h"
#include "identity/saml/saml_meter.h"
#include "identity/saml/saml_provider.h"

struct app;
struct serve_settings;

struct gateway_saml {
    struct saml_jail *jail; /* NULL: the settings name no program for it */
    struct saml_reader reader;
    struct saml_meter meter;
    struct metrics *metrics;
};

/* From the settings, environment and metrics of `app`; its identity gets the jail. `saml` stays
 * where it is. */
RESULT gateway_saml_start(struct scope *scope, struct app *app, struct gateway_saml *saml);
/* How many workers wait for the jail: one for each child, and a few. */
unsigned gateway_saml_workers(const struct serve_settings *settings);
/* Behind the last worker. */
void gateway_saml_stop(struct gateway_saml *saml);
/* The gauges, as they are now. */
void gateway_saml_measure(struct gateway_saml *saml);
