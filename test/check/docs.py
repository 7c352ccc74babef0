"""The pages that users read name what there is, and nothing else; their links lead somewhere.  Prints what is wrong."""
import glob
import os
import re
import sys

PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "src/README.md", "test/README.md"] + sorted(glob.glob("docs/*.md"))
pages = {page: open(page, encoding="utf-8").read() for page in PAGES}
manual = "\n".join(text for page, text in pages.items() if page == "README.md" or page.startswith("docs/"))
sql = "\n".join(open(file, encoding="utf-8").read() for file in sorted(glob.glob("sql/*.sql")))
settings = set(re.findall(r'DefineCustom\w+Variable\("(pg_respond\.\w+)"', open("src/common/guc.c", encoding="utf-8").read()))


def objects(kinds):
	return set(re.findall(r"^CREATE (?:%s) respond\.(\w+)" % kinds, sql, re.M))


def headings(text):
	"""The anchors that GitHub makes of headings."""
	text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
	return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)", text, re.M)}


def missing():
	for name in sorted(settings):
		if not re.search(r"`%s`" % re.escape(name), manual):
			yield "setting %s is named in no page" % name
	# partitions for rows without one are not for users
	for kind in "FUNCTION", "VIEW", "TABLE":
		for name in sorted(objects(kind)):
			if not name.endswith("_default") and not re.search(r"`(respond\.)?%s\b" % name, manual):
				yield "%s respond.%s is named in no page" % (kind.lower(), name)


def invented():
	known = objects("FUNCTION|VIEW|TABLE|TYPE")
	for page, text in pages.items():
		for name in re.findall(r"\b(pg_respond\.[a-z_]+)", text):
			if name not in settings and name not in ("pg_respond.control", "pg_respond.so", "pg_respond.c", "pg_respond.identity", "pg_respond.lives"):
				yield "%s: there is no setting %s" % (page, name)
		for name in re.findall(r"(?<![\w./-])respond\.([a-z_]+)(?!\w)", text):
			if name not in known:
				yield "%s: there is no respond.%s" % (page, name)


def astray():
	for page, text in pages.items():
		for target in re.findall(r"\]\(([^)\s]+)\)", text):
			if re.match(r"[a-z]+:", target):
				continue
			file, _, anchor = target.partition("#")
			path = os.path.normpath(os.path.join(os.path.dirname(page), file)) if file else page
			if not os.path.exists(path):
				yield "%s: %s does not exist" % (page, target)
			elif anchor and anchor not in headings(open(path, encoding="utf-8").read()):
				yield "%s: no heading is %s" % (page, target)


print("\n".join({"missing": missing, "invented": invented, "astray": astray}[sys.argv[1]]()))
