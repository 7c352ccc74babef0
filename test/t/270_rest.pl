# The REST interface: who may ask, tickets and comments, pages, marks of what was read.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;

my $node = Respond::node('main', start => 0);
my $rest = Rest::start($node);

Respond::create_extension($node, 'postgres');
$rest->ready('postgres');
$node->safe_psql('postgres', q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE ROLE bob LOGIN IN ROLE respond_agent;
	CREATE ROLE boss LOGIN IN ROLE respond_admin;
	CREATE ROLE nobody_special LOGIN;
	INSERT INTO respond.team (name) VALUES ('billing'), ('web');
	INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'ann'), ('Bob', 'bob');
	INSERT INTO respond.team_member (team, agent) SELECT t.name, a.name FROM respond.team AS t, respond.agent AS a;
});
my %token = map { $_ => Rest::token($node, 'postgres', $_, $_) } qw(ann bob boss nobody_special);

sub ask
{
	my ($who, $method, $path, %with) = @_;

	return $rest->ask($method, "/postgres$path", token => $token{$who}, %with);
}

# Who may ask.
my $answer = $rest->ask(GET => '/postgres/v1/tickets');
is($answer->{status}, 401, 'no token: 401');
is($answer->{headers}{'www-authenticate'}, 'Bearer realm="pg_respond"', 'and how to come');
is_deeply($answer->{json}, { type => 'about:blank', title => 'Unauthorized', status => 401, detail => 'A valid token is needed.' },
	'as a problem document');
my $unknown = $token{ann};
$answer = $rest->ask(GET => '/postgres/v1/tickets', token => 'prt_x');
is($answer->{status}, 401, 'what is no token: 401');
is(ask('nobody_special', GET => '/v1/tickets')->{status}, 403, 'a role without rights: 403');
is(ask('ann', GET => '/v1/tickets')->{status}, 200, 'an agent: 200');
is_deeply(ask('ann', GET => '/v1/tickets')->{json}, { items => [], next => undef }, 'no tickets yet');

