# Five thousand channels: what they cost courier and dispatcher, and that a change of one costs little.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $courier = Courier::start('memory');
my $node = $courier->node;
my $db = $courier->db;
my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my $channels = 5000;

sub one { return $courier->one(@_); }

sub private_memory
{
	return map { Courier::memory(Respond::worker_pid($node, $db, $_)) } qw(courier dispatcher);
}

sub send_all
{
	my ($message) = @_;

	one(qq{INSERT INTO respond.event (type, subject, data) SELECT 'go', 's' || i, jsonb_build_object('c', i) FROM generate_series(1, $channels) AS i});
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_idle($node, $db);
	return Respond::wait_until($node, $db, q{SELECT count(*) > 0 AND bool_and(status = 'delivered') FROM respond.delivery}, $message);
}

one(qq{INSERT INTO respond.channel (name, kind, url) SELECT 'warm', 'webhook', '$base/ok'});
Respond::add_rule($node, $db, 'warm', 'warm', [ { action => 'notify', channel => 'warm', text => 'x' } ]);
Respond::add_rule($node, $db, 'go', 'go', [ { action => 'notify', channel => 'c {{data.c}}', text => '{{data.c}}' } ]);
one(q{INSERT INTO respond.event (type) SELECT 'warm' FROM generate_series(1, 3000)});
$courier->until_all('warm', q{status = 'delivered'}, 'warm');
my @before = private_memory();

one(qq{INSERT INTO respond.channel_kind (name, transport, needs_text, headers, body) VALUES ('own', 'http', true, '{"X-A": "{{{type}}} {{{subject}}}", "X-B": "{{{channel}}}"}',
	jsonb_build_object('a', '{{{text}}}', 'b', '{{data}}', 'c', jsonb_build_array('{{{subject}}}', '{{{ce.id}}}', repeat('x', 500))))});
one(qq{INSERT INTO respond.channel (name, kind, url, options) SELECT 'c ' || i, CASE i % 3 WHEN 0 THEN 'webhook' WHEN 1 THEN 'own' ELSE 'pagerduty' END, '$base/ok/' || i, CASE i % 3 WHEN 2 THEN '{"severity": "info"}'::jsonb ELSE '{}' END FROM generate_series(1, $channels) AS i});
one(q{UPDATE respond.channel SET secret = 'routing-key-' || name WHERE kind = 'pagerduty'});
send_all('a message through each of 5,000 channels');
my @with = private_memory();
my ($courier_kb, $dispatcher_kb) = map { $with[$_] - $before[$_] } 0, 1;

note(sprintf('for each of %d channels: courier %.1f kB, dispatcher %.1f kB; together %.1f MB', $channels, $courier_kb / $channels, $dispatcher_kb / $channels, ($courier_kb + $dispatcher_kb) / 1024));
cmp_ok($courier_kb + $dispatcher_kb, '<', 50 * 1024, 'they take less than 50 MB in both');

# a change keeps no second copy, and does not make all of them be compiled anew
for my $round (1 .. 5)
{
	one(qq{UPDATE respond.channel SET description = 'round $round' WHERE name = 'c 1'});
	one(q{INSERT INTO respond.event (type) VALUES ('warm')});
	$courier->until_all('warm', q{status = 'delivered'}, "after change $round");
}
my @after = private_memory();
cmp_ok($after[0] + $after[1] - $with[0] - $with[1], '<', 8 * 1024, 'and changes of channels do not add to it');
one(q{UPDATE respond.channel SET description = 'all' WHERE name LIKE 'c %'});
send_all('after a change of all');
my @all = private_memory();
note(sprintf('after a change of all: courier %+d kB, dispatcher %+d kB', map { $all[$_] - $after[$_] } 0, 1));
cmp_ok($all[0] + $all[1] - $before[0] - $before[1], '<', 70 * 1024, 'not even one of all of them');
one(q{DELETE FROM respond.channel WHERE name LIKE 'c %'});
$courier->until_all('warm', q{status = 'delivered'}, 'and they can be deleted');
$courier->stop;
done_testing();
