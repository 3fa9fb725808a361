/* Known answers: one good token per algorithm, made by another implementation, verified at every
 * start, whole and with one damaged byte. The private keys were thrown away. */

#include "identity/oidc/jose.h"

#include <assert.h>

#include "base/arena.h"
#include "base/base64url.h"
#include "identity/oidc/jwk.h"

/* clang-format off */
static const char RSA_N[] =
    "xFXH12spYDA9Qs1VazhQ1JwTh7CZxLeIz4jUvUd-f3fDhuw2gqHkfXFHQfaXfQyJZGMjq3nZTGFY4kn3uUuM"
    "O6xzwtfiyEjSa7l8hxDuQh3IEerNGDDdlS31mdl8z0RDt3l_uJ16bh7YFwduhAIHJv9UGDLH4N9VSY8RlnQw"
    "gnNhrZK6NlcEB9iZUiwOxGdK7CLp4N51mmZwdTW8v_S1l0SmU4P6pAtc1VlZbcu0jXwKhz2Fn5WPIsPZsKVE"
    "Itb8eGGad_O04uaPaWfGkrdRHs1HiX3aev8GMZjPEU7m1aXmQqaZvfMKHEvEE9T18U6R1uU8wyK2ylPW5a0s"
    "wn1DkQ";

static const struct {
    enum jose_alg alg;
    enum jwk_kind kind;
    enum jwk_curve curve;
    const char *first, *second; /* n, e or x, y */
    const char *token;
} VECTORS[] = {
    {JOSE_RS256, JWK_RSA, CURVE_NONE, RSA_N, "AQAB",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "rNK5vgv66UPR0_SuHhQLqQ5SEJtLd4rECDBTOsucPLcLPWrJQN9_qK5N22ccBfhWa8vkA3rVkQagwld_30ZZ"
    "RtowLvxKw76WztQTeNdOYY5Kk-e7kDmhFcmLKUN78_z-jazCW6ItnxDHuEM7-4W6RsVEWbU7gGMJ8EvB0pqf"
    "lqraiV8MGtWQ1TrnnbiSomfF_zsT1yHvOZ7W9ZKRqT7poLXJW_0CuKaWzc8QQ6YeArCnR-eoj94TgTV0rD6U"
    "7TZOA_v04-_Iqa-73kH7rtPswCIonLN_cXZbzr-FHK8JcpoXbw3qNtKmR4MRzMEO7Jy399bASmShX1xd5gaa"
    "sZ5yUA"},
    {JOSE_RS384, JWK_RSA, CURVE_NONE, RSA_N, "AQAB",
    "eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "kjmd6oQ8Q2z7Dbj7RhS8Jso6Z4ML4qWo2OIeAWp2JDXsMcg-3_U2nbUoRLvqGhI-Fl7E1_yaxgRFmNzaOZgm"
    "Hv9tsoDo4--_5CnW5PVVOyqgLir5MgU10d1ea9OjCcIB0mfRUciBRQrF88eamXFQ-0FaIx9okkvfVmVQegIv"
    "SXnFsU7XcE5eHJVzuwhGFsFt7w5pK1eZqc7gB4xufalg89c5nvQ8yjC82DLKLR88fqATkLg368DfMDrqIao2"
    "8XvE2Q-qQKGXXHqELbbCxgcWFXmiqpYAdA8XaPE3mH9LvLUnv5CpoyesBw9NnrpxSLQLjmTthh20_mJNrmoh"
    "MDv_Bg"},
    {JOSE_RS512, JWK_RSA, CURVE_NONE, RSA_N, "AQAB",
    "eyJhbGciOiJSUzUxMiJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "oNcrhGcHgK0loyJ0AG0nTAF3RVhhGJSHwdP-MyRUcN1BXK-rDWFcCOYz9-GvFSm76HVefbfeaY-RkTFfoFlH"
    "kmOwov2-n47DWLXXLBVSaajGvjzbqAhPwTO7ZrN2AflRbE--dLySX-x0kn5SVUo5KuUBYxe8Aglahc7RzbOW"
    "t80jwzbrmNJZg8Iqu7JTyViYKk1cvZ7jIbi-qFMEM--IjpSZOhf_ppRA8H_p84VWTa5soxvgBOCHat_cM3Py"
    "GzL0Rpdy_zXv8IEmavklvNAkEoTbKex6fupUh3HEdZnQlczIDSPgQZq_t2FZ-JVzg8-P2HVAsiLpKExBC6cE"
    "PvTn3A"},
    {JOSE_PS256, JWK_RSA, CURVE_NONE, RSA_N, "AQAB",
    "eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "N3ph1eUSN9L5z_30Adqo1PBVh9j2JoyuGVgFW-sdO0ghs2Xumy35xt3GHsAlB-thJSEcVRQZUu2NjFskkrKK"
    "VWkfOhxDvpdNiUbUA2jSaK8Q6zyBE5PAR1Fh4PJSLukdrR7Xw2hPbwya8G7KBDXdoEKbGiNDTp3dz-nUY3RS"
    "bA8HaWg3OPRRzAnUSsoEjUtEuPymsemV6KDClnlWVW8ftnezgWcFQBBY5_2rbLgsW3JOFqO6ErbdX1FRKLUs"
    "LF4up-ZIlOna5G0o1wMKOwGkzP-xdJH67ZcY7oFhIgHEvL4qTzzKN13I_VCA1HuMOx4A2SdaJi-RvapM6uLT"
    "48RrHw"},
    {JOSE_PS384, JWK_RSA, CURVE_NONE, RSA_N, "AQAB",
    "eyJhbGciOiJQUzM4NCJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "fmKJC_e5mxrJaMa1yK1FRDrdCHq0PCEOiLIucrfYd90IyvsZQraeXQom552t7BXxDNuis_4rVe9HGaodOuvm"
    "TT7Xlg027v7GKI6nVTWq_iNSCua1VMTvwT85EY9CrGoPAW94MtnU06Vsv8_9c0sEiMBiwID2UiR0sJeu0n5K"
    "pzGVZ820HS2Xu5kI40g36CWw4gApDTlWAR1EDX717crI91xKxAlUW2YCh1qajj7-O-GRsrrrMzJ4QxhE8WUC"
    "UAyLWH6ufisdRtjyoKDOjsAzZoSq0saRmXq-_WDRsFpuOKcELBaB3frWVTGATJvQbIfl-r3an4mD2MbeOufK"
    "8VaMXA"},
    {JOSE_PS512, JWK_RSA, CURVE_NONE, RSA_N, "AQAB",
    "eyJhbGciOiJQUzUxMiJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "jWLbbnjy_623txUofVwaALRsg2G9rt5ZEYzzmYu67iH4bWoWrgLVMyIB4Z4dVfYULCP1F1qq3TUvH8BAZbYz"
    "dxnZKLL2kn7xZvo3nmfbyJQ2Ze8RRBbRt1JeZB0Enyt79nBSfWiCzmyAatXhsDqigLHUS3ATq_9DgiM5ydvH"
    "lCw58CGP7GwCVsKHS-xeo-bM3_AjZm_5Ivfsj0Fkk7FkGZMg3r5Nsi0PLhc_LK9vpPB0SWwOR7Ez6Rk8T6y3"
    "obJpHkRo2dpfmQBHYdiACIyJWshXGzXX7DyFPFQPkVyseE-A2zsV6Qk97uRFpjBBsw2G9sVFgIUaKGKlDZOb"
    "Tema0A"},
    {JOSE_ES256, JWK_EC, CURVE_P256, "QnSM3zfcyS8LHXSPrKswqzGP2reEPWXMuNEBGGeGSpE", "E-IESX0R5ex86WCDmNS3YYSW0cJERU0VE3xEBDLaZ5U",
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "SWl4x7iXiwlWekx8OQ4BL-howpjNpBiazEYQPW9TqC9oYQufFzm2UpeAjAKU3lDp8o8QjXjMeuemarXPVXUV"
    "IA"},
    {JOSE_ES384, JWK_EC, CURVE_P384, "FJz_CpaFmqZbc28qoqIyBnbsOPHcKLBnZfgwUKBn4_esG6Q-NegSGwTNaTxgeJrx", "UW7JvP1n1re5ijJchgQ8_msuiu9v9MzgANzQ4xHu9Yd8ythusal4Tw3F6AkAQzWw",
    "eyJhbGciOiJFUzM4NCJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "jJnmKn1cKSBIaZkwMLkeyYNWt448eSWOpzy8jjZ9feIYF13fXxCaV7UxG6eRw-RStpX7nYsU5SQoucomyzEs"
    "RwMYorrjoYR1Io9KmqAwejad8WQsMpAPMsG1PVB_H34j"},
    {JOSE_ES512, JWK_EC, CURVE_P521, "Ad4Jh6k6J22UvMNEXOJWNFANCWbCpVmCtpTNAWALnB-WblhOcLjszax5jP74K6jNadamdmVuFHPCdmsPzPkTYCMy", "AAi8kcZOGpGidr2dhIhMdhCBmVUucNSn2Qvii73djwXUOEl4dX-DKyQLkwSDNmF0mTY2z-2QKFf6qc_GKVES4C4A",
    "eyJhbGciOiJFUzUxMiJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "APrtuHhJ6tFt2tnc1sXMtnPDBxf9bop3jNWNfIqz2-2bF9dGij-fXgm9ghNANW_U6bVgOKNy5Rjlg46ktySb"
    "JNqaAOe7nD8UkPQQMrd1HxEbYQfPgIB46vtelZ0hKVYjC_M3RCJR0EclBklzZvkkEV5ipPO9dMZgPL8xujjB"
    "pp8iKlzU"},
    {JOSE_EDDSA, JWK_OKP, CURVE_ED25519, "_BDY6B7EE78caAvbr2PodCKFFd0ykgMAgvZUorxmMvM", "",
    "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJodHRwczovL29wLmV4YW1wbGUiLCJzdWIiOiJzZWxmLXRlc3QifQ."
    "BTs3S7WqCgsiCDxLCfQEhEr4F-8Cp38y1n9qBb9TD2Qtu2EIZ_yx4oePGAU4jkMmDF3IzcjZiMYzN7aKdpn0"
    "CQ"},
};
/* clang-format on */
static_assert(sizeof VECTORS / sizeof VECTORS[0] == JOSE_ALG_COUNT, "one vector per algorithm");

