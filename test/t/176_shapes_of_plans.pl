# Tables that are read through SQL alone may be changed as well: columns of another type or that are gone are an error in words, not a crash.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('plans', fsync => 'off', autovacuum => 'off');
my $db = 'desk';
my $started = q{SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'checkpointer'};

sub one { return $node->safe_psql($db, $_[0]); }

sub works
{
	my ($message) = @_;
	my $event = Respond::emit($node, $db, 'w.x');

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'succeeded')", "$message: it works");
	is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'shapes'}), 't', "$message: health() is content");
	return;
}

Respond::create_extension($node, $db);
Respond::add_rule($node, $db, 'work', 'w.*', [ { action => 'set', name => 'a', values => { b => 1 } } ]);
works('as installed');
my $since = $node->safe_psql('postgres', $started);
for my $change (
	[ 'stopped_rule', 'rule', 'bigint' ],
	[ 'set_aside_event', 'due_at', 'text' ],
	[ 'set_aside_event', 'tries', 'text' ],
	[ 'suspect', 'life', 'text' ],
	[ 'suspect_delivery', 'tries', 'text' ],
	[ 'dead_event', 'reason', 'integer' ])
{
	my ($name, $column, $type) = @$change;
	my $table = "respond_internal.$name";

	one("ALTER TABLE $table ADD COLUMN mine text DEFAULT 'x'");
	works("$name: a further column");
	one("ALTER TABLE $table DROP COLUMN mine");
	works("$name: which is gone");
	# statements that are planned anew find a column of another type; views keep theirs
	one("ALTER TABLE $table RENAME COLUMN $column TO ours; ALTER TABLE $table ADD COLUMN $column $type");
	like(one(q{SELECT message FROM respond_internal.health_shapes() WHERE NOT ok}), qr/\Q$name\E.*column "$column" has type/, "$name: health() says so");
	one(q{INSERT INTO respond.event (type) VALUES ('w.x')});
	Respond::wait_until($node, $db, q{SELECT NOT ok AND message ~ 'SQLSTATE RS009' FROM respond.health() WHERE "check" = 'errors'}, "$name: workers wait");
	one("ALTER TABLE $table DROP COLUMN $column; ALTER TABLE $table RENAME COLUMN ours TO $column");
	works("$name: $column undone");
}
is($node->safe_psql('postgres', $started), $since, 'the server never crashed');
$node->stop;
done_testing();
