#include "base/mail.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/curl_options.h"
#include "base/env.h"
#include "base/random.h"
#include "base/time_text.h"
#include "base/url.h"

enum {
    CONNECT_MS = 5000,
    TIMEOUT_MS = 30000,
    MAX_ADDRESS_BYTES = 254, /* RFC 5321 section 4.5.3.1.3, without the brackets */
    MAX_SUBJECT_BYTES = 200,
    MAX_TEXT_BYTES = 256 * 1024,
    WORD_BYTES = 45 /* an encoded word has at most 75 characters: 60 and its 12 of frame */
};

struct smtp_mailer {
    struct mailer mailer; /* first */
    char *url, *from, *user, *password;
    struct str ca_pem;
    bool is_plain_allowed;
};

static void close_mime(curl_mime **mime) {
    curl_mime_free(*mime);
}

/* One plain address that needs no quoting anywhere: envelope, header, log of the relay. */
static result check_address(struct scope *scope, struct str address) {
    struct str domain;
    REQUIRE(scope, address.len <= MAX_ADDRESS_BYTES, INVALID, "mail.address");
    for (size_t i = 0; i < address.len; i++) {
        const char byte = address.at[i];
        const bool is_plain = byte > ' ' && byte < 0x7f && strchr("<>()[]\\,;:\"", byte) == NULL;
        REQUIRE(scope, is_plain, INVALID, "mail.address");
    }
    REQUIRE(scope, is_ok(email_domain(scope, address, &domain)), INVALID, "mail.address");
    return OK_RESULT;
}

/* Bytes of the longest start of the text that fits a word and splits no character. */
static size_t word_len(struct str text) {
    size_t len = text.len < WORD_BYTES ? text.len : WORD_BYTES;
    while (len < text.len && ((unsigned char) text.at[len] & 0xc0) == 0x80) {
        len--;
    }
    return len;
}

static bool is_plain_subject(struct str subject) {
    for (size_t i = 0; i < subject.len; i++) {
        if ((unsigned char) subject.at[i] >= 0x7f) {
            return false;
        }
    }
    return subject.len <= WORD_BYTES && str_find(subject, STR("=?")) < 0;
}

/* RFC 2047 section 2: encoded words, one a line. */
static struct str encode_subject(struct arena *arena, struct str subject) {
    if (is_plain_subject(subject)) {
        return subject;
    }
    struct strbuf buf = strbuf_begin(arena, 1024);
    while (subject.len > 0) {
        const size_t len = word_len(subject);
        strbuf_add_c(&buf, buf.len == 0 ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
        strbuf_add(&buf, base64_encode(arena, str_first(subject, len)));
        strbuf_add_c(&buf, "?=");
        subject = str_from(subject, len);
    }
    return strbuf_str(&buf);
}

/* RFC 5322 section 3.3, from the RFC 3339 form. */
static struct str format_date(struct arena *arena, int64_t now_us) {
    static const char DAYS[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char MONTHS[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const struct str text = time_format(arena, now_us);
    const int64_t day = now_us / (S_TO_US(24 * 60 * 60)); /* day 0 was a Thursday */
    const int month = (text.at[5] - '0') * 10 + text.at[6] - '0';
    return str_format(arena, "%s, %.2s %s %.4s %.8s +0000", DAYS[day % 7], text.at + 8,
                      MONTHS[month - 1], text.at, text.at + 11);
}

/* Lines end with CRLF on the wire; a lone LF would be encoded as a character. */
static struct str to_wire_lines(struct arena *arena, struct str text) {
    struct strbuf buf = strbuf_begin(arena, 2 * MAX_TEXT_BYTES);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\n') {
            strbuf_add_byte(&buf, '\r');
        }
        if (text.at[i] != '\r') {
            strbuf_add_byte(&buf, text.at[i]);
        }
    }
    return strbuf_str(&buf);
}

static result check_mail(struct scope *scope, const struct mail *mail) {
    TRY(check_address(scope, mail->to));
    REQUIRE(scope, mail->subject.len > 0 && mail->subject.len <= MAX_SUBJECT_BYTES, INVALID,
            "mail.subject");
    REQUIRE(scope, str_is_utf8(mail->subject) && !str_has_control(mail->subject), INVALID,
            "mail.subject");
    REQUIRE(scope, mail->text.len <= MAX_TEXT_BYTES && str_is_utf8(mail->text), INVALID,
            "mail.text");
    REQUIRE(scope, str_find_byte(mail->text, '\0') < 0, INVALID, "mail.text");
    return OK_RESULT;
}

static result add_headers(struct scope *scope, const char *from, const struct mail *mail,
                          struct curl_slist **lines) {
    struct arena *arena = scope->arena;
    struct str domain;
    TRY(email_domain(scope, str_from_c(from), &domain));
    const struct str subject = encode_subject(arena, mail->subject);
    const struct str date = format_date(arena, clock_now_us(scope->env->clock));
    const struct str id = uuid_v7(scope);
    curl_lines_add(lines, str_format(arena, "From: <%s>", from).at);
    curl_lines_add(lines, str_format(arena, "To: <%.*s>", STR_ARG(mail->to)).at);
    curl_lines_add(lines, str_format(arena, "Subject: %.*s", STR_ARG(subject)).at);
    curl_lines_add(lines, str_format(arena, "Date: %.*s", STR_ARG(date)).at);
    curl_lines_add(lines,
                   str_format(arena, "Message-ID: <%.*s@%.*s>", STR_ARG(id), STR_ARG(domain)).at);
    curl_lines_add(lines,
                   "Auto-Submitted: auto-generated"); /* RFC 3834: no out-of-office replies */
    return OK_RESULT;
}

static curl_mime *make_body(struct arena *arena, CURL *easy, struct str text) {
    const struct str wire = to_wire_lines(arena, text);
    curl_mime *mime = curl_mime_init(easy);
    curl_mimepart *part = mime == NULL ? NULL : curl_mime_addpart(mime);
    const bool is_made = part != NULL && curl_mime_data(part, wire.at, wire.len) == CURLE_OK &&
                         curl_mime_type(part, "text/plain; charset=utf-8") == CURLE_OK &&
                         curl_mime_encoder(part, "quoted-printable") == CURLE_OK;
    if (!is_made) {
        abort();
    }
    return mime;
}

static void set_relay(CURL *easy, const struct smtp_mailer *self) {
    const long tls = self->is_plain_allowed ? (long) CURLUSESSL_NONE : (long) CURLUSESSL_ALL;
    CURL_SET(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    CURL_SET(easy, CURLOPT_NOSIGNAL, 1L);
    CURL_SET(easy, CURLOPT_PROXY, "");
    CURL_SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) CONNECT_MS);
    CURL_SET(easy, CURLOPT_TIMEOUT_MS, (long) TIMEOUT_MS);
    CURL_SET(easy, CURLOPT_URL, self->url);
    CURL_SET(easy, CURLOPT_USE_SSL, tls);
    curl_trust(easy, self->ca_pem);
    if (self->user[0] != '\0') {
        CURL_SET(easy, CURLOPT_USERNAME, self->user);
        CURL_SET(easy, CURLOPT_PASSWORD, self->password);
    }
}

