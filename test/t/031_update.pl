# ALTER EXTENSION ... UPDATE from each earlier version: with what users had in it, and to what a new installation has.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

# The partitions of 2020 stay, so that the clock does not drop them while they are looked at.
my $node = Respond::node('main', max_worker_processes => 40, 'pg_respond.max_workers' => 24, 'pg_respond.event_retention' => -1);
Respond::create_extension($node, 'fresh');
my $version = $node->safe_psql('fresh', 'SELECT respond_internal.library_version()');

# What lies in src/shapes.c and in the scripts cannot be compared by eye: every object is.
sub catalog_of
{
	my ($db) = @_;
	my ($code, $out, $error) = $node->psql($db, "\\i $FindBin::RealBin/../updates/catalog.sql", on_error_die => 1);

	$out =~ s{reporter=\w+/\w+,?}{}g;
	return [ sort split /\n/, $out ];
}

sub differences
{
	my ($old, $new) = @_;
	my %in_old = map { $_ => 1 } @$old;
	my %in_new = map { $_ => 1 } @$new;

	return join "\n", (map { "only updated: $_" } grep { !$in_new{$_} } @$old), map { "only new: $_" } grep { !$in_old{$_} } @$new;
}

# Partitions are made like the default one when they are made; those of the old version are not made again.
my $unlike = q{
	WITH part AS (SELECT i.inhparent, i.inhrelid AS id, c.relname LIKE '%\_default' AS is_default, c.relname, c.relreplident
	  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid JOIN pg_class AS p ON p.oid = i.inhparent AND p.relnamespace = 'respond'::regnamespace),
	thing AS (
		SELECT p.inhparent, p.id, 'index ' || regexp_replace(pg_get_indexdef(x.indexrelid), '^CREATE (UNIQUE )?INDEX \S+ ON \S+', '\1') || x.indisreplident AS what
		  FROM part AS p JOIN pg_index AS x ON x.indrelid = p.id
		UNION ALL SELECT p.inhparent, p.id, format('column %s %s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
			   (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d WHERE d.adrelid = p.id AND d.adnum = a.attnum))
		  FROM part AS p JOIN pg_attribute AS a ON a.attrelid = p.id AND a.attnum > 0 AND NOT a.attisdropped
		UNION ALL SELECT p.inhparent, p.id, format('trigger %s %s %s', t.tgname, t.tgfoid::regproc, t.tgenabled)
		  FROM part AS p JOIN pg_trigger AS t ON t.tgrelid = p.id AND NOT t.tgisinternal
		UNION ALL SELECT p.inhparent, p.id, 'replica identity ' || p.relreplident::text FROM part AS p),
	lacks AS (
		SELECT p.relname, t.what FROM part AS p JOIN part AS d USING (inhparent) JOIN thing AS t ON t.id = d.id
		 WHERE d.is_default AND NOT p.is_default AND NOT EXISTS (SELECT FROM thing AS o WHERE o.id = p.id AND o.what = t.what)),
	has AS (
		SELECT p.relname, t.what FROM part AS p JOIN part AS d USING (inhparent) JOIN thing AS t ON t.id = p.id
		 WHERE d.is_default AND NOT p.is_default AND NOT EXISTS (SELECT FROM thing AS o WHERE o.id = d.id AND o.what = t.what))
	SELECT relname || ' lacks ' || what FROM lacks UNION ALL SELECT relname || ' has ' || what FROM has ORDER BY 1
};

my $fresh = catalog_of('fresh');
cmp_ok(scalar @$fresh, '>', 1000, 'the catalog of a new installation was read');

