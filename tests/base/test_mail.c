#include "base/mail.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/fixture.h"
#include "tests/support/peer.h"

static struct peer SERVER;
static const char *const MISSING =
    "smtp_server.py does not start: apt-get install python3-aiosmtpd openssl";

static int start_server(void **state) {
    (void) state;
    static const char *const ARGV[] = {"/usr/bin/python3", "-Wignore", PEERS "/smtp_server.py",
                                       NULL};
    if (!peer_start(&SERVER, ARGV)) {
        (void) fprintf(stderr, "%s\n", MISSING);
    }
    return 0;
}

static int stop_server(void **state) {
    (void) state;
    peer_stop(&SERVER);
    return 0;
}

static struct str read_file(struct fixture *f, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return STR("");
    }
    char *text = arena_alloc(f->scope.arena, 65536);
    const size_t len = fread(text, 1, 65535, file);
    (void) fclose(file);
    return (struct str){text, len};
}

static struct smtp_settings settings_for(struct fixture *f, const char *scheme, const char *port) {
    if (SERVER.pid == 0) {
        peer_missing(MISSING);
    }
    (void) unlink(peer_value(&SERVER, "BOX"));
    return (struct smtp_settings){
        .url = str_format(f->scope.arena, "%s://127.0.0.1:%s", scheme, peer_value(&SERVER, port)),
        .from = STR("no-reply@gate.test"),
        .ca_pem = read_file(f, peer_value(&SERVER, "CA")),
    };
}

static struct mail plain_mail(void) {
    return (struct mail){STR("ada@example.test"), STR("Welcome"), STR("Hello Ada\n")};
}

static result send_mail(struct fixture *f, const struct smtp_settings *settings,
                        const struct mail *mail) {
    AUTO(smtp_mailer_free) struct mailer *mailer = smtp_mailer_new(settings);
    return mailer->send(mailer, &f->scope, mail);
}

static void assert_in_box(struct fixture *f, const char *text) {
    const struct str box = read_file(f, peer_value(&SERVER, "BOX"));
    if (str_find(box, str_from_c(text)) < 0) {
        fail_msg("no \"%s\" in:\n%.*s", text, STR_ARG(box));
    }
}

static void assert_box_empty(void) {
    assert_int_not_equal(access(peer_value(&SERVER, "BOX"), F_OK), 0);
}

static void a_mail_arrives_over_starttls_with_all_its_headers(void **state) {
    struct fixture *f = *state;
    const struct smtp_settings settings = settings_for(f, "smtp", "PORT");
    const struct mail mail = plain_mail();
    assert_ok(send_mail(f, &settings, &mail));
    assert_in_box(f, "envelope no-reply@gate.test -> ada@example.test\n");
    assert_in_box(f, "tls True ");
    assert_in_box(f, "From: no-reply@gate.test\nTo: ada@example.test\nSubject: Welcome\n"
                     "Date: Fri, 02 Jan 2026 03:04:05 +0000\nAuto-Submitted: auto-generated\n");
    assert_in_box(f, "headers 8 id True\n");
    assert_in_box(f, "wire: longest True lone 0 ascii True defects 0\n");
    assert_in_box(f, "text: Hello Ada\n");
}

static void a_mail_arrives_over_implicit_tls(void **state) {
    struct fixture *f = *state;
    const struct smtp_settings settings = settings_for(f, "smtps", "TLS_PORT");
    const struct mail mail = plain_mail();
    assert_ok(send_mail(f, &settings, &mail));
    assert_in_box(f, "tls True ");
}

