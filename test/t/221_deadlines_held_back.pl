# A deadline waits for transactions that were open when it passed, of every kind: what they recorded in time counts.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('deadlines', 'pg_respond.timer_grace' => '120s');
my $db = 'desk';

Respond::create_extension($node, $db);

# In databases where nothing else happens: due while the dispatcher has long been idle, and held back by a transaction
# that records nothing.  How often it looks when nobody wakes it, once a minute then, must not matter.
my @quiet = ('due', 'held');
my $idle;
for my $quiet (@quiet)
{
	Respond::create_extension($node, $quiet);
	Respond::add_rule($node, $quiet, 'rest', 'rest', [ { action => 'wait', for => '14 seconds' } ]);
	Respond::emit($node, $quiet, 'rest');
	Respond::wait_until($node, $quiet, q{SELECT status = 'waiting' FROM respond.run});
	next if $quiet ne 'held';
	$idle = Respond::session($node, $quiet);
	$idle->query_safe('BEGIN');
	$idle->query_safe('SELECT pg_current_xact_id()');
}

sub one { return $node->safe_psql($db, $_[0]); }

Respond::add_rule($node, $db, 'asked', 'asked',
	[ { action => 'wait', name => 'answer', event_type => 'answered', for => '6 seconds', on_event => 'yes', on_timeout => 'no' },
		{ action => 'ticket', name => 'yes', subject => '{{subject}}: in time', on_success => 'stop' },
		{ action => 'ticket', name => 'no', subject => '{{subject}}: late' } ]);

# held(subject, record, end): record leaves a transaction open, the deadline passes, end commits it.
sub held
{
	my ($subject, $record, $end) = @_;
	my $event = Respond::emit($node, $db, 'asked', {}, $subject);

	Respond::wait_until($node, $db, "SELECT status = 'waiting' FROM respond.run WHERE event_id = $event");
	$record->("INSERT INTO respond.event (type, subject) VALUES ('answered', '$subject')");
	Respond::wait_until($node, $db, "SELECT clock_timestamp() > resume_at FROM respond.run WHERE event_id = $event");
	Respond::beat($node);
	is(one("SELECT status FROM respond.run WHERE event_id = $event"), 'waiting', "$subject: the deadline is held back");
	$end->();
	Respond::wait_until($node, $db, "SELECT status = 'succeeded' FROM respond.run WHERE event_id = $event");
	is(one("SELECT subject FROM respond.ticket WHERE subject LIKE '$subject:%'"), "$subject: in time", "$subject: the answer counts");
	return;
}

my $session = Respond::session($node, $db);
held('open', sub { $session->query_safe("BEGIN; $_[0]") }, sub { $session->query_safe('COMMIT') });
held('prepared', sub { one("BEGIN; $_[0]; PREPARE TRANSACTION 'answer'") }, sub { one(q{COMMIT PREPARED 'answer'}) });
$session->query_safe('SET track_activities = off');
held('hidden', sub { $session->query_safe("BEGIN; $_[0]") }, sub { $session->query_safe('COMMIT') });
$session->quit;

# When all have ended nothing holds it back; nor does what was rolled back.
one(q{BEGIN; INSERT INTO respond.event (type, subject) VALUES ('answered', 'nobody'); PREPARE TRANSACTION 'gone'});
my $nobody = Respond::emit($node, $db, 'asked', {}, 'nobody');
Respond::wait_until($node, $db, "SELECT status = 'waiting' FROM respond.run WHERE event_id = $nobody");
one(q{ROLLBACK PREPARED 'gone'});
Respond::wait_until($node, $db, "SELECT status = 'succeeded' FROM respond.run WHERE event_id = $nobody");
is(one(q{SELECT subject FROM respond.ticket WHERE subject LIKE 'nobody:%'}), 'nobody: late', 'nobody answered');
is(one("SELECT finished_at - started_at < interval '60 seconds' FROM respond.run WHERE event_id = $nobody"), 't', 'and nothing that has ended held the deadline back');

Respond::wait_until($node, 'held', q{SELECT clock_timestamp() > resume_at FROM respond.run});
is($node->safe_psql('held', 'SELECT status FROM respond.run'), 'waiting', 'a transaction that records nothing holds a deadline back as well');
my $freed = $node->safe_psql('held', 'SELECT clock_timestamp()');
$idle->query_safe('ROLLBACK');
$idle->quit;
Respond::wait_until($node, $_, q{SELECT status = 'succeeded' FROM respond.run}) for @quiet;
is($node->safe_psql('due', q{SELECT finished_at - started_at < interval '34 seconds' FROM respond.run}), 't', 'a deadline is decided when it is due');
is($node->safe_psql('held', "SELECT finished_at - '$freed' < interval '20 seconds' FROM respond.run"), 't', 'and when nothing holds it back any more');

$node->stop;
done_testing();
