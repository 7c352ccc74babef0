/*-------------------------------------------------------------------------
 * socket_files.h
 *	  Socket files, which are removed when the program has ended.
 *
 * The program itself may not remove files once it meets callers, and it may be killed.
 * So a process of its own waits for its end: it hears of nothing but that, has no
 * socket, and knows its few files from before.
 *
 * src/listener/socket_files.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_SOCKET_FILES_H
#define RESPOND_SOCKET_FILES_H

/* A file of an open socket; before respond_socket_files_keep(). */
extern void respond_socket_files_note(const char *path);

/* Starts the process that removes them. */
extern void respond_socket_files_keep(void);

#endif							/* RESPOND_SOCKET_FILES_H */
