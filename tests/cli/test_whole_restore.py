"""Everything as it was, in a new directory: from the database's own log, and from a backup."""
import os

from conftest import tree

from test_backup import damage, fill


def history(place):
    """Segments, a tail in the WAL, deletions, links."""
    fill(place)
    place.ok("update", "posts/p3", "--data", '{"n":333}')
    place.ok("delete", "posts/p4")
    place.ok("flush")
    place.ok("create", "posts", "--id", "last", "--data", '{"n":1}')


def test_the_whole_database_at_every_kind_of_cut(place):
    history(place)
    events = place.ok("events", "--format", "ndjson").out.splitlines(True)
    before = tree(place.db)
    for lsn in (0, 1, 30, 50, 52, 53, 54, 55, len(events)):
        to = place.path(f"at{lsn}")
        r = place.ok("restore", "--all", "--to", to, "--at", f"lsn:{lsn}", "--json").json()
        assert r["schema"] == "parquedb.restore/1" and r["restored"] == len(place.state(f"lsn:{lsn}"))
        assert place.state(db=to) == place.state(f"lsn:{lsn}")
        assert place.ok("events", "--format", "ndjson", db=to).out == "".join(events[:lsn])
        assert place.ok("verify", to, "--json", db=None).json()["warnings"] == []
        assert not os.path.exists(os.path.join(to, "_meta/RESTORING"))
    assert tree(place.db) == before
    # It is the same database: it goes on, and what it had is its past.
    place.ok("create", "posts", "--id", "goes-on", db=place.path("at50"))
    assert place.ok("get", "posts/p1", "--at", "lsn:2", db=place.path("at50")).json()["n"] == 1


def test_a_restore_of_all_is_refused_where_something_is(place):
    history(place)
    place.ok("create", "x", "--id", "a", db=place.path("other"))
    before = tree(place.path("other"))
    place.fails(14, "restore", "--all", "--to", place.path("other"))
    assert tree(place.path("other")) == before
    place.fails(2, "restore", "--all")
    place.fails(2, "restore", "--to", place.path("x"))
    place.fails(2, "restore", "--all", "--entity", "posts/p1", "--to", place.path("x"))
    place.fails(22, "restore", "--all", "--to", place.path("x"), "--at", "1999-01-01")
    assert not os.path.exists(place.path("x"))
    dry = place.ok("restore", "--all", "--to", place.path("x"), "--dry-run", "--json").json()
    assert dry["dryRun"] is True and dry["restored"] == len(place.state()) and not os.path.exists(place.path("x"))


def test_a_backup_gives_any_instant_of_its_window(place):
    history(place)
    place.ok("push", "--to", place.path("remote"))
    for lsn in (30, 53):
        to = place.path(f"pulled{lsn}")
        planned = place.ok("pull", place.path("remote"), "--directory", to, "--at", f"lsn:{lsn}", "--dry-run", "--json", db=None).json()
        assert planned["dryRun"] is True and not os.path.exists(to)
        place.ok("pull", place.path("remote"), "--directory", to, "--at", f"lsn:{lsn}", db=None)
        assert place.state(db=to) == place.state(f"lsn:{lsn}")
        place.ok("verify", to, db=None)
    place.fails(22, "pull", place.path("remote"), "--directory", place.path("x"), "--at", "2999-01-01", db=None)


def test_a_damaged_segment_is_named_and_nothing_opens(place):
    history(place)
    damage(os.path.join(place.db, "events/seg-000001.parquet"))
    r = place.fails(20, "restore", "--all", "--to", place.path("x"))
    assert "events/seg-000001.parquet" in r.err
    assert place.call("stats", db=place.path("x")).rc in (1, 10)
