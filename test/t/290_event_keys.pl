# Keys of events are written without a statement: many who claim few keys at once, what is rolled back, what was known, and a table
# of keys that somebody has changed.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use File::Temp;

my $node = Respond::node('keys', fsync => 'off', max_connections => 40, deadlock_timeout => '100ms');
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

# --- eight clients, each of whose transactions claims one key of forty, in different ways, and is rolled back or not; under REPEATABLE
# READ, whoever waited for another's key has to begin again
my %script = (
	insert => q{BEGIN; INSERT INTO respond.event (type, source, key) VALUES ('race', '/race', :key); %s;},
	emit => q{BEGIN; SELECT respond.emit('race', source => '/race', key => (:key)::text); %s;},
	savepoint => q{BEGIN; SAVEPOINT a; SELECT respond.emit('race', source => '/race', key => (:key)::text); ROLLBACK TO a;
		INSERT INTO respond.event (type, source, key) VALUES ('race', '/race', :key); %s;},
	repeatable => q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM respond.event; SELECT respond.emit('race', source => '/race', key => (:key)::text); %s;},
);
my $dir = File::Temp->newdir;
my @files;
for my $name (sort keys %script)
{
	for my $end ('COMMIT', 'ROLLBACK')
	{
		my $file = "$dir/$name.$end";

		open(my $out, '>', $file) or die;
		print $out "\\set key random(1, 40) + 40 * :round\n", sprintf($script{$name}, $end), "\n";
		close($out);
		push @files, '-f', $file;
	}
}
one('CREATE EXTENSION IF NOT EXISTS amcheck');
for my $round (0 .. 4)
{
	$node->command_like([ 'pgbench', '-n', '-c', 8, '-j', 2, '-t', 60, '--max-tries=1000', '-D', "round=$round", @files, $db ],
		qr/number of transactions actually processed: 480\/480\n.*failed transactions: 0 /, "round $round: nobody fails for another's key");
}
is(one(q{SELECT count(*) - count(DISTINCT key) FROM respond.event WHERE type = 'race'}), 0, 'no key has two events');
cmp_ok(one(q{SELECT count(*) FROM respond.event WHERE type = 'race'}), '>', 100, 'most keys have one');
is(one(q{SELECT count(*) FROM respond.event AS e FULL JOIN respond_internal.event_key AS k USING (source, key, id) WHERE e.type IS NULL OR k.id IS NULL}),
	0, 'a key is that of its event');
is(one(q{SELECT bt_index_check('respond_internal.event_key_pkey', true)}), '', 'the index of keys has what the table has');

# --- what was known leaves nothing behind, and is not written again
one(q{INSERT INTO respond.event (type, source, key) VALUES ('known', '/known', 'a')});
my $size = q{SELECT pg_relation_size('respond_internal.event_key')};
one('VACUUM respond_internal.event_key');
my $before = one($size);
one(q{DO $$BEGIN FOR i IN 1 .. 5000 LOOP PERFORM respond.emit('known', source => '/known', key => 'a'); END LOOP; END$$});
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'known'}), 1, 'it is one event');
is(one($size), $before, 'a key that is claimed again and again takes no room');

# --- whatever somebody gave the table is heeded
one(q{
	ALTER TABLE respond_internal.event_key ADD COLUMN by_whom text DEFAULT 'somebody', ADD CONSTRAINT short CHECK (length(key) < 5);
	INSERT INTO respond.event (type, source, key) VALUES ('changed', '/changed', 'k1');
	SELECT respond.emit('changed', source => '/changed', key => 'k2');
});
is(one(q{SELECT string_agg(key || ' ' || by_whom, ', ' ORDER BY key) FROM respond_internal.event_key WHERE source = '/changed'}),
	'k1 somebody, k2 somebody', 'a column of somebody else gets its default');
my ($code, undef, $error) = $node->psql($db, q{SELECT respond.emit('changed', source => '/changed', key => 'much longer')});
like($error, qr/violates check constraint "short"/, 'and a constraint holds');
one(q{
	ALTER TABLE respond_internal.event_key DROP COLUMN by_whom, DROP CONSTRAINT short;
	CREATE TABLE seen (key text);
	CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN INSERT INTO public.seen VALUES (NEW.key); RETURN NEW; END$$;
	CREATE TRIGGER see BEFORE INSERT ON respond_internal.event_key FOR EACH ROW EXECUTE FUNCTION see();
	SELECT respond.emit('changed', source => '/changed', key => 'k3');
});
is(one('SELECT string_agg(key, $$,$$) FROM seen'), 'k3', 'a trigger of somebody else fires');
one(q{DROP TRIGGER see ON respond_internal.event_key;
	CREATE UNIQUE INDEX one_id ON respond_internal.event_key (recorded_at) WHERE source = '/strict'});
($code, undef, $error) = $node->psql($db, q{BEGIN; SELECT respond.emit('strict', source => '/strict', key => 'a'); SELECT respond.emit('strict', source => '/strict', key => 'b'); COMMIT});
like($error, qr/duplicate key value violates unique constraint "one_id"/, 'another unique index is kept');
is(one(q{SELECT count(*) FROM respond.event WHERE source = '/strict'}), 0, 'and nothing is recorded');

done_testing();
