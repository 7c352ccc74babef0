# Schedules: events at their times, rows of queries, owners, times that were missed, and what goes wrong.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $db = 'desk';
my $node = Respond::node('schedules', restart_after_crash => 'on', 'pg_respond.rule_timeout' => '5s');
my $other = Respond::node('schedules_elsewhere');
Respond::create_extension($node, $db);

sub value { return $node->safe_psql($db, $_[0]) }

# add(name, cron, type, column => value...)
sub add
{
	my ($name, $cron, $type, %more) = @_;
	my %row = (name => $name, cron => $cron, event_type => $type, %more);
	my @columns = sort keys %row;

	return value(sprintf('INSERT INTO respond.schedule (%s) VALUES (%s)', join(', ', @columns), join(', ', map { Respond::quote_literal($row{$_}) } @columns)));
}

sub has { my ($condition, @more) = @_; return Respond::wait_until($node, $db, $condition =~ /^SELECT/ ? $condition : "SELECT $condition", @more) }

sub offset
{
	my ($hours) = @_;

	value("ALTER SYSTEM SET pg_respond.clock_offset = '" . $hours * 3600 * 1000 . "'");
	return $node->reload;
}

# ledger(type): whether each second from the first event of a type to its last is told exactly once, alone or in a missed.
sub ledger
{
	my ($type) = @_;

	return qq{(SELECT count(*) = count(DISTINCT "time") AND sum(coalesce((data ->> 'missed')::integer, 1)) - min(CASE WHEN first THEN coalesce((data ->> 'missed')::integer, 1) END)
		= extract(epoch FROM max("time") - min("time")) FROM (SELECT *, row_number() OVER (ORDER BY "time") = 1 AS first FROM respond.event WHERE type = '$type') AS e)};
}

