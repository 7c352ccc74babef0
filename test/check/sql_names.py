"""Finds names in SQL text of ours that somebody else could put an object of his own behind.

usage: sql_names.py FILE...        (src/*/*.c and sql/*.sql; prints one line for each fault)

In C, SQL text is every string literal that begins with the keyword of a statement or of a clause, unless it is part of a message.  Whoever's
session it runs in, each name in it says where it is: operators as OPERATOR(pg_catalog.=), functions, types and tables with their
schema.  IN, BETWEEN, LIKE, IS DISTINCT FROM, NULLIF, CASE value WHEN, JOIN ... USING and NATURAL look for an operator by its bare
name, so they cannot be used.  Literals with placeholders (%s) are read as if a qualified name stood there.

In sql/, everything is parsed or run under "pg_catalog, pg_temp": the script sets it, and each function must.  The server never
looks for functions and operators in pg_temp, and finds types and tables of pg_catalog first (FuncnameGetCandidates,
OpernameGetCandidates and RelnameGetRelid in namespace.c), so bare names of pg_catalog are safe there.  Bare names of other tables
and types are not: a temporary table would be taken.

What is allowed: SET column = value; count(*) and alias.*; types that the grammar itself puts into pg_catalog (boolean, bigint,
interval ...); expressions that it resolves there (AT TIME ZONE, COALESCE, EXTRACT ...); names of a WITH query, of a variable, or
of an alias.
"""
import re
import sys

STATEMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/|\s|\()*(?:"
                       r"(?i:SELECT\s|INSERT\s+INTO|UPDATE\s+[\w.%]+\s+(?:AS\s|SET\s)|DELETE\s+FROM|WITH\s+(?:RECURSIVE\s+)?\w+\s*(?:\([^)]*\)\s*)?AS\s|MERGE\s+INTO)|"
                       r"(?:UPDATE|WITH|LOCK TABLE|TRUNCATE|CREATE|ALTER|DROP|COMMENT ON|CALL|COPY|REFRESH|VALUES|"
                       r"WHERE|AND|OR|FROM|JOIN|LEFT JOIN|CROSS JOIN|ORDER BY|GROUP BY|HAVING|UNION|RETURNING|EXISTS|CASE|SET)\b\s)", re.DOTALL)
