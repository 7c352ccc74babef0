# What the SQL of one owner's rule opens in a dispatcher is out of reach of another owner's; what the caller of simulate() has
# in the session is out of reach of the authors of rules.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('objects', 'pg_respond.rule_timeout' => '20s', restart_after_crash => 'off');
my $db = 'desk';
my $port = $node->port;
my $host = $node->host;

sub one
{
	my ($sql) = @_;

	return $node->safe_psql($db, $sql);
}

Respond::create_extension($node, $db);
one(q{
	CREATE ROLE alice LOGIN SUPERUSER; CREATE ROLE eve LOGIN;
	GRANT respond_admin TO eve; GRANT CREATE ON SCHEMA public TO eve;
	CREATE EXTENSION dblink; CREATE EXTENSION pg_prewarm; CREATE EXTENSION hstore; CREATE EXTENSION pgcrypto;
	CREATE TABLE public.secret (v text); INSERT INTO public.secret VALUES ('TOP1');
	CREATE SEQUENCE public.counter; GRANT ALL ON SEQUENCE public.counter TO eve;
	CREATE TABLE public.seen (name text, value text); GRANT ALL ON public.seen TO PUBLIC;
	SELECT lo_from_bytea(4711, 'TOP2');
	SET ROLE alice;
	CREATE FUNCTION public.open_cursor(name text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE c refcursor := $1; BEGIN OPEN c FOR SELECT v FROM public.secret; RETURN 'opened'; END $$;
	RESET ROLE; SET ROLE eve;
	-- What a statement gives, or why it fails.
	CREATE FUNCTION public.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE result text; BEGIN EXECUTE statement INTO result; RETURN result; EXCEPTION WHEN OTHERS THEN RETURN 'error: ' || SQLERRM; END $$;
	CREATE FUNCTION public.peek(name text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE c refcursor := $1; result text; BEGIN FETCH FIRST FROM c INTO result; RETURN result; EXCEPTION WHEN OTHERS THEN RETURN 'error: ' || SQLERRM; END $$;
	CREATE FUNCTION public.note(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES ($1, $2); RETURN true; END $$;
});

# What alice leaves, and how eve reaches for it.
my %leak = (
	cursor => [ q{SELECT public.open_cursor('leak')}, q{public.peek('leak')} ],
	cursor_as_xml => [ q{SELECT public.open_cursor('leak')}, q{public.try('SELECT cursor_to_xml(''leak'', 10, true, true, '''')')} ],
	large_object => [ q{SELECT lo_open(4711, 262144)}, q{public.try('SELECT convert_from(loread(0, 100), ''UTF8'')')} ],
	connection => [ qq{SELECT public.dblink_connect('leak', 'host=$host port=$port dbname=$db user=alice')}, q{public.try('SELECT * FROM public.dblink(''leak'', ''SELECT current_user::text'') AS t (a text)')} ],
	unnamed_connection => [ qq{SELECT public.dblink_connect('host=$host port=$port dbname=$db user=alice')}, q{public.try('SELECT * FROM public.dblink(''SELECT current_user::text'') AS t (a text)')} ],
	connections => [ qq{SELECT public.dblink_connect('leak', 'host=$host port=$port dbname=$db user=alice')}, q{public.try('SELECT public.dblink_get_connections()::text')} ],
	setting => [ q{SELECT set_config('my.secret', 'TOP3', false)}, q{current_setting('my.secret', true)} ],
	last_value => [ q{SELECT nextval('public.counter')}, q{public.try('SELECT lastval()')} ],
	current_value => [ q{SELECT nextval('public.counter')}, q{public.try('SELECT currval(''public.counter'')')} ],
	seed => [ q{SELECT setseed(0.25)}, q{random()::text} ],
	lock => [ q{SELECT pg_advisory_lock(4712)}, q{public.try('SELECT pg_advisory_unlock(4712)')} ],
	cursors => [ q{SELECT public.open_cursor('leak')}, q{public.try('SELECT string_agg(name, '','') FROM pg_cursors WHERE name = ''leak''')} ],
);
my $with_seed = one(q{SELECT random() FROM (SELECT setseed(0.25)) AS s});
for my $name (sort keys %leak)
{
	my ($leave, $reach) = @{ $leak{$name} };

	# in the same event, and in one of its own
	Respond::add_rule($node, $db, "alice $name", "leave.$name", [ { action => 'sql', sql => $leave } ], owner => 'alice', priority => 10);
	Respond::add_rule($node, $db, "eve $name", "leave.$name", [ { action => 'stop' } ], owner => 'eve', condition => "public.note('$name', $reach)");
	Respond::add_rule($node, $db, "eve later $name", "reach.$name", [ { action => 'stop' } ], owner => 'eve', condition => "public.note('$name', $reach)");
	one(qq{SELECT respond.emit('leave.$name'), respond.emit('reach.$name')});
}
Respond::wait_idle($node, $db, 'the events are handled');
is(one(q{SELECT count(*) FROM respond.run WHERE status <> 'succeeded'}), '0', 'all of it can be done')
  or diag(one(q{SELECT rule, status, error FROM respond.run WHERE status <> 'succeeded'}));
for my $name (sort keys %leak)
{
	my $values = one(qq{SELECT string_agg(coalesce(value, 'NULL'), '|') FROM public.seen WHERE name = '$name'});

	if ($name eq 'seed')
	{
		unlike($values, qr/\Q$with_seed\E/, 'the seed of random() is not known to another owner');
		next;
	}
	if ($name eq 'lock')
	{
		is($values, 'false|false', 'a session\'s lock is released');
		next;
	}
	like($values, qr/^(|NULL|error: [^|]*)\|(|NULL|error: [^|]*)$/, "$name: nothing is within reach of another owner");
}
is(one(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = 'alice'}), '0', 'connections are closed');
is(one(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'locks are released');

# Functions of which nobody knows what they leave.
my $prewarm = q{SELECT public.pg_prewarm('public.secret')};
Respond::add_rule($node, $db, 'unknown', 'unknown', [ { action => 'sql', sql => $prewarm } ], owner => 'alice');
Respond::add_rule($node, $db, 'known', 'unknown', [ { action => 'sql', sql => q{SELECT public.digest('x', 'sha1'), public.gen_random_bytes(4), 'a=>1'::public.hstore OPERATOR(public.->) 'a'} } ], owner => 'alice');
one(q{SELECT respond.emit('unknown')});
Respond::wait_idle($node, $db, 'the event is handled');
like(one(q{SELECT error FROM respond.run WHERE rule = 'unknown'}), qr/pg_prewarm/, 'a function that may leave something is refused where rules have several owners');
is(one(q{SELECT status FROM respond.run WHERE rule = 'known'}), 'succeeded', 'functions of known extensions are not');
Respond::configure($node, 'pg_respond.rule_extensions' => 'pg_prewarm');
$node->reload;
my $log = -s $node->logfile;
Respond::wait_until($node, $db, q{SELECT current_setting('pg_respond.rule_extensions') = 'pg_prewarm'});
one(q{UPDATE respond.rule SET description = 'again' WHERE name = 'unknown'; SELECT respond.emit('unknown')});
Respond::wait_idle($node, $db, 'the event is handled');

# With one owner anything goes, until there is another one: then the process makes way.
Respond::configure($node, 'pg_respond.rule_extensions' => '');
$node->reload;
Respond::wait_until($node, $db, q{SELECT current_setting('pg_respond.rule_extensions') = ''});
one(q{DELETE FROM respond.rule WHERE owner = 'eve'});
my $pid = Respond::worker_pid($node, $db, 'dispatcher');
$node->restart;
Respond::wait_workers($node, $db);
$pid = Respond::worker_pid($node, $db, 'dispatcher');
one(q{SELECT respond.emit('unknown')});
Respond::wait_idle($node, $db, 'the event is handled');
is(one(q{SELECT status FROM respond.run WHERE rule = 'unknown' ORDER BY id DESC LIMIT 1}), 'succeeded', 'where all rules have one owner it may be called');
one(q{INSERT INTO respond.rule (name, event_type, steps, owner) VALUES ('second', 'second', '[{"action": "sql", "sql": "SELECT public.try(''SELECT 1'')"}]', 'eve')});
one(q{INSERT INTO respond.event (type, subject) SELECT CASE n % 2 WHEN 0 THEN 'unknown' ELSE 'second' END, n::text FROM generate_series(1, 20) AS n});
Respond::wait_idle($node, $db, 'the events are handled');
isnt(Respond::worker_pid($node, $db, 'dispatcher'), $pid, 'the dispatcher made way before it ran SQL of the second owner');
is(one(q{SELECT count(*), count(*) FILTER (WHERE status = 'succeeded') FROM respond.run WHERE rule = 'second'}), '10|10', 'whose rule works');
is(one(q{SELECT count(*), count(*) FILTER (WHERE error LIKE '%pg_prewarm%') FROM respond.run WHERE rule = 'unknown' AND event_id > (SELECT max(event_id) - 20 FROM respond.run)}), '10|10', 'and the other is told why it does not');
is(one(q{SELECT failures FROM respond.worker WHERE kind = 'dispatcher'}), '0', 'which counts as no failure');
is(one(q{SELECT count(*) FROM respond_internal.dead_event}), '0', 'and makes no event a dead letter');

# What the caller of simulate() has.
one(q{DELETE FROM respond.rule; TRUNCATE public.seen});
my %reach = (
	cursor => q{public.peek('mine') = 'x'},
	cursor_as_xml => q{cursor_to_xml('mine', 10, true, true, '')::text = 'x'},
	large_object => q{loread(0, 100) = 'x'},
	large_object_in_function => q{public.try('SELECT convert_from(loread(0, 100), ''UTF8'')') = 'x'},
	statement => q{public.try('EXECUTE mine') = 'x'},
	statements => q{public.try('SELECT string_agg(statement, '','') FROM pg_prepared_statements') = 'x'},
	setting => q{current_setting('my.token', true) = 'x'},
	query => q{current_query() = 'x'},
	connection => q{public.try('SELECT * FROM public.dblink(''mine'', ''SELECT current_user::text'') AS t (a text)') = 'x'},
	lock => q{pg_advisory_unlock(4713)},
);
Respond::add_rule($node, $db, $_, "simulated.$_", [ { action => 'stop' } ], owner => 'eve', condition => "(CASE WHEN $reach{$_} THEN true ELSE false END)") for sort keys %reach;

my $outcome = sub {
	my ($name, $before) = @_;
	my ($out, $err);

	$node->psql($db, qq{BEGIN; SELECT set_config('my.token', 'TOP4', false); PREPARE mine AS SELECT 'TOP5' FROM public.secret; SELECT pg_advisory_lock(4713);
		SELECT public.dblink_connect('mine', 'host=$host port=$port dbname=$db user=alice'); SELECT lo_open(4711, 262144);
		$before
		SELECT 'verdict', matched, failed_test FROM respond.simulate('simulated.$name') WHERE rule = '$name';
		SELECT 'lock', count(*) FROM pg_locks WHERE locktype = 'advisory';},
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	return "$out\n$err";
};
my %echo = (
	cursor => q{public.peek('mine')}, cursor_as_xml => q{cursor_to_xml('mine', 10, true, true, '')::text}, large_object => q{convert_from(loread(0, 100), 'UTF8')},
	large_object_in_function => q{public.try('SELECT convert_from(loread(0, 100), ''UTF8'')')}, statement => q{public.try('EXECUTE mine')},
	statements => q{public.try('SELECT string_agg(statement, '','') FROM pg_prepared_statements')}, setting => q{current_setting('my.token', true)}, query => q{current_query()},
	connection => q{public.try('SELECT * FROM public.dblink(''mine'', ''SELECT current_user::text'') AS t (a text)')},
);
for my $name (sort keys %echo)
{
	# one digit of what is found, told by whether it matches
	one(sprintf(q{UPDATE respond.rule SET condition = %s WHERE name = %s}, Respond::quote_literal("$echo{$name} LIKE '%TOP%' OR $echo{$name} = 'alice'"), Respond::quote_literal($name)));
	my $with_cursor = $name =~ /cursor/ ? q{DECLARE mine CURSOR FOR SELECT 'TOP6';} : '';
	my $text = $outcome->($name, $with_cursor);

	unlike($text, qr/verdict\|t/, "$name of the caller is out of reach of a rule's author");
	like($text, qr/verdict\|f/, "$name: simulate() answers all the same") or diag($text);
}
like($outcome->('lock', ''), qr/lock\|1/, 'a lock of the caller stays');

# Plain conditions can be simulated whatever the session holds, one's own rules too.
one(q{UPDATE respond.rule SET condition = 'lower(type) = ''simulated.lock''' WHERE name = 'lock'});
like($outcome->('lock', q{DECLARE mine CURSOR FOR SELECT 1;}), qr/verdict\|t/, 'a plain condition is simulated beside an open cursor');
one(q{UPDATE respond.rule SET owner = current_user, condition = 'public.peek(''mine'') = ''1''' WHERE name = 'lock'});
like($outcome->('lock', q{DECLARE mine SCROLL CURSOR FOR SELECT 1;}), qr/verdict\|t/, 'and so is one of the caller\'s own rules');

# What parsing runs: the CHECK of a domain, when a superuser takes over a rule of eve's.
one(q{SET ROLE eve; CREATE DOMAIN public.curious AS text CHECK (public.note('parsed', public.peek('mine')))});
my ($out, $err);
$node->psql($db, q{BEGIN; DECLARE mine CURSOR FOR SELECT 'TOP7'; INSERT INTO respond.rule (name, event_type, condition, owner) VALUES ('parsed', 'x', '''{a}''::public.curious[] IS NOT NULL', 'eve'); COMMIT},
	stdout => \$out, stderr => \$err, on_error_stop => 1);
like($err, qr/cursor "mine" is open/, 'a function of the owner is not called while a cursor is open');
is(one(q{SELECT count(*) FROM public.seen WHERE value LIKE '%TOP%'}), '0', 'so nothing is read');

done_testing();
