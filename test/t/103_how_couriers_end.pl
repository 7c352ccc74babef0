# How couriers end, and what the next one makes of it.  Only one that dies by its own doing makes the next one careful.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Courier;

my $courier = Courier::start('ends', restart_after_crash => 'on');
my $node = $courier->node;
my $blame = qr/a courier before this one died; deliveries are sent one by one/;

for my $mode (qw(fast immediate fast))
{
	$node->stop($mode);
	$node->start;
	Respond::wait_workers($node, $courier->db, "stopped: $mode");
}
my $pid = Respond::signal_worker($node, $courier->db, 'courier', 'TERM');
Respond::wait_until($node, $courier->db, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond courier' AND pid <> $pid)", 'terminated');
Respond::crash_worker($node, $courier->db, 'dispatcher');
Respond::wait_workers($node, $courier->db, 'another process crashed');
$courier->one('ALTER SYSTEM SET pg_respond.courier = off');
$node->reload;
Respond::wait_until($node, $courier->db, q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'pg_respond courier')}, 'switched off');
$courier->one('ALTER SYSTEM RESET pg_respond.courier');
$node->reload;
Respond::wait_workers($node, $courier->db, 'switched on');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), $blame, 'nobody is blamed for any of it');
Respond::crash_worker($node, $courier->db, 'courier');
Respond::wait_until($node, $courier->db, q{SELECT tries = 1 FROM respond_internal.suspect_delivery WHERE delivery_id = 0}, 'it died by itself: the next one knows');
like(PostgreSQL::Test::Utils::slurp_file($node->logfile), $blame, 'and says so');
$courier->stop;
done_testing();
