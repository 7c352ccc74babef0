# Runs that are laid down and taken up: whatever the flow, and wherever it is laid down, the outcome is that of the
# run that was never interrupted.
#
# Flows are random.  SAVED_RUNS_SEED=n repeats them, SAVED_RUNS_FLOWS=n asks for more.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use JSON::PP ();
use utf8;

my $seed = $ENV{SAVED_RUNS_SEED} || time();
my $flows = $ENV{SAVED_RUNS_FLOWS} || 8;
my $json = JSON::PP->new->canonical->allow_nonref;
my $node = Respond::node('saved', 'pg_respond.max_fan_out' => 40);
my %range = (ticket => 2, comment => 3, event => 5, delivery => 6, run => 7);
my $execution = 0;

note("SAVED_RUNS_SEED=$seed");
srand($seed);

# sql(db, text): runs it in a session of its own; text in UTF-8 whatever the database has.
sub sql
{
	my ($db, $text) = @_;

	utf8::encode($text);
	my $result = $node->safe_psql($db, "SET client_encoding = 'UTF8';\n$text");
	utf8::decode($result);
	return $result;
}

sub quote { return Respond::quote_literal(@_); }

# The same whatever standard_conforming_strings is.
sub quote_escaped
{
	my $text = quote(@_);

	$text =~ s/\\/\\\\/g;
	return "E$text";
}

sub prepare
{
	my ($db) = @_;

	Respond::create_extension($node, $db);
	sql($db, q{
		CREATE TABLE public.seen (run text, note text, number numeric);
		CREATE SEQUENCE public.tries;
		CREATE TABLE public.saved (run jsonb);
		GRANT SELECT, INSERT, UPDATE ON public.seen TO own;
		GRANT USAGE ON public.tries TO own;
		INSERT INTO respond.team (name) VALUES ('ops'), ('billing');
		INSERT INTO respond.channel (name, kind, url) VALUES ('hook', 'webhook', 'https://127.0.0.1:9/');
		INSERT INTO respond.mask (event_type, path) VALUES ('probe.*', 'secret'), ('probe.*', 'card.number');
		});
	return;
}

# Numbers of each kind begin where no other number is, so that they can be told apart in any text.
sub begin_execution
{
	my ($db) = @_;

	$execution++;
	sql($db, "UPDATE respond.ticket SET status = 'closed' WHERE status <> 'closed';\n"
		  . join('', map { sprintf("SELECT setval('respond.%s_id_seq', %d);\n", $_, $range{$_} * 10**11 + $execution * 10**5) } sort keys %range)
		  . "SELECT setval('public.tries', 1, false); TRUNCATE public.seen, public.saved;");
	return;
}

# The tables that runs write, a row a line, with ids, times and random keys replaced by what they stand for.
sub outcome
{
	my ($db) = @_;
	my $low = sub { return $range{ $_[0] } * 10**11 + $execution * 10**5; };
	my $rows = sub
	{
		my ($table, $where, @without) = @_;
		my $columns = join(' - ', 'to_jsonb(x)', map { quote($_) . '::text' } @without);

		return "SELECT " . quote($table) . " || ' ' || ($columns)::text FROM $table AS x WHERE $where";
	};
	my $text = sql($db, join("\nUNION ALL\n",
		$rows->('respond.run', 'id > ' . $low->('run') . ' AND id < ' . ($low->('run') + 10**5)),
		$rows->('respond.ticket', 'id > ' . $low->('ticket')),
		$rows->('respond.comment', 'id > ' . $low->('comment')),
		$rows->('respond.event', 'id > ' . $low->('event'), 'xid'),
		$rows->('respond.delivery', 'id > ' . $low->('delivery'), qw(status attempts next_attempt_at last_status last_error finished_at due_since)),
		$rows->('respond.ticket_history', 'ticket_id > ' . $low->('ticket'), 'id'),
		$rows->('respond.audit_log', 'run_id > ' . $low->('run'), 'id'),
		$rows->('public.seen', 'true'))
	  . ";\nSET ROLE reader;\n" . $rows->('respond.run', 'id > ' . $low->('run')) . ";\n");
	my (%label, %event);

	$text =~ s/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00(:00)?|Z)/TIME/g;
	$text =~ s/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/UUID/g;
	$text =~ s/("ce-id": "\d+-)[0-9a-f]+"/$1TIME"/g;
	foreach my $kind (sort keys %range)
	{
		my $begin = $low->($kind);

		next if $kind eq 'event';
		$text =~ s/\b$range{$kind}\d{11}\b/"$kind " . ($& - $begin)/ge;
	}
	# events get their numbers when they are written, which may be earlier; so they are known by what they say
	foreach my $line (split /\n/, $text)
	{
		next unless $line =~ /^respond\.event (.*"id": (5\d{11}),.*)/;
		my ($content, $id) = ($1, $2);

		$content =~ s/\b5\d{11}\b/an event/g;
		$event{$id} = $content;
	}
	my %number;
	$number{ $event{$_} } ||= 1 + keys %number foreach sort { $event{$a} cmp $event{$b} } keys %event;
	$text =~ s/\b5\d{11}\b/exists $event{$&} ? "event $number{ $event{$&} }" : "another event"/ge;
	return join("\n", sort split(/\n/, $text));
}

