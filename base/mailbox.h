#pragma once
/* The only way between threads: a list under a mutex with an eventfd that is written when the list
 * was empty. Two lanes; the control lane is drained first. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mailbox_lane { MAILBOX_CONTROL, MAILBOX_NORMAL, MAILBOX_LANES };

/* First member of whatever is posted; owned by the mailbox from post to take. */
struct letter {
    struct letter *next;
    uint64_t share; /* in a queue with shares: whose work it is; 0: nobody's */
};

struct mailbox;

struct mailbox *mailbox_new(void);
/* After the last post has returned. Letters left inside are the caller's: take them before. */
void mailbox_free(struct mailbox **mailbox);
/* Readable when letters came since mailbox_clear. */
int mailbox_fd(const struct mailbox *mailbox);
/* Any thread; unbounded: letters are bounded by their senders. The letter is not to be touched
 * afterwards. */
void mailbox_post(struct mailbox *mailbox, enum mailbox_lane lane, struct letter *letter);
/* All letters of one lane in posting order, linked by next; NULL when none. Owner thread only. */
struct letter *mailbox_take(struct mailbox *mailbox, enum mailbox_lane lane);
/* Owner thread: clears the eventfd; call before taking, and take both lanes after it: a lane that
 * still holds letters does not ring again. */
void mailbox_clear(struct mailbox *mailbox);
