"""--dry-run of every verb that changes something: it changes nothing, and says what the real run then does."""
import fcntl
import os
import re

import pytest
from conftest import tree


def world(place):
    """A database with a backup, a copy of it, and something new on both sides."""
    rows = [{"$id": f"posts/p{i:02d}", "n": i, "$links": {"by": ["users/u"]}} for i in range(40)]
    place.ok("import", "--file", place.ndjson("rows.ndjson", rows))
    place.ok("create", "users", "--id", "u", "--data", '{"name":"U"}')
    place.ok("checkpoint")
    place.ok("push", "--to", place.path("remote"), "--slug", "s")
    place.ok("pull", place.path("remote/username/s"), "--directory", place.path("copy"), db=None)
    place.ok("update", "posts/p01", "--data", '{"n":-1}')
    place.ok("delete", "posts/p02")
    place.ndjson("more.ndjson", [{"$id": f"more/m{i}"} for i in range(5)])
    event = place.ok("events", "--reverse", "--limit", "1", "--format", "ndjson").json()
    place.ndjson("history.ndjson", [{"ts": event["ts"], "op": "CREATE", "target": "more:h", "after": {"n": 1}}])


def push(place):
    place.ok("push", "--to", place.path("remote"), "--slug", "s")


# name: (arguments, which database, what is done before)
CALLS = {
    "init": (["init", "@/new", "--name", "n"], None, None),
    "create": (["create", "posts", "--id", "new", "--data", '{"a":[1,{"b":2}]}'], "db", None),
    "create a database, too": (["create", "posts", "--id", "new", "--data", "{}"], "new", None),
    "create in a copy": (["create", "posts", "--id", "new"], "copy", None),
    "update": (["update", "posts/p01", "--data", '{"$inc":{"n":5},"$push":{"tags":"x"}}'], "db", None),
    "update without effect": (["update", "posts/p01", "--data", "{}"], "db", None),
    "link": (["link", "users/u", "wrote", "posts/p01"], "db", None),
    "unlink": (["unlink", "posts/p01", "by", "users/u"], "db", None),
    "delete": (["delete", "posts/p01"], "db", None),
    "delete some": (["delete", "posts", "--filter", '{"n":{"$gt":30}}', "--confirm"], "db", None),
    "import": (["import", "--file", "@/more.ndjson"], "db", None),
    "import into nothing": (["import", "--file", "@/more.ndjson"], "new", None),
    "import replacing": (["import", "--file", "@/rows.ndjson", "--on-conflict", "replace"], "db", None),
    "import events": (["import", "--events", "@/history.ndjson"], "db", None),
    "restore an entity": (["restore", "--entity", "posts/p02", "--at", "lsn:41"], "db", None),
    "restore namespaces": (["restore", "--namespace", "posts,users", "--at", "lsn:41", "--confirm"], "db", None),
    "restore a filter": (["restore", "--filter", '{"n":{"$lt":5}}', "--at", "lsn:41", "--confirm"], "db", None),
    "restore with links": (["restore", "--entity", "posts/p01", "--with-links", "2", "--at", "lsn:41"], "db", lambda place: place.ok("delete", "users/u")),
    "restore what an actor changed": (["restore", "--undo-actor", "tester", "--from", "lsn:41", "--to", "latest", "--confirm"], "db", lambda place: place.ok("update", "posts/p01", "--data", '{"n":0}', "--operator", "ann")),
    "restore all": (["restore", "--all", "--to", "@/all", "--at", "lsn:41"], "db", None),
    "drop": (["drop", "posts", "--confirm"], "db", None),
    "flush": (["flush"], "db", None),
    "flush nothing": (["flush"], "copy", None),
    "checkpoint": (["checkpoint"], "db", None),
    "checkpoint nothing": (["checkpoint"], "copy", None),
    "push": (["push", "--to", "@/remote", "--slug", "s"], "db", None),
    "push what is flushed": (["push", "--to", "@/remote", "--slug", "s"], "db", lambda place: place.ok("flush")),
    "push a first time": (["push", "--to", "@/remote", "--to", "@/other", "--slug", "t"], "db", None),
    "push nothing new": (["push", "--to", "@/remote", "--slug", "s"], "copy", None),
    "push all": (["push", "--to", "@/remote", "--slug", "s", "--full"], "db", lambda place: place.ok("checkpoint")),
    "pull into a new folder": (["pull", "@/remote/username/s", "--directory", "@/third"], None, None),
    "pull into a copy": (["pull", "@/remote/username/s", "--directory", "@/copy"], None, push),
    "pull nothing new": (["pull", "@/remote/username/s", "--directory", "@/copy"], None, None),
    "pull at": (["pull", "@/remote/username/s", "--directory", "@/third", "--at", "lsn:20"], None, None),
    "pull a namespace": (["pull", "@/remote/username/s", "--directory", "@/third", "--namespaces", "posts"], None, None),
    "pull by events": (["pull", "@/remote/username/s", "--directory", "@/db", "--strategy", "remote-wins"], None, None),
    "pull a namespace by events": (["pull", "@/remote/username/s", "--directory", "@/db", "--strategy", "remote-wins", "--namespaces", "posts"], None, None),
    "remote add": (["remote", "add", "nas", "@/remote"], "db", None),
    "remote add for the user": (["remote", "add", "nas", "@/remote", "--global"], "db", None),
    "remote remove": (["remote", "remove", "nas"], "db", lambda place: place.ok("remote", "add", "nas", place.path("remote"))),
    "tag": (["tag", "mark"], "db", None),
    "tag an instant": (["tag", "then", "--at", "lsn:3"], "db", None),
    "tag away": (["tag", "mark", "--remove"], "db", lambda place: place.ok("tag", "mark")),
    "sync ahead": (["sync", "--with", "@/remote", "--slug", "s"], "db", None),
    "sync behind": (["sync", "--with", "@/remote", "--slug", "s"], "copy", push),
    "sync equal": (["sync", "--with", "@/remote", "--slug", "s"], "copy", None),
    "sync none there": (["sync", "--with", "@/remote", "--slug", "t"], "db", None),
}


