#pragma once
/* A directory's desk for tests: requests to the SCIM handlers of an organisation, and a credential
 * of another folder, so that it is seen whether access was really cut. */

#include "base/json.h"
#include "provisioning/provisioning.h"
#include "provisioning/schema.h"
#include "provisioning/scim/scim_http.h"
#include "tests/messaging/given.h"

#define CORE_URN         "urn:ietf:params:scim:schemas:core:2.0:User"
#define ENTERPRISE_URN   "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define PATCH_URN        "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define OPERATIONS(list) "{\"schemas\":[\"" PATCH_URN "\"],\"Operations\":" list "}"
#define NEW_USER(more)   "{\"schemas\":[\"" CORE_URN "\"]," more "}"

struct desk {
    struct database *d;
    struct company company;
    struct actor actor; /* the connection */
};

struct reply {
    result result; /* of the handler; not OK: the gateway answers */
    const char *reason;
    int status;
    struct str body, etag, location;
    const struct json *json; /* NULL: no body */
    struct revoked revoked;
};

struct request_text {
    const char *id, *query, *body, *if_match, *if_none_match, *content_type;
    const char *org; /* of /scim/{org}/v2 */
};

/* For on_both_use: what these tests need of the schema. */
void desk_use_migrations(void);
struct desk given_desk(struct database *d, const char *slug);
/* Another source of the same organisation. */
struct desk other_connection(const struct desk *desk, const char *id);

struct reply ask(const struct desk *desk, call_handler handler, struct request_text text);
struct reply post(const struct desk *desk, const char *body);
struct reply put(const struct desk *desk, struct str id, const char *body);
struct reply patch(const struct desk *desk, struct str id, const char *body);
struct reply get(const struct desk *desk, struct str id);
struct reply list(const struct desk *desk, const char *query);
struct reply drop(const struct desk *desk, struct str id);

/* Creates a person through the desk and gives them a credential. */
struct str hired(const struct desk *desk, const char *user_name);
/* A member at the end of a path of names: at(json, "meta", "version", NULL). */
const struct json *at(const struct json *json, ...) __attribute__((sentinel));
struct str text_at(const struct reply *reply, const char *name);
struct str error_type(const struct reply *reply);

void give_credential(const struct desk *desk, struct str user_id);
int64_t credentials_of(const struct desk *desk, struct str user_id);
int64_t audits_of(const struct desk *desk, struct str user_id, const char *action);
int64_t revocations_of(const struct desk *desk, struct str user_id);
struct user person(const struct desk *desk, struct str user_id);

#define assert_status(reply_, status_)                                                             \
    do {                                                                                           \
        const struct reply reply__ = (reply_);                                                     \
        if (reply__.status != (status_)) {                                                         \
            fail_msg("status %d, wanted %d: %.*s %s", reply__.status, (status_),                   \
                     STR_ARG(reply__.body), reply__.reason);                                       \
        }                                                                                          \
    } while (0)
/* A SCIM error with that status, that scimType (NULL: none) and a detail. */
void assert_error(const struct reply *reply, int status, const char *type);
