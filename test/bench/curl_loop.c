/*-------------------------------------------------------------------------
 * curl_loop.c
 *	  The floor under the courier's benchmark: how many webhooks libcurl alone
 *	  sends from one thread.
 *
 * usage: curl_loop URL COUNT CONCURRENCY [BODY_BYTES=500]
 *
 * A bare multi loop with recycled easy handles and kept connections POSTs a
 * body of that many bytes with the headers of a webhook.  Nothing is signed,
 * stored or looked at but the status.
 *
 * Prints one line: n, failed (no 2xx), seconds, rate (requests a second).
 * Ends with 1 if any failed.
 *
 * build: cc -O2 curl_loop.c -lcurl
 *
 * test/bench/curl_loop.c
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <curl/curl.h>

static long asked = 0;			/* requests started */

static void
die(const char *message)
{
	fprintf(stderr, "curl_loop: %s\n", message);
	exit(1);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static size_t
ignore(char *data, size_t size, size_t count, void *context)
{
	(void) data;
	(void) context;
	return size * count;
}

/* The id and the time differ in each request, as they do in webhooks: the list is made anew. */
static struct curl_slist *
make_headers(void)
{
	static const char *const fixed[] = {
		"Content-Type: application/json",
		"webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
		"ce-specversion: 1.0",
		"ce-type: order.created",
		"ce-source: /pg_respond/bench",
		"ce-time: 2024-01-01T00:00:00Z",
		"ce-subject: 4711",
		"Expect:"
	};
	struct curl_slist *headers = NULL;
	char		line[3][100];

	snprintf(line[0], sizeof(line[0]), "webhook-id: %ld", asked);
	snprintf(line[1], sizeof(line[1]), "webhook-timestamp: %ld", (long) time(NULL));
	snprintf(line[2], sizeof(line[2]), "ce-id: %ld", asked);
	for (int i = 0; i < 3; i++)
		headers = curl_slist_append(headers, line[i]);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		headers = curl_slist_append(headers, fixed[i]);
	return headers;
}

static void
start(CURLM *multi, CURL *easy)
{
	struct curl_slist *headers = make_headers();

	asked++;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, headers);
	if (curl_multi_add_handle(multi, easy) != CURLM_OK)
		die("cannot add a handle");
}

static CURL *
make_handle(const char *url, const char *body, long length)
{
	CURL	   *easy = curl_easy_init();

	if (!easy)
		die("out of memory");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, length);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
	return easy;
}

int
main(int argc, char **argv)
{
	long		count;
	long		concurrency;
	long		length;
	long		done = 0;
	long		failed = 0;
	char	   *body;
	CURLM	   *multi;
	double		began;
	double		seconds;

	if (argc < 4 || argc > 5 || (count = atol(argv[2])) < 1 || (concurrency = atol(argv[3])) < 1)
		die("usage: curl_loop URL COUNT CONCURRENCY [BODY_BYTES=500]");
	length = argc > 4 ? atol(argv[4]) : 500;
	body = malloc((size_t) length + 1);
	if (!body || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK || !(multi = curl_multi_init()))
		die("cannot start");
	memset(body, 'a', (size_t) length);
	if (length >= 8)
	{
		memcpy(body, "{\"a\":\"", 6);
		memcpy(body + length - 2, "\"}", 2);
	}
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, concurrency);

	began = now();
	for (long i = 0; i < concurrency && asked < count; i++)
		start(multi, make_handle(argv[1], body, length));
	while (done < count)
	{
		int			running;
		int			queued;
		CURLMsg    *message;

		if (curl_multi_perform(multi, &running) != CURLM_OK)
			die("curl_multi_perform failed");
		while ((message = curl_multi_info_read(multi, &queued)) != NULL)
		{
			CURL	   *easy = message->easy_handle;
			struct curl_slist *headers;
			long		status = 0;

			if (message->msg != CURLMSG_DONE)
				continue;
			curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
			if (message->data.result != CURLE_OK || status < 200 || status > 299)
				failed++;
			done++;
			curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &headers);
			curl_multi_remove_handle(multi, easy);
			curl_slist_free_all(headers);
			if (asked < count)
				start(multi, easy);
			else
				curl_easy_cleanup(easy);
		}
		if (done < count && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
			die("curl_multi_poll failed");
	}
	seconds = now() - began;
	printf("n=%ld failed=%ld seconds=%.3f rate=%.0f\n", done, failed, seconds, (double) done / seconds);
	curl_multi_cleanup(multi);
	free(body);
	return failed > 0;
}
