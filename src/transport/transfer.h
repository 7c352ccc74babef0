/*-------------------------------------------------------------------------
 * transfer.h
 *	  One request and what became of it.
 *
 * src/transport/transfer.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_TRANSFER_H
#define RESPOND_TRANSFER_H

#include <curl/curl.h>

#include "transport/answer.h"

/* Bytes of an answer that are kept. */
#define TRANSFER_RESPONSE_SIZE		2048
/* Bytes that libcurl reads at once. */
#define TRANSFER_BUFFER				4096L
/* Bytes of an answer, and of its headers, after which it is cut off. */
#define TRANSFER_RESPONSE_LIMIT		(256 * 1024)
#define TRANSFER_HEADER_LIMIT		(64 * 1024)

/* How one recipient of a mail fared. */
typedef struct MailReply
{
	long		status;			/* 0: was not asked */
	char		text[256];
} MailReply;

/* How a transfer is made: a table of functions, see transfer_kind.h. */
typedef struct TransferKind TransferKind;

extern const TransferKind respond_http_transfer;
extern const TransferKind respond_mail_transfer;

typedef struct Transfer
{
	/* filled in before the start; all of it must live until the end */
	const TransferKind *kind;
	const char *url;
	const char *method;			/* HTTP */
	const char *body;			/* mail: the whole message, its headers, too, in lines that end with CR LF */
	size_t		body_length;
	struct curl_slist *headers; /* HTTP */
	Answer	   *whole;			/* HTTP: takes all of the answer; NULL: its beginning is enough */
	const char *client_cert;	/* HTTP: files of PEM, NULL: none */
	const char *client_key;		/* NULL: in the same file */
	long		timeout_ms;
	const char *username;		/* mail: for AUTH; NULL: none */
	const char *password;
	const char *sender;			/* mail: of the envelope */
	const char **recipients;
	int			recipient_count;
	bool		tls_required;	/* mail: STARTTLS must be had */
	bool		in_clear;		/* mail: neither that nor TLS from the start */
	const char *mechanism;		/* mail: of AUTH; NULL: whichever is best of those that are offered */
	const char *utf8_address;	/* mail: one that needs SMTPUTF8; NULL: none does */
	void	   *owner;			/* the caller's own */

	/* result */
	CURLcode	code;
	long		status;			/* of the answer; 0: none came */
	int64_t		duration_us;
	int64_t		retry_after_ms; /* -1: not said */
	char		error[CURL_ERROR_SIZE + 128];	/* empty when code is CURLE_OK */
	char		response[TRANSFER_RESPONSE_SIZE];
	size_t		response_length;
	MailReply  *replies;		/* mail: one for each recipient; the caller's memory */

	/* the transport's own */
	struct TransferHandle *handle;
	struct Transfer *next_done;
	bool		refused;		/* the guard let nobody be connected to */
	bool		tried;			/* a socket was opened */
	bool		is_final;		/* HTTP: these headers are not those of an interim answer */
	bool		resent;			/* HTTP: it is on its way for the second time */
	bool		encoded;		/* HTTP: the answer's body is compressed or the like */
	bool		length_unclear; /* HTTP: the answer contradicts itself about the length of its body, or says none */
	int64_t		length_said;	/* HTTP: that length; -1: it was not said */
	bool		answered;		/* HTTP: the headers of the final answer are complete */
	bool		unfit;			/* mail: the server lacks what the mail needs */
	int64_t		begun_us;		/* mail: when connecting began */
	bool		connected;		/* mail: there is a TCP connection */
	bool		offers_utf8;	/* mail: SMTPUTF8 was in the last answer to EHLO */
	char		mechanisms[128];	/* mail: what stood behind AUTH in it */
	bool		data_sent;		/* mail: the message itself was under way */
	size_t		read;			/* mail: bytes of the body that libcurl has taken */
	size_t		received;
	size_t		header_bytes;
	int			recipients_answered;	/* mail: answers to RCPT commands */
	int			command;		/* mail: what the server answers next */
	char		last_line[256]; /* mail: the end of the server's last answer, but for that to QUIT */
} Transfer;

#endif							/* RESPOND_TRANSFER_H */
