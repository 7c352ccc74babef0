/*-------------------------------------------------------------------------
 * fuzz_mail_header.c
 *	  No text breaks the headers of mail and HTTP, or out of them.
 *
 * Input: a text, taken as that of a Subject, as a list of addresses and as a
 * value of CloudEvents.  Checked besides memory: what is written has legal
 * lines and reads back as what was given, a refusal says why, and a list that
 * was read can be written.
 *
 * test/fuzz/fuzz_mail_header.c
 *-------------------------------------------------------------------------
 */
/* links: test/unit/mail_decode.c src/wire/mail_header.c src/wire/mail_line.c src/wire/mail_address.c src/template/template_shield.c
   src/wire/mail_text.c src/wire/http_header.c */
/* libs: -lidn2 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/http_header.h"
#include "wire/mail_header.h"
#include "mail_decode.h"
#include "insist.h"

/* A space, an address with its angle brackets, a comma. */
#define LINE_WITH_ADDRESS	(MAIL_ADDRESS_LONGEST + 4)

static void
write_text(char *text)
{
	MailText	out = {0};
	const char *reason = respond_mail_header_text("Subject", text, &out);
	bool		encoded = out.length > 12 && strstr(out.data, "=?") != NULL;
	char	   *decoded;

	if (reason != NULL)
		insist(out.length == 0, "a refused text writes nothing");
	else
	{
		insist(mail_find_fault(out.data, encoded ? 76 : 998) == NULL, "the lines of a text are legal");
		for (char *at = text; *at != '\0'; at++)
		{
			if (*at == '\t')
				*at = ' ';
		}
		decoded = mail_decode_text(out.data);
		insist(strcmp(decoded, text) == 0, "a text reads back as it was");
		free(decoded);
	}
	respond_mail_text_free(&out);
}

static void
write_addresses(const MailAddresses *list)
{
	MailText	out = {0};
	MailText	expected = {0};
	char	   *decoded;

	insist(respond_mail_header_addresses("Reply-To", list, &out) == NULL, "a list that was read can be written");
	insist(mail_find_fault(out.data, LINE_WITH_ADDRESS) == NULL, "the lines of addresses are legal");
	for (int i = 0; i < list->count; i++)
	{
		if (list->items[i].name != NULL)
			respond_mail_text_append_string(&expected, list->items[i].name);
		respond_mail_text_append_string(&expected, "|");
		respond_mail_text_append_string(&expected, list->items[i].address);
		respond_mail_text_append_string(&expected, "\n");
	}
	decoded = mail_decode_addresses(out.data);
	insist(strcmp(decoded, respond_mail_text_string(&expected)) == 0, "addresses read back as they were");
	free(decoded);
	respond_mail_text_free(&expected);
	respond_mail_text_free(&out);
}

static void
read_addresses(const char *text)
{
	static MailAddresses list;

	if (respond_mail_addresses_parse(text, MAIL_ADDRESSES_MOST, &list))
	{
		insist(list.count > 0 && list.error[0] == '\0', "a list that was read holds addresses");
		write_addresses(&list);
	}
	else
	{
		insist(list.count == 0 && list.error[0] != '\0', "a refusal says why");
		insist(respond_mail_text_check(list.error, strlen(list.error), false) == NULL, "in clean text");
	}
	respond_mail_addresses_free(&list);
}

static void
write_cloudevents(const char *text)
{
	MailText	out = {0};

	respond_http_header_cloudevents(text, &out);
	insist(respond_http_header_check("ce-subject", respond_mail_text_string(&out)) == NULL, "what is encoded is legal");
	respond_mail_text_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	respond_http_header_check(text, text);
	read_addresses(text);
	write_cloudevents(text);
	write_text(text);
	free(text);
	return 0;
}
