#include "base/crypto.h"

#include "tests/support/fixture.h"

static struct str hex(struct fixture *f, struct str bytes) {
    struct strbuf buf = strbuf_begin(f->scope.arena, 4096);
    for (size_t i = 0; i < bytes.len; i++) {
        strbuf_add(&buf, str_format(f->scope.arena, "%02x", (unsigned char) bytes.at[i]));
    }
    return strbuf_str(&buf);
}

static struct secret key_of(char byte) {
    static char keys[256][AEAD_KEY_BYTES];
    char *key = keys[(unsigned char) byte];
    for (size_t i = 0; i < AEAD_KEY_BYTES; i++) {
        key[i] = byte;
    }
    return (struct secret){{key, AEAD_KEY_BYTES}};
}

static void the_digests_of_fips_180_are_computed(void **state) {
    struct fixture *f = *state;
    assert_str(hex(f, sha256(f->scope.arena, STR("abc"))),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_str(hex(f, sha256(f->scope.arena, STR(""))),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_str(hex(f, sha384(f->scope.arena, STR("abc"))),
               "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
               "8086072ba1e7cc2358baeca134c825a7");
    assert_str(hex(f, sha512(f->scope.arena, STR("abc"))),
               "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    assert_str(sha256_text(f->scope.arena, STR("abc")),
               "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

static void the_vector_of_rfc_4231_gives_its_hmac(void **state) {
    struct fixture *f = *state;
    const struct secret key = {STR("Jefe")};
    assert_str(hex(f, hmac_sha256(f->scope.arena, key, STR("what do ya want for nothing?"))),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void a_sealed_value_opens_with_the_same_key_and_context(void **state) {
    struct fixture *f = *state;
    struct str sealed;
    struct str plain;
    assert_ok(seal(&f->scope, key_of('k'), STR("row-1"), STR("a secret"), &sealed));
    assert_ok(unseal(&f->scope, key_of('k'), STR("row-1"), sealed, &plain));
    assert_str(plain, "a secret");
    assert_ok(seal(&f->scope, key_of('k'), STR(""), STR(""), &sealed));
    assert_ok(unseal(&f->scope, key_of('k'), STR(""), sealed, &plain));
    assert_int_equal(plain.len, 0);
}

static void the_same_value_seals_differently_each_time(void **state) {
    struct fixture *f = *state;
    struct str first;
    struct str second;
    assert_ok(seal(&f->scope, key_of('k'), STR("row"), STR("a secret"), &first));
    assert_ok(seal(&f->scope, key_of('k'), STR("row"), STR("a secret"), &second));
    assert_false(str_eq(first, second));
}

static void a_sealed_value_does_not_open_elsewhere(void **state) {
    struct fixture *f = *state;
    struct str sealed;
    struct str plain = STR("untouched");
    assert_ok(seal(&f->scope, key_of('k'), STR("row-1"), STR("a secret"), &sealed));
    assert_failed(unseal(&f->scope, key_of('x'), STR("row-1"), sealed, &plain), &f->scope, INVALID,
                  "crypto.unseal");
    assert_failed(unseal(&f->scope, key_of('k'), STR("row-2"), sealed, &plain), &f->scope, INVALID,
                  "crypto.unseal");
    assert_str(plain, "untouched");
}

static void every_damaged_byte_of_a_sealed_value_is_noticed(void **state) {
    struct fixture *f = *state;
    struct str sealed;
    assert_ok(seal(&f->scope, key_of('k'), STR("row"), STR("a secret!"), &sealed));
    for (size_t i = 0; i < sealed.len; i++) {
        char *damaged = arena_alloc(f->scope.arena, sealed.len);
        for (size_t j = 0; j < sealed.len; j++) {
            damaged[j] = sealed.at[j];
        }
        damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
        struct str plain;
        assert_failed(
            unseal(&f->scope, key_of('k'), STR("row"), (struct str){damaged, sealed.len}, &plain),
            &f->scope, INVALID, "crypto.unseal");
        assert_failed(unseal(&f->scope, key_of('k'), STR("row"), str_first(sealed, i), &plain),
                      &f->scope, INVALID, "crypto.unseal");
    }
}

static void the_vectors_of_rfc_4648_encode_with_padding(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *plain, *text;
    } CASES[] = {{"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
                 {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "+/+/"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct str back;
        assert_str(base64_encode(f->scope.arena, str_from_c(CASES[i].plain)), CASES[i].text);
        assert_ok(base64_decode(&f->scope, str_from_c(CASES[i].text), &back));
        assert_str(back, CASES[i].plain);
    }
}

static void anything_but_strict_base64_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {"Zg",   "Zg=",    "Zg===", "Z===", "Zh==", "Zm9=",
                                          "-_-_", "Zm9v\n", " Zm9",  "=Zm9", "Z=m9", "===="};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct str bytes;
        assert_failed(base64_decode(&f->scope, str_from_c(REFUSED[i]), &bytes), &f->scope, INVALID,
                      "base64.malformed");
    }
}

static void secrets_are_equal_only_byte_by_byte(void **state) {
    (void) state;
    assert_true(secret_equal(STR("abc"), STR("abc")));
    assert_true(secret_equal(STR(""), STR("")));
    assert_false(secret_equal(STR("abc"), STR("abd")));
    assert_false(secret_equal(STR("abc"), STR("xbc")));
    assert_false(secret_equal(STR("abc"), STR("ab")));
    assert_false(secret_equal(STR("a\0b"), STR("a\0c")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_digests_of_fips_180_are_computed),
        SENTENCE(the_vector_of_rfc_4231_gives_its_hmac),
        SENTENCE(a_sealed_value_opens_with_the_same_key_and_context),
        SENTENCE(the_same_value_seals_differently_each_time),
        SENTENCE(a_sealed_value_does_not_open_elsewhere),
        SENTENCE(every_damaged_byte_of_a_sealed_value_is_noticed),
        SENTENCE(the_vectors_of_rfc_4648_encode_with_padding),
        SENTENCE(anything_but_strict_base64_is_refused),
        SENTENCE(secrets_are_equal_only_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