static void subject_and_text_survive_every_script(void **state) {
    struct fixture *f = *state;
    const struct smtp_settings settings = settings_for(f, "smtp", "PORT");
    struct mail mail = plain_mail();
    mail.subject =
        STR("Gr\xc3\xbc\xc3\x9f"
            "e an alle \xe2\x80\x94 \xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 "
            "\xf0\x9f\x91\x8b\xf0\x9f\x91\x8b\xf0\x9f\x91\x8b, and a good deal more of it");
    mail.text =
        STR("one\r\n.\r\n..dots\n=3D trap\n\xc3\xa9t\xc3\xa9 \nFrom here\nno newline at the end "
            "of a line that is much longer than the seventy-six bytes that it may have on "
            "the wire, \xe2\x82\xac");
    assert_ok(send_mail(f, &settings, &mail));
    assert_in_box(f, str_format(f->scope.arena, "Subject: %.*s\n", STR_ARG(mail.subject)).at);
    assert_in_box(f, "text: one\n.\n..dots\n=3D trap\n\xc3\xa9t\xc3\xa9 \nFrom here\nno newline at "
                     "the end of a line that is much longer than the seventy-six bytes that it may "
                     "have on the wire, \xe2\x82\xac");
    assert_in_box(f, "wire: longest True lone 0 ascii True defects 0\n");
}

static void a_subject_that_looks_encoded_is_taken_literally(void **state) {
    struct fixture *f = *state;
    const struct smtp_settings settings = settings_for(f, "smtp", "PORT");
    struct mail mail = plain_mail();
    mail.subject = STR("=?UTF-8?B?SGk=?= there");
    assert_ok(send_mail(f, &settings, &mail));
    assert_in_box(f, "Subject: =?UTF-8?B?SGk=?= there\n");
}

static void sign_in_uses_the_password_and_only_the_right_one(void **state) {
    struct fixture *f = *state;
    struct smtp_settings settings = settings_for(f, "smtp", "SUBMIT_PORT");
    const struct mail mail = plain_mail();
    settings.user = STR("gw");
    settings.password = (struct secret){STR("gwp\xc3\xa4ss")};
    assert_ok(send_mail(f, &settings, &mail));
    assert_in_box(f, "auth True\n");
    settings = settings_for(f, "smtp", "SUBMIT_PORT");
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.login");
    settings.user = STR("gw");
    settings.password = (struct secret){STR("wrong")};
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.login");
    assert_box_empty();
}

static void a_relay_without_tls_is_refused_unless_plain_is_allowed(void **state) {
    struct fixture *f = *state;
    struct smtp_settings settings = settings_for(f, "smtp", "PLAIN_PORT");
    const struct mail mail = plain_mail();
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.tls");
    assert_box_empty();
    settings.is_plain_allowed = true;
    assert_ok(send_mail(f, &settings, &mail));
    assert_in_box(f, "tls False ");
}

static void a_relay_of_another_authority_or_name_is_refused(void **state) {
    struct fixture *f = *state;
    struct smtp_settings settings = settings_for(f, "smtp", "PORT");
    const struct mail mail = plain_mail();
    settings.ca_pem = STR("");
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.tls");
    settings.ca_pem = read_file(f, peer_value(&SERVER, "OTHER_CA"));
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.tls");
    settings = settings_for(f, "smtp", "PORT");
    settings.url =
        str_format(f->scope.arena, "smtp://other.localhost:%s", peer_value(&SERVER, "PORT"));
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.tls");
    assert_box_empty();
}

static void refusal_and_delay_are_told_apart(void **state) {
    struct fixture *f = *state;
    const struct smtp_settings settings = settings_for(f, "smtp", "PORT");
    struct mail mail = plain_mail();
    mail.to = STR("ada@reject.test");
    assert_failed(send_mail(f, &settings, &mail), &f->scope, INVALID, "mail.refused");
    mail.to = STR("ada@defer.test");
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.deferred");
    mail = plain_mail();
    mail.subject = STR("refuse the data");
    assert_failed(send_mail(f, &settings, &mail), &f->scope, INVALID, "mail.refused");
    assert_box_empty();
}

static void a_relay_that_is_away_is_unreachable(void **state) {
    struct fixture *f = *state;
    struct smtp_settings settings = settings_for(f, "smtp", "CLOSED_PORT");
    const struct mail mail = plain_mail();
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.unreachable");
    settings.url = STR("file:///etc/passwd");
    assert_failed(send_mail(f, &settings, &mail), &f->scope, UNAVAILABLE, "mail.unreachable");
}

