# Armed waits: an event finds those that it meets and no other, whatever was rolled back, taken by somebody else or restored,
# and however many there are.
#
# Steps are random and compared with a model.  WAITS_SEED=n repeats them, WAITS_STEPS=n asks for more.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use JSON::PP ();
use utf8;

my $seed = $ENV{WAITS_SEED} || time();
my $steps = $ENV{WAITS_STEPS} || 1500;
my $json = JSON::PP->new->canonical->allow_nonref->ascii;
my $node = Respond::node('waits', fsync => 'off');

note("WAITS_SEED=$seed");
srand($seed);
Respond::create_extension($node, 'postgres');

# What one alternative of a step waits for: type, pattern, path of the key; and how the model decides.
my %heard_by = (
	'paid 0' => { event_type => 'payment.*', event_key => 'data.payment_id', key => sub { $_[0]{data}{payment_id} } },
	'paid 1' => { event_type => 'payment.settled', event_key => 'subject', key => sub { $_[0]{subject} } },
	'told 0' => { event_type => '*', pattern => { data => { kind => [ 'a', 'b' ] } }, event_key => q{event.data["the key"].x},
		key => sub { ref $_[0]{data}{'the key'} eq 'HASH' ? $_[0]{data}{'the key'}{x} : undef } },
	'told 1' => { event_type => 'payment.settled', pattern => { data => { kind => [ { exists => JSON::PP::false } ] } }, event_key => 'event.subject',
		key => sub { $_[0]{subject} } });
