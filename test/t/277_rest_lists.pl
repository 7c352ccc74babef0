# Lists of the REST interface: events, approvals, rules; what they hold, who sees what, how their pages end.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;

use Encode ();

my $db = 'postgres';
my $node = Respond::node('main', start => 0);
my $rest = Rest::start($node);

Respond::create_extension($node, $db);
$rest->ready($db);
$node->safe_psql($db, q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE ROLE bob LOGIN IN ROLE respond_agent;
	CREATE ROLE boss LOGIN IN ROLE respond_admin;
	CREATE ROLE auditor LOGIN IN ROLE respond_auditor;
	CREATE ROLE viewer LOGIN;
	GRANT USAGE ON SCHEMA respond TO viewer;
	INSERT INTO respond.mask (path) VALUES ('card.number')});
my %token = map { $_ => Rest::token($node, $db, $_, $_) } qw(ann bob boss auditor viewer);

sub ask
{
	my ($who, $path) = @_;

	return $rest->ask(GET => "/$db$path", token => $token{$who});
}

# all(who, path): the items of all pages, and how many pages there were.
sub all
{
	my ($who, $path) = @_;
	my (@items, $cursor);
	my $pages = 0;

	do
	{
		my $answer = ask($who, $path . ($cursor ? ($path =~ /\?/ ? '&' : '?') . "cursor=$cursor" : ''));
		die "$path: $answer->{status} $answer->{content}" if $answer->{status} != 200;
		push @items, @{ $answer->{json}{items} };
		$cursor = $answer->{json}{next};
		$pages++;
	} while (defined $cursor && $pages < 100);
	return (\@items, $pages);
}

sub ids { return join(',', map { $_->{id} } @{ $_[0] }); }

# --- events
$node->safe_psql($db, q{
	INSERT INTO respond.event (type, subject, source, data) SELECT CASE n % 3 WHEN 0 THEN 'a' WHEN 1 THEN 'b' ELSE 'c' END, 's' || n % 2, '/x' || n % 5,
		pg_catalog.jsonb_build_object('n', n, 'card', pg_catalog.jsonb_build_object('number', '4111')) FROM generate_series(1, 30) AS n});
