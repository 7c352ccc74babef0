# Breakers: no answer is the host's matter, an error in an answer the channel's; health() says what is held back, and what to do.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Metrics;
use Peers;
use Respond;

my $courier = Courier::start('breakers');
my $node = $courier->node;
my $db = $courier->db;
my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my $dir = PostgreSQL::Test::Utils::tempdir('breakers');
my $health = q{SELECT ok || ': ' || message || coalesce(' -> ' || remedy, '') FROM respond.health() WHERE "check" = 'breakers'};

sub one { return $courier->one(@_); }
sub touch { PostgreSQL::Test::Utils::append_to_file($_[0], 'x'); chmod(0644, $_[0]); return; }

# gauges(): deliveries that are queued, open breakers of hosts, and of channels; '' where there is none.
sub gauges
{
	my $metrics = Metrics::parse(one('SELECT respond.metrics()'));

	return map { defined $_ ? $_ : '' } Metrics::value($metrics, 'pg_respond_deliveries_queued', database => $db),
	  map { Metrics::value($metrics, 'pg_respond_breakers_open', database => $db, kind => $_) } qw(host channel);
}

is(join(' ', gauges()), '0 0 0', 'metrics: nothing is queued, no breaker is open');
like(one($health), qr/^true: no delivery is held back/, 'health(): nothing is held back at first');

# ---- One bad path on a host that others share. ----
{
	my $file = "$dir/bad";

	touch($file);
	$courier->channel('bad', 'webhook', "$base/fail-while$file", retry_delays => '{10 ms}', max_attempts => 50, step => { text => 'x' });
	$courier->channel("good $_", 'webhook', "$base/ok/$_", step => { text => 'x' }) for 1, 2;
	$courier->fire_many('bad', 100);
	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.health() WHERE "check" = 'breakers' AND message ~ 'channel bad \(its receiver answered 503, [0-9]+ times in a row\)')}, 'health() tells of the channel that is left alone') or diag(one($health));
	is(one(q{SELECT count(*) FROM respond.health() WHERE "check" = 'breakers' AND (message ~ 'good' OR message ~ 'all channels')}), '0', 'and of no other, nor of the host');
	my @gauges = gauges();
	cmp_ok($gauges[0], '>', 50, 'metrics: they are queued');
	is("$gauges[1] $gauges[2]", '0 1', 'metrics: the breaker of a channel is open');
	like(one($health), qr/ -> .*retry_channel/, 'and what to do') if one($health) !~ /^true/;
	$courier->fire_many("good $_", 30) for 1, 2;
	$courier->until_all("good $_", q{status = 'delivered' AND attempts = 1}, "channel $_ of the same host is not held up") for 1, 2;
	# measured by the database: from the recording to the end
	my $slowest = one(q{SELECT extract(epoch FROM max(finished_at - created_at)) FROM respond.delivery WHERE channel LIKE 'good%'});
	my $pause = one(q{SELECT extract(epoch FROM max(gap)) FROM (SELECT a.at - lag(a.at) OVER (ORDER BY a.at) AS gap FROM respond.attempt AS a JOIN respond.delivery AS d ON d.id = a.delivery_id WHERE d.channel = 'bad') AS g});
	note("slowest of the good ones: $slowest s; longest pause of the bad one: " . ($pause || 0) . ' s');
	unlink($file) or die "unlink: $!";
	is(one(q{SELECT respond.retry_channel('bad') >= 0}), 't', 'retry_channel() when the receiver is well again');
	$courier->until_all('bad', q{status = 'delivered'}, 'then all arrive');
	Respond::wait_for(sub { join(' ', gauges()) eq '0 0 0' }, 'metrics: nothing is queued any more, no breaker is open');
	Respond::wait_until($node, $db, q{SELECT ok FROM respond.health() WHERE "check" = 'breakers'}, 'and health() is content');
}

# ---- A host that does not answer. ----
{
	my $file = "$dir/host";

	touch($file);
	my $other = Peers::receiver();
	my $url = "http://127.0.0.1:$other->{port}";
	$courier->channel("mute $_", 'webhook', "$url/rst-while$file", retry_delays => '{10 ms}', max_attempts => 50, step => { text => 'x' }) for 1, 2;
	$courier->channel('beside', 'webhook', "$url/ok", retry_delays => '{10 ms}', max_attempts => 50, step => { text => 'x' });
	$courier->fire_many("mute $_", 20) for 1, 2;
	Respond::wait_until($node, $db, qq{SELECT EXISTS (SELECT FROM respond.health() WHERE "check" = 'breakers' AND message ~ 'all channels to $url \\(no connection or no answer')}, 'health() tells of the host that does not answer') or diag(one($health));
	is(join(' ', (gauges())[ 1, 2 ]), '1 0', 'metrics: the breaker of a host is open');
	$courier->fire_many('beside', 5);
	$courier->arrives('good 1', 'others are served');
	unlink($file) or die "unlink: $!";
	one(q{SELECT respond.retry_channel('mute 1')});
	$courier->until_all($_, q{status = 'delivered'}, "$_: all arrive") for 'mute 1', 'mute 2', 'beside';
	Respond::wait_until($node, $db, q{SELECT ok FROM respond.health() WHERE "check" = 'breakers'}, 'health() is content');
}

# ---- The remedy of giving up works, too. ----
{
	$courier->channel('closed', 'webhook', 'http://127.0.0.1:1/', retry_delays => '{10 ms}', max_attempts => 50, step => { text => 'x' });
	$courier->fire_many('closed', 10);
	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.health() WHERE "check" = 'breakers' AND NOT ok AND message ~ 'http://127.0.0.1:1 ')}, 'a closed port');
	one(q{SELECT respond.discard(id) FROM respond.delivery WHERE channel = 'closed' AND status = 'pending'});
	Respond::wait_until($node, $db, q{SELECT ok FROM respond.health() WHERE "check" = 'breakers'}, 'after discard() health() is content');
	# a changed channel is tried at once: what its receiver answered before does not count
	my $file = "$dir/changed";
	touch($file);
	$courier->channel('changed', 'webhook', "$base/fail-while$file", retry_delays => '{10 ms}', max_attempts => 80, step => { text => 'x' });
	$courier->fire_many('changed', 20);
	Respond::wait_until($node, $db, q{SELECT EXISTS (SELECT FROM respond.health() WHERE "check" = 'breakers' AND message ~ 'channel changed')}, 'a channel whose receiver fails');
	$courier->set('changed', "url = '$base/ok/changed'");
	$courier->until_all('changed', q{status = 'delivered'}, 'is fixed');
	Respond::wait_until($node, $db, q{SELECT ok FROM respond.health() WHERE "check" = 'breakers'}, 'and health() is content');
	one(q{DELETE FROM respond.channel WHERE name = 'closed'});
}

is(one(q{SELECT sum(errors) FROM respond.worker WHERE kind = 'courier'}), '0', 'without an error of the courier');
# A courier that is not there holds nothing back.
$node->safe_psql('postgres', q{ALTER SYSTEM SET pg_respond.courier = off});
$node->reload;
Respond::wait_for(sub { join('', gauges()) eq '' }, 'metrics: without a courier these gauges are not there');
$node->safe_psql('postgres', q{ALTER SYSTEM SET pg_respond.courier = on});
$node->reload;
Respond::wait_for(sub { join(' ', gauges()) eq '0 0 0' }, 'metrics: with a new one they begin anew');
$courier->stop;
done_testing();
