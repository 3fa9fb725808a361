#include "base/address.h"

#include "tests/support/fixture.h"

static const struct address_rules NO_RULES = {NULL, 0};

static bool is_allowed(const char *text, uint16_t port, const struct address_rules *rules) {
    unsigned char address[ADDRESS_BYTES];
    assert_true(address_parse(str_from_c(text), address));
    return address_is_allowed(address, port, rules);
}

static void private_addresses_are_refused_up_to_their_last_one(void **state) {
    (void) state;
    static const char *const REFUSED[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::10.0.0.1",
        "::8.8.8.8",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "feff::1",
        "fc00::1",
        "fdff:ffff::1",
        "ff02::1",
        "64:ff9b:1::1",
        "2001::1",
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        if (is_allowed(REFUSED[i], 443, &NO_RULES)) {
            fail_msg("%s is allowed", REFUSED[i]);
        }
    }
}

static void the_neighbours_of_private_ranges_are_public(void **state) {
    (void) state;
    static const char *const ALLOWED[] = {
        "1.0.0.0",       "9.255.255.255",   "11.0.0.0",        "100.63.255.255", "100.128.0.0",
        "126.255.255.1", "128.0.0.1",       "169.253.255.255", "169.255.0.0",    "172.15.255.255",
        "172.32.0.0",    "191.255.255.255", "192.0.1.0",       "192.167.0.1",    "192.169.0.0",
        "198.17.0.1",    "198.20.0.0",      "223.255.255.255", "8.8.8.8",        "2606:4700::1",
        "2001:1::1",     "fbff::1",         "fe7f::1",
    };
    for (size_t i = 0; i < sizeof ALLOWED / sizeof ALLOWED[0]; i++) {
        if (!is_allowed(ALLOWED[i], 443, &NO_RULES)) {
            fail_msg("%s is refused", ALLOWED[i]);
        }
    }
}

static void an_ipv4_address_inside_ipv6_decides(void **state) {
    (void) state;
    assert_false(is_allowed("::ffff:127.0.0.1", 443, &NO_RULES));
    assert_false(is_allowed("::ffff:169.254.169.254", 443, &NO_RULES));
    assert_true(is_allowed("::ffff:8.8.8.8", 443, &NO_RULES));
    assert_false(is_allowed("64:ff9b::10.1.2.3", 443, &NO_RULES));
    assert_true(is_allowed("64:ff9b::8.8.8.8", 443, &NO_RULES));
    assert_false(is_allowed("2002:7f00:1::1", 443, &NO_RULES));
    assert_false(is_allowed("2002:c0a8:101::1", 443, &NO_RULES));
    assert_true(is_allowed("2002:808:808::1", 443, &NO_RULES));
}

static void a_rule_opens_its_range_and_ports_only(void **state) {
    struct fixture *f = *state;
    struct address_rule rules[2];
    assert_ok(address_rule_parse(&f->scope, STR("10.1.0.0/16 443 8443"), &rules[0]));
    assert_ok(address_rule_parse(&f->scope, STR("fd00:1::/33"), &rules[1]));
    const struct address_rules both = {rules, 2};

    assert_true(is_allowed("10.1.255.255", 443, &both));
    assert_true(is_allowed("10.1.0.0", 8443, &both));
    assert_true(is_allowed("::ffff:10.1.0.7", 443, &both));
    assert_false(is_allowed("10.1.0.0", 80, &both));
    assert_false(is_allowed("10.2.0.0", 443, &both));
    assert_false(is_allowed("10.0.255.255", 443, &both));
    assert_true(is_allowed("fd00:1:7fff::1", 1, &both));
    assert_false(is_allowed("fd00:1:8000::1", 1, &both));
    assert_false(is_allowed("64:ff9b::10.1.0.1", 443, &both));
}

static void a_bare_address_is_a_rule_for_one_host(void **state) {
    struct fixture *f = *state;
    struct address_rule rule;
    assert_ok(address_rule_parse(&f->scope, STR(" 127.0.0.1 "), &rule));
    const struct address_rules one = {&rule, 1};
    assert_true(is_allowed("127.0.0.1", 1, &one));
    assert_false(is_allowed("127.0.0.2", 1, &one));
    assert_ok(address_rule_parse(&f->scope, STR("::/0  1  2 3 4 5 6 7 65535"), &rule));
    assert_int_equal(rule.port_count, 8);
    assert_true(is_allowed("127.0.0.2", 65535, &one));
}

static void a_malformed_rule_is_refused(void **state) {
    struct fixture *f = *state;
    static const char *const REFUSED[] = {
        "",
        " ",
        "10",
        "10.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "10.0.0.1/8",
        "fd00::1/8",
        "fd00::/129",
        "fd00::/0128",
        "010.0.0.0/8",
        "10.0.0.0/8 0",
        "10.0.0.0/8 65536",
        "10.0.0.0/8 https",
        "10.0.0.0/8,443",
        "10.0.0.0/8 1 2 3 4 5 6 7 8 9",
        "localhost",
        "[::1]",
        "fe80::1%lo",
        "10.0.0.0 /8",
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct address_rule rule = {.prefix_bits = 7};
        assert_failed(address_rule_parse(&f->scope, str_from_c(REFUSED[i]), &rule), &f->scope,
                      INVALID, "address.rule");
        assert_int_equal(rule.prefix_bits, 7);
    }
    struct address_rule rule;
    assert_failed(address_rule_parse(&f->scope, STR("10.0.0.0\0/8"), &rule), &f->scope, INVALID,
                  "address.rule");
}

static void trusted_proxies_match_by_range_without_ports(void **state) {
    struct fixture *f = *state;
    struct address_rule rule;
    unsigned char address[ADDRESS_BYTES];
    assert_ok(address_rule_parse(&f->scope, STR("192.168.7.0/24 443"), &rule));
    const struct address_rules one = {&rule, 1};
    assert_true(address_parse(STR("192.168.7.9"), address));
    assert_true(address_matches(address, &one));
    assert_false(address_matches(address, &NO_RULES));
    assert_true(address_parse(STR("192.168.8.9"), address));
    assert_false(address_matches(address, &one));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(private_addresses_are_refused_up_to_their_last_one),
        SENTENCE(the_neighbours_of_private_ranges_are_public),
        SENTENCE(an_ipv4_address_inside_ipv6_decides),
        SENTENCE(a_rule_opens_its_range_and_ports_only),
        SENTENCE(a_bare_address_is_a_rule_for_one_host),
        SENTENCE(a_malformed_rule_is_refused),
        SENTENCE(trusted_proxies_match_by_range_without_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
