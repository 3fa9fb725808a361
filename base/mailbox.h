#pragma once
/* The only way between threads: a list under a mutex with an eventfd that is written when the list
 * was empty. Two lanes; the control lane is drained first. */

#include <stdbool.h>
#include <stddef.h>

enum mailbox_lane { MAILBOX_CONTROL, MAILBOX_NORMAL, MAILBOX_LANES };

/* First member of whatever is posted; owned by the mailbox from post to take. */
struct letter {
    struct letter *next;
};

struct mailbox;

struct mailbox *mailbox_new(void);
void mailbox_free(
    struct mailbox **mailbox); /* letters left inside are the caller's problem: drain first */
/* Readable while letters wait. */
int mailbox_fd(const struct mailbox *mailbox);
/* Any thread; unbounded for MAILBOX_CONTROL, whose letters are bounded by their senders. */
void mailbox_post(struct mailbox *mailbox, enum mailbox_lane lane, struct letter *letter);
/* All letters of one lane in posting order, linked by next; NULL when none. Owner thread only. */
struct letter *mailbox_take(struct mailbox *mailbox, enum mailbox_lane lane);
/* Owner thread: clears the eventfd; call before taking. */
void mailbox_clear(struct mailbox *mailbox);
