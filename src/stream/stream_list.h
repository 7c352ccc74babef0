/*-------------------------------------------------------------------------
 * stream_list.h
 *	  The streams that are open in this process.
 *
 * src/stream/stream_list.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_STREAM_LIST_H
#define RESPOND_STREAM_LIST_H

#include "datatype/timestamp.h"
#include "lib/ilist.h"

#include "rest/token.h"
#include "stream/stream_group.h"
#include "stream/stream_reader.h"

/* A token that streams were opened with, as which role, and from where; streams share it. */
typedef struct StreamToken
{
	struct
	{
		unsigned char hash[TOKEN_HASH_SIZE];
		Oid			role;		/* a token that acts as another role now is good for none that it was opened as */
		char		peer[64];
	}			key;
	bool		is_good;		/* as it was seen last */
	int			users;
} StreamToken;

/* Streams that came back with the same place and have not caught up. */
typedef struct StreamLate
{
	dlist_node	node;
	char	   *place;			/* with which they came; NULL: none of that place can join any more */
	StreamReader reader;		/* open once it is their turn */
	TimestampTz not_before;		/* when they get the next piece */
	uint64		changes;		/* of the log, when what it needs was last seen to be there */
	int			count;
	int			room;
	bool		sorted;			/* streams of a group stand together */
	struct Stream **streams;
} StreamLate;

typedef struct Stream
{
	uint64		request;		/* hash key */
	StreamGroup *group;
	StreamToken *token;
	StreamLate *late;			/* NULL: it is among the live ones of its group */
	int			at;				/* in the list that it is in */
	bool		greeted;		/* its first bytes were sent */
	const char *reset;			/* why it has missed events, NULL: it has not */
} Stream;

/* Opens one; it is live. */
extern Stream *respond_stream_add(uint64 request, const Token *token, const char *type, Jsonb *pattern);
extern Stream *respond_stream_find(uint64 request);
extern void respond_stream_remove(Stream *stream);

/* The stream begins at this place, in the arena or not, behind the live ones. */
extern void respond_stream_delay(Stream *stream, const char *place);

/* All of these have caught up. */
extern void respond_stream_late_join(StreamLate *late);

/* The first of those that are late, in turn; NULL: none is.  The other goes to the end. */
extern StreamLate *respond_stream_late_first(void);
extern void respond_stream_late_turn(StreamLate *late);

/* Those of a group; *count: how many.  Good until a stream comes or goes. */
extern Stream **respond_stream_late_of(StreamLate *late, const StreamGroup *group, int *count);

extern int	respond_stream_count(void);

/* Calls the function for each stream, which may remove it. */
typedef void (*StreamVisit) (Stream *stream, void *context);
extern void respond_stream_each(StreamVisit visit, void *context);

/* The same for each token. */
typedef void (*StreamTokenVisit) (StreamToken *token, void *context);
extern void respond_stream_each_token(StreamTokenVisit visit, void *context);

#endif							/* RESPOND_STREAM_LIST_H */
