"""Progress and signals: a bar on a terminal, lines elsewhere, JSON for machines; an interrupt leaves nothing half done."""
import json
import os
import pty
import shlex
import signal
import subprocess

import pytest
from conftest import BIN, tree

LONG_VERBS = ("import", "export", "checkpoint", "push", "pull", "restore", "verify", "sync")


def fill(place, rows=3000):
    place.ok("import", "--file", place.ndjson("rows.ndjson", [{"$id": f"posts/p{i:05d}", "n": i, "text": "lorem ipsum " * 5} for i in range(rows)]))


def steps(stderr):
    return [json.loads(line) for line in stderr.splitlines() if line.startswith("{")]


def calls(place):
    """Each long verb once, in turn."""
    remote = place.path("remote")
    yield "import", ("import", "--file", place.ndjson("more.ndjson", [{"$id": f"more/m{i}"} for i in range(500)])), True
    yield "import", ("import", "--events", place.ndjson("h.ndjson", [{"ts": place.ok("events", "--reverse", "--limit", "1", "--format", "ndjson").json()["ts"], "op": "CREATE", "target": "hist:h", "after": {}}])), True
    yield "checkpoint", ("checkpoint",), True
    yield "push", ("push", "--to", remote), True
    yield "pull", ("pull", remote + "/username/db", "--directory", place.path("copy")), None
    place.ok("create", "posts", "--id", "new")
    yield "sync", ("sync", "--with", remote), True
    yield "pull", ("pull", remote + "/username/db", "--directory", place.path("copy")), None
    for kind in ("ndjson", "parquet", "json"):
        yield "export", ("export", "--output", place.path("x." + kind)), True
    head = place.ok("stats", "--json").json()["head"]
    place.ok("drop", "more", "--confirm")
    yield "restore", ("restore", "--namespace", "more", "--at", f"lsn:{head}", "--confirm"), True
    yield "restore", ("restore", "--all", "--to", place.path("all")), True
    yield "verify", ("verify",), True
    yield "verify", ("verify", "--level", "hash", remote), None


def test_each_long_verb_counts_to_its_end(place):
    fill(place)
    seen = set()
    for verb, words, db in calls(place):
        r = place.ok(*words, "--progress", "json", db=db)
        last = steps(r.err)[-1]
        seen.add(verb)
        assert list(last) == ["verb", "done", "total", "bytes", "secondsLeft"] and last["verb"] == verb
        assert 0 < last["done"] == last["total"] and last["bytes"] > 0 and last["secondsLeft"] == 0, (words, last)
        if verb == "import":
            assert last["done"] == last["bytes"] == os.path.getsize(words[2])
        if verb == "push":
            assert last["done"] == last["bytes"] == place.ok("backups", words[2], "--json", db=None).json()["backups"][0]["bytes"]


    assert seen == set(LONG_VERBS)


@pytest.mark.parametrize("more", [(), ("--quiet",), ("--quiet", "--progress", "json"), ("--progress=none",)])
def test_a_short_run_in_a_pipe_shows_nothing_and_quiet_is_quiet(place, more):
    fill(place, 10)
    for verb, words, db in calls(place):
        r = place.ok(*words, *more, db=db)
        assert steps(r.err) == [] and "%" not in r.err and "/s" not in r.err and "\x1b" not in r.err + r.out and "\r" not in r.err, (words, r.err)


def heed_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Slow:
    """An import that waits for its input: a pipe with a name that the test writes to."""

    def __init__(self, place, *words, tty=False):
        self.fifo = place.path("slow.ndjson")
        if not os.path.exists(self.fifo):
            os.mkfifo(self.fifo)
        self.ours = None
        stderr = subprocess.PIPE
        if tty:
            self.ours, stderr = pty.openpty()
        self.process = subprocess.Popen([BIN, *words, "-d", place.db], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=place.env, cwd=place.folder, preexec_fn=heed_ctrl_c)
        if tty:
            os.close(stderr)
        self.writer = None

    def open(self):
        # For reading, too: what is written waits in the pipe however often the program opens it.
        self.writer = os.fdopen(os.open(self.fifo, os.O_RDWR), "wb", buffering=0)

    def write(self, first, count):
        self.writer.write(b"".join(b'{"$id":"slow/s%07d","text":"%s"}\n' % (i, b"x" * 200) for i in range(first, first + count)))

    def see(self, mark):
        """Reads the terminal until `mark` is there."""
        shown = b""
        while mark not in shown:
            shown += os.read(self.ours, 4096)
        return shown

    def rest(self):
        shown = b""
        try:
            while part := os.read(self.ours, 4096):
                shown += part
        except OSError:
            pass
        return shown

    def end(self):
        if self.writer is not None:
            self.writer.close()
        out = self.process.communicate(timeout=60)
        return self.process.returncode, out[0].decode(), (out[1] or b"").decode()


def test_a_bar_is_drawn_over_itself_on_a_terminal_and_taken_off_at_the_end(place):
    place.ok("init", place.db, db=False)
    slow = Slow(place, "import", "--file", "slow.ndjson", tty=True)
    slow.open()
    slow.write(0, 2000)
    shown = slow.see(b"\r\x1b[Kimport ")
    assert shown.startswith(b"\r\x1b[Kimport ")  # nothing before it
    shown += slow.see(b"/s")
    slow.write(2000, 10)
    rest_of = slow.see(b"\r\x1b[K")
    rc, out, _ = slow.end()
    rest = rest_of + slow.rest()
    assert rc == 0 and "created 2010" in out and "\x1b" not in out
    assert rest.endswith(b"\r\x1b[K") and b"\n" not in shown + rest  # one line, and nothing stays of it


