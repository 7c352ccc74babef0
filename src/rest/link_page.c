/*-------------------------------------------------------------------------
 * link_page.c
 *	  Pages for people who follow a link.
 *
 * src/rest/link_page.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "rest/link_page.h"

#define PAGE_POLICY	"default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
#define PAGE_END	"</main>\n</body>\n</html>\n"

void
respond_page_escape(StringInfo page, const char *text)
{
	for (; *text != '\0'; text++)
	{
		switch (*text)
		{
			case '&':
				appendStringInfoString(page, "&amp;");
				break;
			case '<':
				appendStringInfoString(page, "&lt;");
				break;
			case '>':
				appendStringInfoString(page, "&gt;");
				break;
			case '"':
				appendStringInfoString(page, "&quot;");
				break;
			case '\'':
				appendStringInfoString(page, "&#39;");
				break;
			default:
				appendStringInfoChar(page, *text);
		}
	}
}

void
respond_page_text(StringInfo page, const char *element, const char *text)
{
	appendStringInfo(page, "<%s>", element);
	respond_page_escape(page, text);
	appendStringInfo(page, "</%s>\n", element);
}

void
respond_page_begin(StringInfo page, const char *title)
{
	initStringInfo(page);
	appendStringInfoString(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
						   "<meta name=\"viewport\" content=\"width=device-width\">\n"
						   "<meta name=\"robots\" content=\"noindex\">\n");
	respond_page_text(page, "title", title);
	appendStringInfoString(page, "</head>\n<body>\n<main>\n");
	respond_page_text(page, "h1", title);
}

static void
answer(RestCall *call, int status, const char *utf8)
{
	call->answer = respond_web_answer(call->arena, status, "text/html; charset=utf-8", utf8, strlen(utf8));
	respond_web_answer_field(call->arena, call->answer, "Content-Security-Policy", PAGE_POLICY);
	respond_web_answer_field(call->arena, call->answer, "Referrer-Policy", "no-referrer");
	respond_web_answer_field(call->arena, call->answer, "X-Content-Type-Options", "nosniff");
	respond_web_answer_field(call->arena, call->answer, "X-Robots-Tag", "noindex");
}

void
respond_page_answer(RestCall *call, int status, StringInfo page)
{
	appendStringInfoString(page, PAGE_END);
	answer(call, status, respond_call_utf8(call, page->data));
}

void
respond_page_refuse(RestCall *call, int status, const char *sentence)
{
	StringInfoData page;

	respond_page_begin(&page, respond_status_words(status));
	respond_page_text(&page, "p", sentence);
	appendStringInfoString(&page, PAGE_END);
	answer(call, status, respond_arena_copy(call->arena, page.data, page.len));
}
