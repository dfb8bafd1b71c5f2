"""Rules that hold for every verb: what a terminal changes, who asks, what --verbose adds, where a database is made."""
import json
import os
import pty
import re
import select
import subprocess

import pytest
from conftest import BIN, tree


def on_a_terminal(place, *words, answer=b"", stdin=False, env=None):
    """Runs with standard output (and input, where it may be asked) and error on a terminal; returns status and what is shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BIN, *words, "-d", place.db], stdin=theirs if stdin else subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=dict(place.env, **(env or {})), cwd=place.folder)
    os.close(theirs)
    if answer:
        os.write(ours, answer)
    shown = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break  # the other end is closed
        if not part:
            break
        shown += part
    os.close(ours)
    return process.wait(60), shown.decode().replace("\r\n", "\n")


def fill(place):
    place.ok("import", "--file", place.ndjson("rows.ndjson", [{"$id": f"posts/p{i}", "n": i, "text": "x" * 400} for i in range(50)]))
    place.ok("create", "users", "--id", "u")
    place.ok("checkpoint")


def test_one_entity_is_indented_on_a_terminal_and_one_line_elsewhere(place):
    fill(place)
    rc, shown = on_a_terminal(place, "get", "users/u")
    assert rc == 0 and shown.startswith('{\n  "$id": "users/u",\n  "$type": "users",\n') and json.loads(shown) == place.ok("get", "users/u").json()
    assert place.ok("get", "users/u").out.count("\n") == 1


def test_sizes_are_human_on_a_terminal_and_raw_elsewhere_and_in_json(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    size = place.ok("stats", "--json").json()["bytes"]
    assert f" {size} bytes\n" in place.ok("stats").out
    assert re.search(r" \d+\.\d kB\n", on_a_terminal(place, "stats")[1]) and f'"bytes": {size}' in on_a_terminal(place, "stats", "--json")[1]
    listed = {f["path"]: f["size"] for f in place.ok("list", "--json").json()["files"]}
    assert all(re.search(rf"{re.escape(path)} +{n} ", place.ok("list").out) for path, n in listed.items())
    shown = on_a_terminal(place, "list")[1]
    assert re.search(r"data/posts/data.parquet +\d+\.\d kB ", shown)
    assert re.search(r"uploaded \d+ files, \d+ bytes;", place.ok("push", "--to", place.path("other")).out) and re.search(r"uploaded \d+ files, \d+\.\d kB;", on_a_terminal(place, "push", "--to", place.path("third"))[1])
    assert " kB" in on_a_terminal(place, "backups", place.path("remote"))[1] and " kB" not in place.ok("backups", place.path("remote")).out


def test_ids_are_not_cut_on_a_terminal_either(place):
    place.ok("create", "posts", "--id", "i" * 300)
    assert "posts/" + "i" * 300 in on_a_terminal(place, "query", "posts")[1]


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_escape_sequence_is_in_an_answer_or_an_error_on_a_terminal(place, env):
    fill(place)
    for words in (("query", "posts", "--limit", "3"), ("stats",), ("events", "--limit", "2", "--format", "detailed"), ("help",), ("qurey",), ("get", "posts/none"), ("list",), ("backups", "./none")):
        assert "\x1b" not in on_a_terminal(place, *words, env=env)[1], words


ASKS = {"drop": ["drop", "posts"], "delete by filter": ["delete", "posts", "--filter", "{}"], "restore a namespace": ["restore", "--namespace", "posts", "--at", "lsn:3"]}
NEVER = {"delete one": ["delete", "posts/p1"], "restore one": ["restore", "--entity", "posts/p1", "--at", "lsn:3"], "import": ["import", "--file", "more.ndjson"], "create": ["create", "posts"], "update": ["update", "posts/p1", "--data", '{"n":9}'], "flush": ["flush"], "checkpoint": ["checkpoint"],
         "push": ["push", "--to", "./remote"], "sync": ["sync", "--with", "./remote"], "tag": ["tag", "t"], "restore all": ["restore", "--all", "--to", "./all"]}


@pytest.mark.parametrize("name", ASKS)
def test_these_ask_on_a_terminal_and_elsewhere_name_the_flag(place, name):
    fill(place)
    words, before = ASKS[name], tree(place.db)
    assert "add --confirm" in place.fails(2, *words).err
    rc, shown = on_a_terminal(place, *words, answer=b"n\n", stdin=True)
    assert rc == 130 and "? [y/N] " in shown and tree(place.db) == before
    for flag in ("--confirm", "--yes"):
        assert "dryRun" in place.ok(*words, flag, "--dry-run", "--json").out
    rc, shown = on_a_terminal(place, *words, answer=b"y\n", stdin=True)
    assert rc == 0 and "? [y/N] " in shown


@pytest.mark.parametrize("name", NEVER)
def test_nothing_else_asks(place, name):
    fill(place)
    place.ndjson("more.ndjson", [{"$id": "more/m"}])
    rc, shown = on_a_terminal(place, *NEVER[name], stdin=True)
    assert rc == 0 and "[y/N]" not in shown, shown


def test_verbose_shows_plans_and_timings_and_nothing_of_it_is_on_standard_output(place):
    fill(place)
    r = place.ok("push", "--to", place.path("remote"), "--verbose", "--json")
    assert re.search(r"^push took \d+ ms$", r.err, re.M) and "flushed first\n" in r.err
    for file in r.json()["results"][0]["uploaded"]:
        assert f"username/db: {file['path']} ({file['size']} bytes)\n" in r.err
    r = place.ok("pull", place.path("remote/username/db"), "--directory", place.path("copy"), "--verbose", db=None)
    assert re.search(r"^events/seg-000001.parquet \(\d+ bytes\)$", r.err, re.M)
    for words in (("query", "posts"), ("stats",), ("version",)):
        verbose, plain = place.ok(*words, "--verbose"), place.ok(*words)
        assert re.search(rf"^{words[0]} took \d+ ms$", verbose.err, re.M) and "took" not in plain.err and "took" not in verbose.out
    assert re.search(r"^get took \d+ ms$", place.call("get", "posts/none", "--verbose").err, re.M)


@pytest.mark.parametrize("words", [("init",), ("create", "posts"), ("import", "--file", "{}/rows.ndjson"), ("pull", "{}/remote/username/db")])
def test_a_database_is_made_where_nothing_of_the_layout_is_and_other_files_stay(place, words):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    place.write("home/notes.txt", "mine")
    words = [w.replace("{}", place.folder) for w in words]
    for folder in ("home", "a/b/c"):
        place.ok(*words, "-d", place.path(folder), db=None)
        place.ok("stats", "-d", place.path(folder), db=None)
    assert open(place.path("home/notes.txt")).read() == "mine"
    place.write("lost/data/posts/data.parquet", "x")
    was = tree(place.path("lost"))
    assert place.fails(10, *words, "-d", place.path("lost"), db=None) and tree(place.path("lost")) == was


@pytest.mark.parametrize("verb", ["verify", "stats", "list", "window"])
def test_these_take_the_database_as_their_argument(place, verb):
    fill(place)
    r = place.ok(verb, place.db, "--json", db=None)
    assert set(r.json()) == set(place.ok(verb, "--json").json())
    place.fails(10, verb, place.path("nowhere"), db=None)


def test_an_unknown_field_of_a_manifest_is_ignored(place):
    fill(place)
    file, state = os.path.join(place.db, "events/manifest.json"), place.state()
    manifest = json.load(open(file))
    manifest["aFieldOfTheFuture"] = {"x": [1]}
    json.dump(manifest, open(file, "w"))
    assert place.state() == state and place.ok("create", "posts", "--id", "new")
