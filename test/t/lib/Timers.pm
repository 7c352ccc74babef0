# Sessions that stand for the workers that read timers; see ../../stub/timers.c.
package Timers;

use strict;
use warnings;

use FindBin;
use Test::More;
use PostgreSQL::Test::Utils ();
use Respond;

# node(name, db, start, setting => value...): a node with the extension, whose workers are paused, and with the functions;
# at(n) is n seconds after start.  Without a compiler, or where functions of the library are hidden, the file is skipped.
sub node
{
	my ($name, $db, $start, %conf) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my ($source) = grep { -d "$_/timer" } map { "$FindBin::RealBin/$_/src" } '../..', '../../..';
	my $config = $ENV{PG_CONFIG} || 'pg_config';

	plan skip_all => 'no compiler, or the functions of the library are hidden'
	  if system("cc -shared -fPIC -O2 -I'$source' -I\$($config --includedir-server) -o '$dir/timers.so' '$FindBin::RealBin/../stub/timers.c' > '$dir/cc.log' 2>&1") != 0
	  || system("nm -D --defined-only '$source/../pg_respond.so' 2> /dev/null | grep -q respond_timers_due") != 0;
	chmod 0755, $dir, "$dir/timers.so";

	my $node = Respond::node($name, %conf);

	Respond::create_extension($node, $db);
	$node->safe_psql($db, qq{
		SELECT respond.hold();
		CREATE FUNCTION act_as_reader(integer) RETURNS void LANGUAGE c STRICT AS '$dir/timers';
		CREATE FUNCTION arm(integer, timestamptz, text, boolean) RETURNS bigint LANGUAGE c STRICT AS '$dir/timers';
		CREATE FUNCTION flush() RETURNS void LANGUAGE c AS '$dir/timers';
		CREATE FUNCTION disarm(integer, timestamptz, bigint, boolean DEFAULT true) RETURNS void LANGUAGE c STRICT AS '$dir/timers';
		CREATE FUNCTION due(reader integer, now timestamptz, "limit" integer, until timestamptz DEFAULT NULL, OUT id bigint, OUT due_at timestamptz, OUT name text) RETURNS SETOF record LANGUAGE c AS '$dir/timers';
		CREATE FUNCTION finish(integer, timestamptz, bigint) RETURNS boolean LANGUAGE c STRICT AS '$dir/timers';
		CREATE FUNCTION next_due(integer) RETURNS timestamptz LANGUAGE c STRICT AS '$dir/timers';
		CREATE FUNCTION time_now() RETURNS timestamptz LANGUAGE c AS '$dir/timers';
		CREATE FUNCTION at(numeric) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS \$\$ SELECT timestamptz '$start' + \$1 * interval '1 second' \$\$});
	return $node;
}

# session(node, db, reader): a session, which is a reader if one is named.
sub session
{
	my ($node, $db, $reader) = @_;
	my $session = Respond::session($node, $db);

	$session->query_safe("SET client_min_messages = 'warning'; SET lock_timeout = '5s'");
	$session->query_safe("SELECT act_as_reader($reader)") if defined $reader;
	return $session;
}

# ask(session, query): its answer; errors are shown.
sub ask
{
	my ($session, $query) = @_;
	my $answer = $session->query($query);

	if ($session->{stderr} ne '')
	{
		diag("$query: $session->{stderr}");
		$session->{stderr} = '';
	}
	return $answer;
}

1;
