-- Keys belong to their producer; sources can belong to roles.
CREATE ROLE producer_test_a IN ROLE respond_producer;
CREATE ROLE producer_test_b IN ROLE respond_producer;
CREATE ROLE producer_test_group;
CREATE ROLE producer_test_admin IN ROLE respond_admin;

-- who records a source and key first does not suppress the event of another role
SET ROLE producer_test_a;
INSERT INTO respond.event (type, source, key) VALUES ('pt.a', '/pt', 'K'), ('pt.a', '/pt', 'K');
SELECT respond.emit('pt.a', source => '/pt', key => 'E') = respond.emit('pt.a', source => '/pt', key => 'E') AS same;
SET ROLE producer_test_b;
INSERT INTO respond.event (type, source, key) VALUES ('pt.b', '/pt', 'K');
SELECT respond.emit('pt.b', source => '/pt', key => 'E') > 0 AS recorded;
INSERT INTO respond.event (type, source, key) VALUES ('pt.b', '/pt', 'K'), ('pt.b', '/pt', 'E');
COPY respond.event (type, source, key) FROM STDIN;
pt.b	/pt	K
pt.b	/pt	C
\.
RESET ROLE;
SELECT type, key, actor FROM respond.event WHERE source = '/pt' ORDER BY key, type;
-- a function with the rights of its owner is one producer, whoever calls it
CREATE FUNCTION public.producer_test_record() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO respond.event (type, source, key) VALUES ('pt.f', '/pt', 'F') $$;
ALTER FUNCTION public.producer_test_record() OWNER TO producer_test_a;
SET ROLE producer_test_b;
SELECT public.producer_test_record();
SET ROLE producer_test_a;
SELECT public.producer_test_record();
RESET ROLE;
SELECT count(*) FROM respond.event WHERE type = 'pt.f';
DROP FUNCTION public.producer_test_record();
-- keys of a dump: those of a role that is here, and of nobody here, which hold for all
INSERT INTO respond.event (type, source, key, actor) VALUES ('pt.dump', '/pt', 'D', 'producer_test_a'), ('pt.dump', '/pt', 'N', 'rule:x');
SET ROLE producer_test_b;
INSERT INTO respond.event (type, source, key) VALUES ('pt.after', '/pt', 'D'), ('pt.after', '/pt', 'N');
SET ROLE producer_test_a;
INSERT INTO respond.event (type, source, key) VALUES ('pt.after', '/pt', 'D'), ('pt.after', '/pt', 'N');
RESET ROLE;
SELECT key, actor FROM respond.event WHERE type = 'pt.after';

-- sources that belong to a role
SET ROLE producer_test_admin;
INSERT INTO respond.producer (role, source) VALUES ('producer_test_a', '/shop'), ('producer_test_a', '/shop/*'), ('producer_test_group', '/group');
INSERT INTO respond.producer (role, source) VALUES ('producer_test_a', '');
SELECT role, source FROM respond.producer ORDER BY 2;
RESET ROLE;
SET ROLE producer_test_a;
SELECT respond.emit('pt.s', source => '/shop/1', key => 'S') > 0 AS recorded;
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/shop');
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/shopping');
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/group');
\set VERBOSITY terse
INSERT INTO respond.event (type) VALUES ('pt.s');
SELECT respond.emit('pt.s');
SET ROLE producer_test_b;
INSERT INTO respond.event (type) VALUES ('pt.s');
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/free');
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/shop/2');
SELECT respond.emit('pt.s', source => '/shop');
COPY respond.event (type, source) FROM STDIN;
pt.s	/group
\.
RESET ROLE;
GRANT producer_test_group TO producer_test_b;
SET ROLE producer_test_b;
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/group');
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/free');
RESET ROLE;
REVOKE producer_test_group FROM producer_test_b;
SET ROLE producer_test_b;
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/free');
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/group');
RESET ROLE;
-- superusers are not bound, neither are the desk's own events
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/shop');
DELETE FROM respond.producer WHERE source = '/shop';
SET ROLE producer_test_b;
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/shop');
RESET ROLE;
SELECT action, object_type, count(*) FROM respond.audit_log WHERE object_type = 'producer' GROUP BY 1, 2 ORDER BY 1;
SELECT source, actor, count(*) FROM respond.event WHERE type = 'pt.s' AND source LIKE '/%' AND actor LIKE 'producer%' GROUP BY 1, 2 HAVING source <> (SELECT '/' || current_database()) ORDER BY 1, 2;
DELETE FROM respond.producer;
-- sources of a role that is dropped stay closed, and nobody who comes later has them
INSERT INTO respond.producer (role, source, description) VALUES ('producer_test_a', '/gone', 'a'), ('producer_test_group', '/gone', 'b'), ('producer_test_b', '/b', 'c');
BEGIN;
DROP ROLE producer_test_a;
ROLLBACK;
SELECT role, source FROM respond.producer ORDER BY 2, 1;
DROP ROLE producer_test_a, producer_test_group;
SELECT role, source, description FROM respond.producer ORDER BY 2, 1;
CREATE ROLE producer_test_a IN ROLE respond_producer;
SET ROLE producer_test_a;
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/gone');
RESET ROLE;
UPDATE respond.producer SET role = 'producer_test_a' WHERE role = 0;
SET ROLE producer_test_a;
INSERT INTO respond.event (type, source) VALUES ('pt.s', '/gone');
RESET ROLE;
DELETE FROM respond.producer;
DROP ROLE producer_test_a, producer_test_b, producer_test_admin;
