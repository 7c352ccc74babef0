/*-------------------------------------------------------------------------
 * mail_thread.h
 *	  Mails are sent by threads.
 *
 * src/transport/mail_thread.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_THREAD_H
#define RESPOND_MAIL_THREAD_H

#include "transport/transfer_handle.h"

/* Opens what threads tell of their end through; returns its descriptor.  Raises an error when that fails. */
extern int	respond_mail_thread_open(void);

/*
 * Performs a transfer, as its handle says, in a thread; signals must be
 * blocked.  False when no thread can be had.  Otherwise the transfer is the
 * thread's, and neither it nor its handle may be looked at before
 * respond_mail_thread_take_done() gives it back.
 */
extern bool respond_mail_thread_start(Transfer *transfer);

/*
 * A transfer whose thread has ended, with its result, NULL when there is none more.
 * Its handle has no easy handle any more.
 */
extern Transfer *respond_mail_thread_take_done(void);

#endif							/* RESPOND_MAIL_THREAD_H */