# The event that the flow is run for, with a ticket that is there before.
sub emit
{
	my ($db, $type, $data) = @_;
	my $ticket = sql($db, q{INSERT INTO respond.ticket (id, subject) VALUES (nextval('respond.ticket_id_seq'), 'there before') RETURNING id});

	return sql($db, 'SELECT respond.emit(' . quote($type) . ', subject => \'probe\', data => ' . quote($data) . "::jsonb || '{\"ticket_id\": $ticket}')");
}

sub by_dispatcher
{
	my ($db, $type, $data) = @_;

	begin_execution($db);
	my $event = emit($db, $type, $data);
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event)");
	return outcome($db);
}

# One part of a run in a session of its own, whose settings must not matter; false when it ended.  What is taken up and
# laid down at once must be the same.
sub part
{
	my ($db, $statement) = @_;
	my $answer = sql($db, qq{
		SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kathmandu'; SET search_path = pg_temp; SET standard_conforming_strings = off; SET extra_float_digits = -15;
		$statement;
		SELECT concat_ws(' ', run IS NULL, run = respond_internal.continue_run(run, 0)) FROM public.saved});

	BAIL_OUT("a run that is taken up and laid down is not the same: $answer, SAVED_RUNS_SEED=$seed") if $answer ne 't' && $answer ne 'f t';
	return $answer ne 't';
}

# lengths: gives the number of attempts to execute before the run is laid down.
sub in_parts
{
	my ($db, $name, $type, $data, $lengths) = @_;
	my $parts = 1;

	begin_execution($db);
	my $event = emit($db, $type, $data);
	my $goes_on = part($db, 'INSERT INTO public.saved SELECT respond_internal.begin_run(' . quote_escaped($name) . ", 1, $event, " . $lengths->() . ')');
	while ($goes_on)
	{
		my $length = $lengths->();

		$goes_on = part($db, "UPDATE public.saved SET run = respond_internal.continue_run(run, $length)");
		BAIL_OUT("the run does not end: $name, SAVED_RUNS_SEED=$seed") if ++$parts > 2000;
	}
	return (outcome($db), $parts);
}

# For the output of the test.
sub bytes { my ($text) = @_; utf8::encode($text); return $text; }

sub same
{
	my ($got, $expected, $what) = @_;

	$what = bytes($what);
	return ok(1, $what) if $got eq $expected;
	my %left = map { $_ => 1 } split(/\n/, $expected);
	my %right = map { $_ => 1 } split(/\n/, $got);

	ok(0, $what);
	diag("SAVED_RUNS_SEED=$seed");
	diag(bytes("uninterrupted only: $_")) foreach grep { !$right{$_} } sort keys %left;
	diag(bytes("in parts only:      $_")) foreach grep { !$left{$_} } sort keys %right;
	return;
}