my ($items, $pages) = all('auditor', '/v1/events?limit=7');
is(ids($items), $node->safe_psql($db, q{SELECT string_agg(id::text, ',' ORDER BY id DESC) FROM respond.event}), 'all events, the latest first');
is($pages, 5, 'in pages');
is_deeply($items->[0], ask('auditor', "/v1/events/$items->[0]{id}")->{json}, 'each as when it is asked for alone');
is_deeply($items->[0]{data}, { n => 30, card => { number => '***' } }, 'without what masks hide');
for my $filter ([ 'type=a,c', q{type IN ('a', 'c')} ], [ 'subject=s1', q{subject = 's1'} ], [ 'source=/x1,/x2&type=b', q{source IN ('/x1', '/x2') AND type = 'b'} ], [ 'type=none', 'false' ],
	[ 'since=2000-01-01T00:00:00Z&until=2999-01-01T00:00:00Z&type=a', q{type = 'a'} ], [ 'since=2999-01-01T00:00:00Z', 'false' ], [ 'until=2000-01-01T00:00:00Z', 'false' ])
{
	is(ids((all('auditor', "/v1/events?limit=3&$filter->[0]"))[0]), $node->safe_psql($db, "SELECT string_agg(id::text, ',' ORDER BY id DESC) FROM respond.event WHERE $filter->[1]"), "events with $filter->[0]");
}
my ($edge) = $node->safe_psql($db, q{SELECT to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') FROM respond.event ORDER BY id DESC LIMIT 1});
is(scalar(@{ ask('auditor', "/v1/events?since=$edge")->{json}{items} }), 30, 'since a time is from it on');
is(scalar(@{ ask('auditor', "/v1/events?until=$edge")->{json}{items} }), 0, 'until a time is before it');

# Who sees what.
is(ask($_, '/v1/events')->{status}, 403, "$_ may not read the log") for qw(ann viewer);
$node->safe_psql($db, q{
	GRANT SELECT ON respond.event TO viewer;
	ALTER TABLE respond.event ENABLE ROW LEVEL SECURITY;
	CREATE POLICY viewer ON respond.event FOR SELECT TO viewer USING (type = 'b');
	CREATE POLICY auditor ON respond.event FOR SELECT TO auditor USING (true)});
# the clock looks at what was changed first
Respond::wait_for(sub { ask('viewer', '/v1/events')->{status} == 200 });
is(ids((all('viewer', '/v1/events?limit=4'))[0]), $node->safe_psql($db, q{SELECT string_agg(id::text, ',' ORDER BY id DESC) FROM respond.event WHERE type = 'b'}), 'rows that the role sees');
is(ids((all('viewer', '/v1/events?type=a'))[0]), '', 'and no others');
$node->safe_psql($db, 'DROP POLICY viewer ON respond.event; DROP POLICY auditor ON respond.event; ALTER TABLE respond.event DISABLE ROW LEVEL SECURITY');
Respond::wait_for(sub { ask('auditor', '/v1/events')->{status} == 200 });

# Data that is too large is not read: it may be much larger as text.
my $large = $node->safe_psql($db, q{INSERT INTO respond.event (type, data) SELECT 'large', pg_catalog.jsonb_build_object('n', pg_catalog.jsonb_agg(1e131071)) FROM generate_series(1, 2000) RETURNING id});
is_deeply([ @{ ask('auditor', "/v1/events/$large")->{json} }{qw(type data)} ], [ 'large', undef ], 'data that is larger than rules may read is null');
is_deeply([ map { $_->{data} } @{ ask('auditor', '/v1/events?type=large')->{json}{items} } ], [undef], 'in the list, too');

# Events that are many and of no use are not all looked at for one page, but none is left out.
$node->safe_psql($db, q{INSERT INTO respond.event (type) SELECT 'many' FROM generate_series(1, 130000)});
my $answer = ask('auditor', '/v1/events?type=a');
is_deeply([ scalar(@{ $answer->{json}{items} }), defined $answer->{json}{next} ? 1 : 0 ], [ 0, 1 ], 'a page without events, behind which there are more');
($items, $pages) = all('auditor', '/v1/events?type=a');
is_deeply([ scalar(@$items), $pages ], [ 10, 2 ], 'the next has them');
$answer = ask('auditor', '/v1/events?type=many,a&limit=3');
is(scalar(@{ $answer->{json}{items} }), 3, 'a page of those that are many is full');

# --- runs and deliveries: the same, but what an index knows is found at once
$node->safe_psql($db, q{
	INSERT INTO respond.run (rule, rule_version, event_id, status) SELECT 'r', 1, n, CASE WHEN n <= 5 THEN 'failed' ELSE 'succeeded' END FROM generate_series(1, 110000) AS n;
	INSERT INTO respond.delivery (channel, event_id, run_id, status) SELECT 'c', n, n, CASE WHEN n <= 5 THEN 'dead' ELSE 'delivered' END FROM generate_series(1, 110000) AS n});
for my $list ('/v1/runs?status=failed', '/v1/deliveries?status=dead')
{
	$answer = ask('boss', $list);
	is_deeply([ scalar(@{ $answer->{json}{items} }), defined $answer->{json}{next} ? 1 : 0 ], [ 0, 1 ], "$list: a page without any, behind which there are more");
	($items, $pages) = all('boss', $list);
	is_deeply([ scalar(@$items), $pages ], [ 5, 2 ], "$list: the next has them");
	is(scalar(@{ ask('boss', "$list&event_id=3")->{json}{items} }), 1, "$list: that of an event is found at once");
}
is(scalar(@{ ask('boss', '/v1/runs?status=succeeded&limit=5')->{json}{items} }), 5, 'a page that is full');

# --- approvals
Respond::add_rule($node, $db, 'ask', 'refund', [ { action => 'approve', name => 'q', question => 'Refund {{data.n}}?', approvers => ['ann'], self_approval => JSON::PP::true } ]);
Respond::add_rule($node, $db, 'ask both', 'refund', [ { action => 'approve', name => 'q', question => 'Both {{data.n}}?', approvers => [ 'ann', 'bob' ], self_approval => JSON::PP::true } ]);
Respond::emit($node, $db, 'refund', { n => $_ }) for 1 .. 4;
Respond::wait_until($node, $db, 'SELECT count(*) = 8 FROM respond.approval');
# two are of one moment
$node->safe_psql($db, q{UPDATE respond.approval SET asked_at = '2026-11-30 10:00:00.123457+00' WHERE question LIKE '%2?'});
my $decided = $node->safe_psql($db, q{SELECT id FROM respond.approval WHERE question = 'Both 3?'});
$node->safe_psql($db, "SET ROLE ann; SELECT respond.decide('$decided', 'approve')");
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.approval WHERE status = 'decided'});
my $sorted = q{SELECT string_agg(id::text, ',' ORDER BY asked_at DESC, id DESC) FROM respond.approval WHERE };
for my $limit (1, 3, 50)
{
	is(ids((all('boss', "/v1/approvals?limit=$limit"))[0]), $node->safe_psql($db, "$sorted true"), "all approvals in pages of $limit, the latest first");
}
is(ids((all('ann', '/v1/approvals'))[0]), $node->safe_psql($db, "$sorted true"), 'an agent sees those that it may answer');
is(ids((all('bob', '/v1/approvals'))[0]), $node->safe_psql($db, "$sorted rule = 'ask both'"), 'and no others');
is_deeply([ @{ (all('bob', '/v1/approvals'))[0]->[0] }{qw(question approvers)} ], [ 'Both 4?', [ 'ann', 'bob' ] ], 'what an approval holds');
for my $filter ([ 'status=open', q{status = 'open'} ], [ 'status=decided,expired', q{status = 'decided'} ], [ 'rule=ask', q{rule = 'ask'} ], [ 'status=open&rule=ask%20both', q{status = 'open' AND rule = 'ask both'} ])
{
	is(ids((all('ann', "/v1/approvals?limit=2&$filter->[0]"))[0]), $node->safe_psql($db, "$sorted $filter->[1]"), "approvals with $filter->[0]");
}
my $run = (all('ann', '/v1/approvals'))[0]->[0]{run_id};
is(scalar(@{ (all('ann', "/v1/approvals?run_id=$run"))[0] }), 1, 'that of a run');
is(ids((all('auditor', '/v1/approvals'))[0]), $node->safe_psql($db, "$sorted true"), 'auditors see all');
is(ask('viewer', '/v1/approvals')->{status}, 403, 'a role without rights');
is(ask('ann', '/v1/approvals?status=nonsense')->{status}, 400, 'no status');
is(ask('auditor', '/v1/rules?enabled=maybe')->{status}, 400, 'no truth');

