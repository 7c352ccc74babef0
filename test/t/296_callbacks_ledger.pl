# Calls that end steps, while couriers, dispatchers, gateways and the server are killed: each call that was taken ends its step, each url is good for one.
# And their lives elsewhere: a dump, a copy, a standby that does not confirm.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Callbacks;
use Gateway;
use JSON::PP ();
use Peers;
use Respond;

use POSIX ();
use Time::HiRes qw(usleep);

my $EVENTS = 120;
my $json = JSON::PP->new->utf8->canonical;
my $desk = Callbacks::start('ledger', init => [ allows_streaming => 1 ], fsync => 'on', restart_after_crash => 'on', 'pg_respond.dispatchers' => 2, synchronous_commit => 'off');
my $node = $desk->node;
my $dir = PostgreSQL::Test::Utils::tempdir('ledger');

# --- kills
my $type = $desk->rule({ action => 'request', name => 'r', url => "$desk->{base}/seq/{{data.n}}/{{data.answers}}", retry_after => '100 ms', max_attempts => 20, timeout => '10 min',
	body => { to => '{{callback_url}}', k => '{{data.n}}' }, callback => JSON::PP::true });
sub url_of { my %url; $url{ $json->decode($_->{body})->{k} }{ $json->decode($_->{body})->{to} } = 1 for grep { $_->{path} =~ m{^/seq/} } $desk->{receiver}->requests; return %url; }

my $caller = fork();
die 'fork' unless defined $caller;
if ($caller == 0)
{
	my %done;
	my $start = time();

	open(my $out, '>', "$dir/ledger") or POSIX::_exit(1);
	$out->autoflush(1);
	while (keys %done < $EVENTS && time() - $start < 170)
	{
		my %url = url_of();

		for my $n (sort { $a <=> $b } grep { !$done{$_} } keys %url)
		{
			my ($to) = keys %{ $url{$n} };
			my $status = eval { $desk->call(Callbacks::path($to), qq({"n": $n}), 'application/json')->{status} } // 0;

			print $out "$n $status\n";
			$done{$n} = 1 if $status != 0 && $status != 503;
		}
		usleep(20_000);
	}
	POSIX::_exit(0);
}
sub called { return scalar(grep { / (200|410)$/ } -e "$dir/ledger" ? split(/\n/, slurp_file("$dir/ledger")) : ()); }
sub after { my ($count) = @_; Respond::wait_for(sub { return called() >= $count }, "$count are called"); return; }
sub fire
{
	my ($from, $to) = @_;

	$desk->one("INSERT INTO respond.event (type, subject, data) SELECT '$type', 's/' || n % 7, jsonb_build_object('n', n, 'answers', CASE n % 4 WHEN 0 THEN '503,200' ELSE '200' END) FROM generate_series($from, $to) AS n");
	return;
}
sub back { Respond::wait_until($node, 'desk', 'SELECT true', 'the server is back'); return; }

