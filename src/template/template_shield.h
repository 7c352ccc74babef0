/*-------------------------------------------------------------------------
 * template_shield.h
 *	  Values of tags in a text that is still to be taken apart.
 *
 * Where a text has a structure of its own, such as a list of mail addresses,
 * what a tag gives must not add to it, whatever it stands in: a name, quotes,
 * an address.  So the characters that could are written as a mark and a letter
 * (TEMPLATE_ESCAPE_ADDRESS), the text is taken apart, and then each piece is
 * read as what it was.
 *
 * src/template/template_shield.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TEMPLATE_SHIELD_H
#define RESPOND_TEMPLATE_SHIELD_H

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_SHIELD		'\002'

/* What stands for the byte, with a NUL at its end, or NULL when it stands for itself. */
extern const char *respond_template_shield(unsigned char byte, char buffer[3]);

/* Whether the text begins with a mark and its letter; *byte becomes what they stand for. */
extern bool respond_template_unshield(const char *text, size_t length, char *byte);

/* The text as it was, in the same memory; its new length. */
extern size_t respond_template_unshield_all(char *text, size_t length);

#endif							/* RESPOND_TEMPLATE_SHIELD_H */
