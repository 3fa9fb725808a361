/* The provider lies: one row per lie, in the numbering of the list this product is held against.
 * The clock stands at 2026-01-02T03:04:05Z = 1767323045. Linked twice, once per engine of
 * signatures. */

#include "identity/oidc/oidc_http.h"
#include "tests/support/sign_in.h"

static struct fixture key_fixture;
static struct op_keys keys;

static int make_keys(void **state) {
    (void) state;
    fixture_open(&key_fixture);
    keys = op_keys_make(&key_fixture.scope);
    return 0;
}

static int drop_keys(void **state) {
    fixture_close(&key_fixture);
    return on_both_stop(state);
}

struct row {
    const char *reason;
    enum code code;
    struct lie lie;
};

#define NOW_PLUS_HOUR "1767326645"
#define TWO_DAYS_AGO  "1767150245"

/* The library behind the door refuses such a token by itself. */
#ifdef GH_JOSE_OPENSSL
#define ARRAY_REASON "jwt.payload"
#else
#define ARRAY_REASON "jwt.signature"
#endif

/* name, code, reason ("": accepted), the lie */
/* clang-format off */
#define ROWS(X) \
    X(case_01_a_well_behaved_provider, OK, "", .iss = NULL) \
    X(case_02_aud_is_an_array_with_us_alone, OK, "", .aud = "[\"gatehouse\"]") \
    X(case_03_a_correct_at_hash, OK, "", .with_at_hash = true) \
    X(case_04_no_kid_one_key, OK, "", .without_kid = true, .published = BIT(KEY_RSA)) \
    X(case_06_no_kid_several_keys_found_within_three_tries, OK, "", .without_kid = true, .published = BIT(KEY_RSA) | BIT(KEY_RSA_OTHER), .signer = KEY_RSA_OTHER) \
    X(case_07_es256_allowed, OK, "", .signer = KEY_EC) \
    X(case_08_eddsa_allowed, OK, "", .signer = KEY_ED, .with_at_hash = true) \
    X(further_azp_is_ours_beside_another_audience, OK, "", .aud = "[\"gatehouse\",\"other\"]", .azp = "\"gatehouse\"") \
    X(further_rfc_9207_iss_announced_and_right, OK, "", .announces_iss = true, .callback = "*&iss=https%3A%2F%2Fop.example") \
    X(further_userinfo_of_the_same_person, OK, "", .needs_userinfo = true) \
    X(further_userinfo_with_iss_aud_and_exp_of_its_own_which_are_ignored, OK, "", .needs_userinfo = true, .userinfo = "{\"sub\":\"alice\",\"iss\":\"x\",\"aud\":\"y\",\"exp\":1}") \
    X(further_token_type_in_lower_case, OK, "", .token_type = "bearer") \
    X(case_06b_no_kid_the_key_is_not_among_the_first_three, UNAUTHENTICATED, "jwt.signature", .without_kid = true, .published = BIT(KEY_RSA), .signer = KEY_RSA_OTHER) \
    X(case_07b_es256_not_allowed, UNAUTHENTICATED, "jwt.alg", .signer = KEY_EC, .algs = JOSE_BIT(JOSE_RS256)) \
    X(case_08b_eddsa_not_allowed, UNAUTHENTICATED, "jwt.alg", .signer = KEY_ED, .algs = JOSE_BIT(JOSE_RS256)) \
    X(case_09_userinfo_answers_500, UNAVAILABLE, "oidc.status", .needs_userinfo = true, .userinfo_status = 500) \
    X(case_10_another_nonce, UNAUTHENTICATED, "jwt.nonce", .nonce = "\"other\"") \
    X(case_11_no_nonce, UNAUTHENTICATED, "jwt.nonce_missing", .nonce = OMIT) \
    X(case_12_another_issuer, UNAUTHENTICATED, "jwt.issuer", .iss = "\"https://evil.example\"") \
    X(case_13_no_issuer, UNAUTHENTICATED, "jwt.issuer", .iss = OMIT) \
    X(case_14_the_issuer_with_a_slash, UNAUTHENTICATED, "jwt.issuer", .iss = "\"" OP_ISSUER "/\"") \
    X(case_15_another_audience, UNAUTHENTICATED, "jwt.audience", .aud = "\"other\"") \
    X(case_16_no_audience, UNAUTHENTICATED, "jwt.audience", .aud = OMIT) \
    X(case_17_a_second_audience_without_azp, UNAUTHENTICATED, "jwt.azp", .aud = "[\"gatehouse\",\"other\"]") \
    X(case_18_azp_of_another_client, UNAUTHENTICATED, "jwt.azp", .azp = "\"other\"") \
    X(case_19_no_sub, UNAUTHENTICATED, "jwt.sub_missing", .sub = OMIT) \
    X(case_20_sub_is_a_number, UNAUTHENTICATED, "jwt.claims", .sub = "7") \
    X(case_21_no_iat, UNAUTHENTICATED, "jwt.iat_missing", .iat = OMIT) \
    X(case_22_iat_an_hour_ahead, UNAUTHENTICATED, "jwt.issued_in_future", .iat = NOW_PLUS_HOUR, .exp = "1767330245") \
    X(case_23_no_exp, UNAUTHENTICATED, "jwt.exp_missing", .exp = OMIT) \
    X(case_24_expired, UNAUTHENTICATED, "jwt.expired", .exp = "1767322000") \
    X(case_25_exp_is_text_in_the_past, UNAUTHENTICATED, "jwt.time", .exp = "\"1767322000\"") \
    X(case_26_nbf_an_hour_ahead, UNAUTHENTICATED, "jwt.not_yet_valid", .nbf = NOW_PLUS_HOUR) \
    X(case_27_alg_none, UNAUTHENTICATED, "jwt.encoding", .signing = SIGN_NONE) \
    X(case_28_one_byte_changed, UNAUTHENTICATED, "jwt.signature", .signing = SIGN_FLIPPED) \
    X(case_29_signature_removed, UNAUTHENTICATED, "jwt.encoding", .signing = SIGN_STRIPPED) \
    X(case_30_payload_of_another_person, UNAUTHENTICATED, "jwt.signature", .signing = SIGN_OTHER_PAYLOAD) \
    X(case_31_another_key_under_a_known_kid, UNAUTHENTICATED, "jwt.signature", .signer = KEY_RSA_OTHER, .header = "{\"alg\":\"RS256\",\"kid\":\"rsa-1\"}") \
    X(case_32_hs256_with_the_client_secret, UNAUTHENTICATED, "jwt.alg", .signing = SIGN_HMAC_SECRET) \
    X(case_33_hs256_with_the_public_key, UNAUTHENTICATED, "jwt.alg", .signing = SIGN_HMAC_PUBLIC_KEY) \
    X(case_34_hs256_by_an_oct_key_of_the_set, UNAUTHENTICATED, "jwt.alg", .signing = SIGN_HMAC_OCT, .jwks = "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"oct-1\",\"k\":" "\"YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcywgZXhhY3RseQ\"}]}") \
    X(case_35_a_kid_unheard_of, UNAUTHENTICATED, "jwt.key_unknown", .signer = KEY_RSA_OTHER) \
    X(case_36_a_key_inside_the_token, UNAUTHENTICATED, "jwt.signature", .signer = KEY_RSA_OTHER, .with_own_jwk = true) \
    X(case_37_jku, UNAUTHENTICATED, "jwt.signature", .signer = KEY_RSA_OTHER, .header = "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"jku\":\"https://evil.example/jwks\"}") \
    X(case_38_x5u, UNAUTHENTICATED, "jwt.signature", .signer = KEY_RSA_OTHER, .header = "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"x5u\":\"https://evil.example/pem\"}") \
    X(case_39_a_crit_unheard_of, UNAUTHENTICATED, "jwt.crit", .header = "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"crit\":[\"x\"],\"x\":1}") \
    X(case_40_typ_at_jwt, UNAUTHENTICATED, "jwt.typ", .header = "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"typ\":\"at+jwt\"}") \
    X(case_41_typ_logout_jwt, UNAUTHENTICATED, "jwt.typ", .header = "{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"typ\":\"logout+jwt\"}") \
    X(case_42_sub_twice, UNAUTHENTICATED, "jwt.payload", .extra = "\"sub\":\"mallory\"") \
    X(case_43_a_wrong_at_hash, UNAUTHENTICATED, "jwt.at_hash", .with_wrong_at_hash = true) \
    X(case_44_userinfo_of_somebody_else, UNAUTHENTICATED, "oidc.userinfo_sub", .needs_userinfo = true, .userinfo = "{\"sub\":\"mallory\"}") \
    X(case_45_userinfo_without_sub, UNAUTHENTICATED, "oidc.userinfo_sub", .needs_userinfo = true, .userinfo = "{\"email\":\"a@example.com\"}") \
    X(case_46_another_iss_in_the_answer, FORBIDDEN, "oidc.iss", .callback = "*&iss=https%3A%2F%2Fevil.example") \
    X(case_47_iss_announced_and_absent, FORBIDDEN, "oidc.iss", .announces_iss = true) \
    X(case_48_two_codes, INVALID, "oidc.callback", .callback = "*&code=b-code") \
    X(case_48b_two_states, INVALID, "oidc.callback", .callback = "*&state=b") \
    X(case_48c_two_iss, INVALID, "oidc.callback", .callback = "*&iss=https%3A%2F%2Fop.example&iss=https%3A%2F%2Fop.example") \
    X(case_49_an_error_whose_text_is_markup, FORBIDDEN, "oidc.refused", .callback = "state=~&error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E") \
    X(case_50_another_browser, FORBIDDEN, "oidc.attempt", .in_other_browser = true) \
    X(case_51_token_type_mac, UNAUTHENTICATED, "oidc.token_type", .token_type = "mac") \
    X(case_52_no_id_token, UNAUTHENTICATED, "oidc.no_id_token", .without_id_token = true) \
    X(case_53_status_200_with_an_error, UNAUTHENTICATED, "oidc.token_answer", .token_body = "{\"error\":\"server_error\"}") \
    X(case_54_a_page, UNAUTHENTICATED, "oidc.token_answer", .token_body = "<html></html>", .token_content = "text/html") \
    X(case_55_a_redirect, UNAUTHENTICATED, "oidc.token_answer", .token_body = "", .token_content = "text/html", .token_status = 307) \
    X(further_no_code_at_all, INVALID, "oidc.callback", .callback = "state=~") \
    X(further_no_state, FORBIDDEN, "oidc.attempt", .callback = "code=a-code") \
    X(further_a_foreign_state, FORBIDDEN, "oidc.attempt", .callback = "code=a-code&state=AAAA") \
    X(further_a_query_that_is_malformed, INVALID, "oidc.callback", .callback = "*&x=%zz") \
    X(further_iat_two_days_old, UNAUTHENTICATED, "jwt.too_old", .iat = TWO_DAYS_AGO) \
    X(further_discovery_of_another_issuer, UNAVAILABLE, "oidc.issuer_mismatch", .metadata_issuer = "https://evil.example") \
    X(further_discovery_answers_500, UNAVAILABLE, "oidc.status", .metadata_status = 500) \
    X(further_keys_answer_500_from_the_start, UNAVAILABLE, "oidc.status", .jwks_status = 500) \
    X(further_keys_that_are_no_key_set, UNAVAILABLE, "oidc.keys", .jwks = "{\"keys\":7}") \
    X(further_the_payload_is_an_array, UNAUTHENTICATED, ARRAY_REASON, .payload = "[1,2]") \
    X(further_exp_of_1e300, UNAUTHENTICATED, "jwt.time", .exp = "1e300") \
    X(further_a_verifier_that_does_not_fit, UNAUTHENTICATED, "oidc.invalid_grant", .wants_other_verifier = true) \
    X(further_the_client_is_unknown, UNAUTHENTICATED, "oidc.client", .token_body = "{\"error\":\"invalid_client\"}", .token_status = 401) \
    X(further_the_token_endpoint_answers_503, UNAVAILABLE, "oidc.token_away", .token_body = "{}", .token_status = 503)