# check(db, name, steps, on_failure, data, counts): the flow through the dispatcher, and in parts of these numbers of attempts.
# By then the rule has another version, with other steps.
sub check
{
	my ($db, $name, $steps, $on_failure, $data, @counts) = @_;
	my $type = 'probe.' . ++$execution;

	$data = $json->encode($data) if ref $data;
	sql($db, 'INSERT INTO respond.rule (name, event_type, steps, on_failure, owner) VALUES ('
		  . join(', ', map { quote($_) } $name, $type, $json->encode($steps), $on_failure && $json->encode($on_failure)) . ", 'own')");
	my $expected = by_dispatcher($db, $type, $data);
	sql($db, q{UPDATE respond.rule SET enabled = false, steps = '[{"action": "fail", "name": "other"}]', on_failure = NULL WHERE name = } . quote($name));
	foreach my $count (@counts)
	{
		my ($got, $parts) = in_parts($db, $name, $type, $data, $count eq 'random' ? sub { return int(rand(4)); } : sub { return $count; });

		same($got, $expected, "$name: in $parts parts of $count attempts");
	}
	return $expected;
}

# One of the arguments.
sub one_of { return $_[ rand(@_) ]; }

# A template over what there may be.
sub template
{
	my ($names) = @_;
	my @paths = ('data.n', 'data.text', 'time', 'recorded_at', 'event.type', 'cause', 'depth', 'actor', 'data.secret', 'data.card.number', 'data.list', 'data.nobody', 'run_id', 'rule', 'id', 'subject',
		'error.message', 'error.step', 'error.code', 'steps', 'it1', 'it1_index', 'it2.0', map { ("steps.$_", "steps.$_.id", "steps.$_.rows.0.a", "steps.$_.error") } @$names);

	return join(' ', map { one_of('x', '{{' . one_of(@paths) . '}}', '{{{' . one_of(@paths) . '}}}', '{{#data.list}}<{{.}}>{{/data.list}}') } 0 .. rand(3));
}

sub action
{
	my ($names, $in_failure) = @_;
	my @kinds = (
		sub { return (action => 'ticket', subject => 'S ' . template($names), description => template($names), rand() < 0.5 ? (key => one_of('a', 'b', 'c{{data.n}}')) : (),
			rand() < 0.3 ? (team => one_of('ops', 'billing', 'nobody')) : (), tags => [ 'x', template($names) ], fields => { f => '{{data.n}}', s => template($names) }); },
		sub { return (action => 'comment', body => 'C ' . template($names), rand() < 0.2 ? (key => 'a') : ()); },
		sub { return (action => 'update_ticket', one_of([ status => one_of(qw(open pending solved)) ], [ priority => 'high' ], [ fields => { u => template($names) } ])->@*); },
		sub { return (action => 'assign', team => one_of('ops', 'billing')); },
		sub { return (action => 'emit', type => 'other.' . int(rand(3)), subject => template($names), data => { v => template($names), n => '{{data.n}}' }); },
		sub { return (action => 'set', one_of([ values => { a => '{{data.n}}', b => [ template($names), 1.50 ], c => '{{steps}}' } ], [ values => template($names) ],
			[ sql => q{jsonb_build_object('n', data->'n', 'sum', (data->>'n')::numeric * 3)} ])->@*); },
		sub { return (action => 'sql', sql => one_of(q{SELECT 1.10 AS a, data->'n' AS n, repeat('y', 50) AS t}, q{INSERT INTO public.seen VALUES ({{rule}}, {{data.text}}, (data->>'n')::numeric) RETURNING note AS a},
			q{SELECT count(*) AS a FROM public.seen}, q{SELECT 1 / (nextval('public.tries') % 3) AS a}, q{SELECT steps AS a}, q{SELECT {{error.message}} AS a}, q{SELECT 1 / 0})); },
		sub { return (action => 'log', message => 'L ' . template($names)); },
		sub { return (action => 'notify', channel => 'hook', body => { b => template($names), s => '{{data.secret}}', c => '{{data.card}}' }, subject => template($names)); },
		sub { return (action => 'log', message => 'stays', if => one_of(q{nextval('public.tries') % 2 = 0}, q{steps <> '{}'}, q{data->>'n' > '3'}, 'false', q{1 / 0 > 0})); },
		sub { return (action => one_of('fail', 'stop', 'log'), message => 'end ' . template($names)); });

	return one_of(@kinds)->();
}

