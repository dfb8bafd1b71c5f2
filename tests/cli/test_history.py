"""Import, the audit trail, time travel, restore, drop."""
import json
import os
import time

T0 = 1769947200000  # 2026-02-01T12:00:00Z


def history():
    rows = [{"ts": T0 + i, "op": "CREATE", "target": f"posts:p{i}", "after": {"n": i, "$links": {"by": ["users/u"]}}, "actor": "ann"} for i in range(5)]
    rows.append({"ts": T0 + 10, "op": "UPDATE", "target": "posts:p1", "after": {"n": 100}, "actor": "bob"})
    rows.append({"ts": T0 + 20, "op": "DELETE", "target": "posts:p2", "after": None, "actor": "mallory", "metadata": {"ticket": 7}})
    return rows


def test_a_history_is_the_identity_through_events_and_import(place):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", history()))
    first = place.ok("events", "--format", "ndjson").out
    place.write("again.ndjson", first)
    place.ok("import", "--events", place.path("again.ndjson"), db=place.path("copy"))
    assert place.ok("events", "--format", "ndjson", db=place.path("copy")).out == first
    events = [json.loads(x) for x in first.splitlines()]
    assert list(events[0]) == ["lsn", "id", "ts", "op", "target", "before", "after", "actor", "metadata"]
    assert events[-1]["metadata"] == {"ticket": 7} and events[-1]["after"] is None and events[-1]["before"]["n"] == 2


def test_time_travel_at_every_instant(place):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", history()))
    for layout in ("wal", "flush", "checkpoint"):
        if layout != "wal":
            place.ok(layout)
        count = lambda t: place.ok("query", "posts", "--at", str(t), "--count", "--json").json()["count"]
        assert [count(T0 + k) for k in (0, 1, 4, 19, 20)] == [1, 2, 5, 5, 4], layout
        assert place.ok("get", "posts/p1", "--at", str(T0 + 9)).json()["n"] == 1
        assert place.ok("get", "posts/p1", "--at", "lsn:6").json()["n"] == 100
    place.fails(22, "query", "posts", "--at", str(T0 - 1))
    place.fails(22, "query", "posts", "--at", "1999-01-01")
    place.fails(2, "query", "posts", "--at", "garbage")
    assert place.ok("query", "posts", "--at", "2999-01-01", "--count", "--json").json()["count"] == 4


def test_the_audit_trail_is_searchable(place):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", history()))
    place.ok("flush")
    find = lambda *a: [e["target"] for e in place.ok("events", *a, "--format", "ndjson").lines()]
    assert find("--filter", '{"op":"DELETE"}') == ["posts:p2"]
    assert find("--actor", "bob") == ["posts:p1"]
    assert find("--entity", "posts/p1", "--reverse") == ["posts:p1", "posts:p1"]
    assert find("--after", str(T0 + 10), "--before", str(T0 + 20)) == ["posts:p1"]
    assert find("--filter", '{"after.n":{"$gte":4}}') == ["posts:p4", "posts:p1"]
    assert find("--limit", "2") == ["posts:p0", "posts:p1"]
    assert "mallory" in place.ok("events", "--format", "detailed").out


def test_restore_of_one_record_is_exact_and_says_where_from(place):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", history()))
    good = place.state(str(T0 + 19))
    r = place.ok("restore", "--from-event-log", "--entity", "posts/p2", "--at", str(T0 + 19))
    assert place.state() == good
    last = place.ok("events", "--format", "ndjson").lines()[-1]
    assert last["op"] == "CREATE" and last["metadata"]["restoredFrom"]["lsn"] == 6
    again = place.ok("restore", "--entity", "posts/p2", "--at", str(T0 + 19), "--json").json()
    assert (again["restored"], again["unchanged"]) == (0, 1)
    place.undo(r.out)
    assert "posts/p2" not in place.state()
    place.fails(10, "restore", "--entity", "posts/p4", "--at", str(T0))


def test_restore_of_a_namespace_deletes_what_was_not_there_and_can_be_undone(place):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", history()))
    now, then = place.state(), place.state(str(T0 + 2))
    place.fails(2, "restore", "--namespace", "posts", "--at", str(T0 + 2))
    plan = place.ok("restore", "--namespace", "posts", "--at", str(T0 + 2), "--dry-run", "--json").json()
    assert plan["dryRun"] is True and place.state() == now
    r = place.ok("restore", "--namespace", "posts", "--at", str(T0 + 2), "--confirm", "--json")
    assert place.state() == then
    assert {k: r.json()[k] for k in ("restored", "deleted", "unchanged")} == {k: plan[k] for k in ("restored", "deleted", "unchanged")}
    place.undo("undo: " + r.json()["undo"])
    assert place.state() == now


def test_drop_is_guarded_and_undone(place):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", history()))
    before = place.state()
    place.fails(2, "drop", "posts")
    r = place.ok("drop", "posts", "--confirm")
    assert place.state() == {} and place.ok("query", "posts", "--count", "--json").json()["count"] == 0
    place.undo(r.out)
    assert place.state() == before
    place.fails(10, "drop", "zebra", "--confirm")


