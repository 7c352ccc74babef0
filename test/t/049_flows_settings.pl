# What people do to runs by hand does not depend on the settings of their sessions.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use JSON::PP ();

my $db = 'flows';
my $node = Respond::node('flows');
Respond::create_extension($node, $db);
$node->safe_psql($db, q{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	CREATE SCHEMA eve; GRANT USAGE ON SCHEMA eve TO PUBLIC;
	CREATE FUNCTION eve.wrong(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'eve was here'; END $$;
	CREATE OPERATOR eve.= (LEFTARG = text, RIGHTARG = text, FUNCTION = eve.wrong);
	CREATE FUNCTION eve.wrong(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'eve was here'; END $$;
	CREATE OPERATOR eve.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = eve.wrong)});
Respond::add_rule($node, $db, 'asks', 'asks', [
	{ action => 'wait', name => 'w', event_type => 'never', for => '1 day 2 hours' },
	{ action => 'approve', name => 'ask', question => '{{steps.w.at}}?', approvers => 'ann', self_approval => JSON::PP::true, for => '36 hours', on_reject => 'stop' },
	{ action => 'log', message => '{{steps.w.at}} {{steps.w.price}} {{steps.ask.decision}}' } ], start_roles => '{respond_agent}');
Respond::add_rule($node, $db, 'fails', 'fails', [ { action => 'fail', message => 'as it should' } ], start_roles => '{respond_agent}');

my %hostile = (
	standard_conforming_strings => 'off', DateStyle => 'SQL, DMY', IntervalStyle => 'sql_standard', TimeZone => 'Asia/Kathmandu',
	search_path => 'eve, pg_temp, pg_catalog', extra_float_digits => '-15', bytea_output => 'escape', xmlbinary => 'hex', xmloption => 'document',
	quote_all_identifiers => 'on', transform_null_equals => 'on', array_nulls => 'off', plan_cache_mode => 'force_generic_plan', enable_seqscan => 'off',
	enable_indexscan => 'off', enable_bitmapscan => 'off', default_transaction_isolation => 'serializable', 'plpgsql.variable_conflict' => 'error', jit => 'on');

# call(role, settings, statement): what it returns, or its error.
sub call
{
	my ($role, $settings, $sql) = @_;
	my $set = join('', map { "SET $_ = " . ($_ eq 'search_path' ? $settings->{$_} : Respond::quote_literal($settings->{$_})) . '; ' } sort keys %$settings);
	my ($out, $err);

	$node->psql($db, "$set$sql", extra_params => [ '-U', $role ], stdout => \$out, stderr => \$err);
	return $err ne '' ? $err : $out;
}

sub at { my ($run, $status, $step) = @_; return Respond::wait_until($node, $db, "SELECT status = '$status'" . ($step ? " AND step = '$step'" : '') . " FROM respond.run WHERE id = $run", "run $run: $status") }

# passage(role, settings, key): all that can be done to runs, as text without their numbers.
sub passage
{
	my ($role, $settings, $key) = @_;
	my @said;
	my $say = sub { push @said, call($role, $settings, $_[0]) };
	my $run = call($role, $settings, qq{SELECT respond.start('asks', '{"x": 1.50}', 'a/$key', '$key')});

	like($run, qr/^\d+$/, "$key: a run is started") or return $run;
	at($run, 'waiting', 'w');
	is(call($role, $settings, "SELECT respond.start('asks', key => '$key')"), $run, "$key: and found again by its key");
	$say->("SELECT respond.pause_run($run)");
	$say->("SELECT respond.resume_run($run)");
	$say->(qq{SELECT respond.signal($run, 'w', '{"at": "2026-01-02", "price": 0.30000000000000004}')});
	at($run, 'waiting', 'ask');
	my $id = $node->safe_psql($db, "SELECT id FROM respond.approval WHERE run_id = $run");
	$say->("SELECT pg_catalog.count(*), pg_catalog.min(question) FROM respond.approval WHERE run_id OPERATOR(pg_catalog.=) $run");
	$say->("SELECT respond.decide('$id', 'approve', 'it''s fine')");
	at($run, 'succeeded');
	my $failed = call($role, $settings, qq{SELECT respond.start('fails', '{}', 'f/$key')});
	at($failed, 'failed');
	$say->("SELECT respond.retry_run($failed, 'steps[0]')");
	Respond::wait_until($node, $db, "SELECT status = 'failed' AND attempt = 2 FROM (SELECT r.status, (SELECT count(*) FROM respond.event AS e WHERE e.type = 'run.failed' AND (e.data->>'run_id')::bigint = $failed) AS attempt FROM respond.run AS r WHERE r.id = $failed) AS r",
		"$key: it fails once more");
	my $cancelled = call($role, $settings, qq{SELECT respond.start('asks', '{}', 'c/$key', '$key')});
	at($cancelled, 'waiting', 'w');
	$say->("SELECT respond.cancel_run($cancelled, 'enough')");
	at($cancelled, 'cancelled');
	push @said, $node->safe_psql($db, "SELECT string_agg(concat_ws(' ', outcome, step, round(extract(epoch FROM due_at - since))), ', ' ORDER BY decided_at, step) FROM (SELECT DISTINCT * FROM respond.wait_decision WHERE run_id IN ($run, $cancelled)) AS d");
	push @said, $node->safe_psql($db, "SELECT state->>'_log' FROM respond.run WHERE id = $run");
	return join("\n", @said);
}

for my $role ('ann', scalar getpwuid($<))
{
	if ($role ne 'ann')
	{
		$node->safe_psql($db, q{UPDATE respond.rule SET steps = pg_catalog.replace(steps::text, '"ann"', '"} . $role . q{"')::jsonb WHERE name = 'asks'});
	}
	my $plain = passage($role, { search_path => 'pg_catalog' }, "$role plain");

	like($plain, qr/\["2026-01-02 \S+ approve"\]$/, "$role: all of it is done") or diag($plain);
	is(passage($role, \%hostile, "$role hostile"), $plain, "$role: and the same with other settings");
}

# That a session is read-only is its own.
like(call('ann', { default_transaction_read_only => 'on' }, "SELECT respond.start('fails')"), qr/read-only transaction/, 'a read-only session starts nothing');

$node->stop;
done_testing();
