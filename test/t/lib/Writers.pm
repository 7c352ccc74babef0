# Writers that write all the while: pgbench with scripts.
#
#   my $script = Writers::script($node, 'name', q{...});
#   my $run = Writers::start($node, $db, $script, clients => 4, seconds => 3);     also rate => transactions a second of all
#   $run->finish;
package Writers;

use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Utils;

# script(node, name, text): its file, beside the node's data.
sub script
{
	my ($node, $name, $text) = @_;
	my $file = $node->basedir . "/$name.sql";

	append_to_file($file, $text);
	return $file;
}

# ordered(node, db, count): a script whose transactions get their numbers and commit in different orders: the first INSERT takes
# a number, the row lock of one of so many subjects then decides who commits first.  n is the order of commits.
sub ordered
{
	my ($node, $db, $count) = @_;

	$node->safe_psql($db, qq{
		CREATE TABLE counter (subject text PRIMARY KEY, n bigint NOT NULL);
		INSERT INTO counter SELECT 'subject ' || i, 0 FROM generate_series(1, $count) AS i;
		CREATE TABLE scratch (n bigint)});
	return script($node, 'ordered', "\\set s random(1, $count)\n" . q{
BEGIN;
INSERT INTO scratch VALUES (1);
UPDATE counter SET n = n + 1 WHERE subject = 'subject ' || :s RETURNING n \gset
INSERT INTO respond.event (type, subject, data) VALUES ('ledger.ordered', 'subject ' || :s, jsonb_build_object('n', :n));
COMMIT;
});
}

sub start
{
	my ($node, $db, $script, %option) = @_;
	my @rate = defined $option{rate} ? ('-R', $option{rate}) : ();

	return IPC::Run::start([ 'pgbench', '-n', '-f', $script, '-c', $option{clients}, '-T', $option{seconds}, @rate, '-h', $node->host, '-p', $node->port, $db ],
		'<', '/dev/null', '>', "$script.out", '2>', "$script.err");
}

1;
