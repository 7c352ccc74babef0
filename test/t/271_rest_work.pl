# The REST interface: events in all modes of CloudEvents, runs, approvals, deliveries, health, and requests that are sent twice.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;

my $node = Respond::node('main', start => 0);
my $rest = Rest::start($node, 'pg_respond.allowed_networks' => '127.0.0.1');

Respond::create_extension($node, 'postgres');
$rest->ready('postgres');
$node->safe_psql('postgres', q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE ROLE bob LOGIN IN ROLE respond_agent;
	CREATE ROLE boss LOGIN IN ROLE respond_admin;
	CREATE ROLE shop LOGIN IN ROLE respond_producer;
	CREATE ROLE auditor LOGIN IN ROLE respond_auditor;
	INSERT INTO respond.mask (path) VALUES ('card.number');
});
my %token = map { $_ => Rest::token($node, 'postgres', $_, $_) } qw(ann bob boss shop auditor);

sub ask
{
	my ($who, $method, $path, %with) = @_;

	return $rest->ask($method, "/postgres$path", token => $token{$who}, %with);
}

sub count_events
{
	my ($condition) = @_;

	return $node->safe_psql('postgres', "SELECT count(*) FROM respond.event WHERE $condition");
}

# One in the body.
my %event = (specversion => '1.0', id => 'e1', source => '/shop', type => 'order.created', subject => 'order/1', time => '2026-11-30T10:00:00Z',
	data => { amount => 5, card => { number => '4111-1111' } });
my $answer = ask('shop', POST => '/v1/events', body => \%event, type => 'application/cloudevents+json');
is($answer->{status}, 201, 'an event') or diag $answer->{content};
my $id = $answer->{json}{id};
is($answer->{json}{duplicate} ? 1 : 0, 0, 'is new');
is($answer->{headers}{location}, "/postgres/v1/events/$id", 'where it is');
is($node->safe_psql('postgres', qq{SELECT type, source, subject, "time" AT TIME ZONE 'UTC', key, data, actor FROM respond.event WHERE id = $id}),
	'order.created|/shop|order/1|2026-11-30 10:00:00|e1|{"card": {"number": "4111-1111"}, "amount": 5}|shop', 'the log has it');
$answer = ask('shop', POST => '/v1/events', body => \%event, type => 'application/cloudevents+json; charset=utf-8');
is_deeply([ $answer->{status}, $answer->{json}{id}, $answer->{json}{duplicate} ? 1 : 0 ], [ 200, $id, 1 ], 'sent again it is a duplicate');
$answer = ask('shop', POST => '/v1/events', body => { %event, id => 'e1b', data => [ 1 ] });
is($answer->{status}, 201, 'application/json will do');
is($node->safe_psql('postgres', "SELECT data FROM respond.event WHERE key = 'e1b'"), '{"value": [1]}', 'data that is no object');

# Data that rules could not read.
for my $data ([ 'as text' => '{"n": [' . join(',', ('1e131071') x 10) . ']}' ], [ 'as it is stored' => '{"n": [' . join(',', (1) x 200_000) . ']}' ])
{
	my $one = qq({"specversion": "1.0", "id": "large", "source": "/shop", "type": "t", "data": $data->[1]});

	$answer = ask('shop', POST => '/v1/events', body => $one, type => 'application/cloudevents+json');
	is($answer->{status}, 413, "data too large $data->[0]");
	is_deeply([ $answer->{json}{errors}[0]{pointer}, $answer->{json}{detail} =~ /pg_respond\.max_event_size \(1024 kB\)/ ? 1 : 0 ], [ '/data', 1 ], 'in words') or diag $answer->{content};
	$answer = ask('shop', POST => '/v1/events', body => '[' . $one =~ s/"data.*/"data": {}}/rs =~ s/large/small/r . ",$one]", type => 'application/cloudevents-batch+json');
	is_deeply([ $answer->{status}, $answer->{json}{errors}[0]{pointer} ], [ 413, '/1/data' ], 'in a list') or diag $answer->{content};
	$answer = ask('shop', POST => '/v1/events', body => $data->[1], headers => { 'ce-specversion' => '1.0', 'ce-id' => 'large', 'ce-source' => '/shop', 'ce-type' => 't' });
	is($answer->{status}, 413, 'in the body of an event in headers');
}
is(count_events(q{key IN ('large', 'small')}), 0, 'nothing of them is recorded');

