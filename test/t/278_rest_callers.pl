# The REST interface: from which networks a token may be used, and what does not depend on settings of roles and databases.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use IO::Socket::IP;
use Respond;
use Rest;

my $db = 'postgres';
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $node = Respond::node('main', start => 0);
my $rest = Rest::start($node);

Respond::create_extension($node, $db);
$rest->ready($db);
$node->safe_psql($db, q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE ROLE boss LOGIN IN ROLE respond_admin, respond_agent;
	CREATE ROLE strange LOGIN IN ROLE respond_admin, respond_agent});

# --- networks
my $has_six = defined IO::Socket::IP->new(LocalHost => '::1', Listen => 1);
my %at = (four => "127.0.0.1:$rest->{port}", $has_six ? (six => "[::1]:$rest->{port}") : ());
chmod 0755, $dir;
Gateway::listen_to($node, "127.0.0.1:$rest->{port}", $has_six ? "[::1]:$rest->{port}" : (), "unix:$dir/x.sock");
$at{unix} = "$dir/x.sock";

# status(from, token): of a request that comes that way.
sub status
{
	my ($from, $token) = @_;
	my $socket = $from eq 'six' ? IO::Socket::IP->new(PeerHost => '::1', PeerPort => $rest->{port}) : Gateway::connect($at{$from});

	return 0 if !$socket;
	Gateway::send_all($socket, Gateway::text('GET', "/$db/v1/tickets", { Authorization => "Bearer $token" }));
	return Gateway::parse(Gateway::read_all($socket))->{status};
}

my $anywhere = Rest::token($node, $db, 'anywhere', 'ann');
Respond::wait_for(sub { status($_, $anywhere) == 200 }, "callers by way of $_ are heard") for sort keys %at;
my @cases = (
	[ '{127.0.0.0/8}', 'four' ], [ '{127.0.0.1/32}', 'four' ], [ '{10.0.0.0/8,127.0.0.1}', 'four' ],
	[ '{::1/128}', 'six' ], [ '{::ffff:127.0.0.1/128}', 'four' ], [ '{::ffff:127.0.0.0/104}', 'four' ],
	[ '{::ffff:0:0/96}', 'four' ], [ '{0.0.0.0/0}', 'four' ], [ '{::/0}', 'four six' ], [ '{10.0.0.0/8}', '' ],
	[ '{2001:db8::/32}', '' ], [ '{127.0.0.0/8,::1/128}', 'four six' ], [ '{}', '' ]);
for my $case (@cases)
{
	$node->safe_psql($db, "UPDATE respond.api_token SET allow_networks = '$case->[0]' WHERE name = 'anywhere'");
	is(join(' ', map { status($_, $anywhere) } sort keys %at), join(' ', map { $case->[1] =~ /\b$_\b/ ? 200 : 403 } sort keys %at), "networks $case->[0]: " . join(' ', sort keys %at));
}

# --- settings
my %token = map { $_ => Rest::token($node, $db, $_, $_) } qw(boss strange);
my $ticket = $rest->ask(POST => "/$db/v1/tickets", token => $token{boss}, body => { subject => 'x', tags => ['a'] });
$node->safe_psql($db, q{INSERT INTO respond.event (type, data) VALUES ('t', '{"n": 1.50}')});
my @paths = ("/v1/tickets?updated_since=2000-01-01T00:00:00Z", "/v1/tickets/$ticket->{json}{id}", '/v1/events?type=t&since=2000-01-01T00:00:00Z', '/v1/rules', '/v1/runs');

sub answers { my ($who) = @_; return [ map { my $answer = $rest->ask(GET => "/$db$_", token => $token{$who}); "$answer->{status} $answer->{content}" } @paths ]; }

