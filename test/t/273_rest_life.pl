# The REST interface: processes that are killed while somebody asks, another encoding, a prepared transaction in the way.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;
use Encode ();

my $node = Respond::node('main', start => 0, fsync => 'off', restart_after_crash => 'on');
my $rest = Rest::start($node);

$node->safe_psql('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'});
Respond::create_extension($node, 'postgres');
Respond::create_extension($node, 'latin');
$node->safe_psql('postgres', 'CREATE ROLE boss LOGIN IN ROLE respond_admin');
my $token = Rest::token($node, 'postgres', 'boss', 'boss');
my $latin = Rest::token($node, 'latin', 'boss', 'boss');

# Another encoding.
$rest->ready('latin');
my $answer = $rest->ask(POST => '/latin/v1/tickets', token => $latin, body => { subject => "Stra\x{df}e", tags => ["\x{e4}"], fields => { "\x{fc}" => "\x{f6}" } });
is($answer->{status}, 201, 'a ticket in a database of LATIN1') or diag $answer->{content};
my $id = $answer->{json}{id};
is_deeply([ @{ $answer->{json} }{qw(subject tags fields)} ], [ "Stra\x{df}e", ["\x{e4}"], { "\x{fc}" => "\x{f6}" } ], 'comes back as it was');
is($node->safe_psql('latin', "SELECT octet_length(subject) FROM respond.ticket WHERE id = $id"), 6, 'and is stored in its encoding');
is(scalar(@{ $rest->ask(GET => '/latin/v1/tickets?tag=%C3%A4', token => $latin)->{json}{items} }), 1, 'it is found');
$answer = $rest->ask(POST => '/latin/v1/tickets', token => $latin, body => { subject => "\x{20ac}" });
is($answer->{status}, 400, 'what the database cannot hold is refused') or diag $answer->{content};
is($rest->ask(GET => '/latin/v1/tickets?tag=%E2%82%AC', token => $latin)->{status}, 422, 'in the query, too');
$answer = $rest->ask(POST => '/latin/v1/tickets', token => $latin, body => { "\x{df}" => 1, subject => 'x' });
is($answer->{json}{errors}[0]{pointer}, "/\x{df}", 'a place is named in UTF-8');
$answer = $rest->ask(POST => '/latin/v1/events', token => $latin, headers => { 'ce-specversion' => '1.0', 'ce-id' => 'x', 'ce-source' => '/s', 'ce-type' => 't', 'ce-subject' => '%C3%A4' });
is($node->safe_psql('latin', "SELECT octet_length(subject) FROM respond.event WHERE key = 'x'"), 1, 'headers are recoded');
is($rest->ask(GET => '/latin/v1/tickets', token => $token)->{status}, 401, 'tokens are for one database');

# Somebody kills the worker, and the program, while tickets are opened; who asks sends again what has no answer.
$rest->ready('postgres');
my $lanes = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_respond gateway' AND datname = 'postgres'};
my $tries = 0;
my $last = 60;
for my $n (1 .. $last)
{
	if ($n % 10 == 0)
	{
		my @pids = split /\n/, $node->safe_psql('postgres', $lanes);
		kill KILL => $pids[ $n / 10 % @pids ] if @pids;
	}
	my $ticket = Respond::wait_for(sub {
		$tries++;
		my $got = $rest->ask(POST => '/postgres/v1/tickets', token => $token, body => { subject => "t$n" }, headers => { 'Idempotency-Key' => "t$n" });
		return $got->{status} == 201 && $got->{json}{id};
	});
	Respond::wait_for(sub { $rest->ask(POST => '/postgres/v1/events', token => $token, type => 'application/cloudevents+json',
		body => { specversion => '1.0', id => "e$n", source => '/s', type => 'x.y', data => { ticket => $ticket } })->{status} =~ /^20[01]$/ });
}
is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT subject) FROM respond.ticket WHERE subject LIKE 't%'"), "$last|$last", 'each ticket is there once');
is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT key) FROM respond.event WHERE type = 'x.y'"), "$last|$last", 'each event, too');
is($node->safe_psql('postgres', "SELECT count(*) FROM respond.event AS e WHERE e.type = 'x.y' AND NOT EXISTS (SELECT FROM respond.ticket AS t WHERE t.id = (e.data ->> 'ticket')::bigint)"), 0,
	'and what was answered is there');
cmp_ok($tries, '>', $last, 'some had to be sent again') or diag $tries;

# A prepared transaction that holds a key.
$node->safe_psql('postgres', q{BEGIN; INSERT INTO respond.ticket (subject, key) VALUES ('prepared', 'pk'); PREPARE TRANSACTION 'p1'});
is($rest->ask(POST => '/postgres/v1/tickets', token => $token, body => { subject => 'x', key => 'pk' })->{status}, 503, 'a key that a prepared transaction holds: not now');
$node->safe_psql('postgres', q{COMMIT PREPARED 'p1'});
is($rest->ask(POST => '/postgres/v1/tickets', token => $token, body => { subject => 'x', key => 'pk' })->{status}, 409, 'then it is taken');

# The extension goes.
$node->safe_psql('postgres', 'DROP EXTENSION pg_respond');
Respond::wait_for(sub { $rest->ask(GET => '/postgres/v1/tickets', token => $token)->{status} =~ /^(404|503)$/ }, 'without the extension there is nothing');
is($rest->ask(GET => '/latin/v1/tickets', token => $latin)->{status}, 200, 'the other database goes on');
$node->stop;
done_testing();
