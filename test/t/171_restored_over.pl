# What came from elsewhere is told from what was recorded here, whatever transactions, ids and clocks say: a dump that is restored over an
# extension that is there already, with events and a cursor of its own, makes the database hold, and after release() each event was handled once.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my %conf = ('pg_respond.batch_size' => 10, 'pg_respond.allowed_networks' => '127.0.0.0/8', 'pg_respond.max_requests' => 50, fsync => 'off');
my $origin = Respond::node('origin', %conf);
my $dump = $origin->basedir;
my $db = 'desk';

sub one { my ($node, $name, $sql) = @_; return $node->safe_psql($name, $sql); }

# prepare(node, db): a rule that takes part in a ledger, one run for each event, and one delivery.
sub prepare
{
	my ($node, $name) = @_;

	one($node, $name, q{CREATE TABLE public.took (event_id bigint)});
	one($node, $name, "INSERT INTO respond.channel (name, kind, url) VALUES ('hook', 'webhook', '$base/ok/hook')");
	Respond::add_rule($node, $name, 'work', 'w.*', [ { action => 'sql', sql => 'INSERT INTO public.took VALUES (event.id)' }, { action => 'notify', channel => 'hook', text => '{{id}}' } ]);
	return;
}

# ledger(node, db): events that were not handled exactly once, by runs, by rows of their SQL, by deliveries sent in this database.
sub ledger
{
	my ($node, $name) = @_;

	return one($node, $name, q{SELECT count(*) FROM respond.event AS e WHERE e.type LIKE 'w.%' AND
		((SELECT count(*) FROM public.took AS t WHERE t.event_id = e.id) <> 1 OR (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id) <> 1
		 OR (SELECT count(*) FROM respond.delivery AS d WHERE d.event_id = e.id) <> 1)});
}

# finish(node, db, message): after release() everything was handled once.
sub finish
{
	my ($node, $name, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	one($node, $name, q{SELECT respond.release()});
	Respond::wait_idle($node, $name, "$message: handled");
	Respond::wait_until($node, $name, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')}, "$message: sent");
	is(ledger($node, $name), '0', "$message: each once") or diag(one($node, $name, q{SELECT e.id, e.xid, (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id), (SELECT count(*) FROM public.took AS t WHERE t.event_id = e.id)
		FROM respond.event AS e WHERE e.type LIKE 'w.%' ORDER BY 3, 1 LIMIT 30}));
	is(one($node, $name, q{SELECT coalesce(string_agg("check" || ': ' || message, '; '), '') FROM respond.health() WHERE NOT ok AND "check" NOT IN ('lag', 'manifest')}), '', "$message: health()");
	return;
}

# held(node, db, message)
sub held
{
	my ($node, $name, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(one($node, $name, q{SELECT hold FROM respond_internal.state}), 'restore', "$message: it holds");
	Respond::wait_until($node, $name, q{SELECT count(*) >= 3 FROM respond.worker WHERE state = 'holding'}, "$message: so do the workers");
	like(one($node, $name, q{SELECT message || remedy FROM respond.health() WHERE "check" = 'hold' AND NOT ok}), qr/restored.*release/, "$message: health() says so");
	return;
}

sub burn
{
	my ($node, $name, $count) = @_;

	one($node, $name, "CREATE TABLE IF NOT EXISTS public.burnt (n int); DO \$\$ BEGIN FOR i IN 1 .. $count LOOP INSERT INTO public.burnt VALUES (i); COMMIT; END LOOP; END \$\$");
	return;
}

# --- the origin: most are handled and sent, some are handled and not sent, some wait
Respond::create_extension($origin, $db);
prepare($origin, $db);
one($origin, $db, q{SELECT setval('respond.event_id_seq', 100000), setval('respond.run_id_seq', 100000), setval('respond.delivery_id_seq', 100000)});
one($origin, $db, q{INSERT INTO respond.event (type, subject, data) SELECT 'w.done', i % 5, '{}' FROM generate_series(1, 60) AS i});
Respond::wait_idle($origin, $db);
Respond::wait_until($origin, $db, q{SELECT count(*) = 60 FROM respond.delivery WHERE status = 'delivered'});
one($origin, $db, q{UPDATE respond.channel SET enabled = false});
one($origin, $db, q{INSERT INTO respond.event (type, subject, data) SELECT 'w.unsent', i % 5, '{}' FROM generate_series(1, 20) AS i});
Respond::wait_idle($origin, $db);
one($origin, $db, q{SELECT respond.hold('backup')});
Respond::wait_until($origin, $db, q{SELECT count(*) >= 3 FROM respond.worker WHERE state = 'holding'});
one($origin, $db, q{UPDATE respond.channel SET enabled = true});
Respond::emit($origin, $db, 'w.waits') for 1 .. 10;
one($origin, $db, q{INSERT INTO respond.event (type, subject) SELECT 'w.waits', i % 3 FROM generate_series(1, 40) AS i});
command_ok([ 'pg_dump', '-d', $origin->connstr($db), '-Fc', '-f', "$dump/full" ], 'pg_dump');
my $sent = () = $receiver->requests('/ok/hook');

# --- a dump over an extension that is there already, with events, runs and a cursor of its own
for my $way ([ 'over', 0 ], [ 'over_ahead', 3000 ])
{
	my ($name, $transactions) = @$way;

	Respond::create_extension($origin, $name);
	burn($origin, $name, $transactions) if $transactions;
	prepare($origin, $name);
	one($origin, $name, q{INSERT INTO respond.event (type, subject) SELECT 'w.own', i % 3 FROM generate_series(1, 15) AS i});
	Respond::wait_idle($origin, $name);
	Respond::wait_until($origin, $name, q{SELECT count(*) = 15 FROM respond.delivery WHERE status = 'delivered'});
	$sent += 15;
	one($origin, $name, q{TRUNCATE respond.channel CASCADE; DELETE FROM respond.rule; DELETE FROM respond.rule_version});
	my ($code) = PostgreSQL::Test::Utils::run_command([ 'pg_restore', '--data-only', '-d', $origin->connstr($name), "$dump/full" ]);
	is(one($origin, $name, q{SELECT count(*) FROM respond.event WHERE type LIKE 'w.%'}), '145', "$name: the events of both are there");
	held($origin, $name, $name);
	is(scalar(() = $receiver->requests('/ok/hook')), $sent, "$name: nothing was sent");
	one($origin, $name, q{INSERT INTO respond.event (type) VALUES ('w.meanwhile')});
	finish($origin, $name, $name);
	$sent = () = $receiver->requests('/ok/hook');
	Respond::emit($origin, $name, 'w.later') for 1 .. 3;
	Respond::wait_idle($origin, $name);
	$origin->restart if $name eq 'over';
	Respond::wait_idle($origin, $name);
	is(ledger($origin, $name), '0', "$name: what comes later, too");
	Respond::wait_until($origin, $name, q{SELECT NOT EXISTS (SELECT FROM respond.delivery WHERE status = 'pending')});
	$sent = () = $receiver->requests('/ok/hook');
}

$origin->stop;
done_testing();
