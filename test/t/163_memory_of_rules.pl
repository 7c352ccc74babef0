# SQL of a rule that builds gigabytes fails, and nothing else does.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('memory', fsync => 'off', max_connections => 30, 'pg_respond.rule_memory' => '256MB', 'pg_respond.rule_timeout' => '60s', restart_after_crash => 'off');
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

sub peak
{
	my ($pid) = @_;

	return (PostgreSQL::Test::Utils::slurp_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m)[0];
}

one(q{CREATE TABLE document (d jsonb); INSERT INTO document SELECT jsonb_agg(repeat('x', 1000000)) FROM generate_series(1, 100)});
my $all = q{(SELECT count(t) FROM (SELECT array_agg(repeat('x', 20000000) || i) AS t FROM generate_series(1, 40) AS i) AS q)};
Respond::add_rule($node, $db, 'a condition', 'm', [ { action => 'log', message => 'x' } ], condition => "$all > 0");
Respond::add_rule($node, $db, 'a step', 'm', [ { action => 'sql', sql => "SELECT $all" } ]);
Respond::add_rule($node, $db, 'a value', 'm', [ { action => 'set', name => 'v', sql => q{(SELECT jsonb_agg(repeat('y', 20000000)) FROM generate_series(1, 40))} } ]);
Respond::add_rule($node, $db, 'many rows', 'm', [ { action => 'sql', name => 'v', sql => q{SELECT d, d AS e, d AS f FROM public.document, generate_series(1, 3)} } ]);
Respond::add_rule($node, $db, 'small', 'm', [ { action => 'ticket', subject => 'fine' } ]);
my $pid = Respond::worker_pid($node, $db, 'dispatcher');
my $id = one(q{INSERT INTO respond.event (type) VALUES ('m') RETURNING id});

Respond::wait_idle($node, $db);
for my $rule ('a condition', 'a step', 'a value')
{
	like(one("SELECT status || ' ' || error FROM respond.run WHERE event_id = $id AND rule = '$rule'"), qr/^failed .*SQL needs more than 256 MB of memory/, "$rule: fails in words");
}
like(one("SELECT status FROM respond.run WHERE event_id = $id AND rule = 'many rows'"), qr/^(succeeded|failed)$/, 'many rows: the run ends');
is(one("SELECT status FROM respond.run WHERE event_id = $id AND rule = 'small'"), 'succeeded', 'another rule works');
is(one('SELECT count(*) FROM respond.ticket'), '1', 'and has its ticket');
is(Respond::worker_pid($node, $db, 'dispatcher'), $pid, 'in the same process');
cmp_ok(peak($pid), '<', 400_000, 'which never had much more than it may');

# a reload changes it
one(q{DELETE FROM respond.rule WHERE name <> 'a step'});
$node->safe_psql('postgres', q{ALTER SYSTEM SET pg_respond.rule_memory = 0});
$node->reload;
Respond::wait_until($node, $db, q{SELECT current_setting('pg_respond.rule_memory') = '0'});
$id = one(q{INSERT INTO respond.event (type) VALUES ('m') RETURNING id});
Respond::wait_idle($node, $db);
is(one("SELECT status FROM respond.run WHERE event_id = $id"), 'succeeded', 'without the limit it succeeds');
my ($status, $out, $err) = $node->psql('postgres', q{ALTER SYSTEM SET pg_respond.rule_memory = '10MB'});
like($err, qr/at least 64 MB/, 'a limit that nobody could work with is refused');

$node->stop;
done_testing();
