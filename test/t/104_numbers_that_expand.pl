# A few kB of numbers are gigabytes of text.  Whatever becomes text counts before it writes.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('expand', fsync => 'off', max_connections => 30, 'pg_respond.allowed_networks' => '127.0.0.0/8');
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

sub error
{
	my ($query) = @_;
	my ($status, $out, $err) = $node->psql($db, $query, on_error_stop => 1);

	return $status == 0 ? "no error: $out" : $err;
}

sub peak
{
	my ($pid) = @_;

	return (PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m)[0];
}

# numbers(count): SQL for an array of numbers with 131,072 digits each
sub numbers
{
	my ($count) = @_;

	return "(SELECT jsonb_agg(1e131071) FROM generate_series(1, $count))";
}

sub send_data
{
	my ($type, $data) = @_;
	my $id = one("INSERT INTO respond.event (type, subject, data) VALUES ('$type', 's', $data) RETURNING id");

	Respond::wait_idle($node, $db);
	return $id;
}

sub runs
{
	my ($id) = @_;

	return one("SELECT coalesce(string_agg(rule || ' ' || status || coalesce(' ' || error, ''), '; ' ORDER BY rule), 'none') FROM respond.run WHERE event_id = $id");
}

# --- the count is that of the server's own text
is(one(q{
	SELECT count(*) FROM (VALUES (1e131071), (-1e131071), (1e-16383), (0), (-0.5), (0.0), (12345678), (100000000), (1.50), (-9999.99990), (1e63), (1e64),
			(1e-63), (1e-64), (1e-65), (123e-70), (4e300), (9999), (10000), (12345678901234567890.123456789)) AS v (n)
	WHERE respond_internal.text_size(to_jsonb(v.n)) IS DISTINCT FROM length(to_jsonb(v.n)::text)}), '0', 'numbers are counted as they are written');
is(one(q{
	SELECT count(*) FROM (SELECT ('{"a": {"b": [1, 2, [], {}, {"": ""}, null, true, false, "x"]}, "long name": "' || repeat('y', i) || '\"\\\\\n\t\u0001\u001f/ä€😀", "n": ' || i * 12345.678 || '}')::jsonb AS d
		FROM generate_series(0, 200) AS i
		UNION ALL SELECT jsonb_agg(i * i) FROM generate_series(1, 1000) AS i
		UNION ALL SELECT jsonb_object_agg('k' || i, jsonb_build_array(i, NULL, i::text)) FROM generate_series(1, 1000) AS i
		UNION ALL VALUES ('"a\"b"'::jsonb), ('5'), ('null'), ('true'), ('[]'), ('{}'), ('[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]')) AS q
	WHERE respond_internal.text_size(d) IS DISTINCT FROM octet_length(d::text)}), '0', 'so are documents');

# --- events whose text is too long
one(q{INSERT INTO respond.channel (name, kind, url) VALUES ('hook', 'webhook', 'http://127.0.0.1:1/')});
Respond::add_rule($node, $db, 'a hook', 'e.*', [ { action => 'notify', channel => 'hook' } ]);
Respond::add_rule($node, $db, 'b length', 'e.*', [ { action => 'log', message => 'x' } ], condition => 'length(data::text) > 0');
Respond::add_rule($node, $db, 'c steps', 'e.*', [ { action => 'sql', sql => 'SELECT length({{data}}::text), length(data::text)' }, { action => 'ticket', subject => 's', description => '{{data}}', fields => '{{data}}' },
		{ action => 'emit', type => 'copy', data => '{{data}}' }, { action => 'log', message => '{{data}}' } ]);
one(q{INSERT INTO respond.route (name, event_type, notify_channel) VALUES ('r', 'e.*', 'r')});
my $pid = Respond::worker_pid($node, $db, 'dispatcher');

