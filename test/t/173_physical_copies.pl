# A physical copy of a cluster does not act beside its original: a base backup, a restore to a point in time, copied files hold until
# release(), and each event is handled once.  Standbys go on by themselves after promotion, and an original never holds.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Courier;
use Peers;
use Respond;

my $receiver = Peers::receiver();
my $base = "http://127.0.0.1:$receiver->{port}";
my $origin = Respond::node('origin', init => [ allows_streaming => 1, has_archiving => 1 ], fsync => 'off', restart_after_crash => 'on',
	'pg_respond.allowed_networks' => '127.0.0.0/8', checkpoint_timeout => '1h');
my $db = 'desk';
my $original_sent = 0;

sub one { my ($node, $sql, $name) = @_; return $node->safe_psql($name || $db, $sql); }
sub sent { return scalar(() = $receiver->requests('/ok/hook')); }

# identity(node): fields of the file: form, system identifier, inode, birth, mark.
sub identity
{
	my ($node) = @_;

	return split / /, slurp_file($node->data_dir . '/pg_respond.identity') =~ s/\n//r;
}

# acts(node, message): an event is handled and its message sent, and health() is content.
sub acts
{
	my ($node, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $event = Respond::emit($node, $db, 'w.acts');
	Respond::wait_until($node, $db, "SELECT EXISTS (SELECT FROM respond.delivery WHERE event_id = $event AND status = 'delivered')", "$message: it acts");
	is(one($node, q{SELECT ok FROM respond.health() WHERE "check" = 'hold'}), 't', "$message: health() says so");
	return;
}

# holds(node, message): the workers hold and nothing is done or sent although there is work.
sub holds
{
	my ($node, $message) = @_;
	my $before = sent();

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $db, q{SELECT count(*) >= 3 FROM respond.worker WHERE database = 'desk' AND state = 'holding'}, "$message: the workers hold");
	is(one($node, q{SELECT hold FROM respond_internal.state}), 'copied', "$message: the table says why");
	like(one($node, q{SELECT message || ': ' || remedy FROM respond.health() WHERE "check" = 'hold' AND NOT ok}), qr/copy of another.*release\(\).*hold_on_copy/, "$message: so does health()");
	Respond::emit($node, $db, 'w.meanwhile');
	is(one($node, q{SELECT count(*) FROM respond.run AS r JOIN respond.event AS e ON e.id = r.event_id WHERE e.type IN ('w.waits', 'w.meanwhile')}), '0', "$message: nothing is run");
	is(sent(), $before, "$message: nothing is sent");
	return;
}

# goes_on(node, message): after release() each event is handled once and sent, also after a restart.
sub goes_on
{
	my ($node, $message) = @_;
	my $ledger = q{SELECT count(*) FROM respond.event AS e WHERE e.type LIKE 'w.%' AND ((SELECT count(*) FROM respond.run AS r WHERE r.event_id = e.id) <> 1
		OR (SELECT count(*) FROM respond.delivery AS d WHERE d.event_id = e.id AND d.status = 'delivered') <> 1)};

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $mark = one($node, 'SELECT incarnation FROM respond_internal.state');
	one($node, 'SELECT respond.release()');
	isnt(one($node, 'SELECT incarnation FROM respond_internal.state'), $mark, "$message: it has a mark of its own");
	acts($node, "$message, released");
	Respond::wait_until($node, $db, q{SELECT count(*) = 0 FROM respond.delivery WHERE status = 'pending'}, "$message: what waited is sent");
	is(one($node, $ledger), '0', "$message: each once");
	$node->restart;
	acts($node, "$message, restarted");
	is(one($node, $ledger), '0', "$message: still each once");
	return;
}

sub copy_of
{
	my ($name, $with_files) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init_from_backup($origin, 'base', @{ $with_files || [] });
	return $node;
}

