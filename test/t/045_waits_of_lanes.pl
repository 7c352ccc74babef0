# Runs that wait while several dispatchers share the events: begun in one lane, answered in another, at the same time.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'lanes';
my $node = Respond::node('lanes', 'pg_respond.dispatchers' => 3);
Respond::create_extension($node, $db);
my $tries = $ENV{RESPOND_TRIES} || 1500;

sub one { return $node->safe_psql($db, $_[0]) }

Respond::add_rule($node, $db, 'pair', 'pair.begin', [
	{ action => 'log', message => 'begin' },
	{ action => 'wait', name => 'w', event_type => 'pair.answer', key => '{{data.k}}', event_key => 'data.k', for => '1 hour' },
	{ action => 'emit', type => 'pair.done', subject => '{{data.k}}', data => { k => '{{data.k}}', n => '{{steps.w.data.n}}' } } ]);

# Question and answer have subjects of their own, so they meet in any two lanes. The answer commits just behind the
# question, in a transaction of its own: before, while or after the wait is armed.
one(qq{
	CREATE PROCEDURE public.talk(low integer, high integer) LANGUAGE plpgsql AS \$\$
	BEGIN
		FOR i IN low .. high LOOP
			INSERT INTO respond.event (type, subject, data) VALUES ('pair.begin', 'q' || i, jsonb_build_object('k', 'k' || i));
			COMMIT;
			IF i % 3 = 0 THEN PERFORM pg_sleep(random() * 0.002); END IF;
			INSERT INTO respond.event (type, subject, data) VALUES ('pair.answer', 'a' || i, jsonb_build_object('k', 'k' || i, 'n', 1));
			COMMIT;
			INSERT INTO respond.event (type, subject, data) VALUES ('pair.answer', 'b' || i, jsonb_build_object('k', 'k' || i, 'n', 2));
			COMMIT;
		END LOOP;
	END \$\$});
my @talkers = map { Respond::session($node, $db) } 1 .. 3;
my $share = int($tries / @talkers);
for my $n (0 .. $#talkers)
{
	$talkers[$n]->query_until(qr//, sprintf("CALL public.talk(%d, %d);\n", $n * $share + 1, ($n + 1) * $share));
}
my $all = $share * @talkers;
Respond::wait_until($node, $db, "SELECT count(*) = $all FROM respond.event WHERE type = 'pair.begin'", 'all questions are asked');
Respond::wait_until($node, $db, "SELECT count(*) = $all FROM respond.run WHERE rule = 'pair' AND status = 'succeeded'", 'every run got its answer');
is(one(q{SELECT count(*) || ' ' || count(DISTINCT subject) FROM respond.event WHERE type = 'pair.done'}), "$all $all", 'each went on once');
is(one(q{SELECT count(*) FROM respond.event WHERE type = 'pair.done' AND data ->> 'n' <> '1'}), '0', 'with the first answer');
is(one(q{SELECT count(*) FROM respond_internal.wait}), '0', 'nothing waits any more');
is(one(q{SELECT count(*) FROM respond_internal.run_inbox}), '0', 'nothing is left in the inbox');
$_->quit for @talkers;

# What was said before the question does not count, whatever lane is behind.
one(q{INSERT INTO respond.event (type, subject, data) VALUES ('pair.answer', 'before', '{"k": "late", "n": 0}')});
one(q{INSERT INTO respond.event (type, subject, data) VALUES ('pair.begin', 'question', '{"k": "late"}')});
Respond::wait_until($node, $db, q{SELECT status = 'waiting' FROM respond.run WHERE event_id = (SELECT max(id) FROM respond.event WHERE type = 'pair.begin')}, 'an answer before the question is none');

# The first lane, where runs wait, is held up in front of it: the run begins in another lane and is there before the answer is.
one(q{
	CREATE TABLE public.gate (open boolean); INSERT INTO public.gate VALUES (false);
	CREATE FUNCTION public.pass_gate() RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		WHILE NOT (SELECT open FROM public.gate) LOOP PERFORM pg_sleep(0.01); END LOOP;
		RETURN true;
	END $$});
Respond::configure($node, 'pg_respond.batch_size' => 10, 'pg_respond.rule_timeout' => '1min');
$node->reload;
Respond::add_rule($node, $db, 'gate', 'gate', [ { action => 'sql', sql => 'SELECT public.pass_gate()', timeout => '1 min' } ]);
my ($first, $other) = map { one("SELECT s FROM (SELECT 'lane ' || i AS s FROM generate_series(1, 100) AS i) AS l WHERE respond_internal.event_lane(s, 0, 3) = $_ LIMIT 1") } 1, 2;
one("INSERT INTO respond.event (type, subject) VALUES ('gate', '$first')");
one("INSERT INTO respond.event (type, subject) SELECT 'filler', '$first' FROM generate_series(1, 100)");
one(qq{INSERT INTO respond.event (type, subject, data) VALUES ('pair.answer', '$first', '{"k": "ahead", "n": 0}')});
one(qq{INSERT INTO respond.event (type, subject, data) VALUES ('pair.begin', '$other', '{"k": "ahead"}')});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.run WHERE event_id = (SELECT max(id) FROM respond.event WHERE type = 'pair.begin'))}, 'a run has begun ahead of the first lane');
one('UPDATE public.gate SET open = true');
one(q{INSERT INTO respond.event (type, subject, data) VALUES ('pair.answer', 'behind', '{"k": "ahead", "n": 1}')});
Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.event WHERE type = 'pair.done' AND subject = 'ahead')}, 'it ends');
is(one(q{SELECT data ->> 'n' FROM respond.event WHERE type = 'pair.done' AND subject = 'ahead'}), '1', 'with what came after its event');

# The number of lanes changes while runs wait.
one(q{INSERT INTO respond.event (type, subject, data) SELECT 'pair.begin', 'c' || i, jsonb_build_object('k', 'c' || i) FROM generate_series(1, 100) AS i});
Respond::wait_until($node, $db, q{SELECT count(*) = 101 FROM respond.run WHERE status = 'waiting'}, 'a hundred more wait');
my @divisions = (1, 4, 2);
for my $round (0 .. $#divisions)
{
	my $lanes = $divisions[$round];

	$node->append_conf('postgresql.conf', "pg_respond.dispatchers = $lanes");
	$node->reload;
	Respond::wait_until($node, $db, "SELECT count(*) = $lanes FROM respond.worker WHERE kind = 'dispatcher' AND database = current_database() AND state <> 'stopped'", "$lanes lanes");
	one(qq{INSERT INTO respond.event (type, subject, data) SELECT 'pair.answer', 'x' || i, jsonb_build_object('k', 'c' || i, 'n', 1) FROM generate_series(1, 100) AS i WHERE i % 3 = $round});
}
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.run WHERE status = 'waiting'}, 'all of them are answered');
is(one(q{SELECT count(*) || ' ' || count(DISTINCT subject) FROM respond.event WHERE type = 'pair.done' AND subject LIKE 'c%'}), '100 100', 'each went on once');

$node->stop;
done_testing();
