"""META.json is what PGXN asks for, and describes this tree.  Prints what is wrong.

The rules are those of the PGXN Meta Spec 1.0.0, https://pgxn.org/spec/, as far as we use it.
"""
import json
import os
import re

REQUIRED = {"name", "version", "abstract", "maintainer", "license", "provides", "meta-spec"}
KNOWN = REQUIRED | {"description", "generated_by", "tags", "no_index", "prereqs", "release_status", "resources"}
PROVIDED = {"file", "version", "abstract", "docfile"}
PHASES = {"configure", "build", "test", "runtime", "develop"}
RELATIONS = {"requires", "recommends", "suggests", "conflicts"}
VERSION = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-?[A-Za-z][0-9A-Za-z-]*)?"
TERM = r"[^\s/\\\x00-\x1f\x7f]{2,}"
TAG = r"[^/\\\x00-\x1f\x7f]{1,256}"

with open("META.json", encoding="utf-8") as file:
	meta = json.load(file)
with open("pg_respond.control", encoding="utf-8") as file:
	control = dict(re.findall(r"^(\w+) = '?(.*?)'?$", file.read(), re.M))


def fields():
	for key in sorted(REQUIRED - meta.keys()):
		yield "there is no %s" % key
	for key in sorted(meta.keys() - KNOWN):
		yield "the specification knows no %s" % key
	for key in "abstract", "maintainer", "description", "generated_by":
		if not isinstance(meta.get(key), str) or not meta[key]:
			yield "%s is not a text" % key
	if not re.fullmatch(TERM, meta["name"]):
		yield "the name is not a term"
	if meta["license"] != "postgresql":
		yield "LICENSE is the PostgreSQL license"
	if meta.get("release_status", "stable") not in ("stable", "testing", "unstable"):
		yield "release_status is none of stable, testing, unstable"
	if meta["meta-spec"] != {"version": "1.0.0", "url": "https://pgxn.org/meta/spec.txt"}:
		yield "meta-spec is not that of 1.0.0"
	for tag in meta.get("tags", []):
		if not re.fullmatch(TAG, tag):
			yield "%r is no tag" % tag


def prereqs():
	for phase, relations in meta.get("prereqs", {}).items():
		if phase not in PHASES:
			yield "prereqs: there is no phase %s" % phase
		for relation, needed in relations.items():
			if relation not in RELATIONS:
				yield "prereqs: there is no relation %s" % relation
			for name, version in needed.items():
				if not re.fullmatch(TERM, name) or not (version == 0 or re.fullmatch(VERSION, str(version))):
					yield "prereqs: %s %s is not a version of something" % (name, version)


def provides():
	if meta["provides"].keys() != {"pg_respond"} or meta["name"] != "pg_respond":
		yield "it provides something else than pg_respond"
	for name, provided in meta["provides"].items():
		for key in sorted({"file", "version"} - provided.keys()):
			yield "provides %s: there is no %s" % (name, key)
		for key in sorted(provided.keys() - PROVIDED):
			yield "provides %s: the specification knows no %s" % (name, key)
		for key in "file", "docfile":
			if key in provided and not os.path.isfile(provided[key]):
				yield "provides %s: %s %s does not exist" % (name, key, provided[key])
	for version in [meta["version"]] + [provided["version"] for provided in meta["provides"].values()]:
		if not re.fullmatch(VERSION, version):
			yield "%s is not a semantic version" % version
		if version != control["default_version"]:
			yield "the version is %s, and that of pg_respond.control %s" % (version, control["default_version"])


print("\n".join([*fields(), *prereqs(), *provides()]))