# In headers.
my %headers = ('ce-specversion' => '1.0', 'ce-id' => 'e2', 'ce-source' => '/shop', 'ce-type' => 'order.paid', 'ce-subject' => 'Z%C3%BCrich');
$answer = ask('shop', POST => '/v1/events', body => { amount => 7 }, headers => \%headers);
is($answer->{status}, 201, 'an event in headers') or diag $answer->{content};
is($node->safe_psql('postgres', "SELECT type, subject, data FROM respond.event WHERE key = 'e2'"), "order.paid|Z\xc3\xbcrich|{\"amount\": 7}", 'and its data in the body');
ask('shop', POST => '/v1/events', body => 'hello', type => 'text/plain', headers => { %headers, 'ce-id' => 'e3' });
ask('shop', POST => '/v1/events', body => "\xff\x00", type => 'application/octet-stream', headers => { %headers, 'ce-id' => 'e4' });
is($node->safe_psql('postgres', "SELECT string_agg(data::text, ' ' ORDER BY key) FROM respond.event WHERE key IN ('e3', 'e4')"), '{"text": "hello"} {"base64": "/wA="}',
	'data of other kinds');

# In a batch: all or none.
my $batch = 'application/cloudevents-batch+json';
$answer = ask('shop', POST => '/v1/events', body => [ { %event, id => 'b1' }, { %event, id => 'e1' }, { %event, id => 'b2' } ], type => $batch);
is($answer->{status}, 201, 'a batch') or diag $answer->{content};
is(join(' ', map { $_->{duplicate} ? 1 : 0 } @{ $answer->{json}{items} }), '0 1 0', 'says which were known');
is($answer->{json}{items}[1]{id}, $id, 'and which that is');
$answer = ask('shop', POST => '/v1/events', body => [ { %event, id => 'c1' }, { %event, id => 'c2', type => undef } ], type => $batch);
is_deeply([ $answer->{status}, $answer->{json}{errors}[0]{pointer} ], [ 400, '/1/type' ], 'a member that is not as it has to be is named') or diag $answer->{content};
$answer = ask('shop', POST => '/v1/events', body => [ { %event, id => 'c1' }, { %event, id => 'c2', type => 'x' x 300 } ], type => $batch);
is_deeply([ $answer->{status}, $answer->{json}{errors}[0]{pointer} ], [ 422, '/1' ], 'one that cannot be recorded, too') or diag $answer->{content};
is(count_events("key LIKE 'c_'"), 0, 'nothing of either is recorded');
is_deeply([ ask('shop', POST => '/v1/events', body => [], type => $batch)->{json}{items} ], [ [] ], 'an empty batch');
is(ask('shop', POST => '/v1/events', body => 'x', type => 'text/plain')->{status}, 415, 'no CloudEvent');
is(ask('shop', POST => '/v1/events', body => 'x', type => 'application/cloudevents+avro')->{status}, 415, 'of another format');
is(ask('shop', POST => '/v1/events', body => '{', type => 'application/cloudevents+json')->{status}, 400, 'no JSON');
is(ask('ann', POST => '/v1/events', body => \%event)->{status}, 403, 'by who may not record any');

# Reading.
is(ask('shop', GET => "/v1/events/$id")->{status}, 403, 'who records events does not read them');
$answer = ask('auditor', GET => "/v1/events/$id");
is($answer->{status}, 200, 'an auditor does') or diag $answer->{content};
is_deeply($answer->{json}{data}, { amount => 5, card => { number => '***' } }, 'but for what a mask hides');
is_deeply([ @{ $answer->{json} }{qw(type time key actor)} ], [ 'order.created', '2026-11-30T10:00:00+00:00', 'e1', 'shop' ], 'and the rest');
is(ask('auditor', GET => '/v1/events/999999')->{status}, 404, 'none of this number');

