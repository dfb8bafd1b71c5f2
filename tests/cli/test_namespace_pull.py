"""Some namespaces of a backup: as a database of their own, or into one that is there."""
import json
import os
import random

import pytest

from conftest import tree


@pytest.fixture
def shop(place):
    place.ok("init", place.db, "--name", "shop", db=None)
    for i in range(5):
        place.ok("create", "posts", "--id", f"p{i}", "--data", json.dumps({"n": i}))
    place.ok("create", "users", "--id", "u1", "--data", '{"name":"Ann"}')
    place.ok("create", "gone", "--id", "g")
    place.ok("delete", "gone/g")
    place.ok("link", "posts/p1", "author", "users/u1")
    place.ok("checkpoint")
    place.ok("update", "posts/p2", "--data", '{"n":22}')
    place.ok("delete", "posts/p3")
    place.ok("push", "--to", place.path("remote"))
    return place


def unlocked(root):
    """The tree but for who held the lock last."""
    return {k: v for k, v in tree(root).items() if k != "_meta/lock"}


def of(state, *namespaces):
    return {k: v for k, v in state.items() if k.split("/")[0] in namespaces}


def pull(shop, to, *more, code=0):
    args = ["pull", shop.path("remote"), "--directory", shop.path(to), *more]
    return shop.ok(*args, db=None) if code == 0 else shop.fails(code, *args, db=None)


def test_a_new_folder_becomes_a_database_of_its_own_that_begins_with_a_base(shop):
    r = pull(shop, "some", "--namespaces", "posts,gone", "--json").json()
    assert r["schema"] == "parquedb.pull/1" and r["namespaces"] == {"posts": 4, "gone": 0}
    assert r["bytes"] == sum(f["size"] for f in r["downloaded"]) > 0
    some = shop.path("some")
    assert shop.state(db=some) == of(shop.state(), "posts")
    with open(os.path.join(some, "events/manifest.json"), encoding="utf-8") as f:
        manifest = json.load(f)
    with open(os.path.join(shop.db, "events/manifest.json"), encoding="utf-8") as f:
        origin = json.load(f)
    last = shop.ok("events", "--limit", "1", "--reverse", "--format", "ndjson").lines()[0]
    assert manifest["databaseId"] != origin["databaseId"] and manifest["dataset"] == "some"
    assert manifest["forkedFrom"] == {"databaseId": origin["databaseId"], "lsn": last["lsn"], "id": last["id"], "namespaces": ["posts", "gone"]}
    (base,) = manifest["segments"]
    assert base["kind"] == "base" and base["minLsn"] == base["maxLsn"] == last["lsn"] == manifest["compactedThrough"]
    assert base["count"] == 4 and base["minTs"] == base["maxTs"] == last["ts"] and manifest["totalEvents"] == 0
    assert shop.ok("events", "--format", "ndjson", db=some).out == ""
    assert shop.ok("query", "gone", "--count", "--json", db=some).json()["count"] == 0
    shop.fails(10, "query", "users", db=some)


def test_the_base_holds_the_last_event_of_each_entity_as_it_was(shop):
    pq = pytest.importorskip("pyarrow.parquet")
    pull(shop, "some", "--namespaces", "posts")
    rows = pq.read_table(shop.path("some/events/seg-000001.parquet")).to_pylist()
    last = {}
    for event in shop.ok("events", "--namespace", "posts", "--format", "ndjson").lines():
        last[event["target"]] = event
    wanted = sorted((e for e in last.values() if e["op"] != "DELETE"), key=lambda e: e["lsn"])
    assert [(r["lsn"], r["id"], r["op"], r["target"], json.loads(r["after"]), r["before"], r["actor"]) for r in rows] == \
        [(e["lsn"], e["id"], e["op"], e["target"], e["after"], None, e["actor"]) for e in wanted]


def test_links_that_lead_out_stay_and_verify_calls_them_outside(shop):
    pull(shop, "some", "--namespaces", "posts")
    some = shop.path("some")
    assert shop.ok("get", "posts/p1", db=some).json()["$links"] == {"author": ["users/u1"]}
    r = shop.ok("verify", some, "--json", db=None).json()
    (finding,) = r["findings"]
    assert finding["severity"] == "warning" and finding["check"] == "Relationships" and "outside" in finding["message"]
    # Reverse files hold only links whose source was pulled.
    pull(shop, "users", "--namespaces", "users")
    assert not os.path.exists(shop.path("users/rels/reverse/users.parquet"))
    assert shop.ok("verify", shop.path("users"), "--json", db=None).json()["findings"] == []


def test_the_window_starts_at_the_cut_and_the_new_database_goes_on_from_there(shop):
    events = shop.ok("events", "--format", "ndjson").lines()
    for lsn in (3, 9, len(events)):
        to = f"at{lsn}"
        pull(shop, to, "--namespaces", "posts", "--at", f"lsn:{lsn}")
        assert shop.state(db=shop.path(to)) == of(shop.state(f"lsn:{lsn}"), "posts")
        assert shop.ok("window", shop.path(to), "--json", db=None).json()["from"] == iso(events[lsn - 1]["ts"])
        shop.fails(22, "get", "posts/p0", "--at", f"lsn:{lsn - 1}", db=shop.path(to))
        assert shop.ok("get", "posts/p0", "--at", f"lsn:{lsn}", db=shop.path(to)).json()["n"] == 0
        r = shop.ok("update", "posts/p0", "--data", '{"n":100}', db=shop.path(to))
        (event,) = shop.ok("events", "--format", "ndjson", db=shop.path(to)).lines()
        assert event["lsn"] == lsn + 1 and event["id"] > events[lsn - 1]["id"] and event["before"]["n"] == 0
        r = shop.ok("drop", "posts", "--confirm", db=shop.path(to))
        before = shop.state("lsn:%d" % (lsn + 1), db=shop.path(to))
        shop.undo(r.out + r.err)
        assert shop.state(db=shop.path(to)) == before
        shop.ok("verify", shop.path(to), db=None)