# Tickets.
$answer = ask('ann', POST => '/v1/tickets', body => { subject => "Rechnung \x{e4}", priority => 'high', team => 'billing', tags => [ 'a', 'b' ], fields => { n => 1 } });
is($answer->{status}, 201, 'a ticket is opened') or diag $answer->{content};
my $id = $answer->{json}{id};
is($answer->{headers}{location}, "/postgres/v1/tickets/$id", 'where it is');
is($answer->{json}{created_by}, 'ann', 'by the role of the token');
is($answer->{json}{subject}, "Rechnung \x{e4}", 'with its subject');
is($node->safe_psql('postgres', "SELECT created_by, session_actor FROM respond.ticket WHERE id = $id"), 'ann|token:ann', 'the table says which token');
my $etag = $answer->{headers}{etag};
$answer = ask('bob', GET => "/v1/tickets/$id");
is($answer->{headers}{etag}, $etag, 'the same row has the same tag');
is_deeply([ $answer->{json}{tags}, $answer->{json}{fields}, $answer->{json}{description} ], [ [ 'a', 'b' ], { n => 1 }, undef ], 'what it holds');
$answer = ask('bob', GET => "/v1/tickets/$id", headers => { 'If-None-Match' => $etag });
is($answer->{status}, 304, 'who has it gets nothing');
is(ask('bob', GET => "/v1/tickets/$id", headers => { 'If-None-Match' => [ '"another"', $etag ] })->{status}, 304, 'also when its header comes in parts');
is(ask('bob', GET => "/v1/tickets/$id", headers => { Accept => [ 'text/html', 'application/json' ] })->{status}, 200, 'so may the one that says what is accepted');
is(ask('bob', GET => '/v1/tickets/999999')->{status}, 404, 'a ticket that there is not');
is(ask('bob', PATCH => "/v1/tickets/$id", body => { tags => ['c'] })->{status}, 200, 'a change without If-Match');
is(ask('bob', PATCH => "/v1/tickets/$id", body => { tags => ['a', 'b'] }, headers => { 'If-Match' => $etag })->{status}, 412, 'one that knows the ticket before it');
$etag = ask('bob', PATCH => "/v1/tickets/$id", body => { tags => ['a', 'b'] }, headers => { 'If-Match' => '*' })->{headers}{etag};
$answer = ask('bob', PATCH => "/v1/tickets/$id", body => { status => 'open', assignee => 'bob' }, headers => { 'If-Match' => $etag });
is($answer->{status}, 200, 'a change') or diag $answer->{content};
is_deeply([ @{ $answer->{json} }{qw(status assignee)} ], [ 'open', 'bob' ], 'is made');
isnt($answer->{headers}{etag}, $etag, 'and the tag is another one');
is(ask('bob', PATCH => "/v1/tickets/$id", body => { status => 'open' }, headers => { 'If-Match' => [ ',"another"', $answer->{headers}{etag} ] })->{status}, 200, 'If-Match in parts');
is($answer->{headers}{etag}, ask('ann', GET => "/v1/tickets/$id")->{headers}{etag}, 'that of what is read from now on');
$answer = ask('ann', PATCH => "/v1/tickets/$id", body => { status => 'pending' }, headers => { 'If-Match' => $etag });
is($answer->{status}, 412, 'who has read the one before changes nothing');
is($node->safe_psql('postgres', "SELECT status FROM respond.ticket WHERE id = $id"), 'open', 'nothing');
$answer = ask('ann', PATCH => "/v1/tickets/$id", body => { assignee => undef }, type => 'application/merge-patch+json', headers => { 'If-Match' => '*' });
is_deeply([ $answer->{status}, $answer->{json}{assignee} ], [ 200, undef ], 'null takes a value away; * is whatever it is');
is($node->safe_psql('postgres', "SELECT string_agg(field || ':' || actor || ':' || coalesce(session_actor, ''), ' ' ORDER BY id) FROM respond.ticket_history WHERE ticket_id = $id AND field NOT IN ('created', 'tags')"),
	'status:bob:token:bob assignee:bob:token:bob assignee:ann:token:ann', 'the history knows who changed what, with which token');

# What is wrong is named.
$answer = ask('ann', POST => '/v1/tickets', body => { priority => 'huge', tags => 'a', nonsense => 1, 'a/b~c' => 1 });
is($answer->{status}, 422, 'a body that is not as it has to be');
is_deeply({ map { $_->{pointer} => $_->{detail} } @{ $answer->{json}{errors} } },
	{ '/priority' => 'must be one of low,normal,high,urgent', '/tags' => 'must be an array of strings', '/nonsense' => 'is not a field that can be set',
		'/a~1b~0c' => 'is not a field that can be set', '/subject' => 'is missing' }, 'each place is named');
is(ask('ann', POST => '/v1/tickets', body => '{"subject": ')->{status}, 400, 'what is no JSON');
is(ask('ann', POST => '/v1/tickets', body => '"x"')->{status}, 422, 'no object');
is(ask('ann', POST => '/v1/tickets', body => "{\"subject\": \"\xff\"}")->{status}, 400, 'no UTF-8');
is(ask('ann', POST => '/v1/tickets', body => '{"subject": "\u0000"}')->{status}, 400, 'a NUL');
is(ask('ann', POST => '/v1/tickets', body => '[' x 100000)->{status}, 400, 'too deep');
is(ask('ann', POST => '/v1/tickets', body => 'x', type => 'text/plain')->{status}, 415, 'another type');
$answer = ask('ann', POST => '/v1/tickets', body => { subject => 'x', team => 'nobody' });
is($answer->{status}, 422, 'a team that there is not') or diag $answer->{content};
is($answer->{json}{errors}[0]{pointer}, '/team', 'is named, too') or diag $answer->{content};
is(ask('ann', POST => '/v1/tickets', body => { subject => 'k', key => 'k1' })->{status}, 201, 'a ticket with a key');
$answer = ask('ann', POST => '/v1/tickets', body => { subject => 'k', key => 'k1' });
is_deeply([ $answer->{status}, $answer->{json}{errors} ], [ 409, [ { pointer => '/key', detail => 'another open ticket has it already' } ] ], 'a second one')
  or diag $answer->{content};