# Rules and runs.
Respond::add_rule($node, 'postgres', 'paid', 'order.paid', [ { action => 'ticket', subject => 'paid {{data.amount}}' } ]);
Respond::add_rule($node, 'postgres', 'a/b', 'none', [ { action => 'wait', name => 'w', for => '1 day' } ]);
$node->safe_psql('postgres', q{UPDATE respond.rule SET start_roles = '{ann}' WHERE name = 'a/b'});
ask('shop', POST => '/v1/events', body => { %event, id => 'r1', type => 'order.paid' });
is($node->safe_psql('postgres', 'SELECT respond.settle()'), 't', 'events are handled');
my ($paid) = @{ ask('boss', GET => '/v1/runs?rule=paid&status=succeeded')->{json}{items} };
is($paid->{status}, 'succeeded', 'a run');
is_deeply(ask('boss', GET => "/v1/runs/$paid->{id}")->{json}, $paid, 'by its number');
is(scalar(@{ ask('boss', GET => "/v1/runs?event_id=$paid->{event_id}")->{json}{items} }), 1, 'by its event');
$answer = ask('auditor', GET => "/v1/events/$paid->{event_id}/explanation");
is_deeply([ map { "$_->{rule}:" . ($_->{fired} ? 1 : 0) } @{ $answer->{json}{items} } ], [ 'a/b:0', 'paid:1' ], 'why') or diag $answer->{content};
is(ask('auditor', GET => '/v1/events/999999/explanation')->{status}, 404, 'of nothing');
$answer = ask('ann', POST => '/v1/rules/a%2Fb/start', body => { data => { x => 1 }, key => 'k' });
is($answer->{status}, 202, 'a rule is started') or diag $answer->{content};
my $run = $answer->{json}{run_id};
is(ask('ann', POST => '/v1/rules/a%2Fb/start', body => { key => 'k' })->{json}{run_id}, $run, 'a second start with its key is the same run');
is(ask('ann', POST => '/v1/rules/a%2Fb/start', body => { on_conflict => 'no' })->{json}{errors}[0]{pointer}, '/on_conflict', 'what cannot be is named');
is(ask('bob', POST => '/v1/rules/a%2Fb/start')->{status}, 403, 'by who may not');
for my $large ('{"n": [' . join(',', ('1e131071') x 10) . ']}', '{"n": [' . join(',', (1) x 200_000) . ']}')
{
	my $refused = ask('ann', POST => '/v1/rules/a%2Fb/start', body => qq({"data": $large}));
	is_deeply([ $refused->{status}, $refused->{json}{errors}[0]{pointer} ], [ 413, '/data' ], 'with data that its run could not read') or diag $refused->{content};
	my $error;
	$node->psql('postgres', "SELECT respond.start('a/b', '$large')", stderr => \$error);
	like($error, qr/data: larger than pg_respond\.max_event_size \(1024 kB\)/, 'in SQL, too');
}
is(ask('ann', POST => '/v1/rules/nothing/start')->{status}, 404, 'no rule of this name') or diag ask('ann', POST => '/v1/rules/nothing/start')->{content};
Respond::wait_until($node, 'postgres', "SELECT status = 'waiting' FROM respond.run WHERE id = $run");
is(ask('bob', POST => "/v1/runs/$run/cancel")->{status}, 404, 'cancelled by who neither may nor sees it');
is(ask('ann', POST => "/v1/runs/$run/retry")->{status}, 409, 'nothing to be retried');
$answer = ask('ann', POST => "/v1/runs/$run/cancel", body => { reason => 'because' });
is($answer->{status}, 200, 'cancelled') or diag $answer->{content};
Respond::wait_until($node, 'postgres', "SELECT status = 'cancelled' FROM respond.run WHERE id = $run");
is(ask('ann', POST => "/v1/runs/$run/cancel")->{status}, 409, 'but once');
is(ask('ann', POST => "/v1/runs/$run/retry", body => { from_step => 'w' })->{status}, 200, 'and retried') or diag ask('ann', POST => "/v1/runs/$run/retry", body => { from_step => 'w' })->{content};
is(ask('ann', POST => '/v1/runs/999999/cancel')->{status}, 404, 'no run of this number');

