/*-------------------------------------------------------------------------
 * redact.c
 *	  Taking a secret out of what a receiver answered.
 *
 * Receivers say secrets back: "invalid token abc", pages for debugging that hold
 * the whole request, a 404 that names the path.  The beginning of an answer is
 * kept in a table that more people read than may know the secret, so it is taken
 * out first.
 *
 * src/delivery/redact.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>

#include "common/base64.h"
#include "utils/memutils.h"

#include "delivery/redact.h"
#include "template/template_jsonb.h"

#define SIGNING_PREFIX	"whsec_"
#define SHORTEST_FORM	4
#define MASK			"***"

/* Secrets are at most 4,096 bytes, so there are not more of them than that. */
#define MOST_FORMS		64

struct SecretForms
{
	int			holders;
	int			count;
	char	   *texts[MOST_FORMS];	/* the longest first */
};

static void
wipe(char *text, size_t length)
{
	OPENSSL_cleanse(text, length);
	pfree(text);
}

/* Takes the text over. */
static void
add_form(SecretForms *forms, char *text)
{
	int			i;
	bool		wanted = strlen(text) >= SHORTEST_FORM && forms->count < MOST_FORMS;

	for (i = 0; wanted && i < forms->count; i++)
		wanted = strcmp(forms->texts[i], text) != 0;
	if (!wanted)
	{
		wipe(text, strlen(text));
		return;
	}
	for (i = forms->count++; i > 0 && strlen(forms->texts[i - 1]) < strlen(text); i--)
		forms->texts[i] = forms->texts[i - 1];
	forms->texts[i] = text;
}

static char *
encode(const char *bytes, size_t length)
{
	int			room = pg_b64_enc_len(length);
	char	   *encoded = palloc0(room + 1);

	if (pg_b64_encode(bytes, length, encoded, room) < 0)
		elog(ERROR, "could not encode credentials");
	return encoded;
}

/* A secret for signing may be several, each with a prefix that says so. */
static void
add_signing_secrets(SecretForms *forms, const char *secret)
{
	char	   *copy = pstrdup(secret);
	char	   *rest;

	for (char *part = strtok_r(copy, " ", &rest); part != NULL; part = strtok_r(NULL, " ", &rest))
	{
		if (strncmp(part, SIGNING_PREFIX, strlen(SIGNING_PREFIX)) != 0)
			continue;
		add_form(forms, pstrdup(part));
		add_form(forms, pstrdup(part + strlen(SIGNING_PREFIX)));
	}
	wipe(copy, strlen(secret));
}

/* As HTTP has them in Authorization, and SMTP behind AUTH (RFC 4616; LOGIN: the secret alone). */
static void
add_credentials(SecretForms *forms, const char *user, const char *secret)
{
	size_t		user_length = strlen(user);
	size_t		secret_length = strlen(secret);
	char	   *plain = psprintf("?%s:%s", user, secret);

	add_form(forms, encode(secret, secret_length));
	add_form(forms, encode(plain + 1, user_length + 1 + secret_length));
	plain[0] = plain[1 + user_length] = '\0';
	add_form(forms, encode(plain, user_length + 2 + secret_length));
	wipe(plain, user_length + 2 + secret_length);
}

SecretForms *
respond_secret_forms(const char *secret, const char *user)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	SecretForms *forms = palloc0(sizeof(SecretForms));

	forms->holders = 1;
	add_form(forms, pstrdup(secret));
	add_form(forms, respond_template_escape(secret, TEMPLATE_ESCAPE_JSON));
	add_form(forms, respond_template_escape(secret, TEMPLATE_ESCAPE_HTML));
	add_form(forms, respond_template_escape(secret, TEMPLATE_ESCAPE_URL));
	add_credentials(forms, user != NULL ? user : "", secret);
	add_signing_secrets(forms, secret);
	MemoryContextSwitchTo(caller);
	return forms;
}

void
respond_secret_forms_release(SecretForms *forms)
{
	if (forms == NULL || --forms->holders > 0)
		return;
	for (int i = 0; i < forms->count; i++)
		wipe(forms->texts[i], strlen(forms->texts[i]));
	pfree(forms);
}

static void
release_callback(void *forms)
{
	respond_secret_forms_release(forms);
}

void
respond_secret_forms_hold(SecretForms *forms, MemoryContext context)
{
	MemoryContextCallback *callback;

	if (forms == NULL)
		return;
	callback = MemoryContextAlloc(context, sizeof(MemoryContextCallback));
	callback->func = release_callback;
	callback->arg = forms;
	MemoryContextRegisterResetCallback(context, callback);
	forms->holders++;
}

/* Bytes of the form that stand at the beginning of the text, 0: it does not. */
static size_t
match(const char *form, const char *text, size_t length)
{
	size_t		form_length = strlen(form);

	if (length < SHORTEST_FORM)
		return 0;
	form_length = Min(form_length, length);
	return pg_strncasecmp(form, text, form_length) == 0 ? form_length : 0;
}

static size_t
match_any(const SecretForms *forms, const char *text, size_t length)
{
	for (int i = 0; i < forms->count; i++)
	{
		size_t		matched = match(forms->texts[i], text, length);

		if (matched > 0)
			return matched;
	}
	return 0;
}

size_t
respond_secret_redact(const SecretForms *forms, char *text, size_t length)
{
	size_t		to = 0;

	if (forms == NULL)
		return length;
	for (size_t from = 0; from < length;)
	{
		size_t		matched = match_any(forms, text + from, length - from);

		if (matched == 0)
		{
			text[to++] = text[from++];
			continue;
		}
		/* as long as the shortest form at least, so it fits */
		memcpy(text + to, MASK, strlen(MASK));
		to += strlen(MASK);
		from += matched;
	}
	return to;
}
