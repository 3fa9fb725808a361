#include "tests/identity/saml/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identity/saml/saml_check.h"
#include "identity/saml/saml_reason.h"

#if defined(__SANITIZE_ADDRESS__) || defined(ARENA_DEBUG)
enum { CPU_LIMIT_US = 2000 * 1000 };
#else
enum { CPU_LIMIT_US = 50 * 1000 };
#endif

struct trial {
    struct fixture fixture;
    const struct judge *judge;
    const struct saml_class *class;
    const struct saml_case *one;
    char name[256];
};

union facts {
    struct saml_response response;
    struct saml_logout logout;
    struct saml_idp idp;
};

static int64_t cpu_us(void) {
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return S_TO_US(now.tv_sec) + now.tv_nsec / 1000;
}

static result decided(const struct trial *trial, struct lab *lab, struct str bytes,
                      union facts *ret) {
    const struct judge *judge = trial->judge;
    switch (trial->class->kind) {
    case OF_LOGOUT: return judge->logout(judge->context, lab, bytes, &ret->logout);
    case OF_METADATA: return judge->metadata(judge->context, lab, bytes, &ret->idp);
    case OF_RESPONSE: break;
    }
    return judge->response(judge->context, lab, bytes, &ret->response);
}

/* What the worker makes of the facts. */
static result checked(const struct trial *trial, struct lab *lab, const union facts *facts) {
    struct saml_finding finding;
    switch (trial->class->kind) {
    case OF_RESPONSE: return saml_check(lab->scope, &facts->response, &lab->want, &finding);
    case OF_LOGOUT:
        return saml_logout_check(lab->scope, &facts->logout, &lab->want_logout, &finding);
    case OF_METADATA: break;
    }
    return OK_RESULT;
}

/* The facts stay as they were when the door refuses. */
static void assert_untouched(const union facts *facts, size_t size) {
    const unsigned char *bytes = (const unsigned char *) facts;
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(bytes[i], 0xa5);
    }
}

static size_t size_of(enum case_kind kind) {
    switch (kind) {
    case OF_LOGOUT: return sizeof(struct saml_logout);
    case OF_METADATA: return sizeof(struct saml_idp);
    case OF_RESPONSE: break;
    }
    return sizeof(struct saml_response);
}

static const char *said(struct arena *arena, enum case_kind kind, const union facts *facts) {
    switch (kind) {
    case OF_LOGOUT: return said_logout(arena, &facts->logout);
    case OF_METADATA: return said_metadata(arena, &facts->idp);
    case OF_RESPONSE: break;
    }
    return said_response(arena, &facts->response);
}

/* Junk never meets the decryption key, nor does what nobody has signed where that can be known. */
static void assert_key_unused(const struct trial *trial, const struct lab *lab) {
    const char *reason = trial->one->reason;
    const bool is_early = strncmp(reason, "saml.gate_", 10) == 0 ||
                          strcmp(reason, "saml.cbc_unsigned") == 0 ||
                          (trial->class->kind == OF_LOGOUT && strcmp(reason, "saml.decrypt") != 0);
    if (is_early && reason[0] != '\0') {
        assert_int_equal(lab->keys_asked, 0);
    }
    assert_true(lab->keys_asked <= 1);
}

static void one_case(void **state) {
    struct trial *trial = *state;
    struct lab lab;
    lab_open(&lab, &trial->fixture.scope, trial->class->kind);
    const struct str bytes = lab_message(&lab, trial->class, trial->one);
    union facts *facts = arena_alloc(lab.arena, sizeof *facts);
    memset(facts, 0xa5, sizeof *facts);

    lab.scope->reason = "";
    const int64_t begin_us = cpu_us();
    const result door = decided(trial, &lab, bytes, facts);
    const int64_t used_us = cpu_us() - begin_us;
    result verdict = door;
    if (is_ok(door)) {
        verdict = checked(trial, &lab, facts);
    }

    const char *got = is_ok(verdict) ? "" : lab.scope->reason;
    if (strcmp(got, trial->one->reason) != 0) {
        fail_msg("got \"%s\", wanted \"%s\"", got, trial->one->reason);
    }
    if (is_ok(verdict)) {
        assert_string_equal(said(lab.arena, trial->class->kind, facts), lab.said);
    }
    if (!is_ok(door)) {
        assert_untouched(facts, size_of(trial->class->kind));
        assert_int_equal(door.code, saml_reason_code(saml_reason_of(lab.scope)));
    }
    assert_key_unused(trial, &lab);
    if (trial->judge->is_counted && used_us > CPU_LIMIT_US) {
        fail_msg("took %lld us", (long long) used_us);
    }
}

static int open_trial(void **state) {
    struct trial *trial = *state;
    fixture_open(&trial->fixture);
    return 0;
}

static int close_trial(void **state) {
    struct trial *trial = *state;
    fixture_close(&trial->fixture);
    return 0;
}

static size_t case_count(void) {
    size_t count = 0;
    for (size_t i = 0; i < SAML_CLASS_COUNT; i++) {
        count += SAML_CLASSES[i]->count;
    }
    return count;
}

static void name_trial(struct trial *trial) {
    (void) snprintf(trial->name, sizeof trial->name, "%s: %s", trial->class->title,
                    trial->one->name);
}

int judge_all(const struct judge *judge) {
    const size_t count = case_count();
    struct trial *trials = calloc(count + 1, sizeof *trials);
    struct CMUnitTest *tests = calloc(count + 1, sizeof *tests);
    assert_true(trials != NULL && tests != NULL);
    size_t at = 0;
    for (size_t i = 0; i < SAML_CLASS_COUNT; i++) {
        for (size_t j = 0; j < SAML_CLASSES[i]->count; j++, at++) {
            trials[at].judge = judge;
            trials[at].class = SAML_CLASSES[i];
            trials[at].one = &SAML_CLASSES[i]->cases[j];
            name_trial(&trials[at]);
            tests[at] = (struct CMUnitTest){trials[at].name, one_case, open_trial, close_trial,
                                            &trials[at]};
        }
    }
    const int failed = _cmocka_run_group_tests("the attack list of SAML", tests, count, NULL, NULL);
    free(tests);
    free(trials);
    return failed;
}
