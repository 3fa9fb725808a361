#include "gateway/http/client_address.h"

#include "gateway/http/address_table.h"
#include "tests/support/fixture.h"

static struct str found(struct fixture *f, const char *peer, const char *forwarded,
                        const struct address_rules *trusted) {
    unsigned char bytes[16];
    unsigned char client[16];
    assert_true(address_parse(str_from_c(peer), bytes));
    client_address_find(bytes, str_from_c(forwarded), trusted, client);
    return client_address_text(f->scope.arena, client);
}

static void a_forwarded_address_is_believed_from_a_trusted_proxy_only(void **state) {
    struct fixture *f = *state;
    struct address_rule rule;
    assert_ok(address_rule_parse(&f->scope, STR("10.0.0.0/8"), &rule));
    const struct address_rules trusted = {&rule, 1};
    const struct address_rules none = {NULL, 0};
    assert_str(found(f, "10.0.0.1", "198.51.100.7", &none), "10.0.0.1");
    assert_str(found(f, "10.0.0.1", "198.51.100.7", &trusted), "198.51.100.7");
    assert_str(found(f, "203.0.113.9", "198.51.100.7", &trusted), "203.0.113.9");
    /* what stands left of the first untrusted address was written by the client itself */
    assert_str(found(f, "10.0.0.1", "1.2.3.4, 198.51.100.7, 10.9.9.9", &trusted), "198.51.100.7");
    assert_str(found(f, "10.0.0.1", "nonsense", &trusted), "10.0.0.1");
    assert_str(found(f, "10.0.0.1", "2001:db8::1", &trusted), "2001:db8::1");
}

static void an_address_holds_its_limit_of_connections_and_no_more(void **state) {
    (void) state;
    unsigned char one[16];
    unsigned char other[16];
    assert_true(address_parse(STR("192.0.2.1"), one));
    assert_true(address_parse(STR("192.0.2.2"), other));
    struct address_table *table = address_table_new(8, 2);
    assert_true(address_table_enter(table, one));
    assert_true(address_table_enter(table, one));
    assert_false(address_table_enter(table, one));
    assert_true(address_table_enter(table, other));
    address_table_leave(table, one);
    assert_true(address_table_enter(table, one));
    address_table_free(&table);
}

static void one_customer_has_a_whole_ipv6_64(void **state) {
    (void) state;
    unsigned char one[16];
    unsigned char neighbour[16];
    unsigned char stranger[16];
    assert_true(address_parse(STR("2001:db8:1:2::1"), one));
    assert_true(address_parse(STR("2001:db8:1:2:ffff::1"), neighbour));
    assert_true(address_parse(STR("2001:db8:1:3::1"), stranger));
    struct address_table *table = address_table_new(8, 1);
    assert_true(address_table_enter(table, one));
    assert_false(address_table_enter(table, neighbour));
    assert_true(address_table_enter(table, stranger));
    address_table_free(&table);
}

/* Enter and leave in an order that makes probes wrap and holes close: counts must stay right. */
static void counts_stay_right_when_many_addresses_come_and_go(void **state) {
    struct fixture *f = *state;
    struct address_table *table = address_table_new(64, 1);
    bool is_in[256] = {false};
    for (int i = 0; i < 20000; i++) {
        unsigned char pick = 0;
        f->env.random->bytes(f->env.random, &pick, 1);
        unsigned char address[16] = {0};
        address[7] = pick;
        if (is_in[pick]) {
            assert_false(address_table_enter(table, address));
            address_table_leave(table, address);
            is_in[pick] = false;
        } else {
            is_in[pick] = address_table_enter(table, address);
        }
    }
    address_table_free(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_forwarded_address_is_believed_from_a_trusted_proxy_only),
        SENTENCE(an_address_holds_its_limit_of_connections_and_no_more),
        SENTENCE(one_customer_has_a_whole_ipv6_64),
        SENTENCE(counts_stay_right_when_many_addresses_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
