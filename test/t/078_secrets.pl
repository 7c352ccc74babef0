# Secrets: given in every way, used, refused; and then looked for everywhere.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;

use Digest::SHA ();
use File::Find ();
use File::Temp ();
use JSON::PP ();
use MIME::Base64 ();

my $json = JSON::PP->new->canonical;
my $dir = File::Temp->newdir;
my $keys = "$dir/respond.key";
my ($old_key, $new_key) = ('0123456789abcdef' x 4, MIME::Base64::encode_base64('f' x 32, ''));
my ($out, $err);

sub write_file
{
	my ($file, $text, $mode) = @_;

	unlink($file);
	open(my $handle, '>', $file) or die "$file: $!";
	print $handle $text;
	close($handle);
	chmod(defined $mode ? $mode : 0600, $file);
	return $file;
}

write_file($keys, "# keys of the test\n$old_key\n");
mkdir("$dir/log");
# whatever can show a statement is on
my $node = Respond::node('secrets', restart_after_crash => 'on',
	'pg_respond.allowed_networks' => '127.0.0.0/8', 'pg_respond.secret_key_file' => $keys,
	shared_preload_libraries => 'pg_stat_statements,pg_respond', session_preload_libraries => 'auto_explain',
	compute_query_id => 'on', 'pg_stat_statements.track' => 'all',
	(map { ("auto_explain.$_" => 'on') } qw(log_nested_statements log_verbose log_analyze log_triggers)), 'auto_explain.log_min_duration' => 0,
	log_statement => 'all', log_min_duration_statement => 0, log_duration => 'on', log_min_messages => 'debug2', log_error_verbosity => 'verbose',
	log_parameter_max_length => -1, log_parameter_max_length_on_error => -1, log_min_error_statement => 'debug5',
	log_lock_waits => 'on', deadlock_timeout => '20ms', log_replication_commands => 'on', log_temp_files => 0,
	logging_collector => 'on', log_destination => 'stderr,csvlog,jsonlog', log_directory => "$dir/log", log_filename => 'server',
	log_rotation_size => 0, log_line_prefix => '%m [%p] %q%a ');

Respond::create_extension($node, 'postgres');
one(q{CREATE ROLE ann LOGIN; GRANT respond_admin TO ann; CREATE ROLE aud LOGIN; GRANT respond_auditor TO aud; CREATE ROLE joe LOGIN; CREATE EXTENSION pg_stat_statements; GRANT pg_read_all_stats TO aud});

sub one
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

# run(sql): runs it, whether it works or not; the error is in $err.
sub run
{
	my ($sql) = @_;

	$node->psql('postgres', $sql, stdout => \$out, stderr => \$err);
	return;
}