my @alternatives = sort keys %heard_by;
my @keys = ('1', '42', '-0.50', 'true', 'ключ', q{it's "x"}, 'a b', 'k' x 5000);
my %meets_type = ('payment.*' => qr/^payment\./, 'order.cancelled' => qr/^order\.cancelled$/, '*' => qr/./, 'payment.settled' => qr/^payment\.settled$/);
my $now = time();

sub pick { return $_[ int rand @_ ]; }

sub time_at { return scalar gmtime($now + $_[0]) . ' UTC'; }

# The key of an event as JSON: as a text, and where it looks like it as the value that reads the same.
sub value_of
{
	my ($key) = @_;

	return $key if rand() < 0.5;
	return JSON::PP::true if $key eq 'true';
	return $key =~ /^-?\d/ ? \$key : $key;
}

# A number goes into JSON digit by digit.
sub encode
{
	my ($value) = @_;

	return '[' . join(',', map { encode($_) } @$value) . ']' if ref $value eq 'ARRAY';
	return '{' . join(',', map { $json->encode($_) . ':' . encode($value->{$_}) } sort keys %$value) . '}' if ref $value eq 'HASH';
	return ref $value eq 'SCALAR' ? $$value : $json->encode($value);
}

sub random_event
{
	my %event = (id => 1 + int rand 1000, type => pick('payment.settled', 'payment.failed', 'order.cancelled', 'other'), due => int rand 100);
	my %data;

	$event{subject} = pick(@keys) if rand() < 0.8;
	$data{payment_id} = pick(value_of(pick(@keys)), value_of(pick(@keys)), value_of(pick(@keys)), undef, '', [ '42' ], { a => '42' }) if rand() < 0.9;
	$data{kind} = pick('a', 'b', 'c') if rand() < 0.7;
	$data{'the key'} = pick({ x => value_of(pick(@keys)) }, { x => value_of(pick(@keys)) }, {}, 'text') if rand() < 0.8;
	return { %event, data => \%data };
}

sub text_of
{
	my ($value) = @_;

	return undef if !defined $value || ref $value eq 'ARRAY' || ref $value eq 'HASH';
	return 'true' if JSON::PP::is_bool($value);
	return ref $value eq 'SCALAR' ? $$value : $value eq '' ? undef : $value;
}

sub meets
{
	my ($alternative, $event) = @_;
	my $heard = $heard_by{$alternative};

	return 0 if $event->{type} !~ $meets_type{ $heard->{event_type} };
	return ($event->{data}{kind} // '') =~ /^[ab]$/ ? 1 : 0 if $alternative eq 'told 0';
	return exists $event->{data}{kind} ? 0 : 1 if $alternative eq 'told 1';
	return 1;
}

# --- the model: {waits}{"run step alternative"} = {key, due, heard}

my %model = (waits => {});

sub copy { return { waits => { map { my $w = $_[0]{waits}{$_}; $_ => { %$w, heard => [ @{ $w->{heard} } ] } } keys %{ $_[0]{waits} } } }; }

sub expected_hit
{
	my ($event) = @_;
	my @hit;

	for my $name (keys %{ $model{waits} })
	{
		my ($run, $step, $number) = split / /, $name;
		my $wait = $model{waits}{$name};
		my $key = text_of($heard_by{"$step $number"}{key}->($event));

		push @hit, [ $run, $step, $number, $wait->{early} ] if meets("$step $number", $event) && defined $key && $key eq $wait->{key} && $wait->{due} >= $event->{due};
	}
	my %seen;

	return join '; ', map { "$_->[0] $_->[1] $_->[2]" } grep { !$seen{"$_->[0] $_->[1]"}++ }
		sort { $a->[0] <=> $b->[0] || $b->[3] <=> $a->[3] || $a->[1] cmp $b->[1] || $a->[2] <=> $b->[2] } @hit;
}

# Whether the run could hear the event, as far as type and key say.
sub could_hear
{
	my ($run, $event) = @_;

	for my $name (grep { /^$run / } keys %{ $model{waits} })
	{
		my $heard = $heard_by{ $name =~ s/^\d+ //r };
		my $key = text_of($heard->{key}->($event));

		return 1 if $event->{type} =~ $meets_type{ $heard->{event_type} } && defined $key && $key eq $model{waits}{$name}{key};
	}
	return 0;
}

sub taken
{
	my ($run) = @_;
	my @taken;

	for my $name (sort grep { /^$run / } keys %{ $model{waits} })
	{
		push @taken, join ' ', $name, @{ delete($model{waits}{$name})->{heard} };
	}
	return join '; ', @taken;
}

# One random step: what it is in the program, and what it shall give; undef: nothing.
sub random_step
{
	my $what = rand();
	my $run = 1 + int rand 40;

	if ($what < 0.35)
	{
		my $alternative = pick(@alternatives);
		my ($step, $number) = split / /, $alternative;
		my ($of_step) = grep { /^$run $step / } keys %{ $model{waits} };
		my $early = $of_step ? $model{waits}{$of_step}{early} : rand() < 0.4 ? 1 : 0;
		my %wait = (key => pick(@keys), due => int rand 100, heard => [], early => $early);
		my %arm = (run => $run, rule => 'r', step => $step, alternative => 0 + $number, key => $wait{key}, due_at => time_at($wait{due}), early => $early ? JSON::PP::true : JSON::PP::false,
			map { exists $heard_by{$alternative}{$_} ? ($_ => $heard_by{$alternative}{$_}) : () } qw(event_type pattern event_key));

		return random_step() if $model{waits}{"$run $alternative"};
		if (rand() < 0.3)
		{
			$arm{heard} = 1 + int rand 1000;
			$wait{heard} = [ $arm{heard} ];
		}
		$model{waits}{"$run $alternative"} = \%wait;
		return ({ arm => \%arm }, undef);
	}
	if ($what < 0.45 && %{ $model{waits} })
	{
		my $name = pick(sort keys %{ $model{waits} });
		my ($of, $step, $number) = split / /, $name;
		my $id = 1 + int rand 1000;

		push @{ $model{waits}{$name}{heard} }, $id;
		return ({ hear => { run => 0 + $of, rule => 'r', step => $step, alternative => 0 + $number, id => $id } }, undef);
	}
	if ($what < 0.5 && %{ $model{waits} })
	{
		my $name = pick(sort keys %{ $model{waits} });
		my ($of, $step, $number) = split / /, $name;

		return ({ count => { run => 0 + $of, rule => 'r', step => $step, alternative => 0 + $number } }, scalar @{ $model{waits}{$name}{heard} });
	}
	if ($what < 0.6 && %{ $model{waits} })
	{
		my $event = random_event();
		my ($of) = split / /, pick(sort keys %{ $model{waits} });
		my %sent = (%$event, run => 0 + $of);

		delete $sent{due};
		return ({ want => \%sent }, could_hear($of, $event));
	}
	if ($what < 0.8)
	{
		my $event = random_event();
		my %sent = (%$event, recorded_at => time_at($event->{due}));

		delete $sent{due};
		return ({ hit => \%sent }, expected_hit($event));
	}
	if ($what < 0.95)
	{
		my $taken = taken($run);

		return ({ take => $run }, $taken);
	}
	return ({ flush => JSON::PP::true }, undef);
}

sub got
{
	my ($result) = @_;

	return $result->{count} if exists $result->{count};
	return join '; ', sort map { join ' ', @$_{qw(run step alternative)}, @{ $_->{heard} } } @{ $result->{taken} } if exists $result->{taken};
	return join '; ', map { join ' ', @$_{qw(run step alternative)} } @{ $result->{hit} || $result->{deaf} };
}

sub sql_of { return 'SELECT respond_internal.try_waits(' . Respond::quote_literal($_[0]) . ');'; }

my $lane = Respond::session($node, 'postgres');
my $other = Respond::session($node, 'postgres');
my $wrong = '';
my $compared = 0;

# Runs a random program in a session; true when all of it was as the model says.
sub run_program
{
	my ($session, $count) = @_;
	my (@program, @wanted);

	for (1 .. $count)
	{
		my ($step, $wanted) = random_step();

		push @program, $step;
		push @wanted, [ $step, $wanted ] if defined $wanted;
	}
	my $text = encode(\@program);
	my $out = $session->query(sql_of($text));
	my $results = eval { $json->decode($out) };

	return $wrong = "no result for $text: $out $session->{stderr}" if !$results;
	for my $i (0 .. $#wanted)
	{
		my ($step, $wanted) = @{ $wanted[$i] };
		my $got = got($results->[$i]);

		$compared++;
		return $wrong = encode($step) . " gave \"$got\" instead of \"$wanted\"" if $got ne $wanted;
	}
	return;
}

for (my $done = 0; $done < $steps && !$wrong;)
{
	my $before = copy(\%model);
	my $in_savepoint = rand() < 0.5;

	$lane->query('BEGIN');
	run_program($lane, 10);
	if ($in_savepoint && !$wrong)
	{
		my $inner = copy(\%model);

		$lane->query('SAVEPOINT s');
		run_program($lane, 10);
		if (rand() < 0.5)
		{
			$lane->query('ROLLBACK TO SAVEPOINT s');
			%model = %$inner;
		}
		run_program($lane, 5) if !$wrong;
	}
	my $is_kept = rand() < 0.7;

	$lane->query($is_kept ? 'COMMIT' : 'ROLLBACK');
	%model = %$before if !$is_kept;
	$done += 25;

	# a session cancels a run
	if (rand() < 0.3 && !$wrong)
	{
		my $run = 1 + int rand 40;
		my $wanted = taken($run);
		my $got = got($json->decode($other->query(sql_of(qq{[{"take": $run}]})))->[0]);

		$wrong = "a session took \"$got\" instead of \"$wanted\"" if $got ne $wanted;
	}
	# the worker was replaced
	if (rand() < 0.1)
	{
		$lane->quit;
		$lane = Respond::session($node, 'postgres');
	}
}
is($wrong, '', "$steps random steps are as in the model");
cmp_ok($compared, '>', 200, 'and enough of them said something');

# --- what is wrong with a wait is said when it is armed

my @refused = (
	[ q{"event_key": "data"}, qr/event_key: "data" is no single value/ ],
	[ q{"event_key": "steps.a"}, qr/event_key: "steps\.a" does not begin with a field of events/ ],
	[ q{"event_key": "subject | default: 1"}, qr/event_key: "subject \| default: 1" has a filter/ ],
	[ q("event_key": "id}}}{{{id"), qr/event_key: "id\}\}\}\{\{\{id" is not the path of one field/ ],
	[ q{"event_key": ""}, qr/event_key/ ],
	[ q{"event_key": "id", "pattern": {"data": {"a": [{"b": 1}]}}}, qr/pattern\.data\.a\[0\]/ ]);
for my $case (@refused)
{
	my ($code, $out, $error) = $node->psql('postgres', sql_of(qq{[{"arm": {"run": 1, "rule": "r", "step": "x", "event_type": "a", "key": "1", $case->[0]}}]}));

	like($error, $case->[1], "refused: $case->[0]");
}

# --- patterns that nobody waits for go away

$lane->query('TRUNCATE respond_internal.wait, respond_internal.heard');
$lane->query(sql_of(encode([ map { { arm => { run => $_, rule => "r$_", step => 's', event_type => "type.$_", event_key => 'subject', key => 'k' } } } 1 .. 200 ])));
$lane->query(sql_of(encode([ map { { take => $_ } } 1 .. 195 ])));
$lane->query(sql_of(encode([ map { { arm => { run => $_, rule => "r$_", step => 's', event_type => "type.$_", event_key => 'subject', key => 'k' } } } 1001 .. 1400 ])));
is($node->safe_psql('postgres', q{SELECT count(*), count(*) FILTER (WHERE rule ~ '^r\d\d?\d?$') FROM respond_internal.wait_pattern}), '405|5',
	'patterns that nobody waits for are removed, the others stay');
is(got($json->decode($lane->query(sql_of('[{"hit": {"type": "type.199", "subject": "k"}}]')))->[0]), '199 s 0', 'and are heard');

# --- an event costs the same however many runs wait

sub buffers
{
	my ($program) = @_;
	my $plan = $json->decode($node->safe_psql('postgres', 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' . sql_of($program)));

	return $plan->[0]{Plan}{'Shared Hit Blocks'} + $plan->[0]{Plan}{'Shared Read Blocks'};
}

sub cost_of_events
{
	my ($type) = @_;

	return buffers(encode([ map { { hit => { type => $type, id => $_, subject => "k$_" } } } 1 .. 100 ])) -
		buffers(encode([ map { { hit => { type => $type, id => $_, subject => "k$_" } } } 1 .. 10 ]));
}

$node->safe_psql('postgres', 'TRUNCATE respond_internal.wait, respond_internal.heard, respond_internal.wait_pattern');
$node->safe_psql('postgres', sql_of(encode([ map { { arm => { run => $_, rule => 'r', step => 's', event_type => 'many', event_key => 'subject', key => "k$_" } } } 1 .. 1000 ])));
my $few = cost_of_events('many');
$node->safe_psql('postgres', q{
	INSERT INTO respond_internal.wait (run_id, run_started_at, pattern_id, key_hash, since, rule_version, alternative, early, rule, step, key)
	SELECT g, now(), w.pattern_id, respond_internal.wait_key_hash('k' || g), now(), 1, 0, false, 'r', 's', 'k' || g
	  FROM generate_series(1001, 200000) AS g, (SELECT DISTINCT x.pattern_id FROM respond_internal.wait AS x) AS w});
my $many = cost_of_events('many');
cmp_ok($few, '>', 90, "a thousand runs wait: 90 events read $few pages");
cmp_ok($many, '<=', 2 * $few, "200,000 runs wait: they read $many");
is(cost_of_events('other'), 0, 'an event that nobody waits for reads none');

# --- a million could wait for one event: they are found piece by piece

$node->safe_psql('postgres', 'TRUNCATE respond_internal.wait');
$node->safe_psql('postgres', sql_of(encode([ map { my $r = $_; map { { arm => { run => $r, rule => 'r', step => "s$_", event_type => 'all', event_key => 'data.k', key => 'x' } } } 1 .. 3 } 1 .. 300 ])));
my (@found, $calls);
for (my $after = 0; ; $calls++)
{
	my $hit = $json->decode($node->safe_psql('postgres', sql_of(qq{[{"hit": {"type": "all", "data": {"k": "x"}, "limit": 100, "after": $after}}]})))->[0]{hit};

	last if !@$hit;
	push @found, map { "$_->{run} $_->{step}" } @$hit;
	$after = $hit->[-1]{run};
}
is(join(',', @found), join(',', map { my $r = $_; map { "$r s$_" } 1 .. 3 } 1 .. 300), 'all are found once, in order');
cmp_ok($calls, '>=', 3, "in $calls pieces");

# --- a dump has them; in another encoding, and before and after release()

$node->safe_psql('postgres', 'TRUNCATE respond_internal.wait, respond_internal.wait_pattern');
$node->safe_psql('postgres', sql_of(encode([ { arm => { run => 7, rule => 'r', step => 's', event_type => 'umlaut', event_key => 'subject', key => 'größe', heard => 3 } } ])));
my $dump = "$node->{_basedir}/waits.dump";
$node->command_ok([ 'pg_dump', '--format=custom', "--file=$dump", $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', q{CREATE DATABASE copied ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'});
$node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr('copied'), $dump ], 'pg_restore into another encoding');
my $copy = Respond::session($node, 'copied');
my $hit = sql_of('[{"hit": {"type": "umlaut", "subject": "gr\u00f6\u00dfe"}}]');
is($copy->query($hit), '[{"deaf": []}]', 'what was restored is not heard before release()');
is($node->safe_psql('copied', 'SELECT respond_internal.has_foreign_rows()'), 't', 'and is known to come from elsewhere');
$node->safe_psql('copied', 'SELECT respond.release()');
is($node->safe_psql('copied', 'SELECT respond_internal.has_foreign_rows()'), 'f', 'release() makes it ours');
is(got($json->decode($copy->query($hit))->[0]), '7 s 0', 'a process that had looked before hears it');
is(got($json->decode($copy->query(sql_of('[{"take": 7}]')))->[0]), '7 s 0 3', 'with what it had heard');

$_->quit for $lane, $other, $copy;
done_testing();