/* clang-format on */

static void check_row(struct database *d, const struct row *row) {
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct reply reply = sign_in(s, &row->lie);
    assert_string_equal(reply.reason, row->reason);
    assert_int_equal(reply.result.code, row->code);
    assert_int_equal(has_cookie(&s->browser, "__Host-gatehouse"), row->code == OK);
    assert_int_equal(sessions_of(s), row->code == OK ? 1 : 0);
    if (row->code == OK) {
        assert_int_equal(reply.status, 303);
        assert_str(reply.location, "/");
    }
}

/* Each row in a database of its own, so that no row leans on the one before. */
#define DEFINE_ROW(name_, code_, reason_, ...)                                                     \
    static void name_(void **state) {                                                              \
        static const struct row ROW = {reason_, code_, {__VA_ARGS__}};                             \
        check_row(*state, &ROW);                                                                   \
    }
#define LIST_ROW(name_, code_, reason_, ...) ON_SQLITE(name_),
ROWS(DEFINE_ROW)

static void nothing_was_asked_after_a_bad_token(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie lie = {.needs_userinfo = true, .sub = OMIT};
    assert_string_equal(sign_in(s, &lie).reason, "jwt.sub_missing");
    assert_int_equal(s->op.userinfo, 0);
    assert_int_equal(s->op.token, 1);
}