sub refused
{
	my ($sql, $pattern, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	run($sql);
	return like($err, $pattern, $message);
}

# Every secret has this in it; the same in base64, wherever it begins.
my $stem = 'kanariegeheim';
my @needles = ($stem, (map { MIME::Base64::encode_base64(substr($stem, $_->[0], $_->[1]), '') } [ 0, 12 ], [ 2, 9 ], [ 1, 9 ]));
my $needle = join('|', map { quotemeta } @needles);
$needle = qr/$needle/;
# the same for queries, which are in logs and statistics themselves and must not find themselves there
my $sql_needle = "'" . join('|', map { '[' . substr($_, 0, 1) . ']' . substr($_, 1) } @needles) . "'";

sub canary
{
	my ($way) = @_;

	return "$stem-$way";
}

sub signing_key
{
	my ($way) = @_;

	return substr(canary($way) . '-and-so-on-until-it-is-long-enough', 0, 40);
}

sub whsec
{
	my ($way) = @_;

	return 'whsec_' . MIME::Base64::encode_base64(signing_key($way), '');
}

# ---- The key file. ----

sub use_key_file
{
	my ($file) = @_;

	one('ALTER SYSTEM SET pg_respond.secret_key_file = ' . Respond::quote_literal($file) . '; SELECT pg_reload_conf()');
	return Respond::wait_until($node, 'postgres', q{SELECT current_setting('pg_respond.secret_key_file') = } . Respond::quote_literal($file));
}

my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
one(qq{INSERT INTO respond.channel (name, kind, url) VALUES ('open', 'webhook', '$base/ok?open'), ('first', 'webhook', '$base/ok?first')});
my $data_dir = $node->data_dir;
write_file("$data_dir/respond.key", "$old_key\n");
symlink("$data_dir/respond.key", "$dir/link");
mkdir("$dir/folder");
my @faults = (
	[ '', qr/no key for secrets is configured.*HINT:.*openssl rand -hex 32/s ],
	[ 'respond.key', qr/is not an absolute path.*HINT:.*begins with "\/"/s ],
	[ "$dir/none", qr/could not open secret key file .*No such file.*HINT:/s ],
	[ "$data_dir/respond.key", qr/is in the data directory.*HINT:.*Move it elsewhere/s ],
	[ "$dir/link", qr/is in the data directory.*HINT:/s ],
	[ "$dir/folder", qr/is not a regular file.*HINT:/s ],
	[ '/dev/null', qr/is not a regular file.*HINT:/s ],
	[ write_file("$dir/group", "$old_key\n", 0640), qr/has group or world access.*HINT:.*chmod 600/s ],
	[ write_file("$dir/world", "$old_key\n", 0604), qr/has group or world access.*HINT:/s ],
	[ write_file("$dir/empty", "\n# nothing\n"), qr/holds no key.*HINT:.*64 hex digits/s ],
	[ write_file("$dir/short", "$old_key\n" . substr($old_key, 1) . "\n"), qr/line 2 of secret key file .* is not a key.*HINT:/s ],
	[ write_file("$dir/text", "correct horse battery staple\n"), qr/line 1 of secret key file .* is not a key.*HINT:/s ],
	[ write_file("$dir/many", "$old_key\n" x 17), qr/holds more than 16 keys.*HINT:/s ],
	[ write_file("$dir/large", "#\n" x 5000), qr/is larger than \d+ bytes.*HINT:/s ],
	[ write_file("$dir/zero", "$old_key\n\0"), qr/holds no key|is not a key/ ]);
for my $fault (@faults)
{
	my ($file, $pattern) = @$fault;
	my $shown = $file =~ s/\Q$dir\E|\Q$data_dir\E//r;

	use_key_file($file);
	refused(qq{SELECT respond.set_secret('first', '@{[ whsec('fault') ]}')}, $pattern, "key file \"$shown\": no secret can be set, and the message says what to do");
	unlike($err, qr/\Q$old_key\E|correct horse/, 'without telling what is in the file');
	refused(qq{INSERT INTO respond.channel (name, kind, url, secret) VALUES ('faulty', 'webhook', '$base/ok', '@{[ whsec('fault') ]}')}, $pattern, 'nor given with a channel');
}
is(one(q{SELECT count(*) FROM respond.channel WHERE name = 'faulty'}), '0', 'such a channel does not come about');
use_key_file('');
one(q{INSERT INTO respond.channel (name, kind, url) SELECT 'keyless', kind, url FROM respond.channel WHERE name = 'open'; SELECT respond.send_test(name) FROM respond.channel WHERE name IN ('open', 'keyless')});
settle('open', 'keyless');
is(one(q{SELECT string_agg(status, ' ') FROM respond.delivery WHERE channel IN ('open', 'keyless')}), 'delivered delivered', 'channels without a secret need no key');
use_key_file($keys);
unlink("$data_dir/respond.key");

sub settle
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return Respond::settle($node, 'postgres', @_);
}

# ---- Ways to give a secret. ----

my $insert = q{INSERT INTO respond.channel (name, kind, url, secret) VALUES};
my @names;

# row(way): what is inserted for the channel of that name, which is sent through below.
sub row
{
	my ($way) = @_;

	push @names, $way;
	return "('$way', 'webhook', '$base/ok?$way', '@{[ whsec($way) ]}')";
}

# given(way, statements): INSERT and ROW stand for the usual insert and its row, BARE for one without the secret, SECRET for that.
sub given
{
	my ($way, $sql) = @_;
	my $row = row($way);
	my $secret = whsec($way);

	$sql =~ s/BARE/INSERT INTO respond.channel (name, kind, url) VALUES ('$way', 'webhook', '$base\/ok?$way')/g;
	$sql =~ s/INSERT (?!INTO)/$insert /g;
	$sql =~ s/ROW/$row/g;
	$sql =~ s/SECRET/$secret/g;
	return one($sql);
}

my $untracked = 'SET pg_stat_statements.track_utility = off;';
given(@$_) for (
	[ insert => 'INSERT ROW' ],
	[ rows => 'INSERT ' . row('several') . ', ROW' ],
	[ admin => 'SET ROLE ann; INSERT ROW' ],
	[ path => 'SET search_path = respond; INSERT INTO channel (name, kind, url, secret) VALUES ROW' ],
	[ quoted => 'INSERT INTO "respond"."channel" ("name", "kind", "url", "secret") VALUES ROW' ],
	[ update => q{BARE; UPDATE respond.channel SET secret = 'SECRET' WHERE name = 'update'} ],
	[ set_secret => q{BARE; SELECT respond.set_secret('set_secret', 'SECRET')} ],
	[ named => q{BARE; SELECT respond.set_secret(secret => 'SECRET', channel => 'named')} ],
	[ path_call => q{BARE; SET search_path = respond; SELECT set_secret('path_call', 'SECRET')} ],
	[ copy => "COPY respond.channel (name, kind, url, secret) FROM STDIN;\ncopy\twebhook\t$base/ok?copy\tSECRET\n\\.\n" ],
	[ prepared_call => q{PREPARE p (text) AS BARE; EXECUTE p ('x'); PREPARE s (text, text) AS SELECT respond.set_secret($1, $2); EXECUTE s ('prepared_call', 'SECRET')} ],
	[ prepared => 'PREPARE p AS INSERT ROW; EXECUTE p' ],
	[ executed => "PREPARE p (text) AS INSERT ('executed', 'webhook', '$base/ok?executed', \$1); EXECUTE p ('SECRET')" ],
	[ cte => "WITH s (secret) AS (VALUES ('SECRET')) INSERT INTO respond.channel (name, kind, url, secret) SELECT 'cte', 'webhook', '$base/ok?cte', secret FROM s" ],
	[ merge => q{MERGE INTO respond.channel AS c USING (VALUES ROW) AS n (name, kind, url, secret) ON c.name = n.name
		WHEN NOT MATCHED THEN INSERT(name, kind, url, secret) VALUES (n.name, n.kind, n.url, n.secret)} ],
	[ savepoint => "BEGIN; INSERT ROW; SAVEPOINT a; SELECT respond.set_secret('savepoint', '@{[ whsec('rolled-back') ]}'); ROLLBACK TO a; COMMIT" ],
	[ replica => 'SET session_replication_role = replica; INSERT ROW' ],
	[ do => "$untracked DO \$do\$ BEGIN INSERT ROW; PERFORM respond.set_secret('do', 'SECRET'); END \$do\$" ],
	[ explain => "$untracked EXPLAIN (ANALYZE, VERBOSE) INSERT ROW" ]);
