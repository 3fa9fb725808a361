#include "identity/oidc/jwt.h"

#include <string.h>

#include "base/base64url.h"
#include "base/crypto.h"
#include "identity/connection.h"
#include "tests/support/fixture.h"

static const int64_t NOW_S = INT64_C(1767323045);

static struct oidc_settings settings(void) {
    return (struct oidc_settings){
        .issuer = STR("https://op.example"),
        .client_id = STR("gatehouse"),
        .algs = JOSE_DEFAULT_ALGS,
        .max_age_s = -1,
        .skew_s = 60,
        .prompt = STR(""),
        .acr_values = STR(""),
    };
}

static struct jwt_policy login_policy(void) {
    const struct oidc_settings of = settings();
    return jwt_policy_login(&of, STR("n-1"));
}

static struct str token(struct fixture *f, struct str header, struct str payload) {
    const struct str first = base64url_encode(f->scope.arena, header.at, header.len);
    const struct str second = base64url_encode(f->scope.arena, payload.at, payload.len);
    return str_format(f->scope.arena, "%.*s.%.*s.AAAA", STR_ARG(first), STR_ARG(second));
}

static result decode(struct fixture *f, const char *header, struct jwt *ret) {
    const struct jwt_policy policy = login_policy();
    return jwt_decode(&f->scope, token(f, str_from_c(header), STR("{}")), &policy, ret);
}

static void a_good_header_gives_algorithm_and_key_id(void **state) {
    struct fixture *f = *state;
    struct jwt jwt;
    assert_ok(decode(f, "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"JWT\"}", &jwt));
    assert_int_equal(jwt.alg, JOSE_ES256);
    assert_str(jwt.kid, "k1");
    assert_ok(decode(f, "{\"alg\":\"RS256\",\"typ\":\"application/jwt\"}", &jwt));
    assert_str(jwt.kid, "");
    assert_ok(
        decode(f, "{\"alg\":\"RS256\",\"jku\":\"https://x\",\"x5u\":\"y\",\"jwk\":{}}", &jwt));
}

static void each_header_rule_refuses_its_own_case(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *header, *reason;
    } CASES[] = {
        {"[]", "jwt.header"},
        {"{", "jwt.header"},
        {"{\"alg\":\"RS256\",\"alg\":\"none\"}", "jwt.header"},
        {"{\"alg\":\"RS256\",\"kid\":7}", "jwt.header"},
        {"{\"alg\":\"RS256\",\"typ\":7}", "jwt.header"},
        {"{}", "jwt.alg"},
        {"{\"alg\":\"none\"}", "jwt.alg"},
        {"{\"alg\":\"HS256\"}", "jwt.alg"},
        {"{\"alg\":7}", "jwt.alg"},
        {"{\"alg\":\"RS384\"}", "jwt.alg"}, /* in the table, not in the allow-list */
        {"{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", "jwt.crit"},
        {"{\"alg\":\"RS256\",\"crit\":[]}", "jwt.crit"},
        {"{\"alg\":\"RS256\",\"b64\":true}", "jwt.crit"},
        {"{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}", "jwt.typ"},
        {"{\"alg\":\"RS256\",\"typ\":\"logout+jwt\"}", "jwt.typ"},
        {"{\"alg\":\"RS256\",\"typ\":\"\"}", "jwt.typ"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct jwt jwt;
        assert_failed(decode(f, CASES[i].header, &jwt), &f->scope, UNAUTHENTICATED,
                      CASES[i].reason);
    }
}

static void a_kind_with_a_type_of_its_own_takes_no_other(void **state) {
    struct fixture *f = *state;
    struct jwt_policy policy = login_policy();
    policy.typ = "logout+jwt";
    struct jwt jwt;
    const struct str good =
        token(f, STR("{\"alg\":\"RS256\",\"typ\":\"Application/Logout+JWT\"}"), STR("{}"));
    assert_ok(jwt_decode(&f->scope, good, &policy, &jwt));
    const struct str absent = token(f, STR("{\"alg\":\"RS256\"}"), STR("{}"));
    assert_failed(jwt_decode(&f->scope, absent, &policy, &jwt), &f->scope, UNAUTHENTICATED,
                  "jwt.typ");
}

static void only_three_parts_of_strict_base64url_are_a_token(void **state) {
    struct fixture *f = *state;
    const struct jwt_policy policy = login_policy();
    static const char *const REFUSED[] = {
        "",         "..",          "a.b",          "e30.e30.e30.e30", "e30.e30.",    ".e30.e30",
        "e30..e30", "e30.e30.e3=", "e30.e30 .e30", "e30.e31.e30",     "e30.e30.e3+",
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct jwt jwt;
        assert_failed(jwt_decode(&f->scope, str_from_c(REFUSED[i]), &policy, &jwt), &f->scope,
                      UNAUTHENTICATED, "jwt.encoding");
    }
}

