# Metrics: what is counted is what happened, and the public parser of Prometheus reads it, whatever things are called.
use utf8;
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Metrics;
use Respond;

use Encode ();

my $db = 'counted';
my $node = Respond::node('metrics', 'pg_respond.courier' => 'on');
Respond::create_extension($node, $db);

sub metrics
{
	my ($name) = @_;
	my ($out, $error);

	$node->psql($name || $db, "SET client_encoding = 'UTF8'; SELECT respond.metrics()", stdout => \$out, stderr => \$error, on_error_die => 1);
	return Metrics::parse($out);
}

sub counted
{
	my ($name, %labels) = @_;

	return Metrics::value(metrics(), "pg_respond_$name", database => $db, %labels);
}

# Events: those that are committed, whatever became of savepoints around them.
Respond::add_rule($node, $db, 'plain', 'a', [ { action => 'log', text => 'x' } ]);
Respond::add_rule($node, $db, 'fails', 'a', [ { action => 'fail', text => 'x' } ]);
Respond::add_rule($node, $db, 'shadow', 'a', [ { action => 'log', text => 'x' } ], shadow => 't');
is(counted('events_recorded_total'), 0, 'nothing is counted before something happens');
$node->safe_psql($db, q{
	INSERT INTO respond.event (type) SELECT 'a' FROM generate_series(1, 10);
	BEGIN; SELECT respond.emit('a') FROM generate_series(1, 5); ROLLBACK;
	BEGIN; SELECT respond.emit('a'); SAVEPOINT s; SELECT respond.emit('a'); SAVEPOINT t; SELECT respond.emit('a'); RELEASE t; ROLLBACK TO s;
		SELECT respond.emit('a'); COMMIT;
	SELECT respond.emit('a', key => 'k'); SELECT respond.emit('a', key => 'k');
	INSERT INTO respond.event (type, key) VALUES ('a', 'k'), ('a', 'l');
	BEGIN; SELECT respond.emit('a'); PREPARE TRANSACTION 'p'});
$node->safe_psql($db, q{COMMIT PREPARED 'p'});
my $events = $node->safe_psql($db, q{SELECT count(*) FROM respond.event WHERE type = 'a'});
is($events, 15, 'events are there');
Respond::wait_idle($node, $db);
my $all = $node->safe_psql($db, 'SELECT count(*) FROM respond.event');
Respond::wait_for(sub { counted('events_handled_total') == $all }, 'all of them are handled');
is(counted('events_recorded_total'), $all, 'recorded ones are those that are there');
is(counted('runs_total', rule => 'plain', status => 'succeeded'), $events, 'runs that succeeded');
is(counted('runs_total', rule => 'fails', status => 'failed'), $events, 'runs that failed');
is(counted('runs_total', rule => 'shadow', status => 'shadow'), $events, 'runs of a shadow');
is(counted('run_latency_seconds_count'), 2 * $events, 'latencies of runs');
is(counted('run_duration_seconds_bucket', le => '+Inf'), 2 * $events, 'durations of runs');
cmp_ok(counted('run_latency_seconds_sum'), '>', 0, 'latencies have a sum');
is(counted('batch_duration_seconds_count'), counted('batches_total'), 'each batch has a duration');
is(counted('lag_events', lane => 1), 0, 'nothing waits');
is(counted('lag_seconds', lane => 1), 0, 'nothing is behind');
is(counted('worker_up', kind => $_), 1, "$_ is up") for qw(clock dispatcher courier);
is(counted('holding'), 0, 'nothing holds');

# Deliveries.
$node->safe_psql($db, q{INSERT INTO respond.channel (name, kind, url) VALUES ('said', 'notify', NULL), ('deaf', 'webhook', 'http://127.0.0.1:1/')});
Respond::add_rule($node, $db, 'tells', 'b', [ { action => 'notify', channel => 'said', text => 'x' }, { action => 'notify', channel => 'deaf', text => 'x' } ]);
Respond::emit($node, $db, 'b') for 1 .. 3;
Respond::settle($node, $db, 'said', 'deaf');
for my $status (qw(delivered dead))
{
	my $wanted = $node->safe_psql($db, "SELECT count(*) FROM respond.delivery WHERE status = '$status'");
	Respond::wait_for(sub { (Metrics::value(metrics(), 'pg_respond_deliveries_total', status => $status) || 0) == $wanted }, "deliveries that are $status");
}
is(counted('deliveries_total', channel => 'said', status => 'delivered'), 3, 'by channel');

