# The REST interface for agents who see the tickets of their teams.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;

my $node = Respond::node('main', start => 0);
my $rest = Rest::start($node, 'pg_respond.gateway_public_url' => 'https://desk.example');
my $db = 'postgres';

Respond::create_extension($node, $db);
$rest->ready($db);
$node->safe_psql($db, q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE ROLE bob LOGIN IN ROLE respond_agent;
	CREATE ROLE boss LOGIN IN ROLE respond_admin;
	INSERT INTO respond.team (name) VALUES ('billing'), ('web');
	INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'ann'), ('Bob', 'bob');
	INSERT INTO respond.team_member (team, agent) VALUES ('billing', 'Ann'), ('web', 'Bob');
	INSERT INTO respond.ticket (id, subject, team, key) VALUES (1, 'of billing', 'billing', 'a'), (2, 'of web', 'web', 'b'), (3, 'of nobody', NULL, NULL);
	SELECT setval('respond.ticket_id_seq', 10);
	INSERT INTO respond.comment (ticket_id, body) VALUES (1, 'one'), (2, 'two');
	INSERT INTO respond.rule (name, event_type, steps) VALUES ('opens', 'opened', '[{"action": "ticket", "subject": "opened", "team": "{{data.team}}"}]');
	INSERT INTO respond.event (type, data) VALUES ('opened', '{"team": "billing"}'), ('opened', '{"team": "web"}');
});
my %token = map { $_ => Rest::token($node, $db, $_, $_) } qw(ann bob boss);

sub ask
{
	my ($who, $method, $path, %with) = @_;

	return $rest->ask($method, "/$db$path", token => $token{$who}, %with);
}

sub ids
{
	my ($who, $path) = @_;

	return join ',', sort { $a <=> $b } map { $_->{id} } @{ ask($who, GET => $path)->{json}{items} };
}

Respond::wait_until($node, $db, q{SELECT count(*) = 2 FROM respond.ticket WHERE subject = 'opened'}, 'rules open tickets for whichever team');
my %opened = split /[|\n]/, $node->safe_psql($db, q{SELECT team, id FROM respond.ticket WHERE subject = 'opened'});
my %run = split /[|\n]/, $node->safe_psql($db, q{SELECT team, run_id FROM respond.ticket WHERE subject = 'opened'});

# What is read.
is(ids('ann', '/v1/tickets'), "1,3,$opened{billing}", 'the list of an agent');
is(ids('bob', '/v1/tickets'), "2,3,$opened{web}", 'of another');
is(ids('boss', '/v1/tickets'), join(',', sort { $a <=> $b } 1, 2, 3, values %opened), 'of an admin');
is(ids('ann', '/v1/tickets?team=web'), '', 'filters find no more');
is(ids('ann', '/v1/tickets?key=b'), '', 'whatever they ask');
my $none = ask('ann', GET => '/v1/tickets/99');
is_deeply([ map { ask('ann', GET => "/v1/tickets/2$_")->{status} } '', '/comments' ], [ 404, 404 ], 'a ticket of another team');
is(ask('ann', GET => '/v1/tickets/2')->{content}, $none->{content}, 'in the words for one that there is not');
is(ids('ann', '/v1/runs'), $run{billing}, 'runs');
is(ask('ann', GET => "/v1/runs/$run{web}")->{status}, 404, 'and one');
is(ask('ann', POST => "/v1/runs/$run{web}/$_->[0]")->{content}, ask('ann', POST => "/v1/runs/99/$_->[0]")->{content} =~ s/\b99\b/$run{web}/r, "$_->[0] as of none") for [ 'cancel' ], [ 'retry' ];
is(ask('ann', POST => "/v1/runs/$run{billing}/retry")->{status}, 403, 'of one that is seen it says why not');

# What is written.
for my $try ([ POST => '/comments', { body => 'x' } ], [ POST => '/rating', { score => 1 } ], [ PATCH => '', { subject => 'mine' } ])
{
	my ($method, $path, $body) = @$try;
	my ($there, $not) = map { ask('ann', $method => "/v1/tickets/$_$path", body => $body) } 2, 99;

	is_deeply([ @$there{qw(status content)} ], [ 404, $not->{content} ], "$method$path");
}
my $answer = ask('ann', POST => '/v1/tickets', body => { subject => 'x', key => 'b' });
is($answer->{status}, 409, 'a key that a hidden ticket has');
unlike($answer->{content}, qr/\b2\b|web/, 'and no word about that');
$answer = ask('ann', POST => '/v1/tickets', body => { subject => 'for web', team => 'web' }, headers => { 'Idempotency-Key' => 'one' });
is_deeply([ $answer->{status}, @{ $answer->{json} }{qw(subject team created_by)} ], [ 201, 'for web', 'web', 'ann' ], 'a ticket for another team');
like($answer->{headers}{location}, qr{/v1/tickets/$answer->{json}{id}$}, 'has its place');
is(ask('ann', POST => '/v1/tickets', body => { subject => 'for web', team => 'web' }, headers => { 'Idempotency-Key' => 'one' })->{content}, $answer->{content}, 'told again');
is(ask('ann', GET => "/v1/tickets/$answer->{json}{id}")->{status}, 404, 'which is for them to read');
is(ask('bob', GET => "/v1/tickets/$answer->{json}{id}")->{headers}{etag}, $answer->{headers}{etag}, 'as it was told');
$answer = ask('ann', PATCH => '/v1/tickets/1', body => { team => 'web', status => 'open' }, headers => { 'If-Match' => ask('ann', GET => '/v1/tickets/1')->{headers}{etag} });
is_deeply([ $answer->{status}, @{ $answer->{json} }{qw(id team status)} ], [ 200, 1, 'web', 'open' ], 'a ticket that is given away');
is(ask('ann', PATCH => '/v1/tickets/1', body => { team => 'billing' })->{status}, 404, 'is theirs no more');
is(ask('bob', PATCH => '/v1/tickets/1', body => { team => 'billing' })->{status}, 200, 'but of who has it');
is(ask('ann', GET => '/v1/tickets/1')->{json}{team}, 'billing', 'who can give it back');

# Somebody who comes and goes.
$node->safe_psql($db, q{INSERT INTO respond.team_member (team, agent) VALUES ('web', 'Ann')});
is(ask('ann', GET => '/v1/tickets/2')->{status}, 200, 'a new member');
$node->safe_psql($db, q{DELETE FROM respond.team_member WHERE agent = 'Ann'});
is(ids('ann', '/v1/tickets'), '3', 'one who left');

# A link for a rating is made by who sees the ticket, and works whoever that is later.
my $link = $node->safe_psql($db, q{SET ROLE bob; SELECT respond.rating_link(2, 'customer')});
$node->safe_psql($db, q{DELETE FROM respond.team_member WHERE agent = 'Bob'});
$link =~ s{^.*/v1/links/}{/v1/links/}s;
like($rest->ask(GET => "/$db$link")->{content}, qr/of web/, 'a customer sees what to rate');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.worker WHERE kind = 'dispatcher'}) > 0, 1, 'the workers go on');

$rest->check_seen($db);
done_testing();
