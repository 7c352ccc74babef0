/* links: src/listener/http_head.c src/listener/http_body.c test/unit/http_session.c */
/*-------------------------------------------------------------------------
 * test_http_cases.c
 *	  Requests of http_cases.tsv, from a public suite and of our own.
 *
 * test/unit/test_http_cases.c
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "check.h"
#include "http_session.h"

#define MAX_LINE	65536
#define lengthof(array) ((int) (sizeof(array) / sizeof((array)[0])))

/* In one piece, byte by byte, and in parts: the pieces in which bytes arrive mean nothing. */
static const size_t steps[] = {MAX_LINE, 1, 2, 7};

static void
check_case(const char *name, char *bytes, const char *expected)
{
	size_t		length = http_unescape(bytes);

	for (int i = 0; i < lengthof(steps); i++)
	{
		char	   *got = http_session(bytes, length, steps[i]);

		if (strcmp(got, expected) != 0 || i == lengthof(steps) - 1)
		{
			check_string(got, expected, name);
			free(got);
			return;
		}
		free(got);
	}
}

int
main(void)
{
	static char line[MAX_LINE];
	FILE	   *cases = fopen("test/unit/http_cases.tsv", "r");

	if (!check(cases != NULL, "the cases can be read"))
		return check_done();
	while (fgets(line, sizeof(line), cases) != NULL)
	{
		char	   *rest = line;
		char	   *columns[5] = {0};

		if (line[0] == '#' || line[0] == '\n')
			continue;
		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < lengthof(columns) && rest != NULL; i++)
			columns[i] = strsep(&rest, "\t");
		if (check(columns[3] != NULL, "a whole line"))
			check_case(columns[1], columns[2], columns[4] != NULL ? columns[4] : columns[3]);
	}
	fclose(cases);
	return check_done();
}