# Names of any kind come out as they are; what is long is cut, and still told apart.
my $long = 'x' x 200;
my @names = ("a\"b", "c\\d", 'e{f="g"} 1', "\x{e4}\x{20ac}\x{1f600}", "${long}1", "${long}2", 'other');
Respond::add_rule($node, $db, Encode::encode('UTF-8', $_), 'names', [ { action => 'log', text => 'x' } ]) for @names;
Respond::emit($node, $db, 'names');
Respond::wait_idle($node, $db);
my $other = $node->safe_psql($db, q{SELECT count(*) FROM respond.run WHERE rule = 'other'});
is($other, 1, 'a rule is called other');
my $metrics = metrics();
is(Metrics::value($metrics, 'pg_respond_runs_total', rule => $_, status => 'succeeded'), 1, 'rule ' . Encode::encode('UTF-8', $_)) for grep { length $_ < 100 } @names;
my @cut = grep { $_->[1]{rule} =~ /^x{50}/ && $_->[1]{status} eq 'succeeded' } Metrics::samples($metrics, 'pg_respond_runs_total');
is(scalar(@cut), 2, 'long names are two names');
is((grep { $_->[2] == 1 } @cut), 2, 'with a run each');

# More rules than have a place.
$node->safe_psql($db, q{INSERT INTO respond.rule (name, event_type, steps) SELECT 'r' || n, 'many', '[{"action": "set", "values": {"a": 1}}]' FROM generate_series(1, 1100) AS n});
Respond::emit($node, $db, 'many');
Respond::wait_idle($node, $db);
my $runs = $node->safe_psql($db, q{SELECT count(*) FROM respond.run WHERE rule LIKE 'r%' AND event_id = (SELECT id FROM respond.event WHERE type = 'many')});
is($runs, 1100, 'many rules have a run');
$metrics = metrics();
my %rules = map { $_->[1]{rule} => 1 } Metrics::samples($metrics, 'pg_respond_runs_total');
is(scalar(keys %rules), 1001, 'a thousand of them have a name');
is(Metrics::value($metrics, 'pg_respond_runs_total'), $node->safe_psql($db, q{SELECT count(*) FROM respond.run}), 'none is forgotten');

# Pauses, and what waits meanwhile.
$node->safe_psql($db, 'SELECT respond.hold()');
Respond::wait_until($node, $db, q{SELECT state = 'holding' FROM respond.worker WHERE kind = 'dispatcher'});
Respond::emit($node, $db, 'late');
is(counted('holding'), 1, 'a hold is seen');
cmp_ok(counted('lag_seconds', lane => 1), '>', 0, 'and that events wait');
$node->safe_psql($db, 'SELECT respond.release()');
Respond::wait_idle($node, $db);
Respond::wait_for(sub { counted('lag_seconds', lane => 1) == 0 }, 'until they do not');

# Other encodings, and names of databases.
my $latin = 'lat"in\\ä';
$node->safe_psql('postgres', Encode::encode('UTF-8', q{SET client_encoding = 'UTF8'; CREATE DATABASE "lat""in\ä" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0}));
$latin = Encode::encode('UTF-8', $latin);
my ($out, $error);
$node->psql($latin, 'CREATE EXTENSION pg_respond', on_error_die => 1);
Respond::wait_until($node, $latin, q{SELECT count(*) = 1 FROM respond.worker WHERE kind = 'dispatcher' AND state = 'idle'});
$node->psql($latin, Encode::encode('UTF-8', q{SET client_encoding = 'UTF8';
	INSERT INTO respond.rule (name, event_type, steps) VALUES ('größe', 'a', '[{"action": "log", "text": "x"}]'); SELECT respond.emit('a')}), on_error_die => 1);
Respond::wait_for(sub { (Metrics::value(metrics($latin), 'pg_respond_runs_total', database => 'lat"in\ä', rule => 'größe', status => 'succeeded') || 0) == 1 },
	'a database in LATIN1 has its metrics in UTF-8');
is(Metrics::value(metrics(), 'pg_respond_runs_total', rule => 'größe'), undef, 'and nobody else has them');