# A loop around random steps, whose names are known inside alone.
my $loops = 0;
sub random_loop
{
	my ($names, $depth) = @_;
	my @inside = @$names;
	my %loop = (action => 'foreach', as => "it$depth", steps => random_steps('l' . ++$loops . 'x', \@inside, $depth));

	$loop{items} = one_of('data.list', '{{data.list}}', [ 1, 'a {{data.n}}', { k => [ '{{data.text}}' ] } ], [ [ 1, 2 ], [ 'x' ] ], [], 'data.n') if rand() < 0.7;
	$loop{query} = one_of(q{SELECT g AS n, data->'list' AS l FROM generate_series(1, 3) AS g}, q{SELECT 1 AS a WHERE false}, q{SELECT g / (g - 2) AS x FROM generate_series(1, 3) AS g}) if !$loop{items};
	$loop{on_item_failure} = one_of('stop', 'continue');
	$loop{batch} = 2 if rand() < 0.2;
	$loop{mode} = 'parallel' if rand() < 0.2;
	return %loop;
}

# Some jumps lead back; those are bounded by a condition, or by FLOW_MAX_EXECUTED.
sub random_steps
{
	my ($prefix, $names, $depth) = (@_, 0);
	my $count = 1 + int(rand($prefix eq 's' ? 7 : 3));
	my @own = map { $prefix . one_of('', '-', '_', 'ö', 'Zß', 'é' x 20) . $_ } 1 .. $count;
	my @steps;

	foreach my $i (0 .. $count - 1)
	{
		my %step = $depth < 2 && rand() < 0.2 ? random_loop($names, $depth + 1) : action($names);

		if (rand() < 0.7)
		{
			$step{name} = $own[$i];
			push @$names, $own[$i];
		}
		$step{max_attempts} = 1 + int(rand(4)) if rand() < 0.3;
		push @steps, \%step;
	}
	my @named = grep { defined $steps[$_]{name} } 0 .. $count - 1;

	foreach my $i (0 .. $count - 1)
	{
		my @ahead = map { $steps[$_]{name} } grep { $_ > $i } @named;

		$steps[$i]{on_success} = one_of(@ahead, 'stop') if rand() < 0.15;
		$steps[$i]{on_failure} = one_of(@ahead, 'stop') if rand() < 0.25;
	}
	return \@steps;
}

