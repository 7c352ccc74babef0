/*-------------------------------------------------------------------------
 * exchange.c
 *	  Requests that workers have not answered, each with the number that its answer names.
 *
 * src/listener/exchange.c
 *-------------------------------------------------------------------------
 */
#include "listener/exchange.h"

#include <stddef.h>
#include <stdlib.h>

/* A number is the place in the table, and above it a count, so that none is used twice. */
#define PLACE_BITS	20
#define MAX_PLACES	(1 << PLACE_BITS)

typedef struct Place
{
	Exchange   *exchange;
	int			next_free;
} Place;

static Place *places;
static int	place_count;
static int	first_free = -1;
static uint64_t serial;

void
respond_exchange_append(ExchangeList *list, Exchange *exchange, void *holder)
{
	exchange->holder = holder;
	exchange->previous = list->last;
	exchange->next = NULL;
	*(list->last != NULL ? &list->last->next : &list->first) = exchange;
	list->last = exchange;
	list->count++;
}

void
respond_exchange_remove(ExchangeList *list, Exchange *exchange)
{
	*(exchange->previous != NULL ? &exchange->previous->next : &list->first) = exchange->next;
	*(exchange->next != NULL ? &exchange->next->previous : &list->last) = exchange->previous;
	exchange->holder = NULL;
	list->count--;
}

/* Twice as many places; false: no more can be had. */
static bool
add_places(void)
{
	int			count = place_count > 0 ? place_count * 2 : 1024;
	Place	   *grown = count <= MAX_PLACES ? realloc(places, sizeof(Place) * count) : NULL;

	if (grown == NULL)
		return false;
	places = grown;
	for (int i = count - 1; i >= place_count; i--)
	{
		places[i] = (Place) {NULL, first_free};
		first_free = i;
	}
	place_count = count;
	return true;
}

bool
respond_exchange_number(Exchange *exchange)
{
	int			place;

	if (first_free < 0 && !add_places())
		return false;
	place = first_free;
	first_free = places[place].next_free;
	places[place].exchange = exchange;
	exchange->id = (++serial << PLACE_BITS) | place;
	return true;
}

void
respond_exchange_forget(Exchange *exchange)
{
	int			place = exchange->id & (MAX_PLACES - 1);

	if (exchange->id == 0)
		return;
	places[place] = (Place) {NULL, first_free};
	first_free = place;
	exchange->id = 0;
}

Exchange *
respond_exchange_find(uint64_t id)
{
	int			place = id & (MAX_PLACES - 1);
	Exchange   *exchange = place < place_count ? places[place].exchange : NULL;

	return exchange != NULL && exchange->id == id ? exchange : NULL;
}
