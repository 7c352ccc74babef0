# Workers that others terminate, sizing advice that is followed once, names instead of numbers, causes that health() names.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('life', fsync => 'off', max_worker_processes => 5);
my @databases = ('first', 'second db', 'third');

sub failed_checks
{
	my ($db) = @_;

	return $node->safe_psql($db, q{SELECT string_agg("check", ',') FROM respond.health() WHERE NOT ok});
}

for my $db (@databases)
{
	$node->safe_psql('postgres', qq{CREATE DATABASE "$db"});
	$node->safe_psql($db, 'CREATE EXTENSION pg_respond');
}
Respond::wait_workers($node, $databases[0], 'the first database has its workers');
Respond::wait_until($node, 'third', q{SELECT remedy ~ 'max_worker_processes.*restart the server' FROM respond.health() WHERE "check" = 'places' AND NOT ok}, 'places are missing');
my $remedy = $node->safe_psql('third', q{SELECT remedy FROM respond.health() WHERE "check" = 'places'});
like($remedy, qr/^raise max_worker_processes \(now 5\) to \d+ or more/, 'the number is named');
my ($number) = $remedy =~ /to (\d+) or more/;
$node->safe_psql('postgres', "ALTER SYSTEM SET max_worker_processes = $number");
my $offset = -s $node->logfile;
$node->restart;
Respond::wait_workers($node, $_, "$_ has its workers when the advice was followed") for @databases;
# lines of clients that the stop met have their name before the level
ok(!Respond::log_has($node, qr/\] FATAL/, $offset), 'a stop makes no line of level FATAL');
is(failed_checks('third'), '', 'health() is green');

# Our own limit and that of the server together.
$node->safe_psql('postgres', 'ALTER SYSTEM SET pg_respond.max_workers = 4');
$node->safe_psql('postgres', 'ALTER SYSTEM SET max_worker_processes = 7');
$node->restart;
Respond::wait_until($node, 'third', q{SELECT remedy ~ 'pg_respond.max_workers.*restart the server' FROM respond.health() WHERE "check" = 'places' AND NOT ok}, 'our own places are missing');
$remedy = $node->safe_psql('third', q{SELECT remedy FROM respond.health() WHERE "check" = 'places'});
like($remedy, qr/^raise pg_respond\.max_workers \(now 4\) to \d+ or more and max_worker_processes \(now 7\) to \d+ or more/, 'both numbers are named');
my @numbers = $remedy =~ /to (\d+) or more/g;
$node->safe_psql('postgres', "ALTER SYSTEM SET $_") for "pg_respond.max_workers = $numbers[0]", "max_worker_processes = $numbers[1]";
$node->restart;
Respond::wait_workers($node, $_, "$_ has its workers again") for @databases;

# Names.
is($node->safe_psql('second db', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_respond %' AND datname = current_database()}), '3', 'workers of a database');
my $ps = `ps -eo args`;
like($ps, qr/pg_respond dispatcher 1 of second db/, 'the process of a dispatcher is named by its database, and as in the view');
like($ps, qr/pg_respond courier of third/, 'that of a courier too');
is($node->safe_psql('third', q{SELECT lane FROM respond.worker WHERE kind = 'dispatcher'}), '1', 'the view counts from 1');

# Somebody terminates workers again and again.
my $start = -s $node->logfile;
for my $round (1 .. 12)
{
	for my $kind ('dispatcher', 'courier', 'clock')
	{
		my $pid = Respond::worker_pid($node, 'third', $kind);

		$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 60000)");
		Respond::wait_until($node, 'postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'third' AND backend_type = 'pg_respond $kind' AND pid <> $pid");
	}
}
is($node->safe_psql('third', 'SELECT max(failures) FROM respond.worker'), '0', 'that is no failure of theirs');
ok(Respond::log_has($node, qr/pg_respond dispatcher of database "third" was terminated by another process and is restarted/, $start), 'the log tells, with the name of the database');
my $id = Respond::emit($node, 'third', 'x');
Respond::wait_idle($node, 'third', 'and events are handled');

# The launcher, too, comes back.
my $launcher = $node->safe_psql('third', q{SELECT pid FROM respond.worker WHERE kind = 'launcher'});
$node->safe_psql('postgres', "SELECT pg_terminate_backend($launcher)");
Respond::wait_until($node, 'third', "SELECT EXISTS (SELECT FROM respond.worker WHERE kind = 'launcher' AND pid <> $launcher)", 'a launcher that is terminated is restarted');

# The role of the workers.
$node->safe_psql('third', 'ALTER ROLE respond_worker NOLOGIN');
Respond::signal_worker($node, 'third', 'dispatcher', 'TERM');
Respond::wait_until($node, 'third', q{SELECT failures > 0 FROM respond.worker WHERE kind = 'dispatcher'}, 'NOLOGIN: a worker cannot start');
like($node->safe_psql('third', q{SELECT message || ': ' || remedy FROM respond.health() WHERE "check" = 'role' AND NOT ok}), qr/may not log in.*: ALTER ROLE respond_worker LOGIN/, 'NOLOGIN: health() names it');
$node->safe_psql('third', $node->safe_psql('third', q{SELECT remedy FROM respond.health() WHERE "check" = 'role'}));
Respond::wait_workers($node, 'third', 'NOLOGIN: the remedy helps');
is(failed_checks('third'), '', 'NOLOGIN: health() is green');

$node->safe_psql('third', 'CREATE ROLE heir; ALTER TABLE respond.team OWNER TO heir');
like($node->safe_psql('third', q{SELECT message FROM respond.health() WHERE "check" = 'role' AND NOT ok}), qr/does not own: .* belongs to heir/, 'an owner: health() names it');
$node->safe_psql('third', $node->safe_psql('third', q{SELECT remedy FROM respond.health() WHERE "check" = 'role'}));
Respond::emit($node, 'third', 'x');
Respond::wait_idle($node, 'third', 'an owner: the remedy helps');
is(failed_checks('third'), '', 'an owner: health() is green');

# Rows that came without their sequences.
$node->safe_psql('third', q{INSERT INTO respond.ticket (id, subject) VALUES (5000, 'copied'); SELECT setval('respond.event_id_seq', 1, false)});
like($node->safe_psql('third', q{SELECT message FROM respond.health() WHERE "check" = 'sequences' AND NOT ok}), qr/respond\.event, respond\.ticket/, 'sequences that are behind: health() names them');
$node->safe_psql('third', $node->safe_psql('third', q{SELECT remedy FROM respond.health() WHERE "check" = 'sequences'}));
is(failed_checks('third'), '', 'and the remedy helps');

# No room for a launcher.
$node->safe_psql('postgres', 'ALTER SYSTEM SET max_worker_processes = 0');
$node->restart;
like($node->safe_psql('third', q{SELECT message || ': ' || remedy FROM respond.health() WHERE "check" = 'launcher' AND NOT ok}), qr/leaves no slot for it: raise max_worker_processes \(now 0\) to \d+ or more/, 'no workers at all: health() names the cause');
$node->stop;
done_testing();