is(ask('ann', GET => '/v1/tickets?status=nonsense')->{status}, 400, 'a parameter that cannot be');
is(ask('ann', GET => '/v1/tickets?nonsense=1')->{json}{errors}[0]{parameter}, 'nonsense', 'one that there is not');
for my $time ('yesterdayish', 'infinity', '-infinity', 'now', 'epoch', 'today', 'allballs', '2026-11-30', '2026-11-30T15:00:00', '2026-11-30%2015:00:00Z', '2026-11-30T15:00Z',
	'0044-03-15T12:00:00Z%20BC', '0000-01-01T00:00:00Z', '2026-02-29T00:00:00Z', '2026-11-30T24:00:00Z', '2026-11-30T15:00:00Europe/Berlin', '2026-11-30T15:00:00+01:00',
	'2026-11-30T15:00:00%2B23:00', '2026-11-30T15:00:00.Z', '99999-01-01T00:00:00Z', 'J2451187', '20261130T150000Z', '2026-11-30T15:00:00Z%20')
{
	my $refused = ask('ann', GET => "/v1/tickets?updated_since=$time");
	is_deeply([ $refused->{status}, $refused->{json}{errors}[0]{parameter} ], [ 400, 'updated_since' ], "no time: $time");
}
for my $time ('2026-11-30T15:00:00Z', '2026-11-30t15:00:00.123456789z', '2026-11-30T15:00:00%2B14:00', '2026-11-30T15:00:00-00:00', '0001-01-01T00:00:00Z', '9999-12-31T23:59:60Z')
{
	is(ask('ann', GET => "/v1/tickets?updated_since=$time")->{status}, 200, "a time: $time");
}
is(ask('ann', GET => '/v1/tickets?team=%ff')->{status}, 400, 'no UTF-8 in the query') or diag ask('ann', GET => '/v1/tickets?team=%ff')->{content};
$answer = ask('ann', DELETE => "/v1/tickets/$id");
is_deeply([ $answer->{status}, $answer->{headers}{allow} ], [ 405, 'GET, HEAD, PATCH, OPTIONS' ], 'a method that there is not');
$answer = ask('ann', OPTIONS => "/v1/tickets/$id");
is_deeply([ $answer->{status}, $answer->{headers}{allow} ], [ 204, 'GET, HEAD, PATCH, OPTIONS' ], 'which there are');
is(ask('ann', GET => "/v1/tickets/$id", headers => { Accept => 'text/html' })->{status}, 406, 'what is not accepted');
$answer = ask('ann', HEAD => "/v1/tickets/$id");
is_deeply([ $answer->{status}, $answer->{content} || '' ], [ 200, '' ], 'HEAD has no body');
is(ask('ann', GET => '/v1/nonsense')->{status}, 404, 'nothing of this name');

# Comments.
is_deeply(ask('ann', GET => "/v1/tickets/$id/comments")->{json}{items}, [], 'no comments');
$answer = ask('ann', POST => "/v1/tickets/$id/comments", body => { body => 'first', kind => 'internal' });
is_deeply([ $answer->{status}, @{ $answer->{json} }{qw(author kind body ticket_id)} ], [ 201, 'ann', 'internal', 'first', $id ], 'a comment');
ask('bob', POST => "/v1/tickets/$id/comments", body => { body => 'second' });
is_deeply([ map { $_->{body} } @{ ask('ann', GET => "/v1/tickets/$id/comments")->{json}{items} } ], [ 'first', 'second' ], 'in order');
is(ask('ann', POST => '/v1/tickets/999999/comments', body => { body => 'x' })->{status}, 404, 'on nothing');
is(ask('ann', GET => '/v1/tickets/999999/comments')->{status}, 404, 'of nothing');

