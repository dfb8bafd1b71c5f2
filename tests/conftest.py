"""The binary under test, and a small language to talk to it."""
import hashlib
import json
import os
import shlex
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.abspath(os.environ.get("PARQUEDB_BIN") or os.path.join(ROOT, "build/release/parquedb"))


class Ran:
    def __init__(self, argv, done):
        self.argv, self.rc, self.out, self.err = argv, done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        return [json.loads(x) for x in self.out.splitlines() if x]


class Place:
    """A folder with a database in `db` and an environment of its own."""

    def __init__(self, folder):
        self.folder, self.db = str(folder), os.path.join(str(folder), "db")
        keep = {k: v for k, v in os.environ.items() if not k.startswith("PARQUEDB_")}
        self.env = dict(keep, HOME=self.folder, TZ="Asia/Kathmandu", LC_ALL="C.UTF-8", PARQUEDB_OPERATOR="tester", PARQUEDB_OWNER="username")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return path

    def ndjson(self, name, rows):
        return self.write(name, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))

    def call(self, *args, db=True, cwd=None, env=None, stdin=None):
        argv = [BIN, *map(str, args), *(["-d", self.db] if db is True else ["-d", db] if db else [])]
        done = subprocess.run(argv, capture_output=True, text=True, cwd=cwd or self.folder, env=dict(self.env, **(env or {})), input=stdin,
                              stdin=None if stdin is not None else subprocess.DEVNULL, timeout=120)
        return Ran(argv, done)

    def ok(self, *args, **kw):
        r = self.call(*args, **kw)
        assert r.rc == 0, f"{r.argv[1:]} -> {r.rc}\n{r.err}"
        return r

    def fails(self, code, *args, **kw):
        r = self.call(*args, **kw)
        assert r.rc == code, f"{r.argv[1:]} -> {r.rc}, wanted {code}\n{r.out[:300]}\n{r.err}"
        assert r.err.strip()
        j = self.call(*args, "--json", **kw)
        last = json.loads(j.err.strip().splitlines()[-1])
        assert last["type"] == "exit_error" and last["code"] == code and last["message"], j.err
        return r

    def state(self, at="latest", db=True):
        return {e["$id"]: e for e in self.ok("export", "--at", at, "--format", "ndjson", db=db).lines()}

    def undo(self, text):
        line = [x for x in text.splitlines() if x.startswith("undo: ")][0]
        words = shlex.split(line[len("undo: parquedb "):])
        done = subprocess.run([BIN, *words], capture_output=True, text=True, cwd="/", env=self.env, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def tree(root):
    found = {}
    for base, _, names in os.walk(root):
        for n in names:
            p = os.path.join(base, n)
            with open(p, "rb") as f:
                found[os.path.relpath(p, root)] = hashlib.sha256(f.read()).hexdigest()
    return found
