# Standbys and couriers: nothing leaves that a synchronous standby has not confirmed, what waited for it is sent as it is then,
# and what was pending when the primary is lost is sent by who takes over, and by nobody before.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Peers;
use Respond;
use Sender;

my $receiver = Peers::receiver();
# couriers of the primary wait, those of a bystander beat
my $bystander = Respond::node('bystander', Sender::settings());
my $primary = Respond::node('primary', Sender::settings(), restart_after_crash => 'on', init => [ allows_streaming => 1 ]);
my $desk = Sender::start($primary, 'desk', $receiver, 'sync');

# wait_for_standby(name): the primary's synchronous standby; none if the name is empty.
sub wait_for_standby
{
	my ($name) = @_;

	$primary->safe_psql('postgres', "ALTER SYSTEM SET synchronous_standby_names = '$name'");
	$primary->reload;
	return Respond::wait_until($primary, 'desk', "SELECT setting = '$name' FROM pg_settings WHERE name = 'synchronous_standby_names'");
}

# is_silent(channel, count, message): time goes by, and no more than so many requests have come.
sub is_silent
{
	my ($channel, $count, $message) = @_;

	Respond::beat($bystander, "http://127.0.0.1:$receiver->{port}/ok?beat");
	return is($desk->arrived($channel), $count, $message);
}

$desk->emit('ok', 1);
$desk->none_pending('the first one is delivered');

# --- A standby that is not there
{
	my $pid = $desk->courier;

	$desk->emit('slow', 3);
	$desk->arrives('slow', 3, 'some requests are under way');
	wait_for_standby('nobody');
	$desk->delivers('slow', 3, 'their outcomes are recorded without waiting for a standby');
	$desk->emit('ok', 20);
	$desk->until(q{SELECT count(*) = 20 FROM respond.delivery WHERE status = 'pending'}, 'deliveries are recorded');
	is_silent('ok', 1, 'nothing is sent before a standby has confirmed');
	is($desk->courier, $pid, 'the courier is the same');
	Respond::is_quick('the courier answers SIGTERM', sub {
		kill('TERM', $pid);
		$desk->until("SELECT EXISTS (SELECT FROM respond.worker WHERE kind = 'courier' AND pid <> $pid AND state <> 'starting')");
	});
	Respond::is_quick('a database beside it is made and dropped', sub {
		$primary->safe_psql('postgres', q{SET synchronous_commit = local; CREATE DATABASE x TEMPLATE desk});
		$primary->safe_psql('postgres', q{SET synchronous_commit = local; DROP DATABASE x});
	});
	is_silent('ok', 1, 'nothing is sent still');
	Respond::is_quick('a restart', sub { $primary->restart });
	$desk->courier;
	is_silent('ok', 1, 'nothing is sent after a restart');
	wait_for_standby('');
	$desk->none_pending('without the setting all of it is delivered');
	is($desk->arrived('ok'), 21, 'once each');
}

# --- What waited for long is sent as it is then: not what was discarded meanwhile, not with the time of an hour ago, and to
# where the channel leads then
for my $change ('', q{UPDATE respond.channel SET url = url || '&new' WHERE name = 'slow'})
{
	my $before = scalar(my @sent = $receiver->lines('/slow/700\?sync'));
	my $pid = $desk->courier;

	wait_for_standby('nobody');
	$desk->emit('slow', 4);
	$desk->until(q{SELECT count(*) = 4 AND max(created_at) < clock_timestamp() - interval '3 s' FROM respond.delivery WHERE status = 'pending'});
	my ($key, $id) = split(/\|/, $desk->one(q{SELECT key, id FROM respond.delivery WHERE status = 'pending' ORDER BY id LIMIT 1}));

	$desk->one("SET synchronous_commit = local; SELECT respond.discard($id); $change");
	wait_for_standby('');
	$desk->none_pending('what waited for a standby is delivered');
	@sent = $receiver->lines('/slow/700\?sync');
	@sent = @sent[ $before .. $#sent ];
	is(scalar(grep { /$key/ } @sent), 0, 'what was discarded before it was sent is not sent');
	is(scalar(grep { my ($t) = /"t": (\d+)/; my ($said) = /"webhook-timestamp": "(\d+)"/; $t - $said > 2 } @sent), 0, 'webhook-timestamp is the time of the sending');
	is(scalar(grep { /sync&new"/ } @sent), $change ? 3 : 0, 'it goes to where the channel leads then');
	is($desk->courier, $pid, 'by the same courier');
}
$desk->one(q{UPDATE respond.channel SET url = replace(url, '&new', '') WHERE name = 'slow'});

# --- A standby that comes
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
wait_for_standby('standby');
$desk->emit('ok', 20);
$desk->until(q{SELECT count(*) = 20 FROM respond.delivery WHERE status = 'pending'}, 'what waits for a standby is recorded');
is_silent('ok', 21, 'and waits');
$standby->start;
$desk->none_pending('with the standby it is delivered');
is($desk->arrived('ok'), 41, 'once each');
$desk->emit('ok', 20);
$desk->none_pending('and what comes then, too');
wait_for_standby('');

# --- A primary that is lost
$desk->emit('hang', 30);
$desk->arrives('hang', 30, 'requests of the primary hang');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
$standby->restart;
is_silent('hang', 30, 'nothing is sent by a standby');
is($standby->safe_psql('desk', q{SELECT count(*) FROM respond.delivery WHERE status = 'pending'}), '30', 'which knows them');
unlike(PostgreSQL::Test::Utils::slurp_file($primary->logfile), qr/PANIC|terminated by signal|TRAP/, 'the log of the primary is clean');
$primary->stop('immediate');
$standby->promote;
my $heir = Sender::at($standby, 'desk', $receiver, 'sync');
$heir->arrives('hang', 60, 'after promotion they are sent');
is($heir->distinct('hang'), 30, 'with the same keys');
$heir->emit('ok', 5);
$heir->delivers('ok', 66, 'and new ones');
$standby->stop('fast');
$bystander->stop;
done_testing();