def test_an_export_imports_exactly_in_each_format(place):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", history()))
    place.ok("create", "a-b", "--id", "x/y:z", "--data", '{"f":1.5}')
    place.ok("create", "a", "--id", "1", "--data", '{"f":2}')
    state = place.state()
    for ext in ("ndjson", "json", "parquet"):
        file = place.path("out." + ext)
        place.ok("export", "--at", "latest", "--output", file)
        copy = place.path("copy-" + ext)
        place.ok("import", "--file", file, db=copy)
        assert place.state(db=copy) == state, ext


def test_import_is_all_or_nothing_and_names_the_bad_records(place):
    place.ok("create", "posts", "--id", "old")
    before = place.ok("events", "--format", "ndjson").out
    r = place.fails(23, "import", "--namespace", "posts", "--file", place.write("bad.ndjson", b'{"a":1}\n{"a":\n{"b":1,"b":2}\n{"c":"\xff"}\n17\n'))
    for place_in_file in ("bad.ndjson:2", "bad.ndjson:3", "bad.ndjson:4", "bad.ndjson:5"):
        assert place_in_file in r.err
    place.fails(23, "import", "--file", place.ndjson("twice.ndjson", [{"$id": "posts/x"}, {"$id": "posts/x"}]))
    place.fails(14, "import", "--file", place.ndjson("there.ndjson", [{"$id": "posts/new"}, {"$id": "posts/old"}]))
    place.fails(10, "import", "--file", place.path("none.ndjson"), "--namespace", "posts")
    place.fails(2, "import", "--file", place.write("x.xyz", "{}"), "--namespace", "posts")
    many = place.write("many.ndjson", b"{bad}\n" * 50)
    assert place.fails(23, "import", "--namespace", "posts", "--file", many).err.count("many.ndjson:") == 10
    assert place.ok("events", "--format", "ndjson").out == before


def test_a_json_array_and_an_object_with_one_array_import(place):
    place.ok("import", "--file", place.write("a.json", '[{"k":"x","v":1},\n {"k":"y","v":[1,{"z":"]"}]}]'), "--namespace", "t", "--id-field", "k")
    place.ok("import", "--file", place.write("b.json", '{"639-3":[{"k":7}]}'), "--namespace", "t", "--id-field", "k")
    assert sorted(place.state()) == ["t/7", "t/x", "t/y"] and place.state()["t/y"]["v"] == [1, {"z": "]"}]


def test_a_clock_behind_the_log_refuses_writes(place):
    place.ok("create", "posts", "--id", "a")
    early = {"PARQUEDB_TEST_CLOCK_MS": str(int(time.time() * 1000) - 3_600_000)}
    place.fails(75, "create", "posts", "--id", "b", env=early)
    place.ok("create", "posts", "--id", "b", "--accept-clock", env=early)
    events = place.ok("events", "--format", "ndjson").lines()
    assert events[0]["ts"] <= events[1]["ts"] and events[0]["id"] < events[1]["id"]


def test_the_state_at_each_commit_of_a_git_history(place):
    """A history of 200 commits made with git itself: the state at 20 of them equals `git ls-tree`."""
    import subprocess

    repo = place.path("repo")
    git = lambda *a: subprocess.run(["git", "-C", repo, *a], check=True, capture_output=True, text=True, env=dict(place.env, GIT_AUTHOR_NAME="t", GIT_AUTHOR_EMAIL="t@t", GIT_COMMITTER_NAME="t", GIT_COMMITTER_EMAIL="t@t")).stdout
    os.makedirs(repo)
    git("init", "-q")
    rows, commits, known = [], [], {}
    for i in range(200):
        path = f"d{i % 7}/f{i * 7919 % 31}.txt"
        full = os.path.join(repo, path)
        if path in known and i % 5 == 0:
            os.remove(full)
        else:
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w") as f:
                f.write(f"{i}\n")
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", f"c{i}")
        commits.append(git("rev-parse", "HEAD").strip())
        now = {line.split("\t")[1]: line.split()[2] for line in git("ls-tree", "-r", "HEAD").splitlines()}
        for p in sorted(known.keys() | now.keys()):
            if known.get(p) != now.get(p):
                op = "CREATE" if p not in known else "DELETE" if p not in now else "UPDATE"
                rows.append({"ts": T0 + i * 1000, "op": op, "target": f"files:{p}", "after": {"blob": now[p]} if p in now else None})
        known = now
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("git.ndjson", rows))
    place.ok("checkpoint")
    for i in range(9, 200, 10):
        want = {line.split("\t")[1]: line.split()[2] for line in git("ls-tree", "-r", commits[i]).splitlines()}
        got = {k[len("files/"):]: e["blob"] for k, e in place.state(str(T0 + i * 1000)).items()}
        assert got == want, i
