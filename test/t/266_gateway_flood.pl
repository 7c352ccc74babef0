# Far more requests than the gateway can take: those that are accepted are on disk, each once; the others are told to come again; other
# databases, REST, rules and sessions go on; memory is bounded; and when it is over, it is over.
#
# The disk takes 100 ms for each commit, so that a small machine can ask for much more than is taken.  RESPOND_FLOOD_SECONDS=60 floods
# for so long at least.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

use IPC::Open2 qw(open2);
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(time usleep);

my $CONNECTIONS = 4000;
my $SECONDS = $ENV{RESPOND_FLOOD_SECONDS} || 0;
my $db = 'desk';
my $dir = PostgreSQL::Test::Utils::tempdir();
my $secret = 'flood' x 6;
my $load = "$dir/web_load";

plan skip_all => 'no compiler' if system("cc -O2 -o '$load' '$FindBin::RealBin/../bench/web_load.c' -lcrypto > '$dir/cc.log' 2>&1") != 0;
plan skip_all => 'too few open files are allowed' if `bash -c 'ulimit -Hn'` !~ /unlimited/ && `bash -c 'ulimit -Hn'` < 2 * $CONNECTIONS;
PostgreSQL::Test::Utils::append_to_file("$dir/key", '0123456789abcdef' x 4 . "\n");
chmod(0600, "$dir/key");
my $node = Respond::node('flood', fsync => 'on', commit_siblings => 0, 'pg_respond.secret_key_file' => "$dir/key",
	'pg_respond.gateway_max_connections' => $CONNECTIONS + 1000);
for my $name ($db, 'other')
{
	Respond::create_extension($node, $name);
	$node->safe_psql($name, q{INSERT INTO respond.inbound_source (name, scheme, secret) VALUES ('in', 'standard_webhooks', 'whsec_} . encode_base64($secret, '') . q{')});
}
$node->safe_psql($db, q{INSERT INTO respond.inbound_source (name, scheme, secret, rate_limit) VALUES ('few', 'standard_webhooks', 'whsec_} . encode_base64($secret, '') . q{', 50)});
Respond::add_rule($node, $db, 'orders', 'order', [ { action => 'log', text => 'x' } ]);
my $at = Gateway::open($node);
Gateway::wait_ready($at, $_) for $db, 'other';
my $token = $node->safe_psql($db, q{CREATE ROLE writer; GRANT respond_producer TO writer; SELECT respond.create_token('t', 'writer', '{events:write}')});

sub one { return $node->safe_psql($db, $_[0]); }
sub post { my ($name, $id) = @_; return Gateway::request($at, 'POST', "/$name/in/in", Gateway::standard_webhook($secret, $id, '{"type": "honest"}'), '{"type": "honest"}'); }

# Memory that is theirs alone, in kB; of a name, the most that was seen.
my %pids = (program => Gateway::program_pid($node, $db),
	map { split / / } split /\n/, one(q{SELECT concat_ws('', kind, '-', database, '-', lane) || ' ' || pid FROM respond.worker WHERE kind IN ('listener', 'gateway', 'dispatcher')}));
my %most;

sub look_at_memory
{
	for my $name (keys %pids)
	{
		my ($memory) = slurp_file("/proc/$pids{$name}/status") =~ /^RssAnon:\s+(\d+) kB/m;

		$most{$name} = $memory if $memory > ($most{$name} || 0);
	}
	return;
}

# flood(path, connections, function): callers ask on and on while the function works; how many were accepted, refused, and neither.
sub flood
{
	my ($path, $connections, $function) = @_;
	my ($port) = $at =~ /(\d+)$/;
	my $begin = time();
	my $pid = open2(my $out, my $in, $load, $port, "/$db$path", $connections, 0, 0, 'whsec_' . encode_base64($secret, ''), "$dir/ids");

	$function->();
	while (time() < $begin + $SECONDS) { look_at_memory(); usleep(100_000); }
	my $seconds = time() - $begin;
	close($in);
	my ($accepted, $refused, $other) = split / /, <$out>;
	waitpid($pid, 0);
	note(sprintf('%s: %d accepted/s, %d refused/s, %.1f s', $path, $accepted / $seconds, $refused / $seconds, $seconds));
	is($?, 0, "$path: all callers were answered");
	return ($accepted, $refused, $other + 0);
}

