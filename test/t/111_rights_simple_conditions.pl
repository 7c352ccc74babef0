# A condition that is evaluated without the executor runs nobody's code, and no condition leaves a lock in the dispatcher.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('simple');
my $db = 'desk';

sub one
{
	my ($sql) = @_;

	return $node->safe_psql($db, $sql);
}

Respond::create_extension($node, $db);

# Everything that calls eve's code by itself takes a lock of the session.
one(q{
	CREATE ROLE eve LOGIN; GRANT respond_admin TO eve; CREATE SCHEMA eve AUTHORIZATION eve; CREATE SCHEMA dba;
	CREATE FUNCTION eve.lock(anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_advisory_lock(77); RETURN true; END $$;
	CREATE FUNCTION eve.lock_text(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT eve.lock($1) $$;
	GRANT ALL ON SCHEMA dba TO eve;
	SET ROLE eve;
	CREATE DOMAIN eve.dlk AS text CHECK (eve.lock(VALUE));
	CREATE DOMAIN eve.over AS eve.dlk;
	CREATE DOMAIN eve.several AS text[] CHECK (eve.lock(VALUE));
	CREATE DOMAIN eve.truth AS boolean CHECK (eve.lock(VALUE));
	CREATE TYPE eve.pair AS (a eve.dlk, b text);
	CREATE TYPE eve.nested AS (p eve.pair);
	CREATE FUNCTION eve.difference(bigint, bigint) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_advisory_lock(77); RETURN $1 - $2; END $$;
	CREATE FUNCTION eve.compare(bigint, bigint) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_advisory_lock(77); RETURN btint8cmp($1, $2); END $$;
	CREATE TYPE eve.mood AS ENUM ('good', 'bad');
	CREATE FUNCTION eve.to_pair(text) RETURNS eve.pair LANGUAGE sql IMMUTABLE AS $$ SELECT ROW($1, $1)::eve.pair $$;
	CREATE CAST (text AS eve.pair) WITH FUNCTION eve.to_pair(text);
	CREATE FUNCTION eve.pair_to_json(eve.pair) RETURNS json LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(77); RETURN '1'; END $$;
	CREATE CAST (eve.mood AS text) WITH FUNCTION eve.mood_text(eve.mood);
} =~ s/CREATE CAST \(eve\.mood[^;]*;//r);
one(q{
	CREATE OPERATOR CLASS eve.locked FOR TYPE bigint USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 eve.compare(bigint, bigint);
	SET ROLE eve;
	CREATE TYPE eve.span AS RANGE (subtype = bigint, subtype_diff = eve.difference);
	CREATE FUNCTION eve.negate(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(77); RETURN true; END $$;
	CREATE OPERATOR eve.!! (RIGHTARG = text, FUNCTION = eve.negate);
});
one(q{CREATE TYPE eve.ordered AS RANGE (subtype = bigint, subtype_opclass = eve.locked)});

my %condition = (
	domain => q{(data ->> 'a')::eve.dlk IS NOT NULL},
	domain_over_domain => q{(data ->> 'a')::eve.over IS NOT NULL},
	domain_of_array => q{(data ->> 'l')::eve.several IS NOT NULL},
	domain_of_boolean => q{(data ->> 'b')::eve.truth},
	array_of_domain => q{(data -> 'arr' ->> 0)::eve.dlk[] IS NOT NULL},
	array_of_domain_by_element => q{ARRAY[data ->> 'a', 'x']::eve.dlk[] IS NOT NULL},
	array_of_domain_over_domain => q{(data -> 'arr' ->> 0)::eve.over[] IS NOT NULL},
	composite => q{(data ->> 'row')::eve.pair IS NOT NULL OR true},
	composite_of_composite => q{(data ->> 'nested')::eve.nested IS NULL OR true},
	array_of_composite => q{(data ->> 'rows')::eve.pair[] IS NOT NULL},
	row_cast => q{(ROW(data ->> 'a', 'x')::eve.pair) IS NOT NULL OR true},
	cast => q{((data ->> 'a')::eve.pair) IS NOT NULL OR true},
	range => q{(data ->> 'span')::eve.span IS NOT NULL},
	range_of_opclass => q{(data ->> 'span')::eve.ordered IS NOT NULL},
	array_of_range => q{(data ->> 'spans')::eve.ordered[] IS NOT NULL},
	multirange => q{(data ->> 'many')::eve.ordered_multirange IS NOT NULL},
	function => q{eve.lock(data ->> 'a')},
	function_in_sql => q{eve.lock_text(data ->> 'a')},
	operator => q{OPERATOR(eve.!!) (data ->> 'a')},
	populate => q{jsonb_populate_record(NULL::eve.pair, data) IS NOT NULL OR true},
	to_json => q{to_jsonb((data ->> 'row')::eve.pair) IS NOT NULL},
	format => q{format('%s', (data ->> 'row')::eve.pair) IS NOT NULL},
	tag => q{{{data.a}}::eve.dlk IS NOT NULL},
	branch => q{CASE WHEN type = 'type.branch' THEN (data -> 'arr' ->> 0)::eve.dlk[] ELSE NULL END IS NOT NULL},
	coalesce => q{COALESCE((data -> 'arr' ->> 0)::eve.dlk[], '{}') IS NOT NULL},
	comparison => q{(data -> 'arr' ->> 0)::eve.dlk[] = '{z}' OR true},
	lock => q{pg_advisory_lock(77) IS NOT NULL},
	try_lock => q{pg_try_advisory_lock(77)},
	shared_lock => q{pg_advisory_lock_shared(77) IS NOT NULL},
	xml => q{query_to_xml('SELECT pg_advisory_lock(77)', true, true, '') IS NOT NULL},
	xml_schema => q{query_to_xml_and_xmlschema('SELECT pg_advisory_lock(77)', true, true, '') IS NOT NULL},
	sub_select => q{(SELECT pg_advisory_lock(77)) IS NOT NULL},
);
for my $name (sort keys %condition)
{
	Respond::add_rule($node, $db, $name, "type.$name", [ { action => 'stop' } ], owner => 'eve', condition => $condition{$name});
}

# Plain ones, for comparison: they hold.
my %plain = (
	enum => q{(data ->> 'mood')::eve.mood = 'good'},
	enums => q{(data ->> 'moods')::eve.mood[] = '{good,bad}'},
	text => q{lower(data ->> 'a') = 'x' AND length(subject) > 0},
	built_in_range => q{(data ->> 'span')::int8range @> 2::bigint},
	row => q{ROW(data ->> 'a', 1) = ROW('x', 1)},
	array => q{(data ->> 'l')::text[] @> '{a}' AND 'a' = ANY ((data ->> 'l')::text[])},
);
Respond::add_rule($node, $db, $_, "type.$_", [ { action => 'stop' } ], owner => 'eve', condition => $plain{$_}) for sort keys %plain;

# Setting, then the lock that would stay: one event for each, and one more when all is done.
my $data = q({"a": "x", "b": true, "l": "{a,b}", "arr": ["{x,y}"], "row": "(x,y)", "nested": "(\"(x,y)\")", "rows": "{\"(x,y)\"}", "span": "[1,5]", "spans": "{\"[1,5]\"}", "many": "{[1,5]}", "mood": "good", "moods": "{good,bad}"});
for my $name (sort keys %condition, sort keys %plain)
{
	one("INSERT INTO respond.event (type, subject, data) VALUES ('type.$name', 'S', '$data')");
	Respond::wait_idle($node, $db);
	my $status = one("SELECT status || coalesce(': ' || error, '') FROM respond.run WHERE rule = '$name'");

	is($status, 'succeeded', "$name: the condition holds");
	is(one(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', "$name: no lock is left");
}
is(one(q{SELECT failures FROM respond.worker WHERE kind = 'dispatcher'}), '0', 'the dispatcher never failed');

done_testing();
