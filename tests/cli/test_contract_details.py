"""Sentences of the contract that no other file holds to: times, histories, what an answer's members are."""
import json
import os

import pytest

EVENT_FIELDS = ["lsn", "id", "ts", "op", "target", "before", "after", "actor", "metadata"]
TS = 1769947200000  # 2026-02-01T12:00:00Z


def test_a_time_in_the_future_is_the_head_here_and_outside_the_window_of_a_backup(place):
    place.ok("create", "posts", "--id", "a")
    place.ok("push", "--to", place.path("remote"))
    r = place.ok("query", "posts", "--at", "2999-01-01", "--count")
    assert r.out == "1\n" and "(lsn 1, event " in r.err
    for words in (("query", "posts", "--from", place.path("remote"), "--at", "2999-01-01"), ("pull", place.path("remote"), "--at", "2999-01-01", "--directory", place.path("new"))):
        r = place.fails(22, *words)
        assert "2999-01-01T00:00:00.000Z" in r.err and "window: " in r.err
    assert not os.path.exists(place.path("new"))


def test_what_is_created_again_after_a_delete_begins_anew(place):
    first = place.ok("create", "posts", "--id", "a", "--data", '{"n":1}', "--operator", "ann").json()
    place.ok("update", "posts/a", "--data", '{"n":2}')
    place.ok("delete", "posts/a")
    again = place.ok("create", "posts", "--id", "a", "--operator", "bob").json()
    assert again["$version"] == 1 and again["$createdBy"] == "bob" and again["$createdAt"] > first["$createdAt"]
    assert place.ok("get", "posts/a", "--at", "lsn:2").json()["$createdBy"] == "ann"
    place.fails(14, "create", "posts", "--id", "a")


def event(op, target, after, ts=TS, **more):
    return {"ts": ts, "op": op, "target": target, "after": after, **more}


@pytest.mark.parametrize("second, word", [
    (event("CREATE", "posts:a", {}), "posts:a, which exists"),
    (event("UPDATE", "posts:b", {}), "posts:b, which does not exist"),
    (event("DELETE", "posts:b", None), "posts:b, which does not exist"),
    (event("create", "posts:b", {}), "create"),
    (event("CREATE", "posts:b", {}, ts=TS - 1), "ts"),
    (event("CREATE", "posts:b", {}, id="01KGCX5BFB34D2T1B1KVC9X6AK"), "01KGCX5BFB34D2T1B1KVC9X6AK"),
    (event("CREATE", "po sts:b", {}), "po sts"),
])
def test_a_history_that_can_not_be_is_invalid_with_its_line_and_nothing_of_it_is_there(place, second, word):
    place.ok("create", "other", "--id", "o", env={"PARQUEDB_TEST_CLOCK_MS": str(TS - 1000)})
    file = place.ndjson("history.ndjson", [event("CREATE", "posts:a", {"n": 1}), second])
    before = place.ok("events", "--format", "ndjson").out
    r = place.fails(23, "import", "--events", file)
    assert "history.ndjson:2: " in r.err and word in r.err
    assert place.ok("events", "--format", "ndjson").out == before


def test_a_history_takes_times_of_both_kinds_and_system_fields_that_are_there_and_computes_the_others(place):
    rows = [event("CREATE", "posts:a", {"$version": 7, "$createdBy": "zoe", "n": 1}, actor="ann", before={"ignored": True}, lsn=99),
            event("UPDATE", "posts:a", {"n": 2}, ts="2026-02-01T12:00:01Z", actor="bob", metadata={"ticket": 7})]
    r = place.ok("import", "--events", place.ndjson("history.ndjson", rows), "--json").json()
    assert r["events"] == 2
    one, two = place.ok("events", "--format", "ndjson").lines()
    assert (one["lsn"], one["ts"], one["before"], one["after"]["$version"], one["after"]["$createdBy"]) == (1, TS, None, 7, "zoe")
    assert (two["ts"], two["actor"], two["metadata"], two["after"]["$version"], two["after"]["$createdAt"], two["after"]["$updatedBy"]) == (TS + 1000, "bob", {"ticket": 7}, 8, "2026-02-01T12:00:00.000Z", "bob")


def test_a_line_of_events_has_every_field_and_null_where_it_is_empty(place):
    place.ok("create", "posts", "--id", "a")
    place.ok("delete", "posts/a")
    one, two = place.ok("events", "--format", "ndjson").lines()
    for row in (one, two):
        assert set(EVENT_FIELDS) <= set(row) and isinstance(row["ts"], int) and row["metadata"] is None
    assert one["before"] is None and two["after"] is None and two["before"] == one["after"]


