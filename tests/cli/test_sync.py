"""sync: the four cases in which one side is the beginning of the other, and the fifth."""
import os

from conftest import tree


def both(place):
    """A database with a backup, and a copy of it."""
    place.ok("import", "--file", place.ndjson("in.ndjson", [{"$id": f"posts/p{i}", "n": i} for i in range(20)]))
    place.ok("checkpoint")
    remote, copy = place.path("remote"), place.path("copy")
    place.ok("push", "--to", remote, "--slug", "s")
    place.ok("pull", remote + "/username/s", "--directory", copy, db=None)
    sync = lambda *a, db=True, **kw: place.ok("sync", "--with", remote, "--slug", "s", "--json", *a, db=db, **kw).json()
    return remote, copy, sync


def test_none_there_ahead_equal_and_behind(place):
    place.ok("create", "posts", "--id", "a")
    remote = place.path("remote")
    env = {"PARQUEDB_REMOTE_URL": remote}
    sync = lambda *a, db=True: place.ok("sync", "--slug", "s", "--json", *a, env=env, db=db).json()
    status = sync("--status")
    assert status["synced"] is False and status["toUpload"] and status["dryRun"] is True and not os.path.exists(remote)
    first = sync()
    assert first["schema"] == "parquedb.sync/1" and first["synced"] is True and "events/seg-000001.parquet" in first["toUpload"]
    assert first["toDownload"] == [] and first["conflicts"] == []
    again = sync()
    assert again["synced"] is True and again["toUpload"] == [] and again["toDownload"] == [] and "events/seg-000001.parquet" in again["unchanged"]
    copy = place.path("copy")
    place.ok("pull", remote + "/username/s", "--directory", copy, db=None)
    place.ok("create", "posts", "--id", "b")
    ahead = sync("--status")
    assert ahead["localEvents"] == 1 and ahead["remoteEvents"] == 0 and ahead["synced"] is False
    sync()
    behind = sync("--dry-run", db=copy)
    assert behind["remoteEvents"] == 1 and behind["toDownload"] and behind["toUpload"] == [] and len(place.state(db=copy)) == 1
    done = sync(db=copy)
    assert done["toDownload"] == behind["toDownload"] and place.state(db=copy) == place.state()
    assert sync("--status", db=copy)["synced"] is True


def test_a_dry_run_and_a_status_change_nothing(place):
    remote, copy, sync = both(place)
    place.ok("create", "posts", "--id", "new")
    before = tree(place.db), tree(remote)
    planned = sync("--dry-run")
    assert sync("--dry-run", "--status")["toUpload"] == planned["toUpload"]
    assert (tree(place.db), tree(remote)) == before
    assert len(sync()["toUpload"]) >= len(planned["toUpload"])


def test_logs_that_went_different_ways_are_a_conflict(place):
    remote, copy, sync = both(place)
    place.ok("create", "posts", "--id", "here")
    sync()
    place.ok("create", "posts", "--id", "there", db=copy)
    before = tree(copy), tree(remote)
    r = place.fails(14, "sync", "--with", remote, "--slug", "s", db=copy)
    assert "went different ways: events only here: 1, only there: 1" in r.err
    assert (tree(copy) | {"_meta/lock": 0}, tree(remote)) == (before[0] | {"_meta/lock": 0}, before[1])
    assert place.ok("sync", "--with", remote, "--slug", "s", "--status", db=copy).out.startswith("username/s on")


def test_wrong_calls(place):
    place.ok("create", "posts", "--id", "a")
    place.fails(2, "sync")  # no remote
    place.fails(2, "sync", "--with", place.path("r"), "--strategy", "hope")
    place.fails(10, "sync", "--with", place.path("r"), db=place.path("nowhere"))
    other = place.path("other")
    place.ok("create", "posts", "--id", "a", db=other)
    place.ok("sync", "--with", place.path("r"), "--slug", "s")
    place.fails(14, "sync", "--with", place.path("r"), "--slug", "s", db=other)


def test_remote_wins_makes_the_state_the_backups_by_new_events(place):
    remote, copy, sync = both(place)
    ref = remote + "/username/s"
    pull = lambda *a: place.ok("pull", ref, "--directory", copy, "--strategy", *a, db=None)
    theirs = place.state()
    place.ok("update", "posts/p1", "--data", '{"n":-1}', db=copy)
    place.ok("create", "mine", "--id", "m", db=copy)
    mine, log = place.state(db=copy), place.ok("events", "--format", "ndjson", db=copy).out
    assert pull("local-wins", "--json").json()["downloaded"] == [] and pull("newest", "--json").json()["downloaded"] == []
    assert place.state(db=copy) == mine
    planned = pull("remote-wins", "--dry-run", "--json").json()
    assert (planned["restored"], planned["deleted"], planned["dryRun"]) == (1, 1, True) and place.state(db=copy) == mine
    r = pull("remote-wins", "--json").json()
    assert (r["restored"], r["deleted"], r["unchanged"]) == (1, 1, 19) and place.state(db=copy) == theirs
    events = place.ok("events", "--format", "ndjson", db=copy).out
    assert events.startswith(log) and "restoredFrom" in events[len(log):]
    place.undo("undo: " + r["undo"])
    assert place.state(db=copy) == mine


def test_after_remote_wins_a_diverged_copy_goes_on_from_the_backup(place):
    remote, copy, sync = both(place)
    place.ok("create", "posts", "--id", "here")
    sync()
    place.ok("create", "posts", "--id", "there", db=copy)
    ref = remote + "/username/s"
    place.fails(14, "pull", ref, "--directory", copy, "--strategy", "newest", db=None)
    for _ in range(2):
        place.ok("pull", ref, "--directory", copy, "--strategy", "remote-wins", db=None)
        assert place.state(db=copy) == place.state()
    place.ok("verify", copy, db=None)
    assert place.ok("get", "posts/there", "--at", "lsn:21", db=copy).json()["$id"] == "posts/there"  # the past stays
    place.ok("create", "posts", "--id", "on", db=copy)
    assert sync("--status", db=copy)["remoteEvents"] == 0
    place.ok("push", "--to", remote, "--slug", "s", db=copy)
    place.ok("pull", ref, "--directory", place.path("third"), db=None)
    assert place.state(db=place.path("third")) == place.state(db=copy)