one("BEGIN; $insert ('undone', 'webhook', '$base/ok', '@{[ whsec('undone') ]}'); ROLLBACK");
is(given(returning => 'INSERT ROW RETURNING secret IS NULL'), 't', 'RETURNING gives no secret back');

# the extended protocol
my $script = write_file("$dir/script", "SELECT respond.set_secret('parameter', :secret);\nINSERT INTO respond.channel (name, kind, url, secret) VALUES ('parameters', 'webhook', '$base/ok?parameters', :other);\n");
one("INSERT INTO respond.channel (name, kind, url) VALUES ('parameter', 'webhook', '$base/ok?parameter')");
push @names, qw(parameter parameters);
for my $mode (qw(extended prepared))
{
	one(q{DELETE FROM respond.channel WHERE name = 'parameters'});
	$node->command_ok([ 'pgbench', '-n', '-t', '1', '-M', $mode, '-f', $script, '-D', 'secret=' . whsec('parameter'), '-D', 'other=' . whsec('parameters'), '-h', $node->host, '-p', $node->port, 'postgres' ], "as a parameter, $mode");
}

# what replaces a secret and what does not
given(conflict => 'INSERT ROW');
my $sealed = q{SELECT encode(sealed, 'hex') FROM respond_internal.channel_secret WHERE channel = 'conflict'};
my $before = one($sealed);
one("$insert ('conflict', 'webhook', '$base/x', '@{[ whsec('another') ]}') ON CONFLICT DO NOTHING");
is(one($sealed), $before, 'ON CONFLICT DO NOTHING does not replace a secret');
one("$insert ('conflict', 'webhook', '$base/x', '@{[ whsec('another') ]}') ON CONFLICT (name) DO UPDATE SET description = 'x' WHERE false");
is(one($sealed), $before, 'nor an update that is not made');
one("UPDATE respond.channel SET description = 'x' WHERE name = 'conflict'; UPDATE respond.channel SET secret = NULL WHERE name = 'conflict'");
is(one($sealed), $before, 'nor one of other columns, and NULL is no secret');
one("$insert ('updated', 'webhook', '$base/ok?updated', '@{[ whsec('first') ]}'); $insert ('updated', 'webhook', '$base/ok?updated', '@{[ whsec('updated') ]}') ON CONFLICT (name) DO UPDATE SET secret = EXCLUDED.secret");
push @names, 'updated';
one("SELECT respond.set_secret('conflict', NULL)");
is(one($sealed), '', 'set_secret(NULL) takes it away');
one("SELECT respond.set_secret('conflict', '@{[ whsec('conflict') ]}')");

# ---- Statements that fail. ----