def test_restore_and_drop_have_their_counts_and_the_undo(place):
    place.ok("import", "--file", place.ndjson("rows.ndjson", [{"$id": f"posts/p{i}", "n": i} for i in range(4)]))
    place.ok("delete", "posts/p0")
    place.ok("create", "posts", "--id", "new")
    r = place.ok("restore", "--namespace", "posts", "--at", "lsn:4", "--confirm", "--json").json()
    assert (r["restored"], r["deleted"], r["unchanged"]) == (1, 1, 3) and r["at"].endswith("Z")
    assert r["undo"].startswith("parquedb restore --namespace posts --at 0") and f"--directory '{place.db}'" in r["undo"] and " --confirm" in r["undo"]
    r = place.ok("drop", "posts", "--confirm", "--json").json()
    assert r["deleted"] == 4 and r["undo"].startswith("parquedb restore --namespace posts --at 0")
    assert place.ok("delete", "posts", "--filter", "{}", "--confirm", "--json").json()["deleted"] == 0


def test_push_and_pull_count_what_is_unchanged_and_sync_lists_it(place):
    place.ok("create", "posts", "--id", "a")
    remote = place.path("remote")
    assert place.ok("push", "--to", remote, "--json").json()["results"][0]["unchanged"] == 0
    assert place.ok("pull", remote, "--directory", place.path("copy"), "--json", db=None).json()["unchanged"] == 0
    r = place.ok("sync", "--with", remote, "--json").json()
    assert r["synced"] is True and "events/seg-000001.parquet" in r["unchanged"] and (r["toUpload"], r["toDownload"], r["conflicts"]) == ([], [], [])


def test_backups_of_a_remote_are_those_of_all_owners(place):
    place.ok("create", "posts", "--id", "a")
    for owner in ("ann", "bob"):
        place.ok("push", "--to", place.path("remote"), "--owner", owner, "--slug", "shop")
    listed = place.ok("backups", place.path("remote"), "--json", db=None).json()["backups"]
    assert sorted(b["name"] for b in listed) == ["ann/shop", "bob/shop"]
    for backup in listed:
        assert {"id", "name", "time", "files", "bytes", "window"} <= set(backup) and set(backup["window"]) == {"from", "to"}


def test_the_window_has_no_gaps_and_ends_now_in_a_live_directory_and_at_its_instant_in_a_backup(place):
    clock = {"PARQUEDB_TEST_CLOCK_MS": str(TS)}
    place.ok("create", "posts", "--id", "a", env=clock)
    place.ok("push", "--to", place.path("remote"), env=clock)
    later = {"PARQUEDB_TEST_CLOCK_MS": str(TS + 5000)}
    here, there = place.ok("window", "--json", env=later).json(), place.ok("window", place.path("remote"), "--json", env=later, db=None).json()
    assert (here["from"], here["to"], here["gaps"]) == ("2026-02-01T12:00:00.000Z", "2026-02-01T12:00:05.000Z", [])
    assert (there["from"], there["to"], there["gaps"]) == ("2026-02-01T12:00:00.000Z", "2026-02-01T12:00:00.000Z", [])


def test_a_filter_of_events_is_over_the_fields_of_the_event(place):
    place.ok("create", "posts", "--id", "a", "--data", '{"status":"draft"}')
    place.ok("update", "posts/a", "--data", '{"status":"published"}')
    for text, lsns in (('{"after.status":"draft"}', [1]), ('{"before.status":"draft"}', [2]), ('{"op":"UPDATE","actor":"tester"}', [2]), ('{"lsn":{"$lte":1}}', [1]), ('{"target":"posts:none"}', [])):
        assert [e["lsn"] for e in place.ok("events", "--filter", text, "--format", "ndjson").lines()] == lsns, text


def test_a_dry_run_of_link_and_unlink_prints_the_entity_that_would_be(place):
    for ns in ("posts", "users"):
        place.ok("create", ns, "--id", "a")
    r = place.ok("link", "posts/a", "author", "users/a", "--dry-run", "--json").json()
    assert r["dryRun"] is True and r["$version"] == 2 and r["$links"] == {"author": ["users/a"]}
    made = place.ok("link", "posts/a", "author", "users/a", "--json").json()
    assert made["$version"] == 2 and "$links" not in place.ok("unlink", "posts/a", "author", "users/a", "--json").json()
    assert json.loads(place.ok("get", "posts/a").out)["$version"] == 3
