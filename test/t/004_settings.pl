# Settings that would stop a session do not stop the workers.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

# Our own sessions must not be hit, not even between two statements.
$ENV{PGOPTIONS} = join(' ', map { "-c $_=0" } qw(statement_timeout lock_timeout idle_in_transaction_session_timeout idle_session_timeout));

my $db = 'desk';
my $node = Respond::node('settings');
Respond::create_extension($node, $db);
Respond::add_rule($node, $db, 'open', 'order.*', [ { action => 'ticket', subject => 'Order {{data.id}}' } ]);

# works(message): an event becomes a ticket.  Our own session must not suffer from the settings either.
my $count = 0;
sub works
{
	my ($message) = @_;
	my $own = join(' ', 'SET ROLE NONE; SET default_transaction_read_only = off; SET statement_timeout = 0; SET lock_timeout = 0;',
		q{SET search_path = public; SET default_transaction_isolation = 'read committed'; SET row_security = on; SET session_replication_role = origin;});

	$count++;
	$node->safe_psql($db, "$own BEGIN READ WRITE; INSERT INTO respond.event (type, data) VALUES ('order.created', '{\"id\": $count}'); COMMIT");
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::wait_until($node, $db, "$own SELECT count(*) = $count FROM respond.ticket", $message);
}

works('without hostile settings');

my %hostile = (
	statement_timeout => '1ms',
	lock_timeout => '1ms',
	idle_in_transaction_session_timeout => '1ms',
	idle_session_timeout => '1ms',
	default_transaction_isolation => 'serializable',
	default_transaction_read_only => 'on',
	default_transaction_deferrable => 'on',
	search_path => 'nowhere',
	row_security => 'off',
	session_replication_role => 'replica',
	default_table_access_method => 'missing',
	transform_null_equals => 'on',
	standard_conforming_strings => 'off',
	array_nulls => 'off',
	DateStyle => 'SQL, DMY',
	IntervalStyle => 'sql_standard',
	bytea_output => 'escape',
	TimeZone => 'Asia/Kathmandu',
	extra_float_digits => '-15',
	lc_messages => 'C',
	($node->safe_psql($db, 'SHOW server_version_num') >= 160000 ? 'debug_parallel_query' : 'force_parallel_mode') => 'on',
	jit => 'on',
	plan_cache_mode => 'force_generic_plan',
	enable_seqscan => 'off',
	enable_indexscan => 'off',
	work_mem => '64kB',
	exit_on_error => 'on',
);
delete $hostile{default_table_access_method};		# the server itself refuses one that is missing

# restart(): without a session of the test framework that would itself be hit.
sub hostile_sql
{
	my ($prefix) = @_;

	return map { "$prefix SET $_ = " . Respond::quote_literal($hostile{$_}) } sort keys %hostile;
}

# One after the other into the configuration, then all workers anew with them.
$node->safe_psql('postgres', join(';', 'SET search_path = pg_catalog', q{SELECT 1}));
for my $statement (hostile_sql('ALTER SYSTEM'))
{
	$node->safe_psql('postgres', "SET default_transaction_read_only = off; $statement") ;
}
$node->reload;
works('after a reload with hostile settings');
Respond::signal_worker($node, $db, 'dispatcher', 'TERM');
Respond::signal_worker($node, $db, 'clock', 'TERM');
works('by workers that started with them');
$node->restart;
works('after a restart with them');

# The same for the database and the role, with a benign configuration.
$node->safe_psql('postgres', 'SET default_transaction_read_only = off; ALTER SYSTEM RESET ALL');
$node->reload;
for my $prefix ("ALTER DATABASE $db", 'ALTER ROLE respond_worker', "ALTER ROLE respond_worker IN DATABASE $db")
{
	$node->safe_psql('postgres', join('; ', hostile_sql($prefix)));
}
$node->safe_psql('postgres', "ALTER DATABASE $db SET role = 'pg_monitor'");
$node->restart;
works('with settings of the database and the role');

# health() says the same to everybody.
$node->safe_psql('postgres', 'CREATE DATABASE plain; CREATE DATABASE hostile');
$node->safe_psql('plain', 'CREATE EXTENSION pg_respond');
my $health = 'SELECT "check", ok FROM respond.health() ORDER BY "check" COLLATE "C"';
my $plain = $node->safe_psql('plain', $health);
like($plain, qr/^manifest\|t$/m, 'nothing was changed in the extension');
for my $name (grep { $_ !~ /timeout/ } sort(keys %hostile, 'quote_all_identifiers'))
{
	is($node->safe_psql('plain', "SET $name = " . Respond::quote_literal($hostile{$name} // 'on') . "; $health"), $plain, "so health() says with $name");
}

# What the extension is made of does not depend on the settings of whoever creates it.
my @settings = map { "SET $_ = " . Respond::quote_literal($hostile{$_}) } grep { $_ !~ /timeout|read_only|deferrable/ } sort keys %hostile;
$node->safe_psql('hostile', join('; ', @settings, 'CREATE EXTENSION pg_respond'));
my @made = map { $node->safe_psql($_, q{SELECT kind, object, md5(definition) FROM respond_internal.manifest ORDER BY kind COLLATE "C", object COLLATE "C"}) } 'plain', 'hostile';
my %plain = map { $_ => 1 } split /\n/, $made[0];
cmp_ok(keys %plain, '>', 100, 'there is much in it');
is(join("\n", grep { !$plain{$_} } split /\n/, $made[1]), '', 'the extension is the same whoever creates it');
is($node->safe_psql('hostile', q{SELECT count(*) FROM respond_internal.manifest}), keys %plain, 'and nothing of it is missing');

# Rights to connect are for people.
$node->safe_psql('postgres', "REVOKE CONNECT ON DATABASE $db FROM PUBLIC, respond_worker");
$node->restart;
works('without the right to connect');
ok(!Respond::log_has($node, qr/pg_respond (?:dispatcher|clock) (?:ERROR|FATAL)(?!.*administrator command)/), 'no worker complained');
$node->stop;

done_testing();