$node->safe_psql('postgres', q{
	CREATE ROLE own; CREATE ROLE reader;
	CREATE DATABASE flow;
	CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'});
prepare($_) foreach 'flow', 'latin';
sql($_, 'GRANT respond_auditor TO reader; GRANT USAGE ON SCHEMA respond TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA respond TO reader;') foreach 'flow', 'latin';

my %data = (n => 1, text => qq{it's "Größe" <&> \\ \t}, secret => 'hidden-4711-value', card => { number => '4000-1234', owner => 'Zoë' }, list => [ 1, 'two', undef ]);
my $numbers = $json->encode(\%data);
$numbers =~ s/"n":1/"n":12345678901234567890.1234500/;

foreach my $i (1 .. $flows)
{
	my $names = [];
	my $steps = random_steps('s', $names);
	my $on_failure = rand() < 0.5 ? random_steps('f', $names) : undef;

	check($i % 4 == 0 ? 'latin' : 'flow', qq{flow $i "ü" {{x}} it's \\}, $steps, $on_failure, $numbers, 1, 'random');
}

# a loop that does not end, laid down within the limit of steps
check('flow', 'endless', [ { action => 'set', name => 'a', sql => q{to_jsonb(coalesce((steps->>'a')::int, 0) + 1)} }, { action => 'log', message => '{{steps.a}}', on_success => 'a' } ],
	undef, \%data, 180);

# what a run causes counts over all its parts
like(check('flow', 'fan out', [ (map { { action => 'emit', name => "e$_", type => 'other.x' } } 1 .. 50) ], [ { action => 'log', message => '{{error.step}}' } ], \%data, 7, 1),
	qr/"e41 failed: the run causes more/, 'the limit of what a run causes is met where it is');

# attempts: laid down between them
like(check('flow', 'attempts', [ { action => 'sql', name => 'q', sql => q{SELECT 1 / (nextval('public.tries') / 5) AS a}, max_attempts => 5 }, { action => 'log', message => '{{error.code}} {{steps.q.rows.0.a}}' } ], undef, \%data, 1, 2),
	qr/"22012 1"/, 'a step that succeeds at its fifth attempt');
like(check('flow', 'no attempts', [ { action => 'sql', name => 'q', sql => q{SELECT 1 / (nextval('public.tries') / 5) AS a}, max_attempts => 4 } ], undef, \%data, 1, 3),
	qr/"status": "failed"/, 'and one that does not at its fourth');

# what is said of no ticket is said of the one that the run opened, not of the event's
check('flow', 'ticket', [ { action => 'ticket', subject => 'opened' }, { action => 'log', message => 'between' }, { action => 'comment', body => 'to the opened' },
		{ action => 'update_ticket', priority => 'urgent' }, { action => 'notify', channel => 'hook', text => 'about the opened' } ], undef, \%data, 1);

# the last failure stays known, and so does the one that led to on_failure
like(check('flow', 'failures', [ { action => 'fail', name => 'a', message => 'one', on_failure => 'b' }, { action => 'log', message => 'left out' }, { action => 'log', name => 'b', message => '{{error.message}}' },
		{ action => 'fail', message => 'two' } ], [ { action => 'log', message => '{{error.message}}' }, { action => 'fail', name => 'c', message => 'three' } ], \%data, 1),
	qr/"error": "two\\nThen c failed: three"/, 'both failures of a run that failed in on_failure are told');

# loops: laid down within and between items, with more items than a document holds
like(check('flow', 'loop', [ { action => 'foreach', name => 'l', query => q{SELECT g AS n, repeat('x', 200) AS t FROM generate_series(1, 250) AS g}, steps => [ { action => 'set', name => 'i', sql => q{{{item.n}}::integer * 2} },
		{ action => 'sql', sql => q{INSERT INTO public.seen (run, number) SELECT {{rule}}, (steps->>'i')::integer WHERE {{item_index}}::integer % 100 = 0} } ] }, { action => 'log', message => '{{steps.l.count}} {{steps.i}}' } ],
	undef, \%data, 7, 100), qr/"250 "/, 'a loop over many items');

# large values: a chain that is full, a log that is full
like(check('flow', 'chain', [ (map { { action => 'sql', name => "q$_", sql => q{SELECT repeat('z', 1000000) AS a} } } 1 .. 20) ], [ { action => 'log', message => '{{error.step}}' } ], \%data, 9),
	qr/"q1\d"/, 'a chain that is full');
like(check('flow', 'log', [ { action => 'set', name => 'v', values => 'y' x 50000 }, (map { { action => 'log', message => "$_ {{steps.v}}" } } 1 .. 8), { action => 'fail' } ], undef, \%data, 1, 4),
	qr/\(the log is full\)/, 'a log that is full');

# documents of any depth and any number
check('flow', 'deep', [ { action => 'set', name => 'v', values => '{{data}}' }, { action => 'sql', name => 'w', sql => q{SELECT data AS a, 1e300 AS b, 0.1::float8 + 0.2 AS c} }, { action => 'log', message => '{{steps}}' } ], undef,
	'{"deep": ' . '[' x 60 . '1e200' . ']' x 60 . ', "n": -0.000, "small": 1e-300, "empty": {}, "none": [], "null": null}', 1);

# without an event
sql('flow', q{INSERT INTO respond.rule (name, event_type, steps, owner) VALUES ('by hand', 'never', '[{"action": "log", "message": "{{data.n}}{{rule}}"}, {"action": "fail", "name": "f"}]', 'own')});
begin_execution('flow');
ok(part('flow', q{INSERT INTO public.saved SELECT respond_internal.begin_run('by hand', 1, NULL, 1)}), 'a run without an event is laid down');
ok(!part('flow', q{UPDATE public.saved SET run = respond_internal.continue_run(run)}), 'and ends');
is(sql('flow', q{SELECT status || ' ' || step || ' ' || state::text FROM respond.run WHERE rule = 'by hand'}), 'failed f {"f": {"error": "the step failed on purpose"}, "_log": ["by hand"]}', 'with what it did before');

# times that are no dates, and those of long ago
foreach my $time ('infinity', '0044-03-15 12:00:00+00 BC', '12026-01-01 00:00:00.000001+00')
{
	begin_execution('flow');
	my $event = sql('flow', "SELECT respond.emit('none', \"time\" => '$time')");
	part('flow', "INSERT INTO public.saved SELECT respond_internal.begin_run('by hand', 1, $event, 0)");
	is(sql('flow', "SELECT (run->'event'->>'time')::timestamptz = '$time' FROM public.saved"), 't', "time $time is saved");
}

# the rule is dropped, and its name taken by another
sql('flow', q{INSERT INTO respond.rule (name, event_type, steps, owner) VALUES ('gone', 'never', '[{"action": "log", "message": "one"}, {"action": "log", "message": "two"}]', 'own')});
begin_execution('flow');
part('flow', q{INSERT INTO public.saved SELECT respond_internal.begin_run('gone', 1, NULL, 1)});
sql('flow', q{DELETE FROM respond.rule WHERE name = 'gone'; INSERT INTO respond.rule (name, event_type) VALUES ('gone', 'other')});
part('flow', q{UPDATE public.saved SET run = respond_internal.continue_run(run)});
is(sql('flow', q{SELECT concat_ws(' ', rule_version, status, state) FROM respond.run WHERE rule = 'gone'}), '1 succeeded {"_log": ["one", "two"]}', 'a run ends on the version that it began with');

# its owner is dropped: nobody has the rights
sql('flow', q{CREATE ROLE leaver; INSERT INTO respond.rule (name, event_type, steps, owner) VALUES ('left', 'never', '[{"action": "log", "message": "one"}, {"action": "log", "message": "two"}]', 'leaver')});
begin_execution('flow');
part('flow', q{INSERT INTO public.saved SELECT respond_internal.begin_run('left', 1, NULL, 1)});
sql('flow', q{DELETE FROM respond.rule WHERE name = 'left'; DROP ROLE leaver; CREATE ROLE leaver});
my ($code, $out, $error) = $node->psql('flow', q{UPDATE public.saved SET run = respond_internal.continue_run(run)});
like($error, qr/version 1 of rule "left" cannot run.*role "leaver" no longer exists/s, 'nobody else gets the run of a role that was dropped');

# a mask that comes while the run lies hides the value, in what the steps gave too
sql('flow', q{INSERT INTO respond.rule (name, event_type, steps, owner) VALUES ('mask', 'never', '[{"action": "set", "name": "v", "values": "{{data.pin}}"}, {"action": "notify", "channel": "hook", "body": {"a": "{{data.pin}}", "b": "{{steps.v}}"}}]', 'own')});
begin_execution('flow');
my $event = sql('flow', q{SELECT respond.emit('none', data => '{"pin": "pin-0815"}')});
part('flow', "INSERT INTO public.saved SELECT respond_internal.begin_run('mask', 1, $event, 1)");
sql('flow', q{INSERT INTO respond.mask (event_type, path) VALUES ('none', 'pin')});
part('flow', q{UPDATE public.saved SET run = respond_internal.continue_run(run)});
is(sql('flow', q{SELECT body FROM respond.delivery WHERE rule = 'mask'}), '{"a": "***", "b": "***"}', 'masks count that are in force when something leaves');

done_testing();
