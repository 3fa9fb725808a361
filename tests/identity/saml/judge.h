#pragma once
/* Runs the attack list through one of the two doors: in-process, or the jail. */

#include "tests/identity/saml/lab.h"

struct judge {
    void *context;
    result (*response)(void *context, struct lab *lab, struct str bytes, struct saml_response *ret);
    result (*logout)(void *context, struct lab *lab, struct str bytes, struct saml_logout *ret);
    result (*metadata)(void *context, struct lab *lab, struct str bytes, struct saml_idp *ret);
    bool is_counted; /* the work is done in this process: its CPU time is measured */
};

/* One test for each case, named "class: case". */
int judge_all(const struct judge *judge);
