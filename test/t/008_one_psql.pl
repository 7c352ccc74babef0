# What Psql.pm answers is what a psql started for the query answers: output, errors with their lines, status, and a session that is new.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Psql;
use Respond;
use utf8;

my $node = Respond::node('main', shared_preload_libraries => '');
my $db = 'name "with" \'quotes\' and \\';

# answer(function, text, option...): everything that comes back.
sub answer
{
	my ($psql, $text, %option) = @_;
	my ($out, $err, $late);
	my $status = eval { $psql->($node, $db, $text, stdout => \$out, stderr => \$err, timed_out => \$late, timeout => 180, %option) };

	s/server process with PID \d+/server process/ for $out // ();
	return explain({ status => $status, died => $@ ne '', out => $out, err => $err, late => $late });
}

$node->safe_psql('postgres', 'CREATE ROLE joe LOGIN; CREATE DATABASE ' . '"' . ($db =~ s/"/""/gr) . '"');
$node->safe_psql($db, 'CREATE TABLE t (a int, b text); GRANT ALL ON t TO joe');

my @own = ("SELECT 'a\nb", 'SELECT "x', "SELECT 1 -- y", 'SELECT /* c */ 2', "\\echo hi\nSELECT 1", "COPY t FROM STDIN;\n1\tx\n\\.\n", 'SELECT (1',
	'SELECT $1$, $1$', 'SELECT $x$ unfinished', "SELECT E'a\\'; SELECT 2", "SET standard_conforming_strings = off; SELECT 'a\\'b'",
	'CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT pg_temp.f()', 'SELECT 1)');
my @same = ('SELECT 1', "SELECT 1, NULL, 'x' UNION ALL SELECT 2, 'y', '|'; SELECT 3;\n", '', " \n", ';', 'SELECT 1; ; SELECT 2;;', 'SELEC', "SELECT 1;\nSELECT x",
	"SELECT 1;\n\tSELECT x;\nSELECT 3", "\n\nSELECT\n1/0\n", "\n\nSELECT\n1/0;\n", "DO \$\$ BEGIN RAISE NOTICE 'a\nb'; RAISE EXCEPTION 'x' USING detail = 'd', hint = 'h'; END \$\$",
	"DO \$x\$ BEGIN RAISE WARNING 'a'; END \$x\$; SELECT 'y'", "SELECT 'a;b', E'a\\'b\\\\', 'it''s', \$q\$a'b;\$q\$, 'c\\'", "SELECT 'a\n\n'\n", "SELECT 1 AS \"a\\\"; SELECT 'b\\'''",
	"INSERT INTO t VALUES (1, 'x'), (2, NULL) RETURNING *", 'COPY t TO STDOUT', "BEGIN; INSERT INTO t VALUES (9, 'nine')", 'SELECT count(*) FROM t',
	"SET work_mem = '1MB'; CREATE TEMP TABLE z (a int); SET ROLE joe", 'SHOW work_mem; SELECT current_user; SELECT * FROM z', "LISTEN x; NOTIFY x, 'y'; SELECT 1",
	'SELECT 1; SELECT pg_terminate_backend(pg_backend_pid()); SELECT 2', 'SELECT pg_advisory_lock(1)', 'SELECT count(*) FROM pg_locks WHERE locktype = $$advisory$$',
	"SELECT 'ü', '\x{263a}'", "SELECT '\xdc'", "SELECT length('" . do { no utf8; "\xff" } . "')", "SELECT :'x', :y", "SELECT repeat('x', 300000)", "SELECT length('" . 'z' x 300000 . "')",
	"DO 'BEGIN FOR i IN 1..3000 LOOP RAISE NOTICE ''line %'', i; END LOOP; END'", 'SELECT current_setting($$application_name$$), current_user, current_database()', 'VACUUM t');

for my $stop (1, 0)
{
	for my $text (@own, @same)
	{
		is(answer(\&Psql::psql, $text, on_error_stop => $stop), answer($Psql::cluster_psql, $text, on_error_stop => $stop),
			sprintf('on_error_stop => %d: %s', $stop, substr($text, 0, 40) =~ s/[^ -~]/?/gr));
	}
}
is(scalar(grep { Psql::is_plain($_) } @own), 0, 'what psql might not come to the end of is left to one of its own');
is(scalar(grep { !Psql::is_plain(Psql::bytes($_)) } @same), 0, 'the others are not');
is(answer(\&Psql::psql, 'SELECT current_user', extra_params => [ '-U', 'joe' ]), answer($Psql::cluster_psql, 'SELECT current_user', extra_params => [ '-U', 'joe' ]), 'as another role');

# Sessions: a new one each time, none left behind; the looks of one wait share theirs.
my $pid = 'SELECT pg_backend_pid()';
isnt($node->safe_psql($db, $pid), $node->safe_psql($db, $pid), 'each query has a session of its own');
my ($first) = Psql::look($node, $db, $pid, 180);
is((Psql::look($node, $db, $pid, 180))[0], $first, 'a look has the session of the last one');
isnt($node->safe_psql($db, $pid), $first, 'which a query has not');
is((Psql::look($node, $db, "SELECT count(*) FROM pg_stat_activity WHERE pid = $first", 180))[0], 0, 'and which it ends');
Psql::leave();
Respond::wait_until($node, 'postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())}, 'no session is left');
is($node->psql($db, "SET statement_timeout = 0; SELECT pg_sleep(600)", timeout => 1, timed_out => \my $late), 0, 'a query without an end');
is($late, 1, 'ends when its time is over');

# A setting of the environment that psql reads, and a server that goes and comes.
{
	local $ENV{PGOPTIONS} = '-c work_mem=123kB';
	is($node->safe_psql($db, 'SHOW work_mem'), '123kB', 'the environment counts');
}
is($node->safe_psql($db, 'SHOW work_mem'), '4MB', 'when it is there');
$node->restart;
is($node->safe_psql($db, 'SELECT 1'), 1, 'after a restart');
$node->stop;
like(($node->psql($db, 'SELECT 1'))[2], qr/^psql: error: connection to server .* failed: No such file/, 'without a server psql says why');
is(join('|', Psql::look($node, $db, 'SELECT 1', 180)) =~ /failed: No such file/, 1, 'a look too');
$node->start;
is($node->safe_psql($db, 'SELECT 1'), 1, 'and with one again');

done_testing();
