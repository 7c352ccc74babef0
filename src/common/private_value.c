/*-------------------------------------------------------------------------
 * private_value.c
 *	  Values of which not every reader sees everything.
 *
 * The SQL of a rule runs with the rights of its owner, so its errors and its
 * rows can hold what the readers of respond.run may not read.  Who reads a table
 * is known only when it is read: each value carries both what everybody may see
 * and what is for its owner, and whose it is.  It decides wherever it leaves its
 * type: in its output and send functions and in its casts.  So there is no way
 * around it: COPY, views, functions and statistics all go through these.
 *
 * Types respond.private_text and respond.private_jsonb become text and jsonb by
 * themselves.  What users write has no private part.  What a dump brings comes
 * back as text of which nobody knows whose it was: it is for superusers.
 *
 * src/common/private_value.c
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "common/private_value.h"
#include "common/restore.h"

#define FROM_DUMP	"recorded before the database was restored; superusers see more"

/* Two varlenas with 4-byte headers, the second aligned, or one. */
typedef struct PrivateValue
{
	int32		vl_len_;
	Oid			owner;			/* InvalidOid: superusers alone */
	uint32		full_offset;	/* of the second in data; 0: there is none */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} PrivateValue;

PG_FUNCTION_INFO_V1(respond_private_text_in);
PG_FUNCTION_INFO_V1(respond_private_text_out);
PG_FUNCTION_INFO_V1(respond_private_text_recv);
PG_FUNCTION_INFO_V1(respond_private_text_send);
PG_FUNCTION_INFO_V1(respond_private_text_to_text);
PG_FUNCTION_INFO_V1(respond_private_text_from_text);
PG_FUNCTION_INFO_V1(respond_private_jsonb_in);
PG_FUNCTION_INFO_V1(respond_private_jsonb_out);
PG_FUNCTION_INFO_V1(respond_private_jsonb_recv);
PG_FUNCTION_INFO_V1(respond_private_jsonb_send);
PG_FUNCTION_INFO_V1(respond_private_jsonb_to_jsonb);
PG_FUNCTION_INFO_V1(respond_private_jsonb_to_json);
PG_FUNCTION_INFO_V1(respond_private_jsonb_from_jsonb);

bool
respond_private_is_visible(Oid owner)
{
	if (superuser())
		return true;
	return OidIsValid(owner) && is_member_of_role(GetUserId(), owner);
}

Oid
respond_private_text_type(void)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("private_text"),
						   ObjectIdGetDatum(get_namespace_oid("respond", false)));
}

static Datum
make(const struct varlena *shown, const struct varlena *full, Oid owner)
{
	Size		shown_size = INTALIGN(VARSIZE(shown));
	Size		size = offsetof(PrivateValue, data) + shown_size + (full != NULL ? VARSIZE(full) : 0);
	PrivateValue *value = palloc0(size);

	SET_VARSIZE(value, size);
	value->owner = owner;
	value->full_offset = full != NULL ? shown_size : 0;
	memcpy(value->data, shown, VARSIZE(shown));
	if (full != NULL)
		memcpy(value->data + shown_size, full, VARSIZE(full));
	return PointerGetDatum(value);
}

Datum
respond_private_text(const char *shown, const char *full, Oid owner)
{
	return make((struct varlena *) cstring_to_text(shown),
				full != NULL ? (struct varlena *) cstring_to_text(full) : NULL, owner);
}

Datum
respond_private_jsonb(Jsonb *shown, Jsonb *full, Oid owner)
{
	return make((struct varlena *) shown, (struct varlena *) full, owner);
}

static Datum
copy_part(const char *part)
{
	struct varlena *copy = palloc(VARSIZE(part));

	memcpy(copy, part, VARSIZE(part));
	return PointerGetDatum(copy);
}

/* What the current user may see of it, copied. */
static Datum
visible(Datum datum)
{
	PrivateValue *value = (PrivateValue *) PG_DETOAST_DATUM(datum);
	const char *part = value->data;

	if (value->full_offset > 0 && respond_private_is_visible(value->owner))
		part += value->full_offset;
	return copy_part(part);
}

Jsonb *
respond_private_jsonb_full(Datum datum)
{
	PrivateValue *value = (PrivateValue *) PG_DETOAST_DATUM(datum);

	return DatumGetJsonbP(copy_part(value->data + value->full_offset));
}