# files(from, name): a copy of the files of a server that is stopped.
sub files
{
	my ($from, $name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	mkdir $node->basedir;
	system_or_bail('cp', '-a', $from->data_dir, $node->data_dir);
	$node->append_conf('postgresql.conf', 'port = ' . $node->port);
	return $node;
}

# --- the original: never holds
Respond::create_extension($origin, $db);
Respond::create_extension($origin, 'second');
one($origin, "INSERT INTO respond.channel (name, kind, url) VALUES ('hook', 'webhook', '$base/ok/hook')");
Respond::add_rule($origin, $db, 'work', 'w.*', [ { action => 'notify', channel => 'hook', text => '{{id}}' } ]);
acts($origin, 'the original');
is(sprintf('%o', (stat $origin->data_dir . '/pg_respond.identity')[2] & 07777), '600', 'the file with its identity is for the server alone');
$origin->restart for 1 .. 2;
$origin->stop('immediate');
$origin->start;
Respond::crash_worker($origin, $db, 'dispatcher');
acts($origin, 'the original, after restarts and crashes');
is((identity($origin))[4], '0', 'it has no mark of a copy');

# --- work that is handled and not sent, and work that waits
one($origin, q{UPDATE respond.channel SET enabled = false});
Respond::emit($origin, $db, 'w.unsent') for 1 .. 3;
Respond::wait_idle($origin, $db);
one($origin, q{SELECT respond.hold('backup')});
Respond::wait_until($origin, $db, q{SELECT count(*) >= 3 FROM respond.worker WHERE database = 'desk' AND state = 'holding'});
one($origin, q{UPDATE respond.channel SET enabled = true});
Respond::emit($origin, $db, 'w.waits') for 1 .. 3;
# the copies find no hold of a person
one($origin, q{UPDATE respond_internal.state SET hold = NULL});
$origin->backup('base');
one($origin, q{UPDATE respond_internal.state SET hold = 'backup'});

# --- a base backup that is started as a server of its own
my $clone = copy_of('clone');
$clone->start;
holds($clone, 'base backup');
is(one($clone, q{SELECT hold FROM respond_internal.state}, 'second'), 'copied', 'in each database');
ok(Respond::log_has($clone, qr/takes this cluster for a copy.*restored from a base backup/s), 'the log says why');
$clone->stop('immediate');
$clone->start;
holds($clone, 'base backup, after a crash');
goes_on($clone, 'base backup');
is(one($clone, q{SELECT hold FROM respond_internal.state}, 'second'), 'copied', 'other databases hold on');
one($clone, 'SELECT respond.release()', 'second');
$clone->restart;
is(one($clone, q{SELECT hold IS NULL FROM respond_internal.state}, 'second'), 't', 'until they are released, too');
one($clone, 'CREATE EXTENSION pg_respond', 'postgres');
is(one($clone, q{SELECT hold IS NULL FROM respond_internal.state}, 'postgres'), 't', 'a new database does not hold');

# --- files of a server that is stopped, twice; and switched off when it starts for the first time
Respond::emit($clone, $db, 'w.last');
$clone->stop('immediate');
my $second = files($clone, 'files');
$second->append_conf('postgresql.conf', 'pg_respond.enabled = off');
$second->start;
is(one($second, q{SELECT ok FROM respond.health() WHERE "check" = 'hold'}), 'f', 'copied files: health() knows before any worker runs');
$second->append_conf('postgresql.conf', 'pg_respond.enabled = on');
$second->restart;
Respond::wait_until($second, $db, q{SELECT hold = 'copied' FROM respond_internal.state}, 'copied files: it holds');
$second->stop;
$clone->start;
acts($clone, 'their original');
$clone->stop;

# --- moved to another disk
my $moved = files($clone, 'moved');
$moved->append_conf('postgresql.conf', 'pg_respond.hold_on_copy = off');
$moved->start;
acts($moved, 'moved with the setting off');
$moved->append_conf('postgresql.conf', 'pg_respond.hold_on_copy = on');
$moved->restart;
acts($moved, 'and on again');
$moved->stop;

# --- to a point in time
my $archived = one($origin, q{SELECT pg_walfile_name(pg_create_restore_point('here')) FROM pg_switch_wal()});
one($origin, q{SELECT pg_switch_wal()});
Respond::wait_until($origin, 'postgres', "SELECT '$archived' <= last_archived_wal FROM pg_stat_archiver");
my $past = copy_of('past', [ has_restoring => 1, standby => 0 ]);
$past->append_conf('postgresql.conf', "recovery_target_name = 'here'\nrecovery_target_action = 'promote'\narchive_mode = off");
$past->start;
Respond::wait_until($past, 'postgres', 'SELECT NOT pg_is_in_recovery()');
Respond::wait_until($past, $db, q{SELECT hold = 'copied' FROM respond_internal.state}, 'point in time: it holds');
$past->stop;

# --- standbys: promotion is a failover
one($origin, q{SELECT respond.release()});
my @standby = map { copy_of($_, [ has_streaming => 1 ]) } 'standby', 'upstream';
$standby[0]->start;
$standby[0]->restart;
$origin->wait_for_catchup($standby[0]);
is((identity($standby[0]))[2], (stat $standby[0]->data_dir . '/global/pg_control')[1], 'a standby notes its own pg_control');
$standby[0]->promote;
acts($standby[0], 'standby, promoted');
$standby[0]->restart;
acts($standby[0], 'standby, promoted and restarted');
$standby[0]->stop;
$standby[1]->start;
$standby[1]->backup('cascade');
my $last = PostgreSQL::Test::Cluster->new('last');
$last->init_from_backup($standby[1], 'cascade', has_streaming => 1);
$last->start;
$origin->wait_for_catchup($standby[1]);
$standby[1]->wait_for_catchup($last, 'replay', $standby[1]->lsn('replay'));
$last->promote;
acts($last, 'standby of a standby, promoted');
$last->stop('immediate');
$last->start;
acts($last, 'and after a crash');
$_->stop for $last, $standby[1], $origin;
done_testing();