# Who may read them.
for my $role (qw(respond_agent respond_producer respond_auditor respond_admin))
{
	my $may = $role =~ /auditor|admin/ ? 0 : 3;
	is($node->psql($db, "SET ROLE $role; SELECT respond.metrics()", stdout => \$out, stderr => \$error), $may, "$role may " . ($may ? 'not ' : '') . 'read them');
}

# Over HTTP: one database or all, without a token from here, else with one.
my $at = Gateway::open($node);
Gateway::wait_ready($at, $db);
my $answer = Gateway::request($at, 'GET', "/$db/metrics");
is($answer->{status}, 200, 'a database has its metrics');
is($answer->{headers}{'content-type'}, 'application/openmetrics-text; version=1.0.0; charset=utf-8', 'as OpenMetrics');
is(Metrics::value(Metrics::parse($answer->{body}), 'pg_respond_events_recorded_total', database => $db), counted('events_recorded_total'), 'the same as by SQL');
$answer = Gateway::request($at, 'GET', "/$db/metrics?x=y", { Accept => 'text/plain' });
is($answer->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8', 'the older format for who asks for it');
my $plain = Metrics::parse($answer->{body}, 'plain');
is(Metrics::value($plain, 'pg_respond_events_recorded_total', database => $db), counted('events_recorded_total'), 'with the same numbers');
$answer = Gateway::request($at, 'GET', '/metrics');
my $cluster = Metrics::parse($answer->{body});
ok(defined Metrics::value($cluster, 'pg_respond_events_recorded_total', database => $_), "the cluster has those of $_") for $db, 'lat"in\ä';
is(Metrics::value($cluster, 'pg_respond_gateway_up'), 1, 'the gateway is up');
is(Metrics::value($cluster, 'pg_respond_worker_up', kind => 'listener'), 1, 'and its listener');
cmp_ok(Metrics::value($cluster, 'pg_respond_gateway_connections_accepted_total'), '>', 0, 'connections are counted');
is(Gateway::status($at, 'POST', "/$db/metrics", {}, 'x'), 405, 'nothing can be posted');
is(Gateway::request($at, 'HEAD', "/$db/metrics")->{body}, '', 'HEAD has no body');
my $token = $node->safe_psql($db, q{SELECT respond.create_token('scraper', 'respond_auditor', '{metrics}')});
my $wrong = $node->safe_psql($db, q{SELECT respond.create_token('other', 'respond_auditor', '{tickets}')});
Gateway::set($node, 'pg_respond.gateway_metrics_networks' => '10.0.0.0/8');
Respond::wait_for(sub { Gateway::status($at, 'GET', '/metrics') == 403 }, 'the cluster is for the networks that are named');
is(Gateway::status($at, 'GET', '/metrics', { Authorization => "Bearer $token" }), 403, 'a token of one database is not for all');
is(Gateway::status($at, 'GET', "/$db/metrics"), 401, 'a database wants a token from others');
is(Gateway::status($at, 'GET', "/$db/metrics", { Authorization => "Bearer $wrong" }), 403, 'with the scope');
is(Gateway::status($at, 'GET', "/$db/metrics", { Authorization => "Bearer $token" }), 200, 'and gives its metrics');
$node->safe_psql($db, 'SELECT respond.hold()');
is(Gateway::status($at, 'GET', "/$db/metrics", { Authorization => "Bearer $token" }), 200, 'on hold too');
$node->safe_psql($db, 'SELECT respond.release()');
for my $bad ('10.0.0.1/8', '10.0.0.0/33', 'x', '10.0.0.0/8, y')
{
	is($node->psql('postgres', "ALTER SYSTEM SET pg_respond.gateway_metrics_networks = '$bad'", stderr => \$error), 3, "not networks: $bad");
}
Gateway::set($node, 'pg_respond.gateway_metrics_networks' => undef, 'pg_respond.gateway_database' => "hooks.example=$db");
Respond::wait_for(sub { my $found = Gateway::request($at, 'GET', '/metrics', { Host => 'hooks.example:80' });
	$found->{status} == 200 && !defined Metrics::value(Metrics::parse($found->{body}), 'pg_respond_events_recorded_total', database => 'lat"in\ä') },
	'a host that is a database has its metrics alone');
ok(defined Metrics::value(Metrics::parse(Gateway::request($at, 'GET', '/metrics')->{body}), 'pg_respond_events_recorded_total', database => 'lat"in\ä'), 'other hosts those of the cluster');

done_testing();
