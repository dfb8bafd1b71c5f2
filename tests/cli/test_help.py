"""Help, from the table of commands: examples first, each of which runs; topics; what may have been meant."""
import gzip
import json
import os
import subprocess

import pytest
from conftest import BIN, Place

DAY_MS = 86_400_000
NOW_MS = 1772366400000  # 2026-03-01T12:00:00Z
OLD_MS = 1768478400000  # 2026-01-15T12:00:00Z
TOPICS = ("environment", "exit-codes", "filters", "formats", "remotes", "time", "updates")


def table(*topic):
    return json.loads(subprocess.run([BIN, "help", *topic, "--json"], capture_output=True, text=True, check=True).stdout)


VERBS = [verb["name"] for verb in table()["verbs"]]
EXAMPLES = [(verb, example) for verb in VERBS for example in table(verb)["examples"]]


class World(Place):
    """What the examples speak of: a database in the current folder, files beside it, backups (in /backups, which is replaced)."""

    def __init__(self, folder, verb):
        super().__init__(folder)
        os.makedirs(self.path("bin"))
        os.symlink(BIN, self.path("bin/parquedb"))
        self.backups = self.path("backups")
        self.env.update(PARQUEDB_OWNER="ann", PARQUEDB_REMOTE_URL=self.backups, PARQUEDB_TEST_CLOCK_MS=str(OLD_MS), PATH=self.path("bin") + ":" + self.env["PATH"])
        self.ok("init", self.db, "--name", "shop", db=False)
        if verb != "create":
            self.ok("create", "posts", "--id", "hello", "--data", '{"title":"Hello","status":"published","views":1}')
        self.ok("create", "posts", "--id", "sketch", "--data", '{"draft":true}')
        self.ok("create", "users", "--id", "ann", "--data", '{"name":"Ann"}')
        if verb == "unlink":
            self.ok("link", "posts/hello", "author", "users/ann")
        if verb == "tag":
            self.ok("tag", "before-cleanup")
        if verb == "remote":
            self.ok("remote", "add", "nas", self.backups)
        self.env["PARQUEDB_TEST_CLOCK_MS"] = str(NOW_MS)
        self.ok("push", "--slug", "shop")
        for name in {"verify": ["restored", "original"], "stats": ["db/shop"]}.get(verb, []):
            self.ok("pull", "ann/shop", "--directory", self.path(name), db=None)
        for name in ("restored", "original"):
            if verb == "verify":
                os.rename(self.path(name), os.path.join(self.db, name))
        self.write("db/posts.ndjson", '{"title":"One"}\n{"title":"Two"}\n')
        self.write("db/cities.csv.gz", gzip.compress(b"city,people\nBern,134000\n"))
        self.write("db/history.ndjson", json.dumps({"ts": NOW_MS, "op": "CREATE", "target": "notes:n", "after": {"text": "x"}}) + "\n")

    def sh(self, line):
        return subprocess.run(["bash", "-c", line.replace("/backups", self.backups)], cwd=self.db, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("verb,example", EXAMPLES)
def test_each_example_of_the_help_runs(tmp_path, verb, example):
    assert example.startswith("parquedb " + verb)
    done = World(tmp_path, verb).sh(example)
    assert done.returncode == 0 and "\nerror" not in done.stderr, done.stdout + done.stderr


def test_the_examples_of_the_overview_run(tmp_path):
    world = World(tmp_path, "create")
    examples = [line.strip() for line in world.ok("help", db=None).out.split("\n\n")[0].splitlines()[1:]]
    assert len(examples) == 5
    for example in examples:
        done = world.sh(example)
        assert done.returncode == 0, (example, done.stderr)


def test_help_begins_with_examples_wherever_it_is_asked_for(place):
    assert len(VERBS) > 20
    overview = place.ok(db=None).out
    assert overview.startswith("Examples:\n  parquedb create ") and place.ok("help", db=None).out == place.ok("--help", db=None).out == place.ok("-h", db=None).out == overview
    for verb in VERBS:
        text = place.ok("help", verb, db=None).out
        assert text.startswith(f"Examples:\n  parquedb {verb}") and f"\n  {verb} " in overview
        for words in ((verb, "--help"), ("--help", verb), (verb, "-h"), (verb, "too", "many", "words", "--help")):
            assert place.ok(*words, db=None).out == text
        for option in table(verb)["options"]:
            assert option["name"] in text and option["help"] and not option["help"].endswith("."), option


def test_topics_are_listed_and_told(place):
    overview = table()
    assert [topic["name"] for topic in overview["topics"]] == list(TOPICS)
    for topic in TOPICS:
        assert place.ok("help", topic, db=None).out == table(topic)["text"] and f"\n  {topic} " in overview["text"]
    exit_codes = place.ok("help", "exit-codes", db=None).out
    for code in (0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 75, 130):
        assert f"{code} " in exit_codes


def test_the_formats_of_the_table_are_those_that_the_verb_knows(place):
    place.ok("create", "posts", "--id", "a")
    needed = {"create": ["posts"], "get": ["posts/a"], "update": ["posts/a"], "delete": ["posts/a"], "link": ["posts/a", "by", "posts/a"], "unlink": ["posts/a", "by", "posts/a"], "query": ["posts"], "drop": ["posts"],
              "pull": ["./x"], "completion": ["bash"], "generate": ["--man", "x"], "remote": ["list"], "config": ["show"]}
    for verb in VERBS:
        r = place.call(verb, *needed.get(verb, []), "--format", "tabel")
        assert r.rc == 2 and "does not know 'tabel'" in r.err, (verb, r.err)
        known = r.err.splitlines()[1].removeprefix("  try: formats here: ").split(", ")
        assert sorted(known) == sorted(table(verb)["formats"]), verb


@pytest.mark.parametrize("words,meant", [(("qurey", "posts"), "query"), (("chekpoint",), "checkpoint"), (("query", "posts", "--fliter", "{}"), "--filter"), (("export", "--namespce=posts"), "--namespace"),
                                         (("query", "psots"), "posts"), (("export", "--namespace", "user"), "users"), (("push", "--strategy", "remote-win"), "remote-wins"),
                                         (("push", "--visibility=privat"), "private"), (("verify", "--level", "rplay"), "replay"), (("query", "posts", "--format", "jsn"), "json"), (("help", "tmie"), "time"),
                                         (("help", "qery"), "query"), (("--hlep",), "--help"), (("--json", "--diretcory=x"), "--directory")])
def test_a_slip_is_answered_with_what_may_be_meant(place, words, meant):
    place.ok("create", "posts", "--id", "a")
    place.ok("create", "users", "--id", "u")
    r = place.call(*words)
    assert r.rc == (10 if meant in ("posts", "users") else 2) and f"did you mean {meant}?" in r.err and r.out == "", r.err


def test_a_value_that_looks_like_a_flag_is_a_value_and_after_two_dashes_nothing_is_a_flag(place):
    assert place.ok("create", "posts", "--id", "a", "--data", '{"n":1}', "--operator", "-h").json()["$createdBy"] == "-h"
    assert place.ok("-d", place.db, "create", "posts", "--id", "--help", db=None).json()["$id"] == "posts/--help"
    assert place.call("-d", place.db, "query", "--", "--help", db=None).rc == 2


def test_version_is_told_wherever_it_is_asked_for(place):
    for words in (("version",), ("--version",), ("query", "--version"), ("--version", "query", "posts")):
        assert place.ok(*words, db=None).out == "parquedb 0.1.0\n"