# The cases of the libraries, with the server's own time zones.
open(my $file, '<', "$FindBin::RealBin/../unit/cron_cases.tsv") or die $!;
my @cases = map { chomp; [ split /\t/ ] } grep { !/^#/ } <$file>;
close $file;
my $rows = join(",\n", map {
		my ($suite, $cron, $zone, $after, $theirs, $ours) = @$_;
		'(' . join(', ', map { "E'" . s/'/''/gr . "'" } $cron, $zone, $after, defined $ours ? $ours : $theirs) . ')' } @cases);
value(qq{CREATE FUNCTION answer(cron text, zone text, after text) RETURNS text LANGUAGE plpgsql AS \$\$
	BEGIN
		RETURN coalesce(to_char(respond.cron_next(cron, zone, (after || '+00')::timestamptz) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), 'never');
	EXCEPTION WHEN SQLSTATE 'RS001' THEN
		RETURN 'error:' || coalesce(substring(SQLERRM FROM '^cron: ([a-z ]+):'), '');
	END \$\$;
	CREATE TABLE cron_case (cron text, zone text, after text, wanted text)});
value("INSERT INTO cron_case VALUES $rows");
is(value(q{SELECT string_agg(format('%s in %s after %s: %s, not %s', cron, zone, after, answer(cron, zone, after), wanted), E'\n') FROM cron_case
	WHERE zone IN (SELECT name FROM pg_timezone_names) AND CASE
		WHEN wanted = 'parses' THEN answer(cron, zone, after) LIKE 'error%'
		WHEN wanted = 'error:' THEN answer(cron, zone, after) NOT LIKE 'error:%'
		WHEN wanted LIKE 'not:%' THEN answer(cron, zone, after) = substr(wanted, 5) OR answer(cron, zone, after) LIKE 'error:%'
		ELSE answer(cron, zone, after) <> wanted END}), '', 'cron_next() gives what the libraries give, or what the list says');

# Each second, once, and soon.  The clock was asleep when the schedule came.
add('second', '* * * * * *', 'tick.second', data => '{"a": 1, "scheduled_for": "mine"}');
has(q{SELECT count(*) >= 4 FROM respond.event WHERE type = 'tick.second'}, 'a schedule fires each second');
is(value(q{SELECT bool_and(data = jsonb_build_object('a', 1, 'scheduled_for', to_char("time" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS+00:00'))
	AND actor = 'schedule:second' AND date_trunc('second', "time") = "time" AND recorded_at >= "time") FROM respond.event WHERE type = 'tick.second'}), 't', 'its data tell the time');
is(value('SELECT ' . ledger('tick.second')), 't', 'no second is left out, none comes twice');
is(value(q{SELECT min(recorded_at - "time") < '50 ms' FROM respond.event WHERE type = 'tick.second'}), 't', 'it is recorded a moment after its time');
is(value(q{SELECT next_at > now() - interval '5 s' AND last_at = next_at - interval '1 second' AND failures = 0 FROM respond.schedule}), 't', 'the row tells the last and the next time');
is(value(q{SELECT count(*) FROM respond.audit_log WHERE object_type = 'schedule'}), '1', 'firing is not put on record as a change');

# Rows of a query, as whose owner it runs, and a rule that acts on them.
value(q{CREATE ROLE ann; CREATE ROLE ben; GRANT respond_admin TO ann, ben; CREATE TABLE stock (sku text, amount integer, since timestamptz DEFAULT '2020-01-01'); GRANT SELECT ON stock TO ann;
	INSERT INTO stock VALUES ('a', 1), ('b', 20), ('c', 2)});
Respond::add_rule($node, $db, 'order more', 'stock.low', [ { action => 'ticket', key => 'stock/{{data.sku}}', subject => 'Order {{data.sku}} at {{time}}, {{data.who}}' } ]);
my $query = 'SELECT sku, amount, current_user AS who, {{data.level}}::text AS level FROM public.stock WHERE amount < {{data.level}}::integer AND since < time ORDER BY sku';
add('low', '*/2 * * * * *', 'stock.low', owner => 'ann', data => '{"level": 5}', subject => 'stock/{{data.sku}}', query => $query);
add('forbidden', '*/2 * * * * *', 'stock.low', owner => 'ben', data => '{"level": 5}', query => $query);
has(q{SELECT count(DISTINCT "time") >= 2 FROM respond.event WHERE type = 'stock.low'}, 'a query fires as well');
is(value(q{SELECT DISTINCT string_agg(format('%s %s', subject, data), ', ' ORDER BY id) FROM respond.event WHERE type = 'stock.low' GROUP BY "time"}),
	'stock/a {"sku": "a", "who": "ann", "level": "5", "amount": 1}, stock/c {"sku": "c", "who": "ann", "level": "5", "amount": 2}', 'with an event for each row, which is its data');
has(q{SELECT array_agg(key ORDER BY key) = '{stock/a,stock/c}' FROM respond.ticket}, 'rules act on them');
has(q{SELECT count(*) >= 2 FROM respond.run WHERE rule = 'schedule:forbidden' AND status = 'failed' AND error::text LIKE 'permission denied for table stock%'}, 'what the owner may not read is a failed run');
is(value(q{SELECT data ->> 'rule' || ' ' || (data ->> 'error') FROM respond.event WHERE type = 'run.failed' ORDER BY id LIMIT 1}) =~ s/run \d+$/run N/r,
	'schedule:forbidden query: insufficient_privilege (SQLSTATE 42501); the owner of the rule and superusers see the message in run N', 'and an event, without what others may not read');
like(value(q{SELECT message FROM respond.health() WHERE "check" = 'schedules' AND NOT ok}), qr/"forbidden" \(\d+ times in a row\)/, 'health() names the schedule');
is(value(q{SET ROLE ann; SELECT count(*) > 0 AND bool_and(error::text LIKE 'query: insufficient_privilege%') FROM respond.run WHERE rule = 'schedule:forbidden'}), 't', 'another role does not see the message');
is(value(q{SET ROLE ben; SELECT bool_and(error::text LIKE 'permission denied%') FROM respond.run WHERE rule = 'schedule:forbidden'}), 't', 'the owner does');
{
	my ($result, $stdout, $stderr) = $node->psql($db, q{SELECT respond.retry_run(min(id)) FROM respond.run WHERE rule = 'schedule:forbidden'});

	like($stderr, qr/run \d+ cannot be continued: it is the query of a schedule, and no run of a rule\nHINT:  The schedule runs its query again at its next time\./, 'and it is said that there is nothing to retry');
}
value('GRANT SELECT ON stock TO ben');
has(q{SELECT ok FROM respond.health() WHERE "check" = 'schedules'}, 'and it is over when the schedule fires well');
value(q{DELETE FROM respond.schedule WHERE name IN ('low', 'forbidden')});

# Slow queries, and rows that somebody holds, are no matter of other schedules.
my $holder = Respond::session($node, $db);
add('held', '*/2 * * * * *', 'tick.held');
has(q{SELECT count(*) > 0 FROM respond.event WHERE type = 'tick.held'}, 'a schedule that will be held fires');
$holder->query_safe('BEGIN');
$holder->query_safe(q{UPDATE respond.schedule SET description = 'held' WHERE name = 'held'});
add('slow', '*/3 * * * * *', 'tick.slow', query => q{SELECT 1 AS one FROM pg_catalog.pg_sleep(2.5)});
has(q{SELECT count(*) >= 2 FROM respond.event WHERE type = 'tick.slow'}, 'a slow query is run');
is(value('SELECT ' . ledger('tick.second')), 't', 'no second is lost meanwhile');
is(value(q{SELECT count(*) FROM respond.event WHERE type = 'tick.second' AND data ? 'missed'}), '0', 'late times were not missed: each fires');
is(value(q{SELECT count(*) = 0 FROM respond.event AS e, respond.schedule AS s WHERE s.name = 'held' AND e.type = 'tick.held' AND e."time" > s.last_at}), 't', 'a row that somebody holds waits');
my $scans = q{SELECT seq_scan FROM pg_stat_user_tables WHERE relid = 'respond.schedule'::regclass};
my $scanned = value($scans);
Respond::beat($node);
cmp_ok(value($scans) - $scanned, '<', 10, 'and is not looked for in the whole table meanwhile');
$holder->query_safe('COMMIT');
$holder->quit;
has(q{SELECT count(*) > 0 FROM respond.event AS e, respond.schedule AS s WHERE e.type = 'tick.held' AND s.name = 'held' AND e."time" > s.created_at + interval '4 seconds'}, 'and fires when it is free');
value(q{DELETE FROM respond.schedule WHERE name IN ('slow', 'held')});

# A query that takes too long, returns too much, or that the process dies of.
add('endless', '*/2 * * * * *', 'x', query => 'SELECT 1 FROM pg_catalog.pg_sleep(600)');
add('huge', '*/2 * * * * *', 'x', query => 'SELECT g FROM pg_catalog.generate_series(1, 100001) AS g');
add('deadly', '*/2 * * * * *', 'x', query => 'SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())');
has(q{SELECT array_agg(DISTINCT rule || ': ' || substring(error::text FROM '^[^\n]*') ORDER BY rule || ': ' || substring(error::text FROM '^[^\n]*'))
	= ARRAY['schedule:deadly: query: the process that ran it died 2 times', 'schedule:endless: SQL was canceled after 5000 ms', 'schedule:huge: the query returned more than can be taken at once']
	FROM respond.run WHERE rule IN ('schedule:endless', 'schedule:huge', 'schedule:deadly')}, 'bad queries are failed runs')
  || diag(value(q{SELECT rule, error FROM respond.run WHERE rule LIKE 'schedule:%' AND status = 'failed'}));
value(q{DELETE FROM respond.schedule WHERE name IN ('endless', 'huge', 'deadly')});
value(q{CREATE FUNCTION meddle() RETURNS integer LANGUAGE sql AS $$ UPDATE respond.schedule SET description = clock_timestamp()::text WHERE name = 'meddling' RETURNING 1 $$});
add('meddling', '*/2 * * * * *', 'x', query => 'SELECT public.meddle()');
has(q{SELECT count(*) >= 1 FROM respond.run WHERE rule = 'schedule:meddling' AND status = 'failed' AND error::text LIKE 'the row of the schedule changes%'}, 'and so is one that changes its own row');
has(q{SELECT tries = 0 AND description IS NULL FROM respond.schedule WHERE name = 'meddling'}, 'of which the process has not died');
value(q{DELETE FROM respond.schedule WHERE name = 'meddling'});
is(value(q{SELECT count(*) FROM respond.event WHERE type = 'x'}), '0', 'and record no event');
has('SELECT max("time") > now() - interval \'2 s\' FROM respond.event WHERE type = \'tick.second\'', 'the clock lives on');
is(value('SELECT ' . ledger('tick.second')), 't', 'each second was told once');

# kill -9, at any moment.
for my $round (1 .. 4)
{
	my $seen = value(q{SELECT coalesce(max(id), 0) FROM respond.event WHERE type = 'tick.second'});

	Respond::crash_worker($node, $db, $round % 2 ? 'clock' : 'dispatcher');
	has("SELECT count(*) > 0 FROM respond.event WHERE type = 'tick.second' AND id > $seen", "after kill -9 number $round it goes on");
}
is(value('SELECT ' . ledger('tick.second')), 't', 'after kill -9 no second was lost, none came twice');

# Turned off and on, or with other times: what passed meanwhile is not caught up.
value(q{UPDATE respond.schedule SET enabled = false});
has(q{SELECT next_at IS NULL FROM respond.schedule}, 'a schedule that is turned off has no next time');
my $count = value(q{SELECT count(*) FROM respond.event WHERE type = 'tick.second'});
Respond::beat($node);
is(value(q{SELECT count(*) FROM respond.event WHERE type = 'tick.second'}), $count, 'and does not fire');
value(q{UPDATE respond.schedule SET enabled = true});
has("SELECT count(*) >= $count + 2 FROM respond.event WHERE type = 'tick.second'", 'turned on, it fires again');
is(value(q{SELECT count(*) FROM respond.event WHERE type = 'tick.second' AND "time" < (SELECT updated_at FROM respond.schedule) AND recorded_at > (SELECT updated_at FROM respond.schedule)}), '0', 'for no time before that');
value(q{DELETE FROM respond.schedule});

# Made and unmade in transactions of all kinds.
$node->safe_psql($db, q{BEGIN; INSERT INTO respond.schedule (name, cron, event_type) VALUES ('undone', '* * * * * *', 'tick.undone'); ROLLBACK;
	BEGIN; SAVEPOINT a; INSERT INTO respond.schedule (name, cron, event_type) VALUES ('undone', '* * * * * *', 'tick.undone'); ROLLBACK TO a; COMMIT});
$holder = Respond::session($node, $db);
$holder->query_safe('BEGIN');
my $first = $holder->query_safe(q{INSERT INTO respond.schedule (name, cron, event_type) VALUES ('open', '* * * * * *', 'tick.open') RETURNING next_at});
has("SELECT now() > '$first'", 'a time passes before the schedule is committed');
$holder->query_safe('COMMIT');
$holder->quit;
has("SELECT count(*) = 1 FROM respond.event WHERE type = 'tick.open' AND \"time\" = '$first'", 'and fires after that');
value(q{DELETE FROM respond.schedule WHERE name = 'open'});
value(q{BEGIN; INSERT INTO respond.schedule (name, cron, event_type) VALUES ('prepared', '* * * * * *', 'tick.prepared'); PREPARE TRANSACTION 'p'});
Respond::beat($node);
value(q{COMMIT PREPARED 'p'});
has(q{SELECT count(*) >= 2 FROM respond.event WHERE type = 'tick.prepared'}, 'COMMIT PREPARED wakes the clock');
is(value(q{SELECT count(*) FROM respond.event WHERE type = 'tick.undone'}), '0', 'what was rolled back does not fire');
my $odd = q(E'odd ''"{{\\ \u00e4');
value("UPDATE respond.schedule SET name = $odd, event_type = 'tick.odd', data = '{\"x\": null}'");
has("SELECT count(*) >= 1 FROM respond.event WHERE type = 'tick.odd' AND actor = 'schedule:' || $odd", 'a name may be odd');
value(q{TRUNCATE respond.schedule});
$count = value(q{SELECT count(*) FROM respond.event});
Respond::beat($node);
is(value(q{SELECT count(*) FROM respond.event}), $count, 'after TRUNCATE nothing fires');

# An old snapshot, under which no row that was ever there is forgotten, makes nothing slower: the row is reached by its place.
$holder = Respond::session($node, $db);
$holder->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$holder->query_safe('SELECT 1');
add('second', '* * * * * *', 'tick.old');
has(q{SELECT count(*) >= 3 FROM respond.event WHERE type = 'tick.old'}, 'it fires under an old snapshot');
$holder->query_safe('COMMIT');
$holder->quit;
is(value(q{SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes WHERE relid = 'respond.schedule'::regclass AND idx_tup_read > 100000}), '0', 'without a look into an index');

# A dump elsewhere: nothing fires before release(), then what was missed fires once, as the owner of that name.
value(q{DELETE FROM respond.schedule; GRANT SELECT ON stock TO ann});
add('second', '* * * * * *', 'copy.second');
add('of ann', '* * * * * *', 'copy.rows', owner => 'ann', query => 'SELECT current_user AS who');
my $dump = $node->basedir . '/schedules.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr($db) ], 'dumped');
value(q{DELETE FROM respond.schedule});
$other->safe_psql('postgres', 'CREATE ROLE filler; CREATE ROLE ben; CREATE ROLE ann; CREATE DATABASE copy');
$other->command_ok([ 'pg_restore', '-d', $other->connstr('copy'), $dump ], 'restored');
my $before = $other->safe_psql('copy', q{SELECT count(*) FROM respond.event WHERE type LIKE 'copy.%'});
Respond::wait_until($other, 'copy', q{SELECT count(*) = 2 FROM respond.schedule WHERE next_at < now()}, 'times pass in the copy');
Respond::beat($other);
is($other->safe_psql('copy', q{SELECT count(*) FROM respond.event WHERE type LIKE 'copy.%'}), $before, 'and nothing fires while it holds');
$other->safe_psql('copy', 'SELECT respond.release()');
Respond::wait_until($other, 'copy', q{SELECT count(*) = 1 FROM respond.event WHERE type = 'copy.second' AND data ? 'missed'}, 'released, what was missed fires once');
Respond::wait_until($other, 'copy', q{SELECT count(*) > 0 AND bool_and(data = '{"who": "ann"}') FROM respond.event WHERE type = 'copy.rows' AND recorded_at > (SELECT max(created_at) FROM respond.schedule)}, 'and the query runs as the owner of that name');
Respond::wait_until($other, 'copy', q{SELECT owner_id = 'ann'::regrole FROM respond.schedule WHERE name = 'of ann'}, 'whose number here is entered');
$other->safe_psql('copy', 'DROP OWNED BY ann; DROP ROLE ann');
Respond::wait_until($other, 'copy', q{SELECT count(*) > 0 FROM respond.run WHERE rule = 'schedule:of ann' AND status = 'failed' AND error::text LIKE 'owner: role "ann" does not exist%'}, 'a schedule whose owner is gone fails');

# Times that were missed on hold: once, as the last of them; each; or not at all.  The hourly one is half an hour away, and
# stays so while time is moved by whole hours.
value(q{DELETE FROM respond.schedule});
my $minute = value(q{SELECT (extract(minute FROM now())::integer + 30) % 60});
add($_, "$minute * * * *", "missed.$_", catch_up => $_, max_catch_up => 3) for 'once', 'all', 'none';
add("second $_", '* * * * * *', "flood.$_", catch_up => 'all', max_catch_up => $_) for 3000, 10;
value(q{SELECT respond.hold('test')});
has(q{SELECT count(*) = 3 FROM respond.worker WHERE state = 'holding'}, 'the workers hold');
offset(5);
Respond::beat($node);
is(value(q{SELECT count(*) FROM respond.event WHERE type LIKE 'missed.%'}), '0', 'on hold nothing is recorded');
value(q{SELECT respond.release()});

# missed(type): what its events told, in order.
sub missed { return "(SELECT string_agg(coalesce(data ->> 'missed', 'none'), ' ' ORDER BY \"time\") FROM respond.event WHERE type = '$_[0]')" }

for my $most (3000, 10)
{
	has("SELECT count(*) = $most AND count(*) FILTER (WHERE (data ->> 'missed')::integer > 1) = 1
		AND count(DISTINCT \"time\") = $most FROM respond.event WHERE type = 'flood.$most' AND data ? 'missed'", "$most times that were missed fire each");
}
cmp_ok(value(q{SELECT count(*) FROM respond.event WHERE type = 'flood.3000' AND data ? 'missed' AND id < (SELECT max(id) FROM respond.event WHERE type = 'flood.10' AND data ? 'missed')}),
	'<', 50, 'in turns: ten are not behind thousands that were due earlier');
value(q{DELETE FROM respond.schedule WHERE name LIKE 'second %'});
has(missed('missed.once') . q{ = '5'}, 'times that were missed fire once');
has(missed('missed.all') . q{ = '3 1 1'}, 'or the last of them each');
has(q{SELECT next_at > respond_internal.clock_start() AND next_at <= respond_internal.clock_start() + interval '1 hour' AND last_at IS NULL FROM respond.schedule WHERE name = 'none'}, 'or not at all');
is(value(q{SELECT count(*) FROM respond.event WHERE type = 'missed.none'}), '0', 'which is no event');
is(value(q{SELECT count(DISTINCT next_at) FROM respond.schedule}), '1', 'all go on at the same time');
is(value(q{SELECT max("time") = (SELECT next_at - interval '1 hour' FROM respond.schedule WHERE name = 'once') FROM respond.event WHERE type = 'missed.once'}), 't', 'it fired as the last of them');

# The same when the server was down.
$node->stop;
Respond::configure($node, 'pg_respond.clock_offset' => 7 * 3600 * 1000);
unlink $node->data_dir . '/postgresql.auto.conf' or die $!;
$node->start;
Respond::wait_workers($node, $db);
has(missed('missed.once') . q{ = '5 2'}, 'what passed while the server was down fires once');

# Time that is set ahead while the clock runs, and back: once, and not again.
offset(31);
has(missed('missed.once') . q{ = '5 2 24'}, 'time that jumps a day ahead fires once');
add('behind', '30 0 1 1 *', 'tick.behind');
offset(30);
# it goes by the time that was, and so does one that is turned on meanwhile
value(q{UPDATE respond.schedule SET enabled = false WHERE name = 'once'; UPDATE respond.schedule SET enabled = true WHERE name = 'once'});
value(q{BEGIN; ALTER TABLE respond.schedule DISABLE TRIGGER schedule_validate; UPDATE respond.schedule SET next_at = now() WHERE name = 'behind';
	ALTER TABLE respond.schedule ENABLE ALWAYS TRIGGER schedule_validate; COMMIT});
Respond::beat($node);
is(value('SELECT ' . missed('missed.once')), '5 2 24', 'time that goes back fires nothing again');
is(value(q{SELECT count(*) FROM respond.event WHERE type = 'tick.behind'}), '0', 'nor what is due');
offset(32);
has(missed('missed.once') . q{ = '5 2 24 1'}, 'and it goes on when time has caught up, without a time that it fired at before');
has(q{SELECT count(*) = 1 FROM respond.event WHERE type = 'tick.behind'}, 'as does what was due');
value(q{DELETE FROM respond.schedule WHERE name = 'behind'});
is(value(q{SELECT count(*) = count(DISTINCT "time") FROM respond.event WHERE type = 'missed.once'}), 't', 'no time fired twice');

# An earlier time that is accepted: schedules go by it from then on.
offset(33);
has(missed('missed.once') . q{ = '5 2 24 1 1'}, 'it fires once more');
offset(0);
has(q{SELECT NOT ok FROM respond.health() WHERE "check" = 'time'}, 'time that goes far back is told');
add('lost zone', '0 * * * *', 'x');
value(q{BEGIN; ALTER TABLE respond.schedule DISABLE TRIGGER schedule_validate; UPDATE respond.schedule SET timezone = 'Mars/Phobos', next_at = now() + interval '9 days' WHERE name = 'lost zone';
	ALTER TABLE respond.schedule ENABLE ALWAYS TRIGGER schedule_validate; COMMIT});
my ($code, $out, $error) = $node->psql($db, 'SELECT respond.accept_clock()');
like($error, qr/WARNING:  schedule "lost zone" keeps its next time/, 'a schedule whose zone the server has lost is named');
value(q{DELETE FROM respond.schedule WHERE name = 'lost zone'});
is(value(q{SELECT count(DISTINCT next_at) = 1 AND bool_and(next_at BETWEEN now() AND now() + interval '1 hour') FROM respond.schedule}), 't', 'with an earlier time that is accepted schedules have the next time from there');
add('second', '* * * * * *', 'tick.accepted');
has(q{SELECT count(*) >= 2 FROM respond.event WHERE type = 'tick.accepted'}, 'and fire');
offset(20 / 3600);
has(q{SELECT EXISTS (SELECT FROM respond.event WHERE type = 'tick.accepted' AND (data ->> 'missed')::integer >= 15)}, 'what a jump of a few seconds left out was missed as well');

$_->stop for $node, $other;
done_testing();
