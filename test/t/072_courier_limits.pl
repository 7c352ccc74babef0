# Limits of the courier: rates, concurrency, order, breakers; and what must not hold up anybody else.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use IO::Socket::INET;
use JSON::PP ();
use List::Util qw(max min);
use Peers;
use Respond;
use Time::HiRes qw(time);

my $courier = Courier::start('limits');
my $receiver = Peers::receiver(listen => join(',', ('127.0.0.1:0') x 30));
my $hanging = Peers::receiver(listen => join(',', ('127.0.0.1:0') x 30));
my @ports = Peers::slurp($receiver->{port_file}) =~ /(\d+)/g;
my @hanging_ports = Peers::slurp($hanging->{port_file}) =~ /(\d+)/g;
my $json = JSON::PP->new->utf8;
my $dir = PostgreSQL::Test::Utils::tempdir('limits');
my $pid = $courier->pid;

sub one { return $courier->one(@_); }

# url(path): on a port of its own, so that breakers do not mix.
sub url
{
	my ($path) = @_;

	return 'http://127.0.0.1:' . (shift(@ports) || die 'no port is left') . "/$path";
}

sub times_of
{
	my ($path) = @_;

	return sort { $a <=> $b } map { $_->{t} } $receiver->requests($path);
}

# tries(channel): of all its deliveries: when each began and ended, in seconds, and with which answer, in order of beginning.
sub tries
{
	my ($channel) = @_;

	return @{ $json->decode(one(qq{SELECT coalesce(jsonb_agg(t ORDER BY began), '[]') FROM (
		SELECT extract(epoch FROM a.at) AS began, extract(epoch FROM a.at + a.duration) AS ended, a.status, d.id, coalesce(d.subject, '') AS subject
		  FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE d.channel LIKE '$channel') AS t})) };
}

# at_once(tries...): how many were under way together at most.
sub at_once
{
	my @edges = sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } map { ([ $_->{began}, 1 ], [ $_->{ended}, -1 ]) } @_;
	my ($now, $most) = (0, 0);

	for my $edge (@edges)
	{
		$now += $edge->[1];
		$most = max($most, $now);
	}
	return $most;
}

# Always there, never limited.
$courier->channel('free', 'webhook', url('ok/free'), step => { text => 'x' });

# --- Rates

{
	$courier->channel('rate', 'webhook', url('ok/rate'), rate_limit => 20);
	$courier->channel('slow rate', 'webhook', url('ok/slow-rate'), rate_limit => 1.6);
	$courier->fire_many('rate', 40);
	$courier->fire_many('slow rate', 3);
	$courier->until_all('rate', q{status = 'delivered'}, 'rate: all arrive');
	my @times = times_of('/ok/rate');
	is(scalar @times, 40, 'rate: 40 requests');
	# some of a pause may be made up for, and the clock of the receiver is not that of the courier
	cmp_ok($times[39] - $times[0], '>=', 39 / 20 - 0.4, 'rate: the last is not before its time');
	cmp_ok(min(map { $times[ $_ + 10 ] - $times[$_] } 0 .. 29), '>=', 0.5 - 0.25, 'rate: nor are any ten in between');
	$courier->until_all('slow rate', q{status = 'delivered'}, 'slow rate: all arrive');
	@times = times_of('/ok/slow-rate');
	cmp_ok($times[2] - $times[0], '>=', 1.25 - 0.2, 'slow rate: less than two a second');
}

# --- Concurrency

