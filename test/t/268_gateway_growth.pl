# Requests leave no memory behind, in the program and in none of its workers: webhooks that are taken, known or refused, REST, streams that
# are followed and left.  RESPOND_GROWTH=24 asks for 24 times as many: 192,000 webhooks, 19,200 requests of REST, 9,600 streams.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;
use Rest;
use Stream;

use IPC::Open2 qw(open2);
use MIME::Base64 qw(encode_base64);

my $MORE = $ENV{RESPOND_GROWTH} || 1;
my ($WEBHOOKS, $REST, $STREAMS) = map { $_ * $MORE } 2000, 200, 100;
my $ROUNDS = 4;
my $db = 'desk';
my $dir = PostgreSQL::Test::Utils::tempdir();
my $load = "$dir/web_load";
my $secret = 'whsec_' . encode_base64('growth' x 5, '');

plan skip_all => 'no compiler' if system("cc -O2 -o '$load' '$FindBin::RealBin/../bench/web_load.c' -lcrypto > '$dir/cc.log' 2>&1") != 0;
PostgreSQL::Test::Utils::append_to_file("$dir/key", '0123456789abcdef' x 4 . "\n");
chmod(0600, "$dir/key");
my $node = Respond::node('growth', start => 0, log_statement => 'none', 'pg_respond.secret_key_file' => "$dir/key");
my $rest = Rest::start($node);
Respond::create_extension($node, $db);
$rest->ready($db);
my $at = "127.0.0.1:$rest->{port}";
$node->safe_psql($db, qq{
	CREATE ROLE ann LOGIN IN ROLE respond_agent;
	INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('in', 'standard_webhooks', '$secret'), ('out', 'standard_webhooks', 'whsec_${\encode_base64('other' x 6, '')}')});
my $agent = Rest::token($node, $db, 'ann', 'ann');
my $auditor = Rest::token($node, $db, 'auditor', 'respond_auditor');

sub one { return $node->safe_psql($db, $_[0]); }

# webhooks(source, column, number): so many are sent there.
sub webhooks
{
	my ($source, $column, $number) = @_;
	my $count = sub { return one("SELECT $column FROM respond.inbound_stats WHERE source = '$source'"); };
	my $before = $count->();
	my $pid = open2(my $out, my $in, $load, $rest->{port}, "/$db/in/$source", 16, 0, 0, $secret, "$dir/ids");

	Respond::wait_for(sub { return $count->() >= $before + $number }) if $MORE == 1;
	while ($count->() < $before + $number) { select(undef, undef, undef, 0.2); }
	close($in);
	my $line = <$out>;
	waitpid($pid, 0);
	return;
}

sub again
{
	my $body = '{"type": "known"}';

	Gateway::request($at, 'POST', "/$db/in/in", Gateway::standard_webhook('growth' x 5, 'known', $body), $body) for 1 .. 50;
	return;
}

my $ticket = $rest->ask(POST => "/$db/v1/tickets", token => $agent, body => { subject => 'a ticket' })->{json}{id};
ok($ticket, 'a ticket is there');

sub round_of_all
{
	webhooks('in', 'taken', $WEBHOOKS * 3 / 4);
	webhooks('out', 'refused', $WEBHOOKS / 4);
	again();
	for my $i (1 .. $REST / 4)
	{
		$rest->ask(GET => "/$db/v1/tickets?limit=5", token => $agent);
		$rest->ask(PATCH => "/$db/v1/tickets/$ticket", token => $agent, body => { tags => ["t$i"] });
		$rest->ask(GET => "/$db/v1/tickets/999999", token => $agent);
		$rest->ask(POST => "/$db/v1/tickets", token => $agent, body => { nothing => 1 });
		$rest->{seen} = [];
	}
	for my $i (1 .. $STREAMS / 10)
	{
		my @streams = map { Stream::follow($at, "/$db/v1/stream" . ($_ % 2 ? '?type=known' : ''), $auditor) } 1 .. 10;

		$streams[0]{status} == 200 or BAIL_OUT('a stream is not followed');
		close($_->{socket}) for @streams;
	}
	return;
}

my %pids = (program => Gateway::program_pid($node, $db),
	map { split / / } split /\n/, one(q{SELECT concat_ws('-', kind, lane) || ' ' || pid FROM respond.worker WHERE kind IN ('listener', 'gateway')}));
my %memory;

for my $round (1 .. $ROUNDS)
{
	round_of_all();
	for my $name (keys %pids)
	{
		push @{ $memory{$name} }, slurp_file("/proc/$pids{$name}/status") =~ /^RssAnon:\s+(\d+) kB/m;
	}
}
for my $name (sort keys %pids)
{
	note("$name: @{ $memory{$name} } kB");
	cmp_ok($memory{$name}[-1] - $memory{$name}[1], '<', 2000, "$name: requests leave nothing behind");
}
is(scalar(keys %pids), 4, 'the program, its listener, and both gateways were looked at');
cmp_ok(one(q{SELECT taken FROM respond.inbound_stats WHERE source = 'in'}), '>=', $WEBHOOKS * 3, 'so many were taken');
cmp_ok(one(q{SELECT refused FROM respond.inbound_stats WHERE source = 'out'}), '>=', $WEBHOOKS, 'and so many refused');
$node->stop;
done_testing();
