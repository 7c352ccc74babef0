# The REST interface: tokens of many roles in one process, roles that go, what nobody may learn, time and locks.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;

my $node = Respond::node('main', start => 0);
my $rest = Rest::start($node, 'pg_respond.gateway_statement_timeout' => '2s', log_statement => 'all', log_min_duration_statement => 0, log_min_error_statement => 'debug1');

Respond::create_extension($node, 'postgres');
$rest->ready('postgres');
$node->safe_psql('postgres', q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE ROLE bob LOGIN IN ROLE respond_agent;
	CREATE ROLE boss LOGIN IN ROLE respond_admin;
	INSERT INTO respond.ticket (subject) VALUES ('first');
});
my $db = 'postgres';
my %token = map { $_ => Rest::token($node, $db, $_, $_) } qw(ann bob boss);

sub status
{
	my ($token, $method, $path, %with) = @_;

	return $rest->ask($method, "/postgres$path", token => $token, %with)->{status};
}

# Scopes, networks, switches.
my $reader = Rest::token($node, $db, 'reader', 'ann', "'{tickets:read}'");
is(status($reader, GET => '/v1/tickets'), 200, 'a scope that suffices');
my $answer = $rest->ask(POST => '/postgres/v1/tickets', token => $reader, body => { subject => 'x' });
is($answer->{status}, 403, 'one that does not');
like($answer->{headers}{'www-authenticate'}, qr/error="insufficient_scope", scope="tickets:write"/, 'which would');
my $away = Rest::token($node, $db, 'away', 'ann', "allow_networks => '{10.0.0.0/8,2001:db8::/32}'");
my $near = Rest::token($node, $db, 'near', 'ann', "allow_networks => '{10.0.0.0/8,127.0.0.0/8}'");
is(status($away, GET => '/v1/tickets'), 403, 'from another network');
is(status($near, GET => '/v1/tickets'), 200, 'from one that is named');
my $short = Rest::token($node, $db, 'short', 'ann', "expires_at => now() + interval '1 hour'");
is(status($short, GET => '/v1/tickets'), 200, 'before it expires');
$node->safe_psql($db, "UPDATE respond.api_token SET expires_at = now() - interval '1 second' WHERE name = 'short'");
my $refused = $rest->ask(GET => '/postgres/v1/tickets', token => $short);
is($refused->{status}, 401, 'expired');
$node->safe_psql($db, "UPDATE respond.api_token SET enabled = false WHERE name = 'near'");
$answer = $rest->ask(GET => '/postgres/v1/tickets', token => $near);
is_deeply([ $answer->{status}, $answer->{content} ], [ 401, $refused->{content} ], 'switched off: in the same words');
$node->safe_psql($db, "DELETE FROM respond.api_token WHERE name = 'near'");
$answer = $rest->ask(GET => '/postgres/v1/tickets', token => $near);
is_deeply([ $answer->{status}, $answer->{content}, $answer->{headers}{'www-authenticate'} ],
	[ 401, $refused->{content}, $refused->{headers}{'www-authenticate'} ], 'deleted: nobody can tell');
is(status("$token{ann} ", GET => '/v1/tickets'), 200, 'blanks behind a header do not count');
is($rest->ask(GET => '/postgres/v1/tickets', headers => { Authorization => "Basic $token{ann}" })->{status}, 401, 'another scheme');
is($rest->ask(GET => '/postgres/v1/tickets', headers => { Authorization => [ "Bearer $token{ann}", "Bearer $token{bob}" ] })->{status}, 401, 'two tokens are none');
is($node->safe_psql($db, "SELECT used_at > now() - interval '1 hour', used_from FROM respond.api_token WHERE name = 'reader'"), 't|127.0.0.1', 'when and from where it was used');
my $xmin = $node->safe_psql($db, "SELECT xmin FROM respond.api_token WHERE name = 'reader'");
status($reader, GET => '/v1/tickets') for 1 .. 20;
is($node->safe_psql($db, "SELECT xmin FROM respond.api_token WHERE name = 'reader'"), $xmin, 'is not written each time');
my $holder = Respond::session($node, $db);
$node->safe_psql($db, "UPDATE respond.api_token SET used_at = NULL WHERE name = 'reader'");
$holder->query_safe("BEGIN; SELECT FROM respond.api_token WHERE name = 'reader' FOR UPDATE");
is(status($reader, GET => '/v1/tickets'), 200, 'nor waited for');
$holder->query_safe('ROLLBACK');