# Rows of the old version are written without its triggers: their code is that of the new library.
my $off = q{
	CREATE TEMPORARY TABLE switched ON COMMIT DROP AS
	SELECT t.tgrelid::regclass AS name, t.tgname, t.tgenabled FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
	 WHERE c.relnamespace IN ('respond'::regnamespace, 'respond_internal'::regnamespace) AND NOT t.tgisinternal AND t.tgparentid = 0;
	DO $$ DECLARE s record; BEGIN FOR s IN SELECT * FROM switched LOOP
		EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', s.name, s.tgname); END LOOP; END $$;
};
my $on = q{
	DO $$ DECLARE s record; BEGIN FOR s IN SELECT * FROM switched LOOP
		EXECUTE format('ALTER TABLE %s ENABLE %s TRIGGER %I', s.name, CASE s.tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END, s.tgname); END LOOP; END $$;
};
# The fixtures make no partitions: these are as the clock of the old version would have made them.
my $partitions = q{
	DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['run', 'delivery', 'attempt', 'audit_log'] LOOP
		EXECUTE format('CREATE TABLE respond_internal.%1$s_20000101_0000 (LIKE respond.%1$s_default INCLUDING ALL EXCLUDING IDENTITY)', t);
		IF t = 'audit_log' AND to_regproc('respond_internal.guard_audit_partition') IS NOT NULL THEN
			PERFORM respond_internal.guard_audit_partition('respond_internal.audit_log_20000101_0000');
		END IF;
		IF (SELECT relreplident FROM pg_class WHERE oid = ('respond.' || t || '_default')::regclass) = 'f' THEN
			EXECUTE format('ALTER TABLE respond_internal.%s_20000101_0000 REPLICA IDENTITY FULL', t);
		ELSIF (SELECT relreplident FROM pg_class WHERE oid = ('respond.' || t || '_default')::regclass) = 'i' THEN
			EXECUTE format('ALTER TABLE respond_internal.%1$s_20000101_0000 REPLICA IDENTITY USING INDEX %1$s_20000101_0000_id_idx', t);
		END IF;
		EXECUTE format('ALTER TABLE respond.%1$s ATTACH PARTITION respond_internal.%1$s_20000101_0000 FOR VALUES FROM (%2$L) TO (%3$L)', t, '2000-01-01', date_trunc('minute', now()) + '2 hours');
	END LOOP; END $$;
};
my $rows = q{
	INSERT INTO respond.team (name) VALUES ('billing');
	INSERT INTO respond.rule (name, event_type, steps, owner) VALUES
		('open', 'order.*', '[{"action": "ticket", "subject": "Order {{data.id}}", "team": "billing"}]', current_user),
		('send', 'order.*', '[{"action": "notify", "channel": "out", "text": "Order {{data.id}}"}]', current_user);
	INSERT INTO respond.channel_kind (name, transport, url, body) VALUES ('chat', 'http', 'https://chat.example/', '{"t": "{{{text}}}"}');
	INSERT INTO respond.mask (event_type, path) VALUES ('order.*', 'card');
	INSERT INTO respond.ticket (subject, key) VALUES ('an old ticket', 'old');
};
my %of_version = (
	'0.1' => q{
		CREATE TABLE respond_internal.event_20200101_0000 (LIKE respond.event_default INCLUDING ALL EXCLUDING IDENTITY);
		ALTER TABLE respond.event ATTACH PARTITION respond_internal.event_20200101_0000 FOR VALUES FROM ('2020-01-01') TO ('2020-01-02');
		INSERT INTO respond.channel (name, kind, url, enabled) VALUES ('out', 'webhook', 'https://receiver.example/', false), ('talk', 'chat', NULL, true);
		INSERT INTO respond.event (type, source, data, recorded_at, "time", actor, depth, xid)
		SELECT 'order.created', '/shop', jsonb_build_object('id', g), CASE WHEN g > 3 THEN now() ELSE '2020-01-01 12:00' END, now(), 'shop', 0, pg_current_xact_id()
		  FROM generate_series(1, 5) AS g;
		INSERT INTO respond_internal.event_key (source, key, id, recorded_at) VALUES ('/shop', 'K1', 1, now());
		INSERT INTO respond.run (rule, rule_version, event_id, status, state, error) VALUES ('open', 1, 1, 'failed', '{"a": 1}', 'it was so');
		INSERT INTO respond_internal.channel_secret (channel, sealed, set_at) VALUES ('out', '\x00', now());
		INSERT INTO respond.delivery (key, channel, rule, status, next_attempt_at, body) VALUES (gen_random_uuid(), 'out', 'send', 'pending', now(), '{}');
	},
	'0.1.0' => q{
		INSERT INTO respond.channel (name, kind, url, enabled, timeout, kind_id)
		SELECT c.name, k.name, c.url, c.name = 'talk', '15 s', k.id
		  FROM (VALUES ('out', 'webhook', 'https://receiver.example/'), ('talk', 'chat', NULL)) AS c (name, kind, url) JOIN respond.channel_kind AS k ON k.name = c.kind;
		UPDATE respond.rule SET owner_id = current_user::regrole, owner_system = (SELECT system_identifier FROM pg_control_system());
		INSERT INTO respond.event (type, source, data, recorded_at, "time", actor, depth, xid, incarnation)
		SELECT 'order.created', '/shop', jsonb_build_object('id', g), now(), now(), 'shop', 0, pg_current_xact_id(), respond_internal.incarnation()
		  FROM generate_series(1, 5) AS g;
		INSERT INTO respond_internal.event_key (source, key, id, recorded_at) VALUES ('/shop', 'K1', 1, now());
		INSERT INTO respond.run (rule, rule_version, event_id, status, state, error) VALUES ('open', 1, 1, 'failed', '{"a": 1}', 'it was so');
		INSERT INTO respond.delivery (key, channel, rule, status, next_attempt_at, body, channel_id)
		SELECT gen_random_uuid(), 'out', 'send', 'pending', now(), '{}', c.id FROM respond.channel AS c WHERE c.name = 'out';
	});