static void a_token_of_more_than_16_kib_is_refused(void **state) {
    struct fixture *f = *state;
    const struct jwt_policy policy = login_policy();
    struct jwt jwt;
    char *text = arena_alloc(f->scope.arena, JWT_MAX_BYTES + 1);
    memset(text, 'A', JWT_MAX_BYTES + 1);
    assert_failed(jwt_decode(&f->scope, (struct str){text, JWT_MAX_BYTES + 1}, &policy, &jwt),
                  &f->scope, UNAUTHENTICATED, "jwt.size");
    assert_failed(jwt_decode(&f->scope, (struct str){text, JWT_MAX_BYTES}, &policy, &jwt),
                  &f->scope, UNAUTHENTICATED, "jwt.encoding");
}

static result decode_claims(struct fixture *f, struct str payload, struct jwt_claims *ret) {
    const struct jwt_policy policy = login_policy();
    struct jwt jwt;
    assert_ok(jwt_decode(&f->scope, token(f, STR("{\"alg\":\"RS256\"}"), payload), &policy, &jwt));
    return jwt_decode_claims(&f->scope, &jwt, ret);
}

static void claims_of_the_wrong_type_are_refused(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *payload, *reason;
    } CASES[] = {
        {"[1]", "jwt.payload"},
        {"7", "jwt.payload"},
        {"{\"sub\":\"a\",\"sub\":\"b\"}", "jwt.payload"},
        {"{\"a\":{\"b\":1,\"b\":2}}", "jwt.payload"},
        {"{\"sub\":\"a\"}x", "jwt.payload"},
        {"{\"sub\":7}", "jwt.claims"},
        {"{\"sub\":null}", "jwt.claims"},
        {"{\"iss\":[\"https://op.example\"]}", "jwt.claims"},
        {"{\"nonce\":false}", "jwt.claims"},
        {"{\"azp\":[\"gatehouse\"]}", "jwt.claims"},
        {"{\"at_hash\":1}", "jwt.claims"},
        {"{\"aud\":7}", "jwt.claims"},
        {"{\"aud\":{\"gatehouse\":1}}", "jwt.claims"},
        {"{\"aud\":[\"gatehouse\",7]}", "jwt.claims"},
        {"{\"exp\":\"1767323045\"}", "jwt.time"},
        {"{\"exp\":-1}", "jwt.time"},
        {"{\"exp\":1e300}", "jwt.time"},
        {"{\"exp\":253402300800}", "jwt.time"},
        {"{\"iat\":true}", "jwt.time"},
        {"{\"nbf\":\"\"}", "jwt.time"},
        {"{\"auth_time\":{}}", "jwt.time"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct jwt_claims claims;
        assert_failed(decode_claims(f, str_from_c(CASES[i].payload), &claims), &f->scope,
                      UNAUTHENTICATED, CASES[i].reason);
    }
}

static void times_with_a_fraction_are_cut(void **state) {
    struct fixture *f = *state;
    struct jwt_claims claims;
    assert_ok(
        decode_claims(f, STR("{\"exp\":1767323045.9,\"iat\":0,\"nbf\":253402300799}"), &claims));
    assert_int_equal(claims.exp_s, NOW_S);
    assert_int_equal(claims.has, JWT_EXP | JWT_IAT);
    assert_int_equal(claims.nbf_s, INT64_C(253402300799));
}

static struct jwt_claims good_claims(void) {
    struct jwt_claims claims = {
        .iss = STR("https://op.example"),
        .sub = STR("alice"),
        .azp = STR(""),
        .nonce = STR("n-1"),
        .acr = STR(""),
        .has = JWT_EXP | JWT_IAT | JWT_SUB | JWT_NONCE,
        .exp_s = NOW_S + 300,
        .iat_s = NOW_S,
        .audience_count = 1,
    };
    claims.audiences[0] = STR("gatehouse");
    return claims;
}