# Ratings.
$answer = ask('ann', POST => "/v1/tickets/$id/rating", body => { score => 4, comment => 'quick' });
is_deeply([ $answer->{status}, @{ $answer->{json} }{qw(score comment rated_by comment_id)} ], [ 201, 4, 'quick', 'ann', undef ], 'a ticket is rated') or diag $answer->{content};
is($node->safe_psql('postgres', "SELECT subject, data ->> 'ticket_id', data #>> '{rating,score}' FROM respond.event WHERE type = 'ticket.rated'"), "ticket/$id|$id|4", 'which is an event');
$answer = ask('ann', POST => "/v1/tickets/$id/rating", body => { score => 5 });
is_deeply([ $answer->{status}, $answer->{json}{detail} ], [ 409, 'The role of the token has rated this already.' ], 'but once, and is told so in words') or diag $answer->{content};
is(ask('ann', POST => "/v1/tickets/$id/rating", body => { score => 5, comment_id => 1 })->{status}, 201, 'an answer is another thing');
for my $score (0, 6, 4.5, '5', 99999999999)
{
	is(ask('bob', POST => "/v1/tickets/$id/rating", body => { score => $score })->{status}, 422, "$score is no score");
}
is(ask('ann', POST => '/v1/tickets/999999/rating', body => { score => 1 })->{status}, 404, 'of nothing');
is($node->safe_psql('postgres', "SELECT new FROM respond.ticket_history WHERE ticket_id = $id AND field = 'rating' ORDER BY id LIMIT 1"), '{"id": 1, "score": 4, "rated_by": "ann"}', 'the history has it');

# Pages.
$node->safe_psql('postgres', "INSERT INTO respond.ticket (subject, team, tags) SELECT 'n' || n, CASE WHEN n % 2 = 0 THEN 'web' ELSE 'billing' END, ARRAY['t' || n % 3] FROM generate_series(1, 25) AS n");
my @seen;
my $path = '/v1/tickets?limit=4&team=web';
my $pages = 0;
while (defined $path)
{
	$answer = ask('ann', GET => $path);
	push @seen, map { $_->{subject} } @{ $answer->{json}{items} };
	$pages++;
	my ($next) = ($answer->{headers}{link} || '') =~ /^<\/postgres(.*)>; rel="next"$/;
	is(defined $next, defined $answer->{json}{next}, "page $pages: link and cursor agree");
	$path = $next;
	$node->safe_psql('postgres', "INSERT INTO respond.ticket (subject, team) VALUES ('later', 'web')");
}
is_deeply(\@seen, [ map { "n$_" } grep { $_ % 2 == 0 } reverse 1 .. 25 ], 'pages hold each row once, whatever comes meanwhile');
is($pages, 3, 'and as many as was said');
my $cursor = ask('ann', GET => '/v1/tickets?limit=4')->{json}{next};
is(ask('ann', GET => "/v1/tickets?limit=4&team=web&cursor=$cursor")->{status}, 400, 'a cursor of another list');
is(ask('ann', GET => '/v1/tickets?cursor=x')->{status}, 400, 'no cursor');
is(ask('ann', GET => '/v1/tickets?limit=501')->{status}, 400, 'a page that is too long');
is(scalar(@{ ask('ann', GET => '/v1/tickets?tag=t1&limit=500')->{json}{items} }), 9, 'by tag');
is(scalar(@{ ask('ann', GET => '/v1/tickets?status=open,pending')->{json}{items} }), 1, 'by several states');
is(scalar(@{ ask('ann', GET => '/v1/tickets?updated_since=2999-01-01T00:00:00Z')->{json}{items} }), 0, 'by time');
$node->safe_psql('postgres', "INSERT INTO respond.ticket (subject, description, key) SELECT 'large', repeat('x', 900000), 'large' || n FROM generate_series(1, 8) AS n");
$answer = ask('ann', GET => '/v1/tickets');
ok(@{ $answer->{json}{items} } < 8 && defined $answer->{json}{next}, 'a page of large rows is shorter') or diag scalar @{ $answer->{json}{items} };

$rest->check_seen('postgres');
done_testing();
