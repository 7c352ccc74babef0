/*-------------------------------------------------------------------------
 * problem.c
 *	  Answers that say what is wrong with a request: problem documents of RFC 9457.
 *
 * src/companion/problem.c
 *-------------------------------------------------------------------------
 */
#include "companion/problem.h"

#include <stdio.h>

#include "companion/json_text.h"

static const struct
{
	int			status;
	const char *words;
}			all_words[] =
{
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Content"},
	{429, "Too Many Requests"},
	{500, "Internal Server Error"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

const char *
respond_status_words(int status)
{
	for (size_t i = 0; i < sizeof(all_words) / sizeof(all_words[0]); i++)
		if (all_words[i].status == status)
			return all_words[i].words;
	return status < 400 ? "Success" : "Error";
}

static void
write_place(JsonText *text, const ProblemPlace *place)
{
	respond_json_text_element(text);
	respond_json_text_put(text, "{");
	if (place->pointer != NULL)
		respond_json_text_pair(text, "pointer", place->pointer);
	if (place->parameter != NULL)
		respond_json_text_pair(text, "parameter", place->parameter);
	respond_json_text_pair(text, "detail", place->detail);
	respond_json_text_put(text, "}");
}

WebAnswer *
respond_problem_at(Arena *arena, int status, const char *detail, const char *remedy,
				   const ProblemPlace *places, int count)
{
	JsonText	text;
	char		number[16];

	snprintf(number, sizeof(number), "%d", status);
	respond_json_text_begin(&text, arena);
	respond_json_text_put(&text, "{");
	respond_json_text_pair(&text, "type", "about:blank");
	respond_json_text_pair(&text, "title", respond_status_words(status));
	respond_json_text_member(&text, "status");
	respond_json_text_put(&text, number);
	if (detail != NULL)
		respond_json_text_pair(&text, "detail", detail);
	if (remedy != NULL)
		respond_json_text_pair(&text, "remedy", remedy);
	if (count > 0)
	{
		respond_json_text_member(&text, "errors");
		respond_json_text_put(&text, "[");
		for (int i = 0; i < count; i++)
			write_place(&text, &places[i]);
		respond_json_text_put(&text, "]");
	}
	respond_json_text_put(&text, "}");
	return respond_web_answer(arena, status, "application/problem+json", text.bytes, text.length);
}

WebAnswer *
respond_problem(Arena *arena, int status, const char *detail)
{
	return respond_problem_at(arena, status, detail, NULL, NULL, 0);
}