static void keys_replaced_between_two_sign_ins_cost_one_fetch(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie before = {.published = BIT(KEY_RSA)};
    const struct lie after = {.published = BIT(KEY_EC), .signer = KEY_EC};
    assert_ok(sign_in(s, &before).result);
    assert_int_equal(s->op.jwks, 1);
    assert_ok(sign_in(s, &after).result); /* 5 */
    assert_int_equal(s->op.jwks, 2);
    assert_ok(sign_in(s, &after).result);
    assert_int_equal(s->op.jwks, 2);
    assert_int_equal(s->op.metadata, 1);
}

static void junk_tokens_cost_one_fetch_per_interval(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {0};
    assert_ok(sign_in(s, &good).result);
    for (int i = 0; i < 50; i++) {
        const struct str header = str_format(d->fixture.scope.arena,
                                             "{\"alg\":\"RS256\",\"kid\":\"junk-%d\"}%c", i, '\0');
        const struct lie junk = {.header = header.at, .signer = KEY_RSA_OTHER};
        assert_string_equal(sign_in(s, &junk).reason, "jwt.key_unknown");
    }
    assert_int_equal(s->op.jwks, 2);
    fake_clock_advance(&d->fixture.time, S_TO_US(10));
    const struct lie unknown = {.signer = KEY_RSA_OTHER};
    assert_string_equal(sign_in(s, &unknown).reason, "jwt.key_unknown");
    assert_int_equal(s->op.jwks, 3);
}

