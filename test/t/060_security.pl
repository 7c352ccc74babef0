# What was there before the extension, and what the SQL of a rule can reach and leave behind.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('security', log_statement => 'none', restart_after_crash => 'on');
my $err;

sub one
{
	my ($db, $sql) = @_;

	return $node->safe_psql($db, $sql);
}

# refused(db, pattern, message): CREATE EXTENSION fails and says why.
sub refused
{
	my ($db, $pattern, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$node->psql($db, 'CREATE EXTENSION pg_respond', stderr => \$err);
	return like($err, $pattern, $message);
}

one('postgres', q{CREATE ROLE eve LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE app; CREATE ROLE respond_worker LOGIN PASSWORD 'known' CREATEROLE; CREATE DATABASE early OWNER eve});

# A role of the workers' name.
refused('early', qr/"respond_worker" exists and has rights.*ALTER ROLE/s, 'a role with rights of its own');
one('postgres', 'ALTER ROLE respond_worker NOCREATEROLE');
refused('early', qr/attributes.*CONNECTION LIMIT 0/s, 'a role that can log in');
one('postgres', 'ALTER ROLE respond_worker CONNECTION LIMIT 0; GRANT respond_worker TO eve');
refused('early', qr/role eve can act as it.*REVOKE respond_worker FROM eve/s, 'a role with members');
one('postgres', 'REVOKE respond_worker FROM eve; GRANT pg_read_server_files TO respond_worker');
refused('early', qr/has the rights of role pg_read_server_files/, 'a role that is a member');
one('postgres', 'REVOKE pg_read_server_files FROM respond_worker');
one('early', q{CREATE FUNCTION public.door() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text'; ALTER FUNCTION public.door() OWNER TO respond_worker});
refused('early', qr/it owns function public\.door\(\).*REASSIGN/s, 'a role that owns something');
one('early', 'DROP FUNCTION public.door()');

# A schema of ours.
one('early', q{SET ROLE eve; CREATE SCHEMA respond; CREATE FUNCTION respond.door() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text'});
refused('early', qr/belongs to a role that is not a superuser.*ALTER SCHEMA/s, q{a schema of somebody else's});
one('early', 'ALTER SCHEMA respond OWNER TO CURRENT_USER');
refused('early', qr/is not empty.*function respond\.door\(\)/s, 'a schema with something in it');
one('early', 'DROP FUNCTION respond.door(); SET ROLE eve; CREATE SCHEMA respond_internal');
refused('early', qr/schema "respond_internal" already exists/, 'the other schema');
one('early', 'DROP SCHEMA respond_internal');
one('early', "ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO app") for qw(TABLES SEQUENCES FUNCTIONS SCHEMAS);
one('early', 'CREATE EXTENSION pg_respond');
is(one('early', q{SELECT count(*) FROM (SELECT relacl FROM pg_class WHERE relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)
	UNION ALL SELECT nspacl FROM pg_namespace WHERE nspname LIKE 'respond%' UNION ALL SELECT proacl FROM pg_proc WHERE pronamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace)) AS a (acl)
	WHERE acl::text LIKE '%app=%'}), '0', 'default privileges give nobody rights on our objects');
one('early', 'DROP EXTENSION pg_respond; CREATE EXTENSION pg_respond');
pass('the extension can be created again');
one('postgres', 'CREATE DATABASE desk');
Respond::create_extension($node, 'desk');

# SQL of a rule whose owner is an admin and no superuser.
my @attempts = (
	[ 'SET ROLE respond_worker', 0 ], [ 'RESET ROLE', 0 ], [ 'SET SESSION AUTHORIZATION DEFAULT', 0 ], [ 'SET SESSION AUTHORIZATION respond_worker', 0 ],
	[ q{SELECT set_config('role', 'none', false)}, 0 ], [ q{SELECT set_config('session_authorization', 'default', false)}, 0 ], [ 'RESET SESSION AUTHORIZATION', 0 ],
	[ 'CREATE TEMP TABLE t ()', 0 ], [ 'PREPARE p AS SELECT 1', 0 ], [ 'DEALLOCATE ALL', 0 ], [ 'DECLARE c CURSOR WITH HOLD FOR SELECT 1', 0 ], [ 'DISCARD ALL', 0 ], [ 'LISTEN x', 0 ], [ 'UNLISTEN *', 0 ],
	[ 'COMMIT', 0 ], [ 'ROLLBACK', 0 ], [ q{DO 'BEGIN COMMIT; END'}, 0 ], [ q{COPY (SELECT 1) TO PROGRAM 'true'}, 0 ], [ 'ALTER ROLE eve SUPERUSER', 0 ], [ 'GRANT respond_worker TO eve', 0 ],
	[ 'UPDATE respond_internal.state SET hold = NULL', 0 ], [ q{INSERT INTO respond.audit_log (action, object_type) VALUES ('x', 'y')}, 0 ], [ 'LOCK TABLE respond.event', 0 ],
	[ q{SELECT respond.simulate('a')}, 0 ], [ 'SELECT respond.replay(1)', 0 ], [ q{SELECT respond.replay('-infinity', 'infinity')}, 0 ], [ 'SELECT pg_terminate_backend(pg_backend_pid())', 0 ],
	[ 'CREATE TRIGGER t BEFORE INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 0 ],
	[ 'SET session_replication_role = replica', 0 ], [ 'SET pg_respond.rule_timeout = 1', 0 ], [ 'SET log_min_messages = panic', 0 ],
	[ 'SET search_path = public', 1 ], [ 'SET statement_timeout = 1', 1 ], [ 'SET lock_timeout = 1', 1 ], [ 'SET row_security = off', 1 ], [ 'SET exit_on_error = on', 1 ], [ q{SET application_name = 'x'}, 1 ],
	[ 'RESET ALL', 1 ], [ 'SET default_transaction_read_only = on', 1 ], [ 'SET LOCAL synchronous_commit = on', 1 ], [ 'SET client_encoding = LATIN1', 1 ], [ q{SET TIME ZONE 'Asia/Kathmandu'}, 1 ],
	[ 'SET TRANSACTION READ ONLY', 1 ], [ 'SET CONSTRAINTS ALL DEFERRED', 1 ], [ 'SELECT pg_advisory_lock(7)', 1 ], [ 'SELECT pg_advisory_lock_shared(8)', 1 ], [ 'SELECT lo_create(0)', 1 ], [ 'NOTIFY x', 1 ]);

one('desk', q{
	GRANT respond_admin TO eve, bob; GRANT CREATE ON SCHEMA public TO eve, bob;
	CREATE TABLE public.seen (number integer, who name, outcome text); GRANT ALL ON public.seen TO PUBLIC;
	CREATE TABLE public.settings (name text, setting text); GRANT ALL ON public.settings TO PUBLIC;
	CREATE TABLE public.row_for (who name); INSERT INTO public.row_for VALUES ('eve'), ('bob'); GRANT SELECT ON public.row_for TO eve, bob;
	ALTER TABLE public.row_for ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON public.row_for USING (who = current_user);
	SET ROLE eve;
	CREATE FUNCTION public.attempt(number integer, statement text) RETURNS boolean LANGUAGE plpgsql AS $$
	DECLARE
		result text := 'worked';
	BEGIN
		BEGIN
			EXECUTE statement;
		EXCEPTION WHEN OTHERS THEN
			result := SQLERRM;
		END;
		IF result = 'worked' AND statement LIKE '%READ ONLY' THEN
			RETURN true;
		END IF;
		INSERT INTO public.seen VALUES (number, current_user, result);
		RETURN true;
	END $$;
	SET ROLE bob;
	CREATE TABLE public.parent (id bigint PRIMARY KEY); INSERT INTO public.parent VALUES (1);
	CREATE TABLE public.child (id bigint REFERENCES public.parent DEFERRABLE);
});
# bob looks around before and after each attempt of eve, in the same transaction
my $look = q{INSERT INTO public.settings SELECT name, setting FROM pg_settings WHERE context IN ('user', 'superuser') AND name <> 'transaction_deferrable'};
one('desk', 'SET ROLE bob; ' . join(';', map { "INSERT INTO respond.rule (name, event_type, priority, steps) VALUES ('bob $_->[0]', 'attempt', $_->[1], "
	. Respond::quote_literal(JSON::PP->new->encode([ map { { action => 'sql', sql => $_ } } $look, 'INSERT INTO public.child VALUES (1)' ])) . ')' } [ 'before', 10 ], [ 'after', 0 ]));
one('desk', q{SET ROLE eve; INSERT INTO respond.rule (name, event_type, priority, steps) VALUES ('eve', 'attempt', 5,
	'[{"action": "sql", "sql": "SELECT public.attempt(({{data.number}})::int, {{data.statement}})"}]')});
for my $number (0 .. $#attempts)
{
	Respond::emit($node, 'desk', 'attempt', { number => $number, statement => $attempts[$number][0] });
}
Respond::wait_idle($node, 'desk', 'the attempts were made');
my %outcome = map { split /\|/, $_, 2 } split /\n/, one('desk', 'SELECT number, outcome FROM public.seen');
for my $number (0 .. $#attempts)
{
	my ($statement, $works) = @{ $attempts[$number] };
	my $outcome = defined $outcome{$number} ? $outcome{$number} : 'worked';

	$works ? is($outcome, 'worked', $statement) : isnt($outcome, 'worked', $statement);
}
is(one('desk', q{SELECT DISTINCT who FROM public.seen}), 'eve', 'all of it as the owner');
is(one('desk', q{SELECT string_agg(DISTINCT name, ', ') FROM (SELECT name FROM public.settings GROUP BY name HAVING count(DISTINCT setting) > 1) AS changed}), '', 'no setting is left behind');
is(one('desk', q{SELECT count(*) FROM respond.run WHERE rule LIKE 'bob%' AND status <> 'succeeded'}), '0', q{no attempt makes somebody else's rule fail});
is(one('desk', q{SELECT count(*) FROM public.child}), 2 * @attempts, 'nor takes back what it did');
is(one('desk', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no advisory lock is left behind');
is(one('desk', q{SELECT max(failures) FROM respond.worker}), '0', 'no worker failed');

# Row level security is that of the owner.
for my $role (qw(eve bob))
{
	one('desk', qq{SET ROLE $role; INSERT INTO respond.rule (name, event_type, steps) VALUES ('rows $role', 'rows', '[{"action": "sql", "name": "s", "sql": "SELECT who FROM public.row_for"}]')});
}
Respond::emit($node, 'desk', 'rows');
Respond::wait_idle($node, 'desk');
is(one('desk', q{SELECT string_agg(rule || '=' || (state #>> '{s,rows}'), ' ' ORDER BY rule) FROM respond.run WHERE rule LIKE 'rows %'}),
	'rows bob=[{"who": "bob"}] rows eve=[{"who": "eve"}]', 'each owner sees the rows of its own');

# Roles that could stop workers cannot; what they see of them holds no data.
one('postgres', 'GRANT pg_signal_backend, pg_monitor TO eve');
$node->psql('postgres', q{SET ROLE eve; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'pg_respond %'}, stderr => \$err);
my $running = one('desk', q{SELECT count(*) FROM respond.worker WHERE state IN ('idle', 'busy')});
cmp_ok($running, '>=', 3, 'the workers run on');

# Rules that change all the time do not make the dispatcher grow.
sub dispatcher_memory
{
	my $pid = Respond::worker_pid($node, 'desk', 'dispatcher');

	Respond::emit($node, 'desk', 'grow');
	Respond::wait_idle($node, 'desk');
	open(my $file, '<', "/proc/$pid/statm") or return (0, $pid);
	return ((split ' ', <$file>)[5], $pid);
}
sub change_rules
{
	my ($times) = @_;

	for (1 .. $times)
	{
		one('desk', q{UPDATE respond.rule SET condition = format('(data ->> ''a'') IS NULL AND %s > 0', version) WHERE name = 'grow'; SELECT respond.emit('grow')});
	}
	Respond::wait_idle($node, 'desk');
	return;
}
one('desk', q{INSERT INTO respond.rule (name, event_type, condition, steps) VALUES ('grow', 'grow', 'true', '[{"action": "sql", "sql": "SELECT {{id}}, count(*) FROM respond.team"}, {"action": "set", "name": "v", "values": {"a": "{{type}}"}}]')});
change_rules(100);
my ($before, $first_pid) = dispatcher_memory();
change_rules(300);
my ($after, $second_pid) = dispatcher_memory();
is($second_pid, $first_pid, 'the dispatcher is the same process');
cmp_ok($after - $before, '<', 256, 'and did not grow by a megabyte while its rules changed 300 times') or diag("$before pages, then $after");

# An event made to keep the matcher busy is given up, and others go on.
one('desk', q{INSERT INTO respond.rule (name, event_type, pattern, steps) VALUES ('arrays', 'arrays', '{"data": {"l": {"m": {"x": [1], "y": [1]}, "n": {"x": [1], "y": [1]}}}}', '[]');
	SELECT respond.emit('arrays', jsonb_build_object('l', jsonb_agg(jsonb_build_object('m', (SELECT jsonb_agg('{"x": 1, "y": 1}'::jsonb) FROM generate_series(1, 6500)),
		'n', (SELECT jsonb_agg(CASE n % 2 WHEN 0 THEN '{"x": 1}'::jsonb ELSE '{"y": 1}' END) FROM generate_series(1, 6500) AS n))))) FROM generate_series(1, 2);
	SELECT respond.emit('arrays', '{"l": {"m": {"x": 1, "y": 1}, "n": {"x": 1, "y": 1}}}')});
Respond::wait_idle($node, 'desk');
is(one('desk', q{SELECT error FROM respond.dead_letter WHERE event_type = 'arrays'}), 'event takes too long to match', 'an event that takes too long to match is a dead letter');
is(one('desk', q{SELECT status FROM respond.run WHERE rule = 'arrays'}), 'succeeded', 'the next one is handled');

# Nor is a message of any length kept as it is.
one('desk', q{CREATE FUNCTION public.shout() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', repeat('x', 30000000); END $$;
	INSERT INTO respond.rule (name, event_type, condition) VALUES ('shout', 'shout', 'public.shout()'); SELECT respond.emit('shout')});
Respond::wait_idle($node, 'desk');
cmp_ok(one('desk', q{SELECT max(length(error)) FROM respond.run WHERE rule = 'shout'}), '<', 10000, 'a long message is cut');

# Databases of other encodings.
for my $encoding (qw(SQL_ASCII LATIN1 EUC_JP))
{
	my $db = lc $encoding;

	one('postgres', qq{CREATE DATABASE $db ENCODING '$encoding' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'});
	Respond::create_extension($node, $db);
	one($db, q{INSERT INTO respond.rule (name, event_type, pattern, steps) VALUES ('all', 'odd.*', '{"data": {"x": [{"equals-ignore-case": "ABC"}, {"wildcard": "*b*"}, {"exists": true}]}}',
		'[{"action": "ticket", "subject": "{{type}} {{data.x}}", "key": "{{subject}}"}]');
		INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('all', 'odd.*', 'odd');
		SELECT respond.emit('odd.' || c, jsonb_build_object('x', c || 'b'), repeat(c, 300), c, c)
		  FROM (SELECT encode(decode(to_hex(n) || to_hex(n), 'hex'), 'escape') AS e, convert_from(decode(to_hex(n) || to_hex(n), 'hex'), getdatabaseencoding()) AS c FROM generate_series(161, 168) AS n) AS characters});
	Respond::wait_idle($node, $db, "$encoding: all events are handled");
	is(one($db, 'SELECT count(*) FROM respond.ticket'), '8', "$encoding: and opened tickets");
}
is(one('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher'}) >= 4, 1, 'all dispatchers run');
ok(!Respond::log_has($node, qr/terminated by signal|PANIC/), 'no process died');
ok(!Respond::log_has($node, qr/pg_respond dispatcher LOG: .*public\.attempt/), q{the SQL of rules is not in the server's log});
$node->stop;

done_testing();
