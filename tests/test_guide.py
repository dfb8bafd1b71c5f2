"""The command lines of the backup and restore guide, as people type them, each with its effect.

The history has the guide's own dates, so no line is changed. `npx wrangler` and `npm start` are small programs on the PATH.
"""
import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess

import pyarrow.parquet
import pytest
from conftest import BIN, Place, tree

NOW_MS = 1769990400000  # 2026-02-02T00:00:00Z
PROGRAMS = {
    "parquedb": f'#!/bin/bash\nexec "{BIN}" "$@"\n',
    "npm": '#!/bin/bash\n[[ $* = start ]] && exec parquedb export --format ndjson --output started.ndjson\n',
    "npx": '#!/bin/bash\nif [[ $1 = parquedb ]]; then exec "$@"; fi\n[[ "$1 $2 $3 $4 $6" = "wrangler r2 object put --file" ]] && install -D "$7" "$BUCKETS/$5"\n',
}


def ms(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def history():
    rows = []

    def event(at, op, target, after=None, actor="alice", **more):
        rows.append({"ts": ms(at), "op": op, "target": target, "after": after, "actor": actor, **more})

    made = "2026-01-31T08:00:00Z"
    for i in range(1, 4):
        event(made, "CREATE", f"users:u{i}", {"name": f"Úser {i}"})
    for i in range(1, 7):
        event(made, "CREATE", f"posts:p{i}", {"title": f"Post {i}", "status": "published" if i % 2 else "draft", "$links": {"author": [f"users/u{i % 3 + 1}"]}})
    event(made, "CREATE", "posts:critical-post", {"title": "Critical", "status": "draft", "body": "first"})
    for i in range(5):
        event(made, "CREATE", f"corrupted-ns:c{i}", {"value": i, "good": True, "$links": {"owner": ["users/u1"]}})
    event("2026-01-31T20:00:00Z", "DELETE", "posts:p6", actor="janitor")
    event("2026-02-01T09:00:00Z", "UPDATE", "corrupted-ns:c0", {"value": 100, "good": True}, actor="bob")
    for i in range(4):
        event("2026-02-01T10:30:00Z", "UPDATE", f"corrupted-ns:c{i}", {"value": "garbage"}, actor="mallory")
    event("2026-02-01T10:30:00Z", "DELETE", "corrupted-ns:c4", actor="mallory")
    event("2026-02-01T10:30:00Z", "CREATE", "corrupted-ns:intruder", {"value": -1}, actor="mallory")
    event("2026-02-01T11:50:00Z", "UPDATE", "posts:critical-post", {"title": "Critical", "status": "published", "body": "second", "$links": {"author": ["users/u1"], "reviewer": ["users/u2", "users/u3"]}}, actor="bob")
    event("2026-02-01T11:59:30Z", "DELETE", "posts:critical-post", actor="mallory", metadata={"ticket": 7})
    event("2026-02-01T12:00:00Z", "UPDATE", "posts:p2", {"title": "Post 2", "status": "published"})
    event("2026-02-01T12:00:00.001Z", "UPDATE", "posts:p1", {"title": "Post 1", "status": "draft"})
    event("2026-02-01T13:00:00Z", "DELETE", "posts:p3", actor="janitor")
    return rows


def state_at(at="2026-02-02T00:00:00Z", ns=None):
    """The history folded by other means than the product's."""
    now = {}
    for row in history():
        if row["ts"] > ms(at):
            break
        name = row["target"].replace(":", "/", 1)
        if row["op"] == "DELETE":
            del now[name]
            continue
        when = datetime.datetime.fromtimestamp(row["ts"] / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        old = now.get(name, {"$version": 0, "$createdAt": when, "$createdBy": row["actor"]})
        now[name] = {"$id": name, "$type": name.split("/")[0], "$version": old["$version"] + 1, "$createdAt": old["$createdAt"], "$createdBy": old["$createdBy"],
                     "$updatedAt": when, "$updatedBy": row["actor"], **row["after"]}
    return {k: v for k, v in now.items() if ns in (None, v["$type"])}


class Shell(Place):
    """A folder that is itself the database, a remote beside it, and the guide's programs on the PATH."""

    def __init__(self, folder, filled=True):
        super().__init__(folder / "shop")
        self.db, self.remote, bin_folder = self.folder, str(folder / "remote"), folder / "bin"
        for name in (self.folder, self.remote, bin_folder):
            os.makedirs(name)
        for name, text in PROGRAMS.items():
            (bin_folder / name).write_text(text)
            (bin_folder / name).chmod(0o755)
        self.env.update(PARQUEDB_REMOTE_URL=self.remote, BUCKETS=str(folder / "buckets"), PARQUEDB_TEST_CLOCK_MS=str(NOW_MS), PATH=f"{bin_folder}:{self.env['PATH']}")
        if filled:
            self.fill(folder)

    def fill(self, folder):
        (folder / "history.ndjson").write_text("".join(json.dumps(row) + "\n" for row in history()))
        self.ok("init", self.db, "--name", "shop", db=False)
        self.ok("import", "--events", folder / "history.ndjson")
        self.ok("checkpoint")

    def sh(self, line):
        """A line of the guide, as it stands there."""
        done = subprocess.run(["bash", "-c", line], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{line} -> {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def pulled(self, ref):
        to = self.folder + "-pulled"
        shutil.rmtree(to, ignore_errors=True)
        self.ok("pull", ref, "--directory", to, db=None)
        return self.state(db=to)


@pytest.fixture
def shop(tmp_path):
    return Shell(tmp_path)


def test_the_history_is_what_the_database_shows(shop):
    assert shop.state() == state_at()
    for at in ("2026-01-31T08:00:00Z", "2026-02-01T10:00:00Z", "2026-02-01T11:59:00Z", "2026-02-01T12:00:00Z"):
        assert shop.state(at) == state_at(at)


def test_a_full_backup_is_pushed_named_and_previewed(shop):
    shop.sh("parquedb push --visibility private")
    assert shop.pulled("username/shop") == state_at()
    assert json.load(open(os.path.join(shop.remote, "username/shop/_meta/manifest.json")))["visibility"] == "private"
    done = shop.sh("parquedb push --visibility private --slug backups/$(date +%Y%m%d)")
    ref = re.search(r"username/backups/\d{8}", done.stdout)[0]
    assert shop.pulled(ref) == state_at()
    shop.ok("create", "posts", "--id", "new")
    before = tree(shop.remote)
    assert "data/posts" not in shop.sh("parquedb push --dry-run").stdout and before == tree(shop.remote)  # the document is in the WAL only
    shop.ok("checkpoint")
    assert "events/seg-" in shop.sh("parquedb push --dry-run").stdout and before == tree(shop.remote)
    assert "data/posts/data.parquet" in shop.sh("parquedb push --dry-run --full").stdout and before == tree(shop.remote)


def test_the_listed_files_copied_one_by_one_are_the_database(shop):
    shop.sh("parquedb list --format json > backup-manifest.json")
    listed = {f["path"]: f for f in json.load(open(shop.path("backup-manifest.json")))["files"]}
    for path in ("events/manifest.json", "_meta/manifest.json", "data/posts/data.parquet", "rels/forward/posts.parquet", "rels/reverse/users.parquet", "indexes/bloom/posts.bloom"):
        data = open(shop.path(path), "rb").read()
        assert (listed[path]["size"], listed[path]["hash"]) == (len(data), hashlib.sha256(data).hexdigest())
    shop.sh("for file in $(parquedb list --format paths); do\n  npx wrangler r2 object put backup-bucket/$file --file $file\ndone")
    bucket = shop.env["BUCKETS"] + "/backup-bucket"
    assert set(tree(bucket)) == set(listed) and shop.state(db=bucket) == state_at()


def test_a_query_and_an_export_at_noon(shop):
    line = """parquedb query posts --at "2026-02-01T12:00:00Z" --filter '{"status": "published"}'"""
    done = shop.sh(line)
    want = {k: v for k, v in state_at("2026-02-01T12:00:00Z", "posts").items() if v["status"] == "published"}
    assert sorted(want) == ["posts/p1", "posts/p2", "posts/p3", "posts/p5"]
    assert set(re.findall(r"posts/[\w-]+", done.stdout)) == set(want) and "2026-02-01T12:00:00.000Z" in done.stderr
    answer = json.loads(shop.sh(line + " --json").stdout)
    assert {e["$id"]: e for e in answer["items"]} == want and answer["count"] == 4 and answer["at"] == "2026-02-01T12:00:00.000Z"
    shop.sh('parquedb export --at "2026-02-01T12:00:00Z" --output snapshot-20260201.parquet')
    rows = pyarrow.parquet.read_table(shop.path("snapshot-20260201.parquet"), partitioning=None).to_pylist()
    assert {r["$id"]: r["$version"] for r in rows} == {k: v["$version"] for k, v in state_at("2026-02-01T12:00:00Z").items()}
    copy = shop.folder + "-copy"
    shop.ok("import", "--file", shop.path("snapshot-20260201.parquet"), db=copy)
    assert shop.state(db=copy) == state_at("2026-02-01T12:00:00Z")


def test_scenario_1_an_accidental_deletion(shop):
    before = shop.ok("events", "--format", "ndjson").out
    trail = shop.sh("""parquedb events --filter '{"op": "DELETE"}' --after "2026-02-01" --namespace posts""").stdout
    assert set(re.findall(r"posts:[\w-]+", trail)) == {"posts:critical-post", "posts:p3"} and "mallory" in trail
    good = state_at("2026-02-01T11:59:00Z")["posts/critical-post"]
    line = 'parquedb query posts --at "2026-02-01T11:59:00Z" --id "posts/critical-post"'
    assert "posts/critical-post" in shop.sh(line).stdout and json.loads(shop.sh(line + " --json").stdout)["items"] == [good]
    done = shop.sh('parquedb restore --from-event-log --entity "posts/critical-post" --at "2026-02-01T11:59:00Z"')
    assert shop.state() == {**state_at(), "posts/critical-post": good}
    after = shop.ok("events", "--format", "ndjson").out
    assert after.startswith(before)
    (restored,) = [json.loads(x) for x in after[len(before):].splitlines()]
    assert (restored["op"], restored["target"], restored["actor"]) == ("CREATE", "posts:critical-post", "tester") and "restoredFrom" in restored["metadata"]
    shop.undo(done.stdout)
    assert shop.state() == state_at()


def test_scenario_2_corrupted_data(shop):
    trail = shop.sh("parquedb events --namespace corrupted-ns --format detailed").stdout
    for word in ("c0", "intruder", "mallory", "bob", "garbage", "CREATE", "UPDATE", "DELETE"):
        assert word in trail
    assert "critical-post" not in trail
    shop.sh('parquedb export --at "2026-02-01T10:00:00Z" --namespace corrupted-ns --output clean-data.parquet')
    clean, rest = state_at("2026-02-01T10:00:00Z", "corrupted-ns"), {k: v for k, v in state_at().items() if v["$type"] != "corrupted-ns"}
    rows = pyarrow.parquet.read_table(shop.path("clean-data.parquet"), partitioning=None).to_pylist()
    assert [r["$id"] for r in rows] == sorted(clean)
    done = shop.sh("parquedb drop corrupted-ns --confirm")
    assert shop.state() == rest and shop.state("2026-02-01T13:00:00Z") == state_at("2026-02-01T13:00:00Z")
    shop.undo(done.stdout)
    assert shop.state() == state_at()
    shop.sh("parquedb drop corrupted-ns --confirm")
    shop.sh("parquedb import --file clean-data.parquet --namespace corrupted-ns")
    assert shop.state() == {**rest, **clean}


def test_scenario_4_complete_data_loss(tmp_path, shop):
    events = shop.ok("events", "--format", "ndjson").out
    shop.ok("push", "--owner", "backup-username", "--slug", "production-backup")
    new = Shell(tmp_path / "new", filled=False)
    new.env["PARQUEDB_REMOTE_URL"] = shop.remote
    shutil.rmtree(shop.folder)
    new.sh("parquedb pull backup-username/production-backup --directory ./restored")
    new.sh("parquedb verify ./restored")
    restored = new.path("restored")
    assert new.state(db=restored) == state_at() and new.ok("events", "--format", "ndjson", db=restored).out == events
    assert new.state("2026-02-01T11:59:00Z", db=restored) == state_at("2026-02-01T11:59:00Z")
    counts = {ns: len(state_at(ns=ns)) for ns in ("posts", "users", "corrupted-ns")}
    stats = new.sh("parquedb stats ./restored").stdout
    for ns, count in counts.items():
        assert re.search(rf"{ns}\s+{count}\b", stats), stats
    answer = json.loads(new.sh("parquedb stats ./restored --json").stdout)
    assert {ns: n["entities"] for ns, n in answer["namespaces"].items()} == counts and answer["events"] == len(history())
    new.sh("PARQUEDB_PATH=./restored npm start")
    started = [json.loads(x) for x in open(new.path("started.ndjson"), encoding="utf-8")]
    assert {e["$id"]: e for e in started} == state_at()


def test_a_backup_is_pulled_whole(tmp_path, shop):
    shop.ok("push", "--slug", "backup-20260201")
    new = Shell(tmp_path / "new", filled=False)
    new.env["PARQUEDB_REMOTE_URL"] = shop.remote
    new.sh("parquedb pull username/backup-20260201 --directory ./restored")
    assert new.state(db=new.path("restored")) == state_at()


def test_sync_says_what_it_would_do_and_brings_only_what_changed(shop):
    shop.sh("parquedb push --visibility private")
    shop.sh("parquedb sync --strategy local-wins")  # equal: nothing to do
    assert shop.pulled("username/shop") == state_at()
    shop.ok("create", "posts", "--id", "new", "--data", '{"title":"New"}')
    shop.ok("flush")
    here, there = shop.state(), tree(shop.remote)
    line = "parquedb sync --dry-run --status"
    assert re.search(r"^would push \d+ files? to username/shop on ", shop.sh(line).stdout) and tree(shop.remote) == there
    plan = json.loads(shop.sh(line + " --json").stdout)
    assert (plan["synced"], plan["dryRun"], plan["conflicts"], plan["toDownload"]) == (False, True, [], []) and tree(shop.remote) == there
    assert "events/seg-000002.parquet" in plan["toUpload"] and "events/seg-000001.parquet" in plan["unchanged"]
    old = {k for k in there if "/objects/" in k}
    assert "pushed" in shop.sh("parquedb sync --strategy local-wins").stdout
    assert old < {k for k in tree(shop.remote) if "/objects/" in k} and shop.pulled("username/shop") == here == {**state_at(), "posts/new": here["posts/new"]}
    assert json.loads(shop.sh(line + " --json").stdout)["synced"] is True
    # Another copy is ahead: the same line pulls.
    copy = shop.folder + "-pulled"
    shop.ok("create", "posts", "--id", "elsewhere", db=copy)
    shop.ok("push", "--slug", "shop", db=copy)
    shop.sh("parquedb sync --strategy local-wins")
    assert set(shop.state()) == {*here, "posts/elsewhere"}


def test_some_namespaces_of_a_backup_are_restored_alone(tmp_path, shop):
    shop.ok("push", "--slug", "backup")
    new = Shell(tmp_path / "new", filled=False)
    new.env["PARQUEDB_REMOTE_URL"] = shop.remote
    new.sh("parquedb pull username/backup --directory ./restored --namespaces posts,users")
    restored = new.path("restored")
    assert new.state(db=restored) == {**state_at(ns="posts"), **state_at(ns="users")}
    assert not [path for path in tree(restored) if "corrupted" in path]
    assert passed(json.loads(new.sh("parquedb verify ./restored --json").stdout))


def test_a_backup_that_wins_takes_back_what_was_written_since_by_new_events(shop):
    shop.ok("push", "--slug", "backup")
    before = shop.ok("events", "--format", "ndjson").out
    shop.ok("update", "posts/p1", "--data", '{"title":"spoilt"}')
    shop.ok("delete", "users/u1")
    shop.ok("create", "posts", "--id", "new")
    last = shop.ok("events", "--format", "ndjson", "--reverse", "--limit", "1").lines()[0]["lsn"]
    spoilt = shop.state()
    shop.sh("parquedb pull username/backup --strategy remote-wins")
    assert shop.state() == state_at() and shop.state(f"lsn:{last}") == spoilt
    assert shop.ok("events", "--format", "ndjson").out.startswith(before)
    assert passed(json.loads(shop.sh("parquedb verify . --json").stdout))


def test_the_nightly_workflow_pushes_and_pulls(shop):
    shop.sh("npx parquedb push --visibility private --slug backups/$(date +%Y%m%d)")
    shop.sh("npx parquedb pull backups/$(date +%Y%m%d) --directory ./verify")
    shop.sh("npx parquedb verify ./verify")
    assert shop.state(db=shop.path("verify")) == state_at()


CHECKS = ["Manifest exists", "File count", "Hash verification", "Parquet validity", "Entity counts", "Relationships", "Indexes", "Event log"]


def passed(report):
    return report["passed"] is True and report["errors"] == [] and isinstance(report["warnings"], list) and not [f for f in report["findings"] if f["severity"] == "critical"]


def test_what_was_restored_is_verified(tmp_path, shop):
    shop.ok("push", "--slug", "backup")
    new = Shell(tmp_path / "new", filled=False)
    new.env["PARQUEDB_REMOTE_URL"] = shop.remote
    new.ok("pull", "username/backup", "--directory", new.path("restored"), db=None)
    shutil.copytree(shop.folder, new.path("original"))
    for name in CHECKS:
        assert name in new.sh("parquedb verify ./restored").stdout
    new.sh("parquedb verify ./restored --compare ./original")
    new.sh("parquedb verify ./restored --format detailed --output verification-report.json")
    report = json.load(open(new.path("verification-report.json")))
    assert passed(report) and [(c["name"], c["passed"]) for c in report["checks"]] == [(name, True) for name in CHECKS]
    new.ok("update", "posts/p5", "--data", '{"title":"changed"}', db=new.path("original"))
    new.fails(20, "verify", "./restored", "--compare", "./original", db=None)


def test_every_way_to_restore_leaves_a_database_that_verifies(shop):
    shop.sh('parquedb restore --from-event-log --entity "posts/critical-post" --at "2026-02-01T11:59:00Z"')
    shop.sh('parquedb export --at "2026-02-01T10:00:00Z" --namespace corrupted-ns --output clean-data.parquet')
    shop.sh("parquedb drop corrupted-ns --confirm")
    shop.sh("parquedb import --file clean-data.parquet --namespace corrupted-ns")
    assert passed(json.loads(shop.sh("parquedb verify . --json").stdout))
    shop.sh("npx parquedb push --visibility private --slug backups/$(date +%Y%m%d)")
    shop.sh("npx parquedb pull backups/$(date +%Y%m%d) --directory ./verify")
    shop.sh("npx parquedb verify ./verify")
    shop.sh("for file in $(parquedb list --format paths); do\n  npx wrangler r2 object put backup-bucket/$file --file $file\ndone")
    assert passed(json.loads(shop.sh('parquedb verify "$BUCKETS/backup-bucket" --json').stdout))