static void a_bad_signature_of_a_known_key_fetches_nothing(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {0};
    const struct lie bad = {.signing = SIGN_FLIPPED};
    assert_ok(sign_in(s, &good).result);
    assert_string_equal(sign_in(s, &bad).reason, "jwt.signature");
    assert_int_equal(s->op.jwks, 1);
}

static void old_keys_serve_while_the_provider_fails(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {0};
    const struct lie failing = {.jwks_status = 500, .metadata_status = 500};
    assert_ok(sign_in(s, &good).result);
    fake_clock_advance(&d->fixture.time, S_TO_US(2 * 3600));
    assert_ok(sign_in(s, &failing).result);
    assert_int_equal(s->op.jwks, 2); /* it was tried */
    assert_ok(sign_in(s, &failing).result);
    assert_int_equal(s->op.jwks, 2); /* and not again at once */
    fake_clock_advance(&d->fixture.time, S_TO_US(23 * 3600));
    assert_string_equal(sign_in(s, &failing).reason, "oidc.status"); /* older than a day */
}

static void a_refetch_that_fails_is_no_verdict(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {0};
    const struct lie unknown = {.signer = KEY_RSA_OTHER, .jwks_status = 500};
    assert_ok(sign_in(s, &good).result);
    const struct reply first = sign_in(s, &unknown);
    assert_int_equal(first.result.code, UNAVAILABLE);
    const struct reply second = sign_in(s, &unknown);
    assert_int_equal(second.result.code, UNAVAILABLE);
    assert_string_equal(second.reason, "oidc.away");
    assert_ok(sign_in(s, &good).result); /* the set before is kept */
}