# Approvals.
Respond::add_rule($node, 'postgres', 'ask', 'refund', [ { action => 'approve', name => 'q', question => 'Refund?', approvers => ['ann'], self_approval => JSON::PP::true } ]);
ask('shop', POST => '/v1/events', body => { %event, id => 'q1', type => 'refund' });
Respond::wait_until($node, 'postgres', 'SELECT count(*) = 1 FROM respond.approval');
my $approval = $node->safe_psql('postgres', 'SELECT id FROM respond.approval');
is(ask('bob', GET => "/v1/approvals/$approval")->{status}, 404, 'an approval is seen by who may answer');
is(ask('ann', GET => "/v1/approvals/$approval")->{json}{question}, 'Refund?', 'who is Ann');
is(ask('bob', POST => "/v1/approvals/$approval/decide", body => { option => 'approve' })->{status}, 403, 'decided by who may not');
is(ask('ann', POST => "/v1/approvals/$approval/decide", body => { option => 'maybe' })->{status}, 422, 'with what is no option') or diag ask('ann', POST => "/v1/approvals/$approval/decide", body => { option => 'maybe' })->{content};
$answer = ask('ann', POST => "/v1/approvals/$approval/decide", body => { option => 'approve', comment => 'fine' });
is_deeply([ $answer->{status}, $answer->{json}{decision} ], [ 200, 'approve' ], 'decided') or diag $answer->{content};
is($node->safe_psql('postgres', 'SELECT voter, comment, session_actor FROM respond.approval_vote'), 'ann|fine|token:ann', 'by whom, and with which token');
is(ask('ann', POST => "/v1/approvals/$approval/decide", body => { option => 'reject' })->{status}, 409, 'but once');

# Deliveries.
my $closed = PostgreSQL::Test::Cluster::get_free_port();
$node->safe_psql('postgres', "INSERT INTO respond.channel (name, kind, url, max_attempts) VALUES ('hook', 'webhook', 'http://127.0.0.1:$closed/', 1); SELECT respond.send_test('hook')");
Respond::wait_until($node, 'postgres', "SELECT status = 'dead' FROM respond.delivery");
my ($delivery) = @{ ask('boss', GET => '/v1/deliveries?channel=hook&status=dead')->{json}{items} };
is($delivery->{status}, 'dead', 'a delivery');
is(ask('ann', GET => '/v1/deliveries')->{status}, 403, 'is not for agents');
$answer = ask('boss', POST => "/v1/deliveries/$delivery->{id}/retry");
is($answer->{status}, 200, 'it is retried') or diag $answer->{content};
Respond::wait_until($node, 'postgres', "SELECT status = 'dead' FROM respond.delivery");
is(ask('boss', POST => "/v1/deliveries/$delivery->{id}/discard")->{json}{status}, 'cancelled', 'or discarded');
is(ask('boss', POST => "/v1/deliveries/$delivery->{id}/discard")->{status}, 409, 'but once');
is(ask('boss', POST => '/v1/deliveries/999999/retry')->{status}, 404, 'none of this number');

# Health.
$answer = ask('auditor', GET => '/v1/health');
is($answer->{status}, 200, 'health') or diag $answer->{content};
ok((grep { $_->{check} eq 'tokens' && $_->{ok} } @{ $answer->{json}{checks} }), 'says how each thing is');
is(ask('ann', GET => '/v1/health')->{status}, 403, 'to who may ask');

