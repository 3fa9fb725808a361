#include "identity/oidc/oidc_person.h"

#include "base/json.h"

enum { CLAIM_MAX = 512 };

/* Text that people see must be text: anything else is treated as not said. */
static struct str claim(const struct json *claims, struct str name) {
    const struct str text = json_as_string(json_get(claims, name));
    const bool is_fine = text.len <= CLAIM_MAX && !str_has_control(text);
    return is_fine ? str_trim_blanks(text) : STR("");
}

struct oidc_person oidc_person_read(const struct json *claims, struct str match_claim) {
    return (struct oidc_person){
        .name = claim(claims, STR("name")),
        .preferred_username = claim(claims, STR("preferred_username")),
        .email = claim(claims, STR("email")),
        .is_email_verified = json_as_boolean(json_get(claims, STR("email_verified"))),
        .match_value = match_claim.len == 0 ? STR("") : claim(claims, match_claim),
    };
}

static struct str first_of(struct str first, struct str second) {
    return first.len > 0 ? first : second;
}

struct oidc_person oidc_person_merge(const struct oidc_person *first,
                                     const struct oidc_person *second) {
    return (struct oidc_person){
        .name = first_of(first->name, second->name),
        .preferred_username = first_of(first->preferred_username, second->preferred_username),
        .email = first_of(first->email, second->email),
        .is_email_verified =
            first->email.len > 0 ? first->is_email_verified : second->is_email_verified,
        .match_value = first_of(first->match_value, second->match_value),
    };
}
