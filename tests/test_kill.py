"""kill -9 of the real binary, at named points and at random moments: nothing acknowledged is lost, nothing is half done.

PARQUEDB_TEST_SEED chooses the random moments, PARQUEDB_TEST_KILLS how many.
"""
import json
import os
import random
import re
import shutil
import subprocess
import time

import pytest
from conftest import BIN, ROOT, Place

KILLED = -9
KILLS = int(os.environ.get("PARQUEDB_TEST_KILLS") or 100)
CLOCK = {"PARQUEDB_TEST_CLOCK_MS": str(int(time.time() * 1000))}  # a run that ends and a run that is killed write the same times
LARGE = 5000
OWN_FILES = {"_meta/lock", "_meta/line"}


def files(root):
    return {os.path.relpath(os.path.join(base, n), root) for base, _, names in os.walk(root) for n in names}


def assert_no_litter(place, db=True):
    """Every file of the directory is one that `list` names, or the lock, or the line's name."""
    listed = set(place.ok("list", "--format", "paths", db=db).out.split())
    there = files(place.db if db is True else db)
    assert listed - there == set() and there - listed - OWN_FILES == set(), there ^ listed


def fill(place):
    """Files of every kind, and events in the WAL."""
    rows = [{"$id": f"posts/p{i}", "n": i, "$links": {"by": ["users/u"]}} for i in range(30)]
    place.ok("import", "--file", place.ndjson("base.ndjson", rows), env=CLOCK)
    place.ok("create", "users", "--id", "u", env=CLOCK)
    place.ok("create", "gone", "--id", "g", "--data", '{"$links":{"by":["users/u"]}}', env=CLOCK)
    place.ok("checkpoint", env=CLOCK)
    place.ok("update", "posts/p1", "--data", '{"n":100}', env=CLOCK)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A database `db` whose next checkpoint removes a namespace, a remote that has an older state of it, and `copy`, which is at that older state."""
    place = Place(tmp_path_factory.mktemp("base"))
    fill(place)
    place.ok("push", "--to", place.path("remote"), "--slug", "s", env=CLOCK)
    place.ok("pull", place.path("remote/username/s"), "--directory", place.path("copy"), db=None, env=CLOCK)
    place.ok("update", "posts/p2", "--data", '{"n":200}', env=CLOCK)
    place.ok("checkpoint", env=CLOCK)
    place.ok("update", "posts/p3", "--data", '{"n":300}', env=CLOCK)
    place.ok("delete", "posts/p4", env=CLOCK)
    place.ok("delete", "gone/g", env=CLOCK)
    place.ndjson("more.ndjson", [{"$id": f"more/m{i}", "n": i} for i in range(60)])
    place.write("large.ndjson", "".join(json.dumps({"$id": f"large/l{i:05d}", "s": "x" * 14000}) + "\n" for i in range(LARGE)))  # 70 MB: past the WAL
    return place


@pytest.fixture
def twins(base, tmp_path):
    """Two equal folders: one for a run that ends, one for a run that is killed."""
    def twin(name):
        folder = tmp_path / name
        shutil.copytree(base.folder, folder, ignore=shutil.ignore_patterns("*.ndjson"))
        return Place(folder)

    return twin("ends"), twin("killed")


def local(place):
    return place.state()


def counted(place):
    """For a namespace of 70 MB: how many there are, the first and the last of them; and all else."""
    if place.call("query", "large", "--count").rc == 10:
        return None, local(place)
    ends = [place.ok("get", f"large/l{i:05d}").json() for i in (0, LARGE - 1)]
    return place.ok("query", "large", "--count", "--json").json()["count"], ends, [place.ok("query", ns, "--format", "ndjson").out for ns in ("posts", "users")]


def copied(place):
    return place.state(db=place.path("copy"))


def backed_up(place):
    to = place.path("pulled")
    shutil.rmtree(to, ignore_errors=True)
    place.ok("pull", place.path("remote/username/s"), "--directory", to, db=None, env=CLOCK)
    return place.state(db=to)


FLUSHING = ["flush.next_wal", "segment.before_publish", "segment.published", "flush.before_manifest", "flush.manifest", "flush.wal_removed"]
SOON = {"PARQUEDB_FLUSH_EVENTS": "1"}
UPDATE = ["update", "posts/p5", "--data", '{"$set":{"n":500}}']
BEFORE, AFTER, EITHER = "before", "after", "either"

# What runs, what is looked at, at which points it is killed, and what is there then.
CASES = [("put", UPDATE, {}, local, "wal.before_sync", EITHER), ("put", UPDATE, {}, local, "wal.after_sync", AFTER)]
CASES += [("put and flush", UPDATE, SOON, local, p, AFTER) for p in FLUSHING]
CASES += [("flush", ["flush"], {}, local, p, AFTER) for p in FLUSHING]
CASES += [("checkpoint", ["checkpoint"], {}, local, p, AFTER)
          for p in FLUSHING + [f"checkpoint.{p}" for p in ("before_publish", "published", "event_manifest", "file_manifest")]]
CASES += [("import", ["import", "--file", "more.ndjson"], {}, local, "wal.before_sync", EITHER)]
CASES += [("import", ["import", "--file", "more.ndjson"], SOON, local, p, AFTER) for p in ["wal.after_sync", *FLUSHING]]
LARGE_IMPORT = ["import", "--file", "large.ndjson"]  # the first passing of a point is that of the flush before it
CASES += [("large import", LARGE_IMPORT, {}, counted, p, BEFORE)
          for p in ("segment.before_publish:2", "segment.published:2", "batch.next_wal", "flush.before_manifest:2")]
CASES += [("large import", LARGE_IMPORT, {}, counted, p, AFTER) for p in ("flush.manifest:2", "flush.wal_removed:2")]
CASES += [("flush with a base", ["flush"], {"PARQUEDB_TEST_BASE_BYTES": "0"}, local, p, AFTER) for p in ("base.published", "base.manifest")]
COMPACTING = ["compact.merged", "compact.before_manifest", "compact.manifest", "compact.removed"]
CASES += [("compact", ["compact"], {}, local, p, AFTER) for p in ["flush.manifest", *COMPACTING]]
RETIRE = ["compact", "--before", "latest", "--confirm"]
LATER = {"PARQUEDB_TEST_CLOCK_MS": str(int(CLOCK["PARQUEDB_TEST_CLOCK_MS"]) + 60_000)}
CASES += [("compact and retire", RETIRE, LATER, local, p, AFTER) for p in ["base.published", *COMPACTING[1:]]]
PUSH = ["push", "--to", "remote", "--slug", "s"]
CASES += [("push", PUSH, {}, backed_up, p, BEFORE)
          for p in ("push.object", "push.object:3", "push.before_snapshot", "push.before_commit")]
CASES += [("push", PUSH, {}, backed_up, "push.committed", AFTER)]
PULL = ["pull", "./remote/username/s", "--directory", "new"]
CASES += [("pull", PULL, {}, None, f"pull.{p}", None) for p in ("marker", "files", "event_manifest", "file_manifest")]
RESTORE = ["restore", "--all", "--at", "lsn:34", "--to", "new"]
CASES += [("restore", RESTORE, {}, None, f"restore.{p}", None) for p in ("marker", "segments", "event_manifest")]
SOME = ["pull", "./remote/username/s", "--namespaces", "posts", "--directory", "new"]
CASES += [("pull of namespaces", SOME, {}, None, f"restore.{p}", None) for p in ("marker", "segments", "event_manifest")]
CATCH_UP = ["pull", "./remote/username/s", "--directory", "copy"]
CASES += [("pull into a copy", CATCH_UP, {}, copied, "pull.segments", BEFORE), ("pull into a copy", CATCH_UP, {}, copied, "pull.event_manifest", EITHER),
          ("pull into a copy", CATCH_UP, {}, copied, "pull.wal", AFTER)]


def run(place, base, command, env, **kill):
    """Runs a command; files of the base folder are given by their path there, since they are not copied."""
    words = [base.path(w) if w.endswith(".ndjson") else w for w in command]
    return place.call(*words, db=None if command[0] == "pull" else True, env={**CLOCK, **env, **kill})


def test_every_point_that_the_documents_name_is_killed_at():
    with open(os.path.join(ROOT, "docs/ordering.md"), encoding="utf-8") as f:
        table = f.read().split("points where a test can kill the process")[1].split("\n\n")[0]
    named = set(re.findall(r"`([a-z]+\.[a-z_]+)`", table)) - {"events.manifest", "_meta.manifest"}
    assert named == {case[4].split(":")[0] for case in CASES}


@pytest.mark.parametrize("verb,command,env,look,point,left", CASES, ids=[f"{c[0]}-{c[4]}".replace(" ", "-") for c in CASES])
def test_a_kill_at_a_named_point_loses_nothing_and_the_command_run_again_converges(base, twins, verb, command, env, look, point, left):
    ends, killed = twins
    if verb.startswith("pull into"):
        for place in twins:
            place.ok(*PUSH, env=CLOCK)
    old = look(killed) if look else None
    done = run(ends, base, command, env)
    assert done.rc == 0, done.err
    assert run(killed, base, command, env, PARQUEDB_TEST_KILL_AT=point).rc == KILLED
    if look is None:  # a new folder is no database before its pull has ended
        killed.fails(1, "export", db=killed.path("new"))
        killed.fails(1, "create", "posts", "--id", "x", db=killed.path("new"))
    else:
        new, seen = look(ends), look(killed)
        assert seen in {BEFORE: [old], AFTER: [new], EITHER: [old, new]}[left]
    again = run(killed, base, command, env)
    db = killed.path(command[-1]) if command[0] in ("pull", "restore") else killed.db
    if look:
        assert look(killed) == new
        assert again.rc == 0 or (again.rc == 14 and command[0] == "import"), again.err  # what is there already is not imported again
    else:
        assert again.rc == 0 and killed.state(db=db) == ends.state(db=ends.path("new"))
    assert_no_litter(killed, db=db)
    if command[0] in ("push", "pull"):
        assert not [f for f in files(killed.path("remote")) if f.endswith(".tmp")]
    killed.ok("create", "posts", "--id", "goes-on", db=db)
    killed.ok("checkpoint", db=db)
    killed.ok("get", "posts/goes-on", db=db)
    assert_no_litter(killed, db=db)


class Run:
    """One database under one random command after another, each killed at a random moment."""

    def __init__(self, place, seed):
        self.place, self.random, self.number = place, random.Random(seed), 0
        self.usual = {}  # how long a command of a kind takes

    def next_command(self):
        self.number += 1
        n, pick = self.number, self.random.choice
        return pick([
            ("put", ["create", "posts", "--id", f"n{n}", "--data", json.dumps({"made": n})], 1),
            ("put", ["update", f"posts/p{self.random.randrange(5, 30)}", "--data", json.dumps({"$set": {"n": 1000 + n}})], 1),
            ("delete", ["delete", "posts", "--filter", json.dumps({"made": {"$lt": n - 10}}), "--confirm"], None),
            ("import", ["import", "--file", self.rows(n, 40)], 40),
            ("large import", ["import", "--file", self.rows(n, 3000)], 3000),
            ("drop", ["drop", f"b{self.random.randrange(3)}", "--confirm"], None),
            ("flush", ["flush"], 0),
            ("checkpoint", ["checkpoint"], 0),
            ("compact", ["compact"], 0),
        ])

    def rows(self, n, count):
        return self.place.ndjson(f"rows-{count}.ndjson", [{"$id": f"b{n % 3}/n{n}-{i}", "n": i} for i in range(count)])

    def killed(self, kind, command):
        """Runs a command and kills it somewhere on its way; whether it was killed, and its exit status."""
        usual = self.usual.setdefault(kind, 0.02)
        began = time.monotonic()
        process = subprocess.Popen([BIN, *command], cwd=self.place.folder, env=dict(self.place.env, PARQUEDB_FLUSH_EVENTS="300"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            process.wait(self.random.uniform(0, 1.1 * usual))
        except subprocess.TimeoutExpired:
            process.kill()
        out, err = process.communicate()
        if process.returncode != KILLED:
            self.usual[kind] = (usual + time.monotonic() - began) / 2
        return process.returncode, err.decode()


def log_of(place, db=True):
    return place.ok("events", "--format", "ndjson", db=db).out


def test_a_kill_at_a_random_moment_loses_nothing_acknowledged_and_leaves_nothing_half_done(place):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.randrange(2**32))
    print("PARQUEDB_TEST_SEED =", seed)
    fill(place)
    run, kills, log = Run(place, seed), 0, log_of(place)
    while kills < KILLS:
        kind, command, events = run.next_command()
        rc, err = run.killed(kind, [*command, "-d", place.db])
        assert rc in (0, KILLED) or (kind == "drop" and rc == 10), (command, err)
        now = log_of(place)
        assert now.startswith(log), "what was acknowledged is gone"
        added = now[len(log):].splitlines()
        if events is None:  # all that it deletes or nothing; what that is, the state says
            gone = {json.loads(e)["target"] for e in added}
            assert all(json.loads(e)["op"] == "DELETE" for e in added) and len(gone) == len(added)
            left = place.call("query", "posts" if kind == "delete" else command[1], "--format", "ndjson", *(command[2:4] if kind == "delete" else ()))
            assert left.rc == 10 or rc == KILLED and not added or left.out == ""
        else:
            assert len(added) == events if rc == 0 else len(added) in (0, events), (command, rc, len(added))
        kills += rc == KILLED
        log = now
    place.ok("checkpoint")
    assert log_of(place) == log
    assert_no_litter(place)


def test_a_push_and_a_pull_killed_at_random_moments_converge(place):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.randrange(2**32))
    print("PARQUEDB_TEST_SEED =", seed)
    fill(place)
    run, kills, copy, look = Run(place, seed), 0, place.path("copy"), place.path("look")
    while kills < KILLS // 2:
        run.number += 1
        if run.number % 6 == 1:  # the first push to a remote, the first pull into a folder
            remote, pushed = place.path(f"remote{run.number}"), None
            shutil.rmtree(copy, ignore_errors=True)
        push, pull = ["push", "--to", remote, "--slug", "s", "-d", place.db], ["pull", f"{remote}/username/s", "--directory"]
        place.ok("import", "--file", run.rows(run.number, 20), env={"PARQUEDB_FLUSH_EVENTS": "100"})
        if run.number % 4 == 0:
            place.ok("checkpoint")
        rc, err = run.killed("push", push)
        assert rc in (0, KILLED), err
        kills += rc == KILLED
        shutil.rmtree(look, ignore_errors=True)
        pulled = place.call(*pull, look, db=None)
        if rc == KILLED and pushed is None and pulled.rc == 10:  # there is no backup yet
            place.ok(*push, db=None)
            pulled = place.ok(*pull, look, db=None)
        assert pulled.rc == 0, pulled.err
        seen = log_of(place, look)
        assert seen == log_of(place) or rc == KILLED and seen == pushed
        pushed = seen
        rc, err = run.killed("pull", [*pull, copy])
        assert rc in (0, KILLED), err
        kills += rc == KILLED
        place.ok(*pull, copy, db=None)
        assert log_of(place, copy) == pushed and place.state(db=copy) == place.state(db=look)
        assert_no_litter(place, copy)
    place.ok(*push, db=None)
    place.ok(*pull, copy, db=None)
    assert place.state(db=copy) == place.state()


@pytest.mark.parametrize("left", [[], ["_meta/line"], ["_meta/line", "_meta/wal/00000000000000000001.wal"], ["_meta/line", "_meta/wal/00000000000000000001.wal", "_meta/manifest.json"]])
def test_a_database_whose_making_was_cut_off_is_made_by_the_next_command(place, left):
    place.ok("init", place.db, db=False)
    for name in files(place.db) - set(left):
        os.remove(os.path.join(place.db, name))
    place.write("db/_meta/line.4711-1.tmp", "litter")
    place.ok("create", "posts", "--id", "a")
    assert list(place.state()) == ["posts/a"]
    assert_no_litter(place)


def test_a_database_that_lost_its_manifest_is_not_made_anew(place):
    place.ok("create", "posts", "--id", "a")  # one frame in the WAL
    os.remove(os.path.join(place.db, "events/manifest.json"))
    before = files(place.db)
    place.fails(10, "create", "posts", "--id", "b")
    place.fails(10, "init", place.db, db=False)
    assert files(place.db) == before


def test_a_kill_while_a_database_is_made_leaves_a_folder_where_the_same_command_works(place):
    seed = int(os.environ.get("PARQUEDB_TEST_SEED") or random.randrange(2**32))
    print("PARQUEDB_TEST_SEED =", seed)
    run, kills = Run(place, seed), 0
    place.ndjson("rows.ndjson", [{"$id": f"posts/p{i}", "n": i} for i in range(10)])
    while kills < KILLS // 4:
        run.number += 1
        db = place.path(f"new{run.number}")
        command = ["import", "--file", "rows.ndjson"] if run.number % 2 else ["create", "posts", "--id", "p0"]
        rc, err = run.killed(command[0], [*command, "-d", db])
        assert rc in (0, KILLED), err
        kills += rc == KILLED
        again = place.call(*command, db=db)
        assert again.rc in (0, 14), again.err  # 14: what it writes is there
        assert len(place.state(db=db)) == (10 if run.number % 2 else 1)
        assert_no_litter(place, db)
        shutil.rmtree(db)
