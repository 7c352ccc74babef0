#!/bin/bash
# SQL text of ours names nothing that a session could put something else behind, and reaches other people's sessions
# through the door alone (src/common/door.c).  What is looked for, and what is allowed, is told in sql_names.py.
here=$(dirname "$0")
. "$here/tap.bash"

# finds WHAT ENDING: the text on standard input is found fault with, in these words
finds()
{
	local file found
	file=$(mktemp --suffix="$2") || exit 1
	cat > "$file"
	found=$(python3 "$here/sql_names.py" "$file" | sed 's/^[^ ]* //' | sort | paste -sd ';')
	rm -f "$file"
	check "a planted fault is found: $1" "$([ "$found" = "$1" ] || echo "found: $found")"
}

check "names in SQL text are qualified" "$(python3 "$here/sql_names.py" src/*.c src/*/*.c sql/*.sql 2>&1)"

# A worker's own statements run in its own session: the clock's, and the bookkeeping of dispatchers.  watch() makes triggers
# with the caller's rights and path, for the condition is the caller's SQL.  owner_*.c has a guard of its own, and what requests
# run (rest) is within it.
check "SQL runs through the door" "$(grep -lE '\bSPI_(prepare|execute|cursor_open)[a-z_]* *\(' src/*.c src/*/*.c |
	grep -vxE 'src/common/kept_plan\.c|src/owner/(owner_parse|owner_sql)\.c|src/upkeep/statement\.c|src/dispatcher/dead_event\.c|src/event/watch_trigger\.c|src/launcher/drop_extension\.c|src/owner/owner_session\.c|src/rest/rest_(sql|page)\.c')"

finds "unqualified operator =" .c <<'TEXT'
static KeptPlan find_user = {
	"SELECT c.name FROM respond.channel AS c WHERE c.kind = $1 ORDER BY c.name LIMIT 1",
	1, {TEXTOID}
};
TEXT
finds "unqualified IN;unqualified LIKE;unqualified function lower" .c <<'TEXT'
run("SELECT lower(c.name) FROM respond.channel AS c WHERE c.x IN ('a')" FILTER " AND c.y LIKE 'x'");
TEXT
finds "unqualified operator >;unqualified table channel;unqualified table event;unqualified type text" .c <<'TEXT'
run("SELECT $1::text FROM channel AS c JOIN event e ON true WHERE (c.name, c.id) > ($1, $2)");
TEXT
finds "unqualified IS DISTINCT FROM;unqualified NULLIF;unqualified operator +;unqualified operator =" .c <<'TEXT'
run("UPDATE respond.x SET a = b + 1, (c, d) = ROW (1, 2) WHERE NULLIF(a, 1) IS DISTINCT FROM 3 AND a = ANY ($1)");
TEXT
finds "unqualified name, as anybody may create in its schema: public;unqualified name, as anybody may create in its schema: public.rule" .c <<'TEXT'
run("SELECT r.a OPERATOR(public.=) 1 FROM public.rule AS r");
TEXT
finds "unqualified collation \"C\";unqualified operator =;unqualified operator =;unqualified operator ||;unqualified type mytype" .c <<'TEXT'
static const char *a = "select v = 1 from respond.rule";
static const char *b = " WHERE c.kind = $1";
static const char *c = "/* x */ (SELECT CAST(r.x AS mytype), r.name COLLATE \"C\", r.a || 'x' FROM respond.rule AS r)";
TEXT
finds "" .c <<'TEXT'
ereport(ERROR, (errmsg("no"), errhint("UPDATE rule SET enabled = true WHERE name = 'x'")));
TEXT
finds "function respond.a does not pin search_path to pg_catalog, pg_temp;unqualified table state" .sql <<'TEXT'
CREATE FUNCTION respond.a(x text) RETURNS text
LANGUAGE sql SECURITY DEFINER AS $$ SELECT lower(x) FROM state $$;
TEXT
finds "unqualified table other;unqualified table thing;unqualified type foo;unqualified type mytype" .sql <<'TEXT'
CREATE FUNCTION respond.b(x text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	a mytype;
	b record;
BEGIN
	SELECT 1 INTO b FROM respond.x AS x, other WHERE y = z::foo;
	UPDATE thing SET a = 1;
	WITH q AS (SELECT 1), r (a) AS (SELECT 1) SELECT * FROM q JOIN r ON true;
END
$$;
TEXT
finds "unqualified table event" .sql <<'TEXT'
CREATE VIEW respond.v AS SELECT e.id FROM event AS e;
TEXT
finish