static void a_key_set_of_too_many_keys_is_refused(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    struct strbuf text = strbuf_begin(d->fixture.scope.arena, 300 * 1024);
    strbuf_add_c(&text, "{\"keys\":[{}");
    for (int i = 0; i < 60000; i++) {
        strbuf_add_c(&text, ",{}");
    }
    strbuf_add_c(&text, "]}");
    const char *jwks = NULL;
    assert_ok(str_to_c(&d->fixture.scope, strbuf_str(&text), &jwks));
    const struct lie lie = {.jwks = jwks};
    assert_string_equal(sign_in(s, &lie).reason, "oidc.keys");
}

static void a_callback_works_once(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    assert_ok(start_sign_in(s, &s->browser, "").result);
    struct browser before = s->browser;
    assert_ok(finish_sign_in(s, &s->browser).result);
    /* without the session: refused; with it: to the start page, and no second session */
    assert_string_equal(finish_sign_in(s, &before).reason, "oidc.attempt");
    const struct reply again = finish_sign_in(s, &s->browser);
    assert_int_equal(again.status, 303);
    assert_str(again.location, "/");
    assert_int_equal(sessions_of(s), 1);
    assert_int_equal(s->op.token, 1);
}

static void an_attempt_ends_after_ten_minutes(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    assert_ok(start_sign_in(s, &s->browser, "").result);
    fake_clock_advance(&d->fixture.time, S_TO_US(600));
    assert_string_equal(finish_sign_in(s, &s->browser).reason, "oidc.attempt");
}

static void an_attempt_of_one_connection_is_none_of_another(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct connection other = given_connection(s, &s->admin, PROVISION_JIT);
    assert_ok(start_sign_in(s, &s->browser, "").result);
    s->connection = other;
    assert_string_equal(finish_sign_in(s, &s->browser).reason, "oidc.attempt");
}

static void five_tabs_may_sign_in_and_the_sixth_displaces_the_oldest(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    struct {
        struct str state, nonce, challenge;
    } tabs[6];
    for (int i = 0; i < 6; i++) {
        assert_ok(start_sign_in(s, &s->browser, "").result);
        tabs[i].state = s->state;
        tabs[i].nonce = s->op.nonce;
        tabs[i].challenge = s->op.challenge;
        fake_clock_advance(&d->fixture.time, S_TO_US(1));
    }
    assert_int_equal(s->browser.count, 5);
    s->state = tabs[0].state;
    assert_string_equal(finish_sign_in(s, &s->browser).reason, "oidc.attempt");
    for (int i = 1; i < 6; i++) {
        s->state = tabs[i].state;
        s->op.nonce = tabs[i].nonce;
        s->op.challenge = tabs[i].challenge;
        assert_ok(finish_sign_in(s, &s->browser).result);
    }
    assert_int_equal(s->browser.count, 1);
    assert_int_equal(sessions_of(s), 1); /* each sign-in ends the session before it */
}

