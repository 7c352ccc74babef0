/*-------------------------------------------------------------------------
 * jsonb_parse.c
 *	  A jsonb from text of strangers, which may be none.
 *
 * src/common/jsonb_parse.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"

#include "common/contain.h"
#include "common/jsonb_parse.h"

typedef struct Parse
{
	const char *text;
	Jsonb	   *document;
} Parse;

static void
parse(void *argument)
{
	Parse	   *work = argument;

	work->document = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(work->text)));
}

Jsonb *
respond_jsonb_parse(const char *text, const char **message)
{
	Parse		work = {text};
	ErrorData  *error = respond_catch(parse, &work);

	if (error == NULL)
		return work.document;
	if (message != NULL)
		*message = error->message;
	return NULL;
}
