/*-------------------------------------------------------------------------
 * case_map.h
 *	  Upper and lower case of single characters, the same in every locale.
 *
 * Patterns must mean the same in every database, so neither the server's
 * locale nor its ICU version decides what "ignore case" means.
 *
 * src/match/case_map.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CASE_MAP_H
#define RESPOND_CASE_MAP_H

#include <stddef.h>
#include <stdint.h>

/* One character in the forms that "ignore case" accepts, as UTF-8. */
typedef struct CaseForm
{
	char		bytes[7];		/* three code points of two bytes is the longest */
	unsigned char length;
} CaseForm;

/*
 * Reads the code point at bytes (length > 0) into *code and returns how many
 * bytes it takes.  A byte that is not UTF-8 counts as a character of its own,
 * outside of Unicode: other database encodings must not break anything.
 */
extern size_t respond_utf8_read(const char *bytes, size_t length, uint32_t *code);

/* The lower or upper case form of a character that is valid UTF-8. */
extern CaseForm respond_case_lower(uint32_t code);
extern CaseForm respond_case_upper(uint32_t code);

/*
 * A representative of all characters that one-to-one case mappings connect:
 * two characters that ignore case equal have the same fold.
 */
extern uint32_t respond_case_fold(uint32_t code);

#endif							/* RESPOND_CASE_MAP_H */
