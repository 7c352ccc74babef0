# Waits whose key comes out of a step before them hear what passed before the key was known, and finding it costs what is found.
#
# A model tells from the order of the log what each run has to hear.  LATE_RUNS=n asks for more runs of each kind.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use List::Util qw(shuffle uniq);

my $runs = $ENV{LATE_RUNS} || 20;
my $db = 'late_keys';
my $node = Respond::node('late_keys', fsync => 'off', restart_after_crash => 'on', max_connections => 40, 'pg_respond.timer_grace' => '100ms');
my $seed = $ENV{LATE_SEED} || int(rand(1_000_000_000));
Respond::create_extension($node, $db);
srand($seed);
note("LATE_SEED=$seed");

sub one { return $node->safe_psql($db, $_[0]) }
sub emit { my ($type, $data, $subject) = @_; return Respond::emit($node, $db, $type, $data, $subject) }
sub event_sql { my ($type, $subject, %data) = @_; return sprintf("INSERT INTO respond.event (type, subject, data) VALUES ('%s', '%s', '%s');\n", $type, $subject, JSON::PP->new->canonical->encode(\%data)) }
sub stands_at { my ($event, $step) = @_; return Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'waiting' AND step = '$step')") }
sub lines { my ($event) = @_; return one("SELECT coalesce(string_agg(l, ' ' ORDER BY n), '') FROM respond.run, jsonb_array_elements_text(state -> '_log') WITH ORDINALITY AS l (l, n) WHERE event_id = $event") }
sub ended { my ($event, $lines, $message) = @_; Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND finished_at IS NOT NULL)", "$message: it ended"); return is(lines($event), $lines, $message) }
sub armed { return one('SELECT count(*) FROM respond_internal.wait WHERE passed_from IS NOT NULL') }
sub nothing_left { Respond::wait_until($node, $db, 'SELECT (SELECT count(*) FROM respond_internal.wait) + (SELECT count(*) FROM respond_internal.heard) + (SELECT count(*) FROM respond_internal.timer WHERE run_id IS NOT NULL) = 0', "$_[0]: nothing waits any more") }

my %number = (action => 'wait', name => 'number', event_type => 'number');
my %answer = (action => 'wait', name => 'answer', event_type => 'answer', pattern => { data => { good => [JSON::PP::true()] } }, event_key => 'data.k', key => '{{steps.number.data.k}}');
my $log = { action => 'log', message => '{{steps.answer.data.n}}' };
my %steps = (
	previous => [ {%number}, {%answer}, $log ],
	run => [ {%number}, { action => 'wait', event_type => 'rest' }, { %answer, since => 'run' }, $log ],
	both => [ {%number}, { %answer, collect => 2 }, { action => 'log', message => '{{#steps.answer}}{{data.n}},{{/steps.answer}}' } ],
	# an event that meets both counts once
	double => [ {%number}, { action => 'wait', name => 'answer', collect => 2, events => [ ({ map { $_ => $answer{$_} } qw(event_type pattern event_key key) }) x 2 ] }, { action => 'log', message => '{{#steps.answer}}{{data.n}},{{/steps.answer}}' } ],
	either => [ {%number}, { action => 'wait', name => 'answer', events => [ { map { $_ => $answer{$_} } qw(event_type pattern event_key key) }, { event_type => 'other', key => '{{data.k}}', event_key => 'data.k' } ] }, $log ],
	loop => [ {%number}, {%answer}, $log, { action => 'stop', if => "(steps -> 'number' -> 'data' ->> 'last')::boolean" }, { action => 'set', values => 1, on_success => 'number' } ]);
Respond::add_rule($node, $db, $_, "begin.$_", $steps{$_}) for sort keys %steps;

# --- the model: what a run hears, from the events of its own keys in the order of the log

my $n = 0;
sub good { my ($run, $k, $type) = @_; return { type => $type || 'answer', subject => "any/" . ++$n % 7, k => $k, n => $n, run => $run } }

