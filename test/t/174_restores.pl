# What came from elsewhere is handled once, whatever coincides: the transaction of release(), the clock of the machine, triggers that a restore
# disables, rows that were there already, copies of copies, rows of the requeue, and restores that are made twice.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my %conf = ('pg_respond.batch_size' => 10, 'pg_respond.allowed_networks' => '127.0.0.0/8', 'pg_respond.max_workers' => 60, max_worker_processes => 80,
	fsync => 'off', autovacuum => 'off');
my $origin = Respond::node('origin', %conf);
my $other = Respond::node('other', %conf);
my $files = $origin->basedir;
my $db = 'desk';

sub one { my ($node, $name, $sql) = @_; return $node->safe_psql($name, $sql); }
sub sent { my ($path) = @_; return scalar(() = $receiver->requests("/ok/$path")); }

sub burn
{
	my ($node, $name, $until) = @_;

	one($node, $name, "DO \$\$ BEGIN WHILE pg_snapshot_xmax(pg_current_snapshot())::text::bigint < $until LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END \$\$");
	return;
}

# ledger(node, db, requeued): events that were not handled exactly once; events of type w.requeued have so many runs.
sub ledger
{
	my ($node, $name, $requeued) = @_;

	return one($node, $name, sprintf(q{SELECT coalesce(string_agg(id || ' ' || type || ' ' || runs || ' ' || deliveries, ', '), '') FROM (SELECT e.id, e.type,
		(SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id) AS runs,
		(SELECT count(*) FROM respond.delivery AS d WHERE d.event_id = e.id AND d.status <> 'pending') AS deliveries
		FROM respond.event AS e WHERE e.type LIKE 'w.%%') AS e
		CROSS JOIN LATERAL (SELECT CASE WHEN type = 'w.requeued' THEN %d ELSE 1 END) AS x (times) WHERE runs <> times OR deliveries <> times}, $requeued || 2));
}

# held(node, db, message): it holds, and says why.
sub held
{
	my ($node, $name, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $name, q{SELECT hold = 'restore' FROM respond_internal.state}, "$message: it holds");
	Respond::wait_until($node, $name, qq{SELECT count(*) >= 3 FROM respond.worker WHERE database = '$name' AND state = 'holding'}, "$message: so do the workers");
	like(one($node, $name, q{SELECT message || remedy FROM respond.health() WHERE "check" = 'hold' AND NOT ok}), qr/restored.*release/, "$message: health() says so");
	return;
}