Oid
respond_private_owner(Datum datum)
{
	return ((PrivateValue *) PG_DETOAST_DATUM(datum))->owner;
}

static Datum
text_from_user(text *value)
{
	if (respond_restore_in_progress())
		return make((struct varlena *) cstring_to_text(FROM_DUMP), (struct varlena *) value, InvalidOid);
	return make((struct varlena *) value, NULL, InvalidOid);
}

static Datum
jsonb_from_user(Jsonb *value)
{
	if (respond_restore_in_progress() && JB_ROOT_COUNT(value) > 0)
		return make((struct varlena *) DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"))),
					(struct varlena *) value, InvalidOid);
	return make((struct varlena *) value, NULL, InvalidOid);
}

Datum
respond_private_text_in(PG_FUNCTION_ARGS)
{
	return text_from_user(cstring_to_text(PG_GETARG_CSTRING(0)));
}

Datum
respond_private_text_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(TextDatumGetCString(visible(PG_GETARG_DATUM(0))));
}

Datum
respond_private_text_recv(PG_FUNCTION_ARGS)
{
	return text_from_user(DatumGetTextP(DirectFunctionCall1(textrecv, PG_GETARG_DATUM(0))));
}

Datum
respond_private_text_send(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(textsend, visible(PG_GETARG_DATUM(0)));
}

Datum
respond_private_text_to_text(PG_FUNCTION_ARGS)
{
	return visible(PG_GETARG_DATUM(0));
}

Datum
respond_private_text_from_text(PG_FUNCTION_ARGS)
{
	return text_from_user(PG_GETARG_TEXT_P(0));
}

Datum
respond_private_jsonb_in(PG_FUNCTION_ARGS)
{
	return jsonb_from_user(DatumGetJsonbP(DirectFunctionCall1(jsonb_in, PG_GETARG_DATUM(0))));
}

Datum
respond_private_jsonb_out(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_out, visible(PG_GETARG_DATUM(0)));
}

Datum
respond_private_jsonb_recv(PG_FUNCTION_ARGS)
{
	return jsonb_from_user(DatumGetJsonbP(DirectFunctionCall1(jsonb_recv, PG_GETARG_DATUM(0))));
}

Datum
respond_private_jsonb_send(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(jsonb_send, visible(PG_GETARG_DATUM(0)));
}

Datum
respond_private_jsonb_to_jsonb(PG_FUNCTION_ARGS)
{
	return visible(PG_GETARG_DATUM(0));
}

Datum
respond_private_jsonb_to_json(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(DatumGetCString(DirectFunctionCall1(jsonb_out, visible(PG_GETARG_DATUM(0))))));
}

Datum
respond_private_jsonb_from_jsonb(PG_FUNCTION_ARGS)
{
	return jsonb_from_user(PG_GETARG_JSONB_P(0));
}

/* By what the current user sees, so that what is sorted and grouped tells no more. */
static int
compare_text(FunctionCallInfo fcinfo)
{
	return DatumGetInt32(DirectFunctionCall2Coll(bttextcmp, C_COLLATION_OID, visible(PG_GETARG_DATUM(0)),
												 visible(PG_GETARG_DATUM(1))));
}

static int
compare_jsonb(FunctionCallInfo fcinfo)
{
	return DatumGetInt32(DirectFunctionCall2(jsonb_cmp, visible(PG_GETARG_DATUM(0)), visible(PG_GETARG_DATUM(1))));
}

/* The function behind an operator of a type, or its comparison function. */
#define COMPARISON(name, type, result) \
	PG_FUNCTION_INFO_V1(respond_private_##type##_##name); \
	Datum \
	respond_private_##type##_##name(PG_FUNCTION_ARGS) \
	{ \
		int			order = compare_##type(fcinfo); \
		\
		return result; \
	}

#define COMPARISONS(type) \
	COMPARISON(cmp, type, Int32GetDatum(order)) \
	COMPARISON(lt, type, BoolGetDatum(order < 0)) \
	COMPARISON(le, type, BoolGetDatum(order <= 0)) \
	COMPARISON(eq, type, BoolGetDatum(order == 0)) \
	COMPARISON(ne, type, BoolGetDatum(order != 0)) \
	COMPARISON(ge, type, BoolGetDatum(order >= 0)) \
	COMPARISON(gt, type, BoolGetDatum(order > 0))

COMPARISONS(text)
COMPARISONS(jsonb)
