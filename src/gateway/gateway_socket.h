/*-------------------------------------------------------------------------
 * gateway_socket.h
 *	  The Unix socket at which the gateway's program meets the workers.
 *
 * src/gateway/gateway_socket.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GATEWAY_SOCKET_H
#define RESPOND_GATEWAY_SOCKET_H

/* A new listening socket in place of what is there; an ERROR if that cannot be.  For the listener. */
extern int	respond_gateway_socket_listen(void);

/* A connection to it; below 0: nobody listens.  Never waits. */
extern int	respond_gateway_socket_connect(void);

#endif							/* RESPOND_GATEWAY_SOCKET_H */
