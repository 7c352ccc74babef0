# Rules and REST callers that name a merged ticket, its key, or its event.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;
use Rest;

my $node = Respond::node('main', start => 0);
my $rest = Rest::start($node);
my $db = 'postgres';

Respond::create_extension($node, $db);
$rest->ready($db);
$node->safe_psql($db, q{
	CREATE ROLE boss LOGIN IN ROLE respond_admin;
	INSERT INTO respond.team (name) VALUES ('web');
	INSERT INTO respond.ticket (id, subject, key) VALUES (1, 'first', 'K'), (2, 'second', NULL), (3, 'last', NULL);
	SELECT setval('respond.ticket_id_seq', 10);
	SELECT respond.merge(1, 2), respond.merge(2, 3);
	INSERT INTO respond.rule (name, event_type, steps) VALUES
		('number', 'number', '[{"action": "comment", "ticket": "{{data.n}}", "body": "by number"}, {"action": "update_ticket", "ticket": "{{data.n}}", "priority": "high"},
			{"action": "assign", "ticket": "{{data.n}}", "assignee": "Ann"}, {"action": "escalate", "ticket": "{{data.n}}", "team": "web"}]'),
		('key', 'key', '[{"action": "ticket", "subject": "again", "key": "K"}, {"action": "comment", "key": "K", "body": "by key"}]'),
		('look', 'look', '[{"action": "comment", "key": "K", "body": "by key"}, {"action": "update_ticket", "ticket": 1, "status": "pending"}]'),
		('merged', 'ticket.merged', '[{"action": "comment", "body": "heard of {{event.subject}}"}]');
});

sub comments
{
	return $node->safe_psql($db, q{SELECT string_agg(ticket_id || ' ' || body, ', ' ORDER BY id) FROM respond.comment});
}
sub handle
{
	$node->safe_psql($db, $_[0]);
	is($node->safe_psql($db, q{SELECT respond.settle('60 seconds')}), 't', 'handled');
}

# By number.
handle(q{SELECT respond.emit('number', '{"n": 1}')});
is(comments(), '3 by number', 'a comment on the first of a chain is one on the last');
is($node->safe_psql($db, q{SELECT id, priority, assignee, team FROM respond.ticket ORDER BY id}), "1|normal||\n2|normal||\n3|high||web", 'so are changes');
is($node->safe_psql($db, q{SELECT DISTINCT subject, data ->> 'ticket_id' FROM respond.event WHERE type = 'ticket.escalated'}), 'ticket/3|3', 'and what is told of them');

# By key.
handle(q{SELECT respond.emit('key')});
is(comments(), '3 by number, 3 again, 3 by key', 'the key leads on');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.ticket}), 3, 'and no ticket is opened');
is($node->safe_psql($db, q{SELECT count(*) FROM respond.simulate('look') AS s, jsonb_array_elements(s.steps) AS x WHERE x ? 'error'}), 0, 'a simulation finds it, too');

# Of the event of either.
handle(q{INSERT INTO respond.ticket (id, subject) VALUES (4, 'more'); SELECT respond.merge(4, 3)});
is($node->safe_psql($db, q{SELECT string_agg(ticket_id || ' ' || body, ', ' ORDER BY body) FROM respond.comment WHERE body LIKE 'heard%'}),
	'3 heard of ticket/3, 3 heard of ticket/4', 'what happened to either is said on the one that stays');

# What it leads to is solved: the key is free again.
handle(q{UPDATE respond.ticket SET status = 'solved' WHERE id = 3; SELECT respond.emit('key')});
is($node->safe_psql($db, q{SELECT count(*) FROM respond.ticket WHERE key = 'K' AND status = 'new' AND merged_into IS NULL}), 1, 'with a key that leads to a solved ticket a new one is opened');
handle(q{DELETE FROM respond.comment; SELECT respond.emit('key')});
is($node->safe_psql($db, q{SELECT string_agg(DISTINCT t.subject, ',') FROM respond.comment AS c JOIN respond.ticket AS t ON t.id = c.ticket_id WHERE body = 'by key'}), 'again',
	'and an open ticket with the key comes before a merged one');

# What it leads to is gone.
handle(q{DELETE FROM respond.ticket WHERE id = 3; SELECT respond.emit('number', '{"n": 1}')});
like($node->safe_psql($db, q{SELECT error FROM respond.run WHERE rule = 'number' ORDER BY id DESC LIMIT 1}), qr/ticket 1 does not exist/, 'a number that leads nowhere');

# REST.
my $token = Rest::token($node, $db, 'boss', 'boss');
is($rest->ask(GET => "/$db/v1/tickets/1", token => $token)->{json}{merged_into}, 2, 'REST shows where the number leads');

# A dump and a restore keep it.
my $file = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, '-d', $node->connstr($db) ], 'a dump');
$node->safe_psql($db, 'CREATE DATABASE other');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('other'), $file ], 'is restored');
is($node->safe_psql('other', q{SELECT id, merged_into FROM respond.ticket WHERE merged_into IS NOT NULL ORDER BY id}), "1|2\n2|3\n4|3", 'with where the numbers lead');

$rest->check_seen($db);
done_testing();
