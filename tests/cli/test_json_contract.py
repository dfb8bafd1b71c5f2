"""docs/json.md is what the program prints: every verb runs, and each field and type is compared with the page's table."""
import json
import os
import re

from conftest import ROOT

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
ENTITY_VERBS = ("get", "create", "update", "link", "unlink")
PLAIN = {"string": str, "integer": int, "array": list, "object": dict, "boolean": bool}


def contract():
    """Section title -> {path: type}."""
    sections = {}
    with open(os.path.join(ROOT, "docs/json.md"), encoding="utf-8") as f:
        for part in f.read().split("\n## ")[1:]:
            title = part.split("\n")[0]
            rows = re.findall(r"^\| `([^`]+)` \| (\S+) \|", part, re.M)
            sections[title] = {path: kind.replace("\\|", "|") for path, kind in rows}
    return sections


CONTRACT = contract()


class Checker:
    """Compares answers of one section with its table, and remembers which fields were seen."""

    def __init__(self, rules):
        self.rules, self.seen = rules, set()

    def check(self, value, path):
        kind = self.rules[path].rstrip("?")
        self.seen.add(path)
        if "|" in kind and value is None:
            return
        kind = kind.split("|")[0]
        if kind == "time":
            assert TIME.match(value), (path, value)
        elif kind == "entity":
            assert isinstance(value, dict), (path, value)
            Checker({k: v if path.startswith("items") else v.rstrip("?") + "?" for k, v in CONTRACT["An entity"].items()}).members({k: v for k, v in value.items() if k.startswith("$")}, "")
        elif kind == "event":
            Checker(CONTRACT["An event"]).members(value, "")
        elif kind != "any":
            assert isinstance(value, PLAIN[kind]) and (kind == "boolean") == isinstance(value, bool), (path, value)
        if kind == "array":
            for item in value:
                self.check(item, path + "[]")
        if kind == "object" and path != "$links":
            self.members(value, path + ".")

    def members(self, value, prefix):
        direct = {p[len(prefix):] for p in self.rules if p.startswith(prefix) and "." not in p[len(prefix):].replace("[].", ".") and not p.endswith("[]")}
        if direct == {"*"}:
            self.seen.add(prefix + "*")
            for item in value.values():
                self.check(item, prefix + "*")
            return
        for name, item in value.items():
            assert prefix + name in self.rules, f"{prefix + name} is not in docs/json.md"
            self.check(item, prefix + name)
        missing = {n for n in direct if not self.rules[prefix + n].endswith("?")} - set(value)
        assert not missing, f"{prefix}: {missing} of docs/json.md is not there"


