# Rows that somebody else's session writes: what a subscription applies gives events where the watch asks for
# it, and a data-only restore gives none.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $publisher = Respond::node('publisher', init => [ allows_streaming => 'logical' ], fsync => 'off');
my $subscriber = Respond::node('subscriber', fsync => 'off');
my $source = 'host=' . $publisher->host . ' port=' . $publisher->port . ' dbname=postgres';

# recorded(type): what was recorded of a type on the subscriber, in order.
sub recorded
{
	my ($type) = @_;

	return $subscriber->safe_psql('postgres', q{SELECT string_agg(concat_ws(' ', data->>'op', subject), ', ' ORDER BY id) FROM respond.event WHERE type = } . Respond::quote_literal($type));
}

$publisher->safe_psql('postgres', $_) for q{CREATE TABLE item (id integer PRIMARY KEY, v text)}, q{CREATE TABLE part (id integer PRIMARY KEY, v text)},
  q{CREATE TABLE other (id integer PRIMARY KEY, v text)}, q{INSERT INTO item VALUES (1, 'before')}, q{CREATE PUBLICATION everything FOR ALL TABLES};
Respond::create_extension($subscriber, 'postgres');
$subscriber->safe_psql('postgres', q{
	CREATE TABLE item (id integer PRIMARY KEY, v text);
	CREATE TABLE other (id integer PRIMARY KEY, v text);
	CREATE TABLE part (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
	CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (100);
	SELECT respond.watch('item', 'here'), respond.watch('item', 'far', '{INSERT,UPDATE,DELETE,TRUNCATE}', replicated => true),
		respond.watch('item', 'far high', condition => '10 / (NEW.id - 5) > 1', replicated => true),
		respond.watch('part', 'part', replicated => true), respond.watch('other');
	CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (100) TO (200);
	});
$subscriber->safe_psql('postgres', qq{CREATE SUBSCRIPTION s CONNECTION '$source' PUBLICATION everything});
$subscriber->wait_for_subscription_sync($publisher, 's');
is(recorded('far'), 'INSERT item/1', 'rows that are copied at the start count');

$publisher->safe_psql('postgres', $_) for q{INSERT INTO item VALUES (2, 'x'), (5, 'raises'), (7, 'high')}, q{UPDATE item SET v = 'y' WHERE id = 1},
  q{DELETE FROM item WHERE id = 2}, q{INSERT INTO part VALUES (1, 'a'), (101, 'b')}, q{UPDATE part SET v = 'c'}, q{INSERT INTO other VALUES (1)}, q{TRUNCATE item};
$publisher->wait_for_catchup('s');
is(recorded('far'), 'INSERT item/1, INSERT item/2, INSERT item/5, INSERT item/7, UPDATE item/1, DELETE item/2, TRUNCATE', 'what is applied gives events in its order');
is(recorded('far high'), 'INSERT item/5, INSERT item/7', 'with a condition, also one that fails');
is(recorded('part'), 'INSERT part/1, INSERT part/101, UPDATE part/1, UPDATE part/101', 'in partitions too, also in one that came later');
is(recorded('here') . recorded('other.inserted'), '', 'other watches are for what is written here');
is($subscriber->safe_psql('postgres', q{SELECT count(DISTINCT actor) FROM respond.event WHERE type LIKE 'far%'}), '1', 'the owner of the subscription is the actor');
is($subscriber->safe_psql('postgres', q{SELECT string_agg(type, ', ' ORDER BY type) FROM respond.watched WHERE replicated}), 'far, far high, part', 'the list says which they are');

$subscriber->safe_psql('postgres', q{INSERT INTO item VALUES (9, 'local')});
is(recorded('here'), 'INSERT item/9', 'what is written here counts for both');
like(recorded('far'), qr/INSERT item\/9$/, 'as it does without a subscription');
$subscriber->safe_psql('postgres', q{SELECT respond.watch('item', 'far', '{INSERT,UPDATE,DELETE,TRUNCATE}')});
$publisher->safe_psql('postgres', q{INSERT INTO item VALUES (10, 'x')});
$publisher->wait_for_catchup('s');
unlike(recorded('far'), qr/item\/10/, 'a watch that is made anew without it is for what is written here');

# --- a data-only restore, in each form, by a superuser and by the owner
$subscriber->safe_psql('postgres', q{DROP SUBSCRIPTION s});
$subscriber->safe_psql('postgres', $_) for q{CREATE ROLE keeper LOGIN}, q{ALTER TABLE other OWNER TO keeper}, q{TRUNCATE item, other}, q{CREATE ROLE writer LOGIN}, q{GRANT INSERT ON other TO writer};
$publisher->safe_psql('postgres', q{TRUNCATE item, other});
$publisher->safe_psql('postgres', q{INSERT INTO item SELECT n, 'x' FROM generate_series(1, 50) AS n});
$publisher->safe_psql('postgres', q{INSERT INTO other SELECT n, 'x' FROM generate_series(1, 50) AS n});
my $dump = $publisher->basedir . '/data';
my $count = q{SELECT count(*) FROM respond.event};
my $before = $subscriber->safe_psql('postgres', $count);

$publisher->command_ok([ 'pg_dump', '--data-only', '-Fc', '-f', "$dump.custom", '-t', 'item', 'postgres' ], 'dump');
$publisher->command_ok([ 'pg_dump', '--data-only', '--inserts', '-f', "$dump.sql", '-t', 'other', '-d', $source ], 'dump as INSERTs');
$subscriber->command_ok([ 'pg_restore', '--data-only', '-d', $subscriber->connstr('postgres'), "$dump.custom" ], 'restore');
$subscriber->command_ok([ 'psql', '-X', '-q', '-U', 'keeper', '-v', 'ON_ERROR_STOP=1', '-d', $subscriber->connstr('postgres'), '-f', "$dump.sql" ], 'restore by the owner');
is($subscriber->safe_psql('postgres', 'SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM other)'), '50|50', 'the rows are there');
is($subscriber->safe_psql('postgres', $count), $before, 'a data-only restore records no events');
$subscriber->safe_psql('postgres', q{SET search_path = ''; SET check_function_bodies = off; INSERT INTO public.other VALUES (1000)}, extra_params => [ '-U', 'writer' ]);
is($subscriber->safe_psql('postgres', $count), $before + 1, 'nobody else can write unrecorded by looking like one');
$subscriber->safe_psql('postgres', q{INSERT INTO other VALUES (1001)});
is($subscriber->safe_psql('postgres', $count), $before + 2, 'afterwards all is as before');

done_testing();
