# CREATE and DROP of extensions and databases, committed, rolled back and failing: the workers follow.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('lifecycle', restart_after_crash => 'on');
my ($out, $err);

# fails(db, sql, pattern, message): the statement fails with such an error.
sub fails
{
	my ($db, $sql, $pattern, $message) = @_;
	my ($ignored, $error);

	isnt($node->psql($db, $sql, stdout => \$ignored, stderr => \$error, on_error_stop => 1), 0, "$message: fails");
	return like($error, $pattern, "$message: says why");
}

sub workers_of
{
	my ($db) = @_;

	return $node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg\_respond %' AND datname = }
		  . Respond::quote_literal($db));
}

# Where nobody created the extension the launcher starts nothing.
$node->safe_psql('postgres', 'CREATE DATABASE plain');
is(workers_of('plain'), 0, 'no workers without the extension');

# Rolled back: no workers, not even later.
$node->safe_psql('postgres', 'BEGIN; CREATE EXTENSION pg_respond; ROLLBACK');
$node->safe_psql('postgres', 'BEGIN; SAVEPOINT s; CREATE EXTENSION pg_respond; ROLLBACK TO s; COMMIT');
Respond::create_extension($node, 'one');
Respond::wait_workers($node, 'one', 'workers run after CREATE EXTENSION');
is(workers_of('postgres'), 0, 'none where CREATE EXTENSION was rolled back');
is(workers_of('plain'), 0, 'none in a database without the extension');

is($node->safe_psql('one', q{SELECT string_agg(kind, ' ' ORDER BY kind) FROM respond.worker}),
	'clock courier dispatcher launcher', 'respond.worker shows them');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
	WHERE a.backend_type IN ('pg_respond dispatcher', 'pg_respond clock') AND (r.rolsuper OR r.rolname <> 'respond_worker')}),
	'0', 'workers are not superusers');
isnt($node->psql('one', 'SELECT 1', extra_params => ['-U', 'respond_worker'], stderr => \$err), 0, 'nobody logs in as respond_worker');

# DROP EXTENSION: rolled back the workers go on, committed they end with status 0.
my $before = $node->safe_psql('one', q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM respond.worker});
$node->safe_psql('one', 'BEGIN; DROP EXTENSION pg_respond; ROLLBACK');
Respond::emit($node, 'one', 'a.b');
Respond::wait_idle($node, 'one', 'events are handled after a DROP EXTENSION that was rolled back');
is($node->safe_psql('one', q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM respond.worker}), $before,
	'by the same processes');
my $offset = -s $node->logfile;
$node->safe_psql('one', 'DROP EXTENSION pg_respond');
Respond::wait_no_workers($node, 'one', 'no workers after DROP EXTENSION');
ok(!Respond::log_has($node, qr/exited with exit code [1-9]|FATAL|PANIC/, $offset), 'they ended in good order');

# Dropped and created again in one transaction: new workers for the new one.
$node->safe_psql('one', 'CREATE EXTENSION pg_respond');
Respond::wait_workers($node, 'one', 'workers run after creating it again');
$node->safe_psql('one', 'BEGIN; DROP EXTENSION pg_respond; CREATE EXTENSION pg_respond; COMMIT');
Respond::emit($node, 'one', 'a.b');
Respond::wait_idle($node, 'one', 'events are handled by workers of the new extension');

# Dropped and created again while sessions record events, in a watched table too: nobody deadlocks.
$node->safe_psql('one', 'CREATE TABLE payment (id integer)');
my @writers = map { PostgreSQL::Test::Cluster::background_psql($node, 'one', on_error_stop => 0) } 1 .. 2;
$offset = -s $node->logfile;
for my $round (1 .. 8)
{
	$node->safe_psql('one', q{SELECT respond.watch('payment')});
	for my $writer (@writers)
	{
		$writer->{stdin} .= q{INSERT INTO respond.event (type, subject) SELECT 'x.y', n::text FROM generate_series(1, 20) AS n; INSERT INTO payment VALUES (1);} . "\n" for 1 .. 20;
		$writer->{run}->pump_nb;
	}
	$node->safe_psql('one', 'DROP EXTENSION pg_respond CASCADE');
	$node->safe_psql('one', 'CREATE EXTENSION pg_respond');
}
$_->quit for @writers;
ok(!Respond::log_has($node, qr/deadlock detected/, $offset), 'DROP EXTENSION does not deadlock with writers');
Respond::wait_workers($node, 'one', 'and the workers are back');
Respond::emit($node, 'one', 'a.b');
Respond::wait_idle($node, 'one', 'and work');

