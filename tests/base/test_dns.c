#include "base/dns.h"

#include <string.h>

#include "tests/support/fixture.h"

/* An answer to "a.b TXT": a CNAME first, then a TXT record of two strings "he" and "llo". */
static const unsigned char ANSWER[] = {
    0x12, 0x34, 0x81, 0x80, 0, 1, 0,  2, 0, 0,  0, 0,                   /* header */
    1,    'a',  1,    'b',  0, 0, 16, 0, 1,                             /* question */
    0xc0, 12,   0,    5,    0, 1, 0,  0, 0, 60, 0, 4, 1, 'c', 0xc0, 14, /* a.b CNAME c.b */
    0xc0, 33,   0,    16,   0, 1, 0,  0, 0, 60, 0, 7, 2, 'h', 'e',  3,  'l', 'l', 'o',
};

static struct str answer(void) {
    return (struct str){(const char *) ANSWER, sizeof ANSWER};
}

static void the_strings_of_a_record_are_joined_and_other_records_skipped(void **state) {
    struct fixture *f = *state;
    struct dns_texts texts;
    assert_ok(dns_read_texts(&f->scope, answer(), &texts));
    assert_int_equal(texts.count, 1);
    assert_str(texts.texts[0], "hello");
}

static void every_cut_of_an_answer_is_refused(void **state) {
    struct fixture *f = *state;
    for (size_t len = 0; len < sizeof ANSWER; len++) {
        struct dns_texts texts;
        assert_failed(dns_read_texts(&f->scope, str_first(answer(), len), &texts), &f->scope,
                      UNAVAILABLE, "dns.failed");
    }
}

static void a_string_longer_than_its_record_is_refused(void **state) {
    struct fixture *f = *state;
    unsigned char bytes[sizeof ANSWER];
    memcpy(bytes, ANSWER, sizeof bytes);
    bytes[sizeof bytes - 4] = 4;
    struct dns_texts texts;
    assert_failed(
        dns_read_texts(&f->scope, (struct str){(const char *) bytes, sizeof bytes}, &texts),
        &f->scope, UNAVAILABLE, "dns.failed");
}

static void a_server_is_an_ipv4_address_and_a_port(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {"127.0.0.1",    "127.0.0.1:", "127.0.0.1:70000",
                                          "localhost:53", "[::1]:53",   ":53"};
    struct dns *dns = NULL;
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++) {
        assert_failed(system_dns_new(&f->scope, str_from_c(REFUSED[i]), &dns), &f->scope, INVALID,
                      "dns.server");
    }
    assert_ok(system_dns_new(&f->scope, STR("127.0.0.1:53"), &dns));
    system_dns_free(&dns);
    assert_null(dns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(the_strings_of_a_record_are_joined_and_other_records_skipped),
        SENTENCE(every_cut_of_an_answer_is_refused),
        SENTENCE(a_string_longer_than_its_record_is_refused),
        SENTENCE(a_server_is_an_ipv4_address_and_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
