/*-------------------------------------------------------------------------
 * exchange.h
 *	  Requests that workers have not answered, each with the number that its answer names.
 *
 * What is known of an exchange here is who asked and which worker was asked; the
 * two know each other through it alone.
 *
 * src/listener/exchange.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_EXCHANGE_H
#define RESPOND_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "companion/frame.h"
#include "companion/web_answer.h"
#include "listener/out_queue.h"

typedef struct Exchange Exchange;

/* What is told to who asked. */
typedef struct ExchangeKind
{
	/* A worker is free: writes the request; false: it cannot be written. */
	bool		(*write) (Exchange *exchange, FrameBuffer *buffer);

	/* Here the exchange has ended. */
	void		(*answer) (Exchange *exchange, const WebAnswer *answer);
	void		(*lost) (Exchange *exchange);	/* the worker is gone, or does not do what it should */

	/* What follows the fields comes in parts, until there is an end. */
	void		(*stream) (Exchange *exchange, const WebAnswer *answer);

	/* A part: all of the bytes is a chunk, start to end is what is in it.  NULL: there was no memory for it. */
	void		(*data) (Exchange *exchange, SharedBytes *chunk, size_t start, size_t end);
	void		(*end) (Exchange *exchange);	/* of the stream, and the exchange */
} ExchangeKind;

/* All zero: none. */
struct Exchange
{
	const ExchangeKind *kind;
	uint64_t	id;				/* 0: not known to a worker */
	Exchange   *previous;		/* in a list of its worker, or of those that wait for one */
	Exchange   *next;
	void	   *holder;			/* whose list it is; NULL: in none */
	bool		is_stream;
};

typedef struct ExchangeList
{
	Exchange   *first;
	Exchange   *last;
	int			count;
} ExchangeList;

extern void respond_exchange_append(ExchangeList *list, Exchange *exchange, void *holder);
extern void respond_exchange_remove(ExchangeList *list, Exchange *exchange);

/* Gives it a number; false: there are too many. */
extern bool respond_exchange_number(Exchange *exchange);
extern void respond_exchange_forget(Exchange *exchange);

/* The one of this number, or NULL. */
extern Exchange *respond_exchange_find(uint64_t id);

#endif							/* RESPOND_EXCHANGE_H */