# Prepared transactions.
$node->safe_psql('one', q{BEGIN; DROP EXTENSION pg_respond; PREPARE TRANSACTION 'drop'});
$node->safe_psql('one', q{COMMIT PREPARED 'drop'});
Respond::wait_no_workers($node, 'one', 'no workers after COMMIT PREPARED of DROP EXTENSION');
$node->safe_psql('one', q{BEGIN; CREATE EXTENSION pg_respond; PREPARE TRANSACTION 'create'});
is(workers_of('one'), 0, 'none before COMMIT PREPARED of CREATE EXTENSION');
$node->safe_psql('one', q{COMMIT PREPARED 'create'});
Respond::wait_workers($node, 'one', 'workers run after it');

# A copy of a database with workers, made while they run.
Respond::emit($node, 'one', 'a.b');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE one');
Respond::wait_workers($node, 'copy', 'the copy has workers');
Respond::wait_workers($node, 'one', 'the original has them again');
Respond::wait_until($node, 'copy', q{SELECT hold = 'restore' FROM respond_internal.state}, 'it holds, so as not to act twice');
$node->safe_psql('copy', 'SELECT respond.release()');
Respond::wait_workers($node, 'copy');
Respond::emit($node, 'copy', 'a.b');
Respond::wait_idle($node, 'copy', 'once released, the copy handles events');
$node->safe_psql('postgres', 'CREATE DATABASE empty');
$node->safe_psql('empty', 'CREATE EXTENSION pg_respond');
Respond::wait_workers($node, 'empty');
$node->safe_psql('postgres', 'CREATE DATABASE fresh TEMPLATE empty');
Respond::wait_workers($node, 'fresh');
Respond::emit($node, 'fresh', 'a.b');
Respond::wait_idle($node, 'fresh', 'a copy of a database without events does not hold');
$node->safe_psql('postgres', "DROP DATABASE $_") for 'empty', 'fresh';

# RENAME, SET TABLESPACE.
$node->safe_psql('postgres', 'ALTER DATABASE copy RENAME TO renamed');
Respond::wait_workers($node, 'renamed', 'workers run after RENAME');
$node->safe_psql('postgres', q{SET allow_in_place_tablespaces = on; CREATE TABLESPACE elsewhere LOCATION ''});
$node->safe_psql('postgres', 'ALTER DATABASE renamed SET TABLESPACE elsewhere');
Respond::wait_workers($node, 'renamed', 'workers run after SET TABLESPACE');

# A DROP DATABASE that fails: because of a session, or of rights.
my $session = Respond::session($node, 'renamed');
$session->query_safe('SELECT 1');
fails('postgres', 'DROP DATABASE renamed', qr/is being accessed by other users/, 'DROP DATABASE with a session');
Respond::wait_workers($node, 'renamed', 'its workers are back');
Respond::emit($node, 'renamed', 'a.b');
Respond::wait_idle($node, 'renamed', 'and handle events');
$node->safe_psql('postgres', 'CREATE ROLE nobody_special LOGIN CREATEDB');
$before = $node->safe_psql('renamed', q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM respond.worker WHERE kind <> 'launcher'});
for my $statement ('DROP DATABASE renamed', 'ALTER DATABASE renamed RENAME TO x', 'CREATE DATABASE x TEMPLATE renamed')
{
	fails('postgres', "SET ROLE nobody_special; $statement", qr/must be owner|permission denied/, "$statement by a stranger");
}
fails('postgres', 'BEGIN; DROP DATABASE renamed', qr/cannot run inside a transaction block/, 'DROP DATABASE in a transaction');
is($node->safe_psql('renamed', q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM respond.worker WHERE kind <> 'launcher'}),
	$before, 'which does not disturb the workers');
$node->safe_psql('postgres', 'DROP DATABASE renamed WITH (FORCE)');
$session->{run}->kill_kill;

# DROP DATABASE while a rule sleeps.
$node->safe_psql('one', q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('slow', 'slow', '[{"action": "sql", "sql": "SELECT pg_catalog.pg_sleep(100)"}]')});
$node->safe_psql('postgres', q{ALTER SYSTEM SET pg_respond.rule_timeout = '1h'});
$node->reload;
Respond::emit($node, 'one', 'slow');
Respond::wait_until($node, 'one', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher' AND wait_event = 'PgSleep')},
	'a rule sleeps');
