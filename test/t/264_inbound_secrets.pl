# Secrets of inbound sources: given in every way and shown in none, bound to their source and their scheme, rotated, and refused where they do not belong.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

use Digest::SHA qw(hmac_sha256_hex);
use File::Temp ();

my $dir = File::Temp->newdir;
my $keys = "$dir/respond.key";
my ($old_key, $new_key) = ('0123456789abcdef' x 4, 'fedcba9876543210' x 4);
my $stem = 'kanariegeheim';
my ($out, $err);

sub write_keys
{
	unlink($keys);
	open(my $file, '>', $keys) or die;
	print $file "$_\n" for @_;
	close($file);
	chmod(0600, $keys);
	return;
}
write_keys($old_key);
my $node = Respond::node('sourcesecrets', 'pg_respond.secret_key_file' => $keys, session_preload_libraries => 'auto_explain', 'auto_explain.log_min_duration' => 0, 'auto_explain.log_nested_statements' => 'on',
	log_statement => 'all', log_min_duration_statement => 0, log_min_messages => 'debug2', log_error_verbosity => 'verbose', log_parameter_max_length => -1, log_parameter_max_length_on_error => -1,
	log_min_error_statement => 'debug5');
Respond::create_extension($node, 'postgres');

sub one { return $node->safe_psql('postgres', $_[0]); }
sub run { my ($sql) = @_; return $node->psql('postgres', $sql, stdout => \$out, stderr => \$err); }
sub refused { my ($sql, $pattern, $message) = @_; local $Test::Builder::Level = $Test::Builder::Level + 1; run($sql); return like($err, $pattern, $message); }

# checks(source, secret): whether a request signed with it is right.
sub checks
{
	my ($source, $secret) = @_;

	return one("SELECT coalesce(reason, 'ok') FROM respond.inbound_test('$source', '{\"x-hub-signature-256\": \"sha256=" . hmac_sha256_hex('{}', $secret) . "\"}', '{}')");
}

# --- every way to give one
one("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('a', 'github', '$stem-a')");
one("INSERT INTO respond.inbound_source (name, scheme, secrets) VALUES ('b', 'github', '{$stem-b1,$stem-b2}')");
one("COPY respond.inbound_source (name, path, scheme, secret) FROM stdin;\nc\tc\tgithub\t$stem-c\n\\.\n");
one("PREPARE give (text, text) AS INSERT INTO respond.inbound_source (name, scheme, secret) VALUES (\$1, 'github', \$2); EXECUTE give('d', '$stem-d')");
run("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES (\$1, 'github', \$2) \\bind e '$stem-e' \\g") if $node->pg_version->major >= 16;
one("DO \$\$ BEGIN EXECUTE format('INSERT INTO respond.inbound_source (name, scheme, secret) VALUES (%L, %L, %L)', 'f', 'github', '$stem-f'); END \$\$");
one("MERGE INTO respond.inbound_source AS s USING (VALUES ('g')) AS v (name) ON s.name = v.name WHEN NOT MATCHED THEN INSERT (name, path, scheme, secret) VALUES ('g', 'g', 'github', '$stem-g')");
is(checks($_, "$stem-$_"), 'ok', "$_: its secret is right") for qw(a c d f g);
is(checks('b', "$stem-b$_"), 'ok', "b: so is number $_") for 1, 2;
is(checks('a', "$stem-b1"), 'signature', 'that of another is not');
is(one('SELECT count(*) FROM respond.inbound_source AS s WHERE s.secret IS NOT NULL OR s.secrets IS NOT NULL'), 0, 'none can be read');
one("UPDATE respond.inbound_source SET secret = '$stem-new' WHERE name = 'a'");
is(checks('a', "$stem-new") . checks('a', "$stem-a"), 'oksignature', 'an UPDATE replaces it');
is(one("SELECT count(*) FROM respond.audit_log WHERE action = 'inbound_source.secret_set' AND object_id = 'a'"), 1, 'which is on record');
one("UPDATE respond.inbound_source SET description = 'x' WHERE name = 'a'");
is(checks('a', "$stem-new"), 'ok', 'one without a secret leaves it');
one("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('a', 'github', '$stem-x') ON CONFLICT DO NOTHING");
is(checks('a', "$stem-new"), 'ok', 'so does an INSERT that finds the row there');
one("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('a', 'github', '$stem-y') ON CONFLICT (name) DO UPDATE SET description = 'y'");
is(checks('a', "$stem-y"), 'ok', 'one that becomes an UPDATE gives it');
one("SELECT respond.add_inbound_secret('a', '$stem-z')");
is(checks('a', "$stem-y") . checks('a', "$stem-z"), 'okok', 'one more');
is(one("SELECT respond.drop_inbound_secrets('a')") . checks('a', "$stem-y") . checks('a', "$stem-z"), '1signatureok', 'the newest stays');
one("SELECT respond.set_inbound_secret('a', '$stem-1')");
is(checks('a', "$stem-1") . checks('a', "$stem-z"), 'oksignature', 'set_inbound_secret() replaces all');
one("SELECT respond.set_inbound_secret('a', NULL)");
is(checks('a', "$stem-1"), 'signature', 'NULL removes them');
one("SELECT respond.set_inbound_secret('a', '$stem-a')");

