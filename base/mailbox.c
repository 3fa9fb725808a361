#include "base/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lane {
    struct letter *first, *last;
};

struct mailbox { /* any thread */
    int fd;      /* constant */
    pthread_mutex_t mutex;
    struct lane lanes[MAILBOX_LANES];
};

struct mailbox *mailbox_new(void) {
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (mailbox == NULL) {
        abort();
    }
    mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const int failed = pthread_mutex_init(&mailbox->mutex, NULL);
    if (mailbox->fd < 0 || failed) { /* made at start only: no way to go on without */
        abort();
    }
    return mailbox;
}

void mailbox_free(struct mailbox **mailbox) {
    if (*mailbox == NULL) {
        return;
    }
    (void) close((*mailbox)->fd);
    (void) pthread_mutex_destroy(&(*mailbox)->mutex);
    free(*mailbox);
    *mailbox = NULL;
}

int mailbox_fd(const struct mailbox *mailbox) {
    return mailbox->fd;
}

static void ring(int fd) {
    const uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0) {
        /* EAGAIN: the counter is full, so it is readable */
        if (errno != EINTR) {
            return;
        }
    }
}

void mailbox_post(struct mailbox *mailbox, enum mailbox_lane lane, struct letter *letter) {
    assert(lane < MAILBOX_LANES);
    letter->next = NULL;
    (void) pthread_mutex_lock(&mailbox->mutex);
    struct lane *list = &mailbox->lanes[lane];
    const bool was_empty = list->first == NULL;
    if (was_empty) {
        list->first = letter;
    } else {
        list->last->next = letter;
    }
    list->last = letter;
    (void) pthread_mutex_unlock(&mailbox->mutex);
    if (was_empty) {
        ring(mailbox->fd);
    }
}

struct letter *mailbox_take(struct mailbox *mailbox, enum mailbox_lane lane) {
    assert(lane < MAILBOX_LANES);
    (void) pthread_mutex_lock(&mailbox->mutex);
    struct letter *first = mailbox->lanes[lane].first;
    mailbox->lanes[lane] = (struct lane){NULL, NULL};
    (void) pthread_mutex_unlock(&mailbox->mutex);
    return first;
}

void mailbox_clear(struct mailbox *mailbox) {
    uint64_t count = 0;
    while (read(mailbox->fd, &count, sizeof count) < 0 && errno == EINTR) {
    }
}