# Requests that are sent twice.
my %key = ('Idempotency-Key' => '"first"');
my $first = ask('ann', POST => '/v1/tickets', body => { subject => 'once' }, headers => \%key);
my $again = ask('ann', POST => '/v1/tickets', body => { subject => 'once' }, headers => \%key);
is_deeply([ $first->{status}, $again->{status}, $again->{headers}{'idempotency-replayed'} ], [ 201, 201, 'true' ], 'have the same answer');
is_deeply([ $again->{content}, @{ $again->{headers} }{qw(location etag content-type)} ], [ $first->{content}, @{ $first->{headers} }{qw(location etag content-type)} ], 'all of it');
is($node->safe_psql('postgres', "SELECT count(*) FROM respond.ticket WHERE subject = 'once'"), 1, 'and act once');
is(ask('ann', POST => '/v1/tickets', body => { subject => 'other' }, headers => \%key)->{status}, 422, 'the key is not for another request');
is(ask('ann', POST => '/v1/tickets', body => { subject => 'once' }, headers => { 'Idempotency-Key' => 'first' })->{status}, 201, 'without quotes it is the same key');
my $path = "/v1/tickets/$first->{json}{id}";
my $etag = $first->{headers}{etag};
my $change = sub { return ask('ann', PATCH => $path, body => { priority => 'low' }, headers => { 'Idempotency-Key' => 'change', @_ }) };
is($change->('If-Match' => $etag)->{status}, 200, 'a change of what the caller has read');
is($change->('If-Match' => $etag)->{headers}{'idempotency-replayed'}, 'true', 'again');
is_deeply([ map { $_->{status} } $change->('If-Match' => '"another"'), $change->('If-Match' => '*'), $change->() ], [ 422, 422, 422 ], 'with another If-Match, or none, it is another request');
my $in_headers = sub { return ask('shop', POST => '/v1/events', body => {}, headers => { 'Idempotency-Key' => 'event', 'ce-specversion' => '1.0', 'ce-source' => '/shop', 'ce-type' => 't', @_ }) };
is($in_headers->('ce-id' => 'k1')->{status}, 201, 'an event in headers');
is($in_headers->('ce-id' => 'k1')->{headers}{'idempotency-replayed'}, 'true', 'again');
is_deeply([ map { $_->{status} } $in_headers->('ce-id' => 'k2'), $in_headers->('ce-id' => 'k1', 'ce-type' => 'u'), $in_headers->('ce-id' => 'k1', 'ce-subject' => 'x') ], [ 422, 422, 422 ],
	'with other headers it is another event');
is(ask('bob', POST => '/v1/tickets', body => { subject => 'once' }, headers => \%key)->{headers}{'idempotency-replayed'}, undef, 'and with another token another one');
is(ask('ann', POST => '/v1/tickets', body => { subject => 'x' }, headers => { 'Idempotency-Key' => [ 'one', 'two' ] })->{status}, 400, 'two keys');
is(ask('ann', POST => '/v1/tickets', body => { subject => 'x' }, headers => { 'Idempotency-Key' => '' })->{status}, 400, 'an empty key');
is(ask('ann', POST => '/v1/tickets', body => { }, headers => { 'Idempotency-Key' => 'bad' })->{status}, 422, 'what is refused');
is(ask('ann', POST => '/v1/tickets', body => { subject => 'good' }, headers => { 'Idempotency-Key' => 'bad' })->{status}, 201, 'takes no key');
my $hash = $node->safe_psql('postgres', "SELECT hash FROM respond.api_token WHERE name = 'ann'");
my $holder = Respond::session($node, 'postgres');
$holder->query_safe("BEGIN; INSERT INTO respond_internal.idempotency (token_hash, key, fingerprint) VALUES ('$hash', 'busy', '')");
is(ask('ann', POST => '/v1/tickets', body => { subject => 'busy' }, headers => { 'Idempotency-Key' => 'busy' })->{status}, 409, 'a key whose request is under way');
$holder->query_safe('ROLLBACK');
is(ask('ann', POST => '/v1/tickets', body => { subject => 'busy' }, headers => { 'Idempotency-Key' => 'busy' })->{status}, 201, 'when that has ended in nothing');
$node->safe_psql('postgres', "UPDATE respond_internal.idempotency SET created_at = now() - interval '25 hours'");
is(ask('ann', POST => '/v1/tickets', body => { subject => 'new day' }, headers => \%key)->{status}, 201, 'a day later the key is free');
is($node->safe_psql('postgres', "SELECT count(*) FROM respond_internal.idempotency WHERE created_at < now() - interval '1 day'"), 0, 'and the old answers are gone');

$rest->check_seen('postgres');
done_testing();