# --- bound to its source, and to what its scheme does with it
one("INSERT INTO respond.inbound_source (name, scheme) VALUES ('thief', 'github');
	INSERT INTO respond_internal.inbound_secret SELECT source, number, sealed, set_at, set_by, (SELECT id FROM respond.inbound_source WHERE name = 'thief'), definition FROM respond_internal.inbound_secret WHERE source = 'a'");
refused("SELECT respond.inbound_test('thief')", qr/a secret of inbound source "thief" is damaged where it is stored/, 'a row that was copied to another source is of no use there');
one("DELETE FROM respond.inbound_source WHERE name = 'thief'");
is(one("SELECT count(*) FROM respond_internal.inbound_secret AS s WHERE NOT EXISTS (SELECT FROM respond.inbound_source AS o WHERE o.id = s.source_id)"), 0, 'a source takes its secrets with it');
one("INSERT INTO respond.inbound_scheme (name, algorithm, header, signed) VALUES ('mine', 'hmac-sha256', 'x-sig', '{{body}}'); INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('m', 'mine', '$stem-m')");
refused("UPDATE respond.inbound_scheme SET algorithm = 'bearer', signed = NULL WHERE name = 'mine'", qr/scheme "mine" is used by source "m"/, 'a scheme does not change under a source');
one("BEGIN; ALTER TABLE respond.inbound_scheme DISABLE TRIGGER inbound_scheme_validate; UPDATE respond.inbound_scheme SET algorithm = 'bearer', signed = NULL WHERE name = 'mine';
	ALTER TABLE respond.inbound_scheme ENABLE ALWAYS TRIGGER inbound_scheme_validate; COMMIT");
refused("SELECT respond.inbound_test('m')", qr/was given before its scheme said something else about what is done with it/, 'if it does all the same, the secret is dead');
is(one(q{SELECT message FROM respond.health() WHERE "check" = 'inbound secrets'}), 'inbound sources that take no request: m (its secret was given before its scheme said something else about what is done with it)', 'and health() says so');
one("SELECT respond.set_inbound_secret('m', '$stem-m')");
is(one("SELECT ok FROM respond.inbound_test('m', '{\"x-sig\": \"$stem-m\"}', '{}')"), 't', 'given again it is right');
refused("UPDATE respond.inbound_source SET scheme = 'gitlab' WHERE name = 'a'", qr/scheme: the secrets of source "a" were given for scheme "github"/, 'nor does a secret go to another scheme');
one("UPDATE respond.inbound_source SET scheme = 'gitlab', secret = '$stem-gl' WHERE name = 'a'");
is(one("SELECT ok FROM respond.inbound_test('a', '{\"x-gitlab-token\": \"$stem-gl\"}', '{}')"), 't', 'a new one does');

# --- two sessions
my $first = Respond::session($node, 'postgres');
$first->query_safe("BEGIN; INSERT INTO respond.inbound_scheme (name, algorithm, header, signed) VALUES ('racing', 'hmac-sha256', 'x-sig', '{{body}}')");
$first->query_safe('COMMIT; BEGIN');
$first->query_safe("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('racer', 'racing', '$stem-r')");
my $second = Respond::session($node, 'postgres');
my $pid = $second->query_safe('SELECT pg_backend_pid()');
$second->query_until(qr/asked/, "\\echo asked\nDELETE FROM respond.inbound_scheme WHERE name = 'racing';\n");
Respond::wait_until($node, 'postgres', "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid", 'who deletes a scheme waits for who gives it to a source');
$first->query_safe('COMMIT');
$first->quit;
$second->query('SELECT 1');
$second->quit;
is(one("SELECT count(*) FROM respond.inbound_scheme WHERE name = 'racing'"), 1, 'and then finds the source');

# --- keys are rotated
write_keys($new_key, $old_key);
cmp_ok(one('SELECT respond.rotate_secrets()'), '>=', 8, 'secrets of sources are encrypted anew');
write_keys($new_key);
is(checks($_, "$stem-$_"), 'ok', "$_ is right under the new key alone") for qw(c d f);
write_keys($old_key);
refused("SELECT respond.inbound_test('c')", qr/cannot be decrypted: its key is not in the file/, 'and of no use under the old one');
write_keys($new_key);

# --- refused, without showing it
refused("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('w', 'standard_webhooks', 'whsec_$stem!')", qr/secret: it is not base64/, 'no base64');
refused("SELECT respond.set_inbound_secret('c', E'$stem\\n')", qr/secret: it contains a control character/, 'a line break');
refused("SELECT respond.set_inbound_secret('nobody', '$stem')", qr/inbound source "nobody" does not exist/, 'nobody');
refused("SELECT respond.set_inbound_secret('c', '$stem'", qr/syntax error/, 'a mistake in the statement');
refused("INSERT INTO respond.inbound_source (name, scheme, secret, max_body) VALUES ('w', 'github', '$stem', 'x')", qr/invalid input syntax/, 'another one');
refused("INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('a', 'github', '$stem-again')", qr/duplicate key/, 'a name that is taken');
is(one(q{SELECT count(*) FROM respond_internal.inbound_secret WHERE source = 'w'}), 0, 'nothing of that is left');

# --- by a function of somebody's own, whose call says nothing of sources: what is logged before it comes to us cannot be known, so that is off
one(q{CREATE SCHEMA mine; CREATE FUNCTION mine.give(text, text) RETURNS void LANGUAGE sql AS $$ INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ($1, 'github', $2) $$;
	CREATE FUNCTION mine.may_give(text, text) RETURNS void LANGUAGE sql AS $$ INSERT INTO respond.inbound_source (name, scheme, secrets) VALUES ($1, 'github', ARRAY[$2]) ON CONFLICT DO NOTHING $$});
my $quiet = "SET log_statement = 'none'; SET log_min_messages = 'log'; SET log_min_error_statement = 'error';\n";
refused("${quiet}SELECT mine.give('a', '$stem-function')", qr/duplicate key/, 'a row that does not come about');
run("${quiet}SELECT mine.may_give('a', '$stem-function')");
is($err, '', 'nor does this one, without an error');
run("${quiet}PREPARE p (text) AS SELECT mine.may_give('a', \$1);\nEXECUTE p('$stem-function')");
is($err, '', 'nor one of a prepared statement');
one("${quiet}SELECT mine.give('byfunction', '$stem-function')");
is(checks('byfunction', "$stem-function"), 'ok', 'a row that does comes with its secret');

# --- and nowhere to be seen
for my $place ($node->logfile)
{
	my @lines = grep { /$stem/ && !/log_min_messages/ } split /\n/, slurp_file($place);
	is(join("\n", @lines[ 0 .. ($#lines > 2 ? 2 : $#lines) ]), '', 'not in the log');
}
is(one("SELECT count(*) FROM respond.audit_log AS a WHERE a::text LIKE '%' || 'kanarie' || 'geheim%'"), 0, 'not in the audit log');
$node->command_ok([ 'pg_dump', '-f', "$dir/dump.sql", $node->connstr('postgres') ], 'a dump');
unlike(slurp_file("$dir/dump.sql"), qr/$stem/, 'has none of them');

# --- a dump that is restored, with the key file: they work
one('CREATE DATABASE copy');
$node->psql('copy', slurp_file("$dir/dump.sql"));
is($node->safe_psql('copy', "SELECT coalesce(reason, 'ok') FROM respond.inbound_test('c', '{\"x-hub-signature-256\": \"sha256=" . hmac_sha256_hex('{}', "$stem-c") . "\"}', '{}')"), 'ok', 'restored beside the key file they are right');

done_testing();
