/*-------------------------------------------------------------------------
 * check.h
 *	  Assertions of the unit tests: one line of TAP each, the plan at the end.
 *
 * test/unit/check.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_CHECK_H
#define RESPOND_CHECK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int	check_count = 0;
static int	check_failures = 0;

/* Prints "ok" or "not ok" with a name made as by printf; gives ok back. */
static inline bool __attribute__((format(printf, 2, 3)))
check(bool ok, const char *format,...)
{
	va_list		arguments;

	printf("%s %d - ", ok ? "ok" : "not ok", ++check_count);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	check_failures += !ok;
	return ok;
}

/* Compares two strings and shows them if they differ; NULL equals only NULL. */
static inline bool
check_string(const char *actual, const char *expected, const char *name)
{
	bool		ok = actual == NULL || expected == NULL ? actual == expected :
		strcmp(actual, expected) == 0;

	if (!check(ok, "%s", name))
	{
		printf("#   got:      %s\n", actual == NULL ? "(null)" : actual);
		printf("#   expected: %s\n", expected == NULL ? "(null)" : expected);
	}
	return ok;
}

static inline void
check_skip(const char *name, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++check_count, name, reason);
}

/* The plan; to be returned from main. */
static inline int
check_done(void)
{
	printf("1..%d\n", check_count);
	return check_failures > 0;
}

#endif							/* RESPOND_CHECK_H */
