/*-------------------------------------------------------------------------
 * render.c
 *	  respond.render(): renders a template over a jsonb value.
 *
 * The same engine that renders the parameters of steps, for people who try a
 * template out and for their own SQL.  A call site usually has one template
 * and many contexts, so the compiled template is kept with the call site.
 *
 * src/template/render.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "template/template_jsonb.h"

/* What a call site keeps in fn_extra. */
typedef struct RenderCache
{
	MemoryContext context;		/* of source and template */
	const char *source;			/* NULL until a template compiled */
	size_t		length;
	Template   *template;
} RenderCache;

PG_FUNCTION_INFO_V1(respond_render);

static const Template *
find_template(FmgrInfo *call, const char *source, size_t length)
{
	RenderCache *cache = call->fn_extra;

	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(call->fn_mcxt, sizeof(RenderCache));
		cache->context = AllocSetContextCreate(call->fn_mcxt, "pg_respond render",
											   ALLOCSET_SMALL_SIZES);
		call->fn_extra = cache;
	}
	if (cache->source == NULL || cache->length != length ||
		memcmp(cache->source, source, length) != 0)
	{
		char	   *copy;

		/* An error below must not leave the old template behind. */
		cache->source = NULL;
		MemoryContextReset(cache->context);
		cache->template = respond_template_compile_in(cache->context, source, length, NULL);
		copy = MemoryContextAlloc(cache->context, length + 1);
		memcpy(copy, source, length);
		cache->length = length;
		cache->source = copy;
	}
	return cache->template;
}

static TemplateEscape
read_escape(text *name)
{
	TemplateEscape escape;

	if (!respond_template_escape_by_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &escape))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("escape \"%s\" does not exist", text_to_cstring(name)),
				 errhint("Use one of: %s.", TEMPLATE_ESCAPE_NAMES)));
	return escape;
}

/*
 * respond_render(template text, context jsonb, escape text) returns text
 *
 * NULL for a NULL template.  A NULL context is one without members, a NULL
 * escape none.
 */
Datum
respond_render(PG_FUNCTION_ARGS)
{
	TemplateEscape escape = TEMPLATE_ESCAPE_NONE;
	TemplateRoots nothing = {0, NULL};
	TemplateValue root;
	text	   *source;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	source = PG_GETARG_TEXT_PP(0);
	if (PG_ARGISNULL(1))
		root = respond_template_from_roots(&nothing);
	else
		root = respond_template_from_jsonb(PG_GETARG_JSONB_P(1));
	if (!PG_ARGISNULL(2))
		escape = read_escape(PG_GETARG_TEXT_PP(2));
	PG_RETURN_TEXT_P(respond_template_render_text(find_template(fcinfo->flinfo,
																VARDATA_ANY(source),
																VARSIZE_ANY_EXHDR(source)),
												  &root, escape));
}
