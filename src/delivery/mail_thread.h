/*-------------------------------------------------------------------------
 * mail_thread.h
 *	  Mails are sent by threads.
 *
 * src/delivery/mail_thread.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_THREAD_H
#define RESPOND_MAIL_THREAD_H

#include "delivery/transport_handle.h"

/* Opens what threads tell of their end through; returns its descriptor.  Raises an error when that fails. */
extern int	respond_mail_thread_open(void);

/*
 * Performs the transfer of a filled handle in a thread; signals must be blocked.
 * False when no thread can be had.
 */
extern bool respond_mail_thread_start(TransferHandle *handle, Transfer *transfer);

/* A transfer whose thread has ended, with its result, NULL when there is none more; its handle has no easy handle any more. */
extern Transfer *respond_mail_thread_take_done(void);

#endif							/* RESPOND_MAIL_THREAD_H */