# A token stays with its role.
$node->safe_psql($db, 'CREATE ROLE carl LOGIN IN ROLE respond_agent');
my $carl = Rest::token($node, $db, 'carl', 'carl');
$node->safe_psql($db, 'ALTER ROLE carl RENAME TO charles; CREATE ROLE carl LOGIN IN ROLE respond_admin');
$answer = $rest->ask(POST => '/postgres/v1/tickets', token => $carl, body => { subject => 'renamed' });
is($answer->{json}{created_by}, 'charles', 'a role that is renamed keeps its token');
Respond::wait_until($node, $db, "SELECT db_role = 'charles' FROM respond.api_token WHERE name = 'carl'", 'and the table says its name');
is(status($carl, GET => '/v1/runs'), 200, 'with its rights');
is(status($carl, GET => '/v1/health'), 403, 'not with those of who has the old name');
$node->safe_psql($db, 'ALTER ROLE charles NOLOGIN');
is(status($carl, GET => '/v1/tickets'), 401, 'a role that is locked');
$node->safe_psql($db, 'ALTER ROLE charles LOGIN SUPERUSER');
is(status($carl, GET => '/v1/tickets'), 401, 'one that has become a superuser');
$node->safe_psql($db, 'ALTER ROLE charles NOSUPERUSER');
is(status($carl, GET => '/v1/tickets'), 200, 'and is none again');
$node->safe_psql($db, 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
is(status($carl, GET => '/v1/tickets'), 401, 'one that may not connect to the database');
$node->safe_psql($db, 'GRANT CONNECT ON DATABASE postgres TO PUBLIC');
is(status($carl, GET => '/v1/tickets'), 200, 'and may again');
$node->safe_psql($db, 'DROP ROLE charles; CREATE ROLE charles LOGIN IN ROLE respond_admin');
is(status($carl, GET => '/v1/tickets'), 401, 'dropped and made anew it is another role');
is($node->safe_psql($db, "SELECT ok, message FROM respond.health() WHERE \"check\" = 'tokens'"), 'f|tokens of no use because their role was dropped: "carl" (role charles); tokens that have expired: "short"', 'health() says so');
$node->safe_psql($db, 'CREATE ROLE team_web IN ROLE respond_agent');
my $group = Rest::token($node, $db, 'group', 'team_web');
is(status($group, GET => '/v1/tickets'), 200, 'a role that nobody logs in as can have one');
my $super = Rest::token($node, $db, 'super', $node->safe_psql($db, 'SELECT current_user'));
is(status($super, GET => '/v1/health'), 200, 'and a superuser, from a superuser');

# One after the other in one process.
is($node->safe_psql($db, "SELECT count(*) FROM respond.worker WHERE kind = 'gateway'"), 2, 'one process answers all of them');
for my $round (1 .. 3)
{
	for my $who (qw(ann bob boss))
	{
		is($rest->ask(POST => '/postgres/v1/tickets', token => $token{$who}, body => { subject => 'mine' })->{json}{created_by}, $who, "$who acts as $who");
	}
}
is(status($token{boss}, GET => '/v1/deliveries') . status($token{ann}, GET => '/v1/deliveries') . status($token{boss}, GET => '/v1/deliveries'), '200403200',
	'rights are those of the request');
is(status($token{ann}, POST => '/v1/tickets', body => { subject => 'x', status => 'nonsense' }), 422, 'after an error');
is($rest->ask(POST => '/postgres/v1/tickets', token => $token{bob}, body => { subject => 'mine' })->{json}{created_by}, 'bob', 'the next one is who it is');

# Code of others, reached through the functions of a rule: it cannot become the worker, nor leave anything behind.
is($node->safe_psql($db, q{SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory'}), 0, 'no advisory locks are left');

# Time and locks: what somebody else holds delays this request, and no other lane.
my $id = $node->safe_psql($db, 'SELECT min(id) FROM respond.ticket');
$holder->query_safe("BEGIN; SELECT FROM respond.ticket WHERE id = $id FOR UPDATE");
$answer = $rest->ask(PATCH => "/postgres/v1/tickets/$id", token => $token{ann}, body => { priority => 'low' }, headers => { 'If-Match' => '*' });
is_deeply([ $answer->{status}, $answer->{headers}{'retry-after'} ], [ 503, 1 ], 'a row that somebody holds: not now');
is(status($token{ann}, GET => "/v1/tickets/$id"), 200, 'but it can be read');
$holder->query_safe('ROLLBACK');
is(status($token{ann}, PATCH => "/v1/tickets/$id", body => { priority => 'low' }, headers => { 'If-Match' => '*' }), 200, 'and changed when it is free');
$holder->query_safe('BEGIN; LOCK TABLE respond.ticket');
is(status($token{ann}, GET => "/v1/tickets/$id"), 503, 'a table that somebody holds');
$holder->query_safe('ROLLBACK');
$node->safe_psql($db, q{ALTER SYSTEM SET pg_respond.gateway_statement_timeout = '10ms'; SELECT pg_reload_conf()});
Respond::wait_for(sub { status($token{boss}, GET => '/v1/health') == 504 }, 'a request that takes too long is given up');
$node->safe_psql($db, q{ALTER SYSTEM RESET pg_respond.gateway_statement_timeout; SELECT pg_reload_conf()});
Respond::wait_for(sub { status($token{boss}, GET => '/v1/health') == 200 }, 'and with more time it is answered');

# Two that change the same ticket: one of them wins.
my $etag = $rest->ask(GET => "/postgres/v1/tickets/$id", token => $token{ann})->{headers}{etag};
is(join(' ', sort map { status($token{$_}, PATCH => "/v1/tickets/$id", body => { requester => $_ }, headers => { 'If-Match' => $etag }) } qw(ann bob)), '200 412', 'the second one has to read again');

# Held: nothing is answered.
$node->safe_psql($db, 'SELECT respond.hold()');
Respond::wait_for(sub { status($token{ann}, POST => '/v1/tickets', body => { subject => 'held' }) == 503 }, 'while the workers are paused nothing is changed');
$node->safe_psql($db, 'SELECT respond.release()');
Respond::wait_for(sub { status($token{ann}, POST => '/v1/tickets', body => { subject => 'released' }) == 201 }, 'then it is');
is($node->safe_psql($db, "SELECT count(*) FROM respond.ticket WHERE subject = 'held'"), 0, 'nothing came of it');

# No token is in the log, whatever that logs.
my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
is(scalar(grep { index($log, $_) >= 0 } values %token, $reader, $carl, $super), 0, 'no token is in the log');
like($log, qr/create_token\('ann', 'ann'\)/, 'which has the statements that made them');

$rest->check_seen('postgres');
done_testing();
