/*-------------------------------------------------------------------------
 * secret_match.c
 *	  Whether a secret stands at a place of a text, however that quotes it.
 *
 * A list of the forms that a secret can take would never be complete: whether
 * "+" becomes \u002B, &#43;, &#x2B; or %2b is up to each receiver's library.
 * So the text is read character by character, each in whatever way it is
 * written.  What is read too generously is masked once too often, which does no
 * harm.
 *
 * Each run that is skipped has a limit, so the time goes with the length of the
 * secret, whatever the text.
 *
 * src/secret/secret_match.c
 *-------------------------------------------------------------------------
 */
#include "secret/secret_match.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What of a secret counts when the text is cut behind it. */
#define SHORTEST_BEGINNING	4

/* Longest run of backslashes, of white space, of "amp;" and of "25" that is read as one. */
#define LONGEST_RUN			16

/* Most hex digits of \u{...} and of &#x...;, which may begin with zeros. */
#define LONGEST_NUMBER		8

/* Longest way to write a character that is looked for where a text ends. */
#define LONGEST_WRITING		16

/* A character as it is written somewhere: its bytes, and how long the writing is. */
typedef struct Written
{
	unsigned char bytes[4];
	size_t		count;
	size_t		length;
} Written;

/* Names in HTML of ASCII characters, the "&" before them left out. */
static const struct
{
	const char *name;
	char		byte;
}			entities[] = {
	{"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}, {"plus;", '+'}, {"sol;", '/'}, {"equals;", '='},
	{"num;", '#'}, {"percnt;", '%'}, {"dollar;", '$'}, {"colon;", ':'}, {"semi;", ';'}, {"comma;", ','}, {"excl;", '!'},
	{"quest;", '?'}, {"commat;", '@'}, {"lpar;", '('}, {"rpar;", ')'}, {"lsqb;", '['}, {"lbrack;", '['}, {"rsqb;", ']'},
	{"rbrack;", ']'}, {"lcub;", '{'}, {"lbrace;", '{'}, {"rcub;", '}'}, {"rbrace;", '}'}, {"bsol;", '\\'},
	{"lowbar;", '_'},
	{"grave;", '`'}, {"ast;", '*'}, {"period;", '.'}, {"hyphen;", '-'}, {"vert;", '|'}, {"verbar;", '|'},
	{"hat;", '^'}, {"nbsp;", ' '},
};

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int
digit_value(char c)
{
	c = lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* As a number of at most so many digits, whose count it gives; 0: there is none. */
static size_t
read_number(const char *text, size_t length, int base, size_t most, uint32_t *number)
{
	size_t		count = 0;

	*number = 0;
	while (count < length && count < most && digit_value(text[count]) < base)
		*number = *number * base + digit_value(text[count++]);
	return count;
}

static bool
has(const char *text, size_t length, const char *word)
{
	return length >= strlen(word) && memcmp(text, word, strlen(word)) == 0;
}

static size_t
backslashes(const char *text, size_t length)
{
	size_t		count = 0;

	while (count < length && count < LONGEST_RUN && text[count] == '\\')
		count++;
	return count;
}

static void
set_byte(Written *written, unsigned char byte, size_t length)
{
	*written = (Written) {.bytes = {byte},.count = 1,.length = length};
}

/* In UTF-8. */
static void
set_code(Written *written, uint32_t code, size_t length)
{
	unsigned char *bytes = written->bytes;

	written->length = length;
	written->count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = written->count; i > 1; i--, code >>= 6)
		bytes[i - 1] = 0x80 | (code & 0x3F);
	bytes[0] = written->count == 1 ? code : (0xF00 >> written->count & 0xFF) | code;
}

/* \u00e9, \u{e9}, and two of them for one character. */
static bool
read_unicode(const char *text, size_t length, size_t at, Written *written)
{
	uint32_t	code;
	uint32_t	second;
	size_t		digits;

	if (at < length && text[at] == '{')
	{
		digits = read_number(text + at + 1, length - at - 1, 16, LONGEST_NUMBER, &code);
		if (digits == 0 || at + 1 + digits >= length || text[at + 1 + digits] != '}')
			return false;
		set_code(written, code, at + digits + 2);
		return true;
	}
	if (read_number(text + at, length - at, 16, 4, &code) < 4)
		return false;
	at += 4;
	if (code >= 0xD800 && code < 0xDC00)
	{
		size_t		next = at + backslashes(text + at, length - at);

		if (next > at && next < length && text[next] == 'u' &&
			read_number(text + next + 1, length - next - 1, 16, 4, &second) == 4)
		{
			code = 0x10000 + ((code & 0x3FF) << 10 | (second & 0x3FF));
			at = next + 5;
		}
	}
	set_code(written, code, at);
	return true;
}

/* Behind backslashes: a number, or a character that stands for itself. */
static bool
read_backslash(const char *text, size_t length, Written *written)
{
	size_t		at = backslashes(text, length);
	uint32_t	number;

	if (at == length)
		return false;
	if ((text[at] == 'u' || text[at] == 'U') && read_unicode(text, length, at + 1, written))
		return true;
	if (text[at] == 'x' && read_number(text + at + 1, length - at - 1, 16, 2, &number) == 2)
		set_byte(written, number, at + 3);
	else if (read_number(text + at, length - at, 8, 3, &number) == 3)
		set_byte(written, number, at + 3);
	else
		set_byte(written, text[at], at + 1);
	return true;
}

static bool
read_entity(const char *text, size_t length, Written *written)
{
	size_t		at = 1;
	uint32_t	number;

	for (int i = 0; i < LONGEST_RUN && has(text + at, length - at, "amp;"); i++)
		at += strlen("amp;");
	if (at < length && text[at] == '#')
	{
		bool		is_hex = at + 1 < length && lower(text[at + 1]) == 'x';
		size_t		digits;

		at += is_hex ? 2 : 1;
		digits = at > length ? 0 : read_number(text + at, length - at, is_hex ? 16 : 10, LONGEST_NUMBER, &number);
		if (digits == 0)
			return false;
		at += digits;
		set_code(written, number, at < length && text[at] == ';' ? at + 1 : at);
		return true;
	}
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
	{
		if (!has(text + at, length - at, entities[i].name))
			continue;
		set_byte(written, entities[i].byte, at + strlen(entities[i].name));
		return true;
	}
	set_byte(written, '&', at);
	return at > 1;
}

static bool
read_percent(const char *text, size_t length, Written *written)
{
	size_t		at = 1;
	uint32_t	number;

	for (int i = 0; i < LONGEST_RUN && has(text + at, length - at, "25") &&
		 read_number(text + at + 2, length - at - 2, 16, 2, &number) == 2; i++)
		at += 2;
	if (read_number(text + at, length - at, 16, 2, &number) < 2)
		return false;
	set_byte(written, number, at + 2);
	return true;
}

/* What begins the text, unless that is a character that stands for itself alone. */
static bool
read_written(const char *text, size_t length, Written *written)
{
	uint32_t	number;

	switch (text[0])
	{
		case '\\':
			return read_backslash(text, length, written);
		case '&':
			return read_entity(text, length, written);
		case '%':
			return read_percent(text, length, written);
		case '=':
			if (read_number(text + 1, length - 1, 16, 2, &number) < 2)
				return false;
			set_byte(written, number, 3);
			return true;
		case '+':
			set_byte(written, ' ', 1);
			return true;
		case '-':
			set_byte(written, '+', 1);
			return true;
		case '_':
			set_byte(written, '/', 1);
			return true;
		default:
			return false;
	}
}

static bool
is_space(char c)
{
	/* a zero byte is what UTF-16 has between two characters of ASCII */
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* White space between two characters, the line breaks of JSON and of quoted-printable among it. */
static size_t
skip_space(const char *text, size_t length)
{
	size_t		at = 0;

	while (at < length && at < LONGEST_RUN)
	{
		if (is_space(text[at]) || has(text + at, length - at, "=\r") || has(text + at, length - at, "=\n"))
			at++;
		else if (has(text + at, length - at, "\\n") || has(text + at, length - at, "\\r"))
			at += 2;
		else
			break;
	}
	return at;
}

static bool
same_bytes(const char *secret, const Written *written)
{
	for (size_t i = 0; i < written->count; i++)
		if (secret[i] == '\0' || lower(secret[i]) != lower((char) written->bytes[i]))
			return false;
	return true;
}

/* One character of the secret or more; gives the bytes of the text, and how many of the secret they are. */
static size_t
match_character(const char *secret, const char *text, size_t length, size_t *count)
{
	Written		written;

	if (read_written(text, length, &written) && same_bytes(secret, &written))
	{
		*count = written.count;
		return written.length;
	}
	if (secret[0] == '\\' && text[0] == '\\')
	{
		/* a run of backslashes is one, whatever has doubled it */
		*count = strspn(secret, "\\");
		return backslashes(text, length);
	}
	*count = 1;
	/* a plus may have been read as a form has it */
	return lower(secret[0]) == lower(text[0]) || (secret[0] == '+' && text[0] == ' ') ? 1 : 0;
}

/* Whether the text ends, maybe within what stands for a character. */
static bool
is_cut(const char *text, size_t length)
{
	return length == 0 || (length < LONGEST_WRITING && strchr("\\&%=", text[0]) != NULL);
}

static bool
begins_plainly(const char *secret, const char *text, size_t length)
{
	size_t		i = 0;

	while (secret[i] != '\0' && i < length && lower(secret[i]) == lower(text[i]))
		i++;
	return secret[i] == '\0';
}

size_t
respond_secret_match(const char *secret, const char *text, size_t length)
{
	size_t		at = 0;
	size_t		done = 0;

	/* what is plain may look like something else's writing, such as %25 */
	if (begins_plainly(secret, text, length))
		return strlen(secret);
	while (secret[done] != '\0')
	{
		size_t		space = 0;
		size_t		count;
		size_t		matched = at < length ? match_character(secret + done, text + at, length - at, &count) : 0;

		if (matched == 0 && at > 0)
		{
			space = skip_space(text + at, length - at);
			if (space > 0 && at + space < length)
				matched = match_character(secret + done, text + at + space, length - at - space, &count);
		}
		if (matched == 0)
			return done >= SHORTEST_BEGINNING && is_cut(text + at + space, length - at - space) ? length : 0;
		at += space + matched;
		done += count;
	}
	return at;
}