my $secret = whsec('failed');
my @failures = (
	"$insert ('insert', 'webhook', '$base/ok', '$secret')",
	"$insert (NULL, 'webhook', '$base/ok', '$secret')",
	"$insert ('x', NULL, '$base/ok', '$secret')",
	"$insert ('x', 'webhoook', '$base/ok', '$secret')",
	"$insert ('x', 'webhook', 'nowhere', '$secret')",
	"$insert ('x', 'webhook', '$base/ok', 'whsec_$stem!')",
	"$insert ('x', 'webhook', '$base/ok',  'whsec_')",
	"$insert ('x', 'webhook', '$base/ok', 'whsk_$stem')",
	"$insert ('x', 'webhook', '$base/ok', '$secret', 1)",
	"$insert ('x', 'webhook', '$base/ok', '$secret'::integer)",
	"$insert ('x', 'webhook', '$base/ok', '$secret'",
	"$insert ('x', 'webhook', '$base/ok' '$secret')",
	"INSERT INTO respond.channel (name, kind, url, max_attempts, secret) VALUES ('x', 'webhook', '$base/ok', '$secret', '$secret')",
	"INSERT INTO respond.channel (name, kind, url, options, secret) VALUES ('x', 'webhook', '$base/ok', '$secret', 'x')",
	"INSERT INTO respond.channel (name, kind, url, max_attempts, secret) VALUES ('x', 'webhook', '$base/ok', 1/0, '$secret')",
	"INSERT INTO respond.channel (name, kind, url, max_attempts, secret) VALUES ('x', 'webhook', '$base/ok', 1000, '$secret')",
	"INSERT INTO respond.channels (name, kind, url, secret) VALUES ('x', 'webhook', '$base/ok', '$secret')",
	"INSERT INTO respond.channel (name, kind, url, secrets) VALUES ('x', 'webhook', '$base/ok', '$secret')",
	"SET ROLE joe; $insert ('x', 'webhook', '$base/ok', '$secret')",
	"SET ROLE aud; UPDATE respond.channel SET secret = '$secret'",
	"SET ROLE joe; SELECT respond.set_secret('first', '$secret')",
	"SET ROLE aud; SELECT respond.set_secret('first', '$secret')",
	"UPDATE respond.channel SET secret = '$secret', name = 'y' WHERE name = 'first'",
	"UPDATE respond.channel SET secret = '$secret', concurrency = 0",
	"UPDATE respond.channel SET secret = '$secret' WHERE name = 1",
	"UPDATE respond.channel SET secret = lower('$secret'",
	"SELECT respond.set_secret('nobody', '$secret')",
	"SELECT respond.set_secret(NULL, '$secret')",
	"SELECT respond.set_secret('first', '$secret', 1)",
	"SELECT respond.set_secret('first', '$secret'",
	"SELECT respond.set_secret('first' '$secret')",
	"SELECT respond.set_secret('first', '" . $stem x 400 . "')",
	"SELECT respond.set_secret('first', '')",
	"SELECT respond.set_secret('first', '$secret') / 0",
	"SELECT set_secret('first', '$secret')",
	"BEGIN READ ONLY; SELECT respond.set_secret('first', '$secret')",
	"BEGIN; SELECT 1/0; SELECT respond.set_secret('first', '$secret'); ROLLBACK",
	"SET statement_timeout = 100; SELECT respond.set_secret('first', '$secret'), pg_sleep(60)",
	"COPY respond.channel (name, kind, url, secret, max_attempts) FROM STDIN;\nx\twebhook\t$base/ok\t$secret\tmany\n\\.\n",
	"COPY respond.channel (name, kind, url, secret) FROM STDIN;\nx\twebhook\t$base/ok\t$secret\t$secret\n\\.\n",
	"COPY respond.channel (name, kind, secret, url) FROM STDIN;\nx\twebhook\t$secret\n\\.\n",
	"COPY respond.channel (name, kind, url, secret) FROM STDIN;\ninsert\twebhook\t$base/ok\t$secret\n\\.\n",
	"COPY respond.channel (name, kind, url, secret) FROM STDIN;\nx\twebhook\tnowhere\t$secret\n\\.\n",
	"COPY respond.channel (name, kind, url, secret) FROM '/nowhere/$stem'",
	"PREPARE p (text) AS SELECT respond.set_secret('first', \$1); EXECUTE p ('$stem'); EXECUTE p ('$secret', 1)",
	"EXECUTE q ('$secret') /* set_secret */",
	"PREPARE p (text, integer) AS INSERT INTO respond.channel (name, kind, url, secret, max_attempts) VALUES ('x', 'webhook', '$base/ok', \$1, \$2); EXECUTE p ('$secret', 1000)",
	"$untracked DO \$do\$ BEGIN PERFORM respond.set_secret('first', '$secret'); RAISE EXCEPTION 'set_secret did %', '$secret' USING DETAIL = '$secret', HINT = '$secret'; END \$do\$",
	"$untracked DO \$do\$ BEGIN PERFORM respond.set_secret('nobody', '$secret'); EXCEPTION WHEN OTHERS THEN RAISE WARNING 'set_secret failed %: %', '$secret', SQLERRM; RAISE; END \$do\$",
	"$untracked EXPLAIN SELECT respond.set_secret('first', '$secret'",
	"SET client_min_messages = debug5; SELECT respond.set_secret('nobody', '$secret')",
	"SELECT respond.set_secret('first', '$secret'), error_of_mine('$secret')",
	"MERGE INTO respond.channel AS c USING (VALUES ('z', '$secret')) AS n (name, secret) ON c.name = n.name WHEN NOT MATCHED THEN INSERT (name, kind, secret) VALUES (n.name, 'nothing', n.secret)",
);
for my $number (0 .. $#failures)
{
	run($failures[$number]);
	like($err, qr/ERROR|HINT|SSL|connection|abort/, "failure $number");
}
run("PREPARE p AS SELECT 1; SELECT respond.set_secret('first', '$secret'); SELECT respond.set_secret('first', NULL)");

# as a parameter of the extended protocol, with errors that tell parameters
for my $bad (
	"SELECT respond.set_secret('nobody', :secret);",
	"INSERT INTO respond.channel (name, kind, url, secret) VALUES ('insert', 'webhook', '$base/ok', :secret);",
	"INSERT INTO respond.channel (name, kind, url, secret, max_attempts) VALUES ('x', 'webhook', '$base/ok', 'x', :secret);",
	"UPDATE respond.channel SET secret = :secret WHERE name = 'first' AND 1 / 0 = 1;",
	"SELECT respond.set_secret('first', :secret), 1 / (length(:secret) - length(:secret));")
{
	write_file($script, "$bad\n");
	IPC::Run::run([ 'pgbench', '-n', '-t', '1', '-M', 'extended', '-f', $script, '-D', "secret=$secret", '-h', $node->host, '-p', $node->port, 'postgres' ], '>', \$out, '2>', \$err);
	like($err, qr/ERROR/, "a failure with parameters: $bad");
}

# What failed before anything of ours ran is shown by nobody.
one(q{GRANT USAGE ON SCHEMA respond TO joe});
for my $failing (
	[ 'a syntax error', "SELECT respond.set_secret('first', '$secret'" ],
	[ 'no right', "SET ROLE joe; SELECT respond.set_secret('first', '$secret')" ],
	[ 'no such function', "SELECT respond.set_secret('first', '$secret', 1)" ],
	[ 'no such column', "UPDATE respond.channel SET secret = '$secret', nothing = 1" ],
	[ 'a column that is missing', "INSERT INTO respond.channel (kind, secret) VALUES ('webhook', '$secret')" ],
	[ 'a wrong type', "INSERT INTO respond.channel (name, kind, secret, timeout) VALUES ('x', 'webhook', '$secret', 'soon')" ],
	[ 'a second failure', "SELECT 1/0, respond.set_secret('first', '$secret')" ])
{
	my $session = Respond::session($node, 'postgres');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_until(qr/over/, "$failing->[1];\n\\echo over\n");
	Respond::wait_until($node, 'postgres', "SELECT state LIKE 'idle%' FROM pg_stat_activity WHERE pid = $pid");
	is(one("SELECT count(*) FROM pg_stat_activity WHERE pid = $pid AND query ~ 'whsec_[a-z0-9]|[k]anarie'"), '0', "pg_stat_activity does not show a statement that failed: $failing->[0]");
	eval { $session->quit };
}

# Waiting, a deadlock, and a crash: others tell of the statement.
my @sessions = map { Respond::session($node, 'postgres') } 1 .. 4;
my $app = q{SELECT pid FROM pg_stat_activity WHERE application_name = 'waits'};
$sessions[0]->query_safe(q{BEGIN; SELECT FROM respond.channel WHERE name = 'first' FOR UPDATE});
$sessions[1]->query_safe(q{SET application_name = 'waits'; BEGIN; SELECT FROM respond.channel WHERE name = 'open' FOR UPDATE});
$sessions[1]->query_until(qr/sent/, "\\echo sent\nSELECT respond.set_secret('first', '$secret');\n");
Respond::wait_until($node, 'postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'waits' AND wait_event_type = 'Lock'}, 'a session waits for a channel');
is(one(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waits' AND query ~ 'whsec_[a-z0-9]|[k]anarie'}), '0', 'pg_stat_activity does not show its statement');
$sessions[0]->query("SELECT respond.set_secret('open', '$secret')");
$sessions[0]->query('ROLLBACK');
$sessions[1]->query('ROLLBACK');
$sessions[3]->query_safe(q{BEGIN; SELECT FROM respond.channel WHERE name = 'first' FOR UPDATE});
$sessions[2]->query_safe(q{SET application_name = 'crashes'});
$sessions[2]->query_until(qr/sent/, "\\echo sent\nUPDATE respond.channel SET secret = '$secret' WHERE name = 'first';\n");
Respond::wait_until($node, 'postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'crashes' AND wait_event_type = 'Lock'}, 'another one waits for its row');
kill('KILL', one(q{SELECT pid FROM pg_stat_activity WHERE application_name = 'crashes'}));
Respond::wait_until($node, 'postgres', q{SELECT pg_postmaster_start_time() < clock_timestamp() AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'crashes')});
eval { $_->quit } for @sessions;
Respond::wait_workers($node, 'postgres', 'the server is back after the crash');

# ---- Secrets at work. ----

one("SELECT respond.send_test('$_')") for @names;
settle(@names);
is(one("SELECT string_agg(channel || ' ' || status || ' ' || coalesce(last_error, ''), ', ') FROM respond.delivery WHERE status <> 'delivered' AND channel IN (" . join(', ', map { "'$_'" } @names) . ')'), '', 'all of them can be sent through');
my %got = map { $_->{path} =~ /\?(\w+)$/ ? ($1 => $_) : () } $receiver->requests;
my @unsigned = grep { !$got{$_} || ($got{$_}{headers}{'webhook-signature'} || '') ne 'v1,' . MIME::Base64::encode_base64(Digest::SHA::hmac_sha256(join('.', @{ $got{$_}{headers} }{qw(webhook-id webhook-timestamp)}, $got{$_}{body}), signing_key($_)), '') } @names;
is(join(' ', @unsigned), '', 'each is signed with its own secret');
is(scalar(grep { $json->encode($_) =~ $needle } $receiver->requests), 0, 'a signature does not tell the secret');
is(one(q{SELECT count(*) FROM respond.channel WHERE secret IS NOT NULL}), '0', 'the column reads as NULL');

my $mail = Peers::mail_server(options => [ '--user', 'desk', '--password', canary('mail') ]);
my $rejects = Peers::mail_server(mode => 'reject-auth', options => [ '--user', 'desk', '--password', canary('mail') ]);
my %place = (
	ok => "$base/ok",
	refusing => "$base/status/403",
	failing => "$base/status/500",
	resetting => "$base/rst",
	elsewhere => "$base/redirect?to=http://127.0.0.1:1/",
	closed => 'http://127.0.0.1:1/x',
	hidden => 'http://10.0.0.1/x',
	nowhere => 'http://nowhere.invalid/x',
	https => "https://127.0.0.1:$receiver->{port}/x",
	slow => "$base/hang");
one(q{INSERT INTO respond.channel_kind (name, transport, auth, needs_text, body, headers, encoding, options) VALUES ('bearing', 'http', 'bearer', false, '{"a": "{{data.x}}"}', '{}', 'json', '{}'),
	('heading', 'http', NULL, false, '{"a": "{{data.x}}"}', '{"X-Token": "t={{{secret}}}", "X-Data": "{{data.x}}"}', 'json', '{}'), ('forming', 'http', NULL, false, '{"token": "{{secret}}", "text": "{{data.x}}"}', '{}', 'form', '{}'),
	('speaking', 'http', NULL, false, '"token {{secret}} {{data.x}}"', '{}', 'text', '{}')});
my @used;
my $values = '';
for my $where (sort keys %place)
{
	my $join = $place{$where} =~ /\?/ ? '&' : '?';

	for my $kind (qw(slack pagerduty sms bearing heading forming speaking))
	{
		my $options = $kind eq 'sms' ? '{"username": "desk", "from": "+1", "to": "+2"}' : '{}';

		push @used, "$kind $where";
		$values .= "INSERT INTO respond.channel (name, kind, url, options, secret, max_attempts, retry_delays, timeout) VALUES ('$kind $where', '$kind', '$place{$where}"
			. ($kind eq 'slack' ? "$join\{{secret}}&k=slack" : "${join}k=$kind") . "', '$options', '" . canary("$kind-$where") . "', 1, '{10ms}', '2s');\n";
	}
	push @used, "dynamic $where";
	$values .= "INSERT INTO respond.channel (name, kind, url, secret, max_attempts, timeout) VALUES ('dynamic $where', 'speaking', '$place{$where}${join}k=dynamic&x={{data.x}}&s={{secret}}', '" . canary("dynamic-$where") . "', 1, '2s');\n";
}
one($values);
one(q{INSERT INTO respond.channel (name, kind, url, options, secret, max_attempts) VALUES } . join(', ', map { "('mail $_->[0]', 'email', 'smtp://127.0.0.1:$_->[1]{port}', '{\"tls\": \"none\", \"username\": \"desk\", \"from\": \"a\@b.test\", \"to\": \"c\@d.test\"}', '" . canary('mail') . "', 1)" } [ ok => $mail ], [ rejects => $rejects ]));
push @used, 'mail ok', 'mail rejects';
Respond::add_rule($node, 'postgres', 'use', 'use', [ map { { action => 'notify', channel => $_, text => 'text {{data.x}} {{secret}}' } } @used ]);
Respond::emit($node, 'postgres', 'use', { x => 'value' });
settle(@used);
is(one(q{SELECT string_agg(error, E'\n') FROM respond.run WHERE rule = 'use' AND status <> 'succeeded'}), '', 'steps that use secrets');
is(one(q{SELECT count(*) FROM respond.delivery WHERE status = 'delivered' AND channel LIKE '% ok'}), '9', 'the secrets do their work');
my %owed = map { $_->{path} =~ /^\/ok\?.*\bk=(\w+)/ ? ($1 => $_) : () } $receiver->requests;
like($owed{slack}{path}, qr/\?@{[ canary('slack-ok') ]}&/, 'in the url');
like($owed{dynamic}{path}, qr/x=value&s=@{[ canary('dynamic-ok') ]}$/, 'in one that depends on the event');
is($json->decode($owed{pagerduty}{body})->{routing_key}, canary('pagerduty-ok'), 'in the body');
is($owed{bearing}{headers}{authorization}, 'Bearer ' . canary('bearing-ok'), 'as a bearer token');
is($owed{sms}{headers}{authorization}, 'Basic ' . MIME::Base64::encode_base64('desk:' . canary('sms-ok'), ''), 'as a password');
is($owed{heading}{headers}{'x-token'}, 't=' . canary('heading-ok'), 'in a header');
is($owed{forming}{body}, 'text=value&token=' . canary('forming-ok'), 'in a form');
is($owed{speaking}{body}, 'token ' . canary('speaking-ok') . ' value', 'in a text');
is((($mail->mails)[0] || {})->{user}, 'desk', 'in mail');
unlike((($mail->mails)[0] || {})->{data}, $needle, 'though a text cannot ask for it');

# quoting is the same, whatever else is in the url
one(qq{INSERT INTO respond.channel (name, kind, url, secret, max_attempts) VALUES ('q1', 'speaking', '$base/ok?q1={{secret}}', 'a b/c?&', 1), ('q2', 'speaking', '$base/ok?q2={{secret}}&x={{data.x}}', 'a b/c?&', 1),
	('q5', 'pagerduty', '$base/ok?q5', E'quo"te\\\\ {{data.x}}', 1)});
Respond::add_rule($node, 'postgres', 'quote', 'quote', [ map { { action => 'notify', channel => $_, text => 'x' } } qw(q1 q2 q5) ]);
Respond::emit($node, 'postgres', 'quote', { x => 'y' });
settle(qw(q1 q2 q5));
is(join(' ', sort grep { /q[12]=/ } map { $_->{path} } $receiver->requests), '/ok?q1=a%20b%2Fc%3F%26 /ok?q2=a%20b%2Fc%3F%26&x=y', 'a secret is quoted in a url') or diag(one(q{SELECT channel, last_error FROM respond.delivery WHERE channel LIKE 'q_'}));
is((map { $json->decode($_->{body})->{routing_key} } grep { $_->{path} eq '/ok?q5' } $receiver->requests)[0], 'quo"te\\ {{data.x}}', 'and quoted in a body');
refused(qq{INSERT INTO respond.channel (name, kind, url, secret) VALUES ('q3', 'bearing', '$base/ok', E'line\\r\\nX-Evil: 1')}, qr/contains a control character/, 'a secret cannot add a header');

# ---- Where no secret may be. ----

# the statement is over, the session is there
my $idle = Respond::session($node, 'postgres');
for my $statement (
	"SELECT respond.set_secret('first', '@{[ whsec('idle') ]}')",
	"UPDATE respond.channel SET secret = '@{[ whsec('idle') ]}' WHERE name = 'first'",
	"$insert ('idle', 'webhook', '$base/ok', '@{[ whsec('idle') ]}') ON CONFLICT DO NOTHING",
	"SELECT respond.set_secret('nobody', '@{[ whsec('idle') ]}')")
{
	$idle->query($statement);
	is(one(q{SELECT count(*) FROM pg_stat_activity WHERE query ~* '[k]anarie|whsec_[a-z0-9]'}), '0', 'pg_stat_activity forgets ' . substr($statement, 0, 40));
}
$idle->quit;

sub seen_by
{
	my ($role) = @_;
	my $relations = one(q{SELECT string_agg(c.oid::regclass::text, ' ' ORDER BY c.oid) FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'respond%')});
	my @queries = ((map { "SELECT '$_' FROM $_ AS t WHERE t::text ~ $sql_needle LIMIT 1" } split(' ', $relations), qw(pg_stat_activity pg_stat_statements pg_prepared_statements pg_cursors pg_stats pg_settings pg_proc pg_file_settings)),
		"SELECT 'health' FROM respond.health() AS t WHERE t::text ~ $sql_needle", "SELECT 'export_rules' WHERE respond.export_rules()::text ~ $sql_needle", "SELECT 'simulate' FROM respond.simulate('use', data => '{\"x\": 1}') AS t WHERE t::text ~ $sql_needle",
		"SELECT 'rule_map' WHERE respond.rule_map() || respond.rule_map('dot') ~ $sql_needle", "SELECT 'rule_doc' FROM respond.rule AS r WHERE respond.rule_doc(r.name) ~ $sql_needle",
		"SELECT 'explain' FROM respond.event AS e, respond.explain(e.id) AS t WHERE e.type = 'use' AND t::text ~ $sql_needle");
	my $found = '';

	for my $query (@queries)
	{
		run(($role ? "SET ROLE $role; " : '') . $query);
		$found .= "$out " if $out ne '';
	}
	return $found;
}

is(seen_by($_), '', 'no table, view or function shows a secret to ' . ($_ || 'a superuser')) for '', 'ann', 'aud';
is(one(q{SELECT count(*) FROM respond.audit_log WHERE action = 'channel.secret_set'}) > 0 ? 'yes' : 'no', 'yes', 'that a secret was set is on record');

one('CHECKPOINT; SELECT pg_switch_wal()');
my ($stdout, $stderr) = run_command([ 'pg_dumpall', '-h', $node->host, '-p', $node->port ]);
like($stdout, qr/channel_secret/, 'pg_dumpall has the secrets');
is(scalar(grep { $_ =~ $needle } split(/\n/, $stdout)), 0, 'but not in clear');
my @logs = (glob("$dir/log/*"), $node->logfile);
cmp_ok(scalar(grep { -s $_ } @logs), '>=', 3, 'there are logs of each format');
my %hits;
for my $file (@logs)
{
	open(my $in, '<:raw', $file) or next;
	while (my $line = <$in>)
	{
		push @{ $hits{ $file =~ s/.*\///r } }, $line if $line =~ $needle;
	}
	close($in);
}
is(join(' ', map { "$_: " . scalar(@{ $hits{$_} }) } sort keys %hits), '', 'no log has a secret') or diag(map { substr($_, 0, 600) . "\n" } map { @{ $hits{$_} }[ 0 .. ($#{ $hits{$_} } > 4 ? 4 : $#{ $hits{$_} }) ] } (sort keys %hits)[0]);
like(Peers::slurp("$dir/log/server"), qr/hidden by pg_respond/, 'it says that something was left out');
like(Peers::slurp("$dir/log/server"), qr/statement: SELECT 1\/0|emit\('use'/, 'and has all other statements');
my @files;
File::Find::find({ no_chdir => 1, wanted => sub {
	return unless -f $_ && -s $_;
	open(my $in, '<:raw', $_) or return;
	local $/;
	my $bytes = <$in>;
	push(@files, $_ =~ s/^\Q$data_dir\E//r) if grep { index($bytes, $_) >= 0 } @needles;
} }, $data_dir);
is(join(' ', @files), '', 'no file of the data directory has a secret, the WAL included');

# ---- Another key. ----

sub health
{
	return one(q{SELECT string_agg("check" || ': ' || message || coalesce(' -> ' || remedy, ''), '; ') FROM respond.health() WHERE NOT ok AND "check" IN ('secrets', 'channels')});
}

my $count = one('SELECT count(*) FROM respond_internal.channel_secret');
my $set_at = one('SELECT max(set_at) FROM respond_internal.channel_secret');
is(health(), '', 'all is well');
write_file($keys, "$new_key\n$old_key\n");
is(one('SELECT respond.rotate_secrets()'), $count, 'rotate_secrets() writes all of them anew');
is(one('SELECT respond.rotate_secrets()'), '0', 'once');
is(one('SELECT max(set_at) FROM respond_internal.channel_secret'), $set_at, 'they were not set anew');
write_file($keys, "$new_key\n");
one(q{SELECT respond.send_test('rows'); SELECT respond.send_test('bearing ok')});
settle('rows', 'bearing ok');
is(one(q{SELECT count(*) FROM respond.delivery WHERE channel IN ('rows', 'bearing ok') AND status = 'delivered'}), '4', 'the old key is not needed any more');
refused('SET ROLE ann; SELECT sealed FROM respond_internal.channel_secret', qr/permission denied/, 'what is sealed is not for admins');
refused('SET ROLE joe; SELECT respond.rotate_secrets()', qr/permission denied/, 'rotate_secrets() is not for everybody');

rename($keys, "$keys.away");
one(q{SELECT respond.send_test('rows')});
settle('rows');
is(one(q{SELECT count(*) FROM respond.delivery WHERE channel = 'rows' AND status <> 'delivered'}), '0', 'without the file, the courier goes on with what it has read');
like(health(), qr/^secrets: secrets cannot be decrypted, so channels with one cannot send, except those whose secret the running courier has already read: .*No such file/,
	'and health() says both');
rename("$keys.away", $keys);

my $offset = -s "$dir/log/server";
write_file($keys, "$old_key\n");
$node->restart;
Respond::wait_workers($node, 'postgres');
run(q{SELECT respond.rotate_secrets()});
like($err, qr/ERROR:  .*key.*\nHINT/s, 'without the key there is no other one');
one(q{SELECT respond.send_test('rows'); SELECT respond.send_test('open'); SELECT respond.send_test('admin')});
settle('open');
my $waits = q{SELECT count(*) FROM respond.delivery WHERE channel IN ('rows', 'admin') AND status = 'pending' AND attempts = 0};
Respond::wait_until($node, 'postgres', q{SELECT string_agg("check", ' ') FILTER (WHERE NOT ok) ~ 'secrets|channels' FROM respond.health()}, 'health() tells of a key that is missing') or diag(one('SELECT * FROM respond.health()'));
Respond::wait_until($node, 'postgres', "SELECT pg_read_file('$dir/log/server', $offset, 100000000) ~ 'cannot send through channel \"admin\"'");
my $log = join("\n", grep { /pg_respond|WARNING/ } split(/\n/, substr(Peers::slurp("$dir/log/server"), $offset)));
like($log, qr/pg_respond cannot send through channel "rows": .*key/, 'the log says which channel cannot send');
is(() = $log =~ /WARNING.*pg_respond cannot send through channel "rows"/g, 1, 'once');
is(one($waits), '2', 'what needs the secret waits');
is(one(q{SELECT coalesce(max(failures), 0) FROM respond.worker}), '0', 'no worker failed');
write_file($keys, "$old_key\n$new_key\n");
one('SELECT pg_reload_conf()');
settle('rows', 'admin');
is(one(q{SELECT count(*) FROM respond.delivery WHERE channel IN ('rows', 'admin') AND status = 'delivered' AND attempts = 1}), '6', 'and is sent when the key is back');
is(health(), '', 'all is well again');

# a row is of no use to another channel
one(q{UPDATE respond_internal.channel_secret SET sealed = (SELECT sealed FROM respond_internal.channel_secret WHERE channel = 'bearing ok') WHERE channel = 'heading ok'; UPDATE respond.channel SET description = 'x' WHERE name = 'heading ok'});
my $requests = scalar($receiver->requests);
one(q{SELECT respond.send_test('heading ok')});
Respond::wait_until($node, 'postgres', q{SELECT NOT ok FROM respond.health() WHERE "check" = 'secrets'}, 'health() tells of a secret that is not what was stored') or diag(one('SELECT * FROM respond.health()'));
is(scalar($receiver->requests), $requests, 'a secret that was moved to another channel is not sent');

$node->stop;
done_testing();