static void set_issuer(struct jwt_claims *c) {
    c->iss = STR("https://evil.example");
}
static void set_issuer_slash(struct jwt_claims *c) {
    c->iss = STR("https://op.example/");
}
static void drop_issuer(struct jwt_claims *c) {
    c->iss = STR("");
}
static void set_audience(struct jwt_claims *c) {
    c->audiences[0] = STR("other");
}
static void drop_audience(struct jwt_claims *c) {
    c->audience_count = 0;
}
static void add_audience(struct jwt_claims *c) {
    c->audiences[c->audience_count++] = STR("other");
}
static void set_azp(struct jwt_claims *c) {
    c->azp = STR("other");
    c->has_azp = true;
}
static void set_empty_azp(struct jwt_claims *c) {
    c->has_azp = true;
}
static void drop_exp(struct jwt_claims *c) {
    c->has &= ~(unsigned) JWT_EXP;
}
static void drop_iat(struct jwt_claims *c) {
    c->has &= ~(unsigned) JWT_IAT;
}
static void drop_sub(struct jwt_claims *c) {
    c->has &= ~(unsigned) JWT_SUB;
}
static void drop_nonce(struct jwt_claims *c) {
    c->has &= ~(unsigned) JWT_NONCE;
    c->nonce = STR("");
}
static void expire(struct jwt_claims *c) {
    c->exp_s = NOW_S - 60;
}
static void set_nbf_ahead(struct jwt_claims *c) {
    c->nbf_s = NOW_S + 61;
    c->has_nbf = true;
}
static void set_iat_ahead(struct jwt_claims *c) {
    c->iat_s = NOW_S + 61;
}
static void set_iat_old(struct jwt_claims *c) {
    c->iat_s = NOW_S - 661;
}
static void set_empty_sub(struct jwt_claims *c) {
    c->sub = STR("");
}
static void set_long_sub(struct jwt_claims *c) {
    static const char LONG[JWT_MAX_SUB + 1] = {'x'};
    c->sub = (struct str){LONG, sizeof LONG};
}
static void set_nonce(struct jwt_claims *c) {
    c->nonce = STR("n-2");
}
static void empty_nonce(struct jwt_claims *c) {
    c->nonce = STR("");
}

static void each_rule_refuses_the_token_that_breaks_it(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *name;
        void (*change)(struct jwt_claims *);
        const char *reason;
    } CASES[] = {
        {"another issuer", set_issuer, "jwt.issuer"},
        {"a trailing slash", set_issuer_slash, "jwt.issuer"},
        {"no issuer", drop_issuer, "jwt.issuer"},
        {"another audience", set_audience, "jwt.audience"},
        {"no audience", drop_audience, "jwt.audience"},
        {"a second audience without azp", add_audience, "jwt.azp"},
        {"azp of another client", set_azp, "jwt.azp"},
        {"an empty azp", set_empty_azp, "jwt.azp"},
        {"no exp", drop_exp, "jwt.exp_missing"},
        {"no iat", drop_iat, "jwt.iat_missing"},
        {"no sub", drop_sub, "jwt.sub_missing"},
        {"no nonce", drop_nonce, "jwt.nonce_missing"},
        {"expired", expire, "jwt.expired"},
        {"not before later", set_nbf_ahead, "jwt.not_yet_valid"},
        {"issued later", set_iat_ahead, "jwt.issued_in_future"},
        {"issued long ago", set_iat_old, "jwt.too_old"},
        {"an empty sub", set_empty_sub, "jwt.subject"},
        {"a sub of 256 bytes", set_long_sub, "jwt.subject"},
        {"another nonce", set_nonce, "jwt.nonce"},
        {"an empty nonce", empty_nonce, "jwt.nonce"},
    };
    const struct jwt_policy policy = login_policy();
    const struct jwt_claims good = good_claims();
    assert_ok(jwt_check(&f->scope, &good, &policy, S_TO_US(NOW_S)));
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct jwt_claims claims = good;
        CASES[i].change(&claims);
        print_message("%s\n", CASES[i].name);
        assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                      UNAUTHENTICATED, CASES[i].reason);
    }
}

static void the_neighbours_inside_the_limits_are_accepted(void **state) {
    struct fixture *f = *state;
    const struct jwt_policy policy = login_policy();
    struct jwt_claims claims = good_claims();
    claims.exp_s = NOW_S - 59;
    claims.iat_s = NOW_S - 660;
    claims.nbf_s = NOW_S + 60;
    claims.has_nbf = true;
    assert_ok(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)));
    claims.iat_s = NOW_S + 60;
    assert_ok(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)));
    add_audience(&claims);
    claims.azp = STR("gatehouse");
    claims.has_azp = true;
    assert_ok(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)));
}

static void nothing_in_a_token_switches_the_nonce_off(void **state) {
    struct fixture *f = *state;
    const struct oidc_settings of = settings();
    const struct jwt_policy policy = jwt_policy_login(&of, STR(""));
    struct jwt_claims claims = good_claims();
    empty_nonce(&claims);
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.nonce");
}

static void a_policy_without_issuer_or_audience_is_our_bug(void **state) {
    struct fixture *f = *state;
    struct jwt_policy policy = login_policy();
    struct jwt_claims claims = good_claims();
    policy.aud = STR("");
    drop_audience(&claims);
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope, INTERNAL,
                  "jwt.policy");
    policy = login_policy();
    policy.iss = STR("");
    drop_issuer(&claims);
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope, INTERNAL,
                  "jwt.policy");
}

