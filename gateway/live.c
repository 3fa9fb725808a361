#include "gateway/access.h"
#include "gateway/follower.h"
#include "gateway/holes.h"
#include "gateway/shard_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "base/form.h"

void live_open(struct shard *shard) {
    index_open(&shard->sockets);
    index_open(&shard->by_credential);
    index_open(&shard->by_connection);
    index_open(&shard->users);
    index_open(&shard->orgs);
    shard->active_end = &shard->active_first;
    shard->wheel_second = shard_now(shard) / US_PER_S;
}

void live_close(struct shard *shard) {
    live_cut_all(shard, LIVE_CLOSE_RESTART, STR("restart"));
    live_bury(shard);
    while (shard->uncovered != NULL) {
        struct catch_up *next = shard->uncovered->next;
        arena_end(&shard->uncovered->arena);
        free(shard->uncovered);
        shard->uncovered = next;
    }
    index_close(&shard->sockets);
    index_close(&shard->by_credential);
    index_close(&shard->by_connection);
    index_close(&shard->users);
    index_close(&shard->orgs);
}

static void *allocate(size_t size) {
    void *bytes = calloc(1, size);
    if (bytes == NULL) {
        abort();
    }
    return bytes;
}

static struct str own(struct str text) {
    char *copy = allocate(text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    return (struct str){copy, text.len};
}

static void disown(struct str *text) {
    free((void *) (uintptr_t) text->at);
    *text = (struct str){NULL, 0};
}

struct live_user *live_user_find(const struct shard *shard, struct str org_id, struct str id) {
    struct index_link *link = index_find(&shard->users, index_key('u', org_id, id));
    for (; link != NULL; link = index_next(link)) {
        struct live_user *user = CONTAINER(link, struct live_user, link);
        if (str_eq(user->org_id, org_id) && str_eq(user->id, id)) {
            return user;
        }
    }
    return NULL;
}

struct live_org *live_org_find(const struct shard *shard, struct str org_id) {
    struct index_link *link = index_find(&shard->orgs, index_key('o', org_id, STR("")));
    for (; link != NULL; link = index_next(link)) {
        struct live_org *org = CONTAINER(link, struct live_org, link);
        if (str_eq(org->id, org_id)) {
            return org;
        }
    }
    return NULL;
}

static struct live_user *user_need(struct shard *shard, const struct actor *actor) {
    struct live_user *user = live_user_find(shard, actor->org_id, actor->id);
    if (user != NULL) {
        return user;
    }
    user = allocate(sizeof *user);
    user->org_id = own(actor->org_id);
    user->id = own(actor->id);
    index_add(&shard->users, &user->link, index_key('u', actor->org_id, actor->id));
    return user;
}

static struct live_org *org_need(struct shard *shard, struct str org_id) {
    struct live_org *org = live_org_find(shard, org_id);
    if (org != NULL) {
        return org;
    }
    org = allocate(sizeof *org);
    org->id = own(org_id);
    org->position = -1;
    org->letters_end = &org->letters;
    index_add(&shard->orgs, &org->link, index_key('o', org_id, STR("")));
    org->watch = ++shard->last_watch;
    follower_watch(shard->set.follower, org_id, shard->set.number, org->watch);
    return org;
}

static void user_leave(struct shard *shard, struct live_socket *socket) {
    struct live_user *user = socket->user;
    *(socket->user_prev == NULL ? &user->sockets : &socket->user_prev->user_next) =
        socket->user_next;
    if (socket->user_next != NULL) {
        socket->user_next->user_prev = socket->user_prev;
    }
    if (--user->count == 0) {
        index_remove(&shard->users, &user->link);
        disown(&user->org_id);
        disown(&user->id);
        free(user);
    }
    socket->user = NULL;
}

static void org_leave(struct shard *shard, struct live_socket *socket) {
    struct live_org *org = socket->org;
    live_fanout_forget(socket);
    *(socket->org_prev == NULL ? &org->first : &socket->org_prev->org_next) = socket->org_next;
    *(socket->org_next == NULL ? &org->last : &socket->org_next->org_prev) = socket->org_prev;
    socket->org = NULL;
    if (--org->count > 0) {
        return;
    }
    follower_watch(shard->set.follower, org->id, shard->set.number, 0);
    live_fanout_drop(shard, org);
    index_remove(&shard->orgs, &org->link);
    org->is_dead = true; /* a fan-out slice further up may hold it */
    org->active_next = shard->dead_orgs;
    shard->dead_orgs = org;
}

static void join(struct shard *shard, struct live_socket *socket) {
    const struct actor *actor = &socket->kept->value.actor;
    struct live_user *user = user_need(shard, actor);
    socket->user = user;
    socket->user_next = user->sockets;
    if (user->sockets != NULL) {
        user->sockets->user_prev = socket;
    }
    user->sockets = socket;
    user->count++;
    struct live_org *org = org_need(shard, actor->org_id);
    socket->org = org;
    socket->org_prev = org->last;
    *(org->last == NULL ? &org->first : &org->last->org_next) = socket;
    org->last = socket;
    org->count++;
    index_add(&shard->sockets, &socket->by_id, socket->id);
    index_add(&shard->by_credential, &socket->by_credential, socket->kept->keys.credential);
    index_add(&shard->by_connection, &socket->by_connection, socket->kept->keys.connection);
    shard->socket_count++;
}

struct live_socket *live_find(const struct shard *shard, uint64_t id) {
    struct index_link *link = index_find(&shard->sockets, id);
    return link == NULL ? NULL : CONTAINER(link, struct live_socket, by_id);
}

size_t shard_socket_count(const struct shard *shard) {
    return shard->socket_count;
}

static void bury(struct shard *shard, struct live_socket *socket) {
    if (socket->is_buried) {
        return;
    }
    socket->is_buried = true;
    socket->org_next = shard->graveyard;
    shard->graveyard = socket;
}

/* ?resume=: where the client says it was. Only a position: it opens nothing by itself. */
static RESULT read_resume(struct scope *scope, struct exchange *exchange) {
    struct form form;
    struct str text = {"", 0};
    TRY(form_parse(scope, exchange->request.query, &form));
    TRY(form_get(scope, &form, STR("resume"), &text, NULL));
    if (text.len > 0) {
        const result parsed = parse_i64(scope, text, 0, INT64_MAX - 1, &exchange->resume_after);
        REQUIRE(scope, is_ok(parsed), INVALID, "live.resume");
    }
    return OK_RESULT;
}

result live_register(struct scope *scope, struct shard *shard, struct exchange *exchange) {
    TRY(access_check(scope, exchange->route, &exchange->principal, &exchange->request));
    TRY(read_resume(scope, exchange));
    struct live_socket *socket = allocate(sizeof *socket);
    socket->id = ++shard->last_socket_id;
    socket->kept = kept_principal_ref(exchange->kept);
    socket->opening = exchange;
    socket->expires_us = exchange->principal.expires_us;
    socket->resume_after = exchange->resume_after;
    exchange->socket = socket;
    const struct actor *actor = &exchange->principal.actor;
    const struct live_user *user = live_user_find(shard, actor->org_id, actor->id);
    if (user != NULL && user->count >= shard->set.max_sockets_per_user) {
        /* A browser sees a close code, but no status of a refused upgrade. */
        socket->is_closed = true;
        socket->close_code = LIVE_CLOSE_TOO_MANY;
        return OK_RESULT;
    }
    join(shard, socket);
    live_timer_set(shard, socket);
    live_greet(shard, socket);
    return OK_RESULT;
}

bool shard_socket_adopt(struct shard *shard, struct live_socket *socket) {
    socket->opening->socket = NULL;
    socket->opening = NULL;
    socket->is_adopted = true;
    if (!socket->is_closed) {
        live_flush(shard, socket);
        return !socket->is_closed;
    }
    const bool is_refused = socket->close_code == LIVE_CLOSE_TOO_MANY;
    shard->set.transport->socket_cut(shard->set.transport, socket, socket->close_code,
                                     is_refused ? STR("too many connections") : STR(""));
    bury(shard, socket);
    return false;
}

/* Idle connections are the many: the ring is there only while frames are in it. */
static void drop_first(struct live_socket *socket) {
    ws_frame_unref(&socket->queue[socket->queue_first]);
    socket->queue_first = (socket->queue_first + 1) % SOCKET_MAX_FRAMES;
    if (--socket->queue_count == 0) {
        free(socket->queue);
        socket->queue = NULL;
    }
}

/* Out of every index and list, frames dropped. The struct stays until the end of the pass, because
 * a caller further up may hold it. */
static void unlink_socket(struct shard *shard, struct live_socket *socket) {
    socket->is_closed = true;
    index_remove(&shard->sockets, &socket->by_id);
    index_remove(&shard->by_credential, &socket->by_credential);
    index_remove(&shard->by_connection, &socket->by_connection);
    live_timer_clear(socket);
    user_leave(shard, socket);
    org_leave(shard, socket);
    shard->socket_count--;
    while (socket->queue_count > 0) {
        drop_first(socket);
    }
    socket->queue_bytes = 0;
}

bool shard_socket_may_say_why(const struct live_socket *socket, bool has_unsent) {
    return (socket->first_sent == 0 && !has_unsent) || HOLE(16);
}

void live_cut(struct shard *shard, struct live_socket *socket, uint16_t code, struct str reason) {
    if (socket->is_closed) {
        return;
    }
    unlink_socket(shard, socket);
    socket->close_code = code;
    shard->set.transport->socket_cut(shard->set.transport, socket, code, reason);
    if (socket->opening == NULL) {
        bury(shard, socket);
    }
}

void shard_socket_gone(struct shard *shard, struct live_socket *socket) {
    if (socket->opening != NULL) {
        socket->opening->socket = NULL;
        socket->opening = NULL;
    }
    if (!socket->is_closed) {
        unlink_socket(shard, socket);
    }
    bury(shard, socket);
}

void live_bury(struct shard *shard) {
    while (shard->graveyard != NULL) {
        struct live_socket *socket = shard->graveyard;
        shard->graveyard = socket->org_next;
        kept_principal_unref(&socket->kept);
        free(socket);
    }
    while (shard->dead_orgs != NULL) {
        struct live_org *org = shard->dead_orgs;
        shard->dead_orgs = org->active_next;
        disown(&org->id);
        free(org);
    }
}

void live_cut_some(struct shard *shard, size_t most, uint16_t code, struct str reason) {
    for (size_t i = 0; i <= shard->sockets.mask; i++) {
        while (shard->sockets.buckets[i] != NULL) {
            if (most-- == 0) {
                return;
            }
            live_cut(shard, CONTAINER(shard->sockets.buckets[i], struct live_socket, by_id), code,
                     reason);
        }
    }
}

void live_cut_all(struct shard *shard, uint16_t code, struct str reason) {
    live_cut_some(shard, SIZE_MAX, code, reason);
}

static int64_t cut_listed(struct shard *shard, const struct index *index, size_t offset,
                          const struct revocation *row) {
    int64_t count = 0;
    struct index_link *link = index_find(index, subject_key_of_revocation(row));
    while (link != NULL) {
        struct live_socket *socket = (struct live_socket *) (void *) ((char *) link - offset);
        link = index_next(link);
        if (revocation_hits(row, &socket->kept->value)) {
            live_cut(shard, socket, LIVE_CLOSE_REVOKED, row->reason);
            count++;
        }
    }
    return count;
}

static int64_t cut_user(struct shard *shard, const struct revocation *row) {
    int64_t count = 0;
    const struct live_user *user = live_user_find(shard, row->org_id, row->subject);
    struct live_socket *socket = user == NULL ? NULL : user->sockets;
    while (socket != NULL) { /* the last one takes the user with it */
        struct live_socket *next = socket->user_next;
        if (revocation_hits(row, &socket->kept->value)) {
            live_cut(shard, socket, LIVE_CLOSE_REVOKED, row->reason);
            count++;
        }
        socket = next;
    }
    return count;
}

static int64_t cut_org(struct shard *shard, const struct revocation *row) {
    int64_t count = 0;
    const struct live_org *org = live_org_find(shard, row->org_id);
    struct live_socket *socket = org == NULL ? NULL : org->first;
    while (socket != NULL) {
        struct live_socket *next = socket->org_next;
        live_cut(shard, socket, LIVE_CLOSE_REVOKED, row->reason);
        count++;
        socket = next;
    }
    return count;
}

int64_t live_revoke(struct shard *shard, const struct revocation *row) {
    switch (row->kind) {
    case REVOKED_USER: return cut_user(shard, row);
    case REVOKED_SESSION:
    case REVOKED_TOKEN:
        return cut_listed(shard, &shard->by_credential, offsetof(struct live_socket, by_credential),
                          row);
    case REVOKED_CONNECTION:
        return cut_listed(shard, &shard->by_connection, offsetof(struct live_socket, by_connection),
                          row);
    case REVOKED_ORG: return cut_org(shard, row);
    case REVOCATION_KIND_COUNT: break;
    }
    return 0;
}

bool shard_socket_queue(struct shard *shard, struct live_socket *socket, struct ws_frame *frame) {
    if (socket->is_closed) {
        return false;
    }
    if (socket->queue_count == SOCKET_MAX_FRAMES ||
        socket->queue_bytes + frame->len > SOCKET_MAX_QUEUED_BYTES) {
        live_cut(shard, socket, LIVE_CLOSE_RESYNC, STR("slow reader"));
        return false;
    }
    if (socket->queue == NULL) {
        socket->queue = calloc(SOCKET_MAX_FRAMES, sizeof(struct ws_frame *));
        if (socket->queue == NULL) {
            abort();
        }
    }
    const unsigned at = (socket->queue_first + socket->queue_count) % SOCKET_MAX_FRAMES;
    socket->queue[at] = ws_frame_ref(frame);
    socket->queue_count++;
    socket->queue_bytes += frame->len;
    return true;
}

void shard_socket_sent(struct shard *shard, struct live_socket *socket, size_t bytes) {
    socket->first_sent += bytes;
    while (socket->queue_count > 0) {
        const size_t len = socket->queue[socket->queue_first]->len;
        if (socket->first_sent < len) {
            break;
        }
        socket->first_sent -= len;
        socket->queue_bytes -= len;
        drop_first(socket);
    }
    assert(socket->queue_count > 0 || socket->first_sent == 0);
    if (socket->queue_count == 0 && socket->is_catching_up && !socket->is_closed) {
        live_catch_up_next(shard, socket);
    }
}

void live_queue_text(struct shard *shard, struct live_socket *socket, struct str text) {
    struct ws_frame *frame = ws_frame_new(WS_TEXT, text);
    (void) shard_socket_queue(shard, socket, frame);
    ws_frame_unref(&frame);
}

void live_flush(struct shard *shard, struct live_socket *socket) {
    if (!socket->is_closed && socket->is_adopted && socket->queue_count > 0) {
        shard->set.transport->socket_flush(shard->set.transport, socket);
    }
}
