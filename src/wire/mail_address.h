/*-------------------------------------------------------------------------
 * mail_address.h
 *	  Lists of mail addresses as people write them.
 *
 * Legal forms, separated by commas: a@b, <a@b>, Name <a@b>, "Quoted, Name"
 * <a@b>.  It is a part of RFC 5322 section 3.4 on purpose: groups, comments and
 * quoted local parts are refused or have no special meaning, because what two
 * programs read differently is what attacks are made of.  A domain that is not
 * ASCII is read as its A-labels (IDNA 2008), which every server knows.  Local parts
 * need not be ASCII (RFC 6532): whether such mail can be sent is for the transport
 * to say.
 *
 * src/wire/mail_address.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_MAIL_ADDRESS_H
#define RESPOND_MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/mail_text.h"

#define MAIL_ADDRESSES_MOST		100
#define MAIL_ADDRESS_LONGEST	254	/* bytes: RFC 5321 section 4.5.3.1.3, without <> */
#define MAIL_LOCAL_PART_LONGEST	64	/* bytes: RFC 5321 section 4.5.3.1.1 */
#define MAIL_ADDRESS_ERROR_SIZE	200

typedef struct MailAddress
{
	char	   *name;			/* UTF-8, quotes and escapes removed; NULL if none */
	char	   *address;		/* local part, @, domain */
} MailAddress;

typedef struct MailAddresses
{
	int			count;
	MailAddress items[MAIL_ADDRESSES_MOST];
	bool		in_ascii;		/* the header must be ASCII: see respond_mail_header_addresses() */
	char		error[MAIL_ADDRESS_ERROR_SIZE];	/* "" if none */
} MailAddresses;

/*
 * Reads a list of 1 to most (at most MAIL_ADDRESSES_MOST) addresses from UTF-8.
 * Empty places between commas are skipped: templates leave them behind.  False
 * when it is not legal: then the list is empty and its error says why, such as
 * "\"x\" is not a mail address: it has no @", always UTF-8 without control
 * characters.  What *list held before is not looked at.
 */
extern bool respond_mail_addresses_parse(const char *text, int most, MailAddresses *list);

/*
 * The same for a text that templates gave with TEMPLATE_ESCAPE_ADDRESS: what is
 * shielded in it is a part of a name, or makes its address illegal.
 */
extern bool respond_mail_addresses_parse_shielded(const char *text, int most, MailAddresses *list);

/* Appends the list as text that respond_mail_addresses_parse() reads as the same list. */
extern void respond_mail_addresses_write(const MailAddresses *list, MailText *out);

/* Frees what the list holds and empties it. */
extern void respond_mail_addresses_free(MailAddresses *list);

/* The first address of the list that is not ASCII, NULL when all are. */
extern const char *respond_mail_addresses_find_utf8(const MailAddresses *list);

/*
 * NULL when an address alone is legal, or why not, to be read behind "it":
 * "has no @".  A legal address is safe in a command of SMTP.
 */
extern const char *respond_mail_address_check(const char *address);

#endif							/* RESPOND_MAIL_ADDRESS_H */
