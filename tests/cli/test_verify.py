"""verify, as people call it: report, exit status, levels, comparison, damage of a directory and of a backup."""
import json
import os

import pytest
from conftest import tree

NAMES = ["Manifest exists", "File count", "Hash verification", "Parquet validity", "Entity counts", "Relationships", "Indexes", "Event log"]


@pytest.fixture
def filled(place):
    place.ok("import", "--file", place.ndjson("in.ndjson", [{"$id": f"posts/p{i}", "n": i} for i in range(50)]))
    place.ok("create", "users", "--id", "u")
    place.ok("link", "posts/p1", "by", "users/u")
    place.ok("checkpoint")
    place.ok("create", "posts", "--id", "tail")
    return place


def damage(path, at=None):
    with open(path, "rb") as f:
        data = bytearray(f.read())
    data[len(data) // 2 if at is None else at] ^= 1
    with open(path, "wb") as f:
        f.write(data)


def test_a_good_database_passes_and_nothing_is_changed(filled):
    before = tree(filled.db)
    report = filled.ok("verify", filled.db, "--json", db=False).json()
    assert report["schema"] == "parquedb.verify/1" and report["passed"] is True
    assert [c["name"] for c in report["checks"]] == NAMES and all(c["passed"] for c in report["checks"])
    assert [c["severity"] for c in report["checks"]] == ["critical"] * 4 + ["warning"] * 4
    assert report["checks"][4]["expected"] == report["checks"][4]["actual"] == 51
    assert report["warnings"] == report["errors"] == report["findings"] == []
    assert tree(filled.db) == before
    for level in ("quick", "hash", "full", "replay"):
        out = filled.ok("verify", "--level", level).out
        assert out.splitlines()[-1] == "passed" and out.count("ok  ") == 8
    filled.fails(2, "verify", "--level", "deep")


def test_the_guide_s_three_lines(filled):
    for name in ("original", "restored"):
        filled.ok("push", "--to", filled.path("remote")) if name == "original" else None
        filled.ok("pull", filled.path("remote"), "--directory", filled.path(name), db=None)
    filled.ok("verify", "./restored", db=False)
    filled.ok("verify", "./restored", "--compare", "./original", db=False)
    filled.ok("verify", "./restored", "--format", "detailed", "--output", "verification-report.json", db=False)
    with open(filled.path("verification-report.json")) as f:
        assert json.load(f)["passed"] is True
    filled.ok("update", "posts/p7", "--data", '{"n":8}', db=filled.path("original"))
    r = filled.fails(20, "verify", "./restored", "--compare", "./original", db=False)
    assert "posts/p7 differs" in r.err


def test_a_report_of_a_failure_is_still_given(filled):
    damage(os.path.join(filled.db, "data/posts/data.parquet"))
    r = filled.fails(20, "verify", "--format", "detailed")
    assert "FAILED  Hash verification" in r.out and "data/posts/data.parquet" in r.out and "data/posts/data.parquet" in r.err
    filled.fails(20, "verify", "--output", filled.path("report.json"))
    with open(filled.path("report.json")) as f:
        report = json.load(f)
    assert report["passed"] is False and report["errors"]
    finding = [f for f in report["findings"] if f["check"] == "Hash verification"][0]
    assert finding["severity"] == "critical" and finding["path"] == "data/posts/data.parquet" and "sha256" in finding["message"]


@pytest.mark.parametrize("path,check", [("events/seg-000001.parquet", "Hash verification"), ("rels/forward/posts.parquet", "Hash verification"),
                                        ("rels/reverse/users.parquet", "Hash verification"), ("indexes/bloom/posts.bloom", "Hash verification"),
                                        ("events/manifest.json", "Event log"), ("_meta/manifest.json", "Manifest exists")])
def test_damage_of_each_kind_of_file_is_named(filled, path, check):
    damage(os.path.join(filled.db, path), at=0 if path.endswith("json") else None)
    report = filled.call("verify", "--json")
    assert report.rc == 20 and path in report.err
    assert not [c for c in report.json()["checks"] if c["name"] == check][0]["passed"]


def test_a_damaged_object_of_a_backup_is_named_by_its_hash(filled):
    filled.ok("push", "--to", filled.path("remote"))
    repo = filled.path("remote/username")
    filled.ok("verify", "remote", db=False)  # a folder that is there is meant as one
    assert filled.ok("verify", repo, db=False).out.splitlines()[-1] == "passed"
    with open(os.path.join(repo, "_meta/snapshots", os.listdir(os.path.join(repo, "_meta/snapshots"))[0])) as f:
        files = json.load(f)["files"]
    for path, entry in files.items():
        damage(os.path.join(repo, entry["object"]))
        r = filled.call("verify", repo, "--level", "hash", db=False)
        assert r.rc == 20 and entry["hash"][:12] in r.err, (path, r.err)
        damage(os.path.join(repo, entry["object"]))
    os.rename(os.path.join(repo, files["data/posts/data.parquet"]["object"]), filled.path("gone"))
    r = filled.call("verify", repo, "--level", "quick", db=False)
    assert r.rc == 20 and files["data/posts/data.parquet"]["hash"][:12] in r.err


def test_a_lost_manifest_is_damage_where_other_files_are(filled):
    os.remove(os.path.join(filled.db, "events/manifest.json"))
    filled.fails(20, "verify", filled.db, db=False)
    filled.fails(10, "stats", filled.db, db=False)
    filled.fails(10, "verify", filled.path("nowhere"), db=False)


def test_warnings_pass(filled):
    filled.ok("link", "posts/p2", "by", "users/none", "--allow-missing")
    r = filled.ok("verify")
    assert "dangling link: posts/p2 -by-> users/none" in r.err


def test_a_copy_by_hand_verifies(filled):
    for p in filled.ok("list", "--format", "paths").out.split():
        os.makedirs(os.path.dirname(filled.path("plain", p)), exist_ok=True)
        os.link(os.path.join(filled.db, p), filled.path("plain", p))
    filled.ok("verify", filled.path("plain"), "--compare", filled.db, db=False)
