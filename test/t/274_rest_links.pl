# Links for one answer of somebody without a token: to approvals and ratings.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;

my $node = Respond::node('main', start => 0, log_statement => 'all');
my $rest = Rest::start($node, 'pg_respond.gateway_public_url' => 'https://desk.example/x/');
my $db = 'postgres';

Respond::create_extension($node, $db);
$rest->ready($db);
$node->safe_psql($db, q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE ROLE bob LOGIN IN ROLE respond_agent;
	CREATE ROLE boss LOGIN IN ROLE respond_admin;
	INSERT INTO respond.agent (name, db_role) VALUES ('Ann', 'ann');
	INSERT INTO respond.ticket (subject) VALUES ('Where is <my> "parcel" & co?');
});
Respond::add_rule($node, $db, 'ask', 'refund', [ { action => 'approve', name => 'q', question => 'Refund <b>{{data.n}}</b>?', approvers => [ 'Ann', 'bob' ],
	quorum => 2, context => { order => '{{data.n}}' }, self_approval => JSON::PP::true, deny_wins => JSON::PP::false } ]);
Respond::emit($node, $db, 'refund', { n => 7 });
Respond::wait_until($node, $db, 'SELECT count(*) = 1 FROM respond.approval');
my $approval = $node->safe_psql($db, 'SELECT id FROM respond.approval');

