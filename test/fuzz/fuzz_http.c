/*-------------------------------------------------------------------------
 * fuzz_http.c
 *	  No bytes of a connection break the reader of requests.
 *
 * Checked besides memory: it makes the same of the bytes in whatever pieces
 * they arrive, and a refusal has a status and a reason.
 *
 * test/fuzz/fuzz_http.c
 *-------------------------------------------------------------------------
 */
/* links: src/listener/http_head.c src/listener/http_body.c test/unit/http_session.c */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_session.h"
#include "insist.h"

#define LONGEST		40000		/* more would only be slow */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *whole;

	if (size > LONGEST)
		return 0;
	whole = http_session((const char *) data, size, size + 1);
	insist(strstr(whole, "without a word") == NULL, "a refusal says why");
	for (size_t step = size / 1000 + 1; step <= size; step = step * 3 + 1)
	{
		char	   *parts = http_session((const char *) data, size, step);

		insist(strcmp(parts, whole) == 0, "pieces make no difference");
		free(parts);
	}
	free(whole);
	return 0;
}