def iso(ms):
    import datetime
    return datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (ms % 1000)


def test_it_is_pushed_and_pulled_as_any_other_but_not_to_the_slug_it_came_from(shop):
    pull(shop, "some", "--namespaces", "posts")
    some = shop.path("some")
    shop.fails(14, "push", "--to", shop.path("remote"), "--slug", "shop", db=some)
    shop.ok("push", "--to", shop.path("remote"), db=some)
    copy = shop.path("copy")
    shop.ok("pull", shop.path("remote/username/some"), "--directory", copy, db=None)
    shop.ok("verify", copy, "--compare", some, db=None)
    shop.ok("create", "posts", "--id", "more", db=some)
    shop.ok("sync", "--with", shop.path("remote"), db=some)
    shop.ok("pull", shop.path("remote/username/some"), "--directory", copy, db=None)
    assert shop.state(db=copy) == shop.state(db=some)
    shop.ok("restore", "--all", "--to", shop.path("all"), db=some)
    assert shop.state(db=shop.path("all")) == shop.state(db=some)


def test_a_missing_namespace_makes_no_folder_and_bad_names_are_wrong_usage(shop):
    r = pull(shop, "some", "--namespaces", "posts,nope", code=10)
    assert "nope" in r.err and "gone, posts, users" in r.err and not os.path.exists(shop.path("some"))
    pull(shop, "some", "--namespaces", "posts,", code=2)
    pull(shop, "some", "--namespaces", "../x", code=2)
    pull(shop, "some", "--namespaces", "posts", "--at", "1999-01-01", code=22)
    assert not os.path.exists(shop.path("some"))
    dry = pull(shop, "some", "--namespaces", "posts", "--dry-run", "--json").json()
    assert dry.pop("dryRun") is True and not os.path.exists(shop.path("some"))
    assert pull(shop, "some", "--namespaces", "posts", "--json").json() == dry


def test_into_a_database_that_is_there_it_needs_remote_wins_and_comes_as_events(shop):
    other = shop.path("other")
    shop.ok("create", "posts", "--id", "p9", "--data", '{"n":9}', db=other)
    shop.ok("create", "posts", "--id", "p0", "--data", '{"n":0}', db=other)
    shop.ok("create", "things", "--id", "t", db=other)
    before = unlocked(other)
    r = pull(shop, "other", "--namespaces", "posts", code=14)
    assert "--strategy remote-wins" in r.err and unlocked(other) == before
    was = shop.state(db=other)
    dry = pull(shop, "other", "--namespaces", "posts", "--strategy", "remote-wins", "--dry-run", "--json").json()
    assert unlocked(other) == before
    r = pull(shop, "other", "--namespaces", "posts", "--strategy", "remote-wins")
    assert dry["restored"] == 4 and dry["deleted"] == 1
    now = shop.state(db=other)
    assert of(now, "posts") == of(shop.state(), "posts") and of(now, "things") == of(was, "things") and "users/u1" not in now
    shop.undo(r.out + r.err)
    assert shop.state(db=other) == was
    again = pull(shop, "other", "--namespaces", "posts", "--strategy", "remote-wins", "--at", "lsn:2", "--json").json()
    assert again["restored"] + again["unchanged"] == 2 and of(shop.state(db=other), "posts") == of(shop.state("lsn:2"), "posts")


def test_a_damaged_base_is_found_by_every_level_and_never_used(shop):
    pull(shop, "some", "--namespaces", "posts")
    some = shop.path("some")
    path = os.path.join(some, "events/seg-000001.parquet")
    with open(path, "r+b") as f:
        f.seek(60)
        byte = f.read(1)
        f.seek(60)
        f.write(bytes([byte[0] ^ 0x40]))
    for level in ("hash", "full", "replay"):
        r = shop.fails(20, "verify", some, "--level", level, db=None)
        assert "seg-000001" in r.out + r.err
    os.remove(path)
    shop.fails(20, "get", "posts/p0", db=some)
    shop.fails(20, "verify", some, db=None)


@pytest.mark.parametrize("more", [["--namespaces", "many"], ["--at", "latest"], []])
def test_damage_that_is_met_while_the_folder_is_filled_is_20_and_leaves_no_folder(shop, more):
    texts = random.Random(1)
    shop.ok("import", "--file", shop.ndjson("many.ndjson", [{"$id": f"many/m{i:04d}", "t": texts.randbytes(200).hex()} for i in range(2000)]))
    shop.ok("push", "--to", shop.path("remote"))
    objects = [os.path.join(base, n) for base, _, names in os.walk(shop.path("remote/username/objects")) for n in names]
    largest = max(objects, key=os.path.getsize)
    with open(largest, "r+b") as f:  # among the documents: the keys, which are read first, are whole
        f.seek(os.path.getsize(largest) // 2)
        f.write(b"\0" * 64)
    pull(shop, "some", *more, code=20)
    assert not os.path.exists(shop.path("some"))