static void a_forbidden_claim_is_refused(void **state) {
    struct fixture *f = *state;
    struct jwt_policy policy = login_policy();
    policy.need = JWT_EXP;
    policy.forbid = JWT_NONCE;
    const struct jwt_claims claims = good_claims();
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.forbidden");
}

static void a_needed_jti_is_demanded(void **state) {
    struct fixture *f = *state;
    struct jwt_policy policy = login_policy();
    policy.need |= JWT_JTI;
    struct jwt_claims claims = good_claims();
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.jti_missing");
    claims.has |= JWT_JTI;
    assert_ok(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)));
}

static void the_age_of_the_sign_in_is_checked_when_it_was_asked(void **state) {
    struct fixture *f = *state;
    struct jwt_policy policy = login_policy();
    policy.max_age_s = 100;
    struct jwt_claims claims = good_claims();
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.auth_time");
    claims.has_auth_time = true;
    claims.auth_time_s = NOW_S - 161;
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.auth_time");
    claims.auth_time_s = NOW_S + 61;
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.auth_time");
    claims.auth_time_s = NOW_S - 160;
    assert_ok(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)));
}

static void the_context_class_is_checked_when_it_was_asked(void **state) {
    struct fixture *f = *state;
    struct jwt_policy policy = login_policy();
    policy.acr_values = STR("silver gold");
    struct jwt_claims claims = good_claims();
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.acr");
    claims.acr = STR("bronze");
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.acr");
    claims.acr = STR("gold");
    assert_ok(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)));
}

static void a_refreshed_token_must_be_of_the_same_person(void **state) {
    struct fixture *f = *state;
    const struct oidc_settings of = settings();
    const struct jwt_policy policy = jwt_policy_refresh(&of, STR("alice"), STR("n-1"));
    struct jwt_claims claims = good_claims();
    assert_ok(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)));
    drop_nonce(&claims);
    assert_ok(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)));
    claims.sub = STR("bob");
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.subject_changed");
    claims = good_claims();
    set_nonce(&claims);
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.nonce");
    claims = good_claims();
    set_issuer(&claims);
    assert_failed(jwt_check(&f->scope, &claims, &policy, S_TO_US(NOW_S)), &f->scope,
                  UNAUTHENTICATED, "jwt.issuer");
}

static void the_access_token_hash_is_that_of_the_algorithm(void **state) {
    struct fixture *f = *state;
    const struct str access = STR("an access token");
    const struct str hash = sha384(f->scope.arena, access);
    struct jwt_claims claims = good_claims();
    assert_ok(jwt_check_at_hash(&f->scope, JOSE_ES384, &claims, access)); /* absent */
    claims.has_at_hash = true;
    claims.at_hash = base64url_encode(f->scope.arena, hash.at, 24);
    assert_ok(jwt_check_at_hash(&f->scope, JOSE_ES384, &claims, access));
    assert_failed(jwt_check_at_hash(&f->scope, JOSE_ES256, &claims, access), &f->scope,
                  UNAUTHENTICATED, "jwt.at_hash");
    assert_failed(jwt_check_at_hash(&f->scope, JOSE_ES384, &claims, STR("another")), &f->scope,
                  UNAUTHENTICATED, "jwt.at_hash");
    claims.at_hash = STR("");
    assert_failed(jwt_check_at_hash(&f->scope, JOSE_ES384, &claims, access), &f->scope,
                  UNAUTHENTICATED, "jwt.at_hash");
    /* The example of OpenID Connect Core, appendix A.3: RS256. */
    claims.at_hash = STR("77QmUPtjPfzWtF2AnpK9RQ");
    assert_ok(jwt_check_at_hash(&f->scope, JOSE_RS256, &claims,
                                STR("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_good_header_gives_algorithm_and_key_id),
        SENTENCE(each_header_rule_refuses_its_own_case),
        SENTENCE(a_kind_with_a_type_of_its_own_takes_no_other),
        SENTENCE(only_three_parts_of_strict_base64url_are_a_token),
        SENTENCE(a_token_of_more_than_16_kib_is_refused),
        SENTENCE(claims_of_the_wrong_type_are_refused),
        SENTENCE(times_with_a_fraction_are_cut),
        SENTENCE(each_rule_refuses_the_token_that_breaks_it),
        SENTENCE(the_neighbours_inside_the_limits_are_accepted),
        SENTENCE(nothing_in_a_token_switches_the_nonce_off),
        SENTENCE(a_policy_without_issuer_or_audience_is_our_bug),
        SENTENCE(a_forbidden_claim_is_refused),
        SENTENCE(a_needed_jti_is_demanded),
        SENTENCE(the_age_of_the_sign_in_is_checked_when_it_was_asked),
        SENTENCE(the_context_class_is_checked_when_it_was_asked),
        SENTENCE(a_refreshed_token_must_be_of_the_same_person),
        SENTENCE(the_access_token_hash_is_that_of_the_algorithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