for my $case ([ 'array of 1,500', "jsonb_build_object('a', " . numbers(1500) . ')' ], [ 'array of 6,000', "jsonb_build_object('a', " . numbers(6000) . ')' ],
	[ 'object', q{(SELECT jsonb_object_agg('k' || i, -1e131071) FROM generate_series(1, 2000) AS i)} ],
	[ 'digits behind the point', q{jsonb_build_object('a', (SELECT jsonb_agg(1e-16383) FROM generate_series(1, 5000)))} ],
	[ 'deep', q{jsonb_build_object('a', jsonb_build_object('b', } . numbers(2000) . q{), 'c', 1)} ],
	[ 'control characters', q{jsonb_build_object('a', repeat(E'\x01', 300000))} ])
{
	my ($name, $data) = @$case;
	my $id = send_data('e.x', $data);

	is(runs($id), 'none', "$name: no rule is applied");
	is(one("SELECT kind || ' ' || reason FROM respond.dead_letter WHERE event_id = $id"), 'event size', "$name: a dead letter");
	like(one("SELECT error FROM respond.dead_letter WHERE event_id = $id"), qr/^data of \d+ bytes of JSON text is larger than pg_respond\.max_event_size \(1024 kB\)$/, "$name: in words");
	like(one("SELECT string_agg(DISTINCT reason, ',') FROM respond.explain($id)"), qr/larger than pg_respond\.max_event_size/, "$name: explain() says so");
	like(one("SELECT string_agg(DISTINCT failed_test, ',') FROM respond.simulate('e.x', data => $data)"), qr/larger than pg_respond\.max_event_size/, "$name: simulate() says so");
}
like(error("INSERT INTO respond.event (type, data) VALUES ('e.x', jsonb_build_object('a', " . numbers(8000) . '))'), qr/ERROR:  data of an event is too long\n.*more than the server can show/, 'what the server could not even show is refused');
like(error("SELECT respond.start('c steps', jsonb_build_object('a', " . numbers(1500) . "))"), qr/ERROR:  data: larger than pg_respond.max_event_size/, 'start() refuses such data');
{
	my $id = send_data('e.x', "jsonb_build_object('a', " . numbers(7) . ')');

	like(runs($id), qr/^a hook succeeded; b length succeeded; c steps succeeded$/, 'data whose text just fits is handled');
	is(one("SELECT count(*) FROM respond.delivery WHERE event_id = $id AND length(body) BETWEEN 900000 AND 1048576"), '1', 'its body is sent');
}

# --- what rules make of small data
Respond::add_rule($node, $db, 'emit', 'm', [ { action => 'emit', type => 'made', data => { a => [ ('{{data.n}}') x 9 ] } } ]);
Respond::add_rule($node, $db, 'fields', 'm', [ { action => 'ticket', subject => 's', fields => { map { +"k$_" => '{{data.n}}' } 1 .. 9 } } ]);
Respond::add_rule($node, $db, 'literal', 'm', [ { action => 'sql', name => 'n', sql => 'SELECT 1' } ]);
one(q{UPDATE respond.rule SET steps = jsonb_build_array(jsonb_build_object('action', 'emit', 'type', 'made', 'data', jsonb_build_object('a', (SELECT jsonb_agg(1e131071) FROM generate_series(1, 9))))) WHERE name = 'literal'});
Respond::add_rule($node, $db, 'message', 'm', [ { action => 'notify', channel => 'hook', body => { a => [ ('{{data.n}}') x 9 ] } } ]);
Respond::add_rule($node, $db, 'section', 'm', [ { action => 'log', message => '{{#data.list}}{{data.n}}{{/data.list}}' } ]);
Respond::add_rule($node, $db, 'set', 'm', [ { action => 'set', name => 'v', sql => '(SELECT jsonb_agg(1e131071) FROM generate_series(1, 200))' } ]);
Respond::add_rule($node, $db, 'tags', 'm', [ { action => 'ticket', subject => 's', tags => [ ('{{data.n}}') x 9 ] } ]);
{
	my $id = send_data('m', q{'{"n": 1e131071, "list": [1, 2, 3, 4, 5, 6, 7, 8, 9]}'});

	for my $rule (qw(emit fields literal message section set tags))
	{
		like(one("SELECT status || ' ' || error FROM respond.run WHERE event_id = $id AND rule = '$rule'"), qr/^failed .*(rendered text is too large|returned more data than a run can keep)/, "$rule: the run fails in words");
	}
	is(one(q{SELECT count(*) FROM respond.event WHERE type = 'made'}), '0', 'nothing was made of it');
}
Respond::add_rule($node, $db, 'rows', 'q', [ { action => 'sql', name => 'q', sql => 'SELECT 1e131071 AS n FROM generate_series(1, 1000)' }, { action => 'log', message => '{{steps.q.rows.0.n}}' } ]);
{
	my $id = send_data('q', q{'{}'});

	is(runs($id), 'rows succeeded', 'a step that returns many such numbers succeeds');
	is(one("SELECT state->'q'->>'truncated' FROM respond.run WHERE event_id = $id"), 'true', 'its rows are cut');
	cmp_ok(one("SELECT length(state::text) FROM respond.run WHERE event_id = $id"), '<', 1_500_000, 'the state of the run can be read');
}

