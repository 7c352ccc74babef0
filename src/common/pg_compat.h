/*-------------------------------------------------------------------------
 * pg_compat.h
 *	  What differs between the releases of PostgreSQL that we build with, 15 to 18.
 *
 * No other file asks for the release.  Two kinds of differences are here:
 *
 *	- A name that older releases lack.  The code uses it as the newest release
 *	  means it, and the older ones are taught it.  When a release is given up,
 *	  its section goes, and nothing else changes.
 *	- A function whose parameters changed.  The code calls it by a name of ours,
 *	  respond_..., with the parameters that it needs.
 *
 * All are macros, so a file that uses one includes the server's header that
 * belongs to it, as always, and a file that uses none pays nothing.
 *
 * src/common/pg_compat.h
 *-------------------------------------------------------------------------
 */
#ifndef RESPOND_PG_COMPAT_H
#define RESPOND_PG_COMPAT_H

/* Until 16, postgres.h had VARDATA_ANY and its relatives itself. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * Names that older releases lack
 */

#if PG_VERSION_NUM < 160000

/* 16: one function instead of one for each catalog.  The catalog must be given by its name here. */
#define object_ownercheck(catalog, object, role) respond_ownercheck_##catalog(object, role)
#define respond_ownercheck_RelationRelationId	pg_class_ownercheck
#define respond_ownercheck_DatabaseRelationId	pg_database_ownercheck
#define respond_ownercheck_ExtensionRelationId	pg_extension_ownercheck

#define object_aclcheck(catalog, object, role, mode) respond_aclcheck_##catalog(object, role, mode)
#define respond_aclcheck_NamespaceRelationId	pg_namespace_aclcheck
#define respond_aclcheck_DatabaseRelationId		pg_database_aclcheck

/* 16: membership no longer implies the right to SET ROLE. */
#define member_can_set_role(member, role) is_member_of_role(member, role)

/* 16: the entry of a process was fetched under another name. */
#define pgstat_get_local_beentry_by_index(index) pgstat_fetch_stat_local_beentry(index)

/* 16: an update says whether only summarizing indexes (BRIN) need an entry, no longer just yes or no. */
typedef bool TU_UpdateIndexes;
#define TU_None		false

#endif

#if PG_VERSION_NUM < 170000

/* 17: the number of a process was called pgprocno. */
#define MyProcNumber (MyProc->pgprocno)

/* 17: intervals can be infinite. */
#define INTERVAL_NOT_FINITE(interval)	false
#define INTERVAL_IS_NOBEGIN(interval)	false

/* 17: what extensions wait for has names. */
#define WaitEventExtensionNew(name)		((void) (name), PG_WAIT_EXTENSION)

#endif

#if PG_VERSION_NUM < 180000

/* 18: it stands before a declaration, where pg_attribute_noreturn() stood behind it. */
#define pg_noreturn pg_attribute_noreturn()

/* 18: generated columns that are computed when they are read. */
#define ATTRIBUTE_GENERATED_VIRTUAL 'v'

#endif

/* Conditions that come and go with releases; respond_condition_name() knows those of all. */
#ifndef ERRCODE_DATUM_VERSION_MISMATCH
#define ERRCODE_DATUM_VERSION_MISMATCH		MAKE_SQLSTATE('2','2','P','0','7')
#endif
#ifndef ERRCODE_SNAPSHOT_TOO_OLD
#define ERRCODE_SNAPSHOT_TOO_OLD			MAKE_SQLSTATE('7','2','0','0','0')
#endif
#ifndef ERRCODE_TRANSACTION_TIMEOUT
#define ERRCODE_TRANSACTION_TIMEOUT			MAKE_SQLSTATE('2','5','P','0','4')
#endif
#ifndef ERRCODE_FILE_NAME_TOO_LONG
#define ERRCODE_FILE_NAME_TOO_LONG			MAKE_SQLSTATE('5','8','P','0','3')
#endif
#ifndef ERRCODE_INVALID_ARGUMENT_FOR_XQUERY
#define ERRCODE_INVALID_ARGUMENT_FOR_XQUERY MAKE_SQLSTATE('1','0','6','0','8')
#endif

/*
 * Functions whose parameters changed, and fields that moved
 */

/* 16: errors can go elsewhere than being raised. */
#if PG_VERSION_NUM >= 160000
#define respond_qualified_name_list(name) stringToQualifiedNameList(name, NULL)
#else
#define respond_qualified_name_list(name) stringToQualifiedNameList(name)
#endif