# finish(node, db, message, requeued): after release() everything is handled once, also what comes later and after a restart of the workers.
sub finish
{
	my ($node, $name, $message, $requeued) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	one($node, $name, q{SELECT respond.release()});
	Respond::emit($node, $name, 'w.later');
	Respond::wait_idle($node, $name, "$message: handled");
	Respond::wait_until($node, $name, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending') AND NOT EXISTS (SELECT FROM respond_internal.requeue)}, "$message: sent");
	is(ledger($node, $name, $requeued), '', "$message: each once");
	return;
}

# repair(node, db): a superuser runs what health() asks for, one statement for each fault.
sub repair
{
	my ($node, $name) = @_;

	one($node, $name, $_) for split /\n/, one($node, $name, q{SELECT remedy FROM respond_internal.manifest_fault()});
	return;
}

# --- the origin: handled, handled and not sent, waiting, and waiting for the second time
burn($origin, 'postgres', 20000);
Respond::create_extension($origin, $db);
one($origin, $db, "INSERT INTO respond.channel (name, kind, url) VALUES ('hook', 'webhook', '$base/ok/hook')");
Respond::add_rule($origin, $db, 'work', 'w.*', [ { action => 'notify', channel => 'hook', text => '{{id}}' } ]);
one($origin, $db, q{INSERT INTO respond.event (type, subject) SELECT 'w.done', i % 5 FROM generate_series(1, 30) AS i});
one($origin, $db, q{INSERT INTO respond.event (type, subject) SELECT 'w.requeued', i % 5 FROM generate_series(1, 5) AS i});
Respond::wait_until($origin, $db, q{SELECT count(*) = 35 FROM respond.delivery WHERE status = 'delivered'});
one($origin, $db, q{UPDATE respond.channel SET enabled = false});
one($origin, $db, q{INSERT INTO respond.event (type, subject) SELECT 'w.unsent', i % 5 FROM generate_series(1, 10) AS i});
Respond::wait_idle($origin, $db);
one($origin, $db, q{SELECT respond.hold('backup')});
Respond::wait_until($origin, $db, q{SELECT count(*) >= 3 FROM respond.worker WHERE state = 'holding'});
one($origin, $db, q{UPDATE respond.channel SET enabled = true});
one($origin, $db, q{SELECT respond.replay(id) FROM respond.event WHERE type = 'w.requeued'});
Respond::emit($origin, $db, 'w.waits') for 1 .. 10;
my $coincides = one($origin, $db, q{SELECT max(xid::text::bigint) FROM respond.event WHERE type = 'w.waits'});
command_ok([ 'pg_dump', '-d', $origin->connstr($db), '-Fc', '-f', "$files/full" ], 'pg_dump');
command_ok([ 'pg_dump', '-d', $origin->connstr($db), '-f', "$files/text" ], 'pg_dump as text');

# --- the transaction of release() has the number of an event
one($other, 'postgres', 'CREATE DATABASE coincidence');
command_ok([ 'pg_restore', '-d', $other->connstr('coincidence'), "$files/full" ], 'pg_restore');
held($other, 'coincidence', 'coincidence');
burn($other, 'coincidence', $coincides);
finish($other, 'coincidence', 'coincidence');
is(one($other, 'coincidence', q{SELECT xmin FROM respond_internal.state}), $coincides, 'coincidence: release() had the number of an event');

# --- the clock of the machine is two days behind that of the origin
one($other, 'postgres', 'CREATE DATABASE behind');
my $text = slurp_file("$files/text");
my %shifted;
$shifted{"$1-$2-$3"} = 1 while $text =~ /\b(20\d\d)-(\d\d)-(\d\d)\b/g;
my $days = one($other, 'postgres', 'SELECT string_agg(d || $$=$$ || (d::date + 2), $$,$$) FROM unnest(ARRAY[' . join(', ', map { "'$_'" } sort keys %shifted) . ']) AS d');
my %day = map { split /=/ } split /,/, $days;
$text =~ s/\b(20\d\d-\d\d-\d\d)\b/$day{$1}/g;
my %number = map { ($_ =~ s/-//gr) => ($day{$_} =~ s/-//gr) } keys %day;
$text =~ s/(?<=_)(20\d{6})(?=\D)/exists $number{$1} ? $number{$1} : $1/ge;
append_to_file("$files/shifted", $text);
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $other->connstr('behind'), '-f', "$files/shifted" ], 'restore of events from the future');
is(one($other, 'behind', q{SELECT min(recorded_at) > now() + interval '1 day' FROM respond.event}), 't', 'they are from the future');
held($other, 'behind', 'behind');
finish($other, 'behind', 'behind');

# --- over an extension that is there already, in every way in which one restores
for my $way ([ 'disabled', '--data-only', '--disable-triggers' ], [ 'clean', '--clean', '--if-exists' ], [ 'errors' ])
{
	my ($name, @options) = @$way;

	Respond::create_extension($other, $name);
	one($other, $name, q{SELECT setval('respond.event_id_seq', 100000), setval('respond.run_id_seq', 100000), setval('respond.delivery_id_seq', 100000)});
	if ($name ne 'disabled')
	{
		# a rule and a channel that the dump has, too
		one($other, $name, "INSERT INTO respond.channel (name, kind, url) VALUES ('hook', 'webhook', '$base/ok/own')");
		Respond::add_rule($other, $name, 'work', 'w.*', [ { action => 'notify', channel => 'hook', text => '{{id}}' } ]);
		one($other, $name, q{INSERT INTO respond.event (type, subject) SELECT 'w.own', i % 3 FROM generate_series(1, 15) AS i});
		Respond::wait_until($other, $name, q{SELECT count(*) = 15 FROM respond.delivery WHERE status = 'delivered'});
	}
	my $before = sent('hook');
	PostgreSQL::Test::Utils::run_command([ 'pg_restore', @options, '-d', $other->connstr($name), "$files/full" ]);
	Respond::wait_until($other, $name, q{SELECT count(*) = 10 FROM respond.event WHERE type = 'w.waits'}, "$name: the rows are there");
	held($other, $name, $name);
	is(sent('hook'), $before, "$name: nothing was sent");
	repair($other, $name);
	finish($other, $name, $name);
	is(one($other, $name, q{SELECT ok FROM respond.health() WHERE "check" = 'hold'}), 't', "$name: it goes on");
	# a channel of the same name is another channel, and gets nothing that was meant for the one in the dump
	is(one($other, $name, q{SELECT count(*) FROM respond.delivery WHERE status <> 'delivered' AND last_error IS NOT NULL}), $name eq 'errors' ? '10' : '0', "$name: what has no receiver ends, and says why");
}

# --- a copy of a database with deliveries that wait, a dump of that copy, and the same restored twice
one($origin, 'postgres', "CREATE DATABASE copy TEMPLATE $db");
held($origin, 'copy', 'copy');
command_ok([ 'pg_dump', '-d', $origin->connstr('copy'), '-Fc', '-f', "$files/copy" ], 'pg_dump of a copy');
finish($origin, 'copy', 'copy');
one($other, 'postgres', 'CREATE DATABASE second');
command_ok([ 'pg_restore', '-d', $other->connstr('second'), "$files/copy" ], 'pg_restore of the copy');
held($other, 'second', 'second');
finish($other, 'second', 'second');
PostgreSQL::Test::Utils::run_command([ 'pg_restore', '--data-only', '-d', $other->connstr('second'), "$files/copy" ]);
one($other, 'second', q{SELECT respond.release()});
Respond::wait_idle($other, 'second', 'restored twice: handled');
is(ledger($other, 'second'), '', 'restored twice: each once');
$_->stop for $origin, $other;
done_testing();