# path(statement): of the link that it makes.
sub path
{
	my ($statement) = @_;
	my $address = $node->safe_psql($db, "SELECT respond.$statement");

	like($address, qr{^https://desk\.example/x/postgres/v1/links/prt_[0-9a-f]{72}$}, "$statement: an address");
	return $address =~ s{^https://desk\.example/x}{}r;
}

sub answer
{
	my ($path, $form) = @_;

	return $rest->ask(POST => $path, body => $form, type => 'application/x-www-form-urlencoded');
}

my $ann = path("approval_link('$approval', 'Ann')");
my $bob = path("approval_link('$approval', 'bob', now() + interval '1 hour')");
is($node->safe_psql($db, "SELECT count(*) FROM respond_internal.link AS l WHERE l::text LIKE '%prt_%'"), 0, 'the secret is nowhere');

# Reading it uses nothing up.
for (1 .. 2)
{
	my $page = $rest->ask(GET => $ann);
	is($page->{status}, 200, 'the page') or diag $page->{content};
	like($page->{content}, qr{<h1>Refund &lt;b&gt;7&lt;/b&gt;\?</h1>.*<pre>.*order.*7.*</pre>.*<button name="option" value="approve">approve</button>.*value="reject"}s, 'asks');
	is($page->{headers}{'content-security-policy'}, "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", 'runs nothing');
	is_deeply([ @{ $page->{headers} }{qw(content-type referrer-policy cache-control)} ], [ 'text/html; charset=utf-8', 'no-referrer', 'no-store' ], 'tells nobody');
	unlike($page->{content}, qr/<script|<link|https?:/, 'and loads nothing');
}
is(answer($ann, 'option=maybe')->{status}, 422, 'what is no answer');
is(answer($ann, 'comment=x')->{status}, 422, 'none');
is($rest->ask(POST => $ann, body => { option => 'approve' })->{status}, 415, 'no form');
my $page = answer($ann, 'option=approve&comment=it+was+%3Clost%3E');
is($page->{status}, 200, 'the answer is recorded') or diag $page->{content};
like($page->{content}, qr/Thank you.*approve/s, 'in words');
is($node->safe_psql($db, 'SELECT voter, option, comment, session_actor FROM respond.approval_vote'), 'Ann|approve|it was <lost>|token:link', 'as whose link it was');
is(answer($ann, 'option=reject')->{status}, 410, 'once');
is($rest->ask(GET => $ann)->{status}, 410, 'the page is gone');
is($node->safe_psql($db, 'SELECT string_agg(voter || option, $$,$$) FROM respond.approval_vote'), 'Annapprove', 'nothing else was recorded');

# Of two answers at once one counts, and a link that is over is over.
my $holder = Respond::session($node, $db);
$holder->query_safe('BEGIN; SELECT FROM respond_internal.link FOR UPDATE');
is(answer($bob, 'option=approve')->{status}, 503, 'while somebody answers with the link it is not to be had');
$holder->query_safe('ROLLBACK');
$node->safe_psql($db, "UPDATE respond_internal.link SET expires_at = now() WHERE used_at IS NULL");
is(answer($bob, 'option=approve')->{status}, 410, 'a link whose time is over');
$bob = path("approval_link('$approval', 'bob')");
$node->safe_psql($db, 'ALTER ROLE bob NOLOGIN');
is($rest->ask(GET => $bob)->{status}, 410, 'of a role that is locked');
$node->safe_psql($db, 'ALTER ROLE bob LOGIN');
my $again = path("approval_link('$approval', 'bob')");
is(answer($bob, 'option=approve')->{status}, 200, 'the second voice');
is($node->safe_psql($db, 'SELECT status, decision FROM respond.approval'), 'decided|approve', 'decides');
is($rest->ask(GET => $again)->{status}, 410, 'what is decided asks no more');
is(answer($again, 'option=reject')->{status}, 409, 'nor is it answered');
is($rest->ask(GET => '/postgres/v1/links/prt_x')->{status}, 404, 'no link');
is($rest->ask(GET => $ann =~ s/.$/x/r)->{status}, 404, 'a mistyped one');
my ($secret) = $ann =~ /(prt_.*)/;
is($rest->ask(GET => '/postgres/v1/tickets', token => $secret)->{status}, 401, 'is no token');

# Who may make one.
my ($out, $err);
for my $try ([ 'bob', "approval_link('$approval', 'Ann')", qr/permission denied to make a link with which "ann" decides/ ],
	[ 'bob', "approval_link('$approval', 'nobody')", qr/neither an agent with a role nor a role/ ],
	[ 'bob', "approval_link('00000000-0000-0000-0000-000000000000', 'bob')", qr/does not exist/ ],
	[ 'bob', "approval_link('$approval', 'bob', now())", qr/expires_at/ ], [ 'bob', "rating_link(99, 'x')", qr/ticket 99 does not exist/ ],
	[ 'bob', "rating_link(1, NULL)", qr/needs a ticket/ ])
{
	$node->psql($db, "SET ROLE $try->[0]; SELECT respond.$try->[1]", stdout => \$out, stderr => \$err);
	like($err, $try->[2], "$try->[1] is refused");
}
$node->safe_psql($db, q{UPDATE respond.rule SET owner = 'boss' WHERE name = 'ask'});
like($node->safe_psql($db, "SET ROLE boss; SELECT respond.approval_link('$approval', 'Ann')"), qr/prt_/, 'who owns the rule says who is asked');

# Ratings.
my $rate = path("rating_link(1, 'customer\@example.com')");
$page = $rest->ask(GET => $rate);
like($page->{content}, qr{<h1>Where is &lt;my&gt; &quot;parcel&quot; &amp; co\?</h1>.*name="score" value="1".*value="5"}s, 'a page that asks for a rating');
is(answer($rate, 'score=6')->{status}, 422, 'no score');
is(answer($rate, 'score=4&comment=quick')->{status}, 200, 'a rating');
is($node->safe_psql($db, 'SELECT ticket_id, score, comment, rated_by FROM respond.rating'), '1|4|quick|customer@example.com', 'is recorded');
is(answer($rate, 'score=1')->{status}, 410, 'once');

# Links that are over are deleted, but not before 30 days have passed.
my %late = map { $_ => path("rating_link(1, '$_\@example.com')") } qw(used used_long_ago expired expired_long_ago good);
my %when = (used => "used_at = now() - interval '29 days'", used_long_ago => "used_at = now() - interval '31 days'",
	expired => "expires_at = now() - interval '29 days'", expired_long_ago => "expires_at = now() - interval '31 days'");
$node->safe_psql($db, "UPDATE respond_internal.link SET $when{$_} WHERE rater = '$_\@example.com'") for keys %when;
is_deeply([ map { $rest->ask(GET => $late{$_})->{status} } sort keys %late ], [ 410, 410, 200, 410, 410 ], 'before the clock looks');
Respond::clock_looks($node, $db, 'pg_respond.event_retention', '-1');
is($node->safe_psql($db, q{SELECT string_agg(split_part(rater, '@', 1), ',' ORDER BY rater) FROM respond_internal.link WHERE rater ~ 'used|expired|good'}), 'expired,good,used', 'two have gone');
is_deeply([ map { $rest->ask(GET => $late{$_})->{status} } sort keys %late ], [ 410, 404, 200, 410, 404 ], 'the others are as before');
like($rest->ask(GET => $late{used})->{content}, qr/This link was used, or its time is over/, 'and say why');

# No secret is in the log.
is(scalar(grep { index(PostgreSQL::Test::Utils::slurp_file($node->logfile), $_) >= 0 } map { /(prt_.*)/ } $ann, $bob, $rate), 0, 'no secret is in the log');
$rest->check_seen($db);
done_testing();