/* The byte in front of the last one: its bits all count, unlike those of the last. */
static struct str damaged(struct scope *scope, struct str token) {
    char *copy = arena_alloc(scope->arena, token.len);
    for (size_t i = 0; i < token.len; i++) {
        copy[i] = token.at[i];
    }
    copy[token.len - 2] = copy[token.len - 2] == 'A' ? 'B' : 'A';
    return (struct str){copy, token.len};
}

static result test_vector(struct scope *scope, struct jose *jose, size_t row) {
    struct str first;
    struct str second;
    TRY(base64url_decode(scope, str_from_c(VECTORS[row].first), &first));
    TRY(base64url_decode(scope, str_from_c(VECTORS[row].second), &second));
    struct jwk_public jwk = {.kind = VECTORS[row].kind, .curve = VECTORS[row].curve};
    if (jwk.kind == JWK_RSA) {
        jwk.n = first;
        jwk.e = second;
    } else {
        jwk.x = first;
        jwk.y = second;
    }
    AUTO(jose_key_close) struct jose_key *key = NULL;
    TRY(jose_key_open(scope, jose, &jwk, &key));
    const struct str token = str_from_c(VECTORS[row].token);
    TRY(jose_verify(scope, key, VECTORS[row].alg, token));
    REQUIRE(scope, !is_ok(jose_verify(scope, key, VECTORS[row].alg, damaged(scope, token))),
            INTERNAL, "jose.self_test");
    return OK_RESULT;
}

result jose_self_test(struct scope *scope, struct jose *jose) {
    for (size_t i = 0; i < JOSE_ALG_COUNT; i++) {
        REQUIRE(scope, is_ok(test_vector(scope, jose, i)), INTERNAL, "jose.self_test");
    }
    return OK_RESULT;
}