for my $limit (1, 3)
{
	$courier->channel("narrow $limit", 'webhook', url("slow/60/200/$limit"), concurrency => $limit);
	$courier->fire_many("narrow $limit", $limit * 8);
	$courier->until_all("narrow $limit", q{status = 'delivered' AND attempts = 1}, "concurrency $limit: all arrive");
	my @times = times_of("/slow/60/200/$limit");
	my @tries = tries("narrow $limit");

	is(scalar @times, $limit * 8, "concurrency $limit: all requests came");
	cmp_ok(at_once(@tries), '<=', $limit, "concurrency $limit: no more at a time than that");
	cmp_ok(min(map { $times[ $_ + $limit ] - $times[$_] } 0 .. $#times - $limit), '>=', 0.05, "concurrency $limit: nor at the receiver");
	cmp_ok(at_once(@tries), '==', $limit, "concurrency $limit: and that many");
}

# --- Order

# in_order(channel, name): per subject one at a time, in the order of the events.
sub in_order
{
	my ($channel, $name, $path) = @_;
	my %tries;
	my %bodies;
	my $overlap = 0;
	my $disorder = 0;

	push @{ $tries{ $_->{subject} } }, $_ for tries($channel);
	for my $subject (keys %tries)
	{
		$overlap++ if at_once(@{ $tries{$subject} }) > 1;
	}
	for my $request (grep { ($_->{path} // '') =~ $path } $receiver->entries)
	{
		my $subject = $request->{headers}{'ce-subject'} // '';
		my $i = JSON::PP->new->decode($request->{body})->{data}{i};

		$disorder++ if defined $bodies{$subject} && $i < $bodies{$subject};
		$bodies{$subject} = $i;
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($overlap, 0, "$name: one at a time for each subject");
	is($disorder, 0, "$name: in the order of the events");
	return;
}

$courier->channel('order', 'webhook', url('slow/5/200/order'), ordered => 't');
$courier->fire_many('order', 160, q{CASE WHEN i % 8 > 0 THEN 's/' || i % 8 END});
$courier->until_all('order', q{status = 'delivered'}, 'order: all arrive');
in_order('order', 'order', qr{/order$});
cmp_ok(at_once(tries('order')), '>', 1, 'order: subjects do not wait for each other');

$courier->channel('many subjects', 'webhook', url('ok/many'), ordered => 't', concurrency => 64);
$courier->set('many subjects', 'enabled = false');
$courier->fire_many('many subjects', 3000, q{'s/' || i % 1000});
Respond::wait_idle($courier->node, $courier->db);
$courier->set('many subjects', 'enabled = true');
$courier->until_all('many subjects', q{status = 'delivered'}, 'many subjects: all arrive');
in_order('many subjects', 'many subjects', qr{/ok/many$});

{
	# the url is the event's: {status: 429} is tried again in an hour, 404 is dead
	$courier->channel('heads', 'webhook', url('status/{{data.status}}'), ordered => 't', retry_delays => '{1 hour}', step => { text => 'x' });
	my @b;
	my $fire = sub { return $courier->fire('heads', { status => $_[1] }, $_[0]); };
	my $a1 = $fire->('a', 429);
	$courier->until($a1, q{attempts = 1 AND status = 'pending'}, 'heads: the first of its subject waits for an hour');
	my $a2 = $fire->('a', 200);
	my $a3 = $fire->('a', 200);
	push @b, $fire->('b', 200) for 1 .. 3;
	$courier->until($b[2], q{status = 'delivered'}, 'heads: another subject goes on');
	is(one("SELECT count(*) FROM respond.delivery WHERE event_id IN ($a2, $a3) AND status = 'pending' AND attempts = 0"), '2', 'heads: its own waits');
	one("UPDATE respond.delivery SET url = replace(url, '429', '200') WHERE event_id = $a1");
	one("SELECT respond.retry(id) FROM respond.delivery WHERE event_id = $a1");
	$courier->until($a3, q{status = 'delivered'}, 'heads: it arrives, and those behind it');
	is(one(q{SELECT string_agg(d.event_id::text, ',' ORDER BY a.at) FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE d.subject = 'a' AND a.status = 200}),
		"$a1,$a2,$a3", 'heads: in order');

	my $c1 = $fire->('c', 404);
	my $c2 = $fire->('c', 200);
	$courier->until($c2, q{status = 'delivered'}, 'heads: behind a dead one the next goes');

	# discarded while it waits
	my $d1 = $fire->('d', 429);
	my $d2 = $fire->('d', 200);
	$courier->until($d1, q{attempts = 1 AND status = 'pending'}, 'heads: the first of another subject waits');
	one("SELECT respond.discard(id) FROM respond.delivery WHERE event_id = $d1");
	$courier->until($d2, q{status = 'delivered'}, 'heads: behind a discarded one the next goes');

	# an earlier one that is begun anew goes before one that waits for its next try
	my $e1 = $fire->('e', 404);
	$courier->until($e1, q{status = 'dead'}, 'heads: the first of another subject is dead');
	my $e2 = $fire->('e', 429);
	$courier->until($e2, q{attempts = 1 AND status = 'pending'}, 'heads: the second waits for an hour');
	one("UPDATE respond.delivery SET url = replace(url, '404', '200') WHERE event_id = $e1");
	one("SELECT respond.retry(id) FROM respond.delivery WHERE event_id = $e1");
	$courier->until($e1, q{status = 'delivered'}, 'heads: the first, begun anew, does not wait for the second');
}

{
	# a channel that begins to keep order while a request is under way
	$courier->channel('turned', 'webhook', url('slow/{{data.ms}}'), concurrency => 8);
	$courier->fire('turned', { ms => 1500, text => 'x' }, 'other');
	Respond::wait_idle($courier->node, $courier->db);
	$courier->arrives('free', 'turned: one request is under way');
	$courier->set('turned', 'ordered = true');
	one(q{INSERT INTO respond.event (type, subject, data) SELECT 'go.turned', 's', jsonb_build_object('ms', 100, 'text', 'x', 'i', i) FROM generate_series(1, 12) AS i});
	$courier->until_all('turned', q{status = 'delivered'}, 'turned: all arrive');
	is(at_once(grep { $_->{subject} eq 's' } tries('turned')), 1, 'turned: from then on one at a time for each subject');
}

# --- Breakers

sub touch { PostgreSQL::Test::Utils::append_to_file($_[0], 'x'); chmod(0644, $_[0]); return; }

# pauses(channels, message): waits until they were tried again after two pauses; the shortest pause of a breaker is half a second.
sub pauses
{
	my ($channels, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($courier->node, $courier->db, qq{SELECT count(*) FILTER (WHERE gap >= '450 ms') >= 2 FROM (
		SELECT a.at - lag(a.at) OVER (ORDER BY a.at) AS gap FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id
		 WHERE channel LIKE '$channels') AS g}, $message);
}

# would be tried nine times within a second, all of them, and then wait for an hour
my $hasty = '{' . join(',', ('10 ms') x 8) . ',1 hour}';

{
	my $file = "$dir/down";

	touch($file);
	$courier->channel('down', 'webhook', url("fail-while$file"), retry_delays => $hasty, max_attempts => 20, step => { text => 'x' });
	$courier->fire_many('down', 100);
	$courier->fire_many('free', 50);
	$courier->until_all('free', q{status = 'delivered'}, 'breaker: others are served');
	pauses('down', 'breaker: it is asked again now and then');
	my $sent = () = $receiver->requests("/fail-while$file");
	cmp_ok($sent, '<', 60, "breaker: but far less often than its 900 tries ($sent)");

	# what happens to others is no reason to ask it
	for (1 .. 20)
	{
		$courier->set('free', 'updated_at = now()');
		$courier->arrives('free', 'breaker: a channel is changed');
	}
	my $later = () = $receiver->requests("/fail-while$file");
	cmp_ok($later - $sent, '<', 10, "breaker: it is not asked more often when channels are changed ($sent, $later)");
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'down' AND status = 'pending'}), '100', 'breaker: nothing is given up');

	unlink($file) or die "unlink: $!";
	$courier->until_all('down', q{status = 'delivered'}, 'breaker: when it is back, all arrive');
	check_ramp('down', 'breaker');
}

# check_ramp(channels, name): after the return one request at a time, then twice as many with each success.
sub check_ramp
{
	my ($channels, $name) = @_;
	my @good = grep { defined $_->{status} && $_->{status} == 200 } tries($channels);
	my $above = 0;

	for my $try (@good)
	{
		my $ended = grep { $_->{ended} <= $try->{began} } @good;
		my $under_way = grep { $_->{began} <= $try->{began} && $_->{ended} > $try->{began} } @good;

		$above++ if $ended < 10 && $under_way > 2**$ended;
	}
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($above, 0, "$name: one at a time at first, then more");
	return;
}

{
	# channels of one host share its breaker, which counts what gets no answer
	my $file = "$dir/crowd";
	my $url = url("rst-while$file");

	touch($file);
	for my $n (1 .. 12)
	{
		$courier->channel("crowd $n", 'webhook', $url, retry_delays => $hasty, max_attempts => 20, concurrency => 1, enabled => 'f', step => { text => 'x' });
	}
	for my $n (1 .. 12)
	{
		$courier->fire_many("crowd $n", 10);
	}
	Respond::wait_idle($courier->node, $courier->db);
	one(q{UPDATE respond.channel SET enabled = true WHERE name LIKE 'crowd%'});
	# the first requests are under way when the breaker opens; from the first pause on, one asks
	pauses('crowd%', 'crowd: it is asked again now and then');
	my @times = times_of("/rst-while$file");
	my @gaps = map { $times[$_] - $times[ $_ - 1 ] } 1 .. $#times;
	shift @gaps while @gaps && $gaps[0] < 0.45;
	is(scalar(grep { $_ < 0.45 } @gaps), 0, 'crowd: one request asks for all channels of the host') or diag(join(' ', map { sprintf '%.3f', $_ } @gaps));
	unlink($file) or die "unlink: $!";
	$courier->until_all("crowd $_", q{status = 'delivered'}, "crowd: all of $_ arrive") for 1 .. 12;
	check_ramp('crowd%', 'crowd');
}

{
	# old ones that are begun anew are not overdue
	my $file = "$dir/anew";

	touch($file);
	$courier->channel('anew', 'webhook', url("fail-while$file"), retry_delays => '{1 hour}', max_attempts => 2, enabled => 'f', step => { text => 'x' });
	$courier->fire_many('anew', 200);
	Respond::wait_idle($courier->node, $courier->db);
	one(q{UPDATE respond.delivery SET status = 'dead', next_attempt_at = NULL, finished_at = now(), created_at = created_at - interval '3 days' WHERE channel = 'anew'});
	$courier->set('anew', 'enabled = true');
	is(one(q{SELECT respond.retry_channel('anew')}), '200', 'begun anew: all of them');
	Respond::wait_until($courier->node, $courier->db, q{SELECT count(*) >= 5 FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE channel = 'anew'}, 'begun anew: the host fails');
	$courier->arrives('free', 'begun anew: others are served') for 1 .. 10;
	my $sent = () = $receiver->requests("/fail-while$file");
	cmp_ok($sent, '<', 60, "begun anew: its breaker holds them back ($sent)");
	one(q{DELETE FROM respond.channel WHERE name = 'anew'});
}

# --- Rows that somebody has locked

{
	$courier->channel('locked', 'webhook', url('ok/locked'), enabled => 'f');
	$courier->channel('beside', 'webhook', url('ok/beside'), concurrency => 4, step => { text => 'x' });
	my $event = $courier->fire('locked');
	Respond::wait_idle($courier->node, $courier->db);
	my $seconds = sub {
		my $start = time();

		$courier->fire_many('beside', 60);
		$courier->until_all('beside', q{status = 'delivered' AND attempts = 1}, $_[0]);
		return time() - $start;
	};
	my $usual = $seconds->('a locked row: before it is locked');
	my $session = Respond::session($courier->node, $courier->db);
	$session->query_safe("BEGIN; SELECT id FROM respond.delivery WHERE event_id = $event FOR UPDATE");
	$courier->set('locked', 'enabled = true');
	$courier->channel('slow', 'webhook', url('slow/60000'), timeout => '2 min', step => { text => 'x' });
	$courier->fire('slow');
	my $locked = $seconds->('a locked row: others are recorded');
	# a pause of a second for each four of them would be 15 seconds
	cmp_ok($locked, '<', 10 * $usual + 4, "a locked row: others are not slowed down by it ($usual s, $locked s)");
	is($courier->delivery($event)->{status}, 'pending', 'a locked row: while it is locked');
	is(scalar(() = $receiver->requests('/ok/locked')), 1, 'a locked row: it was sent once');
	$session->query_safe('ROLLBACK');
	$courier->until($event, q{status = 'delivered' AND attempts = 1}, 'a locked row: unlocked, it is recorded');
	is(scalar(() = $receiver->requests('/ok/locked')), 1, 'a locked row: and not sent again');

	# the row of a channel that is to be disabled
	$courier->channel('gone', 'webhook', url('status/410'), step => { text => 'x' });
	$session->quit;
	$session = Respond::session($courier->node, $courier->db);
	$session->query_safe(q{BEGIN; UPDATE respond.channel SET description = 'mine' WHERE name = 'gone'});
	$event = $courier->fire('gone');
	Respond::wait_idle($courier->node, $courier->db);
	$courier->fire_many('beside', 60);
	$courier->until_all('beside', q{status = 'delivered'}, 'a locked channel that is to be disabled: others are recorded');
	# psql has a limit of its own, which a courier that waits for it meets
	eval { $session->query_safe('COMMIT') };
	$courier->until($event, q{status = 'dead' AND last_status = 410}, 'a locked channel: unlocked, it is recorded');
	is(one(q{SELECT enabled FROM respond.channel WHERE name = 'gone'}), 'f', 'a locked channel: and disabled');
	eval { $session->quit };
}

# --- A long backlog of one channel

{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "socket: $!";
	my $port = $socket->sockport;
	$socket->close;

	$courier->channel('backlog', 'webhook', "http://127.0.0.1:$port/", retry_delays => '{10 minutes}', step => { text => 'x' });
	$courier->channel('backlog later', 'webhook', url('status/429/later'), retry_delays => '{1 hour}', step => { text => 'x' });
	$courier->arrives('free', 'backlog: others are served before');
	my $before = Courier::memory($pid);
	$courier->fire_many('backlog', 20_000);
	$courier->fire_many('backlog later', 3_000);
	Respond::wait_idle($courier->node, $courier->db, 'backlog: it is recorded');
	$courier->fire_many('free', 200);
	$courier->until_all('free', q{status = 'delivered'}, 'backlog: others are served beside it');
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'backlog' AND status = 'pending'}), '20000', 'backlog: while it waits');
	$courier->until_all('backlog later', q{status = 'pending' AND attempts = 1}, 'backlog: what is answered with 429 is put off');
	my $after = Courier::memory($pid);
	cmp_ok($after, '<', $before + 16 * 1024, "backlog: memory of the courier stays: $before kB, $after kB");
	is($courier->pid, $pid, 'backlog: the same process');

	one("SELECT pg_terminate_backend($pid)");
	Respond::wait_until($courier->node, $courier->db, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond courier' AND pid <> $pid)", 'backlog: another courier begins');
	$pid = $courier->pid;
	$courier->arrives('free', 'backlog: which serves others beside it');
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel LIKE 'backlog%' AND status = 'pending'}), '23000', 'backlog: nothing is lost');
	one(q{DELETE FROM respond.channel WHERE name LIKE 'backlog%'});
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel LIKE 'backlog%' AND status = 'cancelled'}), '23000', 'backlog: all of it is cancelled with its channel');
}

# --- Many channels that hang together: more of them than there are places

{
	for my $n (1 .. 30)
	{
		$courier->channel("hang $n", 'webhook', 'http://127.0.0.1:' . shift(@hanging_ports) . '/hang', timeout => '10 min', step => { text => 'x' });
	}
	one(q{INSERT INTO respond.event (type) SELECT 'go.hang ' || n FROM generate_series(1, 20) AS i, generate_series(1, 30) AS n});
	Respond::wait_idle($courier->node, $courier->db, 'hanging: recorded');
	$courier->fire_many('free', 50);
	$courier->until_all('free', q{status = 'delivered'}, 'hanging: a healthy channel is served beside 30 that hang');
	is(one(q{SELECT count(*) FROM respond.delivery WHERE channel LIKE 'hang %' AND status = 'pending' AND attempts = 0}), '600', 'hanging: all of them hang still');
	cmp_ok(scalar(() = $hanging->requests('/hang')), '>', 30, 'hanging: and were sent');
}

is($courier->pid, $pid, 'the courier is the same process');
$courier->stop;
done_testing();