# --- people's statements
like(error("SELECT length(respond.render('{{a}}', jsonb_build_object('a', " . numbers(6000) . ')))'), qr/rendered text is too large/, 'render() counts');
like(error("INSERT INTO respond.rule (name, event_type, steps) VALUES ('r', 'x', jsonb_build_array(jsonb_build_object('action', 'set', 'name', 'v', 'values', jsonb_build_object('a', " . numbers(2000) . "))))"),
	qr/a JSON value is too long/, 'a rule that is too long is refused');
like(error("INSERT INTO respond.rule (name, event_type, pattern, steps) VALUES ('r', 'x', jsonb_build_object('data', jsonb_build_object('a', " . numbers(2000) . ")), '[]')"), qr/a JSON value is too long|refused|pattern/, 'so is its pattern');
like(error("INSERT INTO respond.channel (name, kind, url, options) VALUES ('c', 'webhook', 'http://127.0.0.1:1/', jsonb_build_object('content_type', " . numbers(2000) . '))'), qr/too long|content_type/, 'so are options');
like(error("SELECT respond.matches(jsonb_build_object('a', " . numbers(2000) . "), '{}')"), qr/too long/, 'so is a pattern of matches()');
one(q{INSERT INTO respond.mask (event_type, path) VALUES ('*', 'secret')});
one(q{INSERT INTO respond.ticket (subject) VALUES ('mine')});
like(error("UPDATE respond.ticket SET fields = jsonb_build_object('a', " . numbers(6000) . ") WHERE subject = 'mine'"), qr/fields of a ticket are too long/, 'a ticket with such fields is refused');

# --- captured rows: what is too long as text is left out, the rest stays, and the writer does not pay for it
one(q{CREATE TABLE wide (id integer PRIMARY KEY, note text, document jsonb, numbers numeric[], big numeric, key jsonb);
	SELECT respond.watch('wide'); SELECT respond.watch('wide', 'wide.key', subject => 'key')});
{
	my $out = one("INSERT INTO wide VALUES (1, 'a note', jsonb_build_object('a', " . numbers(6000) . "), array_fill(1e131071::numeric, '{6000}'), 1e131071, " . numbers(600) . '); SELECT pg_backend_pid(), 1');
	my $data = one(q{SELECT jsonb_build_object('note', data->'new'->'note', 'omitted', data->'omitted', 'size', respond_internal.text_size(data) < 1024 * 1024, 'big', data->'new' ? 'big') FROM respond.event WHERE type = 'wide.inserted'});

	is($data, '{"big": true, "note": "a note", "size": true, "omitted": ["document", "numbers", "key"]}', 'a captured row keeps what fits');
	like(one(q{SELECT subject FROM respond.event WHERE type = 'wide.key'}), qr/^#[0-9a-f]{8}$/, 'a subject that would be too long is a sum');
	is(one(q{UPDATE wide SET note = 'changed'; SELECT data->'changed' FROM respond.event WHERE type = 'wide.updated'}), '["note"]', 'so does an UPDATE');
	Respond::wait_idle($node, $db);
	is(one(q{SELECT count(*) FROM respond.dead_letter WHERE event_type LIKE 'wide.%'}), '0', 'none of it is a dead letter');
}

Respond::wait_idle($node, $db);
is(Respond::worker_pid($node, $db, 'dispatcher'), $pid, 'all of that in one process');
cmp_ok(peak($pid), '<', 250_000, 'that never took much memory');
ok(!Respond::log_has($node, qr/terminated|FATAL:(?!.*administrator)/), 'nothing ended');

$node->stop;
done_testing();
