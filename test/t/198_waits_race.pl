# Questions and answers: each answer comes just when its run begins to wait, in the same dispatcher or another one, while workers
# are killed.  None is lost, and none counts twice.
#
# WAITS_RUNS=n asks for more runs of each kind.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Writers;

my $runs = $ENV{WAITS_RUNS} || 200;
my $node = Respond::node('race', fsync => 'off', max_connections => 60, restart_after_crash => 'on');

sub one { return $node->safe_psql('postgres', $_[0]); }

Respond::create_extension($node, 'postgres');
one(q{
	CREATE TABLE public.question (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n text, times integer);
	CREATE TABLE public.done (kind text, n text, UNIQUE (kind, n));
	CREATE FUNCTION public.answer() RETURNS void LANGUAGE plpgsql AS $$
	DECLARE q record;
	BEGIN
		SELECT * INTO q FROM public.question ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;
		IF NOT FOUND THEN
			RETURN;
		END IF;
		PERFORM respond.emit('answer', jsonb_build_object('n', q.n), 'answer ' || q.id % 13);
		IF q.times > 1 THEN
			UPDATE public.question SET times = times - 1 WHERE id = q.id;
		ELSE
			DELETE FROM public.question WHERE id = q.id;
		END IF;
	END $$});

my @wait = (action => 'wait', event_type => 'answer', key => '{{data.n}}', event_key => 'data.n', for => '1 hour', on_timeout => 'lost');
my $ask = sub { return { action => 'sql', name => 'ask', sql => "INSERT INTO public.question (n, times) VALUES ({{data.n}}, $_[0])" } };
my %steps = (
	plain => [ $ask->(1), { @wait } ],
	# the second answer comes late
	twice => [ $ask->(2), { @wait } ],
	# the answer comes before the run reaches the step, or just then
	early => [ $ask->(1), { action => 'wait', for => '2 ms' }, { @wait } ],
	# in the transaction that begins to wait
	own => [ { action => 'emit', type => 'answer', data => { n => '{{data.n}}' }, subject => 'own {{data.n}}' }, { @wait } ],
	# both answers count, and the next step hears what comes behind them
	both => [ $ask->(3), { @wait, name => 'two', collect => 2 }, { @wait, name => 'third' } ],
	# the key is known when the first answer is there
	later => [ $ask->(2), { @wait, name => 'first' }, { @wait, key => '{{steps.first.data.n}}', since => 'now' } ]);
for my $kind (sort keys %steps)
{
	Respond::add_rule($node, 'postgres', $kind, "ask.$kind", [ @{ $steps{$kind} },
		{ action => 'sql', name => 'done', sql => "INSERT INTO public.done VALUES ('$kind', {{data.n}})", on_success => 'stop' },
		{ action => 'fail', name => 'lost', message => 'the answer was lost' } ]);
}

my $answers = Writers::script($node, 'answers', 'SELECT public.answer();');
my $left = q{SELECT count(*) FROM respond.run WHERE status IN ('running', 'waiting')};

# Asks so many questions of each kind, and answers them until no run waits; kills a dispatcher now and then.
sub ask
{
	my ($batch, $kills) = @_;
	my $writers = Writers::start($node, 'postgres', $answers, clients => 4, seconds => 3);

	for my $part (1 .. 4)
	{
		one(sprintf(q{INSERT INTO respond.event (type, subject, data) SELECT 'ask.' || k, k || i %% 17, jsonb_build_object('n', '%s ' || k || ' ' || i)
			FROM generate_series(%d, %d) AS i, unnest('{%s}'::text[]) AS k}, $batch, ($part - 1) * $runs / 4 + 1, $part * $runs / 4, join(',', sort keys %steps)));
		Respond::crash_worker($node, 'postgres', 'dispatcher') if $kills && $part > 1;
	}
	eval { $writers->finish };
	Respond::wait_until($node, 'postgres', 'SELECT count(*) >= ' . $runs * keys(%steps) . " FROM respond.run WHERE event_id IN (SELECT e.id FROM respond.event AS e WHERE e.data ->> 'n' LIKE '$batch %')",
		"$batch: all runs have begun");
	for (1 .. 30)
	{
		last if one("SELECT NOT EXISTS (SELECT FROM public.question) AND ($left) = 0") eq 't';
		$writers = Writers::start($node, 'postgres', $answers, clients => 4, seconds => 1);
		eval { $writers->finish };
		Respond::wait_idle($node, 'postgres');
	}
	is(one($left), '0', "$batch: no run waits for an answer that was given");
	is(one("SELECT string_agg(kind || ' ' || count, ', ' ORDER BY kind) FROM (SELECT kind, count(*) FROM public.done WHERE n LIKE '$batch %' GROUP BY kind) AS d"),
		join(', ', map { "$_ $runs" } sort keys %steps), "$batch: each was done once");
	is(one(q{SELECT count(*) FROM respond.run WHERE status NOT IN ('succeeded')}), '0', "$batch: none failed");
	is(one(q{SELECT (SELECT count(*) FROM respond_internal.wait), (SELECT count(*) FROM respond_internal.heard), (SELECT count(*) FROM respond_internal.timer), (SELECT count(*) FROM respond_internal.run_inbox)}),
		'0|0|0|0', "$batch: nothing is left over");
	is(one(q{SELECT count(*) FROM (SELECT run_id, step, event_id FROM respond_internal.wait_decision WHERE outcome IN ('event', 'collected') AND key_hash IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1) AS d}),
		'0', "$batch: no event counted twice");
	return;
}

ask('one', 0);
ask('one, killed', 1);
Respond::configure($node, 'pg_respond.dispatchers' => 3);
$node->restart;
Respond::wait_until($node, 'postgres', q{SELECT count(*) = 3 FROM pg_stat_activity WHERE backend_type = 'pg_respond dispatcher'}, 'three dispatchers');
ask('three', 0);
ask('three, killed', 1);

done_testing();
