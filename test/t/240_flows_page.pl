# What docs/flows.md shows: the flow from its beginning to each of its ends, and one example for each action.  Every other step and
# statement of that page, and of the pages of requests, approvals and schedules, is accepted.
use FindBin;
use lib "$FindBin::RealBin/lib";
use JSON::PP ();
use Peers;
use Requests;
use Respond;

my $hosts = Peers::receiver();
my $mails = Peers::mail_server();
my $node = Respond::node('flows', 'pg_respond.allowed_networks' => '127.0.0.0/8', 'pg_respond.timer_grace' => '200ms');
my $db = 'desk';
my $page = slurp_file("$FindBin::RealBin/../pages/flows.md");
my $reference = slurp_file("$FindBin::RealBin/../pages/reference.md");
my %here = (
	'https://ai.example/v1/classify' => "http://127.0.0.1:$hosts->{port}/{{{data.reply}}}",
	'https://hooks.slack.example/T1/B2' => "http://127.0.0.1:$hosts->{port}/ok",
	'smtp://mail.example:587' => "smtp://127.0.0.1:$mails->{port}");

Respond::create_extension($node, $db);

sub section
{
	my ($title) = @_;
	my ($text) = $page =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms;

	return $text // '';
}

# paste(sql, message, role): as it stands on the page, but for hosts that do not exist.  Its output.
sub paste
{
	my ($sql, $message, $role) = @_;
	my ($out, $err);

	$sql =~ s/\Q$_\E/$here{$_}/g for keys %here;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($node->psql($db, "SET client_min_messages = warning;\n$sql", stdout => \$out, stderr => \$err, on_error_stop => 1,
			extra_params => $role ? [ '-U', $role ] : []), 0, $message) or die $err;
	is($err, '', "$message: without a warning");
	return $out;
}

