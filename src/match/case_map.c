/*-------------------------------------------------------------------------
 * case_map.c
 *	  Upper and lower case of single characters, the same in every locale.
 *
 * The mappings are runs of code points at one distance from their partners.
 * Characters whose other case is several characters (as the German sharp s)
 * are listed apart; they have no place in the fold.
 *
 * src/match/case_map.c
 *-------------------------------------------------------------------------
 */
#include "match/case_map.h"

#include <string.h>

#define NOT_UNICODE		((uint32_t) 0x80000000)

typedef struct CaseRun
{
	uint32_t	first;
	uint32_t	last;
	int32_t		step;
	int32_t		delta;
} CaseRun;

typedef struct CaseExpansion
{
	uint32_t	code;
	const char *utf8;
} CaseExpansion;

#include "match/case_map_table.h"

#define COUNT(table)	(sizeof(table) / sizeof((table)[0]))

size_t
respond_utf8_read(const char *bytes, size_t length, uint32_t *code)
{
	const unsigned char *in = (const unsigned char *) bytes;
	size_t		needed;
	uint32_t	result = 0;

	if (in[0] < 0x80)
	{
		*code = in[0];
		return 1;
	}
	if (in[0] >= 0xC2 && in[0] <= 0xDF)
	{
		needed = 2;
		result = in[0] & 0x1F;
	}
	else if (in[0] >= 0xE0 && in[0] <= 0xEF)
	{
		needed = 3;
		result = in[0] & 0x0F;
	}
	else if (in[0] >= 0xF0 && in[0] <= 0xF4)
	{
		needed = 4;
		result = in[0] & 0x07;
	}
	else
		needed = SIZE_MAX;
	if (needed > length)
	{
		*code = NOT_UNICODE | in[0];
		return 1;
	}
	for (size_t i = 1; i < needed; i++)
	{
		if ((in[i] & 0xC0) != 0x80)
		{
			*code = NOT_UNICODE | in[0];
			return 1;
		}
		result = (result << 6) | (in[i] & 0x3F);
	}
	*code = result;
	return needed;
}

static CaseForm
write_utf8(uint32_t code)
{
	CaseForm	form = {{0}, 0};

	if (code & NOT_UNICODE || code < 0x80)
		form.bytes[form.length++] = (char) (code & 0xFF);
	else if (code < 0x800)
	{
		form.bytes[form.length++] = (char) (0xC0 | (code >> 6));
		form.bytes[form.length++] = (char) (0x80 | (code & 0x3F));
	}
	else if (code < 0x10000)
	{
		form.bytes[form.length++] = (char) (0xE0 | (code >> 12));
		form.bytes[form.length++] = (char) (0x80 | ((code >> 6) & 0x3F));
		form.bytes[form.length++] = (char) (0x80 | (code & 0x3F));
	}
	else
	{
		form.bytes[form.length++] = (char) (0xF0 | (code >> 18));
		form.bytes[form.length++] = (char) (0x80 | ((code >> 12) & 0x3F));
		form.bytes[form.length++] = (char) (0x80 | ((code >> 6) & 0x3F));
		form.bytes[form.length++] = (char) (0x80 | (code & 0x3F));
	}
	return form;
}

static uint32_t
map_by_runs(const CaseRun *runs, size_t count, uint32_t code)
{
	size_t		low = 0;
	size_t		high = count;

	while (low < high)
	{
		size_t		middle = (low + high) / 2;

		if (code < runs[middle].first)
			high = middle;
		else if (code > runs[middle].last)
			low = middle + 1;
		else if ((code - runs[middle].first) % (uint32_t) runs[middle].step == 0)
			return (uint32_t) ((int32_t) code + runs[middle].delta);
		else
			return code;
	}
	return code;
}

static uint32_t
lower_code(uint32_t code)
{
	if (code < 0x80)
		return (code >= 'A' && code <= 'Z') ? code + 32 : code;
	return map_by_runs(lower_runs, COUNT(lower_runs), code);
}

static uint32_t
upper_code(uint32_t code)
{
	if (code < 0x80)
		return (code >= 'a' && code <= 'z') ? code - 32 : code;
	return map_by_runs(upper_runs, COUNT(upper_runs), code);
}

static CaseForm
expand(const CaseExpansion *table, size_t count, uint32_t code, uint32_t mapped)
{
	if (code >= 0x80)
		for (size_t i = 0; i < count; i++)
			if (table[i].code == code)
			{
				CaseForm	form = {{0}, 0};

				form.length = (unsigned char) strlen(table[i].utf8);
				memcpy(form.bytes, table[i].utf8, form.length);
				return form;
			}
	return write_utf8(mapped);
}

CaseForm
respond_case_lower(uint32_t code)
{
	return expand(lower_expansions, COUNT(lower_expansions), code, lower_code(code));
}

CaseForm
respond_case_upper(uint32_t code)
{
	return expand(upper_expansions, COUNT(upper_expansions), code, upper_code(code));
}

/*
 * Lower of upper of lower reaches one representative for every group of
 * characters; test_pattern.c checks it for all of Unicode, and that is
 * what lets an index look a text up by its fold.
 */
uint32_t
respond_case_fold(uint32_t code)
{
	if (code < 0x80)
		return lower_code(code);
	return lower_code(upper_code(lower_code(code)));
}
