# The source of events that name none stays the same when the database is renamed, so that a key which was recorded before stays known.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('renamed', fsync => 'off');
my $insert = q{INSERT INTO respond.event (type, key) VALUES ('a', 'K1') RETURNING id};

sub one { my ($db, $sql) = @_; return $node->safe_psql($db, $sql); }

Respond::create_extension($node, 'first');
one('first', $insert);
my $source = one('first', 'SELECT source FROM respond.event');
is($source, '/first', 'the default source has the name of the database');
one('postgres', 'ALTER DATABASE first RENAME TO second');
Respond::wait_workers($node, 'second');
is(one('second', $insert), '', 'a key that was recorded before is known');
is(one('second', q{SELECT respond.emit('a', key => 'K1') IS NULL OR count(*) = 1 FROM respond.event WHERE key = 'K1'}), 't', 'to emit() too');
is(one('second', q{INSERT INTO respond.event (type) VALUES ('b') RETURNING source}), $source, 'the source is that of before');
is(one('second', 'SELECT count(*), count(DISTINCT source) FROM respond.event'), '2|1', 'in all events');
$node->restart;
is(one('second', q{INSERT INTO respond.event (type) VALUES ('b') RETURNING source}), $source, 'after a restart, too');

# a database that gets the old name is another one
Respond::create_extension($node, 'first');
is(one('first', $insert), '1', 'a new database of the old name knows no keys');
$node->stop;
done_testing();
