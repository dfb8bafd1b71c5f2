"""import: which records are taken, and where they go."""
import gzip
import json
import os
import signal
import subprocess

import pytest
from conftest import BIN, tree

ROWS = [{"$id": "posts/a", "$version": 4, "$createdAt": "2026-01-01T00:00:00.000Z", "$updatedAt": "2026-01-02T00:00:00.000Z", "$links": {"by": ["users/u"], "next": ["posts/b", "articles/b"]}, "n": 1},
        {"$id": "posts/b", "n": 2}, {"$id": "users/u", "$links": {"likes": ["posts/a", "users/u"]}}]


def own(entity):
    return {k: v for k, v in entity.items() if k not in ("$createdAt", "$updatedAt", "$updatedBy", "$createdBy", "$version")}


@pytest.mark.parametrize("kind", ["ndjson", "json", "csv", "parquet", "csv.gz"])
def test_namespace_selects_and_into_renames(place, kind):
    place.ok("import", "--file", place.ndjson("in.ndjson", ROWS))
    file = place.path("all." + kind)
    place.ok("export", "--output", file)
    r = place.ok("import", "--file", file, "--namespace", "posts", "--into", "articles", "--json")
    assert {k: r.json()[k] for k in ("created", "updated", "skipped")} == {"created": 2, "updated": 0, "skipped": 1} and "skipped 1 of other namespaces" in r.err
    state = place.state()
    assert state["articles/a"] == dict(state["posts/a"], **{"$id": "articles/a", "$type": "articles", "$links": {"by": ["users/u"], "next": ["articles/b"]}})
    assert own(state["articles/b"]) == {"$id": "articles/b", "$type": "articles", "n": 2} and len(state) == 5
    place.undo(r.json()["undo"].join(["undo: ", ""]))
    assert len(place.state()) == 3
    place.ok("import", "--file", file, "--into", "all", db=place.path("copy"))
    assert {k: own(e).get("$links") for k, e in place.state(db=place.path("copy")).items()} == {
        "all/a": {"by": ["users/u"], "next": ["all/b", "articles/b"]}, "all/b": None, "all/u": {"likes": ["all/u", "posts/a"]}}
    place.ok("checkpoint", db=place.path("copy"))
    assert place.call("verify", place.path("copy"), db=None).rc == 0


def test_into_alone_says_where_plain_records_go(place):
    file = place.ndjson("in.ndjson", [{"k": "x"}, {"k": "y"}])
    place.ok("import", "--file", file, "--into", "n", "--id-field", "k")
    assert list(place.state()) == ["n/x", "n/y"]
    place.ok("import", "--file", file, "--namespace", "a", "--into", "b")
    assert sum(k.startswith("b/") for k in place.state()) == 2
    r = place.fails(23, "import", "--file", place.ndjson("same.ndjson", [{"$id": "a/x"}, {"$id": "b/x"}]), "--into", "c")
    assert "same.ndjson:2: the id c/x comes twice" in r.err
    assert "1bad" in place.fails(2, "import", "--file", file, "--into", "1bad").err
    assert "--into" in place.fails(2, "import", "--events", file, "--into", "n").err


def test_an_entity_of_the_new_namespace_is_not_taken_for_one_that_was_moved(place):
    rows = [{"$id": "posts/a", "n": 1}, {"$id": "articles/a", "n": 2}]
    for extra in ((), ("--on-conflict", "skip")):
        db = place.path("db" + str(len(extra)))
        r = place.ok("import", "--file", place.ndjson("in.ndjson", rows), "--namespace", "posts", "--into", "articles", *extra, "--json", db=db)
        assert r.json()["created"] == 1 and r.json()["skipped"] == 1
        assert {k: e["n"] for k, e in place.state(db=db).items()} == {"articles/a": 1}


@pytest.mark.parametrize("kind", ["ndjson", "json", "csv", "parquet"])
def test_nothing_for_the_namespace_is_invalid(place, kind):
    place.ok("import", "--file", place.ndjson("in.ndjson", ROWS))
    place.ok("export", "--output", place.path("all." + kind))
    for extra in ((), ("--into", "x"), ("--on-conflict", "replace")):
        r = place.fails(23, "import", "--file", place.path("all." + kind), "--namespace", "none", *extra)
        assert "3 of other namespaces" in r.err


def test_json_is_an_array_or_an_object_with_one_member_that_is_one(place):
    rows = [{"alpha_2": "NP", "name": "Nepal"}, {"alpha_2": "DE", "name": "Ge]r,\\many}"}]
    for i, text in enumerate((json.dumps(rows), json.dumps({"3166-1": rows}, indent=2), "\ufeff" + json.dumps({'a"]\\': rows}), " [ ] ", '{"none":[]}')):
        done = place.ok("import", "--file", place.write("in.json", text), "--namespace", f"n{i}", "--id-field", "alpha_2", "--json").json()
        assert done["created"] == (2 if i < 3 else 0)
    assert {k: e["name"] for k, e in place.state().items() if k.startswith("n1/")} == {"n1/NP": "Nepal", "n1/DE": "Ge]r,\\many}"}
    for text in ('{"a":[1],"b":[]}', '{"a":1}', '{}', '"x"', '[{}', '[{}] x', '{"a":[]', '', '[{},]', '[1]', '{"a":[{}]}}'):
        assert "bad.json" in place.fails(23, "import", "--file", place.write("bad.json", text), "--namespace", "m").err, text
    assert not any(k.startswith("m/") for k in place.state())


@pytest.mark.parametrize("words", [("--on-conflict", "replace"), ()])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_import_leaves_nothing(place, words, how):
    """The input is a pipe that stays open, so the import is in its middle when the signal comes."""
    place.ok("create", "posts", "--id", "first")
    before = place.state()
    lines = "".join(json.dumps({"$id": f"posts/p{i}", "text": "x" * 1000}) + "\n" for i in range(100_000)).encode()
    with subprocess.Popen([BIN, "import", "--file", "-", "--input-format", "ndjson.gz", *words, "-d", place.db, "--json"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=dict(place.env, PARQUEDB_TEST_DIRECT_BATCH_BYTES="1000000")) as running:
        running.stdin.write(gzip.compress(lines, 1))
        running.stdin.flush()
        running.send_signal(how)
        out, err = running.communicate()
    assert running.returncode == 130 and out == b"" and json.loads(err.splitlines()[-1])["code"] == 130
    assert place.state() == before
    named = set(place.ok("list", "--format", "paths").out.split())
    assert set(tree(place.db)) - named == {"_meta/lock", "_meta/line"}
    assert place.call("verify", place.db, db=None).rc == 0
