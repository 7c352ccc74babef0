# Mail servers that refuse, hang up or say half of what they should.  Each ends its mail; none ends the courier.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Peers;
use Courier;

use IO::Socket::INET ();

my $courier = Courier::start('refused', restart_after_crash => 'on');
my $node = $courier->node;
my $bystander = Respond::session($node, $courier->db);
my $pid = $courier->pid;

# A port that nobody listens at: it was ours a moment ago.
my $nobody = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
my %server = (drops_rcpt => Peers::mail_server(mode => 'drop-after-rcpt'), drops_data => Peers::mail_server(mode => 'drop-after-data'),
	later => Peers::mail_server(mode => 'tempfail-all'), silent => Peers::mail_server(mode => 'banner-hang'));

# mail(name, port, column => value...): a channel without TLS, and a rule that mails through it
sub mail
{
	my ($name, $port, %row) = @_;

	$courier->channel($name, 'email', "smtp://127.0.0.1:$port", options => { tls => 'none', from => 'desk@sender.test' },
		max_attempts => 3, retry_delays => '{50ms}', step => { to => 'a@recipient.test', text => '{{data.text}}' }, %row);
	return;
}

mail('refused', $nobody);
mail($_, $server{$_}{port}, $_ eq 'silent' ? (timeout => '100ms') : ()) for sort keys %server;
$courier->fire_many('refused', 200);
$courier->fire_many($_, 30) for sort keys %server;
$courier->until_all($_, q{status = 'dead' AND attempts = 3}, "$_: all are dead after their tries") for 'refused', sort keys %server;
is($courier->pid, $pid, 'all that in one courier');
is($bystander->query_safe('SELECT 1'), '1', 'whoever was connected still is');
is($courier->one('SELECT restarts FROM (SELECT sum(failures) AS restarts FROM respond.worker) AS w'), '0', 'no worker failed');
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/was terminated by signal|reinitializing/, 'no process died');
$bystander->quit;
$courier->stop;
done_testing();