# --- rules
$node->safe_psql($db, qq{
	INSERT INTO respond.rule (name, folder, event_type, enabled, pattern, steps, on_failure) VALUES
		('Zoë | "x"', 'f', 't.*', false, '{"data": {"n": [1]}}', '[{"action": "log", "text": "x"}]', '[{"action": "log", "text": "y"}]'), ('a/b', 'f', 'u', true, NULL, '[]', NULL)});
my $names = $node->safe_psql($db, q{SELECT string_agg(name, ',' ORDER BY name) FROM respond.rule});
for my $limit (1, 2, 50)
{
	is(Encode::encode_utf8(join(',', map { $_->{name} } @{ (all('auditor', "/v1/rules?limit=$limit"))[0] })), $names, "all rules in pages of $limit, by name");
}
is_deeply([ map { $_->{name} } @{ (all('auditor', '/v1/rules?folder=f&enabled=true'))[0] } ], ['a/b'], 'in a folder, enabled');
is_deeply([ map { $_->{event_type} } @{ (all('auditor', '/v1/rules?event_type=t.*,none'))[0] } ], ['t.*'], 'for a type');
is_deeply([ @{ ask('auditor', '/v1/rules/Zo%C3%AB%20%7C%20%22x%22')->{json} }{qw(event_type pattern on_failure)} ], [ 't.*', { data => { n => [1] } }, [ { action => 'log', text => 'y' } ] ], 'one');
is(ask('auditor', '/v1/rules/a%2Fb')->{json}{folder}, 'f', 'one with a slash in its name');
is(ask('auditor', '/v1/rules/none')->{status}, 404, 'one that there is not');
is(ask('ann', $_)->{status}, 403, "an agent may not read $_") for '/v1/rules', '/v1/rules/ask';

$rest->check_seen($db);
done_testing();
