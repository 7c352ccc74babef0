/*-------------------------------------------------------------------------
 * resource.h
 *	  What requests and answers hold.
 *
 * By these fields bodies are checked, rows are read, and the interface describes
 * itself.  It builds without a server.
 *
 * src/rest/resource.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_RESOURCE_H
#define RESPOND_RESOURCE_H

typedef enum FieldKind
{
	FIELD_NUMBER,				/* an integer of 64 bits */
	FIELD_TEXT,
	FIELD_TEXTS,				/* a list of texts */
	FIELD_OBJECT,
	FIELD_VALUE,				/* whatever JSON can say */
	FIELD_TIME,
	FIELD_BOOLEAN,
	FIELD_UUID,
	FIELD_ITEMS					/* a list of another resource */
} FieldKind;

#define FIELD_NULL		(1 << 0)	/* may be null */
#define FIELD_NEEDED	(1 << 1)	/* must be there */
#define FIELD_FILLED	(1 << 2)	/* must not be empty */

typedef struct Field
{
	const char *name;
	FieldKind	kind;
	int			flags;
	const char *words;			/* the only texts that it may be, with commas; NULL: any */
	const char *sql;			/* its value of row r; NULL: the column of its name */
	const char *about;
	const struct Resource *items;	/* FIELD_ITEMS */
} Field;

typedef struct Resource
{
	const char *name;			/* as the interface describes it */
	const char *from;			/* table with alias r; NULL: it is no row */
	const char *about;
	int			count;
	const Field *fields;
} Resource;

#define RESOURCE(name, from, about, fields)	{(name), (from), (about), sizeof(fields) / sizeof(fields[0]), (fields)}

/* What is answered. */
extern const Resource respond_resource_ticket;
extern const Resource respond_resource_comment;
extern const Resource respond_resource_rating;
extern const Resource respond_resource_event;
extern const Resource respond_resource_reason;
extern const Resource respond_resource_recorded;
extern const Resource respond_resource_recorded_list;
extern const Resource respond_resource_approval;
extern const Resource respond_resource_decision;
extern const Resource respond_resource_rule;
extern const Resource respond_resource_run;
extern const Resource respond_resource_started;
extern const Resource respond_resource_delivery;
extern const Resource respond_resource_health;
extern const Resource respond_resource_health_check;

/* What is sent. */
extern const Resource respond_body_ticket;
extern const Resource respond_body_ticket_change;
extern const Resource respond_body_comment;
extern const Resource respond_body_rating;
extern const Resource respond_body_decision;
extern const Resource respond_body_start;
extern const Resource respond_body_cancel;
extern const Resource respond_body_retry;
extern const Resource respond_body_event;

#endif							/* RESPOND_RESOURCE_H */
