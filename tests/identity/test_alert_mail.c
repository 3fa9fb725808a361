/* The mail about a certificate, through a real relay: tests/interop/alert_mail starts it and says
 * where it is. */

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/certificate_watch.h"
#include "tests/identity/saml_idp_stub.h"

static struct str read_file(struct scope *scope, const char *path) {
    char *text = arena_alloc(scope->arena, 65536);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t len = fread(text, 1, 65535, file);
    (void) fclose(file);
    return (struct str){text, len};
}

static int look_into(struct scope *scope, const char *folder, struct str *ret_path) {
    int count = 0;
    DIR *list = opendir(folder); /* made with the first mail */
    if (list == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        if (entry->d_name[0] != '.') {
            *ret_path = str_format(scope->arena, "%s/%s", folder, entry->d_name);
            count++;
        }
    }
    (void) closedir(list);
    return count;
}

/* The only mail in the folder; the relay delivers when it has taken it. */
static struct str received(struct scope *scope, const char *maildir) {
    const char *folder = str_format(scope->arena, "%s/new", maildir).at;
    struct str path = STR("");
    int count = 0;
    for (int round = 0; round < 200 && count == 0; round++) {
        count = look_into(scope, folder, &path);
        (void) poll(NULL, 0, count == 0 ? 50 : 0);
    }
    assert_int_equal(count, 1);
    return read_file(scope, path.at);
}

static void the_alert_arrives_as_plain_text(void **state) {
    struct idp_world *w = idp_world_open(*state, "https://idp.example|https://i.example/|key1:5");
    struct scope *scope = &w->d->fixture.scope;
    struct certificate_outlook outlook;
    const struct smtp_settings settings = {
        .url = str_format(scope->arena, "smtp://127.0.0.1:%s", getenv("EXIM_PORT")),
        .from = STR("gatehouse@example.com"),
        .ca_pem = read_file(scope, getenv("EXIM_CA")),
    };
    AUTO(smtp_mailer_free) struct mailer *mailer = smtp_mailer_new(&settings);
    w->d->fixture.env.mail = mailer;
    assert_ok(certificate_watch(scope, w->d->db, &outlook));
    assert_ok(certificate_watch(scope, w->d->db, &outlook));
    assert_int_equal(idp_run_jobs(w), 1);
    const struct str mail = received(scope, getenv("EXIM_MAILDIR"));
    assert_true(str_find(mail, STR("envelope-to: boss@example.com")) >= 0 ||
                str_find(mail, STR("Envelope-to: boss@example.com")) >= 0);
    assert_true(str_find(mail, STR("Content-Type: text/plain; charset=utf-8")) >= 0);
    assert_true(str_find(mail, STR("Big IdP")) >= 0);
    assert_true(str_find(mail, STR("fingerprint")) >= 0);
}

int main(void) {
    if (getenv("EXIM_PORT") == NULL) {
        (void) printf("no relay: run tests/interop/alert_mail\n");
        return 77;
    }
    use_all_migrations();
    const struct CMUnitTest tests[] = {ON_SQLITE(the_alert_arrives_as_plain_text)};
    return cmocka_run_group_tests(tests, NULL, on_both_stop);
}
