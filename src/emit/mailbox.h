/* SPDX-License-Identifier: MIT
 *
 * mailbox.h - work that a thread of the program hands to the helper, because
 * the helper has the file, and waits for.
 */
#ifndef RCP_EMIT_MAILBOX_H
#define RCP_EMIT_MAILBOX_H

#include <stdbool.h>

struct rcp_job {
	/* Under the emit lock, in the helper or in the thread itself. */
	void (*run)(struct rcp_job *job);
	int reason, status;
	long result; /* RUN's */
};

enum rcp_answer {
	RCP_ANSWER_DONE,
	RCP_ANSWER_NOBODY, /* there is no helper to do it */
	RCP_ANSWER_INSIDE, /* this thread is waiting for another job */
};

/* Hands JOB over, calls WAKE and waits.  Signals are blocked meanwhile. */
enum rcp_answer rcp_mailbox_ask(struct rcp_job *job, void (*wake)(void));

/* Before the helper starts; in it; at its end: a job that still waits goes
 * back to its thread. */
void rcp_mailbox_open(void);
void rcp_mailbox_serve(void);
void rcp_mailbox_close(void);

void rcp_mailbox_fork_child(void);

#endif