/* 16: a membership may be there to be given away alone, without the rights of the role. */
#if PG_VERSION_NUM >= 160000
#define respond_membership_counts(form) ((form)->inherit_option || (form)->set_option)
#else
#define respond_membership_counts(form) ((void) (form), true)
#endif

/* 16: settings lie in a hash table; the array of them is made, and counted, by the call. */
#if PG_VERSION_NUM >= 160000
#define respond_guc_variables(count) get_guc_variables(count)
#else
#define respond_guc_variables(count) (*(count) = GetNumConfigOptions(), get_guc_variables())
#endif

/* 16: the trigger of a partition's parent can be given, and the name lost its "New". */
#if PG_VERSION_NUM >= 160000
#define respond_set_trigger_fires(table, name, fires, recurse, lock) \
	EnableDisableTrigger(table, name, InvalidOid, fires, false, recurse, lock)
#else
#define respond_set_trigger_fires(table, name, fires, recurse, lock) \
	EnableDisableTriggerNew(table, name, fires, false, recurse, lock)
#endif

/*
 * 16: of an updated row, summarizing indexes alone can get an entry.  _unless sets *known when one of the arbiters has
 * the same entry already.
 */
#if PG_VERSION_NUM >= 160000
#define respond_insert_index_entries(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, false)
#define respond_update_index_entries(result, slot, estate, indexes) \
	ExecInsertIndexTuples(result, slot, estate, true, false, NULL, NIL, (indexes) == TU_Summarizing)
#define respond_insert_index_entries_unless(result, slot, estate, known, arbiters) \
	ExecInsertIndexTuples(result, slot, estate, false, true, known, arbiters, false)
#else
#define respond_insert_index_entries(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL)
#define respond_update_index_entries(result, slot, estate, indexes) \
	ExecInsertIndexTuples(result, slot, estate, true, false, NULL, NIL)
#define respond_insert_index_entries_unless(result, slot, estate, known, arbiters) \
	ExecInsertIndexTuples(result, slot, estate, false, true, known, arbiters)
#endif

/* 17: the local number of a transaction, which it has without an xid too, moved. */
#if PG_VERSION_NUM >= 170000
#define respond_my_lxid() (MyProc->vxid.lxid)
#else
#define respond_my_lxid() (MyProc->lxid)
#endif

/* 17: it takes the table itself instead of its oid. */
#if PG_VERSION_NUM >= 170000
#define respond_identity_sequence(table, column) getIdentitySequence(table, column, false)
#else
#define respond_identity_sequence(table, column) getIdentitySequence(RelationGetRelid(table), column, false)
#endif

/* 17: a set belongs to a resource owner instead of a memory context; here to none, it lives as long as the process. */
#if PG_VERSION_NUM >= 170000
#define respond_lasting_wait_event_set(count) CreateWaitEventSet(NULL, count)
#else
#define respond_lasting_wait_event_set(count) CreateWaitEventSet(TopMemoryContext, count)
#endif

/* 17: transaction_timeout.  A session of ours pins it where there is one. */
#if PG_VERSION_NUM >= 170000
#define RESPOND_PIN_TRANSACTION_TIMEOUT {"transaction_timeout", "0"},
#else
#define RESPOND_PIN_TRANSACTION_TIMEOUT
#endif

/* 18: EXPLAIN counts index searches. */
#if PG_VERSION_NUM >= 180000
#define respond_index_beginscan(table, index, snapshot, keys) index_beginscan(table, index, snapshot, NULL, keys, 0)
#else
#define respond_index_beginscan(table, index, snapshot, keys) index_beginscan(table, index, snapshot, keys, 0)
#endif

/* 18: bytes behind base64 are uint8 instead of char. */
#if PG_VERSION_NUM >= 180000
#define respond_base64_encode(bytes, length, text, room) pg_b64_encode((const uint8 *) (bytes), length, text, room)
#define respond_base64_decode(text, length, bytes, room) pg_b64_decode(text, length, (uint8 *) (bytes), room)
#else
#define respond_base64_encode(bytes, length, text, room) pg_b64_encode((const char *) (bytes), length, text, room)
#define respond_base64_decode(text, length, bytes, room) pg_b64_decode(text, length, (char *) (bytes), room)
#endif

#endif							/* RESPOND_PG_COMPAT_H */