$node->safe_psql('postgres', 'CREATE ROLE reporter');
for my $old (sort keys %of_version)
{
	my $db = "from_$old";

	$node->safe_psql('postgres', qq{CREATE DATABASE "$db"});
	$node->safe_psql($db, "CREATE EXTENSION pg_respond VERSION '$old'");
	$node->safe_psql($db, "BEGIN; $partitions $off $rows $of_version{$old} $on COMMIT;");
	$node->safe_psql($db, q{GRANT USAGE ON SCHEMA respond TO reporter; GRANT SELECT ON respond.ticket TO reporter});
	$node->safe_psql($db, q{CREATE VIEW public.mine AS SELECT t.subject FROM respond.ticket AS t});
	is($node->safe_psql($db, q{SELECT count(*) FROM pg_stat_activity WHERE backend_type ~ 'pg_respond (dispatcher|courier)' AND datname = current_database()}), '0',
		"$old: no worker touches the old tables");

	my ($code, $out, $error) = $node->psql($db, 'ALTER EXTENSION pg_respond UPDATE');
	is($code, 0, "$old: ALTER EXTENSION UPDATE") or diag($error);
	like($error, qr/secrets of these channels must be set again: 'out'/, "$old: it says which secrets must be set again") if $old eq '0.1';
	is($node->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'pg_respond'}), $version, "$old: the version");
	is(differences(catalog_of($db), $fresh), '', "$old: every object is as in a new installation");
	is($node->safe_psql($db, $unlike), '', "$old: partitions are like the default ones");
	is($node->safe_psql($db, q{SELECT string_agg(pg_describe_object(d.classid, d.objid, 0), ', ') FROM pg_depend AS d
		WHERE d.deptype = 'e' AND pg_describe_object(d.classid, d.objid, 0) ~ '_\d{8}_\d{4}'}), '', "$old: nothing in them belongs to the extension, so that they can be dropped");
	is($node->safe_psql($db, q{SELECT DISTINCT tableoid::regclass FROM respond.run}), 'respond_internal.run_20000101_0000', "$old: rows are in some");

	Respond::wait_workers($node, $db, "$old: the workers come by themselves");
	Respond::wait_idle($node, $db, "$old: and handle the events that waited");
	is($node->safe_psql($db, q{SELECT string_agg(subject, ', ' ORDER BY subject) FROM respond.ticket}),
		join(', ', (map { "Order $_" } 1 .. 5), 'an old ticket'), "$old: each once; what was there is there");
	is($node->safe_psql($db, q{SELECT count(*), count(DISTINCT channel_id) FROM respond.delivery WHERE channel = 'out'}), '6|1', "$old: deliveries belong to their channel");
	is($node->safe_psql($db, q{SELECT state ->> 'a', error FROM respond.run WHERE status = 'failed'}), '1|it was so', "$old: runs are readable");
	is($node->safe_psql($db, q{SELECT respond.emit('order.paid', source => '/shop', key => 'K1')}), '1', "$old: a known key is known");
	is($node->safe_psql($db, q{SET ROLE reporter; SELECT count(*) FROM respond.ticket}), '6', "$old: rights that a user gave stay");
	is($node->safe_psql($db, q{SELECT count(*) FROM public.mine}), '6', "$old: a view on our table stays");
	$node->safe_psql($db, q{UPDATE respond.rule SET description = 'changed'; UPDATE respond.channel SET description = 'changed'; INSERT INTO respond.channel (name, kind) VALUES ('more', 'chat')});
	is($node->safe_psql($db, q{SELECT string_agg(message, '; ') FROM respond.health() WHERE NOT ok AND "check" IN ('shapes', 'manifest', 'partitions', 'owners', 'replica identity', 'workers', 'hold')}),
		'', "$old: health() has nothing to say of the extension");
	Respond::emit($node, $db, 'order.created', { id => 6 });
	Respond::wait_idle($node, $db);
	is($node->safe_psql($db, q{SELECT count(*) FROM respond.ticket WHERE subject = 'Order 6'}), '1', "$old: and it works");

	# What is new in this version, in the tables and partitions of the old one.
	$node->safe_psql($db, q{UPDATE respond.rule SET timezone = 'Europe/Berlin', on_cancel = '[]', cancel_on = '{"event_type": "x"}' WHERE name = 'open';
		DELETE FROM respond.rule WHERE name = 'open'});
	is($node->safe_psql($db, q{SELECT version, changed_by = current_user, changed_at <= clock_timestamp(), timezone, on_cancel, cancel_on ->> 'event_type'
		FROM respond.rule_version WHERE name = 'open' ORDER BY version DESC LIMIT 2}),
		"3|t|t|Europe/Berlin|[]|x\n2|t|t|||", "$old: versions of a rule keep the new columns");
	Respond::add_rule($node, $db, 'ask', 'asked', [
		{ action => 'wait', name => 'paid', event_type => 'paid', key => '{{data.id}}', event_key => 'data.id', for => '2 days' },
		{ action => 'ticket', subject => 'Paid {{data.id}}, {{steps.paid.data.by}}' } ],
		on_cancel => [ { action => 'ticket', subject => 'Cancelled {{data.id}}' } ], cancel_on => { event_type => 'withdrawn', key => '{{data.id}}', event_key => 'data.id' });
	Respond::add_rule($node, $db, 'soon', 'soon', [ { action => 'wait', for => '10 milliseconds' }, { action => 'ticket', subject => 'Soon' } ]);
	Respond::add_rule($node, $db, 'outside', 'outside', [ { action => 'request', url => 'http://127.0.0.1:1/', max_attempts => 1 } ]);
	Respond::emit($node, $db, 'asked', { id => $_ }) for 1 .. 4;
	Respond::emit($node, $db, $_) for 'soon', 'outside';
	Respond::wait_until($node, $db, q{SELECT count(*) = 4 FROM respond.waiting WHERE rule = 'ask' AND waits_for <> '' AND key <> '' AND due_at > since}, "$old: runs wait");
	$node->safe_psql($db, q{UPDATE respond.rule SET steps = '[{"action": "fail", "message": "not the version that they began with"}]', on_cancel = NULL WHERE name = 'ask'});
	Respond::emit($node, $db, 'paid', { id => 1, by => 'card' });
	Respond::emit($node, $db, 'withdrawn', { id => 2 });
	is($node->safe_psql($db, q{SELECT count(respond.cancel_run(w.run_id)) FROM respond.waiting AS w WHERE w.key = '3'}), '1', "$old: cancel_run()");
	Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.run WHERE status IN ('waiting', 'running')}, "$old: three go on");
	is($node->safe_psql($db, q{SELECT string_agg(subject, '; ' ORDER BY subject) FROM respond.ticket WHERE subject !~ '^(Order|an) '}),
		'Cancelled 2; Cancelled 3; Paid 1, card; Soon', "$old: as their rules say");
	is($node->safe_psql($db, q{SELECT string_agg(outcome, ', ' ORDER BY run_id) FROM respond.wait_decision WHERE rule = 'ask'}), 'event, cancelled, cancelled', "$old: decisions");
	is($node->safe_psql($db, q{SELECT status, error FROM respond.run WHERE rule = 'outside'}),
		'failed|steps[0]: connection to 127.0.0.1:1 refused: loopback address; see "pg_respond.allowed_networks"', "$old: the courier answers runs");

	# A copy of what was updated is a copy like any other.
	my $dump = "$node->{_basedir}/dump_$old";
	$node->command_ok([ 'pg_dump', '--format=custom', "--file=$dump", $node->connstr($db) ], "$old: pg_dump");
	$node->safe_psql('postgres', qq{CREATE DATABASE "copy_$old"});
	$node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr("copy_$old"), $dump ], "$old: pg_restore");
	is($node->safe_psql("copy_$old", 'SELECT count(*) FROM respond.ticket'), '11', "$old: with all tickets");
	$node->safe_psql("copy_$old", 'SELECT respond.release()');
	Respond::wait_workers($node, "copy_$old");
	Respond::emit($node, "copy_$old", 'paid', { id => 4, by => 'bank' });
	Respond::wait_until($node, "copy_$old", q{SELECT count(*) = 1 FROM respond.ticket WHERE subject = 'Paid 4, bank'}, "$old: and the run that waits");
}

# A script refuses a library that is older than what it makes.
$node->safe_psql('postgres', 'CREATE DATABASE refused');
$node->safe_psql('refused', q{CREATE EXTENSION pg_respond VERSION '0.1.0'});
my ($code, $out, $error) = $node->psql('refused', q{
	CREATE OR REPLACE FUNCTION respond_internal.library_version() RETURNS text LANGUAGE sql AS $$ SELECT '0.1.0' $$;
	ALTER EXTENSION pg_respond UPDATE});
like($error, qr/this updates pg_respond to \Q$version\E, but the server has library 0\.1\.0 in memory.*HINT:  Restart the server/s, 'a library that is older is refused');
is($node->safe_psql('refused', q{SELECT extversion FROM pg_extension WHERE extname = 'pg_respond'}), '0.1.0', 'and nothing is changed');

done_testing();
