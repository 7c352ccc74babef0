/*-------------------------------------------------------------------------
 * protocol.h
 *	  What each frame between the workers and the program pg_respond_gateway holds.
 *
 * The program is started by the worker "listener", which speaks with it over
 * the socket pair that is descriptor 3 of the program ("control").  The workers
 * "gateway" of databases connect to the Unix socket that is its descriptor 4.
 * Fields stand in this order; a number has 64 bits.
 *
 *	HELLO         the protocol (number), the version, the database, the lane (number), hosts (number),
 *	              then each host name. First on each connection; the database is empty on control.  The
 *	              lane is 0 for webhooks, streams and metrics, 1 and more for REST.
 *	WELCOME       the version of the program.  The answer to HELLO.
 *	REFUSE        why, for a person; the connection ends.  Versions that differ refuse each other, on both
 *	              sides.
 *	CONFIG        on control: most connections (number), most from one address (number; 0: any), the
 *	              certificates and the key (both as PEM, or empty: the program opens no files, so whoever
 *	              starts it reads them), addresses (number), then each address.  Later ones change all of
 *	              it; the first one opens socket files, which need rights that are given up then.
 *	DATABASES     on control, before the first CONFIG and whenever something changes: whether these are
 *	              all that there are (number: 0 or 1), databases (number), then the name of each.
 *	STATE         on control, the answer to CONFIG, and at most once a second while something changes:
 *	              connections (number), accepted so far (number), requests and connections that the
 *	              program refused so far (number), when the certificate in use ends (number: seconds since
 *	              1970; 0: none is in use), what is wrong with certificate or key (empty: nothing;
 *	              otherwise those of before stay in use), addresses (number), then of each: the address,
 *	              and why it is not listened to (empty: it is).
 *	LIMITS        bytes that a body may have (number), exceptions (number), then of each: a path, bytes
 *	              for it and what is below (number).
 *	REQUEST       see web_request.h.
 *	ANSWER        see web_answer.h: the status (number), fields ("Name: value" CR LF each), the body.  The
 *	              program adds Content-Length, Date and Connection.
 *	GONE          of a request: the caller left before the answer, or before the end of the stream.  On
 *	              lane 0 no answer is expected.  On the others it is: it says that the worker is free, and
 *	              until then nothing but GONE is sent behind a request.
 *	STREAM_BEGIN  in place of ANSWER: the status (number), fields.
 *	STREAM_DATA   streams (number), then the id of each request (number); bytes, which all of them get.
 *	STREAM_END    the same; then these streams end.
 *	STREAM_FULL   of a request: its caller reads too slowly; it was cut off behind the last bytes that
 *	              were sent as a whole.
 *
 * src/companion/protocol.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PROTOCOL_H
#define RESPOND_PROTOCOL_H

#define PROTOCOL_CONTROL_FD		3
#define PROTOCOL_LISTEN_FD		4

/* Relative to the data directory, where all processes of a server work; no base backup has it. */
#define PROTOCOL_SOCKET			"pg_stat_tmp/pg_respond_gateway.sock"

#define PROTOCOL_PROGRAM		"pg_respond_gateway"

#define PROTOCOL_MAX_HOSTS		1000
#define PROTOCOL_MAX_DATABASES	1000
#define PROTOCOL_MAX_ADDRESSES	32
#define PROTOCOL_MAX_EXCEPTIONS	10000
#define PROTOCOL_MAX_STREAMS	100000

#endif							/* RESPOND_PROTOCOL_H */