def likeness(answer):
    """What of an answer must be the same: ids, times and hashes are not; a compressed file that holds times may differ by a few bytes."""
    if isinstance(answer, dict):
        return {k: "a number of bytes" if k in ("size", "bytes") else "a number" if k == "commit" else likeness(v) for k, v in answer.items() if k not in ("dryRun", "undo")}
    if isinstance(answer, list):
        return [likeness(x) for x in answer]
    if isinstance(answer, str):
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z|[0-9A-HJKMNP-TV-Z]{26}", "*", answer)
    return answer


@pytest.mark.parametrize("name", CALLS)
def test_a_dry_run_changes_nothing_and_says_what_the_real_run_does(place, name):
    world(place)
    words, db, before = CALLS[name]
    if before:
        before(place)
    words = [w.replace("@", place.folder) for w in words]
    db = db and place.path(db)
    was, folders = tree(place.folder), sorted(os.walk(place.folder))
    text = place.ok(*words, "--dry-run", db=db)
    plan = place.ok(*words, "--dry-run", "--json", db=db).json()
    assert tree(place.folder) == was and sorted(os.walk(place.folder)) == folders
    assert plan["dryRun"] is True and "undo" not in plan and "undo:" not in text.out
    assert "would" in text.out + text.err or "dry run" in text.err or "in sync" in text.out, text.out + text.err
    real = place.ok(*words, "--json", db=db).json()
    assert "dryRun" not in real and likeness(plan) == likeness(real)
    sizes = lambda answer: [v for k, v in sorted(answer.items()) if k == "bytes"] + [r["bytes"] for r in answer.get("results", [])]
    for planned, done in zip(sizes(plan), sizes(real)):
        assert abs(planned - done) <= 64, (planned, done)


def test_every_verb_that_writes_has_a_dry_run_and_a_case_here(place):
    writing = set()
    for verb in place.ok("help", "--json", db=None).json()["verbs"]:
        options = {option["name"] for option in place.ok("help", verb["name"], "--json", db=None).json()["options"]}
        if "--dry-run" in options:
            writing.add(verb["name"])
        assert "--dry-run" in options or "--lock-timeout" not in options, verb["name"]
    assert writing == {words[0] for words, _, _ in CALLS.values()}


@pytest.mark.parametrize("words,code", [(("create", "posts", "--id", "p01"), 14), (("create", "posts", "--data", "{"), 23), (("update", "posts/none", "--data", "{}"), 10), (("update", "posts/p01", "--data", "{}", "--if-version", "9"), 14),
                                        (("link", "posts/p01", "by", "users/none"), 10), (("delete", "posts/none"), 10), (("drop", "zebra"), 10), (("init", "@/db"), 14), (("pull", "@/none", "--directory", "@/x"), 10),
                                        (("restore", "--entity", "posts/none", "--at", "latest"), 10), (("import", "--file", "@/rows.ndjson"), 14)])
def test_a_dry_run_fails_as_the_real_run_does(place, words, code):
    world(place)
    words = [w.replace("@", place.folder) for w in words]
    db = None if words[0] in ("init", "pull") else True
    was = tree(place.folder)
    dry = place.fails(code, *words, "--dry-run", *(["--confirm"] if words[0] == "drop" else []), db=db)
    assert tree(place.folder) == was
    timeless = lambda text: re.sub(r"[\d-]+T[\d:.]+Z", "*", text)
    assert timeless(place.call(*words, *(["--confirm"] if words[0] == "drop" else []), db=db).err) == timeless(dry.err)


def test_an_entity_with_a_field_of_that_name_keeps_it(place):
    r = place.ok("create", "posts", "--id", "a", "--data", '{"dryRun":"mine"}', "--dry-run")
    assert r.json()["dryRun"] == "mine" and "a dry run" in r.err and not os.path.exists(place.db)
    assert place.ok("create", "posts", "--id", "a", "--dry-run", "--quiet").err == ""


def test_a_dry_run_waits_for_the_writer(place):
    world(place)
    with open(os.path.join(place.db, "_meta/lock"), "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        was = tree(place.db)
        place.fails(11, "create", "posts", "--dry-run", "--lock-timeout", "0")
        assert tree(place.db) == was