static void an_address_that_needs_quoting_is_refused(void **state) {
    struct fixture *f = *state;
    const struct smtp_settings settings = settings_for(f, "smtp", "PORT");
    static const struct str REFUSED[] = {
        STR_INIT(""),
        STR_INIT("ada"),
        STR_INIT("@example.test"),
        STR_INIT("ada@"),
        STR_INIT("ada@a@example.test"),
        STR_INIT("ada @example.test"),
        STR_INIT("ada@example.test>\r\nRCPT TO:<eve@example.test"),
        STR_INIT("ada@example.test\n"),
        STR_INIT("ada@example.test\0"),
        STR_INIT("ada@example.test,eve@example.test"),
        STR_INIT("<ada@example.test>"),
        STR_INIT("\"a b\"@example.test"),
        STR_INIT("\xc3\xa4@example.test"),
    };
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct mail mail = plain_mail();
        mail.to = REFUSED[i];
        assert_failed(send_mail(f, &settings, &mail), &f->scope, INVALID, "mail.address");
    }
    assert_box_empty();
}

static void a_subject_cannot_add_a_header(void **state) {
    struct fixture *f = *state;
    const struct smtp_settings settings = settings_for(f, "smtp", "PORT");
    static const struct str REFUSED[] = {STR_INIT("a\r\nBcc: eve@example.test"), STR_INIT("a\nb"),
                                         STR_INIT("a\0b"), STR_INIT("\xff"), STR_INIT("")};
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        struct mail mail = plain_mail();
        mail.subject = REFUSED[i];
        assert_failed(send_mail(f, &settings, &mail), &f->scope, INVALID, "mail.subject");
    }
    struct mail mail = plain_mail();
    mail.text = STR("a\0b");
    assert_failed(send_mail(f, &settings, &mail), &f->scope, INVALID, "mail.text");
    mail.text = STR("\xc3");
    assert_failed(send_mail(f, &settings, &mail), &f->scope, INVALID, "mail.text");
    assert_box_empty();
}

static result probe(struct fixture *f, const struct smtp_settings *settings) {
    AUTO(smtp_mailer_free) struct mailer *mailer = smtp_mailer_new(settings);
    return smtp_probe(mailer, &f->scope);
}

static void a_probe_goes_as_far_as_the_sign_in_and_sends_nothing(void **state) {
    struct fixture *f = *state;
    struct smtp_settings settings = settings_for(f, "smtp", "SUBMIT_PORT");
    settings.user = STR("gw");
    settings.password = (struct secret){STR("gwp\xc3\xa4ss")};
    assert_ok(probe(f, &settings));
    settings.password = (struct secret){STR("wrong")};
    assert_failed(probe(f, &settings), &f->scope, UNAVAILABLE, "mail.login");
    settings = settings_for(f, "smtp", "PLAIN_PORT");
    assert_failed(probe(f, &settings), &f->scope, UNAVAILABLE, "mail.tls");
    settings = settings_for(f, "smtp", "CLOSED_PORT");
    assert_failed(probe(f, &settings), &f->scope, UNAVAILABLE, "mail.unreachable");
    assert_box_empty();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SENTENCE(a_mail_arrives_over_starttls_with_all_its_headers),
        SENTENCE(a_mail_arrives_over_implicit_tls),
        SENTENCE(subject_and_text_survive_every_script),
        SENTENCE(a_subject_that_looks_encoded_is_taken_literally),
        SENTENCE(sign_in_uses_the_password_and_only_the_right_one),
        SENTENCE(a_relay_without_tls_is_refused_unless_plain_is_allowed),
        SENTENCE(a_relay_of_another_authority_or_name_is_refused),
        SENTENCE(refusal_and_delay_are_told_apart),
        SENTENCE(a_relay_that_is_away_is_unreachable),
        SENTENCE(an_address_that_needs_quoting_is_refused),
        SENTENCE(a_subject_cannot_add_a_header),
        SENTENCE(a_probe_goes_as_far_as_the_sign_in_and_sends_nothing),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
