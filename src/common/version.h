/*-------------------------------------------------------------------------
 * version.h
 *	  The version of the library, and that of the extension in a database.
 *
 * src/common/version.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_VERSION_H
#define RESPOND_VERSION_H

/* The version of the extension in this database, palloc'd; NULL: it is not installed.  Needs a transaction. */
extern char *respond_version_installed(void);

#endif							/* RESPOND_VERSION_H */
