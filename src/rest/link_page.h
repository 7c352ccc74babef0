/*-------------------------------------------------------------------------
 * link_page.h
 *	  Pages for people who follow a link.
 *
 * src/rest/link_page.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_LINK_PAGE_H
#define RESPOND_LINK_PAGE_H

#include "lib/stringinfo.h"

#include "rest/rest_call.h"

/* A page begins with its title; texts are those of the database and are escaped. */
extern void respond_page_begin(StringInfo page, const char *title);
extern void respond_page_text(StringInfo page, const char *element, const char *text);
extern void respond_page_escape(StringInfo page, const char *text);

/* The answer: no scripts, no frames, nothing from elsewhere, kept by nobody. */
extern void respond_page_answer(RestCall *call, int status, StringInfo page);

/* A page of one sentence in UTF-8, for what is refused; needs no transaction. */
extern void respond_page_refuse(RestCall *call, int status, const char *sentence);

#endif							/* RESPOND_LINK_PAGE_H */