static void the_client_secret_goes_into_the_header_form_encoded(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {0};
    assert_ok(sign_in(s, &good).result);
    /* RFC 6749 section 2.3.1: gatehouse:client%20secret%20%26%20more */
    assert_str(s->op.token_authorization,
               "Basic Z2F0ZWhvdXNlOmNsaWVudCUyMHNlY3JldCUyMCUyNiUyMG1vcmU=");
    assert_true(str_find(s->op.token_request, STR("secret")) < 0);
    assert_true(str_find(s->op.token_request, STR("redirect_uri=https%3A%2F%2Fchat.example%2F")) >=
                0);
}

static void scripts_are_not_led_to_the_provider(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    static const struct {
        const char *header, *value;
        bool is_let_in;
    } CASES[] = {
        {"Sec-Fetch-Mode", "navigate", true},
        {"Sec-Fetch-Mode", "cors", false},
        {"Sec-Fetch-Mode", "no-cors", false},
        {"X-Requested-With", "XMLHttpRequest", false},
        {"Accept", "application/json", false},
        {"Accept", "text/html,*/*;q=0.8", true},
        {"Accept", "*/*", true},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const struct request request = {.query = "",
                                        .path_arg = s->connection.id,
                                        .header = CASES[i].header,
                                        .header_value = CASES[i].value};
        const struct reply reply = browse(s, &s->browser, oidc_login_http, &request);
        assert_int_equal(reply.result.code, CASES[i].is_let_in ? OK : UNAUTHENTICATED);
    }
}

static void the_return_path_stays_on_our_site(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    static const char *const REFUSED_PATHS[] = {
        "return=https%3A%2F%2Fevil.example",
        "return=%2F%2Fevil.example",
        "return=%2F%5Cevil.example",
        "return=evil",
        "return=%2F%0d%0aX",
        "return=/a&return=/b",
    };
    for (size_t i = 0; i < sizeof REFUSED_PATHS / sizeof *REFUSED_PATHS; i++) {
        assert_int_equal(start_sign_in(s, &s->browser, REFUSED_PATHS[i]).result.code, INVALID);
    }
    assert_ok(start_sign_in(s, &s->browser, "return=%2Fconsole%3Fa%3Db").result);
    assert_str(finish_sign_in(s, &s->browser).location, "/console?a=b");
}

static void only_an_enabled_connection_signs_in(void **state) {
    struct database *d = *state;
    struct scope *scope = &d->fixture.scope;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    assert_ok(start_sign_in(s, &s->browser, "").result);
    const struct connection_change change = {&s->identity, &s->messaging, &s->admin, STR("r"), 0};
    struct revoked revoked = {0};
    assert_ok(connection_disable(scope, &change, d->db, &s->connection, &revoked));
    assert_true(revoked.is_set);
    assert_string_equal(finish_sign_in(s, &s->browser).reason, "connection.unknown");
    assert_string_equal(start_sign_in(s, &s->browser, "").reason, "connection.unknown");
    assert_int_equal(sessions_of(s), 0);
}

static void a_deactivated_person_is_refused_and_not_made_again(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct lie good = {.refresh_token = "refresh-1"};
    assert_ok(sign_in(s, &good).result);
    struct user alice;
    assert_ok(user_find_by_name(&d->fixture.scope, d->db, s->company.org.id, STR("alice"), &alice));
    const struct str org = s->company.org.id;
    assert_int_equal(
        number_of(d, "SELECT count(*) FROM oidc_session WHERE org_id = $1 AND user_id = $2", org,
                  alice.id),
        1);
    const struct state_change change = change_of(d, &alice, SOURCE_SCIM);
    struct revoked revoked = {0};
    assert_ok(user_deactivate(&d->fixture.scope, &s->messaging, d->db, &change, &revoked));
    assert_int_equal(
        number_of(d, "SELECT count(*) FROM oidc_session WHERE org_id = $1 AND user_id = $2", org,
                  alice.id),
        0);
    assert_int_equal(sessions_of(s), 0);
    s->browser.count = 0;
    const struct reply again = sign_in(s, &good);
    assert_int_equal(again.result.code, FORBIDDEN);
    assert_string_equal(again.reason, "login.refused");
    assert_int_equal(sessions_of(s), 0);
    assert_int_equal(
        number_of(d, "SELECT count(*) FROM org_user WHERE org_id = $1 AND org_id = $2", org, org),
        2);
}

