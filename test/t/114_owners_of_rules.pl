# Whose a rule is, across the life of a cluster: a rename in another database, a dump that goes to another cluster where
# numbers of roles mean other roles, and roles that are dropped there and made anew.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Respond;

my $node = Respond::node('owners');
my $other = Respond::node('owners_elsewhere');
my $dump = $node->basedir . '/owners.dump';

sub one { return $node->safe_psql(@_ > 1 ? @_ : ('desk', @_)) }

Respond::create_extension($node, $_) for 'desk', 'second';
one(q{CREATE ROLE ann; CREATE ROLE ben; CREATE ROLE lead; GRANT USAGE ON SCHEMA respond TO ann});
for my $db ('desk', 'second')
{
	one($db, 'CREATE TABLE acted (rule text, who text); GRANT INSERT ON acted TO PUBLIC');
	Respond::add_rule($node, $db, "of $_", 'o.x', [ { action => 'sql', sql => "INSERT INTO public.acted VALUES ('of $_', current_user)" } ], owner => $_) for 'ann', 'ben';
	one($db, q{UPDATE respond.rule SET start_roles = '{lead}' WHERE name = 'of ann'});
}

# acted(node, db): records an event, waits, and says who acted for which rule.
sub acted
{
	my ($at, $db) = @_;

	$at->safe_psql($db, 'TRUNCATE acted');
	Respond::emit($at, $db, 'o.x', {}, 'x');
	Respond::wait_idle($at, $db, 'it is handled');
	return $at->safe_psql($db, q{SELECT coalesce(string_agg(rule || ' as ' || who, ', ' ORDER BY rule), 'nobody') FROM acted});
}

is(acted($node, 'desk'), 'of ann as ann, of ben as ben', 'rules act as their owners');

# A role is renamed in one database; the rules of all act on, and show the new name.
one('ALTER ROLE ann RENAME TO anna; ALTER ROLE lead RENAME TO leader; CREATE ROLE ann');
is(one(q{SELECT owner || ' ' || start_roles::text FROM respond.rule WHERE name = 'of ann'}), 'anna {leader}', 'the rule shows the new names');
is(acted($node, $_), 'of ann as anna, of ben as ben', "$_: it acts as the renamed role, not as the one that has its old name") for 'desk', 'second';
Respond::wait_until($node, 'second', q{SELECT owner || ' ' || start_roles::text = 'anna {leader}' FROM respond.rule WHERE name = 'of ann'}, 'the clock brings the names up to date in the other database');
is(one('second', q{SELECT version FROM respond.rule WHERE name = 'of ann'}), '2', 'which is no new version of the rule');

# A dump into another cluster, where the numbers of these roles are those of others.
$other->safe_psql('postgres', 'CREATE ROLE leader; CREATE ROLE eve SUPERUSER; CREATE ROLE x1; CREATE ROLE x2; CREATE ROLE ben; CREATE ROLE anna; CREATE DATABASE copy');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr('desk') ], 'dumped');
$other->command_ok([ 'pg_restore', '-d', $other->connstr('copy'), $dump ], 'restored');
is($other->safe_psql('copy', q{SELECT string_agg(owner, ' ' ORDER BY name) FROM respond.rule}), 'anna ben', 'the rules belong to the names of the dump');
$other->safe_psql('copy', 'SELECT respond.release()');
is(acted($other, 'copy'), 'of ann as anna, of ben as ben', 'they act as these roles, whatever their numbers');
Respond::wait_until($other, 'copy', q{SELECT bool_and(owner_id = owner::regrole AND owner_system = (SELECT system_identifier FROM pg_control_system())) FROM respond.rule},
	'the clock enters the numbers that they have here');
is($other->safe_psql('copy', q{SELECT start_role_ids[1] = 'leader'::regrole FROM respond.rule WHERE name = 'of ann'}), 't', 'of those who may start it too');

# A role that is dropped and made anew does not get the rules; health() says so, and its remedy helps.
$other->safe_psql('copy', 'DROP OWNED BY anna; DROP ROLE anna; CREATE ROLE anna');
is(acted($other, 'copy'), 'of ben as ben', 'a new role of the same name does not act');
like($other->safe_psql('copy', q{SELECT status || ': ' || error FROM respond.run WHERE rule = 'of ann' ORDER BY id DESC LIMIT 1}),
	qr/^failed: owner: role "anna" no longer exists/, 'the run says why');
my $health = sub { $other->safe_psql('copy', q{SELECT ok || ' ' || message || ' ' || coalesce(remedy, '') FROM respond.health() WHERE "check" = 'owners'}) };
like($health->(), qr/^false .*"of ann" \(owner: anna\).*UPDATE respond.rule SET owner/, 'health() says so');
$other->safe_psql('copy', q{UPDATE respond.rule SET owner = 'anna' WHERE name = 'of ann'});
like($health->(), qr/^true /, 'its remedy helps');
is(acted($other, 'copy'), 'of ann as anna, of ben as ben', 'the rule acts again');

# REASSIGN OWNED, and DROP ROLE behind it.
one('REASSIGN OWNED BY anna TO ben; DROP OWNED BY anna');
is(acted($node, 'desk'), 'of ann as ben, of ben as ben', 'REASSIGN OWNED moves the rules');
like(($node->psql('desk', 'REASSIGN OWNED BY respond_worker TO ben'))[2], qr/cannot run REASSIGN OWNED BY "respond_worker"/, 'what the workers act on stays theirs');
is(acted($node, 'desk'), 'of ann as ben, of ben as ben', 'and they work on');

$_->stop for $node, $other;
done_testing();
