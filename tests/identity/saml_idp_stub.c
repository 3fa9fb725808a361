#include "tests/identity/saml_idp_stub.h"

#include "base/clock.h"
#include "identity/alert.h"
#include "identity/connection_config.h"
#include "identity/saml/saml_refresh.h"

static result answer(struct http_client *client, struct scope *scope, const struct http_call *call,
                     struct http_reply *ret) {
    struct idp_stub *idp = (struct idp_stub *) (void *) client;
    idp->calls++;
    idp->seen_url = call->url;
    idp->seen_ca = call->ca_pem;
    idp->seen_limit = call->max_bytes;
    idp->seen_etag = STR("");
    for (size_t i = 0; i < call->header_count; i++) {
        if (str_eq(call->headers[i].name, STR("If-None-Match"))) {
            idp->seen_etag = str_copy(scope->arena, call->headers[i].value);
        }
    }
    if (idp->failure != NULL) {
        scope->reason = idp->failure;
        return (result){idp->failure_code};
    }
    *ret = (struct http_reply){
        .status = idp->status,
        .content_type = STR("application/samlmetadata+xml"),
        .body = str_from_c(idp->body),
        .etag = str_from_c(idp->etag),
    };
    return OK_RESULT;
}

static void read_keys(struct scope *scope, struct str keys, int64_t made_us, struct saml_idp *ret) {
    while (keys.len > 0) {
        struct str key;
        struct str days;
        keys = str_split(keys, ',', &key);
        days = str_split(key, ':', &key);
        int64_t left_days = 1000;
        (void) parse_i64(scope, days, -1000, 9999, &left_days).code;
        ret->certificates[ret->certificate_count++] =
            (struct saml_certificate){key, 0, made_us + S_TO_US(left_days * 86400)};
    }
}

static result read_line(struct scope *scope, void *context, const struct saml_metadata_input *input,
                        struct saml_idp *ret) {
    const int64_t *made_us = context;
    struct saml_idp idp = {.sign_on_count = 1};
    struct str keys;
    struct str life;
    struct str rest = str_split(input->xml, '|', &idp.entity_id);
    rest = str_split(rest, '|', &idp.sign_on[0].location);
    rest = str_split(rest, '|', &keys);
    (void) str_split(rest, '|', &life);
    REQUIRE(scope, idp.sign_on[0].location.len > 0, INVALID, "saml.metadata_xml");
    REQUIRE(scope, input->entity_id.len == 0 || str_eq(input->entity_id, idp.entity_id), INVALID,
            "saml.metadata_entity");
    read_keys(scope, keys, *made_us, &idp);
    REQUIRE(scope, idp.certificate_count > 0, INVALID, "saml.metadata_key");
    int64_t life_s = 0;
    if (life.len > 0 && is_ok(parse_i64(scope, life, 0, INT64_C(9999999), &life_s))) {
        idp.valid_until = (struct saml_time){true, input->now_us + S_TO_US(life_s)};
    }
    *ret = idp;
    return OK_RESULT;
}

static result keep_mail(struct mailer *mailer, struct scope *scope, const struct mail *mail) {
    struct kept_mail *kept = (struct kept_mail *) (void *) mailer;
    if (kept->failure != NULL) {
        scope->reason = kept->failure;
        return (result){kept->failure_code};
    }
    assert_true(kept->count < 8);
    kept->to[kept->count] = mail->to;
    kept->subject[kept->count] = mail->subject;
    kept->text[kept->count++] = mail->text;
    return OK_RESULT;
}

static void given_saml_connection(struct idp_world *w) {
    struct scope *scope = &w->d->fixture.scope;
    const struct json *body = NULL;
    struct connection_input *input = NEW(scope->arena, struct connection_input);
    struct saml_provider *imported = NEW(scope->arena, struct saml_provider);
    assert_ok(json_read(
        scope, STR("{\"kind\":\"saml\",\"name\":\"Big IdP\",\"metadata_url\":\"" IDP_URL "\"}"),
        &body));
    assert_ok(connection_input_read(scope, body, NULL, input));
    assert_ok(
        saml_provider_import(scope, &w->reader, &input->connection.saml, &input->source, imported));
    AUTO(tx_end) struct tx *tx = NULL;
    assert_ok(tx_begin(scope, w->d->db, LANE_NORMAL, &tx));
    assert_ok(
        connection_create_scim(scope, tx, w->company.org.id, STR("Big IdP"), &w->connection_id));
    assert_ok(saml_provider_store(scope, tx, w->company.org.id, w->connection_id, imported));
    static const struct statement BE_SAML = {
        "test.be_saml", TENANT,
        "UPDATE connection SET kind = 'saml', config = $3 WHERE org_id = $1 AND id = $2", NULL};
    assert_ok(tx_run(scope, tx, &BE_SAML,
                     VALUES(value_text(w->company.org.id), value_text(w->connection_id),
                            value_text(connection_config_write(scope, &input->connection))),
                     NULL));
    assert_ok(tx_commit(scope, tx));
}

struct idp_world *idp_world_open(struct database *d, const char *body) {
    struct idp_world *w = NEW(d->fixture.scope.arena, struct idp_world);
    w->d = d;
    w->idp = (struct idp_stub){.client = {.send = answer}, .status = 200, .body = body};
    w->mail.mailer.send = keep_mail;
    d->fixture.env.http = &w->idp.client;
    d->fixture.env.mail = &w->mail.mailer;
    w->made_us = d->fixture.time.now_us;
    w->reader = (struct saml_reader){.read = read_line, .context = &w->made_us};
    w->company = given_company(d, "acme");
    w->admin = actor_of(&w->company.creator);
    w->change = (struct connection_change){&IDENTITY, &BACKEND, &w->admin, STR("r-1"), 0};
    given_saml_connection(w);
    return w;
}

struct saml_provider idp_provider(struct idp_world *w) {
    struct saml_provider provider;
    assert_ok(saml_provider_find(&w->d->fixture.scope, w->d->db, w->company.org.id,
                                 w->connection_id, &provider));
    return provider;
}

int idp_run_jobs(struct idp_world *w) {
    struct scope *scope = &w->d->fixture.scope;
    struct job job;
    for (int count = 0;; count++) {
        if (!is_ok(job_claim(scope, w->d->db, STR("runner"), S_TO_US(60), &job))) {
            return count;
        }
        const result done = str_eq(job.kind, STR(ALERT_JOB))
                                ? alert_mail_run(scope, &BACKEND, w->d->db, &job)
                                : saml_refresh_run(scope, &w->reader, w->d->db, &job);
        assert_ok(is_ok(done) ? job_finish(scope, w->d->db, &job, STR("runner"))
                              : job_retry(scope, w->d->db, &job, STR("runner"), scope->reason));
    }
}

void idp_refresh_when_due(struct idp_world *w) {
    const struct saml_provider provider = idp_provider(w);
    fake_clock_advance(&w->d->fixture.time, provider.next_us - w->d->fixture.time.now_us);
    assert_ok(saml_refresh_schedule(&w->d->fixture.scope, w->d->db));
    assert_true(idp_run_jobs(w) > 0);
}