fire(1, 40);
after(5);
kill('KILL', Gateway::program_pid($node, 'desk'));
after(15);
Respond::crash_worker($node, 'desk', 'courier');
back();
after(25);
Respond::crash_worker($node, 'desk', 'gateway');
back();
fire(41, 80);
after(50);
Respond::crash_worker($node, 'desk', 'dispatcher');
back();
after(60);
$node->stop('immediate');
$node->start;
fire(81, $EVENTS);
after(90);
$node->stop('immediate');
$node->start;
after($EVENTS);
waitpid($caller, 0);
Respond::wait_until($node, 'desk', "SELECT count(*) = $EVENTS FROM respond.run WHERE status = 'succeeded'", 'every run has ended');
my %url = url_of();
is(join(' ', grep { keys %{ $url{$_} } != 1 } sort keys %url), '', 'each asked for one url, in all its tries');
is($desk->one(q{SELECT count(*) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE (r.state::jsonb #>> '{r,callback,body,n}') IS DISTINCT FROM e.data ->> 'n'}), 0,
	'each has the call that was its own');
is($desk->one('SELECT count(*) FROM respond.run AS r WHERE (SELECT count(*) FROM respond.wait_decision AS d WHERE d.run_id = r.id) > 2'), 0, 'no step ended twice');
is($desk->rows, 0, 'no row is left');
my %taken;
$taken{$_}++ for map { /^(\d+) 200$/ ? $1 : () } split /\n/, slurp_file("$dir/ledger");
cmp_ok(scalar(keys %taken), '>', $EVENTS / 2, 'most were answered at once');

# --- what was answered is on disk
my $event = $desk->ask_back('/ok');
my $path = $desk->url($event);
$desk->waits($event, 'callback', 'a run waits');
is($desk->call_until($path, '"kept"'), 200, 'it is called');
$node->stop('immediate');
$node->start;
is($desk->answer($event)->{callback}{body}, 'kept', 'and the server dies: the call is not lost');

# --- a dump, restored: it waits there, and takes calls of its own once it is released
my $dump = "$dir/dump.sql";
$event = $desk->ask_back('/ok');
$path = $desk->url($event);
$desk->waits($event, 'callback', 'a run waits that is dumped');
$node->run_log([ 'pg_dump', '-f', $dump, $node->connstr('desk') ]);
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->run_log([ 'psql', '-qX', '-f', $dump, $node->connstr('other') ]);
my $there = $path =~ s{^/desk}{/other}r;
my $run = $desk->one("SELECT id FROM respond.run WHERE event_id = $event");
sub elsewhere { return $node->safe_psql('other', $_[0]); }
Gateway::wait_ready($desk->{at}, 'desk', 'the gateway answers');
Respond::wait_for(sub { return $desk->call($there, '{}')->{body} =~ /on hold|cannot be recorded|Nothing can be/ }, 'the copy takes no call');
is($desk->call($there, '{}')->{status}, 503, 'before it is released');
elsewhere('SELECT respond.release()');
is($desk->call_until($there, '"copy"'), 200, 'after that it does');
Respond::wait_until($node, 'other', "SELECT status = 'succeeded' FROM respond.run WHERE id = $run", 'its run goes on');
is(elsewhere("SELECT state::jsonb #>> '{r,callback,body}' FROM respond.run WHERE id = $run"), 'copy', 'with that call');
is($desk->one("SELECT status FROM respond.run WHERE id = $run"), 'waiting', 'that of the original waits');
is($desk->call_until($path, '"original"'), 200, 'for its own call');
is($desk->answer($event)->{callback}{body}, 'original', 'and gets it');

# --- a standby that does not confirm: no promise is made
my $used = $path;
$event = $desk->ask_back('/ok');
$path = $desk->url($event);
$desk->waits($event, 'callback', 'a run waits');
Gateway::set($node, synchronous_standby_names => 'nobody');
Respond::wait_until($node, 'postgres', q{SELECT current_setting('synchronous_standby_names') = 'nobody'}, 'a standby is asked for that is not there');
Respond::wait_for(sub { return $desk->call($used, '{}')->{status} == 503 }, 'not even that a url was called is said without it');
is($desk->call($path, '"unconfirmed"', 'application/json')->{status}, 503, 'what it does not confirm was not taken, as far as the caller knows');
is($desk->call($path, '"again"', 'application/json')->{status}, 503, 'nor is it said that it was');
Gateway::set($node, synchronous_standby_names => undef);
like($desk->call_until($path, '"again"'), qr/^(200|410)$/, 'without it the caller learns how it stands');
is($desk->answer($event)->{callback}{body}, 'unconfirmed', 'one call counts, the first');

# --- somebody holds the row: the gateway waits for nobody
$event = $desk->ask_back('/ok');
$path = $desk->url($event);
$desk->waits($event, 'callback', 'a run waits');
my $holder = Respond::session($node, 'desk');
$holder->query_safe('BEGIN; SELECT FROM respond_internal.callback FOR UPDATE');
is($desk->call($path, '{}')->{status}, 503, 'a row that is locked: later');
$holder->query_safe('ROLLBACK');
$holder->quit;
is($desk->call_until($path, '"free"'), 200, 'then it is taken');

# --- a run that somebody has deleted leaves a row, which goes with time
$event = $desk->ask_back('/ok', timeout => '1 s', callback_timeout => '1100 ms', on_failure => 'stop');
$desk->run($event);
$desk->one(q{INSERT INTO respond_internal.callback (delivery_id, hash, run_id, run_started_at, step, due_at) VALUES (-1, '\x00', -1, now(), 'r', now() - interval '1 second')});
Respond::clock_looks($node, 'desk', 'pg_respond.event_retention', '90d');
Respond::wait_until($node, 'desk', 'SELECT count(*) = 0 FROM respond_internal.callback WHERE delivery_id = -1', 'a row of no run goes');

done_testing();