def calls(place):
    """Each verb in turn, so that every field of every table is seen."""
    remote, other = place.path("remote"), place.path("other")
    j = lambda *a, db=True, rc=0, **kw: (a[0], place.call(*a, "--json", db=db, **kw), rc)
    yield j("init", place.db, "--name", "shop", db=None)
    for i in range(3):
        yield j("create", "posts", "--id", f"p{i}", "--data", json.dumps({"n": i, "own": {"deep": [1]}}))
    yield j("create", "users", "--id", "u")
    yield j("link", "posts/p0", "author", "users/u")
    yield j("link", "posts/p1", "author", "users/u")
    yield j("update", "posts/p2", "--data", '{"n":7}')
    yield j("get", "posts/p0")
    yield j("unlink", "posts/p1", "author", "users/u")
    yield j("query", "posts")
    yield j("query", "posts", "--count", "--explain")
    yield j("events")
    yield j("diff", "--from", "lsn:1", "--to", "latest")
    yield j("flush")
    yield j("checkpoint")
    yield j("stats")
    yield j("list")
    yield j("window")
    yield j("verify")
    yield j("export", "--output", place.path("x.ndjson"), "--explain")
    yield j("push", "--to", remote, "--progress", "json")
    place.ok("pull", remote + "/username/shop", "--directory", other, db=None)
    place.ok("create", "posts", "--id", "only-there", db=other)
    yield j("pull", remote + "/username/shop", "--directory", other, "--strategy", "remote-wins", db=None)
    yield j("pull", remote + "/username/shop", "--directory", place.path("third"), db=None)
    yield j("backups", remote, db=None)
    yield j("pull", remote, "--namespaces", "posts", "--directory", place.path("some"), db=None)
    yield j("tag", "before")
    yield j("tag")
    yield j("tag", "before", "--remove")
    yield j("remote", "add", "nas", remote)
    yield j("remote", "list")
    yield j("remote", "show", "nas")
    yield j("remote", "remove", "nas")
    yield j("config", "show")
    yield j("sync", "--with", remote)
    yield j("import", "--file", place.ndjson("rows.ndjson", [{"$id": "more/m"}]))
    yield j("import", "--events", place.ndjson("h.ndjson", [{"ts": place.ok("events", "--reverse", "--limit", "1", "--format", "ndjson").json()["ts"], "op": "CREATE", "target": "more:n", "after": {}}]))
    yield j("sync", "--with", remote, "--status")
    place.ok("sync", "--with", remote)
    yield j("sync", "--with", remote, "--status", db=place.path("third"))
    yield j("window", remote, db=None)
    yield j("delete", "users/u")
    yield j("verify")  # with a dangling link
    yield j("restore", "--entity", "posts/p0", "--at", "lsn:1")
    yield j("restore", "--entity", "posts/p0", "--at", "lsn:5")
    place.ok("update", "posts/p0", "--data", '{"n":8}', "--operator", "ann")
    yield j("bisect", "--good", "lsn:1", "--bad", "latest", "--check", "true")
    yield j("restore", "--undo-actor", "tester", "--from", "lsn:1", "--to", "latest", "--confirm")
    yield j("restore", "--all", "--to", place.path("all"), "--explain")
    yield j("drop", "posts", "--confirm")
    yield j("help")
    yield j("help", "query")
    yield j("completion", "bash")
    yield j("generate", "--man", place.path("man"))
    yield j("version")
    for damaged in ("events/seg-000001.parquet", "data/posts/data.parquet"):
        with open(os.path.join(place.db, damaged), "r+b") as f:
            f.seek(1000)
            f.write(b"\0" * 64)
    yield j("verify", rc=20)


def test_each_verb_prints_what_the_page_says(place):
    checkers = {title: Checker(rules) for title, rules in CONTRACT.items()}
    ran = set()
    for verb, r, rc in calls(place):
        assert r.rc == rc, (r.argv[1:], r.err)
        ran.add(verb)
        answer = r.json()
        if verb in ENTITY_VERBS:
            checkers["An entity"].members({k: v for k, v in answer.items() if k.startswith("$")}, "")
            continue
        assert answer.pop("schema") == f"parquedb.{verb}/1"
        if "--dry-run" in r.argv:
            assert answer.pop("dryRun") is True
        answer.pop("dryRun", None) if verb == "sync" else None
        if verb == "query":
            for item in answer["items"]:
                assert set(item) - {"n", "own"} <= set(CONTRACT["An entity"])
        checkers[verb].members(answer, "")
        for line in r.err.splitlines():
            if line.startswith('{"verb"'):
                checkers["Progress"].members(json.loads(line), "")
        if rc:
            checkers["A failure"].members(json.loads(r.err.splitlines()[-1]), "")
    assert ran == {verb["name"] for verb in place.ok("help", "--json", db=None).json()["verbs"]}
    assert set(CONTRACT) == {"An entity", "An event", "A failure", "Progress"} | (ran - set(ENTITY_VERBS))
    # Nothing makes a gap between backups yet.
    never = {(title, path) for title, rules in CONTRACT.items() for path in set(rules) - checkers[title].seen if title != "An event"}
    assert never <= {("window", "gaps[]"), ("window", "gaps[].from"), ("window", "gaps[].to")}


def test_the_lines_of_ndjson_have_no_schema(place):
    place.ok("create", "posts", "--id", "a", "--data", '{"schema":1}')
    for words in (("query", "posts"), ("events",), ("list",), ("export",)):
        for line in place.ok(*words, "--format", "ndjson").lines():
            assert line.get("schema") in (None, 1) and ("schema" in line) == (words[0] in ("query", "export")), line