/* RFC 5321 section 4.2.1: 4xx may be tried again, 5xx may not; sign-in is the operator's matter. */
static result explain(struct scope *scope, CURL *easy, CURLcode code) {
    long reply = 0;
    (void) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply);
    if (curl_is_tls_failure(code)) {
        return FAIL(scope, UNAVAILABLE, "mail.tls");
    }
    if (code == CURLE_LOGIN_DENIED || code == CURLE_AUTH_ERROR || reply == 530 || reply == 535) {
        return FAIL(scope, UNAVAILABLE, "mail.login");
    }
    if (reply >= 400 && reply < 500) {
        return FAIL(scope, UNAVAILABLE, "mail.deferred");
    }
    if (reply >= 500 && reply < 600) {
        return FAIL(scope, INVALID, "mail.refused");
    }
    return FAIL(scope, UNAVAILABLE, "mail.unreachable");
}

static result smtp_send(struct mailer *mailer, struct scope *scope, const struct mail *mail) {
    const struct smtp_mailer *self = (const struct smtp_mailer *) mailer;
    TRY(check_mail(scope, mail));
    AUTO(curl_lines_close) struct curl_slist *headers = NULL;
    AUTO(curl_lines_close) struct curl_slist *recipients = NULL;
    AUTO(curl_easy_close) CURL *easy = curl_easy_init();
    assert(easy != NULL);
    TRY(check_address(scope, str_from_c(self->from)));
    TRY(add_headers(scope, self->from, mail, &headers));
    AUTO(close_mime) curl_mime *mime = make_body(scope->arena, easy, mail->text);
    curl_lines_add(&recipients, str_format(scope->arena, "<%.*s>", STR_ARG(mail->to)).at);
    set_relay(easy, self);
    CURL_SET(easy, CURLOPT_MAIL_FROM, str_format(scope->arena, "<%s>", self->from).at);
    CURL_SET(easy, CURLOPT_MAIL_RCPT, recipients);
    CURL_SET(easy, CURLOPT_HTTPHEADER, headers);
    CURL_SET(easy, CURLOPT_MIMEPOST, mime);
    const CURLcode code = curl_easy_perform(easy);
    return code == CURLE_OK ? OK_RESULT : explain(scope, easy, code);
}

result smtp_probe(struct mailer *mailer, struct scope *scope) {
    const struct smtp_mailer *self = (const struct smtp_mailer *) mailer;
    AUTO(curl_easy_close) CURL *easy = curl_easy_init();
    assert(easy != NULL);
    set_relay(easy, self);
    CURL_SET(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
    CURL_SET(easy, CURLOPT_NOBODY, 1L);
    const CURLcode code = curl_easy_perform(easy);
    return code == CURLE_OK ? OK_RESULT : explain(scope, easy, code);
}

static char *keep_text(struct str text) {
    char *copy = calloc(1, text.len + 1);
    if (copy == NULL) {
        abort();
    }
    if (text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    return copy;
}

struct mailer *smtp_mailer_new(const struct smtp_settings *settings) {
    struct smtp_mailer *self = calloc(1, sizeof *self);
    if (self == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        abort();
    }
    self->mailer.send = smtp_send;
    self->url = keep_text(settings->url);
    self->from = keep_text(settings->from);
    self->user = keep_text(settings->user);
    self->password = keep_text(settings->password.bytes);
    self->ca_pem = (struct str){keep_text(settings->ca_pem), settings->ca_pem.len};
    self->is_plain_allowed = settings->is_plain_allowed;
    return &self->mailer;
}

void smtp_mailer_free(struct mailer **mailer) {
    struct smtp_mailer *self = (struct smtp_mailer *) *mailer;
    *mailer = NULL;
    if (self == NULL) {
        return;
    }
    explicit_bzero(self->password, strlen(self->password));
    free(self->url);
    free(self->from);
    free(self->user);
    free(self->password);
    free((void *) (uintptr_t) self->ca_pem.at);
    free(self);
    curl_global_cleanup();
}
