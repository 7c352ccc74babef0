-- Every object of the extension, one line each: an updated extension is compared with a new one by it.  Partitions made by the clock are left out.
WITH members AS (
	SELECT d.classid, d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
	 WHERE e.extname = 'pg_respond' AND d.deptype = 'e'
), relations AS (
	SELECT c.* FROM pg_catalog.pg_class c JOIN members m ON m.classid = 'pg_catalog.pg_class'::regclass AND m.objid = c.oid
), line(kind, name, text) AS (
	SELECT 'relation', c.oid::regclass::text, concat_ws(' | ', c.relkind, c.relpersistence, c.relreplident, c.relrowsecurity, c.relowner::regrole,
		   (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(c.relacl) a), c.reloptions::text,
		   CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END, pg_get_partkeydef(c.oid), obj_description(c.oid, 'pg_class'))
	  FROM relations c
	UNION ALL
	SELECT 'column', format('%s.%s', c.oid::regclass, a.attname), concat_ws(' | ', 
		   format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attstorage, a.attcollation::regcollation, (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(a.attacl) x),
		   (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum), col_description(c.oid, a.attnum))
	  FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	UNION ALL
	SELECT 'constraint', format('%s.%s', n.conrelid::regclass, n.conname), concat_ws(' | ', pg_get_constraintdef(n.oid), n.convalidated, obj_description(n.oid, 'pg_constraint'))
	  -- from 18 on NOT NULL is a constraint with a name; columns tell of it in each release
	  FROM pg_constraint n WHERE n.contype <> 'n' AND n.conrelid IN (SELECT oid FROM relations) OR n.contypid IN (SELECT objid FROM members WHERE classid = 'pg_type'::regclass)
	UNION ALL
	SELECT 'index', i.indexrelid::regclass::text, concat_ws(' | ', pg_get_indexdef(i.indexrelid), i.indisreplident, i.indisvalid, obj_description(i.indexrelid, 'pg_class'))
	  FROM pg_index i WHERE i.indrelid IN (SELECT oid FROM relations)
	UNION ALL
	SELECT 'trigger', format('%s.%s', t.tgrelid::regclass, t.tgname), concat_ws(' | ', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
	  FROM pg_trigger t WHERE t.tgrelid IN (SELECT oid FROM relations) AND NOT t.tgisinternal
	UNION ALL
	SELECT 'rule', format('%s.%s', r.ev_class::regclass, r.rulename), pg_get_ruledef(r.oid) FROM pg_rewrite r WHERE r.ev_class IN (SELECT oid FROM relations) AND r.rulename <> '_RETURN'
	UNION ALL
	SELECT 'policy', format('%s.%s', p.polrelid::regclass, p.polname), concat_ws(' | ', p.polcmd, p.polroles::regrole[]::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy p WHERE p.polrelid IN (SELECT oid FROM relations)
	UNION ALL
	SELECT 'function', p.oid::regprocedure::text, concat_ws(' | ', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, p.proowner::regrole, (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(p.proacl) a), obj_description(p.oid, 'pg_proc'))
	  FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	UNION ALL
	SELECT 'type', t.oid::regtype::text, concat_ws(' | ', t.typtype, t.typlen, t.typinput, t.typoutput, t.typreceive, t.typsend, t.typbasetype::regtype, t.typstorage, t.typalign, t.typcategory, t.typispreferred, t.typnotnull, t.typdefault, t.typowner::regrole, (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(t.typacl) a), obj_description(t.oid, 'pg_type'))
	  FROM pg_type t JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
	UNION ALL
	SELECT 'cast', format('%s as %s', c.castsource::regtype, c.casttarget::regtype), concat_ws(' | ', c.castfunc::regprocedure, c.castcontext, c.castmethod) FROM pg_cast c JOIN members m ON m.classid = 'pg_cast'::regclass AND m.objid = c.oid
	UNION ALL
	SELECT 'operator', o.oid::regoperator::text, concat_ws(' | ', o.oprcode, o.oprowner::regrole, o.oprcom::regoperator, o.oprnegate::regoperator) FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	UNION ALL
	SELECT 'schema', n.nspname, concat_ws(' | ', n.nspowner::regrole, (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(n.nspacl) a), obj_description(n.oid, 'pg_namespace')) FROM pg_namespace n WHERE n.nspname IN ('respond', 'respond_internal')
	UNION ALL
	SELECT 'sequence', s.seqrelid::regclass::text, concat_ws(' | ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle) FROM pg_sequence s WHERE s.seqrelid IN (SELECT oid FROM relations) OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.refobjid IN (SELECT oid FROM relations))
	UNION ALL
	SELECT 'event trigger', e.evtname, concat_ws(' | ', e.evtevent, e.evtfoid::regprocedure, e.evtenabled, e.evtowner::regrole) FROM pg_event_trigger e JOIN members m ON m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid
	UNION ALL
	SELECT 'configuration', c::regclass::text, e.extcondition[o] FROM pg_extension e, unnest(e.extconfig) WITH ORDINALITY AS x(c, o) WHERE e.extname = 'pg_respond'
	UNION ALL
	SELECT 'other member', pg_describe_object(m.classid, m.objid, 0), '' FROM members m
)
SELECT kind, name, replace(text, E'\n', ' ') FROM line WHERE name !~ '_[0-9]{8}_[0-9]{4}' ORDER BY 1, 2, 3;
