-- 95_partition.sql: partitions for the first days.

-- After everything that gives the default partitions their shape, because the
-- others are made like them.  A dump brings partitions of its own.
CREATE FUNCTION respond_internal.make_first_partitions() RETURNS void
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'respond_make_first_partitions';
COMMENT ON FUNCTION respond_internal.make_first_partitions() IS 'for the script of the extension alone';
REVOKE ALL ON FUNCTION respond_internal.make_first_partitions() FROM PUBLIC;

SELECT respond_internal.make_first_partitions() WHERE NOT respond_internal.is_restore();
SELECT respond_internal.take_back_defaults(true);

DROP FUNCTION respond_internal.make_first_partitions();
DROP FUNCTION respond_internal.take_back_defaults(boolean);