sub refused { return one(q{SELECT max(refused) FROM respond.gateway}); }
sub taken { return one(qq{SELECT taken FROM respond.inbound_stats WHERE source = '$_[0]'}); }

# recorded(source): the ids that were accepted, and those of the log, are the same, each once.
sub recorded
{
	my ($source) = @_;

	$node->safe_psql($db, qq{
		CREATE TABLE public.accepted_$source (id text);
		COPY public.accepted_$source FROM '$dir/ids'});
	is(one(qq{SELECT count(*) || ' ' || count(DISTINCT id) FROM public.accepted_$source WHERE id NOT IN (SELECT key FROM respond.event WHERE source ~ '/in/$source\$')}), '0 0', "$source: all that was accepted is recorded");
	is(one(qq{SELECT count(*) = count(DISTINCT key) FROM respond.event WHERE source ~ '/in/$source\$'}), 't', "$source: once each");
	is(one(qq{SELECT count(*) FROM respond.event WHERE source ~ '/in/$source\$' AND key LIKE 'msg%' AND key NOT IN (SELECT id FROM public.accepted_$source)}), '0', "$source: and nothing that was refused");
	return;
}

Gateway::set($node, commit_delay => 100_000);
Respond::wait_until($node, $db, q{SELECT current_setting('commit_delay') = '100000'});
my $before = refused();
my ($accepted, $refused, $other) = flood('/in/in', $CONNECTIONS, sub {
	Respond::wait_for(sub { look_at_memory(); return refused() > $before + 10_000 }, 'requests are refused');

	# Meanwhile:
	is(join(' ', map { post('other', "honest-$_")->{status} } 1 .. 5), '200 200 200 200 200', 'webhooks to another database are taken');
	my $answer = Gateway::request($at, 'POST', "/$db/v1/events", { Authorization => "Bearer $token", 'Content-Type' => 'application/cloudevents+json' },
		'{"specversion": "1.0", "id": "e-1", "source": "/x", "type": "a.b"}');
	is(int($answer->{status} / 100), 2, 'REST of the same database is answered');
	Respond::emit($node, $db, 'order') for 1 .. 3;
	Respond::wait_until($node, $db, q{SELECT count(*) = 3 FROM respond.run WHERE rule = 'orders'}, 'rules of the same database act');
	my $end = refused();
	Respond::wait_for(sub { look_at_memory(); return taken('in') > 2000 && refused() > $end + 1000 }, 'and all that while there were too many requests');
});

# It is over.
my $begin = time();
my $tries = 0;
Respond::wait_for(sub { $tries++; return post($db, 'afterwards')->{status} == 200 });
note(sprintf('taken %.0f ms after the end, at try %d', 1000 * (time() - $begin), $tries));
is($tries, 1, 'the next request is taken at once');
cmp_ok($accepted, '>', 2000, 'many were accepted');
cmp_ok($refused, '>', $accepted, 'and more refused, with a time to come again');
is($other, 0, 'and nothing else happened to any');
recorded('in');
Respond::wait_until($node, $db, 'SELECT max(connections) < 10 FROM respond.gateway', 'their connections are gone');

# More than a source takes, though the gateway could.
($accepted, $refused, $other) = flood('/in/few', 50, sub {
	Respond::wait_for(sub { look_at_memory(); return one(q{SELECT refused > 1000 FROM respond.inbound_stats WHERE source = 'few'}) eq 't' }, 'a source has had enough');
});
cmp_ok($refused, '>', $accepted, 'it refuses with a time to come again');
is($other, 0, 'and nothing else');
recorded('few');

note(join(', ', map { sprintf('%s %.1f MB', $_, $most{$_} / 1024) } sort keys %most));
for my $name (sort keys %most)
{
	cmp_ok($most{$name}, '<', 64_000, "memory of $name is bounded");
	ok(-e "/proc/$pids{$name}", 'and it is still the same process');
}
Respond::wait_idle($node, $db, 'what was recorded is handled');
is(one(q{SELECT coalesce(sum(failures), 0) || ' ' || coalesce(sum(errors), 0) FROM respond.worker}), '0 0', 'no worker failed');
ok(!Respond::log_has($node, qr/(PANIC|was terminated by signal)/), 'nor did anything crash');
$node->stop;
done_testing();
