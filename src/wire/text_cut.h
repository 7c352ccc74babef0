/*-------------------------------------------------------------------------
 * text_cut.h
 *	  Texts that are no longer than their receiver takes.
 *
 * src/wire/text_cut.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEXT_CUT_H
#define RESPOND_TEXT_CUT_H

#include "template/template_output.h"

/*
 * The text itself when it has that many characters at most, else the beginning of
 * it with three dots, palloc'd.  Characters beyond U+FFFF count as two, as receivers
 * that count in UTF-16 do.  escape: how values in it are escaped; no escape
 * is cut in two.
 */
extern const char *respond_text_cut(const char *text, int characters, TemplateEscape escape);

#endif							/* RESPOND_TEXT_CUT_H */