# comes_true(query, message): ends the test where it does not, for all that follows would wait in vain.
sub comes_true
{
	my ($query, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	Respond::wait_until($node, $db, $query, $message)
	  or diag($node->safe_psql($db, 'SELECT r.rule, r.status, r.step, w.waits_for, w.step, e.subject, r.error::text, r.state::jsonb FROM respond.run AS r LEFT JOIN respond.waiting AS w ON w.run_id = r.id LEFT JOIN respond.event AS e ON e.id = r.event_id ORDER BY r.id DESC LIMIT 3')), die;
	return;
}

# answer(JSON): the path of a host that answers so.
sub answer { return substr(Requests::raw("HTTP/1.1 200 OK\nContent-Type: application/json", $_[0]), 1); }

# later(interval): the time of the whole cluster goes on.
my $days = 0;
sub later
{
	$days += $_[0];
	$node->safe_psql('postgres', "ALTER SYSTEM SET pg_respond.clock_offset = '${days}d'");
	return $node->reload;
}

# ---- the flow from beginning to end ----
my ($tables, $rule, $hang, $mail, $decide) = section('One flow from beginning to end') =~ /^```sql\n(.*?)^```/msg;
my ($event) = $rule =~ /(SELECT respond\.emit.*)/;

# parcel(number, reply): an event as on the page, about another parcel of another customer.
sub parcel
{
	my ($number, $reply) = @_;
	my $data = qq{"parcel": $number, "reply": "$reply"};

	return paste($event =~ s/"parcel": 42/$data/r =~ s{parcel/42}{parcel/$number}r =~ s/eve@/c$number@/r, "parcel $number is lost");
}

sub at_step
{
	my ($number, $step, $waits_for) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return comes_true(qq{SELECT EXISTS (SELECT FROM respond.waiting AS w JOIN respond.event AS e ON e.id = w.event_id
		WHERE e.subject = 'parcel/$number' AND w.step = '$step' AND w.waits_for LIKE '$waits_for%')}, "parcel $number: it waits at $step");
}

sub done
{
	my ($number, $query, $message) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return comes_true(qq{SELECT bool_and(r.status = 'succeeded') AND ($query) FROM respond.run AS r
		JOIN respond.event AS e ON e.id = r.event_id WHERE e.subject = 'parcel/$number'}, "parcel $number: $message");
}

sub customer_says { return paste($mail =~ s/eve@/c$_[0]@/r, "the customer of parcel $_[0] answers"); }
my $ticket = q{(SELECT count(*) = 1 FROM respond.ticket WHERE subject = 'Parcel %d' AND description = 'I want my money back!')};
my $again = q{(SELECT count(*) = 1 FROM respond.event WHERE type = 'parcel.due' AND data->>'parcel' = '%d')};

paste($tables, 'the tables');
$node->safe_psql($db, q{UPDATE respond.channel SET options = options || '{"tls": "none"}' WHERE name = 'mail'});
paste($rule =~ s/"amount"/'"reply": "' . answer('{"wants": "refund"}') . '", "amount"'/er, 'the rule, and its event');
comes_true(q{SELECT EXISTS (SELECT FROM respond.waiting)}, 'the run waits');
like(paste($hang, 'why does it hang'), qr/^\d+\|lost parcel\|answer\|event mail\.received\|eve\@shop\.example\|2[^|]+\|2[^|]+$/, 'it waits for the answer of this customer, until a time');
paste($mail, 'the customer answers');
at_step(42, 'ask', 'decision of team:billing: Refund');
like(paste($decide, 'Ann decides', 'ann'), qr/I want my money back.*approve$/s, 'she sees the answer');
done(42, q{(SELECT count(*) = 1 FROM public.refund WHERE parcel = 42 AND amount = 80)}, 'refunded, once');
is($node->safe_psql($db, q{SELECT string_agg(step || ' ' || outcome, ',' ORDER BY decided_at) FROM respond.wait_decision}), 'answer event,meaning answer,ask decision',
	'respond.wait_decision says how each wait ended');
Respond::wait_for(sub { grep { $_->{data} =~ /What shall we do/ } $mails->mails }, 'the customer got a mail');

parcel(1, answer('{"wants": "refund"}'));
parcel(2, answer('{"wants": "parcel"}'));
parcel(3, 'status/500');
parcel(4, answer('{"wants": "refund"}'));
parcel(5, answer('{"wants": "refund"}'));
at_step($_, 'answer', 'event') for 1 .. 5;
customer_says($_) for 1 .. 4;
at_step(1, 'ask', 'decision of team:billing: Refund');
paste($decide =~ s/'approve'/'reject'/r =~ s/(?=;\s*\z)/ AND question LIKE '%c1@%'/r, 'Ann says no', 'ann');
done(1, sprintf($ticket, 1), 'a ticket, because Ann says no');
done(2, sprintf($again, 2), 'sent again, because the customer wants it');
done(3, sprintf($ticket, 3), 'a ticket, because the service is ill');
at_step(4, 'ask', 'decision of team:billing: Refund');
later(4);
done(4, sprintf($ticket, 4), 'a ticket, because nobody decides');
done(5, sprintf($again, 5), 'sent again, because the customer says nothing');

# ---- actions, one by one ----
# What is done with each example: SQL; "?" and a query that comes true; "+" and days that pass; "@" and what Ann says.
sub emit
{
	my ($type, $data, $subject) = @_;

	return sprintf('SELECT respond.emit(%s, %s, %s)', map { Respond::quote_literal($_) } $type, $data || '{}', $subject // 'x');
}

sub is_there { return "? SELECT count(*) = 1 FROM respond.$_[0] WHERE $_[1]"; }
sub one_event { return is_there('event', "type = '$_[0]' AND ($_[1])"); }
sub waits { return "? SELECT count(*) = $_[1] FROM respond.waiting WHERE rule = '$_[0]'"; }
sub over { return "? SELECT count(*) = $_[1] FROM respond.run WHERE rule = '$_[0]' AND status = 'succeeded'"; }

my $complaint = "subject = '9 complains'";
my %examples = (
	'`ticket` opens a ticket, or adds to an open one' => [
		emit('complaint.made', '{"customer": 9, "text": "late"}'), emit('complaint.made', '{"customer": 9, "text": "later"}'),
		is_there('ticket', $complaint), is_there('comment', "body LIKE '%later%'") ],
	'`update_ticket` changes columns of a ticket' => [
		emit('complaint.answered', '{"customer": 9, "text": "sorry"}'),
		is_there('ticket', "$complaint AND status = 'pending' AND fields = '{\"answer\": \"sorry\"}'") ],
	'`comment` writes a comment' => [
		emit('complaint.called', '{"customer": 9, "text": "busy"}'), is_there('comment', "body = 'Called: busy'") ],
	'`assign` gives a ticket to somebody' => [
		emit('complaint.taken', '{"customer": 9, "by": "Ann"}'), is_there('ticket', "$complaint AND assignee = 'Ann'"),
		one_event('ticket.updated', q{data->'new' ? 'assignee'}) ],
	'`escalate` gives a ticket to somebody else, and records that' => [
		emit('complaint.threat', '{"customer": 9}'), is_there('ticket', "$complaint AND (priority, team) = ('urgent', 'legal') AND assignee IS NULL"),
		is_there('comment', "body = 'Threatens to sue'"), one_event('ticket.escalated', 'true') ],
	'`notify` sends a message through a channel' => [
		emit('stock.low', '{"sku": "cup", "left": 2}'), is_there('delivery', "status = 'delivered' AND body LIKE '%cup: 2 left%'") ],
	'`email` sends a mail' => [
		emit('account.opened', '{"email": "bob@shop.example"}'), is_there('delivery', "rule = 'hello' AND status = 'delivered' AND body LIKE '%Hello there%'") ],
	'`emit` records an event' => [
		(emit('order.paid', '{"id": 8, "address": "Moon"}')) x 2, over('paid', 2),
		one_event('parcel.due', q{subject = 'order/8' AND data = '{"address": "Moon"}' AND cause = (SELECT min(id) FROM respond.event WHERE type = 'order.paid')}) ],
	'`sql` runs a statement as the owner of the rule' => [
		(emit('order.placed', '{"customer": 7}')) x 3, over('count', 3), one_event('customer.faithful', q{data = '{"orders": 3}'}) ],
	'`set` makes a value for later steps' => [
		emit('bill.due', '{"id": 5, "net": 100}'), one_event('bill.made', q{data::text = '{"bill": {"total": 119.00, "number": "B-5"}}'}) ],
	'`log` writes a line into the run' => [
		emit('page.visited', '{"page": "/home"}'), is_there('run', q{rule = 'visit' AND state->'_log' = '["/home was visited"]'}) ],
	'`fail` ends a run as failed' => [
		emit('import.done', '{"lost": 0}'), emit('import.done', '{"lost": 3}'), over('import', 1),
		is_there('run', q{rule = 'import' AND status = 'failed' AND error LIKE '%3 rows are lost%'}), is_there('dead_letter', q{rule = 'import'}),
		one_event('run.failed', q{data->>'rule' = 'import'}) ],
	'`stop` ends a run as succeeded' => [
		emit('login.failed', '{"tries": 2, "account": "eve"}'), emit('login.failed', '{"tries": 3, "account": "bob"}'), over('login', 2),
		is_there('ticket', "subject LIKE '% cannot log in' AND subject LIKE 'bob%'"), is_there('ticket', "subject LIKE '% cannot log in'") ],
	'`wait` for a time' => [
		emit('order.delivered', '{"email": "dee@shop.example"}'), waits('ask for a review', 1),
		q{? SELECT since AT TIME ZONE 'Europe/Berlin' + interval '14 days' - due_at AT TIME ZONE 'Europe/Berlin' BETWEEN '0' AND '1 minute' FROM respond.waiting WHERE rule = 'ask for a review'},
		'+13', is_there('run', q{rule = 'ask for a review' AND status = 'waiting'}), '+2', is_there('delivery', "rule = 'ask for a review'") ],
	'`wait` until a time' => [
		emit('visit.booked', '{"remind_at": "2027-03-01 09:00+01"}', 'visit/1'),
		q{? SELECT due_at = '2027-03-01 09:00+01' FROM respond.waiting WHERE rule = 'remind of a visit'}, '+400', one_event('visit.soon', q{subject = 'visit/1'}) ],
	'`wait` for an event, with a deadline' => [
		emit('bill.sent', '{}', 'bill/1'), emit('bill.sent', '{}', 'bill/2'), waits('unpaid bill', 2), emit('bill.paid', '{}', 'bill/1'), waits('unpaid bill', 1),
		'+11', is_there('ticket', "subject = 'bill/2 is not paid'"), over('unpaid bill', 2), is_there('ticket', "subject LIKE '%is not paid'") ],
	'`wait` for several events, of which the first one decides' => [
		(map { emit('offer.made', '{}', "offer/$_") } 1 .. 3), waits('offer', 3), emit('offer.answered', '{"answer": "maybe"}', 'offer/1'),
		emit('offer.answered', '{"answer": "no"}', 'offer/2'), emit('offer.taken', '{}', 'offer/2'), emit('offer.taken', '{}', 'offer/3'), over('offer', 2),
		is_there('ticket', "subject LIKE '% is taken'"), is_there('ticket', "subject = 'offer/3 is taken'"), waits('offer', 1) ],
	'`wait` that collects' => [
		emit('vote.called', '{}', 'vote/1'), emit('vote.called', '{}', 'vote/2'), waits('votes', 2), (map { emit('vote.given', qq{{"says": "$_"}}, 'vote/1') } qw(a b c)),
		emit('vote.given', '{"says": "d"}', 'vote/2'), over('votes', 1), one_event('vote.counted', q{data = '{"first": "a", "third": "c"}'}),
		waits('votes', 1), '+1', over('votes', 2), one_event('vote.counted', q{data->>'first' = 'd' AND coalesce(data->>'third', '') = ''}) ],
	'`wait` that also hears what came earlier in the run' => [
		emit('booking.made', '{}', 'booking/1'), emit('booking.made', '{}', 'booking/2'), waits('booking', 2), emit('booking.confirmed', '{}', 'booking/1'),
		'SELECT respond.settle()', '+0.05', over('booking', 1), q{? SELECT count(*) = 1 FROM respond.waiting WHERE rule = 'booking' AND step = 'steps[2]'}, '+0.05', is_there('ticket', "subject = 'booking/2 is not confirmed'"),
		is_there('ticket', "subject LIKE '% is not confirmed'") ],
	'`request` asks a server. More in [requests](requests.md)' => [
		emit('review.written', '{"article": "cup", "text": "broken", "reply": "' . answer('{"label": "bad"}') . '"}'),
		emit('review.written', '{"article": "pan", "text": "nice", "reply": "' . answer('{"label": "good"}') . '"}'),
		emit('review.written', '{"article": "pot", "text": "?", "reply": "status/404"}'), over('mood', 3),
		is_there('ticket', "subject LIKE 'Bad review of %'"), is_there('ticket', "subject = 'Bad review of cup'"),
		is_there('run', q{rule = 'mood' AND state->>'_log' LIKE '%404%'}) ],
	'`approve` asks people. More in [approvals](approvals.md)' => [
		emit('discount.wanted', '{"percent": 10, "customer": "Eve"}'), is_there('approval', q{question = '10 % for Eve?' AND status = 'open'}),
		q{@SELECT respond.decide(id, 'approve') FROM respond.approval WHERE question = '10 % for Eve?'}, one_event('discount.given', q{data = '{"percent": 10}'}) ],
	'`foreach` runs steps for each item. More in [loops](#loops)' => [
		emit('basket.bought', '{"lines": [{"sku": "cup"}, {"sku": "pan"}]}'), one_event('article.sold', q{data = '{"sku": "cup", "line": 0}'}),
		one_event('article.sold', q{data = '{"sku": "pan", "line": 1}'}), is_there('run', q{rule = 'lines' AND state->'_log' ? '2 lines'}) ],
	'`call` runs the steps of another rule. More in [rules that call rules](#rules-that-call-rules)' => [
		emit('loan.wanted', '{"income": 1000}'), one_event('loan.offered', q{data = '{"limit": 3000}'}),
		is_there('run', q{rule = 'credit' AND parent_id = (SELECT id FROM respond.run WHERE rule = 'loan')}) ]);
my $text = section('Actions, one by one');
my %tried;

while ($text =~ /^\*\*(.*?)\n\n```sql\n(.*?)^```\n/msg)
{
	my ($title, $sql) = ($1, $2);

	$title =~ s/\*\*//;
	$title =~ s/:\z//;
	paste($sql, $title);
	$tried{$title} = 1;
	for my $deed (@{ $examples{$title} || [] })
	{
		my ($sign, $rest) = $deed =~ /^([?+@]?)\s*(.*)/s;

		if ($sign eq '?') { comes_true($rest, "$title: it does"); }
		elsif ($sign eq '+') { later($rest); }
		elsif ($sign eq '@') { paste($rest, "$title: Ann", 'ann'); }
		else { $node->safe_psql($db, $rest); }
	}
}
is(join("\n", sort keys %tried), join("\n", sort keys %examples), 'each example is tried here');
my %shown = map { $_ => 1 } $text =~ /"action": "(\w+)"/g;
my ($table) = $reference =~ /^## Actions\n(.*?)^## /ms;
ok($shown{$_}, "$_ has an example") for grep { $_ ne 'publish' } $table =~ /^\| \[?`(\w+)`/mg;

# ---- all other blocks ----
$node->safe_psql($db, q{
	CREATE TABLE public.stock (sku text PRIMARY KEY, left_over integer);
	CREATE TABLE public.article (sku text PRIMARY KEY, stock integer, reorder_at integer);
	INSERT INTO respond.channel (name, kind, url) VALUES ('desk', 'slack', 'https://hooks.slack.example/T1/B3')});
Respond::add_rule($node, $db, 'check credit', 'credit.checked', [ { action => 'log', message => 'x' } ]);
Respond::add_rule($node, $db, 'reminder', 'reminder.due', [ { action => 'wait', for => '1 day' } ]);
$node->safe_psql($db, emit('reminder.due', '{"id": 1}'));
Respond::wait_until($node, $db, q{SELECT count(*) = 1 FROM respond.waiting WHERE rule = 'reminder'}, 'a run waits');

# the steps that a step of a page goes on at
my @targets = map { { action => 'stop', name => $_ } } qw(thank remind refund decline);
my $json = JSON::PP->new->utf8;
my $blocks = 0;

for my $name (qw(flows requests approvals schedules))
{
	my $whole = slurp_file("$FindBin::RealBin/../pages/$name.md");

	$whole =~ s/^## (?:One flow from beginning to end|Actions, one by one)\n.*?(?=^## )//msg if $name eq 'flows';
	while ($whole =~ /^```(json|sql)\n(.*?)^```/msg)
	{
		my ($language, $block) = ($1, $2);

		$blocks++;
		if ($language eq 'json')
		{
			my $steps = $json->decode($block);

			Respond::add_rule($node, $db, "block $blocks", "block.$blocks", [ ref $steps eq 'ARRAY' ? @$steps : $steps, @targets ]);
			pass("$name.md: steps are accepted");
		}
		elsif ($block =~ /^SELECT respond\.decide/m)
		{
			like(($node->psql($db, $block))[2], qr/approval [-0-9a-f]+ does not exist/, "$name.md: decide() looks for the approval");
		}
		else
		{
			paste($block =~ s/respond\.set_secret\('ai', 'TOKEN'\)/1/r, "$name.md: statements");
		}
	}
}
cmp_ok($blocks, '>=', 12, 'there are blocks');
Respond::wait_until($node, $db, q{SELECT status = 'cancelled' FROM respond.run WHERE rule = 'reminder'}, 'cancel_run() over a set');
my ($code, $out, $err) = $node->psql($db, q{INSERT INTO respond.rule (name, event_type, steps) VALUES ('bridge', 'x', '[{"action": "publish", "bridge": "kafka", "topic": "t"}]')});
like($err, qr/steps\[0\].*no bridges to Kafka and AMQP.*Until then use action "notify"/s, 'publish is refused, in words');
$node->stop;
done_testing();
