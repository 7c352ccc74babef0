/*-------------------------------------------------------------------------
 * net_stream.h
 *	  The connection of a caller: bytes, in clear or through TLS.
 *
 * src/listener/net_stream.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_NET_STREAM_H
#define RESPOND_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <sys/uio.h>

struct ssl_st;

typedef struct NetStream
{
	int			fd;
	struct ssl_st *tls;			/* NULL: in clear */
	size_t		promised;		/* bytes that TLS has begun to write: the next write begins with the same ones */
} NetStream;

typedef enum NetVerdict
{
	NET_DONE,					/* bytes were moved: *length */
	NET_WAIT,					/* not at the moment */
	NET_END,					/* no more will come */
	NET_BROKEN					/* the connection is lost */
} NetVerdict;

extern NetVerdict respond_net_read(NetStream *stream, char *bytes, size_t size, size_t *length);
extern NetVerdict respond_net_write(NetStream *stream, const struct iovec *parts, int count, size_t *length);

/* Goes on with the handshake of TLS. */
extern NetVerdict respond_net_handshake(NetStream *stream);

/* Says that nothing more will be written; what was written arrives. */
extern void respond_net_finish(NetStream *stream);

/* Frees what TLS has; the descriptor stays open. */
extern void respond_net_free(NetStream *stream);

#endif							/* RESPOND_NET_STREAM_H */