static void two_organisations_with_the_same_provider_never_mix(void **state) {
    struct database *d = *state;
    AUTO(sign_in_close) struct sign_in *s = sign_in_open(d, &keys);
    const struct company other = given_company(d, "other");
    const struct actor admin = actor_of(&other.creator);
    const struct connection first = s->connection;
    const struct connection second = given_connection(s, &admin, PROVISION_JIT);
    const struct lie good = {0};
    assert_ok(sign_in(s, &good).result);
    struct browser there = {.count = 0};
    s->connection = second;
    assert_ok(start_sign_in(s, &there, "").result);
    assert_ok(finish_sign_in(s, &there).result);
    struct user here_alice;
    struct user there_alice;
    struct scope *scope = &d->fixture.scope;
    assert_ok(user_find_by_name(scope, d->db, s->company.org.id, STR("alice"), &here_alice));
    assert_ok(user_find_by_name(scope, d->db, other.org.id, STR("alice"), &there_alice));
    assert_false(str_eq(here_alice.id, there_alice.id));
    /* an attempt of one is none of the other */
    struct browser fresh = {.count = 0};
    s->connection = first;
    assert_ok(start_sign_in(s, &fresh, "").result);
    s->connection = second;
    assert_string_equal(finish_sign_in(s, &fresh).reason, "oidc.attempt");
    /* out here, still in there */
    const struct state_change change = change_of(d, &here_alice, SOURCE_SCIM);
    struct revoked revoked = {0};
    assert_ok(user_deactivate(scope, &s->messaging, d->db, &change, &revoked));
    assert_int_equal(sessions_of(s), 0);
    assert_int_equal(number_of(d, "SELECT count(*) FROM session WHERE org_id = $1 AND user_id = $2",
                               other.org.id, there_alice.id),
                     1);
}

int main(void) {
    on_both_use(SIGN_IN_MIGRATIONS, SIGN_IN_MIGRATIONS_COUNT);
    const struct CMUnitTest tests[] = {
        ROWS(LIST_ROW) ON_SQLITE(nothing_was_asked_after_a_bad_token),
        ON_BOTH(keys_replaced_between_two_sign_ins_cost_one_fetch),
        ON_SQLITE(junk_tokens_cost_one_fetch_per_interval),
        ON_SQLITE(a_bad_signature_of_a_known_key_fetches_nothing),
        ON_SQLITE(old_keys_serve_while_the_provider_fails),
        ON_SQLITE(a_refetch_that_fails_is_no_verdict),
        ON_SQLITE(a_key_set_of_too_many_keys_is_refused),
        ON_BOTH(a_callback_works_once),
        ON_BOTH(an_attempt_ends_after_ten_minutes),
        ON_BOTH(an_attempt_of_one_connection_is_none_of_another),
        ON_BOTH(five_tabs_may_sign_in_and_the_sixth_displaces_the_oldest),
        ON_SQLITE(the_client_secret_goes_into_the_header_form_encoded),
        ON_SQLITE(scripts_are_not_led_to_the_provider),
        ON_SQLITE(the_return_path_stays_on_our_site),
        ON_BOTH(only_an_enabled_connection_signs_in),
        ON_BOTH(a_deactivated_person_is_refused_and_not_made_again),
        ON_BOTH(two_organisations_with_the_same_provider_never_mix),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
