"""Hostile calls as data (tests/golden/hostile/cases.ndjson): each has its exit status, words on standard error, nothing on
standard output, and not a byte on disk changes.

A case: `run` (arguments; @ is the folder of the world), `status`, `says` (on standard error), and where it needs them `files` (made
before: a text, {"repeat": [front, piece, times, end]} or {"folder": true}), `stdin`, `db` (null: the case names its database itself),
`damage` ([path in the database, how]), `damage_remote`, `stdout` ("full" or "closed"), `file_limit` (bytes that a file may have), `may_change`
(paths), `answers`. NOW in a file is the world's clock.
"""
import glob
import json
import os
import resource
import shutil
import subprocess

import pytest
from conftest import BIN, ROOT, Place, tree

NOW_MS = 1772366400000  # 2026-03-01T12:00:00Z
BATCH = 40

with open(os.path.join(ROOT, "tests/golden/hostile/cases.ndjson"), encoding="utf-8") as f:
    CASES = [json.loads(line) for line in f]


def text_of(content):
    """Bytes; a lone surrogate in the data stands for a byte that is no UTF-8."""
    if isinstance(content, dict):
        front, piece, times, end = content["repeat"]
        content = front + piece * times + end
    return content.replace('"NOW"', str(NOW_MS)).encode("utf-8", "surrogateescape")


