# A lock that somebody holds on one of our tables: requests that need nothing of it are answered, and code that is hung on another table is
# seen all the same.
use FindBin;
use lib "$FindBin::RealBin/lib";
use Gateway;
use Respond;

my $node = Respond::node('locks');
my $db = 'desk';

sub one
{
	my ($sql) = @_;

	return $node->safe_psql($db, $sql);
}

Respond::create_extension($node, $db);
one(q{CREATE SCHEMA eve; CREATE TABLE eve.ran (who name DEFAULT current_user); GRANT USAGE ON SCHEMA eve TO PUBLIC; GRANT ALL ON eve.ran TO PUBLIC;
	CREATE FUNCTION eve.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO eve.ran DEFAULT VALUES; RETURN NULL; END $$;
	CREATE FUNCTION eve.f(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1';
	CREATE FUNCTION eve.f(text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
	CREATE DOMAIN eve.d AS text CHECK (eve.f(VALUE));
	INSERT INTO respond.inbound_scheme (name, algorithm) VALUES ('open', 'none'); INSERT INTO respond.inbound_source (name, scheme) VALUES ('in', 'open')});
my $at = Gateway::open($node);
Gateway::wait_ready($at, $db);

sub post { return Gateway::status($at, 'POST', "/$db/in/in", { 'Content-Type' => 'application/json' }, '{}') }

# --- Both ways to look say the same of each kind of thing that can be foreign.
is(one('SELECT count(*) FROM respond_internal.manifest_now() AS n WHERE n.runs_code'), '0', 'nothing that is installed runs foreign code');
is(one('SELECT respond_internal.is_foreign()'), 'f', 'nor does it seem so');
one(q{BEGIN; LOCK TABLE respond_internal.state;
	CREATE TRIGGER evil AFTER INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION eve.f();
	CREATE TRIGGER whens AFTER UPDATE ON respond.ticket FOR EACH ROW WHEN (eve.f(new.subject)) EXECUTE FUNCTION respond_internal.inbound_sources_changed();
	CREATE RULE evil AS ON INSERT TO respond.comment DO ALSO NOTIFY evil;
	CREATE POLICY evil ON respond.team USING (eve.f(name)); CREATE POLICY good ON respond.team USING (true);
	ALTER TABLE respond.team ADD CONSTRAINT evil CHECK (eve.f(name)), ADD CONSTRAINT good CHECK (name <> ''), ADD COLUMN plus integer DEFAULT eve.f(1), ADD COLUMN odd eve.d,
		ADD COLUMN made integer GENERATED ALWAYS AS (eve.f(2)) STORED, ADD COLUMN good integer DEFAULT 2;
	CREATE INDEX evil ON respond.team ((eve.f(name))); CREATE INDEX good ON respond.team (lower(name));
	CREATE STATISTICS respond.evil ON (eve.f(name)), name FROM respond.team; CREATE STATISTICS respond.good ON name, description FROM respond.team;
	CREATE FUNCTION respond.emit(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
	CREATE TABLE saved AS SELECT n.kind, n.object FROM respond_internal.manifest_now() AS n WHERE n.runs_code;
	CREATE TABLE seen AS SELECT c.kind, c.object FROM respond_internal.foreign_code() AS c;
	COMMIT});
is(one('SELECT string_agg(kind, $$ $$ ORDER BY kind) FROM saved'), 'column constraint default function generated column index policy rule statistics trigger trigger', 'all of it is found');
is(one('(TABLE saved EXCEPT ALL TABLE seen) UNION ALL (TABLE seen EXCEPT ALL TABLE saved)'), '', 'by both ways to look');
Respond::wait_for(sub { post() == 503 }, 'while it is there, requests are refused');
one(q{INSERT INTO respond_internal.manifest SELECT n.kind, n.object, n.definition, current_setting('server_version_num')::integer FROM respond_internal.manifest_now() AS n WHERE n.runs_code});
is(one('SELECT respond_internal.is_foreign()'), 'f', 'what was taken into the manifest is known');
one(q{CREATE OR REPLACE RULE evil AS ON INSERT TO respond.comment DO ALSO NOTIFY other});
is(one('SELECT respond_internal.is_foreign()'), 't', 'until it is changed');
one(q{DELETE FROM respond_internal.manifest AS m USING seen AS s WHERE m.kind = s.kind AND m.object = s.object;
	DROP TRIGGER evil ON respond.ticket; DROP TRIGGER whens ON respond.ticket; DROP RULE evil ON respond.comment; DROP POLICY evil ON respond.team; DROP POLICY good ON respond.team;
	DROP STATISTICS respond.evil, respond.good; DROP INDEX respond.evil, respond.good; DROP FUNCTION respond.emit(integer);
	ALTER TABLE respond.team DROP CONSTRAINT evil, DROP CONSTRAINT good, DROP COLUMN plus, DROP COLUMN odd, DROP COLUMN made, DROP COLUMN good});
Respond::wait_for(sub { post() == 200 }, 'without it, they are taken');

# --- A lock on a table that webhooks do not need.
Respond::add_rule($node, $db, 'open', 'open', [ { action => 'ticket', subject => 'x' } ]);
one(q{SELECT respond.emit('open')});
Respond::wait_idle($node, $db);
my $admin = Respond::session($node, $db);
$admin->query_safe('BEGIN; LOCK TABLE respond.rule');
my $log = -s $node->logfile;
for my $round (1 .. 6)
{
	one("ALTER TABLE respond.team ADD COLUMN mine_$round text");
	Respond::is_quick("change $round of another table keeps nobody waiting for the lock", sub { Respond::wait_for(sub { post() == 200 }) });
}
ok($node->wait_for_log(qr/could not compare the objects of pg_respond with what was installed/, $log), 'although all cannot be compared now');
one('CREATE TRIGGER evil AFTER INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION eve.f()');
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE database = current_database() AND kind <> 'clock'}, 'foreign code on another table is seen in spite of the lock');
one(q{SELECT respond.emit('open')});
Respond::beat($node);
is(post(), 503, 'and stays seen: requests are refused');
is(one('SELECT count(*) FROM eve.ran'), '0', 'it did not run');
one(q{DROP TRIGGER evil ON respond.ticket});
Respond::is_quick('dropped, it holds nobody up, lock or no lock', sub { Respond::wait_for(sub { post() == 200 }) });
# what waited for the lock ends before there is other code: that comes too late for transactions that have begun
$admin->query_safe('ROLLBACK');
Respond::wait_idle($node, $db);
is(one('SELECT count(*) FROM respond.ticket'), '2', 'what waited goes on');
is(one('SELECT count(*) FROM eve.ran'), '0', 'it never ran');

# An ALTER whose transaction stays open, and one on the manifest itself.
$admin->query_safe('BEGIN; ALTER TABLE respond.mute ADD COLUMN mine text; LOCK TABLE respond_internal.manifest');
$log = -s $node->logfile;
one('CREATE FUNCTION public.h() RETURNS integer LANGUAGE sql AS $$SELECT 1$$');
Respond::beat($node);
is(post(), 200, 'a function somewhere else is no reason to wait');
one('CREATE TRIGGER evil AFTER INSERT ON respond.ticket FOR EACH ROW EXECUTE FUNCTION eve.f()');
Respond::wait_until($node, $db, q{SELECT bool_and(state = 'holding') FROM respond.worker WHERE database = current_database() AND kind <> 'clock'}, 'while nobody knows what belongs to us, a change of our tables is one');
$admin->query_safe('COMMIT');
ok($node->wait_for_log(qr/workers of this database wait.*\n.*trigger evil on respond\.ticket/, $log), 'when it is known, the log says what is foreign');
one('DROP TRIGGER evil ON respond.ticket');
Respond::wait_for(sub { post() == 200 }, 'and without it the workers go on');
is(one('SELECT count(*) FROM eve.ran'), '0', 'it never ran');
Respond::wait_until($node, $db, q{SELECT ok FROM respond.health() WHERE "check" = 'manifest'}, 'health() is content');
$admin->quit;
$node->stop;
done_testing();
