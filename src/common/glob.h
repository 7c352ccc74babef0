/*-------------------------------------------------------------------------
 * glob.h
 *	  Texts with "*" in them, which stands for any run of characters.
 *
 * src/common/glob.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_GLOB_H
#define RESPOND_GLOB_H

/* Whether the text of this length is one that the glob means. */
extern bool respond_glob_matches(const char *glob, const char *text, size_t length);

#endif							/* RESPOND_GLOB_H */
