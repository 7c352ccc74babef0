# A disk that is full for a while: nothing is lost, done twice or given up, the log stays short, and the workers go on by themselves.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $source = "$FindBin::RealBin/../stub/disk_full.c";

plan skip_all => 'no compiler' if system("cc -shared -fPIC -O2 -o '$dir/disk_full.so' '$source' -ldl > '$dir/cc.log' 2>&1") != 0;
$ENV{FULL_FILES} = "$dir/full";
my $node = Respond::node('disk', fsync => 'off', max_connections => 40, 'pg_respond.dispatchers' => 2, start => 0);
{
	local $ENV{LD_PRELOAD} = "$dir/disk_full.so";
	$node->start;
}
my $db = 'desk';

Respond::create_extension($node, $db);

sub one
{
	my ($query) = @_;

	return $node->safe_psql($db, $query);
}

one(q{CREATE TABLE took (event_id bigint, filler text); GRANT ALL ON took TO PUBLIC});
Respond::add_rule($node, $db, 'all', 'o.*', [ { action => 'ticket', subject => '{{type}}' }, { action => 'sql', sql => q{INSERT INTO public.took VALUES (event.id, repeat('x', 1000))} } ]);
Respond::add_rule($node, $db, 'quiet', 'q.*', [ { action => 'log', message => 'x' } ]);

# full(name, condition on pg_class): these tables and their indexes do not grow until as many tries failed
sub full
{
	my ($name, $tables) = @_;
	my $offset = -s $node->logfile;

	one('VACUUM');
	PostgreSQL::Test::Utils::append_to_file("$dir/full.new", one(qq{SELECT string_agg(pg_relation_filenode(f.oid)::text, ' ') FROM
		(SELECT c.oid FROM pg_class AS c WHERE c.relkind = 'r' AND ($tables) UNION ALL
		 SELECT i.indexrelid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid WHERE c.relkind = 'r' AND ($tables)) AS f}));
	rename("$dir/full.new", "$dir/full") or die $!;
	for my $round (1 .. 5)
	{
		my $felt = q{(SELECT coalesce(sum(errors), 0) FROM respond_internal.worker_errors() WHERE sqlstate = '53100') + (SELECT count(*) FROM respond.set_aside)};
		my $before = one("SELECT $felt");

		one(q{INSERT INTO respond.event (type, subject) SELECT t, 's' || i % 7 FROM generate_series(1, 100) AS i, unnest('{o.x,q.x}'::text[]) AS t});
		Respond::wait_until($node, $db, "SELECT $felt > $before");
	}
	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond_internal.worker_errors() AS e WHERE e.sqlstate = '53100' AND e.errors >= 8) OR count(*) > 100 FROM respond.set_aside}, "$name: it is felt");
	my $log = substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $offset);
	my $lines = () = $log =~ /No space left on device/g;
	cmp_ok($lines, '>', 0, "$name: the log tells");
	cmp_ok($lines, '<', 25, "$name: not too often");
	unlink("$dir/full");
	Respond::wait_idle($node, $db, "$name: then all is done");
	is(one(q{SELECT count(*) FROM respond.dead_letter}), '0', "$name: nothing is given up");
	is(one(q{SELECT count(*) FILTER (WHERE n = 1) || ' of ' || count(*) FROM (SELECT (SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id AND r.status = 'succeeded') AS n FROM respond.event AS e WHERE type IN ('o.x', 'q.x')) AS each}),
		one(q{SELECT count(*) || ' of ' || count(*) FROM respond.event WHERE type IN ('o.x', 'q.x')}), "$name: each event once");
	is(one(q{SELECT count(*) = count(DISTINCT event_id) AND count(*) = (SELECT count(*) FROM respond.event WHERE type = 'o.x') FROM took}), 't', "$name: each effect once");
	return;
}

full('a table of the application', q{c.relname = 'took'});
full('all tables of the workers, so that not even an event can be set aside', q{c.relname = 'took' OR (c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND c.relname !~ '^event')});
Respond::wait_until($node, $db, q{SELECT bool_and(ok) FROM respond.health()}, 'health() is green');
$node->stop;
done_testing();