$offset = -s $node->logfile;
my $start = time;
$node->safe_psql('postgres', 'DROP DATABASE plain');
$node->safe_psql('postgres', 'DROP DATABASE one');
ok(time - $start < 30, 'DROP DATABASE does not wait for it');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname IN ('one', 'renamed', 'plain')}), '0', 'the databases are gone');

# Nobody tries to connect to what is gone, and the launcher is still the same.
Respond::create_extension($node, 'two');
ok(!Respond::log_has($node, qr/does not exist/, $offset), 'no worker looked for a database that is gone');

# Templates and databases without connections have no workers.
$node->safe_psql('postgres', 'ALTER DATABASE two IS_TEMPLATE true');
Respond::wait_no_workers($node, 'two', 'none in a template');
$node->safe_psql('postgres', 'ALTER DATABASE two IS_TEMPLATE false');
Respond::wait_workers($node, 'two', 'they come when it is none any more');
$node->safe_psql('postgres', 'ALTER DATABASE two ALLOW_CONNECTIONS false');
Respond::wait_no_workers($node, 'two', 'none where connections are not allowed');
$node->safe_psql('postgres', 'ALTER DATABASE two ALLOW_CONNECTIONS true CONNECTION LIMIT 0');
Respond::wait_workers($node, 'two', 'a connection limit does not keep them out');

# Workers and launcher come back, whoever ends them and however.
for my $kind ('dispatcher', 'clock')
{
	my $pid = Respond::signal_worker($node, 'two', $kind, 'TERM');
	Respond::wait_until($node, 'two', qq{SELECT EXISTS (SELECT FROM respond.worker WHERE kind = '$kind' AND pid <> $pid)}, "a $kind that was terminated comes back");
}
my $launcher = $node->safe_psql('two', q{SELECT pid FROM respond.worker WHERE kind = 'launcher'});
$before = $node->safe_psql('two', q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM respond.worker WHERE kind <> 'launcher'});
$node->safe_psql('two', "SELECT pg_terminate_backend($launcher)");
Respond::wait_until($node, 'two', qq{SELECT EXISTS (SELECT FROM respond.worker WHERE kind = 'launcher' AND pid <> $launcher)}, 'the launcher comes back');
is($node->safe_psql('two', q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM respond.worker WHERE kind <> 'launcher'}),
	$before, 'and leaves the workers alone');
my $pid = Respond::signal_worker($node, 'two', 'clock', 'TERM');
Respond::wait_until($node, 'two', qq{SELECT EXISTS (SELECT FROM respond.worker WHERE kind = 'clock' AND pid <> $pid)}, 'workers that it did not start are looked after');
Respond::crash_worker($node, 'two', 'dispatcher');
Respond::emit($node, 'two', 'a.b');
Respond::wait_idle($node, 'two', 'after a crash everything is back');

# The number of dispatchers follows the setting.
$node->safe_psql('postgres', 'ALTER SYSTEM SET pg_respond.dispatchers = 3');
$node->reload;
Respond::wait_until($node, 'two', q{SELECT count(*) = 3 FROM respond.worker WHERE kind = 'dispatcher' AND state = 'idle'}, 'three dispatchers after a reload');
$node->safe_psql('two', q{INSERT INTO respond.event (type, subject) SELECT 'a.b', n::text FROM generate_series(1, 50) AS n});
Respond::wait_idle($node, 'two', 'they handle events');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET pg_respond.dispatchers');
$node->reload;
Respond::wait_until($node, 'two', q{SELECT count(*) = 1 FROM respond.worker WHERE kind = 'dispatcher' AND state = 'idle'}, 'one again');

# A fast shutdown does not wait for a rule that sleeps.
$node->safe_psql('two', q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('slow', 'slow', '[{"action": "sql", "sql": "SELECT pg_catalog.pg_sleep(100)"}]')});
Respond::emit($node, 'two', 'slow');
Respond::wait_until($node, 'two', q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher' AND wait_event = 'PgSleep')},
	'a rule sleeps');
$start = time;
$node->stop('fast');
ok(time - $start < 30, 'a fast shutdown does not wait for it');

done_testing();
