# Asynchronous commits that are lost: no request stands for a row that is not there, and each row that is there arrived.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Peers;
use Respond;
use Sender;
use Writers;

my $receiver = Peers::receiver();
my $node = Respond::node('loss', Sender::settings(), wal_writer_delay => '10s', wal_writer_flush_after => '64MB', autovacuum => 'off');
my $desk = Sender::start($node, 'desk', $receiver, 'loss');
my $script = Writers::script($node, 'emit', q{SET synchronous_commit = off; INSERT INTO respond.event (type) VALUES ('send.ok');});
my $committed = 0;

for my $round (1 .. 8)
{
	my $count = $desk->arrived('ok');
	my $run = Writers::start($node, 'desk', $script, clients => 3, seconds => 20);

	Respond::wait_for(sub { $desk->arrived('ok') >= $count + 5 * $round }, undef, 1_000);
	$node->stop('immediate');
	eval { $run->finish };
	$node->start;
	$committed += (PostgreSQL::Test::Utils::slurp_file("$script.out") =~ /transactions actually processed: (\d+)/)[0] || 0;
	$desk->none_pending("round $round: all is delivered");
}
Respond::wait_idle($node, 'desk');
$desk->none_pending('all is delivered');
my %known = map { $_ => 1 } split(/\n/, $desk->one('SELECT key FROM respond.delivery'));
my %got = map { $_ => 1 } Peers::keys_in($desk->requests('ok'));

is(scalar(grep { !$known{$_} } keys %got), 0, 'no request stands for a row that was lost');
is(scalar(grep { !$got{$_} } keys %known), 0, 'and each row arrived');
note("$committed transactions, " . keys(%known) . ' of which were not lost');
$node->stop;
done_testing();
