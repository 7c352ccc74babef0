/*-------------------------------------------------------------------------
 * step_address.c
 *	  Mail addresses that a step names.
 *
 * They are rendered with what separates addresses shielded in the values of tags
 * (template_shield.h), so that the author's text alone says how many there are: a
 * name from an event cannot add one.  Now they are read, and written as text
 * again, with quotes where they are needed.
 *
 * An element of an array is one address, and so is the value of a tag that is
 * the whole text, unless that is an array.  The text of an author may hold
 * several with commas between them.
 *
 * Channels of other kinds have other receivers; there the text is as it is.
 *
 * src/flow/step_address.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "channel/channel.h"
#include "common/row_json.h"
#include "flow/step_address.h"
#include "template/template_shield.h"
#include "wire/mail_address.h"

static char *
unshield(const char *text)
{
	char	   *copy = pstrdup(text);

	copy[respond_template_unshield_all(copy, strlen(copy))] = '\0';
	return copy;
}

/* Separators that templates left behind. */
static bool
is_blank(const char *text)
{
	return strspn(text, " ,") == strlen(text);
}

/*
 * As text for readers of addresses.  A fault is kept, so that the record of a dry
 * run has the parameters, too, and the text is as it was rendered then.
 */
static char *
read_addresses(StepValue *value, const char *name, const char *text, int most)
{
	MailAddresses *list = palloc0(sizeof(MailAddresses));
	MailText	written = {0};
	char	   *error = NULL;
	char	   *result = NULL;

	if (is_blank(text))
		return pstrdup("");
	if (!respond_mail_addresses_parse_shielded(pg_server_to_any(text, strlen(text), PG_UTF8), most, list))
		error = pstrdup(list->error);
	else
	{
		respond_mail_addresses_write(list, &written);
		if (!written.failed)
			result = pstrdup(respond_mail_text_string(&written));
	}
	respond_mail_addresses_free(list);
	respond_mail_text_free(&written);
	if (error != NULL)
	{
		if (value->fault == NULL)
			value->fault = psprintf("%s: %s", name, pg_any_to_server(error, strlen(error), PG_UTF8));
		return unshield(text);
	}
	if (result == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return pg_any_to_server(result, strlen(result), PG_UTF8);
}

static Jsonb *
tags_jsonb(const StepValue *value, bool is_text)
{
	JsonbParseState *state = NULL;
	JsonbValue	item = {.type = jbvString};

	if (is_text && value->tag_count == 0)
		item.type = jbvNull;
	else if (is_text)
	{
		item.val.string.val = value->tags[0];
		item.val.string.len = strlen(value->tags[0]);
	}
	if (is_text)
		return JsonbValueToJsonb(&item);
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < value->tag_count; i++)
	{
		item.val.string.val = value->tags[i];
		item.val.string.len = strlen(value->tags[i]);
		pushJsonbValue(&state, WJB_ELEM, &item);
	}
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL));
}

static void
read_tags(const ParameterSpec *spec, bool is_mail, StepValue *value)
{
	bool		is_text = JB_ROOT_IS_SCALAR(value->json);
	int			kept = 0;

	/* given, if it came out empty: that must not mean the channel's default */
	value->given = true;
	for (int i = 0; i < value->tag_count; i++)
	{
		char	   *text = is_mail ? read_addresses(value, spec->name, value->tags[i],
													is_text ? MAIL_ADDRESSES_MOST : 1) :
			unshield(value->tags[i]);

		if (text[0] != '\0')
			value->tags[kept++] = text;
	}
	value->tag_count = kept;
	value->json = tags_jsonb(value, is_text);
}

/* Addresses among a channel's options, and how many of each. */
static int
option_limit(const char *name, int length)
{
	static const char *const names[] = {"to", "cc", "bcc", "reply_to", "from"};

	for (int i = 0; i < lengthof(names); i++)
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return i == lengthof(names) - 1 ? 1 : MAIL_ADDRESSES_MOST;
	return 0;
}

/* All texts in options; those of addresses are members of the outermost object. */
static void
read_options(const ParameterSpec *spec, bool is_mail, StepValue *value)
{
	JsonbParseState *state = NULL;
	JsonbIterator *iterator = JsonbIteratorInit(&value->json->root);
	JsonbIteratorToken token;
	JsonbValue	item;
	JsonbValue *result = NULL;
	char	   *key = "";
	int			depth = 0;
	int			limit = 0;

	while ((token = JsonbIteratorNext(&iterator, &item, false)) != WJB_DONE)
	{
		if (token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY)
			depth++;
		else if (token == WJB_END_OBJECT || token == WJB_END_ARRAY)
			depth--;
		else if (token == WJB_KEY && depth == 1)
		{
			key = pnstrdup(item.val.string.val, item.val.string.len);
			limit = option_limit(item.val.string.val, item.val.string.len);
		}
		else if (token != WJB_KEY && item.type == jbvString)
		{
			char	   *text = pnstrdup(item.val.string.val, item.val.string.len);

			text = is_mail && depth == 1 && limit > 0 ?
				read_addresses(value, psprintf("%s.%s", spec->name, key), text, limit) : unshield(text);
			item.val.string.val = text;
			item.val.string.len = strlen(text);
		}
		result = pushJsonbValue(&state, token, token < WJB_BEGIN_ARRAY ? &item : NULL);
	}
	value->json = JsonbValueToJsonb(result);
}

void
respond_step_read_addresses(const FlowMachine *machine, const ParameterSpec *spec, const Channel *channel,
							StepValue *value)
{
	/* what a dry run does not know cannot be an address */
	bool		is_mail = channel != NULL && channel->transport == TRANSPORT_SMTP &&
		!(machine->dry && respond_machine_is_blind(machine));

	if (spec->kind == PARAMETER_TAGS)
		read_tags(spec, is_mail, value);
	else if (JB_ROOT_IS_OBJECT(value->json))
		read_options(spec, is_mail, value);
}
