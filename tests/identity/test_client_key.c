/* Our own keys for private_key_jwt, and what a provider says about a person. */

#include "identity/oidc/client_key.h"

#include "base/base64url.h"
#include "identity/oidc/oidc_person.h"
#include "tests/support/fixture.h"

static const struct oidc_settings SETTINGS = {.issuer = STR_INIT("https://op.example"),
                                              .client_id = STR_INIT("gatehouse")};

static const struct json *part_of(struct fixture *f, struct str token, int number) {
    struct str part = STR("");
    struct str rest = token;
    for (int i = 0; i <= number; i++) {
        rest = str_split(rest, '.', &part);
    }
    struct str bytes;
    const struct json *json = NULL;
    assert_ok(base64url_decode(&f->scope, part, &bytes));
    assert_ok(json_read(&f->scope, bytes, &json));
    return json;
}

static void an_assertion_is_for_one_provider_and_one_minute(void **state) {
    struct fixture *f = *state;
    struct secret text;
    struct client_keys keys;
    struct str first;
    struct str second;
    assert_ok(client_keys_rotate(&f->scope, JOSE_ES256, (struct secret){STR("")}, &text));
    assert_ok(client_keys_read(&f->scope, text, &keys));
    assert_int_equal(keys.count, 1);
    assert_ok(client_assertion(&f->scope, &keys, &SETTINGS, &first));
    assert_ok(client_assertion(&f->scope, &keys, &SETTINGS, &second));
    const struct json *header = part_of(f, first, 0);
    const struct json *claims = part_of(f, first, 1);
    assert_str(json_as_string(json_get(header, STR("alg"))), "ES256");
    assert_true(str_eq(json_as_string(json_get(header, STR("kid"))), keys.keys[0].jwk.kid));
    /* one string, the issuer: an array or the endpoint could be valid elsewhere, too */
    assert_true(json_is_string(json_get(claims, STR("aud"))));
    assert_str(json_as_string(json_get(claims, STR("aud"))), "https://op.example");
    assert_str(json_as_string(json_get(claims, STR("iss"))), "gatehouse");
    assert_str(json_as_string(json_get(claims, STR("sub"))), "gatehouse");
    assert_int_equal(json_as_integer(json_get(claims, STR("exp"))) -
                         json_as_integer(json_get(claims, STR("iat"))),
                     60);
    assert_false(str_eq(json_as_string(json_get(claims, STR("jti"))),
                        json_as_string(json_get(part_of(f, second, 1), STR("jti")))));
}

static void what_is_not_ours_is_no_key(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {"ES256", "ES256 !!", "HS256 AAAA", "ES256 AAAA",
                                          "a\nb\nc"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        struct client_keys keys;
        assert_failed(client_keys_read(&f->scope, (struct secret){str_from_c(REFUSED[i])}, &keys),
                      &f->scope, INTERNAL, "oidc.client_key");
    }
    const struct client_keys none = {.count = 0};
    struct str assertion;
    assert_failed(client_assertion(&f->scope, &none, &SETTINGS, &assertion), &f->scope, INTERNAL,
                  "oidc.client_key");
}

static struct oidc_person person(struct fixture *f, const char *claims) {
    const struct json *json = NULL;
    assert_ok(json_read(&f->scope, str_from_c(claims), &json));
    return oidc_person_read(json, STR("department_id"));
}

static void only_text_is_taken_and_only_true_is_verified(void **state) {
    struct fixture *f = *state;
    const struct oidc_person good =
        person(f, "{\"name\":\" Alice \",\"email\":\"a@b.test\",\"email_verified\":true,"
                  "\"department_id\":\"d-7\"}");
    assert_str(good.name, "Alice");
    assert_true(good.is_email_verified);
    assert_str(good.match_value, "d-7");
    const struct oidc_person odd =
        person(f, "{\"name\":7,\"email\":\"a@b.test\",\"email_verified\":\"true\","
                  "\"preferred_username\":\"a\\u0001b\",\"department_id\":[\"d-7\"]}");
    assert_str(odd.name, "");
    assert_str(odd.preferred_username, "");
    assert_false(odd.is_email_verified);
    assert_str(odd.match_value, "");
}

static void an_address_never_takes_the_other_sources_word(void **state) {
    struct fixture *f = *state;
    const struct oidc_person token = person(f, "{\"email\":\"victim@b.test\"}");
    const struct oidc_person userinfo =
        person(f, "{\"email\":\"own@b.test\",\"email_verified\":true,\"name\":\"N\"}");
    const struct oidc_person both = oidc_person_merge(&token, &userinfo);
    assert_str(both.email, "victim@b.test");
    assert_false(both.is_email_verified);
    assert_str(both.name, "N");
    const struct oidc_person empty = person(f, "{}");
    assert_true(oidc_person_merge(&empty, &userinfo).is_email_verified);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(an_assertion_is_for_one_provider_and_one_minute),
        SENTENCE(what_is_not_ours_is_no_key),
        SENTENCE(only_text_is_taken_and_only_true_is_verified),
        SENTENCE(an_address_never_takes_the_other_sources_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