TOKEN = re.compile(r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<string>[eE]?'(?:[^'\\]|''|\\.)*')
  | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$)
  | (?P<name>(?:"(?:[^"]|"")*"|[A-Za-z_]\w*|%[A-Za-z])(?:\s*\.\s*(?:"(?:[^"]|"")*"|[A-Za-z_]\w*|%[A-Za-z]|\*))*)
  | (?P<parameter>\$\d+)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<cast>::)
  | (?P<assign>:=|=>|\.\.)
  | (?P<operator>[-+*/<>=~!@\#%^&|`?]+)
  | (?P<other>.)
""", re.VERBOSE | re.DOTALL)

# The grammar makes these pg_catalog's own (SystemTypeName).
GRAMMAR_TYPES = set("""bit boolean bigint char character decimal double float int integer interval nchar numeric real smallint time
    timestamp varchar""".split())
# Types of pg_catalog that stand in sql/ without their schema.
CATALOG_TYPES = GRAMMAR_TYPES | set("""bytea int8multirange json jsonb name oid pg_lsn pg_snapshot record regclass regnamespace regproc regprocedure
    regrole regtype text timestamptz trigger event_trigger uuid void xid xid8 inet cidr date int4 int8 int2 float8 bool tid "char"
    anyelement setof date pg_node_tree aclitem table""".split())
# Words before "(" that call no function that is looked up by name.
NOT_FUNCTIONS = set("""values in exists any all some row array coalesce greatest least operator over filter within as using by and or
    not on where when then else case select from join lateral returning set key check unique references into update table extract
    position substring overlay trim grouping sets rollup cube cast nullif primary default generated always identity partition conflict
    limit offset having group order union except intersect distinct only materialized with to for xmlelement normalize between like
    ilike is left right if elsif while return perform execute loop raise include interval timestamp time numeric decimal varchar char
    bit float execute columns foreign restrict inherits conflict setof""".split())
BY_NAME = {"between": "BETWEEN", "like": "LIKE", "ilike": "ILIKE", "similar": "SIMILAR TO", "nullif": "NULLIF", "natural": "NATURAL",
           "using": "USING"}


def tokens_of(text):
    found = []
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        kind = match.lastgroup
        if kind != "space":
            found.append((kind, match.group(), place))
        place = match.end()
    return found


def plain(token):
    return token[1].lower() if token[0] == "name" and "." not in token[1] and not token[1].startswith("%") else ""


def is_qualified(token):
    return token[0] == "name" and ("." in token[1] or token[1].startswith("%"))


class Text:
    """One statement, or one body of a function."""

    def __init__(self, text, pinned):
        self.tokens = tokens_of(text)
        self.pinned = pinned        # under search_path = pg_catalog, pg_temp
        self.faults = []
        self.ctes = {plain(t) for i, t in enumerate(self.tokens) if self.before_as_paren(i)}
        self.depth = 0

    def before_as_paren(self, i):
        """WITH name AS (, WITH name (columns) AS ("""
        following = [plain(t) or t[1] for t in self.tokens[i + 1:i + 4]]
        if following[:2] == ["as", "("] or following[:3] == ["as", "materialized", "("]:
            return True
        if following[:1] != ["("]:
            return False
        j = self.closing(i + 1)
        return [plain(t) or t[1] for t in self.tokens[j + 1:j + 3]] == ["as", "("]

    def closing(self, i):
        depth = 0
        for j in range(i, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[j][1], 0)
            if depth == 0:
                return j
        return len(self.tokens) - 1

    def word(self, i):
        return plain(self.tokens[i]) if 0 <= i < len(self.tokens) else ""

    def text(self, i):
        return self.tokens[i][1] if 0 <= i < len(self.tokens) else ""

    def fault(self, i, what):
        self.faults.append((self.tokens[i][2], what))

    def in_set_list(self, i):
        """Whether "=" at i is the assignment of SET: after SET or after a comma of its list, a column or (columns)."""
        j = i - 1
        if self.text(j) == ")":
            depth = 0
            while j > 0:
                depth += {")": 1, "(": -1}.get(self.text(j), 0)
                if depth == 0:
                    break
                j -= 1
        if self.word(j - 1) == "set":
            return True
        if self.text(j - 1) != ",":
            return False
        depth = 0
        for k in range(j - 1, -1, -1):
            depth += {")": 1, "(": -1}.get(self.text(k), 0)
            if depth < 0 or (depth == 0 and self.word(k) in ("select", "where", "from", "values", "on")):
                return False
            if depth == 0 and self.word(k) == "set":
                return True
        return False

    def check_operator(self, i):
        symbol = self.text(i)
        if symbol == "*" and (self.text(i + 1) in (")", ",", ";", "") or self.word(i + 1) in ("from", "into")):
            return
        if self.text(i - 1) == "." or is_qualified(self.tokens[i - 1]) and self.word(i - 2) == "" and self.text(i - 2) == "(" \
                and self.word(i - 3) == "operator":
            return
        if symbol == "-" and self.tokens[i + 1][0] == "number" and (self.text(i - 1) in ("(", ",") or self.word(i - 1) != ""):
            return
        if symbol == "=" and self.in_set_list(i):
            return
        self.fault(i, "operator %s" % symbol)

    def check_type(self, i):
        if is_qualified(self.tokens[i]):
            return
        known = CATALOG_TYPES if self.pinned else GRAMMAR_TYPES
        if (self.word(i) or self.text(i)) not in known:
            self.fault(i, "type %s" % self.text(i))

    def check_relation(self, i):
        while self.word(i) in ("only", "lateral", "if", "not", "exists", "table"):
            i += 1
        name = self.word(i)
        if name == "" or name in self.ctes or name in ("select", "values", "with", "set", "of", "current_user", "no", "key", "skip", "nowait", "rows"):
            return
        if self.pinned and (name.startswith("pg_") or self.text(i + 1) == "("):
            return
        if self.text(i + 1) == "(" and not self.pinned:
            return                  # a function; looked at as such
        self.fault(i, "table %s" % name)

    def check_word(self, i):
        word = self.word(i)
        before = self.word(i - 1)
        if not self.pinned:
            if word == "like" and self.text(i - 1) == "(" and is_qualified(self.tokens[i + 1]):
                pass                # CREATE TABLE x (LIKE y)
            elif word in BY_NAME:
                self.fault(i, BY_NAME[word])
            elif word == "in" and self.text(i + 1) == "(":
                self.fault(i, "IN")
            elif word == "distinct" and before in ("is", "not"):
                self.fault(i, "IS DISTINCT FROM")
            elif word == "case" and self.word(i + 1) != "when":
                self.fault(i, "CASE value WHEN")
            elif word == "cast" and self.text(i + 1) == "(":
                self.check_cast(i + 1)
            elif word == "collate":
                if not is_qualified(self.tokens[i + 1]):
                    self.fault(i, "collation %s" % self.text(i + 1))
            elif self.text(i + 1) == "(" and word not in NOT_FUNCTIONS and before not in ("as", "into", "table") and \
                    not self.before_as_paren(i) and not is_qualified(self.tokens[i - 1]) and self.text(i - 1) != ")":
                self.fault(i, "function %s" % word)
            elif self.tokens[i + 1:i + 2] and self.tokens[i + 1][0] == "string" and word in ("text", "date", "timestamptz", "jsonb", "json", "uuid", "inet"):
                self.fault(i, "type %s" % word)
        if word in ("from", "join") and not (word == "from" and (before in ("distinct", "rows") or self.revokes(i))) and not self.inside_extract(i):
            self.check_from(i)
        elif word == "update" and before not in ("do", "for", "key", "or", "after", "before", "on", "no") and self.word(i + 1) != "":
            self.check_relation(i + 1)
        elif word == "into" and before in ("insert", "merge"):
            self.check_relation(i + 1)
        elif word == "truncate" and before not in ("or", "after", "before"):
            self.check_relation(i + 1)
        elif word == "table" and before == "lock":
            self.check_relation(i + 1)

    def check_cast(self, i):
        """The type of CAST(value AS type)."""
        for k in range(self.closing(i) - 1, i, -1):
            if self.word(k) == "as":
                self.check_type(k + 1)
                return

    def revokes(self, i):
        """The FROM of REVOKE ... FROM role."""
        while i > 0 and self.text(i) != ";":
            i -= 1
        return self.word(i + 1 if self.text(i) == ";" else i) == "revoke"

    def inside_extract(self, i):
        depth = 0
        for k in range(i - 1, -1, -1):
            depth += {")": 1, "(": -1}.get(self.text(k), 0)
            if depth < 0:
                return self.word(k - 1) in ("extract", "substring", "trim", "overlay", "position")
        return False

    def check_from(self, i):
        """Each item of a FROM list: what follows FROM, JOIN and the commas at the same depth."""
        self.check_relation(i + 1)
        depth = 0
        for k in range(i + 1, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.text(k), 0)
            if depth < 0 or self.text(k) == ";" or (depth == 0 and self.word(k) in (
                    "where", "order", "group", "limit", "union", "on", "join", "loop", "for", "returning", "having", "set", "into")):
                return
            if depth == 0 and self.text(k) == ",":
                self.check_relation(k + 1)

    def check(self):
        for i, token in enumerate(self.tokens):
            if token[0] == "cast":
                self.check_type(i + 1)
            elif token[0] == "operator" and not self.pinned and not (self.word(i - 2) == "operator" or self.in_operator(i)):
                self.check_operator(i)
            elif token[0] == "name" and (token[1].startswith("public.") or self.is_foreign_operator(i)):
                self.fault(i, "name, as anybody may create in its schema: %s" % token[1])
            elif token[0] == "name" and plain(token):
                self.check_word(i)
        return self.faults

    def is_foreign_operator(self, i):
        return self.text(i - 1) == "(" and self.word(i - 2) == "operator" and \
            self.text(i).split(".")[0] not in ("pg_catalog", "respond_internal")

    def in_operator(self, i):
        """OPERATOR(pg_catalog.=): the name ends with a point that the tokens keep apart."""
        j = i - 1
        while j > 0 and self.text(j) in ("pg_catalog", "."):
            j -= 1
        return self.text(j) == "(" and self.word(j - 1) == "operator"


def line_of(source, place):
    return source.count("\n", 0, place) + 1


# --- C ---------------------------------------------------------------------

C_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[A-Za-z_]\w*|\s+|.', re.DOTALL)
MESSAGES = ("errmsg", "errdetail", "errhint", "errcontext", "errmsg_internal", "errdetail_internal", "elog", "errdetail_plural",
            "refuse", "refuse_message", "invalid", "hint")


def c_texts(source):
    """(place, text) of each string literal that is SQL; neighbours are one, with macros between them."""
    texts = []          # [place, text, is part of a message]
    calls = []
    previous = ""
    is_open = False     # a literal would still belong to the last text
    between = ""        # a macro that stood after it
    for match in C_TOKEN.finditer(source.replace("\\\n", "  ")):
        token = match.group()
        if token.isspace() or token.startswith(("/*", "//")):
            continue
        if token == "(":
            calls.append(previous)
        elif token == ")" and calls:
            calls.pop()
        if token.startswith('"'):
            text = token[1:-1].replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")
            if is_open:
                texts[-1][1] += between + text
            else:
                texts.append([match.start(), text, any(call in MESSAGES for call in calls)])
            is_open, between = True, ""
        elif is_open and not between and token.isidentifier():
            between = " %s " if not texts[-1][1].endswith(".") else "x"
        else:
            is_open, between = False, ""
        previous = token
    return [(place, text) for place, text, message in texts if not message and STATEMENT.match(text)]


def check_c(path, source):
    for place, text in c_texts(source):
        for _, what in Text(text, False).check():
            print("%s:%d: unqualified %s" % (path, line_of(source, place), what))


# --- sql -------------------------------------------------------------------

FUNCTION = re.compile(r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\s+(.*?);", re.DOTALL)
BODY = re.compile(r"(?:^DO|\bAS)\s+(\$\w*\$)(.*?)\1", re.DOTALL | re.MULTILINE)
PINNED = re.compile(r"SET\s+search_path\s*=\s*pg_catalog,\s*pg_temp\b")


def check_function_heads(path, source):
    for match in re.finditer(r"^CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\s+([\w.]+)", source, re.MULTILINE):
        rest = source[match.start():]
        body = re.search(r"\bAS\s+(\$\w*\$|')", rest)
        head = rest[:body.start()] if body else rest.split(";")[0]
        if re.search(r"LANGUAGE\s+c\b", head, re.IGNORECASE):
            continue
        if not PINNED.search(head):
            print("%s:%d: function %s does not pin search_path to pg_catalog, pg_temp" % (path, line_of(source, match.start()), match.group(1)))
        if body and body.group(1) == "'":
            print("%s:%d: the body of function %s must stand in dollar quotes" % (path, line_of(source, match.start()), match.group(1)))


def check_declarations(path, source, start, body):
    for match in re.finditer(r"^\s*(\w+)\s+(?:CONSTANT\s+)?([\w.\"]+)(?:\[\])?\s*(?::=|;|DEFAULT)", declared(body), re.MULTILINE):
        kind = match.group(2).lower()
        if "." not in kind and kind not in CATALOG_TYPES:
            print("%s:%d: unqualified type %s" % (path, line_of(source, start), match.group(2)))


def declared(body):
    match = re.match(r"\s*DECLARE\b(.*?)^\s*BEGIN\b", body, re.DOTALL | re.MULTILINE)
    return match.group(1) if match else ""


def check_sql(path, source):
    check_function_heads(path, source)
    top = source
    for match in BODY.finditer(source):
        start, body = match.start(2), match.group(2)
        check_declarations(path, source, start, body)
        text = Text(body, True)
        text.ctes |= {name.lower() for name in re.findall(r"^\s*(\w+)\s+[\w.]+;", declared(body), re.MULTILINE)}
        for place, what in text.check():
            print("%s:%d: unqualified %s" % (path, line_of(source, start + place), what))
        top = top[:start] + re.sub(r"[^\n]", " ", body) + top[match.end(2):]
    top = re.sub(r"^\\.*$", "", top, flags=re.MULTILINE)
    for place, what in Text(re.sub(r"^COMMENT ON .*?;$", lambda m: re.sub(r"[^\n]", " ", m.group()), top, flags=re.DOTALL | re.MULTILINE), True).check():
        print("%s:%d: unqualified %s" % (path, line_of(top, place), what))


for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        content = file.read()
    (check_c if name.endswith(".c") else check_sql)(name, content)
