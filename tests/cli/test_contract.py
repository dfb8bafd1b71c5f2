"""The rules that hold for every verb, and details that scripts depend on."""
import json
import os
import subprocess

import pytest
from conftest import BIN, tree

ISO = "2026-02-01T12:00:00.000Z"
T0 = 1769947200000  # the same instant


def fill(place):
    place.ok("import", "--file", place.ndjson("rows.ndjson", [{"$id": f"posts/p{i}", "n": i, "tags": ["x"]} for i in range(5)]))
    place.ok("create", "users", "--id", "u", "--data", '{"name":"U"}')


def test_flags_stand_anywhere_and_two_dashes_end_them(place):
    fill(place)
    want = place.ok("query", "posts", "--limit", "2", "--format", "ndjson").out
    for words in (("--limit=2", "query", "--format=ndjson", "posts"), ("query", "--limit", "2", "posts", "--format", "ndjson"), ("query", "--format", "ndjson", "--limit=2", "-d", place.db, "--", "posts"),
                  ("--directory", place.db, "query", "posts", "--limit=2", "--format=ndjson"), (f"--directory={place.db}", "--format=ndjson", "query", "posts", "--limit=2")):
        assert place.ok(*words, db=place.db not in " ".join(words) or None).out == want, words
    place.ok("create", "--id", "-x", "odd", db=True)
    assert place.ok("-d", place.db, "get", "--", "odd/-x", db=None).json()["$id"] == "odd/-x"
    place.fails(2, "-d", place.db, "query", "--", "posts", "--limit=2", db=None)


def test_a_verb_of_a_later_version_is_unknown_and_not_in_the_help(place):
    overview = place.ok("help", db=None).out
    for verb in ("repair", "pin", "serve", "retention", "doctor"):
        place.fails(2, verb, db=None)
        assert f"\n  {verb} " not in overview


def test_every_verb_prints_one_json_document_with_its_schema(place):
    place.ok("init", place.db, "--name", "shop", "--json", db=False)
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    one = place.ndjson("one.ndjson", [{"$id": "more/m"}])
    for words in (("query", "posts"), ("query", "posts", "--count"), ("events",), ("list",), ("stats",), ("window",), ("flush",), ("checkpoint",), ("import", "--file", one), ("delete", "posts/p4"),
                  ("restore", "--namespace", "posts", "--at", "lsn:6", "--confirm"), ("drop", "more", "--confirm"), ("push", "--to", place.path("remote")),
                  ("export", "--output", place.path("x.ndjson")), ("help",), ("help", "time"), ("version",)):
        assert place.ok(*words, "--json").json()["schema"] == f"parquedb.{words[0]}/1", words
    assert place.ok("backups", place.path("remote"), "--json", db=None).json()["schema"] == "parquedb.backups/1"
    assert place.ok("pull", place.path("remote/username/shop"), "--directory", place.path("copy"), "--json", db=None).json()["schema"] == "parquedb.pull/1"


def test_where_the_answer_is_an_entity_every_name_without_a_dollar_is_the_users(place):
    made = place.ok("create", "posts", "--id", "a", "--data", '{"schema":"mine","version":3,"id":7,"type":"t"}', "--json").json()
    for r in (place.ok("get", "posts/a", "--json"), place.ok("update", "posts/a", "--data", "{}", "--json"), place.ok("query", "posts", "--format", "ndjson"), place.ok("export", "--format", "ndjson")):
        assert r.json() == made
    assert (made["schema"], made["version"], made["id"], made["type"]) == ("mine", 3, 7, "t")
    assert list(made)[:3] == ["$id", "$type", "$version"] and list(made)[-4:] == ["schema", "version", "id", "type"]


@pytest.mark.parametrize("words", [("query", "posts"), ("query", "posts", "--format", "ndjson"), ("events", "--format", "detailed"), ("stats",), ("window",), ("list", "--format", "paths"), ("get", "posts/p1")])
def test_output_named_json_is_json_whatever_the_format_and_is_written_whole_or_not_at_all(place, words):
    fill(place)
    file = place.write("out.json", "as it was")
    place.fails(10, *words[:1], *(["zebra"] if words[0] == "query" else ["posts/zebra"] if words[0] == "get" else []), "--output", file, db=True if words[0] in ("query", "get") else place.path("nowhere"))
    assert open(file).read() == "as it was"
    assert place.ok(*words, "--output", file).out == ""
    json.load(open(file))
    assert sorted(os.listdir(place.folder)) == ["db", "out.json", "rows.ndjson"]
    other = place.path("out.txt")
    place.ok(*words, "--output", other)
    assert open(other).read() == place.ok(*words).out or words[0] in ("window", "stats")  # those two tell the time


