"""The programs in examples/: each runs, and does what the guide says of it."""
import os
import re
import subprocess

from conftest import ROOT

BUILD = os.environ.get("PARQUEDB_BUILD") or os.path.join(ROOT, "build/release")


def run(name, *words, rc=0):
    done = subprocess.run([os.path.join(BUILD, "examples", name), *map(str, words)], capture_output=True, text=True)
    assert done.returncode == rc, (name, done.stdout, done.stderr)
    return done.stdout if rc == 0 else done.stdout + done.stderr


def test_each_example_is_in_the_list_and_uses_public_headers_only():
    folder = os.path.join(ROOT, "examples")
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as f:
        listed = re.findall(r"^\| `(\w+) ", f.read(), re.M)
    sources = [n[:-3] for n in os.listdir(folder) if n.endswith(".cc")]
    assert sorted(listed) == sorted(sources)
    for name in sources:
        with open(os.path.join(folder, name + ".cc"), encoding="utf-8") as f:
            assert all(h.startswith("parquedb/") for h in re.findall(r'#include "([^"]+)"', f.read())), name


def test_documents_are_written_found_and_flushed(place):
    out = run("documents", place.db)
    assert out.startswith("posts/hello has version 3\n") and '"views":42' in out and '"$links":{"author":["users/ann"]}' in out
    assert os.path.exists(os.path.join(place.db, "events/seg-000001.parquet"))
    assert place.ok("get", "posts/hello").json()["status"] == "published"
    assert "users/ann" in run("documents", place.db, rc=1)  # it is there already


def test_a_backup_is_made_kept_up_restored_and_proved(place):
    run("documents", place.db)
    backups, restored = place.path("backups"), place.path("restored")
    assert re.fullmatch(r"uploaded \d+ files, \d+ bytes\n", run("full_backup", place.db, backups))
    assert run("incremental_backup", place.db, backups).startswith("No changes since last backup\n")
    place.ok("create", "posts", "--id", "more")
    assert "New files: 1\n" in run("incremental_backup", place.db, backups)
    assert re.fullmatch(r"restored \d+ files, \d+ bytes\n", run("full_restore", backups, restored))
    assert run("verify_restore", place.db, restored).endswith("passed\n")
    place.ok("delete", "posts/more", db=restored)
    assert "FAILED" in run("verify_restore", place.db, restored, rc=1)


def test_the_log_alone_is_a_backup_that_grows_segment_by_segment(place):
    run("documents", place.db)
    copy = place.path("copy")
    assert run("backup_new_events", place.db, copy, 0).splitlines() == ["new: events/seg-000001.parquet, 4 events", "1"]
    place.ok("create", "posts", "--id", "more")
    place.ok("checkpoint")
    assert run("backup_new_events", place.db, copy, 1).splitlines() == ["new: events/seg-000002.parquet, 1 events", "2"]
    assert run("backup_new_events", place.db, copy, 2) == "2\n"
    assert place.state(db=copy) == place.state() and place.ok("get", "posts/hello", "--at", "lsn:2", db=copy).json()["views"] == 1
    place.ok("create", "posts", "--id", "goes-on", db=copy)
    with open(os.path.join(place.db, "events/seg-000001.parquet"), "r+b") as f:
        f.seek(100)
        f.write(b"\0" * 16)
    assert "seg-000001" in run("backup_new_events", place.db, place.path("other"), 0, rc=1)
    assert not os.path.exists(place.path("other/events/manifest.json"))