# for sessions of our own, where the settings count
my $session = 'SET search_path = pg_catalog; SET statement_timeout = 0; SET lock_timeout = 0; SET default_transaction_read_only = off;';
my $before = answers('boss');
is_deeply([ grep { !/^200 / } @$before ], [], 'answers');
my @settings = (q{statement_timeout = '1ms'}, q{lock_timeout = '1ms'}, q{search_path = 'nowhere'}, q{DateStyle = 'German'}, q{IntervalStyle = 'sql_standard'}, q{TimeZone = 'Pacific/Kiritimati'},
	q{default_transaction_read_only = on}, q{default_transaction_isolation = 'serializable'}, q{default_transaction_deferrable = on}, q{bytea_output = 'escape'}, q{extra_float_digits = -15},
	q{row_security = off}, q{quote_all_identifiers = on}, q{transform_null_equals = on}, q{array_nulls = off}, q{escape_string_warning = off}, q{standard_conforming_strings = off},
	q{default_table_access_method = 'heap'}, q{enable_indexscan = off}, q{xmlbinary = 'hex'}, q{backslash_quote = on});

# same(who, message): this role reads what was read before, and writes.
sub same
{
	my ($who, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply(answers($who), $before, "$message: answers are the same");
	my $answer = $rest->ask(POST => "/$db/v1/tickets", token => $token{$who}, body => { subject => 'later' }, headers => { 'Idempotency-Key' => $message });
	is($answer->{status}, 201, "$message: a ticket is opened") or diag $answer->{content};
	is($rest->ask(PATCH => "/$db/v1/tickets/$answer->{json}{id}", token => $token{$who}, body => { priority => 'low' }, headers => { 'If-Match' => $answer->{headers}{etag} })->{status}, 200, "$message: and changed");
	is($rest->ask(POST => "/$db/v1/events", token => $token{$who}, type => 'application/cloudevents+json',
		body => { specversion => '1.0', id => $message, source => '/s', type => 'other' })->{status}, 201, "$message: an event is recorded");
	$node->safe_psql($db, "$session DELETE FROM respond.ticket WHERE subject = 'later'");
	return;
}

same('strange', 'before');
$node->safe_psql($db, join('; ', map { "ALTER ROLE strange SET $_" } @settings));
same('strange', 'settings of the role');

# Workers begin with those of their database.
$node->safe_psql($db, join('; ', map { "ALTER DATABASE $db SET $_" } @settings));
my $pids = q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'pg_respond gateway' AND datname = current_database()};
my $old = $node->safe_psql($db, "$session $pids");
$node->safe_psql($db, "$session SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'pg_respond gateway' AND datname = current_database()");
Respond::wait_for(sub { my $new = $node->safe_psql($db, "$session $pids"); $new ne '' && $new ne $old && $rest->ask(GET => "/$db/v1/tickets", token => $token{boss})->{status} == 200 }, 'new workers answer');
same('strange', 'settings of the database');

# --- what users hang on our tables, and on their own
$node->safe_psql($db, "$session ALTER DATABASE $db RESET ALL");
$node->safe_psql($db, q{CREATE SCHEMA ours AUTHORIZATION boss; SET ROLE boss;
	CREATE TABLE ours.t (n integer);
	CREATE FUNCTION ours.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no % here', NEW.n USING DETAIL = 'secret'; END $$;
	CREATE TRIGGER t BEFORE INSERT ON ours.t FOR EACH ROW EXECUTE FUNCTION ours.f()});
my $error;
$node->psql($db, q{SET ROLE boss; CREATE TRIGGER t BEFORE INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION ours.f()}, stderr => \$error);
like($error, qr/permission denied for table ticket/, 'nobody hangs a trigger on a table of pg_respond');
Respond::add_rule($node, $db, 'inserts', 'never', [ { action => 'sql', sql => 'INSERT INTO ours.t VALUES (7)' } ], owner => 'boss');
my $started = $rest->ask(POST => "/$db/v1/rules/inserts/start", token => $token{boss}, body => {});
is($started->{status}, 202, 'a rule whose SQL meets a trigger that raises') or diag $started->{content};
Respond::wait_for(sub { ($rest->ask(GET => "/$db/v1/runs/$started->{json}{run_id}", token => $token{boss})->{json}{status} || '') eq 'failed' }, 'is a run that failed');
like($rest->ask(GET => "/$db/v1/runs/$started->{json}{run_id}", token => $token{boss})->{json}{error}, qr/no 7 here/, 'in the words of the trigger');
$rest->check_seen($db);
done_testing();
