"""Push, pull, backups: what is uploaded, what is refused, what comes back."""
import json
import os
import shutil

from conftest import tree


def fill(place):
    place.ok("import", "--file", place.ndjson("in.ndjson", [{"$id": f"posts/p{i}", "n": i} for i in range(50)]))
    place.ok("create", "users", "--id", "u", "--data", '{"name":"U"}')
    place.ok("link", "posts/p1", "by", "users/u")
    place.ok("checkpoint")
    place.ok("create", "posts", "--id", "tail")


def test_a_backup_comes_back_whole(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"), "--slug", "backups/one")
    copy = place.path("copy")
    place.ok("pull", place.path("remote/username/backups/one"), "--directory", copy, db=None)
    assert place.state(db=copy) == place.state()
    assert place.ok("events", "--format", "ndjson", db=copy).out == place.ok("events", "--format", "ndjson").out
    place.ok("create", "posts", "--id", "goes-on", db=copy)
    assert not os.path.exists(os.path.join(copy, "_meta/RESTORING"))


def test_only_what_changed_is_uploaded_and_no_change_is_a_new_instant(place):
    fill(place)
    push = lambda *a: place.ok("push", "--to", place.path("remote"), "--json", *a).json()["results"][0]
    first = push()
    assert first["uploaded"] and first["unchanged"] == 0 and first["commit"] == 1
    again = push()
    assert again["uploaded"] == [] and again["snapshot"] == first["snapshot"] and again["commit"] == 2
    assert len(place.ok("backups", place.path("remote"), "--json", db=None).json()["backups"]) == 1
    place.ok("create", "posts", "--id", "new")
    dry = place.ok("push", "--to", place.path("remote"), "--dry-run", "--json").json()
    assert dry["dryRun"] is True and dry["results"][0]["uploaded"]
    third = push()
    assert third["unchanged"] >= first["unchanged"] and 0 < len(third["uploaded"]) < len(first["uploaded"])
    entry = place.ok("backups", place.path("remote"), "--json", db=None).json()["backups"][-1]
    assert entry["name"] == "username/db" and entry["window"]["to"] == entry["time"]


def test_a_dry_run_leaves_no_trace(place):
    fill(place)
    os.makedirs(place.path("remote"))
    place.ok("push", "--to", place.path("remote"), "--dry-run")
    assert tree(place.path("remote")) == {}


def test_references_meet(place):
    fill(place)
    remote = {"PARQUEDB_REMOTE_URL": place.path("remote")}
    assert "username/s" in place.ok("push", "--slug", "s", env=remote).out
    for i, ref in enumerate(("s", "username/s", "file://" + place.path("remote/username/s"), place.path("remote"))):
        place.ok("pull", ref, "--directory", place.path(f"r{i}"), db=None, env=remote)
    place.fails(10, "pull", "none", "--directory", place.path("r9"), db=None, env=remote)
    place.fails(2, "push", "--to", "gopher://x/y")
    place.fails(2, "push")
    assert not os.path.exists(place.path("r9"))


def test_a_copy_that_is_behind_takes_what_is_new(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    copy, ref = place.path("copy"), place.path("remote/username/db")
    place.ok("pull", ref, "--directory", copy, db=None)
    place.ok("update", "posts/p3", "--data", '{"n":333}')
    place.ok("delete", "posts/p4")
    place.ok("checkpoint")
    place.ok("create", "posts", "--id", "more")
    place.ok("push", "--to", place.path("remote"))
    got = place.ok("pull", ref, "--directory", copy, "--json", db=None).json()
    assert got["downloaded"] and got["unchanged"] > 0
    assert place.state(db=copy) == place.state()
    assert place.ok("events", "--format", "ndjson", db=copy).out == place.ok("events", "--format", "ndjson").out
    assert place.ok("pull", ref, "--directory", copy, "--json", db=None).json()["downloaded"] == []
    place.ok("create", "posts", "--id", "mine", db=copy)
    place.ok("push", "--to", place.path("remote"), "--slug", "db", db=copy)  # the copy goes on where the original was


def test_what_went_another_way_is_refused(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    copy, ref = place.path("copy"), place.path("remote/username/db")
    place.ok("pull", ref, "--directory", copy, db=None)
    place.ok("create", "posts", "--id", "here", db=copy)
    assert "1 local event" in place.fails(14, "pull", ref, "--directory", copy, db=None).err
    place.ok("create", "posts", "--id", "there")
    place.ok("push", "--to", place.path("remote"))
    place.fails(14, "push", "--to", place.path("remote"), "--slug", "db", db=copy)
    place.fails(14, "pull", ref, "--directory", copy, db=None)
    place.ok("push", "--to", place.path("remote"), "--slug", "db", "--strategy", "local-wins", db=copy)
    other = place.path("other")
    place.ok("create", "posts", "--id", "x", db=other)
    place.fails(14, "push", "--to", place.path("remote"), "--slug", "db", db=other)


def test_a_copy_by_hand_that_was_written_on_is_found_out(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    shutil.copytree(place.db, place.path("twin"))
    place.ok("create", "posts", "--id", "one")
    place.ok("push", "--to", place.path("remote"))
    place.ok("create", "posts", "--id", "two", db=place.path("twin"))
    place.fails(14, "push", "--to", place.path("remote"), "--slug", "db", db=place.path("twin"))


def damage(path):
    data = bytearray(open(path, "rb").read())
    data[len(data) // 2] ^= 1
    open(path, "wb").write(data)


def objects_of(place, repo, wanted):
    snapshots = sorted(os.listdir(os.path.join(repo, "_meta/snapshots")))
    files = json.load(open(os.path.join(repo, "_meta/snapshots", snapshots[-1])))["files"]
    return {p: os.path.join(repo, f["object"]) for p, f in files.items() if p.startswith(wanted)}


def test_damage_is_named_or_mended_and_never_restored(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    repo = place.path("remote/username")
    for path, file in objects_of(place, repo, "data/posts").items():
        damage(file)
    r = place.ok("pull", repo, "--directory", place.path("a"), db=None)
    assert "data/posts/data.parquet" in r.err and place.state(db=place.path("a")) == place.state()
    segment = list(objects_of(place, repo, "events/seg").values())[0]
    damage(segment)
    r = place.fails(20, "pull", repo, "--directory", place.path("b"), db=None)
    assert os.path.basename(segment)[:12] in r.err and not os.path.exists(place.path("b"))
    os.remove(segment)
    place.fails(20, "pull", repo, "--directory", place.path("b"), db=None)


def test_a_hostile_path_in_a_snapshot_stops_everything(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    folder = place.path("remote/username/_meta/snapshots")
    file = os.path.join(folder, os.listdir(folder)[0])
    text = open(file).read()
    open(file, "w").write(text.replace("data/users/data.parquet", "../../evil/data.parquet"))
    place.fails(20, "pull", place.path("remote/username"), "--directory", place.path("c"), db=None)
    assert not os.path.exists(place.path("evil")) and not os.path.exists(place.path("c"))


def test_one_remote_of_two_fails(place):
    fill(place)
    place.write("down", "a file")
    r = place.call("push", "--to", place.path("down/x"), "--to", place.path("up"), "--json")
    assert r.rc == 3 and "down" in r.err and len(r.json()["results"]) == 1
    place.ok("pull", place.path("up"), "--directory", place.path("copy"), db=None)


def test_a_list_in_copying_order_makes_a_database(place):
    fill(place)
    paths = place.ok("list", "--format", "paths").out.split()
    assert paths[-2:] == ["events/manifest.json", "_meta/manifest.json"]
    for p in paths:
        os.makedirs(os.path.dirname(place.path("plain", p)), exist_ok=True)
        shutil.copy(os.path.join(place.db, p), place.path("plain", p))
    assert place.state(db=place.path("plain")) == place.state()
    for f in place.ok("list", "--json").json()["files"]:
        assert tree(place.db)[f["path"]] == f["hash"]


def test_a_damaged_derived_file_is_left_out_of_a_backup_loudly(place):
    fill(place)
    damage(os.path.join(place.db, "data/posts/data.parquet"))
    damage(os.path.join(place.db, "indexes/bloom/posts.bloom"))
    r = place.ok("push", "--to", place.path("remote"))
    assert "data/posts/data.parquet is left out: it is damaged" in r.err and "indexes/bloom/posts.bloom is left out" in r.err
    assert "data/posts/data.parquet" not in objects_of(place, place.path("remote/username"), "data/")
    place.ok("pull", place.path("remote"), "--directory", place.path("copy"), db=None)
    assert len(place.state(db=place.path("copy"))) == 52
    place.ok("checkpoint", db=place.path("copy"))
    place.ok("verify", place.path("copy"), db=None)


def test_an_hourly_push_is_the_new_segments_and_full_renews_the_rest(place):
    fill(place)
    push = lambda *a: [f["path"] for f in place.ok("push", "--to", place.path("remote"), "--json", *a).json()["results"][0]["uploaded"]]
    push()
    place.ok("create", "posts", "--id", "new")
    place.ok("checkpoint")  # the data file is another one, and the backup goes on with the old
    assert sorted(push()) == ["events/manifest.json", "events/seg-000003.parquet"]
    place.ok("pull", place.path("remote"), "--directory", place.path("a"), db=None)
    assert place.state(db=place.path("a")) == place.state()
    place.ok("verify", place.path("remote"), db=None)
    place.ok("create", "posts", "--id", "newer")
    place.ok("checkpoint")
    assert "data/posts/data.parquet" in push("--full")
    place.ok("pull", place.path("remote"), "--directory", place.path("b"), db=None)
    assert place.state(db=place.path("b")) == place.state()
    place.ok("verify", place.path("b"), "--compare", place.db, db=None)


def test_a_snapshot_of_many_files_is_stored_compressed_and_read_like_any_other(place):
    place.ok("import", "--file", place.ndjson("many.ndjson", [{"$id": f"n{i}/x", "i": i} for i in range(1500)]))
    place.ok("checkpoint")
    place.ok("push", "--to", place.path("remote"))
    folder = place.path("remote/username/_meta/snapshots")
    name = os.listdir(folder)[0]
    assert name.endswith(".json.zst") and os.path.getsize(os.path.join(folder, name)) < 1 << 20
    place.ok("create", "n0", "--id", "more")
    place.ok("push", "--to", place.path("remote"))
    place.ok("verify", place.path("remote"), "--level", "quick", db=None)
    place.ok("pull", place.path("remote"), "--directory", place.path("copy"), db=None)
    assert place.state(db=place.path("copy")) == place.state()
    damage(os.path.join(folder, name))
    place.fails(20, "backups", place.path("remote"), db=None)


def test_a_backup_is_read_in_place(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    state = place.state()
    place.ok("update", "posts/p3", "--data", '{"n":-3}')
    remote = place.path("remote")
    for ref in (remote, remote + "/username", remote + "/username/db", "file://" + remote + "/username/db"):
        got = place.ok("query", "posts", "--from", ref, "--id", "posts/p3", "--json", db=None).json()
        assert got["items"] == [state["posts/p3"]] and got["count"] == 1
        stats = place.ok("stats", ref, "--json", db=None).json()
        assert stats["namespaces"]["posts"]["entities"] == 51
        window = place.ok("window", ref, "--json", db=None).json()
        assert window["gaps"] == [] and window["to"] == place.ok("backups", remote, "--json", db=None).json()["backups"][0]["time"]
    assert place.ok("query", "posts", "--from", remote, "--at", "lsn:3", "--count", "--json", db=None).json()["count"] == 3
    place.fails(22, "query", "posts", "--from", remote, "--at", "2999-01-01", db=None)
    place.fails(22, "query", "posts", "--from", remote, "--at", "1999-01-01", db=None)
    place.fails(10, "query", "nothing", "--from", remote, db=None)
    place.fails(10, "query", "posts", "--from", place.path("nowhere"), db=None)
    place.fails(10, "stats", place.path("nowhere"), db=None)


def test_an_instant_chooses_the_backup_that_has_it(place):
    clock = lambda ms: {"PARQUEDB_TEST_CLOCK_MS": str(1_800_000_000_000 + ms)}
    remote = place.path("remote")
    place.ok("create", "posts", "--id", "a", "--data", '{"n":1}', env=clock(0))
    place.ok("push", "--to", remote, "--slug", "s", env=clock(1000))
    first = place.ok("backups", remote, "--json", db=None).json()["backups"][0]["id"]
    place.ok("update", "posts/a", "--data", '{"n":2}', env=clock(2000))
    place.ok("push", "--to", remote, "--slug", "s", env=clock(3000))
    last = place.ok("backups", remote, "--json", db=None).json()["backups"][-1]["id"]
    at = lambda ms: place.ok("query", "posts", "--from", remote + "/username/s", "--at", str(1_800_000_000_000 + ms), "--json", db=None, env=clock(9000))
    for ms, n in ((500, 1), (1999, 1), (2500, 2)):
        r = at(ms)
        assert r.json()["items"][0]["n"] == n and last in r.err and first not in r.err
    place.fails(22, "query", "posts", "--from", remote, "--at", str(1_800_000_003_001), db=None, env=clock(9000))
    window = place.ok("window", remote, "--json", db=None).json()
    assert window == {"schema": "parquedb.window/1", "from": "2027-01-15T08:00:00.000Z", "to": "2027-01-15T08:00:03.000Z", "gaps": []}


def test_a_pull_that_meets_damage_takes_back_its_own_files_and_no_others(place):
    fill(place)
    place.ok("push", "--to", place.path("remote"))
    damage(list(objects_of(place, place.path("remote/username"), "events/seg").values())[0])
    place.write("home/notes.txt", "mine")
    for _ in range(2):
        place.fails(20, "pull", place.path("remote"), "--directory", place.path("home"), db=None)
        assert os.listdir(place.path("home")) == ["notes.txt"]
    place.write("home/_meta/RESTORING", "an earlier pull was cut off")
    place.fails(20, "pull", place.path("remote"), "--directory", place.path("home"), db=None)
    assert os.listdir(place.path("home")) == ["notes.txt"]
