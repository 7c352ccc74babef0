/*-------------------------------------------------------------------------
 * net_stream.c
 *	  The connection of a caller: bytes, in clear or through TLS.
 *
 * src/listener/net_stream.c
 *-------------------------------------------------------------------------
 */
#include "listener/net_stream.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

/* What a record of TLS holds at most. */
#define MAX_RECORD	16384

/* What a call of OpenSSL that did not succeed means. */
static NetVerdict
tls_verdict(NetStream *stream, int result)
{
	int			error = SSL_get_error(stream->tls, result);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return NET_WAIT;
	return error == SSL_ERROR_ZERO_RETURN ? NET_END : NET_BROKEN;
}

static NetVerdict
socket_verdict(void)
{
	return errno == EAGAIN || errno == EINTR ? NET_WAIT : NET_BROKEN;
}

NetVerdict
respond_net_read(NetStream *stream, char *bytes, size_t size, size_t *length)
{
	ssize_t		count;

	*length = 0;
	if (stream->tls != NULL)
	{
		count = SSL_read(stream->tls, bytes, size > INT_MAX ? INT_MAX : (int) size);
		if (count <= 0)
			return tls_verdict(stream, count);
	}
	else
	{
		count = recv(stream->fd, bytes, size, 0);
		if (count == 0)
			return NET_END;
		if (count < 0)
			return socket_verdict();
	}
	*length = count;
	return NET_DONE;
}

/* One record, with as much of all parts as it holds: a record for each would cost more. */
static NetVerdict
write_record(NetStream *stream, const struct iovec *parts, int count, size_t *length)
{
	char		record[MAX_RECORD];
	size_t		filled = 0;
	int			written;

	for (int i = 0; i < count && filled < sizeof(record); i++)
	{
		size_t		size = sizeof(record) - filled < parts[i].iov_len ? sizeof(record) - filled : parts[i].iov_len;

		memcpy(record + filled, parts[i].iov_base, size);
		filled += size;
	}
	written = SSL_write(stream->tls, record, filled);
	stream->promised = written <= 0 ? filled : 0;
	if (written <= 0)
		return tls_verdict(stream, written);
	*length = written;
	return NET_DONE;
}

NetVerdict
respond_net_write(NetStream *stream, const struct iovec *parts, int count, size_t *length)
{
	struct msghdr message = {.msg_iov = (struct iovec *) parts, .msg_iovlen = count};
	ssize_t		written;

	*length = 0;
	if (stream->tls != NULL)
		return write_record(stream, parts, count, length);
	written = sendmsg(stream->fd, &message, MSG_NOSIGNAL);
	if (written < 0)
		return socket_verdict();
	*length = written;
	return NET_DONE;
}

NetVerdict
respond_net_handshake(NetStream *stream)
{
	int			result = SSL_accept(stream->tls);

	return result == 1 ? NET_DONE : tls_verdict(stream, result);
}

void
respond_net_finish(NetStream *stream)
{
	if (stream->tls != NULL)
	{
		(void) SSL_shutdown(stream->tls);
		ERR_clear_error();
	}
	(void) shutdown(stream->fd, SHUT_WR);
}

void
respond_net_free(NetStream *stream)
{
	SSL_free(stream->tls);
	stream->tls = NULL;
}