class World(Place):
    def __init__(self, folder):
        os.makedirs(folder)
        super().__init__(folder)
        self.env["PARQUEDB_TEST_CLOCK_MS"] = str(NOW_MS)
        self.ok("import", "--file", self.ndjson("rows.ndjson", [{"$id": f"posts/p{i}", "n": i, "title": "T", "tags": ["x"], "$links": {"by": ["users/u"]}} for i in range(1, 5)]))
        self.ok("create", "users", "--id", "u")
        self.ok("checkpoint")
        self.ok("push", "--to", self.path("remote"), "--slug", "s")
        self.ok("update", "posts/p1", "--data", '{"n":10}')
        self.ok("init", self.path("alien"), db=None)
        self.write("good.ndjson", '{"$id":"posts/new"}\n')
        os.makedirs(self.path("empty"))

    def place_file(self, name, content):
        if isinstance(content, dict) and "folder" in content:
            return os.makedirs(self.path(name), exist_ok=True)
        self.write(name, text_of(content))

    def spoil(self, file, how):
        data = b"" if os.path.isdir(file) else open(file, "rb").read()
        os.remove(file)
        if how == "folder":
            os.makedirs(file)
        elif how != "missing":
            with open(file, "wb") as f:
                f.write({"empty": b"", "cut": data[: len(data) // 2], "garbage": b"\x00\xffgarbage" * 9}[how])

    def remote_file(self, kind):
        root = self.path("remote/username")
        return {"repo.json": [os.path.join(root, "_meta/repo.json")], "commit": glob.glob(root + "/_meta/commits/*"), "snapshot": glob.glob(root + "/_meta/snapshots/*"),
                "object": [os.path.join(root, json.load(open(glob.glob(root + "/_meta/snapshots/*")[0]))["files"]["events/seg-000001.parquet"]["object"])]}[kind][0]

    def run(self, case):
        words = [w.replace("@", self.folder, 1) if w.startswith("@/") or "=@/" in w else w for w in case["run"]]
        words += ["-d", self.db] if case.get("db", "db") else []
        # --format would lose against --json.
        argv = [os.fsencode(w) for w in [BIN, *([] if "--format" in words else ["--json"]), *words]]
        stdin = text_of(case["stdin"]) if "stdin" in case else None
        if case.get("stdout") == "closed":
            return subprocess.run(["bash", "-c", '"$@" >&-', "bash", *argv], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=self.env, cwd=self.folder, timeout=60)
        out = open("/dev/full", "wb") if case.get("stdout") == "full" else subprocess.PIPE
        limit = case.get("file_limit")
        full = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
        return subprocess.run(argv, preexec_fn=full, stdout=out, stderr=subprocess.PIPE, input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL, env=self.env, cwd=self.folder, timeout=60)


def without_lock(files):
    return {path: found for path, found in files.items() if not path.endswith("_meta/lock")}


def complaints(world, case):
    for name, content in case.get("files", {}).items():
        world.place_file(name, content)
    if "damage" in case:
        world.spoil(os.path.join(world.db, case["damage"][0]), case["damage"][1])
    if "damage_remote" in case:
        world.spoil(world.remote_file(case["damage_remote"][0]), case["damage_remote"][1])
    before = without_lock(tree(world.folder))
    log = world.ok("events", "--format", "ndjson").out if "may_change" in case else None
    done = world.run(case)
    err = done.stderr.decode("utf-8", "surrogateescape")
    if done.returncode != case["status"]:
        yield f"status {done.returncode}, {case['status']} expected"
    if done.stdout and not case.get("answers"):  # a verification that failed is an answer
        yield "on standard output: " + done.stdout[:200].decode(errors="replace")
    if not err.startswith(("error: ", "at 2", "made an empty", "from ")) and "\nerror: " not in err:
        yield "no error is told"
    if "--format" not in case["run"]:
        error = json.loads(done.stderr.decode().splitlines()[-1])  # valid UTF-8, whatever the call was
        if (error["type"], error["code"]) != ("exit_error", case["status"]):
            yield f"the last line: {error}"
    for word in case["says"]:
        if word not in err:
            yield f"not said: {word}"
    after = without_lock(tree(world.folder))
    changed = sorted(k for k in set(before) | set(after) if before.get(k) != after.get(k))
    if "may_change" in case:  # a WAL that became a segment before the call failed, or that is set aside: the events stay
        changed = [k for k in changed if not k.startswith(tuple(case["may_change"]))]
        if world.ok("events", "--format", "ndjson").out != log:
            yield "the log is another one"
    if changed:
        yield f"changed: {changed}"
    for name in case.get("files", {}):
        shutil.rmtree(world.path(name)) if os.path.isdir(world.path(name)) else os.remove(world.path(name))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return World(str(tmp_path_factory.mktemp("world") / "w"))


def fresh(template, folder):
    shutil.copytree(template.folder, folder)
    world = Place.__new__(World)
    Place.__init__(world, folder)
    world.env.update(PARQUEDB_TEST_CLOCK_MS=str(NOW_MS))
    return world


@pytest.mark.parametrize("first", range(0, len(CASES), BATCH))
def test_a_hostile_call_is_refused_in_words_and_changes_nothing(template, tmp_path, first):
    world, wrong = fresh(template, tmp_path / "w"), []
    for number, case in enumerate(CASES[first:first + BATCH]):
        here = fresh(template, tmp_path / f"w{number}") if "damage" in case or "damage_remote" in case else world
        found = list(complaints(here, case))
        if found:
            wrong.append(f"{case['name']}: {case['run']}\n    " + "\n    ".join(found))
            if any(x.startswith("changed") for x in found):
                shutil.rmtree(world.folder)
                world = fresh(template, tmp_path / "w")
    assert not wrong, f"{len(wrong)} of {len(CASES[first:first + BATCH])}\n" + "\n".join(wrong)


def test_there_are_many_cases_and_each_has_a_name_of_its_own():
    assert len(CASES) >= 400 and len({case["name"] for case in CASES}) == len(CASES)
    assert all(case["status"] for case in CASES)


def test_readers_read_and_writers_say_so_on_a_medium_that_can_not_be_written(template, tmp_path):
    world = fresh(template, tmp_path / "w")
    if subprocess.run(["mount", "--bind", world.db, world.db], capture_output=True).returncode:
        pytest.skip("this needs the right to mount")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", world.db], check=True)
        for words in (["query", "posts"], ["get", "posts/p1"], ["events"], ["export"], ["stats"], ["list"], ["window"], ["verify"], ["push", "--to", world.path("other")], ["create", "posts", "--id", "x", "--dry-run"], ["flush", "--dry-run"]):
            world.ok(*words)
        for words in (["create", "posts"], ["update", "posts/p1", "--data", "{}"], ["delete", "posts/p1"], ["flush"], ["checkpoint"], ["drop", "posts", "--confirm"], ["import", "--file", world.path("good.ndjson")], ["tag", "x"], ["restore", "--entity", "posts/p1", "--at", "lsn:1"]):
            assert "Read-only file system" in world.fails(1, *words).err
    finally:
        subprocess.run(["umount", world.db], check=True)
