/*-------------------------------------------------------------------------
 * redact.c
 *	  Taking a secret out of what a receiver answered.
 *
 * Receivers say secrets back: "invalid token abc", pages for debugging that hold
 * the whole request, a 404 that names the path.  The beginning of an answer is
 * kept in a table that more people read than may know the secret, so it is taken
 * out first.
 *
 * src/secret/redact.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <openssl/crypto.h>

#include "common/base64.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "common/pg_compat.h"
#include "secret/redact.h"
#include "secret/secret_match.h"

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
	Assert(i == 0 || strlen(forms->texts[i - 1]) >= strlen(text));
}

/*
 * The characters that base64 has for these bytes wherever in a text they stand:
 * behind a multiple of three bytes, and one or two more.  Those at the edges, in
 * which there are bits of others, are left out.
 */
static void
add_base64(SecretForms *forms, const char *bytes, size_t length)
{
	if (length < SHORTEST_FORM)
		return;
	for (int shift = 0; shift < 3; shift++)
	{
		size_t		first = (shift * 8 + 5) / 6;
		size_t		end = (shift + length) * 8 / 6;
		size_t		room = pg_b64_enc_len(shift + length);
		char	   *shifted = palloc0(shift + length);
		char	   *encoded = palloc0(room + 1);

		memcpy(shifted + shift, bytes, length);
		if (respond_base64_encode(shifted, shift + length, encoded, room) < 0)
			elog(ERROR, "could not encode credentials");
		if (end > first)
			add_form(forms, pnstrdup(encoded + first, end - first));
		wipe(shifted, shift + length);
		wipe(encoded, room);
	}
}

/* As HTTP has them in Authorization, and SMTP behind AUTH (RFC 4616; LOGIN: the secret alone). */
static void
add_credentials(SecretForms *forms, const char *user, const char *secret)
{
	size_t		user_length = strlen(user);
	size_t		secret_length = strlen(secret);
	char	   *plain = psprintf("?%s:%s", user, secret);

	add_base64(forms, secret, secret_length);
	add_base64(forms, plain + 1, user_length + 1 + secret_length);
	plain[0] = plain[1 + user_length] = '\0';
	add_base64(forms, plain, user_length + 2 + secret_length);
	wipe(plain, user_length + 2 + secret_length);
}

/* Its bytes as numbers, as dumps of memory show them and libraries write arrays of bytes. */
static void
add_numbers(SecretForms *forms, const char *secret)
{
	StringInfoData hex;
	StringInfoData list;

	initStringInfo(&hex);
	initStringInfo(&list);
	for (const unsigned char *s = (const unsigned char *) secret; *s != '\0'; s++)
	{
		appendStringInfo(&hex, "%02x", *s);
		appendStringInfo(&list, s == (const unsigned char *) secret ? "%d" : ",%d", *s);
	}
	add_form(forms, hex.data);
	add_form(forms, list.data);
}

/* The secret in one encoding. */
static void
add_encoded(SecretForms *forms, const char *secret, const char *user)
{
	add_form(forms, pstrdup(secret));
	if (strlen(secret) >= SHORTEST_FORM)
		add_numbers(forms, secret);
	add_credentials(forms, user, secret);
}

/* In ISO 8859-1, NULL when that lacks a character of it. */
static char *
to_latin1(const char *utf8)
{
	char	   *latin1 = palloc0(strlen(utf8) + 1);
	char	   *to = latin1;

	for (const unsigned char *s = (const unsigned char *) utf8; *s != '\0'; s += *s < 0x80 ? 1 : pg_utf_mblen(s))
	{
		pg_wchar	code = *s < 0x80 ? *s : utf8_to_unicode(s);

		if (code > 0xFF)
		{
			wipe(latin1, to - latin1);
			return NULL;
		}
		*to++ = (char) code;
	}
	return latin1;
}

/* A secret for signing may be several, with or without the prefix. */
static void
add_signing_secrets(SecretForms *forms, const char *secret)
{
	char	   *copy = pstrdup(secret);
	char	   *rest;

	for (char *part = strtok_r(copy, " ", &rest); part != NULL; part = strtok_r(NULL, " ", &rest))
	{
		add_form(forms, pstrdup(part));
		if (strncmp(part, SIGNING_PREFIX, strlen(SIGNING_PREFIX)) == 0)
			add_form(forms, pstrdup(part + strlen(SIGNING_PREFIX)));
	}
	wipe(copy, strlen(secret));
}

/* Requests are in UTF-8 whatever the database is in, and answers in whatever the receiver likes. */
SecretForms *
respond_secret_forms(const char *secret, const char *user, bool signs)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	SecretForms *forms = palloc0(sizeof(SecretForms));
	char	   *utf8 = pstrdup(pg_server_to_any(secret, strlen(secret), PG_UTF8));
	char	   *utf8_user = user != NULL ? pg_server_to_any(user, strlen(user), PG_UTF8) : "";
	char	   *latin1 = to_latin1(utf8);

	forms->holders = 1;
	add_encoded(forms, utf8, utf8_user);
	add_encoded(forms, secret, user != NULL ? user : "");
	if (latin1 != NULL)
	{
		add_encoded(forms, latin1, user != NULL ? user : "");
		wipe(latin1, strlen(latin1));
	}
	if (signs)
		add_signing_secrets(forms, secret);
	wipe(utf8, strlen(utf8));
	MemoryContextSwitchTo(caller);
	return forms;
}

void
respond_secret_forms_release(SecretForms *forms)
{
	Assert(forms == NULL || forms->holders > 0);
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

static size_t
match_any(const SecretForms *forms, const char *text, size_t length)
{
	for (int i = 0; i < forms->count; i++)
	{
		size_t		matched = respond_secret_match(forms->texts[i], text, length);

		/* a run of backslashes may be shorter than what stands for it */
		if (matched >= strlen(MASK))
			return matched;
	}
	return 0;
}

size_t
respond_secret_redact(const SecretForms *forms, char *text, size_t length, size_t kept)
{
	size_t		to = 0;

	if (forms == NULL)
		return Min(length, kept);
	for (size_t from = 0; from < length && to < kept;)
	{
		size_t		matched = match_any(forms, text + from, length - from);

		if (matched == 0)
		{
			text[to++] = text[from++];
			continue;
		}
		memcpy(text + to, MASK, strlen(MASK));
		to += strlen(MASK);
		from += matched;
	}
	return Min(to, kept);
}
