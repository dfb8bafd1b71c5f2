"""compact: fewer files, the same answers; --before gives history up, and says so ever after."""
import datetime
import glob
import json
import os

import pytest
from conftest import tree

SEGMENTS = 4


def fill(place, rounds=SEGMENTS, db=True, start=0):
    """A segment a round: three creations, an update, a deletion."""
    for n in range(start, start + rounds):
        rows = [{"$id": f"posts/p{n}-{i}", "n": n, "text": "x" * 50} for i in range(3)]
        place.ok("import", "--file", place.ndjson("rows.ndjson", rows), db=db)
        place.ok("update", f"posts/p{n}-0", "--data", '{"$inc":{"n":100}}', "--operator", f"op{n}", db=db)
        place.ok("delete", f"posts/p{n}-1", db=db)
        place.ok("flush", db=db)
    return 5 * (start + rounds)


def manifest(place, db=None):
    with open(os.path.join(db or place.db, "events/manifest.json")) as f:
        return json.load(f)


def ms(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def answers(place, lsns, db=True):
    return {lsn: place.state(f"lsn:{lsn}", db=db) for lsn in lsns}


def events(place, db=True):
    return place.ok("events", "--format", "ndjson", db=db).out


def test_small_segments_become_one_and_nothing_else_changes(place):
    head = fill(place)
    before, log = answers(place, range(head + 1)), events(place)
    plan = place.ok("compact", "--dry-run", "--json").json()
    assert manifest(place)["nextSeq"] == SEGMENTS + 1, "nothing was done"
    done = place.ok("compact", "--json").json()
    assert plan.pop("dryRun") is True
    assert {**plan, "window": 0} == {**done, "window": 0}
    assert [m["events"] for m in done["merged"]] == [head] and len(done["removed"]) == SEGMENTS
    assert done["retired"] == {"through": 0, "events": 0, "bytes": 0} and done["heldBy"] == ""
    now = manifest(place)
    assert [(s["minLsn"], s["maxLsn"], s["kind"]) for s in now["segments"]] == [(1, head, "events")]
    assert now["segments"][0]["seq"] == SEGMENTS + 1 and now["totalEvents"] == head and now["compactedThrough"] == 0
    assert sorted(os.listdir(place.path("db/events"))) == ["manifest.json", "seg-000005.parquet"]
    assert answers(place, range(head + 1)) == before and events(place) == log
    assert place.ok("verify", "--json").json()["warnings"] == []
    assert place.ok("compact").out == "nothing to compact\n"


def test_bases_stay_where_they_are_and_segments_between_them_are_merged(place):
    place.env["PARQUEDB_TEST_BASE_BYTES"] = "9000"
    head = fill(place, 12)
    kinds = [s["kind"] for s in manifest(place)["segments"]]
    assert kinds.count("base") >= 2, kinds
    before, log = answers(place, range(0, head + 1, 3)), events(place)
    cuts = [s["maxLsn"] for s in manifest(place)["segments"] if s["kind"] == "base"]
    place.ok("compact")
    now = manifest(place)["segments"]
    assert len(now) < len(kinds) and set(cuts) <= {s["maxLsn"] for s in now if s["kind"] == "base"}
    assert answers(place, range(0, head + 1, 3)) == before and events(place) == log
    place.ok("verify")
    stats = place.ok("stats", "--json").json()
    assert stats["events"] == head and stats["bases"] == len([s for s in now if s["kind"] == "base"])


def retired(place):
    """Two rounds that are given up, two that stay, and the lsn at which the window begins."""
    head = fill(place)
    place.ok("tag", "old", "--at", "lsn:3")
    place.ok("tag", "new", "--at", f"lsn:{head - 1}")
    place.ok("checkpoint")
    third = manifest(place)["segments"][2]
    return head, third["minLsn"] - 1, third["minTs"]


def test_history_before_an_instant_is_retired(place):
    head, cut, floor = retired(place)
    before = answers(place, range(cut, head + 1))
    log = events(place).splitlines()
    assert place.fails(2, "compact", "--before", str(floor)).err.count("--confirm") >= 1
    plan = place.ok("compact", "--before", str(floor), "--dry-run", "--json").json()
    assert manifest(place)["compactedThrough"] == 0
    done = place.ok("compact", "--before", str(floor), "--confirm", "--json").json()
    assert done["retired"]["through"] == cut == plan["retired"]["through"] and done["retired"]["events"] == cut
    assert done["bases"] == [cut]
    assert events(place).splitlines() == log[cut:] and answers(place, range(cut, head + 1)) == before
    now = manifest(place)
    assert now["compactedThrough"] == cut and now["totalEvents"] == head
    base = now["segments"][0]
    assert (base["kind"], base["minLsn"], base["maxLsn"], base["count"]) == ("base", cut, cut, 4)
    window = place.ok("window", "--json").json()
    assert window["from"] == done["window"]["from"] == plan["window"]["from"] and window["gaps"] == []
    assert base["minTs"] == base["maxTs"] == json.loads(log[cut - 1])["ts"] == ms(window["from"])
    place.ok("verify")
    again = place.ok("compact", "--before", str(floor), "--confirm", "--json").json()
    assert again["retired"]["events"] == 0 and again["merged"] == []


def test_what_was_retired_is_outside_the_window_for_every_verb(place):
    head, cut, floor = retired(place)
    first = json.loads(events(place).splitlines()[0])
    place.ok("push", "--to", place.path("remote"), "--slug", "whole")
    place.ok("compact", "--before", str(floor), "--confirm")
    window = place.ok("window", "--json").json()
    for at in ("lsn:0", "lsn:3", f"lsn:{cut - 1}", first["id"], str(first["ts"]), "old", "2001-01-01"):
        for call in (["get", "posts/p0-0"], ["query", "posts"], ["export", "--format", "ndjson"], ["restore", "--entity", "posts/p0-0"],
                     ["restore", "--namespace", "posts", "--confirm"], ["restore", "--filter", "{}", "--confirm"],
                     ["restore", "--all", "--to", place.path("never")], ["tag", "again"]):
            failed = place.fails(22, *call, "--at", at)
            assert window["from"] in failed.err, failed.err
        assert window["from"] in place.fails(22, "diff", "--from", at, "--to", "latest").err
        assert window["from"] in place.fails(22, "bisect", "--good", at, "--bad", "latest", "--check", "false").err
    assert not os.path.exists(place.path("never"))
    assert place.state("new") == place.state(f"lsn:{head - 1}")
    assert place.ok("events", "--entity", "posts/p0-0", "--format", "ndjson").out == ""
    assert "p0-0" in place.ok("get", "posts/p0-0", "--at", f"lsn:{cut}").out
    # The backup that was made before still has it.
    old = place.ok("query", "posts", "--from", place.path("remote"), "--at", "lsn:3", "--format", "ndjson", db=False)
    assert len(old.lines()) == 3
    first_window = place.ok("window", place.path("remote"), "--json", db=False).json()
    assert first_window["from"] < window["from"]


def test_retirement_stops_at_the_checkpoint_and_says_so(place):
    fill(place, 2)
    held = place.ok("compact", "--before", "latest", "--confirm")
    assert "the checkpoint: lsn 0" in held.err and "parquedb checkpoint" in held.err
    assert manifest(place)["compactedThrough"] == 0
    place.ok("checkpoint")
    assert place.ok("compact", "--before", "latest", "--confirm", "--json").json()["retired"]["events"] == 10
    assert events(place) == "" and len(place.state()) == 4
    place.ok("create", "posts", "--id", "on")
    assert json.loads(events(place))["lsn"] == 11
    place.ok("verify")


def test_retirement_keeps_what_a_required_remote_does_not_have(place):
    fill(place, 2)
    place.ok("checkpoint")
    place.write("db/parquedb.toml", f'[remote.nas]\nurl = "{place.path("nas")}"\nrequired = true\n[remote.other]\nurl = "{place.path("other")}"\n')
    retire = ["compact", "--before", "latest", "--confirm", "--json"]
    held = place.ok(*retire)
    assert held.json()["retired"]["events"] == 0 and held.json()["heldBy"] == "what the required remote nas has: lsn 0"
    assert "parquedb push" in held.err
    place.ok("push", "--to", "other")
    assert place.ok(*retire).json()["retired"]["events"] == 0 and not os.path.exists(place.path("db/_meta/pushed"))
    place.ok("push", "--to", "nas", "--dry-run")
    assert not os.path.exists(place.path("db/_meta/pushed"))
    place.ok("push", "--to", place.path("nas"))
    with open(place.path("db/_meta/pushed/nas.json")) as f:
        note = json.load(f)
    assert (note["version"], note["lsn"], note["databaseId"]) == (1, 10, manifest(place)["databaseId"])
    fill(place, 1, start=2)
    place.ok("checkpoint")
    held = place.ok(*retire)
    assert held.json()["retired"]["through"] == 10 and held.json()["heldBy"] == "what the required remote nas has: lsn 10"
    place.write("db/_meta/pushed/nas.json", "{")
    assert place.ok(*retire).json()["retired"]["events"] == 0, "a note that is damaged is none"
    place.ok("sync", "--with", "nas")
    assert place.ok(*retire).json()["retired"]["through"] == 15
    place.ok("verify")
    place.write("db/parquedb.toml", f'[remote.nas]\nurl = "{place.path("nas")}"\nrequired = "yes"\n')
    assert "parquedb.toml:3" in place.fails(2, "push", "--to", "nas").err


def test_a_gap_between_backups_is_told(place):
    remote = place.path("remote")
    fill(place, 1)
    place.ok("push", "--to", remote, "--slug", "first")
    fill(place, 2, start=1)
    place.ok("checkpoint")
    place.ok("compact", "--before", "latest", "--confirm")
    assert "retired" in place.fails(14, "push", "--to", remote, "--slug", "first").err
    place.ok("push", "--to", remote, "--slug", "second")
    window = place.ok("window", remote, "--json", db=False).json()
    (gap,) = window["gaps"]
    backups = {b["name"]: b["window"] for b in place.ok("backups", remote, "--json", db=False).json()["backups"]}
    assert gap == {"from": backups["username/first"]["to"], "to": backups["username/second"]["from"]}
    assert window["from"] == backups["username/first"]["from"] and window["to"] == backups["username/second"]["to"]
    assert place.ok("window", remote, db=False).out.count("\n") == 2
    inside = ms(gap["to"]) - 1
    assert inside > ms(gap["from"])
    place.fails(22, "query", "posts", "--from", remote, "--at", str(inside), db=False)
    assert len(place.ok("query", "posts", "--from", remote, "--at", gap["from"], "--format", "ndjson", db=False).lines()) == 2
    place.ok("query", "posts", "--from", remote, "--at", gap["to"], db=False)


def test_an_instant_before_the_window_retires_nothing(place):
    fill(place, 1)
    place.ok("checkpoint")
    assert place.ok("compact", "--before", "2001-01-01", "--confirm").out == "nothing to compact\n"
    assert place.fails(2, "compact", "--before", "soon", "--confirm")
    assert place.fails(22, "compact", "--before", "lsn:99", "--confirm")


@pytest.mark.parametrize("retire", [False, True])
def test_a_compacted_database_is_backed_up_and_comes_back(place, retire):
    head, cut, floor = retired(place)
    place.ok("compact", *(["--before", str(floor), "--confirm"] if retire else []))
    first = cut if retire else 0
    before = answers(place, range(first, head + 1))
    place.ok("push", "--to", place.path("remote"))
    place.ok("verify", place.path("remote"), "--compare", place.db, db=False)
    place.ok("pull", place.path("remote"), "--directory", place.path("copy"), db=None)
    copy = place.path("copy")
    place.ok("verify", copy, "--compare", place.db, db=False)
    assert answers(place, range(first, head + 1), db=copy) == before and events(place, db=copy) == events(place)
    window = place.ok("window", place.path("remote"), "--json", db=False).json()
    assert window["from"] == place.ok("window", "--json").json()["from"]
    if retire:
        place.fails(22, "query", "posts", "--from", place.path("remote"), "--at", f"lsn:{cut - 1}", db=False)
        place.fails(22, "pull", place.path("remote"), "--directory", place.path("never"), "--at", f"lsn:{cut - 1}", db=None)
        assert not os.path.exists(place.path("never"))
    place.ok("restore", "--all", "--to", place.path("all"), "--at", f"lsn:{cut + 2}")
    assert place.state(db=place.path("all")) == before[cut + 2]
    place.ok("verify", place.path("all"), db=False)


@pytest.mark.parametrize("where", ["here", "there", "both"])
@pytest.mark.parametrize("retire", [False, True])
def test_copies_that_compacted_in_their_own_ways_still_follow_each_other(place, where, retire):
    _, cut, floor = retired(place)
    copy, remote = place.path("copy"), place.path("remote")
    place.ok("push", "--to", remote, "--slug", "s")
    place.ok("pull", f"{remote}/username/s", "--directory", copy, db=None)
    compact = ["compact", *(["--before", str(floor), "--confirm"] if retire else [])]
    if where in ("here", "both"):
        place.ok(*compact)
    if where in ("there", "both"):
        place.ok(*compact, db=copy)
    window = place.ok("window", "--json", db=copy).json()["from"]
    first = cut if retire and where != "here" else 0
    before = answers(place, range(first, 5 * SEGMENTS + 1), db=copy)
    fill(place, 1, start=SEGMENTS)
    place.ok("push", "--to", remote, "--slug", "s")
    place.ok("pull", f"{remote}/username/s", "--directory", copy, db=None)
    assert place.state(db=copy) == place.state()
    assert place.ok("window", "--json", db=copy).json()["from"] == window, "what was restorable in the copy is"
    assert answers(place, before, db=copy) == before
    place.ok("verify", copy, db=False)
    # And the other way round: the copy goes on, with a line of its own.
    fill(place, 1, db=copy, start=SEGMENTS + 1)
    place.ok("push", "--to", remote, "--slug", "s", db=copy)
    place.ok("pull", f"{remote}/username/s", "--directory", place.db, db=None)
    assert place.state(db=copy) == place.state() and place.state(db=copy)
    place.ok("verify")
    for db in (place.db, copy):
        assert sorted(glob.glob(os.path.join(db, "events/*.parquet"))) == sorted(os.path.join(db, s["path"]) for s in manifest(place, db)["segments"])


def test_a_segment_that_is_damaged_is_named_and_nothing_is_compacted(place):
    fill(place, 3)
    place.ok("checkpoint")
    path = place.path("db/events/seg-000002.parquet")
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 3)
        byte = f.read(1)
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte[0] ^ 1]))
    was = tree(place.path("db/events"))
    assert "seg-000002.parquet" in place.fails(20, "compact").err
    assert tree(place.path("db/events")) == was
    place.fails(10, "compact", db=place.path("nothing"))
    assert not os.path.exists(place.path("nothing"))