def test_the_directory_comes_from_the_flag_the_environment_or_the_current_folder(place):
    fill(place)
    want = place.ok("query", "posts").out
    other = place.path("other")
    place.ok("create", "posts", "--id", "elsewhere", db=other)
    assert place.call("query", "posts", db=None, cwd=place.db).out == want
    assert place.call("query", "posts", db=None, env={"PARQUEDB_PATH": place.db}).out == want
    assert place.call("query", "posts", db=place.db, env={"PARQUEDB_PATH": other}, cwd=other).out == want
    for verb in ("stats", "list", "window"):
        assert place.ok(verb, place.db, "--json", db=None).json().keys() == place.ok(verb, "--json").json().keys()
    assert place.ok("list", place.db, "--format", "paths", db=None).out == place.ok("list", "--format", "paths").out


def test_the_operator_comes_from_the_flag_or_the_environment(place):
    assert place.ok("create", "posts", "--id", "a", "--operator", "ann").json()["$createdBy"] == "ann"
    assert place.ok("create", "posts", "--id", "b").json()["$createdBy"] == "tester"
    place.fails(2, "create", "posts", "--id", "c", "--operator", "a\nb")


@pytest.mark.parametrize("at", [ISO, "2026-02-01T12:00:00Z", "2026-02-01T13:00:00+01:00", "2026-02-01T12:00:00.000999Z", str(T0), str(T0 // 1000), "lsn:1", "01KGCQKGM0"])
def test_every_spelling_of_an_instant_is_resolved_and_echoed(place, at):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", [{"ts": T0, "op": "CREATE", "target": "posts:a", "after": {"n": 1}}, {"ts": T0 + 1, "op": "UPDATE", "target": "posts:a", "after": {"n": 2}}]))
    if at.startswith("01K"):
        at = place.ok("events", "--format", "ndjson").lines()[0]["id"]
    for more in ((), ("--quiet",)):
        r = place.ok("get", "posts/a", "--at", at, *more)
        assert r.json()["n"] == 1 and ISO in r.err
    assert place.ok("get", "posts/a", "--at", "latest").json()["n"] == 2
    assert place.ok("query", "posts", "--at", at, "--json").json()["at"] == ISO


@pytest.mark.parametrize("duration,good", [("0", True), ("2", True), ("10s", True), ("500ms", True), ("5m", True), ("1h", True), ("", False), ("-1", False), ("5 parsecs", False), ("s", False)])
def test_durations_are_plain_seconds_or_have_a_unit(place, duration, good):
    place.ok("create", "posts", f"--lock-timeout={duration}") if good else place.fails(2, "create", "posts", f"--lock-timeout={duration}")


def test_undo_is_a_line_and_a_field_and_runs_as_printed_from_anywhere(place):
    fill(place)
    rows = place.ndjson("more.ndjson", [{"$id": f"more/m{i}"} for i in range(3)])
    for words in (("import", "--file", rows), ("drop", "posts", "--confirm"), ("delete", "posts", "--filter", '{"n":1}', "--confirm"), ("restore", "--namespace", "posts", "--at", "lsn:2", "--confirm")):
        before = place.state()
        text = place.ok(*words)
        assert place.state() != before and text.out.count("undo: parquedb restore ") == 1 and place.db in text.out
        place.undo(text.out)
        assert place.state() == before, words
        answer = place.ok(*words, "--json").json()
        assert answer["undo"].startswith("parquedb restore ")
        place.undo("undo: " + answer["undo"])
        assert place.state() == before, words


def test_a_dry_run_prints_the_real_runs_fields_and_changes_nothing(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    rows = place.ndjson("more.ndjson", [{"$id": f"more/m{i}"} for i in range(3)])
    place.ok("create", "posts", "--id", "new")
    for words in (("import", "--file", rows), ("delete", "posts/p1"), ("delete", "posts", "--filter", '{"n":2}', "--confirm"), ("restore", "--entity", "posts/p1", "--at", "lsn:3"),
                  ("push", "--to", place.path("remote")), ("flush",), ("checkpoint",), ("drop", "posts", "--confirm")):
        before, remote = tree(place.db), tree(place.path("remote"))
        plan = place.ok(*words, "--dry-run", "--json").json()
        assert plan["dryRun"] is True
        assert "would have" in place.ok(*words, "--dry-run").out
        after = tree(place.db)
        assert {k: v for k, v in after.items() if k != "_meta/lock"} == {k: v for k, v in before.items() if k != "_meta/lock"} and tree(place.path("remote")) == remote, words
        real = place.ok(*words, "--json").json()
        assert set(real) - {"undo"} == set(plan) - {"dryRun", "undo"}, words
        counts = {k: v for k, v in real.items() if isinstance(v, int) and k != "checkpoint"}
        assert {k: plan[k] for k in counts} == counts, words
    plan = place.ok("pull", place.path("remote"), "--directory", place.path("copy"), "--dry-run", "--json", db=None).json()
    assert plan["dryRun"] is True and plan["downloaded"] and not os.path.exists(place.path("copy"))


def test_quiet_drops_notes_but_not_the_answer_and_nothing_is_coloured(place):
    r = place.ok("create", "posts", "--id", "a", env={"TERM": "xterm-256color"})
    assert "made an empty database" in r.err
    r = place.ok("create", "posts", "--id", "a", "--quiet", db=place.path("other"))
    assert r.err == "" and r.json()["$id"] == "posts/a"
    for env in ({}, {"NO_COLOR": "1"}):
        for words in (("query", "posts"), ("stats",), ("events", "--format", "detailed"), ("qurey",)):
            r = place.call(*words, env=env)
            assert "\x1b" not in r.out + r.err


def test_ids_are_never_cut_in_a_table_on_a_pipe(place):
    long = "i" * 512
    place.ok("create", "posts", "--id", long)
    assert f"posts/{long}" in place.ok("query", "posts").out and f"posts:{long}" in place.ok("events").out


def test_a_closed_standard_output_is_an_error_and_no_crash(place):
    place.ok("import", "--file", place.ndjson("many.ndjson", [{"$id": f"posts/p{i}", "s": "x" * 500} for i in range(5000)]))
    done = subprocess.run(["bash", "-c", f'"{BIN}" -d "{place.db}" query posts | head -1; exit ${{PIPESTATUS[0]}}'], env=place.env, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: standard output")


def test_fields_sort_and_filter_know_the_systems_names_and_an_update_does_not(place):
    fill(place)
    place.ok("update", "posts/p3", "--data", '{"n":30}')
    assert place.ok("query", "posts", "--filter", '{"$version":2}', "--fields", "tags", "--format", "ndjson").lines() == [{"$id": "posts/p3", "$type": "posts", "$version": 2, "tags": ["x"]}]
    assert [e["$id"] for e in place.ok("query", "posts", "--sort", '{"$id":-1}', "--limit", "2", "--format", "ndjson").lines()] == ["posts/p4", "posts/p3"]
    assert list(place.ok("query", "posts", "--id", "posts/p1", "--fields", "$createdBy", "--format", "ndjson").lines()[0]) == ["$id", "$type", "$version", "$createdBy"]
    place.fails(2, "query", "posts", "--filter", '{"$frob":1}')
    place.fails(23, "update", "posts/p1", "--data", '{"$set":{"$version":9}}')
    assert place.ok("query", "posts", "--limit", "0", "--json").json()["items"] == []


def test_import_with_a_namespace_skips_the_others_and_says_how_many(place):
    rows = [{"$id": f"{ns}/x{i}"} for ns in ("a", "b") for i in range(3)]
    file = place.ndjson("two.ndjson", rows)
    r = place.ok("import", "--file", file, "--namespace", "a")
    assert "skipped 3" in r.err and sorted(place.state()) == ["a/x0", "a/x1", "a/x2"]
    place.fails(23, "import", "--file", file, "--namespace", "zebra")
    place.fails(2, "import", "--file", place.ndjson("plain.ndjson", [{"n": 1}]))
    assert place.ok("import", "--file", place.path("plain.ndjson"), "--namespace", "b", "--json").json() == {"schema": "parquedb.import/1", "created": 1, "updated": 0, "skipped": 0, "undo": place_undo(place)}


def place_undo(place):
    before = place.ok("events", "--format", "ndjson").lines()[-2]["id"]
    return f"parquedb restore --namespace b --at {before} --confirm --directory '{place.db}'"


def test_an_import_keeps_version_times_actors_and_links_that_a_record_has(place):
    row = {"$id": "posts/a", "$type": "posts", "$version": 7, "$createdAt": "2020-01-01T00:00:00.000Z", "$createdBy": "old", "$updatedAt": "2021-01-01T00:00:00.000Z", "$updatedBy": "older", "$links": {"by": ["users/none"]}, "n": 1}
    place.ok("import", "--file", place.ndjson("one.ndjson", [row]))
    assert place.state() == {"posts/a": row}
    assert place.ok("update", "posts/a", "--data", '{"n":2}').json()["$version"] == 8


def test_numbers_are_kept_exactly_and_compared_exactly(place):
    texts = ["9007199254740993", "9007199254740992", "18446744073709551615", "-9223372036854775808", "0.1", "1e-7", "1e21", "123456789012345680.0", "0.30000000000000004", "2.2250738585072014e-308", "5e-324", "-0.0", "1.0", "100000000000000000000.0"]
    place.write("numbers.ndjson", "".join(f'{{"$id":"n/{i:02d}","v":{t}}}\n' for i, t in enumerate(texts)))
    place.ok("import", "--file", place.path("numbers.ndjson"))
    for step in ((), ("flush",), ("checkpoint",)):
        if step:
            place.ok(*step)
        lines = place.ok("export", "--format", "ndjson").out.splitlines()
        assert [x[x.index('"v":') + 4:-1] for x in lines] == texts, step
        ids = lambda f: [e["$id"] for e in place.ok("query", "n", "--filter", f, "--format", "ndjson").lines()]
        assert ids('{"v":9007199254740993}') == ["n/00"] and ids('{"v":9007199254740992}') == ["n/01"] and ids('{"v":1}') == ["n/12"] and ids('{"v":0}') == ["n/11"]
        assert ids('{"v":{"$gt":9007199254740992,"$lt":9007199254740994}}') == ["n/00"]


def test_a_namespace_exists_once_any_event_names_it(place):
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", [{"ts": T0, "op": "CREATE", "target": "a:1", "after": {}}, {"ts": T0 + 5, "op": "CREATE", "target": "b:1", "after": {}}, {"ts": T0 + 9, "op": "DELETE", "target": "b:1", "after": None}]))
    assert place.ok("query", "b", "--at", str(T0), "--json").json()["count"] == 0
    assert place.ok("query", "b", "--json").json()["items"] == []
    place.ok("checkpoint")
    assert place.ok("query", "b", "--count", "--json").json()["count"] == 0
    place.fails(10, "query", "c")


def test_events_have_no_default_limit_and_a_half_open_range(place):
    rows = [{"ts": T0 + i, "op": "CREATE", "target": f"n:{i}", "after": {}} for i in range(500)]
    place.ok("init", place.db, db=False)
    place.ok("import", "--events", place.ndjson("h.ndjson", rows))
    targets = lambda *a: [e["target"] for e in place.ok("events", *a, "--format", "ndjson").lines()]
    assert len(targets()) == 500 and targets("--after", str(T0 + 3), "--before", str(T0 + 5)) == ["n:3", "n:4"]
    assert targets("--reverse", "--limit", "2") == ["n:499", "n:498"]
    event = place.ok("events", "--limit", "1", "--json").json()["events"][0]
    assert {k: event[k] for k in ("lsn", "ts", "op", "target", "before", "actor", "metadata")} == {"lsn": 1, "ts": T0, "op": "CREATE", "target": "n:0", "before": None, "actor": None, "metadata": None}


def test_stats_and_window_tell_what_is_promised(place):
    fill(place)
    place.ok("link", "posts/p1", "by", "users/u")
    for step in ((), ("checkpoint",)):
        if step:
            place.ok(*step)
        stats, window = place.ok("stats", "--json").json(), place.ok("window", "--json").json()
        assert stats["namespaces"] == {"posts": {"entities": 5, "links": 1}, "users": {"entities": 1, "links": 0}} and stats["events"] == 7
        assert set(stats["window"]) == {"from", "to"} and stats["window"]["from"] == window["from"] <= window["to"] and window["gaps"] == []
        assert stats["bytes"] > 0 and stats["segments"] == (1 if step else 0)
