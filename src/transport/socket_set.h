/*-------------------------------------------------------------------------
 * socket_set.h
 *	  What the epoll descriptor of the transport knows of sockets.
 *
 * src/transport/socket_set.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SOCKET_SET_H
#define RESPOND_SOCKET_SET_H

/*
 * These EPOLL* events of the socket are waited for from now on, 0: none.  False
 * when the system cannot.
 */
extern bool respond_socket_set_wait(int epoll_fd, int socket, uint32 events);

/*
 * Whether something is waited for; one that nobody waits for leaves the descriptor,
 * and is shut down if it was kept and has no right to speak.
 */
extern bool respond_socket_set_is_awaited(int epoll_fd, int socket);

/*
 * The socket may stay in the descriptor while nothing is waited for;
 * respond_socket_set_forget() will tell of its end.
 */
extern void respond_socket_set_keep(int socket);

/* Its protocol lets the peer speak unasked: only its end counts while nothing is waited for. */
extern void respond_socket_set_let_speak(int socket);

/* It is about to be closed, and leaves the descriptor by that. */
extern void respond_socket_set_forget(int socket);

#endif							/* RESPOND_SOCKET_SET_H */
