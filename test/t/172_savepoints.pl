# What follows a transaction into shared memory follows its savepoints: hold() and release() that are rolled back change nothing,
# in savepoints, in blocks with EXCEPTION, around prepared transactions; and a worker's idea of the hold follows the table.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('savepoints', fsync => 'off');
my $db = 'desk';

sub one { return $node->safe_psql($db, $_[0]); }

# acts(message): events are handled.
sub acts
{
	my ($message) = @_;
	my $event = Respond::emit($node, $db, 'w.x');

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.run WHERE event_id = $event AND status = 'succeeded')", "$message: it acts");
	is(one(q{SELECT count(*) FROM respond.worker WHERE state = 'holding'}), '0', "$message: no worker holds");
	is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'hold'}), 't', "$message: health() says so");
	return;
}

# holds(message): the workers hold, as the table says.
sub holds
{
	my ($message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $db, q{SELECT count(*) >= 3 FROM respond.worker WHERE state = 'holding'}, "$message: it holds");
	is(one(q{SELECT ok FROM respond.health() WHERE "check" = 'hold'}), 'f', "$message: health() says so");
	return;
}

Respond::create_extension($node, $db);
Respond::add_rule($node, $db, 'work', 'w.*', [ { action => 'set', name => 'a', values => { b => 1 } } ]);
acts('at first');

# by hand in the tables of other databases: their clocks follow within half a minute, while the rest of this goes on
Respond::create_extension($node, $_) for 'held', 'resumed';
$node->safe_psql('resumed', q{SELECT respond.hold('once')});
my $holding = q{SELECT count(*) >= 3 FROM respond.worker WHERE state = 'holding'};
Respond::wait_until($node, 'resumed', $holding, 'another database holds');
$node->safe_psql('resumed', q{UPDATE respond_internal.state SET hold = NULL});
$node->safe_psql('held', q{UPDATE respond_internal.state SET hold = 'by hand', hold_since = now()});

one(q{BEGIN; SAVEPOINT s; SELECT respond.hold(); ROLLBACK TO s; COMMIT});
acts('hold() in a savepoint that is rolled back');
one(q{DO $$ BEGIN PERFORM respond.hold('x'); RAISE EXCEPTION 'x'; EXCEPTION WHEN OTHERS THEN NULL; END $$});
acts('hold() in a block that raises');
one(q{BEGIN; SAVEPOINT s; SAVEPOINT t; SELECT respond.hold(); RELEASE t; ROLLBACK TO s; COMMIT});
acts('hold() in a nested savepoint');
one(q{BEGIN; SELECT respond.hold(); ROLLBACK});
acts('hold() rolled back');

one(q{BEGIN; SAVEPOINT s; SELECT respond.hold(); RELEASE s; COMMIT});
holds('hold() in a savepoint that is released');
one(q{BEGIN; SAVEPOINT s; SELECT respond.release(); ROLLBACK TO s; COMMIT});
holds('release() in a savepoint that is rolled back');
one(q{DO $$ BEGIN PERFORM respond.release(); RAISE EXCEPTION 'x'; EXCEPTION WHEN OTHERS THEN NULL; END $$});
holds('release() in a block that raises');
one(q{BEGIN; SELECT respond.release(); SAVEPOINT s; SELECT respond.hold('again'); ROLLBACK TO s; COMMIT});
acts('release(), and hold() in a savepoint that is rolled back');
one(q{BEGIN; SELECT respond.hold('first'); SAVEPOINT s; SELECT respond.release(); ROLLBACK TO s; COMMIT});
holds('hold(), and release() in a savepoint that is rolled back');

# a copy that holds for a restore
one(q{UPDATE respond_internal.state SET hold = 'restore'});
one(q{BEGIN; SAVEPOINT s; SELECT respond.release(); ROLLBACK TO s; COMMIT});
holds('release() of a copy in a savepoint that is rolled back');
one(q{SELECT respond.release()});
acts('release() of a copy');

# prepared transactions
one(q{BEGIN; SAVEPOINT s; SELECT respond.hold(); ROLLBACK TO s; INSERT INTO respond.event (type) VALUES ('w.prepared'); PREPARE TRANSACTION 'x'});
one(q{COMMIT PREPARED 'x'});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.run JOIN respond.event ON event.id = event_id WHERE event.type = 'w.prepared')}, 'a prepared transaction whose hold() was rolled back');
like(do { my ($code, $out, $err) = $node->psql($db, q{BEGIN; SELECT respond.hold(); PREPARE TRANSACTION 'y'}, on_error_stop => 1); $err }, qr/cannot PREPARE/, 'hold() itself cannot be prepared');
one(q{BEGIN; INSERT INTO respond.event (type, xid, incarnation) VALUES ('w.foreign', '5', 5); PREPARE TRANSACTION 'z'});
acts('an event from elsewhere in a prepared transaction');
one(q{COMMIT PREPARED 'z'});
holds('once it is committed');
one(q{SELECT respond.release()});
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.run JOIN respond.event ON event.id = event_id WHERE event.type = 'w.foreign'}, 'and is handled after release()');
one(q{BEGIN; SAVEPOINT s; INSERT INTO respond.event (type, xid, incarnation) VALUES ('w.never', '5', 5); ROLLBACK TO s; COMMIT});
acts('an event from elsewhere that is rolled back');

# DROP EXTENSION in savepoints
one(q{BEGIN; SAVEPOINT s; DROP EXTENSION pg_respond CASCADE; ROLLBACK TO s; COMMIT});
acts('DROP EXTENSION in a savepoint that is rolled back');

# the extension in prepared transactions: dropped, created, both at once
one(q{BEGIN; DROP EXTENSION pg_respond CASCADE; PREPARE TRANSACTION 'p'});
one(q{ROLLBACK PREPARED 'p'});
acts('DROP EXTENSION prepared and rolled back');
sub anew
{
	my ($message) = @_;

	Respond::wait_until($node, $db, q{SELECT count(DISTINCT kind) = 4 FROM respond.worker}, "$message: workers come");
	Respond::add_rule($node, $db, 'work', 'w.*', [ { action => 'set', name => 'a', values => { b => 1 } } ]);
	acts($message);
	return;
}
for (1 .. 3)
{
	one(q{BEGIN; DROP EXTENSION pg_respond CASCADE; CREATE EXTENSION pg_respond; PREPARE TRANSACTION 'p'});
	one(q{COMMIT PREPARED 'p'});
	anew("DROP and CREATE EXTENSION in one prepared transaction, $_");
}
one(q{BEGIN; DROP EXTENSION pg_respond CASCADE; PREPARE TRANSACTION 'p'});
one(q{COMMIT PREPARED 'p'});
Respond::wait_no_workers($node, $db, 'DROP EXTENSION prepared: workers go');
one(q{BEGIN; CREATE EXTENSION pg_respond; PREPARE TRANSACTION 'p'});
one(q{COMMIT PREPARED 'p'});
anew('CREATE EXTENSION in a prepared transaction');

Respond::wait_until($node, 'held', $holding, 'a hold that was written by hand: it holds');
is($node->safe_psql('held', q{SELECT ok FROM respond.health() WHERE "check" = 'hold'}), 'f', 'health() says so');
Respond::wait_until($node, 'resumed', q{SELECT NOT EXISTS (SELECT FROM respond.worker WHERE state = 'holding')}, 'one that was taken back by hand');
my $event = Respond::emit($node, 'resumed', 'w.x');
Respond::wait_idle($node, 'resumed', 'it acts');
$node->stop;
done_testing();
