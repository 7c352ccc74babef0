# A dump in the middle of a loop and of a call: the copy goes on where the original was.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'original';
my $node = Respond::node('loops_restored');
Respond::create_extension($node, $db);
Respond::add_rule($node, $db, 'callee', 'never', [ { action => 'wait', name => 'w', event_type => 'go', key => '{{data.n}}', event_key => 'data.n' }, { action => 'set', name => 'r', values => '{{data.n}}' } ]);
Respond::add_rule($node, $db, 'loop', 'loop', [ { action => 'foreach', name => 'l', query => 'SELECT g AS n FROM generate_series(1, 1500) AS g', steps => [
	{ action => 'call', name => 'c', rule => 'callee', data => { n => '{{item.n}}' }, if => '{{item.n}}::integer = 1200' }, { action => 'emit', type => 'done', data => { n => '{{item.n}}' } } ] } ]);
Respond::add_rule($node, $db, 'cleanup', 'loop', [ { action => 'fail' } ],
	on_failure => [ { action => 'foreach', name => 'l', items => [ 1, 2 ], steps => [ { action => 'wait', for => '10 ms' }, { action => 'emit', type => 'clean', data => { n => '{{item}}' } } ] } ]);
Respond::emit($node, $db, 'loop');
Respond::wait_until($node, $db, q{SELECT count(*) = 2 FROM respond.run WHERE status = 'waiting' AND rule <> 'cleanup'}, 'a loop waits for a rule that one of its items called');
Respond::wait_until($node, $db, q{SELECT count(*) = 2 FROM respond.event WHERE type = 'clean'}, 'a loop that waits stands in on_failure, too');

my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $db ], 'the database is dumped');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_restore', '-d', 'copy', $dump ], 'and restored');
$node->safe_psql('copy', 'SELECT respond.release()');
Respond::emit($node, 'copy', 'go', { n => 1200 });
Respond::wait_until($node, 'copy', q{SELECT count(*) = 2 FROM respond.run WHERE status = 'succeeded' AND rule <> 'cleanup'}, 'the copy goes on');
is($node->safe_psql('copy', q{SELECT count(*) || ' ' || count(DISTINCT data->>'n') FROM respond.event WHERE type = 'done'}), '1500 1500', 'each item once');
is($node->safe_psql('copy', 'SELECT count(*) FROM respond_internal.loop_items'), '0', 'and nothing is left');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.run WHERE status = 'waiting'}), '2', 'the original waits as before');

$node->stop;
done_testing();
