# What workers wait for has names in pg_stat_activity, where the server lets extensions name it (17).
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $courier = Courier::start('waits');
my ($node, $db) = ($courier->node, $courier->db);
my $named = $node->safe_psql($db, q{SELECT current_setting('server_version_num')::integer >= 170000}) eq 't';

# waits(whose, name, message): some process of this kind waits so.
sub waits
{
	my ($whose, $name, $message) = @_;
	my $event = $named ? $name : 'Extension';

	return Respond::wait_until($node, 'postgres', "SELECT EXISTS (SELECT FROM pg_stat_activity
		WHERE backend_type = '$whose' AND wait_event_type = 'Extension' AND wait_event = '$event')", $message);
}

# With nothing to do.
waits('pg_respond launcher', 'RespondLauncherMain', 'the launcher');
waits('pg_respond clock', 'RespondClockMain', 'a clock');
waits('pg_respond dispatcher', 'RespondDispatcherMain', 'a dispatcher');
waits('pg_respond courier', 'RespondCourierMain', 'a courier');

# For somebody who is slow to answer.
my $receiver = Peers::receiver();
$courier->channel('slow', 'webhook', "http://127.0.0.1:$receiver->{port}/slow/60000", timeout => '5 min');
$courier->fire('slow');
waits('pg_respond courier', 'RespondCourierNetwork', 'a courier with a request on its way');
$receiver->stop;

# On hold.
$node->safe_psql($db, q{SELECT respond.hold('a test')});
waits("pg_respond $_", 'RespondHold', "on hold: a $_") for qw(clock dispatcher);
$node->safe_psql($db, 'SELECT respond.release()');
waits('pg_respond dispatcher', 'RespondDispatcherMain', 'and when it is over');

# For a lock at the start.
my $other = Respond::session($node, $db);
$other->query_safe('BEGIN; LOCK TABLE respond_internal.state');
Respond::signal_worker($node, $db, 'clock', 'TERM');
waits('pg_respond clock', 'RespondRetry', 'a clock that cannot begin');
$other->query_safe('ROLLBACK');
$other->quit;
waits('pg_respond clock', 'RespondClockMain', 'and when it could');

# A session that wants the database for itself; then all names have been used, and the manual has them.
$node->safe_psql('postgres', "DROP DATABASE $db");
SKIP:
{
	skip 'one name for all before 17', 1 unless $named;
	my $manual = PostgreSQL::Test::Utils::slurp_file("$FindBin::RealBin/../pages/operations.md");
	is($node->safe_psql('postgres', q{SELECT string_agg(name, ' ' ORDER BY name COLLATE "C") FROM pg_wait_events WHERE type = 'Extension' AND name LIKE 'Respond%'}),
		join(' ', sort $manual =~ /^\| `(Respond\w+)` \|/mg), 'the server lists the names of the manual');
}
$node->stop;
done_testing();