# The script of one run, and what its log has to say.
sub script
{
	my ($name, $kind) = @_;
	my $k = "$name/k";
	my @script;
	my $add = sub { my ($count, @what) = @_; push @script, good($name, @what) for 1 .. $count; return };
	my @keys = $kind eq 'loop' ? map { "$name/" . int(rand(2)) } 1 .. 3 : ($k);

	$add->(int(rand(2)), $keys[0]);
	push @script, { type => "begin.$kind", subject => $name, k => "$name/known", begin => 1 };
	for my $i (0 .. $#keys)
	{
		$add->(int(rand(3)), $_) for shuffle(@keys, "$name/nobody");
		$add->(int(rand(2)), "$name/known", 'other') if $kind eq 'either';
		push @script, { type => 'number', subject => $name, k => $keys[$i], last => $i == $#keys };
		$add->(int(rand(2)), $keys[$i]);
		push @script, { type => 'rest', subject => $name } if $kind eq 'run';
	}
	for (1 .. 3)
	{
		$add->(1, $_) for uniq(@keys);
	}
	return \@script;
}

# Answers are heard in their order by whoever has the key; what a loop has taken is behind it.
sub expected
{
	my ($script, $kind) = @_;
	my ($begin) = grep { $script->[$_]{begin} } 0 .. $#$script;
	my @keys = map { $_->{k} } grep { $_->{type} eq 'number' } @$script;
	my $at = $begin;
	my @lines;

	for my $key (@keys)
	{
		my @hears = grep { my $event = $script->[$_]; $_ > $at && defined $event->{n} && ($event->{type} eq 'other' || $event->{k} eq $key) } 0 .. $#$script;
		my $wanted = $kind =~ /both|double/ ? 2 : 1;

		push @lines, $wanted == 2 ? join('', map { "$script->[$_]{n}," } @hears[ 0, 1 ]) : $script->[ $hears[0] ]{n};
		$at = $hears[ $wanted - 1 ];
	}
	return join(' ', @lines);
}

# All scripts at once, each in its own order, with transactions that are rolled back, and others of several events.
sub interleave
{
	my (@scripts) = @_;
	my @turns = shuffle(map { my $i = $_; map { $i } @{ $scripts[$i] } } 0 .. $#scripts);
	my @next = (0) x @scripts;

	return map { $scripts[$_][ $next[$_]++ ] } @turns;
}

sub sql_of
{
	my ($event) = @_;
	my %data = (good => JSON::PP::true(), map { $_ => $event->{$_} } grep { defined $event->{$_} } qw(k n));
	my $sql = event_sql($event->{type}, $event->{subject}, %data, $event->{type} eq 'number' ? (last => $event->{last} ? JSON::PP::true() : JSON::PP::false()) : ());

	return $sql unless defined $event->{n};
	# what is rolled back, and what does not meet the pattern, is not heard
	$sql = 'BEGIN; ' . event_sql('answer', 'any/0', %data, n => 'rolled back') . "ROLLBACK;\n" . $sql if rand() < 0.1;
	$sql = event_sql('answer', 'any/1', %data, good => JSON::PP::false(), n => 'bad') . $sql if rand() < 0.1;
	return $sql;
}

sub play
{
	my ($name, %how) = @_;
	my @kinds = sort keys %steps;
	my @all = map { my $kind = $_; map { { name => "$name/$kind/$_", kind => $kind } } 1 .. $runs } @kinds;

	$_->{script} = script($_->{name}, $_->{kind}) for @all;
	my @events = interleave(map { $_->{script} } @all);
	my $parts = 8;
	for my $part (1 .. $parts)
	{
		my @now = splice(@events, 0, $part == $parts ? scalar(@events) : int(@events / ($parts - $part + 1)));

		one(join('', map { sql_of($_) } @now));
		Respond::crash_worker($node, $db, 'dispatcher') if $how{kill} && $part % 2;
		$how{between}->($part) if $how{between};
		Respond::wait_idle($node, $db) if $part % 3 == 0;
	}
	Respond::wait_until($node, $db, 'SELECT count(*) = ' . @all . " FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.subject LIKE '$name/%' AND r.status = 'succeeded'", "$name: all runs ended");
	my %lines = map { split /\|/, $_, 2 } split /\n/, one("SELECT e.subject, coalesce((SELECT string_agg(l, ' ' ORDER BY n) FROM jsonb_array_elements_text(r.state -> '_log') WITH ORDINALITY AS l (l, n)), '') FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.subject LIKE '$name/%'");
	my @wrong = grep { ($lines{ $_->{name} } // 'no run') ne expected($_->{script}, $_->{kind}) } @all;
	is(scalar(@wrong), 0, "$name: each run heard what the model says");
	for my $run (@wrong[ 0 .. ($#wrong < 2 ? $#wrong : 2) ])
	{
		diag("$run->{name}: " . join('; ', map { join(' ', $_->{type}, $_->{k} // '', $_->{n} // '') } @{ $run->{script} }) . "\nexpected: " . expected($run->{script}, $run->{kind}) . "\nheard: " . ($lines{ $run->{name} } // 'no run'));
	}
	return;
}

play('one');
nothing_left('one');

# --- finding the answer costs the same however much has passed
sub reads { return one(q{SELECT (SELECT sum(idx_tup_read) FROM pg_stat_all_indexes WHERE schemaname LIKE 'respond%') + (SELECT sum(seq_tup_read) FROM pg_stat_all_tables WHERE schemaname LIKE 'respond%')}) }
sub others { my ($count, $subject) = @_; return one("INSERT INTO respond.event (type, subject, data) SELECT 'answer', '$subject/' || g % 7, jsonb_build_object('k', '$subject ' || g, 'good', true, 'n', g) FROM generate_series(1, $count) AS g") }
# Others take the place of the dispatchers, which have then told all that they have read.
sub counted
{
	my $pids = one(q{SELECT string_agg(pid::text, ', ') FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'pg_respond dispatcher'});

	one("SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[$pids]) AS pid");
	Respond::wait_until($node, $db, "SELECT count(*) = cardinality(ARRAY[$pids]) FROM respond.worker WHERE kind = 'dispatcher' AND database = current_database() AND pid IS NOT NULL AND pid <> ALL (ARRAY[$pids]) AND state = 'idle'");
	return reads();
}
# How many rows of ours are read from the step before to the end of the run, when so many answers have passed, of which the first is its own.
sub reads_behind
{
	my ($count, $name, %how) = @_;
	my $event = emit('begin.previous', {}, $name);

	stands_at($event, 'number');
	is(armed(), '1', "$name: a wait without a key is armed");
	emit('answer', { k => "$name/k", good => JSON::PP::true(), n => 'first' }, 'any/1');
	others($count, $name);
	Respond::wait_idle($node, $db);
	one('DELETE FROM respond_internal.wait WHERE passed_from IS NOT NULL') if $how{lost};
	my $before = counted();
	emit('number', { k => "$name/k" }, $name);
	ended($event, 'first', "$name: the answer that had passed");
	return counted() - $before;
}
my $few = reads_behind(10, 'few');
my $many = reads_behind(20_000, 'many');
cmp_ok($many, '<', $few + 500, 'as many rows are read where 20,000 others have passed as where 10 have');
cmp_ok(reads_behind(20_000, 'lost', lost => 1), '>', 20_000, 'where it is not known what has passed, the log is read');
is(armed(), '0', 'nobody waits without a key any more');
my $written = one('SELECT count(*) FROM respond_internal.passed');
cmp_ok($written, '>', 20_000, 'what passed was written while somebody waited so');
others(100, 'nobody');
Respond::wait_idle($node, $db);
is(one('SELECT count(*) FROM respond_internal.passed'), $written, 'and is not when nobody does');
my $still = emit('begin.previous', {}, 'still');
stands_at($still, 'number');
others(10, 'still');
Respond::wait_idle($node, $db);
Respond::clock_looks($node, $db, 'pg_respond.event_retention', '31d');
Respond::wait_until($node, $db, 'SELECT count(*) = 10 FROM respond_internal.passed', 'what nobody has to hear any more is deleted, and nothing else');
emit('number', { k => 'still 1' }, 'still');
ended($still, '1', 'and the rest is heard');

# --- the same where the run does not wait without a key all the time
Respond::add_rule($node, $db, 'plain', 'begin.plain', $steps{previous});
one('CREATE TABLE public.ready (name text)');
Respond::add_rule($node, $db, 'again', 'begin.again', [ { action => 'set', name => 'number', sql => q{jsonb_build_object('data', jsonb_build_object('k', CASE WHEN 1 / (SELECT count(*) FROM public.ready WHERE name = {{subject}}) = 1 THEN {{subject}} END))}, max_attempts => 100, retry_after => '200 ms' }, {%answer}, $log ]);
for my $name ('paused', 'moved', 'edited', 'lost by hand')
{
	my ($first, $second) = map { emit('begin.plain', {}, "$name/$_") } 1, 2;

	stands_at($_, 'number') for $first, $second;
	emit('answer', { k => $name, good => JSON::PP::true(), n => 'a' }, 'any/1');
	Respond::wait_idle($node, $db);
	one("SELECT respond.pause_run(id) FROM respond.run WHERE event_id = $first") if $name eq 'paused';
	one(q{UPDATE respond.rule SET steps = steps || '[{"action": "log", "message": "new"}]' WHERE name = 'plain'}) if $name eq 'moved' || $name eq 'edited';
	one("SELECT respond.move_runs('plain')") if $name eq 'moved';
	one('DELETE FROM respond_internal.wait WHERE passed_from IS NOT NULL') if $name eq 'lost by hand';
	my $third = emit('begin.plain', {}, "$name/3");
	stands_at($_, 'number') for $first, $second, $third;
	emit('answer', { k => $name, good => JSON::PP::true(), n => 'b' }, 'any/1');
	emit('number', { k => $name }, "$name/$_") for 1 .. 3;
	Respond::wait_idle($node, $db);
	one("SELECT respond.resume_run(id) FROM respond.run WHERE event_id = $first") if $name eq 'paused';
	my $new = one(q{SELECT count(*) FROM respond.rule, jsonb_array_elements(steps) AS s WHERE name = 'plain' AND s ->> 'message' = 'new'});
	my ($old_lines, $new_lines) = map { join(' ', $_->[0], ('new') x $_->[1]) } [ 'a', $name eq 'edited' ? $new - 1 : $new ], [ 'b', $new ];
	ended($first, $old_lines, "$name: what came before it");
	ended($second, $old_lines, "$name: the same for another run");
	ended($third, $new_lines, "$name: a run that began later hears only what came then");
}

# --- of two keys with one hash the event tells which it has; an event that is not there any more has none
{
	my $event = emit('begin.plain', {}, 'hash');

	stands_at($event, 'number');
	for my $id (emit('answer', { k => 'another', good => JSON::PP::true(), n => 'a' }), emit('answer', { k => 'hash', good => JSON::PP::false(), n => 'b' }), 1_000_000_000)
	{
		one("INSERT INTO respond_internal.passed (pattern_id, key_hash, run_id, event_id, recorded_at) SELECT w.pattern_id, respond_internal.wait_key_hash('hash'), 0, $id, now() FROM respond_internal.wait AS w JOIN respond.run AS r ON r.id = w.run_id WHERE r.event_id = $event AND w.passed_from IS NOT NULL");
	}
	emit('answer', { k => 'hash', good => JSON::PP::true(), n => 'c' });
	emit('number', { k => 'hash' }, 'hash');
	ended($event, 'c new new', 'of what has passed under a hash, the right one');
}

# --- the step before is tried again: what came since it began is heard, also where it has to be read
for my $lost (0, 1)
{
	my $event = emit('begin.again', { k => "again $lost" }, "again $lost");

	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND waits_for = 'retry')", 'a step rests before it is tried again');
	emit('answer', { k => "again $lost", good => JSON::PP::true(), n => 'a' });
	Respond::wait_idle($node, $db);
	my $tries = one("SELECT saved -> 'pauses' FROM respond.run WHERE event_id = $event");
	one('DELETE FROM respond_internal.wait WHERE passed_from IS NOT NULL') if $lost;
	Respond::wait_until($node, $db, "SELECT (saved ->> 'pauses')::int > $tries + 1 FROM respond.run WHERE event_id = $event", 'and again');
	one("INSERT INTO public.ready VALUES ('again $lost')");
	ended($event, 'a', 'what came between the tries is heard');
}

# --- a wait that hears from the start of the run, and another step in front of it
for my $lost (0, 1)
{
	my $event = emit('begin.run', {}, "run $lost");

	stands_at($event, 'number');
	emit('answer', { k => "run $lost", good => JSON::PP::true(), n => 'a' });
	Respond::wait_idle($node, $db);
	one('DELETE FROM respond_internal.wait WHERE passed_from IS NOT NULL') if $lost;
	emit('number', { k => "run $lost" }, "run $lost");
	stands_at($event, 'steps[1]');
	emit('answer', { k => "run $lost", good => JSON::PP::true(), n => 'b' });
	emit('rest', {}, "run $lost");
	ended($event, 'a', 'from the start of the run');
}

# --- a dump has no part of it
my $dumped = emit('begin.plain', {}, 'dumped');
stands_at($dumped, 'number');
emit('answer', { k => 'dumped', good => JSON::PP::true(), n => 'a' }, 'any/1');
Respond::wait_idle($node, $db);
my $file = $node->basedir . '/late_keys.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, $db ], 'a dump is made');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '-d', 'copy', $file ], 'and restored');
for my $name ('copy', "$db")
{
	$db = $name;
	one('SELECT respond.release()') if $name eq 'copy';
	is(armed(), $name eq 'copy' ? '0' : '1', "$name: waits without a key do not come with a dump");
	is(one('SELECT count(*) > 0 FROM respond_internal.passed'), $name eq 'copy' ? 'f' : 't', "$name: nor does what has passed");
	emit('answer', { k => 'dumped', good => JSON::PP::true(), n => 'b' }, 'any/1');
	emit('number', { k => 'dumped' }, 'dumped');
	like(one("SELECT respond.settle()"), qr/t/, "$name: settled");
	ended($dumped, 'a new new', "$name: what came before the dump");
	nothing_left($name);
}

# --- runs that begin late, with few and with many events that have passed
one('CREATE TABLE public.account (id int); INSERT INTO public.account VALUES (1)');
Respond::add_rule($node, $db, 'late', 'begin.late', [ { action => 'sql', sql => 'SELECT FROM public.account FOR UPDATE NOWAIT' }, {%number}, {%answer}, $log ]);
Respond::add_rule($node, $db, 'mark', 'begin.mark', [ { action => 'log', message => 'x' } ]);
for my $many (0, 1)
{
	my $name = $many ? 'late, many' : 'late, few';

	one(q{BEGIN; SELECT FROM account FOR UPDATE; PREPARE TRANSACTION 'holder'});
	emit('answer', { k => $name, good => JSON::PP::true(), n => 'before' }, 'any/1');
	my $late = emit('begin.late', {}, $name);
	Respond::wait_until($node, $db, 'SELECT EXISTS (SELECT FROM respond.set_aside)', "$name: set aside");
	others($many ? 1500 : 10, $name);
	emit('answer', { k => $name, good => JSON::PP::true(), n => 'after' }, 'any/1');
	ended(emit('begin.mark', {}, $name), 'x', "$name: what came behind was handled");
	one(q{ROLLBACK PREPARED 'holder'});
	one('SELECT respond.retry_set_aside()');
	stands_at($late, 'number');
	is(one("SELECT count(*) FROM respond_internal.passed AS p JOIN respond.run AS r ON r.id = p.run_id WHERE r.event_id = $late AND p.event_id = 0"), $many, "$name: " . ($many ? 'too many to be written for it alone' : 'what has passed was written for it'));
	emit('number', { k => $name }, $name);
	ended($late, 'after', "$name: what came after its event");
}

play('killed', kill => 1);
one('ALTER SYSTEM SET pg_respond.dispatchers = 3');
$node->reload;
Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.worker WHERE kind = 'dispatcher' AND database = current_database() AND pid IS NOT NULL}, 'there are three dispatchers');
for my $i (1 .. 8)
{
	my $event = emit('begin.previous', {}, "three $i");

	stands_at($event, 'number');
	is(one("SELECT w.passed_from = (r.saved -> 'pause' -> 'place' ->> 'passed')::bigint FROM respond_internal.wait AS w JOIN respond.run AS r ON r.id = w.run_id WHERE r.event_id = $event AND w.passed_from IS NOT NULL"), 't', 'in whichever lane it begins, a wait without a key is armed from the place on from which it has to hear');
	emit('number', { k => "three $i" }, "three $i");
	emit('answer', { k => "three $i", good => JSON::PP::true(), n => $i });
	ended($event, $i, 'and hears');
}
play('three');
play('three, killed', kill => 1);
nothing_left('three, killed');

$node->stop;
done_testing();
