/* The labels of SAML messages say what the reasons say. */

#include "gateway/metric_saml.h"
#include "tests/support/fixture.h"

static void every_label_names_its_kind_and_reason(void **state) {
    (void) state;
    static const char *const KINDS[] = {"response", "logout_request", "logout_response"};
    for (int kind = 0; kind < SAML_MESSAGE_KINDS; kind++) {
        for (int reason = 0; reason <= SAML_REASON_COUNT; reason++) {
            const struct str label = str_from_c(SAML_MESSAGE_LABELS[saml_message_label(
                (enum saml_message_kind) kind, (enum saml_reason) reason)]);
            const char *wanted = reason == SAML_FINE ? "accepted"
                                 : reason == SAML_REASON_COUNT
                                     ? "other"
                                     : saml_reason_text((enum saml_reason) reason);
            struct str name;
            const struct str end = str_split(label, ',', &name);
            assert_str(name, KINDS[kind]);
            assert_str(end, wanted);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {SENTENCE(every_label_names_its_kind_and_reason)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