def test_json_lines_come_while_the_work_goes_on(place):
    place.ok("init", place.db, db=False)
    slow = Slow(place, "import", "--file", "slow.ndjson", "--progress", "json")
    slow.open()
    slow.write(0, 2000)
    first = json.loads(slow.process.stderr.readline())
    assert first["verb"] == "import" and first["total"] is None and first["secondsLeft"] is None and first["done"] == first["bytes"] > 0
    rc, out, err = slow.end()
    assert rc == 0 and steps(err)[-1]["total"] == steps(err)[-1]["done"] >= first["done"]


def resume_command(stderr):
    line = [x for x in stderr.splitlines() if x.strip().startswith("try: parquedb ")][0]
    return shlex.split(line.strip()[len("try: parquedb "):])


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_import_has_done_nothing_and_the_command_it_states_works(place, sent):
    fill(place, 10)
    before, log = place.state(), place.ok("events", "--format", "ndjson").out
    slow = Slow(place, "import", "--file", "slow.ndjson", "--progress", "json", "--json", "--operator", "o'hara & co")
    slow.open()
    slow.write(0, 20000)  # more than the pipe holds: it reads
    slow.process.stderr.readline()
    slow.process.send_signal(sent)
    rc, out, err = slow.end()
    error = json.loads(err.splitlines()[-1])
    assert rc == 130 and out == "" and (error["code"], error["kind"]) == (130, "interrupted")
    assert place.state() == before and place.ok("events", "--format", "ndjson").out == log
    assert [p for p in tree(place.db) if p.endswith(".tmp")] == []
    os.remove(slow.fifo)
    place.ndjson("slow.ndjson", [{"$id": f"slow/s{i}"} for i in range(7)])
    words = resume_command(err)
    assert words == shlex.split(error["hint"])[1:] and "o'hara & co" in words
    done = subprocess.run([BIN, *words], capture_output=True, text=True, env=place.env, cwd=place.folder)
    assert done.returncode == 0 and json.loads(done.stdout)["created"] == 7
    assert place.ok("get", "slow/s0").json()["$createdBy"] == "o'hara & co"
    place.ok("verify")


def interrupted(place, words, ready, sent=signal.SIGINT):
    """Runs until `ready()` (something of the work is on disk), then sends the signal; again until it came before the end."""
    for _ in range(50):
        process = subprocess.Popen([BIN, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.env, cwd=place.folder, preexec_fn=heed_ctrl_c)
        while process.poll() is None and not ready():
            pass
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
        if process.returncode == 130:
            assert out == b""
            return resume_command(err.decode())
        ready.again()
    raise AssertionError("it was always quicker than the signal")


class Ready:
    def __init__(self, folder, again):
        self.folder, self.again = folder, again

    def __call__(self):
        return any(files for _, _, files in os.walk(self.folder))


def large(place):
    place.write("large.ndjson", "".join(f'{{"$id":"large/l{i:05d}","s":"{os.urandom(1000).hex()}"}}\n' for i in range(20000)))
    place.ok("import", "--file", place.path("large.ndjson"))
    place.ok("checkpoint")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_push_and_pull_go_on_by_the_command_they_state(place, sent):
    large(place)
    remote, copy = place.path("remote"), place.path("copy")
    rm = lambda path: lambda: subprocess.run(["rm", "-rf", path], check=True)
    words = interrupted(place, ["push", "--to", "remote", "--slug", "s", "-d", "db"], Ready(remote, rm(remote)), sent)
    assert place.call("pull", remote + "/username/s", "--directory", copy, db=None).rc == 10  # not there yet
    assert [p for p in tree(remote) if p.endswith(".tmp")] == []
    done = subprocess.run([BIN, *words], capture_output=True, text=True, env=place.env, cwd=place.folder)
    assert done.returncode == 0, done.stderr
    words = interrupted(place, ["pull", "./remote/username/s", "--directory", "copy"], Ready(copy, rm(copy)), sent)
    assert place.call("query", "large", "--count", db=copy).rc != 0  # no database before it is whole
    done = subprocess.run([BIN, *words], capture_output=True, text=True, env=place.env, cwd=place.folder)
    assert done.returncode == 0, done.stderr
    place.ok("verify", copy, "--compare", place.db, db=None)


def test_an_interrupted_export_leaves_no_file_and_its_command_writes_it(place):
    large(place)
    out = place.path("out")
    os.makedirs(out)
    words = interrupted(place, ["export", "--output", "out/x.ndjson", "-d", "db"], Ready(out, lambda: os.path.exists(out + "/x.ndjson") and os.remove(out + "/x.ndjson")))
    assert os.listdir(out) == []
    assert subprocess.run([BIN, *words], env=place.env, cwd=place.folder, capture_output=True).returncode == 0
    assert sum(1 for _ in open(out + "/x.ndjson")) == 20000


def test_a_command_started_with_sigint_ignored_heeds_only_sigterm(place):
    place.ok("init", place.db, db=False)
    os.mkfifo(place.path("f.ndjson"))
    process = subprocess.Popen([BIN, "import", "--file", "f.ndjson", "-d", place.db, "--progress", "json"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=place.env, cwd=place.folder, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    with os.fdopen(os.open(place.path("f.ndjson"), os.O_RDWR), "wb", buffering=0) as writer:
        writer.write(b'{"$id":"a/b"}\n')
        process.send_signal(signal.SIGINT)
        process.stderr.readline()  # it lives on
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 130
